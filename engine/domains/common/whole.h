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

/* What was gathered so far. Zeroed but for `item`. */
struct hf__whole {
	size_t item; /* the size of one */
	struct hf__stepping stepping; /* for struct hf__asking, all steps with the same answer */
	uint8_t *items; /* heap */
	size_t count, cap;
};

/* After a step that went well: its items are kept. HF_OK or HF_ENOMEM. */
HF_CHECKED int hf__whole_take(struct hf__whole *whole, const void *items, size_t count);
/* All of them in the answer's memory. HF_OK or HF_ENOMEM. */
HF_CHECKED int hf__whole_give(struct hf__whole *whole, struct hf__answer *answer, void *out);
/* To begin anew, and at the end. The answer is reset by its reads. */
void hf__whole_reset(struct hf__whole *whole);

#endif
