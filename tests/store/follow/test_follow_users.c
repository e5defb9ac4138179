/* tier: fast */
/* Read-only handles of users who may not write, and on media that take no writes: they work, and
 * leave no trace (both need root, or say SKIP). In a forked child; and where another store takes
 * the place of the one that is followed. */
#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/real_store.h"
#include "lib/test.h"

enum { NOBODY = 65534, ITEMS = 30, LEN = 3000 };

static bool not_root(void)
{
	if (geteuid() == 0)
		return false;
	printf("SKIP: this needs root: it plays another user, or mounts\n");
	return true;
}

/* Reads all of it and says what is wrong. */
static int read_all(const char *path, unsigned items)
{
	struct hf_error error = {0};
	struct hf_info info = {0};
	hf_store *store;
	if (hf_open_read(path, NULL, &store, &error) != HF_OK) {
		fprintf(stderr, "%s\n", error.text);
		return 1;
	}
	unsigned found = 0;
	for (unsigned i = 0; i < items; i++) {
		char id[16];
		struct hf_outbox_got got = {0};
		(void)snprintf(id, sizeof id, "i%u", i);
		const struct hf_outbox_key key = {hf_str("q"), hf_str(id)};
		if (hf_outbox_get(store, &key, 0, &got, &error) != HF_OK) {
			fprintf(stderr, "%s: %s\n", id, error.text);
			return 2;
		}
		found += got.item.payload.len == LEN;
		hf_release(got.memory);
	}
	if (hf_get_info(store, &info, &error) != HF_OK || !info.read_only)
		return 3;
	return hf_close(store, NULL) == HF_OK && found == items ? 0 : 4;
}

static void fill(struct real_store *real)
{
	assert_int_equal(
	    real_open_at(
	        real, NULL,
	        (struct hf_options){.create = true, .no_background = true, .segment_size = 16384}),
	    HF_OK);
	for (unsigned i = 0; i < ITEMS; i++) {
		char id[16];
		(void)snprintf(id, sizeof id, "i%u", i);
		assert_int_equal(real_enqueue(real, id, LEN), HF_OK);
		if (i == ITEMS / 2)
			assert_int_equal(hf_snapshot(real->store, NULL), HF_OK);
	}
}

/* Times of the directory and of all files: nothing was made, changed, removed or touched. */
static int64_t newest_change(const struct real_store *real)
{
	struct stat st;
	assert_int_equal(stat(real->path, &st), 0);
	int64_t newest = st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec;
	DIR *stream = opendir(real->path);
	assert_non_null(stream);
	for (const struct dirent *entry; (entry = readdir(stream)) != NULL;) {
		if (entry->d_name[0] == '.')
			continue;
		assert_int_equal(stat(real_file(real, entry->d_name), &st), 0);
		const int64_t at = st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec;
		newest = at > newest ? at : newest;
	}
	(void)closedir(stream);
	return newest;
}

static int as_nobody(void *arg)
{
	const struct real_store *real = arg;
	hf_store *store;
	if (setgroups(0, NULL) != 0 || setresgid(NOBODY, NOBODY, NOBODY) != 0 ||
	    setresuid(NOBODY, NOBODY, NOBODY) != 0)
		return 100;
	if (hf_open(real->path, NULL, &store, NULL) != HF_EACCESS)
		return 101;
	return read_all(real->path, ITEMS);
}

/* The group may read. */
static void let_nobody_read(const struct real_store *real)
{
	DIR *stream = opendir(real->path);
	assert_non_null(stream);
	assert_int_equal(chmod(real->base, 0755), 0);
	assert_int_equal(chown(real->path, 0, NOBODY), 0);
	assert_int_equal(chmod(real->path, 0750), 0);
	for (const struct dirent *entry; (entry = readdir(stream)) != NULL;) {
		if (entry->d_name[0] == '.')
			continue;
		assert_int_equal(chown(real_file(real, entry->d_name), 0, NOBODY), 0);
		assert_int_equal(chmod(real_file(real, entry->d_name), 0640), 0);
	}
	(void)closedir(stream);
}

static void who_may_not_write_reads(void **state)
{
	struct real_store *real = *state;
	if (not_root())
		skip();
	fill(real);
	let_nobody_read(real);
	const int64_t before = newest_change(real);
	assert_int_equal(real_in_child(as_nobody, real), 0); /* beside the writer */
	assert_int_equal(newest_change(real), before);
	real_close(real);
	const int64_t closed = newest_change(real);
	assert_int_equal(real_in_child(as_nobody, real), 0); /* after it */
	assert_int_equal(newest_change(real), closed);
}

static int on_read_only_mount(void *arg)
{
	const struct real_store *real = arg;
	hf_store *store;
	if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount(real->path, real->path, NULL, MS_BIND, NULL) != 0 ||
	    mount(NULL, real->path, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) != 0)
		return 77;
	if (hf_open(real->path, NULL, &store, NULL) != HF_EACCESS)
		return 101;
	return read_all(real->path, ITEMS);
}

static void a_read_only_medium_is_read(void **state)
{
	struct real_store *real = *state;
	if (not_root())
		skip();
	fill(real);
	real_close(real);
	const int64_t before = newest_change(real);
	const int ended = real_in_child(on_read_only_mount, real);
	if (ended == 77) {
		printf("SKIP: no mounts here\n");
		skip();
	}
	assert_int_equal(ended, 0);
	assert_int_equal(newest_change(real), before);
}

/* A child that inherits a handle gets nothing from it and harms nothing. */
static int in_child(void *arg)
{
	hf_store *store = arg;
	struct hf_info info = {0};
	if (hf_get_info(store, &info, NULL) != HF_EFORK || hf_refresh(store, NULL, NULL) != HF_EFORK)
		return 1;
	return hf_close(store, NULL) == HF_EFORK ? 0 : 2;
}

