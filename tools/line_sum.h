/* The checksum on the last line of JSON Lines: XXH3 of 128 bits over all lines before it, each with its line end. It tells a file that was
 * changed or cut from one that is whole; it does not tell who wrote it. */
#ifndef TOOLS_LINE_SUM_H
#define TOOLS_LINE_SUM_H

#include "holdfast/types.h"

enum { LINE_SUM_SIZE = 42 }; /* "xxh3-128:", 32 digits, NUL */

struct line_sum {
	void *state; /* NULL: not begun, or no memory */
};

/* Begins anew. false: no memory. */
HF_CHECKED bool line_sum_begin(struct line_sum *sum);
/* A line without its line end. */
void line_sum_add(struct line_sum *sum, struct hf_bytes line);
void line_sum_text(const struct line_sum *sum, char out[LINE_SUM_SIZE]);
void line_sum_free(struct line_sum *sum);

#endif
