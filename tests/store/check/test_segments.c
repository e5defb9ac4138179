/* tier: fast */
/* What each file of the log is needed for: every entry is counted once, what the state refers to is
 * counted where it lies, and a compaction moves it to the snapshot. */
#include "lib/churn/churn.h"
#include "lib/settings.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"
#include "store/check/readonly.h"
#include "store/store.h"

struct figures {
	size_t segments, snapshots, heads, bases;
	uint64_t entries, live, live_bytes, segment_payloads, snapshot_payloads, last;
};

static void take(void *ctx, const struct hf_segment *is)
{
	struct figures *f = ctx;
	f->segments += !is->snapshot;
	f->snapshots += is->snapshot;
	f->heads += is->keeper == HF_SEGMENT_HEAD;
	f->bases += is->keeper == HF_SEGMENT_BASE;
	assert_true(is->bytes > 0 && is->file[0]);
	assert_string_not_equal(hf_segment_keeper_name((int)is->keeper), "unknown");
	if (is->snapshot) {
		f->snapshot_payloads += is->payload_bytes;
		return;
	}
	assert_true(is->live_entries <= is->entries && is->live_bytes <= is->entry_bytes);
	assert_true(is->entries == 0 || (is->first_lsn > f->last && is->last_lsn >= is->first_lsn));
	f->last = is->entries ? is->last_lsn : f->last;
	f->entries += is->entries;
	f->live += is->live_entries;
	f->live_bytes += is->live_bytes;
	f->segment_payloads += is->payload_bytes;
}

static struct figures figures_of(struct stage *stage)
{
	struct figures f = {0};
	struct hf_error error = {0};
	assert_int_equal(hf_sync(stage->store, NULL), HF_OK);
	const uint64_t version = sim_version(stage->sim);
	if (hf__segments_each(sim_opener(stage->sim, 1), hf__all_domains(), take, &f, &error) != HF_OK)
		fail_msg("segments: %s", error.text);
	assert_true(sim_version(stage->sim) == version);
	return f;
}

static bool count(void *ctx, const struct hf_log_entry *entry)
{
	(void)entry;
	++*(uint64_t *)ctx;
	return true;
}

static uint64_t entries_in(struct stage *stage)
{
	uint64_t entries = 0;
	assert_int_equal(hf__log_each(sim_opener(stage->sim, 1), hf__all_domains(), 0,
	                              HF_LOG_WITHOUT_TEXT, count, &entries, NULL),
	                 HF_OK);
	return entries;
}

static void figures_follow_a_compaction(void **state)
{
	(void)state;
	struct churn churn;
	struct stage *stage =
	    stage_open_with(SETTING_LIVE, &(struct hf_options){.segment_size = 32u << 10});
	churn_init(&churn, "segments", 40, 3000);
	for (unsigned i = 0; i < 200; i++)
		churn_step(&churn, stage->store);
	const struct figures before = figures_of(stage);
	assert_true(before.segments >= 3 && before.snapshots == 0 && before.heads >= 1);
	assert_int_equal(before.entries, entries_in(stage));
	assert_true(before.live > 0 && before.segment_payloads > 3000);
	assert_true(before.live_bytes >= before.segment_payloads);
	assert_int_equal(hf_compact(stage->store, NULL), HF_OK);
	const struct figures after = figures_of(stage);
	assert_int_equal(after.bases, 1);
	assert_true(after.segments < before.segments);
	assert_int_equal(after.live, 0);
	assert_int_equal(after.segment_payloads, 0);
	assert_int_equal(after.snapshot_payloads, before.segment_payloads);
	churn_fill(&churn, stage->store, 2000);
	const struct figures later = figures_of(stage);
	assert_int_equal(later.segment_payloads, 2000);
	assert_true(later.live >= 1);
	churn_deinit(&churn);
	stage_close(stage);
}

/* --- What the writer alone knows -------------------------------------------------------------- */

