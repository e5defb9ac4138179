/* Reference workloads of the crash tests, as data: what is done to a store step by step, and
 * what each operation looks at, changes and answers when no disk fails. The oracle's model of
 * dependencies is computed from this description. */
#ifndef TESTS_LIB_CRASH_SCRIPT_H
#define TESTS_LIB_CRASH_SCRIPT_H

#include "base/bytes.h"
#include "holdfast/holdfast.h"
#include "lib/operation/operation.h"

/* In brackets: what `number` means. `size` is the length of payloads, statuses, reasons and
 * errors. */
enum verb {
	VERB_NONE,
	/* place: the user; names: threads */
	INBOX_SAVE, /* several records [generated_at] */
	INBOX_REPLACE, /* the same, and the others go */
	INBOX_SET_STATUS,
	INBOX_DISMISS,
	INBOX_UNDISMISS,
	INBOX_MARK_READ,
	INBOX_MARK_UNREAD,
	INBOX_MARK_SEEN,
	INBOX_REMOVE,
	INBOX_GUARD,
	INBOX_PRUNE, /* keeps only an account that nobody has */
	INBOX_TRIM, /* [max_records] */
	INBOX_CLEAR,
	INBOX_GET,
	INBOX_LOAD,
	INBOX_DISMISSED,
	INBOX_COUNTS,
	INBOX_STATUS,
	INBOX_SNOOZE, /* [until] */
	INBOX_BURY, /* removes and leaves a tombstone [for] */
	INBOX_PUT_TOMBSTONE, /* of a dismissal [until] */
	INBOX_MARK_ALL_READ, /* names: whom it changes [up_to] */
	INBOX_DISMISS_ALL, /* the same */
	INBOX_TOMBSTONES,
	/* place: the stream; names: a consumer */
	CURSOR_ADVANCE, /* [sequence] */
	CURSOR_RESET, /* [sequence] */
	CURSOR_RECORD_ERROR,
	CURSOR_REMOVE,
	CURSOR_GUARD,
	CURSOR_GET,
	CURSOR_LIST,
	CURSOR_LAG, /* [head] */
	/* place: the queue; names: ids. The token is the one that the item's last claim gave. */
	OUTBOX_ENQUEUE, /* [available_at] */
	OUTBOX_ENQUEUE_OR_REPLACE,
	OUTBOX_ENQUEUE_MANY,
	OUTBOX_PUT,
	OUTBOX_CONFIGURE, /* [max_attempts] */
	OUTBOX_CLEAR,
	OUTBOX_CLAIM, /* [lease] */
	OUTBOX_CLAIM_NEXT, /* [lease]; names: what it will give */
	OUTBOX_EXTEND, /* [lease] */
	OUTBOX_COMPLETE,
	OUTBOX_FAIL, /* [fixed backoff] */
	OUTBOX_RELEASE, /* [delay] */
	OUTBOX_REMOVE,
	OUTBOX_MARK_FAILED,
	OUTBOX_RETRY,
	OUTBOX_GUARD,
	OUTBOX_GUARD_CLAIM,
	OUTBOX_GET,
	OUTBOX_LIST,
	OUTBOX_STATS,
	/* place: the timeline; names: ids, of what goes too */
	TIMELINE_APPEND, /* [happened_at] */
	TIMELINE_RETAIN, /* [max_events] */
	TIMELINE_CLEAR,
	TIMELINE_GUARD,
	TIMELINE_GET,
	TIMELINE_QUERY, /* [limit] */
	TIMELINE_COUNT,
	TIMELINE_LATEST_AT,
	/* place: the scope; names: keys. The token is the one that the key's last begin gave. */
	IDEM_BEGIN, /* [lease]; size: of the fingerprint */
	IDEM_COMPLETE, /* [ttl] */
	IDEM_ABANDON,
	IDEM_PUT, /* [expires_at; 0: never] */
	IDEM_REMOVE,
	IDEM_CLEAR,
	IDEM_GUARD,
	IDEM_GUARD_OWNER,
	IDEM_GET,
	IDEM_HAS,
	IDEM_LIST,
	IDEM_COUNT,
	/* place: "-"; names: of a migration */
	MIGRATION_RECORD,
	MIGRATION_FORGET,
	MIGRATION_GUARD,
	MIGRATION_LIST,
	/* place: "all"; names: a lock. The token is the one that the lock's last grant gave. */
	LOCK_ACQUIRE, /* [lease]; size: the owner */
	LOCK_PUT, /* [until, after SCRIPT_NOW]; size: the owner */
	LOCK_RENEW, /* [lease] */
	LOCK_RELEASE,
	LOCK_FORCE_RELEASE, /* size: of the reason */
	LOCK_GUARD,
	LOCK_GUARD_HELD,
	LOCK_WITH,
	LOCK_CHECK,
	LOCK_GET,
	LOCK_LIST,
	/* place: the collection; names: ids, of what goes too */
	DOCUMENT_PUT, /* [time to live] */
	DOCUMENT_REGROUP, /* [number of the group] */
	DOCUMENT_REMOVE,
	DOCUMENT_CLEAR,
	DOCUMENT_GUARD,
	DOCUMENT_GET,
	DOCUMENT_HAS,
	DOCUMENT_LIST,
	DOCUMENT_COUNT, /* [number of the group; 0: of all] */
	OUTBOX_ENQUEUE_RERUN,
	OUTBOX_ENQUEUE_GROUPED, /* into the group "g" */
	OUTBOX_CLAIM_GROUPED, /* [lease]; its answer depends on the others of its group */
	OUTBOX_PUT_COMPLETED, /* [until] */
	OUTBOX_WINDOW, /* settings [dedup window]; two ids */
	OUTBOX_PAUSE,
	OUTBOX_RESUME,
	OUTBOX_REDRIVE, /* names: what it will redrive */
	OUTBOX_COMPLETED,
	OUTBOX_CLAIM_BOUNDED, /* [max_run; the lease is a minute] */
	OUTBOX_MAX_LOST, /* settings [max_lost] */
	OUTBOX_GET_LOST, /* of an item whose claim is over: what it is depends on max_lost */
	OUTBOX_RESCHEDULE, /* [available_at] */
	OUTBOX_PRUNE, /* names: of what failed, what goes */
	VERBS,
};

