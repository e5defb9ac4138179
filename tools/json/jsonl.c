/* One table says which members a line of each kind has, of which type, and where they stand in
 * struct jsonl_line; writing and reading walk it. Numbers of 64 bits are strings, since many
 * readers of JSON keep only 53 bits of a number; times are RFC 3339 with microseconds or null;
 * bytes that are no UTF-8 stand in base64 under NAME_base64. */
#include "json/jsonl.h"

#include "print/text.h"
#include "json/json_write.h"
#include "json/line_sum.h"

#include <math.h>
#include <stdlib.h>

enum type { BYTES, U64, I64, U32, I32, BOOLEAN, REAL, TIME };

struct field {
	const char *name;
	enum type type;
	size_t at;
};

#define AT(member) offsetof(struct jsonl_line, member)

static const struct field header[] = {{"format", BYTES, AT(format)},
                                      {"uuid", BYTES, AT(uuid)},
                                      {"lsn", U64, AT(lsn)},
                                      {"clock_ahead_us", I64, AT(clock_ahead_us)},
                                      {"end_line", BOOLEAN, AT(ends)},
                                      {"line_sums", BOOLEAN, AT(sums)},
                                      {0}};

static const struct field inbox[] = {{"user", BYTES, AT(user)},
                                     {"generated_at", TIME, AT(generated_at)},
                                     {"status", BYTES, AT(status)},
                                     {"extra", BYTES, AT(extra)},
                                     {"status_set", BOOLEAN, AT(status_set)},
                                     {0}};

static const struct field record[] = {
    {"user", BYTES, AT(user)},
    {"account", BYTES, AT(account)},
    {"thread", BYTES, AT(thread)},
    {"unread", BOOLEAN, AT(unread)},
    {"dismissed", BOOLEAN, AT(dismissed)},
    {"score", REAL, AT(score)},
    {"updated_at", TIME, AT(updated_at)},
    {"snapshot_at", TIME, AT(snapshot_at)},
    {"seen_at", TIME, AT(seen_at)},
    {"read_at", TIME, AT(read_at)},
    {"dismissed_at", TIME, AT(dismissed_at)},
    {"snoozed_until", TIME, AT(snoozed_until)},
    {"payload", BYTES, AT(payload)},
    {0},
};

static const struct field tombstone[] = {
    {"user", BYTES, AT(user)},
    {"account", BYTES, AT(account)},
    {"thread", BYTES, AT(thread)},
    {"dismissed", BOOLEAN, AT(dismissed)},
    {"dismissed_at", TIME, AT(dismissed_at)},
    {"until", TIME, AT(until)},
    {0},
};

static const struct field cursor[] = {
    {"consumer", BYTES, AT(cursor.key.consumer)},
    {"stream", BYTES, AT(cursor.key.stream)},
    {"subject", BYTES, AT(cursor.key.subject)},
    {"last_sequence", I64, AT(cursor.last_sequence)},
    {"last_delivery_id", BYTES, AT(cursor.last_delivery_id)},
    {"last_delivered_at", TIME, AT(cursor.last_delivered_at)},
    {"last_error", BYTES, AT(cursor.last_error)},
    {"error_count", U64, AT(cursor.error_count)},
    {"updated_at", TIME, AT(updated_at)},
    {"reset_reason", BYTES, AT(cursor.reset_reason)},
    {"reset_at", TIME, AT(cursor.reset_at)},
    {0},
};

static const struct field outbox[] = {
    {"queue", BYTES, AT(queue)},
    {"max_attempts", U32, AT(max_attempts)},
    {"max_lost", U32, AT(settings.max_lost)},
    {"dedup_window_us", I64, AT(settings.dedup_window_us)},
    {"dedup_max", U32, AT(settings.dedup_max)},
    {"paused", BOOLEAN, AT(paused)},
    {0},
};

static const struct field completed[] = {{"queue", BYTES, AT(queue)},
                                         {"id", BYTES, AT(completed)},
                                         {"blocks_until", TIME, AT(blocks_until)},
                                         {0}};

