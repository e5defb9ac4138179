/* Operations of all domains that follow from a few small numbers, so that the very same one can
 * be performed on several stores: for tests that compare what two stores say. */
#ifndef TESTS_LIB_DEEDS_H
#define TESTS_LIB_DEEDS_H

#include "holdfast/holdfast.h"
#include "lib/rng.h"

/* 2026-11-20T09:30:00Z, about which the times of deeds lie. */
#define DEED_NOW INT64_C(1795167000000000)
#define DEED_SECOND INT64_C(1000000)

enum deed_kind {
	DEED_INBOX,
	DEED_CURSOR,
	DEED_OUTBOX,
	DEED_OUTBOX_TOO, /* it has the most operations */
	DEED_IDEM,
	DEED_DOCUMENT,
	DEED_TIMELINE,
	DEED_LOCK,
	DEED_MIGRATION,
	DEED_KINDS,
};

/* One operation, all of whose arguments follow from these numbers. */
struct deed {
	unsigned which;
	unsigned name, other, flag; /* small numbers */
	hf_token token; /* of the holder before anything is asked; or a stale one */
};

/* Where results go until they are said. */
struct place {
	struct hf_result result;
	struct hf_outbox_items items;
	struct hf_idempotency_begun begun;
};

/* One of three. */
struct hf_bytes deed_name(unsigned number);
/* Any deed, mostly of the kind `focus`, so that things happen to each other; with the token of
 * the holder in this store, or a stale one. */
struct deed deed_draw(struct hf_rng *rng, hf_store *s, unsigned focus);
/* The token that holds what the deed is about, as the store stands now; 1: nobody does. */
hf_token deed_token(const struct deed *deed, hf_store *s);
/* The public call. With txn NULL it commits as asked; *place must live until the commit, and its
 * memory is the caller's to release. */
int deed_perform(const struct deed *deed, hf_store *s, hf_txn *txn, enum hf_durability durability,
                 struct place *place, struct hf_error *error);

#endif
