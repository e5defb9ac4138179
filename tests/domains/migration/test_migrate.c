/* tier: fast, threads */
/* hf_migrate: in order, once in the life of a store, all or nothing of each, also when several
 * ask at once. */
#include <pthread.h>
#include <stdatomic.h>

#include "holdfast/holdfast.h"
#include "lib/settings.h"
#include "lib/test.h"

/* --- Migrations that count -------------------------------------------------------------------- */

/* Moves the cursor of its consumer forward by one and notes that it was called. */
struct effect {
	const char *consumer;
	int fails; /* the callback's own answer */
	bool refused; /* it adds an operation that the commit refuses, behind one that is fine */
	bool misused; /* it overlooks that an operation was refused for its form */
	atomic_uint calls;
};

static int64_t position(hf_store *store, const char *consumer)
{
	struct hf_cursor_got got = {0};
	const struct hf_cursor_key key = {hf_str(consumer), hf_str("s"), hf_str("")};
	const int rc = hf_cursor_get(store, &key, 0, &got, NULL);
	const int64_t at = rc == HF_OK ? got.cursor.last_sequence : 0;
	hf_release(got.memory);
	return at;
}

static int fill(void *ctx, hf_store *store, hf_txn *txn, struct hf_error *error)
{
	struct effect *effect = ctx;
	const struct hf_cursor_key key = {hf_str(effect->consumer), hf_str("s"), hf_str("")};
	const struct hf_cursor_advance_args args = {.key = key,
	                                            .sequence = position(store, effect->consumer) + 1};
	const struct hf_cursor_guard_args guard = {.write.expect = 9999,
	                                           .key = {hf_str("nobody"), hf_str("s"), hf_str("")}};
	const struct hf_cursor_advance_args back = {.key = key, .sequence = 0};
	atomic_fetch_add(&effect->calls, 1);
	int rc = hf_cursor_advance(store, txn, &args, NULL, error);
	if (rc == HF_OK && effect->refused)
		rc = hf_cursor_guard(store, txn, &guard, NULL, error);
	if (rc == HF_OK && effect->misused)
		assert_int_equal(hf_cursor_advance(store, txn, &back, NULL, NULL), HF_EINVAL);
	if (effect->fails)
		snprintf(error->text, sizeof error->text, "told by the callback");
	if (effect->fails)
		error->code = effect->fails;
	return effect->fails ? effect->fails : rc;
}

static const char *names(hf_store *store, size_t limit)
{
	static char text[400];
	struct hf_migration_page page = {0};
	text[0] = '\0';
	do {
		struct hf_memory *before = page.memory;
		const struct hf_migration_list_args args = {.limit = limit, .page = page.next};
		assert_int_equal(hf_migration_list(store, &args, 0, &page, NULL), HF_OK);
		hf_release(before);
		assert_true(!page.next || page.count == limit);
		for (size_t i = 0; i < page.count; i++) {
			const size_t len = strlen(text);
			(void)snprintf(text + len, sizeof text - len, "%s%.*s", len ? " " : "",
			               (int)page.items[i].name.len, (const char *)page.items[i].name.data);
		}
	} while (page.next);
	hf_release(page.memory);
	return text;
}

static struct hf_migration migration(const char *name, struct effect *effect)
{
	return (struct hf_migration){.name = hf_str(name), .fill = fill, .ctx = effect};
}

/* --- One after the other ---------------------------------------------------------------------- */

static void each_is_applied_once_in_the_order_of_the_list(void **unused)
{
	(void)unused;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		struct stage *stage = stage_open(setting);
		struct effect effects[] = {{.consumer = "a"}, {.consumer = "b"}, {.consumer = "a"}};
		const struct hf_migration first[] = {migration("zeta", &effects[0]),
		                                     migration("beta", &effects[1])};
		const struct hf_migration second[] = {migration("beta", &effects[1]),
		                                      migration("alpha", &effects[2]),
		                                      {.name = {"nothing", 7}},
		                                      migration("zeta", &effects[0])};
		struct hf_migrated done = {0};
		assert_int_equal(hf_migrate(stage->store, first, 2, &done, NULL), HF_OK);
		assert_true(done.applied == 2 && done.skipped == 0);
		stage_switch(stage);
		assert_int_equal(hf_migrate(stage->store, second, 4, &done, NULL), HF_OK);
		assert_true(done.applied == 2 && done.skipped == 2);
		assert_int_equal(hf_migrate(stage->store, second, 4, NULL, NULL), HF_OK);
		for (size_t limit = 0; limit < 6; limit++)
			assert_string_equal(names(stage->store, limit), "zeta beta alpha nothing");
		for (size_t i = 0; i < 3; i++)
			assert_int_equal(effects[i].calls, 1);
		assert_true(position(stage->store, "a") == 2 && position(stage->store, "b") == 1);
		stage_close(stage);
	}
}

