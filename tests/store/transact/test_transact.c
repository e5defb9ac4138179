/* tier: fast */
/* hf_transact() and the handle that a transaction reads with: what is seen, what is refused, what
 * an answer waits for, and what ends by time. One thread; others come in between as calls. */
#include <stdlib.h>

#include "holdfast/holdfast.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"
#include "store/internal.h"

#define NOW INT64_C(1795167000000000)
#define SECOND INT64_C(1000000)

struct place {
	struct sim *sim;
	hf_store *store;
};

static int setup(void **state)
{
	static struct place place;
	const struct hf_options options = {.create = true, .no_background = true};
	place.sim = sim_new(sim_profile_strict(), 1);
	sim_set_now(place.sim, NOW);
	*state = &place;
	return hf__store_open(sim_os(place.sim), hf__all_domains(), &options, &place.store, NULL);
}

static int teardown(void **state)
{
	struct place *place = *state;
	const int rc = hf_close(place->store, NULL);
	sim_free(place->sim);
	return rc;
}

static int put_as(hf_store *store, hf_txn *txn, const char *id, const char *text, int64_t ttl,
                  enum hf_durability durability)
{
	const struct hf_document_put_args args = {.write.durability = durability,
	                                          .key = {hf_str("c"), hf_str(id)},
	                                          .payload = hf_str(text),
	                                          .ttl_us = ttl};
	return hf_document_put(store, txn, &args, NULL, NULL);
}

static void put(hf_store *store, hf_txn *txn, const char *id, const char *text)
{
	assert_int_equal(put_as(store, txn, id, text, 0, HF_DURABLE), HF_OK);
}

static int get(hf_store *store, const char *id, char text[16])
{
	const struct hf_document_key key = {hf_str("c"), hf_str(id)};
	struct hf_document_got got = {0};
	const int rc = hf_document_get(store, &key, 0, &got, NULL);
	(void)snprintf(text, 16, "%.*s", (int)got.document.payload.len,
	               rc == HF_OK ? (const char *)got.document.payload.data : "");
	hf_release(got.memory);
	return rc;
}

static bool has(hf_store *store, const char *id)
{
	const struct hf_document_key key = {hf_str("c"), hf_str(id)};
	bool found;
	assert_int_equal(hf_document_has(store, &key, 0, &found, NULL), HF_OK);
	return found;
}

static size_t count(hf_store *store, const char *collection)
{
	const struct hf_document_list_args args = {.collection = hf_str(collection)};
	struct hf_document_page page = {0};
	assert_int_equal(hf_document_list(store, &args, 0, &page, NULL), HF_OK);
	hf_release(page.memory);
	return page.count;
}

static hf_txn *begin(const struct place *place)
{
	hf_txn *txn;
	assert_int_equal(hf_txn_begin(place->store, &txn, NULL), HF_OK);
	return txn;
}

/* --- What is seen ----------------------------------------------------------------------------- */

static void a_read_shows_the_committed_state(void **state)
{
	const struct place *place = *state;
	char text[16];
	put(place->store, NULL, "a", "old");
	hf_txn *txn = begin(place);
	hf_store *seen = hf_txn_reads(txn);
	put(seen, txn, "a", "new"); /* operations take the handle, too */
	assert_int_equal(hf_txn_count(txn), 1);
	assert_int_equal(get(seen, "a", text), HF_OK);
	assert_string_equal(text, "old");
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, NULL), HF_OK);
	assert_int_equal(get(place->store, "a", text), HF_OK);
	assert_string_equal(text, "new");
}

