/* WITNESS: how far the log is known to be durable, kept in a file that is written only after a
 * flush succeeded. Two slots of one sector, a page apart, written in turn by generation; a torn
 * slot costs nothing but the newer word. */
#ifndef HF_LOG_WITNESS_H
#define HF_LOG_WITNESS_H

#include "log/format.h"

struct hf__witness {
	uint64_t generation; /* 1 and up; slot = generation & 1 */
	uint8_t boot_id[16];
	struct hf__position end; /* everything before this is durable; {0, 0}: nothing yet */
	uint64_t lsn; /* of the last entry before `end` */
	uint64_t chain; /* hash of the last group before `end` */
	/* When it was written. */
	/* the store's clock, the set-backs not taken off: comparable whatever lies between */
	int64_t clock;
	/* the machine's clocks, microseconds; the second counts within boot_id only */
	int64_t wall, boot_clock;
	bool clean; /* written by a clean close: the log ends exactly here */
};

void hf__witness_encode(const struct hf__log_id *id, const struct hf__witness *witness,
                        uint8_t out[HF__WITNESS_SLOT_SIZE]);
HF_CHECKED int hf__witness_decode(const struct hf__log_id *id, const uint8_t *bytes, size_t len,
                                  struct hf__witness *out);
/* The newer valid slot of a whole file. false: none is valid (a legal state: both may have been
 * in flight), *out is zeroed. */
bool hf__witness_pick(const struct hf__log_id *id, const uint8_t *file, size_t len,
                      struct hf__witness *out);

#endif
