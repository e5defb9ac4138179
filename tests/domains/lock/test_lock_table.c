/* tier: fast */
/* Every cell of the lock tables: each operation on a lock in each state, with its code,
 * `changed`, version and the lock that results, run on a live store, after reopening, and on a
 * state loaded from a snapshot; each mutation plainly, with an expected version that is right,
 * with one that is wrong, inside a transaction, and inside one that fails afterwards.
 *
 * Each cell has a lock of its own, so all of them are arranged in one store, carried over
 * together, and then performed. */
#include "holdfast/lock.h"
#include "lib/domains/cells.h"
#include "lib/settings.h"
#include "lib/test.h"

#define SECOND INT64_C(1000000)
/* the rest is arranged when the first leases are over and that is logged */
#define LOGGED (STAGE_NOW + 20 * SECOND)
#define NOW (STAGE_NOW + 60 * SECOND)
#define LEASE_SHORT (10 * SECOND)
#define LEASE_LONG (3600 * SECOND)
#define LEASE_NEW (60 * SECOND)
#define PAST (STAGE_NOW - 5 * SECOND)
#define TEXT_MAX 256u

/* The states a lock is arranged in. */
enum state {
	FREE, /* never held */
	RELEASED,
	MINE, /* held by this owner and token, lease running */
	UNLEASED, /* the same without a lease: ends when the store is closed */
	NEWER, /* held by this owner, by a later grant than that of our token */
	OTHER, /* held by another owner; our token is of an earlier grant */
	OVER, /* held by this token, lease over */
	ENDED, /* the same, and that is logged */
	STATES,
};

static const char *const state_names[STATES] = {"free",
                                                "released",
                                                "held",
                                                "held without lease",
                                                "held by a newer grant",
                                                "held by another",
                                                "lease over",
                                                "lease over and logged"};

struct cell {
	char name[48];
	hf_token ours; /* the token that operations present */
	hf_token held; /* the token that holds the lock; 0: none */
};

/* --- A lock as text: "owner token@lease acquired" --------------------------------------------- */

static char time_letter(hf_time time)
{
	static const struct {
		hf_time time;
		char letter;
	} known[] = {{LOGGED, 'A'},          {NOW, 'N'},     {PAST, 'P'}, {LOGGED + LEASE_LONG, 'L'},
	             {NOW + LEASE_NEW, 'M'}, {HF_UNSET, '-'}};
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (known[i].time == time ||
		    (known[i].time != HF_UNSET && stage_stamped(time, known[i].time)))
			return known[i].letter;
	return '?';
}

/* The lock as text, "" for a free one, and its version. */
static hf_lsn look(hf_store *store, const struct cell *cell, char out[TEXT_MAX])
{
	struct hf_lock_got got;
	struct hf_error error = {0};
	const int rc = hf_lock_get(store, hf_str(cell->name), 0, &got, &error);
	out[0] = '\0';
	if (rc == HF_ENOTFOUND)
		return 0;
	if (rc != HF_OK)
		fail_msg("get: %s", error.text);
	assert_true(hf__bytes_equal(got.lock.name, hf_str(cell->name)));
	const char token = got.lock.token == cell->ours   ? 't'
	                   : got.lock.token == cell->held ? 'o'
	                                                  : 'n';
	(void)snprintf(out, TEXT_MAX, "%.*s %c@%c %c", (int)got.lock.owner.len,
	               (const char *)got.lock.owner.data, token, time_letter(got.lock.lease_until),
	               time_letter(got.lock.acquired_at));
	const hf_lsn version = got.lock.version;
	assert_true(version != 0);
	hf_release(got.memory);
	return version;
}

/* --- Operations ------------------------------------------------------------------------------- */

/* What every operation of the table is called with. */
struct call {
	hf_store *store;
	hf_txn *txn;
	const struct cell *cell;
	hf_lsn expect;
	struct hf_result *result;
	struct hf_error *error;
};

#define COMMON .write.expect = c->expect, .name = hf_str(c->cell->name)

static int acquire_as(const struct call *c, const char *owner, int64_t lease)
{
	const struct hf_lock_acquire_args args = {COMMON, .owner = hf_str(owner), .lease_us = lease};
	return hf_lock_acquire(c->store, c->txn, &args, c->result, c->error);
}
static int acquire(const struct call *c)
{
	return acquire_as(c, "w1", LEASE_NEW);
}
static int acquire_unleased(const struct call *c)
{
	return acquire_as(c, "w1", 0);
}
static int acquire_by_another(const struct call *c)
{
	return acquire_as(c, "w2", LEASE_NEW);
}

static int renew_for(const struct call *c, int64_t lease)
{
	const struct hf_lock_renew_args args = {COMMON, .token = c->cell->ours, .lease_us = lease};
	return hf_lock_renew(c->store, c->txn, &args, c->result, c->error);
}
static int renew(const struct call *c)
{
	return renew_for(c, LEASE_NEW);
}
static int renew_unleased(const struct call *c)
{
	return renew_for(c, 0);
}

