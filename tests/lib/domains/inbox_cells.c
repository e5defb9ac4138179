/* See inbox_cells.h. */
#include "lib/domains/inbox_cells.h"
#include "lib/operation/operation.h"
#include "lib/test.h"

#define TEXT_MAX 128u

/* --- A record as text ------------------------------------------------------------------------- */

static const char *time_text(hf_time time)
{
	return time == HF_UNSET                ? "-"
	       : stage_stamped(time, ARRANGED) ? "A"
	       : stage_stamped(time, NOW)      ? "N"
	       : time == GIVEN                 ? "G"
	                                       : "?";
}

/* Payload, score and updated_at go together. */
static const char *content_text(const struct hf_inbox_record *r)
{
	static const char *const names[] = {"old", "new"};
	for (int i = 0; i < 2; i++)
		if (r->payload.len == 3 && memcmp(r->payload.data, names[i], 3) == 0 &&
		    (int)r->score == i + 1 && r->updated_at == i + 1)
			return names[i];
	return "mixed";
}

static void render(const struct hf_inbox_record *r, char out[TEXT_MAX])
{
	const char *dismissed =
	    r->dismissed ? (r->dismissed_at == HF_UNSET ? "?" : time_text(r->dismissed_at)) : "-";
	const char *snapshot = r->snapshot_at == SNAPSHOT_1   ? "1"
	                       : r->snapshot_at == SNAPSHOT_2 ? "2"
	                                                      : "?";
	const char *snoozed = r->snoozed_until == HF_UNSET ? ""
	                      : r->snoozed_until == LATER  ? " z"
	                      : r->snoozed_until == GIVEN  ? " y"
	                                                   : " ?";
	(void)snprintf(out, TEXT_MAX, "%s s:%s r:%s d:%s %s@%s%s", r->unread ? "unread" : "read",
	               time_text(r->seen_at), time_text(r->read_at), dismissed, content_text(r),
	               snapshot, snoozed);
}

/* The record as text, "" for none, and its version. */
static hf_lsn look(hf_store *store, const struct hf_inbox_key *key, char out[TEXT_MAX])
{
	struct hf_inbox_got got = {0};
	struct hf_error error = {0};
	const int rc = hf_inbox_get(store, key, 0, &got, &error);
	out[0] = '\0';
	if (rc == HF_ENOTFOUND) {
		assert_null(got.memory);
		return 0;
	}
	if (rc != HF_OK)
		fail_msg("get: %s", error.text);
	const hf_lsn version = got.record.version;
	assert_true(version != 0);
	render(&got.record, out);
	hf_release(got.memory);
	return version;
}

struct hf_inbox_input input_of(const struct inbox_call *c, int content, bool unread, bool dismissed)
{
	return (struct hf_inbox_input){.account = c->key.account,
	                               .thread = c->key.thread,
	                               .payload = hf_str(content == OLD ? "old" : "new"),
	                               .unread = unread,
	                               .dismissed = dismissed,
	                               .score = content,
	                               .updated_at = content};
}

int save_records(const struct inbox_call *c, const struct hf_inbox_input *records, size_t count,
                 hf_time generated_at, enum hf_inbox_save_mode mode)
{
	const struct hf_inbox_save_args args = {.write.expect = c->expect,
	                                        .user = c->key.user,
	                                        .records = records,
	                                        .count = count,
	                                        .generated_at = generated_at,
	                                        .mode = mode};
	return hf_inbox_save(c->store, c->txn, &args, c->result, c->error);
}

/* --- States ----------------------------------------------------------------------------------- */

static void arrange_saved(const struct inbox_call *c, bool with)
{
	struct hf_inbox_input inputs[2] = {input_of(c, OLD, true, false),
	                                   input_of(c, OLD, true, false)};
	inputs[0].account = hf_str("work");
	inputs[0].thread = hf_str("other");
	inputs[0].score = 0.5;
	assert_int_equal(save_records(c, inputs, with ? 2 : 1, SNAPSHOT_1, HF_INBOX_UPSERT), HF_OK);
}

