/* What the timeline domain writes into the log: engine/log/FORMAT.md has the layout.
 *
 * EVENT carries an event whole. CUT says which events go without naming them: all up to and with
 * one of them, and how many that are. A timeline's past goes from its old end only, so that is
 * enough, and an entry that removes a million events is as short as one that removes one.
 *
 * Decoding accepts exactly what the mutations can write: a body that passes its checksum and
 * still breaks a rule is damage. */
#include "domains/common/domains.h"
#include "domains/timeline/timeline.h"

#define BODY_VERSION 1u

const struct hf__kind hf__timeline_kinds[] = {
    {HF__TIMELINE_EVENT, BODY_VERSION, HF__TIMELINE_CLEAR + 1, HF__CAUSE_BEHIND_VERSION, 0},
    {HF__TIMELINE_CUT, BODY_VERSION, HF__TIMELINE_CLEAR + 1, HF__CAUSE_BEHIND_VERSION, 0},
    {0, 0, 0, 0, 0},
};

/* --- Form ------------------------------------------------------------------------------------- */

bool hf__timeline_part_ok(const char *name, struct hf_bytes part, bool may_be_empty,
                          struct hf__text *why)
{
	return hf__check_part(name, part, may_be_empty, why) == HF_OK;
}

static bool event_ok(const struct hf__timeline_event_image *image)
{
	const struct hf__timeline_position *at = &image->at;
	return hf__key_part_ok(image->timeline, false) && hf__key_part_ok(at->id, false) &&
	       hf__key_part_ok(at->type, false) && hf__key_part_ok(at->subject, true) &&
	       at->happened_at != HF_UNSET && image->payload.len <= HF_PAYLOAD_MAX;
}

/* --- Bytes ------------------------------------------------------------------------------------ */

void hf__timeline_put_event(struct hf__writer *w, const struct hf__timeline_event_image *image)
{
	hf__put_u8(w, BODY_VERSION);
	hf__put_u8(w, (uint8_t)image->cause);
	hf__put_short(w, image->timeline);
	hf__put_short(w, image->at.id);
	hf__put_short(w, image->at.type);
	hf__put_short(w, image->at.subject);
	hf__put_i64(w, image->at.happened_at);
}

bool hf__timeline_get_event(struct hf_bytes body, struct hf__timeline_event_image *image)
{
	struct hf__reader r = hf__reader(body);
	const uint8_t version = hf__get_u8(&r);
	const uint8_t cause = hf__get_u8(&r);
	image->timeline = hf__get_short(&r);
	image->at.id = hf__get_short(&r);
	image->at.type = hf__get_short(&r);
	image->at.subject = hf__get_short(&r);
	image->at.happened_at = hf__get_i64(&r);
	image->payload = hf__get_payload(&r);
	if (!hf__reader_done(&r) || version != BODY_VERSION || cause > HF__TIMELINE_APPEND ||
	    !event_ok(image))
		return false;
	image->cause = (enum hf__timeline_cause)cause;
	return true;
}

void hf__timeline_put_cut(struct hf__writer *w, const struct hf__timeline_cut *cut)
{
	hf__put_u8(w, BODY_VERSION);
	hf__put_u8(w, (uint8_t)cut->cause);
	hf__put_short(w, cut->timeline);
	hf__put_u64(w, cut->count);
	hf__put_i64(w, cut->happened_at);
	hf__put_short(w, cut->id);
}

bool hf__timeline_get_cut(struct hf_bytes body, struct hf__timeline_cut *cut)
{
	struct hf__reader r = hf__reader(body);
	const uint8_t version = hf__get_u8(&r);
	const uint8_t cause = hf__get_u8(&r);
	cut->timeline = hf__get_short(&r);
	cut->count = hf__get_u64(&r);
	cut->happened_at = hf__get_i64(&r);
	cut->id = hf__get_short(&r);
	if (!hf__reader_done(&r) || version != BODY_VERSION ||
	    (cause != HF__TIMELINE_RETAIN && cause != HF__TIMELINE_CLEAR))
		return false;
	cut->cause = (enum hf__timeline_cause)cause;
	return cut->count > 0 && cut->happened_at != HF_UNSET &&
	       hf__key_part_ok(cut->timeline, false) && hf__key_part_ok(cut->id, false);
}

/* --- Words ------------------------------------------------------------------------------------ */

static const char *const operations[] = {"state", "append", "retain", "clear"};

void hf__timeline_add_name(struct hf__text *text, struct hf_bytes timeline, struct hf_bytes id)
{
	hf__text_add(text, "event ");
	hf__text_add_quoted(text, id);
	hf__text_add(text, " of timeline ");
	hf__text_add_quoted(text, timeline);
}

static void describe_event(const struct hf__timeline_event_image *image, struct hf__text *out)
{
	hf__text_add(out, "%s ", operations[image->cause]);
	hf__timeline_add_name(out, image->timeline, image->at.id);
	hf__text_add(out, " type ");
	hf__text_add_quoted(out, image->at.type);
	if (image->at.subject.len > 0) {
		hf__text_add(out, " subject ");
		hf__text_add_quoted(out, image->at.subject);
	}
	hf__text_add(out, " %zu bytes", image->payload.len);
}

static void describe_cut(const struct hf__timeline_cut *cut, struct hf__text *out)
{
	hf__text_add(out, "%s timeline ", operations[cut->cause]);
	hf__text_add_quoted(out, cut->timeline);
	hf__text_add(out, " removes %llu up to ", (unsigned long long)cut->count);
	hf__text_add_quoted(out, cut->id);
}

void hf__timeline_describe(const struct hf__entry *entry, struct hf__text *out)
{
	struct hf__timeline_event_image image;
	struct hf__timeline_cut cut;
	if (entry->kind == HF__TIMELINE_EVENT && hf__timeline_get_event(entry->body, &image))
		describe_event(&image, out);
	else if (entry->kind == HF__TIMELINE_CUT && hf__timeline_get_cut(entry->body, &cut))
		describe_cut(&cut, out);
	else
		hf__text_add(out, "damaged timeline entry of kind %u, %zu bytes", entry->kind,
		             entry->body.len);
}

bool hf__timeline_about(const struct hf__entry *entry, struct hf__about *out)
{
	struct hf__timeline_event_image image;
	struct hf__timeline_cut cut;
	*out = (struct hf__about){0};
	if (entry->kind == HF__TIMELINE_EVENT && hf__timeline_get_event(entry->body, &image)) {
		*out = (struct hf__about){
		    .operation = operations[image.cause], .key = {image.timeline, image.at.id}, .parts = 2};
		return true;
	}
	if (entry->kind == HF__TIMELINE_CUT && hf__timeline_get_cut(entry->body, &cut)) {
		*out = (struct hf__about){.operation = operations[cut.cause],
		                          .key = {cut.timeline},
		                          .parts = 1,
		                          .removed = cut.cause == HF__TIMELINE_CLEAR,
		                          .many = true};
		return true;
	}
	return false;
}
