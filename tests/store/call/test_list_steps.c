/* tier: medium, long */
/* Index steps of every list, from its beginning and behind a position, in each order, direction and
 * part, and of every count: see lib/scene.h. A list that the public tables have and this table has
 * not fails the test, and so does a member that selects. */
#include "holdfast/api.h"
#include "lib/scene.h"
#include "lib/test.h"

/* --- What the stores hold --------------------------------------------------------------------- */

static void fill_with(struct scene *scene, int (*add)(struct scene *, hf_txn *, unsigned))
{
	for (unsigned i = 0; i < scene->count;) {
		hf_txn *txn = NULL;
		assert_int_equal(hf_txn_begin(scene->store, &txn, NULL), HF_OK);
		for (unsigned n = 0; n < BATCH && i < scene->count; n++, i++)
			assert_int_equal(add(scene, txn, i), HF_OK);
		assert_int_equal(hf_txn_commit(txn, HF_OS, NULL), HF_OK);
	}
}

/* Half of them of group g. */
static int add_document(struct scene *scene, hf_txn *txn, unsigned i)
{
	char id[NAME];
	const struct hf_document_put_args args = {.key = {hf_str("c"), numbered(id, "d", i)},
	                                          .group = hf_str(i % 2 ? "g" : "h"),
	                                          .created_at = 1 + i,
	                                          .now = 1 + i,
	                                          .orders = 63};
	return hf_document_put(scene->store, txn, &args, NULL, NULL);
}

static void fill_documents(struct scene *scene)
{
	fill_with(scene, add_document);
}

static int add_event(struct scene *scene, hf_txn *txn, unsigned i)
{
	char id[NAME];
	const struct hf_timeline_append_args args = {.key = {hf_str("t"), numbered(id, "e", i)},
	                                             .type = hf_str(i % 2 ? "x" : "y"),
	                                             .subject = hf_str(i % 3 ? "s" : "r"),
	                                             .happened_at = 1 + i};
	return hf_timeline_append(scene->store, txn, &args, NULL, NULL);
}

static void fill_events(struct scene *scene)
{
	fill_with(scene, add_event);
}

/* An item of each status in turn, and a completed id. */
static int add_item(struct scene *scene, hf_txn *txn, unsigned i)
{
	static const enum hf_outbox_status all[] = {HF_OUTBOX_QUEUED, HF_OUTBOX_FAILED};
	char id[NAME], done[NAME];
	const struct hf_outbox_put_args item = {
	    .queue = hf_str("q"),
	    .item = {.id = numbered(id, "i", i), .status = all[i % 2], .enqueued_at = 1}};
	const struct hf_outbox_put_completed_args completed = {
	    .queue = hf_str("q"), .id = numbered(done, "j", i), .until = SCENE_NOW + 9000 * SECOND};
	const int rc = hf_outbox_put(scene->store, txn, &item, NULL, NULL);
	return rc == HF_OK ? hf_outbox_put_completed(scene->store, txn, &completed, NULL, NULL) : rc;
}

static void fill_items(struct scene *scene)
{
	const struct hf_outbox_configure_args args = {
	    .write = write_os, .queue = hf_str("q"), .dedup_window_us = 9000 * SECOND};
	assert_int_equal(hf_outbox_configure(scene->store, NULL, &args, NULL, NULL), HF_OK);
	fill_with(scene, add_item);
}

/* A record, dismissed or not and read or not by turns, and a tombstone. */
static int add_record(struct scene *scene, hf_txn *txn, unsigned i)
{
	char thread[NAME], tomb[NAME];
	const struct hf_inbox_input record = {.account = hf_str(i % 2 ? "a" : "b"),
	                                      .thread = numbered(thread, "r", i),
	                                      .unread = i / 2 % 2,
	                                      .dismissed = i / 4 % 2,
	                                      .score = i};
	const struct hf_inbox_save_args save = {
	    .user = hf_str("u"), .records = &record, .count = 1, .generated_at = 1 + i};
	const struct hf_inbox_put_tombstone_args stone = {
	    .key = {hf_str("u"), hf_str("a"), numbered(tomb, "s", i)},
	    .dismissed = true,
	    .until = SCENE_NOW + 9000 * SECOND};
	const int rc = hf_inbox_save(scene->store, txn, &save, NULL, NULL);
	return rc == HF_OK ? hf_inbox_put_tombstone(scene->store, txn, &stone, NULL, NULL) : rc;
}

