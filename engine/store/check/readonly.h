/* Stores that are looked at from outside: read only, without the lock, maybe beside a writer.
 * hf_log_each, hf_fsck and hf_feed_open_path are these over the real disk. */
#ifndef HF_STORE_LOOK_H
#define HF_STORE_LOOK_H

#include "holdfast/admin.h"
#include "holdfast/feed.h"
#include "os/os.h"
#include "store/domain.h"

HF_CHECKED int hf__log_each(const struct hf__os *os, const struct hf__domains *domains, hf_lsn from,
                            unsigned flags, hf_log_fn each, void *ctx, struct hf_error *error);
HF_CHECKED int hf__segments_each(const struct hf__os *os, const struct hf__domains *domains,
                                 hf_segment_fn each, void *ctx, struct hf_error *error);
/* *last: the newest entry of the log, durable or not; unchanged if none is newer. */
HF_CHECKED int hf__log_end(const struct hf__os *os, const struct hf__domains *domains, hf_lsn *last,
                           struct hf_error *error);
HF_CHECKED int hf__fsck(const struct hf__os *os, const struct hf__domains *domains,
                        const struct hf_fsck_options *options, hf_fsck_fn report, void *ctx,
                        struct hf_fsck_summary *out, struct hf_error *error);
/* As hf_feed_open_path. From hf__feed_own_os on closing the feed releases the seam too. */
HF_CHECKED int hf__feed_look(const struct hf__os *os, const struct hf__domains *domains,
                             hf_lsn from, struct hf_feed **out, struct hf_error *error);
void hf__feed_own_os(struct hf_feed *feed, struct hf__os *os, void (*release)(struct hf__os *os));

/* hf_event_concerns over a table of domains. */
bool hf__event_concerns(const struct hf__domains *domains, const struct hf_event *event,
                        const struct hf_bytes *key, unsigned parts);

#endif
