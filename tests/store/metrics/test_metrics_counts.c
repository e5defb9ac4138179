/* tier: fast, threads */
/* What is counted while the store works: histograms of commits and flushes, and figures of a store
 * that failed, of one that is compacted, beside writers, after fork(), and for a function that
 * wants no more. */
#include <pthread.h>
#include <stdatomic.h>

#include "lib/real_store.h"
#include "metrics_case.h"

static hf_store *memory_store(void)
{
	hf_store *store;
	assert_int_equal(hf_open_memory(NULL, &store, NULL), HF_OK);
	return store;
}

static void put(hf_store *store, unsigned number, enum hf_durability durability)
{
	char id[16];
	(void)snprintf(id, sizeof id, "%u", number);
	const struct hf_document_put_args args = {
	    .write.durability = durability, .key = {hf_str("c"), hf_str(id)}, .payload = hf_str(id)};
	assert_int_equal(hf_document_put(store, NULL, &args, NULL, NULL), HF_OK);
}

/* --- Histograms ------------------------------------------------------------------------------- */

static void each_commit_counts_once(void **state)
{
	hf_store *store = memory_store();
	hf_txn *txn;
	(void)state;
	for (unsigned i = 0; i < 40; i++)
		put(store, i, i % 4 ? HF_DURABLE : HF_OS);
	put(store, 1, HF_DURABLE); /* over one: a change */
	const struct hf_document_remove_args absent = {.key = {hf_str("c"), hf_str("none")},
	                                               .write.missing_ok = true};
	assert_int_equal(hf_document_remove(store, NULL, &absent, NULL, NULL), HF_OK);
	assert_int_equal(hf_txn_begin(store, &txn, NULL), HF_OK);
	for (unsigned i = 0; i < 20; i++) {
		const struct hf_cursor_advance_args args = {.key = {hf_str("c"), hf_str("s"), hf_str("")},
		                                            .sequence = i + 1,
		                                            .delivery_id = hf_str("d")};
		assert_int_equal(hf_cursor_advance(store, txn, &args, NULL, NULL), HF_OK);
	}
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, NULL), HF_OK);
	struct figures f = figures_of(store, HF_METRICS_PROMETHEUS);
	assert_true(figures_get(&f, "commit_seconds_count", "mode", "durable") == 30 + 1 + 1);
	assert_true(figures_get(&f, "commit_seconds_count", "mode", "os") == 10);
	assert_true(figures_get(&f, "group_transactions_sum", NULL, NULL) == 42);
	assert_true(figures_get(&f, "entries_total", NULL, NULL) == 40 + 1 + 20);
	assert_true(figures_get(&f, "flush_seconds_count", "sync", "true") +
	                figures_get(&f, "flush_seconds_count", "sync", "false") >=
	            figures_get(&f, "group_transactions_count", NULL, NULL));
	assert_true(figures_get(&f, "undurable_entries", NULL, NULL) == 0);
	figures_free(&f);
	assert_int_equal(hf_close(store, NULL), HF_OK);
}

enum { THREADS = 4, EACH = 300 };

static void *write_on(void *arg)
{
	for (unsigned i = 0; i < EACH; i++)
		put(arg, i, i % 3 ? HF_DURABLE : HF_OS);
	return NULL;
}

static void threads_that_share_flushes_all_count(void **state)
{
	hf_store *store = memory_store();
	pthread_t threads[THREADS];
	(void)state;
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, write_on, store), 0);
	for (unsigned i = 0; i < THREADS; i++)
		(void)pthread_join(threads[i], NULL);
	struct figures f = figures_of(store, HF_METRICS_OPENMETRICS);
	const unsigned third = THREADS * EACH / 3;
	assert_true(figures_get(&f, "commit_seconds_count", "mode", "durable") == 2 * third);
	assert_true(figures_get(&f, "commit_seconds_count", "mode", "os") == third);
	assert_true(figures_get(&f, "group_transactions_sum", NULL, NULL) == THREADS * EACH);
	figures_free(&f);
	assert_int_equal(hf_close(store, NULL), HF_OK);
}

