/* tier: long */
/* The power goes at every call of imports of many states, into nothing and in the place of stores,
 * with many outcomes of each: the target is as it was or whole, and a sample of what is left is
 * imported into once more. Each round by the seed that it prints. */
#include "store/transfer/import_place.h"

enum { ROUNDS = 60, IMAGES = 600, FEW = 6, AGAIN = 16 };

struct sweep {
	struct place *p;
	uint64_t images, salt;
	struct sim_seen *seen;
};

static uint64_t hash_of(struct sim_parent *parent)
{
	uint64_t hash = sim_hash(sim_parent_files(parent));
	for (size_t i = 0; sim_parent_name(parent, i); i++) {
		const char *name = sim_parent_name(parent, i);
		hash += hf_rng_mix(sim_hash(sim_parent_dir(parent, name)) ^
		                   (strcmp(name, TARGET) == 0 ? 1 : 2));
	}
	return hash;
}

static void at_each_call(void *arg, struct sim_parent *parent, uint64_t index, enum sim_call kind,
                         const char *name)
{
	struct sweep *s = arg;
	const unsigned images = (unsigned)kind & SIM_CHANGES ? IMAGES : FEW;
	for (unsigned i = 0; i < images; i++) {
		const enum sim_parent_image how = i < 2 ? (enum sim_parent_image)i : SIM_IMAGE_SOME;
		struct sim_parent *image = sim_parent_crash(parent, how, s->salt + index * IMAGES + i);
		if (sim_seen_add(s->seen, hash_of(image))) {
			if (!is_as_before(s->p, image) && !is_whole(s->p, image))
				fail_msg("crash before call %llu (%s %s), image %u: neither as before nor whole",
				         (unsigned long long)index, sim_call_name(kind), name, i);
			if ((index + i) % AGAIN == 0)
				import_again(s->p, image);
		}
		s->images++;
		sim_parent_free(image);
	}
}

static void imports_survive_power_loss_anywhere(void **state)
{
	(void)state;
	struct sim_seen *seen = sim_seen_new();
	uint64_t images = 0;
	for (unsigned round = 0; round < ROUNDS; round++) {
		char name[32];
		snprintf(name, sizeof name, "sweep %u", round);
		struct place p = begin(name, round % 2, 10 + 10 * (round % 9));
		struct sim_parent *parent =
		    parent_for(&p, round % 3 ? sim_profile_weak() : sim_profile_hostile());
		struct sweep sweep = {.p = &p, .salt = hf_rng_mix(round), .seen = seen};
		sim_parent_observe(parent, at_each_call, &sweep);
		assert_int_equal(try_import(&p, parent), HF_OK);
		sim_parent_observe(parent, NULL, NULL);
		images += sweep.images;
		sim_parent_free(parent);
		end(&p);
	}
	printf("%llu images, %zu distinct\n", (unsigned long long)images, sim_seen_count(seen));
	assert_true(sim_seen_count(seen) > 40000);
	sim_seen_free(seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(imports_survive_power_loss_anywhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
