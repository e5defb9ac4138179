/* tier: fast */
/* Groups, reruns and completed ids over time: who is next, which waits for which and for how long,
 * in what order what was noted runs again, and when an id blocks no more. The tables say what
 * one operation does; this is about several. */
#include "lib/domains/outbox_ops.h"
#include "lib/settings.h"
#include "lib/test.h"

#define SECOND INT64_C(1000000)

static struct hf_bytes queue(void)
{
	return hf_str(OB_QUEUE);
}

static bool enqueue(hf_store *store, const char *id, const char *group, enum hf_outbox_dedup dedup,
                    hf_time available_at)
{
	struct hf_result result = {0};
	const struct hf_outbox_enqueue_args args = {.queue = queue(),
	                                            .id = hf_str(id),
	                                            .payload = hf_str(id),
	                                            .available_at = available_at,
	                                            .dedup = dedup,
	                                            .group = hf_str(group)};
	assert_int_equal(hf_outbox_enqueue(store, NULL, &args, &result, NULL), HF_OK);
	return result.changed;
}

static int try_claim(hf_store *store, const char *id, int64_t lease, hf_token *token)
{
	struct hf_result result = {0};
	const struct hf_outbox_claim_args args = {
	    .queue = queue(), .id = hf_str(id), .owner = hf_str("w"), .lease_us = lease};
	const int rc = hf_outbox_claim(store, NULL, &args, NULL, &result, NULL);
	*token = result.token;
	return rc;
}

/* Claims the next one, which must be this. */
static hf_token next_is(hf_store *store, const char *id, int64_t lease)
{
	struct hf_outbox_items items = {0};
	const struct hf_outbox_claim_next_args args = {
	    .queue = queue(), .owner = hf_str("w"), .lease_us = lease};
	assert_int_equal(hf_outbox_claim_next(store, NULL, &args, &items, NULL, NULL), HF_OK);
	assert_int_equal(items.count, 1);
	if (items.items[0].id.len != strlen(id) || memcmp(items.items[0].id.data, id, strlen(id)) != 0)
		fail_msg("next is %.*s, not %s", (int)items.items[0].id.len,
		         (const char *)items.items[0].id.data, id);
	const hf_token token = items.items[0].token;
	hf_release(items.memory);
	return token;
}

static void fail_it(hf_store *store, const char *id, hf_token token, int64_t delay)
{
	const struct hf_outbox_fail_args args = {.queue = queue(),
	                                         .id = hf_str(id),
	                                         .token = token,
	                                         .backoff = {HF_OUTBOX_BACKOFF_FIXED, delay, 0}};
	assert_int_equal(hf_outbox_fail(store, NULL, &args, NULL, NULL), HF_OK);
}

/* --- Groups ----------------------------------------------------------------------------------- */

static void a_group_keeps_its_order_through_failures(void **unused)
{
	(void)unused;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		struct stage *stage = stage_open(setting);
		(void)enqueue(stage->store, "a", "g", HF_OUTBOX_KEEP, 0);
		(void)enqueue(stage->store, "b", "g", HF_OUTBOX_KEEP, 0);
		(void)enqueue(stage->store, "c", "", HF_OUTBOX_KEEP, 0);
		const hf_token token = next_is(stage->store, "a", 3600 * SECOND);
		stage_switch(stage);
		ob_complete(stage->store, "c", next_is(stage->store, "c", 60 * SECOND));
		assert_string_equal(ob_claim_next(stage->store, 5, SECOND), "");
		/* Its backoff keeps the group waiting: b must not overtake it. */
		fail_it(stage->store, "a", token, 10 * SECOND);
		assert_string_equal(ob_claim_next(stage->store, 5, SECOND), "");
		stage_switch(stage);
		stage_at(stage, STAGE_NOW + 10 * SECOND);
		/* Given up it is out of the way, and queued again it goes first again. */
		ob_mark_failed(stage->store, "a");
		const hf_token second = next_is(stage->store, "b", 60 * SECOND);
		assert_int_equal(
		    hf_outbox_retry(stage->store, NULL,
		                    &(struct hf_outbox_retry_args){.queue = queue(), .id = hf_str("a")},
		                    NULL, NULL),
		    HF_OK);
		assert_string_equal(ob_claim_next(stage->store, 5, SECOND), "");
		fail_it(stage->store, "b", second, 0);
		(void)next_is(stage->store, "a", SECOND);
		stage_close(stage);
	}
}

