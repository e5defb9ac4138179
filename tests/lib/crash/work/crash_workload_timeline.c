/* The workload of timelines: see crash_workloads.c. Each of its operations, alone and with
 * others in a transaction, answers while changes are on their way to the disk, payloads that
 * stay there, kills and reopenings. */
#include "lib/crash/crash_script.h"

#define YES .changes = true
#define NO .changes = false

static const struct step timeline_steps[] = {
    {STEP_DO, .ops = {{TIMELINE_APPEND, "log", "a", 50, 700, YES}}},
    {STEP_DO, .ops = {{TIMELINE_APPEND, "log", "a", 50, 700, NO}}},
    {STEP_DO, .ops = {{TIMELINE_APPEND, "log", "a", 50, 701, .answer = HF_ECONFLICT}}},
    {STEP_DO, .ops = {{TIMELINE_APPEND, "log", "b", 40, 20, .expect = EXPECT_OTHER,
                       .answer = HF_ECONFLICT}}},
    /* A job, its audit trail and its place in the queue, or none of them. */
    {STEP_DO, .ops = {{OUTBOX_ENQUEUE, "jobs", "a", 0, 30, YES},
                      {TIMELINE_APPEND, "log", "b", 40, 20, YES},
                      {CURSOR_ADVANCE, "in", "me", 1, YES}}},
    {STEP_DO,
     .ops = {{TIMELINE_APPEND, "log", "c", 60, 20, YES},
             {CURSOR_ADVANCE, "in", "me", 1, .expect = EXPECT_ABSENT, .answer = HF_ECONFLICT}}},
    {STEP_DO, .ops = {{TIMELINE_GET, "log", "c", .answer = HF_ENOTFOUND}}},
    {STEP_ABANDON,
     .ops = {{TIMELINE_APPEND, "log", "c", 60, 20, YES}, {TIMELINE_CLEAR, "log", "a b c", YES}}},
    {STEP_DO, .os = true, .ops = {{TIMELINE_APPEND, "log", "c", 60, 400, YES}}},
    {STEP_DO, .ops = {{TIMELINE_QUERY, "log", .number = 2, NO}}},
    /* Answers that would give a change away before it is durable: the event, its absence, its
     * repetition, a count, a query. */
    {STEP_SUBMIT, .ops = {{TIMELINE_APPEND, "log", "d", 70, 90, YES}}},
    {STEP_DO, .ops = {{TIMELINE_APPEND, "log", "d", 70, 90, NO}}},
    {.kind = STEP_WAIT},
    {STEP_SUBMIT, .ops = {{TIMELINE_APPEND, "log", "e", 45, 90, YES}}},
    {STEP_DO, .ops = {{TIMELINE_COUNT, "log", NO}}},
    {.kind = STEP_WAIT},
    {STEP_SUBMIT, .ops = {{TIMELINE_RETAIN, "log", "b", 4, YES}}},
    {STEP_DO, .ops = {{TIMELINE_GET, "log", "b", .answer = HF_ENOTFOUND}}},
    {.kind = STEP_WAIT},
    {STEP_SUBMIT, .ops = {{TIMELINE_APPEND, "log", "f", 80, 60, YES}}},
    {STEP_DO, .ops = {{TIMELINE_LATEST_AT, "log", NO}}},
    {.kind = STEP_WAIT},
    {STEP_SUBMIT, .ops = {{TIMELINE_APPEND, "other", "a", 1, 60, YES}}},
    /* another timeline's change is nothing to wait for */
    {STEP_DO, .ops = {{TIMELINE_GET, "log", "a", NO}}},
    {.kind = STEP_WAIT},
    {.kind = STEP_KILL},
    {STEP_DO, .ops = {{TIMELINE_QUERY, "log", .number = 3, NO}}},
    {STEP_DO, .ops = {{TIMELINE_GUARD, "log", "c", .expect = EXPECT_CURRENT},
                      {TIMELINE_RETAIN, "log", "e a", 3, YES}}},
    {STEP_DO, .ops = {{TIMELINE_RETAIN, "log", .number = 3, NO}}},
    {.kind = STEP_REOPEN},
    {STEP_DO,
     .ops = {{TIMELINE_CLEAR, "log", "c d f", YES}, {TIMELINE_APPEND, "log", "a", 50, 30, YES}}},
    {STEP_DO, .ops = {{TIMELINE_CLEAR, "other", "a", YES}}},
    {STEP_DO, .ops = {{TIMELINE_CLEAR, "other", NO}}},
    {STEP_DO, .ops = {{TIMELINE_QUERY, "other", NO}}},
    {.kind = STEP_END},
};
const struct script script_timeline = {"timeline", timeline_steps, 16u << 10};
