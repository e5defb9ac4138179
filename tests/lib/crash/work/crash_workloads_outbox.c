/* Reference workloads of what concerns queues as a whole, and of claims that end without an
 * answer. See crash_script.h for what the columns mean. */
#include "lib/crash/crash_script.h"

#define YES .changes = true
#define NO .changes = false
#define SECOND INT64_C(1000000)

static const struct step queues_steps[] = {
    {STEP_DO, .ops = {{OUTBOX_WINDOW, "jobs", "", 60 * SECOND, YES}}},
    {STEP_DO, .ops = {{OUTBOX_ENQUEUE_GROUPED, "jobs", "a", 0, 60, YES},
                      {OUTBOX_ENQUEUE_GROUPED, "jobs", "b", 0, 500, YES}}},
    {STEP_DO, .ops = {{OUTBOX_PAUSE, "jobs", "", YES}}},
    {STEP_DO, .ops = {{OUTBOX_CLAIM_NEXT, "jobs", "", 0, NO}}},
    {STEP_DO, .ops = {{OUTBOX_PAUSE, "jobs", "", NO}}},
    {STEP_SUBMIT, .ops = {{OUTBOX_RESUME, "jobs", "", YES}}},
    {STEP_DO, .ops = {{OUTBOX_RESUME, "jobs", "", NO}}},
    {.kind = STEP_WAIT},
    /* What a group keeps back, while the cause is on its way. */
    {STEP_SUBMIT, .ops = {{OUTBOX_CLAIM, "jobs", "a", 60 * SECOND, YES}}},
    {STEP_DO, .ops = {{OUTBOX_CLAIM_GROUPED, "jobs", "b", 0, .answer = HF_EBLOCKED}}},
    {.kind = STEP_WAIT},
    {STEP_SUBMIT, .ops = {{OUTBOX_ENQUEUE_RERUN, "jobs", "a", 5, 200, YES}}},
    {STEP_DO, .ops = {{OUTBOX_ENQUEUE_RERUN, "jobs", "a", 5, 200, NO}}},
    {.kind = STEP_WAIT},
    /* Queued again with what was noted. */
    {STEP_DO, .ops = {{OUTBOX_COMPLETE, "jobs", "a", YES}}},
    {STEP_DO, .ops = {{OUTBOX_CLAIM_NEXT, "jobs", "b", 60 * SECOND, YES}}},
    {STEP_SUBMIT, .ops = {{OUTBOX_COMPLETE, "jobs", "b", YES}}},
    {STEP_DO, .ops = {{OUTBOX_ENQUEUE, "jobs", "b", 0, 20, NO}}},
    {.kind = STEP_WAIT},
    {STEP_DO, .ops = {{OUTBOX_PUT_COMPLETED, "jobs", "x", INT64_MAX, YES},
                      {OUTBOX_PUT_COMPLETED, "jobs", "y", INT64_MAX, YES}}},
    {STEP_DO, .ops = {{OUTBOX_COMPLETED, "jobs", NO}}},
    /* dropped: two ids are remembered */
    {STEP_DO, .ops = {{OUTBOX_ENQUEUE, "jobs", "b", 0, 20, YES}}},
    {STEP_DO, .ops = {{OUTBOX_MARK_FAILED, "jobs", "b", 0, 20, YES}}},
    {STEP_DO, .ops = {{OUTBOX_REDRIVE, "jobs", "b", YES}}},
    {STEP_DO, .ops = {{OUTBOX_STATS, "jobs", NO}}},
    {.kind = STEP_KILL},
    {STEP_DO, .ops = {{OUTBOX_WINDOW, "jobs", "", SECOND, YES}}},
    {STEP_DO,
     .ops = {{OUTBOX_CLAIM, "jobs", "b", 60 * SECOND, YES}, {OUTBOX_REMOVE, "jobs", "a", YES}}},
    {STEP_DO, .ops = {{OUTBOX_COMPLETE, "jobs", "b", YES}}},
    {STEP_TIME, .by = 2 * SECOND},
    {.kind = STEP_MAINTAIN},
    {STEP_DO, .ops = {{OUTBOX_ENQUEUE, "jobs", "b", 0, 30, YES}}},
    {STEP_DO, .ops = {{OUTBOX_CLEAR, "jobs", "b x y", YES}}},
    {.kind = STEP_END},
};
const struct script script_queues = {"queues", queues_steps, 16u << 10};

