/* tier: fast, threads */
/* The lock that is one word: one holder at a time, a thread that waits is woken, and a lock that
 * is free stays a word of zero. */
#include <pthread.h>
#include <sched.h>

#include "lib/test.h"
#include "os/thread.h"

enum { THREADS = 4, ROUNDS = 5000 };

static struct shared {
	hf__word lock;
	unsigned inside, count;
} shared;

static void *enter(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < ROUNDS; i++) {
		hf__word_lock(&shared.lock);
		shared.inside++;
		if (i % 64 == 0) /* others come meanwhile, and sleep */
			(void)sched_yield();
		if (shared.inside == 1)
			shared.count++;
		shared.inside--;
		hf__word_unlock(&shared.lock);
	}
	return NULL;
}

static void one_thread_at_a_time_is_inside(void **state)
{
	pthread_t threads[THREADS];
	(void)state;
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, enter, NULL), 0);
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(shared.count, THREADS * ROUNDS);
	assert_int_equal(shared.lock, 0);
}

static void *take_and_give(void *arg)
{
	hf__word *word = arg;
	hf__word_lock(word);
	hf__word_unlock(word);
	return NULL;
}

/* However long it is held: each of them sleeps until the one before it is done. */
static void all_that_sleep_are_woken_one_after_the_other(void **state)
{
	hf__word word = 0;
	pthread_t threads[THREADS];
	(void)state;
	hf__word_lock(&word);
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take_and_give, &word), 0);
	hf__thread_sleep(20000);
	assert_int_equal(word, 2);
	hf__word_unlock(&word);
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(word, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_thread_at_a_time_is_inside),
	    cmocka_unit_test(all_that_sleep_are_woken_one_after_the_other),
	};
	return cmocka_run_group_tests_name("os/thread", tests, NULL, NULL);
}
