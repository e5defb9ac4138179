#include "compare/floor.h"

#include "holdfast/document.h"

#include <stdio.h>
#include <unistd.h>

enum { FLOOR_MAX = 1 << 20, COMMITS = 64, OTHER_THREAD = 255 };

static bool complain(const char *what, const struct hf_error *error)
{
	fprintf(stderr, "R, %s: %s: %s\n", what, hf_code_name(error->code), error->text);
	return false;
}

static int put_row(hf_store *store, hf_txn *txn, uint64_t number, size_t len,
                   struct hf_error *error)
{
	struct row row;
	row_make(&row, (uint64_t)OTHER_THREAD << 40 | number, len);
	const struct hf_document_put_args args = {
	    .key = {hf_bytes_of("bench", 5), hf_bytes_of(row.key, ROW_KEY)},
	    .payload = hf_bytes_of(row.value, row.len)};
	return hf_document_put(store, txn, &args, NULL, error);
}

static int put_batch(hf_store *store, uint64_t first, size_t len, struct hf_error *error)
{
	hf_txn *txn;
	int rc = hf_txn_begin(store, &txn, error);
	for (uint64_t i = 0; i < COMMITS && rc == HF_OK; i++)
		rc = put_row(store, txn, first + i, len, error);
	return rc == HF_OK ? hf_txn_commit(txn, HF_DURABLE, error) : rc;
}

/* Bytes that COMMITS puts add to the log, one by one or together; again if the log went over to
 * its next segment in between. Below 0: they failed. */
static double bytes_of(hf_store *store, uint64_t *number, size_t len, bool together)
{
	struct hf_info before = {0}, after = {0};
	struct hf_error error = {0};
	do {
		int rc = hf_get_info(store, &before, &error);
		if (rc == HF_OK && together)
			rc = put_batch(store, *number, len, &error);
		for (uint64_t i = 0; i < COMMITS && rc == HF_OK && !together; i++)
			rc = put_row(store, NULL, *number + i, len, &error);
		if (rc == HF_OK)
			rc = hf_get_info(store, &after, &error);
		if (rc != HF_OK) {
			(void)complain("calibration", &error);
			return -1;
		}
		*number += COMMITS;
	} while (after.segment != before.segment);
	return (double)(after.segment_offset - before.segment_offset);
}

bool floor_init(struct floor *floor, hf_store *store, const char *parent, size_t len)
{
	uint64_t number = 0;
	const double alone = bytes_of(store, &number, len, false);
	const double together = bytes_of(store, &number, len, true);
	floor->raw.file = -1;
	if (alone < 0 || together < 0)
		return false;
	floor->entry = (together - alone / COMMITS) / (COMMITS - 1);
	floor->group = alone / COMMITS - floor->entry;
	(void)snprintf(floor->path, sizeof floor->path, "%s/raw", parent);
	return raw_init(&floor->raw, floor->path, FLOOR_MAX);
}

void floor_deinit(struct floor *floor)
{
	raw_deinit(&floor->raw);
	(void)unlink(floor->path);
}

bool floor_slice(struct floor *floor, double entries, double seconds, struct figures *out,
                 struct histogram *latencies)
{
	const double len = floor->group + (entries < 1 ? 1 : entries) * floor->entry;
	floor->raw.len = len < FLOOR_MAX ? (size_t)len : FLOOR_MAX;
	histogram_clear(latencies);
	const uint64_t ns = raw_run(&floor->raw, (uint64_t)(seconds * 1e9), latencies);
	if (ns == 0)
		return false;
	*out = figures_of(latencies, (double)latencies->count, ns);
	return true;
}
