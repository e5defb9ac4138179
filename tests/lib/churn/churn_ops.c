/* Random operations on all three domains: see churn_ops.h. */
#include "lib/churn/churn_ops.h"
#include "lib/test.h"

enum { RECORDS_MAX = 4 };

/* --- Draws ------------------------------------------------------------------------------------ */

uint64_t churn_below(struct churn *c, uint64_t bound)
{
	return hf_rng_below(&c->rng, bound);
}

bool churn_percent(struct churn *c, unsigned chance)
{
	return churn_below(c, 100) < chance;
}

/* Bytes that live until the step ends. */
static uint8_t *room(struct churn *c, size_t len)
{
	assert_true(len <= CHURN_BYTES - c->used);
	uint8_t *at = c->bytes + c->used;
	c->used += len;
	return at;
}

static struct hf_bytes name(struct churn *c, const char *prefix, unsigned count)
{
	char *text = (char *)room(c, 8);
	(void)snprintf(text, 8, "%s%u", prefix, (unsigned)churn_below(c, count));
	return hf_str(text);
}

static struct hf_bytes payload(struct churn *c)
{
	const size_t len = churn_percent(c, c->big_percent)
	                       ? 300 + (size_t)churn_below(c, c->big_max - 300 + 1)
	                       : (size_t)churn_below(c, 90);
	uint8_t *at = room(c, len);
	hf_rng_fill(&c->rng, at, len);
	return hf_bytes_of(at, len);
}

static struct hf_bytes sentence(struct churn *c)
{
	static const char *const texts[] = {"connection refused", "550 mailbox unavailable",
	                                    "zeitüberschreitung", "x"};
	return hf_str(texts[churn_below(c, sizeof texts / sizeof texts[0])]);
}

static hf_time some_time(struct churn *c)
{
	return INT64_C(1700000000000000) + (int64_t)churn_below(c, 1000) * 1000000;
}

static struct hf_write write_of(struct churn *c)
{
	struct hf_write write = {.durability = churn_percent(c, 20) ? HF_OS : HF_DURABLE};
	if (churn_percent(c, 4))
		write.expect = churn_percent(c, 50) ? HF_ABSENT : 1 + churn_below(c, 50);
	return write;
}

/* For operations on many objects, which take no expected version. */
static struct hf_write write_many(struct churn *c)
{
	struct hf_write write = write_of(c);
	write.expect = 0;
	return write;
}

/* --- Inbox ------------------------------------------------------------------------------------ */

static struct hf_bytes user(struct churn *c)
{
	return name(c, "user", 3);
}

static struct hf_bytes account(struct churn *c)
{
	return churn_percent(c, 50) ? hf_str("") : name(c, "acc", 2);
}

/* Of a tombstone: none said, so short that it ends soon, or long. */
static int64_t span(struct churn *c)
{
	static const int64_t spans[] = {0, 1, 2000000, 3600000000};
	return spans[churn_below(c, sizeof spans / sizeof spans[0])];
}

static int inbox_save(struct churn *c, hf_store *store, hf_txn *txn)
{
	struct hf_inbox_input records[RECORDS_MAX];
	const size_t count = churn_below(c, RECORDS_MAX + 1);
	const unsigned first = (unsigned)churn_below(c, 8);
	for (size_t i = 0; i < count; i++) {
		char *thread = (char *)room(c, 8);
		(void)snprintf(thread, 8, "th%u", first + (unsigned)i); /* each once */
		records[i] = (struct hf_inbox_input){
		    .account = account(c),
		    .thread = hf_str(thread),
		    .payload = payload(c),
		    .unread = churn_percent(c, 60),
		    .dismissed = churn_percent(c, 10),
		    .score = (double)churn_below(c, 100) / 4,
		    .updated_at = churn_percent(c, 20) ? HF_UNSET : some_time(c),
		    .snapshot_at = some_time(c),
		    .seen_at = HF_UNSET,
		    .read_at = churn_percent(c, 50) ? HF_UNSET : some_time(c),
		    .dismissed_at = HF_UNSET,
		    .snoozed_until = churn_percent(c, 80) ? HF_UNSET : some_time(c),
		};
		if (records[i].dismissed)
			records[i].dismissed_at = some_time(c);
	}
	const struct hf_inbox_save_args args = {
	    .write = write_many(c),
	    .user = user(c),
	    .records = records,
	    .count = count,
	    .generated_at = churn_percent(c, 5) ? HF_UNSET : some_time(c),
	    .mode = churn_percent(c, 15) ? HF_INBOX_REPLACE : HF_INBOX_UPSERT,
	    .restore = churn_percent(c, 10),
	    .tombstone_for = span(c),
	};
	return hf_inbox_save(store, txn, &args, NULL, NULL);
}

