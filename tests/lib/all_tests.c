/* All tests in one program: runs the one that it is called as, by the last part of argv[0], or that
 * its first argument names. */
#include "lib/all_tests.h"

#include <stdio.h>
#include <string.h>

static struct test_entry *tests;

void all_tests_add(struct test_entry *entry)
{
	entry->next = tests;
	tests = entry;
}

static const struct test_entry *find(const char *name)
{
	for (const struct test_entry *test = tests; test; test = test->next)
		if (strcmp(test->name, name) == 0)
			return test;
	return NULL;
}

int main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');
	const struct test_entry *test = find(slash ? slash + 1 : argv[0]);
	if (!test && argc > 1)
		test = find(argv[1]);
	if (test)
		return test->main();
	fprintf(stderr, "usage: all_tests NAME\n");
	for (test = tests; test; test = test->next)
		fprintf(stderr, "    %s\n", test->name);
	return 2;
}
