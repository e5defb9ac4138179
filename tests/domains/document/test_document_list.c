/* tier: fast */
/* Lists of documents: orders, groups, both directions, pages and their tokens, which orders a
 * collection keeps, and payloads. */
#include "lib/domains/document_ops.h"
#include "lib/settings.h"
#include "lib/test.h"

#define SECOND INT64_C(1000000)
#define ALL_ORDERS \
	(HF_DOCUMENT_CREATED | HF_DOCUMENT_UPDATED | HF_DOCUMENT_GROUP_CREATED | \
	 HF_DOCUMENT_GROUP_UPDATED)

#define LIST(...) \
	(struct hf_document_list_args) \
	{ \
		__VA_ARGS__ \
	}

/* Created in the order c a b d, a and b at once; updated in the order d c a b. */
static void fill(hf_store *store)
{
	dc_put(store, "c",
	       (struct hf_document_put_args){.created_at = STAGE_NOW - 9,
	                                     .now = STAGE_NOW + 2,
	                                     .group = hf_str("x"),
	                                     .orders = ALL_ORDERS});
	dc_put(store, "b",
	       (struct hf_document_put_args){
	           .created_at = STAGE_NOW - 5, .now = STAGE_NOW + 4, .group = hf_str("x")});
	dc_put(store, "a",
	       (struct hf_document_put_args){.created_at = STAGE_NOW - 5, .now = STAGE_NOW + 3});
	dc_put(store, "d",
	       (struct hf_document_put_args){
	           .created_at = STAGE_NOW, .now = STAGE_NOW + 1, .group = hf_str("xy")});
}

static void lists_go_by_time_then_by_id_in_both_directions(void **unused)
{
	(void)unused;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		struct stage *stage = stage_open(setting);
		fill(stage->store);
		stage_switch(stage);
		for (size_t limit = 0; limit < 6; limit++) {
			assert_string_equal(dc_list(stage->store, LIST(.limit = limit)), "c a b d");
			assert_string_equal(dc_list(stage->store, LIST(.limit = limit, .descending = true)),
			                    "d b a c");
			assert_string_equal(
			    dc_list(stage->store, LIST(.limit = limit, .by = HF_DOCUMENT_BY_UPDATED)),
			    "d c a b");
			assert_string_equal(
			    dc_list(stage->store,
			            LIST(.limit = limit, .by = HF_DOCUMENT_BY_UPDATED, .descending = true)),
			    "b a c d");
			assert_string_equal(dc_list(stage->store, LIST(.limit = limit, .group = hf_str("x"))),
			                    "c b");
			assert_string_equal(dc_list(stage->store, LIST(.limit = limit, .group = hf_str("x"),
			                                               .descending = true)),
			                    "b c");
			assert_string_equal(dc_list(stage->store, LIST(.limit = limit, .group = hf_str("x"),
			                                               .by = HF_DOCUMENT_BY_UPDATED)),
			                    "c b");
			assert_string_equal(dc_list(stage->store, LIST(.limit = limit, .group = hf_str("xy"),
			                                               .descending = true)),
			                    "d");
			assert_string_equal(dc_list(stage->store, LIST(.limit = limit, .by_group = true)), "a");
			assert_string_equal(
			    dc_list(stage->store, LIST(.limit = limit, .by_group = true, .descending = true)),
			    "a");
			assert_string_equal(dc_list(stage->store, LIST(.limit = limit, .group = hf_str("w"))),
			                    "");
			assert_string_equal(dc_list(stage->store, LIST(.limit = limit, .group = hf_str("z"),
			                                               .descending = true)),
			                    "");
			assert_string_equal(
			    dc_list(stage->store, LIST(.limit = limit, .collection = hf_str("none"))), "");
		}
		stage_close(stage);
	}
}

