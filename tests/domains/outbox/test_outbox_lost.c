/* tier: fast */
/* Claims that are lost: what kills its workers comes back with a backoff and is failed in the
 * end; what everyone sees of it does not wait for the log. And what else belongs to a claim's
 * time: max_run, several queues, rescheduling, a pause that waits. */
#include "base/mem.h"
#include "lib/domains/outbox_ops.h"
#include "lib/rng.h"
#include "lib/settings.h"
#include "lib/test.h"

#define SECOND INT64_C(1000000)

static struct hf_bytes queue(void)
{
	return hf_str(OB_QUEUE);
}

static struct hf_outbox_item look(hf_store *store, const char *id)
{
	struct hf_outbox_got got = {0};
	const struct hf_outbox_key key = {queue(), hf_str(id)};
	assert_int_equal(hf_outbox_get(store, &key, 0, &got, NULL), HF_OK);
	struct hf_outbox_item item = got.item;
	hf_release(got.memory); /* numbers alone are looked at */
	return item;
}

static void configure(hf_store *store, uint32_t max_lost)
{
	const struct hf_outbox_configure_args args = {.queue = queue(), .max_lost = max_lost};
	assert_int_equal(hf_outbox_configure(store, NULL, &args, NULL, NULL), HF_OK);
}

/* Each loss is looked at before it is logged, or after. */
static void a_poison_pill_comes_back_later_each_time_and_is_failed_in_the_end(void **unused)
{
	(void)unused;
	for (unsigned logged = 0; logged < 2; logged++) {
		struct stage *stage = stage_open(SETTING_LIVE);
		hf_time now = STAGE_NOW;
		ob_enqueue(stage->store, "pill", "p", 0, STAGE_NOW);
		ob_enqueue(stage->store, "other", "o", 5, STAGE_NOW);
		for (uint32_t lost = 1; lost <= 10; lost++) {
			static const int64_t backoffs[] = {0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 0};
			(void)ob_claim(stage->store, "pill", 10 * SECOND);
			now += 10 * SECOND;
			stage_at(stage, now);
			if (logged)
				assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
			const struct hf_outbox_item item = look(stage->store, "pill");
			assert_int_equal(item.lost, lost);
			assert_int_equal(item.attempts, 0);
			assert_int_equal(item.status, lost < 10 ? HF_OUTBOX_QUEUED : HF_OUTBOX_FAILED);
			if (lost >= 2 && lost < 10)
				assert_true(item.available_at == now + backoffs[lost] * SECOND &&
				            item.available_computed);
			/* From the second loss on it lets others go first. */
			if (lost == 2) {
				assert_string_equal(ob_claim_next(stage->store, 2, 0), "other");
				ob_enqueue(stage->store, "third", "t", 0, STAGE_NOW);
			}
			stage_verify(stage);
		}
		const struct hf_outbox_item item = look(stage->store, "pill");
		assert_true(item.last_error.len > 0 && item.token == 0);
		/* Back by hand it begins anew. */
		const struct hf_outbox_retry_args retry = {
		    .queue = queue(), .id = hf_str("pill"), .reset_attempts = true};
		assert_int_equal(hf_outbox_retry(stage->store, NULL, &retry, NULL, NULL), HF_OK);
		assert_int_equal(look(stage->store, "pill").lost, 0);
		stage_close(stage);
	}
}

/* A dead incarnation's claims ended with the newest thing it wrote. */
static void a_claim_without_a_lease_is_lost_with_its_incarnation(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_REOPENED);
	hf_time wrote = STAGE_NOW;
	ob_enqueue(stage->store, "pill", "p", 0, STAGE_NOW);
	for (uint32_t lost = 1; lost <= 4; lost++) {
		(void)ob_claim(stage->store, "pill", 0);
		stage_at(stage, wrote + SECOND);
		ob_enqueue(stage->store, "other", "o", 0, 0);
		assert_int_equal(hf_outbox_remove(stage->store, NULL,
		                                  &(struct hf_outbox_remove_args){.queue = queue(),
		                                                                  .id = hf_str("other")},
		                                  NULL, NULL),
		                 HF_OK);
		wrote += SECOND;
		stage_at(stage, wrote + 3600 * SECOND); /* it was closed for an hour */
		stage_switch(stage);
		const struct hf_outbox_item item = look(stage->store, "pill");
		assert_int_equal(item.lost, lost);
		assert_int_equal(item.status, HF_OUTBOX_QUEUED);
		if (lost >= 2)
			assert_true(item.available_at >= wrote + (SECOND << (lost - 2)) &&
			            item.available_at < wrote + (SECOND << (lost - 2)) + 1000);
		wrote += 3600 * SECOND;
		stage_verify(stage);
	}
	stage_close(stage);
}

