/* Fuzz target: IDENTITY and segment headers, the sectors with the frozen head.
 *
 * The first byte chooses: bit 0, IDENTITY or a segment header; bit 1, whether magic, checksum,
 * name and a known version are put in first, so that the code behind the checksum is reached
 * with fields that no encoder writes; bit 2, whether a feature that is not known is in force.
 * The rest are the bytes, which may be too few or too many. What is valid is written again and
 * is the same; what is not tells nothing. A violation aborts. */
#include <stdlib.h>

#include "base/hash.h"
#include "lib/log_build.h"
#include "log/identity.h"
#include "log/segment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	SEGMENT_HEADER = 1,
	RESEALED = 2,
	FEATURES = 4,
	SUM = 504,
	MAJOR = 8,
	COMPAT = 16,
	INCOMPAT = 24,
	UUID = 32,
	EPOCH = 48,
	NUMBER = 52
};

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void reseal(uint8_t *bytes, const struct hf__log_id *id, bool segment)
{
	static const uint8_t magics[2][8] = {"hfstore\n", "hfsegmnt"};
	memcpy(bytes, magics[segment], sizeof magics[0]);
	hf__store_u32(bytes + MAJOR, hf__load_u32(bytes + MAJOR) % 4);
	hf__store_u32(bytes + INCOMPAT, hf__load_u32(bytes + INCOMPAT) % 2);
	if (segment) {
		memcpy(bytes + UUID, id->uuid, 16);
		hf__store_u16(bytes + EPOCH, id->epoch);
	}
	const uint64_t seed = segment ? hf__seed_at(id->seed, hf__load_u32(bytes + NUMBER)) : 0;
	hf__store_u64(bytes + SUM, hf__checksum(bytes, SUM, seed));
}

/* Written again it is the same, but for what an unknown feature may have put into reserved
 * bytes. */
static void same(const uint8_t *bytes, const uint8_t *again, bool features)
{
	require(features || memcmp(bytes, again, HF__SECTOR) == 0);
	require(memcmp(bytes, again, 28) == 0 && memcmp(bytes + UUID, again + UUID, 18) == 0);
}

static void identity(const uint8_t *bytes, size_t size)
{
	struct hf__identity out;
	uint8_t again[HF__SECTOR];
	memset(&out, 0xEE, sizeof out);
	const int rc = hf__identity_decode(bytes, size, &out);
	require(rc == HF_OK || rc == HF_ECORRUPT || rc == HF_EVERSION);
	if (rc == HF_ECORRUPT)
		require(out.format_major == 0 && out.segment_size == 0 && out.pad == 0 &&
		        hf__bytes_zero(out.content_key, 16));
	if (rc == HF_EVERSION)
		require(size >= HF__SECTOR && out.format_major == hf__load_u32(bytes + MAJOR));
	if (rc != HF_OK)
		return;
	require(size == HF__SECTOR && out.format_major == HF__FORMAT_MAJOR && out.sync_method == 0);
	require(out.pad == 0 || out.pad == HF__SECTOR || out.pad == HF__BLOCK);
	require(out.segment_size >= HF__SEGMENT_SIZE_MIN && out.segment_size <= HF__SEGMENT_SIZE_MAX);
	hf__identity_encode(&out, again);
	same(bytes, again, hf__features_unknown(out.compat, out.ro_compat));
}

static void header(const struct hf__log_id *id, const uint8_t *bytes, size_t size)
{
	struct hf__segment_header out;
	uint8_t again[HF__SECTOR];
	memset(&out, 0xEE, sizeof out);
	const int rc = hf__segment_header_decode(id, bytes, size, &out);
	require(rc == HF_OK || rc == HF_ECORRUPT || rc == HF_EVERSION);
	if (rc == HF_ECORRUPT)
		require(out.format_major == 0 && out.size == 0 && out.first_lsn == 0);
	if (rc != HF_OK)
		return;
	require(out.number != 0 && out.first_lsn > out.previous_lsn && out.first_lsn <= HF__LSN_MAX);
	require(out.first_lsn - out.previous_lsn == 1 ||
	        (out.jumped && out.first_lsn - out.previous_lsn > HF__LSN_JUMP));
	require(out.previous_end.segment < out.number && out.size % HF__BLOCK == 0 &&
	        out.size <= HF__SEGMENT_SIZE_MAX);
	hf__segment_header_encode(id, &out, again);
	same(bytes, again, id->features_unknown || hf__features_unknown(out.compat, out.ro_compat));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hf__log_id id = log_build_id(0xA5, 7);
	if (size == 0)
		return 0;
	const uint8_t how = *data;
	uint8_t *bytes = malloc(size);
	require(bytes != NULL);
	memcpy(bytes, data + 1, size - 1);
	id.features_unknown = (how & FEATURES) != 0;
	if ((how & RESEALED) && size > HF__SECTOR)
		reseal(bytes, &id, how & SEGMENT_HEADER);
	if (how & SEGMENT_HEADER)
		header(&id, bytes, size - 1);
	else
		identity(bytes, size - 1);
	free(bytes);
	return 0;
}
