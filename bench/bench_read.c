/* Bar 7: reads among a million rows, each compared with what was put.
 *
 * Gets of random rows, one by one, against LMDB with a transaction for each get; two threads
 * against one; gets by one thread while 16 others put durably as fast as they can, against a loop
 * that burns as much processor time as the median of these gets beside the same load, without
 * touching a store; and the first page of 50 of an inbox of 1,000 records, among 100 inboxes,
 * against SQLite with the right index. Slices take turns. */
#include "compare/series.h"
#include "holdfast/inbox.h"
#include "holdfast/store.h"
#include "lib/live_set.h"
#ifdef BENCH_SQLITE
#include "peers/inbox_sqlite.h"
#endif

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE = 100, ROWS = 1000000, ROWS_QUICK = 100000, WRITERS = 16, THREADS = 2 + WRITERS };
enum { USERS = 100, RECORDS = 1000, PAGE = 50 };
enum { OWN, OTHER, TWO, LOADED, BURNT, PAGES, PAGES_SQLITE, KINDS };

static const double get_bar = 1, two_bar = 1.8, page_bar = 5, loaded_bar = 1.3;

struct reader {
	_Alignas(128) struct histogram latencies;
	uint64_t random;
	bool failed;
};

static struct bench {
	struct args args;
	struct report report;
	char directory[DIRECTORY_MAX];
	struct pool pool;
	uint64_t rows;
	struct side own, other; /* the store, LMDB */
	bool has_other;
	void *inboxes; /* of SQLite */
	double burn_ns; /* of the loop that touches no store; 0: get */
	struct reader readers[2];
	struct series series[KINDS];
	const struct side *reading;
} bench;

/* --- What a slice does ------------------------------------------------------------------------ */

static bool get_one(const struct side *side, unsigned thread, struct reader *reader)
{
	struct row row;
	unsigned char value[ROW_VALUE_MAX];
	size_t len = 0;
	row_make(&row, random_next(&reader->random) % bench.rows, VALUE);
	const uint64_t before = bench_ticks();
	const bool found = side->peer->get(side->db, thread, &row, value, &len);
	histogram_add(&reader->latencies, bench_ticks() - before);
	return found && len == row.len && memcmp(value, row.value, len) == 0;
}

/* As long as the processor takes for it, not as the clock on the wall has it: rounds are counted,
 * and how long one takes is measured beforehand. */
static void burn(uint64_t rounds)
{
	volatile uint64_t x = 88172645463325252u;
	for (uint64_t i = 0; i < rounds; i++)
		x = x * UINT64_C(6364136223846793005) + 1;
}

static double burn_rounds_per_ns(void)
{
	static double rate;
	const uint64_t rounds = 20000000;
	if (rate > 0)
		return rate;
	const uint64_t began = bench_ticks();
	burn(rounds);
	rate = (double)rounds / (double)(bench_ticks() - began);
	return rate;
}

static void read_until(void *arg, unsigned thread, uint64_t deadline)
{
	struct reader *reader = &bench.readers[thread];
	const uint64_t rounds = (uint64_t)(bench.burn_ns * burn_rounds_per_ns());
	(void)arg;
	while (!reader->failed && bench_ticks() < deadline) {
		struct row row;
		if (bench.burn_ns <= 0) {
			reader->failed = !get_one(bench.reading, thread, reader);
			continue;
		}
		row_make(&row, random_next(&reader->random) % bench.rows, VALUE);
		const uint64_t before = bench_ticks();
		burn(rounds);
		histogram_add(&reader->latencies, bench_ticks() - before);
	}
}

static void read_beside_load(void *arg, unsigned thread, uint64_t deadline)
{
	struct side *side = &bench.own;
	struct side_worker *worker = &side->workers[thread];
	struct row row;
	if (thread == 0) {
		read_until(arg, thread, deadline);
		return;
	}
	while (!worker->failed && bench_ticks() < deadline) {
		row_make(&row, (uint64_t)thread << 40 | worker->next, VALUE);
		worker->failed = !side->peer->put(side->db, thread, &row, 1);
		worker->next += !worker->failed;
	}
}

static bool page_own(unsigned user, uint64_t *bytes)
{
	char name[24];
	struct hf_inbox_page page = {0};
	(void)snprintf(name, sizeof name, "user-%u", user);
	const struct hf_inbox_load_args args = {.user = hf_str(name), .limit = PAGE};
	if (hf_inbox_load(bench.own.db, &args, 0, &page, NULL) != HF_OK)
		return false;
	*bytes = 0;
	for (size_t i = 0; i < page.count; i++)
		*bytes += page.items[i].payload.len;
	const bool good = page.count == PAGE;
	hf_release(page.memory);
	return good;
}

