/* What this version can read of each domain's entries: its kinds, their newest body version, and how many causes are known. An entry beyond
 * that, whose checksums hold, was written by a newer version and is no damage: the store answers HF_EVERSION, or passes over it where it says
 * that it may be ignored. Decoders then only ever see what they know, and whatever they refuse is damage.
 *
 * A new kind, cause or body version is added here with its encoder: a test build stops at the first entry that this table does not know. */
#include "domains/domains.h"

#include "domains/document_state.h"
#include "domains/idempotency_entry.h"
#include "domains/inbox_body.h"
#include "domains/lock_state.h"
#include "domains/migration_state.h"
#include "domains/outbox_entry.h"
#include "domains/timeline_state.h"

#define NONE 0
#define BEHIND_VERSION HF__CAUSE_BEHIND_VERSION
#define BEHIND_KEY HF__CAUSE_BEHIND_KEY

/* Behind a mark's version stands which mark it is. */
const struct hf__kind hf__inbox_kinds[] = {
    {1, 1, 9, BEHIND_VERSION}, /* CHANGE */
    {2, 1, HF__INBOX_MARK_SNOOZE + 1, BEHIND_VERSION}, /* MARK */
    {3, 1, NONE, 0}, /* STATUS */
    {4, 1, NONE, 0}, /* STATE */
    {5, 1, HF__INBOX_MARK_SNOOZE + 1, BEHIND_VERSION}, /* ALL */
    {0, 0, 0, 0},
};

const struct hf__kind hf__cursor_kinds[] = {
    {1, 1, 6, BEHIND_VERSION}, /* SET */
    {2, 1, NONE, 0}, /* REMOVE */
    {0, 0, 0, 0},
};

const struct hf__kind hf__outbox_kinds[] = {
    {HF__OUTBOX_ITEM, 2, HF__OUTBOX_CAUSES, BEHIND_KEY},
    {HF__OUTBOX_CHANGED, 2, HF__OUTBOX_CAUSES, BEHIND_KEY},
    {HF__OUTBOX_GONE, 2, HF__OUTBOX_CAUSES, BEHIND_KEY},
    {HF__OUTBOX_ENDED, 2, NONE, 0},
    {HF__OUTBOX_SETTINGS, 2, HF__OUTBOX_CAUSES, BEHIND_KEY},
    {HF__OUTBOX_CLEARED, 2, NONE, 0},
    {HF__OUTBOX_NOTED, 2, NONE, 0},
    {HF__OUTBOX_REDRIVEN, 2, NONE, 0},
    {HF__OUTBOX_DONE, 2, NONE, 0},
    {HF__OUTBOX_FADED, 2, NONE, 0},
    {HF__OUTBOX_DROPPED, 2, NONE, 0},
    {0, 0, 0, 0},
};

const struct hf__kind hf__idempotency_kinds[] = {
    {HF__IDEM_OWNED, 1, HF__IDEM_CAUSES, BEHIND_KEY},
    {HF__IDEM_DONE, 1, HF__IDEM_CAUSES, BEHIND_KEY},
    {HF__IDEM_GONE, 1, HF__IDEM_CAUSES, BEHIND_KEY},
    {HF__IDEM_ENDED, 1, NONE, 0},
    {HF__IDEM_CLEARED, 1, NONE, 0},
    {0, 0, 0, 0},
};

const struct hf__kind hf__document_kinds[] = {
    {HF__DOCUMENT_WHOLE, 1, HF__DOCUMENT_CAUSES, BEHIND_VERSION},
    {HF__DOCUMENT_REGROUPED, 1, HF__DOCUMENT_CAUSES, BEHIND_VERSION},
    {HF__DOCUMENT_GONE, 1, HF__DOCUMENT_CAUSES, BEHIND_VERSION},
    {HF__DOCUMENT_CLEARED, 1, HF__DOCUMENT_CAUSES, BEHIND_VERSION},
    {0, 0, 0, 0},
};

const struct hf__kind hf__timeline_kinds[] = {
    {HF__TIMELINE_EVENT, 1, HF__TIMELINE_CLEAR + 1, BEHIND_VERSION},
    {HF__TIMELINE_CUT, 1, HF__TIMELINE_CLEAR + 1, BEHIND_VERSION},
    {0, 0, 0, 0},
};

const struct hf__kind hf__lock_kinds[] = {
    {HF__LOCK_HELD, 1, HF__LOCK_CAUSES, BEHIND_VERSION},
    {HF__LOCK_FREE, 1, HF__LOCK_CAUSES, BEHIND_VERSION},
    {0, 0, 0, 0},
};

const struct hf__kind hf__migration_kinds[] = {
    {HF__MIGRATION_APPLIED, 1, HF__MIGRATION_CAUSES, BEHIND_VERSION},
    {HF__MIGRATION_FORGOTTEN, 1, NONE, 0},
    {0, 0, 0, 0},
};
