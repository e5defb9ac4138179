/* tier: fast, threads */
/* The real disk keeps the seam's promises: what it opens and refuses, how it reads and writes. */
#include <errno.h>
#include <pthread.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "posix_place.h"

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
	};
	return cmocka_run_group_tests_name("real disk", tests, NULL, NULL);
}
