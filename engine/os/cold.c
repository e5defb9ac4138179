/* Reading past the system's cache: what is verified then is what the device has, and what is in use
 * stays in memory.
 *
 * Happy path: the descriptor is turned to O_DIRECT at its first use, and blocks are read into
 * memory of their alignment. Failure modes: a file system that knows no such reading says so when
 * the descriptor is turned, or at the first read; then the pages are read through the cache, and
 * those that were not there before are dropped again.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"
#include "os/disk.h"
#include "os/fd.h"

#define BLOCK ((uint64_t)4096) /* no device asks for more */

static uint64_t down(uint64_t at)
{
	return at / BLOCK * BLOCK;
}

static bool turn(int file, bool direct)
{
	const int flags = fcntl(file, F_GETFL);
	if (flags < 0)
		return false;
	if (((flags & O_DIRECT) != 0) == direct)
		return true;
	return fcntl(file, F_SETFL, direct ? flags | O_DIRECT : flags & ~O_DIRECT) == 0;
}

/* Whole blocks around what is wanted. */
static int read_direct(int file, void *buffer, size_t len, uint64_t at, size_t *got)
{
	const size_t before = (size_t)(at - down(at));
	const size_t span = (size_t)down(before + len + BLOCK - 1);
	uint8_t *memory = hf__alloc(span + BLOCK);
	if (!memory)
		return ENOMEM;
	uint8_t *aligned = memory + (BLOCK - (uintptr_t)memory % BLOCK) % BLOCK;
	size_t all = 0;
	const int err = hf__fd_read(file, aligned, span, down(at), BLOCK, &all);
	*got = all > before ? all - before : 0;
	*got = *got < len ? *got : len;
	if (err == 0)
		memcpy(buffer, aligned + before, *got);
	hf__free(memory);
	return err;
}

/* Is any of these pages in memory? Not known: yes, so that nothing is dropped that is in use. */
static bool resident(int file, uint64_t from, size_t span)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	unsigned char *pages = hf__alloc(span / page + 1);
	void *map = mmap(NULL, span, PROT_NONE, MAP_SHARED, file, (off_t)from);
	bool any = pages == NULL || map == MAP_FAILED || mincore(map, span, pages) != 0;
	for (size_t i = 0; !any && i < span / page; i++)
		any = pages[i] & 1;
	if (map != MAP_FAILED)
		(void)munmap(map, span);
	hf__free(pages);
	return any;
}

static int read_and_drop(int file, void *buffer, size_t len, uint64_t at, size_t *got)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	const uint64_t from = at / page * page;
	const size_t span = (size_t)((at + len - from + page - 1) / page * page);
	const bool used = resident(file, from, span);
	(void)posix_fadvise(file, (off_t)from, (off_t)span,
	                    POSIX_FADV_RANDOM); /* nothing is read ahead */
	const int err = hf__fd_read(file, buffer, len, at, 1, got);
	if (!used)
		(void)posix_fadvise(file, (off_t)from, (off_t)span, POSIX_FADV_DONTNEED);
	return err;
}

int hf__disk_read_cold(void *ctx, int file, void *buffer, size_t len, uint64_t at, size_t *got)
{
	(void)ctx;
	*got = 0;
	if (len == 0 || len > (size_t)INT64_MAX / 2 || at > (uint64_t)INT64_MAX / 2)
		return len == 0 ? 0 : EINVAL;
	int err = turn(file, true) ? read_direct(file, buffer, len, at, got) : EINVAL;
	if (err != EINVAL)
		return err;
	(void)turn(file, false); /* else the next line says EINVAL */
	return read_and_drop(file, buffer, len, at, got);
}
