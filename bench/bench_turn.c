/* What a short command costs: open, one durable mutation, close, on a store of 10,000 objects:
 * half of them inbox records, a quarter each cursors and outbox items. Programs that use a store
 * one after the other, a command line beside a cron job, live from this figure.
 *
 * Measured twice: through the library in this process, and through the tool as a process of its
 * own, from fork to the end of its wait. The two alternate, so that a disk that slows down hits
 * both. The bar is on the medians; the exit status is 1 when one fails. */
#include "holdfast/holdfast.h"

#include "lib/histogram.h"
#include "lib/machine.h"
#include "lib/pool.h"

#include <fcntl.h>
#include <ftw.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	OBJECTS = 10000,
	BATCH = 500, /* objects of one transaction while filling */
	TURNS_MAX = 10001,
};

static const double bar_ms = 20.0;

struct bench {
	const char *parent;
	const char *tool;
	char directory[4096];
	char store[4200];
	unsigned turns;
	struct histogram library, process;
	/* the same turns without the time that others had the processor or the disk */
	struct histogram library_cpu, process_cpu;
};

static bool complain(const char *what, const struct hf_error *error)
{
	fprintf(stderr, "%s: %s: %s\n", what, hf_code_name(error->code), error->text);
	return false;
}

/* --- The store -------------------------------------------------------------------------------- */

static int add_object(hf_store *store, hf_txn *txn, unsigned number, struct hf_error *error)
{
	static const char payload[] = "{\"subject\":\"a payload of one hundred bytes, as a small "
	                              "message would be\",\"urgent\":false}";
	char name[32];

	snprintf(name, sizeof(name), "object-%u", number);
	if (number % 4 == 0) {
		struct hf_cursor_advance_args args = {.key = {hf_str(name), hf_str("events"), hf_str("")},
		                                      .sequence = 1,
		                                      .delivery_id = hf_str("d-1"),
		                                      .delivered_at = HF_UNSET};
		return hf_cursor_advance(store, txn, &args, NULL, error);
	}
	if (number % 4 == 1) {
		struct hf_outbox_enqueue_args args = {
		    .queue = hf_str("bench"), .id = hf_str(name), .payload = hf_str(payload)};
		return hf_outbox_enqueue(store, txn, &args, NULL, error);
	}
	struct hf_inbox_input input = {
	    .thread = hf_str(name), .payload = hf_str(payload), .unread = true, .updated_at = HF_UNSET};
	struct hf_inbox_save_args args = {
	    .user = hf_str("ann"), .records = &input, .count = 1, .generated_at = number};
	return hf_inbox_save(store, txn, &args, NULL, error);
}

static bool add_batch(hf_store *store, unsigned first)
{
	struct hf_error error;
	hf_txn *txn;

	if (hf_txn_begin(store, &txn, &error))
		return complain("begin", &error);
	for (unsigned i = 0; i < BATCH; i++) {
		if (add_object(store, txn, first + i, &error)) {
			hf_txn_abandon(txn);
			return complain("fill", &error);
		}
	}
	return hf_txn_commit(txn, HF_OS, &error) ? complain("fill", &error) : true;
}

static bool fill(struct bench *bench)
{
	struct hf_options options = {.create = true};
	struct hf_error error;
	hf_store *store;
	bool ok = true;

	snprintf(bench->directory, sizeof(bench->directory), "%s/bench-turn-XXXXXX", bench->parent);
	if (!mkdtemp(bench->directory)) {
		perror(bench->directory);
		return false;
	}
	snprintf(bench->store, sizeof(bench->store), "%s/store", bench->directory);
	if (hf_open(bench->store, &options, &store, &error))
		return complain(bench->store, &error);
	for (unsigned first = 0; first < OBJECTS && ok; first += BATCH)
		ok = add_batch(store, first);
	if (hf_close(store, &error))
		ok = complain("close", &error);
	return ok;
}

/* --- One turn --------------------------------------------------------------------------------- */

static uint64_t cpu_ticks(void)
{
	struct timespec spent;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
	return (uint64_t)spent.tv_sec * 1000000000u + (uint64_t)spent.tv_nsec;
}

