/* The store's own figures: what no domain knows. */
#ifndef HF_STORE_METRICS_OWN_H
#define HF_STORE_METRICS_OWN_H

#include "log/name.h"
#include "store/internal.h"
#include "store/metrics/expose.h"

/* What the directory holds. */
struct hf__files_found {
	bool known; /* false: the directory, or a size in it, cannot be read now */
	uint64_t segments, segment_bytes;
	uint64_t snapshots, snapshot_bytes;
	uint64_t covered_bytes; /* of segments that lie before the newest snapshot */
	uint64_t newest; /* LSN of the newest snapshot that is the store's own; 0: there is none */
	uint64_t newest_bytes;
	int64_t newest_clock; /* mono */
};

struct hf__own {
	struct hf_info info;
	struct hf__counts counts;
	struct hf__files_found files;
	uint64_t undurable, replay_entries, waiting, open_segments;
	int64_t mono, ticks;
	int fault_errno;
};

/* call/info.c. The lock is held. */
void hf__info_fill(struct hf_store *store, struct hf_info *out);
/* Not under the lock. */
void hf__files_find(struct hf_store *s, struct hf__files_found *out);
/* Between hf__follow_begin() and its end, not under the lock. */
void hf__own_gather(struct hf_store *s, struct hf__own *own);
void hf__own_expose(struct hf__exposition *e, const struct hf__own *own);

#endif
