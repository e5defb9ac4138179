/* Operations on inboxes and cursors: see crash_verbs.h. */
#include "lib/crash/work/crash_verbs.h"

#include <string.h>

/* --- Inbox ------------------------------------------------------------------------------------ */

int verb_inbox_save(const struct call *c, const struct names *n)
{
	struct hf_inbox_input records[NAMES_MAX];
	memset(records, 0, sizeof records);
	for (size_t i = 0; i < n->count; i++) {
		records[i].thread = n->part[i];
		records[i].payload = verb_bytes(n->cstr[i], c->op->size);
		records[i].unread = i % 2 == 0;
		records[i].score = (double)i / 2;
		records[i].updated_at = c->op->number;
	}
	const struct hf_inbox_save_args args = {
	    .write = verb_write(c),
	    .user = hf_str(c->op->place),
	    .records = records,
	    .count = n->count,
	    .generated_at = c->op->number,
	    .mode = c->op->verb == INBOX_REPLACE ? HF_INBOX_REPLACE : HF_INBOX_UPSERT,
	};
	return hf_inbox_save(c->store, c->txn, &args, c->result, c->error);
}

static void tell_record(struct tale *told, const struct hf_inbox_record *r)
{
	hf__put_short(&told->bytes, r->key.account);
	hf__put_short(&told->bytes, r->key.thread);
	hf__put_long(&told->bytes, r->payload);
	hf__put_u8(&told->bytes, (uint8_t)(r->unread | r->dismissed << 1));
	hf__put_f64(&told->bytes, r->score);
	hf__put_i64(&told->bytes, r->updated_at);
	hf__put_i64(&told->bytes, r->snapshot_at);
	hf__put_i64(&told->bytes, r->seen_at);
	hf__put_i64(&told->bytes, r->read_at);
	hf__put_i64(&told->bytes, r->dismissed_at);
	hf__put_i64(&told->bytes, r->snoozed_until);
	verb_tell_version(told, r->saved);
	verb_tell_version(told, r->version);
}

static struct hf_inbox_key inbox_key(const struct call *c, const struct names *n)
{
	return (struct hf_inbox_key){.user = hf_str(c->op->place), .thread = n->part[0]};
}

int verb_inbox_mark(const struct call *c, const struct names *n)
{
	const struct hf_inbox_mark_args args = {.write = verb_write(c), .key = inbox_key(c, n)};
	switch (c->op->verb) {
	case INBOX_DISMISS:
		return hf_inbox_dismiss(c->store, c->txn, &args, c->result, c->error);
	case INBOX_UNDISMISS:
		return hf_inbox_undismiss(c->store, c->txn, &args, c->result, c->error);
	case INBOX_MARK_READ:
		return hf_inbox_mark_read(c->store, c->txn, &args, c->result, c->error);
	case INBOX_MARK_UNREAD:
		return hf_inbox_mark_unread(c->store, c->txn, &args, c->result, c->error);
	default:
		return hf_inbox_mark_seen(c->store, c->txn, &args, c->result, c->error);
	}
}

int verb_inbox_one(const struct call *c, const struct names *n)
{
	if (c->op->verb == INBOX_REMOVE) {
		const struct hf_inbox_remove_args args = {.write = verb_write(c), .key = inbox_key(c, n)};
		return hf_inbox_remove(c->store, c->txn, &args, c->result, c->error);
	}
	const struct hf_inbox_guard_args args = {.write = verb_write(c), .key = inbox_key(c, n)};
	return hf_inbox_guard(c->store, c->txn, &args, c->result, c->error);
}

int verb_inbox_bury(const struct call *c, const struct names *n)
{
	const struct hf_inbox_snooze_args snooze = {
	    .write = verb_write(c), .key = inbox_key(c, n), .until = c->op->number};
	const struct hf_inbox_remove_args bury = {
	    .write = verb_write(c), .key = inbox_key(c, n), .tombstone_for = c->op->number};
	const struct hf_inbox_put_tombstone_args put = {.write = verb_write(c),
	                                                .key = inbox_key(c, n),
	                                                .dismissed = true,
	                                                .dismissed_at = 7,
	                                                .until = c->op->number};
	switch (c->op->verb) {
	case INBOX_SNOOZE:
		return hf_inbox_snooze(c->store, c->txn, &snooze, c->result, c->error);
	case INBOX_BURY:
		return hf_inbox_remove(c->store, c->txn, &bury, c->result, c->error);
	default:
		return hf_inbox_put_tombstone(c->store, c->txn, &put, c->result, c->error);
	}
}

