/* What the store takes of its disk, and what is left. */
#include "look/look.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

/* A directory of a store has some dozens of files; one that others filled is not walked to its
 * end at every look. */
enum { FILES_MAX = 20000 };

/* The number behind `word`, in hexadecimal digits to the end; false: no such name. */
static bool numbered(const char *name, const char *word, uint64_t *number)
{
	const size_t len = strlen(word);
	char *end = NULL;
	if (strncmp(name, word, len) != 0 || strspn(name + len, "0123456789abcdef") == 0)
		return false;
	*number = strtoull(name + len, &end, 16);
	return *end == '\0';
}

static void add_file(const char *name, const struct stat *about, uint32_t segment,
                     struct look_disk *out)
{
	uint64_t number;
	out->used += (uint64_t)about->st_blocks * 512;
	if (numbered(name, "segment-", &number) && number < segment)
		out->log += (uint64_t)about->st_size;
	if (numbered(name, "snapshot-", &number) && number >= out->snapshot_lsn) {
		out->snapshot = (uint64_t)about->st_size;
		out->snapshot_lsn = number;
	}
}

void look_at_disk(const char *directory, uint32_t segment, uint32_t offset, struct look_disk *out)
{
	struct statvfs disk;
	DIR *dir = opendir(directory);
	*out = (struct look_disk){.log = offset};
	if (!dir)
		return;
	const struct dirent *entry;
	struct stat about;
	for (unsigned i = 0; i < FILES_MAX && (entry = readdir(dir)) != NULL; i++)
		if (fstatat(dirfd(dir), entry->d_name, &about, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(about.st_mode))
			add_file(entry->d_name, &about, segment, out);
	if (fstatvfs(dirfd(dir), &disk) == 0) {
		out->known = true;
		out->free = (uint64_t)disk.f_bavail * disk.f_frsize;
		out->size = (uint64_t)disk.f_blocks * disk.f_frsize;
	}
	closedir(dir);
}
