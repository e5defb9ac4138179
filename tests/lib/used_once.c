#include "lib/used_once.h"
#include "lib/test.h"

#define FAR INT64_C(4000000000000000)

static int ok_if(bool good)
{
	return good ? HF_OK : HF_ECORRUPT;
}

static int inbox_fill(hf_store *store, hf_txn *txn, const char *name)
{
	const struct hf_inbox_input input = {
	    .thread = hf_str("t"), .payload = hf_str("p"), .updated_at = 1};
	const struct hf_inbox_save_args args = {
	    .user = hf_str(name), .records = &input, .count = 1, .generated_at = HF_UNSET};
	return hf_inbox_save(store, txn, &args, NULL, NULL);
}

static int inbox_empty(hf_store *store, hf_txn *txn, const char *name)
{
	return hf_inbox_remove(
	    store, txn,
	    &(struct hf_inbox_remove_args){.key = {.user = hf_str(name), .thread = hf_str("t")}}, NULL,
	    NULL);
}

static int inbox_look(hf_store *store, const char *name, unsigned flags)
{
	struct hf_inbox_counts counts = {0};
	const int rc = hf_inbox_count(store, hf_str(name), flags, &counts, NULL);
	return rc == HF_OK ? ok_if(counts.total == 0) : rc;
}

static int cursor_fill(hf_store *store, hf_txn *txn, const char *name)
{
	const struct hf_cursor_advance_args args = {
	    .key = {.consumer = hf_str("c"), .stream = hf_str(name)}, .sequence = 1};
	return hf_cursor_advance(store, txn, &args, NULL, NULL);
}

static int cursor_empty(hf_store *store, hf_txn *txn, const char *name)
{
	return hf_cursor_remove(
	    store, txn,
	    &(struct hf_cursor_remove_args){.key = {.consumer = hf_str("c"), .stream = hf_str(name)}},
	    NULL, NULL);
}

static int cursor_look(hf_store *store, const char *name, unsigned flags)
{
	struct hf_cursor_got got = {0};
	const struct hf_cursor_key key = {.consumer = hf_str("c"), .stream = hf_str(name)};
	const int rc = hf_cursor_get(store, &key, flags, &got, NULL);
	hf_release(got.memory);
	return rc == HF_ENOTFOUND ? HF_OK : rc == HF_OK ? HF_ECORRUPT : rc;
}

static int outbox_fill(hf_store *store, hf_txn *txn, const char *name)
{
	const struct hf_outbox_enqueue_args args = {
	    .queue = hf_str(name), .id = hf_str("i"), .payload = hf_str("p"), .group = hf_str(name)};
	return hf_outbox_enqueue(store, txn, &args, NULL, NULL);
}

static int outbox_empty(hf_store *store, hf_txn *txn, const char *name)
{
	return hf_outbox_remove(
	    store, txn, &(struct hf_outbox_remove_args){.queue = hf_str(name), .id = hf_str("i")}, NULL,
	    NULL);
}

static int outbox_look(hf_store *store, const char *name, unsigned flags)
{
	struct hf_outbox_stats stats = {0};
	const int rc = hf_outbox_get_stats(store, hf_str(name), flags, &stats, NULL);
	return rc == HF_OK ? ok_if(stats.queued.items == 0) : rc;
}

static int idempotency_fill(hf_store *store, hf_txn *txn, const char *name)
{
	const struct hf_idempotency_put_args args = {.key = {.scope = hf_str(name), .key = hf_str("k")},
	                                             .fingerprint = hf_str("f"),
	                                             .response = hf_str("r"),
	                                             .expires_at = FAR};
	return hf_idempotency_put(store, txn, &args, NULL, NULL);
}

static int idempotency_empty(hf_store *store, hf_txn *txn, const char *name)
{
	const struct hf_idempotency_remove_args args = {
	    .key = {.scope = hf_str(name), .key = hf_str("k")}};
	return hf_idempotency_remove(store, txn, &args, NULL, NULL);
}

static int idempotency_look(hf_store *store, const char *name, unsigned flags)
{
	struct hf_idempotency_counts counts = {0};
	const int rc = hf_idempotency_count(store, hf_str(name), flags, &counts, NULL);
	return rc == HF_OK ? ok_if(counts.done == 0) : rc;
}

static int document_fill(hf_store *store, hf_txn *txn, const char *name)
{
	const struct hf_document_put_args args = {
	    .key = {.collection = hf_str(name), .id = hf_str("d")},
	    .payload = hf_str("p"),
	    .expires_at = FAR};
	return hf_document_put(store, txn, &args, NULL, NULL);
}

