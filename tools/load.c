/* Every object is looked up before it is put into the transaction, which makes the difference between "added", "the same" and "in conflict". Nobody
 * writes to the store meanwhile: this process holds its lock. */
#include "load.h"

#include "buffer.h"

#include <stdarg.h>
#include <stdio.h>

#define BATCH_MAX (24u << 20) /* bytes of one transaction of many; with the largest object still below what one can hold */
#define OVERHEAD 512u /* more than any object needs beside its bytes */

/* --- Sentences -------------------------------------------------------------------------------------------------------------- */

static void where(const struct load *load, char out[256])
{
	if (load->piece)
		(void)snprintf(out, 256, "%s: %s %llu (byte %llu)", load->input->name, load->noun, (unsigned long long)load->piece->number,
		               (unsigned long long)load->piece->at);
	else
		(void)snprintf(out, 256, "%s", load->input->name);
}

int load_fail(struct load *load, int code, const char *format, ...)
{
	char place[256], what[512];
	va_list args;
	where(load, place);
	va_start(args, format);
	(void)vsnprintf(what, sizeof what, format, args);
	va_end(args);
	return cli_fail_with(load->cli, code, "%s: %s", place, what);
}

static int refused(struct load *load, const struct hf_error *error)
{
	return load_fail(load, error->code, "%s", error->text);
}

/* The object is there with other content. */
static int conflict(struct load *load, const char *what, struct hf_bytes name)
{
	struct buffer shown = {0};
	(void)buffer_shown(&shown, name.data, name.len, 60);
	const int rc = load_fail(load, HF_ECONFLICT, "%s \"%s\" is in the store with other content; --replace takes the file's", what,
	                         shown.data ? shown.data : "");
	buffer_free(&shown);
	return rc;
}

/* --- Transactions ----------------------------------------------------------------------------------------------------------- */

void load_abandon(struct load *load)
{
	hf_txn_abandon(load->txn);
	load->txn = NULL;
	load->pending = 0;
}

static int finish(struct load *load)
{
	struct hf_error error = {0};
	hf_txn *txn = load->txn;
	if (load->pass != LOAD_WRITE || !txn) {
		load_abandon(load);
		return CLI_OK;
	}
	load->txn = NULL;
	load->pending = 0;
	load->batches++;
	if (hf_txn_commit(txn, cli_write(load->cli).durability, &error) == HF_OK)
		return CLI_OK;
	load->batches--;
	load->piece = NULL;
	return refused(load, &error);
}

/* Makes sure of a transaction with room for an object of `bytes`. */
static int make_room(struct load *load, size_t bytes)
{
	struct hf_error error = {0};
	int rc = CLI_OK;
	bytes += OVERHEAD;
	if (load->pass == LOAD_CHECK) {
		load->total += bytes;
		return CLI_OK;
	}
	if (load->batched && load->pending + bytes > BATCH_MAX)
		rc = finish(load);
	load->pending += bytes;
	if (rc == CLI_OK && !load->txn && hf_txn_begin(load->cli->store, &load->txn, &error) != HF_OK)
		rc = refused(load, &error);
	return rc;
}

int load_begin(struct load *load, enum load_pass pass)
{
	load->pass = pass;
	load->piece = NULL;
	load->added = load->replaced = load->same = 0;
	if (pass == LOAD_CHECK)
		load->total = 0;
	return CLI_OK;
}

int load_end(struct load *load)
{
	load->piece = NULL;
	return finish(load);
}

/* What the library said to an operation. */
static int added(struct load *load, int rc, const struct hf_error *error, uint64_t *count)
{
	if (rc != HF_OK)
		return refused(load, error);
	++*count;
	return CLI_OK;
}

/* --- Comparing -------------------------------------------------------------------------------------------------------------- */

