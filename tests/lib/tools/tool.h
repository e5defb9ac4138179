/* Runs the command line tool as its users do: as a process, with its words, and looks at what it
 * says and how it ends. */
#ifndef TESTS_LIB_TOOL_H
#define TESTS_LIB_TOOL_H

#include <stdbool.h>
#include <stddef.h>

enum { TOOL_WORDS_MAX = 40 };

enum tool_stdout {
	TOOL_STDOUT_KEPT = 0, /* goes to ran->out */
	TOOL_STDOUT_CLOSED, /* no file at all */
	TOOL_STDOUT_FULL, /* a disk without room */
	TOOL_STDOUT_GONE, /* a pipe that nobody reads */
	TOOL_STDOUT_SLOW, /* a non-blocking pipe, read late; goes to ran->out */
};

struct tool {
	const char *directory; /* -C; NULL: none */
	bool json;
	enum tool_stdout to;
	const char *input; /* for stdin; NULL: empty */
	bool no_input; /* stdin is closed */
	bool late_input; /* stdin is a non-blocking pipe, written to late */
	/* stdin and stderr are a terminal, at which this is typed; ran->err stays empty */
	const char *answer;
	const char *const *variables; /* NAME, value, NAME, value, NULL */
};

struct ran {
	int status; /* of exit; -1: it died otherwise */
	char *out, *err; /* NUL after each */
	size_t out_len, err_len;
};

/* Ends the test when the process cannot be started. `words` ends with NULL. Free the answer with
 * tool_free(). */
struct ran tool_run(const struct tool *tool, const char *const *words);
/* The same, with words separated by single spaces; a word of two single quotes is the empty one. */
struct ran tool_call(const struct tool *tool, const char *line);
void tool_free(struct ran *ran);

/* Runs `line` and fails the test, with all that was said, unless it ends with `status`. */
struct ran tool_expect(const struct tool *tool, const char *line, int status);

/* Every line of `text` is a JSON object with a member "schema" that begins with "holdfast.", or,
 * in an export, "kind"; gives their number, or fails the test. */
size_t json_lines(const char *text);
/* Member `path` ("error.code") of the last line of `text`, as text: strings without quotes,
 * numbers as spelled, true, false, null. False when there is none. */
bool json_member(const char *text, const char *path, char *out, size_t size);

#endif
