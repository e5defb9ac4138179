/* tier: fast */
/* Out of memory, at each allocation that each document operation makes: a clean HF_ENOMEM,
 * nothing done, nothing leaked (under the address sanitizer), and the same operation works
 * afterwards. */
#include "lib/operation/op_scene.h"
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
    {"get", 2, "hf_document_get collection=notes id=plain -> payload"},
    {"list", 4, "hf_document_list collection=notes limit=1 -> count=1"},
    {"collections", 2, "hf_document_names limit=1 -> count=1"},
};

static void any_allocation_may_fail_in_any_operation(void **unused)
{
	(void)unused;
	memory_sweep(arrangement, NULL, cases, sizeof cases / sizeof *cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(any_allocation_may_fail_in_any_operation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
