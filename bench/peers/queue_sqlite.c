/* A table of SQLite as a queue, WAL and synchronous=FULL, an index on what is free: the statements
 * that such queues are made of. Each is a transaction by itself. One connection behind a mutex, or
 * one for each worker. */
#include "peers/queue.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUSY_MS = 60000 };

struct connection {
	sqlite3 *db;
	sqlite3_stmt *enqueue, *claim, *complete;
};

struct table {
	pthread_mutex_t mutex; /* of the one connection */
	bool shared;
	unsigned count;
	struct connection connections[];
};

static const char create[] =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
    "CREATE TABLE IF NOT EXISTS jobs(id INTEGER PRIMARY KEY, number INTEGER UNIQUE,"
    " state INTEGER NOT NULL DEFAULT 0, owner TEXT, payload BLOB);"
    "CREATE INDEX IF NOT EXISTS free ON jobs(id) WHERE state = 0";
static const char enqueue_sql[] = "INSERT INTO jobs(number, payload) VALUES(?, ?)";
static const char claim_sql[] = "UPDATE jobs SET state = 1, owner = 'worker' WHERE id ="
                                " (SELECT id FROM jobs WHERE state = 0 ORDER BY id LIMIT 1)"
                                " RETURNING id, payload";
static const char complete_sql[] = "DELETE FROM jobs WHERE id = ? AND state = 1";

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
	char path[4096];
	(void)snprintf(path, sizeof path, "%s/jobs.db", config->directory);
	if (sqlite3_open_v2(path, &c->db,
	                    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
	                    NULL) != SQLITE_OK)
		return complain(c, "open");
	(void)sqlite3_busy_timeout(c->db, BUSY_MS);
	if (sqlite3_exec(c->db, create, NULL, NULL, NULL) != SQLITE_OK)
		return complain(c, "create");
	/* what a crash or a close left claimed is free again */
	if (sqlite3_exec(c->db, "UPDATE jobs SET state = 0 WHERE state = 1", NULL, NULL, NULL) !=
	    SQLITE_OK)
		return complain(c, "recover");
	return prepare(c, enqueue_sql, &c->enqueue) && prepare(c, claim_sql, &c->claim) &&
	       prepare(c, complete_sql, &c->complete);
}

static bool close_it(void *self)
{
	struct table *t = self;
	bool good = true;
	for (unsigned i = 0; i < t->count; i++) {
		struct connection *c = &t->connections[i];
		(void)sqlite3_finalize(c->enqueue);
		(void)sqlite3_finalize(c->claim);
		(void)sqlite3_finalize(c->complete);
		if (sqlite3_close(c->db) != SQLITE_OK)
			good = complain(c, "close");
	}
	(void)pthread_mutex_destroy(&t->mutex);
	free(t);
	return good;
}

static void *open_some(const struct peer_config *config, unsigned count)
{
	struct table *t = calloc(1, sizeof *t + count * sizeof t->connections[0]);
	if (!t)
		return NULL;
	(void)pthread_mutex_init(&t->mutex, NULL);
	t->shared = count == 1;
	while (t->count < count)
		if (!connect_one(&t->connections[t->count++], config)) {
			(void)close_it(t);
			return NULL;
		}
	return t;
}

static void *open_one(const struct peer_config *config)
{
	return open_some(config, 1);
}

static void *open_many(const struct peer_config *config)
{
	return open_some(config, config->threads);
}

static const struct connection *take(struct table *t, unsigned thread)
{
	if (!t->shared)
		return &t->connections[thread];
	(void)pthread_mutex_lock(&t->mutex);
	return &t->connections[0];
}

static void give(struct table *t)
{
	if (t->shared)
		(void)pthread_mutex_unlock(&t->mutex);
}

static bool step(const struct connection *c, sqlite3_stmt *statement)
{
	const int rc = sqlite3_step(statement);
	const bool good = rc == SQLITE_DONE || complain(c, sqlite3_sql(statement));
	(void)sqlite3_reset(statement);
	return good;
}

static bool enqueue(void *self, unsigned thread, uint64_t number, const void *payload, size_t len)
{
	struct table *t = self;
	const struct connection *c = take(t, thread);
	(void)sqlite3_bind_int64(c->enqueue, 1, (sqlite3_int64)number);
	(void)sqlite3_bind_blob(c->enqueue, 2, payload, (int)len, SQLITE_STATIC);
	const bool good = step(c, c->enqueue);
	give(t);
	return good;
}

static bool claim(void *self, unsigned thread, struct job *out)
{
	struct table *t = self;
	const struct connection *c = take(t, thread);
	bool good = sqlite3_step(c->claim) == SQLITE_ROW;
	if (good) {
		out->id = (uint64_t)sqlite3_column_int64(c->claim, 0);
		out->len = (size_t)sqlite3_column_bytes(c->claim, 1);
		good = out->len <= ROW_VALUE_MAX;
		if (good)
			memcpy(out->payload, sqlite3_column_blob(c->claim, 1), out->len);
		good = sqlite3_step(c->claim) == SQLITE_DONE && good;
	}
	good = good || complain(c, "claim");
	(void)sqlite3_reset(c->claim);
	give(t);
	return good;
}

static bool complete(void *self, unsigned thread, const struct job *job)
{
	struct table *t = self;
	const struct connection *c = take(t, thread);
	(void)sqlite3_bind_int64(c->complete, 1, (sqlite3_int64)job->id);
	const bool good = step(c, c->complete) && sqlite3_changes(c->db) == 1;
	give(t);
	return good;
}

const struct queue queue_sqlite = {.name = "SQLite, mutex",
                                   .settings =
                                       "a table; WAL, synchronous=FULL, an index on what is "
                                       "free, one connection behind a mutex",
                                   .open = open_one,
                                   .enqueue = enqueue,
                                   .claim = claim,
                                   .complete = complete,
                                   .close = close_it};

const struct queue queue_sqlite_many = {.name = "SQLite, many",
                                        .settings = "the same with a connection for each worker",
                                        .open = open_many,
                                        .enqueue = enqueue,
                                        .claim = claim,
                                        .complete = complete,
                                        .close = close_it};
