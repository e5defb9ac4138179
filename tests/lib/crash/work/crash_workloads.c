/* The reference workloads. See crash_script.h for what the columns mean; a rehearsal checks
 * every answer that is stated here.
 *
 * Sizes above 256 make payloads that stay on disk, and groups of several sectors. Steps are few
 * and small on purpose: what makes the number of images is the number of moments and the sectors
 * that are pending at each. */
#include "lib/crash/crash_script.h"

#define YES .changes = true
#define NO .changes = false
#define SECOND INT64_C(1000000)

/* --- Every operation once, alone -------------------------------------------------------------- */

static const struct step domains_steps[] = {
    {STEP_DO, .ops = {{INBOX_SAVE, "ann", "t1 t2 t3", 100, 60, YES}}},
    {STEP_DO, .ops = {{INBOX_SAVE, "ann", "t4", 110, 900, YES}}},
    {STEP_DO, .ops = {{INBOX_SET_STATUS, "ann", "ok", 0, 30, YES}}},
    {STEP_DO, .ops = {{INBOX_SET_STATUS, "ann", "ok", 0, 30, NO}}},
    {STEP_DO, .ops = {{INBOX_DISMISS, "ann", "t1", YES}}},
    {STEP_DO, .ops = {{INBOX_DISMISS, "ann", "t1", NO}}},
    {STEP_DO, .ops = {{INBOX_UNDISMISS, "ann", "t1", YES}}},
    {STEP_DO, .ops = {{INBOX_MARK_READ, "ann", "t1", YES}}},
    {STEP_DO, .ops = {{INBOX_MARK_UNREAD, "ann", "t1", YES}}},
    {STEP_DO,
     .ops = {{INBOX_MARK_SEEN, "ann", "t2", .expect = EXPECT_OTHER, .answer = HF_ECONFLICT}}},
    {STEP_DO, .ops = {{INBOX_MARK_SEEN, "ann", "t2", YES}}},
    {STEP_DO, .ops = {{INBOX_DISMISS, "ann", "t9", .answer = HF_ENOTFOUND}}},
    {STEP_DO, .ops = {{INBOX_LOAD, "ann", NO}}},
    {STEP_DO, .ops = {{INBOX_REMOVE, "ann", "t2", YES}}},
    {STEP_DO, .ops = {{INBOX_GET, "ann", "t2", .answer = HF_ENOTFOUND}}},
    {STEP_DO, .ops = {{INBOX_COUNTS, "ann", NO}}},
    {.kind = STEP_MAINTAIN},
    {STEP_DO, .ops = {{CURSOR_ADVANCE, "orders", "mailer", 5, YES}}},
    {STEP_DO, .ops = {{CURSOR_ADVANCE, "orders", "mailer", 4, .answer = HF_ENONMONOTONIC}}},
    {STEP_DO, .ops = {{CURSOR_RECORD_ERROR, "orders", "mailer", 0, 700, YES}}},
    {STEP_DO, .ops = {{CURSOR_RESET, "orders", "mailer", 2, 40, .expect = EXPECT_CURRENT, YES}}},
    {STEP_DO, .ops = {{CURSOR_GET, "orders", "mailer", NO}}},
    {STEP_DO, .ops = {{CURSOR_REMOVE, "orders", "mailer", YES}}},
    {STEP_DO, .ops = {{CURSOR_REMOVE, "orders", "mailer", .answer = HF_ENOTFOUND}}},
    {STEP_DO, .ops = {{CURSOR_LIST, "orders", NO}}},
    {STEP_DO, .ops = {{OUTBOX_ENQUEUE, "jobs", "a", 0, 80, YES}}},
    {STEP_DO, .ops = {{OUTBOX_ENQUEUE, "jobs", "a", 0, 90, NO}}},
    {STEP_DO, .ops = {{OUTBOX_ENQUEUE_OR_REPLACE, "jobs", "a", 0, 600, YES}}},
    {STEP_DO, .ops = {{OUTBOX_ENQUEUE_MANY, "jobs", "b c", 0, 20, YES}}},
    {STEP_DO, .ops = {{OUTBOX_CONFIGURE, "jobs", "", 2, YES}}},
    {.kind = STEP_MAINTAIN},
    {STEP_DO, .ops = {{OUTBOX_CLAIM, "jobs", "a", 0, YES}}},
    {STEP_DO, .ops = {{OUTBOX_CLAIM, "jobs", "a", 0, .answer = HF_ECLAIMED}}},
    {STEP_DO, .ops = {{OUTBOX_EXTEND, "jobs", "a", 60 * SECOND, YES}}},
    {STEP_DO, .ops = {{OUTBOX_FAIL, "jobs", "a", 0, 30, YES}}},
    {STEP_DO, .ops = {{OUTBOX_COMPLETE, "jobs", "a", .answer = HF_ESTALE}}},
    {STEP_DO, .ops = {{OUTBOX_MARK_FAILED, "jobs", "a", 0, 20, YES}}},
    {STEP_DO, .ops = {{OUTBOX_RETRY, "jobs", "a", YES}}},
    {STEP_DO, .ops = {{OUTBOX_RETRY, "jobs", "a", NO}}},
    {STEP_DO, .ops = {{OUTBOX_CLAIM_NEXT, "jobs", "a b", 0, YES}}},
    {STEP_DO, .ops = {{OUTBOX_RELEASE, "jobs", "a", SECOND, YES}}},
    {STEP_DO, .ops = {{OUTBOX_COMPLETE, "jobs", "b", YES}}},
    {STEP_DO, .ops = {{OUTBOX_LIST, "jobs", NO}}},
    {STEP_DO, .ops = {{OUTBOX_STATS, "jobs", NO}}},
    {STEP_DO, .ops = {{OUTBOX_REMOVE, "jobs", "b", .answer = HF_ENOTFOUND}}},
    {STEP_DO, .ops = {{OUTBOX_REMOVE, "jobs", "c", YES}}},
    {STEP_DO, .ops = {{OUTBOX_PUT, "jobs", "d", 0, 40, YES}}},
    {STEP_DO, .ops = {{OUTBOX_CLEAR, "jobs", "a d", YES}}},
    {STEP_DO, .ops = {{OUTBOX_CLAIM_NEXT, "jobs", "", NO}}},
    {STEP_DO, .ops = {{INBOX_MARK_ALL_READ, "ann", "t1 t3 t4", 0, YES}}},
    {STEP_DO, .ops = {{INBOX_MARK_ALL_READ, "ann", "", 0, NO}}},
    {STEP_DO, .ops = {{INBOX_SNOOZE, "ann", "t4", SCRIPT_NOW + 9 * SECOND, YES}}},
    {STEP_DO, .ops = {{INBOX_TRIM, "ann", "t3", 2, YES}}},
    {STEP_DO, .ops = {{INBOX_PRUNE, "ann", "t1 t4", YES}}},
    {STEP_DO, .ops = {{INBOX_CLEAR, "ann", "", YES}}},
    {STEP_DO, .ops = {{INBOX_SAVE, "ann", "t1 t2", 120, 30, YES}}},
    {STEP_DO, .ops = {{INBOX_BURY, "ann", "t1", 5 * SECOND, YES}}},
    {STEP_DO, .ops = {{INBOX_DISMISS_ALL, "ann", "t2", 0, YES}}},
    {STEP_DO, .ops = {{INBOX_REPLACE, "ann", "t3", 120, 30, YES}}},
    {STEP_DO, .ops = {{INBOX_TOMBSTONES, "ann", NO}}},
    {STEP_DO, .ops = {{INBOX_SAVE, "ann", "t1", 120, 30, NO}}},
    {STEP_DO, .ops = {{INBOX_PUT_TOMBSTONE, "ann", "t1", SCRIPT_NOW + 6 * SECOND, YES}}},
    {STEP_DO,
     .ops = {{INBOX_PUT_TOMBSTONE, "ann", "t3", SCRIPT_NOW + 6 * SECOND, .answer = HF_ECONFLICT}}},
    {STEP_TIME, .by = 7 * SECOND},
    {.kind = STEP_MAINTAIN},
    {STEP_DO, .ops = {{INBOX_SAVE, "ann", "t1 t2", 120, 30, YES}}},
    {STEP_DO, .ops = {{INBOX_CLEAR, "ann", "t1 t2 t3", YES}}},
    {.kind = STEP_END},
};
const struct script script_domains = {"domains", domains_steps, 16u << 10};

