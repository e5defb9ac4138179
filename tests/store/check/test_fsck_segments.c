/* tier: fast */
/* fsck on segments that are damaged, cut short, exchanged or missing. */
#include "fsck_case.h"
#include "lib/log_build.h"

static void damaged_segment_header_costs_no_entry(void **state)
{
	struct fixture *f = *state;
	for (uint32_t segment = f->places[0].segment; segment <= last_segment(f); segment++) {
		flip(f, file_of(segment), 72);
		const struct said *said = check(f->sim);
		expect_verdict(said, HF_ECORRUPT, 1);
		expect(said, 0,
		       (struct expected){HF_FSCK_DAMAGE, file_of(segment), 0, first_of(f, segment),
		                         last_of(f, segment)});
		assert_true(said->summary.entries == f->count && said->summary.entries_after_damage == 0);
		back(f);
	}
}

static void a_missing_segment_gives_the_range_that_it_held(void **state)
{
	struct fixture *f = *state;
	for (uint32_t segment = f->places[0].segment; segment <= last_segment(f); segment++) {
		assert_true(sim_remove_file(f->sim, file_of(segment)));
		const struct said *said = check(f->sim);
		expect_verdict(said, HF_ECORRUPT, 1);
		expect(said, 0,
		       (struct expected){HF_FSCK_DAMAGE, file_of(segment), 0, first_of(f, segment),
		                         last_of(f, segment)});
		assert_true(said->summary.entries ==
		            f->count - (last_of(f, segment) - first_of(f, segment) + 1));
		back(f);
	}
}

static void a_segment_cut_short_gives_the_range(void **state)
{
	struct fixture *f = *state;
	const struct place *p = place_of(f, "enqueue", "j010");
	assert_true(sim_truncate_file(f->sim, file_of(p->segment), p->offset + 10));
	const struct said *said = check(f->sim);
	/* A segment that is not the last one may be shorter than it was made, but not than its log. */
	expect_verdict(said, HF_ECORRUPT, 1);
	expect(said, 0,
	       (struct expected){HF_FSCK_DAMAGE, file_of(p->segment), p->offset - GROUP_HEADER, p->lsn,
	                         last_of(f, p->segment)});
	back(f);
}

static void exchanged_segments_are_named_both(void **state)
{
	struct fixture *f = *state;
	char a[HF__NAME_MAX], b[HF__NAME_MAX];
	hf__segment_name(f->places[0].segment, a);
	hf__segment_name(f->places[0].segment + 1, b);
	assert_true(sim_rename_file(f->sim, a, "aside"));
	assert_true(sim_rename_file(f->sim, b, a));
	assert_true(sim_rename_file(f->sim, "aside", b));
	const struct said *said = check(f->sim);
	assert_int_equal(said->rc, HF_ECORRUPT);
	bool named[2] = {false, false};
	for (size_t i = 0; i < said->count; i++) {
		named[0] = named[0] || strcmp(said->files[i], a) == 0;
		named[1] = named[1] || strcmp(said->files[i], b) == 0;
	}
	assert_true(named[0] && named[1]);
	back(f);
}

static void two_headers_damaged_side_by_side_cost_no_entry(void **state)
{
	struct fixture *f = *state;
	const uint32_t first = f->places[0].segment;
	flip(f, file_of(first), 72);
	flip(f, file_of(first + 1), 72);
	const struct said *said = check(f->sim);
	expect_verdict(said, HF_ECORRUPT, 2);
	expect(said, 0,
	       (struct expected){HF_FSCK_DAMAGE, file_of(first), 0, first_of(f, first),
	                         last_of(f, first)});
	expect(said, 1,
	       (struct expected){HF_FSCK_DAMAGE, file_of(first + 1), 0, first_of(f, first + 1),
	                         last_of(f, first + 1)});
	assert_true(said->summary.entries == f->count);
	back(f);
}

static void a_missing_segment_behind_a_damaged_header_is_noticed(void **state)
{
	struct fixture *f = *state;
	const uint32_t first = f->places[0].segment;
	assert_true(sim_remove_file(f->sim, file_of(first)));
	flip(f, file_of(first + 1), 72);
	const struct said *said = check(f->sim);
	expect_verdict(said, HF_ECORRUPT, 2);
	expect(said, 0,
	       (struct expected){HF_FSCK_DAMAGE, file_of(first + 1), 0, first_of(f, first),
	                         last_of(f, first + 1)});
	expect(said, 1,
	       (struct expected){HF_FSCK_DAMAGE, file_of(first + 1), HF__SEGMENT_HEADER_SIZE,
	                         first_of(f, first), last_of(f, first)});
	back(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(damaged_segment_header_costs_no_entry, begin),
	    cmocka_unit_test_setup(a_missing_segment_gives_the_range_that_it_held, begin),
	    cmocka_unit_test_setup(a_segment_cut_short_gives_the_range, begin),
	    cmocka_unit_test_setup(exchanged_segments_are_named_both, begin),
	    cmocka_unit_test_setup(two_headers_damaged_side_by_side_cost_no_entry, begin),
	    cmocka_unit_test_setup(a_missing_segment_behind_a_damaged_header_is_noticed, begin),
	};
	return cmocka_run_group_tests_name("fsck of segments", tests, set_up, tear_down);
}
