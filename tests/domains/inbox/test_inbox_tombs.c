/* tier: fast */
/* Tombstones: what a save meets in each state of a key, what put and lift do, and that an ending
 * changes every answer at its instant and none when it is logged; and marks of all records up to
 * an LSN. The deadlines are the simulated clock's. */
#include "holdfast/admin.h"
#include "holdfast/inbox.h"
#include "lib/domains/cells.h"
#include "lib/settings.h"
#include "lib/test.h"

#define HOUR INT64_C(3600000000)
#define DAY (24 * HOUR)
#define NOW (STAGE_NOW + HOUR)

static hf_lsn last_lsn(hf_store *store)
{
	struct hf_info info;
	assert_int_equal(hf_get_info(store, &info, NULL), HF_OK);
	return info.last_lsn;
}

static struct hf_result save(hf_store *store, const char *user, const char *thread,
                             enum hf_inbox_save_mode mode, int64_t tombstone_for)
{
	const struct hf_inbox_input record = {
	    .thread = hf_str(thread), .payload = hf_str("p"), .unread = true, .updated_at = 1};
	const struct hf_inbox_save_args args = {.user = hf_str(user),
	                                        .records = &record,
	                                        .count = thread ? 1 : 0,
	                                        .generated_at = HF_UNSET,
	                                        .mode = mode,
	                                        .tombstone_for = tombstone_for};
	struct hf_result result = {0};
	struct hf_error error = {0};
	if (hf_inbox_save(store, NULL, &args, &result, &error) != HF_OK)
		fail_msg("save: %s", error.text);
	return result;
}

static struct hf_inbox_key key_of(const char *user)
{
	return (struct hf_inbox_key){hf_str(user), {0}, hf_str("t")};
}

static void dismiss_it(hf_store *store, const char *user)
{
	const struct hf_inbox_mark_args args = {.key = key_of(user)};
	assert_int_equal(hf_inbox_dismiss(store, NULL, &args, NULL, NULL), HF_OK);
}

static int remove_it(hf_store *store, const char *user, int64_t tombstone_for)
{
	const struct hf_inbox_remove_args args = {.key = key_of(user), .tombstone_for = tombstone_for};
	return hf_inbox_remove(store, NULL, &args, NULL, NULL);
}

/* --- The key as text: the record, or the tombstone -------------------------------------------- */

static const char *moment(hf_time time)
{
	return time == HF_UNSET                 ? "-"
	       : stage_stamped(time, STAGE_NOW) ? "A"
	       : stage_stamped(time, NOW)       ? "N"
	       : time == 7                      ? "7"
	                                        : "?";
}

static void add_tombstones(hf_store *store, const char *user, char out[64])
{
	struct hf_inbox_tombstone_page page, one;
	const struct hf_inbox_list_tombstones_args all = {.user = hf_str(user)},
	                                           exact = {.user = hf_str(user),
	                                                    .thread = hf_str("t")};
	assert_int_equal(hf_inbox_list_tombstones(store, &all, 0, &page, NULL), HF_OK);
	assert_int_equal(hf_inbox_list_tombstones(store, &exact, 0, &one, NULL), HF_OK);
	assert_true(page.count <= 1 && one.count == page.count && !page.next && !one.next);
	if (page.count > 0) {
		const struct hf_inbox_tombstone *t = &page.items[0];
		assert_int_equal(t->until, one.items[0].until);
		assert_true(t->version != 0 && t->version == one.items[0].version);
		(void)snprintf(out, 64, "%s d:%s u:%d", t->dismissed ? "dismissal" : "removal",
		               moment(t->dismissed_at), (int)((t->until - STAGE_NOW) / HOUR));
	}
	hf_release(page.memory);
	hf_release(one.memory);
}

