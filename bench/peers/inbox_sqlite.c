#include "peers/inbox_sqlite.h"

#include "lib/row.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

struct inbox_sqlite {
	sqlite3 *db;
	sqlite3_stmt *page;
};

static const char create[] =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
    "CREATE TABLE records(user TEXT, account TEXT, thread TEXT, payload BLOB, unread INTEGER,"
    " dismissed INTEGER, score REAL, updated_at INTEGER, snapshot_at INTEGER,"
    " PRIMARY KEY(user, account, thread));"
    "CREATE INDEX newest ON records(user, snapshot_at DESC, score DESC, account, thread)";
static const char insert[] = "INSERT INTO records VALUES(?, 'primary', ?, ?, 1, 0, 0.0, ?, ?)";
static const char page[] =
    "SELECT account, thread, payload, unread, dismissed, score, updated_at, snapshot_at"
    " FROM records WHERE user = ? ORDER BY snapshot_at DESC, score DESC, account, thread LIMIT ?";

static bool add(sqlite3_stmt *statement, unsigned user, unsigned record)
{
	char name[24], thread[24];
	struct row row;
	row_make(&row, (uint64_t)user << 32 | record, 100);
	(void)snprintf(name, sizeof name, "user-%u", user);
	(void)snprintf(thread, sizeof thread, "thread-%u", record);
	(void)sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(statement, 2, thread, -1, SQLITE_STATIC);
	(void)sqlite3_bind_blob(statement, 3, row.value, (int)row.len, SQLITE_STATIC);
	(void)sqlite3_bind_int64(statement, 4, record);
	(void)sqlite3_bind_int64(statement, 5, record);
	const bool good = sqlite3_step(statement) == SQLITE_DONE;
	(void)sqlite3_reset(statement);
	return good;
}

static bool fill(const struct inbox_sqlite *self, unsigned users, unsigned records)
{
	sqlite3_stmt *statement;
	bool good = sqlite3_exec(self->db, "BEGIN", NULL, NULL, NULL) == SQLITE_OK &&
	            sqlite3_prepare_v2(self->db, insert, -1, &statement, NULL) == SQLITE_OK;
	if (!good)
		return false;
	for (unsigned record = 0; record < records && good; record++)
		for (unsigned user = 0; user < users && good; user++)
			good = add(statement, user, record);
	(void)sqlite3_finalize(statement);
	return good && sqlite3_exec(self->db, "COMMIT; ANALYZE", NULL, NULL, NULL) == SQLITE_OK;
}

struct inbox_sqlite *inbox_sqlite_open(const char *directory, unsigned users, unsigned records)
{
	char path[4096];
	struct inbox_sqlite *self = calloc(1, sizeof *self);
	(void)snprintf(path, sizeof path, "%s/inbox.db", directory);
	if (self &&
	    sqlite3_open_v2(path, &self->db,
	                    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
	                    NULL) == SQLITE_OK &&
	    sqlite3_exec(self->db, create, NULL, NULL, NULL) == SQLITE_OK &&
	    fill(self, users, records) &&
	    sqlite3_prepare_v2(self->db, page, -1, &self->page, NULL) == SQLITE_OK)
		return self;
	fprintf(stderr, "sqlite, inboxes: %s\n", self ? sqlite3_errmsg(self->db) : "no memory");
	inbox_sqlite_close(self);
	return NULL;
}

void inbox_sqlite_close(struct inbox_sqlite *self)
{
	if (!self)
		return;
	(void)sqlite3_finalize(self->page);
	(void)sqlite3_close(self->db);
	free(self);
}

size_t inbox_sqlite_page(struct inbox_sqlite *self, unsigned user, unsigned limit, uint64_t *bytes)
{
	char name[24];
	size_t count = 0;
	(void)snprintf(name, sizeof name, "user-%u", user);
	(void)sqlite3_bind_text(self->page, 1, name, -1, SQLITE_STATIC);
	(void)sqlite3_bind_int(self->page, 2, (int)limit);
	*bytes = 0;
	while (sqlite3_step(self->page) == SQLITE_ROW) {
		for (int column = 0; column < 8; column++)
			*bytes += column == 2 ? (uint64_t)sqlite3_column_bytes(self->page, column)
			                      : (uint64_t)(sqlite3_column_text(self->page, column) == NULL);
		count++;
	}
	(void)sqlite3_reset(self->page);
	return count;
}
