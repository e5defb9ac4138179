/* tier: medium, threads */
/* A hundred backups beside eight writers and compactions: see test_backup_beside.c. */
#include "store/backup/beside_case.h"

enum { ROUNDS = 100, WRITERS = 8 };

static void backups_beside_many_writers_hold_what_was_acknowledged(void **state)
{
	struct real_store *real = *state;
	assert_int_equal(
	    real_open_at(real, NULL, (struct hf_options){.create = true, .segment_size = SEGMENT}),
	    HF_OK);
	beside_run(real, ROUNDS, WRITERS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(backups_beside_many_writers_hold_what_was_acknowledged,
	                                    real_setup, real_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
