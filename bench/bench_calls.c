/* User instructions of the calls that are made most, in mode `durable` and `os`: what one thread
 * pays for each in a store of ten thousand documents. No bar: the figures are what a change is
 * compared with, by this program built beside another tree.
 *
 * The program runs itself under valgrind, once for each mode; the upkeep thread does not run. */
#include "holdfast/holdfast.h"
#include "lib/counted.h"
#include "lib/live_set.h"
#include "lib/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DOCUMENTS = 10000, CALLS = 500, TOGETHER = 10, PAGE = 50, EVENTS = 10, NAME = 24 };

/* --- Inside ----------------------------------------------------------------------------------- */

static struct inside {
	hf_store *store;
	enum hf_durability durability;
	char names[DOCUMENTS + (TOGETHER + 1) * CALLS][NAME], payload[100], ids[CALLS][NAME];
	char page[1024];
	hf_token tokens[CALLS];
	hf_feed *feed;
	int rc; /* the first that was not HF_OK */
} in;

static void must(int rc)
{
	if (in.rc == HF_OK)
		in.rc = rc;
}

static struct hf_write write_now(void)
{
	return (struct hf_write){.durability = in.durability};
}

static struct hf_bytes name(unsigned i)
{
	return hf_bytes_of(in.names[i], 16);
}

static struct hf_bytes payload(void)
{
	return hf_bytes_of(in.payload, sizeof in.payload);
}

static struct hf_document_key document(unsigned i)
{
	return (struct hf_document_key){hf_bytes_of("bench", 5), name(i)};
}

static void put(hf_txn *txn, unsigned i)
{
	const struct hf_document_put_args args = {
	    .write = write_now(), .key = document(i), .payload = payload()};
	must(hf_document_put(in.store, txn, &args, NULL, NULL));
}

static void put_new(unsigned i)
{
	put(NULL, DOCUMENTS + i);
}

static void put_over(unsigned i)
{
	put(NULL, i);
}

static void get(unsigned i)
{
	struct hf_document_got got = {0};
	const struct hf_document_key key = document(i);
	must(hf_document_get(in.store, &key, 0, &got, NULL));
	hf_release(got.memory);
}

static void has(unsigned i)
{
	bool there;
	const struct hf_document_key key = document(i);
	must(hf_document_has(in.store, &key, 0, &there, NULL));
}

static void list(unsigned i)
{
	struct hf_document_page page = {0};
	const struct hf_document_list_args args = {
	    .collection = hf_bytes_of("bench", 5), .limit = PAGE, .page = i > 0 ? in.page : NULL};
	must(hf_document_list(in.store, &args, 0, &page, NULL));
	(void)snprintf(in.page, sizeof in.page, "%s", page.next ? page.next : "");
	hf_release(page.memory);
}

static void remove_one(unsigned i)
{
	const struct hf_document_remove_args args = {.write = write_now(),
	                                             .key = document(DOCUMENTS + i)};
	must(hf_document_remove(in.store, NULL, &args, NULL, NULL));
}

static void enqueue(unsigned i)
{
	const struct hf_outbox_enqueue_args args = {
	    .write = write_now(), .queue = hf_str("q"), .id = name(i), .payload = payload()};
	must(hf_outbox_enqueue(in.store, NULL, &args, NULL, NULL));
}

static void claim_next(unsigned i)
{
	struct hf_outbox_items items = {0};
	const struct hf_outbox_claim_next_args args = {.write = write_now(),
	                                               .queue = hf_str("q"),
	                                               .owner = hf_str("w"),
	                                               .lease_us = INT64_C(60000000)};
	must(hf_outbox_claim_next(in.store, NULL, &args, &items, NULL, NULL));
	if (items.count != 1) {
		must(HF_ENOTFOUND);
		return;
	}
	in.tokens[i] = items.items[0].token;
	memcpy(in.ids[i], items.items[0].id.data, items.items[0].id.len);
	hf_release(items.memory);
}

