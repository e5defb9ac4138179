/* An inbox as the notification file it came from. Each record's payload is its text; what the
 * store has fields for overrules it, and only a value that is another now is spelled anew.
 * Records that the file had come in its order, then the others in load order; around them stands
 * the file's own text, if it was kept. */
#include "cli/call.h"
#include "files/format.h"

#include "print/text.h"

#include <math.h>

struct inbox_export {
	struct export *export;
	struct hf_bytes user;
	hf_time generated_at;
	bool any; /* there are records */
	struct hf_inbox_status status;
	struct keyset done; /* records that were written already */
	struct buffer text; /* of one record */
	uint64_t written;
};

static int out_of_memory(struct inbox_export *x)
{
	return cli_fail_with(x->export->cli, HF_ENOMEM, "out of memory");
}

static int cannot(struct inbox_export *x, struct hf_bytes thread, const char *why)
{
	struct buffer shown = {0};
	(void)buffer_shown(&shown, thread.data, thread.len, 60);
	const int rc = cli_fail_with(x->export->cli, HF_EINVAL,
	                             "the record of thread \"%s\" cannot stand in a notification file: "
	                             "%s; export it with --jsonl",
	                             shown.data ? shown.data : "", why);
	buffer_free(&shown);
	return rc;
}

/* --- One record ------------------------------------------------------------------------------- */

/* The record's fields as JSON, one text after the other. */
enum { THREAD, ACCOUNT, UNREAD, DISMISSED, SCORE, UPDATED_AT, FIELDS };

static void spell(const struct hf_inbox_record *record, struct buffer texts[FIELDS])
{
	char score[TEXT_REAL_SIZE];
	for (size_t i = 0; i < FIELDS; i++)
		buffer_clear(&texts[i]);
	text_real(record->score, score);
	json_put_string(&texts[THREAD], record->key.thread);
	json_put_string(&texts[ACCOUNT], record->key.account);
	buffer_text(&texts[UNREAD], record->unread ? "true" : "false");
	buffer_text(&texts[DISMISSED], record->dismissed ? "true" : "false");
	buffer_text(&texts[SCORE], score);
	if (record->updated_at == HF_UNSET)
		buffer_text(&texts[UPDATED_AT], "null");
	else
		inbox_put_time(&texts[UPDATED_AT], record->updated_at);
}

/* A member that is missing reads as its default, so one comparison decides for both whether
 * anything is to be written. */
static void put_record(struct inbox_export *x, const struct hf_inbox_record *record,
                       const struct json_object *object, const struct hf_inbox_input *text,
                       struct buffer texts[FIELDS])
{
	static const char *const names[FIELDS] = {"thread_id", "account_id", "unread",
	                                          "dismissed", "score",      "updated_at"};
	const bool same[FIELDS] = {
	    equal_bytes(record->key.thread, text->thread),
	    equal_bytes(record->key.account, text->account),
	    record->unread == text->unread,
	    record->dismissed == text->dismissed,
	    same_double(record->score, text->score),
	    record->updated_at == text->updated_at,
	};
	struct json_patch patches[FIELDS];
	spell(record, texts);
	for (size_t i = 0; i < FIELDS; i++) {
		patches[i] =
		    (struct json_patch){names[i], same[i] ? hf_bytes_of(NULL, 0) : buffer_bytes(&texts[i])};
		if (texts[i].failed)
			x->text.failed = true;
	}
	json_put_patched(&x->text, object, patches, FIELDS);
}

/* A payload that was never a file's may lack the thread: then all its fields come from the
 * store. */
static bool read_text(const struct fields *f, struct hf_inbox_input *out)
{
	const struct json_member *thread;
	if (!json_find(f->object, "thread_id", &thread, f->fault))
		return false;
	if (thread)
		return inbox_record_read(f, out);
	return field_key(f, "account_id", true, &out->account, NULL) &&
	       field_boolean(f, "unread", &out->unread) &&
	       field_boolean(f, "dismissed", &out->dismissed) && field_real(f, "score", &out->score) &&
	       field_time(f, "updated_at", &out->updated_at);
}

static int build_record(struct inbox_export *x, const struct hf_inbox_record *record)
{
	struct json_object object;
	struct json_fault fault = {0};
	struct field_texts texts = {0};
	struct buffer spelled[FIELDS] = {{0}};
	struct hf_inbox_input text = {.updated_at = HF_UNSET, .account = hf_str("primary")};
	const struct fields f = {.object = &object, .texts = &texts, .fault = &fault};
	int rc = CLI_OK;
	if (json_object_read(&object, record->payload, &fault) && read_text(&f, &text))
		put_record(x, record, &object, &text, spelled);
	else
		rc = cannot(x, record->key.thread, fault.what);
	json_object_free(&object);
	field_texts_free(&texts);
	for (size_t i = 0; i < FIELDS; i++)
		buffer_free(&spelled[i]);
	return rc == CLI_OK && x->text.failed ? out_of_memory(x) : rc;
}

