/* See crash_sweep.h.
 *
 * A job plays its workload three ways. First without a fault: at each call to the disk every
 * crash image is opened, compared, closed, and opened again, which must find nothing to recover
 * and change no byte of any segment. Then once per call that changes the disk and per way in
 * which it can fail: images are compared from the failure on, the store is closed and opened
 * again on the same disk (whose cache may show what is not stored), goes on, and is crashed all
 * the while. Third, a sample of images gets a second life: it is opened and goes on under a
 * crash sweep of its own, which begins inside its recovery.
 *
 * What an image is when opened is a function of its bytes, so each distinct one is opened once
 * and remembered by hash; what it MAY be depends on the answers given so far and is asked each
 * time. */
#include "lib/crash/crash_sweep.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/crash/crash_judge.h"
#include "lib/rng.h"

/* --- Every moment ----------------------------------------------------------------------------- */

static bool is_skipped(const struct run *r)
{
	const unsigned every = r->job->what->moments_every;
	/* When an answer has just been given there is most to find. */
	const bool answered = r->swept && (r->oracle->required != r->last_required ||
	                                   r->oracle->told_lsn != r->last_told);
	return every && r->call_name && !answered &&
	       hf_rng_mix(r->call ^ r->job->what->seed) % every != 0;
}

static void sweep_moment(struct run *r, struct sim *sim)
{
	size_t visited = 0;
	const uint64_t version = sim_version(sim);
	if (r->waits_for_fault && sim_fault_hits(sim) == 0)
		return;
	if (r->swept && version == r->last_version && r->oracle->required == r->last_required &&
	    r->oracle->count == r->last_count && r->oracle->told_lsn == r->last_told)
		return; /* the same images, and as much is demanded of them */
	if (is_skipped(r))
		return;
	r->swept = true;
	r->last_version = version;
	r->last_told = r->oracle->told_lsn;
	r->last_required = r->oracle->required;
	r->last_count = r->oracle->count;
	struct sim_limits limits = r->limits;
	limits.salt = r->job->what->seed ^ hf_rng_mix(r->call);
	r->sim = sim;
	(void)sim_each_crash(sim, &limits, sweep_judge_image, r, &visited);
	r->sim = NULL;
	(void)pthread_mutex_lock(&r->job->stats->lock);
	r->job->stats->visited += visited;
	(void)pthread_mutex_unlock(&r->job->stats->lock);
}

static unsigned char bit_of(enum sim_call kind)
{
	unsigned char bit = 0;
	while ((1u << bit) != (unsigned)kind)
		bit++;
	return bit;
}

static void at_call(void *arg, struct sim *sim, uint64_t index, enum sim_call kind,
                    const char *name)
{
	struct run *r = arg;
	if (r->notes_calls && index < CALLS_MAX) {
		r->job->kinds[index] = r->player.checking ? NO_CALL : bit_of(kind);
		r->job->calls = (size_t)index + 1;
	}
	r->call = index;
	r->call_name = sim_call_name(kind);
	r->file = name;
	play_poll(&r->player);
	sweep_moment(r, sim);
	r->file = NULL;
}

static void at_end(struct run *r, struct sim *sim)
{
	r->call = sim_calls(sim);
	r->call_name = NULL;
	sweep_moment(r, sim);
}

/* The disk has seen the engine break a rule of order. Closing is left out after failures: an
 * error path may leave a file to the kernel. */
static void check_order(struct run *r, struct sim *sim)
{
	const struct sim_broken broken = sim_broken(sim);
	char what[200];
	if (broken.synced_again + broken.written_again + broken.renamed_unsynced == 0)
		return;
	(void)snprintf(what, sizeof what,
	               "order broken: %u syncs after a failed one, %u writes after a failed sync, %u "
	               "unsynced renames",
	               broken.synced_again, broken.written_again, broken.renamed_unsynced);
	sweep_complain(r, NULL, 0, what);
}

/* --- Runs ------------------------------------------------------------------------------------- */

