/* Latencies counted in logarithmic buckets: 64 to each power of two, so a percentile is at most
 * 1.6 % too high. Fixed size, no allocation, no lock: one per thread, added up afterwards. */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>

enum {
	HISTOGRAM_SUB_BITS = 6,
	HISTOGRAM_SUB = 1 << HISTOGRAM_SUB_BITS,
	/* up to 2^40 ns, 18 minutes */
	HISTOGRAM_BUCKETS = (40 - HISTOGRAM_SUB_BITS + 1) * HISTOGRAM_SUB,
};

struct histogram {
	uint64_t count;
	uint32_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_clear(struct histogram *h);
void histogram_add(struct histogram *h, uint64_t ns);
void histogram_merge(struct histogram *into, const struct histogram *from);

/* The smallest value that at least `share` (0 to 1) of all counted are not above, in
 * microseconds; 0 when nothing was counted. */
double histogram_percentile_us(const struct histogram *h, double share);

#endif
