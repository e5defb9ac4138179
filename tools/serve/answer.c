/* What calls give, as answers: see command.h. A struct is a map of its members in the order of its
 * table. What has no value is null; numbers of 64 bits that are no counts are decimal text. */
#include "serve/command.h"

#include <stdio.h>

/* --- Members ---------------------------------------------------------------------------------- */

static bool is_shown(const struct hf_api_struct *of, const struct hf_api_member *member)
{
	const bool counts = member > of->members && member[-1].type == HF_API_MANY;
	return !counts && member->type != HF_API_SIZE && member->type != HF_API_MEMORY &&
	       member->type != HF_API_FUNCTION && member->type != HF_API_CONTEXT;
}

/* A struct in another is shown as if its members were those of the other, unless the other has
 * several of that kind. */
static bool is_flat(const struct hf_api_struct *of, const struct hf_api_member *member)
{
	unsigned alike = 0;
	if (member->type != HF_API_STRUCT)
		return false;
	for (const struct hf_api_member *other = of->members; other->name; other++)
		alike += other->of == member->of;
	return alike == 1 && member->elements == 0;
}

size_t reply_members_count(const struct hf_api_struct *of)
{
	size_t count = 0;
	for (const struct hf_api_member *member = of->members; member->name; member++)
		if (is_shown(of, member))
			count += is_flat(of, member) ? reply_members_count(member->of) : 1;
	return count;
}

static void reply_number(struct reply *reply, const struct hf_api_member *member, const char *at)
{
	const struct row row = {member, NULL, 0};
	const int64_t value = row_number(&row, at);
	char words[256];
	switch (member->type) {
	case HF_API_BOOL:
		reply_bool(reply, value != 0);
		return;
	case HF_API_ENUM:
		reply_text(reply, row_word(member, value));
		return;
	case HF_API_FLAGS:
		row_flags_text(member, value, words, sizeof words);
		for (char *letter = words; *letter; letter++)
			*letter = *letter == '-' ? '_' : *letter;
		reply_text(reply, words);
		return;
	case HF_API_TIME:
		if (value == HF_UNSET)
			reply_null(reply);
		else
			reply_i64(reply, value);
		return;
	case HF_API_LSN:
	case HF_API_TOKEN:
		if (value == 0)
			reply_null(reply);
		else
			reply_u64(reply, (uint64_t)value);
		return;
	case HF_API_SPAN:
	case HF_API_WAIT:
		reply_i64(reply, value);
		return;
	case HF_API_INT:
		if (member->size == sizeof(int64_t))
			reply_i64(reply, value);
		else
			reply_integer(reply, value);
		return;
	default: /* a count, but for a checksum, and what is larger than a count can be */
		if (value < 0 || strcmp(member->name, "checksum") == 0)
			reply_u64(reply, (uint64_t)value);
		else
			reply_integer(reply, value);
	}
}

static void reply_hex(struct reply *reply, const char *at, size_t len)
{
	char text[2 * 64 + 1] = "";
	for (size_t i = 0; i < len && i < 64; i++)
		(void)snprintf(text + 2 * i, 3, "%02x", (unsigned)(unsigned char)at[i]);
	reply_text(reply, text);
}

static void reply_value(struct reply *reply, const struct hf_api_struct *of,
                        const struct hf_api_member *member, const char *object)
{
	const char *at = object + member->offset;
	const struct row row = {member, NULL, 0};
	const void *pointer;
	size_t count;
	double real;
	(void)of;
	switch (member->type) {
	case HF_API_KEY:
	case HF_API_TEXT:
	case HF_API_BYTES:
		if (row_bytes(&row, at).len == 0 &&
		    (member->zero || (member->type == HF_API_KEY && !member->optional)))
			reply_null(reply);
		else
			reply_bulk(reply, row_bytes(&row, at));
		return;
	case HF_API_STRING:
	case HF_API_ONE:
		memcpy(&pointer, at, sizeof pointer);
		if (member->type == HF_API_STRING)
			reply_text(reply, pointer);
		else if (pointer)
			reply_struct(reply, member->of, pointer);
		else
			reply_null(reply);
		return;
	case HF_API_MANY:
		memcpy(&pointer, at, sizeof pointer);
		memcpy(&count, object + member[1].offset, sizeof count);
		reply_array(reply, count);
		reply_elements(reply, member->of, pointer, count);
		return;
	case HF_API_CHARS:
		reply_text(reply, at);
		return;
	case HF_API_STRUCT:
		reply_struct(reply, member->of, at);
		return;
	case HF_API_REAL:
		memcpy(&real, at, sizeof real);
		reply_real(reply, real);
		return;
	default:
		if (member->elements)
			reply_hex(reply, at, member->size);
		else
			reply_number(reply, member, at);
	}
}

