/* See deeds.h. Every mutation of every domain on three names each, so that all of them meet. */
#include "lib/domains/deeds.h"

static const char *const names[] = {"a", "b", "c"};

struct hf_bytes deed_name(unsigned number)
{
	return hf_str(names[number % 3]);
}

static struct hf_bytes payload_of(unsigned number)
{
	static const char *const payloads[] = {
	    "", "short", "one that is long enough to be left where the log has it"};
	return hf_str(payloads[number % 3]);
}

static int64_t lease_of(unsigned flag)
{
	return (int64_t)(flag % 3) * 10 * DEED_SECOND;
}

static int inbox_deed(const struct deed *deed, hf_store *s, hf_txn *txn, struct hf_write write,
                      struct hf_result *result, struct hf_error *error)
{
	typedef int (*mark_fn)(hf_store *, hf_txn *, const struct hf_inbox_mark_args *,
	                       struct hf_result *, struct hf_error *);
	static const mark_fn marks[] = {hf_inbox_dismiss, hf_inbox_undismiss, hf_inbox_mark_read,
	                                hf_inbox_mark_unread, hf_inbox_mark_seen};
	const struct hf_bytes user = hf_str("u");
	const struct hf_inbox_key key = {user, hf_str(deed->other % 2 ? "x" : ""),
	                                 deed_name(deed->name)};
	const struct hf_inbox_input input = {.account = key.account,
	                                     .thread = key.thread,
	                                     .payload = payload_of(deed->flag),
	                                     .unread = deed->flag % 2,
	                                     .dismissed = deed->flag % 5 == 0};
	const struct hf_inbox_save_args save = {.write = write,
	                                        .user = user,
	                                        .records = &input,
	                                        .count = deed->flag % 7 != 0,
	                                        .generated_at = DEED_NOW + (deed->flag % 3),
	                                        .mode = deed->flag % 4 == 0 ? HF_INBOX_REPLACE
	                                                                    : HF_INBOX_UPSERT};
	const struct hf_inbox_mark_all_args all = {
	    .write = write, .user = user, .account = key.account};
	switch (deed->flag % 11) {
	case 0:
		return hf_inbox_remove(
		    s, txn,
		    &(struct hf_inbox_remove_args){
		        .write = write, .key = key, .tombstone_for = lease_of(deed->name)},
		    result, error);
	case 1:
		return (deed->name % 2 ? hf_inbox_mark_all_read : hf_inbox_dismiss_all)(s, txn, &all,
		                                                                        result, error);
	case 2:
		return hf_inbox_snooze(s, txn,
		                       &(struct hf_inbox_snooze_args){
		                           .write = write, .key = key, .until = DEED_NOW + deed->other},
		                       result, error);
	case 3:
		return hf_inbox_trim(s, txn,
		                     &(struct hf_inbox_trim_args){
		                         .write = write, .user = user, .max_records = 1 + deed->name},
		                     result, error);
	case 4: {
		const struct hf_inbox_put_tombstone_args put = {.write = write,
		                                                .key = key,
		                                                .dismissed = deed->name % 2,
		                                                .until = DEED_NOW + 20 * DEED_SECOND};
		return hf_inbox_put_tombstone(s, txn, &put, result, error);
	}
	case 5:
		if (deed->name == 0)
			return hf_inbox_clear(
			    s, txn, &(struct hf_inbox_clear_args){.write = write, .user = user}, result, error);
		return hf_inbox_set_status(
		    s, txn,
		    &(struct hf_inbox_set_status_args){
		        .write = write, .user = user, .status = deed_name(deed->other)},
		    result, error);
	case 6:
	case 7:
		return marks[deed->flag % 5](
		    s, txn, &(struct hf_inbox_mark_args){.write = write, .key = key}, result, error);
	default:
		return hf_inbox_save(s, txn, &save, result, error);
	}
}

