/* A life of years in minutes: what a store takes on the disk and in memory while its objects are
 * changed over and over, and how long its next opening takes, also after kills.
 *
 *     bench_churn [--mutations N] [--live N] [--kills N] [--plot FILE] [DIRECTORY]
 *
 * A child with 16 threads puts 10 million new versions over 100,000 live objects of all domains,
 * each 64th durable; retention is 0. Meanwhile this process looks at the directory and at the
 * memory of the child. Then come a last hf_maintain() and an opening, and 30 children that are
 * killed while they write, each followed by an opening. All of that is compared with a fresh
 * store, in which each of the same objects was put once. --plot writes what was seen as a picture
 * (SVG). The last lines hold the bars; the exit status is 1 when one of them fails. */
#include "lib/live_set.h"
#include "lib/machine.h"
#include "lib/pool.h"

#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 16, SAMPLES_MAX = 20000, SAMPLE_MS = 100, DURABLE_EACH = 64, OPENINGS = 5 };

static const double disk_bar = 3, maintained_bar = 1.3, killed_bar = 4, memory_bar = 1.25;
static const uint64_t segment_bytes = UINT64_C(64) << 20;

struct settings {
	uint64_t mutations, live;
	unsigned kills;
	const char *plot, *directory;
	char path[4096], fresh[4096];
};

/* Shared by the child and this process. */
struct shared {
	_Atomic uint64_t done; /* mutations */
	_Atomic bool filled; /* every object was put once */
	_Atomic int failed; /* a code, or 0 */
	uint64_t compactions;
};

struct sample {
	double seconds;
	uint64_t disk, memory;
};

static struct settings settings = {.mutations = 10000000, .live = 100000, .kills = 30};
static struct shared *shared;
static struct sample samples[SAMPLES_MAX];
static size_t sample_count;

static void die(const char *what, int rc)
{
	fprintf(stderr, "%s: %s\n", what, hf_code_name(rc));
	exit(2);
}

/* --- The child -------------------------------------------------------------------------------- */

struct worker {
	hf_store *store;
	unsigned number;
	uint64_t from, until; /* versions */
	pthread_t thread;
};

/* Each thread has objects of its own, so that their versions are known. */
static void *work(void *arg)
{
	const struct worker *w = arg;
	uint64_t count = 0;
	for (uint64_t version = w->from; version < w->until; version++) {
		for (uint64_t k = w->number; k < settings.live; k += THREADS) {
			const int rc =
			    live_put(w->store, k, version, ++count % DURABLE_EACH == 0 ? HF_DURABLE : HF_OS);
			if (rc != HF_OK) {
				atomic_store(&shared->failed, rc);
				return NULL;
			}
			(void)atomic_fetch_add(&shared->done, 1);
		}
	}
	return NULL;
}

static void run_threads(hf_store *store, uint64_t from, uint64_t until)
{
	struct worker workers[THREADS];
	for (unsigned i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){.store = store, .number = i, .from = from, .until = until};
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
			die("thread", HF_ENOMEM);
	}
	for (unsigned i = 0; i < THREADS; i++)
		(void)pthread_join(workers[i].thread, NULL);
}

static hf_store *open_store(const char *path)
{
	const struct hf_options options = {.create = true};
	hf_store *store;
	struct hf_error error = {0};
	if (hf_open(path, &options, &store, &error) != HF_OK) {
		fprintf(stderr, "open: %s\n", error.text);
		exit(2);
	}
	return store;
}

/* Versions [from, until) of every object, after the first if it is to be put alone. */
static void child(const char *path, uint64_t from, uint64_t until)
{
	hf_store *store = open_store(path);
	struct hf_info info = {0};
	if (from == 0) {
		run_threads(store, 0, 1);
		from = 1;
	}
	atomic_store(&shared->filled, true);
	run_threads(store, from, until);
	int rc = hf_maintain(store, 0, NULL);
	if (rc == HF_OK)
		rc = hf_get_info(store, &info, NULL);
	if (rc == HF_OK)
		shared->compactions = info.compactions;
	const int closed = hf_close(store, NULL);
	rc = rc == HF_OK ? closed : rc;
	exit(rc == HF_OK && atomic_load(&shared->failed) == 0 ? 0 : 1);
}

static pid_t start(const char *path, uint64_t from, uint64_t until)
{
	atomic_store(&shared->filled, false);
	(void)fflush(stdout); /* the child must not print it again */
	const pid_t pid = fork();
	if (pid == 0)
		child(path, from, until);
	if (pid < 0)
		die("fork", HF_ENOMEM);
	return pid;
}

