#include "lib/histogram.h"

#include <string.h>

/* Values below 64 have a bucket each; above, the leading bit picks the row and the next six bits
 * the bucket in it. */
static unsigned bucket_of(uint64_t ns)
{
	unsigned bits, bucket;

	if (ns < HISTOGRAM_SUB)
		return (unsigned)ns;
	bits = 63u - (unsigned)__builtin_clzll(ns);
	bucket = (bits - HISTOGRAM_SUB_BITS + 1) * HISTOGRAM_SUB +
	         (unsigned)((ns >> (bits - HISTOGRAM_SUB_BITS)) & (HISTOGRAM_SUB - 1));
	return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

/* The largest value that falls into the bucket: a percentile errs to the slow side. */
static uint64_t bucket_top(unsigned bucket)
{
	unsigned row = bucket / HISTOGRAM_SUB;
	uint64_t sub = bucket % HISTOGRAM_SUB;

	if (row == 0)
		return sub;
	return ((HISTOGRAM_SUB + sub + 1) << (row - 1)) - 1;
}

void histogram_clear(struct histogram *h)
{
	memset(h, 0, sizeof(*h));
}

void histogram_add(struct histogram *h, uint64_t ns)
{
	h->count++;
	h->buckets[bucket_of(ns)]++;
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
	into->count += from->count;
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		into->buckets[i] += from->buckets[i];
}

double histogram_percentile_us(const struct histogram *h, double share)
{
	double wanted = share * (double)h->count;
	uint64_t seen = 0;

	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += h->buckets[i];
		if (seen && (double)seen >= wanted)
			return (double)bucket_top(i) / 1000.0;
	}
	return 0.0;
}
