/* The engine of the table tests: every operation in every state (a cell), in every setting of
 * lib/settings.h; plainly, with the expected version that is right, with one that is wrong, inside
 * a transaction, and inside one that fails afterwards; and where there is no object, as one that
 * may be missing. A table says what is there, in words, and what becomes of it. Each cell has a
 * container or an object of its own, in a store that has all
 * cells of one operation: they are arranged, carried over together, and then performed. */
#ifndef TESTS_LIB_TABLE_H
#define TESTS_LIB_TABLE_H

#include "lib/operation/returned.h"
#include "lib/settings.h"

enum { TABLE_TEXT = 256, TABLE_STATES = 20 };

enum table_sort {
	TABLE_ONE, /* a mutation of one object: takes an expected version */
	TABLE_GUARD, /* the same, in transactions only; it expects what there is unless told */
	TABLE_MANY, /* a mutation of many objects */
	TABLE_READ,
};

/* How an operation is performed. */
enum manner { PLAINLY, EXPECTING, IN_TXN, MANNERS };

struct trial;
/* An operation. */
struct table_row {
	const char *name;
	enum table_sort sort;
	const char *words; /* the call; what $words there are the table knows */
	int (*run)(struct trial *trial); /* instead, or to look at what the call answered */
	/* What becomes of the object: "=" nothing, HF_OK and changed = false; "gone"; "EINVAL" and so
	 * on: refused, nothing; else the object afterwards, changed. Of many objects "2: " may stand
	 * before it, how many there were. Of a read that tells in words: what it tells. */
	const char *outcome[TABLE_STATES];
	const char *form; /* refused in every state, when it is added */
};

#define TABLE_ROW(row_name, row_sort, row_words, ...) \
	{ \
		.name = (row_name), .sort = (row_sort), .words = (row_words), .outcome = __VA_ARGS__ \
	}

/* One cell while it is performed. */
struct trial {
	const struct table *table;
	const struct table_row *row;
	unsigned state;
	enum manner manner;
	struct stage *stage;
	hf_store *store;
	hf_txn *txn;
	void *cell;
	hf_lsn expect;
	bool missing_ok;
	struct hf_result result;
	struct hf_error error;
	struct op_args args;
	struct op_answer answer; /* released by the engine */
	struct returned returned; /* the object, if it was asked for; the same */
	const char *outcome;
	bool tells; /* set by a read: in `told` */
	char before[TABLE_TEXT], after[TABLE_TEXT], told[TABLE_TEXT];
	hf_lsn version_before, version;
};

struct table {
	const struct table_row *rows;
	size_t row_count, cell_size;
	unsigned states;
	const char *const *state_names;
	int64_t logged, now; /* when what has ended is logged; when operations run */
	/* The cell is zeroed; `number` is its own in the store. */
	void (*arrange)(hf_store *store, void *cell, unsigned number, unsigned state);
	/* The object in words, "" for none, and its version. */
	hf_lsn (*look)(hf_store *store, const void *cell, char out[TABLE_TEXT]);
	const char *(*text)(unsigned state); /* what look() is to say of it */
	bool (*word)(const struct trial *trial, const char *word, struct op_value *out);
	const char *spoiler; /* a guard that fails, in words */
	/* Each may be NULL */
	bool (*is_logged)(unsigned state); /* its ending is logged before the others are arranged */
	unsigned (*state_in)(unsigned state, enum setting setting); /* what the setting makes of it */
	void (*compare)(struct trial *trial); /* what else must hold afterwards */
};

void table_run(const struct table *table);
/* The cells are those that the domain's page lists under this name. */
void table_is_listed(const char *name, const struct table *table);
/* Calls what the row's words say. */
int table_call(struct trial *trial);
/* Fails the test. */
void table_wrong(const struct trial *trial, const char *what, const char *got);
/* The letter of the time, or of one that was stamped close to it; '?' of no other. */
struct table_time {
	hf_time time;
	char letter;
};
char table_letter(const struct table_time *known, size_t count, hf_time time);

#endif
