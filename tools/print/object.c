/* See object.h. */
#include "print/object.h"

#include <stdlib.h>
#include <string.h>

static const char digits[] = "0123456789abcdef";

/* --- Reading ---------------------------------------------------------------------------------- */

static int digit_of(char c)
{
	const char lower = c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : c;
	const char *at = c ? strchr(digits, lower) : NULL;
	return at ? (int)(at - digits) : -1;
}

/* Up to `end`, in place. False: a percent sign without two digits. */
static bool unescape(char *from, const char *end, struct hf_bytes *out)
{
	char *to = from;
	out->data = from;
	for (const char *at = from; at < end; at++) {
		char c = *at;
		if (c == '%') {
			const int high = at + 1 < end ? digit_of(at[1]) : -1,
			          low = at + 2 < end ? digit_of(at[2]) : -1;
			if (high < 0 || low < 0)
				return false;
			c = (char)(high << 4 | low);
			at += 2;
		}
		*to++ = c;
	}
	out->len = (size_t)(to - from);
	return true;
}

/* What the tool calls shorter than the library does. */
static const char *full_kind(const char *kind)
{
	static const char *const shorter[][2] = {
	    {"idem", "idempotency"}, {"doc", "document"}, {"queue", "outbox"}};
	for (size_t i = 0; i < sizeof shorter / sizeof *shorter; i++)
		if (strcmp(kind, shorter[i][0]) == 0)
			return shorter[i][1];
	return kind;
}

static const char *kind_known(const char *kind)
{
	const char *name;
	for (unsigned i = 0; (name = hf_domain_name(i)) != NULL; i++)
		if (strcmp(name, full_kind(kind)) == 0)
			return name;
	return NULL;
}

static const char *parse_parts(char *at, struct object *out)
{
	while (at) {
		char *slash = strchr(at, '/');
		const char *end = slash ? slash : at + strlen(at);
		if (out->parts == OBJECT_PARTS_MAX)
			return "has more than three parts";
		struct hf_bytes *part = &out->part[out->parts++];
		if (!unescape(at, end, part))
			return "has a percent sign without two hexadecimal digits";
		if (part->len > HF_KEY_MAX || memchr(part->data, '\0', part->len))
			return "has a part that no key can have";
		at = slash ? slash + 1 : NULL;
	}
	return out->part[0].len == 0 ? "has an empty first part" : NULL;
}

const char *object_parse(const char *word, struct object *out, char **memory)
{
	*out = (struct object){0};
	*memory = strdup(word);
	if (!*memory)
		return "needs memory that is not there";
	char *slash = strchr(*memory, '/');
	if (!slash)
		return "is no KIND/KEY";
	*slash = '\0';
	out->kind = kind_known(*memory);
	if (!out->kind)
		return "begins with no kind of object";
	const char *wrong = parse_parts(slash + 1, out);
	if (!wrong && strcmp(out->kind, "inbox") == 0 && out->parts > 1 && out->part[1].len == 0)
		out->part[1] = hf_str("primary"); /* as an account that is not named elsewhere */
	return wrong;
}

/* --- Writing ---------------------------------------------------------------------------------- */

static void add_part(struct buffer *to, struct hf_bytes part)
{
	const unsigned char *bytes = part.data;
	for (size_t i = 0; i < part.len; i++) {
		const unsigned char c = bytes[i];
		if (c > ' ' && c < 0x7f && c != '/' && c != '%') {
			buffer_add(to, &bytes[i], 1);
		} else {
			const char escaped[] = {'%', digits[c >> 4], digits[c & 15]};
			buffer_add(to, escaped, sizeof escaped);
		}
	}
}

void object_add(struct buffer *to, const struct hf_event *event)
{
	buffer_text(to, event->domain);
	for (unsigned i = 0; i < event->parts; i++) {
		buffer_add(to, "/", 1);
		add_part(to, event->key[i]);
	}
}
