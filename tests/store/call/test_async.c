/* tier: fast */
/* Tickets, where one thread does everything: what is answered at once, when its ticket is
 * answered, who is told. The store has no thread of its own here (no_background), so nothing
 * happens but what the test does. test_async_threads has the rest. */
#include <errno.h>

#include "lib/patient.h"
#include "lib/test.h"

#define QUEUE hf_str("q")

static const struct hf_ticket no_ticket;

/* A store whose first group is durable, so that nothing waits any more for that. */
static struct patient *begun(void)
{
	struct patient *p = patient_new(sim_profile_weak(), 0);
	patient_puts(p, 1);
	return p;
}

static int enqueue_bytes(struct patient *p, const char *id, struct hf_bytes payload,
                         enum hf_durability durability, struct hf_ticket *ticket)
{
	const struct hf_outbox_enqueue_args args = {
	    .write = {.durability = durability, .ticket = ticket},
	    .queue = QUEUE,
	    .id = hf_str(id),
	    .payload = payload};
	return hf_outbox_enqueue(p->store, NULL, &args, &p->result, &p->error);
}

static struct hf_ticket enqueue(struct patient *p, const char *id, enum hf_durability durability)
{
	struct hf_ticket ticket = {77, 77};
	assert_int_equal(enqueue_bytes(p, id, hf_str("payload"), durability, &ticket), HF_OK);
	assert_true(p->result.changed);
	return ticket;
}

static int claim(struct patient *p, const char *id, struct hf_ticket *ticket)
{
	const struct hf_outbox_claim_args args = {.write.ticket = ticket,
	                                          .queue = QUEUE,
	                                          .id = hf_str(id),
	                                          .owner = hf_str("me"),
	                                          .lease_us = 1000000};
	return hf_outbox_claim(p->store, NULL, &args, NULL, &p->result, &p->error);
}

static int answer(struct patient *p, struct hf_ticket ticket)
{
	return hf_ticket_poll(p->store, &ticket, &p->error);
}

static void flush(struct patient *p)
{
	assert_int_equal(hf_flush(p->store, &p->error), HF_OK);
}

static void fail_next_sync(struct patient *p)
{
	sim_add_fault(p->sim, (struct sim_fault){.kinds = SIM_SYNC, .name = "segment-", .error = EIO});
}

/* --- Answers at once, tickets later ----------------------------------------------------------- */

static void a_ticket_is_answered_when_its_commit_is_durable(void **state)
{
	(void)state;
	struct patient *p = begun();
	const uint64_t syncs = patient_info(p).syncs;
	const struct hf_ticket first = enqueue(p, "a", HF_DURABLE);
	const hf_lsn version = p->result.version;
	const struct hf_ticket second = enqueue(p, "b", HF_DURABLE);
	assert_true(first.changed == version && first.due == version && second.due == version + 1);
	assert_int_equal(answer(p, first), HF_ETIMEDOUT);
	assert_int_equal(p->error.code, HF_ETIMEDOUT);
	assert_int_equal(answer(p, second), HF_ETIMEDOUT);
	assert_true(patient_info(p).durable_lsn < first.due);
	assert_int_equal(patient_info(p).syncs, syncs);
	flush(p);
	assert_int_equal(patient_info(p).syncs, syncs + 1); /* both in one */
	assert_true(patient_info(p).durable_lsn >= second.due);
	assert_int_equal(answer(p, first), HF_OK);
	assert_int_equal(answer(p, second), HF_OK);
	flush(p);
	assert_int_equal(patient_info(p).syncs, syncs + 1); /* nothing to do */
	patient_free(p);
}

static void whoever_flushes_answers_tickets_of_others(void **state)
{
	(void)state;
	struct patient *p = begun();
	struct hf_outbox_got got = {0};
	const struct hf_outbox_key key = {QUEUE, hf_str("b")};
	struct hf_ticket ticket = enqueue(p, "a", HF_DURABLE);
	patient_puts(p, 1);
	assert_int_equal(answer(p, ticket), HF_OK);
	/* A read sees it, and waits for it; one that asks not to wait does not. */
	ticket = enqueue(p, "b", HF_DURABLE);
	assert_int_equal(hf_outbox_get(p->store, &key, HF_READ_UNDURABLE, &got, &p->error), HF_OK);
	hf_release(got.memory);
	assert_int_equal(answer(p, ticket), HF_ETIMEDOUT);
	assert_int_equal(hf_outbox_get(p->store, &key, 0, &got, &p->error), HF_OK);
	hf_release(got.memory);
	assert_int_equal(answer(p, ticket), HF_OK);
	ticket = enqueue(p, "c", HF_DURABLE);
	assert_int_equal(hf_sync(p->store, &p->error), HF_OK);
	assert_int_equal(answer(p, ticket), HF_OK);
	patient_free(p);
}