/* Thousands in one group share marks; none gets lost. */
static void commits_with_tickets_count_when_they_are_durable(void **state)
{
	enum { MANY = 5000 };
	struct hf_ticket ticket = {0};
	const struct hf_options options = {.segment_size = 8u << 20};
	struct stage *stage = stage_open_with(SETTING_LIVE, &options);
	(void)state;
	put(stage->store, 0, HF_DURABLE); /* the first group of an opening */
	for (unsigned i = 0; i < MANY; i++) {
		hf_txn *txn;
		char id[16];
		(void)snprintf(id, sizeof id, "%u", i);
		const struct hf_document_put_args args = {.key = {hf_str("c"), hf_str(id)},
		                                          .payload = hf_str(id)};
		assert_int_equal(hf_txn_begin(stage->store, &txn, NULL), HF_OK);
		assert_int_equal(hf_document_put(stage->store, txn, &args, NULL, NULL), HF_OK);
		assert_int_equal(hf_txn_commit_async(txn, HF_DURABLE, &ticket, NULL), HF_OK);
		sim_advance(stage->sim, 1 + i % 7);
	}
	struct figures f = figures_of(stage->store, HF_METRICS_PROMETHEUS);
	assert_true(figures_get(&f, "commit_seconds_count", "mode", "durable") == 1);
	assert_true(figures_get(&f, "undurable_entries", NULL, NULL) == MANY);
	figures_free(&f);
	assert_int_equal(hf_flush(stage->store, NULL), HF_OK);
	f = figures_of(stage->store, HF_METRICS_PROMETHEUS);
	assert_true(figures_get(&f, "commit_seconds_count", "mode", "durable") == 1 + MANY);
	/* they came over 20 ms, evenly: on average 10 ms ago */
	const double sum = figures_get(&f, "commit_seconds_sum", "mode", "durable");
	assert_true(sum / MANY > 0.0095 && sum / MANY < 0.0108);
	figures_free(&f);
	stage_drop(stage);
}

/* --- Health ----------------------------------------------------------------------------------- */

static void a_store_that_failed_says_so_and_gives_the_rest(void **state)
{
	struct stage *stage = stage_open(SETTING_LIVE);
	hf_store *store = stage->store;
	(void)state;
	const struct hf_document_put_args args = {.key = {hf_str("c"), hf_str("d")},
	                                          .payload = hf_str("x")};
	enqueue(store, hf_str("q"), "1", "", 0);
	sim_add_fault(stage->sim, (struct sim_fault){.kinds = SIM_SYNC, .error = 5});
	assert_int_equal(hf_document_put(store, NULL, &args, NULL, NULL), HF_EUNCERTAIN);
	struct figures f = figures_of(store, HF_METRICS_PROMETHEUS);
	assert_true(figures_get(&f, "fault", NULL, NULL) == 1);
	assert_true(figures_get(&f, "fault_code", NULL, NULL) == HF_EFAILED);
	assert_true(figures_get(&f, "fault_errno", NULL, NULL) == 5);
	assert_true(items(&f, hf_str("q"), "ready") == 1);
	figures_free(&f);
	assert_int_equal(hf_close(store, NULL), HF_EFAILED);
	sim_free(stage->sim);
	free(stage);
}

