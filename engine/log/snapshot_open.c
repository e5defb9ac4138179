/* Opening a snapshot file.
 *
 * Job: header, trailer and directory.
 *
 * Happy path: the directory says of every block where it begins, and by the next one where it ends.
 * So a block is one read, and a payload block is found by its number without another one. A
 * directory that passes the checks of this file, and whose blocks all end where the next one
 * begins, is equal to what a walk over the blocks would find.
 *
 * Failure modes: any byte of the file may be anything. A length is used only after the checksum of
 * what announces it, is compared by subtraction with what is left, and has a bound by its type, so
 * that no file makes this allocate more than its own size and that of one block. */
#include <assert.h>

#include "base/mem.h"
#include "log/snapshot_source.h"

#define BLOCK_LEAST (HF__SNAPSHOT_BLOCK_HEADER + HF__ALIGN)

/* --- Header and trailer ----------------------------------------------------------------------- */

struct trailer {
	uint64_t directory; /* offset of its first block, or of the trailer */
	uint64_t directory_blocks;
};

static int header_read(struct hf__snapshot_reader *r, struct hf__snapshot_fault *fault)
{
	uint8_t sector[HF__SNAPSHOT_HEADER_SIZE];
	if (r->source.size < sizeof sector)
		return hf__snapshot_damaged(fault, 0, "the file is too short for a snapshot");
	int rc = hf__snapshot_source_read(r, sector, sizeof sector, 0, fault);
	if (rc != HF_OK)
		return rc;
	rc = hf__snapshot_header_decode(sector, sizeof sector, &r->header);
	if (rc == HF_EVERSION)
		return hf__snapshot_fail(fault, rc, 0, "the snapshot is of a newer format");
	if (rc != HF_OK)
		return hf__snapshot_damaged(fault, 0, "no header of a snapshot verifies");
	const struct hf__snapshot_header *h = &r->header;
	r->seed = hf__snapshot_seed(h);
	r->features_unknown = hf__features_unknown(h->compat, h->ro_compat);
	return HF_OK;
}

/* Do the trailer's numbers go together? Each block takes some room, so none of them can wrap. */
static bool trailer_possible(const struct hf__snapshot_reader *r, const struct trailer *t)
{
	const uint64_t end = r->source.size - HF__SNAPSHOT_TRAILER_SIZE;
	if (t->directory < HF__SNAPSHOT_HEADER_SIZE || t->directory > end ||
	    t->directory % HF__ALIGN != 0)
		return false;
	const uint64_t most = (t->directory - HF__SNAPSHOT_HEADER_SIZE) / BLOCK_LEAST;
	if (r->entries_blocks > most || r->payload_blocks > most - r->entries_blocks ||
	    r->payload_blocks > UINT32_MAX)
		return false;
	const uint64_t full = r->blocks / HF__SNAPSHOT_DIRECTORY_ITEMS,
	               rest = r->blocks % HF__SNAPSHOT_DIRECTORY_ITEMS;
	return t->directory_blocks == full + (rest != 0) &&
	       (r->header.lsn != 0 || r->entries_blocks == 0);
}

static int trailer_read(struct hf__snapshot_reader *r, struct trailer *out,
                        struct hf__snapshot_fault *fault)
{
	uint8_t bytes[HF__SNAPSHOT_TRAILER_SIZE];
	const uint64_t size = r->source.size;
	if (size < HF__SNAPSHOT_HEADER_SIZE + sizeof bytes || size % HF__ALIGN != 0)
		return hf__snapshot_damaged(fault, size, "the file does not end as a snapshot does");
	const uint64_t at = size - sizeof bytes;
	const int rc = hf__snapshot_source_read(r, bytes, sizeof bytes, at, fault);
	if (rc != HF_OK)
		return rc;
	if (memcmp(bytes, HF__SNAPSHOT_TRAILER_MAGIC, 8) != 0 ||
	    hf__load_u64(bytes + 56) != hf__checksum(bytes, 56, r->seed + at) ||
	    hf__load_u64(bytes + 48) != size)
		return hf__snapshot_damaged(fault, at,
		                            "no trailer of this snapshot verifies at the end of the file");
	out->directory = hf__load_u64(bytes + 8);
	out->directory_blocks = hf__load_u64(bytes + 16);
	r->entry_count = hf__load_u64(bytes + 24);
	r->entries_blocks = hf__load_u64(bytes + 32);
	r->payload_blocks = hf__load_u64(bytes + 40);
	r->blocks = r->entries_blocks + r->payload_blocks;
	return trailer_possible(r, out)
	           ? HF_OK
	           : hf__snapshot_damaged(fault, at, "the numbers of the trailer cannot be");
}

