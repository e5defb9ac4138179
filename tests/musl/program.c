/* The first thing that a program does with a store, over another C library: see run. */
#include <stdio.h>

#include "holdfast/holdfast.h"

static int fail(const struct hf_error *error)
{
	fprintf(stderr, "%s: %s\n", hf_code_name(error->code), error->text);
	return 1;
}

int main(int argc, char **argv)
{
	const struct hf_options options = {.create = true, .allow_unsafe_fs = true};
	const struct hf_outbox_enqueue_args enqueue = {
	    .queue = hf_str("q"), .id = hf_str("a"), .payload = hf_str("x")};
	const struct hf_outbox_claim_next_args claim = {.queue = hf_str("q"), .owner = hf_str("w")};
	struct hf_outbox_items items = {0};
	struct hf_error error;
	hf_store *store;
	if (argc != 2)
		return 2;
	if (hf_open(argv[1], &options, &store, &error) != HF_OK)
		return fail(&error);
	if (hf_outbox_enqueue(store, NULL, &enqueue, NULL, &error) != HF_OK)
		return fail(&error);
	if (hf_outbox_claim_next(store, NULL, &claim, &items, NULL, &error) != HF_OK)
		return fail(&error);
	const size_t count = items.count;
	hf_release(items.memory);
	if (hf_close(store, &error) != HF_OK)
		return fail(&error);
	return count == 1 ? 0 : 3;
}
