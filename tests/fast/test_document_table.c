/* Every cell of the contract's document table: each operation on a document in each state, with its code, `changed`, version and the document
 * that results, in every setting (lib/settings.h); each of them plainly, with an expected version that is right, with one that is wrong, inside
 * a transaction, and inside one that fails afterwards.
 *
 * Each cell has a collection of its own, so all of them are arranged in one store, carried over together, and then performed. DESIGN.md lists
 * operations and states by the names they have here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "holdfast/document.h"
#include "lib/settings.h"

#define SECOND INT64_C(1000000)
#define ARRANGED STAGE_NOW
#define LOGGED (STAGE_NOW + 20 * SECOND) /* when the first have expired, and that is logged */
#define ENDED (STAGE_NOW + 40 * SECOND) /* when the others do */
#define NOW (STAGE_NOW + 60 * SECOND)
#define LATER (STAGE_NOW + 3600 * SECOND)
#define GIVEN (STAGE_NOW - 3600 * SECOND)
#define TTL (5 * SECOND)
#define TEXT_MAX 256u

/* --- A document as text: "payload group created updated expires" ---------------------------------------------------------------- */

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
    [NEW] = {"absent, new collection", ""},
    [THERE] = {"there", "p - A A -"},
    [GROUPED] = {"there, in a group", "p g A A -"},
    [EXPIRING] = {"there, expiring", "p - A A L"},
    [EXPIRED] = {"expired", ""},
    [ENDED_LOGGED] = {"expired, logged", ""},
    [LAST_EXPIRED] = {"expired, the last one", ""},
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
	} known[] = {{ARRANGED, 'A'}, {NOW, 'N'}, {LATER, 'L'}, {GIVEN, 'G'}, {NOW + TTL, 'T'}, {HF_UNSET, '-'}};
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (known[i].time == time)
			return known[i].letter;
	return '?';
}

