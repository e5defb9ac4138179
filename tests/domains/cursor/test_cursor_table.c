/* tier: fast */
/* Every cell of the contract's cursor table: each operation on a cursor in each state, with its
 * code, `changed`, version and the cursor that results, in every setting (lib/settings.h); each
 * of them plainly, with an expected version that is right, with one that is wrong, and inside a
 * transaction. */
#include "holdfast/cursor.h"
#include "lib/domains/cells.h"
#include "lib/settings.h"
#include "lib/test.h"
#include "print/text.h"

#define HOUR INT64_C(3600000000)
#define ARRANGED STAGE_NOW
#define NOW (STAGE_NOW + HOUR)
#define GIVEN (STAGE_NOW - HOUR)
#define TEXT_MAX 256u

/* --- A cursor as text: "sequence id delivered error*count updated reason@time" ---------------- */

static const char *time_text(hf_time time, char out[24])
{
	const bool arranged = stage_stamped(time, ARRANGED);
	if (arranged || stage_stamped(time, NOW) || time == GIVEN)
		return arranged ? "A" : time == GIVEN ? "G" : "N";
	(void)snprintf(out, 24, "%lld", (long long)time);
	return time == HF_UNSET ? "-" : out;
}

static void render(const struct hf_cursor *cursor, char out[TEXT_MAX])
{
	char error[64] = "-", reset[64] = "-", delivered[24], updated[24], at[24];
	if (cursor->error_count > 0 || cursor->last_error.len > 0)
		(void)snprintf(error, sizeof error, "%.*s*%llu", (int)cursor->last_error.len,
		               (const char *)cursor->last_error.data,
		               (unsigned long long)cursor->error_count);
	if (cursor->reset_at != HF_UNSET || cursor->reset_reason.len > 0)
		(void)snprintf(reset, sizeof reset, "%.*s@%s", (int)cursor->reset_reason.len,
		               (const char *)cursor->reset_reason.data, time_text(cursor->reset_at, at));
	const int id_len = (int)cursor->last_delivery_id.len;
	(void)snprintf(out, TEXT_MAX, "%lld %.*s %s %s %s %s", (long long)cursor->last_sequence,
	               id_len ? id_len : 1, id_len ? (const char *)cursor->last_delivery_id.data : "-",
	               time_text(cursor->last_delivered_at, delivered), error,
	               time_text(cursor->updated_at, updated), reset);
}

/* The cursor as text, "" for none, and its version. */
static hf_lsn look(hf_store *store, const struct hf_cursor_key *key, char out[TEXT_MAX])
{
	struct hf_cursor_got got;
	struct hf_error error = {0};
	const int rc = hf_cursor_get(store, key, 0, &got, &error);
	out[0] = '\0';
	if (rc == HF_ENOTFOUND) {
		assert_null(got.memory);
		return 0;
	}
	if (rc != HF_OK)
		fail_msg("get: %s", error.text);
	const hf_lsn version = got.cursor.version;
	assert_true(version != 0);
	render(&got.cursor, out);
	hf_release(got.memory);
	return version;
}

/* --- Operations ------------------------------------------------------------------------------- */

/* What every operation of the table is called with. */
struct call {
	hf_store *store;
	hf_txn *txn;
	struct hf_cursor_key key;
	hf_lsn expect;
	struct hf_result *result;
	struct hf_error *error;
};

static int advance(const struct call *c, int64_t sequence, const char *id, hf_time delivered_at,
                   hf_time now)
{
	const struct hf_cursor_advance_args args = {.write.expect = c->expect,
	                                            .key = c->key,
	                                            .sequence = sequence,
	                                            .delivery_id = hf_str(id),
	                                            .delivered_at = delivered_at,
	                                            .now = now};
	return hf_cursor_advance(c->store, c->txn, &args, c->result, c->error);
}

static int reset(const struct call *c, int64_t sequence, const char *id, hf_time delivered_at,
                 const char *reason)
{
	const struct hf_cursor_reset_args args = {.write.expect = c->expect,
	                                          .key = c->key,
	                                          .sequence = sequence,
	                                          .delivery_id = hf_str(id),
	                                          .delivered_at = delivered_at,
	                                          .reason = hf_str(reason)};
	return hf_cursor_reset(c->store, c->txn, &args, c->result, c->error);
}

static int record_error(const struct call *c, const char *message)
{
	const struct hf_cursor_record_error_args args = {
	    .write.expect = c->expect, .key = c->key, .message = hf_str(message)};
	return hf_cursor_record_error(c->store, c->txn, &args, c->result, c->error);
}

static int remove_it(const struct call *c)
{
	const struct hf_cursor_remove_args args = {.write.expect = c->expect, .key = c->key};
	return hf_cursor_remove(c->store, c->txn, &args, c->result, c->error);
}

/* In a transaction of its own where it was given none. It expects what there is, unless it was
 * told what to expect. */
static int guard(const struct call *c)
{
	char text[TEXT_MAX];
	hf_txn *txn = c->txn;
	const hf_lsn version = look(c->store, &c->key, text), there = version ? version : HF_ABSENT;
	const struct hf_cursor_guard_args args = {.write.expect = c->expect ? c->expect : there,
	                                          .key = c->key};
	if (!txn)
		assert_int_equal(hf_txn_begin(c->store, &txn, c->error), HF_OK);
	const int rc = hf_cursor_guard(c->store, txn, &args, c->result, c->error);
	if (c->txn)
		return rc;
	if (rc == HF_OK)
		return hf_txn_commit(txn, HF_DURABLE, c->error);
	hf_txn_abandon(txn);
	return rc;
}

