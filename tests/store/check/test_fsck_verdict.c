/* tier: fast */
/* Verdicts of fsck: none without memory or without a check, one beside a writer, and always in
 * agreement with what an opening says. */
#include <errno.h>

#include "base/mem.h"
#include "fsck_case.h"
#include "lib/rng.h"

/* --- No memory -------------------------------------------------------------------------------- */

struct veto {
	unsigned left;
};

static bool fail_after(void *ctx, size_t size)
{
	struct veto *veto = ctx;
	(void)size;
	if (veto->left == 0)
		return true;
	veto->left--;
	return false;
}

/* Each allocation fails in its turn, and all after it: never a verdict, never a finding of
 * damage that is none. */
static void without_memory_there_is_no_verdict(void **state)
{
	struct fixture *f = *state;
	const struct place *p = place_of(f, "enqueue", "j010");
	flip(f, file_of(p->segment), p->offset + 40);
	struct said said = {.count = 0};
	for (unsigned i = 0;; i = i < 40 ? i + 1 : i + i / 7) {
		struct veto veto = {i};
		hf__mem_set_veto(fail_after, &veto);
		said = (struct said){.count = 0};
		said.rc = hf__fsck(sim_os(f->sim), hf__all_domains(), NULL, note_finding, &said,
		                   &said.summary, &said.error);
		hf__mem_set_veto(NULL, NULL);
		if (said.rc == HF_ECORRUPT)
			break;
		assert_int_equal(said.rc, HF_ENOMEM);
		assert_int_equal(said.error.code, HF_ENOMEM);
		assert_int_equal(said.count, 0);
	}
	expect_verdict(&said, HF_ECORRUPT, 1);
	back(f);
}

/* A writer that has the store open has not stopped, cleanly or not; the reader is another
 * opener of the same disk. */
static void beside_a_writer_nothing_has_stopped(void **state)
{
	struct fixture *f = *state;
	const struct hf_options options = {.no_background = true, .segment_size = SEGMENT};
	hf_store *store = NULL;
	assert_int_equal(
	    hf__store_open(sim_opener(f->sim, 1), hf__all_domains(), &options, &store, NULL), HF_OK);
	assert_int_equal(check(f->sim)->summary.last_stop, HF_FSCK_STOP_NONE);
	assert_int_equal(hf_close(store, NULL), HF_OK);
	assert_int_equal(check(f->sim)->summary.last_stop, HF_FSCK_STOP_CLEAN);
	back(f);
}

static void a_check_that_did_not_happen_has_no_verdict(void **state)
{
	struct fixture *f = *state;
	struct hf_fsck_summary summary = {0};
	static const enum sim_call calls[] = {SIM_BOOT_ID, SIM_RANDOM};
	for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
		sim_add_fault(f->sim,
		              (struct sim_fault){.kinds = calls[i], .error = EIO, .persistent = true});
		const int rc =
		    hf__fsck(sim_os(f->sim), hf__all_domains(), NULL, NULL, NULL, &summary, NULL);
		sim_clear_faults(f->sim);
		assert_true(rc != HF_OK || summary.checked);
		assert_true(summary.checked || summary.verdict == rc);
		assert_int_equal(summary.last_stop,
		                 summary.checked ? HF_FSCK_STOP_CLEAN : HF_FSCK_STOP_UNKNOWN);
	}
	back(f);
}

/* --- With openings ---------------------------------------------------------------------------- */

/* Bits far apart, all over the store: fsck says damage wherever an opening refuses, and is clean
 * only where nothing is wrong. */
static void fsck_and_opening_agree(void **state)
{
	struct fixture *f = *state;
	struct hf_rng rng = hf_rng_for("fsck");
	char name[SIM_NAME_MAX + 1];
	uint64_t size = 0;
	unsigned refused = 0, noticed = 0, flips = 0;
	for (size_t i = 0; sim_list(f->sim, i, name, &size); i++) {
		for (uint64_t bit = hf_rng_below(&rng, 4001); bit < size * 8; bit += 4001, flips++) {
			struct hf_error error = {0};
			hf_store *store = NULL;
			assert_true(sim_flip_bit(f->sim, name, bit));
			const struct said *said = check(f->sim);
			const bool sound = said->count == 0;
			const int verdict = said->rc;
			const struct hf_options options = {.no_background = true, .segment_size = SEGMENT};
			const int rc =
			    hf__store_open(sim_os(f->sim), hf__all_domains(), &options, &store, &error);
			(void)hf_close(store, NULL);
			if ((rc != HF_OK && verdict != HF_ECORRUPT) || (rc == HF_OK && sound && bit / 8 < 512))
				fail_msg("%s bit %llu: opening says %s, fsck says %s", name,
				         (unsigned long long)bit, hf_code_name(rc), hf_code_name(verdict));
			refused += rc != HF_OK;
			noticed += !sound;
			back(f);
		}
	}
	print_message("figure: fsck, %u flips: an opening refuses %u, fsck notices %u\n", flips,
	              refused, noticed);
	assert_true(refused > 0 && noticed >= refused);
	/* Only flips behind the log's ends, where the next header has said that nothing exists, are
	 * seen and harmless; none is overlooked. */
	assert_int_equal(noticed, flips);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(without_memory_there_is_no_verdict, begin),
	    cmocka_unit_test_setup(beside_a_writer_nothing_has_stopped, begin),
	    cmocka_unit_test_setup(a_check_that_did_not_happen_has_no_verdict, begin),
	    cmocka_unit_test_setup(fsck_and_opening_agree, begin),
	};
	return cmocka_run_group_tests_name("verdicts of fsck", tests, set_up, tear_down);
}
