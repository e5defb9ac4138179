/* One flush, and the rights to write and to sync: see flush.c. */
#ifndef HF_STORE_FLUSH_H
#define HF_STORE_FLUSH_H

#include <stdbool.h>

#include "store/store.h"

/* All of these: the lock is held. */

/* Could a flush begin now that writes and syncs? One that only writes? */
bool hf__may_sync(struct hf_store *s);
bool hf__may_write(struct hf_store *s);
/* A group that is with the kernel is noted as written, if its leader has not done so. */
void hf__written_note(struct hf_store *s);

/* Leads one flush, of which it was just asked whether it may begin: the filling buffer and, with
 * `sync`, a sync if one is wanted. The lock is released meanwhile; the second leaves it so. */
void hf__lead(struct hf_store *s, bool sync);
void hf__lead_unlock(struct hf_store *s, bool sync);

#endif
