/* tier: fast */
/* An opening whose first flush fails, on a disk whose reads then show the old bytes while it may
 * hold the new ones; and what the next opening on the same boot makes of that. */
#include <errno.h>

#include "lib/patient.h"
#include "lib/test.h"

enum { BIG = 9 << 10, LATER_PUTS = 3 };

/* More than half a segment, and no put. */
static int big(struct patient *p, const char *id)
{
	static uint8_t payload[BIG];
	const struct hf_outbox_enqueue_args args = {
	    .queue = hf_str("q"), .id = hf_str(id), .payload = hf_bytes_of(payload, sizeof payload)};
	return hf_outbox_enqueue(p->store, NULL, &args, NULL, &p->error);
}

/* Closed cleanly; `full`: the next big one needs the next segment, and puts do not. */
static struct patient *stopped(bool full)
{
	struct patient *p = patient_new(sim_profile_forgetful(), 0);
	if (full)
		assert_int_equal(big(p, "a"), HF_OK);
	patient_puts(p, 2);
	patient_close(p);
	return p;
}

static int holds_all(void *arg, struct sim *image, const struct sim_shape *shape)
{
	const struct patient *p = arg;
	(void)shape;
	struct patient copy = *p;
	copy.sim = image;
	copy.store = NULL;
	patient_has(&copy, p->puts);
	patient_kill(&copy);
	return 0;
}

/* The first flush fails for good, the next opening's puts are acknowledged, then the power goes. */
static void fail_then_go_on(struct patient *p, const char *file, bool large, bool falsely)
{
	size_t images = 0;
	patient_reopen(p);
	/* The first sync of a segment that is made for it belongs to its making. */
	sim_add_fault(p->sim, (struct sim_fault){.kinds = SIM_SYNC,
	                                         .name = file,
	                                         .nth = large ? 2 : 1,
	                                         .error = EIO,
	                                         .falsely = falsely});
	assert_int_equal(large ? big(p, "b") : patient_put(p), HF_EUNCERTAIN);
	patient_close_failed(p);
	sim_clear_faults(p->sim);
	patient_reopen(p);
	p->puts = patient_sequence(p);
	patient_puts(p, LATER_PUTS);
	assert_int_equal(sim_each_crash(p->sim, NULL, holds_all, p, &images), 0);
	assert_true(images > 1);
	patient_close(p);
	patient_has(p, p->puts);
	patient_free(p);
}

static void what_follows_a_failed_first_flush_into_a_new_segment_survives(void **state)
{
	(void)state;
	fail_then_go_on(stopped(true), "segment-00000002", true, false);
	fail_then_go_on(stopped(true), "segment-00000002", true, true);
}

static void what_follows_a_failed_first_flush_in_the_same_segment_survives(void **state)
{
	(void)state;
	fail_then_go_on(stopped(false), "segment-00000001", false, false);
	fail_then_go_on(stopped(false), "segment-00000001", false, true);
}

static void what_follows_the_failed_first_flush_of_a_new_store_survives(void **state)
{
	(void)state;
	for (int falsely = 0; falsely < 2; falsely++) {
		struct patient *p = patient_new(sim_profile_forgetful(), 0);
		patient_close(p);
		fail_then_go_on(p, "segment-00000001", false, falsely);
	}
}

/* What was reported as absent must not appear when the power goes before anything else is
 * written. */
static void a_group_that_a_reopened_store_did_not_show_does_not_appear_later(void **state)
{
	(void)state;
	for (int full = 0; full < 2; full++) {
		size_t images = 0;
		struct patient *p = stopped(full);
		patient_reopen(p);
		sim_add_fault(
		    p->sim, (struct sim_fault){
		                .kinds = SIM_SYNC, .name = "segment-", .nth = full ? 2 : 1, .error = EIO});
		assert_int_equal(full ? big(p, "b") : patient_put(p), HF_EUNCERTAIN);
		patient_close_failed(p);
		sim_clear_faults(p->sim);
		patient_has(p, p->puts);
		assert_int_equal(sim_each_crash(p->sim, NULL, holds_all, p, &images), 0);
		patient_free(p);
	}
}

