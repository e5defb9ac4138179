/* tier: fast, threads */
/* Disks without room: a refusal is clean, cheap and remembered, what needs little gets little,
 * and nothing is written for nothing. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "full_disk_case.h"
#include "lib/crash/crash_play.h"
#include "lib/remove_tree.h"
#include "store/check/readonly.h"

#define SECOND INT64_C(1000001)

enum { MIB = 1 << 20, FIRST = 512 << 10 };

/* --- At every capacity ------------------------------------------------------------------------ */

/* What a store without room does: nothing. */
static void stays_quiet(struct sim *sim, hf_store *store, unsigned number)
{
	assert_int_equal(enqueue(store, number, 1), HF_ENOSPACE);
	assert_int_equal(hf_maintain(store, 0, &error), HF_OK); /* the witness's last word is synced */
	const uint64_t version = sim_version(sim);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(enqueue(store, number, 1), HF_ENOSPACE);
		assert_int_equal(hf_maintain(store, 0, &error), HF_OK);
		sim_advance(sim, SECOND);
		assert_int_equal(hf_maintain(store, 0, &error), HF_OK);
		assert_int_equal(enqueue(store, number, 1), HF_ENOSPACE);
	}
	assert_true(sim_version(sim) == version);
}

static void a_full_disk_is_left_alone_at_every_capacity(void **state)
{
	unsigned stores = 0, refused = 0;
	(void)state;
	for (uint64_t capacity = 12 * KIB; capacity < 700 * KIB;
	     capacity += stores < 20 ? 3 * KIB : 37 * KIB) {
		struct sim *sim = new_disk(stores % 2);
		hf_store *store = NULL;
		sim_set_capacity(sim, capacity);
		const int rc = try_open(sim, 0, &store);
		stores++;
		if (rc != HF_OK) {
			assert_int_equal(rc, HF_ENOSPACE);
			assert_true(capacity < 40 * KIB); /* 16 KiB of log will do */
			refused++;
			sim_free(sim);
			continue;
		}
		const unsigned items = fill_up(store);
		assert_true(items > 0);
		stays_quiet(sim, store, items);
		play_kill(sim, store);
		store = open_sized(sim, 0);
		assert_int_equal(life_pending(store), items);
		play_kill(sim, store);
		/* A little room, and work can be done that makes more of it. */
		uint64_t room = 0;
		assert_int_equal(sim_os(sim)->room(sim_os(sim)->ctx, &room), 0);
		sim_set_capacity(sim, capacity - room + 3 * BLOCK);
		store = open_sized(sim, 0);
		assert_int_equal(life_remove(store, 0, &error), HF_OK);
		assert_int_equal(life_pending(store), items - 1);
		close_store(store);
		sim_free(sim);
	}
	printf("figure: full disk: %u capacities, %u of them too small for a store\n", stores, refused);
}

/* --- Sizes ------------------------------------------------------------------------------------ */

static void as_large_a_segment_is_made_as_there_is_room_for(void **state)
{
	(void)state;
	for (unsigned promises = 0; promises < 2; promises++) {
		struct sim *sim = new_disk(promises);
		hf_store *store = open_sized(sim, 0);
		uint64_t size = 0;
		for (unsigned i = 0; info_of(store).segment_offset < FIRST - 104 * KIB; i++)
			assert_int_equal(enqueue(store, i, 32 * KIB), HF_OK);
		sim_set_capacity(sim, sim_used(sim) + 300 * KIB);
		assert_int_equal(enqueue(store, 1000, 112 * KIB), HF_OK); /* 1 MiB is wanted */
		assert_true(sim_file_size(sim, "segment-00000002", &size));
		assert_int_equal(size, 256 * KIB);
		close_store(store);
		sim_free(sim);
	}
}

/* Killed with nearly all of a segment unused. */
static void after_a_kill_a_few_blocks_will_do(void **state)
{
	(void)state;
	struct sim *sim = new_disk(true);
	hf_store *store = open_sized(sim, 0);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(enqueue(store, i, 100), HF_OK);
	play_kill(sim, store);
	sim_set_capacity(sim, sim_used(sim) + 2 * BLOCK);
	store = open_sized(sim, 0);
	assert_int_equal(life_remove(store, 1, &error), HF_OK);
	assert_int_equal(life_pending(store), 2);
	/* What the old segment did not use is free again. */
	assert_int_equal(enqueue(store, 9, 64 * KIB), HF_OK);
	close_store(store);
	sim_free(sim);
}

