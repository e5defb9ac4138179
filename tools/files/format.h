/* The three kinds of files that import reads and export writes, and what their readers and
 * writers share. */
#ifndef TOOLS_FORMAT_H
#define TOOLS_FORMAT_H

#include "files/keyset.h"
#include "files/load.h"
#include "files/sink.h"
#include "print/fields.h"
#include "json/json_write.h"
#include "json/line_sum.h"

enum format { FORMAT_UNKNOWN, FORMAT_JSONL, FORMAT_OUTBOX, FORMAT_INBOX };

/* --- Reading ---------------------------------------------------------------------------------- */

/* A notification file beside its records, known once it was read to its end. */
struct inbox_file {
	hf_time generated_at;
	char *status; /* the text of poller_status; NULL: none */
	size_t status_len;
	bool plain; /* what a writer would make of the fields is equal to it: no frame is needed */
	bool in_load_order; /* so are its records */
};

struct import {
	struct cli *cli;
	struct input input;
	struct load load;
	struct hf_bytes user, queue;
	hf_time now;
	struct keyset keys; /* of this pass's objects, to find one that comes twice */
	struct buffer frame; /* the document around a list */
	struct inbox_file inbox;
	/* The record before, for the order, and keys of the order that wait to be stored. */
	struct buffer previous, order;
	double previous_score;
	/* JSON Lines. */
	uint64_t objects;
	/* what the store that wrote the file had computed by its clock ends so much later by this
	 * one's */
	int64_t moved_us;
	bool header_seen, end_promised, sums_promised, end_seen;
	struct line_sum sum; /* of this pass's lines */
	bool force; /* lines are taken one by one where the file as a whole does not verify */
	bool unverified; /* that is so */
	/* --skip-invalid: numbers of the pieces that are left out, ascending. */
	bool skip_invalid;
	uint64_t *skipped;
	size_t skipped_count, skipped_cap;
};

/* Is the piece one of those that are left out, as an earlier pass found? */
HF_CHECKED bool import_skips(const struct import *import, const struct piece *piece);
/* The end of a piece: with --skip-invalid one that was refused for what it is, which the user
 * has been told, is left out. */
HF_CHECKED int import_judged(struct import *import, const struct piece *piece, int rc);

/* One pass over the whole input, in whichever pass import->load is. */
HF_CHECKED int import_outbox(struct import *import);
HF_CHECKED int import_inbox(struct import *import);
HF_CHECKED int import_jsonl(struct import *import);

/* Notes the object of that key; a fault when the file has had it. `what` is the sentence: "is
 * the second one of id". */
HF_CHECKED bool import_once(struct import *import, const struct hf_bytes *parts, size_t count,
                            const char *what, struct json_fault *fault);

/* --- An entry of an outbox file --------------------------------------------------------------- */

struct outbox_entry {
	struct hf_bytes id, item; /* `item` as it is written */
	enum hf_outbox_status status;
	uint32_t attempts;
	hf_time enqueued_at;
	bool plain; /* writing its fields gives the same value again */
};

/* `f` has the entry's object. */
HF_CHECKED bool outbox_entry_read(const struct fields *f, struct outbox_entry *out);
/* Milliseconds, with a fraction only if there is one. */
void outbox_put_milliseconds(struct buffer *to, hf_time time);
const char *outbox_status_name(enum hf_outbox_status status);

/* --- A record of a notification file ---------------------------------------------------------- */

/* Fills everything but the payload, which is the object's text. */
HF_CHECKED bool inbox_record_read(const struct fields *f, struct hf_inbox_input *out);
/* RFC 3339, with a fraction only if there is one. */
void inbox_put_time(struct buffer *to, hf_time time);

/* --- Writing ---------------------------------------------------------------------------------- */

/* A member whose value is another now: it is put in the place of what the text has, or added.
 * text.data NULL: it stays as it is. */
struct json_patch {
	const char *name;
	struct hf_bytes text;
};
void json_put_patched(struct buffer *to, const struct json_object *object,
                      const struct json_patch *patches, size_t count);

struct export
{
	struct cli *cli;
	struct sink sink;
	uint64_t objects; /* written */
};

HF_CHECKED int export_outbox(struct export *export, struct hf_bytes queue);
HF_CHECKED int export_inbox(struct export *export, struct hf_bytes user);
HF_CHECKED int export_jsonl(struct export *export);

#endif
