/* tier: fast */
/* Every cell of the contract's outbox tables: each operation on an item in each state, with its
 * code, `changed`, version and the item that results, in every setting (lib/settings.h); each of
 * them plainly, with an expected version that is right, with one that is wrong, inside a
 * transaction, and inside one that fails afterwards.
 *
 * Each cell has a queue of its own, so all states of an operation are arranged in one store,
 * carried over together, and then performed. */
#include "lib/domains/cells.h"
#include "lib/domains/outbox_cells.h"
#include "lib/test.h"

static const char *const state_names[STATES] = {"absent",
                                                "queued",
                                                "queued later",
                                                "sending",
                                                "sending, other token",
                                                "lease over",
                                                "lease over, logged",
                                                "sending without lease",
                                                "failed",
                                                "failed later",
                                                "queued, group busy",
                                                "queued behind its group",
                                                "sending, rerun noted",
                                                "queued, rerun noted",
                                                "queued, paused",
                                                "completed",
                                                "completed, window over",
                                                "lease over, max_lost reached",
                                                "lease over, max_lost reached, logged"};

/* --- The table -------------------------------------------------------------------------------- */

/* What becomes of the item: "=" nothing, HF_OK and changed = false; "gone"; a code: refused,
 * nothing; else the item afterwards, changed. */
struct operation {
	const char *name;
	int (*run)(const struct call *);
	bool needs_txn;
	const char *outcome[STATES]; /* ENDED: the same as OVER, LOST_ENDED: as LOST */
};

/* clang-format off: a row is a state of enum state */
#define Q "queued 0 AA p -"
#define LATER_Q "queued 0 AD p -"
#define NEW "queued 0 NN q -"
#define NO "ENOTFOUND"
#define ST "ESTALE"
/* Those that need the token: what becomes of an item held with a lease, without one, and with a
 * rerun noted. */
#define HELD(mine, unleased, noted) \
	{ \
		NO, ST, ST, mine, ST, ST, NULL, unleased, ST, ST, ST, ST, noted, ST, ST, NO, NO, ST \
	}
/* The same in every state. */
#define ALWAYS(it) \
	{ \
		it, it, it, it, it, it, NULL, it, it, it, it, it, it, it, it, it, it, it \
	}

