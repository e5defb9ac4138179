/* tier: fast */
/* Out of memory, at each allocation that each idempotency or migration operation makes: a clean
 * HF_ENOMEM, nothing done, nothing leaked (under the address sanitizer), and the same operation
 * works afterwards. */
#include "base/mem.h"
#include "holdfast/migration.h"
#include "lib/domains/idem_ops.h"
#include "lib/settings.h"
#include "lib/test.h"

#define SECOND INT64_C(1000000)

struct scene {
	struct stage *stage;
	hf_token held;
};

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

static int begin_of(struct scene *s, const char *scope, const char *key,
                    enum hf_idempotency_outcome outcome)
{
	struct hf_idempotency_begun begun;
	const struct hf_idempotency_begin_args args = {.key = id_key(scope, key),
	                                               .fingerprint = hf_str("f")};
	const int rc = hf_idempotency_begin(s->stage->store, NULL, &args, &begun, NULL, NULL);
	assert_int_equal(begun.outcome, rc == HF_OK ? outcome : HF_IDEMPOTENCY_UNDECIDED);
	assert_true(rc == HF_OK || (!begun.memory && begun.token == 0));
	assert_int_equal(begun.response.len, rc == HF_OK && outcome == HF_IDEMPOTENCY_REPLAY ? 8 : 0);
	hf_release(begun.memory);
	return rc;
}
static int begin(struct scene *s)
{
	return begin_of(s, "s", "new", HF_IDEMPOTENCY_NEW);
}
static int begin_elsewhere(struct scene *s)
{
	return begin_of(s, "another", "new", HF_IDEMPOTENCY_NEW);
}
static int begin_over(struct scene *s)
{
	return begin_of(s, "s", "over", HF_IDEMPOTENCY_NEW);
}
static int begin_done(struct scene *s)
{
	return begin_of(s, "s", "done", HF_IDEMPOTENCY_REPLAY);
}
static int begin_in_a_transaction(struct scene *s)
{
	struct hf_idempotency_begun begun = {.memory = NULL};
	const struct hf_idempotency_begin_args args = {.key = id_key("s", "done"),
	                                               .fingerprint = hf_str("f")};
	hf_txn *txn;
	int rc = hf_txn_begin(s->stage->store, &txn, NULL);
	if (rc != HF_OK)
		return rc;
	rc = hf_idempotency_begin(s->stage->store, txn, &args, &begun, NULL, NULL);
	if (rc == HF_OK)
		rc = hf_txn_commit(txn, HF_DURABLE, NULL);
	else
		hf_txn_abandon(txn);
	assert_true(rc != HF_OK || begun.outcome == HF_IDEMPOTENCY_REPLAY);
	hf_release(begun.memory);
	return rc;
}
static int complete(struct scene *s)
{
	const struct hf_idempotency_complete_args args = {
	    .key = id_key("s", "held"), .token = s->held, .response = hf_str("the response")};
	return hf_idempotency_complete(s->stage->store, NULL, &args, NULL, NULL);
}
static int abandon(struct scene *s)
{
	const struct hf_idempotency_abandon_args args = {.key = id_key("s", "held"), .token = s->held};
	return hf_idempotency_abandon(s->stage->store, NULL, &args, NULL, NULL);
}
static int put(struct scene *s)
{
	const struct hf_idempotency_put_args args = {
	    .key = id_key("s", "done"), .fingerprint = hf_str("g"), .response = hf_str("another")};
	return hf_idempotency_put(s->stage->store, NULL, &args, NULL, NULL);
}
static int remove_it(struct scene *s)
{
	return hf_idempotency_remove(s->stage->store, NULL,
	                             &(struct hf_idempotency_remove_args){.key = id_key("s", "held")},
	                             NULL, NULL);
}
static int clear(struct scene *s)
{
	return hf_idempotency_clear(s->stage->store, NULL,
	                            &(struct hf_idempotency_clear_args){.scope = hf_str("s")}, NULL,
	                            NULL);
}
static int settle(struct scene *s)
{
	return hf_maintain(s->stage->store, 0, NULL);
}

static int get(struct scene *s)
{
	struct hf_idempotency_got got;
	const struct hf_idempotency_key key = id_key("s", "done");
	const int rc = hf_idempotency_get(s->stage->store, &key, 0, &got, NULL);
	hf_release(got.memory);
	return rc;
}
static int list(struct scene *s)
{
	struct hf_idempotency_page page;
	const struct hf_idempotency_list_args args = {.scope = hf_str("s"), .limit = 1};
	const int rc = hf_idempotency_list(s->stage->store, &args, 0, &page, NULL);
	assert_int_equal(page.count, rc == HF_OK);
	assert_true(rc != HF_OK || page.next);
	hf_release(page.memory);
	return rc;
}
static int scopes(struct scene *s)
{
	struct hf_name_page page;
	const int rc = hf_idempotency_names(s->stage->store, NULL, 0, &page, NULL);
	assert_int_equal(page.count, rc == HF_OK);
	hf_release(page.memory);
	return rc;
}

