/* tier: fast */
/* What the clock means for the domains: a set-back moves what the store computed and leaves what
 * a caller named; times that are filled in differ. */
#include "holdfast/holdfast.h"
#include "lib/settings.h"
#include "lib/test.h"

#define HOUR INT64_C(3600000000)
#define OFF (10 * HOUR) /* the wall clock, for a moment */
#define COMPUTED (STAGE_NOW + 2 * HOUR) /* when that ends, after the set-back */
#define NAMED (STAGE_NOW + 15 * HOUR)

static struct hf_error error;

#define OK(call) \
	do { \
		if ((call) != HF_OK) \
			fail_msg("%s: %s", #call, error.text); \
	} while (0)

/* --- Deadlines -------------------------------------------------------------------------------- */

static void arrange_leases(hf_store *s)
{
	const struct hf_lock_acquire_args acquire = {
	    .name = hf_str("l"), .owner = hf_str("o"), .lease_us = 2 * HOUR};
	const struct hf_idempotency_begin_args owned = {.key = {hf_str("s"), hf_str("owned")},
	                                                .fingerprint = hf_str("f"),
	                                                .lease_us = 2 * HOUR,
	                                                .ttl_us = HOUR};
	const struct hf_idempotency_begin_args work = {
	    .key = {hf_str("s"), hf_str("ttl")}, .fingerprint = hf_str("f"), .lease_us = HOUR};
	struct hf_idempotency_begun begun = {0};
	OK(hf_lock_acquire(s, NULL, &acquire, NULL, &error));
	OK(hf_idempotency_begin(s, NULL, &owned, &begun, NULL, &error));
	OK(hf_idempotency_begin(s, NULL, &work, &begun, NULL, &error));
	const struct hf_idempotency_complete_args done = {
	    .key = work.key, .token = begun.token, .ttl_us = 2 * HOUR};
	OK(hf_idempotency_complete(s, NULL, &done, NULL, &error));
}

static void put_named(hf_store *s, const char *name)
{
	const struct hf_idempotency_put_args answer = {.key = {hf_str("s"), hf_str(name)},
	                                               .expires_at = NAMED};
	const struct hf_document_put_args document = {
	    .key = {hf_str("c"), hf_str(name)}, .group = hf_str("g"), .expires_at = NAMED};
	OK(hf_idempotency_put(s, NULL, &answer, NULL, &error));
	OK(hf_document_put(s, NULL, &document, NULL, &error));
}

static void arrange_rest(hf_store *s)
{
	const struct hf_document_put_args brief = {
	    .key = {hf_str("c"), hf_str("ttl")}, .group = hf_str("g"), .ttl_us = 2 * HOUR};
	const struct hf_document_put_args alone = {.key = {hf_str("brief"), hf_str("ttl")},
	                                           .ttl_us = 2 * HOUR};
	const struct hf_inbox_input record = {.account = hf_str("a"), .thread = hf_str("t")};
	const struct hf_inbox_save_args save = {.user = hf_str("u"), .records = &record, .count = 1};
	const struct hf_inbox_remove_args removal = {.key = {hf_str("u"), hf_str("a"), hf_str("t")},
	                                             .tombstone_for = 2 * HOUR};
	OK(hf_document_put(s, NULL, &brief, NULL, &error));
	OK(hf_document_put(s, NULL, &alone, NULL, &error));
	OK(hf_inbox_save(s, NULL, &save, NULL, &error));
	OK(hf_inbox_remove(s, NULL, &removal, NULL, &error));
	put_named(s, "before");
}

static uint64_t documents_of(hf_store *s, const char *collection, const char *group)
{
	struct hf_document_counts counted = {0};
	const struct hf_document_count_args args = {.collection = hf_str(collection),
	                                            .group = hf_str(group)};
	OK(hf_document_count(s, &args, 0, &counted, &error));
	return counted.documents;
}

static size_t listed(hf_store *s)
{
	struct hf_document_page page = {0};
	OK(hf_document_list(s, &(struct hf_document_list_args){.collection = hf_str("c")}, 0, &page,
	                    &error));
	const size_t count = page.count;
	hf_release(page.memory);
	return count;
}

static size_t names_of(hf_store *s, int (*names)(hf_store *, const struct hf_names_args *, unsigned,
                                                 struct hf_name_page *, struct hf_error *))
{
	struct hf_name_page page = {0};
	OK(names(s, NULL, 0, &page, &error));
	const size_t count = page.count;
	hf_release(page.memory);
	return count;
}

static size_t tombs_of(hf_store *s)
{
	struct hf_inbox_tombstone_page page = {0};
	OK(hf_inbox_list_tombstones(s, &(struct hf_inbox_list_tombstones_args){.user = hf_str("u")}, 0,
	                            &page, &error));
	const size_t count = page.count;
	assert_true(count == 0 || page.items[0].until == COMPUTED);
	hf_release(page.memory);
	return count;
}

static void expect_answers(hf_store *s, uint64_t in_progress, uint64_t done)
{
	struct hf_idempotency_counts counts = {0};
	struct hf_idempotency_page page = {0};
	OK(hf_idempotency_count(s, hf_str("s"), 0, &counts, &error));
	assert_true(counts.in_progress == in_progress && counts.done == done);
	OK(hf_idempotency_list(s, &(struct hf_idempotency_list_args){.scope = hf_str("s")}, 0, &page,
	                       &error));
	assert_int_equal(page.count, in_progress + done);
	for (size_t i = 0; i < page.count; i++)
		assert_true(page.items[i].expires_at == COMPUTED || page.items[i].expires_at == NAMED);
	hf_release(page.memory);
}

/* Everything as a reader sees it: what was computed is there or not, and so is what was named. */
static void expect(struct stage *stage, bool computed, bool named)
{
	hf_store *s = stage->store;
	struct hf_lock_page locks = {0};
	OK(hf_lock_list(s, NULL, 0, &locks, &error));
	assert_true(locks.count == computed && (!computed || locks.items[0].lease_until == COMPUTED));
	hf_release(locks.memory);
	expect_answers(s, computed, computed + 2u * named);
	assert_int_equal(documents_of(s, "c", "g"), computed + 2u * named);
	assert_int_equal(documents_of(s, "c", ""), computed + 2u * named);
	assert_int_equal(documents_of(s, "brief", ""), computed);
	assert_int_equal(listed(s), computed + 2u * named);
	assert_int_equal(names_of(s, hf_document_names), computed + (computed || named));
	assert_int_equal(names_of(s, hf_idempotency_names), computed || named);
	assert_int_equal(names_of(s, hf_inbox_names), computed);
	assert_int_equal(tombs_of(s), computed);
	stage_verify(stage);
}

static void a_set_back_moves_what_was_computed_and_leaves_what_was_named(void **state)
{
	(void)state;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		for (unsigned logged = 0; logged < 2; logged++) {
			struct stage *stage = stage_open(setting);
			const struct hf_clock_set_back_args back = {.reason = hf_str("it was wrong")};
			stage_at(stage, STAGE_NOW + OFF);
			arrange_leases(stage->store);
			arrange_rest(stage->store);
			stage_at(stage, STAGE_NOW);
			OK(hf_clock_set_back(stage->store, NULL, &back, NULL, &error));
			put_named(stage->store, "behind");
			stage_switch(stage);
			expect(stage, true, true);
			stage_at(stage, COMPUTED - 1);
			expect(stage, true, true);
			stage_at(stage, COMPUTED);
			if (logged)
				OK(hf_maintain(stage->store, 0, &error));
			expect(stage, false, true);
			stage_switch(stage);
			stage_at(stage, NAMED - 1);
			expect(stage, false, true);
			stage_at(stage, NAMED);
			if (logged)
				OK(hf_maintain(stage->store, 0, &error));
			expect(stage, false, false);
			stage_close(stage);
		}
	}
}

