/* Outbox entries in words: "claim jobs/42 by w1 lease 30.000000s". Leases and delays are shown
 * relative to the entry's own time. And what they are about, for feeds and subscriptions: an entry
 * about one item names it; one about a queue names that, and which items it concerns can be
 * asked. */
#include "domains/outbox/entry.h"
#include "log/entry.h"

/* Of each kind: what it is called as an operation (NULL: as its cause), how a description of one
 * that has no cause begins, whether what it names is gone, and whether that is several items. A
 * completed id is what is left of an item that is gone. */
static const struct {
	const char *operation, *word;
	bool removed, many;
} kinds[] = {
    [HF__OUTBOX_GONE] = {.removed = true},
    [HF__OUTBOX_ENDED] = {"end", "claim over ", false, false},
    [HF__OUTBOX_CLEARED] = {"clear", "clear ", true, true},
    [HF__OUTBOX_NOTED] = {"enqueue", "note rerun ", false, false},
    [HF__OUTBOX_REDRIVEN] = {"redrive", "redrive ", false, true},
    [HF__OUTBOX_DONE] = {"put_completed", "completed ", true, false},
    [HF__OUTBOX_FADED] = {"end", "blocks no more ", true, false},
    [HF__OUTBOX_DROPPED] = {"drop", "drop ", false, true},
    [HF__OUTBOX_PRUNED] = {"prune", "prune ", true, true},
};
static const char *const status_names[] = {"?", "queued", "sending", "failed"};

static void add_key(struct hf__text *out, const struct hf__outbox_image *image)
{
	hf__text_add_name(out, image->queue);
	hf__text_add(out, "/");
	hf__text_add_name(out, image->id);
}

/* Trailing zeros of the fraction are left out. Times far apart are shown as zero rather than
 * overflowing. */
static void add_span(struct hf__text *out, const char *word, int64_t from, int64_t to)
{
	const uint64_t us = to > from ? (uint64_t)to - (uint64_t)from : 0;
	unsigned fraction = (unsigned)(us % 1000000u), digits = 6;
	for (; digits > 0 && fraction % 10 == 0; digits--)
		fraction /= 10;
	hf__text_add(out, " %s %llu", word, (unsigned long long)(us / 1000000u));
	if (digits > 0)
		hf__text_add(out, ".%0*u", (int)digits, fraction);
	hf__text_add(out, "s");
}

static void add_fields(struct hf__text *out, const struct hf__outbox_image *image, int64_t at)
{
	if (image->status == HF_OUTBOX_SENDING) {
		hf__text_add(out, " by ");
		hf__text_add_name(out, image->owner);
		if (image->lease_until == HF_UNSET)
			hf__text_add(out, " without lease");
		else
			add_span(out, "lease", at, image->lease_until);
		return;
	}
	hf__text_add(out, " %s", status_names[image->status]);
	if (image->status == HF_OUTBOX_QUEUED && image->available_at > at)
		add_span(out, "in", at, image->available_at);
	if (image->attempts > 0)
		hf__text_add(out, " attempts %lu", (unsigned long)image->attempts);
	if (image->lost > 0)
		hf__text_add(out, " lost %lu", (unsigned long)image->lost);
	if (image->last_error.len > 0) {
		hf__text_add(out, " error ");
		hf__text_add_quoted(out, image->last_error);
	}
}

static void add_settings(struct hf__text *out, const struct hf__outbox_image *image)
{
	hf__text_add(out, "%s ",
	             image->cause == HF__OUTBOX_STATE ? "configure"
	                                              : hf__outbox_causes[image->cause].word);
	hf__text_add_name(out, image->queue);
	if (image->cause == HF__OUTBOX_PAUSE || image->cause == HF__OUTBOX_RESUME)
		return;
	hf__text_add(out, " max_attempts %lu", (unsigned long)image->max_attempts);
	if (image->max_lost == HF_NEVER)
		hf__text_add(out, " max_lost never");
	else
		hf__text_add(out, " max_lost %lu", (unsigned long)image->max_lost);
	if (image->dedup_window > 0) {
		add_span(out, "dedup_window", 0, image->dedup_window);
		hf__text_add(out, " dedup_max %lu", (unsigned long)image->dedup_max);
	}
	if (image->paused)
		hf__text_add(out, " paused");
}

