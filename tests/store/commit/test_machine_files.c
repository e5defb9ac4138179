/* tier: fast, threads */
/* What may happen to the files of a running store: removed, replaced, moved, linked, closed
 * beneath it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/real_store.h"
#include "lib/test.h"

/* The code of opening the store in this process or another, without keeping it. */
static int open_once(void *arg)
{
	const struct real_store *real = arg;
	const struct hf_options options = {.no_background = true, .allow_unsafe_fs = true};
	hf_store *store;
	const int rc = hf_open(real->path, &options, &store, NULL);
	if (rc == HF_OK)
		(void)hf_close(store, NULL);
	return rc;
}

static void copy_file(const char *from, const char *to)
{
	char command[512];
	(void)snprintf(command, sizeof command, "cp -a '%s' '%s'", from, to);
	assert_int_equal(system(command), 0);
}

/* After a second at most the store has noticed: nothing more is acknowledged. */
static void assert_fails(struct real_store *real)
{
	real_sleep_ms(1050);
	assert_int_equal(real_enqueue(real, "late", 10), HF_EUNCERTAIN);
	assert_int_equal(real_enqueue(real, "later", 10), HF_EFAILED);
	assert_non_null(strstr(real->error.text, "replaced, removed, cut or closed"));
	assert_int_equal(hf_close(real->store, NULL), HF_EFAILED);
	real->store = NULL;
}

static void a_removed_lock_file_admits_no_second_writer(void **state)
{
	struct real_store *real = *state;
	real_open(real);
	assert_int_equal(real_enqueue(real, "a", 10), HF_OK);
	assert_int_equal(unlink(real_file(real, "LOCK")), 0);
	assert_int_equal(real_in_child(open_once, real), HF_ELOCKED);
	assert_int_equal(open_once(real), HF_ELOCKED);
	assert_int_equal(real_in_child(open_once, real), HF_ELOCKED);
	assert_fails(real);
	assert_int_equal(open_once(real), HF_OK);
}

/* A copy takes the file's name: the file is gone, has none until then, or has another one. */
static void a_file_that_was_removed_or_replaced_fails_the_store(void **state)
{
	enum { REMOVED, REPLACED, MOVED, WAYS };
	char segment[24];
	const char *const names[] = {"LOCK", "WITNESS", segment};
	struct real_store *real = *state;
	for (unsigned i = 0; i < 3 * WAYS; i++) {
		const char *name = names[i / WAYS];
		struct hf_info info = {0};
		char id[8];
		(void)snprintf(id, sizeof id, "%u", i);
		real_open(real);
		assert_int_equal(real_enqueue(real, id, 10), HF_OK);
		assert_int_equal(hf_get_info(real->store, &info, NULL), HF_OK);
		(void)snprintf(segment, sizeof segment, "segment-%08x", info.segment);
		copy_file(real_file(real, name), real_beside(real, "copy"));
		if (i % WAYS == REMOVED)
			assert_int_equal(unlink(real_file(real, name)), 0);
		if (i % WAYS == MOVED)
			assert_int_equal(rename(real_file(real, name), real_beside(real, "moved")), 0);
		if (i % WAYS != REMOVED)
			assert_int_equal(rename(real_beside(real, "copy"), real_file(real, name)), 0);
		assert_fails(real);
		if (i % WAYS == REMOVED)
			assert_int_equal(rename(real_beside(real, "copy"), real_file(real, name)), 0);
	}
}

static void the_background_thread_notices_without_commits(void **state)
{
	struct real_store *real = *state;
	struct hf_info info = {0};
	assert_int_equal(real_open_at(real, NULL, (struct hf_options){.create = true}), HF_OK);
	assert_int_equal(real_enqueue(real, "a", 10), HF_OK);
	assert_int_equal(unlink(real_file(real, "WITNESS")), 0);
	for (unsigned i = 0; i < 60 && info.fault == 0; i++) {
		real_sleep_ms(50);
		assert_int_equal(hf_get_info(real->store, &info, NULL), HF_OK);
	}
	assert_int_equal(info.fault, HF_EFAILED);
}

