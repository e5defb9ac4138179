/* tier: fast */
/* No answer about documents gives away what a crash could still take back: reads, refusals and
 * "nothing changed" alike wait until the change that they depend on is durable, and for no other
 * one. */
#include "lib/domains/document_ops.h"
#include "lib/settings.h"
#include "lib/test.h"
#include "store/store.h"

#define SECOND INT64_C(1000000)

static struct hf_document_key key(const char *id)
{
	return (struct hf_document_key){hf_str(DC_COLLECTION), hf_str(id)};
}

/* --- Changes that are left undurable ---------------------------------------------------------- */

static int put_x(hf_store *store, hf_txn *txn)
{
	return hf_document_put(
	    store, txn,
	    &(struct hf_document_put_args){.key = key("x"), .payload = hf_str("p"), .now = STAGE_NOW},
	    NULL, NULL);
}
static int put_over(hf_store *store, hf_txn *txn)
{
	/* In place of one that is there: it is gone by this very put. */
	return hf_document_put(
	    store, txn, &(struct hf_document_put_args){.key = key("there"), .expires_at = STAGE_NOW},
	    NULL, NULL);
}
static int put_elsewhere(hf_store *store, hf_txn *txn)
{
	const struct hf_document_put_args args = {.key = {hf_str("elsewhere"), hf_str("x")}};
	return hf_document_put(store, txn, &args, NULL, NULL);
}
static int regroup(hf_store *store, hf_txn *txn)
{
	return hf_document_regroup(
	    store, txn, &(struct hf_document_regroup_args){.key = key("there"), .group = hf_str("g")},
	    NULL, NULL);
}
static int take(hf_store *store, hf_txn *txn)
{
	return hf_document_remove(store, txn, &(struct hf_document_remove_args){.key = key("there")},
	                          NULL, NULL);
}
static int clear(hf_store *store, hf_txn *txn)
{
	return hf_document_clear(store, txn,
	                         &(struct hf_document_clear_args){.collection = hf_str(DC_COLLECTION)},
	                         NULL, NULL);
}

/* --- Answers ---------------------------------------------------------------------------------- */

static int get_with(hf_store *store, const char *id, unsigned flags)
{
	struct hf_document_got got;
	const struct hf_document_key k = key(id);
	const int rc = hf_document_get(store, &k, flags, &got, NULL);
	hf_release(got.memory);
	return rc;
}
static int get_x(hf_store *store)
{
	return get_with(store, "x", 0);
}
static int get_x_undurable(hf_store *store)
{
	return get_with(store, "x", HF_READ_UNDURABLE);
}
static int get_there(hf_store *store)
{
	return get_with(store, "there", 0);
}
static int has_there(hf_store *store)
{
	assert_false(dc_has(store, "there"));
	return HF_OK;
}
static int list(hf_store *store)
{
	(void)dc_list(store, (struct hf_document_list_args){.group = hf_str("nobody's")});
	return HF_OK;
}
static int list_unkept(hf_store *store)
{
	struct hf_document_page page;
	const struct hf_document_list_args args = {.collection = hf_str(DC_COLLECTION),
	                                           .by = HF_DOCUMENT_BY_UPDATED};
	return hf_document_list(store, &args, 0, &page, NULL);
}
static int count(hf_store *store)
{
	(void)dc_count(store, "nobody's");
	return HF_OK;
}
static int collections(hf_store *store)
{
	(void)dc_collections(store, 0);
	return HF_OK;
}
static int put_x_again(hf_store *store)
{
	return put_x(store, NULL);
}
static int put_nothing(hf_store *store)
{
	return put_over(store, NULL);
}
static int other_orders(hf_store *store)
{
	return hf_document_put(
	    store, NULL, &(struct hf_document_put_args){.key = key("y"), .orders = HF_DOCUMENT_UPDATED},
	    NULL, NULL);
}
static int expect_absent(hf_store *store)
{
	return hf_document_put(
	    store, NULL, &(struct hf_document_put_args){.write.expect = HF_ABSENT, .key = key("x")},
	    NULL, NULL);
}
static int regroup_again(hf_store *store)
{
	return regroup(store, NULL);
}
static int take_again(hf_store *store)
{
	return take(store, NULL);
}
static int clear_again(hf_store *store)
{
	return clear(store, NULL);
}
static int guard(hf_store *store)
{
	hf_txn *txn;
	const struct hf_document_guard_args args = {.write.expect = HF_ABSENT, .key = key("there")};
	assert_int_equal(hf_txn_begin(store, &txn, NULL), HF_OK);
	assert_int_equal(hf_document_guard(store, txn, &args, NULL, NULL), HF_OK);
	return hf_txn_commit(txn, HF_DURABLE, NULL);
}

