/* tier: fast */
/* Stores that earlier versions wrote stay readable. tests/data/golden-2 holds what this format's
 * first version wrote, one store per padding and one after an unclean stop, each with entries of
 * every domain. They are read as they are, by the engine and by the stranger's reader, and a
 * copy of each is written to. They are never made anew once a version was released; until then:
 *
 * HF_GOLDEN_WRITE=1 ./test_golden
 */
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "holdfast/holdfast.h"
#include "lib/churn/churn.h"
#include "lib/test.h"
#include "lib/tools/stranger.h"
#include "store/check/readonly.h"
#include "store/internal.h"

#define GOLDEN HF_SOURCE_DIR "/tests/data/golden-2"

enum { SEGMENT = 16 << 10, FILE_MAX = 1 << 20, PATH = 4096, STEPS = 60 };

static const struct golden {
	const char *name;
	uint32_t pad;
	bool unclean;
} stores[] = {
    {"pad-0", 0, false},
    {"pad-512", 512, false},
    {"pad-4096", 4096, false},
    {"unclean", 0, true},
};
enum { STORES = sizeof stores / sizeof stores[0] };

/* --- What is in each -------------------------------------------------------------------------- */

static void write_known(hf_store *s)
{
	const struct hf_inbox_input record = {
	    .thread = hf_str("thread"), .payload = hf_str("a message"), .unread = true};
	struct hf_idempotency_begun begun = {0};
	struct hf_error error = {0};
	int rc = hf_inbox_save(
	    s, NULL,
	    &(struct hf_inbox_save_args){.user = hf_str("golden"), .records = &record, .count = 1},
	    NULL, &error);
	rc = rc ? rc
	        : hf_cursor_advance(
	              s, NULL,
	              &(struct hf_cursor_advance_args){
	                  .key = {.consumer = hf_str("golden"), .stream = hf_str("stream")},
	                  .sequence = 42,
	                  .delivery_id = hf_str("delivery")},
	              NULL, &error);
	rc = rc ? rc
	        : hf_outbox_enqueue(s, NULL,
	                            &(struct hf_outbox_enqueue_args){.queue = hf_str("golden"),
	                                                             .id = hf_str("item"),
	                                                             .payload = hf_str("work")},
	                            NULL, &error);
	rc = rc ? rc
	        : hf_idempotency_begin(s, NULL,
	                               &(struct hf_idempotency_begin_args){
	                                   .key = {.scope = hf_str("golden"), .key = hf_str("key")},
	                                   .lease_us = INT64_C(60000000)},
	                               &begun, NULL, &error);
	rc = rc ? rc
	        : hf_document_put(s, NULL,
	                          &(struct hf_document_put_args){
	                              .key = {.collection = hf_str("golden"), .id = hf_str("document")},
	                              .payload = hf_str("contents")},
	                          NULL, &error);
	rc = rc ? rc
	        : hf_timeline_append(s, NULL,
	                             &(struct hf_timeline_append_args){
	                                 .key = {.timeline = hf_str("golden"), .id = hf_str("event")},
	                                 .type = hf_str("type"),
	                                 .payload = hf_str("happened")},
	                             NULL, &error);
	rc = rc ? rc
	        : hf_lock_acquire(s, NULL,
	                          &(struct hf_lock_acquire_args){.name = hf_str("golden"),
	                                                         .owner = hf_str("owner")},
	                          NULL, &error);
	rc = rc ? rc
	        : hf_migration_record(s, NULL,
	                              &(struct hf_migration_record_args){.name = hf_str("golden")},
	                              NULL, &error);
	if (rc != HF_OK)
		fail_msg("%s", error.text);
}

static void check_known(hf_store *s)
{
	struct hf_cursor_got cursor = {0};
	struct hf_document_got document = {0};
	struct hf_error error = {0};
	assert_int_equal(hf_cursor_get(s,
	                               &(struct hf_cursor_key){.consumer = hf_str("golden"),
	                                                       .stream = hf_str("stream")},
	                               0, &cursor, &error),
	                 HF_OK);
	assert_int_equal(cursor.cursor.last_sequence, 42);
	hf_release(cursor.memory);
	assert_int_equal(hf_document_get(s,
	                                 &(struct hf_document_key){.collection = hf_str("golden"),
	                                                           .id = hf_str("document")},
	                                 0, &document, &error),
	                 HF_OK);
	assert_int_equal(document.document.payload.len, 8);
	assert_memory_equal(document.document.payload.data, "contents", 8);
	hf_release(document.memory);
}

/* --- Making them ------------------------------------------------------------------------------ */

static void write_store(const struct golden *golden, unsigned number)
{
	struct sim *sim = sim_new(sim_profile_strict(), 100 + number);
	const struct hf_options options = {
	    .create = true, .no_background = true, .segment_size = SEGMENT, .pad = golden->pad};
	struct churn churn;
	hf_store *store = NULL;
	char path[PATH];
	assert_int_equal(hf__store_open(sim_os(sim), hf__all_domains(), &options, &store, NULL), HF_OK);
	churn_init(&churn, golden->name, 10, 1000);
	/* The wall clock was an hour ahead, and the store is set back. */
	const int64_t wall = sim_os(sim)->now(sim_os(sim)->ctx);
	sim_set_now(sim, wall + INT64_C(3600000000));
	write_known(store);
	sim_set_now(sim, wall);
	struct hf_result result = {0};
	assert_int_equal(hf_clock_set_back(store, NULL,
	                                   &(struct hf_clock_set_back_args){.reason = hf_str("golden")},
	                                   &result, NULL),
	                 HF_OK);
	assert_true(result.changed);
	for (unsigned i = 0; i < STEPS; i++)
		churn_step(&churn, store);
	churn_deinit(&churn);
	if (golden->unclean)
		sim_kill(sim);
	(void)hf_close(store, NULL);
	(void)snprintf(path, sizeof path, "%s/%s", GOLDEN, golden->name);
	assert_int_equal(sim_dump(sim, path), 0);
	char line[STRANGER_LINE];
	stranger_engine(sim, line);
	(void)snprintf(path, sizeof path, "%s/%s.expected", GOLDEN, golden->name);
	FILE *expected = fopen(path, "w");
	assert_non_null(expected);
	(void)fprintf(expected, "%s\n", line);
	assert_int_equal(fclose(expected), 0);
	sim_free(sim);
}