static void a_lease_that_ends_frees_the_group_with_nobody_acting(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	hf_token token;
	(void)enqueue(stage->store, "a", "g", HF_OUTBOX_KEEP, 0);
	(void)enqueue(stage->store, "b", "g", HF_OUTBOX_KEEP, 0);
	(void)next_is(stage->store, "a", 10 * SECOND);
	stage_at(stage, STAGE_NOW + 10 * SECOND - 1);
	assert_int_equal(try_claim(stage->store, "b", SECOND, &token), HF_EBLOCKED);
	assert_string_equal(ob_claim_next(stage->store, 5, SECOND), "");
	stage_at(stage, STAGE_NOW + 10 * SECOND);
	/* b out of turn, while the ending of a's claim is not logged: now a waits for b. */
	assert_int_equal(try_claim(stage->store, "b", 5 * SECOND, &token), HF_OK);
	assert_int_equal(try_claim(stage->store, "a", SECOND, &token), HF_EBLOCKED);
	assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
	assert_string_equal(ob_claim_next(stage->store, 5, SECOND), "");
	stage_at(stage, STAGE_NOW + 15 * SECOND);
	(void)next_is(stage->store, "a", 0);
	assert_string_equal(ob_claim_next(stage->store, 5, SECOND), "");
	stage_close(stage);
}

static void a_claim_without_a_lease_keeps_the_group_until_the_store_is_opened_again(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_REOPENED);
	hf_token token;
	(void)enqueue(stage->store, "a", "g", HF_OUTBOX_KEEP, 0);
	(void)enqueue(stage->store, "b", "g", HF_OUTBOX_KEEP, 0);
	(void)next_is(stage->store, "a", 0);
	stage_at(stage, STAGE_NOW + 100000 * SECOND);
	assert_int_equal(try_claim(stage->store, "b", SECOND, &token), HF_EBLOCKED);
	stage_switch(stage);
	assert_string_equal(ob_claim_next(stage->store, 5, SECOND), "a");
	stage_close(stage);
}

/* Taking all items out one by one lets the next of each group step forward meanwhile: into orders
 * that stand empty while each group is held. */
static void many_groups_that_are_held_are_held_where_the_state_is_loaded(void **unused)
{
	(void)unused;
	enum { GROUPS = 1500 };
	struct stage *stage = stage_open(SETTING_LOADED);
	for (unsigned i = 0; i < 2 * GROUPS; i++) {
		char id[16], group[16];
		(void)snprintf(id, sizeof id, "%u", i);
		(void)snprintf(group, sizeof group, "g%u", i / 2);
		(void)enqueue(stage->store, id, group, HF_OUTBOX_KEEP, 0);
		if (i % 2 == 0)
			(void)next_is(stage->store, id, 0);
	}
	stage_switch(stage);
	stage_verify(stage);
	assert_string_equal(ob_claim_next(stage->store, 5, SECOND), "");
	stage_close(stage);
}

