/* What a durable commit costs, against the floor R that the disk sets: pwrite + fdatasync of the
 * same bytes on a zero-filled file.
 *
 * One process, one directory. Each round alternates short slices R, 1 thread, R, 4 threads, R,
 * 16, R, 64, R, one thread with 64 tickets out, which sleeps on the store's eventfd as an event
 * loop does: disks drift by tens of per cent within minutes, so a figure is compared only with
 * the R slice just before it, and the table holds medians over the rounds. Every operation is
 * one durable outbox enqueue, 16-byte id and 100-byte payload, default options. R writes as many
 * bytes as one such commit of a single thread adds to the log, measured at the start. The last
 * lines hold the bars; the exit status is 1 when one of them fails. */
#include "holdfast/async.h"
#include "holdfast/outbox.h"
#include "holdfast/outbox_claim.h"
#include "holdfast/outbox_read.h"
#include "holdfast/store.h"

#include "lib/histogram.h"
#include "lib/machine.h"
#include "lib/pool.h"
#include "lib/raw.h"

#include <ftw.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	ID_SIZE = 16,
	PAYLOAD_SIZE = 100,
	ROUNDS_MAX = 101,
	TICKETS = 64,
	CALIBRATION_COMMITS = 64,
};

static const struct {
	unsigned threads;
	double bar; /* entries/s must be at least so many times R's */
	bool async; /* each with TICKETS out */
} cases[] = {
    {1, 0.92, false}, {4, 2.0, false}, {16, 6.0, false}, {64, 15.0, false}, {1, 12.0, true}};

enum { CASES = sizeof(cases) / sizeof(cases[0]) };

/* One slice, or the median of some. */
struct figures {
	double rate; /* operations per second */
	double syncs; /* per second */
	double p50, p99, p999; /* microseconds */
	double ratio; /* to R */
};

/* A cache line or more of its own for each thread, so that counting does not slow the
 * neighbours. */
struct worker {
	_Alignas(128) struct histogram latencies;
	uint64_t next; /* number of the next item: makes its id */
	int failed; /* first code that was not HF_OK */
	struct hf_error error;
};

struct bench {
	const char *parent;
	char directory[4096];
	double seconds; /* of one slice */
	unsigned rounds;
	hf_store *store;
	int event;
	struct raw raw;
	struct pool pool;
	struct worker workers[POOL_MAX];
	struct histogram sum;
	struct figures floor[CASES][ROUNDS_MAX];
	struct figures slices[CASES][ROUNDS_MAX];
};

static bool complain(const char *what, const struct hf_error *error)
{
	fprintf(stderr, "%s: %s: %s\n", what, hf_code_name(error->code), error->text);
	return false;
}

/* --- One slice -------------------------------------------------------------------------------- */

static int enqueue_one(hf_store *store, unsigned thread, uint64_t number, struct hf_ticket *ticket,
                       struct hf_error *error)
{
	static const char payload[PAYLOAD_SIZE] =
	    "{\"subject\":\"a payload of one hundred bytes, as a small message would be\"}";
	static const char digits[] = "0123456789abcdef";
	char id[ID_SIZE];
	struct hf_outbox_enqueue_args args = {
	    .queue = hf_str("bench"),
	    .payload = hf_bytes_of(payload, sizeof(payload)),
	    .write.ticket = ticket,
	};

	/* By hand: formatting would be measured along with the commit. */
	uint64_t left = (uint64_t)thread << 56 | number;
	for (size_t i = ID_SIZE; i-- > 0; left >>= 4)
		id[i] = digits[left & 15];
	args.id = hf_bytes_of(id, ID_SIZE);
	return hf_outbox_enqueue(store, NULL, &args, NULL, error);
}

static void enqueue_until(void *arg, unsigned thread, uint64_t deadline)
{
	struct bench *bench = arg;
	struct worker *worker = &bench->workers[thread];
	uint64_t before = bench_ticks(), now;

	do {
		worker->failed = enqueue_one(bench->store, thread, worker->next++, NULL, &worker->error);
		if (worker->failed)
			return;
		now = bench_ticks();
		histogram_add(&worker->latencies, now - before);
		before = now;
	} while (now < deadline);
}

/* Tickets in the order in which they were given: they are answered in that order too. */
struct flight {
	struct hf_ticket tickets[TICKETS];
	uint64_t began[TICKETS];
	size_t first, count;
};

