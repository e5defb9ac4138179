/* What commits pay for a compaction that runs beside them, against the floor R: a loop of write and
 * sync beside a thread that writes as many bytes at the same pace.
 *
 *     bench_compact [--objects N] [--rounds N] [DIRECTORY]
 *
 * First the rate of durable commits by one thread is measured, and that of R. Then they take turns:
 * commits at half their rate from the beginning to the end of a compaction, paced at 64 MiB a
 * second at most, and for as long R at half its rate beside a writer of as many bytes as the
 * snapshot has, in the same time and with a sync each 4 MiB as well. Each round has its percentiles
 * and ratios; the medians of the rounds are judged, unless R's own medians say that the disk was
 * unsteady. The extra memory is the peak of this process's beyond what it had before the first
 * compaction. The last lines hold the bars; the exit status is 1 when one of them fails or times
 * are not judged. */
#include "compare/steady.h"
#include "lib/histogram.h"
#include "lib/live_set.h"
#include "lib/machine.h"
#include "lib/pool.h"
#include "lib/raw.h"

#include <dirent.h>
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	PACE = 64 << 20,
	SYNC_EACH = 4 << 20,
	CHUNK = 64 << 10,
	RAW_LEN = 320,
	LATE_MOST = 8,
};

static const uint64_t measure_ns = UINT64_C(1500000000);
static const double p99_bar = 1.3, p999_bar = 2.0, memory_bar = 1.0;

static uint64_t objects = 300000, committed;
static unsigned rounds = ROUNDS_JUDGED;
static char path[4096], raw_path[4096 + 16], writer_path[4096 + 16];
static hf_store *store;
static struct raw raw;
static atomic_bool over; /* what goes on beside */
static uint64_t bytes_beside, ns_beside; /* that the last compaction wrote, and took */

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

/* At this rate until `over`, or for so long if that is not 0. What comes late because the one
 * before took long begins at once, and what a busy machine has missed by more than a few is not
 * made up for: at half load neither side queues. */
static uint64_t paced(void (*once)(void), double rate, uint64_t ns, struct histogram *into)
{
	const uint64_t began = bench_ticks(), step = (uint64_t)(1e9 / rate);
	for (uint64_t due = began; ns ? due - began < ns : !atomic_load(&over); due += step) {
		sleep_until(due);
		const uint64_t from = bench_ticks();
		once();
		const uint64_t now = bench_ticks();
		histogram_add(into, now - from);
		if (now > due + LATE_MOST * step)
			due = now;
	}
	return bench_ticks() - began;
}

static void *compact_once(void *arg)
{
	(void)arg;
	const int rc = hf_compact(store, NULL);
	if (rc != HF_OK)
		die("compact", hf_code_name(rc));
	atomic_store(&over, true);
	return NULL;
}