static int export_record(struct inbox_export *x, const struct hf_inbox_record *record)
{
	const struct hf_inbox_key *key = &record->key;
	if (!text_is_utf8(key->thread.data, key->thread.len) ||
	    !text_is_utf8(key->account.data, key->account.len))
		return cannot(x, key->thread, "its key is no UTF-8");
	if (isinf(record->score))
		return cannot(x, key->thread, "its score is infinite");
	buffer_clear(&x->text);
	buffer_text(&x->text, x->written ? ",\n" : "\n");
	const int rc = build_record(x, record);
	if (rc != CLI_OK)
		return rc;
	x->written++;
	x->export->objects++;
	return sink_write(&x->export->sink, x->text.data, x->text.len);
}

/* --- The records ------------------------------------------------------------------------------ */

static int export_named(struct inbox_export *x, struct hf_bytes account, struct hf_bytes thread)
{
	const struct hf_inbox_key key = {.user = x->user, .account = account, .thread = thread};
	const struct hf_bytes parts[] = {account, thread};
	struct hf_inbox_got got = {0};
	struct hf_error error = {0};
	const int code = hf_inbox_get(x->export->cli->store, &key, 0, &got, &error);
	if (code == HF_ENOTFOUND)
		return CLI_OK; /* it went since */
	if (code != HF_OK)
		return cli_fail(x->export->cli, &error);
	int rc = CLI_OK;
	switch (keyset_add(&x->done, parts, 2)) {
	case KEYSET_NEW:
		rc = export_record(x, &got.record);
		break;
	case KEYSET_NO_MEMORY:
		rc = out_of_memory(x);
		break;
	case KEYSET_TWICE:
		break;
	}
	hf_release(got.memory);
	return rc;
}

/* The text around the list; empty when none was kept. */
static struct hf_bytes kept_frame(const struct inbox_export *x)
{
	const struct hf_bytes extra = x->status.extra;
	const char *stop = extra.len > 0 ? memchr(extra.data, '\0', extra.len) : NULL;
	return hf_bytes_of(extra.data, stop ? (size_t)(stop - (const char *)extra.data) : 0);
}

/* Up to the next NUL; *at moves behind it. */
static bool next_part(const char **at, const char *end, struct hf_bytes *out)
{
	const char *stop = *at < end ? memchr(*at, '\0', (size_t)(end - *at)) : NULL;
	if (!stop)
		return false;
	*out = hf_bytes_of(*at, (size_t)(stop - *at));
	*at = stop + 1;
	return out->len > 0;
}

/* What is kept beside the status: the text around the list, then the order of its records. */
static int export_ordered(struct inbox_export *x)
{
	struct hf_bytes account, thread;
	int rc = CLI_OK;
	if (x->status.extra.len == 0)
		return CLI_OK;
	const char *at = x->status.extra.data, *end = at + x->status.extra.len;
	at += kept_frame(x).len;
	at += at < end;
	while (rc == CLI_OK && next_part(&at, end, &account) && next_part(&at, end, &thread))
		rc = export_named(x, account, thread);
	return rc;
}

static int export_unless_done(void *ctx, const void *given)
{
	struct inbox_export *x = ctx;
	const struct hf_inbox_record *record = given;
	const struct hf_bytes parts[] = {record->key.account, record->key.thread};
	return keyset_has(&x->done, parts, 2) ? CLI_OK : export_record(x, record);
}

static int export_rest(struct inbox_export *x)
{
	struct hf_inbox_load_args args = {.user = x->user, .limit = 32};
	return call_each(x->export->cli, "hf_inbox_load", &args, export_unless_done, x);
}

/* --- Around them ------------------------------------------------------------------------------ */

/* The text around the list when no file's was kept, or it cannot be used. */
static void put_plain_frame(struct inbox_export *x, struct buffer *to)
{
	buffer_text(to, "{");
	if (x->generated_at != HF_UNSET) {
		json_put_name(to, "generated_at");
		inbox_put_time(to, x->generated_at);
	}
	json_put_name(to, "notifications");
	buffer_text(to, "[]");
	if (x->status.status.len) {
		json_put_name(to, "poller_status");
		json_put_bytes(to, x->status.status);
	}
	buffer_text(to, "}");
}

