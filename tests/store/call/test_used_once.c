/* tier: fast */
/* Names that were used once and are empty now: they cost no memory, stand in no snapshot and no
 * list, and answers about them still wait for what they depend on. */
#include "base/mem.h"
#include "lib/settings.h"
#include "lib/test.h"
#include "lib/used_once.h"
#include "object/removed.h"
#include "store/internal.h"

enum { MANY = 1000, BATCH = 250 };
/* What may be left of any number of names. */
#define LEFT ((size_t)64 << 10)

static struct hf__removed *removed_of(hf_store *store, const char *domain)
{
	for (unsigned i = 0; i < store->domains->count; i++)
		if (strcmp(store->domains->rows[i]->name, domain) == 0)
			return store->domains->rows[i]->removed(store->world.states[i]);
	fail_msg("no domain %s", domain);
	return NULL;
}

static uint64_t newest_number(hf_store *store, const char *domain)
{
	const struct hf__removed *removed = removed_of(store, domain);
	uint64_t newest = 0;
	for (unsigned i = 0; i < HF__REMOVED_NUMBERS; i++)
		newest = removed->numbers[i].changed > newest ? removed->numbers[i].changed : newest;
	return newest;
}

static void expect_little(const struct used_once *row, size_t before, const char *when)
{
	const size_t now = hf__mem_used();
	if (now > before + LEFT)
		fail_msg("%s %s: %zu bytes are left", row->domain, when, now - before);
}

static void a_name_that_was_used_once_costs_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < used_once_count; i++) {
		const struct used_once *row = &used_once[i];
		for (enum setting setting = 0; setting < SETTINGS; setting++) {
			struct stage *stage = stage_open(setting);
			use_once(stage->store, row, "before", 20, 20, HF_DURABLE);
			assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
			const size_t before = hf__mem_used();
			use_once(stage->store, row, "name", MANY, BATCH, HF_DURABLE);
			stage_switch(stage);
			if (setting != SETTING_LIVE)
				assert_int_equal(removed_of(stage->store, row->domain)->waiting, 0);
			/* the newest ones, and the buffers of a commit, are left to upkeep */
			if (setting != SETTING_REOPENED)
				assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
			expect_little(row, before, setting_name(setting));
			assert_int_equal(count_names(stage->store, row), 0);
			stage_close(stage);
		}
	}
}

static void upkeep_lets_the_last_ones_go(void **state)
{
	(void)state;
	for (size_t i = 0; i < used_once_count; i++) {
		const struct used_once *row = &used_once[i];
		struct stage *stage = stage_open(SETTING_LIVE);
		use_once(stage->store, row, "name", 100, 10, HF_DURABLE);
		assert_true(removed_of(stage->store, row->domain)->waiting <= HF__REMOVED_KEPT + 10);
		assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
		assert_int_equal(removed_of(stage->store, row->domain)->waiting, 0);
		stage_close(stage);
	}
}

/* 100 empty names of one domain, then changes of other domains only. */
static void names_go_whatever_is_changed_next(void **state)
{
	(void)state;
	for (size_t i = 0; i < used_once_count; i++) {
		const struct used_once *row = &used_once[i];
		const struct used_once *other = &used_once[(i + 1) % used_once_count];
		struct stage *stage = stage_open(SETTING_LIVE);
		use_once(stage->store, row, "name", 100, 100, HF_DURABLE);
		for (unsigned n = 0; n < 30; n++)
			assert_int_equal(other->fill(stage->store, NULL, "other"), HF_OK);
		assert_true(removed_of(stage->store, row->domain)->waiting <= HF__REMOVED_KEPT);
		stage_close(stage);
	}
}

