/* tier: fast */
/* Every cell of list, count and clear over one scope, scopes with a prefix, and all: each of them
 * where two scopes of the prefix hold a key in each state, beside a scope that has another name, in
 * every setting. */
#include "holdfast/holdfast.h"
#include "lib/domains/cells.h"
#include "lib/settings.h"
#include "lib/test.h"

#define SECOND INT64_C(1000000)

enum { TEXT_MAX = 64 };

/* What is there is told in letters: A is p:a/k, B is p:b/k, C is p:c/k, Q is q/x; a small letter is
 * owned, a large one done. */
struct trial {
	struct stage *stage;
	hf_store *store;
	const struct row *row;
	char told[TEXT_MAX];
};

#define FIRST_SCOPE hf_str("p:a")
#define SECOND_SCOPE hf_str("p:b")
#define THIRD_SCOPE hf_str("p:c")
#define OTHER_SCOPE hf_str("q")
#define PREFIX hf_str("p:")

/* --- States ----------------------------------------------------------------------------------- */

enum {
	ABSENT,
	ONLY_FIRST,
	ONLY_SECOND,
	BOTH,
	OWNED,
	UNLEASED,
	EXPIRED,
	LOGGED,
	ALL_EXPIRED,
	CLEARED,
	STATES
};

static const char *const state_names[STATES] = {"absent",
                                                "in the first scope",
                                                "in the second scope",
                                                "in both scopes",
                                                "the first owned",
                                                "the first owned without lease",
                                                "the first expired",
                                                "the first expired and logged",
                                                "all expired",
                                                "the first cleared"};

static void put(hf_store *store, hf_txn *txn, struct hf_bytes scope, const char *key, bool ends)
{
	const struct hf_idempotency_put_args args = {
	    .key = {scope, hf_str(key)}, .expires_at = ends ? STAGE_NOW + 10 * SECOND : HF_UNSET};
	assert_int_equal(hf_idempotency_put(store, txn, &args, NULL, NULL), HF_OK);
}

static void own(hf_store *store, struct hf_bytes scope, int64_t lease_us)
{
	struct hf_idempotency_begun begun = {0};
	const struct hf_idempotency_begin_args args = {.key = {scope, hf_str("k")},
	                                               .lease_us = lease_us};
	assert_int_equal(hf_idempotency_begin(store, NULL, &args, &begun, NULL, NULL), HF_OK);
	assert_int_equal(begun.outcome, HF_IDEMPOTENCY_NEW);
	hf_release(begun.memory);
}

static void arrange(const struct trial *t, unsigned state)
{
	hf_store *store = t->store;
	const bool ends = state == EXPIRED || state == LOGGED || state == ALL_EXPIRED;
	if (state == OWNED || state == UNLEASED)
		own(store, FIRST_SCOPE, state == OWNED ? 9000 * SECOND : 0);
	else if (state != ABSENT && state != ONLY_SECOND)
		put(store, NULL, FIRST_SCOPE, "k", ends);
	if (state == LOGGED) {
		stage_at(t->stage, STAGE_NOW + 20 * SECOND);
		assert_int_equal(hf_maintain(store, 0, NULL), HF_OK);
	}
	if (state != ABSENT && state != ONLY_FIRST)
		put(store, NULL, SECOND_SCOPE, "k", state == ALL_EXPIRED);
	put(store, NULL, OTHER_SCOPE, "x", state == ALL_EXPIRED);
	if (state == CLEARED) {
		const struct hf_idempotency_clear_args args = {.scope = FIRST_SCOPE};
		assert_int_equal(hf_idempotency_clear(store, NULL, &args, NULL, NULL), HF_OK);
	}
	stage_at(t->stage, STAGE_NOW + 60 * SECOND);
}

/* --- Operations ------------------------------------------------------------------------------- */

