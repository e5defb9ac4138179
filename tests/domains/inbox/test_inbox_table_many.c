/* tier: fast */
/* Every cell of the contract's inbox table for the operations on many records: see
 * inbox_cells.h. */
#include "lib/domains/cells.h"
#include "lib/domains/inbox_cells.h"
#include "lib/test.h"

/* --- Operations ------------------------------------------------------------------------------- */

static int save_one(const struct inbox_call *c, int content, bool unread, bool dismissed,
                    hf_time generated_at, enum hf_inbox_save_mode mode)
{
	const struct hf_inbox_input input = input_of(c, content, unread, dismissed);
	return save_records(c, &input, 1, generated_at, mode);
}

static int upsert_new(const struct inbox_call *c)
{
	return save_one(c, NEW, true, false, SNAPSHOT_2, HF_INBOX_UPSERT);
}
static int upsert_new_read(const struct inbox_call *c)
{
	return save_one(c, NEW, false, false, SNAPSHOT_2, HF_INBOX_UPSERT);
}
static int upsert_new_dismissed(const struct inbox_call *c)
{
	return save_one(c, NEW, true, true, SNAPSHOT_2, HF_INBOX_UPSERT);
}
static int upsert_old(const struct inbox_call *c)
{
	return save_one(c, OLD, true, false, SNAPSHOT_1, HF_INBOX_UPSERT);
}
static int upsert_none(const struct inbox_call *c)
{
	return save_records(c, NULL, 0, SNAPSHOT_2, HF_INBOX_UPSERT);
}
static int upsert_none_again(const struct inbox_call *c)
{
	return save_records(c, NULL, 0, SNAPSHOT_1, HF_INBOX_UPSERT);
}
static int replace_by_new(const struct inbox_call *c)
{
	return save_one(c, NEW, true, false, SNAPSHOT_2, HF_INBOX_REPLACE);
}
static int replace_by_stranger(const struct inbox_call *c)
{
	struct hf_inbox_input input = input_of(c, NEW, true, false);
	input.thread = hf_str("stranger");
	return save_records(c, &input, 1, SNAPSHOT_2, HF_INBOX_REPLACE);
}
static int replace_by_none(const struct inbox_call *c)
{
	return save_records(c, NULL, 0, SNAPSHOT_1, HF_INBOX_REPLACE);
}
static int save_twice_the_same(const struct inbox_call *c)
{
	struct hf_inbox_input inputs[3] = {input_of(c, NEW, true, false), input_of(c, OLD, true, false),
	                                   input_of(c, OLD, true, false)};
	inputs[1].thread = hf_str("z");
	inputs[2].account = hf_str("primary");
	return save_records(c, inputs, 3, SNAPSHOT_2, HF_INBOX_UPSERT);
}
static int save_not_a_number(const struct inbox_call *c)
{
	struct hf_inbox_input input = input_of(c, NEW, true, false);
	input.score = __builtin_nan("");
	return save_records(c, &input, 1, SNAPSHOT_2, HF_INBOX_UPSERT);
}

static int clear(const struct inbox_call *c)
{
	const struct hf_inbox_clear_args args = {.write.expect = c->expect, .user = c->key.user};
	return hf_inbox_clear(c->store, c->txn, &args, c->result, c->error);
}

static int prune(const struct inbox_call *c, const struct hf_bytes *keep, size_t count)
{
	const struct hf_inbox_prune_args args = {
	    .write.expect = c->expect, .user = c->key.user, .keep_accounts = keep, .keep_count = count};
	return hf_inbox_prune(c->store, c->txn, &args, c->result, c->error);
}
static int prune_to_work(const struct inbox_call *c)
{
	const struct hf_bytes keep[] = {hf_str("nowhere"), hf_str("work")};
	return prune(c, keep, 2);
}
static int prune_to_primary(const struct inbox_call *c)
{
	const struct hf_bytes keep[] = {{NULL, 0}};
	return prune(c, keep, 1);
}
static int prune_to_nothing(const struct inbox_call *c)
{
	return prune(c, NULL, 0);
}

