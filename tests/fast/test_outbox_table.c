/* Every cell of the contract's outbox tables: each operation on an item in each state, with its code, `changed`, version and the item that
 * results, run on a live store, after reopening, and on a state loaded from a snapshot; each of them plainly, with an expected version that
 * is right, with one that is wrong, inside a transaction, and inside one that fails afterwards.
 *
 * Each cell has a queue of its own, so all of them are arranged in one store, carried over together, and then performed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "holdfast/outbox.h"
#include "lib/settings.h"

#define SECOND INT64_C(1000000)
#define ARRANGED STAGE_NOW
#define LOGGED (STAGE_NOW + 20 * SECOND) /* when the first leases are over, and that is logged */
#define NOW (STAGE_NOW + 60 * SECOND)
#define DELAYED (STAGE_NOW + 86400 * SECOND)
#define LEASE_SHORT (10 * SECOND)
#define LEASE_LONG (3600 * SECOND)
#define LEASE_NEW (60 * SECOND)
#define PAUSE (5 * SECOND)
#define TEXT_MAX 256u

/* --- An item as text: "status attempts times payload error token owner@lease" ------------------------------------------------- */

/* The states an item is arranged in. */
enum state {
	ABSENT,
	QUEUED,
	LATER, /* queued, delayed */
	MINE, /* sending, this token, lease running */
	OTHER, /* sending, another token; ours is of an earlier grant */
	OVER, /* sending, lease over */
	ENDED, /* the same, and that is logged */
	UNLEASED, /* sending, this token, no lease: ends when the store is closed */
	FAILED,
	FAILED_LATER, /* failed while delayed */
	STATES,
};

static const char *const state_names[STATES] = {
    "absent", "queued",      "queued later", "sending", "sending, other token", "lease over", "lease over, logged", "sending without lease",
    "failed", "failed later"};

struct cell {
	char queue[48];
	hf_token ours; /* the token that operations present */
	hf_token held; /* the token that holds the item; 0: none */
};

static char time_letter(hf_time time)
{
	static const struct {
		hf_time time;
		char letter;
	} known[] = {{ARRANGED, 'A'},        {NOW, 'N'},     {DELAYED, 'D'}, {NOW + PAUSE, 'R'}, {LOGGED + LEASE_LONG, 'L'},
	             {NOW + LEASE_NEW, 'M'}, {HF_UNSET, '-'}};
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (known[i].time == time)
			return known[i].letter;
	return '?';
}

static void render(const struct cell *cell, const struct hf_outbox_item *item, char out[TEXT_MAX])
{
	static const char *const names[] = {"?", "queued", "sending", "failed"};
	const int error_len = (int)item->last_error.len;
	int len = snprintf(out, TEXT_MAX, "%s %u %c%c %.*s %.*s", names[item->status], item->attempts, time_letter(item->enqueued_at),
	                   time_letter(item->available_at), (int)item->payload.len, (const char *)item->payload.data, error_len ? error_len : 1,
	                   error_len ? (const char *)item->last_error.data : "-");
	if (item->status != HF_OUTBOX_SENDING) {
		assert_true(item->token == 0 && item->owner.len == 0 && item->lease_until == HF_UNSET);
		return;
	}
	const char token = item->token == cell->ours ? 't' : item->token == cell->held ? 'o' : 'n';
	(void)snprintf(out + len, TEXT_MAX - (size_t)len, " %c %.*s@%c", token, (int)item->owner.len, (const char *)item->owner.data,
	               time_letter(item->lease_until));
}

/* The item as text, "" for none, and its version. */
static hf_lsn look(hf_store *store, const struct cell *cell, char out[TEXT_MAX])
{
	struct hf_outbox_got got;
	struct hf_error error = {0};
	const struct hf_outbox_key key = {hf_str(cell->queue), hf_str("id")};
	const int rc = hf_outbox_get(store, &key, 0, &got, &error);
	out[0] = '\0';
	if (rc == HF_ENOTFOUND)
		return 0;
	if (rc != HF_OK)
		fail_msg("get: %s", error.text);
	assert_true(got.item.version != 0);
	const hf_lsn version = got.item.version;
	render(cell, &got.item, out);
	hf_release(got.memory);
	return version;
}

/* --- Operations ------------------------------------------------------------------------------------------------------------- */