static void *write_once(void *arg)
{
	static unsigned char bytes[CHUNK];
	const int file = open(writer_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	const uint64_t began = bench_ticks();
	uint64_t written = 0;
	(void)arg;
	memset(bytes, 'x', sizeof bytes);
	if (file < 0)
		die("writer", "no file");
	while (!atomic_load(&over) && written < bytes_beside) {
		sleep_until(began + (uint64_t)((double)written / (double)bytes_beside * (double)ns_beside));
		if (pwrite(file, bytes, sizeof bytes, (off_t)written) != (ssize_t)sizeof bytes)
			die("writer", "no room");
		written += sizeof bytes;
		if (written % SYNC_EACH == 0 && fdatasync(file) != 0)
			die("writer", "the disk failed");
	}
	if (fdatasync(file) != 0 || close(file) != 0 || unlink(writer_path) != 0)
		die("writer", "the disk failed");
	return NULL;
}

/* Gives how long it took. */
static uint64_t turn(void *(*beside)(void *), void (*once)(void), double rate, uint64_t ns,
                     struct histogram *into)
{
	pthread_t thread;
	atomic_store(&over, false);
	if (pthread_create(&thread, NULL, beside, NULL) != 0)
		die("thread", "none");
	const uint64_t took = paced(once, rate, ns, into);
	atomic_store(&over, true);
	(void)pthread_join(thread, NULL);
	return took;
}

/* The size of the newest snapshot. */
static uint64_t snapshot_bytes(void)
{
	char name[sizeof path + 256];
	struct stat st;
	uint64_t bytes = 0;
	time_t newest = 0;
	DIR *dir = opendir(path);
	for (const struct dirent *entry; dir && (entry = readdir(dir));) {
		(void)snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
		if (strncmp(entry->d_name, "snapshot-", 9) == 0 && stat(name, &st) == 0 &&
		    st.st_mtime >= newest) {
			newest = st.st_mtime;
			bytes = (uint64_t)st.st_size;
		}
	}
	if (dir)
		(void)closedir(dir);
	return bytes;
}

/* A line of /proc/self/status, in bytes. */
static double status_of(const char *name)
{
	char line[256];
	unsigned long long kib = 0;
	FILE *file = fopen("/proc/self/status", "r");
	while (file && fgets(line, sizeof line, file))
		if (strncmp(line, name, strlen(name)) == 0)
			kib = strtoull(line + strlen(name) + 1, NULL, 10);
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

static double floor50[ROUNDS_JUDGED], over99[ROUNDS_JUDGED], over999[ROUNDS_JUDGED];

static void print_side(const char *name, const struct histogram *h)
{
	printf("  %s p50 %4.0f p99 %5.0f p99.9 %5.0f us", name, histogram_percentile_us(h, 0.5),
	       histogram_percentile_us(h, 0.99), histogram_percentile_us(h, 0.999));
}

static void round_of(unsigned i, double own_rate, double floor_rate)
{
	struct histogram own = {0}, floor = {0};
	const uint64_t took = ns_beside = turn(compact_once, commit, own_rate / 2, 0, &own);
	bytes_beside = snapshot_bytes();
	(void)turn(write_once, raw_once, floor_rate / 2, took, &floor);
	floor50[i] = histogram_percentile_us(&floor, 0.5);
	over99[i] = histogram_percentile_us(&own, 0.99) / histogram_percentile_us(&floor, 0.99);
	over999[i] = histogram_percentile_us(&own, 0.999) / histogram_percentile_us(&floor, 0.999);
	printf("%2u  %5.2f s, %5.1f MiB", i + 1, (double)took / 1e9, (double)bytes_beside / 1048576);
	print_side("commits", &own);
	print_side("R", &floor);
	printf("  ratios %.2f %.2f\n", over99[i], over999[i]);
}

/* Did R stay as it was? What it was compared with is judged only then. */
static bool steady(void)
{
	double low = floor50[0], high = floor50[0];
	for (unsigned i = 1; i < rounds; i++) {
		low = floor50[i] < low ? floor50[i] : low;
		high = floor50[i] > high ? floor50[i] : high;
	}
	if (high <= low * steady_most)
		return true;
	printf("the disk was unsteady: R's medians differ by %.0f %%; times are not judged\n",
	       (high / low - 1) * 100);
	return false;
}

/* The exit status: 1, too, when times could not be judged. */
static int judge(double before)
{
	/* 10 % of the process and 16 MiB */
	const double extra = status_of("VmHWM") - before, allowed = before / 10 + (16 << 20);
	printf("memory: %.1f MiB, %.1f MiB more at most\n", before / 1048576, extra / 1048576);
	bool met = bar("p99 over that of R beside a writer", median_of(over99, rounds), p99_bar);
	met = bar("p99.9 over that of R beside a writer", median_of(over999, rounds), p999_bar) && met;
	met = bar("extra memory over 10 % + 16 MiB", extra / allowed, memory_bar) && met;
	return steady() && met ? 0 : 1;
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
	read_options(argc, argv);
	if (rounds < 1 || rounds > ROUNDS_JUDGED)
		die("--rounds", "1 to 9");
	begin(optind < argc ? argv[optind] : ".");
	const double own_rate = rate_of(commit), floor_rate = rate_of(raw_once);
	printf("%llu objects; %.0f commits a second, R %.0f; half of each from here on\n",
	       (unsigned long long)objects, own_rate, floor_rate);
	const double before = status_of("VmRSS");
	for (unsigned i = 0; i < rounds; i++)
		round_of(i, own_rate, floor_rate);
	const int status = judge(before);
	raw_deinit(&raw);
	if (hf_close(store, NULL) != HF_OK)
		die("close", "failed");
	directory_remove(path);
	(void)unlink(raw_path);
	return status;
}
