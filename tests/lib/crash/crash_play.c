/* See crash_play.h.
 *
 * Happy path of a live step: the oracle is told what is about to be submitted (the state is
 * known from the rehearsal), the step runs, the answer is compared, the oracle is told what the
 * answer demands. Failure modes: without a fault on the disk any difference is wrong. With one,
 * the first different answer must be a failure; from then on the store either has failed for
 * good, and every mutation says so, or the step was refused cleanly, and mutations are left out
 * because nothing could be compared with the rehearsal. */
#include "lib/crash/crash_step.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define DIGEST_SEED 7u

void play_wrong(struct player *p, const char *format, ...)
{
	char what[300];
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(what, sizeof what, format, arguments);
	va_end(arguments);
	if (!p->wrong[0]) /* the first one counts */
		(void)snprintf(p->wrong, sizeof p->wrong, "%s %s, step %zu: %s",
		               p->oracle ? "live" : "rehearsal of", p->script->name, p->step, what);
}

bool play_digest(hf_store *store, uint64_t *out, char *why, size_t cap)
{
	struct hf__writer dump = {0};
	struct hf_error error = {0};
	const int rc = hf__state_dump(store, &dump, &error);
	*out = hf__checksum(dump.data, dump.len, DIGEST_SEED);
	hf__writer_deinit(&dump);
	if (rc != HF_OK)
		(void)snprintf(why, cap, "dump: %s: %s", hf_code_name(rc), error.text);
	return rc == HF_OK;
}

uint64_t play_empty_digest(void)
{
	struct hf__writer dump = {0};
	const struct hf__domains *all = hf__all_domains();
	for (unsigned i = 0; i < all->count; i++) {
		hf__put_u8(&dump, all->rows[i]->id);
		hf__put_u64(&dump, 0);
	}
	const uint64_t digest = hf__checksum(dump.data, dump.len, DIGEST_SEED);
	hf__writer_deinit(&dump);
	return digest;
}

bool play_rehearses(const struct player *p)
{
	return p->oracle == NULL;
}

static const struct step *current(const struct player *p)
{
	return &p->script->steps[p->step];
}

struct play_note *play_note_of(const struct player *p)
{
	return &p->record->notes[p->step];
}

bool play_is_failure(int code)
{
	return code == HF_EUNCERTAIN || code == HF_EFAILED || code == HF_EIO || code == HF_ENOSPACE;
}

bool play_store_failed(const struct player *p)
{
	struct hf_info info = {0};
	return p->store && hf_get_info(p->store, &info, NULL) == HF_OK && info.fault != 0;
}

void play_diverge(struct player *p, int code, const struct hf_error *error)
{
	if (sim_fault_hits(p->sim) == 0)
		play_wrong(p, "answered %s (%s), in the rehearsal %s", hf_code_name(code), error->text,
		           hf_code_name(play_note_of(p)->code));
	else if (!play_is_failure(code))
		play_wrong(p, "after a fault it answered %s (%s), which is no failure", hf_code_name(code),
		           error->text);
	p->diverged = true;
}

/* --- Opening and closing ---------------------------------------------------------------------- */

/* Opens the store and learns what state it has. */
static bool open_store(struct player *p, bool unclean, uint64_t *opened)
{
	struct hf_error error = {0};
	p->opening = true;
	p->unclean = unclean;
	const int rc =
	    hf__store_open(sim_os(p->sim), hf__all_domains(), &p->options, &p->store, &error);
	p->opening = false;
	p->unclean = false;
	if (rc != HF_OK) {
		p->diverged = true;
		if (play_rehearses(p) || sim_fault_hits(p->sim) == 0)
			play_wrong(p, "opening failed: %s: %s (%s at %llu)", hf_code_name(rc), error.text,
			           error.file, (unsigned long long)error.offset);
		return false;
	}
	p->options.create = false;
	if (play_rehearses(p) && !play_digest(p->store, opened, error.text, sizeof error.text))
		play_wrong(p, "%s", error.text);
	return true;
}

