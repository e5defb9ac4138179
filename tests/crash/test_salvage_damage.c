/* tier: medium */
/* What is left of damaged stores, in numbers: 1,000 flipped bits of each kind of store; every file
 * renamed, exchanged, doubled, cut at every sector, zeroed, filled with noise, or put there from
 * another store; several random damages at once. */
#include <inttypes.h>

#include "lib/rng.h"
#include "lib/salvaged/salvaged.h"
#include "lib/test.h"
#include "log/format.h"

enum { FLIPS = 1000, MIXED = 400, DAMAGES_MAX = 6, FILES = 24 };

static const char *const kinds[] = {"log", "snapshot", "compacted"};

static void figure(const struct salvaged *s, const char *title, const char *kind)
{
	const struct salvaged_counts c = salvaged_counts(s);
	printf("figure: salvage, %s, %s: %" PRIu64 " disks, %" PRIu64 " without a loss, %" PRIu64
	       " losses, %" PRIu64 " objects kept, %" PRIu64 " gone\n",
	       title, kind, c.judged, c.whole, c.losses, c.kept, c.gone);
}

static void each_kind(const char *title, void (*fn)(struct salvaged *s, const char *kind))
{
	for (unsigned kind = SALVAGED_LOG; kind <= SALVAGED_COMPACTED; kind++) {
		struct salvaged *s = salvaged_new(kind);
		fn(s, kinds[kind]);
		figure(s, title, kinds[kind]);
		salvaged_free(s);
	}
}

static size_t file_count(const struct salvaged *s)
{
	uint64_t size;
	size_t count = 0;
	while (salvaged_file(s, count, &size))
		count++;
	return count;
}

static uint8_t *contents(struct sim *from, const char *name, uint64_t *size)
{
	if (!sim_file_size(from, name, size))
		return NULL;
	uint8_t *bytes = calloc(1, (size_t)*size + 1);
	assert_non_null(bytes);
	assert_true(*size == 0 || sim_read_file(from, name, 0, bytes, (size_t)*size));
	return bytes;
}

static void put_file(struct sim *to, const char *name, const uint8_t *bytes, uint64_t size)
{
	(void)sim_remove_file(to, name);
	sim_write_file(to, name, 0, bytes, (size_t)size);
}

/* --- Bits ------------------------------------------------------------------------------------- */

static void flip(struct salvaged *s, const char *kind)
{
	struct hf_rng rng = hf_rng_for(kind);
	uint64_t total = 0, size;
	const char *name;
	for (size_t i = 0; salvaged_file(s, i, &size); i++)
		total += size * 8;
	for (unsigned n = 0; n < FLIPS; n++) {
		uint64_t bit = hf_rng_below(&rng, total);
		size_t i = 0;
		for (name = salvaged_file(s, i, &size); bit >= size * 8;
		     name = salvaged_file(s, ++i, &size))
			bit -= size * 8;
		assert_true(sim_flip_bit(salvaged_disk(s), name, bit));
		salvaged_judge(s, "%s, bit %" PRIu64 " of %s flipped", kind, bit, name);
	}
}

static void a_thousand_flipped_bits_cost_their_groups_alone(void **state)
{
	(void)state;
	each_kind("bits", flip);
}

/* --- Files ------------------------------------------------------------------------------------ */

static void rename_each(struct salvaged *s, const char *kind)
{
	static const char *const to[] = {"segment-000000ff", "renamed", "snapshot-0000000000ff",
	                                 "segment-00000002.old"};
	uint64_t size;
	const char *name;
	for (size_t i = 0; (name = salvaged_file(s, i, &size)) != NULL; i++)
		for (size_t n = 0; n < sizeof to / sizeof to[0]; n++) {
			assert_true(sim_rename_file(salvaged_disk(s), name, to[n]));
			salvaged_judge(s, "%s, %s renamed to %s", kind, name, to[n]);
		}
}

static void files_are_what_their_headers_say_when_they_are_renamed(void **state)
{
	(void)state;
	each_kind("renamed", rename_each);
}

static void exchange_each(struct salvaged *s, const char *kind)
{
	uint64_t size;
	const size_t count = file_count(s);
	for (size_t i = 0; i < count; i++)
		for (size_t k = i + 1; k < count; k++) {
			const char *a = salvaged_file(s, i, &size), *b = salvaged_file(s, k, &size);
			assert_true(sim_rename_file(salvaged_disk(s), a, "aside"));
			assert_true(sim_rename_file(salvaged_disk(s), b, a));
			assert_true(sim_rename_file(salvaged_disk(s), "aside", b));
			salvaged_judge(s, "%s, %s and %s exchanged", kind, a, b);
		}
}

static void files_are_what_their_headers_say_when_they_are_exchanged(void **state)
{
	(void)state;
	each_kind("exchanged", exchange_each);
}

