/* tier: fast */
/* Every cell of the contract's idempotency table: each operation on a key in each state, with
 * its code, `changed`, what begin found, version and the entry that results, in every setting
 * (lib/settings.h); each of them plainly, with an expected version that is right, with one that
 * is wrong, inside a transaction, and inside one that fails afterwards.
 *
 * Each cell has a scope of its own, so all of them are arranged in one store, carried over
 * together, and then performed. Every look at a cell asks get, has, list and count, which must
 * agree. */
#include "lib/domains/cells.h"
#include "lib/domains/idem_cells.h"
#include "lib/settings.h"
#include "lib/test.h"

/* --- Operations ------------------------------------------------------------------------------- */

/* What every operation of the table is called with. */
struct call {
	hf_store *store;
	hf_txn *txn;
	const struct idem_cell *cell;
	hf_lsn expect;
	struct hf_idempotency_begun *begun; /* for begin; released by whoever calls */
	struct hf_result *result;
	struct hf_error *error;
};

#define COMMON .write.expect = c->expect, .key = cell_key(c->cell)

static int begin_with(const struct call *c, const char *fingerprint, int64_t lease, int64_t ttl)
{
	const struct hf_idempotency_begin_args args = {COMMON, .fingerprint = hf_str(fingerprint),
	                                               .lease_us = lease, .ttl_us = ttl};
	return hf_idempotency_begin(c->store, c->txn, &args, c->begun, c->result, c->error);
}
static int begin(const struct call *c)
{
	return begin_with(c, "f", CELL_LEASE, 0);
}
static int begin_unleased(const struct call *c)
{
	return begin_with(c, "f", 0, CELL_LONG);
}
static int begin_briefly(const struct call *c)
{
	return begin_with(c, "f", CELL_LONG, CELL_SHORT);
}
static int begin_other(const struct call *c)
{
	return begin_with(c, "other", CELL_LEASE, 0);
}
static int begin_without_fingerprint(const struct call *c)
{
	return begin_with(c, "", CELL_LEASE, 0);
}

static int complete_with(const struct call *c, int64_t ttl)
{
	const struct hf_idempotency_complete_args args = {COMMON, .token = c->cell->ours, .status = -7,
	                                                  .response = hf_str("out"), .ttl_us = ttl};
	return hf_idempotency_complete(c->store, c->txn, &args, c->result, c->error);
}
static int complete(const struct call *c)
{
	return complete_with(c, 0);
}
static int complete_for_an_hour(const struct call *c)
{
	return complete_with(c, CELL_LONG);
}
static int abandon(const struct call *c)
{
	const struct hf_idempotency_abandon_args args = {COMMON, .token = c->cell->ours};
	return hf_idempotency_abandon(c->store, c->txn, &args, c->result, c->error);
}
static int guard_owner(const struct call *c)
{
	const struct hf_idempotency_guard_owner_args args = {COMMON, .token = c->cell->ours};
	return hf_idempotency_guard_owner(c->store, c->txn, &args, c->result, c->error);
}
static int guard(const struct call *c)
{
	char text[CELL_TEXT];
	const hf_lsn version = idem_cell_look(c->store, c->cell, text);
	const struct hf_idempotency_guard_args args = {.write.expect = c->expect ? c->expect
	                                                               : version ? version
	                                                                         : HF_ABSENT,
	                                               .key = cell_key(c->cell)};
	return hf_idempotency_guard(c->store, c->txn, &args, c->result, c->error);
}