static int advance_9(const struct call *c)
{
	return advance(c, 9, "d9", HF_UNSET, 0);
}
static int advance_9_zeroed(const struct call *c)
{
	return advance(c, 9, "d9", 0, 0);
}
static int advance_9_dated(const struct call *c)
{
	return advance(c, 9, "d9", GIVEN, 0);
}
static int advance_9_then(const struct call *c)
{
	return advance(c, 9, "d9", HF_UNSET, GIVEN);
}
static int advance_5_same(const struct call *c)
{
	return advance(c, 5, "d5", HF_UNSET, 0);
}
static int advance_5_same_dated(const struct call *c)
{
	return advance(c, 5, "d5", GIVEN, 0);
}
static int advance_5_as_it_was(const struct call *c)
{
	struct hf_cursor_got got;
	const int rc = hf_cursor_get(c->store, &c->key, 0, &got, NULL);
	hf_release(got.memory);
	return advance(c, 5, "d5", HF_UNSET, rc == HF_OK ? got.cursor.updated_at : ARRANGED);
}
static int advance_5_other(const struct call *c)
{
	return advance(c, 5, "x", HF_UNSET, 0);
}
static int advance_4(const struct call *c)
{
	return advance(c, 4, "d4", HF_UNSET, 0);
}
static int advance_to_zero(const struct call *c)
{
	return advance(c, 0, "d0", HF_UNSET, 0);
}
static int advance_below_zero(const struct call *c)
{
	return advance(c, -1, "d0", HF_UNSET, 0);
}
static int advance_now_unset(const struct call *c)
{
	return advance(c, 9, "d9", HF_UNSET, HF_UNSET);
}
static int reset_2(const struct call *c)
{
	return reset(c, 2, "d2", GIVEN, "why");
}
static int reset_0_cleared(const struct call *c)
{
	return reset(c, 0, "", HF_UNSET, "why");
}
static int reset_blank(const struct call *c)
{
	return reset(c, 2, "d2", GIVEN, " \t\n");
}
static int reset_below_zero(const struct call *c)
{
	return reset(c, -1, "d2", GIVEN, "why");
}
static int put_at(const struct call *c, int64_t sequence, const char *id, hf_time delivered_at,
                  uint64_t errors, hf_time reset_at)
{
	const struct hf_cursor_put_args args = {
	    .write.expect = c->expect,
	    .cursor =
	        {
	            .key = c->key,
	            .last_sequence = sequence,
	            .last_delivery_id = hf_str(id),
	            .last_delivered_at = delivered_at,
	            .last_error = hf_str(errors ? "bad" : ""),
	            .error_count = errors,
	            .updated_at = ARRANGED,
	            .reset_reason = hf_str(reset_at == HF_UNSET ? "" : "put"),
	            .reset_at = reset_at,
	            .version = 77, /* ignored */
	        },
	};
	return hf_cursor_put(c->store, c->txn, &args, c->result, c->error);
}

static int put_5(const struct call *c)
{
	return put_at(c, 5, "d5", ARRANGED, 0, HF_UNSET);
}
static int put_4_with_all(const struct call *c)
{
	return put_at(c, 4, "d4", HF_UNSET, 7, GIVEN);
}
static int put_below_zero(const struct call *c)
{
	return put_at(c, -1, "", HF_UNSET, 0, HF_UNSET);
}
static int record_boom(const struct call *c)
{
	return record_error(c, "boom");
}
static int record_blank(const struct call *c)
{
	return record_error(c, " \v\f\r");
}

/* --- States ----------------------------------------------------------------------------------- */

enum state { ABSENT, AT_5, FAILED, UNMOVED, RESET, UNDATED, REMOVED, STATES };

static void arrange_at(const struct call *c)
{
	assert_int_equal(advance(c, 5, "d5", HF_UNSET, ARRANGED), HF_OK);
}

static void arrange(const struct call *c, enum state state)
{
	switch (state) {
	case AT_5:
		arrange_at(c);
		break;
	case FAILED:
		arrange_at(c);
		assert_int_equal(record_error(c, "no"), HF_OK);
		assert_int_equal(record_error(c, "bad"), HF_OK);
		break;
	case UNMOVED:
		assert_int_equal(record_error(c, "bad"), HF_OK);
		break;
	case RESET:
		assert_int_equal(advance(c, 8, "d8", HF_UNSET, 0), HF_OK);
		assert_int_equal(reset(c, 5, "d5", GIVEN, "old"), HF_OK);
		break;
	case UNDATED:
		assert_int_equal(reset(c, 5, "d5", HF_UNSET, "old"), HF_OK);
		break;
	case REMOVED:
		arrange_at(c);
		assert_int_equal(remove_it(c), HF_OK);
		break;
	case ABSENT:
	case STATES:
		break;
	}
}

static const char *const state_names[STATES] = {
    [ABSENT] = "absent",
    [AT_5] = "at 5",
    [FAILED] = "at 5, an error noted",
    [UNMOVED] = "created by an error",
    [RESET] = "reset",
    [UNDATED] = "reset without a time of delivery",
    [REMOVED] = "removed",
};

