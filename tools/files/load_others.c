/* Cursors, events, idempotency entries, migrations, documents and locks, as load.h has them. */
#include "files/load_parts.h"

#include "print/text.h"

/* --- Cursors ---------------------------------------------------------------------------------- */

static bool equal_cursors(const struct hf_cursor *a, const struct hf_cursor *b)
{
	return a->last_sequence == b->last_sequence &&
	       equal_bytes(a->last_delivery_id, b->last_delivery_id) &&
	       a->last_delivered_at == b->last_delivered_at &&
	       equal_bytes(a->last_error, b->last_error) && a->error_count == b->error_count &&
	       a->updated_at == b->updated_at && equal_bytes(a->reset_reason, b->reset_reason) &&
	       a->reset_at == b->reset_at;
}

static int put_cursor(struct load *load, const struct hf_cursor *cursor, uint64_t *count)
{
	struct hf_error error = {0};
	const struct hf_cursor_put_args args = {.write.literal_times = true, .cursor = *cursor};
	return load_added(load, hf_cursor_put(load->cli->store, load->txn, &args, NULL, &error), &error,
	                  count);
}

int load_cursor(struct load *load, const struct hf_cursor *cursor)
{
	struct hf_cursor_got got;
	struct hf_error error = {0};
	int rc = load_make_room(load, cursor->key.consumer.len + cursor->key.stream.len +
	                                  cursor->key.subject.len + cursor->last_delivery_id.len +
	                                  cursor->last_error.len + cursor->reset_reason.len);
	if (rc != CLI_OK || load->pass == LOAD_CHECK)
		return rc;
	rc = hf_cursor_get(load->cli->store, &cursor->key, 0, &got, &error);
	if (rc == HF_ENOTFOUND)
		return put_cursor(load, cursor, &load->added);
	if (rc != HF_OK)
		return load_refused(load, &error);
	if (equal_cursors(&got.cursor, cursor)) {
		load->same++;
		rc = CLI_OK;
	} else if (!load->replace) {
		rc = load_conflict(load, "the cursor of consumer", cursor->key.consumer);
	} else if (got.cursor.last_sequence > cursor->last_sequence) {
		rc = load_fail(
		    load, HF_ENONMONOTONIC,
		    "the cursor stands at %lld, beyond the file's %lld; only `cursor reset` puts one back",
		    (long long)got.cursor.last_sequence, (long long)cursor->last_sequence);
	} else {
		rc = put_cursor(load, cursor, &load->replaced);
	}
	hf_release(got.memory);
	return rc;
}

/* --- Timelines -------------------------------------------------------------------------------- */

static bool equal_events(const struct hf_timeline_event *a, const struct hf_timeline_event *b)
{
	return equal_bytes(a->type, b->type) && equal_bytes(a->subject, b->subject) &&
	       a->happened_at == b->happened_at && equal_bytes(a->payload, b->payload);
}

int load_event(struct load *load, const struct hf_timeline_event *event)
{
	struct hf_timeline_got got;
	struct hf_error error = {0};
	const struct hf_timeline_append_args args = {.write.literal_times = true,
	                                             .key = event->key,
	                                             .type = event->type,
	                                             .subject = event->subject,
	                                             .happened_at = event->happened_at,
	                                             .payload = event->payload};
	int rc = load_make_room(load, event->key.timeline.len + event->key.id.len + event->type.len +
	                                  event->subject.len + event->payload.len);
	if (rc != CLI_OK || load->pass == LOAD_CHECK)
		return rc;
	rc = hf_timeline_get(load->cli->store, &event->key, 0, &got, &error);
	if (rc == HF_ENOTFOUND) {
		rc = hf_timeline_append(load->cli->store, load->txn, &args, NULL, &error);
		return load_added(load, rc, &error, &load->added);
	}
	if (rc != HF_OK)
		return load_refused(load, &error);
	const bool same = equal_events(&got.event, event);
	hf_release(got.memory);
	if (!same)
		return load_fail(load, HF_ECONFLICT,
		                 "this event is in the store with other content, and events never change");
	load->same++;
	return CLI_OK;
}

/* --- Idempotency and migrations --------------------------------------------------------------- */

static bool equal_idem(const struct hf_idempotency_entry *there,
                       const struct hf_idempotency_put_args *given)
{
	return there->done && equal_bytes(there->fingerprint, given->fingerprint) &&
	       there->status == given->status && equal_bytes(there->response, given->response) &&
	       there->created_at == given->created_at && there->expires_at == given->expires_at &&
	       there->expires_computed == given->expires_computed;
}

static int put_idem(struct load *load, const struct hf_idempotency_put_args *entry, uint64_t *count)
{
	struct hf_error error = {0};
	struct hf_idempotency_put_args args = *entry;
	args.write.literal_times = true;
	return load_added(load, hf_idempotency_put(load->cli->store, load->txn, &args, NULL, &error),
	                  &error, count);
}

int load_idem(struct load *load, const struct hf_idempotency_put_args *entry)
{
	struct hf_idempotency_got got;
	struct hf_error error = {0};
	int rc = load_make_room(load, entry->key.scope.len + entry->key.key.len +
	                                  entry->fingerprint.len + entry->response.len);
	if (rc != CLI_OK || load->pass == LOAD_CHECK)
		return rc;
	const int code = hf_idempotency_get(load->cli->store, &entry->key, 0, &got, &error);
	if (code != HF_OK && code != HF_ENOTFOUND)
		return load_refused(load, &error);
	if (code == HF_ENOTFOUND)
		rc = put_idem(load, entry,
		              load_is_over(load, entry->expires_at) ? &load->same : &load->added);
	else if (equal_idem(&got.entry, entry))
		load->same++;
	else if (!load->replace)
		rc = load_conflict(load, "key", entry->key.key);
	else
		rc = put_idem(load, entry, &load->replaced);
	hf_release(got.memory);
	return rc;
}

