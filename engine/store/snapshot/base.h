/* The snapshot that payloads are read from: the one that an opening took its state from, or the one
 * that a compaction moved them to. Its file stays open until the next compaction or the end of the
 * store, whatever becomes of its name. There are two, since one is there until no read of it is
 * under way any more: an index, and in a payload that plus 1. */
#ifndef HF_STORE_SNAPSHOT_BASE_H
#define HF_STORE_SNAPSHOT_BASE_H

#include "log/snapshot.h"
#include "os/os.h"
#include "store/domain.h"

#define HF__BASES 2u

struct hf__base {
	const struct hf__os *os; /* NULL: the state came from the log alone */
	int file;
	struct hf__snapshot_reader reader;
};

/* Opens `name` and reads what an opening needs of it. *os_errno: of a failed call, else 0. HF_OK;
 * HF_ECORRUPT, HF_EVERSION, HF_EIO, HF_ENOMEM with *fault filled, and nothing is open. */
HF_CHECKED int hf__base_open(struct hf__base *base, const struct hf__os *os, const char *name,
                             struct hf__snapshot_fault *fault);
/* The same for one whose header, trailer or directory is damaged: see hf__snapshot_open_damaged. */
HF_CHECKED int hf__base_open_damaged(struct hf__base *base, const struct hf__os *os,
                                     const char *name, const struct hf__snapshot_header *assumed,
                                     struct hf__snapshot_gaps *gaps,
                                     struct hf__snapshot_fault *fault);
void hf__base_close(struct hf__base *base);
/* The bytes of a payload that lies in it. On any number of threads. */
HF_CHECKED int hf__base_payload(struct hf__base *base, const struct hf__payload *payload,
                                uint8_t *out, int *os_errno);

#endif
