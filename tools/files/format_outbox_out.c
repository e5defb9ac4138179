/* A queue as the outbox file it came from: items in enqueue order, each in the text that was
 * kept beside it, if there is one. What the store says overrules the frame's text; where both
 * say the same, the text stays as it was spelled. */
#include "cli/call.h"
#include "files/format.h"

#include "print/text.h"

/* The fields as text, each followed by nothing. */
struct spelled {
	struct buffer status, attempts, enqueued_at;
};

struct queue_export {
	struct export *export;
	struct hf_bytes queue;
	struct buffer text; /* of one entry */
	struct spelled spelled;
};

static int too_little_memory(struct export *export)
{
	return cli_fail_with(export->cli, HF_ENOMEM, "out of memory");
}

/* A sentence about one item. */
static int cannot(struct queue_export *q, struct hf_bytes id, const char *why)
{
	struct buffer shown = {0};
	(void)buffer_shown(&shown, id.data, id.len, 60);
	const int rc =
	    cli_fail_with(q->export->cli, HF_EINVAL,
	                  "item \"%s\" cannot stand in an outbox file: %s; export it with --jsonl",
	                  shown.data ? shown.data : "", why);
	buffer_free(&shown);
	return rc;
}

/* --- One entry -------------------------------------------------------------------------------- */

static void spell(struct spelled *s, const struct hf_outbox_item *item)
{
	/* Who holds it does not go along. */
	const enum hf_outbox_status status =
	    item->status == HF_OUTBOX_FAILED ? HF_OUTBOX_FAILED : HF_OUTBOX_QUEUED;
	buffer_clear(&s->status);
	buffer_clear(&s->attempts);
	buffer_clear(&s->enqueued_at);
	json_put_string(&s->status, hf_str(outbox_status_name(status)));
	buffer_format(&s->attempts, "%u", item->attempts);
	outbox_put_milliseconds(&s->enqueued_at, item->enqueued_at);
}

static void put_plain(struct queue_export *q, const struct hf_outbox_item *item,
                      const struct spelled *s)
{
	buffer_text(&q->text, "{\"id\":");
	json_put_string(&q->text, item->id);
	buffer_text(&q->text, ",\"item\":");
	json_put_bytes(&q->text, item->payload);
	buffer_text(&q->text, ",\"status\":");
	json_put_bytes(&q->text, buffer_bytes(&s->status));
	buffer_text(&q->text, ",\"attempts\":");
	json_put_bytes(&q->text, buffer_bytes(&s->attempts));
	buffer_text(&q->text, ",\"enqueuedAt\":");
	json_put_bytes(&q->text, buffer_bytes(&s->enqueued_at));
	buffer_text(&q->text, "}");
}

/* false: what is kept beside the item is no entry's text. */
static bool put_framed(struct queue_export *q, const struct hf_outbox_item *item,
                       const struct spelled *s, struct hf_bytes frame)
{
	struct json_object object;
	struct json_fault fault = {0};
	struct field_texts texts = {0};
	struct outbox_entry entry;
	const struct fields f = {.object = &object, .texts = &texts, .fault = &fault};
	const enum hf_outbox_status status =
	    item->status == HF_OUTBOX_FAILED ? HF_OUTBOX_FAILED : HF_OUTBOX_QUEUED;
	const bool good = json_object_read(&object, frame, &fault) && outbox_entry_read(&f, &entry);
	if (good) {
		const struct json_patch patches[] = {
		    {"item", item->payload},
		    {"status", entry.status == status ? hf_bytes_of(NULL, 0) : buffer_bytes(&s->status)},
		    {"attempts",
		     entry.attempts == item->attempts ? hf_bytes_of(NULL, 0) : buffer_bytes(&s->attempts)},
		    {"enqueuedAt", entry.enqueued_at == item->enqueued_at ? hf_bytes_of(NULL, 0)
		                                                          : buffer_bytes(&s->enqueued_at)},
		};
		json_put_patched(&q->text, &object, patches, sizeof patches / sizeof patches[0]);
	}
	json_object_free(&object);
	field_texts_free(&texts);
	return good;
}

static int put_entry(struct queue_export *q, const struct hf_outbox_item *item, struct spelled *s)
{
	const size_t before = q->text.len;
	spell(s, item);
	if (item->extra.len == 0 || !put_framed(q, item, s, item->extra)) {
		q->text.len = before;
		put_plain(q, item, s);
	}
	return q->text.failed ? too_little_memory(q->export) : CLI_OK;
}

static int export_item(struct queue_export *q, const struct hf_outbox_item *item, struct spelled *s)
{
	struct json_fault fault;
	if (!text_is_utf8(item->id.data, item->id.len))
		return cannot(q, item->id, "its id is no UTF-8");
	if (!json_check(item->payload, &fault))
		return cannot(q, item->id, "its payload is no JSON");
	buffer_clear(&q->text);
	buffer_text(&q->text, q->export->objects ? ",\n" : "\n");
	const int rc = put_entry(q, item, s);
	if (rc != CLI_OK)
		return rc;
	q->export->objects++;
	return sink_write(&q->export->sink, q->text.data, q->text.len);
}

/* --- The queue -------------------------------------------------------------------------------- */

/* Payloads one by one: a page of them could be more than memory holds. */
static int export_by_id(void *ctx, const void *listed)
{
	struct queue_export *q = ctx;
	const struct hf_outbox_key key = {.queue = q->queue,
	                                  .id = ((const struct hf_outbox_item *)listed)->id};
	struct hf_outbox_got got = {0};
	struct hf_error error = {0};
	if (hf_outbox_get(q->export->cli->store, &key, 0, &got, &error) != HF_OK)
		return cli_fail(q->export->cli, &error);
	const int rc = export_item(q, &got.item, &q->spelled);
	hf_release(got.memory);
	return rc;
}

int export_outbox(struct export *export, struct hf_bytes queue)
{
	struct queue_export q = {.export = export, .queue = queue};
	struct hf_outbox_list_args args = {.queue = queue, .without_payload = true, .limit = 512};
	int rc = sink_write(&export->sink, "[", 1);
	if (rc == CLI_OK)
		rc = call_each(export->cli, "hf_outbox_list", &args, export_by_id, &q);
	if (rc == CLI_OK)
		rc = sink_write(&export->sink, "\n]\n", 3);
	buffer_free(&q.spelled.status);
	buffer_free(&q.spelled.attempts);
	buffer_free(&q.spelled.enqueued_at);
	buffer_free(&q.text);
	return rc;
}
