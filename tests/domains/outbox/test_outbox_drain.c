/* tier: fast */
/* Drains: what they send, in which order, and what they leave alone. */
#include "holdfast/outbox_drain.h"
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

static void fill(hf_store *store, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		char id[16];
		(void)snprintf(id, sizeof id, "%03u", i);
		ob_enqueue(store, id, id, 0, 0);
	}
}

/* --- Drain ------------------------------------------------------------------------------------ */

struct sender {
	struct stage *stage;
	unsigned sends[100]; /* by number */
	unsigned fails_from; /* items of this number and above fail */
	unsigned drains_at; /* while sending this one another drain runs */
	/* while sending this one another is enqueued, and number 39 is replaced */
	unsigned enqueues_at;
	struct hf_outbox_drained inner;
};

static unsigned send_one(void *ctx, const struct hf_outbox_item *item, char *reason, size_t size)
{
	struct sender *sender = ctx;
	const unsigned number = (unsigned)strtoul(item->id.data, NULL, 10);
	assert_true(item->token != 0 && item->status == HF_OUTBOX_SENDING && item->payload.len == 3);
	sender->sends[number]++;
	if (number == sender->drains_at) {
		sender->drains_at = UINT32_MAX;
		const struct hf_outbox_drain_args args = {
		    .queue = queue(), .send = send_one, .ctx = sender, .max_attempts = 2};
		assert_int_equal(hf_outbox_drain(sender->stage->store, &args, &sender->inner, NULL), HF_OK);
	}
	if (number == sender->enqueues_at)
		ob_enqueue(sender->stage->store, "039", "new", 0, 0);
	(void)snprintf(reason, size, "no luck with %u", number);
	return number < sender->fails_from ? HF_OUTBOX_SEND_DONE : HF_OUTBOX_SEND_FAILED;
}

static void a_drain_sends_what_was_queued_in_enqueue_order_once(void **unused)
{
	(void)unused;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		struct stage *stage = stage_open(setting);
		struct sender sender = {
		    .stage = stage, .fails_from = 8, .drains_at = UINT32_MAX, .enqueues_at = 3};
		struct hf_outbox_drain_args args = {
		    .queue = queue(), .send = send_one, .ctx = &sender, .max_attempts = 2};
		struct hf_outbox_drained drained = {0};
		struct hf_memory *memory;
		fill(stage->store, 10);
		(void)ob_claim(stage->store, "005", 3600 * SECOND);
		ob_mark_failed(stage->store, "006");
		stage_switch(stage);
		args.max_attempts = 2;
		assert_int_equal(hf_outbox_drain(stage->store, &args, &drained, NULL), HF_OK);
		assert_true(drained.sent == 6 && drained.failed == 0 && drained.left == 2 &&
		            drained.changed == 0);
		for (unsigned i = 0; i < 10; i++)
			assert_int_equal(sender.sends[i], i == 5 || i == 6 ? 0 : 1);
		assert_int_equal(sender.sends[39], 0); /* it came after the beginning */
		assert_string_equal(ob_list(stage->store, HF_OUTBOX_QUEUED, 0), "008 009 039");
		assert_int_equal(hf_outbox_drain(stage->store, &args, &drained, NULL), HF_OK);
		assert_true(drained.failed == 2 && drained.left == 1 && drained.sent == 0);
		const struct hf_outbox_item failed = get_item(stage->store, "008", &memory);
		assert_true(failed.status == HF_OUTBOX_FAILED && failed.attempts == 2);
		assert_memory_equal(failed.last_error.data, "no luck with 8", failed.last_error.len);
		hf_release(memory);
		stage_close(stage);
	}
}

