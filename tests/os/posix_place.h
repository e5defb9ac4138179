/* A directory for one test of the real disk, with a store's directory inside it. */
#ifndef TESTS_POSIX_PLACE_H
#define TESTS_POSIX_PLACE_H

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "lib/test.h"
#include "os/os.h"

/* A directory for one test, with a store's directory "s" inside it. */
struct place {
	char path[64];
	char store[80];
	struct hf__os os;
};

static inline int place_setup(void **state)
{
	struct place *place = calloc(1, sizeof(*place));
	assert_non_null(place);
	strcpy(place->path, "/tmp/holdfast-posix-XXXXXX");
	assert_non_null(mkdtemp(place->path));
	(void)snprintf(place->store, sizeof(place->store), "%s/s", place->path);
	assert_int_equal(hf__os_posix_new(place->store, true, &place->os), 0);
	*state = place;
	return 0;
}

static inline void tree_remove(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	for (const struct dirent *entry; stream != NULL && (entry = readdir(stream)) != NULL;)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		    unlinkat(fd, entry->d_name, 0) != 0)
			tree_remove(fd, entry->d_name);
	if (stream != NULL)
		(void)closedir(stream);
	(void)unlinkat(dir, name, AT_REMOVEDIR);
}

static inline int place_teardown(void **state)
{
	struct place *place = *state;
	hf__os_posix_free(&place->os);
	tree_remove(AT_FDCWD, place->path);
	free(place);
	return 0;
}

static inline char *inside(const struct place *place, const char *name, char out[160])
{
	(void)snprintf(out, 160, "%s/%s", place->store, name);
	return out;
}

#define WITH_PLACE(test) cmocka_unit_test_setup_teardown(test, place_setup, place_teardown)

#endif
