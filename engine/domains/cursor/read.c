/* Reading cursors. A list is one range of one view: the filters choose the view whose leading
 * fields they name, and within the range the order is the one the contract asks for. */
#include "domains/common/read.h"
#include "domains/common/list.h"
#include "domains/cursor/cursor.h"

/* --- One cursor ------------------------------------------------------------------------------- */

static int copy_cursor(struct hf__query *q, const struct hf__cursor *cursor, struct hf_cursor *out)
{
	const struct hf__cursor_position key = hf__cursor_position_of(cursor);
	const struct hf__cursor_image image = hf__cursor_image_of(cursor);
	const struct {
		struct hf_bytes from;
		struct hf_bytes *to;
	} copies[] = {
	    {key.part[HF__CONSUMER], &out->key.consumer}, {key.part[HF__STREAM], &out->key.stream},
	    {key.part[HF__SUBJECT], &out->key.subject},   {image.delivery_id, &out->last_delivery_id},
	    {image.last_error, &out->last_error},         {image.reset_reason, &out->reset_reason},
	};
	for (size_t i = 0; i < sizeof copies / sizeof copies[0]; i++) {
		const int rc = hf__answer_bytes(q->answer, copies[i].from, copies[i].to);
		if (rc != HF_OK)
			return rc;
	}
	out->last_sequence = image.last_sequence;
	out->last_delivered_at = image.last_delivered_at;
	out->error_count = image.error_count;
	out->updated_at = image.updated_at;
	out->reset_at = image.reset_at;
	out->version = cursor->object.changed;
	return HF_OK;
}

static int read_one(struct hf__query *q, const void *args, void *out)
{
	struct hf_cursor_got *got = out;
	struct hf__cursor_position key;
	if (!hf__cursor_key(args, &key, &q->why))
		return HF_EINVAL;
	const struct hf__cursor *cursor = hf__cursor_find(q->state, &key);
	if (cursor) {
		hf__query_depends(q, &cursor->object);
		return copy_cursor(q, cursor, &got->cursor);
	}
	hf__query_absent(q, hf__cursor_depends(q->state, NULL, key.part[HF__STREAM]));
	hf__text_add(&q->why, "there is no cursor of ");
	hf__cursor_add_name(&q->why, &key);
	return HF_ENOTFOUND;
}

HF__GET(hf_cursor_get, const struct hf_cursor_key *key, key, cursor_got, HF__DOMAIN_CURSOR,
        read_one);

static const void *put_key(const void *raw, struct hf_bytes room[3], struct hf_bytes *sent)
{
	const struct hf_cursor_put_args *args = raw;
	(void)room;
	(void)sent;
	return &args->cursor.key;
}

const struct hf__giving hf__cursor_giving = HF__GIVING(cursor_got, read_one, NULL);
const struct hf__giving hf__cursor_put_giving = HF__GIVING(cursor_got, read_one, put_key);

/* --- Pages ------------------------------------------------------------------------------------ */

static bool filter_ok(struct hf__query *q, const char *name, struct hf_bytes part)
{
	if (hf__key_part_ok(part, true))
		return true;
	hf__text_add(&q->why, "%s must have at most %u bytes and no NUL", name, HF_KEY_MAX);
	return false;
}

/* What a list or lag asks for. */
struct request {
	const char *operation;
	enum hf__cursor_view view;
	unsigned fields;
	bool by_subject;
	struct hf__cursor_position at;
	struct hf__cursor_position after; /* where it begins behind, if the listing says so */
};

static int copy_item(struct hf__query *q, const void *cursor, void *ctx, void *item)
{
	(void)ctx;
	return copy_cursor(q, cursor, item);
}

static int copy_lag(struct hf__query *q, const void *cursor, void *head, void *raw)
{
	struct hf_cursor_lag_item *item = raw;
	const int rc = copy_cursor(q, cursor, &item->cursor);
	if (rc == HF_OK)
		item->lag = *(const int64_t *)head - item->cursor.last_sequence; /* both are >= 0 */
	return rc;
}

/* Both pages are of the same make: a token holds all fields of the last item. */
#define AT(kind_, name) \
	{ \
		.kind = (kind_), .at = offsetof(struct hf__cursor_position, name) \
	}
#define LIST(type, copy_) \
	{ \
		.item = sizeof(type), .position = sizeof(struct hf__cursor_position), \
		.token = {4, \
		          {AT(HF__FIELD_PART, part[HF__CONSUMER]), AT(HF__FIELD_PART, part[HF__STREAM]), \
		           AT(HF__FIELD_PART, part[HF__SUBJECT]), AT(HF__FIELD_I64, sequence)}}, \
		.place = &hf__cursor_views[HF__CURSOR_SLOWEST].fields, .foreign = HF__FOREIGN_QUERY, \
		.damaged = "the page token is damaged", .copy = (copy_) \
	}

static const struct hf__list cursor_list = LIST(struct hf_cursor, copy_item);
static const struct hf__list lag_list = LIST(struct hf_cursor_lag_item, copy_lag);

