/* tier: fast */
/* What a trim, a prune and a late poll do to dismissals and to what is newer: no save brings
 * back undismissed what was dismissed, and with only_newer none puts an older record over a
 * newer one. In every setting. */
#include "holdfast/admin.h"
#include "holdfast/inbox.h"
#include "lib/settings.h"
#include "lib/test.h"

#define DAY (INT64_C(24) * 3600 * 1000000)

static const struct hf_inbox_key key = {{"u", 1}, {"a", 1}, {"t", 1}};

static struct hf_result save(hf_store *store, hf_time updated_at, hf_time generated_at,
                             bool only_newer)
{
	const struct hf_inbox_input record = {.account = key.account,
	                                      .thread = key.thread,
	                                      .payload = hf_str("p"),
	                                      .unread = true,
	                                      .updated_at = updated_at};
	const struct hf_inbox_save_args args = {.user = key.user,
	                                        .records = &record,
	                                        .count = 1,
	                                        .generated_at = generated_at,
	                                        .only_newer = only_newer};
	struct hf_result result = {0};
	assert_int_equal(hf_inbox_save(store, NULL, &args, &result, NULL), HF_OK);
	return result;
}

enum drop { TRIM, PRUNE, REPLACE, DROPS };

static int drop(hf_store *store, enum drop how, int64_t tombstone_for, struct hf_result *result)
{
	const struct hf_bytes others = hf_str("others");
	const struct hf_inbox_trim_args trim = {
	    .user = key.user, .max_age_us = 1, .tombstone_for = tombstone_for};
	const struct hf_inbox_prune_args prune = {.user = key.user,
	                                          .keep_accounts = &others,
	                                          .keep_count = 1,
	                                          .tombstone_for = tombstone_for};
	const struct hf_inbox_save_args replace = {.user = key.user,
	                                           .mode = HF_INBOX_REPLACE,
	                                           .generated_at = HF_UNSET,
	                                           .tombstone_for = tombstone_for};
	return how == TRIM    ? hf_inbox_trim(store, NULL, &trim, result, NULL)
	       : how == PRUNE ? hf_inbox_prune(store, NULL, &prune, result, NULL)
	                      : hf_inbox_save(store, NULL, &replace, result, NULL);
}

/* Is the record there, and dismissed? */
static bool is_dismissed(hf_store *store)
{
	struct hf_inbox_got got = {0};
	assert_int_equal(hf_inbox_get(store, &key, 0, &got, NULL), HF_OK);
	const bool dismissed = got.record.dismissed;
	hf_release(got.memory);
	return dismissed;
}

static uint64_t tombstones(hf_store *store)
{
	struct hf_inbox_tombstone_page page = {0};
	assert_int_equal(
	    hf_inbox_list_tombstones(store, &(struct hf_inbox_list_tombstones_args){.user = key.user},
	                             0, &page, NULL),
	    HF_OK);
	const uint64_t count = page.count;
	if (count > 0)
		assert_true(page.items[0].dismissed && page.items[0].dismissed_at == 7);
	hf_release(page.memory);
	return count;
}

static void what_was_dismissed_is_so_again_whatever_dropped_it(void **state)
{
	(void)state;
	for (enum drop how = 0; how < DROPS; how++) {
		for (enum setting setting = 0; setting < SETTINGS; setting++) {
			struct stage *stage = stage_open(setting);
			struct hf_result result = {0};
			(void)save(stage->store, 1, 1, false);
			assert_int_equal(hf_inbox_dismiss(stage->store, NULL,
			                                  &(struct hf_inbox_mark_args){.key = key, .now = 7},
			                                  NULL, NULL),
			                 HF_OK);
			stage_switch(stage);
			assert_int_equal(drop(stage->store, how, 0, &result), HF_OK);
			assert_true(result.changed && result.count == 1);
			stage_switch(stage);
			assert_int_equal(tombstones(stage->store), 1);
			stage_at(stage, STAGE_NOW + 30 * DAY - 1000000);
			(void)save(stage->store, 2, 2, false);
			assert_true(is_dismissed(stage->store));
			stage_close(stage);
		}
	}
}