static int cursor_deed(const struct deed *deed, hf_store *s, hf_txn *txn, struct hf_write write,
                       struct hf_result *result, struct hf_error *error)
{
	const struct hf_cursor_key key = {deed_name(deed->name), hf_str(deed->other % 2 ? "s" : "t"),
	                                  hf_str("")};
	const struct hf_cursor_advance_args advance = {.write = write,
	                                               .key = key,
	                                               .sequence = 1 + deed->flag % 3,
	                                               .delivery_id = deed_name(deed->other)};
	const struct hf_cursor_reset_args reset = {
	    .write = write, .key = key, .sequence = deed->other, .reason = hf_str("why")};
	switch (deed->flag % 6) {
	case 0:
		return hf_cursor_reset(s, txn, &reset, result, error);
	case 1:
		return hf_cursor_record_error(s, txn,
		                              &(struct hf_cursor_record_error_args){
		                                  .write = write, .key = key, .message = hf_str("no")},
		                              result, error);
	case 2:
		return hf_cursor_remove(s, txn, &(struct hf_cursor_remove_args){.write = write, .key = key},
		                        result, error);
	default:
		return hf_cursor_advance(s, txn, &advance, result, error);
	}
}

/* By the one who holds it, or held it once. */
static int held_deed(const struct deed *deed, hf_store *s, hf_txn *txn, struct hf_write write,
                     struct hf_result *result, struct hf_error *error)
{
	const struct hf_bytes queue = hf_str("q"), id = deed_name(deed->name);
	switch (deed->other % 4) {
	case 0:
		return hf_outbox_complete(
		    s, txn,
		    &(struct hf_outbox_complete_args){
		        .write = write, .queue = queue, .id = id, .token = deed->token},
		    result, error);
	case 1:
		return hf_outbox_fail(
		    s, txn,
		    &(struct hf_outbox_fail_args){
		        .write = write, .queue = queue, .id = id, .token = deed->token, .max_attempts = 2},
		    result, error);
	case 2:
		return hf_outbox_release(
		    s, txn,
		    &(struct hf_outbox_release_args){
		        .write = write, .queue = queue, .id = id, .token = deed->token},
		    result, error);
	default:
		return hf_outbox_extend(s, txn,
		                        &(struct hf_outbox_extend_args){.write = write,
		                                                        .queue = queue,
		                                                        .id = id,
		                                                        .token = deed->token,
		                                                        .lease_us = lease_of(deed->flag)},
		                        result, error);
	}
}

static int queue_deed(const struct deed *deed, hf_store *s, hf_txn *txn, struct hf_write write,
                      struct hf_result *result, struct hf_error *error)
{
	const struct hf_bytes queue = hf_str("q");
	const struct hf_outbox_pause_args pause = {.write = write, .queue = queue};
	const struct hf_outbox_prune_args prune = {.write = write,
	                                           .queue = queue,
	                                           .status = deed->name == 0 ? HF_OUTBOX_QUEUED
	                                                                     : HF_OUTBOX_FAILED,
	                                           .limit = deed->other % 2,
	                                           .dry_run = deed->other == 3};
	const struct hf_outbox_configure_args lost = {
	    .write = write,
	    .queue = queue,
	    .max_lost = deed->name == 2 ? HF_NEVER : 1 + deed->name,
	    .leave = HF_OUTBOX_LEAVE_MAX_ATTEMPTS | HF_OUTBOX_LEAVE_DEDUP_WINDOW |
	             HF_OUTBOX_LEAVE_DEDUP_MAX};
	switch (deed->flag / 10 % 7) {
	case 0:
		return (deed->name % 2 ? hf_outbox_pause : hf_outbox_resume)(s, txn, &pause, result, error);
	case 1:
		return hf_outbox_configure(
		    s, txn,
		    &(struct hf_outbox_configure_args){.write = write,
		                                       .queue = queue,
		                                       .dedup_window_us = lease_of(deed->name + 1),
		                                       .dedup_max = 2},
		    result, error);
	case 2:
		return hf_outbox_redrive(s, txn,
		                         &(struct hf_outbox_redrive_args){.write = write, .queue = queue},
		                         result, error);
	case 3:
		return hf_outbox_put_completed(
		    s, txn,
		    &(struct hf_outbox_put_completed_args){.write = write,
		                                           .queue = queue,
		                                           .id = deed_name(deed->name),
		                                           .until = DEED_NOW + 30 * DEED_SECOND},
		    result, error);
	case 4:
		return hf_outbox_prune(s, txn, &prune, result, error);
	case 5:
		return hf_outbox_configure(s, txn, &lost, result, error);
	default:
		return hf_outbox_clear(
		    s, txn, &(struct hf_outbox_clear_args){.write = write, .queue = queue}, result, error);
	}
}

