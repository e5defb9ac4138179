/* tier: fast */
/* Times in arguments: a zeroed one was not given, so that zeroed arguments never store 1970;
 * with write.literal_times 0 is the first instant of 1970 and only HF_UNSET is not given. Every
 * time of every mutation that takes one, but for the outbox (test_outbox_given_times.c). And
 * waits: 0, -1 or a time, nothing else. */
#include "holdfast/holdfast.h"
#include "lib/settings.h"
#include "lib/test.h"

/* Stands for the store's clock, whose stamps may be some microseconds later. */
enum { CLOCK = 1, NONE = 2, EPOCH = 3 };

static void expect_time(const char *what, hf_time time, int expected)
{
	const bool now = time >= STAGE_NOW && time < STAGE_NOW + 1000;
	const int is = time == HF_UNSET ? NONE : time == 0 ? EPOCH : now ? CLOCK : 0;
	if (is != expected)
		fail_msg("%s: is %lld", what, (long long)time);
}

/* How the times of the arguments are left. */
enum manner { ZEROED, UNSET, LITERAL, MANNERS };

static struct hf_write write_of(enum manner manner)
{
	return (struct hf_write){.literal_times = manner != ZEROED};
}

static hf_time time_of(enum manner manner)
{
	return manner == UNSET ? HF_UNSET : 0;
}

#define KEY(manner) \
	((manner) == ZEROED  ? hf_str("zeroed") \
	 : (manner) == UNSET ? hf_str("unset") \
	                     : hf_str("literal"))

static void try_cursor(hf_store *s, enum manner m)
{
	const hf_time t = time_of(m);
	const struct hf_cursor_key key = {KEY(m), hf_str("s"), hf_str("")};
	const int now = m == LITERAL ? EPOCH : CLOCK, none = m == LITERAL ? EPOCH : NONE;
	struct hf_cursor_got got = {0};
	const struct hf_cursor_advance_args advance = {
	    .write = write_of(m), .key = key, .sequence = 1, .delivered_at = t, .now = t};
	assert_int_equal(hf_cursor_advance(s, NULL, &advance, NULL, NULL), HF_OK);
	assert_int_equal(hf_cursor_get(s, &key, 0, &got, NULL), HF_OK);
	expect_time("advance updated_at", got.cursor.updated_at, now);
	expect_time("advance delivered_at", got.cursor.last_delivered_at, now);
	hf_release(got.memory);
	const struct hf_cursor_reset_args reset = {.write = write_of(m),
	                                           .key = key,
	                                           .sequence = 1,
	                                           .delivered_at = t,
	                                           .reason = hf_str("r"),
	                                           .now = t};
	assert_int_equal(hf_cursor_reset(s, NULL, &reset, NULL, NULL), HF_OK);
	assert_int_equal(hf_cursor_get(s, &key, 0, &got, NULL), HF_OK);
	expect_time("reset updated_at", got.cursor.updated_at, now);
	expect_time("reset reset_at", got.cursor.reset_at, now);
	expect_time("reset delivered_at", got.cursor.last_delivered_at, none);
	hf_release(got.memory);
	const struct hf_cursor_record_error_args note = {
	    .write = write_of(m), .key = key, .message = hf_str("m"), .now = t};
	assert_int_equal(hf_cursor_record_error(s, NULL, &note, NULL, NULL), HF_OK);
	assert_int_equal(hf_cursor_get(s, &key, 0, &got, NULL), HF_OK);
	expect_time("record_error updated_at", got.cursor.updated_at, now);
	hf_release(got.memory);
	struct hf_cursor_put_args put = {.write = write_of(m),
	                                 .cursor = {.key = key, .last_sequence = 2, .updated_at = t}};
	put.cursor.last_delivered_at = put.cursor.reset_at = t;
	put.cursor.reset_reason = hf_str(m == LITERAL ? "r" : "");
	assert_int_equal(hf_cursor_put(s, NULL, &put, NULL, NULL), HF_OK);
	assert_int_equal(hf_cursor_get(s, &key, 0, &got, NULL), HF_OK);
	expect_time("put updated_at", got.cursor.updated_at, now);
	expect_time("put delivered_at", got.cursor.last_delivered_at, none);
	expect_time("put reset_at", got.cursor.reset_at, none);
	hf_release(got.memory);
}

