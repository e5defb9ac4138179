/* Single steps of a workload: operations, transactions, submissions, and the model of what their
 * answers demand. See crash_play.h. */
#include "lib/crash/crash_step.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "store/internal.h"

/* --- What answers told ------------------------------------------------------------------------ */

static struct play_known *known(struct player *p, const char *object)
{
	for (size_t i = 0; i < p->known_count; i++)
		if (strcmp(p->known[i].object, object) == 0)
			return &p->known[i];
	if (p->known_count == PLAY_KNOWN)
		abort(); /* too many objects for a workload */
	struct play_known *k = &p->known[p->known_count++];
	*k = (struct play_known){0};
	(void)snprintf(k->object, sizeof k->object, "%s", object);
	return k;
}

static struct play_known *known_of(struct player *p, const struct op *op, size_t nth)
{
	char object[ORACLE_NAME];
	script_object_name(op, nth, object, sizeof object);
	return known(p, object);
}

static uint64_t expected_version(struct player *p, const struct op *op)
{
	const uint64_t version = known_of(p, op, 0)->version;
	switch (op->expect) {
	case EXPECT_CURRENT:
		return version ? version : HF_ABSENT;
	case EXPECT_ABSENT:
		return HF_ABSENT;
	case EXPECT_OTHER:
		return version + 1000;
	default:
		return 0;
	}
}

/* The memory that one operation's answer needs while its step runs. */
struct slot {
	struct hf_ticket *ticket;
	struct hf_result result;
	struct op_answer answer;
};

static void learn(struct player *p, const struct op *op, const struct slot *slot)
{
	if (op->verb == OUTBOX_CLAIM_NEXT) {
		const struct hf_outbox_items *items = (const void *)slot->answer.bytes;
		for (size_t i = 0; i < items->count; i++) {
			struct play_known *k = known_of(p, op, i);
			const char *id = strchr(k->object, '/') + 1;
			if (!hf__bytes_equal(hf_str(id), items->items[i].id))
				play_wrong(p, "claim_next gave another item than %s", id);
			k->version = items->items[i].version;
			k->token = items->items[i].token;
		}
	} else if (!script_reads(op) && (op->changes || slot->result.version)) {
		struct play_known *k = known_of(p, op, 0);
		k->version = slot->result.version;
		k->token = slot->result.token ? slot->result.token : k->token;
	}
}

