/* Fuzz target: WITNESS, both slots.
 *
 * The first byte chooses for each slot (bits 0 and 1) whether magic, epoch and checksum are put
 * in first, and (bit 2) whether an unknown feature is in force; the rest goes to the slots, half
 * each, 0 behind its end. What is picked is valid, belongs where it stands and is the newer one;
 * what is valid is written again the same. A violation aborts. */
#include <stdlib.h>

#include "base/hash.h"
#include "lib/log_build.h"
#include "log/witness.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FEATURES = 4, GENERATION = 8, CLEAN = 56, EPOCH = 58, SUM = 504, SLOT = 512, STEP = 4096 };

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void reseal(uint8_t *slot, const struct hf__log_id *id)
{
	static const uint8_t magic[8] = "hfwitnes";
	memcpy(slot, magic, sizeof magic);
	hf__store_u16(slot + EPOCH, id->epoch);
	slot[CLEAN] &= 3;
	hf__store_u64(slot + SUM,
	              hf__checksum(slot, SUM, hf__seed_at(id->seed, hf__load_u64(slot + GENERATION))));
}

/* What the file may be taken for, slot by slot, without the code that picks. */
static bool whole(const struct hf__log_id *id, const uint8_t *file, size_t len, unsigned index,
                  struct hf__witness *out)
{
	uint8_t again[SLOT];
	const size_t at = (size_t)index * STEP;
	if (len < at + SLOT || hf__witness_decode(id, file + at, SLOT, out) != HF_OK ||
	    (out->generation & 1) != index)
		return false;
	require(out->generation != 0 && out->lsn <= HF__LSN_MAX);
	require(out->end.segment
	            ? out->end.offset >= HF__SEGMENT_HEADER_SIZE && out->end.offset % HF__ALIGN == 0
	            : out->end.offset == 0);
	hf__witness_encode(id, out, again);
	require(id->features_unknown || memcmp(again, file + at, SLOT) == 0);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t file[HF__WITNESS_SIZE];
	struct hf__log_id id = log_build_id(0xA5, 7);
	struct hf__witness slots[2], picked;
	if (size == 0)
		return 0;
	const uint8_t how = *data++;
	const size_t half = (size - 1) / 2;
	memset(file, 0, sizeof file);
	memcpy(file, data, half < SLOT ? half : SLOT);
	memcpy(file + STEP, data + half, half < SLOT ? half : SLOT);
	id.features_unknown = (how & FEATURES) != 0;
	for (unsigned i = 0; i < 2; i++)
		if (how & 1u << i)
			reseal(file + (size_t)i * STEP, &id);
	/* Of every length at which something changes, in memory of exactly that size. */
	static const size_t lengths[] = {0,           SLOT - 1,        SLOT, STEP, STEP + SLOT - 1,
	                                 STEP + SLOT, HF__WITNESS_SIZE};
	for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
		uint8_t *exact = malloc(lengths[i] + 1);
		require(exact != NULL);
		memcpy(exact, file, lengths[i]);
		const bool even = whole(&id, exact, lengths[i], 0, &slots[0]),
		           odd = whole(&id, exact, lengths[i], 1, &slots[1]);
		require(hf__witness_pick(&id, exact, lengths[i], &picked) == (even || odd));
		if (even && odd)
			require(picked.generation == (slots[0].generation > slots[1].generation
			                                  ? slots[0].generation
			                                  : slots[1].generation));
		else
			require(picked.generation == (even  ? slots[0].generation
			                              : odd ? slots[1].generation
			                                    : 0));
		free(exact);
	}
	return 0;
}
