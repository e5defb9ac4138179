/* Where clients come in, and who they are: see serve.h.
 *
 * A unix socket is made under another name, with its mode set before it has one, and renamed when
 * it listens: nobody ever sees one that answers to more than it should, and the one of a server
 * that was killed is replaced in one step. */
#include "serve/parts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "print/text.h"

enum { BACKLOG = 511, PASSWORD_MAX = 512, GROUPS_MAX = 256 };

__attribute__((format(printf, 3, 4))) static int fail(struct hf_error *error, int code,
                                                      const char *format, ...)
{
	va_list arguments;
	*error = (struct hf_error){.code = code, .os_errno = errno};
	va_start(arguments, format);
	(void)vsnprintf(error->text, sizeof error->text, format, arguments);
	va_end(arguments);
	return code;
}

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

/* --- A unix socket ---------------------------------------------------------------------------- */

/* A path that is too long for an address goes through the descriptor of its directory. */
static int address_of(const char *path, struct sockaddr_un *address, int *directory)
{
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	*directory = -1;
	if (strlen(path) < sizeof address->sun_path) {
		(void)snprintf(address->sun_path, sizeof address->sun_path, "%s", path);
		return 0;
	}
	const char *name = strrchr(path, '/');
	char above[4096];
	if (!name || strlen(path) >= sizeof above)
		return ENAMETOOLONG;
	(void)snprintf(above, sizeof above, "%.*s", (int)(name - path), path);
	*directory = open(above, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*directory < 0)
		return errno;
	const int len = snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d%s",
	                         *directory, name);
	if (len < (int)sizeof address->sun_path)
		return 0;
	(void)close(*directory);
	return ENAMETOOLONG;
}

/* What lies where the socket is to go: nothing, or one that nobody listens at. */
static int check_free(const char *path, struct hf_error *error)
{
	struct sockaddr_un address;
	struct stat about;
	int directory;
	if (lstat(path, &about) != 0)
		return errno == ENOENT ? HF_OK : fail(error, HF_EACCESS, "%s: %s", path, strerror(errno));
	if (!S_ISSOCK(about.st_mode))
		return fail(error, HF_EACCESS, "%s is in the way, and is no socket", path);
	const int why = address_of(path, &address, &directory);
	if (why)
		return fail(error, HF_EACCESS, "%s: %s", path, strerror(why));
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const bool lives =
	    fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0;
	if (fd >= 0)
		(void)close(fd);
	if (directory >= 0)
		(void)close(directory);
	return lives ? fail(error, HF_ELOCKED, "another process listens at %s", path) : HF_OK;
}

/* Of what the store's directory lets its group write. */
static mode_t mode_of(const struct stat *directory)
{
	return directory->st_mode & S_IWGRP ? 0660 : 0600;
}

static int bind_at(struct serve_place *place, mode_t mode)
{
	struct sockaddr_un address;
	int directory;
	const int why = address_of(place->made, &address, &directory);
	if (why)
		return why;
	const mode_t before = umask(0);
	const bool bound = fchmod(place->fd, mode) == 0 &&
	                   bind(place->fd, (const struct sockaddr *)&address, sizeof address) == 0;
	const int failed = bound ? 0 : errno;
	(void)umask(before);
	if (directory >= 0)
		(void)close(directory);
	return failed;
}

/* Whom the directory belongs to, the socket does. */
static int give_to_owner(const struct serve_place *place, const struct stat *directory)
{
	const uid_t owner = geteuid() == 0 ? directory->st_uid : (uid_t)-1;
	const bool shared = directory->st_mode & S_IWGRP;
	if (lchown(place->made, owner, shared || geteuid() == 0 ? directory->st_gid : (gid_t)-1) == 0)
		return 0;
	/* not to the group either, then */
	return shared && chmod(place->made, 0600) != 0 ? errno : 0;
}

