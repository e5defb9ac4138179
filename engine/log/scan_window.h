/* A segment of which a part lies in memory: what a long one is scanned through. */
#ifndef HF_LOG_SCAN_WINDOW_H
#define HF_LOG_SCAN_WINDOW_H

#include "base/bytes.h"

/* How much a search reads at a time: mostly zeros that are looked at once. */
#define HF__WINDOW_PEEK (128u << 10)

struct hf__scan_window {
	/* Reads up to `len` bytes at `at`; *got is less only at the file's end. 0 or an errno value. */
	int (*read)(void *ctx, void *into, size_t len, uint64_t at, size_t *got);
	void *ctx;
	uint32_t size; /* of the file, or of what of it is looked at */
	uint32_t piece; /* so much at least is read at a time; not 0 */
	/* What is not known to be durable is held until the scan ends, for a caller that writes it
	 * again (R7); and the verdict's durable_end is known. */
	bool keeps;
	int os_errno; /* why a read failed, ENOMEM too: nothing is read any more; 0: none did */
	/* Private. */
	uint32_t from; /* where in the file what is held begins */
	struct hf__writer held;
	uint8_t *peeked; /* HF__WINDOW_PEEK and `beyond` bytes of the search */
};

/* What is held from `at` on: `need` bytes at least, or up to `size`. What lies before `keep`, which
 * is not behind `at`, may go. With `need` 0 nothing is read. Valid until the next call. Empty where
 * a read failed. at <= size. */
struct hf_bytes hf__scan_window_at(struct hf__scan_window *w, uint32_t keep, uint32_t at,
                                   uint32_t need);
/* The same where it is held already, as it mostly is. false: ask that one. */
static inline bool hf__scan_window_has(const struct hf__scan_window *w, uint32_t at, uint32_t need,
                                       struct hf_bytes *out)
{
	if (w->os_errno != 0 || at < w->from || at - w->from >= w->held.len ||
	    w->held.len - (at - w->from) < need)
		return false;
	*out = hf_bytes_of(w->held.data + (at - w->from), w->held.len - (at - w->from));
	return true;
}
/* Up to HF__WINDOW_PEEK + `beyond` bytes from `at` on, beside what is held. `beyond` is the same in
 * all calls. Valid until the next call of it. Empty where a read failed. */
struct hf_bytes hf__scan_window_peek(struct hf__scan_window *w, uint32_t at, uint32_t beyond);
/* Frees what it holds. Its descriptor is the caller's. */
void hf__scan_window_deinit(struct hf__scan_window *w);

#endif
