/* tier: fast */
/* Every cell of the contract's cursor table for reads: get, list and lag with each filter on a
 * stream in which the cursor is in each state beside another one, in every setting. Each cell
 * has a stream and consumers of its own. */
#include "holdfast/cursor.h"
#include "lib/domains/cells.h"
#include "lib/settings.h"
#include "lib/test.h"

enum { TEXT_MAX = 64, HEAD = 10 };

/* The cursor is (m, stream, "jobs"); the other one (o, stream, no subject) stands at 7. */
struct trial {
	hf_store *store;
	const struct row *row;
	unsigned state;
	char consumer[16], other[16], stream[16];
	char told[TEXT_MAX];
};

/* --- States ----------------------------------------------------------------------------------- */

static void advance(const struct trial *t, const char *consumer, const char *subject,
                    int64_t sequence)
{
	const struct hf_cursor_advance_args args = {
	    .key = {hf_str(consumer), hf_str(t->stream), hf_str(subject)},
	    .sequence = sequence,
	    .delivery_id = hf_str("d")};
	assert_int_equal(hf_cursor_advance(t->store, NULL, &args, NULL, NULL), HF_OK);
}

static struct hf_cursor_key key_of(const struct trial *t)
{
	return (struct hf_cursor_key){hf_str(t->consumer), hf_str(t->stream), hf_str("jobs")};
}

enum { ABSENT, AT_5, AT_7, AT_9, FAILED, RESET, REMOVED, STATES };

static const char *const state_names[STATES] = {"absent",
                                                "farther behind than the other",
                                                "as far as the other",
                                                "ahead of the other",
                                                "created by an error",
                                                "reset",
                                                "removed"};

static void arrange(const struct trial *t)
{
	static const int64_t at[STATES] = {
	    [AT_5] = 5, [AT_7] = 7, [AT_9] = 9, [RESET] = 9, [REMOVED] = 5};
	const struct hf_cursor_key key = key_of(t);
	const struct hf_cursor_record_error_args failed = {.key = key, .message = hf_str("boom")};
	const struct hf_cursor_reset_args back = {.key = key, .sequence = 2, .reason = hf_str("again")};
	const struct hf_cursor_remove_args gone = {.key = key};
	advance(t, t->other, "", 7);
	if (at[t->state] > 0)
		advance(t, t->consumer, "jobs", at[t->state]);
	if (t->state == FAILED)
		assert_int_equal(hf_cursor_record_error(t->store, NULL, &failed, NULL, NULL), HF_OK);
	if (t->state == RESET)
		assert_int_equal(hf_cursor_reset(t->store, NULL, &back, NULL, NULL), HF_OK);
	if (t->state == REMOVED)
		assert_int_equal(hf_cursor_remove(t->store, NULL, &gone, NULL, NULL), HF_OK);
}

/* --- Operations: "m5 o7", the consumers in order with their sequence or their lag ------------- */

static void tell(struct trial *t, const struct hf_cursor *cursor, int64_t number)
{
	const size_t len = strlen(t->told);
	(void)snprintf(t->told + len, TEXT_MAX - len, "%s%c%d", len ? " " : "",
	               ((const char *)cursor->key.consumer.data)[0], (int)number);
}

static int get(struct trial *t)
{
	struct hf_cursor_got got = {0};
	const struct hf_cursor_key key = key_of(t);
	const int rc = hf_cursor_get(t->store, &key, 0, &got, NULL);
	if (rc == HF_OK)
		tell(t, &got.cursor, got.cursor.last_sequence);
	hf_release(got.memory);
	return rc;
}

/* All pages of it. */
static int list_with(struct trial *t, struct hf_cursor_list_args args)
{
	struct hf_cursor_page page = {.memory = NULL}, before;
	int rc;
	do {
		before = page;
		rc = hf_cursor_list(t->store, &args, 0, &page, NULL);
		hf_release(before.memory);
		for (size_t i = 0; i < page.count; i++)
			tell(t, &page.items[i], page.items[i].last_sequence);
		args.page = page.next;
	} while (rc == HF_OK && args.page);
	hf_release(page.memory);
	return rc;
}
static int list_stream(struct trial *t)
{
	return list_with(t, (struct hf_cursor_list_args){.stream = hf_str(t->stream)});
}
static int list_pages(struct trial *t)
{
	return list_with(t, (struct hf_cursor_list_args){.stream = hf_str(t->stream), .limit = 1});
}
static int list_consumer(struct trial *t)
{
	return list_with(t, (struct hf_cursor_list_args){.consumer = hf_str(t->consumer)});
}
static int list_subject(struct trial *t)
{
	return list_with(
	    t, (struct hf_cursor_list_args){.stream = hf_str(t->stream), .subject = hf_str("jobs")});
}
static int list_no_subject(struct trial *t)
{
	return list_with(t,
	                 (struct hf_cursor_list_args){.stream = hf_str(t->stream), .by_subject = true});
}
static int list_one(struct trial *t)
{
	const struct hf_cursor_list_args args = {
	    .consumer = hf_str(t->consumer), .stream = hf_str(t->stream), .subject = hf_str("jobs")};
	return list_with(t, args);
}
static int list_another_subject(struct trial *t)
{
	return list_with(
	    t, (struct hf_cursor_list_args){.consumer = hf_str(t->consumer), .by_subject = true});
}

