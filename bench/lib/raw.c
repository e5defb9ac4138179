#include "lib/raw.h"

#include "lib/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	RAW_FILE_SIZE = 64 << 20, /* as a full-grown log segment */
	/* filled in blocks: one large write would leave large page-cache folios, which slow small
	 * writes down */
	RAW_BLOCK = 4096,
};

static bool fill_zero(int file)
{
	static const unsigned char zero[RAW_BLOCK];

	for (off_t at = 0; at < RAW_FILE_SIZE; at += RAW_BLOCK)
		if (pwrite(file, zero, sizeof(zero), at) != (ssize_t)sizeof(zero))
			return false;
	return fsync(file) == 0;
}

bool raw_init(struct raw *raw, const char *path, size_t len)
{
	memset(raw, 0, sizeof(*raw));
	raw->len = len;
	raw->data = malloc(len);
	raw->file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (!raw->data || raw->file < 0 || !fill_zero(raw->file)) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		raw_deinit(raw);
		return false;
	}
	memset(raw->data, 0x5a, len);
	return true;
}

void raw_deinit(struct raw *raw)
{
	if (raw->file >= 0)
		close(raw->file);
	free(raw->data);
	memset(raw, 0, sizeof(*raw));
	raw->file = -1;
}

uint64_t raw_run(struct raw *raw, uint64_t ns, struct histogram *latencies)
{
	uint64_t started = bench_ticks(), before = started, now;

	do {
		if (raw->at + raw->len > RAW_FILE_SIZE)
			raw->at = 0;
		raw->data[0]++; /* never the bytes that are there already */
		if (pwrite(raw->file, raw->data, raw->len, (off_t)raw->at) != (ssize_t)raw->len ||
		    fdatasync(raw->file)) {
			perror("raw loop");
			return 0;
		}
		raw->at += raw->len;
		now = bench_ticks();
		histogram_add(latencies, now - before);
		before = now;
	} while (now - started < ns);
	return now - started;
}
