/* tier: fast */
/* Snapshot files that no writer writes, with every checksum right: directories and trailers of
 * their own, references to nowhere, headers that cannot be. Each is refused, and what a newer
 * version may have written is no damage. */
#include "log/snapshot_forge.h"

/* --- Directory and trailer -------------------------------------------------------------------- */

/* Three blocks, so that a directory can be wrong about them. */
static struct forge forge_three(void)
{
	static const uint8_t payload[300];
	uint8_t raw[64];
	struct forge f = forge_some();
	forge_raw(&f, PAYLOAD, hf_bytes_of(payload, 300));
	forge_raw(&f, ENTRIES, hf_bytes_of(raw, one_entry(raw, 1)));
	forge_raw(&f, PAYLOAD, hf_bytes_of(payload, 300));
	f.entries = 1;
	return f;
}

static void the_directory_is_what_a_walk_finds(void **state)
{
	(void)state;
	struct forge f = forge_three();
	forge_end(&f);
	assert_int_equal(outcome(&f), HF_OK);
	for (size_t item = 0; item < 3; item++)
		for (unsigned bit = 0; bit < 64; bit++) {
			f = forge_three();
			f.items[item] ^= UINT64_C(1) << bit;
			forge_end(&f);
			assert_int_equal(outcome(&f), HF_ECORRUPT);
		}
	for (size_t item = 0; item < 2; item++) { /* in another order */
		f = forge_three();
		const uint64_t first = f.items[item];
		f.items[item] = f.items[item + 1];
		f.items[item + 1] = first;
		forge_end(&f);
		assert_int_equal(outcome(&f), HF_ECORRUPT);
	}
	f = forge_three(); /* one block is not named: the last, then the first */
	f.count--;
	f.payload_blocks--;
	forge_end(&f);
	assert_int_equal(outcome(&f), HF_ECORRUPT);
	f = forge_three();
	f.items[0] = f.items[1];
	f.items[1] = f.items[2];
	f.count--;
	f.payload_blocks--;
	forge_end(&f);
	assert_int_equal(outcome(&f), HF_ECORRUPT);
}

static void the_trailer_says_nothing_impossible(void **state)
{
	(void)state;
	/* every number, one bit of it at a time */
	for (size_t field = 1; field < 7; field++)
		for (unsigned bit = 0; bit < 64; bit++) {
			struct forge f = forge_three();
			forge_end(&f);
			const size_t at = f.file.len - CASE_TRAILER;
			uint8_t *trailer = f.file.data + at;
			trailer[8 * field + bit / 8] ^= (uint8_t)(1u << bit % 8);
			hf__store_u64(trailer + 56, hf__checksum(trailer, 56, f.seed + at));
			assert_int_equal(outcome(&f), HF_ECORRUPT);
			assert_true(largest < 1 << 14);
		}
	/* blocks behind the directory, and directories that are no longer than what they lack */
	struct forge f = forge_three();
	const uint64_t directory = f.file.len;
	uint8_t raw[24];
	for (size_t i = 0; i < 3; i++)
		hf__store_u64(raw + 8 * i, f.items[i]);
	forge_raw(&f, DIRECTORY, hf_bytes_of(raw, 24));
	forge_raw(&f, DIRECTORY, hf_bytes_of(raw, 24));
	forge_trailer(&f, directory, 1);
	assert_int_equal(outcome(&f), HF_ECORRUPT);
	f = forge_three();
	forge_raw(&f, DIRECTORY, hf_bytes_of(raw, 16));
	forge_trailer(&f, directory, 1);
	assert_int_equal(outcome(&f), HF_ECORRUPT);
	f = forge_three();
	forge_trailer(&f, directory, 1);
	assert_int_equal(outcome(&f), HF_ECORRUPT);
	f = forge_three();
	forge_trailer(&f, directory, 0);
	assert_int_equal(outcome(&f), HF_ECORRUPT);
}

/* --- References ------------------------------------------------------------------------------- */

