/* What commits pay for a compaction that runs beside them, against the floor R: a loop of write and
 * sync beside a thread that writes as many bytes at the same pace.
 *
 *     bench_compact [--objects N] [--rounds N] [DIRECTORY]
 *
 * First the rate of durable commits by one thread is measured, and that of R. Then slices of a
 * second take turns: commits at half their rate while compactions run one after the other, paced at
 * 64 MiB a second; R at half its rate beside a writer that writes 64 MiB a second into a file and
 * syncs it each 4 MiB, both as the compaction does. Percentiles are over all slices. The extra
 * memory is the peak of this process's beyond what it had before the first compaction. The last
 * lines hold the bars; the exit status is 1 when one of them fails. */
#include "lib/histogram.h"
#include "lib/live_set.h"
#include "lib/machine.h"
#include "lib/pool.h"
#include "lib/raw.h"

#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PACE = 64 << 20, SYNC_EACH = 4 << 20, CHUNK = 64 << 10, RAW_LEN = 320, LATE_MOST = 8 };

static const uint64_t slice_ns = UINT64_C(1000000000), measure_ns = UINT64_C(1500000000);
static const double p99_bar = 1.3, p999_bar = 2.0, memory_bar = 1.0;

static uint64_t objects = 300000, committed;
static unsigned rounds = 30;
static char path[4096], raw_path[4096 + 16], writer_path[4096 + 16];
static hf_store *store;
static struct raw raw;
static atomic_bool over;
static _Atomic unsigned compactions;

static void die(const char *what, const char *why)
{
	fprintf(stderr, "%s: %s\n", what, why);
	exit(2);
}

static void commit(void)
{
	const int rc = live_put(store, objects + committed % 1000, committed / 1000, HF_DURABLE);
	committed++;
	if (rc != HF_OK)
		die("commit", hf_code_name(rc));
}

static void raw_once(void)
{
	static struct histogram ignored;
	if (raw_run(&raw, 1, &ignored) == 0)
		die("raw", "the disk failed");
}

static void sleep_until(uint64_t ticks)
{
	const uint64_t now = bench_ticks();
	if (ticks <= now)
		return;
	const struct timespec time = {.tv_sec = (time_t)((ticks - now) / 1000000000),
	                              .tv_nsec = (long)((ticks - now) % 1000000000)};
	(void)nanosleep(&time, NULL);
}

/* As fast as it goes, a second and a half. */
static double rate_of(void (*once)(void))
{
	const uint64_t began = bench_ticks();
	uint64_t count = 0;
	for (; bench_ticks() - began < measure_ns; count++)
		once();
	return (double)count * 1e9 / (double)(bench_ticks() - began);
}

/* At this rate. What comes late because the one before took long begins at once, and what a busy
 * machine has missed by more than a few is not made up for: at half load neither side queues. */
static void paced(void (*once)(void), double rate, struct histogram *into)
{
	const uint64_t began = bench_ticks(), step = (uint64_t)(1e9 / rate);
	for (uint64_t due = began; due - began < slice_ns; due += step) {
		sleep_until(due);
		const uint64_t from = bench_ticks();
		once();
		const uint64_t now = bench_ticks();
		histogram_add(into, now - from);
		if (now > due + LATE_MOST * step)
			due = now;
	}
}

static void *compact_on(void *arg)
{
	(void)arg;
	while (!atomic_load(&over)) {
		const int rc = hf_compact(store, NULL);
		if (rc != HF_OK)
			die("compact", hf_code_name(rc));
		(void)atomic_fetch_add(&compactions, 1);
	}
	return NULL;
}