static int release(const struct call *c)
{
	const struct hf_lock_release_args args = {COMMON, .token = c->cell->ours};
	return hf_lock_release(c->store, c->txn, &args, c->result, c->error);
}
static int force_release(const struct call *c)
{
	const struct hf_lock_force_release_args args = {COMMON, .reason = hf_str("the holder hangs")};
	return hf_lock_force_release(c->store, c->txn, &args, c->result, c->error);
}

static int put_until(const struct call *c, const char *owner, hf_time until)
{
	const struct hf_lock_put_args args = {COMMON, .owner = hf_str(owner), .acquired_at = PAST,
	                                      .lease_until = until};
	return hf_lock_put(c->store, c->txn, &args, c->result, c->error);
}
static int put(const struct call *c)
{
	return put_until(c, "w1", NOW + LEASE_NEW);
}
static int put_past(const struct call *c)
{
	return put_until(c, "w2", NOW);
}

static int guard(const struct call *c)
{
	char text[TEXT_MAX];
	const hf_lsn version = look(c->store, c->cell, text);
	const struct hf_lock_guard_args args = {.write.expect = c->expect ? c->expect
	                                                        : version ? version
	                                                                  : HF_ABSENT,
	                                        .name = hf_str(c->cell->name)};
	return hf_lock_guard(c->store, c->txn, &args, c->result, c->error);
}
static int guard_held(const struct call *c)
{
	const struct hf_lock_guard_held_args args = {COMMON, .token = c->cell->ours};
	return hf_lock_guard_held(c->store, c->txn, &args, c->result, c->error);
}

static int check(const struct call *c)
{
	const struct hf_lock_check_args args = {hf_str(c->cell->name), c->cell->ours};
	return hf_lock_check(c->store, &args, 0, c->error);
}

static void note(void *ctx)
{
	*(unsigned *)ctx += 1;
}
static int with_lock(const struct call *c)
{
	unsigned calls = 0;
	const struct hf_lock_with_args args = {.name = hf_str(c->cell->name)};
	const int rc = hf_lock_with(c->store, &args, note, &calls, c->error);
	assert_int_equal(calls, rc == HF_OK ? 1 : 0);
	return rc;
}

/* --- The table -------------------------------------------------------------------------------- */

enum sort { MUTATION, GUARD, READ };

/* What becomes of the lock: "=" nothing, HF_OK and changed = false; "free"; a code: refused,
 * nothing; else the lock afterwards, changed. */
struct operation {
	const char *name;
	int (*run)(const struct call *);
	enum sort sort;
	const char *outcome[STATES]; /* ENDED: the same as OVER */
};

#define ALL_ESTALE_BUT(mine, unleased) \
	{ \
		"ESTALE", "ESTALE", mine, unleased, "ESTALE", "ESTALE", "ESTALE", NULL \
	}
#define ANYWAY(lock, other) \
	{ \
		lock, lock, lock, lock, lock, other, lock, NULL \
	}

static const struct operation operations[] = {
    {"acquire", acquire, MUTATION, ANYWAY("w1 n@M N", "EHELD")},
    {"acquire without lease", acquire_unleased, MUTATION, ANYWAY("w1 n@- N", "EHELD")},
    {"acquire by another",
     acquire_by_another,
     MUTATION,
     {"w2 n@M N", "w2 n@M N", "EHELD", "EHELD", "EHELD", "w2 n@M N", "w2 n@M N", NULL}},
    {"renew", renew, MUTATION, ALL_ESTALE_BUT("w1 t@M A", "w1 t@M A")},
    {"renew without lease", renew_unleased, MUTATION, ALL_ESTALE_BUT("w1 t@- A", "=")},
    {"release", release, MUTATION, ALL_ESTALE_BUT("free", "free")},
    {"force_release",
     force_release,
     MUTATION,
     {"=", "=", "free", "free", "free", "free", "=", NULL}},
    {"put", put, MUTATION, ANYWAY("w1 n@M P", "EHELD")},
    {"put past", put_past, MUTATION, ANYWAY("=", "=")},
    {"guard", guard, GUARD, ANYWAY("=", "=")},
    {"guard_held", guard_held, GUARD, ALL_ESTALE_BUT("=", "=")},
    {"check", check, READ, ALL_ESTALE_BUT("=", "=")},
    {"with_lock", with_lock, READ, {"=", "=", "EHELD", "EHELD", "EHELD", "EHELD", "=", NULL}},
};

#define OPERATIONS (sizeof operations / sizeof operations[0])

/* How an operation is performed. */
enum manner { PLAINLY, EXPECTING, IN_TXN, MANNERS };

/* The state that the setting makes of it: closing the store frees what is held without a lease. */
static enum state state_in(enum state state, enum setting setting)
{
	if (state == ENDED || (state == UNLEASED && setting == SETTING_REOPENED))
		return OVER;
	return state;
}

