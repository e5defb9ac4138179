/* Watching a queue: a subscription to what concerns it. */
#include "base/text.h"
#include "holdfast/outbox_drain.h"
#include "store/call/error.h"

int hf_outbox_subscribe(hf_store *store, struct hf_bytes queue, hf_event_fn callback, void *ctx,
                        hf_subscription **out, struct hf_error *error)
{
	HF__CALL;
	const struct hf_subscribe_args args = {
	    .domain = "outbox", .key = {queue}, .parts = 1, .callback = callback, .ctx = ctx};
	*out = NULL;
	if (!hf__key_part_ok(queue, false))
		return hf__fail(error, HF_EINVAL, 0,
		                "outbox subscribe: a queue's name has 1 to %u bytes and no NUL",
		                HF_KEY_MAX);
	if (!callback)
		return hf__fail(error, HF_EINVAL, 0, "outbox subscribe: a callback is needed");
	return hf_subscribe(store, &args, out, error);
}

void hf_outbox_unsubscribe(hf_subscription *subscription)
{
	HF__CALL;
	hf_unsubscribe(subscription);
}
