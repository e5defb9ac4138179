/* The shape that people get: an object as aligned lines, a list as a table. Used by out.c alone. */
#ifndef TOOLS_OUT_PEOPLE_H
#define TOOLS_OUT_PEOPLE_H

#include "print/buffer.h"

enum { PEOPLE_COLUMNS_MAX = 12, PEOPLE_MEMBERS_MAX = 64, PEOPLE_DEPTH_MAX = 4 };

/* A piece of `cells`. */
struct cell {
	size_t start, len, width;
};

struct people {
	bool listing;
	bool printed; /* an object: the next is set apart by an empty line */
	char columns[256]; /* the names, each ended by NUL */
	const char *column[PEOPLE_COLUMNS_MAX];
	size_t column_count;
	struct cell *rows; /* column_count a row */
	size_t row_count, row_cap;
	struct buffer cells; /* text of all cells of the table or object at hand */
	struct cell names[PEOPLE_MEMBERS_MAX], values[PEOPLE_MEMBERS_MAX]; /* of the object at hand */
	size_t member_count;
	char prefix[128]; /* names of the objects around the member, each with its dot */
	size_t depth;
	size_t prefix_len[PEOPLE_DEPTH_MAX + 1];
};

void people_list(struct people *people, const char *columns);
void people_list_end(struct people *people, struct buffer *to);
void people_begin(struct people *people);
void people_member(struct people *people, const char *name, const void *data, size_t len);
void people_open(struct people *people, const char *name);
void people_close(struct people *people);
void people_end(struct people *people, struct buffer *to);
void people_free(struct people *people);

#endif
