/* Reading inboxes. A load walks the ranges of the classes that are wanted, of all records or of
 * one account (inbox/walk.c), so that what is filtered out is skipped, not walked. */
#include "domains/common/read.h"
#include "domains/common/list.h"
#include "domains/common/objects.h"
#include "domains/inbox/inbox.h"

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
	out->version = record->object.changed;
	return hf__answer_payload(q->answer, &value->payload, &out->payload);
}

static int read_one(struct hf__query *q, const void *args, void *out)
{
	struct hf_inbox_got *got = out;
	struct hf__inbox_key key;
	struct hf_bytes user;
	if (!hf__inbox_key(args, &key, &q->why))
		return HF_EINVAL;
	const struct hf__inbox *inbox = hf__container_find(q->state, key.user);
	const struct hf__record *record = hf__record_find(inbox, key.account, key.thread);
	if (record) {
		hf__query_depends(q, &record->object);
		const int rc = hf__answer_bytes(q->answer, key.user, &user);
		return rc == HF_OK ? copy_record(q, record, user, &got->record) : rc;
	}
	hf__query_absent(q, hf__container_depends(q->state, inbox, key.user));
	hf__text_add(&q->why, "there is no record of ");
	hf__inbox_add_name(&q->why, &key);
	return HF_ENOTFOUND;
}

static const void *save_key(const void *raw, struct hf_bytes room[3], struct hf_bytes *sent)
{
	const struct hf_inbox_save_args *args = raw;
	room[0] = args->user;
	room[1] = args->records[0].account;
	room[2] = args->records[0].thread;
	*sent = args->records[0].payload;
	return room;
}

const struct hf__giving hf__inbox_giving = HF__GIVING(inbox_got, read_one, NULL);
const struct hf__giving hf__inbox_save_giving = HF__GIVING(inbox_got, read_one, save_key);

HF__GET(hf_inbox_get, const struct hf_inbox_key *key, key, inbox_got, HF__DOMAIN_INBOX, read_one);

/* --- Pages ------------------------------------------------------------------------------------ */

/* A list of records: the walk, and what its items need. */
struct page {
	const struct hf__inbox *inbox; /* NULL: never written to; then nothing is found */
	struct hf_bytes user; /* in the answer's memory */
	struct hf__inbox_filter filter; /* tags 0: the dismissed, by key */
	struct hf__inbox_walk walk;
};

static const void *next(void *ctx, const void *record)
{
	struct page *page = ctx;
	(void)record; /* the one that was taken last */
	return hf__inbox_walk_take(&page->walk);
}

static const void *first(void *ctx, const void *after)
{
	struct page *page = ctx;
	const struct hf__inbox_bound dismissed = {.view = HF__INBOX_BY_KEY,
	                                          .tags = HF__INBOX_DISMISSED};
	if (!page->inbox)
		return NULL;
	if (page->filter.tags == 0)
		hf__inbox_walk_range(&page->walk, page->inbox, &dismissed, after);
	else
		hf__inbox_walk_begin(&page->walk, page->inbox, &page->filter, after);
	return next(ctx, NULL);
}

static int copy_item(struct hf__query *q, const void *record, void *page, void *item)
{
	return copy_record(q, record, ((const struct page *)page)->user, item);
}

static int copy_item_key(struct hf__query *q, const void *record, void *page, void *item)
{
	return copy_key(q, record, ((const struct page *)page)->user, item);
}

/* A token holds all fields of the last item but its class. */
#define AT(kind_, name) \
	{ \
		.kind = (kind_), .at = offsetof(struct hf__inbox_position, name) \
	}
#define LIST(type, copy_) \
	{ \
		.item = sizeof(type), .position = sizeof(struct hf__inbox_position), \
		.token = {4, \
		          {AT(HF__FIELD_I64, snapshot_at), AT(HF__FIELD_F64, score), \
		           AT(HF__FIELD_PART, account), AT(HF__FIELD_PART, thread)}}, \
		.place = &hf__inbox_views[HF__INBOX_IN_LOAD_ORDER].fields, .foreign = HF__FOREIGN_QUERY, \
		.damaged = "the page token is damaged", .copy = (copy_), .first = first, .next = next \
	}

