/* Reading inboxes. A load walks the ranges of the classes that are wanted, of all records or of
 * one account (inbox/walk.c), so that what is filtered out is skipped, not walked. A page is
 * walked twice, once to count and once to fill, so that its items lie in one piece. */
#include "domains/common/read.h"
#include "domains/inbox/inbox.h"

struct walk {
	const struct hf__inbox *inbox; /* NULL: never written to; then nothing below is found */
	struct hf_bytes user;
	struct hf__inbox_filter filter; /* tags 0: the dismissed, by key */
	uint64_t query;
	size_t limit;
	const char *token;
	/* Found: */
	struct hf__inbox_walk from;
	size_t count;
	bool more;
};

/* --- One record ------------------------------------------------------------------------------- */

/* `user` lies in the answer already. */
static int copy_key(struct hf__query *q, const struct hf__record *record, struct hf_bytes user,
                    struct hf_inbox_key *out)
{
	out->user = user;
	const int rc = hf__answer_bytes(q->answer, hf__record_account(record), &out->account);
	return rc == HF_OK ? hf__answer_bytes(q->answer, hf__record_thread(record), &out->thread) : rc;
}

static int copy_record(struct hf__query *q, const struct hf__record *record, struct hf_bytes user,
                       struct hf_inbox_record *out)
{
	const struct hf__record_value *value = &record->value;
	const int rc = copy_key(q, record, user, &out->key);
	if (rc != HF_OK)
		return rc;
	out->unread = value->unread;
	out->dismissed = value->dismissed;
	out->score = value->score;
	out->updated_at = value->updated_at;
	out->snapshot_at = value->snapshot_at;
	out->seen_at = value->seen_at;
	out->read_at = value->read_at;
	out->dismissed_at = value->dismissed_at;
	out->snoozed_until = value->snoozed_until;
	out->saved = value->saved;
	out->version = value->version;
	return hf__answer_payload(q->answer, &value->payload, &out->payload);
}

static int read_one(struct hf__query *q, const void *args, void *out)
{
	struct hf_inbox_got *got = out;
	struct hf__inbox_key key;
	struct hf_bytes user;
	if (!hf__inbox_key(args, &key, &q->why))
		return HF_EINVAL;
	const struct hf__inbox *inbox = hf__inbox_find(q->state, key.user);
	const struct hf__record *record = hf__record_find(inbox, key.account, key.thread);
	if (record) {
		hf__query_depends(q, &record->object);
		const int rc = hf__answer_bytes(q->answer, key.user, &user);
		return rc == HF_OK ? copy_record(q, record, user, &got->record) : rc;
	}
	hf__query_depends(q, hf__inbox_depends(q->state, inbox, key.user));
	hf__text_add(&q->why, "there is no record of ");
	hf__inbox_add_name(&q->why, &key);
	return HF_ENOTFOUND;
}

static const struct hf__reading get_reading = {
    HF__DOMAIN_INBOX, read_one, sizeof(struct hf_inbox_got), offsetof(struct hf_inbox_got, memory)};

int hf_inbox_get(hf_store *store, const struct hf_inbox_key *key, unsigned flags,
                 struct hf_inbox_got *out, struct hf_error *error)
{
	HF__CALL;
	return hf__read_into(store, &get_reading, key, flags, out, error);
}

/* --- Pages ------------------------------------------------------------------------------------ */

/* Finds the inbox and ties the token to the query. */
static int plan(struct hf__query *q, struct walk *walk, const char *operation)
{
	struct hf__writer w = {0};
	if (!hf__inbox_user_ok(walk->user, &q->why))
		return HF_EINVAL;
	walk->inbox = hf__inbox_find(q->state, walk->user);
	hf__query_depends(q, hf__inbox_depends(q->state, walk->inbox, walk->user));
	hf__put_short(&w, hf_str(operation));
	hf__put_short(&w, walk->user);
	hf__put_short(&w, walk->filter.account);
	hf__put_u8(&w, walk->filter.tags);
	hf__put_u8(&w, walk->filter.awake);
	walk->query = hf__query_hash(&w);
	int rc = w.bad ? HF_ENOMEM : HF_OK;
	hf__writer_deinit(&w);
	if (rc == HF_OK)
		rc = hf__answer_bytes(q->answer, walk->user, &walk->user);
	return rc;
}

/* A position is all fields of the last item, so that the walk goes on behind it even when it is
 * gone by then. */
static int get_position(struct hf__query *q, struct hf_bytes bytes, struct hf__inbox_position *out)
{
	struct hf__reader r = hf__reader(bytes);
	out->class = 0;
	out->snapshot_at = hf__get_i64(&r);
	out->score = hf__get_f64(&r);
	out->account = hf__get_short(&r);
	out->thread = hf__get_short(&r);
	if (hf__reader_done(&r))
		return HF_OK;
	hf__text_add(&q->why, "the page token is damaged");
	return HF_EINVAL;
}

static int put_token(struct hf__query *q, const struct walk *walk, const struct hf__record *last,
                     const char **next)
{
	*next = NULL;
	if (!walk->more)
		return HF_OK;
	struct hf__writer w = {0};
	const struct hf__inbox_position at = hf__record_position(last);
	hf__put_i64(&w, at.snapshot_at);
	hf__put_f64(&w, at.score);
	hf__put_short(&w, at.account);
	hf__put_short(&w, at.thread);
	const int rc = w.bad ? HF_ENOMEM
	                     : hf__page_token(q->answer, walk->query, hf_bytes_of(w.data, w.len), next);
	hf__writer_deinit(&w);
	return rc;
}

