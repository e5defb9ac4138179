/* Findings: kept until the pass is believed, then reported. Failure modes: no memory spoils the
 * pass, never the store or the caller's process; a finding that names very many objects names
 * the first of them and counts the rest. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/hash.h"
#include "store/check/check.h"

#define SENTENCE_MAX 256u
#define WORDS_MAX 512u

const char *hf_fsck_severity_name(int severity)
{
	HF__CALL;
	static const char *const names[HF_FSCK_SEVERITIES] = {"leftover", "torn tail", "I/O error",
	                                                      "newer format", "damage"};
	return severity >= 0 && (unsigned)severity < HF_FSCK_SEVERITIES ? names[severity] : "unknown";
}

const char *hf_fsck_stop_name(int stop)
{
	HF__CALL;
	static const char *const names[] = {"unknown", "clean", "unclean", "a writer is at work"};
	return stop >= 0 && (unsigned)stop < sizeof names / sizeof names[0] ? names[stop] : names[0];
}

/* --- Noting ----------------------------------------------------------------------------------- */

static const char *keep(struct hf__check *c, const char *text)
{
	const char *copy = hf__arena_copy(&c->memory, text, strlen(text) + 1);
	c->no_memory = c->no_memory || !copy;
	return copy ? copy : "";
}

static bool room_for_finding(struct hf__check *c)
{
	struct hf__finding *findings = hf__grown(c->findings, c->count, &c->cap, sizeof *findings, 16);
	c->no_memory = c->no_memory || !findings;
	c->findings = findings ? findings : c->findings;
	return findings != NULL;
}

size_t hf__check_note(struct hf__check *c, enum hf_fsck_severity severity, const char *file,
                      uint64_t offset, uint64_t length, const char *format, ...)
{
	char sentence[SENTENCE_MAX];
	va_list arguments;
	if (!room_for_finding(c))
		return HF__NO_FINDING;
	va_start(arguments, format);
	(void)vsnprintf(sentence, sizeof sentence, format, arguments); /* cut, never overrun */
	va_end(arguments);
	hf__error_cut_next_step(sentence);
	struct hf__finding *f = &c->findings[c->count];
	*f = (struct hf__finding){
	    .is = {.size = sizeof f->is, .severity = severity, .offset = offset, .length = length}};
	f->is.file = keep(c, file);
	f->is.what = keep(c, sentence);
	return c->count++;
}

size_t hf__check_note_error(struct hf__check *c, enum hf_fsck_severity severity)
{
	return hf__check_note(c, severity, c->scratch.file, c->scratch.offset, 0, "%s",
	                      c->scratch.text);
}

void hf__check_range(struct hf__check *c, size_t finding, uint64_t first, uint64_t last)
{
	if (finding == HF__NO_FINDING || last < first)
		return;
	c->findings[finding].is.first_lsn = first;
	c->findings[finding].is.last_lsn = last;
}

void hf__check_lost(struct hf__check *c, size_t finding)
{
	c->hole = finding;
	c->certain = false;
	if (finding != HF__NO_FINDING)
		c->findings[finding].lost = true;
}

bool hf__check_unsaid(const struct hf__check *c, uint64_t last, uint64_t *first)
{
	*first = c->r.next_lsn;
	if (c->certain || !c->begin)
		return c->certain;
	const uint64_t said = c->hole == HF__NO_FINDING ? 0 : c->findings[c->hole].is.last_lsn;
	if (said >= *first)
		*first = said == HF_ABSENT ? said : said + 1;
	return *first <= last;
}

static void note_unread(struct hf__check *c, const char *file, int os_errno)
{
	char words[96] = "";
	struct hf__text text = {words, sizeof words, 0};
	hf__errno_words(&text, os_errno);
	(void)hf__check_note(c, HF_FSCK_IO, file, 0, 0, "the file could not be read: %s", words);
}