static void try_save(hf_store *s, enum manner m, bool restore)
{
	const hf_time t = time_of(m);
	const int now = m == LITERAL ? EPOCH : CLOCK, none = m == LITERAL ? EPOCH : NONE;
	const struct hf_bytes thread = hf_str(restore ? "restored" : "saved");
	const struct hf_inbox_input input = {.thread = thread,
	                                     .dismissed = true,
	                                     .updated_at = t,
	                                     .snapshot_at = t,
	                                     .seen_at = t,
	                                     .read_at = t,
	                                     .dismissed_at = t,
	                                     .snoozed_until = t};
	const struct hf_inbox_save_args save = {.write = write_of(m),
	                                        .user = KEY(m),
	                                        .records = &input,
	                                        .count = 1,
	                                        .generated_at = t,
	                                        .restore = restore,
	                                        .now = t};
	assert_int_equal(hf_inbox_save(s, NULL, &save, NULL, NULL), HF_OK);
	struct hf_inbox_got got = {0};
	assert_int_equal(
	    hf_inbox_get(s, &(struct hf_inbox_key){KEY(m), hf_str("primary"), thread}, 0, &got, NULL),
	    HF_OK);
	expect_time("save updated_at", got.record.updated_at, none);
	expect_time("save snapshot_at", got.record.snapshot_at, none);
	expect_time("save dismissed_at", got.record.dismissed_at, restore ? none : now);
	expect_time("save seen_at", got.record.seen_at, restore ? none : NONE);
	expect_time("save read_at", got.record.read_at, restore ? none : NONE);
	expect_time("save snoozed_until", got.record.snoozed_until, restore ? none : NONE);
	hf_release(got.memory);
	struct hf_inbox_page page = {0};
	assert_int_equal(hf_inbox_load(s, &(struct hf_inbox_load_args){.user = KEY(m)}, 0, &page, NULL),
	                 HF_OK);
	expect_time("save generated_at", page.generated_at, none);
	hf_release(page.memory);
}

static void try_inbox(hf_store *s, enum manner m)
{
	const hf_time t = time_of(m);
	const int now = m == LITERAL ? EPOCH : CLOCK, none = m == LITERAL ? EPOCH : NONE;
	try_save(s, m, false);
	try_save(s, m, true);
	const struct hf_inbox_key key = {KEY(m), hf_str("primary"), hf_str("saved")},
	                          other = {KEY(m), hf_str("primary"), hf_str("gone")};
	const struct hf_inbox_mark_args mark = {.write = write_of(m), .key = key, .now = t};
	struct hf_inbox_got got = {0};
	assert_int_equal(hf_inbox_undismiss(s, NULL, &mark, NULL, NULL), HF_OK);
	assert_int_equal(hf_inbox_dismiss(s, NULL, &mark, NULL, NULL), HF_OK);
	assert_int_equal(hf_inbox_mark_seen(s, NULL, &mark, NULL, NULL), HF_OK);
	assert_int_equal(hf_inbox_mark_unread(s, NULL, &mark, NULL, NULL), HF_OK);
	const struct hf_inbox_mark_all_args all = {.write = write_of(m), .user = KEY(m), .now = t};
	assert_int_equal(hf_inbox_mark_all_read(s, NULL, &all, NULL, NULL), HF_OK);
	const struct hf_inbox_snooze_args snooze = {.write = write_of(m), .key = key, .until = t};
	assert_int_equal(hf_inbox_snooze(s, NULL, &snooze, NULL, NULL), HF_OK);
	assert_int_equal(hf_inbox_get(s, &key, 0, &got, NULL), HF_OK);
	expect_time("mark dismissed_at", got.record.dismissed_at, now);
	expect_time("mark seen_at", got.record.seen_at, now);
	expect_time("mark_all read_at", got.record.read_at, now);
	expect_time("snooze snoozed_until", got.record.snoozed_until, none);
	hf_release(got.memory);
	const struct hf_inbox_put_tombstone_args bury = {.write = write_of(m),
	                                                 .key = other,
	                                                 .dismissed = true,
	                                                 .dismissed_at = t,
	                                                 .until = STAGE_NOW * 2};
	assert_int_equal(hf_inbox_put_tombstone(s, NULL, &bury, NULL, NULL), HF_OK);
	struct hf_inbox_tombstone_page tombs = {0};
	assert_int_equal(
	    hf_inbox_list_tombstones(s, &(struct hf_inbox_list_tombstones_args){.user = KEY(m)}, 0,
	                             &tombs, NULL),
	    HF_OK);
	assert_int_equal(tombs.count, 1);
	expect_time("tombstone dismissed_at", tombs.items[0].dismissed_at, none);
	hf_release(tombs.memory);
}

