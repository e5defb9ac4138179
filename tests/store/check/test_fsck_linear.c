/* tier: fast */
/* fsck is linear: however damaged a log is, and whatever a writer that knows every seed
 * put into it, each byte is hashed a few times. Counted in bytes, not in seconds. */
#include "base/hash.h"
#include "holdfast/holdfast.h"
#include "lib/log_build.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"
#include "log/identity.h"
#include "log/witness.h"
#include "store/check/readonly.h"
#include "store/internal.h"

/* What is promised: so many times the log. */
enum { TIMES_BAD = 8, TIMES_HOSTILE = 40 };

static hf_store *open_store(struct sim *sim, uint32_t size, uint32_t pad)
{
	const struct hf_options options = {
	    .create = true, .no_background = true, .segment_size = size, .pad = pad};
	hf_store *store = NULL;
	struct hf_error error = {0};
	if (hf__store_open(sim_os(sim), hf__all_domains(), &options, &store, &error) != HF_OK)
		fail_msg("%s", error.text);
	return store;
}

static void advance(hf_store *store)
{
	assert_int_equal(hf_cursor_advance(store, NULL,
	                                   &(struct hf_cursor_advance_args){
	                                       .key = {.consumer = hf_str("c"), .stream = hf_str("s")},
	                                       .sequence = 1},
	                                   NULL, NULL),
	                 HF_OK);
}

/* Bytes that a check of the store hashes. */
static uint64_t hashed_by_fsck(struct sim *sim, int expected)
{
	struct hf_fsck_summary summary = {0};
	const uint64_t before = hf__checksum_bytes();
	assert_int_equal(hf__fsck(sim_os(sim), hf__all_domains(), NULL, NULL, NULL, &summary, NULL),
	                 expected);
	return hf__checksum_bytes() - before;
}

static uint64_t within(const char *what, uint64_t hashed, uint64_t log, unsigned times)
{
	print_message("figure: fsck, %s: %llu bytes hashed of a log of %llu: %.1f times\n", what,
	              (unsigned long long)hashed, (unsigned long long)log,
	              (double)hashed / (double)log);
	assert_true(hashed <= times * log);
	return hashed;
}

/* --- A torn tail ------------------------------------------------------------------------------ */

enum { PAYLOAD = 64 << 10 };

/* A payload of integers, each `width` bytes: nearly every place of it could be the length of
 * something. */
static void fill(uint8_t *payload, unsigned width)
{
	memset(payload, 0, PAYLOAD);
	for (uint32_t i = 0; i * width + 4 <= PAYLOAD; i++)
		hf__store_u32(payload + (size_t)i * width, i % 1000);
}

static void tear(unsigned width, uint32_t pad, uint32_t flip_at, const char *what)
{
	static uint8_t payload[PAYLOAD], word[HF__WITNESS_SIZE];
	struct sim *sim = sim_new(sim_profile_strict(), 1);
	hf_store *store = open_store(sim, 1u << 20, pad);
	struct hf_info begin = {0}, end = {0};
	fill(payload, width);
	advance(store);
	assert_int_equal(hf_get_info(store, &begin, NULL), HF_OK);
	assert_true(sim_read_file(sim, "WITNESS", 0, word, sizeof word));
	assert_int_equal(hf_document_put(store, NULL,
	                                 &(struct hf_document_put_args){
	                                     .key = {.collection = hf_str("c"), .id = hf_str("d")},
	                                     .payload = {payload, sizeof payload}},
	                                 NULL, NULL),
	                 HF_OK);
	assert_int_equal(hf_get_info(store, &end, NULL), HF_OK);
	assert_int_equal(hf_close(store, NULL), HF_OK);
	sim_write_file(sim, "WITNESS", 0, word, sizeof word);
	assert_true(
	    sim_flip_bit(sim, "segment-00000001", UINT64_C(8) * (begin.segment_offset + flip_at)));
	(void)within(what, hashed_by_fsck(sim, HF_OK), end.segment_offset, TIMES_BAD);
	sim_free(sim);
}

static void a_torn_tail_of_integers_is_hashed_a_few_times(void **state)
{
	(void)state;
	tear(4, 0, 40, "torn header, u32");
	tear(8, 0, 40, "torn header, u64");
	tear(4, 0, 30000, "torn body, u32");
	tear(8, 4096, 30000, "torn body, u64, padded");
	tear(16, 512, 112 + 4, "torn entry header, u64, padded");
}

/* --- Every other group damaged ---------------------------------------------------------------- */

enum { GROUPS_MAX = 2000 };