static const char *const state_texts[STATES] = {
    [ABSENT] = "",
    [AT_5] = "5 d5 A - A -",
    [FAILED] = "5 d5 A bad*2 A -",
    [UNMOVED] = "0 - - bad*1 A -",
    [RESET] = "5 d5 G - A old@A",
    [UNDATED] = "5 d5 - - A old@A",
    [REMOVED] = "",
};

/* --- The table -------------------------------------------------------------------------------- */

/* `then` NULL: nothing changed; "": gone. */
struct cell {
	int code;
	const char *then;
};

#define OK_SAME \
	{ \
		HF_OK, NULL \
	}
#define NO_SUCH \
	{ \
		HF_ENOTFOUND, NULL \
	}
#define TOO_LOW \
	{ \
		HF_ENONMONOTONIC, NULL \
	}

static const struct row {
	const char *name;
	int (*run)(const struct call *c);
	int form; /* refused in every state: a broken form */
	struct cell cells[STATES]; /* unused when form is set */
} rows[] = {
    {"advance beyond",
     advance_9,
     HF_OK,
     {[ABSENT] = {HF_OK, "9 d9 N - N -"},
      [AT_5] = {HF_OK, "9 d9 N - N -"},
      [FAILED] = {HF_OK, "9 d9 N - N -"},
      [UNMOVED] = {HF_OK, "9 d9 N - N -"},
      [RESET] = {HF_OK, "9 d9 N - N old@A"},
      [UNDATED] = {HF_OK, "9 d9 N - N old@A"},
      [REMOVED] = {HF_OK, "9 d9 N - N -"}}},
    {"advance beyond, delivered_at zeroed",
     advance_9_zeroed,
     HF_OK,
     {[ABSENT] = {HF_OK, "9 d9 N - N -"},
      [AT_5] = {HF_OK, "9 d9 N - N -"},
      [FAILED] = {HF_OK, "9 d9 N - N -"},
      [UNMOVED] = {HF_OK, "9 d9 N - N -"},
      [RESET] = {HF_OK, "9 d9 N - N old@A"},
      [UNDATED] = {HF_OK, "9 d9 N - N old@A"},
      [REMOVED] = {HF_OK, "9 d9 N - N -"}}},
    {"advance beyond, delivered_at given",
     advance_9_dated,
     HF_OK,
     {[ABSENT] = {HF_OK, "9 d9 G - N -"},
      [AT_5] = {HF_OK, "9 d9 G - N -"},
      [FAILED] = {HF_OK, "9 d9 G - N -"},
      [UNMOVED] = {HF_OK, "9 d9 G - N -"},
      [RESET] = {HF_OK, "9 d9 G - N old@A"},
      [UNDATED] = {HF_OK, "9 d9 G - N old@A"},
      [REMOVED] = {HF_OK, "9 d9 G - N -"}}},
    {"advance beyond, now given",
     advance_9_then,
     HF_OK,
     {[ABSENT] = {HF_OK, "9 d9 G - G -"},
      [AT_5] = {HF_OK, "9 d9 G - G -"},
      [FAILED] = {HF_OK, "9 d9 G - G -"},
      [UNMOVED] = {HF_OK, "9 d9 G - G -"},
      [RESET] = {HF_OK, "9 d9 G - G old@A"},
      [UNDATED] = {HF_OK, "9 d9 G - G old@A"},
      [REMOVED] = {HF_OK, "9 d9 G - G -"}}},
    {"advance to 5, same delivery",
     advance_5_same,
     HF_OK,
     {[ABSENT] = {HF_OK, "5 d5 N - N -"},
      [AT_5] = {HF_OK, "5 d5 A - N -"},
      [FAILED] = {HF_OK, "5 d5 A - N -"},
      [UNMOVED] = {HF_OK, "5 d5 N - N -"},
      [RESET] = {HF_OK, "5 d5 G - N old@A"},
      [UNDATED] = {HF_OK, "5 d5 N - N old@A"},
      [REMOVED] = {HF_OK, "5 d5 N - N -"}}},
    {"advance to 5, same delivery, delivered_at given",
     advance_5_same_dated,
     HF_OK,
     {[ABSENT] = {HF_OK, "5 d5 G - N -"},
      [AT_5] = {HF_OK, "5 d5 A - N -"},
      [FAILED] = {HF_OK, "5 d5 A - N -"},
      [UNMOVED] = {HF_OK, "5 d5 G - N -"},
      [RESET] = {HF_OK, "5 d5 G - N old@A"},
      [UNDATED] = {HF_OK, "5 d5 G - N old@A"},
      [REMOVED] = {HF_OK, "5 d5 G - N -"}}},
    {"advance to 5, same delivery, same now",
     advance_5_as_it_was,
     HF_OK,
     {[ABSENT] = {HF_OK, "5 d5 A - A -"},
      [AT_5] = OK_SAME,
      [FAILED] = {HF_OK, "5 d5 A - A -"},
      [UNMOVED] = {HF_OK, "5 d5 A - A -"},
      [RESET] = OK_SAME,
      [UNDATED] = {HF_OK, "5 d5 A - A old@A"},
      [REMOVED] = {HF_OK, "5 d5 A - A -"}}},
    {"advance to 5, other delivery",
     advance_5_other,
     HF_OK,
     {[ABSENT] = {HF_OK, "5 x N - N -"},
      [AT_5] = TOO_LOW,
      [FAILED] = TOO_LOW,
      [UNMOVED] = {HF_OK, "5 x N - N -"},
      [RESET] = TOO_LOW,
      [UNDATED] = TOO_LOW,
      [REMOVED] = {HF_OK, "5 x N - N -"}}},
    {"advance to 4",
     advance_4,
     HF_OK,
     {[ABSENT] = {HF_OK, "4 d4 N - N -"},
      [AT_5] = TOO_LOW,
      [FAILED] = TOO_LOW,
      [UNMOVED] = {HF_OK, "4 d4 N - N -"},
      [RESET] = TOO_LOW,
      [UNDATED] = TOO_LOW,
      [REMOVED] = {HF_OK, "4 d4 N - N -"}}},
    {"advance to 0", advance_to_zero, HF_EINVAL, {{0}}},
    {"advance below 0", advance_below_zero, HF_EINVAL, {{0}}},
    {"advance, now unset",
     advance_now_unset,
     HF_OK,
     {[ABSENT] = {HF_OK, "9 d9 N - N -"},
      [AT_5] = {HF_OK, "9 d9 N - N -"},
      [FAILED] = {HF_OK, "9 d9 N - N -"},
      [UNMOVED] = {HF_OK, "9 d9 N - N -"},
      [RESET] = {HF_OK, "9 d9 N - N old@A"},
      [UNDATED] = {HF_OK, "9 d9 N - N old@A"},
      [REMOVED] = {HF_OK, "9 d9 N - N -"}}},
    {"reset to 2",
     reset_2,
     HF_OK,
     {[ABSENT] = {HF_OK, "2 d2 G - N why@N"},
      [AT_5] = {HF_OK, "2 d2 G - N why@N"},
      [FAILED] = {HF_OK, "2 d2 G - N why@N"},
      [UNMOVED] = {HF_OK, "2 d2 G - N why@N"},
      [RESET] = {HF_OK, "2 d2 G - N why@N"},
      [UNDATED] = {HF_OK, "2 d2 G - N why@N"},
      [REMOVED] = {HF_OK, "2 d2 G - N why@N"}}},
    {"reset to 0, all cleared",
     reset_0_cleared,
     HF_OK,
     {[ABSENT] = {HF_OK, "0 - - - N why@N"},
      [AT_5] = {HF_OK, "0 - - - N why@N"},
      [FAILED] = {HF_OK, "0 - - - N why@N"},
      [UNMOVED] = {HF_OK, "0 - - - N why@N"},
      [RESET] = {HF_OK, "0 - - - N why@N"},
      [UNDATED] = {HF_OK, "0 - - - N why@N"},
      [REMOVED] = {HF_OK, "0 - - - N why@N"}}},
    {"reset without a reason", reset_blank, HF_EREASON, {{0}}},
    {"reset below 0", reset_below_zero, HF_EINVAL, {{0}}},
    {"record_error",
     record_boom,
     HF_OK,
     {[ABSENT] = {HF_OK, "0 - - boom*1 N -"},
      [AT_5] = {HF_OK, "5 d5 A boom*1 N -"},
      [FAILED] = {HF_OK, "5 d5 A boom*3 N -"},
      [UNMOVED] = {HF_OK, "0 - - boom*2 N -"},
      [RESET] = {HF_OK, "5 d5 G boom*1 N old@A"},
      [UNDATED] = {HF_OK, "5 d5 - boom*1 N old@A"},
      [REMOVED] = {HF_OK, "0 - - boom*1 N -"}}},
    {"record_error of blanks", record_blank, HF_EINVAL, {{0}}},
    {"put at 5",
     put_5,
     HF_OK,
     {[ABSENT] = {HF_OK, "5 d5 A - A -"},
      [AT_5] = OK_SAME,
      [FAILED] = {HF_OK, "5 d5 A - A -"},
      [UNMOVED] = {HF_OK, "5 d5 A - A -"},
      [RESET] = {HF_OK, "5 d5 A - A -"},
      [UNDATED] = {HF_OK, "5 d5 A - A -"},
      [REMOVED] = {HF_OK, "5 d5 A - A -"}}},
    {"put at 4 with errors and a reset",
     put_4_with_all,
     HF_OK,
     {[ABSENT] = {HF_OK, "4 d4 - bad*7 A put@G"},
      [AT_5] = TOO_LOW,
      [FAILED] = TOO_LOW,
      [UNMOVED] = {HF_OK, "4 d4 - bad*7 A put@G"},
      [RESET] = TOO_LOW,
      [UNDATED] = TOO_LOW,
      [REMOVED] = {HF_OK, "4 d4 - bad*7 A put@G"}}},
    {"put below 0", put_below_zero, HF_EINVAL, {{0}}},
    {"remove",
     remove_it,
     HF_OK,
     {[ABSENT] = NO_SUCH,
      [AT_5] = {HF_OK, ""},
      [FAILED] = {HF_OK, ""},
      [UNMOVED] = {HF_OK, ""},
      [RESET] = {HF_OK, ""},
      [UNDATED] = {HF_OK, ""},
      [REMOVED] = NO_SUCH}},
    {"guard",
     guard,
     HF_OK,
     {[ABSENT] = OK_SAME,
      [AT_5] = OK_SAME,
      [FAILED] = OK_SAME,
      [UNMOVED] = OK_SAME,
      [RESET] = OK_SAME,
      [UNDATED] = OK_SAME,
      [REMOVED] = OK_SAME}},
};