static int put_with(const struct call *c, hf_time created_at, hf_time expires_at)
{
	const struct hf_idempotency_put_args args = {COMMON,
	                                             .fingerprint = hf_str("g"),
	                                             .status = 418,
	                                             .response = hf_str("tea"),
	                                             .created_at = created_at,
	                                             .expires_at = expires_at};
	return hf_idempotency_put(c->store, c->txn, &args, c->result, c->error);
}
static int put(const struct call *c)
{
	return put_with(c, STAGE_NOW, CELL_NOW + CELL_LONG);
}
static int put_by_default(const struct call *c)
{
	return put_with(c, 0, 0);
}
static int put_for_ever(const struct call *c)
{
	return put_with(c, STAGE_NOW, HF_UNSET);
}
static int put_literally(const struct call *c)
{
	const struct hf_idempotency_put_args args = {
	    .write = {.expect = c->expect, .literal_times = true},
	    .key = cell_key(c->cell),
	    .fingerprint = hf_str("g"),
	    .status = 418,
	    .response = hf_str("tea"),
	    .expires_at = HF_UNSET};
	return hf_idempotency_put(c->store, c->txn, &args, c->result, c->error);
}
static int put_ended(const struct call *c)
{
	return put_with(c, STAGE_NOW, CELL_NOW);
}
static int put_same_of_kind(const struct call *c, bool computed)
{
	struct hf_idempotency_got got;
	const struct hf_idempotency_key key = cell_key(c->cell);
	const int rc = hf_idempotency_get(c->store, &key, 0, &got, NULL);
	const bool done = rc == HF_OK && got.entry.done;
	const struct hf_idempotency_put_args args = {COMMON,
	                                             .fingerprint = hf_str("f"),
	                                             .status = 200,
	                                             .response = hf_str("resp"),
	                                             .created_at =
	                                                 done ? got.entry.created_at : CELL_LOGGED,
	                                             .expires_at = CELL_LOGGED + HF_IDEMPOTENCY_TTL_US,
	                                             .expires_computed = computed};
	hf_release(got.memory);
	return hf_idempotency_put(c->store, c->txn, &args, c->result, c->error);
}
static int put_same(const struct call *c)
{
	return put_same_of_kind(c, true);
}
static int put_same_by_name(const struct call *c)
{
	return put_same_of_kind(c, false);
}
static int remove_it(const struct call *c)
{
	const struct hf_idempotency_remove_args args = {COMMON};
	return hf_idempotency_remove(c->store, c->txn, &args, c->result, c->error);
}
static int clear(const struct call *c)
{
	const struct hf_idempotency_clear_args args = {.write.expect = c->expect,
	                                               .scope = hf_str(c->cell->scope)};
	return hf_idempotency_clear(c->store, c->txn, &args, c->result, c->error);
}

/* Reads: what is not there is HF_ENOTFOUND here, however the read tells it. That all of them
 * tell the same is seen at every look. */
static int get(const struct call *c)
{
	struct hf_idempotency_got got;
	const struct hf_idempotency_key key = cell_key(c->cell);
	const int rc = hf_idempotency_get(c->store, &key, 0, &got, c->error);
	hf_release(got.memory);
	return rc;
}
static int has(const struct call *c)
{
	bool there;
	const struct hf_idempotency_key key = cell_key(c->cell);
	const int rc = hf_idempotency_has(c->store, &key, 0, &there, c->error);
	return rc == HF_OK && !there ? HF_ENOTFOUND : rc;
}
static int list(const struct call *c)
{
	struct hf_idempotency_page page;
	const struct hf_idempotency_list_args args = {.scope = hf_str(c->cell->scope)};
	const int rc = hf_idempotency_list(c->store, &args, 0, &page, c->error);
	hf_release(page.memory);
	return rc == HF_OK && page.count == 0 ? HF_ENOTFOUND : rc;
}
static int count(const struct call *c)
{
	struct hf_idempotency_counts counts;
	const int rc = hf_idempotency_count(c->store, hf_str(c->cell->scope), 0, &counts, c->error);
	return rc == HF_OK && counts.in_progress + counts.done == 0 ? HF_ENOTFOUND : rc;
}

/* --- The table -------------------------------------------------------------------------------- */

/* What becomes of the entry: "=" nothing, HF_OK and changed = false, and for begin what it
 * found; "gone"; a code: refused, nothing; else the entry afterwards, changed. */
struct operation {
	const char *name;
	int (*run)(const struct call *);
	enum { ONE, IN_TXN_ONLY, MANY, READ } how; /* MANY: concerns no single version */
	const char *absent, *owned, *other, *unleased, *done;
};