/* What has ended ended by the bound of then; what runs is judged by the new one. */
static void another_bound_changes_nothing_of_what_has_ended(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	configure(stage->store, 2);
	ob_enqueue(stage->store, "ended", "p", 0, STAGE_NOW);
	ob_enqueue(stage->store, "runs", "p", 0, STAGE_NOW);
	(void)ob_claim(stage->store, "ended", SECOND);
	(void)ob_claim(stage->store, "runs", SECOND);
	stage_at(stage, STAGE_NOW + SECOND);
	(void)ob_claim(stage->store, "ended", SECOND);
	(void)ob_claim(stage->store, "runs", 10 * SECOND);
	stage_at(stage, STAGE_NOW + 2 * SECOND);
	assert_string_equal(ob_status(stage->store, "ended"), "failed");
	configure(stage->store, HF_NEVER);
	assert_string_equal(ob_status(stage->store, "ended"), "failed");
	assert_int_equal(look(stage->store, "ended").lost, 2);
	stage_at(stage, STAGE_NOW + 11 * SECOND);
	assert_string_equal(ob_status(stage->store, "runs"), "queued");
	assert_int_equal(ob_stats(stage->store).max_lost, HF_NEVER);
	stage_close(stage);
}

/* --- The row "sending, lease over, max_lost reached" ------------------------------------------ */

static void what_was_lost_too_often_is_failed_for_every_operation(void **unused)
{
	(void)unused;
	for (unsigned what = 0; what < 8; what++) {
		struct stage *stage = stage_open(SETTING_LIVE);
		struct hf_result result = {0};
		configure(stage->store, 1);
		ob_enqueue(stage->store, "id", "p", 0, STAGE_NOW);
		const hf_token token = ob_claim(stage->store, "id", SECOND);
		stage_at(stage, STAGE_NOW + SECOND);
		const struct hf_bytes id = hf_str("id");
		int rc = HF_OK;
		if (what == 0)
			(void)ob_claim(stage->store, "id", SECOND);
		else if (what == 1)
			rc = hf_outbox_complete(
			    stage->store, NULL,
			    &(struct hf_outbox_complete_args){.queue = queue(), .id = id, .token = token}, NULL,
			    NULL);
		else if (what == 2)
			ob_mark_failed(stage->store, "id");
		else if (what == 3)
			rc = hf_outbox_retry(stage->store, NULL,
			                     &(struct hf_outbox_retry_args){.queue = queue(), .id = id},
			                     &result, NULL);
		else if (what == 4)
			rc = hf_outbox_remove(stage->store, NULL,
			                      &(struct hf_outbox_remove_args){.queue = queue(), .id = id}, NULL,
			                      NULL);
		else if (what == 5)
			rc = hf_outbox_redrive(
			    stage->store, NULL,
			    &(struct hf_outbox_redrive_args){.queue = queue(), .error = hf_str("lost 1")},
			    &result, NULL);
		else if (what == 6)
			rc = hf_outbox_enqueue(stage->store, NULL,
			                       &(struct hf_outbox_enqueue_args){.queue = queue(), .id = id},
			                       &result, NULL);
		else
			rc = hf_outbox_prune(stage->store, NULL,
			                     &(struct hf_outbox_prune_args){.queue = queue()}, &result, NULL);
		assert_int_equal(rc, what == 1 ? HF_ESTALE : HF_OK);
		static const char *const after[] = {"sending", "failed", "failed", "queued",
		                                    "",        "queued", "failed", ""};
		assert_string_equal(ob_status(stage->store, "id"), after[what]);
		if (what == 2)
			assert_int_equal(look(stage->store, "id").attempts, 1);
		if (what == 6)
			assert_true(!result.changed && result.status == HF_OUTBOX_FAILED);
		if (what == 3 || what == 5)
			assert_true(result.changed && look(stage->store, "id").lost == 0);
		stage_verify(stage);
		stage_close(stage);
	}
}

/* --- A group ---------------------------------------------------------------------------------- */

