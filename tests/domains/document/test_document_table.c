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
#include "lib/domains/cells.h"
#include "lib/settings.h"
#include "lib/test.h"

#define SECOND INT64_C(1000000)
#define ARRANGED STAGE_NOW
#define LOGGED (STAGE_NOW + 20 * SECOND) /* when the first have expired, and that is logged */
#define ENDED (STAGE_NOW + 40 * SECOND) /* when the others do */
#define NOW (STAGE_NOW + 60 * SECOND)
#define LATER (STAGE_NOW + 3600 * SECOND)
#define GIVEN (STAGE_NOW - 3600 * SECOND)
#define TTL (5 * SECOND)
enum { TEXT_MAX = 256 };

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

static const struct {
	const char *name;
	const char *text;
} states[STATES] = {
    [ABSENT] = {"absent", ""},
    [NEW] = {"in a new collection", ""},
    [THERE] = {"there", "p - A A -"},
    [GROUPED] = {"grouped", "p g A A -"},
    [EXPIRING] = {"expiring", "p - A A L"},
    [EXPIRED] = {"expired", ""},
    [ENDED_LOGGED] = {"expired and logged", ""},
    [LAST_EXPIRED] = {"the last expired", ""},
    [REMOVED] = {"removed", ""},
};

struct cell {
	char collection[48];
};

static char time_letter(hf_time time)
{
	static const struct {
		hf_time time;
		char letter;
	} known[] = {{ARRANGED, 'A'},  {NOW, 'N'},      {LATER, 'L'}, {GIVEN, 'G'},
	             {NOW + TTL, 'T'}, {HF_UNSET, '-'}, {0, 'Z'}};
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (known[i].time == time)
			return known[i].letter;
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) /* filled in */
		if (known[i].time > 0 && stage_stamped(time, known[i].time))
			return known[i].letter;
	return '?';
}

