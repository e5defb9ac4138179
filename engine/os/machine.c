/* See os/machine.h.
 *
 * After fork() the child sees a wiped page in place of the cookie, so that asking is one load. */
#include "os/machine.h"

#include "os/check.h"

#include <assert.h>
#include <errno.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static int64_t clock_us(clockid_t clock)
{
	struct timespec t;
	int failed = clock_gettime(clock, &t);
	assert(failed == 0); /* only for a clock that does not exist */
	(void)failed;
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t hf__machine_now(void *ctx)
{
	(void)ctx;
	return clock_us(CLOCK_REALTIME);
}

int64_t hf__machine_ticks(void *ctx)
{
	(void)ctx;
	struct timespec t;
	int failed = clock_gettime(CLOCK_MONOTONIC, &t);
	assert(failed == 0);
	(void)failed;
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t hf__machine_boot_clock(void *ctx)
{
	(void)ctx;
	return clock_us(CLOCK_BOOTTIME);
}

int hf__machine_random(void *ctx, void *buffer, size_t len)
{
	(void)ctx;
	return hf__check_random(buffer, len);
}

/* A page that the kernel clears in every child; the process id where it cannot. */
int hf__cookie_init(struct hf__cookie *cookie)
{
	cookie->page = (size_t)sysconf(_SC_PAGESIZE);
	cookie->pid = getpid();
	void *page =
	    mmap(NULL, cookie->page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return errno;
	cookie->wipes = madvise(page, cookie->page, MADV_WIPEONFORK) == 0;
	cookie->word = page;
	atomic_init(cookie->word, 1);
	return 0;
}

void hf__cookie_deinit(struct hf__cookie *cookie)
{
	(void)munmap(cookie->word, cookie->page);
}

bool hf__cookie_forked(const struct hf__cookie *cookie)
{
	return cookie->wipes ? atomic_load_explicit(cookie->word, memory_order_relaxed) == 0
	                     : getpid() != cookie->pid;
}
