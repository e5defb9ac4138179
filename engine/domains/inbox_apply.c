/* Entries become state: the same code for a live commit, replay of the log and a snapshot.
 *
 * Happy path: decode, compare with the state (no mutation would have written what does not follow from it), then change. Failure modes:
 * what does not follow is HF_ECORRUPT, found before anything is touched; no memory leaves what was done so far to the change's owner, who
 * undoes it. I-INBOX-2: an object's version is the LSN of the entry that last changed its value. I-INBOX-3: no save un-dismisses. */
#include "domains/inbox_state.h"

/* --- The inbox itself ------------------------------------------------------------------------------------------------------- */

static int add_inbox(struct hf__inbox_state *s, struct hf__change *change, struct hf_bytes user, struct hf__inbox **out)
{
	*out = hf__inbox_find(s, user);
	if (*out)
		return HF_OK;
	*out = hf__inbox_new(s, user);
	return *out ? hf__change_add(change, &(*out)->object) : HF_ENOMEM;
}

static int move_generated_at(struct hf__inbox *inbox, struct hf__change *change, int64_t generated_at, uint64_t lsn)
{
	const int rc = hf__before_change(change, &inbox->object);
	if (rc != HF_OK)
		return rc;
	inbox->value.generated_at = generated_at;
	inbox->value.version = lsn;
	hf__after_change(change, &inbox->object);
	return HF_OK;
}

/* Puts the whole value; *value has no status yet. */
static int set_value(struct hf__inbox_state *s, struct hf__change *change, struct hf_bytes user, struct hf__inbox_value value,
                     struct hf_bytes status)
{
	struct hf__inbox *inbox;
	int rc = add_inbox(s, change, user, &inbox);
	if (rc != HF_OK)
		return rc;
	if (!hf__blob_new(status, &value.status))
		return HF_ENOMEM;
	rc = hf__before_change(change, &inbox->object);
	if (rc != HF_OK) {
		hf__free(value.status);
		return rc;
	}
	inbox->value = value;
	hf__after_change(change, &inbox->object);
	return HF_OK;
}

static int apply_status(struct hf__inbox_state *s, struct hf__change *change, const struct hf__entry *entry)
{
	struct hf_bytes user, status;
	if (!hf__inbox_get_status(entry->body, &user, &status))
		return HF_ECORRUPT;
	const struct hf__inbox *inbox = hf__inbox_find(s, user);
	struct hf__inbox_value value = {.generated_at = inbox ? inbox->value.generated_at : HF_UNSET};
	value.version = value.status_version = entry->lsn;
	return set_value(s, change, user, value, status);
}

static int apply_state(struct hf__inbox_state *s, struct hf__change *change, const struct hf__entry *entry)
{
	struct hf_bytes user, status;
	struct hf__inbox_value value;
	if (!hf__inbox_get_state(entry->body, &user, &value, &status) || value.status_version > entry->lsn || hf__inbox_find(s, user))
		return HF_ECORRUPT;
	value.version = entry->lsn;
	return set_value(s, change, user, value, status);
}

/* --- Records ---------------------------------------------------------------------------------------------------------------- */

static void set_image(struct hf__record_value *value, const struct hf__inbox_image *image)
{
	value->unread = image->unread;
	value->dismissed = image->dismissed;
	value->score = image->score;
	value->updated_at = image->updated_at;
	value->snapshot_at = image->snapshot_at;
	value->seen_at = image->seen_at;
	value->read_at = image->read_at;
	value->dismissed_at = image->dismissed_at;
}

/* Bytes that are in memory already stay where they are; what lies on disk moves to the newer place. */
static int keep_payload(const struct hf__inbox_state *s, const struct hf__entry *entry, const struct hf__payload *old,
                        struct hf_bytes bytes, struct hf__payload *out)
{
	if (old->bytes && hf__payload_equal(old, bytes)) {
		*out = *old;
		return HF_OK;
	}
	return hf__payload_keep(&s->env, entry, bytes, out);
}

static int put_new(struct hf__inbox *inbox, struct hf__change *change, const struct hf__entry *entry, const struct hf__inbox_item *item)
{
	struct hf__record *record = hf__record_new(inbox, item->account, item->thread);
	if (!record)
		return HF_ENOMEM;
	const int rc = hf__payload_keep(&inbox->state->env, entry, item->payload, &record->value.payload);
	if (rc != HF_OK) {
		hf__free(record);
		return rc;
	}
	set_image(&record->value, &item->image);
	record->value.version = entry->lsn;
	return hf__change_add(change, &record->object);
}

static int put_over(struct hf__record *record, struct hf__change *change, const struct hf__entry *entry, const struct hf__inbox_item *item)
{
	struct hf__payload payload;
	int rc = keep_payload(hf__record_inbox(record)->state, entry, &record->value.payload, item->payload, &payload);
	if (rc != HF_OK)
		return rc;
	rc = hf__before_change(change, &record->object);
	if (rc != HF_OK) {
		if (payload.bytes != record->value.payload.bytes)
			hf__free(payload.bytes);
		return rc;
	}
	record->value.payload = payload;
	set_image(&record->value, &item->image);
	record->value.version = entry->lsn;
	hf__after_change(change, &record->object);
	return HF_OK;
}

