/* A store in memory that is served in this process, without a thread, to connections whose bytes a
 * test writes and reads itself. */
#ifndef TESTS_LIB_SERVED_H
#define TESTS_LIB_SERVED_H

#include <stddef.h>

#include "serve/serve.h"

struct served {
	hf_store *store;
	struct serve *serve;
};

/* NULL password: none. `room`: 0: as much as usual. */
void served_begin(struct served *served, const char *password, size_t room);
void served_end(struct served *served);
/* Another connection; ours to close. */
int served_connect(struct served *served);
/* Writes, lets it work until nothing is left to do, and gives what it answered, with a NUL, to be
 * freed. */
char *served_say(struct served *served, int fd, const void *data, size_t len, size_t *out_len);
/* The same of a command: words between single spaces; '' is the empty one. */
char *served_call(struct served *served, int fd, const char *line, size_t *out_len);
/* That command in bytes; to be freed. */
char *served_spell(const char *line, size_t *len);
/* Lets it work, and gives what a connection got meanwhile. */
char *served_hear(struct served *served, int fd, size_t *out_len);
/* Has it closed the connection? */
bool served_is_closed(int fd);

#endif
