/* tier: fast */
/* What a hostile reader of the domains tried: claims whose payload cannot be read, answers that
 * rest on what another caller did to the same group, a clock at the end of time, a transaction
 * that was given something of another store. */
#include <errno.h>

#include "holdfast/holdfast.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"
#include "store/internal.h"

#define EXPECT_OK(call) expect_ok((call), &error)
#define NOW INT64_C(1795167000000000)

static struct hf_error error;

static void expect_ok(int rc, const struct hf_error *why)
{
	if (rc != HF_OK)
		fail_msg("%s: %s", hf_code_name(rc), why->text);
}

struct desk {
	struct sim *sim;
	hf_store *store;
};

static struct desk desk_open(void)
{
	struct desk desk = {.sim = sim_new(sim_profile_strict(), 20261120u)};
	const struct hf_options options = {.create = true, .no_background = true};
	sim_set_now(desk.sim, NOW);
	EXPECT_OK(hf__store_open(sim_os(desk.sim), hf__all_domains(), &options, &desk.store, &error));
	return desk;
}

static void desk_close(struct desk *desk)
{
	(void)hf_close(desk->store, NULL);
	sim_free(desk->sim);
}

/* --- Claims whose payload cannot be read ------------------------------------------------------ */

enum { LONG = 100000 }; /* far beyond what stays in memory */

static void enqueue(hf_store *store, const char *id, size_t len)
{
	char *payload = calloc(1, len + 1);
	assert_non_null(payload);
	memset(payload, 'x', len);
	const struct hf_outbox_enqueue_args args = {
	    .queue = hf_str("q"), .id = hf_str(id), .payload = hf_bytes_of(payload, len)};
	EXPECT_OK(hf_outbox_enqueue(store, NULL, &args, NULL, &error));
	free(payload);
}

/* A read of a segment fails once. */
static void break_next_read(struct sim *sim)
{
	sim_add_fault(sim,
	              (struct sim_fault){.kinds = SIM_READ, .name = "seg", .nth = 1, .error = EIO});
}

static int release(hf_store *store, const struct hf_outbox_item *item)
{
	const struct hf_outbox_release_args args = {
	    .queue = hf_str("q"), .id = item->id, .token = item->token};
	return hf_outbox_release(store, NULL, &args, NULL, &error);
}

static enum hf_outbox_status status_of(hf_store *store, const char *id)
{
	struct hf_outbox_list_args list = {.queue = hf_str("q"), .without_payload = true};
	struct hf_outbox_items page = {0};
	enum hf_outbox_status status = HF_OUTBOX_ANY;
	EXPECT_OK(hf_outbox_list(store, &list, 0, &page, &error));
	for (size_t i = 0; i < page.count; i++)
		if (page.items[i].id.len == strlen(id) &&
		    memcmp(page.items[i].id.data, id, strlen(id)) == 0)
			status = page.items[i].status;
	hf_release(page.memory);
	return status;
}

static const struct hf_outbox_claim_args claim_a = {
    .queue = {"q", 1}, .id = {"a", 1}, .owner = {"w", 1}, .lease_us = INT64_C(3600000000)};

/* The claim is in the log by the time that the payload is read: a caller without its token could
 * do nothing about it. */
static void a_claim_whose_payload_cannot_be_read_hands_out_its_token(void **state)
{
	(void)state;
	struct desk desk = desk_open();
	struct hf_outbox_items out = {0};
	struct hf_result result = {0};
	enqueue(desk.store, "a", LONG);
	break_next_read(desk.sim);
	assert_int_equal(hf_outbox_claim(desk.store, NULL, &claim_a, &out, &result, &error), HF_EIO);
	assert_int_equal(sim_fault_hits(desk.sim), 1);
	assert_true(result.changed && result.token != 0);
	assert_int_equal(out.count, 1);
	assert_true(out.items[0].token == result.token);
	assert_null(out.items[0].payload.data);
	assert_int_equal(out.items[0].payload.len, 0);
	EXPECT_OK(release(desk.store, &out.items[0]));
	assert_int_equal(status_of(desk.store, "a"), HF_OUTBOX_QUEUED);
	hf_release(out.memory);
	desk_close(&desk);
}