/* Twice back and further ahead: sums, and objects of all three times. */
static void set_backs_add_up(void **state)
{
	(void)state;
	static const enum setting ways[] = {SETTING_REOPENED, SETTING_LOADED, SETTING_FED};
	struct stage *stage = stage_open(SETTING_LIVE);
	for (unsigned i = 0; i < 3; i++) {
		char name[] = {'l', (char)('0' + i), '\0'};
		const struct hf_lock_acquire_args acquire = {
		    .name = hf_str(name), .owner = hf_str("o"), .lease_us = 2 * HOUR};
		const struct hf_clock_set_back_args back = {.reason = hf_str("again"), .by_us = OFF / 2};
		struct hf_clock clock = {0};
		OK(hf_clock_get(stage->store, 0, &clock, &error));
		hf_release(clock.memory);
		stage_at(stage, clock.now + OFF);
		OK(hf_lock_acquire(stage->store, NULL, &acquire, NULL, &error));
		stage_at(stage, STAGE_NOW);
		OK(hf_clock_set_back(stage->store, NULL, &back, NULL, &error));
		stage_switch_to(stage, ways[i]);
	}
	struct hf_lock_page page = {0};
	struct hf_lock_stats stats = {0};
	OK(hf_lock_get_stats(stage->store, 0, &stats, &error));
	OK(hf_lock_list(stage->store, NULL, 0, &page, &error));
	/* The clock went on by 10 hours beside each set-back of 5, so the first two are over. */
	assert_int_equal(page.count, 1);
	assert_true(page.items[0].lease_until - stats.as_of > 2 * HOUR - 1000 &&
	            page.items[0].lease_until - stats.as_of <= 2 * HOUR);
	hf_release(page.memory);
	stage_close(stage);
}

