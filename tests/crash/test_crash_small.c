/* tier: fast */
/* The crash sweep in small: every workload without faults, a short one with every kind of fault,
 * in few seconds even under a sanitizer. The whole of it is tests/crash/test_crash_sweep.c. */
#include "lib/crash/crash_sweep.h"
#include "lib/rng.h"
#include "lib/test.h"

static const struct sim_limits few = {.exhaustive = 4, .product = 24, .samples = 2};
static const struct sim_limits fewer = {.exhaustive = 2, .product = 8, .samples = 2};

/* What to sweep of a workload. */
struct part {
	const struct script *script;
	const char *disk;
	uint32_t pad;
	unsigned moments, faults, deep; /* one in so many */
	bool quiet;
};

static struct sweep_stats sweep_part(const struct part *part)
{
	const struct sweep_job job = {
	    .script = part->script,
	    .disk = part->disk,
	    .pad = part->pad,
	    .seed = hf_test_seed(),
	    .limits = few,
	    .fault_limits = fewer,
	    .deep_limits = fewer,
	    .fault_every = part->faults,
	    .deep_every = part->deep,
	    .moments_every = part->moments,
	    .quiet = part->quiet,
	};
	struct sweep_stats stats;
	sweep_stats_init(&stats);
	sweep(&job, &stats);
	assert_true(stats.opened[sweep_pad_index(part->pad)] > 100);
	sweep_stats_deinit(&stats);
	return stats;
}

static void assert_nothing_wrong(struct part part)
{
	assert_int_equal(sweep_part(&part).wrong, 0);
}

static void single_operations_survive(void **state)
{
	(void)state;
	assert_nothing_wrong((struct part){&script_domains, "weak", 0, .moments = 3});
}

static void transactions_survive_as_a_whole(void **state)
{
	(void)state;
	assert_nothing_wrong((struct part){&script_transactions, "weak", 0, .moments = 2});
}

static void work_is_done_once_across_crashes(void **state)
{
	(void)state;
	assert_nothing_wrong((struct part){&script_idem, "weak", 0, .moments = 3});
}

/* Every moment: each answer has its own. */
static void no_answer_runs_ahead_of_the_disk(void **state)
{
	(void)state;
	assert_nothing_wrong((struct part){&script_groups, "weak", 0, .moments = 0});
}

/* Every moment again: what a call tells at once, and what a ticket says. */
static void tickets_keep_their_word(void **state)
{
	(void)state;
	assert_nothing_wrong((struct part){&script_async, "weak", 0, .moments = 0, .faults = 12});
}

static void queues_survive(void **state)
{
	(void)state;
	assert_nothing_wrong((struct part){&script_queues, "weak", 0, .moments = 0});
}

static void lost_claims_survive(void **state)
{
	(void)state;
	assert_nothing_wrong((struct part){&script_lost, "weak", 0, .moments = 0});
}

static void snapshots_survive(void **state)
{
	(void)state;
	assert_nothing_wrong(
	    (struct part){&script_snapshots, "weak", 0, .moments = 3, .faults = 12, .deep = 400});
}

static void compaction_survives(void **state)
{
	(void)state;
	assert_nothing_wrong(
	    (struct part){&script_compaction, "weak", 0, .moments = 4, .faults = 16, .deep = 400});
}

static void rotation_survives(void **state)
{
	(void)state;
	assert_nothing_wrong((struct part){&script_rotation, "weak", 0, .moments = 9, .deep = 400});
}

static void reopening_and_kills_survive(void **state)
{
	(void)state;
	assert_nothing_wrong((struct part){&script_lives, "weak", 0, .moments = 2, .deep = 200});
}

static void timelines_survive(void **state)
{
	(void)state;
	assert_nothing_wrong(
	    (struct part){&script_timeline, "weak", 0, .moments = 2, .faults = 40, .deep = 400});
}

static void locks_survive(void **state)
{
	(void)state;
	assert_nothing_wrong(
	    (struct part){&script_lock, "weak", 0, .moments = 2, .faults = 40, .deep = 400});
}

static void documents_survive(void **state)
{
	(void)state;
	assert_nothing_wrong(
	    (struct part){&script_document, "weak", 0, .moments = 2, .faults = 40, .deep = 400});
}

static void whole_sectors_may_go_when_groups_are_padded(void **state)
{
	(void)state;
	assert_nothing_wrong((struct part){&script_small, "hostile", 512, .moments = 6, .faults = 40});
}

static void whole_pages_may_go_when_groups_are_padded_to_pages(void **state)
{
	(void)state;
	assert_nothing_wrong((struct part){&script_small, "pages", 4096, .moments = 6, .faults = 40});
}

static void an_ordered_disk_is_no_harder(void **state)
{
	(void)state;
	assert_nothing_wrong((struct part){&script_small, "ordered", 0, .moments = 6, .faults = 40});
}

static void every_kind_of_failure_is_survived(void **state)
{
	(void)state;
	const struct part part = {&script_small, "weak", 0, .moments = 9, .faults = 8, .deep = 200};
	const struct sweep_stats stats = sweep_part(&part);
	assert_int_equal(stats.wrong, 0);
	assert_true(stats.faults > 15 && stats.deep > 0);
	for (size_t i = 0; i < SWEEP_KINDS; i++)
		assert_true(stats.kinds[0][i] > 0);
}

/* The sweep can fail: what pad=none assumes of the disk is not so here. */
static void a_disk_beyond_the_assumptions_is_noticed(void **state)
{
	(void)state;
	const struct part part = {&script_small, "hostile", 0, .moments = 2, .quiet = true};
	assert_true(sweep_part(&part).wrong > 0);
}

/* Groups that end on sectors share pages. */
static void padding_to_sectors_is_not_enough_where_pages_go(void **state)
{
	(void)state;
	const struct part part = {&script_small, "pages", 512, .moments = 2, .quiet = true};
	assert_true(sweep_part(&part).wrong > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(single_operations_survive),
	    cmocka_unit_test(transactions_survive_as_a_whole),
	    cmocka_unit_test(work_is_done_once_across_crashes),
	    cmocka_unit_test(no_answer_runs_ahead_of_the_disk),
	    cmocka_unit_test(tickets_keep_their_word),
	    cmocka_unit_test(whole_pages_may_go_when_groups_are_padded_to_pages),
	    cmocka_unit_test(padding_to_sectors_is_not_enough_where_pages_go),
	    cmocka_unit_test(queues_survive),
	    cmocka_unit_test(lost_claims_survive),
	    cmocka_unit_test(snapshots_survive),
	    cmocka_unit_test(compaction_survives),
	    cmocka_unit_test(rotation_survives),
	    cmocka_unit_test(reopening_and_kills_survive),
	    cmocka_unit_test(timelines_survive),
	    cmocka_unit_test(locks_survive),
	    cmocka_unit_test(documents_survive),
	    cmocka_unit_test(whole_sectors_may_go_when_groups_are_padded),
	    cmocka_unit_test(an_ordered_disk_is_no_harder),
	    cmocka_unit_test(every_kind_of_failure_is_survived),
	    cmocka_unit_test(a_disk_beyond_the_assumptions_is_noticed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