static const struct hf__list load_list = LIST(struct hf_inbox_record, copy_item);
static const struct hf__list dismissed_list = LIST(struct hf_inbox_key, copy_item_key);

static int read_page(struct hf__query *q, struct page *page, const char *operation,
                     struct hf__listing *list, void *to)
{
	struct hf__writer w = {0};
	if (!hf__inbox_user_ok(page->user, &q->why))
		return HF_EINVAL;
	page->inbox = hf__query_in(q, page->user);
	hf__put_short(&w, hf_str(operation));
	hf__put_short(&w, page->user);
	hf__put_short(&w, page->filter.account);
	hf__put_u8(&w, page->filter.tags);
	hf__put_u8(&w, page->filter.awake);
	list->ctx = page;
	int rc = hf__query_end(&w, &list->query);
	if (rc == HF_OK)
		rc = hf__answer_bytes(q->answer, page->user, &page->user);
	return rc == HF_OK ? hf__list_into(q, list, to) : rc;
}

/* --- Load ------------------------------------------------------------------------------------- */

static int read_load(struct hf__query *q, const void *raw, void *to)
{
	const struct hf_inbox_load_args *args = raw;
	struct hf_inbox_page *out = to;
	if (args->account.len > 0 && !hf__inbox_part_ok("account", args->account, &q->why))
		return HF_EINVAL;
	const uint8_t unread = args->unread_only ? HF__INBOX_UNREAD : HF__INBOX_ANY;
	const uint8_t live = args->without_dismissed ? HF__INBOX_NOT_DISMISSED : HF__INBOX_ANY;
	struct page page = {.user = args->user,
	                    .filter = {args->account, unread & live, args->without_snoozed, q->now}};
	struct hf__listing list = {.list = &load_list, .page = args->page, .limit = args->limit};
	struct hf__inbox_position after = {0};
	int rc = HF_OK;
	if (args->after) {
		after.snapshot_at = args->after->snapshot_at;
		after.score = args->after->score;
		after.account = args->after->account;
		after.thread = args->after->thread;
		list.after = &after;
		if (hf__score_nan(after.score)) {
			hf__query_refuses(q);
			return hf__refuse(&q->why, HF_EINVAL, "after: the score is not a number");
		}
		if (args->account.len > 0)
			rc = hf__after_fixed(q, "account", args->account, &after.account);
	}
	if (rc == HF_OK)
		rc = read_page(q, &page, "inbox load", &list, &out->items);
	out->generated_at = page.inbox ? page.inbox->value.generated_at : HF_UNSET;
	return rc;
}

HF__LIST(hf_inbox_load, inbox_load_args, inbox_page, HF__DOMAIN_INBOX, read_load);

/* --- Dismissed keys --------------------------------------------------------------------------- */

static int read_dismissed(struct hf__query *q, const void *raw, void *to)
{
	const struct hf_inbox_list_dismissed_args *args = raw;
	struct hf_inbox_key_page *out = to;
	struct page page = {.user = args->user};
	struct hf__listing list = {.list = &dismissed_list, .page = args->page, .limit = args->limit};
	struct hf__inbox_position after = {0};
	int rc = HF_OK;
	if (args->after) {
		struct hf_bytes user = args->after->user;
		rc = hf__after_fixed(q, "user", args->user, &user);
		after.account = args->after->account;
		after.thread = args->after->thread;
		list.after = &after;
	}
	return rc != HF_OK ? rc : read_page(q, &page, "inbox dismissed", &list, &out->items);
}

HF__LIST(hf_inbox_list_dismissed, inbox_list_dismissed_args, inbox_key_page, HF__DOMAIN_INBOX,
         read_dismissed);
