/* See asked.h. Total on any bytes: what is no escape is refused, never guessed at. */
#include "ui/asked.h"
#include "print/text.h"

#include <stdlib.h>

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	const char lower = (char)(c | 0x20);
	return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Up to `end`, in place, with a NUL behind it: there is room, since at least one byte stood there.
 * `plus` is a space in parameters. */
static bool decode(char *from, const char *end, bool plus, struct hf_bytes *out)
{
	char *to = from;
	out->data = from;
	for (const char *at = from; at < end; at++) {
		char c = *at;
		if (c == '%') {
			const int high = end - at > 2 ? digit_of(at[1]) : -1;
			const int low = high >= 0 ? digit_of(at[2]) : -1;
			if (low < 0)
				return false;
			c = (char)(high << 4 | low);
			at += 2;
		} else if (c == '+' && plus) {
			c = ' ';
		}
		*to++ = c;
	}
	*to = '\0';
	out->len = (size_t)(to - from);
	return true;
}

static bool read_parameter(struct asked *request, char *at, char *end)
{
	char *equals = memchr(at, '=', (size_t)(end - at));
	struct parameter *parameter = &request->parameters[request->count];
	struct hf_bytes name = {0};
	if (at == end)
		return true;
	if (!decode(at, equals ? equals : end, true, &name) || strlen(name.data) != name.len ||
	    request->count == ASKED_PARAMETERS_MAX)
		return false;
	parameter->name = name.data;
	parameter->value = hf_str("");
	request->count++;
	return !equals || decode(equals + 1, end, true, &parameter->value);
}

static bool read_target(struct asked *request)
{
	struct hf_bytes path;
	char *query = strchr(request->memory, '?');
	char *end = query ? query : request->memory + strlen(request->memory);
	char *at = query ? query + 1 : NULL;
	if (request->memory[0] != '/' || !decode(request->memory, end, false, &path) ||
	    strlen(path.data) != path.len)
		return false;
	request->path = path.data;
	while (at) {
		char *next = strchr(at, '&');
		if (!read_parameter(request, at, next ? next : at + strlen(at)))
			return false;
		at = next ? next + 1 : NULL;
	}
	return true;
}

struct asked *asked_read(const char *target)
{
	struct asked *request = calloc(1, sizeof *request);
	if (!request)
		return NULL;
	if (strlen(target) > ASKED_TARGET_MAX) {
		request->wrong = 414;
		return request;
	}
	request->memory = strdup(target);
	if (!request->memory) {
		free(request);
		return NULL;
	}
	if (!read_target(request)) {
		request->wrong = 400;
		request->path = NULL;
		request->count = 0;
	}
	return request;
}

void asked_free(struct asked *request)
{
	if (request)
		free(request->memory);
	free(request);
}

struct hf_bytes asked_bytes(const struct asked *request, const char *name)
{
	for (size_t i = 0; i < request->count; i++)
		if (strcmp(request->parameters[i].name, name) == 0)
			return request->parameters[i].value;
	return (struct hf_bytes){0};
}

const char *asked_text(const struct asked *request, const char *name)
{
	const char *text = asked_bytes(request, name).data;
	return text && text[0] ? text : NULL;
}

uint64_t asked_u64(const struct asked *request, const char *name, uint64_t otherwise)
{
	const struct hf_bytes text = asked_bytes(request, name);
	uint64_t value;
	return text.len > 0 && text_parse_u64(text.data, text.len, &value) ? value : otherwise;
}