/* --- Directory -------------------------------------------------------------------------------- */

/* One block of the directory, whose items begin with number `first`. *at moves behind it. */
static int directory_block(struct hf__snapshot_reader *r, struct hf__snapshot_bench *bench,
                           uint64_t *at, uint64_t first, struct hf__snapshot_fault *fault)
{
	const uint64_t end = r->source.size - HF__SNAPSHOT_TRAILER_SIZE;
	const uint64_t left = r->blocks - first;
	const uint64_t count =
	    left < HF__SNAPSHOT_DIRECTORY_ITEMS ? left : HF__SNAPSHOT_DIRECTORY_ITEMS;
	uint8_t header[HF__SNAPSHOT_BLOCK_HEADER];
	struct hf__snapshot_found found;
	if (end - *at < BLOCK_LEAST)
		return hf__snapshot_damaged(fault, *at, "there is no room for the directory here");
	int rc = hf__snapshot_source_read(r, header, sizeof header, *at, fault);
	if (rc != HF_OK)
		return rc;
	if (!hf__snapshot_block_decode(header, r->seed + *at, r->features_unknown, &found.block) ||
	    found.block.raw_len != count * 8 || hf__snapshot_block_size(&found.block) > end - *at)
		return hf__snapshot_damaged(fault, *at, "no block of the directory verifies here");
	const uint64_t behind = *at + hf__snapshot_block_size(&found.block);
	rc = hf__snapshot_block_read(r, bench, *at, behind, HF__SNAPSHOT_DIRECTORY, &found, fault);
	if (rc == HF_OK)
		rc = hf__snapshot_unpack_here(bench, &found, *at, fault);
	for (uint64_t i = 0; rc == HF_OK && i < count; i++)
		r->items[first + i] = hf__load_u64(bench->raw.data + 8 * i);
	*at = behind;
	return rc;
}

/* Does it name blocks one behind the other, from the header to the directory, each of a possible
 * size, and as many of each kind as the trailer says? Then entries blocks are noted. */
static bool directory_possible(struct hf__snapshot_reader *r, uint64_t directory)
{
	uint64_t entries = 0, at = HF__SNAPSHOT_HEADER_SIZE;
	r->items[r->blocks] = directory;
	for (uint64_t i = 0; i < r->blocks; i++) {
		const uint64_t next = hf__snapshot_item_offset(r->items[i + 1]);
		const enum hf__snapshot_type type = hf__snapshot_item_type(r->items[i]);
		if (type != HF__SNAPSHOT_ENTRIES && type != HF__SNAPSHOT_PAYLOAD)
			return false;
		if (hf__snapshot_item_offset(r->items[i]) != at || next < at || next - at < BLOCK_LEAST ||
		    next - at > HF__SNAPSHOT_BLOCK_HEADER + (uint64_t)hf__snapshot_raw_max((uint8_t)type))
			return false;
		if (type == HF__SNAPSHOT_ENTRIES) {
			if (entries == r->entries_blocks)
				return false;
			r->entries_at[entries++] = i;
		}
		at = next;
	}
	return at == directory && entries == r->entries_blocks;
}

