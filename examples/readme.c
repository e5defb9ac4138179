#include <holdfast/holdfast.h>
#include <stdio.h>

static int failed(const struct hf_error *error)
{
	fprintf(stderr, "%s: %s\n", hf_code_name(error->code), error->text);
	return 1;
}

int main(void)
{
	struct hf_options options = {.create = true};
	struct hf_outbox_enqueue_args mail = {
	    .queue = hf_str("mail"),
	    .id = hf_str("welcome-7"),
	    .payload = hf_str("{\"to\":7}"),
	};
	struct hf_cursor_advance_args ack = {
	    .key = {hf_str("mailer"), hf_str("signups"), {0}},
	    .sequence = 7,
	    .delivery_id = hf_str("s-7"),
	};
	struct hf_outbox_claim_next_args next = {
	    .queue = hf_str("mail"),
	    .owner = hf_str("worker 1"),
	    .lease_us = 30000000,
	};
	struct hf_outbox_items got = {0};
	struct hf_error error;
	hf_store *store;
	hf_txn *txn;

	if (hf_open("state", &options, &store, &error))
		return failed(&error);

	/* Both or neither, and once the commit has returned, both survive a power cut. */
	if (hf_txn_begin(store, &txn, &error) || hf_outbox_enqueue(store, txn, &mail, NULL, &error) ||
	    hf_cursor_advance(store, txn, &ack, NULL, &error) || hf_txn_commit(txn, HF_DURABLE, &error))
		return failed(&error);

	/* Of any number of workers exactly one gets the item; its token ends with the lease. */
	if (hf_outbox_claim_next(store, NULL, &next, &got, NULL, &error))
		return failed(&error);
	for (size_t i = 0; i < got.count; i++) {
		const struct hf_outbox_item *item = &got.items[i];
		struct hf_outbox_complete_args done = {
		    .queue = next.queue,
		    .id = item->id,
		    .token = item->token,
		};
		printf("sending %.*s\n", (int)item->payload.len, (const char *)item->payload.data);
		if (hf_outbox_complete(store, NULL, &done, NULL, &error))
			return failed(&error);
	}
	hf_release(got.memory);
	return hf_close(store, &error) ? failed(&error) : 0;
}
