/* Answers as RESP2 and RESP3 spell them. What does not fit into the room is remembered in `failed`,
 * and asked for once, at the end of an answer. */
#ifndef TOOLS_SERVE_REPLY_H
#define TOOLS_SERVE_REPLY_H

#include "holdfast/types.h"
#include "serve/room.h"

struct reply {
	struct room *room;
	char *data;
	size_t len, cap;
	int protocol; /* 2 or 3 */
	bool failed;
};

void reply_add(struct reply *reply, const void *data, size_t len);
void reply_cut(struct reply *reply, size_t len); /* forgets what is behind, and that it failed */
void reply_free(struct reply *reply);

void reply_simple(struct reply *reply, const char *word); /* "OK" */
/* -CODE and a sentence; what would end the line is a space. */
void reply_refuse(struct reply *reply, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void reply_bulk(struct reply *reply, struct hf_bytes bytes);
void reply_text(struct reply *reply, const char *text); /* NULL: null */
void reply_null(struct reply *reply);
void reply_no_array(struct reply *reply); /* the null of what would be an array */
void reply_bool(struct reply *reply, bool value);
void reply_real(struct reply *reply, double value);
void reply_integer(struct reply *reply, int64_t value);
/* Decimal digits in a bulk string: clients keep only 53 bits of an integer. */
void reply_u64(struct reply *reply, uint64_t value);
void reply_i64(struct reply *reply, int64_t value);
void reply_array(struct reply *reply, size_t count);
void reply_map(struct reply *reply, size_t count); /* so many names with their values */
void reply_push(struct reply *reply, size_t count); /* a message that answers nothing */

#endif
