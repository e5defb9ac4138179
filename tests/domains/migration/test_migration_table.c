/* tier: fast */
/* Every cell of the table of migrations: each operation on a name in each state, with its code,
 * `changed`, version and what is recorded afterwards, in every setting (lib/settings.h); each of
 * them plainly, with an expected version that is right, with one that is wrong, inside a
 * transaction, and inside one that fails afterwards. */
#include "holdfast/migration.h"
#include "lib/domains/cells.h"
#include "lib/settings.h"
#include "lib/test.h"

#define NOW (STAGE_NOW + 1000000)

enum state { ABSENT, APPLIED, SUMMED, FORGOTTEN, STATES };
#define CHECKSUM UINT64_C(7)

static const struct {
	const char *name;
} states[STATES] = {{"absent"}, {"applied"}, {"applied with a checksum"}, {"forgotten"}};

struct call {
	hf_store *store;
	hf_txn *txn;
	const char *name;
	hf_lsn expect;
	struct hf_result *result;
	struct hf_error *error;
};

enum { NONE = -1, GREATEST = -2 };

/* When it was applied, HF_UNSET: it was not; with which checksum; and its version. */
static hf_lsn look_closely(hf_store *store, const char *name, hf_time *applied_at, int *checksum)
{
	struct hf_migration_page page = {0};
	hf_lsn version = 0;
	*applied_at = HF_UNSET;
	*checksum = NONE;
	assert_int_equal(hf_migration_list(store, NULL, 0, &page, NULL), HF_OK);
	for (size_t i = 0; i < page.count; i++) {
		if (!hf__bytes_equal(page.items[i].name, hf_str(name)))
			continue;
		assert_int_equal(version, 0); /* once */
		version = page.items[i].version;
		*applied_at = page.items[i].applied_at;
		const uint64_t kept = page.items[i].checksum;
		*checksum = !page.items[i].has_checksum ? NONE : kept == UINT64_MAX ? GREATEST : (int)kept;
	}
	hf_release(page.memory);
	bool applied;
	assert_int_equal(hf_migration_applied(store, hf_str(name), 0, &applied, NULL), HF_OK);
	assert_int_equal(applied, version != 0);
	return version;
}

static hf_lsn look(hf_store *store, const char *name, hf_time *applied_at)
{
	int checksum;
	return look_closely(store, name, applied_at, &checksum);
}

/* --- Operations ------------------------------------------------------------------------------- */

static int record_at(const struct call *c, hf_time applied_at)
{
	const struct hf_migration_record_args args = {
	    .write.expect = c->expect, .name = hf_str(c->name), .applied_at = applied_at};
	return hf_migration_record(c->store, c->txn, &args, c->result, c->error);
}
static int record(const struct call *c)
{
	return record_at(c, 0);
}
static int record_with_a_time(const struct call *c)
{
	return record_at(c, 77);
}
static int record_literally(const struct call *c)
{
	const struct hf_migration_record_args args = {
	    .write = {.expect = c->expect, .literal_times = true}, .name = hf_str(c->name)};
	return hf_migration_record(c->store, c->txn, &args, c->result, c->error);
}
static int record_summed(const struct call *c, uint64_t checksum)
{
	const struct hf_migration_record_args args = {.write.expect = c->expect,
	                                              .name = hf_str(c->name),
	                                              .has_checksum = true,
	                                              .checksum = checksum};
	return hf_migration_record(c->store, c->txn, &args, c->result, c->error);
}
static int record_with_a_checksum(const struct call *c)
{
	return record_summed(c, CHECKSUM);
}
static int record_with_another(const struct call *c)
{
	return record_summed(c, 0);
}
static int forget(const struct call *c)
{
	const struct hf_migration_forget_args args = {.write.expect = c->expect,
	                                              .name = hf_str(c->name)};
	return hf_migration_forget(c->store, c->txn, &args, c->result, c->error);
}
static int guard(const struct call *c)
{
	hf_time applied_at;
	const hf_lsn version = look(c->store, c->name, &applied_at);
	const struct hf_migration_guard_args args = {.write.expect = c->expect ? c->expect
	                                                             : version ? version
	                                                                       : HF_ABSENT,
	                                             .name = hf_str(c->name)};
	return hf_migration_guard(c->store, c->txn, &args, c->result, c->error);
}

