/* Writing HTML. Markup is written with html_raw(), from literals alone; whatever comes from a store
 * or a request with the others (I-UI-1). */
#ifndef TOOLS_UI_HTML_H
#define TOOLS_UI_HTML_H

#include "holdfast/types.h"
#include "print/buffer.h"

#define html_raw(to, literal) buffer_add((to), "" literal, sizeof(literal) - 1)

/* In the text of an element, or in an attribute between double quotes: the characters of markup as
 * entities; bytes that people cannot see, that turn the direction of text or are no UTF-8 as
 * \xNN. */
void html_text(struct buffer *to, struct hf_bytes text);
void html_string(struct buffer *to, const char *text);
/* In a URL's path or the value of a parameter: all but letters, digits and -._~ as %NN. */
void html_url(struct buffer *to, struct hf_bytes bytes);
/* " class=..." is added by the caller; a cell that is cut shows all of it when pointed at. */
void html_name_cell(struct buffer *to, struct hf_bytes name);
/* A cell with a number, grouped by thousands; dimmed if it is 0, marked if `bad` and not 0. */
void html_count_cell(struct buffer *to, uint64_t value, bool bad);
/* A cell with a duration; "–" below 0. */
void html_age_cell(struct buffer *to, int64_t us);
/* A cell with an instant, and how long ago or ahead it is of `now`; "–" for HF_UNSET. */
void html_time_cell(struct buffer *to, hf_time time, hf_time now);
void html_time(struct buffer *to, hf_time time, hf_time now);
/* A row "name, value" of a list of members; the value follows, then html_member_end(). */
void html_member(struct buffer *to, const char *name);
void html_member_end(struct buffer *to);
/* A member that is text, or nothing if it is empty. */
void html_member_text(struct buffer *to, const char *name, struct hf_bytes value);
/* Said in place of a table without rows. */
void html_empty(struct buffer *to, const char *text);

#endif
