/* Stands in for libFuzzer where there is none: gives the fuzz target every file of its corpus,
 * each also cut in half and with one byte changed, then inputs of a fixed pseudo-random
 * sequence. So each fuzz target is a fast test under every compiler and sanitizer, and what a
 * long fuzzing run once found stays found. Usage: fuzz_X [CORPUS-DIRECTORY or FILE]... */
#include <dirent.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	RANDOM_INPUTS = 500,
	RANDOM_MAX = 4096,
};

static unsigned long inputs;

/* Each input lies in a block of exactly its size, so that a sanitizer sees the first byte read
 * beyond it. */
static void feed(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		abort();
	if (size)
		memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
	inputs++;
}

static void feed_variants(uint8_t *data, size_t size)
{
	feed(data, size);
	feed(data, size / 2);
	if (size) {
		data[size / 3] ^= 0x10u;
		feed(data, size);
	}
}

static int replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	struct stat info;
	uint8_t *data = NULL;
	int failed = 1;

	if (file && fstat(fileno(file), &info) == 0) {
		size_t size = (size_t)info.st_size;
		data = malloc(size ? size : 1);
		failed = !data || fread(data, 1, size, file) != size;
		if (!failed)
			feed_variants(data, size);
	}
	if (failed)
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
	free(data);
	if (file)
		fclose(file);
	return failed;
}

static int replay_directory(const char *path, DIR *directory)
{
	struct dirent *found;
	int failed = 0;

	while ((found = readdir(directory))) {
		char *name = NULL;
		if (found->d_name[0] == '.')
			continue;
		if (asprintf(&name, "%s/%s", path, found->d_name) < 0)
			abort();
		failed |= replay_file(name);
		free(name);
	}
	return failed;
}

static void replay_random(void)
{
	static uint8_t data[RANDOM_MAX];
	uint64_t state = 0x9e3779b97f4a7c15u;

	for (int i = 0; i < RANDOM_INPUTS; i++) {
		size_t size = (size_t)(state >> 40) % RANDOM_MAX;
		for (size_t at = 0; at < size; at++) {
			state = state * 6364136223846793005u + 1442695040888963407u;
			data[at] = (uint8_t)(state >> 56);
		}
		state = state * 6364136223846793005u + 1442695040888963407u;
		feed(data, size);
	}
}

int main(int argc, char **argv)
{
	int failed = 0;

	feed(NULL, 0);
	for (int i = 1; i < argc; i++) {
		DIR *directory = opendir(argv[i]);
		if (directory) {
			failed |= replay_directory(argv[i], directory);
			closedir(directory);
		} else if (errno == ENOTDIR) {
			failed |= replay_file(argv[i]);
		} else if (errno != ENOENT) { /* a target may have no corpus yet */
			failed = 1;
		}
	}
	replay_random();
	printf("%lu inputs\n", inputs);
	return failed;
}
