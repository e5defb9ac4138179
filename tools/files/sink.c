/* Crash safety of a file by the three steps that are the only ones to give it: write beside,
 * fsync, rename and fsync the directory. */
#include "files/sink.h"

#include "cli/stream.h"
#include "print/out.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FLUSH_AT (1u << 20)

/* A place that does not exist is an odd path, not an object that was asked for: its directory is
 * what is missing. */
static int fail(struct sink *sink, const char *what, int why)
{
	if (why == ENOENT)
		return cli_fail_with(sink->cli, HF_EACCESS, "cannot %s %s: its directory does not exist",
		                     what, sink->path);
	return cli_fail_with(sink->cli, cli_code_of_errno(why), "cannot %s %s: %s", what, sink->path,
	                     strerror(why));
}

/* --- Opening ---------------------------------------------------------------------------------- */

/* What the new file may be read by: as the one it replaces, else as the process makes files. */
static mode_t wanted_mode(const struct stat *there)
{
	if (there)
		return there->st_mode & 0777;
	const mode_t mask = umask(0);
	(void)umask(mask);
	return 0666 & ~mask;
}

/* A store's directory holds its own files alone, one of which this might replace. The second name
 * tells of a store that lost the first. */
static int check_outside_stores(struct sink *sink)
{
	static const char *const names[] = {"IDENTITY", "WITNESS"};
	char *copy = strdup(sink->place);
	const char *directory = copy ? dirname(copy) : NULL;
	bool is = false;
	for (size_t i = 0; directory && !is && i < sizeof names / sizeof names[0]; i++) {
		char *name = NULL;
		if (asprintf(&name, "%s/%s", directory, names[i]) < 0)
			directory = NULL;
		else
			is = access(name, F_OK) == 0;
		free(directory ? name : NULL);
	}
	const bool no_memory = !directory;
	free(copy);
	if (no_memory)
		return fail(sink, "write", ENOMEM);
	return is ? cli_fail_with(sink->cli, HF_EACCESS,
	                          "cannot write %s: its directory is a store, which has its own files "
	                          "alone",
	                          sink->path)
	          : CLI_OK;
}

static int open_beside(struct sink *sink, const struct stat *there)
{
	/* Behind a link the file is replaced, not the link. */
	sink->place = there ? realpath(sink->path, NULL) : strdup(sink->path);
	if (!sink->place)
		return fail(sink, "write", errno);
	const int rc = check_outside_stores(sink);
	if (rc != CLI_OK)
		return rc;
	if (asprintf(&sink->beside, "%s.holdfast-XXXXXX", sink->place) < 0) {
		sink->beside = NULL;
		return fail(sink, "write", ENOMEM);
	}
	sink->fd = mkostemp(sink->beside, O_CLOEXEC);
	if (sink->fd < 0) {
		const int why = errno;
		free(sink->beside);
		sink->beside = NULL;
		return fail(sink, "write a file beside", why);
	}
	return fchmod(sink->fd, wanted_mode(there)) == 0 ? CLI_OK : fail(sink, "write", errno);
}

int sink_open(struct sink *sink, struct cli *cli, const char *path)
{
	struct stat there;
	*sink =
	    (struct sink){.cli = cli, .path = path && strcmp(path, "-") != 0 ? path : NULL, .fd = -1};
	if (!sink->path)
		return CLI_OK;
	if (stat(sink->path, &there) != 0)
		return errno == ENOENT ? open_beside(sink, NULL) : fail(sink, "write", errno);
	if (S_ISDIR(there.st_mode))
		return fail(sink, "write", EISDIR);
	if (S_ISREG(there.st_mode))
		return open_beside(sink, &there);
	sink->fd = open(sink->path, O_WRONLY | O_CLOEXEC);
	return sink->fd >= 0 ? CLI_OK : fail(sink, "write", errno);
}

/* --- Writing ---------------------------------------------------------------------------------- */

static int write_out(struct sink *sink, const void *data, size_t len)
{
	out_raw(sink->cli->out, data, len);
	sink->unflushed += len;
	if (sink->unflushed < FLUSH_AT)
		return CLI_OK;
	sink->unflushed = 0;
	return out_flush(sink->cli);
}

int sink_write(struct sink *sink, const void *data, size_t len)
{
	if (!sink->path)
		return write_out(sink, data, len);
	const int why = stream_write(sink->fd, data, len);
	return why == 0 ? CLI_OK : fail(sink, "write", why);
}

/* --- Finishing -------------------------------------------------------------------------------- */

static int sync_directory(struct sink *sink)
{
	char *copy = strdup(sink->place);
	const int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	const int rc = fd >= 0 && fsync(fd) == 0
	                   ? CLI_OK
	                   : fail(sink, "sync the directory of", copy ? errno : ENOMEM);
	if (fd >= 0)
		(void)close(fd);
	free(copy);
	return rc;
}

int sink_commit(struct sink *sink)
{
	if (!sink->path)
		return CLI_OK;
	if (!sink->beside) {
		const int fd = sink->fd;
		sink->fd = -1;
		return close(fd) == 0 ? CLI_OK : fail(sink, "write", errno);
	}
	/* Crash: the place holds what it held; the new file lies beside it under its other name. */
	if (fsync(sink->fd) != 0)
		return fail(sink, "write", errno);
	if (rename(sink->beside, sink->place) != 0)
		return fail(sink, "write", errno);
	/* Crash: the place holds one of the two, whole. */
	free(sink->beside);
	sink->beside = NULL;
	return sync_directory(sink);
}

void sink_close(struct sink *sink)
{
	if (sink->fd >= 0)
		(void)close(sink->fd);
	if (sink->beside)
		(void)unlink(sink->beside);
	free(sink->beside);
	free(sink->place);
}
