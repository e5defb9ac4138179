/* The checksums of JSON Lines. On the last line: XXH3 of 128 bits over all lines before it, each
 * with its line end. It distinguishes a file that was changed or cut from one that is whole; it
 * does not say who wrote it. On every other line, as its last member "sum": XXH3 of 64 bits over
 * what stands before that member, so that of a changed file those lines can be found that are as
 * they were written. */
#ifndef TOOLS_LINE_SUM_H
#define TOOLS_LINE_SUM_H

#include "holdfast/types.h"

enum { LINE_SUM_SIZE = 42 }; /* "xxh3-128:", 32 digits, NUL */

enum { LINE_OWN_SUM_SIZE = 27 }; /* ,"sum":"0123456789abcdef"} and a NUL */

struct line_sum {
	void *state; /* NULL: not begun, or no memory */
};

/* Begins anew. false: no memory. */
HF_CHECKED bool line_sum_begin(struct line_sum *sum);
/* A line without its line end. */
void line_sum_add(struct line_sum *sum, struct hf_bytes line);
void line_sum_text(const struct line_sum *sum, char out[LINE_SUM_SIZE]);
/* The end of a line of its own sum, behind `line`, which is all before it. */
void line_sum_own(struct hf_bytes line, char out[LINE_OWN_SUM_SIZE]);
/* Does the line end so? White space behind it does not count. */
HF_CHECKED bool line_sum_holds(struct hf_bytes line);
void line_sum_free(struct line_sum *sum);

#endif