/* --- What is seen ----------------------------------------------------------------------------- */

static uint64_t memory_of(pid_t pid)
{
	char path[64], line[256];
	unsigned long long kib = 0;
	(void)snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	FILE *file = fopen(path, "r");
	while (file && fgets(line, sizeof line, file))
		if (strncmp(line, "VmRSS:", 6) == 0)
			kib = strtoull(line + 6, NULL, 10);
	if (file)
		(void)fclose(file);
	return (uint64_t)kib << 10;
}

static void pause_ms(long ms)
{
	const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
	(void)nanosleep(&time, NULL);
}

static void watch(pid_t pid, const char *path)
{
	const uint64_t began = bench_ticks();
	int status = 0;
	while (waitpid(pid, &status, WNOHANG) == 0) {
		pause_ms(SAMPLE_MS);
		const struct sample now = {(double)(bench_ticks() - began) / 1e9, directory_bytes(path),
		                           memory_of(pid)};
		if (atomic_load(&shared->filled) && now.memory > 0 && sample_count < SAMPLES_MAX)
			samples[sample_count++] = now;
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		die("the child", atomic_load(&shared->failed));
	const double seconds = (double)(bench_ticks() - began) / 1e9;
	printf("%llu mutations by %d threads in %.0f s (%.0f a second), %llu compactions\n",
	       (unsigned long long)atomic_load(&shared->done), THREADS, seconds,
	       (double)atomic_load(&shared->done) / seconds, (unsigned long long)shared->compactions);
}

static int compare(const void *a, const void *b)
{
	const double left = *(const double *)a, right = *(const double *)b;
	return (left > right) - (left < right);
}

static double median_open(const char *path)
{
	double all[OPENINGS];
	for (size_t i = 0; i < OPENINGS; i++) {
		all[i] = open_ms(path);
		if (all[i] < 0)
			exit(2);
	}
	qsort(all, OPENINGS, sizeof *all, compare);
	return all[OPENINGS / 2];
}

/* Every object once, as it is after the churn. */
static void make_fresh(uint64_t version)
{
	const struct hf_options options = {
	    .create = true, .no_background = true, .compact_bytes = UINT64_MAX};
	hf_store *store;
	int rc = hf_open(settings.fresh, &options, &store, NULL);
	for (uint64_t k = 0; k < settings.live && rc == HF_OK; k++)
		rc = live_put(store, k, version, HF_OS);
	if (rc == HF_OK)
		rc = hf_close(store, NULL);
	if (rc != HF_OK)
		die("the fresh store", rc);
}

/* The longest opening after a kill. Writers are killed at another moment each time. */
static double killed_open(uint64_t version)
{
	double most = 0;
	for (unsigned i = 0; i < settings.kills; i++) {
		const pid_t pid = start(settings.path, version, UINT64_MAX);
		while (!atomic_load(&shared->filled))
			pause_ms(1);
		pause_ms(200 + (long)(i * 7919 % 800));
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
		const double ms = open_ms(settings.path);
		if (ms < 0)
			exit(2);
		most = ms > most ? ms : most;
		version += 1000; /* above all that it can have come to */
	}
	return most;
}

/* --- The picture ------------------------------------------------------------------------------ */

static void put_line(FILE *out, const char *colour, uint64_t most, bool memory)
{
	const double seconds = samples[sample_count - 1].seconds;
	fprintf(out, "<polyline fill='none' stroke='%s' points='", colour);
	for (size_t i = 0; i < sample_count; i++) {
		const uint64_t value = memory ? samples[i].memory : samples[i].disk;
		fprintf(out, "%.1f,%.1f ", 60 + samples[i].seconds / seconds * 720,
		        380 - (double)value / (double)most * 340);
	}
	fprintf(out, "'/>\n");
}

static void plot(uint64_t disk_most, uint64_t memory_most, uint64_t bound)
{
	FILE *out = settings.plot && sample_count > 0 ? fopen(settings.plot, "w") : NULL;
	const uint64_t most = bound > memory_most ? bound : memory_most;
	if (!out)
		return;
	fprintf(out, "<svg xmlns='http://www.w3.org/2000/svg' width='800' height='420'>\n"
	             "<rect width='800' height='420' fill='white'/>\n");
	put_line(out, "#1f77b4", most, false);
	put_line(out, "#d62728", most, true);
	fprintf(
	    out,
	    "<line x1='60' x2='780' y1='%.1f' y2='%.1f' stroke='black' stroke-dasharray='4'/>\n"
	    "<text x='64' y='20'>blue: disk, %llu MiB at most; red: memory, %llu MiB at most; dashed: "
	    "3 x live + 3 segments, %llu MiB</text>\n"
	    "<text x='64' y='410'>%.0f seconds</text>\n</svg>\n",
	    380 - (double)bound / (double)most * 340, 380 - (double)bound / (double)most * 340,
	    (unsigned long long)(disk_most >> 20), (unsigned long long)(memory_most >> 20),
	    (unsigned long long)(bound >> 20), samples[sample_count - 1].seconds);
	(void)fclose(out);
	printf("plotted in %s\n", settings.plot);
}

/* --- All of it -------------------------------------------------------------------------------- */

static bool bar(const char *what, double is, double most)
{
	printf("%-52s %8.2f  bar %.2f  %s\n", what, is, most, is <= most ? "met" : "NOT MET");
	return is <= most;
}

/* The most of the second half over the most of the first: what grows forever shows. */
static double memory_growth(uint64_t *most)
{
	uint64_t halves[2] = {1, 1};
	for (size_t i = 0; i < sample_count; i++)
		if (samples[i].memory > halves[i >= sample_count / 2])
			halves[i >= sample_count / 2] = samples[i].memory;
	*most = halves[0] > halves[1] ? halves[0] : halves[1];
	return (double)halves[1] / (double)halves[0];
}

static int judge(uint64_t version)
{
	make_fresh(version);
	const uint64_t live = directory_bytes(settings.fresh);
	const uint64_t bound = (uint64_t)(disk_bar * (double)live) + 3 * segment_bytes;
	uint64_t disk_most = 0, memory_most = 0;
	for (size_t i = 0; i < sample_count; i++)
		disk_most = samples[i].disk > disk_most ? samples[i].disk : disk_most;
	const double growth = memory_growth(&memory_most);
	const double fresh_ms = median_open(settings.fresh), last_ms = median_open(settings.path);
	const double killed_ms = killed_open(version + 1);
	printf("live: %llu objects, %.1f MiB in a fresh store, opened in %.0f ms\n"
	       "disk: %.1f MiB at most; memory: %.1f MiB at most; opened in %.0f ms after the last "
	       "upkeep, "
	       "in %.0f ms at most after %u kills\n",
	       (unsigned long long)settings.live, (double)live / 1048576, fresh_ms,
	       (double)disk_most / 1048576, (double)memory_most / 1048576, last_ms, killed_ms,
	       settings.kills);
	plot(disk_most, memory_most, bound);
	bool met = bar("disk over (3 x live + 3 segments)", (double)disk_most / (double)bound, 1);
	met = bar("memory of the second half over that of the first", growth, memory_bar) && met;
	met =
	    bar("opening after upkeep, over a fresh store", last_ms / fresh_ms, maintained_bar) && met;
	return bar("opening after a kill at most, over a fresh store", killed_ms / fresh_ms,
	           killed_bar) &&
	               met
	           ? 0
	           : 1;
}

static void read_options(int argc, char **argv)
{
	static const struct option options[] = {{"mutations", required_argument, NULL, 'm'},
	                                        {"live", required_argument, NULL, 'l'},
	                                        {"kills", required_argument, NULL, 'k'},
	                                        {"plot", required_argument, NULL, 'p'},
	                                        {NULL, 0, NULL, 0}};
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;)
		if (c == 'm')
			settings.mutations = strtoull(optarg, NULL, 10);
		else if (c == 'l')
			settings.live = strtoull(optarg, NULL, 10);
		else if (c == 'k')
			settings.kills = (unsigned)strtoul(optarg, NULL, 10);
		else if (c == 'p')
			settings.plot = optarg;
		else
			exit(2);
	settings.directory = optind < argc ? argv[optind] : ".";
	if (settings.live < THREADS || settings.mutations < settings.live) {
		fprintf(stderr, "there must be at least %d objects, and a mutation for each\n", THREADS);
		exit(2);
	}
	(void)snprintf(settings.path, sizeof settings.path, "%s/bench-churn-%d", settings.directory,
	               (int)getpid());
	(void)snprintf(settings.fresh, sizeof settings.fresh, "%s/bench-fresh-%d", settings.directory,
	               (int)getpid());
}

int main(int argc, char **argv)
{
	read_options(argc, argv);
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || mkdir(settings.path, 0700) != 0)
		die("setup", HF_ENOMEM);
	(void)machine_print(settings.path);
	const uint64_t versions = settings.mutations / settings.live;
	watch(start(settings.path, 0, versions), settings.path);
	const int status = judge(versions - 1);
	directory_remove(settings.path);
	directory_remove(settings.fresh);
	return status;
}
