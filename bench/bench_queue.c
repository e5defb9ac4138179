/* Bar 6: a work queue. 16 workers on one queue, each of which enqueues a job of 100 bytes, claims
 * the oldest that is free, and completes it: three durable steps, timed as one cycle.
 *
 * R and all queues take turns. At the end jobs are enqueued that no worker claims, the queue is
 * closed and opened again, and each of them must come out, with its bytes, once. */
#include "compare/floor.h"
#include "compare/series.h"
#include "lib/live_set.h"
#include "peers/queue.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SIDES_MAX = 6, VALUE = 100, WORKERS = 16, LEFT = 1000 };

static const double table_bar = 15, beanstalkd_bar = 8;

struct line {
	const struct queue *queue;
	void *self;
	struct peer_config config;
	char directory[4096 + 16];
	struct series series;
	uint64_t next[WORKERS];
	struct histogram latencies[WORKERS];
	bool failed[WORKERS];
};

static struct bench {
	struct args args;
	struct report report;
	char directory[DIRECTORY_MAX];
	struct pool pool;
	struct raw raw_file;
	struct steady steady;
	unsigned lines;
	struct line line[SIDES_MAX];
	struct series raw;
} bench;

/* The number stands in front, so that the job can be known again. */
static void payload_make(uint64_t number, struct row *row)
{
	row_make(row, number, VALUE);
	memcpy(row->value, &number, sizeof number);
}

static bool payload_good(const struct job *job, uint64_t *number)
{
	struct row row;
	if (job->len != VALUE)
		return false;
	memcpy(number, job->payload, sizeof *number);
	payload_make(*number, &row);
	return memcmp(row.value, job->payload, VALUE) == 0;
}

static bool cycle(struct line *line, unsigned worker)
{
	const uint64_t number = (uint64_t)(worker + 1) << 40 | line->next[worker]++;
	struct row row;
	struct job job = {.id = 0};
	uint64_t other;
	payload_make(number, &row);
	return line->queue->enqueue(line->self, worker, number, row.value, VALUE) &&
	       line->queue->claim(line->self, worker, &job) && payload_good(&job, &other) &&
	       line->queue->complete(line->self, worker, &job);
}

static void work(void *arg, unsigned worker, uint64_t deadline)
{
	struct line *line = arg;
	histogram_clear(&line->latencies[worker]);
	while (!line->failed[worker] && bench_ticks() < deadline) {
		const uint64_t before = bench_ticks();
		line->failed[worker] = !cycle(line, worker);
		histogram_add(&line->latencies[worker], bench_ticks() - before);
	}
}

static bool run_line(struct line *line, unsigned round)
{
	static struct histogram sum;
	histogram_clear(&sum);
	const uint64_t ns =
	    pool_run(&bench.pool, WORKERS, (uint64_t)(bench.args.seconds * 1e9), work, line);
	for (unsigned i = 0; i < WORKERS; i++) {
		if (line->failed[i]) {
			fprintf(stderr, "%s: a cycle failed\n", line->queue->name);
			return false;
		}
		histogram_merge(&sum, &line->latencies[i]);
	}
	const struct figures f = figures_of(&sum, (double)sum.count, ns);
	cell_add(&line->series.cells[round], &f, &sum, true, 1);
	return true;
}

static bool run_round(unsigned round)
{
	static struct histogram latencies;
	for (unsigned half = 0; half < 2; half++) {
		histogram_clear(&latencies);
		const uint64_t ns =
		    raw_run(&bench.raw_file, (uint64_t)(bench.args.seconds * 5e8), &latencies);
		if (ns == 0)
			return false;
		const struct figures f = figures_of(&latencies, (double)latencies.count, ns);
		cell_add(&bench.raw.cells[round], &f, &latencies, half == 0, 2);
		steady_slice(&bench.steady, f.rate);
		for (unsigned k = 0; k < bench.lines && half == 0; k++)
			if (!run_line(&bench.line[(k + round) % bench.lines], round))
				return false;
	}
	return true;
}

static bool run_rounds(void)
{
	while (steady_more(&bench.steady, bench.args.rounds)) {
		if (!run_round(bench.steady.rounds))
			return false;
		steady_end_round(&bench.steady);
	}
	return true;
}

