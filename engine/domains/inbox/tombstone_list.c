/* Tombstones as callers see them: one put or lifted by itself (imports, migrations, second
 * thoughts), and the list of those that stand. What stands is judged by the store's clock, so
 * that logging an ending changes no answer. */
#include "domains/common/verb.h"
#include "domains/inbox/inbox.h"
#include "store/call/error.h"

/* --- Putting and lifting one ------------------------------------------------------------------ */

static int put_check(const void *raw, struct hf__text *why)
{
	const struct hf_inbox_put_tombstone_args *args = raw;
	struct hf__inbox_key key;
	if (!hf__inbox_key(&args->key, &key, why))
		return HF_EINVAL;
	if (args->dismissed || hf__given(&args->write, args->dismissed_at) == HF_UNSET)
		return HF_OK;
	hf__text_add(why, "a tombstone that is not of a dismissed record has a dismissed_at");
	return HF_EINVAL;
}

/* What stands there, and what the answer depends on. */
static int look(const struct hf__inbox_state *s, struct hf__decision *d,
                const struct hf_inbox_put_tombstone_args *args, struct hf__inbox_key *key,
                const struct hf__tomb **standing)
{
	if (!hf__inbox_key(&args->key, key, &d->why))
		return HF_EINVAL; /* checked before: not reached */
	const struct hf__inbox *inbox = hf__inbox_find(s, key->user);
	const struct hf__tomb *tomb = hf__tomb_find(inbox, key->account, key->thread);
	if (tomb)
		hf__depends(d, &tomb->object);
	else
		hf__depends(d, hf__inbox_depends(s, inbox, key->user));
	*standing = tomb && hf__tomb_stands(tomb, d->mono) ? tomb : NULL;
	int rc = HF_OK;
	if (hf__record_find(inbox, key->account, key->thread)) {
		hf__text_add(&d->why, "there is a record");
		rc = HF_ECONFLICT;
	} else {
		rc = hf__expect(d, args->write.expect, *standing ? (*standing)->value.version : 0);
	}
	if (rc != HF_OK) {
		hf__text_add(&d->why, ": ");
		hf__inbox_add_name(&d->why, key);
	}
	return rc;
}

static int emit_one(struct hf__decision *d, const struct hf__inbox_key *key,
                    const struct hf__tomb_value *value)
{
	const struct hf__inbox_change head = {.cause = HF__INBOX_CAUSE_TOMBSTONE,
	                                      .user = key->user,
	                                      .generated_at = HF_UNSET,
	                                      .count = 1};
	struct hf__writer *body = hf__entry_body(d);
	hf__inbox_put_change(body, &head);
	if (value)
		hf__inbox_put_buried(body, key->account, key->thread, value);
	else
		hf__inbox_put_lifted(body, key->account, key->thread);
	return hf__emit(d, HF__INBOX_CHANGE);
}

static int put_decide(void *state, struct hf__decision *d, const void *raw,
                      struct hf_result *result)
{
	const struct hf_inbox_put_tombstone_args *args = raw;
	const struct hf__tomb *standing;
	struct hf__inbox_key key;
	const int rc = look(state, d, args, &key, &standing);
	if (rc != HF_OK)
		return rc;
	const struct hf__tomb_value value = {
	    .until = args->until,
	    .dismissed = args->dismissed,
	    .dismissed_at = args->dismissed ? hf__given(&args->write, args->dismissed_at) : HF_UNSET,
	};
	const bool stands = value.until > d->now;
	const struct hf__tomb_value *old = standing ? &standing->value : NULL;
	const bool same = old && hf__to_shown(old->until, d->setback) == value.until &&
	                  old->dismissed == value.dismissed && old->dismissed_at == value.dismissed_at;
	result->version = old ? old->version : 0;
	if (same || (!old && !stands))
		return HF_OK;
	result->changed = true;
	result->count = 1;
	result->version = stands ? hf__next_lsn(d) : 0;
	return emit_one(d, &key, stands ? &value : NULL);
}

int hf_inbox_put_tombstone(hf_store *store, hf_txn *txn,
                           const struct hf_inbox_put_tombstone_args *args, struct hf_result *result,
                           struct hf_error *error)
{
	HF__CALL;
	static const struct hf__verb verb = {"inbox put_tombstone",
	                                     HF__DOMAIN_INBOX,
	                                     put_check,
	                                     put_decide,
	                                     NULL,
	                                     &hf__api_inbox_put_tombstone_args};
	return hf__run(store, txn, &verb, args, result, error);
}

/* --- The list --------------------------------------------------------------------------------- */

struct list {
	const struct hf_inbox_list_tombstones_args *args;
	struct hf_bytes user; /* in the answer */
	uint64_t query;
	struct hf_inbox_tombstone_page *out;
};

static int probe(const struct hf__index_node *node, const void *raw)
{
	const struct hf__inbox_key *key = raw;
	const struct hf__tomb *tomb = hf__tomb_of_key(node);
	return hf__inbox_compare_keys(hf__tomb_account(tomb), hf__tomb_thread(tomb), key->account,
	                              key->thread);
}

/* Those that stand now: a bound on the weight, and exact. */
static struct hf__index_filter standing_at(int64_t mono)
{
	return (struct hf__index_filter){.low = mono + 1, .high = INT64_MAX};
}

static int hash_query(const struct hf_inbox_list_tombstones_args *args, uint64_t *query)
{
	struct hf__writer w = {0};
	hf__put_short(&w, hf_str("inbox tombstones"));
	hf__put_short(&w, args->user);
	hf__put_short(&w, args->thread.len > 0 ? hf__inbox_account(args->account) : args->thread);
	hf__put_short(&w, args->thread);
	const int rc = w.bad ? HF_ENOMEM : HF_OK;
	*query = hf__query_hash(&w);
	hf__writer_deinit(&w);
	return rc;
}

