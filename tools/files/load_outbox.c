/* Items, settings and completed ids of queues, as load.h has them. */
#include "files/load_parts.h"

#include "print/text.h"

int load_item(struct load *load, const struct hf_outbox_item *item, bool whole)
{
	static const char *const entry = "payload status attempts enqueued_at extra";
	const struct load_how how = {"hf_outbox_item",
	                             "hf_outbox_get",
	                             "hf_outbox_put",
	                             "item",
	                             "id",
	                             "token owner lease_until run_until version",
	                             whole ? NULL : entry,
	                             .expects = true};
	return load_object(load, &how, item, &load->added, &load->replaced);
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
	struct hf_outbox_stats stats = {0};
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

int load_completed(struct load *load, struct hf_bytes queue,
                   const struct hf_outbox_completed_id *completed)
{
	const struct hf_bytes id = completed->id;
	const hf_time until = completed->until;
	const struct hf_outbox_list_completed_args list = {.queue = queue, .id = id};
	const struct hf_outbox_put_completed_args args = {
	    .write.literal_times = true, .queue = queue, .id = id, .until = until};
	struct hf_outbox_completed_page there = {0};
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
