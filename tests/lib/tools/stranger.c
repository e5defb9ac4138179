/* See stranger.h. */
#include "lib/tools/stranger.h"

#include <inttypes.h>

#include "base/hash.h"
#include "lib/test.h"
#include "store/check/readonly.h"
#include "store/internal.h"

struct digest {
	uint64_t value, entries;
};

static bool add_entry(void *ctx, const struct hf_log_entry *entry)
{
	struct digest *digest = ctx;
	struct hf__writer w = {0};
	hf__put_u64(&w, digest->value);
	hf__put_u64(&w, entry->lsn);
	hf__put_u64(&w, (uint64_t)entry->at);
	hf__put_u8(&w, entry->domain_id);
	hf__put_u8(&w, entry->kind);
	hf__put_u8(&w, entry->transaction_end ? HF__ENTRY_LAST : 0);
	hf__put_bytes(&w, entry->event->body);
	assert_false(w.bad);
	digest->value = hf__checksum(w.data, w.len, 0);
	digest->entries++;
	hf__writer_deinit(&w);
	return true;
}

void stranger_engine(struct sim *image, char out[STRANGER_LINE])
{
	struct digest digest = {0, 0};
	struct hf_info info = {0};
	struct hf_error error = {0};
	hf_store *store = NULL;
	const struct hf_options options = {.no_background = true};
	const int logged = hf__log_each(sim_os(image), hf__all_domains(), 1, HF_LOG_WITHOUT_TEXT,
	                                add_entry, &digest, NULL);
	const int rc = hf__store_open(sim_os(image), hf__all_domains(), &options, &store, &error);
	if (rc != HF_OK) {
		if (rc != HF_ECORRUPT && rc != HF_ENOTFOUND && rc != HF_EVERSION)
			fail_msg("an opening says %s: %s", hf_code_name(rc), error.text);
		(void)snprintf(out, STRANGER_LINE, "%s 0 0 0 0 %016x",
		               rc == HF_ENOTFOUND  ? "none"
		               : rc == HF_EVERSION ? "newer"
		                                   : "corrupt",
		               0u);
		return;
	}
	assert_int_equal(logged, HF_OK);
	assert_int_equal(hf_get_info(store, &info, NULL), HF_OK);
	(void)snprintf(out, STRANGER_LINE,
	               "%s%s %" PRIu32 " %" PRIu32 " %" PRIu64 " %" PRIu64 " %016" PRIx64,
	               info.segment ? "" : "empty-", info.recovered ? "unclean" : "clean", info.segment,
	               info.segment_offset, info.segment ? store->world.recovered_lsn : 0,
	               digest.entries, digest.value);
	(void)hf_close(store, NULL);
}

FILE *stranger_start(const char *list)
{
	char command[4096];
	(void)snprintf(command, sizeof command, "python3 '%s/tests/stranger/reader.py' - < '%s'",
	               HF_SOURCE_DIR, list);
	FILE *reader = popen(command, "r");
	assert_non_null(reader);
	return reader;
}