static int trim(const struct inbox_call *c, uint64_t max_records, int64_t max_age, bool dry_run)
{
	const struct hf_inbox_trim_args args = {.write.expect = c->expect,
	                                        .user = c->key.user,
	                                        .max_records = max_records,
	                                        .max_age_us = max_age,
	                                        .dry_run = dry_run};
	return hf_inbox_trim(c->store, c->txn, &args, c->result, c->error);
}
static int trim_unbounded(const struct inbox_call *c)
{
	return trim(c, 0, 0, false);
}
static int trim_to_1(const struct inbox_call *c)
{
	return trim(c, 1, 0, false);
}
static int trim_just_young_enough(const struct inbox_call *c)
{
	return trim(c, 0, NOW - SNAPSHOT_1, false);
}
static int trim_too_old(const struct inbox_call *c)
{
	return trim(c, 5, NOW - SNAPSHOT_1 - 1, false);
}
static int trim_dry(const struct inbox_call *c)
{
	return trim(c, 1, 1, true);
}
static int trim_below_zero(const struct inbox_call *c)
{
	return trim(c, 1, -1, false);
}

typedef int (*all_fn)(hf_store *, hf_txn *, const struct hf_inbox_mark_all_args *,
                      struct hf_result *, struct hf_error *);

static int mark_all(const struct inbox_call *c, all_fn fn, const char *account, hf_lsn up_to,
                    hf_time now)
{
	const struct hf_inbox_mark_all_args args = {.write.expect = c->expect,
	                                            .user = c->key.user,
	                                            .account = hf_str(account),
	                                            .up_to = up_to,
	                                            .now = now};
	return fn(c->store, c->txn, &args, c->result, c->error);
}
static int mark_all_read(const struct inbox_call *c)
{
	return mark_all(c, hf_inbox_mark_all_read, "", 0, 0);
}
static int mark_this_read(const struct inbox_call *c)
{
	return mark_all(c, hf_inbox_mark_all_read, "primary", HF_ABSENT, 0);
}
static int mark_other_read(const struct inbox_call *c)
{
	return mark_all(c, hf_inbox_mark_all_read, "work", 0, GIVEN);
}
/* The store's first entry was another row's. */
static int mark_older_read(const struct inbox_call *c)
{
	return mark_all(c, hf_inbox_mark_all_read, "", 1, 0);
}
static int mark_all_now_unset(const struct inbox_call *c)
{
	return mark_all(c, hf_inbox_mark_all_read, "", 0, HF_UNSET);
}
static int dismiss_all(const struct inbox_call *c)
{
	return mark_all(c, hf_inbox_dismiss_all, "", 0, 0);
}
static int dismiss_this(const struct inbox_call *c)
{
	return mark_all(c, hf_inbox_dismiss_all, "primary", 0, 0);
}
static int dismiss_older(const struct inbox_call *c)
{
	return mark_all(c, hf_inbox_dismiss_all, "", 1, 0);
}

static int replace_leaving(const struct inbox_call *c, int64_t span)
{
	const struct hf_inbox_save_args args = {.write.expect = c->expect,
	                                        .user = c->key.user,
	                                        .generated_at = SNAPSHOT_1,
	                                        .mode = HF_INBOX_REPLACE,
	                                        .tombstone_for = span};
	return hf_inbox_save(c->store, c->txn, &args, c->result, c->error);
}
static int replace_by_none_unburied(const struct inbox_call *c)
{
	return replace_leaving(c, HF_INBOX_NO_TOMBSTONE);
}
static int replace_below_zero(const struct inbox_call *c)
{
	return replace_leaving(c, -2);
}

/* --- The table -------------------------------------------------------------------------------- */

