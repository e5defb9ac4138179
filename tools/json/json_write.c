/* Everything is one line, so that a buffer can be a line of JSON Lines. */
#include "json/json_write.h"

#include "print/text.h"

#include <math.h>
#include <stdio.h>

void json_put_bytes(struct buffer *to, struct hf_bytes text)
{
	buffer_add(to, text.data, text.len);
}

static void put_escape(struct buffer *to, unsigned char c)
{
	static const char letters[] = "\b\f\n\r\t\"\\", escapes[] = "bfnrt\"\\";
	const char *found = c ? strchr(letters, c) : NULL;
	if (found)
		buffer_add(to, (char[]){'\\', escapes[found - letters]}, 2);
	else
		buffer_format(to, "\\u%04x", c);
}

void json_put_string(struct buffer *to, struct hf_bytes text)
{
	const unsigned char *at = text.len ? text.data : (const unsigned char *)"",
	                    *end = at + text.len, *from = at;
	buffer_add(to, "\"", 1);
	for (; at < end; at++) {
		if (*at >= 0x20 && *at != '"' && *at != '\\')
			continue;
		buffer_add(to, from, (size_t)(at - from));
		put_escape(to, *at);
		from = at + 1;
	}
	if (from < end)
		buffer_add(to, from, (size_t)(end - from));
	buffer_add(to, "\"", 1);
}

void json_put_name(struct buffer *to, const char *name)
{
	if (to->len && to->data[to->len - 1] != '{')
		buffer_add(to, ",", 1);
	buffer_add(to, "\"", 1);
	buffer_text(to, name);
	buffer_add(to, "\":", 2);
}

static void put_base64(struct buffer *to, struct hf_bytes value)
{
	const size_t at = to->len + 1, len = text_base64_size(value.len);
	buffer_add(to, "\"", 1);
	buffer_fill(to, '=', len);
	buffer_add(to, "\"", 1);
	if (!to->failed)
		text_base64(value.data, value.len, to->data + at);
}

void json_put_member(struct buffer *to, const char *name, struct hf_bytes value)
{
	char other[64];
	if (text_is_utf8(value.data, value.len)) {
		json_put_name(to, name);
		json_put_string(to, value);
		return;
	}
	(void)snprintf(other, sizeof other, "%s_base64", name);
	json_put_name(to, other);
	put_base64(to, value);
}

void json_put_text(struct buffer *to, const char *name, const char *value)
{
	json_put_name(to, name);
	json_put_string(to, hf_str(value));
}

void json_put_bool(struct buffer *to, const char *name, bool value)
{
	json_put_name(to, name);
	buffer_text(to, value ? "true" : "false");
}

void json_put_u64(struct buffer *to, const char *name, uint64_t value)
{
	json_put_name(to, name);
	buffer_format(to, "\"%llu\"", (unsigned long long)value);
}

void json_put_i64(struct buffer *to, const char *name, int64_t value)
{
	json_put_name(to, name);
	buffer_format(to, "\"%lld\"", (long long)value);
}

void json_put_int(struct buffer *to, const char *name, long value)
{
	json_put_name(to, name);
	buffer_format(to, "%ld", value);
}

void json_put_real(struct buffer *to, const char *name, double value)
{
	char text[TEXT_REAL_SIZE];
	json_put_name(to, name);
	if (isinf(value)) {
		buffer_text(to, value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
		return;
	}
	text_real(value, text);
	buffer_text(to, text);
}

void json_put_time(struct buffer *to, const char *name, hf_time value)
{
	char text[TEXT_TIME_SIZE];
	json_put_name(to, name);
	if (value == HF_UNSET) {
		buffer_text(to, "null");
		return;
	}
	text_time(value, text);
	json_put_string(to, hf_str(text));
}
