/* tier: fast */
/* fsck and opening over one sample of damage, with all domains, many-entry groups and both ways
 * of padding: an opening never refuses what fsck calls sound, and fsck never calls damaged what
 * an opening takes, unless it is a word of the witness that no opening needs. */
#include "lib/crash/damage.h"
#include "lib/rng.h"
#include "lib/test.h"
#include "log/format.h"
#include "store/check/readonly.h"
#include "store/store.h"

enum { FLIPS = 250, FILES = 16 };

struct sample {
	unsigned flips, refused, damaged, torn, named;
};

static void count_objects(void *ctx, const struct hf_fsck_finding *finding)
{
	struct sample *sample = ctx;
	assert_true(finding->what[0] != '\0');
	assert_true(finding->last_lsn >= finding->first_lsn);
	sample->named += finding->severity == HF_FSCK_DAMAGE && finding->object_count > 0;
	sample->torn += finding->severity == HF_FSCK_TORN;
}

static void judge(struct sample *sample, struct sim *disk, const char *name, uint64_t bit)
{
	const struct hf_options options = {.no_background = true, .segment_size = 64 << 10};
	struct hf_error error = {0}, why = {0};
	struct hf_fsck_summary summary = {0};
	hf_store *store = NULL;
	assert_true(sim_flip_bit(disk, name, bit));
	const uint64_t version = sim_version(disk);
	const int found =
	    hf__fsck(sim_os(disk), hf__all_domains(), NULL, count_objects, sample, &summary, &error);
	assert_true(sim_version(disk) == version);
	const int opened = hf__store_open(sim_os(disk), hf__all_domains(), &options, &store, &why);
	(void)hf_close(store, NULL);
	(void)sim_rollback(disk);
	const bool witness = strcmp(name, HF__NAME_WITNESS) == 0;
	if ((found == HF_OK) != (opened == HF_OK) &&
	    !(witness && opened == HF_OK && found == HF_ECORRUPT))
		fail_msg("%s bit %llu: fsck %s (%s), opening %s (%s)", name, (unsigned long long)bit,
		         hf_code_name(found), error.text, hf_code_name(opened), why.text);
	sample->flips++;
	sample->refused += opened != HF_OK;
	sample->damaged += found == HF_ECORRUPT;
}

static void flip_some(uint32_t pad, const char *title)
{
	struct damage *damage = damage_new(pad);
	struct sim *disk = damage_disk(damage);
	struct hf_rng rng = hf_rng_for(title);
	struct sample sample = {0};
	char name[SIM_NAME_MAX + 1];
	uint64_t size = 0;
	const uint64_t step = damage_bits(damage) / FLIPS;
	assert_int_equal(hf__fsck(sim_os(disk), hf__all_domains(), NULL, NULL, NULL, NULL, NULL),
	                 HF_OK);
	for (size_t i = 0; i < FILES && sim_list(disk, i, name, &size); i++)
		for (uint64_t bit = hf_rng_below(&rng, size * 8 < step ? size * 8 + 1 : step);
		     bit < size * 8; bit += step)
			judge(&sample, disk, name, bit);
	printf("figure: fsck, %s: %u flips, %u refused by an opening, %u called damage, %u with "
	       "objects named, %u torn\n",
	       title, sample.flips, sample.refused, sample.damaged, sample.named, sample.torn);
	assert_true(sample.refused > FLIPS / 2 && sample.named > sample.damaged / 2);
	damage_free(damage);
}

static void fsck_and_opening_agree_without_padding(void **state)
{
	(void)state;
	flip_some(0, "fsck sample");
}

static void fsck_and_opening_agree_with_padding(void **state)
{
	(void)state;
	flip_some(512, "fsck sample, padded");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(fsck_and_opening_agree_without_padding),
	    cmocka_unit_test(fsck_and_opening_agree_with_padding),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
