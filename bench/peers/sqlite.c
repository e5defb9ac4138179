/* SQLite in WAL mode with synchronous=FULL, which syncs the log at each commit: one connection that
 * all threads share behind a mutex, or one for each thread. */
#include "peers/sqlite_table.h"

#include <string.h>

enum { BEGIN, PUT, COMMIT, GET, STATEMENTS };

static const struct sqlite_schema schema = {
    .file = "rows.db",
    .create = "CREATE TABLE IF NOT EXISTS rows(k BLOB PRIMARY KEY, v BLOB) WITHOUT ROWID",
    .count = STATEMENTS,
    .statements = {[BEGIN] = "BEGIN IMMEDIATE",
                   [PUT] = "INSERT OR REPLACE INTO rows VALUES(?, ?)",
                   [COMMIT] = "COMMIT",
                   [GET] = "SELECT v FROM rows WHERE k = ?"}};

static void *open_one(const struct peer_config *config)
{
	return table_open(&schema, config->directory, 1);
}

static void *open_many(const struct peer_config *config)
{
	return table_open(&schema, config->directory, config->threads);
}

static bool put_row(const struct connection *c, const struct row *row)
{
	(void)sqlite3_bind_blob(c->statements[PUT], 1, row->key, ROW_KEY, SQLITE_STATIC);
	(void)sqlite3_bind_blob(c->statements[PUT], 2, row->value, (int)row->len, SQLITE_STATIC);
	return table_step(c, c->statements[PUT]);
}

/* One row is a transaction by itself. */
static bool put(void *self, unsigned thread, const struct row *rows, size_t count)
{
	struct table *t = self;
	const struct connection *c = table_take(t, thread);
	bool good = count == 1 || table_step(c, c->statements[BEGIN]);
	for (size_t i = 0; i < count && good; i++)
		good = put_row(c, &rows[i]);
	good = good && (count == 1 || table_step(c, c->statements[COMMIT]));
	table_give(t);
	return good;
}

static bool get(void *self, unsigned thread, const struct row *row, void *out, size_t *len)
{
	struct table *t = self;
	const struct connection *c = table_take(t, thread);
	(void)sqlite3_bind_blob(c->statements[GET], 1, row->key, ROW_KEY, SQLITE_STATIC);
	const bool found = sqlite3_step(c->statements[GET]) == SQLITE_ROW;
	*len = found ? (size_t)sqlite3_column_bytes(c->statements[GET], 0) : 0;
	const bool good = found && *len <= ROW_VALUE_MAX;
	if (good)
		memcpy(out, sqlite3_column_blob(c->statements[GET], 0), *len);
	(void)sqlite3_reset(c->statements[GET]);
	table_give(t);
	return good;
}

const struct peer peer_sqlite = {.name = "SQLite, mutex",
                                 .settings = "WAL, synchronous=FULL, WITHOUT ROWID, prepared "
                                             "statements, one connection behind a mutex",
                                 .open = open_one,
                                 .put = put,
                                 .get = get,
                                 .close = table_close};

const struct peer peer_sqlite_many = {.name = "SQLite, many",
                                      .settings = "the same with a connection for each thread",
                                      .open = open_many,
                                      .put = put,
                                      .get = get,
                                      .close = table_close};
