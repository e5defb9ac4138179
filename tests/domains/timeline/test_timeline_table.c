/* tier: fast */
/* Every cell of the contract's timeline table: each operation on a timeline in each state, with
 * its code, `changed`, count, version and the events that result (lib/domains/table.h). */
#include "lib/domains/table.h"
#include "lib/domains/timeline_ops.h"
#include "lib/test.h"

#define HOUR INT64_C(3600000000)
#define THEN STAGE_NOW /* T: when the event of the table happened, and when it was appended */
#define BEFORE (STAGE_NOW - HOUR) /* B */
#define LATER (STAGE_NOW + HOUR / 6) /* L */
#define NOW (STAGE_NOW + HOUR) /* N: when the operation is done */

/* --- A timeline as text: "id:type:subject:time:payload ...", oldest first --------------------- */

static const char *time_text(hf_time time)
{
	if (time == HF_UNSET || time == 0)
		return time == 0 ? "0" : "-";
	if (stage_stamped(time, THEN) || time == BEFORE)
		return time == BEFORE ? "B" : "T";
	return time == LATER ? "L" : stage_stamped(time, NOW) ? "N" : "?";
}

static void add_event(char out[TABLE_TEXT], const struct hf_timeline_event *e)
{
	const size_t len = strlen(out);
	const int added =
	    snprintf(out + len, TABLE_TEXT - len, "%s%.*s:%.*s:%.*s:%s:%.*s", len ? " " : "",
	             (int)e->key.id.len, (const char *)e->key.id.data, (int)e->type.len,
	             (const char *)e->type.data, (int)e->subject.len,
	             e->subject.len ? (const char *)e->subject.data : "", time_text(e->happened_at),
	             (int)e->payload.len, e->payload.len ? (const char *)e->payload.data : "");
	assert_true(added > 0 && (size_t)added < TABLE_TEXT - len);
}

static void add_page(const struct hf_timeline_page *page, char out[TABLE_TEXT])
{
	out[0] = '\0';
	for (size_t i = 0; i < page->count; i++)
		add_event(out, &page->items[i]);
}