/* --- Several operations, all or none ---------------------------------------------------------- */

static const struct step transactions_steps[] = {
    {STEP_DO, .ops = {{OUTBOX_ENQUEUE, "jobs", "a", 0, 700, YES},
                      {INBOX_SAVE, "ann", "t1", 1, 50, YES},
                      {CURSOR_ADVANCE, "in", "me", 1, YES}}},
    /* Refused as a whole: the save before the refusal must never show. */
    {STEP_DO, .ops = {{INBOX_SAVE, "ann", "t2", 2, 50, YES},
                      {CURSOR_ADVANCE, "in", "me", 1, YES},
                      {CURSOR_GUARD, "in", "me", .expect = EXPECT_ABSENT, .answer = HF_ECONFLICT}}},
    {STEP_DO, .ops = {{OUTBOX_CLAIM, "jobs", "a", 60 * SECOND, YES}}},
    {STEP_DO, .ops = {{CURSOR_ADVANCE, "in", "me", 2, YES},
                      {OUTBOX_COMPLETE, "jobs", "a", YES},
                      {OUTBOX_ENQUEUE, "out", "a", 0, 30, YES}}},
    /* The second use of the token is stale, and so nothing of this happens. */
    {STEP_DO, .ops = {{CURSOR_ADVANCE, "in", "me", 3, YES},
                      {OUTBOX_COMPLETE, "jobs", "a", .answer = HF_ENOTFOUND}}},
    {STEP_DO, .ops = {{CURSOR_GET, "in", "me", NO}}},
    {STEP_ABANDON, .ops = {{INBOX_DISMISS, "ann", "t1", YES}, {OUTBOX_REMOVE, "out", "a", YES}}},
    {STEP_DO, .ops = {{CURSOR_GUARD, "in", "me", .expect = EXPECT_CURRENT},
                      {INBOX_DISMISS, "ann", "t1", YES},
                      {OUTBOX_CONFIGURE, "out", "", 3, YES}}},
    {STEP_DO, .ops = {{INBOX_GUARD, "ann", "t7", .expect = EXPECT_ABSENT},
                      {OUTBOX_ENQUEUE, "out", "a", 0, 99, NO}}},
    {STEP_DO, .os = true,
     .ops = {{INBOX_SAVE, "bob", "t1", 5, 400, YES}, {CURSOR_ADVANCE, "in", "me", 4, YES}}},
    {STEP_DO, .ops = {{CURSOR_ADVANCE, "in", "you", 1, YES},
                      {OUTBOX_ENQUEUE_MANY, "out", "b c d", 0, 10, YES}}},
    {STEP_DO, .ops = {{OUTBOX_CLAIM_NEXT, "out", "a b", 60 * SECOND, YES},
                      {CURSOR_ADVANCE, "in", "you", 2, YES}}},
    {STEP_DO, .ops = {{OUTBOX_GUARD_CLAIM, "out", "a", NO},
                      {CURSOR_ADVANCE, "in", "you", 3, YES},
                      {OUTBOX_FAIL, "out", "b", 0, 300, YES}}},
    {STEP_DO,
     .ops = {{INBOX_REPLACE, "ann", "t5 t6", 9, 20, YES}, {OUTBOX_RELEASE, "out", "a", 0, YES}}},
    {STEP_DO, .ops = {{OUTBOX_GUARD_CLAIM, "out", "a", .answer = HF_ESTALE},
                      {INBOX_CLEAR, "ann", "t5 t6", YES}}},
    {STEP_DO, .ops = {{INBOX_LOAD, "ann", NO}}},
    {STEP_DO, .ops = {{OUTBOX_CLEAR, "out", "a b c d", YES},
                      {INBOX_CLEAR, "ann", "t5 t6 t1", YES},
                      {CURSOR_REMOVE, "in", "you", YES}}},
    {.kind = STEP_SYNC},
    {STEP_DO, .ops = {{OUTBOX_LIST, "out", NO}}},
    {.kind = STEP_END},
};
const struct script script_transactions = {"transactions", transactions_steps, 16u << 10};

