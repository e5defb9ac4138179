/* Blocks of a snapshot file as they are read.
 *
 * Job: one read of the source for each block, and all that has to hold of it before its raw bytes
 * are believed.
 *
 * Happy path: where a block ends is known before it is read: by the directory, or by its header.
 *
 * Failure modes: a read that fails is no damage, and no memory is none. */
#include "log/snapshot_source.h"

#include "base/mem.h"

/* --- Failures --------------------------------------------------------------------------------- */

int hf__snapshot_fail(struct hf__snapshot_fault *fault, int rc, uint64_t at, const char *what)
{
	if (fault)
		*fault = (struct hf__snapshot_fault){.at = at, .what = what};
	return rc;
}

int hf__snapshot_damaged(struct hf__snapshot_fault *fault, uint64_t at, const char *what)
{
	return hf__snapshot_fail(fault, HF_ECORRUPT, at, what);
}

int hf__snapshot_no_memory(struct hf__snapshot_fault *fault, uint64_t at)
{
	return hf__snapshot_fail(fault, HF_ENOMEM, at, "there is no memory to read the snapshot");
}

/* --- Memory ----------------------------------------------------------------------------------- */

static bool area_fit(struct hf__snapshot_area *area, size_t len)
{
	if (len <= area->cap)
		return true;
	hf__free(area->data);
	area->data = hf__alloc(len);
	area->cap = area->data ? len : 0;
	return area->data != NULL;
}

void hf__snapshot_bench_deinit(struct hf__snapshot_bench *bench)
{
	hf__snapshot_unpack_free(bench->zstd);
	hf__free(bench->block.data);
	hf__free(bench->raw.data);
}

/* --- Blocks ----------------------------------------------------------------------------------- */

int hf__snapshot_source_read(const struct hf__snapshot_reader *r, void *to, size_t len, uint64_t at,
                             struct hf__snapshot_fault *fault)
{
	size_t got = 0;
	const int os_errno = r->source.read(r->source.ctx, to, len, at, &got);
	if (os_errno != 0) {
		(void)hf__snapshot_fail(fault, HF_EIO, at, "the snapshot could not be read");
		if (fault)
			fault->os_errno = os_errno;
		return HF_EIO;
	}
	return got == len
	           ? HF_OK
	           : hf__snapshot_damaged(fault, at + got, "the file ends here, within its size");
}

/* Reads the block that begins at `at` and has to end at `end`, and verifies all but what zstd makes
 * of it. */
int hf__snapshot_block_read(const struct hf__snapshot_reader *r, struct hf__snapshot_bench *bench,
                            uint64_t at, uint64_t end, enum hf__snapshot_type type,
                            struct hf__snapshot_found *out, struct hf__snapshot_fault *fault)
{
	const uint64_t seed = r->seed + at;
	const size_t size = (size_t)(end - at);
	if (!area_fit(&bench->block, size))
		return hf__snapshot_no_memory(fault, at);
	const int rc = hf__snapshot_source_read(r, bench->block.data, size, at, fault);
	if (rc != HF_OK)
		return rc;
	if (!hf__snapshot_block_decode(bench->block.data, seed, r->features_unknown, &out->block))
		return hf__snapshot_damaged(fault, at, "no header of a block verifies here");
	if (out->block.type != (uint8_t)type)
		return hf__snapshot_damaged(fault, at,
		                            "the block is not of the kind that the directory says");
	if (hf__snapshot_block_size(&out->block) != size)
		return hf__snapshot_damaged(fault, at, "the block does not end where the next one begins");
	if (!hf__snapshot_block_valid(&out->block, seed, bench->block.data))
		return hf__snapshot_damaged(fault, at, "the bytes of the block do not verify");
	out->stored = bench->block.data + HF__SNAPSHOT_BLOCK_HEADER;
	return hf__snapshot_unpackable(&out->block, out->stored)
	           ? HF_OK
	           : hf__snapshot_damaged(fault, at,
	                                  "the block is not the one frame that it has to be");
}

/* The raw bytes of the block, to `to`. */
int hf__snapshot_unpack_to(struct hf__snapshot_bench *bench, const struct hf__snapshot_found *found,
                           uint64_t at, uint8_t *to, struct hf__snapshot_fault *fault)
{
	const int rc = hf__snapshot_unpack(&bench->zstd, &found->block, found->stored, to);
	if (rc == HF_ENOMEM)
		return hf__snapshot_no_memory(fault, at);
	return rc == HF_OK ? rc : hf__snapshot_damaged(fault, at, "the block cannot be decompressed");
}

/* The same, to bench->raw. */
int hf__snapshot_unpack_here(struct hf__snapshot_bench *bench,
                             const struct hf__snapshot_found *found, uint64_t at,
                             struct hf__snapshot_fault *fault)
{
	if (!area_fit(&bench->raw, found->block.raw_len))
		return hf__snapshot_no_memory(fault, at);
	return hf__snapshot_unpack_to(bench, found, at, bench->raw.data, fault);
}
