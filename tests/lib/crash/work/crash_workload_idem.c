/* The reference workload of idempotency and migrations, beside the domains that their effects
 * are in. See crash_script.h and crash_workloads.c. */
#include "lib/crash/crash_script.h"

#define YES .changes = true
#define NO .changes = false
#define SECOND INT64_C(1000000)

static const struct step steps[] = {
    /* Each operation alone. */
    {STEP_DO, .ops = {{IDEM_BEGIN, "pay", "k1", 60 * SECOND, 16, YES}}},
    {STEP_DO, .ops = {{IDEM_BEGIN, "pay", "k1", 60 * SECOND, 16, NO}}},
    {STEP_DO, .ops = {{IDEM_BEGIN, "pay", "k1", 60 * SECOND, 17, NO}}},
    {STEP_DO, .ops = {{IDEM_COMPLETE, "pay", "k1", 0, 900, YES}}},
    {STEP_DO, .ops = {{IDEM_COMPLETE, "pay", "k1", 0, 900, .answer = HF_ESTALE}}},
    {STEP_DO, .ops = {{IDEM_BEGIN, "pay", "k1", 60 * SECOND, 16, NO}}}, /* a response from disk */
    {STEP_DO, .ops = {{IDEM_BEGIN, "pay", "k2", 0, 16, YES}}},
    {STEP_DO, .ops = {{IDEM_ABANDON, "pay", "k2", YES}}},
    {STEP_DO, .ops = {{IDEM_ABANDON, "pay", "k2", .answer = HF_ESTALE}}},
    {STEP_DO, .ops = {{IDEM_PUT, "pay", "k3", 0, 40, YES}}},
    {STEP_DO, .ops = {{IDEM_PUT, "pay", "k3", 0, 40, NO}}},
    {STEP_DO, .ops = {{IDEM_REMOVE, "pay", "k3", .expect = EXPECT_OTHER, .answer = HF_ECONFLICT}}},
    {STEP_DO, .ops = {{IDEM_REMOVE, "pay", "k3", .expect = EXPECT_CURRENT, YES}}},
    {STEP_DO, .ops = {{IDEM_GET, "pay", "k3", .answer = HF_ENOTFOUND}}},
    {STEP_DO, .ops = {{IDEM_LIST, "pay", NO}}},
    {STEP_DO, .ops = {{MIGRATION_RECORD, "-", "m1", YES}}},
    {STEP_DO, .ops = {{MIGRATION_RECORD, "-", "m1", NO}}},
    {.kind = STEP_MAINTAIN},
    /* Effects and what tells of them: all or nothing. */
    {STEP_DO, .ops = {{IDEM_BEGIN, "pay", "k4", 60 * SECOND, 8, YES}}},
    {STEP_DO, .ops = {{CURSOR_ADVANCE, "in", "me", 1, YES},
                      {IDEM_GUARD_OWNER, "pay", "k4", NO},
                      {IDEM_COMPLETE, "pay", "k4", 0, 500, YES}}},
    {STEP_DO, .ops = {{CURSOR_ADVANCE, "in", "me", 2, YES},
                      {IDEM_COMPLETE, "pay", "k4", 0, 20, .answer = HF_ESTALE}}},
    {STEP_DO, .ops = {{OUTBOX_ENQUEUE, "jobs", "a", 0, 300, YES},
                      {MIGRATION_RECORD, "-", "m2", .expect = EXPECT_ABSENT, YES}}},
    {STEP_DO,
     .ops = {{OUTBOX_ENQUEUE, "jobs", "b", 0, 30, YES},
             {MIGRATION_RECORD, "-", "m2", .expect = EXPECT_ABSENT, .answer = HF_ECONFLICT}}},
    {STEP_DO, .ops = {{IDEM_GUARD, "pay", "k4", .expect = EXPECT_CURRENT},
                      {MIGRATION_FORGET, "-", "m1", YES}}},
    {STEP_DO, .ops = {{MIGRATION_LIST, "-", NO}}},
    {STEP_ABANDON, .ops = {{IDEM_BEGIN, "pay", "k5", 0, 8, YES}, {IDEM_CLEAR, "pay", "", YES}}},
    /* Answers that rest on changes which are still on their way to the disk. */
    {STEP_SUBMIT, .ops = {{IDEM_BEGIN, "web", "a", 60 * SECOND, 8, YES}}},
    {STEP_DO, .ops = {{IDEM_BEGIN, "web", "a", 60 * SECOND, 8, NO}}},
    {.kind = STEP_WAIT},
    {STEP_SUBMIT, .ops = {{IDEM_COMPLETE, "web", "a", SECOND, 30, YES}}},
    {STEP_DO, .ops = {{IDEM_BEGIN, "web", "a", 60 * SECOND, 8, NO}}},
    {.kind = STEP_WAIT},
    {STEP_SUBMIT, .ops = {{IDEM_PUT, "web", "b", 0, 20, YES}}},
    {STEP_DO, .ops = {{IDEM_COUNT, "web", NO}}},
    {.kind = STEP_WAIT},
    {STEP_SUBMIT, .ops = {{IDEM_REMOVE, "web", "b", YES}}},
    {STEP_DO, .ops = {{IDEM_HAS, "web", "b", NO}}},
    {.kind = STEP_WAIT},
    {STEP_SUBMIT, .ops = {{MIGRATION_FORGET, "-", "m2", YES}}},
    {STEP_DO, .ops = {{MIGRATION_GUARD, "-", "m2", .expect = EXPECT_ABSENT},
                      {IDEM_BEGIN, "web", "c", 0, 8, YES}}},
    {.kind = STEP_WAIT},
    /* What ends by time and with an incarnation, logged and not. */
    {STEP_DO, .os = true, .ops = {{IDEM_BEGIN, "web", "d", 2 * SECOND, 8, YES}}},
    {STEP_TIME, .by = 3 * SECOND},
    {STEP_DO, .ops = {{IDEM_COMPLETE, "web", "d", 0, 10, .answer = HF_ESTALE}}},
    /* another fingerprint: the old one has expired */
    {STEP_DO, .ops = {{IDEM_BEGIN, "web", "a", 0, 9, YES}}},
    {.kind = STEP_MAINTAIN},
    {STEP_DO, .ops = {{IDEM_COUNT, "web", NO}}},
    {.kind = STEP_KILL},
    {STEP_DO, .ops = {{IDEM_COMPLETE, "web", "a", 0, 10, .answer = HF_ESTALE}}},
    {STEP_DO, .ops = {{IDEM_BEGIN, "web", "c", 60 * SECOND, 8, YES}}},
    {STEP_DO, .ops = {{IDEM_BEGIN, "pay", "k4", 0, 8, NO}}},
    {.kind = STEP_MAINTAIN},
    {.kind = STEP_REOPEN},
    {STEP_DO, .ops = {{IDEM_COMPLETE, "web", "c", 0, 10, YES}}},
    {STEP_DO, .ops = {{IDEM_CLEAR, "pay", "k1 k4", YES}}},
    {STEP_DO, .ops = {{IDEM_LIST, "pay", NO}}},
    {.kind = STEP_END},
};
const struct script script_idem = {"idempotency", steps, 16u << 10};
