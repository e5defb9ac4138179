/* Bytes that grow. Running out of memory is remembered in `failed`, and asked for once, at the
 * end. */
#ifndef TOOLS_BUFFER_H
#define TOOLS_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

struct buffer {
	char *data; /* NUL after the last byte, or NULL while empty */
	size_t len, cap;
	bool failed; /* something that was added is missing */
};

void buffer_add(struct buffer *buffer, const void *data, size_t len);
void buffer_text(struct buffer *buffer, const char *text);
void buffer_format(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* `count` times the byte. */
void buffer_fill(struct buffer *buffer, char byte, size_t count);
/* What may be shown on a terminal: valid UTF-8 without control characters as it is, every other
 * byte as \xNN, \n, \t; at most `columns` characters, the last of them an ellipsis if it was
 * cut; 0: all. Gives the width in characters. */
size_t buffer_shown(struct buffer *buffer, const void *data, size_t len, size_t columns);
void buffer_clear(struct buffer *buffer); /* keeps the memory and `failed` */
void buffer_free(struct buffer *buffer);

#endif
