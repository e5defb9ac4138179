/* Commands that wait: see parts.h. A grant is taken only when its connection is there to be told,
 * and has read what it was told before; else it goes back by itself, uncounted. */
#include "serve/parts.h"

#include <stdio.h>
#include <stdlib.h>

#include "print/text.h"

enum { ENDED_MAX = 64 };

/* --- Beginning -------------------------------------------------------------------------------- */

void wait_start(struct conn *conn, const struct command *command, const struct decoded *decoded)
{
	typedef int (*starts)(hf_store *, const void *, hf_wait **, struct hf_error *);
	const size_t begin = conn->reply.len;
	struct hf_error error = {0};
	if (decoded->returning) {
		reply_refuse(&conn->reply, "HF_EINVAL", "RETURNING and WAIT exclude each other");
	} else if (((starts)command->start->function)(conn->serve->store, &decoded->args, &conn->wait,
	                                              &error) != HF_OK) {
		conn->wait = NULL;
		run_refuse(conn, &error);
	} else {
		conn->waits_for = command;
		if (!command->call->fills)
			grant_lock(conn, row_bytes(&command->key, &decoded->args));
		return;
	}
	conn_answer(conn, begin, NULL);
}

static bool feed_arguments(const struct hf_bytes *words, size_t count, uint64_t *from,
                           uint64_t *limit, int64_t *wait_us)
{
	*limit = 0;
	*wait_us = 0;
	if (count < 2 || count % 2 != 0 || !text_parse_u64(words[1].data, words[1].len, from))
		return false;
	for (size_t i = 2; i < count; i += 2) {
		const struct hf_bytes value = words[i + 1];
		if (session_is(words[i], "LIMIT")) {
			if (!text_parse_u64(value.data, value.len, limit) || *limit > SIZE_MAX / 2)
				return false;
		} else if (!session_is(words[i], "WAIT") || !command_span(value, true, wait_us)) {
			return false;
		}
	}
	return true;
}

/* The feed of this connection, where it is to begin. */
static int feed_at(struct conn *conn, hf_lsn from, struct hf_error *error)
{
	if (conn->feed && conn->feed_next == from && from != 0)
		return HF_OK;
	hf_feed_close(conn->feed);
	conn->feed = NULL;
	conn->feed_next = 0;
	return hf_feed_open(conn->serve->store, from, &conn->feed, error);
}

void wait_feed(struct conn *conn, const struct hf_bytes *words, size_t count)
{
	const size_t begin = conn->reply.len;
	struct hf_error error = {.code = HF_EINVAL,
	                         .text = "FEED.READ lsn [LIMIT number] [WAIT duration]"};
	uint64_t from, limit;
	int64_t wait_us;
	int rc = feed_arguments(words, count, &from, &limit, &wait_us) ? HF_OK : HF_EINVAL;
	if (rc == HF_OK)
		rc = feed_at(conn, from, &error);
	if (rc == HF_OK)
		rc = hf_feed_next_start(conn->feed, (size_t)limit, wait_us, &conn->wait, &error);
	conn->waits_for = NULL;
	if (rc != HF_OK) {
		conn->wait = NULL;
		run_refuse(conn, &error);
		conn_answer(conn, begin, NULL);
	}
}

/* --- Ending ----------------------------------------------------------------------------------- */

static void take_feed(struct conn *conn)
{
	struct hf_event_batch batch = {.size = sizeof batch};
	struct hf_error error = {0};
	if (hf_feed_next_take(conn->wait, &batch, &error) != HF_OK) {
		hf_feed_close(conn->feed);
		conn->feed = NULL;
		run_refuse(conn, &error);
		return;
	}
	conn->feed_next = batch.next;
	reply_map(&conn->reply, 2);
	reply_text(&conn->reply, "events");
	reply_array(&conn->reply, batch.count);
	for (size_t i = 0; i < batch.count; i++)
		reply_event(&conn->reply, &batch.events[i]);
	reply_text(&conn->reply, "next");
	reply_u64(&conn->reply, batch.next);
	hf_release(batch.memory);
}

static void take_grant(struct conn *conn)
{
	const struct command *command = conn->waits_for;
	const struct hf_api_struct *fills = command->call->fills;
	struct hf_result result = {.size = sizeof result};
	struct hf_outbox_items items = {.size = sizeof items};
	struct hf_error error = {0};
	int rc;
	if (fills) /* a claim: the one call that fills something */
		rc = hf_outbox_claim_next_take(conn->wait, &items, &result, &error);
	else
		rc = hf_lock_acquire_take(conn->wait, &result, &error);
	if (rc == HF_OK)
		reply_result(&conn->reply, command, &result, &items, NULL, false);
	else
		run_refuse(conn, &error);
	if (fills)
		grant_items(conn, &items);
	else if (rc == HF_OK)
		grant_token(conn, result.token);
	else
		grant_forget(conn);
	hf_release(items.memory);
}

static void take(struct conn *conn)
{
	const size_t begin = conn->reply.len;
	if (conn_hung_up(conn)) { /* what it was granted goes back */
		wait_end(conn);
		conn->last = true;
		return;
	}
	if (conn->waits_for)
		take_grant(conn);
	else
		take_feed(conn);
	hf_wait_free(conn->wait);
	conn->wait = NULL;
	conn_answer(conn, begin, NULL);
	conn->again = true;
}

void wait_look(struct serve *serve)
{
	hf_wait *ended[ENDED_MAX];
	struct hf_error error;
	size_t count = ENDED_MAX;
	/* They are found below: this only keeps the store from telling of them again. */
	while (serve->look && count == ENDED_MAX)
		if (hf_waits_ended(serve->store, ended, ENDED_MAX, &count, &error) != HF_OK)
			count = 0;
	serve->look = false;
	for (struct conn *conn = serve->busy; conn; conn = conn->next_busy)
		if (conn->wait && conn->reply.len == conn->sent && !conn->dead &&
		    hf_wait_poll(conn->wait, &error) == HF_OK)
			take(conn);
}

void wait_end(struct conn *conn)
{
	hf_wait_free(conn->wait);
	conn->wait = NULL;
}
