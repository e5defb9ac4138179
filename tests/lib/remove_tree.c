#include "lib/remove_tree.h"
#include "lib/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

void remove_tree(const char *path)
{
	DIR *dir = opendir(path);
	assert_non_null(dir);
	for (const struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			assert_int_equal(unlinkat(dirfd(dir), entry->d_name, 0), 0);
	assert_int_equal(closedir(dir), 0);
	assert_int_equal(rmdir(path), 0);
}
