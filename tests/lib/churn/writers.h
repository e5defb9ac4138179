/* Threads that write documents on and on, each its own, and what is to be there of them. What a
 * document says tells how long it is and what it is full of: so a reader sees whether it is
 * whole. */
#ifndef TESTS_LIB_WRITERS_H
#define TESTS_LIB_WRITERS_H

#include <pthread.h>
#include <stdatomic.h>

#include "holdfast/holdfast.h"

enum { WRITERS_MOST = 8 };

struct writers {
	hf_store *store;
	bool mixed; /* one commit in three is durable; false: all are */
	unsigned count;
	atomic_bool over, failed; /* failed: a put was refused */
	struct writer {
		struct writers *all;
		pthread_t thread;
		atomic_uint done; /* what its document says, as acknowledged */
	} each[WRITERS_MOST];
};

int writers_put(hf_store *store, unsigned number, unsigned value, enum hf_durability durability);
/* What the document says; 0: there is none, HF_ENOTFOUND. HF_ECORRUPT: it is not whole. */
int writers_read(hf_store *store, unsigned number, unsigned flags, unsigned *value);

/* Starts them, anew or where they ended, in this store. Each has written when it returns. */
void writers_start(struct writers *writers, hf_store *store, unsigned count);
/* Ends them; none was refused anything. */
void writers_stop(struct writers *writers);
/* Each document says what was acknowledged last. */
void writers_expect(const struct writers *writers, hf_store *store);

#endif
