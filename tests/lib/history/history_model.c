/* What each kind of object does when one act follows the other: written from the contract,
 * without a look at the engine. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/history/history.h"

/* Nobody was told the token of an unsure grant: it is a number that no store gives, until a read
 * shows the true one. */
#define UNKNOWN (UINT64_C(1) << 63)

enum { ABSENT, QUEUED, SENDING, FAILED, OWNED, DONE };
enum { ATTEMPTS_MAX = 5 };

struct object {
	uint64_t token; /* who holds it */
	uint64_t newest; /* greatest token that was ever given for it */
	int64_t number; /* attempts, fingerprint, position */
	int64_t status; /* of a response; the last delivery of a cursor */
	uint32_t is;
	uint32_t leased;
	uint64_t holder; /* thread that holds a lock */
	int64_t wait; /* the cancelled wait that holds it; 0: none */
};
_Static_assert(sizeof(struct object) <= LINEAR_STATE_MAX && sizeof(struct object) == 56,
               "plain bytes without padding");

enum history_kind history_kind_of(unsigned object)
{
	return object < 2   ? HISTORY_ITEM
	       : object < 4 ? HISTORY_LOCK
	       : object < 6 ? HISTORY_KEY
	       : object < 7 ? HISTORY_CURSOR
	                    : HISTORY_ACCOUNTS;
}

/* --- Holding ---------------------------------------------------------------------------------- */

static bool grant(struct object *o, const struct act *act)
{
	if (!act->unsure && act->given <= o->newest)
		return false; /* tokens only grow */
	o->token = act->unsure ? UNKNOWN | act->asked : act->given;
	o->newest = act->unsure ? o->newest : act->given;
	o->leased = act->leased;
	o->wait = act->name == ACT_HELD ? act->number : 0;
	return true;
}

static void let_go(struct object *o, uint32_t is)
{
	o->token = 0;
	o->leased = 0;
	o->holder = 0;
	o->wait = 0;
	o->is = is;
}

static bool holds(const struct object *o, const struct act *act, uint32_t is)
{
	return o->is == is && o->token == act->token;
}

/* A read shows the token: now it is known. */
static bool shows_token(struct object *o, const struct act *act)
{
	if (o->token & UNKNOWN && act->given > o->newest)
		o->token = o->newest = act->given;
	return o->token == act->given;
}

/* The act was answered `code`; an unsure one is one only if it would have done something. */
static bool answered(const struct act *act, int code)
{
	return act->unsure ? code == HF_OK : act->code == code;
}

/* --- Waits ------------------------------------------------------------------------------------ */

/* A grant that waited gets only what is free, or its owner's. */
static bool wait_grant(struct object *o, const struct act *act, enum history_kind kind)
{
	if (kind == HISTORY_ITEM ? o->is != QUEUED : o->is == OWNED && o->holder != act->thread + 1u)
		return false;
	o->is = kind == HISTORY_ITEM ? SENDING : OWNED;
	o->holder = kind == HISTORY_ITEM ? 0 : act->thread + 1u;
	return answered(act, HF_OK) && grant(o, act);
}

/* What goes back is as it was, attempts too. */
static bool wait_step(struct object *o, const struct act *act, enum history_kind kind)
{
	if (act->name == ACT_NOT_HELD)
		return act->number == 0 || o->wait != act->number;
	if (act->name != ACT_BACK)
		return wait_grant(o, act, kind);
	if (o->wait != act->number)
		return false;
	let_go(o, kind == HISTORY_ITEM ? QUEUED : ABSENT);
	return true;
}

/* --- Items ------------------------------------------------------------------------------------ */

static bool item_claim(struct object *o, const struct act *act)
{
	if (o->is == ABSENT)
		return answered(act, HF_ENOTFOUND);
	if (o->is == SENDING)
		return answered(act, HF_ECLAIMED);
	o->is = SENDING;
	return answered(act, HF_OK) && grant(o, act);
}

static bool item_end(struct object *o, const struct act *act)
{
	if (o->is == ABSENT)
		return answered(act, HF_ENOTFOUND);
	if (!holds(o, act, SENDING))
		return answered(act, HF_ESTALE);
	if (act->name == ACT_FAIL) {
		o->number++;
		let_go(o, o->number >= ATTEMPTS_MAX ? FAILED : QUEUED);
	} else {
		o->number = 0;
		let_go(o, ABSENT);
	}
	return answered(act, HF_OK);
}

