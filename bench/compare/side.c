#include "compare/side.h"

#include "lib/live_set.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

bool side_open(struct side *side, const struct peer *peer, const char *name, const char *parent,
               unsigned threads)
{
	side->name = name;
	side->peer = peer;
	side->batch = side->batch ? side->batch : 1;
	(void)snprintf(side->directory, sizeof side->directory, "%s/%s", parent, name);
	for (char *at = side->directory + strlen(parent); *at; at++)
		*at = *at == ' ' || *at == ',' ? '_' : *at;
	if (mkdir(side->directory, 0700) != 0) {
		fprintf(stderr, "%s: %s\n", side->directory, strerror(errno));
		return false;
	}
	side->config.directory = side->directory;
	side->config.threads = threads;
	for (unsigned i = 0; i < POOL_MAX; i++)
		side->workers[i].random = i + 1;
	side->db = peer->open(&side->config);
	return side->db != NULL;
}

static uint64_t number_of(unsigned thread, uint64_t index)
{
	return (uint64_t)thread << 40 | index;
}

/* Sleeps where that is long enough for a sleep, as a caller that does something else would. */
static void think(struct side *side, struct side_worker *worker)
{
	double ns = (double)side->thinking.ns;
	if (side->thinking.poisson)
		ns *= -log(((double)(random_next(&worker->random) >> 11) + 1) / 9007199254740993.0);
	const struct timespec time = {.tv_sec = (time_t)(ns / 1e9), .tv_nsec = (long)fmod(ns, 1e9)};
	if (side->thinking.ns > 0)
		(void)nanosleep(&time, NULL);
}

static void put_until(void *arg, unsigned thread, uint64_t deadline)
{
	struct side *side = arg;
	struct side_worker *worker = &side->workers[thread];
	struct row *rows = malloc(side->batch * sizeof *rows);
	worker->failed = !rows;
	while (!worker->failed && bench_ticks() < deadline) {
		for (size_t i = 0; i < side->batch; i++)
			row_make(&rows[i], number_of(thread, worker->next + i), side->value_len);
		const uint64_t before = bench_ticks();
		worker->failed = !side->peer->put(side->db, thread, rows, side->batch);
		histogram_add(&worker->latencies, bench_ticks() - before);
		worker->next += worker->failed ? 0 : side->batch;
		think(side, worker);
	}
	free(rows);
}

struct figures figures_of(const struct histogram *h, double rows, uint64_t ns)
{
	return (struct figures){.rate = rows * 1e9 / (double)ns,
	                        .p50 = histogram_percentile_us(h, 0.50),
	                        .p99 = histogram_percentile_us(h, 0.99),
	                        .p999 = histogram_percentile_us(h, 0.999)};
}

bool side_slice(struct side *side, struct pool *pool, unsigned threads, double seconds,
                struct figures *out, struct histogram *pooled)
{
	histogram_clear(&side->sum);
	for (unsigned i = 0; i < threads; i++)
		histogram_clear(&side->workers[i].latencies);
	const uint64_t ns = pool_run(pool, threads, (uint64_t)(seconds * 1e9), put_until, side);
	for (unsigned i = 0; i < threads; i++) {
		if (side->workers[i].failed) {
			fprintf(stderr, "%s: a put failed\n", side->name);
			return false;
		}
		histogram_merge(&side->sum, &side->workers[i].latencies);
	}
	*out = figures_of(&side->sum, (double)side->sum.count * (double)side->batch, ns);
	if (pooled)
		histogram_merge(pooled, &side->sum);
	return true;
}

uint64_t side_rows(const struct side *side)
{
	uint64_t rows = 0;
	for (unsigned i = 0; i < POOL_MAX; i++)
		rows += side->workers[i].next;
	return rows;
}

static bool found(struct side *side, uint64_t number)
{
	struct row row;
	unsigned char value[ROW_VALUE_MAX];
	size_t len = 0;
	row_make(&row, number, side->value_len);
	if (side->peer->get(side->db, 0, &row, value, &len) && len == row.len &&
	    memcmp(value, row.value, len) == 0)
		return true;
	fprintf(stderr, "%s: row %llu was acknowledged and is not there after reopening\n", side->name,
	        (unsigned long long)number);
	return false;
}

bool side_verify(struct side *side)
{
	bool good = side->peer->close(side->db);
	side->db = good ? side->peer->open(&side->config) : NULL;
	if (!side->db)
		return false;
	for (unsigned i = 0; i < POOL_MAX && good; i++)
		for (uint64_t k = 0; k < side->workers[i].next && good; k++)
			good = found(side, number_of(i, k));
	const bool closed = side->peer->close(side->db);
	side->db = NULL;
	return good && closed;
}

bool side_proven(struct side *side, struct report *report)
{
	const uint64_t rows = side_rows(side);
	if (!side_verify(side))
		return false;
	report_note(report, "%s: %llu rows acknowledged, all there after reopening", side->name,
	            (unsigned long long)rows);
	return true;
}

void side_drop(struct side *side)
{
	if (side->db)
		(void)side->peer->close(side->db);
	side->db = NULL;
	if (side->directory[0])
		directory_remove(side->directory);
}