static const struct field item[] = {
    {"queue", BYTES, AT(queue)},
    {"id", BYTES, AT(item.id)},
    {"status", BYTES, AT(item_status)},
    {"attempts", U32, AT(item.attempts)},
    {"lost", U32, AT(item.lost)},
    {"max_attempts", U32, AT(item.max_attempts)},
    {"priority", I32, AT(item.priority)},
    {"enqueued_at", TIME, AT(item.enqueued_at)},
    {"available_at", TIME, AT(item.available_at)},
    {"available_computed", BOOLEAN, AT(item.available_computed)},
    {"last_error", BYTES, AT(item.last_error)},
    {"group", BYTES, AT(item.group)},
    {"extra", BYTES, AT(item.extra)},
    {"rerun", BOOLEAN, AT(noted)},
    {"rerun_enqueued_at", TIME, AT(rerun.enqueued_at)},
    {"rerun_available_at", TIME, AT(rerun.available_at)},
    {"rerun_available_computed", BOOLEAN, AT(rerun.available_computed)},
    {"rerun_payload", BYTES, AT(rerun.payload)},
    {"payload", BYTES, AT(payload)},
    {0},
};

static const struct field event[] = {
    {"timeline", BYTES, AT(event.key.timeline)},
    {"id", BYTES, AT(event.key.id)},
    {"type", BYTES, AT(event.type)},
    {"subject", BYTES, AT(event.subject)},
    {"happened_at", TIME, AT(event.happened_at)},
    {"payload", BYTES, AT(payload)},
    {0},
};

static const struct field idem[] = {
    {"scope", BYTES, AT(idem.key.scope)},
    {"key", BYTES, AT(idem.key.key)},
    {"fingerprint", BYTES, AT(idem.fingerprint)},
    {"status", I32, AT(idem.status)},
    {"response", BYTES, AT(idem.response)},
    {"created_at", TIME, AT(idem.created_at)},
    {"expires_at", TIME, AT(idem.expires_at)},
    {"expires_computed", BOOLEAN, AT(idem.expires_computed)},
    {0},
};

static const struct field migration[] = {
    {"name", BYTES, AT(migration.name)},
    {"applied_at", TIME, AT(migration.applied_at)},
    {"has_checksum", BOOLEAN, AT(migration.has_checksum)},
    {"checksum", U64, AT(migration.checksum)},
    {0},
};

static const struct field document[] = {
    {"collection", BYTES, AT(document.key.collection)},
    {"id", BYTES, AT(document.key.id)},
    {"group", BYTES, AT(document.group)},
    {"created_at", TIME, AT(document.created_at)},
    {"updated_at", TIME, AT(updated_at)},
    {"expires_at", TIME, AT(document.expires_at)},
    {"expires_computed", BOOLEAN, AT(document.expires_computed)},
    {"orders", BYTES, AT(orders)},
    {"payload", BYTES, AT(payload)},
    {0},
};

/* A token is of its own store: the lock is held for its owner, who takes it over. */
static const struct field lock[] = {
    {"name", BYTES, AT(lock.name)},
    {"owner", BYTES, AT(lock.owner)},
    {"acquired_at", TIME, AT(lock.acquired_at)},
    {"lease_until", TIME, AT(lock.lease_until)},
    {0},
};

static const struct field end[] = {
    {"objects", U64, AT(objects)}, {"checksum", BYTES, AT(checksum)}, {0}};

static const struct {
	const char *name;
	const struct field *fields;
} kinds[JSONL_KINDS] = {
    [JSONL_HEADER] = {"header", header},
    [JSONL_INBOX] = {"inbox", inbox},
    [JSONL_RECORD] = {"inbox_record", record},
    [JSONL_CURSOR] = {"cursor", cursor},
    [JSONL_OUTBOX] = {"outbox", outbox},
    [JSONL_ITEM] = {"outbox_item", item},
    [JSONL_COMPLETED] = {"outbox_completed", completed},
    [JSONL_EVENT] = {"timeline_event", event},
    [JSONL_DOCUMENT] = {"document", document},
    [JSONL_LOCK] = {"lock", lock},
    [JSONL_IDEM] = {"idempotency_entry", idem},
    [JSONL_MIGRATION] = {"migration", migration},
    [JSONL_END] = {"end", end},
    [JSONL_TOMBSTONE] = {"inbox_tombstone", tombstone},
};

/* --- Writing ---------------------------------------------------------------------------------- */

