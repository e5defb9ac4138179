/* See compound.h. */
#include "lib/crash/compound.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/crash/compound_walk.h"

static void happen(struct walk *w)
{
	switch (walk_below(w, 8)) {
	case 0:
	case 1:
		walk_discard_store(w);
		w->stats->kills++;
		walk_say(w, "kill");
		break;
	case 2:
		sim_evict(w->sim);
		w->stats->evictions++;
		walk_say(w, "evict");
		break;
	case 3:
		walk_power_returns(w, walk_power_cut(w, w->sim));
		walk_say(w, "power cut");
		break;
	case 4:
	case 5:
		if (w->cut_at == 0)
			w->cut_at = 1 + walk_below(w, 30);
		break;
	case 6:
		walk_clear_faults(w);
		walk_say(w, "no faults from here on");
		break;
	default:
		sim_advance(w->sim, (int64_t)walk_below(w, 3000000));
		break;
	}
}

static void step_open(struct walk *w)
{
	const uint64_t which = walk_below(w, 20);
	if (which < 9)
		walk_commit(w);
	else if (which < 10)
		walk_sync_store(w);
	else if (which < 12)
		walk_maintain(w);
	else if (which < 13)
		walk_look(w);
	else if (which < 14)
		walk_flush(w);
	else if (which < 15)
		walk_look_at_info(w);
	else if (which < 17 || (which < 18 && walk_store_failed(w)))
		walk_close_store(w);
	else
		happen(w);
}

/* The first flush of an opening fails: what may be on the disk then is what no reading shows. */
static void spoil_first_flush(struct walk *w)
{
	const struct sim_fault fault = {.kinds = SIM_SYNC,
	                                .name = "segment-",
	                                .nth = 1 + walk_below(w, 3),
	                                .error = EIO,
	                                .falsely = walk_chance(w, 50)};
	if (!w->store || w->armed == FAULTS_MAX)
		return;
	sim_add_fault(w->sim, fault);
	w->armed++;
	walk_say(w, "fault: first flush, number %" PRIu64 "%s", fault.nth,
	         fault.falsely ? ", falsely" : "");
}

static void step(struct walk *w)
{
	if (walk_chance(w, 16) && w->armed < FAULTS_MAX)
		walk_add_fault(w);
	if (w->store) {
		step_open(w);
	} else {
		if (walk_chance(w, 25))
			happen(w);
		if (walk_chance(w, 60))
			walk_clear_faults(w);
		walk_open_store(w);
		if (walk_chance(w, 20))
			spoil_first_flush(w);
	}
}

/* At the end the disk works again: the store opens, and what it took then is there after a power
 * cut. */
static void last_words(struct walk *w)
{
	for (unsigned round = 0; round < 2 && !w->why[0]; round++) {
		walk_clear_faults(w);
		w->cut_at = 0;
		if (round > 0)
			walk_power_returns(w, walk_power_cut(w, w->sim));
		else if (w->store && walk_store_failed(w))
			walk_close_store(w);
		walk_clear_faults(w);
		if (!w->store && !w->why[0])
			walk_open_store(w);
		if (!w->why[0] && !w->store)
			walk_wrong(w, "no opening without faults");
		for (unsigned i = 0; i < 2 && !w->why[0]; i++)
			walk_commit(w);
	}
}

int compound_run(uint64_t seed, int verbose, struct compound_stats *stats, char *why, size_t cap)
{
	struct walk *w = calloc(1, sizeof *w);
	if (!w)
		abort();
	w->rng = hf_rng(seed);
	w->stats = stats;
	w->verbose = verbose;
	const struct sim_profile profile = walk_profile(w);
	w->options = (struct hf_options){.create = true,
	                                 .no_background = true,
	                                 .pad = profile.pad_hostile ? 512 : 0,
	                                 .segment_size = 16u << 10};
	w->sim = sim_new(profile, seed);
	sim_observe(w->sim, walk_at_call, w);
	for (unsigned i = 0; i < STEPS && !w->why[0]; i++)
		step(w);
	last_words(w);
	stats->faults += walk_faults_met(w);
	(void)snprintf(why, cap, "%s", w->why);
	const int bad = w->why[0] != '\0';
	sim_observe(w->sim, NULL, NULL);
	walk_discard_store(w);
	sim_free(w->sim);
	sim_free(w->image);
	free(w);
	return bad;
}
