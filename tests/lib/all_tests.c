/* All tests in one program: runs the one that it is called as, by the last part of argv[0]. */
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
	(void)argc;
	const char *slash = strrchr(argv[0], '/');
	const struct test_entry *test = find(slash ? slash + 1 : argv[0]);
	if (test)
		return test->main();
	fprintf(stderr, "all_tests is called by the name of a test:\n");
	for (test = tests; test; test = test->next)
		fprintf(stderr, "    %s\n", test->name);
	return 2;
}
