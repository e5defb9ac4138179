/* tier: fast */
/* Every cell of the contract's document table: each operation on a document in each state, with
 * its code, `changed`, version and the document that results, in every setting (lib/settings.h);
 * each of them plainly, with an expected version that is right, with one that is wrong, inside a
 * transaction, and inside one that fails afterwards.
 *
 * Each cell has a collection of its own, so all of them are arranged in one store, carried over
 * together, and then performed. The domain's page lists operations and states by the names they
 * have here. */
#include "holdfast/document.h"
#include "lib/domains/table.h"
#include "lib/test.h"

#define SECOND INT64_C(1000000)
#define ARRANGED STAGE_NOW
#define LOGGED (STAGE_NOW + 20 * SECOND) /* when the first have expired, and that is logged */
#define ENDED (STAGE_NOW + 40 * SECOND) /* when the others do */
#define NOW (STAGE_NOW + 60 * SECOND)
#define LATER (STAGE_NOW + 3600 * SECOND)
#define GIVEN (STAGE_NOW - 3600 * SECOND)
#define TTL (5 * SECOND)

/* --- A document as text: "payload group created updated expires" ------------------------------ */

enum state {
	ABSENT, /* the collection has another document */
	NEW, /* nobody ever put anything into the collection */
	THERE,
	GROUPED,
	EXPIRING,
	EXPIRED, /* and that is not logged */
	ENDED_LOGGED,
	LAST_EXPIRED, /* the only one of its collection, which kept other orders; not logged */
	REMOVED,
	STATES,
};

static const char *const state_names[STATES] = {
    [ABSENT] = "absent",
    [NEW] = "in a new collection",
    [THERE] = "there",
    [GROUPED] = "grouped",
    [EXPIRING] = "expiring",
    [EXPIRED] = "expired",
    [ENDED_LOGGED] = "expired and logged",
    [LAST_EXPIRED] = "the last expired",
    [REMOVED] = "removed",
};

static const char *text_of_state(unsigned state)
{
	return state == THERE      ? "p - A A -"
	       : state == GROUPED  ? "p g A A -"
	       : state == EXPIRING ? "p - A A L"
	                           : "";
}

struct cell {
	char collection[48];
	uint64_t counted; /* before it is performed */
};

static char time_letter(hf_time time)
{
	static const struct table_time known[] = {{ARRANGED, 'A'}, {NOW, 'N'},       {LATER, 'L'},
	                                          {GIVEN, 'G'},    {NOW + TTL, 'T'}, {HF_UNSET, '-'},
	                                          {0, 'Z'}};
	return table_letter(known, sizeof known / sizeof *known, time);
}

static void render(const struct hf_document *document, char out[TABLE_TEXT])
{
	const int group = (int)document->group.len;
	(void)snprintf(out, TABLE_TEXT, "%.*s %.*s %c %c %c", (int)document->payload.len,
	               (const char *)document->payload.data, group ? group : 1,
	               group ? (const char *)document->group.data : "-",
	               time_letter(document->created_at), time_letter(document->updated_at),
	               time_letter(document->expires_at));
}

static struct hf_document_key key_of(const struct cell *cell)
{
	return (struct hf_document_key){hf_str(cell->collection), hf_str("id")};
}

/* The document as text, "" for none, and its version. */
static hf_lsn look(hf_store *store, const void *cell, char out[TABLE_TEXT])
{
	struct hf_document_got got = {0};
	struct hf_error error = {0};
	const struct hf_document_key key = key_of(cell);
	bool there = false;
	const int rc = hf_document_get(store, &key, 0, &got, &error);
	out[0] = '\0';
	assert_int_equal(hf_document_has(store, &key, 0, &there, NULL), HF_OK);
	assert_true(there == (rc == HF_OK));
	if (rc == HF_ENOTFOUND)
		return 0;
	if (rc != HF_OK)
		fail_msg("get: %s", error.text);
	const hf_lsn version = got.document.version;
	assert_true(version != 0);
	render(&got.document, out);
	hf_release(got.memory);
	return version;
}

static uint64_t count(hf_store *store, const struct cell *cell)
{
	const struct hf_document_count_args args = {.collection = hf_str(cell->collection)};
	struct hf_document_counts counted = {0};
	assert_int_equal(hf_document_count(store, &args, 0, &counted, NULL), HF_OK);
	assert_true((counted.orders == 0) == (counted.documents == 0));
	return counted.documents;
}

/* --- Operations ------------------------------------------------------------------------------- */

static bool word(const struct trial *t, const char *name, struct op_value *out)
{
	const struct cell *cell = t->cell;
	out->bytes = hf_str(cell->collection);
	out->number = HF_DOCUMENT_ORDERS_DEFAULT;
	return strcmp(name, "in") == 0 || strcmp(name, "default") == 0;
}

/* What the collection has is counted before anything happens in it. */
static int counting(struct trial *t)
{
	struct cell *cell = t->cell;
	cell->counted = count(t->store, cell);
	return table_call(t);
}