static int make_local(struct serve_place *place, const char *directory, struct hf_error *error)
{
	struct stat about, made = {0};
	int rc = check_free(place->path, error);
	if (rc != HF_OK)
		return rc;
	if (stat(directory, &about) != 0)
		return fail(error, errno == ENOENT ? HF_ENOTFOUND : HF_EACCESS, "%s: %s", directory,
		            strerror(errno));
	const int len =
	    snprintf(place->made, sizeof place->made, "%s.%d.new", place->path, (int)getpid());
	if (len >= (int)sizeof place->made)
		return fail(error, HF_EINVAL, "the path of the socket is too long");
	(void)unlink(place->made); /* of a process of the same number that was killed */
	place->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (place->fd < 0)
		return fail(error, HF_ENOSPACE, "no socket can be made: %s", strerror(errno));
	int why = bind_at(place, mode_of(&about));
	if (why == 0)
		why = give_to_owner(place, &about);
	if (why == 0 && (listen(place->fd, BACKLOG) != 0 || lstat(place->made, &made) != 0))
		why = errno;
	if (why != 0)
		return fail(error, HF_EACCESS, "%s: %s", place->made, strerror(why));
	place->device = made.st_dev;
	place->inode = made.st_ino;
	return HF_OK;
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

static int make_tcp(struct serve_place *place, const char *where, struct hf_error *error)
{
	struct sockaddr_in v4 = {0};
	struct sockaddr_in6 v6 = {0};
	const int on = 1;
	if (!parse_address(where, &v4, &v6))
		return fail(error, HF_EINVAL,
		            "%s is no address of this host alone: 127.0.0.1:PORT or [::1]:PORT", where);
	const bool is_v4 = v4.sin_family == AF_INET;
	place->fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (place->fd < 0)
		return fail(error, HF_ENOSPACE, "no socket can be made: %s", strerror(errno));
	const struct sockaddr *address = is_v4 ? (const void *)&v4 : (const void *)&v6;
	socklen_t len = is_v4 ? sizeof v4 : sizeof v6;
	if (setsockopt(place->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
	    bind(place->fd, address, len) != 0 || listen(place->fd, BACKLOG) != 0 ||
	    getsockname(place->fd, is_v4 ? (void *)&v4 : (void *)&v6, &len) != 0)
		return fail(error, errno == EADDRINUSE ? HF_ELOCKED : HF_EACCESS, "%s: %s", where,
		            strerror(errno));
	(void)snprintf(place->shown, sizeof place->shown, "%.*s:%u", (int)(strrchr(where, ':') - where),
	               where, (unsigned)ntohs(is_v4 ? v4.sin_port : v6.sin6_port));
	return HF_OK;
}

/* --- Either ----------------------------------------------------------------------------------- */

int serve_place_make(struct serve_place *place, const char *where, const char *directory,
                     struct hf_error *error)
{
	*place = (struct serve_place){.fd = -1, .local = !serve_is_address(where), .path = where};
	(void)snprintf(place->shown, sizeof place->shown, "%s", where);
	if (strlen(where) >= sizeof place->shown)
		return fail(error, HF_EINVAL, "the path of the socket is too long");
	const int rc =
	    place->local ? make_local(place, directory, error) : make_tcp(place, where, error);
	if (rc != HF_OK)
		serve_place_end(place);
	return rc;
}

int serve_place_show(struct serve_place *place, struct hf_error *error)
{
	if (!place->local)
		return HF_OK;
	if (rename(place->made, place->path) != 0)
		return fail(error, HF_EACCESS, "%s: %s", place->path, strerror(errno));
	place->made[0] = '\0';
	return HF_OK;
}

void serve_place_end(struct serve_place *place)
{
	struct stat about;
	if (place->fd >= 0)
		(void)close(place->fd);
	place->fd = -1;
	if (!place->local || place->inode == 0)
		return;
	const char *path = place->made[0] ? place->made : place->path;
	if (lstat(path, &about) == 0 && about.st_dev == place->device && about.st_ino == place->inode)
		(void)unlink(path);
}

int serve_password(const char *path, char **out, struct hf_error *error)
{
	char text[PASSWORD_MAX + 2];
	struct stat about;
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	*out = NULL;
	if (fd < 0)
		return fail(error, HF_EACCESS, "%s: %s", path, strerror(errno));
	const bool ok = fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
	const ssize_t got = ok ? read(fd, text, sizeof text - 1) : -1;
	(void)close(fd);
	if (!ok || got < 0)
		return fail(error, HF_EACCESS, "%s cannot be read as a file", path);
	if (about.st_mode & S_IRWXO)
		return fail(error, HF_EACCESS, "%s can be read by others: chmod o= it", path);
	size_t len = (size_t)got;
	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		len--;
	text[len] = '\0';
	if (len == 0 || len > PASSWORD_MAX || strlen(text) != len || strchr(text, '\n'))
		return fail(error, HF_EINVAL, "%s must hold one line, the password, of at most %d bytes",
		            path, PASSWORD_MAX);
	*out = strdup(text);
	return *out ? HF_OK : fail(error, HF_ENOMEM, "there is no memory for the password");
}
