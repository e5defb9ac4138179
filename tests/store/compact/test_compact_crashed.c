/* tier: medium */
/* Compactions of what a crash left: wherever the log ends (behind a group, behind a header whose
 * first group is gone, behind a jump), and of what a crash within one left. */
#include "lib/patient_crash.h"
#include "lib/test.h"

static void compact(struct patient *p)
{
	if (hf_compact(p->store, &p->error) != HF_OK)
		fail_msg("compact: %s", p->error.text);
}

static void put(struct patient *p)
{
	patient_puts(p, 1);
}

static void close_and_open(struct patient *p)
{
	patient_close(p);
	patient_reopen(p);
}

static void kill_and_put(struct patient *p)
{
	patient_kill(p);
	patient_reopen(p);
	patient_puts(p, 1);
}

static void kill_and_compact(struct patient *p)
{
	patient_kill(p);
	patient_reopen(p);
	compact(p);
}

static void compact_rotate_compact(struct patient *p)
{
	compact(p);
	patient_rotate(p);
	compact(p);
}

static const struct {
	const char *name;
	void (*action)(struct patient *p);
	unsigned rotations; /* before it */
	bool compacted; /* before it */
} scenes[] = {
    {"the first put of all", put, 0, false},
    {"a rotation", patient_rotate, 0, false},
    {"a rotation of a compacted store", patient_rotate, 1, true},
    {"a put after a kill", kill_and_put, 1, false},
    {"a put after a kill of a compacted store", kill_and_put, 1, true},
    {"a compaction after a kill", kill_and_compact, 1, false},
    {"a compaction after a kill of a compacted store", kill_and_compact, 1, true},
    {"a clean stop of a compacted store", close_and_open, 1, true},
    {"compactions around a rotation", compact_rotate_compact, 1, true},
};

static void play(struct sim_profile profile, uint32_t pad)
{
	for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++) {
		struct patient *p = patient_new(profile, pad);
		for (unsigned k = 0; k < scenes[i].rotations; k++)
			patient_rotate(p);
		if (scenes[i].compacted)
			compact(p);
		if (scenes[i].rotations)
			patient_puts(p, 2);
		printf("figure: %s: ", scenes[i].name);
		printf("%u images\n", patient_crash_at_every_call(p, scenes[i].action));
		patient_free(p);
	}
}

static void whatever_a_crash_left_can_be_compacted(void **state)
{
	(void)state;
	play(sim_profile_weak(), 0);
}

static void whatever_a_crash_left_can_be_compacted_with_padding(void **state)
{
	(void)state;
	play(sim_profile_hostile(), 512);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(whatever_a_crash_left_can_be_compacted),
	    cmocka_unit_test(whatever_a_crash_left_can_be_compacted_with_padding),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
