/* The oracle of the crash tests: which states may a disk hold after a crash, given every answer
 * that was given before it?
 *
 * States are numbered by the transactions that make them: S_0, S_1, ... S_n, each known by a
 * digest of its canonical bytes. An answer demands that a crash leaves S_k or later. For a
 * durable acknowledgement k is its own transaction; for everything else — a read, a refusal,
 * "nothing changed", an acknowledgement in mode os — it is the newest transaction that was asked
 * to be durable among those that changed what the answer looked at. The oracle keeps its own
 * account of that, from the description of the workload: nothing in here is taken from the
 * engine but the digests.
 *
 * A surviving state is right if and only if it is some S_k with required <= k <= the newest
 * submitted. So a refused mutation never shows, an uncertain one shows whole or not at all, and
 * no answer is taken back. */
#ifndef TESTS_LIB_CRASH_ORACLE_H
#define TESTS_LIB_CRASH_ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	ORACLE_STATES = 256,
	ORACLE_OBJECTS = 96,
	ORACLE_NAME = 64,
};

/* Something that answers depend on: a record, a queue, a setting. */
struct oracle_object {
	char name[ORACLE_NAME];
	/* number of the newest transaction that changed it and was asked to be durable */
	size_t durable;
};

struct oracle {
	uint64_t digests[ORACLE_STATES];
	bool durable[ORACLE_STATES]; /* S_k was asked to be durable */
	size_t count; /* S_0 .. S_(count-1) were submitted */
	size_t required; /* by the answers given so far, after a power loss */
	size_t required_killed; /* the same after a kill -9 */
	uint64_t told_lsn; /* greatest LSN that an answer told, in versions and tokens alike */
	struct oracle_object objects[ORACLE_OBJECTS];
	size_t object_count;
};

void oracle_begin(struct oracle *oracle, uint64_t digest);
/* Is about to be submitted. Gives its number. */
size_t oracle_submit(struct oracle *oracle, uint64_t digest, bool durable);
/* The newest one was refused: it must never show. */
void oracle_take_back(struct oracle *oracle);
/* Transaction `number` changed the object. */
void oracle_changed(struct oracle *oracle, const char *name, size_t number);
/* What an answer that looked at the object demands. */
size_t oracle_needs(const struct oracle *oracle, const char *name);
/* An answer was given that demands S_number or later. */
void oracle_must(struct oracle *oracle, size_t number);
/* An acknowledgement in mode os: S_number survives a kill. */
void oracle_must_if_killed(struct oracle *oracle, size_t number);
/* Everything submitted is durable: a sync or a clean close was acknowledged. */
void oracle_must_all(struct oracle *oracle);

enum oracle_verdict {
	ORACLE_RIGHT,
	ORACLE_LOST, /* an older state: something that an answer told of is gone */
	ORACLE_WRONG, /* no state that ever was submitted */
};
enum oracle_verdict oracle_judge(const struct oracle *oracle, uint64_t digest);
/* The same, after a kill -9 without any failure of the disk. */
enum oracle_verdict oracle_judge_killed(const struct oracle *oracle, uint64_t digest);
/* A store was reopened with this state, which was judged right: what came after it is no more.
 * A reader may report it. */
void oracle_reopened(struct oracle *oracle, uint64_t digest);

#endif
