/* What is pending at one moment, in a form to choose from: between sim_crash.c and sim_walk.c. */
#ifndef TESTS_LIB_SIM_PLAN_H
#define TESTS_LIB_SIM_PLAN_H

#include "lib/sim/sim_disk.h"

enum { PICKS_MAX = VERSIONS_MAX + 1, PICKS_TRASH = SIM_PICK_STALE - SIM_PICK_ZERO + 1 };

/* One pending sector. */
struct spot {
	uint32_t file;
	uint32_t at;
	/* its versions: plan->order[first .. first + count), oldest first, indexes into the file's
	 * list */
	size_t first, count;
	uint64_t first_write, last_write;
};

struct plan {
	uint64_t version; /* of the disk it was made for */
	struct spot *spots; /* by first write, then file, then place */
	size_t spot_count;
	size_t *order;
	size_t version_count;
	size_t *by_last; /* indexes of spots, by last write */
	/* What a lost write of a spot leaves, made when an image first asks: the same for all images of
	 * this plan but for garbage, which depends on the salt. */
	struct trash {
		struct sector *sector; /* NULL: zeros */
		uint64_t salt;
		bool made;
	} (*trash)[PICKS_TRASH];
	uint32_t *resized; /* numbers of files with a pending size */
	size_t resized_count;
};

/* under the mutex; borrowed, made anew when the disk has changed */
struct plan *plan_get(struct sim *sim);
/* nth from 0 */
const struct version *plan_version(const struct sim *sim, const struct spot *spot, size_t nth);

/* As sim_crash, under the mutex, and tells the shape (may be NULL). */
struct sim *crash_build(struct sim *sim, const struct sim_choice *choice, struct sim_shape *shape);

#endif
