/* tier: medium */
/* The reader in tests/stranger, which was written from FORMAT.md and shares nothing with the
 * engine, and the engine: they say the same of 400 crash images: what kind of end, where the log
 * ends, its last LSN, and every byte of every entry. Half of the images are damaged besides, by
 * bits that flip and by fields that change under a sealed checksum. */
#include <unistd.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "lib/churn/churn.h"
#include "lib/remove_tree.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"
#include "lib/tools/stranger.h"
#include "log/sector.h"
#include "store/check/readonly.h"
#include "store/internal.h"

enum { IMAGES = 400, LINE = STRANGER_LINE, SEGMENT = 16 << 10, WORLD_CALLS = 37 };

struct world {
	struct sim *sim;
	struct hf_rng rng;
	unsigned *count;
	char (*expected)[LINE];
	const char *path;
	unsigned calls;
};

/* --- Images ----------------------------------------------------------------------------------- */

/* The seed of a sector's checksum, by what it says itself; of a witness slot by IDENTITY too. */
static uint64_t seed_of(struct sim *image, const char *name, const uint8_t *sector)
{
	uint8_t identity[HF__SECTOR] = {0};
	struct hf__head head = hf__head_get(sector);
	uint64_t number = head.number;
	if (strcmp(name, HF__NAME_IDENTITY) == 0)
		return 0;
	if (strcmp(name, HF__NAME_WITNESS) == 0) {
		(void)sim_read_file(image, HF__NAME_IDENTITY, 0, identity, sizeof identity);
		head = hf__head_get(identity);
		number = hf__load_u64(sector + 8); /* the generation */
	}
	return hf__seed_at(hf__seed_base(head.uuid, head.epoch), number);
}

/* Changes a field and seals the sector: now it is not the checksum that tells. */
static void change_field(struct world *w, struct sim *image, const char *name)
{
	static const uint8_t values[] = {0, 1, 2, 0x10, 0xff};
	uint8_t sector[HF__SECTOR];
	const uint64_t at =
	    strcmp(name, HF__NAME_WITNESS) == 0 ? HF__WITNESS_SLOT_STEP * hf_rng_below(&w->rng, 2) : 0;
	if (!sim_read_file(image, name, at, sector, sizeof sector) || memcmp(sector, "hf", 2) != 0)
		return;
	sector[8 + hf_rng_below(&w->rng, 96)] = values[hf_rng_below(&w->rng, sizeof values)];
	hf__sector_seal(sector, seed_of(image, name, sector));
	sim_write_file(image, name, at, sector, sizeof sector);
}

static void damage(struct world *w, struct sim *image)
{
	char name[SIM_NAME_MAX + 1];
	uint64_t size = 0;
	unsigned files = 0;
	while (sim_list(image, files, name, &size))
		files++;
	if (files > 0 && hf_rng_chance(&w->rng, 1, 2) &&
	    sim_list(image, (size_t)hf_rng_below(&w->rng, files), name, &size))
		change_field(w, image, name);
	for (uint64_t i = hf_rng_below(&w->rng, 3); i > 0 && files > 0; i--)
		if (sim_list(image, (size_t)hf_rng_below(&w->rng, files), name, &size) && size > 0) {
			/* Mostly where something is written. */
			const uint64_t near = hf_rng_chance(&w->rng, 1, 2) && size > 6000 ? 6000 : size;
			assert_true(sim_flip_bit(image, name, hf_rng_below(&w->rng, near * 8)));
		}
	if (files > 1 && hf_rng_chance(&w->rng, 1, 12) &&
	    sim_list(image, (size_t)hf_rng_below(&w->rng, files), name, &size))
		assert_true(sim_remove_file(image, name));
}

static int keep_image(void *arg, struct sim *image, const struct sim_shape *shape)
{
	struct world *w = arg;
	char path[LINE];
	(void)shape;
	if (*w->count == IMAGES)
		return 1;
	if (hf_rng_chance(&w->rng, 1, 2))
		damage(w, image);
	(void)snprintf(path, sizeof path, "%s/%03u", w->path, *w->count);
	assert_int_equal(sim_dump(image, path), 0);
	stranger_engine(image, w->expected[*w->count]);
	++*w->count;
	return 0;
}

