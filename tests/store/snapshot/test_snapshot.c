/* tier: fast */
/* A snapshot in the store's directory: the next opening begins with it, gives the same state and
 * the same payloads, and reads less of the log; one that is damaged, of another log or unfinished
 * is passed over. */
#include <errno.h>

#include "lib/churn/churn.h"
#include "lib/settings.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"
#include "log/snapshot.h"
#include "store/store.h"

static void take_snapshot(struct stage *stage)
{
	struct hf_error error = {0};
	if (hf_snapshot(stage->store, &error) != HF_OK)
		fail_msg("snapshot: %s", error.text);
}

static struct hf_info info_of(const struct stage *stage)
{
	struct hf_info info = {0};
	assert_int_equal(hf_get_info(stage->store, &info, NULL), HF_OK);
	return info;
}

/* --- What it gives ---------------------------------------------------------------------------- */

static void an_opening_begins_with_the_snapshot(void **state)
{
	(void)state;
	struct churn churn;
	struct stage *stage = churn_begin(&churn, "begins", (struct hf_options){0}, 4000, 400);
	take_snapshot(stage);
	const uint64_t at = info_of(stage).last_lsn;
	for (unsigned i = 0; i < 20; i++)
		churn_step(&churn, stage->store);
	const uint64_t last = info_of(stage).last_lsn;
	stage_switch(stage); /* compares the states */
	const struct hf_info info = info_of(stage);
	assert_int_equal(info.snapshot_lsn, at);
	assert_int_equal(info.replayed, last - at);
	assert_int_equal(info.snapshots_damaged, 0);
	churn_end(&churn, stage);
}

static void work_snapshots_and_openings_in_any_order_give_the_same_state(void **state)
{
	(void)state;
	struct churn churn;
	struct stage *stage =
	    churn_begin(&churn, "any order", (struct hf_options){.inline_max = 32}, 4000, 50);
	struct hf_rng *rng = &churn.random.rng;
	unsigned snapshots = 0, begun = 0;
	int64_t now = STAGE_NOW;
	for (unsigned i = 0; i < 400; i++) {
		for (uint64_t n = hf_rng_below(rng, 8); n > 0; n--)
			churn_step(&churn, stage->store);
		if (hf_rng_chance(rng, 1, 5)) {
			take_snapshot(stage);
			snapshots++;
		}
		if (hf_rng_chance(rng, 1, 6)) {
			now += (int64_t)hf_rng_below(rng, 30) * 1000000;
			stage_at(stage, now);
			assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
		}
		if (hf_rng_chance(rng, 1, 5)) {
			stage_switch(stage);
			begun += info_of(stage).snapshot_lsn > 0;
			stage_verify(stage);
		}
	}
	printf("figure: %u snapshots, %u openings began with one\n", snapshots, begun);
	assert_true(snapshots > 50 && begun > 40);
	churn_end(&churn, stage);
}

struct told {
	unsigned calls;
	uint64_t done, total;
};

static void note_progress(void *ctx, uint64_t done, uint64_t total)
{
	struct told *told = ctx;
	assert_true(done >= told->done && done <= total);
	*told = (struct told){told->calls + 1, done, total};
}

static void an_opening_says_how_far_it_is(void **state)
{
	(void)state;
	struct churn churn;
	struct told told = {0};
	struct stage *stage = churn_begin(&churn, "progress", (struct hf_options){0}, 4000, 900);
	take_snapshot(stage);
	for (unsigned i = 0; i < 300; i++)
		churn_step(&churn, stage->store);
	stage->options.progress = note_progress;
	stage->options.ctx = &told;
	stage_switch(stage);
	assert_true(told.calls > 1 && told.done == told.total && told.total > 0);
	const unsigned calls = told.calls;
	take_snapshot(stage);
	assert_int_equal(told.calls, calls);
	stage->options.progress = NULL;
	churn_end(&churn, stage);
}

static void an_empty_store_has_a_snapshot_that_says_so(void **state)
{
	(void)state;
	struct churn churn;
	struct stage *stage = churn_begin(&churn, "empty", (struct hf_options){0}, 4000, 0);
	take_snapshot(stage);
	stage_switch(stage);
	churn_step(&churn, stage->store);
	take_snapshot(stage);
	stage_switch(stage);
	churn_end(&churn, stage);
}

/* --- What is passed over ---------------------------------------------------------------------- */

static int find_snapshot(void *arg, const char *name)
{
	uint64_t lsn;
	if (!hf__snapshot_name_parse(name, &lsn))
		return 0;
	strcpy(arg, name);
	return -1;
}

