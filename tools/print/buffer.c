/* Growing doubles the room, so that adding byte by byte stays linear; lengths are compared by
 * subtraction. */
#include "print/buffer.h"
#include "print/text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for `len` more bytes and a NUL. */
static bool make_room(struct buffer *buffer, size_t len)
{
	size_t cap = buffer->cap ? buffer->cap : 256;
	if (buffer->failed || len >= SIZE_MAX / 4 - buffer->len) {
		buffer->failed = true;
		return false;
	}
	while (cap - buffer->len <= len)
		cap *= 2;
	if (cap != buffer->cap) {
		char *data = realloc(buffer->data, cap);
		if (!data) {
			buffer->failed = true;
			return false;
		}
		buffer->data = data;
		buffer->cap = cap;
	}
	return true;
}

void buffer_add(struct buffer *buffer, const void *data, size_t len)
{
	if (make_room(buffer, len)) {
		if (len > 0)
			memcpy(buffer->data + buffer->len, data, len);
		buffer->len += len;
		buffer->data[buffer->len] = '\0';
	}
}

void buffer_text(struct buffer *buffer, const char *text)
{
	buffer_add(buffer, text, strlen(text));
}

void buffer_fill(struct buffer *buffer, char byte, size_t count)
{
	if (make_room(buffer, count)) {
		memset(buffer->data + buffer->len, byte, count);
		buffer->len += count;
		buffer->data[buffer->len] = '\0';
	}
}

void buffer_format(struct buffer *buffer, const char *format, ...)
{
	char *text = NULL;
	va_list args;
	va_start(args, format);
	const int len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0) {
		buffer->failed = true;
		return;
	}
	buffer_add(buffer, text, (size_t)len);
	free(text);
}

static size_t escape(char out[8], unsigned char byte)
{
	static const char named[] = "\nn\tt\rr\\\\";
	for (const char *name = named; *name; name += 2)
		if ((unsigned char)name[0] == byte)
			return (size_t)snprintf(out, 8, "\\%c", name[1]);
	return (size_t)snprintf(out, 8, "\\x%02x", byte);
}

size_t buffer_shown(struct buffer *buffer, const void *data, size_t len, size_t columns)
{
	const unsigned char *at = data;
	size_t width = 0;
	for (size_t i = 0; i < len;) {
		char escaped[8];
		const size_t plain = at[i] == '\\' ? 0 : text_shown(at + i, len - i);
		const size_t wide = plain ? 1 : escape(escaped, at[i]);
		const bool last = i + (plain ? plain : 1) == len;
		if (columns > 0 && width + wide + !last > columns) {
			buffer_text(buffer, "…");
			return width + 1;
		}
		buffer_add(buffer, plain ? (const void *)(at + i) : escaped, plain ? plain : wide);
		width += wide;
		i += plain ? plain : 1;
	}
	return width;
}

void buffer_clear(struct buffer *buffer)
{
	buffer->len = 0;
	if (buffer->data)
		buffer->data[0] = '\0';
}

void buffer_free(struct buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct buffer){0};
}