static void regrouping_moves_between_groups_and_in_the_order_of_updates(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	fill(stage->store);
	stage_at(stage, STAGE_NOW + SECOND);
	dc_regroup(stage->store, "c", "xy");
	assert_string_equal(dc_list(stage->store, LIST(.group = hf_str("x"))), "b");
	assert_string_equal(dc_list(stage->store, LIST(.group = hf_str("xy"))), "c d");
	assert_string_equal(dc_list(stage->store, LIST(.by = HF_DOCUMENT_BY_UPDATED)), "d a b c");
	assert_int_equal(dc_count(stage->store, "x"), 1);
	assert_int_equal(dc_count(stage->store, "xy"), 2);
	assert_int_equal(dc_count(stage->store, ""), 1);
	assert_int_equal(dc_count(stage->store, NULL), 4);
	dc_regroup(stage->store, "c", "");
	assert_int_equal(dc_count(stage->store, ""), 2);
	assert_int_equal(dc_count(stage->store, "nobody's"), 0);
	stage_close(stage);
}

/* What is there through the whole walk is given once, whatever comes and goes, the last one
 * given included. */
static void pages_hold_a_position_and_no_offset(void **unused)
{
	(void)unused;
	for (unsigned reverse = 0; reverse < 2; reverse++) {
		struct stage *stage = stage_open(SETTING_LIVE);
		struct hf_document_page first = {0}, second = {0};
		fill(stage->store);
		struct hf_document_list_args args = {
		    .collection = hf_str(DC_COLLECTION), .limit = 2, .descending = reverse};
		assert_int_equal(hf_document_list(stage->store, &args, 0, &first, NULL), HF_OK);
		assert_non_null(first.next);
		const struct hf_bytes last = first.items[1].key.id;
		char id[2] = {*(const char *)last.data, '\0'};
		dc_remove(stage->store, id);
		dc_put(stage->store, "0", (struct hf_document_put_args){.created_at = STAGE_NOW - 100});
		dc_put(stage->store, "9", (struct hf_document_put_args){.created_at = STAGE_NOW + 100});
		args.page = first.next;
		args.limit = 0;
		assert_int_equal(hf_document_list(stage->store, &args, 0, &second, NULL), HF_OK);
		assert_int_equal(second.count, 3);
		static const char *const expected[2][3] = {{"b", "d", "9"}, {"a", "c", "0"}};
		for (size_t i = 0; i < 3; i++)
			assert_memory_equal(second.items[i].key.id.data, expected[reverse][i], 2);
		hf_release(first.memory);
		hf_release(second.memory);
		stage_close(stage);
	}
}

static void tokens_of_other_lists_are_refused(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct hf_document_page page = {0}, none = {0};
	struct hf_error error = {0};
	fill(stage->store);
	const struct hf_document_list_args args = {.collection = hf_str(DC_COLLECTION), .limit = 1};
	assert_int_equal(hf_document_list(stage->store, &args, 0, &page, NULL), HF_OK);
	char damaged[200];
	(void)snprintf(damaged, sizeof damaged, "%s", page.next);
	damaged[5] = damaged[5] == 'A' ? 'B' : 'A';
	const struct hf_document_list_args wrong[] = {
	    {.collection = args.collection, .page = page.next, .descending = true},
	    {.collection = args.collection, .page = page.next, .by = HF_DOCUMENT_BY_UPDATED},
	    {.collection = args.collection, .page = page.next, .group = hf_str("x")},
	    {.collection = args.collection, .page = page.next, .by_group = true},
	    {.collection = hf_str("another"), .page = page.next},
	    {.collection = args.collection, .page = damaged},
	    {.collection = args.collection, .page = "no token"},
	};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		if (hf_document_list(stage->store, &wrong[i], 0, &none, &error) != HF_EINVAL)
			fail_msg("token %zu was accepted", i);
		assert_true(none.count == 0 && !none.memory && error.text[0]);
	}
	/* Another limit or no payload is the same list. */
	const struct hf_document_list_args same = {
	    .collection = args.collection, .page = page.next, .limit = 9, .without_payload = true};
	assert_int_equal(hf_document_list(stage->store, &same, 0, &none, NULL), HF_OK);
	assert_int_equal(none.count, 3);
	hf_release(none.memory);
	hf_release(page.memory);
	stage_close(stage);
}

static int try_list(hf_store *store, struct hf_document_list_args args)
{
	struct hf_document_page page = {0};
	args.collection = hf_str(DC_COLLECTION);
	const int rc = hf_document_list(store, &args, 0, &page, NULL);
	hf_release(page.memory);
	return rc;
}

static int try_count(hf_store *store, bool by_group)
{
	struct hf_document_counts counted = {0};
	const struct hf_document_count_args args = {.collection = hf_str(DC_COLLECTION),
	                                            .by_group = by_group};
	return hf_document_count(store, &args, 0, &counted, NULL);
}

