/* When claims were granted: no object says it, but a claim's token is made of the LSN of the entry
 * that granted it, whose time the log shows. Each is looked up once and remembered while it is
 * held; the oldest first, since those are asked for. Reading stops after LOOK_DATING_US, and the
 * next look goes on. */
#include "look/look.h"

#include <stdlib.h>
#include <time.h>

#define LSN_OF_TOKEN(token) ((token) & ((UINT64_C(1) << 48) - 1))

struct look_date {
	hf_token token;
	hf_time at; /* by the clock as it is now; HF_UNSET: the log does not have it any more */
};

static int64_t monotonic(void)
{
	struct timespec now = {0};
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* --- What was looked up before ---------------------------------------------------------------- */

static int compare_dates(const void *a, const void *b)
{
	const struct look_date *left = a, *right = b;
	return (left->token > right->token) - (left->token < right->token);
}

static void take_known(const struct look *look, struct look_claim *claim)
{
	const struct look_date key = {.token = claim->token};
	const struct look_date *found =
	    look->date_count ? bsearch(&key, look->dates, look->date_count, sizeof key, compare_dates)
	                     : NULL;
	if (!found)
		return;
	claim->dated = found->at == HF_UNSET ? LOOK_BEFORE_LOG : LOOK_DATED;
	claim->at = found->at;
}

/* What is known of these claims, which are in the order of their tokens, becomes all that is known.
 * Without memory it is looked up again. */
static void remember(struct look *look, const struct look_state *state)
{
	struct look_date *dates = calloc(state->claim_count + 1, sizeof *dates);
	size_t count = 0;
	for (size_t i = 0; dates && i < state->claim_count; i++)
		if (state->claims[i].dated != LOOK_NOT_YET)
			dates[count++] = (struct look_date){state->claims[i].token, state->claims[i].at};
	free(look->dates);
	look->dates = dates;
	look->date_count = count;
}

/* --- The log ---------------------------------------------------------------------------------- */

struct search {
	struct look_state *state;
	const struct hf_clock *clock;
	size_t at; /* the first claim that has no date; they are in the order of the log */
	int64_t until;
	uint32_t seen;
	bool late;
};

static size_t next_undated(const struct look_state *state, size_t from)
{
	while (from < state->claim_count && state->claims[from].dated != LOOK_NOT_YET)
		from++;
	return from;
}

static bool take_entry(void *ctx, const struct hf_log_entry *entry)
{
	struct search *search = ctx;
	struct look_state *state = search->state;
	search->at = next_undated(state, search->at);
	while (search->at < state->claim_count) {
		struct look_claim *claim = &state->claims[search->at];
		const hf_lsn lsn = LSN_OF_TOKEN(claim->token);
		if (lsn > entry->lsn)
			break;
		claim->dated = lsn == entry->lsn ? LOOK_DATED : LOOK_BEFORE_LOG;
		claim->at = HF_UNSET;
		if (claim->dated == LOOK_DATED)
			claim->at =
			    entry->at - (lsn < search->clock->version ? search->clock->difference_us : 0);
		search->at = next_undated(state, search->at + 1);
	}
	search->late = ++search->seen % 64 == 0 && monotonic() > search->until;
	return search->at < state->claim_count && !search->late;
}

/* Claims that lie far from each other are sought one by one; each step reads a bounded piece. */
static void search_log(const struct look *look, struct look_state *state,
                       const struct hf_clock *clock)
{
	struct search search = {.state = state, .clock = clock, .until = monotonic() + LOOK_DATING_US};
	for (;;) {
		search.at = next_undated(state, search.at);
		if (search.at == state->claim_count || search.late)
			return;
		const size_t before = search.at;
		const hf_lsn from = LSN_OF_TOKEN(state->claims[before].token);
		const int rc =
		    hf_log_each(look->directory, from, HF_LOG_WITHOUT_TEXT, take_entry, &search, NULL);
		if (rc == HF_EGONE)
			state->claims[before].dated = LOOK_BEFORE_LOG;
		else if (rc != HF_OK || next_undated(state, before) == before)
			return; /* the next look tries again */
	}
}

/* --- A clock that was set back ---------------------------------------------------------------- */

/* What was granted before was granted so much earlier by the clock as it is now. */
static void set_dates_back(struct look *look, const struct hf_clock *clock)
{
	for (size_t i = 0; i < look->date_count && clock->version != look->set_back; i++)
		if (look->dates[i].at != HF_UNSET && LSN_OF_TOKEN(look->dates[i].token) < clock->version)
			look->dates[i].at -= clock->difference_us;
	look->set_back = clock->version;
}

void look_date_claims(struct look *look, struct look_state *state)
{
	struct hf_clock clock = {0};
	if (hf_clock_get(look->store, 0, &clock, NULL) == HF_OK) {
		hf_release(clock.memory);
		set_dates_back(look, &clock);
	}
	for (size_t i = 0; i < state->claim_count; i++)
		take_known(look, &state->claims[i]);
	search_log(look, state, &clock);
	remember(look, state);
}

/* --- How long --------------------------------------------------------------------------------- */

int64_t look_held(const struct look_state *state, const struct look_claim *claim)
{
	if (claim->dated != LOOK_DATED)
		return -1;
	return state->clock > claim->at ? state->clock - claim->at : 0;
}

bool look_stuck(const struct look_state *state, const struct look_claim *claim, int64_t after_us)
{
	return claim->dated == LOOK_BEFORE_LOG || look_held(state, claim) >= after_us;
}
