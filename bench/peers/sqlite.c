/* SQLite in WAL mode with synchronous=FULL, which syncs the log at each commit: one connection that
 * all threads share behind a mutex, or one for each thread. */
#include "peers/peer.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUSY_MS = 60000 };

struct connection {
	sqlite3 *db;
	sqlite3_stmt *begin, *put, *commit, *get;
};

struct sqlite {
	pthread_mutex_t mutex; /* of the one connection */
	bool shared;
	unsigned count;
	struct connection connections[];
};

static bool complain(const struct connection *c, const char *what)
{
	fprintf(stderr, "sqlite, %s: %s\n", what, sqlite3_errmsg(c->db));
	return false;
}

static bool prepare(const struct connection *c, const char *sql, sqlite3_stmt **out)
{
	return sqlite3_prepare_v2(c->db, sql, -1, out, NULL) == SQLITE_OK || complain(c, sql);
}

static bool connect_one(struct connection *c, const struct peer_config *config)
{
	static const char create[] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
	                             "CREATE TABLE IF NOT EXISTS rows(k BLOB PRIMARY KEY, v BLOB)"
	                             " WITHOUT ROWID";
	char path[4096];
	(void)snprintf(path, sizeof path, "%s/rows.db", config->directory);
	if (sqlite3_open_v2(path, &c->db,
	                    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
	                    NULL) != SQLITE_OK)
		return complain(c, "open");
	(void)sqlite3_busy_timeout(c->db, BUSY_MS);
	if (sqlite3_exec(c->db, create, NULL, NULL, NULL) != SQLITE_OK)
		return complain(c, "create");
	return prepare(c, "BEGIN IMMEDIATE", &c->begin) && prepare(c, "COMMIT", &c->commit) &&
	       prepare(c, "INSERT OR REPLACE INTO rows VALUES(?, ?)", &c->put) &&
	       prepare(c, "SELECT v FROM rows WHERE k = ?", &c->get);
}

static bool close_it(void *self)
{
	struct sqlite *s = self;
	bool good = true;
	for (unsigned i = 0; i < s->count; i++) {
		struct connection *c = &s->connections[i];
		(void)sqlite3_finalize(c->begin);
		(void)sqlite3_finalize(c->put);
		(void)sqlite3_finalize(c->commit);
		(void)sqlite3_finalize(c->get);
		if (sqlite3_close(c->db) != SQLITE_OK)
			good = complain(c, "close");
	}
	(void)pthread_mutex_destroy(&s->mutex);
	free(s);
	return good;
}

static void *open_some(const struct peer_config *config, unsigned count)
{
	struct sqlite *s = calloc(1, sizeof *s + count * sizeof s->connections[0]);
	if (!s)
		return NULL;
	(void)pthread_mutex_init(&s->mutex, NULL);
	s->shared = count == 1;
	while (s->count < count)
		if (!connect_one(&s->connections[s->count++], config)) {
			(void)close_it(s);
			return NULL;
		}
	return s;
}

static void *open_one(const struct peer_config *config)
{
	return open_some(config, 1);
}

static void *open_many(const struct peer_config *config)
{
	return open_some(config, config->threads);
}

static struct connection *take(struct sqlite *s, unsigned thread)
{
	if (!s->shared)
		return &s->connections[thread];
	(void)pthread_mutex_lock(&s->mutex);
	return &s->connections[0];
}

static void give(struct sqlite *s)
{
	if (s->shared)
		(void)pthread_mutex_unlock(&s->mutex);
}

static bool step(const struct connection *c, sqlite3_stmt *statement)
{
	const int rc = sqlite3_step(statement);
	const bool good = rc == SQLITE_DONE || complain(c, sqlite3_sql(statement));
	(void)sqlite3_reset(statement);
	return good;
}

static bool put_row(const struct connection *c, const struct row *row)
{
	(void)sqlite3_bind_blob(c->put, 1, row->key, ROW_KEY, SQLITE_STATIC);
	(void)sqlite3_bind_blob(c->put, 2, row->value, (int)row->len, SQLITE_STATIC);
	return step(c, c->put);
}

/* One row is a transaction by itself. */
static bool put(void *self, unsigned thread, const struct row *rows, size_t count)
{
	struct sqlite *s = self;
	const struct connection *c = take(s, thread);
	bool good = count == 1 || step(c, c->begin);
	for (size_t i = 0; i < count && good; i++)
		good = put_row(c, &rows[i]);
	good = good && (count == 1 || step(c, c->commit));
	give(s);
	return good;
}

static bool get(void *self, unsigned thread, const struct row *row, void *out, size_t *len)
{
	struct sqlite *s = self;
	const struct connection *c = take(s, thread);
	(void)sqlite3_bind_blob(c->get, 1, row->key, ROW_KEY, SQLITE_STATIC);
	const bool found = sqlite3_step(c->get) == SQLITE_ROW;
	*len = found ? (size_t)sqlite3_column_bytes(c->get, 0) : 0;
	const bool good = found && *len <= ROW_VALUE_MAX;
	if (good)
		memcpy(out, sqlite3_column_blob(c->get, 0), *len);
	(void)sqlite3_reset(c->get);
	give(s);
	return good;
}

const struct peer peer_sqlite = {.name = "SQLite, mutex",
                                 .settings = "WAL, synchronous=FULL, WITHOUT ROWID, prepared "
                                             "statements, one connection behind a mutex",
                                 .open = open_one,
                                 .put = put,
                                 .get = get,
                                 .close = close_it};

const struct peer peer_sqlite_many = {.name = "SQLite, many",
                                      .settings = "the same with a connection for each thread",
                                      .open = open_many,
                                      .put = put,
                                      .get = get,
                                      .close = close_it};