static uint64_t every_other(unsigned groups, uint32_t flip_at, const char *what)
{
	static uint32_t begins[GROUPS_MAX + 1];
	struct sim *sim = sim_new(sim_profile_strict(), 1);
	hf_store *store = open_store(sim, 2u << 20, 0);
	struct hf_info info = {0};
	advance(store);
	for (unsigned i = 0; i < groups; i++) {
		assert_int_equal(hf_get_info(store, &info, NULL), HF_OK);
		begins[i] = info.segment_offset;
		char id[16];
		(void)snprintf(id, sizeof id, "i%06u", i);
		assert_int_equal(hf_outbox_enqueue(store, NULL,
		                                   &(struct hf_outbox_enqueue_args){.queue = hf_str("q"),
		                                                                    .id = hf_str(id),
		                                                                    .payload = hf_str("p")},
		                                   NULL, NULL),
		                 HF_OK);
	}
	assert_int_equal(hf_get_info(store, &info, NULL), HF_OK);
	assert_int_equal(hf_close(store, NULL), HF_OK);
	assert_int_equal(info.segment, 1);
	for (unsigned i = 0; i < groups; i += 2)
		assert_true(sim_flip_bit(sim, "segment-00000001", UINT64_C(8) * (begins[i] + flip_at)));
	const uint64_t hashed =
	    within(what, hashed_by_fsck(sim, HF_ECORRUPT), info.segment_offset, TIMES_BAD);
	sim_free(sim);
	return hashed;
}

static void every_other_group_damaged_is_linear(void **state)
{
	(void)state;
	static const uint32_t places[] = {8, 50, 120, 150};
	for (size_t i = 0; i < 4; i++) {
		const uint64_t half =
		    every_other(GROUPS_MAX / 2, places[i], "1,000 groups, every other damaged");
		const uint64_t whole =
		    every_other(GROUPS_MAX, places[i], "2,000 groups, every other damaged");
		assert_true(whole <= 2 * half + half / 10);
	}
}

/* --- Hostile files ---------------------------------------------------------------------------- */

struct hostile {
	struct hf__log_id id;
	uint8_t *file;
	uint32_t size;
	uint32_t from; /* behind the one whole group */
};

static void put_header(const struct hostile *h, uint32_t at, uint64_t lsn, uint64_t durable,
                       uint32_t entries, uint32_t body_len)
{
	uint8_t *group = h->file + at;
	hf__store_u32(group + GROUP_MAGIC, 0x72676668);
	hf__store_u32(group + GROUP_SEGMENT, 1);
	hf__store_u32(group + GROUP_OFFSET, at);
	hf__store_u32(group + GROUP_PAD_LEN, 0);
	hf__store_u64(group + GROUP_DURABLE_LSN, durable);
	hf__store_u32(group + GROUP_PORTABLE_MAGIC, 0x67706668);
	hf__store_u16(group + GROUP_FLAGS, 0);
	hf__store_u16(group + GROUP_EPOCH, h->id.epoch);
	memcpy(group + GROUP_UUID, h->id.uuid, 16);
	hf__store_u32(group + GROUP_ENTRY_COUNT, entries);
	hf__store_u32(group + GROUP_BODY_LEN, body_len);
	hf__store_u64(group + GROUP_INCARNATION_LSN, 1);
	hf__store_u64(group + GROUP_FIRST_LSN, lsn);
	log_build_reseal_headers(&h->id, group);
}

static void put_entry_header(const struct hostile *h, uint32_t at, uint64_t lsn, uint32_t body_len)
{
	uint8_t *entry = h->file + at;
	hf__store_u32(entry, body_len);
	entry[4] = 1;
	entry[5] = 1;
	entry[6] = HF__ENTRY_LAST;
	entry[7] = 0;
	hf__store_u64(entry + 8, UINT64_C(1795167000000000));
	log_build_reseal_entry(&h->id, lsn, entry);
}

/* Headers that verify side by side, each of which claims the rest of the file. */
static void nested_groups(struct hostile *h)
{
	uint64_t lsn = 2;
	for (uint32_t at = h->from; at + 112 + 32 <= h->size; at += 112, lsn++)
		put_header(h, at, lsn, lsn - 1, 1, h->size - at - 112);
}

/* The same, each with an entry header that verifies and claims the rest too. */
static void nested_entries(struct hostile *h)
{
	uint64_t lsn = 2;
	for (uint32_t at = h->from; at + 144 + 32 <= h->size; at += 144, lsn++) {
		put_header(h, at, lsn, lsn - 1, 1, h->size - at - 112);
		put_entry_header(h, at + 112, lsn, h->size - at - 144);
	}
}

/* What is durable goes down from header to header: a scan that keeps the greatest only has to look
 * again behind each. */
static void falling_durable(struct hostile *h)
{
	const uint64_t top = UINT64_C(1) << 30;
	for (uint32_t at = h->from, n = 0; at + 152 <= h->size; at += 152, n++) {
		const uint64_t lsn = top + 10 * n;
		memset(h->file + at + 112, 0, 40);
		put_entry_header(h, at + 112, lsn, 8);
		const uint64_t seed = hf__seed_at(h->id.seed, lsn);
		hf__store_u64(h->file + at + 112 + ENTRY_BODY_SUM,
		              hf__checksum(h->file + at + 144, 8, seed));
		log_build_reseal_entry(&h->id, lsn, h->file + at + 112);
		put_header(h, at, lsn, top - n, 1, 40);
		if (n % 2 == 0)
			log_build_reseal_group(&h->id, h->file + at);
	}
}

