/* Is a history of concurrent operations on one object linearizable: is there an order of them,
 * one after the other, that explains every answer, in which whatever was answered before
 * something else was asked also comes before it?
 *
 * The search is the one of Wing and Gong with Lowe's memory: go on with any operation that may
 * be next, come back when that leads nowhere, and never look twice at the same set of operations
 * done with the same state. Objects are independent of each other, so a history of many is
 * checked object by object. */
#ifndef TESTS_LIB_LINEAR_H
#define TESTS_LIB_LINEAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LINEAR_OPS_MAX = 512, LINEAR_STATE_MAX = 64 };

struct linear_op {
	uint64_t asked, answered; /* instants, from one counter: asked < answered; no two are equal */
	bool unsure; /* nobody knows whether it happened: it may, between the two instants, or never */
	const void *what; /* for the model: arguments and answer */
};

/* What a sequential object does. States are plain bytes, compared as such: padding must be zero. */
struct linear_model {
	size_t state_size; /* up to LINEAR_STATE_MAX */
	/* Changes the state as `op` does; false: with this state it would have answered otherwise.
	 * For an unsure one: false when it would change nothing. */
	bool (*step)(void *state, const struct linear_op *op);
};

enum linear_verdict {
	LINEAR_YES,
	LINEAR_NO,
	LINEAR_TOO_LONG, /* more operations than LINEAR_OPS_MAX, or no memory: no verdict */
};

/* `initial`: the state before the history. *stuck (nullable): after LINEAR_NO the operation at
 * which the longest explanation ended. */
enum linear_verdict linear_check(const struct linear_model *model, const void *initial,
                                 const struct linear_op *ops, size_t count, size_t *stuck);

#endif
