/* tier: fast */
/* Every cell of the contract's timeline table: each operation on a timeline in each state, with
 * its code, `changed`, count, version and the events that result, in every setting
 * (lib/settings.h); each of them plainly, with an expected version that is right, with one that
 * is wrong, and inside a transaction. */
#include "lib/domains/cells.h"
#include "lib/domains/timeline_ops.h"
#include "lib/settings.h"
#include "lib/test.h"

#define HOUR INT64_C(3600000000)
#define THEN STAGE_NOW /* T: when the event of the table happened, and when it was appended */
#define BEFORE (STAGE_NOW - HOUR) /* B */
#define LATER (STAGE_NOW + HOUR / 6) /* L */
#define NOW (STAGE_NOW + HOUR) /* N: when the operation is done */
#define TEXT_MAX 400u

/* --- A timeline as text: "id:type:subject:time:payload ...", oldest first --------------------- */

static const char *time_text(hf_time time)
{
	if (time == HF_UNSET || time == 0)
		return time == 0 ? "0" : "-";
	if (stage_stamped(time, THEN) || time == BEFORE)
		return time == BEFORE ? "B" : "T";
	return time == LATER ? "L" : stage_stamped(time, NOW) ? "N" : "?";
}

static void add_event(char out[TEXT_MAX], const struct hf_timeline_event *e)
{
	const size_t len = strlen(out);
	const int added =
	    snprintf(out + len, TEXT_MAX - len, "%s%.*s:%.*s:%.*s:%s:%.*s", len ? " " : "",
	             (int)e->key.id.len, (const char *)e->key.id.data, (int)e->type.len,
	             (const char *)e->type.data, (int)e->subject.len,
	             e->subject.len ? (const char *)e->subject.data : "", time_text(e->happened_at),
	             (int)e->payload.len, e->payload.len ? (const char *)e->payload.data : "");
	assert_true(added > 0 && (size_t)added < TEXT_MAX - len);
}

static void add_page(const struct hf_timeline_page *page, char out[TEXT_MAX])
{
	out[0] = '\0';
	for (size_t i = 0; i < page->count; i++)
		add_event(out, &page->items[i]);
}

/* The timeline as text, and the version of event "e" (0: none). */
static hf_lsn look(hf_store *store, const char *timeline, char out[TEXT_MAX])
{
	struct hf_timeline_page page;
	const struct hf_timeline_query_args args = {.filter.timeline = hf_str(timeline),
	                                            .ascending = true};
	hf_lsn version = 0;
	assert_int_equal(hf_timeline_query(store, &args, 0, &page, NULL), HF_OK);
	add_page(&page, out);
	for (size_t i = 0; i < page.count; i++)
		if (page.items[i].key.id.len == 1 && memcmp(page.items[i].key.id.data, "e", 1) == 0)
			version = page.items[i].version;
	hf_release(page.memory);
	return version;
}

/* --- Operations ------------------------------------------------------------------------------- */

/* What of its arguments an operation of the table is called with: those of the one that it is. */
struct arguments {
	const char *type, *subject;
	hf_time at;
	const char *payload;
	bool literal;
	uint64_t max_events;
	int64_t max_age_us;
	hf_time now;
	bool dry_run, ascending;
};

/* What it is called on; reads tell in words. */
struct call {
	hf_store *store;
	hf_txn *txn;
	const char *timeline;
	const struct arguments *with;
	hf_lsn expect;
	struct hf_result *result;
	struct hf_error *error;
	char *told;
};

static int append(const struct call *c)
{
	const struct hf_timeline_append_args args = {
	    .write = {.expect = c->expect, .literal_times = c->with->literal},
	    .key = {hf_str(c->timeline), hf_str("e")},
	    .type = hf_str(c->with->type),
	    .subject = hf_str(c->with->subject),
	    .happened_at = c->with->at,
	    .payload = hf_str(c->with->payload)};
	return hf_timeline_append(c->store, c->txn, &args, c->result, c->error);
}

