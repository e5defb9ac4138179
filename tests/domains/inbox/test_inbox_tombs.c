/* tier: fast */
/* Tombstones: what a save meets in each state of a key, and what put and lift do. The deadlines are
 * the simulated clock's. */
#include "lib/domains/cells.h"
#include "tombs_case.h"

static void dismiss_it(hf_store *store, const char *user)
{
	const struct hf_inbox_mark_args args = {.key = key_of(user)};
	assert_int_equal(hf_inbox_dismiss(store, NULL, &args, NULL, NULL), HF_OK);
}

/* --- States: at STAGE_NOW, looked at from NOW on ---------------------------------------------- */

static const struct state {
	const char *name;
	const char *text; /* at NOW */
} states[] = {
    {"absent", ""},
    {"a record", "record d:no"},
    {"a dismissed record", "record d:A"},
    {"dismissal stands", "dismissal d:A u:720"},
    {"removal stands", "removal d:- u:2"},
    {"dismissal over", ""},
    {"removal over", ""},
    {"dismissal not left", ""},
};

enum {
	ABSENT,
	RECORD,
	DISMISSED,
	DISMISSAL,
	REMOVAL,
	DISMISSAL_OVER,
	REMOVAL_OVER,
	NOT_LEFT,
	STATES
};

static void arrange(hf_store *store, unsigned state, const char *user)
{
	static const int64_t spans[STATES] = {[DISMISSAL_OVER] = HOUR,
	                                      [REMOVAL] = 2 * HOUR,
	                                      [REMOVAL_OVER] = HOUR - 1,
	                                      [NOT_LEFT] = HF_INBOX_NO_TOMBSTONE};
	if (state == ABSENT)
		return;
	(void)save(store, user, "t", HF_INBOX_UPSERT, 0);
	if (state != RECORD && state != REMOVAL && state != REMOVAL_OVER)
		dismiss_it(store, user);
	if (state == DISMISSAL || state == DISMISSAL_OVER || state == NOT_LEFT)
		(void)save(store, user, NULL, HF_INBOX_REPLACE, spans[state]);
	if (state == REMOVAL || state == REMOVAL_OVER)
		assert_int_equal(remove_it(store, user, spans[state]), HF_OK);
}

/* --- Operations ------------------------------------------------------------------------------- */

static int do_save(hf_store *store, const char *user, struct hf_result *result)
{
	*result = save(store, user, "t", HF_INBOX_UPSERT, 0);
	return HF_OK;
}

static int do_replace(hf_store *store, const char *user, struct hf_result *result)
{
	*result = save(store, user, "t", HF_INBOX_REPLACE, 0);
	return HF_OK;
}

static int do_empty(hf_store *store, const char *user, struct hf_result *result)
{
	*result = save(store, user, NULL, HF_INBOX_REPLACE, 3 * HOUR);
	return HF_OK;
}

static int do_clear(hf_store *store, const char *user, struct hf_result *result)
{
	return hf_inbox_clear(store, NULL, &(struct hf_inbox_clear_args){.user = hf_str(user)}, result,
	                      NULL);
}

static int put(hf_store *store, const char *user, bool dismissed, int64_t until, hf_lsn expect,
               struct hf_result *result)
{
	const struct hf_inbox_put_tombstone_args args = {.write.expect = expect,
	                                                 .key = key_of(user),
	                                                 .dismissed = dismissed,
	                                                 .dismissed_at = dismissed ? 7 : HF_UNSET,
	                                                 .until = until};
	return hf_inbox_put_tombstone(store, NULL, &args, result, NULL);
}

static int do_put_dismissal(hf_store *store, const char *user, struct hf_result *result)
{
	return put(store, user, true, STAGE_NOW + 5 * HOUR, 0, result);
}

static int do_put_removal(hf_store *store, const char *user, struct hf_result *result)
{
	return put(store, user, false, STAGE_NOW + 2 * HOUR, 0, result);
}

static int do_put_if_none(hf_store *store, const char *user, struct hf_result *result)
{
	return put(store, user, false, STAGE_NOW + 9 * HOUR, HF_ABSENT, result);
}

static int do_lift(hf_store *store, const char *user, struct hf_result *result)
{
	return put(store, user, false, NOW, 0, result);
}

