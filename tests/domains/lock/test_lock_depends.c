/* tier: fast */
/* No answer about a lock gives away what a crash could still take back: reads, refusals and
 * "nothing changed" alike wait until the change that they depend on is durable, and for no other
 * one. And out of memory, at each allocation of each operation: a clean HF_ENOMEM, nothing done. */
#include "base/mem.h"
#include "holdfast/clock.h"
#include "holdfast/lock.h"
#include "lib/settings.h"
#include "lib/test.h"
#include "store/store.h"

#define LEASE INT64_C(1000000000)
#define SECOND INT64_C(1000000)

struct scene {
	struct stage *stage;
	hf_store *store;
	hf_token token; /* of "held" */
	hf_token other; /* of "other" */
};

static int acquire_as(struct scene *s, hf_txn *txn, const char *name, const char *owner,
                      int64_t lease, struct hf_result *result)
{
	const struct hf_lock_acquire_args args = {
	    .name = hf_str(name), .owner = hf_str(owner), .lease_us = lease};
	return hf_lock_acquire(s->store, txn, &args, result, NULL);
}

static void open_scene(struct scene *s)
{
	struct hf_result result;
	*s = (struct scene){.stage = stage_open(SETTING_LIVE)};
	s->store = s->stage->store;
	assert_int_equal(acquire_as(s, NULL, "held", "w1", LEASE, &result), HF_OK);
	s->token = result.token;
	assert_int_equal(acquire_as(s, NULL, "other", "w1", LEASE, &result), HF_OK);
	s->other = result.token;
}

/* --- Changes ---------------------------------------------------------------------------------- */

static int take_free(struct scene *s, hf_txn *txn)
{
	return acquire_as(s, txn, "free", "w1", LEASE, NULL);
}
static int take_over(struct scene *s, hf_txn *txn)
{
	return acquire_as(s, txn, "held", "w1", LEASE, NULL);
}
static int give_back(struct scene *s, hf_txn *txn)
{
	return hf_lock_release(
	    s->store, txn, &(struct hf_lock_release_args){.name = hf_str("held"), .token = s->token},
	    NULL, NULL);
}
static int renew(struct scene *s, hf_txn *txn)
{
	const struct hf_lock_renew_args args = {
	    .name = hf_str("held"), .token = s->token, .lease_us = 2 * LEASE};
	return hf_lock_renew(s->store, txn, &args, NULL, NULL);
}
static int force(struct scene *s, hf_txn *txn)
{
	const struct hf_lock_force_release_args args = {.name = hf_str("held"),
	                                                .reason = hf_str("why not")};
	return hf_lock_force_release(s->store, txn, &args, NULL, NULL);
}
static int put(struct scene *s, hf_txn *txn)
{
	const struct hf_lock_put_args args = {.name = hf_str("free"),
	                                      .owner = hf_str("w1"),
	                                      .acquired_at = 5,
	                                      .lease_until = STAGE_NOW + LEASE};
	return hf_lock_put(s->store, txn, &args, NULL, NULL);
}

/* The clock of the scene runs ahead of the wall by a second, which this takes back. */
static int set_back(struct scene *s, hf_txn *txn)
{
	const struct hf_clock_set_back_args args = {.reason = hf_str("the wall clock was wrong")};
	if (!txn)
		return hf_clock_set_back(s->store, NULL, &args, NULL, NULL);
	stage_at(s->stage, STAGE_NOW + SECOND);
	assert_int_equal(take_free(s, NULL), HF_OK);
	stage_at(s->stage, STAGE_NOW);
	return hf_clock_set_back(s->store, txn, &args, NULL, NULL);
}

/* --- Answers ---------------------------------------------------------------------------------- */

