/* The change feed and subscriptions. See holdfast/api.h. */
#include "holdfast/feed.h"
#include "api/row.h"

/* clang-format off */
const struct hf_api_struct hf__api_event = STRUCT(hf_event,
	{AT(hf_event, lsn), HF_API_LSN},
	{AT(hf_event, at), HF_API_TIME},
	{AT(hf_event, domain), HF_API_STRING},
	{AT(hf_event, operation), HF_API_STRING},
	{AT(hf_event, key), HF_API_KEY, .elements = 3},
	{AT(hf_event, parts), HF_API_UINT},
	{AT(hf_event, removed), HF_API_BOOL},
	{AT(hf_event, many), HF_API_BOOL},
	{AT(hf_event, transaction_end), HF_API_BOOL},
	{AT(hf_event, reason), HF_API_TEXT},
	{AT(hf_event, lost), HF_API_UINT},
	{AT(hf_event, domain_id), HF_API_UINT},
	{AT(hf_event, kind), HF_API_UINT},
	{AT(hf_event, body), HF_API_BYTES});

const struct hf_api_struct hf__api_event_batch = SIZED(hf_event_batch,
	{AT(hf_event_batch, events), HF_API_MANY, .of = &hf__api_event},
	{AT(hf_event_batch, count), HF_API_UINT},
	{AT(hf_event_batch, next), HF_API_LSN},
	{AT(hf_event_batch, memory), HF_API_MEMORY});

const struct hf_api_struct hf__api_subscribe_args = SIZED(hf_subscribe_args,
	{AT(hf_subscribe_args, domain), HF_API_STRING, .zero = "all"},
	{AT(hf_subscribe_args, key), HF_API_KEY, .elements = 3},
	{AT(hf_subscribe_args, parts), HF_API_UINT},
	{AT(hf_subscribe_args, ring), HF_API_UINT, .zero = "1,024"},
	{AT(hf_subscribe_args, callback), HF_API_FUNCTION, .zero = "none"},
	{AT(hf_subscribe_args, ctx), HF_API_CONTEXT});

static const struct hf_api_struct *const structs[] = {
	&hf__api_event, &hf__api_event_batch, &hf__api_subscribe_args, NULL,
};

static const struct hf_api_call calls[] = {
	{CALL(hf_event_text), HF_API_PLAIN_CALL, .takes = &hf__api_event},
	{CALL(hf_event_concerns), HF_API_PLAIN_CALL, .takes = &hf__api_event},
	{CALL(hf_feed_open), HF_API_PLAIN_CALL},
	{CALL(hf_feed_open_path), HF_API_PLAIN_CALL},
	{CALL(hf_feed_next), HF_API_WAIT_CALL, .fills = &hf__api_event_batch},
	{CALL(hf_feed_next_start), HF_API_PLAIN_CALL},
	{CALL(hf_feed_next_take), HF_API_PLAIN_CALL, .fills = &hf__api_event_batch},
	{CALL(hf_feed_wake), HF_API_PLAIN_CALL},
	{CALL(hf_feed_close), HF_API_PLAIN_CALL},
	{CALL(hf_subscribe), HF_API_PLAIN_CALL, .takes = &hf__api_subscribe_args},
	{CALL(hf_subscription_eventfd), HF_API_PLAIN_CALL},
	{CALL(hf_subscription_next), HF_API_WAIT_CALL, .fills = &hf__api_event_batch},
	{CALL(hf_unsubscribe), HF_API_PLAIN_CALL},
	{0},
};

const struct hf_api_part hf__api_feed_part = {"feed", structs, calls};
