/* See reply.h. */
#include "serve/reply.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "print/text.h"

enum { CAP_MIN = 1024, LINE_MAX_BYTES = 512 };

void reply_add(struct reply *reply, const void *data, size_t len)
{
	if (reply->failed || len == 0)
		return;
	if (reply->cap - reply->len < len) {
		size_t cap = reply->cap ? reply->cap : CAP_MIN;
		while (cap - reply->len < len)
			cap *= 2;
		char *grown = room_resize(reply->room, reply->data, reply->cap, cap);
		if (!grown) {
			reply->failed = true;
			return;
		}
		reply->data = grown;
		reply->cap = cap;
	}
	memcpy(reply->data + reply->len, data, len);
	reply->len += len;
}

void reply_cut(struct reply *reply, size_t len)
{
	reply->len = len;
	reply->failed = false;
}

void reply_free(struct reply *reply)
{
	(void)room_resize(reply->room, reply->data, reply->cap, 0);
	reply->data = NULL;
	reply->len = reply->cap = 0;
	reply->failed = false;
}

/* Digits, from behind; where they begin. Most of an answer is numbers, and printf takes longer. */
static char *digits(char *end, uint64_t number, bool negative)
{
	do {
		*--end = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	if (negative)
		*--end = '-';
	return end;
}

static uint64_t amount(int64_t number)
{
	return number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
}

static void head(struct reply *reply, char kind, int64_t number)
{
	char line[32], *end = line + sizeof line - 2;
	char *at = digits(end, amount(number), number < 0);
	memcpy(end, "\r\n", 2);
	*--at = kind;
	reply_add(reply, at, (size_t)(line + sizeof line - at));
}

void reply_simple(struct reply *reply, const char *word)
{
	reply_add(reply, "+", 1);
	reply_add(reply, word, strlen(word));
	reply_add(reply, "\r\n", 2);
}

void reply_refuse(struct reply *reply, const char *code, const char *format, ...)
{
	char line[LINE_MAX_BYTES];
	va_list arguments;
	va_start(arguments, format);
	const int len = vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	if (len < 0)
		line[0] = '\0';
	for (char *at = line; *at; at++)
		if (*at == '\r' || *at == '\n')
			*at = ' ';
	reply_add(reply, "-", 1);
	reply_add(reply, code, strlen(code));
	reply_add(reply, " ", 1);
	reply_add(reply, line, strlen(line));
	reply_add(reply, "\r\n", 2);
}

void reply_bulk(struct reply *reply, struct hf_bytes bytes)
{
	head(reply, '$', (int64_t)bytes.len);
	reply_add(reply, bytes.data, bytes.len);
	reply_add(reply, "\r\n", 2);
}

void reply_text(struct reply *reply, const char *text)
{
	if (text)
		reply_bulk(reply, hf_str(text));
	else
		reply_null(reply);
}

void reply_null(struct reply *reply)
{
	if (reply->protocol == 3)
		reply_add(reply, "_\r\n", 3);
	else
		reply_add(reply, "$-1\r\n", 5);
}

void reply_no_array(struct reply *reply)
{
	if (reply->protocol == 3)
		reply_add(reply, "_\r\n", 3);
	else
		reply_add(reply, "*-1\r\n", 5);
}

void reply_bool(struct reply *reply, bool value)
{
	if (reply->protocol == 3)
		reply_add(reply, value ? "#t\r\n" : "#f\r\n", 4);
	else
		reply_integer(reply, value);
}

void reply_real(struct reply *reply, double value)
{
	char text[TEXT_REAL_SIZE];
	text_real(value, text);
	if (reply->protocol == 3) {
		const char *spelt = isinf(value) ? (value < 0 ? "-inf" : "inf") : text;
		reply_add(reply, ",", 1);
		reply_add(reply, spelt, strlen(spelt));
		reply_add(reply, "\r\n", 2);
	} else {
		reply_text(reply, text);
	}
}

void reply_integer(struct reply *reply, int64_t value)
{
	head(reply, ':', value);
}

void reply_u64(struct reply *reply, uint64_t value)
{
	char text[32], *end = text + sizeof text, *at = digits(end, value, false);
	reply_bulk(reply, hf_bytes_of(at, (size_t)(end - at)));
}

void reply_i64(struct reply *reply, int64_t value)
{
	char text[32], *end = text + sizeof text, *at = digits(end, amount(value), value < 0);
	reply_bulk(reply, hf_bytes_of(at, (size_t)(end - at)));
}

void reply_array(struct reply *reply, size_t count)
{
	head(reply, '*', (int64_t)count);
}

void reply_map(struct reply *reply, size_t count)
{
	head(reply, reply->protocol == 3 ? '%' : '*',
	     (int64_t)(reply->protocol == 3 ? count : 2 * count));
}

void reply_push(struct reply *reply, size_t count)
{
	head(reply, reply->protocol == 3 ? '>' : '*', (int64_t)count);
}