static const struct operation operations[] = {
    {"claim",
     cell_claim,
     false,
     {NO, "sending 0 AA p - n w2@M", "sending 0 AD p - n w2@M", "ECLAIMED", "ECLAIMED",
      "sending 0 AA p - n w2@M", NULL, "ECLAIMED", "sending 1 AA p boom n w2@M",
      "sending 1 AD p boom n w2@M", "EBLOCKED", "sending 0 AA p - n w2@M /g", "ECLAIMED",
      "sending 0 AA p - n w2@M +r AA", "sending 0 AA p - n w2@M", NO, NO,
      "sending 0 AA p LOST n w2@M"}},
    {"claim without lease",
     cell_claim_unleased,
     false,
     {NO, "sending 0 AA p - n w2@-", "sending 0 AD p - n w2@-", "ECLAIMED", "ECLAIMED",
      "sending 0 AA p - n w2@-", NULL, "ECLAIMED", "sending 1 AA p boom n w2@-",
      "sending 1 AD p boom n w2@-", "EBLOCKED", "sending 0 AA p - n w2@- /g", "ECLAIMED",
      "sending 0 AA p - n w2@- +r AA", "sending 0 AA p - n w2@-", NO, NO,
      "sending 0 AA p LOST n w2@-"}},
    {"extend", cell_extend, false,
     HELD("sending 0 AA p - t w1@M", "sending 0 AA p - t w1@M", "sending 0 AA p - t w1@M +r AA")},
    {"extend without lease", cell_extend_unleased, false,
     HELD("sending 0 AA p - t w1@-", "=", "sending 0 AA p - t w1@- +r AA")},
    {"complete", cell_complete, false, HELD("gone", "gone", "queued 0 AA r -")},
    {"release", cell_release, false, HELD(Q, Q, Q " +r AA")},
    {"release later", cell_release_later, false,
     HELD("queued 0 AR p -", "queued 0 AR p -", "queued 0 AR p - +r AA")},
    {"fail", cell_fail_once, false,
     HELD("queued 1 AN p bad", "queued 1 AN p bad", "queued 1 AN p bad +r AA")},
    {"fail with fixed backoff", cell_fail_fixed, false,
     HELD("queued 1 AR p bad", "queued 1 AR p bad", "queued 1 AR p bad +r AA")},
    {"fail with capped backoff", cell_fail_capped, false,
     HELD("queued 1 AR p bad", "queued 1 AR p bad", "queued 1 AR p bad +r AA")},
    {"fail finally", cell_fail_finally, false,
     HELD("failed 1 AA p bad", "failed 1 AA p bad", "failed 1 AA p bad +r AA")},
    {"guard_claim", cell_guard_claim, true, HELD("=", "=", "=")},
    {"guard", cell_guard, true, ALWAYS("=")},
    {"mark_failed",
     cell_mark_failed,
     false,
     {NO, "failed 1 AA p bad", "failed 1 AD p bad", "failed 1 AA p bad", "failed 1 AA p bad",
      "failed 1 AA p bad", NULL, "failed 1 AA p bad", "failed 2 AA p bad", "failed 2 AD p bad",
      "failed 1 AA p bad /g", "failed 1 AA p bad /g", "failed 1 AA p bad +r AA",
      "failed 1 AA p bad +r AA", "failed 1 AA p bad", NO, NO, "failed 1 AA p bad"}},
    {"retry",
     cell_retry,
     false,
     {NO, "=", "=", Q, Q, "=", NULL, Q, "queued 1 AA p boom", "queued 1 AN p boom", "=", "=",
      Q " +r AA", "=", "=", NO, NO, "queued 0 AA p LOST"}},
    {"reschedule",
     cell_reschedule,
     false,
     {NO, LATER_Q, "=", "ECLAIMED", "ECLAIMED", LATER_Q, NULL, "ECLAIMED", "ECONFLICT", "ECONFLICT",
      LATER_Q " /g", LATER_Q " /g", "ECLAIMED", LATER_Q " +r AA", LATER_Q, NO, NO, "ECONFLICT"}},
    {"reschedule by priority",
     cell_reschedule_priority,
     false,
     {NO, Q, LATER_Q, "ECLAIMED", "ECLAIMED", Q, NULL, "ECLAIMED", "ECONFLICT", "ECONFLICT",
      Q " /g", Q " /g", "ECLAIMED", Q " +r AA", Q, NO, NO, "ECONFLICT"}},
    {"remove",
     cell_remove_it,
     false,
     {NO, "gone", "gone", "gone", "gone", "gone", NULL, "gone", "gone", "gone", "gone", "gone",
      "gone", "gone", "gone", NO, NO, "gone"}},
    {"enqueue",
     cell_enqueue,
     false,
     {NEW, "=", "=", "=", "=", "=", NULL, "=", "=", "=", "=", "=", "=", "=", "=", "=", NEW, "="}},
    {"enqueue REPLACE",
     cell_replace,
     false,
     {NEW, NEW, NEW, "=", "=", NEW, NULL, "=", "=", "=", NEW " /g", NEW " /g", "=", NEW, NEW, "=",
      NEW, "="}},
    {"enqueue REPLACE by the same",
     cell_replace_same,
     false,
     {Q, "=", Q, "=", "=", Q, NULL, "=", "=", "=", "=", "=", "=", Q, "=", "=", Q, "="}},
    {"enqueue RERUN",
     cell_rerun,
     false,
     {NEW, NEW, NEW, "sending 0 AA p - t w1@L +q NN", "sending 0 AA p - o w1@L +q NN", NEW, NULL,
      "sending 0 AA p - t w1@- +q NN", "=", "=", NEW " /g", NEW " /g",
      "sending 0 AA p - t w1@L +q NN", NEW, NEW, "=", NEW, "="}},
    {"enqueue RERUN by the same",
     cell_rerun_same,
     false,
     {"queued 0 AA r -", "queued 0 AA r -", "queued 0 AA r -", "sending 0 AA p - t w1@L +r AA",
      "sending 0 AA p - o w1@L +r AA", "queued 0 AA r -", NULL, "sending 0 AA p - t w1@- +r AA",
      "=", "=", "queued 0 AA r - /g", "queued 0 AA r - /g", "=", "queued 0 AA r -",
      "queued 0 AA r -", "=", "queued 0 AA r -", "="}},
    {"enqueue into a group",
     cell_enqueue_grouped,
     false,
     {NEW " /h", "=", "=", "=", "=", "=", NULL, "=", "=", "=", "=", "=", "=", "=", "=", "=",
      NEW " /h", "="}},
    {"put failed", cell_put_failed, false, ALWAYS("failed 3 AN q old")},
    {"put sending",
     cell_put_sending,
     false,
     {Q, "=", Q, Q, Q, Q, NULL, Q, Q, Q, Q, Q, Q, Q, "=", Q, Q, Q}},
    {"put into a group with a rerun", cell_put_grouped, false, ALWAYS(Q " +r AA /h")},
};
/* clang-format on */