enum { ROWS = sizeof rows / sizeof rows[0] };

/* --- Running it ------------------------------------------------------------------------------- */

enum manner { PLAIN, EXPECTING, MISTAKEN, IN_TRANSACTION, MANNERS };

struct trial {
	struct stage *stage;
	const struct row *row;
	enum state state;
	enum manner manner;
	char consumer[32];
	char before[TEXT_MAX];
	hf_lsn version;
};

static struct hf_cursor_key trial_key(const struct trial *t)
{
	return (struct hf_cursor_key){hf_str(t->consumer), hf_str("events"), hf_str("")};
}

static void expect_that(const struct trial *t, bool holds, const char *what, const char *got)
{
	static const char *const manners[MANNERS] = {"", ", expecting", ", mistaken",
	                                             ", in a transaction"};
	if (!holds)
		fail_msg("%s on \"%s\" (%s%s): %s: %s", t->row->name, t->before,
		         setting_name(t->stage->setting), manners[t->manner], what, got);
}

static struct cell cell_of(const struct trial *t)
{
	if (t->row->form != HF_OK)
		return (struct cell){t->row->form, NULL};
	return t->manner == MISTAKEN ? (struct cell){HF_ECONFLICT, NULL} : t->row->cells[t->state];
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
	struct call call = {t->stage->store, NULL, trial_key(t), expectation(t), result, error};
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
	if (!cell->then) {
		expect_that(t, version == t->version, "the version moved", "");
		expect_that(t, cell->code != HF_OK || result->version == t->version, "result.version",
		            "is not the object's");
	} else {
		const hf_lsn want = cell->then[0] ? last : 0;
		expect_that(t, version == want && result->version == want,
		            "the version is not the LSN of the entry", "");
	}
}

