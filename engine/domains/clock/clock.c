/* The store's clock as far as it is state: by how much it was set back. See store/clock.h and
 * clock.h.
 *
 * Job: keep the sum of all set-backs and the newest of them. Happy path: hf_clock_set_back()
 * writes one entry; apply() adds its difference to the sum, which the store asks for at every
 * reading (the row's setback()). Failure modes: a body that no mutation wrote is HF_ECORRUPT and
 * changes nothing; no memory leaves nothing.
 *
 * A snapshot is one such entry with the whole sum. It has to come before the entries of all
 * other domains, whose deadlines are shown times: this row is the first of the table.
 *
 * I-CLOCK-4: the sum is never negative and never above SETBACK_MAX, so that a shown time plus it
 * is no overflow for any clock there is. I-CLOCK-5: what had ended when the clock was set back
 * is logged before the entry that says so. Else an instant that a caller named would lie ahead
 * again, and what had ended by it would come back, but only where upkeep had not come by. */
#include <limits.h>
#include <stddef.h>

#include "domains/common/domains.h"
#include "domains/common/read.h"
#include "domains/common/verb.h"
#include "holdfast/clock.h"
#include "log/entry.h"
#include "store/call/error.h"

#define BODY_VERSION 1u
#define SETBACK_MAX (INT64_MAX / 4)

/* On disk: never renumber. */
enum { SET_BACK = 1 };
enum cause {
	CAUSE_STATE = 0, /* from a snapshot: the difference is the sum of all */
	CAUSE_SET_BACK = 1,
	CAUSES = 2,
};

static const struct hf__kind kinds[] = {
    {SET_BACK, BODY_VERSION, CAUSES, HF__CAUSE_BEHIND_VERSION, 0},
    {0, 0, 0, 0, 0},
};

struct image {
	enum cause cause;
	int64_t difference; /* of the newest set-back */
	int64_t from; /* what the clock showed before it */
	int64_t sum; /* STATE only */
	struct hf_bytes reason;
};

struct value {
	uint64_t version;
	int64_t sum;
	int64_t difference, from;
	struct hf__blob *reason;
};

struct set_backs {
	struct hf__object object;
	struct clock_state *state;
	struct value value;
};

struct clock_state {
	struct hf__object root;
	struct set_backs *is; /* NULL: it was never set back */
};

/* --- Entries ---------------------------------------------------------------------------------- */

static void encode(struct hf__writer *w, const struct image *image)
{
	hf__put_u8(w, BODY_VERSION);
	hf__put_u8(w, (uint8_t)image->cause);
	hf__put_i64(w, image->difference);
	hf__put_i64(w, image->from);
	if (image->cause == CAUSE_STATE)
		hf__put_i64(w, image->sum);
	hf__put_short(w, image->reason);
}

/* HF_OK, HF_EVERSION: a newer version writes such a body, HF_ECORRUPT: none does. */
static int decode(uint8_t kind, struct hf_bytes body, struct image *out)
{
	struct hf__reader r = hf__reader(body);
	*out = (struct image){.cause = CAUSE_STATE};
	const uint8_t version = hf__get_u8(&r), cause = hf__get_u8(&r);
	if (r.bad)
		return HF_ECORRUPT;
	if (kind != SET_BACK || version != BODY_VERSION || cause >= CAUSES)
		return HF_EVERSION;
	out->cause = (enum cause)cause;
	out->difference = hf__get_i64(&r);
	out->from = hf__get_i64(&r);
	out->sum = cause == CAUSE_STATE ? hf__get_i64(&r) : out->difference;
	out->reason = hf__get_short(&r);
	const bool good = hf__reader_done(&r) && out->difference > 0 && out->difference <= out->sum &&
	                  out->sum <= SETBACK_MAX && out->from != HF_UNSET && !hf__blank(out->reason) &&
	                  out->reason.len <= HF_CLOCK_REASON_MAX;
	return good ? HF_OK : HF_ECORRUPT;
}

