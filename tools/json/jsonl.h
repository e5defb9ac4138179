/* JSON Lines: every object of every domain, one a line, with every field. What a line of each
 * kind holds is said once, in the table of jsonl.c, from which lines are both read and written. */
#ifndef TOOLS_JSONL_H
#define TOOLS_JSONL_H

#include "holdfast/holdfast.h"
#include "print/fields.h"

#define JSONL_FORMAT "holdfast.jsonl/1"

enum jsonl_kind {
	JSONL_HEADER,
	JSONL_INBOX,
	JSONL_RECORD,
	JSONL_TOMBSTONE,
	JSONL_CURSOR,
	JSONL_OUTBOX,
	JSONL_ITEM,
	JSONL_COMPLETED,
	JSONL_EVENT,
	JSONL_DOCUMENT,
	JSONL_LOCK,
	JSONL_IDEM,
	JSONL_MIGRATION,
	JSONL_END,
	JSONL_KINDS
};

/* The fields of all kinds; a line uses those of its own. */
struct jsonl_line {
	enum jsonl_kind kind;
	struct hf_bytes format, uuid; /* header */
	uint64_t lsn, objects;
	struct hf_bytes checksum; /* end: line_sum.h */
	/* header: how far the store's clock was ahead of the wall clock, whole seconds; 0: unknown,
	 * or not */
	int64_t clock_ahead_us;
	bool ends; /* there is an end line */
	bool sums; /* header: every line but the end line has a sum of its own */
	bool has_sum; /* this one has; whether it holds is another question */
	struct hf_bytes user, status, extra; /* inbox; record: user, account, thread */
	bool status_set; /* inbox: it was set, to nothing perhaps */
	hf_time generated_at;
	struct hf_bytes account, thread, payload;
	bool unread, dismissed;
	double score;
	hf_time snapshot_at, seen_at, read_at, dismissed_at, snoozed_until;
	hf_time until; /* tombstone: user, account, thread, dismissed, dismissed_at */
	struct hf_cursor cursor; /* its key, too */
	hf_time updated_at; /* record, cursor */
	struct hf_bytes queue, item_status; /* outbox: queue, max_attempts */
	struct hf_outbox_item item; /* its payload is the one above */
	uint32_t max_attempts;
	struct hf_timeline_event event; /* its payload is the one above */
	struct hf_idempotency_put_args idem; /* idempotency_entry */
	struct hf_migration_record_args migration;
	struct hf_document document; /* its payload and updated_at are the ones above */
	struct hf_bytes orders; /* of its collection */
	struct hf_lock lock;
	struct hf_outbox_configure_args settings; /* outbox: its window and number of completed ids */
	bool paused;
	bool noted; /* item: there is a rerun */
	struct hf_outbox_rerun rerun;
	struct hf_bytes completed; /* outbox_completed: queue, id, until when it blocks */
	hf_time blocks_until;
};

/* One line, without its line end; all but the end line with a sum of their own (line_sum.h). */
void jsonl_put(struct buffer *to, const struct jsonl_line *line);
/* `f` has the line's object. Members that are missing have the value of a zeroed field, times
 * are unset; unknown members are faults, because they would be lost. */
HF_CHECKED bool jsonl_read(const struct fields *f, struct jsonl_line *line);

#endif