static bool item_get(struct object *o, const struct act *act)
{
	if (o->is == ABSENT)
		return answered(act, HF_ENOTFOUND);
	const int64_t shown = o->is == QUEUED    ? HF_OUTBOX_QUEUED
	                      : o->is == SENDING ? HF_OUTBOX_SENDING
	                                         : HF_OUTBOX_FAILED;
	return answered(act, HF_OK) && act->shown == shown && act->shown_too == o->number &&
	       shows_token(o, act);
}

/* Claimed and completed at once: no other thread sees the token, but it was given. */
static bool item_work(struct object *o, const struct act *act)
{
	if (o->is == ABSENT)
		return answered(act, HF_ENOTFOUND);
	if (o->is == SENDING)
		return answered(act, HF_ECLAIMED);
	if (!answered(act, HF_OK) || !grant(o, act))
		return false;
	o->number = 0;
	let_go(o, ABSENT);
	return true;
}

static bool item_step(struct object *o, const struct act *act)
{
	if (act->name == ACT_ENQUEUE) {
		const bool adds = o->is == ABSENT;
		o->is = adds ? QUEUED : o->is;
		return answered(act, HF_OK) && (act->unsure ? adds : act->changed == adds);
	}
	if (act->name == ACT_GET)
		return item_get(o, act);
	if (act->name == ACT_WORK)
		return item_work(o, act);
	return act->name == ACT_CLAIM ? item_claim(o, act) : item_end(o, act);
}

/* --- Locks ------------------------------------------------------------------------------------ */

static bool lock_step(struct object *o, const struct act *act)
{
	const bool mine = holds(o, act, OWNED);
	if (act->name == ACT_ACQUIRE) {
		if (o->is == OWNED && o->holder != act->thread + 1u)
			return answered(act, HF_EHELD);
		o->is = OWNED;
		o->holder = act->thread + 1u;
		return answered(act, HF_OK) && grant(o, act);
	}
	if (!mine)
		return answered(act, HF_ESTALE);
	if (act->name == ACT_RENEW)
		o->leased = act->leased;
	if (act->name == ACT_RELEASE)
		let_go(o, ABSENT);
	return answered(act, HF_OK);
}

/* --- Keys ------------------------------------------------------------------------------------- */

static bool key_begin(struct object *o, const struct act *act)
{
	const bool begins = o->is == ABSENT;
	const int outcome = begins                     ? HF_IDEMPOTENCY_NEW
	                    : o->number != act->number ? HF_IDEMPOTENCY_MISMATCH
	                    : o->is == OWNED           ? HF_IDEMPOTENCY_IN_PROGRESS
	                                               : HF_IDEMPOTENCY_REPLAY;
	if (act->unsure ? !begins : act->code != HF_OK || act->shown != outcome)
		return false;
	if (outcome == HF_IDEMPOTENCY_REPLAY && act->shown_too != o->status)
		return false;
	if (!begins)
		return true;
	o->is = OWNED;
	o->number = act->number;
	return grant(o, act);
}

static bool key_step(struct object *o, const struct act *act)
{
	if (act->name == ACT_BEGIN)
		return key_begin(o, act);
	if (!holds(o, act, OWNED))
		return answered(act, HF_ESTALE);
	let_go(o, DONE);
	o->leased = act->leased; /* kept no longer than a lease lasts */
	o->status = act->number;
	return answered(act, HF_OK);
}

/* --- Cursors ---------------------------------------------------------------------------------- */

/* The delivery id is a function of the sequence and of whether it is leased, which a cursor has
 * no other use for. */
static int64_t delivery(const struct act *act)
{
	return act->number * 2 + act->leased;
}

static bool cursor_step(struct object *o, const struct act *act)
{
	if (act->name == ACT_WHERE)
		return o->is == ABSENT ? answered(act, HF_ENOTFOUND)
		                       : answered(act, HF_OK) && act->shown == o->number;
	if (act->name == ACT_STEP) {
		o->number = o->is == ABSENT ? 1 : o->number + 1;
		o->status = o->number * 2 + act->leased;
		o->is = DONE;
		return answered(act, HF_OK) && (act->unsure || act->shown == o->number);
	}
	const bool moves = o->is == ABSENT || act->number > o->number;
	if (!moves && (act->number != o->number || delivery(act) != o->status))
		return answered(act, HF_ENONMONOTONIC);
	o->is = DONE;
	o->number = act->number;
	o->status = delivery(act);
	return answered(act, HF_OK);
}

/* --- Accounts --------------------------------------------------------------------------------- */

