/* tier: fast, threads */
/* hf_log_each and hf_fsck on the real disk, beside a writer: every entry once and in order,
 * described; no damage where there is none. */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "holdfast/holdfast.h"
#include "lib/remove_tree.h"
#include "lib/test.h"

enum { SEGMENT = 16 << 10, WRITES = 1500 };

static const char directory[] = "store";

struct reading {
	hf_lsn next, stop_after;
	uint64_t count, ends;
	bool texts;
	bool described;
};

static bool take(void *ctx, const struct hf_log_entry *entry)
{
	struct reading *reading = ctx;
	assert_true(entry->lsn >= reading->next);
	assert_true(entry->segment > 0 && entry->offset >= 512 + 112);
	reading->described = reading->described && entry->text[0] != '\0';
	assert_true(reading->texts || entry->text[0] == '\0');
	reading->next = entry->lsn + 1;
	reading->count++;
	reading->ends += entry->transaction_end;
	return reading->stop_after == 0 || reading->count < reading->stop_after;
}

static struct reading read_from(hf_lsn from, unsigned flags, hf_lsn stop_after)
{
	struct reading reading = {
	    .next = from, .stop_after = stop_after, .texts = flags == 0, .described = true};
	struct hf_error error = {0};
	const int rc = hf_log_each(directory, from, flags, take, &reading, &error);
	if (rc != HF_OK)
		fail_msg("%s: %s (%s at %llu)", hf_code_name(rc), error.text, error.file,
		         (unsigned long long)error.offset);
	return reading;
}

static hf_store *open_store(bool create)
{
	const struct hf_options options = {
	    .create = create, .segment_size = SEGMENT, .allow_unsafe_fs = true};
	struct hf_error error = {0};
	hf_store *store = NULL;
	if (hf_open(directory, &options, &store, &error) != HF_OK)
		fail_msg("%s", error.text);
	return store;
}

static void enqueue(hf_store *store, int i, enum hf_durability durability)
{
	char id[16];
	uint8_t payload[400] = {0};
	snprintf(id, sizeof id, "i%d", i);
	const struct hf_outbox_enqueue_args args = {.write = {.durability = durability},
	                                            .queue = hf_str("q"),
	                                            .id = hf_str(id),
	                                            .payload =
	                                                hf_bytes_of(payload, (size_t)(i * 37 % 400))};
	assert_int_equal(hf_outbox_enqueue(store, NULL, &args, NULL, NULL), HF_OK);
}

static int fresh(void **state)
{
	(void)state;
	if (access(directory, F_OK) == 0)
		remove_tree(directory);
	return 0;
}

static void entries_come_once_in_order_from_any_lsn(void **state)
{
	(void)state;
	hf_store *store = open_store(true);
	for (int i = 0; i < 100; i++)
		enqueue(store, i, HF_OS);
	assert_int_equal(hf_close(store, NULL), HF_OK);
	const struct reading all = read_from(0, 0, 0);
	assert_true(all.count == 100 && all.next == 101 && all.ends == 100 && all.described);
	for (hf_lsn from = 1; from <= 102; from++)
		assert_true(read_from(from, HF_LOG_WITHOUT_TEXT, 0).count ==
		            (from <= 101 ? 101 - from : 0));
	assert_true(read_from(7, 0, 5).count == 5);
}

static void what_cannot_be_read_is_refused(void **state)
{
	(void)state;
	struct reading reading = {0};
	struct hf_error error = {0};
	assert_int_equal(hf_log_each(directory, 0, 0, take, &reading, &error), HF_ENOTFOUND);
	assert_int_equal(mkdir(directory, 0700), 0);
	assert_int_equal(hf_log_each(directory, 0, 0, take, &reading, &error), HF_ENOTFOUND);
	assert_int_equal(hf_log_each(directory, 0, 2, take, &reading, &error), HF_EINVAL);
	assert_int_equal(hf_log_each(directory, 0, 0, NULL, NULL, &error), HF_EINVAL);
	assert_int_equal(hf_log_each("", 0, 0, take, &reading, &error), HF_EINVAL);
	assert_int_equal(hf_fsck(directory, NULL, NULL, NULL, NULL, &error), HF_ENOTFOUND);
	assert_int_equal(rmdir(directory), 0); /* nothing was made in it */
}

