/* tier: fast, threads */
/* A store in memory is a store: independent of all others, gone with its handle, and as large as
 * what lives in it. */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/mem.h"
#include "memory_case.h"

enum { STORES = 8, CYCLES = 30000, WORKERS = 4, ITEMS = 2000, LARGE = 3 << 20 };
#define KIB ((size_t)1 << 10)

static hf_store *open_quiet(void)
{
	return open_with(&(struct hf_options){.no_background = true});
}

/* --- What it is ------------------------------------------------------------------------------- */

static void stores_in_memory_know_nothing_of_each_other(void **unused)
{
	hf_store *stores[STORES];
	char id[16];
	(void)unused;
	for (unsigned i = 0; i < STORES; i++) {
		stores[i] = open_quiet();
		(void)snprintf(id, sizeof id, "d%u", i);
		assert_int_equal(put(stores[i], id, id, strlen(id)), HF_OK);
	}
	for (unsigned i = 0; i < STORES; i++)
		for (unsigned j = 0; j < STORES; j++) {
			(void)snprintf(id, sizeof id, "d%u", j);
			assert_int_equal(has(stores[i], id, id, strlen(id)), i == j);
			assert_int_equal(memcmp(info_of(stores[i]).uuid, info_of(stores[j]).uuid, 16) == 0,
			                 i == j);
		}
	for (unsigned i = 0; i < STORES; i += 2)
		close_store(stores[i]);
	for (unsigned i = 1; i < STORES; i += 2) {
		(void)snprintf(id, sizeof id, "d%u", i);
		assert_true(has(stores[i], id, id, strlen(id)));
		close_store(stores[i]);
	}
}

static void nothing_survives_its_handle_and_it_says_so(void **unused)
{
	(void)unused;
	const size_t before = hf__mem_used();
	hf_store *store = open_with(NULL);
	assert_true(info_of(store).volatile_fs && info_of(store).writer && !info_of(store).read_only);
	assert_int_equal(put(store, "d", "x", 1), HF_OK);
	close_store(store);
	assert_int_equal(hf__mem_used(), before);
	store = open_with(&(struct hf_options){.create = false, .wait_us = -1});
	assert_false(has(store, "d", "x", 1));
	close_store(store);
}

static void options_are_looked_at_as_everywhere(void **unused)
{
	static const struct hf_options wrong[] = {
	    {.pad = 3},
	    {.segment_size = 1},
	    {.at_lsn = 1},
	    {.at_time = 5},
	    {.size = 3},
	    {.inline_max = HF_PAYLOAD_MAX + 1},
	    {.wait_us = -2},
	    {.scrub_interval_us = -1},
	    {.retain_us = -1},
	    {.size = 100000},
	    {.segment_size = UINT32_MAX},
	};
	hf_store *store;
	(void)unused;
	for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct hf_error error = {0};
		assert_int_equal(hf_open_memory(&wrong[i], &store, &error), HF_EINVAL);
		assert_null(store);
		assert_true(error.text[0]);
	}
	store = open_with(&(struct hf_options){.pad = 4096, .segment_size = 16 << 10, .inline_max = 1});
	assert_int_equal(put(store, "d", "xyz", 3), HF_OK);
	assert_true(has(store, "d", "xyz", 3));
	close_store(store);
}

static void large_payloads_and_upkeep_are_those_of_any_store(void **unused)
{
	static char large[LARGE];
	bool changed = true;
	(void)unused;
	memset(large, 'l', sizeof large);
	hf_store *store = open_quiet();
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(put(store, "d", large, sizeof large - i), HF_OK);
	assert_int_equal(hf_snapshot(store, NULL), HF_OK);
	assert_int_equal(put(store, "e", large, 1000), HF_OK);
	assert_int_equal(hf_compact(store, NULL), HF_OK);
	assert_int_equal(hf_scrub(store, 0, NULL, NULL, NULL), HF_OK);
	assert_int_equal(hf_refresh(store, &changed, NULL), HF_OK);
	assert_false(changed);
	assert_true(has(store, "d", large, sizeof large - 7));
	assert_true(has(store, "e", large, 1000));
	assert_true(info_of(store).compactions == 1 && info_of(store).snapshot_bytes > 0);
	close_store(store);
}

/* --- As large as what lives in it ------------------------------------------------------------- */

static void cycle(hf_store *store, unsigned number)
{
	char id[16];
	struct hf_outbox_items got = {0};
	(void)snprintf(id, sizeof id, "i%u", number);
	const struct hf_outbox_enqueue_args add = {
	    .queue = hf_str("q"), .id = hf_str(id), .payload = hf_str("a payload of some bytes")};
	const struct hf_outbox_claim_next_args claim = {
	    .queue = hf_str("q"), .owner = hf_str("w"), .lease_us = 60000000, .max = 1};
	assert_int_equal(hf_outbox_enqueue(store, NULL, &add, NULL, NULL), HF_OK);
	assert_int_equal(hf_outbox_claim_next(store, NULL, &claim, &got, NULL, NULL), HF_OK);
	assert_int_equal(got.count, 1);
	const struct hf_outbox_complete_args done = {
	    .queue = hf_str("q"), .id = got.items[0].id, .token = got.items[0].token};
	assert_int_equal(hf_outbox_complete(store, NULL, &done, NULL, NULL), HF_OK);
	hf_release(got.memory);
}