enum expect {
	EXPECT_NOTHING,
	EXPECT_CURRENT, /* the version that the last answer about the object gave */
	EXPECT_ABSENT,
	EXPECT_OTHER, /* a version that it does not have */
};

struct op {
	enum verb verb;
	const char *place;
	const char *names; /* separated by single blanks */
	int64_t number;
	uint32_t size;
	enum expect expect;
	int answer; /* without faults */
	bool changes; /* without faults: an entry is written */
};

enum step_kind {
	STEP_END,
	STEP_DO, /* one operation at once, or several as one transaction */
	STEP_SUBMIT, /* sequences them and waits for nothing */
	STEP_ASYNC, /* the same through the public calls: answers at once, with a ticket */
	STEP_WAIT, /* for all that was submitted, in order */
	STEP_FLUSH, /* hf_flush: then every ticket is answered */
	STEP_ABANDON, /* a transaction with these operations that is given up */
	STEP_SYNC,
	STEP_REOPEN, /* clean close, open */
	STEP_KILL, /* kill -9, open */
	STEP_TIME, /* `by` microseconds pass */
	STEP_MAINTAIN,
	STEP_SNAPSHOT, /* and with it everything is durable */
	STEP_COMPACT, /* the same, and the log before it goes */
};

enum { OPS_MAX = 4, NAMES_MAX = 8, SCRIPT_NOW = 1000000000 };

struct step {
	enum step_kind kind;
	bool os; /* commits in mode os */
	bool undurable; /* reads with HF_READ_UNDURABLE */
	int64_t by;
	struct op ops[OPS_MAX];
};

struct script {
	const char *name;
	const struct step *steps; /* up to STEP_END */
	uint32_t segment_size;
};

size_t script_ops(const struct step *step);
/* The code that the step as a whole answers without faults: of the first operation that is
 * refused. */
int script_answer(const struct step *step);
/* Does the step write entries, without faults? (STEP_MAINTAIN may or may not: it is not asked.) */
bool script_changes(const struct step *step);
/* Calls `each` for every object that the operation's answer depends on, or that it changes.
 * Containers end in '/'. */
typedef void (*script_object)(void *arg, const char *object);
void script_looks_at(const struct op *op, script_object each, void *arg);
void script_touches(const struct op *op, script_object each, void *arg);
bool script_reads(const struct op *op);
const char *script_verb_name(enum verb verb);
/* The call and its arguments in words. */
const char *script_words(const struct op *op);
/* The object that a version or token belongs to: "o jobs/42". */
void script_object_name(const struct op *op, size_t nth, char *out, size_t cap);

/* The reference workloads, each over all three domains unless its name says otherwise. */
extern const struct script script_domains, script_transactions, script_groups, script_rotation,
    script_lives;
extern const struct script script_async;
/* Of one domain, beside the others. */
extern const struct script script_timeline;
extern const struct script script_idem;
extern const struct script script_lock; /* locks, beside the others */
/* Of one domain, beside the others. */
extern const struct script script_document;
/* Outbox alone: groups, reruns, pause, completed ids. */
extern const struct script script_queues;
/* Outbox alone: lost claims, max_run, reschedule, prune. */
extern const struct script script_lost;
/* Openings that begin with a segment of their own. */
extern const struct script script_turns;
/* Snapshots, and openings that begin with them. */
extern const struct script script_snapshots;
extern const struct script script_compaction;
/* What is done to a store that was recovered from a crash. */
extern const struct script script_after;
/* A short one of everything, for tests that must be quick. */
extern const struct script script_small;

/* --- Running one operation: crash_verbs.c ----------------------------------------------------- */

/* What an operation told. */
struct tale {
	struct hf__writer bytes; /* to be compared with another run's */
	uint64_t lsn; /* the greatest LSN among versions and tokens */
};

struct call {
	hf_store *store;
	hf_txn *txn; /* NULL: at once */
	const struct op *op;
	enum hf_durability durability;
	unsigned flags; /* of reads */
	hf_lsn expect;
	struct hf_ticket *ticket; /* NULL: waited for */
	hf_token token;
	struct hf_result *result;
	struct op_answer *answer; /* of claims and begins; NULL: not wanted */
	struct tale *told; /* by a read */
	struct hf_error *error;
};
int script_call(const struct call *call);
/* What a mutation told. */
void script_tell(struct tale *told, const struct op *op, const struct hf_result *result,
                 const struct op_answer *answer);
void script_release(const struct op *op, struct op_answer *answer);

#endif
