/* tier: fast */
/* See test_log_sector.c. */
#include "log/sector_case.h"

/* A WITNESS file with these generations in its slots; 0 leaves the slot zero. */
static bool pick(uint64_t slot0, uint64_t slot1, size_t len, struct hf__witness *out)
{
	const struct hf__log_id id = the_id();
	const struct hf__witness first = a_witness(slot0), second = a_witness(slot1);
	uint8_t file[HF__WITNESS_SIZE] = {0};
	if (slot0)
		hf__witness_encode(&id, &first, file);
	if (slot1)
		hf__witness_encode(&id, &second, file + STEP);
	return hf__witness_pick(&id, file, len, out);
}

static void the_newer_valid_slot_is_picked(void **state)
{
	(void)state;
	struct hf__witness out;
	assert_true(pick(4, 5, 8192, &out));
	assert_int_equal(out.lsn, 905);
	assert_true(pick(6, 5, 8192, &out));
	assert_int_equal(out.lsn, 906);
	assert_true(pick(6, 0, 8192, &out));
	assert_int_equal(out.generation, 6);
	assert_true(pick(0, 5, 8192, &out));
	assert_int_equal(out.generation, 5);
	assert_true(pick(UINT64_MAX - 1, UINT64_MAX, 8192, &out));
	assert_true(out.generation == UINT64_MAX);
}

static void a_short_witness_file_loses_the_slot_that_is_cut(void **state)
{
	(void)state;
	struct hf__witness out;
	assert_true(pick(4, 5, 4096 + 511, &out));
	assert_int_equal(out.generation, 4);
	assert_true(pick(4, 5, 4096 + 512, &out));
	assert_int_equal(out.generation, 5);
	assert_true(pick(4, 5, 512, &out));
	assert_int_equal(out.generation, 4);
	assert_false(pick(4, 5, 511, &out));
	assert_int_equal(out.generation, 0);
	assert_false(pick(4, 5, 0, &out));
}

static void a_slot_in_the_wrong_place_is_not_believed(void **state)
{
	(void)state;
	struct hf__witness out;
	assert_false(pick(5, 4, 8192, &out));
	assert_true(pick(7, 5, 8192, &out));
	assert_int_equal(out.generation, 5);
	assert_false(pick(0, 0, 8192, &out));
	assert_int_equal(out.lsn, 0);
}

static void a_torn_slot_costs_the_newer_word_only(void **state)
{
	(void)state;
	const struct hf__log_id id = the_id();
	const struct hf__witness four = a_witness(4), five = a_witness(5);
	for (size_t byte = 0; byte < SECTOR; byte++) {
		struct hf__witness out;
		uint8_t file[HF__WITNESS_SIZE] = {0};
		hf__witness_encode(&id, &four, file);
		hf__witness_encode(&id, &five, file + STEP);
		file[STEP + byte] ^= 0x40;
		assert_true(hf__witness_pick(&id, file, sizeof file, &out));
		assert_int_equal(out.generation, 4);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_newer_valid_slot_is_picked),
	    cmocka_unit_test(a_short_witness_file_loses_the_slot_that_is_cut),
	    cmocka_unit_test(a_slot_in_the_wrong_place_is_not_believed),
	    cmocka_unit_test(a_torn_slot_costs_the_newer_word_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
