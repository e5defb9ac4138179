/* Document entries in words, "put jobs/42 in open 120 bytes", and what they are about. */
#include "domains/document/document.h"

static const char *const cause_names[HF__DOCUMENT_CAUSES] = {"state",  "put",    "put",  "regroup",
                                                             "remove", "expire", "clear"};

static void add_group(struct hf__text *out, struct hf_bytes group)
{
	hf__text_add(out, " in ");
	hf__text_add_name(out, group);
}

/* Relative to the entry's own time. */
static void add_expiry(struct hf__text *out, int64_t at, int64_t expires_at)
{
	const uint64_t us = expires_at > at ? (uint64_t)expires_at - (uint64_t)at : 0;
	if (expires_at != HF_UNSET)
		hf__text_add(out, " for %llu.%06us", (unsigned long long)(us / 1000000u),
		             (unsigned)(us % 1000000u));
}

void hf__document_describe(const struct hf__entry *entry, struct hf__text *out)
{
	struct hf__document_image image;
	if (!hf__document_decode(entry->kind, entry->body, &image)) {
		hf__text_add(out, "damaged entry of kind %u, %zu bytes", entry->kind, entry->body.len);
		return;
	}
	hf__text_add(out, "%s ", cause_names[image.cause]);
	hf__text_add_name(out, image.collection);
	if (entry->kind == HF__DOCUMENT_CLEARED)
		return;
	hf__text_add(out, "/");
	hf__text_add_name(out, image.id);
	if (image.group.len > 0 || entry->kind == HF__DOCUMENT_REGROUPED)
		add_group(out, image.group);
	if (entry->kind != HF__DOCUMENT_WHOLE)
		return;
	hf__text_add(out, " %zu bytes", image.payload.len);
	add_expiry(out, entry->at, image.expires_at);
}

bool hf__document_about(const struct hf__entry *entry, struct hf__about *out)
{
	struct hf__document_image image;
	*out = (struct hf__about){0};
	if (!hf__document_decode(entry->kind, entry->body, &image))
		return false;
	out->operation = cause_names[image.cause];
	out->key[0] = image.collection;
	out->key[1] = image.id;
	out->many = entry->kind == HF__DOCUMENT_CLEARED;
	out->parts = out->many ? 1 : 2;
	out->removed = out->many || entry->kind == HF__DOCUMENT_GONE;
	return true;
}
