/* tier: medium */
/* 200 generated files of each kind: what goes in comes out equal, member for member and digit
 * for digit, from the store it went into and from one that got it as JSON Lines; and JSON Lines
 * of a store with everything in it come back equal. */
#include <math.h>

#include "holdfast/holdfast.h"
#include "lib/test.h"
#include "lib/tools/formats.h"
#include "lib/tools/json_random.h"

enum { FILES = 200, ENTRIES = 12 };

/* --- Things no file brings -------------------------------------------------------------------- */

struct bytes {
	char data[80];
	size_t len;
};

/* Any bytes but NUL; with `nul`, that too. */
static struct hf_bytes some(struct hf_rng *rng, struct bytes *out, size_t least, bool nul)
{
	out->len = least + (size_t)hf_rng_below(rng, 40);
	hf_rng_fill(rng, out->data, out->len);
	const bool text = hf_rng_chance(rng, 1, 2);
	for (size_t i = 0; i < out->len; i++) {
		out->data[i] = text ? (char)(out->data[i] & 0x7F) : out->data[i];
		if (!nul && out->data[i] == '\0')
			out->data[i] = 'n';
	}
	return hf_bytes_of(out->data, out->len);
}

static hf_time some_time(struct hf_rng *rng)
{
	return hf_rng_chance(rng, 1, 4)   ? HF_UNSET
	       : hf_rng_chance(rng, 1, 4) ? (hf_time)(hf_rng_next(rng) >> 1)
	                                  : hf_rng_range(rng, -1, 2000000000000000);
}

/* An item always has its times. */
static hf_time set_time(struct hf_rng *rng)
{
	const hf_time time = some_time(rng);
	return time == HF_UNSET ? 1 : time;
}

static void put_cursor(struct hf_rng *rng, hf_txn *txn, hf_store *store)
{
	struct bytes consumer, stream, subject, id, words, reason;
	const bool failed = hf_rng_chance(rng, 1, 2), reset = hf_rng_chance(rng, 1, 2);
	const struct hf_cursor_put_args args = {
	    .cursor =
	        {
	            .key = {some(rng, &consumer, 10, false), some(rng, &stream, 10, false),
	                    some(rng, &subject, 0, false)},
	            .last_sequence = (int64_t)(hf_rng_next(rng) >> hf_rng_below(rng, 63) >> 1),
	            .last_delivery_id = some(rng, &id, 0, false),
	            .last_delivered_at = some_time(rng),
	            .last_error = failed ? some(rng, &words, 1, true) : hf_str(""),
	            .error_count = failed ? 1 + hf_rng_below(rng, UINT64_MAX) : 0,
	            .updated_at = hf_rng_range(rng, -1, 2000000000000000),
	            .reset_reason = reset ? some(rng, &reason, 20, true) : hf_str(""),
	            .reset_at = reset ? hf_rng_range(rng, -1, 2000000000000000) : HF_UNSET,
	        },
	};
	assert_int_equal(hf_cursor_put(store, txn, &args, NULL, NULL), HF_OK);
}

static void put_record(struct hf_rng *rng, hf_txn *txn, hf_store *store)
{
	struct bytes account, thread, payload;
	static const double scores[] = {0.1,       -0.0,      1e308,    5e-324,
	                                1.0 / 3.0, -INFINITY, INFINITY, 12345678901234567.0};
	const bool dismissed = hf_rng_chance(rng, 1, 2);
	const struct hf_inbox_input record = {
	    .account = some(rng, &account, 0, false),
	    .thread = some(rng, &thread, 10, false),
	    .payload = some(rng, &payload, 0, true),
	    .unread = hf_rng_chance(rng, 1, 2),
	    .dismissed = dismissed,
	    .score = scores[hf_rng_below(rng, sizeof scores / sizeof scores[0])],
	    .updated_at = some_time(rng),
	    .snapshot_at = some_time(rng),
	    .seen_at = some_time(rng),
	    .read_at = some_time(rng),
	    .dismissed_at = dismissed ? some_time(rng) : HF_UNSET,
	    .snoozed_until = some_time(rng),
	};
	const struct hf_inbox_save_args args = {.user = hf_str("\xFF odd"),
	                                        .records = &record,
	                                        .count = 1,
	                                        .generated_at = some_time(rng),
	                                        .restore = true};
	assert_int_equal(hf_inbox_save(store, txn, &args, NULL, NULL), HF_OK);
}