static void of_many_claims_only_the_unreadable_payload_is_missing(void **state)
{
	(void)state;
	struct desk desk = desk_open();
	const struct hf_outbox_claim_next_args args = {
	    .queue = hf_str("q"), .max = 5, .owner = hf_str("w"), .lease_us = INT64_C(3600000000)};
	struct hf_outbox_items out = {0};
	struct hf_result result = {0};
	unsigned missing = 0;
	enqueue(desk.store, "a", LONG);
	enqueue(desk.store, "b", 3);
	enqueue(desk.store, "c", LONG);
	break_next_read(desk.sim);
	assert_int_equal(hf_outbox_claim_next(desk.store, NULL, &args, &out, &result, &error), HF_EIO);
	assert_int_equal(out.count, 3);
	assert_int_equal(result.count, 3);
	for (size_t i = 0; i < out.count; i++) {
		missing += out.items[i].payload.data == NULL;
		assert_true(out.items[i].payload.data == NULL ||
		            ((const char *)out.items[i].payload.data)[0] == 'x');
		EXPECT_OK(release(desk.store, &out.items[i]));
	}
	assert_int_equal(missing, 1);
	hf_release(out.memory);
	desk_close(&desk);
}

/* Who asks for no result learns it from *out all the same; who asked for nothing at all only
 * learns that it was refused or not. */
static void a_claim_that_was_refused_hands_out_nothing(void **state)
{
	(void)state;
	struct desk desk = desk_open();
	struct hf_outbox_items out = {0};
	enqueue(desk.store, "a", LONG);
	break_next_read(desk.sim);
	assert_int_equal(hf_outbox_claim(desk.store, NULL, &claim_a, &out, NULL, &error), HF_EIO);
	assert_int_equal(out.count, 1);
	hf_release(out.memory);
	assert_int_equal(hf_outbox_claim(desk.store, NULL, &claim_a, &out, NULL, &error), HF_ECLAIMED);
	assert_true(out.count == 0 && out.memory == NULL && out.items == NULL);
	desk_close(&desk);
}

static void a_transaction_with_such_a_claim_is_committed_and_says_so(void **state)
{
	(void)state;
	struct desk desk = desk_open();
	const struct hf_cursor_advance_args advance = {
	    .key = {.consumer = hf_str("c"), .stream = hf_str("s")}, .sequence = 1};
	const struct hf_cursor_key key = {.consumer = hf_str("c"), .stream = hf_str("s")};
	struct hf_cursor_got got = {0};
	struct hf_outbox_items out = {0};
	struct hf_result result = {0};
	hf_txn *txn;
	enqueue(desk.store, "a", LONG);
	EXPECT_OK(hf_txn_begin(desk.store, &txn, &error));
	EXPECT_OK(hf_cursor_advance(desk.store, txn, &advance, NULL, &error));
	EXPECT_OK(hf_outbox_claim(desk.store, txn, &claim_a, &out, &result, &error));
	break_next_read(desk.sim);
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, &error), HF_EIO);
	assert_true(result.changed && out.count == 1 && out.items[0].token == result.token);
	assert_null(out.items[0].payload.data);
	EXPECT_OK(hf_cursor_get(desk.store, &key, 0, &got, &error));
	hf_release(got.memory);
	EXPECT_OK(release(desk.store, &out.items[0]));
	hf_release(out.memory);
	desk_close(&desk);
}

static unsigned send_all(void *ctx, const struct hf_outbox_item *item, char *reason, size_t size)
{
	(void)reason;
	(void)size;
	*(unsigned *)ctx += 1;
	return item->payload.len > 0 ? HF_OUTBOX_SEND_DONE : HF_OUTBOX_SEND_FAILED;
}