static void fill_records(struct scene *scene)
{
	fill_with(scene, add_record);
}

/* Of ten streams, ten subjects and many consumers, so that each filter has more than a page. */
static int add_cursor(struct scene *scene, hf_txn *txn, unsigned i)
{
	char consumer[NAME], stream[NAME], subject[NAME];
	const struct hf_cursor_advance_args args = {.key = {numbered(consumer, "c", i / 100),
	                                                    numbered(stream, "s", i % 10),
	                                                    numbered(subject, "t", i / 10 % 10)},
	                                            .sequence = 1 + i};
	return hf_cursor_advance(scene->store, txn, &args, NULL, NULL);
}

static void fill_cursors(struct scene *scene)
{
	fill_with(scene, add_cursor);
}

/* Nine tenths in one scope, the others in ten. */
static int add_key(struct scene *scene, hf_txn *txn, unsigned i)
{
	char scope[NAME], key[NAME];
	const struct hf_idempotency_put_args args = {
	    .key = {i % 10 ? hf_str("s") : numbered(scope, "t", i / 10 % 10), numbered(key, "k", i)}};
	return hf_idempotency_put(scene->store, txn, &args, NULL, NULL);
}

static void fill_keys(struct scene *scene)
{
	fill_with(scene, add_key);
}

static int add_lock(struct scene *scene, hf_txn *txn, unsigned i)
{
	char name[NAME], migration[NAME];
	const struct hf_lock_acquire_args lock = {.name = numbered(name, "l", i), .owner = hf_str("o")};
	const struct hf_migration_record_args applied = {.name = numbered(migration, "m", i)};
	const int rc = hf_lock_acquire(scene->store, txn, &lock, NULL, NULL);
	return rc == HF_OK ? hf_migration_record(scene->store, txn, &applied, NULL, NULL) : rc;
}

static void fill_locks(struct scene *scene)
{
	fill_with(scene, add_lock);
}

/* A container of each domain with one object in it. */
static int add_names(struct scene *scene, hf_txn *txn, unsigned i)
{
	char text[NAME];
	const struct hf_bytes name = numbered(text, "n", i), x = hf_str("x");
	const struct hf_document_put_args document = {.key = {name, x}};
	const struct hf_timeline_append_args event = {.key = {name, x}, .type = x};
	const struct hf_outbox_enqueue_args item = {.queue = name, .id = x};
	const struct hf_idempotency_put_args entry = {.key = {name, x}};
	const struct hf_inbox_save_args save = {.user = name, .generated_at = 1};
	int rc = hf_document_put(scene->store, txn, &document, NULL, NULL);
	if (rc == HF_OK)
		rc = hf_timeline_append(scene->store, txn, &event, NULL, NULL);
	if (rc == HF_OK)
		rc = hf_outbox_enqueue(scene->store, txn, &item, NULL, NULL);
	if (rc == HF_OK)
		rc = hf_idempotency_put(scene->store, txn, &entry, NULL, NULL);
	return rc == HF_OK ? hf_inbox_save(scene->store, txn, &save, NULL, NULL) : rc;
}

static void fill_names(struct scene *scene)
{
	fill_with(scene, add_names);
}

/* --- The lists -------------------------------------------------------------------------------- */