/* Among others a group stands where its first item stands. */
static void groups_take_their_turn_by_their_first_item(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	static const struct hf_outbox_input items[] = {
	    {.id = {"g1", 2}, .group = {"g", 1}, .priority = 5},
	    {.id = {"g2", 2}, .group = {"g", 1}, .priority = -9},
	    {.id = {"h1", 2}, .group = {"h", 1}, .priority = 1},
	    {.id = {"x", 1}, .priority = 3},
	    {.id = {"h2", 2}, .group = {"h", 1}, .priority = -1},
	};
	const struct hf_outbox_enqueue_many_args args = {.queue = queue(), .items = items, .count = 5};
	assert_int_equal(hf_outbox_enqueue_many(stage->store, NULL, &args, NULL, NULL), HF_OK);
	assert_string_equal(ob_claim_next(stage->store, 10, 10 * SECOND), "h1 x g1");
	stage_at(stage, STAGE_NOW + 10 * SECOND);
	struct hf_outbox_stats stats = ob_stats(stage->store);
	/* whether the endings are logged or not */
	assert_true(stats.groups == 2 && stats.busy_groups == 0 && stats.blocked == 2);
	assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
	stats = ob_stats(stage->store);
	assert_true(stats.groups == 2 && stats.busy_groups == 0 && stats.blocked == 2);
	const struct hf_outbox_clear_args clear = {.queue = queue()};
	assert_int_equal(hf_outbox_clear(stage->store, NULL, &clear, NULL, NULL), HF_OK);
	stats = ob_stats(stage->store);
	assert_true(stats.groups == 0 && stats.blocked == 0);
	stage_close(stage);
}

/* Completing and claiming the next of a group in one transaction; and a transaction that is
 * refused leaves the group as it was. */
static void a_group_moves_on_within_a_transaction(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	hf_txn *txn;
	struct hf_outbox_items items = {0};
	(void)enqueue(stage->store, "a", "g", HF_OUTBOX_KEEP, 0);
	(void)enqueue(stage->store, "b", "g", HF_OUTBOX_KEEP, 0);
	const struct hf_outbox_complete_args done = {
	    .queue = queue(), .id = hf_str("a"), .token = next_is(stage->store, "a", 60 * SECOND)};
	const struct hf_outbox_claim_next_args next = {
	    .queue = queue(), .owner = hf_str("w"), .max = 3, .lease_us = 60 * SECOND};
	const struct hf_outbox_guard_args spoiler = {
	    .write.expect = 99999, .queue = queue(), .id = hf_str("a")};
	for (unsigned spoil = 2; spoil-- > 0;) {
		assert_int_equal(hf_txn_begin(stage->store, &txn, NULL), HF_OK);
		assert_int_equal(hf_outbox_complete(stage->store, txn, &done, NULL, NULL), HF_OK);
		assert_int_equal(hf_outbox_claim_next(stage->store, txn, &next, &items, NULL, NULL), HF_OK);
		if (spoil)
			assert_int_equal(hf_outbox_guard(stage->store, txn, &spoiler, NULL, NULL), HF_OK);
		assert_int_equal(hf_txn_commit(txn, HF_DURABLE, NULL), spoil ? HF_ECONFLICT : HF_OK);
		assert_true(spoil || (items.count == 1 && memcmp(items.items[0].id.data, "b", 1) == 0));
		hf_release(items.memory);
		assert_string_equal(ob_claim_next(stage->store, 5, SECOND), "");
		stage_verify(stage);
	}
	stage_close(stage);
}

/* --- Reruns ----------------------------------------------------------------------------------- */

static void a_rerun_comes_last_and_counts_anew(void **unused)
{
	(void)unused;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		struct stage *stage = stage_open(setting);
		struct hf_outbox_got got = {0};
		const struct hf_outbox_key key = {queue(), hf_str("a")};
		(void)enqueue(stage->store, "a", "g", HF_OUTBOX_KEEP, 0);
		(void)enqueue(stage->store, "b", "g", HF_OUTBOX_KEEP, 0);
		fail_it(stage->store, "a", next_is(stage->store, "a", 60 * SECOND), 0);
		const hf_token token = next_is(stage->store, "a", 60 * SECOND);
		stage_at(stage, STAGE_NOW + SECOND);
		assert_true(enqueue(stage->store, "a", "elsewhere", HF_OUTBOX_RERUN, 0));
		stage_switch(stage);
		ob_complete(stage->store, "a", token);
		stage_switch(stage);
		assert_string_equal(ob_list(stage->store, HF_OUTBOX_QUEUED, 1), "b a");
		assert_int_equal(hf_outbox_get(stage->store, &key, 0, &got, NULL), HF_OK);
		assert_true(got.item.attempts == 0 && got.item.last_error.len == 0 &&
		            got.item.enqueued_at == STAGE_NOW + SECOND);
		assert_true(!got.item.rerun && got.item.group.len == 1);
		hf_release(got.memory);
		/* The group's order is the enqueue order: b was there before a came again. */
		ob_complete(stage->store, "b", next_is(stage->store, "b", 60 * SECOND));
		ob_complete(stage->store, "a", next_is(stage->store, "a", 60 * SECOND));
		assert_string_equal(ob_list(stage->store, HF_OUTBOX_ANY, 0), "");
		stage_close(stage);
	}
}

