/* The states of a key that the table of idempotency operations is about: arranged, and told as
 * text.
 *
 * "owned FINGERPRINT CREATED EXPIRES TOKEN@LEASE"     "done FINGERPRINT CREATED EXPIRES STATUS
 * RESPONSE"     "" for absent
 *
 * Times are letters: A is STAGE_NOW, B is CELL_LOGGED, N is CELL_NOW, L is B + CELL_LONG, H is N
 * + CELL_LONG, M is N + CELL_LEASE, D is B and X is N with the default ttl, - is unset, 0 is 0.
 * Tokens: t is the cell's own, o an older, n a newer one. */
#ifndef TESTS_LIB_IDEM_CELLS_H
#define TESTS_LIB_IDEM_CELLS_H

#include "holdfast/idempotency.h"
#include "lib/settings.h"

#define CELL_SECOND INT64_C(1000000)
/* when the first leases are over, and that is logged */
#define CELL_LOGGED (STAGE_NOW + 20 * CELL_SECOND)
#define CELL_NOW (STAGE_NOW + 60 * CELL_SECOND) /* when operations are performed */
#define CELL_SHORT (10 * CELL_SECOND)
#define CELL_LONG (3600 * CELL_SECOND)
#define CELL_LEASE (70 * CELL_SECOND)
#define CELL_TEXT 256u

/* The states a key is arranged in. */
enum cell_state {
	CELL_ABSENT,
	CELL_OWNED, /* by this token, lease running */
	CELL_OTHER, /* by another token; ours is of an earlier begin */
	CELL_OVER, /* owned, lease over */
	CELL_ENDED, /* the same, and that is logged */
	CELL_UNLEASED, /* owned by this token, no lease: ends when the store is closed */
	CELL_DONE,
	CELL_EXPIRED, /* done, expired */
	CELL_EXPIRED_LOGGED,
	CELL_STATES,
};

extern const char *const cell_state_names[CELL_STATES];
bool cell_is_logged(unsigned state);
/* The state that the setting makes of it: closing the store ends what is owned without a lease;
 * what has ended is absent. */
unsigned cell_state_in(unsigned state, enum setting setting);
/* What an arranged entry looks like. */
const char *cell_text_of_state(unsigned state);

struct idem_cell {
	char scope[48];
	hf_token ours; /* the token that operations present */
};

struct hf_idempotency_key cell_key(const struct idem_cell *cell);
/* The entry as text and its version; get, has, list and count must agree. */
hf_lsn idem_cell_look(hf_store *store, const struct idem_cell *cell, char out[CELL_TEXT]);
char cell_time_letter(hf_time time);
void idem_cell_arrange(hf_store *store, struct idem_cell *cell, unsigned number,
                       enum cell_state state);

#endif
