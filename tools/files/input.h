/* A file that is read more than once, in pieces. What cannot be read twice (a pipe) is copied
 * into an unnamed temporary file as it is read for the first time. */
#ifndef TOOLS_INPUT_H
#define TOOLS_INPUT_H

#include "cli/cli.h"

#include <stdio.h>

/* The parser looks again at all of a string for each piece in which it does not end: pieces must
 * not be small. */
enum { INPUT_CHUNK = 1 << 20 };

struct input {
	const char *name; /* for sentences: the path, or "standard input" */
	int fd;
	bool close_fd;
	FILE *copy; /* NULL: `fd` can be read again; else all that was read so far */
	bool peeked; /* the chunk is there for the next input_next() */
	bool reread; /* this is not the first time */
	uint64_t hash; /* of what was read so far this time */
	uint64_t first_hash; /* of the whole, the first time */
	/* when progress was shown; the first time it is due half a second after the start */
	hf_time shown_at;
	bool shown;
	char chunk[INPUT_CHUNK];
	size_t len; /* bytes of the chunk */
	uint64_t offset; /* of the chunk's first byte */
};

/* `path` NULL or "-": stdin. CLI_OK, or an exit status with the sentence printed. */
HF_CHECKED int input_open(struct input *input, struct cli *cli, const char *path);
/* The first piece into input->chunk, before anything else; input_next() gives it again. */
HF_CHECKED int input_peek(struct input *input, struct cli *cli);
/* The next piece into input->chunk; len 0: the end. At the end of a second reading it makes sure
 * that it was the same as the first. */
HF_CHECKED int input_next(struct input *input, struct cli *cli);
/* Back to the start, after the end was reached. */
HF_CHECKED int input_again(struct input *input, struct cli *cli);
void input_close(struct input *input);

#endif