void reply_members(struct reply *reply, const struct hf_api_struct *of, const void *object)
{
	for (const struct hf_api_member *member = of->members; member->name; member++) {
		if (!is_shown(of, member))
			continue;
		if (is_flat(of, member)) {
			reply_members(reply, member->of, (const char *)object + member->offset);
			continue;
		}
		reply_text(reply, member->name);
		reply_value(reply, of, member, object);
	}
}

void reply_struct(struct reply *reply, const struct hf_api_struct *of, const void *object)
{
	reply_map(reply, reply_members_count(of));
	reply_members(reply, of, object);
}

void reply_elements(struct reply *reply, const struct hf_api_struct *of, const void *at,
                    size_t count)
{
	const bool bytes = strcmp(of->name, "hf_bytes") == 0;
	for (size_t i = 0; i < count; i++) {
		const char *one = (const char *)at + i * of->size;
		struct hf_bytes name;
		if (bytes) {
			memcpy(&name, one, sizeof name);
			reply_bulk(reply, name);
		} else {
			reply_struct(reply, of, one);
		}
	}
}

/* --- Answers ---------------------------------------------------------------------------------- */

static bool has_member(const struct hf_api_struct *of, const char *name)
{
	for (const struct hf_api_member *member = of->members; member->name; member++)
		if (is_shown(of, member) && strcmp(member->name, name) == 0)
			return true;
	return false;
}

void reply_result(struct reply *reply, const struct command *command,
                  const struct hf_result *result, const void *filled, const void *object,
                  bool returning)
{
	const struct hf_api_struct *of = rows_struct("hf_result"), *fills = command->call->fills;
	size_t count = returning ? 1 : 0;
	for (const struct hf_api_member *member = of->members; member->name; member++)
		count += is_shown(of, member) && !(fills && has_member(fills, member->name));
	reply_map(reply, count + (fills ? reply_members_count(fills) : 0));
	for (const struct hf_api_member *member = of->members; member->name; member++) {
		if (!is_shown(of, member) || (fills && has_member(fills, member->name)))
			continue;
		reply_text(reply, member->name);
		if (strcmp(member->name, "available_at") == 0 && result->status == 0)
			reply_null(reply); /* it is no item of an outbox */
		else
			reply_value(reply, of, member, (const char *)result);
	}
	if (fills)
		reply_members(reply, fills, filled);
	if (returning)
		reply_text(reply, "object");
	if (returning && object)
		reply_struct(reply, command->call->object, object);
	else if (returning)
		reply_null(reply);
}

void reply_plain(struct reply *reply, enum hf_api_type type, const void *value)
{
	bool truth;
	switch (type) {
	case HF_API_BOOL:
		memcpy(&truth, value, sizeof truth);
		reply_bool(reply, truth);
		return;
	case HF_API_UINT:
	case HF_API_TIME: {
		const struct hf_api_member member = {
		    .name = "value", .size = sizeof(int64_t), .type = type};
		reply_number(reply, &member, value);
		return;
	}
	default:
		reply_simple(reply, "OK");
	}
}

void reply_page(struct reply *reply, const struct hf_api_struct *of, const void *page,
                const struct reply *items, size_t count, const struct reply *beside,
                const char *next)
{
	bool first = true;
	reply_map(reply, reply_members_count(of));
	for (const struct hf_api_member *member = of->members; member->name; member++) {
		if (!is_shown(of, member))
			continue;
		reply_text(reply, member->name);
		if (member->type == HF_API_MANY) {
			const struct reply *from = first ? items : beside;
			reply_array(reply, count);
			reply_add(reply, from->data, from->len);
			reply->failed = reply->failed || from->failed;
			first = false;
		} else if (member->type == HF_API_STRING) {
			reply_text(reply, next);
		} else {
			reply_value(reply, of, member, page);
		}
	}
}

void reply_event(struct reply *reply, const struct hf_event *event)
{
	const unsigned parts = event->parts < 3 ? event->parts : 3;
	reply_map(reply, 9);
	reply_text(reply, "lsn");
	reply_u64(reply, event->lsn);
	reply_text(reply, "at");
	reply_i64(reply, event->at);
	reply_text(reply, "domain");
	reply_text(reply, event->domain);
	reply_text(reply, "operation");
	reply_text(reply, event->operation);
	reply_text(reply, "key");
	reply_array(reply, parts);
	for (unsigned i = 0; i < parts; i++)
		reply_bulk(reply, event->key[i]);
	reply_text(reply, "removed");
	reply_bool(reply, event->removed);
	reply_text(reply, "many");
	reply_bool(reply, event->many);
	reply_text(reply, "transaction_end");
	reply_bool(reply, event->transaction_end);
	reply_text(reply, "reason");
	if (event->reason.len)
		reply_bulk(reply, event->reason);
	else
		reply_null(reply);
}