/* --- CHANGE ----------------------------------------------------------------------------------------------------------------- */

static bool item_follows(const struct hf__inbox_change *head, const struct hf__inbox *inbox, const struct hf__inbox_item *item)
{
	const struct hf__record *record = hf__record_find(inbox, item->account, item->thread);
	if (!item->put)
		return record;
	if (head->cause == HF__INBOX_CAUSE_STATE)
		return !record;
	return !record || !record->value.dismissed || item->image.dismissed;
}

static bool change_follows(const struct hf__inbox_change *head, const struct hf__inbox *inbox)
{
	struct hf__reader items = head->items;
	struct hf__inbox_item item;
	if (head->generated_at != HF_UNSET && inbox && inbox->value.generated_at >= head->generated_at)
		return false;
	for (uint32_t i = 0; i < head->count; i++)
		if (!hf__inbox_get_item(&items, &item) || !item_follows(head, inbox, &item))
			return false;
	return true;
}

static int apply_item(struct hf__inbox *inbox, struct hf__change *change, const struct hf__entry *entry, const struct hf__inbox_item *item)
{
	struct hf__record *record = hf__record_find(inbox, item->account, item->thread);
	if (item->put)
		return record ? put_over(record, change, entry, item) : put_new(inbox, change, entry, item);
	return record ? hf__change_remove(change, &record->object) : HF_ECORRUPT;
}

static int apply_change(struct hf__inbox_state *s, struct hf__change *change, const struct hf__entry *entry)
{
	struct hf__inbox_change head;
	struct hf__inbox_item item;
	if (!hf__inbox_get_change(entry->body, &head))
		return HF_ECORRUPT;
	struct hf__inbox *inbox = hf__inbox_find(s, head.user);
	if (!change_follows(&head, inbox))
		return HF_ECORRUPT;
	int rc = add_inbox(s, change, head.user, &inbox);
	if (rc == HF_OK && head.generated_at != HF_UNSET)
		rc = move_generated_at(inbox, change, head.generated_at, entry->lsn);
	for (uint32_t i = 0; i < head.count && rc == HF_OK; i++)
		rc = hf__inbox_get_item(&head.items, &item) ? apply_item(inbox, change, entry, &item) : HF_ECORRUPT;
	return rc;
}

/* --- MARK ------------------------------------------------------------------------------------------------------------------- */

/* A mark moves one flag and its time and leaves the others. */
static bool mark_follows(enum hf__inbox_mark mark, const struct hf__record_value *old, const struct hf__inbox_image *image)
{
	const bool dismissal = mark == HF__INBOX_MARK_DISMISS || mark == HF__INBOX_MARK_UNDISMISS;
	const bool reading = mark == HF__INBOX_MARK_READ || mark == HF__INBOX_MARK_UNREAD;
	if (!hf__inbox_mark_changes(mark, old->unread, old->dismissed, old->seen_at))
		return false;
	if (!dismissal && (old->dismissed != image->dismissed || old->dismissed_at != image->dismissed_at))
		return false;
	if (!reading && (old->unread != image->unread || old->read_at != image->read_at))
		return false;
	return mark == HF__INBOX_MARK_SEEN || old->seen_at == image->seen_at;
}

static int apply_mark(struct hf__inbox_state *s, struct hf__change *change, const struct hf__entry *entry)
{
	enum hf__inbox_mark mark;
	struct hf__inbox_key key;
	struct hf__inbox_image image;
	if (!hf__inbox_get_mark(entry->body, &mark, &key, &image))
		return HF_ECORRUPT;
	struct hf__record *record = hf__record_find(hf__inbox_find(s, key.user), key.account, key.thread);
	if (!record || !mark_follows(mark, &record->value, &image))
		return HF_ECORRUPT;
	const int rc = hf__before_change(change, &record->object);
	if (rc != HF_OK)
		return rc;
	record->value.unread = image.unread;
	record->value.dismissed = image.dismissed;
	record->value.seen_at = image.seen_at;
	record->value.read_at = image.read_at;
	record->value.dismissed_at = image.dismissed_at;
	record->value.version = entry->lsn;
	hf__after_change(change, &record->object);
	return HF_OK;
}

int hf__inbox_apply(void *state, struct hf__change *change, const struct hf__entry *entry)
{
	if (entry->lsn == 0)
		return HF_ECORRUPT;
	switch (entry->kind) {
	case HF__INBOX_CHANGE:
		return apply_change(state, change, entry);
	case HF__INBOX_MARK:
		return apply_mark(state, change, entry);
	case HF__INBOX_STATUS:
		return apply_status(state, change, entry);
	case HF__INBOX_STATE:
		return apply_state(state, change, entry);
	default:
		return HF_ECORRUPT;
	}
}
