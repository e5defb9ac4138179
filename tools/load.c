/* Every object is looked up before it is put into the transaction, which makes the difference between "added", "the same" and "in conflict". Nobody
 * writes to the store meanwhile: this process holds its lock. */
#include "load.h"

#include "buffer.h"
#include "text.h"

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

static bool equal_events(const struct hf_timeline_event *a, const struct hf_timeline_event *b)
{
	return equal(a->type, b->type) && equal(a->subject, b->subject) && a->happened_at == b->happened_at && equal(a->payload, b->payload);
}

static bool equal_contents(const struct hf_inbox_record *there, const struct hf_inbox_input *given)
{
	return equal(there->payload, given->payload) && there->unread == given->unread && same_double(there->score, given->score) &&
	       there->updated_at == given->updated_at;
}

static bool equal_records(const struct hf_inbox_record *there, const struct hf_inbox_input *given)
{
	return equal_contents(there, given) && there->dismissed == given->dismissed && there->snapshot_at == given->snapshot_at &&
	       there->seen_at == given->seen_at && there->read_at == given->read_at && there->dismissed_at == given->dismissed_at &&
	       there->snoozed_until == given->snoozed_until;
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

/* --- Timelines -------------------------------------------------------------------------------------------------------------- */

int load_event(struct load *load, const struct hf_timeline_event *event)
{
	struct hf_timeline_got got;
	struct hf_error error = {0};
	const struct hf_timeline_append args = {.key = event->key,
	                                        .type = event->type,
	                                        .subject = event->subject,
	                                        .happened_at = event->happened_at,
	                                        .payload = event->payload,
	                                        .restore = true};
	int rc = make_room(load, event->key.timeline.len + event->key.id.len + event->type.len + event->subject.len + event->payload.len);
	if (rc != CLI_OK || load->pass == LOAD_CHECK)
		return rc;
	rc = hf_timeline_get(load->cli->store, &event->key, 0, &got, &error);
	if (rc == HF_ENOTFOUND) {
		rc = hf_timeline_append(load->cli->store, load->txn, &args, NULL, &error);
		return added(load, rc, &error, &load->added);
	}
	if (rc != HF_OK)
		return refused(load, &error);
	const bool same = equal_events(&got.event, event);
	hf_release(got.memory);
	if (!same)
		return load_fail(load, HF_ECONFLICT, "this event is in the store with other content, and events never change");
	load->same++;
	return CLI_OK;
}

/* --- Idempotency and migrations --------------------------------------------------------------------------------------------- */

static bool equal_idem(const struct hf_idempotency_entry *there, const struct hf_idempotency_put *given)
{
	return there->done && equal(there->fingerprint, given->fingerprint) && there->status == given->status &&
	       equal(there->response, given->response) && there->created_at == given->created_at && there->expires_at == given->expires_at;
}

static int put_idem(struct load *load, const struct hf_idempotency_put *entry, uint64_t *count)
{
	struct hf_error error = {0};
	struct hf_idempotency_put args = *entry;
	args.restore = true;
	return added(load, hf_idempotency_put(load->cli->store, load->txn, &args, NULL, &error), &error, count);
}

int load_idem(struct load *load, const struct hf_idempotency_put *entry)
{
	struct hf_idempotency_got got;
	struct hf_error error = {0};
	int rc = make_room(load, entry->key.scope.len + entry->key.key.len + entry->fingerprint.len + entry->response.len);
	if (rc != CLI_OK || load->pass == LOAD_CHECK)
		return rc;
	const int code = hf_idempotency_get(load->cli->store, &entry->key, 0, &got, &error);
	if (code != HF_OK && code != HF_ENOTFOUND)
		return refused(load, &error);
	if (code == HF_ENOTFOUND)
		rc = put_idem(load, entry, entry->expires_at != HF_UNSET && entry->expires_at <= cli_clock() ? &load->same : &load->added);
	else if (equal_idem(&got.entry, entry))
		load->same++;
	else if (!load->replace)
		rc = conflict(load, "key", entry->key.key);
	else
		rc = put_idem(load, entry, &load->replaced);
	hf_release(got.memory);
	return rc;
}

int load_migration(struct load *load, const struct hf_migration_record *migration)
{
	struct hf_error error = {0};
	bool there;
	int rc = make_room(load, migration->name.len);
	if (rc != CLI_OK || load->pass == LOAD_CHECK)
		return rc;
	if (hf_migration_applied(load->cli->store, migration->name, 0, &there, &error) != HF_OK)
		return refused(load, &error);
	struct hf_migration_record args = *migration;
	args.restore = true;
	rc = hf_migration_record(load->cli->store, load->txn, &args, NULL, &error);
	return added(load, rc, &error, there ? &load->same : &load->added);
}

/* --- Documents -------------------------------------------------------------------------------------------------------------- */

/* A file need not say when a document was created. */
static bool equal_documents(const struct hf_document *there, const struct hf_document *given)
{
	return equal(there->group, given->group) && equal(there->payload, given->payload) && there->updated_at == given->updated_at &&
	       there->expires_at == given->expires_at && (given->created_at == HF_UNSET || there->created_at == given->created_at);
}

static int put_document(struct load *load, const struct hf_document *document, unsigned orders, hf_lsn expect, uint64_t *count)
{
	struct hf_error error = {0};
	const struct hf_document_put args = {.write.expect = expect,
	                                     .key = document->key,
	                                     .payload = document->payload,
	                                     .group = document->group,
	                                     .created_at = document->created_at,
	                                     .expires_at = document->expires_at,
	                                     .orders = orders,
	                                     .now = document->updated_at,
	                                     .restore = true};
	return added(load, hf_document_put(load->cli->store, load->txn, &args, NULL, &error), &error, count);
}

int load_document(struct load *load, const struct hf_document *document, unsigned orders)
{
	struct hf_document_got got;
	struct hf_error error = {0};
	int rc = make_room(load, document->key.collection.len + document->key.id.len + document->group.len + document->payload.len);
	if (rc != CLI_OK || load->pass == LOAD_CHECK)
		return rc;
	rc = hf_document_get(load->cli->store, &document->key, 0, &got, &error);
	if (rc == HF_ENOTFOUND)
		return put_document(load, document, orders, HF_ABSENT, &load->added);
	if (rc != HF_OK)
		return refused(load, &error);
	if (equal_documents(&got.document, document)) {
		load->same++;
		rc = CLI_OK;
	} else if (!load->replace) {
		rc = conflict(load, "document", document->key.id);
	} else {
		rc = put_document(load, document, orders, got.document.version, &load->replaced);
	}
	hf_release(got.memory);
	return rc;
}

/* --- Locks ------------------------------------------------------------------------------------------------------------------ */

/* Takes the place of another holder; both in the load's transaction. */
static int force_lock(struct load *load, const struct hf_lock *lock)
{
	const struct hf_lock_force_release args = {.name = lock->name, .reason = hf_str("replaced by an import")};
	struct hf_error error = {0};
	uint64_t none = 0;
	return added(load, hf_lock_force_release(load->cli->store, load->txn, &args, NULL, &error), &error, &none);
}

/* One whose lease is over stays free, and counts as nothing. */
static int put_lock(struct load *load, const struct hf_lock *lock, uint64_t *count)
{
	uint64_t none = 0;
	const struct hf_lock_put args = {
	    .name = lock->name, .owner = lock->owner, .acquired_at = lock->acquired_at, .lease_until = lock->lease_until};
	struct hf_error error = {0};
	return added(load, hf_lock_put(load->cli->store, load->txn, &args, NULL, &error), &error,
	             lock->lease_until > cli_clock() ? count : &none);
}

int load_lock(struct load *load, const struct hf_lock *lock)
{
	struct hf_lock_got got;
	struct hf_error error = {0};
	/* The name twice: a lock that is replaced takes two entries. */
	int rc = make_room(load, 2 * lock->name.len + lock->owner.len);
	if (rc != CLI_OK || load->pass == LOAD_CHECK)
		return rc;
	rc = hf_lock_get(load->cli->store, lock->name, 0, &got, &error);
	if (rc == HF_ENOTFOUND)
		return put_lock(load, lock, &load->added);
	if (rc != HF_OK)
		return refused(load, &error);
	if (equal(got.lock.owner, lock->owner) && got.lock.acquired_at == lock->acquired_at && got.lock.lease_until == lock->lease_until) {
		load->same++;
		rc = CLI_OK;
	} else if (!load->replace) {
		rc = conflict(load, "lock", lock->name);
	} else {
		rc = force_lock(load, lock);
		if (rc == CLI_OK)
			rc = put_lock(load, lock, &load->replaced);
	}
	hf_release(got.memory);
	return rc;
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

/* *found says whether a tombstone of the key stands; *out is what it says, but for the key. */
static int look_up_tombstone(struct load *load, const struct hf_inbox_key *key, struct hf_inbox_tombstone *out, bool *found)
{
	const struct hf_inbox_tombstones args = {.user = key->user, .account = key->account, .thread = key->thread};
	struct hf_inbox_tombstone_page page;
	struct hf_error error = {0};
	if (hf_inbox_tombstones(load->cli->store, &args, 0, &page, &error) != HF_OK)
		return refused(load, &error);
	*found = page.count > 0;
	if (*found)
		*out = page.items[0];
	out->key = *key;
	hf_release(page.memory);
	return CLI_OK;
}

static int bury(struct load *load, const struct hf_inbox_tombstone *tomb, uint64_t *count)
{
	struct hf_error error = {0};
	const struct hf_inbox_put_tombstone args = {
	    .key = tomb->key, .dismissed = tomb->dismissed, .dismissed_at = tomb->dismissed_at, .until = tomb->until};
	return added(load, hf_inbox_put_tombstone(load->cli->store, load->txn, &args, NULL, &error), &error, count);
}

/* A record that is not there: what a tombstone says to its return is a conflict too. */
static int add_record(struct load *load, const struct hf_inbox_key *key, const struct hf_inbox_save *save)
{
	struct hf_inbox_tombstone tomb;
	uint64_t none = 0;
	bool found = false;
	int rc = look_up_tombstone(load, key, &tomb, &found);
	if (rc != CLI_OK || !found)
		return rc == CLI_OK ? save_record(load, save, &load->added) : rc;
	if (!load->replace)
		return conflict(load, "a tombstone of thread", key->thread);
	rc = bury(load, &(struct hf_inbox_tombstone){.key = *key, .dismissed_at = HF_UNSET, .until = HF_UNSET}, &none);
	return rc == CLI_OK ? save_record(load, save, &load->replaced) : rc;
}

int load_tombstone(struct load *load, const struct hf_inbox_tombstone *tomb)
{
	struct hf_inbox_tombstone there;
	struct hf_inbox_got got;
	bool found = false;
	int rc = make_room(load, 2 * (tomb->key.user.len + tomb->key.account.len + tomb->key.thread.len));
	if (rc != CLI_OK || load->pass == LOAD_CHECK)
		return rc;
	const int code = look_up(load, &tomb->key, &got, &rc);
	hf_release(got.memory);
	if (code == HF_OK && !load->replace)
		return conflict(load, "the record of thread", tomb->key.thread);
	if (code == HF_OK)
		rc = drop_record(load, &tomb->key);
	if (rc == CLI_OK)
		rc = look_up_tombstone(load, &tomb->key, &there, &found);
	if (rc != CLI_OK)
		return rc;
	const bool same = found && there.dismissed == tomb->dismissed && there.dismissed_at == tomb->dismissed_at && there.until == tomb->until;
	if (found && !same && !load->replace)
		return conflict(load, "a tombstone of thread", tomb->key.thread);
	return bury(load, tomb, same ? &load->same : found || code == HF_OK ? &load->replaced : &load->added);
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
		return code == HF_ENOTFOUND ? add_record(load, &key, &save) : rc;
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