static void *write_on(void *arg)
{
	static unsigned char bytes[CHUNK];
	const int file = open(writer_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	const uint64_t began = bench_ticks();
	uint64_t written = 0;
	(void)arg;
	memset(bytes, 'x', sizeof bytes);
	if (file < 0)
		die("writer", "no file");
	while (!atomic_load(&over)) {
		sleep_until(began + (uint64_t)((double)written * 1e9 / PACE));
		/* a file of the size of a snapshot, again and again */
		if (pwrite(file, bytes, sizeof bytes, (off_t)(written % (UINT64_C(64) << 20))) !=
		    (ssize_t)sizeof bytes)
			die("writer", "no room");
		written += sizeof bytes;
		if (written % SYNC_EACH == 0 && fdatasync(file) != 0)
			die("writer", "the disk failed");
	}
	(void)close(file);
	return NULL;
}

static void slice(void *(*beside)(void *), void (*once)(void), double rate, struct histogram *into)
{
	pthread_t thread;
	atomic_store(&over, false);
	if (pthread_create(&thread, NULL, beside, NULL) != 0)
		die("thread", "none");
	paced(once, rate, into);
	atomic_store(&over, true);
	(void)pthread_join(thread, NULL);
}

/* A line of /proc/self/status, in bytes. */
static double status_of(const char *name)
{
	char line[256];
	unsigned long long kib = 0;
	FILE *file = fopen("/proc/self/status", "r");
	while (file && fgets(line, sizeof line, file))
		if (strncmp(line, name, strlen(name)) == 0)
			(void)sscanf(line + strlen(name), ": %llu", &kib);
	if (file)
		(void)fclose(file);
	return (double)kib * 1024;
}

static void begin(const char *directory)
{
	const struct hf_options options = {
	    .create = true, .compact_bytes = UINT64_MAX, .compact_rate = PACE};
	(void)snprintf(path, sizeof path, "%s/bench-compact-%d", directory, (int)getpid());
	(void)snprintf(raw_path, sizeof raw_path, "%s.raw", path);
	(void)snprintf(writer_path, sizeof writer_path, "%s.writer", path);
	struct hf_error error = {0};
	if (hf_open(path, &options, &store, &error) != HF_OK)
		die("open", error.text);
	(void)machine_print(path);
	for (uint64_t k = 0; k < objects; k++)
		if (live_put(store, k, 0, HF_OS) != HF_OK)
			die("fill", "a put failed");
	if (hf_sync(store, NULL) != HF_OK || !raw_init(&raw, raw_path, RAW_LEN))
		die("begin", "the disk failed");
}

static bool bar(const char *what, double is, double most)
{
	printf("%-56s %6.2f  bar %.2f  %s\n", what, is, most, is <= most ? "met" : "NOT MET");
	return is <= most;
}

static int judge(const struct histogram *own, const struct histogram *floor, double before)
{
	const double own99 = histogram_percentile_us(own, 0.99),
	             own999 = histogram_percentile_us(own, 0.999),
	             floor99 = histogram_percentile_us(floor, 0.99),
	             floor999 = histogram_percentile_us(floor, 0.999);
	/* 10 % of the process and 16 MiB */
	const double extra = status_of("VmHWM") - before, allowed = before / 10 + (16 << 20);
	printf("commits beside a compaction: p50 %.0f us, p99 %.0f us, p99.9 %.0f us (%llu of them, %u "
	       "compactions)\n"
	       "R beside a writer:           p50 %.0f us, p99 %.0f us, p99.9 %.0f us (%llu)\n"
	       "memory: %.1f MiB, %.1f MiB more at most\n",
	       histogram_percentile_us(own, 0.5), own99, own999, (unsigned long long)own->count,
	       atomic_load(&compactions), histogram_percentile_us(floor, 0.5), floor99, floor999,
	       (unsigned long long)floor->count, before / 1048576, extra / 1048576);
	bool met = bar("p99 over that of R beside a writer", own99 / floor99, p99_bar);
	met = bar("p99.9 over that of R beside a writer", own999 / floor999, p999_bar) && met;
	return bar("extra memory over 10 % + 16 MiB", extra / allowed, memory_bar) && met ? 0 : 1;
}

static void read_options(int argc, char **argv)
{
	static const struct option options[] = {{"objects", required_argument, NULL, 'o'},
	                                        {"rounds", required_argument, NULL, 'r'},
	                                        {NULL, 0, NULL, 0}};
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;)
		if (c == 'o')
			objects = strtoull(optarg, NULL, 10);
		else if (c == 'r')
			rounds = (unsigned)strtoul(optarg, NULL, 10);
		else
			exit(2);
}

int main(int argc, char **argv)
{
	static struct histogram own, floor;
	read_options(argc, argv);
	begin(optind < argc ? argv[optind] : ".");
	const double own_rate = rate_of(commit), floor_rate = rate_of(raw_once);
	printf("%llu objects; %.0f commits a second, R %.0f; half of each from here on\n",
	       (unsigned long long)objects, own_rate, floor_rate);
	const double before = status_of("VmRSS");
	for (unsigned i = 0; i < rounds; i++) {
		slice(compact_on, commit, own_rate / 2, &own);
		slice(write_on, raw_once, floor_rate / 2, &floor);
	}
	const int status = judge(&own, &floor, before);
	raw_deinit(&raw);
	if (hf_close(store, NULL) != HF_OK)
		die("close", "failed");
	directory_remove(path);
	(void)unlink(raw_path);
	(void)unlink(writer_path);
	return status;
}