static int outbox_deed(const struct deed *deed, hf_store *s, hf_txn *txn, struct hf_write write,
                       struct place *place, struct hf_error *error)
{
	static const enum hf_outbox_dedup dedups[] = {HF_OUTBOX_KEEP, HF_OUTBOX_REPLACE,
	                                              HF_OUTBOX_RERUN};
	const struct hf_bytes queue = hf_str("q"), id = deed_name(deed->name);
	const struct hf_outbox_enqueue_args enqueue = {.write = write,
	                                               .queue = queue,
	                                               .id = id,
	                                               .payload = payload_of(deed->flag),
	                                               .dedup = dedups[deed->other % 3],
	                                               .group = hf_str(deed->name < 2 ? "g" : "")};
	const struct hf_outbox_claim_args claim = {.write = write,
	                                           .queue = queue,
	                                           .id = id,
	                                           .owner = hf_str("w"),
	                                           .lease_us = lease_of(deed->flag),
	                                           .max_run_us = lease_of(deed->other) / 2};
	const struct hf_outbox_claim_next_args next = {.write = write,
	                                               .queue = queue,
	                                               .max = 1 + deed->other % 2,
	                                               .owner = hf_str("w"),
	                                               .lease_us = lease_of(deed->flag),
	                                               .max_run_us = lease_of(deed->other)};
	const struct hf_outbox_reschedule_args reschedule = {
	    .write = write,
	    .queue = queue,
	    .id = id,
	    .set_available_at = deed->other<2, .available_at = DEED_NOW + lease_of(deed->flag / 11),
	                                    .set_priority = deed->other> 0,
	    .priority = (int32_t)deed->other - 2};
	switch (deed->flag % 11) {
	case 0:
		return hf_outbox_claim(s, txn, &claim, &place->items, &place->result, error);
	case 1:
		return hf_outbox_claim_next(s, txn, &next, &place->items, &place->result, error);
	case 2:
	case 3:
		return held_deed(deed, s, txn, write, &place->result, error);
	case 4:
		return hf_outbox_mark_failed(
		    s, txn, &(struct hf_outbox_mark_failed_args){.write = write, .queue = queue, .id = id},
		    &place->result, error);
	case 5:
		return hf_outbox_retry(
		    s, txn, &(struct hf_outbox_retry_args){.write = write, .queue = queue, .id = id},
		    &place->result, error);
	case 6:
	case 8:
		return queue_deed(deed, s, txn, write, &place->result, error);
	case 9:
		return hf_outbox_reschedule(s, txn, &reschedule, &place->result, error);
	case 7:
		return hf_outbox_remove(
		    s, txn, &(struct hf_outbox_remove_args){.write = write, .queue = queue, .id = id},
		    &place->result, error);
	default:
		return hf_outbox_enqueue(s, txn, &enqueue, &place->result, error);
	}
}

