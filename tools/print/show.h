/* How objects are shown: their members, in one place for single objects and for lists. What is
 * shown of a struct, in which order and under which names follows from its rows (rows/rows.h);
 * the tables of show.c say where that differs. */
#ifndef TOOLS_SHOW_H
#define TOOLS_SHOW_H

#include "print/out.h"
#include "rows/rows.h"

void show_uuid(struct out *out, const uint8_t uuid[16]);
/* What a reset would do to the cursor that is there (NULL: none). */
void show_reset(struct out *out, const struct hf_cursor_reset_args *args,
                const struct hf_cursor *there);
/* claimed_at: when its claim was granted; HF_UNSET: not known any more. */
void show_outbox_claim(struct out *out, struct hf_bytes queue, const struct hf_outbox_item *item,
                       hf_time claimed_at);

/* Any struct that has a row in show.c. `about` names what it is about, where it does not say so
 * itself. `bare`: without its payload, response or status. */
void show_object(struct out *out, const struct hf_api_struct *of, const void *object,
                 struct hf_bytes about, bool bare);
/* Item `i` of a page, and what stands beside it. */
void show_listed(struct out *out, const struct rows_page *page, size_t i, struct hf_bytes about,
                 bool bare);
/* The same with other names in front of it: those of `args` that it does not have. */
void show_counted(struct out *out, const struct hf_api_struct *of, const void *object,
                  const struct hf_api_struct *args_of, const void *args);
/* That payload, response or status; empty: the struct has none. */
struct hf_bytes show_content(const struct hf_api_struct *of, const void *object);

/* Ends a list; says that there is more. */
void show_list_end(struct cli *cli, size_t count, const char *next);

/* A payload alone, byte for byte. */
void show_raw(struct out *out, struct hf_bytes payload);

#endif
