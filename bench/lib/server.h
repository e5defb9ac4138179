/* A peer that is a process: started on a socket of its own, ended by its id. */
#ifndef BENCH_SERVER_H
#define BENCH_SERVER_H

#include <stdbool.h>
#include <sys/types.h>

struct server {
	pid_t pid; /* 0: none */
	char directory[64]; /* of the socket: a path of a build tree may be too long for one */
	char socket[96];
};

/* Makes the place for the socket; then the caller fills `argv`, with server->socket in it. */
bool server_place(struct server *server);

/* Starts argv[0], its words into `log`, and waits until it answers on the socket: at most a minute
 * and a half. It dies with this process. */
bool server_start(struct server *server, const char *const argv[], const char *log);

/* Ends it with `signal` and waits for its end. False: it ended in another way than it should. */
bool server_stop(struct server *server, int signal);

/* A connection to a unix socket, or -1. */
int socket_connect(const char *path);

#endif
