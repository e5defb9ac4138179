/* tier: fast */
/* Is every cell of the contract's tables run? The table tests compare what they run with the
 * lists in docs/domains/ ("Cells", see lib/domains/cells.h). This test looks from the other
 * side, so that nothing is forgotten in both places:
 *
 *  - each domain of the table of domains has a row in "Cells", and each row a domain;
 *  - each row has exactly one test that compares itself with it, and that test goes over all
 *    settings;
 *  - each operation of the contract begins the name of an operation in a row of its domain;
 *  - so does each public mutation (an HF_API function that takes an hf_txn), and the sources of
 *    a table test that has it call it.
 *
 * Each rule runs over the real design and the real sources, where it must find nothing, and over
 * ones from which something was taken away. */
#include <ctype.h>

#include "lib/domains/cells.h"
#include "lib/source.h"
#include "lib/test.h"
#include "store/store.h"

/* What the rules look at. */
struct world {
	char *design;
	struct tree headers, tests;
	bool silent; /* count only: for trying out a rule */
};

static struct world real;
__attribute__((format(printf, 2, 3))) static void missing(const struct world *world,
                                                          const char *format, ...)
{
	va_list args;
	va_start(args, format);
	if (!world->silent) {
		(void)fputs("cells: ", stderr);
		(void)vfprintf(stderr, format, args);
		(void)fputc('\n', stderr);
	}
	va_end(args);
}

/* --- Words in sources ------------------------------------------------------------------------- */

static bool is_of_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Is there this function: the identifier as a whole word, and not the struct of the same name
 * that holds its arguments? */
static bool has_function(const char *code, const char *word)
{
	const size_t len = strlen(word);
	for (const char *at = strstr(code, word); at; at = strstr(at + 1, word)) {
		const bool whole = (at == code || !is_of_word(at[-1])) && !is_of_word(at[len]);
		if (whole && (at - code < 7 || strncmp(at - 7, "struct ", 7) != 0))
			return true;
	}
	return false;
}

/* --- Domains and rows ------------------------------------------------------------------------- */

static const char *domain_of(const struct cells_row *row)
{
	const struct hf__domains *all = hf__all_domains();
	for (unsigned i = 0; i < all->count; i++)
		if (cells_row_is_of(row, all->rows[i]->name))
			return all->rows[i]->name;
	return NULL;
}

static size_t domains_without_row(const struct world *world)
{
	const struct hf__domains *all = hf__all_domains();
	size_t found = 0;
	for (unsigned i = 0; i < all->count; i++) {
		const char *at = world->design;
		struct cells_row row;
		bool there = false;
		while (cells_next_row(&at, &row))
			there = there || cells_row_is_of(&row, all->rows[i]->name);
		if (!there)
			missing(world, "domain %s has no row in docs/domains", all->rows[i]->name);
		found += !there;
	}
	return found;
}

/* --- Rows and tests --------------------------------------------------------------------------- */

/* The call that compares a test with this row. */
static bool compares_itself(const struct file *file, const struct cells_row *row, const char *with)
{
	char call[200];
	const int len = (int)strcspn(row->table, "`");
	assert_true(snprintf(call, sizeof call, "%s(\"%.*s\",", with, len, row->table) < 200);
	return strstr(file->plain, call) != NULL;
}

static bool runs_row(const struct file *file, const struct cells_row *row)
{
	return strncmp(file->path, "tests/domains/", 14) == 0 &&
	       (compares_itself(file, row, "cells_are_listed") ||
	        compares_itself(file, row, "table_is_listed"));
}

static bool runs_all_settings(const struct file *file)
{
	return strstr(file->code, "enum setting setting = 0; setting < SETTINGS; setting++") ||
	       strstr(file->code, "table_run(");
}

static size_t rows_not_run(const struct world *world)
{
	const char *at = world->design;
	struct cells_row row;
	size_t found = 0;
	while (cells_next_row(&at, &row)) {
		const int len = (int)strcspn(row.table, "`");
		unsigned tests = 0, all_settings = 0;
		for (size_t i = 0; i < world->tests.count; i++) {
			const bool runs = runs_row(&world->tests.files[i], &row);
			tests += runs;
			all_settings += runs && runs_all_settings(&world->tests.files[i]);
		}
		if (!domain_of(&row))
			missing(world, "`%.*s` is of no domain", len, row.table);
		if (tests != 1 || all_settings != 1)
			missing(world, "`%.*s` has %u tests, %u of them for all settings", len, row.table,
			        tests, all_settings);
		found += !domain_of(&row) || tests != 1 || all_settings != 1;
	}
	return found;
}

