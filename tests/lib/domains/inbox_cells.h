/* The cells of the contract's inbox tables: what each operation does to a record in each state,
 * its code, `changed`, count, version and the record that results; each of them plainly, with an
 * expected version that is right, with one that is wrong, and inside a transaction, in any
 * setting.
 *
 * Every inbox but the first state's also holds a record "other" of account "work", last in load
 * order, so that counts of many-object operations show who was meant. */
#ifndef TESTS_LIB_INBOX_CELLS_H
#define TESTS_LIB_INBOX_CELLS_H

#include "holdfast/inbox.h"
#include "lib/settings.h"

#define HOUR INT64_C(3600000000)
#define ARRANGED STAGE_NOW
#define NOW (STAGE_NOW + HOUR)
#define GIVEN (STAGE_NOW - HOUR)
#define LATER (NOW + HOUR)
#define SNAPSHOT_1 (STAGE_NOW - 10 * HOUR)
#define SNAPSHOT_2 (STAGE_NOW - 5 * HOUR)

/* What every operation of the table is called with. */
struct inbox_call {
	hf_store *store;
	hf_txn *txn;
	struct hf_inbox_key key;
	hf_lsn expect;
	struct hf_result *result;
	struct hf_error *error;
};

/* A record's payload, score and updated_at go together. */
enum { OLD = 1, NEW = 2 };
struct hf_inbox_input input_of(const struct inbox_call *c, int content, bool unread,
                               bool dismissed);
int save_records(const struct inbox_call *c, const struct hf_inbox_input *records, size_t count,
                 hf_time generated_at, enum hf_inbox_save_mode mode);

enum inbox_state {
	NOBODY,
	LACKING,
	UNREAD,
	READ,
	SEEN,
	DISMISSED,
	DONE,
	REMOVED,
	SNOOZED,
	BURIED,
	BLOCKED,
	ENDED,
	INBOX_STATES
};
/* The name of a state; NULL behind the last. */
const char *inbox_state_name(size_t i);
/* Brings the inbox and the record of the call's key into this state, at ARRANGED. */
void inbox_arrange(const struct inbox_call *c, enum inbox_state state);

/* What becomes of a record: "=" nothing; "gone"; "EINVAL" and so on: refused; else
 * "unread|read s:seen r:read d:dismissed content@snapshot", with " z" behind it while it is snoozed
 * and " y" once that is over. Of many-object operations "2: " may stand before it: how many, the
 * other record included. */
#define NO "ENOTFOUND"
/* In the states without the record, then unread, read, seen, dismissed, done, snoozed. */
#define WHERE(no, unread, is_read, seen, gone, done, snoozed) \
	{ \
		no, no, unread, is_read, seen, gone, done, no, snoozed, no, no, no \
	}
/* The same, but for the inbox that was never written. */
#define UNLESS_NEW(nobody, no, unread, is_read, seen, gone, done, snoozed) \
	{ \
		nobody, no, unread, is_read, seen, gone, done, no, snoozed, no, no, no \
	}
#define ALL(it) WHERE(it, it, it, it, it, it, it)

enum inbox_kind {
	ONE, /* on one record: takes an expected version */
	MANY, /* on many: takes none */
	MOVING, /* and moves generated_at: changed whatever the count */
	FIRST, /* and moves generated_at where there is none yet */
	UNSETTING, /* and unsets generated_at */
	DRY, /* counts only */
};

struct inbox_row {
	const char *name;
	const char *words; /* lib/operation/operation.h; now is ARRANGED, $user the inbox */
	enum inbox_kind kind;
	const char *form; /* refused in every state: a broken form */
	const char *outcome[INBOX_STATES];
};

/* Runs all cells in one setting. */
void run_inbox_table(const struct inbox_row *rows, size_t count, enum setting setting);

#endif
