/* What a writer (writer.h) was told, and whether a store still knows it. The ledger outlives the
 * writers of one store. */
#ifndef TESTS_LIB_LEDGER_H
#define TESTS_LIB_LEDGER_H

#include "lib/crash/writer.h"

struct ledger;

struct ledger_counts {
	uint64_t acknowledgements;
	uint64_t lost; /* acknowledged and not there */
	uint64_t duplicated; /* there twice, granted twice, numbered twice, or back after it was gone */
	uint64_t strange; /* there, and never asked for; or not as it was written */
	uint64_t turned_up, vanished; /* of the calls that were never answered */
	uint64_t freed, leased; /* claims found free again, found still held by their lease */
	uint64_t live; /* items in the queue at the newest check */
};

struct ledger *ledger_new(void);
void ledger_free(struct ledger *ledger);
/* Another writer begins. */
void ledger_begin(struct ledger *ledger);
/* false: the writer reported something that must not happen. */
bool ledger_note(struct ledger *ledger, const struct report *report);
/* Compares the store with everything noted so far; what was open is settled by it. Completes
 * what is held by a lease. */
void ledger_check(struct ledger *ledger, hf_store *store);
/* What the next writer must not use again. */
void ledger_continue(const struct ledger *ledger, struct writer_start *start);
struct ledger_counts ledger_counts(const struct ledger *ledger);

#endif
