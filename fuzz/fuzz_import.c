/* Fuzz target: `holdfast import` of a file from a stranger: outbox arrays, notification files,
 * JSON Lines.
 *
 * The first byte chooses the kind of file and whether --replace and, for JSON Lines, --force are
 * given; the rest is the file. The command runs as the tool runs it, on a store in a temporary
 * directory. Whatever the file:
 *  - the command ends with a status of its own, and a refused file leaves the store unopened or
 *    unchanged;
 *  - what was taken makes a sound state, and the same import once more adds nothing.
 * A violation aborts. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/args.h"
#include "lib/remove_tree.h"
#include "print/out.h"
#include "store/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In memory where there is such a place: a store is made for every file that is taken. */
static char directory[2][32] = {"/dev/shm/fuzz_import.XXXXXX", "/tmp/fuzz_import.XXXXXX"};
static char *made;
static char store_path[40];
static bool fresh; /* the store is there and empty */
static FILE *nowhere;
static int file = -1;

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void leave(void)
{
	remove_tree(store_path);
	(void)rmdir(made);
}

static void begin(void)
{
	if (file < 0) {
		made = mkdtemp(directory[0]);
		made = made ? made : mkdtemp(directory[1]);
		require(made != NULL && atexit(leave) == 0);
		(void)snprintf(store_path, sizeof store_path, "%s/s", made);
		file = memfd_create("import", MFD_CLOEXEC);
		nowhere = fopen("/dev/null", "w");
		require(file >= 0 && nowhere != NULL);
	}
	if (fresh)
		return;
	hf_store *store;
	const struct hf_options options = {
	    .create = true, .no_background = true, .segment_size = 64 << 10, .allow_unsafe_fs = true};
	if (access(store_path, F_OK) == 0)
		remove_tree(store_path);
	require(hf_open(store_path, &options, &store, NULL) == HF_OK && hf_close(store, NULL) == HF_OK);
	fresh = true;
}

/* --- The command ------------------------------------------------------------------------------ */

static const char *const kinds[][2] = {
    {"--queue", "q"}, {"--user", "u"}, {"--jsonl", NULL}, {NULL, NULL}};

struct run {
	int status;
	bool opened, changed;
};

static struct run import(unsigned kind, bool replace, bool force)
{
	char path[40];
	char *argv[12] = {(char *)"holdfast", (char *)"-C", store_path, (char *)"--allow-unsafe-fs",
	                  (char *)"import"};
	int argc = 5;
	struct cli cli = {0};
	struct args args = {0};
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", file);
	for (unsigned i = 0; i < 2 && kinds[kind][i]; i++)
		argv[argc++] = (char *)(uintptr_t)kinds[kind][i];
	if (replace && kind != 1)
		argv[argc++] = (char *)"--replace";
	if (force && kind >= 2)
		argv[argc++] = (char *)"--force";
	argv[argc++] = path;
	require(args_read(&cli, argc, argv, &args) == CLI_OK);
	cli.out = out_new(false, nowhere);
	require(cli.out != NULL);
	struct run run = {.status = cli.command->run(&cli, args.count, args.values)};
	run.opened = cli.store != NULL;
	run.changed = cli.changed;
	if (cli.store) {
		require(hf__state_verify(cli.store, NULL) == HF_OK);
		require(hf_close(cli.store, NULL) == HF_OK);
	}
	out_free(cli.out);
	return run;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FILE *const shown = stderr;
	const uint8_t how = size > 0 ? data[0] : 0;
	const size_t skipped = size > 0;
	begin();
	require(ftruncate(file, 0) == 0 &&
	        pwrite(file, data + skipped, size - skipped, 0) == (ssize_t)(size - skipped));
	stderr = nowhere;
	const struct run first = import(how & 3, how & 4, how & 8);
	fresh = !first.opened;
	require(first.status >= CLI_OK && first.status <= CLI_NEWER);
	if (first.status == CLI_OK) {
		const struct run again = import(how & 3, how & 4, how & 8);
		require(again.status == CLI_OK && !again.changed);
	} else {
		require(!first.changed);
	}
	stderr = shown;
	return 0;
}