static void render(const struct hf_document *document, char out[TEXT_MAX])
{
	const int group = (int)document->group.len;
	(void)snprintf(out, TEXT_MAX, "%.*s %.*s %c %c %c", (int)document->payload.len, (const char *)document->payload.data, group ? group : 1,
	               group ? (const char *)document->group.data : "-", time_letter(document->created_at), time_letter(document->updated_at),
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
	const struct hf_document_count args = {.collection = hf_str(cell->collection)};
	struct hf_document_counted counted;
	assert_int_equal(hf_document_count(store, &args, 0, &counted, NULL), HF_OK);
	assert_true((counted.orders == 0) == (counted.documents == 0));
	return counted.documents;
}

/* --- Operations ------------------------------------------------------------------------------------------------------------- */

/* What every operation of the table is called with. */
struct call {
	hf_store *store;
	hf_txn *txn;
	const struct cell *cell;
	hf_lsn expect;
	struct hf_result *result;
	struct hf_error *error;
};

static int put_it(const struct call *c, struct hf_document_put args)
{
	args.write.expect = c->expect;
	args.key = key_of(c->cell);
	if (!args.payload.data)
		args.payload = hf_str("q");
	return hf_document_put(c->store, c->txn, &args, c->result, c->error);
}
static int put(const struct call *c)
{
	return put_it(c, (struct hf_document_put){0});
}
static int put_in_group(const struct call *c)
{
	return put_it(c, (struct hf_document_put){.group = hf_str("h")});
}
static int put_dated(const struct call *c)
{
	return put_it(c, (struct hf_document_put){.created_at = GIVEN, .now = GIVEN});
}
static int put_for(const struct call *c)
{
	return put_it(c, (struct hf_document_put){.ttl_us = TTL});
}
static int put_until(const struct call *c)
{
	return put_it(c, (struct hf_document_put){.expires_at = LATER, .created_at = HF_UNSET});
}
static int put_over(const struct call *c)
{
	return put_it(c, (struct hf_document_put){.expires_at = NOW});
}
static int put_same(const struct call *c)
{
	return put_it(c, (struct hf_document_put){.payload = hf_str("p"), .now = ARRANGED, .expires_at = HF_UNSET});
}
static int put_keeping(const struct call *c)
{
	return put_it(c, (struct hf_document_put){.orders = HF_DOCUMENT_ORDERS_DEFAULT});
}
static int put_other_orders(const struct call *c)
{
	return put_it(c, (struct hf_document_put){.orders = HF_DOCUMENT_CREATED | HF_DOCUMENT_UPDATED | HF_DOCUMENT_GROUP_UPDATED});
}
static int put_no_orders(const struct call *c)
{
	return put_it(c, (struct hf_document_put){.orders = 16});
}
static int put_twice_ending(const struct call *c)
{
	return put_it(c, (struct hf_document_put){.expires_at = LATER, .ttl_us = TTL});
}
static int put_backward(const struct call *c)
{
	return put_it(c, (struct hf_document_put){.ttl_us = -1});
}
static int put_at_no_time(const struct call *c)
{
	return put_it(c, (struct hf_document_put){.now = HF_UNSET});
}

static int regroup_to(const struct call *c, const char *group, hf_time now)
{
	const struct hf_document_regroup args = {.write.expect = c->expect, .key = key_of(c->cell), .group = hf_str(group), .now = now};
	return hf_document_regroup(c->store, c->txn, &args, c->result, c->error);
}
static int regroup(const struct call *c)
{
	return regroup_to(c, "g", 0);
}
static int regroup_dated(const struct call *c)
{
	return regroup_to(c, "h", GIVEN);
}
static int ungroup(const struct call *c)
{
	return regroup_to(c, "", 0);
}
static int regroup_at_no_time(const struct call *c)
{
	return regroup_to(c, "g", HF_UNSET);
}

static int remove_it(const struct call *c)
{
	const struct hf_document_remove args = {.write.expect = c->expect, .key = key_of(c->cell)};
	return hf_document_remove(c->store, c->txn, &args, c->result, c->error);
}
static int clear(const struct call *c)
{
	const struct hf_document_clear args = {.collection = hf_str(c->cell->collection)};
	return hf_document_clear(c->store, c->txn, &args, c->result, c->error);
}
static int guard(const struct call *c)
{
	char text[TEXT_MAX];
	const hf_lsn version = look(c->store, c->cell, text);
	const hf_lsn expect = c->expect ? c->expect : version ? version : HF_ABSENT;
	const struct hf_document_guard args = {.write.expect = expect, .key = key_of(c->cell)};
	return hf_document_guard(c->store, c->txn, &args, c->result, c->error);
}

/* --- The table -------------------------------------------------------------------------------------------------------------- */

/* What becomes of the document: "=" nothing, HF_OK and changed = false; "gone"; a code: refused, nothing; else the document afterwards,
 * changed. `form`: refused in every state. */
struct operation {
	const char *name;
	int (*run)(const struct call *);
	const char *outcome[STATES];
	const char *form;
	bool needs_txn, many;
};

/* Absent in whatever way; there, in a group, expiring. */
#define CELLS(absent, there, grouped, expiring) \
	{ \
		absent, absent, there, grouped, expiring, absent, absent, absent, absent \
	}

static const struct operation operations[] = {
    {"put", put, CELLS("q - N N -", "q - A N -", "q - A N -", "q - A N -"), NULL, false, false},
    {"put in a group", put_in_group, CELLS("q h N N -", "q h A N -", "q h A N -", "q h A N -"), NULL, false, false},
    {"put, times given", put_dated, CELLS("q - G G -", "q - G G -", "q - G G -", "q - G G -"), NULL, false, false},
    {"put for a time", put_for, CELLS("q - N N T", "q - A N T", "q - A N T", "q - A N T"), NULL, false, false},
    {"put until a time", put_until, CELLS("q - N N L", "q - A N L", "q - A N L", "q - A N L"), NULL, false, false},
    {"put until now", put_over, CELLS("=", "gone", "gone", "gone"), NULL, false, false},
    {"put as it was", put_same, CELLS("p - A A -", "=", "p - A A -", "p - A A -"), NULL, false, false},
    {"put with the orders kept",
     put_keeping,
     {"q - N N -", "q - N N -", "q - A N -", "q - A N -", "q - A N -", "q - N N -", "q - N N -", "q - N N -", "q - N N -"},
     NULL,
     false,
     false},
    {"put with other orders",
     put_other_orders,
     {"ECONFLICT", "q - N N -", "ECONFLICT", "ECONFLICT", "ECONFLICT", "ECONFLICT", "ECONFLICT", "q - N N -", "ECONFLICT"},
     NULL,
     false,
     false},
    {"put with no such orders", put_no_orders, {0}, "EINVAL", false, false},
    {"put with two endings", put_twice_ending, {0}, "EINVAL", false, false},
    {"put for less than nothing", put_backward, {0}, "EINVAL", false, false},
    {"put at no time", put_at_no_time, {0}, "EINVAL", false, false},
    {"regroup", regroup, CELLS("ENOTFOUND", "p g A N -", "=", "p g A N L"), NULL, false, false},
    {"regroup, time given", regroup_dated, CELLS("ENOTFOUND", "p h A G -", "p h A G -", "p h A G L"), NULL, false, false},
    {"regroup to none", ungroup, CELLS("ENOTFOUND", "=", "p - A N -", "="), NULL, false, false},
    {"regroup at no time", regroup_at_no_time, {0}, "EINVAL", false, false},
    {"remove", remove_it, CELLS("ENOTFOUND", "gone", "gone", "gone"), NULL, false, false},
    {"guard", guard, CELLS("=", "=", "=", "="), NULL, true, false},
    {"clear", clear, {"gone", "=", "gone", "gone", "gone", "gone", "gone", "=", "gone"}, NULL, false, true},
};

#define OPERATIONS (sizeof operations / sizeof operations[0])

/* How an operation is performed. */
enum manner { PLAINLY, EXPECTING, IN_TXN, MANNERS };

/* --- Arranging -------------------------------------------------------------------------------------------------------------- */

static void arrange_put(hf_store *store, const struct cell *cell, const char *id, struct hf_document_put args)
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
	static const struct hf_document_put puts[STATES] = {
	    [GROUPED] = {.group = {"g", 1}},
	    [EXPIRING] = {.expires_at = LATER},
	    [EXPIRED] = {.expires_at = ENDED},
	    [ENDED_LOGGED] = {.ttl_us = 20 * SECOND},
	    [LAST_EXPIRED] = {.expires_at = ENDED, .orders = HF_DOCUMENT_UPDATED},
	};
	if (state == NEW)
		return;
	if (state != LAST_EXPIRED)
		arrange_put(store, cell, "another", (struct hf_document_put){0});
	if (state != ABSENT)
		arrange_put(store, cell, "id", puts[state]);
	if (state == REMOVED) {
		const struct hf_document_remove args = {.key = key_of(cell)};
		assert_int_equal(hf_document_remove(store, NULL, &args, NULL, NULL), HF_OK);
	}
}

