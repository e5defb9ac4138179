/* tier: fast, threads */
/* Setting the store's clock back: what had ended stays so, whether its ending was logged or not;
 * what lasts and was computed moves along, what was named stays; and who waits looks again. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "holdfast/holdfast.h"
#include "lib/settings.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"
#include "store/internal.h"

#define MINUTE INT64_C(60000000)
#define HOUR (60 * MINUTE)
#define OFF (10 * HOUR) /* the wall clock, for a moment */
#define AHEAD (STAGE_NOW + OFF)
#define ENDED (AHEAD + HOUR)

static struct hf_error error;

#define OK(call) \
	do { \
		if ((call) != HF_OK) \
			fail_msg("%s: %s", #call, error.text); \
	} while (0)

static void set_back(hf_store *s, bool together)
{
	const struct hf_clock_set_back_args args = {.reason = hf_str("the wall clock was wrong")};
	struct hf_result result = {0};
	hf_txn *txn = NULL;
	if (together)
		OK(hf_txn_begin(s, &txn, &error));
	OK(hf_clock_set_back(s, txn, &args, &result, &error));
	if (together)
		OK(hf_txn_commit(txn, HF_DURABLE, &error));
	assert_true(result.changed && result.count == 1 && result.version != 0);
}

/* --- Arranging -------------------------------------------------------------------------------- */

static void enqueue(hf_store *s, const char *id, hf_time available_at)
{
	const struct hf_outbox_enqueue_args args = {
	    .queue = hf_str("q"), .id = hf_str(id), .available_at = available_at};
	OK(hf_outbox_enqueue(s, NULL, &args, NULL, &error));
}

static hf_token claim(hf_store *s, const char *id, int64_t lease)
{
	struct hf_result result = {0};
	const struct hf_outbox_claim_args args = {
	    .queue = hf_str("q"), .id = hf_str(id), .owner = hf_str("w"), .lease_us = lease};
	OK(hf_outbox_claim(s, NULL, &args, NULL, &result, &error));
	return result.token;
}

/* "lost" was lost once and is claimed, "failed" waits for its backoff, "sent" is completed and
 * blocks its id: each for so long. */
static void arrange_outbox(hf_store *s, int64_t span)
{
	const struct hf_outbox_configure_args configure = {.queue = hf_str("q"),
	                                                   .dedup_window_us = span};
	OK(hf_outbox_configure(s, NULL, &configure, NULL, &error));
	enqueue(s, "held", 0);
	(void)claim(s, "held", span);
	enqueue(s, "lost", 0);
	(void)claim(s, "lost", 1);
	enqueue(s, "failed", 0);
	const struct hf_outbox_fail_args fail = {
	    .queue = hf_str("q"),
	    .id = hf_str("failed"),
	    .token = claim(s, "failed", 0),
	    .backoff = {.kind = HF_OUTBOX_BACKOFF_FIXED, .delay_us = span}};
	OK(hf_outbox_fail(s, NULL, &fail, NULL, &error));
	enqueue(s, "sent", 0);
	const struct hf_outbox_complete_args complete = {
	    .queue = hf_str("q"), .id = hf_str("sent"), .token = claim(s, "sent", 0)};
	OK(hf_outbox_complete(s, NULL, &complete, NULL, &error));
}

static void arrange_answers(hf_store *s, int64_t span, hf_time named)
{
	const struct hf_idempotency_begin_args owned = {.key = {hf_str("s"), hf_str("owned")},
	                                                .fingerprint = hf_str("f"),
	                                                .lease_us = span,
	                                                .ttl_us = span};
	const struct hf_idempotency_put_args ttl = {.key = {hf_str("s"), hf_str("ttl")},
	                                            .ttl_us = span};
	const struct hf_idempotency_put_args put = {.key = {hf_str("s"), hf_str("named")},
	                                            .expires_at = named};
	struct hf_idempotency_begun begun = {0};
	OK(hf_idempotency_begin(s, NULL, &owned, &begun, NULL, &error));
	hf_release(begun.memory);
	OK(hf_idempotency_put(s, NULL, &ttl, NULL, &error));
	OK(hf_idempotency_put(s, NULL, &put, NULL, &error));
}

static void arrange_records(hf_store *s, int64_t span, hf_time named)
{
	const struct hf_inbox_input records[] = {{.account = hf_str("a"), .thread = hf_str("gone")},
	                                         {.account = hf_str("a"), .thread = hf_str("snoozed")}};
	const struct hf_inbox_save_args save = {.user = hf_str("u"), .records = records, .count = 2};
	const struct hf_inbox_remove_args removal = {.key = {hf_str("u"), hf_str("a"), hf_str("gone")},
	                                             .tombstone_for = span};
	const struct hf_inbox_snooze_args snooze = {
	    .key = {hf_str("u"), hf_str("a"), hf_str("snoozed")}, .until = named};
	OK(hf_inbox_save(s, NULL, &save, NULL, &error));
	OK(hf_inbox_remove(s, NULL, &removal, NULL, &error));
	OK(hf_inbox_snooze(s, NULL, &snooze, NULL, &error));
}

/* Everything that ends, after so long or at that instant. */
static void arrange(hf_store *s, int64_t span, hf_time named)
{
	const struct hf_lock_acquire_args acquire = {
	    .name = hf_str("l"), .owner = hf_str("o"), .lease_us = span};
	const struct hf_document_put_args ttl = {.key = {hf_str("c"), hf_str("ttl")}, .ttl_us = span};
	const struct hf_document_put_args put = {.key = {hf_str("c"), hf_str("named")},
	                                         .expires_at = named};
	OK(hf_lock_acquire(s, NULL, &acquire, NULL, &error));
	OK(hf_document_put(s, NULL, &ttl, NULL, &error));
	OK(hf_document_put(s, NULL, &put, NULL, &error));
	arrange_answers(s, span, named);
	arrange_records(s, span, named);
	arrange_outbox(s, span);
}

/* --- Looking ---------------------------------------------------------------------------------- */

static struct hf_outbox_item item_of(hf_store *s, const char *id)
{
	struct hf_outbox_got got = {0};
	OK(hf_outbox_get(s, &(struct hf_outbox_key){hf_str("q"), hf_str(id)}, 0, &got, &error));
	hf_release(got.memory);
	return got.item; /* its numbers */
}

static size_t snoozed(hf_store *s)
{
	struct hf_inbox_page all = {0}, awake = {0};
	OK(hf_inbox_load(s, &(struct hf_inbox_load_args){.user = hf_str("u")}, 0, &all, &error));
	OK(hf_inbox_load(s, &(struct hf_inbox_load_args){.user = hf_str("u"), .without_snoozed = true},
	                 0, &awake, &error));
	const size_t count = all.count - awake.count;
	hf_release(all.memory);
	hf_release(awake.memory);
	return count;
}

static size_t count_of(hf_store *s, size_t *answers, size_t *locks, size_t *tombs, size_t *blocked)
{
	struct hf_document_counts documents = {0};
	struct hf_idempotency_counts counts = {0};
	struct hf_lock_page held = {0};
	struct hf_inbox_tombstone_page stones = {0};
	struct hf_outbox_stats stats = {0};
	OK(hf_document_count(s, &(struct hf_document_count_args){.collection = hf_str("c")}, 0,
	                     &documents, &error));
	OK(hf_idempotency_count(s, hf_str("s"), 0, &counts, &error));
	OK(hf_lock_list(s, NULL, 0, &held, &error));
	OK(hf_inbox_list_tombstones(s, &(struct hf_inbox_list_tombstones_args){.user = hf_str("u")}, 0,
	                            &stones, &error));
	OK(hf_outbox_get_stats(s, hf_str("q"), 0, &stats, &error));
	*answers = counts.in_progress + counts.done;
	*locks = held.count;
	*tombs = stones.count;
	*blocked = stats.completed;
	hf_release(held.memory);
	hf_release(stones.memory);
	return documents.documents;
}

static void expect_ended(hf_store *s)
{
	size_t answers, locks, tombs, blocked;
	assert_int_equal(count_of(s, &answers, &locks, &tombs, &blocked), 0);
	assert_true(answers == 0 && locks == 0 && tombs == 0 && blocked == 0);
	const struct hf_outbox_item held = item_of(s, "held"), lost = item_of(s, "lost");
	assert_true(held.status == HF_OUTBOX_QUEUED && held.lost == 1);
	assert_true(lost.status == HF_OUTBOX_QUEUED && lost.lost == 2);
}

/* --- What has ended --------------------------------------------------------------------------- */

/* Two hours later everything is over; then the clock is set back to before all of it. */
static struct hf__writer ended_and_set_back(enum setting setting, bool logged, bool together)
{
	struct stage *stage = stage_open(setting);
	stage_at(stage, AHEAD);
	arrange(stage->store, HOUR, ENDED);
	stage_at(stage, AHEAD + MINUTE);
	(void)claim(stage->store, "lost", HOUR - MINUTE);
	stage_at(stage, AHEAD + 2 * HOUR);
	expect_ended(stage->store);
	if (logged)
		OK(hf_maintain(stage->store, 0, &error));
	stage_at(stage, STAGE_NOW);
	set_back(stage->store, together);
	stage_switch(stage);
	expect_ended(stage->store);
	/* nothing is logged of a snooze: it is an instant, for each read to look at */
	assert_int_equal(snoozed(stage->store), 1);
	stage_verify(stage);
	struct hf__writer dump = stage_dump(stage);
	stage_at(stage, ENDED + 1);
	expect_ended(stage->store);
	OK(hf_maintain(stage->store, 0, &error));
	expect_ended(stage->store);
	stage_close(stage);
	return dump;
}

static void what_had_ended_stays_so_logged_or_not(void **state)
{
	(void)state;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		for (unsigned together = 0; together < 2; together++) {
			struct hf__writer logged = ended_and_set_back(setting, true, together);
			struct hf__writer view = ended_and_set_back(setting, false, together);
			assert_true(hf__bytes_equal(hf_bytes_of(logged.data, logged.len),
			                            hf_bytes_of(view.data, view.len)));
			hf__writer_deinit(&logged);
			hf__writer_deinit(&view);
		}
	}
}