static void begin(struct walk *walk, const struct hf__inbox_position *after)
{
	const struct hf__inbox_bound dismissed = {.view = HF__INBOX_BY_KEY,
	                                          .tags = HF__INBOX_DISMISSED};
	if (walk->filter.tags == 0)
		hf__inbox_walk_range(&walk->from, walk->inbox, &dismissed, after);
	else
		hf__inbox_walk_begin(&walk->from, walk->inbox, &walk->filter, after);
}

/* Finds the page: where it begins, how many records it has, whether more follow. */
static int find_page(struct hf__query *q, struct walk *walk)
{
	struct hf__page page;
	struct hf__inbox_position after;
	int rc = hf__page_open(q->answer, walk->token, walk->query, &page);
	if (rc == HF_EINVAL)
		hf__text_add(&q->why, "the page token is damaged or belongs to another query");
	const bool resumed = rc == HF_OK && page.after.len > 0;
	if (resumed)
		rc = get_position(q, page.after, &after);
	if (rc != HF_OK || !walk->inbox)
		return rc;
	begin(walk, resumed ? &after : NULL);
	struct hf__inbox_walk at = walk->from;
	while ((walk->limit == 0 || walk->count < walk->limit) && hf__inbox_walk_take(&at))
		walk->count++;
	walk->more = !hf__inbox_walk_ended(&at);
	return HF_OK;
}

/* --- Load ------------------------------------------------------------------------------------- */

static int plan_load(struct hf__query *q, const struct hf_inbox_load_args *args, struct walk *walk)
{
	if (args->account.len > 0 && !hf__inbox_part_ok("account", args->account, &q->why))
		return HF_EINVAL;
	const uint8_t unread = args->unread_only ? HF__INBOX_UNREAD : HF__INBOX_ANY;
	const uint8_t live = args->without_dismissed ? HF__INBOX_NOT_DISMISSED : HF__INBOX_ANY;
	*walk = (struct walk){.user = args->user, .limit = args->limit, .token = args->page};
	walk->filter =
	    (struct hf__inbox_filter){args->account, unread & live, args->without_snoozed, q->now};
	return plan(q, walk, "inbox load");
}

static int fill_load(struct hf__query *q, const struct walk *walk, struct hf_inbox_page *out)
{
	struct hf_inbox_record *items = hf__answer_alloc(q->answer, walk->count * sizeof *items);
	if (!items)
		return HF_ENOMEM;
	struct hf__inbox_walk at = walk->from;
	const struct hf__record *last = NULL;
	for (size_t i = 0; i < walk->count; i++) {
		last = hf__inbox_walk_take(&at);
		const int rc = copy_record(q, last, walk->user, &items[i]);
		if (rc != HF_OK)
			return rc;
	}
	out->generated_at = walk->inbox ? walk->inbox->value.generated_at : HF_UNSET;
	out->items = items;
	out->count = walk->count;
	return put_token(q, walk, last, &out->next);
}

static int read_load(struct hf__query *q, const void *args, void *out)
{
	struct walk walk;
	int rc = plan_load(q, args, &walk);
	if (rc == HF_OK)
		rc = find_page(q, &walk);
	return rc == HF_OK ? fill_load(q, &walk, out) : rc;
}

static const struct hf__reading load_reading = {HF__DOMAIN_INBOX, read_load,
                                                sizeof(struct hf_inbox_page),
                                                offsetof(struct hf_inbox_page, memory)};

int hf_inbox_load(hf_store *store, const struct hf_inbox_load_args *args, unsigned flags,
                  struct hf_inbox_page *out, struct hf_error *error)
{
	HF__CALL;
	return hf__read_into(store, &load_reading, args, flags, out, error);
}

/* --- Dismissed keys --------------------------------------------------------------------------- */

static int fill_keys(struct hf__query *q, const struct walk *walk, struct hf_inbox_key_page *out)
{
	struct hf_inbox_key *items = hf__answer_alloc(q->answer, walk->count * sizeof *items);
	if (!items)
		return HF_ENOMEM;
	struct hf__inbox_walk at = walk->from;
	const struct hf__record *last = NULL;
	for (size_t i = 0; i < walk->count; i++) {
		last = hf__inbox_walk_take(&at);
		const int rc = copy_key(q, last, walk->user, &items[i]);
		if (rc != HF_OK)
			return rc;
	}
	out->items = items;
	out->count = walk->count;
	return put_token(q, walk, last, &out->next);
}

static int read_dismissed(struct hf__query *q, const void *raw, void *out)
{
	const struct hf_inbox_list_dismissed_args *args = raw;
	struct walk walk = {.user = args->user, .limit = args->limit, .token = args->page};
	int rc = plan(q, &walk, "inbox dismissed");
	if (rc == HF_OK)
		rc = find_page(q, &walk);
	return rc == HF_OK ? fill_keys(q, &walk, out) : rc;
}

static const struct hf__reading list_dismissed_reading = {
    HF__DOMAIN_INBOX, read_dismissed, sizeof(struct hf_inbox_key_page),
    offsetof(struct hf_inbox_key_page, memory)};

int hf_inbox_list_dismissed(hf_store *store, const struct hf_inbox_list_dismissed_args *args,
                            unsigned flags, struct hf_inbox_key_page *out, struct hf_error *error)
{
	HF__CALL;
	return hf__read_into(store, &list_dismissed_reading, args, flags, out, error);
}
