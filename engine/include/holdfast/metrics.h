/* Figures of a store for monitoring systems, as text: docs/operate/metrics.md says what each
 * means. */
#ifndef HOLDFAST_METRICS_H
#define HOLDFAST_METRICS_H

#include "holdfast/types.h"

#ifdef __cplusplus
extern "C" {
#endif

enum hf_metrics_format {
	HF_METRICS_PROMETHEUS = 0, /* text format 0.0.4 */
	HF_METRICS_OPENMETRICS = 1, /* OpenMetrics 1.0, which ends with a line "# EOF" */
};

/* What an HTTP answer calls them. */
#define HF_METRICS_PROMETHEUS_TYPE "text/plain; version=0.0.4; charset=utf-8"
#define HF_METRICS_OPENMETRICS_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

struct hf_metrics_options {
	size_t size; /* types.h */
	enum hf_metrics_format format;
};

/* Takes the next piece of the text: UTF-8 without a NUL, `len` > 0 bytes, which live until it
 * returns. A piece may end anywhere, but not within a character. false ends hf_metrics() with
 * HF_ECANCELED. It is called on the caller's thread with no lock held: it may take its time, and
 * may call holdfast, but for closing the store. */
typedef bool (*hf_metrics_write_fn)(void *ctx, const char *text, size_t len);

/* Gives all figures of the store to `write`, as they are now, without waiting for durability and
 * without changing anything; also after the store has failed. What this handle cannot know is
 * absent: a read-only one does not see the writer's flushes, faults and compactions. Of each figure
 * that has names (queues, cursors) at most 1,000 series, and one more, with empty names, for the
 * rest: their sum, of ages the greatest. NULL options are the defaults. No hold of the store's lock
 * is longer than some milliseconds, however much there is.
 *
 * After a failure `write` may have been given a part. Errors: HF_EINVAL (no `write`, no such
 * format), HF_ECANCELED, HF_ENOMEM, HF_EREADONLY (a transaction's handle), HF_EFORK; of a read-only
 * handle also those of hf_open_read(). Thread-safe. */
HF_API HF_CHECKED int hf_metrics(hf_store *store, hf_metrics_write_fn write, void *ctx,
                                 const struct hf_metrics_options *options, struct hf_error *error);

#ifdef __cplusplus
}
#endif

#endif