/* A container stays until its newest change is durable, and then it is remembered by its number. */
static void a_container_is_not_freed_before_its_newest_change_is_durable(void **state)
{
	(void)state;
	for (size_t i = 0; i < used_once_count; i++) {
		const struct used_once *row = &used_once[i];
		struct stage *stage = stage_open(SETTING_LIVE);
		struct hf_info info = {0};
		assert_int_equal(row->fill(stage->store, NULL, "warm"), HF_OK);
		use_once(stage->store, row, "name", 40, 40, HF_OS);
		const uint64_t emptied = stage->store->world.next_lsn - 1;
		const size_t waiting = removed_of(stage->store, row->domain)->waiting;
		assert_int_equal(hf_get_info(stage->store, &info, NULL), HF_OK);
		assert_true(info.durable_lsn < emptied);
		while (hf__sweep_removed(stage->store, 0, 8))
			;
		assert_int_equal(removed_of(stage->store, row->domain)->waiting, waiting);
		assert_int_equal(hf_sync(stage->store, NULL), HF_OK);
		while (hf__sweep_removed(stage->store, 0, 8))
			;
		assert_int_equal(removed_of(stage->store, row->domain)->waiting, 0);
		assert_int_equal(newest_number(stage->store, row->domain), emptied);
		stage_close(stage);
	}
}

/* The answer "there is nothing" depends on the removal, before and after the container went. */
static void looking_for_what_is_gone_waits_for_its_removal(void **state)
{
	(void)state;
	for (size_t i = 0; i < used_once_count; i++) {
		const struct used_once *row = &used_once[i];
		struct stage *stage = stage_open(SETTING_LIVE);
		struct hf_info info = {0};
		hf_txn *txn;
		struct hf__ticket ticket;
		assert_int_equal(row->fill(stage->store, NULL, "name"), HF_OK);
		assert_int_equal(hf_txn_begin(stage->store, &txn, NULL), HF_OK);
		assert_int_equal(row->empty(stage->store, txn, "name"), HF_OK);
		assert_int_equal(hf__submit(stage->store, txn, HF_DURABLE, &ticket, NULL), HF_OK);
		assert_int_equal(row->look(stage->store, "name", 0), HF_OK);
		assert_int_equal(hf_get_info(stage->store, &info, NULL), HF_OK);
		assert_true(info.durable_lsn >= ticket.due);
		stage_close(stage);
	}
}

/* A number moves only when a name of it goes. */
static void a_number_moves_only_when_a_name_goes(void **state)
{
	(void)state;
	for (size_t i = 0; i < used_once_count; i++) {
		const struct used_once *row = &used_once[i];
		struct stage *stage = stage_open(SETTING_LIVE);
		for (unsigned n = 0; n < 200; n++) {
			char name[16];
			snprintf(name, sizeof name, "n%u", n);
			assert_int_equal(row->fill(stage->store, NULL, name), HF_OK);
		}
		assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
		assert_int_equal(newest_number(stage->store, row->domain), 0);
		assert_int_equal(row->empty(stage->store, NULL, "n7"), HF_OK);
		assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
		unsigned moved = 0;
		for (unsigned n = 0; n < HF__REMOVED_NUMBERS; n++)
			moved += removed_of(stage->store, row->domain)->numbers[n].changed != 0;
		assert_int_equal(moved, 1);
		stage_close(stage);
	}
}

/* What is emptied and filled again in one change, or taken back, is not touched. */
static void a_container_that_is_needed_again_stays(void **state)
{
	(void)state;
	for (size_t i = 0; i < used_once_count; i++) {
		const struct used_once *row = &used_once[i];
		struct stage *stage = stage_open(SETTING_LIVE);
		hf_txn *txn;
		use_once(stage->store, row, "name", 40, 40, HF_DURABLE);
		for (unsigned round = 0; round < 3; round++) {
			assert_int_equal(hf_txn_begin(stage->store, &txn, NULL), HF_OK);
			assert_int_equal(row->fill(stage->store, txn, "name1"), HF_OK);
			assert_int_equal(row->empty(stage->store, txn, "name1"), HF_OK);
			assert_int_equal(row->fill(stage->store, txn, "name1"), HF_OK);
			if (round == 1) { /* refused by its last operation: taken back */
				const struct hf_lock_guard_args guard = {.write.expect = 77,
				                                         .name = hf_str("nobody")};
				assert_int_equal(hf_lock_guard(stage->store, txn, &guard, NULL, NULL), HF_OK);
			}
			assert_int_equal(hf_txn_commit(txn, HF_DURABLE, NULL),
			                 round == 1 ? HF_ECONFLICT : HF_OK);
			assert_int_equal(hf__state_verify(stage->store, NULL), HF_OK);
			if (round != 1)
				assert_int_equal(row->empty(stage->store, NULL, "name1"), HF_OK);
			assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
			assert_int_equal(hf__state_verify(stage->store, NULL), HF_OK);
		}
		stage_close(stage);
	}
}

