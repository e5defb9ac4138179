/* tier: fast */
/* An export to a file, with each call to the disk failing once, and with the power going at each:
 * the name stands for what it stood for, or for a whole export; nothing else is left by a failure,
 * what a crash leaves is not adopted, and the next export succeeds and removes it. */
#include "store/transfer/transfer_case.h"

#define NAME "state.snapshot"

static const uint8_t older[3] = "old";

struct place {
	struct stage *stage;
	struct churn churn;
	struct sim_parent *parent;
	struct memory_file whole;
	bool replaces; /* there is an older file */
};

static struct place begin(const char *name, bool replaces, unsigned steps)
{
	struct place p = {.replaces = replaces};
	p.stage = case_begin(&p.churn, name, 4000, steps);
	p.parent = sim_parent_new(sim_profile_weak(), 5);
	p.whole = export_of(p.stage->store);
	if (replaces)
		sim_write_file(sim_parent_files(p.parent), NAME, 0, older, sizeof older);
	return p;
}

static void end(struct place *p)
{
	memory_free(&p->whole);
	sim_parent_free(p->parent);
	churn_deinit(&p->churn);
	stage_close(p->stage);
}

static int export_to(struct place *p, struct sim_parent *parent, bool replace)
{
	const struct hf_export_options options = {.replace = replace};
	struct hf_error error = {0};
	const int rc =
	    hf__export(p->stage->store, sim_parent_seam(parent), NAME, &options, NULL, &error);
	assert_int_equal(rc, error.code);
	assert_true(rc == HF_OK || error.text[0]);
	return rc;
}

static bool is(struct sim *files, const void *bytes, size_t len)
{
	uint64_t size = 0;
	uint8_t *found = malloc(len);
	assert_non_null(found);
	const bool same = sim_file_size(files, NAME, &size) && size == len &&
	                  sim_read_file(files, NAME, 0, found, len) && memcmp(found, bytes, len) == 0;
	free(found);
	return same;
}

static bool is_whole(struct place *p, struct sim_parent *parent)
{
	return is(sim_parent_files(parent), p->whole.data, p->whole.len);
}

static bool is_as_before(const struct place *p, struct sim_parent *parent)
{
	uint64_t size;
	struct sim *files = sim_parent_files(parent);
	return p->replaces ? is(files, older, sizeof older) : !sim_file_size(files, NAME, &size);
}

static size_t count_files(struct sim_parent *parent)
{
	char name[SIM_NAME_MAX + 1];
	uint64_t size;
	size_t n = 0;
	while (sim_list(sim_parent_files(parent), n, name, &size))
		n++;
	return n;
}

/* --- Names ------------------------------------------------------------------------------------ */

static void a_file_that_is_there_goes_only_if_asked(void **state)
{
	(void)state;
	struct place p = begin("there", true, 50);
	assert_int_equal(export_to(&p, p.parent, false), HF_ECONFLICT);
	assert_true(is_as_before(&p, p.parent));
	assert_int_equal(export_to(&p, p.parent, true), HF_OK);
	assert_true(is_whole(&p, p.parent));
	assert_int_equal(count_files(p.parent), 1);
	end(&p);
}

static void only_leftovers_of_this_name_go(void **state)
{
	(void)state;
	static const char *const others[] = {"state.snapshot.old", ".state.snapshot.export-short",
	                                     ".other.export-0123456789abcdef",
	                                     ".state.snapshot.export-0123456789abcdeF"};
	struct place p = begin("names", false, 20);
	struct sim *files = sim_parent_files(p.parent);
	for (size_t i = 0; i < 4; i++)
		sim_write_file(files, others[i], 0, older, sizeof older);
	sim_write_file(files, "." NAME ".export-0123456789abcdef", 0, older, sizeof older);
	assert_int_equal(export_to(&p, p.parent, false), HF_OK);
	assert_int_equal(count_files(p.parent), 5);
	assert_false(sim_read_file(files, "." NAME ".export-0123456789abcdef", 0, NULL, 0));
	end(&p);
}

/* --- Failures --------------------------------------------------------------------------------- */

static bool was_refused(int rc)
{
	return rc == HF_EIO || rc == HF_ENOSPACE || rc == HF_ECONFLICT;
}

static void fail_each_call(bool replaces, struct sim_fault fault)
{
	struct place p = begin("each call", replaces, 120);
	uint64_t nth = 1;
	for (bool more = true; more; nth++) {
		fault.nth = nth;
		sim_parent_fail(p.parent, fault);
		const int rc = export_to(&p, p.parent, true);
		more = sim_parent_failed(p.parent);
		sim_parent_fail(p.parent, (struct sim_fault){0});
		assert_true(rc == HF_OK || was_refused(rc) || rc == HF_EUNCERTAIN);
		assert_true(more || rc == HF_OK);
		/* closing fails, too, and a sync of the directory: then it may be there */
		assert_true(is_whole(&p, p.parent) || (rc != HF_OK && is_as_before(&p, p.parent)));
		if (was_refused(rc) && !fault.falsely && (fault.kinds & SIM_UNLINK) == 0)
			assert_int_equal(count_files(p.parent), replaces);
		sim_evict(sim_parent_files(p.parent));
		assert_int_equal(export_to(&p, p.parent, true), HF_OK);
		assert_true(is_whole(&p, p.parent));
		assert_int_equal(count_files(p.parent), 1);
		assert_true(sim_remove_file(sim_parent_files(p.parent), NAME));
		if (replaces)
			sim_write_file(sim_parent_files(p.parent), NAME, 0, older, sizeof older);
	}
	assert_true(nth > 3);
	end(&p);
}

