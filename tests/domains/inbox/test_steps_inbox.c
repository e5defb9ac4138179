/* tier: medium, long */
/* Index steps of an inbox of many records: see lib/scene.h. */
#include "lib/scene.h"
#include "lib/test.h"

#define USER hf_str("user")

/* Every fifth record is in account "b"; ten of those are unread, far apart; ten in a row are
 * dismissed, one of the unread among them. */
static void fill_inbox(struct scene *scene)
{
	static char threads[BATCH][NAME];
	static struct hf_inbox_input records[BATCH];
	for (unsigned i = 0; i < scene->count;) {
		size_t n = 0;
		const unsigned batch = i / (scene->count / 100);
		for (; n < scene->count / 100 && i < scene->count; n++, i++)
			records[n] = (struct hf_inbox_input){.account = hf_str(i % 5 ? "a" : "b"),
			                                     .thread = numbered(threads[n], "t", i),
			                                     .unread = i % (scene->count / PAGE) == 0,
			                                     .dismissed = i / PAGE == scene->count / PAGE / 2,
			                                     .score = (double)(i * UINT64_C(7919) % 1000),
			                                     .updated_at = HF_UNSET};
		const struct hf_inbox_save_args args = {.write = write_os,
		                                        .user = USER,
		                                        .records = records,
		                                        .count = n,
		                                        .generated_at = SCENE_NOW + batch * SECOND};
		assert_int_equal(hf_inbox_save(scene->store, NULL, &args, NULL, NULL), HF_OK);
	}
}

static void save_one(struct scene *scene, struct hf_bytes thread)
{
	const struct hf_inbox_input record = {
	    .account = hf_str("a"), .thread = thread, .updated_at = HF_UNSET};
	const struct hf_inbox_save_args args = {
	    .write = write_os, .user = USER, .records = &record, .count = 1, .generated_at = SCENE_NOW};
	assert_int_equal(hf_inbox_save(scene->store, NULL, &args, NULL, NULL), HF_OK);
}

static void inbox_save_new(struct scene *scene)
{
	save_one(scene, hf_str("one more"));
}

static void inbox_save_again(struct scene *scene)
{
	char thread[NAME];
	save_one(scene, numbered(thread, "t", scene->count / 2 + 101));
}

static struct hf_inbox_key inbox_key(const struct scene *scene, char thread[NAME], unsigned offset)
{
	return (struct hf_inbox_key){USER, hf_str("a"),
	                             numbered(thread, "t", scene->count / 2 + offset)};
}

static void inbox_get(struct scene *scene)
{
	char thread[NAME];
	struct hf_inbox_got got = {0};
	const struct hf_inbox_key key = inbox_key(scene, thread, 102);
	assert_int_equal(hf_inbox_get(scene->store, &key, HF_READ_UNDURABLE, &got, NULL), HF_OK);
	hf_release(got.memory);
}

static void inbox_marks(struct scene *scene)
{
	static int (*const marks[])(hf_store *, hf_txn *, const struct hf_inbox_mark_args *,
	                            struct hf_result *, struct hf_error *) = {
	    hf_inbox_dismiss,   hf_inbox_undismiss, hf_inbox_mark_unread,
	    hf_inbox_mark_read, hf_inbox_mark_seen,
	};
	char thread[NAME];
	const struct hf_inbox_mark_args args = {.write = write_os,
	                                        .key = inbox_key(scene, thread, 103)};
	for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
		struct hf_result result = {0};
		assert_int_equal(marks[i](scene->store, NULL, &args, &result, NULL), HF_OK);
		assert_true(result.changed);
	}
}

static void inbox_remove(struct scene *scene)
{
	char thread[NAME];
	const struct hf_inbox_remove_args args = {.write = write_os,
	                                          .key = inbox_key(scene, thread, 104)};
	assert_int_equal(hf_inbox_remove(scene->store, NULL, &args, NULL, NULL), HF_OK);
}

static void inbox_status(struct scene *scene)
{
	struct hf_inbox_status status = {0};
	const struct hf_inbox_set_status_args args = {
	    .write = write_os, .user = USER, .status = hf_str("ok")};
	assert_int_equal(hf_inbox_set_status(scene->store, NULL, &args, NULL, NULL), HF_OK);
	assert_int_equal(hf_inbox_get_status(scene->store, USER, HF_READ_UNDURABLE, &status, NULL),
	                 HF_OK);
	hf_release(status.memory);
}

