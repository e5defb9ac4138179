/* tier: fast */
/* What an opening refuses as damage, hf_log_each does not call the whole log, nor hf_fsck sound:
 * the one gives the entries before, then says the same. */
#include "base/hash.h"
#include "lib/patient.h"
#include "lib/test.h"
#include "log/sector.h"
#include "store/check/readonly.h"

static const char first[] = "segment-00000001", second[] = "segment-00000002";

/* A store of two segments after a clean stop. */
static struct patient *two_segments(void)
{
	struct patient *p = patient_new(sim_profile_strict(), 0);
	patient_rotate(p);
	patient_puts(p, 3);
	patient_close(p);
	return p;
}

static bool count_entry(void *ctx, const struct hf_log_entry *entry)
{
	unsigned *entries = ctx;
	(void)entry;
	++*entries;
	return true;
}

/* Sets a byte of a segment's header and seals it. */
static void poke_header(struct patient *p, const char *name, uint32_t number, size_t at,
                        uint8_t byte)
{
	uint8_t sector[HF__SECTOR];
	assert_true(sim_read_file(p->sim, name, 0, sector, sizeof sector));
	sector[at] = byte;
	hf__sector_seal(sector, hf__seed_at(p->id.seed, number));
	sim_write_file(p->sim, name, 0, sector, sizeof sector);
}

static void write_witness(struct patient *p, const struct hf__witness *witness)
{
	uint8_t slot[HF__WITNESS_SLOT_SIZE];
	hf__witness_encode(&p->id, witness, slot);
	sim_write_file(p->sim, HF__NAME_WITNESS, HF__WITNESS_SLOT_STEP * (witness->generation & 1),
	               slot, sizeof slot);
}

/* --- Facts: each damages a store of two segments, and says how many entries lie before the
 * damage at most --- */

static size_t puts_of_first(const struct patient *p)
{
	size_t puts = 0;
	while (p->begin[puts].segment == 1)
		puts++;
	return puts;
}

static size_t another_group_where_the_witness_says(struct patient *p)
{
	const size_t puts = puts_of_first(p);
	const struct hf__witness witness = {
	    .generation = 1000, .end = p->end[puts - 1], .lsn = p->lsn[puts - 1], .chain = 1};
	patient_no_witness(p);
	write_witness(p, &witness);
	return puts;
}

static size_t another_lsn_where_the_witness_says(struct patient *p)
{
	const size_t puts = puts_of_first(p);
	const struct hf__witness witness = {.generation = 1000, .end = p->end[puts - 1], .lsn = 1};
	patient_no_witness(p);
	write_witness(p, &witness);
	return puts;
}

static size_t a_segment_that_does_not_follow(struct patient *p)
{
	struct hf__segment_header header = patient_header(p, 2);
	header.previous_hash++;
	patient_set_header(p, &header);
	return puts_of_first(p);
}

/* All groups are there, and their end is not where the next header says. */
static size_t a_segment_that_ends_behind_its_file(struct patient *p)
{
	struct hf__segment_header header = patient_header(p, 2);
	header.previous_end.offset = 32 << 10;
	patient_set_header(p, &header);
	return puts_of_first(p);
}

static size_t no_segment_at_all(struct patient *p)
{
	patient_no_witness(p);
	assert_true(sim_remove_file(p->sim, first) && sim_remove_file(p->sim, second));
	return 0;
}

static size_t segments_of_another_epoch(struct patient *p)
{
	patient_no_witness(p);
	assert_true(sim_remove_file(p->sim, second));
	struct hf__segment_header header = patient_header(p, 1);
	p->id.epoch = header.epoch = 9;
	p->id.seed = hf__seed_base(p->id.uuid, 9);
	patient_set_header(p, &header);
	return 0;
}

static size_t the_only_segment_under_another_name(struct patient *p)
{
	static uint8_t bytes[16 << 10];
	patient_no_witness(p);
	assert_true(sim_read_file(p->sim, first, 0, bytes, sizeof bytes));
	assert_true(sim_remove_file(p->sim, first));
	sim_write_file(p->sim, second, 0, bytes, sizeof bytes);
	return 0;
}

/* What a later header says of features is no excuse for an earlier one, at whatever attempt. */
static size_t a_reserved_byte_before_a_feature_is_in_force(struct patient *p)
{
	poke_header(p, first, 1, 100, 1);
	poke_header(p, second, 2, 16, 1);
	return 0;
}

static const struct fact {
	const char *name;
	size_t (*make)(struct patient *p);
} facts[] = {
    {"another group where the witness says", another_group_where_the_witness_says},
    {"another LSN where the witness says", another_lsn_where_the_witness_says},
    {"a segment that does not follow", a_segment_that_does_not_follow},
    {"a segment that ends behind its file", a_segment_that_ends_behind_its_file},
    {"no segment at all", no_segment_at_all},
    {"segments of another epoch", segments_of_another_epoch},
    {"the only segment under another name", the_only_segment_under_another_name},
    {"a reserved byte before a feature is in force", a_reserved_byte_before_a_feature_is_in_force},
};

static void the_log_and_a_check_are_refused_where_an_opening_is(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
		struct patient *p = two_segments();
		struct hf_error error = {0};
		unsigned entries = 0;
		const size_t most = facts[i].make(p);
		const int rc =
		    hf__log_each(sim_os(p->sim), hf__all_domains(), 0, 0, count_entry, &entries, &error);
		if (rc != HF_ECORRUPT || entries > most)
			fail_msg("%s: %s after %u entries", facts[i].name, hf_code_name(rc), entries);
		assert_true(error.file[0] != '\0');
		struct hf_fsck_summary summary = {0};
		assert_int_equal(
		    hf__fsck(sim_os(p->sim), hf__all_domains(), NULL, NULL, NULL, &summary, NULL),
		    HF_ECORRUPT);
		patient_refused(p, HF_ECORRUPT);
		patient_free(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_log_and_a_check_are_refused_where_an_opening_is)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
