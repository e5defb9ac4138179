/* tier: fast */
/* See test_sim_walk.c. */
#include "os/sim_walk.h"

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
