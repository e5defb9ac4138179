/* tier: fast */
/* Every cell of the table of the clock: each operation with the clock in each state, with its
 * code, `changed`, version, what the clock shows afterwards and what became of a lease and of an
 * instant that a caller named, in every setting (lib/settings.h); each of them plainly, with an
 * expected version that is right, with one that is wrong, inside a transaction, and inside one
 * that fails afterwards. */
#include "holdfast/holdfast.h"
#include "lib/domains/cells.h"
#include "lib/settings.h"
#include "lib/test.h"

#define HOUR INT64_C(3600000000)
#define NAMED (STAGE_NOW + 5 * HOUR)

enum state { WITH_THE_WALL, AHEAD, SET_BACK, STATES };

static const struct {
	const char *name;
	int64_t ahead; /* of the wall clock, in the end */
} states[STATES] = {
    {"with the wall clock", 0}, {"ahead", HOUR}, {"set back, and still ahead", HOUR}};

struct call {
	hf_store *store;
	hf_txn *txn;
	hf_lsn expect;
	struct hf_result *result;
	struct hf_error *error;
};

static struct hf_clock look(hf_store *store)
{
	struct hf_clock clock = {0};
	assert_int_equal(hf_clock_get(store, 0, &clock, NULL), HF_OK);
	assert_int_equal(clock.ahead_us, clock.now - clock.wall);
	assert_int_equal(clock.version == 0, clock.set_back_us == 0);
	hf_release(clock.memory);
	clock.memory = NULL;
	return clock;
}

static int64_t lease_of(hf_store *store)
{
	struct hf_lock_got got = {0};
	assert_int_equal(hf_lock_get(store, hf_str("l"), 0, &got, NULL), HF_OK);
	hf_release(got.memory);
	return got.lock.lease_until;
}

static int64_t snooze_of(hf_store *store)
{
	struct hf_inbox_got got = {0};
	assert_int_equal(hf_inbox_get(store,
	                              &(struct hf_inbox_key){hf_str("u"), hf_str("a"), hf_str("t")}, 0,
	                              &got, NULL),
	                 HF_OK);
	hf_release(got.memory);
	return got.record.snoozed_until;
}

/* --- Operations ------------------------------------------------------------------------------- */

static int run(const struct call *c, struct hf_clock_set_back_args args)
{
	args.write.expect = c->expect;
	args.reason = args.reason.data ? args.reason : hf_str("the wall clock was wrong");
	return hf_clock_set_back(c->store, c->txn, &args, c->result, c->error);
}
static int set_back(const struct call *c)
{
	return run(c, (struct hf_clock_set_back_args){.by_us = 0});
}
static int set_back_by(const struct call *c)
{
	return run(c, (struct hf_clock_set_back_args){.by_us = HOUR / 4});
}
static int set_back_by_too_much(const struct call *c)
{
	return run(c, (struct hf_clock_set_back_args){.by_us = INT64_MAX});
}
static int set_back_to(const struct call *c)
{
	return run(c, (struct hf_clock_set_back_args){.to = look(c->store).now - HOUR / 2});
}
static int set_back_to_1970(const struct call *c)
{
	return run(c, (struct hf_clock_set_back_args){.write.literal_times = true});
}
static int set_back_to_no_time(const struct call *c)
{
	return run(c, (struct hf_clock_set_back_args){.to = HF_UNSET, .write.literal_times = true});
}
static int set_back_to_what_is_to_come(const struct call *c)
{
	return run(c, (struct hf_clock_set_back_args){.to = look(c->store).now + HOUR});
}
static int set_back_by_less_than_nothing(const struct call *c)
{
	return run(c, (struct hf_clock_set_back_args){.by_us = -1});
}
static int set_back_by_and_to(const struct call *c)
{
	return run(c, (struct hf_clock_set_back_args){.by_us = 1, .to = STAGE_NOW});
}
static int set_back_without_a_reason(const struct call *c)
{
	return run(c, (struct hf_clock_set_back_args){.reason = hf_str(" \t")});
}
static int get(const struct call *c)
{
	(void)look(c->store);
	return HF_OK;
}

