/* Segments: names, headers, and the making of a file whose blocks are already written. */
#ifndef HF_LOG_SEGMENT_H
#define HF_LOG_SEGMENT_H

#include "log/format.h"
#include "os/os.h"

/* The first sector of a segment. All zero until rotation writes it together with the first group. On where its predecessor ends it
 * is the authority (R4): bytes of the predecessor past that point do not exist. */
struct hf__segment_header {
	uint32_t format_major, format_minor;
	uint32_t compat, ro_compat, incompat;
	uint8_t uuid[16];
	uint16_t epoch;
	uint32_t number;
	uint32_t size; /* of the file when it was made, a multiple of HF__BLOCK; once the next segment pins its end it may be shorter */
	uint64_t first_lsn;
	bool jumped; /* first_lsn is last LSN + 1 + HF__LSN_JUMP or more: the stop before was not clean */
	struct hf__position previous_end; /* {0, 0} for the first of a store */
	uint64_t previous_lsn; /* last LSN before this segment; 0 for the first */
	uint64_t previous_hash; /* hash of the last group before it; 0 for the first */
};

void hf__segment_header_encode(const struct hf__log_id *id, const struct hf__segment_header *header, uint8_t out[HF__SEGMENT_HEADER_SIZE]);
HF_CHECKED int hf__segment_header_decode(const struct hf__log_id *id, const uint8_t *bytes, size_t len, struct hf__segment_header *out);

void hf__segment_name(uint32_t number, char out[HF__NAME_MAX]);
/* false: not a segment's name. */
bool hf__segment_name_parse(const char *name, uint32_t *number);
bool hf__segment_tmp_name(const char *name); /* a leftover of hf__segment_prepare */

/* Makes segment `number` of `size` zero bytes: temporary name, written in 4 KiB pieces, synced, renamed, directory synced. On
 * success *file is open for writing. On failure the temporary file is removed (best effort) and *unknowable says whether a sync
 * failed (the store must fail) or not (nothing happened). Returns 0 or an errno value. */
HF_CHECKED int hf__segment_prepare(const struct hf__os *os, uint32_t number, uint32_t size, int *file, bool *unknowable);

#endif
