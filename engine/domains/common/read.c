/* The ends of a read: its result zeroed first, given or taken back afterwards. */
#include "domains/common/read.h"

#include <assert.h>

#include "domains/common/whole.h"
#include "store/call/error.h"

struct running {
	const struct hf__reading *reading;
	const void *args;
	void *out;
};

static int run(struct hf__query *q, void *raw)
{
	const struct running *running = raw;
	return running->reading->read(q, running->args, running->out);
}

/* A copy for the commit of a transaction, when the answer will be dry: no token is looked at then,
 * and no other pointer that the table does not copy. */
static void *copy_args(struct hf__arena *arena, const void *args, const struct hf_api_struct *of)
{
	uint8_t *copy = hf__copy_args(arena, args, of->size, of);
	for (const struct hf_api_member *m = of->members; copy && m->name; m++)
		if (m->type == HF_API_STRING || m->type == HF_API_ONE)
			memset(copy + m->offset, 0, m->size);
	return copy;
}

static const void *copy_given(struct hf__arena *arena, const struct running *running)
{
	const struct hf__reading *reading = running->reading;
	if (reading->copy)
		return reading->copy(arena, running->args);
	if (reading->takes || reading->key)
		return copy_args(arena, running->args, reading->takes ? reading->takes : reading->key);
	struct hf_bytes *name = hf__arena_copy(arena, running->args, sizeof *name);
	return name && hf__arena_bytes(arena, *name, name) ? name : NULL;
}

static void *copy(struct hf__arena *arena, const void *raw)
{
	struct running *copy = hf__arena_copy(arena, raw, sizeof *copy);
	if (!copy)
		return NULL;
	copy->reading = hf__arena_copy(arena, copy->reading, sizeof *copy->reading);
	if (copy->reading && copy->args)
		copy->args = copy_given(arena, raw);
	if (copy->out)
		copy->out = copy->reading ? hf__arena_alloc(arena, copy->reading->size) : NULL;
	const struct running *from = raw;
	return copy->reading && !copy->args == !from->args && !copy->out == !from->out ? copy : NULL;
}

int hf__give_memory(struct hf__answer *answer, struct hf_memory **memory, struct hf_error *error)
{
	*memory = hf__answer_give(answer);
	return *memory ? HF_OK : hf__fail(error, HF_ENOMEM, 0, "no memory for the answer");
}

/* Behind the size, which is the caller's. */
static void zero(const struct hf__reading *reading, void *out)
{
	const size_t head = reading->fills ? sizeof(size_t) : 0;
	if (out)
		memset((uint8_t *)out + head, 0, reading->size - head);
}

/* --- Without a limit -------------------------------------------------------------------------- */

/* The next step begins at a token, not where the caller said. */
static void go_on(const struct hf__reading *reading, union hf__sized *args, const char *next)
{
	memcpy(args->bytes + reading->page, &next, sizeof next);
	for (const struct hf_api_member *m = reading->takes->members; m->name; m++)
		if (strcmp(m->name, "after") == 0)
			memset(args->bytes + m->offset, 0, m->size);
}

/* Once through the list. HF_OK with stepping.moved: something changed meanwhile, and there is no
 * answer. */
static int gather(hf_store *store, const struct hf__reading *reading, union hf__sized *args,
                  unsigned flags, void *out, struct hf__answer *answer, struct hf__whole *whole,
                  struct hf_error *error)
{
	const struct hf__asking asking = {
	    .domain = reading->domain, .read = run, .copy = copy, .stepping = &whole->stepping};
	struct running running = {reading, args, out};
	bool first = true; /* a step of a prefix may have no items, and others follow */
	int rc = HF_OK;
	for (const char *next = NULL; rc == HF_OK && (first || next); first = false) {
		zero(reading, out);
		rc = hf__read(store, &asking, &running, flags, answer, error);
		if (rc != HF_OK || whole->stepping.moved) {
			hf__answer_reset(answer);
			return rc;
		}
		next = hf__whole_next(whole, out);
		if (!next && first)
			return HF_OK; /* they are all, and where they belong */
		rc = hf__whole_take(whole, out);
		go_on(reading, args, next);
	}
	if (rc == HF_OK)
		rc = hf__whole_give(whole, answer, out);
	if (rc == HF_OK)
		return rc;
	hf__answer_reset(answer);
	return hf__fail(error, rc, 0, "no memory for the answer");
}

