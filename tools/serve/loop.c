/* The loop: see parts.h. Each turn reads what came, runs a bounded number of commands of each
 * connection, then looks once which answers may be sent. So the commits of one turn, of however
 * many connections, share a group. */
#include "serve/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS_MAX = 256, TICK_MS = 1000, NO_LIMIT = 1 << 20 };

int64_t loop_seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static int fail(struct hf_error *error, int code, const char *what, int why)
{
	*error = (struct hf_error){.code = code, .os_errno = why};
	(void)snprintf(error->text, sizeof error->text, "%s%s%s", what, why ? ": " : "",
	               why ? strerror(why) : "");
	return code;
}

/* --- What the loop is told of ----------------------------------------------------------------- */

static bool control(struct serve *serve, int how, struct source *source, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = source};
	return epoll_ctl(serve->epoll, how, source->fd, &event) == 0;
}

bool loop_add(struct serve *serve, struct source *source, uint32_t events)
{
	return control(serve, EPOLL_CTL_ADD, source, events);
}

void loop_change(struct serve *serve, struct source *source, uint32_t events)
{
	(void)control(serve, EPOLL_CTL_MOD, source, events); /* it is there */
}

void loop_remove(struct serve *serve, struct source *source)
{
	(void)control(serve, EPOLL_CTL_DEL, source, 0);
}

/* Half of what may be open: the store needs the rest. */
static unsigned connections_most(unsigned asked)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > NO_LIMIT)
		limit.rlim_cur = NO_LIMIT;
	const unsigned most = (unsigned)limit.rlim_cur / 2;
	return asked && asked < most ? asked : most;
}

struct serve *serve_new(hf_store *store, const struct serve_options *options,
                        struct hf_error *error)
{
	struct serve *serve = calloc(1, sizeof *serve);
	int events = -1;
	if (!serve) {
		(void)fail(error, HF_ENOMEM, "there is no memory to serve with", 0);
		return NULL;
	}
	serve->store = store;
	serve->options = *options;
	serve->room.most = options->room ? options->room : ROOM_DEFAULT;
	serve->arena.room = &serve->room;
	serve->most = connections_most(options->connections);
	serve->commands = commands_new();
	serve->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	serve->epoll = epoll_create1(EPOLL_CLOEXEC);
	serve->end.fd = -1;
	int rc =
	    serve->commands ? HF_OK : fail(error, HF_ENOMEM, "there is no memory to serve with", 0);
	if (rc == HF_OK && (serve->epoll < 0 || serve->spare < 0))
		rc = fail(error, HF_ENOSPACE, "no descriptor is left to serve with", errno);
	if (rc == HF_OK)
		rc = hf_eventfd(store, &events, error);
	serve->events = (struct source){SOURCE_EVENTS, events};
	if (rc == HF_OK && !loop_add(serve, &serve->events, EPOLLIN))
		rc = fail(error, HF_ENOSPACE, "the store's events cannot be awaited", errno);
	if (rc == HF_OK)
		return serve;
	serve_free(serve);
	return NULL;
}

void serve_free(struct serve *serve)
{
	if (!serve)
		return;
	while (serve->conns)
		conn_free(serve->conns);
	for (unsigned i = 0; i < serve->listeners; i++)
		(void)close(serve->listener[i].source.fd);
	arena_clear(&serve->arena);
	commands_free(serve->commands);
	if (serve->epoll >= 0)
		(void)close(serve->epoll);
	if (serve->spare >= 0)
		(void)close(serve->spare);
	free(serve);
}

int serve_listen(struct serve *serve, int fd, bool local, struct hf_error *error)
{
	struct listener *listener = &serve->listener[serve->listeners];
	if (serve->listeners == sizeof serve->listener / sizeof *serve->listener)
		return fail(error, HF_EINVAL, "it listens at enough places", 0);
	*listener = (struct listener){{SOURCE_LISTENER, fd}, local};
	if (!loop_add(serve, &listener->source, EPOLLIN))
		return fail(error, HF_ENOSPACE, "the socket cannot be awaited", errno);
	serve->listeners++;
	return HF_OK;
}

int serve_until(struct serve *serve, int fd, struct hf_error *error)
{
	serve->end = (struct source){SOURCE_END, fd};
	return loop_add(serve, &serve->end, EPOLLIN) ? HF_OK
	                                             : fail(error, HF_ENOSPACE, "an end", errno);
}

bool serve_adopt(struct serve *serve, int fd)
{
	return conn_new(serve, fd, !serve->options.password) != NULL;
}

/* --- Who comes -------------------------------------------------------------------------------- */

static void turn_away(struct serve *serve, int fd, const char *line)
{
	serve->connections_refused++;
	(void)send(fd, line, strlen(line), MSG_DONTWAIT | MSG_NOSIGNAL); /* if it reads at all */
	(void)close(fd);
}

static void welcome(struct serve *serve, const struct listener *listener, int fd)
{
	if (listener->local && !listen_peer_may(serve, fd))
		turn_away(serve, fd, "-HF_EACCESS this user may not use this store\r\n");
	else if (serve->count >= serve->most)
		turn_away(serve, fd, "-HF_ENOSPACE there are as many connections as descriptors allow\r\n");
	else if (!conn_new(serve, fd, !serve->options.password))
		turn_away(serve, fd, "-HF_ENOMEM there is no memory for another connection\r\n");
}