#define READ "undurable "
#define TEN " limit=10 -> count=10 next"
#define PAGED(list_name, words) STEPS(list_name, PAGE, READ words TEN)
/* What does not match stands before all that does: no more than 4,096 are passed over. */
#define PASSED(list_name, words) STEPS(list_name, PAGE + 4096, READ words " limit=10 -> next")
#define NUMBER(name, words) STEPS(name, 0, READ words)

#define DOCUMENTS "hf_document_list collection=c without_payload=1"
#define AT " after.at=$.2.0 after.id=d"
#define ID " after.id=$d.2.0"
static const struct work documents[] = {
    PAGED("documents", DOCUMENTS),
    PAGED("documents, behind", DOCUMENTS AT),
    PAGED("documents, desc.", DOCUMENTS " descending=1"),
    PAGED("documents, desc., behind", DOCUMENTS " descending=1" AT),
    PAGED("documents, updated, behind", DOCUMENTS " by=updated" AT),
    PAGED("documents, updated, desc., behind", DOCUMENTS " by=updated descending=1" AT),
    PAGED("documents, group, behind", DOCUMENTS " group=g" AT),
    PAGED("documents, group, desc., behind", DOCUMENTS " group=g descending=1" AT),
    PAGED("documents, group, updated, behind", DOCUMENTS " group=g by=updated" AT),
    PAGED("documents, group, upd., desc., behind", DOCUMENTS " group=g by=updated descending=1" AT),
    PAGED("documents, id, behind", DOCUMENTS " by=id" ID),
    PAGED("documents, id, desc., behind", DOCUMENTS " by=id descending=1" ID),
    PAGED("documents, group, id, behind", DOCUMENTS " by=id group=g" ID),
    PAGED("documents, group, id, desc., behind", DOCUMENTS " by=id group=g descending=1" ID),
    PAGED("documents, id, prefix", DOCUMENTS " by=id id_prefix=d1"),
    PAGED("documents, id, prefix, behind", DOCUMENTS " by=id id_prefix=d1 after.id=d11"),
    PAGED("documents, id, prefix, desc.", DOCUMENTS " by=id id_prefix=d1 descending=1"),
    PAGED("documents, group, id, prefix", DOCUMENTS " by=id group=g id_prefix=d1"),
    PASSED("documents, prefix", DOCUMENTS " id_prefix=d9"),
    PASSED("documents, prefix, desc., behind", DOCUMENTS " id_prefix=d1 descending=1" AT),
    NUMBER("documents, count", "hf_document_count collection=c"),
    NUMBER("documents, count of a group", "hf_document_count collection=c group=g"),
};

#define EVENTS "hf_timeline_query filter.timeline=t without_payload=1"
#define WHEN " after.happened_at=$.2.0 after.id=e"
static const struct work events[] = {
    PAGED("events", EVENTS),
    PAGED("events, behind", EVENTS WHEN),
    PAGED("events, asc., behind", EVENTS " ascending=1" WHEN),
    PAGED("events, subject, behind", EVENTS " filter.subject=s" WHEN),
    PAGED("events, subject, asc., behind", EVENTS " filter.subject=s ascending=1" WHEN),
    PAGED("events, type, behind", EVENTS " filter.type=x" WHEN),
    PAGED("events, type, asc., behind", EVENTS " filter.type=x ascending=1" WHEN),
    PAGED("events, both, behind", EVENTS " filter.subject=s filter.type=x" WHEN),
    PAGED("events, both, asc., behind", EVENTS " filter.subject=s filter.type=x ascending=1" WHEN),
    NUMBER("events, count", "hf_timeline_count filter.timeline=t"),
    NUMBER("events, count of a subject", "hf_timeline_count filter.timeline=t filter.subject=s"),
    NUMBER("events, latest", "hf_timeline_latest_at value=t"),
};