static void run_trial(struct trial *t)
{
	struct hf_result result = {0};
	struct hf_error error = {0};
	char after[TEXT_MAX];
	hf_lsn last;
	const struct cell cell = cell_of(t);
	const uint64_t entries = entries_of(t->stage->store, &last);
	const int rc = perform(t, &result, &error);
	const uint64_t written = entries_of(t->stage->store, &last) - entries;
	expect_that(t, rc == cell.code, "code", hf_code_name(rc));
	expect_that(t, rc == HF_OK || (error.code == rc && error.text[0]), "a refusal without words",
	            error.text);
	expect_that(t, result.changed == (cell.then != NULL), "changed",
	            result.changed ? "true" : "false");
	expect_that(t, result.count == result.changed && result.token == 0, "count or token", "");
	expect_that(t, written == result.changed, "entries written", written ? "some" : "none");
	const hf_lsn version =
	    look(t->stage->store,
	         &(struct hf_cursor_key){hf_str(t->consumer), hf_str("events"), hf_str("")}, after);
	expect_that(t, strcmp(after, cell.then ? cell.then : t->before) == 0, "the cursor is now",
	            after);
	check_version(t, &cell, &result, version, last);
}

static void arrange_trial(struct trial *t)
{
	struct hf_error error = {0};
	struct call call = {.store = t->stage->store, .key = trial_key(t), .error = &error};
	(void)snprintf(t->consumer, sizeof t->consumer, "%u-%u-%u", (unsigned)(t->row - rows),
	               (unsigned)t->state, (unsigned)t->manner);
	call.key = trial_key(t);
	arrange(&call, t->state);
	t->version = look(t->stage->store, &call.key, t->before);
	expect_that(t, strcmp(t->before, state_texts[t->state]) == 0, "arranged wrongly",
	            state_texts[t->state]);
}

static void run_table(enum setting setting)
{
	struct stage *stage = stage_open(setting);
	struct trial *trials = calloc((size_t)ROWS * STATES * MANNERS, sizeof *trials);
	size_t count = 0;
	assert_non_null(trials);
	for (size_t row = 0; row < ROWS; row++)
		for (enum state state = 0; state < STATES; state++)
			for (enum manner manner = 0; manner < MANNERS; manner++, count++) {
				trials[count] = (struct trial){
				    .stage = stage, .row = &rows[row], .state = state, .manner = manner};
				arrange_trial(&trials[count]);
			}
	stage_switch(stage);
	stage_at(stage, NOW);
	for (size_t i = 0; i < count; i++)
		run_trial(&trials[i]);
	free(trials);
	stage_close(stage);
}

static void each_operation_in_each_state_in_each_setting(void **state)
{
	(void)state;
	for (enum setting setting = 0; setting < SETTINGS; setting++)
		run_table(setting);
}

/* --- Keys and limits -------------------------------------------------------------------------- */

static const struct call *call_with(struct call *call, struct stage *stage, const char *consumer,
                                    const char *stream, const char *subject)
{
	*call = (struct call){.store = stage->store,
	                      .key = {hf_str(consumer), hf_str(stream), hf_str(subject)}};
	return call;
}

