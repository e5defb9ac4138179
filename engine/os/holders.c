/* Which processes have files of the directory open: from /proc, as far as this process may look.
 * Those of another user show nothing but to root, and those in another mount or pid namespace show
 * other paths, or nothing at all. */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/disk.h"

#define REMOVED " (deleted)"

struct look {
	char place[PATH_MAX]; /* of the directory, with a slash behind it */
	size_t len;
	hf__os_holder_fn each;
	void *arg;
};

/* The path behind a link of /proc. false: there is none, or it is too long. */
static bool path_of(int dir, const char *name, char out[PATH_MAX])
{
	const ssize_t got = readlinkat(dir, name, out, PATH_MAX - 1);
	out[got > 0 ? got : 0] = '\0';
	return got > 0;
}

/* The name of a file of the directory, without what says that it was removed; NULL: it is none. */
static char *own_name(const struct look *look, char *path, bool *removed)
{
	char *name = path + look->len;
	if (strncmp(path, look->place, look->len) != 0)
		return NULL;
	char *end = strstr(name, REMOVED);
	*removed = end && end[sizeof REMOVED - 1] == '\0';
	if (*removed)
		*end = '\0';
	return *name == '\0' || strchr(name, '/') ? NULL : name;
}

/* Each descriptor of a process; or only: does it have the lock file open, which readers do not keep
 * open? */
static bool descriptors(const struct look *look, const char *pid, const char *lock)
{
	char path[PATH_MAX];
	bool locks = false, removed;
	(void)snprintf(path, sizeof path, "/proc/%s/fd", pid);
	DIR *fds = opendir(path);
	if (!fds)
		return false;
	for (const struct dirent *fd; !locks && (fd = readdir(fds)) != NULL;) {
		struct stat st;
		const char *name =
		    path_of(dirfd(fds), fd->d_name, path) ? own_name(look, path, &removed) : NULL;
		if (lock)
			locks = name && strcmp(name, lock) == 0;
		else if (name && fstatat(dirfd(fds), fd->d_name, &st, 0) == 0)
			look->each(look->arg, strtoull(pid, NULL, 10), name, removed, (uint64_t)st.st_size);
	}
	(void)closedir(fds);
	return locks;
}

void hf__disk_holders(void *ctx, const char *lock, hf__os_holder_fn each, void *arg)
{
	const struct posix *posix = ctx;
	struct look look = {.each = each, .arg = arg};
	char link[64];
	(void)snprintf(link, sizeof link, "/proc/self/fd/%d", posix->dir);
	DIR *processes = opendir("/proc");
	if (!processes)
		return;
	bool known = path_of(AT_FDCWD, link, look.place);
	look.len = strlen(look.place);
	known = known && look.len + 1 < sizeof look.place;
	if (known)
		memcpy(look.place + look.len++, "/", 2);
	for (const struct dirent *entry; known && (entry = readdir(processes)) != NULL;) {
		const bool number = strspn(entry->d_name, "0123456789") == strlen(entry->d_name);
		if (number && strtol(entry->d_name, NULL, 10) != getpid() &&
		    !descriptors(&look, entry->d_name, lock))
			(void)descriptors(&look, entry->d_name, NULL);
	}
	(void)closedir(processes);
}