static bool accounts_step(struct object *o, const struct act *act)
{
	uint64_t *const all[3] = {&o->token, &o->newest, &o->holder};
	unsigned from, to;
	int64_t amount;
	for (unsigned i = 0; i < 3 && o->is == ABSENT; i++)
		*all[i] = HISTORY_HAS;
	o->is = DONE;
	if (act->name == ACT_SUM)
		return answered(act, HF_OK) &&
		       act->shown == (int64_t)(*all[0] * 10000 + *all[1] * 100 + *all[2]);
	history_move(act, &from, &to, &amount);
	if (!act->unsure && act->shown != (int64_t)*all[from])
		return false;
	if ((int64_t)*all[from] < amount)
		return answered(act, HF_EBLOCKED);
	*all[from] -= (uint64_t)amount;
	*all[to] += (uint64_t)amount;
	return answered(act, HF_OK);
}

/* --- All -------------------------------------------------------------------------------------- */

/* What was held is free, in the way of its kind. */
static void end_holding(struct object *o, enum history_kind kind)
{
	if (kind == HISTORY_KEY)
		o->number = 0;
	let_go(o, kind == HISTORY_ITEM ? QUEUED : ABSENT);
}

static bool step(void *state, const struct linear_op *op)
{
	const struct act *act = op->what;
	const enum history_kind kind = history_kind_of(act->object);
	struct object *o = state;
	const bool held = o->is == SENDING || o->is == OWNED,
	           kept = kind == HISTORY_KEY && o->is == DONE;
	if (act->name == ACT_REOPEN && held && !o->leased)
		end_holding(o, kind);
	if (act->name == ACT_TIME && (held || kept) && o->leased)
		end_holding(o, kind);
	if (act->name <= ACT_TIME)
		return true;
	if (act->name >= ACT_WAIT_CLAIM)
		return wait_step(o, act, kind);
	return kind == HISTORY_ITEM     ? item_step(o, act)
	       : kind == HISTORY_LOCK   ? lock_step(o, act)
	       : kind == HISTORY_KEY    ? key_step(o, act)
	       : kind == HISTORY_CURSOR ? cursor_step(o, act)
	                                : accounts_step(o, act);
}

enum linear_verdict history_judge(const struct history *history, unsigned *object,
                                  const struct act **act)
{
	static const struct linear_model model = {sizeof(struct object), step};
	for (unsigned i = 0; i < HISTORY_OBJECTS; i++) {
		struct act acts[HISTORY_ALL_MAX];
		struct linear_op ops[HISTORY_ALL_MAX];
		const struct object nothing = {0};
		size_t count = 0, stuck = 0;
		for (size_t j = 0; j < history->count; j++) {
			if (history->acts[j].name > ACT_TIME && history->acts[j].object != i)
				continue;
			acts[count] = history->acts[j];
			acts[count].object = i;
			ops[count] = (struct linear_op){acts[count].asked, acts[count].answered,
			                                acts[count].unsure, &acts[count]};
			count++;
		}
		const enum linear_verdict verdict = linear_check(&model, &nothing, ops, count, &stuck);
		if (verdict == LINEAR_YES)
			continue;
		*object = i;
		*act = NULL;
		for (size_t j = 0; j < history->count && stuck < count; j++)
			if (history->acts[j].asked == acts[stuck].asked)
				*act = &history->acts[j];
		return verdict;
	}
	return LINEAR_YES;
}

void history_describe(const struct act *act, char *out, size_t cap)
{
	static const char *const names[ACTS] = {"reopen",
	                                        "time",
	                                        "enqueue",
	                                        "claim",
	                                        "complete",
	                                        "fail",
	                                        "get",
	                                        "acquire",
	                                        "renew",
	                                        "release",
	                                        "check",
	                                        "begin",
	                                        "finish",
	                                        "advance",
	                                        "where",
	                                        "work",
	                                        "step",
	                                        "move",
	                                        "sum",
	                                        "wait and claim",
	                                        "wait and acquire",
	                                        "held by a wait",
	                                        "given back",
	                                        "not held by a wait"};
	(void)snprintf(out, cap,
	               "%6" PRIu64 "..%-6" PRIu64 " t%u %s object %u%s number %" PRId64
	               " token %" PRIx64 " -> %s%s%s given %" PRIx64 " shown %" PRId64 "/%" PRId64,
	               act->asked, act->answered, act->thread, names[act->name], act->object,
	               act->leased ? " leased" : "", act->number, act->token, hf_code_name(act->code),
	               act->unsure ? " (unsure)" : "", act->changed ? " changed" : "", act->given,
	               act->shown, act->shown_too);
}