static void a_group_waits_for_its_pill_until_that_is_failed(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	hf_time now = STAGE_NOW;
	static const struct hf_outbox_input items[] = {{.id = {"1", 1}, .group = {"g", 1}},
	                                               {.id = {"2", 1}, .group = {"g", 1}}};
	const struct hf_outbox_enqueue_many_args args = {.queue = queue(), .items = items, .count = 2};
	configure(stage->store, 3);
	assert_int_equal(hf_outbox_enqueue_many(stage->store, NULL, &args, NULL, NULL), HF_OK);
	for (unsigned lost = 1; lost <= 3; lost++) {
		assert_string_equal(ob_claim_next(stage->store, 2, SECOND), "1");
		now += SECOND;
		stage_at(stage, now);
		if (lost == 2) {
			assert_string_equal(ob_claim_next(stage->store, 2, SECOND), "");
			const struct hf_outbox_stats stats = ob_stats(stage->store);
			assert_true(stats.blocked == 1 && stats.delayed == 1 && stats.ready == 0);
			now += SECOND;
			stage_at(stage, now);
		}
	}
	assert_string_equal(ob_claim_next(stage->store, 2, SECOND), "2");
	stage_verify(stage);
	stage_close(stage);
}

/* --- max_run, queues, reschedule -------------------------------------------------------------- */

static void no_extension_goes_beyond_max_run(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct hf_result result = {0};
	ob_enqueue(stage->store, "id", "p", 0, STAGE_NOW);
	const struct hf_outbox_claim_args claim = {.queue = queue(),
	                                           .id = hf_str("id"),
	                                           .owner = hf_str("w"),
	                                           .lease_us = 10 * SECOND,
	                                           .max_run_us = 15 * SECOND};
	assert_int_equal(hf_outbox_claim(stage->store, NULL, &claim, NULL, &result, NULL), HF_OK);
	struct hf_outbox_extend_args extend = {
	    .queue = queue(), .id = hf_str("id"), .token = result.token, .lease_us = 10 * SECOND};
	stage_at(stage, STAGE_NOW + 8 * SECOND);
	assert_int_equal(hf_outbox_extend(stage->store, NULL, &extend, &result, NULL), HF_OK);
	assert_true(look(stage->store, "id").lease_until == STAGE_NOW + 15 * SECOND);
	assert_true(look(stage->store, "id").run_until == STAGE_NOW + 15 * SECOND);
	extend.lease_us = 0;
	assert_int_equal(hf_outbox_extend(stage->store, NULL, &extend, &result, NULL), HF_OK);
	assert_false(result.changed);
	stage_at(stage, STAGE_NOW + 15 * SECOND);
	assert_int_equal(hf_outbox_extend(stage->store, NULL, &extend, &result, NULL), HF_ESTALE);
	assert_int_equal(look(stage->store, "id").lost, 1);
	stage_close(stage);
}

static void several_queues_are_served_in_order(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	const struct hf_bytes queues[] = {hf_str("high"), hf_str("none"), hf_str("low")};
	struct hf_outbox_claim_next_args args = {
	    .queues = queues, .queue_count = 3, .max = 3, .owner = hf_str("w")};
	struct hf_outbox_items items = {0};
	for (unsigned i = 0; i < 4; i++) {
		const char id[] = {(char)('a' + i), '\0'};
		const struct hf_outbox_enqueue_args item = {.queue = queues[i % 2 ? 0 : 2],
		                                            .id = hf_str(id)};
		assert_int_equal(hf_outbox_enqueue(stage->store, NULL, &item, NULL, NULL), HF_OK);
	}
	assert_int_equal(hf_outbox_claim_next(stage->store, NULL, &args, &items, NULL, NULL), HF_OK);
	assert_int_equal(items.count, 3);
	static const char *const ids[] = {"b", "d", "a"}, *const names[] = {"high", "high", "low"};
	for (unsigned i = 0; i < 3; i++) {
		assert_true(hf__bytes_equal(items.items[i].id, hf_str(ids[i])));
		assert_true(hf__bytes_equal(items.items[i].queue, hf_str(names[i])));
	}
	hf_release(items.memory);
	args.queue = queue();
	assert_int_equal(hf_outbox_claim_next(stage->store, NULL, &args, &items, NULL, NULL),
	                 HF_EINVAL);
	args.queue = hf_bytes_of(NULL, 0);
	args.queues = NULL;
	assert_int_equal(hf_outbox_claim_next(stage->store, NULL, &args, &items, NULL, NULL),
	                 HF_EINVAL);
	stage_close(stage);
}

