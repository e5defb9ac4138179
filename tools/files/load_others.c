/* How objects are loaded, by their rows, and all that need little more: cursors, events,
 * idempotency entries, migrations, documents and locks. */
#include "files/load_parts.h"
#include "rows/rows.h"

/* --- Any object ------------------------------------------------------------------------------- */

int load_put(struct load *load, const struct load_how *how, const void *given, hf_lsn expect,
             uint64_t *count)
{
	const struct hf_api_call *put = rows_call(how->put);
	struct hf_error error = {0};
	union rows_given args;
	struct hf_write *write = rows_write(put->takes, &args);
	rows_clear(put->takes, &args);
	rows_copy(put->takes, &args, rows_struct(how->of), given);
	write->literal_times = true;
	write->expect = how->expects ? expect : 0;
	if (how->fill)
		how->fill(load, given, &args);
	return load_added(load, rows_mutate(put, load->cli->store, load->txn, &args, NULL, &error),
	                  &error, count);
}

static struct hf_bytes name_of(const struct load_how *how, const void *given)
{
	const struct row *name = rows_find(rows_all(rows_struct(how->of)), how->name);
	return row_bytes(name, given);
}

/* Another is there: *there. */
static int take_place(struct load *load, const struct load_how *how, const void *there,
                      const void *given, uint64_t *replaced)
{
	if (how->noun && !load->replace)
		return load_conflict(load, how->noun, name_of(how, given));
	const int rc = how->replace ? how->replace(load, there, given) : CLI_OK;
	const struct row *version = rows_find(rows_all(rows_struct(how->of)), "version");
	return rc == CLI_OK ? load_put(load, how, given, (hf_lsn)row_number(version, there), replaced)
	                    : rc;
}

int load_object(struct load *load, const struct load_how *how, const void *given, uint64_t *added,
                uint64_t *replaced)
{
	const struct hf_api_struct *of = rows_struct(how->of);
	const struct hf_api_call *get = rows_call(how->get);
	union rows_given key = {0}, there = {0};
	struct rows_page memory;
	struct hf_error error = {0};
	int rc =
	    load_make_room(load, rows_bytes(of, given) + (how->twice ? name_of(how, given).len : 0));
	if (rc != CLI_OK || load->pass == LOAD_CHECK)
		return rc;
	if (strcmp(get->takes->name, "hf_bytes") == 0)
		*(struct hf_bytes *)&key = name_of(how, given);
	else
		rows_copy(get->takes, &key, of, given);
	rc = rows_read(get, load->cli->store, &key, &there, &error);
	if (rc == HF_ENOTFOUND)
		return load_put(load, how, given, HF_ABSENT, added);
	if (rc != HF_OK)
		return load_refused(load, &error);
	const void *found = there.bytes + rows_first(get->fills)->offset;
	if (rows_equal(of, found, given, how->apart, how->only))
		load->same++;
	else
		rc = take_place(load, how, found, given, replaced);
	rows_page(get->fills, &there, &memory);
	hf_release(memory.memory);
	return rc;
}

/* --- Cursors ---------------------------------------------------------------------------------- */

static int only_forward(struct load *load, const void *there, const void *given)
{
	const struct hf_cursor *old = there, *new = given;
	if (old->last_sequence <= new->last_sequence)
		return CLI_OK;
	return load_fail(
	    load, HF_ENONMONOTONIC,
	    "the cursor stands at %lld, beyond the file's %lld; only `cursor reset` puts one back",
	    (long long)old->last_sequence, (long long)new->last_sequence);
}

int load_cursor(struct load *load, const struct hf_cursor *cursor)
{
	static const struct load_how how = {
	    "hf_cursor", "hf_cursor_get", "hf_cursor_put",        "the cursor of consumer",
	    "consumer",  "version",       .replace = only_forward};
	return load_object(load, &how, cursor, &load->added, &load->replaced);
}

/* --- Timelines -------------------------------------------------------------------------------- */

static int never_changes(struct load *load, const void *there, const void *given)
{
	(void)there;
	(void)given;
	return load_fail(load, HF_ECONFLICT,
	                 "this event is in the store with other content, and events never change");
}

int load_event(struct load *load, const struct hf_timeline_event *event)
{
	static const struct load_how how = {"hf_timeline_event", "hf_timeline_get",
	                                    "hf_timeline_append", .apart = "version",
	                                    .replace = never_changes};
	return load_object(load, &how, event, &load->added, &load->replaced);
}

/* --- Idempotency and migrations --------------------------------------------------------------- */

int load_idem(struct load *load, const struct hf_idempotency_entry *entry)
{
	static const struct load_how how = {
	    "hf_idempotency_entry",     "hf_idempotency_get", "hf_idempotency_put", "key", "key",
	    "token lease_until version"};
	return load_object(load, &how, entry,
	                   load_is_over(load, entry->expires_at) ? &load->same : &load->added,
	                   &load->replaced);
}

int load_migration(struct load *load, const struct hf_migration_entry *migration)
{
	static const struct load_how how = {.of = "hf_migration_entry", .put = "hf_migration_record"};
	struct hf_error error = {0};
	bool there;
	const int rc = load_make_room(load, migration->name.len);
	if (rc != CLI_OK || load->pass == LOAD_CHECK)
		return rc;
	if (hf_migration_applied(load->cli->store, migration->name, 0, &there, &error) != HF_OK)
		return load_refused(load, &error);
	return load_put(load, &how, migration, 0, there ? &load->same : &load->added);
}

/* --- Documents -------------------------------------------------------------------------------- */

const struct hf_api_member *load_orders(void)
{
	return rows_find(rows_all(rows_struct("hf_document_put_args")), "orders")->member;
}

static void fill_document(const struct load *load, const void *given, void *ctx)
{
	struct hf_document_put_args *args = ctx;
	args->orders = load->orders;
	args->now = ((const struct hf_document *)given)->updated_at;
}

int load_document(struct load *load, const struct hf_document *document, unsigned orders)
{
	struct load_how how = {"hf_document", "hf_document_get", "hf_document_put",    "document", "id",
	                       "version",     .expects = true,   .fill = fill_document};
	if (document->created_at == HF_UNSET) /* a file need not say it */
		how.apart = "version created_at";
	load->orders = orders;
	return load_object(load, &how, document,
	                   load_is_over(load, document->expires_at) ? &load->same : &load->added,
	                   &load->replaced);
}

/* --- Locks ------------------------------------------------------------------------------------ */

/* Takes the place of another holder; both in the load's transaction. */
static int force_lock(struct load *load, const void *there, const void *given)
{
	const struct hf_lock *lock = given;
	const struct hf_lock_force_release_args args = {.name = lock->name,
	                                                .reason = hf_str("replaced by an import")};
	struct hf_error error = {0};
	uint64_t none = 0;
	(void)there;
	return load_added(load, hf_lock_force_release(load->cli->store, load->txn, &args, NULL, &error),
	                  &error, &none);
}

/* One whose lease is over stays free, and counts as nothing. */
int load_lock(struct load *load, const struct hf_lock *lock)
{
	static const struct load_how how = {
	    "hf_lock", "hf_lock_get",   "hf_lock_put", "lock",
	    "name",    "token version", .twice = true, .replace = force_lock};
	const bool held = load->pass != LOAD_CHECK && lock->lease_until > cli_clock(load->cli);
	uint64_t none = 0;
	return load_object(load, &how, lock, held ? &load->added : &none,
	                   held ? &load->replaced : &none);
}