/* --- Stamps ----------------------------------------------------------------------------------- */

static void what_is_put_first_in_a_transaction_is_listed_first(void **state)
{
	(void)state;
	static const char *const names[] = {"z", "y", "x"};
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		struct stage *stage = stage_open(setting);
		hf_txn *txn;
		OK(hf_txn_begin(stage->store, &txn, &error));
		for (size_t i = 0; i < 3; i++) {
			const struct hf_document_put_args put = {.key = {hf_str("c"), hf_str(names[i])},
			                                         .orders = 3};
			const struct hf_timeline_append_args append = {.key = {hf_str("t"), hf_str(names[i])},
			                                               .type = hf_str("k")};
			OK(hf_document_put(stage->store, txn, &put, NULL, &error));
			OK(hf_timeline_append(stage->store, txn, &append, NULL, &error));
		}
		OK(hf_txn_commit(txn, HF_DURABLE, &error));
		stage_switch(stage);
		for (unsigned by = 0; by < 2; by++) {
			const struct hf_document_list_args list = {.collection = hf_str("c"),
			                                           .by = by ? HF_DOCUMENT_BY_UPDATED
			                                                    : HF_DOCUMENT_BY_CREATED};
			struct hf_document_page page = {0};
			OK(hf_document_list(stage->store, &list, 0, &page, &error));
			assert_int_equal(page.count, 3);
			for (size_t i = 0; i < 3; i++)
				assert_true(hf__bytes_equal(page.items[i].key.id, hf_str(names[i])));
			hf_release(page.memory);
		}
		struct hf_timeline_page events = {0};
		OK(hf_timeline_query(
		    stage->store,
		    &(struct hf_timeline_query_args){.filter.timeline = hf_str("t"), .ascending = true}, 0,
		    &events, &error));
		assert_int_equal(events.count, 3);
		for (size_t i = 0; i < 3; i++)
			assert_true(hf__bytes_equal(events.items[i].key.id, hf_str(names[i])));
		hf_release(events.memory);
		stage_close(stage);
	}
}