static void double_each(struct salvaged *s, const char *kind)
{
	uint64_t size, ignored;
	const size_t count = file_count(s);
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k <= count; k++) {
			const char *from = salvaged_file(s, i, &size), *to = salvaged_file(s, k, &ignored);
			if (i == k)
				continue;
			uint8_t *bytes = contents(salvaged_disk(s), from, &size);
			put_file(salvaged_disk(s), to ? to : "segment-000000ff", bytes, size);
			salvaged_judge(s, "%s, %s copied over %s", kind, from, to ? to : "nothing");
			free(bytes);
		}
}

static void of_two_copies_one_counts(void **state)
{
	(void)state;
	each_kind("doubled", double_each);
}

static void cut_each(struct salvaged *s, const char *kind)
{
	uint64_t size;
	const char *name;
	for (size_t i = 0; (name = salvaged_file(s, i, &size)) != NULL; i++)
		for (uint64_t to = 0; to < size; to += HF__SECTOR) {
			assert_true(sim_truncate_file(salvaged_disk(s), name, to));
			salvaged_judge(s, "%s, %s cut to %" PRIu64, kind, name, to);
		}
}

static void what_lies_before_a_cut_is_kept(void **state)
{
	(void)state;
	each_kind("cut", cut_each);
}

static void overwrite_each(struct salvaged *s, const char *kind)
{
	struct hf_rng rng = hf_rng_for(kind);
	uint64_t size;
	const char *name;
	for (size_t i = 0; (name = salvaged_file(s, i, &size)) != NULL; i++)
		for (unsigned noise = 0; noise < 2; noise++) {
			uint8_t *bytes = calloc(1, (size_t)size + 1);
			assert_non_null(bytes);
			for (uint64_t at = 0; noise && at < size; at++)
				bytes[at] = (uint8_t)hf_rng_below(&rng, 256);
			put_file(salvaged_disk(s), name, bytes, size);
			salvaged_judge(s, "%s, %s full of %s", kind, name, noise ? "noise" : "zeros");
			free(bytes);
		}
}

static void zeros_and_noise_are_nothing(void **state)
{
	(void)state;
	each_kind("overwritten", overwrite_each);
}

static void replace_each(struct salvaged *s, const char *kind)
{
	uint64_t size;
	const char *name;
	for (size_t i = 0; (name = salvaged_file(s, i, &size)) != NULL; i++) {
		uint8_t *bytes = contents(salvaged_foreign(s), name, &size);
		if (!bytes)
			continue;
		put_file(salvaged_disk(s), name, bytes, size);
		salvaged_judge(s, "%s, %s of another store", kind, name);
		free(bytes);
	}
}

static void files_of_another_store_are_none(void **state)
{
	(void)state;
	each_kind("foreign", replace_each);
}

/* --- Several at once -------------------------------------------------------------------------- */

static void damage_once(struct salvaged *s, struct hf_rng *rng)
{
	struct sim *disk = salvaged_disk(s);
	uint64_t size = 0;
	const char *name = salvaged_file(s, hf_rng_below(rng, file_count(s)), &size);
	uint8_t noise[700];
	if (size == 0 || !sim_file_size(disk, name, &size) || size < sizeof noise)
		return;
	const uint64_t at = hf_rng_below(rng, size - sizeof noise);
	switch (hf_rng_below(rng, 5)) {
	case 0:
		assert_true(sim_truncate_file(disk, name, at));
		return;
	case 4:
		assert_true(sim_remove_file(disk, name));
		return;
	case 1:
		memset(noise, 0, sizeof noise);
		break;
	case 2:
		assert_true(sim_flip_bit(disk, name, at * 8 + hf_rng_below(rng, 8)));
		return;
	default:
		for (size_t i = 0; i < sizeof noise; i++)
			noise[i] = (uint8_t)hf_rng_below(rng, 256);
	}
	sim_write_file(disk, name, at, noise, 1 + hf_rng_below(rng, sizeof noise));
}

static void mix(struct salvaged *s, const char *kind)
{
	for (unsigned n = 0; n < MIXED; n++) {
		char name[32];
		(void)snprintf(name, sizeof name, "mixed %u", n);
		struct hf_rng rng = hf_rng_for(name);
		const uint64_t damages = 1 + hf_rng_below(&rng, DAMAGES_MAX);
		for (uint64_t i = 0; i < damages; i++)
			damage_once(s, &rng);
		salvaged_judge(s, "%s, %s", kind, name);
	}
}

static void several_damages_cost_what_they_hit(void **state)
{
	(void)state;
	each_kind("mixed", mix);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_thousand_flipped_bits_cost_their_groups_alone),
	    cmocka_unit_test(files_are_what_their_headers_say_when_they_are_renamed),
	    cmocka_unit_test(files_are_what_their_headers_say_when_they_are_exchanged),
	    cmocka_unit_test(of_two_copies_one_counts),
	    cmocka_unit_test(what_lies_before_a_cut_is_kept),
	    cmocka_unit_test(zeros_and_noise_are_nothing),
	    cmocka_unit_test(files_of_another_store_are_none),
	    cmocka_unit_test(several_damages_cost_what_they_hit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