/* The record goes since a save of the other one does not name it. */
static void arrange_replaced(const struct inbox_call *c)
{
	struct hf_inbox_input input = input_of(c, OLD, true, false);
	input.account = hf_str("work");
	input.thread = hf_str("other");
	input.score = 0.5;
	assert_int_equal(save_records(c, &input, 1, SNAPSHOT_1, HF_INBOX_REPLACE), HF_OK);
}

void inbox_arrange(const struct inbox_call *c, enum inbox_state state)
{
	const struct hf_inbox_mark_args mark = {.key = c->key};
	const struct hf_inbox_snooze_args snooze = {.key = c->key, .until = LATER};
	struct hf_inbox_remove_args gone = {.key = c->key};
	if (state != NOBODY)
		arrange_saved(c, state != LACKING);
	if (state == SEEN || state == DONE)
		assert_int_equal(hf_inbox_mark_seen(c->store, NULL, &mark, NULL, NULL), HF_OK);
	if (state == READ || state == DONE)
		assert_int_equal(hf_inbox_mark_read(c->store, NULL, &mark, NULL, NULL), HF_OK);
	if (state == DISMISSED || state == DONE || state == BURIED)
		assert_int_equal(hf_inbox_dismiss(c->store, NULL, &mark, NULL, NULL), HF_OK);
	if (state == SNOOZED)
		assert_int_equal(hf_inbox_snooze(c->store, NULL, &snooze, NULL, NULL), HF_OK);
	if (state == BURIED)
		arrange_replaced(c);
	/* from ARRANGED; the operations come at NOW */
	gone.tombstone_for = state == BLOCKED ? HOUR + 1 : state == ENDED ? HOUR : 0;
	if (state == REMOVED || state == BLOCKED || state == ENDED)
		assert_int_equal(hf_inbox_remove(c->store, NULL, &gone, NULL, NULL), HF_OK);
}

static const struct {
	const char *name, *text;
} states[INBOX_STATES] = {
    [NOBODY] = {"inbox never written", ""},
    [LACKING] = {"absent", ""},
    [UNREAD] = {"unread", "unread s:- r:- d:- old@1"},
    [READ] = {"read", "read s:- r:A d:- old@1"},
    [SEEN] = {"seen", "unread s:A r:- d:- old@1"},
    [DISMISSED] = {"dismissed", "unread s:- r:- d:A old@1"},
    [DONE] = {"seen, read and dismissed", "read s:A r:A d:A old@1"},
    [REMOVED] = {"removed", ""},
    [SNOOZED] = {"snoozed", "unread s:- r:- d:- old@1 z"},
    [BURIED] = {"replaced while dismissed", ""},
    [BLOCKED] = {"removed, tombstone", ""},
    [ENDED] = {"removed, tombstone over", ""},
};

const char *inbox_state_name(size_t i)
{
	return i < INBOX_STATES ? states[i].name : NULL;
}

/* --- Running it ------------------------------------------------------------------------------- */

enum manner { PLAIN, EXPECTING, MISTAKEN, IN_TRANSACTION, MANNERS };

struct trial {
	struct stage *stage;
	const struct inbox_row *row;
	size_t index;
	enum inbox_state state;
	enum manner manner;
	char user[32];
	char before[TEXT_MAX];
	hf_lsn version;
};

static struct hf_inbox_key trial_key(const struct trial *t)
{
	return (struct hf_inbox_key){hf_str(t->user), hf_str(""), hf_str("thread")};
}

static void expect_that(const struct trial *t, bool holds, const char *what, const char *got)
{
	static const char *const manners[MANNERS] = {"", ", expecting", ", mistaken",
	                                             ", in a transaction"};
	if (!holds)
		fail_msg("%s on \"%s\" in state %s (%s%s): %s: %s", t->row->name, t->before,
		         states[t->state].name, setting_name(t->stage->setting), manners[t->manner], what,
		         got);
}

/* `then` NULL: the record did not change; "": gone. */
struct cell {
	const char *code; /* NULL: HF_OK */
	const char *then;
	uint64_t count;
};

