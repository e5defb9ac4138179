/* tier: fast, threads */
/* Exports and imports on a real disk: beside threads that write, of the writer's handle and of one
 * for reading; into pipes that are slow, full or gone; rights and owners. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/real_store.h"
#include "lib/test.h"

enum { WRITERS = 4, ROUNDS = 6, BIG = 1500 };

/* --- Beside writers --------------------------------------------------------------------------- */

static atomic_bool over;

struct writer {
	struct real_store *real;
	unsigned number;
	_Atomic unsigned done; /* what both of its documents say, at least */
	bool failed;
};

/* Two documents that never differ, in one transaction. */
static int put_both(const struct writer *w, unsigned value)
{
	char ids[2][16], bytes[BIG];
	hf_txn *txn;
	memset(bytes, (int)(value & 0x7f), sizeof bytes);
	(void)snprintf(bytes, sizeof bytes, "%u", value);
	if (hf_txn_begin(w->real->store, &txn, NULL) != HF_OK)
		return -1;
	for (unsigned i = 0; i < 2; i++) {
		(void)snprintf(ids[i], sizeof ids[i], "%u-%u", i, w->number);
		const struct hf_document_put_args args = {
		    .key = {hf_str("c"), hf_str(ids[i])},
		    .payload = hf_bytes_of(bytes, value % 2 ? sizeof bytes : 40),
		};
		if (hf_document_put(w->real->store, txn, &args, NULL, NULL) != HF_OK)
			return -1;
	}
	return hf_txn_commit(txn, value % 3 ? HF_DURABLE : HF_OS, NULL);
}

static void *write_on(void *arg)
{
	struct writer *w = arg;
	while (!atomic_load(&over) && !w->failed) {
		const unsigned value = atomic_load(&w->done) + 1;
		w->failed = put_both(w, value) != HF_OK;
		if (!w->failed)
			atomic_store(&w->done, value);
	}
	return NULL;
}

static void *refresh_on(void *arg)
{
	while (!atomic_load(&over))
		if (hf_refresh(arg, NULL, NULL) != HF_OK)
			return arg;
	return NULL;
}

static void *compact_on(void *arg)
{
	const struct real_store *real = arg;
	while (!atomic_load(&over)) {
		const int rc = hf_compact(real->store, NULL);
		if (rc != HF_OK && rc != HF_EBLOCKED)
			return arg;
	}
	return NULL;
}

static unsigned value_of(hf_store *store, unsigned which, unsigned number)
{
	char id[16];
	struct hf_document_got got = {0};
	(void)snprintf(id, sizeof id, "%u-%u", which, number);
	const struct hf_document_key key = {hf_str("c"), hf_str(id)};
	if (hf_document_get(store, &key, 0, &got, NULL) != HF_OK)
		return 0;
	const unsigned value = (unsigned)strtoul(got.document.payload.data, NULL, 10);
	assert_int_equal(got.document.payload.len, value % 2 ? BIG : 40);
	hf_release(got.memory);
	return value;
}

/* `durable`: what was there before, of each writer. */
static void expect_whole(struct real_store *real, const char *file, const unsigned *durable)
{
	struct hf_snapshot_file is = {.size = sizeof is};
	const struct hf_import_options options = {.replace = true};
	const char *place = real_beside(real, "copy");
	hf_store *copy;
	if (hf_verify_snapshot(file, NULL, &is, &real->error) != HF_OK)
		fail_msg("verify: %s", real->error.text);
	if (hf_import(file, place, &options, &is, &real->error) != HF_OK)
		fail_msg("import: %s", real->error.text);
	const struct hf_options quiet = {.no_background = true};
	assert_int_equal(hf_open(place, &quiet, &copy, NULL), HF_OK);
	for (unsigned i = 0; i < WRITERS; i++) {
		const unsigned value = value_of(copy, 0, i);
		assert_int_equal(value, value_of(copy, 1, i));
		if (value < durable[i])
			fail_msg("writer %u: %u in the export, %u before it", i, value, durable[i]);
	}
	assert_int_equal(hf_close(copy, NULL), HF_OK);
}

