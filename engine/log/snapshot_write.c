/* Writing a snapshot file.
 *
 * Job: header, blocks, directory, trailer, in one pass and with the memory of two open blocks and 8
 * bytes for each block behind them.
 *
 * Happy path: entries gather in one open block and payloads in another. Each is written once it is
 * full: the offset of a block goes into the directory, so both kinds can lie in any order. A
 * reference is known as soon as its payload is put, since payload blocks are counted by themselves.
 *
 * Failure modes: the first failure stays, and every later call returns it: what was written is no
 * snapshot without its trailer. Same calls, same bytes (of one version of zstd).
 *
 * Both buffers begin with room for a block's header, so that what zstd does not make smaller is
 * written from where it lies. */
#include <assert.h>

#include "log/snapshot_block.h"

/* An open entries block is closed when it has so many bytes. */
#define ENTRIES_ENOUGH (128u << 10)
#define PAYLOAD_FULL HF__SNAPSHOT_PAYLOAD_MAX

static int failed(struct hf__snapshot_writer *w, int rc)
{
	w->rc = rc;
	return rc;
}

static int sink_write(struct hf__snapshot_writer *w, const void *data, size_t len)
{
	w->os_errno = w->sink.write(w->sink.ctx, data, len);
	if (w->os_errno != 0)
		return failed(w, HF_EIO);
	w->at += len;
	return HF_OK;
}

int hf__snapshot_begin(struct hf__snapshot_writer *w, const struct hf__snapshot_header *header,
                       struct hf__snapshot_sink sink)
{
	uint8_t sector[HF__SNAPSHOT_HEADER_SIZE];
	*w = (struct hf__snapshot_writer){
	    .header = *header, .sink = sink, .seed = hf__snapshot_seed(header)};
	hf__snapshot_header_encode(header, sector);
	return sink_write(w, sector, sizeof sector);
}

/* --- Blocks ----------------------------------------------------------------------------------- */

static size_t raw_len(const struct hf__writer *open)
{
	return open->len ? open->len - HF__SNAPSHOT_BLOCK_HEADER : 0;
}

/* Room for the header of a block that has nothing yet. */
static void block_begin(struct hf__writer *open)
{
	if (open->len == 0)
		hf__put_zeros(open, HF__SNAPSHOT_BLOCK_HEADER);
}

/* Compresses the open block. *at: where the block lies whose stored bytes are in place. */
static int block_pack(struct hf__snapshot_writer *w, struct hf__writer *open,
                      struct hf__snapshot_block *block, uint8_t **at)
{
	const size_t bound = hf__snapshot_pack_bound(block->raw_len);
	size_t len;
	w->packed.len = 0;
	if (!hf__writer_reserve(open, HF__ALIGN) ||
	    !hf__writer_reserve(&w->packed, HF__SNAPSHOT_BLOCK_HEADER + bound + HF__ALIGN))
		return failed(w, HF_ENOMEM);
	const struct hf_bytes raw = hf_bytes_of(open->data + HF__SNAPSHOT_BLOCK_HEADER, block->raw_len);
	const int rc =
	    hf__snapshot_pack(&w->zstd, raw, w->packed.data + HF__SNAPSHOT_BLOCK_HEADER, &len);
	if (rc != HF_OK)
		return failed(w, rc);
	block->packed = len < block->raw_len;
	block->stored_len = block->packed ? (uint32_t)len : block->raw_len;
	*at = block->packed ? w->packed.data : open->data;
	return HF_OK;
}

/* Writes the open block, if there is one, and empties it. */
static int block_flush(struct hf__snapshot_writer *w, struct hf__writer *open,
                       enum hf__snapshot_type type)
{
	struct hf__snapshot_block block = {.type = (uint8_t)type, .raw_len = (uint32_t)raw_len(open)};
	uint8_t *at;
	if (block.raw_len == 0)
		return HF_OK;
	assert(block.raw_len <= hf__snapshot_raw_max(block.type));
	if (type != HF__SNAPSHOT_DIRECTORY)
		hf__put_u64(&w->directory, w->at | type);
	if (w->directory.bad)
		return failed(w, HF_ENOMEM);
	const int rc = block_pack(w, open, &block, &at);
	if (rc != HF_OK)
		return rc;
	const size_t size = hf__snapshot_block_seal(&block, w->seed + w->at, at);
	w->entries_blocks += type == HF__SNAPSHOT_ENTRIES;
	w->payload_blocks += type == HF__SNAPSHOT_PAYLOAD;
	open->len = 0;
	return sink_write(w, at, size);
}

/* --- Entries and payloads --------------------------------------------------------------------- */

/* Puts as much as fits into the open payload block; writes it if it is full then. */
static int payload_part(struct hf__snapshot_writer *w, struct hf_bytes *left)
{
	block_begin(&w->payload);
	const size_t room = PAYLOAD_FULL - raw_len(&w->payload);
	const size_t n = left->len < room ? left->len : room;
	hf__put_bytes(&w->payload, hf_bytes_of(left->data, n));
	if (w->payload.bad)
		return failed(w, HF_ENOMEM);
	*left = hf_bytes_of((const uint8_t *)left->data + n, left->len - n);
	return n == room ? block_flush(w, &w->payload, HF__SNAPSHOT_PAYLOAD) : HF_OK;
}

