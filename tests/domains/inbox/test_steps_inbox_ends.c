/* tier: medium, long */
/* Index steps of inboxes in which much ends by time: many snoozed or read records around
 * ten that are neither, and many tombstones that have ended, unlogged, around ten that
 * stand. See lib/scene.h. */
#include "lib/scene.h"
#include "lib/test.h"

#define USER hf_str("user")

/* --- Snoozes and marks of all ----------------------------------------------------------------- */

/* Ten records of account "b", far apart, are unread and awake. Of the others every second is
 * unread and snoozed, the rest read and awake. */
static void fill_snoozed(struct scene *scene)
{
	static char threads[BATCH][NAME];
	static struct hf_inbox_input records[BATCH];
	for (unsigned i = 0; i < scene->count;) {
		size_t n = 0;
		for (; n < scene->count / 100 && i < scene->count; n++, i++) {
			const bool plain = i % (scene->count / PAGE) == 7;
			records[n] = (struct hf_inbox_input){
			    .account = hf_str(plain ? "b" : "a"),
			    .thread = numbered(threads[n], "t", i),
			    .unread = plain || i % 2,
			    .score = (double)(i * UINT64_C(7919) % 1000),
			    .updated_at = HF_UNSET,
			    .snapshot_at = SCENE_NOW + i / PAGE,
			    .seen_at = HF_UNSET,
			    .read_at = HF_UNSET,
			    .dismissed_at = HF_UNSET,
			    .snoozed_until = plain || i % 2 == 0 ? HF_UNSET : SCENE_NOW + 1 + i};
		}
		const struct hf_inbox_save_args args = {.write = write_os,
		                                        .user = USER,
		                                        .records = records,
		                                        .count = n,
		                                        .generated_at = SCENE_NOW,
		                                        .restore = true};
		assert_int_equal(hf_inbox_save(scene->store, NULL, &args, NULL, NULL), HF_OK);
	}
}

static void expect_load(struct scene *scene, struct hf_inbox_load_args args)
{
	struct hf_inbox_page page = {0};
	args.user = USER;
	args.limit = PAGE;
	assert_int_equal(hf_inbox_load(scene->store, &args, HF_READ_UNDURABLE, &page, NULL), HF_OK);
	assert_int_equal(page.count, PAGE);
	hf_release(page.memory);
}

static void load_awake(struct scene *scene)
{
	expect_load(scene, (struct hf_inbox_load_args){.without_snoozed = true});
}

static void load_unread_awake(struct scene *scene)
{
	expect_load(scene, (struct hf_inbox_load_args){.unread_only = true, .without_snoozed = true});
}

static void load_all_filters(struct scene *scene)
{
	expect_load(scene, (struct hf_inbox_load_args){.account = hf_str("b"),
	                                               .unread_only = true,
	                                               .without_dismissed = true,
	                                               .without_snoozed = true});
}

static void snooze_and_wake(struct scene *scene)
{
	char thread[NAME];
	struct hf_inbox_snooze_args args = {
	    .write = write_os,
	    .key = {USER, hf_str("a"), numbered(thread, "t", scene->count / 2)},
	    .until = SCENE_NOW + 5};
	assert_int_equal(hf_inbox_snooze(scene->store, NULL, &args, NULL, NULL), HF_OK);
	args.until = 0;
	assert_int_equal(hf_inbox_snooze(scene->store, NULL, &args, NULL, NULL), HF_OK);
}

static void mark_ten(struct scene *scene,
                     int (*fn)(hf_store *, hf_txn *, const struct hf_inbox_mark_all_args *,
                               struct hf_result *, struct hf_error *))
{
	struct hf_result result = {0};
	const struct hf_inbox_mark_all_args args = {
	    .write = write_os, .user = USER, .account = hf_str("b")};
	assert_int_equal(fn(scene->store, NULL, &args, &result, NULL), HF_OK);
	assert_int_equal(result.count, PAGE);
}

static void mark_all_read(struct scene *scene)
{
	mark_ten(scene, hf_inbox_mark_all_read);
}

static void dismiss_all(struct scene *scene)
{
	mark_ten(scene, hf_inbox_dismiss_all);
}

static void mark_none(struct scene *scene)
{
	struct hf_result result = {0};
	const struct hf_inbox_mark_all_args args = {
	    .write = write_os, .user = USER, .account = hf_str("b")};
	assert_int_equal(hf_inbox_dismiss_all(scene->store, NULL, &args, &result, NULL), HF_OK);
	assert_false(result.changed);
}

static const struct work snoozed_works[] = {
    WORK("inbox load, awake", PAGE, load_awake),
    WORK("inbox load, unread and awake", PAGE, load_unread_awake),
    WORK("inbox load, all four filters", PAGE, load_all_filters),
    WORK("inbox snooze and wake", 0, snooze_and_wake),
    WORK("inbox mark_all_read of 10", PAGE, mark_all_read),
    WORK("inbox dismiss_all of 10", PAGE, dismiss_all),
    WORK("inbox dismiss_all of none", 0, mark_none),
};

