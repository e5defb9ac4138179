/* tier: fast */
/* A store at the end of its numbers: it says so, can be read, taken down and opened. No store gets
 * there by itself; a thousand unclean stops a day take it 700 years. */
#include "lib/patient.h"
#include "lib/test.h"
#include "store/internal.h"

static struct patient *at_the_end(void)
{
	struct patient *p = patient_new((struct sim_profile){0}, 0);
	patient_puts(p, 3);
	hf_store *s = p->store;
	/* As an opening behind an unclean stop would set them. */
	s->world.next_lsn = s->world.incarnation_lsn = HF__LSN_MAX + 1;
	atomic_store(&s->written_lsn, HF__LSN_MAX);
	atomic_store(&s->durable_lsn, HF__LSN_MAX);
	return p;
}

static void without_an_lsn_a_change_is_refused_for_what_is_missing(void **state)
{
	(void)state;
	struct patient *p = at_the_end();
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(patient_put(p), HF_ETOOBIG);
		assert_non_null(strstr(p->error.text, "no LSN is left"));
	}
	assert_int_equal(patient_sequence(p), 3);
	patient_free(p);
}

static void a_store_without_lsns_can_be_taken_down(void **state)
{
	(void)state;
	struct patient *p = at_the_end();
	assert_int_equal(hf_snapshot(p->store, &p->error), HF_OK);
	assert_int_equal(hf_compact(p->store, &p->error), HF_OK);
	patient_close(p);
	patient_has(p, 3);
	patient_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_an_lsn_a_change_is_refused_for_what_is_missing),
	    cmocka_unit_test(a_store_without_lsns_can_be_taken_down),
	};
	return cmocka_run_group_tests_name("the last LSN", tests, NULL, NULL);
}
