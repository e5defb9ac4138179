/* WITNESS.
 *
 * Job: say, from outside the log, how far the log is known to be durable. A group can only say
 * that about groups before it; for the last group the witness is the only word.
 *
 * Happy path: after a flush the next generation is written to the other slot and synced lazily.
 * A reader takes the newer valid slot.
 *
 * Failure modes: a slot torn by a crash does not verify and the other one, older, is taken: that
 * weakens what can be proven, never what is kept. A slot in the wrong place is not believed: its
 * generation says where it belongs. Both slots invalid is legal only as far as the opener can
 * tell (a new store; both writes in flight), so it is no verdict here. */
#include "log/witness.h"

#include "base/bytes.h"
#include "base/hash.h"
#include "log/sector.h"

#define MAGIC "hfwitnes"

enum place {
	AT_GENERATION = 8,
	AT_BOOT_ID = 16,
	AT_END_SEGMENT = 32,
	AT_END_OFFSET = 36,
	AT_LSN = 40,
	AT_CHAIN = 48,
	AT_CLEAN = 56,
	AT_EPOCH = 58,
	AT_CLOCK = 64,
	AT_WALL = 72,
	AT_BOOT_CLOCK = 80,
};

/* The generation seeds the checksum, so that an old slot's checksum cannot vouch for a new one's
 * bytes. */
static uint64_t slot_seed(const struct hf__log_id *id, uint64_t generation)
{
	return hf__seed_at(id->seed, generation);
}

void hf__witness_encode(const struct hf__log_id *id, const struct hf__witness *witness,
                        uint8_t out[HF__WITNESS_SLOT_SIZE])
{
	hf__sector_begin(out, MAGIC);
	hf__store_u64(out + AT_GENERATION, witness->generation);
	memcpy(out + AT_BOOT_ID, witness->boot_id, sizeof witness->boot_id);
	hf__store_u32(out + AT_END_SEGMENT, witness->end.segment);
	hf__store_u32(out + AT_END_OFFSET, witness->end.offset);
	hf__store_u64(out + AT_LSN, witness->lsn);
	hf__store_u64(out + AT_CHAIN, witness->chain);
	out[AT_CLEAN] = witness->clean;
	hf__store_u16(out + AT_EPOCH, id->epoch);
	hf__store_u64(out + AT_CLOCK, (uint64_t)witness->clock);
	hf__store_u64(out + AT_WALL, (uint64_t)witness->wall);
	hf__store_u64(out + AT_BOOT_CLOCK, (uint64_t)witness->boot_clock);
	hf__sector_seal(out, slot_seed(id, witness->generation));
}

/* Either nothing is durable yet, or the end is where a group can end: past the segment's header,
 * aligned. */
static bool end_possible(struct hf__position end)
{
	if (end.segment == 0)
		return end.offset == 0;
	return end.offset >= HF__SEGMENT_HEADER_SIZE && end.offset % HF__ALIGN == 0;
}

static void witness_load(const uint8_t *bytes, struct hf__witness *out)
{
	out->generation = hf__load_u64(bytes + AT_GENERATION);
	memcpy(out->boot_id, bytes + AT_BOOT_ID, sizeof out->boot_id);
	out->end.segment = hf__load_u32(bytes + AT_END_SEGMENT);
	out->end.offset = hf__load_u32(bytes + AT_END_OFFSET);
	out->lsn = hf__load_u64(bytes + AT_LSN);
	out->chain = hf__load_u64(bytes + AT_CHAIN);
	out->clean = bytes[AT_CLEAN] == 1;
	out->clock = (int64_t)hf__load_u64(bytes + AT_CLOCK);
	out->wall = (int64_t)hf__load_u64(bytes + AT_WALL);
	out->boot_clock = (int64_t)hf__load_u64(bytes + AT_BOOT_CLOCK);
}

/* Reserved bytes are what the encoder leaves zero. */
static bool reserved_allowed(const struct hf__log_id *id, const struct hf__witness *witness,
                             const uint8_t *bytes)
{
	uint8_t again[HF__WITNESS_SLOT_SIZE];
	if (id->features_unknown)
		return true;
	hf__witness_encode(id, witness, again);
	return memcmp(again, bytes, sizeof again) == 0;
}

int hf__witness_decode(const struct hf__log_id *id, const uint8_t *bytes, size_t len,
                       struct hf__witness *out)
{
	memset(out, 0, sizeof *out);
	if (len < HF__WITNESS_SLOT_SIZE ||
	    !hf__sector_valid(bytes, MAGIC, slot_seed(id, hf__load_u64(bytes + AT_GENERATION))))
		return HF_ECORRUPT;
	witness_load(bytes, out);
	if (out->generation == 0 || bytes[AT_CLEAN] > 1 ||
	    hf__load_u16(bytes + AT_EPOCH) != id->epoch || out->lsn > HF__LSN_MAX ||
	    !end_possible(out->end) || !reserved_allowed(id, out, bytes)) {
		memset(out, 0, sizeof *out);
		return HF_ECORRUPT;
	}
	return HF_OK;
}

/* Slot `index` of the file, if the file reaches so far and the slot belongs there. */
static bool slot_read(const struct hf__log_id *id, const uint8_t *file, size_t len, size_t index,
                      struct hf__witness *out)
{
	const size_t at = index * HF__WITNESS_SLOT_STEP;
	if (len < at)
		return false;
	return hf__witness_decode(id, file + at, len - at, out) == HF_OK &&
	       (out->generation & 1) == index;
}

bool hf__witness_pick(const struct hf__log_id *id, const uint8_t *file, size_t len,
                      struct hf__witness *out)
{
	struct hf__witness slots[2];
	const bool even = slot_read(id, file, len, 0, &slots[0]);
	const bool odd = slot_read(id, file, len, 1, &slots[1]);
	memset(out, 0, sizeof *out);
	if (!even && !odd)
		return false;
	/* Valid slots never have the same generation: one is even, the other odd. */
	*out = odd && (!even || slots[1].generation > slots[0].generation) ? slots[1] : slots[0];
	return true;
}
