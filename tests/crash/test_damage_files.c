/* tier: medium */
/* Damage in larger pieces than a bit: every truncation, files missing, exchanged, doubled, from
 * another time and from another store, sectors lost and exchanged, and bits that rot while the
 * store is open. */
#include "lib/crash/damage.h"
#include "lib/test.h"
#include "log/format.h"
#include "log/segment.h"

enum { SECTOR = HF__SECTOR };

/* The file as it lies on `from`, whole. */
static uint8_t *contents(struct sim *from, const char *name, uint64_t *size)
{
	if (!sim_file_size(from, name, size))
		return NULL;
	uint8_t *bytes = calloc(1, (size_t)*size + 1);
	assert_non_null(bytes);
	assert_true(sim_read_file(from, name, 0, bytes, (size_t)*size));
	return bytes;
}

static void put_file(struct sim *to, const char *name, const uint8_t *bytes, uint64_t size)
{
	(void)sim_remove_file(to, name);
	sim_write_file(to, name, 0, bytes, (size_t)size);
}

static struct damage *whole(void **state)
{
	return *state;
}

static int make(void **state)
{
	*state = damage_new(0);
	return 0;
}

static int drop(void **state)
{
	damage_free(*state);
	return 0;
}

/* --- Lengths ---------------------------------------------------------------------------------- */

static void cut_everywhere(struct damage *damage, const char *name, uint64_t size)
{
	(void)size;
	damage_truncations(damage, name, 1, 0);
}

static void every_truncation_is_refused_or_harmless(void **state)
{
	struct damage *damage = whole(state);
	damage_each_file(damage, cut_everywhere);
	damage_report(damage, "every truncation");
	const struct damage_counts counts = damage_counts(damage);
	assert_true(counts.opened == damage_bits(damage) / 8);
	/* Only the witness can be shortened without a loss, since of its two words one may be
	 * missing, and what lies behind the pinned end of a segment: less than a block, for rotation
	 * cuts the rest. */
	const uint64_t behind = (damage_segments(damage) - 1) * (HF__BLOCK - 1);
	assert_true(counts.harmless > 0 && counts.harmless <= HF__WITNESS_SIZE + behind);
}

static void lengthen(struct damage *damage, const char *name, uint64_t size)
{
	static const uint64_t by[] = {1, 8, SECTOR, HF__BLOCK};
	static const uint8_t tail[HF__BLOCK] = {1};
	for (size_t i = 0; i < sizeof by / sizeof by[0]; i++) {
		assert_true(sim_truncate_file(damage_disk(damage), name, size + by[i]));
		damage_judge(damage, &(struct damage_what){"zeros appended", name, by[i]});
		sim_write_file(damage_disk(damage), name, size, tail, (size_t)by[i]);
		damage_judge(damage, &(struct damage_what){"bytes appended", name, by[i]});
	}
}

static void files_that_grew_are_refused_or_harmless(void **state)
{
	damage_each_file(whole(state), lengthen);
	damage_report(whole(state), "files longer");
}

/* --- Whole files ------------------------------------------------------------------------------ */

static void remove_one(struct damage *damage, const char *name, uint64_t size)
{
	const uint64_t refused = damage_counts(damage).refused;
	assert_true(sim_remove_file(damage_disk(damage), name));
	damage_judge(damage, &(struct damage_what){"removed", name, size});
	/* The lock file is made anew; without any other there is no telling what the store held. */
	assert_true((damage_counts(damage).refused > refused) == (strcmp(name, HF__NAME_LOCK) != 0));
}

static void every_missing_file_is_noticed(void **state)
{
	damage_each_file(whole(state), remove_one);
	damage_report(whole(state), "files removed");
}

static void segments_exchanged_are_refused(void **state)
{
	struct damage *damage = whole(state);
	const size_t count = damage_segments(damage);
	char a[HF__NAME_MAX], b[HF__NAME_MAX];
	for (size_t i = 0; i < count; i++) {
		for (size_t j = i + 1; j < count; j++) {
			hf__segment_name(damage_segment(damage, i), a);
			hf__segment_name(damage_segment(damage, j), b);
			assert_true(sim_rename_file(damage_disk(damage), a, "aside"));
			assert_true(sim_rename_file(damage_disk(damage), b, a));
			assert_true(sim_rename_file(damage_disk(damage), "aside", b));
			damage_judge(damage, &(struct damage_what){"exchanged", a, j});
		}
	}
	damage_report(damage, "segments exchanged");
	assert_true(damage_counts(damage).corrupt == count * (count - 1) / 2);
}

/* Puts a copy of the i-th segment under the number. */
static void double_one(struct damage *damage, size_t i, uint32_t number)
{
	char from[HF__NAME_MAX], to[HF__NAME_MAX];
	uint64_t size;
	hf__segment_name(damage_segment(damage, i), from);
	hf__segment_name(number, to);
	uint8_t *bytes = contents(damage_disk(damage), from, &size);
	put_file(damage_disk(damage), to, bytes, size);
	damage_judge(damage, &(struct damage_what){"doubled", from, number});
	free(bytes);
}

static void segments_doubled_in_the_place_of_others_are_refused(void **state)
{
	const size_t count = damage_segments(whole(state));
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < count; j++)
			if (i != j)
				double_one(whole(state), i, damage_segment(whole(state), j));
	damage_report(whole(state), "segments in the place of others");
	assert_true(damage_counts(whole(state)).corrupt == count * (count - 1));
}

