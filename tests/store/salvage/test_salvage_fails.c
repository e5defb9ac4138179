/* tier: fast */
/* A salvage with each call to a disk failing once, and with the power going at each: the target is
 * as it was or whole, nothing that is left is adopted, and the next salvage succeeds. What cannot
 * be read is no damage. */
#include <errno.h>

#include "base/mem.h"
#include "lib/salvaged/salvaged.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"

#define NOW INT64_C(1795167000000000)

static struct sim_parent *new_parent(void)
{
	struct sim_parent *parent = sim_parent_new(sim_profile_weak(), 11);
	sim_set_now(sim_parent_files(parent), NOW);
	return parent;
}

static int try_salvage(struct salvaged *s, struct sim_parent *parent)
{
	struct hf_salvage_summary sum = {0};
	struct hf_error error;
	return salvaged_run(salvaged_disk(s), parent, true, NULL, NULL, &sum, &error);
}

static size_t names_in(struct sim_parent *parent)
{
	char name[SIM_NAME_MAX + 1];
	uint64_t size;
	size_t files = 0, dirs = 0;
	while (sim_list(sim_parent_files(parent), files, name, &size))
		files++;
	while (sim_parent_name(parent, dirs))
		dirs++;
	return files + dirs;
}

/* Nothing, or an empty directory. */
static bool is_as_before(struct sim_parent *parent)
{
	struct sim *sim = sim_parent_dir(parent, SALVAGED_TARGET);
	char name[SIM_NAME_MAX + 1];
	uint64_t size;
	return !sim || !sim_list(sim, 0, name, &size);
}

static void finish(struct salvaged *s, struct sim_parent *parent)
{
	if (is_as_before(parent))
		assert_int_equal(try_salvage(s, parent), HF_OK);
	assert_true(salvaged_is_whole(s, parent));
}

/* --- Failures --------------------------------------------------------------------------------- */

static bool was_refused(int rc)
{
	return rc == HF_EIO || rc == HF_ENOSPACE || rc == HF_ECONFLICT || rc == HF_EACCESS;
}

/* false: there is no nth call any more. */
static bool fail_target(struct salvaged *s, struct sim_fault fault)
{
	struct sim_parent *parent = new_parent();
	sim_parent_fail(parent, fault);
	const int rc = try_salvage(s, parent);
	const bool failed = sim_parent_failed(parent);
	sim_parent_fail(parent, (struct sim_fault){0});
	if (rc != HF_OK && rc != HF_EUNCERTAIN && !was_refused(rc))
		fail_msg("call %llu: code %d", (unsigned long long)fault.nth, rc);
	if (rc != HF_OK && rc != HF_EUNCERTAIN)
		assert_true(is_as_before(parent));
	else if (rc == HF_OK)
		assert_true(salvaged_is_whole(s, parent));
	finish(s, parent);
	assert_true(names_in(parent) >= 1);
	sim_parent_free(parent);
	return failed;
}

static void no_call_that_fails_leaves_half_a_store(void **state)
{
	static const int errors[] = {EIO, ENOSPC};
	(void)state;
	struct salvaged *s = salvaged_new(SALVAGED_COMPACTED);
	for (size_t e = 0; e < sizeof errors / sizeof errors[0]; e++) {
		uint64_t nth = 1;
		while (fail_target(
		    s, (struct sim_fault){.kinds = SIM_ALL_CALLS, .nth = nth, .error = errors[e]}))
			nth++;
		assert_true(nth > 40);
		printf("figure: salvage, error %d: %llu calls\n", errors[e], (unsigned long long)nth - 1);
	}
	salvaged_free(s);
}

/* R9: the source is not judged by what could not be read of it. */
static void a_source_that_cannot_be_read_is_no_damage(void **state)
{
	(void)state;
	struct salvaged *s = salvaged_new(SALVAGED_COMPACTED);
	uint64_t nth = 1;
	for (bool failed = true; failed; nth++) {
		struct sim_parent *parent = new_parent();
		struct sim *disk = salvaged_disk(s);
		const uint64_t hits = sim_fault_hits(disk);
		sim_add_fault(disk, (struct sim_fault){
		                        .kinds = SIM_READ | SIM_OPEN | SIM_SIZE, .nth = nth, .error = EIO});
		const int rc = try_salvage(s, parent);
		failed = sim_fault_hits(disk) > hits;
		sim_clear_faults(disk);
		if (failed && rc != HF_EIO)
			fail_msg("read %llu: code %d", (unsigned long long)nth, rc);
		assert_true(failed || rc == HF_OK);
		assert_true(!failed || is_as_before(parent));
		finish(s, parent);
		sim_parent_free(parent);
	}
	assert_true(nth > 20);
	salvaged_free(s);
}

static bool veto(void *arg, size_t size)
{
	unsigned *left = arg;
	(void)size;
	return (*left)-- == 0;
}