/* What every operation of the table is called with. */
struct call {
	hf_store *store;
	hf_txn *txn;
	const struct cell *cell;
	hf_lsn expect;
	struct hf_outbox_items *out; /* for claims; released by whoever calls */
	struct hf_result *result;
	struct hf_error *error;
};

#define COMMON .write.expect = c->expect, .queue = hf_str(c->cell->queue), .id = hf_str("id")

static int claim_for(const struct call *c, int64_t lease)
{
	const struct hf_outbox_claim args = {COMMON, .owner = hf_str("w2"), .lease_us = lease};
	return hf_outbox_claim(c->store, c->txn, &args, c->out, c->result, c->error);
}
static int claim(const struct call *c)
{
	return claim_for(c, LEASE_NEW);
}
static int claim_unleased(const struct call *c)
{
	return claim_for(c, 0);
}

static int extend_for(const struct call *c, int64_t lease)
{
	const struct hf_outbox_extend args = {COMMON, .token = c->cell->ours, .lease_us = lease};
	return hf_outbox_extend(c->store, c->txn, &args, c->result, c->error);
}
static int extend(const struct call *c)
{
	return extend_for(c, LEASE_NEW);
}
static int extend_unleased(const struct call *c)
{
	return extend_for(c, 0);
}

static int complete(const struct call *c)
{
	const struct hf_outbox_complete args = {COMMON, .token = c->cell->ours};
	return hf_outbox_complete(c->store, c->txn, &args, c->result, c->error);
}

static int release_for(const struct call *c, int64_t delay)
{
	const struct hf_outbox_release args = {COMMON, .token = c->cell->ours, .delay_us = delay};
	return hf_outbox_release(c->store, c->txn, &args, c->result, c->error);
}
static int release(const struct call *c)
{
	return release_for(c, 0);
}
static int release_later(const struct call *c)
{
	return release_for(c, PAUSE);
}

static int fail_with(const struct call *c, uint32_t max_attempts, struct hf_outbox_backoff backoff)
{
	const struct hf_outbox_fail args = {COMMON, .token = c->cell->ours, .max_attempts = max_attempts, .reason = hf_str("bad"),
	                                    .backoff = backoff};
	return hf_outbox_fail(c->store, c->txn, &args, c->result, c->error);
}
static int fail_once(const struct call *c)
{
	return fail_with(c, 0, (struct hf_outbox_backoff){0});
}
static int fail_fixed(const struct call *c)
{
	return fail_with(c, 0, (struct hf_outbox_backoff){HF_OUTBOX_BACKOFF_FIXED, PAUSE, 0});
}
static int fail_capped(const struct call *c)
{
	return fail_with(c, 2, (struct hf_outbox_backoff){HF_OUTBOX_BACKOFF_FIXED, 2 * PAUSE, PAUSE});
}
static int fail_finally(const struct call *c)
{
	return fail_with(c, 1, (struct hf_outbox_backoff){HF_OUTBOX_BACKOFF_FIXED, PAUSE, 0});
}

static int mark_failed(const struct call *c)
{
	const struct hf_outbox_mark_failed args = {COMMON, .reason = hf_str("bad")};
	return hf_outbox_mark_failed(c->store, c->txn, &args, c->result, c->error);
}
static int retry(const struct call *c)
{
	const struct hf_outbox_retry args = {COMMON};
	return hf_outbox_retry(c->store, c->txn, &args, c->result, c->error);
}
static int remove_it(const struct call *c)
{
	const struct hf_outbox_remove args = {COMMON};
	return hf_outbox_remove(c->store, c->txn, &args, c->result, c->error);
}

static int enqueue_with(const struct call *c, const char *payload, hf_time at, enum hf_outbox_dedup dedup)
{
	const struct hf_outbox_enqueue args = {COMMON, .payload = hf_str(payload), .enqueued_at = at, .available_at = at, .dedup = dedup};
	return hf_outbox_enqueue(c->store, c->txn, &args, c->result, c->error);
}
static int enqueue(const struct call *c)
{
	return enqueue_with(c, "q", 0, HF_OUTBOX_KEEP);
}
static int replace(const struct call *c)
{
	return enqueue_with(c, "q", 0, HF_OUTBOX_REPLACE);
}
static int replace_same(const struct call *c)
{
	return enqueue_with(c, "p", ARRANGED, HF_OUTBOX_REPLACE);
}

