/* See operation.h: finding, calling, and what was answered. */
#include "lib/operation/operation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"

/* --- Calls ------------------------------------------------------------------------------------ */

const struct hf_api_call *op_find(const char *call, size_t len)
{
	const struct hf_api_part *part;
	for (unsigned i = 0; (part = hf_api_describe(i)) != NULL; i++)
		for (const struct hf_api_call *at = part->calls; at->name; at++)
			if (strncmp(at->name, call, len) == 0 && !at->name[len])
				return at;
	(void)fprintf(stderr, "there is no call %.*s\n", (int)len, call);
	abort();
}

struct hf_write *op_write(struct op_args *args)
{
	return args->call->kind == HF_API_MUTATION
	           ? (struct hf_write *)(void *)(args->args + sizeof(size_t)) /* behind their size */
	           : NULL;
}

typedef int (*mutate)(hf_store *, hf_txn *, const void *, struct hf_result *, struct hf_error *);
typedef int (*mutate_and_answer)(hf_store *, hf_txn *, const void *, void *, struct hf_result *,
                                 struct hf_error *);
typedef int (*read_all)(hf_store *, unsigned, void *, struct hf_error *);
typedef int (*read_of)(hf_store *, const void *, unsigned, void *, struct hf_error *);
typedef int (*read_named)(hf_store *, struct hf_bytes, unsigned, void *, struct hf_error *);
typedef int (*check)(hf_store *, const void *, unsigned, struct hf_error *);

int op_run(const struct op_args *args, hf_store *store, hf_txn *txn, unsigned flags,
           struct op_answer *answer, struct hf_result *result, struct hf_error *error)
{
	const struct hf_api_call *call = args->call;
	if (answer)
		memset(answer, 0, sizeof *answer);
	if (call->kind == HF_API_MUTATION && call->fills)
		return ((mutate_and_answer)call->function)(store, txn, args->args, answer, result, error);
	if (call->kind == HF_API_MUTATION)
		return ((mutate)call->function)(store, txn, args->args, result, error);
	if (call->kind != HF_API_READ)
		abort();
	if (!call->takes)
		return ((read_all)call->function)(store, flags, answer, error);
	if (call->takes == &hf__api_bytes)
		return ((read_named)call->function)(
		    store, *(const struct hf_bytes *)(const void *)args->args, flags, answer, error);
	if (!call->fills && !call->gives)
		return ((check)call->function)(store, args->args, flags, error);
	return ((read_of)call->function)(store, args->args, flags, answer, error);
}

void op_release(const struct hf_api_call *call, struct op_answer *answer)
{
	for (const struct hf_api_member *m = call->fills ? call->fills->members : NULL; m && m->name;
	     m++)
		if (m->type == HF_API_MEMORY)
			hf_release(*(struct hf_memory **)(void *)(answer->bytes + m->offset));
	memset(answer, 0, sizeof *answer);
}

/* --- Answers ---------------------------------------------------------------------------------- */

static uint64_t bits_at(const unsigned char *at, size_t size)
{
	uint64_t bits = 0;
	memcpy(&bits, at, size); /* this runs on little-endian machines alone */
	return bits;
}

static void each_element(const struct hf_api_member *m, const unsigned char *at, size_t count,
                         op_leaf leaf, void *ctx)
{
	const unsigned char *const elements = *(const unsigned char *const *)(const void *)at;
	for (size_t i = 0; i < count; i++)
		if (m->of == &hf__api_bytes)
			leaf(ctx, m,
			     (struct op_value){.bytes = ((const struct hf_bytes *)(const void *)elements)[i]});
		else
			op_each(m->of, elements + i * m->of->size, leaf, ctx);
}

void op_each(const struct hf_api_struct *of, const void *object, op_leaf leaf, void *ctx)
{
	for (const struct hf_api_member *m = of->members; m->name; m++) {
		const unsigned char *at = (const unsigned char *)object + m->offset;
		struct op_value value = {0};
		if (m->elements > 0)
			continue;
		switch (m->type) {
		case HF_API_STRUCT:
			op_each(m->of, at, leaf, ctx);
			continue;
		case HF_API_ONE:
			value.number = *(void *const *)(const void *)at != NULL;
			leaf(ctx, m, value);
			if (value.number)
				op_each(m->of, *(void *const *)(const void *)at, leaf, ctx);
			continue;
		case HF_API_MANY:
			each_element(m, at, bits_at((const unsigned char *)object + m[1].offset, m[1].size),
			             leaf, ctx);
			continue;
		case HF_API_KEY:
		case HF_API_TEXT:
		case HF_API_BYTES:
			value.bytes = *(const struct hf_bytes *)(const void *)at;
			break;
		case HF_API_STRING:
			if (*(const char *const *)(const void *)at)
				value.bytes = hf_str(*(const char *const *)(const void *)at);
			break;
		case HF_API_CHARS:
		case HF_API_MEMORY:
		case HF_API_FUNCTION:
		case HF_API_CONTEXT:
		case HF_API_SIZE:
			continue;
		default:
			value.number = (int64_t)bits_at(at, m->size);
		}
		leaf(ctx, m, value);
	}
}

void op_each_answer(const struct hf_api_call *call, const struct op_answer *answer, op_leaf leaf,
                    void *ctx)
{
	static const struct hf_api_member plain = {.name = "value", .type = HF_API_UINT};
	if (call->fills)
		op_each(call->fills, answer->bytes, leaf, ctx);
	else if (call->gives)
		leaf(ctx, &plain, (struct op_value){.number = (int64_t)bits_at(answer->bytes, 8)});
}

void op_each_result(const struct hf_result *result, op_leaf leaf, void *ctx)
{
	op_each(&hf__api_result, result, leaf, ctx);
}
