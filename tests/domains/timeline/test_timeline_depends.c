/* tier: fast */
/* No answer of a timeline gives away what a crash could still take back: reads, refusals and
 * "nothing changed" alike wait until the change that they depend on is durable, and for no other
 * one. */
#include "lib/domains/timeline_ops.h"
#include "lib/settings.h"
#include "lib/test.h"
#include "store/store.h"

/* --- Changes that are left undurable ---------------------------------------------------------- */

static int append(hf_store *store, hf_txn *txn, const char *timeline, const char *id,
                  const char *payload, hf_lsn expect)
{
	const struct hf_timeline_append_args args = {.write.expect = expect,
	                                             .key = {hf_str(timeline), hf_str(id)},
	                                             .type = hf_str("t"),
	                                             .happened_at = 5,
	                                             .payload = hf_str(payload)};
	return hf_timeline_append(store, txn, &args, NULL, NULL);
}

static int add(hf_store *store, hf_txn *txn)
{
	return append(store, txn, TL_NAME, "x", "p", 0);
}
static int add_elsewhere(hf_store *store, hf_txn *txn)
{
	return append(store, txn, "elsewhere", "x", "p", 0);
}
static int clear(hf_store *store, hf_txn *txn)
{
	return hf_timeline_clear(
	    store, txn, &(struct hf_timeline_clear_args){.timeline = hf_str(TL_NAME)}, NULL, NULL);
}

/* --- Answers ---------------------------------------------------------------------------------- */

static int get(hf_store *store, const char *id, unsigned flags)
{
	struct hf_timeline_got got;
	const struct hf_timeline_key key = {hf_str(TL_NAME), hf_str(id)};
	const int rc = hf_timeline_get(store, &key, flags, &got, NULL);
	hf_release(got.memory);
	return rc;
}
static int get_x(hf_store *store)
{
	return get(store, "x", 0);
}
static int get_x_undurable(hf_store *store)
{
	return get(store, "x", HF_READ_UNDURABLE);
}
static int get_old(hf_store *store)
{
	return get(store, "old", 0);
}
static int query(hf_store *store)
{
	struct hf_timeline_page page;
	const struct hf_timeline_query_args args = {.filter = tl_filter(NULL, "another type")};
	const int rc = hf_timeline_query(store, &args, 0, &page, NULL);
	assert_true(page.total == 0);
	hf_release(page.memory);
	return rc;
}
static int count(hf_store *store)
{
	uint64_t found;
	const struct hf_timeline_filter all = tl_filter(NULL, NULL);
	return hf_timeline_count(store, &all, 0, &found, NULL);
}
static int latest_at(hf_store *store)
{
	hf_time found;
	return hf_timeline_latest_at(store, hf_str(TL_NAME), 0, &found, NULL);
}
static int names(hf_store *store)
{
	struct hf_name_page page;
	const int rc = hf_timeline_names(store, NULL, 0, &page, NULL);
	hf_release(page.memory);
	return rc;
}
static int add_again(hf_store *store)
{
	return add(store, NULL);
}
static int add_other(hf_store *store)
{
	return append(store, NULL, TL_NAME, "x", "other", 0);
}
static int expect_absent(hf_store *store)
{
	return append(store, NULL, TL_NAME, "x", "p", HF_ABSENT);
}
static int expect_there(hf_store *store)
{
	return append(store, NULL, TL_NAME, "old", "p", 1);
}
static int add_old_again(hf_store *store)
{
	return append(store, NULL, TL_NAME, "old", "p", 0);
}
static int add_other_old(hf_store *store)
{
	return append(store, NULL, TL_NAME, "old", "other", 0);
}
static int clear_again(hf_store *store)
{
	return clear(store, NULL);
}
static int retain(hf_store *store)
{
	return hf_timeline_retain(
	    store, NULL,
	    &(struct hf_timeline_retain_args){.timeline = hf_str(TL_NAME), .max_events = 9}, NULL,
	    NULL);
}
static int retain_dry(hf_store *store)
{
	const struct hf_timeline_retain_args args = {
	    .timeline = hf_str(TL_NAME), .max_events = 1, .dry_run = true};
	return hf_timeline_retain(store, NULL, &args, NULL, NULL);
}
static int guard(hf_store *store)
{
	hf_txn *txn;
	const struct hf_timeline_guard_args args = {.write.expect = HF_ABSENT,
	                                            .key = {hf_str(TL_NAME), hf_str("old")}};
	assert_int_equal(hf_txn_begin(store, &txn, NULL), HF_OK);
	assert_int_equal(hf_timeline_guard(store, txn, &args, NULL, NULL), HF_OK);
	return hf_txn_commit(txn, HF_DURABLE, NULL);
}