static void snapshots_and_compactions_show(void **state)
{
	struct stage *stage = stage_open(SETTING_LIVE);
	hf_store *store = stage->store;
	(void)state;
	struct figures f = figures_of(store, HF_METRICS_PROMETHEUS);
	assert_false(figures_has(&f, "snapshot_lsn"));
	assert_false(figures_has(&f, "snapshot_last_seconds"));
	figures_free(&f);
	for (unsigned i = 0; i < 100; i++)
		put(store, i, HF_DURABLE);
	assert_int_equal(hf_snapshot(store, NULL), HF_OK);
	sim_advance(stage->sim, 90 * SECOND);
	assert_int_equal(hf_snapshot(store, NULL), HF_OK);
	assert_int_equal(hf_compact(store, NULL), HF_OK);
	f = figures_of(store, HF_METRICS_PROMETHEUS);
	assert_true(figures_get(&f, "snapshots_total", "result", "ok") == 2);
	assert_true(figures_get(&f, "compactions_total", "result", "ok") == 1);
	assert_true(figures_get(&f, "compactions_total", "result", "failed") == 0);
	assert_true(figures_get(&f, "compaction_running", NULL, NULL) == 0);
	assert_true(figures_get(&f, "snapshot_lsn", NULL, NULL) == 100);
	const double age = figures_get(&f, "snapshot_age_seconds", NULL, NULL);
	assert_true(age > 89.9 && age < 91);
	assert_true(figures_get(&f, "disk_bytes", "kind", "snapshots") ==
	            figures_get(&f, "snapshot_bytes", NULL, NULL));
	assert_true(figures_get(&f, "covered_bytes", NULL, NULL) == 0);
	assert_true(figures_get(&f, "replay_entries", NULL, NULL) == 0);
	figures_free(&f);
	sim_set_capacity(stage->sim, sim_used(stage->sim));
	put(store, 1, HF_DURABLE);
	assert_int_equal(hf_snapshot(store, NULL), HF_ENOSPACE);
	f = figures_of(store, HF_METRICS_PROMETHEUS);
	assert_true(figures_get(&f, "snapshots_total", "result", "failed") == 1);
	figures_free(&f);
	stage_drop(stage);
}

/* --- The call --------------------------------------------------------------------------------- */

static bool no_more(void *ctx, const char *text, size_t len)
{
	(void)text, (void)len;
	return ++*(unsigned *)ctx < 2;
}

static bool never(void *ctx, const char *text, size_t len)
{
	(void)ctx, (void)text, (void)len;
	return false;
}

static void what_cannot_be_is_refused(void **state)
{
	hf_store *store = memory_store();
	struct hf_error error = {0};
	unsigned calls = 0;
	hf_txn *txn;
	(void)state;
	struct hf_metrics_options options = {.size = sizeof options, .format = 2};
	assert_int_equal(hf_metrics(store, never, NULL, &options, &error), HF_EINVAL);
	options = (struct hf_metrics_options){.size = 3};
	assert_int_equal(hf_metrics(store, never, NULL, &options, &error), HF_EINVAL);
	assert_int_equal(hf_metrics(store, NULL, NULL, NULL, &error), HF_EINVAL);
	assert_int_equal(hf_metrics(store, never, NULL, NULL, &error), HF_ECANCELED);
	for (unsigned i = 0; i < 1200; i++) {
		char name[HF_KEY_MAX + 1];
		(void)snprintf(name, sizeof name, "%0*u", HF_KEY_MAX, i);
		enqueue(store, hf_str(name), "1", "", 0);
	}
	assert_int_equal(hf_metrics(store, no_more, &calls, NULL, &error), HF_ECANCELED);
	assert_int_equal(calls, 2);
	assert_int_equal(hf_txn_begin(store, &txn, NULL), HF_OK);
	assert_int_equal(hf_metrics(hf_txn_reads(txn), never, NULL, NULL, &error), HF_EREADONLY);
	hf_txn_abandon(txn);
	assert_int_equal(hf_close(store, NULL), HF_OK);
}

static bool writes(void *ctx, const char *text, size_t len)
{
	static unsigned number;
	(void)text, (void)len;
	put(ctx, number++, HF_DURABLE);
	return hf_compact(ctx, NULL) == HF_OK;
}

static void no_lock_is_held_while_the_text_is_taken(void **state)
{
	hf_store *store = memory_store();
	(void)state;
	put(store, 1, HF_DURABLE);
	assert_int_equal(hf_metrics(store, writes, store, NULL, NULL), HF_OK);
	assert_int_equal(hf_close(store, NULL), HF_OK);
}

