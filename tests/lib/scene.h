/* Bounds on work for every operation of every domain, counted in index nodes visited: among many
 * objects an operation may take as many times the steps that it takes among a thousand as the
 * logarithm is larger (twice, for a million) and a quarter more for luck, beside a jump of 40 (down
 * and up as many levels) for each object of a page, and the uneven chains of hash maps. */
#ifndef TESTS_LIB_SCENE_H
#define TESTS_LIB_SCENE_H

#include "holdfast/holdfast.h"
#include "lib/sim/sim_os.h"

enum { SCENE_SMALL = 1000, SCENE_LARGE = 1000000, BATCH = 10000, PAGE = 10, NAME = 16 };

/* 2026-11-20T09:30:00Z, where the clock stands at first. */
#define SCENE_NOW INT64_C(1795167000000000)
#define SECOND INT64_C(1000000)

/* A store with `count` objects of one domain. */
struct scene {
	struct sim *sim;
	hf_store *store;
	unsigned count;
	char page[512]; /* token of a page in the middle of a list */
};

/* As `objects` of a work: so many for every ten of the store. */
#define PER_TEN(n) (1u << 31 | (n))

struct work {
	const char *name;
	unsigned objects; /* that it gives back or changes, beyond one */
	void (*run)(struct scene *scene); /* or NULL */
	/* Or steps in words (lib/operation/op_scene.h): $item.2.3 is "item" with the number of the
	 * scene's objects, halved, and 3 more; $.2.3 that number; $page the scene's page. */
	const char *steps;
	int code; /* of the last step */
};
#define WORK(work_name, work_objects, work_run) \
	{ \
		.name = (work_name), .objects = (work_objects), .run = (work_run) \
	}
#define STEPS(work_name, work_objects, work_steps) \
	{ \
		.name = (work_name), .objects = (work_objects), .steps = (work_steps) \
	}

/* What every mutation here begins with: durability is not what is measured. */
static const struct hf_write write_os = {.durability = HF_OS};

/* The prefix and the number as text, in `out`. */
struct hf_bytes numbered(char out[NAME], const char *prefix, unsigned number);
/* Steps in words on this store, which may be the reads of a transaction: the code of the last. */
int scene_do(struct scene *scene, hf_store *store, const char *steps);
/* Fills a store with SCENE_SMALL and one with a hundred times as many objects, or, where HF_LONG is
 * set, with SCENE_LARGE; runs all works on both in the
 * order given, prints the table, and fails the test where the large one takes too many steps. */
void compare_steps(void (*fill)(struct scene *scene), const struct work *works, size_t count);

#endif
