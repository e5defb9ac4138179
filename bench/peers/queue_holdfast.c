/* The store: an outbox. The id of an item is its number, eight bytes without a NUL. */
#include "holdfast/outbox.h"
#include "holdfast/outbox_claim.h"
#include "holdfast/outbox_read.h"
#include "holdfast/store.h"
#include "peers/queue.h"

#include <stdio.h>
#include <string.h>

enum { ID = 16 };

static bool complain(const char *what, const struct hf_error *error)
{
	fprintf(stderr, "holdfast, %s: %s: %s\n", what, hf_code_name(error->code), error->text);
	return false;
}

static void *open_it(const struct peer_config *config)
{
	const struct hf_options options = {.create = true};
	struct hf_error error = {0};
	hf_store *store;
	if (hf_open(config->directory, &options, &store, &error) == HF_OK)
		return store;
	(void)complain("open", &error);
	return NULL;
}

static struct hf_bytes id_of(uint64_t number, char id[ID])
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = ID; i-- > 0; number >>= 4)
		id[i] = digits[number & 15];
	return hf_bytes_of(id, ID);
}

static uint64_t number_of(struct hf_bytes id)
{
	const char *digits = id.data;
	uint64_t number = 0;
	for (size_t i = 0; i < id.len; i++)
		number =
		    number << 4 | (uint64_t)(digits[i] <= '9' ? digits[i] - '0' : digits[i] - 'a' + 10);
	return number;
}

static bool enqueue(void *self, unsigned thread, uint64_t number, const void *payload, size_t len)
{
	char id[ID];
	const struct hf_outbox_enqueue_args args = {.queue = hf_bytes_of("bench", 5),
	                                            .id = id_of(number, id),
	                                            .payload = hf_bytes_of(payload, len)};
	struct hf_error error = {0};
	(void)thread;
	return hf_outbox_enqueue(self, NULL, &args, NULL, &error) == HF_OK ||
	       complain("enqueue", &error);
}

static bool claim(void *self, unsigned thread, struct job *out)
{
	const struct hf_outbox_claim_next_args args = {.queue = hf_bytes_of("bench", 5),
	                                               .owner = hf_bytes_of("worker", 6)};
	struct hf_outbox_items items = {0};
	struct hf_error error = {0};
	(void)thread;
	if (hf_outbox_claim_next(self, NULL, &args, &items, NULL, &error) != HF_OK)
		return complain("claim", &error);
	const bool good = items.count == 1 && items.items[0].payload.len <= ROW_VALUE_MAX;
	if (good) {
		out->id = number_of(items.items[0].id);
		out->token = items.items[0].token;
		out->len = items.items[0].payload.len;
		memcpy(out->payload, items.items[0].payload.data, out->len);
	}
	hf_release(items.memory);
	return good;
}

static bool complete(void *self, unsigned thread, const struct job *job)
{
	char id[ID];
	const struct hf_outbox_complete_args args = {
	    .queue = hf_bytes_of("bench", 5), .id = id_of(job->id, id), .token = job->token};
	struct hf_error error = {0};
	(void)thread;
	return hf_outbox_complete(self, NULL, &args, NULL, &error) == HF_OK ||
	       complain("complete", &error);
}

static bool close_it(void *self)
{
	struct hf_error error = {0};
	return hf_close(self, &error) == HF_OK || complain("close", &error);
}

const struct queue queue_holdfast = {.name = "holdfast",
                                     .settings = "default options; enqueue, claim_next and "
                                                 "complete are each durable",
                                     .open = open_it,
                                     .enqueue = enqueue,
                                     .claim = claim,
                                     .complete = complete,
                                     .close = close_it};