static void tombstones_of_a_drop_end_when_told_and_are_left_by_the_dismissed_only(void **state)
{
	(void)state;
	for (enum drop how = 0; how < DROPS; how++) {
		struct stage *stage = stage_open(SETTING_LIVE);
		struct hf_result result = {0};
		const struct hf_inbox_mark_args mark = {.key = key, .now = 7};
		(void)save(stage->store, 1, 1, false);
		assert_int_equal(drop(stage->store, how, 0, &result), HF_OK); /* it was not dismissed */
		assert_int_equal(tombstones(stage->store), 0);
		(void)save(stage->store, 1, 1, false);
		assert_int_equal(hf_inbox_dismiss(stage->store, NULL, &mark, NULL, NULL), HF_OK);
		assert_int_equal(drop(stage->store, how, HF_INBOX_NO_TOMBSTONE, &result), HF_OK);
		assert_int_equal(tombstones(stage->store), 0);
		(void)save(stage->store, 1, 1, false);
		assert_false(is_dismissed(stage->store));
		assert_int_equal(hf_inbox_dismiss(stage->store, NULL, &mark, NULL, NULL), HF_OK);
		assert_int_equal(drop(stage->store, how, DAY, &result), HF_OK);
		assert_int_equal(tombstones(stage->store), 1);
		stage_at(stage, STAGE_NOW + 2 * DAY);
		(void)save(stage->store, 1, 1, false);
		assert_false(is_dismissed(stage->store));
		assert_int_equal(drop(stage->store, how, -2, &result), HF_EINVAL);
		stage_close(stage);
	}
}

static void removing_and_clearing_leave_no_dismissal_behind(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	const struct hf_inbox_mark_args mark = {.key = key};
	for (int cleared = 0; cleared < 2; cleared++) {
		(void)save(stage->store, 1, 1, false);
		assert_int_equal(hf_inbox_dismiss(stage->store, NULL, &mark, NULL, NULL), HF_OK);
		const int rc =
		    cleared ? hf_inbox_clear(stage->store, NULL,
		                             &(struct hf_inbox_clear_args){.user = key.user}, NULL, NULL)
		            : hf_inbox_remove(stage->store, NULL,
		                              &(struct hf_inbox_remove_args){.key = key}, NULL, NULL);
		assert_int_equal(rc, HF_OK);
		assert_int_equal(tombstones(stage->store), 0);
	}
	stage_close(stage);
}

/* --- only_newer ------------------------------------------------------------------------------- */

static hf_time updated_at(hf_store *store)
{
	struct hf_inbox_got got = {0};
	assert_int_equal(hf_inbox_get(store, &key, 0, &got, NULL), HF_OK);
	const hf_time time = got.record.updated_at;
	hf_release(got.memory);
	return time;
}

static void a_late_poll_overwrites_nothing_newer_and_says_how_much(void **state)
{
	(void)state;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		struct stage *stage = stage_open(setting);
		struct hf_result result = save(stage->store, 10, 1, true);
		assert_true(result.changed && result.count == 1 && result.left_alone == 0);
		stage_switch(stage);
		result = save(stage->store, 9, 1, true);
		assert_true(!result.changed && result.count == 0 && result.left_alone == 1);
		result = save(stage->store, HF_UNSET, 1, true); /* older than all that have one */
		assert_true(!result.changed && result.left_alone == 1);
		assert_int_equal(updated_at(stage->store), 10);
		result = save(stage->store, 9, 2, true); /* the inbox's picture is newer all the same */
		assert_true(result.changed && result.count == 0 && result.left_alone == 1);
		assert_int_equal(updated_at(stage->store), 10);
		result = save(stage->store, 10, 3, true); /* as new */
		assert_true(result.changed && result.count == 1 && result.left_alone == 0);
		result = save(stage->store, 11, 3, true);
		assert_true(result.changed && result.count == 1 && result.left_alone == 0);
		result = save(stage->store, 9, 3, false); /* not asked for */
		assert_true(result.changed && result.count == 1 && result.left_alone == 0);
		assert_int_equal(updated_at(stage->store), 9);
		stage_close(stage);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_dismissed_is_so_again_whatever_dropped_it),
	    cmocka_unit_test(tombstones_of_a_drop_end_when_told_and_are_left_by_the_dismissed_only),
	    cmocka_unit_test(removing_and_clearing_leave_no_dismissal_behind),
	    cmocka_unit_test(a_late_poll_overwrites_nothing_newer_and_says_how_much),
	};
	return cmocka_run_group_tests_name("inbox, dropped and late", tests, NULL, NULL);
}