static int retain(const struct call *c)
{
	const struct hf_timeline_retain_args args = {.write.expect = c->expect,
	                                             .timeline = hf_str(c->timeline),
	                                             .max_events = c->with->max_events,
	                                             .max_age_us = c->with->max_age_us,
	                                             .dry_run = c->with->dry_run,
	                                             .now = c->with->now};
	return hf_timeline_retain(c->store, c->txn, &args, c->result, c->error);
}

static int clear(const struct call *c)
{
	const struct hf_timeline_clear_args args = {.write.expect = c->expect,
	                                            .timeline = hf_str(c->timeline)};
	return hf_timeline_clear(c->store, c->txn, &args, c->result, c->error);
}

/* In a transaction of its own where it was given none. It expects what there is, unless it was
 * told what to expect. */
static int guard(const struct call *c)
{
	char text[TEXT_MAX];
	hf_txn *txn = c->txn;
	const hf_lsn version = look(c->store, c->timeline, text), there = version ? version : HF_ABSENT;
	const struct hf_timeline_guard_args args = {.write.expect = c->expect ? c->expect : there,
	                                            .key = {hf_str(c->timeline), hf_str("e")}};
	if (!txn)
		assert_int_equal(hf_txn_begin(c->store, &txn, c->error), HF_OK);
	const int rc = hf_timeline_guard(c->store, txn, &args, c->result, c->error);
	if (c->txn)
		return rc;
	if (rc == HF_OK)
		return hf_txn_commit(txn, HF_DURABLE, c->error);
	hf_txn_abandon(txn);
	return rc;
}

static int get(const struct call *c)
{
	struct hf_timeline_got got;
	const struct hf_timeline_key key = {hf_str(c->timeline), hf_str("e")};
	const int rc = hf_timeline_get(c->store, &key, 0, &got, c->error);
	if (rc == HF_OK)
		add_event(c->told, &got.event);
	hf_release(got.memory);
	return rc;
}

static int query(const struct call *c)
{
	struct hf_timeline_page page;
	const char *subject = c->with->subject;
	const struct hf_timeline_query_args args = {
	    .filter = {hf_str(c->timeline), hf_str(subject), subject != NULL, hf_str(c->with->type)},
	    .ascending = c->with->ascending};
	const int rc = hf_timeline_query(c->store, &args, 0, &page, c->error);
	if (rc == HF_OK)
		add_page(&page, c->told);
	assert_true(page.total == page.count && !page.next);
	hf_release(page.memory);
	return rc;
}

static int count(const struct call *c)
{
	uint64_t found;
	const struct hf_timeline_filter filter = {.timeline = hf_str(c->timeline)};
	const int rc = hf_timeline_count(c->store, &filter, 0, &found, c->error);
	(void)snprintf(c->told, TEXT_MAX, "%llu", (unsigned long long)found);
	return rc;
}
static int latest_at(const struct call *c)
{
	hf_time found;
	const int rc = hf_timeline_latest_at(c->store, hf_str(c->timeline), 0, &found, c->error);
	(void)snprintf(c->told, TEXT_MAX, "%s", time_text(found));
	return rc;
}

/* --- States ----------------------------------------------------------------------------------- */

enum state { ABSENT, THERE, AMONG_OTHERS, ONLY_OTHERS, CLEARED, RETAINED_AWAY, STATES };

static const char *const state_names[STATES] = {
    "absent", "there", "among others", "only others there", "cleared", "retained away"};

#define A "a:made::B:x"
#define E "e:made:job:T:p"
#define Z "z:done:job:L:y"

static void arrange_others(const struct call *c)
{
	(void)tl_append(c->store, c->timeline, "z", "done", "job", LATER, "y");
	(void)tl_append(c->store, c->timeline, "a", "made", "", BEFORE, "x");
}

static void arrange(const struct call *c, enum state state)
{
	const struct hf_timeline_retain_args one = {.timeline = hf_str(c->timeline), .max_events = 1};
	if (state == AMONG_OTHERS || state == ONLY_OTHERS || state == RETAINED_AWAY)
		arrange_others(c);
	if (state != ABSENT && state != ONLY_OTHERS)
		(void)tl_append(c->store, c->timeline, "e", "made", "job", THEN, "p");
	if (state == CLEARED)
		assert_int_equal(clear(c), HF_OK);
	if (state == RETAINED_AWAY)
		assert_int_equal(hf_timeline_retain(c->store, NULL, &one, NULL, NULL), HF_OK);
}

