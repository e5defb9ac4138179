/* tier: fast */
/* Out of memory, at each allocation that each timeline operation makes: a clean HF_ENOMEM,
 * nothing done, nothing leaked (under the address sanitizer), and the same operation works
 * afterwards. */
#include "base/mem.h"
#include "lib/domains/timeline_ops.h"
#include "lib/settings.h"
#include "lib/test.h"

/* --- One allocation fails --------------------------------------------------------------------- */

struct veto {
	unsigned at; /* the number of the one that fails */
	unsigned asked;
};

static bool veto_one(void *ctx, size_t size)
{
	struct veto *veto = ctx;
	(void)size;
	return veto->asked++ == veto->at;
}

/* --- Operations ------------------------------------------------------------------------------- */

static int append_to(hf_store *store, hf_txn *txn, const char *timeline, const char *id)
{
	const struct hf_timeline_append_args args = {.key = {hf_str(timeline), hf_str(id)},
	                                             .type = hf_str("t"),
	                                             .subject = hf_str("s"),
	                                             .happened_at = 4,
	                                             .payload = hf_str("some bytes")};
	return hf_timeline_append(store, txn, &args, NULL, NULL);
}
static int append(hf_store *store)
{
	return append_to(store, NULL, TL_NAME, "new");
}
static int append_elsewhere(hf_store *store)
{
	return append_to(store, NULL, "a new timeline", "new");
}
static int append_again(hf_store *store)
{
	return append_to(store, NULL, TL_NAME, "b");
}
static int retain(hf_store *store)
{
	return hf_timeline_retain(
	    store, NULL,
	    &(struct hf_timeline_retain_args){.timeline = hf_str(TL_NAME), .max_events = 1}, NULL,
	    NULL);
}
static int clear(hf_store *store)
{
	return hf_timeline_clear(
	    store, NULL, &(struct hf_timeline_clear_args){.timeline = hf_str(TL_NAME)}, NULL, NULL);
}
/* Each adds to the transaction; the first that cannot gives it up. */
static int in_a_transaction(hf_store *store)
{
	hf_txn *txn;
	const struct hf_timeline_guard_args guard = {.write.expect = HF_ABSENT,
	                                             .key = {hf_str(TL_NAME), hf_str("new")}};
	const struct hf_timeline_clear_args all = {.timeline = hf_str(TL_NAME)};
	const struct hf_timeline_retain_args one = {.timeline = hf_str(TL_NAME), .max_events = 1};
	int rc = hf_txn_begin(store, &txn, NULL);
	if (rc != HF_OK)
		return rc;
	rc = hf_timeline_guard(store, txn, &guard, NULL, NULL);
	if (rc == HF_OK)
		rc = hf_timeline_retain(store, txn, &one, NULL, NULL);
	if (rc == HF_OK)
		rc = hf_timeline_clear(store, txn, &all, NULL, NULL);
	if (rc == HF_OK)
		rc = append_to(store, txn, TL_NAME, "new");
	if (rc == HF_OK)
		return hf_txn_commit(txn, HF_DURABLE, NULL);
	hf_txn_abandon(txn);
	return rc;
}

static int get(hf_store *store)
{
	struct hf_timeline_got got;
	const struct hf_timeline_key key = {hf_str(TL_NAME), hf_str("b")};
	const int rc = hf_timeline_get(store, &key, 0, &got, NULL);
	assert_int_equal(got.event.payload.len, rc == HF_OK ? 10 : 0);
	hf_release(got.memory);
	return rc;
}
static int query(hf_store *store)
{
	struct hf_timeline_page page;
	const struct hf_timeline_query_args args = {.filter = tl_filter("s", "t"), .limit = 2};
	const int rc = hf_timeline_query(store, &args, 0, &page, NULL);
	assert_true(rc == HF_OK ? page.count == 2 && page.total == 3 && page.next != NULL
	                        : !page.items && page.total == 0 && !page.next);
	hf_release(page.memory);
	return rc;
}
static int count(hf_store *store)
{
	uint64_t found;
	const struct hf_timeline_filter all = tl_filter(NULL, NULL);
	const int rc = hf_timeline_count(store, &all, 0, &found, NULL);
	assert_int_equal(found, rc == HF_OK ? 3 : 0);
	return rc;
}
static int latest_at(hf_store *store)
{
	hf_time found;
	const int rc = hf_timeline_latest_at(store, hf_str(TL_NAME), 0, &found, NULL);
	assert_int_equal(found, rc == HF_OK ? 4 : HF_UNSET);
	return rc;
}
static int names(hf_store *store)
{
	struct hf_name_page page;
	const int rc = hf_timeline_names(store, NULL, 0, &page, NULL);
	hf_release(page.memory);
	return rc;
}

static const struct {
	const char *name;
	int (*run)(hf_store *);
	unsigned allocations; /* at least; what only takes away needs none of its own */
} operations[] = {
    {"append", append, 2},
    {"append to a new timeline", append_elsewhere, 3},
    {"append again", append_again, 0},
    {"retain", retain, 0},
    {"clear", clear, 0},
    {"in a transaction", in_a_transaction, 6},
    {"get", get, 2},
    {"query", query, 4},
    {"count", count, 0},
    {"latest_at", latest_at, 0},
    {"names", names, 2},
};

/* --- The sweep -------------------------------------------------------------------------------- */

/* Runs the operation with allocation number `at` failing. true: it makes no more of them. */
static bool run_with(const char *name, int (*run)(hf_store *), unsigned at, unsigned *refused)
{
	struct veto veto = {.at = at};
	struct stage *stage = stage_open(SETTING_LIVE);
	for (char id[2] = "a"; id[0] <= 'c'; id[0]++)
		assert_int_equal(append_to(stage->store, NULL, TL_NAME, id), HF_OK);
	struct hf__writer before = stage_dump(stage);
	hf__mem_set_veto(veto_one, &veto);
	const int rc = run(stage->store);
	hf__mem_set_veto(NULL, NULL);
	if (rc == HF_ENOMEM) {
		struct hf__writer after = stage_dump(stage);
		stage_verify(stage);
		if (!hf__bytes_equal(hf_bytes_of(before.data, before.len),
		                     hf_bytes_of(after.data, after.len)))
			fail_msg("%s, allocation %u: refused, and yet something changed", name, at);
		hf__writer_deinit(&after);
		++*refused;
		if (run(stage->store) != HF_OK)
			fail_msg("%s, allocation %u: does not work afterwards", name, at);
	} else if (rc != HF_OK) {
		fail_msg("%s, allocation %u: %s", name, at, hf_code_name(rc));
	}
	hf__writer_deinit(&before);
	stage_close(stage);
	return veto.asked <= at;
}

static void any_allocation_may_fail_in_any_operation(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
		unsigned at = 0, refused = 0;
		while (!run_with(operations[i].name, operations[i].run, at, &refused))
			assert_true(++at < 200);
		if (refused < operations[i].allocations)
			fail_msg("%s: refused %u times, not %u", operations[i].name, refused,
			         operations[i].allocations);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(any_allocation_may_fail_in_any_operation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