static void segments_doubled_under_numbers_of_their_own_are_no_part_of_the_log(void **state)
{
	const size_t count = damage_segments(whole(state));
	const uint32_t last = damage_segment(whole(state), count - 1);
	for (size_t i = 0; i < count; i++) {
		for (uint32_t number = last + 1; number <= last + 20; number++)
			double_one(whole(state), i, number);
		double_one(whole(state), i, UINT32_MAX);
	}
	damage_report(whole(state), "segments under other numbers");
	assert_true(damage_counts(whole(state)).harmless == count * 21);
}

static struct sim *other_disk;
static size_t segments_replaced;

static void replace_one(struct damage *damage, const char *name, uint64_t size)
{
	uint64_t other_size = 0;
	uint8_t *bytes = contents(other_disk, name, &other_size);
	if (!bytes)
		return;
	uint32_t number;
	segments_replaced += hf__segment_name_parse(name, &number);
	put_file(damage_disk(damage), name, bytes, other_size);
	damage_judge(damage,
	             &(struct damage_what){
	                 other_disk == damage_past(damage) ? "from the past" : "foreign", name, size});
	free(bytes);
}

static void files_from_the_past_are_refused_or_harmless(void **state)
{
	struct damage *damage = whole(state);
	other_disk = damage_past(damage);
	damage_each_file(damage, replace_one);
	damage_report(damage, "files from the past");
	/* the last segment, which the witness has seen longer */
	assert_true(damage_counts(damage).corrupt >= 1);
	assert_true(damage_counts(damage).harmless >= 1); /* the witness, which knows less */
}

static void files_of_another_store_are_refused_or_harmless(void **state)
{
	struct damage *damage = whole(state);
	other_disk = damage_foreign(damage);
	segments_replaced = 0;
	damage_each_file(damage, replace_one);
	damage_report(damage, "files of another store");
	assert_true(segments_replaced >= 3); /* both stores have so many at least */
	assert_true(damage_counts(damage).corrupt >= segments_replaced + 1); /* and the identity */
}

/* --- Sectors ---------------------------------------------------------------------------------- */

static void fill_sectors(struct damage *damage, const char *name, uint64_t size)
{
	static const uint8_t fills[] = {0x00, 0xff, 0x5a};
	for (uint64_t at = 0; at < size; at += SECTOR) {
		for (size_t i = 0; i < sizeof fills; i++) {
			uint8_t sector[SECTOR];
			memset(sector, fills[i], sizeof sector);
			sim_write_file(damage_disk(damage), name, at, sector, sizeof sector);
			damage_judge(damage,
			             &(struct damage_what){i ? "sector trashed" : "sector zeroed", name, at});
		}
	}
}

static void every_sector_lost_is_refused_or_harmless(void **state)
{
	damage_each_file(whole(state), fill_sectors);
	damage_report(whole(state), "every sector zeroed or trashed");
	assert_true(damage_counts(whole(state)).corrupt > damage_counts(whole(state)).opened / 2);
}

static void swap_sectors(struct damage *damage, const char *name, uint64_t size)
{
	uint64_t whole_size;
	uint8_t *bytes = contents(damage_disk(damage), name, &whole_size);
	for (uint64_t a = 0; a + SECTOR <= size; a += SECTOR) {
		for (uint64_t b = a + SECTOR; b + SECTOR <= size; b += SECTOR) {
			if (memcmp(bytes + a, bytes + b, SECTOR) == 0)
				continue;
			sim_write_file(damage_disk(damage), name, a, bytes + b, SECTOR);
			sim_write_file(damage_disk(damage), name, b, bytes + a, SECTOR);
			damage_judge(damage, &(struct damage_what){"sectors exchanged", name, a << 20 | b});
		}
	}
	free(bytes);
}

static void every_pair_of_sectors_exchanged_is_refused_or_harmless(void **state)
{
	damage_each_file(whole(state), swap_sectors);
	damage_report(whole(state), "every pair of sectors exchanged");
	assert_true(damage_counts(whole(state)).corrupt > damage_counts(whole(state)).opened / 10 * 9);
}

/* --- While open ------------------------------------------------------------------------------- */

static void a_bit_that_rots_under_an_open_store_never_gives_wrong_bytes(void **state)
{
	damage_rot(whole(state), 3000);
	damage_report(whole(state), "bits flipped while open");
	assert_true(damage_counts(whole(state)).payload > 0);
	assert_true(damage_counts(whole(state)).harmless > 0);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, make, drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_STORE(every_truncation_is_refused_or_harmless),
	    WITH_STORE(files_that_grew_are_refused_or_harmless),
	    WITH_STORE(every_missing_file_is_noticed),
	    WITH_STORE(segments_exchanged_are_refused),
	    WITH_STORE(segments_doubled_in_the_place_of_others_are_refused),
	    WITH_STORE(segments_doubled_under_numbers_of_their_own_are_no_part_of_the_log),
	    WITH_STORE(files_from_the_past_are_refused_or_harmless),
	    WITH_STORE(files_of_another_store_are_refused_or_harmless),
	    WITH_STORE(every_sector_lost_is_refused_or_harmless),
	    WITH_STORE(every_pair_of_sectors_exchanged_is_refused_or_harmless),
	    WITH_STORE(a_bit_that_rots_under_an_open_store_never_gives_wrong_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