/* false: it cannot be used. */
static bool patch_frame(struct inbox_export *x, const struct fields *f, struct buffer *to)
{
	const struct json_member *status, *list;
	struct buffer time = {0};
	hf_time generated_at = HF_UNSET;
	if (!field_time(f, "generated_at", &generated_at) ||
	    !json_find(f->object, "poller_status", &status, f->fault) ||
	    !json_find(f->object, "notifications", &list, f->fault) || !list)
		return false;
	if (x->generated_at == HF_UNSET)
		buffer_text(&time, "null");
	else
		inbox_put_time(&time, x->generated_at);
	const struct hf_bytes there =
	    x->status.status.len || !status ? x->status.status : hf_str("null");
	const bool same_status = status ? equal_bytes(status->value, there) : there.len == 0;
	const struct json_patch patches[] = {
	    {"generated_at",
	     generated_at == x->generated_at ? hf_bytes_of(NULL, 0) : buffer_bytes(&time)},
	    {"poller_status", same_status ? hf_bytes_of(NULL, 0) : there},
	};
	json_put_patched(to, f->object, patches, sizeof patches / sizeof patches[0]);
	buffer_free(&time);
	return true;
}

static int build_frame(struct inbox_export *x, struct buffer *to)
{
	struct json_object object;
	struct json_fault fault = {0};
	struct field_texts texts = {0};
	const struct fields f = {.object = &object, .texts = &texts, .fault = &fault};
	const struct hf_bytes frame = kept_frame(x);
	bool good = false;
	if (frame.len > 0) {
		good = json_object_read(&object, frame, &fault) && patch_frame(x, &f, to);
		json_object_free(&object);
	}
	if (!good) {
		buffer_clear(to);
		put_plain_frame(x, to);
	}
	field_texts_free(&texts);
	return to->failed ? out_of_memory(x) : CLI_OK;
}

/* Where in the frame the records go, and how much text of it they stand instead of: none, between
 * the brackets of the list; or the null that stands for it. */
static bool find_list(const struct buffer *frame, size_t *at, size_t *instead_of)
{
	struct json_object object;
	struct json_fault fault;
	const struct json_member *list = NULL;
	const bool found = json_object_read(&object, buffer_bytes(frame), &fault) &&
	                   json_find(&object, "notifications", &list, &fault) && list;
	if (found) {
		const bool null = list->type == JSON_NULL;
		*at = (size_t)((const char *)list->value.data - frame->data) + (null ? 0 : 1);
		*instead_of = null ? list->value.len : 0;
	}
	json_object_free(&object);
	return found;
}

static int read_inbox(struct inbox_export *x)
{
	const struct hf_inbox_load_args first = {.user = x->user, .limit = 1};
	struct hf_inbox_page page = {0};
	struct hf_error error = {0};
	struct json_fault fault;
	if (hf_inbox_load(x->export->cli->store, &first, 0, &page, &error) != HF_OK)
		return cli_fail(x->export->cli, &error);
	x->generated_at = page.generated_at;
	x->any = page.count > 0;
	hf_release(page.memory);
	if (hf_inbox_get_status(x->export->cli->store, x->user, 0, &x->status, &error) != HF_OK)
		return cli_fail(x->export->cli, &error);
	if (x->status.status.len && !json_check(x->status.status, &fault))
		return cli_fail_with(x->export->cli, HF_EINVAL,
		                     "the inbox's status cannot stand in a notification file: it is no "
		                     "JSON; export it with --jsonl");
	return CLI_OK;
}

static int export_records(struct inbox_export *x)
{
	const int rc = export_ordered(x);
	return rc == CLI_OK ? export_rest(x) : rc;
}

static int export_all(struct inbox_export *x, struct buffer *frame)
{
	size_t at = 0, null = 0;
	int rc = build_frame(x, frame);
	if (rc == CLI_OK && !find_list(frame, &at, &null))
		rc = cli_fail_with(
		    x->export->cli, HF_EINVAL,
		    "the text kept around the list is no notification file; export with --jsonl");
	if (!x->any)
		null = 0; /* it may stay */
	if (rc == CLI_OK)
		rc = sink_write(&x->export->sink, frame->data, at);
	if (rc == CLI_OK && null)
		rc = sink_write(&x->export->sink, "[", 1);
	if (rc == CLI_OK)
		rc = export_records(x);
	if (rc == CLI_OK && null)
		rc = sink_write(&x->export->sink, "]", 1);
	at += null;
	if (rc == CLI_OK)
		rc = sink_write(&x->export->sink, frame->data + at, frame->len - at);
	return rc == CLI_OK ? sink_write(&x->export->sink, "\n", 1) : rc;
}

int export_inbox(struct export *export, struct hf_bytes user)
{
	struct inbox_export x = {.export = export, .user = user};
	struct buffer frame = {0};
	int rc = read_inbox(&x);
	if (rc == CLI_OK)
		rc = export_all(&x, &frame);
	hf_release(x.status.memory);
	keyset_free(&x.done);
	buffer_free(&x.text);
	buffer_free(&frame);
	return rc;
}
