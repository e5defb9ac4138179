/* An outbox relay: a service decides something and tells others of it over a network that fails.
 *
 * What it decided and the messages about it are one transaction, so neither is there without the
 * other. Relays, as many as are wanted, claim messages, send them, and complete or fail them; a
 * failed one comes again after a growing, random delay, and after some attempts it waits for a
 * person. A relay that dies gives its message back; a relay that hangs loses it with its lease. */
#include "example.h"

#include <pthread.h>
#include <stdatomic.h>

#define QUEUE hf_str("webhooks")
enum { ORDERS = 30, CUSTOMERS = 3, RELAYS = 4, ATTEMPTS = 3 };

static atomic_int deliveries[ORDERS], calls[ORDERS], newest[CUSTOMERS];
static atomic_bool endpoint_repaired, out_of_order;

/* The order and its message, or neither. */
static void place_order(hf_store *store, int number)
{
	char id[24], customer[24];
	struct hf_error error;
	hf_txn *txn;

	snprintf(id, sizeof id, "order-%d", number);
	snprintf(customer, sizeof customer, "customer-%d", number % CUSTOMERS);
	const struct hf_document_put_args order = {.key = {hf_str("orders"), hf_str(id)},
	                                           .payload = hf_str("two pounds of apples")};
	/* Messages of one customer are a group: they go out one at a time and in order, those of
	 * others beside them. */
	const struct hf_outbox_enqueue_args message = {.queue = QUEUE,
	                                               .id = hf_str(id),
	                                               .payload = hf_bytes_of(&number, sizeof number),
	                                               .group = hf_str(customer)};
	must(hf_txn_begin(store, &txn, &error), &error);
	must(hf_document_put(store, txn, &order, NULL, &error), &error);
	must(hf_outbox_enqueue(store, txn, &message, NULL, &error), &error);
	must(hf_txn_commit(txn, HF_DURABLE, &error), &error);
}

/* The network: every fifth message needs a second attempt; number 4 is refused until its
 * receiver is repaired. */
static bool send_message(int number)
{
	const int call = atomic_fetch_add(&calls[number], 1) + 1;

	if ((number == 4 && !endpoint_repaired) || (number % 5 == 0 && call == 1))
		return false;
	atomic_fetch_add(&deliveries[number], 1);
	if (atomic_exchange(&newest[number % CUSTOMERS], number) > number && !endpoint_repaired)
		out_of_order = true;
	return true;
}

static void relay_one(hf_store *store, const struct hf_outbox_item *item)
{
	const struct hf_outbox_complete_args sent = {
	    .queue = QUEUE, .id = item->id, .token = item->token};
	const struct hf_outbox_fail_args refused = {.queue = QUEUE,
	                                            .id = item->id,
	                                            .token = item->token,
	                                            .max_attempts = ATTEMPTS,
	                                            .reason = hf_str("503 service unavailable"),
	                                            .backoff = {.kind = HF_OUTBOX_BACKOFF_EXPONENTIAL,
	                                                        .delay_us = MILLISECONDS(10),
	                                                        .cap_us = SECONDS(1)}};
	struct hf_error error;
	int number, rc;

	memcpy(&number, item->payload.data, sizeof number);
	if (send_message(number))
		rc = hf_outbox_complete(store, NULL, &sent, NULL, &error);
	else
		rc = hf_outbox_fail(store, NULL, &refused, NULL, &error);
	/* Another worker has it: the lease was over. That one sends it again, which is what
	 * at-least-once means. */
	if (rc != HF_ESTALE && rc != HF_ENOTFOUND)
		must(rc, &error);
}

/* One relay: waits for work for as long as there is any to be hoped for. */
static void *relay(void *arg)
{
	hf_store *store = arg;
	const struct hf_outbox_claim_next_args next = {.queue = QUEUE,
	                                               .max = 4,
	                                               .owner = hf_str("relay"),
	                                               .lease_us = SECONDS(30),
	                                               .wait_us = MILLISECONDS(200)};
	struct hf_outbox_items got = {0};
	struct hf_error error;
	size_t count;

	do {
		must(hf_outbox_claim_next(store, NULL, &next, &got, NULL, &error), &error);
		count = got.count;
		for (size_t i = 0; i < count; i++)
			relay_one(store, &got.items[i]);
		hf_release(got.memory);
	} while (count > 0);
	return NULL;
}

static void relay_all(hf_store *store)
{
	pthread_t relays[RELAYS];

	for (int i = 0; i < RELAYS; i++)
		need(pthread_create(&relays[i], NULL, relay, store) == 0, "pthread_create");
	for (int i = 0; i < RELAYS; i++)
		pthread_join(relays[i], NULL);
}

/* Takes the orders, and dies as a relay that has claimed a message and not sent it. */
static void first_life(hf_store *store)
{
	const struct hf_outbox_claim_next_args next = {.queue = QUEUE, .owner = hf_str("doomed")};
	struct hf_outbox_items got = {0};
	struct hf_error error;

	for (int i = 0; i < ORDERS; i++)
		place_order(store, i);
	must(hf_outbox_claim_next(store, NULL, &next, &got, NULL, &error), &error);
}

int main(void)
{
	const struct hf_outbox_redrive_args redrive = {.queue = QUEUE};
	struct hf_outbox_stats stats = {0};
	struct hf_error error;
	int once = 0;

	run_and_kill(first_life);
	hf_store *store = open_store();
	must(hf_outbox_get_stats(store, QUEUE, 0, &stats, &error), &error);
	check(stats.queued.items == ORDERS,
	      "all messages are there, the one that the dead relay held is free again");
	relay_all(store);
	must(hf_outbox_get_stats(store, QUEUE, 0, &stats, &error), &error);
	check(stats.failed.items == 1 && stats.queued.items == 0 && calls[4] == ATTEMPTS,
	      "one was given up after three attempts");
	check(!out_of_order, "each customer got the others in the order in which they were made");
	close_store(store);

	/* The receiver was repaired; what was given up is still known. */
	store = open_store();
	endpoint_repaired = true;
	must(hf_outbox_redrive(store, NULL, &redrive, NULL, &error), &error);
	relay_all(store);
	for (int i = 0; i < ORDERS; i++)
		once += deliveries[i] == 1;
	must(hf_outbox_get_stats(store, QUEUE, 0, &stats, &error), &error);
	check(once == ORDERS && stats.queued.items + stats.sending.items + stats.failed.items == 0,
	      "every message was delivered");
	close_store(store);
	return 0;
}
