/* tier: fast */
/* Turns, leases, incarnations, attempts and backoff of outbox items, beyond what the tables say. */
#include "lib/domains/outbox_ops.h"
#include "lib/settings.h"
#include "lib/test.h"

#define SECOND INT64_C(1000000)

static struct hf_bytes queue(void)
{
	return hf_str(OB_QUEUE);
}

static struct hf_outbox_item get_item(hf_store *store, const char *id, struct hf_memory **memory)
{
	struct hf_outbox_got got = {0};
	const struct hf_outbox_key key = {queue(), hf_str(id)};
	assert_int_equal(hf_outbox_get(store, &key, 0, &got, NULL), HF_OK);
	*memory = got.memory;
	return got.item;
}

/* --- Turns and leases ------------------------------------------------------------------------- */

static void claim_next_goes_by_priority_then_time_then_enqueue_order(void **unused)
{
	(void)unused;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		struct stage *stage = stage_open(setting);
		ob_enqueue(stage->store, "low", "p", 5, STAGE_NOW - 9);
		ob_enqueue(stage->store, "b", "p", 0, STAGE_NOW - 1);
		ob_enqueue(stage->store, "c", "p", 0, STAGE_NOW - 1);
		ob_enqueue(stage->store, "a", "p", 0, STAGE_NOW - 2);
		ob_enqueue(stage->store, "high", "p", -5, STAGE_NOW);
		ob_enqueue(stage->store, "delayed", "p", -9, STAGE_NOW + SECOND);
		stage_switch(stage);
		assert_string_equal(ob_claim_next(stage->store, 0, 0), "high");
		assert_string_equal(ob_claim_next(stage->store, 9, 0), "a b c low");
		assert_string_equal(ob_claim_next(stage->store, 9, 0), "");
		stage_at(stage, STAGE_NOW + SECOND);
		assert_string_equal(ob_claim_next(stage->store, 9, 0), "delayed");
		stage_close(stage);
	}
}

static void a_lease_ends_at_its_very_instant_logged_or_not(void **unused)
{
	(void)unused;
	for (unsigned logged = 0; logged < 2; logged++) {
		for (enum setting setting = 0; setting < SETTINGS; setting++) {
			struct stage *stage = stage_open(setting);
			ob_enqueue(stage->store, "a", "p", 0, 0);
			const hf_lsn version = ob_enqueue(stage->store, "a", "p", 0, 0).version;
			(void)ob_claim(stage->store, "a", SECOND);
			stage_at(stage, STAGE_NOW + SECOND - 1);
			stage_switch(stage);
			assert_string_equal(ob_status(stage->store, "a"), "sending");
			assert_string_equal(ob_claim_next(stage->store, 1, SECOND), "");
			stage_at(stage, STAGE_NOW + SECOND);
			if (logged)
				assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
			stage_verify(stage);
			struct hf_memory *memory;
			const struct hf_outbox_item item = get_item(stage->store, "a", &memory);
			assert_int_equal(item.status, HF_OUTBOX_QUEUED);
			assert_true(item.token == 0 && item.owner.len == 0 && item.lease_until == HF_UNSET &&
			            item.attempts == 0);
			assert_true(item.version > version);
			hf_release(memory);
			assert_string_equal(ob_list(stage->store, HF_OUTBOX_QUEUED, 0), "a");
			assert_string_equal(ob_list(stage->store, HF_OUTBOX_SENDING, 0), "");
			assert_int_equal(ob_stats(stage->store).sending.items, 0);
			assert_string_equal(ob_claim_next(stage->store, 1, SECOND), "a");
			stage_close(stage);
		}
	}
}

static void logging_an_ending_changes_no_version(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct hf_info before = {0}, after = {0};
	struct hf_memory *first, *second;
	ob_enqueue(stage->store, "a", "p", 0, 0);
	(void)ob_claim(stage->store, "a", SECOND);
	stage_at(stage, STAGE_NOW + SECOND);
	assert_int_equal(hf_get_info(stage->store, &before, NULL), HF_OK);
	const hf_lsn version = get_item(stage->store, "a", &first).version;
	assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
	assert_int_equal(hf_get_info(stage->store, &after, NULL), HF_OK);
	assert_true(after.last_lsn == before.last_lsn + 1);
	assert_true(get_item(stage->store, "a", &second).version == version);
	assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
	assert_int_equal(hf_get_info(stage->store, &before, NULL), HF_OK);
	assert_true(after.last_lsn == before.last_lsn);
	hf_release(first);
	hf_release(second);
	stage_close(stage);
}