/* The LSN of a commit that is answered before it is durable must not be issued again after a
 * crash. */
static void the_first_commit_of_an_opening_is_durable_when_it_answers(void **state)
{
	static const enum hf_durability modes[] = {HF_DURABLE, HF_OS};
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct patient *p = begun();
		patient_close(p);
		patient_reopen(p);
		/* What rests on an earlier opening is durable as it is. */
		const struct hf_cursor_advance_args back = {.write.ticket = &(struct hf_ticket){0, 0},
		                                            .key = {hf_str("c"), hf_str("s"), hf_str("")},
		                                            .sequence = 1,
		                                            .delivery_id = hf_str("another")};
		assert_int_equal(hf_cursor_advance(p->store, NULL, &back, NULL, &p->error),
		                 HF_ENONMONOTONIC);
		assert_int_equal(patient_info(p).syncs, 0);
		struct hf_ticket ticket = enqueue(p, "a", modes[i]);
		assert_int_equal(answer(p, ticket), HF_OK);
		assert_true(patient_info(p).durable_lsn >= p->result.version);
		ticket = enqueue(p, "b", modes[i]);
		assert_int_equal(answer(p, ticket), HF_ETIMEDOUT);
		patient_free(p);
	}
}

static void a_refusal_and_nothing_changed_have_tickets_too(void **state)
{
	(void)state;
	struct patient *p = begun();
	struct hf_ticket ticket;
	const struct hf_ticket enqueued = enqueue(p, "a", HF_DURABLE);
	/* "It is there already" would tell of an item that a crash takes away. */
	assert_int_equal(enqueue_bytes(p, "a", hf_str("other"), HF_DURABLE, &ticket), HF_OK);
	assert_false(p->result.changed);
	assert_true(ticket.due == enqueued.due);
	assert_int_equal(answer(p, ticket), HF_ETIMEDOUT);
	/* So would "somebody holds it". */
	assert_int_equal(claim(p, "a", &ticket), HF_OK);
	const struct hf_ticket claimed = ticket;
	assert_int_equal(claim(p, "a", &ticket), HF_ECLAIMED);
	assert_int_equal(p->result.token, 0);
	assert_true(ticket.due == claimed.due && claimed.due > enqueued.due);
	assert_int_equal(answer(p, ticket), HF_ETIMEDOUT);
	flush(p);
	assert_int_equal(answer(p, ticket), HF_OK);
	/* On durable ground the answer needs nothing. */
	assert_int_equal(claim(p, "a", &ticket), HF_ECLAIMED);
	assert_int_equal(answer(p, ticket), HF_OK);
	patient_free(p);
}

static void what_failed_without_a_look_leaves_nothing_to_wait_for(void **state)
{
	(void)state;
	struct patient *p = begun();
	struct hf_ticket ticket = {5, 5};
	const struct hf_ticket before = enqueue(p, "a", HF_DURABLE);
	assert_int_equal(enqueue_bytes(p, "", hf_str(""), HF_DURABLE, &ticket), HF_EINVAL);
	assert_memory_equal(&ticket, &no_ticket, sizeof ticket);
	ticket = before;
	assert_int_equal(enqueue_bytes(p, "b", hf_str(""), (enum hf_durability)7, &ticket), HF_EINVAL);
	assert_memory_equal(&ticket, &no_ticket, sizeof ticket);
	assert_int_equal(answer(p, ticket), HF_OK);
	assert_int_equal(answer(p, before), HF_ETIMEDOUT);
	patient_free(p);
}

/* Mode os: handed to the kernel, and no sync. */
static void a_commit_in_mode_os_is_answered_when_it_is_written(void **state)
{
	(void)state;
	struct patient *p = begun();
	const uint64_t syncs = patient_info(p).syncs;
	const struct hf_ticket ticket = enqueue(p, "a", HF_OS);
	assert_true(ticket.due < ticket.changed);
	assert_int_equal(answer(p, ticket), HF_ETIMEDOUT);
	flush(p);
	assert_int_equal(answer(p, ticket), HF_OK);
	assert_true(patient_info(p).last_lsn >= ticket.changed);
	assert_true(patient_info(p).durable_lsn < ticket.changed);
	assert_int_equal(patient_info(p).syncs, syncs);
	/* One that saw a durable change on its way keeps that one's promise. */
	const struct hf_ticket durable = enqueue(p, "b", HF_DURABLE);
	const struct hf_outbox_remove_args args = {
	    .write = {.durability = HF_OS, .ticket = &(struct hf_ticket){0, 0}},
	    .queue = QUEUE,
	    .id = hf_str("b")};
	assert_int_equal(hf_outbox_remove(p->store, NULL, &args, NULL, &p->error), HF_OK);
	assert_true(args.write.ticket->due == durable.due && args.write.ticket->changed > durable.due);
	flush(p);
	assert_int_equal(answer(p, *args.write.ticket), HF_OK);
	assert_int_equal(patient_info(p).syncs, syncs + 1);
	patient_free(p);
}

