/* tier: fast */
/* The walk over a state that changes meanwhile gives what stood there at the cut, whatever is done
 * between its steps and however small these are: random work over all domains, refusals and
 * transactions that are taken back among it. */
#include "lib/churn/churn.h"
#include "lib/settings.h"
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

/* One walk, taken down to entries in order. */
static struct hf__writer walk_beside_work(struct churn *churn, struct stage *stage, int64_t *now,
                                          uint64_t *given)
{
	hf_store *s = stage->store;
	struct given g = {.domains = s->domains};
	struct hf__sorter sorter;
	struct hf__walk walk;
	bool more = true;
	int os_errno = 0;
	const bool spills = hf_rng_chance(&churn->random.rng, 1, 2);
	hf__sorter_init(&sorter, s->os, s->domains->rows);
	(void)pthread_mutex_lock(&s->lock);
	sorter.into.setback = hf__setback(s, s->world.states);
	hf__walk_begin(&walk, s->domains, s->world.states, s->world.next_lsn - 1, &sorter.into,
	               &s->world.change);
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
	assert_int_equal(hf__sorter_give(&sorter, take, &g, &os_errno), HF_OK);
	hf__sorter_deinit(&sorter);
	begin_rows(&g, g.domains->count);
	hf__put_u64(&g.out, 0);
	return g.out;
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_walk_gives_the_state_at_its_cut_whatever_happens_meanwhile),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