static void export_beside(struct real_store *real, hf_store *from, struct writer *writers)
{
	unsigned durable[WRITERS];
	const struct hf_export_options options = {.replace = true};
	const char *file = real_beside(real, "state.snapshot");
	/* what a handle for reading shows may lag by what the files do not prove yet */
	for (unsigned i = 0; i < WRITERS; i++)
		durable[i] = from == real->store ? atomic_load(&writers[i].done) : 0;
	if (hf_export(from, file, &options, NULL, &real->error) != HF_OK)
		fail_msg("export: %s", real->error.text);
	expect_whole(real, file, durable);
}

static void exports_beside_writers_show_one_moment(void **state)
{
	struct real_store *real = *state;
	struct writer writers[WRITERS] = {{0}};
	pthread_t threads[WRITERS], refresher, compacter;
	hf_store *reader;
	void *failed = NULL;
	assert_int_equal(hf_open_read(real->path, NULL, &reader, NULL), HF_OK);
	atomic_store(&over, false);
	for (unsigned i = 0; i < WRITERS; i++) {
		writers[i] = (struct writer){.real = real, .number = i};
		assert_int_equal(pthread_create(&threads[i], NULL, write_on, &writers[i]), 0);
	}
	assert_int_equal(pthread_create(&refresher, NULL, refresh_on, reader), 0);
	assert_int_equal(pthread_create(&compacter, NULL, compact_on, real), 0);
	for (unsigned round = 0; round < ROUNDS; round++) {
		export_beside(real, real->store, writers);
		export_beside(real, reader, writers);
	}
	atomic_store(&over, true);
	for (unsigned i = 0; i < WRITERS; i++) {
		(void)pthread_join(threads[i], NULL);
		assert_false(writers[i].failed);
	}
	(void)pthread_join(refresher, &failed);
	assert_null(failed);
	(void)pthread_join(compacter, &failed);
	assert_null(failed);
	assert_int_equal(hf_close(reader, NULL), HF_OK);
}

/* --- Pipes ------------------------------------------------------------------------------------ */

static void fill(struct real_store *real, unsigned items)
{
	char id[16];
	for (unsigned i = 0; i < items; i++) {
		(void)snprintf(id, sizeof id, "i%u", i);
		assert_int_equal(real_enqueue(real, id, 700 + i), HF_OK);
	}
}

struct slow {
	int fd;
	const char *path;
	size_t total;
};

static void *read_slowly(void *arg)
{
	struct slow *slow = arg;
	FILE *to = fopen(slow->path, "w");
	char piece[3000];
	ssize_t n;
	while (to && (n = read(slow->fd, piece, sizeof piece)) > 0) {
		slow->total += fwrite(piece, 1, (size_t)n, to);
		real_sleep_ms(1);
	}
	if (to)
		(void)fclose(to);
	return NULL;
}

static void a_pipe_that_is_slow_and_does_not_block_gets_all_of_it(void **state)
{
	struct real_store *real = *state;
	int ends[2];
	pthread_t thread;
	struct hf_snapshot_file is = {.size = sizeof is};
	fill(real, 300);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	struct slow slow = {.fd = ends[0], .path = real_beside(real, "piped")};
	assert_int_equal(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
	assert_true(fcntl(ends[1], F_SETPIPE_SZ, 4096) >= 4096);
	assert_int_equal(pthread_create(&thread, NULL, read_slowly, &slow), 0);
	assert_int_equal(hf_export_fd(real->store, ends[1], NULL, &is, &real->error), HF_OK);
	(void)close(ends[1]);
	(void)pthread_join(thread, NULL);
	(void)close(ends[0]);
	assert_int_equal(slow.total, is.bytes);
	assert_true(is.bytes > 2 * 4096);
	assert_int_equal(hf_verify_snapshot(slow.path, NULL, NULL, &real->error), HF_OK);
}

static void a_reader_that_goes_away_is_an_error_and_no_signal(void **state)
{
	struct real_store *real = *state;
	int ends[2];
	fill(real, 300);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)close(ends[0]);
	assert_int_equal(hf_export_fd(real->store, ends[1], NULL, NULL, &real->error), HF_EIO);
	assert_int_equal(real->error.os_errno, EPIPE);
	(void)close(ends[1]);
	assert_int_equal(hf_export_fd(real->store, ends[1], NULL, NULL, &real->error), HF_EIO);
	assert_int_equal(real_enqueue(real, "after", 10), HF_OK);
}

