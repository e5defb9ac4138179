/* Runs one operation of a workload against a store, through the public interface. See
 * crash_script.h.
 *
 * Everything an operation needs is made from its row: payloads and times are functions of names
 * and numbers, so that running a workload again does exactly the same. What a read gives is
 * written down as bytes, to be compared with another run. */
#include "lib/crash/crash_script.h"
#include "store/clock.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATTERN_SIZE 8192u

static uint8_t pattern[PATTERN_SIZE];
static pthread_once_t pattern_once = PTHREAD_ONCE_INIT;

/* Printable, without long repeats: usable as reason and error text too, and no sector of it is
 * zero or like another. */
static void pattern_fill(void)
{
	uint64_t x = 88172645463325252u;
	for (size_t i = 0; i < PATTERN_SIZE; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		pattern[i] = (uint8_t)('a' + x % 26);
	}
}

/* `size` bytes that depend on the name. */
static struct hf_bytes bytes_of(const char *name, uint32_t size)
{
	size_t at = 0;
	(void)pthread_once(&pattern_once, pattern_fill);
	for (; *name; name++)
		at = at * 31 + (unsigned char)*name;
	at %= 512;
	if (size > PATTERN_SIZE - at)
		abort(); /* a workload with payloads that are too long */
	return hf_bytes_of(pattern + at, size);
}

/* The names of an operation, cut apart, and what else its words mean. */
struct names {
	const struct call *call;
	char text[160], number[24];
	const char *name[NAMES_MAX];
	size_t count;
};

static void names_split(const struct op *op, struct names *out)
{
	const char *names = op->names ? op->names : "";
	memset(out, 0, sizeof *out);
	if (strlen(names) >= sizeof out->text)
		abort();
	memcpy(out->text, names, strlen(names) + 1);
	char *rest = NULL;
	for (char *name = strtok_r(out->text, " ", &rest); name; name = strtok_r(NULL, " ", &rest)) {
		if (out->count == NAMES_MAX)
			abort();
		out->name[out->count++] = name;
	}
	if (out->count == 0)
		out->name[0] = "-";
}

/* --- Words ------------------------------------------------------------------------------------ */

static struct op_value number(int64_t value)
{
	return (struct op_value){.number = value};
}

static struct op_value bytes(struct hf_bytes value)
{
	return (struct op_value){.bytes = value};
}

/* A prefix and a number. */
static struct op_value numbered(struct names *n, const char *prefix, int64_t value)
{
	(void)snprintf(n->number, sizeof n->number, "%s%d", prefix, (int)value);
	return bytes(hf_str(n->number));
}

static bool word(void *ctx, const char *name, size_t index, struct op_value *out)
{
	struct names *n = ctx;
	const struct op *op = n->call->op;
	const struct {
		const char *name;
		struct op_value value;
	} words[] = {
	    {"place", bytes(hf_str(op->place))},
	    {"id", bytes(hf_str(n->name[0]))},
	    {"bytes", bytes(bytes_of(n->name[0], op->size))},
	    {"number", number(op->number)},
	    {"token", number((int64_t)n->call->token)},
	    {"names", number((int64_t)n->count)},
	    {"max", number(n->count ? (int64_t)n->count : 1)},
	    {"until", number(hf__time_add(SCRIPT_NOW, op->number))},
	    {"expiry", number(op->number ? op->number : HF_UNSET)},
	    /* of an element */
	    {"name", bytes(hf_str(n->name[index]))},
	    {"payload", bytes(bytes_of(n->name[index], op->size))},
	    {"index", number((int64_t)index)},
	    {"even", number(index % 2 == 0)},
	    {"score", number(2 * (int64_t)index)},
	};
	if (strcmp(name, "owner") == 0) {
		*out = numbered(n, "w", op->size);
		return true;
	}
	if (strcmp(name, "group") == 0) {
		*out = op->number ? numbered(n, "g", op->number) : bytes(hf_str(""));
		return true;
	}
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(words[i].name, name) == 0) {
			*out = words[i].value;
			return true;
		}
	return false;
}

/* --- Telling ---------------------------------------------------------------------------------- */

static void tell_version(struct tale *told, uint64_t version)
{
	hf__put_u64(&told->bytes, version);
	told->lsn = version > told->lsn ? version : told->lsn;
}

static void tell_member(void *ctx, const struct hf_api_member *m, struct op_value value)
{
	struct tale *told = ctx;
	const uint64_t number = (uint64_t)value.number;
	if (m->type == HF_API_LSN) {
		tell_version(told, number);
	} else if (m->type == HF_API_TOKEN) {
		/* Epochs stay the same in these tests: the low bits of a token are an LSN. */
		hf__put_u64(&told->bytes, number >> 48);
		tell_version(told, number & ((UINT64_C(1) << 48) - 1));
	} else {
		hf__put_u64(&told->bytes, number);
		hf__put_long(&told->bytes, value.bytes);
	}
}

static const struct hf_api_call *call_of(const struct op *op)
{
	return op_find(script_words(op), strcspn(script_words(op), " "));
}

void script_tell(struct tale *told, const struct op *op, const struct hf_result *result,
                 const struct op_answer *answer)
{
	op_each_result(result, tell_member, told);
	op_each_answer(call_of(op), answer, tell_member, told);
}

void script_release(const struct op *op, struct op_answer *answer)
{
	op_release(call_of(op), answer);
}

/* --- Running ---------------------------------------------------------------------------------- */

static void tell_that_it_ran(void *told)
{
	hf__put_u8(&((struct tale *)told)->bytes, 1);
}

int script_call(const struct call *call)
{
	struct names names;
	struct op_args args;
	struct op_answer answer;
	const struct op_source source = {.word = word, .ctx = &names};
	names_split(call->op, &names);
	names.call = call;
	op_fill(&args, script_words(call->op), &source);
	if (call->op->verb == LOCK_WITH)
		return hf_lock_with(call->store, (const void *)args.args, tell_that_it_ran, call->told,
		                    call->error);
	struct hf_write *write = op_write(&args);
	if (write) {
		write->expect = call->expect;
		write->durability = call->durability;
		write->ticket = call->ticket;
		return op_run(&args, call->store, call->txn, 0, call->answer, call->result, call->error);
	}
	const int rc = op_run(&args, call->store, NULL, call->flags, &answer, NULL, call->error);
	op_each_answer(args.call, &answer, tell_member, call->told);
	op_release(args.call, &answer);
	return rc;
}