static int close_store(struct player *p, struct hf_error *error)
{
	const int rc = hf_close(p->store, error);
	p->store = NULL;
	if (rc == HF_OK && !play_rehearses(p))
		oracle_must_all(p->oracle);
	return rc;
}

static void step_reopen(struct player *p)
{
	struct hf_error error = {0};
	uint64_t opened = 0;
	const int rc = close_store(p, &error);
	if (play_rehearses(p))
		*play_note_of(p) = (struct play_note){.code = rc};
	if (rc != HF_OK) {
		play_diverge(p, rc, &error);
		return;
	}
	if (!open_store(p, false, &opened))
		return;
	if (play_rehearses(p) && opened != p->state)
		play_wrong(p, "a clean reopening changed the state");
}

void play_kill(struct sim *sim, hf_store *store)
{
	sim_kill(sim);
	/* The engine's memory goes as a killed process's does: a forked child's close makes no call
	 * to the seam. */
	sim_set_forked(sim, true);
	(void)hf_close(store, NULL);
	sim_set_forked(sim, false);
}

static void step_kill(struct player *p)
{
	uint64_t opened = 0;
	play_kill(p->sim, p->store);
	p->store = NULL;
	p->ticket_count = 0;
	if (play_rehearses(p))
		*play_note_of(p) = (struct play_note){.code = HF_OK};
	if (!open_store(p, true, &opened) || play_rehearses(p))
		return;
	if (oracle_judge_killed(p->oracle, play_note_of(p)->state) != ORACLE_RIGHT)
		play_wrong(p, "a kill -9 lost what had been acknowledged");
	oracle_reopened(p->oracle, play_note_of(p)->state);
}

/* --- The rest --------------------------------------------------------------------------------- */

static void step_sync(struct player *p, int (*sync)(hf_store *store, struct hf_error *error))
{
	struct hf_error error = {0};
	const int code = sync(p->store, &error);
	if (play_rehearses(p))
		*play_note_of(p) = (struct play_note){.code = code};
	if (code != (play_rehearses(p) ? HF_OK : play_note_of(p)->code))
		play_diverge(p, code, &error);
	else if (!play_rehearses(p))
		oracle_must_all(p->oracle);
}

/* May log endings; nobody was promised those. */
static void step_maintain(struct player *p)
{
	struct hf_error error = {0};
	const size_t number = play_submit_state(p, false);
	const int code = hf_maintain(p->store, 0, &error);
	if (play_rehearses(p))
		*play_note_of(p) = (struct play_note){.code = code};
	if (code == (play_rehearses(p) ? HF_OK : play_note_of(p)->code))
		return;
	play_diverge(p, code, &error);
	if (number && code != HF_EUNCERTAIN)
		oracle_take_back(p->oracle);
}

/* After the step, in the rehearsal: which state is it now? */
static void observe_state(struct player *p, const struct step *step)
{
	struct hf_info info = {0};
	uint64_t state = p->state;
	char why[300] = "";
	if (!p->store || p->wrong[0])
		return;
	if (!play_digest(p->store, &state, why, sizeof why) ||
	    hf_get_info(p->store, &info, NULL) != HF_OK)
		play_wrong(p, "%s", why);
	const bool changed = state != p->state;
	const bool says =
	    (step->kind == STEP_DO || step->kind == STEP_SUBMIT || step->kind == STEP_ASYNC) &&
	    script_changes(step);
	if (step->kind != STEP_MAINTAIN && step->kind != STEP_KILL && changed != says)
		play_wrong(p, "%s %s the state, the script says otherwise",
		           script_verb_name(step->ops[0].verb), changed ? "changed" : "did not change");
	play_note_of(p)->changed = changed && step->kind != STEP_KILL;
	play_note_of(p)->state = state;
	play_note_of(p)->segment = info.segment;
	p->state = state;
}

