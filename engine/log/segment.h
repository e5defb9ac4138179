/* Segments: names, headers, and the making of a file whose blocks are already written. */
#ifndef HF_LOG_SEGMENT_H
#define HF_LOG_SEGMENT_H

#include "log/format.h"
#include "log/sector.h"
#include "os/os.h"

/* The first sector of a segment. All zero until rotation writes it together with the first
 * group. On where its predecessor ends it is the authority (R4): bytes of the predecessor past
 * that point do not exist. */
struct hf__segment_header {
	uint32_t format_major, format_minor;
	uint32_t compat, ro_compat, incompat;
	uint8_t uuid[16];
	uint16_t epoch;
	uint32_t number;
	/* of the file when it was made, a multiple of HF__BLOCK; once the next segment pins its end
	 * it may be shorter */
	uint32_t size;
	uint64_t first_lsn;
	/* first_lsn is last LSN + 1 + HF__LSN_JUMP or more: the stop before was not clean */
	bool jumped;
	struct hf__position previous_end; /* {0, 0} for the first of a store */
	uint64_t previous_lsn; /* last LSN before this segment; 0 for the first */
	uint64_t previous_hash; /* hash of the last group before it; 0 for the first */
};

void hf__segment_header_encode(const struct hf__log_id *id, const struct hf__segment_header *header,
                               uint8_t out[HF__SEGMENT_HEADER_SIZE]);
HF_CHECKED int hf__segment_header_decode(const struct hf__log_id *id, const uint8_t *bytes,
                                         size_t len, struct hf__segment_header *out);
/* Do magic and checksum hold under the uuid, epoch and number that it bears itself? Then *out is
 * that head, of whatever store and version. */
bool hf__segment_header_whole(const uint8_t *bytes, size_t len, struct hf__head *out);

void hf__segment_name(uint32_t number, char out[HF__NAME_MAX]);
/* false: not a segment's name. */
bool hf__segment_name_parse(const char *name, uint32_t *number);
bool hf__segment_tmp_name(const char *name); /* a leftover of hf__segment_prepare */

/* How long the file of a segment is left that ends at `end`. */
static inline uint32_t hf__segment_cut_size(uint32_t end)
{
	return (end + HF__BLOCK - 1) & ~(HF__BLOCK - 1);
}

/* A segment in the making: a file of zeros under a temporary name. `file` -1: none. */
struct hf__making {
	uint32_t number, size;
	uint32_t at; /* zeros were written up to here */
	int file;
};

/* `size`, or the half of it and so on down to `least`, until the disk says that it has room for
 * so much and `spare` bytes more. */
uint32_t hf__segment_fit(const struct hf__os *os, uint32_t size, uint32_t least, uint32_t spare);
uint32_t hf__segment_half(uint32_t size, uint32_t least);

/* The steps of making one, for a caller that does it bit by bit. A step that fails removes the
 * temporary file (best effort) and leaves none in the making; *unknowable: a sync failed (the store
 * must fail), else nothing happened. Each returns 0 or an errno value. begin: the temporary file,
 * with room for all of it. fill: up to `bytes` more zeros. publish: when it is full; *file is
 * then open for writing. */
HF_CHECKED int hf__segment_begin(const struct hf__os *os, struct hf__making *m, uint32_t number,
                                 uint32_t size);
HF_CHECKED int hf__segment_fill(const struct hf__os *os, struct hf__making *m, uint32_t bytes,
                                bool *unknowable);
HF_CHECKED int hf__segment_publish(const struct hf__os *os, struct hf__making *m, int *file,
                                   bool *unknowable);
/* Gives it up. */
void hf__segment_drop(const struct hf__os *os, struct hf__making *m);

/* All of it: makes segment `number` of `size` zero bytes: temporary name, written in 4 KiB
 * pieces, synced, renamed, directory synced. On success *file is open for writing. On failure
 * the temporary file is removed (best effort) and *unknowable says whether a sync failed (the
 * store must fail) or not (nothing happened). Returns 0 or an errno value. */
HF_CHECKED int hf__segment_prepare(const struct hf__os *os, uint32_t number, uint32_t size,
                                   int *file, bool *unknowable);

#endif
