#include "lib/domains/page_steps.h"

#include "base/steps.h"
#include "holdfast/cursor.h"
#include "holdfast/inbox.h"
#include "lib/settings.h"
#include "lib/test.h"

/* --- Cursors ---------------------------------------------------------------------------------- */

/* `count` cursors: 10 subjects, 100 consumers each on count / 1000 streams. */
static void fill_cursors(struct stage *stage, size_t count)
{
	char consumer[24], stream[24], subject[24];
	for (size_t i = 0; i < count;) {
		hf_txn *txn;
		assert_int_equal(hf_txn_begin(stage->store, &txn, NULL), HF_OK);
		for (size_t end = i + 500; i < end && i < count; i++) {
			(void)snprintf(consumer, sizeof consumer, "c%zu", i % 100);
			(void)snprintf(subject, sizeof subject, "t%zu", i / 100 % 10);
			(void)snprintf(stream, sizeof stream, "s%zu", i / 1000);
			const struct hf_cursor_advance_args args = {
			    .key = {hf_str(consumer), hf_str(stream), hf_str(subject)},
			    .sequence = (int64_t)(i * 7919 % count) + 1};
			assert_int_equal(hf_cursor_advance(stage->store, txn, &args, NULL, NULL), HF_OK);
		}
		assert_int_equal(hf_txn_commit(txn, HF_OS, NULL), HF_OK);
	}
}

static uint64_t steps_of_list(struct stage *stage, struct hf_cursor_list_args args)
{
	struct hf_cursor_page page = {0};
	args.limit = 10;
	assert_int_equal(hf_cursor_list(stage->store, &args, 0, &page, NULL), HF_OK);
	args.page = page.next; /* the second page starts in the middle */
	struct hf_memory *first = page.memory;
	hf__steps = 0;
	assert_int_equal(hf_cursor_list(stage->store, &args, 0, &page, NULL), HF_OK);
	hf_release(first);
	hf_release(page.memory);
	return hf__steps;
}

static uint64_t steps_of_lag(struct stage *stage, const char *subject)
{
	struct hf_cursor_lag_page page = {0};
	const struct hf_cursor_list_lag_args args = {
	    .stream = hf_str("s0"), .subject = hf_str(subject), .head = 1, .limit = 10};
	hf__steps = 0;
	assert_int_equal(hf_cursor_list_lag(stage->store, &args, 0, &page, NULL), HF_OK);
	assert_int_equal(page.count, 10);
	hf_release(page.memory);
	return hf__steps;
}

/* A seek passes at most 1.45 * 20 levels among a million; the ten items are walked twice, each
 * step being amortised constant. */
#define CURSOR_BOUND 160u

static struct stage *stage_for(size_t count)
{
	return stage_open_with(
	    SETTING_LIVE, &(struct hf_options){.segment_size = count > 100000 ? 64u << 20 : 1u << 20,
	                                       .compact_bytes = UINT64_MAX});
}

void check_cursor_page_steps(size_t count)
{
	struct stage *stage = stage_for(count);
	fill_cursors(stage, count);
	for (unsigned filters = 0; filters < 8; filters++) {
		const struct hf_cursor_list_args args = {.consumer = hf_str(filters & 1 ? "c50" : NULL),
		                                         .stream = hf_str(filters & 2 ? "s0" : NULL),
		                                         .subject = hf_str(filters & 4 ? "t5" : NULL)};
		const uint64_t steps = steps_of_list(stage, args);
		if (steps == 0 || steps > CURSOR_BOUND)
			fail_msg("%llu steps for a page among %zu cursors with filters %u",
			         (unsigned long long)steps, count, filters);
	}
	assert_in_range(steps_of_lag(stage, NULL), 1, CURSOR_BOUND);
	assert_in_range(steps_of_lag(stage, "t3"), 1, CURSOR_BOUND);
	stage_drop(stage);
}

/* --- Inboxes ---------------------------------------------------------------------------------- */

/* Only the very first and last records of load order are unread and not dismissed; account "b"
 * has every hundredth. */
static void fill_inbox(struct stage *stage, size_t count)
{
	enum { BATCH = 1000 };
	static char threads[BATCH][24];
	static struct hf_inbox_input inputs[BATCH];
	for (size_t at = 0; at < count; at += BATCH) {
		for (size_t i = 0; i < BATCH; i++) {
			const bool edge = at + i == 0 || at + i == count - 1;
			(void)snprintf(threads[i], sizeof threads[i], "t%zu", at + i);
			inputs[i] = (struct hf_inbox_input){.account = hf_str((at + i) % 100 ? "a" : "b"),
			                                    .thread = hf_str(threads[i]),
			                                    .unread = edge,
			                                    .dismissed = !edge && i % 2,
			                                    .score = -(double)(at + i)};
		}
		const struct hf_inbox_save_args args = {.write.durability = HF_OS,
		                                        .user = hf_str("u"),
		                                        .records = inputs,
		                                        .count = BATCH,
		                                        .generated_at = 1};
		assert_int_equal(hf_inbox_save(stage->store, NULL, &args, NULL, NULL), HF_OK);
	}
}

static uint64_t steps_of_load(struct stage *stage, struct hf_inbox_load_args args)
{
	struct hf_inbox_page page = {0};
	args.limit = 10;
	hf__steps = 0;
	assert_int_equal(hf_inbox_load(stage->store, &args, 0, &page, NULL), HF_OK);
	const uint64_t steps = hf__steps;
	hf_release(page.memory);
	return steps;
}

static uint64_t steps_of_the_rest(struct stage *stage)
{
	struct hf_inbox_counts counts = {0};
	struct hf_inbox_key_page keys = {0};
	struct hf_result result = {0};
	const struct hf_inbox_list_dismissed_args dismissed = {.user = hf_str("u"), .limit = 10};
	const struct hf_inbox_trim_args trim = {
	    .user = hf_str("u"), .max_records = 500, .dry_run = true};
	hf__steps = 0;
	assert_int_equal(hf_inbox_count(stage->store, hf_str("u"), 0, &counts, NULL), HF_OK);
	assert_true(hf__steps < 10);
	assert_int_equal(hf_inbox_list_dismissed(stage->store, &dismissed, 0, &keys, NULL), HF_OK);
	assert_int_equal(hf_inbox_trim(stage->store, NULL, &trim, &result, NULL), HF_OK);
	assert_true(result.count == counts.total - 500);
	hf_release(keys.memory);
	return hf__steps;
}

/* Ten items, walked twice; passing over what is filtered out climbs and descends once per item. */
#define INBOX_BOUND 800u

void check_inbox_page_steps(size_t count)
{
	struct stage *stage = stage_for(count);
	fill_inbox(stage, count);
	for (unsigned filters = 0; filters < 8; filters++) {
		const struct hf_inbox_load_args args = {.user = hf_str("u"),
		                                        .account = hf_str(filters & 1 ? "b" : NULL),
		                                        .unread_only = filters & 2,
		                                        .without_dismissed = filters & 4};
		const uint64_t steps = steps_of_load(stage, args);
		if (steps == 0 || steps > INBOX_BOUND)
			fail_msg("%llu steps for a page of %zu records with filters %u",
			         (unsigned long long)steps, count, filters);
	}
	assert_in_range(steps_of_the_rest(stage), 1, INBOX_BOUND);
	stage_drop(stage);
}
