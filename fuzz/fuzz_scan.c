/* Fuzz target: the scanner and every decoder of engine/log.
 *
 * The first byte chooses what is done with the rest:
 *  - decode: all decoders get it as it is;
 *  - raw: it is a segment, scanned as it is; nothing is fixed up, so what gets in gets in past
 *    the checksums;
 *  - resealed: the same, but wherever a group's magic stands, place, store and all checksums are
 *    made right first, so that the code behind the checksums is reached with fields that no
 *    encoder writes;
 *  - damaged: it is a script that builds a segment with the encoders and then damages it: the
 *    scan must then never deliver what was not written, and damage in front of a current witness
 *    must be CORRUPT.
 * Whatever the bytes, the verdict has to be consistent with itself. A violation aborts. */
#include <stdlib.h>

#include "base/hash.h"
#include "lib/log_build.h"
#include "log/identity.h"
#include "log/scan.h"
#include "log/segment.h"
#include "log/witness.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum mode { MODE_DECODE, MODE_RAW, MODE_RESEALED, MODE_DAMAGED, MODES };
enum { SEGMENT = 3, FIRST_LSN = 100, SCRIPT_GROUPS = 8, SCRIPT_SIZE = 48 << 10 };

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* --- Decoders --------------------------------------------------------------------------------- */

static void decode_all(const struct hf__log_id *id, const uint8_t *data, size_t size)
{
	struct hf__identity identity;
	struct hf__segment_header segment;
	struct hf__witness witness;
	struct hf__group_header group;
	struct hf__entry entry;
	size_t entry_size;
	uint8_t again[HF__SECTOR];
	if (hf__identity_decode(data, size, &identity) == HF_OK) {
		hf__identity_encode(&identity, again);
		require(hf__load_u32(again + 56) == hf__load_u32(data + 56));
	}
	if (hf__segment_header_decode(id, data, size, &segment) == HF_OK)
		require(segment.number != 0 && segment.first_lsn > segment.previous_lsn);
	if (hf__witness_pick(id, data, size, &witness))
		require(witness.generation != 0);
	if (hf__group_decode_header(id, hf_bytes_of(data, size), &group) == HF_OK &&
	    hf__group_verify_body(id, &group, hf_bytes_of(data, size)) == HF_OK)
		require(hf__group_size(&group) <= size);
	if (hf__group_verify_slice(id, hf_bytes_of(data, size), &group) == HF_OK)
		require(group.body_len == size - HF__GROUP_PORTABLE_SIZE);
	if (hf__entry_decode(id, FIRST_LSN, hf_bytes_of(data, size), &entry, &entry_size) == HF_OK) {
		require(entry_size <= size &&
		        entry_size - HF__ENTRY_HEADER_SIZE - entry.body.len < HF__ALIGN);
	}
}

/* --- Scanning --------------------------------------------------------------------------------- */

struct count {
	uint64_t entries;
	uint64_t next_lsn;
	struct hf_bytes file;
};

static int count_entry(void *arg, const struct hf__entry *entry)
{
	struct count *count = arg;
	require(entry->lsn == count->next_lsn);
	require(entry->place.offset <= count->file.len &&
	        entry->body.len <= count->file.len - entry->place.offset);
	require(entry->body.data == (const uint8_t *)count->file.data + entry->place.offset);
	count->next_lsn++;
	count->entries++;
	return 0;
}

static void check_verdict(const struct hf__scan_input *in, const struct hf__scan_verdict *v)
{
	require((v->kind == HF__SCAN_CORRUPT) == (v->why != NULL));
	require((v->kind == HF__SCAN_TORN) == (v->torn_len != 0));
	require(v->durable_end >= in->from && v->durable_end <= v->end);
	require(v->end == in->from || v->end <= in->bytes.len);
	require(v->next_lsn == in->next_lsn + v->entries && v->groups <= v->entries);
	require(v->kind != HF__SCAN_CORRUPT || v->last_lost_lsn >= v->next_lsn - 1);
	require(v->kind != HF__SCAN_TORN || v->durable_lsn < v->next_lsn);
	require(in->pinned_end == 0 || v->kind != HF__SCAN_TORN);
}

/* What a scan took is taken again when the next segment pins the end there, whatever lies behind
 * it. */
static void check_pinned(const struct hf__scan_input *in, const struct hf__scan_verdict *v)
{
	struct hf__scan_input pinned = *in;
	struct hf__scan_verdict again;
	if (v->kind == HF__SCAN_CORRUPT || v->end == 0)
		return;
	pinned.pinned_end = v->end;
	require(hf__scan(&pinned, NULL, NULL, &again) == 0);
	require(again.kind == HF__SCAN_CLEAN && again.end == v->end && again.next_lsn == v->next_lsn &&
	        again.previous_hash == v->previous_hash);
}

