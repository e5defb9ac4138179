#include "peers/sqlite_table.h"

#include <stdio.h>
#include <stdlib.h>

enum { BUSY_MS = 60000 };

bool sqlite_complain(const struct connection *c, const char *what)
{
	fprintf(stderr, "sqlite, %s: %s\n", what, sqlite3_errmsg(c->db));
	return false;
}

static bool execute(const struct connection *c, const char *sql)
{
	return sqlite3_exec(c->db, sql, NULL, NULL, NULL) == SQLITE_OK || sqlite_complain(c, sql);
}

static bool connect_one(struct connection *c, const struct sqlite_schema *schema,
                        const char *directory)
{
	char path[4096];
	(void)snprintf(path, sizeof path, "%s/%s", directory, schema->file);
	if (sqlite3_open_v2(path, &c->db,
	                    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
	                    NULL) != SQLITE_OK)
		return sqlite_complain(c, "open");
	(void)sqlite3_busy_timeout(c->db, BUSY_MS);
	if (!execute(c, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL") ||
	    !execute(c, schema->create))
		return false;
	for (unsigned i = 0; i < schema->count; i++)
		if (sqlite3_prepare_v2(c->db, schema->statements[i], -1, &c->statements[i], NULL) !=
		    SQLITE_OK)
			return sqlite_complain(c, schema->statements[i]);
	return true;
}

bool table_close(void *self)
{
	struct table *t = self;
	bool good = true;
	for (unsigned i = 0; i < t->count; i++) {
		struct connection *c = &t->connections[i];
		for (unsigned k = 0; k < STATEMENTS_MAX; k++)
			(void)sqlite3_finalize(c->statements[k]);
		if (sqlite3_close(c->db) != SQLITE_OK)
			good = sqlite_complain(c, "close");
	}
	(void)pthread_mutex_destroy(&t->mutex);
	free(t);
	return good;
}

struct table *table_open(const struct sqlite_schema *schema, const char *directory, unsigned count)
{
	struct table *t = calloc(1, sizeof *t + count * sizeof t->connections[0]);
	if (!t)
		return NULL;
	(void)pthread_mutex_init(&t->mutex, NULL);
	t->shared = count == 1;
	while (t->count < count)
		if (!connect_one(&t->connections[t->count++], schema, directory)) {
			(void)table_close(t);
			return NULL;
		}
	return t;
}

const struct connection *table_take(struct table *t, unsigned thread)
{
	if (!t->shared)
		return &t->connections[thread];
	(void)pthread_mutex_lock(&t->mutex);
	return &t->connections[0];
}

void table_give(struct table *t)
{
	if (t->shared)
		(void)pthread_mutex_unlock(&t->mutex);
}

bool table_step(const struct connection *c, sqlite3_stmt *statement)
{
	const int rc = sqlite3_step(statement);
	const bool good = rc == SQLITE_DONE || sqlite_complain(c, sqlite3_sql(statement));
	(void)sqlite3_reset(statement);
	return good;
}
