/* Links from page to page, and the rows that several pages have. */
#ifndef TOOLS_UI_LINKS_H
#define TOOLS_UI_LINKS_H

#include "look/look.h"
#include "print/buffer.h"

/* `status`: enum hf_outbox_status that its page is to show. */
void link_queue(struct buffer *to, struct hf_bytes queue, unsigned status);
void link_item(struct buffer *to, struct hf_bytes queue, struct hf_bytes id);
void link_inbox(struct buffer *to, struct hf_bytes user);
void link_history(struct buffer *to, const char *kind, const struct hf_bytes *parts, unsigned count,
                  const char *words);
/* To the next page of a list, if there is one; `where` ends with "?" or "&amp;". */
void link_next(struct buffer *to, const char *where, const char *next);
void link_next_of_queue(struct buffer *to, struct hf_bytes queue, unsigned status,
                        const char *next);
void link_next_of_inbox(struct buffer *to, struct hf_bytes user, const char *next);

void queue_table_begin(struct buffer *to);
void queue_row(struct buffer *to, const struct look_queue *queue);
void queue_table_end(struct buffer *to);

#endif