static bool page_sqlite(unsigned user, uint64_t *bytes)
{
#ifdef BENCH_SQLITE
	return inbox_sqlite_page(bench.inboxes, user, PAGE, bytes) == PAGE;
#else
	(void)user;
	(void)bytes;
	return false;
#endif
}

static void pages_until(void *arg, unsigned thread, uint64_t deadline)
{
	bool (*const page)(unsigned, uint64_t *) = arg ? page_sqlite : page_own;
	struct reader *reader = &bench.readers[thread];
	while (!reader->failed && bench_ticks() < deadline) {
		uint64_t bytes = 0;
		const unsigned user = (unsigned)(random_next(&reader->random) % USERS);
		const uint64_t before = bench_ticks();
		reader->failed = !page(user, &bytes) || bytes != (uint64_t)PAGE * VALUE;
		histogram_add(&reader->latencies, bench_ticks() - before);
	}
}

/* `threads` run `work`; what the first `readers` of them timed is kept. */
static bool slice(int kind, unsigned round, pool_work work, void *arg, unsigned threads,
                  unsigned readers)
{
	static struct histogram sum;
	histogram_clear(&sum);
	for (unsigned i = 0; i < readers; i++)
		histogram_clear(&bench.readers[i].latencies);
	const uint64_t ns =
	    pool_run(&bench.pool, threads, (uint64_t)(bench.args.seconds * 1e9), work, arg);
	for (unsigned i = 0; i < readers; i++) {
		if (bench.readers[i].failed) {
			fprintf(stderr, "a read failed, or gave something else\n");
			return false;
		}
		histogram_merge(&sum, &bench.readers[i].latencies);
	}
	const struct figures f = figures_of(&sum, (double)sum.count, ns);
	cell_add(&bench.series[kind].cells[round], &f, &sum, true, 1);
	return true;
}

static bool slice_burnt(unsigned round)
{
	bench.burn_ns = bench.series[LOADED].cells[round].figures.p50 * 1000;
	const bool good = slice(BURNT, round, read_beside_load, NULL, 1 + WRITERS, 1);
	bench.burn_ns = 0;
	return good;
}

static bool run_round(unsigned round)
{
	bool good = true;
	for (unsigned k = 0; k < 3 && good; k++) {
		const int kind = (int)((k + round) % 3);
		bench.reading = kind == OTHER ? &bench.other : &bench.own;
		if (kind != OTHER || bench.has_other)
			good = slice(kind, round, read_until, NULL, kind == TWO ? 2 : 1, kind == TWO ? 2 : 1);
	}
	bench.reading = &bench.own;
	good = good && slice(PAGES, round, pages_until, NULL, 1, 1);
	if (bench.inboxes)
		good = good && slice(PAGES_SQLITE, round, pages_until, bench.inboxes, 1, 1);
	return good && slice(LOADED, round, read_beside_load, NULL, 1 + WRITERS, 1) &&
	       slice_burnt(round);
}

/* --- What was found --------------------------------------------------------------------------- */

static void bar(const char *what, enum way way, double required, int kind, int under,
                enum figure which, const struct window *w)
{
	double values[ROUNDS_MAX];
	series_values(&bench.series[kind], &bench.series[under], which, w, values);
	/* how many times faster, not slower */
	for (unsigned i = 0; i < w->count && way == AT_LEAST && which == P50; i++)
		values[i] = 1 / values[i];
	report_bar(&bench.report, "7", what, way, required, values, w->count);
}

static void judge(void)
{
	static const char *const names[KINDS] = {"holdfast",          "LMDB",   "two threads",
	                                         "beside 16 writers", "burner", "page, holdfast",
	                                         "page, SQLite"};
	const struct window w = {.count = bench.args.rounds};
	for (int kind = 0; kind < KINDS; kind++) {
		const double p50 = series_median(&bench.series[kind], NULL, P50, &w),
		             p99 = series_median(&bench.series[kind], NULL, P99, &w),
		             rate = series_median(&bench.series[kind], NULL, RATE, &w);
		if (rate <= 0)
			continue;
		printf("%-18s %10.0f a second, p50 %6.2f us, p99 %7.2f us\n", names[kind], rate, p50, p99);
		report_cell(&bench.report, "get", names[kind], "a second", rate);
		report_cell(&bench.report, "get", names[kind], "p50 us", p50);
		report_cell(&bench.report, "get", names[kind], "p99 us", p99);
	}
	if (bench.has_other)
		bar("get: p50 over LMDB's", AT_MOST, get_bar, OWN, OTHER, P50, &w);
	else
		report_absent(&bench.report, "7", "get: p50 over LMDB's", "it is not built in");
	bar("get: two threads over one", AT_LEAST, two_bar, TWO, OWN, RATE, &w);
	if (bench.inboxes)
		bar("page of 50 of 1,000: x SQLite", AT_LEAST, page_bar, PAGES, PAGES_SQLITE, P50, &w);
	else
		report_absent(&bench.report, "7", "page of 50: x SQLite", "it is not built in");
	bar("get beside 16 writers: p99 over a burner's", AT_MOST, loaded_bar, LOADED, BURNT, P99, &w);
}