/* What the list selects by may be empty in its position. */
static int fix_after(struct hf__query *q, struct request *request)
{
	static const char *const names[] = {
	    [HF__CONSUMER] = "consumer", [HF__STREAM] = "stream", [HF__SUBJECT] = "subject"};
	for (unsigned i = 0; i < HF__CURSOR_PARTS; i++) {
		struct hf_bytes *part = &request->after.part[i];
		const struct hf_bytes fixed = request->at.part[i];
		*part = hf__trim(*part);
		const bool selects = fixed.len > 0 || (i == HF__SUBJECT && request->by_subject);
		const int rc = selects ? hf__after_fixed(q, names[i], fixed, part) : HF_OK;
		if (rc != HF_OK)
			return rc;
	}
	return HF_OK;
}

/* Lists within a stream depend on that stream, others on all of them. */
static int read_range(struct hf__query *q, struct request *request, struct hf__listing *list,
                      bool after, void *page)
{
	const struct hf__cursor_state *state = q->state;
	const struct hf_bytes stream = request->at.part[HF__STREAM];
	struct hf__writer w = {0};
	hf__put_short(&w, hf_str(request->operation));
	hf__put_u8(&w, request->by_subject);
	for (unsigned i = 0; i < HF__CURSOR_PARTS; i++)
		hf__put_short(&w, request->at.part[i]);
	int rc = hf__query_end(&w, &list->query);
	if (rc == HF_OK && after)
		rc = fix_after(q, request);
	if (rc != HF_OK)
		return rc;
	list->after = after ? &request->after : NULL;
	list->range = (struct hf__range){
	    .index = &state->views[request->view], .fields = request->fields, .at = &request->at};
	list->depends = stream.len > 0 ? hf__cursor_depends(state, NULL, stream) : &state->streams.root;
	return hf__list_into(q, list, page);
}

/* --- List ------------------------------------------------------------------------------------- */

/* The view that begins with the fields that are given; each view's remaining fields are in the
 * order of the contract. */
static enum hf__cursor_view view_of(bool consumer, bool stream, bool subject)
{
	if (consumer)
		return subject && !stream ? HF__CURSOR_BY_CONSUMER_SUBJECT : HF__CURSOR_BY_CONSUMER;
	return subject && !stream ? HF__CURSOR_BY_SUBJECT : HF__CURSOR_BY_STREAM;
}

static int read_list(struct hf__query *q, const void *raw, void *to)
{
	const struct hf_cursor_list_args *args = raw;
	struct hf_cursor_page *out = to;
	const struct hf_bytes consumer = hf__trim(args->consumer), stream = hf__trim(args->stream),
	                      subject = hf__trim(args->subject);
	if (!filter_ok(q, "consumer", consumer) || !filter_ok(q, "stream", stream) ||
	    !filter_ok(q, "subject", subject))
		return HF_EINVAL;
	const bool by_subject = args->by_subject || subject.len > 0;
	struct request request = {
	    .operation = "cursor list",
	    .view = view_of(consumer.len > 0, stream.len > 0, by_subject),
	    .fields = (unsigned)(consumer.len > 0) + (stream.len > 0) + by_subject,
	    .by_subject = by_subject,
	    .at.part = {consumer, stream, subject},
	};
	if (args->after)
		request.after = (struct hf__cursor_position){
		    .part = {args->after->consumer, args->after->stream, args->after->subject}};
	struct hf__listing list = {.list = &cursor_list, .page = args->page, .limit = args->limit};
	return read_range(q, &request, &list, args->after != NULL, &out->items);
}

HF__LIST(hf_cursor_list, cursor_list_args, cursor_page, HF__DOMAIN_CURSOR, read_list);

/* --- Lag -------------------------------------------------------------------------------------- */

static int read_lag(struct hf__query *q, const void *raw, void *to)
{
	const struct hf_cursor_list_lag_args *args = raw;
	struct hf_cursor_lag_page *out = to;
	const struct hf_bytes stream = hf__trim(args->stream), subject = hf__trim(args->subject);
	if (!filter_ok(q, "stream", stream) || !filter_ok(q, "subject", subject))
		return HF_EINVAL;
	if (stream.len == 0 || args->head < 0)
		return hf__refuse(&q->why, HF_EINVAL,
		                  stream.len == 0 ? "lag needs a stream" : "head must not be below 0");
	const bool by_subject = args->by_subject || subject.len > 0;
	struct request request = {
	    .operation = "cursor lag",
	    .view = by_subject ? HF__CURSOR_SLOWEST_ON_SUBJECT : HF__CURSOR_SLOWEST,
	    .fields = 1u + by_subject,
	    .by_subject = by_subject,
	    .at.part = {[HF__STREAM] = stream, [HF__SUBJECT] = subject},
	};
	if (args->after)
		request.after = (struct hf__cursor_position){
		    .part = {[HF__CONSUMER] = args->after->consumer, [HF__SUBJECT] = args->after->subject},
		    .sequence = args->after->last_sequence};
	int64_t head = args->head;
	struct hf__listing list = {
	    .list = &lag_list, .ctx = &head, .page = args->page, .limit = args->limit};
	return read_range(q, &request, &list, args->after != NULL, &out->items);
}

HF__LIST(hf_cursor_list_lag, cursor_list_lag_args, cursor_lag_page, HF__DOMAIN_CURSOR, read_lag);