static int inbox_set_status(struct churn *c, hf_store *store, hf_txn *txn)
{
	const struct hf_inbox_set_status_args args = {
	    .write = write_of(c), .user = user(c), .status = payload(c)};
	return hf_inbox_set_status(store, txn, &args, NULL, NULL);
}

static struct hf_inbox_key record(struct churn *c)
{
	return (struct hf_inbox_key){
	    .user = user(c), .account = account(c), .thread = name(c, "th", 11)};
}

static int inbox_mark(struct churn *c, hf_store *store, hf_txn *txn)
{
	static int (*const marks[])(hf_store *, hf_txn *, const struct hf_inbox_mark_args *,
	                            struct hf_result *, struct hf_error *) = {
	    hf_inbox_dismiss,     hf_inbox_undismiss, hf_inbox_mark_read,
	    hf_inbox_mark_unread, hf_inbox_mark_seen,
	};
	const struct hf_inbox_mark_args args = {
	    .write = write_of(c), .key = record(c), .now = churn_percent(c, 30) ? some_time(c) : 0};
	return marks[churn_below(c, sizeof marks / sizeof marks[0])](store, txn, &args, NULL, NULL);
}

static int inbox_remove(struct churn *c, hf_store *store, hf_txn *txn)
{
	const struct hf_inbox_remove_args args = {
	    .write = write_of(c), .key = record(c), .tombstone_for = span(c)};
	return hf_inbox_remove(store, txn, &args, NULL, NULL);
}

static int inbox_snooze(struct churn *c, hf_store *store, hf_txn *txn)
{
	const struct hf_inbox_snooze_args args = {
	    .write = write_of(c), .key = record(c), .until = churn_percent(c, 30) ? 0 : some_time(c)};
	return hf_inbox_snooze(store, txn, &args, NULL, NULL);
}

static int inbox_put_tombstone(struct churn *c, hf_store *store, hf_txn *txn)
{
	const bool dismissed = churn_percent(c, 50);
	const struct hf_inbox_put_tombstone_args args = {
	    .write = write_of(c),
	    .key = record(c),
	    .dismissed = dismissed,
	    .dismissed_at = dismissed ? some_time(c) : HF_UNSET,
	    .until = churn_percent(c, 30) ? 0 : INT64_C(1795167000000000) + span(c)};
	return hf_inbox_put_tombstone(store, txn, &args, NULL, NULL);
}

static int inbox_mark_all(struct churn *c, hf_store *store, hf_txn *txn)
{
	const struct hf_inbox_mark_all_args args = {.write = write_many(c),
	                                            .user = user(c),
	                                            .account = account(c),
	                                            .up_to = churn_below(c, 400)};
	return churn_percent(c, 70) ? hf_inbox_mark_all_read(store, txn, &args, NULL, NULL)
	                            : hf_inbox_dismiss_all(store, txn, &args, NULL, NULL);
}

