/* Any public operation, its arguments in words: what the harnesses of the tests share instead of
 * a binding of their own for each operation. The tables of engine/api say what a member is, how a
 * call is called, and what it gives.
 *
 *	hf_outbox_enqueue queue=q id=a payload=text priority=-2 dedup=rerun write.expect=absent
 *	hf_outbox_put queue=que#2 item.id=it#30 item.rerun.payload=$payload item.lost=0..3
 *	hf_inbox_save user=user@3 records=0..4 : thread=th#8 payload=$payload
 *
 * Arguments are `path=value`, with blanks between them. A path goes through structs, and through a
 * pointer to one. What a call takes as bytes is any path. A value is one of its alternatives, which
 * stand with '|' between them; in front of them ?30: means that the member is left alone in 70 of
 * a hundred cases. Then
 *
 *	- of bytes: text, in which #8 is a number below 8, @2 one of a container (a queue, a user), and
 *	  %3 the last such number modulo 3;
 *	- of an array: how many elements there are. Each is filled by what stands behind ':';
 *	- of anything else: terms with '+' between them. A term is a number, 3..9 one of these, both
 *	  also with s for seconds; a word of the enumeration; or now, then (a time long before now),
 *	  unset, never, absent. A real is in quarters;
 *	- of all: $word, which the harness knows. */
#ifndef TESTS_LIB_OPERATION_H
#define TESTS_LIB_OPERATION_H

#include "holdfast/api.h"
#include "holdfast/holdfast.h"

/* 2026-11-20T09:30:00Z, as in most tests; and three years before. */
#define OP_NOW INT64_C(1795167000000000)
#define OP_THEN INT64_C(1700000000000000)

struct op_value {
	int64_t number;
	double real; /* of a word; where it is 0, the number is taken, in quarters */
	struct hf_bytes bytes;
};

/* What words and numbers are drawn from. */
struct op_source {
	uint64_t (*below)(void *ctx, uint64_t bound);
	bool few; /* one container of each kind, three names: so that all operations meet */
	/* Of the element `index`, or 0; false: no such word. */
	bool (*word)(void *ctx, const char *word, size_t index, struct op_value *out);
	void *ctx;
};

enum { OP_STRUCT_MAX = 512, OP_EACH_MAX = 8, OP_TEXT_MAX = 1024 };

struct op_args {
	const struct hf_api_call *call;
	_Alignas(max_align_t) unsigned char args[OP_STRUCT_MAX];
	_Alignas(max_align_t) unsigned char each[OP_EACH_MAX * 256];
	_Alignas(max_align_t) unsigned char one[256]; /* what a pointer to one points to */
	char text[OP_TEXT_MAX];
	size_t used; /* of the text */
	unsigned last; /* number that was drawn for a name */
};

struct op_answer {
	_Alignas(max_align_t) unsigned char bytes[OP_STRUCT_MAX];
};

/* Unknown calls, members and words end the program. */
const struct hf_api_call *op_find(const char *call, size_t len);
/* A call and its arguments in words; they point into *out. Without a source nothing is drawn. */
void op_fill(struct op_args *out, const char *words, const struct op_source *source);
/* The member at this path, or NULL. */
void *op_member(struct op_args *args, const char *path);
/* NULL: it takes none. */
struct hf_write *op_write(struct op_args *args);
/* Calls it. txn is for mutations, flags for reads. *answer, zeroed first, *result and *error may
 * each be NULL; what a transaction answers must live until its commit. */
int op_run(const struct op_args *args, hf_store *store, hf_txn *txn, unsigned flags,
           struct op_answer *answer, struct hf_result *result, struct hf_error *error);
void op_release(const struct hf_api_call *call, struct op_answer *answer);

/* The members of a struct, those of nested ones and of all elements too, one after the other;
 * pointers, callbacks, memory, sizes and arrays in place are left out. */
typedef void (*op_leaf)(void *ctx, const struct hf_api_member *member, struct op_value value);
void op_each(const struct hf_api_struct *of, const void *at, op_leaf leaf, void *ctx);
void op_each_answer(const struct hf_api_call *call, const struct op_answer *answer, op_leaf leaf,
                    void *ctx);
void op_each_result(const struct hf_result *result, op_leaf leaf, void *ctx);

#endif