static struct cell cell_of(const struct trial *t)
{
	const bool versioned = t->manner == EXPECTING || t->manner == MISTAKEN;
	const char *outcome = t->row->outcome[t->state];
	if (t->row->form || (t->row->kind != ONE && versioned))
		return (struct cell){.code = t->row->form ? t->row->form : "EINVAL"};
	if (t->manner == MISTAKEN)
		return (struct cell){.code = "ECONFLICT"};
	if (outcome[0] == 'E')
		return (struct cell){.code = outcome};
	struct cell cell = {.count = t->row->kind == ONE && outcome[0] != '='};
	if (outcome[0] >= '0' && outcome[0] <= '9') {
		cell.count = strtoull(outcome, (char **)&outcome, 10);
		outcome += strlen(": ");
	}
	if (outcome[0] != '=')
		cell.then = strcmp(outcome, "gone") == 0 ? "" : outcome;
	return cell;
}

/* Does the operation move the newest generated_at? */
static bool moves(const struct trial *t, const struct cell *cell)
{
	return !cell->code && (t->row->kind == MOVING || (t->row->kind == FIRST && t->state == NOBODY));
}

static hf_lsn expectation(const struct trial *t)
{
	if (t->manner == EXPECTING)
		return t->version ? t->version : HF_ABSENT;
	if (t->manner == MISTAKEN)
		return t->version ? t->version + 1 : 1;
	return 0;
}

static bool word(void *ctx, const char *name, size_t index, struct op_value *out)
{
	static const char *const kept[] = {"nowhere", "work"}, *const threads[] = {"thread", "z",
	                                                                           "thread"};
	const struct trial *t = ctx;
	if (strcmp(name, "nan") == 0)
		out->real = __builtin_nan("");
	else
		out->bytes = hf_str(strcmp(name, "user") == 0      ? t->user
		                    : strcmp(name, "kept") == 0    ? kept[index]
		                    : strcmp(name, "account") == 0 ? index == 2 ? "primary" : ""
		                                                   : threads[index]);
	return true;
}

static int perform(struct trial *t, struct hf_result *result, struct hf_error *error)
{
	const struct op_source source = {.word = word, .ctx = t};
	struct op_args args;
	hf_txn *txn = NULL;
	op_fill(&args, t->row->words, &source);
	op_write(&args)->expect = expectation(t);
	/* A guard is always part of a transaction, and expects something. */
	const bool guard = strstr(args.call->name, "_guard") != NULL;
	if (guard && op_write(&args)->expect == 0)
		op_write(&args)->expect = t->version ? t->version : HF_ABSENT;
	if (t->manner != IN_TRANSACTION && !guard)
		return op_run(&args, t->stage->store, NULL, 0, NULL, result, error);
	assert_int_equal(hf_txn_begin(t->stage->store, &txn, error), HF_OK);
	const int rc = op_run(&args, t->stage->store, txn, 0, NULL, result, error);
	if (rc == HF_OK)
		return hf_txn_commit(txn, HF_DURABLE, error);
	hf_txn_abandon(txn);
	return rc;
}

static uint64_t entries_of(hf_store *store, hf_lsn *last)
{
	struct hf_info info = {0};
	assert_int_equal(hf_get_info(store, &info, NULL), HF_OK);
	*last = info.last_lsn;
	return info.entries;
}

static void check_version(const struct trial *t, const struct cell *cell,
                          const struct hf_result *result, hf_lsn version, hf_lsn last)
{
	const hf_lsn want = !cell->then ? t->version : cell->then[0] ? last : 0;
	expect_that(t, version == want, "the record's version", "is not right");
	if (!cell->code)
		expect_that(t, result->version == (t->row->kind == ONE ? want : 0), "result.version",
		            "is not right");
}

static hf_time load_time(hf_store *store, struct hf_bytes user, struct hf_inbox_counts *recounted)
{
	struct hf_inbox_page page = {0};
	assert_int_equal(
	    hf_inbox_load(store, &(struct hf_inbox_load_args){.user = user}, 0, &page, NULL), HF_OK);
	*recounted = (struct hf_inbox_counts){.total = page.count};
	for (size_t i = 0; i < page.count; i++) {
		const struct hf_inbox_record *r = &page.items[i];
		recounted->dismissed += r->dismissed;
		recounted->unread += r->unread && !r->dismissed;
		recounted->unseen += r->seen_at == HF_UNSET && !r->dismissed;
	}
	const hf_time generated_at = page.generated_at;
	assert_null(page.next);
	hf_release(page.memory);
	return generated_at;
}