static void put_many(hf_store *s, unsigned count, hf_time named)
{
	for (unsigned i = 0; i < count; i++) {
		char id[16];
		(void)snprintf(id, sizeof id, "%u", i);
		const struct hf_document_put_args put = {
		    .write.durability = HF_OS, .key = {hf_str("c"), hf_str(id)}, .expires_at = named};
		OK(hf_document_put(s, NULL, &put, NULL, &error));
	}
}

/* Where a set-back stands alone, in steps before it. */
static void much_that_had_ended_is_logged_in_steps(void **state)
{
	(void)state;
	for (unsigned together = 0; together < 2; together++) {
		struct stage *stage = stage_open(SETTING_LIVE);
		struct hf_document_counts counted = {0};
		stage_at(stage, AHEAD);
		put_many(stage->store, 1500, ENDED);
		stage_at(stage, ENDED);
		OK(hf_document_count(stage->store,
		                     &(struct hf_document_count_args){.collection = hf_str("c")}, 0,
		                     &counted, &error));
		assert_int_equal(counted.documents, 0);
		stage_at(stage, STAGE_NOW);
		set_back(stage->store, together);
		OK(hf_document_count(stage->store,
		                     &(struct hf_document_count_args){.collection = hf_str("c")}, 0,
		                     &counted, &error));
		assert_int_equal(counted.documents, 0);
		stage_switch_to(stage, SETTING_REOPENED);
		stage_close(stage);
	}
}

