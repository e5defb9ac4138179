/* What a wait was granted and its client may not have read: see parts.h. The kernel says when a
 * peer closes with bytes unread (ECONNRESET), or takes no more (EPIPE). If nothing was heard of it
 * since its grant was sent, it has not read that: the grant goes back, uncounted, instead of
 * standing until its lease is over. */
#include "serve/parts.h"

struct grant {
	size_t bytes; /* of room */
	bool lock; /* of the name in item[0].id; else items of queues */
	size_t count;
	struct granted {
		struct hf_bytes queue, id;
		hf_token token;
	} item[];
};

static struct grant *grant_new(struct conn *conn, size_t count, size_t keys)
{
	const size_t bytes = sizeof(struct grant) + count * sizeof(struct granted) + keys;
	struct grant *grant = room_resize(&conn->serve->room, NULL, 0, bytes);
	grant_forget(conn);
	if (grant) /* else its lease ends it */
		*grant = (struct grant){.bytes = bytes, .count = count};
	conn->grant = grant;
	return grant;
}

static struct hf_bytes keep(char **at, struct hf_bytes bytes)
{
	const struct hf_bytes kept = {*at, bytes.len};
	memcpy(*at, bytes.len ? bytes.data : "", bytes.len);
	*at += bytes.len;
	return kept;
}

void grant_items(struct conn *conn, const struct hf_outbox_items *items)
{
	size_t keys = 0;
	for (size_t i = 0; i < items->count; i++)
		keys += items->items[i].queue.len + items->items[i].id.len;
	struct grant *grant = items->count ? grant_new(conn, items->count, keys) : NULL;
	char *at = grant ? (char *)&grant->item[items->count] : NULL;
	for (size_t i = 0; grant && i < items->count; i++) {
		const struct hf_outbox_item *item = &items->items[i];
		grant->item[i].token = item->token;
		grant->item[i].queue = keep(&at, item->queue);
		grant->item[i].id = keep(&at, item->id);
	}
}

void grant_lock(struct conn *conn, struct hf_bytes name)
{
	struct grant *grant = grant_new(conn, 1, name.len);
	char *at = grant ? (char *)&grant->item[1] : NULL;
	if (grant) {
		grant->lock = true;
		grant->item[0] = (struct granted){.id = keep(&at, name)};
	}
}

void grant_token(struct conn *conn, hf_token token)
{
	if (conn->grant)
		conn->grant->item[0].token = token;
}

void grant_forget(struct conn *conn)
{
	if (conn->grant)
		(void)room_resize(&conn->serve->room, conn->grant, conn->grant->bytes, 0);
	conn->grant = NULL;
}

void grant_give_back(struct conn *conn)
{
	const struct grant *grant = conn->grant;
	struct hf_error error; /* what is held by another token by now is left alone */
	for (size_t i = 0; grant && i < grant->count; i++) {
		const struct granted *one = &grant->item[i];
		struct hf_ticket ticket;
		const struct hf_lock_release_args lock = {
		    .write.ticket = &ticket, .name = one->id, .token = one->token};
		const struct hf_outbox_release_args item = {
		    .write.ticket = &ticket, .queue = one->queue, .id = one->id, .token = one->token};
		const int rc = grant->lock
		                   ? hf_lock_release(conn->serve->store, NULL, &lock, NULL, &error)
		                   : hf_outbox_release(conn->serve->store, NULL, &item, NULL, &error);
		if (rc == HF_EFAILED || rc == HF_EUNCERTAIN)
			break; /* a store that failed keeps it as after a crash */
	}
	grant_forget(conn);
}
