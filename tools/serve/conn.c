/* One connection: see parts.h. */
#include "serve/parts.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { KEPT_MAX = 4096, READ_MIN = 4096 };

struct conn *conn_new(struct serve *serve, int fd, bool known)
{
	if (!room_take(&serve->room, sizeof(struct conn)))
		return NULL;
	struct conn *conn = calloc(1, sizeof *conn);
	if (!conn) {
		room_give(&serve->room, sizeof *conn);
		return NULL;
	}
	conn->source = (struct source){SOURCE_CONN, fd};
	conn->serve = serve;
	conn->id = ++serve->last_id;
	conn->since = conn->moved = loop_seconds();
	conn->known = known;
	conn->reply = (struct reply){.room = &serve->room, .protocol = 2};
	request_init(&conn->request, &serve->room);
	conn->watched = EPOLLIN | EPOLLRDHUP;
	if (fd >= 0 && !loop_add(serve, &conn->source, conn->watched)) {
		room_give(&serve->room, sizeof *conn);
		free(conn);
		return NULL;
	}
	conn->next = serve->conns;
	if (conn->next)
		conn->next->before = conn;
	serve->conns = conn;
	serve->count++;
	serve->connections_made++;
	conn_touch(conn);
	return conn;
}

void conn_free(struct conn *conn)
{
	struct serve *serve = conn->serve;
	struct conn **busy = &serve->busy;
	while (conn->busy && *busy != conn)
		busy = &(*busy)->next_busy;
	if (conn->busy)
		*busy = conn->next_busy;
	wait_end(conn);
	if (conn->unread)
		grant_give_back(conn);
	grant_forget(conn);
	channels_free(conn);
	multi_free(conn);
	hf_feed_close(conn->feed);
	request_free(&conn->request);
	reply_free(&conn->reply);
	(void)room_resize(&serve->room, conn->answers, conn->answers_cap * sizeof *conn->answers, 0);
	if (conn->before)
		conn->before->next = conn->next;
	else
		serve->conns = conn->next;
	if (conn->next)
		conn->next->before = conn->before;
	serve->count--;
	if (conn->source.fd >= 0) {
		loop_remove(serve, &conn->source);
		(void)close(conn->source.fd);
	}
	room_give(&serve->room, sizeof *conn);
	free(conn);
}

void conn_touch(struct conn *conn)
{
	if (conn->busy)
		return;
	conn->busy = true;
	conn->next_busy = conn->serve->busy;
	conn->serve->busy = conn;
}