static void a_queued_item_can_be_moved_without_a_claim(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct hf_result result = {0};
	ob_enqueue(stage->store, "1", "p", 0, STAGE_NOW);
	ob_enqueue(stage->store, "2", "p", 1, STAGE_NOW);
	struct hf_outbox_reschedule_args args = {
	    .queue = queue(), .id = hf_str("2"), .set_priority = true, .priority = -1};
	assert_int_equal(hf_outbox_reschedule(stage->store, NULL, &args, &result, NULL), HF_OK);
	assert_true(result.changed && result.status == HF_OUTBOX_QUEUED);
	assert_int_equal(hf_outbox_reschedule(stage->store, NULL, &args, &result, NULL), HF_OK);
	assert_false(result.changed);
	args.set_available_at = true;
	args.available_at = STAGE_NOW + SECOND;
	assert_int_equal(hf_outbox_reschedule(stage->store, NULL, &args, &result, NULL), HF_OK);
	assert_true(result.available_at == STAGE_NOW + SECOND);
	assert_string_equal(ob_claim_next(stage->store, 2, 60 * SECOND), "1");
	stage_at(stage, STAGE_NOW + SECOND);
	assert_string_equal(ob_claim_next(stage->store, 2, 60 * SECOND), "2");
	assert_int_equal(hf_outbox_reschedule(stage->store, NULL, &args, &result, NULL), HF_ECLAIMED);
	ob_mark_failed(stage->store, "2");
	assert_int_equal(hf_outbox_reschedule(stage->store, NULL, &args, &result, NULL), HF_ECONFLICT);
	args.set_available_at = args.set_priority = false;
	assert_int_equal(hf_outbox_reschedule(stage->store, NULL, &args, &result, NULL), HF_EINVAL);
	stage_close(stage);
}

/* --- Results and filters ---------------------------------------------------------------------- */

static void a_failure_says_what_became_of_the_item(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct hf_result result = {0};
	ob_enqueue(stage->store, "id", "p", 0, STAGE_NOW);
	struct hf_outbox_fail_args args = {.queue = queue(),
	                                   .id = hf_str("id"),
	                                   .token = ob_claim(stage->store, "id", 0),
	                                   .backoff = {HF_OUTBOX_BACKOFF_FIXED, 5 * SECOND, 0}};
	assert_int_equal(hf_outbox_fail(stage->store, NULL, &args, &result, NULL), HF_OK);
	assert_true(result.status == HF_OUTBOX_QUEUED && result.available_at == STAGE_NOW + 5 * SECOND);
	args.token = ob_claim(stage->store, "id", 0);
	args.max_attempts = 2;
	assert_int_equal(hf_outbox_fail(stage->store, NULL, &args, &result, NULL), HF_OK);
	assert_true(result.status == HF_OUTBOX_FAILED && result.available_at == HF_UNSET);
	const struct hf_outbox_enqueue_args again = {.queue = queue(), .id = hf_str("id")};
	assert_int_equal(hf_outbox_enqueue(stage->store, NULL, &again, &result, NULL), HF_OK);
	assert_true(!result.changed && result.status == HF_OUTBOX_FAILED);
	/* An exponential backoff has a day as its end. */
	for (unsigned i = 0; i < 40; i++) {
		args.token = ob_claim(stage->store, "id", 0);
		args.max_attempts = 100;
		args.backoff = (struct hf_outbox_backoff){HF_OUTBOX_BACKOFF_EXPONENTIAL, 3600 * SECOND, 0};
		assert_int_equal(hf_outbox_fail(stage->store, NULL, &args, &result, NULL), HF_OK);
		assert_true(result.available_at <= STAGE_NOW + HF_OUTBOX_BACKOFF_CAP_US);
	}
	stage_close(stage);
}