static void a_set_back_that_is_refused_logs_nothing(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	const struct hf_clock_set_back_args wrong = {.write.expect = 7, .reason = hf_str("so")};
	const struct hf_clock_set_back_args back = {.reason = hf_str("so")};
	const struct hf_lock_guard_args guard = {.write.expect = 7, .name = hf_str("no such lock")};
	hf_txn *txn;
	stage_at(stage, AHEAD);
	arrange(stage->store, HOUR, ENDED);
	stage_at(stage, ENDED + HOUR);
	struct hf__writer before = stage_dump(stage);
	stage_at(stage, STAGE_NOW);
	assert_int_equal(hf_clock_set_back(stage->store, NULL, &wrong, NULL, NULL), HF_ECONFLICT);
	OK(hf_txn_begin(stage->store, &txn, &error));
	OK(hf_clock_set_back(stage->store, txn, &back, NULL, &error));
	OK(hf_lock_guard(stage->store, txn, &guard, NULL, &error));
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, NULL), HF_ECONFLICT);
	struct hf__writer after = stage_dump(stage);
	assert_true(
	    hf__bytes_equal(hf_bytes_of(before.data, before.len), hf_bytes_of(after.data, after.len)));
	hf__writer_deinit(&before);
	hf__writer_deinit(&after);
	stage_close(stage);
}