#define ITEMS "hf_outbox_list queue=q without_payload=1"
static const struct work items[] = {
    PAGED("items", ITEMS),
    PAGED("items, behind", ITEMS " after=$.2.0"),
    PAGED("items, queued, behind", ITEMS " status=queued after=$.2.0"),
    PAGED("items, failed, behind", ITEMS " status=failed after=$.2.0"),
    PASSED("items, prefix", ITEMS " id_prefix=i9"),
    PASSED("items, prefix, queued, behind", ITEMS " id_prefix=i9 status=queued after=$.2.0"),
    PAGED("completed", "hf_outbox_list_completed queue=q"),
    PAGED("completed, behind", "hf_outbox_list_completed queue=q after=$.2.0"),
    NUMBER("items, stats", "hf_outbox_get_stats value=q"),
};

#define RECORDS "hf_inbox_load user=u"
#define PLACE " after.snapshot_at=$.2.0 after.score=1 after.thread=r"
static const struct work records[] = {
    PAGED("records", RECORDS),
    PAGED("records, behind", RECORDS PLACE),
    PAGED("records, account, behind", RECORDS " account=a" PLACE),
    PAGED("records, unread, behind", RECORDS " unread_only=1" PLACE),
    PAGED("records, not dismissed, behind", RECORDS " without_dismissed=1" PLACE),
    PAGED("records, awake, behind", RECORDS " without_snoozed=1" PLACE),
    PAGED("records, all filters, behind",
          RECORDS " account=a unread_only=1 without_dismissed=1 without_snoozed=1" PLACE),
    PAGED("dismissed", "hf_inbox_list_dismissed user=u"),
    PAGED("dismissed, behind", "hf_inbox_list_dismissed user=u after.account=a after.thread=r1"),
    PAGED("tombstones", "hf_inbox_list_tombstones user=u"),
    PAGED("tombstones, behind", "hf_inbox_list_tombstones user=u after.account=a after.thread=s1"),
    NUMBER("records, counts", "hf_inbox_count value=u"),
};

#define CURSORS "hf_cursor_list"
#define KEY " after.consumer=c1 after.stream=s5 after.subject=t5"
static const struct work cursors[] = {
    PAGED("cursors", CURSORS),
    PAGED("cursors, behind", CURSORS KEY),
    STEPS("cursors, consumer, behind", PAGE, READ CURSORS " consumer=c1" KEY " limit=10 -> count"),
    PAGED("cursors, stream, behind", CURSORS " stream=s5" KEY),
    PAGED("cursors, subject, behind",
          CURSORS " subject=t5 after.consumer=c1 after.stream=s5 after.subject=t5"),
    STEPS("cursors, consumer and stream, behind", PAGE,
          READ CURSORS " consumer=c1 stream=s5" KEY " limit=10 -> count"),
    STEPS("cursors, consumer and subject, behind", PAGE,
          READ CURSORS " consumer=c1 subject=t5" KEY " limit=10 -> count"),
    STEPS("cursors, stream and subject, behind", PAGE,
          READ CURSORS " stream=s5 subject=t5 after.consumer=c0 limit=5 -> count=5"),
    PAGED("lag", "hf_cursor_list_lag stream=s5 head=9"),
    PAGED("lag, behind", "hf_cursor_list_lag stream=s5 head=9 after.last_sequence=$.2.0"),
    STEPS("lag, subject, behind", PAGE,
          READ "hf_cursor_list_lag stream=s5 subject=t5 head=9 after.last_sequence=$.2.0 limit=4 "
               "-> count=4"),
};

#define KEYS "hf_idempotency_list without_response=1"
static const struct work keys[] = {
    PAGED("keys", KEYS " scope=s"),
    PAGED("keys, behind", KEYS " scope=s after.key=$k.2.0"),
    PAGED("keys, scopes with a prefix", KEYS " scope=t over=prefix"),
    PAGED("keys, prefix, behind", KEYS " scope=t over=prefix after.scope=t5 after.key=$k.2.0"),
    PAGED("keys, all", KEYS " over=all"),
    PAGED("keys, all, behind", KEYS " over=all after.scope=s after.key=$k.2.0"),
    NUMBER("keys, count", "hf_idempotency_count value=s"),
    STEPS("keys, count, prefix", 10, READ "hf_idempotency_count_over scope=t over=prefix"),
    STEPS("keys, count, all", 11, READ "hf_idempotency_count_over over=all"),
};