static int put_item(const struct call *c, const struct hf_outbox_item *item)
{
	const struct hf_outbox_put args = {.write.expect = c->expect, .queue = hf_str(c->cell->queue), .item = *item};
	return hf_outbox_put(c->store, c->txn, &args, c->result, c->error);
}
static int put_failed(const struct call *c)
{
	const struct hf_outbox_item item = {.id = hf_str("id"),
	                                    .payload = hf_str("q"),
	                                    .status = HF_OUTBOX_FAILED,
	                                    .attempts = 3,
	                                    .enqueued_at = ARRANGED,
	                                    .available_at = NOW,
	                                    .last_error = hf_str("old")};
	return put_item(c, &item);
}
static int put_sending(const struct call *c)
{
	const struct hf_outbox_item item = {.id = hf_str("id"),
	                                    .payload = hf_str("p"),
	                                    .status = HF_OUTBOX_SENDING,
	                                    .enqueued_at = ARRANGED,
	                                    .available_at = ARRANGED,
	                                    .token = 77,
	                                    .owner = hf_str("nobody"),
	                                    .lease_until = NOW + LEASE_NEW};
	return put_item(c, &item);
}

static int guard(const struct call *c)
{
	char text[TEXT_MAX];
	const hf_lsn version = look(c->store, c->cell, text);
	const struct hf_outbox_guard args = {.write.expect = c->expect ? c->expect
	                                                     : version ? version
	                                                               : HF_ABSENT,
	                                     .queue = hf_str(c->cell->queue),
	                                     .id = hf_str("id")};
	return hf_outbox_guard(c->store, c->txn, &args, c->result, c->error);
}
static int guard_claim(const struct call *c)
{
	const struct hf_outbox_guard_claim args = {COMMON, .token = c->cell->ours};
	return hf_outbox_guard_claim(c->store, c->txn, &args, c->result, c->error);
}

/* --- The table -------------------------------------------------------------------------------------------------------------- */

/* What becomes of the item: "=" nothing, HF_OK and changed = false; "gone"; a code: refused, nothing; else the item afterwards, changed. */
struct operation {
	const char *name;
	int (*run)(const struct call *);
	bool needs_txn;
	const char *outcome[STATES]; /* ENDED: the same as OVER */
};

#define Q "queued 0 AA p -"
#define STALE(mine, unleased) \
	{ \
		"ENOTFOUND", "ESTALE", "ESTALE", mine, "ESTALE", "ESTALE", NULL, unleased, "ESTALE", "ESTALE" \
	}

