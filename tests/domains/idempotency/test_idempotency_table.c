/* tier: fast */
/* Every cell of the contract's idempotency table: each operation on a key in each state, with
 * its code, `changed`, what begin found, version and the entry that results, in every setting
 * (lib/settings.h); each of them plainly, with an expected version that is right, with one that
 * is wrong, inside a transaction, and inside one that fails afterwards.
 *
 * Each cell has a scope of its own, so all of them are arranged in one store, carried over
 * together, and then performed. Every look at a cell asks get, has, list and count, which must
 * agree. */
#include "lib/domains/idem_cells.h"
#include "lib/domains/table.h"
#include "lib/test.h"

/* --- Operations ------------------------------------------------------------------------------- */

/* What is put by "put of the same" is the entry that is there, if it is done. */
static hf_time created_at(const struct trial *t)
{
	struct hf_idempotency_got got = {0};
	const struct hf_idempotency_key key = cell_key(t->cell);
	const int rc = hf_idempotency_get(t->store, &key, 0, &got, NULL);
	const hf_time at = rc == HF_OK && got.entry.done ? got.entry.created_at : CELL_LOGGED;
	hf_release(got.memory);
	return at;
}

static bool word(const struct trial *t, const char *name, struct op_value *out)
{
	const struct idem_cell *cell = t->cell;
	if (strcmp(name, "scope") == 0)
		out->bytes = hf_str(cell->scope);
	else if (strcmp(name, "ours") == 0)
		out->number = (int64_t)cell->ours;
	else if (strcmp(name, "created") == 0)
		out->number = created_at(t);
	else if (strcmp(name, "end") == 0)
		out->number = CELL_LOGGED + HF_IDEMPOTENCY_TTL_US;
	else
		return false;
	return true;
}

static int begin(struct trial *t)
{
	const struct hf_idempotency_begun *begun = (const void *)t->answer.bytes;
	const int rc = table_call(t);
	if (t->txn)
		assert_int_equal(begun->outcome, HF_IDEMPOTENCY_UNDECIDED); /* until the commit */
	return rc;
}

/* Reads: what is not there is HF_ENOTFOUND here, however the read tells it. That all of them
 * tell the same is seen at every look. */
static int has(struct trial *t)
{
	const int rc = table_call(t);
	return rc == HF_OK && !t->answer.bytes[0] ? HF_ENOTFOUND : rc;
}

static int list(struct trial *t)
{
	const struct hf_idempotency_page *page = (const void *)t->answer.bytes;
	const int rc = table_call(t);
	return rc == HF_OK && page->count == 0 ? HF_ENOTFOUND : rc;
}

static int count(struct trial *t)
{
	const struct hf_idempotency_counts *counts = (const void *)t->answer.bytes;
	const int rc = table_call(t);
	return rc == HF_OK && counts->in_progress + counts->done == 0 ? HF_ENOTFOUND : rc;
}

/* --- The table -------------------------------------------------------------------------------- */

/* What becomes of an entry that is absent, owned by us, by another, by us without a lease, done.
 * Behind "=" stands what begin found. */
#define ROW(row_name, row_sort, row_run, row_words, absent, owned, other, unleased, done) \
	{ \
		.name = (row_name), .sort = (row_sort), .run = (row_run), .words = (row_words), \
		.outcome = { \
			absent, \
			owned, \
			other, \
			NULL, \
			NULL, \
			unleased, \
			done \
		} \
	}
#define KEY "key.scope=$scope key.key=key"

