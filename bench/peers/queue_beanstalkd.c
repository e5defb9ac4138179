/* beanstalkd, started here on a unix socket with a log that it syncs at each write (-f0). It keeps
 * claims in memory alone: a reserve writes nothing. A connection for each worker. */
#include "lib/server.h"
#include "peers/queue.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE = 224, BUFFER = LINE + ROW_VALUE_MAX + 2 };

struct beanstalk {
	struct server server;
	unsigned threads;
	int sockets[];
};

static bool complain(const char *what, const char *why)
{
	fprintf(stderr, "beanstalkd, %s: %s\n", what, why);
	return false;
}

static bool close_it(void *self)
{
	struct beanstalk *b = self;
	for (unsigned i = 0; i < b->threads; i++)
		(void)close(b->sockets[i]);
	const bool good = server_stop(&b->server, SIGTERM);
	free(b);
	return good || complain("end", "not clean");
}

static bool start(struct beanstalk *b, const char *directory)
{
	char log[4096], address[sizeof b->server.socket + 8];
	(void)snprintf(log, sizeof log, "%s/words", directory);
	if (!server_place(&b->server))
		return false;
	(void)snprintf(address, sizeof address, "unix:%s", b->server.socket);
	const char *const argv[] = {"beanstalkd", "-l", address, "-b", directory, "-f0", NULL};
	return server_start(&b->server, argv, log);
}

static void *open_it(const struct peer_config *config)
{
	struct beanstalk *b = calloc(1, sizeof *b + config->threads * sizeof(int));
	if (!b)
		return NULL;
	bool good = start(b, config->directory);
	while (good && b->threads < config->threads) {
		const int fd = socket_connect(b->server.socket);
		good = fd >= 0 || complain("connect", strerror(errno));
		if (good)
			b->sockets[b->threads++] = fd;
	}
	if (good)
		return b;
	(void)close_it(b);
	return NULL;
}

static bool send_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		const ssize_t sent = write(fd, bytes, len);
		if (sent <= 0)
			return complain("send", strerror(errno));
		bytes += sent;
		len -= (size_t)sent;
	}
	return true;
}

/* Reads at least until the end of the first line, which then ends with NUL; gives how many bytes
 * there are. */
static size_t receive_line(int fd, char buffer[BUFFER], char **after)
{
	size_t len = 0;
	for (;;) {
		const ssize_t got = read(fd, buffer + len, BUFFER - len);
		if (got <= 0)
			return 0;
		len += (size_t)got;
		char *end = memchr(buffer, '\n', len);
		if (end) {
			*end = '\0';
			*after = end + 1;
			return len;
		}
		if (len == BUFFER)
			return 0;
	}
}

/* Sends one request and holds its answer against what it should begin with. */
static bool ask(int fd, const char *bytes, size_t len, const char *expected)
{
	char buffer[BUFFER], *after;
	if (!send_all(fd, bytes, len) || receive_line(fd, buffer, &after) == 0)
		return false;
	return strncmp(buffer, expected, strlen(expected)) == 0 || complain(expected, buffer);
}

static bool enqueue(void *self, unsigned thread, uint64_t number, const void *payload, size_t len)
{
	char request[BUFFER];
	(void)number;
	const int head = snprintf(request, LINE, "put 1000 0 3600 %zu\r\n", len);
	memcpy(request + head, payload, len);
	request[(size_t)head + len] = '\r';
	request[(size_t)head + len + 1] = '\n';
	return ask(((struct beanstalk *)self)->sockets[thread], request, (size_t)head + len + 2,
	           "INSERTED");
}

static bool claim(void *self, unsigned thread, struct job *out)
{
	const int fd = ((struct beanstalk *)self)->sockets[thread];
	char buffer[BUFFER], *after;
	if (!send_all(fd, "reserve\r\n", 9))
		return false;
	size_t len = receive_line(fd, buffer, &after);
	if (len == 0 || strncmp(buffer, "RESERVED ", 9) != 0)
		return complain("reserve", len ? buffer : "no answer");
	char *end;
	out->id = strtoull(buffer + 9, &end, 10);
	out->len = strtoull(end, NULL, 10);
	if (out->len > ROW_VALUE_MAX)
		return complain("reserve", "too long");
	const size_t whole = (size_t)(after - buffer) + out->len + 2;
	while (len < whole) {
		const ssize_t got = read(fd, buffer + len, whole - len);
		if (got <= 0)
			return complain("reserve", "cut off");
		len += (size_t)got;
	}
	memcpy(out->payload, after, out->len);
	return true;
}

static bool complete(void *self, unsigned thread, const struct job *job)
{
	char request[LINE];
	const int len =
	    snprintf(request, sizeof request, "delete %llu\r\n", (unsigned long long)job->id);
	return ask(((struct beanstalk *)self)->sockets[thread], request, (size_t)len, "DELETED");
}

const struct queue queue_beanstalkd = {.name = "beanstalkd",
                                       .settings = "-f0 (a sync at each write), unix socket, a "
                                                   "connection for each worker",
                                       .open = open_it,
                                       .enqueue = enqueue,
                                       .claim = claim,
                                       .complete = complete,
                                       .close = close_it};