int verb_inbox_mark_all(const struct call *c, const struct names *n)
{
	const struct hf_inbox_mark_all_args args = {
	    .write = verb_write(c), .user = hf_str(c->op->place), .up_to = (hf_lsn)c->op->number};
	(void)n;
	return c->op->verb == INBOX_DISMISS_ALL
	           ? hf_inbox_dismiss_all(c->store, c->txn, &args, c->result, c->error)
	           : hf_inbox_mark_all_read(c->store, c->txn, &args, c->result, c->error);
}

int verb_inbox_tombstones(const struct call *c, const struct names *n)
{
	const struct hf_inbox_list_tombstones_args args = {.user = hf_str(c->op->place)};
	struct hf_inbox_tombstone_page page;
	(void)n;
	const int rc = hf_inbox_list_tombstones(c->store, &args, c->flags, &page, c->error);
	for (size_t i = 0; rc == HF_OK && i < page.count; i++) {
		hf__put_short(&c->told->bytes, page.items[i].key.thread);
		hf__put_u8(&c->told->bytes, page.items[i].dismissed);
		hf__put_i64(&c->told->bytes, page.items[i].dismissed_at);
		hf__put_i64(&c->told->bytes, page.items[i].until);
		verb_tell_version(c->told, page.items[i].version);
	}
	hf_release(page.memory);
	return rc;
}

int verb_inbox_many(const struct call *c, const struct names *n)
{
	const struct hf_bytes user = hf_str(c->op->place), nobody = hf_str("nobody");
	const struct hf_inbox_set_status_args status = {
	    .write = verb_write(c), .user = user, .status = verb_bytes(n->cstr[0], c->op->size)};
	const struct hf_inbox_prune_args prune = {
	    .write = verb_write(c), .user = user, .keep_accounts = &nobody, .keep_count = 1};
	const struct hf_inbox_trim_args trim = {
	    .write = verb_write(c), .user = user, .max_records = (uint64_t)c->op->number};
	const struct hf_inbox_clear_args clear = {.write = verb_write(c), .user = user};
	switch (c->op->verb) {
	case INBOX_SET_STATUS:
		return hf_inbox_set_status(c->store, c->txn, &status, c->result, c->error);
	case INBOX_PRUNE:
		return hf_inbox_prune(c->store, c->txn, &prune, c->result, c->error);
	case INBOX_TRIM:
		return hf_inbox_trim(c->store, c->txn, &trim, c->result, c->error);
	default:
		return hf_inbox_clear(c->store, c->txn, &clear, c->result, c->error);
	}
}

int verb_inbox_get(const struct call *c, const struct names *n)
{
	const struct hf_inbox_key key = inbox_key(c, n);
	struct hf_inbox_got got;
	const int rc = hf_inbox_get(c->store, &key, c->flags, &got, c->error);
	if (rc == HF_OK)
		tell_record(c->told, &got.record);
	hf_release(got.memory);
	return rc;
}

int verb_inbox_load(const struct call *c, const struct names *n)
{
	const struct hf_inbox_load_args args = {.user = hf_str(c->op->place)};
	struct hf_inbox_page page;
	(void)n;
	const int rc = hf_inbox_load(c->store, &args, c->flags, &page, c->error);
	hf__put_i64(&c->told->bytes, page.generated_at);
	for (size_t i = 0; rc == HF_OK && i < page.count; i++)
		tell_record(c->told, &page.items[i]);
	hf_release(page.memory);
	return rc;
}

int verb_inbox_dismissed(const struct call *c, const struct names *n)
{
	const struct hf_inbox_list_dismissed_args args = {.user = hf_str(c->op->place)};
	struct hf_inbox_key_page keys;
	(void)n;
	const int rc = hf_inbox_list_dismissed(c->store, &args, c->flags, &keys, c->error);
	for (size_t i = 0; rc == HF_OK && i < keys.count; i++)
		hf__put_short(&c->told->bytes, keys.items[i].thread);
	hf_release(keys.memory);
	return rc;
}

