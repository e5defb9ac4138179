/* A small vocabulary for tests of the simulated disk, and whether an outcome is among its crash
 * images. */
#ifndef TESTS_SIM_CASE_H
#define TESTS_SIM_CASE_H

#include "lib/sim/sim_os.h"
#include "lib/test.h"

#define SECTOR ((size_t)SIM_SECTOR)

static inline int file_open(struct sim *sim, const char *name, unsigned flags)
{
	int file = -1;
	struct hf__os *os = sim_os(sim);
	assert_int_equal(os->open(os->ctx, name, flags, &file), 0);
	return file;
}

static inline int file_create(struct sim *sim, const char *name)
{
	return file_open(sim, name, HF__OS_WRITE | HF__OS_CREATE);
}

/* The answer of a write of `len` equal bytes. */
static inline int fill(struct sim *sim, int file, uint64_t at, int byte, size_t len)
{
	struct hf__os *os = sim_os(sim);
	uint8_t *data = malloc(len + 1);
	assert_non_null(data);
	memset(data, byte, len + 1);
	int err = os->write(os->ctx, file, data, len, at);
	free(data);
	return err;
}

static inline int sync_file(struct sim *sim, int file)
{
	struct hf__os *os = sim_os(sim);
	return os->sync(os->ctx, file);
}

static inline int sync_dir(struct sim *sim)
{
	struct hf__os *os = sim_os(sim);
	return os->sync_dir(os->ctx);
}

static inline int rename_file(struct sim *sim, const char *from, const char *to)
{
	struct hf__os *os = sim_os(sim);
	return os->rename(os->ctx, from, to);
}

/* The byte that a read at this place sees; -1 past the end or without a file. */
static inline int byte_at(struct sim *sim, const char *name, uint64_t at)
{
	uint8_t byte = 0;
	return sim_read_file(sim, name, at, &byte, 1) ? byte : -1;
}

static inline bool has(struct sim *sim, const char *name)
{
	uint64_t size = 0;
	return sim_file_size(sim, name, &size);
}

/* A disk with one file "f" of two durable sectors of 'a', and its open descriptor. */
static inline struct sim *disk_with_file(struct sim_profile profile, int *file)
{
	struct sim *sim = sim_new(profile, 1);
	*file = file_create(sim, "f");
	assert_int_equal(fill(sim, *file, 0, 'a', 2 * SECTOR), 0);
	assert_int_equal(sync_file(sim, *file), 0);
	assert_int_equal(sync_dir(sim), 0);
	return sim;
}

typedef bool (*image_test)(struct sim *image);

static inline int image_found(void *arg, struct sim *image, const struct sim_shape *shape)
{
	(void)shape;
	return (*(image_test *)arg)(image);
}

/* Is there a crash image that passes? */
static inline bool reachable(struct sim *sim, image_test test)
{
	return sim_each_crash(sim, NULL, image_found, &test, NULL) != 0;
}

static inline bool reachable_and_free(struct sim *sim, image_test test)
{
	bool found = reachable(sim, test);
	sim_free(sim);
	return found;
}

/* The outcome is unreachable with the switch off, reachable with it on, and the weak profile,
 * which the crash sweep runs, has it on. */
static inline void switch_matters(struct sim *(*setup)(struct sim_profile), image_test test,
                                  struct sim_profile off, struct sim_profile on)
{
	assert_false(reachable_and_free(setup(off), test));
	assert_true(reachable_and_free(setup(on), test));
	assert_true(reachable_and_free(setup(sim_profile_weak()), test));
}

/* --- M3 and M4: names ------------------------------------------------------------------------- */

static inline bool file_missing(struct sim *image)
{
	return !has(image, "f");
}

#endif
