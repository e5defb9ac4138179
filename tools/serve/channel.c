/* Subscriptions of a connection: see parts.h.
 *
 * A channel is a domain, or the beginning of a key in it: outbox, outbox:mail, outbox:mail:42; `*`
 * is everything. In a part %3A is a colon and %25 a percent sign. A message is JSON. What the ring
 * of a subscription had no room for, because its client read too slowly, is a message with `lost`.
 *
 * Messages are taken from the ring only while the connection has little unsent, so they cost a
 * client that does not read no more memory than its ring. */
#include "serve/parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "json/json_write.h"

enum { BATCH = 64, CHANNEL_MAX = 2048 };

struct channel {
	struct source source;
	struct conn *conn;
	struct channel *next;
	hf_subscription *subscription;
	size_t len;
	char name[CHANNEL_MAX];
};

/* --- Names ------------------------------------------------------------------------------------ */

/* Up to the next colon, with escapes undone, into `out`; *at moves behind it. */
static bool read_part(struct hf_bytes name, size_t *at, char *out, size_t *len)
{
	const char *text = name.data;
	for (*len = 0; *at < name.len && text[*at] != ':'; ++*at) {
		char letter = text[*at];
		if (letter == '%') {
			const bool percent = name.len - *at > 2 && memcmp(text + *at, "%25", 3) == 0;
			if (!percent && (name.len - *at < 3 || memcmp(text + *at, "%3A", 3) != 0))
				return false;
			letter = percent ? '%' : ':';
			*at += 2;
		}
		if (*len == HF_KEY_MAX)
			return false;
		out[(*len)++] = letter;
	}
	return true;
}

/* What a channel's name stands for; the parts lie in `parts`. */
static bool read_name(struct hf_bytes name, char domain[HF_KEY_MAX + 1], char parts[3][HF_KEY_MAX],
                      struct hf_subscribe_args *out)
{
	size_t at = 0, len = 0;
	*out = (struct hf_subscribe_args){.size = sizeof *out};
	if (name.len == 1 && *(const char *)name.data == '*')
		return true;
	if (name.len >= CHANNEL_MAX || !read_part(name, &at, domain, &len) || memchr(domain, '\0', len))
		return false;
	domain[len] = '\0';
	out->domain = domain;
	while (at < name.len) {
		if (out->parts == 3)
			return false;
		at++;
		if (!read_part(name, &at, parts[out->parts], &len))
			return false;
		out->key[out->parts] = hf_bytes_of(parts[out->parts], len);
		out->parts++;
	}
	return len > 0;
}

/* --- Messages --------------------------------------------------------------------------------- */

static void put_event(struct buffer *json, const struct hf_event *event)
{
	static const char *const names[] = {"key1", "key2", "key3"};
	buffer_text(json, "{");
	json_put_u64(json, "lsn", event->lsn);
	if (event->lost) {
		json_put_u64(json, "lost", event->lost);
		buffer_text(json, "}");
		return;
	}
	json_put_i64(json, "at", event->at);
	json_put_text(json, "domain", event->domain);
	json_put_text(json, "operation", event->operation);
	for (unsigned i = 0; i < event->parts && i < 3; i++)
		json_put_member(json, names[i], event->key[i]);
	json_put_bool(json, "removed", event->removed);
	json_put_bool(json, "many", event->many);
	json_put_bool(json, "transaction_end", event->transaction_end);
	if (event->reason.len)
		json_put_member(json, "reason", event->reason);
	buffer_text(json, "}");
}

static void send_event(struct channel *channel, const struct hf_event *event)
{
	struct conn *conn = channel->conn;
	const size_t begin = conn->reply.len;
	struct buffer json = {0};
	put_event(&json, event);
	reply_push(&conn->reply, 3);
	reply_text(&conn->reply, "message");
	reply_bulk(&conn->reply, hf_bytes_of(channel->name, channel->len));
	reply_bulk(&conn->reply, buffer_bytes(&json));
	conn->dead = conn->dead || json.failed || conn->reply.failed;
	buffer_free(&json);
	conn_answer(conn, begin, NULL);
}

static void let_go(struct channel *channel)
{
	struct conn *conn = channel->conn;
	struct channel **at = &conn->channels;
	while (*at != channel)
		at = &(*at)->next;
	*at = channel->next;
	conn->channels_count--;
	loop_remove(conn->serve, &channel->source);
	hf_unsubscribe(channel->subscription);
	(void)room_resize(&conn->serve->room, channel, sizeof *channel, 0);
}

/* The ring's descriptor stays readable while there is something: it is not looked at while the
 * connection cannot take it. */
static void watch(struct channel *channel, bool wanted)
{
	loop_change(channel->conn->serve, &channel->source, wanted ? EPOLLIN : 0);
}

static bool takes_messages(const struct conn *conn)
{
	return !conn->dead && conn->reply.len - conn->sent <= UNSENT_MAX &&
	       conn->answers_count < ANSWERS_MAX;
}

