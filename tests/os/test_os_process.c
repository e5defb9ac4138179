/* tier: fast, threads */
/* The real disk among processes: the numbers of standard streams, limits, who holds the lock, what
 * fork() leaves. */
#include <errno.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "posix_place.h"

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
	if (!right)
		return 2;
	/* Nor is the line in LOCK written beyond it, which is for people only. */
	limit.rlim_cur = 0;
	if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
		return 3;
	return os.lock(os.ctx, "LOCK", 0) == 0 ? 0 : 4;
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_PLACE(standard_stream_numbers_are_never_used),
	    WITH_PLACE(a_file_size_limit_is_an_error_and_not_a_signal),
	    WITH_PLACE(one_opener_in_all_processes_holds_the_lock),
	    WITH_PLACE(waiting_for_the_lock_ends_when_it_is_free_or_the_time_is_over),
	    WITH_PLACE(a_lock_that_cannot_be_taken_is_not_free),
	    WITH_PLACE(a_child_knows_and_cannot_lose_its_parents_lock),
	    WITH_PLACE(a_child_that_outlives_its_parent_does_not_keep_the_lock),
	};
	return cmocka_run_group_tests_name("real disk and processes", tests, NULL, NULL);
}
