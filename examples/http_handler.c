/* An HTTP handler with idempotency: POST /orders with an Idempotency-Key does its work once, and
 * a client that repeats the request gets the very response that the first one got, also if the
 * first one never heard it because the server died in between.
 *
 * The order, the mail about it and the response are one transaction, which first looks for a
 * response. So there are two places to die: before it, and nothing was done, the retry does it; or
 * after it, and all was done, the retry gets the response. */
#include "example.h"

struct response {
	int status;
	char body[64];
};

struct request {
	const char *client, *key; /* who asks; its Idempotency-Key */
	const char *body;
	struct response response;
};

static struct request apples = {"ada", "8e03978e-40d5", "apples, two pounds", {0}};
static struct request pears = {"ada", "5a1b77c2-9f10", "pears, one pound", {0}};

/* What tells one request from another under the same key; a service would take a cryptographic
 * hash of method, path and body. */
static uint64_t hash_of(const struct request *request)
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

/* The work: nothing of it is there unless all of it is. */
static int place_order(struct request *request, struct hf_bytes fingerprint, hf_store *store,
                       hf_txn *txn, struct hf_error *error)
{
	struct response *response = &request->response;
	char scope[64], id[48];

	snprintf(id, sizeof id, "order-%s-%s", request->client, request->key);
	response->status = 201;
	snprintf(response->body, sizeof response->body, "{\"id\":\"%s\"}", id);
	const struct hf_document_put_args order = {.write.expect = HF_ABSENT,
	                                           .key = {hf_str("orders"), hf_str(id)},
	                                           .group = hf_str(request->client),
	                                           .payload = hf_str(request->body)};
	const struct hf_outbox_enqueue_args mail = {
	    .queue = hf_str("mail"), .id = hf_str(id), .payload = hf_str(request->client)};
	const struct hf_idempotency_put_args done = {.key = key_of(request, scope),
	                                             .fingerprint = fingerprint,
	                                             .status = response->status,
	                                             .response = hf_str(response->body)};
	must(hf_document_put(store, txn, &order, NULL, error), error);
	must(hf_outbox_enqueue(store, txn, &mail, NULL, error), error);
	return hf_idempotency_put(store, txn, &done, NULL, error);
}

/* Looks for a response and, if there is none, works. If another thread gets the same request and
 * is faster, this one looks again. */
static int answer(void *ctx, hf_store *store, hf_txn *txn, struct hf_error *error)
{
	struct request *request = ctx;
	const uint64_t hash = hash_of(request);
	const struct hf_bytes fingerprint = hf_bytes_of(&hash, sizeof hash);
	struct hf_idempotency_got got = {0};
	char scope[64];
	const struct hf_idempotency_key key = key_of(request, scope);

	const int rc = hf_idempotency_get(store, &key, 0, &got, error);
	if (rc == HF_ENOTFOUND)
		return place_order(request, fingerprint, store, txn, error);
	must(rc, error);
	request->response.status = got.entry.status;
	snprintf(request->response.body, sizeof request->response.body, "%.*s",
	         TEXT(got.entry.response));
	if (!equal(got.entry.fingerprint, fingerprint))
		request->response =
		    (struct response){422, "{\"error\":\"this key was used with another body\"}"};
	else if (!got.entry.done) /* begun, for work that takes more than one transaction */
		request->response = (struct response){409, "{\"error\":\"in progress, ask again\"}"};
	hf_release(got.memory);
	return HF_OK;
}

static struct response handle(hf_store *store, struct request *request)
{
	struct hf_error error;

	must(hf_transact(store, answer, request, 0, HF_DURABLE, &error), &error);
	printf("   %s %s -> %d %s\n", request->key, request->body, request->response.status,
	       request->response.body);
	return request->response;
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
	const uint64_t hash = hash_of(&pears);
	const struct hf_idempotency_begin_args begin = {.key = key_of(&pears, scope),
	                                                .fingerprint = hf_bytes_of(&hash, sizeof hash)};

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