static void write_all(void)
{
	if (!getenv("HF_GOLDEN_WRITE"))
		return;
	assert_true(mkdir(HF_SOURCE_DIR "/tests/data", 0777) == 0 || errno == EEXIST);
	assert_true(mkdir(GOLDEN, 0777) == 0 || errno == EEXIST);
	for (unsigned i = 0; i < STORES; i++)
		write_store(&stores[i], i);
}

/* --- Reading them ----------------------------------------------------------------------------- */

static void read_file(const char *directory, const char *name, struct sim *sim)
{
	static uint8_t bytes[FILE_MAX];
	char path[PATH + 512];
	(void)snprintf(path, sizeof path, "%s/%s", directory, name);
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	const size_t len = fread(bytes, 1, sizeof bytes, file);
	assert_true(len < sizeof bytes);
	assert_int_equal(fclose(file), 0);
	sim_write_file(sim, name, 0, bytes, len);
}

/* A copy, on a simulated disk: whatever is done to it, the golden store stays as it is. */
static struct sim *copy_of(const struct golden *golden)
{
	struct sim *sim = sim_new(sim_profile_strict(), 1);
	char path[PATH];
	(void)snprintf(path, sizeof path, "%s/%s", GOLDEN, golden->name);
	DIR *directory = opendir(path);
	assert_non_null(directory);
	for (struct dirent *entry; (entry = readdir(directory));)
		if (entry->d_name[0] != '.')
			read_file(path, entry->d_name, sim);
	assert_int_equal(closedir(directory), 0);
	return sim;
}

static void expected_of(const struct golden *golden, char line[STRANGER_LINE])
{
	char path[PATH];
	(void)snprintf(path, sizeof path, "%s/%s.expected", GOLDEN, golden->name);
	FILE *expected = fopen(path, "r");
	assert_non_null(expected);
	assert_non_null(fgets(line, STRANGER_LINE, expected));
	assert_int_equal(fclose(expected), 0);
	line[strcspn(line, "\n")] = '\0';
}

static void each_is_read_as_it_was_written(void **state)
{
	(void)state;
	write_all();
	for (unsigned i = 0; i < STORES; i++) {
		char line[STRANGER_LINE], expected[STRANGER_LINE];
		struct hf_fsck_summary summary = {0};
		struct sim *sim = copy_of(&stores[i]);
		assert_int_equal(hf__fsck(sim_os(sim), hf__all_domains(), NULL, NULL, NULL, &summary, NULL),
		                 HF_OK);
		assert_true(summary.state_checked &&
		            summary.last_stop ==
		                (stores[i].unclean ? HF_FSCK_STOP_UNCLEAN : HF_FSCK_STOP_CLEAN));
		for (size_t domain = 0; domain < summary.domain_count; domain++)
			if (summary.domains[domain].entries == 0)
				fail_msg("%s holds nothing of domain %s", stores[i].name,
				         summary.domains[domain].name);
		stranger_engine(sim, line);
		expected_of(&stores[i], expected);
		assert_string_equal(line, expected);
		sim_free(sim);
	}
}

static void each_can_be_gone_on_with(void **state)
{
	(void)state;
	for (unsigned i = 0; i < STORES; i++) {
		struct sim *sim = copy_of(&stores[i]);
		const struct hf_options options = {.no_background = true};
		struct hf_fsck_summary summary = {0};
		struct churn churn;
		hf_store *store = NULL;
		struct hf_error error = {0};
		churn_init(&churn, "golden", 10, 1000);
		for (unsigned life = 0; life < 2; life++) {
			if (hf__store_open(sim_os(sim), hf__all_domains(), &options, &store, &error) != HF_OK)
				fail_msg("%s: %s", stores[i].name, error.text);
			check_known(store);
			for (unsigned step = 0; step < 20; step++)
				churn_step(&churn, store);
			assert_int_equal(hf_close(store, &error), HF_OK);
		}
		churn_deinit(&churn);
		assert_int_equal(hf__fsck(sim_os(sim), hf__all_domains(), NULL, NULL, NULL, &summary, NULL),
		                 HF_OK);
		assert_true(summary.state_checked);
		sim_free(sim);
	}
}

static void the_stranger_reads_them_too(void **state)
{
	char list[] = "golden-XXXXXX", line[STRANGER_LINE], expected[STRANGER_LINE];
	(void)state;
	const int file = mkstemp(list);
	assert_true(file >= 0);
	for (unsigned i = 0; i < STORES; i++)
		assert_true(dprintf(file, "%s/%s\n", GOLDEN, stores[i].name) > 0);
	assert_int_equal(close(file), 0);
	FILE *reader = stranger_start(list);
	for (unsigned i = 0; i < STORES; i++) {
		assert_non_null(fgets(line, sizeof line, reader));
		line[strcspn(line, "\n")] = '\0';
		expected_of(&stores[i], expected);
		assert_string_equal(line, expected);
	}
	assert_int_equal(pclose(reader), 0);
	assert_int_equal(unlink(list), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_is_read_as_it_was_written),
	    cmocka_unit_test(each_can_be_gone_on_with),
	    cmocka_unit_test(the_stranger_reads_them_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
