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
/* Is this the header of the store's own snapshot up to that LSN? No export is: it says nothing of
 * any log, so nothing begins with it and no log is removed for it. */
bool hf__base_is_own(const struct hf__log_id *id, uint64_t lsn,
                     const struct hf__snapshot_header *header);
/* That header alone, and the size of the file (`size` may be NULL). HF_OK; HF_ENOTFOUND: there is
 * no such file, or it is damaged, or not the store's own; HF_EIO with *os_errno: nothing is known
 * (R9). A failed closing changes nothing about what was read. */
HF_CHECKED int hf__base_header(const struct hf__os *os, const struct hf__log_id *id, uint64_t lsn,
                               struct hf__snapshot_header *header, uint64_t *size, int *os_errno);
/* The bytes of a payload that lies in it. On any number of threads. */
HF_CHECKED int hf__base_payload(struct hf__base *base, const struct hf__payload *payload,
                                uint8_t *out, int *os_errno);

#endif
