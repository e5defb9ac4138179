/* See os/event.h. */
#include "os/event.h"

#include "os/fd.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

int hf__event_new(void *ctx, int *out)
{
	(void)ctx;
	/* Never blocking, so that a host may read it without asking first and a tell can never hang. */
	struct hf__fd_guard guard;
	hf__fd_guard_take(&guard);
	const int event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	const int err = event < 0 ? errno : hf__fd_raise(event, out);
	hf__fd_guard_drop(&guard);
	return err;
}

int hf__event_tell(void *ctx, int event)
{
	static const uint64_t one = 1;
	(void)ctx;
	/* EAGAIN: the counter is full, so it is readable already. */
	return write(event, &one, sizeof one) == (ssize_t)sizeof one || errno == EAGAIN ? 0 : errno;
}

void hf__event_free(void *ctx, int event)
{
	(void)ctx;
	(void)close(event); /* nothing is kept there */
}

void hf__event_clear(void *ctx, int event)
{
	uint64_t count;
	(void)ctx;
	/* EAGAIN: there was nothing to read. */
	if (read(event, &count, sizeof count) < 0)
		return;
}