static struct sim_profile profile_of(const char *disk)
{
	if (strcmp(disk, "ordered") == 0)
		return sim_profile_ordered();
	if (strcmp(disk, "weak") == 0)
		return sim_profile_weak();
	if (strcmp(disk, "hostile") == 0)
		return sim_profile_hostile();
	if (strcmp(disk, "forgetful") == 0)
		return sim_profile_forgetful();
	if (strcmp(disk, "pages") == 0)
		return sim_profile_pages();
	return sim_profile_strict();
}

static struct sim *new_disk(const struct sweep_job *what)
{
	struct sim *sim = sim_new(profile_of(what->disk), what->seed);
	sim_set_now(sim, SCRIPT_NOW);
	return sim;
}

static struct hf_options options_of(const struct sweep_job *what)
{
	return (struct hf_options){.create = true,
	                           .no_background = true,
	                           .pad = what->pad,
	                           .segment_size = what->script->segment_size};
}

/* Plays under observation, the images after the last call included. */
static void play_swept(struct run *r, struct sim *sim)
{
	sim_observe(sim, at_call, r);
	(void)play(&r->player);
	sim_observe(sim, NULL, NULL);
	sweep_complain_of_player(r);
	at_end(r, sim);
}

/* After a clean close there is nothing to recover, and nothing behind the log. */
static void check_clean(struct run *r, struct sim *sim)
{
	struct found found = {0};
	char why[400] = "";
	const bool opened = image_open(sim, &r->player.options, &found, why, sizeof why);
	if (opened && (found.info.recovered || found.info.torn_bytes || found.info.rewritten_bytes))
		(void)snprintf(why, sizeof why,
		               "after a clean close something was recovered: %" PRIu64
		               " bytes written again, %" PRIu64 " torn",
		               found.info.rewritten_bytes, found.info.torn_bytes);
	if (why[0])
		sweep_complain(r, NULL, 0, why);
}

void sweep_live_on(struct run *parent, struct sim *sim, struct oracle *oracle,
                   struct sim_limits limits, const char *about)
{
	struct play_record record;
	struct sim *rehearsal = sim_clone(sim);
	struct run r = {.job = parent->job, .oracle = oracle, .limits = limits, .second_life = true};
	r.failed_sync = parent->failed_sync;
	r.false_failure = parent->false_failure;
	(void)snprintf(r.about, sizeof r.about, "%s", about);
	r.player = (struct player){.sim = rehearsal,
	                           .script = &script_after,
	                           .options = parent->player.options,
	                           .record = &record};
	if (!play(&r.player)) {
		sweep_complain_of_player(&r);
	} else if (oracle_judge(oracle, record.opened) != ORACLE_RIGHT) {
		sweep_complain(&r, NULL, 0, "the reopened store has a state that it must not have");
	} else if (record.notes[0].told_lsn <= oracle->told_lsn) {
		sweep_complain(&r, NULL, 0, "an LSN was issued twice");
	} else {
		r.player = (struct player){.sim = sim,
		                           .script = &script_after,
		                           .options = parent->player.options,
		                           .record = &record,
		                           .oracle = oracle};
		play_swept(&r, sim);
		check_order(&r, sim);
		check_clean(&r, rehearsal);
	}
	sim_free(rehearsal);
}

static struct run new_run(struct job *job, struct sim *sim, struct oracle *oracle,
                          struct play_record *record, struct sim_limits limits)
{
	struct run r = {.job = job, .oracle = oracle, .limits = limits};
	r.player = (struct player){.sim = sim,
	                           .script = job->what->script,
	                           .options = options_of(job->what),
	                           .record = record,
	                           .oracle = oracle};
	oracle_begin(oracle, play_empty_digest());
	return r;
}

static bool rehearse(struct job *job, struct play_record *record)
{
	struct oracle oracle;
	struct sim *sim = new_disk(job->what);
	struct run r = new_run(job, sim, &oracle, record, job->what->limits);
	r.player.oracle = NULL;
	const bool good = play(&r.player);
	sweep_complain_of_player(&r);
	sim_free(sim);
	return good;
}

static void run_plain(struct job *job, struct play_record *record)
{
	struct oracle oracle;
	struct sim *sim = new_disk(job->what);
	struct run r = new_run(job, sim, &oracle, record, job->what->limits);
	r.notes_calls = true;
	play_swept(&r, sim);
	check_order(&r, sim);
	sim_free(sim);
}

