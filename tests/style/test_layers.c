/* tier: fast */
/* The floors of the engine: nothing includes upward, domains see neither log nor machine nor
 * each other, and only two doors lead to the system. Reads the source tree.
 *
 * Each rule runs over the real tree, where nothing may be reported, and over small made-up files
 * that break it, where something must be. */
#include "lib/source.h"
#include "lib/test.h"

/* --- Includes --------------------------------------------------------------------------------- */
static const struct file *include_find(const struct tree *tree, const char *target)
{
	const struct file *found = tree_find(tree, "engine/", target);
	return found ? found : tree_find(tree, "engine/include/", target);
}

struct include {
	char target[120];
	bool quoted;
	size_t line;
};

/* Finds the next include at or after *at; moves *at and *line behind it. */
static bool include_next(const char **at, size_t *line, struct include *include)
{
	while (**at) {
		const char *start = *at, *end = strchr(start, '\n');
		*at = end ? end + 1 : start + strlen(start);
		include->line = (*line)++;
		char quote;
		if (sscanf(start, " # include %c%119[^\">\n]", &quote, include->target) == 2 &&
		    (quote == '"' || quote == '<')) {
			include->quoted = quote == '"';
			return true;
		}
	}
	return false;
}

enum { NO_FLOOR = -2, PUBLIC, API, BASE, OS, OBJECT = 4, STORE, DOMAINS, TOP };

/* Of a path below engine/, or of an include, which is written from there. */
static int floor_of(const char *path)
{
	static const char *const floors[] = {"api/",    "base/",  "os/",     "log/",
	                                     "object/", "store/", "domains/"};
	for (int i = 0; i < (int)(sizeof floors / sizeof *floors); i++)
		if (source_starts_with(path, floors[i]))
			return i;
	if (source_starts_with(path, "include/holdfast/") || source_starts_with(path, "holdfast/"))
		return PUBLIC;
	return strcmp(path, "holdfast.c") == 0 || strcmp(path, "table.c") == 0 ? TOP : NO_FLOOR;
}

static const char *below_engine(const struct file *file)
{
	return file->path + strlen("engine/");
}

static bool is_any(const char *text, const char *const *list)
{
	for (; *list; list++)
		if (source_ends_with(*list, "/") ? source_starts_with(text, *list)
		                                 : strcmp(text, *list) == 0)
			return true;
	return false;
}

static void check_floor(const struct tree *tree, const struct file *file,
                        const struct include *include)
{
	int own = floor_of(below_engine(file)), other = floor_of(include->target);
	bool upward = own == PUBLIC ? other != PUBLIC : other > own;
	if (!include->quoted) {
		if (other != NO_FLOOR)
			offend(file, include->line, "<%s> is ours: write it in quotes", include->target);
	} else if (other == NO_FLOOR) {
		offend(file, include->line, "\"%s\" is not written from engine/", include->target);
	} else if (upward) {
		offend(file, include->line, "\"%s\" is on a higher floor", include->target);
	} else if (!include_find(tree, include->target)) {
		offend(file, include->line, "\"%s\" does not exist", include->target);
	}
}

static void check_system(const struct file *file, const struct include *include)
{
	static const char *const machine[] = {"unistd.h", "fcntl.h", "dirent.h", "poll.h",
	                                      "sys/",     "linux/",  "asm/",     NULL};
	static const char *const impure[] = {"pthread.h", "threads.h", "semaphore.h",
	                                     "time.h",    "signal.h",  NULL};
	int own = floor_of(below_engine(file));
	const bool door = own == OS || strcmp(file->path, "engine/store/commit/futex.c") == 0;
	if (is_any(include->target, machine) && !door)
		offend(file, include->line, "<%s>: system calls belong in os/", include->target);
	if ((own == BASE || own == DOMAINS) && is_any(include->target, impure))
		offend(file, include->line, "<%s>: no threads and no clock on this floor", include->target);
	if (own == DOMAINS && strcmp(include->target, "stdatomic.h") == 0)
		offend(file, include->line, "<%s>: a domain knows no threads", include->target);
}

static void rule_includes(const struct tree *tree, const struct file *file)
{
	const char *at = file->plain;
	size_t line = 1;
	struct include include;
	if (floor_of(below_engine(file)) == NO_FLOOR)
		offend(file, 1, "is on no floor");
	while (include_next(&at, &line, &include)) {
		check_floor(tree, file, &include);
		check_system(file, &include);
	}
}

/* "inbox" of domains/inbox/list.h, engine/domains/inbox/inbox.c and holdfast/inbox.h. */
static void domain_name(const char *path, char name[64])
{
	const char *folder = strstr(path, "domains/"), *stem = strrchr(path, '/');
	if (folder) {
		folder += strlen("domains/");
		snprintf(name, 64, "%.*s", (int)strcspn(folder, "/"), folder);
		return;
	}
	stem = stem ? stem + 1 : path;
	snprintf(name, 64, "%.*s", (int)strcspn(stem, "_."), stem);
}