static void what_is_noted_stays_until_the_item_is_completed(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	(void)enqueue(stage->store, "a", "", HF_OUTBOX_KEEP, 0);
	const hf_token first = next_is(stage->store, "a", 10 * SECOND);
	assert_true(enqueue(stage->store, "a", "", HF_OUTBOX_RERUN, STAGE_NOW + 5));
	fail_it(stage->store, "a", first, 0);
	const hf_token second = next_is(stage->store, "a", 10 * SECOND);
	stage_at(stage, STAGE_NOW + 20 * SECOND); /* its lease is over, logged or not */
	assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
	const hf_token third = next_is(stage->store, "a", 10 * SECOND);
	assert_true(third > second);
	ob_complete(stage->store, "a", third);
	/* Once more, and no more than that. */
	ob_complete(stage->store, "a", next_is(stage->store, "a", 10 * SECOND));
	assert_string_equal(ob_status(stage->store, "a"), "");
	stage_close(stage);
}

/* --- Completed ids ---------------------------------------------------------------------------- */

static void configure(hf_store *store, int64_t window, uint32_t max)
{
	const struct hf_outbox_configure_args args = {
	    .queue = queue(), .dedup_window_us = window, .dedup_max = max};
	assert_int_equal(hf_outbox_configure(store, NULL, &args, NULL, NULL), HF_OK);
}

static void complete_one(hf_store *store, const char *id)
{
	assert_true(enqueue(store, id, "", HF_OUTBOX_KEEP, 0));
	ob_complete(store, id, ob_claim(store, id, 60 * SECOND));
}

static void a_completed_id_blocks_to_the_microsecond(void **unused)
{
	(void)unused;
	static const enum hf_outbox_dedup modes[] = {HF_OUTBOX_KEEP, HF_OUTBOX_REPLACE,
	                                             HF_OUTBOX_RERUN};
	for (unsigned i = 0; i < 6; i++) {
		struct stage *stage = stage_open((enum setting)(i % SETTINGS));
		configure(stage->store, 10 * SECOND, 0);
		complete_one(stage->store, "a");
		stage_switch(stage);
		stage_at(stage, STAGE_NOW + 10 * SECOND - 1);
		assert_false(enqueue(stage->store, "a", "", modes[i % 3], 0));
		configure(stage->store, 0, 0); /* it keeps its time */
		assert_false(enqueue(stage->store, "a", "", modes[i % 3], 0));
		stage_at(stage, STAGE_NOW + 10 * SECOND);
		if (i >= 3) { /* whether that is logged changes nothing */
			assert_int_equal(ob_stats(stage->store).completed, 0);
			assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
			assert_int_equal(ob_stats(stage->store).completed, 0);
		}
		assert_true(enqueue(stage->store, "a", "", modes[i % 3], 0));
		assert_int_equal(ob_stats(stage->store).completed, 0);
		stage_close(stage);
	}
}

static void the_oldest_of_too_many_ids_is_dropped_and_counted(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	configure(stage->store, 100 * SECOND, 3);
	for (unsigned i = 0; i < 5; i++)
		complete_one(stage->store, (char[]){(char)('a' + i), '\0'});
	struct hf_outbox_stats stats = ob_stats(stage->store);
	assert_true(stats.completed == 3 && stats.dropped == 2);
	assert_true(enqueue(stage->store, "b", "", HF_OUTBOX_KEEP, 0));
	assert_false(enqueue(stage->store, "c", "", HF_OUTBOX_KEEP, 0));
	/* Those whose time is over are no loss. */
	stage_at(stage, STAGE_NOW + 200 * SECOND);
	complete_one(stage->store, "f");
	stats = ob_stats(stage->store);
	assert_true(stats.completed == 1 && stats.dropped == 2);
	configure(stage->store, 100 * SECOND, 1);
	stats = ob_stats(stage->store);
	assert_true(stats.completed == 1 && stats.dropped == 2);
	assert_false(enqueue(stage->store, "f", "", HF_OUTBOX_KEEP, 0));
	stage_close(stage);
}