static void absence_is_a_value(void **state)
{
	const struct place *place = *state;
	char text[16];
	hf_txn *first = begin(place), *second = begin(place);
	assert_int_equal(get(hf_txn_reads(first), "a", text), HF_ENOTFOUND);
	assert_int_equal(get(hf_txn_reads(second), "b", text), HF_ENOTFOUND);
	assert_false(has(hf_txn_reads(second), "c"));
	put(place->store, NULL, "other", "");
	put(place->store, first, "a", "1");
	put(place->store, second, "b", "2");
	assert_int_equal(hf_txn_commit(first, HF_DURABLE, NULL), HF_OK);
	assert_int_equal(hf_txn_commit(second, HF_DURABLE, NULL), HF_OK); /* a is not b */
	first = begin(place);
	assert_int_equal(get(hf_txn_reads(first), "d", text), HF_ENOTFOUND);
	put(place->store, NULL, "d", "");
	struct hf_error error = {0};
	assert_int_equal(hf_txn_commit(first, HF_DURABLE, &error), HF_ECONFLICT);
	assert_int_equal(error.operation, HF_OPERATION_READ);
}

static void another_container_is_not_in_the_way(void **state)
{
	const struct place *place = *state;
	hf_txn *txn = begin(place);
	put(place->store, NULL, "a", "");
	assert_int_equal(count(hf_txn_reads(txn), "c"), 1);
	const struct hf_document_put_args args = {.key = {hf_str("other"), hf_str("a")}};
	assert_int_equal(hf_document_put(place->store, NULL, &args, NULL, NULL), HF_OK);
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, NULL), HF_OK);
}

/* A container that is filled and emptied again looks as before: it was changed all the same. */
static void an_emptied_container_was_changed(void **state)
{
	const struct place *place = *state;
	hf_txn *txn = begin(place);
	assert_int_equal(count(hf_txn_reads(txn), "c"), 0);
	put(place->store, NULL, "a", "");
	const struct hf_document_clear_args clear = {.collection = hf_str("c")};
	assert_int_equal(hf_document_clear(place->store, NULL, &clear, NULL, NULL), HF_OK);
	assert_int_equal(hf_maintain(place->store, 0, NULL), HF_OK); /* the name is forgotten */
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, NULL), HF_ECONFLICT);
	txn = begin(place);
	assert_int_equal(count(hf_txn_reads(txn), "c"), 0);
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, NULL), HF_OK);
}

/* --- What ends by time ------------------------------------------------------------------------ */

static void what_was_alive_must_be_alive(void **state)
{
	const struct place *place = *state;
	char text[16];
	assert_int_equal(put_as(place->store, NULL, "a", "x", 5 * SECOND, HF_DURABLE), HF_OK);
	put(place->store, NULL, "lives", "");
	hf_txn *one = begin(place), *list = begin(place);
	assert_int_equal(get(hf_txn_reads(one), "a", text), HF_OK);
	assert_int_equal(count(hf_txn_reads(list), "c"), 2);
	sim_advance(place->sim, 6 * SECOND);
	assert_int_equal(hf_txn_commit(one, HF_DURABLE, NULL), HF_ECONFLICT);
	assert_int_equal(hf_txn_commit(list, HF_DURABLE, NULL), HF_ECONFLICT);
}

static void a_logged_ending_does_not_break_who_saw_it_ended(void **state)
{
	const struct place *place = *state;
	char text[16];
	assert_int_equal(put_as(place->store, NULL, "a", "x", 5 * SECOND, HF_DURABLE), HF_OK);
	sim_advance(place->sim, 6 * SECOND);
	hf_txn *txn = begin(place);
	assert_int_equal(get(hf_txn_reads(txn), "a", text), HF_ENOTFOUND);
	assert_int_equal(hf_maintain(place->store, 0, NULL), HF_OK); /* logs it */
	put(place->store, txn, "b", "");
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, NULL), HF_OK);
}

/* --- What answers wait for -------------------------------------------------------------------- */

static void a_commit_waits_for_what_its_reads_saw(void **state)
{
	const struct place *place = *state;
	struct hf__ticket undurable;
	char text[16];
	put(place->store, NULL, "first", ""); /* the opening's first group */
	hf_txn *txn = begin(place);
	put(place->store, txn, "a", "x");
	assert_int_equal(hf__submit(place->store, txn, HF_DURABLE, &undurable, NULL), HF_OK);
	assert_true(atomic_load(&place->store->durable_lsn) < undurable.due);
	txn = begin(place);
	assert_int_equal(get(hf_txn_reads(txn), "a", text), HF_OK);
	assert_true(atomic_load(&place->store->durable_lsn) < undurable.due); /* it did not wait */
	assert_int_equal(hf_txn_commit(txn, HF_OS, NULL), HF_OK);
	assert_true(atomic_load(&place->store->durable_lsn) >= undurable.due);
}

