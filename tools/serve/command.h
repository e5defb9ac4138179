/* The calls of the library as commands, by its tables (holdfast/api.h): what each is called, which
 * of its words have a place and which a name, how words become its arguments, and what it gives an
 * answer. See docs/operate/resp.md. */
#ifndef TOOLS_SERVE_COMMAND_H
#define TOOLS_SERVE_COMMAND_H

#include "rows/rows.h"
#include "serve/reply.h"

/* A member that words fill. */
struct argument {
	const struct hf_api_member *member;
	const struct hf_api_member *in; /* the struct that has it, if that stands in another */
	size_t offset; /* from the start of the outermost struct */
	size_t flag; /* of the bool beside it that says it was given; 0: none */
	size_t count; /* of MANY: where the number of elements goes */
	bool placed; /* it has a place; else a name */
};

/* What a struct takes, in its order. */
struct shape {
	const struct hf_api_struct *of;
	size_t count;
	struct argument argument[ROWS_MAX];
};

enum { COMMAND_NAME_MAX = 48 };

struct command {
	char name[COMMAND_NAME_MAX]; /* "OUTBOX.ENQUEUE" */
	const struct hf_api_call *call;
	const struct shape *takes; /* NULL: nothing */
	const struct hf_api_call *start; /* what waits for it without a thread; NULL: nothing does */
	struct row key, lease, wait, limit, page, after; /* member NULL: it takes none */
};

struct commands;

/* NULL: no memory. */
struct commands *commands_new(void);
void commands_free(struct commands *commands);
/* By its name, in letters of either case; NULL: there is none. */
const struct command *commands_find(const struct commands *commands, struct hf_bytes name);
size_t commands_count(const struct commands *commands);
const struct command *commands_at(const struct commands *commands, size_t index);
/* Calls that are no commands, by index; NULL behind the last. */
const struct hf_api_call *commands_absent(size_t index);
/* "queue id payload [PRIORITY number] ...", at most `size` bytes with the NUL. */
void command_syntax(const struct commands *commands, const struct command *command, char *out,
                    size_t size);

/* Of a struct that some command takes, alone or in an array. */
const struct shape *commands_shape(const struct commands *commands, const struct hf_api_struct *of);

/* What a command takes beside the members of its struct. */
struct decoded {
	const struct command *command;
	union rows_given args;
	struct hf_write *write; /* NULL: it is no mutation */
	bool returning;
};

/* Fills `out` from the words behind the command's name. What it points to lies in the words and in
 * the arena. HF_OK, HF_EINVAL with a sentence, HF_ENOMEM. `operations`: which operation of its
 * transaction each command before it is, for tokens like @0; UINT32_MAX: none. */
HF_CHECKED int command_decode(const struct commands *commands, const struct command *command,
                              const struct hf_bytes *words, size_t count,
                              const uint32_t *operations, size_t operations_count,
                              struct arena *arena, struct decoded *out, struct hf_error *error);

/* A duration: microseconds, or a number with its unit; of a wait -1 and `forever` too. */
bool command_span(struct hf_bytes word, bool waits, int64_t *out);

/* --- Answers ---------------------------------------------------------------------------------- */

/* Names and values of a struct, as a map. */
void reply_struct(struct reply *reply, const struct hf_api_struct *of, const void *object);
/* How many there are, and they, for a map that has more. */
size_t reply_members_count(const struct hf_api_struct *of);
void reply_members(struct reply *reply, const struct hf_api_struct *of, const void *object);
/* What a mutation did; with what it filled and the object as it is afterwards, where there are. */
void reply_result(struct reply *reply, const struct command *command,
                  const struct hf_result *result, const void *filled, const void *object,
                  bool returning);
/* Of a read that gives a plain value. */
void reply_plain(struct reply *reply, enum hf_api_type type, const void *value);
/* A page of a list, of which so many items are spelt already, and what stands beside each. */
void reply_page(struct reply *reply, const struct hf_api_struct *of, const void *page,
                const struct reply *items, size_t count, const struct reply *beside,
                const char *next);
/* A change, as a feed gives it. */
void reply_event(struct reply *reply, const struct hf_event *event);
/* The elements of an array, one after the other. */
void reply_elements(struct reply *reply, const struct hf_api_struct *of, const void *at,
                    size_t count);

#endif