static void inbox_counts(struct scene *scene)
{
	struct hf_inbox_counts counts = {0};
	assert_int_equal(hf_inbox_count(scene->store, USER, HF_READ_UNDURABLE, &counts, NULL), HF_OK);
	assert_true(counts.total == scene->count && counts.dismissed == PAGE);
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

static void inbox_load_all(struct scene *scene)
{
	expect_load(scene, (struct hf_inbox_load_args){0});
}

static void inbox_load_unread(struct scene *scene)
{
	expect_load(scene, (struct hf_inbox_load_args){.unread_only = true});
}

static void inbox_load_undismissed(struct scene *scene)
{
	expect_load(scene, (struct hf_inbox_load_args){.without_dismissed = true});
}

static void inbox_load_account(struct scene *scene)
{
	expect_load(scene, (struct hf_inbox_load_args){.account = hf_str("b")});
}

static void inbox_load_both(struct scene *scene)
{
	struct hf_inbox_page page = {0};
	const struct hf_inbox_load_args args = {.user = USER,
	                                        .account = hf_str("b"),
	                                        .unread_only = true,
	                                        .without_dismissed = true,
	                                        .limit = PAGE};
	assert_int_equal(hf_inbox_load(scene->store, &args, HF_READ_UNDURABLE, &page, NULL), HF_OK);
	assert_int_equal(page.count, PAGE - 1);
	hf_release(page.memory);
}

static void inbox_dismissed(struct scene *scene)
{
	struct hf_inbox_key_page keys = {0};
	const struct hf_inbox_list_dismissed_args args = {.user = USER, .limit = PAGE};
	assert_int_equal(hf_inbox_list_dismissed(scene->store, &args, HF_READ_UNDURABLE, &keys, NULL),
	                 HF_OK);
	assert_int_equal(keys.count, PAGE);
	hf_release(keys.memory);
}

static void inbox_trim(struct scene *scene)
{
	struct hf_result result = {0};
	const struct hf_inbox_trim_args args = {
	    .write = write_os, .user = USER, .max_records = scene->count - PAGE};
	assert_int_equal(hf_inbox_trim(scene->store, NULL, &args, &result, NULL), HF_OK);
	assert_true(result.count == PAGE);
}

#define BEHIND \
	"undurable hf_inbox_load user=user limit=10 after.snapshot_at=now+50s after.score=1000 " \
	"after.account=a after.thread=t5"

static const struct work inbox_works[] = {
    WORK("inbox get", 0, inbox_get),
    WORK("inbox five marks", 0, inbox_marks),
    WORK("inbox load, all", PAGE, inbox_load_all),
    WORK("inbox load, unread", PAGE, inbox_load_unread),
    WORK("inbox load, not dismissed", PAGE, inbox_load_undismissed),
    WORK("inbox load, of an account", PAGE, inbox_load_account),
    WORK("inbox load, all filters", PAGE, inbox_load_both),
    STEPS("inbox load, behind a position", PAGE, BEHIND " -> count=10"),
    STEPS("inbox load, unread, behind one", PAGE, BEHIND " unread_only=1 -> count"),
    STEPS("inbox load, account, behind one", PAGE,
          "undurable hf_inbox_load user=user limit=10 account=b without_dismissed=1 "
          "after.snapshot_at=now+50s after.score=1000 after.thread=t5 -> count=10"),
    STEPS("inbox dismissed, behind a key", PAGE,
          "undurable hf_inbox_list_dismissed user=user limit=10 after.account=a -> count"),
    WORK("inbox dismissed", PAGE, inbox_dismissed),
    WORK("inbox save, new", 0, inbox_save_new),
    WORK("inbox save, there", 0, inbox_save_again),
    WORK("inbox remove", 0, inbox_remove),
    WORK("inbox status", 0, inbox_status),
    WORK("inbox counts", 0, inbox_counts),
    WORK("inbox trim of 10", PAGE, inbox_trim),
};

static void an_inbox_of_many_costs_what_one_of_a_thousand_does(void **state)
{
	(void)state;
	compare_steps(fill_inbox, inbox_works, sizeof inbox_works / sizeof inbox_works[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_inbox_of_many_costs_what_one_of_a_thousand_does),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
