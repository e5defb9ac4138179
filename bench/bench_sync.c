/* What one durable write costs, by how the blocks came to be and by which call makes it durable.
 * All methods take turns in one run, in slices, so that a noisy neighbour hits them alike; the
 * ratio is to zero-filled + fdatasync, which is what holdfast does.
 *
 * bench_sync [--rounds N] [--seconds S] [--bytes B] [--dir DIR] */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 4096, FILE_BYTES = 16 << 20, ROUNDS_MAX = 64 };

enum blocks { APPEND, FALLOCATE, ZERO_FILLED };
enum call { FDATASYNC, DSYNC, DIRECT };

struct method {
	const char *name;
	enum blocks blocks;
	enum call call;
	int fd;
	off_t at;
	double rate[ROUNDS_MAX];
	bool unsupported;
};

static struct method methods[] = {
    {.name = "zero-filled, fdatasync", .blocks = ZERO_FILLED, .call = FDATASYNC},
    {.name = "zero-filled, RWF_DSYNC", .blocks = ZERO_FILLED, .call = DSYNC},
    {.name = "zero-filled, O_DIRECT|O_DSYNC", .blocks = ZERO_FILLED, .call = DIRECT},
    {.name = "fallocate, fdatasync", .blocks = FALLOCATE, .call = FDATASYNC},
    {.name = "append, fdatasync", .blocks = APPEND, .call = FDATASYNC},
};
enum { METHODS = sizeof methods / sizeof methods[0] };

static void die(const char *what)
{
	fprintf(stderr, "bench_sync: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fill(int fd)
{
	static const char zeros[BLOCK];
	for (off_t at = 0; at < FILE_BYTES; at += BLOCK)
		if (pwrite(fd, zeros, BLOCK, at) != BLOCK)
			die("filling");
}

static void start(struct method *m, const char *dir)
{
	char path[4096];
	const int len = snprintf(path, sizeof path, "%s/bench_sync.%d", dir, (int)(m - methods));
	if (len < 0 || (size_t)len >= sizeof path)
		die("the directory's name is too long");
	(void)unlink(path);
	const int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		die(path);
	if (m->blocks == ZERO_FILLED)
		fill(fd);
	if (m->blocks == FALLOCATE && fallocate(fd, 0, 0, FILE_BYTES) != 0)
		m->unsupported = true;
	if (fsync(fd) != 0)
		die("fsync");
	m->fd = fd;
	if (m->call == DIRECT) {
		m->fd = open(path, O_RDWR | O_DIRECT | O_DSYNC | O_CLOEXEC);
		m->unsupported = m->fd < 0;
		(void)close(fd);
	}
	(void)unlink(path);
}

/* One durable write; the same number of bytes for all but O_DIRECT, which can only write whole
 * blocks. */
static bool write_once(struct method *m, const void *data, size_t bytes)
{
	const size_t len = m->call == DIRECT ? BLOCK : bytes;
	struct iovec piece = {(void *)(uintptr_t)data, len};
	if (m->blocks != APPEND && m->at + (off_t)len > FILE_BYTES)
		m->at = 0;
	const ssize_t put = pwritev2(m->fd, &piece, 1, m->at, m->call == DSYNC ? RWF_DSYNC : 0);
	/* O_DIRECT rewrites the block that the record lies in, and moves on when it is full, as a
	 * log would. */
	m->at = m->call == DIRECT ? m->at + (off_t)BLOCK : m->at + (off_t)len;
	if (put != (ssize_t)len)
		return false;
	return m->call != FDATASYNC || fdatasync(m->fd) == 0;
}

static void slice(struct method *m, unsigned round, double seconds, const void *data, size_t bytes)
{
	const double began = now();
	uint64_t count = 0;
	for (; now() - began < seconds; count++) {
		if (write_once(m, data, bytes))
			continue;
		m->unsupported = true;
		return;
	}
	m->rate[round] = (double)count / (now() - began);
}

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(const double *values, unsigned count)
{
	double sorted[ROUNDS_MAX];
	memcpy(sorted, values, count * sizeof *values);
	qsort(sorted, count, sizeof *sorted, by_value);
	return count % 2 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
	    {"rounds", required_argument, NULL, 'r'},
	    {"seconds", required_argument, NULL, 's'},
	    {"bytes", required_argument, NULL, 'b'},
	    {"dir", required_argument, NULL, 'd'},
	    {NULL, 0, NULL, 0},
	};
	unsigned rounds = 5;
	double seconds = 0.5;
	size_t bytes = 304;
	const char *dir = ".";
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;)
		if (c == 'r')
			rounds = (unsigned)strtoul(optarg, NULL, 10);
		else if (c == 's')
			seconds = strtod(optarg, NULL);
		else if (c == 'b')
			bytes = strtoul(optarg, NULL, 10);
		else if (c == 'd')
			dir = optarg;
		else
			return 2;
	if (rounds < 1 || rounds > ROUNDS_MAX || bytes < 1 || bytes > BLOCK || seconds <= 0)
		return 2;
	void *data = aligned_alloc(BLOCK, BLOCK);
	if (!data)
		die("memory");
	memset(data, 'x', BLOCK);
	for (unsigned i = 0; i < METHODS; i++)
		start(&methods[i], dir);
	for (unsigned round = 0; round < rounds; round++)
		for (unsigned i = 0; i < METHODS; i++)
			if (!methods[i].unsupported)
				slice(&methods[i], round, seconds, data, bytes);
	const double base = median(methods[0].rate, rounds);
	printf("%zu bytes a write, %u rounds of %.1f s each, medians (O_DIRECT writes whole blocks of "
	       "%d)\n",
	       bytes, rounds, seconds, BLOCK);
	for (unsigned i = 0; i < METHODS; i++) {
		if (methods[i].unsupported)
			printf("%-32s not supported here\n", methods[i].name);
		else
			printf("%-32s %8.0f writes/s  x%.2f\n", methods[i].name,
			       median(methods[i].rate, rounds), median(methods[i].rate, rounds) / base);
	}
	free(data);
	return 0;
}