static void upkeep_notices_where_there_is_no_thread(void **state)
{
	struct real_store *real = *state;
	real_open(real);
	assert_int_equal(hf_maintain(real->store, 0, NULL), HF_OK);
	assert_int_equal(unlink(real_file(real, "LOCK")), 0);
	real_sleep_ms(1050);
	assert_int_equal(hf_maintain(real->store, 0, NULL), HF_EUNCERTAIN);
	assert_int_equal(hf_maintain(real->store, 0, NULL), HF_EFAILED);
}

static void a_directory_that_was_swapped_fails_the_store(void **state)
{
	struct real_store *real = *state;
	real_open(real);
	assert_int_equal(real_enqueue(real, "a", 10), HF_OK);
	copy_file(real->path, real_beside(real, "copy"));
	assert_int_equal(rename(real->path, real_beside(real, "old")), 0);
	assert_int_equal(rename(real_beside(real, "copy"), real->path), 0);
	assert_fails(real);
}

static void a_directory_that_was_moved_away_is_the_same_store(void **state)
{
	struct real_store *real = *state, there = *real;
	real_open(real);
	assert_int_equal(rename(real->path, real_beside(real, "moved")), 0);
	real_sleep_ms(1050);
	assert_int_equal(real_enqueue(real, "a", 10), HF_OK);
	(void)snprintf(there.path, sizeof there.path, "%s", real_beside(real, "moved"));
	assert_int_equal(real_in_child(open_once, &there), HF_ELOCKED);
	real_close(real);
	assert_int_equal(rename(real_beside(real, "moved"), real->path), 0);
}

static void a_removed_directory_fails_the_store(void **state)
{
	struct real_store *real = *state;
	char command[128];
	real_open(real);
	(void)snprintf(command, sizeof command, "rm -r '%s'", real->path);
	assert_int_equal(system(command), 0);
	/* Nothing was written yet: it needs a segment first, and finds that there is no place for
	 * one. */
	assert_int_equal(real_enqueue(real, "a", 10), HF_EFAILED);
	assert_non_null(strstr(real->error.text, "replaced, removed, cut or closed"));
	(void)hf_close(real->store, NULL);
	real_open(real);
	assert_int_equal(real_enqueue(real, "a", 10), HF_OK);
	assert_int_equal(system(command), 0);
	assert_fails(real);
}

/* `cp -al` of a live store. */
static void a_copy_of_hard_links_changes_nothing_while_the_store_is_open(void **state)
{
	struct real_store *real = *state;
	char command[256];
	struct hf_outbox_items items = {0};
	real_open(real);
	assert_int_equal(real_enqueue(real, "a", 5000), HF_OK);
	(void)snprintf(command, sizeof command, "cp -al '%s' '%s'", real->path,
	               real_beside(real, "backup"));
	assert_int_equal(system(command), 0);
	real_sleep_ms(1050);
	assert_int_equal(real_enqueue(real, "b", 5000), HF_OK);
	const struct hf_outbox_claim_next_args claim = {
	    .queue = hf_str("q"), .max = 2, .owner = hf_str("w")};
	assert_int_equal(hf_outbox_claim_next(real->store, NULL, &claim, &items, NULL, &real->error),
	                 HF_OK);
	assert_int_equal(items.count, 2);
	assert_int_equal(items.items[0].payload.len, 5000);
	hf_release(items.memory);
	real_close(real);
	/* What is written to must have one name. */
	assert_int_equal(open_once(real), HF_EACCESS);
	assert_int_equal(real_open_at(real, NULL, (struct hf_options){0}), HF_EACCESS);
	assert_non_null(strstr(real->error.text, "second name"));
	(void)snprintf(command, sizeof command, "rm -r '%s'", real_beside(real, "backup"));
	assert_int_equal(system(command), 0);
	assert_int_equal(open_once(real), HF_OK);
}

/* Opens, as a daemon does, files of its own at every number that the store has, after closing
 * them. */
