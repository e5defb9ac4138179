/* tier: fast */
/* The rules about cells run over a design and sources from which one thing was taken away, or into
 * which one was put, and must find it. */
#include "cells_rules.h"

/* Makes the first `from`, which must be there, into `to`, which is no longer. */
static void replace(char *text, const char *from, const char *to)
{
	char *at = strstr(text, from), *rest = at ? at + strlen(from) : NULL;
	/* else there is nothing to be replaced */
	assert_true(at != NULL && strlen(to) <= strlen(from));
	while (at && *to)
		*at++ = *to++;
	while (at && (*at++ = *rest++))
		continue;
}

static struct world world_without(const char *design, const char *path, const char *code)
{
	struct world world = {.design = strdup(real.design), .silent = true};
	tree_copy(&real.headers, NULL, &world.headers);
	tree_copy(&real.tests, NULL, &world.tests);
	if (design)
		replace(world.design, design, "");
	if (!path)
		return world;
	for (size_t i = 0; i < world.tests.count; i++) {
		struct file *file = &world.tests.files[i];
		if (strcmp(file->path, path) != 0)
			continue;
		/* Literals are blanked in `code`, so what is in one is in `plain` only. */
		if (strstr(file->code, code))
			replace(file->code, code, "");
		replace(file->plain, code, "");
		return world;
	}
	fail_msg("there is no %s", path);
	return world;
}

static size_t seen_without(size_t (*rule)(const struct world *world), const char *design,
                           const char *path, const char *code)
{
	struct world world = world_without(design, path, code);
	const size_t seen = rule(&world);
	world_free(&world);
	return seen;
}

static void a_row_that_is_missing_is_seen(void **state)
{
	(void)state;
	static const char lock[] = "| `lock` |", queues[] = "| `outbox, queues` |";
	assert_int_equal(seen_without(domains_without_row, lock, NULL, NULL), 1);
	assert_int_equal(seen_without(rows_not_run, lock, NULL, NULL), 0);
	assert_int_equal(seen_without(contract_not_listed, lock, NULL, NULL), 7);
	assert_int_equal(seen_without(mutations_not_run, lock, NULL, NULL), 7);
	assert_int_equal(seen_without(domains_without_row, "\n### Cells\n", NULL, NULL),
	                 hf__all_domains()->count);
	/* With others of its domain left, it is missed by its operations. */
	assert_int_equal(seen_without(domains_without_row, queues, NULL, NULL), 0);
	assert_true(seen_without(contract_not_listed, queues, NULL, NULL) > 0 &&
	            seen_without(mutations_not_run, queues, NULL, NULL) > 0);
}

static void an_operation_that_is_missing_in_its_row_is_seen(void **state)
{
	(void)state;
	static const char regroup[] =
	    "regroup · regroup with time given · regroup to none · regroup, now unset · ";
	static const char completed[] =
	    "put_completed · put_completed of a known id · put_completed too late · ";
	assert_int_equal(seen_without(contract_not_listed, regroup, NULL, NULL), 1);
	assert_int_equal(seen_without(mutations_not_run, regroup, NULL, NULL), 1);
	/* not one of the contract's */
	assert_int_equal(seen_without(contract_not_listed, completed, NULL, NULL), 0);
	/* "put failed" is not put_completed */
	assert_int_equal(seen_without(mutations_not_run, completed, NULL, NULL), 1);
}

static void a_test_that_does_not_compare_itself_is_seen(void **state)
{
	(void)state;
	static const char test[] = "tests/domains/lock/test_lock_table.c",
	                  call[] = "table_is_listed(\"lock\", &table);";
	assert_int_equal(seen_without(rows_not_run, NULL, test, call), 1);
	/* no table test is left in which they could be */
	assert_int_equal(seen_without(mutations_not_run, NULL, test, call), 7);
	assert_int_equal(seen_without(rows_not_run, NULL, test, "table_run(&table)"), 1);
	struct world world = world_without(NULL, NULL, NULL);
	tree_add(&world.tests, "tests/domains/lock/test_other.c",
	         strdup("void f(void) { cells_are_listed(\"lock\", 0, 0); }\n"));
	assert_int_equal(rows_not_run(&world), 1); /* two for one row */
	world_free(&world);
	world = world_without(NULL, NULL, NULL);
	replace(world.design, "| `lock` |", "| `lucy` |");
	assert_int_equal(rows_not_run(&world), 1); /* of no domain, and nobody runs it */
	world_free(&world);
}

static void a_mutation_that_no_table_test_calls_is_seen(void **state)
{
	(void)state;
	assert_int_equal(seen_without(mutations_not_run, NULL, "tests/domains/lock/test_lock_table.c",
	                              "hf_lock_force_release "),
	                 1);
	assert_int_equal(seen_without(rows_not_run, NULL, "tests/domains/lock/test_lock_table.c",
	                              "hf_lock_force_release "),
	                 0);
	assert_int_equal(seen_without(mutations_not_run, NULL, "tests/domains/inbox/test_inbox_table.c",
	                              "hf_inbox_mark_unread"),
	                 1);
	assert_int_equal(seen_without(mutations_not_run, NULL,
	                              "tests/domains/outbox/test_outbox_table.c", "hf_outbox_retry "),
	                 1);
}

static size_t seen_in_header(const char *path, const char *text)
{
	struct world world = world_without(NULL, NULL, NULL);
	tree_add(&world.headers, path, strdup(text));
	const size_t seen = mutations_not_run(&world);
	world_free(&world);
	return seen;
}

static void a_new_mutation_is_seen(void **state)
{
	(void)state;
	static const char lock[] = "engine/include/holdfast/lock.h",
	                  other[] = "engine/include/holdfast/feed.h";
	assert_int_equal(
	    seen_in_header(
	        lock, "HF_API HF_CHECKED int hf_lock_lend(hf_store *store, hf_txn *txn,\n\tint to);\n"),
	    1);
	assert_int_equal(seen_in_header(lock, "HF_API HF_CHECKED int hf_lock_lent(hf_store *store, int "
	                                      "to);\nint hf_f(hf_txn *txn);\n"),
	                 0);
	assert_int_equal(
	    seen_in_header(lock, "/* HF_API int hf_lock_lend(hf_store *store, hf_txn *txn); */\n"), 0);
	assert_int_equal(
	    seen_in_header(lock, "HF_API int hf_lock_renew(hf_store *store, hf_txn *txn);\n"), 0);
	assert_int_equal(seen_in_header(lock, "HF_API int hf_lock_re(hf_store *store, hf_txn *txn);\n"),
	                 1);
	assert_int_equal(
	    seen_in_header(other, "HF_API int hf_feed_put(hf_store *store, hf_txn *txn);\n"), 1);
	assert_int_equal(seen_in_header(other, "HF_API int hf_txn_look(hf_txn *txn);\n"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_row_that_is_missing_is_seen),
	    cmocka_unit_test(an_operation_that_is_missing_in_its_row_is_seen),
	    cmocka_unit_test(a_test_that_does_not_compare_itself_is_seen),
	    cmocka_unit_test(a_mutation_that_no_table_test_calls_is_seen),
	    cmocka_unit_test(a_new_mutation_is_seen),
	};
	return cmocka_run_group_tests_name("rules about cells", tests, real_read, real_free);
}
