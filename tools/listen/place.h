/* Where a server of the tool listens: `serve` and `ui`.
 *
 * A unix socket is made under another name, with its mode set before it has one, and renamed when
 * it listens: no process ever sees one that answers to more than it should, and the one of a server
 * that was killed is replaced in one step. */
#ifndef TOOLS_LISTEN_PLACE_H
#define TOOLS_LISTEN_PLACE_H

#include <sys/stat.h>

#include "holdfast/holdfast.h"

/* A unix socket at a path, or an address of this host's loopback. */
struct place {
	int fd;
	bool local;
	char shown[256]; /* the path, or 127.0.0.1:PORT with the port that was chosen */
	const char *path; /* of a unix socket: where it goes */
	char made[320]; /* where it lies until then */
	uint64_t device, inode; /* of the socket */
};

/* Makes a unix socket that listens and that no process sees yet. It belongs to the owner of the
 * store's directory, and to its group if the directory gives that this right: S_IRGRP or S_IWGRP.
 * HF_OK; HF_EACCESS, HF_ELOCKED (a process listens there), HF_ENOTFOUND (no directory), HF_EINVAL,
 * HF_ENOSPACE, and nothing is left. */
HF_CHECKED int place_make(struct place *place, const char *path, const char *directory,
                          mode_t right, struct hf_error *error);
/* Puts it where clients look for it. HF_OK or HF_EACCESS. */
HF_CHECKED int place_show(struct place *place, struct hf_error *error);
/* Closes it unless its fd was handed on (-1), and takes it away if it is still this one. */
void place_end(struct place *place);

/* Says why not: fills *error, and gives the code. */
__attribute__((format(printf, 3, 4))) int place_fail(struct hf_error *error, int code,
                                                     const char *format, ...);

#endif