static void a_failing_one_leaves_the_store_as_before_it(void **unused)
{
	(void)unused;
	static const struct {
		struct effect how;
		int code;
		uint32_t operation;
		const char *says;
	} rows[] = {
	    {{.consumer = "b", .fails = HF_EHELD},
	     HF_EHELD,
	     0,
	     "migration \"second\": told by the callback"},
	    {{.consumer = "b", .refused = true},
	     HF_ECONFLICT,
	     1,
	     "migration \"second\": cursor guard: "},
	    {{.consumer = "b", .misused = true}, HF_EINVAL, 1, "migration \"second\": "},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct stage *stage = stage_open(SETTING_LIVE);
		struct effect good = {.consumer = "a"}, bad = {.consumer = rows[i].how.consumer};
		bad.fails = rows[i].how.fails;
		bad.refused = rows[i].how.refused;
		bad.misused = rows[i].how.misused;
		const struct hf_migration list[] = {migration("first", &good), migration("second", &bad),
		                                    migration("third", &good)};
		struct hf_migrated done = {0};
		struct hf_error error = {0};
		assert_int_equal(hf_migrate(stage->store, list, 1, NULL, NULL), HF_OK);
		struct hf__writer before = stage_dump(stage);
		assert_int_equal(hf_migrate(stage->store, list, 3, &done, &error), rows[i].code);
		assert_true(done.applied == 0 && done.skipped == 1);
		assert_int_equal(error.code, rows[i].code);
		assert_int_equal(error.operation, rows[i].operation);
		if (strncmp(error.text, rows[i].says, strlen(rows[i].says)) != 0)
			fail_msg("says \"%s\"", error.text);
		struct hf__writer after = stage_dump(stage);
		assert_true(hf__bytes_equal(hf_bytes_of(before.data, before.len),
		                            hf_bytes_of(after.data, after.len)));
		hf__writer_deinit(&before);
		hf__writer_deinit(&after);
		/* Mended, it goes on where it stopped. */
		bad.fails = HF_OK;
		bad.refused = bad.misused = false;
		assert_int_equal(hf_migrate(stage->store, list, 3, &done, NULL), HF_OK);
		assert_true(done.applied == 2 && done.skipped == 1);
		assert_string_equal(names(stage->store, 0), "first second third");
		stage_close(stage);
	}
}

static void a_list_that_breaks_the_rules_does_nothing_at_all(void **unused)
{
	(void)unused;
	static char long_name[HF_KEY_MAX + 2];
	memset(long_name, 'x', HF_KEY_MAX + 1);
	struct stage *stage = stage_open(SETTING_LIVE);
	struct effect effect = {.consumer = "a"};
	const struct hf_bytes bad[] = {hf_str(""), hf_str("good"), hf_str(long_name),
	                               hf_bytes_of("a\0b", 3)};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		const struct hf_migration list[] = {migration("good", &effect),
		                                    {.name = bad[i], .fill = fill, .ctx = &effect}};
		struct hf_error error = {0};
		assert_int_equal(hf_migrate(stage->store, list, 2, NULL, &error), HF_EINVAL);
		assert_true(error.text[0] != '\0');
		if (i == 1)
			continue;
		assert_int_equal(hf_migration_record(stage->store, NULL,
		                                     &(struct hf_migration_record_args){.name = bad[i]},
		                                     NULL, NULL),
		                 HF_EINVAL);
		assert_int_equal(hf_migration_forget(stage->store, NULL,
		                                     &(struct hf_migration_forget_args){.name = bad[i]},
		                                     NULL, NULL),
		                 HF_EINVAL);
	}
	const struct hf_migration_guard_args guard = {.write.expect = HF_ABSENT, .name = hf_str("n")};
	assert_int_equal(hf_migration_guard(stage->store, NULL, &guard, NULL, NULL), HF_EINVAL);
	assert_int_equal(hf_migrate(stage->store, NULL, 0, NULL, NULL), HF_OK);
	assert_int_equal(hf_migrate(stage->store, NULL, 1, NULL, NULL), HF_EINVAL);
	assert_int_equal(effect.calls, 0);
	assert_string_equal(names(stage->store, 0), "");
	stage_close(stage);
}

