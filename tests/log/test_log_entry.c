/* tier: fast */
/* Entries: what is written is what is read, and everything else is refused. */
#include "base/hash.h"
#include "base/mem.h"
#include "lib/log_build.h"
#include "lib/test.h"

static struct hf__writer encode(const struct hf__log_id *id, uint64_t lsn, uint8_t flags,
                                size_t body_len)
{
	struct hf__writer w = {0};
	const size_t header = hf__entry_begin(&w);
	for (size_t i = 0; i < body_len; i++)
		hf__put_u8(&w, (uint8_t)(i * 37 + 11));
	const struct hf__entry entry = {.lsn = lsn, .at = -5, .domain = 9, .kind = 200, .flags = flags};
	log_build_entry_end(&w, header, id, &entry);
	assert_false(w.bad);
	return w;
}

static int decode(const struct hf__log_id *id, uint64_t lsn, const struct hf__writer *w,
                  struct hf__entry *out, size_t *size)
{
	return hf__entry_decode(id, lsn, hf_bytes_of(w->data, w->len), out, size);
}

static void every_body_length_comes_back_and_costs_at_most_40_bytes(void **state)
{
	(void)state;
	const struct hf__log_id id = log_build_id(1, 2);
	for (size_t len = 0; len <= 300; len++) {
		struct hf__writer w = encode(&id, 77 + len, HF__ENTRY_LAST | HF__ENTRY_IGNORABLE, len);
		struct hf__entry entry;
		size_t size;
		assert_int_equal(decode(&id, 77 + len, &w, &entry, &size), HF_OK);
		assert_int_equal(size, w.len);
		assert_int_equal(size % 8, 0);
		assert_true(size - len <= 40);
		assert_int_equal(entry.lsn, 77 + len);
		assert_int_equal(entry.at, -5);
		assert_int_equal(entry.domain, 9);
		assert_int_equal(entry.kind, 200);
		assert_int_equal(entry.flags, HF__ENTRY_LAST | HF__ENTRY_IGNORABLE);
		assert_int_equal(entry.place.segment, 0);
		assert_int_equal(entry.body.len, len);
		for (size_t i = 0; i < len; i++)
			assert_int_equal(((const uint8_t *)entry.body.data)[i], (uint8_t)(i * 37 + 11));
		hf__writer_deinit(&w);
	}
}

static void an_entry_that_is_marked_says_so_once_it_is_summed(void **state)
{
	(void)state;
	const struct hf__log_id id = log_build_id(1, 2);
	struct hf__writer w = encode(&id, 5, 0, 13);
	struct hf__entry entry;
	size_t size;
	hf__entry_mark(w.data, HF__ENTRY_LAST);
	assert_int_equal(decode(&id, 5, &w, &entry, &size), HF_ECORRUPT);
	assert_int_equal(hf__entry_sum(w.data, &id, 5), w.len);
	assert_int_equal(decode(&id, 5, &w, &entry, &size), HF_OK);
	assert_int_equal(entry.flags, HF__ENTRY_LAST);
	assert_int_equal(entry.body.len, 13);
	hf__writer_deinit(&w);
}

