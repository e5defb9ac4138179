/* tier: fast, threads */
/* Threads that all want something else of one wait: to block for its end, take, cancel, be called,
 * or close the store. It is taken once at most, what is not taken goes back, and every end wakes
 * a thread that blocks. */
#include <pthread.h>

#include "lib/rng.h"
#include "waits_case.h"

static void *block(void *arg)
{
	struct hf_error mine = {0};
	assert_int_equal(hf_wait_block(arg, -1, &mine), HF_OK);
	return NULL;
}

/* A thread that sleeps for a wait is woken by its end: cancelled, the store closed or failed. */
static void who_blocks_is_woken_by_every_end(void **state)
{
	(void)state;
	for (unsigned how = 0; how < 6; how++) {
		pthread_t sleeper[3];
		begin_with(how % 2);
		hf_token token;
		hf_wait *holder = acquire("o"), *wait = acquire("p");
		assert_int_equal(hf_wait_block(holder, -1, &error), HF_OK);
		assert_int_equal(take_lock(holder, &token), HF_OK);
		for (unsigned i = 0; i < 3; i++)
			assert_int_equal(pthread_create(&sleeper[i], NULL, block, wait), 0);
		(void)usleep(how < 2 ? 0 : 3000);
		if (how / 2 == 0)
			cancel(wait);
		else if (how / 2 == 1)
			assert_int_equal(hf_close(store, NULL), HF_OK);
		else
			release_lock(token);
		for (unsigned i = 0; i < 3; i++)
			assert_int_equal(pthread_join(sleeper[i], NULL), 0);
		assert_int_equal(take_lock(wait, NULL), how / 2 == 2 ? HF_OK : HF_ECANCELED);
		if (how / 2 == 1)
			sim_free(sim);
		else
			end();
	}
}

/* One wait, and threads that all want something else of it. */
struct quarrel {
	pthread_barrier_t begins;
	hf_wait *wait;
	_Atomic unsigned got, called, seed;
};

static void note_call(void *ctx, hf_wait *wait)
{
	struct quarrel *q = ctx;
	assert_ptr_equal(wait, q->wait);
	(void)atomic_fetch_add(&q->called, 1);
}

static void *quarrel(void *arg)
{
	struct quarrel *q = arg;
	struct hf_rng rng = hf_rng(hf_test_seed() + atomic_fetch_add(&q->seed, 1));
	(void)pthread_barrier_wait(&q->begins);
	for (unsigned i = 0; i < 6; i++) {
		struct hf_error mine = {0};
		struct hf_outbox_items items = {0};
		int rc = HF_OK;
		switch (hf_rng_below(&rng, 5)) {
		case 0:
			rc = hf_wait_cancel(q->wait, &mine);
			assert_true(rc == HF_OK || rc == HF_ENOTFOUND);
			break;
		case 1:
			rc = hf_outbox_claim_next_take(q->wait, &items, NULL, &mine);
			assert_true(items.count == 0 || rc == HF_OK);
			(void)atomic_fetch_add(&q->got, (unsigned)items.count);
			hf_release(items.memory);
			break;
		case 2:
			rc = hf_wait_poll(q->wait, &mine);
			assert_true(rc == HF_OK || rc == HF_ETIMEDOUT);
			break;
		case 3:
			rc = hf_wait_block(q->wait, (int64_t)hf_rng_below(&rng, 300), &mine);
			assert_true(rc == HF_OK || rc == HF_ETIMEDOUT);
			break;
		default:
			rc = hf_wait_callback(q->wait, note_call, q, &mine);
			assert_true(rc == HF_OK || rc == HF_EINVAL || rc == HF_ECANCELED);
		}
	}
	return NULL;
}

static bool is_sending(const char *id)
{
	struct hf_outbox_got got = {0};
	const struct hf_outbox_key key = {hf_str("q"), hf_str(id)};
	assert_int_equal(hf_outbox_get(store, &key, 0, &got, &error), HF_OK);
	const bool sending = got.item.status == HF_OUTBOX_SENDING;
	assert_int_equal(got.item.attempts + got.item.lost, 0);
	hf_release(got.memory);
	return sending;
}