/* All pages of it. */
static int list_with(struct trial *t, struct hf_idempotency_list_args args)
{
	struct hf_idempotency_page page = {.memory = NULL}, before;
	size_t len = strlen(t->told);
	int rc;
	args.size = sizeof args;
	do {
		before = page;
		rc = hf_idempotency_list(t->store, &args, 0, &page, NULL);
		hf_release(before.memory);
		for (size_t i = 0; i < page.count && len < TEXT_MAX - 1; i++) {
			const struct hf_bytes scope = page.items[i].key.scope;
			const char letter = ((const char *)scope.data)[scope.len - 1];
			t->told[len++] = (char)(page.items[i].done ? letter - 'a' + 'A' : letter);
		}
		args.page = page.next;
		args.after = NULL;
	} while (rc == HF_OK && args.page);
	hf_release(page.memory);
	return rc;
}
static int list(struct trial *t, struct hf_bytes scope, enum hf_idempotency_over over, size_t limit)
{
	return list_with(
	    t, (struct hf_idempotency_list_args){.scope = scope, .over = over, .limit = limit});
}
static int list_scope(struct trial *t)
{
	return list(t, FIRST_SCOPE, HF_IDEMPOTENCY_OVER_SCOPE, 0);
}
static int list_prefix(struct trial *t)
{
	return list(t, PREFIX, HF_IDEMPOTENCY_OVER_PREFIX, 0);
}
static int list_prefix_pages(struct trial *t)
{
	return list(t, PREFIX, HF_IDEMPOTENCY_OVER_PREFIX, 1);
}
static int list_no_prefix(struct trial *t)
{
	return list(t, hf_str("p:aa"), HF_IDEMPOTENCY_OVER_PREFIX, 0);
}
static int list_all(struct trial *t)
{
	return list(t, hf_str(NULL), HF_IDEMPOTENCY_OVER_ALL, 0);
}
static int list_all_pages(struct trial *t)
{
	return list(t, hf_str(NULL), HF_IDEMPOTENCY_OVER_ALL, 1);
}
static int list_empty_prefix(struct trial *t)
{
	return list(t, hf_str(NULL), HF_IDEMPOTENCY_OVER_PREFIX, 0);
}
static int list_behind(struct trial *t)
{
	const struct hf_idempotency_key after = {FIRST_SCOPE, hf_str("k")};
	return list_with(
	    t, (struct hf_idempotency_list_args){
	           .scope = PREFIX, .over = HF_IDEMPOTENCY_OVER_PREFIX, .limit = 1, .after = &after});
}

/* "owned done" */
static int count(struct trial *t, struct hf_bytes scope, enum hf_idempotency_over over)
{
	struct hf_idempotency_counts counts = {0};
	const struct hf_idempotency_count_args args = {.scope = scope, .over = over};
	const int rc = hf_idempotency_count_over(t->store, &args, 0, &counts, NULL);
	assert_true(rc != HF_OK || counts.as_of >= STAGE_NOW + 60 * SECOND);
	if (rc == HF_OK)
		(void)snprintf(t->told, TEXT_MAX, "%u %u", (unsigned)counts.in_progress,
		               (unsigned)counts.done);
	return rc;
}
static int count_scope(struct trial *t)
{
	return count(t, FIRST_SCOPE, HF_IDEMPOTENCY_OVER_SCOPE);
}
static int count_prefix(struct trial *t)
{
	return count(t, PREFIX, HF_IDEMPOTENCY_OVER_PREFIX);
}
static int count_all(struct trial *t)
{
	return count(t, hf_str(NULL), HF_IDEMPOTENCY_OVER_ALL);
}
static int count_all_of_a_scope(struct trial *t)
{
	return count(t, FIRST_SCOPE, HF_IDEMPOTENCY_OVER_ALL);
}