static int idem_deed(const struct deed *deed, hf_store *s, hf_txn *txn, struct hf_write write,
                     struct place *place, struct hf_error *error)
{
	const struct hf_idempotency_key key = {hf_str("s"), deed_name(deed->name)};
	const struct hf_idempotency_begin_args begin = {.write = write,
	                                                .key = key,
	                                                .fingerprint = deed_name(deed->other),
	                                                .lease_us = lease_of(deed->flag),
	                                                .ttl_us = 15 * DEED_SECOND};
	const struct hf_idempotency_complete_args complete = {.write = write,
	                                                      .key = key,
	                                                      .token = deed->token,
	                                                      .status = 7,
	                                                      .response = payload_of(deed->other),
	                                                      .ttl_us = 15 * DEED_SECOND};
	switch (deed->flag % 6) {
	case 0:
	case 1:
		return hf_idempotency_complete(s, txn, &complete, &place->result, error);
	case 2:
		return hf_idempotency_abandon(
		    s, txn,
		    &(struct hf_idempotency_abandon_args){.write = write, .key = key, .token = deed->token},
		    &place->result, error);
	case 3:
		if (deed->other == 0)
			return hf_idempotency_clear(
			    s, txn, &(struct hf_idempotency_clear_args){.write = write, .scope = key.scope},
			    &place->result, error);
		return hf_idempotency_remove(
		    s, txn, &(struct hf_idempotency_remove_args){.write = write, .key = key},
		    &place->result, error);
	default:
		return hf_idempotency_begin(s, txn, &begin, &place->begun, &place->result, error);
	}
}

static int document_deed(const struct deed *deed, hf_store *s, hf_txn *txn, struct hf_write write,
                         struct hf_result *result, struct hf_error *error)
{
	const struct hf_document_key key = {hf_str("c"), deed_name(deed->name)};
	const struct hf_document_put_args put = {.write = write,
	                                         .key = key,
	                                         .payload = payload_of(deed->flag),
	                                         .group = deed_name(deed->other),
	                                         .ttl_us = lease_of(deed->flag),
	                                         .orders =
	                                             deed->flag % 8 == 7 ? HF_DOCUMENT_UPDATED : 0};
	switch (deed->flag % 7) {
	case 0:
		return hf_document_regroup(s, txn,
		                           &(struct hf_document_regroup_args){
		                               .write = write, .key = key, .group = deed_name(deed->other)},
		                           result, error);
	case 1:
		return hf_document_remove(
		    s, txn, &(struct hf_document_remove_args){.write = write, .key = key}, result, error);
	case 2:
		return hf_document_clear(
		    s, txn, &(struct hf_document_clear_args){.write = write, .collection = key.collection},
		    result, error);
	default:
		return hf_document_put(s, txn, &put, result, error);
	}
}

static int timeline_deed(const struct deed *deed, hf_store *s, hf_txn *txn, struct hf_write write,
                         struct hf_result *result, struct hf_error *error)
{
	const struct hf_bytes timeline = hf_str("t");
	const struct hf_timeline_append_args append = {.write = write,
	                                               .key = {timeline, deed_name(deed->name)},
	                                               .type = hf_str("k"),
	                                               .happened_at = DEED_NOW + deed->other};
	switch (deed->flag % 5) {
	case 0:
		return hf_timeline_retain(
		    s, txn,
		    &(struct hf_timeline_retain_args){
		        .write = write, .timeline = timeline, .max_events = 1, .dry_run = deed->other % 2},
		    result, error);
	case 1:
		return hf_timeline_clear(
		    s, txn, &(struct hf_timeline_clear_args){.write = write, .timeline = timeline}, result,
		    error);
	default:
		return hf_timeline_append(s, txn, &append, result, error);
	}
}

