/* A store served to clients that speak RESP: docs/operate/resp.md. One thread has all connections
 * and calls the library, which never waits for it: commits answer by tickets, and what waits has a
 * wait of its own. */
#ifndef TOOLS_SERVE_H
#define TOOLS_SERVE_H

#include "holdfast/holdfast.h"
#include "listen/place.h"

struct serve;

struct serve_options {
	const char *directory; /* whose owner and group may connect; NULL: only this user and root */
	const char *password; /* asked of each connection; NULL: of none */
	size_t room; /* bytes that all connections together may keep; 0: 256 MiB */
	unsigned connections; /* at most; 0: half of what descriptors allow */
	bool by_hand; /* the store has no threads: flushes and maintains it, too */
};

/* The store stays its caller's, to be closed after serve_free(). NULL: *error says why. */
struct serve *serve_new(hf_store *store, const struct serve_options *options,
                        struct hf_error *error);
void serve_free(struct serve *serve);

/* Takes a socket that listens, and closes it at the end. `local`: a unix socket, whose peers are
 * looked at. */
HF_CHECKED int serve_listen(struct serve *serve, int fd, bool local, struct hf_error *error);
/* Takes one end of a stream as a connection, and closes it at the end; false: there is no room. */
HF_CHECKED bool serve_adopt(struct serve *serve, int fd);
/* Ends serve_run() when `fd` is readable; it is not read. */
HF_CHECKED int serve_until(struct serve *serve, int fd, struct hf_error *error);
/* Until then; or for at most `wait_ms` of nothing to do (-1: forever). HF_OK, or what made it
 * impossible to go on. What was answered by then has been sent, as far as clients read it. */
HF_CHECKED int serve_run(struct serve *serve, int wait_ms, struct hf_error *error);

/* --- Places (listen.c) ------------------------------------------------------------------------ */

/* Is it HOST:PORT? */
bool serve_is_address(const char *place);
/* A socket there, which no process sees yet: a unix socket is for those that may write to the
 * store's directory. */
HF_CHECKED int serve_place_make(struct place *place, const char *where, const char *directory,
                                struct hf_error *error);
/* The password in a file, which nobody but its owner and group may read. To be freed. */
HF_CHECKED int serve_password(const char *path, char **out, struct hf_error *error);

#endif
