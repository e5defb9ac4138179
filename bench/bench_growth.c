/* Bars 9 and 2, counted in user instructions: what a durable put of one thread and a get cost in a
 * store of ten thousand documents and in one of ten million; what an opening pays for each
 * document, event and item in the log.
 *
 * The stores are made and compacted by this process; then it runs itself under valgrind, which
 * opens them and counts 1,000 puts and 1,000 gets. Openings are counted for 20,000 and for 40,000
 * entries, and the difference is divided by 20,000. The upkeep thread does not run meanwhile. */
#include "holdfast/document.h"
#include "holdfast/outbox.h"
#include "holdfast/store.h"
#include "holdfast/timeline.h"
#include "lib/counted.h"
#include "lib/live_set.h"
#include "lib/report.h"
#include "peers/peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SMALL = 10000, LARGE = 10000000, LARGE_QUICK = 100000, CALLS = 1000, VALUE = 100 };
enum { REPLAYED = 20000, KINDS = 3 };

static const double growth_bar = 1.5, put_bar = 6000;

static struct bench {
	struct args args;
	struct report report;
	char directory[4096], store[4096 + 16];
} bench;

static bool complain(const char *what, int rc)
{
	fprintf(stderr, "%s: %s\n", what, hf_code_name(rc));
	return false;
}

/* --- Entries ---------------------------------------------------------------------------------- */

static int put_document(hf_store *store, const struct row *row, enum hf_durability durability)
{
	const struct hf_document_put_args args = {
	    .write.durability = durability,
	    .key = {hf_bytes_of("bench", 5), hf_bytes_of(row->key, ROW_KEY)},
	    .payload = hf_bytes_of(row->value, row->len)};
	return hf_document_put(store, NULL, &args, NULL, NULL);
}

static int put_event(hf_store *store, const struct row *row, enum hf_durability durability)
{
	const struct hf_timeline_append_args args = {
	    .write.durability = durability,
	    .key = {hf_bytes_of("bench", 5), hf_bytes_of(row->key, ROW_KEY)},
	    .type = hf_bytes_of("changed", 7),
	    .subject = hf_bytes_of(row->key, 8),
	    .payload = hf_bytes_of(row->value, row->len)};
	return hf_timeline_append(store, NULL, &args, NULL, NULL);
}

static int put_item(hf_store *store, const struct row *row, enum hf_durability durability)
{
	const struct hf_outbox_enqueue_args args = {.write.durability = durability,
	                                            .queue = hf_bytes_of("bench", 5),
	                                            .id = hf_bytes_of(row->key, ROW_KEY),
	                                            .payload = hf_bytes_of(row->value, row->len)};
	return hf_outbox_enqueue(store, NULL, &args, NULL, NULL);
}

static const struct {
	const char *name;
	int (*put)(hf_store *store, const struct row *row, enum hf_durability durability);
	double bar; /* instructions of an opening for each */
} kinds[KINDS] = {
    {"document", put_document, 3500}, {"event", put_event, 6000}, {"item", put_item, 5000}};

/* --- Under valgrind --------------------------------------------------------------------------- */

static hf_store *open_quietly(const char *path)
{
	const struct hf_options options = {
	    .create = true, .no_background = true, .compact_bytes = UINT64_MAX};
	hf_store *store;
	const int rc = hf_open(path, &options, &store, NULL);
	if (rc == HF_OK)
		return store;
	(void)complain("open", rc);
	return NULL;
}

static int put_calls(hf_store *store, struct row *rows, uint64_t first)
{
	int rc = HF_OK;
	for (uint64_t i = 0; i < CALLS; i++)
		row_make(&rows[i], first + i, VALUE);
	counted_begin();
	for (uint64_t i = 0; i < CALLS && rc == HF_OK; i++)
		rc = put_document(store, &rows[i], HF_DURABLE);
	counted_end();
	return rc;
}

static int get_calls(hf_store *store, struct row *rows, uint64_t count)
{
	uint64_t random = 20261130;
	int rc = HF_OK;
	for (uint64_t i = 0; i < CALLS; i++)
		row_make(&rows[i], random_next(&random) % count, VALUE);
	counted_begin();
	for (uint64_t i = 0; i < CALLS && rc == HF_OK; i++) {
		const struct hf_document_key key = {hf_bytes_of("bench", 5),
		                                    hf_bytes_of(rows[i].key, ROW_KEY)};
		struct hf_document_got got = {0};
		rc = hf_document_get(store, &key, 0, &got, NULL);
		hf_release(got.memory);
	}
	counted_end();
	return rc;
}

static int inside_calls(const char *path, uint64_t count)
{
	static struct row rows[CALLS];
	hf_store *store = open_quietly(path);
	if (!store)
		return 2;
	/* the first group of an opening has work of its own */
	row_make(rows, UINT64_C(1) << 50, VALUE);
	int rc = put_document(store, rows, HF_DURABLE);
	if (rc == HF_OK)
		rc = put_calls(store, rows, UINT64_C(1) << 51);
	if (rc == HF_OK)
		rc = get_calls(store, rows, count);
	const int closed = hf_close_at_exit(store, NULL);
	return rc == HF_OK && closed == HF_OK ? 0 : 2;
}

