/* An outbox item in each of the states of the contract's tables, and what it looks like as text:
 * what the table tests combine with operations. Each cell has a queue of its own. Failures to
 * arrange are reported through cmocka. */
#ifndef TESTS_LIB_OUTBOX_CELLS_H
#define TESTS_LIB_OUTBOX_CELLS_H

#include "holdfast/outbox.h"
#include "holdfast/outbox_claim.h"
#include "holdfast/outbox_read.h"
#include "lib/settings.h"

#define SECOND INT64_C(1000000)
#define ARRANGED STAGE_NOW
#define LOGGED (STAGE_NOW + 20 * SECOND) /* when the first leases are over, and that is logged */
#define NOW (STAGE_NOW + 60 * SECOND)
#define DELAYED (STAGE_NOW + 86400 * SECOND)
#define LEASE_SHORT (10 * SECOND)
#define LEASE_LONG (3600 * SECOND)
#define LEASE_NEW (60 * SECOND)
#define PAUSE (5 * SECOND)
#define TEXT_MAX 256u

/* The states an item is arranged in. */
enum state {
	ABSENT,
	QUEUED,
	LATER, /* queued, delayed */
	MINE, /* sending, this token, lease running */
	OTHER, /* sending, another token; ours is of an earlier grant */
	OVER, /* sending, lease over */
	ENDED, /* the same, and that is logged */
	UNLEASED, /* sending, this token, no lease: ends when the store is closed */
	FAILED,
	FAILED_LATER, /* failed while delayed */
	BLOCKED, /* queued, somebody holds another item of its group */
	BEHIND, /* queued, another queued item of its group goes before it */
	NOTED, /* sending, this token, a rerun noted */
	NOTED_QUEUED, /* the same, released */
	PAUSED, /* queued, its queue paused */
	COMPLETED, /* no more, but its id blocks */
	COMPLETED_OVER, /* no more, and its id blocks no more; that is not logged */
	/* sending, lease over, and that was one claim too many of those that ended so: the queue's
	 * max_lost is 1 */
	LOST,
	LOST_ENDED, /* the same, and that is logged */
	STATES,
};

struct cell {
	char queue[48];
	hf_token ours; /* the token that operations present */
	hf_token held; /* the token that holds the item; 0: none */
};

/* At the time ARRANGED for ENDED and LOST_ENDED, else at LOGGED. */
void cell_arrange(hf_store *store, struct cell *cell, enum state state);

/* The item as text: "status attempts times payload error", while sending " token owner@lease"
 * (the error that says how many claims were lost: LOST); then " +payload times" of a rerun, "
 * /group". Tokens: t ours, o the one that holds it, n a new one. Times: A arranged, N now, D
 * delayed, R after a pause, L the end of a long lease, M of a new one. */
void cell_render(const struct cell *cell, const struct hf_outbox_item *item, char out[TEXT_MAX]);
/* The item as text, "" for none, and its version. */
hf_lsn cell_look(hf_store *store, const struct cell *cell, char out[TEXT_MAX]);

#endif