static void snoozed_records_cost_nothing_to_pass_over(void **state)
{
	(void)state;
	compare_steps(fill_snoozed, snoozed_works, sizeof snoozed_works / sizeof snoozed_works[0]);
}

/* --- Tombstones ------------------------------------------------------------------------------- */

/* All were dismissed and then dropped by a REPLACE, a batch at a time. All tombstones but ten
 * have ended, and nobody has logged it. */
static void fill_tombs(struct scene *scene)
{
	static char threads[BATCH][NAME];
	static struct hf_inbox_input records[BATCH];
	for (unsigned i = 0; i < scene->count;) {
		size_t n = 0;
		for (; n < scene->count / 100 && i < scene->count; n++, i++)
			records[n] = (struct hf_inbox_input){
			    .thread = numbered(threads[n], "t", i), .dismissed = true, .updated_at = HF_UNSET};
		struct hf_inbox_save_args args = {.write = write_os,
		                                  .user = USER,
		                                  .records = records,
		                                  .count = n,
		                                  .generated_at = SCENE_NOW};
		assert_int_equal(hf_inbox_save(scene->store, NULL, &args, NULL, NULL), HF_OK);
		args.mode = HF_INBOX_REPLACE;
		args.count = 0;
		args.tombstone_for = SECOND;
		assert_int_equal(hf_inbox_save(scene->store, NULL, &args, NULL, NULL), HF_OK);
	}
	for (unsigned i = 0; i < PAGE; i++) {
		char thread[NAME];
		const struct hf_inbox_put_tombstone_args args = {
		    .write = write_os,
		    .key = {USER, {0}, numbered(thread, "t", scene->count / PAGE * i)},
		    .until = INT64_MAX};
		assert_int_equal(hf_inbox_put_tombstone(scene->store, NULL, &args, NULL, NULL), HF_OK);
	}
	sim_set_now(scene->sim, SCENE_NOW + 2 * SECOND);
}

static void tombstones(struct scene *scene)
{
	struct hf_inbox_tombstone_page page = {0};
	const struct hf_inbox_list_tombstones_args args = {.user = USER, .limit = PAGE};
	assert_int_equal(hf_inbox_list_tombstones(scene->store, &args, HF_READ_UNDURABLE, &page, NULL),
	                 HF_OK);
	assert_true(page.count == PAGE && !page.next);
	hf_release(page.memory);
}

static void save_one(struct scene *scene, struct hf_bytes thread, bool comes_back)
{
	struct hf_result result = {0};
	const struct hf_inbox_input record = {.thread = thread, .updated_at = HF_UNSET};
	const struct hf_inbox_save_args args = {
	    .write = write_os, .user = USER, .records = &record, .count = 1, .generated_at = SCENE_NOW};
	assert_int_equal(hf_inbox_save(scene->store, NULL, &args, &result, NULL), HF_OK);
	assert_int_equal(result.count, comes_back);
}

static void save_over_one_that_ended(struct scene *scene)
{
	char thread[NAME];
	save_one(scene, numbered(thread, "t", scene->count / 2 + 3), true);
}

static void save_over_one_that_stands(struct scene *scene)
{
	char thread[NAME];
	save_one(scene, numbered(thread, "t", scene->count / 2), false);
}

static void remove_with_tombstone(struct scene *scene)
{
	char thread[NAME];
	const struct hf_inbox_remove_args args = {
	    .write = write_os,
	    .key = {USER, {0}, numbered(thread, "t", scene->count / 2 + 3)},
	    .tombstone_for = SECOND};
	assert_int_equal(hf_inbox_remove(scene->store, NULL, &args, NULL, NULL), HF_OK);
}

static void list_users(struct scene *scene)
{
	struct hf_name_page page = {0};
	assert_int_equal(hf_inbox_names(scene->store, NULL, HF_READ_UNDURABLE, &page, NULL), HF_OK);
	assert_int_equal(page.count, 1);
	hf_release(page.memory);
}

static const struct work tomb_works[] = {
    WORK("inbox tombstones", PAGE, tombstones),
    STEPS("inbox tombstones, behind a key", PAGE,
          "undurable hf_inbox_list_tombstones user=user limit=10 after.account=primary "
          "after.thread=t1 -> count"),
    WORK("inbox save over an ended tombstone", 0, save_over_one_that_ended),
    WORK("inbox save against a tombstone", 0, save_over_one_that_stands),
    WORK("inbox remove, tombstone", 0, remove_with_tombstone),
    WORK("inbox users", 0, list_users),
};

static void ended_tombstones_cost_nothing_to_pass_over(void **state)
{
	(void)state;
	compare_steps(fill_tombs, tomb_works, sizeof tomb_works / sizeof tomb_works[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(snoozed_records_cost_nothing_to_pass_over),
	    cmocka_unit_test(ended_tombstones_cost_nothing_to_pass_over),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
