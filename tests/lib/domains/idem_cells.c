#include "lib/domains/idem_cells.h"
#include "lib/domains/table.h"
#include "lib/test.h"

/* --- States ----------------------------------------------------------------------------------- */

const char *const cell_state_names[CELL_STATES] = {"absent",
                                                   "in_progress by this token",
                                                   "in_progress by another token",
                                                   "lease over",
                                                   "lease over and logged",
                                                   "in_progress without lease",
                                                   "done",
                                                   "expired",
                                                   "expired and logged"};

bool cell_is_logged(unsigned state)
{
	return state == CELL_ENDED || state == CELL_EXPIRED_LOGGED;
}

unsigned cell_state_in(unsigned state, enum setting setting)
{
	if (state == CELL_OVER || state == CELL_ENDED || state == CELL_EXPIRED ||
	    state == CELL_EXPIRED_LOGGED)
		return CELL_ABSENT;
	return state == CELL_UNLEASED && setting == SETTING_REOPENED ? CELL_ABSENT : state;
}

const char *cell_text_of_state(unsigned state)
{
	static const char *const texts[CELL_STATES] = {[CELL_ABSENT] = "",
	                                               [CELL_OWNED] = "owned f BD t@L",
	                                               [CELL_OTHER] = "owned f BD n@L",
	                                               [CELL_UNLEASED] = "owned f BD t@-",
	                                               [CELL_DONE] = "done f BD 200 resp"};
	return texts[state];
}

/* --- As text ---------------------------------------------------------------------------------- */

char cell_time_letter(hf_time time)
{
	static const struct table_time known[] = {{STAGE_NOW, 'A'},
	                                          {CELL_LOGGED, 'B'},
	                                          {CELL_NOW, 'N'},
	                                          {CELL_LOGGED + CELL_LONG, 'L'},
	                                          {CELL_NOW + CELL_LEASE, 'M'},
	                                          {CELL_NOW + CELL_LONG, 'H'},
	                                          {CELL_LOGGED + HF_IDEMPOTENCY_TTL_US, 'D'},
	                                          {CELL_NOW + HF_IDEMPOTENCY_TTL_US, 'X'},
	                                          {0, '0'},
	                                          {HF_UNSET, '-'}};
	return table_letter(known, sizeof known / sizeof *known, time);
}

static void render(const struct idem_cell *cell, const struct hf_idempotency_entry *e,
                   char out[CELL_TEXT])
{
	const int len = snprintf(out, CELL_TEXT, "%s %.*s %c%c", e->done ? "done" : "owned",
	                         (int)e->fingerprint.len, (const char *)e->fingerprint.data,
	                         cell_time_letter(e->created_at), cell_time_letter(e->expires_at));
	if (e->done) {
		assert_true(e->token == 0 && e->lease_until == HF_UNSET);
		(void)snprintf(out + len, CELL_TEXT - (size_t)len, " %d %.*s", e->status,
		               (int)e->response.len, (const char *)e->response.data);
		return;
	}
	assert_true(e->token != 0 && e->status == 0 && e->response.len == 0);
	const char token = e->token == cell->ours ? 't' : e->token > cell->ours ? 'n' : 'o';
	(void)snprintf(out + len, CELL_TEXT - (size_t)len, " %c@%c", token,
	               cell_time_letter(e->lease_until));
}

struct hf_idempotency_key cell_key(const struct idem_cell *cell)
{
	return (struct hf_idempotency_key){hf_str(cell->scope), hf_str("key")};
}

