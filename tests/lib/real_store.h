/* A store on the real disk, in a directory of its own below /tmp, for tests of what the machine
 * may do to one. */
#ifndef TESTS_LIB_REAL_STORE_H
#define TESTS_LIB_REAL_STORE_H

#include "holdfast/holdfast.h"

struct real_store {
	char base[48]; /* the test's own directory */
	char path[64]; /* the store's, inside it */
	hf_store *store;
	struct hf_error error;
};

void real_begin(struct real_store *real); /* makes the directory; nothing is open */
void real_end(struct real_store *real); /* closes what is open and removes it all */
/* The same as set-up and tear-down of a cmocka test, whose state it is; the second one opens it,
 * with a background thread. */
int real_setup(void **state);
int real_setup_open(void **state);
int real_teardown(void **state);
/* Sleeps, whatever signals come. */
void real_sleep_ms(long ms);

/* Opens `path` (NULL: the store's own) and gives the code; `real->error` says why not. */
int real_open_at(struct real_store *real, const char *path, struct hf_options options);
/* creates it when missing, without a background thread; must succeed */
void real_open(struct real_store *real);
void real_close(struct real_store *real); /* must succeed */

/* "<store>/<name>" and "<base>/<name>", in one of a few buffers that take turns. */
const char *real_file(const struct real_store *real, const char *name);
const char *real_beside(const struct real_store *real, const char *name);

/* Enqueues item `id` into queue q with `len` bytes of payload and gives the code. */
int real_enqueue(struct real_store *real, const char *id, size_t len);

/* Runs `body` in a forked child, which must not use cmocka, and gives its exit status; -1: it
 * died by a signal. */
int real_in_child(int (*body)(void *arg), void *arg);

#endif
