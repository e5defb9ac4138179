/* The ends of a read: its result zeroed first, given or taken back afterwards. */
#include "domains/common/read.h"
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

/* Both are as they are today. */
static int read_today(hf_store *store, const struct hf__reading *reading, const void *args,
                      unsigned flags, void *out, struct hf_error *error)
{
	struct hf__answer answer;
	struct hf_memory *memory = NULL;
	struct running running = {reading, args, out};
	const size_t size = reading->fills ? hf__size_of(out) : 0;
	zero(reading, out);
	const struct hf__asking asking = {.domain = reading->domain, .read = run, .copy = copy};
	int rc = hf__read(store, &asking, &running, flags, &answer, error);
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
