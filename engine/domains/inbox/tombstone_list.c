/* Tombstones as callers see them: one put or lifted by itself (imports, migrations, second
 * thoughts), and the list of those that stand. What stands is judged by the store's clock, so
 * that logging an ending changes no answer. */
#include "domains/common/list.h"
#include "domains/common/objects.h"
#include "domains/common/read.h"
#include "domains/common/verb.h"
#include "domains/inbox/inbox.h"

/* --- Putting and lifting one ------------------------------------------------------------------ */

static int put_check(const void *raw, struct hf__text *why)
{
	const struct hf_inbox_put_tombstone_args *args = raw;
	struct hf__inbox_key key;
	if (!hf__inbox_key(&args->key, &key, why))
		return HF_EINVAL;
	if (args->dismissed || hf__given(&args->write, args->dismissed_at) == HF_UNSET)
		return HF_OK;
	return hf__refuse(why, HF_EINVAL,
	                  "a tombstone that is not of a dismissed record has a dismissed_at");
}

/* What stands there, and what the answer depends on. */
static int look(const struct hf__inbox_state *s, struct hf__decision *d,
                const struct hf_inbox_put_tombstone_args *args, struct hf__inbox_key *key,
                const struct hf__tomb **standing)
{
	if (!hf__inbox_key(&args->key, key, &d->why))
		return HF_EINVAL; /* checked before: not reached */
	const struct hf__inbox *inbox = hf__container_find(s, key->user);
	const struct hf__tomb *tomb = hf__tomb_find(inbox, key->account, key->thread);
	if (tomb)
		hf__depends(d, &tomb->object);
	else
		hf__depends(d, hf__container_depends(s, inbox, key->user));
	*standing = tomb && hf__tomb_stands(tomb, d->mono) ? tomb : NULL;
	int rc = HF_OK;
	if (hf__record_find(inbox, key->account, key->thread))
		rc = hf__refuse(&d->why, HF_ECONFLICT, "there is a record");
	else
		rc = hf__expect(d, args->write.expect, *standing ? (*standing)->value.version : 0);
	if (rc != HF_OK) {
		hf__text_add(&d->why, ": ");
		hf__inbox_add_name(&d->why, key);
	}
	return rc;
}

static int emit_one(struct hf__decision *d, const struct hf__inbox_key *key,
                    const struct hf__tomb_value *value)
{
	struct hf__writer *body = hf__entry_body(d);
	hf__inbox_put_head(body, HF__INBOX_CAUSE_TOMBSTONE, key->user, 1);
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
	hf__changed(result, stands ? hf__next_lsn(d) : 0);
	return emit_one(d, &key, stands ? &value : NULL);
}

HF__MUTATION(hf_inbox_put_tombstone, inbox_put_tombstone_args, hf__run, "inbox put_tombstone",
             HF__DOMAIN_INBOX, .check = put_check, .decide = put_decide);

/* --- The list --------------------------------------------------------------------------------- */

/* `user` lies in the answer already. */
static int copy_tomb(struct hf__query *q, const void *raw, void *user, void *item)
{
	const struct hf__tomb *tomb = raw;
	struct hf_inbox_tombstone *out = item;
	out->key.user = *(const struct hf_bytes *)user;
	out->dismissed = tomb->value.dismissed;
	out->dismissed_at = tomb->value.dismissed_at;
	out->until = hf__to_shown(tomb->value.until, q->setback);
	out->version = tomb->value.version;
	const int rc = hf__answer_bytes(q->answer, hf__tomb_account(tomb), &out->key.account);
	return rc == HF_OK ? hf__answer_bytes(q->answer, hf__tomb_thread(tomb), &out->key.thread) : rc;
}

#define AT(name) \
	{ \
		.kind = HF__FIELD_PART, .at = offsetof(struct hf__inbox_key, name) \
	}

static const struct hf__list tombstone_list = {
    .item = sizeof(struct hf_inbox_tombstone),
    .position = sizeof(struct hf__inbox_key),
    .token = {2, {AT(account), AT(thread)}},
    .foreign = HF__FOREIGN_QUERY,
    .copy = copy_tomb,
};

static int hash_query(const struct hf_inbox_list_tombstones_args *args, uint64_t *query)
{
	struct hf__writer w = {0};
	hf__put_short(&w, hf_str("inbox tombstones"));
	hf__put_short(&w, args->user);
	hf__put_short(&w, args->thread.len > 0 ? hf__inbox_account(args->account) : args->thread);
	hf__put_short(&w, args->thread);
	return hf__query_end(&w, query);
}

static int read_tombs(struct hf__query *q, const void *raw, void *to)
{
	const struct hf_inbox_list_tombstones_args *args = raw;
	struct hf_inbox_tombstone_page *out = to;
	const bool one = args->thread.len > 0;
	const struct hf_inbox_key key = {args->user, args->account, args->thread};
	struct hf__inbox_key at;
	if (!(one ? hf__inbox_key(&key, &at, &q->why) : hf__inbox_user_ok(args->user, &q->why)))
		return HF_EINVAL;
	const struct hf__inbox *inbox = hf__query_in(q, args->user);
	/* Those that stand now: a bound on the weight, and exact. */
	const struct hf__index_filter standing = {.low = q->mono + 1, .high = INT64_MAX};
	struct hf_bytes user;
	struct hf__listing list = {
	    .list = &tombstone_list, .ctx = &user, .page = args->page, .limit = args->limit};
	struct hf__inbox_key after = {0};
	int rc = hash_query(args, &list.query);
	if (rc == HF_OK && args->after) {
		after =
		    (struct hf__inbox_key){args->after->user, args->after->account, args->after->thread};
		list.after = &after;
		rc = hf__after_fixed(q, "user", args->user, &after.user);
	}
	if (rc == HF_OK)
		rc = hf__answer_bytes(q->answer, args->user, &user);
	if (rc != HF_OK)
		return rc;
	list.range = (struct hf__range){.index = inbox ? &inbox->tombs : NULL, .filter = &standing};
	if (one) { /* the range of its key, on which there is no page to go on */
		list.range.fields = 2;
		list.range.at = &at;
		list.limit = 0;
	}
	return hf__list_into(q, &list, &out->items);
}

HF__LIST(hf_inbox_list_tombstones, inbox_list_tombstones_args, inbox_tombstone_page,
         HF__DOMAIN_INBOX, read_tombs);
