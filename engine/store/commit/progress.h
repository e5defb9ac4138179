/* How far the log is, and who is notified when that changes.
 *
 * Sequencing and commits know nothing of what depends on them: waiters for a turn, tickets, feeds
 * and subscriptions, the witness, upkeep. Each event has a list, filled when the store is opened
 * (recover/open.c), and is made known to all on it, in that order. */
#ifndef HF_STORE_PROGRESS_H
#define HF_STORE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "log/format.h"
#include "store/store.h"

/* How far the log is durable: where it ends there, its last LSN and the hash of its last group. */
struct hf__log_position {
	struct hf__position end;
	uint64_t lsn;
	uint64_t chain;
};

/* What a flush came to. */
struct hf__flush_end {
	struct hf__log_position at; /* handed to the kernel up to there */
	bool good; /* false: the store has failed by it */
	bool sync; /* it was one that makes durable */
	bool tidy; /* `ended` found something to put in order */
	bool tells; /* `ended` prepared a word of the witness */
};

/* What is called for each event; lists end with NULL. */
struct hf__progress {
	/* A transaction was put into the filling group. The lock is held. */
	void (*changed[2])(struct hf_store *s);
	/* A flush ended, and what it came to is published. The lock is held. */
	void (*ended[5])(struct hf_store *s, struct hf__flush_end *end);
	/* Later, not under the lock, once the waiters that it served are awake. */
	void (*advanced[6])(struct hf_store *s, const struct hf__flush_end *end);
	/* The store failed, or failed once more. The lock is held. */
	void (*failed[5])(struct hf_store *s);
};

/* Fails the store for good and wakes everyone. The lock is held. */
void hf__fault(struct hf_store *s, int os_errno);
/* What an answer that depends on LSNs has to wait for; adds the rule of the first group of an
 * incarnation. */
struct hf__ticket hf__ticket_for(const struct hf_store *s, uint64_t changed, uint64_t due);
/* The LSN of the last entry that is durable. Needs no lock. */
uint64_t hf__durable_end(const struct hf_store *s);
/* Moves the words on which waiters sleep: all (0), or those of waiters for a write alone
 * (HF__WORD_WRITE). */
void hf__progress_bump(struct hf_store *s, unsigned first);
/* Wakes those that wait for a buffer to be taken, or for the next segment. */
void hf__room_wake(struct hf_store *s);

#endif