static void white_space_around_parts_is_ignored(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct call call;
	char text[TEXT_MAX];
	assert_int_equal(
	    advance_9(call_with(&call, stage, " \xe3\x80\x80\t\n\v\f\rmail er ", "\tevents", "a\n")),
	    HF_OK);
	const struct hf_cursor_key plain = {hf_str("mail er"), hf_str("events"), hf_str("a")};
	assert_true(look(stage->store, &plain, text) != 0);
	assert_int_equal(advance_4(call_with(&call, stage, "mail er", "events\xc2\xa0", " a")),
	                 HF_ENONMONOTONIC);
	stage_close(stage);
}

static void parts_that_break_the_rules_are_refused(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	static char longest[HF_KEY_MAX + 2];
	memset(longest, 'k', sizeof longest);
	const struct hf_bytes good = hf_str("good"), blank = hf_str(" \t"),
	                      nul = hf_bytes_of("a\0b", 3);
	const struct hf_bytes fits = hf_bytes_of(longest, HF_KEY_MAX),
	                      over = hf_bytes_of(longest, HF_KEY_MAX + 1);
	const struct {
		struct hf_cursor_key key;
		int code;
	} keys[] = {
	    {{good, good, blank}, HF_OK},     {{fits, fits, fits}, HF_OK},
	    {{blank, good, good}, HF_EINVAL}, {{good, blank, good}, HF_EINVAL},
	    {{over, good, good}, HF_EINVAL},  {{good, over, good}, HF_EINVAL},
	    {{good, good, over}, HF_EINVAL},  {{nul, good, good}, HF_EINVAL},
	    {{good, nul, good}, HF_EINVAL},   {{good, good, nul}, HF_EINVAL},
	    {{{0}, good, good}, HF_EINVAL},   {{good, {0}, good}, HF_EINVAL},
	};
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		struct hf_error error = {0};
		struct hf_cursor_got got;
		const struct call call = {.store = stage->store, .key = keys[i].key, .error = &error};
		assert_int_equal(advance_9(&call), keys[i].code);
		assert_int_equal(hf_cursor_get(stage->store, &keys[i].key, 0, &got, &error), keys[i].code);
		hf_release(got.memory);
	}
	stage_close(stage);
}

static void long_texts_are_cut_or_refused(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	static char text[HF_CURSOR_ERROR_MAX + 8];
	memset(text, 'e', sizeof text);
	text[HF_CURSOR_ERROR_MAX - 1] = (char)0xC3; /* one letter across the limit */
	text[HF_CURSOR_ERROR_MAX] = (char)0xA4;
	struct call call;
	(void)call_with(&call, stage, "c", "s", "");
	const struct hf_cursor_record_error_args note = {.key = call.key,
	                                                 .message = hf_bytes_of(text, sizeof text)};
	assert_int_equal(hf_cursor_record_error(stage->store, NULL, &note, NULL, NULL), HF_OK);
	struct hf_cursor_got got;
	assert_int_equal(hf_cursor_get(stage->store, &call.key, 0, &got, NULL), HF_OK);
	assert_int_equal(got.cursor.last_error.len, HF_CURSOR_ERROR_MAX - 1);
	hf_release(got.memory);
	struct hf_cursor_reset_args back = {.key = call.key,
	                                    .reason = hf_bytes_of(text, HF_CURSOR_REASON_MAX)};
	assert_int_equal(hf_cursor_reset(stage->store, NULL, &back, NULL, NULL), HF_OK);
	back.reason.len++;
	assert_int_equal(hf_cursor_reset(stage->store, NULL, &back, NULL, NULL), HF_ETOOBIG);
	back.reason = hf_str("why");
	text[7] = '\0'; /* kept as given */
	back.delivery_id = hf_bytes_of(text, HF_CURSOR_DELIVERY_ID_MAX);
	assert_int_equal(hf_cursor_reset(stage->store, NULL, &back, NULL, NULL), HF_OK);
	back.delivery_id.len++;
	assert_int_equal(hf_cursor_reset(stage->store, NULL, &back, NULL, NULL), HF_EINVAL);
	assert_int_equal(hf_cursor_get(stage->store, &call.key, 0, &got, NULL), HF_OK);
	assert_int_equal(got.cursor.last_delivery_id.len, HF_CURSOR_DELIVERY_ID_MAX);
	assert_memory_equal(got.cursor.last_delivery_id.data, text, HF_CURSOR_DELIVERY_ID_MAX);
	hf_release(got.memory);
	stage_close(stage);
}

