/* Reading an open snapshot file: entries in order, single payloads by their references, or all of
 * it.
 *
 * Happy path: an opening of a store walks the entries blocks and leaves payload blocks where they
 * are. Later each payload is one read of its block.
 *
 * Failure modes: what is not valid ends the walk, with the place. Calls for payloads may run beside
 * each other on any threads: the reader itself does not change but for the benches, which are taken
 * out and put back by one atomic exchange each. */
#include "base/mem.h"
#include "log/snapshot_source.h"

/* Block `i` of the directory. */
static int item_read(const struct hf__snapshot_reader *r, struct hf__snapshot_bench *bench,
                     uint64_t i, struct hf__snapshot_found *out, struct hf__snapshot_fault *fault)
{
	const uint64_t item = r->items[i];
	return hf__snapshot_block_read(r, bench, hf__snapshot_item_offset(item),
	                               hf__snapshot_item_offset(r->items[i + 1]),
	                               hf__snapshot_item_type(item), out, fault);
}

/* --- Entries ---------------------------------------------------------------------------------- */

struct walk {
	const struct hf__snapshot_reader *reader;
	hf__snapshot_entry_fn fn; /* NULL: only looked at */
	void *arg;
	uint64_t count, raw_bytes;
};

/* Returns the size of the entry at the start, 0 when it is not valid. */
static size_t entry_decode(const struct hf__snapshot_reader *r, struct hf_bytes bytes,
                           struct hf__entry *out)
{
	struct hf__reader in = hf__reader(bytes);
	*out = (struct hf__entry){
	    .at = (int64_t)((uint64_t)r->header.clock - (uint64_t)r->header.setback),
	    .setback = r->header.setback,
	};
	out->lsn = hf__get_u64(&in);
	out->domain = hf__get_u8(&in);
	out->kind = hf__get_u8(&in);
	out->flags = hf__get_u8(&in);
	const uint8_t reserved = hf__get_u8(&in);
	out->body = hf__get_long(&in);
	if (in.bad || out->lsn == 0 || out->lsn > r->header.lsn)
		return 0;
	if (!r->features_unknown && ((out->flags & ~HF__ENTRY_IGNORABLE) != 0 || reserved != 0))
		return 0;
	return HF__SNAPSHOT_ENTRY_HEADER + out->body.len;
}

static int entries_walk(struct walk *walk, struct hf_bytes raw, uint64_t at,
                        struct hf__snapshot_fault *fault)
{
	const uint8_t *bytes = raw.data;
	size_t left = raw.len;
	struct hf__entry entry, next = {0};
	size_t size = left > 0 ? entry_decode(walk->reader, raw, &entry) : 0, next_size;
	for (; left > 0; entry = next, size = next_size) {
		if (size == 0)
			return hf__snapshot_damaged(fault, at, "the entries of the block are not valid");
		bytes += size;
		left -= size;
		next_size = left > 0 ? entry_decode(walk->reader, hf_bytes_of(bytes, left), &next) : 0;
		if (next_size > 0 && walk->fn && walk->reader->expect)
			walk->reader->expect(walk->arg, &next);
		walk->count++;
		const int rc = walk->fn ? walk->fn(walk->arg, &entry) : 0;
		if (rc != 0)
			return hf__snapshot_fail(fault, rc, at, NULL);
	}
	return HF_OK;
}

static int entries_block(struct walk *walk, struct hf__snapshot_bench *bench, uint64_t i,
                         struct hf__snapshot_fault *fault)
{
	struct hf__snapshot_found found;
	const uint64_t at = hf__snapshot_item_offset(walk->reader->items[i]);
	int rc = item_read(walk->reader, bench, i, &found, fault);
	if (rc == HF_OK)
		rc = hf__snapshot_unpack_here(bench, &found, at, fault);
	if (rc != HF_OK)
		return rc;
	walk->raw_bytes += found.block.raw_len;
	return entries_walk(walk, hf_bytes_of(bench->raw.data, found.block.raw_len), at, fault);
}

static int count_check(const struct walk *walk, struct hf__snapshot_fault *fault)
{
	const struct hf__snapshot_reader *r = walk->reader;
	return walk->count == r->entry_count
	           ? HF_OK
	           : hf__snapshot_damaged(fault, r->source.size - HF__SNAPSHOT_TRAILER_SIZE,
	                                  "there are not as many entries as the trailer says");
}