static void a_transaction_of_reads_writes_nothing(void **state)
{
	const struct place *place = *state;
	put(place->store, NULL, "a", "x");
	const uint64_t before = place->store->world.next_lsn;
	hf_txn *txn = begin(place);
	assert_int_equal(count(hf_txn_reads(txn), "c"), 1);
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, NULL), HF_OK);
	assert_int_equal(place->store->world.next_lsn, before);
}

/* --- Refused ---------------------------------------------------------------------------------- */

static void each_segment(void *ctx, const struct hf_segment *segment)
{
	(void)ctx;
	(void)segment;
}

static void alone(void *ctx)
{
	(void)ctx;
}

static unsigned send_none(void *ctx, const struct hf_outbox_item *item, char *reason, size_t size)
{
	(void)ctx;
	(void)item;
	(void)reason;
	(void)size;
	return HF_OUTBOX_SEND_RELEASE;
}

static void the_handle_is_for_reads_and_operations_alone(void **state)
{
	const struct place *place = *state;
	hf_txn *txn = begin(place), *other = begin(place), *none;
	hf_store *seen = hf_txn_reads(txn);
	struct hf_info info = {0};

	hf_feed *feed;
	int fd;
	assert_int_equal(put_as(seen, NULL, "a", "", 0, HF_DURABLE), HF_EREADONLY);
	assert_int_equal(put_as(seen, other, "a", "", 0, HF_DURABLE), HF_EREADONLY);
	assert_int_equal(hf_txn_begin(seen, &none, NULL), HF_EREADONLY);
	assert_int_equal(hf_sync(seen, NULL), HF_EREADONLY);
	assert_int_equal(hf_flush(seen, NULL), HF_EREADONLY);
	assert_int_equal(hf_maintain(seen, 0, NULL), HF_EREADONLY);
	assert_int_equal(hf_get_info(seen, &info, NULL), HF_EREADONLY);
	assert_int_equal(hf_refresh(seen, NULL, NULL), HF_EREADONLY);
	assert_int_equal(hf_cancel_waits(seen, NULL), HF_EREADONLY);
	assert_int_equal(hf_eventfd(seen, &fd, NULL), HF_EREADONLY);
	assert_int_equal(hf_feed_open(seen, 0, &feed, NULL), HF_EREADONLY);
	assert_int_equal(hf_snapshot(seen, NULL), HF_EREADONLY);
	assert_int_equal(hf_compact(seen, NULL), HF_EREADONLY);
	assert_int_equal(hf_scrub(seen, 0, NULL, NULL, NULL), HF_EREADONLY);
	assert_int_equal(hf_migrate(seen, NULL, 0, NULL, NULL), HF_EREADONLY);
	assert_int_equal(hf_transact(seen, NULL, NULL, 0, HF_DURABLE, NULL), HF_EREADONLY);
	const struct hf_ticket ticket = {0};
	assert_int_equal(hf_ticket_poll(seen, &ticket, NULL), HF_EREADONLY);
	assert_int_equal(hf_ticket_wait(seen, &ticket, -1, NULL), HF_EREADONLY);
	assert_int_equal(hf_segments_of(seen, each_segment, NULL, NULL), HF_EREADONLY);
	const struct hf_subscribe_args all = {0};
	hf_subscription *subscription;
	assert_int_equal(hf_subscribe(seen, &all, &subscription, NULL), HF_EREADONLY);
	struct hf_cancel_flag flag = {0};
	assert_int_equal(hf_cancel(seen, &flag, NULL), HF_EREADONLY);
	struct hf_snapshot_file file = {0};
	assert_int_equal(hf_export_fd(seen, -1, NULL, &file, NULL), HF_EREADONLY);
	const struct hf_lock_with_args with = {.name = hf_str("l")};
	assert_int_equal(hf_lock_with(seen, &with, alone, NULL, NULL), HF_EREADONLY);
	const struct hf_outbox_drain_args drain = {.queue = hf_str("q"), .send = send_none};
	struct hf_outbox_drained drained = {0};
	assert_int_equal(hf_outbox_drain(seen, &drain, &drained, NULL), HF_EREADONLY);
	assert_int_equal(hf_close(seen, NULL), HF_EREADONLY);
	assert_int_equal(hf_close_at_exit(seen, NULL), HF_EREADONLY);
	assert_int_equal(hf_txn_commit(other, HF_DURABLE, NULL), HF_EINVAL); /* one was refused */
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, NULL), HF_OK);
}

