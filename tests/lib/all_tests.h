/* Included before every test where all tests are one program (cmake/programs.cmake): its main()
 * gets a name of its own and is enlisted under the test's name. */
#ifndef TESTS_LIB_ALL_TESTS_H
#define TESTS_LIB_ALL_TESTS_H

struct test_entry {
	const char *name;
	int (*main)(void);
	struct test_entry *next;
};

void all_tests_add(struct test_entry *entry);

#ifdef HF_TEST_MAIN
int HF_TEST_MAIN(void);

__attribute__((constructor)) static void enlist_test(void)
{
	static struct test_entry entry = {HF_TEST_NAME, HF_TEST_MAIN, 0};
	all_tests_add(&entry);
}

#define main HF_TEST_MAIN
#endif

#endif