static void every_flipped_bit_is_found(void **state)
{
	(void)state;
	const struct hf__log_id id = log_build_id(1, 2);
	static const size_t lengths[] = {0, 1, 8, 13, 200};
	for (size_t n = 0; n < sizeof lengths / sizeof *lengths; n++) {
		struct hf__writer w = encode(&id, 42, HF__ENTRY_LAST, lengths[n]);
		for (size_t bit = 0; bit < w.len * 8; bit++) {
			struct hf__entry entry;
			size_t size = 1;
			w.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
			assert_int_equal(decode(&id, 42, &w, &entry, &size), HF_ECORRUPT);
			assert_int_equal(size, 0);
			assert_null(entry.body.data);
			w.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		hf__writer_deinit(&w);
	}
}

static void every_truncation_is_found_and_nothing_behind_it_is_read(void **state)
{
	(void)state;
	const struct hf__log_id id = log_build_id(1, 2);
	struct hf__writer w = encode(&id, 42, 0, 53);
	for (size_t len = 0; len < w.len; len++) {
		uint8_t *exact = test_malloc(len ? len : 1); /* a sanitizer sees the first byte too far */
		struct hf__entry entry;
		size_t size;
		memcpy(exact, w.data, len);
		assert_int_equal(hf__entry_decode(&id, 42, hf_bytes_of(exact, len), &entry, &size),
		                 HF_ECORRUPT);
		test_free(exact);
	}
	hf__writer_deinit(&w);
}

static void an_entry_is_valid_under_its_own_lsn_epoch_and_uuid_only(void **state)
{
	(void)state;
	const struct hf__log_id id = log_build_id(1, 2), other_epoch = log_build_id(1, 3),
	                        other_uuid = log_build_id(2, 2);
	struct hf__writer w = encode(&id, 42, 0, 20);
	struct hf__entry entry;
	size_t size;
	assert_int_equal(decode(&id, 42, &w, &entry, &size), HF_OK);
	assert_int_equal(decode(&id, 41, &w, &entry, &size), HF_ECORRUPT);
	assert_int_equal(decode(&id, 43, &w, &entry, &size), HF_ECORRUPT);
	assert_int_equal(decode(&other_epoch, 42, &w, &entry, &size), HF_ECORRUPT);
	assert_int_equal(decode(&other_uuid, 42, &w, &entry, &size), HF_ECORRUPT);
	hf__writer_deinit(&w);
}

/* What a checksum vouches for must still make sense. */
static void unknown_flags_and_a_non_zero_reserved_byte_are_refused(void **state)
{
	(void)state;
	const struct hf__log_id id = log_build_id(1, 2);
	struct hf__writer w = encode(&id, 42, 0, 20);
	struct hf__entry entry;
	size_t size;
	for (unsigned flags = 0; flags < 256; flags++) {
		w.data[ENTRY_FLAGS] = (uint8_t)flags;
		log_build_reseal_entry(&id, 42, w.data);
		assert_int_equal(decode(&id, 42, &w, &entry, &size), flags < 4 ? HF_OK : HF_ECORRUPT);
	}
	w.data[ENTRY_FLAGS] = 0;
	w.data[ENTRY_ZERO] = 1;
	log_build_reseal_entry(&id, 42, w.data);
	assert_int_equal(decode(&id, 42, &w, &entry, &size), HF_ECORRUPT);
	hf__writer_deinit(&w);
}

static void a_length_up_to_4_gib_leads_nowhere(void **state)
{
	(void)state;
	const struct hf__log_id id = log_build_id(1, 2);
	static const uint32_t lengths[] = {21, 24, 25, 0x7fffffff, 0xfffffff8, 0xfffffff9, UINT32_MAX};
	struct hf__writer w = encode(&id, 42, 0, 20);
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		struct hf__entry entry;
		size_t size;
		hf__store_u32(w.data, lengths[i]);
		log_build_reseal_entry(&id, 42, w.data);
		assert_int_equal(decode(&id, 42, &w, &entry, &size), HF_ECORRUPT);
	}
	hf__writer_deinit(&w);
}

static bool refuse_all(void *ctx, size_t size)
{
	(void)ctx;
	(void)size;
	return true;
}

static void without_memory_the_writer_goes_bad_and_nothing_is_written_out_of_place(void **state)
{
	(void)state;
	const struct hf__log_id id = log_build_id(1, 2);
	const struct hf__entry entry = {.lsn = 1};
	struct hf__writer w = {0};
	hf__mem_set_veto(refuse_all, NULL);
	const size_t header = hf__entry_begin(&w);
	log_build_entry_end(&w, header, &id, &entry);
	hf__mem_set_veto(NULL, NULL);
	assert_true(w.bad);
	assert_int_equal(w.len, 0);
	hf__writer_deinit(&w);
}

/* The header fits exactly, its padding does not any more. */
static void without_memory_for_the_padding_the_writer_goes_bad_too(void **state)
{
	(void)state;
	const struct hf__log_id id = log_build_id(1, 2);
	const struct hf__entry entry = {.lsn = 1};
	struct hf__writer w = {0};
	const size_t header = hf__entry_begin(&w);
	while (w.len % 8 != 5)
		hf__put_u8(&w, 1);
	w.cap = w.len; /* as if the buffer were full; it is larger, which deinit does not mind */
	hf__mem_set_veto(refuse_all, NULL);
	log_build_entry_end(&w, header, &id, &entry);
	hf__mem_set_veto(NULL, NULL);
	assert_true(w.bad);
	assert_true(hf__bytes_zero(w.data, ENTRY_HEADER)); /* no header vouches for half an entry */
	hf__writer_deinit(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_body_length_comes_back_and_costs_at_most_40_bytes),
	    cmocka_unit_test(an_entry_that_is_marked_says_so_once_it_is_summed),
	    cmocka_unit_test(every_flipped_bit_is_found),
	    cmocka_unit_test(every_truncation_is_found_and_nothing_behind_it_is_read),
	    cmocka_unit_test(an_entry_is_valid_under_its_own_lsn_epoch_and_uuid_only),
	    cmocka_unit_test(unknown_flags_and_a_non_zero_reserved_byte_are_refused),
	    cmocka_unit_test(a_length_up_to_4_gib_leads_nowhere),
	    cmocka_unit_test(without_memory_for_the_padding_the_writer_goes_bad_too),
	    cmocka_unit_test(without_memory_the_writer_goes_bad_and_nothing_is_written_out_of_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
