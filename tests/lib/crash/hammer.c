#include "lib/crash/hammer.h"
#include "lib/test.h"
#include "os/thread.h"

#include <inttypes.h>
#include <pthread.h>

enum { FILL_AT_ONCE = 1000, ID_SIZE = 24 };

void hammer_init(struct hammer *h, hf_store *store, uint64_t items, bool complete)
{
	*h = (struct hammer){.store = store, .items = items, .complete = complete};
	h->claims = calloc(items, sizeof *h->claims);
	h->tokens = calloc(items, sizeof *h->tokens);
	assert_non_null(h->claims);
	assert_non_null(h->tokens);
	atomic_init(&h->claimed, 0);
	atomic_init(&h->code, HF_OK);
}

void hammer_deinit(struct hammer *h)
{
	free(h->claims);
	free((void *)h->tokens);
}

void hammer_note(struct hammer *h, int rc)
{
	int none = HF_OK;
	if (rc != HF_OK)
		(void)atomic_compare_exchange_strong(&h->code, &none, rc);
}

void hammer_fill(struct hammer *h, uint64_t first, uint64_t count)
{
	static const char payload[] = "one hundred bytes would do as well";
	struct hf_outbox_input inputs[FILL_AT_ONCE];
	char ids[FILL_AT_ONCE][ID_SIZE];
	for (uint64_t done = 0; done < count;) {
		size_t n = 0;
		for (; n < FILL_AT_ONCE && done < count; n++, done++) {
			(void)snprintf(ids[n], ID_SIZE, "%" PRIu64, first + done);
			inputs[n] = (struct hf_outbox_input){.id = hf_str(ids[n]), .payload = hf_str(payload)};
		}
		const struct hf_outbox_enqueue_many_args args = {.write = {.durability = HF_OS},
		                                                 .queue = hf_str(HAMMER_QUEUE),
		                                                 .items = inputs,
		                                                 .count = n};
		struct hf_result result = {0};
		hammer_note(h, hf_outbox_enqueue_many(h->store, NULL, &args, &result, NULL));
		if (result.count != n)
			hammer_note(h, HF_ECONFLICT);
	}
}

static void finish(struct hammer *h, const struct hf_outbox_item *item)
{
	const struct hf_outbox_complete_args args = {
	    .queue = hf_str(HAMMER_QUEUE), .id = item->id, .token = item->token};
	hammer_note(h, hf_outbox_complete(h->store, NULL, &args, NULL, NULL));
}

bool hammer_claim(struct hammer *h)
{
	struct hf_outbox_items got = {0};
	const struct hf_outbox_claim_next_args args = {
	    .queue = hf_str(HAMMER_QUEUE), .max = 1, .owner = hf_str("worker")};
	const int rc = hf_outbox_claim_next(h->store, NULL, &args, &got, NULL, NULL);
	hammer_note(h, rc);
	if (rc != HF_OK || got.count == 0)
		return false;
	const uint64_t item = strtoull((const char *)got.items[0].id.data, NULL, 10);
	if (got.count != 1 || item >= h->items) {
		hammer_note(h, HF_ECORRUPT);
	} else {
		(void)atomic_fetch_add(&h->claims[item], 1);
		atomic_store(&h->tokens[item], got.items[0].token);
		(void)atomic_fetch_add(&h->claimed, 1);
		if (h->complete)
			finish(h, &got.items[0]);
	}
	hf_release(got.memory);
	return true;
}

static void *claim_all(void *arg)
{
	while (hammer_claim(arg))
		;
	return NULL;
}

void hammer_run(struct hammer *h)
{
	pthread_t threads[HAMMER_THREADS];
	for (unsigned i = 0; i < HAMMER_THREADS; i++)
		assert_int_equal(hf__thread_start(&threads[i], claim_all, h), 0);
	for (unsigned i = 0; i < HAMMER_THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
}

static int compare_tokens(const void *a, const void *b)
{
	const uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
	return left < right ? -1 : left > right;
}

void hammer_expect_each_once(struct hammer *h)
{
	assert_int_equal(atomic_load(&h->code), HF_OK);
	assert_true(atomic_load(&h->claimed) == h->items);
	uint64_t *tokens = calloc(h->items, sizeof *tokens);
	assert_non_null(tokens);
	for (uint64_t i = 0; i < h->items; i++) {
		assert_int_equal(atomic_load(&h->claims[i]), 1);
		tokens[i] = atomic_load(&h->tokens[i]);
	}
	qsort(tokens, h->items, sizeof *tokens, compare_tokens);
	assert_true(tokens[0] != 0);
	for (uint64_t i = 1; i < h->items; i++)
		assert_true(tokens[i] != tokens[i - 1]);
	free(tokens);
}
