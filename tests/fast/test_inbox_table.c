/* Every cell of the contract's inbox table: each operation on a record in each state, with its code, `changed`, count, version and the record
 * that results, run on a live store, after reopening, and on a state loaded from a snapshot; each of them plainly, with an expected
 * version that is right, with one that is wrong, and inside a transaction.
 *
 * Every inbox but the first state's also holds a record "other" of account "work", last in load order, so that counts of many-object
 * operations show who was meant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "holdfast/inbox.h"
#include "lib/settings.h"

#define HOUR INT64_C(3600000000)
#define ARRANGED STAGE_NOW
#define NOW (STAGE_NOW + HOUR)
#define GIVEN (STAGE_NOW - HOUR)
#define SNAPSHOT_1 (STAGE_NOW - 10 * HOUR)
#define SNAPSHOT_2 (STAGE_NOW - 5 * HOUR)
#define TEXT_MAX 128u

/* --- A record as text: "unread|read s:seen r:read d:dismissed content@snapshot" ---------------------------------------------- */

static const char *time_text(hf_time time)
{
	return time == HF_UNSET ? "-" : time == ARRANGED ? "A" : time == NOW ? "N" : time == GIVEN ? "G" : "?";
}

/* Payload, score and updated_at go together. */
static const char *content_text(const struct hf_inbox_record *r)
{
	static const char *const names[] = {"old", "new"};
	for (int i = 0; i < 2; i++)
		if (r->payload.len == 3 && memcmp(r->payload.data, names[i], 3) == 0 && (int)r->score == i + 1 && r->updated_at == i + 1)
			return names[i];
	return "mixed";
}

static void render(const struct hf_inbox_record *r, char out[TEXT_MAX])
{
	const char *dismissed = r->dismissed ? (r->dismissed_at == HF_UNSET ? "?" : time_text(r->dismissed_at)) : "-";
	const char *snapshot = r->snapshot_at == SNAPSHOT_1 ? "1" : r->snapshot_at == SNAPSHOT_2 ? "2" : "?";
	(void)snprintf(out, TEXT_MAX, "%s s:%s r:%s d:%s %s@%s", r->unread ? "unread" : "read", time_text(r->seen_at), time_text(r->read_at),
	               dismissed, content_text(r), snapshot);
}

/* The record as text, "" for none, and its version. */
static hf_lsn look(hf_store *store, const struct hf_inbox_key *key, char out[TEXT_MAX])
{
	struct hf_inbox_got got;
	struct hf_error error = {0};
	const int rc = hf_inbox_get(store, key, 0, &got, &error);
	out[0] = '\0';
	if (rc == HF_ENOTFOUND) {
		assert_null(got.memory);
		return 0;
	}
	if (rc != HF_OK)
		fail_msg("get: %s", error.text);
	const hf_lsn version = got.record.version;
	assert_true(version != 0);
	render(&got.record, out);
	hf_release(got.memory);
	return version;
}

/* --- Operations ------------------------------------------------------------------------------------------------------------- */

/* What every operation of the table is called with. */
struct call {
	hf_store *store;
	hf_txn *txn;
	struct hf_inbox_key key;
	hf_lsn expect;
	struct hf_result *result;
	struct hf_error *error;
};

typedef int (*mark_fn)(hf_store *, hf_txn *, const struct hf_inbox_mark *, struct hf_result *, struct hf_error *);

static int mark(const struct call *c, mark_fn fn, hf_time now)
{
	const struct hf_inbox_mark args = {.write.expect = c->expect, .key = c->key, .now = now};
	return fn(c->store, c->txn, &args, c->result, c->error);
}

static int dismiss(const struct call *c)
{
	return mark(c, hf_inbox_dismiss, 0);
}
static int undismiss(const struct call *c)
{
	return mark(c, hf_inbox_undismiss, 0);
}
static int mark_read(const struct call *c)
{
	return mark(c, hf_inbox_mark_read, 0);
}
static int mark_unread(const struct call *c)
{
	return mark(c, hf_inbox_mark_unread, 0);
}
static int mark_seen(const struct call *c)
{
	return mark(c, hf_inbox_mark_seen, 0);
}
static int dismiss_then(const struct call *c)
{
	return mark(c, hf_inbox_dismiss, GIVEN);
}
static int mark_read_then(const struct call *c)
{
	return mark(c, hf_inbox_mark_read, GIVEN);
}
static int mark_seen_then(const struct call *c)
{
	return mark(c, hf_inbox_mark_seen, GIVEN);
}
static int dismiss_at_no_time(const struct call *c)
{
	return mark(c, hf_inbox_dismiss, HF_UNSET);
}

