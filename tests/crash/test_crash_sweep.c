/* tier: medium */
/* The crash sweep: reference workloads over all three domains, a crash at every call to the
 * disk, on disks of three kinds and in both pad modes, with and without faults, into recoveries
 * too. See lib/crash/crash_sweep.h for what is done and lib/crash/crash_oracle.h for what is right.
 *
 * At least 100,000 distinct disk images are opened, every kind of damage in the table is among
 * them in both pad modes, and none may be wrong. HF_CRASH_JOB=workload/disk/pad, as a complaint
 * prints it, runs that job alone. */
#include <stdatomic.h>

#include "lib/crash/crash_sweep.h"
#include "lib/rng.h"
#include "lib/test.h"

enum { THREADS = 2, IMAGES_MIN = 100000 };

static const struct script *const scripts[] = {
    &script_rotation, &script_domains,  &script_lives, &script_groups,    &script_transactions,
    &script_async,    &script_timeline, &script_idem,  &script_lock,      &script_document,
    &script_queues,   &script_turns,    &script_lost,  &script_snapshots, &script_compaction};

static const struct disk {
	const char *name;
	uint32_t pad;
	unsigned fault_every, deep_every;
} disks[] = {
    {"weak", 0, 3, 300},     {"hostile", 512, 3, 300}, {"weak", 512, 16, 1000},
    {"ordered", 0, 4, 300},  {"ordered", 512, 4, 300}, {"forgetful", 0, 3, 300},
    {"pages", 4096, 8, 600},
};

enum {
	SCRIPTS = sizeof scripts / sizeof scripts[0],
	DISKS = sizeof disks / sizeof disks[0],
	SCRIPTS_AT_FIRST = 14,
	JOBS = SCRIPTS * DISKS
};

struct work {
	struct sweep_stats stats;
	atomic_uint next, done;
	const char *only; /* the one job to run, or NULL */
};

/* A script that is added leaves the seeds of the others as they are. */
static unsigned seed_number(unsigned disk, unsigned script)
{
	return script < SCRIPTS_AT_FIRST ? disk * SCRIPTS_AT_FIRST + script : script * DISKS + disk;
}

static struct sweep_job job_of(unsigned index)
{
	const struct disk *disk = &disks[index / SCRIPTS];
	struct sweep_job job = {
	    .script = scripts[index % SCRIPTS],
	    .disk = disk->name,
	    .pad = disk->pad,
	    .seed = hf_rng_mix(hf_test_seed() + seed_number(index / SCRIPTS, index % SCRIPTS)),
	    .limits = {.exhaustive = 10, .product = 16384, .samples = 64},
	    .fault_limits = {.exhaustive = 6, .product = 64, .samples = 8},
	    .deep_limits = {.exhaustive = 6, .product = 64, .samples = 8},
	    .fault_every = disk->fault_every,
	    .deep_every = disk->deep_every,
	};
	/* Five times the images of any other: a sample here, all of them in test_crash_compaction. */
	if (job.script == &script_compaction)
		job.limits = (struct sim_limits){.exhaustive = 6, .product = 128, .samples = 8};
	return job;
}

static bool is_wanted(const struct work *work, const struct sweep_job *job)
{
	char name[100];
	(void)snprintf(name, sizeof name, "%s/%s/%d", job->script->name, job->disk, (int)job->pad);
	return !work->only || strcmp(work->only, name) == 0;
}

static void *work_main(void *arg)
{
	struct work *work = arg;
	for (unsigned index; (index = atomic_fetch_add(&work->next, 1)) < JOBS;) {
		const struct sweep_job job = job_of(index);
		if (is_wanted(work, &job)) {
			sweep(&job, &work->stats);
			(void)atomic_fetch_add(&work->done, 1);
		}
	}
	return NULL;
}

static void run_all(struct work *work)
{
	pthread_t threads[THREADS];
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, work_main, work), 0);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
}

static uint64_t opened_of(const struct sweep_stats *s)
{
	return s->opened[0] + s->opened[1] + s->opened[2];
}

static void print_table(const struct sweep_stats *s)
{
	printf("figure: crash sweep: %llu distinct images opened (pad 0 %llu, pad 512 %llu, pad 4096 "
	       "%llu) of %llu made, %llu runs with a "
	       "fault, %llu second lives, %llu wrong\n",
	       (unsigned long long)opened_of(s), (unsigned long long)s->opened[0],
	       (unsigned long long)s->opened[1], (unsigned long long)s->opened[2],
	       (unsigned long long)s->visited, (unsigned long long)s->faults,
	       (unsigned long long)s->deep, (unsigned long long)s->wrong);
	printf("figure: %-24s %12s %12s %12s\n", "distinct images with", "pad 0", "pad 512",
	       "pad 4096");
	for (size_t i = 0; i < SWEEP_KINDS; i++)
		printf("figure: %-24s %12llu %12llu %12llu\n", sweep_kind_name((enum sweep_kind)i),
		       (unsigned long long)s->kinds[0][i], (unsigned long long)s->kinds[1][i],
		       (unsigned long long)s->kinds[2][i]);
}

static void every_image_is_right(void **state)
{
	(void)state;
	struct work work = {.only = getenv("HF_CRASH_JOB")};
	(void)hf_test_seed(); /* prints it first */
	sweep_stats_init(&work.stats);
	run_all(&work);
	const struct sweep_stats stats = work.stats;
	print_table(&stats);
	assert_int_equal(sim_seen_count(stats.images), opened_of(&stats));
	sweep_stats_deinit(&work.stats);
	assert_int_equal(stats.wrong, 0);
	assert_true(work.done > 0); /* HF_CRASH_JOB names a job */
	if (work.only)
		return;
	assert_true(opened_of(&stats) >= IMAGES_MIN);
	for (size_t i = 0; i < SWEEP_KINDS; i++) {
		assert_true(stats.kinds[0][i] > 0);
		assert_true(stats.kinds[1][i] > 0);
		assert_true(stats.kinds[2][i] > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_image_is_right),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
