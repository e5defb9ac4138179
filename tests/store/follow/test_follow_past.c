/* tier: fast */
/* States of the past: a read-only handle at an LSN or an instant shows what the store showed then,
 * whichever snapshot it begins with, and its clock stands. */
#include "lib/churn/churn.h"
#include "lib/settings.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"
#include "store/follow/follow.h"

enum { MOMENTS = 60 };

struct moment {
	uint64_t lsn;
	int64_t time;
	struct hf__writer state;
};

struct past {
	struct churn churn;
	struct stage *stage;
	struct moment moments[MOMENTS];
	size_t count;
};

static uint64_t last_lsn(hf_store *store)
{
	struct hf_info info = {0};
	assert_int_equal(hf_get_info(store, &info, NULL), HF_OK);
	return info.last_lsn;
}

/* Work in bursts, an hour apart; what is there behind each is remembered. */
static void begin(struct past *p, const char *name, struct hf_options options)
{
	options.segment_size = 64u << 10;
	p->count = 0;
	p->stage = stage_open_with(SETTING_REOPENED, &options);
	churn_init(&p->churn, name, 20, 1500);
}

static void remember(struct past *p)
{
	struct moment *m = &p->moments[p->count++];
	struct hf_info info = {0};
	m->state = stage_dump(p->stage);
	m->lsn = last_lsn(p->stage->store);
	assert_int_equal(hf_get_info(p->stage->store, &info, NULL), HF_OK);
	m->time = info.clock + 1000000; /* stamps run ahead of a clock that stands */
}

static void burst(struct past *p, unsigned steps)
{
	stage_at(p->stage, STAGE_NOW + (int64_t)(p->count + 1) * 3600000000);
	for (unsigned i = 0; i < steps; i++)
		churn_step(&p->churn, p->stage->store);
	remember(p);
}

static void end(struct past *p)
{
	for (size_t i = 0; i < p->count; i++)
		hf__writer_deinit(&p->moments[i].state);
	churn_deinit(&p->churn);
	stage_close(p->stage);
}

static int open_at(const struct past *p, uint64_t lsn, int64_t time, hf_store **out)
{
	const struct hf_options options = {.at_lsn = lsn, .at_time = time};
	return hf__store_open_read(sim_opener(p->stage->sim, 1), hf__all_domains(), &options, out,
	                           NULL);
}

static void shows(const struct past *p, const struct moment *m, uint64_t lsn, int64_t time)
{
	hf_store *store = NULL;
	struct hf__writer state = {0};
	struct hf_info info = {0};
	assert_int_equal(open_at(p, lsn, time, &store), HF_OK);
	assert_int_equal(hf__state_dump(store, &state, NULL), HF_OK);
	assert_int_equal(hf__state_verify(store, NULL), HF_OK);
	assert_true(hf__bytes_equal(hf_bytes_of(state.data, state.len),
	                            hf_bytes_of(m->state.data, m->state.len)));
	assert_int_equal(hf_get_info(store, &info, NULL), HF_OK);
	assert_int_equal(info.durable_lsn, m->lsn);
	const int64_t clock = info.clock;
	sim_advance(p->stage->sim, 1);
	assert_int_equal(hf_get_info(store, &info, NULL), HF_OK);
	assert_int_equal(info.clock, clock);
	hf__writer_deinit(&state);
	assert_int_equal(hf_close(store, NULL), HF_OK);
}

static void every_moment_is_shown_as_it_was(void **state)
{
	(void)state;
	for (unsigned snapshots = 0; snapshots < 2; snapshots++) {
		struct past p;
		begin(&p, "moments", (struct hf_options){0});
		for (unsigned i = 0; i < 20; i++) {
			burst(&p, 25);
			if (snapshots && i % 4 == 3)
				assert_int_equal(hf_snapshot(p.stage->store, NULL), HF_OK);
			if (i % 7 == 6)
				stage_switch(p.stage);
		}
		assert_int_equal(hf_close(p.stage->store, NULL), HF_OK);
		p.stage->store = NULL;
		for (size_t i = 0; i < p.count; i++) {
			shows(&p, &p.moments[i], p.moments[i].lsn, 0);
			shows(&p, &p.moments[i], 0, p.moments[i].time);
			shows(&p, &p.moments[i], p.moments[i].lsn, INT64_MAX);
		}
		hf_store *store = NULL;
		struct hf_options options = p.stage->options;
		options.create = false;
		assert_int_equal(
		    hf__store_open(sim_os(p.stage->sim), hf__all_domains(), &options, &store, NULL), HF_OK);
		p.stage->store = store;
		end(&p);
	}
}

static void what_is_not_kept_is_gone_and_what_is_not_there_yet_is_refused(void **state)
{
	(void)state;
	struct past p;
	hf_store *store = NULL;
	begin(&p, "kept", (struct hf_options){.retain_us = INT64_C(5) * 3600 * 1000000});
	for (unsigned i = 0; i < 20; i++) {
		burst(&p, 150);
		assert_int_equal(hf_compact(p.stage->store, NULL), HF_OK);
	}
	assert_int_equal(open_at(&p, p.moments[0].lsn, 0, &store), HF_EGONE);
	assert_int_equal(open_at(&p, 0, p.moments[0].time, &store), HF_EGONE);
	for (size_t i = 16; i < 19; i++)
		shows(&p, &p.moments[i], p.moments[i].lsn, 0);
	assert_int_equal(open_at(&p, p.moments[19].lsn + 1000, 0, &store), HF_EINVAL);
	const struct hf_options options = {.at_lsn = 1};
	assert_int_equal(
	    hf__store_open(sim_opener(p.stage->sim, 1), hf__all_domains(), &options, &store, NULL),
	    HF_EINVAL);
	end(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_moment_is_shown_as_it_was),
	    cmocka_unit_test(what_is_not_kept_is_gone_and_what_is_not_there_yet_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