static size_t most_memory(hf_store *store, unsigned from, unsigned cycles, bool upkeep)
{
	size_t most = 0;
	for (unsigned i = from; i < from + cycles; i++) {
		cycle(store, i);
		if (upkeep && i % 500 == 0)
			assert_int_equal(hf_maintain(store, 0, NULL), HF_OK);
		most = hf__mem_used() > most ? hf__mem_used() : most;
	}
	return most;
}

static void a_queue_at_work_does_not_grow(void **unused)
{
	const unsigned cycles = getenv("HF_LONG") ? 1000000 : CYCLES;
	(void)unused;
	hf_store *store =
	    open_with(&(struct hf_options){.no_background = true, .compact_bytes = 512 * KIB});
	const size_t early = most_memory(store, 0, cycles / 4, true);
	const size_t late = most_memory(store, cycles / 4, cycles - cycles / 4, true);
	printf("figure: a queue in memory takes %zu KiB at most in the first quarter of %u cycles, %zu "
	       "KiB in the rest, after %llu compactions\n",
	       early / KIB, cycles, late / KIB, (unsigned long long)info_of(store).compactions);
	assert_true(info_of(store).compactions > 4);
	assert_true(late <= early + early / 4);
	close_store(store);
}

static void a_new_one_takes_little_memory(void **unused)
{
	hf_store *stores[STORES];
	(void)unused;
	const size_t before = hf__mem_used();
	for (unsigned i = 0; i < STORES; i++)
		stores[i] = open_quiet();
	const size_t each = (hf__mem_used() - before) / STORES;
	printf("figure: a new store in memory has allocated %zu KiB\n", each / KIB);
	assert_true(each < 400 * KIB);
	for (unsigned i = 0; i < STORES; i++)
		close_store(stores[i]);
}

/* --- Without memory --------------------------------------------------------------------------- */

struct refusing {
	size_t seen, from, least;
};

static bool refuse(void *ctx, size_t size)
{
	struct refusing *refusing = ctx;
	return size >= refusing->least && refusing->seen++ >= refusing->from;
}

static void any_allocation_of_an_opening_may_fail(void **unused)
{
	struct refusing refusing = {0};
	const struct hf_options options = {.no_background = true};
	hf_store *store;
	int rc;
	(void)unused;
	const size_t before = hf__mem_used();
	do {
		struct hf_error error = {0};
		refusing.seen = 0;
		hf__mem_set_veto(refuse, &refusing);
		rc = hf_open_memory(&options, &store, &error);
		hf__mem_set_veto(NULL, NULL);
		refusing.from++;
		if (rc == HF_OK)
			continue;
		assert_true(rc == HF_ENOMEM || rc == HF_ENOSPACE);
		assert_true(error.text[0] && !store);
		assert_int_equal(hf__mem_used(), before);
	} while (rc != HF_OK);
	assert_true(refusing.from > 10);
	close_store(store);
}

/* The disk is full, so to speak: what was answered stands, what is refused left nothing, and with
 * memory it goes on. */
static void without_memory_for_the_log_changes_are_refused_and_nothing_is_lost(void **unused)
{
	struct refusing refusing = {.least = 60 * KIB}; /* a piece of a file */
	char id[16];
	unsigned done = 0;
	int rc = HF_OK;
	(void)unused;
	hf_store *store = open_quiet();
	hf__mem_set_veto(refuse, &refusing);
	for (; rc == HF_OK && done < 100000; done += rc == HF_OK) {
		(void)snprintf(id, sizeof id, "%u", done);
		rc = put(store, id, id, strlen(id));
	}
	hf__mem_set_veto(NULL, NULL);
	if (rc != HF_ENOSPACE && rc != HF_ENOMEM)
		fail_msg("%s after %u", hf_code_name(rc), done);
	assert_false(has(store, id, id, strlen(id)));
	assert_int_equal(info_of(store).fault, 0);
	/* A refusal for want of room stands for a second. */
	for (unsigned i = 0; i < 30 && rc != HF_OK; i++) {
		real_sleep_ms(100);
		rc = put(store, id, id, strlen(id));
	}
	assert_int_equal(rc, HF_OK);
	for (unsigned i = 0; i <= done; i++) {
		(void)snprintf(id, sizeof id, "%u", i);
		assert_true(has(store, id, id, strlen(id)));
	}
	close_store(store);
}

/* --- Threads ---------------------------------------------------------------------------------- */

