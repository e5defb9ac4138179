/* Walks the crash images of one moment: see sim_each_crash in sim_os.h.
 *
 * There are two sides to choose on: the sectors, and the rest (directory changes and sizes).
 * Each side is a numbered list of patterns: all there are when they are few, else prefixes,
 * single omissions and single survivors. A walk combines every pattern of one side with every
 * one of the other when that is affordable, else with the other's extremes, and draws samples at
 * the end. Sectors are walked once for each content that lost ones may have. */
#include "lib/sim/sim_plan.h"

#include <stdlib.h>
#include <string.h>

enum { SPOT_OPTIONS = 4, SIZE_OPTIONS = 4, EXHAUSTIVE = 10, PRODUCT = 4096, SAMPLES = 64 };

struct walk {
	struct sim *sim;
	const struct plan *plan;
	size_t op_count;
	struct sim_limits limits;
	sim_each each;
	void *arg;
	unsigned modes[4]; /* picks for lost sectors */
	size_t mode_count;
	unsigned mode; /* the one in use */
	uint8_t *sectors, *sizes, *ops;
	size_t sector_patterns, rest_patterns;
	bool all_sectors, all_rest; /* the patterns are all there are */
	struct sim_seen *seen;
	uint64_t rng;
	size_t visited;
	int stop;
};

static uint64_t draw(struct walk *walk, uint64_t below)
{
	walk->rng++;
	return below > 1 ? sim_mix(walk->limits.salt, walk->rng) % below : 0;
}

/* Counts up to the limit and says when it is passed. */
static size_t product_of(size_t a, size_t b, size_t limit)
{
	return a > limit || b > limit || a * b > limit ? limit + 1 : a * b;
}

/* Builds the chosen image and shows it, unless it is illegal or was shown. */
static void walk_emit(struct walk *walk)
{
	struct sim_choice choice = {.sectors = walk->sectors,
	                            .sizes = walk->sizes,
	                            .dir_ops = walk->ops,
	                            .salt = walk->limits.salt};
	struct sim_shape shape;
	if (walk->stop != 0)
		return;
	struct sim *image = crash_build(walk->sim, &choice, &shape);
	if (image == NULL)
		return;
	if (sim_seen_add(walk->seen, sim_hash(image))) {
		walk->visited++;
		walk->stop = walk->each(walk->arg, image, &shape);
	}
	sim_free(image);
}

/* --- Sectors ---------------------------------------------------------------------------------- */

static void sectors_all(struct walk *walk, bool newest)
{
	memset(walk->sectors, newest ? SIM_PICK_NEWEST : (int)walk->mode, walk->plan->spot_count);
}

/* What one pending sector may be in an exhaustive walk: lost, the newest, the first, the one
 * before the newest. */
static size_t spot_options(const struct spot *spot)
{
	return spot->count + 1 < SPOT_OPTIONS ? spot->count + 1 : SPOT_OPTIONS;
}

static uint8_t spot_option(const struct walk *walk, const struct spot *spot, size_t option)
{
	switch (option) {
	case 0:
		return (uint8_t)walk->mode;
	case 1:
		return SIM_PICK_NEWEST;
	case 2:
		return 1;
	default:
		return (uint8_t)(spot->count - 1);
	}
}

static void sectors_mixed(struct walk *walk, size_t pattern)
{
	for (size_t i = 0; i < walk->plan->spot_count; i++) {
		size_t options = spot_options(&walk->plan->spots[i]);
		walk->sectors[i] = spot_option(walk, &walk->plan->spots[i], pattern % options);
		pattern /= options;
	}
}

/* All writes up to the last one of spot `pattern - 1`, and nothing after: what M1 off allows. */
static void sectors_until(struct walk *walk, size_t pattern)
{
	uint64_t last =
	    pattern == 0 ? 0 : walk->plan->spots[walk->plan->by_last[pattern - 1]].last_write;
	for (size_t i = 0; i < walk->plan->spot_count; i++) {
		const struct spot *spot = &walk->plan->spots[i];
		size_t count = 0;
		while (count < spot->count && plan_version(walk->sim, spot, count)->write <= last)
			count++;
		walk->sectors[i] = (uint8_t)count;
	}
}

/* Prefixes (as many as sectors, and the empty one), then single omissions, single survivors, and
 * what was written up to a moment. */
static void sectors_structured(struct walk *walk, size_t pattern)
{
	size_t count = walk->plan->spot_count;
	if (pattern <= count) {
		sectors_all(walk, false);
		memset(walk->sectors, SIM_PICK_NEWEST, pattern);
	} else if (pattern <= 2 * count) {
		sectors_all(walk, true);
		walk->sectors[pattern - count - 1] = (uint8_t)walk->mode;
	} else if (pattern <= 3 * count) {
		sectors_all(walk, false);
		walk->sectors[pattern - 2 * count - 1] = SIM_PICK_NEWEST;
	} else {
		sectors_until(walk, pattern - 3 * count - 1);
	}
}

