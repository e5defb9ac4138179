/* Each getter finds its member, looks at the type, then at the range; the fault names the member
 * and the byte at which its value begins. */
#include "print/fields.h"

#include "print/text.h"

#include <stdio.h>
#include <stdlib.h>

void field_texts_free(struct field_texts *texts)
{
	while (texts->count)
		free(texts->data[--texts->count]);
}

static size_t place(const struct fields *f, struct hf_bytes value)
{
	return (size_t)((const char *)value.data - (const char *)f->object->text.data);
}

/* The member, if it is there and of the type. false: reported. *out NULL: not there. */
static bool get(const struct fields *f, const char *name, enum json_type type,
                const struct json_member **out)
{
	if (!json_find(f->object, name, out, f->fault))
		return false;
	if (*out && (*out)->type == JSON_NULL)
		*out = NULL; /* an absent value */
	if (!*out || (*out)->type == type)
		return true;
	return json_refuse(f->fault, HF_EINVAL, place(f, (*out)->value),
	                   "is wrong: \"%s\" is %s, not %s", name, json_type_name((*out)->type),
	                   json_type_name(type));
}

static bool out_of_range(const struct fields *f, const char *name, struct hf_bytes value,
                         const char *range)
{
	return json_refuse(f->fault, HF_EINVAL, place(f, value), "is wrong: \"%s\" is %.*s%s, not %s",
	                   name, value.len > 40 ? 40 : (int)value.len, (const char *)value.data,
	                   value.len > 40 ? "…" : "", range);
}

/* --- Strings ---------------------------------------------------------------------------------- */

bool field_decode(const struct fields *f, const char *name, struct hf_bytes value,
                  struct hf_bytes *out)
{
	struct field_texts *texts = f->texts;
	char *text;
	size_t len;
	if (texts->count == sizeof texts->data / sizeof texts->data[0])
		return json_refuse(f->fault, HF_EINVAL, 0, "has too many texts");
	const bool ok = json_string(value, &text, &len);
	if (!text)
		return json_refuse(f->fault, HF_ENOMEM, 0, "is too much for the memory there is");
	texts->data[texts->count++] = text;
	if (!ok)
		return json_refuse(f->fault, HF_EINVAL, place(f, value),
		                   "is wrong: \"%s\" has half of a surrogate pair, which is no character",
		                   name);
	*out = hf_bytes_of(text, len);
	return true;
}

bool field_string(const struct fields *f, const char *name, struct hf_bytes *out, bool *found)
{
	const struct json_member *member;
	if (!get(f, name, JSON_STRING, &member))
		return false;
	if (found)
		*found = member != NULL;
	return !member || field_decode(f, name, member->value, out);
}

bool field_key(const struct fields *f, const char *name, bool may_be_empty, struct hf_bytes *out,
               bool *found)
{
	bool there;
	if (!field_string(f, name, out, &there))
		return false;
	if (found)
		*found = there;
	if (!there)
		return true;
	if (out->len > HF_KEY_MAX)
		return json_refuse(f->fault, HF_EINVAL, 0,
		                   "is wrong: \"%s\" has %zu bytes; a key has at most %u", name, out->len,
		                   HF_KEY_MAX);
	if (out->len && memchr(out->data, '\0', out->len))
		return json_refuse(f->fault, HF_EINVAL, 0, "is wrong: \"%s\" has a NUL in it", name);
	return out->len || may_be_empty ||
	       json_refuse(f->fault, HF_EINVAL, 0, "is wrong: \"%s\" is empty", name);
}

/* RFC 3339 without the digits that are finer than microseconds. */
static bool parse_cut(struct hf_bytes text, hf_time *out)
{
	char cut[64];
	size_t len = 0, digits = 0;
	for (size_t i = 0; i < text.len && len < sizeof cut; i++) {
		const char c = ((const char *)text.data)[i];
		digits = c == '.' ? 1 : digits && c >= '0' && c <= '9' ? digits + 1 : 0;
		if (digits <= 7)
			cut[len++] = c;
	}
	return len < sizeof cut && text_parse_time_utc(cut, len, out);
}

bool field_time(const struct fields *f, const char *name, hf_time *out)
{
	const struct json_member *member;
	struct hf_bytes text = {0};
	if (!json_find(f->object, name, &member, f->fault))
		return false;
	if (member && member->type == JSON_NULL)
		*out = HF_UNSET;
	if (!member || member->type == JSON_NULL)
		return true;
	if (!get(f, name, JSON_STRING, &member) || !member ||
	    !field_decode(f, name, member->value, &text))
		return false;
	return parse_cut(text, out) || out_of_range(f, name, member->value, "a time in RFC 3339");
}

/* --- Others ----------------------------------------------------------------------------------- */

bool field_boolean(const struct fields *f, const char *name, bool *out)
{
	const struct json_member *member;
	if (!get(f, name, JSON_BOOLEAN, &member))
		return false;
	if (member)
		*out = member->value.len == 4;
	return true;
}

bool field_real(const struct fields *f, const char *name, double *out)
{
	const struct json_member *member;
	if (!get(f, name, JSON_NUMBER, &member))
		return false;
	return !member || json_real(member->value, out) ||
	       out_of_range(f, name, member->value, "within the range of a double");
}

bool field_u32(const struct fields *f, const char *name, uint32_t *out)
{
	const struct json_member *member;
	int64_t value;
	bool exact;
	if (!get(f, name, JSON_NUMBER, &member))
		return false;
	if (!member)
		return true;
	if (!json_integer(member->value, 0, &value, &exact) || !exact || value < 0 ||
	    value > UINT32_MAX)
		return out_of_range(f, name, member->value, "a whole number from 0 to 4294967295");
	*out = (uint32_t)value;
	return true;
}

bool field_milliseconds(const struct fields *f, const char *name, int64_t *out)
{
	const struct json_member *member;
	bool exact;
	if (!get(f, name, JSON_NUMBER, &member))
		return false;
	if (!member)
		return true;
	if (json_integer(member->value, 3, out, &exact) && *out != HF_UNSET)
		return true;
	return out_of_range(f, name, member->value, "a time in milliseconds");
}
