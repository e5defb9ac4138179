/* tier: fast, threads */
/* Backups on a real disk beside writers and compactions: each opens, is clean, holds what was
 * acknowledged before it began, and becomes a store. Second names: nothing that the store does
 * later changes a byte, and no name keeps it from being opened. */
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/backup/beside_case.h"

enum { ROUNDS = 20, WRITERS = 4, KILLS = 12 };

static void backups_beside_writers_hold_what_was_acknowledged(void **state)
{
	struct real_store *real = *state;
	assert_int_equal(
	    real_open_at(real, NULL, (struct hf_options){.create = true, .segment_size = SEGMENT}),
	    HF_OK);
	beside_run(real, ROUNDS, WRITERS);
}

/* --- Second names ----------------------------------------------------------------------------- */

/* Writes until it is killed. */
static pid_t start_writer(const struct real_store *real, int ready)
{
	const pid_t child = fork();
	if (child != 0)
		return child;
	const struct hf_options options = {.create = true,
	                                   .allow_unsafe_fs = true,
	                                   .segment_size = 16 << 10,
	                                   .compact_bytes = 64 << 10};
	hf_store *store;
	char done = hf_open(real->path, &options, &store, NULL) == HF_OK;
	for (unsigned i = 0; done; i++) {
		if (i == 40 && write(ready, &done, 1) != 1)
			break;
		done = writers_put(store, i % 7, i, HF_DURABLE) == HF_OK;
	}
	(void)!write(ready, "", 1); /* a zero: it failed */
	_exit(1);
}

static uint64_t count_linked(const char *path)
{
	uint64_t linked = 0;
	DIR *dir = opendir(path);
	assert_non_null(dir);
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
		struct stat st;
		if (entry->d_name[0] != '.' && fstatat(dirfd(dir), entry->d_name, &st, 0) == 0)
			linked += st.st_nlink > 1;
	}
	(void)closedir(dir);
	return linked;
}

static void backup_linked(struct real_store *real, const char *name)
{
	const struct hf_backup_options options = {.link = true};
	struct hf_error error = {0};
	if (hf_backup(real->path, real_beside(real, name), &options, NULL, &error) != HF_OK)
		fail_msg("backup: %s", error.text);
}

/* A writer that is killed at any moment, with second names taken just before. */
static void second_names_keep_no_store_from_being_opened(void **state)
{
	struct real_store *real = *state;
	/* No compaction but the one that is asked for: it would be refused beside another. */
	const struct hf_options unasked = {.compact_bytes = UINT64_MAX};
	uint64_t hashes[KILLS], linked = 0;
	char name[32];
	for (unsigned i = 0; i < KILLS; i++) {
		int ends[2];
		char done = 0;
		assert_int_equal(pipe(ends), 0);
		const pid_t child = start_writer(real, ends[1]);
		assert_true(child > 0);
		assert_true(read(ends[0], &done, 1) == 1 && done == 1);
		(void)snprintf(name, sizeof name, "linked-%u", i);
		backup_linked(real, name);
		assert_int_equal(kill(child, SIGKILL), 0);
		assert_int_equal(waitpid(child, NULL, 0), child);
		(void)close(ends[0]);
		(void)close(ends[1]);
		beside_clean(real_beside(real, name));
		/* What a compaction that was killed left is no damage. */
		if (hf_fsck(real->path, NULL, NULL, NULL, NULL, &real->error) != HF_OK)
			fail_msg("fsck: %s", real->error.text);
		hashes[i] = beside_hash(real_beside(real, name));
		linked += count_linked(real_beside(real, name));
		if (real_open_at(real, NULL, unasked) != HF_OK)
			fail_msg("open: %s", real->error.text);
		assert_int_equal(writers_put(real->store, 0, 1, HF_DURABLE), HF_OK);
		if (i % 3 == 0 && hf_compact(real->store, &real->error) != HF_OK)
			fail_msg("compact: %s: %s", hf_code_name(real->error.code), real->error.text);
		real_close(real);
	}
	assert_true(linked > KILLS);
	for (unsigned i = 0; i < KILLS; i++) {
		(void)snprintf(name, sizeof name, "linked-%u", i);
		assert_int_equal(beside_hash(real_beside(real, name)), hashes[i]);
	}
}

