/* The toy domain: notes, a text by a name. For tests of what a domain needs to be one. */
#ifndef HOLDFAST_NOTE_H
#define HOLDFAST_NOTE_H

#include "holdfast/types.h"

struct hf_note {
	struct hf_bytes name;
	struct hf_bytes text;
	hf_time written_at; /* by the store's clock */
	hf_lsn version;
};

struct hf_note_put_args {
	size_t size;
	struct hf_write write;
	struct hf_bytes name;
	struct hf_bytes text; /* at most HF_KEY_MAX bytes; empty: the note goes */
	/* Since the second release. */
	bool keep; /* a note that is there stays as it is */
};

/* Writes the note, in place of one that is there. */
HF_API HF_CHECKED int hf_note_put(hf_store *store, hf_txn *txn, const struct hf_note_put_args *args,
                                  struct hf_result *result, struct hf_error *error);

struct hf_note_page {
	size_t size;
	const struct hf_note *items;
	size_t count;
	struct hf_memory *memory;
	/* Since the second release. */
	uint64_t bytes; /* of all texts */
};

/* All of them, by name. */
HF_API HF_CHECKED int hf_note_list(hf_store *store, unsigned flags, struct hf_note_page *out,
                                   struct hf_error *error);

#endif