static void clock_describe(const struct hf__entry *entry, struct hf__text *out)
{
	struct image image;
	if (decode(entry->kind, entry->body, &image) != HF_OK) {
		hf__text_add(out, "damaged entry of kind %u, %zu bytes", entry->kind, entry->body.len);
		return;
	}
	hf__text_add(out, "%s by %llu.%06llus because ",
	             image.cause == CAUSE_STATE ? "state" : "set_back",
	             (unsigned long long)image.difference / 1000000,
	             (unsigned long long)image.difference % 1000000);
	hf__text_add_quoted(out, image.reason);
}

static bool clock_about(const struct hf__entry *entry, struct hf__about *out)
{
	struct image image;
	*out = (struct hf__about){0};
	if (decode(entry->kind, entry->body, &image) != HF_OK)
		return false;
	out->operation = image.cause == CAUSE_STATE ? "state" : "set_back";
	out->reason = image.reason;
	out->set_back_us = image.cause == CAUSE_STATE ? 0 : image.difference;
	return true;
}

/* --- The object ------------------------------------------------------------------------------- */

static struct set_backs *of_object(struct hf__object *object)
{
	return (struct set_backs *)(void *)((uint8_t *)object - offsetof(struct set_backs, object));
}

static void set_backs_enlist(struct hf__object *object)
{
	of_object(object)->state->is = of_object(object);
}

static void set_backs_delist(struct hf__object *object)
{
	of_object(object)->state->is = NULL;
}

static void set_backs_free(struct hf__object *object)
{
	hf__free(of_object(object));
}

static const struct hf__type root_type = {.name = "clock",
                                          .value_offset = sizeof(struct hf__object)};

static const struct hf__type set_backs_type = {
    .name = "set-backs",
    .value_offset = offsetof(struct set_backs, value),
    .value_size = sizeof(struct value),
    .blob_count = 1,
    .blob_offsets = {offsetof(struct set_backs, value.reason)},
    .enlist = set_backs_enlist,
    .delist = set_backs_delist,
    .free = set_backs_free,
};

/* --- The row ---------------------------------------------------------------------------------- */

static int clock_init(void *raw, const struct hf__domain_env *env)
{
	struct clock_state *state = raw;
	(void)env;
	hf__object_is(&state->root, &root_type);
	return HF_OK;
}

static void clock_deinit(void *raw)
{
	struct clock_state *state = raw;
	if (state->is)
		hf__object_free(&state->is->object);
}

static int64_t clock_setback(const void *raw)
{
	const struct clock_state *state = raw;
	return state->is ? state->is->value.sum : 0;
}

static const struct hf__object *clock_setback_object(const void *raw)
{
	const struct clock_state *state = raw;
	return state->is ? &state->is->object : NULL;
}

static int add(struct clock_state *state, struct hf__change *change, const struct value *value)
{
	struct set_backs *new = hf__alloc(sizeof *new);
	if (!new) {
		hf__blob_free(value->reason);
		return HF_ENOMEM;
	}
	hf__object_is(&new->object, &set_backs_type);
	new->object.container = &state->root;
	new->state = state;
	new->value = *value;
	return hf__change_add(change, &new->object);
}

static int replace(struct set_backs *is, struct hf__change *change, const struct value *value)
{
	const int rc = hf__before_change(change, &is->object);
	if (rc != HF_OK) {
		hf__blob_free(value->reason);
		return rc;
	}
	is->value = *value;
	hf__after_change(change, &is->object);
	return HF_OK;
}

