/* Private to the random walk of compound.h: what it knows, what happens to its machine, and its
 * calls to the store. */
#ifndef TESTS_LIB_COMPOUND_WALK_H
#define TESTS_LIB_COMPOUND_WALK_H

#include "holdfast/holdfast.h"
#include "lib/crash/compound.h"
#include "lib/rng.h"
#include "lib/sim/sim_os.h"
#include "store/store.h"

enum {
	CURSORS = 3,
	ITEMS = 2,
	OBJECTS = CURSORS + ITEMS,
	TRANSACTIONS = 160,
	TICKETS = 8,
	STEPS = 34,
	FAULTS_MAX = 4,
	SECTORS = 4096,
	BIG_LEAST = 2500,
	BIG_MOST = 7000,
};

/* What every object is at: the number of the transaction that last changed it, 0 when it does
 * not exist. */
struct state {
	uint32_t at[OBJECTS];
};

struct ticket {
	struct hf_ticket ticket;
	uint64_t lsn;
	size_t number;
	bool durable;
};

/* What the answers so far demand. */
struct account {
	struct state states[TRANSACTIONS + 1];
	bool durable[TRANSACTIONS + 1]; /* was asked to be */
	size_t count; /* states[count] is the newest one submitted */
	size_t required, required_killed;
	uint64_t told; /* greatest LSN that an answer told */
	uint32_t stamps; /* given to objects: never the same twice */
	bool exists; /* the store's creation was answered with success */
};

struct walk {
	struct hf_rng rng;
	struct compound_stats *stats;
	struct sim *sim;
	hf_store *store;
	struct hf_options options;
	struct account account;
	struct ticket tickets[TICKETS];
	size_t ticket_count;
	uint64_t hits; /* faults met before the last clearing of them */
	uint64_t hits_at_open; /* faults met when this opening began */
	uint64_t hits_at_boot;
	uint32_t segment;
	unsigned armed; /* faults */
	int verbose;
	bool opening;
	/* A power cut inside a call. */
	uint64_t cut_at; /* in how many calls; 0: none */
	struct sim *image;
	struct account at_cut;
	char why[300];
};

/* compound_machine.c */
__attribute__((format(printf, 2, 3))) void walk_wrong(struct walk *w, const char *format, ...);
__attribute__((format(printf, 2, 3))) void walk_say(const struct walk *w, const char *format, ...);
uint64_t walk_below(struct walk *w, uint64_t bound);
bool walk_chance(struct walk *w, uint32_t percent);
uint64_t walk_faults_met(const struct walk *w);
void walk_clear_faults(struct walk *w);
struct sim_profile walk_profile(struct walk *w);
struct sim *walk_power_cut(struct walk *w, struct sim *sim);
void walk_at_call(void *arg, struct sim *sim, uint64_t index, enum sim_call kind, const char *name);
void walk_add_fault(struct walk *w);
void walk_discard_store(struct walk *w);
void walk_power_returns(struct walk *w, struct sim *image);
void walk_after_call(struct walk *w);

/* compound_calls.c: each call is judged by what it answers and by what was demanded before. */
bool walk_store_failed(struct walk *w);
void walk_look_at_info(struct walk *w);
void walk_open_store(struct walk *w);
void walk_close_store(struct walk *w);
void walk_commit(struct walk *w);
void walk_flush(struct walk *w);
void walk_sync_store(struct walk *w);
void walk_maintain(struct walk *w);
void walk_look(struct walk *w);

#endif
