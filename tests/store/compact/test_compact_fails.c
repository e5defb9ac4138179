/* tier: fast */
/* A compaction that cannot end, for want of memory or room or by a call to the disk that fails,
 * wherever that is: the state is as it was, here and at the next opening, and the next try does
 * what is left. */
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

static bool veto(void *ctx, size_t size)
{
	unsigned *left = ctx;
	(void)size;
	return (*left)-- == 0;
}

static bool same_dump(struct hf__writer *before, struct hf__writer *after)
{
	const bool same = hf__bytes_equal(hf_bytes_of(before->data, before->len),
	                                  hf_bytes_of(after->data, after->len));
	hf__writer_deinit(after);
	return same;
}

static void is_as_before(struct stage *stage, struct hf__writer *before)
{
	struct hf__writer after = stage_dump(stage);
	assert_true(same_dump(before, &after));
	stage_verify(stage);
}

static void reopen(struct stage *stage)
{
	struct hf_options options = stage->options;
	options.create = false;
	(void)hf_close(stage->store, NULL);
	assert_int_equal(
	    hf__store_open(sim_os(stage->sim), hf__all_domains(), &options, &stage->store, NULL),
	    HF_OK);
}

static void no_memory_anywhere_leaves_the_state_as_it_was(void **state)
{
	(void)state;
	struct churn churn;
	struct stage *stage = begin(&churn, "no memory", 200);
	struct hf__writer before = stage_dump(stage);
	int rc = HF_ENOMEM;
	unsigned tries = 0;
	for (; rc != HF_OK; tries++) {
		unsigned left = tries;
		hf__mem_set_veto(veto, &left);
		rc = hf_compact(stage->store, NULL);
		hf__mem_set_veto(NULL, NULL);
		assert_true(rc == HF_OK || rc == HF_ENOMEM);
		is_as_before(stage, &before);
		if (tries % 8 == 0)
			reopen(stage);
	}
	assert_true(tries > 20);
	hf__writer_deinit(&before);
	churn_end(&churn, stage);
}

/* A full disk is no failure of the store: it goes on, and is compacted when there is room. */
static void a_full_disk_stops_it_and_nothing_else(void **state)
{
	(void)state;
	struct churn churn;
	struct stage *stage = begin(&churn, "full", 900);
	struct sim *sim = stage->sim;
	int rc = HF_ENOSPACE;
	unsigned refused = 0;
	struct hf__writer before = stage_dump(stage);
	const uint64_t used = sim_used(sim);
	for (uint64_t room = 0; rc != HF_OK; room += room / 4 + 3 * KIB) {
		sim_set_capacity(sim, sim_used(sim) + room);
		rc = hf_compact(stage->store, NULL);
		assert_true(rc == HF_OK || rc == HF_ENOSPACE);
		assert_true(rc == HF_OK || sim_used(sim) <= used);
		is_as_before(stage, &before);
		refused += rc != HF_OK;
	}
	assert_true(refused > 3);
	assert_true(sim_used(sim) < used);
	hf__writer_deinit(&before);
	sim_set_capacity(sim, UINT64_MAX);
	churn_step(&churn, stage->store);
	stage_switch(stage);
	churn_end(&churn, stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_memory_anywhere_leaves_the_state_as_it_was),
	    cmocka_unit_test(a_full_disk_stops_it_and_nothing_else),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