static int check_as(struct scene *s, unsigned flags)
{
	return hf_lock_check(s->store, &(struct hf_lock_check_args){hf_str("held"), s->token}, flags,
	                     NULL);
}
static int check(struct scene *s)
{
	return check_as(s, 0);
}
static int check_undurable(struct scene *s)
{
	return check_as(s, HF_READ_UNDURABLE);
}
static int get(struct scene *s, const char *name)
{
	struct hf_lock_got got;
	const int rc = hf_lock_get(s->store, hf_str(name), 0, &got, NULL);
	hf_release(got.memory);
	return rc;
}
static int get_free(struct scene *s)
{
	return get(s, "free");
}
static int get_held(struct scene *s)
{
	return get(s, "held");
}
static int get_other(struct scene *s)
{
	return get(s, "other");
}
static int list(struct scene *s)
{
	struct hf_lock_page page;
	const int rc = hf_lock_list(s->store, &(struct hf_lock_list_args){.limit = 1}, 0, &page, NULL);
	hf_release(page.memory);
	return rc;
}
static int stats(struct scene *s)
{
	struct hf_lock_stats out;
	return hf_lock_get_stats(s->store, 0, &out, NULL);
}
static int acquire_by_another(struct scene *s)
{
	return acquire_as(s, NULL, "free", "w2", 0, NULL);
}
static int release_again(struct scene *s)
{
	return give_back(s, NULL);
}
static int renew_again(struct scene *s)
{
	return renew(s, NULL);
}
static int force_again(struct scene *s)
{
	return force(s, NULL);
}
static int put_again(struct scene *s)
{
	return put(s, NULL);
}
static int set_back_again(struct scene *s)
{
	return set_back(s, NULL);
}
static void nothing(void *ctx)
{
	(void)ctx;
}
static int with_held(struct scene *s)
{
	return hf_lock_with(s->store, &(struct hf_lock_with_args){.name = hf_str("held")}, nothing,
	                    NULL, NULL);
}
static int with_free(struct scene *s)
{
	return hf_lock_with(s->store, &(struct hf_lock_with_args){.name = hf_str("free")}, nothing,
	                    NULL, NULL);
}
static int guard_version(struct scene *s)
{
	hf_txn *txn;
	const struct hf_lock_guard_args args = {.write.expect = HF_ABSENT, .name = hf_str("held")};
	assert_int_equal(hf_txn_begin(s->store, &txn, NULL), HF_OK);
	assert_int_equal(hf_lock_guard(s->store, txn, &args, NULL, NULL), HF_OK);
	return hf_txn_commit(txn, HF_DURABLE, NULL);
}
static int guard_held(struct scene *s)
{
	hf_txn *txn;
	const struct hf_lock_guard_held_args args = {.name = hf_str("held"), .token = s->token};
	int rc = hf_txn_begin(s->store, &txn, NULL);
	if (rc != HF_OK)
		return rc;
	rc = hf_lock_guard_held(s->store, txn, &args, NULL, NULL);
	if (rc == HF_OK)
		return hf_txn_commit(txn, HF_DURABLE, NULL);
	hf_txn_abandon(txn);
	return rc;
}

/* --- What waits for what ---------------------------------------------------------------------- */

static const struct row {
	const char *name;
	int (*change)(struct scene *, hf_txn *);
	int (*answer)(struct scene *);
	int code;
	bool waits;
} rows[] = {
    {"get of a lock just taken", take_free, get_free, HF_OK, true},
    {"acquire of a lock just taken", take_free, acquire_by_another, HF_EHELD, true},
    {"callback on a lock just taken", take_free, with_free, HF_EHELD, true},
    {"get of a lock just released", give_back, get_held, HF_ENOTFOUND, true},
    {"check after a release", give_back, check, HF_ESTALE, true},
    {"the same, undurable asked for", give_back, check_undurable, HF_ESTALE, false},
    {"callback on a lock just released", give_back, with_held, HF_OK, true},
    {"release of a lock just released", give_back, release_again, HF_ESTALE, true},
    {"guard that holds by a release", give_back, guard_version, HF_OK, true},
    {"guard_held after a release", give_back, guard_held, HF_ESTALE, true},
    {"force of a lock just freed", force, force_again, HF_OK, true},
    {"check after the owner took it over", take_over, check, HF_ESTALE, true},
    {"check after renewing", renew, check, HF_OK, true},
    {"guard_held after renewing", renew, guard_held, HF_OK, true},
    {"renew to where it is", renew, renew_again, HF_OK, true},
    {"put of what is put", put, put_again, HF_OK, true},
    {"list", take_free, list, HF_OK, true},
    {"stats", give_back, stats, HF_OK, true},
    /* The time by which each answer judges may go back again with the set-back. */
    {"get after a set-back", set_back, get_other, HF_OK, true},
    {"check after a set-back", set_back, check, HF_OK, true},
    {"guard_held after a set-back", set_back, guard_held, HF_OK, true},
    {"list after a set-back", set_back, list, HF_OK, true},
    {"callback on a held lock after a set-back", set_back, with_held, HF_EHELD, true},
    {"acquire of a held lock after a set-back", set_back, acquire_by_another, HF_EHELD, true},
    {"a second set-back", set_back, set_back_again, HF_OK, true},
    /* Not waited for: what the answer has nothing to do with. */
    {"get beside another lock's change", give_back, get_other, HF_OK, false},
    {"check beside another lock's change", take_free, check, HF_OK, false},
    {"guard beside another lock's change", take_free, guard_held, HF_OK, false},
};