/* Takes off what is answered. */
static int reap(struct bench *bench, struct worker *worker, struct flight *flight)
{
	const uint64_t now = bench_ticks();

	while (flight->count > 0) {
		int rc = hf_ticket_poll(bench->store, &flight->tickets[flight->first], NULL);
		if (rc == HF_ETIMEDOUT)
			break;
		if (rc)
			return rc;
		histogram_add(&worker->latencies, now - flight->began[flight->first]);
		flight->first = (flight->first + 1) % TICKETS;
		flight->count--;
	}
	return HF_OK;
}

/* Sleeps until the store says that something was answered. */
static int wait_for_event(struct bench *bench)
{
	struct pollfd event = {.fd = bench->event, .events = POLLIN};
	uint64_t count;

	if (poll(&event, 1, 10000) != 1 || read(bench->event, &count, sizeof(count)) != sizeof(count))
		return HF_EIO;
	return HF_OK;
}

static void submit_until(void *arg, unsigned thread, uint64_t deadline)
{
	struct bench *bench = arg;
	struct worker *worker = &bench->workers[thread];
	struct flight flight = {.count = 0};

	for (;;) {
		bool over = bench_ticks() >= deadline;
		while (!over && flight.count < TICKETS && !worker->failed) {
			size_t last = (flight.first + flight.count++) % TICKETS;
			flight.began[last] = bench_ticks();
			worker->failed = enqueue_one(bench->store, thread, worker->next++,
			                             &flight.tickets[last], &worker->error);
		}
		if (worker->failed || flight.count == 0)
			return;
		worker->failed = wait_for_event(bench);
		if (!worker->failed)
			worker->failed = reap(bench, worker, &flight);
	}
}

static struct figures figures_of(const struct histogram *h, uint64_t syncs, uint64_t ns)
{
	struct figures f = {
	    .rate = (double)h->count * 1e9 / (double)ns,
	    .syncs = (double)syncs * 1e9 / (double)ns,
	    .p50 = histogram_percentile_us(h, 0.50),
	    .p99 = histogram_percentile_us(h, 0.99),
	    .p999 = histogram_percentile_us(h, 0.999),
	};
	return f;
}

static bool slice_raw(struct bench *bench, struct figures *out)
{
	uint64_t ns;

	histogram_clear(&bench->sum);
	ns = raw_run(&bench->raw, (uint64_t)(bench->seconds * 1e9), &bench->sum);
	if (!ns)
		return false;
	*out = figures_of(&bench->sum, bench->sum.count, ns);
	out->ratio = 1.0;
	return true;
}

/* Adds up what the threads counted; false when a call failed or an acknowledged item is not in
 * the log. */
static bool collect(struct bench *bench, unsigned threads, uint64_t entries)
{
	histogram_clear(&bench->sum);
	for (unsigned i = 0; i < threads; i++) {
		struct worker *worker = &bench->workers[i];
		if (worker->failed)
			return complain("enqueue", &worker->error);
		histogram_merge(&bench->sum, &worker->latencies);
		histogram_clear(&worker->latencies);
	}
	if (bench->sum.count != entries) {
		fprintf(stderr, "%llu items were acknowledged, %llu entries written\n",
		        (unsigned long long)bench->sum.count, (unsigned long long)entries);
		return false;
	}
	return true;
}

static bool slice_store(struct bench *bench, unsigned threads, bool async, struct figures *out)
{
	struct hf_info before = {0}, after = {0};
	struct hf_error error;
	uint64_t ns;

	if (hf_get_info(bench->store, &before, &error))
		return complain("info", &error);
	ns = pool_run(&bench->pool, threads, (uint64_t)(bench->seconds * 1e9),
	              async ? submit_until : enqueue_until, bench);
	if (hf_get_info(bench->store, &after, &error))
		return complain("info", &error);
	if (!collect(bench, threads, after.entries - before.entries))
		return false;
	if (after.signals - before.signals > after.syncs - before.syncs) {
		fprintf(stderr, "%llu writes to the eventfd in %llu syncs\n",
		        (unsigned long long)(after.signals - before.signals),
		        (unsigned long long)(after.syncs - before.syncs));
		return false;
	}
	*out = figures_of(&bench->sum, after.syncs - before.syncs, ns);
	/* A queue is drained by those who use it. Emptied between slices, so that every slice begins
	 * with the same store. */
	const struct hf_outbox_clear_args clear = {.queue = hf_str("bench")};
	return !hf_outbox_clear(bench->store, NULL, &clear, NULL, &error) || complain("clear", &error);
}

/* --- Set up ----------------------------------------------------------------------------------- */

