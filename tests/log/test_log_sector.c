/* tier: fast */
/* IDENTITY, WITNESS and segment headers: one sector each, exact or refused; newer is not
 * damaged. */
#include "log/sector_case.h"

static struct hf__identity an_identity(void)
{
	struct hf__identity identity = {
	    .format_major = 2, .epoch = 300, .segment_size = 64u << 20, .pad = 4096};
	memset(identity.uuid, 0x5A, 16);
	memset(identity.content_key, 0xC0, 16);
	return identity;
}

static struct hf__segment_header a_header(void)
{
	struct hf__segment_header header = {
	    .format_major = 2,
	    .epoch = 300,
	    .number = 9,
	    .size = 1u << 20,
	    .first_lsn = 501,
	    .previous_end = {8, 4096},
	    .previous_lsn = 500,
	    .previous_hash = UINT64_C(0xfedcba9876543210),
	};
	memset(header.uuid, 0x5A, 16);
	return header;
}

/* --- One decoder at a time, behind one face --------------------------------------------------- */

static int identity_decode(const uint8_t *bytes, size_t len, void *out)
{
	return hf__identity_decode(bytes, len, out);
}

static int header_decode(const uint8_t *bytes, size_t len, void *out)
{
	const struct hf__log_id id = the_id();
	return hf__segment_header_decode(&id, bytes, len, out);
}

static int witness_decode(const uint8_t *bytes, size_t len, void *out)
{
	const struct hf__log_id id = the_id();
	return hf__witness_decode(&id, bytes, len, out);
}

static void identity_bytes(uint8_t out[SECTOR])
{
	const struct hf__identity identity = an_identity();
	hf__identity_encode(&identity, out);
}

static void header_bytes(uint8_t out[SECTOR])
{
	const struct hf__log_id id = the_id();
	const struct hf__segment_header header = a_header();
	hf__segment_header_encode(&id, &header, out);
}

static void witness_bytes(uint8_t out[SECTOR])
{
	const struct hf__log_id id = the_id();
	const struct hf__witness witness = a_witness(6);
	hf__witness_encode(&id, &witness, out);
}

static const struct face {
	void (*bytes)(uint8_t out[SECTOR]);
	int (*decode)(const uint8_t *bytes, size_t len, void *out);
	uint64_t seed_number; /* 0: the seed is 0 itself */
} faces[] = {
    {identity_bytes, identity_decode, 0},
    {header_bytes, header_decode, 9},
    {witness_bytes, witness_decode, 6},
};
enum { FACES = sizeof faces / sizeof *faces, VERSIONED = 2 };

union any {
	struct hf__identity identity;
	struct hf__segment_header header;
	struct hf__witness witness;
	uint8_t bytes[128];
};

static void reseal(const struct face *face, uint8_t sector[SECTOR])
{
	const struct hf__log_id id = the_id();
	const uint64_t seed = face->seed_number ? hf__seed_at(id.seed, face->seed_number) : 0;
	hf__store_u64(sector + SUM, hf__checksum(sector, SUM, seed));
}

static void assert_nothing_told(const union any *out)
{
	assert_true(hf__bytes_zero(out, sizeof out->identity < sizeof out->witness
	                                    ? sizeof out->identity
	                                    : sizeof out->witness));
}

/* --- Tests ------------------------------------------------------------------------------------ */

static void identity_comes_back(void **state)
{
	(void)state;
	const struct hf__identity in = an_identity();
	struct hf__identity out;
	uint8_t sector[SECTOR];
	hf__identity_encode(&in, sector);
	assert_int_equal(hf__identity_decode(sector, SECTOR, &out), HF_OK);
	assert_int_equal(out.format_major, 2);
	assert_int_equal(out.format_minor, 0);
	assert_int_equal(out.compat, 0);
	assert_int_equal(out.ro_compat, 0);
	assert_int_equal(out.incompat, 0);
	assert_memory_equal(out.uuid, in.uuid, 16);
	assert_int_equal(out.epoch, 300);
	assert_int_equal(out.segment_size, 64u << 20);
	assert_int_equal(out.sync_method, 0);
	assert_int_equal(out.pad, 4096);
	assert_memory_equal(out.content_key, in.content_key, 16);
}

