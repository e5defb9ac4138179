/* Widths are known only when the last row is in, so the cells of a table are kept until its end:
 * all text in one buffer, each cell a piece of it. A cell of a table is cut after CELL_WIDTH
 * characters, a member of a single object is shown in full. */
#include "print/out_people.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CELL_WIDTH = 60 };

static struct cell add_cell(struct people *people, const void *data, size_t len, size_t columns)
{
	struct cell cell = {.start = people->cells.len};
	cell.width = buffer_shown(&people->cells, data, len, columns);
	cell.len = people->cells.len - cell.start;
	return cell;
}

static void print_cell(const struct people *people, struct buffer *to, const struct cell *cell)
{
	if (cell->len > 0 && !people->cells.failed)
		buffer_add(to, people->cells.data + cell->start, cell->len);
}

/* --- Tables ----------------------------------------------------------------------------------- */

void people_list(struct people *people, const char *columns)
{
	people->listing = true;
	people->row_count = 0;
	people->column_count = 0;
	buffer_clear(&people->cells);
	snprintf(people->columns, sizeof people->columns, "%s", columns);
	for (char *save = NULL, *name = strtok_r(people->columns, " ", &save); name;
	     name = strtok_r(NULL, " ", &save))
		if (people->column_count < PEOPLE_COLUMNS_MAX)
			people->column[people->column_count++] = name;
}

/* A new row of empty cells. */
static void begin_row(struct people *people)
{
	if (people->row_count == people->row_cap) {
		const size_t cap = people->row_cap ? people->row_cap * 2 : 64;
		struct cell *rows = reallocarray(people->rows, cap * people->column_count, sizeof *rows);
		if (!rows) {
			people->cells.failed = true;
			return;
		}
		people->rows = rows;
		people->row_cap = cap;
	}
	memset(people->rows + people->row_count * people->column_count, 0,
	       people->column_count * sizeof *people->rows);
	people->row_count++;
}

static void row_member(struct people *people, const char *name, const void *data, size_t len)
{
	for (size_t i = 0; i < people->column_count && people->row_count > 0; i++) {
		if (strcmp(people->column[i], name) == 0) {
			people->rows[(people->row_count - 1) * people->column_count + i] =
			    add_cell(people, data, len, CELL_WIDTH);
		}
	}
}

static size_t column_width(const struct people *people, size_t column)
{
	size_t width = strlen(people->column[column]);
	for (size_t row = 0; row < people->row_count; row++) {
		const struct cell *cell = &people->rows[row * people->column_count + column];
		width = cell->width > width ? cell->width : width;
	}
	return width;
}

static void print_header(const struct people *people, struct buffer *to, const size_t *widths)
{
	for (size_t i = 0; i < people->column_count; i++) {
		for (const char *c = people->column[i]; *c; c++) {
			buffer_fill(to,
			            (char)(*c == '_' || *c == '.'   ? ' '
			                   : *c >= 'a' && *c <= 'z' ? *c - 'a' + 'A'
			                                            : *c),
			            1);
		}
		buffer_fill(to, ' ',
		            i + 1 < people->column_count ? widths[i] - strlen(people->column[i]) + 2 : 0);
	}
	buffer_text(to, "\n");
}

/* The room in front of a cell is filled only when there is something in it: no line ends with
 * spaces. */
static void print_row(const struct people *people, struct buffer *to, const struct cell *cells,
                      const size_t *widths)
{
	size_t room = 0;
	for (size_t i = 0; i < people->column_count; i++) {
		if (cells[i].len > 0) {
			buffer_fill(to, ' ', room);
			print_cell(people, to, &cells[i]);
			room = 0;
		}
		room += widths[i] - cells[i].width + 2;
	}
	buffer_text(to, "\n");
}

void people_list_end(struct people *people, struct buffer *to)
{
	size_t widths[PEOPLE_COLUMNS_MAX];
	people->listing = false;
	to->failed = to->failed || people->cells.failed;
	if (people->row_count == 0 || to->failed)
		return;
	for (size_t i = 0; i < people->column_count; i++)
		widths[i] = column_width(people, i);
	print_header(people, to, widths);
	for (size_t row = 0; row < people->row_count; row++)
		print_row(people, to, people->rows + row * people->column_count, widths);
}

/* --- Single objects --------------------------------------------------------------------------- */

void people_begin(struct people *people)
{
	people->depth = 0;
	people->prefix[0] = '\0';
	if (people->listing) {
		begin_row(people);
		return;
	}
	people->member_count = 0;
	buffer_clear(&people->cells);
}

void people_member(struct people *people, const char *name, const void *data, size_t len)
{
	char full[sizeof people->prefix + 64];
	snprintf(full, sizeof full, "%s%s", people->prefix, name);
	if (people->listing) {
		row_member(people, full, data, len);
	} else if (people->member_count < PEOPLE_MEMBERS_MAX) {
		people->names[people->member_count] = add_cell(people, full, strlen(full), 0);
		people->values[people->member_count++] = add_cell(people, data, len, 0);
	}
}

void people_open(struct people *people, const char *name)
{
	const size_t len = strlen(people->prefix);
	if (people->depth < PEOPLE_DEPTH_MAX) {
		people->prefix_len[people->depth] = len;
		snprintf(people->prefix + len, sizeof people->prefix - len, "%s.", name);
	}
	people->depth++;
}

void people_close(struct people *people)
{
	people->depth--;
	if (people->depth < PEOPLE_DEPTH_MAX)
		people->prefix[people->prefix_len[people->depth]] = '\0';
}

void people_end(struct people *people, struct buffer *to)
{
	size_t width = 0;
	if (people->listing)
		return;
	to->failed = to->failed || people->cells.failed;
	for (size_t i = 0; i < people->member_count; i++)
		width = people->names[i].width > width ? people->names[i].width : width;
	buffer_text(to, people->printed ? "\n" : "");
	for (size_t i = 0; i < people->member_count; i++) {
		print_cell(people, to, &people->names[i]);
		if (people->values[i].len > 0) {
			buffer_fill(to, ' ', width - people->names[i].width + 2);
			print_cell(people, to, &people->values[i]);
		}
		buffer_text(to, "\n");
	}
	people->printed = true;
}

void people_free(struct people *people)
{
	free(people->rows);
	buffer_free(&people->cells);
}