static const char *const state_texts[STATES] = {
    [ABSENT] = "",           [THERE] = E,    [AMONG_OTHERS] = A " " E " " Z,
    [ONLY_OTHERS] = A " " Z, [CLEARED] = "", [RETAINED_AWAY] = Z,
};

/* --- The table -------------------------------------------------------------------------------- */

/* Of a change: what is there then, NULL: nothing changed; how many objects it changed, or would
 * have. Of a read: what it tells. */
struct cell {
	int code;
	const char *text;
	uint64_t count;
};

enum concern { ONE, MANY, READ };

/* clang-format off */
#define OF(a, b, c, d) {.type = (a), .subject = (b), .at = (c), .payload = (d)}
#define SAME {HF_OK, NULL, 0}
#define OTHER {HF_ECONFLICT, NULL, 0}
#define NO_SUCH {HF_ENOTFOUND, "", 0}
#define ADDS(e) {[ABSENT] = {HF_OK, e, 1}, [THERE] = OTHER, [AMONG_OTHERS] = OTHER, \
    [ONLY_OTHERS] = {HF_OK, A " " e " " Z, 1}, \
	[CLEARED] = {HF_OK, e, 1}, [RETAINED_AWAY] = {HF_OK, e " " Z, 1}}
#define ADDS_OR_SAME(e) {[ABSENT] = {HF_OK, e, 1}, [THERE] = SAME, [AMONG_OTHERS] = SAME, \
    [ONLY_OTHERS] = {HF_OK, A " " e " " Z, 1}, \
	[CLEARED] = {HF_OK, e, 1}, [RETAINED_AWAY] = {HF_OK, e " " Z, 1}}
#define ADDS_LAST(e, repeated) {[ABSENT] = {HF_OK, e, 1}, [THERE] = {(repeated), NULL, 0}, \
    [AMONG_OTHERS] = {(repeated), NULL, 0}, \
	[ONLY_OTHERS] = {HF_OK, A " " Z " " e, 1}, \
	[CLEARED] = {HF_OK, e, 1}, [RETAINED_AWAY] = {HF_OK, Z " " e, 1}}
#define ADDS_FIRST(e) {[ABSENT] = {HF_OK, e, 1}, [THERE] = OTHER, [AMONG_OTHERS] = OTHER, \
    [ONLY_OTHERS] = {HF_OK, e " " A " " Z, 1}, \
	[CLEARED] = {HF_OK, e, 1}, [RETAINED_AWAY] = {HF_OK, e " " Z, 1}}
#define TELLS(absent, there, among, others, cleared, away) {{HF_OK, absent, 0}, {HF_OK, there, \
    0}, {HF_OK, among, 0}, {HF_OK, others, 0}, \
	{HF_OK, cleared, 0}, {HF_OK, away, 0}}