/* "how many: what is left" */
static void tell_left(struct trial *t, const struct hf_result *result)
{
	assert_true(result->changed == (result->count > 0) && result->version == 0);
	(void)snprintf(t->told, TEXT_MAX, "%u: ", (unsigned)result->count);
	assert_int_equal(list_all(t), HF_OK);
}
static int clear(struct trial *t, struct hf_idempotency_clear_args args)
{
	struct hf_result result = {0};
	args.size = sizeof args;
	const int rc = hf_idempotency_clear(t->store, NULL, &args, &result, NULL);
	tell_left(t, &result);
	return rc;
}
static int clear_scope(struct trial *t)
{
	return clear(t, (struct hf_idempotency_clear_args){.scope = FIRST_SCOPE});
}
static int clear_prefix(struct trial *t)
{
	return clear(
	    t, (struct hf_idempotency_clear_args){.scope = PREFIX, .over = HF_IDEMPOTENCY_OVER_PREFIX});
}
static int clear_no_prefix(struct trial *t)
{
	return clear(t, (struct hf_idempotency_clear_args){.scope = hf_str("p:aa"),
	                                                   .over = HF_IDEMPOTENCY_OVER_PREFIX});
}
static int clear_all(struct trial *t)
{
	return clear(t, (struct hf_idempotency_clear_args){.over = HF_IDEMPOTENCY_OVER_ALL});
}
static int clear_all_of_a_scope(struct trial *t)
{
	return clear(t, (struct hf_idempotency_clear_args){.scope = FIRST_SCOPE,
	                                                   .over = HF_IDEMPOTENCY_OVER_ALL});
}
static int clear_expecting(struct trial *t)
{
	return clear(
	    t, (struct hf_idempotency_clear_args){.write.expect = 1, .over = HF_IDEMPOTENCY_OVER_ALL});
}

/* Between a put of C and one of Q; `refused`: and a guard that fails. */
static int clear_in_txn(struct trial *t, enum hf_idempotency_over over, bool refused)
{
	hf_txn *txn;
	struct hf_result result = {0};
	const struct hf_idempotency_clear_args args = {
	    .size = sizeof args,
	    .scope = over == HF_IDEMPOTENCY_OVER_ALL ? hf_str(NULL) : PREFIX,
	    .over = over};
	const struct hf_idempotency_guard_args guard = {.write.expect = 7,
	                                                .key = {OTHER_SCOPE, hf_str("y")}};
	assert_int_equal(hf_txn_begin(t->store, &txn, NULL), HF_OK);
	put(t->store, txn, THIRD_SCOPE, "k", false);
	assert_int_equal(hf_idempotency_clear(t->store, txn, &args, &result, NULL), HF_OK);
	put(t->store, txn, OTHER_SCOPE, "x", false);
	if (refused)
		assert_int_equal(hf_idempotency_guard(t->store, txn, &guard, NULL, NULL), HF_OK);
	const int rc = hf_txn_commit(txn, HF_DURABLE, NULL);
	tell_left(t, &result);
	return rc;
}
static int clear_prefix_in_txn(struct trial *t)
{
	return clear_in_txn(t, HF_IDEMPOTENCY_OVER_PREFIX, false);
}
static int clear_all_in_txn(struct trial *t)
{
	return clear_in_txn(t, HF_IDEMPOTENCY_OVER_ALL, false);
}
static int clear_in_refused_txn(struct trial *t)
{
	return clear_in_txn(t, HF_IDEMPOTENCY_OVER_ALL, true);
}

/* --- The table -------------------------------------------------------------------------------- */

#define EACH(what) \
	{ \
		what, what, what, what, what, what, what, what, what, what \
	}
#define AS_IT_WAS \
	{ \
		"0: Q", "0: AQ", "0: BQ", "0: ABQ", "0: aBQ", "0: aBQ", "0: BQ", "0: BQ", "0: ", "0: BQ" \
	}