#define OPERATIONS (sizeof operations / sizeof operations[0])

/* How an operation is performed. */
enum manner { PLAINLY, EXPECTING, IN_TXN, MANNERS };

/* The state that the setting makes of it: closing the store ends claims without lease. */
static enum state state_in(enum state state, enum setting setting)
{
	if (state == ENDED || (state == UNLEASED && setting == SETTING_REOPENED))
		return OVER;
	return state == LOST_ENDED ? LOST : state;
}

static const char *text_of_state(enum state state)
{
	static const char *const texts[STATES] = {[ABSENT] = "",
	                                          [QUEUED] = Q,
	                                          [LATER] = "queued 0 AD p -",
	                                          [MINE] = "sending 0 AA p - t w1@L",
	                                          [OTHER] = "sending 0 AA p - o w1@L",
	                                          [OVER] = Q,
	                                          [UNLEASED] = "sending 0 AA p - t w1@-",
	                                          [FAILED] = "failed 1 AA p boom",
	                                          [FAILED_LATER] = "failed 1 AD p boom",
	                                          [BLOCKED] = Q " /g",
	                                          [BEHIND] = Q " /g",
	                                          [NOTED] = "sending 0 AA p - t w1@L +r AA",
	                                          [NOTED_QUEUED] = Q " +r AA",
	                                          [PAUSED] = Q,
	                                          [COMPLETED] = "",
	                                          [COMPLETED_OVER] = "",
	                                          [LOST] = "failed 0 AA p LOST"};
	return texts[state];
}

/* --- Performing ------------------------------------------------------------------------------- */

static void wrong(const struct operation *op, enum state state, const struct stage *stage,
                  enum manner manner, const char *what, const char *got)
{
	static const char *const manners[] = {"plainly", "with its version expected",
	                                      "in a transaction"};
	fail_msg("%s on %s, %s, %s: %s: got \"%s\"", op->name, state_names[state],
	         setting_name(stage->setting), manners[manner], what, got);
}

/* In a transaction with `spoiler`, a guard that fails, after it. */
static int perform_in_txn(struct call *call, const struct operation *op, bool spoiler)
{
	struct hf_outbox_items claimed = {0};
	int rc = hf_txn_begin(call->store, &call->txn, call->error);
	assert_int_equal(rc, HF_OK);
	call->out = &claimed;
	rc = op->run(call);
	assert_int_equal(rc, HF_OK);
	if (spoiler) {
		const struct hf_outbox_guard_args args = {
		    .write.expect = 7, .queue = hf_str("no such queue"), .id = hf_str("id")};
		assert_int_equal(hf_outbox_guard(call->store, call->txn, &args, NULL, call->error), HF_OK);
	}
	rc = hf_txn_commit(call->txn, HF_DURABLE, call->error);
	hf_release(claimed.memory);
	call->txn = NULL;
	return rc;
}

static int perform(struct call *call, const struct operation *op, enum manner manner)
{
	struct hf_outbox_items claimed = {0};
	if (manner == IN_TXN || op->needs_txn)
		return perform_in_txn(call, op, false);
	call->out = &claimed;
	const int rc = op->run(call);
	if (rc == HF_OK && call->result->token && claimed.memory) {
		char got[TEXT_MAX], seen[TEXT_MAX];
		assert_int_equal(claimed.count, 1);
		assert_true(claimed.items[0].version == cell_look(call->store, call->cell, seen));
		cell_render(call->cell, &claimed.items[0], got);
		assert_string_equal(got, seen);
	}
	hf_release(claimed.memory);
	return rc;
}