static bool names_domain(const struct tree *tree, const char *target, char name[64])
{
	static const char *const common[] = {"types",  "store",   "admin",   "async",    "api",
	                                     "feed",   "row",     "version", "holdfast", "transfer",
	                                     "backup", "salvage", "wait",    "metrics",  NULL};
	char header[80];
	domain_name(target, name);
	snprintf(header, sizeof header, "holdfast/%s.h", name);
	int floor = floor_of(target);
	return (floor == DOMAINS || floor == PUBLIC) && !is_any(name, common) &&
	       include_find(tree, header);
}

/* What a domain file sees, headers of headers included, each once: there are more ways through them
 * than can be gone. log/entry.h is the one door to the log. */
static void domain_walk(const struct tree *tree, const struct file *domain, size_t at_line,
                        const struct file *seen, bool *walked)
{
	const char *at = seen->plain;
	size_t line = 1;
	struct include include;
	while (include_next(&at, &line, &include)) {
		size_t shown = seen != domain ? at_line : include.line;
		if (!include.quoted || strcmp(include.target, "log/entry.h") == 0)
			continue;
		if (source_starts_with(include.target, "os/") ||
		    source_starts_with(include.target, "log/")) {
			offend(domain, shown, "a domain sees \"%s\" (in %s)", include.target, seen->path);
			continue;
		}
		const struct file *next = include_find(tree, include.target);
		if (!next || walked[next - tree->files])
			continue;
		walked[next - tree->files] = true;
		domain_walk(tree, domain, shown, next, walked);
	}
}

static void rule_domains(const struct tree *tree, const struct file *file)
{
	int own = floor_of(below_engine(file));
	char own_name[64], other_name[64];
	const char *at = file->plain;
	size_t line = 1;
	struct include include;
	domain_name(file->path, own_name);
	while (include_next(&at, &line, &include)) {
		if (!names_domain(tree, include.target, other_name))
			continue;
		if (own > API && own < DOMAINS)
			offend(file, include.line, "\"%s\": this floor names no domain", include.target);
		else if ((own == API || own == DOMAINS) && strcmp(own_name, other_name) != 0)
			offend(file, include.line, "\"%s\": a domain knows no other", include.target);
	}
	if (own == DOMAINS) {
		bool *walked = calloc(tree->count, sizeof *walked);
		assert_non_null(walked);
		domain_walk(tree, file, 1, file, walked);
		free(walked);
	}
}

/* --- The real tree ---------------------------------------------------------------------------- */
static struct tree engine;

static int engine_read(void **state)
{
	(void)state;
	engine = tree_new();
	tree_read(&engine, "engine");
	return 0;
}

static int engine_free(void **state)
{
	(void)state;
	tree_free(&engine);
	return 0;
}

static void the_tree_was_read(void **state)
{
	(void)state;
	static const char *const known[] = {"base/mem.c",     "object/index.c",
	                                    "os/os.h",        "log/format.h",
	                                    "store/domain.h", "include/holdfast/types.h"};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		const struct file *file = tree_find(&engine, "engine/", known[i]);
		assert_non_null(file);
		assert_true(strlen(file->text) > 200 && strlen(file->text) == strlen(file->code));
	}
}

static void nothing_includes_upward_and_every_include_exists(void **state)
{
	(void)state;
	assert_int_equal(tree_offences(&engine, rule_includes), 0);
}

static void domains_see_neither_log_nor_os_nor_each_other(void **state)
{
	(void)state;
	assert_int_equal(tree_offences(&engine, rule_domains), 0);
}

/* --- The rules themselves --------------------------------------------------------------------- */
/* How many offences the rule sees in a file of that path and text, in a small tree around it. */

/* How many offences the rule sees in a file of that path and text, in a small tree around it. */
static size_t offences_in(source_rule *tried, const char *path, const char *text)
{
	static const char *const around[][2] = {
	    {"engine/api/api.h", ""},
	    {"engine/base/mem.h", ""},
	    {"engine/os/os.h", ""},
	    {"engine/log/format.h", ""},
	    {"engine/log/entry.h", "#include \"log/format.h\"\n"},
	    {"engine/store/domain.h", ""},
	    {"engine/store/store.h", "#include \"os/os.h\"\n"},
	    {"engine/domains/cursor/cursor.h", ""},
	    {"engine/domains/common/shared.h", ""},
	    {"engine/include/holdfast/inbox.h", ""},
	    {"engine/include/holdfast/cursor.h", ""},
	    {"engine/include/holdfast/types.h", ""},
	};
	struct tree tree = tree_new();
	for (size_t i = 0; i < sizeof around / sizeof *around; i++)
		tree_add(&tree, around[i][0], strdup(around[i][1]));
	tree_add(&tree, path, strdup(text));
	size_t seen = file_offences(&tree, &tree.files[tree.count - 1], tried);
	tree_free(&tree);
	return seen;
}

