/* The reference workload of documents. See crash_script.h for what the columns mean; a rehearsal
 * checks every answer that is stated here. */
#include "lib/crash/crash_script.h"

#define YES .changes = true
#define NO .changes = false
#define SECOND INT64_C(1000000)

static const struct step document_steps[] = {
    {STEP_DO, .ops = {{DOCUMENT_PUT, "jobs", "a", 0, 60, YES}}},
    {STEP_DO, .ops = {{DOCUMENT_PUT, "jobs", "b", 5 * SECOND, 700, YES}}},
    {STEP_DO, .ops = {{DOCUMENT_REGROUP, "jobs", "b", 2, YES}}},
    {STEP_DO, .ops = {{DOCUMENT_REGROUP, "jobs", "b", 2, NO}}},
    {STEP_DO, .ops = {{DOCUMENT_COUNT, "jobs", "", 2, NO}}},
    {STEP_DO,
     .ops = {{DOCUMENT_PUT, "jobs", "a", 0, 80, .expect = EXPECT_OTHER, .answer = HF_ECONFLICT}}},
    /* Answers that rest on what is on its way. */
    {STEP_SUBMIT,
     .ops = {{DOCUMENT_PUT, "jobs", "a", 2 * SECOND, 90, .expect = EXPECT_CURRENT, YES}}},
    {STEP_DO, .ops = {{DOCUMENT_GET, "jobs", "a", NO}}},
    {.kind = STEP_WAIT},
    {STEP_SUBMIT, .ops = {{DOCUMENT_REMOVE, "jobs", "b", YES}}},
    {STEP_DO, .ops = {{DOCUMENT_HAS, "jobs", "b", NO}}},
    {.kind = STEP_WAIT},
    {STEP_SUBMIT, .ops = {{DOCUMENT_PUT, "jobs", "c", 0, 40, YES}}},
    {STEP_DO, .ops = {{DOCUMENT_LIST, "jobs", NO}}},
    {.kind = STEP_WAIT},
    /* A document expires: as a view, then in the log, and a new one takes its place. */
    {STEP_TIME, .by = 3 * SECOND},
    {STEP_DO, .ops = {{DOCUMENT_GET, "jobs", "a", .answer = HF_ENOTFOUND}}},
    {STEP_DO, .ops = {{DOCUMENT_REGROUP, "jobs", "a", 3, .answer = HF_ENOTFOUND}}},
    {STEP_DO, .os = true, .ops = {{DOCUMENT_PUT, "jobs", "d", SECOND, 300, YES}}},
    {.kind = STEP_MAINTAIN},
    {STEP_DO, .ops = {{DOCUMENT_COUNT, "jobs", "", 0, NO}}},
    {STEP_TIME, .by = 2 * SECOND},
    {.kind = STEP_KILL},
    {STEP_DO, .ops = {{DOCUMENT_GET, "jobs", "d", .answer = HF_ENOTFOUND}}},
    {STEP_DO, .ops = {{DOCUMENT_PUT, "jobs", "d", 0, 30, .expect = EXPECT_ABSENT, YES},
                      {CURSOR_ADVANCE, "in", "me", 1, YES}}},
    /* A refusal takes the put before it along. */
    {STEP_DO,
     .ops = {{DOCUMENT_PUT, "jobs", "e", 0, 30, YES},
             {DOCUMENT_GUARD, "jobs", "d", .expect = EXPECT_ABSENT, .answer = HF_ECONFLICT}}},
    {STEP_DO, .ops = {{DOCUMENT_HAS, "jobs", "e", NO}}},
    {STEP_DO, .ops = {{OUTBOX_ENQUEUE, "jobs", "x", 0, 20, YES},
                      {DOCUMENT_GUARD, "jobs", "d", .expect = EXPECT_CURRENT},
                      {DOCUMENT_CLEAR, "jobs", "c d", YES}}},
    {STEP_DO, .ops = {{DOCUMENT_CLEAR, "jobs", "", NO}}},
    {.kind = STEP_REOPEN},
    {STEP_DO, .ops = {{DOCUMENT_LIST, "jobs", NO}}},
    {STEP_DO, .ops = {{DOCUMENT_PUT, "jobs", "f", SECOND, 500, YES}}},
    {.kind = STEP_END},
};
const struct script script_document = {"document", document_steps, 16u << 10};