static int directory_read(struct hf__snapshot_reader *r, const struct trailer *trailer,
                          struct hf__snapshot_fault *fault)
{
	struct hf__snapshot_bench bench = {0};
	uint64_t at = trailer->directory;
	int rc = HF_OK;
	r->items = hf__alloc((size_t)(r->blocks + 1) * sizeof *r->items);
	r->entries_at = hf__alloc((size_t)r->entries_blocks * sizeof *r->entries_at);
	if (!r->items || !r->entries_at)
		return hf__snapshot_no_memory(fault, at);
	for (uint64_t i = 0; rc == HF_OK && i < trailer->directory_blocks; i++)
		rc = directory_block(r, &bench, &at, i * HF__SNAPSHOT_DIRECTORY_ITEMS, fault);
	hf__snapshot_bench_deinit(&bench);
	if (rc != HF_OK)
		return rc;
	if (at != r->source.size - HF__SNAPSHOT_TRAILER_SIZE)
		return hf__snapshot_damaged(fault, at, "something lies between directory and trailer");
	return directory_possible(r, trailer->directory)
	           ? HF_OK
	           : hf__snapshot_damaged(fault, trailer->directory,
	                                  "the directory names blocks that cannot be");
}

/* --- Both ends -------------------------------------------------------------------------------- */

int hf__snapshot_open(struct hf__snapshot_reader *r, struct hf__snapshot_source source,
                      struct hf__snapshot_fault *fault)
{
	struct trailer trailer = {0};
	memset(r, 0, sizeof *r);
	r->source = source;
	(void)hf__snapshot_fail(fault, HF_OK, 0, NULL);
	int rc = header_read(r, fault);
	if (rc == HF_OK)
		rc = trailer_read(r, &trailer, fault);
	if (rc == HF_OK)
		rc = directory_read(r, &trailer, fault);
	if (rc != HF_OK) {
		const struct hf__snapshot_header header = r->header;
		hf__snapshot_reader_deinit(r);
		if (rc == HF_EVERSION)
			r->header = header;
	}
	return rc;
}

/* --- Without a directory ---------------------------------------------------------------------- */

struct search {
	struct hf__snapshot_reader *r;
	struct hf__snapshot_gaps *gaps;
	uint64_t end; /* of what may be blocks */
	uint64_t cap; /* of items */
	struct hf__snapshot_fault *fault;
};

static bool room_for_item(struct search *s)
{
	struct hf__snapshot_reader *r = s->r;
	if (r->blocks + 1 < s->cap)
		return true;
	const uint64_t cap = s->cap ? s->cap * 2 : 64;
	uint64_t *items = hf__realloc(r->items, (size_t)cap * sizeof *items);
	if (items)
		r->items = items;
	uint64_t *at = items ? hf__realloc(r->entries_at, (size_t)cap * sizeof *at) : NULL;
	if (at)
		r->entries_at = at;
	s->cap = at ? cap : s->cap;
	return at != NULL;
}

static int add_item(struct search *s, uint64_t at, enum hf__snapshot_type type)
{
	struct hf__snapshot_reader *r = s->r;
	if (!room_for_item(s))
		return hf__snapshot_no_memory(s->fault, at);
	if (type == HF__SNAPSHOT_ENTRIES)
		r->entries_at[r->entries_blocks++] = r->blocks;
	r->items[r->blocks++] = at | (uint64_t)type;
	return HF_OK;
}

/* *is: a header of a block verifies here, and there is room for all of the block. */
static int look_for_block(struct search *s, uint64_t at, struct hf__snapshot_block *out, bool *is)
{
	uint8_t header[HF__SNAPSHOT_BLOCK_HEADER];
	const int rc = hf__snapshot_source_read(s->r, header, sizeof header, at, s->fault);
	*is = rc == HF_OK &&
	      hf__snapshot_block_decode(header, s->r->seed + at, s->r->features_unknown, out) &&
	      hf__snapshot_block_size(out) <= s->end - at;
	return rc;
}

/* From a place where none begins to the next one. What is passed over stands as one item of no
 * number. */
