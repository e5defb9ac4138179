/* What the tests of forged snapshot files share: files that no writer writes, with every checksum
 * right. */
#ifndef TESTS_SNAPSHOT_FORGE_H
#define TESTS_SNAPSHOT_FORGE_H

#include "base/hash.h"
#include "log/snapshot_case.h"

enum { ENTRIES = 1, PAYLOAD = 2, DIRECTORY = 3, RAW = 0, ZSTD = 1, ITEMS = 16 };

/* --- A forger, from FORMAT.md alone ----------------------------------------------------------- */

struct forge {
	struct case_file file;
	uint64_t seed;
	uint64_t items[ITEMS];
	uint64_t count, entries, entries_blocks, payload_blocks;
};

static inline struct forge forge_begin(const struct hf__snapshot_header *header)
{
	struct forge f = {0};
	uint8_t sector[CASE_HEADER];
	f.seed = hf__seed_at(hf__seed_base(header->uuid, header->epoch), header->lsn);
	hf__snapshot_header_encode(header, sector);
	assert_int_equal(case_write(&f.file, sector, sizeof sector), 0);
	return f;
}

struct told {
	uint8_t type, codec;
	uint16_t reserved;
	uint32_t stored_len, raw_len;
	uint8_t pad; /* what the padding consists of */
};

static inline void forge_block(struct forge *f, struct told told, struct hf_bytes stored)
{
	const uint64_t seed = f->seed + f->file.len;
	uint8_t header[CASE_BLOCK] = "hfsb", pad[8];
	header[4] = told.type;
	header[5] = told.codec;
	hf__store_u16(header + 6, told.reserved);
	hf__store_u32(header + 8, told.stored_len);
	hf__store_u32(header + 12, told.raw_len);
	hf__store_u64(header + 16, hf__checksum(stored.data, stored.len, seed));
	hf__store_u64(header + 24, hf__checksum(header, 24, seed));
	memset(pad, told.pad, sizeof pad);
	if (told.type != DIRECTORY) {
		assert_true(f->count < ITEMS);
		f->items[f->count++] = f->file.len | told.type;
	}
	f->entries_blocks += told.type == ENTRIES;
	f->payload_blocks += told.type == PAYLOAD;
	assert_int_equal(case_write(&f->file, header, sizeof header), 0);
	assert_int_equal(case_write(&f->file, stored.data, stored.len), 0);
	assert_int_equal(case_write(&f->file, pad, (8 - stored.len % 8) % 8), 0);
}

static inline void forge_raw(struct forge *f, uint8_t type, struct hf_bytes raw)
{
	const uint32_t len = (uint32_t)raw.len;
	forge_block(f, (struct told){.type = type, .stored_len = len, .raw_len = len}, raw);
}

static inline void forge_trailer(struct forge *f, uint64_t directory, uint64_t directory_blocks)
{
	uint8_t trailer[CASE_TRAILER] = "hfsnapen";
	hf__store_u64(trailer + 8, directory);
	hf__store_u64(trailer + 16, directory_blocks);
	hf__store_u64(trailer + 24, f->entries);
	hf__store_u64(trailer + 32, f->entries_blocks);
	hf__store_u64(trailer + 40, f->payload_blocks);
	hf__store_u64(trailer + 48, f->file.len + CASE_TRAILER);
	hf__store_u64(trailer + 56, hf__checksum(trailer, 56, f->seed + f->file.len));
	assert_int_equal(case_write(&f->file, trailer, sizeof trailer), 0);
}

static inline void forge_end(struct forge *f)
{
	const uint64_t directory = f->file.len;
	uint8_t raw[ITEMS * 8];
	for (size_t i = 0; i < f->count; i++)
		hf__store_u64(raw + 8 * i, f->items[i]);
	if (f->count)
		forge_raw(f, DIRECTORY, hf_bytes_of(raw, f->count * 8));
	forge_trailer(f, directory, f->count != 0);
}

/* Refuses anything larger than the file and one block of its largest kind. */
static size_t largest;
static inline bool veto_large(void *ctx, size_t size)
{
	(void)ctx;
	largest = size > largest ? size : largest;
	return false;
}

static inline int ignore_entry(void *arg, const struct hf__entry *entry)
{
	(void)arg;
	(void)entry;
	return 0;
}

/* What opening, walking and verifying say, whichever fails first; then it is gone. */
static inline int outcome(struct forge *f)
{
	struct hf__snapshot_reader r;
	struct hf__snapshot_fault fault;
	largest = 0;
	hf__mem_set_veto(veto_large, NULL);
	int rc = hf__snapshot_open(&r, case_source(&f->file), &fault);
	if (rc == HF_OK) {
		const int each = hf__snapshot_each(&r, ignore_entry, NULL, NULL);
		rc = hf__snapshot_verify(&r, &fault);
		assert_true(each == HF_OK || rc != HF_OK);
	}
	hf__mem_set_veto(NULL, NULL);
	assert_true((rc != HF_OK) == (fault.what != NULL));
	hf__snapshot_reader_deinit(&r);
	case_file_free(&f->file);
	return rc;
}

static inline struct forge forge_some(void)
{
	const struct hf__snapshot_header header = case_header(100);
	return forge_begin(&header);
}

/* One whole entry of 20 bytes. */
static inline size_t one_entry(uint8_t out[64], uint64_t lsn)
{
	memset(out, 0, 64);
	hf__store_u64(out, lsn);
	out[8] = 3;
	out[9] = 1;
	hf__store_u32(out + 12, 4);
	memcpy(out + 16, "body", 4);
	return 20;
}

/* The outcome of a file of one block. */
static inline int of_one_block(struct told told, struct hf_bytes stored, uint64_t entries)
{
	struct forge f = forge_some();
	forge_block(&f, told, stored);
	f.entries = entries;
	forge_end(&f);
	return outcome(&f);
}

#endif