static void damage_ends_the_reading_behind_all_that_is_whole(void **state)
{
	(void)state;
	hf_store *store = open_store(true);
	for (int i = 0; i < 60; i++)
		enqueue(store, i, HF_OS);
	assert_int_equal(hf_close(store, NULL), HF_OK);
	/* One bit in the last segment but one. */
	char path[64];
	struct stat info;
	unsigned last = 9;
	for (; last > 0; last--) {
		snprintf(path, sizeof path, "%s/segment-%08x", directory, last);
		if (stat(path, &info) == 0)
			break;
	}
	snprintf(path, sizeof path, "%s/segment-%08x", directory, last - 1);
	FILE *file = fopen(path, "r+b");
	assert_non_null(file);
	assert_int_equal(fseek(file, 5000, SEEK_SET), 0);
	const int byte = fgetc(file);
	assert_int_equal(fseek(file, 5000, SEEK_SET), 0);
	assert_true(fputc(byte ^ 4, file) != EOF);
	assert_int_equal(fclose(file), 0);
	struct reading reading = {.texts = true, .described = true};
	struct hf_error error = {0};
	assert_int_equal(hf_log_each(directory, 0, 0, take, &reading, &error), HF_ECORRUPT);
	assert_true(reading.count > 0 && reading.count < 60);
	assert_true(error.first_lsn == reading.next);
	assert_string_equal(error.file, path + sizeof directory);
	/* fsck sees the same place. */
	struct hf_fsck_summary summary = {0};
	struct hf_error found = {0};
	assert_int_equal(hf_fsck(directory, NULL, NULL, NULL, &summary, &found), HF_ECORRUPT);
	assert_string_equal(found.file, error.file);
	assert_true(found.offset == error.offset && found.first_lsn == error.first_lsn);
}

/* --- Beside a writer -------------------------------------------------------------------------- */

static atomic_bool done;

static void *write_on(void *store)
{
	for (int i = 0; i < WRITES; i++)
		enqueue(store, i, i % 3 ? HF_OS : HF_DURABLE);
	atomic_store(&done, true);
	return NULL;
}

static void readers_beside_a_writer_see_no_damage(void **state)
{
	(void)state;
	pthread_t writer;
	unsigned logs = 0, checks = 0, busy = 0;
	hf_lsn seen = 0;
	hf_store *store = open_store(true);
	atomic_store(&done, false);
	assert_int_equal(pthread_create(&writer, NULL, write_on, store), 0);
	while (!atomic_load(&done)) {
		const struct reading reading = read_from(1, 0, 0);
		assert_true(reading.next >= seen && reading.count == reading.next - 1);
		seen = reading.next;
		logs++;
		struct hf_error error = {0};
		const int rc = hf_fsck(directory, NULL, NULL, NULL, NULL, &error);
		if (rc != HF_OK && rc != HF_ECANCELED)
			fail_msg("fsck: %s: %s (%s at %llu)", hf_code_name(rc), error.text, error.file,
			         (unsigned long long)error.offset);
		checks += rc == HF_OK;
		busy += rc == HF_ECANCELED;
	}
	assert_int_equal(pthread_join(writer, NULL), 0);
	assert_int_equal(hf_close(store, NULL), HF_OK);
	assert_true(read_from(1, 0, 0).count == WRITES);
	print_message(
	    "figure: beside a writer, %u readings of the log, %u checks, %u given up as too busy\n",
	    logs, checks, busy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(entries_come_once_in_order_from_any_lsn, fresh),
	    cmocka_unit_test_setup(what_cannot_be_read_is_refused, fresh),
	    cmocka_unit_test_setup(damage_ends_the_reading_behind_all_that_is_whole, fresh),
	    cmocka_unit_test_setup(readers_beside_a_writer_see_no_damage, fresh),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