static int clock_apply(void *raw, struct hf__change *change, const struct hf__entry *entry)
{
	struct clock_state *state = raw;
	struct image image;
	const int rc = decode(entry->kind, entry->body, &image);
	if (rc != HF_OK)
		return rc;
	const int64_t before = clock_setback(state);
	if (entry->lsn == 0 || (image.cause == CAUSE_STATE && state->is) ||
	    image.sum > SETBACK_MAX - before)
		return HF_ECORRUPT;
	struct value value = {.version = entry->lsn,
	                      .sum = before + image.sum,
	                      .difference = image.difference,
	                      .from = image.from};
	if (!hf__blob_new(image.reason, &value.reason))
		return HF_ENOMEM;
	return state->is ? replace(state->is, change, &value) : add(state, change, &value);
}

static int clock_show(const void *object, struct hf__emitter *emitter)
{
	const struct value *value = &((const struct set_backs *)object)->value;
	const struct image image = {CAUSE_STATE, value->difference, value->from, value->sum,
	                            hf__blob_bytes(value->reason)};
	encode(&emitter->body, &image);
	return emitter->emit(emitter, value->version, SET_BACK);
}

/* I-CLOCK-4. */
static int clock_verify(const void *raw, struct hf__text *why)
{
	const struct clock_state *state = raw;
	const struct value *value = state->is ? &state->is->value : NULL;
	if (!value || (hf__object_sealed(&state->is->object) && value->version != 0 &&
	               value->difference > 0 && value->difference <= value->sum &&
	               value->sum <= SETBACK_MAX && !hf__blank(hf__blob_bytes(value->reason))))
		return HF_OK;
	return hf__refuse(why, HF_ECORRUPT, "unsound set-backs of the clock");
}

const struct hf__domain hf__clock_domain = {
    .id = HF__DOMAIN_CLOCK,
    .name = "clock",
    .kinds = kinds,
    .api = &hf__api_clock_part,
    .state_size = sizeof(struct clock_state),
    .init = clock_init,
    .deinit = clock_deinit,
    .apply = clock_apply,
    .show = clock_show,
    .describe = clock_describe,
    .about = clock_about,
    .verify = clock_verify,
    .setback = clock_setback,
    .setback_object = clock_setback_object,
};

/* --- Setting it back -------------------------------------------------------------------------- */

static bool has_target(const struct hf_clock_set_back_args *args)
{
	return hf__given(&args->write, args->to) != HF_UNSET;
}

static int set_back_check(const void *raw, struct hf__text *why)
{
	const struct hf_clock_set_back_args *args = raw;
	if (args->by_us < 0 || (args->by_us > 0 && has_target(args)))
		return hf__refuse(why, HF_EINVAL,
		                  "a set-back needs by_us above 0, or an instant, or neither");
	if (hf__blank(args->reason))
		return hf__refuse(why, HF_EREASON, "a set-back needs a reason");
	if (args->reason.len <= HF_CLOCK_REASON_MAX)
		return HF_OK;
	return hf__refuse(why, HF_ETOOBIG, "the reason is longer than %u bytes", HF_CLOCK_REASON_MAX);
}

/* By how much; 0: nothing to do. */
static int64_t difference_of(const struct hf__decision *d,
                             const struct hf_clock_set_back_args *args)
{
	int64_t target = has_target(args) ? args->to : d->wall;
	if (args->by_us > 0 && __builtin_sub_overflow(d->now, args->by_us, &target))
		target = d->wall;
	if (target < d->wall)
		target = d->wall;
	int64_t difference;
	if (target >= d->now)
		return 0;
	return __builtin_sub_overflow(d->now, target, &difference) ? INT64_MAX : difference;
}

struct set_back {
	struct hf_clock_set_back_args args; /* first: as all arguments begin */
	/* set when there is too much to log first; NULL: all of it is logged in the transaction */
	bool *again;
};

/* How many endings a set-back logs itself; what goes beyond is logged before, in steps. */
#define END_MAX 512u

/* What has ended has ended by the clock of then, logged or not: an instant that a caller named
 * would lie ahead again. */
