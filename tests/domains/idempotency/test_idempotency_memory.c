/* tier: fast */
/* Out of memory, at each allocation that each idempotency or migration operation makes: a clean
 * HF_ENOMEM, nothing done, nothing leaked (under the address sanitizer), and the same operation
 * works afterwards. */
#include "holdfast/migration.h"
#include "lib/operation/op_scene.h"
#include "lib/test.h"

#define BEGIN "hf_idempotency_begin fingerprint=f key.scope=s key.key="
#define HELD "key.scope=s key.key=held"

static const char arrangement[] =
    BEGIN "held lease_us=3600s => held & " BEGIN "over lease_us=1s & " BEGIN
          "done lease_us=1s => done & hf_idempotency_complete key.scope=s key.key=done token=$done "
          "response=response & hf_migration_record name=older & hf_migration_record name=old & "
          "time 2";

static int migrate(struct op_scene *s)
{
	const struct hf_migration list[] = {{.name = hf_str("one")}, {.name = hf_str("two")}};
	struct hf_migrated done = {0};
	struct hf_error error = {0};
	const int rc = hf_migrate(s->store, list, 2, &done, &error);
	assert_true(rc == HF_OK || error.code == rc);
	/* What was done before the failure stays: it is undone here, so that every run begins alike. */
	for (size_t i = 0; rc != HF_OK && i < done.applied; i++)
		assert_int_equal(hf_migration_forget(
		                     s->store, NULL,
		                     &(struct hf_migration_forget_args){.name = list[i].name}, NULL, NULL),
		                 HF_OK);
	return rc;
}

static const struct op_special specials[] = {{"migrate", migrate}, {NULL, NULL}};

static const struct memory_case cases[] = {
    {"begin", 2, BEGIN "new -> outcome=1"},
    {"begin in a new scope", 3,
     "hf_idempotency_begin fingerprint=f key.scope=another key.key=new -> outcome=1"},
    {"begin what is over", 0, BEGIN "over -> outcome=1"},
    {"begin what is done", 1, BEGIN "done -> outcome=4 response=response"},
    {"begin in a transaction", 5, BEGIN "done -> outcome=4 ; " BEGIN "done -> outcome=4"},
    {"complete", 1, "hf_idempotency_complete " HELD " token=$held response=the_response"},
    {"abandon", 0, "hf_idempotency_abandon " HELD " token=$held"},
    {"put", 2, "hf_idempotency_put key.scope=s key.key=done fingerprint=g response=another"},
    {"remove", 0, "hf_idempotency_remove " HELD},
    {"clear", 0, "hf_idempotency_clear scope=s"},
    {"settle", 0, "settle"},
    {"get", 1, "hf_idempotency_get scope=s key=done -> response"},
    {"list", 3, "hf_idempotency_list scope=s limit=1 -> count=1 next"},
    {"scopes", 2, "hf_idempotency_names -> count=1"},
    {"migrate", 6, "migrate"},
    {"forget", 0, "hf_migration_forget name=old"},
    {"migrations", 3, "hf_migration_list limit=1 -> count=1 next"},
};

static void any_allocation_may_fail_in_any_operation(void **unused)
{
	(void)unused;
	memory_sweep(arrangement, specials, cases, sizeof cases / sizeof *cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(any_allocation_may_fail_in_any_operation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
