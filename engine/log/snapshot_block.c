/* Blocks of a snapshot file.
 *
 * Job: a header of 32 bytes, the stored bytes, zeros up to a multiple of 8. The stored bytes are
 * the raw ones, or one zstd frame of them if that is smaller.
 *
 * Happy path: the header's own checksum comes first, so that its lengths may be used; then the
 * checksum of the stored bytes, so that zstd is given nothing that no writer wrote; then the frame,
 * which has to give exactly the raw bytes that the header announces.
 *
 * Failure modes: bytes with right checksums that no writer of this project wrote. A frame is taken
 * only if it is one frame (RFC 8878) and nothing behind it, says its content size, and has neither
 * checksum nor dictionary; it is never given more room than raw_len.
 *
 * The contexts of zstd take their memory from base/mem.h, by functions that zstd calls
 * experimental and has not changed since 0.8; its shared library exports them. */
#define ZSTD_STATIC_LINKING_ONLY
#include "log/snapshot_block.h"

#include <zstd.h>
#include <zstd_errors.h>

#include "base/mem.h"

#define BLOCK_MAGIC "hfsb"
#define LEVEL 1

enum place {
	AT_TYPE = 4,
	AT_CODEC = 5,
	AT_RESERVED = 6,
	AT_STORED_LEN = 8,
	AT_RAW_LEN = 12,
	AT_STORED_SUM = 16,
	AT_HEADER_SUM = 24,
};

/* --- Headers ---------------------------------------------------------------------------------- */

uint32_t hf__snapshot_raw_max(uint8_t type)
{
	switch (type) {
	case HF__SNAPSHOT_ENTRIES:
		return HF__SNAPSHOT_ENTRIES_MAX;
	case HF__SNAPSHOT_PAYLOAD:
		return HF__SNAPSHOT_PAYLOAD_MAX;
	case HF__SNAPSHOT_DIRECTORY:
		return HF__SNAPSHOT_DIRECTORY_ITEMS * 8;
	default:
		return 0;
	}
}

size_t hf__snapshot_block_seal(struct hf__snapshot_block *block, uint64_t seed, uint8_t *at)
{
	const size_t size = (size_t)hf__snapshot_block_size(block);
	uint8_t *stored = at + HF__SNAPSHOT_BLOCK_HEADER;
	memset(stored + block->stored_len, 0, size - HF__SNAPSHOT_BLOCK_HEADER - block->stored_len);
	block->sum = hf__checksum(stored, block->stored_len, seed);
	memcpy(at, BLOCK_MAGIC, sizeof BLOCK_MAGIC - 1);
	at[AT_TYPE] = block->type;
	at[AT_CODEC] = block->packed;
	hf__store_u16(at + AT_RESERVED, 0);
	hf__store_u32(at + AT_STORED_LEN, block->stored_len);
	hf__store_u32(at + AT_RAW_LEN, block->raw_len);
	hf__store_u64(at + AT_STORED_SUM, block->sum);
	hf__store_u64(at + AT_HEADER_SUM, hf__checksum(at, AT_HEADER_SUM, seed));
	return size;
}

static bool lengths_possible(const struct hf__snapshot_block *block)
{
	if (block->raw_len == 0 || block->raw_len > hf__snapshot_raw_max(block->type))
		return false;
	return block->packed ? block->stored_len != 0 && block->stored_len < block->raw_len
	                     : block->stored_len == block->raw_len;
}

