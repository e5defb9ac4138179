/* tier: fast, threads */
/* Compactions on a real disk while threads write in every mode, others read payloads that move
 * beneath them, and another asks for one too: each read gives what was written, and what was
 * acknowledged is there after each opening. */
#include <pthread.h>
#include <stdatomic.h>

#include "lib/churn/writers.h"
#include "lib/real_store.h"
#include "lib/test.h"

enum { WRITERS = 3, READERS = 2, COMPACTIONS = 10, LIVES = 3, SEGMENT = 64 << 10 };

static atomic_bool over;

static void *read_on(void *arg)
{
	struct real_store *real = arg;
	for (unsigned i = 0; !atomic_load(&over); i++) {
		unsigned value;
		if (writers_read(real->store, i % WRITERS, i % 2 ? HF_READ_UNDURABLE : 0, &value) != HF_OK)
			return real;
	}
	return NULL;
}

static void *compacts_too(void *arg)
{
	struct real_store *real = arg;
	while (!atomic_load(&over)) {
		const int rc = hf_compact(real->store, NULL);
		if (rc != HF_OK && rc != HF_EBLOCKED)
			return real;
	}
	return NULL;
}

static void compact_beside(struct real_store *real)
{
	for (unsigned done = 0; done < COMPACTIONS;) {
		const int rc = hf_compact(real->store, &real->error);
		if (rc != HF_OK && rc != HF_EBLOCKED)
			fail_msg("compact: %s", real->error.text);
		done += rc == HF_OK;
	}
}

static void one_life(struct real_store *real, struct writers *writers)
{
	pthread_t readers[READERS], other;
	void *failed = NULL;
	atomic_store(&over, false);
	writers_start(writers, real->store, WRITERS);
	for (unsigned i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&readers[i], NULL, read_on, real), 0);
	assert_int_equal(pthread_create(&other, NULL, compacts_too, real), 0);
	compact_beside(real);
	atomic_store(&over, true);
	for (unsigned i = 0; i < READERS; i++) {
		(void)pthread_join(readers[i], &failed);
		assert_null(failed);
	}
	writers_stop(writers);
	(void)pthread_join(other, &failed);
	assert_null(failed);
}

static void compactions_beside_writers_and_readers_lose_nothing(void **state)
{
	struct real_store *real = *state;
	struct writers writers = {.mixed = true};
	for (unsigned life = 0; life < LIVES; life++) {
		struct hf_info info = {0};
		one_life(real, &writers);
		writers_expect(&writers, real->store);
		real_close(real);
		const struct hf_options options = {.inline_max = life == 1 ? 16 : 0,
		                                   .segment_size = SEGMENT};
		assert_int_equal(real_open_at(real, NULL, options), HF_OK);
		assert_int_equal(hf_get_info(real->store, &info, NULL), HF_OK);
		assert_true(info.snapshot_lsn > 0);
		writers_expect(&writers, real->store);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(compactions_beside_writers_and_readers_lose_nothing,
	                                    real_setup_open, real_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