static const struct row {
	const char *name;
	enum concern concern;
	int (*run)(const struct call *c);
	struct arguments with;
	int form; /* refused in every state: a broken form */
	struct cell cells[STATES]; /* unused when form is set */
} rows[] = {
	{"append", ONE, append, OF("made", "job", THEN, "p"), HF_OK, ADDS_OR_SAME(E)},
	{"append, another type", ONE, append, OF("done", "job", THEN, "p"), HF_OK,
	    ADDS("e:done:job:T:p")},
	{"append, another subject", ONE, append, OF("made", "", THEN, "p"), HF_OK, ADDS("e:made::T:p")},
	{"append, another happened_at", ONE, append, OF("made", "job", LATER + 1, "p"), HF_OK,
	    ADDS_LAST("e:made:job:?:p", HF_ECONFLICT)},
	{"append, another payload", ONE, append, OF("made", "job", THEN, "q"), HF_OK,
	    ADDS("e:made:job:T:q")},
	{"append, no payload", ONE, append, OF("made", "job", THEN, ""), HF_OK, ADDS("e:made:job:T:")},
	{"append, happened_at zeroed", ONE, append, OF("made", "job", 0, "p"), HF_OK,
	    ADDS_LAST("e:made:job:N:p", HF_OK)},
	{"append, happened_at unset", ONE, append, OF("made", "job", HF_UNSET, "p"), HF_OK,
	    ADDS_LAST("e:made:job:N:p", HF_OK)},
	{"append, happened_at zeroed, another payload", ONE, append, OF("made", "job", 0, "q"),
		HF_OK, ADDS_LAST("e:made:job:N:q", HF_ECONFLICT)},
	{"append in 1970", ONE, append, {.type = "made", .subject = "job", .at = 0, .payload = "p",
	    .literal = true},
		HF_OK, ADDS_FIRST("e:made:job:0:p")},
	{"append, literal and unset", ONE, append, {.type = "made", .subject = "job", .at = HF_UNSET,
	    .payload = "p", .literal = true},
		HF_OK, ADDS_LAST("e:made:job:N:p", HF_OK)},
	{"append without a type", ONE, append, OF("", "job", THEN, "p"), HF_EINVAL, {{0}}},
	{"retain without bounds", MANY, retain, {0}, HF_OK, {SAME, SAME, SAME, SAME, SAME, SAME}},
	{"retain 1", MANY, retain, {.max_events = 1}, HF_OK, {SAME, SAME, {HF_OK, Z, 2}, {HF_OK, Z, 1},
	    SAME, SAME}},
	{"retain the most there can be", MANY, retain, {.max_events = UINT64_MAX,
	    .max_age_us = INT64_MAX},
		HF_OK, {SAME, SAME, SAME, SAME, SAME, SAME}},
	{"retain an hour", MANY, retain, {.max_age_us = HOUR}, HF_OK, {SAME, SAME, {HF_OK, E " " Z, 1},
	    {HF_OK, Z, 1}, SAME, SAME}},
	{"retain an instant less", MANY, retain, {.max_age_us = HOUR - 1},
		HF_OK, {SAME, {HF_OK, "", 1}, {HF_OK, Z, 2}, {HF_OK, Z, 1}, SAME, SAME}},
	{"retain an hour, now given", MANY, retain, {.max_age_us = HOUR, .now = THEN}, HF_OK,
	    {SAME, SAME, SAME, SAME, SAME, SAME}},
	{"retain 1 of two hours", MANY, retain, {.max_events = 1, .max_age_us = 2 * HOUR},
		HF_OK, {SAME, SAME, {HF_OK, Z, 2}, {HF_OK, Z, 1}, SAME, SAME}},
	{"retain 2 of no time", MANY, retain, {.max_events = 2, .max_age_us = 1}, HF_OK,
		{SAME, {HF_OK, "", 1}, {HF_OK, "", 3}, {HF_OK, "", 2}, SAME, {HF_OK, "", 1}}},
	{"retain 1, dry run", MANY, retain, {.max_events = 1, .dry_run = true},
		HF_OK, {SAME, SAME, {HF_OK, NULL, 2}, {HF_OK, NULL, 1}, SAME, SAME}},
	{"retain less than no time", MANY, retain, {.max_events = 1, .max_age_us = -1}, HF_EINVAL,
	    {{0}}},
	{"retain 2 of no time, now unset", MANY, retain, {.max_events = 2, .max_age_us = 1,
	    .now = HF_UNSET}, HF_OK,
		{SAME, {HF_OK, "", 1}, {HF_OK, "", 3}, {HF_OK, "", 2}, SAME, {HF_OK, "", 1}}},
	{"clear", MANY, clear, {0}, HF_OK, {SAME, {HF_OK, "", 1}, {HF_OK, "", 3}, {HF_OK, "", 2}, SAME,
	    {HF_OK, "", 1}}},
	{"guard", ONE, guard, {0}, HF_OK, {SAME, SAME, SAME, SAME, SAME, SAME}},
	{"get", READ, get, {0}, HF_OK, {NO_SUCH, {HF_OK, E, 0}, {HF_OK, E, 0}, NO_SUCH, NO_SUCH,
	    NO_SUCH}},
	{"query", READ, query, {0}, HF_OK, TELLS("", E, Z " " E " " A, Z " " A, "", Z)},
	{"query ascending", READ, query, {.ascending = true}, HF_OK, TELLS("", E, A " " E " " Z,
	    A " " Z, "", Z)},
	{"query by subject", READ, query, {.subject = "job"}, HF_OK, TELLS("", E, Z " " E, Z, "", Z)},
	{"query by no subject", READ, query, {.subject = ""}, HF_OK, TELLS("", "", A, A, "", "")},
	{"query by type", READ, query, {.type = "made"}, HF_OK, TELLS("", E, E " " A, A, "", "")},
	{"query by subject and type", READ, query, {.subject = "job", .type = "made"}, HF_OK,
	    TELLS("", E, E, "", "", "")},
	{"query by a pair that never was", READ, query, {.subject = "", .type = "done",
	    .ascending = true},
		HF_OK, TELLS("", "", "", "", "", "")},
	{"count", READ, count, {0}, HF_OK, TELLS("0", "1", "3", "2", "0", "1")},
	{"latest_at", READ, latest_at, {0}, HF_OK, TELLS("-", "T", "L", "L", "-", "L")},
};
/* clang-format on */

