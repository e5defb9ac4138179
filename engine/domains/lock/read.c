/* Reads of locks. All show views: a lock whose lease is over is free, logged or not. */
#include "domains/common/read.h"
#include "domains/lock/verb.h"
#include "store/call/error.h"

/* --- Check ------------------------------------------------------------------------------------ */

/* The lock as it is seen now, or NULL; *rc is for a wrong name. */
static const struct hf__lock *look(struct hf__query *q, struct hf_bytes name, int *rc)
{
	const struct hf__lock_state *state = q->state;
	*rc = hf__lock_check_name(name, &q->why);
	if (*rc != HF_OK)
		return NULL;
	const struct hf__lock *lock = hf__lock_find(state, name);
	hf__query_depends(q, hf__lock_depends(state, lock, name));
	return hf__lock_held(lock, q->mono) ? lock : NULL;
}

static int read_check(struct hf__query *q, void *raw)
{
	const struct hf_lock_check_args *args = raw;
	int rc;
	const struct hf__lock *lock = look(q, args->name, &rc);
	const char *stale = hf__lock_stale(lock, args->token);
	if (rc != HF_OK || !stale)
		return rc;
	hf__text_add(&q->why, "%s: ", stale);
	hf__text_add_quoted(&q->why, args->name);
	return HF_ESTALE;
}

int hf_lock_check(hf_store *store, const struct hf_lock_check_args *args, unsigned flags,
                  struct hf_error *error)
{
	HF__CALL;
	struct hf__answer answer;
	struct hf_lock_check_args copy = *args;
	const int rc = hf__read(store, HF__DOMAIN_LOCK, read_check, &copy, flags, &answer, error);
	if (rc == HF_OK)
		hf__answer_reset(&answer);
	return rc;
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
	if (rc != HF_OK || lock)
		return rc == HF_OK ? copy_lock(q, lock, &got->lock) : rc;
	hf__text_add(&q->why, "nobody holds the lock: ");
	hf__text_add_quoted(&q->why, *name);
	return HF_ENOTFOUND;
}

static const struct hf__reading get_reading = {
    HF__DOMAIN_LOCK, read_get, sizeof(struct hf_lock_got), offsetof(struct hf_lock_got, memory)};

int hf_lock_get(hf_store *store, struct hf_bytes name, unsigned flags, struct hf_lock_got *out,
                struct hf_error *error)
{
	HF__CALL;
	return hf__read_into(store, &get_reading, &name, flags, out, error);
}

/* --- List ------------------------------------------------------------------------------------- */

struct list {
	const struct hf_lock_list_args *args;
	struct hf_lock_page *out;
	uint64_t query;
	/* what ends after now: however many others lie between, the next one costs O(log n) */
	struct hf__index_filter held;
};

static int probe(const struct hf__index_node *node, const void *raw)
{
	const struct hf_bytes *name = raw;
	return hf__bytes_compare(hf__lock_name(hf__lock_of_name(node)), *name);
}

static const struct hf__index_node *next_held(const struct hf__index_node *node,
                                              const struct list *list)
{
	return hf__index_pass(hf__index_next(node), &list->held);
}

/* A position is the last name given, so a walk goes on behind it even when that is free by then.
 * NULL: the page is empty. */
static int find_start(struct hf__query *q, const struct list *list,
                      const struct hf__index_node **start)
{
	const struct hf__lock_state *state = q->state;
	struct hf__page page;
	const int rc = hf__page_open(q->answer, list->args->page, list->query, &page);
	if (rc == HF_EINVAL)
		hf__text_add(&q->why, "the page token is damaged or belongs to another list");
	if (rc != HF_OK)
		return rc;
	*start = page.after.len > 0
	             ? hf__index_pass(hf__index_after(&state->by_name, probe, &page.after), &list->held)
	             : hf__index_first_pass(&state->by_name, &list->held);
	return HF_OK;
}

static int fill(struct hf__query *q, const struct list *list, const struct hf__index_node *node,
                size_t count)
{
	struct hf_lock *items = hf__answer_alloc(q->answer, count * sizeof *items);
	if (!items)
		return HF_ENOMEM;
	for (size_t i = 0; i < count; i++, node = next_held(node, list)) {
		const int rc = copy_lock(q, hf__lock_of_name(node), &items[i]);
		if (rc != HF_OK)
			return rc;
	}
	list->out->items = items;
	list->out->count = count;
	/* `node` is the first one of the next page. */
	return node && count > 0
	           ? hf__page_token(q->answer, list->query, items[count - 1].name, &list->out->next)
	           : HF_OK;
}

static int read_list(struct hf__query *q, void *raw)
{
	struct list *list = raw;
	const struct hf__lock_state *state = q->state;
	const struct hf__index_node *start = NULL;
	list->held = (struct hf__index_filter){.low = q->mono + 1, .high = INT64_MAX};
	const int rc = find_start(q, list, &start);
	if (rc != HF_OK)
		return rc;
	hf__query_depends(q, &state->root);
	size_t count = 0;
	for (const struct hf__index_node *node = start;
	     node && (list->args->limit == 0 || count < list->args->limit); count++)
		node = next_held(node, list);
	return fill(q, list, start, count);
}

static int hash_query(uint64_t *query)
{
	struct hf__writer w = {0};
	hf__put_short(&w, hf_str("lock list"));
	const int rc = w.bad ? HF_ENOMEM : HF_OK;
	*query = hf__query_hash(&w);
	hf__writer_deinit(&w);
	return rc;
}

int hf_lock_list(hf_store *store, const struct hf_lock_list_args *args, unsigned flags,
                 struct hf_lock_page *out, struct hf_error *error)
{
	HF__CALL;
	static const struct hf_lock_list_args all = {0};
	struct hf__answer answer;
	struct hf_lock_page page = {0};
	struct list list = {.args = args ? args : &all, .out = &page};
	*out = page;
	int rc = hash_query(&list.query);
	if (rc != HF_OK)
		return hf__fail(error, rc, 0, "no memory for the answer");
	rc = hf__read(store, HF__DOMAIN_LOCK, read_list, &list, flags, &answer, error);
	if (rc == HF_OK)
		rc = hf__give_memory(&answer, &page.memory, error);
	if (rc == HF_OK)
		*out = page;
	return rc;
}

/* --- Stats ------------------------------------------------------------------------------------ */

static int read_stats(struct hf__query *q, const void *nothing, void *to)
{
	const struct hf__lock_state *state = q->state;
	struct hf_lock_stats *out = to;
	(void)nothing;
	const struct hf__heap_node *first = hf__heap_first(&state->endings);
	hf__query_depends(q, &state->root);
	out->held = state->locks.count;
	/* What a dead incarnation held has no instant: it is over by now. */
	out->next_ending = !first                         ? HF_UNSET
	                   : first->deadline == INT64_MIN ? q->now
	                                                  : hf__to_shown(first->deadline, q->setback);
	out->as_of = q->now;
	return HF_OK;
}

static const struct hf__reading get_stats_reading = {HF__DOMAIN_LOCK, read_stats,
                                                     sizeof(struct hf_lock_stats), 0};

int hf_lock_get_stats(hf_store *store, unsigned flags, struct hf_lock_stats *out,
                      struct hf_error *error)
{
	HF__CALL;
	return hf__read_into(store, &get_stats_reading, NULL, flags, out, error);
}