static void reopening_frees_what_was_held_without_a_lease_and_nothing_else(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	ob_enqueue(stage->store, "unleased", "p", 0, 0);
	ob_enqueue(stage->store, "leased", "p", 0, 0);
	const hf_token unleased = ob_claim(stage->store, "unleased", 0),
	               leased = ob_claim(stage->store, "leased", SECOND);
	stage_switch_to(stage, SETTING_LOADED);
	assert_string_equal(ob_status(stage->store, "unleased"), "sending");
	stage_switch_to(stage, SETTING_REOPENED);
	assert_string_equal(ob_list(stage->store, HF_OUTBOX_QUEUED, 0), "unleased");
	assert_string_equal(ob_list(stage->store, HF_OUTBOX_SENDING, 0), "leased");
	assert_int_equal(ob_stats(stage->store).queued.items, 1);
	const struct hf_outbox_complete_args late = {
	    .queue = queue(), .id = hf_str("unleased"), .token = unleased};
	assert_int_equal(hf_outbox_complete(stage->store, NULL, &late, NULL, NULL), HF_ESTALE);
	/* The holder of a lease from before lives on, without a lease too once it says so here. */
	const struct hf_outbox_extend_args extend = {
	    .queue = queue(), .id = hf_str("leased"), .token = leased};
	assert_int_equal(hf_outbox_extend(stage->store, NULL, &extend, NULL, NULL), HF_OK);
	stage_at(stage, STAGE_NOW + 10 * SECOND);
	stage_switch_to(stage, SETTING_LOADED);
	assert_string_equal(ob_status(stage->store, "leased"), "sending");
	assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
	assert_string_equal(ob_status(stage->store, "leased"), "sending");
	ob_complete(stage->store, "leased", leased);
	assert_string_equal(ob_claim_next(stage->store, 9, 0), "unleased");
	stage_close(stage);
}

static void a_token_of_another_grant_or_epoch_is_stale(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	ob_enqueue(stage->store, "a", "p", 0, 0);
	const hf_token token = ob_claim(stage->store, "a", 0);
	const hf_token others[] = {0, token + 1, token - 1, token + (UINT64_C(1) << 48), UINT64_MAX};
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
		const struct hf_outbox_complete_args args = {
		    .queue = queue(), .id = hf_str("a"), .token = others[i]};
		assert_int_equal(hf_outbox_complete(stage->store, NULL, &args, NULL, NULL), HF_ESTALE);
	}
	ob_complete(stage->store, "a", token);
	assert_string_equal(ob_status(stage->store, "a"), "");
	stage_close(stage);
}

/* --- Attempts and backoff --------------------------------------------------------------------- */

static void the_call_the_item_or_the_queue_says_how_many_attempts_there_are(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	const struct hf_outbox_enqueue_args two = {
	    .queue = queue(), .id = hf_str("two"), .max_attempts = 2};
	struct hf_result result = {0};
	assert_int_equal(hf_outbox_enqueue(stage->store, NULL, &two, NULL, NULL), HF_OK);
	ob_enqueue(stage->store, "queue's", "p", 0, 0);
	for (unsigned i = 1; i <= HF_OUTBOX_ATTEMPTS; i++) {
		ob_fail(stage->store, "queue's", ob_claim(stage->store, "queue's", 0), 0);
		assert_string_equal(ob_status(stage->store, "queue's"),
		                    i < HF_OUTBOX_ATTEMPTS ? "queued" : "failed");
		if (i > 2)
			continue;
		ob_fail(stage->store, "two", ob_claim(stage->store, "two", 0), 0);
		assert_string_equal(ob_status(stage->store, "two"), i < 2 ? "queued" : "failed");
	}
	struct hf_outbox_configure_args settings = {.queue = queue(), .max_attempts = 7};
	assert_int_equal(hf_outbox_configure(stage->store, NULL, &settings, &result, NULL), HF_OK);
	assert_true(result.changed);
	ob_fail(stage->store, "queue's", ob_claim(stage->store, "queue's", 0), 0);
	assert_string_equal(ob_status(stage->store, "queue's"), "queued");
	ob_fail(stage->store, "queue's", ob_claim(stage->store, "queue's", 0), 9);
	assert_string_equal(ob_status(stage->store, "queue's"), "queued");
	ob_fail(stage->store, "queue's", ob_claim(stage->store, "queue's", 0), 8);
	assert_string_equal(ob_status(stage->store, "queue's"), "failed");
	assert_int_equal(ob_stats(stage->store).max_attempts, 7);
	assert_true(ob_stats(stage->store).settings_version == result.version);
	/* The same again changes nothing, a wrong version is refused, 0 is the default. */
	assert_int_equal(hf_outbox_configure(stage->store, NULL, &settings, &result, NULL), HF_OK);
	assert_false(result.changed);
	settings.write.expect = HF_ABSENT;
	settings.max_attempts = 0;
	assert_int_equal(hf_outbox_configure(stage->store, NULL, &settings, NULL, NULL), HF_ECONFLICT);
	settings.write.expect = result.version;
	assert_int_equal(hf_outbox_configure(stage->store, NULL, &settings, NULL, NULL), HF_OK);
	stage_switch_to(stage, SETTING_LOADED);
	assert_int_equal(ob_stats(stage->store).max_attempts, HF_OUTBOX_ATTEMPTS);
	stage_close(stage);
}