static void a_read_that_was_refused_for_its_form_is_no_guard(void **state)
{
	const struct place *place = *state;
	const struct hf_document_list_args args = {.collection = hf_str("c"), .page = "nonsense"};
	struct hf_document_page page = {0};
	hf_txn *txn = begin(place);
	assert_int_equal(hf_document_list(hf_txn_reads(txn), &args, 0, &page, NULL), HF_EINVAL);
	put(place->store, NULL, "a", "");
	put(place->store, txn, "b", "");
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, NULL), HF_OK);
}

/* --- Running again ---------------------------------------------------------------------------- */

struct attempt {
	const struct place *place;
	unsigned calls, disturbed; /* so often another commit is in the way */
	int answer; /* what the function gives */
};

static int add_one(void *ctx, hf_store *store, hf_txn *txn, struct hf_error *error)
{
	struct attempt *a = ctx;
	char text[16];
	const int rc = get(store, "n", text);
	if (rc != HF_OK)
		return rc;
	const int number = atoi(text);
	if (++a->calls <= a->disturbed) {
		(void)snprintf(text, sizeof text, "%d", number + 10);
		put(a->place->store, NULL, "n", text);
	}
	if (a->answer != HF_OK && number < 10) {
		(void)snprintf(error->text, sizeof error->text, "only %d", number);
		return a->answer;
	}
	(void)snprintf(text, sizeof text, "%d", number + 1);
	put(store, txn, "n", text);
	return HF_OK;
}

static void it_runs_again_until_nobody_was_in_its_way(void **state)
{
	struct attempt a = {.place = *state, .disturbed = 3};
	char text[16];
	put(a.place->store, NULL, "n", "0");
	assert_int_equal(hf_transact(a.place->store, add_one, &a, 0, HF_DURABLE, NULL), HF_OK);
	assert_int_equal(a.calls, 4);
	assert_int_equal(get(a.place->store, "n", text), HF_OK);
	assert_string_equal(text, "31");
}

static void tries_are_counted(void **state)
{
	struct attempt a = {.place = *state, .disturbed = UINT32_MAX};
	struct hf_error error = {0};
	put(a.place->store, NULL, "n", "0");
	assert_int_equal(hf_transact(a.place->store, add_one, &a, 3, HF_DURABLE, &error), HF_ECONFLICT);
	assert_int_equal(error.operation, HF_OPERATION_READ);
	assert_int_equal(a.calls, 3);
	a.calls = 0;
	assert_int_equal(hf_transact(a.place->store, add_one, &a, 0, HF_DURABLE, NULL), HF_ECONFLICT);
	assert_int_equal(a.calls, HF_TRANSACT_TRIES);
}