static void no_call_that_fails_leaves_anything_but_what_was_there(void **state)
{
	(void)state;
	const unsigned all = SIM_ALL_CALLS & ~(unsigned)SIM_UNLINK;
	fail_each_call(false, (struct sim_fault){.kinds = all, .error = EIO});
	fail_each_call(true, (struct sim_fault){.kinds = all, .error = ENOSPC});
	fail_each_call(true, (struct sim_fault){.kinds = SIM_WRITE, .error = EIO, .prefix = SIZE_MAX});
	fail_each_call(true, (struct sim_fault){.kinds = SIM_ALL_CALLS, .error = EIO, .falsely = true});
}

static void a_store_that_lost_an_export_goes_on(void **state)
{
	(void)state;
	struct place p = begin("goes on", false, 60);
	sim_parent_fail(p.parent, (struct sim_fault){.kinds = SIM_SYNC_DIR, .error = EIO});
	assert_int_equal(export_to(&p, p.parent, false), HF_EUNCERTAIN);
	churn_nudge(&p.churn, p.stage->store);
	assert_int_equal(hf_sync(p.stage->store, NULL), HF_OK);
	end(&p);
}

/* --- Crashes ---------------------------------------------------------------------------------- */

struct sweep {
	struct place *p;
	bool busy;
	uint64_t images;
};

static void at_each_call(void *arg, struct sim_parent *parent, uint64_t index, enum sim_call kind,
                         const char *name)
{
	struct sweep *s = arg;
	(void)kind;
	(void)name;
	for (unsigned i = 0; i < 6; i++) {
		const enum sim_parent_image how = i < 2 ? (enum sim_parent_image)i : SIM_IMAGE_SOME;
		struct sim_parent *image = sim_parent_crash(parent, how, index * 8 + i);
		if (!is_as_before(s->p, image) && !is_whole(s->p, image))
			fail_msg("crash before call %llu, image %u: neither as before nor whole",
			         (unsigned long long)index, i);
		s->images++;
		sim_parent_free(image);
	}
}

/* What was left by a crash at any call, and the store all the while open: the next one succeeds. */
static void next_after(struct place *p, uint64_t at)
{
	struct sim_parent *lives = p->parent;
	sim_parent_fail(
	    lives,
	    (struct sim_fault){.kinds = SIM_ALL_CALLS, .nth = at, .error = EIO, .persistent = true});
	(void)export_to(p, lives, true);
	struct sim_parent *image = sim_parent_crash(lives, SIM_IMAGE_SOME, at);
	assert_int_equal(export_to(p, image, true), HF_OK);
	assert_true(is_whole(p, image));
	assert_int_equal(count_files(image), 1);
	sim_parent_free(image);
}

static void a_crash_at_any_call_leaves_the_old_file_or_the_whole_new_one(void **state)
{
	(void)state;
	for (int replaces = 0; replaces < 2; replaces++) {
		struct place p = begin("crash", replaces, 120);
		struct sweep sweep = {.p = &p};
		sim_parent_observe(p.parent, at_each_call, &sweep);
		assert_int_equal(export_to(&p, p.parent, true), HF_OK);
		at_each_call(&sweep, p.parent, 0, SIM_CLOSE, "");
		sim_parent_observe(p.parent, NULL, NULL);
		assert_true(sweep.images > 60);
		for (uint64_t at = 1; at < 12; at++)
			next_after(&p, at);
		end(&p);
	}
}

/* --- Read back -------------------------------------------------------------------------------- */

struct liar {
	bool lies;
};

/* A bit goes wrong between what was written and what is read. */
static void flip_before_reading(void *arg, struct sim_parent *parent, uint64_t index,
                                enum sim_call kind, const char *name)
{
	struct liar *liar = arg;
	(void)index;
	if (kind == SIM_OPEN && liar->lies && strstr(name, ".export-")) {
		uint64_t size = 0;
		if (sim_file_size(sim_parent_files(parent), name, &size) && size > 600)
			assert_true(sim_flip_bit(sim_parent_files(parent), name, 8 * 600));
	}
}

static void what_is_read_back_wrong_gets_no_name(void **state)
{
	(void)state;
	struct place p = begin("read back", true, 80);
	struct liar liar = {.lies = true};
	sim_parent_observe(p.parent, flip_before_reading, &liar);
	assert_int_equal(export_to(&p, p.parent, true), HF_EIO);
	assert_true(is_as_before(&p, p.parent));
	assert_int_equal(count_files(p.parent), 1);
	liar.lies = false;
	assert_int_equal(export_to(&p, p.parent, true), HF_OK);
	end(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_file_that_is_there_goes_only_if_asked),
	    cmocka_unit_test(only_leftovers_of_this_name_go),
	    cmocka_unit_test(no_call_that_fails_leaves_anything_but_what_was_there),
	    cmocka_unit_test(a_store_that_lost_an_export_goes_on),
	    cmocka_unit_test(a_crash_at_any_call_leaves_the_old_file_or_the_whole_new_one),
	    cmocka_unit_test(what_is_read_back_wrong_gets_no_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
