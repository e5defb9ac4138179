/* Makes histories: threads on a simulated disk that is killed, loses power or fails a sync at a
 * call drawn beforehand. See history.h.
 *
 * The store is opened anew after each such event, by nobody else at that moment; what was
 * answered HF_EUNCERTAIN until then may have happened, and if it did, it did so before the
 * reopening. What was answered HF_EFAILED or HF_EIO did not happen. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/history/history_acts.h"
#include "lib/sim/sim_os.h"
#include "os/thread.h"
#include "store/store.h"

#define START INT64_C(1795167000000000)

enum { SYNC_US = 20, FIRST_CALLS = 60, FIRST_SYNCS = 20 };
enum event { EVENT_NONE, EVENT_FAILED_SYNC, EVENT_KILL, EVENT_POWER_LOSS, EVENTS };

struct run {
	struct history *history;
	struct sim *sim;
	struct target target;
	atomic_uint_fast64_t instant;
	atomic_size_t count; /* places taken in history->acts */
	atomic_int trouble;
	uint64_t seed;
	unsigned phase;
	size_t phase_began; /* acts before it */
};

struct worker {
	struct run *run;
	unsigned number;
	pthread_t thread;
};

static uint64_t instant(struct run *run)
{
	return atomic_fetch_add(&run->instant, 1) + 1;
}

/* NULL: the history is full. */
static struct act *note(struct run *run, const struct act *act)
{
	const size_t at = atomic_fetch_add(&run->count, 1);
	if (at >= HISTORY_ALL_MAX)
		return NULL;
	run->history->acts[at] = *act;
	return &run->history->acts[at];
}

static void trouble(struct run *run, int code)
{
	int none = HF_OK;
	(void)atomic_compare_exchange_strong(&run->trouble, &none, code);
}

/* --- Threads ---------------------------------------------------------------------------------- */

static void draw(struct act *act, struct run *run, struct hf_rng *rng)
{
	static const enum act_name acts[HISTORY_KINDS][9] = {
	    [HISTORY_ITEM] = {ACT_ENQUEUE, ACT_CLAIM, ACT_CLAIM, ACT_COMPLETE, ACT_FAIL, ACT_GET,
	                      ACT_WORK, ACT_WAIT_CLAIM, ACT_ENQUEUE},
	    [HISTORY_LOCK] = {ACT_ACQUIRE, ACT_ACQUIRE, ACT_RENEW, ACT_RELEASE, ACT_RELEASE, ACT_CHECK,
	                      ACT_WAIT_LOCK, ACT_WAIT_LOCK, ACT_RELEASE},
	    [HISTORY_KEY] = {ACT_BEGIN, ACT_BEGIN, ACT_BEGIN, ACT_FINISH, ACT_FINISH, ACT_BEGIN,
	                     ACT_FINISH, ACT_BEGIN, ACT_FINISH},
	    [HISTORY_CURSOR] = {ACT_ADVANCE, ACT_ADVANCE, ACT_ADVANCE, ACT_ADVANCE, ACT_WHERE,
	                        ACT_WHERE, ACT_STEP, ACT_STEP, ACT_ADVANCE},
	    [HISTORY_ACCOUNTS] = {ACT_MOVE, ACT_MOVE, ACT_MOVE, ACT_MOVE, ACT_SUM, ACT_SUM, ACT_MOVE,
	                          ACT_MOVE, ACT_SUM},
	};
	act->object = (unsigned)hf_rng_below(rng, HISTORY_OBJECTS);
	act->name = acts[history_kind_of(act->object)][hf_rng_below(rng, 9)];
	if (hf_rng_below(rng, 40) == 0)
		act->name = ACT_TIME;
	act_draw(act, &run->target, rng);
}

static bool may_be_answered(const struct act *act)
{
	switch (act->code) {
	case HF_OK:
	case HF_ENOTFOUND:
	case HF_ECLAIMED:
	case HF_EHELD:
	case HF_ESTALE:
	case HF_ENONMONOTONIC:
	case HF_EBLOCKED:
	case HF_EUNCERTAIN:
	case HF_EFAILED:
	case HF_EIO: /* the next segment could not be made: refused, nothing was done */
		return true;
	default:
		return false;
	}
}