static int of_ref(uint32_t block, uint32_t offset, uint32_t len)
{
	static uint8_t out[100000];
	const struct hf__snapshot_ref ref = {.block = block, .offset = offset};
	uint8_t bytes[16384];
	struct forge f = forge_some();
	struct hf__snapshot_reader r;
	struct hf__snapshot_fault fault;
	memset(bytes, 0, sizeof bytes);
	bytes[8] = 8;
	/* of 16,384, 16,384, 400, 16,384 and 1,000 bytes */
	forge_raw(&f, PAYLOAD, hf_bytes_of(bytes, 16384));
	forge_raw(&f, PAYLOAD, hf_bytes_of(bytes, 16384));
	forge_raw(&f, PAYLOAD, hf_bytes_of(bytes, 400));
	forge_raw(&f, PAYLOAD, hf_bytes_of(bytes, 16384));
	forge_raw(&f, PAYLOAD, hf_bytes_of(bytes, 1000));
	forge_end(&f);
	assert_int_equal(hf__snapshot_open(&r, case_source(&f.file), NULL), HF_OK);
	const int rc = hf__snapshot_payload(&r, &ref, len, out, &fault);
	assert_true((rc != HF_OK) == (fault.what != NULL));
	hf__snapshot_reader_deinit(&r);
	case_file_free(&f.file);
	return rc;
}

static void a_reference_stays_within_its_blocks(void **state)
{
	(void)state;
	static const struct {
		uint32_t block, offset, len;
		int rc;
	} rows[] = {
	    {0, 0, 257, HF_OK},
	    {0, 0, 256, HF_ECORRUPT}, /* that stands in the body */
	    {0, 0, 0, HF_ECORRUPT},
	    {0, 8, 257, HF_OK},
	    {0, 4, 257, HF_ECORRUPT},
	    {0, 16120, 264, HF_OK},
	    {0, 16128, 257, HF_ECORRUPT},
	    {0, 16384, 257, HF_ECORRUPT},
	    {0, UINT32_MAX - 7, 257, HF_ECORRUPT},
	    {0, 0, 16384, HF_OK},
	    {0, 0, 16385, HF_OK},
	    {0, 8, 16385, HF_ECORRUPT},
	    {0, 0, 32768 + 400, HF_OK},
	    {0, 0, 32768 + 401, HF_ECORRUPT}, /* the third is not full */
	    {0, 0, 65536, HF_ECORRUPT},
	    {2, 0, 400, HF_OK},
	    {2, 0, 401, HF_ECORRUPT},
	    {2, 0, 16385, HF_ECORRUPT},
	    {3, 0, 17384, HF_OK},
	    {3, 0, 17385, HF_ECORRUPT},
	    {3, 0, 32769, HF_ECORRUPT}, /* behind the last one there is none */
	    {4, 736, 264, HF_OK},
	    {4, 744, 264, HF_ECORRUPT},
	    {5, 0, 300, HF_ECORRUPT},
	    {UINT32_MAX, 0, 300, HF_ECORRUPT},
	    {0, 0, INT32_MAX, HF_ECORRUPT},
	    {0, 0, UINT32_MAX, HF_ECORRUPT},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(of_ref(rows[i].block, rows[i].offset, rows[i].len), rows[i].rc);
}

/* --- Headers ---------------------------------------------------------------------------------- */

static int of_header(const struct hf__snapshot_header *header)
{
	uint8_t sector[CASE_HEADER];
	struct hf__snapshot_header out;
	hf__snapshot_header_encode(header, sector);
	const int rc = hf__snapshot_header_decode(sector, sizeof sector, &out);
	if (rc == HF_OK)
		assert_true(out.lsn == header->lsn && out.setback == header->setback);
	if (rc == HF_ECORRUPT)
		assert_true(hf__bytes_zero(&out, sizeof out));
	return rc;
}

static void a_header_says_nothing_impossible(void **state)
{
	(void)state;
	static const struct {
		size_t at;
		uint64_t value;
		unsigned size;
		int rc;
	} rows[] = {
	    {56, 0, 4, HF_ECORRUPT},
	    {56, 504, 4, HF_ECORRUPT},
	    {56, 512, 4, HF_OK},
	    {56, 516, 4, HF_ECORRUPT},
	    {60, 1, 4, HF_OK},
	    {60, 2, 4, HF_ECORRUPT},
	    {60, UINT32_C(1) << 31, 4, HF_ECORRUPT},
	    {64, HF__LSN_MAX, 8, HF_OK},
	    {64, HF__LSN_MAX + 1, 8, HF_ECORRUPT},
	    {80, HF__LSN_MAX, 8, HF_OK},
	    {80, HF__LSN_MAX + 1, 8, HF_ECORRUPT},
	    {88, UINT64_C(1) << 63, 8, HF_OK},
	    {96, (UINT64_C(1) << 61) - 1, 8, HF_OK},
	    {96, UINT64_C(1) << 61, 8, HF_ECORRUPT},
	    {96, UINT64_MAX, 8, HF_ECORRUPT},
	    {28, 1, 4, HF_ECORRUPT},
	    {104, 1, 8, HF_ECORRUPT},
	    {496, 1, 8, HF_ECORRUPT},
	    {8, 0, 4, HF_ECORRUPT}, /* major */
	    {8, 1, 4, HF_EVERSION},
	    {8, 3, 4, HF_EVERSION},
	    {12, 7, 4, HF_OK}, /* minor */
	    {24, UINT64_C(1) << 31, 4, HF_EVERSION}, /* incompat */
	};
	const struct hf__snapshot_header some = case_header(100);
	const uint64_t seed = hf__seed_at(hf__seed_base(some.uuid, some.epoch), 9);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint8_t sector[CASE_HEADER];
		struct hf__snapshot_header out;
		hf__snapshot_header_encode(&some, sector);
		if (rows[i].size == 4)
			hf__store_u32(sector + rows[i].at, (uint32_t)rows[i].value);
		else
			hf__store_u64(sector + rows[i].at, rows[i].value);
		hf__store_u64(sector + 504, hf__checksum(sector, 504, seed));
		assert_int_equal(hf__snapshot_header_decode(sector, CASE_HEADER, &out), rows[i].rc);
		assert_int_equal(hf__snapshot_header_decode(sector, CASE_HEADER - 1, &out), HF_ECORRUPT);
	}
	struct hf__snapshot_header other = some;
	other.position = (struct hf__position){0, 0};
	assert_int_equal(of_header(&other), HF_OK);
	other.position.offset = 512;
	assert_int_equal(of_header(&other), HF_ECORRUPT);
}

