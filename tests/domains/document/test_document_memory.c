/* tier: fast */
/* Out of memory, at each allocation that each document operation makes: a clean HF_ENOMEM,
 * nothing done, nothing leaked (under the address sanitizer), and the same operation works
 * afterwards. */
#include "base/mem.h"
#include "lib/domains/document_ops.h"
#include "lib/settings.h"
#include "lib/test.h"

#define SECOND INT64_C(1000000)

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

static int put_into(hf_store *store, hf_txn *txn, const char *collection, const char *id,
                    struct hf_document_put_args args)
{
	args.key = (struct hf_document_key){hf_str(collection), hf_str(id)};
	args.payload = hf_str("another payload");
	return hf_document_put(store, txn, &args, NULL, NULL);
}
static int put_new(hf_store *store)
{
	return put_into(store, NULL, DC_COLLECTION, "new",
	                (struct hf_document_put_args){.group = hf_str("group"), .ttl_us = SECOND});
}
static int put_elsewhere(hf_store *store)
{
	return put_into(store, NULL, "elsewhere", "new", (struct hf_document_put_args){0});
}
static int replace(hf_store *store)
{
	return put_into(store, NULL, DC_COLLECTION, "plain",
	                (struct hf_document_put_args){.group = hf_str("group"), .ttl_us = SECOND});
}
static int declare_anew(hf_store *store)
{
	return put_into(store, NULL, "over", "new",
	                (struct hf_document_put_args){.orders = HF_DOCUMENT_UPDATED});
}
static int regroup(hf_store *store)
{
	const struct hf_document_regroup_args args = {.key = {hf_str(DC_COLLECTION), hf_str("plain")},
	                                              .group = hf_str("other")};
	return hf_document_regroup(store, NULL, &args, NULL, NULL);
}
static int remove_it(hf_store *store)
{
	const struct hf_document_remove_args args = {.key = {hf_str(DC_COLLECTION), hf_str("plain")}};
	return hf_document_remove(store, NULL, &args, NULL, NULL);
}
static int clear(hf_store *store)
{
	return hf_document_clear(store, NULL,
	                         &(struct hf_document_clear_args){.collection = hf_str(DC_COLLECTION)},
	                         NULL, NULL);
}
static int settle(hf_store *store)
{
	return hf_maintain(store, 0, NULL);
}
static int all_in_a_transaction(hf_store *store)
{
	hf_txn *txn;
	const struct hf_document_regroup_args group = {.key = {hf_str(DC_COLLECTION), hf_str("new")},
	                                               .group = hf_str("other")};
	const struct hf_document_remove_args gone = {.key = {hf_str(DC_COLLECTION), hf_str("plain")}};
	const struct hf_document_clear_args clear_it = {.collection = hf_str("elsewhere")};
	const struct hf_document_guard_args guard = {.write.expect = HF_ABSENT,
	                                             .key = {hf_str("elsewhere"), hf_str("new")}};
	int rc = hf_txn_begin(store, &txn, NULL);
	if (rc != HF_OK)
		return rc;
	rc = put_into(store, txn, DC_COLLECTION, "new",
	              (struct hf_document_put_args){.group = hf_str("group")});
	if (rc == HF_OK)
		rc = put_into(store, txn, "elsewhere", "new", (struct hf_document_put_args){0});
	if (rc == HF_OK)
		rc = hf_document_regroup(store, txn, &group, NULL, NULL);
	if (rc == HF_OK)
		rc = hf_document_remove(store, txn, &gone, NULL, NULL);
	if (rc == HF_OK)
		rc = hf_document_clear(store, txn, &clear_it, NULL, NULL);
	if (rc == HF_OK)
		rc = hf_document_guard(store, txn, &guard, NULL, NULL);
	if (rc == HF_OK)
		return hf_txn_commit(txn, HF_DURABLE, NULL);
	hf_txn_abandon(txn);
	return rc;
}
static int get(hf_store *store)
{
	struct hf_document_got got;
	const struct hf_document_key key = {hf_str(DC_COLLECTION), hf_str("plain")};
	const int rc = hf_document_get(store, &key, 0, &got, NULL);
	assert_true((rc == HF_OK) == (got.memory != NULL));
	hf_release(got.memory);
	return rc;
}
static int list(hf_store *store)
{
	struct hf_document_page page;
	const struct hf_document_list_args args = {.collection = hf_str(DC_COLLECTION), .limit = 1};
	const int rc = hf_document_list(store, &args, 0, &page, NULL);
	assert_int_equal(page.count, rc == HF_OK ? 1 : 0);
	hf_release(page.memory);
	return rc;
}
static int collections(hf_store *store)
{
	struct hf_name_page page;
	const int rc = hf_document_names(store, &(struct hf_names_args){.limit = 1}, 0, &page, NULL);
	assert_int_equal(page.count, rc == HF_OK ? 1 : 0);
	hf_release(page.memory);
	return rc;
}

static const struct {
	const char *name;
	int (*run)(hf_store *);
	unsigned allocations; /* at least; what only takes away needs none of its own */
} operations[] = {
    {"put", put_new, 4},
    {"put into a new collection", put_elsewhere, 3},
    {"put in place of one", replace, 3},
    {"put with other orders", declare_anew, 2},
    {"regroup", regroup, 1},
    {"remove", remove_it, 0},
    {"clear", clear, 0},
    {"settle", settle, 0},
    {"a transaction of all", all_in_a_transaction, 12},
    {"get", get, 2},
    {"list", list, 4},
    {"collections", collections, 2},
};

/* --- The sweep -------------------------------------------------------------------------------- */

static struct stage *arrange(void)
{
	struct stage *stage = stage_open(SETTING_LIVE);
	const struct hf_document_put_args over = {
	    .key = {hf_str("over"), hf_str("x")}, .ttl_us = SECOND, .group = hf_str("g")};
	dc_put(stage->store, "plain", (struct hf_document_put_args){0});
	dc_put(stage->store, "other", (struct hf_document_put_args){.group = hf_str("group")});
	assert_int_equal(hf_document_put(stage->store, NULL, &over, NULL, NULL), HF_OK);
	stage_at(stage, STAGE_NOW + 2 * SECOND);
	return stage;
}

/* Runs the operation with allocation number `at` failing. true: it makes no more of them. */
static bool run_with(const char *name, int (*run)(hf_store *), unsigned at, unsigned *refused)
{
	struct veto veto = {.at = at};
	struct stage *stage = arrange();
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