static void put_field(struct buffer *to, const struct field *field, const void *at)
{
	switch (field->type) {
	case BYTES:
		json_put_member(to, field->name, *(const struct hf_bytes *)at);
		break;
	case U64:
		json_put_u64(to, field->name, *(const uint64_t *)at);
		break;
	case I64:
		json_put_i64(to, field->name, *(const int64_t *)at);
		break;
	case U32:
		json_put_int(to, field->name, (long)*(const uint32_t *)at);
		break;
	case I32:
		json_put_int(to, field->name, *(const int32_t *)at);
		break;
	case BOOLEAN:
		json_put_bool(to, field->name, *(const bool *)at);
		break;
	case REAL:
		json_put_real(to, field->name, *(const double *)at);
		break;
	case TIME:
		json_put_time(to, field->name, *(const hf_time *)at);
		break;
	}
}

void jsonl_put(struct buffer *to, const struct jsonl_line *line)
{
	const size_t start = to->len;
	buffer_text(to, "{");
	json_put_text(to, "kind", kinds[line->kind].name);
	for (const struct field *field = kinds[line->kind].fields; field->name; field++)
		put_field(to, field, (const char *)line + field->at);
	char close[LINE_OWN_SUM_SIZE] = "}";
	if (line->kind != JSONL_END && !to->failed)
		line_sum_own(hf_bytes_of(to->data + start, to->len - start), close);
	buffer_text(to, close);
}

/* --- Reading ---------------------------------------------------------------------------------- */

static bool wrong(const struct fields *f, const struct json_member *member, const char *name,
                  const char *want)
{
	const size_t at =
	    (size_t)((const char *)member->value.data - (const char *)f->object->text.data);
	const int len = member->value.len > 40 ? 40 : (int)member->value.len;
	return json_refuse(f->fault, HF_EINVAL, at, "is wrong: \"%s\" is %.*s%s, not %s", name, len,
	                   (const char *)member->value.data, member->value.len > 40 ? "…" : "", want);
}

/* Base64 is decoded in place: bytes take less room than their letters. */
static bool read_bytes(const struct fields *f, const struct json_member *member, const char *name,
                       bool base64, struct hf_bytes *out)
{
	if (member->type != JSON_STRING)
		return wrong(f, member, name, "a string");
	if (!field_decode(f, name, member->value, out))
		return false;
	if (!base64)
		return true;
	char *text = f->texts->data[f->texts->count - 1];
	return text_parse_base64(text, out->len, text, &out->len) || wrong(f, member, name, "base64");
}

static bool read_i64(const struct fields *f, const struct json_member *member, const char *name,
                     int64_t *out)
{
	const char *text = (const char *)member->value.data + 1;
	return (member->type == JSON_STRING && text_parse_i64(text, member->value.len - 2, out)) ||
	       wrong(f, member, name, "a whole number of 64 bits as a string");
}

static bool read_u64(const struct fields *f, const struct json_member *member, const char *name,
                     uint64_t *out)
{
	const char *text = (const char *)member->value.data + 1;
	return (member->type == JSON_STRING && text_parse_u64(text, member->value.len - 2, out)) ||
	       wrong(f, member, name, "a whole number of 64 bits, not negative, as a string");
}

static bool read_small(const struct fields *f, const struct json_member *member, const char *name,
                       int64_t least, int64_t most, int64_t *out)
{
	bool exact;
	return (member->type == JSON_NUMBER && json_integer(member->value, 0, out, &exact) && exact &&
	        *out >= least && *out <= most) ||
	       wrong(f, member, name,
	             least ? "a whole number of 32 bits" : "a whole number of 32 bits, not negative");
}

static bool is_text(const struct json_member *member, const char *text)
{
	return member->value.len == strlen(text) &&
	       memcmp(member->value.data, text, member->value.len) == 0;
}

static bool read_real(const struct fields *f, const struct json_member *member, const char *name,
                      double *out)
{
	if (is_text(member, "\"Infinity\"") || is_text(member, "\"-Infinity\"")) {
		*out = member->value.len == 10 ? INFINITY : -INFINITY;
		return true;
	}
	return (member->type == JSON_NUMBER && json_real(member->value, out)) ||
	       wrong(f, member, name, "a number within the range of a double");
}

static bool read_time(const struct fields *f, const struct json_member *member, const char *name,
                      hf_time *out)
{
	return (member->type == JSON_STRING && text_parse_time_utc((const char *)member->value.data + 1,
	                                                           member->value.len - 2, out)) ||
	       wrong(f, member, name, "a time in RFC 3339 with at most microseconds, or null");
}

