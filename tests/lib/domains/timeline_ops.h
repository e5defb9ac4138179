/* Short words for timelines in tests. Each fails the test unless the code is HF_OK; where the
 * code is what matters, use the public functions. */
#ifndef TESTS_LIB_TIMELINE_OPS_H
#define TESTS_LIB_TIMELINE_OPS_H

#include "holdfast/store.h"
#include "holdfast/timeline.h"

#define TL_NAME "audit"

enum { TL_TEXT = 4096 };

struct hf_result tl_append(hf_store *store, const char *timeline, const char *id, const char *type,
                           const char *subject, hf_time at, const char *payload);
/* A filter of TL_NAME; NULL: any. subject "": events of no subject. */
struct hf_timeline_filter tl_filter(const char *subject, const char *type);
/* The ids of one query, "a b c", in pages of `limit`; checks total, `next` and the items' own
 * fields against the filter. Valid until the next call. */
const char *tl_ids(hf_store *store, const struct hf_timeline_filter *filter, bool ascending,
                   size_t limit);
uint64_t tl_count(hf_store *store, const struct hf_timeline_filter *filter);
hf_time tl_latest(hf_store *store, const char *timeline);

#endif
