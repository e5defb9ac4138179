/* Reading cursors. A list is one range of one view: the filters choose the view whose leading
 * fields they name, and within the range the order is the one the contract asks for. A page is
 * walked twice, once to count and once to fill, so that its items lie in one piece. */
#include "domains/common/read.h"
#include "domains/cursor/cursor.h"

/* What a list or lag asks for, and what it gives. Both pages are of the same make; `items` is
 * filled by the caller's routine. */
struct walk {
	struct hf__cursor_bound range;
	uint64_t query;
	size_t limit;
	const char *token;
	/* Found: */
	struct hf__page page;
	const struct hf__cursor *first;
	size_t count;
	bool more;
};

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
	out->version = cursor->value.version;
	return HF_OK;
}

static int read_one(struct hf__query *q, const void *args, void *out)
{
	struct hf_cursor_got *got = out;
	struct hf__cursor_position key;
	if (!hf__cursor_key(args, &key, &q->why))
		return HF_EINVAL;
	const struct hf__cursor *cursor = hf__cursor_find(q->state, &key);
	hf__query_depends(q, hf__cursor_depends(q->state, cursor, key.part[HF__STREAM]));
	if (cursor)
		return copy_cursor(q, cursor, &got->cursor);
	hf__text_add(&q->why, "there is no cursor of ");
	hf__cursor_add_name(&q->why, &key);
	return HF_ENOTFOUND;
}

static const struct hf__reading get_reading = {HF__DOMAIN_CURSOR, read_one,
                                               sizeof(struct hf_cursor_got),
                                               offsetof(struct hf_cursor_got, memory)};

int hf_cursor_get(hf_store *store, const struct hf_cursor_key *key, unsigned flags,
                  struct hf_cursor_got *out, struct hf_error *error)
{
	HF__CALL;
	return hf__read_into(store, &get_reading, key, flags, out, error);
}

/* --- Pages ------------------------------------------------------------------------------------ */

static bool filter_ok(struct hf__query *q, const char *name, struct hf_bytes part)
{
	if (hf__key_part_ok(part, true))
		return true;
	hf__text_add(&q->why, "%s must have at most %u bytes and no NUL", name, HF_KEY_MAX);
	return false;
}

static int hash_query(struct walk *walk, const char *operation, bool by_subject)
{
	struct hf__writer w = {0};
	hf__put_short(&w, hf_str(operation));
	hf__put_u8(&w, by_subject);
	for (unsigned i = 0; i < HF__CURSOR_PARTS; i++)
		hf__put_short(&w, walk->range.at.part[i]);
	walk->query = hf__query_hash(&w);
	const int rc = w.bad ? HF_ENOMEM : HF_OK;
	hf__writer_deinit(&w);
	return rc;
}

/* A position is all fields of the last item, so that the walk goes on behind it even when it is
 * gone by then. */
static int get_position(struct hf__query *q, struct hf_bytes bytes, struct hf__cursor_position *out)
{
	struct hf__reader r = hf__reader(bytes);
	for (unsigned i = 0; i < HF__CURSOR_PARTS; i++)
		out->part[i] = hf__get_short(&r);
	out->sequence = hf__get_i64(&r);
	if (hf__reader_done(&r))
		return HF_OK;
	hf__text_add(&q->why, "the page token is damaged");
	return HF_EINVAL;
}

static int put_token(struct hf__query *q, const struct walk *walk, const struct hf__cursor *last,
                     const char **next)
{
	*next = NULL;
	if (!walk->more)
		return HF_OK;
	struct hf__writer w = {0};
	const struct hf__cursor_position at = hf__cursor_position_of(last);
	for (unsigned i = 0; i < HF__CURSOR_PARTS; i++)
		hf__put_short(&w, at.part[i]);
	hf__put_i64(&w, at.sequence);
	const int rc = w.bad ? HF_ENOMEM
	                     : hf__page_token(q->answer, walk->query, hf_bytes_of(w.data, w.len), next);
	hf__writer_deinit(&w);
	return rc;
}

/* Finds the page: its first cursor, how many it has, whether more follow. */
static int find_page(struct hf__query *q, struct walk *walk)
{
	struct hf__cursor_position after;
	int rc = hf__page_open(q->answer, walk->token, walk->query, &walk->page);
	if (rc != HF_OK) {
		if (rc == HF_EINVAL)
			hf__text_add(&q->why, "the page token is damaged or belongs to another query");
		return rc;
	}
	const bool resumed = walk->page.after.len > 0;
	if (resumed)
		rc = get_position(q, walk->page.after, &after);
	if (rc != HF_OK)
		return rc;
	walk->first = hf__cursor_first(q->state, &walk->range, resumed ? &after : NULL);
	const struct hf__cursor *cursor = walk->first;
	for (walk->count = 0; cursor && (walk->limit == 0 || walk->count < walk->limit); walk->count++)
		cursor = hf__cursor_next(cursor, &walk->range);
	walk->more = cursor != NULL;
	return HF_OK;
}

/* Lists within a stream depend on that stream, others on all of them. */
static void depend_on_range(struct hf__query *q, const struct walk *walk)
{
	const struct hf__cursor_state *state = q->state;
	const struct hf_bytes stream = walk->range.at.part[HF__STREAM];
	hf__query_depends(q, stream.len > 0 ? hf__cursor_depends(state, NULL, stream) : &state->root);
}

/* --- List ------------------------------------------------------------------------------------- */

/* The view that begins with the fields that are given; each view's remaining fields are in the
 * order of the contract. */