/* --- The table -------------------------------------------------------------------------------- */

static const struct row {
	const char *name;
	int (*change)(hf_store *, hf_txn *);
	int (*answer)(hf_store *);
	int code;
	bool waits;
} rows[] = {
    {"get of a document just put", put_x, get_x, HF_OK, true},
    {"the same, undurable asked for", put_x, get_x_undurable, HF_OK, false},
    {"list in which nothing new is", put_x, list, HF_OK, true},
    {"list in an order not kept", put_x, list_unkept, HF_EINVAL, true},
    {"count in which nothing new is", put_x, count, HF_OK, true},
    {"collections", put_x, collections, HF_OK, true},
    {"put of the same", put_x, put_x_again, HF_OK, true},
    {"put with other orders", put_x, other_orders, HF_ECONFLICT, true},
    {"a version that differs", put_x, expect_absent, HF_ECONFLICT, true},
    {"get of a document just made to expire", put_over, get_there, HF_ENOTFOUND, true},
    {"put that is over, where one is over", put_over, put_nothing, HF_OK, true},
    {"remove of a document just made to expire", put_over, take_again, HF_ENOTFOUND, true},
    {"guard that holds by an expiry", put_over, guard, HF_OK, true},
    {"regroup to where it is", regroup, regroup_again, HF_OK, true},
    {"regroup of a document just removed", take, regroup_again, HF_ENOTFOUND, true},
    {"get of a document just removed", take, get_there, HF_ENOTFOUND, true},
    {"has of a document just removed", take, has_there, HF_OK, true},
    {"remove of a document just removed", take, take_again, HF_ENOTFOUND, true},
    {"guard that holds by a removal", take, guard, HF_OK, true},
    {"clear of a collection just cleared", clear, clear_again, HF_OK, true},
    /* Not waited for: what the answer has nothing to do with. */
    {"get beside another collection's change", put_elsewhere, get_there, HF_OK, false},
    {"a miss beside another collection's change", put_elsewhere, get_x, HF_ENOTFOUND, false},
    {"count beside another collection's change", put_elsewhere, count, HF_OK, false},
    {"get of another document of the collection", put_x, get_there, HF_OK, false},
};

static hf_lsn durable_lsn(hf_store *store)
{
	struct hf_info info;
	assert_int_equal(hf_get_info(store, &info, NULL), HF_OK);
	return info.durable_lsn;
}

static void run_row(const struct row *row)
{
	struct stage *stage = stage_open(SETTING_LIVE);
	hf_store *store = stage->store;
	struct hf__ticket ticket;
	hf_txn *txn;
	dc_put(store, "there", (struct hf_document_put_args){0});
	assert_int_equal(hf_txn_begin(store, &txn, NULL), HF_OK);
	assert_int_equal(row->change(store, txn), HF_OK);
	assert_int_equal(hf__submit(store, txn, HF_DURABLE, &ticket, NULL), HF_OK);
	assert_true(ticket.due > 0 && durable_lsn(store) < ticket.due);
	const int rc = row->answer(store);
	if (rc != row->code)
		fail_msg("%s: %s", row->name, hf_code_name(rc));
	if ((durable_lsn(store) >= ticket.due) != row->waits)
		fail_msg("%s: %s", row->name, row->waits ? "did not wait" : "waited");
	/* It would have been waited for in any case had the answer written anything. */
	assert_int_equal(hf_sync(store, NULL), HF_OK);
	if (durable_lsn(store) != ticket.due)
		fail_msg("%s: it wrote something", row->name);
	stage_close(stage);
}

static void answers_wait_for_what_they_depend_on(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		run_row(&rows[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(answers_wait_for_what_they_depend_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
