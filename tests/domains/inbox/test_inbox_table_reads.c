/* tier: fast */
/* Every cell of the contract's inbox table for reads and for the inbox's status: each of them on
 * an inbox in each state of lib/domains/inbox_cells.h and on one that has a status, in every
 * setting. Reads tell in words and are asked twice; set_status is done plainly, with an expected
 * version that is right, with one that is wrong, and inside a transaction. */
#include "lib/domains/cells.h"
#include "lib/domains/inbox_cells.h"
#include "lib/test.h"

enum { TEXT_MAX = 128 };

/* --- States: those of the record, and one in which the inbox has a status --------------------- */

enum { WITH_STATUS = INBOX_STATES, STATES };

#define STATUS "fine"

static const char *state_name(size_t i)
{
	return i == WITH_STATUS ? "unread, status set" : inbox_state_name(i);
}

static void arrange(const struct inbox_call *c, unsigned state)
{
	const struct hf_inbox_set_status_args args = {.user = c->key.user, .status = hf_str(STATUS)};
	inbox_arrange(c, state == WITH_STATUS ? UNREAD : (enum inbox_state)state);
	if (state == WITH_STATUS)
		assert_int_equal(hf_inbox_set_status(c->store, NULL, &args, NULL, NULL), HF_OK);
}

/* --- Reads: what they tell, the threads in order with a space between them -------------------- */

typedef int (*read_fn)(const struct inbox_call *c, char told[TEXT_MAX]);

static void add_thread(char told[TEXT_MAX], struct hf_bytes thread)
{
	const size_t len = strlen(told);
	(void)snprintf(told + len, TEXT_MAX - len, "%s%.*s", len ? " " : "", (int)thread.len,
	               (const char *)thread.data);
}

static int load_with(const struct inbox_call *c, struct hf_inbox_load_args args,
                     char told[TEXT_MAX])
{
	struct hf_inbox_page page = {0};
	args.user = c->key.user;
	const int rc = hf_inbox_load(c->store, &args, 0, &page, c->error);
	for (size_t i = 0; i < page.count; i++)
		add_thread(told, page.items[i].key.thread);
	assert_null(page.next);
	hf_release(page.memory);
	return rc;
}
static int load(const struct inbox_call *c, char told[TEXT_MAX])
{
	return load_with(c, (struct hf_inbox_load_args){.limit = 0}, told);
}
static int load_unread(const struct inbox_call *c, char told[TEXT_MAX])
{
	return load_with(c, (struct hf_inbox_load_args){.unread_only = true}, told);
}
static int load_undismissed(const struct inbox_call *c, char told[TEXT_MAX])
{
	return load_with(c, (struct hf_inbox_load_args){.without_dismissed = true}, told);
}
static int load_awake(const struct inbox_call *c, char told[TEXT_MAX])
{
	return load_with(c, (struct hf_inbox_load_args){.without_snoozed = true}, told);
}
static int load_wanted(const struct inbox_call *c, char told[TEXT_MAX])
{
	const struct hf_inbox_load_args args = {.account = hf_str("primary"),
	                                        .unread_only = true,
	                                        .without_dismissed = true,
	                                        .without_snoozed = true};
	return load_with(c, args, told);
}
static int load_account(const struct inbox_call *c, char told[TEXT_MAX])
{
	return load_with(c, (struct hf_inbox_load_args){.account = hf_str("work")}, told);
}

/* The pages of one record each, put together. */
static int load_in_pages(const struct inbox_call *c, char told[TEXT_MAX])
{
	struct hf_inbox_load_args args = {.user = c->key.user, .limit = 1};
	struct hf_inbox_page page = {.memory = NULL}, before;
	int rc;
	do {
		before = page;
		rc = hf_inbox_load(c->store, &args, 0, &page, c->error);
		hf_release(before.memory);
		assert_true(page.count <= 1);
		if (page.count == 1)
			add_thread(told, page.items[0].key.thread);
		args.page = page.next;
	} while (rc == HF_OK && args.page);
	hf_release(page.memory);
	return rc;
}

