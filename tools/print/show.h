/* How objects are shown: their members, in one place for single objects and for lists. */
#ifndef TOOLS_SHOW_H
#define TOOLS_SHOW_H

#include "print/out.h"

void show_uuid(struct out *out, const uint8_t uuid[16]);
void show_inbox_record(struct out *out, const struct hf_inbox_record *record, bool with_payload);
/* What a reset would do to the cursor that is there (NULL: none). */
void show_reset(struct out *out, const struct hf_cursor_reset_args *args,
                const struct hf_cursor *there);
void show_tombstone(struct out *out, const struct hf_inbox_tombstone *tomb);
/* lag: NULL for none */
void show_cursor(struct out *out, const struct hf_cursor *cursor, const int64_t *lag);
void show_outbox_item(struct out *out, struct hf_bytes queue, const struct hf_outbox_item *item,
                      bool with_payload);
/* claimed_at: when its claim was granted; HF_UNSET: not known any more. */
void show_outbox_claim(struct out *out, struct hf_bytes queue, const struct hf_outbox_item *item,
                       hf_time claimed_at);
void show_outbox_stats(struct out *out, struct hf_bytes queue, const struct hf_outbox_stats *stats);
void show_idempotency_entry(struct out *out, const struct hf_idempotency_entry *entry,
                            bool with_response);
void show_document(struct out *out, const struct hf_document *document, bool with_payload);
void show_document_count(struct out *out, const struct hf_document_count_args *of,
                         const struct hf_document_counts *counted);
void show_lock(struct out *out, const struct hf_lock *lock);
void show_inbox_counts(struct out *out, struct hf_bytes user, const struct hf_inbox_counts *counts);
void show_timeline_event(struct out *out, const struct hf_timeline_event *event, bool with_payload);

/* Ends a list; says that there is more. */
void show_list_end(struct cli *cli, size_t count, const char *next);

/* A payload alone, byte for byte. */
void show_raw(struct out *out, struct hf_bytes payload);

#endif