static int remove_it(const struct call *c)
{
	const struct hf_inbox_remove args = {.write.expect = c->expect, .key = c->key};
	return hf_inbox_remove(c->store, c->txn, &args, c->result, c->error);
}

enum { OLD = 1, NEW = 2 };

static struct hf_inbox_input input_of(const struct call *c, int content, bool unread, bool dismissed)
{
	return (struct hf_inbox_input){.account = c->key.account,
	                               .thread = c->key.thread,
	                               .payload = hf_str(content == OLD ? "old" : "new"),
	                               .unread = unread,
	                               .dismissed = dismissed,
	                               .score = content,
	                               .updated_at = content};
}

static int save(const struct call *c, const struct hf_inbox_input *records, size_t count, hf_time generated_at,
                enum hf_inbox_save_mode mode)
{
	const struct hf_inbox_save args = {
	    .write.expect = c->expect, .user = c->key.user, .records = records, .count = count, .generated_at = generated_at, .mode = mode};
	return hf_inbox_save(c->store, c->txn, &args, c->result, c->error);
}

static int save_one(const struct call *c, int content, bool unread, bool dismissed, hf_time generated_at, enum hf_inbox_save_mode mode)
{
	const struct hf_inbox_input input = input_of(c, content, unread, dismissed);
	return save(c, &input, 1, generated_at, mode);
}

static int upsert_new(const struct call *c)
{
	return save_one(c, NEW, true, false, SNAPSHOT_2, HF_INBOX_UPSERT);
}
static int upsert_new_read(const struct call *c)
{
	return save_one(c, NEW, false, false, SNAPSHOT_2, HF_INBOX_UPSERT);
}
static int upsert_new_dismissed(const struct call *c)
{
	return save_one(c, NEW, true, true, SNAPSHOT_2, HF_INBOX_UPSERT);
}
static int upsert_old(const struct call *c)
{
	return save_one(c, OLD, true, false, SNAPSHOT_1, HF_INBOX_UPSERT);
}
static int upsert_none(const struct call *c)
{
	return save(c, NULL, 0, SNAPSHOT_2, HF_INBOX_UPSERT);
}
static int upsert_none_again(const struct call *c)
{
	return save(c, NULL, 0, SNAPSHOT_1, HF_INBOX_UPSERT);
}
static int replace_by_new(const struct call *c)
{
	return save_one(c, NEW, true, false, SNAPSHOT_2, HF_INBOX_REPLACE);
}
static int replace_by_stranger(const struct call *c)
{
	struct hf_inbox_input input = input_of(c, NEW, true, false);
	input.thread = hf_str("stranger");
	return save(c, &input, 1, SNAPSHOT_2, HF_INBOX_REPLACE);
}
static int replace_by_none(const struct call *c)
{
	return save(c, NULL, 0, SNAPSHOT_1, HF_INBOX_REPLACE);
}
static int save_twice_the_same(const struct call *c)
{
	struct hf_inbox_input inputs[3] = {input_of(c, NEW, true, false), input_of(c, OLD, true, false), input_of(c, OLD, true, false)};
	inputs[1].thread = hf_str("z");
	inputs[2].account = hf_str("primary");
	return save(c, inputs, 3, SNAPSHOT_2, HF_INBOX_UPSERT);
}
static int save_not_a_number(const struct call *c)
{
	struct hf_inbox_input input = input_of(c, NEW, true, false);
	input.score = __builtin_nan("");
	return save(c, &input, 1, SNAPSHOT_2, HF_INBOX_UPSERT);
}

static int clear(const struct call *c)
{
	const struct hf_inbox_clear args = {.write.expect = c->expect, .user = c->key.user};
	return hf_inbox_clear(c->store, c->txn, &args, c->result, c->error);
}