static int read_bytes(void *ctx, void *into, size_t len, uint64_t at, size_t *got)
{
	const struct hf_bytes *file = ctx;
	const size_t left = at < file->len ? file->len - (size_t)at : 0;
	*got = len < left ? len : left;
	if (*got > 0)
		memcpy(into, (const uint8_t *)file->data + at, *got);
	return 0;
}

/* Read piece by piece it is judged alike. */
static void check_window(const struct hf__scan_input *in, const struct hf__scan_verdict *v)
{
	struct hf_bytes file = in->bytes;
	struct hf__scan_window window = {.read = read_bytes,
	                                 .ctx = &file,
	                                 .size = (uint32_t)file.len,
	                                 .piece = 1 + (uint32_t)(file.len * 7 % 3000),
	                                 .keeps = file.len % 2};
	struct hf__scan_input through = *in;
	struct hf__scan_verdict again;
	through.window = &window;
	through.bytes = hf_bytes_of(NULL, 0);
	require(hf__scan(&through, NULL, NULL, &again) == 0 && window.os_errno == 0);
	if (!window.keeps)
		again.durable_end = v->durable_end;
	require(again.kind == v->kind && again.end == v->end && again.next_lsn == v->next_lsn &&
	        again.previous_hash == v->previous_hash && again.durable_lsn == v->durable_lsn &&
	        again.proven_lsn == v->proven_lsn && again.durable_end == v->durable_end &&
	        again.damaged_end == v->damaged_end && again.torn_len == v->torn_len &&
	        again.groups == v->groups && again.why == v->why &&
	        again.last_lost_lsn == v->last_lost_lsn);
	hf__scan_window_deinit(&window);
}

static struct hf__scan_verdict scan(const struct hf__scan_input *in)
{
	struct count count = {.next_lsn = in->next_lsn, .file = in->bytes};
	struct hf__scan_verdict v;
	require(hf__scan(in, count_entry, &count, &v) == 0);
	require(v.entries == count.entries);
	check_verdict(in, &v);
	check_pinned(in, &v);
	check_window(in, &v);
	return v;
}

/* --- Resealing -------------------------------------------------------------------------------- */

/* Makes the checksums of as many entries right as fit, and gives each the LSN of its place. */
static void reseal_entries(const struct hf__log_id *id, uint8_t *at, size_t left, uint64_t lsn)
{
	while (left >= ENTRY_HEADER) {
		const uint64_t seed = hf__seed_at(id->seed, lsn++);
		const size_t room = left - ENTRY_HEADER, len = hf__load_u32(at);
		if (len <= room)
			hf__store_u64(at + ENTRY_BODY_SUM, hf__checksum(at + ENTRY_HEADER, len, seed));
		hf__store_u64(at + ENTRY_SUM, hf__checksum(at, ENTRY_SUM, seed));
		if (len > room || room - len < (8 - len % 8) % 8)
			return;
		const size_t step = ENTRY_HEADER + len + (8 - len % 8) % 8;
		at += step;
		left -= step;
	}
}

/* Numbers the group as the next one, chains it to the one before, and seals it. Returns its
 * size, at least 8. */
static size_t reseal_group(const struct hf__log_id *id, uint8_t *file, size_t size, size_t at,
                           uint64_t *lsn, uint64_t *previous)
{
	uint8_t *group = file + at;
	const size_t room = size - at - GROUP_HEADER, len = hf__load_u32(group + GROUP_BODY_LEN);
	hf__store_u32(group + GROUP_PORTABLE_MAGIC, 0x67706668);
	hf__store_u16(group + GROUP_EPOCH, id->epoch);
	memcpy(group + GROUP_UUID, id->uuid, sizeof id->uuid);
	hf__store_u32(group + GROUP_SEGMENT, SEGMENT);
	hf__store_u32(group + GROUP_OFFSET, (uint32_t)at);
	hf__store_u64(group + GROUP_FIRST_LSN, *lsn);
	hf__store_u64(group + GROUP_PREVIOUS_HASH, *previous);
	if (len <= room) {
		reseal_entries(id, group + GROUP_HEADER, len, *lsn);
		log_build_reseal_group(id, group);
	} else {
		log_build_reseal_headers(id, group);
	}
	*lsn += hf__load_u32(group + GROUP_ENTRY_COUNT);
	*previous = hf__load_u64(group + GROUP_SUM);
	return len <= room && len % 8 == 0
	           ? GROUP_HEADER + len + (size_t)hf__load_u32(group + GROUP_PAD_LEN) % 4096 / 8 * 8
	           : 8;
}