/* --- Faults ----------------------------------------------------------------------------------- */

/* The ways in which calls fail. */
static const struct way {
	enum sim_call kind;
	bool falsely;
	size_t prefix;
	int error;
	const char *words;
} ways[] = {
    {SIM_SYNC, false, 0, EIO, "failed sync"},
    {SIM_SYNC, true, 0, EIO, "false failure of sync"},
    {SIM_WRITE, false, SIZE_MAX, EIO, "short write"},
    {SIM_WRITE, false, 0, ENOSPC, "failed write"},
    {SIM_WRITE, true, 0, EIO, "false failure of write"},
    {SIM_SYNC_DIR, false, 0, EIO, "failed directory sync"},
    {SIM_SYNC_DIR, true, 0, EIO, "false failure of directory sync"},
    {SIM_RENAME, false, 0, EIO, "failed rename"},
    {SIM_RENAME, true, 0, EIO, "false failure of rename"},
    {SIM_OPEN, false, 0, EMFILE, "failed open"},
    {SIM_UNLINK, false, 0, EIO, "failed unlink"},
    {SIM_CUT, false, 0, EIO, "failed cut"},
    {SIM_CUT, true, 0, EIO, "false failure of cut"},
    {SIM_ALLOCATE, false, 0, ENOSPC, "no room"},
    {SIM_ALLOCATE, true, 0, EIO, "false failure of allocating"},
};

/* Three kinds of afternoon: nothing else happened; memory was short, so clean pages were
 * dropped; the machine was restarted. */
static void pass_time(struct sim *sim, size_t index)
{
	/* the first kind has the most to hide: it is tried twice as often */
	const uint64_t which = hf_rng_mix(index) % 4;
	if (which == 2)
		sim_evict(sim);
	if (which == 3)
		sim_reboot(sim);
}

static void run_fault(struct job *job, struct play_record *record, const struct way *way,
                      uint64_t nth, size_t index)
{
	struct oracle oracle;
	struct sim *sim = new_disk(job->what);
	struct run r = new_run(job, sim, &oracle, record, job->what->fault_limits);
	const struct sim_fault fault = {.kinds = (unsigned)way->kind,
	                                .nth = nth,
	                                .error = way->error,
	                                .falsely = way->falsely,
	                                .prefix = way->prefix};
	r.waits_for_fault = true;
	r.false_failure = way->falsely;
	r.failed_sync = !way->falsely && (way->kind == SIM_SYNC || way->kind == SIM_SYNC_DIR);
	(void)snprintf(r.about, sizeof r.about, "%s, number %" PRIu64 " (call %zu)", way->words, nth,
	               index);
	sim_add_fault(sim, fault);
	play_swept(&r, sim);
	if (sim_fault_hits(sim) == 0)
		sweep_complain(&r, NULL, 0, "the fault was not met");
	check_order(&r, sim);
	sim_clear_faults(sim);
	pass_time(sim, index);
	sweep_live_on(&r, sim, &oracle, job->what->fault_limits, r.about);
	sim_free(sim);
	(void)pthread_mutex_lock(&job->stats->lock);
	job->stats->faults++;
	(void)pthread_mutex_unlock(&job->stats->lock);
}

static void run_faults(struct job *job, struct play_record *record)
{
	uint64_t seen[32] = {0};
	uint64_t chosen = job->what->seed; /* each disk tries others of them */
	for (size_t index = 0; job->what->fault_every && index < job->calls; index++) {
		const unsigned char kind = job->kinds[index];
		seen[kind]++;
		for (size_t w = 0; w < sizeof ways / sizeof ways[0]; w++)
			if ((unsigned)ways[w].kind == 1u << kind && chosen++ % job->what->fault_every == 0)
				run_fault(job, record, &ways[w], seen[kind], index);
	}
}

void sweep(const struct sweep_job *what, struct sweep_stats *stats)
{
	struct play_record record;
	struct job *job = calloc(1, sizeof *job);
	if (!job)
		abort();
	job->what = what;
	job->stats = stats;
	if (rehearse(job, &record)) {
		run_plain(job, &record);
		run_faults(job, &record);
	}
	free(job->memo.places);
	free(job);
}