/* With no descriptor left one is given up, so that who comes is told so. */
static void accept_without_room(struct serve *serve, int listener)
{
	if (serve->spare < 0)
		return;
	(void)close(serve->spare);
	const int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0)
		turn_away(serve, fd, "-HF_ENOSPACE no descriptor is left\r\n");
	serve->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void accept_all(struct serve *serve, const struct listener *listener)
{
	for (int i = 0; i < EVENTS_MAX; i++) {
		const int fd = accept4(listener->source.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0)
			welcome(serve, listener, fd);
		else if (errno == EMFILE || errno == ENFILE)
			accept_without_room(serve, listener->source.fd);
		else if (errno != EINTR && errno != ECONNABORTED)
			return;
	}
}

/* --- A turn ----------------------------------------------------------------------------------- */

static void conn_event(struct conn *conn, uint32_t events)
{
	conn_touch(conn);
	if (events & EPOLLIN)
		conn_read(conn);
	if (events & EPOLLRDHUP) {
		conn->hup = true;
		conn->again = true;
	}
	if (events & (EPOLLHUP | EPOLLERR) && !(events & EPOLLIN)) {
		int why = 0;
		socklen_t len = sizeof why;
		conn->dead = true;
		conn->unread = getsockopt(conn->source.fd, SOL_SOCKET, SO_ERROR, &why, &len) == 0 && why;
	}
}

static void take_event(struct serve *serve, const struct epoll_event *event)
{
	const struct source *source = event->data.ptr;
	uint64_t count;
	switch (source->kind) {
	case SOURCE_LISTENER:
		accept_all(serve, event->data.ptr);
		break;
	case SOURCE_EVENTS:
		serve->look = read(source->fd, &count, sizeof count) > 0 || serve->look;
		break;
	case SOURCE_END:
		serve->ended = true;
		break;
	case SOURCE_CONN:
		conn_event(event->data.ptr, event->events);
		break;
	case SOURCE_CHANNEL:
		channel_look(event->data.ptr);
		break;
	}
}

/* Without threads of the store. */
static void by_hand(struct serve *serve)
{
	struct hf_error error; /* what fails is what tickets and waits then say */
	if (hf_flush(serve->store, &error) == HF_OK)
		serve->look = true;
}

static size_t bytes_of(const struct conn *conn)
{
	return conn->request.cap + conn->reply.cap;
}

/* Where most of the room is taken, who has most of it and moves nothing is closed, so that others
 * always find some: clients that do not read cost only themselves. */
static void make_room(struct serve *serve)
{
	const int64_t now = loop_seconds();
	size_t left = serve->room.used, most = 0;
	while (left > serve->room.most / 4 * 3) {
		struct conn *worst = NULL;
		for (struct conn *conn = serve->conns; conn; conn = conn->next)
			if (!conn->dead && now - conn->moved >= STILL_SECONDS && bytes_of(conn) > most) {
				worst = conn;
				most = bytes_of(conn);
			}
		if (!worst)
			return;
		worst->dead = true;
		conn_touch(worst);
		left -= most;
		most = 0;
	}
}

/* Who does not say its password is shown out. */
static void sweep(struct serve *serve)
{
	const int64_t now = loop_seconds();
	if (now == serve->swept)
		return;
	serve->swept = now;
	make_room(serve);
	for (struct conn *conn = serve->conns; conn; conn = conn->next) {
		if (!conn->known && now - conn->since > STRANGER_SECONDS) {
			conn->dead = true;
			conn_touch(conn);
		}
	}
}

static bool stays_busy(const struct conn *conn)
{
	return conn->again || conn->answers_count > 0 || conn->wait;
}

/* Those that are busy: each runs, then each is looked at. true: some have more to run. */
static bool run_all(struct serve *serve)
{
	bool again = false;
	sweep(serve);
	for (struct conn *conn = serve->busy; conn; conn = conn->next_busy)
		if (conn->again && !conn->dead)
			conn_run(conn);
	if (serve->options.by_hand)
		by_hand(serve);
	wait_look(serve);
	struct conn *left = serve->busy;
	serve->busy = NULL;
	while (left) {
		struct conn *conn = left;
		left = conn->next_busy;
		conn->busy = false;
		conn_settle(conn);
		if (conn->dead) {
			conn_free(conn);
			continue;
		}
		if (stays_busy(conn))
			conn_touch(conn);
		again = again || conn->again;
	}
	return again;
}

static bool owes_answers(const struct serve *serve)
{
	for (const struct conn *conn = serve->busy; conn; conn = conn->next_busy)
		if (conn->answers_count > 0)
			return true;
	return false;
}

/* What was decided is answered before the store is closed, and what was answered is sent, as far as
 * that goes without waiting for a client. */
static void finish(struct serve *serve)
{
	struct hf_error error; /* a failure is what the tickets say */
	for (struct conn *conn = serve->conns; conn; conn = conn->next)
		wait_end(conn);
	if (owes_answers(serve) && hf_flush(serve->store, &error) != HF_OK)
		serve->look = true;
	for (struct conn *conn = serve->conns; conn; conn = conn->next)
		conn_settle(conn);
}

int serve_run(struct serve *serve, int wait_ms, struct hf_error *error)
{
	struct epoll_event events[EVENTS_MAX];
	bool again = false;
	while (!serve->ended) {
		const int left = wait_ms >= 0 && wait_ms < TICK_MS ? wait_ms : TICK_MS;
		const int count = epoll_wait(serve->epoll, events, EVENTS_MAX, again ? 0 : left);
		if (count < 0 && errno != EINTR)
			return fail(error, HF_EIO, "connections cannot be awaited", errno);
		for (int i = 0; i < count; i++)
			take_event(serve, &events[i]);
		again = run_all(serve);
		if (wait_ms >= 0 && count == 0 && !again)
			return HF_OK;
	}
	finish(serve);
	return HF_OK;
}