static void many_ids_fade_in_bounded_batches(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	enum { COUNT = 700 };
	for (unsigned i = 0; i < COUNT; i++) {
		char id[16];
		(void)snprintf(id, sizeof id, "%u", i);
		const struct hf_outbox_put_completed_args args = {.write.durability = HF_OS,
		                                                  .queue = queue(),
		                                                  .id = hf_str(id),
		                                                  .until = STAGE_NOW + 1 + i % 7};
		assert_int_equal(hf_outbox_put_completed(stage->store, NULL, &args, NULL, NULL), HF_OK);
	}
	assert_int_equal(ob_stats(stage->store).completed, COUNT);
	stage_at(stage, STAGE_NOW + 4);
	assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
	assert_int_equal(ob_stats(stage->store).completed, COUNT - COUNT / 7 * 4);
	stage_at(stage, STAGE_NOW + 100);
	struct hf_outbox_completed_page page = {0};
	const struct hf_outbox_list_completed_args list = {.queue = queue(), .limit = 10};
	assert_int_equal(hf_outbox_list_completed(stage->store, &list, 0, &page, NULL), HF_OK);
	assert_true(page.count == 0 && !page.next);
	hf_release(page.memory);
	assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
	assert_int_equal(ob_stats(stage->store).completed, 0);
	stage_close(stage);
}

static void a_page_of_completed_ids_belongs_to_its_list(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct hf_outbox_completed_page page = {0}, other = {0};
	configure(stage->store, 100 * SECOND, 0);
	complete_one(stage->store, "a");
	complete_one(stage->store, "b");
	assert_int_equal(hf_outbox_list_completed(
	                     stage->store,
	                     &(struct hf_outbox_list_completed_args){.queue = queue(), .limit = 1}, 0,
	                     &page, NULL),
	                 HF_OK);
	assert_true(page.count == 1 && page.next && page.ids[0].version > 0 &&
	            page.ids[0].until == STAGE_NOW + 100 * SECOND);
	struct hf_outbox_list_completed_args list = {.queue = hf_str("another"), .page = page.next};
	assert_int_equal(hf_outbox_list_completed(stage->store, &list, 0, &other, NULL), HF_EINVAL);
	list = (struct hf_outbox_list_completed_args){.queue = queue(), .page = "AAAA"};
	assert_int_equal(hf_outbox_list_completed(stage->store, &list, 0, &other, NULL), HF_EINVAL);
	list.page = page.next;
	assert_int_equal(hf_outbox_list_completed(stage->store, &list, 0, &other, NULL), HF_OK);
	assert_true(other.count == 1 && !other.next && memcmp(other.ids[0].id.data, "b", 1) == 0);
	hf_release(other.memory);
	hf_release(page.memory);
	list = (struct hf_outbox_list_completed_args){.queue = queue(), .id = hf_str("b")};
	assert_int_equal(hf_outbox_list_completed(stage->store, &list, 0, &other, NULL), HF_OK);
	assert_true(other.count == 1 && !other.next && other.ids[0].until == STAGE_NOW + 100 * SECOND);
	hf_release(other.memory);
	list.id = hf_str("c");
	assert_int_equal(hf_outbox_list_completed(stage->store, &list, 0, &other, NULL), HF_OK);
	assert_int_equal(other.count, 0);
	hf_release(other.memory);
	list.id = hf_bytes_of("a\0b", 3);
	assert_int_equal(hf_outbox_list_completed(stage->store, &list, 0, &other, NULL), HF_EINVAL);
	assert_int_equal(hf_outbox_list_completed(
	                     stage->store, &(struct hf_outbox_list_completed_args){.queue = hf_str("")},
	                     0, &other, NULL),
	                 HF_EINVAL);
	stage_close(stage);
}

