/* See table.h. */
#include "lib/domains/table.h"

#include "lib/domains/cells.h"
#include "lib/test.h"

static unsigned state_in(const struct trial *t)
{
	return t->table->state_in ? t->table->state_in(t->state, t->stage->setting) : t->state;
}

void table_wrong(const struct trial *t, const char *what, const char *got)
{
	static const char *const manners[] = {"plainly", "with its version expected",
	                                      "in a transaction"};
	fail_msg("%s on %s, %s, %s: %s: got \"%s\"", t->row->name, t->table->state_names[t->state],
	         setting_name(t->stage->setting), manners[t->manner], what, got);
}

char table_letter(const struct table_time *known, size_t count, hf_time time)
{
	for (size_t i = 0; i < count; i++)
		if (known[i].time == time)
			return known[i].letter;
	for (size_t i = 0; i < count; i++) /* filled in */
		if (known[i].time > 0 && stage_stamped(time, known[i].time))
			return known[i].letter;
	return '?';
}

static bool is_code(const char *outcome, int rc)
{
	return strcmp(hf_code_name(rc) + strlen("HF_"), outcome) == 0;
}

/* --- Performing ------------------------------------------------------------------------------- */

static bool word(void *ctx, const char *name, size_t index, struct op_value *out)
{
	const struct trial *t = ctx;
	(void)index;
	return t->table->word(t, name, out);
}

int table_call(struct trial *t)
{
	const struct op_source source = {.word = word, .ctx = t};
	char text[TABLE_TEXT];
	op_fill(&t->args, t->row->words, &source);
	struct hf_write *write = op_write(&t->args);
	if (write) {
		write->expect = t->expect;
		write->missing_ok = t->missing_ok;
	}
	if (t->row->sort == TABLE_GUARD && t->expect == 0 && !op_member(&t->args, "token")) {
		const hf_lsn version = t->table->look(t->store, t->cell, text);
		write->expect = version ? version : HF_ABSENT;
	}
	returned_ask(&t->returned, &t->args, t->manner != PLAINLY);
	return op_run(&t->args, t->store, t->txn, 0, &t->answer, &t->result, &t->error);
}

static int run(struct trial *t)
{
	return t->row->run ? t->row->run(t) : table_call(t);
}

/* With `spoiled`, a guard that fails behind it. A broken form is refused when it is added. */
static int perform_in_txn(struct trial *t, bool spoiled)
{
	assert_int_equal(hf_txn_begin(t->store, &t->txn, &t->error), HF_OK);
	int rc = run(t);
	assert_true(rc == HF_OK || t->row->form);
	if (rc == HF_OK && spoiled) {
		struct op_args args;
		op_fill(&args, t->table->spoiler, NULL);
		assert_int_equal(op_run(&args, t->store, t->txn, 0, NULL, NULL, &t->error), HF_OK);
	}
	if (rc == HF_OK)
		rc = hf_txn_commit(t->txn, HF_DURABLE, &t->error);
	else
		hf_txn_abandon(t->txn);
	t->txn = NULL;
	return rc;
}

static int perform(struct trial *t)
{
	const enum table_sort sort = t->row->sort;
	return (t->manner == IN_TXN && sort != TABLE_READ) || sort == TABLE_GUARD
	           ? perform_in_txn(t, false)
	           : run(t);
}

/* Whatever the answer was, the memory is the caller's. */
static void release(struct trial *t, int rc)
{
	returned_check(&t->returned, &t->args, t->store, rc, true);
	if (t->row->words)
		op_release(t->args.call, &t->answer);
}

static void expect_refusal(const struct trial *t, const char *what, bool own, int rc, int code)
{
	if (own ? !is_code(t->outcome, rc) : rc != code)
		table_wrong(t, what, hf_code_name(rc));
}

/* Where there is no object that is no refusal, if the caller does not mind. */
static void try_missing(struct trial *t)
{
	t->missing_ok = true;
	for (unsigned in_txn = 0; in_txn < 2; in_txn++) {
		const int rc = in_txn || t->row->sort == TABLE_GUARD ? perform_in_txn(t, false) : run(t);
		const bool gives = t->row->words && t->args.call->fills; /* it has nothing to give */
		if (rc != (gives ? HF_ENOTFOUND : HF_OK))
			table_wrong(t, "it may be missing", hf_code_name(rc));
		if (t->result.changed || t->result.version || t->result.token || t->result.count)
			table_wrong(t, "it may be missing", "a result");
		release(t, rc);
	}
	t->missing_ok = false;
}

/* What must leave no trace: a wrong expectation, and a transaction that fails behind the
 * operation. */
static void try_in_vain(struct trial *t)
{
	const struct table_row *row = t->row;
	const bool refused = t->outcome[0] == 'E';
	struct hf__writer before = stage_dump(t->stage);
	t->expect = t->version_before ? t->version_before + 1 : 12345;
	t->missing_ok = true; /* which forgives nothing else */
	int rc = perform(t);
	expect_refusal(t, "a wrong version was expected", row->form != NULL, rc,
	               row->sort == TABLE_MANY ? HF_EINVAL : HF_ECONFLICT);
	release(t, rc);
	t->expect = 0;
	t->missing_ok = false;
	rc = perform_in_txn(t, true);
	expect_refusal(t, "spoiled afterwards", refused, rc, HF_ECONFLICT);
	release(t, rc);
	assert_int_equal(t->error.operation, refused ? 0 : 1);
	assert_false(t->result.changed || t->result.version || t->result.token || t->result.count);
	if (strcmp(t->outcome, "ENOTFOUND") == 0 && !row->form)
		try_missing(t);
	struct hf__writer after = stage_dump(t->stage);
	stage_verify(t->stage);
	const bool same =
	    hf__bytes_equal(hf_bytes_of(before.data, before.len), hf_bytes_of(after.data, after.len));
	hf__writer_deinit(&before);
	hf__writer_deinit(&after);
	if (!same)
		table_wrong(t, "taken back", "a trace");
}

