/* Plays a workload on a simulated disk: once as a rehearsal, which writes down every answer and
 * the state after every step, then live, when each answer must be the same and the oracle is
 * told of it. The disk, the clock and all randomness are functions of a seed, so until something
 * fails both runs are equal call by call. */
#ifndef TESTS_LIB_CRASH_PLAY_H
#define TESTS_LIB_CRASH_PLAY_H

#include "lib/crash/crash_oracle.h"
#include "lib/crash/crash_script.h"
#include "lib/sim/sim_os.h"
#include "store/store.h"

enum { PLAY_STEPS = 96, PLAY_KNOWN = 64, PLAY_TICKETS = 8 };

/* What a step did in the rehearsal. */
struct play_note {
	int code;
	uint64_t answer; /* digest of everything that it told */
	uint64_t told_lsn; /* the greatest version or token in it */
	uint64_t state; /* digest of the state after it */
	bool changed; /* another state than before */
	uint32_t segment; /* where the log ended after it */
};

struct play_record {
	uint64_t opened; /* digest of the state that was opened */
	uint32_t segment;
	struct play_note notes[PLAY_STEPS];
	size_t count;
};

/* Versions and tokens as the answers gave them. */
struct play_known {
	char object[ORACLE_NAME];
	uint64_t version, token;
};

/* A submitted transaction whose answer is outstanding. */
struct play_ticket {
	struct hf__ticket ticket;
	int code;
	size_t needs, number; /* number 0: it changed nothing */
	bool os;
	bool async; /* the public kind */
	bool answered; /* as far as the engine is concerned */
	uint64_t told_lsn;
};

struct player {
	struct sim *sim;
	const struct script *script;
	struct hf_options options; /* create is cleared by the first opening that succeeds */
	struct play_record *record;
	struct oracle *oracle; /* NULL: this is the rehearsal */
	/* How far it is; for observers. */
	hf_store *store;
	size_t step;
	bool opening; /* inside hf__store_open */
	bool unclean; /* ... after a stop that was not clean */
	bool rotating; /* inside a step that turns to the next segment */
	bool checking; /* inside the comparison at the end: its calls are not the workload's */
	bool diverged; /* a fault changed an answer: only reads and failures follow */
	char wrong[400]; /* what contradicts the rehearsal, the script or the rules; "" */
	/* Its own. */
	struct play_known known[PLAY_KNOWN];
	size_t known_count;
	struct play_ticket tickets[PLAY_TICKETS];
	size_t ticket_count;
	uint64_t state;
};

/* Opens the store, does all steps, closes it. The rehearsal (oracle NULL) fills *record; a live
 * run compares with it and keeps the oracle's account. Returns player->wrong[0] == '\0'. */
bool play(struct player *player);

/* Only the operations of one step, on player->store: the code. What they told is learned for
 * later steps. Compares nothing. */
int play_ops(struct player *player, const struct step *step, struct hf_error *error);

/* For observers: who waits for a submitted transaction in another thread would have its answer
 * by now? Then it counts as given. */
void play_poll(struct player *player);

/* kill -9: the disk's cache stays, open files and locks go, the store is freed and was never
 * closed. */
void play_kill(struct sim *sim, hf_store *store);

/* Digest of a store's state; false with *why when it cannot be had. */
bool play_digest(hf_store *store, uint64_t *out, char *why, size_t cap);
/* Digest of the state of a new store, made without the engine: for each domain its id and the
 * end mark. */
uint64_t play_empty_digest(void);

#endif