static void check_inbox(const struct trial *t, const struct cell *cell)
{
	struct hf_inbox_counts counts = {0}, recounted = {0};
	const struct hf_bytes user = hf_str(t->user);
	const hf_time generated_at = load_time(t->stage->store, user, &recounted);
	assert_int_equal(hf_inbox_count(t->stage->store, user, 0, &counts, NULL), HF_OK);
	expect_that(t, memcmp(&counts, &recounted, sizeof counts) == 0, "counts",
	            "disagree with the records");
	hf_time want = t->state == NOBODY ? HF_UNSET : SNAPSHOT_1;
	if (moves(t, cell))
		want = t->row->kind == MOVING ? SNAPSHOT_2 : SNAPSHOT_1;
	if (!cell->code && t->row->kind == UNSETTING)
		want = HF_UNSET;
	expect_that(t, generated_at == want, "generated_at", "is not the newest");
}

static void run_trial(struct trial *t)
{
	struct hf_result result = {0};
	struct hf_error error = {0};
	char after[TEXT_MAX];
	hf_lsn last;
	const struct cell cell = cell_of(t);
	const bool changed = (cell.count > 0 && t->row->kind != DRY) || moves(t, &cell);
	const uint64_t entries = entries_of(t->stage->store, &last);
	const int rc = perform(t, &result, &error);
	const uint64_t written = entries_of(t->stage->store, &last) - entries;
	expect_that(t,
	            strcmp(hf_code_name(rc), cell.code ? cell.code : "HF_OK") == 0 ||
	                (cell.code && strcmp(hf_code_name(rc) + 3, cell.code) == 0),
	            "code", hf_code_name(rc));
	expect_that(t, rc == HF_OK || (error.code == rc && error.text[0]), "a refusal without words",
	            error.text);
	expect_that(t, result.changed == changed, "changed", result.changed ? "true" : "false");
	expect_that(t, result.count == cell.count && result.token == 0, "count or token",
	            "are not right");
	expect_that(t, written == changed, "entries written", written ? "some" : "none");
	const struct hf_inbox_key key = trial_key(t);
	const hf_lsn version = look(t->stage->store, &key, after);
	expect_that(t, strcmp(after, cell.then ? cell.then : t->before) == 0, "the record is now",
	            after);
	check_version(t, &cell, &result, version, last);
	check_inbox(t, &cell);
}

static void arrange_trial(struct trial *t)
{
	struct hf_error error = {0};
	struct inbox_call call = {.store = t->stage->store, .error = &error};
	(void)snprintf(t->user, sizeof t->user, "%u-%u-%u", (unsigned)t->index, (unsigned)t->state,
	               (unsigned)t->manner);
	call.key = trial_key(t);
	inbox_arrange(&call, t->state);
	t->version = look(t->stage->store, &call.key, t->before);
	expect_that(t, strcmp(t->before, states[t->state].text) == 0, "arranged wrongly",
	            states[t->state].text);
}

void run_inbox_table(const struct inbox_row *rows, size_t count, enum setting setting)
{
	struct stage *stage = stage_open(setting);
	struct trial *trials = calloc(count * INBOX_STATES * MANNERS, sizeof *trials);
	size_t made = 0;
	assert_non_null(trials);
	for (size_t row = 0; row < count; row++)
		for (enum inbox_state state = 0; state < INBOX_STATES; state++)
			for (enum manner manner = 0; manner < MANNERS; manner++, made++) {
				trials[made] = (struct trial){.stage = stage,
				                              .row = &rows[row],
				                              .index = row,
				                              .state = state,
				                              .manner = manner};
				arrange_trial(&trials[made]);
			}
	stage_switch(stage);
	stage_at(stage, NOW);
	for (size_t i = 0; i < made; i++)
		run_trial(&trials[i]);
	free(trials);
	stage_close(stage);
}
