/* The files of the log, as the store that writes them sees them: what retention and its own
 * subscriptions keep is known there alone. */
#include "store/check/readonly.h"
#include "store/compact/compact.h"
#include "store/watch/watch.h"

struct live {
	hf_segment_fn each;
	void *ctx;
	struct hf__retained retained;
	uint64_t wanted; /* the oldest entry that a subscription has not been given */
};

static void tell(void *ctx, const struct hf_segment *segment)
{
	const struct live *live = ctx;
	const struct hf__retained *kept = &live->retained;
	struct hf_segment is = *segment;
	const bool retained =
	    kept->lsn > 0 && (is.snapshot ? is.last_lsn >= kept->lsn : is.number >= kept->segment);
	if (is.keeper == HF_SEGMENT_COVERED && retained)
		is.keeper = HF_SEGMENT_RETAINED;
	else if (is.keeper == HF_SEGMENT_COVERED && !is.snapshot && is.last_lsn >= live->wanted)
		is.keeper = HF_SEGMENT_SUBSCRIBED;
	live->each(live->ctx, &is);
}

int hf_segments_of(hf_store *store, hf_segment_fn each, void *ctx, struct hf_error *error)
{
	HF__CALL;
	struct live live = {.each = each, .ctx = ctx};
	int rc = each ? hf__check_writable(store, error)
	              : hf__fail(error, HF_EINVAL, 0, "a callback is needed");
	if (rc == HF_OK)
		rc = hf__call_begin(store, error); /* closing waits for it */
	if (rc != HF_OK)
		return rc;
	rc = hf__retained(store, &live.retained, error);
	live.wanted = store->watch ? hf__watch_floor(store->watch) : HF__LSN_MAX;
	if (rc == HF_OK)
		rc = hf__segments_each(store->os, store->domains, tell, &live, error);
	hf__call_end(store);
	return rc;
}
