/* A reference workload of what concerns queues as a whole. See crash_script.h for what the columns mean. */
#include "lib/crash_script.h"

#define YES .changes = true
#define NO .changes = false
#define SECOND INT64_C(1000000)

static const struct step queues_steps[] = {
    {STEP_DO, .ops = {{OUTBOX_WINDOW, "jobs", "", 60 * SECOND, YES}}},
    {STEP_DO, .ops = {{OUTBOX_ENQUEUE_GROUPED, "jobs", "a", 0, 60, YES}, {OUTBOX_ENQUEUE_GROUPED, "jobs", "b", 0, 500, YES}}},
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
    {STEP_DO, .ops = {{OUTBOX_PUT_COMPLETED, "jobs", "x", INT64_MAX, YES}, {OUTBOX_PUT_COMPLETED, "jobs", "y", INT64_MAX, YES}}},
    {STEP_DO, .ops = {{OUTBOX_COMPLETED, "jobs", NO}}},
    {STEP_DO, .ops = {{OUTBOX_ENQUEUE, "jobs", "b", 0, 20, YES}}}, /* dropped: two ids are remembered */
    {STEP_DO, .ops = {{OUTBOX_MARK_FAILED, "jobs", "b", 0, 20, YES}}},
    {STEP_DO, .ops = {{OUTBOX_REDRIVE, "jobs", "b", YES}}},
    {STEP_DO, .ops = {{OUTBOX_STATS, "jobs", NO}}},
    {.kind = STEP_KILL},
    {STEP_DO, .ops = {{OUTBOX_WINDOW, "jobs", "", SECOND, YES}}},
    {STEP_DO, .ops = {{OUTBOX_CLAIM, "jobs", "b", 60 * SECOND, YES}, {OUTBOX_REMOVE, "jobs", "a", YES}}},
    {STEP_DO, .ops = {{OUTBOX_COMPLETE, "jobs", "b", YES}}},
    {STEP_TIME, .by = 2 * SECOND},
    {.kind = STEP_MAINTAIN},
    {STEP_DO, .ops = {{OUTBOX_ENQUEUE, "jobs", "b", 0, 30, YES}}},
    {STEP_DO, .ops = {{OUTBOX_CLEAR, "jobs", "b x y", YES}}},
    {.kind = STEP_END},
};
const struct script script_queues = {"queues", queues_steps, 16u << 10};
