/* tier: fast */
/* The first group of an opening is lost with the power, and the next opening does not know of it.
 * The blocks may show it again under what that opening writes and loses: what was reported as
 * absent must not appear. */
#include "lib/patient.h"
#include "lib/test.h"

enum { STALE_PUTS = 1, NEXT_PUTS = 2 };

/* The machine goes while a group waits for its sync. */
struct outage {
	struct sim *before; /* what was lost is only pending in it */
};

static void note_group(void *arg, struct sim *sim, uint64_t index, enum sim_call kind,
                       const char *name)
{
	struct outage *o = arg;
	(void)index;
	if (kind != SIM_SYNC || strncmp(name, "segment-", 8) != 0)
		return;
	sim_free(o->before);
	o->before = sim_clone(sim); /* the last such sync is that of the group */
}

/* A put that is `more` beyond the ones that are there. */
static struct sim *put_and_stop(struct patient *p, size_t more)
{
	struct outage o = {0};
	const size_t puts = p->puts;
	p->puts = puts + more - 1;
	sim_observe(p->sim, note_group, &o);
	patient_puts(p, 1);
	sim_observe(p->sim, NULL, NULL);
	p->puts = puts;
	assert_non_null(o.before);
	return o.before;
}

/* All that is pending is lost. */
static void lose(struct patient *p, struct sim *before)
{
	static const uint8_t old[4096];
	static const struct sim_choice none = {.sectors = old, .sizes = old, .dir_ops = old};
	patient_kill(p);
	sim_free(p->sim);
	p->sim = sim_crash(before, &none);
	sim_free(before);
	assert_non_null(p->sim);
}

static int is_of_this_life(void *arg, struct sim *image, const struct sim_shape *shape)
{
	const struct patient *p = arg;
	struct patient copy = *p;
	(void)shape;
	copy.sim = image;
	copy.store = NULL;
	patient_reopen(&copy);
	const uint64_t seen = patient_sequence(&copy);
	patient_kill(&copy);
	return seen == p->puts || seen == p->puts + NEXT_PUTS ? 0 : (int)seen;
}

/* One opening's first put is lost whole, the next one's in every way. */
static void lost_twice(struct patient *p)
{
	size_t images = 0;
	patient_reopen(p);
	lose(p, put_and_stop(p, STALE_PUTS));
	patient_has(p, p->puts);
	struct sim *before = put_and_stop(p, NEXT_PUTS);
	assert_int_equal(sim_each_crash(before, NULL, is_of_this_life, p, &images), 0);
	assert_true(images > 1);
	sim_free(before);
	patient_free(p);
}

static const struct {
	struct sim_profile (*profile)(void);
	uint32_t pad;
} disks[] = {
    {sim_profile_weak, 0},
    {sim_profile_hostile, 512},
    {sim_profile_pages, 4096},
    {sim_profile_forgetful, 0},
};

enum { DISKS = sizeof disks / sizeof disks[0] };

static void of_a_store_without_a_log(void **state)
{
	(void)state;
	for (size_t i = 0; i < DISKS; i++) {
		struct patient *p = patient_new(disks[i].profile(), disks[i].pad);
		patient_close(p);
		lost_twice(p);
	}
}

/* The opening that made the store lost the first group itself. */
static void of_a_store_whose_maker_lost_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < DISKS; i++) {
		struct patient *p = patient_new(disks[i].profile(), disks[i].pad);
		lose(p, put_and_stop(p, STALE_PUTS));
		lost_twice(p);
	}
}

static void behind_a_clean_stop(void **state)
{
	(void)state;
	for (size_t i = 0; i < DISKS; i++)
		for (size_t reboots = 0; reboots < 2; reboots++) {
			struct patient *p = patient_new(disks[i].profile(), disks[i].pad);
			patient_puts(p, 2);
			patient_close(p);
			if (reboots)
				sim_reboot(p->sim);
			lost_twice(p);
		}
}

static void behind_an_unclean_stop(void **state)
{
	(void)state;
	for (size_t i = 0; i < DISKS; i++) {
		struct patient *p = patient_new(disks[i].profile(), disks[i].pad);
		patient_puts(p, 2);
		patient_kill(p);
		lost_twice(p);
	}
}

/* There the exposure is left: a full disk must not need a reboot less. */
static void a_full_disk_goes_on_where_the_log_ends(void **state)
{
	(void)state;
	struct patient *p = patient_new(sim_profile_strict(), 0);
	patient_puts(p, 2);
	const struct hf_info before = patient_info(p);
	patient_close(p);
	sim_reboot(p->sim);
	sim_set_capacity(p->sim, sim_used(p->sim));
	patient_reopen(p);
	patient_puts(p, 2);
	assert_int_equal(patient_info(p).segment, before.segment);
	patient_close(p);
	/* With room the first group opens a segment, in the same boot it does not. */
	sim_reboot(p->sim);
	sim_set_capacity(p->sim, 0);
	patient_reopen(p);
	patient_puts(p, 1);
	assert_int_equal(patient_info(p).segment, before.segment + 1);
	assert_int_equal(p->lsn[4], p->lsn[3] + 1);
	patient_close(p);
	patient_reopen(p);
	patient_puts(p, 1);
	assert_int_equal(patient_info(p).segment, before.segment + 1);
	patient_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(of_a_store_without_a_log),
	    cmocka_unit_test(of_a_store_whose_maker_lost_it),
	    cmocka_unit_test(behind_a_clean_stop),
	    cmocka_unit_test(behind_an_unclean_stop),
	    cmocka_unit_test(a_full_disk_goes_on_where_the_log_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