static void compare_outcome(const struct operation *op, enum state state, const struct stage *stage,
                            enum manner manner, const struct cell *cell, int rc,
                            const struct hf_result *result, hf_lsn version_before,
                            const char *before)
{
	const char *outcome = op->outcome[state_in(state, stage->setting)];
	const bool refused = outcome[0] == 'E', same = outcome[0] == '=',
	           gone = strcmp(outcome, "gone") == 0;
	char after[TEXT_MAX];
	const hf_lsn version = cell_look(stage->store, cell, after);
	if (refused ? strcmp(hf_code_name(rc) + 3, outcome) != 0 : rc != HF_OK)
		wrong(op, state, stage, manner, outcome, hf_code_name(rc));
	if (strcmp(after, refused || same ? before : gone ? "" : outcome) != 0)
		wrong(op, state, stage, manner, outcome, after);
	const bool changed = !refused && !same;
	if (result->changed != changed || result->count != (changed ? 1u : 0u))
		wrong(op, state, stage, manner, "changed, count", result->changed ? "true" : "false");
	if (changed ? version == version_before : version != version_before)
		wrong(op, state, stage, manner, "the item's version", changed ? "the same" : "another");
	if (result->version != (refused ? 0 : version))
		wrong(op, state, stage, manner, "the result's version", "another");
	const char *token = changed ? strstr(after, " n w2@") : NULL;
	if (token &&
	    (result->token <= cell->ours || (result->token & ((UINT64_C(1) << 48) - 1)) != version))
		wrong(op, state, stage, manner, "a new token, made of the version", "another");
}

/* What must leave no trace: a wrong expectation, and a transaction that fails behind the
 * operation. */
static void try_in_vain(const struct operation *op, enum state state, const struct stage *stage,
                        struct call *call, hf_lsn version)
{
	const char *outcome = op->outcome[state_in(state, stage->setting)];
	struct hf_error error = {0};
	struct hf__writer before = stage_dump((struct stage *)stage);
	call->error = &error;
	call->expect = version ? version + 1 : 12345;
	int rc = op->needs_txn ? perform_in_txn(call, op, false) : perform(call, op, PLAINLY);
	if (rc != HF_ECONFLICT)
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
}

static void run_cell(const struct operation *op, enum state state, const struct stage *stage,
                     enum manner manner, const struct cell *cell)
{
	char before[TEXT_MAX];
	struct hf_result result = {0};
	struct hf_error error = {0};
	struct call call = {.store = stage->store, .cell = cell, .result = &result};
	const hf_lsn version = cell_look(stage->store, cell, before);
	if (strcmp(before, text_of_state(state_in(state, stage->setting))) != 0)
		wrong(op, state, stage, manner, "arranged", before);
	if (manner == PLAINLY)
		try_in_vain(op, state, stage, &call, version);
	call.error = &error;
	call.expect = manner != EXPECTING ? 0 : version ? version : HF_ABSENT;
	const int rc = perform(&call, op, manner);
	compare_outcome(op, state, stage, manner, cell, rc, &result, version, before);
}

/* One operation on all states, in a store of its own: each cell compares the whole of it. */
static void run_operation(const struct operation *op, enum setting setting)
{
	static struct cell cells[STATES][MANNERS];
	struct stage *stage = stage_open(setting);
	memset(cells, 0, sizeof cells);
	/* Twice: what is to be settled in the log comes first. */
	for (unsigned pass = 0; pass < 2; pass++) {
		for (unsigned i = 0; i < STATES * MANNERS; i++) {
			const unsigned state = i / MANNERS, manner = i % MANNERS;
			if ((state == ENDED || state == LOST_ENDED) == (pass == 1))
				continue;
			(void)snprintf(cells[state][manner].queue, sizeof cells[state][manner].queue, "%u %u",
			               state, manner);
			cell_arrange(stage->store, &cells[state][manner], (enum state)state);
		}
		stage_at(stage, pass == 0 ? LOGGED : NOW);
		if (pass == 0)
			assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
	}
	stage_switch(stage);
	for (unsigned i = 0; i < STATES * MANNERS; i++)
		run_cell(op, (enum state)(i / MANNERS), stage, (enum manner)(i % MANNERS),
		         &cells[i / MANNERS][i % MANNERS]);
	stage_close(stage);
}

static void run_setting(enum setting setting)
{
	for (unsigned i = 0; i < OPERATIONS; i++)
		run_operation(&operations[i], setting);
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
	return i < STATES ? state_names[i] : NULL;
}

static void the_cells_are_those_of_the_design(void **unused)
{
	(void)unused;
	cells_are_listed("outbox, items", operation_name, state_name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_cells_are_those_of_the_design),
	    cmocka_unit_test(every_cell_holds_in_every_setting),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
