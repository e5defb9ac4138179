/* tier: medium, long */
/* What the reads of a transaction cost its commit, in index steps: no more among many objects than
 * among a thousand, though the reads were of whole lists. A tenth has ended without that being
 * logged where things end. See lib/scene.h. Every read of the public tables has a row. */
#include "holdfast/api.h"
#include "lib/scene.h"
#include "lib/test.h"

static const struct guard {
	const char *name, *read;
	int code;
} guards[] = {
    {"a document was read", "hf_document_get collection=c id=n1", HF_OK},
    {"a document was not there", "hf_document_get collection=c id=none", HF_ENOTFOUND},
    {"a document had expired", "hf_document_get collection=c id=n10", HF_ENOTFOUND},
    {"a document was asked for", "hf_document_has collection=c id=n1 -> value=1", HF_OK},
    {"all documents were listed", "hf_document_list collection=c -> count", HF_OK},
    {"documents of a group", "hf_document_list collection=c group=g -> count", HF_OK},
    {"documents with a prefix", "hf_document_list collection=c by=id id_prefix=n1 -> count", HF_OK},
    {"a page of documents", "hf_document_list collection=c limit=10 after.id=n5 -> count=10",
     HF_OK},
    {"documents of none", "hf_document_list collection=none -> count=0", HF_OK},
    {"documents were counted", "hf_document_count collection=c", HF_OK},
    {"documents of a group were counted", "hf_document_count collection=c group=g", HF_OK},
    {"collections were listed", "hf_document_names -> count=1", HF_OK},
    {"an event was read", "hf_timeline_get timeline=t id=n1", HF_OK},
    {"all events were queried", "hf_timeline_query filter.timeline=t -> count", HF_OK},
    {"events of a type", "hf_timeline_query filter.timeline=t filter.type=kind -> count", HF_OK},
    {"events were counted", "hf_timeline_count filter.timeline=t", HF_OK},
    {"the latest event was asked", "hf_timeline_latest_at timeline=t", HF_OK},
    {"timelines were listed", "hf_timeline_names -> count=1", HF_OK},
    {"an item was read", "hf_outbox_get queue=q id=n1", HF_OK},
    {"all items were listed", "hf_outbox_list queue=q -> count", HF_OK},
    {"items with a prefix", "hf_outbox_list queue=q id_prefix=n1 -> count", HF_OK},
    {"stats of a queue", "hf_outbox_get_stats queue=q", HF_OK},
    {"completed ids were listed", "hf_outbox_list_completed queue=q -> count", HF_OK},
    {"queues were listed", "hf_outbox_names -> count=1", HF_OK},
    {"a key was read", "hf_idempotency_get scope=s key=n1", HF_OK},
    {"a key was asked for", "hf_idempotency_has scope=s key=none -> value=0", HF_OK},
    {"all keys were listed", "hf_idempotency_list scope=s -> count", HF_OK},
    {"keys of a prefix", "hf_idempotency_list scope=s over=prefix -> count", HF_OK},
    {"keys of all scopes", "hf_idempotency_list over=all -> count", HF_OK},
    {"keys were counted", "hf_idempotency_count scope=s", HF_OK},
    {"keys of a prefix were counted", "hf_idempotency_count_over scope=s over=prefix", HF_OK},
    {"all keys were counted", "hf_idempotency_count_over over=all", HF_OK},
    {"scopes were listed", "hf_idempotency_names -> count=1", HF_OK},
    {"a record was read", "hf_inbox_get user=u account=a thread=n1", HF_OK},
    {"all records were loaded", "hf_inbox_load user=u -> count", HF_OK},
    {"unread records", "hf_inbox_load user=u unread_only=1 without_dismissed=1 -> count", HF_OK},
    {"records were counted", "hf_inbox_count user=u", HF_OK},
    {"the dismissed were listed", "hf_inbox_list_dismissed user=u -> count", HF_OK},
    {"tombstones were listed", "hf_inbox_list_tombstones user=u -> count", HF_OK},
    {"a status was read", "hf_inbox_get_status user=u", HF_OK},
    {"users were listed", "hf_inbox_names -> count=1", HF_OK},
    {"a cursor was read", "hf_cursor_get consumer=n1 stream=s", HF_OK},
    {"all cursors were listed", "hf_cursor_list -> count", HF_OK},
    {"cursors of a consumer", "hf_cursor_list consumer=n1 -> count=1", HF_OK},
    {"cursors of a stream", "hf_cursor_list stream=s -> count", HF_OK},
    {"a lag was listed", "hf_cursor_list_lag stream=s head=9 -> count", HF_OK},
    {"a lock was read", "hf_lock_get name=n1", HF_OK},
    {"a lock was not held", "hf_lock_get name=none", HF_ENOTFOUND},
    {"a token was checked", "hf_lock_check name=n1 token=1", HF_ESTALE},
    {"all locks were listed", "hf_lock_list -> count", HF_OK},
    {"locks were counted", "hf_lock_get_stats -> held", HF_OK},
    {"a migration was asked for", "hf_migration_applied name=n1 -> value=1", HF_OK},
    {"migrations were listed", "hf_migration_list -> count", HF_OK},
    {"the clock was read", "hf_clock_get", HF_OK},
};
enum { GUARDS = sizeof guards / sizeof *guards };

static hf_txn *made[GUARDS]; /* has read */

