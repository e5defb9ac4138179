/* tier: medium */
/* 64 threads claim from one queue of 20,000 items, one at a time and each claim durable: every
 * item goes to exactly one of them, and a sync serves about as many claims as there are threads
 * waiting. */
#include <inttypes.h>
#include <time.h>

#include "lib/crash/hammer.h"
#include "lib/remove_tree.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"
#include "store/store.h"

enum { ITEMS = 20000, SYNC_US = 2000 };

static double now_s(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The simulated disk's own clock counts readings. Whether a leader waits for company is decided
 * by real time, as the delay of a sync is. */
static int64_t real_ticks(void *ctx)
{
	struct timespec t;
	(void)ctx;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static struct hf_info info_of(hf_store *store)
{
	struct hf_info info = {0};
	assert_int_equal(hf_get_info(store, &info, NULL), HF_OK);
	return info;
}

/* Gives the entries per sync. */
static double hammer_store(hf_store *store, const char *where)
{
	struct hammer hammer;
	struct hf_outbox_stats stats = {0};
	hammer_init(&hammer, store, ITEMS, false);
	hammer_fill(&hammer, 0, ITEMS);
	assert_int_equal(hf_sync(store, NULL), HF_OK);
	const struct hf_info before = info_of(store);
	const double began = now_s();
	hammer_run(&hammer);
	const double took = now_s() - began;
	const struct hf_info after = info_of(store);
	hammer_expect_each_once(&hammer);
	hammer_deinit(&hammer);
	assert_int_equal(hf_outbox_get_stats(store, hf_str(HAMMER_QUEUE), 0, &stats, NULL), HF_OK);
	assert_true(stats.sending.items == ITEMS && stats.queued.items == 0);
	assert_int_equal(hf__state_verify(store, NULL), HF_OK);
	const uint64_t entries = after.entries - before.entries, syncs = after.syncs - before.syncs;
	assert_true(entries == ITEMS);
	const double per_sync = (double)entries / (double)syncs;
	printf("figure: claim hammer, %s: %d threads, %d items, each claimed once; %" PRIu64
	       " syncs, %.1f entries per sync, %.0f claims/s\n",
	       where, HAMMER_THREADS, ITEMS, syncs, per_sync, ITEMS / took);
	return per_sync;
}

/* Where the pace of syncs is known. */
static void sixty_four_threads_share_syncs_on_a_slow_disk(void **state)
{
	(void)state;
	const struct hf_options options = {.create = true};
	struct hf_error error = {0};
	hf_store *store = NULL;
	struct sim *sim = sim_new(sim_profile_strict(), 1);
	sim_set_now(sim, INT64_C(1795167000000000));
	struct hf__os os = *sim_os(sim);
	os.ticks = real_ticks;
	assert_int_equal(hf__store_open(&os, hf__all_domains(), &options, &store, &error), HF_OK);
	sim_set_sync_delay(sim, SYNC_US);
	const double per_sync = hammer_store(store, "simulated disk");
	assert_int_equal(hf_close(store, &error), HF_OK);
	sim_free(sim);
	/* With one flush under way and the rest waiting for the next, two halves take turns at
	 * worst. */
	assert_true(per_sync > 0.4 * HAMMER_THREADS);
}

static void sixty_four_threads_claim_each_item_once_on_a_real_disk(void **state)
{
	(void)state;
	char path[] = "hammer-XXXXXX";
	assert_non_null(mkdtemp(path));
	const struct hf_options options = {.create = true, .allow_unsafe_fs = true};
	struct hf_error error = {0};
	hf_store *store = NULL;
	const int rc = hf_open(path, &options, &store, &error);
	if (rc != HF_OK)
		fail_msg("open: %s", error.text);
	/* A disk whose sync takes no time leaves nothing to share: here the figure is only told. */
	(void)hammer_store(store, "real disk");
	assert_int_equal(hf_close(store, &error), HF_OK);
	remove_tree(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sixty_four_threads_share_syncs_on_a_slow_disk),
	    cmocka_unit_test(sixty_four_threads_claim_each_item_once_on_a_real_disk),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