static void the_include_rule_sees_what_it_should(void **state)
{
	(void)state;
	assert_int_equal(offences_in(rule_includes, "engine/log/a.c",
	                             "#include \"base/mem.h\"\n#include <stdio.h>\n"),
	                 0);
	assert_int_equal(offences_in(rule_includes, "engine/log/a.c", "#include \"store/store.h\"\n"),
	                 1);
	assert_int_equal(
	    offences_in(rule_includes, "engine/log/a.c", "  # include \"store/store.h\"\n"), 1);
	assert_int_equal(
	    offences_in(rule_includes, "engine/log/a.c", "/* #include \"store/store.h\" */\n"), 0);
	assert_int_equal(offences_in(rule_includes, "engine/log/a.c", "#include <base/mem.h>\n"), 1);
	assert_int_equal(offences_in(rule_includes, "engine/log/a.c", "#include \"entry.h\"\n"), 1);
	assert_int_equal(offences_in(rule_includes, "engine/log/a.c", "#include \"log/missing.h\"\n"),
	                 1);
	assert_int_equal(offences_in(rule_includes, "engine/extra/a.c", ""), 1);
	assert_int_equal(offences_in(rule_includes, "engine/base/a.c", "#include \"api/api.h\"\n"), 0);
	assert_int_equal(offences_in(rule_includes, "engine/api/a.c", "#include \"base/mem.h\"\n"), 1);
	assert_int_equal(
	    offences_in(rule_includes, "engine/include/holdfast/a.h", "#include \"base/mem.h\"\n"), 1);
	assert_int_equal(offences_in(rule_includes, "engine/include/holdfast/a.h",
	                             "#include \"holdfast/missing.h\"\n"),
	                 1);
	assert_int_equal(offences_in(rule_includes, "engine/include/holdfast/a.h",
	                             "#include \"holdfast/types.h\"\n"),
	                 0);
	assert_int_equal(offences_in(rule_includes, "engine/store/a.c",
	                             "#include <unistd.h>\n#include <sys/stat.h>\n"),
	                 2);
	assert_int_equal(offences_in(rule_includes, "engine/os/posix.c",
	                             "#include <unistd.h>\n#include <sys/stat.h>\n"),
	                 0);
	assert_int_equal(
	    offences_in(rule_includes, "engine/store/commit/futex.c", "#include <linux/futex.h>\n"), 0);
	assert_int_equal(
	    offences_in(rule_includes, "engine/base/a.c", "#include <pthread.h>\n#include <time.h>\n"),
	    2);
	assert_int_equal(offences_in(rule_includes, "engine/domains/a.c",
	                             "#include <time.h>\n#include <stdatomic.h>\n"),
	                 2);
	assert_int_equal(offences_in(rule_includes, "engine/store/a.c",
	                             "#include <pthread.h>\n#include <stdatomic.h>\n"),
	                 0);
}

static void the_domain_rule_sees_what_it_should(void **state)
{
	(void)state;
	assert_int_equal(offences_in(rule_domains, "engine/domains/inbox/inbox.c",
	                             "#include \"log/entry.h\"\n#include \"store/domain.h\"\n"),
	                 0);
	assert_int_equal(
	    offences_in(rule_domains, "engine/domains/inbox/inbox.c", "#include \"log/format.h\"\n"),
	    1);
	assert_int_equal(
	    offences_in(rule_domains, "engine/domains/inbox/inbox.c", "#include \"os/os.h\"\n"), 1);
	/* and through it os.h */
	assert_int_equal(
	    offences_in(rule_domains, "engine/domains/inbox/inbox.c", "#include \"store/store.h\"\n"),
	    1);
	assert_int_equal(offences_in(rule_domains, "engine/domains/inbox/inbox.c",
	                             "#include \"holdfast/inbox.h\"\n"),
	                 0);
	assert_int_equal(
	    offences_in(rule_domains, "engine/domains/inbox/list.c", "#include \"holdfast/inbox.h\"\n"),
	    0);
	assert_int_equal(offences_in(rule_domains, "engine/domains/inbox/inbox.c",
	                             "#include \"domains/common/shared.h\"\n"),
	                 0);
	assert_int_equal(offences_in(rule_domains, "engine/domains/inbox/inbox.c",
	                             "#include \"holdfast/cursor.h\"\n"),
	                 1);
	assert_int_equal(offences_in(rule_domains, "engine/domains/inbox/inbox.c",
	                             "#include \"domains/cursor/cursor.h\"\n"),
	                 1);
	assert_int_equal(
	    offences_in(rule_domains, "engine/store/a.c", "#include \"holdfast/inbox.h\"\n"), 1);
	assert_int_equal(
	    offences_in(rule_domains, "engine/api/inbox.c", "#include \"holdfast/inbox.h\"\n"), 0);
	assert_int_equal(
	    offences_in(rule_domains, "engine/api/cursor.c", "#include \"holdfast/inbox.h\"\n"), 1);
	assert_int_equal(
	    offences_in(rule_domains, "engine/holdfast.c", "#include \"holdfast/inbox.h\"\n"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_tree_was_read),
	    cmocka_unit_test(nothing_includes_upward_and_every_include_exists),
	    cmocka_unit_test(domains_see_neither_log_nor_os_nor_each_other),
	    cmocka_unit_test(the_include_rule_sees_what_it_should),
	    cmocka_unit_test(the_domain_rule_sees_what_it_should),
	};
	return cmocka_run_group_tests_name("layers", tests, engine_read, engine_free);
}
