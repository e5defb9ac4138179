/* tier: fast */
/* Rules of the house that hold in every file of the engine: short files and functions, no memory
 * but from base/mem.h, no printing, exiting or looking around, nothing unfinished. Reads the
 * source tree.
 *
 * Each rule runs over the real tree, where nothing may be reported, and over small made-up files
 * that break it, where something must be. */
#include <ctype.h>

#include "lib/source.h"
#include "lib/test.h"

/* --- Sizes ------------------------------------------------------------------------------------ */

static void rule_sizes(const struct tree *tree, const struct file *file)
{
	(void)tree;
	size_t limit = source_starts_with(file->path, "engine/store/") ? 400 : 500;
	size_t line = 1, opened = 0;
	/* In our style the body of a function, and nothing else, stands between braces alone in the
	 * first column. */
	for (const char *at = file->code; *at; line++) {
		size_t len = strcspn(at, "\n");
		if (len == 1 && at[0] == '{') {
			opened = line;
		} else if (len == 1 && at[0] == '}' && opened) {
			if (line - opened + 1 > 70)
				offend(file, opened, "function of %zu lines; at most 70", line - opened + 1);
			opened = 0;
		}
		at += at[len] ? len + 1 : len;
	}
	if (line - 1 > limit)
		offend(file, line - 1, "file of %zu lines; at most %zu", line - 1, limit);
}

/* --- Calls ------------------------------------------------------------------------------------ */
static bool is_any(const char *word, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(word, *list) == 0)
			return true;
	return false;
}

/* Is the word at `at` called as a function, not as a member? `printf` in `.printf(` or
 * `->printf(` is another one. */
static bool is_call(const char *code, const char *at, size_t len)
{
	const char *after = at + len;
	while (isspace((unsigned char)*after))
		after++;
	bool member = at > code && (at[-1] == '.' || (at[-1] == '>' && at > code + 1 && at[-2] == '-'));
	return *after == '(' && !member;
}

static void check_word(const struct file *file, size_t line, const char *at, size_t len)
{
	static const char *const memory[] = {
	    "malloc",  "calloc",        "realloc",        "reallocarray", "free",      "strdup",
	    "strndup", "aligned_alloc", "posix_memalign", "asprintf",     "vasprintf", "alloca",
	    NULL};
	static const char *const process[] = {
	    "abort",         "exit",   "_exit",  "_Exit",     "quick_exit", "getenv",
	    "secure_getenv", "setenv", "printf", "vprintf",   "puts",       "putchar",
	    "perror",        "syslog", "signal", "sigaction", NULL};
	static const char *const streams[] = {"stderr", "stdout", NULL};
	char word[40];
	snprintf(word, sizeof word, "%.*s", (int)len, at);
	bool call = is_call(file->code, at, len);
	if (call && is_any(word, memory) && strcmp(file->path, "engine/base/mem.c") != 0)
		offend(file, line, "%s(): memory comes from base/mem.h", word);
	if (call && is_any(word, process)) {
		offend(file, line,
		       "%s(): a library neither prints, ends the process, nor reads its surroundings",
		       word);
	}
	if (is_any(word, streams))
		offend(file, line, "%s: a library prints nothing", word);
}

static void rule_calls(const struct tree *tree, const struct file *file)
{
	(void)tree;
	size_t line = 1;
	for (const char *at = file->code; *at;) {
		size_t len = 0;
		while (isalnum((unsigned char)at[len]) || at[len] == '_')
			len++;
		if (len)
			check_word(file, line, at, len);
		line += at[len] == '\n';
		at += at[len] ? len + 1 : len;
	}
}

static void rule_leftovers(const struct tree *tree, const struct file *file)
{
	static const char *const marks[] = {"TODO", "FIXME", "XXX"};
	(void)tree;
	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
		const char *found = strstr(file->text, marks[i]);
		if (found) {
			size_t line = 1;
			for (const char *at = file->text; at < found; at++)
				line += *at == '\n';
			offend(file, line, "%s: unfinished", marks[i]);
		}
	}
}