static int inbox_cut(struct churn *c, hf_store *store, hf_txn *txn)
{
	const struct hf_bytes keep[] = {hf_str(""), hf_str("acc0")};
	const struct hf_inbox_prune_args prune = {.write = write_many(c),
	                                          .user = user(c),
	                                          .keep_accounts = keep,
	                                          .keep_count = churn_below(c, 3)};
	const struct hf_inbox_trim_args trim = {
	    .write = write_many(c),
	    .user = user(c),
	    .max_records = churn_below(c, 20),
	    .max_age_us = churn_percent(c, 50) ? 500000000 : 0,
	    .dry_run = churn_percent(c, 20),
	    .now = INT64_C(1700000000000000) + 1000000000,
	};
	const struct hf_inbox_clear_args clear = {.write = write_many(c), .user = user(c)};
	switch (churn_below(c, 8)) {
	case 0:
		return hf_inbox_clear(store, txn, &clear, NULL, NULL);
	case 1:
	case 2:
		return hf_inbox_prune(store, txn, &prune, NULL, NULL);
	default:
		return hf_inbox_trim(store, txn, &trim, NULL, NULL);
	}
}

/* --- Cursor ----------------------------------------------------------------------------------- */

static struct hf_cursor_key cursor(struct churn *c)
{
	const struct hf_bytes subject = churn_percent(c, 50) ? hf_str("") : name(c, "sub", 2);
	return (struct hf_cursor_key){
	    .consumer = name(c, "con", 3), .stream = name(c, "str", 3), .subject = subject};
}

static int cursor_advance(struct churn *c, hf_store *store, hf_txn *txn)
{
	const bool again = churn_percent(c, 15); /* a replay, or a refusal */
	const struct hf_cursor_advance_args args = {
	    .write = write_of(c),
	    .key = cursor(c),
	    .sequence = again ? 1 + (int64_t)churn_below(c, (uint64_t)c->sequence + 1) : ++c->sequence,
	    .delivery_id = hf_str(again ? "" : "delivery"),
	    .delivered_at = churn_percent(c, 30) ? some_time(c) : HF_UNSET,
	};
	return hf_cursor_advance(store, txn, &args, NULL, NULL);
}

static int cursor_reset(struct churn *c, hf_store *store, hf_txn *txn)
{
	const struct hf_cursor_reset_args args = {
	    .write = write_of(c),
	    .key = cursor(c),
	    .sequence = (int64_t)churn_below(c, (uint64_t)c->sequence + 1),
	    .delivered_at = churn_percent(c, 50) ? some_time(c) : HF_UNSET,
	    .reason = sentence(c),
	};
	return hf_cursor_reset(store, txn, &args, NULL, NULL);
}

static int cursor_record_error(struct churn *c, hf_store *store, hf_txn *txn)
{
	const struct hf_cursor_record_error_args args = {
	    .write = write_of(c), .key = cursor(c), .message = sentence(c)};
	return hf_cursor_record_error(store, txn, &args, NULL, NULL);
}

static int cursor_remove(struct churn *c, hf_store *store, hf_txn *txn)
{
	const struct hf_cursor_remove_args args = {.write = write_of(c), .key = cursor(c)};
	return hf_cursor_remove(store, txn, &args, NULL, NULL);
}

/* --- Outbox ----------------------------------------------------------------------------------- */

static struct hf_bytes queue(struct churn *c)
{
	return name(c, "que", 2);
}

static struct hf_bytes item(struct churn *c)
{
	return name(c, "it", 30);
}

static int outbox_enqueue(struct churn *c, hf_store *store, hf_txn *txn)
{
	const struct hf_outbox_enqueue_args args = {
	    .write = write_of(c),
	    .queue = queue(c),
	    .id = item(c),
	    .payload = payload(c),
	    .enqueued_at = churn_percent(c, 30) ? some_time(c) : 0,
	    .available_at = churn_percent(c, 30) ? some_time(c) : 0,
	    .priority = (int32_t)churn_below(c, 5) - 2,
	    .max_attempts = (uint32_t)churn_below(c, 4),
	    .dedup = (enum hf_outbox_dedup)churn_below(c, 3),
	    .group = churn_outbox_group(c),
	};
	return hf_outbox_enqueue(store, txn, &args, NULL, NULL);
}

