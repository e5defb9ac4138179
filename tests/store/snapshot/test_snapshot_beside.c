/* tier: fast, threads */
/* Snapshots on a real disk while threads write in every mode, and another thread asks for one too:
 * what was acknowledged is there after each opening, whichever snapshot it begins with. */
#include <pthread.h>
#include <stdatomic.h>

#include "lib/churn/writers.h"
#include "lib/real_store.h"
#include "lib/test.h"

enum { WRITERS = 4, SNAPSHOTS = 12, LIVES = 3 };

static atomic_bool over;

static void *snapshots_too(void *arg)
{
	struct real_store *real = arg;
	while (!atomic_load(&over)) {
		const int rc = hf_snapshot(real->store, NULL);
		if (rc != HF_OK && rc != HF_EBLOCKED)
			return real;
	}
	return NULL;
}

static void take_beside(struct real_store *real)
{
	for (unsigned taken = 0; taken < SNAPSHOTS;) {
		const int rc = hf_snapshot(real->store, &real->error);
		if (rc != HF_OK && rc != HF_EBLOCKED)
			fail_msg("snapshot: %s", real->error.text);
		taken += rc == HF_OK;
	}
}

static void one_life(struct real_store *real, struct writers *writers)
{
	pthread_t other;
	void *failed = NULL;
	atomic_store(&over, false);
	writers_start(writers, real->store, WRITERS);
	assert_int_equal(pthread_create(&other, NULL, snapshots_too, real), 0);
	take_beside(real);
	atomic_store(&over, true);
	writers_stop(writers);
	(void)pthread_join(other, &failed);
	assert_null(failed);
}

static void snapshots_beside_writers_lose_nothing(void **state)
{
	struct real_store *real = *state;
	struct writers writers = {.mixed = true};
	for (unsigned life = 0; life < LIVES; life++) {
		struct hf_info info = {0};
		one_life(real, &writers);
		writers_expect(&writers, real->store);
		real_close(real);
		const struct hf_options options = {.inline_max = life == 1 ? 64 : 0};
		assert_int_equal(real_open_at(real, NULL, options), HF_OK);
		assert_int_equal(hf_get_info(real->store, &info, NULL), HF_OK);
		assert_true(info.snapshot_lsn > 0);
		writers_expect(&writers, real->store);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(snapshots_beside_writers_lose_nothing, real_setup_open,
	                                    real_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