static void render(const struct hf_document *document, char out[TEXT_MAX])
{
	const int group = (int)document->group.len;
	(void)snprintf(out, TEXT_MAX, "%.*s %.*s %c %c %c", (int)document->payload.len,
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
static hf_lsn look(hf_store *store, const struct cell *cell, char out[TEXT_MAX])
{
	struct hf_document_got got;
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
	struct hf_document_counts counted;
	assert_int_equal(hf_document_count(store, &args, 0, &counted, NULL), HF_OK);
	assert_true((counted.orders == 0) == (counted.documents == 0));
	return counted.documents;
}

/* --- Operations ------------------------------------------------------------------------------- */

/* What every operation of the table is called with. */
struct call {
	const struct operation *op;
	hf_store *store;
	hf_txn *txn;
	const struct cell *cell;
	hf_lsn expect;
	struct hf_result *result;
	struct hf_error *error;
};

/* What becomes of the document: "=" nothing, HF_OK and changed = false; "gone"; a code: refused,
 * nothing; else the document afterwards, changed. `form`: refused in every state. */
struct operation {
	const char *name;
	int (*run)(const struct call *);
	const char *outcome[STATES];
	const char *form;
	bool needs_txn, many, reads;
	struct hf_document_put_args put; /* key and, unless given, a payload are filled in */
	const char *group;
	hf_time now;
	struct hf_document_list_args list;
};

static int put(const struct call *c)
{
	struct hf_document_put_args args = c->op->put;
	args.write.expect = c->expect;
	args.key = key_of(c->cell);
	if (!args.payload.data)
		args.payload = hf_str("q");
	return hf_document_put(c->store, c->txn, &args, c->result, c->error);
}

static int regroup(const struct call *c)
{
	const struct hf_document_regroup_args args = {.write.expect = c->expect,
	                                              .key = key_of(c->cell),
	                                              .group = hf_str(c->op->group),
	                                              .now = c->op->now};
	return hf_document_regroup(c->store, c->txn, &args, c->result, c->error);
}

static int remove_it(const struct call *c)
{
	const struct hf_document_remove_args args = {.write.expect = c->expect, .key = key_of(c->cell)};
	return hf_document_remove(c->store, c->txn, &args, c->result, c->error);
}

static int clear(const struct call *c)
{
	const struct hf_document_clear_args args = {.collection = hf_str(c->cell->collection)};
	return hf_document_clear(c->store, c->txn, &args, c->result, c->error);
}

static int guard(const struct call *c)
{
	char text[TEXT_MAX];
	const hf_lsn version = look(c->store, c->cell, text);
	const hf_lsn expect = c->expect ? c->expect : version ? version : HF_ABSENT;
	const struct hf_document_guard_args args = {.write.expect = expect, .key = key_of(c->cell)};
	return hf_document_guard(c->store, c->txn, &args, c->result, c->error);
}

static int get(const struct call *c)
{
	struct hf_document_got got;
	const struct hf_document_key key = key_of(c->cell);
	const int rc = hf_document_get(c->store, &key, 0, &got, c->error);
	assert_true((rc == HF_OK) == (got.memory != NULL));
	hf_release(got.memory);
	return rc;
}

static int has(const struct call *c)
{
	char text[TEXT_MAX];
	const struct hf_document_key key = key_of(c->cell);
	bool there = false;
	const int rc = hf_document_has(c->store, &key, 0, &there, c->error);
	assert_true(there == (look(c->store, c->cell, text) != 0));
	return rc;
}

/* The document that look() finds, once, if it is of the group. */
static int list(const struct call *c)
{
	struct hf_document_page page;
	char text[TEXT_MAX], listed[TEXT_MAX];
	const hf_lsn version = look(c->store, c->cell, text);
	unsigned found = 0;
	struct hf_document_list_args args = c->op->list;
	args.collection = hf_str(c->cell->collection);
	const int rc = hf_document_list(c->store, &args, 0, &page, c->error);
	for (size_t i = 0; i < page.count; i++) {
		render(&page.items[i], listed);
		if (page.items[i].key.id.len == 2) /* else it is "another" */
			assert_true(page.items[i].version == version && strcmp(listed, text) == 0 &&
			            ++found == 1);
	}
	assert_true(rc != HF_OK ||
	            found == (version != 0 && (args.group.len == 0 || strstr(text, " g ") != NULL)));
	hf_release(page.memory);
	return rc;
}

static int count_it(const struct call *c)
{
	const struct hf_document_count_args args = {.collection = hf_str(c->cell->collection),
	                                            .group = hf_str(c->op->group)};
	struct hf_document_counts counted;
	char text[TEXT_MAX];
	const int rc = hf_document_count(c->store, &args, 0, &counted, c->error);
	(void)look(c->store, c->cell, text);
	if (c->op->group)
		assert_int_equal(counted.documents, strstr(text, " g ") ? 1 : 0);
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

/* clang-format off: a row is a line */
static const struct operation operations[] = {
    {.name = "put",
     .run = put,
     .outcome = CELLS("q - N N -", "q - A N -", "q - A N -", "q - A N -")},
    {.name = "put in a group",
     .run = put,
     .put.group = {"h", 1},
     .outcome = CELLS("q h N N -", "q h A N -", "q h A N -", "q h A N -")},
    {.name = "put with times given",
     .run = put,
     .put.created_at = GIVEN,
     .put.now = GIVEN,
     .outcome = CELLS("q - G G -", "q - G G -", "q - G G -", "q - G G -")},
    {.name = "put in 1970",
     .run = put,
     .put.write.literal_times = true,
     .outcome = CELLS("=", "gone", "gone", "gone")},
    {.name = "put in 1970 without an end",
     .run = put,
     .put.write.literal_times = true,
     .put.expires_at = HF_UNSET,
     .outcome = CELLS("q - Z Z -", "q - Z Z -", "q - Z Z -", "q - Z Z -")},
    {.name = "put with literal times, none given",
     .run = put,
     .put.write.literal_times = true,
     .put.created_at = HF_UNSET,
     .put.now = HF_UNSET,
     .put.expires_at = HF_UNSET,
     .outcome = CELLS("q - N N -", "q - A N -", "q - A N -", "q - A N -")},
    {.name = "put for a time",
     .run = put,
     .put.ttl_us = TTL,
     .outcome = CELLS("q - N N T", "q - A N T", "q - A N T", "q - A N T")},
    {.name = "put until a time",
     .run = put,
     .put.expires_at = LATER,
     .put.created_at = HF_UNSET,
     .outcome = CELLS("q - N N L", "q - A N L", "q - A N L", "q - A N L")},
    {.name = "put until now",
     .run = put,
     .put.expires_at = NOW,
     .outcome = CELLS("=", "gone", "gone", "gone")},
    {.name = "put as it was",
     .run = put,
     .put.payload = {"p", 1},
     .put.now = ARRANGED,
     .put.expires_at = HF_UNSET,
     .outcome = CELLS("p - A A -", "=", "p - A A -", "p - A A -")},
    {.name = "put with the orders kept",
     .run = put,
     .put.orders = HF_DOCUMENT_ORDERS_DEFAULT,
     .outcome = CELLS("q - N N -", "q - A N -", "q - A N -", "q - A N -")},
    {.name = "put with other orders",
     .run = put,
     .put.orders = HF_DOCUMENT_UPDATED,
     .outcome = BY_COLLECTION("q - N N -", "ECONFLICT")},
    {.name = "put with no such orders", .run = put, .put.orders = 16, .form = "EINVAL"},
    {.name = "put with two endings",
     .run = put,
     .put.expires_at = LATER,
     .put.ttl_us = TTL,
     .form = "EINVAL"},
    {.name = "put for less than nothing", .run = put, .put.ttl_us = -1, .form = "EINVAL"},
    {.name = "put, now unset",
     .run = put,
     .put.now = HF_UNSET,
     .outcome = CELLS("q - N N -", "q - A N -", "q - A N -", "q - A N -")},
    {.name = "regroup",
     .run = regroup,
     .group = "g",
     .outcome = CELLS("ENOTFOUND", "p g A N -", "=", "p g A N L")},
    {.name = "regroup with time given",
     .run = regroup,
     .group = "h",
     .now = GIVEN,
     .outcome = CELLS("ENOTFOUND", "p h A G -", "p h A G -", "p h A G L")},
    {.name = "regroup to none",
     .run = regroup,
     .group = "",
     .outcome = CELLS("ENOTFOUND", "=", "p - A N -", "=")},
    {.name = "regroup, now unset",
     .run = regroup,
     .group = "g",
     .now = HF_UNSET,
     .outcome = CELLS("ENOTFOUND", "p g A N -", "=", "p g A N L")},
    {.name = "remove", .run = remove_it, .outcome = CELLS("ENOTFOUND", "gone", "gone", "gone")},
    {.name = "clear", .run = clear, .many = true, .outcome = BY_COLLECTION("=", "gone")},
    {.name = "guard", .run = guard, .needs_txn = true, .outcome = ALWAYS},
    {.name = "get", .run = get, .reads = true, .outcome = CELLS("ENOTFOUND", "=", "=", "=")},
    {.name = "has", .run = has, .reads = true, .outcome = ALWAYS},
    {.name = "list", .run = list, .reads = true, .outcome = ALWAYS},
    {.name = "list descending",
     .run = list,
     .list.descending = true,
     .reads = true,
     .outcome = ALWAYS},
    {.name = "list of a group",
     .run = list,
     .list.group = {"g", 1},
     .reads = true,
     .outcome = ALWAYS},
    {.name = "list in an order not kept",
     .run = list,
     .list.by = HF_DOCUMENT_BY_UPDATED,
     .reads = true,
     .outcome = BY_COLLECTION("=", "EINVAL")},
    {.name = "list in any order",
     .run = list,
     .list.by = HF_DOCUMENT_BY_ANY,
     .reads = true,
     .outcome = ALWAYS},
    {.name = "count", .run = count_it, .reads = true, .outcome = ALWAYS},
    {.name = "count of a group", .run = count_it, .group = "g", .reads = true, .outcome = ALWAYS},
};
/* clang-format on */

#define OPERATIONS (sizeof operations / sizeof operations[0])

/* How an operation is performed. */
enum manner { PLAINLY, EXPECTING, IN_TXN, MANNERS };

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

static void arrange(hf_store *store, const struct cell *cell, enum state state)
{
	static const struct hf_document_put_args puts[STATES] = {
	    [GROUPED] = {.group = {"g", 1}},
	    [EXPIRING] = {.expires_at = LATER},
	    [EXPIRED] = {.expires_at = ENDED},
	    [ENDED_LOGGED] = {.ttl_us = 20 * SECOND},
	    [LAST_EXPIRED] = {.expires_at = ENDED, .orders = HF_DOCUMENT_UPDATED},
	};
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

/* --- Performing ------------------------------------------------------------------------------- */

static void wrong(const struct operation *op, enum state state, const struct stage *stage,
                  enum manner manner, const char *what, const char *got)
{
	static const char *const manners[] = {"plainly", "with its version expected",
	                                      "in a transaction"};
	fail_msg("%s on %s, %s, %s: %s: got \"%s\"", op->name, states[state].name,
	         setting_name(stage->setting), manners[manner], what, got);
}

static const char *outcome_of(const struct operation *op, enum state state)
{
	return op->form ? op->form : op->outcome[state];
}

static bool is_code(const char *outcome, int rc)
{
	return strcmp(hf_code_name(rc) + 3, outcome) == 0;
}

/* With `spoiler`, a guard that fails, after it. A broken form is refused when the operation is
 * added. */
static int perform_in_txn(struct call *call, const struct operation *op, bool spoiler)
{
	int rc = hf_txn_begin(call->store, &call->txn, call->error);
	assert_int_equal(rc, HF_OK);
	rc = op->run(call);
	if (rc != HF_OK) {
		hf_txn_abandon(call->txn);
		call->txn = NULL;
		return rc;
	}
	if (spoiler) {
		const struct hf_document_guard_args args = {
		    .write.expect = 7, .key = {hf_str("no such collection"), hf_str("id")}};
		assert_int_equal(hf_document_guard(call->store, call->txn, &args, NULL, call->error),
		                 HF_OK);
	}
	rc = hf_txn_commit(call->txn, HF_DURABLE, call->error);
	call->txn = NULL;
	return rc;
}

static void compare_outcome(const struct operation *op, enum state state, const struct stage *stage,
                            enum manner manner, const struct cell *cell, int rc,
                            const struct hf_result *result, hf_lsn version_before,
                            uint64_t count_before)
{
	const char *outcome = outcome_of(op, state);
	const bool refused = outcome[0] == 'E', same = outcome[0] == '=',
	           gone = strcmp(outcome, "gone") == 0;
	char after[TEXT_MAX];
	const hf_lsn version = look(stage->store, cell, after);
	const bool changed = !refused && !same;
	if (refused ? !is_code(outcome, rc) : rc != HF_OK)
		wrong(op, state, stage, manner, outcome, hf_code_name(rc));
	if (strcmp(after, refused || same ? states[state].text : gone ? "" : outcome) != 0)
		wrong(op, state, stage, manner, outcome, after);
	if (result->changed != changed || result->count != (!changed   ? 0u
	                                                    : op->many ? count_before
	                                                               : 1u))
		wrong(op, state, stage, manner, "changed, count", result->changed ? "true" : "false");
	if (changed && !op->many ? version == version_before : !op->many && version != version_before)
		wrong(op, state, stage, manner, "the document's version", changed ? "the same" : "another");
	if (result->version != (refused || op->reads ? 0 : version))
		wrong(op, state, stage, manner, "the result's version", "another");
	const bool was = version_before != 0, is = version != 0;
	if (count(stage->store, cell) != (op->many ? 0 : count_before + is - was))
		wrong(op, state, stage, manner, "the collection's count", "another");
}

/* What must leave no trace: a wrong expectation, and a transaction that fails behind the
 * operation. */
static void try_in_vain(const struct operation *op, enum state state, struct stage *stage,
                        struct call *call, hf_lsn version)
{
	const char *outcome = outcome_of(op, state);
	const bool refused = outcome[0] == 'E';
	struct hf_error error = {0};
	struct hf__writer before = stage_dump(stage);
	call->error = &error;
	call->expect = version ? version + 1 : 12345;
	int rc = op->many        ? HF_ECONFLICT
	         : op->needs_txn ? perform_in_txn(call, op, false)
	                         : op->run(call);
	if (op->form ? !is_code(outcome, rc) : rc != HF_ECONFLICT)
		wrong(op, state, stage, PLAINLY, "a wrong version was expected", hf_code_name(rc));
	call->expect = 0;
	rc = perform_in_txn(call, op, true);
	if (refused ? !is_code(outcome, rc) : rc != HF_ECONFLICT)
		wrong(op, state, stage, IN_TXN, "spoiled afterwards", hf_code_name(rc));
	assert_int_equal(error.operation, refused ? 0 : 1);
	assert_false(call->result->changed || call->result->version || call->result->count);
	struct hf__writer after = stage_dump(stage);
	stage_verify(stage);
	const bool same =
	    hf__bytes_equal(hf_bytes_of(before.data, before.len), hf_bytes_of(after.data, after.len));
	hf__writer_deinit(&before);
	hf__writer_deinit(&after);
	if (!same)
		wrong(op, state, stage, IN_TXN, "taken back", "a trace");
}

static void run_cell(const struct operation *op, enum state state, struct stage *stage,
                     enum manner manner, const struct cell *cell)
{
	char before[TEXT_MAX];
	struct hf_result result = {0};
	struct hf_error error = {0};
	struct call call = {.op = op, .store = stage->store, .cell = cell, .result = &result};
	const hf_lsn version = look(stage->store, cell, before);
	const uint64_t counted = count(stage->store, cell);
	if (strcmp(before, states[state].text) != 0)
		wrong(op, state, stage, manner, "arranged", before);
	if (manner == PLAINLY && !op->reads)
		try_in_vain(op, state, stage, &call, version);
	call.error = &error;
	call.expect = manner != EXPECTING || op->many ? 0 : version ? version : HF_ABSENT;
	const int rc = (manner == IN_TXN || op->needs_txn) && !op->reads
	                   ? perform_in_txn(&call, op, false)
	                   : op->run(&call);
	compare_outcome(op, state, stage, manner, cell, rc, &result, version, counted);
}

static void run_setting(enum setting setting)
{
	static struct cell cells[OPERATIONS][STATES][MANNERS];
	struct stage *stage = stage_open(setting);
	memset(cells, 0, sizeof cells);
	/* Twice: what is to be settled in the log comes first. */
	for (unsigned pass = 0; pass < 2; pass++) {
		for (unsigned i = 0; i < OPERATIONS * STATES * MANNERS; i++) {
			const unsigned op = i / (STATES * MANNERS), state = i / MANNERS % STATES,
			               manner = i % MANNERS;
			if ((state == ENDED_LOGGED) != (pass == 0))
				continue;
			(void)snprintf(cells[op][state][manner].collection,
			               sizeof cells[op][state][manner].collection, "%u %u %u", op, state,
			               manner);
			arrange(stage->store, &cells[op][state][manner], (enum state)state);
		}
		stage_at(stage, pass == 0 ? LOGGED : NOW);
		if (pass == 0)
			assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
	}
	stage_switch(stage);
	for (unsigned i = 0; i < OPERATIONS * STATES * MANNERS; i++) {
		const unsigned op = i / (STATES * MANNERS), state = i / MANNERS % STATES,
		               manner = i % MANNERS;
		run_cell(&operations[op], (enum state)state, stage, (enum manner)manner,
		         &cells[op][state][manner]);
	}
	stage_close(stage);
}

static void every_cell_holds_in_every_setting(void **unused)
{
	(void)unused;
	for (enum setting setting = 0; setting < SETTINGS; setting++)
		run_setting(setting);
}

static const char *operation_name(size_t i)
{
	return i < OPERATIONS ? operations[i].name : NULL;
}

static const char *state_name(size_t i)
{
	return i < STATES ? states[i].name : NULL;
}

static void the_cells_are_those_of_the_design(void **unused)
{
	(void)unused;
	cells_are_listed("document", operation_name, state_name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_cells_are_those_of_the_design),
	    cmocka_unit_test(every_cell_holds_in_every_setting),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