static void look(hf_store *store, const char *user, char out[64])
{
	const struct hf_inbox_key key = key_of(user);
	struct hf_inbox_got got;
	out[0] = '\0';
	add_tombstones(store, user, out);
	const int rc = hf_inbox_get(store, &key, 0, &got, NULL);
	if (rc == HF_OK) {
		assert_string_equal(out, ""); /* a record or a tombstone, not both */
		(void)snprintf(out, 64, "record d:%s",
		               got.record.dismissed ? moment(got.record.dismissed_at) : "no");
		hf_release(got.memory);
	} else {
		assert_int_equal(rc, HF_ENOTFOUND);
	}
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

/* --- Endings ---------------------------------------------------------------------------------- */

static void a_tombstone_ends_at_its_instant_with_nobody_calling(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	char text[64];
	(void)save(stage->store, "u", "t", HF_INBOX_UPSERT, 0);
	assert_int_equal(remove_it(stage->store, "u", HOUR), HF_OK);
	stage_at(stage, NOW - 1);
	assert_false(save(stage->store, "u", "t", HF_INBOX_UPSERT, 0).changed);
	assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
	look(stage->store, "u", text);
	assert_string_equal(text, "removal d:- u:1");
	stage_at(stage, NOW);
	look(stage->store, "u", text);
	assert_string_equal(text, "");
	assert_true(save(stage->store, "u", "t", HF_INBOX_UPSERT, 0).changed);
	stage_close(stage);
}

static size_t listed(hf_store *store)
{
	struct hf_name_page page;
	assert_int_equal(hf_inbox_names(store, NULL, 0, &page, NULL), HF_OK);
	const size_t count = page.count;
	hf_release(page.memory);
	return count;
}

/* An inbox that never had a generated_at and holds nothing but a tombstone. */
static void an_inbox_of_tombstones_leaves_the_list_when_they_end(void **state)
{
	(void)state;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		struct stage *stage = stage_open(setting);
		(void)save(stage->store, "u", "t", HF_INBOX_UPSERT, 0);
		assert_int_equal(remove_it(stage->store, "u", HOUR), HF_OK);
		(void)save(stage->store, "v", "t", HF_INBOX_UPSERT, 0);
		stage_switch(stage);
		assert_int_equal(listed(stage->store), 2);
		stage_at(stage, NOW);
		assert_int_equal(listed(stage->store), 1);
		assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
		assert_int_equal(listed(stage->store), 1);
		stage_close(stage);
	}
}

static void a_tombstone_may_last_for_ever(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_REOPENED);
	char text[64];
	(void)save(stage->store, "u", "t", HF_INBOX_UPSERT, 0);
	assert_int_equal(remove_it(stage->store, "u", INT64_MAX), HF_OK);
	stage_switch(stage);
	stage_at(stage, INT64_MAX - 1);
	assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
	look(stage->store, "u", text);
	assert_memory_equal(text, "removal", 7);
	assert_false(save(stage->store, "u", "t", HF_INBOX_UPSERT, 0).changed);
	stage_close(stage);
}

/* --- Pages ------------------------------------------------------------------------------------ */

static void pages_of_tombstones_skip_those_that_ended(void **state)
{
	(void)state;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		struct stage *stage = stage_open(setting);
		for (unsigned i = 0; i < 20; i++) {
			char thread[8];
			(void)snprintf(thread, sizeof thread, "t%02u", i);
			const struct hf_inbox_put_tombstone_args args = {
			    .key = {hf_str("u"), hf_str(i % 2 ? "" : "a"), hf_str(thread)},
			    .dismissed = i % 4 == 0,
			    .until = i % 3 ? INT64_MAX : NOW};
			assert_int_equal(hf_inbox_put_tombstone(stage->store, NULL, &args, NULL, NULL), HF_OK);
		}
		stage_switch(stage);
		stage_at(stage, NOW);
		for (size_t limit = 1; limit < 20; limit++) {
			struct hf_inbox_list_tombstones_args args = {.user = hf_str("u"), .limit = limit};
			struct hf_inbox_tombstone_page page = {0};
			char before[32] = "";
			size_t total = 0;
			do {
				struct hf_memory *old = page.memory;
				assert_int_equal(hf_inbox_list_tombstones(stage->store, &args, 0, &page, NULL),
				                 HF_OK);
				hf_release(old);
				assert_true(page.count > 0 && page.count <= limit &&
				            (page.next || total + page.count == 13));
				for (size_t i = 0; i < page.count; i++, total++) {
					char name[32];
					(void)snprintf(name, sizeof name, "%s/%s",
					               (const char *)page.items[i].key.account.data,
					               (const char *)page.items[i].key.thread.data);
					assert_true(strcmp(before, name) < 0 && page.items[i].until == INT64_MAX);
					memcpy(before, name, sizeof before);
				}
				args.page = page.next;
			} while (page.next);
			hf_release(page.memory);
			assert_int_equal(total, 13);
		}
		const struct hf_inbox_list_tombstones_args bad = {.user = hf_str("u"), .page = "AAAA"};
		struct hf_inbox_tombstone_page page;
		assert_int_equal(hf_inbox_list_tombstones(stage->store, &bad, 0, &page, NULL), HF_EINVAL);
		assert_int_equal(hf_inbox_list_tombstones(stage->store,
		                                          &(struct hf_inbox_list_tombstones_args){0}, 0,
		                                          &page, NULL),
		                 HF_EINVAL);
		stage_close(stage);
	}
}

