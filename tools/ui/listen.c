/* Sockets that listen: TCP on the loopback of this machine and nowhere else, or a unix socket that
 * those may use who may read the store's directory. */
#include "print/text.h"
#include "ui/ui.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
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

/* --- TCP -------------------------------------------------------------------------------------- */

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

/* --- A unix socket ---------------------------------------------------------------------------- */

/* Does a process listen there? What none answers on was left behind, and may be replaced. */
static bool is_served(const struct sockaddr_un *address)
{
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const bool refused = fd >= 0 &&
	                     connect(fd, (const struct sockaddr *)address, sizeof *address) != 0 &&
	                     errno == ECONNREFUSED;
	if (fd >= 0)
		(void)close(fd);
	return !refused;
}

/* Owner and group of the store's directory; theirs it is to connect, as far as they may read the
 * directory, and nobody else's, whatever its mode says of others: files of a store are not. */
static bool hand_over(const char *path, const char *directory)
{
	struct stat about;
	if (stat(directory, &about) != 0)
		return false;
	const mode_t mode = 0600 | (about.st_mode & S_IRGRP ? 0060 : 0);
	if (geteuid() == 0 && lchown(path, about.st_uid, about.st_gid) != 0)
		return false;
	if (geteuid() != 0 && (mode & 0060) && lchown(path, (uid_t)-1, about.st_gid) != 0)
		return chmod(path, 0600) == 0; /* not of that group: it stays the owner's */
	return chmod(path, mode) == 0;
}

/* Under a name beside it, so that nobody connects before it is whose it is to be. */
static int listen_beside(struct cli *cli, const char *path, const struct sockaddr_un *final,
                         int *status)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (snprintf(address.sun_path, sizeof address.sun_path, "%s.%d", path, (int)getpid()) >=
	    (int)sizeof address.sun_path) {
		errno = ENAMETOOLONG;
		return give_up(cli, -1, "cannot listen on", path, status);
	}
	const mode_t mask = umask(0177);
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const bool bound = fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof address) == 0;
	(void)umask(mask);
	if (bound && hand_over(address.sun_path, cli->directory) && listen(fd, BACKLOG) == 0 &&
	    rename(address.sun_path, final->sun_path) == 0)
		return fd;
	const int why = errno;
	if (bound)
		(void)unlink(address.sun_path);
	errno = why;
	return give_up(cli, fd, "cannot listen on", path, status);
}

int listen_unix(struct cli *cli, const char *path, int *status)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct stat about;
	if (strlen(path) >= sizeof address.sun_path) {
		errno = ENAMETOOLONG;
		return give_up(cli, -1, "cannot listen on", path, status);
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	const bool there = lstat(path, &about) == 0;
	if (there && !S_ISSOCK(about.st_mode)) {
		*status = cli_fail_with(cli, HF_EACCESS, "%s is there and is no socket", path);
		return -1;
	}
	if (there && is_served(&address)) {
		*status = cli_fail_with(cli, HF_ELOCKED, "another process listens on %s", path);
		return -1;
	}
	return listen_beside(cli, path, &address, status);
}
