/* tier: fast, threads */
/* Scrubs beside everything that moves files: rotation, snapshots, compactions and what they remove.
 * There is no damage, so none is reported. */
#include <pthread.h>
#include <stdatomic.h>

#include "lib/real_store.h"
#include "scrub_case.h"

/* In small pieces of time, so that files go while they are read. */
static void random_work_beside_rounds_is_never_damage(void **state)
{
	(void)state;
	struct hf_rng rng = hf_rng_for("beside");
	for (unsigned life = 0; life < 6; life++) {
		struct scrub_case c;
		case_open(&c, "beside",
		          (struct hf_options){.scrub_bytes_per_second = 1 << 20,
		                              .scrub_interval_us = 1,
		                              .retain_bytes = life % 2 ? 200 << 10 : 0});
		for (unsigned i = 0; i < 1500; i++) {
			churn_step(&c.churn, c.store);
			sim_advance(c.sim, (int64_t)hf_rng_below(&rng, 60000));
			if (hf_rng_chance(&rng, 1, 2))
				assert_int_equal(hf_maintain(c.store, 0, NULL), HF_OK);
			if (hf_rng_chance(&rng, 1, 60))
				assert_int_equal(hf_compact(c.store, NULL), HF_OK);
			if (hf_rng_chance(&rng, 1, 60))
				assert_int_equal(hf_snapshot(c.store, NULL), HF_OK);
		}
		const struct hf_info info = figures(&c);
		if (info.scrub_findings > 0)
			fail_msg("%s at %llu, life %u", info.scrub_file, (unsigned long long)info.scrub_offset,
			         life);
		assert_true(info.scrub_rounds >= 3);
		case_close(&c);
	}
}

/* Also when a call was refused: so nothing waits for work that will not come. */
static atomic_bool over;

static void *refused(struct real_store *real)
{
	atomic_store(&over, true);
	return real;
}

static void *scrubs(void *arg)
{
	struct real_store *real = arg;
	while (!atomic_load(&over))
		if (hf_scrub(real->store, 0, NULL, NULL, NULL) != HF_OK)
			return refused(real);
	return NULL;
}

static void *writes(void *arg)
{
	struct real_store *real = arg;
	char bytes[3000];
	memset(bytes, 'x', sizeof bytes);
	for (unsigned i = 0; !atomic_load(&over); i++) {
		char id[16];
		(void)snprintf(id, sizeof id, "d%u", i % 50);
		const struct hf_document_put_args args = {
		    .write.durability = i % 20 == 0 ? HF_DURABLE : HF_OS,
		    .key = {hf_str("c"), hf_str(id)},
		    .payload = hf_bytes_of(bytes, 1 + i * 37 % sizeof bytes),
		};
		if (hf_document_put(real->store, NULL, &args, NULL, NULL) != HF_OK)
			return refused(real);
	}
	return NULL;
}

/* The thread of upkeep, and two callers, on the real disk. */
static void threads_that_write_compact_and_scrub_get_on(void **state)
{
	(void)state;
	struct real_store real;
	struct hf_info info = {0};
	pthread_t threads[4];
	void *failed = NULL;
	real_begin(&real);
	const struct hf_options options = {.create = true,
	                                   .segment_size = 64 << 10,
	                                   .compact_bytes = 1 << 20,
	                                   .scrub_bytes_per_second = 1 << 30,
	                                   .scrub_interval_us = 1};
	assert_int_equal(real_open_at(&real, NULL, options), HF_OK);
	atomic_store(&over, false);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, i < 2 ? writes : scrubs, &real), 0);
	/* However slow the disk is. */
	while (!atomic_load(&over) && (info.compactions < 5 || info.scrub_rounds < 50)) {
		real_sleep_ms(2);
		assert_int_equal(hf_get_info(real.store, &info, NULL), HF_OK);
	}
	atomic_store(&over, true);
	for (unsigned i = 0; i < 4; i++) {
		(void)pthread_join(threads[i], &failed);
		assert_null(failed);
	}
	assert_int_equal(hf_get_info(real.store, &info, NULL), HF_OK);
	assert_int_equal(info.scrub_findings, 0);
	assert_int_equal(info.fault, 0);
	real_end(&real);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(random_work_beside_rounds_is_never_damage),
	    cmocka_unit_test(threads_that_write_compact_and_scrub_get_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