/* Bytes that one commit of one thread adds to the log; 0 on failure. */
static size_t commit_size(struct bench *bench)
{
	struct hf_info before = {0}, after = {0};
	struct hf_error error;

	do { /* again if the log went over to its next segment in between */
		if (hf_get_info(bench->store, &before, &error))
			return complain("info", &error);
		for (int i = 0; i < CALIBRATION_COMMITS; i++)
			if (enqueue_one(bench->store, POOL_MAX, bench->workers[0].next++, NULL, &error))
				return complain("enqueue", &error);
		if (hf_get_info(bench->store, &after, &error))
			return complain("info", &error);
	} while (after.segment != before.segment);
	if (after.groups - before.groups != CALIBRATION_COMMITS) {
		fprintf(stderr, "one thread: %d commits, but %llu groups\n", CALIBRATION_COMMITS,
		        (unsigned long long)(after.groups - before.groups));
		return 0;
	}
	return (after.segment_offset - before.segment_offset) / CALIBRATION_COMMITS;
}

static bool bench_open(struct bench *bench)
{
	struct hf_options options = {.create = true};
	struct hf_error error;
	char path[sizeof(bench->directory) + 16];
	size_t size;

	snprintf(bench->directory, sizeof(bench->directory), "%s/bench-commit-XXXXXX", bench->parent);
	if (!mkdtemp(bench->directory)) {
		perror(bench->directory);
		return false;
	}
	snprintf(path, sizeof(path), "%s/store", bench->directory);
	if (hf_open(path, &options, &bench->store, &error))
		return complain(path, &error);
	if (hf_eventfd(bench->store, &bench->event, &error))
		return complain("eventfd", &error);
	if (!pool_init(&bench->pool, POOL_MAX)) {
		fprintf(stderr, "cannot start %d threads\n", POOL_MAX);
		return false;
	}
	size = commit_size(bench);
	snprintf(path, sizeof(path), "%s/raw", bench->directory);
	if (!size || !raw_init(&bench->raw, path, size))
		return false;
	printf("workload   durable outbox enqueue, %d-byte id, %d-byte payload; a commit of one thread "
	       "adds %zu bytes to the log, R writes as "
	       "many\n",
	       ID_SIZE, PAYLOAD_SIZE, size);
	return true;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *place)
{
	(void)info;
	(void)kind;
	(void)place;
	return remove(path);
}

static bool bench_close(struct bench *bench)
{
	struct hf_error error;
	bool ok = true;

	if (bench->pool.size)
		pool_deinit(&bench->pool);
	raw_deinit(&bench->raw);
	if (hf_close(bench->store, &error))
		ok = complain("close", &error);
	if (nftw(bench->directory, remove_one, 8, FTW_DEPTH | FTW_PHYS))
		fprintf(stderr, "%s is left behind\n", bench->directory);
	return ok;
}

/* --- Rounds and their medians ----------------------------------------------------------------- */

/* Round 0 warms caches, threads and the disk up and does not count. */
static bool run_rounds(struct bench *bench)
{
	for (unsigned round = 0; round <= bench->rounds; round++) {
		unsigned slot = round ? round - 1 : 0;
		for (unsigned c = 0; c < CASES; c++) {
			struct figures *floor = &bench->floor[c][slot], *slice = &bench->slices[c][slot];
			if (!slice_raw(bench, floor) ||
			    !slice_store(bench, cases[c].threads, cases[c].async, slice))
				return false;
			slice->ratio = slice->rate / floor->rate;
		}
	}
	return true;
}

static int compare(const void *left, const void *right)
{
	double l = *(const double *)left, r = *(const double *)right;

	return (l > r) - (l < r);
}

