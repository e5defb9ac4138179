/* The operations that churn.c draws from: for tests/lib/churn*.c alone. */
#ifndef TESTS_LIB_CHURN_OPS_H
#define TESTS_LIB_CHURN_OPS_H

#include "lib/churn/churn.h"

enum { CHURN_BYTES = 1 << 20 };

/* Draws its arguments and calls the public API once. */
typedef int (*churn_op)(struct churn *c, hf_store *store, hf_txn *txn);

/* Any of them. */
churn_op churn_any_op(struct churn *c);
churn_op churn_document_op(struct churn *c); /* churn_document.c */

uint64_t churn_below(struct churn *c, uint64_t bound);
bool churn_percent(struct churn *c, unsigned chance);

int churn_idem(struct churn *c, hf_store *store, hf_txn *txn); /* churn_idem.c */
int churn_migration(struct churn *c, hf_store *store, hf_txn *txn); /* churn_idem.c */
/* The step is over: keeps tokens that it was granted, frees what it was given. */
void churn_idem_take(struct churn *c, bool committed);
int churn_lock(struct churn *c, hf_store *store, hf_txn *txn); /* churn_lock.c */
/* The step is over: keeps the tokens that it was granted. */
void churn_lock_take(struct churn *c, bool committed);
int churn_clock(struct churn *c, hf_store *store, hf_txn *txn); /* churn_lock.c */
int churn_timeline(struct churn *c, hf_store *store, hf_txn *txn); /* churn_timeline.c */
int churn_outbox_queue(struct churn *c, hf_store *store, hf_txn *txn); /* churn_outbox.c */
/* Often none. */
struct hf_bytes churn_outbox_group(struct churn *c);

#endif