static int prune(const struct call *c, const struct hf_bytes *keep, size_t count)
{
	const struct hf_inbox_prune args = {.write.expect = c->expect, .user = c->key.user, .keep_accounts = keep, .keep_count = count};
	return hf_inbox_prune(c->store, c->txn, &args, c->result, c->error);
}
static int prune_to_work(const struct call *c)
{
	const struct hf_bytes keep[] = {hf_str("nowhere"), hf_str("work")};
	return prune(c, keep, 2);
}
static int prune_to_primary(const struct call *c)
{
	const struct hf_bytes keep[] = {{NULL, 0}};
	return prune(c, keep, 1);
}
static int prune_to_nothing(const struct call *c)
{
	return prune(c, NULL, 0);
}

static int trim(const struct call *c, uint64_t max_records, int64_t max_age, bool dry_run)
{
	const struct hf_inbox_trim args = {
	    .write.expect = c->expect, .user = c->key.user, .max_records = max_records, .max_age_us = max_age, .dry_run = dry_run};
	return hf_inbox_trim(c->store, c->txn, &args, c->result, c->error);
}
static int trim_unbounded(const struct call *c)
{
	return trim(c, 0, 0, false);
}
static int trim_to_1(const struct call *c)
{
	return trim(c, 1, 0, false);
}
static int trim_just_young_enough(const struct call *c)
{
	return trim(c, 0, NOW - SNAPSHOT_1, false);
}
static int trim_too_old(const struct call *c)
{
	return trim(c, 5, NOW - SNAPSHOT_1 - 1, false);
}
static int trim_dry(const struct call *c)
{
	return trim(c, 1, 1, true);
}
static int trim_below_zero(const struct call *c)
{
	return trim(c, 1, -1, false);
}

/* --- States ----------------------------------------------------------------------------------------------------------------- */

enum state { NOBODY, LACKING, UNREAD, READ, SEEN, DISMISSED, DONE, REMOVED, STATES };

static void arrange_saved(const struct call *c, bool with)
{
	struct hf_inbox_input inputs[2] = {input_of(c, OLD, true, false), input_of(c, OLD, true, false)};
	inputs[0].account = hf_str("work");
	inputs[0].thread = hf_str("other");
	inputs[0].score = 0.5;
	assert_int_equal(save(c, inputs, with ? 2 : 1, SNAPSHOT_1, HF_INBOX_UPSERT), HF_OK);
}

static void arrange(const struct call *c, enum state state)
{
	if (state != NOBODY)
		arrange_saved(c, state != LACKING);
	if (state == SEEN || state == DONE)
		assert_int_equal(mark_seen(c), HF_OK);
	if (state == READ || state == DONE)
		assert_int_equal(mark_read(c), HF_OK);
	if (state == DISMISSED || state == DONE)
		assert_int_equal(dismiss(c), HF_OK);
	if (state == REMOVED)
		assert_int_equal(remove_it(c), HF_OK);
}

static const char *const state_texts[STATES] = {
    [NOBODY] = "",
    [LACKING] = "",
    [UNREAD] = "unread s:- r:- d:- old@1",
    [READ] = "read s:- r:A d:- old@1",
    [SEEN] = "unread s:A r:- d:- old@1",
    [DISMISSED] = "unread s:- r:- d:A old@1",
    [DONE] = "read s:A r:A d:A old@1",
    [REMOVED] = "",
};

/* --- The table -------------------------------------------------------------------------------------------------------------- */

/* `then` NULL: the record did not change; "": gone. `count` is of many-object operations, the other record included. */
struct cell {
	int code;
	const char *then;
	uint64_t count;
};

#define SAME \
	{ \
		HF_OK, NULL, 0 \
	}
#define NO_SUCH \
	{ \
		HF_ENOTFOUND, NULL, 0 \
	}
#define GONE \
	{ \
		HF_OK, "", 0 \
	}

enum kind {
	ONE, /* on one record: takes an expected version */
	MANY, /* on many: takes none */
	MOVING, /* and moves generated_at where there is none as new: changed whatever the count */
	DRY, /* counts only */
};

