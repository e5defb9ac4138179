/* tier: fast */
/* Times in arguments of outbox operations: see test_given_times.c. What an item is put with, and
 * what it is rescheduled to, is taken literally: 0 is the first instant of 1970. */
#include "holdfast/holdfast.h"
#include "lib/settings.h"
#include "lib/test.h"

enum { CLOCK = 1, EPOCH = 3 };
enum manner { ZEROED, UNSET, LITERAL, MANNERS };

#define QUEUE hf_str("q")

static hf_time time_of(enum manner manner)
{
	return manner == UNSET ? HF_UNSET : 0;
}

static struct hf_write write_of(enum manner manner)
{
	return (struct hf_write){.literal_times = manner != ZEROED};
}

static void expect_time(const char *what, hf_time time, int expected)
{
	const bool now = time >= STAGE_NOW && time < STAGE_NOW + 1000;
	const int is = time == 0 ? EPOCH : now ? CLOCK : 0;
	if (is != expected)
		fail_msg("%s: is %lld", what, (long long)time);
}

static void expect_item(hf_store *s, const char *id, const char *what, int enqueued, int available,
                        bool computed)
{
	struct hf_outbox_got got = {0};
	assert_int_equal(hf_outbox_get(s, &(struct hf_outbox_key){QUEUE, hf_str(id)}, 0, &got, NULL),
	                 HF_OK);
	expect_time(what, got.item.enqueued_at, enqueued);
	expect_time(what, got.item.available_at, available);
	if (got.item.available_computed != computed)
		fail_msg("%s: available_at is %scomputed", what, computed ? "not " : "");
	hf_release(got.memory);
}

static void enqueue(hf_store *s, const char *id, enum manner m, hf_time enqueued_at,
                    hf_time available_at, enum hf_outbox_dedup dedup)
{
	const struct hf_outbox_enqueue_args args = {.write = write_of(m),
	                                            .queue = QUEUE,
	                                            .id = hf_str(id),
	                                            .payload =
	                                                hf_str(dedup == HF_OUTBOX_KEEP ? "p" : "other"),
	                                            .enqueued_at = enqueued_at,
	                                            .available_at = available_at,
	                                            .dedup = dedup};
	assert_int_equal(hf_outbox_enqueue(s, NULL, &args, NULL, NULL), HF_OK);
}

static void an_enqueue_of_0_is_now_unless_times_are_literal(void **state)
{
	(void)state;
	for (enum manner m = 0; m < MANNERS; m++) {
		struct stage *stage = stage_open(SETTING_LIVE);
		hf_store *s = stage->store;
		const hf_time t = time_of(m);
		const int is = m == LITERAL ? EPOCH : CLOCK;
		const struct hf_outbox_input input = {
		    .id = hf_str("many"), .enqueued_at = t, .available_at = t};
		const struct hf_outbox_enqueue_many_args many = {
		    .write = write_of(m), .queue = QUEUE, .items = &input, .count = 1};
		enqueue(s, "one", m, t, t, HF_OUTBOX_KEEP);
		expect_item(s, "one", "enqueue", is, is, m != LITERAL);
		assert_int_equal(hf_outbox_enqueue_many(s, NULL, &many, NULL, NULL), HF_OK);
		expect_item(s, "many", "enqueue_many", is, is, m != LITERAL);
		enqueue(s, "one", m, t, t, HF_OUTBOX_REPLACE);
		expect_item(s, "one", "enqueue REPLACE", is, is, m != LITERAL);
		/* One of the two. */
		enqueue(s, "half", LITERAL, 0, HF_UNSET, HF_OUTBOX_KEEP);
		expect_item(s, "half", "enqueue, available_at unset", EPOCH, CLOCK, true);
		/* What a rerun notes is given with it. */
		struct hf_outbox_items claimed = {0};
		const struct hf_outbox_claim_args claim = {
		    .queue = QUEUE, .id = hf_str("many"), .owner = hf_str("w")};
		assert_int_equal(hf_outbox_claim(s, NULL, &claim, &claimed, NULL, NULL), HF_OK);
		enqueue(s, "many", m, t, t, HF_OUTBOX_RERUN);
		const struct hf_outbox_complete_args done = {
		    .queue = QUEUE, .id = hf_str("many"), .token = claimed.items[0].token};
		hf_release(claimed.memory);
		assert_int_equal(hf_outbox_complete(s, NULL, &done, NULL, NULL), HF_OK);
		expect_item(s, "many", "enqueue RERUN", is, is, m != LITERAL);
		stage_close(stage);
	}
}

