/* tier: fast */
/* Out of memory, at each allocation that each document operation makes: a clean HF_ENOMEM,
 * nothing done, nothing leaked (under the address sanitizer), and the same operation works
 * afterwards. */
#include "base/mem.h"
#include "holdfast/document.h"
#include "lib/operation/op_scene.h"
#include "lib/settings.h"
#include "lib/test.h"

#define KEY "key.collection=notes key.id="
#define PUT "hf_document_put payload=another_payload "

static const char arrangement[] =
    "hf_document_put " KEY "plain payload=p & hf_document_put " KEY "other payload=p group=group & "
    "hf_document_put key.collection=over key.id=x ttl_us=1s group=g & time 2";

static const struct memory_case cases[] = {
    {"put", 4, PUT KEY "new group=group ttl_us=1s"},
    {"put into a new collection", 3, PUT "key.collection=elsewhere key.id=new"},
    {"put in place of one", 3, PUT KEY "plain group=group ttl_us=1s"},
    {"put with other orders", 2, PUT "key.collection=over key.id=new orders=updated"},
    {"regroup", 1, "hf_document_regroup " KEY "plain group=other"},
    {"remove", 0, "hf_document_remove " KEY "plain"},
    {"clear", 0, "hf_document_clear collection=notes"},
    {"settle", 0, "settle"},
    {"a transaction of all", 11,
     PUT KEY "new group=group ; " PUT
             "key.collection=elsewhere key.id=new ; hf_document_regroup " KEY
             "new group=other ; hf_document_remove " KEY "plain ; hf_document_clear "
             "collection=elsewhere ; hf_document_guard write.expect=absent "
             "key.collection=elsewhere key.id=new"},
    {"get", 1, "hf_document_get collection=notes id=plain -> payload"},
    {"list", 3, "hf_document_list collection=notes limit=1 -> count=1"},
    {"collections", 2, "hf_document_names limit=1 -> count=1"},
};

static void any_allocation_may_fail_in_any_operation(void **unused)
{
	(void)unused;
	memory_sweep(arrangement, NULL, cases, sizeof cases / sizeof *cases);
}

/* --- Taking back ------------------------------------------------------------------------------ */

enum { MANY = 1500 };

static struct hf_document_key key_of(char *id, size_t size, char kind, unsigned i)
{
	(void)snprintf(id, size, "%c%06u", kind, i);
	return (struct hf_document_key){hf_str("notes"), hf_str(id)};
}

static void put_all(hf_store *store, hf_txn *txn, char kind, hf_time expires_at)
{
	for (unsigned i = 0; i < MANY; i++) {
		char id[16];
		const struct hf_document_put_args args = {
		    .key = key_of(id, sizeof id, kind, i),
		    .payload = hf_str(txn ? "later" : "p"),
		    .expires_at = expires_at == 0 ? 0 : expires_at + i,
		};
		assert_int_equal(hf_document_put(store, txn, &args, NULL, NULL), HF_OK);
	}
}

static void remove_all(hf_store *store, hf_txn *txn, char kind)
{
	for (unsigned i = 0; i < MANY; i++) {
		char id[16];
		const struct hf_document_remove_args args = {.key = key_of(id, sizeof id, kind, i)};
		assert_int_equal(hf_document_remove(store, txn, &args, NULL, NULL), HF_OK);
	}
}

struct refusing {
	size_t seen, from;
};

static bool refuses(void *ctx, size_t size)
{
	struct refusing *refusing = ctx;
	(void)size;
	return refusing->seen++ >= refusing->from;
}

/* What is changed for the second time enters an order once others have left it, and is in it still
 * when those come back. */
static int change_twice(hf_store *store, struct refusing *refusing)
{
	hf_txn *txn = NULL;
	assert_int_equal(hf_txn_begin(store, &txn, NULL), HF_OK);
	put_all(store, txn, 'x', 0);
	remove_all(store, txn, 'y');
	put_all(store, txn, 'x', STAGE_NOW + 2000000);
	const struct hf_document_remove_args none = {.key = {hf_str("notes"), hf_str("none")}};
	assert_int_equal(hf_document_remove(store, txn, &none, NULL, NULL), HF_OK);
	hf__mem_set_veto(refuses, refusing);
	const int rc = hf_txn_commit(txn, HF_DURABLE, NULL);
	hf__mem_set_veto(NULL, NULL);
	return rc;
}

static void taking_back_needs_no_memory_where_objects_changed_twice(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	put_all(stage->store, NULL, 'x', 0);
	put_all(stage->store, NULL, 'y', STAGE_NOW + 1000000);
	struct refusing all = {.from = SIZE_MAX};
	assert_int_equal(change_twice(stage->store, &all), HF_ENOTFOUND);
	for (size_t back = 1; back <= 100; back++) {
		struct refusing some = {.from = all.seen * (100 - back) / 100};
		const int rc = change_twice(stage->store, &some);
		assert_true(rc == HF_ENOMEM || rc == HF_ENOTFOUND);
		stage_verify(stage);
	}
	stage_close(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(any_allocation_may_fail_in_any_operation),
	    cmocka_unit_test(taking_back_needs_no_memory_where_objects_changed_twice),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