/* *done: it was; else it changes too often, and is to be read under one hold of the lock. */
static int read_in_steps(hf_store *store, const struct hf__reading *reading, const void *given,
                         unsigned flags, void *out, struct hf__answer *answer, bool *done,
                         struct hf_error *error)
{
	const size_t step = HF__WHOLE_STEP;
	struct hf__whole whole;
	union hf__sized args;
	int rc = HF_OK;
	assert(reading->takes); /* limit and page are members of it */
	*done = false;
	for (unsigned i = 0; i < HF__WHOLE_TRIES && !*done; i++) {
		struct hf_error mine = {0}; /* tries that were not the last one must not show */
		memcpy(&args, given, reading->takes->size);
		memcpy(args.bytes + reading->limit, &step, sizeof step);
		hf__whole_begin(&whole, reading->fills);
		rc = gather(store, reading, &args, flags, out, answer, &whole, &mine);
		*done = !whole.stepping.moved;
		if (*done && rc != HF_OK && error)
			*error = mine;
		hf__whole_reset(&whole);
	}
	return rc;
}

static bool is_whole(const hf_store *store, const struct hf__reading *reading, const void *args)
{
	size_t limit = 1;
	if (reading->limit > 0)
		memcpy(&limit, (const uint8_t *)args + reading->limit, sizeof limit);
	return limit == 0 && hf__may_step(store);
}

/* --- Both are as they are today --------------------------------------------------------------- */

static int read_today(hf_store *store, const struct hf__reading *reading, const void *args,
                      unsigned flags, void *out, struct hf_error *error)
{
	struct hf__answer answer;
	struct hf_memory *memory = NULL;
	struct running running = {reading, args, out};
	const size_t size = reading->fills ? hf__size_of(out) : 0;
	const struct hf__asking asking = {.domain = reading->domain, .read = run, .copy = copy};
	bool done = false;
	int rc = HF_OK;
	if (is_whole(store, reading, args))
		rc = read_in_steps(store, reading, args, flags, out, &answer, &done, error);
	if (!done) {
		zero(reading, out);
		rc = hf__read(store, &asking, &running, flags, &answer, error);
	}
	if (rc == HF_OK && reading->memory == 0)
		hf__answer_reset(&answer);
	else if (rc == HF_OK)
		rc = hf__give_memory(&answer, &memory, error);
	if (rc != HF_OK)
		zero(reading, out);
	else if (memory)
		memcpy((uint8_t *)out + reading->memory, &memory, sizeof memory);
	if (reading->fills)
		memcpy(out, &size, sizeof size);
	return rc;
}

/* One of them is not. */
static int read_other(hf_store *store, const struct hf__reading *reading, const void *args,
                      unsigned flags, void *out, struct hf_error *error)
{
	union hf__sized taken, filled;
	int rc = HF_OK;
	memset(&filled, 0, sizeof filled);
	if (reading->takes) {
		args = hf__take(reading->takes, args, &taken);
		rc = hf__took(reading->takes, args, error);
	}
	if (rc == HF_OK && reading->fills)
		rc = hf__can_give(reading->fills, out, error);
	if (rc == HF_OK)
		rc = read_today(store, reading, args, flags, reading->fills ? &filled : out, error);
	else if (!reading->fills)
		zero(reading, out);
	if (reading->fills)
		hf__give(reading->fills, out, &filled);
	return rc;
}

int hf__read_into(hf_store *store, const struct hf__reading *reading, const void *args,
                  unsigned flags, void *out, struct hf_error *error)
{
	const bool today = (!reading->takes || (args && hf__is_today(reading->takes, args))) &&
	                   (!reading->fills || hf__is_today(reading->fills, out));
	return (today ? read_today : read_other)(store, reading, args, flags, out, error);
}