/* What takes neither an expected version nor a transaction. */
static int migrate_summed(const struct call *c, bool has_checksum, uint64_t checksum)
{
	/* With the newest of all behind it: a list must not end before what was applied. */
	struct hf_migration_page page = {0};
	assert_int_equal(hf_migration_list(c->store, NULL, 0, &page, NULL), HF_OK);
	const struct hf_bytes newest =
	    page.count > 0 ? page.items[page.count - 1].name : hf_str(c->name);
	struct hf_migration list[] = {{.name = hf_str(c->name)}, {.name = newest}};
	list[0].has_checksum = has_checksum;
	list[0].checksum = checksum;
	const size_t count = hf__bytes_equal(newest, list[0].name) ? 1 : 2;
	struct hf_migrated done = {0};
	hf_time applied_at;
	const int rc = hf_migrate(c->store, list, count, &done, c->error);
	hf_release(page.memory);
	*c->result = (struct hf_result){.changed = done.applied > 0,
	                                .count = done.applied,
	                                .version = look(c->store, c->name, &applied_at)};
	assert_int_equal(done.applied + done.skipped, rc == HF_OK ? count : 0);
	if (rc != HF_OK)
		*c->result = (struct hf_result){0};
	return rc;
}
static int migrate(const struct call *c)
{
	return migrate_summed(c, false, 0);
}
static int migrate_with_a_checksum(const struct call *c)
{
	return migrate_summed(c, true, CHECKSUM);
}
static int migrate_with_another(const struct call *c)
{
	return migrate_summed(c, true, UINT64_MAX);
}
static int applied(const struct call *c)
{
	bool there;
	const int rc = hf_migration_applied(c->store, hf_str(c->name), 0, &there, c->error);
	hf_time applied_at;
	c->result->version = look(c->store, c->name, &applied_at);
	return rc == HF_OK && !there ? HF_ENOTFOUND : rc;
}

/* By state; that of a name forgotten is that of one absent. A code: refused, nothing; "=": HF_OK,
 * nothing; else changed: "gone", or when it was applied afterwards. */
static const struct operation {
	const char *name;
	int (*run)(const struct call *);
	enum { ANYHOW, IN_TXN_ONLY, ALONE } how;
	const char *absent, *applied, *summed;
	int checksum; /* of one that it applies; NONE, GREATEST */
} operations[] = {
    {"record", record, ANYHOW, "now", "=", "=", NONE},
    {"record with a time", record_with_a_time, ANYHOW, "77", "=", "=", NONE},
    {"record literally", record_literally, ANYHOW, "0", "=", "=", NONE},
    {"record with a checksum", record_with_a_checksum, ANYHOW, "now", "=", "=", CHECKSUM},
    {"record with another checksum", record_with_another, ANYHOW, "now", "=", "ECONFLICT", 0},
    {"forget", forget, ANYHOW, "ENOTFOUND", "gone", "gone", NONE},
    {"guard", guard, IN_TXN_ONLY, "=", "=", "=", NONE},
    {"migrate", migrate, ALONE, "now", "=", "=", NONE},
    {"migrate with a checksum", migrate_with_a_checksum, ALONE, "now", "=", "=", CHECKSUM},
    {"migrate with another checksum", migrate_with_another, ALONE, "now", "=", "ECONFLICT",
     GREATEST},
    {"applied", applied, ALONE, "ENOTFOUND", "=", "=", NONE},
};

#define OPERATIONS (sizeof operations / sizeof operations[0])

static const char *outcome_of(const struct operation *op, enum state state)
{
	return state == APPLIED ? op->applied : state == SUMMED ? op->summed : op->absent;
}

static int code_of(const char *outcome)
{
	return strcmp(outcome, "ENOTFOUND") == 0   ? HF_ENOTFOUND
	       : strcmp(outcome, "ECONFLICT") == 0 ? HF_ECONFLICT
	                                           : HF_OK;
}

enum manner { PLAINLY, EXPECTING, IN_TXN, MANNERS };

/* --- Performing ------------------------------------------------------------------------------- */

static void wrong(const struct operation *op, enum state state, const struct stage *stage,
                  enum manner manner, const char *what)
{
	static const char *const manners[] = {"plainly", "with its version expected",
	                                      "in a transaction"};
	fail_msg("%s on %s, %s, %s: %s", op->name, states[state].name, setting_name(stage->setting),
	         manners[manner], what);
}

static int perform_in_txn(struct call *call, const struct operation *op, bool spoiled)
{
	assert_int_equal(hf_txn_begin(call->store, &call->txn, call->error), HF_OK);
	assert_int_equal(op->run(call), HF_OK);
	if (spoiled) {
		const struct hf_migration_guard_args args = {.write.expect = 7,
		                                             .name = hf_str("no such migration")};
		assert_int_equal(hf_migration_guard(call->store, call->txn, &args, NULL, call->error),
		                 HF_OK);
	}
	const int rc = hf_txn_commit(call->txn, HF_DURABLE, call->error);
	call->txn = NULL;
	return rc;
}

static int perform(struct call *call, const struct operation *op, enum manner manner)
{
	return manner == IN_TXN || op->how == IN_TXN_ONLY ? perform_in_txn(call, op, false)
	                                                  : op->run(call);
}