/* The segment that a writer goes on with never has a second name, though it is idle meanwhile. */
static void what_is_written_later_gets_no_second_name(void **state)
{
	struct real_store *real = *state;
	const struct hf_options small = {.create = true, .no_background = true, .segment_size = 16384};
	uint64_t hashes[4];
	char name[32];
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(real_open_at(real, NULL, small), HF_OK);
		for (unsigned n = 0; n < 9; n++)
			assert_int_equal(writers_put(real->store, n % 7, n, HF_DURABLE), HF_OK);
		(void)snprintf(name, sizeof name, "idle-%u", i);
		backup_linked(real, name);
		hashes[i] = beside_hash(real_beside(real, name));
		assert_int_equal(writers_put(real->store, 0, 1, HF_DURABLE), HF_OK);
		if (i == 2)
			assert_int_equal(hf_compact(real->store, NULL), HF_OK);
		real_close(real);
	}
	for (unsigned i = 0; i < 4; i++) {
		(void)snprintf(name, sizeof name, "idle-%u", i);
		assert_int_equal(beside_hash(real_beside(real, name)), hashes[i]);
		beside_clean(real_beside(real, name));
	}
}

/* --- Rights ----------------------------------------------------------------------------------- */

static void an_opening_changes_no_byte_of_a_backup(void **state)
{
	struct real_store *real = *state;
	hf_store *store = NULL;
	struct hf_error error = {0};
	real_open(real);
	assert_int_equal(real_enqueue(real, "a", 10), HF_OK);
	assert_int_equal(hf_backup(real->path, real_beside(real, "b"), NULL, NULL, &error), HF_OK);
	assert_int_equal(unlink(real_beside(real, "b/LOCK")), 0);
	const uint64_t before = beside_hash(real_beside(real, "b"));
	const struct hf_options create = {.create = true, .allow_unsafe_fs = true};
	assert_int_equal(hf_open(real_beside(real, "b"), &create, &store, &error), HF_EREADONLY);
	assert_non_null(strstr(error.text, "holdfast restore"));
	assert_int_equal(beside_hash(real_beside(real, "b")), before);
	assert_int_equal(access(real_beside(real, "b/LOCK"), F_OK), -1);
	assert_int_equal(hf_open_read(real_beside(real, "b"), NULL, &store, NULL), HF_OK);
	assert_int_equal(hf_close(store, NULL), HF_OK);
	/* Without its LOCK, too, an older backup goes. */
	assert_int_equal(hf_backup(real->path, real_beside(real, "b"), NULL, NULL, &error), HF_OK);
	beside_clean(real_beside(real, "b"));
	struct stat st;
	assert_int_equal(stat(real_beside(real, "b/WITNESS"), &st), 0);
	assert_true((st.st_mode & 07777) == 0600 && st.st_nlink == 1);
}

static void odd_paths_have_codes_of_their_own(void **state)
{
	struct real_store *real = *state;
	struct hf_error error = {0};
	real_open(real);
	assert_int_equal(hf_backup(NULL, "x", NULL, NULL, &error), HF_EINVAL);
	assert_int_equal(hf_backup(real->path, "", NULL, NULL, &error), HF_EINVAL);
	assert_int_equal(hf_backup(real_beside(real, "no"), real_beside(real, "b"), NULL, NULL, &error),
	                 HF_ENOTFOUND);
	assert_int_equal(hf_backup(real->base, real_beside(real, "b"), NULL, NULL, &error),
	                 HF_ENOTFOUND);
	assert_int_equal(hf_backup(real->path, real_beside(real, "no/b"), NULL, NULL, &error),
	                 HF_EACCESS);
	assert_int_equal(hf_backup(real->path, "/", NULL, NULL, &error), HF_EACCESS);
	assert_int_equal(hf_backup(real->path, "/proc/x", NULL, NULL, &error), HF_EACCESS);
	assert_int_equal(hf_backup(real->path, real->path, NULL, NULL, &error), HF_ECONFLICT);
	assert_int_equal(
	    hf_restore(real_beside(real, "no"), real_beside(real, "t"), NULL, NULL, &error),
	    HF_ENOTFOUND);
	assert_int_equal(hf_restore(real->path, NULL, NULL, NULL, &error), HF_EINVAL);
	const struct hf_restore_options wait = {.wait_us = -2};
	assert_int_equal(hf_restore(real->path, real_beside(real, "t"), &wait, NULL, &error),
	                 HF_EINVAL);
	assert_int_equal(access(real_beside(real, "b"), F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(backups_beside_writers_hold_what_was_acknowledged,
	                                    real_setup, real_teardown),
	    cmocka_unit_test_setup_teardown(second_names_keep_no_store_from_being_opened, real_setup,
	                                    real_teardown),
	    cmocka_unit_test_setup_teardown(what_is_written_later_gets_no_second_name, real_setup,
	                                    real_teardown),
	    cmocka_unit_test_setup_teardown(an_opening_changes_no_byte_of_a_backup, real_setup,
	                                    real_teardown),
	    cmocka_unit_test_setup_teardown(odd_paths_have_codes_of_their_own, real_setup,
	                                    real_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
