/* Figures as text: families with their help, samples with labels. */
#ifndef HF_STORE_METRICS_EXPOSE_H
#define HF_STORE_METRICS_EXPOSE_H

#include "base/bytes.h"
#include "holdfast/metrics.h"
#include "store/metrics/counts.h"

struct hf__exposition {
	hf_metrics_write_fn write;
	void *ctx;
	bool openmetrics;
	bool ended; /* `write` wants no more */
	struct hf__writer piece;
	const char *family, *suffix;
	unsigned labels; /* of the sample that is being written */
};

enum hf__family_kind {
	HF__FAMILY_GAUGE,
	HF__FAMILY_COUNTER,
	HF__FAMILY_HISTOGRAM,
	HF__FAMILY_INFO,
};

/* A name without holdfast_ and without _total or _info. What follows are its samples. */
void hf__family(struct hf__exposition *e, enum hf__family_kind kind, const char *name,
                const char *help);

/* A sample: begun, its labels, its value. */
void hf__sample(struct hf__exposition *e);
void hf__label(struct hf__exposition *e, const char *name, const char *value);
/* A name of any bytes: see docs/operate/metrics.md. */
void hf__label_bytes(struct hf__exposition *e, const char *name, struct hf_bytes value);
void hf__value(struct hf__exposition *e, uint64_t value);
/* Shown as seconds. */
void hf__value_us(struct hf__exposition *e, int64_t us);
void hf__value_ns(struct hf__exposition *e, uint64_t ns);

/* A family of one sample without labels. */
void hf__gauge(struct hf__exposition *e, const char *name, const char *help, uint64_t value);
void hf__gauge_us(struct hf__exposition *e, const char *name, const char *help, int64_t us);
void hf__counter(struct hf__exposition *e, const char *name, const char *help, uint64_t value);

/* The samples of a histogram, with buckets up to 2^low ... 2^high; `nanoseconds`: shown as seconds.
 * `label` may be NULL. */
struct hf__buckets {
	unsigned low, high;
	bool nanoseconds;
};
void hf__histogram(struct hf__exposition *e, const struct hf__histogram *h,
                   const struct hf__buckets *buckets, const char *label, const char *value);

/* Hands over what is left. HF_OK, HF_ENOMEM, HF_ECANCELED. */
HF_CHECKED int hf__exposition_end(struct hf__exposition *e);

#endif
