/* tier: fast */
/* The rules about cells run over the real design and the real sources, and must find nothing. */
#include "cells_rules.h"

static void the_design_and_the_sources_were_read(void **state)
{
	(void)state;
	const char *at = real.design;
	struct cells_row row;
	size_t rows = 0, mutations = 0;
	while (cells_next_row(&at, &row))
		rows++;
	for (size_t i = 0; i < real.headers.count; i++) {
		const char *code = real.headers.files[i].code;
		char name[100];
		while (next_mutation(&code, name))
			mutations++;
	}
	assert_true(rows >= 14 && rows <= 40);
	assert_true(mutations >= 70 && real.headers.count >= 14);
	assert_non_null(tree_find(&real.tests, "tests/domains/lock/", "test_lock_table.c"));
}

static void every_domain_has_a_row(void **state)
{
	(void)state;
	assert_int_equal(domains_without_row(&real), 0);
}

static void every_row_has_a_test_that_runs_it_in_all_settings(void **state)
{
	(void)state;
	assert_int_equal(rows_not_run(&real), 0);
}

static void every_operation_of_the_contract_is_in_a_row(void **state)
{
	(void)state;
	assert_int_equal(contract_not_listed(&real), 0);
}

static void every_public_mutation_is_in_a_row_and_in_a_table_test(void **state)
{
	(void)state;
	assert_int_equal(mutations_not_run(&real), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_design_and_the_sources_were_read),
	    cmocka_unit_test(every_domain_has_a_row),
	    cmocka_unit_test(every_row_has_a_test_that_runs_it_in_all_settings),
	    cmocka_unit_test(every_operation_of_the_contract_is_in_a_row),
	    cmocka_unit_test(every_public_mutation_is_in_a_row_and_in_a_table_test),
	};
	return cmocka_run_group_tests_name("cells", tests, real_read, real_free);
}
