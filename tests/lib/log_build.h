/* Builds segments with the real encoders, and damages them. The layout's numbers are stated here
 * once more, from FORMAT.md, so that a test does not take them from the code that it tests. */
#ifndef HF_TESTS_LOG_BUILD_H
#define HF_TESTS_LOG_BUILD_H

#include "log/group.h"

enum {
	LOG_BUILD_GROUPS = 32,
	/* Offsets inside a group, its frame first, and inside an entry header. */
	GROUP_MAGIC = 0,
	GROUP_SEGMENT = 4,
	GROUP_OFFSET = 8,
	GROUP_PAD_LEN = 12,
	GROUP_DURABLE_LSN = 16,
	GROUP_FRAME_SUM = 24,
	GROUP_PORTABLE = 32,
	GROUP_PORTABLE_MAGIC = 32,
	GROUP_FLAGS = 36,
	GROUP_EPOCH = 38,
	GROUP_UUID = 40,
	GROUP_ENTRY_COUNT = 56,
	GROUP_BODY_LEN = 60,
	GROUP_INCARNATION_LSN = 64,
	GROUP_FIRST_LSN = 72,
	GROUP_PREVIOUS_HASH = 80,
	GROUP_BODY_HASH = 96,
	GROUP_SUM = 104,
	GROUP_HEADER = 112,
	ENTRY_FLAGS = 6,
	ENTRY_ZERO = 7,
	ENTRY_BODY_SUM = 16,
	ENTRY_SUM = 24,
	ENTRY_HEADER = 32,
};

/* A segment in the making. */
struct log_build {
	struct hf__log_id id;
	/* the file so far; begins with 512 zero bytes in place of a segment header */
	struct hf__writer w;
	uint32_t segment;
	uint32_t align;
	uint64_t next_lsn;
	uint64_t previous_hash;
	uint64_t durable_lsn; /* what the next group will tell */
	size_t groups;
	/* of each group; the last: where the next one would begin */
	uint32_t start[LOG_BUILD_GROUPS + 1];
	uint64_t first_lsn[LOG_BUILD_GROUPS + 1];
	uint64_t chain[LOG_BUILD_GROUPS + 1]; /* hash of the group that ends at start[i] */
};

/* hf__entry_end and hf__group_end, and the checksums right away. */
void log_build_entry_end(struct hf__writer *w, size_t header, const struct hf__log_id *id,
                         const struct hf__entry *entry);
void log_build_group_end(struct hf__writer *w, size_t at, const struct hf__log_id *id,
                         struct hf__group_header *header, uint32_t align);
struct hf__log_id log_build_id(uint8_t fill, uint16_t epoch); /* a uuid of equal bytes */
struct log_build log_build(uint32_t align);
/* Appends a group of `entries` entries (the last ends a transaction) with bodies of `body_len`
 * bytes that tell LSN and position. The next group will tell that everything before this one was
 * durable. */
void log_build_group(struct log_build *b, uint32_t entries, size_t body_len);
/* Zeros up to `size` bytes. */
void log_build_fill(struct log_build *b, size_t size);
void log_build_free(struct log_build *b);

/* Computes a group's body hash and both header checksums anew over whatever stands there. */
void log_build_reseal_group(const struct hf__log_id *id, uint8_t *group);
/* The checksums of its portable header and its frame only. */
void log_build_reseal_headers(const struct hf__log_id *id, uint8_t *group);
/* The same for an entry's header checksum only, under this LSN. */
void log_build_reseal_entry(const struct hf__log_id *id, uint64_t lsn, uint8_t *entry);

#endif