/* --- What lasts ------------------------------------------------------------------------------- */

/* Shown so long after `at`; times that are filled in follow each other by microseconds,
 * deadlines do not. */
static void expect_lasting(hf_store *s, hf_time at)
{
	const struct hf_outbox_item held = item_of(s, "held"), failed = item_of(s, "failed");
	struct hf_outbox_completed_page page = {0};
	assert_true(held.status == HF_OUTBOX_SENDING && held.lease_until == at + 2 * HOUR);
	assert_true(failed.status == HF_OUTBOX_QUEUED && failed.available_computed &&
	            failed.available_at == at + 2 * HOUR);
	OK(hf_outbox_list_completed(s, &(struct hf_outbox_list_completed_args){.queue = hf_str("q")}, 0,
	                            &page, &error));
	assert_true(page.count == 1 && page.ids[0].until == at + 2 * HOUR);
	hf_release(page.memory);
}

static void an_outbox_keeps_what_is_left_and_what_was_named(void **state)
{
	(void)state;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		struct stage *stage = stage_open(setting);
		struct hf_result result = {0};
		struct hf_outbox_items claimed = {0};
		const struct hf_outbox_claim_next_args next = {
		    .queue = hf_str("q"), .owner = hf_str("w"), .lease_us = HOUR, .max = 8};
		stage_at(stage, AHEAD);
		arrange_outbox(stage->store, 2 * HOUR);
		enqueue(stage->store, "named", STAGE_NOW + HOUR);
		expect_lasting(stage->store, AHEAD);
		assert_int_equal(item_of(stage->store, "named").available_at, STAGE_NOW + HOUR);
		stage_at(stage, STAGE_NOW);
		set_back(stage->store, false);
		stage_switch(stage);
		expect_lasting(stage->store, STAGE_NOW);
		/* "named" was due before and is not now; "lost" is queued and comes first. */
		const struct hf_outbox_item named = item_of(stage->store, "named");
		assert_true(!named.available_computed && named.available_at == STAGE_NOW + HOUR);
		stage_at(stage, STAGE_NOW + MINUTE);
		OK(hf_outbox_claim_next(stage->store, NULL, &next, &claimed, &result, &error));
		assert_int_equal(claimed.count, 1);
		assert_true(hf__bytes_equal(claimed.items[0].id, hf_str("lost")));
		hf_release(claimed.memory);
		stage_at(stage, STAGE_NOW + HOUR);
		OK(hf_outbox_claim_next(stage->store, NULL, &next, &claimed, &result, &error));
		assert_int_equal(claimed.count, 1);
		assert_true(hf__bytes_equal(claimed.items[0].id, hf_str("named")));
		hf_release(claimed.memory);
		stage_at(stage, STAGE_NOW + 2 * HOUR);
		assert_int_equal(item_of(stage->store, "held").lost, 1);
		stage_close(stage);
	}
}