/* Lists everything that an entry's `at` and the domains fill in, in the order of operations. */
static void times_that_are_filled_in_increase_from_operation_to_operation(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	hf_store *s = stage->store;
	const struct hf_lock_acquire_args acquire = {.name = hf_str("l"), .owner = hf_str("o")};
	const struct hf_cursor_advance_args advance = {
	    .key = {.consumer = hf_str("c"), .stream = hf_str("s")}, .sequence = 1};
	const struct hf_idempotency_begin_args begin = {.key = {hf_str("s"), hf_str("k")},
	                                                .fingerprint = hf_str("f")};
	const struct hf_migration_record_args record = {.name = hf_str("m")};
	const struct hf_inbox_input input = {
	    .account = hf_str("a"), .thread = hf_str("t"), .unread = true};
	const struct hf_inbox_save_args save = {.user = hf_str("u"), .records = &input, .count = 1};
	const struct hf_inbox_mark_args mark = {.key = {hf_str("u"), hf_str("a"), hf_str("t")}};
	struct hf_idempotency_begun begun = {0};
	struct hf_lock_got lock = {0};
	struct hf_cursor_got cursor = {0};
	struct hf_migration_page migrations = {0};
	struct hf_inbox_got got = {0};
	hf_txn *txn;
	OK(hf_txn_begin(s, &txn, &error));
	OK(hf_lock_acquire(s, txn, &acquire, NULL, &error));
	OK(hf_cursor_advance(s, txn, &advance, NULL, &error));
	OK(hf_idempotency_begin(s, txn, &begin, &begun, NULL, &error));
	OK(hf_migration_record(s, txn, &record, NULL, &error));
	OK(hf_inbox_save(s, txn, &save, NULL, &error));
	OK(hf_inbox_mark_read(s, txn, &mark, NULL, &error));
	OK(hf_inbox_dismiss(s, txn, &mark, NULL, &error));
	OK(hf_txn_commit(txn, HF_DURABLE, &error));
	OK(hf_lock_get(s, hf_str("l"), 0, &lock, &error));
	OK(hf_cursor_get(s, &advance.key, 0, &cursor, &error));
	OK(hf_migration_list(s, NULL, 0, &migrations, &error));
	OK(hf_inbox_get(s, &mark.key, 0, &got, &error));
	assert_true(lock.lock.acquired_at == STAGE_NOW);
	assert_true(cursor.cursor.updated_at == STAGE_NOW + 1);
	assert_true(begun.created_at == STAGE_NOW + 2);
	assert_true(migrations.items[0].applied_at == STAGE_NOW + 3);
	assert_true(got.record.read_at == STAGE_NOW + 5 && got.record.dismissed_at == STAGE_NOW + 6);
	hf_release(lock.memory);
	hf_release(cursor.memory);
	hf_release(migrations.memory);
	hf_release(got.memory);
	/* Stamps lie ahead of the clock, which judges: they do not move it. */
	struct hf_clock clock = {0};
	OK(hf_clock_get(s, 0, &clock, &error));
	assert_true(clock.now == STAGE_NOW && clock.ahead_us == 0);
	hf_release(clock.memory);
	stage_close(stage);
}

/* So many operations in one transaction that their stamps lie beyond what ends meanwhile: that
 * is no reason to take the log for damaged. */
static void stamps_beyond_an_ending_do_no_harm(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	const struct hf_document_put_args brief = {.key = {hf_str("c"), hf_str("brief")}, .ttl_us = 50};
	const struct hf_document_remove_args removal = {.key = brief.key};
	hf_txn *txn;
	OK(hf_document_put(stage->store, NULL, &brief, NULL, &error));
	OK(hf_txn_begin(stage->store, &txn, &error));
	for (unsigned i = 0; i < 200; i++) {
		char id[] = {'d', (char)('a' + i / 26), (char)('a' + i % 26), '\0'};
		const struct hf_document_put_args put = {.key = {hf_str("c"), hf_str(id)}};
		OK(hf_document_put(stage->store, txn, &put, NULL, &error));
	}
	OK(hf_document_remove(stage->store, txn, &removal, NULL, &error));
	OK(hf_txn_commit(txn, HF_DURABLE, &error));
	stage_switch_to(stage, SETTING_REOPENED);
	stage_close(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_set_back_moves_what_was_computed_and_leaves_what_was_named),
	    cmocka_unit_test(set_backs_add_up),
	    cmocka_unit_test(what_is_put_first_in_a_transaction_is_listed_first),
	    cmocka_unit_test(times_that_are_filled_in_increase_from_operation_to_operation),
	    cmocka_unit_test(stamps_beyond_an_ending_do_no_harm),
	};
	return cmocka_run_group_tests_name("clock, domains", tests, NULL, NULL);
}