static const struct row {
	const char *name;
	int (*run)(const struct call *c);
	enum kind kind;
	int form; /* refused in every state: a broken form */
	struct cell cells[STATES]; /* unused when form is set */
} rows[] = {
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
      [DONE] = SAME}},
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
      [DONE] = SAME}},
    {"dismiss at no time", dismiss_at_no_time, ONE, HF_EINVAL, {{0}}},
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
      [DONE] = {HF_OK, "read s:A r:A d:- old@1", 0}}},
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
      [DONE] = SAME}},
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
      [DONE] = SAME}},
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
      [DONE] = {HF_OK, "unread s:A r:- d:A old@1", 0}}},
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
      [DONE] = SAME}},
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
      [DONE] = SAME}},
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
      [DONE] = GONE}},
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
      [REMOVED] = {HF_OK, "unread s:- r:- d:- new@2", 1}}},
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
      [REMOVED] = {HF_OK, "read s:- r:- d:- new@2", 1}}},
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
      [REMOVED] = {HF_OK, "unread s:- r:- d:N new@2", 1}}},
    {"save the old content",
     upsert_old,
     MANY,
     HF_OK,
     {[NOBODY] = {HF_OK, "unread s:- r:- d:- old@1", 1},
      [LACKING] = {HF_OK, "unread s:- r:- d:- old@1", 1},
      [UNREAD] = SAME,
      [READ] = {HF_OK, "unread s:- r:A d:- old@1", 1},
      [SEEN] = SAME,
      [DISMISSED] = SAME,
      [DONE] = {HF_OK, "unread s:A r:A d:A old@1", 1},
      [REMOVED] = {HF_OK, "unread s:- r:- d:- old@1", 1}}},
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
      [REMOVED] = SAME}},
    {"save nothing, as old",
     upsert_none_again,
     MANY,
     HF_OK,
     {[NOBODY] = SAME, /* moves generated_at: see moves() */
      [LACKING] = SAME,
      [UNREAD] = SAME,
      [READ] = SAME,
      [SEEN] = SAME,
      [DISMISSED] = SAME,
      [DONE] = SAME,
      [REMOVED] = SAME}},
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
      [REMOVED] = {HF_OK, "unread s:- r:- d:- new@2", 2}}},
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
      [DONE] = {HF_OK, "", 3}}},
    {"replace by nothing",
     replace_by_none,
     MANY,
     HF_OK,
     {[NOBODY] = SAME, /* moves generated_at: see moves() */
      [LACKING] = {HF_OK, NULL, 1},
      [REMOVED] = {HF_OK, NULL, 1},
      [UNREAD] = {HF_OK, "", 2},
      [READ] = {HF_OK, "", 2},
      [SEEN] = {HF_OK, "", 2},
      [DISMISSED] = {HF_OK, "", 2},
      [DONE] = {HF_OK, "", 2}}},
    {"save the same key twice", save_twice_the_same, MANY, HF_EINVAL, {{0}}},
    {"save a score that is no number", save_not_a_number, MANY, HF_EINVAL, {{0}}},
    {"clear",
     clear,
     MANY,
     HF_OK,
     {[NOBODY] = SAME,
      [LACKING] = {HF_OK, NULL, 1},
      [REMOVED] = {HF_OK, NULL, 1},
      [UNREAD] = {HF_OK, "", 2},
      [READ] = {HF_OK, "", 2},
      [SEEN] = {HF_OK, "", 2},
      [DISMISSED] = {HF_OK, "", 2},
      [DONE] = {HF_OK, "", 2}}},
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
      [DONE] = {HF_OK, "", 1}}},
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
      [DONE] = {HF_OK, NULL, 1}}},
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
      [REMOVED] = SAME}},
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
      [REMOVED] = SAME}},
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
      [DONE] = {HF_OK, NULL, 1}}},
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
      [REMOVED] = SAME}},
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
      [DONE] = {HF_OK, "", 2}}},
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
      [DONE] = {HF_OK, NULL, 2}}},
    {"trim to an age below 0", trim_below_zero, MANY, HF_EINVAL, {{0}}},
};

enum { ROWS = sizeof rows / sizeof rows[0] };

