/* The workload of locks: see crash_workloads.c. Each of its operations, alone and as a guard of
 * others, answers while changes are on their way to the disk, leases that end, kills and
 * reopenings. */
#include "lib/crash/crash_script.h"

#define YES .changes = true
#define NO .changes = false
#define SECOND INT64_C(1000000)

static const struct step lock_steps[] = {
    {STEP_DO, .ops = {{LOCK_ACQUIRE, "all", "a", 60 * SECOND, 1, YES}}},
    {STEP_DO, .ops = {{LOCK_ACQUIRE, "all", "a", 60 * SECOND, 2, .answer = HF_EHELD}}},
    {STEP_DO, .ops = {{LOCK_WITH, "all", "a", .answer = HF_EHELD}}},
    {STEP_DO, .ops = {{LOCK_WITH, "all", "b", NO}}},
    {STEP_DO, .ops = {{LOCK_RENEW, "all", "a", 90 * SECOND, .expect = EXPECT_OTHER,
                       .answer = HF_ECONFLICT}}},
    {STEP_DO, .ops = {{LOCK_RENEW, "all", "a", 90 * SECOND, .expect = EXPECT_CURRENT, YES}}},
    /* Written only by who holds the lock. */
    {STEP_DO, .ops = {{LOCK_GUARD_HELD, "all", "a", NO},
                      {CURSOR_ADVANCE, "in", "me", 1, YES},
                      {LOCK_ACQUIRE, "all", "b", 0, 2, YES}}},
    {STEP_DO, .ops = {{CURSOR_ADVANCE, "in", "me", 2, YES},
                      {LOCK_GUARD, "all", "a", .expect = EXPECT_ABSENT, .answer = HF_ECONFLICT}}},
    {STEP_ABANDON,
     .ops = {{LOCK_RELEASE, "all", "a", YES}, {LOCK_FORCE_RELEASE, "all", "b", 0, 20, YES}}},
    {STEP_DO, .ops = {{LOCK_LIST, "all", NO}}},
    /* Answers that would give a change away before it is durable. */
    {STEP_SUBMIT, .ops = {{LOCK_RELEASE, "all", "a", YES}}},
    {STEP_DO, .ops = {{LOCK_CHECK, "all", "a", .answer = HF_ESTALE}}},
    {.kind = STEP_WAIT},
    {STEP_SUBMIT, .ops = {{LOCK_ACQUIRE, "all", "a", 5 * SECOND, 3, YES}}},
    {STEP_DO, .ops = {{LOCK_ACQUIRE, "all", "a", 0, 1, .answer = HF_EHELD}}},
    {.kind = STEP_WAIT},
    {STEP_SUBMIT, .ops = {{LOCK_FORCE_RELEASE, "all", "b", 0, 300, YES}}},
    {STEP_DO, .ops = {{LOCK_WITH, "all", "b", NO}}},
    {.kind = STEP_WAIT},
    {STEP_SUBMIT, .ops = {{LOCK_PUT, "all", "c", 30 * SECOND, 4, YES}}},
    {STEP_DO, .ops = {{LOCK_GET, "all", "c", NO}}},
    {.kind = STEP_WAIT},
    {STEP_SUBMIT, .ops = {{LOCK_RENEW, "all", "c", 40 * SECOND, YES}}},
    /* another lock's change is nothing to wait for */
    {STEP_DO, .ops = {{LOCK_CHECK, "all", "a", NO}}},
    {.kind = STEP_WAIT},
    {STEP_DO, .os = true, .ops = {{LOCK_ACQUIRE, "all", "d", 0, 5, YES}}},
    /* Without a lease a lock ends with its incarnation, with one when that is over. */
    {.kind = STEP_KILL},
    {STEP_DO, .ops = {{LOCK_CHECK, "all", "d", .answer = HF_ESTALE}}},
    {STEP_DO, .ops = {{LOCK_CHECK, "all", "a", NO}}},
    {STEP_TIME, .by = 6 * SECOND},
    {STEP_DO, .ops = {{LOCK_RELEASE, "all", "a", .answer = HF_ESTALE}}},
    {.kind = STEP_MAINTAIN},
    {STEP_DO, .ops = {{LOCK_GET, "all", "a", .answer = HF_ENOTFOUND}}},
    {STEP_DO, .ops = {{LOCK_ACQUIRE, "all", "a", 2 * SECOND, 1, YES}}},
    {STEP_TIME, .by = 3 * SECOND},
    /* The first mutation that needs the ending logs it. */
    {STEP_DO, .ops = {{LOCK_ACQUIRE, "all", "a", 0, 2, YES}}},
    {.kind = STEP_REOPEN},
    {STEP_DO, .ops = {{LOCK_FORCE_RELEASE, "all", "a", 0, 20, NO}}},
    {STEP_DO, .ops = {{LOCK_RELEASE, "all", "c", YES}, {LOCK_ACQUIRE, "all", "c", 0, 6, YES}}},
    {STEP_DO, .ops = {{LOCK_LIST, "all", NO}}},
    {.kind = STEP_END},
};
const struct script script_lock = {"lock", lock_steps, 16u << 10};
