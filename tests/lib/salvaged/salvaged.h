/* Salvage of a damaged disk, judged: a closed store whose every object, entry and group is known,
 * bytes of it changed, and what hf__salvage makes of that.
 *
 * The oracle knows nothing of recovery. A group survives if its bytes lie unchanged at their place
 * in any file that is the segment's by its header or its name. An object that no lost entry
 * concerns has to be in the new store as it was; one that is there otherwise has to be concerned by
 * a lost entry. Each lost entry is in exactly one loss that was reported, and no other is in any.
 * Fsck agrees: what it finds sound loses nothing. The new store passes fsck, and its numbers go on
 * behind all that were issued. The source is as it was, bit for bit.
 *
 * struct salvaged *s = salvaged_new(SALVAGED_LOG); sim_flip_bit(salvaged_disk(s), "WITNESS", 17);
 * salvaged_judge(s, "bit flipped in WITNESS"); // and the disk is whole again
 * salvaged_free(s); */
#ifndef TESTS_LIB_SALVAGED_H
#define TESTS_LIB_SALVAGED_H

#include "holdfast/salvage.h"
#include "lib/sim/sim_parent.h"

enum salvaged_kind {
	SALVAGED_LOG, /* segments alone */
	SALVAGED_SNAPSHOT, /* and a snapshot in the middle, with all of the log */
	SALVAGED_COMPACTED, /* and the log begins behind it */
};

struct salvaged;

struct salvaged_counts {
	uint64_t judged, whole, losses; /* disks; of them without a loss; losses in all */
	uint64_t kept, gone; /* objects that were in the new store, and that were not */
};

struct salvaged *salvaged_new(enum salvaged_kind kind);
void salvaged_free(struct salvaged *s);
/* To be damaged, then judged. */
struct sim *salvaged_disk(struct salvaged *s);
/* Another store's disk, and this one's some entries earlier. */
struct sim *salvaged_foreign(struct salvaged *s);
struct sim *salvaged_past(struct salvaged *s);
/* The i-th file of the whole store; NULL behind the last. */
const char *salvaged_file(const struct salvaged *s, size_t i, uint64_t *size);
/* Salvages the disk as it is now, judges, brings the whole disk back. Fails the test if anything is
 * wrong. */
void salvaged_judge(struct salvaged *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
struct salvaged_counts salvaged_counts(const struct salvaged *s);
/* One salvage of a disk into TARGET of `parent`. */
#define SALVAGED_TARGET "saved"
int salvaged_run(struct sim *disk, struct sim_parent *parent, bool build, hf_fsck_fn report,
                 void *ctx, struct hf_salvage_summary *sum, struct hf_error *error);
/* Has TARGET the state of the whole store? */
bool salvaged_is_whole(struct salvaged *s, struct sim_parent *parent);

#endif