static void count_keepers(void *ctx, const struct hf_segment *is)
{
	unsigned *counts = ctx;
	counts[is->keeper]++;
}

enum { KEEPERS = HF_SEGMENT_READERS + 1 };

static void keepers(struct stage *stage, bool live, unsigned counts[KEEPERS])
{
	memset(counts, 0, KEEPERS * sizeof *counts);
	assert_int_equal(live ? hf_segments_of(stage->store, count_keepers, counts, NULL)
	                      : hf__segments_each(sim_opener(stage->sim, 1), hf__all_domains(),
	                                          count_keepers, counts, NULL),
	                 HF_OK);
}

static struct stage *worked(struct churn *churn, uint64_t retain_bytes)
{
	struct stage *stage =
	    stage_open_with(SETTING_LIVE, &(struct hf_options){.segment_size = 32u << 10,
	                                                       .retain_bytes = retain_bytes});
	churn_init(churn, "keepers", 40, 3000);
	for (unsigned i = 0; i < 200; i++)
		churn_step(churn, stage->store);
	assert_int_equal(hf_compact(stage->store, NULL), HF_OK);
	for (unsigned i = 0; i < 200; i++)
		churn_step(churn, stage->store);
	return stage;
}

static void what_retention_keeps_the_writer_says(void **state)
{
	(void)state;
	struct churn churn;
	unsigned counts[KEEPERS];
	struct stage *stage = worked(&churn, 8u << 20);
	assert_int_equal(hf_compact(stage->store, NULL), HF_OK);
	keepers(stage, true, counts);
	assert_true(counts[HF_SEGMENT_RETAINED] >= 3);
	assert_int_equal(counts[HF_SEGMENT_COVERED], 0);
	assert_int_equal(counts[HF_SEGMENT_BASE], 1);
	const unsigned retained = counts[HF_SEGMENT_RETAINED];
	keepers(stage, false, counts); /* from outside it looks as if it might go */
	assert_int_equal(counts[HF_SEGMENT_RETAINED], 0);
	assert_int_equal(counts[HF_SEGMENT_COVERED], retained);
	churn_deinit(&churn);
	stage_close(stage);
	stage = worked(&churn, 0);
	assert_int_equal(hf_compact(stage->store, NULL), HF_OK);
	keepers(stage, true, counts);
	assert_int_equal(counts[HF_SEGMENT_RETAINED] + counts[HF_SEGMENT_COVERED], 0);
	churn_deinit(&churn);
	stage_close(stage);
}

static void what_a_subscription_waits_for_the_writer_says(void **state)
{
	(void)state;
	struct churn churn;
	unsigned counts[KEEPERS];
	hf_subscription *subscription;
	struct stage *stage = worked(&churn, 0);
	const struct hf_subscribe_args args = {0};
	assert_int_equal(hf_subscribe(stage->store, &args, &subscription, NULL), HF_OK);
	for (unsigned i = 0; i < 200; i++)
		churn_step(&churn, stage->store);
	/* without a thread nothing is given to it before hf_maintain() */
	assert_int_equal(hf_compact(stage->store, NULL), HF_OK);
	keepers(stage, true, counts);
	assert_true(counts[HF_SEGMENT_SUBSCRIBED] >= 1);
	assert_int_equal(counts[HF_SEGMENT_COVERED], 0);
	assert_int_equal(hf_maintain(stage->store, 1, NULL), HF_OK);
	keepers(stage, true, counts);
	assert_int_equal(counts[HF_SEGMENT_SUBSCRIBED], 0);
	assert_true(counts[HF_SEGMENT_COVERED] >= 1); /* the next one takes them */
	hf_unsubscribe(subscription);
	assert_int_equal(hf_segments_of(stage->store, NULL, NULL, NULL), HF_EINVAL);
	churn_deinit(&churn);
	stage_close(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(figures_follow_a_compaction),
	    cmocka_unit_test(what_retention_keeps_the_writer_says),
	    cmocka_unit_test(what_a_subscription_waits_for_the_writer_says),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
