/* tier: fast */
/* What branches write into the same document at the same time is put together line by line:
 * nothing is lost, but a line that one of them mended or moved can stand there twice. No line of
 * some length may. Pages are short enough to be read in one go, on a screen, and in a diff: at
 * most 150 lines of at most 100 columns. check_docs.sh looks at what they name and link to. */
#include <glob.h>

#include "lib/test.h"

enum {
	LINES_MAX = 4096,
	LONG_LINE = 80,
	TEXT_MAX = 1 << 20,
	COLUMNS = 100,
	TAB = 4,
	PAGE_LINES = 150
};

struct document {
	char *text;
	char *lines[LINES_MAX];
	size_t count;
};

static void document_parse(struct document *doc, char *text)
{
	char *rest = text;
	*doc = (struct document){.text = text};
	for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
		assert_true(doc->count < LINES_MAX);
		doc->lines[doc->count++] = line;
	}
}

static void document_read(struct document *doc, const char *name)
{
	char path[4096], *text = calloc(1, TEXT_MAX);
	(void)snprintf(path, sizeof path, "%s/%s", HF_SOURCE_DIR, name);
	FILE *file = fopen(path, "re");
	assert_non_null(file);
	assert_non_null(text);
	assert_true(fread(text, 1, TEXT_MAX - 1, file) > 500 && feof(file));
	(void)fclose(file);
	document_parse(doc, text);
}

/* A heading, or a long line that is not the head of a table: two tables may have the same columns.
 * Neither do lists of cells count ("absent · queued"): two tests may go over the same states. */
static bool must_be_alone(const struct document *doc, size_t i)
{
	const char *line = doc->lines[i];
	if (strncmp(line, "## ", 3) == 0 || strncmp(line, "### ", 4) == 0)
		return true;
	if (strstr(line, " ·"))
		return false;
	return strlen(line) >= LONG_LINE &&
	       (i + 1 == doc->count || strncmp(doc->lines[i + 1], "|-", 2) != 0);
}

/* How many stand there more than once. With a name they are printed. */
static size_t repeated_lines(const struct document *doc, const char *name)
{
	size_t found = 0;
	for (size_t i = 0; i < doc->count; i++)
		for (size_t j = i + 1; j < doc->count; j++) {
			if (!must_be_alone(doc, i) || strcmp(doc->lines[i], doc->lines[j]) != 0)
				continue;
			if (name)
				(void)fprintf(stderr, "%s:%zu and %zu: %s\n", name, i + 1, j + 1, doc->lines[i]);
			found++;
		}
	return found;
}

/* Of a line of UTF-8, tabs counted as editors show them. */
static size_t columns_of(const char *line)
{
	size_t columns = 0;
	for (; *line; line++)
		if (*line == '\t')
			columns += TAB - columns % TAB;
		else
			columns += ((unsigned char)*line & 0xc0) != 0x80;
	return columns;
}

/* How many lines are too wide. With a name they are printed. */
static size_t wide_lines(const struct document *doc, const char *name)
{
	size_t found = 0;
	for (size_t i = 0; i < doc->count; i++) {
		if (columns_of(doc->lines[i]) <= COLUMNS)
			continue;
		if (name)
			(void)fprintf(stderr, "%s:%zu: %zu columns\n", name, i + 1, columns_of(doc->lines[i]));
		found++;
	}
	return found;
}

/* How many lines there are above what a page may have. The empty text behind the last newline is
 * no line. */
static size_t lines_over(const struct document *doc, const char *name, size_t max)
{
	const size_t lines = doc->count - 1;
	if (name && lines > max)
		(void)fprintf(stderr, "%s: %zu lines, at most %zu\n", name, lines, max);
	return lines > max ? lines - max : 0;
}

/* --- The documents that are there ------------------------------------------------------------- */