/* --- Answers while other changes are still on their way to the disk --------------------------- */

/* Each part submits a change and asks at once, before any sync, something whose answer would
 * give the change away. */
static const struct step groups_steps[] = {
    {STEP_SUBMIT, .ops = {{OUTBOX_ENQUEUE, "jobs", "a", 0, 100, YES}}},
    {STEP_SUBMIT,
     .ops = {{CURSOR_ADVANCE, "in", "me", 1, YES}, {INBOX_SAVE, "ann", "t1 t2", 1, 30, YES}}},
    {STEP_SUBMIT, .os = true, .ops = {{OUTBOX_ENQUEUE, "jobs", "b", 0, 60, YES}}},
    {.kind = STEP_WAIT},
    /* A refusal that rests on a submitted change. */
    {STEP_SUBMIT, .ops = {{OUTBOX_CLAIM, "jobs", "a", 60 * SECOND, YES}}},
    {STEP_DO, .ops = {{OUTBOX_CLAIM, "jobs", "a", 0, .answer = HF_ECLAIMED}}},
    {.kind = STEP_WAIT},
    /* "Nothing changed" that rests on one. */
    {STEP_SUBMIT, .ops = {{OUTBOX_ENQUEUE, "jobs", "c", 0, 40, YES}}},
    {STEP_DO, .ops = {{OUTBOX_ENQUEUE, "jobs", "c", 0, 50, NO}}},
    {.kind = STEP_WAIT},
    /* A removal is seen as an absence. */
    {STEP_SUBMIT, .ops = {{OUTBOX_REMOVE, "jobs", "c", YES}}},
    {STEP_DO, .ops = {{OUTBOX_GET, "jobs", "c", .answer = HF_ENOTFOUND}}},
    {.kind = STEP_WAIT},
    {STEP_SUBMIT, .ops = {{INBOX_REMOVE, "ann", "t2", YES}}},
    {STEP_DO, .ops = {{INBOX_DISMISS, "ann", "t2", .answer = HF_ENOTFOUND}}},
    {.kind = STEP_WAIT},
    /* A list, a count, a status. */
    {STEP_SUBMIT, .ops = {{INBOX_DISMISS, "ann", "t1", YES}}},
    {STEP_DO, .ops = {{INBOX_DISMISSED, "ann", NO}}},
    {.kind = STEP_WAIT},
    {STEP_SUBMIT, .ops = {{INBOX_SET_STATUS, "ann", "s", 0, 20, YES}}},
    {STEP_DO, .ops = {{INBOX_STATUS, "ann", NO}}},
    {.kind = STEP_WAIT},
    {STEP_SUBMIT, .ops = {{OUTBOX_ENQUEUE, "jobs", "d", 0, 30, YES}}},
    {STEP_DO, .ops = {{OUTBOX_STATS, "jobs", NO}}},
    {.kind = STEP_WAIT},
    {.kind = STEP_MAINTAIN},
    {STEP_SUBMIT, .ops = {{CURSOR_ADVANCE, "in", "you", 9, YES}}},
    {STEP_DO, .ops = {{CURSOR_LAG, "in", "", 20, NO}}},
    {.kind = STEP_WAIT},
    /* A refused transaction whose refusal rests on a submitted change, after one that was fine. */
    {STEP_SUBMIT, .ops = {{CURSOR_ADVANCE, "in", "me", 5, YES}}},
    {STEP_DO, .ops = {{INBOX_SAVE, "bob", "t1", 1, 20, YES},
                      {CURSOR_ADVANCE, "in", "me", 3, .answer = HF_ENONMONOTONIC}}},
    {.kind = STEP_WAIT},
    {STEP_SUBMIT, .ops = {{INBOX_UNDISMISS, "ann", "t1", YES}}},
    {STEP_DO, .ops = {{INBOX_GUARD, "ann", "t1", .expect = EXPECT_OTHER, .answer = HF_ECONFLICT},
                      {INBOX_SAVE, "bob", "t1", 1, 20, YES}}},
    {.kind = STEP_WAIT},
    /* A read that asks not to wait is given what may be lost: it demands nothing. */
    {STEP_SUBMIT, .ops = {{CURSOR_ADVANCE, "in", "me", 6, YES}}},
    {STEP_DO, .undurable = true, .ops = {{CURSOR_GET, "in", "me", NO}}},
    {.kind = STEP_WAIT},
    /* Mode os: acknowledged before any sync; a durable change after it takes it along. */
    {STEP_DO, .os = true, .ops = {{CURSOR_ADVANCE, "in", "me", 7, YES}}},
    {STEP_DO, .ops = {{CURSOR_GET, "in", "me", NO}}},
    {STEP_DO, .os = true, .ops = {{OUTBOX_ENQUEUE, "jobs", "e", 0, 800, YES}}},
    {STEP_DO, .ops = {{OUTBOX_GET, "jobs", "e", NO}}},
    {STEP_DO, .os = true, .ops = {{OUTBOX_ENQUEUE, "jobs", "e", 0, 800, NO}}},
    {STEP_DO, .ops = {{INBOX_MARK_READ, "ann", "t1", YES}}},
    /* An os commit on top of a durable change that is on its way: its answer gives that one
     * away. */
    {STEP_SUBMIT, .ops = {{CURSOR_ADVANCE, "in", "you", 10, YES}}},
    {STEP_SUBMIT, .os = true, .ops = {{CURSOR_ADVANCE, "in", "you", 11, YES}}},
    {.kind = STEP_WAIT},
    {STEP_DO, .os = true, .ops = {{OUTBOX_CLAIM_NEXT, "jobs", "b d", 60 * SECOND, YES}}},
    {STEP_DO, .ops = {{OUTBOX_COMPLETE, "jobs", "b", YES}}},
    {.kind = STEP_SYNC},
    {.kind = STEP_END},
};
const struct script script_groups = {"groups", groups_steps, 16u << 10};