/* --- The real tree ---------------------------------------------------------------------------- */
static struct tree engine;

static int engine_read(void **state)
{
	(void)state;
	engine = tree_new();
	tree_read(&engine, "engine");
	/* An empty tree would obey every rule. */
	return tree_find(&engine, "engine/base/", "mem.c") &&
	               tree_find(&engine, "engine/store/", "domain.h")
	           ? 0
	           : -1;
}

static int engine_free(void **state)
{
	(void)state;
	tree_free(&engine);
	return 0;
}

static void files_and_functions_are_short(void **state)
{
	(void)state;
	assert_int_equal(tree_offences(&engine, rule_sizes), 0);
}

static void nothing_allocates_prints_or_exits(void **state)
{
	(void)state;
	assert_int_equal(tree_offences(&engine, rule_calls), 0);
}

static void nothing_is_left_unfinished(void **state)
{
	(void)state;
	assert_int_equal(tree_offences(&engine, rule_leftovers), 0);
}

/* --- The rules themselves --------------------------------------------------------------------- */
/* How many offences the rule sees in a file of that path and text. */
static size_t offences_in(source_rule *tried, const char *path, const char *text)
{
	struct tree tree = tree_new();
	tree_add(&tree, path, strdup(text));
	size_t seen = file_offences(&tree, &tree.files[0], tried);
	tree_free(&tree);
	return seen;
}

/* A function of `lines` lines, braces included; or as many lines of anything else. */
static size_t offences_of_length(const char *path, size_t lines, bool function)
{
	char text[2000] = "";
	for (size_t i = 0; i < lines; i++)
		strcat(text, function && i == 0 ? "{\n" : function && i + 1 == lines ? "}\n" : ";\n");
	return offences_in(rule_sizes, path, text);
}

static void the_size_rule_sees_what_it_should(void **state)
{
	(void)state;
	assert_int_equal(offences_of_length("engine/log/a.c", 500, false), 0);
	assert_int_equal(offences_of_length("engine/log/a.c", 501, false), 1);
	assert_int_equal(offences_of_length("engine/store/a.c", 400, false), 0);
	assert_int_equal(offences_of_length("engine/store/a.c", 401, false), 1);
	assert_int_equal(offences_of_length("engine/log/a.c", 70, true), 0);
	assert_int_equal(offences_of_length("engine/log/a.c", 71, true), 1);
}

static void the_call_rule_sees_what_it_should(void **state)
{
	(void)state;
	assert_int_equal(offences_in(rule_calls, "engine/log/a.c", "x = malloc(1); free (x);"), 2);
	assert_int_equal(offences_in(rule_calls, "engine/base/mem.c", "x = malloc(1); free (x);"), 0);
	assert_int_equal(offences_in(rule_calls, "engine/base/mem.c", "abort();\nexit(1);\ngetenv(x);"),
	                 3);
	assert_int_equal(offences_in(rule_calls, "engine/log/a.c",
	                             "hf__free(x); t->free(x); t.exit(1); int free; // free(x)\n"),
	                 0);
	assert_int_equal(
	    offences_in(rule_calls, "engine/log/a.c",
	                "y(\"abort() \\\" exit()\"); /* strdup(x) */ z('\"'); int exits(int);"),
	    0);
	assert_int_equal(offences_in(rule_calls, "engine/log/a.c", "z('\"'); strdup(x);"), 1);
	assert_int_equal(offences_in(rule_calls, "engine/log/a.c", "fprintf(stderr, x); printf(x);"),
	                 2);
	assert_int_equal(offences_in(rule_leftovers, "engine/log/a.c", "/* TODO: later */"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(files_and_functions_are_short),
	    cmocka_unit_test(nothing_allocates_prints_or_exits),
	    cmocka_unit_test(nothing_is_left_unfinished),
	    cmocka_unit_test(the_size_rule_sees_what_it_should),
	    cmocka_unit_test(the_call_rule_sees_what_it_should),
	};
	return cmocka_run_group_tests_name("style", tests, engine_read, engine_free);
}
