/* A seam that calls back before each call that changes or reads files: for tests in which something
 * happens between any two calls of a store. */
#ifndef TESTS_LIB_FOLLOW_BETWEEN_H
#define TESTS_LIB_FOLLOW_BETWEEN_H

#include "os/os.h"

struct between {
	struct hf__os os; /* give this to the store; the struct must not move */
	const struct hf__os *under;
	void (*before)(void *ctx); /* never called inside itself; NULL: nothing happens */
	void *ctx;
	bool inside;
	unsigned calls;
};

void between_init(struct between *between, const struct hf__os *under, void (*before)(void *ctx),
                  void *ctx);

#endif