static int get(const struct inbox_call *c, char told[TEXT_MAX])
{
	struct hf_inbox_got got = {0};
	const int rc = hf_inbox_get(c->store, &c->key, 0, &got, c->error);
	if (rc == HF_OK)
		add_thread(told, got.record.key.thread);
	hf_release(got.memory);
	return rc;
}

static int dismissed(const struct inbox_call *c, char told[TEXT_MAX])
{
	struct hf_inbox_key_page keys = {0};
	const int rc = hf_inbox_list_dismissed(
	    c->store, &(struct hf_inbox_list_dismissed_args){.user = c->key.user}, 0, &keys, c->error);
	for (size_t i = 0; i < keys.count; i++)
		add_thread(told, keys.items[i].thread);
	hf_release(keys.memory);
	return rc;
}

/* Tombstones that stand: which, and what they do. */
static int tombstones(const struct inbox_call *c, char told[TEXT_MAX])
{
	struct hf_inbox_tombstone_page page = {0};
	const int rc = hf_inbox_list_tombstones(
	    c->store, &(struct hf_inbox_list_tombstones_args){.user = c->key.user}, 0, &page, c->error);
	for (size_t i = 0; i < page.count; i++) {
		add_thread(told, page.items[i].key.thread);
		add_thread(told, hf_str(page.items[i].dismissed ? "dismissed" : "removed"));
	}
	hf_release(page.memory);
	return rc;
}

static int counts(const struct inbox_call *c, char told[TEXT_MAX])
{
	struct hf_inbox_counts n = {0};
	const int rc = hf_inbox_count(c->store, c->key.user, 0, &n, c->error);
	(void)snprintf(told, TEXT_MAX, "%u %u %u %u", (unsigned)n.total, (unsigned)n.unread,
	               (unsigned)n.unseen, (unsigned)n.dismissed);
	return rc;
}

static hf_lsn look(hf_store *store, struct hf_bytes user, char told[TEXT_MAX])
{
	struct hf_inbox_status got = {0};
	assert_int_equal(hf_inbox_get_status(store, user, 0, &got, NULL), HF_OK);
	told[0] = '\0';
	add_thread(told, got.status);
	assert_true(got.version || got.status.len == 0);
	const hf_lsn version = got.version;
	hf_release(got.memory);
	return version;
}
static int status(const struct inbox_call *c, char told[TEXT_MAX])
{
	(void)look(c->store, c->key.user, told);
	return HF_OK;
}

/* --- The status ------------------------------------------------------------------------------- */

typedef int (*change_fn)(const struct inbox_call *c);

static int set_status_to(const struct inbox_call *c, struct hf_bytes text)
{
	const struct hf_inbox_set_status_args args = {
	    .write.expect = c->expect, .user = c->key.user, .status = text};
	return hf_inbox_set_status(c->store, c->txn, &args, c->result, c->error);
}
static int set_status(const struct inbox_call *c)
{
	return set_status_to(c, hf_str("new"));
}
static int set_status_as_it_was(const struct inbox_call *c)
{
	return set_status_to(c, hf_str(STATUS));
}
static int set_status_of_nothing(const struct inbox_call *c)
{
	return set_status_to(c, hf_str(""));
}
static int set_status_too_long(const struct inbox_call *c)
{
	static const char text[HF_INBOX_STATUS_MAX + 1];
	return set_status_to(c, hf_bytes_of(text, sizeof text));
}

/* --- The table -------------------------------------------------------------------------------- */

/* Of a read: what it tells, NULL: HF_ENOTFOUND. Of a change: the status afterwards, NULL:
 * unchanged. */
struct row {
	const char *name;
	read_fn read;
	change_fn change;
	int form; /* refused in every state: a broken form */
	const char *tells[STATES];
};

#define BOTH "thread other"
#define READS(nobody, lacking, unread, isread, seen, isdismissed, done, snoozed) \
	{ \
		[NOBODY] = (nobody), [LACKING] = (lacking), [REMOVED] = (lacking), [BURIED] = (lacking), \
		[BLOCKED] = (lacking), [ENDED] = (lacking), [UNREAD] = (unread), [WITH_STATUS] = (unread), \
		[READ] = (isread), [SEEN] = (seen), [DISMISSED] = (isdismissed), [DONE] = (done), \
		[SNOOZED] = (snoozed) \
	}