static void descriptors_that_the_host_closed_are_not_written_to(void **state)
{
	struct real_store *real = *state;
	struct stat st;
	int numbers[64];
	size_t count = 0;
	real_open(real);
	assert_int_equal(real_enqueue(real, "a", 10), HF_OK);
	for (int fd = 3; fd < 64; fd++) {
		char link[32], target[192] = "";
		(void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
		if (readlink(link, target, sizeof target - 1) > 0 && strstr(target, real->path))
			numbers[count++] = fd;
	}
	assert_true(count >= 4);
	const int victim = open(real_beside(real, "victim"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(victim >= 0);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(dup2(victim, numbers[i]), numbers[i]);
	assert_int_equal(real_enqueue(real, "b", 10), HF_EUNCERTAIN); /* before a second is over */
	assert_int_equal(hf_close(real->store, NULL), HF_EFAILED);
	real->store = NULL;
	assert_int_equal(fstat(victim, &st), 0);
	assert_int_equal(st.st_size, 0);
	for (size_t i = 0; i < count; i++) {
		assert_true(fcntl(numbers[i], F_GETFD) >= 0); /* the host's: not closed with the store */
		(void)close(numbers[i]);
	}
	(void)close(victim);
	assert_int_equal(open_once(real), HF_OK);
}

struct waiting {
	struct real_store *real;
	int rc;
	hf_store *store;
	struct hf_error error;
};

static void *wait_for_it(void *arg)
{
	struct waiting *w = arg;
	const struct hf_options options = {
	    .no_background = true, .allow_unsafe_fs = true, .wait_us = 20000000};
	w->rc = hf_open(w->real->path, &options, &w->store, &w->error);
	return NULL;
}

static void who_waited_for_a_store_gets_the_one_that_lies_there_now(void **state)
{
	struct real_store *real = *state;
	struct waiting w = {.real = real};
	struct hf_info old = {0}, new = {0};
	pthread_t thread;
	char other[80];
	(void)snprintf(other, sizeof other, "%s", real_beside(real, "new"));
	assert_int_equal(
	    real_open_at(real, other, (struct hf_options){.create = true, .no_background = true}),
	    HF_OK);
	assert_int_equal(hf_get_info(real->store, &new, NULL), HF_OK);
	real_close(real);
	real_open(real);
	assert_int_equal(hf_get_info(real->store, &old, NULL), HF_OK);
	assert_int_equal(pthread_create(&thread, NULL, wait_for_it, &w), 0);
	real_sleep_ms(30);
	assert_int_equal(rename(real->path, real_beside(real, "old")), 0);
	assert_int_equal(rename(other, real->path), 0);
	(void)hf_close(real->store, NULL);
	real->store = NULL;
	assert_int_equal(pthread_join(thread, NULL), 0);
	if (w.rc != HF_OK)
		fail_msg("%s", w.error.text);
	assert_int_equal(hf_get_info(w.store, &old, NULL), HF_OK);
	assert_memory_equal(old.uuid, new.uuid, sizeof new.uuid);
	assert_int_equal(hf_close(w.store, NULL), HF_OK);
}

static void who_is_kept_out_hears_who_has_the_store(void **state)
{
	struct real_store *real = *state;
	struct hf_error error = {0};
	hf_store *second;
	char pid[24];
	int told[2];
	const struct hf_options options = {.no_background = true, .allow_unsafe_fs = true};
	real_open(real);
	assert_int_equal(hf_open(real->path, &options, &second, &error), HF_ELOCKED);
	assert_non_null(strstr(error.text, "this process has the store open"));
	assert_int_equal(pipe2(told, O_CLOEXEC), 0);
	(void)fflush(NULL);
	const pid_t child = fork();
	if (child == 0) {
		(void)!hf_open(real->path, &options, &second, &error);
		(void)!write(told[1], &error, sizeof error);
		_exit(0);
	}
	assert_int_equal(read(told[0], &error, sizeof error), sizeof error);
	(void)snprintf(pid, sizeof pid, "pid %d ", (int)getpid());
	assert_int_equal(error.code, HF_ELOCKED);
	if (!strstr(error.text, pid) || !strstr(error.text, "test_machine_f"))
		fail_msg("%s", error.text);
	/* Whatever bytes lie there: one line, escaped. */
	const int fd = open(real_file(real, "LOCK"), O_WRONLY | O_CLOEXEC);
	assert_int_equal(write(fd, "\033[31m\"x\\\0y\nsecond", 16), 16);
	(void)close(fd);
	if (fork() == 0) {
		(void)!hf_open(real->path, &options, &second, &error);
		(void)!write(told[1], &error, sizeof error);
		_exit(0);
	}
	assert_int_equal(read(told[0], &error, sizeof error), sizeof error);
	assert_null(strchr(error.text, 033));
	assert_null(strstr(error.text, "second"));
	(void)close(told[0]);
	(void)close(told[1]);
}

static void a_witness_of_durable_entries_is_not_wiped_by_creating(void **state)
{
	struct real_store *real = *state;
	struct stat before, after;
	real_open(real);
	assert_int_equal(real_enqueue(real, "a", 10), HF_OK);
	real_close(real);
	assert_int_equal(unlink(real_file(real, "IDENTITY")), 0);
	assert_int_equal(unlink(real_file(real, "segment-00000001")), 0);
	assert_int_equal(stat(real_file(real, "WITNESS"), &before), 0);
	assert_int_equal(real_open_at(real, NULL, (struct hf_options){.create = true}), HF_ECORRUPT);
	assert_int_equal(stat(real_file(real, "WITNESS"), &after), 0);
	assert_int_equal(after.st_ino, before.st_ino);
	assert_int_equal(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
}

static void an_odd_path_has_a_code_and_a_sentence_of_its_own(void **state)
{
	struct real_store *real = *state;
	char longer[5000];
	memset(longer, 'x', sizeof longer - 1);
	longer[0] = '/';
	longer[sizeof longer - 1] = '\0';
	const int fd = open(real_beside(real, "file"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	(void)close(fd);
	assert_int_equal(symlink("loop", real_beside(real, "loop")), 0);
	assert_int_equal(mkfifo(real_beside(real, "fifo"), 0600), 0);
	const struct {
		const char *path, *words;
	} cells[] = {
	    {real_beside(real, "file"), "a file is in the way"},
	    {real_beside(real, "file/below"), "a file is in the way"},
	    {real_beside(real, "loop"), "link"},
	    {real_beside(real, "fifo"), "a file is in the way"},
	    {longer, "too long"},
	};
	for (unsigned i = 0; i < 2 * sizeof cells / sizeof cells[0]; i++) {
		const int rc =
		    real_open_at(real, cells[i / 2].path, (struct hf_options){.create = i % 2 == 0});
		if (rc != HF_EACCESS || !strstr(real->error.text, cells[i / 2].words))
			fail_msg("%.60s: %d %s", cells[i / 2].path, rc, real->error.text);
	}
	assert_int_equal(real_open_at(real, real_beside(real, "none"), (struct hf_options){0}),
	                 HF_ENOTFOUND);
	assert_int_equal(
	    real_open_at(real, real_beside(real, "none/below"), (struct hf_options){.create = true}),
	    HF_ENOTFOUND);
	assert_non_null(strstr(real->error.text, "above"));
}

static void an_odd_file_has_a_code_and_a_sentence_of_its_own(void **state)
{
	static const char *const names[] = {"LOCK", "WITNESS", "IDENTITY", "segment-00000001"};
	struct real_store *real = *state;
	real_open(real);
	assert_int_equal(real_enqueue(real, "a", 10), HF_OK);
	real_close(real);
	for (unsigned i = 0; i < 4; i++) {
		for (unsigned how = 0; how < 3; how++) {
			char name[192];
			(void)snprintf(name, sizeof name, "%s", real_file(real, names[i]));
			assert_int_equal(rename(name, real_beside(real, "kept")), 0);
			assert_int_equal(how == 0   ? symlink(real_beside(real, "kept"), name)
			                 : how == 1 ? mkdir(name, 0700)
			                            : mkfifo(name, 0600),
			                 0);
			const int rc = real_open_at(real, NULL, (struct hf_options){.no_background = true});
			if (rc != HF_EACCESS || !strstr(real->error.text, "in the way"))
				fail_msg("%s, %u: %d %s", names[i], how, rc, real->error.text);
			assert_int_equal(how == 1 ? rmdir(name) : unlink(name), 0);
			assert_int_equal(rename(real_beside(real, "kept"), name), 0);
		}
	}
	assert_int_equal(open_once(real), HF_OK);
}

/* Fills segments until the one being written has a number above `number`. */
static void fill_beyond(struct real_store *real, const char *path, uint32_t number)
{
	const struct hf_options options = {
	    .create = true, .no_background = true, .segment_size = 16384};
	struct hf_info info = {0};
	assert_int_equal(real_open_at(real, path, options), HF_OK);
	for (unsigned i = 0; i < 100 && info.segment <= number; i++) {
		char id[16];
		(void)snprintf(id, sizeof id, "%u-%u", number, i);
		assert_int_equal(real_enqueue(real, id, 9000), HF_OK);
		assert_int_equal(hf_get_info(real->store, &info, NULL), HF_OK);
	}
	assert_true(info.segment > number);
}

/* A file that somebody put among the leftovers may be the only copy of what it holds. */
static void upkeep_removes_no_segment_of_another_store(void **state)
{
	struct real_store *real = *state;
	char other[80];
	(void)snprintf(other, sizeof other, "%s", real_beside(real, "other"));
	fill_beyond(real, other, 5);
	real_close(real);
	fill_beyond(real, NULL, 0);
	real_close(real);
	char from[160];
	(void)snprintf(from, sizeof from, "%s/segment-00000005", other);
	copy_file(from, real_file(real, "segment-00000005"));
	const int fd = open(real_file(real, "segment-00000004"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, "nonsense", 8), 8); /* this one is a leftover and nothing else */
	(void)close(fd);
	fill_beyond(real, NULL, 7);
	assert_int_equal(hf_maintain(real->store, 0, &real->error), HF_OK);
	assert_int_equal(hf_maintain(real->store, 0, &real->error), HF_OK);
	assert_int_equal(access(real_file(real, "segment-00000005"), F_OK), 0);
	assert_int_equal(access(real_file(real, "segment-00000004"), F_OK), -1);
}

/* Nothing is written to them any more, but without them the store is none. */
static void history_that_was_removed_fails_the_store(void **state)
{
	static const char *const names[] = {"IDENTITY", "segment-00000001", "segment-00000002"};
	struct real_store *real = *state;
	fill_beyond(real, NULL, 3);
	real_close(real);
	for (unsigned i = 0; i < 6; i++) {
		const bool upkeep = i % 2;
		real_open(real);
		assert_int_equal(real_enqueue(real, i % 2 ? "odd" : "even", 10), HF_OK);
		assert_int_equal(rename(real_file(real, names[i / 2]), real_beside(real, "kept")), 0);
		if (upkeep) {
			real_sleep_ms(1050);
			assert_int_equal(hf_maintain(real->store, 0, NULL), HF_EUNCERTAIN);
			assert_int_equal(hf_close(real->store, NULL), HF_EFAILED);
			real->store = NULL;
		} else {
			assert_fails(real);
		}
		assert_int_equal(rename(real_beside(real, "kept"), real_file(real, names[i / 2])), 0);
	}
	/* One that this opening itself has left. */
	fill_beyond(real, NULL, 5);
	assert_int_equal(rename(real_file(real, "segment-00000005"), real_beside(real, "kept")), 0);
	assert_fails(real);
	assert_int_equal(rename(real_beside(real, "kept"), real_file(real, "segment-00000005")), 0);
	assert_int_equal(open_once(real), HF_OK);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, real_setup, real_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_STORE(a_removed_lock_file_admits_no_second_writer),
	    WITH_STORE(a_file_that_was_removed_or_replaced_fails_the_store),
	    WITH_STORE(history_that_was_removed_fails_the_store),
	    WITH_STORE(the_background_thread_notices_without_commits),
	    WITH_STORE(upkeep_notices_where_there_is_no_thread),
	    WITH_STORE(a_directory_that_was_swapped_fails_the_store),
	    WITH_STORE(a_directory_that_was_moved_away_is_the_same_store),
	    WITH_STORE(a_removed_directory_fails_the_store),
	    WITH_STORE(a_copy_of_hard_links_changes_nothing_while_the_store_is_open),
	    WITH_STORE(descriptors_that_the_host_closed_are_not_written_to),
	    WITH_STORE(who_waited_for_a_store_gets_the_one_that_lies_there_now),
	    WITH_STORE(who_is_kept_out_hears_who_has_the_store),
	    WITH_STORE(a_witness_of_durable_entries_is_not_wiped_by_creating),
	    WITH_STORE(upkeep_removes_no_segment_of_another_store),
	    WITH_STORE(an_odd_path_has_a_code_and_a_sentence_of_its_own),
	    WITH_STORE(an_odd_file_has_a_code_and_a_sentence_of_its_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