/* What becomes of the key; NULL: the same as before, nothing is written. */
static const struct operation {
	const char *name;
	int (*run)(hf_store *store, const char *user, struct hf_result *result);
	struct {
		int code;
		const char *then;
	} cells[STATES];
} operations[] = {
    {"save",
     do_save,
     {[ABSENT] = {HF_OK, "record d:no"},
      [RECORD] = {HF_OK, NULL},
      [DISMISSED] = {HF_OK, NULL},
      [DISMISSAL] = {HF_OK, "record d:A"},
      [REMOVAL] = {HF_OK, NULL},
      [DISMISSAL_OVER] = {HF_OK, "record d:no"},
      [REMOVAL_OVER] = {HF_OK, "record d:no"},
      [NOT_LEFT] = {HF_OK, "record d:no"}}},
    {"replace by the record",
     do_replace,
     {[ABSENT] = {HF_OK, "record d:no"},
      [RECORD] = {HF_OK, NULL},
      [DISMISSED] = {HF_OK, NULL},
      [DISMISSAL] = {HF_OK, "record d:A"},
      [REMOVAL] = {HF_OK, NULL},
      [DISMISSAL_OVER] = {HF_OK, "record d:no"},
      [REMOVAL_OVER] = {HF_OK, "record d:no"},
      [NOT_LEFT] = {HF_OK, "record d:no"}}},
    {"replace by nothing",
     do_empty,
     {[RECORD] = {HF_OK, ""},
      [DISMISSED] = {HF_OK, "dismissal d:A u:4"},
      [DISMISSAL] = {HF_OK, NULL},
      [REMOVAL] = {HF_OK, NULL}}},
    {"clear",
     do_clear,
     {[RECORD] = {HF_OK, ""},
      [DISMISSED] = {HF_OK, ""},
      [DISMISSAL] = {HF_OK, ""},
      [REMOVAL] = {HF_OK, ""}}},
    {"put_tombstone of a dismissal",
     do_put_dismissal,
     {[ABSENT] = {HF_OK, "dismissal d:7 u:5"},
      [RECORD] = {HF_ECONFLICT, NULL},
      [DISMISSED] = {HF_ECONFLICT, NULL},
      [DISMISSAL] = {HF_OK, "dismissal d:7 u:5"},
      [REMOVAL] = {HF_OK, "dismissal d:7 u:5"},
      [DISMISSAL_OVER] = {HF_OK, "dismissal d:7 u:5"},
      [REMOVAL_OVER] = {HF_OK, "dismissal d:7 u:5"},
      [NOT_LEFT] = {HF_OK, "dismissal d:7 u:5"}}},
    {"put_tombstone of a removal",
     do_put_removal,
     {[ABSENT] = {HF_OK, "removal d:- u:2"},
      [RECORD] = {HF_ECONFLICT, NULL},
      [DISMISSED] = {HF_ECONFLICT, NULL},
      [DISMISSAL] = {HF_OK, "removal d:- u:2"},
      [REMOVAL] = {HF_OK, NULL},
      [DISMISSAL_OVER] = {HF_OK, "removal d:- u:2"},
      [REMOVAL_OVER] = {HF_OK, "removal d:- u:2"},
      [NOT_LEFT] = {HF_OK, "removal d:- u:2"}}},
    {"put_tombstone where none stands",
     do_put_if_none,
     {[ABSENT] = {HF_OK, "removal d:- u:9"},
      [RECORD] = {HF_ECONFLICT, NULL},
      [DISMISSED] = {HF_ECONFLICT, NULL},
      [DISMISSAL] = {HF_ECONFLICT, NULL},
      [REMOVAL] = {HF_ECONFLICT, NULL},
      [DISMISSAL_OVER] = {HF_OK, "removal d:- u:9"},
      [REMOVAL_OVER] = {HF_OK, "removal d:- u:9"},
      [NOT_LEFT] = {HF_OK, "removal d:- u:9"}}},
    {"put_tombstone that is over",
     do_lift,
     {[RECORD] = {HF_ECONFLICT, NULL},
      [DISMISSED] = {HF_ECONFLICT, NULL},
      [DISMISSAL] = {HF_OK, ""},
      [REMOVAL] = {HF_OK, ""}}},
};

enum { OPERATIONS = sizeof operations / sizeof operations[0] };

static void run_cell(struct stage *stage, const struct operation *op, unsigned state,
                     const char *user)
{
	struct hf_result result = {0};
	char before[64], after[64];
	look(stage->store, user, before);
	if (strcmp(before, states[state].text) != 0)
		fail_msg("%s (%s): \"%s\" instead of \"%s\"", states[state].name,
		         setting_name(stage->setting), before, states[state].text);
	const hf_lsn last = last_lsn(stage->store);
	const int rc = op->run(stage->store, user, &result);
	look(stage->store, user, after);
	const char *want = op->cells[state].then ? op->cells[state].then : before;
	const bool changed = rc == HF_OK && op->cells[state].then;
	if (rc != op->cells[state].code || strcmp(after, want) != 0 || result.changed != changed)
		fail_msg("%s on %s (%s): %s, %s, \"%s\"", op->name, states[state].name,
		         setting_name(stage->setting), hf_code_name(rc),
		         result.changed ? "changed" : "unchanged", after);
	/* one entry, the lifted one included, or none */
	assert_int_equal(last_lsn(stage->store), last + changed);
}

/* With `settled`, upkeep has logged the endings before: that must change no answer. */
static void run_table(enum setting setting, bool settled)
{
	char users[OPERATIONS][STATES][16];
	struct stage *stage = stage_open(setting);
	for (unsigned op = 0; op < OPERATIONS; op++)
		for (unsigned state = 0; state < STATES; state++) {
			(void)snprintf(users[op][state], sizeof users[op][state], "%u-%u", op, state);
			arrange(stage->store, state, users[op][state]);
		}
	stage_switch(stage);
	stage_at(stage, NOW);
	if (settled) {
		const hf_lsn last = last_lsn(stage->store);
		assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
		assert_int_equal(last_lsn(stage->store), last + (hf_lsn)2 * OPERATIONS);
		stage_verify(stage);
	}
	for (unsigned op = 0; op < OPERATIONS; op++)
		for (unsigned state = 0; state < STATES; state++)
			run_cell(stage, &operations[op], state, users[op][state]);
	stage_close(stage);
}

static void each_operation_on_each_state_of_a_key(void **state)
{
	(void)state;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		run_table(setting, false);
		run_table(setting, true);
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

static void the_cells_are_those_of_the_design(void **state)
{
	(void)state;
	cells_are_listed("inbox, tombstones", operation_name, state_name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_operation_on_each_state_of_a_key),
	    cmocka_unit_test(the_cells_are_those_of_the_design),
	};
	return cmocka_run_group_tests_name("inbox tombstones", tests, NULL, NULL);
}
