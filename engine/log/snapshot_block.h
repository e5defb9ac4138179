/* Blocks of a snapshot file: their headers, checksums and compression. What reader and writer have
 * in common. */
#ifndef HF_LOG_SNAPSHOT_BLOCK_H
#define HF_LOG_SNAPSHOT_BLOCK_H

#include "log/snapshot.h"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

#define HF__SNAPSHOT_TRAILER_MAGIC "hfsnapen"

enum hf__snapshot_type {
	HF__SNAPSHOT_ENTRIES = 1,
	HF__SNAPSHOT_PAYLOAD = 2,
	HF__SNAPSHOT_DIRECTORY = 3,
};
/* Of an item of the directory; the rest is the offset. */
#define HF__SNAPSHOT_TYPE_MASK 7u

struct hf__snapshot_block {
	uint8_t type; /* enum hf__snapshot_type */
	bool packed; /* a zstd frame; else the bytes themselves */
	uint32_t stored_len, raw_len;
	uint64_t sum; /* of the stored bytes */
};

/* Raw bytes of a block of this type at most; 0: there is no such type. */
uint32_t hf__snapshot_raw_max(uint8_t type);
/* Header, stored bytes, padding. */
static inline uint64_t hf__snapshot_block_size(const struct hf__snapshot_block *block)
{
	return HF__SNAPSHOT_BLOCK_HEADER +
	       ((uint64_t)block->stored_len + HF__ALIGN - 1) / HF__ALIGN * HF__ALIGN;
}

/* Completes a block whose stored bytes lie behind the room for its header: header, padding (up to 7
 * bytes more). Returns its size. */
size_t hf__snapshot_block_seal(struct hf__snapshot_block *block, uint64_t seed, uint8_t *at);
/* Is what stands here a valid header? */
bool hf__snapshot_block_decode(const uint8_t at[HF__SNAPSHOT_BLOCK_HEADER], uint64_t seed,
                               bool features_unknown, struct hf__snapshot_block *out);
/* Are stored bytes and padding valid that lie behind the header? All of the block is there. */
bool hf__snapshot_block_valid(const struct hf__snapshot_block *block, uint64_t seed,
                              const uint8_t *at);

/* The largest that `len` bytes can become. */
size_t hf__snapshot_pack_bound(size_t len);
/* Compresses into hf__snapshot_pack_bound bytes. *zstd is made at the first use. HF_OK,
 * HF_ENOMEM. */
HF_CHECKED int hf__snapshot_pack(struct ZSTD_CCtx_s **zstd, struct hf_bytes raw, uint8_t *out,
                                 size_t *out_len);
/* Gives the raw_len raw bytes of a valid block. *zstd likewise. HF_OK, HF_ECORRUPT, HF_ENOMEM. */
HF_CHECKED int hf__snapshot_unpack(struct ZSTD_DCtx_s **zstd,
                                   const struct hf__snapshot_block *block, const uint8_t *stored,
                                   uint8_t *raw);
/* Could these stored bytes give raw_len bytes? Without decompressing them. */
bool hf__snapshot_unpackable(const struct hf__snapshot_block *block, const uint8_t *stored);
void hf__snapshot_pack_free(struct ZSTD_CCtx_s *zstd);
void hf__snapshot_unpack_free(struct ZSTD_DCtx_s *zstd);

#endif