static bool read_field(const struct fields *f, const struct json_member *member,
                       const struct field *field, bool base64, void *at)
{
	int64_t small = 0;
	if (member->type == JSON_NULL)
		return true; /* an absent value: the default stays */
	switch (field->type) {
	case BYTES:
		return read_bytes(f, member, field->name, base64, at);
	case U64:
		return read_u64(f, member, field->name, at);
	case I64:
		return read_i64(f, member, field->name, at);
	case U32:
		if (!read_small(f, member, field->name, 0, UINT32_MAX, &small))
			return false;
		*(uint32_t *)at = (uint32_t)small;
		return true;
	case I32:
		if (!read_small(f, member, field->name, INT32_MIN, INT32_MAX, &small))
			return false;
		*(int32_t *)at = (int32_t)small;
		return true;
	case BOOLEAN:
		*(bool *)at = member->value.len == 4;
		return member->type == JSON_BOOLEAN || wrong(f, member, field->name, "true or false");
	case REAL:
		return read_real(f, member, field->name, at);
	case TIME:
		return read_time(f, member, field->name, at);
	}
	return false;
}

/* Times are unset, not 1970, where a line says nothing. */
static void clear(struct jsonl_line *line, enum jsonl_kind kind)
{
	memset(line, 0, sizeof *line);
	line->kind = kind;
	for (const struct field *field = kinds[kind].fields; field->name; field++)
		if (field->type == TIME)
			*(hf_time *)(void *)((char *)line + field->at) = HF_UNSET;
}

/* Which field the name means; *base64: in base64. */
static const struct field *find_field(enum jsonl_kind kind, struct hf_bytes name, bool *base64)
{
	for (const struct field *field = kinds[kind].fields; field->name; field++) {
		const size_t len = strlen(field->name);
		if (name.len < len || memcmp(name.data, field->name, len) != 0)
			continue;
		*base64 = field->type == BYTES && name.len == len + 7 &&
		          memcmp((const char *)name.data + len, "_base64", 7) == 0;
		if (name.len == len || *base64)
			return field;
	}
	return NULL;
}

static bool read_member(const struct fields *f, struct jsonl_line *line,
                        const struct json_member *member, uint32_t *seen)
{
	/* Names that matter have no escapes: one written with them is not known. */
	const struct hf_bytes name =
	    hf_bytes_of((const char *)member->name.data + 1, member->name.len - 2);
	const size_t at =
	    (size_t)((const char *)member->name.data - (const char *)f->object->text.data);
	bool base64;
	if (name.len == 4 && memcmp(name.data, "kind", 4) == 0)
		return true; /* read before; a second one was refused then */
	if (name.len == 3 && memcmp(name.data, "sum", 3) == 0 && line->kind != JSONL_END) {
		line->has_sum = true;
		return true; /* concerns the line as it is spelled */
	}
	const struct field *field = find_field(line->kind, name, &base64);
	if (!field)
		return json_refuse(f->fault, HF_EINVAL, at,
		                   "has an unknown member \"%.*s\", which would be lost",
		                   name.len > 60 ? 60 : (int)name.len, (const char *)name.data);
	const uint32_t bit = UINT32_C(1) << (field - kinds[line->kind].fields);
	if (*seen & bit)
		return json_refuse(f->fault, HF_EINVAL, at, "has the member \"%s\" twice", field->name);
	*seen |= bit;
	return read_field(f, member, field, base64, (char *)line + field->at);
}

bool jsonl_read(const struct fields *f, struct jsonl_line *line)
{
	struct hf_bytes name = {0};
	enum jsonl_kind kind = 0;
	uint32_t seen = 0;
	bool found;
	if (!field_string(f, "kind", &name, &found))
		return false;
	while (kind < JSONL_KINDS && (!found || strlen(kinds[kind].name) != name.len ||
	                              memcmp(kinds[kind].name, name.data, name.len) != 0))
		kind++;
	if (kind == JSONL_KINDS)
		return json_refuse(f->fault, HF_EINVAL, 0,
		                   found ? "is of an unknown \"kind\"" : "has no \"kind\"");
	clear(line, kind);
	for (size_t i = 0; i < f->object->count; i++)
		if (!read_member(f, line, &f->object->members[i], &seen))
			return false;
	return true;
}