#define EVERYWHERE(then) READS(then, then, then, then, then, then, then, then)

static const struct row rows[] = {
    {"load", load, NULL, HF_OK, READS("", "other", BOTH, BOTH, BOTH, BOTH, BOTH, BOTH)},
    {"load in pages", load_in_pages, NULL, HF_OK,
     READS("", "other", BOTH, BOTH, BOTH, BOTH, BOTH, BOTH)},
    {"load the unread", load_unread, NULL, HF_OK,
     READS("", "other", BOTH, "other", BOTH, BOTH, "other", BOTH)},
    {"load without dismissed", load_undismissed, NULL, HF_OK,
     READS("", "other", BOTH, BOTH, BOTH, "other", "other", BOTH)},
    {"load without snoozed", load_awake, NULL, HF_OK,
     READS("", "other", BOTH, BOTH, BOTH, BOTH, BOTH, "other")},
    {"load the other account", load_account, NULL, HF_OK,
     READS("", "other", "other", "other", "other", "other", "other", "other")},
    {"load with all filters", load_wanted, NULL, HF_OK,
     READS("", "", "thread", "", "thread", "", "", "")},
    {"get", get, NULL, HF_OK,
     READS(NULL, NULL, "thread", "thread", "thread", "thread", "thread", "thread")},
    {"dismissed", dismissed, NULL, HF_OK, READS("", "", "", "", "", "thread", "thread", "")},
    {"tombstones",
     tombstones,
     NULL,
     HF_OK,
     {[NOBODY] = "",
      [LACKING] = "",
      [UNREAD] = "",
      [READ] = "",
      [SEEN] = "",
      [DISMISSED] = "",
      [DONE] = "",
      [REMOVED] = "",
      [SNOOZED] = "",
      [BURIED] = "thread dismissed",
      [BLOCKED] = "thread removed",
      [ENDED] = "",
      [WITH_STATUS] = ""}},
    {"counts", counts, NULL, HF_OK,
     READS("0 0 0 0", "1 1 1 0", "2 2 2 0", "2 1 2 0", "2 2 1 0", "2 1 1 1", "2 1 1 1", "2 2 2 0")},
    {"status",
     status,
     NULL,
     HF_OK,
     {[NOBODY] = "",
      [LACKING] = "",
      [UNREAD] = "",
      [READ] = "",
      [SEEN] = "",
      [DISMISSED] = "",
      [DONE] = "",
      [REMOVED] = "",
      [SNOOZED] = "",
      [BURIED] = "",
      [BLOCKED] = "",
      [ENDED] = "",
      [WITH_STATUS] = STATUS}},
    {"set_status", NULL, set_status, HF_OK, EVERYWHERE("new")},
    {"set_status as it was",
     NULL,
     set_status_as_it_was,
     HF_OK,
     {[NOBODY] = STATUS,
      [LACKING] = STATUS,
      [UNREAD] = STATUS,
      [READ] = STATUS,
      [SEEN] = STATUS,
      [DISMISSED] = STATUS,
      [DONE] = STATUS,
      [REMOVED] = STATUS,
      [SNOOZED] = STATUS,
      [BURIED] = STATUS,
      [BLOCKED] = STATUS,
      [ENDED] = STATUS,
      [WITH_STATUS] = NULL}},
    {"set_status of nothing", NULL, set_status_of_nothing, HF_OK, EVERYWHERE("")},
    {"set_status too long", NULL, set_status_too_long, HF_ETOOBIG, EVERYWHERE(NULL)},
};

enum { ROWS = sizeof rows / sizeof rows[0] };

/* --- Running it ------------------------------------------------------------------------------- */

enum manner { PLAIN, EXPECTING, MISTAKEN, IN_TRANSACTION, MANNERS };

struct trial {
	const struct stage *stage;
	const struct row *row;
	unsigned state;
	enum manner manner;
	char user[32];
};

