/* tier: fast, threads */
/* A store in memory is carried elsewhere by an export alone: nothing that takes a path knows it. */
#include <pthread.h>
#include <unistd.h>

#include "memory_case.h"

static void expect_store_of(const char *path, const char *payload, size_t len)
{
	hf_store *store;
	const struct hf_options options = {.no_background = true, .allow_unsafe_fs = true};
	assert_int_equal(hf_open(path, &options, &store, NULL), HF_OK);
	assert_true(has(store, "d", payload, len));
	close_store(store);
}

struct piped {
	int fd;
	const char *directory;
	int rc;
};

static void *import_piped(void *arg)
{
	struct piped *p = arg;
	const struct hf_import_options options = {.allow_unsafe_fs = true};
	p->rc = hf_import_fd(p->fd, p->directory, &options, NULL, NULL);
	return NULL;
}

static void an_export_carries_it_into_a_directory(void **state)
{
	static char payload[100000];
	struct real_store *real = *state;
	const struct hf_import_options options = {.allow_unsafe_fs = true};
	struct hf_snapshot_file made = {0};
	char file[128];
	int ends[2];
	pthread_t reader;
	memset(payload, 'p', sizeof payload);
	hf_store *store = open_with(NULL);
	assert_int_equal(put(store, "d", payload, sizeof payload), HF_OK);
	(void)snprintf(file, sizeof file, "%s", real_beside(real, "export"));
	assert_int_equal(hf_export(store, file, NULL, &made, NULL), HF_OK);
	assert_memory_equal(made.uuid, info_of(store).uuid, 16);
	assert_int_equal(hf_import(file, real->path, &options, NULL, NULL), HF_OK);
	expect_store_of(real->path, payload, sizeof payload);

	assert_int_equal(pipe(ends), 0);
	struct piped piped = {.fd = ends[0], .directory = real_beside(real, "piped")};
	assert_int_equal(pthread_create(&reader, NULL, import_piped, &piped), 0);
	assert_int_equal(hf_export_fd(store, ends[1], NULL, NULL, NULL), HF_OK);
	(void)close(ends[1]);
	assert_int_equal(pthread_join(reader, NULL), 0);
	(void)close(ends[0]);
	assert_int_equal(piped.rc, HF_OK);
	expect_store_of(piped.directory, payload, sizeof payload);
	close_store(store);
}

static bool ignore_entry(void *ctx, const struct hf_log_entry *entry)
{
	(void)ctx;
	(void)entry;
	return true;
}

static void ignore_segment(void *ctx, const struct hf_segment *segment)
{
	(void)ctx;
	(void)segment;
}

static void ignore_finding(void *ctx, const struct hf_fsck_finding *finding)
{
	(void)ctx;
	(void)finding;
}

static int log_of(const char *path, struct hf_error *error)
{
	return hf_log_each(path, 1, 0, ignore_entry, NULL, error);
}

static int write_to(const char *path, struct hf_error *error)
{
	hf_store *store;
	return hf_open(path, &(struct hf_options){.create = true}, &store, error);
}

static int read_of(const char *path, struct hf_error *error)
{
	hf_store *store;
	return hf_open_read(path, NULL, &store, error);
}

static int feed_of(const char *path, struct hf_error *error)
{
	hf_feed *feed;
	return hf_feed_open_path(path, 1, &feed, error);
}

static int segments_of(const char *path, struct hf_error *error)
{
	return hf_segments_each(path, ignore_segment, NULL, error);
}

static int check(const char *path, struct hf_error *error)
{
	return hf_fsck(path, NULL, ignore_finding, NULL, NULL, error);
}

static int backup_of(const char *path, struct hf_error *error)
{
	return hf_backup(path, "/tmp/hf-no-backup", NULL, NULL, error);
}

static int backup_to(const char *path, struct hf_error *error)
{
	return hf_backup("/tmp", path, NULL, NULL, error);
}

static int restore_to(const char *path, struct hf_error *error)
{
	return hf_restore("/tmp", path, NULL, NULL, error);
}

static int salvage_of(const char *path, struct hf_error *error)
{
	return hf_salvage(path, "/tmp/hf-no-salvage", NULL, NULL, NULL, error);
}

static int salvage_to(const char *path, struct hf_error *error)
{
	return hf_salvage("/tmp", path, NULL, NULL, NULL, error);
}

static int import_to(const char *path, struct hf_error *error)
{
	return hf_import("/dev/null", path, NULL, NULL, error);
}

static void what_takes_a_path_knows_none_in_memory_and_says_so(void **unused)
{
	static int (*const calls[])(const char *path, struct hf_error *error) = {
	    log_of,    write_to,  read_of,    feed_of,    segments_of, check,
	    backup_of, backup_to, restore_to, salvage_of, salvage_to,  import_to,
	};
	hf_store *store = open_with(NULL);
	(void)unused;
	for (unsigned i = 0; i < sizeof calls / sizeof calls[0]; i++) {
		struct hf_error error = {0};
		assert_int_equal(calls[i](":memory:", &error), HF_EINVAL);
		if (!strstr(error.text, "is no directory: a store in memory is opened with"))
			fail_msg("call %u: %s", i, error.text);
	}
	assert_int_equal(access(":memory:", F_OK), -1);
	close_store(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(an_export_carries_it_into_a_directory, real_setup,
	                                    real_teardown),
	    cmocka_unit_test(what_takes_a_path_knows_none_in_memory_and_says_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
