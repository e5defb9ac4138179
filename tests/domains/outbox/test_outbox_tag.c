/* tier: fast */
/* The tag of an item: set, kept, shown, and what lists filter by. */
#include "lib/domains/outbox_ops.h"
#include "lib/settings.h"
#include "lib/test.h"

static void enqueue(hf_store *store, const char *id, const char *tag, enum hf_outbox_dedup dedup)
{
	const struct hf_outbox_enqueue_args args = {.queue = hf_str(OB_QUEUE),
	                                            .id = hf_str(id),
	                                            .payload = hf_str("p"),
	                                            .dedup = dedup,
	                                            .tag = hf_str(tag)};
	assert_int_equal(hf_outbox_enqueue(store, NULL, &args, NULL, NULL), HF_OK);
}

static void expect_tag(hf_store *store, const char *id, const char *tag)
{
	struct hf_outbox_got got;
	const struct hf_outbox_key key = {hf_str(OB_QUEUE), hf_str(id)};
	assert_int_equal(hf_outbox_get(store, &key, 0, &got, NULL), HF_OK);
	assert_true(hf__bytes_equal(got.item.tag, hf_str(tag)));
	hf_release(got.memory);
}

static void a_tag_stays_through_all_that_happens_to_its_item(void **unused)
{
	(void)unused;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		struct stage *stage = stage_open(setting);
		enqueue(stage->store, "1", "red", HF_OUTBOX_KEEP);
		enqueue(stage->store, "2", "", HF_OUTBOX_KEEP);
		stage_switch(stage);
		expect_tag(stage->store, "1", "red");
		expect_tag(stage->store, "2", "");
		enqueue(stage->store, "1", "blue", HF_OUTBOX_KEEP);
		expect_tag(stage->store, "1", "red");
		enqueue(stage->store, "1", "blue", HF_OUTBOX_REPLACE);
		expect_tag(stage->store, "1", "blue");
		(void)ob_claim(stage->store, "1", 0);
		enqueue(stage->store, "1", "green", HF_OUTBOX_RERUN);
		expect_tag(stage->store, "1", "blue");
		stage_switch(stage);
		ob_mark_failed(stage->store, "1");
		expect_tag(stage->store, "1", "blue");
		stage_close(stage);
	}
}

static size_t count_of(hf_store *store, const char *tag, size_t limit)
{
	struct hf_outbox_list_args args = {
	    .queue = hf_str(OB_QUEUE), .tag = hf_str(tag), .limit = limit};
	struct hf_outbox_items page = {0};
	size_t count = 0;
	do {
		struct hf_memory *before = page.memory;
		args.page = page.next;
		assert_int_equal(hf_outbox_list(store, &args, 0, &page, NULL), HF_OK);
		hf_release(before);
		for (size_t i = 0; i < page.count; i++)
			assert_true(*tag == '\0' || hf__bytes_equal(page.items[i].tag, hf_str(tag)));
		count += page.count;
	} while (page.next);
	hf_release(page.memory);
	return count;
}

static void a_list_gives_the_items_with_its_tag_page_by_page(void **unused)
{
	(void)unused;
	static const char *const tags[] = {"", "red", "blue"};
	struct stage *stage = stage_open(SETTING_REOPENED);
	for (unsigned i = 0; i < 150; i++) {
		char id[16];
		(void)snprintf(id, sizeof id, "%03u", i);
		enqueue(stage->store, id, tags[i % 3], HF_OUTBOX_KEEP);
	}
	stage_switch(stage);
	for (size_t limit = 0; limit < 60; limit += 7) {
		assert_int_equal(count_of(stage->store, "", limit), 150);
		assert_int_equal(count_of(stage->store, "red", limit), 50);
		assert_int_equal(count_of(stage->store, "green", limit), 0);
	}
	stage_close(stage);
}

static void a_page_token_of_one_tag_is_refused_with_another(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	enqueue(stage->store, "1", "red", HF_OUTBOX_KEEP);
	enqueue(stage->store, "2", "red", HF_OUTBOX_KEEP);
	struct hf_outbox_list_args args = {.queue = hf_str(OB_QUEUE), .tag = hf_str("red"), .limit = 1};
	struct hf_outbox_items page, other;
	assert_int_equal(hf_outbox_list(stage->store, &args, 0, &page, NULL), HF_OK);
	args.page = page.next;
	args.tag = hf_str("blue");
	assert_int_equal(hf_outbox_list(stage->store, &args, 0, &other, NULL), HF_EINVAL);
	hf_release(page.memory);
	stage_close(stage);
}

static void a_tag_with_a_nul_or_that_is_too_long_is_refused(void **unused)
{
	(void)unused;
	static char longer[HF_KEY_MAX + 1];
	memset(longer, 'x', sizeof longer);
	struct stage *stage = stage_open(SETTING_LIVE);
	struct hf_outbox_enqueue_args args = {
	    .queue = hf_str(OB_QUEUE), .id = hf_str("1"), .tag = {"a\0b", 3}};
	assert_int_equal(hf_outbox_enqueue(stage->store, NULL, &args, NULL, NULL), HF_EINVAL);
	args.tag = hf_bytes_of(longer, sizeof longer);
	assert_int_not_equal(hf_outbox_enqueue(stage->store, NULL, &args, NULL, NULL), HF_OK);
	stage_close(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_tag_stays_through_all_that_happens_to_its_item),
	    cmocka_unit_test(a_list_gives_the_items_with_its_tag_page_by_page),
	    cmocka_unit_test(a_page_token_of_one_tag_is_refused_with_another),
	    cmocka_unit_test(a_tag_with_a_nul_or_that_is_too_long_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
