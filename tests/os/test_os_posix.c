/* tier: fast, threads */
/* The real disk keeps the seam's promises: what it opens and refuses, how it reads and writes,
 * who holds the lock, what fork() leaves. */
#include "base/mem.h"
#include "lib/test.h"
#include "os/check.h"
#include "os/os.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A directory for one test, with a store's directory "s" inside it. */
struct place {
	char path[64];
	char store[80];
	struct hf__os os;
};

static int place_setup(void **state)
{
	struct place *place = calloc(1, sizeof(*place));
	assert_non_null(place);
	strcpy(place->path, "/tmp/holdfast-posix-XXXXXX");
	assert_non_null(mkdtemp(place->path));
	(void)snprintf(place->store, sizeof(place->store), "%s/s", place->path);
	assert_int_equal(hf__os_posix_new(place->store, true, &place->os), 0);
	*state = place;
	return 0;
}

static void tree_remove(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	for (const struct dirent *entry; stream != NULL && (entry = readdir(stream)) != NULL;)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		    unlinkat(fd, entry->d_name, 0) != 0)
			tree_remove(fd, entry->d_name);
	if (stream != NULL)
		(void)closedir(stream);
	(void)unlinkat(dir, name, AT_REMOVEDIR);
}

static int place_teardown(void **state)
{
	struct place *place = *state;
	hf__os_posix_free(&place->os);
	tree_remove(AT_FDCWD, place->path);
	free(place);
	return 0;
}

static int file_create(struct place *place, const char *name)
{
	int file = -1;
	assert_int_equal(place->os.open(place->os.ctx, name, HF__OS_WRITE | HF__OS_CREATE, &file), 0);
	return file;
}

static int open_result(struct place *place, const char *name, unsigned flags)
{
	int file = -1;
	int err = place->os.open(place->os.ctx, name, flags, &file);
	if (err == 0)
		assert_int_equal(place->os.close(place->os.ctx, file), 0);
	return err;
}

static char *inside(const struct place *place, const char *name, char out[160])
{
	(void)snprintf(out, 160, "%s/%s", place->store, name);
	return out;
}

static size_t descriptors_open(void)
{
	size_t count = 0;
	DIR *stream = opendir("/proc/self/fd");
	assert_non_null(stream);
	while (readdir(stream) != NULL)
		count++;
	(void)closedir(stream);
	return count;
}

/* --- Directory -------------------------------------------------------------------------------- */

static void a_missing_directory_is_made_only_on_request(void **state)
{
	struct place *place = *state;
	struct hf__os os;
	struct stat st;
	char path[160];
	(void)snprintf(path, sizeof(path), "%s/t", place->path);
	assert_int_equal(hf__os_posix_new(path, false, &os), ENOENT);
	assert_int_equal(stat(path, &st), -1);
	mode_t old = umask(0);
	assert_int_equal(hf__os_posix_new(path, true, &os), 0);
	(void)umask(old);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	hf__os_posix_free(&os);
	hf__os_posix_free(&os); /* harmless */
	assert_int_equal(hf__os_posix_new(path, true, &os), 0);
	hf__os_posix_free(&os);
	(void)snprintf(path, sizeof(path), "%s/no/t", place->path);
	assert_int_equal(hf__os_posix_new(path, true, &os), ENOENT);
	assert_int_equal(open_result(place, "f", HF__OS_WRITE | HF__OS_CREATE), 0);
	assert_int_equal(hf__os_posix_new(inside(place, "f", path), true, &os), ENOTDIR);
}

static void a_moved_directory_is_still_the_same_store(void **state)
{
	struct place *place = *state;
	char moved[160];
	struct stat st;
	(void)snprintf(moved, sizeof(moved), "%s/moved", place->path);
	assert_int_equal(rename(place->store, moved), 0);
	assert_int_equal(mkdir(place->store, 0700), 0);
	int file = file_create(place, "f");
	assert_int_equal(place->os.close(place->os.ctx, file), 0);
	(void)strcat(moved, "/f");
	assert_int_equal(stat(moved, &st), 0);
}

