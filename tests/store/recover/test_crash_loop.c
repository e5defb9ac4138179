/* tier: fast, threads */
/* Lives of a store that end by a kill: what they leave on the disk, and what each opening reads,
 * follows from what was used and from nothing else. */
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/crash/crash_play.h"
#include "lib/crash/life.h"
#include "lib/remove_tree.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"

enum { LIVES = 30, MIB = 1 << 20, BLOCK = 4096, BIG = 64 << 10 };

/* What a life does between opening and end. */
struct life {
	const char *name;
	size_t bytes; /* of its one item; 0: it writes nothing after the first life */
	enum hf_durability durability;
	unsigned clean_every; /* one in so many is closed; 0: none */
	bool maintained;
	bool killed_when_prepared; /* between making the next segment and writing to it */
};

static hf_store *open_sim(struct sim *sim, bool create)
{
	const struct hf_options options = {.create = create, .no_background = true};
	struct hf_error error = {0};
	hf_store *store = NULL;
	const int rc = hf__store_open(sim_os(sim), hf__all_domains(), &options, &store, &error);
	if (rc != HF_OK)
		fail_msg("open: %s: %s", hf_code_name(rc), error.text);
	return store;
}

static void live(struct sim *sim, const struct life *life)
{
	/* bytes of log, in blocks; most that an opening read beyond that */
	uint64_t used = 0, most = 0;
	uint32_t segment = 0;
	unsigned items = 0;
	uint64_t before_life = 0; /* what the log held before this life */
	for (unsigned i = 0; i < LIVES; i++) {
		struct hf_info info = {0};
		const uint64_t before = sim_bytes_read(sim);
		hf_store *store = open_sim(sim, i == 0);
		const uint64_t read = sim_bytes_read(sim) - before;
		most = read > used && read - used > most ? read - used : most;
		assert_int_equal(life_pending(store), items);
		if (i == 0 || life->bytes > 0) {
			if (life->killed_when_prepared && i % 2)
				sim_add_fault(sim, (struct sim_fault){.kinds = SIM_WRITE,
				                                      .name = "WITNESS",
				                                      .error = 5,
				                                      .persistent = true});
			items += life_enqueue(store, i, life->bytes ? life->bytes : 1, life->durability,
			                      NULL) == HF_OK;
			sim_clear_faults(sim);
		}
		if (life->maintained)
			(void)!hf_maintain(store, 0, NULL);
		assert_int_equal(hf_get_info(store, &info, NULL), HF_OK);
		if (info.segment != segment)
			before_life = used;
		segment = info.segment;
		used = before_life + (info.segment_offset + BLOCK - 1) / BLOCK * BLOCK;
		if (life->clean_every && i % life->clean_every == 0)
			assert_int_equal(hf_close(store, NULL), HF_OK);
		else
			play_kill(sim, store);
	}
	printf("figure: crash loop, %s: %u lives leave %llu KiB on disk, %llu KiB of them used; an "
	       "opening reads at most %llu KiB more than "
	       "that\n",
	       life->name, LIVES, (unsigned long long)sim_used(sim) >> 10,
	       (unsigned long long)used >> 10, (unsigned long long)most >> 10);
	assert_true(most <= MIB);
	assert_true(sim_used(sim) <= used + MIB + MIB / 4);
	if (life->bytes < BLOCK)
		assert_true(sim_used(sim) <= 3 * MIB);
	hf_store *store = open_sim(sim, false);
	assert_int_equal(life_pending(store), items);
	assert_int_equal(hf_close(store, NULL), HF_OK);
}

static void a_killed_store_keeps_no_more_than_it_used(void **state)
{
	static const struct life lives[] = {
	    {"one item", 1, HF_DURABLE, 0, false, false},
	    {"one item, mode os", 1, HF_OS, 0, false, false},
	    {"one item, with upkeep", 1, HF_DURABLE, 0, true, false},
	    {"64 KiB", BIG, HF_DURABLE, 0, false, false},
	    {"64 KiB, mode os, with upkeep", BIG, HF_OS, 0, true, false},
	    {"nothing", 0, HF_DURABLE, 0, false, false},
	    {"one item, every other stop clean", 1, HF_DURABLE, 2, false, false},
	    {"64 KiB, every third stop clean", BIG, HF_DURABLE, 3, true, false},
	    {"one item, every other life killed with an unused segment", 1, HF_DURABLE, 0, false, true},
	};
	(void)state;
	for (size_t i = 0; i < sizeof lives / sizeof lives[0]; i++) {
		struct sim *sim = sim_new(i % 2 ? sim_profile_forgetful() : sim_profile_weak(), i);
		live(sim, &lives[i]);
		sim_free(sim);
	}
}

/* --- On a real disk --------------------------------------------------------------------------- */

static uint64_t bytes_in(const char *path)
{
	uint64_t bytes = 0;
	DIR *dir = opendir(path);
	assert_non_null(dir);
	for (const struct dirent *entry; (entry = readdir(dir));) {
		struct stat st;
		if (entry->d_name[0] != '.' && fstatat(dirfd(dir), entry->d_name, &st, 0) == 0)
			bytes += (uint64_t)st.st_size;
	}
	(void)closedir(dir);
	return bytes;
}

static void thirty_killed_processes_leave_no_three_mebibytes(void **state)
{
	char path[] = "/tmp/hf-loop-XXXXXX";
	hf_store *store = NULL;
	(void)state;
	assert_non_null(mkdtemp(path));
	for (unsigned i = 0; i < LIVES; i++)
		life_killed(path, i, 1, 1);
	printf("figure: crash loop, processes: %u lives leave %llu KiB on disk\n", LIVES,
	       (unsigned long long)bytes_in(path) >> 10);
	assert_true(bytes_in(path) <= 3 * MIB);
	assert_int_equal(hf_open(path, NULL, &store, NULL), HF_OK);
	assert_int_equal(life_pending(store), LIVES);
	assert_int_equal(hf_close(store, NULL), HF_OK);
	remove_tree(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_killed_store_keeps_no_more_than_it_used),
	    cmocka_unit_test(thirty_killed_processes_leave_no_three_mebibytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