static struct hf__cursor_bound range_of(bool consumer, bool stream, bool subject)
{
	if (consumer && subject && !stream)
		return (struct hf__cursor_bound){.view = HF__CURSOR_BY_CONSUMER_SUBJECT, .fields = 2};
	if (consumer)
		return (struct hf__cursor_bound){.view = HF__CURSOR_BY_CONSUMER,
		                                 .fields = 1u + stream + subject};
	if (subject && !stream)
		return (struct hf__cursor_bound){.view = HF__CURSOR_BY_SUBJECT, .fields = 1};
	return (struct hf__cursor_bound){.view = HF__CURSOR_BY_STREAM,
	                                 .fields = (unsigned)stream + subject};
}

static int plan_list(struct hf__query *q, const struct hf_cursor_list_args *args, struct walk *walk)
{
	const struct hf_bytes consumer = hf__trim(args->consumer), stream = hf__trim(args->stream),
	                      subject = hf__trim(args->subject);
	if (!filter_ok(q, "consumer", consumer) || !filter_ok(q, "stream", stream) ||
	    !filter_ok(q, "subject", subject))
		return HF_EINVAL;
	const bool by_subject = args->by_subject || subject.len > 0;
	walk->range = range_of(consumer.len > 0, stream.len > 0, by_subject);
	walk->range.at.part[HF__CONSUMER] = consumer;
	walk->range.at.part[HF__STREAM] = stream;
	walk->range.at.part[HF__SUBJECT] = subject;
	walk->limit = args->limit;
	walk->token = args->page;
	return hash_query(walk, "cursor list", by_subject);
}

static int fill_list(struct hf__query *q, const struct walk *walk, struct hf_cursor_page *out)
{
	struct hf_cursor *items = hf__answer_alloc(q->answer, walk->count * sizeof *items);
	if (!items)
		return HF_ENOMEM;
	const struct hf__cursor *cursor = walk->first, *last = NULL;
	for (size_t i = 0; i < walk->count; i++) {
		const int rc = copy_cursor(q, cursor, &items[i]);
		if (rc != HF_OK)
			return rc;
		last = cursor;
		cursor = hf__cursor_next(cursor, &walk->range);
	}
	out->items = items;
	out->count = walk->count;
	return put_token(q, walk, last, &out->next);
}

static int read_list(struct hf__query *q, const void *args, void *out)
{
	struct walk walk = {0};
	int rc = plan_list(q, args, &walk);
	if (rc == HF_OK)
		rc = find_page(q, &walk);
	if (rc != HF_OK)
		return rc;
	depend_on_range(q, &walk);
	return fill_list(q, &walk, out);
}

static const struct hf__reading list_reading = {HF__DOMAIN_CURSOR, read_list,
                                                sizeof(struct hf_cursor_page),
                                                offsetof(struct hf_cursor_page, memory)};

int hf_cursor_list(hf_store *store, const struct hf_cursor_list_args *args, unsigned flags,
                   struct hf_cursor_page *out, struct hf_error *error)
{
	HF__CALL;
	return hf__read_into(store, &list_reading, args, flags, out, error);
}

/* --- Lag -------------------------------------------------------------------------------------- */

static int plan_lag(struct hf__query *q, const struct hf_cursor_list_lag_args *args,
                    struct walk *walk)
{
	const struct hf_bytes stream = hf__trim(args->stream), subject = hf__trim(args->subject);
	if (!filter_ok(q, "stream", stream) || !filter_ok(q, "subject", subject))
		return HF_EINVAL;
	if (stream.len == 0 || args->head < 0) {
		hf__text_add(&q->why, stream.len == 0 ? "lag needs a stream" : "head must not be below 0");
		return HF_EINVAL;
	}
	const bool by_subject = args->by_subject || subject.len > 0;
	walk->range.view = by_subject ? HF__CURSOR_SLOWEST_ON_SUBJECT : HF__CURSOR_SLOWEST;
	walk->range.fields = by_subject ? 2 : 1;
	walk->range.at.part[HF__STREAM] = stream;
	walk->range.at.part[HF__SUBJECT] = subject;
	walk->limit = args->limit;
	walk->token = args->page;
	return hash_query(walk, "cursor lag", by_subject);
}

static int fill_lag(struct hf__query *q, const struct walk *walk, int64_t head,
                    struct hf_cursor_lag_page *out)
{
	struct hf_cursor_lag_item *items = hf__answer_alloc(q->answer, walk->count * sizeof *items);
	if (!items)
		return HF_ENOMEM;
	const struct hf__cursor *cursor = walk->first, *last = NULL;
	for (size_t i = 0; i < walk->count; i++) {
		const int rc = copy_cursor(q, cursor, &items[i].cursor);
		if (rc != HF_OK)
			return rc;
		items[i].lag = head - items[i].cursor.last_sequence; /* both are >= 0 */
		last = cursor;
		cursor = hf__cursor_next(cursor, &walk->range);
	}
	out->items = items;
	out->count = walk->count;
	return put_token(q, walk, last, &out->next);
}

static int read_lag(struct hf__query *q, const void *raw, void *out)
{
	const struct hf_cursor_list_lag_args *args = raw;
	struct walk walk = {0};
	int rc = plan_lag(q, args, &walk);
	if (rc == HF_OK)
		rc = find_page(q, &walk);
	if (rc != HF_OK)
		return rc;
	depend_on_range(q, &walk);
	return fill_lag(q, &walk, args->head, out);
}

static const struct hf__reading list_lag_reading = {HF__DOMAIN_CURSOR, read_lag,
                                                    sizeof(struct hf_cursor_lag_page),
                                                    offsetof(struct hf_cursor_lag_page, memory)};

int hf_cursor_list_lag(hf_store *store, const struct hf_cursor_list_lag_args *args, unsigned flags,
                       struct hf_cursor_lag_page *out, struct hf_error *error)
{
	HF__CALL;
	return hf__read_into(store, &list_lag_reading, args, flags, out, error);
}
