/* tier: fast */
/* The walk over a state that changes meanwhile gives what stood there at the cut, whatever is done
 * between its steps and however small these are: random work over all domains, refusals and
 * transactions that are taken back among it. */
#include <errno.h>
#include <stdio.h>

#include "base/mem.h"
#include "lib/churn/churn.h"
#include "lib/settings.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"
#include "store/internal.h"
#include "store/snapshot/sorter.h"
#include "store/snapshot/walk.h"

/* Entries as hf__state_dump() gives them. */
struct given {
	const struct hf__domains *domains;
	struct hf__writer out;
	unsigned rows; /* begun */
};

static void begin_rows(struct given *g, unsigned up_to)
{
	for (; g->rows <= up_to && g->rows < g->domains->count; g->rows++) {
		if (g->rows > 0)
			hf__put_u64(&g->out, 0);
		hf__put_u8(&g->out, g->domains->rows[g->rows]->id);
	}
}

static int take(void *arg, const struct hf__sorted *entry, const uint8_t *body,
                const struct hf__sorted_ref *refs)
{
	struct given *g = arg;
	(void)refs;
	(void)entry;
	begin_rows(g, entry->row);
	hf__put_u64(&g->out, entry->lsn);
	hf__put_u8(&g->out, entry->kind);
	hf__put_long(&g->out, hf_bytes_of(body, entry->body_len));
	return HF_OK;
}

static void work_between(struct churn *churn, struct stage *stage, int64_t *now)
{
	for (uint64_t i = hf_rng_below(&churn->random.rng, 4); i > 0; i--)
		churn_step(churn, stage->store);
	if (hf_rng_chance(&churn->random.rng, 1, 8)) {
		*now += (int64_t)hf_rng_below(&churn->random.rng, 40) * 1000000;
		stage_at(stage, *now);
		assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
	}
}

static void spill(struct hf__sorter *sorter)
{
	struct hf__sorted_batch batch;
	int os_errno = 0;
	hf__sorter_take(sorter, &batch);
	assert_int_equal(hf__sorter_spill(sorter, &batch, &os_errno), 0);
}

static struct hf__writer entries_of(struct hf__sorter *sorter, hf_store *s)
{
	struct given g = {.domains = s->domains};
	int os_errno = 0;
	assert_int_equal(hf__sorter_give(sorter, take, &g, &os_errno), HF_OK);
	hf__sorter_deinit(sorter);
	begin_rows(&g, g.domains->count);
	hf__put_u64(&g.out, 0);
	return g.out;
}

static void begin_walk(struct hf__walk *walk, struct hf__sorter *sorter, hf_store *s)
{
	hf__sorter_init(sorter, s->os, s->domains->rows);
	(void)pthread_mutex_lock(&s->lock);
	sorter->into.setback = hf__setback(s, s->world.states);
	hf__walk_begin(walk, s->domains, s->world.states, s->world.next_lsn - 1, &sorter->into,
	               &s->world.change);
}

/* One walk, taken down to entries in order. */
static struct hf__writer walk_beside_work(struct churn *churn, struct stage *stage, int64_t *now,
                                          uint64_t *given)
{
	hf_store *s = stage->store;
	struct hf__sorter sorter;
	struct hf__walk walk;
	bool more = true;
	const bool spills = hf_rng_chance(&churn->random.rng, 1, 2);
	begin_walk(&walk, &sorter, s);
	while (more) {
		const unsigned budget = 1 + (unsigned)hf_rng_below(&churn->random.rng, 20);
		assert_int_equal(hf__walk_step(&walk, budget, &more), HF_OK);
		*given += sorter.filling.count;
		if (spills && hf_rng_chance(&churn->random.rng, 1, 10))
			spill(&sorter);
		(void)pthread_mutex_unlock(&s->lock);
		work_between(churn, stage, now);
		(void)pthread_mutex_lock(&s->lock);
	}
	assert_int_equal(walk.rc, HF_OK);
	hf__walk_end(&s->world.change);
	(void)pthread_mutex_unlock(&s->lock);
	return entries_of(&sorter, s);
}

static void the_walk_gives_the_state_at_its_cut_whatever_happens_meanwhile(void **state)
{
	(void)state;
	/* payloads stay in memory: what stands for them on disk is the writer's */
	struct stage *stage = stage_open_with(
	    SETTING_LIVE, &(struct hf_options){.segment_size = 64u << 10, .inline_max = 1u << 20});
	struct churn churn;
	int64_t now = STAGE_NOW;
	uint64_t given = 0;
	churn_init(&churn, "cut", 10, 400);
	for (unsigned i = 0; i < 300; i++)
		churn_step(&churn, stage->store);
	for (unsigned round = 0; round < 60; round++) {
		struct hf__writer at_cut = stage_dump(stage);
		struct hf__writer walked = walk_beside_work(&churn, stage, &now, &given);
		assert_true(hf__bytes_equal(hf_bytes_of(at_cut.data, at_cut.len),
		                            hf_bytes_of(walked.data, walked.len)));
		hf__writer_deinit(&at_cut);
		hf__writer_deinit(&walked);
	}
	printf("figure: 60 walks beside work, %llu entries given\n", (unsigned long long)given);
	churn_deinit(&churn);
	stage_close(stage);
}

