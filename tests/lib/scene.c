#include "lib/scene.h"

#include <inttypes.h>

#include "base/steps.h"
#include "lib/operation/op_scene.h"
#include "lib/test.h"
#include "store/store.h"

enum { WORKS_MAX = 64, JUMP = 40, CHAIN = 8 };

static void scene_open(struct scene *scene, unsigned count)
{
	const struct hf_options options = {
	    .create = true, .no_background = true, .compact_bytes = UINT64_MAX};
	struct hf_error error = {0};
	*scene = (struct scene){.sim = sim_new(sim_profile_strict(), 1), .count = count};
	sim_set_now(scene->sim, SCENE_NOW);
	const int rc =
	    hf__store_open(sim_os(scene->sim), hf__all_domains(), &options, &scene->store, &error);
	if (rc != HF_OK)
		fail_msg("open: %s", error.text);
}

static void scene_close(struct scene *scene)
{
	assert_int_equal(hf_close(scene->store, NULL), HF_OK);
	sim_free(scene->sim);
}

struct hf_bytes numbered(char out[NAME], const char *prefix, unsigned number)
{
	(void)snprintf(out, NAME, "%s%u", prefix, number);
	return hf_str(out);
}

static bool word(void *ctx, const char *name, size_t index, struct op_value *out)
{
	static char texts[4][NAME]; /* enough for one operation */
	static unsigned next;
	const struct scene *scene = ctx;
	const char *dot = strchr(name, '.');
	char *end;
	(void)index;
	if (!dot) {
		out->bytes = hf_str(scene->page);
		return strcmp(name, "page") == 0;
	}
	const unsigned part = scene->count / (unsigned)strtoul(dot + 1, &end, 10);
	char *text = texts[next++ % 4];
	out->number = (int64_t)part + strtoll(end + 1, NULL, 10);
	(void)snprintf(text, NAME, "%.*s%lld", (int)(dot - name), name, (long long)out->number);
	out->bytes = hf_str(text);
	return true;
}

int scene_do(struct scene *scene, hf_store *store, const char *steps)
{
	struct op_scene words = {.store = store, .durability = HF_OS, .word = word, .ctx = scene};
	return op_scene_do(&words, steps);
}

static void run_steps(struct scene *scene, const struct work *work)
{
	const int rc = scene_do(scene, scene->store, work->steps);
	if (rc != work->code)
		fail_msg("%s: %s", work->name, hf_code_name(rc));
}

static void measure(void (*fill)(struct scene *), const struct work *works, size_t count,
                    unsigned objects, uint64_t steps[WORKS_MAX])
{
	struct scene scene;
	scene_open(&scene, objects);
	fill(&scene);
	for (size_t i = 0; i < count; i++) {
		const uint64_t before = hf__steps;
		if (works[i].run)
			works[i].run(&scene);
		if (works[i].steps)
			run_steps(&scene, &works[i]);
		steps[i] = hf__steps - before;
	}
	scene_close(&scene);
}

/* How often `few` grows with the logarithm from a thousand to `count`, and a quarter more. */
static uint64_t bound_among(unsigned count, uint64_t few)
{
	unsigned digits = 0;
	for (unsigned left = count; left >= 10; left /= 10)
		digits++;
	return few * digits * 5 / 12;
}

static uint64_t objects_of(const struct work *work, unsigned count)
{
	const bool per_ten = work->objects & PER_TEN(0);
	return per_ten ? (uint64_t)(work->objects - PER_TEN(0)) * (count / 10) : work->objects;
}

void compare_steps(void (*fill)(struct scene *), const struct work *works, size_t count)
{
	uint64_t small[WORKS_MAX], large[WORKS_MAX];
	const unsigned many = getenv("HF_LONG") ? SCENE_LARGE : SCENE_LARGE / 10;
	unsigned over = 0;
	assert_true(count <= WORKS_MAX);
	measure(fill, works, count, SCENE_SMALL, small);
	measure(fill, works, count, many, large);
	printf("figure: index steps %25s %8d %8u %8s\n", "among", SCENE_SMALL, many, "bound");
	for (size_t i = 0; i < count; i++) {
		const uint64_t bound =
		    bound_among(many, small[i]) + objects_of(&works[i], many) * JUMP + CHAIN;
		const bool bad = small[i] == 0 || large[i] > bound;
		printf("figure:   %-36s %8" PRIu64 " %8" PRIu64 " %8" PRIu64 "%s\n", works[i].name,
		       small[i], large[i], bound, bad ? "  TOO MANY" : "");
		over += bad;
	}
	assert_int_equal(over, 0);
}
