/* A line of a kind has the members of a struct of the library, by its rows, or those of a table
 * here; writing and reading walk them. Numbers of 64 bits are strings, since many readers of JSON
 * keep only 53 bits of a number; times are RFC 3339 with microseconds or null; bytes that are no
 * UTF-8 stand in base64 under NAME_base64. */
#include "json/jsonl.h"

#include "print/text.h"
#include "rows/rows.h"
#include "json/json_write.h"
#include "json/line_sum.h"

#include <math.h>
#include <stdlib.h>

enum type { BYTES, U64, I64, U32, I32, BOOLEAN, REAL, TIME, WORD };

enum { FIELDS_MAX = 32 };

struct field {
	const char *name;
	enum type type;
	size_t at;
	const struct hf_api_member *member; /* of a word: which words there are */
};

#define AT(member) offsetof(struct jsonl_line, of.member)

static const struct field header[] = {{"format", BYTES, AT(header.format)},
                                      {"uuid", BYTES, AT(header.uuid)},
                                      {"lsn", U64, AT(header.lsn)},
                                      {"clock_ahead_us", I64, AT(header.clock_ahead_us)},
                                      {"end_line", BOOLEAN, AT(header.ends)},
                                      {"line_sums", BOOLEAN, AT(header.sums)},
                                      {0}};

static const struct field inbox[] = {{"user", BYTES, AT(inbox.user)},
                                     {"generated_at", TIME, AT(inbox.generated_at)},
                                     {"status", BYTES, AT(inbox.status)},
                                     {"extra", BYTES, AT(inbox.extra)},
                                     {"status_set", BOOLEAN, AT(inbox.status_set)},
                                     {0}};

static const struct field paused[] = {{"paused", BOOLEAN, AT(outbox.paused)}, {0}};

static const struct field completed[] = {{"queue", BYTES, AT(completed.queue)},
                                         {"id", BYTES, AT(completed.id.id)},
                                         {"blocks_until", TIME, AT(completed.id.until)},
                                         {0}};

static const struct field rerun[] = {
    {"rerun", BOOLEAN, AT(item.noted)},
    {"rerun_enqueued_at", TIME, AT(item.rerun.enqueued_at)},
    {"rerun_available_at", TIME, AT(item.rerun.available_at)},
    {"rerun_available_computed", BOOLEAN, AT(item.rerun.available_computed)},
    {"rerun_payload", BYTES, AT(item.rerun.payload)},
    {0},
};

static const struct field orders[] = {{"orders", BYTES, AT(document.orders)}, {0}};

static const struct field end[] = {
    {"objects", U64, AT(end.objects)}, {"checksum", BYTES, AT(end.checksum)}, {0}};

/* A token is of its own store: a lock is held for its owner, who takes it over. */
static const struct {
	const char *name;
	const char *noun; /* two of the same noun and key are the same object */
	size_t keys; /* so many members name it */
	const char *of; /* its struct; NULL: it has `more` alone */
	const char *hidden; /* members that are not in a file */
	const struct field *more; /* behind the others, but before the very last of `last` */
	const char *last;
} kinds[JSONL_KINDS] = {
    [JSONL_HEADER] = {"header", "header", .more = header},
    [JSONL_INBOX] = {"inbox", "inbox", 1, .more = inbox},
    [JSONL_RECORD] = {"inbox_record", "record", 3, "hf_inbox_record", "saved version", NULL,
                      "payload"},
    [JSONL_TOMBSTONE] = {"inbox_tombstone", "record", 3, "hf_inbox_tombstone", "version"},
    [JSONL_CURSOR] = {"cursor", "cursor", 3, "hf_cursor", "version"},
    [JSONL_OUTBOX] = {"outbox", "outbox", 1, "hf_outbox_configure_args", "leave", paused},
    [JSONL_ITEM] = {"outbox_item", "item", 2, "hf_outbox_item",
                    "rerun token owner lease_until run_until version", rerun, "extra payload"},
    [JSONL_COMPLETED] = {"outbox_completed", "completed id", 2, .more = completed},
    [JSONL_EVENT] = {"timeline_event", "event", 2, "hf_timeline_event", "version", NULL, "payload"},
    [JSONL_DOCUMENT] = {"document", "document", 2, "hf_document", "version", orders, "payload"},
    [JSONL_LOCK] = {"lock", "lock", 1, "hf_lock", "token version"},
    [JSONL_IDEM] = {"idempotency_entry", "idem", 2, "hf_idempotency_entry",
                    "done token lease_until version"},
    [JSONL_MIGRATION] = {"migration", "migration", 1, "hf_migration_entry", "version"},
    [JSONL_END] = {"end", "end", .more = end},
};

/* --- Members of a kind ------------------------------------------------------------------------ */