static const struct operation operations[] = {
    {"begin", begin, ONE, "owned f NX n@M", "=IN_PROGRESS", "=IN_PROGRESS", "=IN_PROGRESS",
     "=REPLAY"},
    {"begin without lease", begin_unleased, ONE, "owned f NH n@-", "=IN_PROGRESS", "=IN_PROGRESS",
     "=IN_PROGRESS", "=REPLAY"},
    {"begin with a lease beyond its ttl", begin_briefly, ONE, "owned f NH n@H", "=IN_PROGRESS",
     "=IN_PROGRESS", "=IN_PROGRESS", "=REPLAY"},
    {"begin with another fingerprint", begin_other, ONE, "owned other NX n@M", "=MISMATCH",
     "=MISMATCH", "=MISMATCH", "=MISMATCH"},
    {"begin without fingerprint", begin_without_fingerprint, ONE, "owned  NX n@M", "=MISMATCH",
     "=MISMATCH", "=MISMATCH", "=MISMATCH"},
    {"complete", complete, ONE, "ESTALE", "done f BX -7 out", "ESTALE", "done f BX -7 out",
     "ESTALE"},
    {"complete for an hour", complete_for_an_hour, ONE, "ESTALE", "done f BH -7 out", "ESTALE",
     "done f BH -7 out", "ESTALE"},
    {"abandon", abandon, ONE, "ESTALE", "gone", "ESTALE", "gone", "ESTALE"},
    {"guard_owner", guard_owner, IN_TXN_ONLY, "ESTALE", "=", "ESTALE", "=", "ESTALE"},
    {"guard", guard, IN_TXN_ONLY, "=", "=", "=", "=", "="},
    {"put", put, ONE, "done g AH 418 tea", "done g AH 418 tea", "done g AH 418 tea",
     "done g AH 418 tea", "done g AH 418 tea"},
    {"put by default", put_by_default, ONE, "done g NX 418 tea", "done g BX 418 tea",
     "done g BX 418 tea", "done g BX 418 tea", "done g BX 418 tea"},
    {"put for ever", put_for_ever, ONE, "done g A- 418 tea", "done g A- 418 tea",
     "done g A- 418 tea", "done g A- 418 tea", "done g A- 418 tea"},
    {"put literally", put_literally, ONE, "done g 0- 418 tea", "done g 0- 418 tea",
     "done g 0- 418 tea", "done g 0- 418 tea", "done g 0- 418 tea"},
    {"put of what has ended", put_ended, ONE, "=", "gone", "gone", "gone", "gone"},
    {"put of the same", put_same, ONE, "done f BD 200 resp", "done f BD 200 resp",
     "done f BD 200 resp", "done f BD 200 resp", "="},
    {"put of the same, its end by name", put_same_by_name, ONE, "done f BD 200 resp",
     "done f BD 200 resp", "done f BD 200 resp", "done f BD 200 resp", "done f BD 200 resp"},
    {"remove", remove_it, ONE, "ENOTFOUND", "gone", "gone", "gone", "gone"},
    {"clear", clear, MANY, "=", "gone", "gone", "gone", "gone"},
    {"get", get, READ, "ENOTFOUND", "=", "=", "=", "="},
    {"has", has, READ, "ENOTFOUND", "=", "=", "=", "="},
    {"list", list, READ, "ENOTFOUND", "=", "=", "=", "="},
    {"count", count, READ, "ENOTFOUND", "=", "=", "=", "="},
};

#define OPERATIONS (sizeof operations / sizeof operations[0])

/* How an operation is performed. */
enum manner { PLAINLY, EXPECTING, IN_TXN, MANNERS };

static const char *outcome_of(const struct operation *op, enum cell_state state,
                              enum setting setting)
{
	const char *const outcomes[CELL_STATES] = {[CELL_ABSENT] = op->absent,
	                                           [CELL_OWNED] = op->owned,
	                                           [CELL_OTHER] = op->other,
	                                           [CELL_UNLEASED] = op->unleased,
	                                           [CELL_DONE] = op->done};
	return outcomes[cell_state_in(state, setting)];
}

/* --- Performing ------------------------------------------------------------------------------- */

static void wrong(const struct operation *op, enum cell_state state, const struct stage *stage,
                  enum manner manner, const char *what, const char *got)
{
	static const char *const manners[] = {"plainly", "with its version expected",
	                                      "in a transaction"};
	fail_msg("%s on %s, %s, %s: %s: got \"%s\"", op->name, cell_state_name(state),
	         setting_name(stage->setting), manners[manner], what, got);
}

