/* Members are called like those of the library's structs, so that who reads the headers knows
 * the JSON. */
#include "print/show.h"
#include "cli/orders.h"

void show_uuid(struct out *out, const uint8_t uuid[16])
{
	char text[40];
	size_t at = 0;
	for (size_t i = 0; i < 16; i++) {
		at += (size_t)snprintf(text + at, sizeof text - at, "%s%02x",
		                       i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", uuid[i]);
	}
	out_text(out, "uuid", text);
}

void show_inbox_record(struct out *out, const struct hf_inbox_record *record, bool with_payload)
{
	out_begin(out, "inbox-record");
	out_bytes(out, "user", record->key.user);
	out_bytes(out, "account", record->key.account);
	out_bytes(out, "thread", record->key.thread);
	out_bool(out, "unread", record->unread);
	out_bool(out, "dismissed", record->dismissed);
	out_real(out, "score", record->score);
	out_time(out, "updated_at", record->updated_at);
	out_time(out, "snapshot_at", record->snapshot_at);
	out_time(out, "seen_at", record->seen_at);
	out_time(out, "read_at", record->read_at);
	out_time(out, "dismissed_at", record->dismissed_at);
	out_time(out, "snoozed_until", record->snoozed_until);
	out_u64(out, "saved", record->saved);
	out_u64(out, "version", record->version);
	if (with_payload)
		out_bytes(out, "payload", record->payload);
	out_end(out);
}

void show_tombstone(struct out *out, const struct hf_inbox_tombstone *tomb)
{
	out_begin(out, "inbox-tombstone");
	out_bytes(out, "user", tomb->key.user);
	out_bytes(out, "account", tomb->key.account);
	out_bytes(out, "thread", tomb->key.thread);
	out_bool(out, "dismissed", tomb->dismissed);
	out_time(out, "dismissed_at", tomb->dismissed_at);
	out_time(out, "until", tomb->until);
	out_u64(out, "version", tomb->version);
	out_end(out);
}

void show_cursor(struct out *out, const struct hf_cursor *cursor, const int64_t *lag)
{
	out_begin(out, lag ? "cursor-lag" : "cursor");
	out_bytes(out, "consumer", cursor->key.consumer);
	out_bytes(out, "stream", cursor->key.stream);
	out_bytes(out, "subject", cursor->key.subject);
	out_i64(out, "last_sequence", cursor->last_sequence);
	if (lag)
		out_i64(out, "lag", *lag);
	out_bytes(out, "last_delivery_id", cursor->last_delivery_id);
	out_time(out, "last_delivered_at", cursor->last_delivered_at);
	out_bytes(out, "last_error", cursor->last_error);
	out_u64(out, "error_count", cursor->error_count);
	out_time(out, "updated_at", cursor->updated_at);
	out_bytes(out, "reset_reason", cursor->reset_reason);
	out_time(out, "reset_at", cursor->reset_at);
	out_u64(out, "version", cursor->version);
	out_end(out);
}

void show_reset(struct out *out, const struct hf_cursor_reset_args *args,
                const struct hf_cursor *there)
{
	out_begin(out, "cursor-reset");
	out_bytes(out, "consumer", args->key.consumer);
	out_bytes(out, "stream", args->key.stream);
	out_bytes(out, "subject", args->key.subject);
	if (there) {
		out_i64(out, "last_sequence", there->last_sequence);
		out_bytes(out, "last_delivery_id", there->last_delivery_id);
	} else {
		out_text(out, "last_sequence", NULL);
	}
	out_i64(out, "sequence", args->sequence);
	out_bytes(out, "delivery_id", args->delivery_id);
	out_time(out, "delivered_at", args->delivered_at);
	out_bytes(out, "reason", args->reason);
	out_bool(out, "dry_run", true);
	out_end(out);
}

static const char *status_name(enum hf_outbox_status status)
{
	return status == HF_OUTBOX_SENDING  ? "sending"
	       : status == HF_OUTBOX_FAILED ? "failed"
	                                    : "queued";
}

static void show_rerun(struct out *out, const struct hf_outbox_rerun *rerun, bool with_payload)
{
	out_open(out, "rerun");
	out_time(out, "enqueued_at", rerun->enqueued_at);
	out_time(out, "available_at", rerun->available_at);
	if (with_payload)
		out_bytes(out, "payload", rerun->payload);
	out_close(out);
}

void show_outbox_claim(struct out *out, struct hf_bytes queue, const struct hf_outbox_item *item,
                       hf_time claimed_at)
{
	out_begin(out, "outbox-claim");
	out_bytes(out, "queue", queue);
	out_bytes(out, "id", item->id);
	out_bytes(out, "owner", item->owner);
	out_u64(out, "token", item->token);
	out_time(out, "claimed_at", claimed_at);
	out_time(out, "lease_until", item->lease_until);
	out_time(out, "enqueued_at", item->enqueued_at);
	out_int(out, "attempts", (long)item->attempts);
	out_int(out, "lost", (long)item->lost);
	out_time(out, "run_until", item->run_until);
	out_bytes(out, "group", item->group);
	out_end(out);
}

void show_outbox_item(struct out *out, struct hf_bytes queue, const struct hf_outbox_item *item,
                      bool with_payload)
{
	out_begin(out, "outbox-item");
	out_bytes(out, "queue", queue);
	out_bytes(out, "id", item->id);
	out_text(out, "status", status_name(item->status));
	out_int(out, "attempts", (long)item->attempts);
	out_int(out, "lost", (long)item->lost);
	out_int(out, "max_attempts", (long)item->max_attempts);
	out_int(out, "priority", item->priority);
	out_time(out, "enqueued_at", item->enqueued_at);
	out_time(out, "available_at", item->available_at);
	out_bytes(out, "last_error", item->last_error);
	out_bytes(out, "group", item->group);
	if (item->extra.len > 0)
		out_bytes(out, "extra", item->extra);
	if (item->rerun)
		show_rerun(out, item->rerun, with_payload);
	if (item->status == HF_OUTBOX_SENDING) {
		out_u64(out, "token", item->token);
		out_bytes(out, "owner", item->owner);
		out_time(out, "lease_until", item->lease_until);
		out_time(out, "run_until", item->run_until);
	}
	out_u64(out, "version", item->version);
	if (with_payload)
		out_bytes(out, "payload", item->payload);
	out_end(out);
}

static void show_count(struct out *out, const char *name,
                       const struct hf_outbox_status_stats *count)
{
	out_open(out, name);
	out_u64(out, "items", count->items);
	out_time(out, "oldest", count->oldest);
	out_close(out);
}

void show_outbox_stats(struct out *out, struct hf_bytes queue, const struct hf_outbox_stats *stats)
{
	out_begin(out, "outbox-stats");
	out_bytes(out, "queue", queue);
	show_count(out, "queued", &stats->queued);
	show_count(out, "sending", &stats->sending);
	show_count(out, "failed", &stats->failed);
	out_u64(out, "ready", stats->ready);
	out_u64(out, "delayed", stats->delayed);
	out_u64(out, "blocked", stats->blocked);
	out_time(out, "oldest_due", stats->oldest_due);
	out_int(out, "max_attempts", (long)stats->max_attempts);
	if (stats->max_lost == HF_NEVER)
		out_text(out, "max_lost", "never");
	else
		out_int(out, "max_lost", (long)stats->max_lost);
	out_bool(out, "paused", stats->paused);
	out_u64(out, "groups", stats->groups);
	out_u64(out, "busy_groups", stats->busy_groups);
	out_i64(out, "dedup_window_us", stats->dedup_window_us);
	out_int(out, "dedup_max", (long)stats->dedup_max);
	out_u64(out, "completed", stats->completed);
	out_u64(out, "dropped", stats->dropped);
	out_u64(out, "settings_version", stats->settings_version);
	out_time(out, "as_of", stats->as_of);
	out_end(out);
}

void show_inbox_counts(struct out *out, struct hf_bytes user, const struct hf_inbox_counts *counts)
{
	out_begin(out, "inbox-counts");
	out_bytes(out, "user", user);
	out_u64(out, "total", counts->total);
	out_u64(out, "unread", counts->unread);
	out_u64(out, "unseen", counts->unseen);
	out_u64(out, "dismissed", counts->dismissed);
	out_end(out);
}

void show_timeline_event(struct out *out, const struct hf_timeline_event *event, bool with_payload)
{
	out_begin(out, "timeline-event");
	out_bytes(out, "timeline", event->key.timeline);
	out_bytes(out, "id", event->key.id);
	out_bytes(out, "type", event->type);
	out_bytes(out, "subject", event->subject);
	out_time(out, "happened_at", event->happened_at);
	out_u64(out, "version", event->version);
	if (with_payload)
		out_bytes(out, "payload", event->payload);
	out_end(out);
}

void show_list_end(struct cli *cli, size_t count, const char *next)
{
	out_list_end(cli->out, next);
	if (cli->json)
		return;
	if (count == 0)
		cli_note(cli, "nothing there");
	if (next)
		cli_note(cli, "there is more: --page %s", next);
}

void show_raw(struct out *out, struct hf_bytes payload)
{
	out_raw(out, payload.data, payload.len);
}

void show_idempotency_entry(struct out *out, const struct hf_idempotency_entry *entry,
                            bool with_response)
{
	out_begin(out, "idempotency-entry");
	out_bytes(out, "scope", entry->key.scope);
	out_bytes(out, "key", entry->key.key);
	out_bytes(out, "fingerprint", entry->fingerprint);
	out_text(out, "state", entry->done ? "done" : "in_progress");
	out_int(out, "status", entry->status);
	out_time(out, "created_at", entry->created_at);
	out_time(out, "expires_at", entry->expires_at);
	if (!entry->done) {
		out_u64(out, "token", entry->token);
		out_time(out, "lease_until", entry->lease_until);
	}
	out_u64(out, "version", entry->version);
	if (with_response)
		out_bytes(out, "response", entry->response);
	out_end(out);
}

void show_document(struct out *out, const struct hf_document *document, bool with_payload)
{
	out_begin(out, "document");
	out_bytes(out, "collection", document->key.collection);
	out_bytes(out, "id", document->key.id);
	out_bytes(out, "group", document->group);
	out_time(out, "created_at", document->created_at);
	out_time(out, "updated_at", document->updated_at);
	out_time(out, "expires_at", document->expires_at);
	out_u64(out, "version", document->version);
	if (with_payload)
		out_bytes(out, "payload", document->payload);
	out_end(out);
}

void show_document_count(struct out *out, const struct hf_document_count_args *of,
                         const struct hf_document_counts *counted)
{
	char orders[ORDERS_TEXT_SIZE];
	orders_text(counted->orders, orders);
	out_begin(out, "document-count");
	out_bytes(out, "collection", of->collection);
	if (of->by_group)
		out_bytes(out, "group", of->group);
	out_u64(out, "documents", counted->documents);
	out_text(out, "orders", orders);
	out_time(out, "as_of", counted->as_of);
	out_end(out);
}

void show_lock(struct out *out, const struct hf_lock *lock)
{
	out_begin(out, "lock");
	out_bytes(out, "name", lock->name);
	out_bytes(out, "owner", lock->owner);
	out_time(out, "acquired_at", lock->acquired_at);
	out_time(out, "lease_until", lock->lease_until);
	out_u64(out, "token", lock->token);
	out_u64(out, "version", lock->version);
	out_end(out);
}
