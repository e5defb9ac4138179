/* A socket that listens on the loopback of this machine and nowhere else. */
#include "print/text.h"
#include "ui/ui.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 64 };

/* Ends a socket that is not to be, and says why. */
static int give_up(struct cli *cli, int fd, const char *what, const char *name, int *status)
{
	*status = cli_fail_file(cli, what, name, errno);
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

union address {
	struct sockaddr any;
	struct sockaddr_in four;
	struct sockaddr_in6 six;
};

/* "127.0.0.1:0", "[::1]:8080", "localhost:0"; false: anything else. */
static bool parse_loopback(const char *text, union address *out, socklen_t *len)
{
	const char *colon = strrchr(text, ':');
	uint64_t port;
	if (!colon || !text_parse_u64(colon + 1, strlen(colon + 1), &port) || port > 65535)
		return false;
	const size_t host = (size_t)(colon - text);
	*out = (union address){0};
	if (host == 5 && strncmp(text, "[::1]", 5) == 0) {
		out->six.sin6_family = AF_INET6;
		out->six.sin6_addr = in6addr_loopback;
		out->six.sin6_port = htons((uint16_t)port);
		*len = sizeof out->six;
		return true;
	}
	out->four.sin_family = AF_INET;
	out->four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	out->four.sin_port = htons((uint16_t)port);
	*len = sizeof out->four;
	return host == 9 && (strncmp(text, "127.0.0.1", 9) == 0 || strncmp(text, "localhost", 9) == 0);
}

int listen_tcp(struct cli *cli, const char *text, char *printed, size_t size, int *status)
{
	union address address;
	socklen_t len;
	const int on = 1;
	if (!parse_loopback(text, &address, &len)) {
		*status = cli_usage(cli,
		                    "--listen: '%s' is not 127.0.0.1:PORT or [::1]:PORT; pages are for "
		                    "this machine only",
		                    text);
		return -1;
	}
	const int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
	    bind(fd, &address.any, len) != 0 || listen(fd, BACKLOG) != 0 ||
	    getsockname(fd, &address.any, &len) != 0)
		return give_up(cli, fd, "cannot listen on", text, status);
	if (address.any.sa_family == AF_INET6)
		(void)snprintf(printed, size, "[::1]:%u", ntohs(address.six.sin6_port));
	else
		(void)snprintf(printed, size, "127.0.0.1:%u", ntohs(address.four.sin_port));
	return fd;
}