static void expect_that(const struct trial *t, bool holds, const char *what, const char *got)
{
	static const char *const manners[MANNERS] = {"", ", expecting", ", mistaken",
	                                             ", in a transaction"};
	if (!holds)
		fail_msg("%s, %s (%s%s): %s: %s", t->row->name, state_name(t->state),
		         setting_name(t->stage->setting), manners[t->manner], what, got);
}

static struct inbox_call call_of(const struct trial *t)
{
	return (struct inbox_call){.store = t->stage->store,
	                           .key = {hf_str(t->user), hf_str(""), hf_str("thread")}};
}

static void run_read(const struct trial *t)
{
	struct hf_error error;
	struct inbox_call call = call_of(t);
	const char *want = t->row->tells[t->state];
	call.error = &error;
	for (unsigned i = 0; i < 2; i++) {
		char told[TEXT_MAX] = "";
		const int rc = t->row->read(&call, told);
		expect_that(t, rc == (want ? HF_OK : HF_ENOTFOUND), "code", hf_code_name(rc));
		expect_that(t, strcmp(told, want ? want : "") == 0, "tells", told);
	}
}

static int perform(const struct trial *t, struct inbox_call *call)
{
	if (t->manner != IN_TRANSACTION)
		return t->row->change(call);
	assert_int_equal(hf_txn_begin(call->store, &call->txn, call->error), HF_OK);
	const int rc = t->row->change(call);
	if (rc == HF_OK)
		return hf_txn_commit(call->txn, HF_DURABLE, call->error);
	hf_txn_abandon(call->txn);
	return rc;
}

static void run_change(const struct trial *t)
{
	char before[TEXT_MAX], after[TEXT_MAX];
	struct hf_result result = {0};
	struct hf_error error = {0};
	struct inbox_call call = call_of(t);
	const hf_lsn version = look(call.store, call.key.user, before);
	const int code = t->row->form ? t->row->form : t->manner == MISTAKEN ? HF_ECONFLICT : HF_OK;
	const char *want = code == HF_OK ? t->row->tells[t->state] : NULL;
	call.result = &result;
	call.error = &error;
	call.expect = t->manner == MISTAKEN    ? version + 1
	              : t->manner != EXPECTING ? 0
	              : version                ? version
	                                       : HF_ABSENT;
	const int rc = perform(t, &call);
	const hf_lsn now = look(call.store, call.key.user, after);
	expect_that(t, rc == code, "code", hf_code_name(rc));
	expect_that(t, result.changed == (want != NULL) && result.count == result.changed,
	            "changed, count", result.changed ? "true" : "false");
	expect_that(t, strcmp(after, want ? want : before) == 0, "the status is now", after);
	expect_that(t, want ? now > version : now == version, "its version", "is not right");
	expect_that(t, result.version == (code == HF_OK ? now : 0), "the result's version",
	            "is not right");
}

static void run_table(enum setting setting)
{
	static struct trial trials[ROWS * STATES * MANNERS];
	struct stage *stage = stage_open(setting);
	for (unsigned i = 0; i < ROWS * STATES * MANNERS; i++) {
		struct trial *t = &trials[i];
		*t = (struct trial){stage, &rows[i / (STATES * MANNERS)], i / MANNERS % STATES,
		                    (enum manner)(i % MANNERS), ""};
		(void)snprintf(t->user, sizeof t->user, "%u", i);
		const struct inbox_call call = call_of(t);
		if (t->row->change || t->manner == PLAIN)
			arrange(&call, t->state);
	}
	stage_switch(stage);
	stage_at(stage, NOW);
	for (unsigned i = 0; i < ROWS * STATES * MANNERS; i++)
		if (trials[i].row->change)
			run_change(&trials[i]);
		else if (trials[i].manner == PLAIN)
			run_read(&trials[i]);
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

static void the_cells_are_those_of_the_design(void **state)
{
	(void)state;
	cells_are_listed("inbox, reads and status", operation_name, state_name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_cells_are_those_of_the_design),
	    cmocka_unit_test(each_operation_in_each_state_in_each_setting),
	};
	return cmocka_run_group_tests_name("inbox table, reads and status", tests, NULL, NULL);
}