/* Fails the item once and tells after how long it is available. */
static int64_t delay_after_fail(struct stage *stage, struct hf_outbox_backoff backoff)
{
	struct hf_memory *memory;
	const struct hf_outbox_fail_args args = {.queue = queue(),
	                                         .id = hf_str("a"),
	                                         .token = ob_claim(stage->store, "a", 0),
	                                         .max_attempts = 1000,
	                                         .backoff = backoff};
	assert_int_equal(hf_outbox_fail(stage->store, NULL, &args, NULL, NULL), HF_OK);
	const int64_t delay = get_item(stage->store, "a", &memory).available_at - STAGE_NOW;
	hf_release(memory);
	return delay;
}

static void exponential_backoff_doubles_its_bound_up_to_the_cap_and_fills_it(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	const struct hf_outbox_backoff backoff = {HF_OUTBOX_BACKOFF_EXPONENTIAL, 1000, 64000};
	int64_t bound = 1000, most = 0, least = INT64_MAX;
	ob_enqueue(stage->store, "a", "p", 0, 0);
	for (unsigned i = 0; i < 60; i++, bound = bound < 64000 ? bound * 2 : bound) {
		const int64_t delay = delay_after_fail(stage, backoff);
		assert_true(delay >= 0 && delay <= bound);
		most = i >= 7 && delay > most ? delay : most;
		least = i >= 7 && delay < least ? delay : least;
	}
	/* Of 53 draws one at least lies in each outer third, but for once in 10^9. */
	assert_true(most > 64000 * 2 / 3 && least < 64000 / 3);
	/* Without a cap it saturates instead of wrapping around; nothing at all stays nothing. */
	assert_true(delay_after_fail(stage, (struct hf_outbox_backoff){HF_OUTBOX_BACKOFF_EXPONENTIAL,
	                                                               INT64_MAX / 2, 0}) >= 0);
	assert_true(delay_after_fail(
	                stage, (struct hf_outbox_backoff){HF_OUTBOX_BACKOFF_FIXED, INT64_MAX, 0}) ==
	            INT64_MAX - STAGE_NOW);
	assert_int_equal(
	    delay_after_fail(stage, (struct hf_outbox_backoff){HF_OUTBOX_BACKOFF_EXPONENTIAL, 0, 0}),
	    0);
	stage_close(stage);
}

static void attempts_saturate_and_errors_are_cut_between_characters(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	char text[HF_OUTBOX_ERROR_MAX + 2];
	struct hf_memory *memory;
	memset(text, 'x', sizeof text);
	text[HF_OUTBOX_ERROR_MAX - 1] = '\xc3'; /* one character across the limit */
	text[HF_OUTBOX_ERROR_MAX] = '\xa9';
	const struct hf_outbox_item many = {.id = hf_str("a"), .attempts = UINT32_MAX};
	assert_int_equal(hf_outbox_put(stage->store, NULL,
	                               &(struct hf_outbox_put_args){.queue = queue(), .item = many},
	                               NULL, NULL),
	                 HF_OK);
	const struct hf_outbox_mark_failed_args args = {
	    .queue = queue(), .id = hf_str("a"), .reason = hf_bytes_of(text, sizeof text)};
	assert_int_equal(hf_outbox_mark_failed(stage->store, NULL, &args, NULL, NULL), HF_OK);
	const struct hf_outbox_item item = get_item(stage->store, "a", &memory);
	assert_true(item.attempts == UINT32_MAX);
	assert_int_equal(item.last_error.len, HF_OUTBOX_ERROR_MAX - 1);
	hf_release(memory);
	stage_close(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(claim_next_goes_by_priority_then_time_then_enqueue_order),
	    cmocka_unit_test(a_lease_ends_at_its_very_instant_logged_or_not),
	    cmocka_unit_test(logging_an_ending_changes_no_version),
	    cmocka_unit_test(reopening_frees_what_was_held_without_a_lease_and_nothing_else),
	    cmocka_unit_test(a_token_of_another_grant_or_epoch_is_stale),
	    cmocka_unit_test(the_call_the_item_or_the_queue_says_how_many_attempts_there_are),
	    cmocka_unit_test(exponential_backoff_doubles_its_bound_up_to_the_cap_and_fills_it),
	    cmocka_unit_test(attempts_saturate_and_errors_are_cut_between_characters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
