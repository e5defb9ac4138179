/* tier: fast */
/* The simulated machine around its disk: the seam's manners, faults, observers, the walk over
 * crash images, checkpoints and damage. */
#include "os/sim_walk.h"

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
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