static int in_a_child(void *arg)
{
	return hf_metrics(arg, never, NULL, NULL, NULL) == HF_EFORK ? 0 : 1;
}

static void a_forked_child_is_refused(void **state)
{
	struct real_store real;
	(void)state;
	real_begin(&real);
	real_open(&real);
	assert_int_equal(real_in_child(in_a_child, real.store), 0);
	real_end(&real);
}

/* --- Beside others ---------------------------------------------------------------------------- */

static atomic_bool over;
static atomic_int wrong; /* a code that no thread should get */

static void may(int rc, int also)
{
	if (rc != HF_OK && rc != also)
		atomic_store(&wrong, rc);
}

static void *work_on(void *arg)
{
	for (unsigned i = 0; !atomic_load(&over); i++) {
		char id[8], queue[8];
		struct hf_outbox_items items = {0};
		(void)snprintf(id, sizeof id, "%u", i % 50);
		(void)snprintf(queue, sizeof queue, "q%u", i % 20);
		const struct hf_outbox_enqueue_args args = {
		    .write = in_os, .queue = hf_str(queue), .id = hf_str(id), .payload = hf_str("x")};
		const struct hf_outbox_claim_next_args claim = {
		    .write = in_os, .queue = hf_str(queue), .owner = hf_str("w"), .lease_us = 50};
		may(hf_outbox_enqueue(arg, NULL, &args, NULL, NULL), HF_OK);
		may(hf_outbox_claim_next(arg, NULL, &claim, &items, NULL, NULL), HF_OK);
		if (i % 3 == 0 && items.count > 0) {
			const struct hf_outbox_remove_args remove = {
			    .write = in_os, .queue = hf_str(queue), .id = items.items[0].id};
			may(hf_outbox_remove(arg, NULL, &remove, NULL, NULL), HF_ENOTFOUND);
		}
		hf_release(items.memory);
	}
	return NULL;
}

static void *compact_on(void *arg)
{
	while (!atomic_load(&over))
		may(hf_compact(arg, NULL), HF_EBLOCKED);
	return NULL;
}

static void figures_beside_writers_a_compaction_and_a_reader(void **state)
{
	struct real_store real;
	pthread_t threads[3];
	hf_store *reader;
	(void)state;
	real_begin(&real);
	assert_int_equal(real_open_at(&real, NULL, (struct hf_options){.create = true}), HF_OK);
	assert_int_equal(hf_open_read(real.path, NULL, &reader, NULL), HF_OK);
	atomic_store(&over, false);
	assert_int_equal(pthread_create(&threads[0], NULL, work_on, real.store), 0);
	assert_int_equal(pthread_create(&threads[1], NULL, work_on, real.store), 0);
	assert_int_equal(pthread_create(&threads[2], NULL, compact_on, real.store), 0);
	for (unsigned i = 0; i < 40; i++) {
		struct figures f = figures_of(i % 2 ? reader : real.store, HF_METRICS_PROMETHEUS);
		figures_free(&f);
	}
	atomic_store(&over, true);
	for (unsigned i = 0; i < 3; i++)
		(void)pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&wrong), HF_OK);
	assert_int_equal(hf_close(reader, NULL), HF_OK);
	real_end(&real);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_commit_counts_once),
	    cmocka_unit_test(threads_that_share_flushes_all_count),
	    cmocka_unit_test(commits_with_tickets_count_when_they_are_durable),
	    cmocka_unit_test(a_store_that_failed_says_so_and_gives_the_rest),
	    cmocka_unit_test(snapshots_and_compactions_show),
	    cmocka_unit_test(what_cannot_be_is_refused),
	    cmocka_unit_test(no_lock_is_held_while_the_text_is_taken),
	    cmocka_unit_test(a_forked_child_is_refused),
	    cmocka_unit_test(figures_beside_writers_a_compaction_and_a_reader),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
