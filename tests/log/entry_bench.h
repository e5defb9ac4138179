/* A state without a store: a domain's rows are driven directly with entries as bytes, which are
 * kept or undone; and what entries of inbox and cursor are made of. */
#ifndef TESTS_ENTRY_BENCH_H
#define TESTS_ENTRY_BENCH_H

#include "domains/common/domains.h"
#include "domains/cursor/cursor.h"
#include "domains/inbox/inbox.h"
#include "lib/test.h"
#include "object/change.h"

/* --- A state without a store ------------------------------------------------------------------ */

struct bench {
	const struct hf__domain *row;
	void *state;
	struct hf__change change;
	uint64_t lsn; /* of the next entry */
};

static inline void bench_init(struct bench *b, const struct hf__domain *row)
{
	const struct hf__domain_env env = {.inline_max = 16, .nodes = &b->change.nodes};
	*b = (struct bench){.row = row, .state = hf__alloc(row->state_size), .lsn = 1};
	assert_non_null(b->state);
	assert_int_equal(row->init(b->state, &env), HF_OK);
}

static inline void bench_deinit(struct bench *b)
{
	b->row->deinit(b->state);
	hf__free(b->state);
	hf__change_deinit(&b->change);
}

/* Applies one entry and keeps it, or undoes what it did. */
static inline int apply(struct bench *b, uint8_t kind, struct hf_bytes body, bool keep)
{
	const struct hf__entry entry = {
	    .lsn = b->lsn, .at = 1, .domain = b->row->id, .kind = kind, .body = body};
	hf__change_begin(&b->change, b->lsn, true);
	const int rc = b->row->apply(b->state, &b->change, &entry);
	if (rc == HF_OK && keep) {
		hf__change_keep(&b->change);
		b->lsn++;
	} else {
		hf__change_undo(&b->change);
	}
	return rc;
}

/* --- What entries are made of ----------------------------------------------------------------- */

static const struct hf__cursor_position mailer = {
    .part = {{"mailer", 6}, {"events", 6}, {"orders", 6}}};

static inline struct hf__cursor_image cursor_image(int64_t sequence)
{
	return (struct hf__cursor_image){.last_sequence = sequence,
	                                 .delivery_id = hf_str("d"),
	                                 .last_delivered_at = 5,
	                                 .updated_at = 6,
	                                 .reset_at = HF_UNSET};
}

static const struct hf__inbox_image fresh = {.unread = true,
                                             .score = 1.5,
                                             .updated_at = 2,
                                             .snapshot_at = 3,
                                             .seen_at = HF_UNSET,
                                             .read_at = HF_UNSET,
                                             .dismissed_at = HF_UNSET,
                                             .snoozed_until = HF_UNSET};

/* Entries here are of the instant 1: the first has ended by then, the others stand. */
static const struct hf__tomb_value removal = {.until = 1, .dismissed_at = HF_UNSET};

static const struct hf__tomb_value dismissal = {.until = 60, .dismissed = true, .dismissed_at = 9};

static inline void put_head(struct hf__writer *w, enum hf__inbox_cause cause, int64_t generated_at,
                            uint32_t count)
{
	hf__inbox_put_change(
	    w, &(struct hf__inbox_change){
	           .cause = cause, .user = hf_str("u"), .generated_at = generated_at, .count = count});
}

static inline void put_record(struct hf__writer *w, const char *thread,
                              const struct hf__inbox_image *image, const char *payload)
{
	hf__inbox_put_record(w, hf_str("a"), hf_str(thread), image);
	hf__put_long(w, hf_str(payload));
}

#endif
