/* The insides of hf_salvage, shared by the files of salvage/ alone: docs/salvage.md.
 *
 *   view.c     the source, its files under the names that their headers say
 *   facts.c    which files are whose, and the greatest LSN that any of them mentions
 *   base.c     the state begins with a snapshot, or with nothing
 *   pass.c     the state that one beginning gives, and what is lost by it
 *   keep.c     that state as a file, without the objects whose payloads are lost
 *   salvage.c  the order: the best beginning, the report, the new store
 *   public.c   the call over the real disk */
#ifndef HF_STORE_SALVAGE_H
#define HF_STORE_SALVAGE_H

#include "holdfast/salvage.h"
#include "store/check/check.h"
#include "store/follow/pins.h"
#include "store/transfer/build.h"

struct hf__salvaging {
	const struct hf__os *source;
	const struct hf__parent *parent; /* where the new store is to stand */
	const char *name; /* of it */
	const struct hf__domains *domains;
	const struct hf_salvage_options *options;
	hf_fsck_fn report;
};

/* As hf_salvage; *out is all of the struct. */
HF_CHECKED int hf__salvage(const struct hf__salvaging *how, struct hf_salvage_summary *out,
                           struct hf_error *error);

/* --- view.c, facts.c -------------------------------------------------------------------------- */

enum hf__view_kind { HF__VIEW_OTHER, HF__VIEW_SEGMENT, HF__VIEW_SNAPSHOT };

struct hf__view_file {
	const char *name; /* in the directory */
	uint64_t size;
	enum hf__view_kind kind; /* by its header, or by its name if that says nothing */
	bool whole; /* its header is, so the rest is known */
	struct hf__head head;
	uint64_t number; /* of the segment; LSN of the snapshot */
	uint64_t worth; /* how much of it verifies: of two copies the greater one is taken */
	bool shown;
};

/* I-SALVAGE-1: this seam opens for reading, and changes nothing. */
struct hf__view {
	struct hf__pinned seam; /* first; its open, close and list are the view's own */
	struct hf__identity identity; /* that the files are taken by */
	bool adopted; /* IDENTITY does not say so: the other files do */
	struct hf__log_id id;
	struct hf__view_file *files;
	size_t count, cap;
	struct hf__arena names;
	struct hf__writer bytes;
	uint64_t mentioned; /* the greatest LSN */
	struct hf_error *error;
};

/* HF_OK, HF_ENOTFOUND, HF_EVERSION, HF_EIO, HF_ENOMEM. hf__view_close in every case. */
HF_CHECKED int hf__view_open(struct hf__view *v, const struct hf__os *source,
                             struct hf_error *error);
void hf__view_close(struct hf__view *v);
/* The name in the directory of what is shown as `name`. */
const char *hf__view_real(const struct hf__view *v, const char *name);
/* All of a file into v->bytes; len 0: all of it. */
HF_CHECKED int hf__view_read(struct hf__view *v, const struct hf__view_file *f, size_t len);
/* Nothing was looked at yet. */
void hf__view_init(struct hf__view *v, const struct hf__os *source, struct hf_error *error);

/* --- pass.c, base.c --------------------------------------------------------------------------- */

struct hf__pass {
	struct hf__check check; /* first */
	struct hf__view *view;
	uint64_t snapshot; /* LSN of the one to begin with; 0: none */
	bool unusable; /* it cannot be read at all, or is of another log */
	size_t base_hole; /* what it lost, or HF__NO_FINDING */
	bool base_damaged; /* some block of it */
	uint64_t lost; /* entries, as far as they can be counted */
	uint64_t lost_objects[HF_FSCK_DOMAINS_MAX], kept_objects[HF_FSCK_DOMAINS_MAX];
};

/* Makes the state with a snapshot or without. The caller ends it in every case. HF_OK (p->unusable
 * or not), HF_EIO, HF_EVERSION, HF_ENOMEM, HF_ECANCELED, HF_ECORRUPT: the state is not sound. */
HF_CHECKED int hf__pass_run(struct hf__pass *p, struct hf__view *v, const struct hf__salvaging *how,
                            uint64_t snapshot, struct hf_error *error);
void hf__pass_end(struct hf__pass *p);
/* For the check: `arg` is the pass. The chain of segments is marked. */
void hf__salvage_begin(struct hf__check *c);
/* What lies at or before the snapshot is not lost. */
void hf__salvage_cover(struct hf__check *c);

/* --- keep.c ----------------------------------------------------------------------------------- */

/* Writes the state as a file that nothing ties to the source; notes objects that are left out.
 * HF_OK, HF_EIO, HF_ENOMEM, HF_ECORRUPT. */
HF_CHECKED int hf__keep_write(struct hf__pass *p, struct hf__snapshot_sink sink,
                              struct hf_error *error);
/* The same without writing anything. */
HF_CHECKED int hf__keep_look(struct hf__pass *p, struct hf_error *error);
/* Adds objects that would be left out to p->lost, and notes nothing. */
HF_CHECKED int hf__keep_count(struct hf__pass *p, struct hf_error *error);

#endif
