/* What a mutation gives back: the object as it is afterwards (docs/interface/returning.md).
 *
 * Happy path: decide has succeeded; the domain's own get runs on the state under the same hold of
 * the lock, and what it fills becomes the caller's, its memory too. An attempt may be taken back,
 * or fail later: then what was given is released before anything else is given, or at the end.
 * Failure modes: HF_ENOTFOUND is no failure (the object is gone); no memory refuses the operation
 * before it is kept.
 *
 * I-RETURN-1: what is given back is what a get would have given between this operation and the next
 * one. I-RETURN-2: what was refused, or failed before its commit, gives nothing back, and leaves no
 * memory to release. */
#include "store/internal.h"

static inline const struct hf_write *write_of(const struct hf__op *op)
{
	return &((const struct hf__args *)op->args)->write;
}

int hf__returned_check(const struct hf__verb *verb, const struct hf_write *write,
                       struct hf__text *why)
{
	if (!write->returning)
		return HF_OK;
	if (!verb->giving)
		return hf__refuse(why, HF_EINVAL, "it has no object to give back (write.returning)");
	return hf__check_given(verb->giving->fills, write->returning, why);
}

void hf__returned_clear(const struct hf__op *op)
{
	void *out = write_of(op)->returning;
	if (out && op->verb->giving)
		hf__clear(op->verb->giving->fills, out);
}

void hf__returned_back(const struct hf__op *op)
{
	const struct hf__giving *giving = op->verb->giving;
	void *out = giving ? write_of(op)->returning : NULL;
	if (!out || !hf__may_give(giving->fills, out))
		return;
	hf_release(*(struct hf_memory **)(void *)((uint8_t *)out + giving->memory));
	hf__clear(giving->fills, out);
}

void hf__clear_results(const struct hf__op *ops, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		hf__clear_result(ops[i].result);
		hf__returned_back(&ops[i]);
		if (ops[i].answer)
			hf__answer_reset(ops[i].answer);
	}
}

static int read_object(struct hf__decision *d, const struct hf__op *op, void *out)
{
	const struct hf__giving *giving = op->verb->giving;
	char why[HF_ERROR_TEXT]; /* an object that is gone is no refusal */
	struct hf__query q = {.state = d->state,
	                      .now = d->now,
	                      .mono = d->mono,
	                      .setback = d->setback,
	                      .wall = d->wall,
	                      .epoch = d->epoch,
	                      .answer = op->answer,
	                      .why = {why, sizeof why, 0}};
	struct hf_bytes room[3], sent = {NULL, 0};
	const void *key = giving->key ? giving->key(op->args, room, &sent)
	                              : (const uint8_t *)op->args + sizeof(struct hf__args);
	op->answer->without_payload = !write_of(op)->returning_payload;
	op->answer->sent = sent;
	const int rc = giving->read(&q, key, out);
	op->answer->sent = hf_bytes_of(NULL, 0);
	/* What this change did itself does not count: hf__depends. */
	if (q.need_changed > d->need_changed && q.need_changed < d->change->first_lsn)
		d->need_changed = q.need_changed;
	if (q.need_due > d->need_due && q.need_due < d->change->first_lsn)
		d->need_due = q.need_due;
	return rc;
}

int hf__returned_give(struct hf__decision *d, const struct hf__op *op)
{
	const struct hf__giving *giving = op->verb->giving;
	union hf__sized today;
	memset(&today, 0, giving->fills->size);
	const int rc = read_object(d, op, &today);
	if (rc != HF_OK) {
		hf__answer_reset(op->answer);
		return rc == HF_ENOTFOUND ? HF_OK : rc;
	}
	struct hf_memory *memory = hf__answer_give(op->answer);
	if (!memory)
		return HF_ENOMEM;
	*(struct hf_memory **)(void *)(today.bytes + giving->memory) = memory;
	hf__give(giving->fills, write_of(op)->returning, &today);
	hf__answer_moved(op->answer, &today, giving->fills->size, write_of(op)->returning);
	return HF_OK;
}

int hf__missing(struct hf__decision *d, const struct hf__op *op, struct hf_result *result)
{
	if (!write_of(op)->missing_ok || (op->answer && !write_of(op)->returning))
		return HF_ENOTFOUND;
	hf__zero_result(result);
	d->why.len = 0;
	return HF_OK;
}
