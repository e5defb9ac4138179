/* tier: long */
/* The crash sweep's workload of compactions with all of its images, on disks of every kind:
 * test_crash_sweep takes a sample of them. */
#include "lib/crash/crash_sweep.h"
#include "lib/rng.h"
#include "lib/test.h"

enum { IMAGES_MIN = 500000 };

static const struct {
	const char *name;
	uint32_t pad;
} disks[] = {{"weak", 0},      {"hostile", 512}, {"weak", 512},  {"ordered", 0},
             {"ordered", 512}, {"forgetful", 0}, {"pages", 4096}};

static void every_image_of_a_compaction_is_right(void **state)
{
	struct sweep_stats stats;
	(void)state;
	(void)hf_test_seed(); /* prints it first */
	sweep_stats_init(&stats);
	for (size_t i = 0; i < sizeof disks / sizeof disks[0]; i++) {
		const struct sweep_job job = {
		    .script = &script_compaction,
		    .disk = disks[i].name,
		    .pad = disks[i].pad,
		    .seed = hf_rng_mix(hf_test_seed() + i),
		    .limits = {.exhaustive = 10, .product = 16384, .samples = 64},
		    .fault_limits = {.exhaustive = 6, .product = 64, .samples = 8},
		    .deep_limits = {.exhaustive = 6, .product = 64, .samples = 8},
		    .fault_every = 3,
		    .deep_every = 300,
		};
		sweep(&job, &stats);
		printf("figure: compactions, %s, pad %u: %llu distinct images so far\n", disks[i].name,
		       disks[i].pad, (unsigned long long)sim_seen_count(stats.images));
	}
	printf("figure: compactions: %llu images made, %llu runs with a fault, %llu second lives, %llu "
	       "wrong\n",
	       (unsigned long long)stats.visited, (unsigned long long)stats.faults,
	       (unsigned long long)stats.deep, (unsigned long long)stats.wrong);
	assert_true(sim_seen_count(stats.images) >= IMAGES_MIN);
	assert_int_equal(stats.wrong, 0);
	sweep_stats_deinit(&stats);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_image_of_a_compaction_is_right),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