static void *write_file(void *arg)
{
	const char *const *paths = arg;
	FILE *from = fopen(paths[0], "r"), *to = fopen(paths[1], "w");
	char piece[5000];
	size_t n;
	while (from && to && (n = fread(piece, 1, sizeof piece, from)) > 0)
		(void)fwrite(piece, 1, n, to);
	if (from)
		(void)fclose(from);
	if (to)
		(void)fclose(to);
	return NULL;
}

static void a_fifo_is_imported(void **state)
{
	struct real_store *real = *state;
	const char *paths[2] = {real_beside(real, "file"), real_beside(real, "fifo")};
	struct hf_import_options options = {.max_size = 1000};
	pthread_t thread;
	fill(real, 100);
	assert_int_equal(hf_export(real->store, paths[0], NULL, NULL, NULL), HF_OK);
	assert_int_equal(mkfifo(paths[1], 0600), 0);
	(void)signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pthread_create(&thread, NULL, write_file, paths), 0);
		const int rc = hf_import(paths[1], real_beside(real, "new"), &options, NULL, &real->error);
		(void)pthread_join(thread, NULL);
		assert_int_equal(rc, i == 0 ? HF_ETOOBIG : HF_OK);
		options.max_size = 0;
	}
	(void)signal(SIGPIPE, SIG_DFL);
}

static void a_file_is_read_behind_its_position(void **state)
{
	struct real_store *real = *state;
	const char *path = real_beside(real, "behind");
	struct hf_snapshot_file is = {.size = sizeof is};
	fill(real, 20);
	const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "front", 5), 5);
	assert_int_equal(hf_export_fd(real->store, fd, NULL, &is, &real->error), HF_OK);
	assert_int_equal(lseek(fd, 0, SEEK_END), 5 + (off_t)is.bytes);
	assert_int_equal(lseek(fd, 5, SEEK_SET), 5);
	assert_int_equal(hf_import_fd(fd, real_beside(real, "new"), NULL, NULL, &real->error), HF_OK);
	assert_int_equal(hf_verify_snapshot(path, NULL, NULL, &real->error), HF_ECORRUPT);
	(void)close(fd);
}

/* --- Progress, and snapshots of the store's own ----------------------------------------------- */

struct told {
	unsigned calls;
	uint64_t done, total;
};

static void note(void *ctx, uint64_t done, uint64_t total)
{
	struct told *told = ctx;
	assert_true(done >= told->done && (total == 0 || done <= total));
	*told = (struct told){told->calls + 1, done, total};
}

static void progress_goes_forward_and_ends_with_all(void **state)
{
	struct real_store *real = *state;
	const char *file = real_beside(real, "file");
	struct told out = {0}, in = {0}, check = {0};
	char id[16];
	for (unsigned i = 0; i < 40; i++) {
		static char noise[100000];
		for (size_t n = 0; n < sizeof noise; n++)
			noise[n] = (char)((n * 2654435761u + i * 40503u) >> 13);
		(void)snprintf(id, sizeof id, "d%u", i);
		const struct hf_document_put_args args = {.key = {hf_str("c"), hf_str(id)},
		                                          .payload = hf_bytes_of(noise, sizeof noise)};
		assert_int_equal(hf_document_put(real->store, NULL, &args, NULL, NULL), HF_OK);
	}
	const struct hf_export_options exporting = {.progress = note, .ctx = &out};
	const struct hf_verify_options verifying = {.progress = note, .ctx = &check};
	const struct hf_import_options importing = {.progress = note, .ctx = &in};
	assert_int_equal(hf_export(real->store, file, &exporting, NULL, NULL), HF_OK);
	assert_int_equal(hf_verify_snapshot(file, &verifying, NULL, NULL), HF_OK);
	assert_int_equal(hf_import(file, real_beside(real, "new"), &importing, NULL, NULL), HF_OK);
	assert_true(out.calls > 0 && out.done == out.total && out.total > 0);
	assert_true(check.calls > 0 && check.done == check.total && check.total > 0);
	assert_true(in.calls > 0 && in.done == in.total && in.total > 0);
}