/* --- Running it ------------------------------------------------------------------------------------------------------------- */

enum manner { PLAIN, EXPECTING, MISTAKEN, IN_TRANSACTION, MANNERS };

struct trial {
	struct stage *stage;
	const struct row *row;
	enum state state;
	enum manner manner;
	char user[32];
	char before[TEXT_MAX];
	hf_lsn version;
};

static struct hf_inbox_key trial_key(const struct trial *t)
{
	return (struct hf_inbox_key){hf_str(t->user), hf_str(""), hf_str("thread")};
}

static void expect_that(const struct trial *t, bool holds, const char *what, const char *got)
{
	static const char *const manners[MANNERS] = {"", ", expecting", ", mistaken", ", in a transaction"};
	if (!holds)
		fail_msg("%s on \"%s\" in state %d (%s%s): %s: %s", t->row->name, t->before, (int)t->state, setting_name(t->stage->setting),
		         manners[t->manner], what, got);
}

static struct cell cell_of(const struct trial *t)
{
	const bool versioned = t->manner == EXPECTING || t->manner == MISTAKEN;
	if (t->row->form != HF_OK || (t->row->kind != ONE && versioned))
		return (struct cell){HF_EINVAL, NULL, 0};
	struct cell cell = t->manner == MISTAKEN ? (struct cell){HF_ECONFLICT, NULL, 0} : t->row->cells[t->state];
	if (t->row->kind == ONE)
		cell.count = cell.then != NULL;
	return cell;
}

/* Does the operation move the newest generated_at? */
static bool moves(const struct trial *t, const struct cell *cell)
{
	const bool first = t->row->run == upsert_none_again || t->row->run == replace_by_none || t->row->run == upsert_old;
	return cell->code == HF_OK && (t->row->kind == MOVING || (first && t->state == NOBODY));
}

static hf_lsn expectation(const struct trial *t)
{
	if (t->manner == EXPECTING)
		return t->version ? t->version : HF_ABSENT;
	if (t->manner == MISTAKEN)
		return t->version ? t->version + 1 : 1;
	return 0;
}

static int perform(const struct trial *t, struct hf_result *result, struct hf_error *error)
{
	struct call call = {t->stage->store, NULL, trial_key(t), expectation(t), result, error};
	if (t->manner != IN_TRANSACTION)
		return t->row->run(&call);
	assert_int_equal(hf_txn_begin(t->stage->store, &call.txn, error), HF_OK);
	const int rc = t->row->run(&call);
	if (rc == HF_OK)
		return hf_txn_commit(call.txn, HF_DURABLE, error);
	hf_txn_abandon(call.txn);
	return rc;
}

static uint64_t entries_of(hf_store *store, hf_lsn *last)
{
	struct hf_info info;
	assert_int_equal(hf_info(store, &info, NULL), HF_OK);
	*last = info.last_lsn;
	return info.entries;
}

static void check_version(const struct trial *t, const struct cell *cell, const struct hf_result *result, hf_lsn version, hf_lsn last)
{
	const hf_lsn want = !cell->then ? t->version : cell->then[0] ? last : 0;
	expect_that(t, version == want, "the record's version", "is not right");
	if (cell->code == HF_OK)
		expect_that(t, result->version == (t->row->kind == ONE ? want : 0), "result.version", "is not right");
}

static hf_time load_time(hf_store *store, struct hf_bytes user, struct hf_inbox_counts *recounted)
{
	struct hf_inbox_page page;
	assert_int_equal(hf_inbox_load(store, &(struct hf_inbox_load){.user = user}, 0, &page, NULL), HF_OK);
	*recounted = (struct hf_inbox_counts){.total = page.count};
	for (size_t i = 0; i < page.count; i++) {
		const struct hf_inbox_record *r = &page.items[i];
		recounted->dismissed += r->dismissed;
		recounted->unread += r->unread && !r->dismissed;
		recounted->unseen += r->seen_at == HF_UNSET && !r->dismissed;
	}
	const hf_time generated_at = page.generated_at;
	assert_null(page.next);
	hf_release(page.memory);
	return generated_at;
}