static const struct row {
	const char *name;
	int (*run)(struct trial *t);
	int code;
	const char *tells[STATES];
} rows[] = {
    {"list of a scope", list_scope, HF_OK, {"", "A", "", "A", "a", "a", "", "", "", ""}},
    {"list of a prefix", list_prefix, HF_OK, {"", "A", "B", "AB", "aB", "aB", "B", "B", "", "B"}},
    {"list of a prefix in pages",
     list_prefix_pages,
     HF_OK,
     {"", "A", "B", "AB", "aB", "aB", "B", "B", "", "B"}},
    {"list of a prefix behind the first key",
     list_behind,
     HF_OK,
     {"", "", "B", "B", "B", "B", "B", "B", "", "B"}},
    {"list of a prefix that none has", list_no_prefix, HF_OK, EACH("")},
    {"list of all", list_all, HF_OK, {"Q", "AQ", "BQ", "ABQ", "aBQ", "aBQ", "BQ", "BQ", "", "BQ"}},
    {"list of all in pages",
     list_all_pages,
     HF_OK,
     {"Q", "AQ", "BQ", "ABQ", "aBQ", "aBQ", "BQ", "BQ", "", "BQ"}},
    {"list of an empty prefix", list_empty_prefix, HF_EINVAL, EACH("")},
    {"count of a scope",
     count_scope,
     HF_OK,
     {"0 0", "0 1", "0 0", "0 1", "1 0", "1 0", "0 0", "0 0", "0 0", "0 0"}},
    {"count of a prefix",
     count_prefix,
     HF_OK,
     {"0 0", "0 1", "0 1", "0 2", "1 1", "1 1", "0 1", "0 1", "0 0", "0 1"}},
    {"count of all",
     count_all,
     HF_OK,
     {"0 1", "0 2", "0 2", "0 3", "1 2", "1 2", "0 2", "0 2", "0 0", "0 2"}},
    {"count of all with a scope", count_all_of_a_scope, HF_EINVAL, EACH("")},
    {"clear of a scope",
     clear_scope,
     HF_OK,
     {"0: Q", "1: Q", "0: BQ", "1: BQ", "1: BQ", "1: BQ", "0: BQ", "0: BQ", "0: ", "0: BQ"}},
    {"clear of a prefix",
     clear_prefix,
     HF_OK,
     {"0: Q", "1: Q", "1: Q", "2: Q", "2: Q", "2: Q", "1: Q", "1: Q", "0: ", "1: Q"}},
    {"clear of a prefix that none has", clear_no_prefix, HF_OK, AS_IT_WAS},
    {"clear of all",
     clear_all,
     HF_OK,
     {"1: ", "2: ", "2: ", "3: ", "3: ", "3: ", "2: ", "2: ", "0: ", "2: "}},
    {"clear of all with a scope", clear_all_of_a_scope, HF_EINVAL, AS_IT_WAS},
    {"clear of all with an expected version", clear_expecting, HF_EINVAL, AS_IT_WAS},
    {"clear of a prefix in a transaction",
     clear_prefix_in_txn,
     HF_OK,
     {"1: Q", "2: Q", "2: Q", "3: Q", "3: Q", "3: Q", "2: Q", "2: Q", "1: Q", "2: Q"}},
    {"clear of all in a transaction",
     clear_all_in_txn,
     HF_OK,
     {"2: Q", "3: Q", "3: Q", "4: Q", "4: Q", "4: Q", "3: Q", "3: Q", "1: Q", "3: Q"}},
    {"clear of all in one that is refused", clear_in_refused_txn, HF_ECONFLICT, AS_IT_WAS},
};

enum { ROWS = sizeof rows / sizeof rows[0] };

static void run_trial(const struct row *row, unsigned state, enum setting setting)
{
	struct trial t = {.stage = stage_open(setting), .row = row};
	t.store = t.stage->store;
	arrange(&t, state);
	stage_switch(t.stage);
	t.store = t.stage->store;
	/* An opening ends what is owned without a lease. */
	const unsigned is = state == UNLEASED && setting == SETTING_REOPENED ? EXPIRED : state;
	const int rc = row->run(&t);
	if (rc != row->code || strcmp(t.told, row->tells[is]) != 0)
		fail_msg("%s, %s (%s): %s, \"%s\"", row->name, state_names[state], setting_name(setting),
		         hf_code_name(rc), t.told);
	stage_close(t.stage);
}

static void each_operation_in_each_state_in_each_setting(void **state)
{
	(void)state;
	for (enum setting setting = 0; setting < SETTINGS; setting++)
		for (unsigned i = 0; i < ROWS * STATES; i++)
			run_trial(&rows[i / STATES], i % STATES, setting);
}

static const char *operation_name(size_t i)
{
	return i < ROWS ? rows[i].name : NULL;
}

static const char *state_name(size_t i)
{
	return i < STATES ? state_names[i] : NULL;
}

static void the_cells_are_those_of_the_design(void **state)
{
	(void)state;
	cells_are_listed("idempotency, over", operation_name, state_name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_cells_are_those_of_the_design),
	    cmocka_unit_test(each_operation_in_each_state_in_each_setting),
	};
	return cmocka_run_group_tests_name("idempotency table, over", tests, NULL, NULL);
}
