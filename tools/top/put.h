/* Text on the terminal of `top`. */
#ifndef TOOLS_TOP_PUT_H
#define TOOLS_TOP_PUT_H

#include "holdfast/types.h"

enum put_style { PLAIN, TITLE, DIM, GOOD, WARN, BAD, HEAD };

/* Once, when ncurses has begun: colours, and which characters the terminal shows. */
void put_begin(void);
/* What is written next looks like this. */
void put_style(int style);
/* At most `width` columns of any bytes, from (y, x) on; cut text ends with an ellipsis. Gives the
 * columns that it takes. */
int put_bytes(int y, int x, int width, int style, struct hf_bytes bytes);
/* The same up to the end of the line. */
int put(int y, int x, int style, const char *text);
/* At the right end of `width` columns. */
void put_right(int y, int x, int width, int style, const char *text);

#endif