/* --- Answers at once, tickets later ----------------------------------------------------------- */

/* What the first one tells is durable by then; all others tell LSNs and tokens that only the
 * jump after a crash keeps from being issued again. */
static const struct step async_steps[] = {
    {STEP_ASYNC, .ops = {{OUTBOX_ENQUEUE, "jobs", "a", 0, 700, YES}}},
    {STEP_ASYNC, .ops = {{CURSOR_ADVANCE, "in", "me", 1, YES}}},
    {STEP_ASYNC,
     .ops = {{INBOX_SAVE, "ann", "t1 t2", 1, 30, YES}, {OUTBOX_ENQUEUE, "jobs", "b", 0, 300, YES}}},
    {STEP_ASYNC, .os = true, .ops = {{OUTBOX_ENQUEUE, "jobs", "c", 0, 40, YES}}},
    {.kind = STEP_FLUSH},
    /* A payload from the disk; a refusal and "nothing changed" that rest on what is on its way;
     * the token at work before its grant is durable. */
    {STEP_ASYNC, .ops = {{OUTBOX_CLAIM, "jobs", "a", 60 * SECOND, YES}}},
    {STEP_ASYNC, .ops = {{OUTBOX_CLAIM, "jobs", "a", 0, .answer = HF_ECLAIMED}}},
    {STEP_ASYNC, .ops = {{INBOX_DISMISS, "ann", "t1", YES}}},
    {STEP_ASYNC, .ops = {{INBOX_DISMISS, "ann", "t1", NO}}},
    {STEP_DO, .ops = {{INBOX_DISMISSED, "ann", NO}}},
    {STEP_ASYNC, .ops = {{OUTBOX_COMPLETE, "jobs", "a", YES}}},
    {.kind = STEP_WAIT},
    {STEP_ASYNC, .ops = {{CURSOR_ADVANCE, "in", "me", 2, YES}}},
    {STEP_ASYNC, .ops = {{INBOX_SAVE, "ann", "t3", 2, 30, YES},
                         {CURSOR_ADVANCE, "in", "me", 1, .answer = HF_ENONMONOTONIC}}},
    {STEP_ASYNC, .os = true, .ops = {{CURSOR_ADVANCE, "in", "me", 3, YES}}},
    {.kind = STEP_FLUSH},
    {STEP_ASYNC, .os = true, .ops = {{CURSOR_ADVANCE, "in", "me", 4, YES}}},
    {.kind = STEP_FLUSH},
    {STEP_ASYNC, .ops = {{OUTBOX_CLAIM_NEXT, "jobs", "b c", 60 * SECOND, YES}}},
    {STEP_DO, .undurable = true, .ops = {{OUTBOX_GET, "jobs", "b", NO}}},
    /* Never flushed: gone with the process. */
    {.kind = STEP_KILL},
    {STEP_ASYNC, .os = true, .ops = {{OUTBOX_ENQUEUE, "jobs", "d", 0, 1200, YES}}},
    {STEP_ASYNC, .ops = {{OUTBOX_ENQUEUE_MANY, "jobs", "e f g h", 0, 3000, YES}}},
    {STEP_ASYNC, .ops = {{CURSOR_ADVANCE, "in", "you", 1, YES}}},
    {.kind = STEP_MAINTAIN},
    {STEP_ASYNC, .ops = {{OUTBOX_ENQUEUE_MANY, "jobs", "i j", 0, 3000, YES}}},
    {.kind = STEP_WAIT},
    {STEP_ASYNC, .ops = {{OUTBOX_REMOVE, "jobs", "e", YES}}},
    {STEP_ASYNC, .os = true, .ops = {{OUTBOX_REMOVE, "jobs", "f", YES}}},
    /* The end closes the store, which answers them. */
    {.kind = STEP_END},
};
const struct script script_async = {"async", async_steps, 16u << 10};