/* --- Marks of all up to an LSN ---------------------------------------------------------------- */

static struct hf_inbox_record get(hf_store *store, const char *thread)
{
	const struct hf_inbox_key key = {hf_str("u"), {0}, hf_str(thread)};
	struct hf_inbox_got got;
	assert_int_equal(hf_inbox_get(store, &key, 0, &got, NULL), HF_OK);
	const struct hf_inbox_record record = got.record;
	hf_release(got.memory);
	return record;
}

/* The last save counts, not the last change: a record that was only marked since is still what
 * the reader saw. */
static void what_was_saved_after_the_reader_looked_stays_unread(void **state)
{
	(void)state;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		struct stage *stage = stage_open(setting);
		(void)save(stage->store, "u", "t", HF_INBOX_UPSERT, 0);
		(void)save(stage->store, "u", "x", HF_INBOX_UPSERT, 0);
		const hf_lsn shown = get(stage->store, "x").saved;
		assert_int_equal(shown, last_lsn(stage->store));
		(void)save(stage->store, "u", "late", HF_INBOX_UPSERT, 0);
		const struct hf_inbox_mark_args seen = {.key = key_of("u")};
		assert_int_equal(hf_inbox_mark_seen(stage->store, NULL, &seen, NULL, NULL), HF_OK);
		assert_true(get(stage->store, "t").version > shown && get(stage->store, "t").saved < shown);
		stage_switch(stage);
		const struct hf_inbox_mark_all_args args = {.user = hf_str("u"), .up_to = shown};
		struct hf_result result;
		assert_int_equal(hf_inbox_mark_all_read(stage->store, NULL, &args, &result, NULL), HF_OK);
		assert_true(result.changed && result.count == 2 && result.version == 0);
		const hf_lsn version = last_lsn(stage->store);
		assert_true(!get(stage->store, "t").unread && get(stage->store, "t").version == version);
		assert_true(!get(stage->store, "x").unread && get(stage->store, "x").version == version);
		assert_true(get(stage->store, "late").unread &&
		            get(stage->store, "late").version < version);
		/* Marking is no save: what it changed is still as old as it was. */
		assert_int_equal(get(stage->store, "x").saved, shown);
		assert_int_equal(hf_inbox_dismiss_all(stage->store, NULL, &args, &result, NULL), HF_OK);
		assert_true(result.count == 2 && !get(stage->store, "late").dismissed);
		stage_close(stage);
	}
}

/* Each operation sees what those before it left; the mark's LSN is not below that of a save in
 * the same transaction. */
static void a_mark_of_all_in_a_transaction_sees_its_saves(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	const struct hf_inbox_input record = {.thread = hf_str("t"), .unread = true};
	const struct hf_inbox_save_args make = {.user = hf_str("u"), .records = &record, .count = 1};
	const struct hf_inbox_mark_all_args all = {
	    .user = hf_str("u"), .account = hf_str("primary"), .now = 7};
	struct hf_result results[3];
	hf_txn *txn;
	assert_int_equal(hf_txn_begin(stage->store, &txn, NULL), HF_OK);
	assert_int_equal(hf_inbox_mark_all_read(stage->store, txn, &all, &results[0], NULL), HF_OK);
	assert_int_equal(hf_inbox_save(stage->store, txn, &make, &results[1], NULL), HF_OK);
	assert_int_equal(hf_inbox_mark_all_read(stage->store, txn, &all, &results[2], NULL), HF_OK);
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, NULL), HF_OK);
	assert_true(!results[0].changed && results[1].changed && results[2].changed &&
	            results[2].count == 1);
	assert_true(!get(stage->store, "t").unread && get(stage->store, "t").read_at == 7);
	stage_close(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_operation_on_each_state_of_a_key),
	    cmocka_unit_test(the_cells_are_those_of_the_design),
	    cmocka_unit_test(a_tombstone_ends_at_its_instant_with_nobody_calling),
	    cmocka_unit_test(an_inbox_of_tombstones_leaves_the_list_when_they_end),
	    cmocka_unit_test(a_tombstone_may_last_for_ever),
	    cmocka_unit_test(pages_of_tombstones_skip_those_that_ended),
	    cmocka_unit_test(what_was_saved_after_the_reader_looked_stays_unread),
	    cmocka_unit_test(a_mark_of_all_in_a_transaction_sees_its_saves),
	};
	return cmocka_run_group_tests_name("inbox tombstones", tests, NULL, NULL);
}