static void a_refusal_is_an_answer_only_if_what_it_saw_is_so(void **state)
{
	struct attempt a = {.place = *state, .disturbed = 1, .answer = HF_EBLOCKED};
	struct hf_error error = {0};
	char text[16];
	put(a.place->store, NULL, "n", "0");
	/* it sees 0, and would refuse; by then it is 10 */
	assert_int_equal(hf_transact(a.place->store, add_one, &a, 0, HF_DURABLE, NULL), HF_OK);
	assert_int_equal(get(a.place->store, "n", text), HF_OK);
	assert_string_equal(text, "11");
	put(a.place->store, NULL, "n", "5");
	assert_int_equal(hf_transact(a.place->store, add_one, &a, 0, HF_DURABLE, &error), HF_EBLOCKED);
	assert_string_equal(error.text, "only 5");
	assert_int_equal(error.code, HF_EBLOCKED);
	assert_int_equal(get(a.place->store, "n", text), HF_OK);
	assert_string_equal(text, "5");
}

static int add_twice(void *ctx, hf_store *store, hf_txn *txn, struct hf_error *error)
{
	(void)error;
	++*(unsigned *)ctx;
	const struct hf_document_put_args args = {.write.expect = HF_ABSENT,
	                                          .key = {hf_str("c"), hf_str("once")}};
	assert_int_equal(hf_document_put(store, txn, &args, NULL, NULL), HF_OK);
	return HF_OK;
}

static int spoil(void *ctx, hf_store *store, hf_txn *txn, struct hf_error *error)
{
	const struct hf_document_put_args args = {.key = {hf_str(""), hf_str("")}};
	(void)ctx;
	(void)error;
	put(store, txn, "spoilt", "");
	(void)!hf_document_put(store, txn, &args, NULL, NULL); /* overlooked */
	return HF_OK;
}

/* Says nothing, but a read of its did. */
static int say_nothing(void *ctx, hf_store *store, hf_txn *txn, struct hf_error *error)
{
	const struct hf_document_key key = {hf_str("c"), hf_str("none")};
	struct hf_document_got got = {0};
	(void)ctx;
	(void)txn;
	assert_int_equal(hf_document_get(store, &key, 0, &got, error), HF_ENOTFOUND);
	return HF_EBLOCKED;
}

static void what_else_a_commit_answers(void **state)
{
	const struct place *place = *state;
	unsigned calls = 0;
	struct hf_error error = {0};
	assert_int_equal(hf_transact(place->store, add_twice, &calls, 0, HF_DURABLE, NULL), HF_OK);
	assert_int_equal(hf_transact(place->store, add_twice, &calls, 5, HF_DURABLE, &error),
	                 HF_ECONFLICT);
	assert_int_equal(calls, 6);
	assert_int_equal(error.operation, 0);
	assert_int_equal(hf_transact(place->store, spoil, NULL, 0, HF_DURABLE, &error), HF_EINVAL);
	assert_int_equal(error.operation, 1);
	assert_false(has(place->store, "spoilt"));
	assert_int_equal(hf_transact(place->store, say_nothing, NULL, 0, HF_DURABLE, &error),
	                 HF_EBLOCKED);
	assert_int_equal(error.code, HF_EBLOCKED);
	assert_non_null(strstr(error.text, "the function of the transaction ended it"));
	assert_int_equal(hf_transact(place->store, NULL, NULL, 0, HF_DURABLE, NULL), HF_EINVAL);
	assert_int_equal(hf_transact(place->store, spoil, NULL, 0, (enum hf_durability)7, NULL),
	                 HF_EINVAL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_read_shows_the_committed_state),
	    TEST(absence_is_a_value),
	    TEST(another_container_is_not_in_the_way),
	    TEST(an_emptied_container_was_changed),
	    TEST(what_was_alive_must_be_alive),
	    TEST(a_logged_ending_does_not_break_who_saw_it_ended),
	    TEST(a_commit_waits_for_what_its_reads_saw),
	    TEST(a_transaction_of_reads_writes_nothing),
	    TEST(the_handle_is_for_reads_and_operations_alone),
	    TEST(a_read_that_was_refused_for_its_form_is_no_guard),
	    TEST(it_runs_again_until_nobody_was_in_its_way),
	    TEST(tries_are_counted),
	    TEST(a_refusal_is_an_answer_only_if_what_it_saw_is_so),
	    TEST(what_else_a_commit_answers),
	};
	return cmocka_run_group_tests_name("transact", tests, NULL, NULL);
}