/* has, list and count must say what get said. */
static void look_again(hf_store *store, const struct idem_cell *cell, bool there, bool done,
                       const char *text)
{
	const struct hf_idempotency_key key = cell_key(cell);
	const struct hf_idempotency_list_args args = {.scope = key.scope};
	struct hf_idempotency_counts counts = {0};
	struct hf_idempotency_page page = {0};
	char listed[CELL_TEXT] = "";
	bool has;
	assert_int_equal(hf_idempotency_has(store, &key, 0, &has, NULL), HF_OK);
	assert_int_equal(has, there);
	assert_int_equal(hf_idempotency_count(store, key.scope, 0, &counts, NULL), HF_OK);
	assert_int_equal(counts.done, there && done);
	assert_int_equal(counts.in_progress, there && !done);
	assert_int_equal(hf_idempotency_list(store, &args, 0, &page, NULL), HF_OK);
	assert_int_equal(page.count, there);
	assert_null(page.next);
	if (there)
		render(cell, &page.items[0], listed);
	assert_string_equal(listed, text);
	hf_release(page.memory);
}

hf_lsn idem_cell_look(hf_store *store, const struct idem_cell *cell, char out[CELL_TEXT])
{
	struct hf_idempotency_got got = {0};
	struct hf_error error = {0};
	const struct hf_idempotency_key key = cell_key(cell);
	const int rc = hf_idempotency_get(store, &key, 0, &got, &error);
	out[0] = '\0';
	if (rc != HF_OK && rc != HF_ENOTFOUND)
		fail_msg("get: %s", error.text);
	assert_int_equal(got.entry.version != 0, rc == HF_OK);
	if (rc == HF_OK)
		render(cell, &got.entry, out);
	look_again(store, cell, rc == HF_OK, got.entry.done, out);
	const hf_lsn version = got.entry.version;
	hf_release(got.memory);
	return version;
}

/* --- Arranging -------------------------------------------------------------------------------- */

static void expect_ok(int rc, const struct hf_error *error)
{
	if (rc != HF_OK)
		fail_msg("arranging: %s", error->text);
}

static hf_token arrange_begin(hf_store *store, const struct idem_cell *cell, int64_t lease)
{
	struct hf_error error = {0};
	struct hf_idempotency_begun begun = {0};
	const struct hf_idempotency_begin_args args = {
	    .key = cell_key(cell), .fingerprint = hf_str("f"), .lease_us = lease};
	expect_ok(hf_idempotency_begin(store, NULL, &args, &begun, NULL, &error), &error);
	assert_int_equal(begun.outcome, HF_IDEMPOTENCY_NEW);
	hf_release(begun.memory);
	return begun.token;
}

static void arrange_done(hf_store *store, const struct idem_cell *cell, int64_t ttl)
{
	struct hf_error error = {0};
	const struct hf_idempotency_complete_args args = {.key = cell_key(cell),
	                                                  .token = cell->ours,
	                                                  .status = 200,
	                                                  .response = hf_str("resp"),
	                                                  .ttl_us = ttl};
	expect_ok(hf_idempotency_complete(store, NULL, &args, NULL, &error), &error);
}

void idem_cell_arrange(hf_store *store, struct idem_cell *cell, unsigned number,
                       enum cell_state state)
{
	struct hf_error error = {0};
	const bool ends = state == CELL_OVER || state == CELL_ENDED;
	(void)snprintf(cell->scope, sizeof cell->scope, "scope %u", number);
	if (state == CELL_ABSENT)
		return;
	cell->ours = arrange_begin(store, cell,
	                           ends                     ? CELL_SHORT
	                           : state == CELL_UNLEASED ? 0
	                                                    : CELL_LONG);
	if (state == CELL_OTHER) {
		const struct hf_idempotency_abandon_args give_up = {.key = cell_key(cell),
		                                                    .token = cell->ours};
		expect_ok(hf_idempotency_abandon(store, NULL, &give_up, NULL, &error), &error);
		assert_true(arrange_begin(store, cell, CELL_LONG) > cell->ours);
	}
	if (state == CELL_DONE)
		arrange_done(store, cell, 0);
	if (state == CELL_EXPIRED || state == CELL_EXPIRED_LOGGED)
		arrange_done(store, cell, CELL_SHORT);
}
