/* A writer and read-only handles on one simulated disk: for the tests of following. */
#ifndef TESTS_LIB_FOLLOW_FOLLOWER_H
#define TESTS_LIB_FOLLOW_FOLLOWER_H

#include "holdfast/holdfast.h"
#include "lib/sim/sim_os.h"
#include "store/store.h"

/* A hash of the whole state, payloads included; that of two stores is equal iff the states are. */
uint64_t follower_digest(hf_store *store);
/* A read-only handle by that opener; must succeed. */
hf_store *follower_open(struct sim *sim, unsigned opener);
/* Must succeed; the digest of what it shows then. */
uint64_t follower_refresh(hf_store *follower);
hf_lsn follower_lsn(hf_store *follower);
/* Opens for writing by opener 0; must succeed. */
hf_store *follower_writer(struct sim *sim, const struct hf_options *options);
void follower_verify(hf_store *store); /* every invariant of its state */
/* The process of the writer is killed. */
void follower_kill(struct sim *sim, hf_store *writer);

#endif
