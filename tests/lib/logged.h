/* The entries that a store wrote, read back from its disk; and a domain's state without a store,
 * to apply them to. */
#ifndef TESTS_LIB_LOGGED_H
#define TESTS_LIB_LOGGED_H

#include "lib/sim/sim_os.h"
#include "log/entry.h"
#include "object/change.h"
#include "store/domain.h"

struct logged {
	/* in order; bodies in allocations of their own, as long as they are; places left out */
	struct hf__entry *entries;
	size_t count, cap;
};

/* Ends the test if the log is not whole. */
void logged_read(struct logged *logged, struct sim *sim);
void logged_free(struct logged *logged);

struct bare {
	const struct hf__domain *row;
	void *state;
	struct hf__change change;
};

void bare_init(struct bare *bare, const struct hf__domain *row);
void bare_deinit(struct bare *bare);
/* Applies the entry. On success its change is open: end it with hf__change_keep() or
 * hf__change_undo(). On failure it was undone. */
int bare_apply(struct bare *bare, const struct hf__entry *entry);
/* Canonical bytes of the state; free with hf__writer_deinit. */
struct hf__writer bare_snapshot(const struct bare *bare);
/* The domain's own verify; ends the test with its words unless it answers `expected`. */
void bare_verify(const struct bare *bare, int expected);

#endif