static void a_put_of_half_a_fact_is_refused(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	static char longest[HF_CURSOR_REASON_MAX + 1];
	memset(longest, 'r', sizeof longest);
	const struct hf_cursor whole = {.key = {hf_str("c"), hf_str("s"), hf_str("")},
	                                .last_delivered_at = HF_UNSET,
	                                .reset_at = HF_UNSET};
	struct hf_cursor_put_args puts[7];
	for (size_t i = 0; i < sizeof puts / sizeof puts[0]; i++)
		puts[i] = (struct hf_cursor_put_args){.cursor = whole};
	puts[0].cursor.last_sequence = -1;
	puts[1].cursor.error_count = 1;
	puts[2].cursor.last_error = hf_str("bad");
	puts[3].cursor.reset_at = 1;
	puts[4].cursor.reset_reason = hf_str("why");
	puts[5].cursor.reset_at = 1, puts[5].cursor.reset_reason = hf_str(" \t");
	puts[6].cursor.reset_at = 1, puts[6].cursor.reset_reason = hf_bytes_of(longest, sizeof longest);
	static const int codes[] = {HF_EINVAL, HF_EINVAL,  HF_EINVAL, HF_EINVAL,
	                            HF_EINVAL, HF_EREASON, HF_ETOOBIG};
	for (size_t i = 0; i < sizeof puts / sizeof puts[0]; i++)
		assert_int_equal(hf_cursor_put(stage->store, NULL, &puts[i], NULL, NULL), codes[i]);
	const struct hf_cursor_put_args fits = {.cursor = whole};
	struct hf_result result;
	assert_int_equal(hf_cursor_put(stage->store, NULL, &fits, &result, NULL), HF_OK);
	assert_true(result.changed);
	stage_close(stage);
}

static void a_refused_advance_names_both_positions(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct hf_error error = {0};
	struct call call;
	assert_int_equal(advance_9(call_with(&call, stage, "mailer", "events", "orders")), HF_OK);
	call.error = &error;
	assert_int_equal(advance_4(&call), HF_ENONMONOTONIC);
	static const char *const words[] = {"9",          "\"d9\"",     "4",         "\"d4\"",
	                                    "\"mailer\"", "\"events\"", "\"orders\""};
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (!strstr(error.text, words[i]))
			fail_msg("%s is missing in: %s", words[i], error.text);
	stage_close(stage);
}

/* The greatest numbers, the longest ids of all kinds: bytes that need escapes, letters of two
 * bytes, plain ones. */
static void whatever_the_ids_a_refusal_names_both_positions(void **state)
{
	(void)state;
	static const char right_to_left[] = {'\xe2', '\x80', '\xae', '\0'};
	static const char *const units[] = {"\xff", "\xd0\xb7", "k", right_to_left};
	static char parts[2][HF_CURSOR_DELIVERY_ID_MAX];
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		struct stage *stage = stage_open(SETTING_LIVE);
		struct hf_error error = {0};
		const size_t step = strlen(units[i]);
		size_t len = 0;
		for (; len + step < HF_CURSOR_DELIVERY_ID_MAX; len += step) {
			memcpy(parts[0] + len, units[i], step);
			memcpy(parts[1] + len, units[i], step);
		}
		memcpy(parts[0] + len - 1, "!", 1);
		memcpy(parts[1] + len - 1, "?", 1);
		const struct hf_bytes part = hf_bytes_of(parts[0], HF_KEY_MAX / step * step);
		struct hf_cursor_advance_args args = {.key = {part, part, part},
		                                      .sequence = INT64_MAX,
		                                      .delivery_id = hf_bytes_of(parts[0], len)};
		assert_int_equal(hf_cursor_advance(stage->store, NULL, &args, NULL, NULL), HF_OK);
		args.sequence--;
		args.delivery_id = hf_bytes_of(parts[1], len);
		assert_int_equal(hf_cursor_advance(stage->store, NULL, &args, NULL, &error),
		                 HF_ENONMONOTONIC);
		static const char *const words[] = {"at 9223372036854775807, ",
		                                    "refused 9223372036854775806: ", "!\"", "?\"",
		                                    "consumer \""};
		for (size_t k = 0; k < sizeof words / sizeof words[0]; k++)
			if (!strstr(error.text, words[k]))
				fail_msg("%s is missing in: %s", words[k], error.text);
		assert_true(text_is_utf8(error.text, strlen(error.text)));
		assert_null(strstr(error.text, right_to_left));
		stage_close(stage);
	}
}

/* --- Transactions ----------------------------------------------------------------------------- */

static void a_failing_operation_takes_all_of_its_transaction_along(void **state)
{
	(void)state;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		struct stage *stage = stage_open(setting);
		struct call call;
		struct hf_error error = {0};
		struct hf_result results[6];
		char text[TEXT_MAX];
		assert_int_equal(advance_9(call_with(&call, stage, "old", "s", "")), HF_OK);
		stage_switch(stage);
		struct hf__writer before = stage_dump(stage);
		hf_txn *txn;
		assert_int_equal(hf_txn_begin(stage->store, &txn, &error), HF_OK);
		(void)call_with(&call, stage, "new", "fresh stream", "x");
		call.txn = txn;
		call.result = &results[0];
		assert_int_equal(advance_4(&call), HF_OK);
		call.result = &results[1];
		assert_int_equal(advance_9(&call), HF_OK); /* sees the 4 */
		(void)call_with(&call, stage, "old", "s", "");
		call.txn = txn;
		call.result = &results[2];
		assert_int_equal(record_boom(&call), HF_OK);
		call.result = &results[3];
		assert_int_equal(remove_it(&call), HF_OK);
		call.result = &results[4];
		assert_int_equal(advance_4(&call), HF_OK); /* born again */
		call.result = &results[5];
		call.error = &error;
		assert_int_equal(advance_4(&call), HF_OK); /* a replay */
		assert_int_equal(advance_5_other(&call), HF_OK);
		assert_int_equal(advance_4(&call), HF_OK); /* form is fine; too low at commit */
		assert_int_equal(hf_txn_commit(txn, HF_DURABLE, &error), HF_ENONMONOTONIC);
		assert_int_equal(error.operation, 7);
		for (size_t i = 0; i < 6; i++)
			assert_true(!results[i].changed && results[i].version == 0 && results[i].count == 0);
		struct hf__writer after = stage_dump(stage);
		assert_true(hf__bytes_equal(hf_bytes_of(before.data, before.len),
		                            hf_bytes_of(after.data, after.len)));
		hf__writer_deinit(&before);
		hf__writer_deinit(&after);
		const struct hf_cursor_key gone = {hf_str("new"), hf_str("fresh stream"), hf_str("x")};
		assert_int_equal(look(stage->store, &gone, text), 0);
		stage_close(stage);
	}
}

