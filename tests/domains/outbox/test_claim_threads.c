/* tier: fast, threads */
/* Everything at once, for the thread and address sanitizers to watch: 64 threads claim and
 * complete 640 items of one queue while others enqueue them, read, sync, maintain and ask for
 * figures, and the background thread runs. */
#include <pthread.h>
#include <sched.h>

#include "lib/crash/hammer.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"
#include "store/store.h"

enum { ITEMS = 640, FILLERS = 4, EACH_FILLS = 80, SYNC_US = 200 };

#define NOW INT64_C(1795167000000000)

struct scene {
	struct hammer hammer;
	atomic_uint filler; /* the next one's number */
	atomic_bool done;
};

static void *claimer(void *arg)
{
	struct scene *scene = arg;
	while (atomic_load(&scene->hammer.claimed) < ITEMS && atomic_load(&scene->hammer.code) == HF_OK)
		if (!hammer_claim(&scene->hammer))
			(void)sched_yield();
	return NULL;
}

/* One at a time and durable, beside the claims. */
static void *filler(void *arg)
{
	struct scene *scene = arg;
	const unsigned number = atomic_fetch_add(&scene->filler, 1);
	for (unsigned i = 0; i < EACH_FILLS; i++) {
		char id[24];
		(void)snprintf(id, sizeof id, "%u", ITEMS - (number + 1) * EACH_FILLS + i);
		const struct hf_outbox_enqueue_args args = {
		    .queue = hf_str(HAMMER_QUEUE), .id = hf_str(id), .payload = hf_str("payload")};
		struct hf_result result = {0};
		hammer_note(&scene->hammer,
		            hf_outbox_enqueue(scene->hammer.store, NULL, &args, &result, NULL));
		if (!result.changed)
			hammer_note(&scene->hammer, HF_ECONFLICT);
	}
	return NULL;
}

static void *reader(void *arg)
{
	struct scene *scene = arg;
	hf_store *store = scene->hammer.store;
	while (!atomic_load(&scene->done)) {
		struct hf_outbox_stats stats = {0};
		struct hf_outbox_items items = {0};
		struct hf_info info = {0};
		const struct hf_outbox_list_args list = {.queue = hf_str(HAMMER_QUEUE), .limit = 10};
		hammer_note(&scene->hammer,
		            hf_outbox_get_stats(store, hf_str(HAMMER_QUEUE), 0, &stats, NULL));
		hammer_note(&scene->hammer, hf_outbox_list(store, &list, HF_READ_UNDURABLE, &items, NULL));
		hf_release(items.memory);
		hammer_note(&scene->hammer, hf_get_info(store, &info, NULL));
		if (info.durable_lsn > info.last_lsn)
			hammer_note(&scene->hammer, HF_ECONFLICT);
		(void)sched_yield();
	}
	return NULL;
}

/* Works on another domain, in transactions that touch two. */
static void *traveller(void *arg)
{
	struct scene *scene = arg;
	hf_store *store = scene->hammer.store;
	for (int64_t sequence = 1; !atomic_load(&scene->done); sequence++) {
		hf_txn *txn = NULL;
		const struct hf_inbox_input record = {
		    .thread = hf_str("t"), .payload = hf_str("p"), .score = (double)sequence};
		const struct hf_inbox_save_args save = {
		    .user = hf_str("u"), .records = &record, .count = 1, .generated_at = sequence};
		const struct hf_cursor_advance_args advance = {
		    .key = {.consumer = hf_str("c"), .stream = hf_str("s")}, .sequence = sequence};
		hammer_note(&scene->hammer, hf_txn_begin(store, &txn, NULL));
		hammer_note(&scene->hammer, hf_inbox_save(store, txn, &save, NULL, NULL));
		hammer_note(&scene->hammer, hf_cursor_advance(store, txn, &advance, NULL, NULL));
		hammer_note(&scene->hammer, hf_txn_commit(txn, sequence % 2 ? HF_OS : HF_DURABLE, NULL));
		(void)sched_yield();
	}
	return NULL;
}

static void *keeper(void *arg)
{
	struct scene *scene = arg;
	while (!atomic_load(&scene->done)) {
		hammer_note(&scene->hammer, hf_sync(scene->hammer.store, NULL));
		hammer_note(&scene->hammer, hf_maintain(scene->hammer.store, 0, NULL));
		(void)sched_yield();
	}
	return NULL;
}

static void act(struct scene *scene)
{
	static void *(*const around[])(void *) = {reader, reader, traveller, keeper, keeper};
	enum { AROUND = sizeof around / sizeof around[0] };
	pthread_t claimers[HAMMER_THREADS], fillers[FILLERS], others[AROUND];
	for (unsigned i = 0; i < AROUND; i++)
		assert_int_equal(pthread_create(&others[i], NULL, around[i], scene), 0);
	for (unsigned i = 0; i < HAMMER_THREADS; i++)
		assert_int_equal(pthread_create(&claimers[i], NULL, claimer, scene), 0);
	for (unsigned i = 0; i < FILLERS; i++)
		assert_int_equal(pthread_create(&fillers[i], NULL, filler, scene), 0);
	for (unsigned i = 0; i < FILLERS; i++)
		assert_int_equal(pthread_join(fillers[i], NULL), 0);
	for (unsigned i = 0; i < HAMMER_THREADS; i++)
		assert_int_equal(pthread_join(claimers[i], NULL), 0);
	atomic_store(&scene->done, true);
	for (unsigned i = 0; i < AROUND; i++)
		assert_int_equal(pthread_join(others[i], NULL), 0);
}

static hf_store *open_on(struct sim *sim)
{
	/* Small segments: rotation happens under the threads' feet. */
	const struct hf_options options = {.create = true, .segment_size = 16 << 10};
	struct hf_error error = {0};
	hf_store *store = NULL;
	const int rc = hf__store_open(sim_os(sim), hf__all_domains(), &options, &store, &error);
	if (rc != HF_OK)
		fail_msg("open: %s", error.text);
	return store;
}

static void threads_that_do_everything_at_once_claim_each_item_once(void **state)
{
	(void)state;
	struct scene scene;
	struct hf_outbox_stats stats = {0};
	struct sim *sim = sim_new(sim_profile_strict(), 1);
	sim_set_now(sim, NOW);
	hf_store *store = open_on(sim);
	sim_set_sync_delay(sim, SYNC_US);
	atomic_init(&scene.filler, 0);
	atomic_init(&scene.done, false);
	hammer_init(&scene.hammer, store, ITEMS, true);
	hammer_fill(&scene.hammer, 0, ITEMS - FILLERS * EACH_FILLS);
	act(&scene);
	hammer_expect_each_once(&scene.hammer);
	hammer_deinit(&scene.hammer);
	assert_int_equal(hf__state_verify(store, NULL), HF_OK);
	assert_int_equal(hf_close(store, NULL), HF_OK);

	store = open_on(sim);
	assert_int_equal(hf__state_verify(store, NULL), HF_OK);
	assert_int_equal(hf_outbox_get_stats(store, hf_str(HAMMER_QUEUE), 0, &stats, NULL), HF_OK);
	assert_true(stats.queued.items == 0 && stats.sending.items == 0 && stats.failed.items == 0);
	assert_int_equal(hf_close(store, NULL), HF_OK);
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(threads_that_do_everything_at_once_claim_each_item_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