static void run_step(struct player *p, const struct step *step)
{
	switch (step->kind) {
	case STEP_DO:
		if (p->diverged)
			play_do_diverged(p, step);
		else
			play_do(p, step);
		break;
	case STEP_TIME:
		sim_advance(p->sim, step->by);
		break;
	case STEP_ABANDON:
		if (!p->diverged)
			play_abandon(p, step);
		break;
	case STEP_WAIT:
		play_wait(p); /* outstanding answers come, whatever happened */
		break;
	case STEP_FLUSH:
		play_flush(p);
		break;
	case STEP_ASYNC:
	case STEP_SUBMIT:
		if (!p->diverged)
			play_submit(p, step);
		break;
	case STEP_SYNC:
		if (!p->diverged)
			step_sync(p, hf_sync);
		break;
	case STEP_SNAPSHOT:
		if (!p->diverged)
			step_sync(p, hf_snapshot);
		break;
	case STEP_COMPACT:
		if (!p->diverged)
			step_sync(p, hf_compact);
		break;
	case STEP_MAINTAIN:
		if (!p->diverged)
			step_maintain(p);
		break;
	case STEP_REOPEN:
		if (!p->diverged)
			step_reopen(p);
		break;
	case STEP_KILL:
		if (!p->diverged)
			step_kill(p);
		break;
	case STEP_END:
		break;
	}
}

/* Does this step turn to the next segment? Known from the rehearsal. */
static bool rotates(const struct player *p)
{
	const uint32_t before =
	    p->step > 0 ? p->record->notes[p->step - 1].segment : p->record->segment;
	return !play_rehearses(p) && before != 0 && play_note_of(p)->segment != before;
}

static void run_steps(struct player *p)
{
	for (p->step = 0; current(p)->kind != STEP_END && p->store && !p->wrong[0]; p->step++) {
		if (p->step == PLAY_STEPS)
			abort();
		p->rotating = rotates(p);
		run_step(p, current(p));
		p->rotating = false;
		if (play_rehearses(p))
			observe_state(p, current(p));
	}
	if (play_rehearses(p))
		p->record->count = p->step;
}

/* All went as rehearsed, or a mutation was refused cleanly: then memory holds the newest state. */
static void check_end(struct player *p)
{
	uint64_t state = 0;
	struct hf_error error = {0};
	char why[300] = "";
	if (!p->store || play_rehearses(p) || play_store_failed(p))
		return;
	if (!play_digest(p->store, &state, why, sizeof why))
		play_wrong(p, "%s", why);
	else if (state != p->oracle->digests[p->oracle->count - 1])
		play_wrong(p, "the state in memory is not the newest one");
	else if (hf__state_verify(p->store, &error) != HF_OK)
		play_wrong(p, "verify: %s", error.text);
}

static void close_at_end(struct player *p)
{
	struct hf_error error = {0};
	const bool had_failed = play_store_failed(p);
	if (!p->store)
		return;
	const int rc = close_store(p, &error);
	if (had_failed ? rc != HF_EFAILED : rc != HF_OK && sim_fault_hits(p->sim) == 0)
		play_wrong(p, "closing answered %s (%s)", hf_code_name(rc), error.text);
}

bool play(struct player *p)
{
	struct hf_info info = {0};
	const bool fresh = p->options.create;
	uint64_t opened = 0;
	p->step = 0;
	if (play_rehearses(p))
		*p->record = (struct play_record){0};
	if (!open_store(p, !fresh, &opened))
		return p->wrong[0] == '\0';
	if (hf_get_info(p->store, &info, NULL) != HF_OK)
		play_wrong(p, "no info");
	if (play_rehearses(p)) {
		p->record->opened = p->state = opened;
		p->record->segment = info.segment;
	} else {
		oracle_reopened(p->oracle, p->record->opened);
	}
	run_steps(p);
	p->checking = true;
	check_end(p);
	p->checking = false;
	close_at_end(p);
	return p->wrong[0] == '\0';
}
