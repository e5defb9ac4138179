/* tier: fast */
/* An ending of a tombstone changes every answer at its instant and none when it is logged; pages of
 * tombstones; and marks of all records up to an LSN. The deadlines are the simulated clock's. */
#include "tombs_case.h"

/* --- Endings ---------------------------------------------------------------------------------- */

static void a_tombstone_ends_at_its_instant_with_nobody_calling(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	char text[64];
	(void)save(stage->store, "u", "t", HF_INBOX_UPSERT, 0);
	assert_int_equal(remove_it(stage->store, "u", HOUR), HF_OK);
	stage_at(stage, NOW - 1);
	assert_false(save(stage->store, "u", "t", HF_INBOX_UPSERT, 0).changed);
	assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
	look(stage->store, "u", text);
	assert_string_equal(text, "removal d:- u:1");
	stage_at(stage, NOW);
	look(stage->store, "u", text);
	assert_string_equal(text, "");
	assert_true(save(stage->store, "u", "t", HF_INBOX_UPSERT, 0).changed);
	stage_close(stage);
}

static size_t listed(hf_store *store)
{
	struct hf_name_page page = {0};
	assert_int_equal(hf_inbox_names(store, NULL, 0, &page, NULL), HF_OK);
	const size_t count = page.count;
	hf_release(page.memory);
	return count;
}

/* An inbox that never had a generated_at and holds nothing but a tombstone. */
static void an_inbox_of_tombstones_leaves_the_list_when_they_end(void **state)
{
	(void)state;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		struct stage *stage = stage_open(setting);
		(void)save(stage->store, "u", "t", HF_INBOX_UPSERT, 0);
		assert_int_equal(remove_it(stage->store, "u", HOUR), HF_OK);
		(void)save(stage->store, "v", "t", HF_INBOX_UPSERT, 0);
		stage_switch(stage);
		assert_int_equal(listed(stage->store), 2);
		stage_at(stage, NOW);
		assert_int_equal(listed(stage->store), 1);
		assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
		assert_int_equal(listed(stage->store), 1);
		stage_close(stage);
	}
}

static void a_tombstone_may_last_for_ever(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_REOPENED);
	char text[64];
	(void)save(stage->store, "u", "t", HF_INBOX_UPSERT, 0);
	assert_int_equal(remove_it(stage->store, "u", INT64_MAX), HF_OK);
	stage_switch(stage);
	stage_at(stage, INT64_MAX - 1);
	assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
	look(stage->store, "u", text);
	assert_memory_equal(text, "removal", 7);
	assert_false(save(stage->store, "u", "t", HF_INBOX_UPSERT, 0).changed);
	stage_close(stage);
}

/* --- Pages ------------------------------------------------------------------------------------ */

static void pages_of_tombstones_skip_those_that_ended(void **state)
{
	(void)state;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		struct stage *stage = stage_open(setting);
		for (unsigned i = 0; i < 20; i++) {
			char thread[8];
			(void)snprintf(thread, sizeof thread, "t%02u", i);
			const struct hf_inbox_put_tombstone_args args = {
			    .key = {hf_str("u"), hf_str(i % 2 ? "" : "a"), hf_str(thread)},
			    .dismissed = i % 4 == 0,
			    .until = i % 3 ? INT64_MAX : NOW};
			assert_int_equal(hf_inbox_put_tombstone(stage->store, NULL, &args, NULL, NULL), HF_OK);
		}
		stage_switch(stage);
		stage_at(stage, NOW);
		for (size_t limit = 1; limit < 20; limit++) {
			struct hf_inbox_list_tombstones_args args = {.user = hf_str("u"), .limit = limit};
			struct hf_inbox_tombstone_page page = {0};
			char before[32] = "";
			size_t total = 0;
			do {
				struct hf_memory *old = page.memory;
				assert_int_equal(hf_inbox_list_tombstones(stage->store, &args, 0, &page, NULL),
				                 HF_OK);
				hf_release(old);
				assert_true(page.count > 0 && page.count <= limit &&
				            (page.next || total + page.count == 13));
				for (size_t i = 0; i < page.count; i++, total++) {
					char name[32];
					(void)snprintf(name, sizeof name, "%s/%s",
					               (const char *)page.items[i].key.account.data,
					               (const char *)page.items[i].key.thread.data);
					assert_true(strcmp(before, name) < 0 && page.items[i].until == INT64_MAX);
					memcpy(before, name, sizeof before);
				}
				args.page = page.next;
			} while (page.next);
			hf_release(page.memory);
			assert_int_equal(total, 13);
		}
		const struct hf_inbox_list_tombstones_args bad = {.user = hf_str("u"), .page = "AAAA"};
		struct hf_inbox_tombstone_page page = {0};
		assert_int_equal(hf_inbox_list_tombstones(stage->store, &bad, 0, &page, NULL), HF_EINVAL);
		assert_int_equal(hf_inbox_list_tombstones(stage->store,
		                                          &(struct hf_inbox_list_tombstones_args){0}, 0,
		                                          &page, NULL),
		                 HF_EINVAL);
		stage_close(stage);
	}
}