/* --- Small segments, large groups ------------------------------------------------------------- */

static const struct step rotation_steps[] = {
    {STEP_DO, .ops = {{OUTBOX_ENQUEUE, "jobs", "a", 0, 1400, YES}}},
    {STEP_DO, .ops = {{OUTBOX_ENQUEUE_MANY, "jobs", "b c d e", 0, 1500, YES}}},
    {STEP_DO, .ops = {{INBOX_SAVE, "ann", "t1 t2", 1, 1500, YES}}},
    {STEP_DO, .ops = {{CURSOR_ADVANCE, "in", "me", 1, YES}}},
    {.kind = STEP_MAINTAIN},
    {STEP_DO, .ops = {{OUTBOX_CLAIM_NEXT, "jobs", "a b", 60 * SECOND, YES}}},
    /* Into a segment that was prepared ahead. */
    {STEP_DO, .ops = {{OUTBOX_ENQUEUE_MANY, "jobs", "f g h i", 0, 1500, YES}}},
    {STEP_DO, .ops = {{OUTBOX_COMPLETE, "jobs", "a", YES}, {CURSOR_ADVANCE, "in", "me", 2, YES}}},
    {STEP_DO, .os = true, .ops = {{INBOX_SAVE, "bob", "t1 t2 t3 t4", 1, 1700, YES}}},
    /* Into one that is made for it, after a commit in mode os that only now becomes durable. */
    {STEP_DO, .os = true, .ops = {{OUTBOX_ENQUEUE_MANY, "jobs", "j k l", 0, 1500, YES}}},
    {STEP_DO, .ops = {{OUTBOX_GET, "jobs", "j", NO}}},
    {STEP_DO, .ops = {{INBOX_LOAD, "bob", NO}}},
    {STEP_DO, .ops = {{CURSOR_ADVANCE, "in", "me", 2, NO}}},
    {.kind = STEP_MAINTAIN},
    {STEP_SUBMIT, .ops = {{OUTBOX_REMOVE, "jobs", "c", YES}}},
    {STEP_SUBMIT, .ops = {{CURSOR_ADVANCE, "in", "me", 3, YES}}},
    {.kind = STEP_WAIT},
    {.kind = STEP_KILL},
    /* A new segment after an LSN jump. */
    {STEP_DO, .ops = {{OUTBOX_ENQUEUE, "jobs", "m", 0, 1000, YES}}},
    {STEP_DO, .ops = {{OUTBOX_ENQUEUE_MANY, "jobs", "n o p q", 0, 3000, YES}}},
    {STEP_DO, .ops = {{OUTBOX_LIST, "jobs", NO}}},
    {.kind = STEP_MAINTAIN},
    {.kind = STEP_REOPEN},
    {STEP_DO, .ops = {{INBOX_SAVE, "ann", "t3", 2, 900, YES}}},
    {STEP_DO, .ops = {{OUTBOX_ENQUEUE_MANY, "jobs", "r s t", 0, 2500, YES}}},
    {.kind = STEP_END},
};
const struct script script_rotation = {"rotation", rotation_steps, 16u << 10};