/* A snapshot out of a store's directory is bound to it, and can be imported all the same. */
static void a_snapshot_of_the_stores_own_is_taken_too(void **state)
{
	struct real_store *real = *state;
	struct hf_snapshot_file is = {.size = sizeof is};
	struct hf_info info = {0};
	char name[32];
	fill(real, 30);
	assert_int_equal(hf_snapshot(real->store, &real->error), HF_OK);
	assert_int_equal(hf_get_info(real->store, &info, NULL), HF_OK);
	(void)snprintf(name, sizeof name, "snapshot-%012llx", (unsigned long long)info.last_lsn);
	const char *file = real_file(real, name), *place = real_beside(real, "new");
	assert_int_equal(hf_verify_snapshot(file, NULL, &is, &real->error), HF_OK);
	assert_true(!is.exported && is.lsn == info.last_lsn);
	assert_int_equal(hf_import(file, place, NULL, &is, &real->error), HF_OK);
	assert_int_equal(is.epoch, 2);
	assert_int_equal(hf_fsck(place, NULL, NULL, NULL, NULL, &real->error), HF_OK);
}

/* --- Rights ----------------------------------------------------------------------------------- */

static mode_t mode_of(const char *path)
{
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

static void an_export_is_private_and_a_directory_keeps_its_rights(void **state)
{
	struct real_store *real = *state;
	const char *file = real_beside(real, "file"), *place = real_beside(real, "place");
	char inside[96];
	fill(real, 5);
	assert_int_equal(chmod(real_beside(real, ""), 0775), 0);
	assert_int_equal(hf_export(real->store, file, NULL, NULL, NULL), HF_OK);
	assert_int_equal(mode_of(file), 0600);
	assert_int_equal(mkdir(place, 0700), 0);
	assert_int_equal(chmod(place, 0750), 0);
	if (hf_import(file, place, NULL, NULL, &real->error) != HF_OK)
		fail_msg("%s", real->error.text);
	assert_int_equal(mode_of(place), 0750);
	(void)snprintf(inside, sizeof inside, "%s/IDENTITY", place);
	assert_int_equal(mode_of(inside), 0640);
	const char *fresh = real_beside(real, "fresh");
	assert_int_equal(hf_import(file, fresh, NULL, NULL, NULL), HF_OK);
	assert_int_equal(mode_of(fresh), 0700);
}

static void odd_paths_are_refused(void **state)
{
	struct real_store *real = *state;
	const char *file = real_beside(real, "file"), *link = real_beside(real, "link");
	fill(real, 5);
	assert_int_equal(hf_export(real->store, file, NULL, NULL, NULL), HF_OK);
	assert_int_equal(hf_export(real->store, file, NULL, NULL, NULL), HF_ECONFLICT);
	assert_int_equal(hf_export(real->store, "", NULL, NULL, NULL), HF_EINVAL);
	assert_int_equal(hf_export(real->store, "/", NULL, NULL, NULL), HF_EACCESS);
	assert_int_equal(hf_export(real->store, real_beside(real, "no/file"), NULL, NULL, NULL),
	                 HF_EACCESS);
	assert_int_equal(hf_import(file, "/", NULL, NULL, NULL), HF_EACCESS);
	assert_int_equal(hf_import(real_beside(real, "none"), link, NULL, NULL, NULL), HF_EACCESS);
	assert_int_equal(hf_import(real->path, link, NULL, NULL, NULL), HF_EACCESS);
	assert_int_equal(symlink("elsewhere", link), 0);
	assert_int_equal(hf_import(file, link, NULL, NULL, NULL), HF_EACCESS);
	assert_int_equal(hf_export(real->store, link, NULL, NULL, NULL), HF_ECONFLICT);
	assert_int_equal(hf_import(file, file, NULL, NULL, NULL), HF_EACCESS);
	assert_int_equal(hf_import(file, real->path, NULL, NULL, NULL), HF_ECONFLICT);
	const struct hf_import_options replace = {.replace = true};
	assert_int_equal(hf_import(file, real->path, &replace, NULL, NULL), HF_ELOCKED);
}

int main(void)
{
#define HERE(test) cmocka_unit_test_setup_teardown(test, real_setup_open, real_teardown)
	const struct CMUnitTest tests[] = {
	    HERE(exports_beside_writers_show_one_moment),
	    HERE(a_pipe_that_is_slow_and_does_not_block_gets_all_of_it),
	    HERE(a_reader_that_goes_away_is_an_error_and_no_signal),
	    HERE(a_fifo_is_imported),
	    HERE(a_file_is_read_behind_its_position),
	    HERE(progress_goes_forward_and_ends_with_all),
	    HERE(a_snapshot_of_the_stores_own_is_taken_too),
	    HERE(an_export_is_private_and_a_directory_keeps_its_rights),
	    HERE(odd_paths_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
