/* What this version can read of each domain's entries: its kinds, their newest body version, and
 * how many causes are known. An entry beyond that, whose checksums hold, was written by a newer
 * version and is no damage: the store answers HF_EVERSION, or passes over it where it says that
 * it may be ignored. Decoders then only ever see what they know, and whatever they refuse is
 * damage.
 *
 * A new kind, cause or body version is added here with its encoder: an entry that this table
 * does not know is refused when it is to be written. The numbers are those of FORMAT.md, so that
 * no domain is asked about another. */
#include "domains/common/domains.h"

#define NO_CAUSE 0
#define ALWAYS HF__ENDING_ALWAYS
#define BEHIND_VERSION HF__CAUSE_BEHIND_VERSION
#define BEHIND_KEY HF__CAUSE_BEHIND_KEY

/* kind, newest body version, causes, where the cause stands, which of them logs an ending.
 * Behind the version of a mark stands which mark it is. */
const struct hf__kind hf__inbox_kinds[] = {
    {1, 1, 9, BEHIND_VERSION, 7}, /* CHANGE; 7: expire */
    {2, 1, 7, BEHIND_VERSION, 0}, /* MARK */
    {3, 1, NO_CAUSE, 0, 0}, /* STATUS */
    {4, 1, NO_CAUSE, 0, 0}, /* STATE */
    {5, 1, 7, BEHIND_VERSION, 0}, /* ALL */
    {0, 0, 0, 0, 0},
};

const struct hf__kind hf__cursor_kinds[] = {
    {1, 1, 6, BEHIND_VERSION, 0}, /* SET */
    {2, 1, NO_CAUSE, 0, 0}, /* REMOVE */
    {0, 0, 0, 0, 0},
};

const struct hf__kind hf__outbox_kinds[] = {
    {1, 1, 17, BEHIND_KEY, 0}, /* ITEM */
    {2, 1, 17, BEHIND_KEY, 0}, /* CHANGED */
    {3, 1, 17, BEHIND_KEY, 0}, /* GONE */
    {4, 1, NO_CAUSE, 0, ALWAYS}, /* ENDED */
    {5, 1, 17, BEHIND_KEY, 0}, /* SETTINGS */
    {6, 1, NO_CAUSE, 0, 0}, /* CLEARED */
    {7, 1, NO_CAUSE, 0, 0}, /* NOTED */
    {8, 1, NO_CAUSE, 0, 0}, /* REDRIVEN */
    {9, 1, NO_CAUSE, 0, 0}, /* DONE */
    {10, 1, NO_CAUSE, 0, ALWAYS}, /* FADED */
    {11, 1, NO_CAUSE, 0, 0}, /* DROPPED */
    {12, 1, NO_CAUSE, 0, 0}, /* PRUNED */
    {0, 0, 0, 0, 0},
};

const struct hf__kind hf__idempotency_kinds[] = {
    {1, 1, 6, BEHIND_KEY, 0}, /* OWNED */
    {2, 1, 6, BEHIND_KEY, 0}, /* DONE */
    {3, 1, 6, BEHIND_KEY, 0}, /* GONE */
    {4, 1, NO_CAUSE, 0, ALWAYS}, /* ENDED */
    {5, 1, NO_CAUSE, 0, 0}, /* CLEARED */
    {0, 0, 0, 0, 0},
};

const struct hf__kind hf__document_kinds[] = {
    {1, 1, 7, BEHIND_VERSION, 0}, /* WHOLE */
    {2, 1, 7, BEHIND_VERSION, 0}, /* REGROUPED */
    {3, 1, 7, BEHIND_VERSION, 5}, /* GONE; 5: expire */
    {4, 1, 7, BEHIND_VERSION, 5}, /* CLEARED; 5: expire */
    {0, 0, 0, 0, 0},
};

const struct hf__kind hf__timeline_kinds[] = {
    {1, 1, 4, BEHIND_VERSION, 0}, /* EVENT */
    {2, 1, 4, BEHIND_VERSION, 0}, /* CUT */
    {0, 0, 0, 0, 0},
};

const struct hf__kind hf__lock_kinds[] = {
    {1, 1, 7, BEHIND_VERSION, 0}, /* HELD */
    {2, 1, 7, BEHIND_VERSION, 6}, /* FREE; 6: ended */
    {0, 0, 0, 0, 0},
};

const struct hf__kind hf__migration_kinds[] = {
    {1, 1, 3, BEHIND_VERSION, 0}, /* APPLIED */
    {2, 1, NO_CAUSE, 0, 0}, /* FORGOTTEN */
    {0, 0, 0, 0, 0},
};

const struct hf__kind hf__clock_kinds[] = {
    {1, 1, 2, BEHIND_VERSION, 0}, /* SET_BACK */
    {0, 0, 0, 0, 0},
};
