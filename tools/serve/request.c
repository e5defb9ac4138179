/* See request.h. Words are kept as offsets until all have come, since what they lie in may move
 * until then. */
#include "serve/request.h"

#include <stdint.h>
#include <stdlib.h>

enum { HEAD_MAX = 32, SPACE_MIN = 16384, WORDS_MIN = 16, KEPT_MAX = 4096 };

static void *offset_of(size_t offset)
{
	return (void *)(uintptr_t)offset; /* never followed */
}

void request_init(struct request *request, struct room *room)
{
	*request = (struct request){.room = room, .word_len = SIZE_MAX};
}

void request_free(struct request *request)
{
	(void)room_resize(request->room, request->data, request->cap, 0);
	(void)room_resize(request->room, request->words, request->words_cap * sizeof *request->words,
	                  0);
	request_init(request, request->room);
}

void *request_space(struct request *request, size_t wanted, size_t *space)
{
	if (request->start > 0 && request->cap - request->len < wanted) {
		memmove(request->data, request->data + request->start, request_left(request));
		request->len -= request->start;
		request->start = 0;
	}
	if (request->cap - request->len < wanted || !request->data) {
		size_t cap = request->cap ? request->cap : SPACE_MIN;
		while (cap - request->len < wanted)
			cap *= 2;
		char *data = room_resize(request->room, request->data, request->cap, cap);
		if (!data)
			return NULL;
		request->data = data;
		request->cap = cap;
	}
	*space = request->cap - request->len;
	return request->data + request->len;
}

void request_came(struct request *request, size_t bytes)
{
	request->len += bytes;
}

static const char *here(const struct request *request)
{
	return request->data + request->start + request->at;
}

/* A letter, a number and the end of the line. *out: the number, -1 at least. */
static enum request_state read_head(struct request *request, char letter, int64_t *out)
{
	const char *at = here(request);
	const size_t left = request_left(request) - request->at;
	const char *end = left ? memchr(at, '\n', left < HEAD_MAX ? left : HEAD_MAX) : NULL;
	request->wrong = letter == '*' ? "Protocol error: expected '*', inline commands are refused"
	                               : "Protocol error: expected '$'";
	if (left && *at != letter)
		return REQUEST_WRONG;
	request->wrong = "Protocol error: invalid length";
	if (!end)
		return left < HEAD_MAX ? REQUEST_MORE : REQUEST_WRONG;
	const size_t len = (size_t)(end - at) + 1;
	if (len == 5 && memcmp(at + 1, "-1\r", 3) == 0) {
		*out = -1;
	} else {
		*out = 0;
		if (len < 4 || end[-1] != '\r')
			return REQUEST_WRONG;
		for (const char *digit = at + 1; digit < end - 1; digit++) {
			if (*digit < '0' || *digit > '9' || *out > INT64_MAX / 10 - 1)
				return REQUEST_WRONG;
			*out = *out * 10 + (*digit - '0');
		}
	}
	request->at += len;
	return REQUEST_READY;
}

/* Does the peer speak HTTP, as far as can be seen? */
static bool is_http(const struct request *request)
{
	static const char *const words[] = {"POST ", "GET ",   "HEAD ",    "PUT ",    "DELETE ",
	                                    "Host:", "PATCH ", "OPTIONS ", "CONNECT "};
	const char *at = request->data + request->start;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		const size_t len = strlen(words[i]), left = request_left(request);
		if (memcmp(at, words[i], left < len ? left : len) == 0)
			return true;
	}
	return false;
}

static enum request_state read_count(struct request *request, const struct request_limits *limits)
{
	int64_t count;
	const enum request_state state = read_head(request, '*', &count);
	if (state == REQUEST_WRONG && is_http(request))
		return REQUEST_HTTP;
	if (state != REQUEST_READY)
		return state;
	if (count > (int64_t)limits->words) {
		request->wrong = "Protocol error: too many words in a command";
		return REQUEST_WRONG;
	}
	request->wanted = count > 0 ? (size_t)count : 0;
	if (request->wanted == 0) { /* an empty command is none */
		request->start += request->at;
		request->at = 0;
	}
	return REQUEST_READY;
}

static bool room_for_word(struct request *request)
{
	if (request->count < request->words_cap)
		return true;
	const size_t had = request->words_cap, wants = had ? 2 * had : WORDS_MIN;
	struct hf_bytes *words =
	    room_resize(request->room, request->words, had * sizeof *words, wants * sizeof *words);
	if (!words)
		return false;
	request->words = words;
	request->words_cap = wants;
	return true;
}

static enum request_state read_word(struct request *request, const struct request_limits *limits)
{
	if (request->word_len == SIZE_MAX) {
		int64_t len;
		const enum request_state state = read_head(request, '$', &len);
		if (state != REQUEST_READY)
			return state;
		request->wrong = "Protocol error: invalid bulk length";
		if (len < 0 || len > (int64_t)limits->word ||
		    (size_t)len >
		        limits->bytes - (request->at < limits->bytes ? request->at : limits->bytes))
			return REQUEST_WRONG;
		request->word_len = (size_t)len;
	}
	const size_t left = request_left(request) - request->at;
	if (left < request->word_len + 2)
		return REQUEST_MORE;
	request->wrong = "Protocol error: a word does not end with its line";
	if (memcmp(here(request) + request->word_len, "\r\n", 2) != 0)
		return REQUEST_WRONG;
	if (!room_for_word(request))
		return REQUEST_NO_ROOM;
	request->words[request->count++] = hf_bytes_of(offset_of(request->at), request->word_len);
	request->at += request->word_len + 2;
	request->word_len = SIZE_MAX;
	return REQUEST_READY;
}

enum request_state request_read(struct request *request, const struct request_limits *limits)
{
	enum request_state state = REQUEST_READY;
	while (state == REQUEST_READY && request->wanted == 0)
		state = request_left(request) ? read_count(request, limits) : REQUEST_MORE;
	while (state == REQUEST_READY && request->count < request->wanted)
		state = read_word(request, limits);
	if (state == REQUEST_READY)
		for (size_t i = 0; i < request->count; i++)
			request->words[i].data =
			    request->data + request->start + (uintptr_t)request->words[i].data;
	return state;
}

void request_done(struct request *request)
{
	request->start += request->at;
	request->at = request->wanted = request->count = 0;
	if (request->start == request->len) {
		request->start = request->len = 0;
		if (request->cap > KEPT_MAX) {
			(void)room_resize(request->room, request->data, request->cap, 0);
			request->data = NULL;
			request->cap = 0;
		}
	}
	if (request->words_cap > KEPT_MAX / sizeof *request->words) {
		(void)room_resize(request->room, request->words,
		                  request->words_cap * sizeof *request->words, 0);
		request->words = NULL;
		request->words_cap = 0;
	}
}
