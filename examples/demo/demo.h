/* The story's parts and what they hand on to each other. Each part opens the store and closes it
 * again, as separate programs would. */
#ifndef DEMO_H
#define DEMO_H

#include "crew.h"
#include "json.h"
#include "sender.h"

#include <holdfast/holdfast.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STORE "store" /* in the current directory, which is empty at first */
#define QUEUE "commits"
#define USER "ada"

enum {
	WORKERS = 8,
	DISMISSALS = 10,
};

/* An entry of the outbox file. */
struct item {
	const char *id; /* in the file's tree */
	bool was_failed, was_sending; /* in the file */
	uint32_t attempts; /* in the file */
	/* What the log says, see audit.c. */
	unsigned completions; /* times it went, delivered */
	size_t claim; /* newest claim of it, counted from 1; 0: none */
	/* What the sender's list says. */
	unsigned taken; /* times it was delivered */
};

/* An acknowledgement that a worker has told of. */
struct ack {
	enum crew_step step;
	hf_token token;
};

struct demo {
	const char *data; /* directory of the two files */
	uint64_t seed;
	bool sabotage;
	yajl_val outbox, inbox; /* the files */
	struct item *items;
	size_t item_count, was_failed, was_sending;
	size_t record_count, was_dismissed;
	struct ack *acks;
	size_t ack_count, ack_room;
	size_t kill_at; /* acknowledgements; 0: never */
	hf_lsn killed_lsn; /* the log's last entry when the store was reopened after the kill */
};

/* Reads both files and notes what is to be expected of them. */
void files_read(struct demo *demo);
void files_free(struct demo *demo);
struct item *files_item(struct demo *demo, struct hf_bytes id); /* NULL: no such item */
/* Makes store and imports; exports both at once and compares. */
void files_import(struct demo *demo);
/* Exports both at the end and compares with what the work must have made of them; checks the
 * store. */
void files_export(struct demo *demo);

void inbox_use(struct demo *demo);
/* Checks what the inbox, then the cursor, must be after inbox_use() and cursor_use(), for ever. */
void inbox_check(struct demo *demo, hf_store *store);
void cursor_use(struct demo *demo);
void cursor_check(hf_store *store);

/* Drains, is killed, reopens, finishes, redrives and drains until nothing is failed. */
void work_all(struct demo *demo);

/* Compares acknowledgements, sender's list and log. */
void audit_all(struct demo *demo);

/* Opens and closes STORE; a failure ends the process. */
hf_store *store_open(void);
void store_close(hf_store *store);

static inline bool same_bytes(struct hf_bytes left, struct hf_bytes right)
{
	return left.len == right.len && (left.len == 0 || memcmp(left.data, right.data, left.len) == 0);
}

#endif
