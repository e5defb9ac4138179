/* tier: fast */
/* Documents that expire: gone at the very instant for everyone, logged or not; what logging it
 * does, and what it does not. */
#include "lib/domains/document_ops.h"
#include "lib/settings.h"
#include "lib/test.h"

#define SECOND INT64_C(1000000)

#define LIST(...) \
	(struct hf_document_list_args) \
	{ \
		__VA_ARGS__ \
	}

static hf_lsn last_lsn(struct stage *stage)
{
	struct hf_info info = {0};
	assert_int_equal(hf_sync(stage->store, NULL), HF_OK);
	assert_int_equal(hf_get_info(stage->store, &info, NULL), HF_OK);
	return info.last_lsn;
}

static void maintain(struct stage *stage)
{
	assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
	stage_verify(stage);
}

/* All that can be asked about "a" and its neighbours "b", "c", which stay. */
static void expect_answers(struct stage *stage, bool there)
{
	hf_store *store = stage->store;
	const struct hf_document_key key = {hf_str(DC_COLLECTION), hf_str("a")};
	struct hf_document_got got = {0};
	assert_true(dc_has(store, "a") == there);
	assert_int_equal(hf_document_get(store, &key, 0, &got, NULL), there ? HF_OK : HF_ENOTFOUND);
	hf_release(got.memory);
	for (size_t limit = 0; limit < 3; limit++) {
		assert_string_equal(dc_list(store, LIST(.limit = limit)), there ? "b a c" : "b c");
		assert_string_equal(dc_list(store, LIST(.limit = limit, .descending = true)),
		                    there ? "c a b" : "c b");
		assert_string_equal(dc_list(store, LIST(.limit = limit, .group = hf_str("g"))),
		                    there ? "a c" : "c");
		assert_string_equal(
		    dc_list(store, LIST(.limit = limit, .group = hf_str("g"), .descending = true)),
		    there ? "c a" : "c");
	}
	assert_int_equal(dc_count(store, NULL), there ? 3 : 2);
	assert_int_equal(dc_count(store, "g"), there ? 2 : 1);
	assert_int_equal(dc_count(store, ""), 1);
	assert_string_equal(dc_collections(store, 0), there ? "brief notes" : "notes");
}

static void fill(struct stage *stage)
{
	const struct hf_document_put_args brief = {.key = {hf_str("brief"), hf_str("x")},
	                                           .ttl_us = SECOND};
	dc_put(stage->store, "b",
	       (struct hf_document_put_args){.created_at = STAGE_NOW - 2,
	                                     .expires_at = STAGE_NOW + 100 * SECOND});
	dc_put(stage->store, "a",
	       (struct hf_document_put_args){
	           .created_at = STAGE_NOW - 1, .ttl_us = SECOND, .group = hf_str("g")});
	dc_put(stage->store, "c", (struct hf_document_put_args){.group = hf_str("g")});
	assert_int_equal(hf_document_put(stage->store, NULL, &brief, NULL, NULL), HF_OK);
}

static void a_document_expires_at_its_very_instant_logged_or_not(void **unused)
{
	(void)unused;
	for (unsigned i = 0; i < SETTINGS * 2; i++) {
		struct stage *stage = stage_open((enum setting)(i / 2));
		fill(stage);
		stage_at(stage, STAGE_NOW + SECOND - 1);
		stage_switch(stage);
		maintain(stage);
		expect_answers(stage, true);
		stage_at(stage, STAGE_NOW + SECOND);
		expect_answers(stage, false);
		const hf_lsn before = last_lsn(stage);
		if (i % 2)
			maintain(stage);
		assert_true(last_lsn(stage) == before + (i % 2 ? 2 : 0));
		expect_answers(stage, false);
		/* And in every other form of the state. */
		stage_switch_to(stage, SETTING_LOADED);
		expect_answers(stage, false);
		stage_switch_to(stage, SETTING_REOPENED);
		expect_answers(stage, false);
		maintain(stage);
		expect_answers(stage, false);
		const hf_lsn settled = last_lsn(stage);
		maintain(stage);
		assert_true(last_lsn(stage) == settled);
		stage_close(stage);
	}
}

static void a_put_where_one_expired_makes_a_new_one(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct hf_document_got got = {0};
	const struct hf_document_key key = {hf_str(DC_COLLECTION), hf_str("a")};
	const hf_lsn first =
	    dc_put(stage->store, "a",
	           (struct hf_document_put_args){.ttl_us = SECOND, .group = hf_str("g")})
	        .version;
	dc_put(stage->store, "b", (struct hf_document_put_args){0});
	stage_at(stage, STAGE_NOW + SECOND);
	const struct hf_document_put_args late = {.write.expect = first, .key = key};
	assert_int_equal(hf_document_put(stage->store, NULL, &late, NULL, NULL), HF_ECONFLICT);
	const struct hf_result result =
	    dc_put(stage->store, "a", (struct hf_document_put_args){.write.expect = HF_ABSENT});
	assert_true(result.changed && result.version > first);
	assert_int_equal(hf_document_get(stage->store, &key, 0, &got, NULL), HF_OK);
	assert_true(got.document.created_at == STAGE_NOW + SECOND &&
	            got.document.expires_at == HF_UNSET && got.document.group.len == 0);
	hf_release(got.memory);
	/* Nothing is left to be logged. */
	maintain(stage);
	assert_true(last_lsn(stage) == result.version);
	stage_at(stage, STAGE_NOW + 9 * SECOND);
	assert_true(dc_has(stage->store, "a"));
	stage_close(stage);
}