/* Killed with much of a segment unused, on a disk where somebody else took the rest. */
static void after_a_kill_the_unused_room_of_the_old_segment_will_do(void **state)
{
	(void)state;
	struct sim *sim = new_disk(true);
	hf_store *store = open_sized(sim, 0);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(enqueue(store, i, 100), HF_OK);
	uint64_t room = 0;
	sim_set_capacity(sim, 4 * MIB);
	assert_int_equal(sim_os(sim)->room(sim_os(sim)->ctx, &room), 0);
	sim_set_capacity(sim, 4 * MIB - room);
	play_kill(sim, store);
	for (unsigned i = 0; i < 3; i++) {
		store = open_sized(sim, 0);
		assert_int_equal(life_remove(store, i, &error), HF_OK);
		assert_int_equal(life_pending(store), 2 - i);
		play_kill(sim, store);
	}
	store = open_sized(sim, 0);
	assert_int_equal(enqueue(store, 9, 64 * KIB), HF_OK);
	close_store(store);
	sim_free(sim);
}

/* --- Asking ----------------------------------------------------------------------------------- */

struct counts {
	unsigned writes, asked, made;
};

static void count_calls(void *arg, struct sim *sim, uint64_t index, enum sim_call kind,
                        const char *name)
{
	struct counts *counts = arg;
	(void)sim;
	(void)index;
	(void)name;
	counts->writes += kind == SIM_WRITE;
	counts->asked += kind == SIM_ROOM || kind == SIM_ALLOCATE;
	counts->made += kind == SIM_OPEN || kind == SIM_UNLINK;
}

static void a_refusal_is_remembered_for_a_second(void **state)
{
	(void)state;
	struct sim *sim = new_disk(true);
	struct counts counts = {0};
	hf_store *store = open_sized(sim, 0);
	for (unsigned i = 0; info_of(store).segment_offset < FIRST - 104 * KIB; i++)
		assert_int_equal(enqueue(store, i, 32 * KIB), HF_OK);
	/* There is room by the looks of it, and none when it is asked for: a quota, say. */
	sim_add_fault(sim,
	              (struct sim_fault){.kinds = SIM_ALLOCATE, .error = EDQUOT, .persistent = true});
	assert_int_equal(enqueue(store, 1000, 112 * KIB), HF_ENOSPACE);
	sim_observe(sim, count_calls, &counts);
	for (unsigned i = 0; i < 50; i++)
		assert_int_equal(enqueue(store, 1000, 112 * KIB), HF_ENOSPACE);
	assert_int_equal(counts.asked + counts.made + counts.writes, 0);
	assert_int_equal(enqueue(store, 1001, 1), HF_OK); /* fits where the log is */
	sim_advance(sim, SECOND);
	assert_int_equal(enqueue(store, 1000, 112 * KIB), HF_ENOSPACE);
	assert_true(counts.asked > 0);
	sim_clear_faults(sim);
	assert_int_equal(enqueue(store, 1000, 112 * KIB), HF_ENOSPACE);
	sim_advance(sim, SECOND);
	assert_int_equal(enqueue(store, 1000, 112 * KIB), HF_OK);
	sim_observe(sim, NULL, NULL);
	close_store(store);
	sim_free(sim);
}

/* --- In slices -------------------------------------------------------------------------------- */

static hf_store *half_full(struct sim *sim)
{
	hf_store *store = open_sized(sim, 0);
	for (unsigned i = 0; info_of(store).segment_offset < FIRST * 5 / 8; i++)
		assert_int_equal(enqueue(store, i, 32 * KIB), HF_OK);
	return store;
}