static hf_lsn durable_lsn(hf_store *store)
{
	struct hf_info info;
	assert_int_equal(hf_get_info(store, &info, NULL), HF_OK);
	return info.durable_lsn;
}

static void run_row(const struct row *row)
{
	struct scene scene;
	struct hf__ticket ticket;
	hf_txn *txn;
	open_scene(&scene);
	assert_int_equal(hf_txn_begin(scene.store, &txn, NULL), HF_OK);
	assert_int_equal(row->change(&scene, txn), HF_OK);
	assert_int_equal(hf__submit(scene.store, txn, HF_DURABLE, &ticket, NULL), HF_OK);
	assert_true(ticket.due > 0 && durable_lsn(scene.store) < ticket.due);
	const int rc = row->answer(&scene);
	if (rc != row->code)
		fail_msg("%s: %s", row->name, hf_code_name(rc));
	if ((durable_lsn(scene.store) >= ticket.due) != row->waits)
		fail_msg("%s: %s", row->name, row->waits ? "did not wait" : "waited");
	/* It would have been waited for in any case had the answer written anything. */
	assert_int_equal(hf_sync(scene.store, NULL), HF_OK);
	if (durable_lsn(scene.store) != ticket.due)
		fail_msg("%s: it wrote something", row->name);
	stage_close(scene.stage);
}

static void answers_wait_for_what_they_depend_on(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		run_row(&rows[i]);
}

/* --- Out of memory ---------------------------------------------------------------------------- */

static int acquire_free(struct scene *s)
{
	return take_free(s, NULL);
}
static int acquire_own(struct scene *s)
{
	return take_over(s, NULL);
}
/* The other lock's lease is over. */
static int acquire_ended(struct scene *s)
{
	stage_at(s->stage, STAGE_NOW + LEASE);
	return acquire_as(s, NULL, "other", "another owner", LEASE, NULL);
}
static int settle(struct scene *s)
{
	stage_at(s->stage, STAGE_NOW + LEASE);
	return hf_maintain(s->store, 0, NULL);
}

static const struct {
	const char *name;
	int (*run)(struct scene *);
	unsigned allocations; /* at least */
} operations[] = {
    {"acquire", acquire_free, 2},
    {"acquire by the owner", acquire_own, 0},
    {"acquire what ended", acquire_ended, 1},
    {"release", release_again, 0},
    {"renew", renew_again, 0},
    {"force_release", force_again, 0},
    {"put", put_again, 2},
    {"settle", settle, 0},
    {"get", get_held, 2},
    {"list", list, 3},
    {"guard_held", guard_held, 3},
    {"callback", with_free, 0},
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

/* Runs the operation with allocation number `at` failing. true: it makes no more of them. */
static bool run_with(const char *name, int (*run)(struct scene *), unsigned at, unsigned *refused)
{
	struct scene scene;
	struct veto veto = {.at = at};
	open_scene(&scene);
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
	    cmocka_unit_test(answers_wait_for_what_they_depend_on),
	    cmocka_unit_test(any_allocation_may_fail_in_any_operation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
