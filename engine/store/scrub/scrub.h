/* Cold files are read again, slowly: docs/scrub.md. Part of internal.h. */
#ifndef HF_STORE_SCRUB_H
#define HF_STORE_SCRUB_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "log/format.h"

struct hf_store;
struct hf__scrub_round;

/* A finding that was counted. */
struct hf__scrub_known {
	char file[HF__NAME_MAX];
	uint64_t offset;
	int code;
};

struct hf__scrub {
	uint32_t head; /* the newest segment that the opening found; 0: none */
	_Atomic bool at_work; /* the thread that set it owns the members up to `wake_at` */
	struct hf__scrub_round *round; /* of upkeep; NULL: none is under way */
	int64_t free_at; /* ticks from which on the next piece may be read */
	int64_t began; /* the newest round; 0: none did */
	unsigned yielded; /* so many times in a row */
	_Atomic int64_t wake_at; /* ticks: when upkeep has something to do here */
	struct hf__scrub_known *known; /* the lock guards these */
	size_t count, cap;
};

/* What upkeep has to do for it now. Not under the lock. Ends at `until` (ticks), behind a piece. */
void hf__scrub_upkeep(struct hf_store *s, int64_t until);
/* Nanoseconds until hf__scrub_upkeep has something to do, `most` at most. */
long hf__scrub_sleep(const struct hf_store *s, long most);
/* The round of upkeep is given up. No thread of upkeep runs any more. */
void hf__scrub_close(struct hf_store *s);
/* The same for a copy in a forked child, whose files are the parent's. */
void hf__scrub_forget(struct hf_store *s);

#endif
