/* tier: fast */
/* Groups: valid as a whole or not at all. */
#include "base/hash.h"
#include "base/mem.h"
#include "lib/log_build.h"
#include "lib/test.h"

static struct hf_bytes group_bytes(const struct log_build *b, size_t i)
{
	return hf_bytes_of(b->w.data + b->start[i], b->start[i + 1] - b->start[i]);
}

static int check(const struct hf__log_id *id, struct hf_bytes bytes, struct hf__group_header *out)
{
	const int rc = hf__group_decode_header(id, bytes, out);
	return rc == HF_OK ? hf__group_verify_body(id, out, bytes) : rc;
}

static void a_group_comes_back_whole(void **state)
{
	(void)state;
	struct log_build b = log_build(HF__ALIGN);
	struct hf__group_header header;
	log_build_group(&b, 1, 0);
	const uint64_t first_hash = b.previous_hash;
	log_build_group(&b, 3, 21);
	assert_int_equal(check(&b.id, group_bytes(&b, 1), &header), HF_OK);
	assert_int_equal(header.epoch, b.id.epoch);
	assert_memory_equal(header.uuid, b.id.uuid, 16);
	assert_int_equal(header.place.segment, 3);
	assert_int_equal(header.place.offset, b.start[1]);
	assert_int_equal(header.first_lsn, 101);
	assert_int_equal(header.incarnation_lsn, 100);
	assert_int_equal(header.durable_lsn, 99);
	assert_int_equal(header.previous_hash, first_hash);
	assert_int_equal(header.nonce, UINT64_C(0x1122334455667789));
	assert_int_equal(header.entry_count, 3);
	assert_int_equal(header.body_len, 3 * (32 + 24));
	assert_int_equal(header.hash, b.previous_hash);
	log_build_free(&b);
}

static void a_group_costs_at_most_112_bytes_beside_its_entries(void **state)
{
	(void)state;
	struct log_build b = log_build(HF__ALIGN);
	for (size_t len = 0; len < 17; len++) {
		log_build_group(&b, 2, len);
		const size_t entries = 2 * (ENTRY_HEADER + (len + 7) / 8 * 8);
		assert_true(group_bytes(&b, len).len - entries <= 112);
	}
	log_build_free(&b);
}

static void padded_groups_end_at(uint32_t pad)
{
	struct log_build b = log_build(pad);
	for (size_t len = 0; len < 24; len++) {
		struct hf__group_header header;
		log_build_group(&b, 1 + (uint32_t)len % 3, len * 41);
		assert_int_equal(b.start[len + 1] % pad, 0);
		assert_int_equal(check(&b.id, group_bytes(&b, len), &header), HF_OK);
		assert_int_equal(header.body_len, (1 + len % 3) * (32 + (len * 41 + 7) / 8 * 8));
		assert_int_equal(hf__group_size(&header), group_bytes(&b, len).len);
	}
	/* A group that fits exactly gets no zeros. */
	const size_t before = b.w.len;
	log_build_group(&b, 1, pad - 112 - 32);
	assert_int_equal(b.w.len, before + pad);
	log_build_free(&b);
}

static void with_padding_every_group_ends_at_a_multiple_of_it(void **state)
{
	(void)state;
	padded_groups_end_at(512);
	padded_groups_end_at(4096);
}