enum { ROWS = sizeof rows / sizeof rows[0] };

/* --- Running it ------------------------------------------------------------------------------- */

enum manner { PLAIN, EXPECTING, MISTAKEN, IN_TRANSACTION, MANNERS };

struct trial {
	struct stage *stage;
	const struct row *row;
	enum state state;
	enum manner manner;
	char timeline[32];
	char before[TEXT_MAX];
	hf_lsn version;
};

static void expect_that(const struct trial *t, bool holds, const char *what, const char *got)
{
	static const char *const manners[MANNERS] = {"", ", expecting", ", mistaken",
	                                             ", in a transaction"};
	if (!holds)
		fail_msg("%s, %s (%s%s): %s: %s", t->row->name, state_names[t->state],
		         setting_name(t->stage->setting), manners[t->manner], what, got);
}

static struct cell cell_of(const struct trial *t)
{
	const bool expects = t->manner == EXPECTING || t->manner == MISTAKEN;
	if (t->row->form != HF_OK)
		return (struct cell){t->row->form, NULL, 0};
	if (t->row->concern == MANY && expects)
		return (struct cell){HF_EINVAL, NULL, 0}; /* there is no version to expect */
	return t->manner == MISTAKEN ? (struct cell){HF_ECONFLICT, NULL, 0} : t->row->cells[t->state];
}

static hf_lsn expectation(const struct trial *t)
{
	if (t->manner == EXPECTING)
		return t->version ? t->version : HF_ABSENT;
	if (t->manner == MISTAKEN)
		return t->version ? HF_ABSENT : 1;
	return 0;
}

static int perform(const struct trial *t, struct hf_result *result, struct hf_error *error)
{
	struct call call = {t->stage->store, NULL,   t->timeline, &t->row->with,
	                    expectation(t),  result, error,       NULL};
	if (t->manner != IN_TRANSACTION)
		return t->row->run(&call);
	assert_int_equal(hf_txn_begin(t->stage->store, &call.txn, error), HF_OK);
	const int rc = t->row->run(&call);
	if (rc == HF_OK)
		return hf_txn_commit(call.txn, HF_DURABLE, error);
	hf_txn_abandon(call.txn);
	return rc;
}

static uint64_t entries_of(hf_store *store, hf_lsn *last)
{
	struct hf_info info;
	assert_int_equal(hf_get_info(store, &info, NULL), HF_OK);
	*last = info.last_lsn;
	return info.entries;
}

static void check_version(const struct trial *t, const struct cell *cell,
                          const struct hf_result *result, hf_lsn version, hf_lsn last)
{
	const bool one = t->row->concern == ONE;
	if (one && cell->text)
		expect_that(t, version == last && result->version == last,
		            "the version is not the LSN of the entry", "");
	else if (one)
		expect_that(t, version == t->version && (cell->code != HF_OK || result->version == version),
		            "the version moved", "");
	else
		expect_that(t, result->version == 0 && (version == 0 || version == t->version), "a version",
		            "of many");
}