static uint64_t cpu_of(const struct rusage *usage)
{
	int64_t us = (usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1000000 +
	             usage->ru_utime.tv_usec + usage->ru_stime.tv_usec;

	return (uint64_t)us * 1000u;
}

/* An object of its own goes forward by one: the number of objects stays. */
static bool turn_library(struct bench *bench, unsigned number)
{
	struct hf_options options = {.no_background = true};
	struct hf_cursor_advance_args args = {.key = {hf_str("object-0"), hf_str("events"), hf_str("")},
	                                      .sequence = 2 * (int64_t)number + 2,
	                                      .delivered_at = HF_UNSET};
	struct hf_error error;
	uint64_t before = bench_ticks(), cpu = cpu_ticks();
	hf_store *store;
	bool ok = true;

	if (hf_open(bench->store, &options, &store, &error))
		return complain("open", &error);
	if (hf_cursor_advance(store, NULL, &args, NULL, &error))
		ok = complain("advance", &error);
	if (hf_close(store, &error))
		ok = complain("close", &error);
	histogram_add(&bench->library, bench_ticks() - before);
	histogram_add(&bench->library_cpu, cpu_ticks() - cpu);
	return ok;
}

static bool turn_process(struct bench *bench, unsigned number)
{
	char sequence[24];
	struct rusage usage;
	int status = -1;
	uint64_t before = bench_ticks();
	pid_t child;

	snprintf(sequence, sizeof(sequence), "%u", 2 * number + 3);
	child = fork();
	if (child == 0) {
		int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
		if (dup2(null, STDOUT_FILENO) == STDOUT_FILENO)
			execl(bench->tool, "holdfast", "-C", bench->store, "cursor", "advance", "object-0",
			      "events", sequence, (char *)NULL);
		_exit(127);
	}
	if (child < 0 || wait4(child, &status, 0, &usage) != child || !WIFEXITED(status) ||
	    WEXITSTATUS(status) != 0) {
		fprintf(stderr, "%s: the command failed (status %d); is it built?\n", bench->tool,
		        WIFEXITED(status) ? WEXITSTATUS(status) : -1);
		return false;
	}
	histogram_add(&bench->process, bench_ticks() - before);
	histogram_add(&bench->process_cpu, cpu_of(&usage));
	return true;
}

/* The first turn of each warms up and does not count. */
static bool run_turns(struct bench *bench)
{
	for (unsigned number = 0; number <= bench->turns; number++) {
		if (!turn_library(bench, number) || !turn_process(bench, number))
			return false;
		if (number == 0) {
			histogram_clear(&bench->library);
			histogram_clear(&bench->process);
			histogram_clear(&bench->library_cpu);
			histogram_clear(&bench->process_cpu);
		}
	}
	return true;
}

/* All turns must have left their mark, and the store its objects. */
static bool check(struct bench *bench)
{
	struct hf_options options = {.no_background = true};
	struct hf_cursor_key key = {hf_str("object-0"), hf_str("events"), hf_str("")};
	struct hf_cursor_got got = {0};
	struct hf_inbox_counts counts = {0};
	struct hf_outbox_stats stats = {0};
	struct hf_error error;
	hf_store *store;
	bool ok = false;

	if (hf_open(bench->store, &options, &store, &error))
		return complain("open", &error);
	if (hf_cursor_get(store, &key, 0, &got, &error) ||
	    hf_inbox_count(store, hf_str("ann"), 0, &counts, &error) ||
	    hf_outbox_get_stats(store, hf_str("bench"), 0, &stats, &error))
		complain("check", &error);
	else
		ok = got.cursor.last_sequence == 2 * (int64_t)bench->turns + 3 &&
		     counts.total == OBJECTS / 2 && stats.queued.items == OBJECTS / 4;
	if (!ok)
		fprintf(stderr, "the store does not hold what the turns put there\n");
	hf_release(got.memory);
	return hf_close(store, &error) ? complain("close", &error) : ok;
}

/* --- The report ------------------------------------------------------------------------------- */

/* Gives whether the bar was held. */
static bool print_row(const char *name, const struct histogram *h, const struct histogram *cpu)
{
	double median = histogram_percentile_us(h, 0.50) / 1000.0;
	bool pass = median <= bar_ms;

	printf("%-20s median %6.2f ms  p90 %6.2f ms  p99 %6.2f ms  (processor %5.2f ms), required: "
	       "median <= %.0f ms  %s\n",
	       name, median, histogram_percentile_us(h, 0.90) / 1000.0,
	       histogram_percentile_us(h, 0.99) / 1000.0, histogram_percentile_us(cpu, 0.50) / 1000.0,
	       bar_ms, pass ? "PASS" : "FAIL");
	return pass;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *place)
{
	(void)info;
	(void)kind;
	(void)place;
	return remove(path);
}

/* The tool and, by default, the store lie beside this program: a build tree lies on a disk. */
static const char *beside_program(const char *name)
{
	static char path[2][4200];
	char *out = path[name != NULL];
	ssize_t len = readlink("/proc/self/exe", out, 4000);
	char *slash;

	if (len <= 0)
		return name ? name : ".";
	out[len] = '\0';
	slash = strrchr(out, '/');
	snprintf(slash, sizeof(path[0]) - (size_t)(slash - out), "%s%s", name ? "/" : "",
	         name ? name : "");
	return out;
}

static bool parse(struct bench *bench, int argc, char **argv)
{
	static const struct option options[] = {{"turns", required_argument, NULL, 't'},
	                                        {"dir", required_argument, NULL, 'd'},
	                                        {"tool", required_argument, NULL, 'p'},
	                                        {0}};
	int option;

	bench->parent = beside_program(NULL);
	bench->tool = beside_program("holdfast");
	bench->turns = 200;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (option == 't')
			bench->turns = (unsigned)strtoul(optarg, NULL, 10);
		else if (option == 'd')
			bench->parent = optarg;
		else if (option == 'p')
			bench->tool = optarg;
		else
			return false;
	return optind == argc && bench->turns >= 1 && bench->turns < TURNS_MAX;
}

int main(int argc, char **argv)
{
	static struct bench bench;
	int status = 1;

	if (!parse(&bench, argc, argv)) {
		fprintf(stderr,
		        "usage: bench_turn [--turns N (to %d)] [--dir DIRECTORY] [--tool PROGRAM]\n",
		        TURNS_MAX - 1);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	bool on_disk = machine_print(bench.parent);
	printf(
	    "workload   %u turns each: open a store of %d objects, advance one cursor durably, close\n",
	    bench.turns, OBJECTS);
	if (fill(&bench) && run_turns(&bench) && check(&bench)) {
		bool library = print_row("library, in process", &bench.library, &bench.library_cpu);
		bool process = print_row("tool, fork to exit", &bench.process, &bench.process_cpu);
		status = !library || !process || !on_disk;
	}
	if (bench.directory[0] && nftw(bench.directory, remove_one, 8, FTW_DEPTH | FTW_PHYS))
		fprintf(stderr, "%s is left behind\n", bench.directory);
	return status;
}