static void what_is_put_is_taken_literally_and_must_be_a_time(void **state)
{
	(void)state;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		struct stage *stage = stage_open(setting);
		for (unsigned i = 0; i < 16; i++) {
			/* Each of the four times unset or the first instant of 1970. */
			const hf_time times[] = {i & 1 ? HF_UNSET : 0, i & 2 ? HF_UNSET : 0,
			                         i & 4 ? HF_UNSET : 0, i & 8 ? HF_UNSET : 0};
			const struct hf_outbox_rerun rerun = {hf_str("r"), times[2], times[3], false};
			struct hf_outbox_put_args put = {.queue = QUEUE,
			                                 .item = {.id = hf_str("i"),
			                                          .enqueued_at = times[0],
			                                          .available_at = times[1],
			                                          .rerun = &rerun}};
			for (unsigned literal = 0; literal < 2; literal++) {
				put.write.literal_times = literal;
				assert_int_equal(hf_outbox_put(stage->store, NULL, &put, NULL, NULL),
				                 i == 0 ? HF_OK : HF_EINVAL);
			}
		}
		stage_switch(stage);
		struct hf_outbox_got got = {0};
		assert_int_equal(
		    hf_outbox_get(stage->store, &(struct hf_outbox_key){QUEUE, hf_str("i")}, 0, &got, NULL),
		    HF_OK);
		assert_true(got.item.enqueued_at == 0 && got.item.available_at == 0 && got.item.rerun);
		assert_true(got.item.rerun->enqueued_at == 0 && got.item.rerun->available_at == 0);
		hf_release(got.memory);
		stage_close(stage);
	}
}

static void other_times_of_the_outbox(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	hf_store *s = stage->store;
	struct hf_result result = {0};
	struct hf_outbox_reschedule_args move = {
	    .queue = QUEUE, .id = hf_str("a"), .set_available_at = true};
	enqueue(s, "a", ZEROED, 0, STAGE_NOW * 2, HF_OUTBOX_KEEP);
	assert_int_equal(hf_outbox_reschedule(s, NULL, &move, NULL, NULL), HF_OK);
	expect_item(s, "a", "reschedule", CLOCK, EPOCH, false);
	move.available_at = HF_UNSET;
	assert_int_equal(hf_outbox_reschedule(s, NULL, &move, NULL, NULL), HF_EINVAL);
	/* A bound of 0 is none, unless times are literal: nothing was enqueued before 1970. */
	for (enum manner m = 0; m < MANNERS; m++) {
		const struct hf_outbox_prune_args prune = {.write = write_of(m),
		                                           .queue = QUEUE,
		                                           .status = HF_OUTBOX_QUEUED,
		                                           .enqueued_before = time_of(m),
		                                           .dry_run = true};
		assert_int_equal(hf_outbox_prune(s, NULL, &prune, &result, NULL), HF_OK);
		assert_int_equal(result.count, m == LITERAL ? 0 : 1);
		const struct hf_outbox_mark_failed_args failed = {.queue = QUEUE, .id = hf_str("a")};
		assert_int_equal(hf_outbox_mark_failed(s, NULL, &failed, NULL, NULL), HF_OK);
		const struct hf_outbox_redrive_args redrive = {
		    .write = write_of(m), .queue = QUEUE, .enqueued_before = time_of(m), .dry_run = true};
		assert_int_equal(hf_outbox_redrive(s, NULL, &redrive, &result, NULL), HF_OK);
		assert_int_equal(result.count, m == LITERAL ? 0 : 1);
		assert_int_equal(
		    hf_outbox_retry(s, NULL,
		                    &(struct hf_outbox_retry_args){.queue = QUEUE, .id = hf_str("a")}, NULL,
		                    NULL),
		    HF_OK);
	}
	stage_close(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_enqueue_of_0_is_now_unless_times_are_literal),
	    cmocka_unit_test(what_is_put_is_taken_literally_and_must_be_a_time),
	    cmocka_unit_test(other_times_of_the_outbox),
	};
	return cmocka_run_group_tests_name("outbox, times that are given", tests, NULL, NULL);
}
