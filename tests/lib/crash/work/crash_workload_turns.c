/* Openings whose first group goes into a segment of its own: after a clean stop, with and
 * without a segment made ahead, in both modes. */
#include "lib/crash/crash_script.h"

#define YES .changes = true
#define NO .changes = false

static const struct step turns_steps[] = {
    {STEP_DO, .ops = {{OUTBOX_ENQUEUE_MANY, "jobs", "a b", 0, 5500, YES}}},
    {.kind = STEP_REOPEN},
    {STEP_DO, .ops = {{OUTBOX_ENQUEUE, "jobs", "c", 0, 5500, YES}}},
    {STEP_DO, .ops = {{OUTBOX_ENQUEUE, "jobs", "d", 0, 5500, YES}}},
    {.kind = STEP_MAINTAIN},
    {.kind = STEP_REOPEN},
    /* Into the segment that the opening before had made ahead. */
    {STEP_DO, .os = true, .ops = {{INBOX_SAVE, "ann", "t1 t2", 1, 3000, YES}}},
    {STEP_DO, .ops = {{INBOX_COUNTS, "ann", NO}}},
    {.kind = STEP_REOPEN},
    {STEP_DO, .os = true, .ops = {{CURSOR_ADVANCE, "in", "me", 1, YES}}},
    {.kind = STEP_REOPEN},
    {STEP_DO, .ops = {{OUTBOX_ENQUEUE_MANY, "jobs", "e f", 0, 5500, YES}}},
    {.kind = STEP_KILL},
    {STEP_DO, .ops = {{OUTBOX_ENQUEUE, "jobs", "g", 0, 60, YES}}},
    {.kind = STEP_REOPEN},
    {STEP_DO, .ops = {{OUTBOX_ENQUEUE, "jobs", "h", 0, 60, YES}}},
    {.kind = STEP_END},
};
const struct script script_turns = {"turns", turns_steps, 16u << 10};
