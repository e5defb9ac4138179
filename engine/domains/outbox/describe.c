/* Outbox entries in words: "claim jobs/42 by w1 lease 30.000000s". Leases and delays are shown
 * relative to the entry's own time. */
#include "domains/outbox/entry.h"
#include "log/entry.h"

static const char *const cause_names[HF__OUTBOX_CAUSES] = {
    "state",   "enqueue",   "replace",     "put",    "claim",     "extend",
    "release", "fail",      "mark-failed", "retry",  "complete",  "remove",
    "rerun",   "configure", "pause",       "resume", "reschedule"};
static const char *const status_names[] = {"?", "queued", "sending", "failed"};

/* Plain names stay plain; whatever could be taken for something else is quoted. */
static void add_name(struct hf__text *out, struct hf_bytes name)
{
	const uint8_t *at = name.data;
	bool plain = name.len <= 60;
	for (size_t i = 0; i < name.len && plain; i++)
		plain = at[i] > ' ' && at[i] < 0x7f && at[i] != '"' && at[i] != '\\' && at[i] != '/';
	if (plain)
		hf__text_add(out, "%.*s", (int)name.len, (const char *)name.data);
	else
		hf__text_add_quoted(out, name);
}

static void add_key(struct hf__text *out, const struct hf__outbox_image *image)
{
	add_name(out, image->queue);
	hf__text_add(out, "/");
	add_name(out, image->id);
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
		add_name(out, image->owner);
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
	             image->cause == HF__OUTBOX_STATE ? "configure" : cause_names[image->cause]);
	add_name(out, image->queue);
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
static void add_ids(struct hf__text *out, const struct hf__outbox_image *image, const char *word)
{
	struct hf__reader ids = hf__reader(image->ids);
	hf__text_add(out, "%s ", word);
	add_name(out, image->queue);
	hf__text_add(out, " %lu items:", (unsigned long)image->count);
	for (uint32_t i = 0; i < image->count && out->len + 1 < out->cap; i++) {
		hf__text_add(out, " ");
		add_name(out, hf__get_short(&ids));
	}
}

static void describe_item_other(const struct hf__entry *entry, const struct hf__outbox_image *image,
                                struct hf__text *out)
{
	static const char *const words[] = {[HF__OUTBOX_ENDED] = "claim over ",
	                                    [HF__OUTBOX_NOTED] = "note rerun ",
	                                    [HF__OUTBOX_DONE] = "completed ",
	                                    [HF__OUTBOX_FADED] = "blocks no more "};
	hf__text_add(out, "%s", words[entry->kind]);
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
	switch (entry->kind) {
	case HF__OUTBOX_SETTINGS:
		add_settings(out, image);
		break;
	case HF__OUTBOX_CLEARED:
		hf__text_add(out, "clear ");
		add_name(out, image->queue);
		break;
	case HF__OUTBOX_REDRIVEN:
		add_ids(out, image, "redrive");
		break;
	case HF__OUTBOX_PRUNED:
		add_ids(out, image, "prune");
		break;
	case HF__OUTBOX_DROPPED:
		hf__text_add(out, "drop ");
		add_name(out, image->queue);
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
	hf__text_add(out, "%s ", cause_names[image.cause]);
	add_key(out, &image);
	if (entry->kind == HF__OUTBOX_ITEM)
		hf__text_add(out, " %zu bytes", image.payload.len);
	if (image.group.len > 0) {
		hf__text_add(out, " group ");
		add_name(out, image.group);
	}
	if (entry->kind != HF__OUTBOX_GONE)
		add_fields(out, &image, entry->at);
	if (image.noted)
		hf__text_add(out, " rerun noted, %zu bytes", image.rerun_payload.len);
	if (image.until != HF_UNSET)
		add_span(out, "blocks", entry->at, image.until);
}