static void complete(unsigned i)
{
	const struct hf_outbox_complete_args args = {
	    .write = write_now(), .queue = hf_str("q"), .id = hf_str(in.ids[i]), .token = in.tokens[i]};
	must(hf_outbox_complete(in.store, NULL, &args, NULL, NULL));
}

static void acquire(unsigned i)
{
	struct hf_result result = {0};
	const struct hf_lock_acquire_args args = {
	    .write = write_now(), .name = name(i), .owner = hf_str("o"), .lease_us = INT64_C(60000000)};
	must(hf_lock_acquire(in.store, NULL, &args, &result, NULL));
	in.tokens[i] = result.token;
}

static void release(unsigned i)
{
	const struct hf_lock_release_args args = {
	    .write = write_now(), .name = name(i), .token = in.tokens[i]};
	must(hf_lock_release(in.store, NULL, &args, NULL, NULL));
}

static void advance(unsigned i)
{
	const struct hf_cursor_advance_args args = {
	    .write = write_now(),
	    .key = {hf_str("mailer"), hf_str("events"), name(i % 50)},
	    .sequence = i + 1,
	    .delivery_id = name(i)};
	must(hf_cursor_advance(in.store, NULL, &args, NULL, NULL));
}

static void append(unsigned i)
{
	const struct hf_timeline_append_args args = {.write = write_now(),
	                                             .key = {hf_str("t"), name(i)},
	                                             .type = hf_str("changed"),
	                                             .subject = hf_bytes_of(in.names[i], 8),
	                                             .payload = payload()};
	must(hf_timeline_append(in.store, NULL, &args, NULL, NULL));
}

static void save(unsigned i)
{
	const struct hf_inbox_input record = {
	    .thread = name(i), .payload = payload(), .unread = true, .score = i};
	const struct hf_inbox_save_args args = {.write = write_now(),
	                                        .user = hf_str("u"),
	                                        .records = &record,
	                                        .count = 1,
	                                        .generated_at = INT64_C(1795167000000000) + i};
	must(hf_inbox_save(in.store, NULL, &args, NULL, NULL));
}

static void dismiss(unsigned i)
{
	const struct hf_inbox_mark_args args = {.write = write_now(),
	                                        .key = {hf_str("u"), hf_str("primary"), name(i)}};
	must(hf_inbox_dismiss(in.store, NULL, &args, NULL, NULL));
}

static void begin(unsigned i)
{
	struct hf_idempotency_begun begun = {0};
	const struct hf_idempotency_begin_args args = {.write = write_now(),
	                                               .key = {hf_str("s"), name(i)},
	                                               .fingerprint = hf_str("f"),
	                                               .lease_us = INT64_C(60000000)};
	must(hf_idempotency_begin(in.store, NULL, &args, &begun, NULL, NULL));
	in.tokens[i] = begun.token;
	hf_release(begun.memory);
}

static void finish(unsigned i)
{
	const struct hf_idempotency_complete_args args = {.write = write_now(),
	                                                  .key = {hf_str("s"), name(i)},
	                                                  .token = in.tokens[i],
	                                                  .status = 200,
	                                                  .response = payload()};
	must(hf_idempotency_complete(in.store, NULL, &args, NULL, NULL));
}

static void put_ten(unsigned i)
{
	hf_txn *txn;
	must(hf_txn_begin(in.store, &txn, NULL));
	for (unsigned k = 0; k < TOGETHER && in.rc == HF_OK; k++)
		put(txn, DOCUMENTS + CALLS + i * TOGETHER + k);
	must(hf_txn_commit(txn, in.durability, NULL));
}

static void feed(unsigned i)
{
	struct hf_event_batch batch = {0};
	if (i == 0)
		must(hf_feed_open(in.store, 1, &in.feed, NULL));
	must(hf_feed_next(in.feed, EVENTS, 0, &batch, NULL));
	hf_release(batch.memory);
}

