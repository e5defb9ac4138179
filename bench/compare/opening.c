#include "compare/opening.h"

#include "lib/live_set.h"
#include "lib/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SAMPLES = 1000, PAGE = 4096 };

static bool complain(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	return false;
}

void memory_touch(uint64_t bytes)
{
	unsigned char *at =
	    mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED)
		return;
	for (uint64_t i = 0; i < bytes; i += PAGE)
		at[i] = 1;
	(void)munmap(at, bytes);
}

/* --- Filling ---------------------------------------------------------------------------------- */

struct filling {
	const struct opening *opening;
	void *db;
	unsigned threads;
	bool failed;
};

static void fill_alone(void *arg, unsigned thread, uint64_t deadline)
{
	struct filling *f = arg;
	struct row row;
	(void)deadline;
	for (uint64_t k = thread; k < f->opening->rows; k += f->threads) {
		row_make(&row, k, f->opening->len);
		if (!f->opening->peer->put(f->db, thread, &row, 1)) {
			f->failed = true;
			return;
		}
	}
}

static bool fill_batches(const struct opening *o, void *db)
{
	struct row *rows = malloc(ROW_BATCH * sizeof *rows);
	bool good = rows != NULL;
	for (uint64_t k = 0; k < o->rows && good; k += ROW_BATCH) {
		const uint64_t count = o->rows - k < ROW_BATCH ? o->rows - k : ROW_BATCH;
		for (uint64_t i = 0; i < count; i++)
			row_make(&rows[i], k + i, o->len);
		good = o->peer->put(db, 0, rows, count);
	}
	free(rows);
	return good && o->peer->snapshot(db);
}

/* In a process of its own. A crash ends it before it could close anything, and its server. */
static void fill_child(const struct opening *o, bool crash)
{
	static struct pool pool;
	struct filling filling = {.opening = o, .threads = OPENING_THREADS};
	void *db = o->peer->open(&o->config);
	if (!db)
		_exit(1);
	if (!crash)
		_exit(fill_batches(o, db) && o->peer->close(db) ? 0 : 1);
	if (!pool_init(&pool, OPENING_THREADS))
		_exit(1);
	filling.db = db;
	(void)pool_run(&pool, OPENING_THREADS, 0, fill_alone, &filling);
	if (filling.failed)
		_exit(1);
	if (o->peer->crash)
		(void)o->peer->crash(db);
	(void)raise(SIGKILL);
}

bool opening_fill(struct opening *o, const struct peer *peer, const char *parent, uint64_t rows,
                  size_t len, bool crash)
{
	int status = 0;
	*o = (struct opening){.peer = peer, .rows = rows, .len = len};
	(void)snprintf(o->directory, sizeof o->directory, "%s/%s", parent, peer->name);
	(void)snprintf(o->copy, sizeof o->copy, "%s/%s.copy", parent, peer->name);
	o->config = (struct peer_config){.directory = o->directory,
	                                 .threads = crash ? OPENING_THREADS : 1,
	                                 .log_only = crash,
	                                 .snapshot = !crash};
	if (mkdir(o->directory, 0700) != 0)
		return complain(o->directory);
	(void)fflush(stdout); /* the child must not print it again */
	const pid_t child = fork();
	if (child == 0)
		fill_child(o, crash);
	if (child < 0 || waitpid(child, &status, 0) != child)
		return complain("fork");
	const bool good = crash ? WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL
	                        : WIFEXITED(status) && WEXITSTATUS(status) == 0;
	if (!good)
		fprintf(stderr, "%s: filling failed\n", peer->name);
	return good;
}

/* --- Opening ---------------------------------------------------------------------------------- */

static bool samples_good(const struct opening *o, void *db)
{
	uint64_t random = 20261130;
	for (unsigned i = 0; i < SAMPLES; i++) {
		const uint64_t number =
		    i < 2 ? i * (o->rows - 1) : random_next(&random) % o->rows; /* both ends among them */
		unsigned char value[ROW_VALUE_MAX];
		struct row row;
		size_t len = 0;
		row_make(&row, number, o->len);
		if (!o->peer->get(db, 0, &row, value, &len) || len != row.len ||
		    memcmp(value, row.value, len) != 0)
			return false;
	}
	return true;
}

/* Sends the seconds that it took to `out`. What is only read needs no close. */
static void open_child(const struct opening *o, int out)
{
	const uint64_t began = bench_ticks();
	void *db = o->peer->open(&o->config);
	const double seconds = (double)(bench_ticks() - began) / 1e9;
	bool good = db && samples_good(o, db);
	if (db && o->peer->crash)
		good = o->peer->close(db) && good;
	_exit(good && write(out, &seconds, sizeof seconds) == sizeof seconds ? 0 : 1);
}

static bool open_timed(const struct opening *o, double *seconds)
{
	int ends[2], status = 0;
	(void)fflush(stdout);
	if (pipe2(ends, O_CLOEXEC) != 0)
		return complain("pipe");
	const pid_t child = fork();
	if (child == 0)
		open_child(o, ends[1]);
	(void)close(ends[1]);
	const bool told = read(ends[0], seconds, sizeof *seconds) == sizeof *seconds;
	(void)close(ends[0]);
	const bool ended = child > 0 && waitpid(child, &status, 0) == child && status == 0;
	if (!told || !ended)
		fprintf(stderr, "%s: it did not open with all its rows\n", o->peer->name);
	return told && ended;
}

bool opening_clean(struct opening *o, double *seconds)
{
	o->config.threads = 1;
	return open_timed(o, seconds);
}

static bool copy_of(const struct opening *o)
{
	const char *how = o->peer == &peer_holdfast ? "-a" : "-al";
	int status = 0;
	const pid_t child = fork();
	if (child == 0) {
		(void)execlp("cp", "cp", how, o->directory, o->copy, (char *)NULL);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
		return complain("cp");
	sync();
	return true;
}

bool opening_crashed(struct opening *o, double *seconds)
{
	struct opening copied = *o;
	if (!copy_of(o))
		return false;
	copied.config.directory = o->copy;
	copied.config.threads = 1;
	const bool good = open_timed(&copied, seconds);
	directory_remove(o->copy);
	return good;
}

void opening_tell(const struct opening *o, struct report *report, const char *table,
                  const double *seconds)
{
	const unsigned rounds = report->args->rounds;
	double sorted[ROUNDS_MAX];
	memcpy(sorted, seconds, rounds * sizeof *sorted);
	const double middle = median_of(sorted, rounds), rate = (double)o->rows / middle;
	printf("%-10s %.3f s, %.0f rows/s\n", o->peer->name, middle, rate);
	report_cell(report, table, o->peer->name, "seconds", middle);
	report_cell(report, table, o->peer->name, "rows/s", rate);
}
