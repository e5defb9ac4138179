/* Objects as one word, for `why` and in the log: KIND/PART/PART, as in outbox/mail/i1 or
 * inbox/ann/primary/t1.
 *
 * Inside a part `/`, `%`, white space and every byte that is no printable ASCII are written as
 * `%` and two hexadecimal digits; any byte may be read so. */
#ifndef TOOLS_OBJECT_H
#define TOOLS_OBJECT_H

#include "cli/cli.h"
#include "print/buffer.h"

enum { OBJECT_PARTS_MAX = 3 };

struct object {
	const char *kind; /* the domain's name */
	struct hf_bytes part[OBJECT_PARTS_MAX];
	unsigned parts;
};

/* Reads a word. NULL, or what is wrong with it, for a sentence that begins with the word.
 * free(*memory) in every case. */
const char *object_parse(const char *word, struct object *out, char **memory);

/* Adds the object that an event is about. */
void object_add(struct buffer *to, const struct hf_event *event);

#endif