void hf__check_unread(struct hf__check *c, const char *file, int rc, int os_errno)
{
	if (rc == HF_ENOMEM)
		c->no_memory = true;
	else if (os_errno == ENOENT)
		c->changed = true; /* it was there a moment ago */
	else
		note_unread(c, file, os_errno);
}

/* --- What is affected ------------------------------------------------------------------------- */

static bool room_for_object(struct hf__check *c, struct hf__finding *f)
{
	if (f->count >= c->max_objects) {
		f->left_out++;
		return false;
	}
	struct hf_fsck_object *objects = hf__grown(f->objects, f->count, &f->cap, sizeof *objects, 8);
	c->no_memory = c->no_memory || !objects;
	f->objects = objects ? objects : f->objects;
	return objects != NULL;
}

void hf__check_affects(struct hf__check *c, size_t finding, enum hf_fsck_how how,
                       const struct hf__entry *entry)
{
	char words[WORDS_MAX] = "";
	struct hf__text text = {words, sizeof words, 0};
	unsigned index = 0;
	if (finding == HF__NO_FINDING || !room_for_object(c, &c->findings[finding]))
		return;
	const struct hf__domain *row = hf__domain_by_id(c->store, entry->domain, &index);
	if (hf__entry_known(row, entry))
		row->describe(entry, &text);
	struct hf__finding *f = &c->findings[finding];
	f->objects[f->count++] =
	    (struct hf_fsck_object){how, entry->lsn, row ? row->name : "unknown", keep(c, words)};
}

/* --- Telling ---------------------------------------------------------------------------------- */

static int code_of(int severity)
{
	static const int codes[HF_FSCK_SEVERITIES] = {HF_OK, HF_OK, HF_EIO, HF_EVERSION, HF_ECORRUPT};
	return codes[severity];
}

static void fill_error(const struct hf__finding *f, struct hf_error *error)
{
	(void)hf__fail_at(error, code_of((int)f->is.severity), f->is.file, f->is.offset, "%s",
	                  f->is.what);
	if (!error)
		return;
	hf__error_cut_next_step(error->text);
	error->first_lsn = f->is.first_lsn;
	error->last_lsn = f->is.last_lsn;
}

/* The order of severities is the order of gravity, so the greatest one is the verdict. */
int hf__check_tell(struct hf__check *c, struct hf_error *error)
{
	const struct hf__finding *gravest = NULL;
	for (size_t i = 0; i < c->count; i++) {
		struct hf__finding *f = &c->findings[i];
		f->is.objects = f->objects;
		f->is.object_count = f->count;
		f->is.objects_left_out = f->left_out;
		c->sum.findings[f->is.severity]++;
		if (c->report)
			c->report(c->ctx, &f->is);
		if (f->is.severity >= HF_FSCK_IO && (!gravest || f->is.severity > gravest->is.severity))
			gravest = f;
	}
	c->sum.verdict = gravest ? code_of((int)gravest->is.severity) : HF_OK;
	if (gravest)
		fill_error(gravest, error);
	return c->sum.verdict;
}

uint64_t hf__check_signature(const struct hf__check *c)
{
	uint64_t signature = 0;
	for (size_t i = 0; i < c->count; i++) {
		const struct hf_fsck_finding *is = &c->findings[i].is;
		const uint64_t numbers[] = {is->severity, is->offset, is->first_lsn, is->last_lsn};
		if (is->severity == HF_FSCK_LEFTOVER)
			continue;
		signature = hf__checksum(numbers, sizeof numbers, signature);
		signature = hf__checksum(is->file, strlen(is->file), signature);
		signature = hf__checksum(is->what, strlen(is->what), signature);
	}
	return signature;
}

void hf__check_forget(struct hf__check *c)
{
	for (size_t i = 0; i < c->count; i++)
		hf__free(c->findings[i].objects);
	hf__free(c->findings);
	hf__arena_deinit(&c->memory);
	hf__recovery_forget(&c->r);
	hf__recovery_free(&c->r);
}