/* One object of each kind. */
static int add(struct scene *scene, hf_txn *txn, unsigned i)
{
	char id[NAME], gone[NAME];
	hf_store *s = scene->store;
	const struct hf_bytes n = numbered(id, "n", i), other = numbered(gone, "g", i);
	const struct hf_document_put_args document = {.key = {hf_str("c"), n},
	                                              .group = hf_str(i % 2 ? "g" : "h"),
	                                              .orders = 63,
	                                              .ttl_us = i % 10 ? 0 : SECOND};
	const struct hf_timeline_append_args event = {
	    .key = {hf_str("t"), n}, .type = hf_str("kind"), .happened_at = SCENE_NOW + i};
	const struct hf_outbox_enqueue_args item = {.queue = hf_str("q"), .id = n};
	const struct hf_outbox_put_completed_args completed = {
	    .queue = hf_str("q"), .id = other, .until = SCENE_NOW + 9000 * SECOND};
	const struct hf_idempotency_put_args entry = {.key = {hf_str("s"), n},
	                                              .ttl_us = i % 10 ? 0 : SECOND};
	const struct hf_inbox_input record = {
	    .account = hf_str("a"), .thread = n, .unread = i % 2, .dismissed = i % 3 == 0};
	const struct hf_inbox_save_args save = {
	    .user = hf_str("u"), .records = &record, .count = 1, .generated_at = SCENE_NOW};
	const struct hf_inbox_put_tombstone_args tombstone = {.key = {hf_str("u"), hf_str("a"), other},
	                                                      .until = SCENE_NOW + 9000 * SECOND};
	const struct hf_cursor_advance_args cursor = {.key = {n, hf_str("s"), hf_str("")},
	                                              .sequence = 1 + i};
	const struct hf_lock_acquire_args lock = {.name = n, .owner = hf_str("o")};
	const struct hf_migration_record_args migration = {.name = n};
	const int codes[] = {
	    hf_document_put(s, txn, &document, NULL, NULL),
	    hf_timeline_append(s, txn, &event, NULL, NULL),
	    hf_outbox_enqueue(s, txn, &item, NULL, NULL),
	    hf_outbox_put_completed(s, txn, &completed, NULL, NULL),
	    hf_idempotency_put(s, txn, &entry, NULL, NULL),
	    hf_inbox_save(s, txn, &save, NULL, NULL),
	    hf_inbox_put_tombstone(s, txn, &tombstone, NULL, NULL),
	    hf_cursor_advance(s, txn, &cursor, NULL, NULL),
	    hf_lock_acquire(s, txn, &lock, NULL, NULL),
	    hf_migration_record(s, txn, &migration, NULL, NULL),
	};
	for (size_t k = 0; k < sizeof codes / sizeof *codes; k++)
		if (codes[k] != HF_OK)
			return codes[k];
	return HF_OK;
}

static void read_in(struct scene *scene, const struct guard *guard, hf_txn **txn)
{
	/* so that there is a step to be counted where the read is of a number alone */
	const struct hf_document_guard_args none = {.write.expect = HF_ABSENT,
	                                            .key = {hf_str("c"), hf_str("none")}};
	assert_int_equal(hf_txn_begin(scene->store, txn, NULL), HF_OK);
	const int rc = scene_do(scene, hf_txn_reads(*txn), guard->read);
	if (rc != guard->code)
		fail_msg("%s: %s", guard->read, hf_code_name(rc));
	assert_int_equal(hf_document_guard(scene->store, *txn, &none, NULL, NULL), HF_OK);
}

static void fill(struct scene *scene)
{
	const struct hf_outbox_configure_args window = {
	    .write = write_os, .queue = hf_str("q"), .dedup_window_us = 9000 * SECOND};
	const struct hf_inbox_set_status_args status = {
	    .write = write_os, .user = hf_str("u"), .status = hf_str("x")};
	assert_int_equal(hf_outbox_configure(scene->store, NULL, &window, NULL, NULL), HF_OK);
	assert_int_equal(hf_inbox_set_status(scene->store, NULL, &status, NULL, NULL), HF_OK);
	for (unsigned i = 0; i < scene->count;) {
		hf_txn *txn = NULL;
		assert_int_equal(hf_txn_begin(scene->store, &txn, NULL), HF_OK);
		for (unsigned n = 0; n < BATCH && i < scene->count; n++, i++)
			assert_int_equal(add(scene, txn, i), HF_OK);
		assert_int_equal(hf_txn_commit(txn, HF_OS, NULL), HF_OK);
	}
	sim_advance(scene->sim, 2 * SECOND);
	for (unsigned i = 0; i < GUARDS; i++)
		read_in(scene, &guards[i], &made[i]);
}

static void commit(struct scene *scene)
{
	static unsigned next;
	(void)scene;
	assert_int_equal(hf_txn_commit(made[next], HF_OS, NULL), HF_OK);
	next = (next + 1) % GUARDS;
}

static void what_was_read_costs_the_commit_no_more_among_many(void **state)
{
	struct work works[GUARDS];
	(void)state;
	for (size_t i = 0; i < GUARDS; i++)
		works[i] = (struct work)WORK(guards[i].name, 0, commit);
	compare_steps(fill, works, GUARDS);
}

static bool has_row(const char *call)
{
	const size_t len = strlen(call);
	for (size_t i = 0; i < GUARDS; i++)
		if (strncmp(guards[i].read, call, len) == 0 && strchr(" ", guards[i].read[len]))
			return true;
	return false;
}

static void every_read_of_the_interface_is_in_the_table(void **state)
{
	const struct hf_api_part *part;
	(void)state;
	for (unsigned i = 0; (part = hf_api_describe(i)) != NULL; i++)
		for (const struct hf_api_call *call = part->calls; call && call->name; call++)
			if (call->kind == HF_API_READ && !has_row(call->name))
				fail_msg("no guard of %s", call->name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_read_of_the_interface_is_in_the_table),
	    cmocka_unit_test(what_was_read_costs_the_commit_no_more_among_many),
	};
	return cmocka_run_group_tests_name("transact steps", tests, NULL, NULL);
}