/* Every set of orders: each list works if and only if its order is kept, the set survives in
 * every setting, and goes with the last document. */
static void a_collection_keeps_the_orders_of_its_first_put(void **unused)
{
	(void)unused;
	for (unsigned i = 0; i < SETTINGS * 16; i++) {
		struct stage *stage = stage_open((enum setting)(i / 16));
		const unsigned orders = i % 16 ? i % 16 : HF_DOCUMENT_ORDERS_DEFAULT;
		dc_put(stage->store, "a",
		       (struct hf_document_put_args){.orders = i % 16, .group = hf_str("x")});
		dc_put(stage->store, "b", (struct hf_document_put_args){.ttl_us = SECOND});
		stage_switch(stage);
		for (unsigned view = 0; view < 4; view++) {
			const struct hf_document_list_args args = {.by_group = view & 2,
			                                           .by = (enum hf_document_by)(view & 1)};
			assert_int_equal(try_list(stage->store, args), orders & 1u << view ? HF_OK : HF_EINVAL);
		}
		/* Any order will do to walk through all. */
		for (size_t limit = 0; limit < 3; limit++) {
			const char *all = dc_list(stage->store, LIST(.by = HF_DOCUMENT_BY_ANY, .limit = limit));
			assert_string_equal(all, orders & 3 ? "a b" : "b a");
			all = dc_list(stage->store,
			              LIST(.by = HF_DOCUMENT_BY_ANY, .limit = limit, .descending = true));
			assert_string_equal(all, orders & 3 ? "b a" : "a b");
		}
		assert_int_equal(try_list(stage->store, LIST(.by = HF_DOCUMENT_BY_ANY, .by_group = true)),
		                 orders > 3 ? HF_OK : HF_EINVAL);
		assert_int_equal(try_count(stage->store, true), orders > 3 ? HF_OK : HF_EINVAL);
		assert_int_equal(try_count(stage->store, false), HF_OK);
		assert_int_equal(dc_count(stage->store, NULL), 2);
		stage_at(stage, STAGE_NOW + SECOND);
		assert_int_equal(dc_count(stage->store, NULL), 1);
		dc_remove(stage->store, "a");
		/* What is left has expired: any order may be asked for, and other ones declared. */
		for (unsigned view = 0; view < 4; view++)
			assert_int_equal(
			    try_list(stage->store,
			             (struct hf_document_list_args){.by_group = view & 2, .by = view & 1}),
			    HF_OK);
		const unsigned others = orders ^ 15u ? orders ^ 15u : 1;
		dc_put(stage->store, "c", (struct hf_document_put_args){.orders = others});
		assert_int_equal(dc_count(stage->store, NULL), 1);
		for (unsigned view = 0; view < 4; view++) {
			const struct hf_document_list_args args = {.by_group = view & 2,
			                                           .by = (enum hf_document_by)(view & 1)};
			assert_int_equal(try_list(stage->store, args), others & 1u << view ? HF_OK : HF_EINVAL);
		}
		stage_close(stage);
	}
}

static void payloads_come_from_memory_and_from_disk(void **unused)
{
	(void)unused;
	static char large[3000];
	memset(large, 'x', sizeof large);
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		struct stage *stage = stage_open(setting);
		struct hf_document_page page = {0};
		dc_put(stage->store, "a",
		       (struct hf_document_put_args){.payload = hf_bytes_of(large, sizeof large)});
		dc_put(stage->store, "b", (struct hf_document_put_args){.payload = hf_bytes_of("a\0b", 3)});
		dc_put(stage->store, "c", (struct hf_document_put_args){.payload = hf_bytes_of("", 0)});
		dc_regroup(stage->store, "a", "moved");
		stage_switch(stage);
		/* A change after which the payload has to be found where it was. */
		dc_regroup(stage->store, "a", "again");
		for (unsigned without = 0; without < 2; without++) {
			const struct hf_document_list_args args = {.collection = hf_str(DC_COLLECTION),
			                                           .without_payload = without};
			assert_int_equal(hf_document_list(stage->store, &args, 0, &page, NULL), HF_OK);
			assert_int_equal(page.count, 3);
			static const size_t lengths[] = {sizeof large, 3, 0};
			for (size_t i = 0; i < 3; i++)
				assert_int_equal(page.items[i].payload.len, without ? 0 : lengths[i]);
			if (!without) {
				assert_memory_equal(page.items[0].payload.data, large, sizeof large);
				assert_memory_equal(page.items[1].payload.data, "a\0b", 4);
			}
			hf_release(page.memory);
		}
		stage_close(stage);
	}
}