static void put_tombstone(struct hf_rng *rng, hf_txn *txn, hf_store *store)
{
	struct bytes account, thread;
	const bool dismissed = hf_rng_chance(rng, 1, 2);
	const struct hf_inbox_put_tombstone_args args = {
	    .key = {hf_str("\xFF odd"), some(rng, &account, 0, false), some(rng, &thread, 10, false)},
	    .dismissed = dismissed,
	    .dismissed_at = dismissed ? some_time(rng) : HF_UNSET,
	    .until = INT64_MAX - (int64_t)hf_rng_below(rng, 1000000),
	};
	assert_int_equal(hf_inbox_put_tombstone(store, txn, &args, NULL, NULL), HF_OK);
}

static void put_item(struct hf_rng *rng, hf_txn *txn, hf_store *store)
{
	struct bytes id, payload, words, group, again, done, extra;
	const struct hf_outbox_rerun rerun = {some(rng, &again, 0, true), set_time(rng), set_time(rng),
	                                      hf_rng_chance(rng, 1, 2)};
	const struct hf_outbox_put_completed_args completed = {
	    .queue = hf_str("od\nd"),
	    .id = some(rng, &done, 10, false),
	    .until = INT64_MAX - (int64_t)hf_rng_below(rng, 1000)};
	const struct hf_outbox_put_args args = {
	    .queue = hf_str("od\nd"),
	    .item =
	        {
	            .id = some(rng, &id, 10, false),
	            .payload = some(rng, &payload, 0, true),
	            .status = hf_rng_chance(rng, 1, 2) ? HF_OUTBOX_QUEUED : HF_OUTBOX_FAILED,
	            .extra = some(rng, &extra, 0, true),
	            .attempts = (uint32_t)hf_rng_next(rng),
	            .lost = (uint32_t)hf_rng_next(rng),
	            .available_computed = hf_rng_chance(rng, 1, 2),
	            .max_attempts = (uint32_t)hf_rng_next(rng),
	            .priority = (int32_t)hf_rng_next(rng),
	            .enqueued_at = set_time(rng),
	            .available_at = set_time(rng),
	            .last_error = some(rng, &words, 0, true),
	            .group = hf_rng_chance(rng, 1, 2) ? some(rng, &group, 1, false) : hf_str(""),
	            .rerun = hf_rng_chance(rng, 1, 2) ? &rerun : NULL,
	        },
	};
	assert_int_equal(hf_outbox_put(store, txn, &args, NULL, NULL), HF_OK);
	assert_int_equal(hf_outbox_put_completed(store, txn, &completed, NULL, NULL), HF_OK);
}

static void put_idem(struct hf_rng *rng, hf_txn *txn, hf_store *store)
{
	struct bytes scope, key, fingerprint, response;
	const struct hf_idempotency_put_args args = {
	    .key = {some(rng, &scope, 10, false), some(rng, &key, 10, false)},
	    .fingerprint = some(rng, &fingerprint, 0, true),
	    .status = (int32_t)hf_rng_next(rng),
	    .response = some(rng, &response, 0, true),
	    .created_at = hf_rng_range(rng, -1, 2000000000000000),
	    .expires_at =
	        hf_rng_chance(rng, 1, 2) ? HF_UNSET : INT64_MAX - (int64_t)hf_rng_below(rng, 1000),
	    .write.literal_times = true,
	};
	for (size_t i = 0; i < scope.len; i++)
		scope.data[i] = (char)(scope.data[i] == ':' ? ';' : scope.data[i]);
	for (size_t i = 0; i < key.len; i++)
		key.data[i] = (char)('!' + (unsigned char)key.data[i] % 94);
	assert_int_equal(hf_idempotency_put(store, txn, &args, NULL, NULL), HF_OK);
}

static void put_migration(struct hf_rng *rng, hf_txn *txn, hf_store *store)
{
	struct bytes name;
	const struct hf_migration_record_args args = {
	    .name = some(rng, &name, 10, false), .applied_at = hf_rng_range(rng, 1, 2000000000000000)};
	assert_int_equal(hf_migration_record(store, txn, &args, NULL, NULL), HF_OK);
}

