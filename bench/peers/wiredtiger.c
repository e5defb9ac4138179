/* WiredTiger with a log that each commit syncs (method=fsync); a session and a cursor for each
 * thread. */
#include "peers/peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wiredtiger.h>

struct tiger {
	WT_CONNECTION *connection;
	unsigned threads;
	struct place {
		WT_SESSION *session;
		WT_CURSOR *cursor;
	} places[];
};

static bool complain(const char *what, int rc)
{
	fprintf(stderr, "wiredtiger, %s: %s\n", what, wiredtiger_strerror(rc));
	return false;
}

static bool close_it(void *self)
{
	struct tiger *t = self;
	const int rc = t->connection ? t->connection->close(t->connection, NULL) : 0;
	free(t);
	return rc == 0 || complain("close", rc);
}

static int open_place(struct tiger *t, struct place *place)
{
	int rc = t->connection->open_session(t->connection, NULL, NULL, &place->session);
	if (rc == 0)
		rc = place->session->create(place->session, "table:rows", "key_format=u,value_format=u");
	if (rc == 0)
		rc = place->session->open_cursor(place->session, "table:rows", NULL, "overwrite=true",
		                                 &place->cursor);
	return rc;
}

static void *open_it(const struct peer_config *config)
{
	struct tiger *t = calloc(1, sizeof *t + config->threads * sizeof t->places[0]);
	if (!t)
		return NULL;
	t->threads = config->threads;
	int rc = wiredtiger_open(config->directory, NULL,
	                         "create,cache_size=2G,session_max=200,log=(enabled=true),"
	                         "transaction_sync=(enabled=true,method=fsync)",
	                         &t->connection);
	for (unsigned i = 0; i < t->threads && rc == 0; i++)
		rc = open_place(t, &t->places[i]);
	if (rc == 0)
		return t;
	(void)complain("open", rc);
	(void)close_it(t);
	return NULL;
}

static int put_row(WT_CURSOR *cursor, const struct row *row)
{
	const WT_ITEM key = {.data = row->key, .size = ROW_KEY},
	              value = {.data = row->value, .size = row->len};
	cursor->set_key(cursor, &key);
	cursor->set_value(cursor, &value);
	return cursor->insert(cursor);
}

/* One row commits by itself. A conflict with another writer would have to be tried again; there is
 * none: every row is put once. */
static bool put(void *self, unsigned thread, const struct row *rows, size_t count)
{
	const struct place *place = &((struct tiger *)self)->places[thread];
	WT_SESSION *session = place->session;
	int rc = count == 1 ? 0 : session->begin_transaction(session, NULL);
	for (size_t i = 0; i < count && rc == 0; i++)
		rc = put_row(place->cursor, &rows[i]);
	if (rc == 0 && count > 1)
		rc = session->commit_transaction(session, NULL);
	return rc == 0 || complain("put", rc);
}

static bool get(void *self, unsigned thread, const struct row *row, void *out, size_t *len)
{
	WT_CURSOR *cursor = ((struct tiger *)self)->places[thread].cursor;
	const WT_ITEM key = {.data = row->key, .size = ROW_KEY};
	WT_ITEM value = {.size = 0};
	cursor->set_key(cursor, &key);
	int rc = cursor->search(cursor);
	if (rc == 0)
		rc = cursor->get_value(cursor, &value);
	*len = value.size;
	if (rc == 0 && *len <= ROW_VALUE_MAX)
		memcpy(out, value.data, *len);
	(void)cursor->reset(cursor);
	return (rc == 0 && *len <= ROW_VALUE_MAX) || complain("get", rc);
}

const struct peer peer_wiredtiger = {.name = "WiredTiger",
                                     .settings = "log, transaction_sync by fsync, 2 GiB of cache, "
                                                 "a session for each thread",
                                     .open = open_it,
                                     .put = put,
                                     .get = get,
                                     .close = close_it};