/* --- Marks of all up to an LSN ---------------------------------------------------------------- */

static struct hf_inbox_record get(hf_store *store, const char *thread)
{
	const struct hf_inbox_key key = {hf_str("u"), {0}, hf_str(thread)};
	struct hf_inbox_got got = {0};
	assert_int_equal(hf_inbox_get(store, &key, 0, &got, NULL), HF_OK);
	const struct hf_inbox_record record = got.record;
	hf_release(got.memory);
	return record;
}

/* The last save counts, not the last change: a record that was only marked since is still what
 * the reader saw. */
static void what_was_saved_after_the_reader_looked_stays_unread(void **state)
{
	(void)state;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		struct stage *stage = stage_open(setting);
		(void)save(stage->store, "u", "t", HF_INBOX_UPSERT, 0);
		(void)save(stage->store, "u", "x", HF_INBOX_UPSERT, 0);
		const hf_lsn shown = get(stage->store, "x").saved;
		assert_int_equal(shown, last_lsn(stage->store));
		(void)save(stage->store, "u", "late", HF_INBOX_UPSERT, 0);
		const struct hf_inbox_mark_args seen = {.key = key_of("u")};
		assert_int_equal(hf_inbox_mark_seen(stage->store, NULL, &seen, NULL, NULL), HF_OK);
		assert_true(get(stage->store, "t").version > shown && get(stage->store, "t").saved < shown);
		stage_switch(stage);
		const struct hf_inbox_mark_all_args args = {.user = hf_str("u"), .up_to = shown};
		struct hf_result result = {0};
		assert_int_equal(hf_inbox_mark_all_read(stage->store, NULL, &args, &result, NULL), HF_OK);
		assert_true(result.changed && result.count == 2 && result.version == 0);
		const hf_lsn version = last_lsn(stage->store);
		assert_true(!get(stage->store, "t").unread && get(stage->store, "t").version == version);
		assert_true(!get(stage->store, "x").unread && get(stage->store, "x").version == version);
		assert_true(get(stage->store, "late").unread &&
		            get(stage->store, "late").version < version);
		/* Marking is no save: what it changed is still as old as it was. */
		assert_int_equal(get(stage->store, "x").saved, shown);
		assert_int_equal(hf_inbox_dismiss_all(stage->store, NULL, &args, &result, NULL), HF_OK);
		assert_true(result.count == 2 && !get(stage->store, "late").dismissed);
		stage_close(stage);
	}
}

/* Each operation sees what those before it left; the mark's LSN is not below that of a save in
 * the same transaction. */
static void a_mark_of_all_in_a_transaction_sees_its_saves(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	const struct hf_inbox_input record = {.thread = hf_str("t"), .unread = true};
	const struct hf_inbox_save_args make = {.user = hf_str("u"), .records = &record, .count = 1};
	const struct hf_inbox_mark_all_args all = {
	    .user = hf_str("u"), .account = hf_str("primary"), .now = 7};
	struct hf_result results[3] = {0};
	hf_txn *txn;
	assert_int_equal(hf_txn_begin(stage->store, &txn, NULL), HF_OK);
	assert_int_equal(hf_inbox_mark_all_read(stage->store, txn, &all, &results[0], NULL), HF_OK);
	assert_int_equal(hf_inbox_save(stage->store, txn, &make, &results[1], NULL), HF_OK);
	assert_int_equal(hf_inbox_mark_all_read(stage->store, txn, &all, &results[2], NULL), HF_OK);
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, NULL), HF_OK);
	assert_true(!results[0].changed && results[1].changed && results[2].changed &&
	            results[2].count == 1);
	assert_true(!get(stage->store, "t").unread && get(stage->store, "t").read_at == 7);
	stage_close(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_tombstone_ends_at_its_instant_with_nobody_calling),
	    cmocka_unit_test(an_inbox_of_tombstones_leaves_the_list_when_they_end),
	    cmocka_unit_test(a_tombstone_may_last_for_ever),
	    cmocka_unit_test(pages_of_tombstones_skip_those_that_ended),
	    cmocka_unit_test(what_was_saved_after_the_reader_looked_stays_unread),
	    cmocka_unit_test(a_mark_of_all_in_a_transaction_sees_its_saves),
	};
	return cmocka_run_group_tests_name("ends of inbox tombstones", tests, NULL, NULL);
}