static const struct table_row rows[] = {
    ROW("begin", TABLE_ONE, begin, "hf_idempotency_begin " KEY " fingerprint=f lease_us=70s",
        "owned f NX n@M", "=IN_PROGRESS", "=IN_PROGRESS", "=IN_PROGRESS", "=REPLAY"),
    ROW("begin without lease", TABLE_ONE, begin,
        "hf_idempotency_begin " KEY " fingerprint=f ttl_us=3600s", "owned f NH n@-", "=IN_PROGRESS",
        "=IN_PROGRESS", "=IN_PROGRESS", "=REPLAY"),
    ROW("begin with a lease beyond its ttl", TABLE_ONE, begin,
        "hf_idempotency_begin " KEY " fingerprint=f lease_us=3600s ttl_us=10s", "owned f NH n@H",
        "=IN_PROGRESS", "=IN_PROGRESS", "=IN_PROGRESS", "=REPLAY"),
    ROW("begin with another fingerprint", TABLE_ONE, begin,
        "hf_idempotency_begin " KEY " fingerprint=other lease_us=70s", "owned other NX n@M",
        "=MISMATCH", "=MISMATCH", "=MISMATCH", "=MISMATCH"),
    ROW("begin without fingerprint", TABLE_ONE, begin, "hf_idempotency_begin " KEY " lease_us=70s",
        "owned  NX n@M", "=MISMATCH", "=MISMATCH", "=MISMATCH", "=MISMATCH"),
    ROW("complete", TABLE_ONE, NULL,
        "hf_idempotency_complete " KEY " token=$ours status=-7 response=out", "ESTALE",
        "done f BX -7 out", "ESTALE", "done f BX -7 out", "ESTALE"),
    ROW("complete for an hour", TABLE_ONE, NULL,
        "hf_idempotency_complete " KEY " token=$ours status=-7 response=out ttl_us=3600s", "ESTALE",
        "done f BH -7 out", "ESTALE", "done f BH -7 out", "ESTALE"),
    ROW("abandon", TABLE_ONE, NULL, "hf_idempotency_abandon " KEY " token=$ours", "ESTALE", "gone",
        "ESTALE", "gone", "ESTALE"),
    ROW("guard_owner", TABLE_GUARD, NULL, "hf_idempotency_guard_owner " KEY " token=$ours",
        "ESTALE", "=", "ESTALE", "=", "ESTALE"),
    ROW("guard", TABLE_GUARD, NULL, "hf_idempotency_guard " KEY, "=", "=", "=", "=", "="),
    ROW("put", TABLE_ONE, NULL,
        "hf_idempotency_put " KEY
        " fingerprint=g status=418 response=tea created_at=now expires_at=now+3660s",
        "done g AH 418 tea", "done g AH 418 tea", "done g AH 418 tea", "done g AH 418 tea",
        "done g AH 418 tea"),
    ROW("put by default", TABLE_ONE, NULL,
        "hf_idempotency_put " KEY " fingerprint=g status=418 response=tea", "done g NX 418 tea",
        "done g BX 418 tea", "done g BX 418 tea", "done g BX 418 tea", "done g BX 418 tea"),
    ROW("put forever", TABLE_ONE, NULL,
        "hf_idempotency_put " KEY
        " fingerprint=g status=418 response=tea created_at=now expires_at=unset",
        "done g A- 418 tea", "done g A- 418 tea", "done g A- 418 tea", "done g A- 418 tea",
        "done g A- 418 tea"),
    ROW("put literally", TABLE_ONE, NULL,
        "hf_idempotency_put " KEY
        " write.literal_times=1 fingerprint=g status=418 response=tea expires_at=unset",
        "done g 0- 418 tea", "done g 0- 418 tea", "done g 0- 418 tea", "done g 0- 418 tea",
        "done g 0- 418 tea"),
    ROW("put of what has ended", TABLE_ONE, NULL,
        "hf_idempotency_put " KEY
        " fingerprint=g status=418 response=tea created_at=now expires_at=now+60s",
        "=", "gone", "gone", "gone", "gone"),
    ROW("put of the same", TABLE_ONE, NULL,
        "hf_idempotency_put " KEY " fingerprint=f status=200 response=resp created_at=$created "
        "expires_at=$end expires_computed=1",
        "done f BD 200 resp", "done f BD 200 resp", "done f BD 200 resp", "done f BD 200 resp",
        "="),
    ROW("put of the same, its end by name", TABLE_ONE, NULL,
        "hf_idempotency_put " KEY
        " fingerprint=f status=200 response=resp created_at=$created expires_at=$end",
        "done f BD 200 resp", "done f BD 200 resp", "done f BD 200 resp", "done f BD 200 resp",
        "done f BD 200 resp"),
    ROW("remove", TABLE_ONE, NULL, "hf_idempotency_remove " KEY, "ENOTFOUND", "gone", "gone",
        "gone", "gone"),
    ROW("clear", TABLE_MANY, NULL, "hf_idempotency_clear scope=$scope", "=", "gone", "gone", "gone",
        "gone"),
    ROW("get", TABLE_READ, NULL, "hf_idempotency_get scope=$scope key=key", "ENOTFOUND", "=", "=",
        "=", "="),
    ROW("has", TABLE_READ, has, "hf_idempotency_has scope=$scope key=key", "ENOTFOUND", "=", "=",
        "=", "="),
    ROW("list", TABLE_READ, list, "hf_idempotency_list scope=$scope", "ENOTFOUND", "=", "=", "=",
        "="),
    ROW("count", TABLE_READ, count, "hf_idempotency_count scope=$scope", "ENOTFOUND", "=", "=", "=",
        "="),
};

