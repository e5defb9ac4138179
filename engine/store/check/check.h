/* The insides of hf_fsck, shared by the files of check/ alone.
 *
 *   check.c    passes over the store, until two agree; the verdict
 *   report.c   findings and what they affect
 *   files.c    IDENTITY, WITNESS, LOCK, what is no file of a store
 *   log.c      which segments are the log
 *   segment.c  one segment: groups, damage, what lies behind
 *   hole.c     what can be made out of damaged bytes
 *   state.c    entries into states; every invariant, every object
 *   snapshots.c  those of the store */
#ifndef HF_STORE_CHECK_H
#define HF_STORE_CHECK_H

#include "log/witness.h"
#include "store/check/readonly.h"
#include "store/recover/recover.h"

struct hf__finding {
	/* strings in the check's memory; objects filled in when it is reported */
	struct hf_fsck_finding is;
	struct hf_fsck_object *objects;
	size_t count, cap;
	uint64_t left_out;
	bool lost; /* entries, or what a snapshot alone has: not only bytes */
};

#define HF__NO_FINDING SIZE_MAX

/* One pass. */
struct hf__check {
	/* a handle of its own: os, identity, states; nothing is locked or written */
	struct hf_store *store;
	size_t max_objects;
	hf_fsck_fn report;
	void (*progress)(void *ctx, uint64_t done, uint64_t total);
	void *ctx;
	struct hf__recovery r; /* next_lsn and previous_hash say where the log has got to */
	struct hf_error scratch; /* of r */
	struct hf__arena memory;
	struct hf__finding *findings;
	size_t count, cap;
	bool no_memory; /* the pass is worth nothing */
	bool changed; /* a file went away meanwhile: the pass is worth nothing */
	bool have_identity; /* uuid and epoch are known: the log can be read */
	int64_t at; /* of the newest whole entry, if has_at */
	bool has_at;
	bool certain; /* nothing is missing before r.next_lsn: the states are right so far */
	size_t hole; /* the newest damage to the log: later entries may name what it took */
	uint64_t misfits; /* whole entries that do not fit */
	/* A salvage: what is lost is counted from the snapshot on that this begins with, and a gap is
	 * no beginning. Called when the chain is marked; NULL: a check. */
	void (*begin)(struct hf__check *c);
	/* its first entry that the snapshot does not show was reached */
	bool beyond;
	void (*pass_snapshot)(struct hf__check *c); /* called then */
	uint8_t slots[2][HF__WITNESS_SLOT_SIZE]; /* of the witness */
	bool have_slots;
	uint64_t done, total; /* bytes of segments, for progress */
	struct hf_fsck_summary sum;
};

/* --- check/report.c --------------------------------------------------------------------------- */

/* Notes a finding; returns its index, or HF__NO_FINDING without memory. */
__attribute__((format(printf, 6, 7))) size_t
hf__check_note(struct hf__check *c, enum hf_fsck_severity severity, const char *file,
               uint64_t offset, uint64_t length, const char *format, ...);
/* The same out of r's error, for what recovery's own functions found. */
size_t hf__check_note_error(struct hf__check *c, enum hf_fsck_severity severity);
/* Which entries it concerns. */
void hf__check_range(struct hf__check *c, size_t finding, uint64_t first, uint64_t last);
/* The log is not whole there: later entries may need what it took. */
void hf__check_lost(struct hf__check *c, size_t finding);
/* Entries up to `last` are missing. Is that not said yet? *first: from which on. A check says so
 * only where nothing was missing before. */
bool hf__check_unsaid(const struct hf__check *c, uint64_t last, uint64_t *first);
/* What it affects, by the entry that names it; entry->body is described as it is. */
void hf__check_affects(struct hf__check *c, size_t finding, enum hf_fsck_how how,
                       const struct hf__entry *entry);
/* A read failed: an I/O finding, or no memory, or the file is gone. Not for HF_ECORRUPT. */
void hf__check_unread(struct hf__check *c, const char *file, int rc, int os_errno);
/* Reports everything to the caller; fills the error with the first of the gravest and returns the
 * verdict. */
int hf__check_tell(struct hf__check *c, struct hf_error *error);
/* The worst severity but leftovers of a pass in one number: passes that agree have the same. */
uint64_t hf__check_signature(const struct hf__check *c);
void hf__check_forget(struct hf__check *c);

/* --- check/files.c ---------------------------------------------------------------------------- */

/* HF_OK; HF_ENOTFOUND: no store here; else there is nothing to go on with, and a finding says
 * why. */
int hf__check_identity(struct hf__check *c);
void hf__check_witness(struct hf__check *c);
/* Judges its slots, once it is known where the log ends. */
void hf__check_slots(struct hf__check *c);
/* LOCK, and names that mean nothing. */
void hf__check_others(struct hf__check *c);

/* --- check/log.c ------------------------------------------------------------------------------ */

void hf__check_log(struct hf__check *c);

/* --- check/segment.c -------------------------------------------------------------------------- */

/* Reads all of a segment of the log. `next`: the one behind it, or NULL. */
void hf__check_segment(struct hf__check *c, struct hf__segment_file *f,
                       const struct hf__segment_file *next);

/* --- check/hole.c ----------------------------------------------------------------------------- */

/* Bytes [from, to) of a segment are no groups: names what can be made out of them. `next` is the
 * whole group at `to`, or NULL. `lsn` is the first that is missing, `last` the last one, or
 * HF_ABSENT. */
void hf__check_hole(struct hf__check *c, size_t finding, const struct hf__scan_input *input,
                    uint32_t from, uint32_t to, const struct hf__group_header *next, uint64_t lsn,
                    uint64_t last);

/* --- check/state.c ---------------------------------------------------------------------------- */

/* The scan's callback; `arg` is the check. 0, or HF_ENOMEM. */
int hf__check_entry(void *arg, const struct hf__entry *entry);
/* The log was whole: opens the states, verifies, recounts. */
void hf__check_states(struct hf__check *c);

/* --- check/snapshots.c ------------------------------------------------------------------------ */

/* The log was looked at. */
void hf__check_snapshots(struct hf__check *c);

#endif