static void put_others(struct hf_rng *rng, const char *path)
{
	const struct hf_options options = {.no_background = true};
	struct hf_error error = {0};
	struct bytes status;
	hf_store *store;
	hf_txn *txn;
	if (hf_open(path, &options, &store, &error) != HF_OK)
		fail_msg("%s", error.text);
	assert_int_equal(hf_txn_begin(store, &txn, NULL), HF_OK);
	for (unsigned i = 0; i < 5; i++) {
		put_cursor(rng, txn, store);
		put_record(rng, txn, store);
		put_tombstone(rng, txn, store);
		put_item(rng, txn, store);
		put_idem(rng, txn, store);
		put_migration(rng, txn, store);
	}
	const struct hf_inbox_set_status_args set = {.user = hf_str("\xFF odd"),
	                                             .status = some(rng, &status, 1, true)};
	const struct hf_outbox_configure_args configure = {
	    .queue = hf_str("od\nd"),
	    .max_attempts = (uint32_t)hf_rng_next(rng),
	    .dedup_window_us = (int64_t)(hf_rng_next(rng) >> 1),
	    .dedup_max = (uint32_t)(hf_rng_next(rng) | 64)};
	const struct hf_outbox_pause_args pause = {.queue = hf_str("od\nd")};
	if (hf_rng_chance(rng, 1, 2))
		assert_int_equal(hf_outbox_pause(store, txn, &pause, NULL, NULL), HF_OK);
	assert_int_equal(hf_inbox_set_status(store, txn, &set, NULL, NULL), HF_OK);
	assert_int_equal(hf_outbox_configure(store, txn, &configure, NULL, NULL), HF_OK);
	if (hf_txn_commit(txn, HF_OS, &error) != HF_OK)
		fail_msg("%s", error.text);
	assert_int_equal(hf_close(store, NULL), HF_OK);
}

/* --- Files ------------------------------------------------------------------------------------ */

static void write_files(struct hf_rng *rng)
{
	struct buffer file = {0}, expected = {0};
	json_random_outbox(rng, ENTRIES, &file, &expected);
	assert_false(file.failed || expected.failed);
	formats_write("outbox.json", file.data, file.len);
	formats_write("expected.json", expected.data, expected.len);
	json_random_inbox(rng, ENTRIES, &file);
	assert_false(file.failed);
	formats_write("inbox.json", file.data, file.len);
	buffer_free(&file);
	buffer_free(&expected);
}

static void expect_both(const char *store)
{
	formats_call(store, "export --queue commits got.json", 0);
	formats_same("expected.json", "got.json");
	formats_call(store, "export --user ada got.json", 0);
	formats_same("inbox.json", "got.json");
}

static void generated_files_come_back_equal_through_every_format(void **state)
{
	struct hf_rng rng = hf_rng_for("formats");
	(void)state;
	for (unsigned i = 0; i < FILES; i++) {
		write_files(&rng);
		formats_init("s");
		formats_call("s", "import --durability os --queue commits outbox.json", 0);
		formats_call("s", "import --durability os --user ada inbox.json", 0);
		expect_both("s");
		put_others(&rng, "s");
		formats_call("s", "export a.jsonl", 0);
		formats_init("t");
		formats_call("t", "import --durability os a.jsonl", 0);
		formats_call("t", "export b.jsonl", 0);
		formats_same_lines("a.jsonl", "b.jsonl");
		if (i % 5 == 0) /* the lines are equal, so the rest follows */
			expect_both("t");
	}
	print_message("%u generated files of each kind came back equal\n", (unsigned)FILES);
}

/* Cut off anywhere, a file is refused or, at the end of its text, whole. */
static void generated_files_cut_off_anywhere_are_refused(void **state)
{
	struct hf_rng rng = hf_rng_for("cuts");
	(void)state;
	formats_init("s");
	for (unsigned i = 0; i < 100; i++) {
		write_files(&rng);
		const bool outbox = hf_rng_chance(&rng, 1, 2);
		struct buffer text = formats_read(outbox ? "outbox.json" : "inbox.json");
		size_t whole = text.len;
		while (strchr(" \t\r\n", text.data[whole - 1]))
			whole--;
		formats_write("cut.json", text.data, (size_t)hf_rng_below(&rng, whole));
		formats_call("s", outbox ? "import --queue q cut.json" : "import --user u cut.json", 2);
		buffer_free(&text);
	}
	formats_call("s", "export after.jsonl", 0);
	struct buffer after = formats_read("after.jsonl");
	assert_non_null(strstr(after.data, "{\"kind\":\"end\",\"objects\":\"0\","));
	buffer_free(&after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(generated_files_come_back_equal_through_every_format),
	    cmocka_unit_test(generated_files_cut_off_anywhere_are_refused),
	};
	return cmocka_run_group_tests_name("generated formats", tests, NULL, NULL);
}