/* How far ahead of the wall clock it is afterwards, when it was an hour ahead; SAME: as before,
 * as always when it was not ahead. */
#define SAME (-1)
static const struct operation {
	const char *name;
	int (*run)(const struct call *);
	int rc;
	int64_t ahead;
	bool alone;
} operations[] = {
    {"set_back", set_back, HF_OK, 0, false},
    {"set_back by so much", set_back_by, HF_OK, HOUR - HOUR / 4, false},
    {"set_back by too much", set_back_by_too_much, HF_OK, 0, false},
    {"set_back to an instant", set_back_to, HF_OK, HOUR / 2, false},
    {"set_back to 1970", set_back_to_1970, HF_OK, 0, false},
    {"set_back to what is to come", set_back_to_what_is_to_come, HF_OK, SAME, false},
    {"set_back to no time", set_back_to_no_time, HF_OK, 0, false},
    {"set_back by less than nothing", set_back_by_less_than_nothing, HF_EINVAL, SAME, false},
    {"set_back by and to", set_back_by_and_to, HF_EINVAL, SAME, false},
    {"set_back without a reason", set_back_without_a_reason, HF_EREASON, SAME, false},
    {"get", get, HF_OK, SAME, true},
};

#define OPERATIONS (sizeof operations / sizeof operations[0])

enum manner { PLAINLY, EXPECTING, IN_TXN, MANNERS };

/* --- Performing ------------------------------------------------------------------------------- */

static void wrong(const struct operation *op, enum state state, const struct stage *stage,
                  enum manner manner, const char *what)
{
	static const char *const manners[] = {"plainly", "with its version expected",
	                                      "in a transaction"};
	fail_msg("%s, %s, %s, %s: %s", op->name, states[state].name, setting_name(stage->setting),
	         manners[manner], what);
}

static int perform_in_txn(struct call *call, const struct operation *op, bool spoiled)
{
	assert_int_equal(hf_txn_begin(call->store, &call->txn, call->error), HF_OK);
	int rc = op->run(call);
	if (rc == HF_OK && spoiled) {
		const struct hf_lock_guard_args args = {.write.expect = 7, .name = hf_str("no such lock")};
		assert_int_equal(hf_lock_guard(call->store, call->txn, &args, NULL, call->error), HF_OK);
	}
	if (rc == HF_OK)
		rc = hf_txn_commit(call->txn, HF_DURABLE, call->error);
	else
		hf_txn_abandon(call->txn);
	call->txn = NULL;
	return rc;
}

static void try_in_vain(const struct operation *op, enum state state, struct stage *stage,
                        struct call *call, hf_lsn version)
{
	struct hf__writer before = stage_dump(stage);
	const struct hf_clock clock = look(stage->store);
	call->expect = version ? version + 1 : 12345;
	if (op->run(call) != (op->rc ? op->rc : HF_ECONFLICT))
		wrong(op, state, stage, PLAINLY, "a wrong version was expected");
	call->expect = 0;
	if (perform_in_txn(call, op, true) != (op->rc ? op->rc : HF_ECONFLICT))
		wrong(op, state, stage, IN_TXN, "spoiled afterwards");
	assert_false(call->result->changed || call->result->version);
	stage_verify(stage);
	struct hf__writer after = stage_dump(stage);
	assert_true(
	    hf__bytes_equal(hf_bytes_of(before.data, before.len), hf_bytes_of(after.data, after.len)));
	assert_true(look(stage->store).now == clock.now);
	hf__writer_deinit(&before);
	hf__writer_deinit(&after);
}

