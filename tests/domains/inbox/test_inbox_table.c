/* tier: fast */
/* Every cell of the contract's inbox table for the operations on one record: see inbox_cells.h. */
#include "lib/domains/cells.h"
#include "lib/domains/inbox_cells.h"
#include "lib/test.h"

/* --- Operations ------------------------------------------------------------------------------- */

typedef int (*mark_fn)(hf_store *, hf_txn *, const struct hf_inbox_mark_args *, struct hf_result *,
                       struct hf_error *);

static int mark(const struct inbox_call *c, mark_fn fn, hf_time now)
{
	const struct hf_inbox_mark_args args = {.write.expect = c->expect, .key = c->key, .now = now};
	return fn(c->store, c->txn, &args, c->result, c->error);
}

static int dismiss(const struct inbox_call *c)
{
	return mark(c, hf_inbox_dismiss, 0);
}
static int undismiss(const struct inbox_call *c)
{
	return mark(c, hf_inbox_undismiss, 0);
}
static int mark_read(const struct inbox_call *c)
{
	return mark(c, hf_inbox_mark_read, 0);
}
static int mark_unread(const struct inbox_call *c)
{
	return mark(c, hf_inbox_mark_unread, 0);
}
static int mark_seen(const struct inbox_call *c)
{
	return mark(c, hf_inbox_mark_seen, 0);
}
static int dismiss_then(const struct inbox_call *c)
{
	return mark(c, hf_inbox_dismiss, GIVEN);
}
static int mark_read_then(const struct inbox_call *c)
{
	return mark(c, hf_inbox_mark_read, GIVEN);
}
static int mark_seen_then(const struct inbox_call *c)
{
	return mark(c, hf_inbox_mark_seen, GIVEN);
}
static int dismiss_now_unset(const struct inbox_call *c)
{
	return mark(c, hf_inbox_dismiss, HF_UNSET);
}

static int remove_it(const struct inbox_call *c)
{
	const struct hf_inbox_remove_args args = {.write.expect = c->expect, .key = c->key};
	return hf_inbox_remove(c->store, c->txn, &args, c->result, c->error);
}

static int snooze_until(const struct inbox_call *c, hf_time until)
{
	const struct hf_inbox_snooze_args args = {
	    .write.expect = c->expect, .key = c->key, .until = until};
	return hf_inbox_snooze(c->store, c->txn, &args, c->result, c->error);
}
static int snooze(const struct inbox_call *c)
{
	return snooze_until(c, LATER);
}
static int wake(const struct inbox_call *c)
{
	return snooze_until(c, 0);
}
static int snooze_then(const struct inbox_call *c)
{
	return snooze_until(c, GIVEN);
}

static int bury(const struct inbox_call *c, int64_t span)
{
	const struct hf_inbox_remove_args args = {
	    .write.expect = c->expect, .key = c->key, .tombstone_for = span};
	return hf_inbox_remove(c->store, c->txn, &args, c->result, c->error);
}
static int bury_it(const struct inbox_call *c)
{
	return bury(c, INT64_MAX);
}
static int bury_below_zero(const struct inbox_call *c)
{
	return bury(c, -1);
}

/* In a transaction of its own where it was given none. It expects what there is, unless it was
 * told what to expect. */
static int guard(const struct inbox_call *c)
{
	struct hf_inbox_got got;
	hf_txn *txn = c->txn;
	const int found = hf_inbox_get(c->store, &c->key, 0, &got, c->error);
	const hf_lsn there = found == HF_OK ? got.record.version : HF_ABSENT;
	const struct hf_inbox_guard_args args = {.write.expect = c->expect ? c->expect : there,
	                                         .key = c->key};
	hf_release(got.memory);
	if (!txn)
		assert_int_equal(hf_txn_begin(c->store, &txn, c->error), HF_OK);
	const int rc = hf_inbox_guard(c->store, txn, &args, c->result, c->error);
	if (c->txn)
		return rc;
	if (rc == HF_OK)
		return hf_txn_commit(txn, HF_DURABLE, c->error);
	hf_txn_abandon(txn);
	return rc;
}

