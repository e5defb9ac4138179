/* See cells.h. A row of the design's table is one line: | `table` | operations | states |. */
#include "lib/cells.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LINE_MAX_BYTES = 1 << 16 };

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
		len = add(line, len, i ? " · " : "");
		len = add(line, len, name(i));
	}
	return add(line, len, " |");
}

/* The line of DESIGN.md that begins as `line` does up to its second bar; empty: there is none. */
static void find_listed(const char *begin, size_t len, char *out)
{
	FILE *design = fopen(HF_SOURCE_DIR "/DESIGN.md", "re");
	assert_non_null(design);
	out[0] = '\0';
	while (fgets(out, LINE_MAX_BYTES, design) && strncmp(out, begin, len) != 0)
		out[0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	(void)fclose(design);
}

void cells_are_listed(const char *table, cells_name operation, cells_name state)
{
	char *run = malloc(LINE_MAX_BYTES), *listed = malloc(LINE_MAX_BYTES);
	assert_non_null(run);
	assert_non_null(listed);
	size_t len = add(run, 0, "| `");
	len = add(run, len, table);
	const size_t begin = len = add(run, len, "` | ");
	len = add_names(run, len, operation);
	len = add(run, len, " ");
	(void)add_names(run, len, state);
	find_listed(run, begin, listed);
	if (strcmp(run, listed) != 0)
		fail_msg("DESIGN.md, Cells: this is run\n%s\nand this is listed\n%s", run, listed[0] ? listed : "(nothing)");
	free(run);
	free(listed);
}
