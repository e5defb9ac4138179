/* tier: fast */
/* Bounds on work, counted in nodes visited: no operation on an outbox gets dearer by what is
 * delayed, failed, held or simply there. Twenty times the items may cost a few more levels of a
 * tree, nothing else. */
#include "base/steps.h"
#include "lib/domains/outbox_ops.h"
#include "lib/settings.h"
#include "lib/test.h"

#define SECOND INT64_C(1000000)

enum { SMALL = 1000, LARGE = 20000, ASIDE = 5000, BATCH = 500, PAGE = 10 };

static void fill(hf_store *store, const char *prefix, unsigned count, hf_time available_at)
{
	static char ids[BATCH][24];
	static struct hf_outbox_input items[BATCH];
	for (unsigned done = 0; done < count; done += BATCH) {
		for (unsigned i = 0; i < BATCH; i++) {
			(void)snprintf(ids[i], sizeof ids[i], "%s %u", prefix, done + i);
			items[i] = (struct hf_outbox_input){.id = hf_str(ids[i]), .available_at = available_at};
		}
		const struct hf_outbox_enqueue_many_args args = {
		    .write.durability = HF_OS, .queue = hf_str(OB_QUEUE), .items = items, .count = BATCH};
		assert_int_equal(hf_outbox_enqueue_many(store, NULL, &args, NULL, NULL), HF_OK);
	}
}

static void fail_all(hf_store *store, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		char id[24];
		(void)snprintf(id, sizeof id, "failed %u", i);
		const struct hf_outbox_mark_failed_args args = {
		    .write.durability = HF_OS, .queue = hf_str(OB_QUEUE), .id = hf_str(id)};
		assert_int_equal(hf_outbox_mark_failed(store, NULL, &args, NULL, NULL), HF_OK);
	}
}

/* --- The operations --------------------------------------------------------------------------- */

static void run_claim_next(struct stage *stage)
{
	assert_true(ob_claim_next(stage->store, 1, 0)[0] != '\0');
}
static void run_claim_failed(struct stage *stage)
{
	(void)ob_claim(stage->store, "failed 2500", 0);
}
static void run_claim_delayed(struct stage *stage)
{
	(void)ob_claim(stage->store, "delayed 2500", SECOND);
}
/* The lease given there is over; settling looks at it alone. */
static void run_settle(struct stage *stage)
{
	stage_at(stage, STAGE_NOW + 2 * SECOND);
	assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
	assert_int_equal(ob_stats(stage->store).sending.items, 2); /* those without lease */
}
static void run_enqueue(struct stage *stage)
{
	assert_true(ob_enqueue(stage->store, "one more", "p", -1, 0).changed);
}
static void run_claim_and_complete(struct stage *stage)
{
	ob_complete(stage->store, "one more", ob_claim(stage->store, "one more", 0));
}
static void run_stats(struct stage *stage)
{
	const struct hf_outbox_stats stats = ob_stats(stage->store);
	assert_true(stats.failed.items == ASIDE - 1 && stats.queued.items > ASIDE);
}
static void run_page(struct stage *stage, enum hf_outbox_status status)
{
	struct hf_outbox_items page = {0};
	const struct hf_outbox_list_args args = {
	    .queue = hf_str(OB_QUEUE), .status = status, .limit = PAGE};
	assert_int_equal(hf_outbox_list(stage->store, &args, 0, &page, NULL), HF_OK);
	assert_int_equal(page.count, status == HF_OUTBOX_SENDING ? 2 : PAGE);
	hf_release(page.memory);
}
static void run_list_any(struct stage *stage)
{
	run_page(stage, HF_OUTBOX_ANY);
}
static void run_list_queued(struct stage *stage)
{
	run_page(stage, HF_OUTBOX_QUEUED);
}
static void run_list_sending(struct stage *stage)
{
	run_page(stage, HF_OUTBOX_SENDING);
}
static void run_list_failed(struct stage *stage)
{
	run_page(stage, HF_OUTBOX_FAILED);
}

/* In this order on each store. The limits hold for both sizes, at about twice what is used. */
static const struct {
	const char *name;
	void (*run)(struct stage *);
	uint64_t limit;
} work[] = {
    {"claim_next", run_claim_next, 100},
    {"claim of a failed one", run_claim_failed, 50},
    {"claim of a delayed one", run_claim_delayed, 140},
    {"settle", run_settle, 160},
    {"enqueue", run_enqueue, 140},
    {"claim and complete", run_claim_and_complete, 100},
    {"stats", run_stats, 60},
    {"a page of all", run_list_any, 700},
    {"a page of the queued", run_list_queued, 500},
    {"a page of the sending", run_list_sending, 20},
    {"a page of the failed", run_list_failed, 300},
};

enum { WORKS = sizeof work / sizeof work[0] };

static void measure(unsigned count, uint64_t steps[WORKS])
{
	struct stage *stage = stage_open_with(
	    SETTING_LIVE, &(struct hf_options){.segment_size = 1u << 20, .compact_bytes = UINT64_MAX});
	/* What cannot be claimed comes first in every order. */
	fill(stage->store, "delayed", ASIDE, STAGE_NOW + 3600 * SECOND);
	fill(stage->store, "failed", ASIDE, STAGE_NOW - 3600 * SECOND);
	fail_all(stage->store, ASIDE);
	fill(stage->store, "ready", count, STAGE_NOW);
	for (size_t i = 0; i < WORKS; i++) {
		const uint64_t before = hf__steps;
		work[i].run(stage);
		steps[i] = hf__steps - before;
	}
	stage_close(stage);
}

static void the_cost_of_an_operation_does_not_grow_with_the_queue(void **unused)
{
	(void)unused;
	uint64_t small[WORKS], large[WORKS];
	measure(SMALL, small);
	measure(LARGE, large);
	for (size_t i = 0; i < WORKS; i++) {
		if (small[i] == 0 || small[i] > work[i].limit || large[i] > work[i].limit ||
		    large[i] > small[i] * 2)
			fail_msg("%s: %llu steps among %d, %llu among %d, limit %llu", work[i].name,
			         (unsigned long long)small[i], SMALL, (unsigned long long)large[i], LARGE,
			         (unsigned long long)work[i].limit);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_cost_of_an_operation_does_not_grow_with_the_queue),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