#define SOON (SCRIPT_NOW + 3600 * SECOND)

static const struct step lost_steps[] = {
    {STEP_DO, .ops = {{OUTBOX_ENQUEUE_MANY, "jobs", "a b c", 0, 50, YES}}},
    /* However long a lease is asked for, it ends with max_run. */
    {STEP_DO, .ops = {{OUTBOX_CLAIM_BOUNDED, "jobs", "a", 5 * SECOND, YES}}},
    {STEP_DO, .ops = {{OUTBOX_EXTEND, "jobs", "a", 60 * SECOND, NO}}},
    {STEP_SUBMIT, .ops = {{OUTBOX_MAX_LOST, "jobs", "", 1, YES}}},
    {STEP_TIME, .by = 6 * SECOND},
    /* That it is failed, and not queued, depends on a setting that is on its way. */
    {STEP_DO, .ops = {{OUTBOX_GET_LOST, "jobs", "a", NO}}},
    {.kind = STEP_WAIT},
    {STEP_DO, .ops = {{OUTBOX_COMPLETE, "jobs", "a", .answer = HF_ESTALE}}},
    {STEP_DO, .ops = {{OUTBOX_RESCHEDULE, "jobs", "a", SOON, .answer = HF_ECONFLICT}}},
    {STEP_SUBMIT, .ops = {{OUTBOX_RESCHEDULE, "jobs", "b", SOON, YES}}},
    {STEP_DO, .ops = {{OUTBOX_RESCHEDULE, "jobs", "b", SOON, NO}}},
    {.kind = STEP_WAIT},
    {STEP_DO, .ops = {{OUTBOX_CLAIM_NEXT, "jobs", "c", 0, YES}}},
    {.kind = STEP_KILL},
    {STEP_DO, .ops = {{OUTBOX_GET, "jobs", "c", NO}}},
    {STEP_SUBMIT, .ops = {{OUTBOX_PRUNE, "jobs", "a c", YES}}},
    {STEP_DO, .ops = {{OUTBOX_GET, "jobs", "a", .answer = HF_ENOTFOUND}}},
    {STEP_DO, .ops = {{OUTBOX_PRUNE, "jobs", "", NO}}},
    {.kind = STEP_WAIT},
    {STEP_DO, .ops = {{OUTBOX_MAX_LOST, "jobs", "", HF_NEVER, YES},
                      {OUTBOX_RESCHEDULE, "jobs", "b", SCRIPT_NOW, YES}}},
    {STEP_DO, .ops = {{OUTBOX_CLAIM_BOUNDED, "jobs", "b", 2 * SECOND, YES}}},
    {STEP_TIME, .by = 3 * SECOND},
    {STEP_DO, .ops = {{OUTBOX_MAX_LOST, "jobs", "", 0, YES}}}, /* logs the ending first */
    {STEP_DO, .ops = {{OUTBOX_GET, "jobs", "b", NO}}},
    {.kind = STEP_REOPEN},
    {STEP_DO, .ops = {{OUTBOX_LIST, "jobs", NO}}},
    {STEP_DO, .ops = {{OUTBOX_STATS, "jobs", NO}}},
    {STEP_DO,
     .ops = {{OUTBOX_MARK_FAILED, "jobs", "b", 0, 20, YES}, {OUTBOX_PRUNE, "jobs", "b", YES}}},
    {.kind = STEP_END},
};
const struct script script_lost = {"lost", lost_steps, 16u << 10};
