/* tier: fast */
/* An import with each call to the disk failing once, and with the power going at each, into nothing
 * and in the place of a store: the target is as it was or whole, nothing that is left is adopted,
 * and the next import succeeds and removes it. */
#include "base/mem.h"
#include "store/check/readonly.h"
#include "store/transfer/import_place.h"

/* --- Failures --------------------------------------------------------------------------------- */

static bool was_refused(int rc)
{
	return rc == HF_EIO || rc == HF_ENOSPACE || rc == HF_ECONFLICT || rc == HF_EACCESS;
}

/* Returns false when there is no nth call any more. */
static bool fail_call(struct place *p, struct sim_fault fault)
{
	struct sim_parent *parent = parent_for(p, sim_profile_weak());
	sim_parent_fail(parent, fault);
	const int rc = try_import(p, parent);
	const bool failed = sim_parent_failed(parent);
	sim_parent_fail(parent, (struct sim_fault){0});
	if (rc != HF_OK && rc != HF_EUNCERTAIN && !was_refused(rc))
		fail_msg("call %llu: code %d", (unsigned long long)fault.nth, rc);
	assert_true(failed || rc == HF_OK);
	const bool whole = is_whole(p, parent), before = is_as_before(p, parent);
	if (!whole && (rc == HF_OK || !before))
		fail_msg("call %llu: code %d, neither as before nor whole", (unsigned long long)fault.nth,
		         rc);
	/* Whatever power loss does to what was left, one of the two is there. */
	for (unsigned i = 0; i < 5; i++) {
		struct sim_parent *image =
		    sim_parent_crash(parent, i < 2 ? i : SIM_IMAGE_SOME, fault.nth * 8 + i);
		if (!is_whole(p, image) && !is_as_before(p, image))
			fail_msg("call %llu: code %d, then a crash: neither as before nor whole",
			         (unsigned long long)fault.nth, rc);
		import_again(p, image);
		sim_parent_free(image);
	}
	import_again(p, parent);
	sim_parent_free(parent);
	return failed;
}

static void fail_each_call(bool replaces, struct sim_fault fault, uint64_t least)
{
	struct place p = begin("each call", replaces, 30);
	uint64_t nth = 1;
	for (fault.nth = 1; fail_call(&p, fault); fault.nth = ++nth)
		continue;
	if (nth <= least)
		fail_msg("only %llu calls", (unsigned long long)nth);
	end(&p);
}

static void no_call_that_fails_harms_the_target(void **state)
{
	(void)state;
	fail_each_call(false, (struct sim_fault){.kinds = SIM_ALL_CALLS, .error = EIO}, 40);
	fail_each_call(true, (struct sim_fault){.kinds = SIM_ALL_CALLS, .error = ENOSPC}, 50);
	fail_each_call(true, (struct sim_fault){.kinds = SIM_ALL_CALLS, .error = EIO}, 50);
}

static void no_call_that_fails_falsely_or_in_part_harms_the_target(void **state)
{
	(void)state;
	fail_each_call(true, (struct sim_fault){.kinds = SIM_ALL_CALLS, .error = EIO, .falsely = true},
	               50);
	fail_each_call(false, (struct sim_fault){.kinds = SIM_ALL_CALLS, .error = EIO, .falsely = true},
	               40);
	fail_each_call(false,
	               (struct sim_fault){.kinds = SIM_WRITE, .error = ENOSPC, .prefix = SIZE_MAX}, 5);
}

/* Nothing is left by a call that failed, unless it is one that cleans up or publishes. */
static void a_refused_import_leaves_nothing(void **state)
{
	(void)state;
	const unsigned kinds = SIM_WRITE | SIM_SYNC | SIM_OPEN | SIM_READ | SIM_RENAME | SIM_MAKE_DIR;
	struct place p = begin("nothing left", false, 30);
	bool failed = true;
	for (uint64_t nth = 1; failed; nth++) {
		struct sim_parent *parent = parent_for(&p, sim_profile_strict());
		sim_parent_fail(parent, (struct sim_fault){.kinds = kinds, .nth = nth, .error = ENOSPC});
		const int rc = try_import(&p, parent);
		failed = sim_parent_failed(parent);
		assert_int_equal(count_names(parent), rc == HF_OK);
		sim_parent_free(parent);
	}
	end(&p);
}

static void a_file_system_that_cannot_exchange_is_refused(void **state)
{
	(void)state;
	struct place p = begin("exchange", true, 30);
	struct sim_parent *parent = parent_for(&p, sim_profile_weak());
	sim_parent_fail(parent, (struct sim_fault){.kinds = SIM_EXCHANGE, .error = EOPNOTSUPP});
	assert_int_equal(try_import(&p, parent), HF_ECONFLICT);
	assert_true(is_as_before(&p, parent));
	assert_int_equal(count_names(parent), 1);
	sim_parent_free(parent);
	end(&p);
}

static bool veto(void *ctx, size_t size)
{
	unsigned *left = ctx;
	(void)size;
	return (*left)-- == 0;
}

static void no_memory_anywhere_leaves_the_target_as_it_was(void **state)
{
	(void)state;
	struct place p = begin("no memory", true, 30);
	struct sim_parent *parent = parent_for(&p, sim_profile_weak());
	int rc = HF_ENOMEM;
	unsigned tries = 0;
	for (; rc != HF_OK; tries++) {
		unsigned left = tries;
		hf__mem_set_veto(veto, &left);
		rc = try_import(&p, parent);
		hf__mem_set_veto(NULL, NULL);
		assert_true(rc == HF_OK || rc == HF_ENOMEM);
		assert_int_equal(count_names(parent), 1);
	}
	assert_true(tries > 50);
	assert_true(is_whole(&p, parent));
	sim_parent_free(parent);
	end(&p);
}