static int name_collect(void *arg, const char *name)
{
	strcat(arg, name);
	strcat(arg, " ");
	return 0;
}

static int name_stop(void *arg, const char *name)
{
	(void)arg;
	(void)name;
	return 9;
}

static void names_are_listed_renamed_and_removed(void **state)
{
	struct place *place = *state;
	struct hf__os *os = &place->os;
	char names[100] = "";
	assert_int_equal(os->close(os->ctx, file_create(place, "a")), 0);
	assert_int_equal(os->close(os->ctx, file_create(place, "b")), 0);
	assert_int_equal(os->rename(os->ctx, "a", "b"), 0);
	assert_int_equal(os->list(os->ctx, name_collect, names), 0);
	assert_string_equal(names, "b ");
	assert_int_equal(os->list(os->ctx, name_stop, NULL), 9);
	assert_int_equal(os->sync_dir(os->ctx), 0);
	assert_int_equal(os->unlink(os->ctx, "b"), 0);
	assert_int_equal(os->unlink(os->ctx, "b"), ENOENT);
	assert_int_equal(os->rename(os->ctx, "b", "c"), ENOENT);
	names[0] = '\0';
	assert_int_equal(os->list(os->ctx, name_collect, names), 0);
	assert_string_equal(names, "");
}

static void names_with_a_path_are_refused(void **state)
{
	struct place *place = *state;
	struct hf__os *os = &place->os;
	static const char *const names[] = {"", ".", "..", "../x", "/tmp/x", "a/b"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(open_result(place, names[i], HF__OS_WRITE | HF__OS_CREATE), EINVAL);
		assert_int_equal(os->unlink(os->ctx, names[i]), EINVAL);
		assert_int_equal(os->rename(os->ctx, names[i], "y"), EINVAL);
		assert_int_equal(os->rename(os->ctx, "y", names[i]), EINVAL);
		assert_int_equal(os->lock(os->ctx, names[i], 0), EINVAL);
	}
}

/* --- Files ------------------------------------------------------------------------------------ */

