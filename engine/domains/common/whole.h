/* Lists without a limit, of many: gathered in steps, under one short hold of the store's lock each,
 * and given only if nothing of what is listed changed meanwhile, so that they are of one moment all
 * the same (docs/interface/long-calls.md). Job: to begin anew where something did, and to put what
 * the steps gave in one piece. Failure modes: too many changes: the caller reads under one hold; no
 * memory is HF_ENOMEM, and nothing is left. I-WHOLE-1: a list is of one moment, however many steps
 * it took. */
#ifndef HF_DOMAINS_WHOLE_H
#define HF_DOMAINS_WHOLE_H

#include "store/domain.h"

/* Items of a step, and how often it is begun. */
#define HF__WHOLE_STEP ((size_t)1000)
#define HF__WHOLE_TRIES 4u

/* An array of what a list fills: most fill one, those of an outbox two. */
struct hf__gathered {
	size_t at, count_at; /* where in what it fills the pointer and the count lie */
	size_t item; /* the size of one */
	uint8_t *items; /* heap */
	size_t count, cap;
};
#define HF__GATHERED_MAX 2u

/* What was gathered so far. */
struct hf__whole {
	struct hf__stepping stepping; /* for struct hf__asking, all steps with the same answer */
	struct hf__gathered of[HF__GATHERED_MAX];
	unsigned count; /* of these */
	size_t next_at; /* where the token lies */
};

/* By the table of what the list fills. */
void hf__whole_begin(struct hf__whole *whole, const struct hf_api_struct *fills);
/* The token behind what a step filled; NULL: it was the last. */
const char *hf__whole_next(const struct hf__whole *whole, const void *filled);
/* After a step that went well: its items are kept. HF_OK or HF_ENOMEM. */
HF_CHECKED int hf__whole_take(struct hf__whole *whole, const void *filled);
/* All of them into `out`, in the answer's memory. HF_OK or HF_ENOMEM. */
HF_CHECKED int hf__whole_give(struct hf__whole *whole, struct hf__answer *answer, void *out);
/* At the end of a try, which may have failed. The answer is reset by its reads. */
void hf__whole_reset(struct hf__whole *whole);

#endif