static void a_forked_child_does_not_use_it(void **state)
{
	struct real_store *real = *state;
	struct hf_outbox_got got = {0};
	const struct hf_outbox_key key = {hf_str("q"), hf_str("i1")};
	hf_store *reader;
	fill(real);
	assert_int_equal(hf_open_read(real->path, NULL, &reader, NULL), HF_OK);
	assert_int_equal(real_in_child(in_child, reader), 0);
	assert_int_equal(hf_outbox_get(reader, &key, 0, &got, NULL), HF_OK);
	assert_int_equal(got.item.payload.len, LEN);
	hf_release(got.memory);
	assert_int_equal(hf_close(reader, NULL), HF_OK);
}

/* --- Another store in its place --------------------------------------------------------------- */

static void advance(const char *path, int64_t sequence)
{
	hf_store *store;
	const struct hf_options options = {.create = true, .no_background = true};
	const struct hf_cursor_advance_args args = {.key = {hf_str("c"), hf_str("s"), hf_str("")},
	                                            .sequence = sequence};
	assert_int_equal(hf_open(path, &options, &store, NULL), HF_OK);
	assert_int_equal(hf_cursor_advance(store, NULL, &args, NULL, NULL), HF_OK);
	assert_int_equal(hf_close(store, NULL), HF_OK);
}

static int64_t sequence_of(hf_store *reader)
{
	const struct hf_cursor_key key = {hf_str("c"), hf_str("s"), hf_str("")};
	struct hf_cursor_got got = {0};
	struct hf_error error = {0};
	if (hf_cursor_get(reader, &key, 0, &got, &error) != HF_OK)
		fail_msg("%s", error.text);
	const int64_t sequence = got.cursor.last_sequence;
	hf_release(got.memory);
	return sequence;
}

static void a_store_that_was_replaced_is_followed_in_its_place(void **state)
{
	struct real_store *real = *state;
	const char *aside = real_beside(real, "aside"), *next = real_beside(real, "next");
	struct hf_event_batch batch = {0};
	struct hf_error error = {0};
	hf_store *reader;
	hf_feed *feed;
	bool changed;
	advance(real->path, 1);
	assert_int_equal(hf_open_read(real->path, NULL, &reader, NULL), HF_OK);
	assert_int_equal(hf_feed_open(reader, 1, &feed, NULL), HF_OK);
	assert_int_equal(sequence_of(reader), 1);
	for (int64_t i = 2; i < 5; i++) {
		char *old = strdup(aside);
		(void)snprintf(old + strlen(old) - 1, 2, "%d", (int)i);
		advance(next, i);
		assert_int_equal(rename(real->path, old), 0);
		assert_int_equal(sequence_of(reader), i == 2 ? 1 : (i - 1) * 10); /* nothing lies there */
		assert_int_equal(rename(next, real->path), 0);
		assert_int_equal(hf_refresh(reader, &changed, NULL), HF_OK);
		assert_true(changed);
		assert_int_equal(sequence_of(reader), i);
		advance(real->path, i * 10);
		assert_int_equal(sequence_of(reader), i * 10);
		free(old);
	}
	assert_int_equal(hf_feed_next(feed, 0, 0, &batch, &error), HF_EGONE);
	hf_feed_close(feed);
	assert_int_equal(hf_feed_open(reader, 1, &feed, NULL), HF_OK);
	assert_int_equal(hf_feed_next(feed, 0, 0, &batch, &error), HF_OK);
	assert_int_equal(batch.count, 2);
	hf_release(batch.memory);
	hf_feed_close(feed);
	assert_int_equal(hf_close(reader, NULL), HF_OK);
}

static void an_import_that_replaces_a_store_is_followed(void **state)
{
	struct real_store *real = *state;
	const struct hf_import_options replace = {.size = sizeof replace, .replace = true};
	hf_store *reader;
	struct hf_info before = {0}, after = {0};
	advance(real->path, 7);
	assert_int_equal(hf_open_read(real->path, NULL, &reader, NULL), HF_OK);
	assert_int_equal(hf_get_info(reader, &before, NULL), HF_OK);
	real_open(real);
	assert_int_equal(hf_export(real->store, real_beside(real, "file"), NULL, NULL, NULL), HF_OK);
	real_close(real);
	advance(real->path, 8);
	assert_int_equal(sequence_of(reader), 8);
	assert_int_equal(hf_import(real_beside(real, "file"), real->path, &replace, NULL, NULL), HF_OK);
	assert_int_equal(sequence_of(reader), 7);
	assert_int_equal(hf_get_info(reader, &after, NULL), HF_OK);
	assert_true(after.epoch == before.epoch + 1 && after.read_only && !after.writer);
	advance(real->path, 9);
	assert_int_equal(sequence_of(reader), 9);
	assert_int_equal(hf_close(reader, NULL), HF_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(who_may_not_write_reads, real_setup, real_teardown),
	    cmocka_unit_test_setup_teardown(a_read_only_medium_is_read, real_setup, real_teardown),
	    cmocka_unit_test_setup_teardown(a_forked_child_does_not_use_it, real_setup, real_teardown),
	    cmocka_unit_test_setup_teardown(a_store_that_was_replaced_is_followed_in_its_place,
	                                    real_setup, real_teardown),
	    cmocka_unit_test_setup_teardown(an_import_that_replaces_a_store_is_followed, real_setup,
	                                    real_teardown),
	};
	return cmocka_run_group_tests_name("following as another user", tests, NULL, NULL);
}
