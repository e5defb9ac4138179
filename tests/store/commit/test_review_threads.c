/* tier: fast, threads */
/* Many threads of all kinds on one small store, until a write or sync fails in the middle of it
 * all: nobody is left waiting, and what was acknowledged as durable is there after reopening. */
#include <errno.h>
#include <pthread.h>

#include "holdfast/holdfast.h"
#include "lib/rng.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"
#include "store/store.h"

enum { THREADS = 6, ROUNDS = 8, PAYLOAD = 3000 };

struct worker {
	pthread_t thread;
	hf_store *store;
	char name[8];
	unsigned number;
	int64_t durable; /* acknowledged as such */
	int64_t asked;
	int rc; /* that ended it */
};

static int write_one(struct worker *w)
{
	static const char bytes[PAYLOAD];
	const bool os = w->number % 3 == 1;
	const struct hf_cursor_advance_args advance = {
	    .write.durability = os ? HF_OS : HF_DURABLE,
	    .key = {.consumer = hf_str(w->name), .stream = hf_str("s")},
	    .sequence = ++w->asked};
	int rc = hf_cursor_advance(w->store, NULL, &advance, NULL, NULL);
	if (rc == HF_OK && !os)
		w->durable = w->asked;
	const struct hf_outbox_put_args put = {
	    .write.durability = os ? HF_OS : HF_DURABLE,
	    .queue = hf_str("q"),
	    .item = {.id = hf_str(w->name),
	             .payload = hf_bytes_of(bytes, (size_t)(w->asked * 37 % PAYLOAD)),
	             .status = HF_OUTBOX_QUEUED,
	             .priority = (int32_t)w->asked}};
	return rc == HF_OK ? hf_outbox_put(w->store, NULL, &put, NULL, NULL) : rc;
}

static int read_one(struct worker *w)
{
	struct hf_outbox_items items = {0};
	const struct hf_outbox_list_args list = {.queue = hf_str("q")};
	const int rc =
	    hf_outbox_list(w->store, &list, w->asked % 2 ? HF_READ_UNDURABLE : 0, &items, NULL);
	hf_release(items.memory);
	return rc;
}

static void *work(void *arg)
{
	struct worker *w = arg;
	while (w->rc == HF_OK) {
		w->rc = write_one(w);
		if (w->rc == HF_OK && w->number % 2)
			w->rc = read_one(w);
		if (w->rc == HF_OK && w->number == 1 && w->asked % 4 == 0)
			w->rc = hf_sync(w->store, NULL);
		if (w->rc == HF_OK && w->number == 0 && w->asked % 4 == 0)
			w->rc = hf_maintain(w->store, 0, NULL);
	}
	return NULL;
}

static hf_store *open_small(struct sim *sim)
{
	struct hf_error error = {0};
	hf_store *store = NULL;
	const struct hf_options options = {.create = true, .segment_size = 16u << 10};
	if (hf__store_open(sim_os(sim), hf__all_domains(), &options, &store, &error) != HF_OK)
		fail_msg("%s", error.text);
	return store;
}

static void check_worker(hf_store *store, const struct worker *w)
{
	const struct hf_cursor_key key = {.consumer = hf_str(w->name), .stream = hf_str("s")};
	struct hf_cursor_got got = {0};
	const int rc = hf_cursor_get(store, &key, 0, &got, NULL);
	assert_true(rc == HF_OK || (rc == HF_ENOTFOUND && w->durable == 0));
	assert_in_range(got.cursor.last_sequence, w->durable, w->asked);
	hf_release(got.memory);
	/* HF_EIO: the zeros of the next segment could not be written; nothing was done. */
	assert_true(w->rc == HF_EUNCERTAIN || w->rc == HF_EFAILED || w->rc == HF_EIO);
}

static void run_until_failure(unsigned kinds, uint64_t nth, uint64_t seed)
{
	struct worker workers[THREADS] = {0};
	struct sim *sim = sim_new(sim_profile_ordered(), seed);
	sim_set_now(sim, 1000000000);
	sim_set_sync_delay(sim, 50);
	hf_store *store = open_small(sim);
	sim_add_fault(
	    sim, (struct sim_fault){
	             .kinds = kinds, .name = "segment-", .nth = nth, .error = EIO, .persistent = true});
	for (unsigned i = 0; i < THREADS; i++) {
		struct worker *w = &workers[i];
		w->store = store;
		w->number = i;
		(void)snprintf(w->name, sizeof w->name, "w%u", i);
		assert_int_equal(pthread_create(&w->thread, NULL, work, w), 0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
	struct hf_info info = {0};
	assert_int_equal(hf_get_info(store, &info, NULL), HF_OK);
	/* 0 when no group was hit: then everything is there */
	assert_int_equal(hf_close(store, NULL), info.fault);
	assert_int_equal(sim_broken(sim).synced_again, 0);
	sim_clear_faults(sim);
	sim_reboot(sim);
	store = open_small(sim);
	for (unsigned i = 0; i < THREADS; i++)
		check_worker(store, &workers[i]);
	assert_int_equal(hf__state_verify(store, NULL), HF_OK);
	assert_int_equal(hf_close(store, NULL), HF_OK);
	sim_free(sim);
}

static void a_failed_sync_leaves_nobody_waiting(void **state)
{
	(void)state;
	struct hf_rng rng = hf_rng_for("a failed sync");
	for (unsigned round = 0; round < ROUNDS; round++)
		run_until_failure(SIM_SYNC, 1 + hf_rng_below(&rng, 120), round);
}

static void a_failed_write_leaves_nobody_waiting(void **state)
{
	(void)state;
	struct hf_rng rng = hf_rng_for("a failed write");
	for (unsigned round = 0; round < ROUNDS; round++)
		run_until_failure(SIM_WRITE, 1 + hf_rng_below(&rng, 120), round);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_failed_sync_leaves_nobody_waiting),
	    cmocka_unit_test(a_failed_write_leaves_nobody_waiting),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
