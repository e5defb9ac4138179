/* Sequencing: under the one short lock a transaction is checked against the newest state,
 * applied with an undo list, given its LSNs and put into the filling group.
 *
 * Happy path: decide runs, its entries go into the filling buffer and are applied at once (later
 * operations see them), the last one is marked, the change is kept. Failure: a refused
 * precondition, no memory, or no room takes everything back: the buffer is cut to where it was,
 * the LSNs are given to the next transaction. No room is tried again in an emptied buffer, if
 * need be in the next segment, which is prepared BEFORE anything is sequenced there: a full disk
 * is a clean HF_ENOSPACE.
 *
 * I-SEQ-1: a buffer holds whole transactions only. I-SEQ-2: a group fits into the segment it
 * begins in. I-SEQ-3: no more than HF__LSN_JUMP LSNs are ever undurable, so that the jump after
 * an unclean stop passes all that could have been handed out. */
#include "object/removed.h"
#include "store/call/needs.h"
#include "store/transact/named.h"

/* What an attempt that succeeded comes to; anything else is a code. */
#define FITS (-1)

/* Names that are forgotten before a transaction: so many, and one an operation up to the second. */
#define SWEEP_MORE 4u
#define SWEEP_MOST 252u

/* --- Entries ---------------------------------------------------------------------------------- */

struct hf__writer *hf__entry_body(struct hf__decision *d)
{
	struct hf__buffer *b = hf__filling(d->store);
	d->entry_at = hf__entry_begin(&b->bytes);
	return &b->bytes;
}

static struct hf__position place_of_body(const struct hf__buffer *b, size_t entry_at)
{
	const size_t in_group = entry_at - b->header + HF__ENTRY_HEADER_SIZE;
	return (struct hf__position){b->start.segment, b->start.offset + (uint32_t)in_group};
}

int hf__emit(struct hf__decision *d, uint8_t kind)
{
	struct hf_store *s = d->store;
	struct hf__buffer *b = hf__filling(s);
	if (b->bytes.bad)
		return HF_ENOMEM;
	if (b->bytes.len - d->attempt_start > HF_TRANSACTION_MAX)
		return hf__refuse(&d->why, HF_ETOOBIG, "the transaction is larger than 32 MiB");
	if (s->world.next_lsn > HF__LSN_MAX)
		return hf__refuse(&d->why, HF_ETOOBIG, "no LSN is left for a change of this store");
	const size_t body = d->entry_at + HF__ENTRY_HEADER_SIZE, body_len = b->bytes.len - body;
	/* HF_EVERSION: the domain's kinds do not know the entry */
	const struct hf__domain *row = s->domains->rows[d->domain_index];
	struct hf__entry entry = {
	    .lsn = s->world.next_lsn, .domain = d->domain, .kind = kind, .setback = d->setback};
	entry.body = hf_bytes_of(b->bytes.data + body, body_len);
	entry.at = hf__clock_date(s, d, hf__entry_is_ending(row, &entry));
	hf__entry_end(&b->bytes, d->entry_at, &entry); /* the leader sums it: flush.c */
	if (b->bytes.bad)
		return HF_ENOMEM;
	/* padding may have moved the buffer */
	entry.body = hf_bytes_of(b->bytes.data + body, body_len);
	entry.place = place_of_body(b, d->entry_at);
	s->world.change.lsn = entry.lsn;
	if (s->world.change.observer)
		s->world.change.observer->domain = d->domain_index;
	s->world.next_lsn++;
	b->entries++;
	return hf__entry_known(row, &entry) ? row->apply(d->state, &s->world.change, &entry)
	                                    : HF_EVERSION;
}

/* --- Room ------------------------------------------------------------------------------------- */

/* The next segment cannot be had. A call that needs less room than this transaction may go on where
 * the log is, if it is anywhere. */
static void stay_here(struct hf_store *s)
{
	s->writer.must_rotate = s->writer.jumped || s->writer.file < 0;
	s->writer.rotate_need = 0;
}

/* Where the next group goes: here, or into the next segment. HF_OK with the buffer begun, or why
 * there is no room. */