/* The ids as far as they fit. */
static void add_ids(struct hf__text *out, const struct hf__outbox_image *image)
{
	struct hf__reader ids = hf__reader(image->ids);
	hf__text_add_name(out, image->queue);
	hf__text_add(out, " %lu items:", (unsigned long)image->count);
	for (uint32_t i = 0; i < image->count && out->len + 1 < out->cap; i++) {
		hf__text_add(out, " ");
		hf__text_add_name(out, hf__get_short(&ids));
	}
}

static void describe_item_other(const struct hf__entry *entry, const struct hf__outbox_image *image,
                                struct hf__text *out)
{
	add_key(out, image);
	if (entry->kind == HF__OUTBOX_ENDED)
		add_fields(out, image, entry->at);
	if (entry->kind == HF__OUTBOX_NOTED)
		hf__text_add(out, " %zu bytes", image->payload.len);
	if (entry->kind == HF__OUTBOX_DONE)
		add_span(out, "blocks", entry->at, image->until);
}

/* Kinds that have no cause, or are about a queue. */
static void describe_other(const struct hf__entry *entry, const struct hf__outbox_image *image,
                           struct hf__text *out)
{
	if (entry->kind == HF__OUTBOX_SETTINGS) {
		add_settings(out, image);
		return;
	}
	hf__text_add(out, "%s", kinds[entry->kind].word);
	switch (entry->kind) {
	case HF__OUTBOX_CLEARED:
		hf__text_add_name(out, image->queue);
		break;
	case HF__OUTBOX_REDRIVEN:
	case HF__OUTBOX_PRUNED:
		add_ids(out, image);
		break;
	case HF__OUTBOX_DROPPED:
		hf__text_add_name(out, image->queue);
		hf__text_add(out, " %llu completed ids", (unsigned long long)image->dropped);
		break;
	default:
		describe_item_other(entry, image, out);
		break;
	}
}

void hf__outbox_describe(const struct hf__entry *entry, struct hf__text *out)
{
	struct hf__outbox_image image;
	const int rc = hf__outbox_decode(entry->kind, entry->lsn, entry->body, &image);
	if (rc != HF_OK) {
		hf__text_add(out, "%s entry of kind %u, %zu bytes", rc == HF_EVERSION ? "newer" : "damaged",
		             entry->kind, entry->body.len);
		return;
	}
	if (entry->kind != HF__OUTBOX_ITEM && entry->kind != HF__OUTBOX_CHANGED &&
	    entry->kind != HF__OUTBOX_GONE) {
		describe_other(entry, &image, out);
		return;
	}
	hf__text_add(out, "%s ", hf__outbox_causes[image.cause].word);
	add_key(out, &image);
	if (entry->kind == HF__OUTBOX_ITEM)
		hf__text_add(out, " %zu bytes", image.payload.len);
	if (image.group.len > 0) {
		hf__text_add(out, " group ");
		hf__text_add_name(out, image.group);
	}
	if (entry->kind != HF__OUTBOX_GONE)
		add_fields(out, &image, entry->at);
	if (image.noted)
		hf__text_add(out, " rerun noted, %zu bytes", image.rerun_payload.len);
	if (image.until != HF_UNSET)
		add_span(out, "blocks", entry->at, image.until);
}

/* --- What it is about ------------------------------------------------------------------------- */

static const char *operation_of(uint8_t kind, enum hf__outbox_cause cause)
{
	if (kinds[kind].operation)
		return kinds[kind].operation;
	if (kind == HF__OUTBOX_SETTINGS && cause == HF__OUTBOX_STATE)
		cause = HF__OUTBOX_CONFIGURE;
	const struct hf__outbox_cause_row *row = &hf__outbox_causes[cause];
	return row->operation ? row->operation : row->word;
}

bool hf__outbox_about(const struct hf__entry *entry, struct hf__about *out)
{
	struct hf__outbox_image image;
	*out = (struct hf__about){0};
	if (hf__outbox_decode(entry->kind, entry->lsn, entry->body, &image) != HF_OK)
		return false;
	*out = (struct hf__about){
	    .operation = operation_of(entry->kind, image.cause),
	    .key = {image.queue, image.id},
	    .parts = image.id.len > 0 ? 2 : 1,
	    .removed = kinds[entry->kind].removed,
	    .many = kinds[entry->kind].many,
	};
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
