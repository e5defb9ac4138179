/* Compactions between changes of every kind of state: the first one, one that removes segments and
 * the snapshot before it, with payloads that move from the log and from a snapshot, after a clean
 * stop, a kill and rotations. */
#include "lib/crash/crash_script.h"

#define YES .changes = true
#define SECOND INT64_C(1000000)

static const struct step compaction_steps[] = {
    {STEP_DO, .ops = {{OUTBOX_ENQUEUE_MANY, "jobs", "a b", 0, 5900, YES}}},
    {STEP_DO, .os = true, .ops = {{INBOX_SAVE, "ann", "t1 t2", 1, 30, YES}}},
    {STEP_DO, .ops = {{OUTBOX_ENQUEUE_MANY, "jobs", "c d", 0, 5500, YES}}},
    {.kind = STEP_COMPACT},
    {STEP_DO, .ops = {{OUTBOX_CLAIM, "jobs", "a", 60 * SECOND, YES}}},
    {STEP_DO, .ops = {{OUTBOX_ENQUEUE_MANY, "jobs", "e f", 0, 5700, YES}}},
    {STEP_DO, .os = true, .ops = {{CURSOR_ADVANCE, "in", "me", 1, YES}}},
    {.kind = STEP_COMPACT},
    {.kind = STEP_REOPEN},
    {STEP_DO, .ops = {{OUTBOX_COMPLETE, "jobs", "a", YES}}},
    {STEP_DO, .ops = {{INBOX_DISMISS, "ann", "t1", YES}}},
    {.kind = STEP_COMPACT},
    {.kind = STEP_KILL},
    {STEP_DO, .ops = {{OUTBOX_REMOVE, "jobs", "b", YES}}},
    {STEP_DO, .ops = {{CURSOR_ADVANCE, "in", "me", 2, YES}}},
    {.kind = STEP_COMPACT},
    {STEP_DO, .os = true, .ops = {{OUTBOX_ENQUEUE, "jobs", "g", 0, 60, YES}}},
    {.kind = STEP_MAINTAIN},
    {.kind = STEP_END},
};
const struct script script_compaction = {"compaction", compaction_steps, 16u << 10};
