/* Inboxes as a table of SQLite, with the index that a page of one needs. */
#ifndef BENCH_INBOX_SQLITE_H
#define BENCH_INBOX_SQLITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct inbox_sqlite;

/* Makes the table below `directory`, with `users` inboxes of `records` each. NULL: it cannot. */
struct inbox_sqlite *inbox_sqlite_open(const char *directory, unsigned users, unsigned records);
void inbox_sqlite_close(struct inbox_sqlite *self);

/* The first `limit` records of a user, newest first: all columns are read. Gives how many there
 * were; *bytes is the sum of their payloads. */
size_t inbox_sqlite_page(struct inbox_sqlite *self, unsigned user, unsigned limit, uint64_t *bytes);

#endif