/* In a transaction, with a guard that fails after it when it is to be spoiled. */
static int perform_in_txn(struct call *call, const struct operation *op, bool spoiled)
{
	int rc = hf_txn_begin(call->store, &call->txn, call->error);
	assert_int_equal(rc, HF_OK);
	rc = op->run(call);
	assert_int_equal(call->begun->outcome, HF_IDEMPOTENCY_UNDECIDED); /* until the commit */
	if (rc == HF_OK && spoiled) {
		const struct hf_idempotency_guard_args args = {
		    .write.expect = 7, .key = {hf_str("no such scope"), hf_str("key")}};
		assert_int_equal(hf_idempotency_guard(call->store, call->txn, &args, NULL, call->error),
		                 HF_OK);
	}
	if (rc == HF_OK)
		rc = hf_txn_commit(call->txn, HF_DURABLE, call->error);
	else
		hf_txn_abandon(call->txn);
	call->txn = NULL;
	return rc;
}

static int perform(struct call *call, const struct operation *op, enum manner manner)
{
	return manner == IN_TXN || op->how == IN_TXN_ONLY ? perform_in_txn(call, op, false)
	                                                  : op->run(call);
}

/* What begin says it found must be what there is. */
static void compare_begun(const struct operation *op, enum cell_state state,
                          const struct stage *stage, enum manner manner,
                          const struct hf_idempotency_begun *begun, const char *outcome,
                          const struct hf_result *result, const char *after)
{
	const char *name = hf_idempotency_outcome_name(begun->outcome);
	char told[CELL_TEXT] = "";
	if (strncmp(op->name, "begin", 5) != 0 || outcome[0] == 'E')
		return;
	if (strcmp(name, outcome[0] == '=' ? outcome + 1 : "NEW") != 0)
		wrong(op, state, stage, manner, "found", name);
	if (begun->version != result->version || begun->token != result->token)
		wrong(op, state, stage, manner, "version and token", "others than the result's");
	(void)snprintf(told, sizeof told, "%c%c", cell_time_letter(begun->created_at),
	               cell_time_letter(begun->expires_at));
	if (!strstr(after, told))
		wrong(op, state, stage, manner, "created_at and expires_at", told);
	if (begun->outcome == HF_IDEMPOTENCY_NEW || begun->outcome == HF_IDEMPOTENCY_IN_PROGRESS) {
		(void)snprintf(told, sizeof told, "@%c", cell_time_letter(begun->lease_until));
		if (!strstr(after, told))
			wrong(op, state, stage, manner, "lease_until", told);
	}
	(void)snprintf(told, sizeof told, "%d %.*s", begun->status, (int)begun->response.len,
	               (const char *)begun->response.data);
	if (strcmp(told, begun->outcome == HF_IDEMPOTENCY_REPLAY ? "200 resp" : "0 ") != 0)
		wrong(op, state, stage, manner, "status and response", told);
}

static void compare_outcome(const struct operation *op, enum cell_state state,
                            const struct stage *stage, enum manner manner, const struct call *call,
                            int rc, hf_lsn version_before, const char *before)
{
	const char *outcome = outcome_of(op, state, stage->setting);
	const struct hf_result *result = call->result;
	const bool refused = outcome[0] == 'E', same = outcome[0] == '=',
	           gone = strcmp(outcome, "gone") == 0;
	char after[CELL_TEXT];
	const hf_lsn version = idem_cell_look(stage->store, call->cell, after);
	if (refused ? strcmp(hf_code_name(rc) + 3, outcome) != 0 : rc != HF_OK)
		wrong(op, state, stage, manner, outcome, hf_code_name(rc));
	if (strcmp(after, refused || same ? before : gone ? "" : outcome) != 0)
		wrong(op, state, stage, manner, outcome, after);
	const bool changed = !refused && !same;
	if (result->changed != changed || result->count != (changed ? 1u : 0u))
		wrong(op, state, stage, manner, "changed, count", result->changed ? "true" : "false");
	if (changed ? version == version_before : version != version_before)
		wrong(op, state, stage, manner, "the entry's version", changed ? "the same" : "another");
	if (result->version != (refused || op->how == MANY || op->how == READ ? 0 : version))
		wrong(op, state, stage, manner, "the result's version", "another");
	const bool granted = strstr(outcome, " n@") != NULL;
	if (granted && (result->token <= call->cell->ours ||
	                (result->token & ((UINT64_C(1) << 48) - 1)) != version))
		wrong(op, state, stage, manner, "a new token, made of the version", "another");
	compare_begun(op, state, stage, manner, call->begun, outcome, result, after);
}