static void no_memory_anywhere_leaves_the_target_as_it_was(void **state)
{
	(void)state;
	struct salvaged *s = salvaged_new(SALVAGED_COMPACTED);
	struct sim_parent *parent = new_parent();
	int rc = HF_ENOMEM;
	unsigned tries = 0;
	for (; rc != HF_OK; tries++) {
		unsigned left = tries < 200 ? tries : 200 + (tries - 200) * 23;
		hf__mem_set_veto(veto, &left);
		rc = try_salvage(s, parent);
		hf__mem_set_veto(NULL, NULL);
		assert_true(rc == HF_OK || rc == HF_ENOMEM);
		assert_true(rc == HF_OK || is_as_before(parent));
	}
	assert_true(tries > 50);
	printf("figure: salvage, %u allocations refused\n", tries - 1);
	assert_true(salvaged_is_whole(s, parent));
	sim_parent_free(parent);
	salvaged_free(s);
}

/* --- Power ------------------------------------------------------------------------------------ */

struct sweep {
	struct salvaged *s;
	uint64_t images;
};

static void at_each_call(void *arg, struct sim_parent *parent, uint64_t index, enum sim_call kind,
                         const char *name)
{
	struct sweep *sweep = arg;
	for (unsigned i = 0; i < 6; i++) {
		struct sim_parent *image =
		    sim_parent_crash(parent, i < 2 ? i : SIM_IMAGE_SOME, index * 8 + i);
		if (!is_as_before(image) && !salvaged_is_whole(sweep->s, image))
			fail_msg("crash before call %llu (%s %s), image %u: neither as before nor whole",
			         (unsigned long long)index, sim_call_name(kind), name, i);
		if (i == index % 6)
			finish(sweep->s, image);
		sweep->images++;
		sim_parent_free(image);
	}
}

static void a_crash_at_any_call_leaves_the_target_or_the_whole_new_store(void **state)
{
	(void)state;
	struct salvaged *s = salvaged_new(SALVAGED_COMPACTED);
	struct sim_parent *parent = new_parent();
	struct sweep sweep = {.s = s};
	sim_parent_observe(parent, at_each_call, &sweep);
	assert_int_equal(try_salvage(s, parent), HF_OK);
	sim_parent_observe(parent, NULL, NULL);
	at_each_call(&sweep, parent, 0, SIM_CLOSE, "");
	printf("figure: salvage, %llu images of crashes\n", (unsigned long long)sweep.images);
	assert_true(sweep.images > 250);
	sim_parent_free(parent);
	salvaged_free(s);
}

/* --- Refusals --------------------------------------------------------------------------------- */

static void a_source_that_is_open_is_refused(void **state)
{
	(void)state;
	struct salvaged *s = salvaged_new(SALVAGED_LOG);
	struct sim_parent *parent = new_parent();
	struct hf__os *other = sim_opener(salvaged_disk(s), 1);
	assert_int_equal(other->lock(other->ctx, "LOCK", 0), 0);
	assert_int_equal(try_salvage(s, parent), HF_ELOCKED);
	assert_true(is_as_before(parent));
	assert_int_equal(other->unlock(other->ctx), 0);
	assert_int_equal(try_salvage(s, parent), HF_OK);
	assert_int_equal(try_salvage(s, parent), HF_ECONFLICT); /* the target is not empty */
	sim_parent_free(parent);
	salvaged_free(s);
}

static void a_dry_run_makes_nothing(void **state)
{
	(void)state;
	struct salvaged *s = salvaged_new(SALVAGED_SNAPSHOT);
	struct sim_parent *parent = new_parent();
	struct hf_salvage_summary dry = {0}, wet = {0};
	struct hf_error error;
	const uint64_t version = sim_version(sim_parent_files(parent));
	assert_int_equal(salvaged_run(salvaged_disk(s), parent, false, NULL, NULL, &dry, &error),
	                 HF_OK);
	assert_true(dry.looked && !dry.built && dry.losses == 0);
	assert_true(is_as_before(parent));
	assert_true(sim_version(sim_parent_files(parent)) == version);
	assert_int_equal(names_in(parent), 0);
	assert_int_equal(salvaged_run(salvaged_disk(s), parent, true, NULL, NULL, &wet, &error), HF_OK);
	assert_true(wet.built && wet.entries == dry.entries && wet.passed_lsn == dry.passed_lsn);
	for (size_t i = 0; i < wet.domain_count; i++)
		assert_true(wet.domains[i].kept == dry.domains[i].kept);
	sim_parent_free(parent);
	salvaged_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_call_that_fails_leaves_half_a_store),
	    cmocka_unit_test(a_source_that_cannot_be_read_is_no_damage),
	    cmocka_unit_test(no_memory_anywhere_leaves_the_target_as_it_was),
	    cmocka_unit_test(a_crash_at_any_call_leaves_the_target_or_the_whole_new_store),
	    cmocka_unit_test(a_source_that_is_open_is_refused),
	    cmocka_unit_test(a_dry_run_makes_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