static void upkeep_makes_the_next_segment_within_its_budget(void **state)
{
	(void)state;
	struct sim *sim = new_disk(true);
	struct counts counts = {0};
	hf_store *store = half_full(sim);
	unsigned rounds = 0;
	uint64_t size = 0;
	sim_observe(sim, count_calls, &counts);
	while (!sim_file_size(sim, "segment-00000002", &size) && rounds++ < 1000) {
		counts.writes = 0;
		assert_int_equal(hf_maintain(store, 1, &error), HF_OK);
		assert_true(counts.writes <= 16);
	}
	printf("figure: %u rounds of hf_maintain(1 us) make a segment of %llu KiB, at most 16 blocks "
	       "each\n",
	       rounds, (unsigned long long)size >> 10);
	assert_int_equal(size, MIB);
	sim_observe(sim, NULL, NULL);
	close_store(store);
	sim_free(sim);
}

static void a_commit_goes_on_with_a_segment_that_is_half_made(void **state)
{
	(void)state;
	struct sim *sim = new_disk(true);
	struct counts counts = {0};
	hf_store *store = half_full(sim);
	for (unsigned i = 0; i < 14; i++)
		assert_int_equal(hf_maintain(store, 1, &error), HF_OK);
	sim_observe(sim, count_calls, &counts);
	unsigned number = 500;
	while (info_of(store).segment == 1)
		assert_int_equal(enqueue(store, number++, 60 * KIB), HF_OK);
	assert_true(counts.writes < MIB / BLOCK - 150);
	sim_observe(sim, NULL, NULL);
	close_store(store);
	sim_free(sim);
}

static void what_is_half_made_is_gone_after_closing_and_after_the_next_first_commit(void **state)
{
	char name[SIM_NAME_MAX + 1];
	(void)state;
	for (unsigned killed = 0; killed < 2; killed++) {
		struct sim *sim = new_disk(true);
		uint64_t size = 0;
		hf_store *store = half_full(sim);
		assert_int_equal(hf_maintain(store, 1, &error), HF_OK);
		assert_true(sim_file_size(sim, "segment-00000002.tmp", &size));
		if (killed) {
			play_kill(sim, store);
			store = open_sized(sim, 0);
			/* opening changes nothing */
			assert_true(sim_file_size(sim, "segment-00000002.tmp", &size));
			assert_int_equal(enqueue(store, 900, 1), HF_OK);
		} else {
			close_store(store);
		}
		for (size_t i = 0; sim_list(sim, i, name, &size); i++)
			assert_null(strstr(name, ".tmp"));
		if (killed)
			close_store(store);
		sim_free(sim);
	}
}

static void an_idle_store_writes_nothing(void **state)
{
	(void)state;
	struct sim *sim = new_disk(true);
	hf_store *store = half_full(sim);
	close_store(store);
	store = open_sized(sim, 0);
	const uint64_t version = sim_version(sim);
	for (unsigned i = 0; i < 5; i++) {
		sim_advance(sim, SECOND);
		assert_int_equal(hf_maintain(store, 0, &error), HF_OK);
	}
	assert_true(sim_version(sim) == version);
	close_store(store);
	sim_free(sim);
}

/* --- Copying on write ------------------------------------------------------------------------- */

static void no_damage(void *arg, const struct hf_fsck_finding *finding)
{
	(void)arg;
	assert_true(finding->severity != HF_FSCK_DAMAGE && finding->severity != HF_FSCK_IO);
}

static void without_room_to_write_the_same_bytes_opening_is_refused_and_reading_works(void **state)
{
	(void)state;
	struct sim *sim = new_disk(true);
	hf_store *store = open_sized(sim, 0);
	struct hf_fsck_summary summary = {0};
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(enqueue(store, i, 100), HF_OK);
	play_kill(sim, store);
	sim_set_copies(sim, true);
	sim_set_capacity(sim, sim_used(sim));
	const uint64_t before = sim_hash(sim);
	for (unsigned i = 0; i < 2; i++) {
		store = NULL;
		assert_int_equal(try_open(sim, 0, &store), HF_ENOSPACE);
		assert_null(store);
	}
	assert_int_equal(
	    hf__fsck(sim_os(sim), hf__all_domains(), NULL, no_damage, NULL, &summary, &error), HF_OK);
	assert_int_equal(summary.verdict, HF_OK);
	assert_int_equal(summary.entries, 3);
	assert_true(sim_hash(sim) == before);
	sim_set_capacity(sim, sim_used(sim) + MIB);
	store = open_sized(sim, 0);
	assert_int_equal(life_pending(store), 3);
	close_store(store);
	sim_free(sim);
}

