/* A cut becomes the bytes of a snapshot file. */
#ifndef HF_STORE_SNAPSHOT_WRITE_H
#define HF_STORE_SNAPSHOT_WRITE_H

#include "store/snapshot/cut.h"

/* Once for each cut. *entries (nullable): how many. HF_OK; HF_ENOMEM; HF_EIO with *os_errno, of the
 * sink, a payload or what was sorted; HF_ECORRUPT: a payload is damaged. */
HF_CHECKED int hf__cut_write(struct hf__cut_state *cut, struct hf__snapshot_sink sink,
                             uint64_t *entries, int *os_errno);

#endif