int hf__snapshot_put_payload(struct hf__snapshot_writer *w, struct hf_bytes bytes,
                             struct hf__hash128 content, uint8_t out[HF__SNAPSHOT_REF_SIZE])
{
	struct hf_bytes left = bytes;
	assert(bytes.len > HF__SNAPSHOT_INLINE_MAX && bytes.len < HF__SNAPSHOT_REF_BIT);
	if (w->rc != HF_OK)
		return w->rc;
	const size_t start = (raw_len(&w->payload) + HF__ALIGN - 1) / HF__ALIGN * HF__ALIGN;
	if (bytes.len <= PAYLOAD_FULL - start)
		hf__put_align(&w->payload, HF__ALIGN); /* the room before it is a multiple of 8, too */
	else if (block_flush(w, &w->payload, HF__SNAPSHOT_PAYLOAD) != HF_OK)
		return w->rc;
	assert(w->payload_blocks < UINT32_MAX - bytes.len / PAYLOAD_FULL);
	struct hf__snapshot_ref ref = {
	    .block = (uint32_t)w->payload_blocks,
	    .offset = (uint32_t)raw_len(&w->payload),
	};
	if (!w->header.exported)
		ref.content = content;
	hf__snapshot_ref_put(&ref, out);
	while (left.len > 0 && w->rc == HF_OK)
		(void)payload_part(w, &left);
	return w->rc;
}

int hf__snapshot_put_entry(struct hf__snapshot_writer *w, const struct hf__entry *entry)
{
	const size_t size = HF__SNAPSHOT_ENTRY_HEADER + entry->body.len;
	assert(entry->lsn != 0 && entry->lsn <= w->header.lsn);
	assert((entry->flags & ~HF__ENTRY_IGNORABLE) == 0);
	assert(entry->body.len <= HF__SNAPSHOT_ENTRIES_MAX - HF__SNAPSHOT_ENTRY_HEADER);
	if (w->rc == HF_OK && size >= ENTRIES_ENOUGH)
		(void)block_flush(w, &w->entries, HF__SNAPSHOT_ENTRIES);
	if (w->rc != HF_OK)
		return w->rc;
	block_begin(&w->entries);
	hf__put_u64(&w->entries, entry->lsn);
	hf__put_u8(&w->entries, entry->domain);
	hf__put_u8(&w->entries, entry->kind);
	hf__put_u8(&w->entries, entry->flags);
	hf__put_u8(&w->entries, 0);
	hf__put_long(&w->entries, entry->body);
	if (w->entries.bad)
		return failed(w, HF_ENOMEM);
	w->entry_count++;
	return raw_len(&w->entries) >= ENTRIES_ENOUGH
	           ? block_flush(w, &w->entries, HF__SNAPSHOT_ENTRIES)
	           : HF_OK;
}

/* --- The end ---------------------------------------------------------------------------------- */

/* Returns how many blocks it wrote. */
static uint64_t directory_write(struct hf__snapshot_writer *w)
{
	const size_t most = (size_t)HF__SNAPSHOT_DIRECTORY_ITEMS * 8;
	uint64_t blocks = 0;
	for (size_t at = 0; at < w->directory.len && w->rc == HF_OK; at += most, blocks++) {
		const size_t left = w->directory.len - at;
		block_begin(&w->payload);
		hf__put_bytes(&w->payload, hf_bytes_of(w->directory.data + at, left < most ? left : most));
		if (w->payload.bad)
			(void)failed(w, HF_ENOMEM);
		else
			(void)block_flush(w, &w->payload, HF__SNAPSHOT_DIRECTORY);
	}
	return blocks;
}

int hf__snapshot_end(struct hf__snapshot_writer *w)
{
	uint8_t trailer[HF__SNAPSHOT_TRAILER_SIZE];
	if (w->rc == HF_OK)
		(void)block_flush(w, &w->payload, HF__SNAPSHOT_PAYLOAD);
	if (w->rc == HF_OK)
		(void)block_flush(w, &w->entries, HF__SNAPSHOT_ENTRIES);
	const uint64_t directory = w->at, blocks = directory_write(w);
	if (w->rc != HF_OK)
		return w->rc;
	memcpy(trailer, HF__SNAPSHOT_TRAILER_MAGIC, sizeof HF__SNAPSHOT_TRAILER_MAGIC - 1);
	hf__store_u64(trailer + 8, directory);
	hf__store_u64(trailer + 16, blocks);
	hf__store_u64(trailer + 24, w->entry_count);
	hf__store_u64(trailer + 32, w->entries_blocks);
	hf__store_u64(trailer + 40, w->payload_blocks);
	hf__store_u64(trailer + 48, w->at + sizeof trailer);
	hf__store_u64(trailer + 56, hf__checksum(trailer, 56, w->seed + w->at));
	return sink_write(w, trailer, sizeof trailer);
}

void hf__snapshot_writer_deinit(struct hf__snapshot_writer *w)
{
	hf__writer_deinit(&w->entries);
	hf__writer_deinit(&w->payload);
	hf__writer_deinit(&w->directory);
	hf__writer_deinit(&w->packed);
	hf__snapshot_pack_free(w->zstd);
	memset(w, 0, sizeof *w);
}