static void try_document(hf_store *s, enum manner m)
{
	const hf_time t = time_of(m);
	const int now = m == LITERAL ? EPOCH : CLOCK;
	const struct hf_document_key key = {hf_str("c"), KEY(m)};
	const struct hf_document_put_args put = {.write = write_of(m),
	                                         .key = key,
	                                         .created_at = t,
	                                         .expires_at = m == LITERAL ? HF_UNSET : t,
	                                         .now = t};
	struct hf_document_got got = {0};
	assert_int_equal(hf_document_put(s, NULL, &put, NULL, NULL), HF_OK);
	assert_int_equal(hf_document_get(s, &key, 0, &got, NULL), HF_OK);
	expect_time("document created_at", got.document.created_at, now);
	expect_time("document updated_at", got.document.updated_at, now);
	expect_time("document expires_at", got.document.expires_at, NONE);
	hf_release(got.memory);
	const struct hf_document_regroup_args regroup = {
	    .write = write_of(m), .key = key, .group = hf_str("g"), .now = t};
	assert_int_equal(hf_document_regroup(s, NULL, &regroup, NULL, NULL), HF_OK);
	assert_int_equal(hf_document_get(s, &key, 0, &got, NULL), HF_OK);
	expect_time("regroup updated_at", got.document.updated_at, now);
	hf_release(got.memory);
}

static void try_others(hf_store *s, enum manner m)
{
	const hf_time t = time_of(m);
	const int now = m == LITERAL ? EPOCH : CLOCK;
	const struct hf_timeline_key key = {hf_str("t"), KEY(m)};
	const struct hf_timeline_append_args append = {
	    .write = write_of(m), .key = key, .type = hf_str("y"), .happened_at = t};
	struct hf_timeline_got event = {0};
	assert_int_equal(hf_timeline_append(s, NULL, &append, NULL, NULL), HF_OK);
	assert_int_equal(hf_timeline_get(s, &key, 0, &event, NULL), HF_OK);
	expect_time("append happened_at", event.event.happened_at, now);
	hf_release(event.memory);
	/* HF_UNSET says here that it never expires. */
	const struct hf_idempotency_key idem = {hf_str("s"), KEY(m)};
	const struct hf_idempotency_put_args put = {.write = write_of(m),
	                                            .key = idem,
	                                            .created_at = t,
	                                            .expires_at = m == LITERAL ? HF_UNSET : t};
	struct hf_idempotency_got got = {0};
	assert_int_equal(hf_idempotency_put(s, NULL, &put, NULL, NULL), HF_OK);
	assert_int_equal(hf_idempotency_get(s, &idem, 0, &got, NULL), HF_OK);
	expect_time("idempotency created_at", got.entry.created_at, now);
	assert_true(m == ZEROED ? got.entry.expires_at > STAGE_NOW : got.entry.expires_at == HF_UNSET);
	hf_release(got.memory);
	const struct hf_migration_record_args record = {
	    .write = write_of(m), .name = KEY(m), .applied_at = t};
	struct hf_migration_page migrations = {0};
	assert_int_equal(hf_migration_record(s, NULL, &record, NULL, NULL), HF_OK);
	assert_int_equal(
	    hf_migration_list(s, &(struct hf_migration_list_args){0}, 0, &migrations, NULL), HF_OK);
	expect_time("migration applied_at", migrations.items[migrations.count - 1].applied_at, now);
	hf_release(migrations.memory);
	/* A grant without an end does not outlive its store: both times must be given. */
	const struct hf_lock_put_args lock = {.write = write_of(m),
	                                      .name = KEY(m),
	                                      .owner = hf_str("o"),
	                                      .acquired_at = t,
	                                      .lease_until = STAGE_NOW * 2};
	struct hf_lock_got held = {0};
	assert_int_equal(hf_lock_put(s, NULL, &lock, NULL, NULL), m == LITERAL ? HF_OK : HF_EINVAL);
	assert_int_equal(hf_lock_get(s, KEY(m), 0, &held, NULL), m == LITERAL ? HF_OK : HF_ENOTFOUND);
	if (m == LITERAL)
		expect_time("lock acquired_at", held.lock.acquired_at, EPOCH);
	hf_release(held.memory);
}

