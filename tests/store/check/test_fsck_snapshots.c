/* tier: fast */
/* What the check of a store says of its snapshots: each byte counts, and whose it is; a read that
 * fails is no damage; what is unfinished is a leftover. The store opens all the same. */
#include <errno.h>

#include "lib/churn/churn.h"
#include "lib/settings.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"
#include "log/snapshot.h"
#include "store/check/readonly.h"
#include "store/store.h"

struct place {
	struct churn churn;
	struct stage *stage;
	const struct hf__os *os;
	char name[HF__NAME_MAX];
};

static int find_snapshot(void *arg, const char *name)
{
	uint64_t lsn;
	if (!hf__snapshot_name_parse(name, &lsn))
		return 0;
	strcpy(arg, name);
	return -1;
}

static void begin(struct place *p, const char *name)
{
	p->stage = stage_open_with(SETTING_REOPENED, &(struct hf_options){.segment_size = 64u << 10});
	p->os = sim_os(p->stage->sim);
	churn_init(&p->churn, name, 30, 4000);
	for (unsigned i = 0; i < 200; i++)
		churn_step(&p->churn, p->stage->store);
	assert_int_equal(hf_snapshot(p->stage->store, NULL), HF_OK);
	assert_int_equal(p->os->list(p->os->ctx, find_snapshot, p->name), -1);
}

static void end(struct place *p)
{
	churn_deinit(&p->churn);
	stage_drop(p->stage);
}

struct seen {
	int worst;
	char file[64], what[200];
};

static void note(void *ctx, const struct hf_fsck_finding *finding)
{
	struct seen *seen = ctx;
	if ((int)finding->severity <= seen->worst)
		return;
	seen->worst = (int)finding->severity;
	(void)snprintf(seen->file, sizeof seen->file, "%s", finding->file);
	(void)snprintf(seen->what, sizeof seen->what, "%s", finding->what);
}

static struct seen check(const struct place *p)
{
	struct seen seen = {.worst = -1};
	struct hf_fsck_summary summary = {0};
	const int rc = hf__fsck(p->os, hf__all_domains(), NULL, note, &seen, &summary, NULL);
	assert_int_equal(rc == HF_ECORRUPT, seen.worst == HF_FSCK_DAMAGE);
	return seen;
}

static uint64_t size_of(const struct place *p)
{
	uint64_t size = 0;
	int file = -1;
	assert_int_equal(p->os->open(p->os->ctx, p->name, 0, &file), 0);
	assert_int_equal(p->os->size(p->os->ctx, file, &size), 0);
	assert_int_equal(p->os->close(p->os->ctx, file), 0);
	return size;
}

static void flip(const struct place *p, uint64_t at, uint8_t bits)
{
	uint8_t byte = 0;
	size_t got = 0;
	int file = -1;
	assert_int_equal(p->os->open(p->os->ctx, p->name, HF__OS_WRITE, &file), 0);
	assert_int_equal(p->os->read(p->os->ctx, file, &byte, 1, at, &got), 0);
	byte ^= bits;
	assert_int_equal(p->os->write(p->os->ctx, file, &byte, 1, at), 0);
	assert_int_equal(p->os->close(p->os->ctx, file), 0);
}

static void a_whole_snapshot_is_no_finding(void **state)
{
	(void)state;
	struct place p;
	begin(&p, "whole");
	assert_true(check(&p).worst < HF_FSCK_IO);
	end(&p);
}

static void every_byte_of_a_snapshot_counts(void **state)
{
	(void)state;
	struct place p;
	begin(&p, "bytes");
	const uint64_t size = size_of(&p);
	for (unsigned i = 0; i < 150; i++) {
		const uint64_t at = hf_rng_below(&p.churn.random.rng, size);
		const uint8_t bits = (uint8_t)(1u << hf_rng_below(&p.churn.random.rng, 8));
		flip(&p, at, bits);
		const struct seen seen = check(&p);
		assert_true(seen.worst >= HF_FSCK_NEWER);
		assert_string_equal(seen.file, p.name);
		assert_true(seen.worst == HF_FSCK_NEWER || strstr(seen.what, "the log has all of it"));
		flip(&p, at, bits);
	}
	assert_true(check(&p).worst < HF_FSCK_IO);
	end(&p);
}

static void one_that_was_cut_or_renamed_is_damaged(void **state)
{
	(void)state;
	struct place p;
	begin(&p, "cut");
	char other[HF__NAME_MAX];
	hf__snapshot_name(7, other);
	assert_int_equal(p.os->rename(p.os->ctx, p.name, other), 0);
	struct seen seen = check(&p);
	assert_int_equal(seen.worst, HF_FSCK_DAMAGE);
	assert_non_null(strstr(seen.what, "another place"));
	assert_int_equal(p.os->rename(p.os->ctx, other, p.name), 0);
	for (uint64_t size = size_of(&p); size > 0; size = size * 2 / 3) {
		assert_int_equal(p.os->cut(p.os->ctx, p.name, size - 1), 0);
		seen = check(&p);
		assert_int_equal(seen.worst, HF_FSCK_DAMAGE);
		assert_string_equal(seen.file, p.name);
	}
	end(&p);
}

static void a_read_that_fails_is_no_damage(void **state)
{
	(void)state;
	struct place p;
	begin(&p, "reading");
	sim_add_fault(
	    p.stage->sim,
	    (struct sim_fault){.kinds = SIM_READ, .name = p.name, .error = EIO, .persistent = true});
	const struct seen seen = check(&p);
	assert_int_equal(seen.worst, HF_FSCK_IO);
	assert_string_equal(seen.file, p.name);
	sim_clear_faults(p.stage->sim);
	assert_true(check(&p).worst < HF_FSCK_IO);
	end(&p);
}

static void an_unfinished_one_is_a_leftover(void **state)
{
	(void)state;
	struct place p;
	begin(&p, "unfinished");
	char tmp[HF__NAME_MAX];
	(void)snprintf(tmp, sizeof tmp, "%.21s.tmp", p.name);
	assert_int_equal(p.os->rename(p.os->ctx, p.name, tmp), 0);
	assert_true(check(&p).worst < HF_FSCK_IO);
	end(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_whole_snapshot_is_no_finding),
	    cmocka_unit_test(every_byte_of_a_snapshot_counts),
	    cmocka_unit_test(one_that_was_cut_or_renamed_is_damaged),
	    cmocka_unit_test(a_read_that_fails_is_no_damage),
	    cmocka_unit_test(an_unfinished_one_is_a_leftover),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