/* Every second word could begin an entry, at a time that fits. */
static void possible_entries(struct hostile *h)
{
	for (uint32_t at = h->from; at + 16 <= h->size; at += 16) {
		hf__store_u32(h->file + at, (h->size - at) / 4);
		hf__store_u32(h->file + at + 4, 0x00010101);
		hf__store_u64(h->file + at + 8, UINT64_C(1795167000000000));
	}
}

/* Entry headers that verify, one in the other, behind one group header. */
static void overlapping_entries(struct hostile *h)
{
	uint64_t lsn = 2;
	put_header(h, h->from, lsn, 1, 1000, h->size - h->from - 112);
	for (uint32_t at = h->from + 112; at + 64 <= h->size; at += 32, lsn++)
		put_entry_header(h, at, lsn, h->size - at - 32);
}

/* Bodies that are almost right: only the last byte is not. */
static void almost_whole(struct hostile *h)
{
	uint64_t lsn = 2;
	for (uint32_t at = h->from; at + 112 + 1024 <= h->size; at += 112 + 1024, lsn++) {
		memset(h->file + at + 112, (int)lsn, 1024);
		put_entry_header(h, at + 112, lsn, 1024 - 32);
		put_header(h, at, lsn, lsn - 1, 1, 1024);
		log_build_reseal_group(&h->id, h->file + at);
		h->file[at + 112 + 1023] ^= 1;
	}
}

static const struct attack {
	const char *name;
	void (*write)(struct hostile *h);
} attacks[] = {
    {"nested groups", nested_groups},
    {"nested groups and entries", nested_entries},
    {"falling durable LSNs", falling_durable},
    {"possible entries", possible_entries},
    {"overlapping entry headers", overlapping_entries},
    {"almost whole groups", almost_whole},
};

/* `known`: the witness says that much more was durable, so that all of it is damage and not a
 * torn tail. */
static uint64_t attacked(const struct attack *attack, uint32_t size, bool known)
{
	struct sim *sim = sim_new(sim_profile_strict(), 1);
	sim_set_now(sim, INT64_C(1795167000000000));
	hf_store *store = open_store(sim, size, 0);
	struct hf__identity identity;
	struct hf_info info = {0};
	uint8_t sector[512], words[HF__WITNESS_SIZE];
	advance(store);
	assert_int_equal(hf_get_info(store, &info, NULL), HF_OK);
	assert_int_equal(hf_close(store, NULL), HF_OK);
	assert_true(sim_read_file(sim, "IDENTITY", 0, sector, sizeof sector));
	assert_int_equal(hf__identity_decode(sector, sizeof sector, &identity), HF_OK);
	struct hostile h = {
	    .id = {.epoch = identity.epoch, .seed = hf__seed_base(identity.uuid, identity.epoch)},
	    .file = malloc(size),
	    .size = size,
	    .from = info.segment_offset};
	assert_non_null(h.file);
	memcpy(h.id.uuid, identity.uuid, 16);
	assert_true(sim_read_file(sim, "segment-00000001", 0, h.file, size));
	attack->write(&h);
	sim_write_file(sim, "segment-00000001", 0, h.file, size);
	if (known) {
		struct hf__witness word;
		assert_true(sim_read_file(sim, "WITNESS", 0, words, sizeof words));
		assert_true(hf__witness_pick(&h.id, words, sizeof words, &word));
		word.end.offset = size - 8;
		word.lsn = UINT64_C(1) << 40;
		hf__witness_encode(&h.id, &word, sector);
		sim_write_file(sim, "WITNESS", (word.generation & 1) * HF__WITNESS_SLOT_STEP, sector,
		               sizeof sector);
	}
	struct hf_fsck_summary summary = {0};
	const uint64_t before = hf__checksum_bytes();
	(void)!hf__fsck(sim_os(sim), hf__all_domains(), NULL, NULL, NULL, &summary, NULL);
	const uint64_t hashed =
	    within(attack->name, hf__checksum_bytes() - before, size, TIMES_HOSTILE);
	free(h.file);
	sim_free(sim);
	return hashed;
}

static void hostile_files_are_hashed_a_bounded_number_of_times(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof attacks / sizeof attacks[0]; i++) {
		for (int known = 0; known < 2; known++) {
			const uint64_t half = attacked(&attacks[i], 256u << 10, known);
			const uint64_t whole = attacked(&attacks[i], 512u << 10, known);
			assert_true(whole <= 2 * half + half / 10);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_torn_tail_of_integers_is_hashed_a_few_times),
	    cmocka_unit_test(every_other_group_damaged_is_linear),
	    cmocka_unit_test(hostile_files_are_hashed_a_bounded_number_of_times),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