static const struct inbox_row rows[] = {
    {"save new content",
     upsert_new,
     MOVING,
     HF_OK,
     {[NOBODY] = {HF_OK, "unread s:- r:- d:- new@2", 1},
      [LACKING] = {HF_OK, "unread s:- r:- d:- new@2", 1},
      [UNREAD] = {HF_OK, "unread s:- r:- d:- new@2", 1},
      [READ] = {HF_OK, "unread s:- r:A d:- new@2", 1},
      [SEEN] = {HF_OK, "unread s:A r:- d:- new@2", 1},
      [DISMISSED] = {HF_OK, "unread s:- r:- d:A new@2", 1},
      [DONE] = {HF_OK, "unread s:A r:A d:A new@2", 1},
      [REMOVED] = {HF_OK, "unread s:- r:- d:- new@2", 1},
      [SNOOZED] = {HF_OK, "unread s:- r:- d:- new@2 z", 1},
      [BURIED] = {HF_OK, "unread s:- r:- d:A new@2", 1},
      [BLOCKED] = {HF_OK, NULL, 0},
      [ENDED] = {HF_OK, "unread s:- r:- d:- new@2", 1}}},
    {"save new content as read",
     upsert_new_read,
     MOVING,
     HF_OK,
     {[NOBODY] = {HF_OK, "read s:- r:- d:- new@2", 1},
      [LACKING] = {HF_OK, "read s:- r:- d:- new@2", 1},
      [UNREAD] = {HF_OK, "read s:- r:- d:- new@2", 1},
      [READ] = {HF_OK, "read s:- r:A d:- new@2", 1},
      [SEEN] = {HF_OK, "read s:A r:- d:- new@2", 1},
      [DISMISSED] = {HF_OK, "read s:- r:- d:A new@2", 1},
      [DONE] = {HF_OK, "read s:A r:A d:A new@2", 1},
      [REMOVED] = {HF_OK, "read s:- r:- d:- new@2", 1},
      [SNOOZED] = {HF_OK, "read s:- r:- d:- new@2 z", 1},
      [BURIED] = {HF_OK, "read s:- r:- d:A new@2", 1},
      [BLOCKED] = {HF_OK, NULL, 0},
      [ENDED] = {HF_OK, "read s:- r:- d:- new@2", 1}}},
    {"save new content as dismissed",
     upsert_new_dismissed,
     MOVING,
     HF_OK,
     {[NOBODY] = {HF_OK, "unread s:- r:- d:N new@2", 1},
      [LACKING] = {HF_OK, "unread s:- r:- d:N new@2", 1},
      [UNREAD] = {HF_OK, "unread s:- r:- d:N new@2", 1},
      [READ] = {HF_OK, "unread s:- r:A d:N new@2", 1},
      [SEEN] = {HF_OK, "unread s:A r:- d:N new@2", 1},
      [DISMISSED] = {HF_OK, "unread s:- r:- d:A new@2", 1},
      [DONE] = {HF_OK, "unread s:A r:A d:A new@2", 1},
      [REMOVED] = {HF_OK, "unread s:- r:- d:N new@2", 1},
      [SNOOZED] = {HF_OK, "unread s:- r:- d:N new@2 z", 1},
      [BURIED] = {HF_OK, "unread s:- r:- d:A new@2", 1},
      [BLOCKED] = {HF_OK, NULL, 0},
      [ENDED] = {HF_OK, "unread s:- r:- d:N new@2", 1}}},
    {"save the old content",
     upsert_old,
     FIRST,
     HF_OK,
     {[NOBODY] = {HF_OK, "unread s:- r:- d:- old@1", 1},
      [LACKING] = {HF_OK, "unread s:- r:- d:- old@1", 1},
      [UNREAD] = SAME,
      [READ] = {HF_OK, "unread s:- r:A d:- old@1", 1},
      [SEEN] = SAME,
      [DISMISSED] = SAME,
      [DONE] = {HF_OK, "unread s:A r:A d:A old@1", 1},
      [REMOVED] = {HF_OK, "unread s:- r:- d:- old@1", 1},
      [SNOOZED] = SAME,
      [BURIED] = {HF_OK, "unread s:- r:- d:A old@1", 1},
      [BLOCKED] = SAME,
      [ENDED] = {HF_OK, "unread s:- r:- d:- old@1", 1}}},
    {"save nothing, newer",
     upsert_none,
     MOVING,
     HF_OK,
     {[NOBODY] = SAME,
      [LACKING] = SAME,
      [UNREAD] = SAME,
      [READ] = SAME,
      [SEEN] = SAME,
      [DISMISSED] = SAME,
      [DONE] = SAME,
      [REMOVED] = SAME,
      [SNOOZED] = SAME,
      [BURIED] = SAME,
      [BLOCKED] = SAME,
      [ENDED] = SAME}},
    {"save nothing, as old",
     upsert_none_again,
     FIRST,
     HF_OK,
     {[NOBODY] = SAME,
      [LACKING] = SAME,
      [UNREAD] = SAME,
      [READ] = SAME,
      [SEEN] = SAME,
      [DISMISSED] = SAME,
      [DONE] = SAME,
      [REMOVED] = SAME,
      [SNOOZED] = SAME,
      [BURIED] = SAME,
      [BLOCKED] = SAME,
      [ENDED] = SAME}},
    {"replace by new content",
     replace_by_new,
     MOVING,
     HF_OK,
     {[NOBODY] = {HF_OK, "unread s:- r:- d:- new@2", 1},
      [LACKING] = {HF_OK, "unread s:- r:- d:- new@2", 2},
      [UNREAD] = {HF_OK, "unread s:- r:- d:- new@2", 2},
      [READ] = {HF_OK, "unread s:- r:A d:- new@2", 2},
      [SEEN] = {HF_OK, "unread s:A r:- d:- new@2", 2},
      [DISMISSED] = {HF_OK, "unread s:- r:- d:A new@2", 2},
      [DONE] = {HF_OK, "unread s:A r:A d:A new@2", 2},
      [REMOVED] = {HF_OK, "unread s:- r:- d:- new@2", 2},
      [SNOOZED] = {HF_OK, "unread s:- r:- d:- new@2 z", 2},
      [BURIED] = {HF_OK, "unread s:- r:- d:A new@2", 2},
      [BLOCKED] = {HF_OK, NULL, 1},
      [ENDED] = {HF_OK, "unread s:- r:- d:- new@2", 2}}},
    {"replace by another record",
     replace_by_stranger,
     MOVING,
     HF_OK,
     {[NOBODY] = {HF_OK, NULL, 1},
      [LACKING] = {HF_OK, NULL, 2},
      [REMOVED] = {HF_OK, NULL, 2},
      [UNREAD] = {HF_OK, "", 3},
      [READ] = {HF_OK, "", 3},
      [SEEN] = {HF_OK, "", 3},
      [DISMISSED] = {HF_OK, "", 3},
      [DONE] = {HF_OK, "", 3},
      [SNOOZED] = {HF_OK, "", 3},
      [BURIED] = {HF_OK, NULL, 2},
      [BLOCKED] = {HF_OK, NULL, 2},
      [ENDED] = {HF_OK, NULL, 2}}},
    {"replace by nothing",
     replace_by_none,
     FIRST,
     HF_OK,
     {[NOBODY] = SAME,
      [LACKING] = {HF_OK, NULL, 1},
      [REMOVED] = {HF_OK, NULL, 1},
      [UNREAD] = {HF_OK, "", 2},
      [READ] = {HF_OK, "", 2},
      [SEEN] = {HF_OK, "", 2},
      [DISMISSED] = {HF_OK, "", 2},
      [DONE] = {HF_OK, "", 2},
      [SNOOZED] = {HF_OK, "", 2},
      [BURIED] = {HF_OK, NULL, 1},
      [BLOCKED] = {HF_OK, NULL, 1},
      [ENDED] = {HF_OK, NULL, 1}}},
    {"save the same key twice", save_twice_the_same, MANY, HF_EINVAL, {{0}}},
    {"save a score that is no number", save_not_a_number, MANY, HF_EINVAL, {{0}}},
    {"clear",
     clear,
     UNSETTING,
     HF_OK,
     {[NOBODY] = SAME,
      [LACKING] = {HF_OK, NULL, 1},
      [REMOVED] = {HF_OK, NULL, 1},
      [UNREAD] = {HF_OK, "", 2},
      [READ] = {HF_OK, "", 2},
      [SEEN] = {HF_OK, "", 2},
      [DISMISSED] = {HF_OK, "", 2},
      [DONE] = {HF_OK, "", 2},
      [SNOOZED] = {HF_OK, "", 2},
      [BURIED] = {HF_OK, NULL, 1},
      [BLOCKED] = {HF_OK, NULL, 1},
      [ENDED] = {HF_OK, NULL, 1}}},
    {"prune to the other account",
     prune_to_work,
     MANY,
     HF_OK,
     {[NOBODY] = SAME,
      [LACKING] = SAME,
      [REMOVED] = SAME,
      [UNREAD] = {HF_OK, "", 1},
      [READ] = {HF_OK, "", 1},
      [SEEN] = {HF_OK, "", 1},
      [DISMISSED] = {HF_OK, "", 1},
      [DONE] = {HF_OK, "", 1},
      [SNOOZED] = {HF_OK, "", 1},
      [BURIED] = SAME,
      [BLOCKED] = SAME,
      [ENDED] = SAME}},
    {"prune to this account",
     prune_to_primary,
     MANY,
     HF_OK,
     {[NOBODY] = SAME,
      [LACKING] = {HF_OK, NULL, 1},
      [REMOVED] = {HF_OK, NULL, 1},
      [UNREAD] = {HF_OK, NULL, 1},
      [READ] = {HF_OK, NULL, 1},
      [SEEN] = {HF_OK, NULL, 1},
      [DISMISSED] = {HF_OK, NULL, 1},
      [DONE] = {HF_OK, NULL, 1},
      [SNOOZED] = {HF_OK, NULL, 1},
      [BURIED] = {HF_OK, NULL, 1},
      [BLOCKED] = {HF_OK, NULL, 1},
      [ENDED] = {HF_OK, NULL, 1}}},
    {"prune to an empty list",
     prune_to_nothing,
     MANY,
     HF_OK,
     {[NOBODY] = SAME,
      [LACKING] = SAME,
      [UNREAD] = SAME,
      [READ] = SAME,
      [SEEN] = SAME,
      [DISMISSED] = SAME,
      [DONE] = SAME,
      [REMOVED] = SAME,
      [SNOOZED] = SAME,
      [BURIED] = SAME,
      [BLOCKED] = SAME,
      [ENDED] = SAME}},
    {"trim without bounds",
     trim_unbounded,
     MANY,
     HF_OK,
     {[NOBODY] = SAME,
      [LACKING] = SAME,
      [UNREAD] = SAME,
      [READ] = SAME,
      [SEEN] = SAME,
      [DISMISSED] = SAME,
      [DONE] = SAME,
      [REMOVED] = SAME,
      [SNOOZED] = SAME,
      [BURIED] = SAME,
      [BLOCKED] = SAME,
      [ENDED] = SAME}},
    {"trim to one",
     trim_to_1,
     MANY,
     HF_OK,
     {[NOBODY] = SAME,
      [LACKING] = SAME,
      [REMOVED] = SAME,
      [UNREAD] = {HF_OK, NULL, 1},
      [READ] = {HF_OK, NULL, 1},
      [SEEN] = {HF_OK, NULL, 1},
      [DISMISSED] = {HF_OK, NULL, 1},
      [DONE] = {HF_OK, NULL, 1},
      [SNOOZED] = {HF_OK, NULL, 1},
      [BURIED] = SAME,
      [BLOCKED] = SAME,
      [ENDED] = SAME}},
    {"trim to exactly its age",
     trim_just_young_enough,
     MANY,
     HF_OK,
     {[NOBODY] = SAME,
      [LACKING] = SAME,
      [UNREAD] = SAME,
      [READ] = SAME,
      [SEEN] = SAME,
      [DISMISSED] = SAME,
      [DONE] = SAME,
      [REMOVED] = SAME,
      [SNOOZED] = SAME,
      [BURIED] = SAME,
      [BLOCKED] = SAME,
      [ENDED] = SAME}},
    {"trim to less than its age",
     trim_too_old,
     MANY,
     HF_OK,
     {[NOBODY] = SAME,
      [LACKING] = {HF_OK, NULL, 1},
      [REMOVED] = {HF_OK, NULL, 1},
      [UNREAD] = {HF_OK, "", 2},
      [READ] = {HF_OK, "", 2},
      [SEEN] = {HF_OK, "", 2},
      [DISMISSED] = {HF_OK, "", 2},
      [DONE] = {HF_OK, "", 2},
      [SNOOZED] = {HF_OK, "", 2},
      [BURIED] = {HF_OK, NULL, 1},
      [BLOCKED] = {HF_OK, NULL, 1},
      [ENDED] = {HF_OK, NULL, 1}}},
    {"trim without doing it",
     trim_dry,
     DRY,
     HF_OK,
     {[NOBODY] = SAME,
      [LACKING] = {HF_OK, NULL, 1},
      [REMOVED] = {HF_OK, NULL, 1},
      [UNREAD] = {HF_OK, NULL, 2},
      [READ] = {HF_OK, NULL, 2},
      [SEEN] = {HF_OK, NULL, 2},
      [DISMISSED] = {HF_OK, NULL, 2},
      [DONE] = {HF_OK, NULL, 2},
      [SNOOZED] = {HF_OK, NULL, 2},
      [BURIED] = {HF_OK, NULL, 1},
      [BLOCKED] = {HF_OK, NULL, 1},
      [ENDED] = {HF_OK, NULL, 1}}},
    {"trim to an age below 0", trim_below_zero, MANY, HF_EINVAL, {{0}}},
    {"mark_all_read",
     mark_all_read,
     MANY,
     HF_OK,
     {[NOBODY] = SAME,
      [LACKING] = {HF_OK, NULL, 1},
      [REMOVED] = {HF_OK, NULL, 1},
      [BURIED] = {HF_OK, NULL, 1},
      [BLOCKED] = {HF_OK, NULL, 1},
      [ENDED] = {HF_OK, NULL, 1},
      [UNREAD] = {HF_OK, "read s:- r:N d:- old@1", 2},
      [READ] = {HF_OK, NULL, 1},
      [SEEN] = {HF_OK, "read s:A r:N d:- old@1", 2},
      [DISMISSED] = {HF_OK, "read s:- r:N d:A old@1", 2},
      [DONE] = {HF_OK, NULL, 1},
      [SNOOZED] = {HF_OK, "read s:- r:N d:- old@1 z", 2}}},
    {"mark_all_read of this account",
     mark_this_read,
     MANY,
     HF_OK,
     {[NOBODY] = SAME,
      [LACKING] = SAME,
      [REMOVED] = SAME,
      [BURIED] = SAME,
      [BLOCKED] = SAME,
      [ENDED] = SAME,
      [UNREAD] = {HF_OK, "read s:- r:N d:- old@1", 1},
      [READ] = SAME,
      [SEEN] = {HF_OK, "read s:A r:N d:- old@1", 1},
      [DISMISSED] = {HF_OK, "read s:- r:N d:A old@1", 1},
      [DONE] = SAME,
      [SNOOZED] = {HF_OK, "read s:- r:N d:- old@1 z", 1}}},
    {"mark_all_read of the other account, now given",
     mark_other_read,
     MANY,
     HF_OK,
     {[NOBODY] = SAME,
      [LACKING] = {HF_OK, NULL, 1},
      [REMOVED] = {HF_OK, NULL, 1},
      [BURIED] = {HF_OK, NULL, 1},
      [BLOCKED] = {HF_OK, NULL, 1},
      [ENDED] = {HF_OK, NULL, 1},
      [UNREAD] = {HF_OK, NULL, 1},
      [READ] = {HF_OK, NULL, 1},
      [SEEN] = {HF_OK, NULL, 1},
      [DISMISSED] = {HF_OK, NULL, 1},
      [DONE] = {HF_OK, NULL, 1},
      [SNOOZED] = {HF_OK, NULL, 1}}},
    {"mark_all_read up to an older save",
     mark_older_read,
     MANY,
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
    {"dismiss_all",
     dismiss_all,
     MANY,
     HF_OK,
     {[NOBODY] = SAME,
      [LACKING] = {HF_OK, NULL, 1},
      [REMOVED] = {HF_OK, NULL, 1},
      [BURIED] = {HF_OK, NULL, 1},
      [BLOCKED] = {HF_OK, NULL, 1},
      [ENDED] = {HF_OK, NULL, 1},
      [UNREAD] = {HF_OK, "unread s:- r:- d:N old@1", 2},
      [READ] = {HF_OK, "read s:- r:A d:N old@1", 2},
      [SEEN] = {HF_OK, "unread s:A r:- d:N old@1", 2},
      [DISMISSED] = {HF_OK, NULL, 1},
      [DONE] = {HF_OK, NULL, 1},
      [SNOOZED] = {HF_OK, "unread s:- r:- d:N old@1 z", 2}}},
    {"dismiss_all of this account",
     dismiss_this,
     MANY,
     HF_OK,
     {[NOBODY] = SAME,
      [LACKING] = SAME,
      [REMOVED] = SAME,
      [BURIED] = SAME,
      [BLOCKED] = SAME,
      [ENDED] = SAME,
      [UNREAD] = {HF_OK, "unread s:- r:- d:N old@1", 1},
      [READ] = {HF_OK, "read s:- r:A d:N old@1", 1},
      [SEEN] = {HF_OK, "unread s:A r:- d:N old@1", 1},
      [DISMISSED] = SAME,
      [DONE] = SAME,
      [SNOOZED] = {HF_OK, "unread s:- r:- d:N old@1 z", 1}}},
    {"dismiss_all up to an older save",
     dismiss_older,
     MANY,
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
    {"mark_all_read, now unset",
     mark_all_now_unset,
     MANY,
     HF_OK,
     {[NOBODY] = SAME,
      [LACKING] = {HF_OK, NULL, 1},
      [REMOVED] = {HF_OK, NULL, 1},
      [BURIED] = {HF_OK, NULL, 1},
      [BLOCKED] = {HF_OK, NULL, 1},
      [ENDED] = {HF_OK, NULL, 1},
      [UNREAD] = {HF_OK, "read s:- r:N d:- old@1", 2},
      [READ] = {HF_OK, NULL, 1},
      [SEEN] = {HF_OK, "read s:A r:N d:- old@1", 2},
      [DISMISSED] = {HF_OK, "read s:- r:N d:A old@1", 2},
      [DONE] = {HF_OK, NULL, 1},
      [SNOOZED] = {HF_OK, "read s:- r:N d:- old@1 z", 2}}},
    {"replace by nothing, no tombstones",
     replace_by_none_unburied,
     FIRST,
     HF_OK,
     {[NOBODY] = SAME,
      [LACKING] = {HF_OK, NULL, 1},
      [REMOVED] = {HF_OK, NULL, 1},
      [UNREAD] = {HF_OK, "", 2},
      [READ] = {HF_OK, "", 2},
      [SEEN] = {HF_OK, "", 2},
      [DISMISSED] = {HF_OK, "", 2},
      [DONE] = {HF_OK, "", 2},
      [SNOOZED] = {HF_OK, "", 2},
      [BURIED] = {HF_OK, NULL, 1},
      [BLOCKED] = {HF_OK, NULL, 1},
      [ENDED] = {HF_OK, NULL, 1}}},
    {"replace, tombstones for less than nothing", replace_below_zero, MANY, HF_EINVAL, {{0}}},
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
