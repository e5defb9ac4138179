/* tier: fast */
/* A log that begins behind a snapshot: segments that it covers may be gone once IDENTITY says so
 * (incompat bit 0), and nothing else may. Opening, log, feed and check agree on what is there. */
#include "holdfast/admin.h"
#include "lib/patient.h"
#include "lib/test.h"
#include "log/snapshot.h"
#include "store/check/readonly.h"

enum { SEGMENTS = 4 };

static const char *segment_name(uint32_t number)
{
	static char name[HF__NAME_MAX];
	hf__segment_name(number, name);
	return name;
}

static const char *snapshot_name(uint64_t lsn)
{
	static char name[HF__NAME_MAX];
	hf__snapshot_name(lsn, name);
	return name;
}

static void say_behind_snapshot(struct patient *p)
{
	const struct hf__os *os = sim_os(p->sim);
	uint8_t bytes[HF__IDENTITY_SIZE];
	struct hf__identity identity;
	size_t got = 0;
	int file = -1;
	assert_int_equal(os->open(os->ctx, HF__NAME_IDENTITY, HF__OS_WRITE, &file), 0);
	assert_int_equal(os->read(os->ctx, file, bytes, sizeof bytes, 0, &got), 0);
	assert_int_equal(hf__identity_decode(bytes, got, &identity), HF_OK);
	identity.incompat |= HF__FEATURE_BEHIND_SNAPSHOT;
	hf__identity_encode(&identity, bytes);
	assert_int_equal(os->write(os->ctx, file, bytes, sizeof bytes, 0), 0);
	assert_int_equal(os->sync(os->ctx, file), 0);
	assert_int_equal(os->close(os->ctx, file), 0);
}

struct behind {
	struct patient *p;
	uint64_t lsn; /* of the snapshot */
	uint32_t segment; /* in which it lies */
	uint64_t puts;
};

/* Three full segments, a snapshot in the fourth, work behind it; closed. */
static struct behind begin(bool rotates_behind)
{
	struct behind b = {.p = patient_new(sim_profile_strict(), 0)};
	for (unsigned i = 1; i < SEGMENTS; i++)
		patient_rotate(b.p);
	patient_puts(b.p, 2);
	assert_int_equal(hf_snapshot(b.p->store, NULL), HF_OK);
	b.lsn = patient_info(b.p).last_lsn;
	b.segment = patient_info(b.p).segment;
	if (rotates_behind)
		patient_rotate(b.p);
	patient_puts(b.p, 3);
	b.puts = patient_sequence(b.p);
	patient_close(b.p);
	return b;
}

static void remove_segments(struct behind *b, uint32_t upto)
{
	for (uint32_t number = 1; number <= upto; number++)
		(void)sim_remove_file(b->p->sim, segment_name(number));
}

static bool count(void *ctx, const struct hf_log_entry *entry)
{
	uint64_t *all = ctx;
	all[0] = all[0] ? all[0] : entry->lsn;
	all[1] = entry->lsn;
	return true;
}

static int fsck(struct patient *p)
{
	struct hf_fsck_summary summary = {0};
	const int rc =
	    hf__fsck(sim_os(p->sim), hf__all_domains(), NULL, NULL, NULL, &summary, &p->error);
	assert_true(rc != HF_OK || summary.state_checked);
	return rc;
}

static void the_state_is_that_of_the_whole_log(void **state)
{
	(void)state;
	for (unsigned rotates = 0; rotates < 2; rotates++) {
		struct behind b = begin(rotates);
		say_behind_snapshot(b.p);
		for (uint32_t upto = 0; upto < b.segment; upto++) {
			remove_segments(&b, upto);
			assert_int_equal(fsck(b.p), HF_OK);
			patient_has(b.p, b.puts);
			assert_int_equal(patient_info(b.p).snapshot_lsn, b.lsn);
			patient_close(b.p);
		}
		patient_recovers(b.p, b.puts);
		patient_close(b.p);
		assert_int_equal(fsck(b.p), HF_OK);
		patient_free(b.p);
	}
}

static void the_segment_of_the_cut_may_go_when_the_log_is_past_it(void **state)
{
	(void)state;
	struct behind b = begin(true);
	say_behind_snapshot(b.p);
	/* The cut lies inside it, so what it holds behind the cut is needed. */
	remove_segments(&b, b.segment);
	patient_refused(b.p, HF_ECORRUPT);
	assert_int_equal(fsck(b.p), HF_ECORRUPT);
	patient_free(b.p);
}

static void without_the_feature_a_missing_segment_is_damage(void **state)
{
	(void)state;
	struct behind b = begin(true);
	remove_segments(&b, 1);
	patient_refused(b.p, HF_ECORRUPT);
	assert_int_equal(fsck(b.p), HF_ECORRUPT);
	patient_free(b.p);
}

static void without_its_snapshot_the_log_is_damaged(void **state)
{
	(void)state;
	struct behind b = begin(true);
	say_behind_snapshot(b.p);
	assert_true(sim_remove_file(b.p->sim, snapshot_name(b.lsn)));
	patient_has(b.p, b.puts); /* all of the log is there */
	patient_close(b.p);
	remove_segments(&b, 2);
	patient_refused(b.p, HF_ECORRUPT);
	assert_non_null(strstr(b.p->error.text, "missing"));
	assert_int_equal(fsck(b.p), HF_ECORRUPT);
	patient_free(b.p);
}