static int pass_gap(struct search *s, uint64_t *at)
{
	struct hf__snapshot_block block;
	const uint64_t from = *at;
	bool is = false;
	int rc = HF_OK;
	while (rc == HF_OK && !is && s->end - *at >= BLOCK_LEAST + HF__ALIGN) {
		*at += HF__ALIGN;
		rc = look_for_block(s, *at, &block, &is);
	}
	if (!is)
		*at = s->end;
	if (s->gaps->bytes == 0) {
		s->gaps->at = from;
		s->r->payload_blocks = s->r->blocks - s->r->entries_blocks;
	}
	s->gaps->bytes += *at - from;
	return rc == HF_OK ? add_item(s, from, HF__SNAPSHOT_PAYLOAD) : rc;
}

static int find_blocks(struct search *s)
{
	struct hf__snapshot_block block;
	uint64_t at = HF__SNAPSHOT_HEADER_SIZE;
	bool is, directory = false;
	int rc = HF_OK;
	while (rc == HF_OK && !directory && s->end > at && s->end - at >= BLOCK_LEAST) {
		rc = look_for_block(s, at, &block, &is);
		directory = is && block.type == HF__SNAPSHOT_DIRECTORY;
		if (rc != HF_OK || directory)
			continue;
		rc = is ? add_item(s, at, (enum hf__snapshot_type)block.type) : pass_gap(s, &at);
		at += is ? hf__snapshot_block_size(&block) : 0;
	}
	if (rc == HF_OK && !room_for_item(s))
		rc = hf__snapshot_no_memory(s->fault, at);
	if (rc != HF_OK)
		return rc;
	assert(s->r->items); /* there is room for one */
	s->r->items[s->r->blocks] = at;
	s->gaps->end = s->gaps->end && !directory;
	if (s->gaps->bytes == 0)
		s->r->payload_blocks = s->r->blocks - s->r->entries_blocks;
	return HF_OK;
}

static int search_blocks(struct hf__snapshot_reader *r, const struct trailer *trailer,
                         struct hf__snapshot_gaps *gaps, struct hf__snapshot_fault *fault)
{
	struct search s = {
	    .r = r, .gaps = gaps, .fault = fault, .end = trailer ? trailer->directory : r->source.size};
	hf__free(r->items);
	hf__free(r->entries_at);
	r->items = r->entries_at = NULL;
	r->blocks = r->entries_blocks = r->payload_blocks = 0;
	r->entry_count = trailer ? r->entry_count : 0;
	gaps->end = trailer == NULL;
	return find_blocks(&s);
}

int hf__snapshot_open_damaged(struct hf__snapshot_reader *r, struct hf__snapshot_source source,
                              const struct hf__snapshot_header *assumed,
                              struct hf__snapshot_gaps *gaps, struct hf__snapshot_fault *fault)
{
	struct trailer trailer = {0};
	memset(r, 0, sizeof *r);
	*gaps = (struct hf__snapshot_gaps){0};
	r->source = source;
	(void)hf__snapshot_fail(fault, HF_OK, 0, NULL);
	int rc = header_read(r, fault);
	gaps->header = rc == HF_ECORRUPT;
	if (gaps->header) {
		r->header = *assumed;
		r->seed = hf__snapshot_seed(assumed);
		rc = HF_OK;
	}
	if (rc == HF_OK)
		rc = trailer_read(r, &trailer, fault);
	const bool has_trailer = rc == HF_OK;
	if (rc == HF_OK)
		rc = directory_read(r, &trailer, fault);
	if (rc == HF_ECORRUPT)
		rc = search_blocks(r, has_trailer ? &trailer : NULL, gaps, fault);
	if (rc != HF_OK)
		hf__snapshot_reader_deinit(r);
	return rc;
}

void hf__snapshot_reader_deinit(struct hf__snapshot_reader *r)
{
	for (unsigned i = 0; i < HF__SNAPSHOT_IDLE; i++) {
		struct hf__snapshot_bench *bench = atomic_load(&r->idle[i]);
		if (bench)
			hf__snapshot_bench_deinit(bench);
		hf__free(bench);
	}
	hf__free(r->items);
	hf__free(r->entries_at);
	memset(r, 0, sizeof *r);
}