static int begin_buffer(struct hf_store *s, struct hf_error *error)
{
	struct hf__buffer *b = hf__filling(s);
	if (s->writer.must_rotate) {
		/* Crash: a prepared segment of zeros is no part of the log. */
		const bool full = s->writer.rotate_need > 0, grows = full && s->writer.rotate_grows;
		const int rc = hf__next_segment(s, s->writer.rotate_need, grows, error);
		if (rc != HF_OK)
			stay_here(s);
		/* Wanted for I-LOST-1 alone: a full disk goes on here. The caller looks again. */
		if (rc == HF_ENOSPACE && !full && !s->writer.must_rotate)
			return HF_OK;
		if (rc != HF_OK || hf__filling(s) != b || b->begun ||
		    !hf__next_segment_ready(s, s->writer.rotate_need))
			return rc; /* the lock was released: the caller looks again */
	}
	b->bytes.len = 0;
	b->bytes.bad = false;
	b->opens_segment = s->writer.must_rotate;
	b->start = b->opens_segment
	               ? (struct hf__position){s->segments.next.number, HF__SEGMENT_HEADER_SIZE}
	               : s->writer.end;
	if (b->opens_segment)
		hf__put_zeros(&b->bytes, HF__SEGMENT_HEADER_SIZE);
	b->header = b->bytes.len;
	(void)hf__group_begin(&b->bytes);
	if (b->bytes.bad)
		return hf__fail(error, HF_ENOMEM, 0, "no memory for a log group");
	b->first_lsn = s->world.next_lsn;
	b->last_lsn = s->world.next_lsn - 1;
	b->entries = 0;
	b->transactions = 0;
	b->durable = false;
	b->begun = true;
	return HF_OK;
}

/* The group does not fit where it begins: taken back already. Sends away what else is in the
 * buffer, or turns to the next segment. */
static void rotate_or_flush(struct hf_store *s, uint64_t needed, bool shrinks)
{
	struct hf__buffer *b = hf__filling(s);
	if (b->entries > 0) {
		hf__make_room(s);
		return;
	}
	b->begun = false;
	s->writer.must_rotate = true;
	/* A segment is never smaller than the group that opens it. */
	s->writer.rotate_need = hf__room_wanted(s, needed + HF__SEGMENT_HEADER_SIZE, shrinks);
	s->writer.rotate_grows = !shrinks;
}

static bool too_much_undurable(const struct hf_store *s)
{
	/* The largest transaction has less than 7/8 of the jump in entries: I-SEQ-3. */
	return s->world.next_lsn - atomic_load(&s->durable_lsn) > HF__LSN_JUMP / 8;
}

/* A begun buffer with room for a reasonable transaction. HF_OK, or why not. May release the
 * lock. */
static int ready_buffer(struct hf_store *s, struct hf_error *error)
{
	for (;;) {
		if (atomic_load(&s->fault))
			return hf__fail_fault(s, error);
		struct hf__buffer *b = hf__filling(s);
		const bool full =
		    b->begun && b->entries > 0 && (b->bytes.len > HF__GROUP_SOFT_MAX || s->taking.closed);
		if (full || too_much_undurable(s)) {
			s->writer.sync_wanted = s->writer.sync_wanted || too_much_undurable(s);
			hf__make_room(s);
			continue;
		}
		if (b->begun)
			return HF_OK;
		const int rc = begin_buffer(s, error);
		if (rc != HF_OK)
			return rc;
	}
}

/* --- One attempt ------------------------------------------------------------------------------ */

/* An operation may have set the clock back, and none has the stamp of the one before it. */
static void look_at_clock(struct hf_store *s, struct hf__decision *d)
{
	d->wall = s->world.clock.wall;
	d->setback = hf__setback(s, s->world.states);
	d->now = hf__to_shown(d->mono, d->setback);
	d->stamp = hf__to_shown(hf__clock_stamp(s, d->mono), d->setback);
	hf__depends(d, hf__setback_object(s));
}

static int run_op(struct hf_store *s, struct hf__decision *d, const struct hf__op *op)
{
	struct hf_result scratch = {0};
	struct hf_result *result = op->direct ? op->result : &scratch;
	hf__zero_result(result);
	d->domain = op->verb->domain;
	if (!hf__domain_by_id(s, d->domain, &d->domain_index))
		return HF_EINVAL;
	d->state = s->world.states[d->domain_index];
	look_at_clock(s, d);
	d->answer = op->answer;
	d->waiter = op->waiter;
	if (d->waiter)
		hf__wait_forget(d->waiter);
	const bool returns = ((const struct hf__args *)op->args)->write.returning;
	if (returns) { /* an attempt before this one may have given it */
		hf__answer_reset(op->answer);
		hf__returned_back(op);
	}
	int rc = op->named ? hf__token_resolve(op, &d->why) : HF_OK;
	if (rc == HF_OK)
		rc = op->verb->decide(d->state, d, op->args, result);
	if (rc == HF_ENOTFOUND)
		rc = hf__missing(d, op, result);
	if (op->granted)
		*op->granted = result->token;
	if (rc == HF_OK && returns)
		rc = hf__returned_give(d, op);
	if (result == &scratch && op->result)
		hf__give(&hf__api_result, op->result, result);
	return rc;
}