int verb_inbox_figures(const struct call *c, const struct names *n)
{
	struct hf_inbox_counts counts;
	struct hf_inbox_status status;
	(void)n;
	if (c->op->verb == INBOX_COUNTS) {
		const int rc = hf_inbox_count(c->store, hf_str(c->op->place), c->flags, &counts, c->error);
		hf__put_u64(&c->told->bytes, counts.total);
		hf__put_u64(&c->told->bytes, counts.unread);
		hf__put_u64(&c->told->bytes, counts.unseen);
		hf__put_u64(&c->told->bytes, counts.dismissed);
		return rc;
	}
	const int rc = hf_inbox_get_status(c->store, hf_str(c->op->place), c->flags, &status, c->error);
	hf__put_long(&c->told->bytes, status.status);
	verb_tell_version(c->told, status.version);
	hf_release(status.memory);
	return rc;
}

/* --- Cursor ----------------------------------------------------------------------------------- */

static void tell_cursor(struct tale *told, const struct hf_cursor *c)
{
	hf__put_short(&told->bytes, c->key.consumer);
	hf__put_short(&told->bytes, c->key.subject);
	hf__put_i64(&told->bytes, c->last_sequence);
	hf__put_short(&told->bytes, c->last_delivery_id);
	hf__put_i64(&told->bytes, c->last_delivered_at);
	hf__put_short(&told->bytes, c->last_error);
	hf__put_u64(&told->bytes, c->error_count);
	hf__put_i64(&told->bytes, c->updated_at);
	hf__put_short(&told->bytes, c->reset_reason);
	verb_tell_version(told, c->version);
}

static struct hf_cursor_key cursor_key(const struct call *c, const struct names *n)
{
	return (struct hf_cursor_key){.consumer = n->part[0], .stream = hf_str(c->op->place)};
}

int verb_cursor_change(const struct call *c, const struct names *n)
{
	const struct hf_cursor_key key = cursor_key(c, n);
	const struct hf_bytes text = verb_bytes(n->cstr[0], c->op->size);
	const struct hf_cursor_advance_args advance = {.write = verb_write(c),
	                                               .key = key,
	                                               .sequence = c->op->number,
	                                               .delivery_id = hf_str("d"),
	                                               /* so that a replay changes nothing, whatever the
	                                           * clock says */
	                                               .now = 1};
	const struct hf_cursor_reset_args reset = {.write = verb_write(c),
	                                           .key = key,
	                                           .sequence = c->op->number,
	                                           .delivered_at = HF_UNSET,
	                                           .reason = text};
	const struct hf_cursor_record_error_args failure = {
	    .write = verb_write(c), .key = key, .message = text};
	const struct hf_cursor_remove_args gone = {.write = verb_write(c), .key = key};
	const struct hf_cursor_guard_args guard = {.write = verb_write(c), .key = key};
	switch (c->op->verb) {
	case CURSOR_ADVANCE:
		return hf_cursor_advance(c->store, c->txn, &advance, c->result, c->error);
	case CURSOR_RESET:
		return hf_cursor_reset(c->store, c->txn, &reset, c->result, c->error);
	case CURSOR_RECORD_ERROR:
		return hf_cursor_record_error(c->store, c->txn, &failure, c->result, c->error);
	case CURSOR_REMOVE:
		return hf_cursor_remove(c->store, c->txn, &gone, c->result, c->error);
	default:
		return hf_cursor_guard(c->store, c->txn, &guard, c->result, c->error);
	}
}

int verb_cursor_get(const struct call *c, const struct names *n)
{
	const struct hf_cursor_key key = cursor_key(c, n);
	struct hf_cursor_got got;
	const int rc = hf_cursor_get(c->store, &key, c->flags, &got, c->error);
	if (rc == HF_OK)
		tell_cursor(c->told, &got.cursor);
	hf_release(got.memory);
	return rc;
}

int verb_cursor_list(const struct call *c, const struct names *n)
{
	const struct hf_cursor_list_args args = {.stream = hf_str(c->op->place)};
	struct hf_cursor_page page;
	(void)n;
	const int rc = hf_cursor_list(c->store, &args, c->flags, &page, c->error);
	for (size_t i = 0; rc == HF_OK && i < page.count; i++)
		tell_cursor(c->told, &page.items[i]);
	hf_release(page.memory);
	return rc;
}

int verb_cursor_lag(const struct call *c, const struct names *n)
{
	const struct hf_cursor_list_lag_args args = {.stream = hf_str(c->op->place),
	                                             .head = c->op->number};
	struct hf_cursor_lag_page page;
	(void)n;
	const int rc = hf_cursor_list_lag(c->store, &args, c->flags, &page, c->error);
	for (size_t i = 0; rc == HF_OK && i < page.count; i++)
		hf__put_i64(&c->told->bytes, page.items[i].lag);
	hf_release(page.memory);
	return rc;
}