static int outbox_enqueue_many(struct churn *c, hf_store *store, hf_txn *txn)
{
	struct hf_outbox_input items[RECORDS_MAX];
	const size_t count = churn_below(c, RECORDS_MAX + 1);
	for (size_t i = 0; i < count; i++)
		items[i] = (struct hf_outbox_input){.id = item(c),
		                                    .payload = payload(c),
		                                    .priority = (int32_t)churn_below(c, 3),
		                                    .group = churn_outbox_group(c)};
	const struct hf_outbox_enqueue_many_args args = {
	    .write = write_many(c), .queue = queue(c), .items = items, .count = count};
	return hf_outbox_enqueue_many(store, txn, &args, NULL, NULL);
}

static int outbox_put(struct churn *c, hf_store *store, hf_txn *txn)
{
	const struct hf_outbox_rerun rerun = {payload(c), some_time(c), some_time(c),
	                                      churn_percent(c, 50)};
	const struct hf_outbox_put_args args = {
	    .write = write_of(c),
	    .queue = queue(c),
	    .item = {.id = item(c),
	             .payload = payload(c),
	             .status = churn_percent(c, 50) ? HF_OUTBOX_FAILED : HF_OUTBOX_QUEUED,
	             .attempts = (uint32_t)churn_below(c, 4),
	             .lost = (uint32_t)churn_below(c, 4),
	             .extra = churn_percent(c, 20) ? sentence(c) : hf_bytes_of(NULL, 0),
	             .available_computed = churn_percent(c, 50),
	             .priority = (int32_t)churn_below(c, 3),
	             .enqueued_at = some_time(c),
	             .available_at = some_time(c),
	             .group = churn_outbox_group(c),
	             .rerun = churn_percent(c, 30) ? &rerun : NULL,
	             .last_error = churn_percent(c, 50) ? sentence(c) : hf_str("")},
	};
	return hf_outbox_put(store, txn, &args, NULL, NULL);
}

static int outbox_configure(struct churn *c, hf_store *store, hf_txn *txn)
{
	const struct hf_outbox_configure_args args = {
	    .write = write_of(c), .queue = queue(c), .max_attempts = (uint32_t)churn_below(c, 6)};
	return hf_outbox_configure(store, txn, &args, NULL, NULL);
}

static int64_t lease(struct churn *c)
{
	return churn_percent(c, 50) ? 0 : 1000000 + (int64_t)churn_below(c, 60) * 1000000;
}

/* Room for what the next claim gives back, or NULL. */
static struct hf_outbox_items *claim_out(struct churn *c, struct hf_bytes of)
{
	if (c->out_count == CHURN_OUTS)
		return NULL;
	memcpy(c->out_queues[c->out_count], of.data, of.len + 1);
	return &c->outs[c->out_count++];
}

static int outbox_claim(struct churn *c, hf_store *store, hf_txn *txn)
{
	const struct hf_outbox_claim_args args = {.write = write_of(c),
	                                          .queue = queue(c),
	                                          .id = item(c),
	                                          .owner = name(c, "w", 3),
	                                          .lease_us = lease(c)};
	return hf_outbox_claim(store, txn, &args, claim_out(c, args.queue), NULL, NULL);
}

static int outbox_claim_next(struct churn *c, hf_store *store, hf_txn *txn)
{
	const struct hf_outbox_claim_next_args args = {.write = write_many(c),
	                                               .queue = queue(c),
	                                               .max = (uint32_t)churn_below(c, 4),
	                                               .owner = name(c, "w", 3),
	                                               .lease_us = lease(c)};
	struct hf_outbox_items *out = claim_out(c, args.queue);
	return out ? hf_outbox_claim_next(store, txn, &args, out, NULL, NULL)
	           : outbox_claim(c, store, txn);
}

/* A token that was granted once, or none at all. */
static struct churn_claim held(struct churn *c)
{
	if (c->claim_count == 0)
		return (struct churn_claim){.queue = "que0", .id = "it0", .token = 1};
	return c->claims[churn_below(c, c->claim_count)];
}