/* A failure of the store is none of the item's: the pass ends, and nothing is counted. */
static void a_drain_ends_at_an_unreadable_payload_and_counts_no_attempt(void **state)
{
	(void)state;
	struct desk desk = desk_open();
	unsigned sent = 0;
	const struct hf_outbox_key key = {hf_str("q"), hf_str("a")};
	const struct hf_outbox_drain_args args = {.queue = hf_str("q"), .send = send_all, .ctx = &sent};
	struct hf_outbox_drained drained = {0};
	struct hf_outbox_got got = {0};
	enqueue(desk.store, "a", LONG);
	enqueue(desk.store, "b", 3);
	break_next_read(desk.sim);
	assert_int_equal(hf_outbox_drain(desk.store, &args, &drained, &error), HF_EIO);
	assert_int_equal(sent, 0);
	assert_true(drained.sent == 0 && drained.failed == 0);
	EXPECT_OK(hf_outbox_get(desk.store, &key, 0, &got, &error));
	assert_true(got.item.status == HF_OUTBOX_QUEUED && got.item.attempts == 0 &&
	            got.item.lost == 0);
	hf_release(got.memory);
	EXPECT_OK(hf_outbox_drain(desk.store, &args, &drained, &error));
	assert_int_equal(drained.sent, 2);
	desk_close(&desk);
}

/* --- What an answer rests on ------------------------------------------------------------------ */

/* Only the completion of one item of the group lets the other be claimed: a claim that asks for
 * no more than the kernel still must not be told before that completion is as durable as was
 * asked of it. */
static void an_os_claim_waits_for_what_freed_its_group(void **state)
{
	(void)state;
	struct desk desk = desk_open();
	struct hf_ticket completed, claimed;
	struct hf_outbox_items out = {0};
	struct hf_outbox_enqueue_args one = {
	    .queue = hf_str("q"), .id = hf_str("a"), .group = hf_str("g")};
	struct hf_outbox_claim_args claim = {
	    .queue = hf_str("q"), .id = hf_str("a"), .owner = hf_str("w")};
	EXPECT_OK(hf_outbox_enqueue(desk.store, NULL, &one, NULL, &error));
	one.id = hf_str("b");
	EXPECT_OK(hf_outbox_enqueue(desk.store, NULL, &one, NULL, &error));
	EXPECT_OK(hf_outbox_claim(desk.store, NULL, &claim, &out, NULL, &error));
	const struct hf_outbox_complete_args complete = {.write.ticket = &completed,
	                                                 .queue = hf_str("q"),
	                                                 .id = hf_str("a"),
	                                                 .token = out.items[0].token};
	EXPECT_OK(hf_outbox_complete(desk.store, NULL, &complete, NULL, &error));
	hf_release(out.memory);
	assert_true(completed.due > 0);
	claim.id = hf_str("b");
	claim.write = (struct hf_write){.durability = HF_OS, .ticket = &claimed};
	EXPECT_OK(hf_outbox_claim(desk.store, NULL, &claim, NULL, NULL, &error));
	assert_true(claimed.changed > completed.due);
	assert_true(claimed.due == completed.due);
	desk_close(&desk);
}

/* --- Times that are none ---------------------------------------------------------------------- */

/* To a caller that asks for the oldest, an unset time would be older than all, and read as
 * "there is none". */
static void an_item_is_not_put_without_its_times(void **state)
{
	(void)state;
	struct desk desk = desk_open();
	struct hf_outbox_rerun rerun = {.enqueued_at = NOW, .available_at = HF_UNSET};
	struct hf_outbox_put_args put = {
	    .queue = hf_str("q"),
	    .item = {.id = hf_str("a"), .enqueued_at = HF_UNSET, .available_at = NOW}};
	struct hf_outbox_stats stats = {0};
	assert_int_equal(hf_outbox_put(desk.store, NULL, &put, NULL, &error), HF_EINVAL);
	put.item.enqueued_at = NOW;
	put.item.available_at = HF_UNSET;
	assert_int_equal(hf_outbox_put(desk.store, NULL, &put, NULL, &error), HF_EINVAL);
	put.item.available_at = 0;
	put.item.rerun = &rerun;
	assert_int_equal(hf_outbox_put(desk.store, NULL, &put, NULL, &error), HF_EINVAL);
	rerun.available_at = 0;
	EXPECT_OK(hf_outbox_put(desk.store, NULL, &put, NULL, &error));
	EXPECT_OK(hf_outbox_get_stats(desk.store, hf_str("q"), 0, &stats, &error));
	assert_true(stats.queued.items == 1 && stats.queued.oldest == NOW);
	desk_close(&desk);
}