static void a_redrive_and_a_prune_can_be_tried_out(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct hf_result result = {0};
	for (unsigned i = 0; i < 5; i++) {
		const char id[] = {(char)('a' + i), '\0'};
		ob_enqueue(stage->store, id, "p", 0, STAGE_NOW);
		if (i < 3)
			ob_mark_failed(stage->store, id);
	}
	struct hf_outbox_redrive_args redrive = {
	    .queue = queue(), .dry_run = true, .limit = 2, .reset_attempts = true};
	assert_int_equal(hf_outbox_redrive(stage->store, NULL, &redrive, &result, NULL), HF_OK);
	assert_true(!result.changed && result.count == 2);
	redrive.dry_run = false;
	assert_int_equal(hf_outbox_redrive(stage->store, NULL, &redrive, &result, NULL), HF_OK);
	assert_true(result.changed && result.count == 2 && look(stage->store, "a").attempts == 0);
	struct hf_outbox_prune_args prune = {.queue = queue(), .dry_run = true};
	assert_int_equal(hf_outbox_prune(stage->store, NULL, &prune, &result, NULL), HF_OK);
	assert_true(!result.changed && result.count == 1);
	prune.dry_run = false;
	assert_int_equal(hf_outbox_prune(stage->store, NULL, &prune, &result, NULL), HF_OK);
	assert_true(result.changed && result.count == 1);
	prune.status = HF_OUTBOX_QUEUED;
	prune.limit = 3;
	assert_int_equal(hf_outbox_prune(stage->store, NULL, &prune, &result, NULL), HF_OK);
	assert_string_equal(ob_list(stage->store, HF_OUTBOX_ANY, 0), "e");
	prune.status = HF_OUTBOX_SENDING;
	assert_int_equal(hf_outbox_prune(stage->store, NULL, &prune, &result, NULL), HF_EINVAL);
	stage_verify(stage);
	stage_close(stage);
}

static void a_pause_can_wait_until_nothing_is_sending(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct hf_result result = {0};
	const struct hf_outbox_pause_args pause = {.queue = queue(), .wait_us = 1000};
	ob_enqueue(stage->store, "1", "p", 0, STAGE_NOW);
	const hf_token token = ob_claim(stage->store, "1", 60 * SECOND);
	assert_int_equal(hf_outbox_pause(stage->store, NULL, &pause, &result, NULL), HF_ETIMEDOUT);
	assert_true(result.changed && ob_stats(stage->store).paused);
	ob_complete(stage->store, "1", token);
	assert_int_equal(hf_outbox_pause(stage->store, NULL, &pause, &result, NULL), HF_OK);
	assert_false(result.changed);
	stage_close(stage);
}

/* --- Lists ------------------------------------------------------------------------------------ */

static bool note_size(void *ctx, size_t size)
{
	size_t *greatest = ctx;
	*greatest = size > *greatest ? size : *greatest;
	return false;
}

/* Beside many others: what is reserved goes by what is given. */
static void a_list_reserves_room_for_what_it_gives(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	static char ids[3000][8];
	static struct hf_outbox_input items[3000];
	size_t greatest = 0;
	for (unsigned i = 0; i < 3000; i++) {
		(void)snprintf(ids[i], sizeof ids[i], "%u", i);
		items[i] = (struct hf_outbox_input){.id = hf_str(ids[i])};
	}
	const struct hf_outbox_enqueue_many_args args = {
	    .queue = queue(), .items = items, .count = 3000};
	assert_int_equal(hf_outbox_enqueue_many(stage->store, NULL, &args, NULL, NULL), HF_OK);
	hf__mem_set_veto(note_size, &greatest);
	assert_string_equal(ob_list(stage->store, HF_OUTBOX_SENDING, 0), "");
	assert_string_equal(ob_list(stage->store, HF_OUTBOX_FAILED, 0), "");
	hf__mem_set_veto(NULL, NULL);
	assert_true(greatest < 16384);
	stage_drop(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_poison_pill_comes_back_later_each_time_and_is_failed_in_the_end),
	    cmocka_unit_test(a_claim_without_a_lease_is_lost_with_its_incarnation),
	    cmocka_unit_test(another_bound_changes_nothing_of_what_has_ended),
	    cmocka_unit_test(what_was_lost_too_often_is_failed_for_every_operation),
	    cmocka_unit_test(a_group_waits_for_its_pill_until_that_is_failed),
	    cmocka_unit_test(no_extension_goes_beyond_max_run),
	    cmocka_unit_test(several_queues_are_served_in_order),
	    cmocka_unit_test(a_queued_item_can_be_moved_without_a_claim),
	    cmocka_unit_test(a_failure_says_what_became_of_the_item),
	    cmocka_unit_test(a_redrive_and_a_prune_can_be_tried_out),
	    cmocka_unit_test(a_list_reserves_room_for_what_it_gives),
	    cmocka_unit_test(a_pause_can_wait_until_nothing_is_sending),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