/* A wait that was cancelled: see history.h. */
static void note_cancelled(struct run *run, const struct act *wait)
{
	struct act held = *wait, back = *wait, nothing = *wait;
	held.name = ACT_HELD;
	back.name = ACT_BACK;
	nothing.name = ACT_NOT_HELD;
	held.number = back.number = nothing.number = (int64_t)wait->asked;
	held.code = back.code = nothing.code = HF_OK;
	held.given = 0;
	held.unsure = back.unsure = true;
	held.answered = instant(run);
	back.asked = wait->cancels;
	back.answered = instant(run);
	nothing.asked = instant(run);
	nothing.answered = instant(run);
	if (!note(run, &held) || !note(run, &back) || !note(run, &nothing))
		trouble(run, HF_ETOOBIG);
}

/* false: the store has failed. */
static bool act_once(struct run *run, struct act *act)
{
	act->asked = instant(run);
	if (act->name == ACT_TIME)
		sim_advance(run->sim, 2 * HISTORY_LEASE_US);
	else
		act_do(act, &run->target);
	act->answered = instant(run);
	if (act->code == HF_ECANCELED && act->cancels) {
		note_cancelled(run, act);
		return true;
	}
	if (!may_be_answered(act))
		trouble(run, act->code);
	if (act->code == HF_EFAILED || act->code == HF_EIO)
		return false;
	act->unsure = act->code == HF_EUNCERTAIN;
	if (!note(run, act))
		trouble(run, HF_ETOOBIG);
	return !act->unsure;
}

static void *work(void *arg)
{
	struct worker *worker = arg;
	struct run *run = worker->run;
	struct hf_rng rng = hf_rng(run->seed * 64 + run->phase * 8 + worker->number);
	for (bool going = true; going && atomic_load(&run->count) < HISTORY_ACTS;) {
		struct act act = {.thread = worker->number};
		draw(&act, run, &rng);
		going = act_once(run, &act);
	}
	return NULL;
}

static void run_threads(struct run *run)
{
	struct worker workers[HISTORY_THREADS];
	for (unsigned i = 0; i < HISTORY_THREADS; i++) {
		workers[i] = (struct worker){.run = run, .number = i};
		if (hf__thread_start(&workers[i].thread, work, &workers[i]))
			abort();
	}
	for (unsigned i = 0; i < HISTORY_THREADS; i++)
		(void)pthread_join(workers[i].thread, NULL);
}

/* --- Events ----------------------------------------------------------------------------------- */

static void plan(struct run *run, enum event event, struct hf_rng *rng)
{
	const struct sim_fault fault = {
	    .kinds = event == EVENT_FAILED_SYNC ? SIM_SYNC : SIM_CHANGES,
	    .nth = 1 + hf_rng_below(rng, event == EVENT_FAILED_SYNC ? FIRST_SYNCS : FIRST_CALLS),
	    .error = EIO,
	    .persistent = event != EVENT_FAILED_SYNC};
	if (event != EVENT_NONE)
		sim_add_fault(run->sim, fault);
}

/* Any of the images that the disk may leave. */
static void lose_power(struct run *run, struct hf_rng *rng)
{
	struct sim *after = NULL;
	const struct sim_pending pending = sim_pending(run->sim);
	uint8_t sectors[4096], dir_ops[256];
	for (unsigned tries = 0; !after && tries < 20; tries++) {
		const bool fits = pending.sectors <= sizeof sectors && pending.dir_ops <= sizeof dir_ops;
		struct sim_choice choice = {.salt = hf_rng_below(rng, UINT64_MAX)};
		for (size_t i = 0; fits && i < pending.sectors; i++)
			sectors[i] = hf_rng_below(rng, 2) ? SIM_PICK_NEWEST : 0;
		for (size_t i = 0; fits && i < pending.dir_ops; i++)
			dir_ops[i] = (uint8_t)hf_rng_below(rng, 2);
		if (fits && pending.sectors && tries < 15)
			choice.sectors = sectors;
		if (fits && pending.dir_ops && tries < 10)
			choice.dir_ops = dir_ops;
		after = sim_crash(run->sim, &choice);
	}
	if (!after)
		abort(); /* everything survived: always a choice */
	sim_free(run->sim);
	run->sim = after;
	sim_set_sync_delay(run->sim, SYNC_US);
}