/* --- Crashes ---------------------------------------------------------------------------------- */

struct sweep {
	struct place *p;
	uint64_t images;
};

static void at_each_call(void *arg, struct sim_parent *parent, uint64_t index, enum sim_call kind,
                         const char *name)
{
	struct sweep *s = arg;
	for (unsigned i = 0; i < 6; i++) {
		struct sim_parent *image =
		    sim_parent_crash(parent, i < 2 ? i : SIM_IMAGE_SOME, index * 8 + i);
		if (!is_as_before(s->p, image) && !is_whole(s->p, image))
			fail_msg("crash before call %llu (%s %s), image %u: neither as before nor whole",
			         (unsigned long long)index, sim_call_name(kind), name, i);
		if (i == index % 6)
			import_again(s->p, image);
		s->images++;
		sim_parent_free(image);
	}
}

static void a_crash_at_any_call_leaves_the_target_or_the_whole_new_store(void **state)
{
	(void)state;
	for (int replaces = 0; replaces < 2; replaces++) {
		struct place p = begin("crash", replaces, 30);
		struct sim_parent *parent = parent_for(&p, sim_profile_weak());
		struct sweep sweep = {.p = &p};
		sim_parent_observe(parent, at_each_call, &sweep);
		assert_int_equal(try_import(&p, parent), HF_OK);
		sim_parent_observe(parent, NULL, NULL);
		at_each_call(&sweep, parent, 0, SIM_CLOSE, "");
		assert_true(sweep.images > 250);
		assert_true(is_whole(&p, parent));
		sim_parent_free(parent);
		end(&p);
	}
}

/* What was acknowledged is there whatever survives. */
static void an_import_that_answered_survives_power_loss(void **state)
{
	(void)state;
	for (int replaces = 0; replaces < 2; replaces++) {
		struct place p = begin("answered", replaces, 30);
		struct sim_parent *parent = parent_for(&p, sim_profile_weak());
		assert_int_equal(try_import(&p, parent), HF_OK);
		for (unsigned i = 0; i < 40; i++) {
			struct sim_parent *image = sim_parent_crash(parent, i < 2 ? i : SIM_IMAGE_SOME, i);
			assert_true(is_whole(&p, image));
			sim_parent_free(image);
		}
		sim_parent_free(parent);
		end(&p);
	}
}

/* Which of the two stores a crash brings back is not known until the next import has synced the
 * names: nothing that may be the target is removed before. */
static void what_a_failed_sync_left_unknown_survives_the_next_import(void **state)
{
	(void)state;
	struct place p = begin("unknown", true, 30);
	struct sim_fault fault = {.kinds = SIM_SYNC_DIR, .nth = 1, .error = EIO};
	struct sim_parent *parent = NULL;
	for (int rc = HF_OK; rc != HF_EUNCERTAIN; fault.nth++) {
		sim_parent_free(parent);
		parent = parent_for(&p, sim_profile_weak());
		sim_parent_fail(parent, fault);
		rc = try_import(&p, parent);
		assert_int_not_equal(rc, HF_OK);
	}
	assert_int_equal(count_names(parent), 2);
	sim_parent_fail(parent, (struct sim_fault){0});
	struct sweep sweep = {.p = &p};
	sim_parent_observe(parent, at_each_call, &sweep);
	assert_int_equal(try_import(&p, parent), HF_OK);
	sim_parent_observe(parent, NULL, NULL);
	assert_int_equal(count_names(parent), 1);
	sim_parent_free(parent);
	end(&p);
}

/* --- Read back -------------------------------------------------------------------------------- */

static void flip_before_reading(void *arg, struct sim_parent *parent, uint64_t index,
                                enum sim_call kind, const char *name)
{
	unsigned *seen = arg;
	(void)index;
	if (kind != SIM_OPEN || strncmp(name, "snapshot-", 9) != 0)
		return;
	for (size_t i = 0; sim_parent_name(parent, i); i++) {
		struct sim *sim = sim_parent_dir(parent, sim_parent_name(parent, i));
		uint64_t size = 0;
		if (sim_file_size(sim, name, &size) && size > 600) {
			assert_true(sim_flip_bit(sim, name, 8 * 600));
			++*seen;
		}
	}
}

static void what_is_read_back_wrong_is_published_nowhere(void **state)
{
	(void)state;
	struct place p = begin("read back", false, 30);
	struct sim_parent *parent = parent_for(&p, sim_profile_weak());
	unsigned seen = 0;
	sim_parent_observe(parent, flip_before_reading, &seen);
	assert_int_equal(try_import(&p, parent), HF_EIO);
	assert_int_equal(seen, 1);
	assert_int_equal(count_names(parent), 0);
	sim_parent_free(parent);
	end(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_call_that_fails_harms_the_target),
	    cmocka_unit_test(no_call_that_fails_falsely_or_in_part_harms_the_target),
	    cmocka_unit_test(a_refused_import_leaves_nothing),
	    cmocka_unit_test(a_file_system_that_cannot_exchange_is_refused),
	    cmocka_unit_test(no_memory_anywhere_leaves_the_target_as_it_was),
	    cmocka_unit_test(a_crash_at_any_call_leaves_the_target_or_the_whole_new_store),
	    cmocka_unit_test(an_import_that_answered_survives_power_loss),
	    cmocka_unit_test(what_a_failed_sync_left_unknown_survives_the_next_import),
	    cmocka_unit_test(what_is_read_back_wrong_is_published_nowhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
