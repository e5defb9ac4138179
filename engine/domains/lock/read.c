/* Reads of locks. All show views: a lock whose lease is over is free, logged or not. */
#include "domains/common/read.h"
#include "domains/common/list.h"
#include "domains/common/objects.h"
#include "domains/lock/verb.h"
#include "store/call/error.h"

/* --- Check ------------------------------------------------------------------------------------ */

/* The lock as it is seen now, or NULL; *rc is for a wrong name. To a read in a transaction only
 * that matters, not its version. */
static const struct hf__lock *look(struct hf__query *q, struct hf_bytes name, int *rc)
{
	const struct hf__lock_state *state = q->state;
	*rc = hf__check_part("name", name, false, &q->why);
	if (*rc != HF_OK)
		return NULL;
	const struct hf__lock *lock = hf__lock_find(state, name);
	hf__query_absent(q, hf__lock_depends(state, lock, name));
	return hf__lock_held(lock, q->mono) ? lock : NULL;
}

static int read_check(struct hf__query *q, const void *raw, void *nothing)
{
	const struct hf_lock_check_args *args = raw;
	int rc;
	if (args->token >> 32 == HF_TOKEN_OF(0) >> 32)
		return hf__refuse(&q->why, HF_EINVAL, "a token to come cannot be checked");
	const struct hf__lock *lock = look(q, args->name, &rc);
	const char *stale = hf__lock_stale(lock, args->token);
	(void)nothing;
	if (rc != HF_OK || !stale)
		return rc;
	return hf__refuse_named(&q->why, HF_ESTALE, args->name, "%s", stale);
}

int hf_lock_check(hf_store *store, const struct hf_lock_check_args *args, unsigned flags,
                  struct hf_error *error)
{
	HF__CALL;
	static const struct hf__reading reading = {
	    .domain = HF__DOMAIN_LOCK, .read = read_check, .takes = &hf__api_lock_check_args};
	return hf__read_into(store, &reading, args, flags, NULL, error);
}

/* --- Get -------------------------------------------------------------------------------------- */

static int copy_lock(struct hf__query *q, const struct hf__lock *lock, struct hf_lock *out)
{
	const struct hf__lock_value *value = &lock->value;
	*out = (struct hf_lock){.token = value->token,
	                        .acquired_at = value->acquired_at,
	                        .lease_until = hf__to_shown(value->lease_until, q->setback),
	                        .version = value->version};
	const int rc = hf__answer_bytes(q->answer, hf__lock_name(lock), &out->name);
	return rc == HF_OK ? hf__answer_bytes(q->answer, hf__blob_bytes(value->owner), &out->owner)
	                   : rc;
}

static int read_get(struct hf__query *q, const void *raw, void *out)
{
	const struct hf_bytes *name = raw;
	struct hf_lock_got *got = out;
	int rc;
	const struct hf__lock *lock = look(q, *name, &rc);
	if (rc == HF_OK && lock)
		hf__query_depends(q, &lock->object);
	if (rc != HF_OK || lock)
		return rc == HF_OK ? copy_lock(q, lock, &got->lock) : rc;
	return hf__refuse_named(&q->why, HF_ENOTFOUND, *name, "no owner holds the lock");
}

const struct hf__giving hf__lock_giving = HF__GIVING(lock_got, read_get, NULL);

HF__GET(hf_lock_get, struct hf_bytes name, &name, lock_got, HF__DOMAIN_LOCK, read_get);

/* --- List ------------------------------------------------------------------------------------- */

static int copy_item(struct hf__query *q, const void *lock, void *ctx, void *item)
{
	(void)ctx;
	return copy_lock(q, lock, item);
}

static const struct hf__list lock_list = {
    .item = sizeof(struct hf_lock),
    .position = sizeof(struct hf_bytes),
    .token = {1, {{.kind = HF__FIELD_PART}}},
    .foreign = HF__FOREIGN_LIST,
    .copy = copy_item,
};

static int read_list(struct hf__query *q, const void *raw, void *to)
{
	const struct hf_lock_list_args *args = raw;
	const struct hf__lock_state *state = q->state;
	struct hf_lock_page *out = to;
	/* what ends after now: however many others lie between, the next one costs O(log n) */
	const struct hf__index_filter held = {.low = q->mono + 1, .high = INT64_MAX};
	struct hf__listing list = {.list = &lock_list,
	                           .page = args->page,
	                           .limit = args->limit,
	                           .after = args->after.len > 0 ? &args->after : NULL,
	                           .range = {.index = &state->by_name, .filter = &held},
	                           .depends = &state->root};
	struct hf__writer w = {0};
	if (hf__query_seen(q))
		hf__query_sees(q, hf__endings_over(&state->endings, q->mono));
	hf__put_short(&w, hf_str("lock list"));
	int rc = hf__query_end(&w, &list.query);
	return rc == HF_OK ? hf__list_into(q, &list, &out->items) : rc;
}

HF__LIST(hf_lock_list, lock_list_args, lock_page, HF__DOMAIN_LOCK, read_list);

/* --- Stats ------------------------------------------------------------------------------------ */

static int read_stats(struct hf__query *q, const void *nothing, void *to)
{
	const struct hf__lock_state *state = q->state;
	struct hf_lock_stats *out = to;
	(void)nothing;
	const int64_t first = hf__first_ending(&state->endings);
	hf__query_depends(q, &state->root);
	out->held = state->locks.count;
	/* What a dead incarnation held has no instant: it is over by now. */
	out->next_ending = first == INT64_MAX   ? HF_UNSET
	                   : first == INT64_MIN ? q->now
	                                        : hf__to_shown(first, q->setback);
	out->as_of = q->now;
	return HF_OK;
}

HF__GET_ALL(hf_lock_get_stats, lock_stats, HF__DOMAIN_LOCK, read_stats, 0);