/* Where the page begins; NULL: it is empty. */
static int find_start(struct hf__query *q, const struct list *list, const struct hf__inbox *inbox,
                      const struct hf__index_node **start)
{
	const struct hf__index_filter standing = standing_at(q->mono);
	struct hf__page page = {0};
	struct hf__inbox_key after = {0};
	int rc = hf__page_open(q->answer, list->args->page, list->query, &page);
	const bool resumed = rc == HF_OK && page.after.len > 0;
	struct hf__reader r = hf__reader(page.after);
	if (resumed) {
		after.account = hf__get_short(&r);
		after.thread = hf__get_short(&r);
		rc = hf__reader_done(&r) ? HF_OK : HF_EINVAL;
	}
	if (rc == HF_EINVAL)
		hf__text_add(&q->why, "the page token is damaged or belongs to another query");
	if (rc != HF_OK || !inbox)
		return rc;
	*start = resumed ? hf__index_pass(hf__index_after(&inbox->tombs, probe, &after), &standing)
	                 : hf__index_first_pass(&inbox->tombs, &standing);
	return HF_OK;
}

static int copy_tomb(struct hf__query *q, const struct list *list, const struct hf__tomb *tomb,
                     struct hf_inbox_tombstone *out)
{
	out->key.user = list->user;
	out->dismissed = tomb->value.dismissed;
	out->dismissed_at = tomb->value.dismissed_at;
	out->until = hf__to_shown(tomb->value.until, q->setback);
	out->version = tomb->value.version;
	const int rc = hf__answer_bytes(q->answer, hf__tomb_account(tomb), &out->key.account);
	return rc == HF_OK ? hf__answer_bytes(q->answer, hf__tomb_thread(tomb), &out->key.thread) : rc;
}

/* The one of a key: it stands alone, so there is no page behind it. */
static int fill_one(struct hf__query *q, const struct list *list, const struct hf__inbox *inbox)
{
	const struct hf__tomb *tomb =
	    hf__tomb_find(inbox, hf__inbox_account(list->args->account), list->args->thread);
	struct hf_inbox_tombstone *item = hf__answer_alloc(q->answer, sizeof *item);
	if (!item)
		return HF_ENOMEM;
	list->out->items = item;
	list->out->count = tomb && hf__tomb_stands(tomb, q->mono);
	return list->out->count ? copy_tomb(q, list, tomb, item) : HF_OK;
}

static int put_token(struct hf__query *q, const struct list *list,
                     const struct hf_inbox_tombstone *last)
{
	struct hf__writer w = {0};
	hf__put_short(&w, last->key.account);
	hf__put_short(&w, last->key.thread);
	const int rc = w.bad ? HF_ENOMEM
	                     : hf__page_token(q->answer, list->query, hf_bytes_of(w.data, w.len),
	                                      &list->out->next);
	hf__writer_deinit(&w);
	return rc;
}

static int fill(struct hf__query *q, const struct list *list, const struct hf__index_node *node)
{
	const struct hf__index_filter standing = standing_at(q->mono);
	const size_t limit = list->args->limit;
	size_t count = 0;
	for (const struct hf__index_node *at = node; at && (limit == 0 || count < limit); count++)
		at = hf__index_pass(hf__index_next(at), &standing);
	struct hf_inbox_tombstone *items = hf__answer_alloc(q->answer, count * sizeof *items);
	if (!items)
		return HF_ENOMEM;
	for (size_t i = 0; i < count; i++, node = hf__index_pass(hf__index_next(node), &standing)) {
		const int rc = copy_tomb(q, list, hf__tomb_of_key(node), &items[i]);
		if (rc != HF_OK)
			return rc;
	}
	list->out->items = items;
	list->out->count = count;
	/* `node` is the first one of the next page. */
	return node && count > 0 ? put_token(q, list, &items[count - 1]) : HF_OK;
}

static int read_tombs(struct hf__query *q, void *raw)
{
	struct list *list = raw;
	const struct hf__index_node *start = NULL;
	const struct hf_inbox_list_tombstones_args *args = list->args;
	const struct hf_inbox_key key = {args->user, args->account, args->thread};
	struct hf__inbox_key checked;
	if (!(args->thread.len > 0 ? hf__inbox_key(&key, &checked, &q->why)
	                           : hf__inbox_user_ok(args->user, &q->why)))
		return HF_EINVAL;
	const struct hf__inbox *inbox = hf__inbox_find(q->state, args->user);
	hf__query_depends(q, hf__inbox_depends(q->state, inbox, args->user));
	int rc = hash_query(args, &list->query);
	if (rc == HF_OK)
		rc = hf__answer_bytes(q->answer, args->user, &list->user);
	if (rc == HF_OK)
		rc = find_start(q, list, inbox, &start);
	if (rc != HF_OK)
		return rc;
	return args->thread.len > 0 ? fill_one(q, list, inbox) : fill(q, list, start);
}

int hf_inbox_list_tombstones(hf_store *store, const struct hf_inbox_list_tombstones_args *args,
                             unsigned flags, struct hf_inbox_tombstone_page *out,
                             struct hf_error *error)
{
	HF__CALL;
	struct hf__answer answer;
	struct hf_inbox_tombstone_page page = {0};
	struct list list = {.args = args, .out = &page};
	memset(out, 0, sizeof *out);
	const int rc = hf__read(store, HF__DOMAIN_INBOX, read_tombs, &list, flags, &answer, error);
	if (rc != HF_OK)
		return rc;
	page.memory = hf__answer_give(&answer);
	if (!page.memory)
		return hf__fail(error, HF_ENOMEM, 0, "no memory for the answer");
	*out = page;
	return HF_OK;
}