static int has(struct trial *t)
{
	const int rc = table_call(t);
	assert_true((t->answer.bytes[0] != 0) == (t->version_before != 0));
	return rc;
}

/* The document that look() finds, once, if it is of the group. */
static int list(struct trial *t)
{
	const int rc = table_call(t);
	const struct hf_document_page *page = (const void *)t->answer.bytes;
	const struct hf_document_list_args *args = (const void *)t->args.args;
	char listed[TABLE_TEXT];
	unsigned found = 0;
	for (size_t i = 0; i < page->count; i++) {
		render(&page->items[i], listed);
		if (page->items[i].key.id.len == 2) /* else it is "another" */
			assert_true(page->items[i].version == t->version_before &&
			            strcmp(listed, t->before) == 0 && ++found == 1);
	}
	const bool wanted = args->group.len == 0 || strstr(t->before, " g ");
	assert_true(rc != HF_OK || found == (t->version_before != 0 && wanted));
	return rc;
}

static int count_it(struct trial *t)
{
	const int rc = table_call(t);
	const struct hf_document_counts *counted = (const void *)t->answer.bytes;
	const struct hf_document_count_args *args = (const void *)t->args.args;
	if (args->group.len > 0)
		assert_int_equal(counted->documents, strstr(t->before, " g ") ? 1 : 0);
	return rc;
}

/* --- The table -------------------------------------------------------------------------------- */

/* Absent in whatever way; there, in a group, expiring. */
#define CELLS(absent, there, grouped, expiring) \
	{ \
		absent, absent, there, grouped, expiring, absent, absent, absent, absent \
	}
/* Of an empty collection, or of one that is not. */
#define BY_COLLECTION(empty, full) \
	{ \
		full, empty, full, full, full, full, full, empty, full \
	}
#define ALWAYS CELLS("=", "=", "=", "=")
#define ROW(row_name, row_sort, row_run, row_words, ...) \
	{ \
		.name = (row_name), .sort = (row_sort), .run = (row_run), .words = (row_words), \
		.outcome = __VA_ARGS__ \
	}
#define CHANGE(name, words, ...) ROW(name, TABLE_ONE, counting, words, __VA_ARGS__)
#define BROKEN(row_name, row_words) \
	{ \
		.name = (row_name), .words = (row_words), .form = "EINVAL", .run = counting \
	}
#define PUT "hf_document_put key.collection=$in key.id=id payload=q"
#define LITERAL PUT " write.literal_times=1"
#define REGROUP "hf_document_regroup key.collection=$in key.id=id"
#define LIST "hf_document_list collection=$in"

/* Words say now for STAGE_NOW, which is ARRANGED. */
static const struct table_row rows[] = {
    CHANGE("put", PUT, CELLS("q - N N -", "q - A N -", "q - A N -", "q - A N -")),
    CHANGE("put in a group", PUT " group=h",
           CELLS("q h N N -", "q h A N -", "q h A N -", "q h A N -")),
    CHANGE("put with times given", PUT " created_at=now+-3600s now=now+-3600s",
           CELLS("q - G G -", "q - G G -", "q - G G -", "q - G G -")),
    CHANGE("put in 1970", LITERAL, CELLS("=", "gone", "gone", "gone")),
    CHANGE("put in 1970 without an end", LITERAL " expires_at=unset",
           CELLS("q - Z Z -", "q - Z Z -", "q - Z Z -", "q - Z Z -")),
    CHANGE("put with literal times, none given",
           LITERAL " created_at=unset now=unset expires_at=unset",
           CELLS("q - N N -", "q - A N -", "q - A N -", "q - A N -")),
    CHANGE("put for a time", PUT " ttl_us=5s",
           CELLS("q - N N T", "q - A N T", "q - A N T", "q - A N T")),
    CHANGE("put until a time", PUT " expires_at=now+3600s created_at=unset",
           CELLS("q - N N L", "q - A N L", "q - A N L", "q - A N L")),
    CHANGE("put until now", PUT " expires_at=now+60s", CELLS("=", "gone", "gone", "gone")),
    CHANGE("put as it was",
           "hf_document_put key.collection=$in key.id=id payload=p now=now expires_at=unset",
           CELLS("p - A A -", "=", "p - A A -", "p - A A -")),
    CHANGE("put with the orders kept", PUT " orders=$default",
           CELLS("q - N N -", "q - A N -", "q - A N -", "q - A N -")),
    CHANGE("put with other orders", PUT " orders=updated", BY_COLLECTION("q - N N -", "ECONFLICT")),
    BROKEN("put with no such orders", PUT " orders=64"),
    BROKEN("put with two endings", PUT " expires_at=now+3600s ttl_us=5s"),
    BROKEN("put for less than nothing", PUT " ttl_us=-1"),
    CHANGE("put, now unset", PUT " now=unset",
           CELLS("q - N N -", "q - A N -", "q - A N -", "q - A N -")),
    CHANGE("regroup", REGROUP " group=g", CELLS("ENOTFOUND", "p g A N -", "=", "p g A N L")),
    CHANGE("regroup with time given", REGROUP " group=h now=now+-3600s",
           CELLS("ENOTFOUND", "p h A G -", "p h A G -", "p h A G L")),
    CHANGE("regroup to none", REGROUP, CELLS("ENOTFOUND", "=", "p - A N -", "=")),
    CHANGE("regroup, now unset", REGROUP " group=g now=unset",
           CELLS("ENOTFOUND", "p g A N -", "=", "p g A N L")),
    CHANGE("remove", "hf_document_remove key.collection=$in key.id=id",
           CELLS("ENOTFOUND", "gone", "gone", "gone")),
    ROW("clear", TABLE_MANY, counting, "hf_document_clear collection=$in",
        BY_COLLECTION("=", "gone")),
    ROW("guard", TABLE_GUARD, counting, "hf_document_guard key.collection=$in key.id=id", ALWAYS),
    ROW("get", TABLE_READ, NULL, "hf_document_get collection=$in id=id",
        CELLS("ENOTFOUND", "=", "=", "=")),
    ROW("has", TABLE_READ, has, "hf_document_has collection=$in id=id", ALWAYS),
    ROW("list", TABLE_READ, list, LIST, ALWAYS),
    ROW("list descending", TABLE_READ, list, LIST " descending=1", ALWAYS),
    ROW("list of a group", TABLE_READ, list, LIST " group=g", ALWAYS),
    ROW("list in an order not kept", TABLE_READ, list, LIST " by=updated",
        BY_COLLECTION("=", "EINVAL")),
    ROW("list in any order", TABLE_READ, list, LIST " by=any", ALWAYS),
    ROW("list by id, not kept", TABLE_READ, list, LIST " by=id", BY_COLLECTION("=", "EINVAL")),
    ROW("list of a prefix", TABLE_READ, list, LIST " id_prefix=i", ALWAYS),
    ROW("count", TABLE_READ, count_it, "hf_document_count collection=$in", ALWAYS),
    ROW("count of a group", TABLE_READ, count_it, "hf_document_count collection=$in group=g",
        ALWAYS),
};