static void check_inbox(const struct trial *t, const struct cell *cell)
{
	struct hf_inbox_counts counts, recounted;
	const struct hf_bytes user = hf_str(t->user);
	const hf_time generated_at = load_time(t->stage->store, user, &recounted);
	assert_int_equal(hf_inbox_counts(t->stage->store, user, 0, &counts, NULL), HF_OK);
	expect_that(t, memcmp(&counts, &recounted, sizeof counts) == 0, "counts", "disagree with the records");
	hf_time want = t->state == NOBODY ? HF_UNSET : SNAPSHOT_1;
	if (moves(t, cell))
		want = t->row->kind == MOVING ? SNAPSHOT_2 : SNAPSHOT_1;
	expect_that(t, generated_at == want, "generated_at", "is not the newest");
}

static void run_trial(struct trial *t)
{
	struct hf_result result = {0};
	struct hf_error error = {0};
	char after[TEXT_MAX];
	hf_lsn last;
	const struct cell cell = cell_of(t);
	const bool changed = (cell.count > 0 && t->row->kind != DRY) || moves(t, &cell);
	const uint64_t entries = entries_of(t->stage->store, &last);
	const int rc = perform(t, &result, &error);
	const uint64_t written = entries_of(t->stage->store, &last) - entries;
	expect_that(t, rc == cell.code, "code", hf_code_name(rc));
	expect_that(t, rc == HF_OK || (error.code == rc && error.text[0]), "a refusal without words", error.text);
	expect_that(t, result.changed == changed, "changed", result.changed ? "true" : "false");
	expect_that(t, result.count == cell.count && result.token == 0, "count or token", "are not right");
	expect_that(t, written == changed, "entries written", written ? "some" : "none");
	const struct hf_inbox_key key = trial_key(t);
	const hf_lsn version = look(t->stage->store, &key, after);
	expect_that(t, strcmp(after, cell.then ? cell.then : t->before) == 0, "the record is now", after);
	check_version(t, &cell, &result, version, last);
	check_inbox(t, &cell);
}

static void arrange_trial(struct trial *t)
{
	struct hf_error error = {0};
	struct call call = {.store = t->stage->store, .error = &error};
	(void)snprintf(t->user, sizeof t->user, "%u-%u-%u", (unsigned)(t->row - rows), (unsigned)t->state, (unsigned)t->manner);
	call.key = trial_key(t);
	arrange(&call, t->state);
	t->version = look(t->stage->store, &call.key, t->before);
	expect_that(t, strcmp(t->before, state_texts[t->state]) == 0, "arranged wrongly", state_texts[t->state]);
}

static void run_table(enum setting setting)
{
	struct stage *stage = stage_open(setting);
	struct trial *trials = calloc((size_t)ROWS * STATES * MANNERS, sizeof *trials);
	size_t count = 0;
	assert_non_null(trials);
	for (size_t row = 0; row < ROWS; row++)
		for (enum state state = 0; state < STATES; state++)
			for (enum manner manner = 0; manner < MANNERS; manner++, count++) {
				trials[count] = (struct trial){.stage = stage, .row = &rows[row], .state = state, .manner = manner};
				arrange_trial(&trials[count]);
			}
	stage_switch(stage);
	stage_at(stage, NOW);
	for (size_t i = 0; i < count; i++)
		run_trial(&trials[i]);
	free(trials);
	stage_close(stage);
}

static void each_operation_in_each_state_live(void **state)
{
	(void)state;
	run_table(SETTING_LIVE);
}

static void each_operation_in_each_state_after_reopening(void **state)
{
	(void)state;
	run_table(SETTING_REOPENED);
}

static void each_operation_in_each_state_loaded_from_a_snapshot(void **state)
{
	(void)state;
	run_table(SETTING_LOADED);
}

static void each_operation_in_each_state_through_the_feed(void **state)
{
	(void)state;
	run_table(SETTING_FED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_operation_in_each_state_live),
	    cmocka_unit_test(each_operation_in_each_state_after_reopening),
	    cmocka_unit_test(each_operation_in_each_state_loaded_from_a_snapshot),
	    cmocka_unit_test(each_operation_in_each_state_through_the_feed),
	};
	return cmocka_run_group_tests_name("inbox table", tests, NULL, NULL);
}