static void at_call(void *arg, struct sim *sim, uint64_t index, enum sim_call kind,
                    const char *name)
{
	struct world *w = arg;
	(void)index;
	(void)name;
	if ((kind & SIM_CHANGES) == 0 || ++w->calls % WORLD_CALLS != 0)
		return;
	const struct sim_limits limits = {
	    .exhaustive = 1, .product = 1, .samples = 1, .salt = hf_rng_next(&w->rng)};
	(void)sim_each_crash(sim, &limits, keep_image, w, NULL);
}

/* A life or two of one store, with images of the disk at some of its calls. */
static void live(struct world *w, uint32_t pad, unsigned number)
{
	char seed[32];
	struct churn churn;
	struct sim_profile profile = pad == 0     ? sim_profile_weak()
	                             : pad == 512 ? sim_profile_hostile()
	                                          : sim_profile_pages();
	(void)snprintf(seed, sizeof seed, "stranger %u", number);
	w->sim = sim_new(profile, number);
	churn_init(&churn, seed, 20, 3000);
	sim_observe(w->sim, at_call, w);
	for (unsigned life = 0; life < 3 && *w->count < IMAGES; life++) {
		const struct hf_options options = {
		    .create = true, .no_background = true, .segment_size = SEGMENT, .pad = pad};
		hf_store *store = NULL;
		assert_int_equal(hf__store_open(sim_os(w->sim), hf__all_domains(), &options, &store, NULL),
		                 HF_OK);
		for (unsigned i = 0; i < 25; i++)
			churn_step(&churn, store);
		if (life != 1)
			assert_int_equal(hf_close(store, NULL), HF_OK);
		else {
			sim_kill(w->sim);
			(void)hf_close(store, NULL); /* its files are gone */
		}
		for (unsigned i = 0; i < 6 && *w->count < IMAGES; i++) {
			struct sim *image = sim_clone(w->sim);
			(void)keep_image(w, image, NULL);
			sim_free(image);
		}
	}
	churn_deinit(&churn);
	sim_free(w->sim);
}

/* --- What the stranger says ------------------------------------------------------------------- */

static void compare(const char *path, unsigned count, char (*expected)[LINE])
{
	char list[LINE], line[LINE], engine[LINE];
	unsigned kinds[4] = {0};
	(void)snprintf(list, sizeof list, "%s/list", path);
	FILE *names = fopen(list, "w");
	assert_non_null(names);
	for (unsigned i = 0; i < count; i++)
		(void)fprintf(names, "%s/%03u\n", path, i);
	assert_int_equal(fclose(names), 0);
	FILE *reader = stranger_start(list);
	unsigned different = 0;
	for (unsigned i = 0; i < count; i++) {
		if (!fgets(line, sizeof line, reader))
			fail_msg("the reader ended at image %u", i);
		(void)snprintf(engine, sizeof engine, "%s\n", expected[i]);
		kinds[line[0] == 'c' && line[1] == 'l' ? 0 : line[0] == 'u' ? 1 : line[0] == 'c' ? 2 : 3]++;
		if (strcmp(line, engine) != 0) {
			different++;
			print_message("image %u: the stranger says %s          the engine says %s", i, line,
			              engine);
		}
	}
	assert_int_equal(pclose(reader), 0);
	print_message(
	    "figure: %u images: %u clean, %u unclean, %u corrupt, %u other; %u told differently\n",
	    count, kinds[0], kinds[1], kinds[2], kinds[3], different);
	assert_int_equal(different, 0);
	if (count == IMAGES)
		assert_true(kinds[0] > 10 && kinds[1] > 50 && kinds[2] > 50);
}

static void a_stranger_reads_what_the_engine_reads(void **state)
{
	static const uint32_t pads[] = {0, 512, 4096};
	char path[] = "stranger-XXXXXX";
	char(*expected)[LINE] = calloc(IMAGES, sizeof *expected);
	unsigned count = 0;
	(void)state;
	assert_non_null(expected);
	assert_non_null(mkdtemp(path));
	struct world world = {
	    .rng = hf_rng_for("stranger"), .count = &count, .expected = expected, .path = path};
	for (unsigned i = 0; count < IMAGES; i++)
		live(&world, pads[i % 3], i);
	compare(path, count, expected);
	for (unsigned i = 0; i < count; i++) {
		char image[LINE];
		(void)snprintf(image, sizeof image, "%s/%03u", path, i);
		remove_tree(image);
	}
	remove_tree(path);
	free(expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_stranger_reads_what_the_engine_reads)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