void channel_look(struct channel *channel)
{
	struct conn *conn = channel->conn;
	while (takes_messages(conn)) {
		struct hf_event_batch batch = {.size = sizeof batch};
		struct hf_error error;
		if (hf_subscription_next(channel->subscription, BATCH, 0, &batch, &error) != HF_OK) {
			conn->dead = true; /* the store failed: there will be no more */
			break;
		}
		const size_t count = batch.count;
		for (size_t i = 0; i < count; i++)
			send_event(channel, &batch.events[i]);
		hf_release(batch.memory);
		if (count == 0)
			break;
	}
	watch(channel, takes_messages(conn));
	conn_touch(conn);
}

void channels_look(struct conn *conn)
{
	for (struct channel *channel = conn->channels; channel; channel = channel->next)
		watch(channel, takes_messages(conn));
}

void channels_free(struct conn *conn)
{
	while (conn->channels)
		let_go(conn->channels);
}

/* --- Words ------------------------------------------------------------------------------------ */

static struct channel *find(const struct conn *conn, struct hf_bytes name)
{
	for (struct channel *channel = conn->channels; channel; channel = channel->next)
		if (channel->len == name.len && memcmp(channel->name, name.data, name.len) == 0)
			return channel;
	return NULL;
}

static void tell(struct conn *conn, const char *what, const struct hf_bytes *name)
{
	reply_push(&conn->reply, 3);
	reply_text(&conn->reply, what);
	if (name)
		reply_bulk(&conn->reply, *name);
	else
		reply_null(&conn->reply);
	reply_integer(&conn->reply, conn->channels_count);
}

static int open_channel(struct conn *conn, struct hf_bytes name, struct hf_error *error)
{
	char domain[HF_KEY_MAX + 1], parts[3][HF_KEY_MAX];
	struct hf_subscribe_args args;
	*error = (struct hf_error){.code = HF_EINVAL};
	(void)snprintf(error->text, sizeof error->text,
	               "a channel is *, a domain, or a domain and the "
	               "beginning of a key, with colons between");
	if (!read_name(name, domain, parts, &args))
		return HF_EINVAL;
	struct channel *channel = room_resize(&conn->serve->room, NULL, 0, sizeof *channel);
	if (!channel)
		return error->code = HF_ENOMEM;
	int rc = hf_subscribe(conn->serve->store, &args, &channel->subscription, error);
	if (rc != HF_OK) {
		(void)room_resize(&conn->serve->room, channel, sizeof *channel, 0);
		return rc;
	}
	channel->conn = conn;
	channel->len = name.len;
	memcpy(channel->name, name.data, name.len);
	channel->source =
	    (struct source){SOURCE_CHANNEL, hf_subscription_eventfd(channel->subscription)};
	channel->next = conn->channels;
	conn->channels = channel;
	conn->channels_count++;
	if (loop_add(conn->serve, &channel->source, EPOLLIN))
		return HF_OK;
	let_go(channel);
	(void)snprintf(error->text, sizeof error->text, "no descriptor is left for a channel");
	return error->code = HF_ENOSPACE;
}

static void subscribe(struct conn *conn, const struct hf_bytes *words, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct hf_error error = {.code = HF_ETOOBIG,
		                         .text = "a connection has at most 16 subscriptions"};
		int rc = HF_OK;
		if (!find(conn, words[i]))
			rc = conn->channels_count < CHANNELS_MAX ? open_channel(conn, words[i], &error)
			                                         : HF_ETOOBIG;
		if (rc == HF_OK)
			tell(conn, "subscribe", &words[i]);
		else
			run_refuse(conn, &error);
	}
}

static void unsubscribe(struct conn *conn, const struct hf_bytes *words, size_t count)
{
	if (count == 1 && !conn->channels)
		tell(conn, "unsubscribe", NULL);
	while (count == 1 && conn->channels) {
		char name[CHANNEL_MAX];
		const struct hf_bytes bytes = hf_bytes_of(name, conn->channels->len);
		memcpy(name, conn->channels->name, bytes.len);
		let_go(conn->channels);
		tell(conn, "unsubscribe", &bytes);
	}
	for (size_t i = 1; i < count; i++) {
		struct channel *channel = find(conn, words[i]);
		if (channel)
			let_go(channel);
		tell(conn, "unsubscribe", &words[i]);
	}
}

bool channel_run(struct conn *conn, const struct hf_bytes *words, size_t count)
{
	const size_t begin = conn->reply.len;
	const bool off = session_is(words[0], "UNSUBSCRIBE");
	if (multi_is_open(conn))
		return false;
	if (session_is(words[0], "SUBSCRIBE") && count > 1) {
		subscribe(conn, words, count);
	} else if (off) {
		unsubscribe(conn, words, count);
	} else if (session_is(words[0], "PSUBSCRIBE") || session_is(words[0], "PUNSUBSCRIBE")) {
		reply_refuse(&conn->reply, "ERR", "there are no patterns: the beginning of a key is one");
	} else if (conn->channels_count > 0 && conn->reply.protocol == 2 &&
	           !session_is(words[0], "PING") && !session_is(words[0], "QUIT") &&
	           !session_is(words[0], "RESET")) {
		reply_refuse(&conn->reply, "ERR",
		             "only (UN)SUBSCRIBE / PING / QUIT / RESET are allowed in this context");
	} else {
		return false;
	}
	conn_answer(conn, begin, NULL);
	return true;
}