bool hf__snapshot_block_decode(const uint8_t at[HF__SNAPSHOT_BLOCK_HEADER], uint64_t seed,
                               bool features_unknown, struct hf__snapshot_block *out)
{
	if (memcmp(at, BLOCK_MAGIC, sizeof BLOCK_MAGIC - 1) != 0 ||
	    hf__load_u64(at + AT_HEADER_SUM) != hf__checksum(at, AT_HEADER_SUM, seed))
		return false;
	*out = (struct hf__snapshot_block){
	    .type = at[AT_TYPE],
	    .packed = at[AT_CODEC] == 1,
	    .stored_len = hf__load_u32(at + AT_STORED_LEN),
	    .raw_len = hf__load_u32(at + AT_RAW_LEN),
	    .sum = hf__load_u64(at + AT_STORED_SUM),
	};
	return at[AT_CODEC] <= 1 && lengths_possible(out) &&
	       (features_unknown || hf__load_u16(at + AT_RESERVED) == 0);
}

bool hf__snapshot_block_valid(const struct hf__snapshot_block *block, uint64_t seed,
                              const uint8_t *at)
{
	const size_t size = (size_t)hf__snapshot_block_size(block) - HF__SNAPSHOT_BLOCK_HEADER;
	const uint8_t *stored = at + HF__SNAPSHOT_BLOCK_HEADER;
	return hf__checksum(stored, block->stored_len, seed) == block->sum &&
	       hf__bytes_zero(stored + block->stored_len, size - block->stored_len);
}

/* --- Compression ------------------------------------------------------------------------------ */

static void *zstd_alloc(void *ctx, size_t size)
{
	(void)ctx;
	return hf__alloc(size);
}

static void zstd_free(void *ctx, void *memory)
{
	(void)ctx;
	hf__free(memory);
}

static const ZSTD_customMem zstd_memory = {zstd_alloc, zstd_free, NULL};

size_t hf__snapshot_pack_bound(size_t len)
{
	return ZSTD_compressBound(len);
}

int hf__snapshot_pack(struct ZSTD_CCtx_s **zstd, struct hf_bytes raw, uint8_t *out, size_t *out_len)
{
	if (!*zstd)
		*zstd = ZSTD_createCCtx_advanced(zstd_memory);
	if (!*zstd)
		return HF_ENOMEM;
	*out_len = ZSTD_compressCCtx(*zstd, out, ZSTD_compressBound(raw.len), raw.data, raw.len, LEVEL);
	/* There is room for the worst case: nothing else is left that can fail. */
	return ZSTD_isError(*out_len) ? HF_ENOMEM : HF_OK;
}

/* The byte behind the magic describes the frame: bits 0 and 1 dictionary, 2 checksum, 3 reserved, 4
 * unused. */
bool hf__snapshot_unpackable(const struct hf__snapshot_block *block, const uint8_t *stored)
{
	if (!block->packed)
		return true;
	return block->stored_len > 5 && hf__load_u32(stored) == ZSTD_MAGICNUMBER &&
	       (stored[4] & 0x1fu) == 0 &&
	       ZSTD_getFrameContentSize(stored, block->stored_len) == block->raw_len &&
	       ZSTD_findFrameCompressedSize(stored, block->stored_len) == block->stored_len;
}

int hf__snapshot_unpack(struct ZSTD_DCtx_s **zstd, const struct hf__snapshot_block *block,
                        const uint8_t *stored, uint8_t *raw)
{
	if (!block->packed) {
		memcpy(raw, stored, block->raw_len);
		return HF_OK;
	}
	if (!*zstd)
		*zstd = ZSTD_createDCtx_advanced(zstd_memory);
	if (!*zstd)
		return HF_ENOMEM;
	const size_t len = ZSTD_decompressDCtx(*zstd, raw, block->raw_len, stored, block->stored_len);
	if (ZSTD_isError(len) && ZSTD_getErrorCode(len) == ZSTD_error_memory_allocation)
		return HF_ENOMEM;
	return len == block->raw_len ? HF_OK : HF_ECORRUPT;
}

void hf__snapshot_pack_free(struct ZSTD_CCtx_s *zstd)
{
	(void)ZSTD_freeCCtx(zstd);
}

void hf__snapshot_unpack_free(struct ZSTD_DCtx_s *zstd)
{
	(void)ZSTD_freeDCtx(zstd);
}