static void segment_header_comes_back(void **state)
{
	(void)state;
	const struct hf__segment_header in = a_header();
	struct hf__segment_header out;
	uint8_t sector[SECTOR];
	header_bytes(sector);
	assert_int_equal(header_decode(sector, SECTOR, &out), HF_OK);
	assert_memory_equal(out.uuid, in.uuid, 16);
	assert_int_equal(out.format_major, 2);
	assert_int_equal(out.incompat, 0);
	assert_int_equal(out.epoch, in.epoch);
	assert_int_equal(out.number, in.number);
	assert_int_equal(out.size, in.size);
	assert_int_equal(out.first_lsn, in.first_lsn);
	assert_false(out.jumped);
	assert_int_equal(out.previous_end.segment, 8);
	assert_int_equal(out.previous_end.offset, 4096);
	assert_int_equal(out.previous_lsn, in.previous_lsn);
	assert_int_equal(out.previous_hash, in.previous_hash);
}

static void witness_comes_back(void **state)
{
	(void)state;
	const struct hf__witness in = a_witness(6);
	struct hf__witness out;
	uint8_t sector[SECTOR];
	witness_bytes(sector);
	assert_int_equal(witness_decode(sector, SECTOR, &out), HF_OK);
	assert_int_equal(out.generation, 6);
	assert_memory_equal(out.boot_id, in.boot_id, 16);
	assert_int_equal(out.end.segment, 9);
	assert_int_equal(out.end.offset, 5000);
	assert_int_equal(out.lsn, 906);
	assert_int_equal(out.chain, 77);
	assert_true(out.clean);
	assert_true(out.clock == 1795167000000000 && out.wall == -5 && out.boot_clock == 123456);
}