/* --- Begin and end ---------------------------------------------------------------------------- */

static bool fill_rows(struct side *side)
{
	struct row *rows = malloc(ROW_BATCH * sizeof *rows);
	bool good = rows != NULL;
	for (uint64_t k = 0; k < bench.rows && good; k += ROW_BATCH) {
		const uint64_t count = bench.rows - k < ROW_BATCH ? bench.rows - k : ROW_BATCH;
		for (uint64_t i = 0; i < count; i++)
			row_make(&rows[i], k + i, VALUE);
		good = side->peer->put(side->db, 0, rows, count);
	}
	free(rows);
	side->workers[0].next = good ? bench.rows : 0;
	return good;
}

static bool fill_inboxes(hf_store *store)
{
	static const unsigned char payload[VALUE];
	char name[24], thread[24];
	for (unsigned record = 0; record < RECORDS; record++)
		for (unsigned user = 0; user < USERS; user++) {
			(void)snprintf(name, sizeof name, "user-%u", user);
			(void)snprintf(thread, sizeof thread, "thread-%u", record);
			const struct hf_inbox_input input = {.thread = hf_str(thread),
			                                     .payload = hf_bytes_of(payload, VALUE),
			                                     .unread = true,
			                                     .updated_at = 1 + (hf_time)record};
			const struct hf_inbox_save_args args = {.write.durability = HF_OS,
			                                        .user = hf_str(name),
			                                        .records = &input,
			                                        .count = 1,
			                                        .generated_at = 1 + (hf_time)record};
			if (hf_inbox_save(store, NULL, &args, NULL, NULL) != HF_OK)
				return false;
		}
	return true;
}

static bool begin(void)
{
	const struct peer *lmdb = peer_find("LMDB");
	bench.rows = args_objects(&bench.args, ROWS, ROWS_QUICK);
	bench.readers[0].random = 1;
	bench.readers[1].random = 2;
	(void)burn_rounds_per_ns();
	if (!args_directory(&bench.args, "read", bench.directory))
		return false;
	bench.own.value_len = VALUE;
	bench.other.value_len = VALUE;
	bench.own.config.log_only = true; /* no compaction falls into one slice and not the other */
	bool good = side_open(&bench.own, &peer_holdfast, "holdfast", bench.directory, THREADS) &&
	            fill_rows(&bench.own) && fill_inboxes(bench.own.db);
	bench.has_other = lmdb != NULL;
	if (good && lmdb)
		good = side_open(&bench.other, lmdb, "LMDB", bench.directory, THREADS) &&
		       fill_rows(&bench.other);
#ifdef BENCH_SQLITE
	bench.inboxes = good ? inbox_sqlite_open(bench.directory, USERS, RECORDS) : NULL;
	good = good && bench.inboxes;
#endif
	return good && pool_init(&bench.pool, THREADS);
}

int main(int argc, char **argv)
{
	bench.args = args_parse(argc, argv, 0.5);
	bool good = report_begin(&bench.report, &bench.args,
	                         "reads among a million rows: 16-byte random key, 100 random bytes") &&
	            begin() && run_round(0); /* the first round warms up: it is overwritten */
	for (unsigned round = 0; round < bench.args.rounds && good; round++)
		good = run_round(round);
	if (good)
		judge();
	good = good && side_verify(&bench.own) && (!bench.has_other || side_verify(&bench.other));
	if (good)
		report_note(&bench.report, "all rows are there after reopening");
	pool_deinit(&bench.pool);
#ifdef BENCH_SQLITE
	inbox_sqlite_close(bench.inboxes);
#endif
	side_drop(&bench.own);
	side_drop(&bench.other);
	directory_remove(bench.directory);
	return report_end(&bench.report) || !good;
}
