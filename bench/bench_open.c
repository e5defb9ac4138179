/* How long an opening takes: replay of a log, and a snapshot of the same state; and what a get of a
 * payload that lies in a snapshot costs.
 *
 *     bench_open [OBJECTS] [DIRECTORY]
 *
 * A store is filled with objects (1,000,000 documents of 100 bytes unless told otherwise), closed,
 * and opened from its log; then it is compacted, and opened from the snapshot: each five times, in
 * turn where that is possible, medians. Then documents of 1 KiB are written, compacted, and got one
 * by one in random order: each get finds its block cold, and again at once, when it is hot. The
 * page cache is warm in all of it. */
#include "lib/histogram.h"
#include "lib/live_set.h"
#include "lib/machine.h"
#include "lib/pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROUNDS = 5, SMALL = 100, LARGE = 1024, LARGE_COUNT = 50000, GETS = 20000 };

static const double cold_bar_us = 25, hot_bar_us = 3;

static void fail(const char *what, int rc)
{
	fprintf(stderr, "%s: %s\n", what, hf_code_name(rc));
	exit(2);
}

static int compare(const void *a, const void *b)
{
	const double left = *(const double *)a, right = *(const double *)b;
	return (left > right) - (left < right);
}

static double median(double *all, size_t count)
{
	qsort(all, count, sizeof *all, compare);
	return all[count / 2];
}

static hf_store *open_store(const char *path)
{
	/* it is compacted when this says so */
	const struct hf_options options = {.create = true, .compact_bytes = UINT64_MAX};
	hf_store *store;
	const int rc = hf_open(path, &options, &store, NULL);
	if (rc != HF_OK)
		fail("open", rc);
	return store;
}

static void fill(hf_store *store, const char *collection, uint64_t count, size_t len)
{
	char id[24];
	unsigned char payload[LARGE];
	uint64_t x = 88172645463325252u;
	for (uint64_t i = 0; i < count; i++) {
		for (size_t k = 0; k < len; k++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			payload[k] = (unsigned char)('a' + x % 26);
		}
		(void)snprintf(id, sizeof id, "d%09llu", (unsigned long long)i);
		const struct hf_document_put_args args = {.write.durability = HF_OS,
		                                          .key = {hf_str(collection), hf_str(id)},
		                                          .payload = hf_bytes_of(payload, len)};
		const int rc = hf_document_put(store, NULL, &args, NULL, NULL);
		if (rc != HF_OK)
			fail("put", rc);
	}
}

static double median_open(const char *path)
{
	double all[ROUNDS];
	for (size_t i = 0; i < ROUNDS; i++) {
		all[i] = open_ms(path);
		if (all[i] < 0)
			exit(2);
	}
	return median(all, ROUNDS);
}

static void close_store(hf_store *store)
{
	const int rc = hf_close(store, NULL);
	if (rc != HF_OK)
		fail("close", rc);
}

static void compact(hf_store *store)
{
	const uint64_t began = bench_ticks();
	const int rc = hf_compact(store, NULL);
	if (rc != HF_OK)
		fail("compact", rc);
	printf("compacted in %.2f s\n", (double)(bench_ticks() - began) / 1e9);
}

static uint64_t timed_get(hf_store *store, uint64_t number)
{
	char id[24];
	struct hf_document_got got = {0};
	(void)snprintf(id, sizeof id, "d%09llu", (unsigned long long)number);
	const struct hf_document_key key = {hf_str("large"), hf_str(id)};
	const uint64_t began = bench_ticks();
	const int rc = hf_document_get(store, &key, 0, &got, NULL);
	const uint64_t took = bench_ticks() - began;
	if (rc != HF_OK || got.document.payload.len != LARGE)
		fail("get", rc);
	hf_release(got.memory);
	return took;
}

static int measure_gets(const char *path)
{
	static struct histogram cold, hot;
	hf_store *store = open_store(path);
	uint64_t x = 20261130;
	fill(store, "large", LARGE_COUNT, LARGE);
	compact(store);
	for (unsigned i = 0; i < GETS; i++) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		const uint64_t number = (x >> 33) % LARGE_COUNT;
		histogram_add(&cold, timed_get(store, number));
		histogram_add(&hot, timed_get(store, number));
	}
	close_store(store);
	const double cold_us = histogram_percentile_us(&cold, 0.5),
	             hot_us = histogram_percentile_us(&hot, 0.5);
	const bool met = cold_us <= cold_bar_us && hot_us <= hot_bar_us;
	printf(
	    "get of %d bytes after a compaction: p50 %.1f us cold (bar %.0f), %.1f us hot (bar %.0f):"
	    " %s\n",
	    LARGE, cold_us, cold_bar_us, hot_us, hot_bar_us, met ? "met" : "NOT MET");
	return met ? 0 : 1;
}

int main(int argc, char **argv)
{
	const uint64_t objects = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
	char path[4096];
	(void)snprintf(path, sizeof path, "%s/bench-open-%d", argc > 2 ? argv[2] : ".", (int)getpid());
	if (objects == 0 || mkdir(path, 0700) != 0) {
		fprintf(stderr, "usage: bench_open [OBJECTS] [DIRECTORY]\n");
		return 2;
	}
	(void)machine_print(path);
	hf_store *store = open_store(path);
	fill(store, "small", objects, SMALL);
	close_store(store);
	const double log_ms = median_open(path);
	store = open_store(path);
	compact(store);
	close_store(store);
	const double snapshot_ms = median_open(path);
	printf("%llu documents of %d bytes: opened from the log in %.0f ms (%.0f objects/s), from a "
	       "snapshot in %.0f ms (%.0f objects/s): %.2f x\n",
	       (unsigned long long)objects, SMALL, log_ms, (double)objects / log_ms * 1e3, snapshot_ms,
	       (double)objects / snapshot_ms * 1e3, snapshot_ms / log_ms);
	const int status = measure_gets(path);
	directory_remove(path);
	return status;
}