/* It is taken once at most, and what is not taken goes back; the store may be closed meanwhile. */
static void threads_quarrel_about_one_wait(void **state)
{
	(void)state;
	enum { THREADS = 4, ROUNDS = 240 };
	for (unsigned round = 0; round < ROUNDS; round++) {
		pthread_t threads[THREADS];
		struct quarrel q = {.seed = round * THREADS};
		const bool closes = round % 3 == 0;
		begin_with(round % 2);
		if (round % 4 < 2)
			enqueue("a");
		q.wait = claim_for(round % 5 ? -1 : 200, 0);
		assert_int_equal(pthread_barrier_init(&q.begins, NULL, THREADS + 1), 0);
		for (unsigned i = 0; i < THREADS; i++)
			assert_int_equal(pthread_create(&threads[i], NULL, quarrel, &q), 0);
		(void)pthread_barrier_wait(&q.begins);
		if (round % 4 >= 2)
			enqueue("a");
		if (closes)
			assert_int_equal(hf_close(store, NULL), HF_OK);
		else
			serve();
		for (unsigned i = 0; i < THREADS; i++)
			assert_int_equal(pthread_join(threads[i], NULL), 0);
		(void)pthread_barrier_destroy(&q.begins);
		hf_wait_free(q.wait);
		assert_true(atomic_load(&q.got) <= 1 && atomic_load(&q.called) <= 1);
		if (closes)
			open_again(true);
		/* A thread that just decides for a wait that is freed gives back by itself. */
		for (unsigned i = 0; !closes && is_sending("a") != (q.got > 0) && i < 5000; i++) {
			serve();
			(void)usleep(1000);
		}
		if (!closes || q.got == 0)
			assert_int_equal(is_sending("a"), q.got);
		end();
	}
}

/* The disk fails meanwhile: each call ends, with what it may say then, and the store can be closed
 * and opened again. */
static void *fail_beside(void *arg)
{
	struct quarrel *q = arg;
	(void)pthread_barrier_wait(&q->begins);
	for (unsigned i = 0; i < 6; i++) {
		struct hf_error mine = {0};
		struct hf_outbox_items items = {0};
		int rc = hf_outbox_claim_next_take(q->wait, &items, NULL, &mine);
		assert_true(rc == HF_OK || rc == HF_EBLOCKED || rc == HF_ENOTFOUND || rc == HF_EFAILED ||
		            rc == HF_EUNCERTAIN || rc == HF_ECANCELED);
		assert_true(items.count == 0 || rc == HF_OK);
		(void)atomic_fetch_add(&q->got, (unsigned)items.count);
		hf_release(items.memory);
		rc = hf_wait_block(q->wait, 100, &mine);
		assert_true(rc == HF_OK || rc == HF_ETIMEDOUT);
		if (i == 3)
			rc = hf_wait_cancel(q->wait, &mine);
		assert_true(rc == HF_OK || rc == HF_ETIMEDOUT || rc == HF_ENOTFOUND);
	}
	return NULL;
}

static void threads_quarrel_while_the_disk_fails(void **state)
{
	(void)state;
	enum { THREADS = 3, ROUNDS = 120 };
	static const unsigned kinds[] = {SIM_SYNC, SIM_WRITE};
	for (unsigned round = 0; round < ROUNDS; round++) {
		pthread_t threads[THREADS];
		struct quarrel q = {0};
		begin_with(round % 2);
		if (round % 4 < 2)
			enqueue("a");
		q.wait = claim_for(-1, 0);
		assert_int_equal(pthread_barrier_init(&q.begins, NULL, THREADS + 1), 0);
		for (unsigned i = 0; i < THREADS; i++)
			assert_int_equal(pthread_create(&threads[i], NULL, fail_beside, &q), 0);
		sim_add_fault(
		    sim, (struct sim_fault){.kinds = kinds[round / 4 % 2], .error = 5, .persistent = true});
		(void)pthread_barrier_wait(&q.begins);
		const struct hf_outbox_enqueue_args args = {.queue = hf_str("q"), .id = hf_str("b")};
		const int rc = hf_outbox_enqueue(store, NULL, &args, NULL, &error);
		assert_true(rc == HF_EUNCERTAIN || rc == HF_EFAILED);
		for (unsigned i = 0; i < THREADS; i++)
			assert_int_equal(pthread_join(threads[i], NULL), 0);
		(void)pthread_barrier_destroy(&q.begins);
		hf_wait_free(q.wait);
		assert_true(atomic_load(&q.got) <= 1);
		assert_int_equal(hf_close(store, NULL), HF_EFAILED);
		sim_clear_faults(sim);
		open_again(true);
		end();
	}
}