static uint64_t entries_of(hf_store *store, hf_lsn *last)
{
	struct hf_info info = {0};
	assert_int_equal(hf_get_info(store, &info, NULL), HF_OK);
	*last = info.last_lsn;
	return info.entries;
}

static void compare(struct trial *t, int rc)
{
	const struct table_row *row = t->row;
	const bool counts = row->sort == TABLE_MANY && t->outcome[0] != 'E' && t->outcome[0] != '=' &&
	                    strstr(t->outcome, ": ");
	const uint64_t count = counts ? strtoull(t->outcome, (char **)&t->outcome, 10) : 0;
	t->outcome += counts ? strlen(": ") : 0;
	const bool refused = t->outcome[0] == 'E', same = t->outcome[0] == '=' || t->tells,
	           gone = strcmp(t->outcome, "gone") == 0, changed = !refused && !same,
	           one = row->sort == TABLE_ONE || row->sort == TABLE_GUARD;
	t->version = t->table->look(t->store, t->cell, t->after);
	if (refused ? !is_code(t->outcome, rc) : rc != HF_OK)
		table_wrong(t, t->outcome, hf_code_name(rc));
	if (rc != HF_OK && row->sort != TABLE_READ && (t->error.code != rc || !t->error.text[0]))
		table_wrong(t, "a refusal without words", t->error.text);
	if (strcmp(t->after, !changed ? t->before : gone ? "" : t->outcome) != 0)
		table_wrong(t, t->outcome, t->after);
	if (t->result.changed != changed)
		table_wrong(t, "changed", changed ? "false" : "true");
	if (t->tells && !refused && strcmp(t->told, t->outcome) != 0)
		table_wrong(t, "tells", t->told);
	if (counts ? t->result.count != count : row->sort != TABLE_MANY && t->result.count != changed)
		table_wrong(t, "count", "another");
	if (one ? changed == (t->version == t->version_before)
	        : !changed && t->version != t->version_before)
		table_wrong(t, "the object's version", changed ? "the same" : "another");
	if (t->result.version != (one && !refused ? t->version : 0))
		table_wrong(t, "the result's version", "another");
	if (t->table->compare)
		t->table->compare(t);
}

static void run_cell(struct trial *t)
{
	const struct table_row *row = t->row;
	const char *text = t->table->text(state_in(t));
	t->outcome = row->form ? row->form : row->outcome[state_in(t)];
	t->version_before = t->table->look(t->store, t->cell, t->before);
	if (strcmp(t->before, text) != 0)
		table_wrong(t, "arranged", t->before);
	if (row->sort == TABLE_READ && t->manner != PLAINLY)
		return;
	if (t->manner == PLAINLY && row->sort != TABLE_READ)
		try_in_vain(t);
	t->expect = t->manner != EXPECTING || row->sort == TABLE_MANY ? 0
	            : t->version_before                               ? t->version_before
	                                                              : HF_ABSENT;
	hf_lsn last;
	const uint64_t entries = entries_of(t->store, &last);
	const int rc = perform(t);
	const uint64_t written = entries_of(t->store, &last) - entries;
	if (t->result.changed ? written == 0 : written != 0)
		table_wrong(t, "entries written", written ? "some" : "none");
	compare(t, rc);
	if (t->result.changed && row->sort == TABLE_ONE && t->version != 0 && t->version != last)
		table_wrong(t, "the version is the LSN of the entry", "another");
	release(t, rc);
}

/* One operation on all states. */
static void run_row(const struct table *table, const struct table_row *row, enum setting setting)
{
	const size_t count = (size_t)table->states * MANNERS;
	char *cells = calloc(count, table->cell_size);
	struct stage *stage = stage_open(setting);
	assert_non_null(cells);
	/* Twice: what is to be settled in the log comes first. */
	for (unsigned pass = 0; pass < 2; pass++) {
		for (unsigned i = 0; i < count; i++)
			if ((table->is_logged && table->is_logged(i / MANNERS)) == (pass == 0))
				table->arrange(stage->store, cells + i * table->cell_size, i, i / MANNERS);
		stage_at(stage, pass == 0 ? table->logged : table->now);
		if (pass == 0)
			assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
	}
	stage_switch(stage);
	for (unsigned i = 0; i < count; i++) {
		struct trial trial = {.table = table,
		                      .row = row,
		                      .state = i / MANNERS,
		                      .manner = (enum manner)(i % MANNERS),
		                      .stage = stage,
		                      .store = stage->store,
		                      .cell = cells + i * table->cell_size};
		run_cell(&trial);
	}
	stage_close(stage);
	free(cells);
}

void table_run(const struct table *table)
{
	for (enum setting setting = 0; setting < SETTINGS; setting++)
		for (size_t i = 0; i < table->row_count; i++)
			run_row(table, &table->rows[i], setting);
}

/* --- The page --------------------------------------------------------------------------------- */

static const struct table *listed;

static const char *operation_name(size_t i)
{
	return i < listed->row_count ? listed->rows[i].name : NULL;
}

static const char *state_name(size_t i)
{
	return i < listed->states ? listed->state_names[i] : NULL;
}

void table_is_listed(const char *name, const struct table *table)
{
	listed = table;
	cells_are_listed(name, operation_name, state_name);
}