static uint64_t greater(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Writes down what the operations told. */
static void tell(struct player *p, const struct step *step, int code, const struct slot *slots,
                 struct tale *told)
{
	for (size_t i = 0; i < script_ops(step); i++) {
		if (!script_reads(&step->ops[i]))
			script_tell(told, &step->ops[i], &slots[i].result, &slots[i].answer);
		if (code == HF_OK)
			learn(p, &step->ops[i], &slots[i]);
	}
}

static uint64_t digest_of(const struct tale *told, int code)
{
	return hf__checksum(told->bytes.data, told->bytes.len, (uint64_t)code);
}

/* --- The model -------------------------------------------------------------------------------- */

struct model {
	struct oracle *oracle;
	size_t number;
};

static void add_need(void *arg, const char *object)
{
	struct model *m = arg;
	const size_t needs = oracle_needs(m->oracle, object);
	if (needs > m->number)
		m->number = needs;
}

static void mark_changed(void *arg, const char *object)
{
	struct model *m = arg;
	oracle_changed(m->oracle, object, m->number);
}

/* What the step's answer demands, whatever it changes itself. A refusal may rest on everything
 * up to the refused operation. */
static size_t needs_of(const struct player *p, const struct step *step)
{
	struct model m = {p->oracle, 0};
	if (play_rehearses(p) || step->undurable)
		return 0;
	for (size_t i = 0; i < script_ops(step); i++) {
		script_looks_at(&step->ops[i], add_need, &m);
		if (step->ops[i].answer != HF_OK)
			break;
	}
	return m.number;
}

static void mark_step(const struct player *p, const struct step *step, size_t number)
{
	struct model m = {p->oracle, number};
	for (size_t i = 0; number && i < script_ops(step); i++)
		if (step->ops[i].changes)
			script_touches(&step->ops[i], mark_changed, &m);
}

size_t play_submit_state(struct player *p, bool durable)
{
	return !play_rehearses(p) && play_note_of(p)->changed
	           ? oracle_submit(p->oracle, play_note_of(p)->state, durable)
	           : 0;
}

/* --- Operations ------------------------------------------------------------------------------- */

static int call_op(struct player *p, const struct step *step, size_t i, hf_txn *txn,
                   struct slot *slot, struct tale *told, struct hf_error *error)
{
	const struct op *op = &step->ops[i];
	const bool claims = op->verb == OUTBOX_CLAIM || op->verb == OUTBOX_CLAIM_NEXT ||
	                    op->verb == OUTBOX_CLAIM_BOUNDED;
	const bool direct = step->kind == STEP_DO || step->kind == STEP_ASYNC;
	const struct call call = {
	    .store = p->store,
	    .txn = txn,
	    .op = op,
	    .durability = step->os ? HF_OS : HF_DURABLE,
	    .flags = step->undurable ? HF_READ_UNDURABLE : 0,
	    .expect = expected_version(p, op),
	    .ticket = slot->ticket,
	    .token = known_of(p, op, 0)->token,
	    .result = &slot->result,
	    .answer = op->verb == IDEM_BEGIN || (claims && direct) ? &slot->answer : NULL,
	    .told = told,
	    .error = error,
	};
	return script_call(&call);
}

/* A transaction with the step's operations; *rc tells why there is none. */
static hf_txn *fill_txn(struct player *p, const struct step *step, struct slot *slots, int *rc,
                        struct hf_error *error)
{
	hf_txn *txn = NULL;
	*rc = hf_txn_begin(p->store, &txn, error);
	for (size_t i = 0; *rc == HF_OK && i < script_ops(step); i++)
		*rc = call_op(p, step, i, txn, &slots[i], NULL, error);
	if (*rc == HF_OK)
		return txn;
	hf_txn_abandon(txn);
	return NULL;
}

static int run_ops(struct player *p, const struct step *step, struct slot *slots, struct tale *told,
                   struct hf_error *error)
{
	int rc = HF_OK;
	if (script_ops(step) == 1)
		return call_op(p, step, 0, NULL, &slots[0], told, error);
	hf_txn *txn = fill_txn(p, step, slots, &rc, error);
	return txn ? hf_txn_commit(txn, step->os ? HF_OS : HF_DURABLE, error) : rc;
}

static void release(const struct step *step, struct slot *slots, struct tale *told)
{
	for (size_t i = 0; i < script_ops(step); i++)
		script_release(&step->ops[i], &slots[i].answer);
	hf__writer_deinit(&told->bytes);
}

int play_ops(struct player *p, const struct step *step, struct hf_error *error)
{
	struct slot slots[OPS_MAX];
	struct tale told = {0};
	memset(slots, 0, sizeof slots);
	const int code = run_ops(p, step, slots, &told, error);
	tell(p, step, code, slots, &told);
	release(step, slots, &told);
	return code;
}

/* The oracle learns of an answer that is as rehearsed. */
static void answered(struct player *p, size_t needs, size_t number, bool os, uint64_t told_lsn)
{
	if (play_rehearses(p))
		return;
	p->oracle->told_lsn = greater(p->oracle->told_lsn, told_lsn);
	oracle_must(p->oracle, needs);
	if (number)
		oracle_must_if_killed(p->oracle, number);
	if (number && !os)
		oracle_must(p->oracle, number);
}

/* Does memory show S_number? When it cannot be read (a payload that never got to the disk) it
 * does. */
static bool in_memory(const struct player *p, size_t number)
{
	uint64_t state = 0;
	char why[300];
	return !play_digest(p->store, &state, why, sizeof why) || state == p->oracle->digests[number];
}

/* A step that was to submit S_number failed. */
static void failed(struct player *p, const struct step *step, size_t number, int code)
{
	if (number == 0)
		return;
	const bool shows = in_memory(p, number);
	/* Whether it turns up on the disk nobody knows. And a claim stands when only the payload
	 * that it gives could not be read. */
	const bool may_stand = code == HF_EUNCERTAIN || (code == HF_EIO && shows);
	if (!may_stand)
		oracle_take_back(p->oracle);
	else if (shows)
		mark_step(p, step, number);
}

static void finish_do(struct player *p, const struct step *step, int code, uint64_t answer,
                      uint64_t told_lsn, size_t needs, size_t number, const struct hf_error *error)
{
	if (play_rehearses(p)) {
		*play_note_of(p) = (struct play_note){.code = code, .answer = answer, .told_lsn = told_lsn};
		if (code != script_answer(step))
			play_wrong(p, "%s answered %s (%s), the script says %s",
			           script_verb_name(step->ops[0].verb), hf_code_name(code), error->text,
			           hf_code_name(script_answer(step)));
		return;
	}
	if (code == play_note_of(p)->code && (p->diverged || answer == play_note_of(p)->answer)) {
		mark_step(p, step, number);
		answered(p, needs, number, step->os, told_lsn);
		return;
	}
	play_diverge(p, code, error);
	failed(p, step, number, code);
}

void play_do(struct player *p, const struct step *step)
{
	struct slot slots[OPS_MAX];
	struct tale told = {0};
	struct hf_error error = {0};
	memset(slots, 0, sizeof slots);
	const size_t needs = needs_of(p, step);
	const size_t number = play_submit_state(p, !step->os);
	const int code = run_ops(p, step, slots, &told, &error);
	tell(p, step, code, slots, &told);
	hf__put_u32(&told.bytes, error.operation);
	finish_do(p, step, code, digest_of(&told, code), told.lsn, needs, number, &error);
	release(step, slots, &told);
}

void play_do_diverged(struct player *p, const struct step *step)
{
	struct slot slots[OPS_MAX];
	struct tale told = {0};
	struct hf_error error = {0};
	memset(slots, 0, sizeof slots);
	const bool reads = script_ops(step) == 1 && script_reads(&step->ops[0]);
	const size_t needs = needs_of(p, step);
	if (!reads && !play_store_failed(p))
		return;
	const int code = run_ops(p, step, slots, &told, &error);
	if (!reads && code != HF_EFAILED && code != HF_EUNCERTAIN && code != HF_EINVAL)
		play_wrong(p, "%s on a failed store answered %s", script_verb_name(step->ops[0].verb),
		           hf_code_name(code));
	if (reads && !play_is_failure(code))
		oracle_must(p->oracle, needs); /* an answer: found or not, it rests on what it looked at */
	release(step, slots, &told);
}

void play_abandon(struct player *p, const struct step *step)
{
	struct slot slots[OPS_MAX];
	struct hf_error error = {0};
	int rc = HF_OK;
	memset(slots, 0, sizeof slots);
	hf_txn *txn = fill_txn(p, step, slots, &rc, &error);
	hf_txn_abandon(txn);
	if (rc != HF_OK)
		play_wrong(p, "filling a transaction answered %s (%s)", hf_code_name(rc), error.text);
}

/* As a user does: a single operation takes its ticket along, a transaction has one. */
static int async_ops(struct player *p, const struct step *step, struct slot *slots,
                     struct hf__ticket *ticket, struct hf_error *error)
{
	struct hf_ticket given = {0, 0};
	int code = HF_OK;
	if (script_ops(step) == 1) {
		slots[0].ticket = &given;
		code = call_op(p, step, 0, NULL, &slots[0], NULL, error);
	} else {
		hf_txn *txn = fill_txn(p, step, slots, &code, error);
		if (txn)
			code = hf_txn_commit_async(txn, step->os ? HF_OS : HF_DURABLE, &given, error);
	}
	*ticket = (struct hf__ticket){given.changed, given.due};
	return code;
}

static int submit_ops(struct player *p, const struct step *step, struct slot *slots,
                      struct hf__ticket *ticket, struct hf_error *error)
{
	int code = HF_OK;
	if (step->kind == STEP_ASYNC)
		return async_ops(p, step, slots, ticket, error);
	hf_txn *txn = fill_txn(p, step, slots, &code, error);
	return txn ? hf__submit(p->store, txn, step->os ? HF_OS : HF_DURABLE, ticket, error) : code;
}

/* The answer to a submission: as rehearsed? */
static bool submitted_as_rehearsed(struct player *p, const struct step *step, int code,
                                   uint64_t answer, const struct hf_error *error)
{
	if (play_rehearses(p)) {
		if (code != script_answer(step))
			play_wrong(p, "submit answered %s (%s), the script says %s", hf_code_name(code),
			           error->text, hf_code_name(script_answer(step)));
		*play_note_of(p) = (struct play_note){.code = code, .answer = answer};
	} else if (code != play_note_of(p)->code || answer != play_note_of(p)->answer) {
		play_diverge(p, code, error);
		return false;
	}
	return true;
}

void play_submit(struct player *p, const struct step *step)
{
	struct slot slots[OPS_MAX];
	struct tale told = {0};
	struct hf_error error = {0};
	if (p->ticket_count == PLAY_TICKETS)
		abort();
	memset(slots, 0, sizeof slots);
	struct play_ticket *t = &p->tickets[p->ticket_count];
	*t = (struct play_ticket){
	    .needs = needs_of(p, step), .number = play_submit_state(p, !step->os), .os = step->os};
	t->async = step->kind == STEP_ASYNC;
	const int code = t->code = submit_ops(p, step, slots, &t->ticket, &error);
	tell(p, step, code, slots, &told);
	t->told_lsn = told.lsn;
	hf__put_u64(&told.bytes, t->ticket.changed);
	const bool same = submitted_as_rehearsed(p, step, code, digest_of(&told, code), &error);
	release(step, slots, &told);
	if (!same) {
		failed(p, step, t->number, code);
		return;
	}
	if (!play_rehearses(p)) {
		mark_step(p, step, t->number);
		if (t->async) /* its versions and tokens are out, whatever becomes of it */
			p->oracle->told_lsn = greater(p->oracle->told_lsn, t->told_lsn);
	}
	p->ticket_count++;
}

void play_poll(struct player *p)
{
	for (size_t i = 0; p->oracle && p->store && i < p->ticket_count; i++) {
		struct play_ticket *t = &p->tickets[i];
		if (t->answered || !hf__reached(p->store, t->ticket))
			continue;
		t->answered = true;
		answered(p, t->needs, t->number, t->os, t->told_lsn);
	}
}

void play_wait(struct player *p)
{
	struct hf_error error = {0};
	int code = HF_OK;
	for (size_t i = 0; i < p->ticket_count; i++) {
		const struct play_ticket *t = &p->tickets[i];
		const struct hf_ticket ticket = {t->ticket.changed, t->ticket.due};
		code = t->async ? hf_ticket_wait(p->store, &ticket, -1, &error)
		                : hf__wait(p->store, &t->ticket, &error);
		if (code == HF_OK)
			answered(p, t->needs, t->number, t->os, t->told_lsn);
	}
	p->ticket_count = 0;
	if (play_rehearses(p))
		*play_note_of(p) = (struct play_note){.code = code};
	if (code != (play_rehearses(p) ? HF_OK : play_note_of(p)->code))
		play_diverge(p, code, &error);
}

/* As an event loop does: then every ticket is answered, one way or the other. */
void play_flush(struct player *p)
{
	struct hf_error error = {0};
	const int code = hf_flush(p->store, &error);
	for (size_t i = 0; i < p->ticket_count; i++) {
		const struct play_ticket *t = &p->tickets[i];
		const int rc =
		    hf_ticket_poll(p->store, &(struct hf_ticket){t->ticket.changed, t->ticket.due}, NULL);
		if (rc == HF_OK)
			answered(p, t->needs, t->number, t->os, t->told_lsn);
		else if (rc != HF_EUNCERTAIN || code == HF_OK)
			play_wrong(p, "after hf_flush answered %s a ticket answered %s", hf_code_name(code),
			           hf_code_name(rc));
	}
	p->ticket_count = 0;
	if (play_rehearses(p))
		*play_note_of(p) = (struct play_note){.code = code};
	if (code != (play_rehearses(p) ? HF_OK : play_note_of(p)->code))
		play_diverge(p, code, &error);
}