static int document_empty(hf_store *store, hf_txn *txn, const char *name)
{
	return hf_document_remove(
	    store, txn,
	    &(struct hf_document_remove_args){.key = {.collection = hf_str(name), .id = hf_str("d")}},
	    NULL, NULL);
}

static int document_look(hf_store *store, const char *name, unsigned flags)
{
	bool found;
	const struct hf_document_key key = {.collection = hf_str(name), .id = hf_str("d")};
	const int rc = hf_document_has(store, &key, flags, &found, NULL);
	return rc == HF_OK ? ok_if(!found) : rc;
}

static int timeline_fill(hf_store *store, hf_txn *txn, const char *name)
{
	const struct hf_timeline_append_args args = {
	    .key = {.timeline = hf_str(name), .id = hf_str("e")},
	    .type = hf_str("t"),
	    .happened_at = 1};
	return hf_timeline_append(store, txn, &args, NULL, NULL);
}

static int timeline_empty(hf_store *store, hf_txn *txn, const char *name)
{
	return hf_timeline_clear(store, txn, &(struct hf_timeline_clear_args){.timeline = hf_str(name)},
	                         NULL, NULL);
}

static int timeline_look(hf_store *store, const char *name, unsigned flags)
{
	uint64_t count;
	const struct hf_timeline_count_args args = {.filter.timeline = hf_str(name)};
	const int rc = hf_timeline_count(store, &args, flags, &count, NULL);
	return rc == HF_OK ? ok_if(count == 0) : rc;
}

static int lock_fill(hf_store *store, hf_txn *txn, const char *name)
{
	const struct hf_lock_put_args args = {
	    .name = hf_str(name), .owner = hf_str("w"), .acquired_at = 1, .lease_until = FAR};
	return hf_lock_put(store, txn, &args, NULL, NULL);
}

static int lock_empty(hf_store *store, hf_txn *txn, const char *name)
{
	return hf_lock_force_release(
	    store, txn,
	    &(struct hf_lock_force_release_args){.name = hf_str(name), .reason = hf_str("r")}, NULL,
	    NULL);
}

static int lock_look(hf_store *store, const char *name, unsigned flags)
{
	struct hf_lock_got got = {0};
	const int rc = hf_lock_get(store, hf_str(name), flags, &got, NULL);
	hf_release(got.memory);
	return rc == HF_ENOTFOUND ? HF_OK : rc == HF_OK ? HF_ECORRUPT : rc;
}

const struct used_once used_once[] = {
    {"inbox", inbox_fill, inbox_empty, hf_inbox_names, inbox_look},
    {"cursor", cursor_fill, cursor_empty, NULL, cursor_look},
    {"outbox", outbox_fill, outbox_empty, hf_outbox_names, outbox_look},
    {"idempotency", idempotency_fill, idempotency_empty, hf_idempotency_names, idempotency_look},
    {"document", document_fill, document_empty, hf_document_names, document_look},
    {"timeline", timeline_fill, timeline_empty, hf_timeline_names, timeline_look},
    {"lock", lock_fill, lock_empty, NULL, lock_look},
};
const size_t used_once_count = sizeof used_once / sizeof *used_once;

void use_once(hf_store *store, const struct used_once *row, const char *prefix, size_t count,
              size_t batch, enum hf_durability durability)
{
	for (size_t at = 0; at < count; at += batch) {
		const size_t end = count - at < batch ? count : at + batch;
		for (unsigned pass = 0; pass < 2; pass++) {
			hf_txn *txn;
			assert_int_equal(hf_txn_begin(store, &txn, NULL), HF_OK);
			for (size_t i = at; i < end; i++) {
				char name[64];
				snprintf(name, sizeof name, "%s%zu", prefix, i);
				const int rc = (pass ? row->empty : row->fill)(store, txn, name);
				if (rc != HF_OK)
					fail_msg("%s: %s: %s", row->domain, name, hf_code_name(rc));
			}
			assert_int_equal(hf_txn_commit(txn, durability, NULL), HF_OK);
		}
	}
}

size_t count_names(hf_store *store, const struct used_once *row)
{
	struct hf_name_page page = {0};
	if (!row->names)
		return 0;
	assert_int_equal(row->names(store, &(struct hf_names_args){0}, 0, &page, NULL), HF_OK);
	const size_t count = page.count;
	hf_release(page.memory);
	return count;
}
