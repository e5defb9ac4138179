/* tier: long */
/* Pages of lists among a million objects take no more index steps than among a thousand: the
 * bounds are those of the fast tests. Needs about a gigabyte of memory. */
#include "lib/domains/page_steps.h"
#include "lib/test.h"

static void a_page_among_a_million_cursors_is_as_cheap_as_among_a_thousand(void **state)
{
	(void)state;
	check_cursor_page_steps(1000000);
}

static void a_page_of_a_million_records_is_as_cheap_as_of_a_thousand(void **state)
{
	(void)state;
	check_inbox_page_steps(1000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_page_among_a_million_cursors_is_as_cheap_as_among_a_thousand),
	    cmocka_unit_test(a_page_of_a_million_records_is_as_cheap_as_of_a_thousand),
	};
	return cmocka_run_group_tests_name("page steps", tests, NULL, NULL);
}