/* --- Transactions and claims ------------------------------------------------------------------ */

static hf_txn *begin(struct patient *p)
{
	hf_txn *txn = NULL;
	assert_int_equal(hf_txn_begin(p->store, &txn, &p->error), HF_OK);
	return txn;
}

static void a_transaction_has_one_ticket(void **state)
{
	(void)state;
	struct patient *p = begun();
	struct hf_ticket inner = {3, 3}, ticket = {4, 4};
	hf_txn *txn = begin(p);
	const struct hf_outbox_enqueue_args args = {
	    .write.ticket = &inner, .queue = QUEUE, .id = hf_str("a")};
	const struct hf_cursor_advance_args more = {.key = {hf_str("c"), hf_str("s"), hf_str("")},
	                                            .sequence = 9};
	struct hf_result first = {0}, second = {0};
	assert_int_equal(hf_outbox_enqueue(p->store, txn, &args, &first, &p->error), HF_OK);
	assert_int_equal(hf_cursor_advance(p->store, txn, &more, &second, &p->error), HF_OK);
	assert_int_equal(hf_txn_commit_async(txn, HF_DURABLE, &ticket, &p->error), HF_OK);
	assert_true(first.changed && second.changed && second.version == first.version + 1);
	assert_true(ticket.due == second.version);
	assert_true(inner.changed == 3 && inner.due == 3); /* not its business */
	assert_int_equal(answer(p, ticket), HF_ETIMEDOUT);
	/* Refused as a whole, at once; the refusal rests on what is not durable yet. */
	txn = begin(p);
	struct hf_ticket refused;
	const struct hf_outbox_enqueue_args other = {.queue = QUEUE, .id = hf_str("b")};
	const struct hf_cursor_advance_args back = {.key = more.key, .sequence = 2};
	assert_int_equal(hf_outbox_enqueue(p->store, txn, &other, &first, &p->error), HF_OK);
	assert_int_equal(hf_cursor_advance(p->store, txn, &back, &second, &p->error), HF_OK);
	assert_int_equal(hf_txn_commit_async(txn, HF_DURABLE, &refused, &p->error), HF_ENONMONOTONIC);
	assert_int_equal(p->error.operation, 1);
	assert_false(first.changed);
	assert_true(refused.due == ticket.due);
	assert_int_equal(answer(p, refused), HF_ETIMEDOUT);
	flush(p);
	assert_int_equal(answer(p, ticket), HF_OK);
	assert_int_equal(answer(p, refused), HF_OK);
	/* An empty one. */
	assert_int_equal(hf_txn_commit_async(begin(p), HF_DURABLE, &ticket, &p->error), HF_OK);
	assert_memory_equal(&ticket, &no_ticket, sizeof ticket);
	/* One that an operation could not be added to. */
	txn = begin(p);
	const struct hf_outbox_enqueue_args bad = {.queue = QUEUE};
	assert_int_equal(hf_outbox_enqueue(p->store, txn, &bad, NULL, &p->error), HF_EINVAL);
	assert_int_equal(hf_txn_commit_async(txn, HF_DURABLE, &ticket, &p->error), HF_EINVAL);
	patient_free(p);
}

static void assert_items(const struct hf_outbox_items *items, const char *first_id,
                         const char *bytes, size_t len)
{
	assert_int_equal(items->count, 1);
	assert_int_equal(items->items[0].id.len, strlen(first_id));
	assert_memory_equal(items->items[0].id.data, first_id, strlen(first_id));
	assert_int_equal(items->items[0].payload.len, len);
	assert_memory_equal(items->items[0].payload.data, bytes, len);
	assert_true(items->items[0].token != 0);
}