/* --- The end of time -------------------------------------------------------------------------- */

/* What never ends does not end when the clock cannot go any further, and an instant never
 * becomes "no value". */
static void a_clock_at_the_end_of_time_ends_nothing_that_never_ends(void **state)
{
	(void)state;
	struct desk desk = desk_open();
	const struct hf_document_put_args put = {.key = {hf_str("c"), hf_str("d")}};
	const struct hf_idempotency_put_args answer = {.key = {hf_str("s"), hf_str("k")},
	                                               .expires_at = HF_UNSET};
	const struct hf_lock_acquire_args acquire = {.name = hf_str("l"), .owner = hf_str("o")};
	struct hf_document_got document = {0};
	struct hf_idempotency_got entry = {0};
	struct hf_lock_got lock = {0};
	EXPECT_OK(hf_document_put(desk.store, NULL, &put, NULL, &error));
	EXPECT_OK(hf_idempotency_put(desk.store, NULL, &answer, NULL, &error));
	EXPECT_OK(hf_lock_acquire(desk.store, NULL, &acquire, NULL, &error));
	sim_set_now(desk.sim, INT64_MAX);
	EXPECT_OK(hf_document_get(desk.store, &put.key, 0, &document, &error));
	hf_release(document.memory);
	EXPECT_OK(hf_idempotency_get(desk.store, &answer.key, 0, &entry, &error));
	hf_release(entry.memory);
	EXPECT_OK(hf_lock_get(desk.store, hf_str("l"), 0, &lock, &error));
	hf_release(lock.memory);
	EXPECT_OK(hf_maintain(desk.store, 0, &error));
	EXPECT_OK(hf_document_get(desk.store, &put.key, 0, &document, &error));
	hf_release(document.memory);
	desk_close(&desk);
}

/* --- Transactions ----------------------------------------------------------------------------- */

/* A caller that overlooks that an operation was refused must not commit the rest without it. */
static void an_operation_of_another_store_spoils_the_transaction(void **state)
{
	(void)state;
	struct desk desk = desk_open(), other = desk_open();
	const struct hf_cursor_advance_args advance = {
	    .key = {.consumer = hf_str("c"), .stream = hf_str("s")}, .sequence = 1};
	struct hf_result result = {.changed = true};
	hf_txn *txn;
	EXPECT_OK(hf_txn_begin(desk.store, &txn, &error));
	EXPECT_OK(hf_cursor_advance(desk.store, txn, &advance, &result, &error));
	assert_int_equal(hf_cursor_advance(other.store, txn, &advance, NULL, &error), HF_EINVAL);
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, &error), HF_EINVAL);
	assert_int_equal(error.operation, 1);
	assert_false(result.changed);
	desk_close(&desk);
	desk_close(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_claim_whose_payload_cannot_be_read_hands_out_its_token),
	    cmocka_unit_test(of_many_claims_only_the_unreadable_payload_is_missing),
	    cmocka_unit_test(a_claim_that_was_refused_hands_out_nothing),
	    cmocka_unit_test(a_transaction_with_such_a_claim_is_committed_and_says_so),
	    cmocka_unit_test(a_drain_ends_at_an_unreadable_payload_and_counts_no_attempt),
	    cmocka_unit_test(an_os_claim_waits_for_what_freed_its_group),
	    cmocka_unit_test(an_item_is_not_put_without_its_times),
	    cmocka_unit_test(a_clock_at_the_end_of_time_ends_nothing_that_never_ends),
	    cmocka_unit_test(an_operation_of_another_store_spoils_the_transaction),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