/* --- Reopening, kills, time ------------------------------------------------------------------- */

static const struct step lives_steps[] = {
    {STEP_DO, .ops = {{OUTBOX_ENQUEUE_MANY, "jobs", "a b c", 0, 50, YES}}},
    {STEP_DO, .ops = {{OUTBOX_CLAIM, "jobs", "a", 10 * SECOND, YES}}},
    {STEP_DO, .ops = {{OUTBOX_CLAIM, "jobs", "b", 0, YES}}},
    {.kind = STEP_REOPEN},
    /* The claim without a lease ended with its incarnation, the other did not. */
    {STEP_DO, .ops = {{OUTBOX_COMPLETE, "jobs", "b", .answer = HF_ESTALE}}},
    {STEP_DO, .ops = {{OUTBOX_CLAIM, "jobs", "a", .answer = HF_ECLAIMED}}},
    {STEP_DO, .ops = {{OUTBOX_CLAIM, "jobs", "b", 0, YES}}},
    {STEP_TIME, .by = 11 * SECOND},
    {STEP_DO, .ops = {{OUTBOX_COMPLETE, "jobs", "a", .answer = HF_ESTALE}}},
    {.kind = STEP_MAINTAIN},
    {STEP_DO, .ops = {{OUTBOX_GET, "jobs", "a", NO}}},
    {STEP_DO, .ops = {{OUTBOX_CLAIM, "jobs", "a", 5 * SECOND, YES}}},
    {.kind = STEP_KILL},
    {STEP_DO, .ops = {{OUTBOX_COMPLETE, "jobs", "b", .answer = HF_ESTALE}}},
    {STEP_DO, .ops = {{OUTBOX_COMPLETE, "jobs", "a", YES}}},
    {STEP_DO, .os = true, .ops = {{CURSOR_ADVANCE, "in", "me", 1, YES}}},
    {.kind = STEP_KILL},
    {STEP_DO, .ops = {{CURSOR_ADVANCE, "in", "me", 1, NO}}},
    /* Lost for the second time, it comes back after a second. */
    {STEP_TIME, .by = 2 * SECOND},
    {STEP_DO, .ops = {{OUTBOX_CLAIM_NEXT, "jobs", "b", 2 * SECOND, YES}}},
    {STEP_TIME, .by = 3 * SECOND},
    /* The first mutation that needs the ending logs it. */
    {STEP_DO, .ops = {{OUTBOX_CLAIM, "jobs", "b", 2 * SECOND, YES}}},
    {.kind = STEP_REOPEN},
    {.kind = STEP_REOPEN},
    {STEP_DO, .ops = {{INBOX_SAVE, "ann", "t1", 7, 400, YES}}},
    {.kind = STEP_KILL},
    {.kind = STEP_KILL},
    {STEP_DO, .ops = {{INBOX_GET, "ann", "t1", NO}}},
    {STEP_DO, .os = true, .ops = {{INBOX_DISMISS, "ann", "t1", YES}}},
    {STEP_DO, .ops = {{INBOX_COUNTS, "ann", NO}}},
    {.kind = STEP_REOPEN},
    /* The first commit of an incarnation is durable even in mode os, since its LSN gets out. */
    {STEP_DO, .os = true, .ops = {{OUTBOX_RELEASE, "jobs", "b", 0, YES}}},
    {.kind = STEP_REOPEN},
    {STEP_SUBMIT, .ops = {{CURSOR_ADVANCE, "in", "me", 2, YES}}},
    {STEP_DO, .undurable = true, .ops = {{CURSOR_GET, "in", "me", NO}}},
    {.kind = STEP_WAIT},
    {.kind = STEP_END},
};
const struct script script_lives = {"lives", lives_steps, 16u << 10};