static void run_change(const struct trial *t)
{
	struct hf_result result = {0};
	struct hf_error error = {0};
	char after[TEXT_MAX], number[24];
	hf_lsn last;
	const struct cell cell = cell_of(t);
	const uint64_t entries = entries_of(t->stage->store, &last);
	const int rc = perform(t, &result, &error);
	const uint64_t written = entries_of(t->stage->store, &last) - entries;
	(void)snprintf(number, sizeof number, "%llu", (unsigned long long)result.count);
	expect_that(t, rc == cell.code, "code", hf_code_name(rc));
	expect_that(t, rc == HF_OK || (error.code == rc && error.text[0]), "a refusal without words",
	            error.text);
	expect_that(t, result.changed == (cell.text != NULL), "changed",
	            result.changed ? "true" : "false");
	expect_that(t, result.count == cell.count && result.token == 0, "count or token", number);
	expect_that(t, written == result.changed, "entries written", written ? "some" : "none");
	const hf_lsn version = look(t->stage->store, t->timeline, after);
	expect_that(t, strcmp(after, cell.text ? cell.text : t->before) == 0, "there is now", after);
	check_version(t, &cell, &result, version, last);
}

static void run_read(const struct trial *t)
{
	struct hf_error error = {0};
	char told[TEXT_MAX] = "";
	const struct cell *cell = &t->row->cells[t->state];
	const struct call call = {.store = t->stage->store,
	                          .timeline = t->timeline,
	                          .with = &t->row->with,
	                          .error = &error,
	                          .told = told};
	const int rc = t->row->run(&call);
	expect_that(t, rc == cell->code, "code", hf_code_name(rc));
	expect_that(t, strcmp(told, cell->text) == 0, "tells", told);
}

static void arrange_trial(struct trial *t)
{
	struct hf_error error = {0};
	const struct call call = {.store = t->stage->store, .timeline = t->timeline, .error = &error};
	(void)snprintf(t->timeline, sizeof t->timeline, "%u-%u-%u", (unsigned)(t->row - rows),
	               (unsigned)t->state, (unsigned)t->manner);
	arrange(&call, t->state);
	t->version = look(t->stage->store, t->timeline, t->before);
	expect_that(t, strcmp(t->before, state_texts[t->state]) == 0, "arranged wrongly", t->before);
}

static void run_table(enum setting setting)
{
	struct stage *stage = stage_open(setting);
	struct trial *trials = calloc((size_t)ROWS * STATES * MANNERS, sizeof *trials);
	size_t trial_count = 0;
	assert_non_null(trials);
	for (size_t row = 0; row < ROWS; row++)
		for (enum state state = 0; state < STATES; state++)
			for (enum manner manner = 0; manner < (rows[row].concern == READ ? EXPECTING : MANNERS);
			     manner++, trial_count++) {
				trials[trial_count] = (struct trial){
				    .stage = stage, .row = &rows[row], .state = state, .manner = manner};
				arrange_trial(&trials[trial_count]);
			}
	stage_switch(stage);
	stage_at(stage, NOW);
	for (size_t i = 0; i < trial_count; i++)
		if (trials[i].row->concern == READ)
			run_read(&trials[i]);
		else
			run_change(&trials[i]);
	free(trials);
	stage_close(stage);
}

static void each_operation_in_each_state_in_each_setting(void **state)
{
	(void)state;
	for (enum setting setting = 0; setting < SETTINGS; setting++)
		run_table(setting);
}

static const char *operation_name(size_t i)
{
	return i < ROWS ? rows[i].name : NULL;
}

static const char *state_name(size_t i)
{
	return i < STATES ? state_names[i] : NULL;
}

static void the_cells_are_those_of_the_design(void **state)
{
	(void)state;
	cells_are_listed("timeline", operation_name, state_name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_cells_are_those_of_the_design),
	    cmocka_unit_test(each_operation_in_each_state_in_each_setting),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
