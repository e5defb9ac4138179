/* tier: fast */
/* The status of an inbox, the limits of what is saved, imports of times, and what makes a save a
 * change. */
#include "holdfast/inbox.h"
#include "lib/settings.h"
#include "lib/test.h"

static int set_status(struct stage *stage, struct hf_bytes status, hf_lsn expect,
                      struct hf_result *result)
{
	const struct hf_inbox_set_status_args args = {
	    .write.expect = expect, .user = hf_str("u"), .status = status};
	return hf_inbox_set_status(stage->store, NULL, &args, result, NULL);
}

static void a_status_is_set_once_per_change_and_versioned(void **state)
{
	(void)state;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		struct stage *stage = stage_open(setting);
		static char big[HF_INBOX_STATUS_MAX + 1];
		struct hf_result result = {0}, again = {0};
		struct hf_inbox_status status = {0};
		memset(big, 's', sizeof big);
		assert_int_equal(set_status(stage, hf_str(""), 1, &result), HF_ECONFLICT);
		assert_int_equal(set_status(stage, hf_str(""), HF_ABSENT, &result), HF_OK);
		assert_true(result.changed && result.version != 0 && result.count == 1);
		assert_int_equal(set_status(stage, hf_str(""), 0, &again), HF_OK);
		assert_true(!again.changed && again.version == result.version && again.count == 0);
		assert_int_equal(
		    set_status(stage, hf_bytes_of(big, HF_INBOX_STATUS_MAX), result.version, &result),
		    HF_OK);
		stage_switch(stage);
		assert_int_equal(set_status(stage, hf_bytes_of(big, sizeof big), 0, NULL), HF_ETOOBIG);
		assert_int_equal(set_status(stage, hf_str("x"), HF_ABSENT, NULL), HF_ECONFLICT);
		assert_int_equal(
		    set_status(stage, hf_bytes_of(big, HF_INBOX_STATUS_MAX), result.version, &again),
		    HF_OK);
		assert_true(!again.changed && again.version == result.version);
		assert_int_equal(hf_inbox_get_status(stage->store, hf_str("u"), 0, &status, NULL), HF_OK);
		assert_true(status.version == result.version && status.status.len == HF_INBOX_STATUS_MAX);
		assert_memory_equal(status.status.data, big, HF_INBOX_STATUS_MAX);
		hf_release(status.memory);
		/* Saving and clearing leave it, and it leaves them. */
		const struct hf_inbox_save_args save = {.user = hf_str("u"), .generated_at = 7};
		assert_int_equal(hf_inbox_save(stage->store, NULL, &save, NULL, NULL), HF_OK);
		assert_int_equal(set_status(stage, hf_str("ok"), result.version, &result), HF_OK);
		struct hf_inbox_page page = {0};
		assert_int_equal(hf_inbox_load(stage->store,
		                               &(struct hf_inbox_load_args){.user = hf_str("u")}, 0, &page,
		                               NULL),
		                 HF_OK);
		assert_true(page.generated_at == 7);
		hf_release(page.memory);
		stage_close(stage);
	}
}

enum { BIG = 700 };

static int save_input(struct stage *stage, const struct hf_inbox_input *input, bool restore)
{
	const struct hf_inbox_save_args args = {.write.literal_times = true,
	                                        .user = hf_str("u"),
	                                        .records = input,
	                                        .count = 1,
	                                        .generated_at = 50,
	                                        .restore = restore};
	return hf_inbox_save(stage->store, NULL, &args, NULL, NULL);
}

static void what_breaks_the_rules_is_refused(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	static char longest[HF_KEY_MAX + 1];
	memset(longest, 'k', sizeof longest);
	char *big = calloc(1, HF_PAYLOAD_MAX + 1);
	assert_non_null(big);
	const struct hf_bytes fits = hf_bytes_of(longest, HF_KEY_MAX),
	                      over = hf_bytes_of(longest, HF_KEY_MAX + 1), nul = hf_bytes_of("a\0b", 3);
	const struct {
		struct hf_inbox_input input;
		int code;
	} inputs[] = {
	    {{.account = fits, .thread = fits, .payload = nul}, HF_OK},
	    {{.thread = {0}}, HF_EINVAL},
	    {{.thread = over}, HF_EINVAL},
	    {{.thread = nul}, HF_EINVAL},
	    {{.account = over, .thread = fits}, HF_EINVAL},
	    {{.account = nul, .thread = fits}, HF_EINVAL},
	    {{.thread = fits, .payload = {big, HF_PAYLOAD_MAX + 1}}, HF_ETOOBIG},
	};
	for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++)
		assert_int_equal(save_input(stage, &inputs[i].input, false), inputs[i].code);
	const struct hf_inbox_input heavy[3] = {
	    {.thread = hf_str("1"), .payload = {big, HF_PAYLOAD_MAX}},
	    {.thread = hf_str("2"), .payload = {big, HF_PAYLOAD_MAX}},
	    {.thread = hf_str("3"), .payload = {big, 1}}};
	const struct hf_inbox_save_args args = {.user = hf_str("u"), .records = heavy, .count = 3};
	assert_int_equal(hf_inbox_save(stage->store, NULL, &args, NULL, NULL), HF_ETOOBIG);
	const struct hf_inbox_save_args lost = {.user = hf_str("u"), .count = 3};
	assert_int_equal(hf_inbox_save(stage->store, NULL, &lost, NULL, NULL), HF_EINVAL);
	free(big);
	stage_close(stage);
}

