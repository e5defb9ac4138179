/* What happens to the machine of a walk: calls fail, processes are killed, the power goes. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "lib/crash/compound_walk.h"
#include "lib/crash/crash_play.h"

__attribute__((format(printf, 2, 3))) void walk_wrong(struct walk *w, const char *format, ...)
{
	va_list arguments;
	if (w->why[0])
		return;
	va_start(arguments, format);
	(void)vsnprintf(w->why, sizeof w->why, format, arguments);
	va_end(arguments);
}

__attribute__((format(printf, 2, 3))) void walk_say(const struct walk *w, const char *format, ...)
{
	va_list arguments;
	if (!w->verbose)
		return;
	va_start(arguments, format);
	(void)vfprintf(stderr, format, arguments);
	va_end(arguments);
	(void)fprintf(stderr, "  [required %zu/%zu of %zu, told %" PRIu64 "]\n", w->account.required,
	              w->account.required_killed, w->account.count, w->account.told);
}

uint64_t walk_below(struct walk *w, uint64_t bound)
{
	return hf_rng_below(&w->rng, bound);
}

bool walk_chance(struct walk *w, uint32_t percent)
{
	return hf_rng_chance(&w->rng, percent, 100);
}

uint64_t walk_faults_met(const struct walk *w)
{
	return w->hits + sim_fault_hits(w->sim);
}

void walk_clear_faults(struct walk *w)
{
	w->hits += sim_fault_hits(w->sim);
	sim_clear_faults(w->sim);
	w->armed = 0;
}

struct sim_profile walk_profile(struct walk *w)
{
	struct sim_profile profile = walk_chance(w, 70)   ? sim_profile_weak()
	                             : walk_chance(w, 50) ? sim_profile_ordered()
	                                                  : sim_profile_hostile();
	profile.m6_reads_old = walk_chance(w, 70);
	return profile;
}

/* Any choice among what is pending that the disk allows. */
struct sim *walk_power_cut(struct walk *w, struct sim *sim)
{
	uint8_t sectors[SECTORS], sizes[64], ops[256];
	const struct sim_pending pending = sim_pending(sim);
	struct sim *image = NULL;
	for (unsigned attempt = 0; attempt < 4 && !image && pending.sectors <= SECTORS &&
	                           pending.sizes <= 64 && pending.dir_ops <= 256;
	     attempt++) {
		const unsigned mood = (unsigned)walk_below(w, 5);
		for (size_t i = 0; i < pending.sectors; i++) {
			static const uint8_t picks[] = {
			    0, SIM_PICK_NEWEST, SIM_PICK_ZERO, SIM_PICK_GARBAGE, SIM_PICK_STALE, 1};
			sectors[i] = mood == 0   ? 0
			             : mood == 1 ? SIM_PICK_NEWEST
			             : mood == 2 ? picks[walk_below(w, sizeof picks)]
			                         : picks[walk_below(w, 2)];
		}
		for (size_t i = 0; i < pending.sizes; i++)
			sizes[i] = walk_chance(w, 80) ? SIM_SIZE_FITS : SIM_SIZE_NEWEST;
		for (size_t i = 0; i < pending.dir_ops; i++)
			ops[i] = mood == 1 || walk_chance(w, 60);
		const struct sim_choice choice = {sectors, sizes, ops, hf_rng_next(&w->rng)};
		image = sim_crash(sim, &choice);
	}
	return image ? image : sim_crash(sim, NULL);
}

void walk_at_call(void *arg, struct sim *sim, uint64_t index, enum sim_call kind, const char *name)
{
	struct walk *w = arg;
	(void)index;
	if (w->cut_at == 0 || --w->cut_at > 0)
		return;
	w->image = walk_power_cut(w, sim);
	w->at_cut = w->account;
	w->stats->cuts_inside++;
	w->stats->cuts_in_opening += w->opening;
	walk_say(w, "the power goes before %s %s", sim_call_name(kind), name);
}

void walk_add_fault(struct walk *w)
{
	static const char *const names[] = {NULL, "segment-", "WITNESS", NULL};
	static const unsigned kinds[] = {SIM_SYNC,     SIM_SYNC,   SIM_SYNC,     SIM_WRITE,
	                                 SIM_SYNC_DIR, SIM_RENAME, SIM_OPEN,     SIM_UNLINK,
	                                 SIM_READ,     SIM_CUT,    SIM_ALLOCATE, SIM_ALL_CALLS};
	const unsigned kind = kinds[walk_below(w, sizeof kinds / sizeof kinds[0])];
	const struct sim_fault fault = {
	    .kinds = kind,
	    .name = names[walk_below(w, sizeof names / sizeof names[0])],
	    .nth = 1 + walk_below(w, kind == SIM_WRITE || kind == SIM_ALL_CALLS ? 24 : 4),
	    .error = walk_chance(w, 75) ? EIO : ENOSPC,
	    .persistent = walk_chance(w, 25),
	    .falsely = walk_chance(w, 35),
	    .prefix = walk_chance(w, 50) ? SIZE_MAX : walk_below(w, 4096),
	};
	sim_add_fault(w->sim, fault);
	w->armed++;
	walk_say(w, "fault: %s %s, number %" PRIu64 "%s%s",
	         kind == SIM_ALL_CALLS ? "any call" : sim_call_name((enum sim_call)kind),
	         fault.name ? fault.name : "", fault.nth, fault.falsely ? ", falsely" : "",
	         fault.persistent ? ", and all after it" : "");
}

void walk_discard_store(struct walk *w)
{
	if (w->store)
		play_kill(w->sim, w->store);
	else
		sim_kill(w->sim);
	w->store = NULL;
	w->ticket_count = 0;
}

/* The machine comes back with this disk. */
void walk_power_returns(struct walk *w, struct sim *image)
{
	sim_observe(w->sim, NULL, NULL);
	walk_clear_faults(w);
	walk_discard_store(w);
	sim_free(w->sim);
	w->sim = image;
	w->account.required_killed = w->account.required;
	w->hits_at_boot = w->hits;
	sim_observe(w->sim, walk_at_call, w);
	w->stats->cuts++;
}

/* After a call: did the power go inside it? */
void walk_after_call(struct walk *w)
{
	if (!w->image)
		return;
	struct sim *image = w->image;
	w->image = NULL;
	w->account = w->at_cut;
	walk_power_returns(w, image);
}
