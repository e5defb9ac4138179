/* JSON Lines: every object of every domain, one a line, with every field. What a line of each
 * kind holds is said once, in jsonl.c, from the rows of the structs (rows/rows.h) and tables of
 * what differs; lines are both read and written from that. */
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

/* What a line of each kind holds; most kinds are objects of the library. */
struct jsonl_line {
	enum jsonl_kind kind;
	bool has_sum; /* this line has one; whether it holds is another question */
	union {
		struct {
			struct hf_bytes format, uuid;
			uint64_t lsn;
			/* how far the store's clock was ahead of the wall clock, whole seconds; 0: unknown, or
			 * not */
			int64_t clock_ahead_us;
			bool ends; /* there is an end line */
			bool sums; /* every line but the end line has a sum of its own */
		} header;
		struct {
			struct hf_bytes user, status, extra;
			bool status_set; /* it was set, to nothing perhaps */
			hf_time generated_at;
		} inbox;
		struct hf_inbox_record record;
		struct hf_inbox_tombstone tombstone;
		struct hf_cursor cursor;
		struct {
			struct hf_outbox_configure_args settings;
			bool paused;
		} outbox;
		struct {
			struct hf_outbox_item item;
			bool noted; /* there is a rerun */
			struct hf_outbox_rerun rerun;
		} item;
		struct {
			struct hf_bytes queue;
			struct hf_outbox_completed_id id;
		} completed;
		struct hf_timeline_event event;
		struct {
			struct hf_document document;
			struct hf_bytes orders; /* of its collection */
		} document;
		struct hf_lock lock;
		struct hf_idempotency_entry idem;
		struct hf_migration_entry migration;
		struct {
			uint64_t objects;
			struct hf_bytes checksum; /* line_sum.h */
		} end;
	} of;
};

/* One line, without its line end; all but the end line with a sum of their own (line_sum.h). */
void jsonl_put(struct buffer *to, const struct jsonl_line *line);
/* `f` has the line's object. Members that are missing have the value of a zeroed field, times
 * are unset; unknown members are faults, because they would be lost. */
HF_CHECKED bool jsonl_read(const struct fields *f, struct jsonl_line *line);
/* What names the object, and how many parts that are: the first is its kind. */
size_t jsonl_key(const struct jsonl_line *line, struct hf_bytes parts[4]);

#endif