static void files_are_private_and_created_once(void **state)
{
	struct place *place = *state;
	struct stat st;
	char path[160];
	mode_t old = umask(0);
	int file = file_create(place, "f");
	(void)umask(old);
	assert_int_equal(stat(inside(place, "f", path), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(fcntl(file, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(fcntl(file, F_GETFL) & O_APPEND, 0);
	assert_int_equal(open_result(place, "f", HF__OS_WRITE | HF__OS_CREATE), EEXIST);
	assert_int_equal(open_result(place, "g", HF__OS_WRITE), ENOENT);
	assert_int_equal(place->os.close(place->os.ctx, file), 0);
	assert_int_equal(place->os.close(place->os.ctx, file), EBADF);
}

static void what_is_no_regular_file_is_refused_and_a_second_name_for_writing(void **state)
{
	struct place *place = *state;
	char a[160], b[160];
	assert_int_equal(open_result(place, "f", HF__OS_WRITE | HF__OS_CREATE), 0);
	assert_int_equal(symlink("f", inside(place, "link", a)), 0);
	assert_int_equal(mkfifo(inside(place, "fifo", a), 0600), 0);
	assert_int_equal(mkdir(inside(place, "dir", a), 0700), 0);
	assert_int_equal(open_result(place, "link", 0), ELOOP);
	assert_int_equal(open_result(place, "link", HF__OS_WRITE), ELOOP);
	assert_int_equal(open_result(place, "fifo", 0), ENXIO);
	assert_int_equal(open_result(place, "fifo", HF__OS_WRITE), ENXIO);
	assert_int_equal(open_result(place, "dir", 0), EISDIR);
	assert_int_equal(open_result(place, "dir", HF__OS_WRITE), EISDIR);
	assert_int_equal(place->os.lock(place->os.ctx, "link", 0), ELOOP);
	assert_int_equal(open_result(place, "f", HF__OS_WRITE), 0);
	/* A second name is a backup: it is written to by nobody, and may be read. */
	assert_int_equal(link(inside(place, "f", a), inside(place, "second", b)), 0);
	assert_int_equal(open_result(place, "f", HF__OS_WRITE), EMLINK);
	assert_int_equal(open_result(place, "second", 0), 0);
}

static void bytes_come_back_from_where_they_were_put(void **state)
{
	struct place *place = *state;
	struct hf__os *os = &place->os;
	enum { BIG = 3 << 20 };
	uint8_t *data = malloc(BIG);
	uint8_t *seen = malloc(BIG);
	assert_true(data != NULL && seen != NULL);
	for (size_t i = 0; i < BIG; i++)
		data[i] = (uint8_t)(i * 7 + i / 251);
	int file = file_create(place, "f");
	uint64_t size = 0;
	size_t got = 0;
	assert_int_equal(os->write(os->ctx, file, data, BIG, 100), 0);
	assert_int_equal(os->write(os->ctx, file, "xyz", 3, 0), 0); /* not at the end */
	assert_int_equal(os->sync(os->ctx, file), 0);
	assert_int_equal(os->size(os->ctx, file, &size), 0);
	assert_int_equal(size, BIG + 100);
	assert_int_equal(os->read(os->ctx, file, seen, BIG, 100, &got), 0);
	assert_int_equal(got, BIG);
	assert_memory_equal(seen, data, BIG);
	assert_int_equal(os->read(os->ctx, file, seen, 50, BIG + 90, &got), 0);
	assert_int_equal(got, 10);
	assert_int_equal(os->read(os->ctx, file, seen, 50, BIG + 100, &got), 0);
	assert_int_equal(got, 0);
	assert_int_equal(os->read(os->ctx, file, seen, 4, 0, &got), 0);
	assert_memory_equal(seen, "xyz\0", 4);
	free(data);
	free(seen);
}

static void positions_beyond_what_files_can_have_are_refused(void **state)
{
	struct place *place = *state;
	struct hf__os *os = &place->os;
	int file = file_create(place, "f");
	size_t got = 1;
	uint8_t byte = 0;
	assert_int_equal(os->write(os->ctx, file, "x", 1, INT64_MAX), EFBIG);
	assert_int_equal(os->write(os->ctx, file, "x", 1, UINT64_MAX), EFBIG);
	assert_int_equal(os->read(os->ctx, file, &byte, 1, UINT64_MAX, &got), EINVAL);
	assert_int_equal(got, 0);
}

static void a_file_opened_for_reading_cannot_be_written(void **state)
{
	struct place *place = *state;
	struct hf__os *os = &place->os;
	int file = -1;
	assert_int_equal(open_result(place, "f", HF__OS_WRITE | HF__OS_CREATE), 0);
	assert_int_equal(os->open(os->ctx, "f", 0, &file), 0);
	assert_int_equal(os->write(os->ctx, file, "x", 1, 0), EBADF);
}

static void freeing_closes_everything(void **state)
{
	struct place *place = *state;
	struct hf__os os;
	size_t before = descriptors_open();
	assert_int_equal(hf__os_posix_new(place->store, false, &os), 0);
	for (int i = 0; i < 150; i++) {
		char name[16];
		int file = -1;
		(void)snprintf(name, sizeof(name), "f%d", i);
		assert_int_equal(os.open(os.ctx, name, HF__OS_WRITE | HF__OS_CREATE, &file), 0);
	}
	assert_int_equal(os.lock(os.ctx, "LOCK", 0), 0);
	/* directory and reserve, files, both locks */
	assert_int_equal(descriptors_open(), before + 2 + 150 + 2);
	hf__os_posix_free(&os);
	assert_int_equal(descriptors_open(), before);
	assert_int_equal(place->os.lock(place->os.ctx, "LOCK", 0), 0);
}

static bool veto_nth(void *ctx, size_t size)
{
	(void)size;
	return --*(int *)ctx == 0;
}

static void lack_of_memory_leaks_nothing(void **state)
{
	struct place *place = *state;
	size_t before = descriptors_open();
	int failures = 0;
	for (int nth = 1; nth <= 4; nth++) {
		struct hf__os os;
		int left = nth;
		int err = 0;
		hf__mem_set_veto(veto_nth, &left);
		err = hf__os_posix_new(place->store, false, &os);
		if (err == 0) {
			char name[80] = "";
			err = os.lock(os.ctx, "LOCK", 0);
			bool is_volatile = false;
			err = err == 0 ? os.safe(os.ctx, name, sizeof(name), &is_volatile) : err;
			hf__os_posix_free(&os);
		}
		hf__mem_set_veto(NULL, NULL);
		failures += err == ENOMEM;
		assert_int_equal(descriptors_open(), before);
	}
	assert_in_range(failures, 2, 4);
}

static void *open_and_close(void *arg)
{
	struct hf__os *os = arg;
	for (int i = 0; i < 200; i++) {
		int file = -1;
		if (os->open(os->ctx, "f", 0, &file) != 0 || os->close(os->ctx, file) != 0)
			return os;
	}
	return NULL;
}

static void threads_open_and_close_side_by_side(void **state)
{
	struct place *place = *state;
	pthread_t threads[4];
	void *failed = NULL;
	assert_int_equal(open_result(place, "f", HF__OS_WRITE | HF__OS_CREATE), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, open_and_close, &place->os), 0);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(threads[i], &failed), 0);
		assert_null(failed);
	}
}

/* --- In another process ----------------------------------------------------------------------- */

/* Runs it in a child; the child's answer. */
static int in_child(int (*run)(struct place *place), struct place *place)
{
	(void)fflush(NULL);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(run(place));
	int status = 0;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int run_without_standard_streams(struct place *place)
{
	struct hf__os os;
	int file = -1;
	for (int fd = 0; fd <= 2; fd++)
		(void)close(fd);
	if (hf__os_posix_new(place->store, false, &os) != 0 ||
	    os.open(os.ctx, "f", HF__OS_WRITE | HF__OS_CREATE, &file) != 0)
		return 1;
	if (os.lock(os.ctx, "LOCK", 0) != 0)
		return 2;
	bool clean = fcntl(0, F_GETFD) == -1 && fcntl(1, F_GETFD) == -1 && fcntl(2, F_GETFD) == -1;
	return file > 2 && clean ? 0 : 3;
}

static void standard_stream_numbers_are_never_used(void **state)
{
	assert_int_equal(in_child(run_without_standard_streams, *state), 0);
}

static int run_with_small_file_limit(struct place *place)
{
	struct hf__os os;
	int file = -1;
	struct rlimit limit = {1000, 1000};
	if (setrlimit(RLIMIT_FSIZE, &limit) != 0 || hf__os_posix_new(place->store, false, &os) != 0 ||
	    os.open(os.ctx, "f", HF__OS_WRITE | HF__OS_CREATE, &file) != 0)
		return 1;
	bool right = os.write(os.ctx, file, "xx", 2, 998) == 0 &&
	             os.write(os.ctx, file, "xx", 2, 999) == EFBIG &&
	             os.write(os.ctx, file, "xx", 2, 2000) == EFBIG;
	return right ? 0 : 2;
}

static void a_file_size_limit_is_an_error_and_not_a_signal(void **state)
{
	assert_int_equal(in_child(run_with_small_file_limit, *state), 0);
}

/* The errno value of taking the lock afresh, in whatever process this runs. */
static int run_lock(struct place *place)
{
	struct hf__os os;
	int err = hf__os_posix_new(place->store, false, &os);
	if (err == 0) {
		err = os.lock(os.ctx, "LOCK", 0);
		hf__os_posix_free(&os);
	}
	return err;
}

static void one_opener_in_all_processes_holds_the_lock(void **state)
{
	struct place *place = *state;
	struct hf__os *os = &place->os;
	struct stat st;
	char path[160];
	assert_int_equal(run_lock(place), 0);
	assert_int_equal(os->lock(os->ctx, "LOCK", 0), 0);
	assert_int_equal(run_lock(place), EDEADLK); /* this process has it */
	assert_int_equal(in_child(run_lock, place), EAGAIN);
	assert_int_equal(os->lock(os->ctx, "LOCK", 0), EAGAIN);
	/* Opening and closing the file by other means loses nothing. */
	int fd = open(inside(place, "LOCK", path), O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(in_child(run_lock, place), EAGAIN);
	assert_int_equal(os->unlock(os->ctx), 0);
	assert_int_equal(os->unlock(os->ctx), EINVAL);
	assert_int_equal(in_child(run_lock, place), 0);
	assert_int_equal(stat(path, &st), 0); /* never unlinked */
}

static void *unlock_later(void *arg)
{
	struct hf__os *os = arg;
	(void)usleep(30000);
	return os->unlock(os->ctx) == 0 ? NULL : os;
}

static void waiting_for_the_lock_ends_when_it_is_free_or_the_time_is_over(void **state)
{
	struct place *place = *state;
	struct hf__os other;
	pthread_t thread;
	void *failed = NULL;
	assert_int_equal(hf__os_posix_new(place->store, false, &other), 0);
	assert_int_equal(place->os.lock(place->os.ctx, "LOCK", 0), 0);
	int64_t began = other.ticks(other.ctx);
	assert_int_equal(other.lock(other.ctx, "LOCK", 20000), EDEADLK);
	assert_true(other.ticks(other.ctx) - began >= 20000000);
	assert_int_equal(pthread_create(&thread, NULL, unlock_later, &place->os), 0);
	assert_int_equal(other.lock(other.ctx, "LOCK", -1), 0);
	assert_int_equal(pthread_join(thread, &failed), 0);
	assert_null(failed);
	assert_int_equal(place->os.lock(place->os.ctx, "LOCK", 0), EDEADLK);
	hf__os_posix_free(&other);
	assert_int_equal(place->os.lock(place->os.ctx, "LOCK", 0), 0);
}

static void a_lock_that_cannot_be_taken_is_not_free(void **state)
{
	struct place *place = *state;
	char path[160];
	assert_int_equal(mkdir(inside(place, "LOCK", path), 0700), 0);
	assert_int_equal(place->os.lock(place->os.ctx, "LOCK", -1), EISDIR);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(place->store), 0);
	assert_int_not_equal(place->os.lock(place->os.ctx, "LOCK", -1), 0);
}

/* --- fork ------------------------------------------------------------------------------------- */

static int run_free_in_child(struct place *place)
{
	if (!place->os.forked(place->os.ctx))
		return 1;
	hf__os_posix_free(&place->os);
	return run_lock(place) == EAGAIN ? 0 : 2; /* the parent's */
}

static int run_unlock_in_child(struct place *place)
{
	(void)place->os.unlock(place->os.ctx);
	return run_lock(place) == EAGAIN ? 0 : 2;
}

static void a_child_knows_and_cannot_lose_its_parents_lock(void **state)
{
	struct place *place = *state;
	assert_int_equal(place->os.lock(place->os.ctx, "LOCK", 0), 0);
	assert_false(place->os.forked(place->os.ctx));
	assert_int_equal(in_child(run_free_in_child, place), 0);
	assert_int_equal(in_child(run_unlock_in_child, place), 0);
	assert_int_equal(in_child(run_lock, place), EAGAIN);
	assert_false(place->os.forked(place->os.ctx));
}

/* A holder that forks a long-lived child and dies: the lock must die with it. The grandchild
 * lives until the pipe is closed. */
static void a_child_that_outlives_its_parent_does_not_keep_the_lock(void **state)
{
	struct place *place = *state;
	int until[2];
	int told[2];
	assert_int_equal(pipe2(until, O_CLOEXEC), 0);
	assert_int_equal(pipe2(told, O_CLOEXEC), 0);
	(void)fflush(NULL);
	pid_t holder = fork();
	assert_true(holder >= 0);
	if (holder == 0) {
		struct hf__os os;
		char byte = 0;
		(void)close(until[1]);
		if (hf__os_posix_new(place->store, false, &os) != 0 || os.lock(os.ctx, "LOCK", 0) != 0)
			_exit(1);
		if (fork() == 0) {
			(void)!write(told[1], "x", 1);
			(void)!read(until[0], &byte, 1);
			_exit(0);
		}
		_exit(read(told[0], &byte, 1) == 1 ? 0 : 2);
	}
	int status = 0;
	assert_int_equal(waitpid(holder, &status, 0), holder);
	assert_int_equal(status, 0);
	assert_int_equal(run_lock(place), 0);
	(void)close(until[0]);
	(void)close(until[1]); /* the grandchild ends */
	(void)close(told[0]);
	(void)close(told[1]);
}

/* --- The machine ------------------------------------------------------------------------------ */

static void the_machine_answers(void **state)
{
	struct place *place = *state;
	struct hf__os *os = &place->os;
	uint8_t a[16], b[16];
	char name[40] = "";
	assert_int_equal(os->boot_id(os->ctx, a), 0);
	assert_int_equal(os->boot_id(os->ctx, b), 0);
	assert_memory_equal(a, b, 16);
	assert_int_equal(os->random(os->ctx, a, 16), 0);
	assert_int_equal(os->random(os->ctx, b, 16), 0);
	assert_memory_not_equal(a, b, 16);
	int64_t ticks = os->ticks(os->ctx);
	assert_true(os->ticks(os->ctx) >= ticks);
	assert_true(os->now(os->ctx) > INT64_C(1700000000000000));
	bool is_volatile = true;
	assert_int_equal(os->safe(os->ctx, name, sizeof(name), &is_volatile), 0);
	assert_true(strlen(name) > 0);
}

static void a_boot_id_is_sixteen_bytes_of_hexadecimal_and_nothing_else(void **state)
{
	(void)state;
	static const uint8_t expected[16] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
	                                     0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10};
	uint8_t id[16];
	assert_true(hf__check_parse_boot_id("01234567-89ab-cdef-fedc-ba9876543210\n", 37, id));
	assert_memory_equal(id, expected, 16);
	assert_false(hf__check_parse_boot_id("01234567-89ab-cdef-fedc-ba987654321", 35, id));
	assert_false(hf__check_parse_boot_id("01234567-89ab-cdef-fedc-ba987654321g", 36, id));
	assert_false(hf__check_parse_boot_id("01234567089ab-cdef-fedc-ba9876543210", 36, id));
}

static void an_overlay_that_ignores_syncs_is_told_by_its_mount_options(void **state)
{
	(void)state;
	static const char text[] =
	    "21 1 0:5 / /proc rw,volatile - proc proc rw\n"
	    "121 1 0:6 / /a rw shared:1 master:2 - overlay overlay rw,lowerdir=/volatile,upperdir=/u\n"
	    "22 1 0:7 / /b rw - overlay overlay rw,upperdir=/u,volatile\n"
	    "24 1 0:9 / /d rw - overlay overlay rw,fsync=volatile,upperdir=/u\n"
	    "25 1 0:9 / /e rw - overlay overlay rw,fsync=strict,upperdir=/fsync=volatile/u\n"
	    "23 1 0:8 / /c rw - overlay overlay volatile";
	static const struct {
		uint64_t mount;
		bool is_volatile, found;
	} cells[] = {{21, false, true}, {121, false, true}, {22, true, true}, {24, true, true},
	             {25, false, true}, {23, true, true},   {2, false, false}};
	for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++) {
		bool found = !cells[i].found;
		assert_int_equal(hf__check_mount_volatile(text, strlen(text), cells[i].mount, &found),
		                 cells[i].is_volatile);
		assert_int_equal(found, cells[i].found);
	}
}