static const struct operation operations[] = {
    {"claim",
     claim,
     false,
     {"ENOTFOUND", "sending 0 AA p - n w2@M", "sending 0 AD p - n w2@M", "ECLAIMED", "ECLAIMED", "sending 0 AA p - n w2@M", NULL,
      "ECLAIMED", "sending 1 AA p boom n w2@M", "sending 1 AD p boom n w2@M"}},
    {"claim without lease",
     claim_unleased,
     false,
     {"ENOTFOUND", "sending 0 AA p - n w2@-", "sending 0 AD p - n w2@-", "ECLAIMED", "ECLAIMED", "sending 0 AA p - n w2@-", NULL,
      "ECLAIMED", "sending 1 AA p boom n w2@-", "sending 1 AD p boom n w2@-"}},
    {"extend", extend, false, STALE("sending 0 AA p - t w1@M", "sending 0 AA p - t w1@M")},
    {"extend without lease", extend_unleased, false, STALE("sending 0 AA p - t w1@-", "=")},
    {"complete", complete, false, STALE("gone", "gone")},
    {"release", release, false, STALE(Q, Q)},
    {"release later", release_later, false, STALE("queued 0 AR p -", "queued 0 AR p -")},
    {"fail", fail_once, false, STALE("queued 1 AN p bad", "queued 1 AN p bad")},
    {"fail with fixed backoff", fail_fixed, false, STALE("queued 1 AR p bad", "queued 1 AR p bad")},
    {"fail with capped backoff", fail_capped, false, STALE("queued 1 AR p bad", "queued 1 AR p bad")},
    {"fail finally", fail_finally, false, STALE("failed 1 AA p bad", "failed 1 AA p bad")},
    {"guard_claim", guard_claim, true, STALE("=", "=")},
    {"guard", guard, true, {"=", "=", "=", "=", "=", "=", NULL, "=", "=", "="}},
    {"mark_failed",
     mark_failed,
     false,
     {"ENOTFOUND", "failed 1 AA p bad", "failed 1 AD p bad", "failed 1 AA p bad", "failed 1 AA p bad", "failed 1 AA p bad", NULL,
      "failed 1 AA p bad", "failed 2 AA p bad", "failed 2 AD p bad"}},
    {"retry", retry, false, {"ENOTFOUND", "=", "=", Q, Q, "=", NULL, Q, "queued 1 AA p boom", "queued 1 AN p boom"}},
    {"remove", remove_it, false, {"ENOTFOUND", "gone", "gone", "gone", "gone", "gone", NULL, "gone", "gone", "gone"}},
    {"enqueue", enqueue, false, {"queued 0 NN q -", "=", "=", "=", "=", "=", NULL, "=", "=", "="}},
    {"enqueue REPLACE",
     replace,
     false,
     {"queued 0 NN q -", "queued 0 NN q -", "queued 0 NN q -", "=", "=", "queued 0 NN q -", NULL, "=", "=", "="}},
    {"enqueue REPLACE by the same", replace_same, false, {Q, "=", Q, "=", "=", "=", NULL, "=", "=", "="}},
    {"put failed",
     put_failed,
     false,
     {"failed 3 AN q old", "failed 3 AN q old", "failed 3 AN q old", "failed 3 AN q old", "failed 3 AN q old", "failed 3 AN q old", NULL,
      "failed 3 AN q old", "failed 3 AN q old", "failed 3 AN q old"}},
    {"put sending", put_sending, false, {Q, "=", Q, Q, Q, "=", NULL, Q, Q, Q}},
};

#define OPERATIONS (sizeof operations / sizeof operations[0])

/* How an operation is performed. */
enum manner { PLAINLY, EXPECTING, IN_TXN, MANNERS };

/* The state that the setting makes of it: closing the store ends claims without lease. */
static enum state state_in(enum state state, enum setting setting)
{
	if (state == ENDED || (state == UNLEASED && setting == SETTING_REOPENED))
		return OVER;
	return state;
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
	                                          [FAILED_LATER] = "failed 1 AD p boom"};
	return texts[state];
}

/* --- Arranging -------------------------------------------------------------------------------------------------------------- */

static void expect_ok(int rc, const struct hf_error *error)
{
	if (rc != HF_OK)
		fail_msg("arranging: %s", error->text);
}

static hf_token arrange_claim(hf_store *store, const struct cell *cell, int64_t lease)
{
	struct hf_error error = {0};
	struct hf_result result;
	const struct hf_outbox_claim args = {.queue = hf_str(cell->queue), .id = hf_str("id"), .owner = hf_str("w1"), .lease_us = lease};
	expect_ok(hf_outbox_claim(store, NULL, &args, NULL, &result, &error), &error);
	return result.token;
}

static void arrange(hf_store *store, struct cell *cell, enum state state)
{
	struct hf_error error = {0};
	const bool later = state == LATER || state == FAILED_LATER;
	const struct hf_outbox_enqueue item = {.queue = hf_str(cell->queue),
	                                       .id = hf_str(state == ABSENT ? "another" : "id"),
	                                       .payload = hf_str("p"),
	                                       .enqueued_at = ARRANGED,
	                                       .available_at = later ? DELAYED : ARRANGED};
	expect_ok(hf_outbox_enqueue(store, NULL, &item, NULL, &error), &error);
	if (state == MINE || state == OTHER)
		cell->ours = cell->held = arrange_claim(store, cell, LEASE_LONG);
	if (state == OVER || state == ENDED)
		cell->ours = arrange_claim(store, cell, LEASE_SHORT);
	if (state == UNLEASED)
		cell->ours = cell->held = arrange_claim(store, cell, 0);
	if (state == OTHER) {
		const struct hf_outbox_release give_back = {.queue = hf_str(cell->queue), .id = hf_str("id"), .token = cell->ours};
		expect_ok(hf_outbox_release(store, NULL, &give_back, NULL, &error), &error);
		cell->held = arrange_claim(store, cell, LEASE_LONG);
		assert_true(cell->held > cell->ours);
	}
	if (state == FAILED || state == FAILED_LATER) {
		const struct hf_outbox_mark_failed give_up = {.queue = hf_str(cell->queue), .id = hf_str("id"), .reason = hf_str("boom")};
		expect_ok(hf_outbox_mark_failed(store, NULL, &give_up, NULL, &error), &error);
	}
}

