/* tier: fast */
/* The simulated machine around its disk: the seam's manners, faults, observers, the walk over
 * crash images, checkpoints and damage. */
#include "lib/rng.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"

#include <errno.h>

#define SECTOR ((size_t)SIM_SECTOR)

static int file_open(struct sim *sim, const char *name, unsigned flags, int *file)
{
	struct hf__os *os = sim_os(sim);
	return os->open(os->ctx, name, flags, file);
}

static int file_create(struct sim *sim, const char *name)
{
	int file = -1;
	assert_int_equal(file_open(sim, name, HF__OS_WRITE | HF__OS_CREATE, &file), 0);
	return file;
}

static int file_write(struct sim *sim, int file, uint64_t at, const void *data, size_t len)
{
	struct hf__os *os = sim_os(sim);
	return os->write(os->ctx, file, data, len, at);
}

static void sync_all(struct sim *sim, int file)
{
	struct hf__os *os = sim_os(sim);
	assert_int_equal(os->sync(os->ctx, file), 0);
	assert_int_equal(os->sync_dir(os->ctx), 0);
}

/* --- Manners of the seam ---------------------------------------------------------------------- */

static void reads_see_writes_at_any_offset(void **state)
{
	(void)state;
	struct sim *sim = sim_new(sim_profile_weak(), 1);
	struct hf__os *os = sim_os(sim);
	struct hf_rng rng = hf_rng_for("reads_see_writes_at_any_offset");
	static uint8_t model[5000], seen[6000], data[1500];
	uint64_t size = 0;
	int file = file_create(sim, "f");
	memset(model, 0, sizeof(model));
	for (int i = 0; i < 300; i++) {
		size_t len = (size_t)hf_rng_below(&rng, sizeof(data));
		size_t at = (size_t)hf_rng_below(&rng, sizeof(model) - len);
		hf_rng_fill(&rng, data, len);
		memcpy(model + at, data, len);
		assert_int_equal(file_write(sim, file, at, data, len), 0);
		size = len > 0 && at + len > size ? at + len : size;
		size_t got = 0;
		assert_int_equal(os->read(os->ctx, file, seen, sizeof(seen), 0, &got), 0);
		assert_int_equal(got, size);
		assert_memory_equal(seen, model, got);
		if (i % 7 == 0)
			sync_all(sim, file);
	}
	size_t got = 1;
	assert_int_equal(os->read(os->ctx, file, seen, 1, size, &got), 0);
	assert_int_equal(got, 0);
	sim_free(sim);
}

static void opening_refuses_what_the_seam_says(void **state)
{
	(void)state;
	struct sim *sim = sim_new(sim_profile_weak(), 1);
	struct hf__os *os = sim_os(sim);
	char name[SIM_NAME_MAX + 2];
	int file = -1;
	memset(name, 'n', sizeof(name));
	name[SIM_NAME_MAX + 1] = '\0';
	assert_int_equal(file_open(sim, "f", 0, &file), ENOENT);
	assert_int_equal(file_open(sim, "a/b", HF__OS_WRITE | HF__OS_CREATE, &file), EINVAL);
	assert_int_equal(file_open(sim, "..", HF__OS_WRITE | HF__OS_CREATE, &file), EINVAL);
	assert_int_equal(file_open(sim, "", HF__OS_WRITE | HF__OS_CREATE, &file), EINVAL);
	assert_int_equal(file_open(sim, name, HF__OS_WRITE | HF__OS_CREATE, &file), ENAMETOOLONG);
	file = file_create(sim, "f");
	assert_int_equal(file_open(sim, "f", HF__OS_WRITE | HF__OS_CREATE, &file), EEXIST);
	assert_int_equal(os->close(os->ctx, file), 0);
	assert_int_equal(os->close(os->ctx, file), EBADF);
	assert_int_equal(file_open(sim, "f", 0, &file), 0);
	assert_int_equal(file_write(sim, file, 0, "x", 1), EBADF);
	assert_int_equal(os->unlink(os->ctx, "g"), ENOENT);
	assert_int_equal(os->rename(os->ctx, "g", "h"), ENOENT);
	sim_free(sim);
}