static void a_damaged_snapshot_is_named(void **state)
{
	(void)state;
	struct behind b = begin(true);
	const struct hf__os *os = sim_os(b.p->sim);
	uint8_t byte = 0;
	size_t got = 0;
	int file = -1;
	say_behind_snapshot(b.p);
	assert_int_equal(os->open(os->ctx, snapshot_name(b.lsn), HF__OS_WRITE, &file), 0);
	assert_int_equal(os->read(os->ctx, file, &byte, 1, 530, &got), 0);
	byte ^= 8;
	assert_int_equal(os->write(os->ctx, file, &byte, 1, 530), 0);
	assert_int_equal(os->close(os->ctx, file), 0);
	patient_has(b.p, b.puts);
	assert_int_equal(patient_info(b.p).snapshots_damaged, 1);
	patient_close(b.p);
	remove_segments(&b, 1);
	patient_refused(b.p, HF_ECORRUPT);
	assert_string_equal(b.p->error.file, snapshot_name(b.lsn));
	assert_int_equal(fsck(b.p), HF_ECORRUPT);
	patient_free(b.p);
}

static void a_segment_behind_the_snapshot_must_be_there(void **state)
{
	(void)state;
	struct behind b = begin(true);
	say_behind_snapshot(b.p);
	patient_reopen(b.p);
	patient_rotate(b.p);
	patient_close(b.p);
	assert_true(sim_remove_file(b.p->sim, segment_name(b.segment + 1)));
	patient_refused(b.p, HF_ECORRUPT);
	assert_int_equal(fsck(b.p), HF_ECORRUPT);
	patient_free(b.p);
}

/* What a crash may leave of a removal: any of them. */
static void a_hole_before_the_snapshot_makes_leftovers_of_what_is_older(void **state)
{
	(void)state;
	struct behind b = begin(true);
	say_behind_snapshot(b.p);
	assert_true(sim_remove_file(b.p->sim, segment_name(2)));
	assert_int_equal(fsck(b.p), HF_OK);
	patient_recovers(b.p, b.puts);
	patient_close(b.p);
	assert_false(sim_remove_file(b.p->sim, segment_name(1))); /* the opening removed it */
	patient_has(b.p, b.puts + 1);
	patient_free(b.p);
}

static void the_log_says_where_it_begins(void **state)
{
	(void)state;
	struct behind b = begin(true);
	const struct hf__os *os = sim_os(b.p->sim);
	say_behind_snapshot(b.p);
	remove_segments(&b, 2);
	const uint64_t before = patient_header(b.p, 3).previous_lsn;
	uint64_t all[2] = {0, 0};
	assert_int_equal(
	    hf__log_each(os, hf__all_domains(), 0, HF_LOG_WITHOUT_TEXT, count, all, &b.p->error),
	    HF_OK);
	assert_int_equal(all[0], before + 1);
	assert_int_equal(all[1], b.p->lsn[b.p->puts - 1]);
	assert_int_equal(
	    hf__log_each(os, hf__all_domains(), before, HF_LOG_WITHOUT_TEXT, count, all, &b.p->error),
	    HF_EGONE);
	all[0] = 0;
	assert_int_equal(hf__log_each(os, hf__all_domains(), before + 1, HF_LOG_WITHOUT_TEXT, count,
	                              all, &b.p->error),
	                 HF_OK);
	assert_int_equal(all[0], before + 1);
	struct hf_feed *feed = NULL;
	assert_int_equal(hf__feed_look(os, hf__all_domains(), before, &feed, NULL), HF_EGONE);
	assert_int_equal(hf__feed_look(os, hf__all_domains(), before + 1, &feed, NULL), HF_OK);
	hf_feed_close(feed);
	patient_free(b.p);
}

static void a_log_that_no_snapshot_covers_is_not_read_as_if_it_were_whole(void **state)
{
	(void)state;
	struct behind b = begin(true);
	uint64_t all[2] = {0, 0};
	say_behind_snapshot(b.p);
	assert_true(sim_remove_file(b.p->sim, snapshot_name(b.lsn)));
	remove_segments(&b, 2);
	assert_int_equal(hf__log_each(sim_os(b.p->sim), hf__all_domains(), 0, HF_LOG_WITHOUT_TEXT,
	                              count, all, &b.p->error),
	                 HF_ECORRUPT);
	patient_free(b.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_state_is_that_of_the_whole_log),
	    cmocka_unit_test(the_segment_of_the_cut_may_go_when_the_log_is_past_it),
	    cmocka_unit_test(without_the_feature_a_missing_segment_is_damage),
	    cmocka_unit_test(without_its_snapshot_the_log_is_damaged),
	    cmocka_unit_test(a_damaged_snapshot_is_named),
	    cmocka_unit_test(a_segment_behind_the_snapshot_must_be_there),
	    cmocka_unit_test(a_hole_before_the_snapshot_makes_leftovers_of_what_is_older),
	    cmocka_unit_test(the_log_says_where_it_begins),
	    cmocka_unit_test(a_log_that_no_snapshot_covers_is_not_read_as_if_it_were_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
