/* Entries of a snapshot become state: by the same apply as those of the log. */
#ifndef HF_STORE_SNAPSHOT_LOAD_H
#define HF_STORE_SNAPSHOT_LOAD_H

#include "log/entry.h"
#include "object/change.h"
#include "store/domain.h"

/* One entry, as a change of its own. HF_OK; HF_ENOMEM, HF_ECORRUPT: nothing was done. */
HF_CHECKED int hf__load_entry(const struct hf__domain *row, void *state, struct hf__change *change,
                              const struct hf__entry *entry);

#endif