static void sectors_set(struct walk *walk, size_t pattern)
{
	if (!walk->sim->profile.m1_subsets)
		sectors_until(walk, pattern);
	else if (walk->all_sectors)
		sectors_mixed(walk, pattern);
	else
		sectors_structured(walk, pattern);
}

static void sectors_count(struct walk *walk)
{
	size_t spots = walk->plan->spot_count;
	if (!walk->sim->profile.m1_subsets) {
		walk->all_sectors = true;
		walk->sector_patterns = spots + 1;
		return;
	}
	size_t product = 1;
	for (size_t i = 0; i < spots; i++)
		product = product_of(product, spot_options(&walk->plan->spots[i]), walk->limits.product);
	walk->all_sectors = spots <= walk->limits.exhaustive && product <= walk->limits.product;
	walk->sector_patterns = walk->all_sectors ? product : 4 * spots + 2;
}

static void sectors_random(struct walk *walk)
{
	if (!walk->sim->profile.m1_subsets) {
		sectors_until(walk, (size_t)draw(walk, walk->plan->spot_count + 1));
		return;
	}
	uint64_t keep = 1 + draw(walk, 15); /* of 16 */
	for (size_t i = 0; i < walk->plan->spot_count; i++) {
		const struct spot *spot = &walk->plan->spots[i];
		if (draw(walk, 16) < keep)
			walk->sectors[i] = SIM_PICK_NEWEST;
		else if (spot->count > 1 && draw(walk, 2) == 0)
			walk->sectors[i] = (uint8_t)draw(walk, spot->count);
		else
			walk->sectors[i] = (uint8_t)walk->modes[draw(walk, walk->mode_count)];
	}
}

/* --- Sizes and directory changes -------------------------------------------------------------- */

static size_t size_options(const struct walk *walk, size_t i)
{
	size_t history = disk_file(&walk->sim->disk, walk->plan->resized[i])->resize_count;
	return history + 2 < SIZE_OPTIONS ? history + 2 : SIZE_OPTIONS;
}

static uint8_t size_option(size_t option)
{
	static const uint8_t picks[SIZE_OPTIONS] = {SIM_SIZE_FITS, 0, SIM_SIZE_NEWEST, 1};
	return picks[option];
}

static void rest_all(struct walk *walk, bool kept)
{
	bool newest = kept && walk->sim->profile.m5_size_early; /* so that trashed sectors are seen */
	memset(walk->sizes, newest ? SIM_SIZE_NEWEST : SIM_SIZE_FITS, walk->plan->resized_count);
	memset(walk->ops, kept, walk->op_count);
}

static void rest_mixed(struct walk *walk, size_t pattern)
{
	for (size_t i = 0; i < walk->plan->resized_count; i++) {
		size_t options = size_options(walk, i);
		walk->sizes[i] = size_option(pattern % options);
		pattern /= options;
	}
	for (size_t i = 0; i < walk->op_count; i++) {
		walk->ops[i] = pattern % 2 == 0;
		pattern /= 2;
	}
}

/* Directory changes: prefixes, omissions, survivors, the sizes fitting; then every size outcome
 * alone, all changes kept. */
static void rest_structured(struct walk *walk, size_t pattern)
{
	size_t count = walk->op_count;
	rest_all(walk, pattern > count);
	if (pattern <= count) {
		memset(walk->ops, 1, pattern);
	} else if (pattern <= 2 * count) {
		walk->ops[pattern - count - 1] = 0;
	} else if (pattern <= 3 * count) {
		memset(walk->ops, 0, count);
		walk->ops[pattern - 2 * count - 1] = 1;
	} else {
		size_t i = (pattern - 3 * count - 1) / SIZE_OPTIONS;
		size_t option = (pattern - 3 * count - 1) % SIZE_OPTIONS;
		walk->sizes[i] = size_option(option < size_options(walk, i) ? option : 0);
	}
}

static void rest_set(struct walk *walk, size_t pattern)
{
	if (walk->all_rest)
		rest_mixed(walk, pattern);
	else
		rest_structured(walk, pattern);
}

static void rest_count(struct walk *walk)
{
	size_t product = 1;
	for (size_t i = 0; i < walk->plan->resized_count; i++)
		product = product_of(product, size_options(walk, i), walk->limits.product);
	for (size_t i = 0; i < walk->op_count; i++)
		product = product_of(product, 2, walk->limits.product);
	walk->all_rest = product <= walk->limits.product;
	walk->rest_patterns = walk->all_rest
	                          ? product
	                          : 3 * walk->op_count + 1 + SIZE_OPTIONS * walk->plan->resized_count;
}

