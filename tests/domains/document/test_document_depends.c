/* tier: fast */
/* No answer about documents gives away what a crash could still take back: reads, refusals and
 * "nothing changed" alike wait until the change that they depend on is durable, and for no other
 * one. */
#include "lib/operation/op_scene.h"
#include "lib/test.h"

#define KEY "key.collection=notes key.id="
#define PUT_X "hf_document_put payload=p now=now " KEY "x"
/* In place of one that is there: it is gone by this very put. */
#define PUT_OVER "hf_document_put expires_at=now " KEY "there"
#define PUT_ELSEWHERE "hf_document_put key.collection=elsewhere key.id=x"
#define REGROUP "hf_document_regroup group=g " KEY "there"
#define TAKE "hf_document_remove " KEY "there"
#define CLEAR "hf_document_clear collection=notes"
#define GET_X "hf_document_get collection=notes id=x"
#define GET_THERE "hf_document_get collection=notes id=there"
#define COUNT "hf_document_count collection=notes group=nobodys"
#define GUARD "hf_document_guard write.expect=absent " KEY "there"

static const struct depends_case cases[] = {
    {"get of a document just put", PUT_X, GET_X, HF_OK, true},
    {"the same, undurable asked for", PUT_X, "undurable " GET_X, HF_OK, false},
    {"list in which nothing new is", PUT_X, "hf_document_list collection=notes group=nobodys",
     HF_OK, true},
    {"list in an order not kept", PUT_X, "hf_document_list collection=notes by=updated", HF_EINVAL,
     true},
    {"count in which nothing new is", PUT_X, COUNT, HF_OK, true},
    {"collections", PUT_X, "hf_document_names", HF_OK, true},
    {"put of the same", PUT_X, PUT_X, HF_OK, true},
    {"put with other orders", PUT_X, "hf_document_put orders=updated " KEY "y", HF_ECONFLICT, true},
    {"a version that differs", PUT_X, "hf_document_put write.expect=absent " KEY "x", HF_ECONFLICT,
     true},
    {"get of a document just made to expire", PUT_OVER, GET_THERE, HF_ENOTFOUND, true},
    {"put that is over, where one is over", PUT_OVER, PUT_OVER, HF_OK, true},
    {"remove of a document just made to expire", PUT_OVER, TAKE, HF_ENOTFOUND, true},
    {"guard that holds by an expiry", PUT_OVER, GUARD, HF_OK, true},
    {"regroup to where it is", REGROUP, REGROUP, HF_OK, true},
    {"regroup of a document just removed", TAKE, REGROUP, HF_ENOTFOUND, true},
    {"get of a document just removed", TAKE, GET_THERE, HF_ENOTFOUND, true},
    {"has of a document just removed", TAKE, "hf_document_has collection=notes id=there -> value=0",
     HF_OK, true},
    {"remove of a document just removed", TAKE, TAKE, HF_ENOTFOUND, true},
    {"guard that holds by a removal", TAKE, GUARD, HF_OK, true},
    {"clear of a collection just cleared", CLEAR, CLEAR, HF_OK, true},
    /* Not waited for: what the answer has nothing to do with. */
    {"get beside another collection's change", PUT_ELSEWHERE, GET_THERE, HF_OK, false},
    {"a miss beside another collection's change", PUT_ELSEWHERE, GET_X, HF_ENOTFOUND, false},
    {"count beside another collection's change", PUT_ELSEWHERE, COUNT, HF_OK, false},
    {"get of another document of the collection", PUT_X, GET_THERE, HF_OK, false},
};

static void answers_wait_for_what_they_depend_on(void **unused)
{
	(void)unused;
	depends_check("hf_document_put payload=p " KEY "there", cases, sizeof cases / sizeof *cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(answers_wait_for_what_they_depend_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