static const char *text_of_state(enum state state)
{
	static const char *const texts[STATES] = {
	    [FREE] = "",          [RELEASED] = "",      [MINE] = "w1 t@L A", [UNLEASED] = "w1 t@- A",
	    [NEWER] = "w1 o@L A", [OTHER] = "w2 o@L A", [OVER] = "",
	};
	return texts[state];
}

/* --- Arranging -------------------------------------------------------------------------------- */

static void expect_ok(int rc, const struct hf_error *error)
{
	if (rc != HF_OK)
		fail_msg("arranging: %s", error->text);
}

static hf_token grant(hf_store *store, const struct cell *cell, const char *owner, int64_t lease)
{
	struct hf_error error = {0};
	struct hf_result result;
	const struct hf_lock_acquire_args args = {
	    .name = hf_str(cell->name), .owner = hf_str(owner), .lease_us = lease};
	expect_ok(hf_lock_acquire(store, NULL, &args, &result, &error), &error);
	return result.token;
}

static void give_back(hf_store *store, const struct cell *cell)
{
	struct hf_error error = {0};
	const struct hf_lock_release_args args = {.name = hf_str(cell->name), .token = cell->ours};
	expect_ok(hf_lock_release(store, NULL, &args, NULL, &error), &error);
}

static void arrange(hf_store *store, struct cell *cell, enum state state)
{
	cell->ours = 77; /* where there never was one */
	if (state == FREE)
		return;
	cell->ours = grant(store, cell, "w1",
	                   state == UNLEASED                 ? 0
	                   : state == OVER || state == ENDED ? LEASE_SHORT
	                                                     : LEASE_LONG);
	if (state == RELEASED || state == OTHER)
		give_back(store, cell);
	if (state == NEWER || state == OTHER) {
		cell->held = grant(store, cell, state == NEWER ? "w1" : "w2", LEASE_LONG);
		assert_true(cell->held > cell->ours);
	}
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
	int rc = hf_txn_begin(call->store, &call->txn, call->error);
	assert_int_equal(rc, HF_OK);
	rc = op->run(call);
	assert_int_equal(rc, HF_OK);
	if (spoiler) {
		const struct hf_lock_guard_args args = {.write.expect = 7, .name = hf_str("no such lock")};
		assert_int_equal(hf_lock_guard(call->store, call->txn, &args, NULL, call->error), HF_OK);
	}
	rc = hf_txn_commit(call->txn, HF_DURABLE, call->error);
	call->txn = NULL;
	return rc;
}

static int perform(struct call *call, const struct operation *op, enum manner manner)
{
	return manner == IN_TXN || op->sort == GUARD ? perform_in_txn(call, op, false) : op->run(call);
}

static void compare_outcome(const struct operation *op, enum state state, const struct stage *stage,
                            enum manner manner, const struct cell *cell, int rc,
                            const struct hf_result *result, hf_lsn version_before,
                            const char *before)
{
	const char *outcome = op->outcome[state_in(state, stage->setting)];
	const bool refused = outcome[0] == 'E', same = outcome[0] == '=',
	           gone = strcmp(outcome, "free") == 0;
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
		wrong(op, state, stage, manner, "the lock's version", changed ? "the same" : "another");
	if (op->sort != READ && result->version != (refused ? 0 : version))
		wrong(op, state, stage, manner, "the result's version", "another");
	const bool granted = changed && strstr(after, " n@");
	if (granted && (result->token <= cell->ours || result->token <= cell->held ||
	                (result->token & ((UINT64_C(1) << 48) - 1)) != version))
		wrong(op, state, stage, manner, "a new token, made of the version", "another");
	if (changed && strstr(after, " t@") && result->token != cell->ours)
		wrong(op, state, stage, manner, "the token that stays", "another");
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
	int rc = perform(call, op, PLAINLY);
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
	if (op->sort == READ && manner != PLAINLY)
		return;
	const hf_lsn version = look(stage->store, cell, before);
	if (strcmp(before, text_of_state(state_in(state, stage->setting))) != 0)
		wrong(op, state, stage, manner, "arranged", before);
	if (manner == PLAINLY && op->sort != READ)
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
			const unsigned op = i / (STATES * MANNERS), state = i / MANNERS % STATES,
			               manner = i % MANNERS;
			if ((state == ENDED) == (pass == 1))
				continue;
			struct cell *cell = &cells[op][state][manner];
			(void)snprintf(cell->name, sizeof cell->name, "%s/%s/%u", operations[op].name,
			               state_names[state], manner);
			arrange(stage->store, cell, (enum state)state);
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
	return i < STATES ? state_names[i] : NULL;
}

static void the_cells_are_those_of_the_design(void **unused)
{
	(void)unused;
	cells_are_listed("lock", operation_name, state_name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_cells_are_those_of_the_design),
	    cmocka_unit_test(every_cell_holds_in_every_setting),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