bool conn_hung_up(const struct conn *conn)
{
	struct pollfd one = {.fd = conn->source.fd, .events = POLLRDHUP};
	return conn->source.fd >= 0 && poll(&one, 1, 0) > 0 &&
	       (one.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

bool conn_is_free(const struct conn *conn)
{
	return !conn->dead && !conn->last && !conn->wait &&
	       conn->reply.len - conn->sent <= UNSENT_MAX && conn->answers_count < ANSWERS_MAX;
}

/* --- Reading ---------------------------------------------------------------------------------- */

/* Should it read? What it cannot run yet it reads only a little of. */
static bool wants_more(const struct conn *conn)
{
	return !conn->eof && !conn->dead && !conn->last &&
	       (conn_is_free(conn) || request_left(&conn->request) < AHEAD_MAX);
}

/* Not even for an answer, perhaps. */
static void no_room(struct conn *conn)
{
	const size_t begin = conn->reply.len;
	reply_refuse(&conn->reply, "HF_ENOMEM",
	             "there is no memory for this beside what other connections keep");
	conn->dead = conn->dead || conn->reply.failed;
	conn_answer(conn, begin, NULL);
	conn->last = true;
}

void conn_read(struct conn *conn)
{
	size_t space = 0;
	if (!wants_more(conn))
		return;
	void *at = request_space(&conn->request, READ_MIN, &space);
	if (!at) {
		no_room(conn);
		return;
	}
	const ssize_t got = recv(conn->source.fd, at, space, MSG_DONTWAIT);
	if (got > 0) {
		request_came(&conn->request, (size_t)got);
		conn->moved = loop_seconds();
		conn->again = true;
	} else if (got == 0) {
		conn->eof = true;
		conn->again = true;
	} else if (errno != EAGAIN && errno != EINTR) {
		conn->dead = conn->unread = true;
	}
}

/* --- Running ---------------------------------------------------------------------------------- */

static void run_one(struct conn *conn)
{
	const size_t begin = conn->reply.len;
	grant_forget(conn); /* it read what it was granted before */
	run_command(conn, conn->request.words, conn->request.count);
	arena_clear(&conn->serve->arena);
	conn->serve->commands_run++;
	if (conn->reply.failed) {
		reply_cut(&conn->reply, begin);
		no_room(conn);
	}
	request_done(&conn->request);
}

static void wrong(struct conn *conn, enum request_state state)
{
	const size_t begin = conn->reply.len;
	if (state == REQUEST_NO_ROOM) {
		no_room(conn);
	} else {
		reply_refuse(&conn->reply, "ERR", "%s", conn->request.wrong);
		conn_answer(conn, begin, NULL);
		conn->last = true;
	}
	conn->dead = conn->dead || state == REQUEST_HTTP;
}

void conn_run(struct conn *conn)
{
	static const struct request_limits usual = {WORDS_MAX, REQUEST_MAX, REQUEST_MAX};
	static const struct request_limits strange = {STRANGER_WORDS_MAX, STRANGER_REQUEST_MAX,
	                                              STRANGER_REQUEST_MAX};
	conn->again = false;
	for (unsigned turn = 0; conn_is_free(conn); turn++) {
		if (turn == TURN_MAX) {
			conn->again = true;
			return;
		}
		const enum request_state state =
		    request_read(&conn->request, conn->known ? &usual : &strange);
		if (state == REQUEST_MORE)
			break;
		if (state != REQUEST_READY) {
			wrong(conn, state);
			return;
		}
		run_one(conn);
	}
	if ((conn->eof || conn->hup) && conn->wait) { /* who waits and hangs up takes nothing */
		wait_end(conn);
		conn->last = true;
	}
	conn->last = conn->last || (conn->eof && conn_is_free(conn));
}

/* --- Answers ---------------------------------------------------------------------------------- */

void conn_answer(struct conn *conn, size_t begin, const struct hf_ticket *ticket)
{
	const size_t len = conn->reply.len - begin;
	if (conn->reply.failed)
		return;
	if (conn->answers_count == 0 && (!ticket || (ticket->changed == 0 && ticket->due == 0))) {
		conn->ready += len;
		return;
	}
	if (conn->answers_first + conn->answers_count == conn->answers_cap) {
		if (conn->answers_first > 0) {
			memmove(conn->answers, conn->answers + conn->answers_first,
			        conn->answers_count * sizeof *conn->answers);
			conn->answers_first = 0;
		} else {
			const size_t had = conn->answers_cap, cap = had ? 2 * had : 8;
			struct answer *answers = room_resize(&conn->serve->room, conn->answers,
			                                     had * sizeof *answers, cap * sizeof *answers);
			if (!answers) {
				conn->dead = true;
				return;
			}
			conn->answers = answers;
			conn->answers_cap = cap;
		}
	}
	conn->answers[conn->answers_first + conn->answers_count++] =
	    (struct answer){len, ticket ? *ticket : (struct hf_ticket){0, 0}};
}

/* The first answer that waits is another one: a sync failed. */
static void uncertain(struct conn *conn, struct answer *answer)
{
	static const char text[] =
	    "-HF_EUNCERTAIN the write or sync failed: it may turn up after reopening\r\n";
	struct reply *reply = &conn->reply;
	const size_t behind = conn->ready + answer->len, len = sizeof text - 1;
	if (len > answer->len)
		reply_add(reply, text, len - answer->len); /* what it is does not matter yet */
	if (reply->failed) {
		conn->dead = true;
		return;
	}
	const size_t rest = reply->len - (len > answer->len ? len - answer->len : 0) - behind;
	memmove(reply->data + conn->ready + len, reply->data + behind, rest);
	memcpy(reply->data + conn->ready, text, len);
	reply->len = conn->ready + len + rest;
	answer->len = len;
}

static void look(struct conn *conn)
{
	struct hf_error error;
	while (conn->answers_count > 0 && !conn->dead) {
		struct answer *answer = &conn->answers[conn->answers_first];
		const int rc = answer->ticket.changed == 0 && answer->ticket.due == 0
		                   ? HF_OK
		                   : hf_ticket_poll(conn->serve->store, &answer->ticket, &error);
		if (rc == HF_ETIMEDOUT)
			return;
		if (rc != HF_OK)
			uncertain(conn, answer);
		conn->ready += answer->len;
		conn->answers_first++;
		conn->answers_count--;
	}
	if (conn->answers_count == 0)
		conn->answers_first = 0;
}

static void send_ready(struct conn *conn)
{
	struct reply *reply = &conn->reply;
	while (conn->sent < conn->ready && !conn->dead && conn->source.fd >= 0) {
		const ssize_t n = send(conn->source.fd, reply->data + conn->sent, conn->ready - conn->sent,
		                       MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n > 0) {
			conn->sent += (size_t)n;
			conn->moved = loop_seconds();
		} else if (errno == EAGAIN) {
			break;
		} else if (errno != EINTR) {
			conn->dead = conn->unread = true;
		}
	}
	if (conn->sent > 0 && (conn->sent == reply->len || conn->sent > reply->len / 2)) {
		memmove(reply->data, reply->data + conn->sent, reply->len - conn->sent);
		reply->len -= conn->sent;
		conn->ready -= conn->sent;
		conn->sent = 0;
	}
	if (reply->len == 0 && reply->cap > KEPT_MAX)
		reply_free(reply);
}

void conn_settle(struct conn *conn)
{
	const bool was_free = conn_is_free(conn);
	look(conn);
	send_ready(conn);
	if (conn->channels_count > 0)
		channels_look(conn);
	conn->again = conn->again || (!was_free && conn_is_free(conn));
	conn->dead = conn->dead || (conn->last && conn->reply.len == 0);
	uint32_t events = wants_more(conn) ? EPOLLIN : 0;
	events |= conn->eof || conn->hup ? 0 : EPOLLRDHUP;
	events |= conn->ready > conn->sent ? EPOLLOUT : 0;
	if (events != conn->watched && !conn->dead && conn->source.fd >= 0) {
		conn->watched = events;
		loop_change(conn->serve, &conn->source, events);
	}
}
