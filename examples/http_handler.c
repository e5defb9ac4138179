/* An HTTP handler with idempotency: POST /orders with an Idempotency-Key does its work once, and
 * a client that repeats the request gets the very response that the first one got, also if the
 * first one never heard it because the server died in between.
 *
 * The order, the mail about it and the response are one transaction. So there are two places to
 * die: before it, and nothing was done, the retry does it; or after it, and all was done, the
 * retry gets the response. */
#include "example.h"

#include <inttypes.h>

struct request {
	const char *client, *key; /* who asks; its Idempotency-Key */
	const char *body;
};

struct response {
	int status;
	char body[64];
};

static const struct request apples = {"ada", "8e03978e-40d5", "apples, two pounds"};
static const struct request pears = {"ada", "5a1b77c2-9f10", "pears, one pound"};

/* What tells one request from another under the same key; a service would take a cryptographic
 * hash of method, path and body. */
static uint64_t fingerprint_of(const struct request *request)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (const char *at = request->body; *at; at++)
		hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
	return hash;
}

static struct hf_idempotency_key key_of(const struct request *request, char scope[64])
{
	snprintf(scope, 64, "POST /orders %s", request->client);
	return (struct hf_idempotency_key){.scope = hf_str(scope), .key = hf_str(request->key)};
}

/* The work. Nothing of it is there unless all of it is; a lease that ran out in the meantime
 * refuses it as a whole. */
static struct response place_order(hf_store *store, const struct request *request,
                                   const struct hf_idempotency_begun *begun)
{
	struct response response = {.status = 201};
	char scope[64], id[32];
	struct hf_error error;
	hf_txn *txn;

	snprintf(id, sizeof id, "order-%" PRIx64, begun->token); /* tokens are never given out twice */
	snprintf(response.body, sizeof response.body, "{\"id\":\"%s\"}", id);
	const struct hf_document_put_args order = {.write.expect = HF_ABSENT,
	                                           .key = {hf_str("orders"), hf_str(id)},
	                                           .group = hf_str(request->client),
	                                           .payload = hf_str(request->body)};
	const struct hf_outbox_enqueue_args mail = {
	    .queue = hf_str("mail"), .id = hf_str(id), .payload = hf_str(request->client)};
	const struct hf_idempotency_complete_args complete = {.key = key_of(request, scope),
	                                                      .token = begun->token,
	                                                      .status = response.status,
	                                                      .response = hf_str(response.body)};
	must(hf_txn_begin(store, &txn, &error), &error);
	must(hf_document_put(store, txn, &order, NULL, &error), &error);
	must(hf_outbox_enqueue(store, txn, &mail, NULL, &error), &error);
	must(hf_idempotency_complete(store, txn, &complete, NULL, &error), &error);
	must(hf_txn_commit(txn, HF_DURABLE, &error), &error);
	return response;
}

static struct response handle(hf_store *store, const struct request *request)
{
	const uint64_t fingerprint = fingerprint_of(request);
	struct response response = {.status = 500};
	struct hf_idempotency_begun begun = {0};
	struct hf_error error;
	char scope[64];

	const struct hf_idempotency_begin_args begin = {
	    .key = key_of(request, scope),
	    .fingerprint = hf_bytes_of(&fingerprint, sizeof fingerprint),
	    .lease_us = 0 /* until the store is closed */};
	must(hf_idempotency_begin(store, NULL, &begin, &begun, NULL, &error), &error);
	switch (begun.outcome) {
	case HF_IDEMPOTENCY_NEW:
		response = place_order(store, request, &begun);
		break;
	case HF_IDEMPOTENCY_REPLAY:
		response.status = begun.status;
		snprintf(response.body, sizeof response.body, "%.*s", TEXT(begun.response));
		break;
	case HF_IDEMPOTENCY_IN_PROGRESS: /* another thread is at it */
		response = (struct response){409, "{\"error\":\"in progress, ask again\"}"};
		break;
	case HF_IDEMPOTENCY_MISMATCH:
		response = (struct response){422, "{\"error\":\"this key was used with another body\"}"};
		break;
	case HF_IDEMPOTENCY_UNDECIDED: /* only inside a transaction */
		break;
	}
	hf_release(begun.memory);
	printf("   %s %s -> %d %s\n", request->key, request->body, response.status, response.body);
	return response;
}

/* Dies when everything is done, before the response goes out. */
static void first_life(hf_store *store)
{
	handle(store, &apples);
}

/* Dies when nothing is done yet, the key begun. */
static void second_life(hf_store *store)
{
	char scope[64];
	struct hf_idempotency_begun begun = {0};
	struct hf_error error;
	const uint64_t fingerprint = fingerprint_of(&pears);
	const struct hf_idempotency_begin_args begin = {
	    .key = key_of(&pears, scope), .fingerprint = hf_bytes_of(&fingerprint, sizeof fingerprint)};

	must(hf_idempotency_begin(store, NULL, &begin, &begun, NULL, &error), &error);
	check(handle(store, &pears).status == 409, "who asks while it is in progress is told so");
}

int main(void)
{
	const struct hf_document_count_args of_ada = {.collection = hf_str("orders"),
	                                              .group = hf_str("ada")};
	struct hf_document_counts orders = {0};
	struct hf_outbox_stats mails = {0};
	struct hf_error error;

	run_and_kill(first_life);
	hf_store *store = open_store();
	const struct response retried = handle(store, &apples), again = handle(store, &apples);
	check(retried.status == 201 && strcmp(retried.body, again.body) == 0,
	      "every retry gets the response that was never sent");
	must(hf_document_count(store, &of_ada, 0, &orders, &error), &error);
	check(orders.documents == 1, "there is one order");

	struct request forged = apples;
	forged.body = "apples, two hundred pounds";
	check(handle(store, &forged).status == 422, "another request under the same key is refused");
	close_store(store);

	run_and_kill(second_life);
	store = open_store();
	check(handle(store, &pears).status == 201, "what was begun by a dead process is begun anew");
	must(hf_document_count(store, &of_ada, 0, &orders, &error), &error);
	must(hf_outbox_get_stats(store, hf_str("mail"), 0, &mails, &error), &error);
	check(orders.documents == 2 && mails.queued.items == 2, "two orders, and one mail about each");
	close_store(store);
	return 0;
}