static void a_removed_file_stays_readable_while_open(void **state)
{
	(void)state;
	struct sim *sim = sim_new(sim_profile_weak(), 1);
	struct hf__os *os = sim_os(sim);
	int file = file_create(sim, "f");
	char byte = 0;
	size_t got = 0;
	assert_int_equal(file_write(sim, file, 0, "x", 1), 0);
	assert_int_equal(os->unlink(os->ctx, "f"), 0);
	assert_int_equal(os->sync_dir(os->ctx), 0);
	assert_int_equal(os->read(os->ctx, file, &byte, 1, 0, &got), 0);
	assert_int_equal(byte, 'x');
	assert_int_equal(os->close(os->ctx, file), 0);
	assert_int_equal(sim_pending(sim).sectors, 0);
	sim_free(sim);
}

static int name_count(void *arg, const char *name)
{
	assert_true(strcmp(name, "a") == 0 || strcmp(name, "b") == 0);
	++*(int *)arg;
	return *(int *)arg == 3 ? 7 : 0;
}

static void listing_gives_every_name_and_ends_early(void **state)
{
	(void)state;
	struct sim *sim = sim_new(sim_profile_weak(), 1);
	struct hf__os *os = sim_os(sim);
	int count = 0;
	(void)file_create(sim, "b");
	(void)file_create(sim, "a");
	assert_int_equal(os->list(os->ctx, name_count, &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(os->list(os->ctx, name_count, &count), 7);
	sim_free(sim);
}

static void one_opener_holds_the_lock_until_it_unlocks_or_dies(void **state)
{
	(void)state;
	struct sim *sim = sim_new(sim_profile_weak(), 1);
	struct hf__os *one = sim_opener(sim, 0);
	struct hf__os *two = sim_opener(sim, 1);
	assert_int_equal(one->lock(one->ctx, "LOCK", 0), 0);
	assert_int_equal(one->lock(one->ctx, "LOCK", 0), EAGAIN);
	assert_int_equal(two->lock(two->ctx, "LOCK", 0), EAGAIN);
	assert_int_equal(two->lock(two->ctx, "LOCK", 1000), EAGAIN);
	assert_int_equal(two->unlock(two->ctx), EINVAL);
	assert_int_equal(one->unlock(one->ctx), 0);
	assert_int_equal(two->lock(two->ctx, "LOCK", -1), 0);
	sim_kill(sim);
	assert_int_equal(one->lock(one->ctx, "LOCK", 0), 0);
	sim_free(sim);
}

static void files_left_open_at_unlock_are_counted(void **state)
{
	(void)state;
	struct sim *sim = sim_new(sim_profile_weak(), 1);
	struct hf__os *os = sim_os(sim);
	assert_int_equal(os->lock(os->ctx, "LOCK", 0), 0);
	(void)file_create(sim, "f");
	assert_int_equal(os->unlock(os->ctx), 0);
	assert_int_equal(sim_broken(sim).left_open, 1);
	sim_free(sim);
}

static void a_kill_keeps_the_cache_and_the_boot(void **state)
{
	(void)state;
	struct sim *sim = sim_new(sim_profile_weak(), 1);
	struct hf__os *os = sim_os(sim);
	uint8_t before[16], after[16], byte = 0;
	int file = file_create(sim, "f");
	assert_int_equal(file_write(sim, file, 0, "x", 1), 0);
	assert_int_equal(os->boot_id(os->ctx, before), 0);
	sim_kill(sim);
	assert_int_equal(os->close(os->ctx, file), EBADF);
	assert_int_equal(os->boot_id(os->ctx, after), 0);
	assert_memory_equal(before, after, 16);
	assert_true(sim_read_file(sim, "f", 0, &byte, 1));
	assert_int_equal(sim_pending(sim).sectors, 1);
	sim_reboot(sim);
	assert_int_equal(os->boot_id(os->ctx, after), 0);
	assert_memory_not_equal(before, after, 16);
	assert_true(sim_synced(sim, "f", 0, 1));
	sim_free(sim);
}

static void clocks_move_when_told(void **state)
{
	(void)state;
	struct sim *sim = sim_new(sim_profile_weak(), 1);
	struct hf__os *os = sim_os(sim);
	sim_set_now(sim, 1000);
	assert_int_equal(os->now(os->ctx), 1000);
	assert_int_equal(os->now(os->ctx), 1000);
	int64_t ticks = os->ticks(os->ctx);
	sim_advance(sim, 500);
	assert_int_equal(os->now(os->ctx), 1500);
	assert_int_equal(os->ticks(os->ctx), ticks + 500000 + 1000);
	assert_false(os->forked(os->ctx));
	sim_set_forked(sim, true);
	assert_true(os->forked(os->ctx));
	sim_free(sim);
}

static void random_bytes_repeat_with_the_seed(void **state)
{
	(void)state;
	uint8_t bytes[3][16];
	for (unsigned i = 0; i < 3; i++) {
		struct sim *sim = sim_new(sim_profile_weak(), i / 2);
		struct hf__os *os = sim_os(sim);
		assert_int_equal(os->random(os->ctx, bytes[i], 16), 0);
		sim_free(sim);
	}
	assert_memory_equal(bytes[0], bytes[1], 16);
	assert_memory_not_equal(bytes[0], bytes[2], 16);
}

static void an_unsafe_file_system_says_so(void **state)
{
	(void)state;
	struct sim *sim = sim_new(sim_profile_weak(), 1);
	struct hf__os *os = sim_os(sim);
	char name[4];
	bool is_volatile = false;
	assert_int_equal(os->safe(os->ctx, name, sizeof(name), &is_volatile), 0);
	assert_string_equal(name, "sim");
	sim_set_safe(sim, false);
	assert_int_equal(os->safe(os->ctx, name, sizeof(name), &is_volatile), EOPNOTSUPP);
	sim_free(sim);
}

/* --- Faults and observers --------------------------------------------------------------------- */

static void a_fault_hits_the_calls_it_names(void **state)
{
	(void)state;
	struct sim *sim = sim_new(sim_profile_weak(), 1);
	struct hf__os *os = sim_os(sim);
	int file = file_create(sim, "seg-1");
	int other = file_create(sim, "other");
	sim_add_fault(sim, (struct sim_fault){
	                       .kinds = SIM_WRITE | SIM_READ, .name = "seg", .nth = 2, .error = EIO});
	assert_int_equal(file_write(sim, other, 0, "x", 1), 0);
	assert_int_equal(file_write(sim, file, 0, "x", 1), 0);
	assert_int_equal(file_write(sim, other, 0, "x", 1), 0);
	uint8_t byte = 0;
	size_t got = 1;
	assert_int_equal(os->read(os->ctx, file, &byte, 1, 0, &got), EIO);
	assert_int_equal(os->read(os->ctx, file, &byte, 1, 0, &got), 0);
	assert_int_equal(sim_fault_hits(sim), 1);
	sim_clear_faults(sim);
	sim_add_fault(sim, (struct sim_fault){
	                       .kinds = SIM_ALL_CALLS, .nth = 2, .error = EMFILE, .persistent = true});
	assert_int_equal(os->sync_dir(os->ctx), 0);
	assert_int_equal(os->unlink(os->ctx, "other"), EMFILE);
	assert_int_equal(os->lock(os->ctx, "LOCK", 0), EMFILE);
	assert_int_equal(os->close(os->ctx, file), EMFILE);
	sim_clear_faults(sim);
	assert_int_equal(os->close(os->ctx, file), EBADF); /* closed all the same */
	sim_free(sim);
}

struct watched {
	unsigned kinds;
	uint64_t calls;
	size_t images;
	char last[SIM_NAME_MAX + 1];
};

static int image_count(void *arg, struct sim *image, const struct sim_shape *shape)
{
	(void)shape;
	struct hf__os *os = sim_os(image);
	++*(size_t *)arg;
	return os->lock(os->ctx, "LOCK", 0); /* an image is a whole machine */
}

static void watch(void *arg, struct sim *sim, uint64_t index, enum sim_call kind, const char *name)
{
	struct watched *watched = arg;
	assert_int_equal(index, watched->calls);
	watched->calls++;
	watched->kinds |= kind;
	strcpy(watched->last, name);
	uint64_t version = sim_version(sim);
	assert_int_equal(sim_each_crash(sim, NULL, image_count, &watched->images, NULL), 0);
	assert_int_equal(sim_version(sim), version);
}

static void an_observer_walks_the_crash_images_before_every_call(void **state)
{
	(void)state;
	struct sim *sim = sim_new((struct sim_profile){.m1_subsets = true}, 1);
	struct watched watched = {0};
	sim_observe(sim, watch, &watched);
	int file = file_create(sim, "f");
	assert_int_equal(watched.images, 1); /* the empty disk */
	assert_int_equal(file_write(sim, file, 0, "x", 1), 0);
	assert_int_equal(watched.images, 1 + 2); /* with and without f */
	struct hf__os *os = sim_os(sim);
	assert_int_equal(os->sync(os->ctx, file), 0);
	assert_int_equal(watched.images, 1 + 2 + 3);
	assert_string_equal(watched.last, "f");
	assert_int_equal(watched.kinds, SIM_OPEN | SIM_WRITE | SIM_SYNC);
	assert_string_equal(sim_call_name(SIM_SYNC_DIR), "sync_dir");
	assert_int_equal(sim_calls(sim), 3);
	sim_free(sim);
}

/* --- The walk --------------------------------------------------------------------------------- */

struct counted {
	size_t images, torn, reordered, lost_entries, trashed;
	struct sim_seen *seen;
};

static int count(void *arg, struct sim *image, const struct sim_shape *shape)
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

static struct sim *disk_with_pending(struct sim_profile profile, size_t sectors)
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

static void every_subset_of_ten_sectors_and_all_directory_changes_is_walked_once(void **state)
{
	(void)state;
	struct sim *sim =
	    disk_with_pending((struct sim_profile){.m1_subsets = true, .m4_dir_subsets = true}, 10);
	(void)file_create(sim, "g");
	(void)file_create(sim, "h");
	struct counted counted = {.seen = sim_seen_new()};
	size_t visited = 0;
	assert_int_equal(sim_each_crash(sim, NULL, count, &counted, &visited), 0);
	assert_int_equal(visited, 1024 * 4);
	assert_int_equal(counted.images, visited);
	assert_int_equal(sim_seen_count(counted.seen), visited);
	assert_int_equal(counted.torn, 4 * (1024 - 2));
	assert_int_equal(counted.lost_entries, 1024 * 3);
	sim_seen_free(counted.seen);
	sim_free(sim);
}

static void many_sectors_are_sampled_and_the_disk_is_not_disturbed(void **state)
{
	(void)state;
	struct sim *sim = disk_with_pending(sim_profile_hostile(), 32);
	uint64_t hash = sim_hash(sim);
	struct sim_pending pending = sim_pending(sim);
	assert_int_equal(pending.sectors, 32);
	struct counted counted = {.seen = sim_seen_new()};
	struct sim_limits limits = {.samples = 100};
	assert_int_equal(sim_each_crash(sim, &limits, count, &counted, NULL), 0);
	assert_in_range(counted.images, 4 * 3 * 30, 4 * 5 * 32 + 4 + 100);
	assert_true(counted.trashed > 0);
	assert_int_equal(sim_hash(sim), hash);
	assert_int_equal(sim_pending(sim).sectors, 32);
	sim_seen_free(counted.seen);
	sim_free(sim);
}

static int stop_at_third(void *arg, struct sim *image, const struct sim_shape *shape)
{
	(void)image;
	(void)shape;
	return ++*(int *)arg == 3 ? 42 : 0;
}

static void a_walk_ends_when_asked(void **state)
{
	(void)state;
	struct sim *sim = disk_with_pending(sim_profile_weak(), 5);
	int calls = 0;
	size_t visited = 0;
	assert_int_equal(sim_each_crash(sim, NULL, stop_at_third, &calls, &visited), 42);
	assert_int_equal(calls, 3);
	assert_int_equal(visited, 3);
	sim_free(sim);
}

static void a_survivor_of_a_later_write_counts_as_reordered(void **state)
{
	(void)state;
	struct sim *sim = sim_new((struct sim_profile){.m1_subsets = true}, 1);
	uint8_t data[SIM_SECTOR * 2] = {0};
	int file = file_create(sim, "f");
	assert_int_equal(file_write(sim, file, 0, data, sizeof(data)), 0);
	sync_all(sim, file);
	assert_int_equal(file_write(sim, file, 0, "x", 1), 0);
	assert_int_equal(file_write(sim, file, SIM_SECTOR, "y", 1), 0);
	struct counted counted = {.seen = sim_seen_new()};
	assert_int_equal(sim_each_crash(sim, NULL, count, &counted, NULL), 0);
	assert_int_equal(counted.images, 4);
	assert_int_equal(counted.reordered, 1);
	assert_int_equal(counted.torn, 0);
	sim_seen_free(counted.seen);
	char text[200];
	sim_describe(sim, text, sizeof(text));
	assert_string_equal(text, "sectors: f[0]x1 f[1]x1; sizes:; entries:");
	sim_free(sim);
}

/* What the property test remembers of one file: its bytes that were synced for certain. */
struct promise {
	struct sim *sim;
	size_t images;
};

enum { PROMISE_FILES = 3, PROMISE_SIZE = 3000 };

static int promise_kept(void *arg, struct sim *image, const struct sim_shape *shape)
{
	struct promise *promise = arg;
	(void)shape;
	promise->images++;
	for (int i = 0; i < PROMISE_FILES; i++) {
		char name[16];
		(void)snprintf(name, sizeof(name), "f%d", i);
		for (uint64_t at = 0; at < PROMISE_SIZE; at += 50) {
			uint8_t then[50], now[50];
			if (sim_synced(promise->sim, name, at, 50)) {
				assert_true(sim_read_file(promise->sim, name, at, then, 50));
				assert_true(sim_read_file(image, name, at, now, 50));
				assert_memory_equal(then, now, 50);
			}
		}
	}
	return 0;
}

static void random_step(struct sim *sim, struct hf_rng *rng)
{
	struct hf__os *os = sim_os(sim);
	char name[16];
	uint8_t data[700];
	int file = -1;
	size_t len = 1 + (size_t)hf_rng_below(rng, sizeof(data) - 1);
	size_t at = (size_t)hf_rng_below(rng, PROMISE_SIZE - len);
	(void)snprintf(name, sizeof(name), "f%d", (int)hf_rng_below(rng, PROMISE_FILES));
	uint64_t what = hf_rng_below(rng, 10);
	if (what == 0) {
		(void)os->unlink(os->ctx, name);
	} else if (what == 1) {
		(void)os->rename(os->ctx, name, "f0");
	} else if (what <= 3) {
		(void)os->sync_dir(os->ctx);
	} else if (file_open(sim, name, HF__OS_WRITE, &file) == 0 ||
	           file_open(sim, name, HF__OS_WRITE | HF__OS_CREATE, &file) == 0) {
		hf_rng_fill(rng, data, len);
		(void)(what <= 6 ? os->sync(os->ctx, file) : os->write(os->ctx, file, data, len, at));
		(void)os->close(os->ctx, file);
	}
}

static void no_crash_image_breaks_what_was_synced(void **state)
{
	(void)state;
	struct hf_rng rng = hf_rng_for("no_crash_image_breaks_what_was_synced");
	struct promise promise = {0};
	for (int run = 0; run < 12; run++) {
		struct sim *sim =
		    sim_new(run % 2 == 0 ? sim_profile_weak() : sim_profile_hostile(), hf_rng_next(&rng));
		sim_add_fault(sim, (struct sim_fault){.kinds = SIM_SYNC | SIM_SYNC_DIR,
		                                      .nth = 9,
		                                      .error = EIO,
		                                      .falsely = run % 3 == 0});
		promise.sim = sim;
		for (int step = 0; step < 40; step++) {
			random_step(sim, &rng);
			struct sim_limits limits = {.product = 16, .samples = 4, .salt = hf_rng_next(&rng)};
			assert_int_equal(sim_each_crash(sim, &limits, promise_kept, &promise, NULL), 0);
		}
		sim_free(sim);
	}
	assert_true(promise.images > 1000);
}

/* --- Checkpoints and damage ------------------------------------------------------------------- */

static void a_rollback_brings_everything_back(void **state)
{
	(void)state;
	struct sim *sim = disk_with_pending(sim_profile_weak(), 3);
	struct hf__os *os = sim_os(sim);
	uint64_t hash = sim_hash(sim);
	sim_checkpoint(sim);
	assert_false(sim_rollback(sim));
	for (int i = 0; i < 3; i++) {
		int file = -1;
		assert_int_equal(os->lock(os->ctx, "LOCK", 0), 0);
		assert_int_equal(file_open(sim, "f", HF__OS_WRITE, &file), 0);
		assert_int_equal(file_write(sim, file, 7, "xyz", 3), 0);
		sync_all(sim, file);
		assert_true(sim_hash(sim) != hash);
		assert_true(sim_rollback(sim));
		assert_int_equal(sim_hash(sim), hash);
		assert_int_equal(sim_pending(sim).sectors, 3);
	}
	sim_free(sim);
}

static void damage_changes_the_hash_and_its_undoing_restores_it(void **state)
{
	(void)state;
	struct sim *sim = disk_with_pending(sim_profile_weak(), 0);
	uint64_t hash = sim_hash(sim);
	uint64_t size = 0;
	char name[SIM_NAME_MAX + 1];
	struct sim_seen *seen = sim_seen_new();
	assert_true(sim_seen_add(seen, hash));
	for (uint64_t bit = 0; bit < 3 * 512 * 8; bit++) {
		assert_true(sim_flip_bit(sim, "f", bit));
		assert_true(sim_seen_add(seen, sim_hash(sim)));
		assert_true(sim_flip_bit(sim, "f", bit));
		assert_int_equal(sim_hash(sim), hash);
	}
	sim_seen_free(seen);
	assert_false(sim_flip_bit(sim, "f", 32 * 512 * 8));
	assert_false(sim_flip_bit(sim, "g", 0));
	sim_checkpoint(sim);
	assert_true(sim_truncate_file(sim, "f", 700));
	assert_true(sim_truncate_file(sim, "f", 1024));
	uint8_t tail[324];
	static const uint8_t zeros[sizeof(tail)];
	assert_true(sim_read_file(sim, "f", 700, tail, sizeof(tail)));
	assert_memory_equal(tail, zeros, sizeof(tail));
	assert_true(sim_rename_file(sim, "f", "g"));
	assert_true(sim_list(sim, 0, name, &size));
	assert_string_equal(name, "g");
	assert_int_equal(size, 1024);
	assert_false(sim_list(sim, 1, name, &size));
	sim_write_file(sim, "h", 10, "abc", 3);
	assert_true(sim_synced(sim, "h", 0, 13));
	assert_true(sim_hash_of(sim, "g") + sim_hash_of(sim, "h") == sim_hash(sim));
	assert_true(sim_remove_file(sim, "h"));
	assert_true(sim_rollback(sim));
	assert_int_equal(sim_hash(sim), hash);
	sim_free(sim);
}

static void a_clone_goes_its_own_way(void **state)
{
	(void)state;
	struct sim *sim = disk_with_pending(sim_profile_weak(), 3);
	struct sim *copy = sim_clone(sim);
	uint64_t hash = sim_hash(sim);
	assert_int_equal(sim_hash(copy), hash);
	assert_int_equal(sim_pending(copy).sectors, 3);
	int file = -1;
	assert_int_equal(file_open(copy, "f", HF__OS_WRITE, &file), 0);
	assert_int_equal(file_write(copy, file, 0, "x", 1), 0);
	assert_true(sim_hash(copy) != hash);
	assert_int_equal(sim_hash(sim), hash);
	assert_int_equal(sim_pending(sim).versions, 3);
	sim_free(copy);
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_see_writes_at_any_offset),
	    cmocka_unit_test(opening_refuses_what_the_seam_says),
	    cmocka_unit_test(a_removed_file_stays_readable_while_open),
	    cmocka_unit_test(listing_gives_every_name_and_ends_early),
	    cmocka_unit_test(one_opener_holds_the_lock_until_it_unlocks_or_dies),
	    cmocka_unit_test(files_left_open_at_unlock_are_counted),
	    cmocka_unit_test(a_kill_keeps_the_cache_and_the_boot),
	    cmocka_unit_test(clocks_move_when_told),
	    cmocka_unit_test(random_bytes_repeat_with_the_seed),
	    cmocka_unit_test(an_unsafe_file_system_says_so),
	    cmocka_unit_test(a_fault_hits_the_calls_it_names),
	    cmocka_unit_test(an_observer_walks_the_crash_images_before_every_call),
	    cmocka_unit_test(every_subset_of_ten_sectors_and_all_directory_changes_is_walked_once),
	    cmocka_unit_test(many_sectors_are_sampled_and_the_disk_is_not_disturbed),
	    cmocka_unit_test(a_walk_ends_when_asked),
	    cmocka_unit_test(a_survivor_of_a_later_write_counts_as_reordered),
	    cmocka_unit_test(no_crash_image_breaks_what_was_synced),
	    cmocka_unit_test(a_rollback_brings_everything_back),
	    cmocka_unit_test(damage_changes_the_hash_and_its_undoing_restores_it),
	    cmocka_unit_test(a_clone_goes_its_own_way),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