static int log_endings(struct hf__decision *d, bool *again)
{
	bool more;
	const int rc = hf__settle_within(d, again ? END_MAX : UINT_MAX, &more);
	if (rc != HF_OK || !more)
		return rc;
	if (!again)
		return HF_ETOOBIG;
	*again = true;
	return HF_EBLOCKED; /* the caller does not see it: hf_clock_set_back */
}

/* Crash: before the entry is durable nothing that came behind it is: the clock is what it was.
 * The endings before it change no answer. */
static int set_back_decide(void *raw, struct hf__decision *d, const void *raw_args,
                           struct hf_result *result)
{
	const struct clock_state *state = raw;
	const struct set_back *call = raw_args;
	const struct hf_clock_set_back_args *args = &call->args;
	const uint64_t version = state->is ? state->is->value.version : 0;
	hf__depends(d, state->is ? &state->is->object : &state->root);
	const int rc = hf__expect(d, args->write.expect, version);
	if (rc != HF_OK)
		return rc;
	const struct image image = {.cause = CAUSE_SET_BACK,
	                            .difference = difference_of(d, args),
	                            .from = d->now,
	                            .reason = args->reason};
	result->version = version;
	if (image.difference == 0)
		return HF_OK;
	if (image.difference > SETBACK_MAX - clock_setback(state))
		return hf__refuse(&d->why, HF_EINVAL,
		                  "all set-backs together would be longer than 70,000 years");
	const int logged = log_endings(d, call->again);
	if (logged != HF_OK)
		return logged;
	hf__changed(result, hf__next_lsn(d));
	encode(hf__entry_body(d), &image);
	return hf__emit(d, SET_BACK);
}

static void *set_back_copy(struct hf__arena *arena, const void *args)
{
	struct set_back *copy = hf__arena_copy(arena, args, sizeof *copy);
	if (!copy || !hf__arena_bytes(arena, copy->args.reason, &copy->args.reason))
		return NULL;
	copy->again = NULL;
	return copy;
}

int hf_clock_set_back(hf_store *store, hf_txn *txn, const struct hf_clock_set_back_args *args,
                      struct hf_result *result, struct hf_error *error)
{
	HF__CALL;
	static const struct hf__verb verb = {.name = "clock set_back",
	                                     .domain = HF__DOMAIN_CLOCK,
	                                     .check = set_back_check,
	                                     .decide = set_back_decide,
	                                     .copy = set_back_copy,
	                                     .takes = &hf__api_clock_set_back_args};
	HF__TAKE(clock_set_back_args, args);
	struct hf_error mine = {0}; /* tries that were not the last one must not show */
	bool again;
	const struct set_back call = {*args, &again};
	int rc;
	do {
		again = false;
		rc = hf__mutate(store, txn, &verb, &call, result, NULL, &mine);
		if (again)
			rc = hf__settle_all(store, &mine);
	} while (again && rc == HF_OK);
	if (rc != HF_OK && error)
		*error = mine;
	return rc;
}

/* --- Reading it ------------------------------------------------------------------------------- */

static int read_clock(struct hf__query *q, const void *nothing, void *raw)
{
	const struct clock_state *state = q->state;
	struct hf_clock *out = raw;
	(void)nothing;
	*out = (struct hf_clock){
	    .now = q->now, .wall = q->wall, .set_back_at = HF_UNSET, .set_back_us = q->setback};
	if (__builtin_sub_overflow(q->now, q->wall, &out->ahead_us))
		out->ahead_us = INT64_MAX;
	hf__query_depends(q, state->is ? &state->is->object : &state->root);
	if (!state->is)
		return HF_OK;
	const struct value *value = &state->is->value;
	out->version = value->version;
	out->set_back_at = value->from;
	out->difference_us = value->difference;
	return hf__answer_bytes(q->answer, hf__blob_bytes(value->reason), &out->reason);
}

HF__GET_ALL(hf_clock_get, clock, HF__DOMAIN_CLOCK, read_clock, offsetof(struct hf_clock, memory));