static void concurrent_drains_never_send_an_item_twice(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct sender sender = {
	    .stage = stage, .fails_from = 20, .drains_at = 4, .enqueues_at = UINT32_MAX};
	const struct hf_outbox_drain_args args = {
	    .queue = queue(), .send = send_one, .ctx = &sender, .max_attempts = 5};
	struct hf_outbox_drained outer = {0};
	fill(stage->store, 90);
	assert_int_equal(hf_outbox_drain(stage->store, &args, &outer, NULL), HF_OK);
	for (unsigned i = 0; i < 90; i++)
		assert_int_equal(sender.sends[i], 1);
	/* The inner one took what the outer had not come to; what failed there is queued again, and
	 * the outer leaves it alone, whether it had listed it before or lists it now. */
	assert_true(outer.sent == 5 && outer.left == 0 && outer.changed == 85);
	assert_true(sender.inner.sent == 15 && sender.inner.left == 70 && sender.inner.changed == 0);
	stage_close(stage);
}

static void a_drain_sends_what_is_due_and_what_is_delayed_only_if_asked(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct sender sender = {
	    .stage = stage, .fails_from = 99, .drains_at = UINT32_MAX, .enqueues_at = UINT32_MAX};
	struct hf_outbox_drain_args args = {.queue = queue(), .send = send_one, .ctx = &sender};
	struct hf_outbox_drained drained = {0};
	ob_enqueue(stage->store, "001", "001", 0, STAGE_NOW + SECOND);
	ob_enqueue(stage->store, "002", "002", 0, 0);
	assert_int_equal(hf_outbox_drain(stage->store, &args, &drained, NULL), HF_OK);
	assert_true(drained.sent == 1 && sender.sends[2] == 1);
	args.with_delayed = true;
	assert_int_equal(hf_outbox_drain(stage->store, &args, &drained, NULL), HF_OK);
	assert_true(drained.sent == 1 && sender.sends[1] == 1);
	args.durability = (enum hf_durability)7;
	assert_int_equal(hf_outbox_drain(stage->store, &args, &drained, NULL), HF_EINVAL);
	args.durability = HF_DURABLE;
	args.send = NULL;
	assert_int_equal(hf_outbox_drain(stage->store, &args, &drained, NULL), HF_EINVAL);
	stage_close(stage);
}

/* 001 to 003 are of a group, 004 is not. */
static void fill_group(hf_store *store)
{
	static const struct hf_outbox_input items[] = {
	    {.id = {"001", 3}, .payload = {"001", 3}, .group = {"g", 1}},
	    {.id = {"002", 3}, .payload = {"002", 3}, .group = {"g", 1}},
	    {.id = {"003", 3}, .payload = {"003", 3}, .group = {"g", 1}},
	    {.id = {"004", 3}, .payload = {"004", 3}}};
	const struct hf_outbox_enqueue_many_args args = {.queue = queue(), .items = items, .count = 4};
	assert_int_equal(hf_outbox_enqueue_many(store, NULL, &args, NULL, NULL), HF_OK);
}

static void a_drain_keeps_to_the_order_of_groups(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct sender sender = {
	    .stage = stage, .fails_from = 0, .drains_at = UINT32_MAX, .enqueues_at = UINT32_MAX};
	const struct hf_outbox_drain_args args = {
	    .queue = queue(), .send = send_one, .ctx = &sender, .max_attempts = 2};
	struct hf_outbox_drained drained = {0};
	fill_group(stage->store);
	/* The first of the group fails and is queued again: what comes after it is not sent before
	 * it. */
	assert_int_equal(hf_outbox_drain(stage->store, &args, &drained, NULL), HF_OK);
	assert_true(drained.left == 4 && sender.sends[1] == 1 && sender.sends[2] == 0 &&
	            sender.sends[4] == 1);
	/* Given up it is out of the way of the second, which fails for the first time. */
	assert_int_equal(hf_outbox_drain(stage->store, &args, &drained, NULL), HF_OK);
	assert_true(drained.failed == 2 && drained.left == 2 && sender.sends[2] == 1 &&
	            sender.sends[3] == 0);
	/* Somebody holds an item of the group. */
	sender.fails_from = 99;
	const hf_token token = ob_claim(stage->store, "003", 60 * SECOND);
	assert_int_equal(hf_outbox_drain(stage->store, &args, &drained, NULL), HF_OK);
	assert_true(drained.sent == 0 && drained.left == 1);
	ob_complete(stage->store, "003", token);
	assert_int_equal(hf_outbox_drain(stage->store, &args, &drained, NULL), HF_OK);
	assert_true(drained.sent == 1 && sender.sends[2] == 2);
	stage_close(stage);
}