/* --- Who waits -------------------------------------------------------------------------------- */

struct waiting {
	hf_store *store;
	pthread_t thread;
	bool for_work;
	int rc;
	uint64_t got;
	atomic_bool done;
};

static void *wait_main(void *arg)
{
	struct waiting *w = arg;
	struct hf_result result = {0};
	if (w->for_work) {
		struct hf_outbox_items claimed = {0};
		const struct hf_outbox_claim_next_args args = {
		    .queue = hf_str("q"), .owner = hf_str("w"), .wait_us = -1};
		w->rc = hf_outbox_claim_next(w->store, NULL, &args, &claimed, &result, NULL);
		w->got = claimed.count;
		hf_release(claimed.memory);
	} else {
		const struct hf_lock_acquire_args args = {
		    .name = hf_str("l"), .owner = hf_str("w"), .wait_us = -1};
		w->rc = hf_lock_acquire(w->store, NULL, &args, &result, NULL);
		w->got = result.changed;
	}
	atomic_store(&w->done, true);
	return NULL;
}

static size_t asleep(hf_store *s)
{
	(void)pthread_mutex_lock(&s->lock);
	const size_t count = s->waits.waiting;
	(void)pthread_mutex_unlock(&s->lock);
	return count;
}

static void settle_down(hf_store *s)
{
	OK(hf_maintain(s, 0, &error));
	for (int i = 0; i < 200; i++)
		(void)sched_yield();
}

/* Waits for what comes at AHEAD + HOUR, which is shown an hour after the set-back. */
static void waits_no_longer_than_is_left(bool for_work)
{
	struct sim *sim = sim_new(sim_profile_strict(), 4);
	const struct hf_options options = {
	    .create = true, .no_background = true, .segment_size = 64 << 10};
	struct waiting w = {.for_work = for_work};
	sim_set_now(sim, AHEAD);
	OK(hf__store_open(sim_os(sim), hf__all_domains(), &options, &w.store, &error));
	if (for_work) {
		enqueue(w.store, "held", 0);
		(void)claim(w.store, "held", HOUR);
	} else {
		const struct hf_lock_acquire_args acquire = {
		    .name = hf_str("l"), .owner = hf_str("o"), .lease_us = HOUR};
		OK(hf_lock_acquire(w.store, NULL, &acquire, NULL, &error));
	}
	assert_int_equal(pthread_create(&w.thread, NULL, wait_main, &w), 0);
	while (asleep(w.store) == 0)
		(void)sched_yield();
	sim_set_now(sim, STAGE_NOW);
	set_back(w.store, false);
	settle_down(w.store);
	sim_advance(sim, HOUR - MINUTE);
	settle_down(w.store);
	assert_false(atomic_load(&w.done));
	assert_int_equal(asleep(w.store), 1);
	sim_advance(sim, MINUTE);
	OK(hf_maintain(w.store, 0, &error));
	assert_int_equal(pthread_join(w.thread, NULL), 0);
	assert_true(w.rc == HF_OK && w.got == 1);
	assert_int_equal(hf_close(w.store, &error), HF_OK);
	sim_free(sim);
}

static void a_waiter_waits_no_longer_than_is_left(void **state)
{
	(void)state;
	waits_no_longer_than_is_left(false);
	waits_no_longer_than_is_left(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_had_ended_stays_so_logged_or_not),
	    cmocka_unit_test(much_that_had_ended_is_logged_in_steps),
	    cmocka_unit_test(a_set_back_that_is_refused_logs_nothing),
	    cmocka_unit_test(an_outbox_keeps_what_is_left_and_what_was_named),
	    cmocka_unit_test(a_waiter_waits_no_longer_than_is_left),
	};
	return cmocka_run_group_tests_name("clock set back", tests, NULL, NULL);
}
