/* Entries become state: the same code for a live commit, replay of the log and a snapshot.
 *
 * Happy path: decode, compare with the state (no mutation would have written what does not
 * follow from it), then change. Failure modes: what does not follow is HF_ECORRUPT, found before
 * anything is touched; no memory leaves what was done so far to the change's owner, which undoes
 * it. I-INBOX-2: an object's version is the LSN of the entry that last changed its value.
 * I-INBOX-3: no save un-dismisses. I-INBOX-4: a key has a record or a tombstone, not both. */
#include "domains/common/objects.h"
#include "domains/inbox/inbox.h"

/* --- The inbox itself ------------------------------------------------------------------------- */

static int move_generated_at(struct hf__inbox *inbox, struct hf__change *change,
                             int64_t generated_at, uint64_t lsn)
{
	struct hf__inbox_value value = inbox->value;
	value.generated_at = generated_at;
	value.version = lsn;
	return hf__change_set(change, &inbox->head.object, &value);
}

/* A clear takes the newest generated_at along, and with it the whole value unless there is a
 * status. */
static int drop_generated_at(struct hf__inbox *inbox, struct hf__change *change, uint64_t lsn)
{
	if (inbox->value.generated_at == HF_UNSET)
		return HF_OK;
	return move_generated_at(inbox, change, HF_UNSET, inbox->value.status_version ? lsn : 0);
}

/* Puts the whole value; *value has no status yet. */
static int set_value(struct hf__inbox_state *s, struct hf__change *change,
                     struct hf__inbox_value value, const struct hf__inbox_status *status)
{
	int rc;
	struct hf__inbox *inbox = hf__container_get(s, change, status->user, &rc);
	if (!inbox)
		return rc;
	if (!hf__blob_new(status->status, &value.status))
		return HF_ENOMEM;
	value.extra = inbox->value.extra;
	if (!status->sets_extra || hf__blob_new(status->extra, &value.extra))
		return hf__change_set(change, &inbox->head.object, &value);
	hf__blob_free(value.status);
	return HF_ENOMEM;
}

static int apply_status(struct hf__inbox_state *s, struct hf__change *change,
                        const struct hf__entry *entry)
{
	struct hf__inbox_status status;
	if (!hf__inbox_get_status(entry->body, &status))
		return HF_ECORRUPT;
	const struct hf__inbox *inbox = hf__container_find(s, status.user);
	struct hf__inbox_value value = {.generated_at = inbox ? inbox->value.generated_at : HF_UNSET};
	value.version = value.status_version = entry->lsn;
	return set_value(s, change, value, &status);
}

static int apply_state(struct hf__inbox_state *s, struct hf__change *change,
                       const struct hf__entry *entry)
{
	struct hf__inbox_status status;
	struct hf__inbox_value value;
	if (!hf__inbox_get_state(entry->body, &value, &status) || value.status_version > entry->lsn ||
	    hf__container_find(s, status.user))
		return HF_ECORRUPT;
	value.version = entry->lsn;
	return set_value(s, change, value, &status);
}

/* --- Records ---------------------------------------------------------------------------------- */

static void set_image(struct hf__record_value *value, const struct hf__inbox_image *image,
                      uint64_t lsn)
{
	value->unread = image->unread;
	value->dismissed = image->dismissed;
	value->score = image->score;
	value->updated_at = image->updated_at;
	value->snapshot_at = image->snapshot_at;
	value->seen_at = image->seen_at;
	value->read_at = image->read_at;
	value->dismissed_at = image->dismissed_at;
	value->snoozed_until = image->snoozed_until;
	value->saved = image->saved ? image->saved : lsn;
}

/* Bytes that are in memory already stay where they are; what lies on disk moves to the newer
 * place. */
static int keep_payload(const struct hf__inbox_state *s, const struct hf__entry *entry,
                        const struct hf__kept *old, struct hf_bytes bytes, struct hf__kept *out)
{
	if (!hf__blob_refers(old->bytes) && !hf__payload_stands_elsewhere(entry, bytes) &&
	    hf__payload_equal(&s->env, old, bytes)) {
		*out = *old;
		return HF_OK;
	}
	return hf__payload_keep(&s->env, entry, bytes, out);
}