static int lag_with(struct trial *t, struct hf_cursor_list_lag_args args)
{
	struct hf_cursor_lag_page page = {.memory = NULL}, before;
	int rc;
	args.stream = hf_str(t->stream);
	do {
		before = page;
		rc = hf_cursor_list_lag(t->store, &args, 0, &page, NULL);
		hf_release(before.memory);
		for (size_t i = 0; i < page.count; i++)
			tell(t, &page.items[i].cursor, page.items[i].lag);
		args.page = page.next;
	} while (rc == HF_OK && args.page);
	hf_release(page.memory);
	return rc;
}
static int lag(struct trial *t)
{
	return lag_with(t, (struct hf_cursor_list_lag_args){.head = HEAD});
}
static int lag_pages(struct trial *t)
{
	return lag_with(t, (struct hf_cursor_list_lag_args){.head = HEAD, .limit = 1});
}
static int lag_behind(struct trial *t)
{
	return lag_with(t, (struct hf_cursor_list_lag_args){.head = 6});
}
static int lag_subject(struct trial *t)
{
	return lag_with(t, (struct hf_cursor_list_lag_args){.head = HEAD, .subject = hf_str("jobs")});
}
static int lag_no_subject(struct trial *t)
{
	return lag_with(t, (struct hf_cursor_list_lag_args){.head = HEAD, .by_subject = true});
}
static int lag_below_zero(struct trial *t)
{
	return lag_with(t, (struct hf_cursor_list_lag_args){.head = -1});
}

/* --- The table -------------------------------------------------------------------------------- */

/* What it tells; NULL: HF_ENOTFOUND. */
static const struct row {
	const char *name;
	int (*run)(struct trial *t);
	int form; /* refused in every state: a broken form */
	const char *tells[STATES];
} rows[] = {
    {"get", get, HF_OK, {NULL, "m5", "m7", "m9", "m0", "m2", NULL}},
    {"list of a stream",
     list_stream,
     HF_OK,
     {"o7", "o7 m5", "o7 m7", "o7 m9", "o7 m0", "o7 m2", "o7"}},
    {"list of a stream in pages",
     list_pages,
     HF_OK,
     {"o7", "o7 m5", "o7 m7", "o7 m9", "o7 m0", "o7 m2", "o7"}},
    {"list of a consumer", list_consumer, HF_OK, {"", "m5", "m7", "m9", "m0", "m2", ""}},
    {"list of a subject", list_subject, HF_OK, {"", "m5", "m7", "m9", "m0", "m2", ""}},
    {"list of no subject", list_no_subject, HF_OK, {"o7", "o7", "o7", "o7", "o7", "o7", "o7"}},
    {"list of all three", list_one, HF_OK, {"", "m5", "m7", "m9", "m0", "m2", ""}},
    {"list of a consumer's of no subject",
     list_another_subject,
     HF_OK,
     {"", "", "", "", "", "", ""}},
    {"lag", lag, HF_OK, {"o3", "m5 o3", "o3 m3", "o3 m1", "m10 o3", "m8 o3", "o3"}},
    {"lag in pages", lag_pages, HF_OK, {"o3", "m5 o3", "o3 m3", "o3 m1", "m10 o3", "m8 o3", "o3"}},
    {"lag with a head that is behind",
     lag_behind,
     HF_OK,
     {"o-1", "m1 o-1", "o-1 m-1", "o-1 m-3", "m6 o-1", "m4 o-1", "o-1"}},
    {"lag of a subject", lag_subject, HF_OK, {"", "m5", "m3", "m1", "m10", "m8", ""}},
    {"lag of no subject", lag_no_subject, HF_OK, {"o3", "o3", "o3", "o3", "o3", "o3", "o3"}},
    {"lag with a head below 0", lag_below_zero, HF_EINVAL, {NULL}},
};

enum { ROWS = sizeof rows / sizeof rows[0] };

static void run_trial(struct trial *t, enum setting setting)
{
	const char *want = t->row->tells[t->state];
	const int code = t->row->form ? t->row->form : want ? HF_OK : HF_ENOTFOUND, rc = t->row->run(t);
	if (rc != code || strcmp(t->told, want && code == HF_OK ? want : "") != 0)
		fail_msg("%s, %s (%s): %s, \"%s\"", t->row->name, state_names[t->state],
		         setting_name(setting), hf_code_name(rc), t->told);
}

static void each_operation_in_each_state_in_each_setting(void **state)
{
	(void)state;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		static struct trial trials[ROWS * STATES];
		struct stage *stage = stage_open(setting);
		for (unsigned i = 0; i < ROWS * STATES; i++) {
			struct trial *t = &trials[i];
			*t = (struct trial){
			    .store = stage->store, .row = &rows[i / STATES], .state = i % STATES};
			(void)snprintf(t->consumer, sizeof t->consumer, "m%u", i);
			(void)snprintf(t->other, sizeof t->other, "o%u", i);
			(void)snprintf(t->stream, sizeof t->stream, "s%u", i);
			arrange(t);
		}
		stage_switch(stage);
		for (unsigned i = 0; i < ROWS * STATES; i++) {
			trials[i].store = stage->store;
			run_trial(&trials[i], setting);
		}
		stage_close(stage);
	}
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
	cells_are_listed("cursor, reads", operation_name, state_name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_cells_are_those_of_the_design),
	    cmocka_unit_test(each_operation_in_each_state_in_each_setting),
	};
	return cmocka_run_group_tests_name("cursor table, reads", tests, NULL, NULL);
}
