/* Notification files: {generated_at, notifications: [...], poller_status?}. A record's text, as
 * it is written, becomes the payload of a record of the user's inbox; what the store has fields
 * for goes into these too. They are saved as a poller saves: records that the file does not name
 * stay, and what was dismissed stays dismissed. poller_status becomes the inbox's status.
 *
 * The first pass finds out what only the whole file says: its generated_at and status, which
 * may stand behind the list, and whether the list is in the order in which an inbox gives its
 * records. If not, the order is kept as part of the inbox's `extra`, as is the text around the
 * list when it is not what a writer would make: text, NUL, then for each record account, NUL,
 * thread, NUL. It lives as long as the inbox. */
#include "files/format.h"

#include "print/text.h"

#include <stdlib.h>

static const struct split_form form = {
    .member = "notifications",
    .noun = "notification",
    .what = "a notification file: a JSON object with a list \"notifications\""};

void inbox_put_time(struct buffer *to, hf_time time)
{
	char text[TEXT_TIME_SIZE];
	text_time(time, text);
	char *zeros = strstr(text, ".000000Z");
	if (zeros)
		memcpy(zeros, "Z", 2);
	buffer_format(to, "\"%s\"", text);
}

/* --- One record ------------------------------------------------------------------------------- */

bool inbox_record_read(const struct fields *f, struct hf_inbox_input *out)
{
	bool found;
	*out = (struct hf_inbox_input){.updated_at = HF_UNSET};
	f->fault->code = HF_OK;
	if (!field_key(f, "thread_id", false, &out->thread, &found))
		return false;
	if (!found)
		return json_refuse(f->fault, HF_EINVAL, 0, "has no \"thread_id\"");
	if (!field_key(f, "account_id", true, &out->account, NULL) ||
	    !field_boolean(f, "unread", &out->unread) ||
	    !field_boolean(f, "dismissed", &out->dismissed) || !field_real(f, "score", &out->score) ||
	    !field_time(f, "updated_at", &out->updated_at))
		return false;
	if (out->account.len == 0)
		out->account = hf_str("primary");
	return true;
}

