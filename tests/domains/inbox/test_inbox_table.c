/* tier: fast */
/* Every cell of the contract's inbox table for the operations on one record: see
 * inbox_cells.h. */
#include "lib/domains/cells.h"
#include "lib/domains/inbox_cells.h"
#include "lib/test.h"

#define KEY "key.user=$user key.thread=thread"

static const struct inbox_row rows[] = {
    {"dismiss", "hf_inbox_dismiss " KEY, ONE, NULL,
     WHERE(NO, "unread s:- r:- d:N old@1", "read s:- r:A d:N old@1", "unread s:A r:- d:N old@1",
           "=", "=", "unread s:- r:- d:N old@1 z")},
    {"dismiss, now given", "hf_inbox_dismiss " KEY " now=now+-3600s", ONE, NULL,
     WHERE(NO, "unread s:- r:- d:G old@1", "read s:- r:A d:G old@1", "unread s:A r:- d:G old@1",
           "=", "=", "unread s:- r:- d:G old@1 z")},
    {"dismiss, now unset", "hf_inbox_dismiss " KEY " now=unset", ONE, NULL,
     WHERE(NO, "unread s:- r:- d:N old@1", "read s:- r:A d:N old@1", "unread s:A r:- d:N old@1",
           "=", "=", "unread s:- r:- d:N old@1 z")},
    {"undismiss", "hf_inbox_undismiss " KEY, ONE, NULL,
     WHERE(NO, "=", "=", "=", "unread s:- r:- d:- old@1", "read s:A r:A d:- old@1", "=")},
    {"mark_read", "hf_inbox_mark_read " KEY, ONE, NULL,
     WHERE(NO, "read s:- r:N d:- old@1", "=", "read s:A r:N d:- old@1", "read s:- r:N d:A old@1",
           "=", "read s:- r:N d:- old@1 z")},
    {"mark_read, now given", "hf_inbox_mark_read " KEY " now=now+-3600s", ONE, NULL,
     WHERE(NO, "read s:- r:G d:- old@1", "=", "read s:A r:G d:- old@1", "read s:- r:G d:A old@1",
           "=", "read s:- r:G d:- old@1 z")},
    {"mark_unread", "hf_inbox_mark_unread " KEY, ONE, NULL,
     WHERE(NO, "=", "unread s:- r:- d:- old@1", "=", "=", "unread s:A r:- d:A old@1", "=")},
    {"mark_seen", "hf_inbox_mark_seen " KEY, ONE, NULL,
     WHERE(NO, "unread s:N r:- d:- old@1", "read s:N r:A d:- old@1", "=",
           "unread s:N r:- d:A old@1", "=", "unread s:N r:- d:- old@1 z")},
    {"mark_seen, now given", "hf_inbox_mark_seen " KEY " now=now+-3600s", ONE, NULL,
     WHERE(NO, "unread s:G r:- d:- old@1", "read s:G r:A d:- old@1", "=",
           "unread s:G r:- d:A old@1", "=", "unread s:G r:- d:- old@1 z")},
    {"remove", "hf_inbox_remove " KEY, ONE, NULL,
     WHERE(NO, "gone", "gone", "gone", "gone", "gone", "gone")},
    {"snooze", "hf_inbox_snooze " KEY " until=now+7200s", ONE, NULL,
     WHERE(NO, "unread s:- r:- d:- old@1 z", "read s:- r:A d:- old@1 z",
           "unread s:A r:- d:- old@1 z", "unread s:- r:- d:A old@1 z", "read s:A r:A d:A old@1 z",
           "=")},
    {"snooze, awake again", "hf_inbox_snooze " KEY, ONE, NULL,
     WHERE(NO, "=", "=", "=", "=", "=", "unread s:- r:- d:- old@1")},
    {"snooze until a time that is over", "hf_inbox_snooze " KEY " until=now+-3600s", ONE, NULL,
     WHERE(NO, "unread s:- r:- d:- old@1 y", "read s:- r:A d:- old@1 y",
           "unread s:A r:- d:- old@1 y", "unread s:- r:- d:A old@1 y", "read s:A r:A d:A old@1 y",
           "unread s:- r:- d:- old@1 y")},
    {"remove, leaving a tombstone", "hf_inbox_remove " KEY " tombstone_for=9223372036854775807",
     ONE, NULL, WHERE(NO, "gone", "gone", "gone", "gone", "gone", "gone")},
    {"remove, leaving a tombstone for less than nothing",
     "hf_inbox_remove " KEY " tombstone_for=-1",
     ONE,
     "EINVAL",
     {0}},
    {"guard", "hf_inbox_guard " KEY, ONE, NULL, ALL("=")},
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