/* --- Arranging -------------------------------------------------------------------------------- */

static void arrange_put(hf_store *store, const struct cell *cell, const char *id,
                        struct hf_document_put_args args)
{
	struct hf_error error = {0};
	args.key = (struct hf_document_key){hf_str(cell->collection), hf_str(id)};
	args.payload = hf_str("p");
	args.now = ARRANGED;
	const int rc = hf_document_put(store, NULL, &args, NULL, &error);
	if (rc != HF_OK)
		fail_msg("arranging: %s", error.text);
}

static void arrange(hf_store *store, void *of, unsigned number, unsigned state)
{
	struct cell *cell = of;
	static const struct hf_document_put_args puts[STATES] = {
	    [GROUPED] = {.group = {"g", 1}},
	    [EXPIRING] = {.expires_at = LATER},
	    [EXPIRED] = {.expires_at = ENDED},
	    [ENDED_LOGGED] = {.ttl_us = 20 * SECOND},
	    [LAST_EXPIRED] = {.expires_at = ENDED, .orders = HF_DOCUMENT_UPDATED},
	};
	(void)snprintf(cell->collection, sizeof cell->collection, "%u", number);
	if (state == NEW)
		return;
	if (state != LAST_EXPIRED)
		arrange_put(store, cell, "another", (struct hf_document_put_args){0});
	if (state != ABSENT)
		arrange_put(store, cell, "id", puts[state]);
	if (state == REMOVED) {
		const struct hf_document_remove_args args = {.key = key_of(cell)};
		assert_int_equal(hf_document_remove(store, NULL, &args, NULL, NULL), HF_OK);
	}
}

/* --- Running it ------------------------------------------------------------------------------- */

static bool is_logged(unsigned state)
{
	return state == ENDED_LOGGED;
}

static void compare_counts(struct trial *t)
{
	const struct cell *cell = t->cell;
	const bool many = t->row->sort == TABLE_MANY;
	if (t->row->sort == TABLE_READ)
		return;
	if (many && t->result.count != cell->counted)
		table_wrong(t, "the result's count", "another");
	const bool was = t->version_before != 0, is = t->version != 0;
	if (count(t->store, cell) != (many ? 0 : cell->counted + is - was))
		table_wrong(t, "the collection's count", "another");
}

static const struct table table = {
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .cell_size = sizeof(struct cell),
    .states = STATES,
    .state_names = state_names,
    .logged = LOGGED,
    .now = NOW,
    .arrange = arrange,
    .look = look,
    .text = text_of_state,
    .word = word,
    .spoiler = "hf_document_guard write.expect=7 key.collection=no_such_collection key.id=id",
    .is_logged = is_logged,
    .compare = compare_counts};

static void every_cell_holds_in_every_setting(void **unused)
{
	(void)unused;
	table_run(&table);
}

static void the_cells_are_those_of_the_design(void **unused)
{
	(void)unused;
	table_is_listed("document", &table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_cells_are_those_of_the_design),
	    cmocka_unit_test(every_cell_holds_in_every_setting),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
