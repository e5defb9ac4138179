/* tier: fast */
/* A backup, one onto an older backup, and a restore, with each call to the disk failing once and
 * with the power going at each: the target is as it was or whole, nothing that is left is taken for
 * anything, the next try succeeds and removes it, and the store stays as it is. */
#include <errno.h>

#include "store/backup/backup_case.h"

#include "base/mem.h"
#include "store/follow/follow.h"

enum work { FRESH, ONTO, LINKED, RESTORE, REPLACE, WORKS };

static const char *const work_names[WORKS] = {"backup", "incremental", "linked", "restore",
                                              "restore in place"};

/* A machine with a store, whose newer state is to be copied (or whose backup is to be restored),
 * and what the target shows before and after. */
struct place {
	enum work work;
	struct churn churn;
	struct sim_parent *parent;
	const char *target;
	uint64_t before, after; /* digests; 0: nothing is there before */
	uint64_t from; /* what is read, byte for byte */
};

static void work_on(struct place *p, unsigned steps)
{
	hf_store *writer = case_writer(p->parent);
	for (unsigned i = 0; i < steps; i++)
		churn_step(&p->churn, writer);
	churn_nudge(&p->churn, writer);
	assert_int_equal(hf_compact(writer, NULL), HF_OK);
	for (unsigned i = 0; i < steps; i++)
		churn_step(&p->churn, writer);
	churn_fill(&p->churn, writer, 300);
	assert_int_equal(hf_close(writer, NULL), HF_OK);
}

static struct sim *read_by(struct place *p, struct sim_parent *parent)
{
	return sim_parent_dir(parent, p->work >= RESTORE ? DEST : SOURCE);
}

static struct place begin(enum work work)
{
	struct place p = {.work = work, .target = work >= RESTORE ? BACK : DEST};
	p.parent = sim_parent_new(sim_profile_weak(), 11);
	churn_init(&p.churn, work_names[work], 10, 300);
	work_on(&p, 15);
	if (work != FRESH)
		(void)backup_must(p.parent, false);
	if (work == REPLACE)
		(void)restore_must(p.parent, false);
	if (work == ONTO || work == REPLACE)
		p.before = digest_of(sim_parent_dir(p.parent, p.target));
	work_on(&p, 15);
	if (work == LINKED) {
		struct hf__parent *seam = sim_parent_seam(p.parent);
		assert_int_equal(hf__directory_empty(sim_os(sim_parent_dir(p.parent, DEST))), 0);
		assert_int_equal(seam->remove(seam->ctx, DEST), 0);
	}
	if (work >= RESTORE)
		(void)backup_must(p.parent, false);
	assert_int_equal(sim_parent_seam(p.parent)->os->sync_dir(sim_parent_seam(p.parent)->os->ctx),
	                 0);
	p.after = digest_of(source_of(p.parent));
	p.from = sim_hash(read_by(&p, p.parent));
	return p;
}

static void end(struct place *p)
{
	churn_deinit(&p->churn);
	sim_parent_free(p->parent);
}

/* The machine anew, everything on it durable. */
static struct sim_parent *machine(struct place *p)
{
	return sim_parent_crash(p->parent, SIM_IMAGE_NEW, 0);
}

static int try_work(struct place *p, struct sim_parent *parent, bool replace)
{
	const struct hf_restore_options options = {.replace = replace};
	struct hf_error error;
	return p->work >= RESTORE ? restore_with(parent, &options, NULL, &error)
	                          : backup_with(parent, p->work == LINKED, NULL, &error);
}

/* What the target shows; 0: nothing is there, or an empty directory. 1: neither. */
static uint64_t shown(struct place *p, struct sim_parent *parent)
{
	struct sim *sim = sim_parent_dir(parent, p->target);
	hf_store *store = NULL;
	struct hf_error error = {0};
	uint64_t digest = 1;
	if (!sim)
		return 0;
	struct sim *copy = sim_clone(sim);
	const int rc =
	    hf__store_open_read(sim_opener(copy, BY), hf__all_domains(), NULL, &store, &error);
	if (rc == HF_OK) {
		digest = follower_digest(store);
		assert_int_equal(hf_close(store, NULL), HF_OK);
		expect_clean(copy);
	} else if (rc == HF_ENOTFOUND) {
		digest = 0;
	}
	sim_free(copy);
	return digest;
}

static bool is_legal(struct place *p, struct sim_parent *parent)
{
	const uint64_t is = shown(p, parent);
	return (is == p->before || is == p->after) && sim_hash(read_by(p, parent)) == p->from;
}

static size_t names_after(struct place *p)
{
	return p->work >= RESTORE ? 3 : 2;
}

/* Once more, whatever was left. */
static void again(struct place *p, struct sim_parent *parent)
{
	const int rc = try_work(p, parent, p->work == REPLACE || shown(p, parent) != 0);
	if (rc != HF_OK)
		fail_msg("%s again: code %d", work_names[p->work], rc);
	assert_int_equal(shown(p, parent), p->after);
	assert_int_equal(names_in(parent), names_after(p));
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
		struct place p = begin(work);
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
		struct place p = begin(work);
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
		struct place p = begin(work);
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
	struct place p = begin(FRESH);
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