static bool equal(struct hf_bytes a, struct hf_bytes b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static bool equal_reals(double a, double b)
{
	return memcmp(&a, &b, sizeof a) == 0;
}

static bool equal_cursors(const struct hf_cursor *a, const struct hf_cursor *b)
{
	return a->last_sequence == b->last_sequence && equal(a->last_delivery_id, b->last_delivery_id) &&
	       a->last_delivered_at == b->last_delivered_at && equal(a->last_error, b->last_error) && a->error_count == b->error_count &&
	       a->updated_at == b->updated_at && equal(a->reset_reason, b->reset_reason) && a->reset_at == b->reset_at;
}

static bool equal_reruns(const struct hf_outbox_rerun *a, const struct hf_outbox_rerun *b)
{
	if (!a || !b)
		return !a && !b;
	return equal(a->payload, b->payload) && a->enqueued_at == b->enqueued_at && a->available_at == b->available_at;
}

static bool equal_items(const struct hf_outbox_item *there, const struct hf_outbox_item *given, bool whole)
{
	const bool basics = equal(there->payload, given->payload) && there->status == given->status && there->attempts == given->attempts &&
	                    there->enqueued_at == given->enqueued_at;
	return basics && (!whole || (equal(there->group, given->group) && equal_reruns(there->rerun, given->rerun) &&
	                             there->max_attempts == given->max_attempts && there->priority == given->priority &&
	                             there->available_at == given->available_at && equal(there->last_error, given->last_error)));
}

static bool equal_contents(const struct hf_inbox_record *there, const struct hf_inbox_input *given)
{
	return equal(there->payload, given->payload) && there->unread == given->unread && equal_reals(there->score, given->score) &&
	       there->updated_at == given->updated_at;
}

static bool equal_records(const struct hf_inbox_record *there, const struct hf_inbox_input *given)
{
	return equal_contents(there, given) && there->dismissed == given->dismissed && there->snapshot_at == given->snapshot_at &&
	       there->seen_at == given->seen_at && there->read_at == given->read_at && there->dismissed_at == given->dismissed_at;
}

/* --- Cursors ---------------------------------------------------------------------------------------------------------------- */

static int put_cursor(struct load *load, const struct hf_cursor *cursor, uint64_t *count)
{
	struct hf_error error = {0};
	const struct hf_cursor_put args = {.cursor = *cursor};
	return added(load, hf_cursor_put(load->cli->store, load->txn, &args, NULL, &error), &error, count);
}

int load_cursor(struct load *load, const struct hf_cursor *cursor)
{
	struct hf_cursor_got got;
	struct hf_error error = {0};
	int rc = make_room(load, cursor->key.consumer.len + cursor->key.stream.len + cursor->key.subject.len + cursor->last_delivery_id.len +
	                             cursor->last_error.len + cursor->reset_reason.len);
	if (rc != CLI_OK || load->pass == LOAD_CHECK)
		return rc;
	rc = hf_cursor_get(load->cli->store, &cursor->key, 0, &got, &error);
	if (rc == HF_ENOTFOUND)
		return put_cursor(load, cursor, &load->added);
	if (rc != HF_OK)
		return refused(load, &error);
	if (equal_cursors(&got.cursor, cursor)) {
		load->same++;
		rc = CLI_OK;
	} else if (!load->replace) {
		rc = conflict(load, "the cursor of consumer", cursor->key.consumer);
	} else if (got.cursor.last_sequence > cursor->last_sequence) {
		rc = load_fail(load, HF_ENONMONOTONIC, "the cursor stands at %lld, beyond the file's %lld; only `cursor reset` puts one back",
		               (long long)got.cursor.last_sequence, (long long)cursor->last_sequence);
	} else {
		rc = put_cursor(load, cursor, &load->replaced);
	}
	hf_release(got.memory);
	return rc;
}

/* --- Outbox ----------------------------------------------------------------------------------------------------------------- */

static int put_item(struct load *load, struct hf_bytes queue, const struct hf_outbox_item *item, hf_lsn expect, uint64_t *count)
{
	struct hf_error error = {0};
	const struct hf_outbox_put args = {.write.expect = expect, .queue = queue, .item = *item};
	return added(load, hf_outbox_put(load->cli->store, load->txn, &args, NULL, &error), &error, count);
}

int load_item(struct load *load, struct hf_bytes queue, const struct hf_outbox_item *item, bool whole)
{
	const struct hf_outbox_key key = {.queue = queue, .id = item->id};
	struct hf_outbox_got got;
	struct hf_error error = {0};
	int rc = make_room(load, queue.len + item->id.len + item->payload.len + item->last_error.len + item->group.len +
	                             (item->rerun ? item->rerun->payload.len : 0));
	if (rc != CLI_OK || load->pass == LOAD_CHECK)
		return rc;
	rc = hf_outbox_get(load->cli->store, &key, 0, &got, &error);
	if (rc == HF_ENOTFOUND)
		return put_item(load, queue, item, HF_ABSENT, &load->added);
	if (rc != HF_OK)
		return refused(load, &error);
	if (equal_items(&got.item, item, whole)) {
		load->same++;
		rc = CLI_OK;
	} else if (!load->replace) {
		rc = conflict(load, "item", item->id);
	} else {
		rc = put_item(load, queue, item, got.item.version, &load->replaced);
	}
	hf_release(got.memory);
	return rc;
}

static bool equal_settings(const struct hf_outbox_stats *there, const struct hf_outbox_configure *given, bool paused)
{
	return there->max_attempts == (given->max_attempts ? given->max_attempts : HF_OUTBOX_ATTEMPTS) &&
	       there->dedup_window_us == given->dedup_window_us &&
	       there->dedup_max == (given->dedup_max ? given->dedup_max : HF_OUTBOX_DEDUP_MAX) && there->paused == paused;
}

int load_queue(struct load *load, const struct hf_outbox_configure *settings, bool paused)
{
	const struct hf_outbox_pause pause = {.queue = settings->queue};
	struct hf_outbox_stats stats;
	struct hf_error error = {0};
	uint64_t none = 0;
	int rc = make_room(load, 2 * settings->queue.len);
	if (rc != CLI_OK || load->pass == LOAD_CHECK)
		return rc;
	rc = hf_outbox_stats(load->cli->store, settings->queue, 0, &stats, &error);
	if (rc != HF_OK)
		return refused(load, &error);
	if (stats.settings_version != 0 && equal_settings(&stats, settings, paused)) {
		load->same++;
		return CLI_OK;
	}
	if (stats.settings_version != 0 && !load->replace)
		return conflict(load, "queue", settings->queue);
	rc = hf_outbox_configure(load->cli->store, load->txn, settings, NULL, &error);
	rc = added(load, rc, &error, stats.settings_version ? &load->replaced : &load->added);
	if (rc != CLI_OK || paused == stats.paused)
		return rc;
	rc = (paused ? hf_outbox_pause : hf_outbox_resume)(load->cli->store, load->txn, &pause, NULL, &error);
	return added(load, rc, &error, &none);
}

int load_completed(struct load *load, struct hf_bytes queue, struct hf_bytes id, hf_time until)
{
	const struct hf_outbox_completed_list list = {.queue = queue, .id = id};
	const struct hf_outbox_put_completed args = {.queue = queue, .id = id, .until = until};
	struct hf_outbox_completed_page there;
	struct hf_error error = {0};
	int rc = make_room(load, queue.len + id.len);
	if (rc != CLI_OK || load->pass == LOAD_CHECK)
		return rc;
	if (id.len == 0) /* the list would take it for all */
		return load_fail(load, HF_EINVAL, "\"id\" is missing or empty");
	rc = hf_outbox_completed(load->cli->store, &list, 0, &there, &error);
	if (rc != HF_OK)
		return refused(load, &error);
	const bool known = there.count > 0, same = known && there.ids[0].until == until;
	hf_release(there.memory);
	if (known && !same && !load->replace)
		return conflict(load, "the completed id", id);
	rc = hf_outbox_put_completed(load->cli->store, load->txn, &args, NULL, &error);
	return added(load, rc, &error, same ? &load->same : known ? &load->replaced : &load->added);
}

/* --- Inbox ------------------------------------------------------------------------------------------------------------------ */

static int save_record(struct load *load, const struct hf_inbox_save *args, uint64_t *count)
{
	struct hf_error error = {0};
	return added(load, hf_inbox_save(load->cli->store, load->txn, args, NULL, &error), &error, count);
}

static int drop_record(struct load *load, const struct hf_inbox_key *key)
{
	struct hf_error error = {0};
	const struct hf_inbox_remove args = {.key = *key};
	uint64_t none = 0;
	return added(load, hf_inbox_remove(load->cli->store, load->txn, &args, NULL, &error), &error, &none);
}

/* HF_OK: *got must be released; HF_ENOTFOUND; else *rc is the exit status. */
static int look_up(struct load *load, const struct hf_inbox_key *key, struct hf_inbox_got *got, int *rc)
{
	struct hf_error error = {0};
	const int code = hf_inbox_get(load->cli->store, key, 0, got, &error);
	*rc = code == HF_OK || code == HF_ENOTFOUND ? CLI_OK : refused(load, &error);
	return code;
}

int load_record(struct load *load, struct hf_bytes user, const struct hf_inbox_input *record)
{
	const struct hf_inbox_key key = {.user = user, .account = record->account, .thread = record->thread};
	const struct hf_inbox_save save = {.user = user, .records = record, .count = 1, .generated_at = HF_UNSET, .restore = true};
	struct hf_inbox_got got;
	/* The key twice: a record that is replaced takes two entries. */
	int rc = make_room(load, 2 * (user.len + record->account.len + record->thread.len) + record->payload.len);
	if (rc != CLI_OK || load->pass == LOAD_CHECK)
		return rc;
	const int code = look_up(load, &key, &got, &rc);
	if (code != HF_OK)
		return code == HF_ENOTFOUND ? save_record(load, &save, &load->added) : rc;
	if (equal_records(&got.record, record)) {
		load->same++;
	} else if (!load->replace) {
		rc = conflict(load, "the record of thread", record->thread);
	} else {
		/* A save keeps marks that are there: to take the file's, the record goes and comes anew. */
		rc = drop_record(load, &key);
		if (rc == CLI_OK)
			rc = save_record(load, &save, &load->replaced);
	}
	hf_release(got.memory);
	return rc;
}

int load_saved(struct load *load, struct hf_bytes user, const struct hf_inbox_input *record, hf_time generated_at)
{
	const struct hf_inbox_key key = {.user = user, .account = record->account, .thread = record->thread};
	const struct hf_inbox_save save = {.user = user, .records = record, .count = 1, .generated_at = generated_at};
	struct hf_inbox_got got;
	int rc = make_room(load, user.len + record->account.len + record->thread.len + record->payload.len);
	if (rc != CLI_OK || load->pass == LOAD_CHECK)
		return rc;
	const int code = look_up(load, &key, &got, &rc);
	if (code != HF_OK)
		return code == HF_ENOTFOUND ? save_record(load, &save, &load->added) : rc;
	const bool same =
	    equal_contents(&got.record, record) && got.record.snapshot_at == generated_at && (got.record.dismissed || !record->dismissed);
	hf_release(got.memory);
	return save_record(load, &save, same ? &load->same : &load->replaced);
}

static int load_status(struct load *load, struct hf_bytes user, struct hf_bytes status, bool overrule)
{
	struct hf_inbox_status there;
	struct hf_error error = {0};
	const struct hf_inbox_set_status args = {.user = user, .status = status};
	uint64_t none = 0;
	int rc = hf_inbox_status(load->cli->store, user, 0, &there, &error);
	if (rc != HF_OK)
		return refused(load, &error);
	if (!equal(there.status, status) && there.status.len && !overrule && !load->replace)
		rc = conflict(load, "the status of inbox", user);
	else if (!equal(there.status, status))
		rc = added(load, hf_inbox_set_status(load->cli->store, load->txn, &args, NULL, &error), &error, &none);
	hf_release(there.memory);
	return rc;
}

int load_inbox(struct load *load, struct hf_bytes user, hf_time generated_at, const struct hf_bytes *status, bool overrule)
{
	const struct hf_inbox_save save = {.user = user, .generated_at = generated_at};
	uint64_t none = 0;
	int rc = make_room(load, user.len + (status ? status->len : 0));
	if (rc != CLI_OK || load->pass == LOAD_CHECK)
		return rc;
	rc = save_record(load, &save, &none);
	return rc == CLI_OK && status ? load_status(load, user, *status, overrule) : rc;
}

int load_frame(struct load *load, const struct hf_inbox_key *key, const struct hf_bytes *frame)
{
	const struct hf_inbox_input record = {
	    .account = key->account, .thread = key->thread, .payload = frame ? *frame : hf_bytes(NULL, 0), .updated_at = HF_UNSET};
	const struct hf_inbox_save save = {.user = key->user, .records = &record, .count = 1, .generated_at = HF_UNSET};
	struct hf_inbox_got got;
	uint64_t none = 0;
	int rc = make_room(load, key->user.len + key->account.len + key->thread.len + record.payload.len);
	if (rc != CLI_OK || load->pass == LOAD_CHECK)
		return rc;
	const int code = look_up(load, key, &got, &rc);
	if (rc == CLI_OK && frame && (code == HF_ENOTFOUND || !equal(got.record.payload, *frame)))
		rc = save_record(load, &save, &none);
	else if (rc == CLI_OK && !frame && code == HF_OK)
		rc = drop_record(load, key);
	if (code == HF_OK)
		hf_release(got.memory);
	return rc;
}
