/* Snapshots between changes of every kind of state: with payloads in memory and on disk, the first
 * one and one that another goes for, after a clean stop, a kill and a rotation. */
#include "lib/crash/crash_script.h"

#define YES .changes = true
#define NO .changes = false
#define SECOND INT64_C(1000000)

static const struct step snapshots_steps[] = {
    {STEP_DO, .ops = {{OUTBOX_ENQUEUE_MANY, "jobs", "a b", 0, 900, YES}}},
    {STEP_DO, .os = true, .ops = {{INBOX_SAVE, "ann", "t1 t2", 1, 30, YES}}},
    {.kind = STEP_SNAPSHOT},
    {STEP_DO, .ops = {{OUTBOX_CLAIM, "jobs", "a", 60 * SECOND, YES}}},
    {STEP_DO, .os = true, .ops = {{CURSOR_ADVANCE, "in", "me", 1, YES}}},
    {.kind = STEP_REOPEN},
    {STEP_DO, .ops = {{OUTBOX_COMPLETE, "jobs", "a", YES}}},
    {STEP_DO, .ops = {{INBOX_DISMISS, "ann", "t1", YES}}},
    {.kind = STEP_SNAPSHOT},
    {.kind = STEP_KILL},
    {STEP_DO, .ops = {{OUTBOX_ENQUEUE_MANY, "jobs", "c d", 0, 5500, YES}}},
    {STEP_DO, .ops = {{CURSOR_ADVANCE, "in", "me", 2, YES}}},
    {.kind = STEP_SNAPSHOT},
    {.kind = STEP_MAINTAIN},
    {STEP_DO, .os = true, .ops = {{OUTBOX_REMOVE, "jobs", "b", YES}}},
    {STEP_DO, .ops = {{OUTBOX_ENQUEUE, "jobs", "e", 0, 60, YES}}},
    {.kind = STEP_END},
};
const struct script script_snapshots = {"snapshots", snapshots_steps, 16u << 10};