int load_migration(struct load *load, const struct hf_migration_record_args *migration)
{
	struct hf_error error = {0};
	bool there;
	int rc = load_make_room(load, migration->name.len);
	if (rc != CLI_OK || load->pass == LOAD_CHECK)
		return rc;
	if (hf_migration_applied(load->cli->store, migration->name, 0, &there, &error) != HF_OK)
		return load_refused(load, &error);
	struct hf_migration_record_args args = *migration;
	args.write.literal_times = true;
	rc = hf_migration_record(load->cli->store, load->txn, &args, NULL, &error);
	return load_added(load, rc, &error, there ? &load->same : &load->added);
}

/* --- Documents -------------------------------------------------------------------------------- */

/* A file need not say when a document was created. */
static bool equal_documents(const struct hf_document *there, const struct hf_document *given)
{
	return equal_bytes(there->group, given->group) && equal_bytes(there->payload, given->payload) &&
	       there->updated_at == given->updated_at && there->expires_at == given->expires_at &&
	       there->expires_computed == given->expires_computed &&
	       (given->created_at == HF_UNSET || there->created_at == given->created_at);
}

static int put_document(struct load *load, const struct hf_document *document, unsigned orders,
                        hf_lsn expect, uint64_t *count)
{
	struct hf_error error = {0};
	const struct hf_document_put_args args = {.write = {.expect = expect, .literal_times = true},
	                                          .key = document->key,
	                                          .payload = document->payload,
	                                          .group = document->group,
	                                          .created_at = document->created_at,
	                                          .expires_at = document->expires_at,
	                                          .expires_computed = document->expires_computed,
	                                          .orders = orders,
	                                          .now = document->updated_at};
	return load_added(load, hf_document_put(load->cli->store, load->txn, &args, NULL, &error),
	                  &error, count);
}

int load_document(struct load *load, const struct hf_document *document, unsigned orders)
{
	struct hf_document_got got;
	struct hf_error error = {0};
	int rc = load_make_room(load, document->key.collection.len + document->key.id.len +
	                                  document->group.len + document->payload.len);
	if (rc != CLI_OK || load->pass == LOAD_CHECK)
		return rc;
	rc = hf_document_get(load->cli->store, &document->key, 0, &got, &error);
	if (rc == HF_ENOTFOUND)
		return put_document(load, document, orders, HF_ABSENT,
		                    load_is_over(load, document->expires_at) ? &load->same : &load->added);
	if (rc != HF_OK)
		return load_refused(load, &error);
	if (equal_documents(&got.document, document)) {
		load->same++;
		rc = CLI_OK;
	} else if (!load->replace) {
		rc = load_conflict(load, "document", document->key.id);
	} else {
		rc = put_document(load, document, orders, got.document.version, &load->replaced);
	}
	hf_release(got.memory);
	return rc;
}

/* --- Locks ------------------------------------------------------------------------------------ */

/* Takes the place of another holder; both in the load's transaction. */
static int force_lock(struct load *load, const struct hf_lock *lock)
{
	const struct hf_lock_force_release_args args = {.name = lock->name,
	                                                .reason = hf_str("replaced by an import")};
	struct hf_error error = {0};
	uint64_t none = 0;
	return load_added(load, hf_lock_force_release(load->cli->store, load->txn, &args, NULL, &error),
	                  &error, &none);
}

/* One whose lease is over stays free, and counts as nothing. */
static int put_lock(struct load *load, const struct hf_lock *lock, uint64_t *count)
{
	uint64_t none = 0;
	const struct hf_lock_put_args args = {.write.literal_times = true,
	                                      .name = lock->name,
	                                      .owner = lock->owner,
	                                      .acquired_at = lock->acquired_at,
	                                      .lease_until = lock->lease_until};
	struct hf_error error = {0};
	return load_added(load, hf_lock_put(load->cli->store, load->txn, &args, NULL, &error), &error,
	                  lock->lease_until > cli_clock(load->cli) ? count : &none);
}

int load_lock(struct load *load, const struct hf_lock *lock)
{
	struct hf_lock_got got;
	struct hf_error error = {0};
	/* The name twice: a lock that is replaced takes two entries. */
	int rc = load_make_room(load, 2 * lock->name.len + lock->owner.len);
	if (rc != CLI_OK || load->pass == LOAD_CHECK)
		return rc;
	rc = hf_lock_get(load->cli->store, lock->name, 0, &got, &error);
	if (rc == HF_ENOTFOUND)
		return put_lock(load, lock, &load->added);
	if (rc != HF_OK)
		return load_refused(load, &error);
	if (equal_bytes(got.lock.owner, lock->owner) && got.lock.acquired_at == lock->acquired_at &&
	    got.lock.lease_until == lock->lease_until) {
		load->same++;
		rc = CLI_OK;
	} else if (!load->replace) {
		rc = load_conflict(load, "lock", lock->name);
	} else {
		rc = force_lock(load, lock);
		if (rc == CLI_OK)
			rc = put_lock(load, lock, &load->replaced);
	}
	hf_release(got.memory);
	return rc;
}
