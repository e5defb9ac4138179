/* Any mutation asked for its object (write.returning), and whether what it gave back is what a get
 * right after it gives. For harnesses on one thread: cells, churn. Failures are reported through
 * cmocka. */
#ifndef TESTS_LIB_RETURNED_H
#define TESTS_LIB_RETURNED_H

#include "lib/operation/operation.h"

/* Where an object goes; it must live until the commit. Zeroed: nothing was asked for. */
struct returned {
	const struct hf_api_struct *of;
	bool payload; /* with its payload */
	struct op_answer got;
};

/* Asks for the object, if the operation has one to give back. */
void returned_ask(struct returned *returned, struct op_args *args, bool payload);
/* The call, or the commit, has answered `rc`: refused, it gave nothing. `newest`: nothing has
 * happened since, so a get gives the same. Releases it. */
void returned_check(struct returned *returned, struct op_args *args, hf_store *store, int rc,
                    bool newest);

#endif