/* --- The table -------------------------------------------------------------------------------- */

static const struct inbox_row rows[] = {
    {"dismiss",
     dismiss,
     ONE,
     HF_OK,
     {[NOBODY] = NO_SUCH,
      [LACKING] = NO_SUCH,
      [REMOVED] = NO_SUCH,
      [UNREAD] = {HF_OK, "unread s:- r:- d:N old@1", 0},
      [READ] = {HF_OK, "read s:- r:A d:N old@1", 0},
      [SEEN] = {HF_OK, "unread s:A r:- d:N old@1", 0},
      [DISMISSED] = SAME,
      [DONE] = SAME,
      [SNOOZED] = {HF_OK, "unread s:- r:- d:N old@1 z", 0},
      [BURIED] = NO_SUCH,
      [BLOCKED] = NO_SUCH,
      [ENDED] = NO_SUCH}},
    {"dismiss, now given",
     dismiss_then,
     ONE,
     HF_OK,
     {[NOBODY] = NO_SUCH,
      [LACKING] = NO_SUCH,
      [REMOVED] = NO_SUCH,
      [UNREAD] = {HF_OK, "unread s:- r:- d:G old@1", 0},
      [READ] = {HF_OK, "read s:- r:A d:G old@1", 0},
      [SEEN] = {HF_OK, "unread s:A r:- d:G old@1", 0},
      [DISMISSED] = SAME,
      [DONE] = SAME,
      [SNOOZED] = {HF_OK, "unread s:- r:- d:G old@1 z", 0},
      [BURIED] = NO_SUCH,
      [BLOCKED] = NO_SUCH,
      [ENDED] = NO_SUCH}},
    {"dismiss, now unset",
     dismiss_now_unset,
     ONE,
     HF_OK,
     {[NOBODY] = NO_SUCH,
      [LACKING] = NO_SUCH,
      [REMOVED] = NO_SUCH,
      [UNREAD] = {HF_OK, "unread s:- r:- d:N old@1", 0},
      [READ] = {HF_OK, "read s:- r:A d:N old@1", 0},
      [SEEN] = {HF_OK, "unread s:A r:- d:N old@1", 0},
      [DISMISSED] = SAME,
      [DONE] = SAME,
      [SNOOZED] = {HF_OK, "unread s:- r:- d:N old@1 z", 0},
      [BURIED] = NO_SUCH,
      [BLOCKED] = NO_SUCH,
      [ENDED] = NO_SUCH}},
    {"undismiss",
     undismiss,
     ONE,
     HF_OK,
     {[NOBODY] = NO_SUCH,
      [LACKING] = NO_SUCH,
      [REMOVED] = NO_SUCH,
      [UNREAD] = SAME,
      [READ] = SAME,
      [SEEN] = SAME,
      [DISMISSED] = {HF_OK, "unread s:- r:- d:- old@1", 0},
      [DONE] = {HF_OK, "read s:A r:A d:- old@1", 0},
      [SNOOZED] = SAME,
      [BURIED] = NO_SUCH,
      [BLOCKED] = NO_SUCH,
      [ENDED] = NO_SUCH}},
    {"mark_read",
     mark_read,
     ONE,
     HF_OK,
     {[NOBODY] = NO_SUCH,
      [LACKING] = NO_SUCH,
      [REMOVED] = NO_SUCH,
      [UNREAD] = {HF_OK, "read s:- r:N d:- old@1", 0},
      [READ] = SAME,
      [SEEN] = {HF_OK, "read s:A r:N d:- old@1", 0},
      [DISMISSED] = {HF_OK, "read s:- r:N d:A old@1", 0},
      [DONE] = SAME,
      [SNOOZED] = {HF_OK, "read s:- r:N d:- old@1 z", 0},
      [BURIED] = NO_SUCH,
      [BLOCKED] = NO_SUCH,
      [ENDED] = NO_SUCH}},
    {"mark_read, now given",
     mark_read_then,
     ONE,
     HF_OK,
     {[NOBODY] = NO_SUCH,
      [LACKING] = NO_SUCH,
      [REMOVED] = NO_SUCH,
      [UNREAD] = {HF_OK, "read s:- r:G d:- old@1", 0},
      [READ] = SAME,
      [SEEN] = {HF_OK, "read s:A r:G d:- old@1", 0},
      [DISMISSED] = {HF_OK, "read s:- r:G d:A old@1", 0},
      [DONE] = SAME,
      [SNOOZED] = {HF_OK, "read s:- r:G d:- old@1 z", 0},
      [BURIED] = NO_SUCH,
      [BLOCKED] = NO_SUCH,
      [ENDED] = NO_SUCH}},
    {"mark_unread",
     mark_unread,
     ONE,
     HF_OK,
     {[NOBODY] = NO_SUCH,
      [LACKING] = NO_SUCH,
      [REMOVED] = NO_SUCH,
      [UNREAD] = SAME,
      [READ] = {HF_OK, "unread s:- r:- d:- old@1", 0},
      [SEEN] = SAME,
      [DISMISSED] = SAME,
      [DONE] = {HF_OK, "unread s:A r:- d:A old@1", 0},
      [SNOOZED] = SAME,
      [BURIED] = NO_SUCH,
      [BLOCKED] = NO_SUCH,
      [ENDED] = NO_SUCH}},
    {"mark_seen",
     mark_seen,
     ONE,
     HF_OK,
     {[NOBODY] = NO_SUCH,
      [LACKING] = NO_SUCH,
      [REMOVED] = NO_SUCH,
      [UNREAD] = {HF_OK, "unread s:N r:- d:- old@1", 0},
      [READ] = {HF_OK, "read s:N r:A d:- old@1", 0},
      [SEEN] = SAME,
      [DISMISSED] = {HF_OK, "unread s:N r:- d:A old@1", 0},
      [DONE] = SAME,
      [SNOOZED] = {HF_OK, "unread s:N r:- d:- old@1 z", 0},
      [BURIED] = NO_SUCH,
      [BLOCKED] = NO_SUCH,
      [ENDED] = NO_SUCH}},
    {"mark_seen, now given",
     mark_seen_then,
     ONE,
     HF_OK,
     {[NOBODY] = NO_SUCH,
      [LACKING] = NO_SUCH,
      [REMOVED] = NO_SUCH,
      [UNREAD] = {HF_OK, "unread s:G r:- d:- old@1", 0},
      [READ] = {HF_OK, "read s:G r:A d:- old@1", 0},
      [SEEN] = SAME,
      [DISMISSED] = {HF_OK, "unread s:G r:- d:A old@1", 0},
      [DONE] = SAME,
      [SNOOZED] = {HF_OK, "unread s:G r:- d:- old@1 z", 0},
      [BURIED] = NO_SUCH,
      [BLOCKED] = NO_SUCH,
      [ENDED] = NO_SUCH}},
    {"remove",
     remove_it,
     ONE,
     HF_OK,
     {[NOBODY] = NO_SUCH,
      [LACKING] = NO_SUCH,
      [REMOVED] = NO_SUCH,
      [UNREAD] = GONE,
      [READ] = GONE,
      [SEEN] = GONE,
      [DISMISSED] = GONE,
      [DONE] = GONE,
      [SNOOZED] = GONE,
      [BURIED] = NO_SUCH,
      [BLOCKED] = NO_SUCH,
      [ENDED] = NO_SUCH}},
    {"snooze",
     snooze,
     ONE,
     HF_OK,
     {[NOBODY] = NO_SUCH,
      [LACKING] = NO_SUCH,
      [REMOVED] = NO_SUCH,
      [BURIED] = NO_SUCH,
      [BLOCKED] = NO_SUCH,
      [ENDED] = NO_SUCH,
      [UNREAD] = {HF_OK, "unread s:- r:- d:- old@1 z", 0},
      [READ] = {HF_OK, "read s:- r:A d:- old@1 z", 0},
      [SEEN] = {HF_OK, "unread s:A r:- d:- old@1 z", 0},
      [DISMISSED] = {HF_OK, "unread s:- r:- d:A old@1 z", 0},
      [DONE] = {HF_OK, "read s:A r:A d:A old@1 z", 0},
      [SNOOZED] = SAME}},
    {"snooze, awake again",
     wake,
     ONE,
     HF_OK,
     {[NOBODY] = NO_SUCH,
      [LACKING] = NO_SUCH,
      [REMOVED] = NO_SUCH,
      [BURIED] = NO_SUCH,
      [BLOCKED] = NO_SUCH,
      [ENDED] = NO_SUCH,
      [UNREAD] = SAME,
      [READ] = SAME,
      [SEEN] = SAME,
      [DISMISSED] = SAME,
      [DONE] = SAME,
      [SNOOZED] = {HF_OK, "unread s:- r:- d:- old@1", 0}}},
    {"snooze until a time that is over",
     snooze_then,
     ONE,
     HF_OK,
     {[NOBODY] = NO_SUCH,
      [LACKING] = NO_SUCH,
      [REMOVED] = NO_SUCH,
      [BURIED] = NO_SUCH,
      [BLOCKED] = NO_SUCH,
      [ENDED] = NO_SUCH,
      [UNREAD] = {HF_OK, "unread s:- r:- d:- old@1 y", 0},
      [READ] = {HF_OK, "read s:- r:A d:- old@1 y", 0},
      [SEEN] = {HF_OK, "unread s:A r:- d:- old@1 y", 0},
      [DISMISSED] = {HF_OK, "unread s:- r:- d:A old@1 y", 0},
      [DONE] = {HF_OK, "read s:A r:A d:A old@1 y", 0},
      [SNOOZED] = {HF_OK, "unread s:- r:- d:- old@1 y", 0}}},
    {"remove, leaving a tombstone",
     bury_it,
     ONE,
     HF_OK,
     {[NOBODY] = NO_SUCH,
      [LACKING] = NO_SUCH,
      [REMOVED] = NO_SUCH,
      [BURIED] = NO_SUCH,
      [BLOCKED] = NO_SUCH,
      [ENDED] = NO_SUCH,
      [UNREAD] = GONE,
      [READ] = GONE,
      [SEEN] = GONE,
      [DISMISSED] = GONE,
      [DONE] = GONE,
      [SNOOZED] = GONE}},
    {"remove, leaving a tombstone for less than nothing", bury_below_zero, ONE, HF_EINVAL, {{0}}},
    {"guard",
     guard,
     ONE,
     HF_OK,
     {[NOBODY] = SAME,
      [LACKING] = SAME,
      [REMOVED] = SAME,
      [BURIED] = SAME,
      [BLOCKED] = SAME,
      [ENDED] = SAME,
      [UNREAD] = SAME,
      [READ] = SAME,
      [SEEN] = SAME,
      [DISMISSED] = SAME,
      [DONE] = SAME,
      [SNOOZED] = SAME}},
};

enum { ROWS = sizeof rows / sizeof rows[0] };

static void each_operation_in_each_state(void **state)
{
	(void)state;
	for (enum setting setting = 0; setting < SETTINGS; setting++)
		run_inbox_table(rows, ROWS, setting);
}

static const char *operation_name(size_t i)
{
	return i < ROWS ? rows[i].name : NULL;
}

static void the_cells_are_those_of_the_design(void **state)
{
	(void)state;
	cells_are_listed("inbox, one record", operation_name, inbox_state_name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_cells_are_those_of_the_design),
	    cmocka_unit_test(each_operation_in_each_state),
	};
	return cmocka_run_group_tests_name("inbox table, one record", tests, NULL, NULL);
}
