/* tier: fast */
/* Snapshot files: what is put in comes out, of every size, and the same calls give the same
 * bytes. */
#include "log/snapshot_case.h"

/* --- Whole states ----------------------------------------------------------------------------- */

static void a_small_state_comes_back(void **state)
{
	(void)state;
	const struct case_state small = case_small();
	struct case_file file = case_written(&small);
	case_holds(&small, &file);
	case_file_free(&file);
}

static void an_empty_state_is_a_header_and_a_trailer(void **state)
{
	(void)state;
	const struct case_state empty = {.header = case_header(0)};
	struct case_file file = case_written(&empty);
	assert_int_equal(file.len, CASE_HEADER + CASE_TRAILER);
	case_holds(&empty, &file);
	case_file_free(&file);
}

static void the_header_comes_back(void **state)
{
	(void)state;
	struct case_state small = case_small();
	const struct hf__log_id id = log_build_id(0x5A, 300), epoch = log_build_id(0x5A, 301),
	                        uuid = log_build_id(0x5B, 300);
	struct hf__snapshot_reader r;
	small.header.compat = 0;
	small.header.setback = 0;
	small.header.clock = -5;
	struct case_file file = case_written(&small);
	assert_int_equal(hf__snapshot_open(&r, case_source(&file), NULL), HF_OK);
	const struct hf__snapshot_header *h = &r.header, *in = &small.header;
	assert_memory_equal(h->uuid, in->uuid, 16);
	assert_true(h->format_major == 2 && h->format_minor == 0 && h->epoch == 300);
	assert_true(h->compat == 0 && h->ro_compat == 0 && h->incompat == 0 && !h->exported);
	assert_true(h->position.segment == 9 && h->position.offset == 4096);
	assert_true(h->lsn == 100 && h->chain == in->chain && h->incarnation_lsn == 17);
	assert_true(h->clock == -5 && h->setback == 0);
	assert_int_equal(r.entry_count, small.count);
	assert_true(hf__snapshot_header_of(&id, h));
	assert_false(hf__snapshot_header_of(&epoch, h));
	assert_false(hf__snapshot_header_of(&uuid, h));
	hf__snapshot_reader_deinit(&r);
	case_file_free(&file);
}

/* The content key does not leave its store, nor does what is made with it. */
static void an_export_has_no_content_hashes(void **state)
{
	(void)state;
	struct case_state small = case_small();
	small.header.exported = true;
	small.header.position = (struct hf__position){0, 0};
	struct case_file file = case_written(&small);
	case_holds(&small, &file);
	case_file_free(&file);
}

/* --- Sizes ------------------------------------------------------------------------------------ */

enum { LARGEST = 16 << 20, SIZES = 16 };
static const uint32_t sizes[SIZES] = {0,     1,     2,     255,   256,   257,     264,     16383,
                                      16384, 16385, 32768, 32769, 70000, 1 << 20, 1000003, LARGEST};

/* Bytes in which `how` out of four are random: from what is one byte to what no one compresses. */
static uint8_t *some_bytes(struct hf_rng *rng, size_t len, uint64_t how)
{
	uint8_t *bytes = malloc(len);
	assert_non_null(bytes);
	hf_rng_fill(rng, bytes, len);
	for (size_t i = 0; i < len; i++)
		if (i % 4 >= how)
			bytes[i] = (uint8_t)(i >> 8);
	return bytes;
}

static void every_size_comes_back(void **state)
{
	(void)state;
	struct hf_rng rng = hf_rng_for("snapshot sizes");
	for (uint64_t how = 1; how <= 4; how += 3) {
		uint8_t *bytes = some_bytes(&rng, LARGEST, how);
		struct case_entry entries[2 * SIZES];
		for (size_t i = 0; i < (size_t)2 * SIZES; i++) {
			entries[i] =
			    (struct case_entry){.lsn = i + 1, .domain = 3, .kind = 1, .payload = bytes};
			entries[i].len = sizes[i < SIZES ? i : 2 * SIZES - 1 - i];
		}
		const struct case_state all = {case_header(2 * SIZES), entries, (size_t)2 * SIZES};
		struct case_file file = case_written(&all);
		case_holds(&all, &file);
		case_file_free(&file);
		free(bytes);
	}
}

