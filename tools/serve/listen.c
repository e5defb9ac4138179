/* Where clients come in, and who they are: see serve.h. */
#include "serve/parts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "print/text.h"

enum { BACKLOG = 511, PASSWORD_MAX = 512, GROUPS_MAX = 256 };

/* --- Peers ------------------------------------------------------------------------------------ */

static bool in_group(int fd, const struct ucred *peer, gid_t group)
{
	gid_t groups[GROUPS_MAX];
	socklen_t len = sizeof groups;
	if (peer->gid == group)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) != 0)
		return false;
	for (size_t i = 0; i < len / sizeof *groups; i++)
		if (groups[i] == group)
			return true;
	return false;
}

bool listen_peer_may(const struct serve *serve, int fd)
{
	struct ucred peer;
	struct stat about;
	socklen_t len = sizeof peer;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
		return false;
	if (peer.uid == 0 || peer.uid == geteuid())
		return true;
	if (!serve->options.directory || stat(serve->options.directory, &about) != 0)
		return false;
	return peer.uid == about.st_uid ||
	       ((about.st_mode & S_IWGRP) && in_group(fd, &peer, about.st_gid)) ||
	       (about.st_mode & S_IWOTH);
}

/* --- An address of the loopback --------------------------------------------------------------- */

bool serve_is_address(const char *place)
{
	return !strchr(place, '/') && strchr(place, ':');
}

static bool parse_address(const char *text, struct sockaddr_in *v4, struct sockaddr_in6 *v6)
{
	char host[64];
	uint64_t port = 0;
	const char *colon = strrchr(text, ':');
	const size_t len = (size_t)(colon - text);
	if (len >= sizeof host || !text_parse_u64(colon + 1, strlen(colon + 1), &port) ||
	    port > UINT16_MAX)
		return false;
	(void)snprintf(host, sizeof host, "%.*s", (int)len, text);
	if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)port);
		return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons((uint16_t)port);
	return strcmp(host, "[::1]") == 0 && inet_pton(AF_INET6, "::1", &v6->sin6_addr) == 1;
}

static int make_tcp(struct place *place, const char *where, struct hf_error *error)
{
	struct sockaddr_in v4 = {0};
	struct sockaddr_in6 v6 = {0};
	const int on = 1;
	if (!parse_address(where, &v4, &v6))
		return place_fail(error, HF_EINVAL,
		                  "%s is no address of this host alone: 127.0.0.1:PORT or [::1]:PORT",
		                  where);
	const bool is_v4 = v4.sin_family == AF_INET;
	place->fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (place->fd < 0)
		return place_fail(error, HF_ENOSPACE, "no socket can be made: %s", strerror(errno));
	const struct sockaddr *address = is_v4 ? (const void *)&v4 : (const void *)&v6;
	socklen_t len = is_v4 ? sizeof v4 : sizeof v6;
	if (setsockopt(place->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
	    bind(place->fd, address, len) != 0 || listen(place->fd, BACKLOG) != 0 ||
	    getsockname(place->fd, is_v4 ? (void *)&v4 : (void *)&v6, &len) != 0)
		return place_fail(error, errno == EADDRINUSE ? HF_ELOCKED : HF_EACCESS, "%s: %s", where,
		                  strerror(errno));
	(void)snprintf(place->shown, sizeof place->shown, "%.*s:%u", (int)(strrchr(where, ':') - where),
	               where, (unsigned)ntohs(is_v4 ? v4.sin_port : v6.sin6_port));
	return HF_OK;
}

/* --- Either ----------------------------------------------------------------------------------- */

int serve_place_make(struct place *place, const char *where, const char *directory,
                     struct hf_error *error)
{
	if (!serve_is_address(where))
		return place_make(place, where, directory, S_IWGRP, error);
	*place = (struct place){.fd = -1};
	const int rc = make_tcp(place, where, error);
	if (rc != HF_OK)
		place_end(place);
	return rc;
}

int serve_password(const char *path, char **out, struct hf_error *error)
{
	char text[PASSWORD_MAX + 2];
	struct stat about;
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	*out = NULL;
	if (fd < 0)
		return place_fail(error, HF_EACCESS, "%s: %s", path, strerror(errno));
	const bool ok = fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
	const ssize_t got = ok ? read(fd, text, sizeof text - 1) : -1;
	(void)close(fd);
	if (!ok || got < 0)
		return place_fail(error, HF_EACCESS, "%s cannot be read as a file", path);
	if (about.st_mode & S_IRWXO)
		return place_fail(error, HF_EACCESS, "%s can be read by others: chmod o= it", path);
	size_t len = (size_t)got;
	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		len--;
	text[len] = '\0';
	if (len == 0 || len > PASSWORD_MAX || strlen(text) != len || strchr(text, '\n'))
		return place_fail(error, HF_EINVAL,
		                  "%s must hold one line, the password, of at most %d bytes", path,
		                  PASSWORD_MAX);
	*out = strdup(text);
	return *out ? HF_OK : place_fail(error, HF_ENOMEM, "there is no memory for the password");
}