/* What must leave no trace. */
static void try_in_vain(const struct operation *op, enum state state, struct stage *stage,
                        struct call *call, hf_lsn version)
{
	const char *outcome = outcome_of(op, state);
	struct hf__writer before = stage_dump(stage);
	call->expect = version ? version + 1 : 12345;
	if (perform(call, op, PLAINLY) != HF_ECONFLICT)
		wrong(op, state, stage, PLAINLY, "a wrong version was expected");
	call->expect = 0;
	if (perform_in_txn(call, op, true) != (outcome[0] == 'E' ? code_of(outcome) : HF_ECONFLICT))
		wrong(op, state, stage, IN_TXN, "spoiled afterwards");
	assert_false(call->result->changed || call->result->version);
	stage_verify(stage);
	struct hf__writer after = stage_dump(stage);
	assert_true(
	    hf__bytes_equal(hf_bytes_of(before.data, before.len), hf_bytes_of(after.data, after.len)));
	hf__writer_deinit(&before);
	hf__writer_deinit(&after);
}

static void run_cell(const struct operation *op, enum state state, struct stage *stage,
                     enum manner manner, const char *name)
{
	const char *outcome = outcome_of(op, state);
	const bool refused = outcome[0] == 'E', same = outcome[0] == '=';
	struct hf_error error = {0};
	struct hf_result result = {0};
	struct call call = {.store = stage->store, .name = name, .result = &result, .error = &error};
	hf_time before, after;
	const hf_lsn version = look(stage->store, name, &before);
	if (state == APPLIED || state == SUMMED ? !stage_stamped(before, STAGE_NOW)
	                                        : before != HF_UNSET)
		wrong(op, state, stage, manner, "arranged");
	if (op->how == ALONE && manner != PLAINLY)
		return;
	if (manner == PLAINLY && op->how != ALONE)
		try_in_vain(op, state, stage, &call, version);
	call.expect = manner != EXPECTING ? 0 : version ? version : HF_ABSENT;
	const int rc = perform(&call, op, manner);
	int checksum;
	const hf_lsn now = look_closely(stage->store, name, &after, &checksum);
	if (rc != code_of(outcome))
		wrong(op, state, stage, manner, hf_code_name(rc));
	const hf_time want = refused || same                ? before
	                     : strcmp(outcome, "gone") == 0 ? HF_UNSET
	                     : strcmp(outcome, "now") == 0  ? NOW
	                     : strcmp(outcome, "0") == 0    ? 0
	                                                    : 77;
	if (after != want && !(want == NOW && stage_stamped(after, NOW)))
		wrong(op, state, stage, manner, "when it was applied");
	if (now && checksum != (result.changed ? op->checksum : state == SUMMED ? (int)CHECKSUM : NONE))
		wrong(op, state, stage, manner, "the checksum");
	if (result.changed == (refused || same) || result.count != result.changed ||
	    result.version != (refused ? 0 : now))
		wrong(op, state, stage, manner, "changed, count, version");
	if ((refused || same) ? now != version : now == version)
		wrong(op, state, stage, manner, "the version");
}

static void arrange(hf_store *store, const char *name, enum state state)
{
	const struct hf_migration_record_args args = {
	    .name = hf_str(name), .has_checksum = state == SUMMED, .checksum = CHECKSUM};
	if (state != ABSENT)
		assert_int_equal(hf_migration_record(store, NULL, &args, NULL, NULL), HF_OK);
	if (state == FORGOTTEN)
		assert_int_equal(
		    hf_migration_forget(
		        store, NULL, &(struct hf_migration_forget_args){.name = hf_str(name)}, NULL, NULL),
		    HF_OK);
}

static void every_cell_holds_in_every_setting(void **unused)
{
	(void)unused;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		struct stage *stage = stage_open(setting);
		for (unsigned pass = 0; pass < 2; pass++) {
			for (unsigned i = 0; i < OPERATIONS * STATES * MANNERS; i++) {
				const unsigned op = i / (STATES * MANNERS), state = i / MANNERS % STATES,
				               manner = i % MANNERS;
				char name[32];
				(void)snprintf(name, sizeof name, "%u %u %u", op, state, manner);
				if (pass == 0)
					arrange(stage->store, name, (enum state)state);
				else
					run_cell(&operations[op], (enum state)state, stage, (enum manner)manner, name);
			}
			if (pass == 0)
				stage_switch(stage);
			stage_at(stage, NOW);
		}
		stage_close(stage);
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
	cells_are_listed("migration", operation_name, state_name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_cells_are_those_of_the_design),
	    cmocka_unit_test(every_cell_holds_in_every_setting),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