/* --- Feeds ------------------------------------------------------------------------------------ */

struct readers {
	pthread_barrier_t begins;
	hf_feed *feed;
	_Atomic uint64_t given; /* events */
};

static void *read_beside(void *arg)
{
	struct readers *r = arg;
	(void)pthread_barrier_wait(&r->begins);
	for (unsigned i = 0; i < 40; i++) {
		struct hf_error mine = {0};
		struct hf_event_batch batch = {0};
		hf_wait *wait = NULL;
		int rc = hf_feed_next_start(r->feed, 3, i % 3 ? 200 : 0, &wait, &mine);
		assert_true(rc == HF_OK || rc == HF_EINVAL); /* another one waits for it */
		if (rc != HF_OK) {
			if (i % 4 == 0)
				hf_feed_wake(r->feed);
			continue;
		}
		rc = hf_wait_block(wait, i % 2 ? 1000 : 0, &mine);
		assert_true(rc == HF_OK || rc == HF_ETIMEDOUT);
		if (i % 5 == 4)
			assert_int_equal(hf_wait_cancel(wait, &mine), HF_OK);
		rc = hf_feed_next_take(wait, &batch, &mine);
		/* HF_EINVAL: another one just reads it */
		assert_true(rc == HF_OK || rc == HF_EBLOCKED || rc == HF_ECANCELED || rc == HF_EINVAL);
		(void)atomic_fetch_add(&r->given, batch.count);
		hf_release(batch.memory);
		hf_wait_free(wait);
	}
	return NULL;
}

/* Each event is given once, whichever thread takes, cancels and wakes. */
static void threads_quarrel_about_one_feed(void **state)
{
	(void)state;
	enum { THREADS = 3, ROUNDS = 20, EVENTS = 60 };
	for (unsigned round = 0; round < ROUNDS; round++) {
		pthread_t threads[THREADS];
		struct readers r = {0};
		struct hf_event_batch batch = {0};
		begin_with(round % 2);
		assert_int_equal(hf_feed_open(store, 1, &r.feed, &error), HF_OK);
		assert_int_equal(pthread_barrier_init(&r.begins, NULL, THREADS + 1), 0);
		for (unsigned i = 0; i < THREADS; i++)
			assert_int_equal(pthread_create(&threads[i], NULL, read_beside, &r), 0);
		(void)pthread_barrier_wait(&r.begins);
		for (unsigned i = 0; i < EVENTS; i++) {
			char id[8];
			(void)snprintf(id, sizeof id, "%u", i);
			enqueue(id);
		}
		for (unsigned i = 0; i < THREADS; i++)
			assert_int_equal(pthread_join(threads[i], NULL), 0);
		(void)pthread_barrier_destroy(&r.begins);
		/* the rest; one that was woken while none waited says so once */
		int rc = HF_ECANCELED;
		while (rc == HF_ECANCELED || batch.count > 0) {
			rc = hf_feed_next(r.feed, 0, 0, &batch, &error);
			assert_true(rc == HF_OK || rc == HF_ECANCELED);
			(void)atomic_fetch_add(&r.given, batch.count);
			hf_release(batch.memory);
		}
		assert_int_equal(r.given, EVENTS);
		hf_feed_close(r.feed);
		end();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(who_blocks_is_woken_by_every_end),
	    cmocka_unit_test(threads_quarrel_about_one_wait),
	    cmocka_unit_test(threads_quarrel_while_the_disk_fails),
	    cmocka_unit_test(threads_quarrel_about_one_feed),
	};
	(void)alarm(60);
	return cmocka_run_group_tests_name("waits, quarrels", tests, NULL, NULL);
}