/* What must leave no trace: a wrong expectation, and a transaction that fails behind the
 * operation. */
static void try_in_vain(const struct operation *op, enum cell_state state,
                        const struct stage *stage, struct call *call, hf_lsn version)
{
	const char *outcome = outcome_of(op, state, stage->setting);
	struct hf_error error = {0};
	struct hf__writer before = stage_dump((struct stage *)stage);
	call->error = &error;
	call->expect = version ? version + 1 : 12345;
	int rc = perform(call, op, PLAINLY);
	if (rc != (op->how == MANY ? HF_EINVAL : HF_ECONFLICT))
		wrong(op, state, stage, PLAINLY, "a wrong version was expected", hf_code_name(rc));
	call->expect = 0;
	rc = perform_in_txn(call, op, true);
	const bool refused = outcome[0] == 'E';
	if (refused ? strcmp(hf_code_name(rc) + 3, outcome) != 0 : rc != HF_ECONFLICT)
		wrong(op, state, stage, IN_TXN, "spoiled afterwards", hf_code_name(rc));
	assert_int_equal(error.operation, refused ? 0 : 1);
	assert_false(call->result->changed || call->result->version || call->result->token);
	struct hf__writer after = stage_dump((struct stage *)stage);
	stage_verify((struct stage *)stage);
	const bool same =
	    hf__bytes_equal(hf_bytes_of(before.data, before.len), hf_bytes_of(after.data, after.len));
	hf__writer_deinit(&before);
	hf__writer_deinit(&after);
	if (!same)
		wrong(op, state, stage, IN_TXN, "taken back", "a trace");
	/* Whatever the commit returned, the memory is the caller's. */
	hf_release(call->begun->memory);
	*call->begun = (struct hf_idempotency_begun){.memory = NULL};
}

static void run_cell(const struct operation *op, enum cell_state state, const struct stage *stage,
                     enum manner manner, const struct idem_cell *cell)
{
	char before[CELL_TEXT];
	struct hf_result result = {0};
	struct hf_error error = {0};
	struct hf_idempotency_begun begun = {.memory = NULL};
	struct call call = {.store = stage->store, .cell = cell, .begun = &begun, .result = &result};
	const hf_lsn version = idem_cell_look(stage->store, cell, before);
	if (strcmp(before, cell_text_of_state(cell_state_in(state, stage->setting))) != 0)
		wrong(op, state, stage, manner, "arranged", before);
	if (op->how == READ && manner != PLAINLY)
		return;
	if (manner == PLAINLY && op->how != READ)
		try_in_vain(op, state, stage, &call, version);
	call.error = &error;
	call.expect = manner != EXPECTING || op->how == MANY ? 0 : version ? version : HF_ABSENT;
	const int rc = perform(&call, op, manner);
	compare_outcome(op, state, stage, manner, &call, rc, version, before);
	hf_release(begun.memory);
}

static void run_setting(enum setting setting)
{
	enum { CELLS = OPERATIONS * MANNERS * CELL_STATES };
	static struct idem_cell cells[CELLS];
	struct stage *stage = stage_open(setting);
	memset(cells, 0, sizeof cells);
	cells_arrange(stage, cells, CELLS);
	stage_switch(stage);
	for (unsigned i = 0; i < CELLS; i++) {
		const unsigned op = i / (CELL_STATES * MANNERS), manner = i / CELL_STATES % MANNERS;
		run_cell(&operations[op], (enum cell_state)(i % CELL_STATES), stage, (enum manner)manner,
		         &cells[i]);
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
	return i < CELL_STATES ? cell_state_name((enum cell_state)i) : NULL;
}

static void the_cells_are_those_of_the_design(void **unused)
{
	(void)unused;
	cells_are_listed("idempotency", operation_name, state_name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_cells_are_those_of_the_design),
	    cmocka_unit_test(every_cell_holds_in_every_setting),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