static void reseal(const struct hf__log_id *id, uint8_t *file, size_t size, uint64_t lsn,
                   uint64_t previous)
{
	size_t at = 0;
	while (at <= size && size - at >= GROUP_HEADER) {
		at += hf__load_u32(file + at) == 0x72676668
		          ? reseal_group(id, file, size, at, &lsn, &previous)
		          : 8;
	}
}

/* A segment out of the input: 8 bytes of what is known beforehand, then the file. No segment
 * header: groups begin at 0. */
static void scan_input(const struct hf__log_id *id, const uint8_t *data, size_t size, bool resealed)
{
	if (size < 8)
		return;
	uint8_t *file = malloc(size - 8 + 1);
	require(file != NULL);
	memcpy(file, data + 8, size - 8);
	const struct hf__scan_input in = {
	    .id = id,
	    .bytes = {file, size - 8},
	    .segment = SEGMENT,
	    .from = data[0] % 16 == 15 ? data[1] : 0,
	    .next_lsn = FIRST_LSN,
	    .previous_hash = 1,
	    .pinned_end = data[2] % 4 == 3 ? hf__load_u16(data + 2) : 0,
	    .witness_end = data[4] % 4 == 3 ? hf__load_u16(data + 4) : 0,
	    .witness_lsn = hf__load_u16(data + 6) % (2 * FIRST_LSN),
	    .witness_chain = data[7],
	};
	if (resealed)
		reseal(id, file, size - 8, FIRST_LSN, 1);
	(void)scan(&in);
	free(file);
}

/* --- Damage ----------------------------------------------------------------------------------- */

/* The script: bytes are taken one by one; behind its end come zeros. */
struct script {
	const uint8_t *at;
	size_t left;
};

static unsigned take(struct script *script)
{
	if (script->left == 0)
		return 0;
	script->left--;
	return *script->at++;
}

static struct log_build build_scripted(struct script *script)
{
	struct log_build b =
	    log_build((const uint32_t[]){HF__ALIGN, HF__SECTOR, HF__BLOCK}[take(script) % 3]);
	const unsigned groups = 1 + take(script) % SCRIPT_GROUPS;
	for (unsigned i = 0; i < groups; i++) {
		const unsigned entries = 1 + take(script) % 4;
		log_build_group(&b, entries, take(script) % 150);
	}
	log_build_fill(&b, SCRIPT_SIZE);
	return b;
}

/* Flips, zeroes or overwrites up to four ranges at or behind `first`. */
static void damage(struct script *script, uint8_t *file, size_t size, size_t first)
{
	for (unsigned i = take(script) % 4 + 1; i > 0; i--) {
		const size_t at = first + (take(script) << 8 | take(script)) % (size - first);
		const unsigned how = take(script);
		const size_t wanted = take(script) + 1u, len = wanted < size - at ? wanted : size - at;
		if (how % 3 == 0)
			file[at] ^= (uint8_t)(1u << how / 3 % 8);
		else
			memset(file + at, how % 3 == 1 ? 0 : (int)how, len);
	}
}

static void scan_damaged(const uint8_t *data, size_t size)
{
	struct script script = {data, size};
	struct log_build b = build_scripted(&script);
	const uint32_t end = b.start[b.groups];
	struct hf__scan_input in = {
	    .id = &b.id,
	    .bytes = {b.w.data, b.w.len},
	    .segment = b.segment,
	    .from = b.start[0],
	    .next_lsn = b.first_lsn[0],
	    .previous_hash = 0x1234,
	};
	uint8_t *before = malloc(b.w.len);
	require(before != NULL);
	memcpy(before, b.w.data, b.w.len);
	require(scan(&in).kind == HF__SCAN_CLEAN && scan(&in).end == end);
	damage(&script, b.w.data, b.w.len, b.start[0]);

	/* What is taken is exactly what was written up to there. */
	const struct hf__scan_verdict v = scan(&in);
	require(v.end <= end && memcmp(b.w.data, before, v.end) == 0);
	/* Nothing that the witness knows of is lost in silence, and damage behind it is never taken
	 * for such a loss. */
	in.witness_end = end;
	in.witness_lsn = b.next_lsn - 1;
	in.witness_chain = b.previous_hash;
	require((scan(&in).kind == HF__SCAN_CORRUPT) == (memcmp(b.w.data, before, end) != 0));
	free(before);
	log_build_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct hf__log_id id = log_build_id(0xA5, 7);
	if (size == 0) {
		decode_all(&id, data, size);
		return 0;
	}
	switch (data[0] % MODES) {
	case MODE_DECODE:
		decode_all(&id, data + 1, size - 1);
		break;
	case MODE_RAW:
	case MODE_RESEALED:
		scan_input(&id, data + 1, size - 1, data[0] % MODES == MODE_RESEALED);
		break;
	default:
		scan_damaged(data + 1, size - 1);
		break;
	}
	return 0;
}
