/* tier: fast */
/* A backup, one onto an older backup, and a restore, with each call to the disk failing once and
 * with the power going at each: the target is as it was or whole, nothing that is left is taken for
 * anything, the next try succeeds and removes it, and the store stays as it is. */
#include <errno.h>

#include "store/backup/backup_place.h"

#include "base/mem.h"

static struct place begin_here(enum work work)
{
	return begin(work, work_names[work], 15, sim_profile_weak());
}

/* --- Failures --------------------------------------------------------------------------------- */

static bool was_refused(int rc)
{
	return rc == HF_EIO || rc == HF_ENOSPACE || rc == HF_ECONFLICT || rc == HF_EACCESS ||
	       rc == HF_EUNCERTAIN;
}

/* Returns false when there is no nth call any more. */
static bool fail_call(struct place *p, struct sim_fault fault)
{
	struct sim_parent *parent = machine(p);
	sim_parent_fail(parent, fault);
	const int rc = try_work(p, parent, p->work == REPLACE);
	const bool failed = sim_parent_failed(parent);
	sim_parent_fail(parent, (struct sim_fault){0});
	if (rc != HF_OK && !was_refused(rc))
		fail_msg("%s, call %llu: code %d", work_names[p->work], (unsigned long long)fault.nth, rc);
	assert_true(failed || rc == HF_OK);
	if (!is_legal(p, parent) || (rc == HF_OK && shown(p, parent) != p->after))
		fail_msg("%s, call %llu: code %d, neither as before nor whole", work_names[p->work],
		         (unsigned long long)fault.nth, rc);
	for (unsigned i = 0; i < 4; i++) {
		struct sim_parent *image =
		    sim_parent_crash(parent, i < 2 ? i : SIM_IMAGE_SOME, fault.nth * 8 + i);
		if (!is_legal(p, image))
			fail_msg("%s, call %llu: code %d, then a crash: neither as before nor whole",
			         work_names[p->work], (unsigned long long)fault.nth, rc);
		if (i == fault.nth % 4)
			again(p, image);
		sim_parent_free(image);
	}
	again(p, parent);
	sim_parent_free(parent);
	return failed;
}

static void fail_each_call(struct sim_fault fault)
{
	for (enum work work = 0; work < WORKS; work++) {
		struct place p = begin_here(work);
		uint64_t nth = 1;
		for (fault.nth = 1; fail_call(&p, fault); fault.nth = ++nth)
			continue;
		if (nth < 60)
			fail_msg("%s: only %llu calls", work_names[work], (unsigned long long)nth);
		end(&p);
	}
}

static void no_call_that_fails_harms_anything(void **state)
{
	(void)state;
	fail_each_call((struct sim_fault){.kinds = SIM_ALL_CALLS, .error = EIO});
}

static void no_full_disk_harms_anything(void **state)
{
	(void)state;
	fail_each_call((struct sim_fault){.kinds = SIM_ALL_CALLS, .error = ENOSPC});
}

static void no_call_that_fails_falsely_harms_anything(void **state)
{
	(void)state;
	fail_each_call((struct sim_fault){.kinds = SIM_ALL_CALLS, .error = EIO, .falsely = true});
}

static bool veto(void *ctx, size_t size)
{
	unsigned *left = ctx;
	(void)size;
	return (*left)-- == 0;
}

static void no_memory_leaves_the_target_as_it_was(void **state)
{
	(void)state;
	for (enum work work = ONTO; work < WORKS; work += REPLACE - ONTO) {
		struct place p = begin_here(work);
		struct sim_parent *parent = machine(&p);
		int rc = HF_ENOMEM;
		unsigned tries = 0;
		for (; rc != HF_OK && tries < 20000; tries++) {
			unsigned left = tries;
			sim_parent_free(parent);
			parent = machine(&p);
			hf__mem_set_veto(veto, &left);
			rc = try_work(&p, parent, true);
			hf__mem_set_veto(NULL, NULL);
			assert_true(rc == HF_OK || rc == HF_ENOMEM);
			assert_true(is_legal(&p, parent));
			assert_int_equal(names_in(parent), names_after(&p));
		}
		assert_true(rc == HF_OK && tries > 50);
		sim_parent_free(parent);
		end(&p);
	}
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
		if (!is_legal(s->p, image))
			fail_msg("%s, crash before call %llu (%s %s), image %u: neither as before nor whole",
			         work_names[s->p->work], (unsigned long long)index, sim_call_name(kind), name,
			         i);
		if (i == index % 6)
			again(s->p, image);
		s->images++;
		sim_parent_free(image);
	}
}

static void a_crash_at_any_call_leaves_the_target_or_all_of_it(void **state)
{
	(void)state;
	for (enum work work = 0; work < WORKS; work++) {
		struct place p = begin_here(work);
		struct sim_parent *parent = machine(&p);
		struct sweep sweep = {.p = &p};
		sim_parent_observe(parent, at_each_call, &sweep);
		assert_int_equal(try_work(&p, parent, work == REPLACE), HF_OK);
		sim_parent_observe(parent, NULL, NULL);
		assert_true(sweep.images > 300);
		/* What was acknowledged is there whatever survives. */
		for (unsigned i = 0; i < 20; i++) {
			struct sim_parent *image = sim_parent_crash(parent, i < 2 ? i : SIM_IMAGE_SOME, i);
			assert_int_equal(shown(&p, image), p.after);
			sim_parent_free(image);
		}
		sim_parent_free(parent);
		end(&p);
	}
}

/* --- Read back -------------------------------------------------------------------------------- */

/* The copy is spoilt when it has been written and before it is checked. */
static void flip_in_the_copy(void *arg, struct sim_parent *parent, uint64_t index,
                             enum sim_call kind, const char *name)
{
	unsigned *flips = arg;
	(void)index;
	if (kind != SIM_RENAME || strcmp(name, "IDENTITY.tmp") != 0)
		return;
	for (size_t i = 0; sim_parent_name(parent, i); i++) {
		struct sim *sim = sim_parent_dir(parent, sim_parent_name(parent, i));
		char file[SIM_NAME_MAX + 1];
		uint64_t size;
		if (sim_parent_name(parent, i)[0] != '.')
			continue;
		for (size_t n = 0; sim_list(sim, n, file, &size); n++)
			if (strncmp(file, "segment-", 8) == 0 && sim_flip_bit(sim, file, 8 * 600))
				++*flips;
	}
}

static void what_is_read_back_wrong_gets_no_name(void **state)
{
	(void)state;
	struct place p = begin_here(FRESH);
	struct sim_parent *parent = machine(&p);
	unsigned flips = 0;
	sim_parent_observe(parent, flip_in_the_copy, &flips);
	assert_int_equal(try_work(&p, parent, false), HF_ECORRUPT);
	assert_true(flips > 0);
	assert_int_equal(names_in(parent), 1);
	sim_parent_free(parent);
	end(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_call_that_fails_harms_anything),
	    cmocka_unit_test(no_full_disk_harms_anything),
	    cmocka_unit_test(no_call_that_fails_falsely_harms_anything),
	    cmocka_unit_test(no_memory_leaves_the_target_as_it_was),
	    cmocka_unit_test(a_crash_at_any_call_leaves_the_target_or_all_of_it),
	    cmocka_unit_test(what_is_read_back_wrong_gets_no_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