static int compare_bytes(struct hf_bytes a, struct hf_bytes b)
{
	const size_t len = a.len < b.len ? a.len : b.len;
	const int order = len && a.data && b.data ? memcmp(a.data, b.data, len) : 0;
	return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* Notes the record as the one before the next, and whether it stands where load order has it.
 * Zeros of both signs are left to the store. */
static void note_order(struct import *import, const struct hf_inbox_input *record, bool first)
{
	struct buffer *previous = &import->previous;
	const size_t account_len = previous->data ? strlen(previous->data) : 0;
	bool ordered = first || import->previous_score > record->score;
	if (!ordered && same_double(import->previous_score, record->score)) {
		const int order = compare_bytes(hf_bytes_of(previous->data, account_len), record->account);
		const struct hf_bytes thread =
		    hf_bytes_of(previous->data + account_len + 1, previous->len - account_len - 2);
		ordered = order < 0 || (order == 0 && compare_bytes(thread, record->thread) < 0);
	}
	import->inbox.in_load_order = import->inbox.in_load_order && ordered;
	import->previous_score = record->score;
	buffer_clear(previous);
	json_put_bytes(previous, record->account);
	buffer_add(previous, "", 1);
	json_put_bytes(previous, record->thread);
	buffer_add(previous, "", 1);
}

/* --- The order -------------------------------------------------------------------------------- */

static void add_to_order(struct import *import, const struct hf_inbox_input *record)
{
	struct buffer *order = &import->order;
	json_put_bytes(order, record->account);
	buffer_add(order, "", 1);
	json_put_bytes(order, record->thread);
	buffer_add(order, "", 1);
}

/* --- Records ---------------------------------------------------------------------------------- */

static int load_notification(struct import *import, struct hf_inbox_input *record,
                             const struct piece *piece)
{
	record->payload = piece->text;
	if (import->load.pass == LOAD_CHECK)
		note_order(import, record, import->order.len == 0);
	if (import->load.pass == LOAD_CHECK || !import->inbox.in_load_order)
		add_to_order(import, record);
	if (import->order.failed)
		return load_fail(&import->load, HF_ENOMEM, "out of memory");
	return load_saved(&import->load, import->user, record, import->inbox.generated_at);
}

static int take_notification(void *ctx, const struct piece *piece)
{
	struct import *import = ctx;
	struct json_object object;
	struct json_fault fault = {0};
	struct field_texts texts = {0};
	struct hf_inbox_input record = {0};
	const struct fields f = {.object = &object, .texts = &texts, .fault = &fault};
	int rc;
	if (import_skips(import, piece))
		return CLI_OK;
	import->load.piece = piece;
	bool good = json_object_read(&object, piece->text, &fault) && inbox_record_read(&f, &record);
	if (good && piece->text.len > HF_PAYLOAD_MAX)
		good = json_refuse(&fault, HF_ETOOBIG, 0, "has %zu bytes; a payload has at most 16 MiB",
		                   piece->text.len);
	const struct hf_bytes parts[] = {record.account, record.thread};
	if (good && import_once(import, parts, 2, "is the second one of account and thread", &fault))
		rc = load_notification(import, &record, piece);
	else
		rc = split_fail(&import->input, import->cli, form.noun, piece, &fault);
	json_object_free(&object);
	field_texts_free(&texts);
	import->load.piece = NULL;
	return import_judged(import, piece, rc);
}

/* --- Around the list -------------------------------------------------------------------------- */

static bool named(const struct json_member *member, const char *name)
{
	return member->name.len == strlen(name) + 2 &&
	       memcmp((const char *)member->name.data + 1, name, strlen(name)) == 0;
}

/* Would a writer make the same of it? */
static bool frame_is_plain(const struct json_object *object, hf_time generated_at)
{
	static const char *const names[] = {"generated_at", "notifications", "poller_status"};
	struct buffer time = {0};
	bool plain = (object->count == 2 || object->count == 3) && generated_at != HF_UNSET;
	for (size_t i = 0; i < object->count && plain; i++)
		plain = named(&object->members[i], names[i]);
	plain = plain && object->members[1].type == JSON_ARRAY;
	inbox_put_time(&time, generated_at);
	plain = plain && !time.failed && object->members[0].value.len == time.len &&
	        memcmp(object->members[0].value.data, time.data, time.len) == 0;
	buffer_free(&time);
	return plain;
}

static bool keep_status(struct inbox_file *file, struct hf_bytes text, struct json_fault *fault)
{
	if (text.len > HF_INBOX_STATUS_MAX)
		return json_refuse(fault, HF_ETOOBIG, 0,
		                   "\"poller_status\" has %zu bytes; an inbox's status has at most 64 KiB",
		                   text.len);
	free(file->status);
	file->status = malloc(text.len);
	file->status_len = text.len;
	if (!file->status)
		return json_refuse(fault, HF_ENOMEM, 0, "is too much for the memory there is");
	memcpy(file->status, text.data, text.len);
	return true;
}

static bool read_frame(struct import *import, struct json_object *object, struct json_fault *fault)
{
	struct field_texts texts = {0};
	const struct fields f = {.object = object, .texts = &texts, .fault = fault};
	const struct json_member *status = NULL;
	struct inbox_file *file = &import->inbox;
	file->generated_at = HF_UNSET;
	bool good = json_object_read(object, buffer_bytes(&import->frame), fault) &&
	            field_time(&f, "generated_at", &file->generated_at) &&
	            json_find(object, "poller_status", &status, fault);
	if (good && status && status->type != JSON_NULL)
		good = keep_status(file, status->value, fault);
	file->plain = good && !(status && status->type == JSON_NULL) &&
	              frame_is_plain(object, file->generated_at);
	field_texts_free(&texts);
	return good;
}

/* The frame is known now, which in the later passes says nothing new. */
static int check_frame(struct import *import)
{
	struct json_object object = {0};
	struct json_fault fault = {0};
	int rc = CLI_OK;
	if (!read_frame(import, &object, &fault))
		rc = cli_fail_with(import->cli, fault.code, "%s: the object around the list %s",
		                   import->input.name, fault.what);
	json_object_free(&object);
	return rc;
}

static int load_extra(struct import *import, const struct hf_bytes *status)
{
	const struct inbox_file *file = &import->inbox;
	const struct hf_bytes frame = buffer_bytes(&import->frame),
	                      order = buffer_bytes(&import->order);
	struct buffer extra = {0};
	if (!file->plain)
		json_put_bytes(&extra, frame);
	if (!file->plain || !file->in_load_order)
		buffer_add(&extra, "", 1);
	if (!file->in_load_order)
		json_put_bytes(&extra, order);
	const int rc =
	    extra.failed ? load_fail(&import->load, HF_ENOMEM, "out of memory")
	                 : load_status(&import->load, import->user, status, buffer_bytes(&extra), true);
	buffer_free(&extra);
	return rc;
}

int import_inbox(struct import *import)
{
	const bool first = import->load.pass == LOAD_CHECK;
	const struct inbox_file *file = &import->inbox;
	import->load.noun = form.noun;
	buffer_clear(&import->order);
	if (first)
		import->inbox.in_load_order = true;
	int rc = first ? CLI_OK : load_generated_at(&import->load, import->user, file->generated_at);
	if (rc == CLI_OK)
		rc = split_list(&import->input, import->cli, &form, &import->frame, take_notification,
		                import);
	if (rc == CLI_OK && first)
		rc = check_frame(import);
	const struct hf_bytes status = hf_bytes_of(file->status, file->status_len);
	return rc == CLI_OK ? load_extra(import, file->status ? &status : NULL) : rc;
}