static int put_new(struct hf__inbox *inbox, struct hf__change *change,
                   const struct hf__entry *entry, const struct hf__inbox_item *item)
{
	struct hf__record *record = hf__record_new(inbox, item->account, item->thread);
	if (!record)
		return HF_ENOMEM;
	const int rc =
	    hf__payload_keep(&inbox->state->env, entry, item->payload, &record->value.payload);
	if (rc != HF_OK) {
		hf__small_free(record);
		return rc;
	}
	set_image(&record->value, &item->image, entry->lsn);
	return hf__change_add(change, &record->object);
}

static int put_over(struct hf__record *record, struct hf__change *change,
                    const struct hf__entry *entry, const struct hf__inbox_item *item)
{
	struct hf__record_value value = record->value;
	const int rc = keep_payload(hf__record_inbox(record)->state, entry, &record->value.payload,
	                            item->payload, &value.payload);
	if (rc != HF_OK)
		return rc;
	set_image(&value, &item->image, entry->lsn);
	return hf__change_set(change, &record->object, &value);
}

/* --- Tombstones ------------------------------------------------------------------------------- */

static void set_tomb(struct hf__tomb_value *value, const struct hf__inbox_item *item,
                     const struct hf__entry *entry)
{
	*value = item->tomb;
	value->until = hf__to_mono(item->tomb.until, entry->setback);
	value->version = entry->lsn;
}

/* A key that has no record, or none any more. */
static int bury(struct hf__inbox *inbox, struct hf__change *change, const struct hf__entry *entry,
                const struct hf__inbox_item *item)
{
	struct hf__tomb *tomb = hf__tomb_find(inbox, item->account, item->thread);
	if (!tomb) {
		tomb = hf__tomb_new(inbox, item->account, item->thread);
		if (!tomb)
			return HF_ENOMEM;
		set_tomb(&tomb->value, item, entry);
		return hf__change_add(change, &tomb->object);
	}
	struct hf__tomb_value value;
	set_tomb(&value, item, entry);
	return hf__change_set(change, &tomb->object, &value);
}

static int lift(struct hf__inbox *inbox, struct hf__change *change,
                const struct hf__inbox_item *item)
{
	struct hf__tomb *tomb = hf__tomb_find(inbox, item->account, item->thread);
	return tomb ? hf__change_remove(change, &tomb->object) : HF_OK;
}

/* --- CHANGE ----------------------------------------------------------------------------------- */

/* An entry was sequenced at the clock by which its decision judged what stands. */
static bool put_follows(const struct hf__inbox_change *head, const struct hf__record *record,
                        const struct hf__tomb *tomb, const struct hf__inbox_item *item,
                        const struct hf__entry *entry)
{
	if (item->image.saved >= entry->lsn)
		return false;
	if (head->cause == HF__INBOX_CAUSE_STATE)
		return !record && !tomb;
	if (tomb && hf__tomb_stands(tomb, hf__to_mono(entry->at, entry->setback)))
		return tomb->value.dismissed && item->image.dismissed;
	return !record || !record->value.dismissed || item->image.dismissed;
}

static bool burial_follows(const struct hf__inbox_change *head, const struct hf__record *record,
                           const struct hf__tomb *tomb, const struct hf__inbox_item *item)
{
	switch (head->cause) {
	case HF__INBOX_CAUSE_STATE:
		return !record && !tomb;
	case HF__INBOX_CAUSE_REPLACE: /* of what was dismissed only */
	case HF__INBOX_CAUSE_PRUNE:
	case HF__INBOX_CAUSE_TRIM:
		return record && record->value.dismissed && item->tomb.dismissed;
	case HF__INBOX_CAUSE_REMOVE:
		return record && !item->tomb.dismissed;
	default:
		return !record;
	}
}