/* The timeline as text, and the version of event "e" (0: none). */
static hf_lsn look(hf_store *store, const void *timeline, char out[TABLE_TEXT])
{
	struct hf_timeline_page page = {0};
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

/* --- Reads ------------------------------------------------------------------------------------ */

static int get(struct trial *t)
{
	const int rc = table_call(t);
	const struct hf_timeline_got *got = (const void *)t->answer.bytes;
	t->tells = rc == HF_OK;
	if (rc == HF_OK)
		add_event(t->told, &got->event);
	return rc;
}

static int query(struct trial *t)
{
	const int rc = table_call(t);
	const struct hf_timeline_page *page = (const void *)t->answer.bytes;
	t->tells = true;
	add_page(page, t->told);
	assert_true(page->total == page->count && !page->next);
	return rc;
}

static int count(struct trial *t)
{
	const int rc = table_call(t);
	t->tells = true;
	(void)snprintf(t->told, TABLE_TEXT, "%llu",
	               (unsigned long long)*(const uint64_t *)(const void *)t->answer.bytes);
	return rc;
}

static int latest_at(struct trial *t)
{
	const int rc = table_call(t);
	t->tells = true;
	(void)snprintf(t->told, TABLE_TEXT, "%s",
	               time_text(*(const hf_time *)(const void *)t->answer.bytes));
	return rc;
}

static bool word(const struct trial *t, const char *name, struct op_value *out)
{
	out->bytes = hf_str(t->cell);
	return strcmp(name, "in") == 0;
}

/* --- States ----------------------------------------------------------------------------------- */

enum state { ABSENT, THERE, AMONG_OTHERS, ONLY_OTHERS, CLEARED, RETAINED_AWAY, STATES };

static const char *const state_names[STATES] = {
    "absent", "there", "among others", "only others there", "cleared", "retained away"};

#define A "a:made::B:x"
#define E "e:made:job:T:p"
#define Z "z:done:job:L:y"

static void arrange(hf_store *store, void *in, unsigned number, unsigned state)
{
	(void)snprintf(in, TABLE_TEXT, "%u", number);
	const struct hf_timeline_retain_args one = {.timeline = hf_str(in), .max_events = 1};
	const struct hf_timeline_clear_args all = {.timeline = hf_str(in)};
	if (state == AMONG_OTHERS || state == ONLY_OTHERS || state == RETAINED_AWAY) {
		(void)tl_append(store, in, "z", "done", "job", LATER, "y");
		(void)tl_append(store, in, "a", "made", "", BEFORE, "x");
	}
	if (state != ABSENT && state != ONLY_OTHERS)
		(void)tl_append(store, in, "e", "made", "job", THEN, "p");
	if (state == CLEARED)
		assert_int_equal(hf_timeline_clear(store, NULL, &all, NULL, NULL), HF_OK);
	if (state == RETAINED_AWAY)
		assert_int_equal(hf_timeline_retain(store, NULL, &one, NULL, NULL), HF_OK);
}

static const char *const state_texts[STATES] = {
    [ABSENT] = "",           [THERE] = E,    [AMONG_OTHERS] = A " " E " " Z,
    [ONLY_OTHERS] = A " " Z, [CLEARED] = "", [RETAINED_AWAY] = Z,
};

static const char *text_of_state(unsigned state)
{
	return state_texts[state];
}

/* --- The table -------------------------------------------------------------------------------- */

/* clang-format off */
#define NO "ENOTFOUND"
#define OTHER "ECONFLICT"
#define ALL(it) {it, it, it, it, it, it}
#define ADDS(e) {e, OTHER, OTHER, A " " e " " Z, e, e " " Z}
#define ADDS_OR_SAME(e) {e, "=", "=", A " " e " " Z, e, e " " Z}
#define ADDS_LAST(e, repeated) {e, repeated, repeated, A " " Z " " e, e, Z " " e}
#define ADDS_FIRST(e) {e, OTHER, OTHER, e " " A " " Z, e, e " " Z}
#define BROKEN(row_name, row_sort, row_words) \
	{.name = (row_name), .sort = (row_sort), .words = (row_words), .form = "EINVAL"}
#define TELLS(row_name, row_run, row_words, ...) \
	{.name = (row_name), .sort = TABLE_READ, .run = (row_run), .words = (row_words), \
	 .outcome = {__VA_ARGS__}}
#define APPEND "hf_timeline_append key.timeline=$in key.id=e "
#define MADE APPEND "type=made subject=job "
#define LITERAL MADE "payload=p write.literal_times=1"
#define RETAIN "hf_timeline_retain timeline=$in "
#define QUERY "hf_timeline_query filter.timeline=$in "
#define ONE TABLE_ONE
#define MANY TABLE_MANY

/* Words say now for STAGE_NOW, which is THEN. */
static const struct table_row rows[] = {
	TABLE_ROW("append", ONE, MADE "happened_at=now payload=p", ADDS_OR_SAME(E)),
	TABLE_ROW("append, another type", ONE, APPEND "type=done subject=job happened_at=now payload=p",
	    ADDS("e:done:job:T:p")),
	TABLE_ROW("append, another subject", ONE, APPEND "type=made happened_at=now payload=p",
	    ADDS("e:made::T:p")),
	TABLE_ROW("append, another happened_at", ONE, MADE "happened_at=now+600s+1 payload=p",
	    ADDS_LAST("e:made:job:?:p", OTHER)),
	TABLE_ROW("append, another payload", ONE, MADE "happened_at=now payload=q",
	    ADDS("e:made:job:T:q")),
	TABLE_ROW("append, no payload", ONE, MADE "happened_at=now", ADDS("e:made:job:T:")),
	TABLE_ROW("append, happened_at zeroed", ONE, MADE "payload=p",
	    ADDS_LAST("e:made:job:N:p", "=")),
	TABLE_ROW("append, happened_at unset", ONE, MADE "happened_at=unset payload=p",
	    ADDS_LAST("e:made:job:N:p", "=")),
	TABLE_ROW("append, happened_at zeroed, another payload", ONE, MADE "payload=q",
	    ADDS_LAST("e:made:job:N:q", OTHER)),
	TABLE_ROW("append in 1970", ONE, LITERAL, ADDS_FIRST("e:made:job:0:p")),
	TABLE_ROW("append, literal and unset", ONE, LITERAL " happened_at=unset",
	    ADDS_LAST("e:made:job:N:p", "=")),
	BROKEN("append without a type", ONE, APPEND "subject=job happened_at=now payload=p"),
	TABLE_ROW("retain without bounds", MANY, "hf_timeline_retain timeline=$in", ALL("=")),
	TABLE_ROW("retain 1", MANY, RETAIN "max_events=1", {"=", "=", "2: " Z, "1: " Z, "=", "="}),
	TABLE_ROW("retain the most there can be", MANY,
	    RETAIN "max_events=-1 max_age_us=9223372036854775807", ALL("=")),
	TABLE_ROW("retain an hour", MANY, RETAIN "max_age_us=3600s",
	    {"=", "=", "1: " E " " Z, "1: " Z, "=", "="}),
	TABLE_ROW("retain an instant less", MANY, RETAIN "max_age_us=3600s+-1",
	    {"=", "1: gone", "2: " Z, "1: " Z, "=", "="}),
	TABLE_ROW("retain an hour, now given", MANY, RETAIN "max_age_us=3600s now=now", ALL("=")),
	TABLE_ROW("retain 1 of two hours", MANY, RETAIN "max_events=1 max_age_us=7200s",
	    {"=", "=", "2: " Z, "1: " Z, "=", "="}),
	TABLE_ROW("retain 2 of no time", MANY, RETAIN "max_events=2 max_age_us=1",
	    {"=", "1: gone", "3: gone", "2: gone", "=", "1: gone"}),
	TABLE_ROW("retain 1, dry run", MANY, RETAIN "max_events=1 dry_run=1",
	    {"=", "=", "2: =", "1: =", "=", "="}),
	BROKEN("retain less than no time", MANY, RETAIN "max_events=1 max_age_us=-1"),
	TABLE_ROW("retain 2 of no time, now unset", MANY, RETAIN "max_events=2 max_age_us=1 now=unset",
	    {"=", "1: gone", "3: gone", "2: gone", "=", "1: gone"}),
	TABLE_ROW("clear", MANY, "hf_timeline_clear timeline=$in",
	    {"=", "1: gone", "3: gone", "2: gone", "=", "1: gone"}),
	TABLE_ROW("guard", TABLE_GUARD, "hf_timeline_guard key.timeline=$in key.id=e", ALL("=")),
	TELLS("get", get, "hf_timeline_get timeline=$in id=e", NO, E, E, NO, NO, NO),
	TELLS("query", query, "hf_timeline_query filter.timeline=$in", "", E, Z " " E " " A, Z " " A,
	    "", Z),
	TELLS("query ascending", query, QUERY "ascending=1", "", E, A " " E " " Z, A " " Z, "", Z),
	TELLS("query by subject", query, QUERY "filter.subject=job", "", E, Z " " E, Z, "", Z),
	TELLS("query by no subject", query, QUERY "filter.by_subject=1", "", "", A, A, "", ""),
	TELLS("query by type", query, QUERY "filter.type=made", "", E, E " " A, A, "", ""),
	TELLS("query by subject and type", query, QUERY "filter.subject=job filter.type=made", "", E, E,
	    "", "", ""),
	TELLS("query by a pair that never was", query,
	    QUERY "filter.by_subject=1 filter.type=done ascending=1", "", "", "", "", "", ""),
	TELLS("count", count, "hf_timeline_count filter.timeline=$in", "0", "1", "3", "2", "0", "1"),
	TELLS("latest_at", latest_at, "hf_timeline_latest_at timeline=$in", "-", "T", "L", "L", "-",
	    "L"),
};
/* clang-format on */

static const struct table table = {
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .cell_size = TABLE_TEXT,
    .states = STATES,
    .state_names = state_names,
    .logged = STAGE_NOW,
    .now = NOW,
    .arrange = arrange,
    .look = look,
    .text = text_of_state,
    .word = word,
    .spoiler = "hf_timeline_guard write.expect=7 key.timeline=none key.id=e"};

static void each_operation_in_each_state_in_each_setting(void **unused)
{
	(void)unused;
	table_run(&table);
}

static void the_cells_are_those_of_the_design(void **unused)
{
	(void)unused;
	table_is_listed("timeline", &table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_cells_are_those_of_the_design),
	    cmocka_unit_test(each_operation_in_each_state_in_each_setting),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
