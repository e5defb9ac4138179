/* What entries of the outbox domain are about, for feeds and subscriptions. An entry about one item
 * names it; one about a queue names that, and which items it concerns can be asked. */
#include "domains/outbox/entry.h"
#include "log/entry.h"

static const char *operation_of(uint8_t kind, enum hf__outbox_cause cause)
{
	static const char *const operations[HF__OUTBOX_CAUSES] = {
	    "state",    "enqueue",   "enqueue",     "put",    "claim",     "extend",
	    "release",  "fail",      "mark_failed", "retry",  "complete",  "remove",
	    "complete", "configure", "pause",       "resume", "reschedule"};
	switch (kind) {
	case HF__OUTBOX_ENDED:
	case HF__OUTBOX_FADED:
		return "end";
	case HF__OUTBOX_SETTINGS:
		return cause == HF__OUTBOX_STATE ? "configure" : operations[cause];
	case HF__OUTBOX_CLEARED:
		return "clear";
	case HF__OUTBOX_NOTED:
		return "enqueue";
	case HF__OUTBOX_REDRIVEN:
		return "redrive";
	case HF__OUTBOX_PRUNED:
		return "prune";
	case HF__OUTBOX_DONE:
		return "put_completed";
	case HF__OUTBOX_DROPPED:
		return "drop";
	default:
		return operations[cause];
	}
}

bool hf__outbox_about(const struct hf__entry *entry, struct hf__about *out)
{
	struct hf__outbox_image image;
	*out = (struct hf__about){0};
	if (hf__outbox_decode(entry->kind, entry->lsn, entry->body, &image) != HF_OK)
		return false;
	out->operation = operation_of(entry->kind, image.cause);
	out->key[0] = image.queue;
	out->key[1] = image.id;
	out->parts = image.id.len > 0 ? 2 : 1;
	/* A completed id is what is left of an item that is gone. */
	out->removed = entry->kind == HF__OUTBOX_GONE || entry->kind == HF__OUTBOX_CLEARED ||
	               entry->kind == HF__OUTBOX_DONE || entry->kind == HF__OUTBOX_FADED ||
	               entry->kind == HF__OUTBOX_PRUNED;
	out->many = entry->kind == HF__OUTBOX_CLEARED || entry->kind == HF__OUTBOX_REDRIVEN ||
	            entry->kind == HF__OUTBOX_DROPPED || entry->kind == HF__OUTBOX_PRUNED;
	if (image.cause == HF__OUTBOX_FAIL || image.cause == HF__OUTBOX_MARK_FAILED)
		out->reason = image.last_error;
	return true;
}

/* The queue is right already. */
bool hf__outbox_concerns(const struct hf__entry *entry, const struct hf_bytes *key, unsigned parts)
{
	struct hf__outbox_image image;
	if ((entry->kind != HF__OUTBOX_REDRIVEN && entry->kind != HF__OUTBOX_PRUNED) || parts < 2)
		return true;
	if (hf__outbox_decode(entry->kind, entry->lsn, entry->body, &image) != HF_OK)
		return false;
	struct hf__reader ids = hf__reader(image.ids);
	for (uint32_t i = 0; i < image.count; i++)
		if (hf__bytes_equal(hf__get_short(&ids), key[1]))
			return true;
	return false;
}