static bool item_follows(const struct hf__inbox_change *head, const struct hf__inbox *inbox,
                         const struct hf__inbox_item *item, const struct hf__entry *entry)
{
	const struct hf__record *record = hf__record_find(inbox, item->account, item->thread);
	const struct hf__tomb *tomb = hf__tomb_find(inbox, item->account, item->thread);
	switch (item->what) {
	case HF__INBOX_REMOVED:
		return record;
	case HF__INBOX_PUT:
		return put_follows(head, record, tomb, item, entry);
	case HF__INBOX_BURIED:
		return burial_follows(head, record, tomb, item);
	case HF__INBOX_LIFTED:
		return tomb && (head->cause != HF__INBOX_CAUSE_EXPIRE ||
		                !hf__tomb_stands(tomb, hf__to_mono(entry->at, entry->setback)));
	case HF__INBOX_WHATS:
		break;
	}
	return false;
}

static bool change_follows(const struct hf__inbox_change *head, const struct hf__inbox *inbox,
                           const struct hf__entry *entry)
{
	struct hf__reader items = head->items;
	struct hf__inbox_item item;
	if (head->generated_at != HF_UNSET && inbox && inbox->value.generated_at >= head->generated_at)
		return false;
	if (head->cause == HF__INBOX_CAUSE_CLEAR && head->count == 0 &&
	    (!inbox || inbox->value.generated_at == HF_UNSET))
		return false;
	for (uint32_t i = 0; i < head->count; i++)
		if (!hf__inbox_get_item(&items, &item) || !item_follows(head, inbox, &item, entry))
			return false;
	return true;
}

static int apply_item(struct hf__inbox *inbox, struct hf__change *change,
                      const struct hf__entry *entry, const struct hf__inbox_item *item)
{
	struct hf__record *record = hf__record_find(inbox, item->account, item->thread);
	if (item->what == HF__INBOX_PUT && record)
		return put_over(record, change, entry, item);
	const bool leaves = item->what == HF__INBOX_REMOVED || item->what == HF__INBOX_BURIED;
	int rc = leaves && record ? hf__change_remove(change, &record->object) : HF_OK;
	if (rc != HF_OK || item->what == HF__INBOX_REMOVED)
		return rc;
	if (item->what == HF__INBOX_BURIED)
		return bury(inbox, change, entry, item);
	rc = lift(inbox, change, item);
	return rc == HF_OK && item->what == HF__INBOX_PUT ? put_new(inbox, change, entry, item) : rc;
}

static int apply_change(struct hf__inbox_state *s, struct hf__change *change,
                        const struct hf__entry *entry)
{
	struct hf__inbox_change head;
	struct hf__inbox_item item;
	if (!hf__inbox_get_change(entry->body, &head))
		return HF_ECORRUPT;
	struct hf__inbox *inbox = hf__container_find(s, head.user);
	if (!change_follows(&head, inbox, entry))
		return HF_ECORRUPT;
	int rc;
	inbox = hf__container_get(s, change, head.user, &rc);
	if (rc == HF_OK && head.generated_at != HF_UNSET)
		rc = move_generated_at(inbox, change, head.generated_at, entry->lsn);
	if (rc == HF_OK && head.cause == HF__INBOX_CAUSE_CLEAR)
		rc = drop_generated_at(inbox, change, entry->lsn);
	for (uint32_t i = 0; i < head.count && rc == HF_OK; i++)
		rc = hf__inbox_get_item(&head.items, &item) ? apply_item(inbox, change, entry, &item)
		                                            : HF_ECORRUPT;
	return rc;
}

/* --- The one way in --------------------------------------------------------------------------- */

int hf__inbox_apply(void *state, struct hf__change *change, const struct hf__entry *entry)
{
	if (entry->lsn == 0)
		return HF_ECORRUPT;
	switch (entry->kind) {
	case HF__INBOX_CHANGE:
		return apply_change(state, change, entry);
	case HF__INBOX_MARK:
		return hf__inbox_apply_mark(state, change, entry);
	case HF__INBOX_ALL:
		return hf__inbox_apply_all(state, change, entry);
	case HF__INBOX_STATUS:
		return apply_status(state, change, entry);
	case HF__INBOX_STATE:
		return apply_state(state, change, entry);
	default:
		return HF_ECORRUPT;
	}
}
