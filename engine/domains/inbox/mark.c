/* Marks become state: those of one record, and those of all records up to an LSN.
 *
 * A mark of all is O(log n) bytes of log and O(changed * log n) work: the records it changes are
 * found by the tag of their class and the LSN of their last save, both kept in the order by key.
 * Happy path and failure modes are those of inbox/apply.c, but that the count is compared when
 * all is done: a wrong one is HF_ECORRUPT and undone by the change's owner. */
#include "domains/inbox/inbox.h"

/* --- MARK ------------------------------------------------------------------------------------- */

/* A mark moves one flag and its time, or one time, and leaves the others. */
static bool mark_follows(enum hf__inbox_mark mark, const struct hf__record_value *old,
                         const struct hf__inbox_image *image)
{
	const bool dismissal = mark == HF__INBOX_MARK_DISMISS || mark == HF__INBOX_MARK_UNDISMISS;
	const bool reading = mark == HF__INBOX_MARK_READ || mark == HF__INBOX_MARK_UNREAD;
	if (!hf__inbox_mark_changes(mark, old->unread, old->dismissed, old->seen_at))
		return false;
	if (mark == HF__INBOX_MARK_SNOOZE && old->snoozed_until == image->snoozed_until)
		return false;
	if (!dismissal &&
	    (old->dismissed != image->dismissed || old->dismissed_at != image->dismissed_at))
		return false;
	if (!reading && (old->unread != image->unread || old->read_at != image->read_at))
		return false;
	return mark == HF__INBOX_MARK_SEEN || old->seen_at == image->seen_at;
}

int hf__inbox_apply_mark(struct hf__inbox_state *s, struct hf__change *change,
                         const struct hf__entry *entry)
{
	enum hf__inbox_mark mark;
	struct hf__inbox_key key;
	struct hf__inbox_image image;
	if (!hf__inbox_get_mark(entry->body, &mark, &key, &image))
		return HF_ECORRUPT;
	struct hf__record *record =
	    hf__record_find(hf__container_find(s, key.user), key.account, key.thread);
	if (!record || !mark_follows(mark, &record->value, &image))
		return HF_ECORRUPT;
	struct hf__record_value value = record->value;
	value.unread = image.unread;
	value.dismissed = image.dismissed;
	value.seen_at = image.seen_at;
	value.read_at = image.read_at;
	value.dismissed_at = image.dismissed_at;
	if (mark == HF__INBOX_MARK_SNOOZE)
		value.snoozed_until = image.snoozed_until;
	return hf__change_set(change, &record->object, &value);
}

/* --- ALL -------------------------------------------------------------------------------------- */

struct hf__inbox_bound hf__inbox_all_range(const struct hf__inbox_all *all)
{
	return (struct hf__inbox_bound){
	    .view = HF__INBOX_BY_KEY,
	    .fields = all->account.len > 0,
	    .at.account = all->account,
	    .tags = all->mark == HF__INBOX_MARK_READ ? HF__INBOX_UNREAD : HF__INBOX_NOT_DISMISSED,
	    .bounded = true,
	    .most = (int64_t)all->up_to,
	};
}

static int mark_one(struct hf__record *record, struct hf__change *change,
                    const struct hf__inbox_all *all)
{
	struct hf__record_value value = record->value;
	if (all->mark == HF__INBOX_MARK_READ) {
		value.unread = false;
		value.read_at = all->at;
	} else {
		value.dismissed = true;
		value.dismissed_at = all->at;
	}
	return hf__change_set(change, &record->object, &value);
}

int hf__inbox_apply_all(struct hf__inbox_state *s, struct hf__change *change,
                        const struct hf__entry *entry)
{
	struct hf__inbox_all all;
	if (!hf__inbox_get_all(entry->body, &all) || all.up_to >= entry->lsn)
		return HF_ECORRUPT;
	const struct hf__inbox *inbox = hf__container_find(s, all.user);
	if (!inbox)
		return HF_ECORRUPT;
	const struct hf__inbox_bound range = hf__inbox_all_range(&all);
	uint32_t count = 0;
	/* A record that was marked has left the range but not its place in the order by key, so the
	 * walk goes on from it. */
	const struct hf__index *order = &inbox->views[range.view];
	for (struct hf__index_at at = hf__records_first(inbox, &range, NULL); at.leaf;
	     at = hf__records_next(inbox, &range, at)) {
		struct hf__record *record = hf__index_object(at);
		const int rc = count++ < all.count ? mark_one(record, change, &all) : HF_ECORRUPT;
		if (rc != HF_OK)
			return rc;
		at = hf__index_find(order, record);
	}
	return count == all.count ? HF_OK : HF_ECORRUPT;
}