/* A payload that does not stay in memory: in the group that fills, and on the disk. */
static void a_claim_gives_its_payload_at_once(void **state)
{
	(void)state;
	char bytes[3000];
	memset(bytes, 'x', sizeof bytes);
	for (int on_disk = 0; on_disk < 2; on_disk++) {
		for (int in_txn = 0; in_txn < 2; in_txn++) {
			struct patient *p = begun();
			struct hf_outbox_items items = {0};
			struct hf_ticket enqueued, ticket = no_ticket;
			assert_int_equal(
			    enqueue_bytes(p, "a", hf_bytes_of(bytes, sizeof bytes), HF_DURABLE, &enqueued),
			    HF_OK);
			if (on_disk)
				flush(p);
			const uint64_t groups = patient_info(p).groups;
			const struct hf_outbox_claim_next_args args = {
			    .write.ticket = &ticket, .queue = QUEUE, .owner = hf_str("me")};
			hf_txn *txn = in_txn ? begin(p) : NULL;
			assert_int_equal(
			    hf_outbox_claim_next(p->store, txn, &args, &items, &p->result, &p->error), HF_OK);
			if (txn)
				assert_int_equal(hf_txn_commit_async(txn, HF_DURABLE, &ticket, &p->error), HF_OK);
			assert_items(&items, "a", bytes, sizeof bytes);
			assert_int_equal(patient_info(p).groups, groups);
			assert_int_equal(answer(p, ticket), HF_ETIMEDOUT);
			/* The token can be used before its grant is durable, and the order stays. */
			const struct hf_outbox_complete_args complete = {.write.ticket = &enqueued,
			                                                 .queue = QUEUE,
			                                                 .id = hf_str("a"),
			                                                 .token = items.items[0].token};
			assert_int_equal(hf_outbox_complete(p->store, NULL, &complete, &p->result, &p->error),
			                 HF_OK);
			assert_true(enqueued.due > ticket.due);
			hf_release(items.memory);
			flush(p);
			assert_int_equal(answer(p, enqueued), HF_OK);
			patient_free(p);
		}
	}
}

/* More than a group takes: the call makes room itself. */
static void a_call_waits_for_room(void **state)
{
	(void)state;
	static const char large[600u << 10];
	struct patient *p = begun();
	struct hf_ticket tickets[4];
	for (int i = 0; i < 4; i++) {
		const char id[] = {(char)('a' + i), '\0'};
		assert_int_equal(
		    enqueue_bytes(p, id, hf_bytes_of(large, sizeof large), HF_DURABLE, &tickets[i]), HF_OK);
	}
	assert_int_equal(answer(p, tickets[0]), HF_OK);
	assert_int_equal(answer(p, tickets[3]), HF_ETIMEDOUT);
	flush(p);
	assert_int_equal(answer(p, tickets[3]), HF_OK);
	patient_close(p);
	patient_has(p, 1);
	patient_free(p);
}

/* --- Waiting ---------------------------------------------------------------------------------- */

static void waiting_flushes_when_nobody_else_does(void **state)
{
	static const int64_t timeouts[] = {-1, 1, INT64_MAX};
	(void)state;
	struct patient *p = begun();
	for (size_t i = 0; i < sizeof timeouts / sizeof timeouts[0]; i++) {
		const char id[] = {(char)('a' + i), '\0'};
		const struct hf_ticket ticket = enqueue(p, id, i % 2 ? HF_OS : HF_DURABLE);
		assert_int_equal(hf_ticket_wait(p->store, &ticket, 0, &p->error), HF_ETIMEDOUT);
		assert_int_equal(hf_ticket_wait(p->store, &ticket, timeouts[i], &p->error), HF_OK);
		assert_int_equal(answer(p, ticket), HF_OK);
		assert_int_equal(hf_ticket_wait(p->store, &ticket, 0, &p->error), HF_OK);
	}
	patient_free(p);
}

static void a_ticket_that_nobody_gave_is_refused(void **state)
{
	(void)state;
	struct patient *p = begun();
	const hf_lsn next = patient_info(p).last_lsn + 1;
	const struct hf_ticket bad[] = {
	    {next, 0}, {0, next}, {UINT64_MAX, UINT64_MAX}, {UINT64_MAX, 1}};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_int_equal(hf_ticket_wait(p->store, &bad[i], -1, &p->error), HF_EINVAL);
		assert_int_equal(answer(p, bad[i]), HF_ETIMEDOUT); /* a poll knows less; it harms nobody */
	}
	assert_int_equal(hf_ticket_wait(p->store, &no_ticket, -2, &p->error), HF_EINVAL);
	patient_free(p);
}

