/* What both peers made of a table of SQLite have in common: one connection that all threads share
 * behind a mutex, or one for each thread, with the statements that they run prepared. */
#ifndef BENCH_SQLITE_TABLE_H
#define BENCH_SQLITE_TABLE_H

#include "peers/peer.h"

#include <pthread.h>
#include <sqlite3.h>

enum { STATEMENTS_MAX = 4 };

/* Of one kind of table. */
struct sqlite_schema {
	const char *file;
	const char *create; /* behind what sets WAL and synchronous=FULL; run at each connection */
	unsigned count;
	const char *statements[STATEMENTS_MAX];
};

struct connection {
	sqlite3 *db;
	sqlite3_stmt *statements[STATEMENTS_MAX];
};

struct table {
	pthread_mutex_t mutex; /* of the one connection */
	bool shared;
	unsigned count;
	struct connection connections[];
};

/* Prints what failed; false. */
bool sqlite_complain(const struct connection *c, const char *what);

/* With `count` connections; 1: all threads share it. NULL, with the reason printed. */
struct table *table_open(const struct sqlite_schema *schema, const char *directory, unsigned count);
bool table_close(void *table);

/* The connection of a thread, for a transaction; to be given back. */
const struct connection *table_take(struct table *table, unsigned thread);
void table_give(struct table *table);

/* Runs a statement that gives no rows, and resets it. */
bool table_step(const struct connection *c, sqlite3_stmt *statement);

#endif