/* --- One transaction that changes very much --------------------------------------------------- */

enum { ITEMS = 90, ITEM = 130 << 10, SMALL_ITEMS = 60000, MIB = 1 << 20, KEPT_MOST = 17 * MIB };

static struct stage *with_items(unsigned count, size_t bytes)
{
	struct stage *stage = stage_open_with(SETTING_LIVE, &(struct hf_options){.inline_max = MIB});
	static uint8_t payload[ITEM];
	for (unsigned i = 0; i < count; i++) {
		char id[16];
		(void)snprintf(id, sizeof id, "%u", i);
		const struct hf_outbox_enqueue_args args = {.write.durability = HF_OS,
		                                            .queue = hf_str("q"),
		                                            .id = hf_str(id),
		                                            .payload = hf_bytes_of(payload, bytes)};
		assert_int_equal(hf_outbox_enqueue(stage->store, NULL, &args, NULL, NULL), HF_OK);
	}
	assert_int_equal(hf_sync(stage->store, NULL), HF_OK);
	return stage;
}

static int clear(struct stage *stage, hf_txn *txn)
{
	const struct hf_outbox_clear_args args = {.queue = hf_str("q")};
	return hf_outbox_clear(stage->store, txn, &args, NULL, NULL);
}

struct most {
	size_t used;
};

static bool note_used(void *ctx, size_t size)
{
	struct most *m = ctx;
	const size_t used = hf__mem_used() + size;
	m->used = used > m->used ? used : m->used;
	return false;
}

/* What clearing the queue takes at most, beside what is taken already. */
static size_t memory_of_clearing(struct stage *stage)
{
	struct most m = {0};
	const size_t before = hf__mem_used();
	hf__mem_set_veto(note_used, &m);
	assert_int_equal(clear(stage, NULL), HF_OK);
	hf__mem_set_veto(NULL, NULL);
	return m.used - before;
}

static void walk_on(struct hf__walk *walk, hf_store *s)
{
	bool more = true;
	while (more)
		assert_int_equal(hf__walk_step(walk, 64, &more), HF_OK);
	assert_int_equal(walk->rc, HF_OK);
	hf__walk_end(&s->world.change);
	(void)pthread_mutex_unlock(&s->lock);
}

static void a_transaction_that_changes_all_keeps_a_bounded_part_in_memory(void **state)
{
	(void)state;
	struct stage *stage = with_items(SMALL_ITEMS, 300);
	const size_t alone = memory_of_clearing(stage);
	stage_close(stage);
	stage = with_items(SMALL_ITEMS, 300);
	struct hf__writer at_cut = stage_dump(stage);
	struct hf__sorter sorter;
	struct hf__walk walk;
	begin_walk(&walk, &sorter, stage->store);
	(void)pthread_mutex_unlock(&stage->store->lock);
	const size_t beside = memory_of_clearing(stage);
	(void)pthread_mutex_lock(&stage->store->lock);
	printf("figure: clearing %d items takes %zu KiB alone, %zu KiB beside a walk, %llu KiB were "
	       "spilled\n",
	       SMALL_ITEMS, alone / 1024, beside / 1024, (unsigned long long)sorter.spilled / 1024);
	assert_true(sorter.spilled > KEPT_MOST);
	assert_true(beside < alone + KEPT_MOST);
	walk_on(&walk, stage->store);
	struct hf__writer walked = entries_of(&sorter, stage->store);
	assert_true(hf__bytes_equal(hf_bytes_of(at_cut.data, at_cut.len),
	                            hf_bytes_of(walked.data, walked.len)));
	hf__writer_deinit(&at_cut);
	hf__writer_deinit(&walked);
	stage_close(stage);
}

/* Clears the queue, for good or in a transaction that is taken back. */
static void clear_beside(struct stage *stage, bool for_good)
{
	struct hf_txn *txn = NULL;
	const struct hf_cursor_remove_args none = {.key = {hf_str("c"), hf_str("s"), hf_str("")}};
	if (for_good) {
		assert_int_equal(clear(stage, NULL), HF_OK);
		return;
	}
	assert_int_equal(hf_txn_begin(stage->store, &txn, NULL), HF_OK);
	assert_int_equal(clear(stage, txn), HF_OK);
	assert_int_equal(hf_cursor_remove(stage->store, txn, &none, NULL, NULL), HF_OK);
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, NULL), HF_ENOTFOUND);
}

