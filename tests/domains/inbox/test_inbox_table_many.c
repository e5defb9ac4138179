/* tier: fast */
/* Every cell of the contract's inbox table for the operations on many records: see
 * inbox_cells.h. */
#include "lib/domains/cells.h"
#include "lib/domains/inbox_cells.h"
#include "lib/test.h"

static const struct inbox_row rows[] = {
    {"save new content",
     "hf_inbox_save user=$user generated_at=now+-18000s records=1 : thread=thread payload=new "
     "score=8 updated_at=2 unread=1",
     MOVING,
     NULL,
     {"1: unread s:- r:- d:- new@2", "1: unread s:- r:- d:- new@2", "1: unread s:- r:- d:- new@2",
      "1: unread s:- r:A d:- new@2", "1: unread s:A r:- d:- new@2", "1: unread s:- r:- d:A new@2",
      "1: unread s:A r:A d:A new@2", "1: unread s:- r:- d:- new@2", "1: unread s:- r:- d:- new@2 z",
      "1: unread s:- r:- d:A new@2", "=", "1: unread s:- r:- d:- new@2"}},
    {"save new content as read",
     "hf_inbox_save user=$user generated_at=now+-18000s records=1 : thread=thread payload=new "
     "score=8 updated_at=2",
     MOVING,
     NULL,
     {"1: read s:- r:- d:- new@2", "1: read s:- r:- d:- new@2", "1: read s:- r:- d:- new@2",
      "1: read s:- r:A d:- new@2", "1: read s:A r:- d:- new@2", "1: read s:- r:- d:A new@2",
      "1: read s:A r:A d:A new@2", "1: read s:- r:- d:- new@2", "1: read s:- r:- d:- new@2 z",
      "1: read s:- r:- d:A new@2", "=", "1: read s:- r:- d:- new@2"}},
    {"save new content as dismissed",
     "hf_inbox_save user=$user generated_at=now+-18000s records=1 : thread=thread payload=new "
     "score=8 updated_at=2 unread=1 dismissed=1",
     MOVING,
     NULL,
     {"1: unread s:- r:- d:N new@2", "1: unread s:- r:- d:N new@2", "1: unread s:- r:- d:N new@2",
      "1: unread s:- r:A d:N new@2", "1: unread s:A r:- d:N new@2", "1: unread s:- r:- d:A new@2",
      "1: unread s:A r:A d:A new@2", "1: unread s:- r:- d:N new@2", "1: unread s:- r:- d:N new@2 z",
      "1: unread s:- r:- d:A new@2", "=", "1: unread s:- r:- d:N new@2"}},
    {"save the old content",
     "hf_inbox_save user=$user generated_at=now+-36000s records=1 : thread=thread payload=old "
     "score=4 updated_at=1 unread=1",
     FIRST,
     NULL,
     {"1: unread s:- r:- d:- old@1", "1: unread s:- r:- d:- old@1", "=",
      "1: unread s:- r:A d:- old@1", "=", "=", "1: unread s:A r:A d:A old@1",
      "1: unread s:- r:- d:- old@1", "=", "1: unread s:- r:- d:A old@1", "=",
      "1: unread s:- r:- d:- old@1"}},
    {"save nothing, newer", "hf_inbox_save user=$user generated_at=now+-18000s", MOVING, NULL,
     ALL("=")},
    {"save nothing, as old", "hf_inbox_save user=$user generated_at=now+-36000s", FIRST, NULL,
     ALL("=")},
    {"replace by new content",
     "hf_inbox_save user=$user generated_at=now+-18000s mode=replace records=1 : thread=thread "
     "payload=new score=8 updated_at=2 unread=1",
     MOVING,
     NULL,
     {"1: unread s:- r:- d:- new@2", "2: unread s:- r:- d:- new@2", "2: unread s:- r:- d:- new@2",
      "2: unread s:- r:A d:- new@2", "2: unread s:A r:- d:- new@2", "2: unread s:- r:- d:A new@2",
      "2: unread s:A r:A d:A new@2", "2: unread s:- r:- d:- new@2", "2: unread s:- r:- d:- new@2 z",
      "2: unread s:- r:- d:A new@2", "1: =", "2: unread s:- r:- d:- new@2"}},
    {"replace by another record",
     "hf_inbox_save user=$user generated_at=now+-18000s mode=replace records=1 : thread=stranger "
     "payload=new score=8 updated_at=2 unread=1",
     MOVING, NULL,
     UNLESS_NEW("1: =", "2: =", "3: gone", "3: gone", "3: gone", "3: gone", "3: gone", "3: gone")},
    {"replace by nothing", "hf_inbox_save user=$user generated_at=now+-36000s mode=replace", FIRST,
     NULL,
     UNLESS_NEW("=", "1: =", "2: gone", "2: gone", "2: gone", "2: gone", "2: gone", "2: gone")},
    {"save the same key twice",
     "hf_inbox_save user=$user generated_at=now+-18000s records=3 : account=$account "
     "thread=$thread payload=new score=8 updated_at=2 unread=1",
     MANY,
     "EINVAL",
     {0}},
    {"save a score that is no number",
     "hf_inbox_save user=$user generated_at=now+-18000s records=1 : thread=thread payload=new "
     "score=$nan updated_at=2 unread=1",
     MANY,
     "EINVAL",
     {0}},
    {"clear", "hf_inbox_clear user=$user", UNSETTING, NULL,
     UNLESS_NEW("=", "1: =", "2: gone", "2: gone", "2: gone", "2: gone", "2: gone", "2: gone")},
    {"prune to the other account", "hf_inbox_prune user=$user keep_accounts=2 : bytes=$kept", MANY,
     NULL, WHERE("=", "1: gone", "1: gone", "1: gone", "1: gone", "1: gone", "1: gone")},
    {"prune to this account", "hf_inbox_prune user=$user keep_accounts=1 : bytes=", MANY, NULL,
     UNLESS_NEW("=", "1: =", "1: =", "1: =", "1: =", "1: =", "1: =", "1: =")},
    {"prune to an empty list", "hf_inbox_prune user=$user", MANY, NULL, ALL("=")},
    {"trim without bounds", "hf_inbox_trim user=$user", MANY, NULL, ALL("=")},
    {"trim to one", "hf_inbox_trim user=$user max_records=1", MANY, NULL,
     WHERE("=", "1: =", "1: =", "1: =", "1: =", "1: =", "1: =")},
    {"trim to exactly its age", "hf_inbox_trim user=$user max_age_us=39600s", MANY, NULL, ALL("=")},
    {"trim to less than its age", "hf_inbox_trim user=$user max_records=5 max_age_us=39600s+-1",
     MANY, NULL,
     UNLESS_NEW("=", "1: =", "2: gone", "2: gone", "2: gone", "2: gone", "2: gone", "2: gone")},
    {"trim without doing it", "hf_inbox_trim user=$user max_records=1 max_age_us=1 dry_run=1", DRY,
     NULL, UNLESS_NEW("=", "1: =", "2: =", "2: =", "2: =", "2: =", "2: =", "2: =")},
    {"trim to an age below 0",
     "hf_inbox_trim user=$user max_records=1 max_age_us=-1",
     MANY,
     "EINVAL",
     {0}},
    {"mark_all_read", "hf_inbox_mark_all_read user=$user", MANY, NULL,
     UNLESS_NEW("=", "1: =", "2: read s:- r:N d:- old@1", "1: =", "2: read s:A r:N d:- old@1",
                "2: read s:- r:N d:A old@1", "1: =", "2: read s:- r:N d:- old@1 z")},
    {"mark_all_read of this account",
     "hf_inbox_mark_all_read user=$user account=primary up_to=absent", MANY, NULL,
     WHERE("=", "1: read s:- r:N d:- old@1", "=", "1: read s:A r:N d:- old@1",
           "1: read s:- r:N d:A old@1", "=", "1: read s:- r:N d:- old@1 z")},
    {"mark_all_read of the other account, now given",
     "hf_inbox_mark_all_read user=$user account=work now=now+-3600s", MANY, NULL,
     UNLESS_NEW("=", "1: =", "1: =", "1: =", "1: =", "1: =", "1: =", "1: =")},
    {"mark_all_read up to an older save", "hf_inbox_mark_all_read user=$user up_to=1", MANY, NULL,
     ALL("=")},
    {"dismiss_all", "hf_inbox_dismiss_all user=$user", MANY, NULL,
     UNLESS_NEW("=", "1: =", "2: unread s:- r:- d:N old@1", "2: read s:- r:A d:N old@1",
                "2: unread s:A r:- d:N old@1", "1: =", "1: =", "2: unread s:- r:- d:N old@1 z")},
    {"dismiss_all of this account", "hf_inbox_dismiss_all user=$user account=primary", MANY, NULL,
     WHERE("=", "1: unread s:- r:- d:N old@1", "1: read s:- r:A d:N old@1",
           "1: unread s:A r:- d:N old@1", "=", "=", "1: unread s:- r:- d:N old@1 z")},
    {"dismiss_all up to an older save", "hf_inbox_dismiss_all user=$user up_to=1", MANY, NULL,
     ALL("=")},
    {"mark_all_read, now unset", "hf_inbox_mark_all_read user=$user now=unset", MANY, NULL,
     UNLESS_NEW("=", "1: =", "2: read s:- r:N d:- old@1", "1: =", "2: read s:A r:N d:- old@1",
                "2: read s:- r:N d:A old@1", "1: =", "2: read s:- r:N d:- old@1 z")},
    {"replace by nothing, no tombstones",
     "hf_inbox_save user=$user generated_at=now+-36000s mode=replace tombstone_for=-1", FIRST, NULL,
     UNLESS_NEW("=", "1: =", "2: gone", "2: gone", "2: gone", "2: gone", "2: gone", "2: gone")},
    {"replace, tombstones for less than nothing",
     "hf_inbox_save user=$user generated_at=now+-36000s mode=replace tombstone_for=-2",
     MANY,
     "EINVAL",
     {0}},
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
	cells_are_listed("inbox, many records", operation_name, inbox_state_name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_cells_are_those_of_the_design),
	    cmocka_unit_test(each_operation_in_each_state),
	};
	return cmocka_run_group_tests_name("inbox table, many records", tests, NULL, NULL);
}
