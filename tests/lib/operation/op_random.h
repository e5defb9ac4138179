/* The random operations: one table for all harnesses that draw some. Few names and many
 * operations, so that everything happens to everything: replaced, dismissed, claimed, failed,
 * removed, made anew. A new operation or member is added there. */
#ifndef TESTS_LIB_OP_RANDOM_H
#define TESTS_LIB_OP_RANDOM_H

#include "lib/operation/operation.h"
#include "lib/rng.h"

enum { OP_ROOM = 1 << 20 };

struct op_random {
	struct hf_rng rng;
	bool few; /* see struct op_source; payloads are one of three, times are close to OP_NOW */
	/* What else there is, unless `few` */
	unsigned big_percent; /* payloads that are too long to stay in memory, of a hundred */
	size_t big_max; /* their greatest length */
	int64_t sequence; /* cursors go forward with it */
	uint8_t *bytes; /* OP_ROOM bytes for payloads */
	size_t used;
	unsigned first; /* of several threads */
};

uint64_t op_random_below(struct op_random *random, uint64_t bound);
bool op_random_percent(struct op_random *random, unsigned chance);
/* The number of any operation, as often as the table says; with a domain's name ("outbox") one of
 * it. */
size_t op_random_draw(struct op_random *random, const char *domain);
/* Its arguments. Of hf_write, none is set; tokens are 0. */
void op_random_fill(struct op_random *random, size_t number, struct op_args *out);
/* The words of the operation. */
const char *op_random_words(size_t number);
/* The token of what the arguments are about, as the store stands now; 1: it is not held. */
hf_token op_holder(struct op_args *args, hf_store *store);

#endif
