/* tier: fast */
/* Subscriptions without memory: none begins half, and what cannot be kept is counted as lost. */
#include "base/mem.h"
#include "holdfast/holdfast.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"
#include "store/store.h"

static struct sim *sim;
static hf_store *store;

static int begin(void **state)
{
	(void)state;
	const struct hf_options options = {
	    .create = true, .no_background = true, .segment_size = 16 << 10};
	sim = sim_new(sim_profile_strict(), 3);
	return hf__store_open(sim_os(sim), hf__all_domains(), &options, &store, NULL);
}

static int end(void **state)
{
	(void)state;
	sim_free(sim);
	return 0;
}

static void enqueue(const char *id)
{
	const struct hf_outbox_enqueue_args args = {
	    .queue = hf_str("q"), .id = hf_str(id), .payload = hf_str("p")};
	assert_int_equal(hf_outbox_enqueue(store, NULL, &args, NULL, NULL), HF_OK);
}

static bool veto(void *ctx, size_t size)
{
	size_t *left = ctx;
	(void)size;
	if (*left == 0)
		return true;
	--*left;
	return false;
}

static void without_memory_nothing_begins(void **state)
{
	(void)state;
	hf_subscription *subscription = NULL;
	const struct hf_subscribe_args args = {
	    .domain = "outbox", .key = {{"q", 1}}, .parts = 1, .ring = 4};
	enqueue("a");
	for (size_t budget = 0; !subscription; budget++) {
		size_t left = budget;
		hf__mem_set_veto(veto, &left);
		const int rc = hf_subscribe(store, &args, &subscription, NULL);
		hf__mem_set_veto(NULL, NULL);
		assert_true(rc == (subscription ? HF_OK : HF_ENOMEM) && budget < 50);
	}
	hf_unsubscribe(subscription);
	assert_int_equal(hf_close(store, NULL), HF_OK);
}

/* Told or counted as lost: together they are all. */
static void without_memory_changes_are_counted_as_lost(void **state)
{
	(void)state;
	enum { CHANGES = 200 };
	hf_subscription *subscription = NULL;
	assert_int_equal(hf_subscribe(store, NULL, &subscription, NULL), HF_OK);
	uint64_t told = 0, lost = 0, failures = 0, next = 1;
	size_t budget = 0;
	for (unsigned i = 0; i < CHANGES; i++) {
		struct hf_event_batch batch = {0};
		char id[16];
		snprintf(id, sizeof id, "i%u", i);
		enqueue(id);
		size_t left = budget++ % 14;
		hf__mem_set_veto(veto, &left);
		const int rc = hf_subscription_next(subscription, 0, 0, &batch, NULL);
		hf__mem_set_veto(NULL, NULL);
		assert_true(rc == HF_OK || rc == HF_ENOMEM);
		failures += rc != HF_OK;
		for (size_t j = 0; j < batch.count; j++) {
			assert_int_equal(batch.events[j].lsn, next);
			next += batch.events[j].lost ? batch.events[j].lost : 1;
			told += batch.events[j].lost == 0;
			lost += batch.events[j].lost;
		}
		hf_release(batch.memory);
	}
	struct hf_event_batch batch = {0};
	assert_int_equal(hf_subscription_next(subscription, 0, 0, &batch, NULL), HF_OK);
	for (size_t j = 0; j < batch.count; j++) {
		told += batch.events[j].lost == 0;
		lost += batch.events[j].lost;
	}
	hf_release(batch.memory);
	assert_true(told + lost == CHANGES && failures > 10 && lost > 0 && told > lost);
	hf_unsubscribe(subscription);
	assert_int_equal(hf_close(store, NULL), HF_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(without_memory_nothing_begins, begin, end),
	    cmocka_unit_test_setup_teardown(without_memory_changes_are_counted_as_lost, begin, end),
	};
	return cmocka_run_group_tests_name("subscribe, memory", tests, NULL, NULL);
}