static int run_ops(struct hf_store *s, struct hf__decision *d, const struct hf__op *ops,
                   size_t count, uint32_t *failed)
{
	for (size_t i = 0; i < count; i++) {
		const int rc = run_op(s, d, &ops[i]);
		if (rc != HF_OK) {
			*failed = (uint32_t)i;
			return rc;
		}
	}
	return HF_OK;
}

static void keep(struct hf_store *s, struct hf__decision *d, bool durable, uint64_t entries_before)
{
	struct hf__buffer *b = hf__filling(s);
	if (s->waits.waiting > 0)
		hf__wait_changed(s, &s->world.change);
	hf__change_keep(&s->world.change);
	if (b->entries == entries_before)
		return; /* nothing was written */
	hf__entry_mark(b->bytes.data + d->entry_at, HF__ENTRY_LAST);
	b->last_lsn = s->world.next_lsn - 1;
	hf__arrived(&s->counts.filling, b->transactions++, durable, s->world.clock.boot);
	HF__PROBE3(commit, b->last_lsn, b->entries - entries_before, durable);
	b->durable = b->durable || durable;
	atomic_store_explicit(&s->writer.pending, b->transactions, memory_order_relaxed);
	for (size_t i = 0; s->progress->changed[i]; i++)
		s->progress->changed[i](s);
}

/* Runs the operations once. FITS: done. Otherwise the code, everything taken back; HF_OK means
 * "no room": *needed bytes. */
static int attempt(struct hf_store *s, const struct hf__op *ops, size_t count,
                   const struct hf__seen *seen, bool durable, struct hf__decision *d,
                   struct hf__needs *needs, uint32_t *failed, uint64_t *needed)
{
	struct hf__buffer *b = hf__filling(s);
	const uint64_t lsn = s->world.next_lsn;
	const uint32_t entries = b->entries;
	const int64_t stamp = s->world.clock.stamp, setback = hf__setback(s, s->world.states);
	d->attempt_start = b->bytes.len;
	d->need_changed = d->need_due = 0;
	/* Nothing is under way: as many names go as this transaction can bring, and some more. */
	if (s->world.change.emptied)
		hf__sweep_removed(s, HF__REMOVED_KEPT,
		                  SWEEP_MORE + (unsigned)(count < SWEEP_MOST ? count : SWEEP_MOST));
	hf__change_begin(&s->world.change, lsn, durable);
	*failed = HF_OPERATION_READ;
	int rc = hf__seen_check(s, d, seen);
	if (rc == HF_OK) {
		*failed = 0;
		rc = run_ops(s, d, ops, count, failed);
	}
	/* sealing pads, and must not fail */
	if (rc == HF_OK && !hf__writer_reserve(&b->bytes, s->align))
		rc = HF_ENOMEM;
	const bool room = rc == HF_OK && (b->entries == entries || hf__group_fits(s, b));
	if (room)
		rc = hf__needs_look(s, ops, count, needs);
	if (rc == HF_OK && room && needs->missing.count == 0) {
		keep(s, d, durable, entries);
		if (hf__setback(s, s->world.states) != setback)
			hf__wait_wake_all(s); /* they sleep until an instant that is shown elsewhere now */
		return FITS;
	}
	*needed = hf__group_room(s, b);
	d->shrinks = hf__change_shrinks(&s->world.change);
	hf__change_undo(&s->world.change);
	b->bytes.len = d->attempt_start;
	b->bytes.bad = false;
	b->entries = entries;
	s->world.next_lsn = lsn;
	s->world.clock.stamp = stamp;
	return rc;
}

