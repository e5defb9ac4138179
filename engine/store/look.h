/* Stores that are looked at from outside: read only, without the lock, maybe beside a writer. hf_log_each and hf_fsck are these two over the
 * real disk. */
#ifndef HF_STORE_LOOK_H
#define HF_STORE_LOOK_H

#include "holdfast/admin.h"
#include "os/os.h"
#include "store/domain.h"

HF_CHECKED int hf__log_each(const struct hf__os *os, const struct hf__domains *domains, hf_lsn from, unsigned flags, hf_log_fn each,
                            void *ctx, struct hf_error *error);
HF_CHECKED int hf__fsck(const struct hf__os *os, const struct hf__domains *domains, const struct hf_fsck_options *options,
                        hf_fsck_fn report, void *ctx, struct hf_fsck_summary *out, struct hf_error *error);

#endif