/* A poller's inbox: saved with a time, then cleared. */
static void what_a_poller_leaves_goes_with_a_clear(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_REOPENED);
	const struct hf_inbox_input input = {.thread = hf_str("t"), .payload = hf_str("p")};
	const struct hf_inbox_save_args save = {
	    .user = hf_str("u"), .records = &input, .count = 1, .generated_at = 9};
	struct hf_result result = {0};
	struct hf_inbox_page page = {0};
	assert_int_equal(hf_inbox_save(stage->store, NULL, &save, NULL, NULL), HF_OK);
	const struct hf_inbox_clear_args clear = {.user = hf_str("u")};
	assert_int_equal(hf_inbox_clear(stage->store, NULL, &clear, &result, NULL), HF_OK);
	assert_true(result.changed && result.count == 1);
	assert_int_equal(hf_inbox_clear(stage->store, NULL, &clear, &result, NULL), HF_OK);
	assert_false(result.changed);
	assert_int_equal(hf_inbox_load(stage->store, &(struct hf_inbox_load_args){.user = hf_str("u")},
	                               0, &page, NULL),
	                 HF_OK);
	assert_true(page.generated_at == HF_UNSET);
	hf_release(page.memory);
	assert_int_equal(count_names(stage->store, &used_once[0]), 0);
	assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
	const struct hf_inbox_save_args empty = {.user = hf_str("u"), .generated_at = 9};
	assert_int_equal(hf_inbox_save(stage->store, NULL, &empty, &result, NULL), HF_OK);
	assert_true(result.changed); /* nothing was seen before */
	assert_int_equal(hf_inbox_clear(stage->store, NULL, &clear, &result, NULL), HF_OK);
	assert_true(result.changed && result.count == 0);
	stage_switch(stage);
	assert_int_equal(count_names(stage->store, &used_once[0]), 0);
	stage_close(stage);
}

/* Settings that are the defaults again are none. */
static void a_queue_that_was_paused_and_resumed_is_none(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_REOPENED);
	const struct used_once *row = &used_once[2];
	const struct hf_outbox_pause_args pause = {.queue = hf_str("q")};
	struct hf_outbox_configure_args settings = {.queue = hf_str("q"), .max_attempts = 3};
	struct hf_outbox_stats stats = {0};
	struct hf_result result = {0};
	assert_int_equal(hf_outbox_pause(stage->store, NULL, &pause, &result, NULL), HF_OK);
	assert_true(result.version != 0 && count_names(stage->store, row) == 1);
	assert_int_equal(hf_outbox_resume(stage->store, NULL, &pause, &result, NULL), HF_OK);
	assert_true(result.changed && result.version == 0 && count_names(stage->store, row) == 0);
	assert_int_equal(hf_outbox_configure(stage->store, NULL, &settings, &result, NULL), HF_OK);
	assert_true(result.version != 0 && count_names(stage->store, row) == 1);
	settings.max_attempts = 0;
	settings.write.expect = result.version;
	assert_int_equal(hf_outbox_configure(stage->store, NULL, &settings, &result, NULL), HF_OK);
	assert_true(result.changed && result.version == 0);
	assert_int_equal(hf_outbox_get_stats(stage->store, hf_str("q"), 0, &stats, NULL), HF_OK);
	assert_true(stats.settings_version == 0);
	stage_switch(stage);
	assert_int_equal(count_names(stage->store, row), 0);
	assert_int_equal(removed_of(stage->store, row->domain)->waiting, 0);
	stage_close(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_name_that_was_used_once_costs_nothing),
	    cmocka_unit_test(upkeep_lets_the_last_ones_go),
	    cmocka_unit_test(names_go_whatever_is_changed_next),
	    cmocka_unit_test(a_container_is_not_freed_before_its_newest_change_is_durable),
	    cmocka_unit_test(looking_for_what_is_gone_waits_for_its_removal),
	    cmocka_unit_test(a_number_moves_only_when_a_name_goes),
	    cmocka_unit_test(a_container_that_is_needed_again_stays),
	    cmocka_unit_test(what_a_poller_leaves_goes_with_a_clear),
	    cmocka_unit_test(a_queue_that_was_paused_and_resumed_is_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