static void a_drain_of_a_group_sends_all_of_it_in_one_pass(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct sender sender = {
	    .stage = stage, .fails_from = 99, .drains_at = UINT32_MAX, .enqueues_at = UINT32_MAX};
	const struct hf_outbox_drain_args args = {.queue = queue(), .send = send_one, .ctx = &sender};
	struct hf_outbox_drained drained = {0};
	fill_group(stage->store);
	assert_int_equal(hf_outbox_drain(stage->store, &args, &drained, NULL), HF_OK);
	assert_true(drained.sent == 4 && drained.left == 0);
	stage_close(stage);
}

static void a_paused_queue_is_not_drained(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct sender sender = {
	    .stage = stage, .fails_from = 99, .drains_at = UINT32_MAX, .enqueues_at = UINT32_MAX};
	const struct hf_outbox_drain_args args = {.queue = queue(), .send = send_one, .ctx = &sender};
	const struct hf_outbox_pause_args pause = {.queue = queue()};
	struct hf_outbox_drained drained = {0};
	fill_group(stage->store);
	assert_int_equal(hf_outbox_pause(stage->store, NULL, &pause, NULL, NULL), HF_OK);
	assert_int_equal(hf_outbox_drain(stage->store, &args, &drained, NULL), HF_OK);
	assert_true(drained.sent == 0 && drained.left == 4);
	assert_string_equal(ob_list(stage->store, HF_OUTBOX_QUEUED, 0), "001 002 003 004");
	assert_int_equal(hf_outbox_resume(stage->store, NULL, &pause, NULL, NULL), HF_OK);
	assert_int_equal(hf_outbox_drain(stage->store, &args, &drained, NULL), HF_OK);
	assert_int_equal(drained.sent, 4);
	stage_close(stage);
}

/* --- What may happen while an item is sent ---------------------------------------------------- */

struct meddler {
	hf_store *store;
	unsigned how, sends;
	unsigned verdict;
	const char *reason; /* NULL: none */
};

enum { RETRIED, MARKED, RETRIED_AND_CLAIMED, REPLACED, REMOVED, PUT, MEDDLINGS };

static void meddle(hf_store *store, unsigned how)
{
	const struct hf_bytes id = hf_str("001");
	if (how == MARKED)
		ob_mark_failed(store, "001");
	else if (how == REMOVED)
		assert_int_equal(
		    hf_outbox_remove(store, NULL,
		                     &(struct hf_outbox_remove_args){.queue = queue(), .id = id}, NULL,
		                     NULL),
		    HF_OK);
	else
		assert_int_equal(hf_outbox_retry(store, NULL,
		                                 &(struct hf_outbox_retry_args){.queue = queue(), .id = id},
		                                 NULL, NULL),
		                 HF_OK);
	if (how == RETRIED_AND_CLAIMED)
		(void)ob_claim(store, "001", 60 * SECOND);
	if (how != REPLACED && how != PUT)
		return;
	const struct hf_outbox_enqueue_args args = {.queue = queue(),
	                                            .id = id,
	                                            .payload = hf_str(how == PUT ? "001" : "new"),
	                                            .dedup = HF_OUTBOX_REPLACE};
	assert_int_equal(hf_outbox_enqueue(store, NULL, &args, NULL, NULL), HF_OK);
}

