/* Where sealed groups go. The local disk is one such place (local_sink.c).
 *
 * A sink answers 0, or an errno: then it is not known whether the group is there, the store fails
 * for good, and the callers in the group hear HF_EUNCERTAIN. One that other writers share can know
 * a third case: another group stands in that place, so that this one never will. Answers are read
 * in one place, finish() in flush.c. */
#ifndef HF_STORE_SINK_H
#define HF_STORE_SINK_H

#include <stdbool.h>
#include <stdint.h>

#include "log/group.h"
#include "log/segment.h"
#include "store/metrics/counts.h"

struct hf_store;

/* What the leader takes along out of the lock. */
struct hf__flush {
	struct hf__buffer *group; /* NULL: nothing to write, only to sync */
	int file;
	int old_file; /* the segment that this group's segment follows, or -1 */
	bool sync_old;
	bool opens; /* the group is the first of its segment */
	bool sync;
	uint32_t turn; /* of those that write */
	uint32_t transactions;
	struct hf__group_times times; /* of it */
	struct hf__late late; /* others that the sync serves */
	int64_t handed; /* ticks: the group was with the kernel; 0: nobody asked */
	bool alone; /* it serves one commit, which wants a sync and gets it: `first` is all there is */
	struct hf__position end;
	uint64_t lsn;
	uint64_t chain;
	/* Of the group, and of the segment if it opens one: what is left to be summed. */
	struct hf__group_header header;
	struct hf__segment_header segment;
};

/* For leaders, not under the lock: one at a time writes, and one syncs, perhaps beside it. */
struct hf__sink {
	/* After 0 the group, if there is one, outlives this process. `now`: ticks. */
	int (*write)(struct hf_store *s, const struct hf__flush *f, int64_t now);
	/* After 0 everything up to f->lsn outlives the machine. Only after a good write, if f->sync. */
	int (*sync)(struct hf_store *s, const struct hf__flush *f);
	/* The flush turned to a new segment, and is over, good or not: f->old_file is done with. */
	int (*leave)(struct hf_store *s, const struct hf__flush *f);
};

extern const struct hf__sink hf__local_sink;

#endif
