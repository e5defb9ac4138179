/* A table of SQLite as a queue, WAL and synchronous=FULL, an index on what is free: the statements
 * that such queues are made of. Each is a transaction by itself. One connection behind a mutex, or
 * one for each worker. */
#include "peers/queue.h"
#include "peers/sqlite_table.h"

#include <string.h>

enum { ENQUEUE, CLAIM, COMPLETE, STATEMENTS };

/* What a crash or a close left claimed is free again. */
static const struct sqlite_schema schema = {
    .file = "jobs.db",
    .create = "CREATE TABLE IF NOT EXISTS jobs(id INTEGER PRIMARY KEY, number INTEGER UNIQUE,"
              " state INTEGER NOT NULL DEFAULT 0, owner TEXT, payload BLOB);"
              "CREATE INDEX IF NOT EXISTS free ON jobs(id) WHERE state = 0;"
              "UPDATE jobs SET state = 0 WHERE state = 1",
    .count = STATEMENTS,
    .statements = {[ENQUEUE] = "INSERT INTO jobs(number, payload) VALUES(?, ?)",
                   [CLAIM] = "UPDATE jobs SET state = 1, owner = 'worker' WHERE id ="
                             " (SELECT id FROM jobs WHERE state = 0 ORDER BY id LIMIT 1)"
                             " RETURNING id, payload",
                   [COMPLETE] = "DELETE FROM jobs WHERE id = ? AND state = 1"}};

static void *open_one(const struct peer_config *config)
{
	return table_open(&schema, config->directory, 1);
}

static void *open_many(const struct peer_config *config)
{
	return table_open(&schema, config->directory, config->threads);
}

static bool enqueue(void *self, unsigned thread, uint64_t number, const void *payload, size_t len)
{
	struct table *t = self;
	const struct connection *c = table_take(t, thread);
	(void)sqlite3_bind_int64(c->statements[ENQUEUE], 1, (sqlite3_int64)number);
	(void)sqlite3_bind_blob(c->statements[ENQUEUE], 2, payload, (int)len, SQLITE_STATIC);
	const bool good = table_step(c, c->statements[ENQUEUE]);
	table_give(t);
	return good;
}

static bool claim(void *self, unsigned thread, struct job *out)
{
	struct table *t = self;
	const struct connection *c = table_take(t, thread);
	bool good = sqlite3_step(c->statements[CLAIM]) == SQLITE_ROW;
	if (good) {
		out->id = (uint64_t)sqlite3_column_int64(c->statements[CLAIM], 0);
		out->len = (size_t)sqlite3_column_bytes(c->statements[CLAIM], 1);
		good = out->len <= ROW_VALUE_MAX;
		if (good)
			memcpy(out->payload, sqlite3_column_blob(c->statements[CLAIM], 1), out->len);
		good = sqlite3_step(c->statements[CLAIM]) == SQLITE_DONE && good;
	}
	good = good || sqlite_complain(c, "claim");
	(void)sqlite3_reset(c->statements[CLAIM]);
	table_give(t);
	return good;
}

static bool complete(void *self, unsigned thread, const struct job *job)
{
	struct table *t = self;
	const struct connection *c = table_take(t, thread);
	(void)sqlite3_bind_int64(c->statements[COMPLETE], 1, (sqlite3_int64)job->id);
	const bool good = table_step(c, c->statements[COMPLETE]) && sqlite3_changes(c->db) == 1;
	table_give(t);
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
                                   .close = table_close};

const struct queue queue_sqlite_many = {.name = "SQLite, many",
                                        .settings = "the same with a connection for each worker",
                                        .open = open_many,
                                        .enqueue = enqueue,
                                        .claim = claim,
                                        .complete = complete,
                                        .close = table_close};