/* A disk that is gone for a moment fails every sync: the witness's too. */
static void every_file_may_fail_at_once(void **state)
{
	(void)state;
	struct patient *p = stopped(true);
	size_t images = 0;
	patient_reopen(p);
	sim_add_fault(
	    p->sim, (struct sim_fault){.kinds = SIM_SYNC, .nth = 2, .error = EIO, .persistent = true});
	assert_int_equal(big(p, "b"), HF_EUNCERTAIN);
	patient_close_failed(p);
	sim_clear_faults(p->sim);
	patient_reopen(p);
	patient_puts(p, LATER_PUTS);
	assert_int_equal(sim_each_crash(p->sim, NULL, holds_all, p, &images), 0);
	patient_free(p);
}

/* --- LSNs ------------------------------------------------------------------------------------- */

static void info_gives_no_lsn_away_that_a_power_cut_issues_again(void **state)
{
	(void)state;
	static const uint8_t old[64];
	static const struct sim_choice none = {.sectors = old, .sizes = old, .dir_ops = old};
	for (int unclean = 0; unclean < 2; unclean++) {
		struct patient *p = stopped(false);
		if (unclean) {
			patient_reopen(p);
			patient_puts(p, 1);
			patient_kill(p);
		}
		const uint64_t last = p->lsn[p->puts - 1];
		patient_reopen(p);
		assert_int_equal(patient_info(p).last_lsn, last);
		assert_int_equal(patient_info(p).durable_lsn, last);
		/* Written, and not durable: the log's sync fails. */
		sim_add_fault(p->sim, (struct sim_fault){.kinds = SIM_SYNC,
		                                         .name = "segment-",
		                                         .nth = unclean ? 2 : 1,
		                                         .error = EIO});
		assert_int_equal(patient_put(p), HF_EUNCERTAIN);
		assert_int_equal(patient_info(p).last_lsn, last);
		assert_int_equal(patient_info(p).durable_lsn, last);
		patient_close_failed(p);
		sim_clear_faults(p->sim);
		struct sim *image = sim_crash(p->sim, &none);
		assert_non_null(image);
		sim_free(p->sim);
		p->sim = image;
		patient_reopen(p);
		patient_puts(p, 1);
		assert_true(p->lsn[p->puts - 1] > last);
		assert_int_equal(patient_info(p).last_lsn, p->lsn[p->puts - 1]);
		assert_int_equal(patient_info(p).durable_lsn, p->lsn[p->puts - 1]);
		patient_free(p);
	}
}

/* An opening that writes nothing to the log leaves the stop as clean as it was. */
static void a_refused_mutation_leaves_the_stop_clean(void **state)
{
	(void)state;
	const struct hf_cursor_remove_args remove = {.key = {hf_str("c"), hf_str("none"), hf_str("")}};
	struct patient *p = stopped(false);
	patient_reopen(p);
	const uint64_t before = sim_hash(p->sim);
	assert_int_equal(hf_cursor_remove(p->store, NULL, &remove, NULL, NULL), HF_ENOTFOUND);
	assert_true(sim_hash(p->sim) == before);
	patient_kill(p);
	patient_reopen(p);
	assert_false(patient_info(p).recovered);
	patient_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_follows_a_failed_first_flush_into_a_new_segment_survives),
	    cmocka_unit_test(what_follows_a_failed_first_flush_in_the_same_segment_survives),
	    cmocka_unit_test(what_follows_the_failed_first_flush_of_a_new_store_survives),
	    cmocka_unit_test(a_group_that_a_reopened_store_did_not_show_does_not_appear_later),
	    cmocka_unit_test(every_file_may_fail_at_once),
	    cmocka_unit_test(info_gives_no_lsn_away_that_a_power_cut_issues_again),
	    cmocka_unit_test(a_refused_mutation_leaves_the_stop_clean),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
