/* Items, settings and completed ids of queues, as load.h has them. */
#include "files/load_parts.h"

#include "print/text.h"

static bool equal_reruns(const struct hf_outbox_rerun *a, const struct hf_outbox_rerun *b)
{
	if (!a || !b)
		return !a && !b;
	return equal_bytes(a->payload, b->payload) && a->enqueued_at == b->enqueued_at &&
	       a->available_at == b->available_at && a->available_computed == b->available_computed;
}

static bool equal_items(const struct hf_outbox_item *there, const struct hf_outbox_item *given,
                        bool whole)
{
	const bool basics = equal_bytes(there->payload, given->payload) &&
	                    there->status == given->status && there->attempts == given->attempts &&
	                    there->enqueued_at == given->enqueued_at &&
	                    equal_bytes(there->extra, given->extra);
	return basics &&
	       (!whole ||
	        (equal_bytes(there->group, given->group) && equal_reruns(there->rerun, given->rerun) &&
	         there->lost == given->lost && there->available_computed == given->available_computed &&
	         there->max_attempts == given->max_attempts && there->priority == given->priority &&
	         there->available_at == given->available_at &&
	         equal_bytes(there->last_error, given->last_error)));
}

static int put_item(struct load *load, struct hf_bytes queue, const struct hf_outbox_item *item,
                    hf_lsn expect, uint64_t *count)
{
	struct hf_error error = {0};
	const struct hf_outbox_put_args args = {
	    .write = {.expect = expect, .literal_times = true}, .queue = queue, .item = *item};
	return load_added(load, hf_outbox_put(load->cli->store, load->txn, &args, NULL, &error), &error,
	                  count);
}

int load_item(struct load *load, struct hf_bytes queue, const struct hf_outbox_item *item,
              bool whole)
{
	const struct hf_outbox_key key = {.queue = queue, .id = item->id};
	struct hf_outbox_got got;
	struct hf_error error = {0};
	int rc = load_make_room(load, queue.len + item->id.len + item->payload.len +
	                                  item->last_error.len + item->group.len + item->extra.len +
	                                  (item->rerun ? item->rerun->payload.len : 0));
	if (rc != CLI_OK || load->pass == LOAD_CHECK)
		return rc;
	rc = hf_outbox_get(load->cli->store, &key, 0, &got, &error);
	if (rc == HF_ENOTFOUND)
		return put_item(load, queue, item, HF_ABSENT, &load->added);
	if (rc != HF_OK)
		return load_refused(load, &error);
	if (equal_items(&got.item, item, whole)) {
		load->same++;
		rc = CLI_OK;
	} else if (!load->replace) {
		rc = load_conflict(load, "item", item->id);
	} else {
		rc = put_item(load, queue, item, got.item.version, &load->replaced);
	}
	hf_release(got.memory);
	return rc;
}

static bool equal_settings(const struct hf_outbox_stats *there,
                           const struct hf_outbox_configure_args *given, bool paused)
{
	return there->max_attempts ==
	           (given->max_attempts ? given->max_attempts : HF_OUTBOX_ATTEMPTS) &&
	       there->max_lost == (given->max_lost ? given->max_lost : HF_OUTBOX_LOST_MAX) &&
	       there->dedup_window_us == given->dedup_window_us &&
	       there->dedup_max == (given->dedup_max ? given->dedup_max : HF_OUTBOX_DEDUP_MAX) &&
	       there->paused == paused;
}

int load_queue(struct load *load, const struct hf_outbox_configure_args *settings, bool paused)
{
	const struct hf_outbox_pause_args pause = {.queue = settings->queue};
	struct hf_outbox_stats stats;
	struct hf_error error = {0};
	uint64_t none = 0;
	int rc = load_make_room(load, 2 * settings->queue.len);
	if (rc != CLI_OK || load->pass == LOAD_CHECK)
		return rc;
	rc = hf_outbox_get_stats(load->cli->store, settings->queue, 0, &stats, &error);
	if (rc != HF_OK)
		return load_refused(load, &error);
	if (stats.settings_version != 0 && equal_settings(&stats, settings, paused)) {
		load->same++;
		return CLI_OK;
	}
	if (stats.settings_version != 0 && !load->replace)
		return load_conflict(load, "queue", settings->queue);
	rc = hf_outbox_configure(load->cli->store, load->txn, settings, NULL, &error);
	rc = load_added(load, rc, &error, stats.settings_version ? &load->replaced : &load->added);
	if (rc != CLI_OK || paused == stats.paused)
		return rc;
	rc = (paused ? hf_outbox_pause : hf_outbox_resume)(load->cli->store, load->txn, &pause, NULL,
	                                                   &error);
	return load_added(load, rc, &error, &none);
}

int load_completed(struct load *load, struct hf_bytes queue, struct hf_bytes id, hf_time until)
{
	const struct hf_outbox_list_completed_args list = {.queue = queue, .id = id};
	const struct hf_outbox_put_completed_args args = {
	    .write.literal_times = true, .queue = queue, .id = id, .until = until};
	struct hf_outbox_completed_page there;
	struct hf_error error = {0};
	int rc = load_make_room(load, queue.len + id.len);
	if (rc != CLI_OK || load->pass == LOAD_CHECK)
		return rc;
	if (id.len == 0) /* the list would take it for all */
		return load_fail(load, HF_EINVAL, "\"id\" is missing or empty");
	rc = hf_outbox_list_completed(load->cli->store, &list, 0, &there, &error);
	if (rc != HF_OK)
		return load_refused(load, &error);
	const bool known = there.count > 0, same = known && there.ids[0].until == until;
	hf_release(there.memory);
	if (known && !same && !load->replace)
		return load_conflict(load, "the completed id", id);
	rc = hf_outbox_put_completed(load->cli->store, load->txn, &args, NULL, &error);
	return load_added(load, rc, &error,
	                  same || (!known && load_is_over(load, until)) ? &load->same
	                  : known                                       ? &load->replaced
	                                                                : &load->added);
}
