/* Deciding for waits that no thread waits for: see serve.c. The lock is held for all of these, and
 * may be released meanwhile, unless it says otherwise. */
#ifndef HF_STORE_SERVE_H
#define HF_STORE_SERVE_H

#include "store/wait/started.h"

/* One decision for a wait that stands, or was just attached. The caller has a reference. */
void hf__serve_try(struct hf_store *s, struct hf_wait *w);
/* All that is to be done now. One thread at a time: another one leaves it to that. */
void hf__serve(struct hf_store *s);
/* Ends a wait that was not taken, and gives back what it holds. */
void hf__serve_cancel(struct hf_store *s, struct hf_wait *w, const char *why);
/* Starts the thread that does it, unless there is one or the host does. 0 or an errno value. */
int hf__serve_start(struct hf_store *s);
/* For hf_close, not under the lock: ends the thread and every wait; nothing is held afterwards. */
void hf__serve_close(struct hf_store *s);

/* call/flusher.c. What hf_flush() does for waits without a thread: those that are due, a flush for
 * what was granted, and their callbacks, if asked. The lock is held, and released meanwhile. */
void hf__flusher_run(struct hf_store *s, bool call);

#endif