static void a_page_of_another_list_is_refused(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct hf_migration_page page = {0}, other = {0};
	const struct hf_migration list[] = {{.name = {"a", 1}}, {.name = {"b", 1}}};
	assert_int_equal(hf_migrate(stage->store, list, 2, NULL, NULL), HF_OK);
	assert_int_equal(hf_migration_list(stage->store, &(struct hf_migration_list_args){.limit = 1},
	                                   0, &page, NULL),
	                 HF_OK);
	const struct hf_cursor_list_args foreign = {.page = page.next};
	struct hf_cursor_page cursors = {0};
	assert_int_equal(hf_cursor_list(stage->store, &foreign, 0, &cursors, NULL), HF_EINVAL);
	assert_int_equal(hf_migration_list(stage->store,
	                                   &(struct hf_migration_list_args){.page = "AAAA"}, 0, &other,
	                                   NULL),
	                 HF_EINVAL);
	hf_release(page.memory);
	stage_close(stage);
}

static void a_list_that_ends_before_what_was_applied_is_refused(void **unused)
{
	(void)unused;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		struct stage *stage = stage_open(setting);
		struct hf_migrated done = {0};
		struct hf_error error = {0};
		const struct hf_migration list[] = {
		    {.name = {"a", 1}}, {.name = {"b", 1}}, {.name = {"c", 1}}, {.name = {"d", 1}}};
		assert_int_equal(hf_migrate(stage->store, list, 0, NULL, NULL), HF_OK);
		assert_int_equal(hf_migrate(stage->store, list, 3, NULL, NULL), HF_OK);
		stage_switch(stage);
		for (size_t count = 0; count < 3; count++) {
			assert_int_equal(hf_migrate(stage->store, list, count, &done, &error), HF_ECONFLICT);
			assert_string_equal(error.text,
			                    "the list of migrations ends before what was applied: \"c\"");
			assert_true(done.applied == 0 && done.skipped == 0);
		}
		/* Old ones may be left out, and what is new may come anywhere. */
		assert_int_equal(hf_migrate(stage->store, &list[2], 1, &done, NULL), HF_OK);
		assert_true(done.applied == 0 && done.skipped == 1);
		assert_int_equal(hf_migrate(stage->store, &list[3], 1, &done, NULL), HF_OK);
		assert_true(done.applied == 1 && done.skipped == 0);
		assert_int_equal(hf_migrate(stage->store, list, 3, NULL, NULL), HF_ECONFLICT);
		assert_int_equal(hf_migrate(stage->store, list, 4, &done, NULL), HF_OK);
		assert_true(done.applied == 0 && done.skipped == 4);
		stage_close(stage);
	}
}

static void an_applied_name_with_another_checksum_is_refused(void **unused)
{
	(void)unused;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		struct stage *stage = stage_open(setting);
		struct effect effect = {.consumer = "a"};
		struct hf_migration one = migration("one", &effect), other = one, none = one;
		one.has_checksum = other.has_checksum = true;
		one.checksum = 7;
		struct hf_error error = {0};
		assert_int_equal(hf_migrate(stage->store, &one, 1, NULL, NULL), HF_OK);
		stage_switch(stage);
		assert_int_equal(hf_migrate(stage->store, &one, 1, NULL, NULL), HF_OK);
		assert_int_equal(hf_migrate(stage->store, &none, 1, NULL, NULL), HF_OK);
		assert_int_equal(hf_migrate(stage->store, &other, 1, NULL, &error), HF_ECONFLICT);
		assert_non_null(strstr(
		    error.text, "it was applied with checksum 0000000000000007, not 0000000000000000"));
		assert_int_equal(effect.calls, 1);
		stage_close(stage);
	}
}