/* --- Performing ------------------------------------------------------------------------------------------------------------- */

static void wrong(const struct operation *op, enum state state, const struct stage *stage, enum manner manner, const char *what,
                  const char *got)
{
	static const char *const manners[] = {"plainly", "with its version expected", "in a transaction"};
	fail_msg("%s on %s, %s, %s: %s: got \"%s\"", op->name, states[state].name, setting_name(stage->setting), manners[manner], what, got);
}

static const char *outcome_of(const struct operation *op, enum state state)
{
	return op->form ? op->form : op->outcome[state];
}

static bool is_code(const char *outcome, int rc)
{
	return strcmp(hf_code_name(rc) + 3, outcome) == 0;
}

/* With `spoiler`, a guard that fails, after it. A broken form is refused when the operation is added. */
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
		const struct hf_document_guard args = {.write.expect = 7, .key = {hf_str("no such collection"), hf_str("id")}};
		assert_int_equal(hf_document_guard(call->store, call->txn, &args, NULL, call->error), HF_OK);
	}
	rc = hf_txn_commit(call->txn, HF_DURABLE, call->error);
	call->txn = NULL;
	return rc;
}

static void compare_outcome(const struct operation *op, enum state state, const struct stage *stage, enum manner manner,
                            const struct cell *cell, int rc, const struct hf_result *result, hf_lsn version_before, uint64_t count_before)
{
	const char *outcome = outcome_of(op, state);
	const bool refused = outcome[0] == 'E', same = outcome[0] == '=', gone = strcmp(outcome, "gone") == 0;
	char after[TEXT_MAX];
	const hf_lsn version = look(stage->store, cell, after);
	const bool changed = !refused && !same;
	if (refused ? !is_code(outcome, rc) : rc != HF_OK)
		wrong(op, state, stage, manner, outcome, hf_code_name(rc));
	if (strcmp(after, refused || same ? states[state].text : gone ? "" : outcome) != 0)
		wrong(op, state, stage, manner, outcome, after);
	if (result->changed != changed || result->count != (!changed ? 0u : op->many ? count_before : 1u))
		wrong(op, state, stage, manner, "changed, count", result->changed ? "true" : "false");
	if (changed && !op->many ? version == version_before : !op->many && version != version_before)
		wrong(op, state, stage, manner, "the document's version", changed ? "the same" : "another");
	if (result->version != (refused ? 0 : version))
		wrong(op, state, stage, manner, "the result's version", "another");
	const bool was = version_before != 0, is = version != 0;
	if (count(stage->store, cell) != (op->many ? 0 : count_before + is - was))
		wrong(op, state, stage, manner, "the collection's count", "another");
}