/* --- A real disk ------------------------------------------------------------------------------ */

static uint64_t free_bytes(const char *path)
{
	struct statvfs st;
	assert_int_equal(statvfs(path, &st), 0);
	return (uint64_t)st.f_bavail * st.f_frsize;
}

static char mounted[] = "/tmp/hf-full-XXXXXX";

static void mount_small(char *where, size_t cap)
{
	memcpy(mounted + sizeof mounted - 7, "XXXXXX", 6);
	assert_non_null(mkdtemp(mounted));
	if (mount("tmpfs", mounted, "tmpfs", 0, "size=3m,mode=700") != 0) {
		assert_int_equal(rmdir(mounted), 0);
		printf("SKIP: this machine does not let a test mount\n");
		skip();
	}
	(void)snprintf(where, cap, "%s/store", mounted);
}

static void unmount_small(const char *where)
{
	remove_tree(where);
	assert_int_equal(umount2(mounted, MNT_DETACH), 0);
	assert_int_equal(rmdir(mounted), 0);
}

/* To the last byte, by somebody else. */
static void take_the_rest(void)
{
	static const uint8_t bytes[BLOCK];
	char name[64];
	(void)snprintf(name, sizeof name, "%s/other", mounted);
	const int file = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(file >= 0);
	while (write(file, bytes, sizeof bytes) > 0)
		;
	assert_int_equal(close(file), 0);
	assert_int_equal(free_bytes(mounted), 0);
}

static void a_killed_store_on_a_full_file_system_can_be_emptied(void **state)
{
	char where[64];
	hf_store *store = NULL;
	(void)state;
	mount_small(where, sizeof where);
	life_killed(where, 0, 2, 100);
	take_the_rest();
	assert_int_equal(hf_open(where, NULL, &store, &error), HF_OK);
	assert_int_equal(life_remove(store, 0, &error), HF_OK);
	assert_int_equal(life_pending(store), 1);
	close_store(store);
	unmount_small(where);
}

static void a_full_file_system_in_memory_is_left_alone(void **state)
{
	char where[64];
	const struct hf_options options = {.create = true};
	hf_store *store = NULL;
	(void)state;
	mount_small(where, sizeof where);
	assert_int_equal(hf_open(where, &options, &store, &error), HF_OK);
	const unsigned items = fill_up(store);
	const uint64_t left = free_bytes(mounted);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(enqueue(store, items, 1), HF_ENOSPACE);
	assert_true(free_bytes(mounted) == left);
	close_store(store);
	store = NULL;
	assert_int_equal(hf_open(where, NULL, &store, &error), HF_OK);
	assert_int_equal(life_pending(store), items);
	close_store(store);
	unmount_small(where);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_full_disk_is_left_alone_at_every_capacity),
	    cmocka_unit_test(as_large_a_segment_is_made_as_there_is_room_for),
	    cmocka_unit_test(after_a_kill_a_few_blocks_will_do),
	    cmocka_unit_test(after_a_kill_the_unused_room_of_the_old_segment_will_do),
	    cmocka_unit_test(a_refusal_is_remembered_for_a_second),
	    cmocka_unit_test(upkeep_makes_the_next_segment_within_its_budget),
	    cmocka_unit_test(a_commit_goes_on_with_a_segment_that_is_half_made),
	    cmocka_unit_test(what_is_half_made_is_gone_after_closing_and_after_the_next_first_commit),
	    cmocka_unit_test(an_idle_store_writes_nothing),
	    cmocka_unit_test(without_room_to_write_the_same_bytes_opening_is_refused_and_reading_works),
	    cmocka_unit_test(a_full_file_system_in_memory_is_left_alone),
	    cmocka_unit_test(a_killed_store_on_a_full_file_system_can_be_emptied),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