/* false: it was not met. */
static bool clears_though_it_fails(struct stage *stage, unsigned nth, int error, bool for_good)
{
	hf_store *s = stage->store;
	struct hf__sorter sorter;
	struct hf__walk walk;
	struct hf_info info = {0};
	const struct sim_fault fault = {
	    .kinds = SIM_ALL_CALLS & ~SIM_CLOSE, .name = "sorting.tmp", .nth = nth, .error = error};
	begin_walk(&walk, &sorter, s);
	(void)pthread_mutex_unlock(&s->lock);
	sim_add_fault(stage->sim, fault);
	clear_beside(stage, for_good);
	const bool met = sim_fault_hits(stage->sim) > 0;
	sim_clear_faults(stage->sim);
	(void)pthread_mutex_lock(&s->lock);
	/* A file that was not there cannot be removed, and need not be. */
	assert_int_equal(walk.rc, met && nth > 1 ? HF_EIO : HF_OK);
	assert_int_equal(sorter.os_errno, walk.rc ? error : 0);
	hf__walk_end(&s->world.change);
	(void)pthread_mutex_unlock(&s->lock);
	hf__sorter_deinit(&sorter);
	assert_int_equal(hf_get_info(s, &info, NULL), HF_OK);
	assert_int_equal(info.fault, 0);
	stage_verify(stage);
	return met;
}

static void no_commit_fails_because_its_objects_cannot_be_kept_for_a_snapshot(void **state)
{
	(void)state;
	static const int errors[] = {ENOSPC, EIO};
	unsigned met = 0;
	for (unsigned e = 0; e < 2; e++) {
		struct stage *stage = with_items(ITEMS, ITEM);
		for (unsigned nth = 1; clears_though_it_fails(stage, nth, errors[e], false); nth++)
			met++;
		assert_true(clears_though_it_fails(stage, 4, errors[e], true));
		assert_int_equal(hf_snapshot(stage->store, NULL), HF_OK);
		stage_close(stage);
	}
	printf("figure: %u failures of a spill, none of a commit\n", met);
	assert_true(met > 20);
}

static void a_snapshot_that_cannot_be_sorted_says_why(void **state)
{
	(void)state;
	static const struct {
		int error, code;
	} ways[] = {{ENOSPC, HF_ENOSPACE}, {EIO, HF_EIO}};
	struct stage *stage = with_items(ITEMS, ITEM);
	for (unsigned w = 0; w < 2; w++)
		for (unsigned nth = 2; nth < 5; nth++) {
			struct hf_error error = {0};
			sim_add_fault(stage->sim, (struct sim_fault){.kinds = SIM_ALL_CALLS,
			                                             .name = "sorting.tmp",
			                                             .nth = nth,
			                                             .error = ways[w].error});
			assert_int_equal(hf_snapshot(stage->store, &error), ways[w].code);
			assert_int_equal(error.os_errno, ways[w].error);
			assert_non_null(strstr(error.text, "could not be kept"));
			sim_clear_faults(stage->sim);
		}
	assert_int_equal(hf_snapshot(stage->store, NULL), HF_OK);
	stage_close(stage);
}

static void count_writes(void *arg, struct sim *sim, uint64_t index, enum sim_call kind,
                         const char *name)
{
	unsigned *writes = arg;
	(void)sim;
	(void)index;
	*writes += kind == SIM_WRITE && strcmp(name, "sorting.tmp") == 0;
}

/* Between two steps a commit writes what one buffer holds at most, and few do. */
static void a_commit_writes_one_buffer_at_most_for_a_snapshot(void **state)
{
	(void)state;
	struct stage *stage = with_items(ITEMS, ITEM);
	struct hf__sorter sorter;
	struct hf__walk walk;
	unsigned most = 0, paid = 0;
	begin_walk(&walk, &sorter, stage->store);
	(void)pthread_mutex_unlock(&stage->store->lock);
	for (unsigned i = 0; i < ITEMS; i++) {
		char id[16];
		unsigned writes = 0;
		(void)snprintf(id, sizeof id, "%u", i);
		const struct hf_outbox_remove_args args = {.queue = hf_str("q"), .id = hf_str(id)};
		sim_observe(stage->sim, count_writes, &writes);
		assert_int_equal(hf_outbox_remove(stage->store, NULL, &args, NULL, NULL), HF_OK);
		sim_observe(stage->sim, NULL, NULL);
		most = writes > most ? writes : most;
		paid += writes > 0;
	}
	assert_int_equal(paid, 1);
	assert_true(most <= 8 * MIB / (256 << 10));
	(void)pthread_mutex_lock(&stage->store->lock);
	walk_on(&walk, stage->store);
	hf__sorter_deinit(&sorter);
	stage_close(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_transaction_that_changes_all_keeps_a_bounded_part_in_memory),
	    cmocka_unit_test(no_commit_fails_because_its_objects_cannot_be_kept_for_a_snapshot),
	    cmocka_unit_test(a_snapshot_that_cannot_be_sorted_says_why),
	    cmocka_unit_test(a_commit_writes_one_buffer_at_most_for_a_snapshot),
	    cmocka_unit_test(the_walk_gives_the_state_at_its_cut_whatever_happens_meanwhile),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
