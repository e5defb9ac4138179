/* What a check found, or a salvage lost: a line for each, and for each thing that it affects. */
#include "print/finding.h"

#include <inttypes.h>

const struct finding_words finding_of_fsck = {"fsck-finding", "fsck-object", "finding", NULL};
const struct finding_words finding_of_salvage = {"salvage-loss", "salvage-object", "loss", "lost"};

static const char *how_name(enum hf_fsck_how how)
{
	switch (how) {
	case HF_FSCK_UNREADABLE:
		return "unreadable";
	case HF_FSCK_CUT_OFF:
		return "cut off";
	case HF_FSCK_PRESUPPOSED:
		return "presupposed";
	}
	return "unknown";
}

/* --- For people ------------------------------------------------------------------------------- */

static void say_range(char *to, size_t size, const struct hf_fsck_finding *f)
{
	if (f->first_lsn == 0)
		to[0] = '\0';
	else if (f->last_lsn == HF_ABSENT)
		snprintf(to, size, ", LSN %" PRIu64 " and later", f->first_lsn);
	else if (f->last_lsn == f->first_lsn)
		snprintf(to, size, ", LSN %" PRIu64, f->first_lsn);
	else
		snprintf(to, size, ", LSN %" PRIu64 " to %" PRIu64, f->first_lsn, f->last_lsn);
}

static void say_place(char *to, size_t size, const struct hf_fsck_finding *f)
{
	if (!f->file[0])
		snprintf(to, size, "the state");
	else if (f->length > 0)
		snprintf(to, size, "%s, %" PRIu64 " bytes at %" PRIu64, f->file, f->length, f->offset);
	else
		snprintf(to, size, "%s at %" PRIu64, f->file, f->offset);
}

static void say_finding(struct out *out, const char *word, const struct hf_fsck_finding *f)
{
	char place[160], range[80];
	say_place(place, sizeof place, f);
	say_range(range, sizeof range, f);
	out_line(out, "%s: %s%s: %s", word ? word : hf_fsck_severity_name((int)f->severity), place,
	         range, f->what);
	for (size_t i = 0; i < f->object_count; i++) {
		const struct hf_fsck_object *object = &f->objects[i];
		out_line(out, "    %s, LSN %" PRIu64 ": %s: %s", how_name(object->how), object->lsn,
		         object->domain, object->text);
	}
	if (f->objects_left_out > 0)
		out_line(out, "    and %" PRIu64 " more", f->objects_left_out);
}

/* --- As JSON ---------------------------------------------------------------------------------- */

void finding_lsn(struct out *out, const char *name, hf_lsn lsn)
{
	if (lsn == 0 || lsn == HF_ABSENT)
		out_text(out, name, NULL);
	else
		out_u64(out, name, lsn);
}

static void give_object(struct out *out, const struct finding_words *words, uint64_t finding,
                        const struct hf_fsck_object *object)
{
	out_begin(out, words->object);
	out_u64(out, words->number, finding);
	out_text(out, "how", how_name(object->how));
	out_u64(out, "lsn", object->lsn);
	out_text(out, "domain", object->domain);
	out_text(out, "text", object->text);
	out_end(out);
}

static void give_finding(struct out *out, const struct finding_words *words, uint64_t number,
                         const struct hf_fsck_finding *f)
{
	out_begin(out, words->finding);
	out_u64(out, words->number, number);
	if (!words->people)
		out_text(out, "severity", hf_fsck_severity_name((int)f->severity));
	out_bytes(out, "file", hf_str(f->file));
	out_u64(out, "offset", f->offset);
	out_u64(out, "length", f->length);
	finding_lsn(out, "first_lsn", f->first_lsn);
	finding_lsn(out, "last_lsn", f->last_lsn);
	out_text(out, "what", f->what);
	out_u64(out, "objects_left_out", f->objects_left_out);
	out_end(out);
	for (size_t i = 0; i < f->object_count; i++)
		give_object(out, words, number, &f->objects[i]);
}

/* --- Either ----------------------------------------------------------------------------------- */

void finding_show(struct out *out, bool json, const struct finding_words *words, uint64_t number,
                  const struct hf_fsck_finding *finding)
{
	if (json)
		give_finding(out, words, number, finding);
	else
		say_finding(out, words->people, finding);
}
