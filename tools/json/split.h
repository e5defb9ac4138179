/* Takes a file apart without ever holding more of it than one piece: the lines of a JSON Lines
 * file, or the objects of the one list of a JSON document together with the document around
 * them. A piece that is larger than anything it could stand for is refused as soon as that is
 * known, not when it has been read. */
#ifndef TOOLS_SPLIT_H
#define TOOLS_SPLIT_H

#include "files/input.h"
#include "json/json_in.h"
#include "json/json_write.h"

/* One line (without its line end), or one object of the list. */
struct piece {
	struct hf_bytes text;
	uint64_t at; /* its first byte in the file */
	uint64_t number; /* counted from 1 */
};

/* CLI_OK, or an exit status that ends the reading. */
typedef int (*piece_fn)(void *ctx, const struct piece *piece);

/* What a list document must be. */
struct split_form {
	/* the list is this member of the outermost object; NULL: it is the document itself */
	const char *member;
	const char *noun; /* "entry": what a piece is called in sentences */
	const char *what; /* "an outbox: a JSON array of entries"; for the sentence that it is not */
};

/* Calls `each` for every line that is not blank. */
HF_CHECKED int split_lines(struct input *input, struct cli *cli, piece_fn each, void *ctx);

/* Calls `each` for every object of the list, in order; null counts as an empty list. `frame`
 * gets the document with nothing between the brackets of the list. */
HF_CHECKED int split_list(struct input *input, struct cli *cli, const struct split_form *form,
                          struct buffer *frame, piece_fn each, void *ctx);

/* Prints what is wrong with a piece and where; gives the exit status. */
int split_fail(const struct input *input, struct cli *cli, const char *noun,
               const struct piece *piece, const struct json_fault *fault);

#endif
