/* See cells.h. Each domain's page has a section "Cells", in lines that fit on a screen. A page that
 * would be too long has them in a page of its own, NAME-cells.md.
 *
 *	## Cells
 *
 *	`cursor, reads`
 *
 *	- operations: get · list of a stream ·
 *	  list of a stream in pages
 *	- states: absent · removed
 *
 * They are read into one text with a line for each table: | `table` | operations | states |. */
#include "lib/domains/cells.h"

#include <ctype.h>

#include "lib/test.h"
#include "store/store.h"

enum { TEXT_MAX = 1 << 20, LINE_MAX_BYTES = 1 << 16 };

#define HEADING "\n### Cells\n"
#define PAGE_HEADING "\n## Cells\n"
#define SEPARATOR " · "

/* --- Reading the pages ------------------------------------------------------------------------ */

/* NULL: there is no such page. */
static char *page_read(const char *domain, const char *ending)
{
	char path[4096], *text = malloc(TEXT_MAX);
	(void)snprintf(path, sizeof path, "%s/docs/domains/%s%s", HF_SOURCE_DIR, domain, ending);
	FILE *page = fopen(path, "re");
	assert_non_null(text);
	if (!page) {
		free(text);
		return NULL;
	}
	const size_t len = fread(text, 1, TEXT_MAX, page);
	assert_true(len < TEXT_MAX && !ferror(page));
	text[len] = '\0';
	(void)fclose(page);
	return text;
}

static char *append(char *to, const char *text)
{
	const size_t len = strlen(text);
	memcpy(to, text, len + 1);
	return to + len;
}

static const char *behind(const char *line, const char *prefix)
{
	const size_t len = strlen(prefix);
	return strncmp(line, prefix, len) == 0 ? line + len : NULL;
}

/* Puts the page's tables behind `to`, a line each. Gives the new end. */
static char *rows_append(char *to, char *page)
{
	char *rest = strstr(page, PAGE_HEADING);
	bool open = false;
	rest = rest ? rest + strlen(PAGE_HEADING) : rest;
	for (char *line = rest ? strsep(&rest, "\n") : NULL; line; line = strsep(&rest, "\n")) {
		const char *column = behind(line, "- operations: ");
		column = column ? column : behind(line, "- states: ");
		if (behind(line, "## "))
			break;
		if (line[0] == '`') {
			to = append(append(to, open ? " |\n| " : "| "), line);
			open = true;
		} else if (open && column) {
			to = append(append(to, " | "), column);
		} else if (open && behind(line, "  ")) {
			to = append(append(to, " "), behind(line, "  "));
		}
	}
	return append(to, open ? " |\n" : "");
}

char *cells_design(void)
{
	static const char *const endings[] = {".md", "-cells.md"};
	const struct hf__domains *all = hf__all_domains();
	char *text = malloc(TEXT_MAX), *end = text;
	size_t left = TEXT_MAX - 100;
	assert_non_null(text);
	end = append(end, "# The cells of all domains\n" HEADING);
	for (unsigned i = 0; i < 2 * all->count; i++) {
		char *page = page_read(all->rows[i / 2]->name, endings[i % 2]);
		if (!page)
			continue;
		assert_true(strlen(page) < left); /* a row is never longer than its lines */
		left -= strlen(page);
		end = rows_append(end, page);
		free(page);
	}
	return text;
}

/* Where the line's columns are; false: it is no row. */
static bool row_parse(const char *line, struct cells_row *row)
{
	if (strncmp(line, "| `", 3) != 0)
		return false;
	row->end = line + strcspn(line, "\n");
	row->table = line + 3;
	const char *operations = strstr(row->table, "` | "),
	           *states = operations ? strstr(operations + 4, " | ") : NULL;
	if (!states || states > row->end)
		return false;
	row->operations = operations + 4;
	row->states = states + 3;
	return true;
}

bool cells_next_row(const char **at, struct cells_row *row)
{
	const char *heading = strstr(*at, HEADING);
	if (heading)
		*at = heading + strlen(HEADING);
	else if ((*at)[0] == '#')
		return false; /* from the start of a design without the section */
	while (**at && strncmp(*at, "## ", 3) != 0 && strncmp(*at, "### ", 4) != 0) {
		const char *line = *at;
		*at = line + strcspn(line, "\n");
		*at += **at == '\n';
		if (row_parse(line, row))
			return true;
	}
	return false;
}

bool cells_row_is_of(const struct cells_row *row, const char *domain)
{
	const size_t len = strlen(domain);
	return strncmp(row->table, domain, len) == 0 &&
	       (row->table[len] == '`' || row->table[len] == ',');
}

bool cells_row_has(const struct cells_row *row, const char *word)
{
	const size_t len = strlen(word);
	for (const char *name = row->operations; name && name < row->states;
	     name = strstr(name, SEPARATOR)) {
		name += name == row->operations ? 0 : strlen(SEPARATOR);
		if (name < row->states && strncmp(name, word, len) == 0 &&
		    !isalnum((unsigned char)name[len]) && name[len] != '_')
			return true;
	}
	return false;
}

/* --- Comparing it with what is run ------------------------------------------------------------ */

static size_t add(char *line, size_t len, const char *text)
{
	const size_t more = strlen(text);
	assert_true(more < LINE_MAX_BYTES - len);
	memcpy(line + len, text, more + 1);
	return len + more;
}

static size_t add_names(char *line, size_t len, cells_name name)
{
	for (size_t i = 0; name(i); i++) {
		assert_null(strchr(name(i), '|'));
		len = add(line, len, i ? SEPARATOR : "");
		len = add(line, len, name(i));
	}
	return add(line, len, " |");
}

/* The row of this table as a line; NULL: there is none. Two are one too many. */
static const char *find_listed(const char *design, const char *table, struct cells_row *found)
{
	const char *at = design, *line = NULL;
	const size_t len = strlen(table);
	struct cells_row row;
	while (cells_next_row(&at, &row)) {
		if (strncmp(row.table, table, len) != 0 || row.table[len] != '`')
			continue;
		if (line)
			fail_msg("docs/domains, Cells: `%s` is listed twice", table);
		line = row.table - 3;
		*found = row;
	}
	return line;
}

void cells_are_listed(const char *table, cells_name operation, cells_name state)
{
	char *run = malloc(LINE_MAX_BYTES), *design = cells_design();
	struct cells_row row = {NULL, NULL, NULL, NULL};
	assert_non_null(run);
	size_t len = add(run, 0, "| `");
	len = add(run, len, table);
	len = add(run, len, "` | ");
	len = add_names(run, len, operation);
	len = add(run, len, " ");
	len = add_names(run, len, state);
	const char *listed = find_listed(design, table, &row);
	const int listed_len = listed ? (int)(row.end - listed) : 0;
	if (!listed || (size_t)listed_len != len || strncmp(run, listed, len) != 0)
		fail_msg("docs/domains, Cells: this is run\n%s\nand this is listed\n%.*s", run,
		         listed ? listed_len : 9, listed ? listed : "(nothing)");
	free(run);
	free(design);
}
