/* The figures of all domains, gathered in steps. */
#ifndef HF_STORE_METRICS_COLLECT_H
#define HF_STORE_METRICS_COLLECT_H

#include "store/internal.h"
#include "store/metrics/figures.h"

#define HF__ROWS_MAX 1000u

/* One named thing and its values. */
struct hf__row {
	struct hf_bytes parts[HF__FIGURE_PARTS];
	int64_t values[HF__FIGURE_COLUMNS];
};

/* What was gathered of one kind. */
struct hf__table {
	const struct hf__figures *figures;
	struct hf__row *rows;
	size_t count, cap;
	uint64_t all; /* how many there are */
	struct hf__row rest; /* of those beyond HF__ROWS_MAX, if there are any */
};

#define HF__TABLES_MAX 8u
#define HF__OBJECTS_MAX 24u

struct hf__object_count {
	const char *domain, *kind;
	uint64_t count;
};

struct hf__collection {
	struct hf__arena names;
	struct hf__table tables[HF__TABLES_MAX], *now; /* the one that is being filled */
	unsigned table_count;
	struct hf__object_count objects[HF__OBJECTS_MAX];
	unsigned object_count;
	bool no_memory;
};

/* Between hf__follow_begin() and its end, not under the lock. HF_OK, HF_ENOMEM, or why the state of
 * a read-only handle cannot be shown. */
HF_CHECKED int hf__collect(struct hf_store *s, struct hf__collection *c, struct hf_error *error);
void hf__collection_deinit(struct hf__collection *c);

#endif
