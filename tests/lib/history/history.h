/* Histories of many threads on one store, with kills, power losses and failed syncs in between,
 * for linear.h to judge.
 *
 * A history is made of acts on a few objects: two outbox items, two locks, two idempotency keys,
 * a cursor, and three accounts, which are documents that are read and written together
 * (hf_transact) and so count as one object. Each thread draws its acts, notes the instant before it
 * calls and the one after it was answered, and what was answered. Two kinds of acts concern all
 * objects at once: the store is opened anew (what was held without a lease is free), and time
 * passes (every lease ends).
 *
 * Items and locks are also waited for without a thread. Such a wait is granted, an act as any
 * other, or cancelled, perhaps in the moment of its grant. A cancelled one becomes three acts: that
 * it was granted, and that this went back, each of which happened or not; and that nothing of it
 * is held afterwards. */
#ifndef TESTS_LIB_HISTORY_H
#define TESTS_LIB_HISTORY_H

#include "holdfast/holdfast.h"
#include "lib/history/linear.h"

enum history_kind {
	HISTORY_ITEM,
	HISTORY_LOCK,
	HISTORY_KEY,
	HISTORY_CURSOR,
	HISTORY_ACCOUNTS,
	HISTORY_KINDS
};
enum { HISTORY_OBJECTS = 8, HISTORY_THREADS = 8, HISTORY_ACTS = 200, HISTORY_ALL_MAX = 512 };

enum act_name {
	ACT_REOPEN, /* of all objects */
	ACT_TIME,
	ACT_ENQUEUE, /* items */
	ACT_CLAIM,
	ACT_COMPLETE,
	ACT_FAIL,
	ACT_GET,
	ACT_ACQUIRE, /* locks */
	ACT_RENEW,
	ACT_RELEASE,
	ACT_CHECK,
	ACT_BEGIN, /* idempotency keys */
	ACT_FINISH,
	ACT_ADVANCE, /* cursors */
	ACT_WHERE,
	ACT_WORK, /* an item: claim and complete in one transaction */
	ACT_STEP, /* a cursor: read, advance by one */
	ACT_MOVE, /* accounts: read two, move an amount if it is there */
	ACT_SUM, /* list them */
	ACT_WAIT_CLAIM, /* an item; granted, or one of the last three */
	ACT_WAIT_LOCK, /* a lock */
	ACT_HELD, /* a wait that was cancelled had been granted */
	ACT_BACK, /* ... and gave it back */
	ACT_NOT_HELD, /* ... and holds nothing */
	ACTS,
};

struct act {
	enum act_name name;
	unsigned object; /* below HISTORY_OBJECTS; any for the first two */
	unsigned thread;
	uint64_t asked, answered;
	uint64_t cancels; /* of a wait: before it was cancelled; 0: it was not */
	bool unsure; /* nobody knows whether it happened */
	/* Asked. */
	bool leased;
	/* sequence, status, fingerprint, which accounts and how much; which cancelled wait */
	int64_t number;
	hf_token token;
	/* Answered. */
	int code;
	bool changed;
	hf_token given; /* granted, or shown by a read */
	int64_t shown; /* status, attempts, position */
	int64_t shown_too;
};

struct history {
	struct act acts[HISTORY_ALL_MAX]; /* in no order */
	size_t count;
	unsigned reopenings, failed_syncs, kills, power_losses, unsure;
	unsigned waits_granted, waits_cancelled;
	int trouble; /* a code that none of the acts may answer; HF_OK: none */
};

/* Makes one, of HISTORY_ACTS acts by HISTORY_THREADS threads. */
void history_make(struct history *history, uint64_t seed);

/* What a move is: between which accounts, and how much. An account that is not there has 5. */
enum { HISTORY_HAS = 5, HISTORY_MOVES = 18 };
static inline void history_move(const struct act *act, unsigned *from, unsigned *to,
                                int64_t *amount)
{
	*from = (unsigned)act->number % 3;
	*to = (*from + 1 + (unsigned)act->number / 3 % 2) % 3;
	*amount = 1 + act->number / 6 % 3;
}

enum history_kind history_kind_of(unsigned object);
/* Judges every object by itself. LINEAR_NO: *object and *act say where. */
enum linear_verdict history_judge(const struct history *history, unsigned *object,
                                  const struct act **act);
/* One line about an act. */
void history_describe(const struct act *act, char *out, size_t cap);

#endif