static void every_flipped_bit_of_a_sector_is_damage_and_tells_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < FACES; i++) {
		uint8_t sector[SECTOR];
		faces[i].bytes(sector);
		for (size_t bit = 0; bit < SECTOR * 8; bit++) {
			union any out;
			memset(&out, 0xFF, sizeof out);
			sector[bit / 8] ^= (uint8_t)(1u << bit % 8);
			assert_int_equal(faces[i].decode(sector, SECTOR, &out), HF_ECORRUPT);
			assert_nothing_told(&out);
			sector[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
	}
}

static void every_truncation_of_a_sector_is_damage(void **state)
{
	(void)state;
	for (size_t i = 0; i < FACES; i++) {
		uint8_t sector[SECTOR];
		faces[i].bytes(sector);
		for (size_t len = 0; len < SECTOR; len++) {
			union any out;
			uint8_t *exact = test_malloc(len ? len : 1);
			memcpy(exact, sector, len);
			assert_int_equal(faces[i].decode(exact, len, &out), HF_ECORRUPT);
			test_free(exact);
		}
	}
}

static void a_sector_of_zeros_is_not_valid(void **state)
{
	(void)state;
	const uint8_t zeros[SECTOR] = {0};
	for (size_t i = 0; i < FACES; i++) {
		union any out;
		assert_int_equal(faces[i].decode(zeros, SECTOR, &out), HF_ECORRUPT);
	}
}

static void an_identity_file_is_one_sector_exactly(void **state)
{
	(void)state;
	uint8_t bytes[SECTOR + 1] = {0};
	struct hf__identity out;
	identity_bytes(bytes);
	assert_int_equal(hf__identity_decode(bytes, SECTOR, &out), HF_OK);
	assert_int_equal(hf__identity_decode(bytes, SECTOR + 1, &out), HF_ECORRUPT);
	assert_int_equal(out.segment_size, 0);
}

/* Major 1 was never released. The places are stated here as numbers, so that moving a field
 * breaks this test. */
static void another_major_version_is_a_version_and_not_damage(void **state)
{
	(void)state;
	static const uint32_t majors[] = {0, 1, 3, UINT32_MAX};
	for (size_t i = 0; i < VERSIONED; i++) {
		for (size_t n = 0; n < sizeof majors / sizeof *majors; n++) {
			const uint32_t major = majors[n];
			uint8_t sector[SECTOR];
			union any out;
			faces[i].bytes(sector);
			hf__store_u32(sector + MAJOR, major);
			memset(sector + 60, 0xEE, SUM - 60); /* the newer version may put anything there */
			reseal(&faces[i], sector);
			assert_int_equal(faces[i].decode(sector, SECTOR, &out),
			                 major != 0 ? HF_EVERSION : HF_ECORRUPT);
			if (major != 0) {
				assert_int_equal(i == 0 ? out.identity.format_major : out.header.format_major,
				                 major);
				assert_int_equal(i == 0 ? out.identity.epoch : out.header.epoch, 300);
				assert_int_equal(i == 0 ? 0 : out.header.first_lsn, 0);
			}
		}
	}
}

static void an_unknown_incompat_bit_is_a_version(void **state)
{
	(void)state;
	for (size_t i = 0; i < VERSIONED; i++) {
		for (unsigned bit = 0; bit < 32; bit++) {
			uint8_t sector[SECTOR];
			union any out;
			if (HF__FEATURE_INCOMPAT_KNOWN >> bit & 1)
				continue;
			faces[i].bytes(sector);
			hf__store_u32(sector + INCOMPAT, UINT32_C(1) << bit);
			reseal(&faces[i], sector);
			assert_int_equal(faces[i].decode(sector, SECTOR, &out), HF_EVERSION);
			assert_int_equal(i == 0 ? out.identity.incompat : out.header.incompat, UINT32_C(1)
			                                                                           << bit);
		}
	}
}

static void minor_versions_compat_and_ro_compat_bits_are_reported_and_readable(void **state)
{
	(void)state;
	for (size_t i = 0; i < VERSIONED; i++) {
		uint8_t sector[SECTOR];
		union any out;
		faces[i].bytes(sector);
		hf__store_u32(sector + MINOR, 12);
		hf__store_u32(sector + COMPAT, 0x80000000u);
		hf__store_u32(sector + RO_COMPAT, 0x40000001u);
		memset(sector + 200, 0xEE, 100); /* reserved bytes: a later minor version's */
		reseal(&faces[i], sector);
		assert_int_equal(faces[i].decode(sector, SECTOR, &out), HF_OK);
		assert_int_equal(i == 0 ? out.identity.format_minor : out.header.format_minor, 12);
		assert_int_equal(i == 0 ? out.identity.compat : out.header.compat, 0x80000000u);
		assert_int_equal(i == 0 ? out.identity.ro_compat : out.header.ro_compat, 0x40000001u);
	}
}

/* Without a feature that says so, reserved bytes mean nothing and have to be zero. */
static void a_reserved_byte_without_a_feature_is_damage(void **state)
{
	(void)state;
	static const size_t first_reserved[FACES] = {88, 96, 88};
	for (size_t i = 0; i < FACES; i++) {
		for (size_t at = first_reserved[i]; at < SUM; at += 7) {
			uint8_t sector[SECTOR];
			union any out;
			faces[i].bytes(sector);
			sector[at] = 1;
			reseal(&faces[i], sector);
			assert_int_equal(faces[i].decode(sector, SECTOR, &out), HF_ECORRUPT);
			assert_nothing_told(&out);
		}
	}
	/* In WITNESS, which has no masks of its own, those of the store make them legal. */
	struct hf__log_id id = the_id();
	struct hf__witness out;
	uint8_t sector[SECTOR];
	witness_bytes(sector);
	sector[400] = 1;
	reseal(&faces[2], sector);
	id.features_unknown = true;
	assert_int_equal(hf__witness_decode(&id, sector, SECTOR, &out), HF_OK);
	/* A segment's as well: a feature may have come after the segment. */
	struct hf__segment_header header;
	header_bytes(sector);
	sector[400] = 1;
	reseal(&faces[1], sector);
	assert_int_equal(hf__segment_header_decode(&id, sector, SECTOR, &header), HF_OK);
}

static int decode_header_of(const struct hf__segment_header *header)
{
	const struct hf__log_id id = the_id();
	struct hf__segment_header out;
	uint8_t sector[SECTOR];
	hf__segment_header_encode(&id, header, sector);
	return hf__segment_header_decode(&id, sector, SECTOR, &out);
}

static void a_segment_header_must_not_contradict_itself(void **state)
{
	(void)state;
	struct hf__segment_header h = a_header();
	assert_int_equal(decode_header_of(&h), HF_OK);
	h = a_header(), h.number = 0, h.previous_end = (struct hf__position){0, 0};
	assert_int_equal(decode_header_of(&h), HF_ECORRUPT);
	h = a_header(), h.epoch = 301;
	assert_int_equal(decode_header_of(&h), HF_ECORRUPT);
	h = a_header(), h.uuid[15] ^= 1;
	assert_int_equal(decode_header_of(&h), HF_ECORRUPT);
	h = a_header(), h.size = 4095;
	assert_int_equal(decode_header_of(&h), HF_ECORRUPT);
	h = a_header(), h.size = 0;
	assert_int_equal(decode_header_of(&h), HF_ECORRUPT);
	h = a_header(), h.size = (1u << 30) + 4096;
	assert_int_equal(decode_header_of(&h), HF_ECORRUPT);
	h = a_header(), h.previous_end.segment = 9;
	assert_int_equal(decode_header_of(&h), HF_ECORRUPT);
	h = a_header(), h.previous_end.offset = 4100;
	assert_int_equal(decode_header_of(&h), HF_ECORRUPT);
	h = a_header(), h.previous_end.offset = 504;
	assert_int_equal(decode_header_of(&h), HF_ECORRUPT);
	h = a_header(), h.previous_end.segment = 0;
	assert_int_equal(decode_header_of(&h), HF_ECORRUPT);
	h = a_header(), h.previous_end = (struct hf__position){0, 0};
	assert_int_equal(decode_header_of(&h), HF_OK);
}

static void a_gap_in_numbering_must_be_declared(void **state)
{
	(void)state;
	struct hf__segment_header h = a_header();
	h.first_lsn = 502;
	assert_int_equal(decode_header_of(&h), HF_ECORRUPT);
	h.jumped = true;
	h.first_lsn = 501 + HF__LSN_JUMP;
	assert_int_equal(decode_header_of(&h), HF_OK);
	h.first_lsn = 501 + HF__LSN_JUMP * 1000; /* further is as good */
	assert_int_equal(decode_header_of(&h), HF_OK);
	h.first_lsn = 500 + HF__LSN_JUMP; /* less is not */
	assert_int_equal(decode_header_of(&h), HF_ECORRUPT);
	h.first_lsn = 500;
	assert_int_equal(decode_header_of(&h), HF_ECORRUPT);
	h.first_lsn = HF__LSN_MAX + 1;
	assert_int_equal(decode_header_of(&h), HF_ECORRUPT);
}

static void a_header_is_valid_under_its_own_number_only(void **state)
{
	(void)state;
	uint8_t sector[SECTOR];
	union any out;
	header_bytes(sector);
	hf__store_u32(sector + 52, 10); /* a renamed file that adjusts the number alone */
	assert_int_equal(header_decode(sector, SECTOR, &out), HF_ECORRUPT);
}

static int decode_identity_of(uint32_t segment_size, uint32_t sync_method)
{
	struct hf__identity in = an_identity(), out;
	uint8_t sector[SECTOR];
	in.segment_size = segment_size;
	in.sync_method = sync_method;
	hf__identity_encode(&in, sector);
	return hf__identity_decode(sector, SECTOR, &out);
}

static void an_identity_must_make_sense(void **state)
{
	(void)state;
	assert_int_equal(decode_identity_of(16u << 10, 0), HF_OK);
	assert_int_equal(decode_identity_of(1u << 30, 0), HF_OK);
	assert_int_equal(decode_identity_of((16u << 10) - 4096, 0), HF_ECORRUPT);
	assert_int_equal(decode_identity_of((1u << 30) + 4096, 0), HF_ECORRUPT);
	assert_int_equal(decode_identity_of((16u << 10) + 8, 0), HF_ECORRUPT);
	/* a way of syncing that is not known yet */
	assert_int_equal(decode_identity_of(16u << 10, 1), HF_EVERSION);
	static const uint32_t pads[] = {0, 512, 4096, 8, 1024, 8192};
	for (size_t i = 0; i < 6; i++) {
		struct hf__identity in = an_identity(), out;
		uint8_t sector[SECTOR];
		in.pad = pads[i];
		hf__identity_encode(&in, sector);
		assert_int_equal(hf__identity_decode(sector, SECTOR, &out), i < 3 ? HF_OK : HF_EVERSION);
	}
}

static int decode_witness_of(const struct hf__witness *witness)
{
	const struct hf__log_id id = the_id();
	struct hf__witness out;
	uint8_t sector[SECTOR];
	hf__witness_encode(&id, witness, sector);
	return hf__witness_decode(&id, sector, SECTOR, &out);
}

static void a_witness_must_make_sense(void **state)
{
	(void)state;
	struct hf__witness w = a_witness(1);
	assert_int_equal(decode_witness_of(&w), HF_OK);
	w = a_witness(0);
	assert_int_equal(decode_witness_of(&w), HF_ECORRUPT);
	w = a_witness(1), w.end = (struct hf__position){0, 0};
	assert_int_equal(decode_witness_of(&w), HF_OK);
	w = a_witness(1), w.end = (struct hf__position){0, 512};
	assert_int_equal(decode_witness_of(&w), HF_ECORRUPT);
	w = a_witness(1), w.end.offset = 504;
	assert_int_equal(decode_witness_of(&w), HF_ECORRUPT);
	w = a_witness(1), w.end.offset = 5001;
	assert_int_equal(decode_witness_of(&w), HF_ECORRUPT);
	w = a_witness(1), w.lsn = HF__LSN_MAX + 1;
	assert_int_equal(decode_witness_of(&w), HF_ECORRUPT);
	uint8_t sector[SECTOR];
	union any out;
	witness_bytes(sector);
	sector[56] = 2; /* neither clean nor not */
	reseal(&faces[2], sector);
	assert_int_equal(witness_decode(sector, SECTOR, &out), HF_ECORRUPT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(identity_comes_back),
	    cmocka_unit_test(segment_header_comes_back),
	    cmocka_unit_test(witness_comes_back),
	    cmocka_unit_test(every_flipped_bit_of_a_sector_is_damage_and_tells_nothing),
	    cmocka_unit_test(every_truncation_of_a_sector_is_damage),
	    cmocka_unit_test(a_sector_of_zeros_is_not_valid),
	    cmocka_unit_test(an_identity_file_is_one_sector_exactly),
	    cmocka_unit_test(another_major_version_is_a_version_and_not_damage),
	    cmocka_unit_test(an_unknown_incompat_bit_is_a_version),
	    cmocka_unit_test(minor_versions_compat_and_ro_compat_bits_are_reported_and_readable),
	    cmocka_unit_test(a_reserved_byte_without_a_feature_is_damage),
	    cmocka_unit_test(a_segment_header_must_not_contradict_itself),
	    cmocka_unit_test(a_gap_in_numbering_must_be_declared),
	    cmocka_unit_test(a_header_is_valid_under_its_own_number_only),
	    cmocka_unit_test(an_identity_must_make_sense),
	    cmocka_unit_test(a_witness_must_make_sense),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