int hf__snapshot_each(struct hf__snapshot_reader *r, hf__snapshot_entry_fn fn, void *arg,
                      struct hf__snapshot_fault *fault)
{
	struct walk walk = {.reader = r, .fn = fn, .arg = arg};
	struct hf__snapshot_bench bench = {0};
	int rc = HF_OK;
	(void)hf__snapshot_fail(fault, HF_OK, 0, NULL);
	for (uint64_t i = 0; rc == HF_OK && i < r->entries_blocks; i++)
		rc = entries_block(&walk, &bench, r->entries_at[i], fault);
	hf__snapshot_bench_deinit(&bench);
	return rc == HF_OK ? count_check(&walk, fault) : rc;
}

int hf__snapshot_each_whole(struct hf__snapshot_reader *r, hf__snapshot_entry_fn fn,
                            hf__snapshot_damaged_fn damaged, void *arg, uint64_t *given,
                            struct hf__snapshot_fault *fault)
{
	struct walk walk = {.reader = r, .fn = fn, .arg = arg};
	struct hf__snapshot_bench bench = {0};
	int rc = HF_OK;
	(void)hf__snapshot_fail(fault, HF_OK, 0, NULL);
	for (uint64_t i = 0; rc == HF_OK && i < r->entries_blocks; i++) {
		const uint64_t item = r->entries_at[i];
		const uint64_t at = hf__snapshot_item_offset(r->items[item]);
		rc = entries_block(&walk, &bench, item, fault);
		if (rc != HF_ECORRUPT || !fault->what) /* fn's own */
			continue;
		fault->at = at;
		damaged(arg, fault, hf__snapshot_item_offset(r->items[item + 1]) - at);
		rc = HF_OK;
	}
	hf__snapshot_bench_deinit(&bench);
	*given = walk.count;
	return rc;
}

/* --- Benches ---------------------------------------------------------------------------------- */

#define NO_BLOCK (UINT64_MAX - 1) /* any bench will do */

static void bench_give(struct hf__snapshot_reader *r, struct hf__snapshot_bench *bench);

/* One in which payload block `number` is unpacked already, if there is one; else any. */
static struct hf__snapshot_bench *bench_take(struct hf__snapshot_reader *r, uint64_t number)
{
	struct hf__snapshot_bench *any = NULL;
	for (unsigned i = 0; i < HF__SNAPSHOT_IDLE; i++) {
		struct hf__snapshot_bench *bench = atomic_exchange(&r->idle[i], NULL);
		const bool unpacked = bench && bench->unpacked == number + 1;
		if (any && bench) /* the better of two goes on */
			bench_give(r, unpacked ? any : bench);
		any = !any || unpacked ? bench : any;
		if (unpacked)
			break;
	}
	return any ? any : hf__alloc(sizeof(struct hf__snapshot_bench));
}

static void bench_give(struct hf__snapshot_reader *r, struct hf__snapshot_bench *bench)
{
	for (unsigned i = 0; i < HF__SNAPSHOT_IDLE; i++) {
		struct hf__snapshot_bench *none = NULL;
		if (atomic_compare_exchange_strong(&r->idle[i], &none, bench))
			return;
	}
	hf__snapshot_bench_deinit(bench);
	hf__free(bench);
}

/* --- All of it -------------------------------------------------------------------------------- */

/* One block of any kind. */
static int verify_block(struct walk *walk, struct hf__snapshot_bench *bench, uint64_t i,
                        struct hf__snapshot_fault *fault)
{
	const struct hf__snapshot_reader *r = walk->reader;
	struct hf__snapshot_found found;
	if (hf__snapshot_item_type(r->items[i]) == HF__SNAPSHOT_ENTRIES)
		return entries_block(walk, bench, i, fault);
	const int rc = item_read(r, bench, i, &found, fault);
	return rc == HF_OK ? hf__snapshot_unpack_here(bench, &found,
	                                              hf__snapshot_item_offset(r->items[i]), fault)
	                   : rc;
}

int hf__snapshot_verify_next(struct hf__snapshot_reader *r, struct hf__snapshot_pass *pass,
                             bool *done, struct hf__snapshot_fault *fault)
{
	struct walk walk = {.reader = r, .count = pass->entries, .raw_bytes = pass->raw_bytes};
	(void)hf__snapshot_fail(fault, HF_OK, 0, NULL);
	if (pass->next < r->blocks) {
		struct hf__snapshot_bench *bench = bench_take(r, NO_BLOCK);
		if (!bench)
			return hf__snapshot_no_memory(fault, 0);
		bench->unpacked = 0;
		const int rc = verify_block(&walk, bench, pass->next, fault);
		bench_give(r, bench);
		if (rc != HF_OK)
			return rc;
		*pass = (struct hf__snapshot_pass){pass->next + 1, walk.count, walk.raw_bytes};
	}
	*done = pass->next >= r->blocks;
	if (!*done)
		return HF_OK;
	r->raw_bytes = walk.raw_bytes;
	return count_check(&walk, fault);
}

