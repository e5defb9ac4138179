/* Random operations of every domain on few names, so that things happen to each other: for pairs of
 * stores that are asked the same. Each follows from numbers alone and can be performed again. */
#ifndef TESTS_LIB_DEEDS_H
#define TESTS_LIB_DEEDS_H

#include "lib/operation/op_random.h"

#define DEED_NOW OP_NOW
#define DEED_SECOND INT64_C(1000000)

enum { DEED_KINDS = 9, DEED_WORDS = 400 };

/* One operation, all of whose arguments follow from these numbers. */
struct deed {
	size_t row; /* of the random operations */
	uint64_t seed;
	hf_token token; /* of the holder before anything is asked; or a stale one */
};

/* Where an answer goes until it is said. */
struct place {
	const struct hf_api_call *call; /* NULL: nothing was asked */
	struct hf_result result;
	struct op_answer answer;
};

/* Any deed, mostly of the kind `focus`, with the token of the holder in this store, or a stale
 * one. */
struct deed deed_draw(struct hf_rng *rng, hf_store *s, unsigned focus);
/* The token that holds what the deed is about, as the store stands now; 1: nobody does. */
hf_token deed_token(const struct deed *deed, hf_store *s);
/* The public call. With txn NULL it commits as asked; *place must live until the commit. */
int deed_perform(const struct deed *deed, hf_store *s, hf_txn *txn, enum hf_durability durability,
                 struct place *place, struct hf_error *error);
void deed_release(struct place *place);
/* The call and its arguments. */
const char *deed_words(const struct deed *deed, char out[DEED_WORDS]);

#endif