/* --- Running it ------------------------------------------------------------------------------- */

/* What begin says it found must be what there is. */
static void compare_begun(struct trial *t)
{
	const struct hf_idempotency_begun *begun = (const void *)t->answer.bytes;
	const struct idem_cell *cell = t->cell;
	if (strstr(t->outcome, " n@") && (t->result.token <= cell->ours ||
	                                  (t->result.token & ((UINT64_C(1) << 48) - 1)) != t->version))
		table_wrong(t, "a new token, made of the version", "another");
	if (t->row->run != begin || t->outcome[0] == 'E')
		return;
	const char *name = hf_idempotency_outcome_name(begun->outcome);
	char told[CELL_TEXT] = "";
	if (strcmp(name, t->outcome[0] == '=' ? t->outcome + 1 : "NEW") != 0)
		table_wrong(t, "found", name);
	if (begun->version != t->result.version || begun->token != t->result.token)
		table_wrong(t, "version and token", "others than the result's");
	(void)snprintf(told, sizeof told, "%c%c", cell_time_letter(begun->created_at),
	               cell_time_letter(begun->expires_at));
	if (!strstr(t->after, told))
		table_wrong(t, "created_at and expires_at", told);
	if (begun->outcome == HF_IDEMPOTENCY_NEW || begun->outcome == HF_IDEMPOTENCY_IN_PROGRESS) {
		(void)snprintf(told, sizeof told, "@%c", cell_time_letter(begun->lease_until));
		if (!strstr(t->after, told))
			table_wrong(t, "lease_until", told);
	}
	(void)snprintf(told, sizeof told, "%d %.*s", begun->status, (int)begun->response.len,
	               (const char *)begun->response.data);
	if (strcmp(told, begun->outcome == HF_IDEMPOTENCY_REPLAY ? "200 resp" : "0 ") != 0)
		table_wrong(t, "status and response", told);
}

static void arrange(hf_store *store, void *cell, unsigned number, unsigned state)
{
	idem_cell_arrange(store, cell, number, (enum cell_state)state);
}

static hf_lsn look(hf_store *store, const void *cell, char out[TABLE_TEXT])
{
	return idem_cell_look(store, cell, out);
}

static const struct table table = {
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .cell_size = sizeof(struct idem_cell),
    .states = CELL_STATES,
    .state_names = cell_state_names,
    .logged = CELL_LOGGED,
    .now = CELL_NOW,
    .arrange = arrange,
    .look = look,
    .text = cell_text_of_state,
    .word = word,
    .spoiler = "hf_idempotency_guard write.expect=7 key.scope=no_such_scope key.key=key",
    .is_logged = cell_is_logged,
    .state_in = cell_state_in,
    .compare = compare_begun};

static void every_cell_holds_in_every_setting(void **unused)
{
	(void)unused;
	table_run(&table);
}

static void the_cells_are_those_of_the_design(void **unused)
{
	(void)unused;
	table_is_listed("idempotency", &table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_cells_are_those_of_the_design),
	    cmocka_unit_test(every_cell_holds_in_every_setting),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