/* Against the faster of those whose name begins so. */
static void bar(const char *begins, double required, const struct window *w)
{
	double values[ROUNDS_MAX], most = 0;
	char text[128];
	const struct line *best = NULL;
	for (unsigned k = 1; k < bench.lines; k++) {
		const struct line *line = &bench.line[k];
		const double rate = series_median(&line->series, NULL, RATE, w);
		if (strncmp(line->queue->name, begins, strlen(begins)) == 0 && rate > most) {
			best = line;
			most = rate;
		}
	}
	if (!best) {
		report_absent(&bench.report, "6", begins, "it is not built in");
		return;
	}
	series_values(&bench.line[0].series, &best->series, RATE, w, values);
	(void)snprintf(text, sizeof text, "queue cycle, %d workers: x %s", WORKERS, best->queue->name);
	report_bar(&bench.report, "6", text, AT_LEAST, required, values, w->count);
}

static void judge(void)
{
	static const char *const columns[] = {"cycles/s", "p50 us", "p99 us"};
	const struct window w = steady_window(&bench.steady, bench.args.rounds);
	report_floor(&bench.report, w.low, w.high, w.steady);
	for (unsigned k = 0; k < bench.lines; k++) {
		const char *name = bench.line[k].queue->name;
		printf("%-14s", name);
		for (size_t i = 0; i < 3; i++) {
			const double value =
			    series_median(&bench.line[k].series, NULL, (enum figure)(RATE + i), &w);
			printf(" %10.0f %s", value, columns[i]);
			report_cell(&bench.report, "queue", name, columns[i], value);
		}
		printf("\n");
	}
	bar("SQLite", table_bar, &w);
	bar("beanstalkd", beanstalkd_bar, &w);
}

/* --- Begin and end ---------------------------------------------------------------------------- */

static bool open_line(const struct queue *queue)
{
	struct line *line = &bench.line[bench.lines++];
	line->queue = queue;
	(void)snprintf(line->directory, sizeof line->directory, "%s/%u", bench.directory, bench.lines);
	if (mkdir(line->directory, 0700) != 0) {
		fprintf(stderr, "%s: %s\n", line->directory, strerror(errno));
		return false;
	}
	line->config = (struct peer_config){.directory = line->directory, .threads = WORKERS};
	report_note(&bench.report, "%s: %s", queue->name, queue->settings);
	line->self = queue->open(&line->config);
	return line->self != NULL;
}

static bool begin(void)
{
	char path[4096 + 8];
	if (!args_directory(&bench.args, "queue", bench.directory))
		return false;
	bool good = true;
	for (size_t i = 0; queues[i] && good; i++)
		good = open_line(queues[i]);
	(void)snprintf(path, sizeof path, "%s/raw", bench.directory);
	return good && pool_init(&bench.pool, WORKERS) && raw_init(&bench.raw_file, path, 300);
}

/* Claims what is left, and notes each number once. */
static bool take_back(struct line *line, bool seen[LEFT])
{
	for (unsigned i = 0; i < LEFT; i++) {
		struct job job = {.id = 0};
		uint64_t number;
		if (!line->queue->claim(line->self, 0, &job) || !payload_good(&job, &number) ||
		    number >= LEFT || seen[number])
			return false;
		seen[number] = true;
		if (!line->queue->complete(line->self, 0, &job))
			return false;
	}
	return true;
}

static bool verify(struct line *line)
{
	bool seen[LEFT] = {false}, good = true;
	for (uint64_t number = 0; number < LEFT && good; number++) {
		struct row row;
		payload_make(number, &row);
		good = line->queue->enqueue(line->self, 0, number, row.value, VALUE);
	}
	good = line->queue->close(line->self) && good;
	line->self = good ? line->queue->open(&line->config) : NULL;
	good = line->self && take_back(line, seen);
	if (good)
		report_note(&bench.report, "%s: %d jobs, all there after reopening", line->queue->name,
		            LEFT);
	else
		fprintf(stderr, "%s: a job that was acknowledged did not come back\n", line->queue->name);
	return good;
}

int main(int argc, char **argv)
{
	bench.args = args_parse(argc, argv, 0.6);
	bench.raw_file.file = -1;
	bool good =
	    report_begin(&bench.report, &bench.args,
	                 "16 workers on one queue: enqueue, claim, complete a job of 100 bytes, "
	                 "each step durable") &&
	    begin() && run_rounds();
	if (good)
		judge();
	for (unsigned k = 0; k < bench.lines; k++)
		good = good && verify(&bench.line[k]);
	pool_deinit(&bench.pool);
	raw_deinit(&bench.raw_file);
	for (unsigned k = 0; k < bench.lines; k++)
		if (bench.line[k].self)
			(void)bench.line[k].queue->close(bench.line[k].self);
	directory_remove(bench.directory);
	return report_end(&bench.report) || !good;
}