static enum type type_of(const struct hf_api_member *member)
{
	const bool small = member->size == sizeof(uint32_t);
	switch (member->type) {
	case HF_API_BOOL:
		return BOOLEAN;
	case HF_API_INT:
		return small ? I32 : I64;
	case HF_API_UINT:
		return small ? U32 : U64;
	case HF_API_SPAN:
		return I64;
	case HF_API_REAL:
		return REAL;
	case HF_API_TIME:
		return TIME;
	case HF_API_ENUM:
		return WORD;
	default:
		return BYTES;
	}
}

static void add_field(struct field *fields, size_t *count, struct field field)
{
	if (*count + 1 < FIELDS_MAX)
		fields[(*count)++] = field;
}

static void add_fields(struct field *fields, size_t *count, const struct field *more)
{
	for (; more && more->name; more++)
		add_field(fields, count, *more);
}

/* Made once for each kind; they end with name NULL. */
static const struct field *fields_of(enum jsonl_kind kind)
{
	static struct field made[JSONL_KINDS][FIELDS_MAX];
	struct field *fields = made[kind];
	struct rows rows;
	size_t count = 0;
	if (!kinds[kind].of)
		return kinds[kind].more;
	if (fields[0].name)
		return fields;
	rows_in_order(rows_struct(kinds[kind].of), kinds[kind].hidden, kinds[kind].last, &rows);
	for (size_t i = 0; i < rows.count; i++) {
		const struct hf_api_member *member = rows.row[i].member;
		if (kinds[kind].last && i + 1 == rows.count)
			add_fields(fields, &count, kinds[kind].more);
		add_field(fields, &count,
		          (struct field){member->name, type_of(member),
		                         offsetof(struct jsonl_line, of) + rows.row[i].offset, member});
	}
	if (!kinds[kind].last)
		add_fields(fields, &count, kinds[kind].more);
	return fields;
}

size_t jsonl_key(const struct jsonl_line *line, struct hf_bytes parts[4])
{
	const struct field *fields = fields_of(line->kind);
	const size_t count = kinds[line->kind].keys;
	parts[0] = hf_str(kinds[line->kind].noun);
	for (size_t i = 0; i < count; i++)
		parts[i + 1] = *(const struct hf_bytes *)(const void *)((const char *)line + fields[i].at);
	return count + 1;
}

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
	case WORD:
		json_put_text(to, field->name, row_word(field->member, *(const int *)at));
		break;
	}
}

void jsonl_put(struct buffer *to, const struct jsonl_line *line)
{
	const size_t start = to->len;
	buffer_text(to, "{");
	json_put_text(to, "kind", kinds[line->kind].name);
	for (const struct field *field = fields_of(line->kind); field->name; field++)
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

/* One that there is not is 0, which no object has: its reader refuses it. */
static bool read_word(const struct fields *f, const struct json_member *member,
                      const struct field *field, void *at)
{
	struct hf_bytes word = {0};
	int64_t value = 0;
	if (!read_bytes(f, member, field->name, false, &word))
		return false;
	*(int *)at = row_parse_words(field->member, word.len ? word.data : "", word.len, &value)
	                 ? (int)value
	                 : 0;
	return true;
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
	case WORD:
		return read_word(f, member, field, at);
	}
	return false;
}

/* Times are unset, not 1970, where a line says nothing. */
static void clear(struct jsonl_line *line, enum jsonl_kind kind)
{
	memset(line, 0, sizeof *line);
	line->kind = kind;
	for (const struct field *field = fields_of(kind); field->name; field++)
		if (field->type == TIME)
			*(hf_time *)(void *)((char *)line + field->at) = HF_UNSET;
}

/* Which field the name means; *base64: in base64. */
static const struct field *find_field(const struct field *field, struct hf_bytes name, bool *base64)
{
	for (; field->name; field++) {
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

static bool read_member(const struct fields *f, const struct field *fields, struct jsonl_line *line,
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
	const struct field *field = find_field(fields, name, &base64);
	if (!field)
		return json_refuse(f->fault, HF_EINVAL, at,
		                   "has an unknown member \"%.*s\", which would be lost",
		                   name.len > 60 ? 60 : (int)name.len, (const char *)name.data);
	const uint32_t bit = UINT32_C(1) << (field - fields);
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
	const struct field *fields = fields_of(kind);
	clear(line, kind);
	for (size_t i = 0; i < f->object->count; i++)
		if (!read_member(f, fields, line, &f->object->members[i], &seen))
			return false;
	struct hf_inbox_key *key = kind == JSONL_RECORD      ? &line->of.record.key
	                           : kind == JSONL_TOMBSTONE ? &line->of.tombstone.key
	                                                     : NULL;
	if (key && key->account.len == 0)
		key->account = hf_str("primary"); /* as where it is not named elsewhere */
	return true;
}