static const struct {
	const char *name;
	void (*call)(unsigned i);
} calls[] = {
    {"document put, new", put_new},
    {"document put, over one", put_over},
    {"document get", get},
    {"document has", has},
    {"document list, page of 50", list},
    {"document remove", remove_one},
    {"outbox enqueue", enqueue},
    {"outbox claim_next", claim_next},
    {"outbox complete", complete},
    {"lock acquire", acquire},
    {"lock release", release},
    {"cursor advance", advance},
    {"timeline append", append},
    {"inbox save of one", save},
    {"inbox dismiss", dismiss},
    {"idempotency begin", begin},
    {"idempotency complete", finish},
    {"idempotency begin, done", begin},
    {"transaction of 10 puts", put_ten},
    {"feed, 10 events", feed},
};
enum { KINDS = sizeof calls / sizeof *calls };

static int inside(const char *path, const char *mode)
{
	const struct hf_options options = {
	    .create = true, .no_background = true, .compact_bytes = UINT64_MAX};
	uint64_t random = 20261130;
	for (size_t i = 0; i < sizeof in.names / sizeof *in.names; i++)
		for (unsigned k = 0; k < 16; k++) {
			random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
			in.names[i][k] = (char)('a' + (random >> 33) % 26);
		}
	must(hf_open(path, &options, &in.store, NULL));
	in.durability = HF_OS;
	for (unsigned i = 0; i < DOCUMENTS && in.rc == HF_OK; i++)
		put(NULL, i);
	in.durability = strcmp(mode, "os") == 0 ? HF_OS : HF_DURABLE;
	for (unsigned kind = 0; kind < KINDS && in.rc == HF_OK; kind++) {
		must(hf_sync(in.store, NULL));
		counted_begin();
		for (unsigned i = 0; i < CALLS && in.rc == HF_OK; i++)
			calls[kind].call(i);
		counted_end();
	}
	if (in.rc != HF_OK)
		fprintf(stderr, "calls: %s\n", hf_code_name(in.rc));
	hf_feed_close(in.feed);
	const int closed = in.store ? hf_close_at_exit(in.store, NULL) : HF_OK;
	return in.rc == HF_OK && closed == HF_OK ? 0 : 2;
}

/* --- Outside ---------------------------------------------------------------------------------- */

static bool count_mode(struct report *report, const char *directory, const char *mode,
                       double counts[KINDS])
{
	char store[4096 + 16];
	(void)snprintf(store, sizeof store, "%s/store", directory);
	const char *const words[] = {store, mode, NULL};
	const bool good = counted_run(directory, words, counts, KINDS);
	directory_remove(store);
	for (unsigned kind = 0; kind < KINDS && good; kind++)
		report_cell(report, "instructions", calls[kind].name, mode, counts[kind] /= CALLS);
	return good;
}

static bool count_both(struct report *report, const char *directory)
{
	double durable[KINDS] = {0}, os[KINDS] = {0};
	if (!count_mode(report, directory, "durable", durable) ||
	    !count_mode(report, directory, "os", os))
		return false;
	printf("%-28s %10s %10s\n", "instructions of one", "durable", "os");
	for (unsigned kind = 0; kind < KINDS; kind++)
		printf("%-28s %10.0f %10.0f\n", calls[kind].name, durable[kind], os[kind]);
	return true;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "--inside") == 0)
		return inside(argv[2], argv[3]);
	struct args args = args_parse(argc, argv, 1);
	struct report report = {0};
	char directory[4096] = "";
	bool good = report_begin(&report, &args,
	                         "user instructions, counted by callgrind: 16-byte random names, "
	                         "payloads of 100 bytes");
	if (good && !counted_can())
		report_note(&report, "nothing is counted: built without valgrind's headers");
	else if (good && args_directory(&args, "calls", directory))
		good = count_both(&report, directory);
	if (directory[0])
		directory_remove(directory);
	return report_end(&report) || !good;
}