/* The size of the only one. */
static uint64_t only_snapshot(const struct hf__os *os, char name[HF__NAME_MAX])
{
	uint64_t size = 0;
	int file = -1;
	assert_int_equal(os->list(os->ctx, find_snapshot, name), -1);
	assert_int_equal(os->open(os->ctx, name, 0, &file), 0);
	assert_int_equal(os->size(os->ctx, file, &size), 0);
	assert_int_equal(os->close(os->ctx, file), 0);
	return size;
}

static void flip(const struct hf__os *os, const char *name, uint64_t at)
{
	uint8_t byte = 0;
	size_t got = 0;
	int file = -1;
	assert_int_equal(os->open(os->ctx, name, HF__OS_WRITE, &file), 0);
	assert_int_equal(os->read(os->ctx, file, &byte, 1, at, &got), 0);
	byte ^= 1;
	assert_int_equal(os->write(os->ctx, file, &byte, 1, at), 0);
	assert_int_equal(os->sync(os->ctx, file), 0);
	assert_int_equal(os->close(os->ctx, file), 0);
}

static void a_damaged_snapshot_is_passed_over_and_the_log_read(void **state)
{
	(void)state;
	struct churn churn;
	struct stage *stage = churn_begin(&churn, "damaged", (struct hf_options){0}, 300, 300);
	char name[HF__NAME_MAX];
	take_snapshot(stage);
	const struct hf__os *os = sim_os(stage->sim);
	const uint64_t size = only_snapshot(os, name);
	for (unsigned i = 0; i < 40; i++) {
		const uint64_t at = hf_rng_below(&churn.random.rng, size);
		flip(os, name, at);
		stage_switch(stage);
		assert_int_equal(info_of(stage).snapshot_lsn, 0);
		assert_int_equal(info_of(stage).snapshots_damaged, 1);
		flip(os, name, at);
		stage_switch(stage);
		assert_true(info_of(stage).snapshot_lsn > 0);
	}
	churn_end(&churn, stage);
}

/* The same store and name, but taken where this log went another way: the directory was put back to
 * an older copy and written on. Nothing but the hash of the group tells. */
static void a_snapshot_of_another_log_is_passed_over(void **state)
{
	(void)state;
	struct churn churn;
	struct stage *stage = churn_begin(&churn, "another log", (struct hf_options){0}, 300, 100);
	char name[HF__NAME_MAX];
	take_snapshot(stage);
	const struct hf__os *os = sim_os(stage->sim);
	uint8_t sector[HF__SNAPSHOT_HEADER_SIZE];
	struct hf__snapshot_header header;
	size_t got = 0;
	int file = -1;
	(void)only_snapshot(os, name);
	assert_int_equal(os->open(os->ctx, name, HF__OS_WRITE, &file), 0);
	assert_int_equal(os->read(os->ctx, file, sector, sizeof sector, 0, &got), 0);
	assert_int_equal(hf__snapshot_header_decode(sector, got, &header), HF_OK);
	header.chain ^= 1;
	hf__snapshot_header_encode(&header, sector);
	assert_int_equal(os->write(os->ctx, file, sector, sizeof sector, 0), 0);
	assert_int_equal(os->close(os->ctx, file), 0);
	stage_switch(stage);
	assert_int_equal(info_of(stage).snapshot_lsn, 0);
	assert_int_equal(info_of(stage).snapshots_damaged, 1);
	churn_end(&churn, stage);
}

static void what_is_unfinished_is_no_snapshot_and_is_removed(void **state)
{
	(void)state;
	struct churn churn;
	struct stage *stage = churn_begin(&churn, "unfinished", (struct hf_options){0}, 4000, 100);
	const struct hf__os *os = sim_os(stage->sim);
	char name[HF__NAME_MAX], tmp[HF__NAME_MAX];
	int file = -1;
	take_snapshot(stage);
	(void)only_snapshot(os, name);
	(void)snprintf(tmp, sizeof tmp, "%.21s.tmp", name);
	assert_int_equal(os->rename(os->ctx, name, tmp), 0);
	stage_switch(stage);
	assert_int_equal(info_of(stage).snapshot_lsn, 0);
	for (unsigned i = 0; i < 5; i++)
		churn_step(&churn, stage->store);
	assert_int_equal(hf_sync(stage->store, NULL), HF_OK);
	assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
	assert_int_equal(os->open(os->ctx, tmp, 0, &file), ENOENT);
	churn_end(&churn, stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_opening_begins_with_the_snapshot),
	    cmocka_unit_test(work_snapshots_and_openings_in_any_order_give_the_same_state),
	    cmocka_unit_test(an_opening_says_how_far_it_is),
	    cmocka_unit_test(an_empty_store_has_a_snapshot_that_says_so),
	    cmocka_unit_test(a_damaged_snapshot_is_passed_over_and_the_log_read),
	    cmocka_unit_test(a_snapshot_of_another_log_is_passed_over),
	    cmocka_unit_test(what_is_unfinished_is_no_snapshot_and_is_removed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
