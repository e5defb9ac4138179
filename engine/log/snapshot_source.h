/* Blocks of a snapshot file as they are read: what opening and reading have in common. */
#ifndef HF_LOG_SNAPSHOT_SOURCE_H
#define HF_LOG_SNAPSHOT_SOURCE_H

#include "log/snapshot_block.h"

/* Memory for one block at a time. A zeroed one holds nothing. */
struct hf__snapshot_bench {
	struct ZSTD_DCtx_s *zstd;
	struct hf__snapshot_area {
		uint8_t *data;
		size_t cap;
	} block, raw;
	uint64_t unpacked; /* the payload block that lies in `raw`, plus 1; 0: none */
	uint32_t unpacked_len;
};
void hf__snapshot_bench_deinit(struct hf__snapshot_bench *bench);

/* A block as it was read. */
struct hf__snapshot_found {
	struct hf__snapshot_block block;
	const uint8_t *stored; /* in the bench */
};

/* Each fills *fault, if there is one, and returns the code. */
int hf__snapshot_fail(struct hf__snapshot_fault *fault, int rc, uint64_t at, const char *what);
int hf__snapshot_damaged(struct hf__snapshot_fault *fault, uint64_t at, const char *what);
int hf__snapshot_no_memory(struct hf__snapshot_fault *fault, uint64_t at);

HF_CHECKED int hf__snapshot_source_read(const struct hf__snapshot_reader *r, void *to, size_t len,
                                        uint64_t at, struct hf__snapshot_fault *fault);
/* Reads the block that begins at `at` and has to end at `end`, and verifies all but what zstd makes
 * of it. The two are verified, or lie within the file. */
HF_CHECKED int hf__snapshot_block_read(const struct hf__snapshot_reader *r,
                                       struct hf__snapshot_bench *bench, uint64_t at, uint64_t end,
                                       enum hf__snapshot_type type, struct hf__snapshot_found *out,
                                       struct hf__snapshot_fault *fault);
/* The raw bytes of the block at `at`, to `to`. */
HF_CHECKED int hf__snapshot_unpack_to(struct hf__snapshot_bench *bench,
                                      const struct hf__snapshot_found *found, uint64_t at,
                                      uint8_t *to, struct hf__snapshot_fault *fault);
/* The same, to bench->raw. */
HF_CHECKED int hf__snapshot_unpack_here(struct hf__snapshot_bench *bench,
                                        const struct hf__snapshot_found *found, uint64_t at,
                                        struct hf__snapshot_fault *fault);

static inline uint64_t hf__snapshot_item_offset(uint64_t item)
{
	return item & ~(uint64_t)HF__SNAPSHOT_TYPE_MASK;
}

static inline enum hf__snapshot_type hf__snapshot_item_type(uint64_t item)
{
	return (enum hf__snapshot_type)(item & HF__SNAPSHOT_TYPE_MASK);
}

#endif