/* --- Performing ------------------------------------------------------------------------------------------------------------- */

static void wrong(const struct operation *op, enum state state, const struct stage *stage, enum manner manner, const char *what,
                  const char *got)
{
	static const char *const manners[] = {"plainly", "with its version expected", "in a transaction"};
	fail_msg("%s on %s, %s, %s: %s: got \"%s\"", op->name, state_names[state], setting_name(stage->setting), manners[manner], what, got);
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
		const struct hf_outbox_guard args = {.write.expect = 7, .queue = hf_str("no such queue"), .id = hf_str("id")};
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
		assert_true(claimed.items[0].version == look(call->store, call->cell, seen));
		render(call->cell, &claimed.items[0], got);
		assert_string_equal(got, seen);
	}
	hf_release(claimed.memory);
	return rc;
}

static void compare_outcome(const struct operation *op, enum state state, const struct stage *stage, enum manner manner,
                            const struct cell *cell, int rc, const struct hf_result *result, hf_lsn version_before, const char *before)
{
	const char *outcome = op->outcome[state_in(state, stage->setting)];
	const bool refused = outcome[0] == 'E', same = outcome[0] == '=', gone = strcmp(outcome, "gone") == 0;
	char after[TEXT_MAX];
	const hf_lsn version = look(stage->store, cell, after);
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
	if (token && (result->token <= cell->ours || (result->token & ((UINT64_C(1) << 48) - 1)) != version))
		wrong(op, state, stage, manner, "a new token, made of the version", "another");
}

/* What must leave no trace: a wrong expectation, and a transaction that fails behind the operation. */
static void try_in_vain(const struct operation *op, enum state state, const struct stage *stage, struct call *call, hf_lsn version)
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
	const bool same = hf__bytes_equal(hf_bytes(before.data, before.len), hf_bytes(after.data, after.len));
	hf__writer_deinit(&before);
	hf__writer_deinit(&after);
	if (!same)
		wrong(op, state, stage, IN_TXN, "taken back", "a trace");
}

static void run_cell(const struct operation *op, enum state state, const struct stage *stage, enum manner manner, const struct cell *cell)
{
	char before[TEXT_MAX];
	struct hf_result result = {0};
	struct hf_error error = {0};
	struct call call = {.store = stage->store, .cell = cell, .result = &result};
	const hf_lsn version = look(stage->store, cell, before);
	if (strcmp(before, text_of_state(state_in(state, stage->setting))) != 0)
		wrong(op, state, stage, manner, "arranged", before);
	if (manner == PLAINLY)
		try_in_vain(op, state, stage, &call, version);
	call.error = &error;
	call.expect = manner != EXPECTING ? 0 : version ? version : HF_ABSENT;
	const int rc = perform(&call, op, manner);
	compare_outcome(op, state, stage, manner, cell, rc, &result, version, before);
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
			if ((state == ENDED) == (pass == 1))
				continue;
			(void)snprintf(cells[op][state][manner].queue, sizeof cells[op][state][manner].queue, "%u %u %u", op, state, manner);
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

static void every_cell_holds_on_a_live_state(void **unused)
{
	(void)unused;
	run_setting(SETTING_LIVE);
}

static void every_cell_holds_after_reopening(void **unused)
{
	(void)unused;
	run_setting(SETTING_REOPENED);
}

static void every_cell_holds_on_a_loaded_state(void **unused)
{
	(void)unused;
	run_setting(SETTING_LOADED);
}

static void every_cell_holds_on_a_followed_state(void **unused)
{
	(void)unused;
	run_setting(SETTING_FED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_cell_holds_on_a_live_state),
	    cmocka_unit_test(every_cell_holds_after_reopening),
	    cmocka_unit_test(every_cell_holds_on_a_loaded_state),
	    cmocka_unit_test(every_cell_holds_on_a_followed_state),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
