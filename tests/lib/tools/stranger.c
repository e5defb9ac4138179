/* See stranger.h. */
#include "lib/tools/stranger.h"

#include <inttypes.h>

#include "base/hash.h"
#include "lib/test.h"
#include "log/snapshot_source.h"
#include "store/check/readonly.h"
#include "store/follow/follow.h"
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

/* The snapshot that an opening began with: its entries, then all payload blocks. */
struct base_digest {
	uint64_t value, entries;
	bool damaged;
};

static void add(struct base_digest *digest, const struct hf__writer *head, struct hf_bytes rest)
{
	struct hf__writer w = {0};
	hf__put_u64(&w, digest->value);
	hf__put_bytes(&w, hf_bytes_of(head->data, head->len));
	hf__put_bytes(&w, rest);
	assert_false(w.bad);
	digest->value = hf__checksum(w.data, w.len, 0);
	hf__writer_deinit(&w);
}

static int add_base_entry(void *arg, const struct hf__entry *entry)
{
	struct base_digest *digest = arg;
	struct hf__writer head = {0};
	hf__put_u64(&head, entry->lsn);
	hf__put_u8(&head, entry->domain);
	hf__put_u8(&head, entry->kind);
	hf__put_u8(&head, entry->flags);
	add(digest, &head, entry->body);
	digest->entries++;
	hf__writer_deinit(&head);
	return HF_OK;
}

static void add_payloads(struct base_digest *digest, struct hf__snapshot_reader *r)
{
	struct hf__snapshot_bench bench = {0};
	struct hf__snapshot_found found;
	const struct hf__writer none = {0};
	for (uint64_t i = 0; i < r->blocks && !digest->damaged; i++) {
		const uint64_t at = hf__snapshot_item_offset(r->items[i]);
		if (hf__snapshot_item_type(r->items[i]) != HF__SNAPSHOT_PAYLOAD)
			continue;
		digest->damaged =
		    hf__snapshot_block_read(r, &bench, at, hf__snapshot_item_offset(r->items[i + 1]),
		                            HF__SNAPSHOT_PAYLOAD, &found, NULL) != HF_OK ||
		    hf__snapshot_unpack_here(&bench, &found, at, NULL) != HF_OK;
		if (!digest->damaged)
			add(digest, &none, hf_bytes_of(bench.raw.data, found.block.raw_len));
	}
	hf__snapshot_bench_deinit(&bench);
}

static void say_base(struct sim *image, uint64_t lsn, char *out, size_t cap)
{
	struct base_digest digest = {0};
	struct hf__snapshot_fault fault;
	struct hf__base base;
	char name[HF__NAME_MAX];
	hf__snapshot_name(lsn, name);
	assert_int_equal(hf__base_open(&base, sim_os(image), name, &fault), HF_OK);
	assert_int_equal(hf__snapshot_each(&base.reader, add_base_entry, &digest, &fault), HF_OK);
	add_payloads(&digest, &base.reader);
	hf__base_close(&base);
	(void)snprintf(out, cap, " %" PRIu64 " %" PRIu64 " %016" PRIx64, lsn, digest.entries,
	               digest.damaged ? 0 : digest.value);
}

/* A backup is not opened for writing. */
static int open_any(struct sim *image, hf_store **store, bool *backup, struct hf_error *error)
{
	const struct hf_options options = {.no_background = true};
	const int rc = hf__store_open(sim_os(image), hf__all_domains(), &options, store, error);
	*backup = rc == HF_EREADONLY;
	return *backup ? hf__store_open_read(sim_os(image), hf__all_domains(), NULL, store, error) : rc;
}

void stranger_engine(struct sim *image, char out[STRANGER_LINE])
{
	struct digest digest = {0, 0};
	struct hf_info info = {0};
	struct hf_error error = {0};
	hf_store *store = NULL;
	bool backup = false;
	char base[64] = "";
	const int rc = open_any(image, &store, &backup, &error);
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
	assert_int_equal(hf_get_info(store, &info, NULL), HF_OK);
	/* what is replayed; what lies before the snapshot need not even be whole */
	const int logged = hf__log_each(sim_os(image), hf__all_domains(), info.snapshot_lsn + 1,
	                                HF_LOG_WITHOUT_TEXT, add_entry, &digest, &error);
	if (logged != HF_OK)
		fail_msg("the log is read with %s: %s", hf_code_name(logged), error.text);
	if (info.snapshot_lsn)
		say_base(image, info.snapshot_lsn, base, sizeof base);
	(void)snprintf(out, STRANGER_LINE,
	               "%s%s %" PRIu32 " %" PRIu32 " %" PRIu64 " %" PRIu64 " %016" PRIx64 "%s",
	               info.segment ? "" : "empty-",
	               backup           ? "backup"
	               : info.recovered ? "unclean"
	                                : "clean",
	               info.segment, info.segment_offset,
	               !info.segment ? 0
	               : backup      ? store->world.next_lsn - 1
	                             : store->world.recovered_lsn,
	               digest.entries, digest.value, base);
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