static void file_systems_are_told_by_their_magic_numbers(void **state)
{
	(void)state;
	static const struct {
		uint32_t magic;
		const char *name;
		bool refused, is_volatile;
	} cells[] = {
	    {0x6969, "nfs", true, false},       {0xff534d42, "cifs", true, false},
	    {0x01021997, "9p", true, false},    {0x65735546, "fuse", true, false},
	    {0x00c36400, "ceph", true, false},  {0x0bd00bd0, "lustre", true, false},
	    {0x47504653, "gpfs", true, false},  {0x5346414f, "afs", true, false},
	    {0x6b414653, "afs", true, false},   {0x786f4256, "vboxsf", true, false},
	    {0xef53, "ext4", false, false},     {0x01021994, "tmpfs", false, true},
	    {0x858458f6, "ramfs", false, true}, {0x12345678, NULL, false, false},
	};
	for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++) {
		bool refused = false, is_volatile = false;
		const char *name = hf__check_magic(cells[i].magic, &refused, &is_volatile);
		assert_int_equal(name == NULL, cells[i].name == NULL);
		if (name != NULL)
			assert_string_equal(name, cells[i].name);
		assert_int_equal(refused, cells[i].refused);
		assert_int_equal(is_volatile, cells[i].is_volatile);
	}
}

