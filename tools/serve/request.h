/* Commands as clients send them: arrays of bulk strings (RESP). The reader is total on any bytes,
 * looks at each byte once, and keeps no more than its limits say. A line of words (an inline
 * command) is no command here: a browser's request is made of such lines. */
#ifndef TOOLS_SERVE_REQUEST_H
#define TOOLS_SERVE_REQUEST_H

#include "holdfast/types.h"
#include "serve/room.h"

struct request_limits {
	size_t words; /* of a command */
	size_t word; /* bytes of one */
	size_t bytes; /* of a command, all in all */
};

enum request_state {
	REQUEST_MORE, /* it has not come as a whole yet */
	REQUEST_READY, /* words and count hold it, until request_done() */
	REQUEST_HTTP, /* who speaks here speaks HTTP */
	REQUEST_WRONG, /* no command; `wrong` says why, and nothing behind it can be read */
	REQUEST_NO_ROOM,
};

/* What came and was not worked off yet, and how far it was read. */
struct request {
	struct room *room;
	char *data;
	size_t start, len, cap; /* what counts lies from start to len */
	size_t at; /* read so far, from start */
	size_t wanted; /* words of the command that is being read; 0: its head is next */
	size_t count;
	size_t word_len; /* of the word whose head was read; SIZE_MAX: its head is next */
	struct hf_bytes *words;
	size_t words_cap;
	const char *wrong;
};

void request_init(struct request *request, struct room *room);
void request_free(struct request *request);
/* Where so many bytes can be put, at least 1; NULL: there is no room. */
void *request_space(struct request *request, size_t wanted, size_t *space);
void request_came(struct request *request, size_t bytes);
enum request_state request_read(struct request *request, const struct request_limits *limits);
/* Behind the command that was ready. */
void request_done(struct request *request);
static inline size_t request_left(const struct request *request)
{
	return request->len - request->start;
}

#endif
