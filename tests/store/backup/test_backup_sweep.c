/* tier: medium, long */
/* The power goes at every call of backups and restores of many states, with many outcomes of each:
 * the target is as it was or whole, what was read is byte for byte as it was, and a sample of what
 * is left is tried once more. Each round by the seed that it prints. */
#include <stdlib.h>

#include "store/backup/backup_place.h"

enum { ROUNDS = 5, ROUNDS_LONG = 60, IMAGES = 100, IMAGES_LONG = 600, FEW = 6, AGAIN = 16 };

struct sweep {
	struct place *p;
	unsigned most;
	uint64_t images, salt;
	struct sim_seen *seen;
};

static uint64_t hash_of(struct sim_parent *parent, const char *target)
{
	uint64_t hash = sim_hash(sim_parent_files(parent));
	for (size_t i = 0; sim_parent_name(parent, i); i++) {
		const char *name = sim_parent_name(parent, i);
		hash += hf_rng_mix(sim_hash(sim_parent_dir(parent, name)) ^
		                   (strcmp(name, target) == 0 ? 1 : 2));
	}
	return hash;
}

static void at_each_call(void *arg, struct sim_parent *parent, uint64_t index, enum sim_call kind,
                         const char *name)
{
	struct sweep *s = arg;
	const unsigned images = (unsigned)kind & SIM_CHANGES ? s->most : FEW;
	for (unsigned i = 0; i < images; i++) {
		const enum sim_parent_image how = i < 2 ? (enum sim_parent_image)i : SIM_IMAGE_SOME;
		struct sim_parent *image = sim_parent_crash(parent, how, s->salt + index * s->most + i);
		if (sim_seen_add(s->seen, hash_of(image, s->p->target))) {
			if (!is_legal(s->p, image))
				fail_msg("%s, crash before call %llu (%s %s), image %u: neither as before nor "
				         "whole",
				         work_names[s->p->work], (unsigned long long)index, sim_call_name(kind),
				         name, i);
			if ((index + i) % AGAIN == 0)
				again(s->p, image);
		}
		s->images++;
		sim_parent_free(image);
	}
}

static void backups_and_restores_survive_power_loss_anywhere(void **state)
{
	(void)state;
	const bool is_long = getenv("HF_LONG") != NULL;
	const unsigned rounds = is_long ? ROUNDS_LONG : ROUNDS;
	struct sim_seen *seen = sim_seen_new();
	uint64_t images = 0;
	for (unsigned round = 0; round < rounds; round++) {
		char name[32];
		snprintf(name, sizeof name, "sweep %u", round);
		struct place p = begin(round % WORKS, name, 5 + 5 * (round % 7),
		                       round % 3 ? sim_profile_weak() : sim_profile_hostile());
		struct sim_parent *parent = machine(&p);
		struct sweep sweep = {.p = &p,
		                      .most = is_long ? IMAGES_LONG : IMAGES,
		                      .salt = hf_rng_mix(round),
		                      .seen = seen};
		sim_parent_observe(parent, at_each_call, &sweep);
		assert_int_equal(try_work(&p, parent, p.work == REPLACE), HF_OK);
		sim_parent_observe(parent, NULL, NULL);
		images += sweep.images;
		sim_parent_free(parent);
		end(&p);
	}
	printf("%llu images, %zu distinct\n", (unsigned long long)images, sim_seen_count(seen));
	assert_true(sim_seen_count(seen) > (is_long ? 100000u : 1500u));
	sim_seen_free(seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(backups_and_restores_survive_power_loss_anywhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
