/* The smallest domain in which callers wait for something: boxes of permits, of which each call
 * takes and gives some. For tests of the waiting mechanism alone; it has no snapshot, so it is
 * not for tests of the laws. */
#ifndef TESTS_LIB_PERMITS_H
#define TESTS_LIB_PERMITS_H

#include "store/domain.h"

enum { PERMITS_BOXES = 3 };

/* Takes `take` and gives `give`; refused with HF_EBLOCKED before `opens_at` and while there are
 * too few. */
struct permits_move {
	size_t size;
	struct hf_write write;
	unsigned box;
	uint32_t take, give;
	int64_t opens_at;
};

extern const struct hf__verb permits_verb; /* of struct permits_move */
/* The only row of a table. */
const struct hf__domains *permits_domains(void);
uint32_t permits_in(const void *state, unsigned box);

#endif