static uint64_t greater(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static struct hf__ticket ticket_of(struct hf_store *s, const struct hf__decision *d,
                                   uint64_t first_lsn, bool durable)
{
	/* nothing was written: the answer depends on what was looked at */
	if (s->world.next_lsn == first_lsn)
		return hf__ticket_for(s, d->need_changed, d->need_due);
	const uint64_t last = s->world.next_lsn - 1;
	/* Durable changes of others that an `os` commit looked at stay promised. */
	return hf__ticket_for(s, last,
	                      durable ? last : greater(d->need_due, s->world.change.prior_due));
}

/* A refusal depends on what was looked at and on what the operations before it found and
 * changed. */
static struct hf__ticket ticket_of_refusal(struct hf_store *s, const struct hf__decision *d)
{
	return hf__ticket_for(s, greater(d->need_changed, s->world.change.touched_changed),
	                      greater(d->need_due, s->world.change.touched_due));
}

static int explain(const struct hf__op *ops, size_t count, uint32_t failed, int rc, const char *why,
                   struct hf_error *error)
{
	const bool read = failed == HF_OPERATION_READ;
	(void)hf__fail(error, rc, 0, "%s: %s", read ? "transaction" : ops[failed].verb->name,
	               why[0] ? why : hf_code_name(rc));
	if (error && (count > 1 || read))
		error->operation = failed;
	return rc;
}

static int sequence(struct hf_store *s, const struct hf__op *ops, size_t count,
                    const struct hf__seen *seen, enum hf_durability durability,
                    struct hf__needs *needs, struct hf__ticket *ticket, struct hf_error *error)
{
	char why[HF_ERROR_TEXT]; /* begun by each attempt */
	const bool durable = durability == HF_DURABLE;
	*ticket = (struct hf__ticket){0, 0};
	for (;;) {
		int rc = ready_buffer(s, error);
		if (rc != HF_OK) {
			hf__clear_results(ops, count);
			return rc;
		}
		uint32_t failed = 0;
		uint64_t needed = 0;
		struct hf__decision d = {.change = &s->world.change, .epoch = s->id.epoch, .store = s};
		why[0] = '\0';
		d.mono = hf__clock_mono(s, hf__setback(s, s->world.states));
		d.why = (struct hf__text){why, sizeof why, 0};
		const uint64_t first_lsn = s->world.next_lsn;
		rc = attempt(s, ops, count, seen, durable, &d, needs, &failed, &needed);
		if (rc == FITS) {
			*ticket = ticket_of(s, &d, first_lsn, durable);
			hf__needs_give(ops, count, needs);
			return HF_OK;
		}
		if (rc == HF_OK && needs->missing.count > 0) {
			rc = hf__needs_open(s, needs, error);
			if (rc == HF_OK)
				continue;
			hf__clear_results(ops, count);
			return rc;
		}
		if (rc == HF_OK && hf__only_reserved(s, needed)) {
			rc = hf__next_segment(s, hf__room_wanted(s, 0, false), true, error);
			if (rc == HF_OK)
				continue; /* the last part is free for all */
			hf__clear_results(ops, count);
			return rc;
		}
		if (rc == HF_OK && needed <= HF__GROUP_BODY_MAX) {
			rotate_or_flush(s, needed, d.shrinks);
			continue;
		}
		*ticket = ticket_of_refusal(s, &d);
		hf__clear_results(ops, count);
		return explain(ops, count, failed, rc == HF_OK ? HF_ETOOBIG : rc, why, error);
	}
}

/* A transaction of reads alone needs no room and no LSN. */
static int sequence_reads(struct hf_store *s, const struct hf__seen *seen,
                          struct hf__ticket *ticket, struct hf_error *error)
{
	char why[HF_ERROR_TEXT] = "";
	struct hf__decision d = {.epoch = s->id.epoch, .store = s};
	*ticket = (struct hf__ticket){0, 0};
	if (atomic_load(&s->fault))
		return hf__fail_fault(s, error);
	d.mono = hf__clock_mono(s, hf__setback(s, s->world.states));
	d.why = (struct hf__text){why, sizeof why, 0};
	const int rc = hf__seen_check(s, &d, seen);
	*ticket = hf__ticket_for(s, d.need_changed, d.need_due);
	return rc == HF_OK ? rc : explain(NULL, 0, HF_OPERATION_READ, rc, why, error);
}

int hf__sequence(struct hf_store *s, const struct hf__op *ops, size_t count,
                 const struct hf__seen *seen, enum hf_durability durability,
                 struct hf__ticket *ticket, struct hf_error *error)
{
	struct hf__needs needs = {0};
	if (count == 0)
		return sequence_reads(s, seen, ticket, error);
	const int rc = sequence(s, ops, count, seen, durability, &needs, ticket, error);
	hf__needs_drop(s, &needs);
	return rc;
}