/* --- Operations ------------------------------------------------------------------------------- */

static bool is_listed(const struct world *world, const char *domain, const char *word)
{
	const char *at = world->design;
	struct cells_row row;
	while (cells_next_row(&at, &row))
		if (cells_row_is_of(&row, domain) && cells_row_has(&row, word))
			return true;
	return false;
}

enum { CONTRACT_WORDS = 24 };

/* The operations of the contract's tables, by domain. What is called on no state is not among
 * them: outbox subscribe. */
static const struct {
	const char *domain;
	const char *words[CONTRACT_WORDS];
} contract[] = {
    {"inbox", {"save",      "replace", "set_status",    "status",      "load",
               "get",       "dismiss", "undismiss",     "mark_read",   "mark_unread",
               "mark_seen", "snooze",  "mark_all_read", "dismiss_all", "dismissed",
               "prune",     "trim",    "remove",        "clear",       "counts"}},
    {"cursor", {"advance", "reset", "record_error", "get", "remove", "list", "lag"}},
    {"outbox", {"enqueue", "enqueue_many", "configure", "put",      "get",         "clear",
                "claim",   "claim_next",   "extend",    "complete", "remove",      "fail",
                "release", "mark_failed",  "retry",     "prune",    "redrive",     "list",
                "drain",   "stats",        "pause",     "resume",   "guard_claim", "reschedule"}},
    {"idempotency",
     {"begin", "complete", "abandon", "put", "get", "has", "remove", "list", "count", "clear",
      "guard_owner"}},
    {"document", {"put", "get", "has", "remove", "clear", "count", "list", "regroup"}},
    {"timeline", {"append", "query", "get", "count", "latest_at", "retain", "clear"}},
    {"lock", {"acquire", "renew", "release", "force_release", "check", "guard_held", "with_lock"}},
    {"migration", {"migrate"}},
    {"clock", {"set_back", "get"}},
};

static size_t contract_not_listed(const struct world *world)
{
	size_t found = 0;
	for (size_t i = 0; i < sizeof contract / sizeof contract[0]; i++)
		for (size_t j = 0; j < CONTRACT_WORDS && contract[i].words[j]; j++) {
			const bool there = is_listed(world, contract[i].domain, contract[i].words[j]);
			if (!there)
				missing(world, "%s %s is in no row of docs/domains", contract[i].domain,
				        contract[i].words[j]);
			found += !there;
		}
	return found;
}

/* --- Mutations -------------------------------------------------------------------------------- */

/* Is this file a table test of the domain that has the operation, or a file of cells in
 * tests/lib that such a test includes? */
static bool is_table_source(const struct world *world, const struct file *file, const char *domain,
                            const char *operation)
{
	const char *at = world->design;
	struct cells_row row;
	while (cells_next_row(&at, &row)) {
		if (!cells_row_is_of(&row, domain) || !cells_row_has(&row, operation))
			continue;
		if (runs_row(file, &row))
			return true;
		if (strncmp(file->path, "tests/lib/", 10) != 0 || !source_ends_with(file->path, "_cells.c"))
			continue;
		char include[220];
		(void)snprintf(include, sizeof include, "#include \"%.*sh\"", (int)strlen(file->path) - 7,
		               file->path + 6);
		for (size_t i = 0; i < world->tests.count; i++)
			if (runs_row(&world->tests.files[i], &row) &&
			    strstr(world->tests.files[i].plain, include))
				return true;
	}
	return false;
}

static bool is_called(const struct world *world, const char *domain, const char *operation,
                      const char *function)
{
	char words[120]; /* lib/operation/operation.h */
	(void)snprintf(words, sizeof words, "\"%s ", function);
	for (size_t i = 0; i < world->tests.count; i++)
		if ((has_function(world->tests.files[i].code, function) ||
		     strstr(world->tests.files[i].plain, words)) &&
		    is_table_source(world, &world->tests.files[i], domain, operation))
			return true;
	return false;
}

/* The name of the next public function that takes a transaction; NULL: there are no more. */
static bool next_mutation(const char **at, char name[100])
{
	for (const char *start = strstr(*at, "HF_API "); start; start = strstr(start, "HF_API ")) {
		const char *end = strchr(start, ';'), *open = strchr(start, '('),
		           *txn = strstr(start, "hf_txn *txn");
		assert_true(end && open && open < end);
		const char *word = open;
		while (is_of_word(word[-1]))
			word--;
		assert_true(open - word < 100);
		(void)snprintf(name, 100, "%.*s", (int)(open - word), word);
		*at = start = end;
		if (txn && txn < end)
			return true;
	}
	return false;
}

