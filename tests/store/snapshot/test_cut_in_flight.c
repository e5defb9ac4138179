/* tier: fast, threads */
/* A snapshot that is cut while the newest group is being written: that group has no hash yet when
 * the cut is made, and the snapshot says it all the same. */
#include "lib/test.h"
#include "store/call/async_gate.h"

static void *advance_durably(void *arg)
{
	(void)arg;
	return (void *)(intptr_t)advance("in flight", 1, HF_DURABLE, NULL);
}

static void *compact(void *arg)
{
	(void)arg;
	return (void *)(intptr_t)hf_compact(store, NULL);
}

static uint64_t newest_sealed(void)
{
	(void)pthread_mutex_lock(&store->lock);
	const uint64_t lsn = store->writer.previous_lsn;
	(void)pthread_mutex_unlock(&store->lock);
	return lsn;
}

/* The cut is made right behind the group that is held. */
static void wait_until_cut(uint64_t lsn)
{
	for (bool made = false; !made;) {
		(void)pthread_mutex_lock(&store->lock);
		made = store->taking.at.lsn == lsn;
		(void)pthread_mutex_unlock(&store->lock);
	}
}

static void expect_joined(pthread_t thread)
{
	void *rc;
	assert_int_equal(pthread_join(thread, &rc), 0);
	assert_int_equal((intptr_t)rc, HF_OK);
}

static void a_cut_behind_a_group_in_flight_has_its_hash(void **state)
{
	(void)state;
	pthread_t writer, taker;
	begin(true);
	set_gate(true);
	assert_int_equal(pthread_create(&writer, NULL, advance_durably, NULL), 0);
	wait_until_held();
	const uint64_t lsn = newest_sealed();
	assert_int_equal(pthread_create(&taker, NULL, compact, NULL), 0);
	wait_until_cut(lsn);
	set_gate(false);
	expect_joined(writer);
	expect_joined(taker);
	assert_int_equal(store->taking.at.chain, store->durable.chain);
	/* what follows names that group, and so must the snapshot, or it is of another log */
	assert_int_equal(advance("after", 1, HF_DURABLE, NULL), HF_OK);
	assert_int_equal(hf_close(store, NULL), HF_OK);
	assert_int_equal(open_sim(true), HF_OK);
	struct hf_info info = {0};
	assert_int_equal(hf_get_info(store, &info, NULL), HF_OK);
	assert_int_equal(info.snapshot_lsn, lsn);
	end(HF_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_cut_behind_a_group_in_flight_has_its_hash),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