/* Median of one member, found at `offset`, over `count` figures. */
static double median(const struct figures *figures, size_t count, size_t offset)
{
	double values[CASES * ROUNDS_MAX];

	for (size_t i = 0; i < count; i++)
		memcpy(&values[i], (const char *)&figures[i] + offset, sizeof(double));
	qsort(values, count, sizeof(double), compare);
	return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static struct figures medians(const struct figures *figures, size_t count)
{
	struct figures f = {
	    .rate = median(figures, count, offsetof(struct figures, rate)),
	    .syncs = median(figures, count, offsetof(struct figures, syncs)),
	    .p50 = median(figures, count, offsetof(struct figures, p50)),
	    .p99 = median(figures, count, offsetof(struct figures, p99)),
	    .p999 = median(figures, count, offsetof(struct figures, p999)),
	    .ratio = median(figures, count, offsetof(struct figures, ratio)),
	};
	return f;
}

static void print_row(const char *name, const struct figures *f)
{
	printf("%-12s %10.0f %9.0f %13.2f %9.0f %9.0f %9.0f %9.2f\n", name, f->rate, f->syncs,
	       f->rate / f->syncs, f->p50, f->p99, f->p999, f->ratio);
}

/* A floor that moves makes every ratio to it doubtful: says so. */
static void print_steadiness(const struct figures *floor, size_t count)
{
	double least = floor[0].rate, most = floor[0].rate;

	for (size_t i = 1; i < count; i++) {
		least = floor[i].rate < least ? floor[i].rate : least;
		most = floor[i].rate > most ? floor[i].rate : most;
	}
	printf("\nR was %.0f to %.0f a second in its %zu slices%s\n", least, most, count,
	       most > 2 * least
	           ? ": UNSTEADY, something else used the disk; run it again on a quiet machine"
	           : "");
}

/* Gives how many bars failed. */
static int print_table(struct bench *bench)
{
	struct figures all[CASES * ROUNDS_MAX], f;
	double ratios[CASES];
	int failed = 0;

	for (unsigned c = 0; c < CASES; c++)
		memcpy(&all[(size_t)c * bench->rounds], bench->floor[c], bench->rounds * sizeof(all[0]));
	printf("\n%-12s %10s %9s %13s %9s %9s %9s %9s\n", "threads", "entries/s", "syncs/s",
	       "entries/sync", "p50 us", "p99 us", "p99.9 us", "ratio");
	f = medians(all, (size_t)CASES * bench->rounds);
	print_row("R, raw loop", &f);
	for (unsigned c = 0; c < CASES; c++) {
		char name[16];
		f = medians(bench->slices[c], bench->rounds);
		ratios[c] = f.ratio;
		snprintf(name, sizeof(name), cases[c].async ? "%u, async" : "%u", cases[c].threads);
		print_row(name, &f);
	}
	print_steadiness(all, (size_t)CASES * bench->rounds);
	for (unsigned c = 0; c < CASES; c++) {
		bool pass = ratios[c] >= cases[c].bar;
		failed += !pass;
		printf("%2u thread%s %6.2f R, required >= %5.2f R  %s%s\n", cases[c].threads,
		       cases[c].threads == 1 ? ": " : "s:", ratios[c], cases[c].bar, pass ? "PASS" : "FAIL",
		       cases[c].async ? "  (64 tickets out)" : "");
	}
	return failed;
}

/* --- Arguments -------------------------------------------------------------------------------- */

/* By default beside the program: a build tree lies on a disk. */
static const char *program_directory(void)
{
	static char path[4096];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *slash;

	if (len <= 0)
		return ".";
	path[len] = '\0';
	slash = strrchr(path, '/');
	*slash = '\0';
	return path;
}

static bool parse(struct bench *bench, int argc, char **argv)
{
	static const struct option options[] = {{"seconds", required_argument, NULL, 's'},
	                                        {"rounds", required_argument, NULL, 'r'},
	                                        {"dir", required_argument, NULL, 'd'},
	                                        {0}};
	int option;

	bench->parent = program_directory();
	bench->seconds = 0.5;
	bench->rounds = 9;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (option == 's')
			bench->seconds = strtod(optarg, NULL);
		else if (option == 'r')
			bench->rounds = (unsigned)strtoul(optarg, NULL, 10);
		else if (option == 'd')
			bench->parent = optarg;
		else
			return false;
	return optind == argc && bench->seconds > 0.0 && bench->seconds <= 1.0 && bench->rounds >= 1 &&
	       bench->rounds <= ROUNDS_MAX;
}

int main(int argc, char **argv)
{
	static struct bench bench = {.raw.file = -1};
	int status = 1;

	if (!parse(&bench, argc, argv)) {
		fprintf(stderr,
		        "usage: bench_commit [--seconds LENGTH-OF-A-SLICE (to 1)] [--rounds N (to %d)] "
		        "[--dir DIRECTORY]\n",
		        ROUNDS_MAX);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	bool on_disk = machine_print(bench.parent);
	if (bench_open(&bench)) {
		printf("rounds     %u of 2 x %d slices of %.2f s\n", bench.rounds, (int)CASES,
		       bench.seconds);
		if (run_rounds(&bench))
			status = print_table(&bench) || !on_disk;
	}
	if (!bench_close(&bench))
		status = 1;
	return status;
}
