/* What branches write into the same document at the same time is put together line by line: nothing is lost, but a line that one of them mended or moved
 * can stand there twice. No line of some length may; and the sections of DESIGN.md are numbered through and all in its table of contents. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LINES_MAX = 4096, LONG_LINE = 80, TEXT_MAX = 1 << 20 };

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
	assert_true(fread(text, 1, TEXT_MAX - 1, file) > 1000 && feof(file));
	(void)fclose(file);
	document_parse(doc, text);
}

/* A heading, or a long line that is not the head of a table: two tables may have the same columns. */
static bool must_be_alone(const struct document *doc, size_t i)
{
	const char *line = doc->lines[i];
	if (strncmp(line, "## ", 3) == 0 || strncmp(line, "### ", 4) == 0)
		return true;
	return strlen(line) >= LONG_LINE && (i + 1 == doc->count || strncmp(doc->lines[i + 1], "|-", 2) != 0);
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

/* Is there "7. [Title](#" in the line, for the section of this number? It may say less than the title does: "Guarantees". */
static bool lists_section(const char *line, unsigned number, const char *title)
{
	char begin[16];
	(void)snprintf(begin, sizeof begin, "%u. [", number);
	for (const char *at = strstr(line, begin); at; at = strstr(at + 1, begin)) {
		const char *listed = at + strlen(begin);
		const bool whole = at == line || at[-1] == ' ';
		if (whole && strncmp(listed, title, strcspn(listed, "]")) == 0)
			return true;
	}
	return false;
}

/* Sections are "## 7. Title", without a gap, and listed in a line before the first of them. */
static size_t misplaced_sections(const struct document *doc, const char *name)
{
	unsigned number = 0;
	size_t found = 0, first = 0;
	for (size_t i = 0; i < doc->count; i++) {
		const char *line = doc->lines[i], *title = strstr(line, ". ");
		bool listed = false;
		if (strncmp(line, "## ", 3) != 0)
			continue;
		number++;
		first = first ? first : i;
		const bool next = title && strtoul(line + 3, NULL, 10) == number;
		for (size_t j = 0; j < first && title; j++)
			listed = listed || lists_section(doc->lines[j], number, title + 2);
		if (name && (!next || !listed))
			(void)fprintf(stderr, "%s:%zu: out of order or not in the table of contents: %s\n", name, i + 1, line);
		found += !next || !listed;
	}
	return found;
}

static void no_line_stands_twice(void **state)
{
	(void)state;
	static const char *const names[] = {"DESIGN.md", "engine/log/FORMAT.md", "README.md"};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		static struct document doc;
		document_read(&doc, names[i]);
		assert_int_equal(repeated_lines(&doc, names[i]), 0);
		free(doc.text);
	}
}

static void sections_of_the_design_are_numbered_through(void **state)
{
	(void)state;
	static struct document doc;
	document_read(&doc, "DESIGN.md");
	assert_int_equal(misplaced_sections(&doc, "DESIGN.md"), 0);
	free(doc.text);
}

static size_t seen_in(size_t (*rule)(const struct document *doc, const char *name), const char *text)
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
#define LINE "A line that is longer than eighty bytes, as most lines of these documents are, so that it counts.\n"
	assert_int_equal(seen_in(repeated_lines, LINE "short\nshort\n"), 0);
	assert_int_equal(seen_in(repeated_lines, LINE "x\n" LINE), 1);
	assert_int_equal(seen_in(repeated_lines, "### Lock\nx\n### Lock\n"), 1);
	assert_int_equal(seen_in(repeated_lines, LINE "|---|\n" LINE "|---|\n"), 0);
	assert_int_equal(seen_in(misplaced_sections, "1. [One](#a) · 2. [Two](#b)\n## 1. One\n## 2. Two and more\n"), 0);
	assert_int_equal(seen_in(misplaced_sections, "1. [One](#a)\n## 1. One\n## 2. Two\n"), 1);
	assert_int_equal(seen_in(misplaced_sections, "1. [One](#a) · 2. [Two](#b)\n## 1. One\n## 3. Two\n"), 1);
	assert_int_equal(seen_in(misplaced_sections, "1. [One](#a) · 2. [Ten](#b)\n## 1. One\n## 2. Two\n"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_line_stands_twice),
	    cmocka_unit_test(sections_of_the_design_are_numbered_through),
	    cmocka_unit_test(the_rules_see_what_they_should),
	};
	return cmocka_run_group_tests_name("documents", tests, NULL, NULL);
}