/* --- The table -------------------------------------------------------------------------------- */

static const struct row {
	const char *name;
	int (*change)(hf_store *, hf_txn *);
	int (*answer)(hf_store *);
	int code;
	bool waits;
} rows[] = {
    {"get of an event just appended", add, get_x, HF_OK, true},
    {"the same, undurable asked for", add, get_x_undurable, HF_OK, false},
    {"append of the same again", add, add_again, HF_OK, true},
    {"append of another one under its id", add, add_other, HF_ECONFLICT, true},
    {"a version that differs", add, expect_absent, HF_ECONFLICT, true},
    {"a query that it does not match", add, query, HF_OK, true},
    {"count", add, count, HF_OK, true},
    {"latest_at", add, latest_at, HF_OK, true},
    {"retain that finds nothing to do", add, retain, HF_OK, true},
    {"retain that only counts", add, retain_dry, HF_OK, true},
    {"get of an event just cleared", clear, get_old, HF_ENOTFOUND, true},
    {"a version of one just cleared", clear, expect_there, HF_ECONFLICT, true},
    {"guard that holds by a removal", clear, guard, HF_OK, true},
    {"clear of a timeline just cleared", clear, clear_again, HF_OK, true},
    {"query of a timeline just cleared", clear, query, HF_OK, true},
    {"names after a clear", clear, names, HF_OK, true},
    {"names after an append elsewhere", add_elsewhere, names, HF_OK, true},
    /* Not waited for: what the answer has nothing to do with. */
    {"get beside another timeline's change", add_elsewhere, get_old, HF_OK, false},
    {"a miss beside another timeline's change", add_elsewhere, get_x, HF_ENOTFOUND, false},
    {"count beside another timeline's change", add_elsewhere, count, HF_OK, false},
    {"get of another event of the timeline", add, get_old, HF_OK, false},
    {"append of another one as it is", add, add_old_again, HF_OK, false},
    {"append of another one as it is not", add, add_other_old, HF_ECONFLICT, false},
};

static hf_lsn durable_lsn(hf_store *store)
{
	struct hf_info info;
	assert_int_equal(hf_get_info(store, &info, NULL), HF_OK);
	return info.durable_lsn;
}

static void run_row(const struct row *row)
{
	struct stage *stage = stage_open(SETTING_LIVE);
	struct hf__ticket ticket;
	hf_txn *txn;
	assert_int_equal(append(stage->store, NULL, TL_NAME, "old", "p", 0), HF_OK);
	assert_int_equal(hf_txn_begin(stage->store, &txn, NULL), HF_OK);
	assert_int_equal(row->change(stage->store, txn), HF_OK);
	assert_int_equal(hf__submit(stage->store, txn, HF_DURABLE, &ticket, NULL), HF_OK);
	assert_true(ticket.due > 0 && durable_lsn(stage->store) < ticket.due);
	const int rc = row->answer(stage->store);
	if (rc != row->code)
		fail_msg("%s: %s", row->name, hf_code_name(rc));
	if ((durable_lsn(stage->store) >= ticket.due) != row->waits)
		fail_msg("%s: %s", row->name, row->waits ? "did not wait" : "waited");
	/* It would have been waited for in any case had the answer written anything. */
	assert_int_equal(hf_sync(stage->store, NULL), HF_OK);
	if (durable_lsn(stage->store) != ticket.due)
		fail_msg("%s: it wrote something", row->name);
	stage_close(stage);
}

static void answers_wait_for_what_they_depend_on(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		run_row(&rows[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(answers_wait_for_what_they_depend_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
