/* Descriptors of the caller's: see stream.h. */
#include "os/stream.h"

#include "os/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int hf__stream_open(const char *path, int *out)
{
	struct hf__fd_guard guard;
	hf__fd_guard_take(&guard);
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	const int err = fd < 0 ? errno : hf__fd_raise(fd, out);
	hf__fd_guard_drop(&guard);
	return err;
}

void hf__stream_close(int fd)
{
	(void)close(fd); /* it was only read */
}

static int wait_ready(int fd, short events)
{
	struct pollfd ready = {.fd = fd, .events = events};
	while (poll(&ready, 1, -1) < 0)
		if (errno != EINTR)
			return errno;
	return 0;
}

/* 0: go on. */
static int go_on(int fd, short events)
{
	if (errno == EINTR)
		return 0;
	return errno == EAGAIN || errno == EWOULDBLOCK ? wait_ready(fd, events) : errno;
}

/* --- Writing ---------------------------------------------------------------------------------- */

static int write_all(int fd, const uint8_t *data, size_t len)
{
	int err = 0;
	while (len > 0 && err == 0) {
		const ssize_t n = write(fd, data, len);
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		} else {
			err = n == 0 ? EIO : go_on(fd, POLLOUT);
		}
	}
	return err;
}

/* The signals that a write can raise in the thread that writes would end a host that knows nothing
 * of them: they are held back, and one that came by this write is taken out again. */
int hf__stream_write(int fd, const void *data, size_t len)
{
	const struct timespec now = {0};
	sigset_t ours, pending, before, fresh;
	(void)sigemptyset(&ours);
	(void)sigaddset(&ours, SIGPIPE);
	(void)sigaddset(&ours, SIGXFSZ);
	(void)sigpending(&pending);
	(void)pthread_sigmask(SIG_BLOCK, &ours, &before);
	const int err = write_all(fd, data, len);
	(void)sigemptyset(&fresh);
	if (err == EPIPE && !sigismember(&pending, SIGPIPE))
		(void)sigaddset(&fresh, SIGPIPE);
	if (err == EFBIG && !sigismember(&pending, SIGXFSZ))
		(void)sigaddset(&fresh, SIGXFSZ);
	while ((err == EPIPE || err == EFBIG) && sigtimedwait(&fresh, NULL, &now) < 0 && errno == EINTR)
		continue;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return err;
}

int hf__stream_sync(int fd)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return errno;
	return !S_ISREG(st.st_mode) || fsync(fd) == 0 ? 0 : errno;
}

/* --- Reading ---------------------------------------------------------------------------------- */

int hf__stream_read(int fd, void *buffer, size_t len, size_t *got)
{
	for (*got = 0;;) {
		const ssize_t n = read(fd, buffer, len);
		if (n >= 0) {
			*got = (size_t)n;
			return 0;
		}
		const int err = go_on(fd, POLLIN);
		if (err != 0)
			return err;
	}
}

bool hf__stream_seekable(int fd, uint64_t *begin, uint64_t *size)
{
	struct stat st;
	const off_t at = lseek(fd, 0, SEEK_CUR);
	if (at < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return false;
	*begin = (uint64_t)at;
	*size = st.st_size > at ? (uint64_t)(st.st_size - at) : 0;
	return true;
}

int hf__stream_read_at(int fd, void *buffer, size_t len, uint64_t at, size_t *got)
{
	return hf__fd_read(fd, buffer, len, at, 1, got);
}
