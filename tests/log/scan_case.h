/* What the tests of test_log_scan, test_log_scan_groups share. */
#ifndef TESTS_SCAN_CASE_H
#define TESTS_SCAN_CASE_H

#include "base/hash.h"
#include "lib/log_build.h"
#include "lib/rng.h"
#include "lib/test.h"
#include "log/scan.h"

enum { FILE_SIZE = 4096 };

/* Four groups of 1, 3, 2 and 1 entries and zeros behind them: LSNs 100, 101-103, 104-105, 106;
 * the next is 107. Each group tells that what lies before the one before it was durable: 99, 99,
 * 100, 103. */
static inline struct log_build four_groups(uint32_t align)
{
	struct log_build b = log_build(align);
	log_build_group(&b, 1, 5);
	log_build_group(&b, 3, 40);
	log_build_group(&b, 2, 0);
	log_build_group(&b, 1, 100);
	log_build_fill(&b, FILE_SIZE);
	return b;
}

static inline struct hf__scan_input input_of(const struct log_build *b)
{
	const struct hf__scan_input input = {
	    .id = &b->id,
	    .bytes = {b->w.data, b->w.len},
	    .segment = 3,
	    .from = 512,
	    .next_lsn = 100,
	    .previous_hash = 0x1234,
	};
	return input;
}

/* The witness's word, a true one, about the place where group `i` begins. */
static inline void witness_at(struct hf__scan_input *in, const struct log_build *b, size_t i)
{
	in->witness_end = b->start[i];
	in->witness_lsn = b->first_lsn[i] - 1;
	in->witness_chain = b->chain[i];
}

/* Checks each entry against what log_build wrote, and counts. */
struct seen {
	uint64_t next_lsn;
	uint64_t count;
	uint64_t stop_at; /* an LSN, or 0 */
	const uint8_t *file; /* NULL: it is read through a window */
};

static inline int see(void *arg, const struct hf__entry *entry)
{
	struct seen *seen = arg;
	const uint8_t *body = entry->body.data;
	assert_int_equal(entry->lsn, seen->next_lsn);
	assert_int_equal(entry->at, 1795167000000000 + (int64_t)entry->lsn);
	assert_int_equal(entry->place.segment, 3);
	if (seen->file)
		assert_ptr_equal(body, seen->file + entry->place.offset);
	for (size_t i = 0; i < entry->body.len; i++)
		assert_int_equal(body[i], (uint8_t)(entry->lsn + 7 * i + 1));
	if (entry->lsn == seen->stop_at)
		return 55;
	seen->next_lsn++;
	seen->count++;
	return 0;
}

/* A file in memory, for a window. */
static inline int read_bytes(void *ctx, void *into, size_t len, uint64_t at, size_t *got)
{
	const struct hf_bytes *file = ctx;
	const size_t left = at < file->len ? file->len - (size_t)at : 0;
	*got = len < left ? len : left;
	if (*got > 0)
		memcpy(into, (const uint8_t *)file->data + at, *got);
	return 0;
}

/* Through a window that reads `piece` bytes at a time the verdict is the same. */
static inline void scan_through(const struct hf__scan_input *input, uint32_t piece, bool keeps,
                                const struct hf__scan_verdict *expected)
{
	struct hf_bytes file = input->bytes;
	struct hf__scan_window window = {.read = read_bytes,
	                                 .ctx = &file,
	                                 .size = (uint32_t)file.len,
	                                 .piece = piece,
	                                 .keeps = keeps};
	struct hf__scan_input through = *input;
	struct hf__scan_verdict v;
	struct seen seen = {.next_lsn = input->next_lsn};
	through.window = &window;
	through.bytes = hf_bytes_of(NULL, 0);
	assert_int_equal(hf__scan(&through, see, &seen, &v), 0);
	assert_int_equal(window.os_errno, 0);
	assert_int_equal(seen.count, expected->entries);
	assert_int_equal(v.kind, expected->kind);
	assert_int_equal(v.end, expected->end);
	assert_int_equal(v.next_lsn, expected->next_lsn);
	assert_int_equal(v.previous_hash, expected->previous_hash);
	assert_int_equal(v.durable_lsn, expected->durable_lsn);
	assert_int_equal(v.proven_lsn, expected->proven_lsn);
	assert_int_equal(v.durable_end, keeps ? expected->durable_end : input->from);
	assert_int_equal(v.damaged_end, expected->damaged_end);
	assert_int_equal(v.torn_len, expected->torn_len);
	assert_int_equal(v.groups, expected->groups);
	assert_ptr_equal(v.why, expected->why);
	assert_int_equal(v.last_lost_lsn, expected->last_lost_lsn);
	/* What R7 writes again is there, as it was. */
	const uint32_t from = v.durable_end > HF__SEGMENT_HEADER_SIZE ? v.durable_end : 0;
	if (keeps && input->pinned_end == 0 && v.kind != HF__SCAN_CORRUPT && v.end < file.len) {
		const struct hf_bytes held = hf__scan_window_at(&window, from, from, 0);
		assert_true(held.len >= v.end - from);
		assert_memory_equal(held.data, (const uint8_t *)file.data + from, v.end - from);
	}
	hf__scan_window_deinit(&window);
}

static inline struct hf__scan_verdict scan(const struct hf__scan_input *input)
{
	struct hf__scan_verdict v;
	struct seen seen = {.next_lsn = input->next_lsn, .file = input->bytes.data};
	assert_int_equal(hf__scan(input, see, &seen, &v), 0);
	/* What holds for every verdict. */
	assert_int_equal(v.entries, seen.count);
	assert_int_equal(v.next_lsn, seen.next_lsn);
	assert_true((v.kind == HF__SCAN_CORRUPT) == (v.why != NULL));
	assert_true(v.kind == HF__SCAN_TORN || v.torn_len == 0);
	assert_true(v.kind != HF__SCAN_TORN ||
	            (v.torn_len > 0 && v.torn_len <= input->bytes.len - v.end));
	assert_true(v.durable_end >= input->from && v.durable_end <= v.end);
	assert_true(v.kind == HF__SCAN_CORRUPT ? v.last_lost_lsn >= v.next_lsn - 1
	                                       : v.last_lost_lsn == 0);
	static uint32_t turn; /* another piece each time: 1 to 5,000 bytes */
	turn++;
	if (!input->behind)
		scan_through(input, 1 + turn * turn % 5000 / (1 + turn % 7), turn % 2, &v);
	return v;
}

static inline void assert_verdict(struct hf__scan_verdict v, enum hf__scan_end kind, uint32_t end,
                                  uint64_t next_lsn)
{
	assert_int_equal(v.kind, kind);
	assert_int_equal(v.end, end);
	assert_int_equal(v.next_lsn, next_lsn);
}

#endif