static int migrate(struct scene *s)
{
	const struct hf_migration list[] = {{.name = hf_str("one")}, {.name = hf_str("two")}};
	struct hf_migrated done;
	struct hf_error error = {0};
	const int rc = hf_migrate(s->stage->store, list, 2, &done, &error);
	assert_true(rc == HF_OK || error.code == rc);
	/* What was done before the failure stays: it is undone here, so that every run begins alike. */
	for (size_t i = 0; rc != HF_OK && i < done.applied; i++)
		assert_int_equal(hf_migration_forget(
		                     s->stage->store, NULL,
		                     &(struct hf_migration_forget_args){.name = list[i].name}, NULL, NULL),
		                 HF_OK);
	return rc;
}
static int forget(struct scene *s)
{
	return hf_migration_forget(s->stage->store, NULL,
	                           &(struct hf_migration_forget_args){.name = hf_str("old")}, NULL,
	                           NULL);
}
static int migrations(struct scene *s)
{
	struct hf_migration_page page;
	const int rc = hf_migration_list(s->stage->store, &(struct hf_migration_list_args){.limit = 1},
	                                 0, &page, NULL);
	assert_int_equal(page.count, rc == HF_OK);
	assert_true(rc != HF_OK || page.next);
	hf_release(page.memory);
	return rc;
}

static const struct {
	const char *name;
	int (*run)(struct scene *);
	unsigned allocations; /* at least; what only takes away needs none of its own */
} operations[] = {
    {"begin", begin, 2},
    {"begin in a new scope", begin_elsewhere, 3},
    {"begin what is over", begin_over, 0},
    {"begin what is done", begin_done, 2},
    {"begin in a transaction", begin_in_a_transaction, 5},
    {"complete", complete, 1},
    {"abandon", abandon, 0},
    {"put", put, 2},
    {"remove", remove_it, 0},
    {"clear", clear, 0},
    {"settle", settle, 0},
    {"get", get, 2},
    {"list", list, 3},
    {"scopes", scopes, 3},
    {"migrate", migrate, 6},
    {"forget", forget, 0},
    {"migrations", migrations, 3},
};

/* --- The sweep -------------------------------------------------------------------------------- */

static void arrange(struct scene *s)
{
	s->stage = stage_open(SETTING_LIVE);
	hf_store *store = s->stage->store;
	s->held = id_begin(store, "s", "held", "f", 3600 * SECOND).token;
	(void)id_begin(store, "s", "over", "f", SECOND);
	id_complete(store, "s", "done", id_begin(store, "s", "done", "f", SECOND).token, "response", 0);
	for (unsigned i = 0; i < 2; i++) {
		const struct hf_migration_record_args args = {.name = hf_str(i ? "old" : "older")};
		assert_int_equal(hf_migration_record(store, NULL, &args, NULL, NULL), HF_OK);
	}
	stage_at(s->stage, STAGE_NOW + 2 * SECOND);
}

/* Runs the operation with allocation number `at` failing. true: it makes no more of them. */
static bool run_with(const char *name, int (*run)(struct scene *), unsigned at, unsigned *refused)
{
	struct scene scene;
	struct veto veto = {.at = at};
	arrange(&scene);
	struct hf__writer before = stage_dump(scene.stage);
	hf__mem_set_veto(veto_one, &veto);
	const int rc = run(&scene);
	hf__mem_set_veto(NULL, NULL);
	if (rc == HF_ENOMEM) {
		struct hf__writer after = stage_dump(scene.stage);
		stage_verify(scene.stage);
		if (!hf__bytes_equal(hf_bytes_of(before.data, before.len),
		                     hf_bytes_of(after.data, after.len)))
			fail_msg("%s, allocation %u: refused, and yet something changed", name, at);
		hf__writer_deinit(&after);
		++*refused;
		if (run(&scene) != HF_OK)
			fail_msg("%s, allocation %u: does not work afterwards", name, at);
	} else if (rc != HF_OK) {
		fail_msg("%s, allocation %u: %s", name, at, hf_code_name(rc));
	}
	hf__writer_deinit(&before);
	stage_close(scene.stage);
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