static void an_import_keeps_the_times_of_new_records(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LOADED);
	struct hf_inbox_input input = {.thread = hf_str("t"),
	                               .dismissed = true,
	                               .updated_at = HF_UNSET,
	                               .snapshot_at = 0,
	                               .seen_at = 1,
	                               .read_at = HF_UNSET,
	                               .dismissed_at = -3};
	const struct hf_inbox_key key = {hf_str("u"), {0}, hf_str("t")};
	struct hf_inbox_got got = {0};
	assert_int_equal(save_input(stage, &input, true), HF_OK);
	stage_switch(stage);
	assert_int_equal(hf_inbox_get(stage->store, &key, 0, &got, NULL), HF_OK);
	assert_true(got.record.updated_at == HF_UNSET && got.record.snapshot_at == 0 &&
	            got.record.seen_at == 1);
	assert_true(got.record.read_at == HF_UNSET && got.record.dismissed_at == -3 &&
	            got.record.dismissed);
	hf_release(got.memory);
	/* On an existing record only its content counts. */
	input.seen_at = 9;
	input.dismissed = false;
	input.dismissed_at = HF_UNSET;
	input.snapshot_at = 4;
	assert_int_equal(save_input(stage, &input, true), HF_OK);
	assert_int_equal(hf_inbox_get(stage->store, &key, 0, &got, NULL), HF_OK);
	assert_true(got.record.snapshot_at == 4 && got.record.seen_at == 1 &&
	            got.record.dismissed_at == -3 && got.record.dismissed);
	hf_release(got.memory);
	input.dismissed_at = 5;
	assert_int_equal(save_input(stage, &input, true), HF_EINVAL);
	stage_close(stage);
}

static void any_one_field_that_differs_makes_a_save_a_change(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	static char text[BIG];
	memset(text, 'p', sizeof text);
	const struct hf_inbox_input same = {
	    .thread = hf_str("t"), .payload = hf_bytes_of(text, BIG), .updated_at = 1};
	struct hf_inbox_input inputs[7] = {same, same, same, same, same, same, same};
	inputs[1].unread = true;
	inputs[2].score = -0.0;
	inputs[3].updated_at = 2;
	inputs[4].payload.len--;
	inputs[5].payload = hf_bytes_of(memset(malloc(BIG), 'q', BIG), BIG);
	inputs[6].dismissed = true; /* last: it stays */
	for (size_t i = 0; i < 7; i++) {
		struct hf_result result = {0};
		const struct hf_inbox_save_args first = {
		    .user = hf_str("u"), .records = &same, .count = 1, .generated_at = 1};
		const struct hf_inbox_save_args then = {
		    .user = hf_str("u"), .records = &inputs[i], .count = 1, .generated_at = 1};
		assert_int_equal(hf_inbox_save(stage->store, NULL, &first, &result, NULL), HF_OK);
		assert_int_equal(hf_inbox_save(stage->store, NULL, &then, &result, NULL), HF_OK);
		assert_true(result.changed == (i > 0) && result.count == (i > 0));
	}
	free((void *)(uintptr_t)inputs[5].payload.data);
	stage_close(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_status_is_set_once_per_change_and_versioned),
	    cmocka_unit_test(what_breaks_the_rules_is_refused),
	    cmocka_unit_test(an_import_keeps_the_times_of_new_records),
	    cmocka_unit_test(any_one_field_that_differs_makes_a_save_a_change),
	};
	return cmocka_run_group_tests_name("inbox rules", tests, NULL, NULL);
}