/* Whatever lies behind the head, and however long the file is. */
static void a_newer_format_is_no_damage(void **state)
{
	(void)state;
	struct hf__snapshot_header header = case_header(100);
	for (int i = 0; i < 4; i++) {
		struct hf__snapshot_reader r;
		struct hf__snapshot_fault fault;
		header.format_major = i % 2 ? 3 : 2;
		header.incompat = i % 2 ? 0 : UINT32_C(1) << 31;
		struct forge f = forge_begin(&header);
		assert_int_equal(case_write(&f.file, "newer", i < 2 ? 0 : 5), 0);
		assert_int_equal(hf__snapshot_open(&r, case_source(&f.file), &fault), HF_EVERSION);
		assert_true(fault.what && r.header.epoch == 300 && r.header.lsn == 0);
		hf__snapshot_reader_deinit(&r);
		case_file_free(&f.file);
	}
}

/* Reserved bytes and flags may mean something then. */
static void what_an_unknown_feature_may_use_is_not_looked_at(void **state)
{
	(void)state;
	struct hf__snapshot_header header = case_header(100);
	for (int i = 0; i < 3; i++) {
		uint8_t raw[64];
		header.compat = i == 1 ? UINT32_C(1) << 31 : 0;
		header.ro_compat = i == 2 ? UINT32_C(1) << 31 : 0;
		struct forge f = forge_begin(&header);
		f.file.data[60] |= 0x80;
		f.file.data[300] = 7;
		hf__store_u64(f.file.data + 504,
		              hf__checksum(f.file.data, 504,
		                           hf__seed_at(hf__seed_base(header.uuid, header.epoch), 9)));
		const uint32_t len = (uint32_t)one_entry(raw, 5);
		raw[10] = 0x80;
		raw[11] = 1;
		forge_block(
		    &f,
		    (struct told){.type = ENTRIES, .reserved = 0x100, .stored_len = len, .raw_len = len},
		    hf_bytes_of(raw, len));
		f.entries = 1;
		forge_end(&f);
		assert_int_equal(outcome(&f), i == 0 ? HF_ECORRUPT : HF_OK);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_directory_is_what_a_walk_finds),
	    cmocka_unit_test(the_trailer_says_nothing_impossible),
	    cmocka_unit_test(a_reference_stays_within_its_blocks),
	    cmocka_unit_test(a_header_says_nothing_impossible),
	    cmocka_unit_test(a_newer_format_is_no_damage),
	    cmocka_unit_test(what_an_unknown_feature_may_use_is_not_looked_at),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