static const struct work locks[] = {
    PAGED("locks", "hf_lock_list"),
    PAGED("locks, behind", "hf_lock_list after=$l.2.0"),
    PAGED("migrations", "hf_migration_list"),
    PAGED("migrations, behind", "hf_migration_list after=$.2.0"),
};

#define NAMES(domain, what) \
	PAGED(what, "hf_" domain "_names"), PAGED(what ", behind", "hf_" domain "_names after=$n.2.0")
static const struct work names[] = {
    NAMES("document", "collections"),   NAMES("timeline", "timelines"), NAMES("outbox", "queues"),
    NAMES("idempotency", "all scopes"), NAMES("inbox", "users"),
};

/* --- Running it ------------------------------------------------------------------------------- */

#define TABLE(of_name) \
	{ \
		fill_##of_name, of_name, sizeof of_name / sizeof *of_name \
	}
static const struct {
	void (*fill)(struct scene *scene);
	const struct work *works;
	size_t count;
} tables[] = {
    TABLE(documents), TABLE(events), TABLE(items), TABLE(records),
    TABLE(cursors),   TABLE(keys),   TABLE(locks), TABLE(names),
};
enum { TABLES = sizeof tables / sizeof *tables };

static void a_page_among_many_costs_what_one_of_a_thousand_does(void **state)
{
	(void)state;
	for (size_t i = 0; i < TABLES; i++)
		compare_steps(tables[i].fill, tables[i].works, tables[i].count);
}

/* Has one of the rows of this call the word? */
static bool has_row(const char *call, const char *word)
{
	for (size_t i = 0; i < TABLES; i++)
		for (size_t k = 0; k < tables[i].count; k++) {
			const char *at = strstr(tables[i].works[k].steps, call);
			if (at && at[strlen(call)] == ' ' && strstr(at, word))
				return true;
		}
	return false;
}

static bool has_member(const struct hf_api_struct *takes, const char *name)
{
	for (const struct hf_api_member *m = takes->members; m->name; m++)
		if (strcmp(m->name, name) == 0)
			return true;
	return false;
}

/* What makes a list another one, or lets it begin elsewhere. */
static bool expect_rows(const struct hf_api_call *call)
{
	static const char *const selects[] = {
	    "after", "id_prefix", "over",   "by",      "ascending",   "descending",        "status",
	    "group", "consumer",  "stream", "subject", "unread_only", "without_dismissed", "filter",
	};
	if (call->kind != HF_API_READ || !call->takes || !has_member(call->takes, "page"))
		return false;
	if (!has_row(call->name, " limit="))
		fail_msg("no steps of %s", call->name);
	for (size_t i = 0; i < sizeof selects / sizeof *selects; i++) {
		char word[32];
		(void)snprintf(word, sizeof word, " %s", selects[i]);
		if (has_member(call->takes, selects[i]) && !has_row(call->name, word))
			fail_msg("no steps of %s with %s", call->name, selects[i]);
	}
	return true;
}

static void every_list_of_the_interface_is_in_the_table(void **state)
{
	const struct hf_api_part *part;
	unsigned lists = 0;
	(void)state;
	for (unsigned i = 0; (part = hf_api_describe(i)) != NULL; i++)
		for (const struct hf_api_call *call = part->calls; call && call->name; call++)
			lists += expect_rows(call);
	assert_int_equal(lists, 17);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_list_of_the_interface_is_in_the_table),
	    cmocka_unit_test(a_page_among_many_costs_what_one_of_a_thousand_does),
	};
	return cmocka_run_group_tests_name("list steps", tests, NULL, NULL);
}
