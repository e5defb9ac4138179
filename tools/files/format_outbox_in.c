/* Outbox files: an array of {id, item, status, attempts, enqueuedAt}. An entry's item, as it is
 * written, becomes the payload of an item of the queue; what was `sending` when the file was
 * written is queued, since no worker holds it any more. An entry that is not what a writer would
 * make of these fields (other members, another order, a number spelled otherwise) has its text,
 * with 0 in the place of the item, kept as the item's `extra`: it lives and dies with the item. */
#include "files/format.h"

static const struct split_form form = {.noun = "entry",
                                       .what = "an outbox file: a JSON array of entries"};

/* --- One entry -------------------------------------------------------------------------------- */

const char *outbox_status_name(enum hf_outbox_status status)
{
	static const char *const names[] = {"any", "queued", "sending", "failed"};
	return names[status];
}

void outbox_put_milliseconds(struct buffer *to, hf_time time)
{
	const int64_t whole = time / 1000, rest = time % 1000;
	if (rest == 0) {
		buffer_format(to, "%lld", (long long)whole);
		return;
	}
	char digits[8];
	size_t len = (size_t)snprintf(digits, sizeof digits, "%03d", rest < 0 ? (int)-rest : (int)rest);
	while (digits[len - 1] == '0')
		len--;
	buffer_format(to, "%s%lld.%.*s", time < 0 && whole == 0 ? "-" : "", (long long)whole, (int)len,
	              digits);
}

static bool read_status(const struct fields *f, enum hf_outbox_status *out)
{
	struct hf_bytes text;
	bool found;
	*out = HF_OUTBOX_QUEUED;
	if (!field_string(f, "status", &text, &found) || !found)
		return f->fault->code == HF_OK;
	for (enum hf_outbox_status status = HF_OUTBOX_QUEUED; status <= HF_OUTBOX_FAILED; status++)
		if (strcmp(text.data, outbox_status_name(status)) == 0 && strlen(text.data) == text.len) {
			*out = status;
			return true;
		}
	return json_refuse(f->fault, HF_EINVAL, 0,
	                   "is wrong: \"status\" is not one of queued, sending, failed");
}

static bool is_text(struct hf_bytes written, const struct buffer *canonical)
{
	return !canonical->failed && written.len == canonical->len &&
	       memcmp(written.data, canonical->data, written.len) == 0;
}

/* Are its members these, in this order, with a status, and with numbers as a writer spells them? */
static bool is_plain(const struct json_object *object, const struct outbox_entry *entry)
{
	static const char *const names[] = {"\"id\"", "\"item\"", "\"status\"", "\"attempts\"",
	                                    "\"enqueuedAt\""};
	struct buffer attempts = {0}, enqueued_at = {0};
	bool plain = object->count == 5;
	for (size_t i = 0; i < 5 && plain; i++)
		plain = object->members[i].name.len == strlen(names[i]) &&
		        memcmp(object->members[i].name.data, names[i], strlen(names[i])) == 0;
	buffer_format(&attempts, "%u", entry->attempts);
	outbox_put_milliseconds(&enqueued_at, entry->enqueued_at);
	plain = plain && object->members[2].type == JSON_STRING &&
	        is_text(object->members[3].value, &attempts) &&
	        is_text(object->members[4].value, &enqueued_at);
	buffer_free(&attempts);
	buffer_free(&enqueued_at);
	return plain;
}

bool outbox_entry_read(const struct fields *f, struct outbox_entry *out)
{
	const struct json_member *item;
	bool found;
	*out = (struct outbox_entry){0};
	f->fault->code = HF_OK;
	if (!field_key(f, "id", false, &out->id, &found))
		return false;
	if (!found)
		return json_refuse(f->fault, HF_EINVAL, 0, "has no \"id\"");
	if (!json_find(f->object, "item", &item, f->fault))
		return false;
	if (!item)
		return json_refuse(f->fault, HF_EINVAL, 0, "has no \"item\"");
	out->item = item->value;
	if (!read_status(f, &out->status) || !field_u32(f, "attempts", &out->attempts) ||
	    !field_milliseconds(f, "enqueuedAt", &out->enqueued_at))
		return false;
	if (out->item.len > HF_PAYLOAD_MAX)
		return json_refuse(f->fault, HF_ETOOBIG, 0,
		                   "is too big: its item has %zu bytes; a payload has at most 16 MiB",
		                   out->item.len);
	out->plain = is_plain(f->object, out);
	return true;
}

/* --- Importing -------------------------------------------------------------------------------- */

static int load_entry(struct import *import, const struct json_object *object,
                      const struct outbox_entry *entry)
{
	const struct json_patch without_item = {.name = "item", .text = {"0", 1}};
	struct buffer frame = {0};
	if (!entry->plain)
		json_put_patched(&frame, object, &without_item, 1);
	const struct hf_outbox_item item = {
	    .queue = import->queue,
	    .id = entry->id,
	    .payload = entry->item,
	    .status = entry->status == HF_OUTBOX_FAILED ? HF_OUTBOX_FAILED : HF_OUTBOX_QUEUED,
	    .attempts = entry->attempts,
	    .enqueued_at = entry->enqueued_at,
	    /* A client whose clock was ahead did not mean to delay it. */
	    .available_at = entry->enqueued_at < import->now ? entry->enqueued_at : import->now,
	    .extra = buffer_bytes(&frame),
	};
	const int rc = frame.failed ? load_fail(&import->load, HF_ENOMEM, "out of memory")
	                            : load_item(&import->load, &item, false);
	buffer_free(&frame);
	return rc;
}

static int take_entry(void *ctx, const struct piece *piece)
{
	struct import *import = ctx;
	struct json_object object;
	struct json_fault fault = {0};
	struct field_texts texts = {0};
	struct outbox_entry entry;
	const struct fields f = {.object = &object, .texts = &texts, .fault = &fault};
	int rc;
	if (import_skips(import, piece))
		return CLI_OK;
	import->load.piece = piece;
	if (json_object_read(&object, piece->text, &fault) && outbox_entry_read(&f, &entry) &&
	    import_once(import, &entry.id, 1, "is the second one of id", &fault))
		rc = load_entry(import, &object, &entry);
	else
		rc = split_fail(&import->input, import->cli, form.noun, piece, &fault);
	json_object_free(&object);
	field_texts_free(&texts);
	import->load.piece = NULL;
	return import_judged(import, piece, rc);
}

int import_outbox(struct import *import)
{
	import->load.noun = form.noun;
	return split_list(&import->input, import->cli, &form, &import->frame, take_entry, import);
}
