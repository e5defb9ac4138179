/* See place.h. */
#include "listen/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 511 };

int place_fail(struct hf_error *error, int code, const char *format, ...)
{
	va_list arguments;
	*error = (struct hf_error){.code = code, .os_errno = errno};
	va_start(arguments, format);
	(void)vsnprintf(error->text, sizeof error->text, format, arguments);
	va_end(arguments);
	return code;
}

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
		return errno == ENOENT ? HF_OK
		                       : place_fail(error, HF_EACCESS, "%s: %s", path, strerror(errno));
	if (!S_ISSOCK(about.st_mode))
		return place_fail(error, HF_EACCESS, "%s is in the way, and is no socket", path);
	const int why = address_of(path, &address, &directory);
	if (why)
		return place_fail(error, HF_EACCESS, "%s: %s", path, strerror(why));
	/* What refuses was left behind, and may be replaced; a process that is busy does not. */
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const bool lives =
	    fd >= 0 && (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0 ||
	                errno != ECONNREFUSED);
	if (fd >= 0)
		(void)close(fd);
	if (directory >= 0)
		(void)close(directory);
	return lives ? place_fail(error, HF_ELOCKED, "another process listens at %s", path) : HF_OK;
}

static int bind_at(struct place *place, mode_t mode)
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
static int give_to_owner(const struct place *place, const struct stat *directory, bool shared)
{
	const uid_t owner = geteuid() == 0 ? directory->st_uid : (uid_t)-1;
	if (lchown(place->made, owner, shared || geteuid() == 0 ? directory->st_gid : (gid_t)-1) == 0)
		return 0;
	/* not to the group either, then */
	return shared && chmod(place->made, 0600) != 0 ? errno : 0;
}

static int make(struct place *place, const char *directory, mode_t right, struct hf_error *error)
{
	struct stat about, made = {0};
	int rc = check_free(place->path, error);
	if (rc != HF_OK)
		return rc;
	if (stat(directory, &about) != 0)
		return place_fail(error, errno == ENOENT ? HF_ENOTFOUND : HF_EACCESS, "%s: %s", directory,
		                  strerror(errno));
	const int len =
	    snprintf(place->made, sizeof place->made, "%s.%d.new", place->path, (int)getpid());
	if (len >= (int)sizeof place->made)
		return place_fail(error, HF_EINVAL, "the path of the socket is too long");
	(void)unlink(place->made); /* of a process of the same number that was killed */
	place->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (place->fd < 0)
		return place_fail(error, HF_ENOSPACE, "no socket can be made: %s", strerror(errno));
	const bool shared = about.st_mode & right;
	int why = bind_at(place, shared ? 0660 : 0600);
	if (why == 0)
		why = give_to_owner(place, &about, shared);
	if (why == 0 && (listen(place->fd, BACKLOG) != 0 || lstat(place->made, &made) != 0))
		why = errno;
	if (why != 0) {
		(void)unlink(place->made);
		return place_fail(error, HF_EACCESS, "%s: %s", place->made, strerror(why));
	}
	place->device = made.st_dev;
	place->inode = made.st_ino;
	return HF_OK;
}

int place_make(struct place *place, const char *path, const char *directory, mode_t right,
               struct hf_error *error)
{
	*place = (struct place){.fd = -1, .local = true, .path = path};
	(void)snprintf(place->shown, sizeof place->shown, "%s", path);
	if (strlen(path) >= sizeof place->shown)
		return place_fail(error, HF_EINVAL, "the path of the socket is too long");
	const int rc = make(place, directory, right, error);
	if (rc != HF_OK)
		place_end(place);
	return rc;
}

int place_show(struct place *place, struct hf_error *error)
{
	if (!place->local)
		return HF_OK;
	if (rename(place->made, place->path) != 0)
		return place_fail(error, HF_EACCESS, "%s: %s", place->path, strerror(errno));
	place->made[0] = '\0';
	return HF_OK;
}

void place_end(struct place *place)
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