struct crowd {
	hf_store *store;
	atomic_uint done;
};

static void *work(void *arg)
{
	struct crowd *crowd = arg;
	const struct hf_outbox_claim_next_args claim = {
	    .queue = hf_str("q"), .owner = hf_str("w"), .lease_us = 60000000, .max = 7, .wait_us = -1};
	for (;;) {
		struct hf_outbox_items got = {0};
		if (hf_outbox_claim_next(crowd->store, NULL, &claim, &got, NULL, NULL) != HF_OK)
			return NULL; /* it is being closed */
		for (size_t i = 0; i < got.count; i++) {
			const struct hf_outbox_complete_args done = {
			    .queue = hf_str("q"), .id = got.items[i].id, .token = got.items[i].token};
			if (hf_outbox_complete(crowd->store, NULL, &done, NULL, NULL) == HF_OK)
				(void)atomic_fetch_add(&crowd->done, 1);
		}
		hf_release(got.memory);
	}
}

static struct hf_ticket enqueue_later(hf_store *store, unsigned number)
{
	hf_txn *txn;
	char id[16];
	struct hf_ticket ticket = {0};
	(void)snprintf(id, sizeof id, "i%u", number);
	const struct hf_outbox_enqueue_args add = {.queue = hf_str("q"), .id = hf_str(id)};
	assert_int_equal(hf_txn_begin(store, &txn, NULL), HF_OK);
	assert_int_equal(hf_outbox_enqueue(store, txn, &add, NULL, NULL), HF_OK);
	assert_int_equal(hf_txn_commit_async(txn, HF_DURABLE, &ticket, NULL), HF_OK);
	return ticket;
}

static void wait_for_event(int event)
{
	struct pollfd ready = {.fd = event, .events = POLLIN};
	assert_int_equal(poll(&ready, 1, 20000), 1);
}

static uint64_t changes_of(hf_feed *feed)
{
	uint64_t seen = 0;
	struct hf_event_batch batch = {0};
	do {
		assert_int_equal(hf_feed_next(feed, 1000, 0, &batch, NULL), HF_OK);
		seen += batch.count;
		hf_release(batch.memory);
	} while (batch.count > 0);
	return seen;
}

static void threads_tickets_events_and_feeds_are_those_of_any_store(void **unused)
{
	struct crowd crowd = {.store = open_with(&(struct hf_options){.compact_bytes = UINT64_MAX})};
	pthread_t workers[WORKERS];
	struct hf_ticket ticket = {0};
	struct hf_event_batch batch = {0};
	hf_subscription *subscription;
	hf_feed *feed;
	uint64_t told = 0;
	int event;
	(void)unused;
	const struct hf_subscribe_args all = {.ring = 1u << 16};
	assert_int_equal(hf_subscribe(crowd.store, &all, &subscription, NULL), HF_OK);
	assert_int_equal(hf_feed_open(crowd.store, 1, &feed, NULL), HF_OK);
	assert_int_equal(hf_eventfd(crowd.store, &event, NULL), HF_OK);
	for (unsigned i = 0; i < WORKERS; i++)
		assert_int_equal(pthread_create(&workers[i], NULL, work, &crowd), 0);
	for (unsigned i = 0; i < ITEMS; i++)
		ticket = enqueue_later(crowd.store, i);
	assert_int_equal(hf_ticket_wait(crowd.store, &ticket, -1, NULL), HF_OK);
	wait_for_event(event);
	while (atomic_load(&crowd.done) < ITEMS)
		real_sleep_ms(1);
	wait_for_event(hf_subscription_eventfd(subscription));
	while (told < 3 * ITEMS) { /* each is enqueued, claimed, completed */
		assert_int_equal(hf_subscription_next(subscription, 0, -1, &batch, NULL), HF_OK);
		told += batch.count;
		hf_release(batch.memory);
	}
	assert_true(changes_of(feed) >= 3 * ITEMS);
	hf_unsubscribe(subscription);
	hf_feed_close(feed);
	close_store(crowd.store); /* sends those who wait away */
	for (unsigned i = 0; i < WORKERS; i++)
		assert_int_equal(pthread_join(workers[i], NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(stores_in_memory_know_nothing_of_each_other),
	    cmocka_unit_test(nothing_survives_its_handle_and_it_says_so),
	    cmocka_unit_test(options_are_looked_at_as_everywhere),
	    cmocka_unit_test(large_payloads_and_upkeep_are_those_of_any_store),
	    cmocka_unit_test(a_queue_at_work_does_not_grow),
	    cmocka_unit_test(a_new_one_takes_little_memory),
	    cmocka_unit_test(any_allocation_of_an_opening_may_fail),
	    cmocka_unit_test(without_memory_for_the_log_changes_are_refused_and_nothing_is_lost),
	    cmocka_unit_test(threads_tickets_events_and_feeds_are_those_of_any_store),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