static void rest_random(struct walk *walk)
{
	for (size_t i = 0; i < walk->plan->resized_count; i++) {
		size_t history = disk_file(&walk->sim->disk, walk->plan->resized[i])->resize_count;
		size_t most = history < SIM_SIZE_FITS - 1 ? history : SIM_SIZE_FITS - 1;
		walk->sizes[i] =
		    draw(walk, 2) == 0 ? (uint8_t)SIM_SIZE_FITS : (uint8_t)draw(walk, most + 1);
	}
	size_t prefix = (size_t)draw(walk, walk->op_count + 1);
	bool in_order = !walk->sim->profile.m4_dir_subsets || draw(walk, 4) == 0;
	for (size_t i = 0; i < walk->op_count; i++)
		walk->ops[i] = in_order ? i < prefix : draw(walk, 2) == 0;
}

/* --- The walk --------------------------------------------------------------------------------- */

static void walk_product(struct walk *walk)
{
	for (size_t i = 0; i < walk->sector_patterns && walk->stop == 0; i++) {
		sectors_set(walk, i);
		for (size_t j = 0; j < walk->rest_patterns && walk->stop == 0; j++) {
			rest_set(walk, j);
			walk_emit(walk);
		}
	}
}

/* Each side in full, against both extremes and one sample of the other. */
static void walk_sides(struct walk *walk)
{
	for (size_t i = 0; i < walk->sector_patterns && walk->stop == 0; i++) {
		sectors_set(walk, i);
		rest_all(walk, true);
		walk_emit(walk);
		rest_all(walk, false);
		walk_emit(walk);
		rest_random(walk);
		walk_emit(walk);
	}
	for (size_t j = 0; j < walk->rest_patterns && walk->stop == 0; j++) {
		rest_set(walk, j);
		sectors_set(walk, 0);
		walk_emit(walk);
		sectors_all(walk, true);
		walk_emit(walk);
		sectors_random(walk);
		walk_emit(walk);
	}
}

static void walk_samples(struct walk *walk)
{
	for (size_t i = 0; i < walk->limits.samples && walk->stop == 0; i++) {
		sectors_random(walk);
		rest_random(walk);
		walk_emit(walk);
	}
}

static void walk_run(struct walk *walk)
{
	sectors_count(walk);
	rest_count(walk);
	size_t budget = walk->limits.product;
	size_t product = product_of(walk->sector_patterns, walk->rest_patterns, budget);
	for (size_t i = 0; i < walk->mode_count && walk->stop == 0; i++) {
		walk->mode = walk->modes[i];
		/* The plain content first, in full if at all possible; the others when all of them
		 * together are. */
		if (product <= budget &&
		    (i == 0 || product_of(product, walk->mode_count, budget) <= budget))
			walk_product(walk);
		else
			walk_sides(walk);
	}
	walk_samples(walk);
}

static void modes_set(struct walk *walk)
{
	const struct sim_profile *profile = &walk->sim->profile;
	walk->modes[walk->mode_count++] = 0;
	if (profile->m1_subsets && walk->plan->spot_count > 0) {
		if (profile->m1_lost_zero)
			walk->modes[walk->mode_count++] = SIM_PICK_ZERO;
		if (profile->m1_lost_garbage)
			walk->modes[walk->mode_count++] = SIM_PICK_GARBAGE;
		if (profile->m1_lost_stale)
			walk->modes[walk->mode_count++] = SIM_PICK_STALE;
	}
}

static struct sim_limits limits_or_default(const struct sim_limits *limits)
{
	struct sim_limits own = limits == NULL ? (struct sim_limits){0} : *limits;
	own.exhaustive = own.exhaustive == 0 ? EXHAUSTIVE : own.exhaustive;
	own.product = own.product == 0 ? PRODUCT : own.product;
	own.samples = own.samples == 0 ? SAMPLES : own.samples;
	return own;
}

int sim_each_crash(struct sim *sim, const struct sim_limits *limits, sim_each each, void *arg,
                   size_t *visited)
{
	sim_enter(sim);
	struct walk walk = {.sim = sim,
	                    .plan = plan_get(sim),
	                    .op_count = sim->disk.op_count,
	                    .each = each,
	                    .arg = arg};
	walk.limits = limits_or_default(limits);
	walk.sectors = sim_memory(walk.plan->spot_count + 1);
	walk.sizes = sim_memory(walk.plan->resized_count + 1);
	walk.ops = sim_memory(walk.op_count + 1);
	walk.seen = sim_seen_new();
	modes_set(&walk);
	walk_run(&walk);
	sim_seen_free(walk.seen);
	free(walk.sectors);
	free(walk.sizes);
	free(walk.ops);
	sim_leave(sim);
	if (visited != NULL)
		*visited = walk.visited;
	return walk.stop;
}