static int guarded_advance(struct stage *stage, const struct hf_cursor_key *guarded, hf_lsn expect,
                           struct hf_error *error)
{
	hf_txn *txn;
	assert_int_equal(hf_txn_begin(stage->store, &txn, error), HF_OK);
	const struct call call = {.store = stage->store,
	                          .txn = txn,
	                          .key = {hf_str("other"), hf_str("s"), hf_str("")},
	                          .error = error};
	const struct hf_cursor_guard_args guard = {.write.expect = expect, .key = *guarded};
	assert_int_equal(record_boom(&call), HF_OK);
	const int rc = hf_cursor_guard(stage->store, txn, &guard, NULL, error);
	if (rc == HF_OK)
		return hf_txn_commit(txn, HF_DURABLE, error);
	hf_txn_abandon(txn);
	return rc;
}

static void a_guard_writes_nothing_and_stops_the_transaction(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct hf_error error = {0};
	struct call call;
	char text[TEXT_MAX];
	const struct hf_cursor_key key = {hf_str("c"), hf_str("s"), hf_str("")};
	assert_int_equal(guarded_advance(stage, &key, 0, &error), HF_EINVAL);
	assert_int_equal(guarded_advance(stage, &key, 1, &error), HF_ECONFLICT);
	assert_int_equal(error.operation, 1);
	assert_int_equal(guarded_advance(stage, &key, HF_ABSENT, &error), HF_OK);
	assert_int_equal(advance_9(call_with(&call, stage, "c", "s", "")), HF_OK);
	const hf_lsn version = look(stage->store, &key, text);
	assert_int_equal(guarded_advance(stage, &key, HF_ABSENT, &error), HF_ECONFLICT);
	assert_int_equal(guarded_advance(stage, &key, version, &error), HF_OK);
	assert_int_equal(look(stage->store, &key, text), version);
	(void)look(stage->store, &(struct hf_cursor_key){hf_str("other"), hf_str("s"), hf_str("")},
	           text);
	assert_string_equal(text, "0 - - boom*2 A -");
	const struct hf_cursor_guard_args alone = {.write.expect = version, .key = key};
	assert_int_equal(hf_cursor_guard(stage->store, NULL, &alone, NULL, &error), HF_EINVAL);
	stage_close(stage);
}

/* The greatest count stays: one more would be none at all, with an error beside it. */
static void errors_are_counted_up_to_the_greatest_number(void **state)
{
	(void)state;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		struct stage *stage = stage_open(setting);
		const struct hf_cursor_key key = {hf_str("c"), hf_str("s"), {0}};
		const struct hf_cursor_put_args put = {.cursor = {.key = key,
		                                                  .last_error = hf_str("x"),
		                                                  .error_count = UINT64_MAX - 1,
		                                                  .last_delivered_at = HF_UNSET,
		                                                  .updated_at = 1,
		                                                  .reset_at = HF_UNSET}};
		assert_int_equal(hf_cursor_put(stage->store, NULL, &put, NULL, NULL), HF_OK);
		stage_switch(stage);
		for (int i = 0; i < 2; i++) {
			const struct hf_cursor_record_error_args args = {
			    .key = key, .message = hf_str("again"), .now = 2 + i};
			struct hf_cursor_got got;
			struct hf_error error = {0};
			if (hf_cursor_record_error(stage->store, NULL, &args, NULL, &error) != HF_OK)
				fail_msg("%s", error.text);
			assert_int_equal(hf_cursor_get(stage->store, &key, 0, &got, NULL), HF_OK);
			assert_true(got.cursor.error_count == UINT64_MAX && got.cursor.updated_at == 2 + i);
			hf_release(got.memory);
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
	cells_are_listed("cursor", operation_name, state_name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_cells_are_those_of_the_design),
	    cmocka_unit_test(errors_are_counted_up_to_the_greatest_number),
	    cmocka_unit_test(each_operation_in_each_state_in_each_setting),
	    cmocka_unit_test(white_space_around_parts_is_ignored),
	    cmocka_unit_test(parts_that_break_the_rules_are_refused),
	    cmocka_unit_test(long_texts_are_cut_or_refused),
	    cmocka_unit_test(a_put_of_half_a_fact_is_refused),
	    cmocka_unit_test(a_refused_advance_names_both_positions),
	    cmocka_unit_test(whatever_the_ids_a_refusal_names_both_positions),
	    cmocka_unit_test(a_failing_operation_takes_all_of_its_transaction_along),
	    cmocka_unit_test(a_guard_writes_nothing_and_stops_the_transaction),
	};
	return cmocka_run_group_tests_name("cursor table", tests, NULL, NULL);
}