static void every_flipped_bit_of_a_group_is_found(void **state)
{
	(void)state;
	static const uint32_t aligns[] = {HF__ALIGN, HF__SECTOR, HF__BLOCK};
	for (size_t i = 0; i < 3; i++) {
		struct log_build b = log_build(aligns[i]);
		log_build_group(&b, 3, 27);
		const struct hf_bytes bytes = group_bytes(&b, 0);
		uint8_t *at = b.w.data + b.start[0];
		for (size_t bit = 0; bit < bytes.len * 8; bit++) {
			struct hf__group_header header;
			at[bit / 8] ^= (uint8_t)(1u << bit % 8);
			assert_int_equal(check(&b.id, bytes, &header), HF_ECORRUPT);
			/* Header and body are told apart: a header is never doubted for its body. */
			assert_int_equal(hf__group_decode_header(&b.id, bytes, &header),
			                 bit / 8 < 112 ? HF_ECORRUPT : HF_OK);
			at[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		log_build_free(&b);
	}
}

static void every_truncation_of_a_group_is_found(void **state)
{
	(void)state;
	struct log_build b = log_build(HF__ALIGN);
	log_build_group(&b, 2, 19);
	const struct hf_bytes bytes = group_bytes(&b, 0);
	for (size_t len = 0; len < bytes.len; len++) {
		uint8_t *exact = test_malloc(len ? len : 1);
		struct hf__group_header header;
		memcpy(exact, bytes.data, len);
		assert_int_equal(check(&b.id, hf_bytes_of(exact, len), &header), HF_ECORRUPT);
		test_free(exact);
	}
	log_build_free(&b);
}

static void a_group_of_another_store_or_epoch_is_refused(void **state)
{
	(void)state;
	const struct hf__log_id other_epoch = log_build_id(0xA5, 8), other_uuid = log_build_id(0xA4, 7);
	struct log_build b = log_build(HF__ALIGN);
	struct hf__group_header header;
	log_build_group(&b, 2, 19);
	assert_int_equal(check(&other_epoch, group_bytes(&b, 0), &header), HF_ECORRUPT);
	assert_int_equal(check(&other_uuid, group_bytes(&b, 0), &header), HF_ECORRUPT);
	assert_int_equal(check(&b.id, group_bytes(&b, 0), &header), HF_OK);
	log_build_free(&b);
}

/* Changes one field of a group of two entries with bodies of 24 bytes, makes all checksums right
 * again, and asks. */
enum width { U16, U32, U64 };
static int with_field(size_t at, enum width width, uint64_t value, bool body_too)
{
	struct log_build b = log_build(HF__ALIGN);
	struct hf__group_header header;
	log_build_group(&b, 2, 24);
	const struct hf_bytes bytes = group_bytes(&b, 0);
	uint8_t *group = b.w.data + b.start[0];
	if (width == U16)
		hf__store_u16(group + at, (uint16_t)value);
	else if (width == U32)
		hf__store_u32(group + at, (uint32_t)value);
	else
		hf__store_u64(group + at, value);
	log_build_reseal_headers(&b.id, group);
	const int rc =
	    body_too ? check(&b.id, bytes, &header) : hf__group_decode_header(&b.id, bytes, &header);
	log_build_free(&b);
	return rc;
}

static void a_header_that_verifies_must_still_make_sense(void **state)
{
	(void)state;
	/* the change itself is no reason */
	assert_int_equal(with_field(GROUP_MAGIC, U32, 0x72676668, true), HF_OK);
	assert_int_equal(with_field(GROUP_MAGIC, U32, 0x72676669, false), HF_ECORRUPT);
	assert_int_equal(with_field(GROUP_PORTABLE_MAGIC, U32, 0x67706668, true), HF_OK);
	assert_int_equal(with_field(GROUP_PORTABLE_MAGIC, U32, 0x67706669, false), HF_ECORRUPT);
	assert_int_equal(with_field(GROUP_FLAGS, U16, 1, false), HF_ECORRUPT);
	assert_int_equal(with_field(GROUP_FLAGS, U16, 0x8000, false), HF_ECORRUPT);
	assert_int_equal(with_field(GROUP_ENTRY_COUNT, U32, 0, false), HF_ECORRUPT);
	/* 4 headers do not fit into 112 bytes */
	assert_int_equal(with_field(GROUP_ENTRY_COUNT, U32, 4, false), HF_ECORRUPT);
	assert_int_equal(with_field(GROUP_ENTRY_COUNT, U32, UINT32_MAX, false), HF_ECORRUPT);
	assert_int_equal(with_field(GROUP_FIRST_LSN, U64, 0, false), HF_ECORRUPT);
	/* both entries have an LSN */
	assert_int_equal(with_field(GROUP_FIRST_LSN, U64, HF__LSN_MAX - 1, false), HF_OK);
	assert_int_equal(with_field(GROUP_INCARNATION_LSN, U64, 0, false), HF_ECORRUPT);
	assert_int_equal(with_field(GROUP_INCARNATION_LSN, U64, 99, false), HF_OK);
	/* an opening that began later */
	assert_int_equal(with_field(GROUP_INCARNATION_LSN, U64, 101, false), HF_ECORRUPT);
	assert_int_equal(with_field(GROUP_PAD_LEN, U32, 4088, false), HF_OK);
	assert_int_equal(with_field(GROUP_PAD_LEN, U32, 4088, true), HF_ECORRUPT); /* not there */
	assert_int_equal(with_field(GROUP_PAD_LEN, U32, 4, false), HF_ECORRUPT);
	assert_int_equal(with_field(GROUP_PAD_LEN, U32, 4096, false), HF_ECORRUPT);
	assert_int_equal(with_field(GROUP_FIRST_LSN, U64, HF__LSN_MAX, false), HF_ECORRUPT);
	assert_int_equal(with_field(GROUP_FIRST_LSN, U64, UINT64_MAX, false), HF_ECORRUPT);
	assert_int_equal(with_field(GROUP_BODY_LEN, U32, 111, false), HF_ECORRUPT);
	assert_int_equal(with_field(GROUP_BODY_LEN, U32, HF__GROUP_BODY_MAX, false), HF_OK);
	/* but it is not there */
	assert_int_equal(with_field(GROUP_BODY_LEN, U32, HF__GROUP_BODY_MAX, true), HF_ECORRUPT);
	assert_int_equal(with_field(GROUP_BODY_LEN, U32, HF__GROUP_BODY_MAX + 8, false), HF_ECORRUPT);
	assert_int_equal(with_field(GROUP_BODY_LEN, U32, 0xfffffff8, false), HF_ECORRUPT);
}

static void the_body_must_hold_exactly_the_entries_that_are_counted(void **state)
{
	(void)state;
	/* One less: an entry is left behind, and it is not zero. One more: none is there. */
	assert_int_equal(with_field(GROUP_ENTRY_COUNT, U32, 2, true), HF_OK);
	assert_int_equal(with_field(GROUP_ENTRY_COUNT, U32, 1, true), HF_ECORRUPT);
	assert_int_equal(with_field(GROUP_ENTRY_COUNT, U32, 3, true), HF_ECORRUPT);
}

static void a_group_must_end_its_last_transaction(void **state)
{
	(void)state;
	struct log_build b = log_build(HF__ALIGN);
	struct hf__group_header header;
	log_build_group(&b, 2, 24);
	uint8_t *group = b.w.data + b.start[0], *last = group + GROUP_HEADER + ENTRY_HEADER + 24;
	last[ENTRY_FLAGS] = 0;
	log_build_reseal_entry(&b.id, 101, last);
	log_build_reseal_group(&b.id, group);
	assert_int_equal(check(&b.id, group_bytes(&b, 0), &header), HF_ECORRUPT);
	last[ENTRY_FLAGS] = HF__ENTRY_LAST;
	log_build_reseal_entry(&b.id, 101, last);
	log_build_reseal_group(&b.id, group);
	assert_int_equal(check(&b.id, group_bytes(&b, 0), &header), HF_OK);
	log_build_free(&b);
}

static void an_entry_is_verified_although_the_group_hash_covers_it(void **state)
{
	(void)state;
	struct log_build b = log_build(HF__ALIGN);
	struct hf__group_header header;
	log_build_group(&b, 2, 24);
	uint8_t *group = b.w.data + b.start[0];
	group[GROUP_HEADER + ENTRY_HEADER] ^= 1;
	log_build_reseal_group(&b.id, group);
	assert_int_equal(check(&b.id, group_bytes(&b, 0), &header), HF_ECORRUPT);
	log_build_free(&b);
}

/* A group with `extra` more bytes behind its entries, the last of which is `last`; the body is
 * said to reach that far, or the padding. */
static int with_tail(size_t extra, uint8_t last, size_t length_at)
{
	struct log_build b = log_build(HF__ALIGN);
	struct hf__group_header header;
	log_build_group(&b, 1, 8);
	hf__put_zeros(&b.w, extra);
	uint8_t *group = b.w.data + b.start[0];
	b.w.data[b.w.len - 1] |= last;
	hf__store_u32(group + length_at, hf__load_u32(group + length_at) + (uint32_t)extra);
	log_build_reseal_group(&b.id, group);
	const int rc = check(&b.id, hf_bytes_of(group, b.w.len - b.start[0]), &header);
	log_build_free(&b);
	return rc;
}

static void padding_is_zero_and_no_part_of_the_body(void **state)
{
	(void)state;
	assert_int_equal(with_tail(504, 0, GROUP_PAD_LEN), HF_OK);
	assert_int_equal(with_tail(4088, 0, GROUP_PAD_LEN), HF_OK);
	assert_int_equal(with_tail(504, 1, GROUP_PAD_LEN), HF_ECORRUPT);
	assert_int_equal(with_tail(8, 0x80, GROUP_PAD_LEN), HF_ECORRUPT);
	assert_int_equal(with_tail(4096, 0, GROUP_PAD_LEN), HF_ECORRUPT);
	assert_int_equal(with_tail(8, 0, GROUP_BODY_LEN), HF_ECORRUPT);
	assert_int_equal(with_tail(40, 0, GROUP_BODY_LEN), HF_ECORRUPT);
}

/* --- Kept elsewhere --------------------------------------------------------------------------- */

/* What is shipped is the slice. On another disk it gets another frame, and is the same group
 * there. */
static void a_slice_is_true_in_a_frame_for_another_place(void **state)
{
	(void)state;
	static const uint32_t aligns[] = {8, 512, 4096};
	for (size_t i = 0; i < 3; i++) {
		struct log_build b = log_build(HF__ALIGN);
		struct hf__group_header first, shipped, there;
		struct hf__writer w = {0};
		log_build_group(&b, 1, 5);
		log_build_group(&b, 3, 27);
		assert_int_equal(check(&b.id, group_bytes(&b, 1), &first), HF_OK);
		const struct hf_bytes slice = hf__group_slice(&first, group_bytes(&b, 1));
		assert_int_equal(slice.len, group_bytes(&b, 1).len - 32);
		assert_int_equal(hf__group_verify_slice(&b.id, slice, &shipped), HF_OK);
		assert_true(shipped.hash == first.hash && shipped.first_lsn == 101 &&
		            shipped.entry_count == 3);
		assert_int_equal(shipped.place.segment, 0); /* a slice stands nowhere */

		hf__put_zeros(&w, 24);
		shipped.place = (struct hf__position){77, 1024 + 24};
		shipped.durable_lsn = 42;
		hf__group_wrap(&w, &b.id, slice, &shipped, aligns[i]);
		assert_false(w.bad);
		assert_int_equal((1024 + w.len) % aligns[i], 0);
		const struct hf_bytes group = hf_bytes_of(w.data + 24, w.len - 24);
		assert_int_equal(check(&b.id, group, &there), HF_OK);
		assert_int_equal(there.place.segment, 77);
		assert_int_equal(there.place.offset, 1024 + 24);
		assert_int_equal(there.durable_lsn, 42);
		assert_int_equal(hf__group_size(&there), group.len);
		assert_true(there.hash == first.hash && there.previous_hash == first.previous_hash);
		hf__writer_deinit(&w);
		log_build_free(&b);
	}
}

static void every_flipped_bit_and_every_cut_of_a_slice_is_found(void **state)
{
	(void)state;
	struct log_build b = log_build(HF__ALIGN);
	struct hf__group_header header;
	log_build_group(&b, 2, 27);
	uint8_t *slice = b.w.data + b.start[0] + 32;
	const size_t len = b.start[1] - b.start[0] - 32;
	for (size_t bit = 0; bit < len * 8; bit++) {
		slice[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(hf__group_verify_slice(&b.id, hf_bytes_of(slice, len), &header),
		                 HF_ECORRUPT);
		slice[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(hf__group_verify_slice(&b.id, hf_bytes_of(slice, cut), &header),
		                 HF_ECORRUPT);
	hf__put_zeros(&b.w, 8);
	slice = b.w.data + b.start[0] + 32;
	assert_int_equal(hf__group_verify_slice(&b.id, hf_bytes_of(slice, len), &header), HF_OK);
	assert_int_equal(hf__group_verify_slice(&b.id, hf_bytes_of(slice, len + 8), &header),
	                 HF_ECORRUPT);
	log_build_free(&b);
}

/* Two whole groups of one store that begin with the same LSN: the frame of one does not vouch
 * for the other. */
static void a_frame_vouches_for_its_own_slice_only(void **state)
{
	(void)state;
	struct log_build a = log_build(HF__ALIGN), b = log_build(HF__ALIGN);
	struct hf__group_header header;
	log_build_group(&a, 1, 8);
	b.previous_hash = 1;
	log_build_group(&b, 1, 8);
	assert_int_equal(check(&b.id, group_bytes(&b, 0), &header), HF_OK);
	memcpy(b.w.data + b.start[0], a.w.data + a.start[0], 32);
	assert_int_equal(check(&b.id, group_bytes(&b, 0), &header), HF_ECORRUPT);
	log_build_free(&a);
	log_build_free(&b);
}

/* Flags and reserved bytes are a later version's to use, once a feature bit says so. */
static void an_unknown_feature_makes_flags_legal(void **state)
{
	(void)state;
	struct log_build b = log_build(HF__ALIGN);
	struct hf__group_header header;
	log_build_group(&b, 1, 8);
	uint8_t *group = b.w.data + b.start[0], *entry = group + GROUP_HEADER;
	group[GROUP_FLAGS] = 4;
	log_build_reseal_headers(&b.id, group);
	assert_int_equal(check(&b.id, group_bytes(&b, 0), &header), HF_ECORRUPT);
	b.id.features_unknown = true;
	assert_int_equal(check(&b.id, group_bytes(&b, 0), &header), HF_OK);
	entry[ENTRY_FLAGS] |= 0x40;
	entry[ENTRY_ZERO] = 9;
	log_build_reseal_entry(&b.id, 100, entry);
	log_build_reseal_group(&b.id, group);
	assert_int_equal(check(&b.id, group_bytes(&b, 0), &header), HF_OK);
	b.id.features_unknown = false;
	group[GROUP_FLAGS] = 0;
	log_build_reseal_group(&b.id, group);
	assert_int_equal(check(&b.id, group_bytes(&b, 0), &header), HF_ECORRUPT);
	log_build_free(&b);
}

static bool refuse_all(void *ctx, size_t size)
{
	(void)ctx;
	(void)size;
	return true;
}

static void without_memory_the_writer_goes_bad(void **state)
{
	(void)state;
	const struct hf__log_id id = log_build_id(1, 1);
	struct hf__group_header header = {.first_lsn = 1, .entry_count = 1};
	struct hf__writer w = {0};
	hf__mem_set_veto(refuse_all, NULL);
	const size_t at = hf__group_begin(&w);
	log_build_group_end(&w, at, &id, &header, HF__ALIGN);
	hf__mem_set_veto(NULL, NULL);
	assert_true(w.bad);
	hf__writer_deinit(&w);
}

static void without_memory_for_the_padding_the_writer_goes_bad_too(void **state)
{
	(void)state;
	const struct hf__log_id id = log_build_id(1, 1);
	struct hf__group_header header = {.first_lsn = 1, .entry_count = 1};
	struct hf__writer w = {0};
	const size_t at = hf__group_begin(&w);
	hf__mem_set_veto(refuse_all, NULL);
	log_build_group_end(&w, at, &id, &header, HF__SECTOR);
	hf__mem_set_veto(NULL, NULL);
	assert_true(w.bad);
	assert_true(hf__bytes_zero(w.data, GROUP_HEADER));
	hf__writer_deinit(&w);
}

static void a_body_that_no_reader_would_take_is_not_written(void **state)
{
	(void)state;
	const struct hf__log_id id = log_build_id(1, 1);
	struct hf__group_header header = {.first_lsn = 1, .entry_count = 1};
	struct hf__writer w = {0};
	const size_t at = hf__group_begin(&w);
	hf__put_zeros(&w, HF__GROUP_BODY_MAX + 8);
	log_build_group_end(&w, at, &id, &header, HF__ALIGN);
	assert_true(w.bad);
	hf__writer_deinit(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_group_comes_back_whole),
	    cmocka_unit_test(a_group_costs_at_most_112_bytes_beside_its_entries),
	    cmocka_unit_test(with_padding_every_group_ends_at_a_multiple_of_it),
	    cmocka_unit_test(every_flipped_bit_of_a_group_is_found),
	    cmocka_unit_test(every_truncation_of_a_group_is_found),
	    cmocka_unit_test(a_group_of_another_store_or_epoch_is_refused),
	    cmocka_unit_test(a_header_that_verifies_must_still_make_sense),
	    cmocka_unit_test(the_body_must_hold_exactly_the_entries_that_are_counted),
	    cmocka_unit_test(a_group_must_end_its_last_transaction),
	    cmocka_unit_test(an_entry_is_verified_although_the_group_hash_covers_it),
	    cmocka_unit_test(padding_is_zero_and_no_part_of_the_body),
	    cmocka_unit_test(a_slice_is_true_in_a_frame_for_another_place),
	    cmocka_unit_test(every_flipped_bit_and_every_cut_of_a_slice_is_found),
	    cmocka_unit_test(a_frame_vouches_for_its_own_slice_only),
	    cmocka_unit_test(an_unknown_feature_makes_flags_legal),
	    cmocka_unit_test(without_memory_the_writer_goes_bad),
	    cmocka_unit_test(without_memory_for_the_padding_the_writer_goes_bad_too),
	    cmocka_unit_test(a_body_that_no_reader_would_take_is_not_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