static const struct {
	const char *pattern;
	size_t lines; /* at most; 0: as many as it takes */
} documents[] = {
    {"DESIGN.md", PAGE_LINES},
    {"docs/*.md", PAGE_LINES},
    {"docs/domains/*.md", PAGE_LINES},
    {"docs/interface/*.md", PAGE_LINES},
    {"README.md", 200},
    {"CONTRIBUTING.md", PAGE_LINES},
    {"SECURITY.md", PAGE_LINES},
    {"CHANGELOG.md", 0},
    {"engine/log/FORMAT.md", 0},
};

/* Calls `each` for every document and adds up what it gives. */
static size_t sum_over_documents(size_t (*each)(const struct document *doc, const char *name,
                                                size_t row))
{
	size_t found = 0;
	for (size_t row = 0; row < sizeof documents / sizeof documents[0]; row++) {
		char pattern[4096];
		glob_t paths;
		(void)snprintf(pattern, sizeof pattern, "%s/%s", HF_SOURCE_DIR, documents[row].pattern);
		assert_int_equal(glob(pattern, 0, NULL, &paths), 0);
		for (size_t i = 0; i < paths.gl_pathc; i++) {
			static struct document doc;
			const char *name = paths.gl_pathv[i] + strlen(HF_SOURCE_DIR "/");
			document_read(&doc, name);
			found += each(&doc, name, row);
			free(doc.text);
		}
		globfree(&paths);
	}
	return found;
}

static size_t repeated(const struct document *doc, const char *name, size_t row)
{
	(void)row;
	return repeated_lines(doc, name);
}

static size_t too_wide(const struct document *doc, const char *name, size_t row)
{
	(void)row;
	return wide_lines(doc, name);
}

static size_t too_long(const struct document *doc, const char *name, size_t row)
{
	return documents[row].lines ? lines_over(doc, name, documents[row].lines) : 0;
}

static void no_line_stands_twice(void **state)
{
	(void)state;
	assert_int_equal(sum_over_documents(repeated), 0);
}

static void no_line_is_wider_than_a_screen(void **state)
{
	(void)state;
	assert_int_equal(sum_over_documents(too_wide), 0);
}

static void no_page_is_longer_than_one_sitting(void **state)
{
	(void)state;
	assert_int_equal(sum_over_documents(too_long), 0);
}

static size_t seen_in(size_t (*rule)(const struct document *doc, const char *name),
                      const char *text)
{
	static struct document doc;
	document_parse(&doc, strdup(text));
	const size_t seen = rule(&doc, NULL);
	free(doc.text);
	return seen;
}

static void the_rules_see_what_they_should(void **state)
{
	(void)state;
#define LINE \
	"A line that is longer than eighty bytes, as most lines of these documents are, so that it " \
	"counts.\n"
	assert_int_equal(seen_in(repeated_lines, LINE "short\nshort\n"), 0);
	assert_int_equal(seen_in(repeated_lines, LINE "x\n" LINE), 1);
	assert_int_equal(seen_in(repeated_lines, "### Lock\nx\n### Lock\n"), 1);
	assert_int_equal(seen_in(repeated_lines, LINE "|---|\n" LINE "|---|\n"), 0);
	assert_int_equal(seen_in(repeated_lines, "- one · " LINE "- one · " LINE), 0);
	assert_int_equal(seen_in(wide_lines, LINE LINE), 0);
	assert_int_equal(seen_in(wide_lines, "\t\t\t" LINE), 1);
	assert_int_equal(seen_in(wide_lines, "························\n"), 0);
	static struct document doc;
	document_parse(&doc, strdup("a\nb\nc\n"));
	assert_int_equal(lines_over(&doc, NULL, 3), 0);
	assert_int_equal(lines_over(&doc, NULL, 2), 1);
	free(doc.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_line_stands_twice),
	    cmocka_unit_test(no_line_is_wider_than_a_screen),
	    cmocka_unit_test(no_page_is_longer_than_one_sitting),
	    cmocka_unit_test(the_rules_see_what_they_should),
	};
	return cmocka_run_group_tests_name("documents", tests, NULL, NULL);
}