static void a_put_or_nothing_can_move_the_end_and_a_regroup_keeps_it(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	dc_put(stage->store, "sooner", (struct hf_document_put_args){.ttl_us = 9 * SECOND});
	dc_put(stage->store, "later", (struct hf_document_put_args){.ttl_us = SECOND});
	dc_put(stage->store, "never", (struct hf_document_put_args){.ttl_us = SECOND});
	dc_put(stage->store, "kept", (struct hf_document_put_args){.ttl_us = SECOND});
	dc_put(stage->store, "sooner", (struct hf_document_put_args){.ttl_us = SECOND});
	dc_put(stage->store, "later", (struct hf_document_put_args){.ttl_us = 9 * SECOND});
	dc_put(stage->store, "never", (struct hf_document_put_args){0});
	dc_regroup(stage->store, "kept", "g");
	/* As far as time goes. */
	dc_put(stage->store, "ages", (struct hf_document_put_args){.ttl_us = INT64_MAX});
	stage_at(stage, STAGE_NOW + SECOND);
	assert_string_equal(dc_list(stage->store, LIST(0)), "later never ages");
	maintain(stage);
	assert_string_equal(dc_list(stage->store, LIST(0)), "later never ages");
	stage_at(stage, STAGE_NOW + 9 * SECOND);
	assert_string_equal(dc_list(stage->store, LIST(0)), "never ages");
	stage_close(stage);
}

/* Other orders than the ones that what expired was kept in: one entry takes it all away, however
 * much there is. */
static void new_orders_come_when_everything_has_expired(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	char id[16];
	for (unsigned i = 0; i < 50; i++) {
		(void)snprintf(id, sizeof id, "d%u", i);
		dc_put(stage->store, id,
		       (struct hf_document_put_args){.ttl_us = SECOND, .group = hf_str(i % 2 ? "g" : "")});
	}
	stage_at(stage, STAGE_NOW + SECOND);
	const hf_lsn before = last_lsn(stage);
	/* A clear has nothing to do, and a put that keeps the orders leaves the endings to upkeep. */
	struct hf_result result = {0};
	const struct hf_document_clear_args clear = {.collection = hf_str(DC_COLLECTION)};
	assert_int_equal(hf_document_clear(stage->store, NULL, &clear, &result, NULL), HF_OK);
	assert_true(!result.changed && result.count == 0 && last_lsn(stage) == before);
	dc_put(stage->store, "new", (struct hf_document_put_args){.orders = HF_DOCUMENT_UPDATED});
	assert_true(last_lsn(stage) == before + 2);
	assert_string_equal(dc_list(stage->store, LIST(.by = HF_DOCUMENT_BY_UPDATED)), "new");
	maintain(stage);
	assert_true(last_lsn(stage) == before + 2);
	dc_put(stage->store, "brief", (struct hf_document_put_args){.ttl_us = SECOND});
	assert_int_equal(hf_document_clear(stage->store, NULL, &clear, &result, NULL), HF_OK);
	assert_true(result.changed && result.count == 2 && result.version == 0);
	stage_close(stage);
}

/* A clear counts what was there and takes what has expired along. */
static void a_clear_does_not_count_what_has_expired(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct hf_result result = {0};
	fill(stage);
	stage_at(stage, STAGE_NOW + SECOND);
	const hf_lsn before = last_lsn(stage);
	const struct hf_document_clear_args clear = {.collection = hf_str(DC_COLLECTION)};
	assert_int_equal(hf_document_clear(stage->store, NULL, &clear, &result, NULL), HF_OK);
	assert_true(result.changed && result.count == 2);
	assert_true(last_lsn(stage) == before + 1);
	assert_string_equal(dc_collections(stage->store, 0), "");
	stage_close(stage);
}

/* More endings than one transaction of upkeep takes, and some that are not due. */
static void endings_are_logged_in_batches(void **unused)
{
	(void)unused;
	struct stage *stage =
	    stage_open_with(SETTING_LIVE, &(struct hf_options){.segment_size = 1 << 20});
	char id[16];
	for (unsigned i = 0; i < 900; i++) {
		(void)snprintf(id, sizeof id, "d%u", i);
		dc_put(stage->store, id,
		       (struct hf_document_put_args){.ttl_us = i < 700 ? 1 + (int64_t)(i * 7919 % 700)
		                                                       : 2 * SECOND});
	}
	stage_at(stage, STAGE_NOW + 700);
	const hf_lsn before = last_lsn(stage);
	assert_int_equal(dc_count(stage->store, NULL), 200);
	maintain(stage);
	assert_true(last_lsn(stage) == before + 700);
	assert_int_equal(dc_count(stage->store, NULL), 200);
	stage_close(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_document_expires_at_its_very_instant_logged_or_not),
	    cmocka_unit_test(a_put_where_one_expired_makes_a_new_one),
	    cmocka_unit_test(a_put_or_nothing_can_move_the_end_and_a_regroup_keeps_it),
	    cmocka_unit_test(new_orders_come_when_everything_has_expired),
	    cmocka_unit_test(a_clear_does_not_count_what_has_expired),
	    cmocka_unit_test(endings_are_logged_in_batches),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
