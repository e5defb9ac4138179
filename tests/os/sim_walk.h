/* What the tests of test_sim_walk, test_sim_walk_images share. */
#ifndef TESTS_SIM_WALK_H
#define TESTS_SIM_WALK_H

#include <errno.h>

#include "lib/rng.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"

static inline int file_open(struct sim *sim, const char *name, unsigned flags, int *file)
{
	struct hf__os *os = sim_os(sim);
	return os->open(os->ctx, name, flags, file);
}

static inline int file_create(struct sim *sim, const char *name)
{
	int file = -1;
	assert_int_equal(file_open(sim, name, HF__OS_WRITE | HF__OS_CREATE, &file), 0);
	return file;
}

static inline int file_write(struct sim *sim, int file, uint64_t at, const void *data, size_t len)
{
	struct hf__os *os = sim_os(sim);
	return os->write(os->ctx, file, data, len, at);
}

static inline void sync_all(struct sim *sim, int file)
{
	struct hf__os *os = sim_os(sim);
	assert_int_equal(os->sync(os->ctx, file), 0);
	assert_int_equal(os->sync_dir(os->ctx), 0);
}

/* --- The walk --------------------------------------------------------------------------------- */

struct counted {
	size_t images, torn, reordered, lost_entries, trashed;
	struct sim_seen *seen;
};

static inline int count(void *arg, struct sim *image, const struct sim_shape *shape)
{
	struct counted *counted = arg;
	counted->images++;
	counted->torn += shape->torn;
	counted->reordered += shape->reordered;
	counted->lost_entries += shape->dir_lost > 0;
	counted->trashed += shape->trashed > 0;
	assert_int_equal(sim_pending(image).sectors, 0);
	assert_int_equal(sim_pending(image).dir_ops, 0);
	assert_true(sim_seen_add(counted->seen, sim_hash(image)));
	return 0;
}

static inline struct sim *disk_with_pending(struct sim_profile profile, size_t sectors)
{
	struct sim *sim = sim_new(profile, 1);
	uint8_t data[SIM_SECTOR * 32];
	int file = file_create(sim, "f");
	memset(data, 'a', sizeof(data));
	assert_int_equal(file_write(sim, file, 0, data, sizeof(data)), 0);
	sync_all(sim, file);
	memset(data, 'b', sizeof(data));
	assert_int_equal(file_write(sim, file, 0, data, sectors * SIM_SECTOR), 0);
	return sim;
}

enum { PROMISE_FILES = 3, PROMISE_SIZE = 3000 };

#endif