int hf__snapshot_verify(struct hf__snapshot_reader *r, struct hf__snapshot_fault *fault)
{
	struct hf__snapshot_pass pass = {0};
	bool done = false;
	int rc = HF_OK;
	while (rc == HF_OK && !done)
		rc = hf__snapshot_verify_next(r, &pass, &done, fault);
	return rc;
}

/* --- Payloads --------------------------------------------------------------------------------- */

/* The index of payload block `number` among all: as many entries blocks lie before it as have no
 * more than `number` payload blocks before them. */
static uint64_t payload_item(const struct hf__snapshot_reader *r, uint64_t number)
{
	uint64_t low = 0, high = r->entries_blocks;
	while (low < high) {
		const uint64_t middle = low + (high - low) / 2;
		if (r->entries_at[middle] - middle <= number)
			low = middle + 1;
		else
			high = middle;
	}
	return number + low;
}

/* `len` bytes from `offset` of one payload block. */
static int payload_part(const struct hf__snapshot_reader *r, struct hf__snapshot_bench *bench,
                        uint64_t number, uint32_t offset, uint32_t len, uint8_t *to,
                        struct hf__snapshot_fault *fault)
{
	struct hf__snapshot_found found;
	const uint64_t i = payload_item(r, number), at = hf__snapshot_item_offset(r->items[i]);
	const bool unpacked = bench->unpacked == number + 1;
	int rc = unpacked ? HF_OK : item_read(r, bench, i, &found, fault);
	if (rc != HF_OK)
		return rc;
	const uint32_t raw_len = unpacked ? bench->unpacked_len : found.block.raw_len;
	if (offset > raw_len || len > raw_len - offset)
		return hf__snapshot_damaged(fault, at, "a payload does not lie within its block");
	if (!unpacked && len == raw_len)
		return hf__snapshot_unpack_to(bench, &found, at, to, fault);
	if (!unpacked) {
		bench->unpacked = 0;
		rc = hf__snapshot_unpack_here(bench, &found, at, fault);
		bench->unpacked = rc == HF_OK ? number + 1 : 0;
		bench->unpacked_len = raw_len;
	}
	if (rc == HF_OK)
		memcpy(to, bench->raw.data + offset, len);
	return rc;
}

/* May a reference say this? One that takes several blocks begins one. */
static bool ref_possible(const struct hf__snapshot_ref *ref, uint32_t len)
{
	return len > HF__SNAPSHOT_INLINE_MAX && len < HF__SNAPSHOT_REF_BIT &&
	       ref->offset % HF__ALIGN == 0 && (ref->offset == 0 || len <= HF__SNAPSHOT_PAYLOAD_MAX);
}

int hf__snapshot_payload(struct hf__snapshot_reader *r, const struct hf__snapshot_ref *ref,
                         uint32_t len, uint8_t *out, struct hf__snapshot_fault *fault)
{
	int rc = HF_OK;
	(void)hf__snapshot_fail(fault, HF_OK, 0, NULL);
	if (!ref_possible(ref, len))
		return hf__snapshot_damaged(fault, 0, "an entry refers to a payload as no entry can");
	if (ref->block >= r->payload_blocks ||
	    (len - 1) / HF__SNAPSHOT_PAYLOAD_MAX >= r->payload_blocks - ref->block)
		return hf__snapshot_damaged(fault, 0,
		                            "an entry refers to a payload block that is not there");
	struct hf__snapshot_bench *bench = bench_take(r, ref->block);
	if (!bench)
		return hf__snapshot_no_memory(fault, 0);
	uint64_t number = ref->block;
	for (uint32_t done = 0; rc == HF_OK && done < len; number++) {
		const uint32_t left = len - done;
		const uint32_t part = left < HF__SNAPSHOT_PAYLOAD_MAX ? left : HF__SNAPSHOT_PAYLOAD_MAX;
		rc = payload_part(r, bench, number, ref->offset, part, out + done, fault);
		done += part;
	}
	bench_give(r, bench);
	return rc;
}