static void a_forked_child_gets_nothing(void **state)
{
	(void)state;
	struct patient *p = begun();
	int event;
	struct hf_ticket ticket = enqueue(p, "a", HF_DURABLE);
	hf_txn *txn = begin(p);
	sim_set_forked(p->sim, true);
	assert_int_equal(answer(p, ticket), HF_EFORK);
	for (int64_t timeout = -1; timeout < 2; timeout++) {
		p->error = (struct hf_error){0};
		assert_int_equal(hf_ticket_wait(p->store, &ticket, timeout, &p->error), HF_EFORK);
		assert_int_equal(p->error.code, HF_EFORK);
	}
	assert_int_equal(hf_eventfd(p->store, &event, &p->error), HF_EFORK);
	assert_int_equal(hf_flush(p->store, &p->error), HF_EFORK);
	assert_int_equal(enqueue_bytes(p, "b", hf_str(""), HF_DURABLE, &ticket), HF_EFORK);
	assert_int_equal(hf_txn_commit_async(txn, HF_DURABLE, &ticket, &p->error), HF_EFORK);
	sim_set_forked(p->sim, false);
	patient_free(p);
}

/* --- Failures --------------------------------------------------------------------------------- */

static void after_a_failure_every_ticket_is_uncertain_for_good(void **state)
{
	static const struct sim_fault faults[] = {
	    {.kinds = SIM_SYNC, .name = "segment-", .error = EIO},
	    {.kinds = SIM_SYNC, .name = "segment-", .error = EIO, .falsely = true},
	    {.kinds = SIM_WRITE, .name = "segment-", .error = EIO, .prefix = SIZE_MAX},
	};
	(void)state;
	for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
		struct patient *p = begun();
		const struct hf_ticket before = enqueue(p, "before", HF_DURABLE);
		flush(p);
		const struct hf_ticket durable = enqueue(p, "a", HF_DURABLE);
		struct hf_ticket refused, late = {9, 9};
		/* rests on the whole queue */
		assert_int_equal(claim(p, "nowhere", &refused), HF_ENOTFOUND);
		sim_add_fault(p->sim, faults[i]);
		assert_int_equal(hf_flush(p->store, &p->error), HF_EUNCERTAIN);
		for (int again = 0; again < 2; again++) {
			assert_int_equal(answer(p, before), HF_OK);
			assert_int_equal(answer(p, durable), HF_EUNCERTAIN);
			assert_int_equal(p->error.os_errno, EIO);
			assert_int_equal(answer(p, refused), HF_EUNCERTAIN);
			assert_int_equal(hf_ticket_wait(p->store, &durable, -1, &p->error), HF_EUNCERTAIN);
			assert_int_equal(hf_ticket_wait(p->store, &durable, 1000000, &p->error), HF_EUNCERTAIN);
			assert_int_equal(hf_flush(p->store, &p->error), HF_EFAILED);
			assert_int_equal(enqueue_bytes(p, "b", hf_str(""), HF_DURABLE, &late), HF_EFAILED);
			assert_memory_equal(&late, &no_ticket, sizeof late);
		}
		patient_close_failed(p);
		patient_free(p);
	}
}

/* The one wait of an opening fails: the call says so itself. */
static void a_first_group_that_fails_is_told_at_once(void **state)
{
	(void)state;
	struct patient *p = begun();
	struct hf_ticket ticket = {1, 1};
	patient_close(p);
	patient_reopen(p);
	fail_next_sync(p);
	assert_int_equal(enqueue_bytes(p, "a", hf_str(""), HF_OS, &ticket), HF_EUNCERTAIN);
	assert_memory_equal(&ticket, &no_ticket, sizeof ticket);
	assert_false(p->result.changed);
	assert_int_equal(p->result.version, 0);
	patient_close_failed(p);
	patient_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_ticket_is_answered_when_its_commit_is_durable),
	    cmocka_unit_test(whoever_flushes_answers_tickets_of_others),
	    cmocka_unit_test(the_first_commit_of_an_opening_is_durable_when_it_answers),
	    cmocka_unit_test(a_refusal_and_nothing_changed_have_tickets_too),
	    cmocka_unit_test(what_failed_without_a_look_leaves_nothing_to_wait_for),
	    cmocka_unit_test(a_commit_in_mode_os_is_answered_when_it_is_written),
	    cmocka_unit_test(a_transaction_has_one_ticket),
	    cmocka_unit_test(a_claim_gives_its_payload_at_once),
	    cmocka_unit_test(a_call_waits_for_room),
	    cmocka_unit_test(waiting_flushes_when_nobody_else_does),
	    cmocka_unit_test(a_ticket_that_nobody_gave_is_refused),
	    cmocka_unit_test(a_forked_child_gets_nothing),
	    cmocka_unit_test(after_a_failure_every_ticket_is_uncertain_for_good),
	    cmocka_unit_test(a_first_group_that_fails_is_told_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
