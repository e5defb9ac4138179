/* A store with something in it, and what a refusal by the tool must be: one clear sentence on
 * stderr, the exit status of its kind, no data printed, and the store holds afterwards exactly what
 * it held before. */
#ifndef TESTS_REFUSED_CASE_H
#define TESTS_REFUSED_CASE_H

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "holdfast/store.h"
#include "lib/remove_tree.h"
#include "lib/test.h"
#include "lib/tools/tool.h"
#include "print/buffer.h"

#define STORE "store"
#define OTHER "other"

static char page_here[256], page_there[256]; /* tokens of pages of an inbox in STORE and in OTHER */
static char stale_token[32];
static char long_key[513 + 1], longest_key[512 + 1];

/* --- A store with something in it ------------------------------------------------------------- */

static inline void do_quietly(const char *directory, const char *line)
{
	const struct tool tool = {.directory = directory};
	struct ran ran = tool_expect(&tool, line, 0);
	tool_free(&ran);
}

static inline void remember(const char *directory, const char *line, const char *member, char *out,
                            size_t size)
{
	const struct tool tool = {.directory = directory, .json = true};
	struct ran ran = tool_expect(&tool, line, 0);
	assert_true(json_member(ran.out, member, out, size));
	tool_free(&ran);
}

static inline void make_store(const char *directory)
{
	do_quietly(directory, "init");
	do_quietly(directory, "inbox save ann t1 t2 t3 --payload hello --unread");
	do_quietly(directory, "inbox status set ann --status fine");
	do_quietly(directory, "cursor advance mailer events 42 --delivery-id d-42");
	do_quietly(directory, "outbox enqueue mail i1 i2 --payload letter");
}

/* All that is in it, as text. */
static inline char *contents(const char *directory)
{
	static const char *const reads[] = {"inbox load ann", "inbox status get ann", "cursor list",
	                                    "outbox list mail", "outbox list small"};
	const struct tool tool = {.directory = directory, .json = true};
	struct buffer all = {0};
	for (size_t i = 0; i < sizeof reads / sizeof *reads; i++) {
		struct ran ran = tool_expect(&tool, reads[i], 0);
		buffer_text(&all, ran.out);
		tool_free(&ran);
	}
	assert_false(all.failed);
	return all.data;
}

static inline int set_up(void **state)
{
	(void)state;
	unsetenv("HOLDFAST_DIR");
	make_store(STORE);
	make_store(OTHER);
	remember(STORE, "inbox load ann --limit 1", "next", page_here, sizeof page_here);
	remember(OTHER, "inbox load ann --limit 1", "next", page_there, sizeof page_there);
	remember(STORE, "outbox claim mail i1 --lease 1h", "token", stale_token, sizeof stale_token);
	do_quietly(STORE, "outbox retry mail i1");
	memset(long_key, 'k', sizeof long_key - 1);
	memset(longest_key, 'k', sizeof longest_key - 1);
	assert_int_equal(mkdir("empty", 0700), 0);
	assert_int_equal(close(open("a-file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600)), 0);
	return 0;
}

static inline int tear_down(void **state)
{
	(void)state;
	remove_tree(STORE);
	remove_tree(OTHER);
	remove_tree("empty");
	return unlink("a-file");
}

/* --- What everyone must see ------------------------------------------------------------------- */

static inline void check_sentence(const char *err, const char *says)
{
	const char *end = strchr(err, '\n');
	if (strncmp(err, "holdfast: ", 10) != 0 || !end || end[1] != '\0' || !strstr(err, says))
		fail_msg("not one line 'holdfast: ...%s...': %s", says, err);
}

static inline void check_json_error(const char *err, const char *code, const char *says)
{
	char name[64] = "", message[1024] = "";
	assert_int_equal(json_lines(err), 1);
	assert_true(json_member(err, "error.name", name, sizeof name));
	assert_true(json_member(err, "error.message", message, sizeof message));
	assert_string_equal(name, code);
	assert_non_null(strstr(message, says));
}

/* Both ways of asking; what the store holds is compared by the caller. */
static inline void must_refuse(const struct tool *tool, const char *line, int status,
                               const char *code, const char *says)
{
	struct tool json = *tool;
	struct ran ran = tool_expect(tool, line, status);
	assert_string_equal(ran.out, "");
	check_sentence(ran.err, says);
	tool_free(&ran);
	json.json = true;
	ran = tool_expect(&json, line, status);
	assert_string_equal(ran.out, "");
	check_json_error(ran.err, code, says);
	tool_free(&ran);
}

#endif
