/* A store with many sealed segments and two snapshots, whose clock the test moves. */
#ifndef TESTS_SCRUB_CASE_H
#define TESTS_SCRUB_CASE_H

#include "lib/churn/churn.h"
#include "lib/rng.h"
#include "lib/settings.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"
#include "log/segment.h"
#include "log/snapshot.h"
#include "store/store.h"

#define PIECE (256u << 10) /* HF__SCRUB_PIECE */

struct scrub_case {
	struct churn churn;
	struct stage *stage;
	struct sim *sim;
	hf_store *store;
};

static inline void write_some(struct scrub_case *c, unsigned steps)
{
	for (unsigned i = 0; i < steps; i++)
		churn_step(&c->churn, c->store);
	assert_int_equal(hf_sync(c->store, NULL), HF_OK);
}

static inline void case_open(struct scrub_case *c, const char *name, struct hf_options options)
{
	/* of several pieces each, or of less than one */
	const bool large = options.segment_size > 0;
	options.segment_size = large ? options.segment_size : 16u << 10;
	options.compact_bytes = options.compact_bytes ? options.compact_bytes : UINT64_MAX;
	c->stage = stage_open_with(SETTING_LIVE, &options);
	c->sim = c->stage->sim;
	c->store = c->stage->store;
	churn_init(&c->churn, name, 30, large ? 16000 : 4000);
	write_some(c, large ? 500 : 200);
	assert_int_equal(hf_snapshot(c->store, NULL), HF_OK);
	write_some(c, large ? 500 : 200);
	assert_int_equal(hf_snapshot(c->store, NULL), HF_OK);
	write_some(c, large ? 500 : 200);
}

static inline void case_close(struct scrub_case *c)
{
	stage_verify(c->stage);
	churn_deinit(&c->churn);
	stage_drop(c->stage);
}

static inline struct hf_info figures(struct scrub_case *c)
{
	struct hf_info info = {0};
	assert_int_equal(hf_get_info(c->store, &info, NULL), HF_OK);
	return info;
}

/* Is it one that a scrub reads? */
static inline bool is_cold(struct scrub_case *c, const char *name)
{
	uint32_t number;
	uint64_t lsn;
	if (hf__segment_name_parse(name, &number))
		return number < figures(c).segment;
	return hf__snapshot_name_parse(name, &lsn) || strcmp(name, HF__NAME_IDENTITY) == 0;
}

/* The i-th cold file, and the bytes of it up to the last that is not zero. false: there is none. */
static inline bool cold_file(struct scrub_case *c, size_t i, char name[SIM_NAME_MAX + 1],
                             uint64_t *bytes)
{
	uint64_t size;
	for (size_t at = 0; sim_list(c->sim, at, name, &size); at++) {
		if (!is_cold(c, name) || i-- > 0)
			continue;
		uint8_t last = 0;
		for (; size > 0 && last == 0; size--)
			assert_true(sim_read_file(c->sim, name, size - 1, &last, 1));
		*bytes = size + 1;
		return true;
	}
	return false;
}

/* Upkeep with writes beside it until one more round ended. */
static inline void one_round_more(struct scrub_case *c)
{
	const uint64_t rounds = figures(c).scrub_rounds;
	for (unsigned i = 0; figures(c).scrub_rounds == rounds; i++) {
		assert_true(i < 10000);
		sim_advance(c->sim, 100000);
		churn_nudge(&c->churn, c->store);
		assert_int_equal(hf_maintain(c->store, 0, NULL), HF_OK);
	}
}

#endif
