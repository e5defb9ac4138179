/* Is every cell of the contract's tables run? The table tests compare what they run with the lists
 * in docs/domains/ ("Cells", see lib/domains/cells.h). These rules look from the other side, so
 * that nothing is forgotten in both places:
 *
 *  - each domain of the table of domains has a row in "Cells", and each row a domain;
 *  - each row has exactly one test that compares itself with it, and that test goes over all
 *    settings;
 *  - each operation of the contract begins the name of an operation in a row of its domain;
 *  - so does each public mutation (an HF_API function that takes an hf_txn), and the sources of
 *    a table test that has it call it. */
#ifndef TESTS_CELLS_RULES_H
#define TESTS_CELLS_RULES_H

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

static inline bool is_of_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Is there this function: the identifier as a whole word, and not the struct of the same name
 * that holds its arguments? */
static inline bool has_function(const char *code, const char *word)
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

static inline const char *domain_of(const struct cells_row *row)
{
	const struct hf__domains *all = hf__all_domains();
	for (unsigned i = 0; i < all->count; i++)
		if (cells_row_is_of(row, all->rows[i]->name))
			return all->rows[i]->name;
	return NULL;
}

static inline size_t domains_without_row(const struct world *world)
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
static inline bool compares_itself(const struct file *file, const struct cells_row *row,
                                   const char *with)
{
	char call[200];
	const int len = (int)strcspn(row->table, "`");
	assert_true(snprintf(call, sizeof call, "%s(\"%.*s\",", with, len, row->table) < 200);
	return strstr(file->plain, call) != NULL;
}

static inline bool runs_row(const struct file *file, const struct cells_row *row)
{
	return strncmp(file->path, "tests/domains/", 14) == 0 &&
	       (compares_itself(file, row, "cells_are_listed") ||
	        compares_itself(file, row, "table_is_listed"));
}

static inline bool runs_all_settings(const struct file *file)
{
	return strstr(file->code, "enum setting setting = 0; setting < SETTINGS; setting++") ||
	       strstr(file->code, "table_run(");
}

static inline size_t rows_not_run(const struct world *world)
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

static inline bool is_listed(const struct world *world, const char *domain, const char *word)
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

static inline size_t contract_not_listed(const struct world *world)
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
static inline bool is_table_source(const struct world *world, const struct file *file,
                                   const char *domain, const char *operation)
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

static inline bool is_called(const struct world *world, const char *domain, const char *operation,
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
static inline bool next_mutation(const char **at, char name[100])
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
static inline const char *domain_of_header(const struct file *header)
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

static inline size_t mutation_not_run(const struct world *world, const char *domain,
                                      const char *path, const char *name)
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

static inline size_t mutations_not_run(const struct world *world)
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
static inline bool may_matter(const struct file *file)
{
	return strstr(file->code, "cells_are_listed(") || strstr(file->code, "table_is_listed(") ||
	       source_ends_with(file->path, "_cells.c");
}

static inline void tree_copy(const struct tree *from, bool (*wanted)(const struct file *file),
                             struct tree *out)
{
	*out = tree_new();
	for (size_t i = 0; i < from->count; i++)
		if (!wanted || wanted(&from->files[i]))
			tree_add(out, from->files[i].path, strdup(from->files[i].text));
}

static inline void world_read(struct world *world)
{
	struct tree all = tree_new();
	*world = (struct world){.design = cells_design(), .headers = tree_new()};
	tree_read(&world->headers, "engine/include/holdfast");
	tree_read(&all, "tests/domains");
	tree_read(&all, "tests/lib");
	tree_copy(&all, may_matter, &world->tests);
	tree_free(&all);
}

static inline void world_free(struct world *world)
{
	free(world->design);
	tree_free(&world->headers);
	tree_free(&world->tests);
}

static inline int real_read(void **state)
{
	(void)state;
	world_read(&real);
	return 0;
}

static inline int real_free(void **state)
{
	(void)state;
	world_free(&real);
	return 0;
}

#endif
