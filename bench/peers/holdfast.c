/* The store: one document a row, default options. */
#include "holdfast/document.h"
#include "holdfast/store.h"
#include "peers/peer.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static bool complain(const char *what, const struct hf_error *error)
{
	fprintf(stderr, "holdfast, %s: %s: %s\n", what, hf_code_name(error->code), error->text);
	return false;
}

static void *open_it(const struct peer_config *config)
{
	const struct hf_options options = {.create = true,
	                                   .compact_bytes = config->log_only ? UINT64_MAX : 0};
	struct hf_error error = {0};
	hf_store *store;
	if (hf_open(config->directory, &options, &store, &error) == HF_OK)
		return store;
	(void)complain("open", &error);
	return NULL;
}

static int put_one(hf_store *store, hf_txn *txn, const struct row *row, struct hf_error *error)
{
	const struct hf_document_put_args args = {
	    .key = {hf_bytes_of("bench", 5), hf_bytes_of(row->key, ROW_KEY)},
	    .payload = hf_bytes_of(row->value, row->len)};
	return hf_document_put(store, txn, &args, NULL, error);
}

static bool put_many(hf_store *store, const struct row *rows, size_t count)
{
	struct hf_error error = {0};
	hf_txn *txn;
	if (hf_txn_begin(store, &txn, &error) != HF_OK)
		return complain("begin", &error);
	for (size_t i = 0; i < count; i++) {
		if (put_one(store, txn, &rows[i], &error) != HF_OK) {
			hf_txn_abandon(txn);
			return complain("put", &error);
		}
	}
	return hf_txn_commit(txn, HF_DURABLE, &error) == HF_OK || complain("commit", &error);
}

static bool put(void *self, unsigned thread, const struct row *rows, size_t count)
{
	struct hf_error error = {0};
	(void)thread;
	if (count > 1)
		return put_many(self, rows, count);
	return put_one(self, NULL, rows, &error) == HF_OK || complain("put", &error);
}

static bool get(void *self, unsigned thread, const struct row *row, void *out, size_t *len)
{
	const struct hf_document_key key = {hf_bytes_of("bench", 5), hf_bytes_of(row->key, ROW_KEY)};
	struct hf_document_got got = {0};
	struct hf_error error = {0};
	(void)thread;
	if (hf_document_get(self, &key, 0, &got, &error) != HF_OK)
		return complain("get", &error);
	*len = got.document.payload.len;
	if (*len <= ROW_VALUE_MAX)
		memcpy(out, got.document.payload.data, *len);
	hf_release(got.memory);
	return *len <= ROW_VALUE_MAX;
}

static bool snapshot(void *self)
{
	struct hf_error error = {0};
	const struct timespec a_while = {.tv_nsec = 10000000};
	int rc;
	while ((rc = hf_compact(self, &error)) == HF_EBLOCKED) /* by a compaction of the store's own */
		(void)nanosleep(&a_while, NULL);
	return rc == HF_OK || complain("compact", &error);
}

static bool close_it(void *self)
{
	struct hf_error error = {0};
	return hf_close(self, &error) == HF_OK || complain("close", &error);
}

const struct peer peer_holdfast = {.name = "holdfast",
                                   .settings = "default options; a row is a document",
                                   .open = open_it,
                                   .put = put,
                                   .get = get,
                                   .close = close_it,
                                   .snapshot = snapshot};