/* The domain one of whose public headers this is (outbox.h, outbox_claim.h); NULL: none's. */
static const char *domain_of_header(const struct file *header)
{
	const struct hf__domains *all = hf__all_domains();
	for (unsigned i = 0; i < all->count; i++) {
		char path[200];
		const int len =
		    snprintf(path, sizeof path, "engine/include/holdfast/%s", all->rows[i]->name);
		if (strncmp(path, header->path, (size_t)len) == 0 && strchr("._", header->path[len]))
			return all->rows[i]->name;
	}
	return NULL;
}

static size_t mutation_not_run(const struct world *world, const char *domain, const char *path,
                               const char *name)
{
	char prefix[100];
	if (!domain) {
		/* commit and abandon take one, but mutate nothing by themselves */
		const bool ends_one = strncmp(name, "hf_txn_", 7) == 0;
		if (!ends_one)
			missing(world, "%s: %s is a mutation beside the domains", path, name);
		return !ends_one;
	}
	const size_t len = (size_t)snprintf(prefix, sizeof prefix, "hf_%s_", domain);
	const bool named = strncmp(name, prefix, len) == 0,
	           listed = named && is_listed(world, domain, name + len);
	const bool called = named && is_called(world, domain, name + len, name);
	if (!listed)
		missing(world, "%s is in no row of docs/domains", name);
	if (!called)
		missing(world, "%s is not called by a table test of %s that has it", name, domain);
	return !listed || !called;
}

static size_t mutations_not_run(const struct world *world)
{
	size_t found = 0;
	for (size_t i = 0; i < world->headers.count; i++) {
		const struct file *header = &world->headers.files[i];
		const char *at = header->code, *domain = domain_of_header(header);
		char name[100];
		while (next_mutation(&at, name))
			found += mutation_not_run(world, domain, header->path, name);
	}
	return found;
}

/* --- The rules over what is there ------------------------------------------------------------- */

/* Does the file compare itself with a row, or hold cells for one that does? */
static bool may_matter(const struct file *file)
{
	return strstr(file->code, "cells_are_listed(") || strstr(file->code, "table_is_listed(") ||
	       source_ends_with(file->path, "_cells.c");
}

static void tree_copy(const struct tree *from, bool (*wanted)(const struct file *file),
                      struct tree *out)
{
	*out = tree_new();
	for (size_t i = 0; i < from->count; i++)
		if (!wanted || wanted(&from->files[i]))
			tree_add(out, from->files[i].path, strdup(from->files[i].text));
}

static void world_read(struct world *world)
{
	struct tree all = tree_new();
	*world = (struct world){.design = cells_design(), .headers = tree_new()};
	tree_read(&world->headers, "engine/include/holdfast");
	tree_read(&all, "tests/domains");
	tree_read(&all, "tests/lib");
	tree_copy(&all, may_matter, &world->tests);
	tree_free(&all);
}

static void world_free(struct world *world)
{
	free(world->design);
	tree_free(&world->headers);
	tree_free(&world->tests);
}

static int real_read(void **state)
{
	(void)state;
	world_read(&real);
	return 0;
}

static int real_free(void **state)
{
	(void)state;
	world_free(&real);
	return 0;
}

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

/* --- The rules themselves: one thing is taken away or put in ---------------------------------- */

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
	    cmocka_unit_test(the_design_and_the_sources_were_read),
	    cmocka_unit_test(every_domain_has_a_row),
	    cmocka_unit_test(every_row_has_a_test_that_runs_it_in_all_settings),
	    cmocka_unit_test(every_operation_of_the_contract_is_in_a_row),
	    cmocka_unit_test(every_public_mutation_is_in_a_row_and_in_a_table_test),
	    cmocka_unit_test(a_row_that_is_missing_is_seen),
	    cmocka_unit_test(an_operation_that_is_missing_in_its_row_is_seen),
	    cmocka_unit_test(a_test_that_does_not_compare_itself_is_seen),
	    cmocka_unit_test(a_mutation_that_no_table_test_calls_is_seen),
	    cmocka_unit_test(a_new_mutation_is_seen),
	};
	return cmocka_run_group_tests_name("cells", tests, real_read, real_free);
}