static void a_time_of_0_is_not_given_unless_times_are_literal(void **state)
{
	(void)state;
	for (enum manner m = 0; m < MANNERS; m++) {
		struct stage *stage = stage_open(SETTING_LIVE);
		try_cursor(stage->store, m);
		try_inbox(stage->store, m);
		try_document(stage->store, m);
		try_others(stage->store, m);
		stage_close(stage);
	}
}

static void a_key_expires_at_its_ttl_or_at_its_time(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct hf_idempotency_put_args put = {.write.literal_times = true,
	                                      .key = {hf_str("s"), hf_str("k")},
	                                      .expires_at = HF_UNSET,
	                                      .ttl_us = 7};
	struct hf_idempotency_got got = {0};
	assert_int_equal(hf_idempotency_put(stage->store, NULL, &put, NULL, NULL), HF_OK);
	assert_int_equal(hf_idempotency_get(stage->store, &put.key, 0, &got, NULL), HF_OK);
	assert_true(got.entry.expires_at >= STAGE_NOW + 7 && got.entry.expires_at < STAGE_NOW + 1000);
	hf_release(got.memory);
	put.expires_at = STAGE_NOW * 2;
	assert_int_equal(hf_idempotency_put(stage->store, NULL, &put, NULL, NULL), HF_EINVAL);
	put.ttl_us = -1;
	assert_int_equal(hf_idempotency_put(stage->store, NULL, &put, NULL, NULL), HF_EINVAL);
	stage_close(stage);
}

/* --- Waits ------------------------------------------------------------------------------------ */

static void never(void *ctx)
{
	(void)ctx;
	fail();
}

static void a_negative_wait_other_than_forever_is_refused_everywhere(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	static const int64_t waits[] = {-2, -1000000, INT64_MIN};
	const struct hf_lock_acquire_args held = {.name = hf_str("held"), .owner = hf_str("o")};
	assert_int_equal(hf_lock_acquire(stage->store, NULL, &held, NULL, NULL), HF_OK);
	for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
		const int64_t wait = waits[i];
		const struct hf_lock_acquire_args acquire = {
		    .name = hf_str("held"), .owner = hf_str("p"), .wait_us = wait};
		const struct hf_lock_with_args with = {.name = hf_str("held"), .wait_us = wait};
		const struct hf_outbox_claim_next_args claim = {
		    .queue = hf_str("q"), .owner = hf_str("o"), .max = 1, .wait_us = wait};
		struct hf_outbox_items claimed = {0};
		const struct hf_ticket ticket = {0};
		hf_feed *feed;
		hf_subscription *subscription;
		struct hf_event_batch batch = {0};
		assert_int_equal(hf_lock_acquire(stage->store, NULL, &acquire, NULL, NULL), HF_EINVAL);
		assert_int_equal(hf_lock_with(stage->store, &with, never, NULL, NULL), HF_EINVAL);
		assert_int_equal(hf_outbox_claim_next(stage->store, NULL, &claim, &claimed, NULL, NULL),
		                 HF_EINVAL);
		assert_int_equal(hf_ticket_wait(stage->store, &ticket, wait, NULL), HF_EINVAL);
		assert_int_equal(hf_feed_open(stage->store, 1, &feed, NULL), HF_OK);
		assert_int_equal(hf_feed_next(feed, 0, wait, &batch, NULL), HF_EINVAL);
		hf_feed_close(feed);
		assert_int_equal(
		    hf_subscribe(stage->store, &(struct hf_subscribe_args){0}, &subscription, NULL), HF_OK);
		assert_int_equal(hf_subscription_next(subscription, 0, wait, &batch, NULL), HF_EINVAL);
		hf_unsubscribe(subscription);
		hf_store *another;
		assert_int_equal(hf_open("/tmp", &(struct hf_options){.wait_us = wait}, &another, NULL),
		                 HF_EINVAL);
		hf_txn *txn;
		assert_int_equal(hf_txn_begin(stage->store, &txn, NULL), HF_OK);
		assert_int_equal(hf_lock_acquire(stage->store, txn, &acquire, NULL, NULL), HF_EINVAL);
		hf_txn_abandon(txn);
	}
	stage_close(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_time_of_0_is_not_given_unless_times_are_literal),
	    cmocka_unit_test(a_key_expires_at_its_ttl_or_at_its_time),
	    cmocka_unit_test(a_negative_wait_other_than_forever_is_refused_everywhere),
	};
	return cmocka_run_group_tests_name("times and waits in arguments", tests, NULL, NULL);
}