static void open_store(struct run *run)
{
	const struct hf_options options = {
	    .create = true, .no_background = true, .segment_size = 16384};
	struct hf_error error = {0};
	if (hf__store_open(sim_os(run->sim), hf__all_domains(), &options, &run->target.store, &error) !=
	    HF_OK)
		trouble(run, error.code);
}

/* Everything that was unsure happened before this or not at all. */
static void settle_unsure(struct run *run)
{
	struct history *h = run->history;
	const size_t count =
	    atomic_load(&run->count) < HISTORY_ALL_MAX ? atomic_load(&run->count) : HISTORY_ALL_MAX;
	const uint64_t now = instant(run);
	for (size_t i = 0; i < count; i++) {
		if (!h->acts[i].unsure || h->acts[i].code == HF_OK)
			continue;
		h->acts[i].answered = now;
		h->acts[i].code = HF_OK; /* settled: not to be moved by the next reopening */
		h->unsure++;
	}
}

/* A crash can take back what was not durable, what this phase's cancelled waits gave back too. */
static void forget_not_held(struct run *run)
{
	struct history *h = run->history;
	for (size_t i = run->phase_began; i < atomic_load(&run->count) && i < HISTORY_ALL_MAX; i++)
		if (h->acts[i].name == ACT_NOT_HELD)
			h->acts[i].number = 0;
}

static void reopen(struct run *run, enum event event, struct hf_rng *rng)
{
	struct history *h = run->history;
	const bool hit = sim_fault_hits(run->sim) > 0;
	(void)hf_close(run->target.store, NULL); /* a failed store says so again */
	run->target.store = NULL;
	sim_clear_faults(run->sim);
	if (hit && event == EVENT_KILL)
		sim_kill(run->sim);
	if (hit && event == EVENT_POWER_LOSS)
		lose_power(run, rng);
	h->failed_syncs += hit && event == EVENT_FAILED_SYNC;
	h->kills += hit && event == EVENT_KILL;
	h->power_losses += hit && event == EVENT_POWER_LOSS;
	h->reopenings++;
	if (hit)
		forget_not_held(run);
	settle_unsure(run);
	struct act act = {.name = ACT_REOPEN, .asked = instant(run)};
	open_store(run);
	act.answered = instant(run);
	if (!note(run, &act))
		trouble(run, HF_ETOOBIG);
}

/* What is there in the end, asked by one thread. */
static void look(struct run *run, struct hf_rng *rng)
{
	static const enum act_name reads[HISTORY_KINDS] = {ACT_GET, ACT_CHECK, ACT_BEGIN, ACT_WHERE,
	                                                   ACT_SUM};
	for (unsigned i = 0; i < HISTORY_OBJECTS; i++) {
		struct act act = {
		    .name = reads[history_kind_of(i)], .object = i, .thread = HISTORY_THREADS};
		act_draw(&act, &run->target, rng);
		(void)act_once(run, &act);
	}
}

void history_make(struct history *history, uint64_t seed)
{
	struct hf_rng rng = hf_rng(seed);
	struct run run = {.history = history, .sim = sim_new(sim_profile_weak(), seed), .seed = seed};
	run.target.instant = &run.instant;
	memset(history, 0, sizeof *history);
	sim_set_now(run.sim, START);
	sim_set_sync_delay(run.sim, SYNC_US);
	open_store(&run);
	while (atomic_load(&run.count) < HISTORY_ACTS && atomic_load(&run.trouble) == HF_OK) {
		const enum event event = (enum event)hf_rng_below(&rng, EVENTS);
		plan(&run, event, &rng);
		run.phase_began = atomic_load(&run.count);
		run_threads(&run);
		run.phase++;
		if (atomic_load(&run.trouble) == HF_OK)
			reopen(&run, event, &rng);
	}
	if (atomic_load(&run.trouble) == HF_OK)
		look(&run, &rng);
	if (run.target.store)
		(void)hf_close(run.target.store, NULL);
	sim_free(run.sim);
	history->count =
	    atomic_load(&run.count) < HISTORY_ALL_MAX ? atomic_load(&run.count) : HISTORY_ALL_MAX;
	history->trouble = atomic_load(&run.trouble);
	for (size_t i = 0; i < history->count; i++) {
		const struct act *act = &history->acts[i];
		history->waits_granted += act->name == ACT_WAIT_CLAIM || act->name == ACT_WAIT_LOCK;
		history->waits_cancelled += act->name == ACT_NOT_HELD;
	}
}