static void what_breaks_the_form_is_refused(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	static char long_name[HF_KEY_MAX + 1];
	memset(long_name, 'n', sizeof long_name);
	const struct hf_bytes too_long = hf_bytes_of(long_name, sizeof long_name),
	                      with_nul = hf_bytes_of("a\0b", 3), none = hf_str(""), ok = hf_str("k");
	const struct hf_document_put_args puts[] = {
	    {.key = {none, ok}},
	    {.key = {ok, none}},
	    {.key = {too_long, ok}},
	    {.key = {ok, too_long}},
	    {.key = {with_nul, ok}},
	    {.key = {ok, with_nul}},
	    {.key = {ok, ok}, .group = too_long},
	    {.key = {ok, ok}, .group = with_nul},
	};
	struct hf_document_got got = {0};
	struct hf_document_page page = {0};
	struct hf_document_counts counted = {0};
	bool there;
	for (size_t i = 0; i < sizeof puts / sizeof puts[0]; i++) {
		assert_int_equal(hf_document_put(stage->store, NULL, &puts[i], NULL, NULL), HF_EINVAL);
		const struct hf_document_list_args list = {.collection = puts[i].key.collection,
		                                           .group = puts[i].group};
		const struct hf_document_count_args count = {.collection = puts[i].key.collection,
		                                             .group = puts[i].group};
		if (i != 1 && i != 3 && i != 5) {
			assert_int_equal(hf_document_list(stage->store, &list, 0, &page, NULL), HF_EINVAL);
			assert_int_equal(hf_document_count(stage->store, &count, 0, &counted, NULL), HF_EINVAL);
		}
		if (i > 5)
			continue;
		assert_int_equal(hf_document_get(stage->store, &puts[i].key, 0, &got, NULL), HF_EINVAL);
		assert_int_equal(hf_document_has(stage->store, &puts[i].key, 0, &there, NULL), HF_EINVAL);
	}
	const struct hf_document_list_args no_order = {.collection = ok, .by = (enum hf_document_by)7};
	assert_int_equal(hf_document_list(stage->store, &no_order, 0, &page, NULL), HF_EINVAL);
	const struct hf_document_clear_args expecting = {.collection = ok, .write.expect = 1};
	assert_int_equal(hf_document_clear(stage->store, NULL, &expecting, NULL, NULL), HF_EINVAL);
	const struct hf_document_guard_args bare = {.key = {ok, ok}, .write.expect = HF_ABSENT},
	                                    without = {.key = {ok, ok}};
	assert_int_equal(hf_document_guard(stage->store, NULL, &bare, NULL, NULL), HF_EINVAL);
	hf_txn *txn;
	assert_int_equal(hf_txn_begin(stage->store, &txn, NULL), HF_OK);
	assert_int_equal(hf_document_guard(stage->store, txn, &without, NULL, NULL), HF_EINVAL);
	hf_txn_abandon(txn);
	char *huge = calloc(1, HF_PAYLOAD_MAX + 1);
	assert_non_null(huge);
	const struct hf_document_put_args too_big = {.key = {ok, ok},
	                                             .payload = hf_bytes_of(huge, HF_PAYLOAD_MAX + 1)};
	assert_int_equal(hf_document_put(stage->store, NULL, &too_big, NULL, NULL), HF_ETOOBIG);
	free(huge);
	stage_close(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lists_go_by_time_then_by_id_in_both_directions),
	    cmocka_unit_test(regrouping_moves_between_groups_and_in_the_order_of_updates),
	    cmocka_unit_test(pages_hold_a_position_and_no_offset),
	    cmocka_unit_test(tokens_of_other_lists_are_refused),
	    cmocka_unit_test(a_collection_keeps_the_orders_of_its_first_put),
	    cmocka_unit_test(payloads_come_from_memory_and_from_disk),
	    cmocka_unit_test(what_breaks_the_form_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
