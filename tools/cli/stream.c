/* See stream.h. */
#include "cli/stream.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

/* After a call that failed: 0 to call again, else errno. */
static int go_on(int fd, short events)
{
	struct pollfd one = {.fd = fd, .events = events};
	if (errno == EINTR)
		return 0;
	if (errno != EAGAIN)
		return errno;
	return poll(&one, 1, -1) >= 0 || errno == EINTR ? 0 : errno;
}

int stream_read(int fd, void *buffer, size_t len, size_t *got)
{
	char *at = buffer;
	int why = 0;
	for (*got = 0; *got < len && why == 0;) {
		const ssize_t n = read(fd, at + *got, len - *got);
		if (n == 0)
			break;
		if (n > 0)
			*got += (size_t)n;
		else
			why = go_on(fd, POLLIN);
	}
	return why;
}

int stream_write(int fd, const void *data, size_t len)
{
	const char *at = data;
	int why = 0;
	while (len > 0 && why == 0) {
		const ssize_t n = write(fd, at, len);
		if (n >= 0) {
			at += n;
			len -= (size_t)n;
		} else {
			why = go_on(fd, POLLOUT);
		}
	}
	return why;
}