/* --- After a crash ---------------------------------------------------------------------------- */

static const struct step after_steps[] = {
    {STEP_DO, .ops = {{OUTBOX_ENQUEUE, "after", "x", 0, 300, YES}}},
    {STEP_DO, .ops = {{OUTBOX_ENQUEUE, "after", "x", 0, 30, NO}}},
    {STEP_DO,
     .ops = {{CURSOR_ADVANCE, "after", "me", 1, YES}, {INBOX_SAVE, "after", "t", 1, 20, YES}}},
    {.kind = STEP_END},
};
const struct script script_after = {"after", after_steps, 16u << 10};

/* --- In short --------------------------------------------------------------------------------- */

static const struct step small_steps[] = {
    {STEP_DO,
     .ops = {{OUTBOX_ENQUEUE, "jobs", "a", 0, 800, YES}, {CURSOR_ADVANCE, "in", "me", 1, YES}}},
    {STEP_SUBMIT, .ops = {{OUTBOX_CLAIM, "jobs", "a", 60 * SECOND, YES}}},
    {STEP_DO, .ops = {{OUTBOX_CLAIM, "jobs", "a", 0, .answer = HF_ECLAIMED}}},
    {.kind = STEP_WAIT},
    {STEP_DO, .ops = {{CURSOR_ADVANCE, "in", "me", 2, YES}}},
    {STEP_DO, .ops = {{OUTBOX_CONFIGURE, "jobs", "", 3, YES}}},
    {STEP_DO, .os = true, .ops = {{INBOX_SAVE, "ann", "t1 t2", 1, 40, YES}}},
    {STEP_DO, .ops = {{INBOX_LOAD, "ann", NO}}},
    {.kind = STEP_KILL},
    {STEP_DO, .ops = {{INBOX_DISMISS, "ann", "t1", YES}, {OUTBOX_COMPLETE, "jobs", "a", YES}}},
    {STEP_DO, .ops = {{OUTBOX_ENQUEUE_MANY, "jobs", "b c d e f", 0, 3200, YES}}},
    {.kind = STEP_REOPEN},
    {STEP_DO, .ops = {{OUTBOX_GET, "jobs", "a", .answer = HF_ENOTFOUND}}},
    {.kind = STEP_END},
};
const struct script script_small = {"small", small_steps, 16u << 10};
