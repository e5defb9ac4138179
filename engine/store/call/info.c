/* What a store says of itself: how far it is, and its figures. */
#include "store/follow/follow.h"
#include "store/metrics/own.h"

uint64_t hf__passed_lsn(struct hf_store *store)
{
	(void)pthread_mutex_lock(&store->lock);
	const uint64_t passed = store->world.next_lsn - 1;
	(void)pthread_mutex_unlock(&store->lock);
	return passed;
}

void hf__info_fill(struct hf_store *store, struct hf_info *out)
{
	*out = store->info;
	memcpy(out->uuid, store->id.uuid, sizeof out->uuid);
	out->epoch = store->id.epoch;
	out->format = store->identity.format_major;
	/* No LSN of this opening gets out before its first group is durable: a power loss could
	 * issue it again. */
	out->durable_lsn = hf__durable_end(store);
	out->last_lsn = out->durable_lsn >= store->world.incarnation_lsn
	                    ? atomic_load(&store->written_lsn)
	                    : out->durable_lsn;
	out->segment = store->writer.end.segment;
	out->segment_offset = store->writer.end.offset;
	out->fault = atomic_load(&store->fault);
	out->clock = hf__clock(store);
	out->clock_ahead_us = hf__clock_ahead(store, out->clock);
	out->compactions = store->compaction.done;
	out->log_bytes = store->compaction.logged;
	out->snapshot_bytes = store->compaction.live_bytes;
	out->signals = atomic_load(&store->async.signals);
	out->read_only = store->follow != NULL;
	out->writer = !store->follow || store->follow->held;
	if (store->follow) {
		out->segment = store->follow->tail.segment;
		out->segment_offset = store->follow->tail.offset;
	}
}

int hf_get_info(hf_store *store, struct hf_info *out, struct hf_error *error)
{
	HF__CALL;
	struct hf_info info = {0};
	int rc = hf__can_give(&hf__api_info, out, error);
	if (rc == HF_OK)
		rc = hf__check_fork(store, error);
	if (rc == HF_OK)
		rc = hf__follow_begin(store, error);
	if (rc != HF_OK)
		return rc;
	(void)pthread_mutex_lock(&store->lock);
	hf__info_fill(store, &info);
	(void)pthread_mutex_unlock(&store->lock);
	hf__follow_end(store);
	hf__give(&hf__api_info, out, &info);
	return HF_OK;
}