static int outbox_hold(struct churn *c, hf_store *store, hf_txn *txn)
{
	const struct churn_claim claim = held(c);
	const struct hf_write write = write_of(c);
	const struct hf_bytes q = hf_str(claim.queue), id = hf_str(claim.id);
	const struct hf_outbox_extend_args extend = {
	    .write = write, .queue = q, .id = id, .token = claim.token, .lease_us = lease(c)};
	const struct hf_outbox_complete_args complete = {
	    .write = write, .queue = q, .id = id, .token = claim.token};
	const struct hf_outbox_release_args release = {.write = write,
	                                               .queue = q,
	                                               .id = id,
	                                               .token = claim.token,
	                                               .delay_us = churn_percent(c, 50) ? 0 : 5000000};
	const struct hf_outbox_fail_args fail = {
	    .write = write,
	    .queue = q,
	    .id = id,
	    .token = claim.token,
	    .reason = sentence(c),
	    .backoff = {.kind = (enum hf_outbox_backoff_kind)churn_below(c, 3),
	                .delay_us = 1000000,
	                .cap_us = 8000000},
	};
	switch (churn_below(c, 5)) {
	case 0:
		return hf_outbox_extend(store, txn, &extend, NULL, NULL);
	case 1:
		return hf_outbox_release(store, txn, &release, NULL, NULL);
	case 2:
		return hf_outbox_complete(store, txn, &complete, NULL, NULL);
	default:
		return hf_outbox_fail(store, txn, &fail, NULL, NULL);
	}
}

static int outbox_outside(struct churn *c, hf_store *store, hf_txn *txn)
{
	const struct hf_write write = write_of(c);
	const struct hf_bytes q = queue(c), id = item(c);
	const struct hf_outbox_remove_args remove = {.write = write, .queue = q, .id = id};
	const struct hf_outbox_mark_failed_args mark = {
	    .write = write, .queue = q, .id = id, .reason = sentence(c)};
	const struct hf_outbox_retry_args retry = {.write = write, .queue = q, .id = id};
	switch (churn_below(c, 3)) {
	case 0:
		return hf_outbox_remove(store, txn, &remove, NULL, NULL);
	case 1:
		return hf_outbox_mark_failed(store, txn, &mark, NULL, NULL);
	default:
		return hf_outbox_retry(store, txn, &retry, NULL, NULL);
	}
}

static int outbox_clear(struct churn *c, hf_store *store, hf_txn *txn)
{
	const struct hf_outbox_clear_args args = {.write = write_many(c), .queue = queue(c)};
	return churn_percent(c, 20) ? hf_outbox_clear(store, txn, &args, NULL, NULL)
	                            : outbox_outside(c, store, txn);
}

/* --- The table -------------------------------------------------------------------------------- */

/* As often as they stand here; whoever adds a domain adds a line. */
/* clang-format off */
static const churn_op ops[] = {
    inbox_save,     inbox_save,          inbox_save,          inbox_save,       inbox_set_status,
        inbox_mark,        inbox_mark,
    inbox_mark,     inbox_mark,          inbox_remove,        inbox_cut,        inbox_snooze,
            inbox_put_tombstone, inbox_mark_all,
    cursor_advance, cursor_advance,      cursor_advance,      cursor_advance,   cursor_reset,
            cursor_record_error, cursor_remove,
    outbox_enqueue, outbox_enqueue,      outbox_enqueue,      outbox_enqueue,
          outbox_enqueue_many, outbox_put,     outbox_configure,
    outbox_claim,   outbox_claim_next,   outbox_claim_next,   outbox_hold,      outbox_hold,
             outbox_hold,       outbox_hold,
    outbox_outside, outbox_clear,
    churn_outbox_queue, churn_outbox_queue,
    churn_idem, churn_idem, churn_idem, churn_idem, churn_idem, churn_idem, churn_migration,
        churn_migration, churn_migration, churn_migration, churn_migration,
    churn_lock, churn_lock, churn_lock, churn_lock, churn_lock, churn_lock,
    churn_timeline, churn_timeline, churn_timeline, churn_timeline, churn_timeline,
    churn_clock, churn_clock, churn_clock, churn_clock, churn_clock, churn_clock,
};
/* clang-format on */

churn_op churn_any_op(struct churn *c)
{
	if (churn_percent(c, 20))
		return churn_document_op(c);
	return ops[churn_below(c, sizeof ops / sizeof ops[0])];
}