#define WITH_PLACE(test) cmocka_unit_test_setup_teardown(test, place_setup, place_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_PLACE(a_missing_directory_is_made_only_on_request),
	    WITH_PLACE(a_moved_directory_is_still_the_same_store),
	    WITH_PLACE(names_are_listed_renamed_and_removed),
	    WITH_PLACE(names_with_a_path_are_refused),
	    WITH_PLACE(files_are_private_and_created_once),
	    WITH_PLACE(what_is_no_regular_file_is_refused_and_a_second_name_for_writing),
	    WITH_PLACE(bytes_come_back_from_where_they_were_put),
	    WITH_PLACE(positions_beyond_what_files_can_have_are_refused),
	    WITH_PLACE(a_file_opened_for_reading_cannot_be_written),
	    WITH_PLACE(freeing_closes_everything),
	    WITH_PLACE(lack_of_memory_leaks_nothing),
	    WITH_PLACE(threads_open_and_close_side_by_side),
	    WITH_PLACE(standard_stream_numbers_are_never_used),
	    WITH_PLACE(a_file_size_limit_is_an_error_and_not_a_signal),
	    WITH_PLACE(one_opener_in_all_processes_holds_the_lock),
	    WITH_PLACE(waiting_for_the_lock_ends_when_it_is_free_or_the_time_is_over),
	    WITH_PLACE(a_lock_that_cannot_be_taken_is_not_free),
	    WITH_PLACE(a_child_knows_and_cannot_lose_its_parents_lock),
	    WITH_PLACE(a_child_that_outlives_its_parent_does_not_keep_the_lock),
	    WITH_PLACE(the_machine_answers),
	    cmocka_unit_test(a_boot_id_is_sixteen_bytes_of_hexadecimal_and_nothing_else),
	    cmocka_unit_test(an_overlay_that_ignores_syncs_is_told_by_its_mount_options),
	    cmocka_unit_test(file_systems_are_told_by_their_magic_numbers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