static int lock_deed(const struct deed *deed, hf_store *s, hf_txn *txn, struct hf_write write,
                     struct hf_result *result, struct hf_error *error)
{
	const struct hf_bytes name = deed_name(deed->name);
	const struct hf_lock_acquire_args acquire = {.write = write,
	                                             .name = name,
	                                             .owner = deed_name(deed->other),
	                                             .lease_us = lease_of(deed->flag)};
	const struct hf_lock_renew_args renew = {
	    .write = write, .name = name, .token = deed->token, .lease_us = lease_of(deed->flag)};
	switch (deed->flag % 5) {
	case 0:
		return hf_lock_renew(s, txn, &renew, result, error);
	case 1:
		return hf_lock_release(
		    s, txn,
		    &(struct hf_lock_release_args){.write = write, .name = name, .token = deed->token},
		    result, error);
	case 2:
		return hf_lock_force_release(s, txn,
		                             &(struct hf_lock_force_release_args){
		                                 .write = write, .name = name, .reason = hf_str("why")},
		                             result, error);
	default:
		return hf_lock_acquire(s, txn, &acquire, result, error);
	}
}

static int migration_deed(const struct deed *deed, hf_store *s, hf_txn *txn, struct hf_write write,
                          struct hf_result *result, struct hf_error *error)
{
	if (deed->flag % 2)
		return hf_migration_record(
		    s, txn,
		    &(struct hf_migration_record_args){.write = write, .name = deed_name(deed->name)},
		    result, error);
	return hf_migration_forget(
	    s, txn, &(struct hf_migration_forget_args){.write = write, .name = deed_name(deed->name)},
	    result, error);
}

int deed_perform(const struct deed *deed, hf_store *s, hf_txn *txn, enum hf_durability durability,
                 struct place *place, struct hf_error *error)
{
	const struct hf_write write = {.durability = durability};
	switch (deed->which) {
	case DEED_INBOX:
		return inbox_deed(deed, s, txn, write, &place->result, error);
	case DEED_CURSOR:
		return cursor_deed(deed, s, txn, write, &place->result, error);
	case DEED_IDEM:
		return idem_deed(deed, s, txn, write, place, error);
	case DEED_DOCUMENT:
		return document_deed(deed, s, txn, write, &place->result, error);
	case DEED_TIMELINE:
		return timeline_deed(deed, s, txn, write, &place->result, error);
	case DEED_LOCK:
		return lock_deed(deed, s, txn, write, &place->result, error);
	case DEED_MIGRATION:
		return migration_deed(deed, s, txn, write, &place->result, error);
	default:
		return outbox_deed(deed, s, txn, write, place, error);
	}
}

hf_token deed_token(const struct deed *deed, hf_store *s)
{
	const struct hf_outbox_key item = {hf_str("q"), deed_name(deed->name)};
	const struct hf_idempotency_key key = {hf_str("s"), deed_name(deed->name)};
	struct hf_outbox_got got = {0};
	struct hf_idempotency_got entry = {0};
	struct hf_lock_got lock = {0};
	hf_token token = 1;
	if (deed->which == DEED_LOCK &&
	    hf_lock_get(s, deed_name(deed->name), HF_READ_UNDURABLE, &lock, NULL) == HF_OK)
		token = lock.lock.token;
	else if (deed->which == DEED_IDEM &&
	         hf_idempotency_get(s, &key, HF_READ_UNDURABLE, &entry, NULL) == HF_OK)
		token = entry.entry.token;
	else if ((deed->which == DEED_OUTBOX || deed->which == DEED_OUTBOX_TOO) &&
	         hf_outbox_get(s, &item, HF_READ_UNDURABLE, &got, NULL) == HF_OK)
		token = got.item.token;
	hf_release(lock.memory);
	hf_release(entry.memory);
	hf_release(got.memory);
	return token;
}

struct deed deed_draw(struct hf_rng *rng, hf_store *s, unsigned focus)
{
	struct deed deed = {.which = hf_rng_chance(rng, 3, 4) ? focus
	                                                      : (unsigned)hf_rng_below(rng, DEED_KINDS),
	                    .name = (unsigned)hf_rng_below(rng, 3),
	                    .other = (unsigned)hf_rng_below(rng, 4),
	                    .flag = (unsigned)hf_rng_below(rng, 2310)};
	deed.token = hf_rng_chance(rng, 1, 8) ? 1 : deed_token(&deed, s);
	return deed;
}