static void run_cell(const struct operation *op, enum state state, struct stage *stage,
                     enum manner manner)
{
	struct hf_error error = {0};
	struct hf_result result = {0};
	struct call call = {.store = stage->store, .result = &result, .error = &error};
	const struct hf_clock before = look(stage->store);
	const int64_t lease = lease_of(stage->store);
	if (before.ahead_us != states[state].ahead || (before.version != 0) != (state == SET_BACK))
		wrong(op, state, stage, manner, "arranged");
	if (manner == PLAINLY && !op->alone)
		try_in_vain(op, state, stage, &call, before.version);
	call.expect = manner != EXPECTING ? 0 : before.version ? before.version : HF_ABSENT;
	const int rc =
	    manner == IN_TXN && !op->alone ? perform_in_txn(&call, op, false) : op->run(&call);
	if (rc != op->rc)
		wrong(op, state, stage, manner, hf_code_name(rc));
	const bool changes = op->ahead != SAME && state != WITH_THE_WALL;
	const struct hf_clock after = look(stage->store);
	const int64_t difference = changes ? HOUR - op->ahead : 0;
	if (after.now != before.now - difference || after.wall != before.wall)
		wrong(op, state, stage, manner, "what the clock shows");
	if (after.set_back_us != before.set_back_us + difference ||
	    (after.version != before.version) != changes)
		wrong(op, state, stage, manner, "what is known of set-backs");
	if (changes && (after.difference_us != difference || after.set_back_at != before.now))
		wrong(op, state, stage, manner, "the newest set-back");
	if (result.changed != changes || result.count != changes ||
	    (!op->alone && result.version != (rc ? 0 : after.version)))
		wrong(op, state, stage, manner, "changed, count, version");
	if (lease_of(stage->store) != lease - difference)
		wrong(op, state, stage, manner, "the end of a lease");
	if (snooze_of(stage->store) != NAMED)
		wrong(op, state, stage, manner, "the instant that a caller named");
}

/* A lease of three hours and a record that sleeps until an instant; then the wall clock goes
 * wrong, and right again. */
static void arrange(struct stage *stage, enum state state)
{
	const struct hf_lock_acquire_args acquire = {
	    .name = hf_str("l"), .owner = hf_str("o"), .lease_us = 3 * HOUR};
	const struct hf_inbox_input record = {
	    .account = hf_str("a"), .thread = hf_str("t"), .updated_at = 5};
	const struct hf_inbox_save_args save = {
	    .user = hf_str("u"), .records = &record, .count = 1, .generated_at = 5};
	const struct hf_inbox_snooze_args snooze = {.key = {hf_str("u"), hf_str("a"), hf_str("t")},
	                                            .until = NAMED};
	const int64_t off = state == WITH_THE_WALL ? 0 : state == AHEAD ? HOUR : 2 * HOUR;
	assert_int_equal(hf_inbox_save(stage->store, NULL, &save, NULL, NULL), HF_OK);
	assert_int_equal(hf_inbox_snooze(stage->store, NULL, &snooze, NULL, NULL), HF_OK);
	stage_at(stage, STAGE_NOW + off);
	assert_int_equal(hf_lock_acquire(stage->store, NULL, &acquire, NULL, NULL), HF_OK);
	stage_at(stage, STAGE_NOW);
	const struct hf_clock_set_back_args back = {.reason = hf_str("so"), .by_us = HOUR};
	if (state == SET_BACK)
		assert_int_equal(hf_clock_set_back(stage->store, NULL, &back, NULL, NULL), HF_OK);
}

static void every_cell_holds_in_every_setting(void **unused)
{
	(void)unused;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		for (unsigned i = 0; i < OPERATIONS * STATES * MANNERS; i++) {
			struct stage *stage = stage_open(setting);
			const enum state state = (enum state)(i / MANNERS % STATES);
			arrange(stage, state);
			/* what was written is not behind the wall clock after reopening */
			stage_at(stage, STAGE_NOW + 100);
			stage_switch(stage);
			stage_at(stage, look(stage->store).now - states[state].ahead);
			run_cell(&operations[i / (STATES * MANNERS)], state, stage, (enum manner)(i % MANNERS));
			stage_close(stage);
		}
	}
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
	cells_are_listed("clock", operation_name, state_name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_cells_are_those_of_the_design),
	    cmocka_unit_test(every_cell_holds_in_every_setting),
	};
	return cmocka_run_group_tests_name("clock table", tests, NULL, NULL);
}