static unsigned send_and_meddle(void *ctx, const struct hf_outbox_item *item, char *reason,
                                size_t size)
{
	struct meddler *m = ctx;
	(void)item;
	m->sends++;
	if (m->how < MEDDLINGS)
		meddle(m->store, m->how);
	if (m->reason)
		(void)snprintf(reason, size, "%s", m->reason);
	return m->verdict;
}

/* Only retried or marked failed meanwhile, it was delivered all the same; anything else is
 * another's business now. */
static void an_item_that_was_sent_is_gone_unless_it_became_another(void **unused)
{
	(void)unused;
	for (unsigned how = 0; how < MEDDLINGS; how++) {
		struct stage *stage = stage_open(SETTING_LIVE);
		struct meddler m = {.store = stage->store, .how = how, .verdict = HF_OUTBOX_SEND_DONE};
		const struct hf_outbox_drain_args args = {
		    .queue = queue(), .send = send_and_meddle, .ctx = &m};
		struct hf_outbox_drained drained = {0};
		const bool same = how == RETRIED || how == MARKED;
		ob_enqueue(stage->store, "001", "001", 0, 0);
		assert_int_equal(hf_outbox_drain(stage->store, &args, &drained, NULL), HF_OK);
		assert_int_equal(m.sends, 1);
		assert_int_equal(drained.sent, same);
		assert_int_equal(drained.changed, !same);
		assert_true(drained.failed == 0 && drained.left == 0);
		assert_int_equal(ob_list(stage->store, HF_OUTBOX_ANY, 0)[0] == '\0',
		                 same || how == REMOVED);
		stage_verify(stage);
		stage_close(stage);
	}
}

static unsigned send_while_another_worker_dies(void *ctx, const struct hf_outbox_item *item,
                                               char *reason, size_t size)
{
	struct sender *sender = ctx;
	const struct hf_outbox_retry_args retry = {.queue = queue(), .id = hf_str("001")};
	(void)reason, (void)size;
	if (sender->sends[0]++ > 0)
		return HF_OUTBOX_SEND_DONE | HF_OUTBOX_SEND_END;
	assert_memory_equal(item->id.data, "001", 3);
	assert_int_equal(hf_outbox_retry(sender->stage->store, NULL, &retry, NULL, NULL), HF_OK);
	(void)ob_claim(sender->stage->store, "002", SECOND);
	stage_at(sender->stage, STAGE_NOW + 2 * SECOND);
	return HF_OUTBOX_SEND_DONE | HF_OUTBOX_SEND_END;
}

/* Nobody holds the group any more, whether or not that was logged. */
static void
an_item_that_was_sent_is_gone_although_a_claim_of_its_group_ended_unlogged(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct sender sender = {.stage = stage};
	const struct hf_outbox_drain_args args = {
	    .queue = queue(), .send = send_while_another_worker_dies, .ctx = &sender};
	struct hf_outbox_drained drained = {0};
	struct hf_memory *memory;
	fill_group(stage->store);
	assert_int_equal(hf_outbox_drain(stage->store, &args, &drained, NULL), HF_OK);
	assert_int_equal(drained.sent, 1);
	assert_int_equal(drained.changed, 0);
	assert_string_equal(ob_list(stage->store, HF_OUTBOX_QUEUED, 0), "002 003 004");
	assert_int_equal(get_item(stage->store, "002", &memory).lost, 1);
	hf_release(memory);
	stage_verify(stage);
	stage_close(stage);
}