static void one_wrong_checksum_keeps_all_of_the_list_from_being_applied(void **unused)
{
	(void)unused;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		struct stage *stage = stage_open(setting);
		struct effect effect = {.consumer = "a"};
		struct hf_migration list[] = {migration("new", &effect), migration("old", &effect),
		                              migration("newer", &effect)};
		struct hf_error error = {0};
		struct hf_migrated done = {0};
		list[1].has_checksum = true;
		list[1].checksum = UINT64_MAX;
		assert_int_equal(hf_migrate(stage->store, &list[1], 1, NULL, NULL), HF_OK);
		stage_switch(stage);
		struct hf__writer before = stage_dump(stage);
		list[1].checksum = 0;
		for (unsigned i = 0; i < 2; i++) {
			assert_int_equal(hf_migrate(stage->store, list, 3, &done, &error), HF_ECONFLICT);
			assert_non_null(strstr(error.text, "\"old\""));
			assert_true(done.applied == 0 && done.skipped == 0);
		}
		struct hf__writer after = stage_dump(stage);
		assert_true(hf__bytes_equal(hf_bytes_of(before.data, before.len),
		                            hf_bytes_of(after.data, after.len)));
		hf__writer_deinit(&before);
		hf__writer_deinit(&after);
		assert_int_equal(effect.calls, 1);
		assert_string_equal(names(stage->store, 0), "old");
		list[1].checksum = UINT64_MAX;
		assert_int_equal(hf_migrate(stage->store, list, 3, &done, NULL), HF_OK);
		assert_true(done.applied == 2 && done.skipped == 1);
		assert_string_equal(names(stage->store, 0), "old new newer");
		stage_close(stage);
	}
}

/* --- At once ---------------------------------------------------------------------------------- */

enum { THREADS = 4, MIGRATIONS = 12 };

struct crowd {
	hf_store *store;
	struct hf_migration list[MIGRATIONS];
	pthread_barrier_t all_inside;
	atomic_size_t applied, skipped;
	atomic_int failures;
};

/* Would do no harm to the commit of the second caller: only the name keeps it from being done
 * twice. */
static int count_up(void *ctx, hf_store *store, hf_txn *txn, struct hf_error *error)
{
	(void)ctx;
	const struct hf_cursor_record_error_args args = {.key = {hf_str("a"), hf_str("s"), hf_str("")},
	                                                 .message = hf_str("once more")};
	return hf_cursor_record_error(store, txn, &args, NULL, error);
}

/* The first one: none of the threads finds it applied, since each comes in here before any of
 * them commits. */
static int count_up_together(void *ctx, hf_store *store, hf_txn *txn, struct hf_error *error)
{
	struct crowd *crowd = ctx;
	(void)pthread_barrier_wait(&crowd->all_inside);
	return count_up(ctx, store, txn, error);
}

static void *run_migrations(void *arg)
{
	struct crowd *crowd = arg;
	struct hf_migrated done = {0};
	if (hf_migrate(crowd->store, crowd->list, MIGRATIONS, &done, NULL) != HF_OK)
		atomic_fetch_add(&crowd->failures, 1);
	atomic_fetch_add(&crowd->applied, done.applied);
	atomic_fetch_add(&crowd->skipped, done.skipped);
	return NULL;
}

static void several_at_once_apply_each_of_them_once(void **unused)
{
	(void)unused;
	static char texts[MIGRATIONS][16];
	struct stage *stage = stage_open(SETTING_LIVE);
	struct crowd crowd = {.store = stage->store};
	struct hf_cursor_got got = {0};
	const struct hf_cursor_key key = {hf_str("a"), hf_str("s"), hf_str("")};
	pthread_t threads[THREADS];
	for (unsigned i = 0; i < MIGRATIONS; i++) {
		(void)snprintf(texts[i], sizeof texts[i], "step%02u", i);
		crowd.list[i] = (struct hf_migration){
		    .name = hf_str(texts[i]), .fill = i ? count_up : count_up_together, .ctx = &crowd};
	}
	assert_int_equal(pthread_barrier_init(&crowd.all_inside, NULL, THREADS), 0);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, run_migrations, &crowd), 0);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(pthread_barrier_destroy(&crowd.all_inside), 0);
	assert_int_equal(crowd.failures, 0);
	assert_int_equal(crowd.applied, MIGRATIONS);
	assert_int_equal(crowd.skipped, MIGRATIONS * (THREADS - 1));
	assert_int_equal(hf_cursor_get(stage->store, &key, 0, &got, NULL), HF_OK);
	assert_int_equal(got.cursor.error_count, MIGRATIONS);
	hf_release(got.memory);
	stage_close(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_is_applied_once_in_the_order_of_the_list),
	    cmocka_unit_test(a_failing_one_leaves_the_store_as_before_it),
	    cmocka_unit_test(a_list_that_breaks_the_rules_does_nothing_at_all),
	    cmocka_unit_test(a_page_of_another_list_is_refused),
	    cmocka_unit_test(several_at_once_apply_each_of_them_once),
	    cmocka_unit_test(a_list_that_ends_before_what_was_applied_is_refused),
	    cmocka_unit_test(an_applied_name_with_another_checksum_is_refused),
	    cmocka_unit_test(one_wrong_checksum_keeps_all_of_the_list_from_being_applied),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