/* What no domain writes today: bodies that are larger than a block should be. */
static void a_body_of_any_size_comes_back(void **state)
{
	(void)state;
	static const size_t lens[] = {0, 1, 131055, 131056, 131057, 300000, (36u << 20) - 16};
	struct hf_rng rng = hf_rng_for("snapshot bodies");
	uint8_t *bytes = some_bytes(&rng, 36u << 20, 1);
	for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
		struct case_file file = {0};
		struct hf__snapshot_writer w;
		struct hf__snapshot_reader r;
		const struct hf__snapshot_header header = case_header(9);
		const struct hf__snapshot_sink sink = {case_write, &file};
		const struct hf__entry small = {.lsn = 8, .body = hf_str("small")};
		const struct hf__entry large = {.lsn = 9, .body = hf_bytes_of(bytes, lens[i])};
		assert_int_equal(hf__snapshot_begin(&w, &header, sink), HF_OK);
		assert_int_equal(hf__snapshot_put_entry(&w, &small), HF_OK);
		assert_int_equal(hf__snapshot_put_entry(&w, &large), HF_OK);
		assert_int_equal(hf__snapshot_put_entry(&w, &small), HF_OK);
		assert_int_equal(hf__snapshot_end(&w), HF_OK);
		/* one of a block's size has a block of its own */
		assert_int_equal(w.entries_blocks, lens[i] + 16 >= 128u << 10 ? 3 : lens[i] > 2000 ? 2 : 1);
		hf__snapshot_writer_deinit(&w);
		assert_int_equal(hf__snapshot_open(&r, case_source(&file), NULL), HF_OK);
		assert_int_equal(r.entry_count, 3);
		assert_int_equal(hf__snapshot_verify(&r, NULL), HF_OK);
		hf__snapshot_reader_deinit(&r);
		case_file_free(&file);
	}
	free(bytes);
}

static struct case_state random_state(struct hf_rng *rng, uint8_t *const bytes[3])
{
	const size_t count = 1 + (size_t)hf_rng_below(rng, 3000);
	struct case_entry *entries = calloc(count, sizeof *entries);
	assert_non_null(entries);
	for (size_t i = 0; i < count; i++) {
		const uint64_t most = hf_rng_chance(rng, 1, 50) ? 100000 : 1200;
		entries[i] = (struct case_entry){
		    .lsn = 1 + hf_rng_below(rng, HF__LSN_MAX),
		    .domain = (uint8_t)hf_rng_below(rng, 256),
		    .kind = (uint8_t)hf_rng_below(rng, 256),
		    .flags = hf_rng_chance(rng, 1, 4) ? HF__ENTRY_IGNORABLE : 0,
		    .len = (uint32_t)hf_rng_below(rng, most),
		};
		entries[i].payload = bytes[hf_rng_below(rng, 3)] + hf_rng_below(rng, 1000);
	}
	return (struct case_state){case_header(HF__LSN_MAX), entries, count};
}

static void random_states_come_back_and_twice_the_same(void **state)
{
	(void)state;
	struct hf_rng rng = hf_rng_for("snapshot states");
	uint8_t *bytes[3];
	for (size_t i = 0; i < 3; i++)
		bytes[i] = some_bytes(&rng, 101000, 2 * i);
	for (int i = 0; i < 12; i++) {
		const struct case_state some = random_state(&rng, bytes);
		struct case_file file = case_written(&some), again = case_written(&some);
		case_holds(&some, &file);
		assert_int_equal(again.len, file.len);
		assert_memory_equal(again.data, file.data, file.len);
		case_file_free(&file);
		case_file_free(&again);
		free((void *)(uintptr_t)some.entries);
	}
	for (size_t i = 0; i < 3; i++)
		free(bytes[i]);
}

