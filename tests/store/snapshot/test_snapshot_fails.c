/* tier: fast */
/* A snapshot that cannot be taken or read, for want of memory or room, wherever that is noticed:
 * the store is as it was, nothing is left, and the next try succeeds. */
#include <errno.h>

#include "base/mem.h"
#include "lib/churn/churn.h"
#include "lib/settings.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"
#include "log/snapshot.h"
#include "store/store.h"

enum { KIB = 1024 };

static struct stage *begin(struct churn *churn, const char *name, unsigned steps)
{
	struct stage *stage = churn_begin(churn, name, (struct hf_options){0}, 4000, steps);
	assert_int_equal(hf_sync(stage->store, NULL), HF_OK);
	return stage;
}

static int is_new(void *arg, const char *name)
{
	uint64_t lsn;
	(void)arg;
	return hf__snapshot_name_parse(name, &lsn) || strstr(name, ".tmp") ? -1 : 0;
}

static bool nothing_is_left(const struct stage *stage)
{
	const struct hf__os *os = sim_os(stage->sim);
	return os->list(os->ctx, is_new, NULL) == 0;
}

static bool veto(void *ctx, size_t size)
{
	unsigned *left = ctx;
	(void)size;
	return (*left)-- == 0;
}

/* --- Taking ----------------------------------------------------------------------------------- */

static void no_memory_anywhere_leaves_the_store_as_it_was(void **state)
{
	(void)state;
	struct churn churn;
	struct stage *stage = begin(&churn, "no memory", 120);
	struct hf__writer before = stage_dump(stage);
	int rc = HF_ENOMEM;
	unsigned tries = 0;
	for (; rc != HF_OK; tries++) {
		unsigned left = tries;
		assert_true(nothing_is_left(stage));
		hf__mem_set_veto(veto, &left);
		rc = hf_snapshot(stage->store, NULL);
		hf__mem_set_veto(NULL, NULL);
		assert_true(rc == HF_OK || rc == HF_ENOMEM);
	}
	assert_true(tries > 20);
	struct hf__writer after = stage_dump(stage);
	assert_true(
	    hf__bytes_equal(hf_bytes_of(before.data, before.len), hf_bytes_of(after.data, after.len)));
	hf__writer_deinit(&before);
	hf__writer_deinit(&after);
	stage_switch(stage);
	churn_end(&churn, stage);
}

/* A full disk is no failure of the store: it goes on, and takes one when there is room. */
static void a_full_disk_takes_no_snapshot_and_goes_on(void **state)
{
	(void)state;
	struct churn churn;
	struct stage *stage = begin(&churn, "full", 200);
	struct sim *sim = stage->sim;
	int rc = HF_ENOSPACE;
	unsigned refused = 0;
	for (uint64_t room = 0; rc != HF_OK; room += room / 4 + 3 * KIB) {
		sim_set_capacity(sim, sim_used(sim) + room);
		rc = hf_snapshot(stage->store, NULL);
		assert_true(rc == HF_OK || rc == HF_ENOSPACE);
		assert_true(rc == HF_OK || nothing_is_left(stage));
		refused += rc != HF_OK;
	}
	assert_true(refused > 3);
	sim_set_capacity(sim, UINT64_MAX);
	churn_step(&churn, stage->store);
	stage_switch(stage);
	churn_end(&churn, stage);
}

/* --- Reading ---------------------------------------------------------------------------------- */

static void an_opening_without_memory_opens_nothing_and_the_next_one_all(void **state)
{
	(void)state;
	struct churn churn;
	struct stage *stage = begin(&churn, "opening", 60);
	struct hf_options options = stage->options;
	int rc = HF_ENOMEM;
	struct hf_info info = {0};
	options.create = false;
	assert_int_equal(hf_snapshot(stage->store, NULL), HF_OK);
	assert_int_equal(hf_close(stage->store, NULL), HF_OK);
	stage->store = NULL;
	for (unsigned tries = 0; rc != HF_OK; tries++) {
		unsigned left = tries;
		hf__mem_set_veto(veto, &left);
		rc = hf__store_open(sim_os(stage->sim), hf__all_domains(), &options, &stage->store, NULL);
		hf__mem_set_veto(NULL, NULL);
		assert_true(rc == HF_OK || rc == HF_ENOMEM);
	}
	assert_int_equal(hf_get_info(stage->store, &info, NULL), HF_OK);
	assert_true(info.snapshot_lsn > 0 && info.snapshots_damaged == 0);
	churn_end(&churn, stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_memory_anywhere_leaves_the_store_as_it_was),
	    cmocka_unit_test(a_full_disk_takes_no_snapshot_and_goes_on),
	    cmocka_unit_test(an_opening_without_memory_opens_nothing_and_the_next_one_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