/* What must leave no trace: a wrong expectation, and a transaction that fails behind the operation. */
static void try_in_vain(const struct operation *op, enum state state, struct stage *stage, struct call *call, hf_lsn version)
{
	const char *outcome = outcome_of(op, state);
	const bool refused = outcome[0] == 'E';
	struct hf_error error = {0};
	struct hf__writer before = stage_dump(stage);
	call->error = &error;
	call->expect = version ? version + 1 : 12345;
	int rc = op->many ? HF_ECONFLICT : op->needs_txn ? perform_in_txn(call, op, false) : op->run(call);
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
	const bool same = hf__bytes_equal(hf_bytes(before.data, before.len), hf_bytes(after.data, after.len));
	hf__writer_deinit(&before);
	hf__writer_deinit(&after);
	if (!same)
		wrong(op, state, stage, IN_TXN, "taken back", "a trace");
}

static void run_cell(const struct operation *op, enum state state, struct stage *stage, enum manner manner, const struct cell *cell)
{
	char before[TEXT_MAX];
	struct hf_result result = {0};
	struct hf_error error = {0};
	struct call call = {.store = stage->store, .cell = cell, .result = &result};
	const hf_lsn version = look(stage->store, cell, before);
	const uint64_t counted = count(stage->store, cell);
	if (strcmp(before, states[state].text) != 0)
		wrong(op, state, stage, manner, "arranged", before);
	if (manner == PLAINLY)
		try_in_vain(op, state, stage, &call, version);
	call.error = &error;
	call.expect = manner != EXPECTING || op->many ? 0 : version ? version : HF_ABSENT;
	const int rc = manner == IN_TXN || op->needs_txn ? perform_in_txn(&call, op, false) : op->run(&call);
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
			const unsigned op = i / (STATES * MANNERS), state = i / MANNERS % STATES, manner = i % MANNERS;
			if ((state == ENDED_LOGGED) != (pass == 0))
				continue;
			(void)snprintf(cells[op][state][manner].collection, sizeof cells[op][state][manner].collection, "%u %u %u", op, state, manner);
			arrange(stage->store, &cells[op][state][manner], (enum state)state);
		}
		stage_at(stage, pass == 0 ? LOGGED : NOW);
		if (pass == 0)
			assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
	}
	stage_switch(stage);
	for (unsigned i = 0; i < OPERATIONS * STATES * MANNERS; i++) {
		const unsigned op = i / (STATES * MANNERS), state = i / MANNERS % STATES, manner = i % MANNERS;
		run_cell(&operations[op], (enum state)state, stage, (enum manner)manner, &cells[op][state][manner]);
	}
	stage_close(stage);
}

static void every_cell_holds_in_every_setting(void **unused)
{
	(void)unused;
	for (enum setting setting = SETTING_LIVE; setting < SETTINGS; setting++)
		run_setting(setting);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_cell_holds_in_every_setting),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
