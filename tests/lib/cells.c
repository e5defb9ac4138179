/* See cells.h. Rows of other tables are passed over: only what stands between the heading "Cells" and the next one is looked at, and only lines that
 * begin with a name in backquotes. */
#include "lib/cells.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { DESIGN_MAX = 1 << 20, LINE_MAX_BYTES = 1 << 16 };

#define HEADING "\n### Cells\n"
#define SEPARATOR " · "

/* --- Reading the design ------------------------------------------------------------------------------------------------------- */

char *cells_design(void)
{
	FILE *design = fopen(HF_SOURCE_DIR "/DESIGN.md", "re");
	char *text = malloc(DESIGN_MAX);
	assert_non_null(design);
	assert_non_null(text);
	const size_t len = fread(text, 1, DESIGN_MAX, design);
	assert_true(len < DESIGN_MAX && !ferror(design));
	text[len] = '\0';
	(void)fclose(design);
	return text;
}

/* Where the line's columns are; false: it is no row. */
static bool row_parse(const char *line, struct cells_row *row)
{
	if (strncmp(line, "| `", 3) != 0)
		return false;
	row->end = line + strcspn(line, "\n");
	row->table = line + 3;
	const char *operations = strstr(row->table, "` | "), *states = operations ? strstr(operations + 4, " | ") : NULL;
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
	return strncmp(row->table, domain, len) == 0 && (row->table[len] == '`' || row->table[len] == ',');
}

bool cells_row_has(const struct cells_row *row, const char *word)
{
	const size_t len = strlen(word);
	for (const char *name = row->operations; name && name < row->states; name = strstr(name, SEPARATOR)) {
		name += name == row->operations ? 0 : strlen(SEPARATOR);
		if (name < row->states && strncmp(name, word, len) == 0 && !isalnum((unsigned char)name[len]) && name[len] != '_')
			return true;
	}
	return false;
}

/* --- Comparing it with what is run ---------------------------------------------------------------------------------------------- */

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
			fail_msg("DESIGN.md, Cells: `%s` is listed twice", table);
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
		fail_msg("DESIGN.md, Cells: this is run\n%s\nand this is listed\n%.*s", run, listed ? listed_len : 9,
		         listed ? listed : "(nothing)");
	free(run);
	free(design);
}