static int inside_open(const char *path)
{
	counted_begin();
	hf_store *store = open_quietly(path);
	counted_end();
	return store && hf_close_at_exit(store, NULL) == HF_OK ? 0 : 2;
}

/* --- Stores ----------------------------------------------------------------------------------- */

static bool fill_documents(hf_store *store, uint64_t count)
{
	struct row *rows = malloc(ROW_BATCH * sizeof *rows);
	bool good = rows != NULL;
	for (uint64_t k = 0; k < count && good; k += ROW_BATCH) {
		const uint64_t some = count - k < ROW_BATCH ? count - k : ROW_BATCH;
		for (uint64_t i = 0; i < some; i++)
			row_make(&rows[i], k + i, VALUE);
		good = peer_holdfast.put(store, 0, rows, some);
	}
	free(rows);
	return good;
}

/* Counts of 1,000 puts and 1,000 gets, for each call. */
static bool count_calls(uint64_t count, double out[2])
{
	char number[24];
	hf_store *store = open_quietly(bench.store);
	bool good = store && fill_documents(store, count);
	const int rc = good ? hf_compact(store, NULL) : HF_OK;
	good = good && (rc == HF_OK || complain("compact", rc));
	good = store && hf_close(store, NULL) == HF_OK && good;
	(void)snprintf(number, sizeof number, "%llu", (unsigned long long)count);
	const char *const words[] = {"calls", bench.store, number, NULL};
	good = good && counted_run(bench.directory, words, out, 2);
	directory_remove(bench.store);
	for (size_t i = 0; i < 2 && good; i++)
		out[i] /= CALLS;
	return good;
}

/* The instructions of an opening that replays so many entries of this kind. */
static bool count_opening(unsigned kind, uint64_t count, double *out)
{
	const char *const words[] = {"open", bench.store, NULL};
	hf_store *store = open_quietly(bench.store);
	struct row row;
	int rc = HF_OK;
	for (uint64_t i = 0; i < count && rc == HF_OK && store; i++) {
		row_make(&row, i, VALUE);
		rc = kinds[kind].put(store, &row, HF_OS);
	}
	bool good = store && hf_close(store, NULL) == HF_OK;
	good = good && (rc == HF_OK || complain(kinds[kind].name, rc)) &&
	       counted_run(bench.directory, words, out, 1);
	directory_remove(bench.store);
	return good;
}

/* --- What was found --------------------------------------------------------------------------- */

static bool judge_calls(void)
{
	static const char *const names[2] = {"durable put", "get"};
	const uint64_t large = args_objects(&bench.args, LARGE, LARGE_QUICK);
	double few[2] = {0}, many[2] = {0};
	char text[128];
	if (!count_calls(SMALL, few) || !count_calls(large, many))
		return false;
	for (size_t i = 0; i < 2; i++) {
		(void)snprintf(text, sizeof text, "instructions of a %s, %.0e over %.0e", names[i],
		               (double)large, (double)SMALL);
		report_count(&bench.report, "9", text, AT_MOST, growth_bar, many[i] / few[i]);
		report_cell(&bench.report, "instructions", names[i], "among 10,000", few[i]);
		report_cell(&bench.report, "instructions", names[i],
		            bench.args.quick ? "among 100,000" : "among 10,000,000", many[i]);
	}
	report_count(&bench.report, "9", "instructions of a durable put among 10,000", AT_MOST, put_bar,
	             few[0]);
	return true;
}

static bool judge_openings(void)
{
	char text[128];
	for (unsigned kind = 0; kind < KINDS; kind++) {
		double once, twice;
		if (!count_opening(kind, REPLAYED, &once) ||
		    !count_opening(kind, UINT64_C(2) * REPLAYED, &twice))
			return false;
		const double each = (twice - once) / REPLAYED;
		(void)snprintf(text, sizeof text, "instructions of a replayed %s", kinds[kind].name);
		report_count(&bench.report, "2", text, AT_MOST, kinds[kind].bar, each);
		report_cell(&bench.report, "instructions, replayed", kinds[kind].name, "each", each);
	}
	return true;
}

static bool run(void)
{
	if (!counted_can()) {
		report_absent(&bench.report, "9", "instructions of puts, gets and replay",
		              "built without valgrind's headers");
		return true;
	}
	if (!args_directory(&bench.args, "growth", bench.directory))
		return false;
	(void)snprintf(bench.store, sizeof bench.store, "%s/store", bench.directory);
	return judge_openings() && judge_calls();
}

int main(int argc, char **argv)
{
	if (argc >= 4 && strcmp(argv[1], "--inside") == 0)
		return argc == 5 ? inside_calls(argv[3], strtoull(argv[4], NULL, 10))
		                 : inside_open(argv[3]);
	bench.args = args_parse(argc, argv, 1);
	const bool good = report_begin(&bench.report, &bench.args,
	                               "user instructions, counted by callgrind: 16-byte random key, "
	                               "100 random bytes") &&
	                  run();
	if (bench.directory[0])
		directory_remove(bench.directory);
	return report_end(&bench.report) || !good;
}
