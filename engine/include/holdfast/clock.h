/* The store's clock, by which everything that has to do with time is judged.
 *
 * It is the machine's boot-time clock, which goes on while the machine is suspended, plus an
 * offset, which grows when the wall clock is ahead of it and never shrinks by itself. So it
 * never runs behind what it wrote, nor within one opening behind what it showed, and it never
 * stands: a lease of 30 s is over after 30 s at the latest. A wall clock that was ahead once, if
 * only for a moment, leaves the store's clock ahead of it. Nothing breaks by that; times that
 * the store fills in are ahead too.
 *
 * An operator can set it back. What the store computed (ends of leases, ttl, backoff, delay of a
 * release, tombstones, dedup windows) moves along, so that what was left of it is left; instants
 * that a caller named (available_at, snoozed_until, expires_at) stay. From there on, times that
 * the store fills in begin anew below. It costs the same however much there is, but for what has
 * ended and is not logged yet: that is logged first, so that nothing comes back which was gone:
 * a document or an answer past its expires_at stays away, a claim that was lost stays lost. Only
 * what was merely not due before, and was named, is not due again: an item whose available_at
 * had come is delayed, a record that had woken up is snoozed.
 *
 * What holds for every call, and which errors any of them may answer, stands in store.h. */
#ifndef HOLDFAST_CLOCK_H
#define HOLDFAST_CLOCK_H

#include "holdfast/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* bytes of the reason of a set-back; longer ones are refused with HF_ETOOBIG */
#define HF_CLOCK_REASON_MAX 4096u

struct hf_clock {
	size_t size; /* types.h */
	hf_time now; /* the store's clock */
	hf_time wall; /* the machine's wall clock, at the same moment */
	int64_t ahead_us; /* now - wall, never below 0 */
	int64_t set_back_us; /* by how much it was ever set back, all in all */
	/* The newest set-back; 0, HF_UNSET and empty if there was none. */
	hf_lsn version;
	hf_time set_back_at; /* what the clock showed before it */
	int64_t difference_us;
	struct hf_bytes reason;
	struct hf_memory *memory; /* free it with hf_release() */
};

/* What the clock shows. *out is zeroed on failure. */
HF_API HF_CHECKED int hf_clock_get(hf_store *store, unsigned flags, struct hf_clock *out,
                                   struct hf_error *error);

struct hf_clock_set_back_args {
	size_t size; /* types.h */
	struct hf_write write; /* the object is the clock; its version is the newest set-back's */
	/* must not be blank (HF_EREASON); at most HF_CLOCK_REASON_MAX bytes (HF_ETOOBIG). It stays
	 * in the log */
	struct hf_bytes reason;
	int64_t by_us; /* by so much; 0: not given. Not together with `to` */
	hf_time to; /* to this instant; not given, as by_us is not: to the wall clock */
};

/* Sets it back, but never behind the wall clock, where it would not stay: a caller that asks for
 * more gets that. changed = false: it is not ahead of the wall clock, or of `to`; else
 * result->count is 1 and result->version the LSN. Waiting calls try again, since what they wait for
 * may be due at another instant. What has ended by then is logged first; where that is much, in
 * steps of their own, as upkeep would (they change no answer). A call that fails, or a process that
 * ends, in between leaves these steps and the clock as it was; the set-back itself is one entry. In
 * a transaction all of it is part of that (HF_ETOOBIG: hf_maintain() before it leaves less).
 * HF_EINVAL: form; all set-backs of a store together would be longer than 70,000 years. */
HF_API HF_CHECKED int hf_clock_set_back(hf_store *store, hf_txn *txn,
                                        const struct hf_clock_set_back_args *args,
                                        struct hf_result *result, struct hf_error *error);

#ifdef __cplusplus
}
#endif

#endif