/* A directory of more than one block; entries between the payload blocks. */
static void many_blocks_have_a_directory_of_several(void **state)
{
	(void)state;
	enum { COUNT = 9000 };
	static struct case_entry entries[COUNT];
	static uint8_t bytes[16384 + COUNT];
	for (size_t i = 0; i < COUNT; i++) {
		/* one that is told from its neighbours by one byte */
		bytes[16384 + i] = (uint8_t)(i * 7 / 5);
		entries[i] = (struct case_entry){.lsn = i + 1, .domain = 3, .len = 16384};
		entries[i].payload = bytes + i;
	}
	const struct case_state many = {case_header(COUNT), entries, COUNT};
	struct case_file file = case_written(&many);
	const uint8_t *trailer = file.data + file.len - CASE_TRAILER;
	assert_int_equal(hf__load_u64(trailer + 16), 2);
	assert_int_equal(hf__load_u64(trailer + 40), COUNT);
	assert_true(hf__load_u64(trailer + 32) > 1);
	case_holds(&many, &file);
	case_file_free(&file);
}

static int stop_at_three(void *arg, const struct hf__entry *entry)
{
	(void)entry;
	return ++*(int *)arg == 3 ? HF_ECANCELED : 0;
}

static void a_walk_ends_where_the_caller_says(void **state)
{
	(void)state;
	const struct case_state small = case_small();
	struct case_file file = case_written(&small);
	struct hf__snapshot_reader r;
	struct hf__snapshot_fault fault;
	int count = 0;
	assert_int_equal(hf__snapshot_open(&r, case_source(&file), &fault), HF_OK);
	assert_int_equal(hf__snapshot_each(&r, stop_at_three, &count, &fault), HF_ECANCELED);
	assert_true(count == 3 && fault.what == NULL);
	hf__snapshot_reader_deinit(&r);
	case_file_free(&file);
}

/* --- Names ------------------------------------------------------------------------------------ */

static void names_come_back_and_nothing_else_is_one(void **state)
{
	(void)state;
	static const uint64_t lsns[] = {0, 1, 0xabcdef, HF__LSN_MAX};
	static const char *const not_names[] = {"",
	                                        "snapshot-",
	                                        "snapshot-00000000000",
	                                        "snapshot-0000000000001",
	                                        "snapshot-00000000000A",
	                                        "snapshot-00000000000g",
	                                        "Snapshot-000000000001",
	                                        "segment-00000001",
	                                        "snapshot-000000000001 ",
	                                        "snapshot-000000000001.tmp.tmp"};
	char name[HF__NAME_MAX];
	uint64_t lsn;
	for (size_t i = 0; i < sizeof lsns / sizeof *lsns; i++) {
		hf__snapshot_name(lsns[i], name);
		assert_true(hf__snapshot_name_parse(name, &lsn) && lsn == lsns[i]);
		assert_false(hf__snapshot_tmp_name(name));
		hf__snapshot_tmp_name_of(lsns[i], name);
		assert_true(hf__snapshot_tmp_name(name));
		assert_false(hf__snapshot_name_parse(name, &lsn));
	}
	hf__snapshot_name(0xabcdef, name);
	assert_string_equal(name, "snapshot-000000abcdef");
	for (size_t i = 0; i < sizeof not_names / sizeof *not_names; i++) {
		assert_false(hf__snapshot_name_parse(not_names[i], &lsn));
		assert_false(hf__snapshot_tmp_name(not_names[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_small_state_comes_back),
	    cmocka_unit_test(an_empty_state_is_a_header_and_a_trailer),
	    cmocka_unit_test(the_header_comes_back),
	    cmocka_unit_test(an_export_has_no_content_hashes),
	    cmocka_unit_test(every_size_comes_back),
	    cmocka_unit_test(a_body_of_any_size_comes_back),
	    cmocka_unit_test(random_states_come_back_and_twice_the_same),
	    cmocka_unit_test(many_blocks_have_a_directory_of_several),
	    cmocka_unit_test(a_walk_ends_where_the_caller_says),
	    cmocka_unit_test(names_come_back_and_nothing_else_is_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