static void a_sender_can_end_the_pass_and_give_an_item_back(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct meddler m = {.store = stage->store,
	                    .how = MEDDLINGS,
	                    .verdict = HF_OUTBOX_SEND_RELEASE | HF_OUTBOX_SEND_END};
	const struct hf_outbox_drain_args args = {.queue = queue(), .send = send_and_meddle, .ctx = &m};
	struct hf_outbox_drained drained = {0};
	struct hf_memory *memory;
	fill(stage->store, 100);
	assert_int_equal(hf_outbox_drain(stage->store, &args, &drained, NULL), HF_OK);
	assert_true(m.sends == 1 && drained.sent == 0 && drained.left == 100 && drained.failed == 0 &&
	            drained.changed == 0);
	const struct hf_outbox_item item = get_item(stage->store, "000", &memory);
	assert_true(item.status == HF_OUTBOX_QUEUED && item.attempts == 0);
	hf_release(memory);
	m.verdict = HF_OUTBOX_SEND_DONE | HF_OUTBOX_SEND_END;
	assert_int_equal(hf_outbox_drain(stage->store, &args, &drained, NULL), HF_OK);
	assert_true(m.sends == 2 && drained.sent == 1 && drained.left == 99);
	stage_close(stage);
}

/* 4,096 bytes of two-byte characters behind one of one byte: the last one does not fit. */
static void a_reason_that_fills_its_room_is_cut_at_a_character(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	static char text[2 * HF_OUTBOX_ERROR_MAX];
	struct hf_memory *memory;
	text[0] = 'x';
	for (size_t i = 1; i + 2 < sizeof text; i += 2) {
		text[i] = '\xc3';
		text[i + 1] = '\xa9';
	}
	struct meddler m = {
	    .store = stage->store, .how = MEDDLINGS, .verdict = HF_OUTBOX_SEND_FAILED, .reason = text};
	const struct hf_outbox_drain_args args = {.queue = queue(), .send = send_and_meddle, .ctx = &m};
	struct hf_outbox_drained drained = {0};
	ob_enqueue(stage->store, "001", "001", 0, 0);
	assert_int_equal(hf_outbox_drain(stage->store, &args, &drained, NULL), HF_OK);
	const struct hf_outbox_item item = get_item(stage->store, "001", &memory);
	assert_int_equal(item.last_error.len, HF_OUTBOX_ERROR_MAX - 1);
	hf_release(memory);
	stage_close(stage);
}

static void a_drain_sends_what_the_same_thread_enqueued_with_a_ticket(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct meddler m = {.store = stage->store, .how = MEDDLINGS, .verdict = HF_OUTBOX_SEND_DONE};
	const struct hf_outbox_drain_args args = {.queue = queue(), .send = send_and_meddle, .ctx = &m};
	struct hf_outbox_drained drained = {0};
	struct hf_ticket ticket;
	const struct hf_outbox_enqueue_args item = {
	    .write.ticket = &ticket, .queue = queue(), .id = hf_str("001"), .payload = hf_str("001")};
	assert_int_equal(hf_outbox_enqueue(stage->store, NULL, &item, NULL, NULL), HF_OK);
	assert_int_equal(hf_outbox_drain(stage->store, &args, &drained, NULL), HF_OK);
	assert_true(drained.sent == 1 && m.sends == 1);
	stage_close(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_drain_sends_what_was_queued_in_enqueue_order_once),
	    cmocka_unit_test(concurrent_drains_never_send_an_item_twice),
	    cmocka_unit_test(a_drain_keeps_to_the_order_of_groups),
	    cmocka_unit_test(a_drain_of_a_group_sends_all_of_it_in_one_pass),
	    cmocka_unit_test(a_paused_queue_is_not_drained),
	    cmocka_unit_test(an_item_that_was_sent_is_gone_unless_it_became_another),
	    cmocka_unit_test(
	        an_item_that_was_sent_is_gone_although_a_claim_of_its_group_ended_unlogged),
	    cmocka_unit_test(a_sender_can_end_the_pass_and_give_an_item_back),
	    cmocka_unit_test(a_reason_that_fills_its_room_is_cut_at_a_character),
	    cmocka_unit_test(a_drain_sends_what_the_same_thread_enqueued_with_a_ticket),
	    cmocka_unit_test(a_drain_sends_what_is_due_and_what_is_delayed_only_if_asked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