/* --- Form ------------------------------------------------------------------------------------- */

static void what_breaks_the_form_is_refused(void **unused)
{
	(void)unused;
	static char long_key[HF_KEY_MAX + 1];
	memset(long_key, 'k', sizeof long_key);
	struct stage *stage = stage_open(SETTING_LIVE);
	hf_store *s = stage->store;
	const struct hf_bytes bad[] = {{"a\0b", 3}, {long_key, sizeof long_key}};
	for (size_t i = 0; i < 2; i++) {
		const struct hf_outbox_enqueue_args enqueue_bad = {
		    .queue = queue(), .id = hf_str("a"), .group = bad[i]};
		assert_int_equal(hf_outbox_enqueue(s, NULL, &enqueue_bad, NULL, NULL), HF_EINVAL);
		const struct hf_outbox_put_args put = {.queue = queue(),
		                                       .item = {.id = hf_str("a"), .group = bad[i]}};
		assert_int_equal(hf_outbox_put(s, NULL, &put, NULL, NULL), HF_EINVAL);
		assert_int_equal(
		    hf_outbox_redrive(s, NULL,
		                      &(struct hf_outbox_redrive_args){.queue = queue(), .group = bad[i]},
		                      NULL, NULL),
		    HF_EINVAL);
		assert_int_equal(
		    hf_outbox_pause(s, NULL, &(struct hf_outbox_pause_args){.queue = bad[i]}, NULL, NULL),
		    HF_EINVAL);
	}
	assert_int_equal(
	    hf_outbox_redrive(s, NULL,
	                      &(struct hf_outbox_redrive_args){.write.expect = 1, .queue = queue()},
	                      NULL, NULL),
	    HF_EINVAL);
	assert_int_equal(hf_outbox_configure(s, NULL,
	                                     &(struct hf_outbox_configure_args){.queue = queue(),
	                                                                        .dedup_window_us = -1},
	                                     NULL, NULL),
	                 HF_EINVAL);
	struct hf_outbox_put_completed_args completed = {
	    .queue = queue(), .id = hf_str("a"), .until = HF_UNSET};
	assert_int_equal(hf_outbox_put_completed(s, NULL, &completed, NULL, NULL), HF_EINVAL);
	completed = (struct hf_outbox_put_completed_args){
	    .write.expect = 1, .queue = queue(), .id = hf_str("a"), .until = INT64_MAX};
	assert_int_equal(hf_outbox_put_completed(s, NULL, &completed, NULL, NULL), HF_EINVAL);
	const struct hf_outbox_rerun huge = {.payload = {long_key, HF_PAYLOAD_MAX + 1u}};
	const struct hf_outbox_put_args put = {.queue = queue(),
	                                       .item = {.id = hf_str("a"), .rerun = &huge}};
	assert_int_equal(hf_outbox_put(s, NULL, &put, NULL, NULL), HF_ETOOBIG);
	stage_close(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_group_keeps_its_order_through_failures),
	    cmocka_unit_test(a_lease_that_ends_frees_the_group_with_nobody_acting),
	    cmocka_unit_test(a_claim_without_a_lease_keeps_the_group_until_the_store_is_opened_again),
	    cmocka_unit_test(many_groups_that_are_held_are_held_where_the_state_is_loaded),
	    cmocka_unit_test(groups_take_their_turn_by_their_first_item),
	    cmocka_unit_test(a_group_moves_on_within_a_transaction),
	    cmocka_unit_test(a_rerun_comes_last_and_counts_anew),
	    cmocka_unit_test(what_is_noted_stays_until_the_item_is_completed),
	    cmocka_unit_test(a_completed_id_blocks_to_the_microsecond),
	    cmocka_unit_test(the_oldest_of_too_many_ids_is_dropped_and_counted),
	    cmocka_unit_test(many_ids_fade_in_bounded_batches),
	    cmocka_unit_test(a_page_of_completed_ids_belongs_to_its_list),
	    cmocka_unit_test(what_breaks_the_form_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
