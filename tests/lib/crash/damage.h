/* Damage on disk: a closed store whose state is known, bytes of it changed, and a judgement of
 * what an opening makes of that.
 *
 * An opening of a damaged disk must either refuse, saying why and changing nothing, or give
 * exactly the state that was there: every object, every payload, on disk or in memory (or an
 * error when that payload is read), and no LSN that had been issued already. Anything else is
 * wrong: damage that stays silent.
 *
 * struct damage *damage = damage_new(0); sim_flip_bit(damage_disk(damage), "WITNESS", 17);
 * damage_judge(damage, &(struct damage_what){"bit flipped", "WITNESS", 17});     // and the disk
 * is whole again damage_report(damage, "flips");
 * // prints the counts, fails if any was wrong damage_free(damage);
 *
 * The store: segments of 64 KiB, three at least, the last one nearly full; all domains, at least
 * 200 entries, some payloads on disk. */
#ifndef TESTS_LIB_DAMAGE_H
#define TESTS_LIB_DAMAGE_H

#include "holdfast/store.h"
#include "lib/sim/sim_os.h"

struct damage;

struct damage_counts {
	uint64_t opened; /* damaged disks */
	uint64_t refused; /* by code: corrupt, version, not found; any other code is wrong */
	uint64_t corrupt, version, not_found;
	/* opened, all equal but a payload that said that it is damaged when it was read */
	uint64_t payload;
	uint64_t harmless; /* opened, everything equal */
	uint64_t recovered; /* of those: taken for an unclean stop */
	uint64_t wrong;
};

struct damage_what {
	const char *how;
	const char *file;
	uint64_t at;
};

struct damage *damage_new(uint32_t pad);
void damage_free(struct damage *damage);
/* To be damaged, then judged. */
struct sim *damage_disk(struct damage *damage);
/* Segments of the whole store: how many, and the number of the i-th, in ascending order. */
size_t damage_segments(const struct damage *damage);
uint32_t damage_segment(const struct damage *damage, size_t i);
/* The same store as it was some entries earlier, closed cleanly: files from the past. Another
 * store: files that are foreign. */
struct sim *damage_past(struct damage *damage);
struct sim *damage_foreign(struct damage *damage);
/* Opens the disk as it is now, judges, counts, brings the whole disk back. The first few wrong
 * ones are printed. */
void damage_judge(struct damage *damage, const struct damage_what *what);
struct damage_counts damage_counts(const struct damage *damage);
/* One line of figures; fails the test if anything was wrong, or if nothing was refused. */
void damage_report(const struct damage *damage, const char *title);

/* All bits of all files, numbered through in the order of names: first, first + step, ... Each
 * flipped alone. */
uint64_t damage_bits(struct damage *damage);
void damage_flips(struct damage *damage, uint64_t first, uint64_t step);
/* All lengths from the longest to 0 that leave `phase` modulo `step`; 1, 0: all of them. */
void damage_truncations(struct damage *damage, const char *file, uint64_t step, uint64_t phase);
/* Calls `each` for every file of the whole store. */
void damage_each_file(struct damage *damage,
                      void (*each)(struct damage *damage, const char *name, uint64_t size));
/* Opens the whole store and flips `count` random bits of segments behind its back, one after
 * another: what it then reads must be right, or an error. Figures are added to the counts. */
void damage_rot(struct damage *damage, unsigned count);

#endif
