/* Where an export goes. To stdout it goes piece by piece. A file is written beside its place,
 * fsynced, and renamed when it is whole: until then, and after a crash, the place holds what it
 * held. What is there already and is no regular file (a pipe, a device) is written into. */
#ifndef TOOLS_SINK_H
#define TOOLS_SINK_H

#include "cli/cli.h"

struct sink {
	struct cli *cli;
	const char *path; /* NULL: stdout */
	/* the path behind links, to which the new file is renamed; NULL: it is written where it is */
	char *place;
	char *beside; /* the new file's name until then */
	int fd;
	size_t unflushed;
};

/* All give CLI_OK, or an exit status with the sentence printed. `path` NULL or "-": stdout. */
HF_CHECKED int sink_open(struct sink *sink, struct cli *cli, const char *path);
HF_CHECKED int sink_write(struct sink *sink, const void *data, size_t len);
/* Makes it the file of its path. */
HF_CHECKED int sink_commit(struct sink *sink);
/* Frees; removes what was not committed. */
void sink_close(struct sink *sink);

#endif
