/* tier: fast */
/* No answer about a lock gives away what a crash could still take back: reads, refusals and
 * "nothing changed" alike wait until the change that they depend on is durable, and for no other
 * one. And out of memory, at each allocation of each operation: a clean HF_ENOMEM, nothing done. */
#include "lib/operation/op_scene.h"
#include "lib/test.h"

#define ACQUIRE "hf_lock_acquire name="
#define TAKE_FREE ACQUIRE "free owner=w1 lease_us=1000s"
#define TAKE_OVER ACQUIRE "held owner=w1 lease_us=1000s"
#define BY_ANOTHER ACQUIRE "free owner=w2"
#define GIVE_BACK "hf_lock_release name=held token=$held"
#define RENEW "hf_lock_renew name=held token=$held lease_us=2000s"
#define FORCE "hf_lock_force_release name=held reason=why_not"
#define PUT "hf_lock_put name=free owner=w1 acquired_at=5 lease_until=now+1000s"
#define SET_BACK "hf_clock_set_back reason=the_wall_clock_was_wrong"
/* The clock of the scene runs ahead of the wall by a second, which this takes back. */
#define AHEAD "time 1 & " TAKE_FREE " & time 0 & " SET_BACK
#define CHECK "hf_lock_check name=held token=$held"
#define GET "hf_lock_get name="
#define LIST "hf_lock_list limit=1"
#define WITH "hf_lock_with name="
#define GUARD_HELD "hf_lock_guard_held name=held token=$held"

static const char arrangement[] = TAKE_OVER " => held & " ACQUIRE "other owner=w1 lease_us=1000s";

static const struct depends_case waits[] = {
    {"get of a lock just taken", TAKE_FREE, GET "free", HF_OK, true},
    {"acquire of a lock just taken", TAKE_FREE, BY_ANOTHER, HF_EHELD, true},
    {"callback on a lock just taken", TAKE_FREE, WITH "free", HF_EHELD, true},
    {"get of a lock just released", GIVE_BACK, GET "held", HF_ENOTFOUND, true},
    {"check after a release", GIVE_BACK, CHECK, HF_ESTALE, true},
    {"the same, undurable asked for", GIVE_BACK, "undurable " CHECK, HF_ESTALE, false},
    {"callback on a lock just released", GIVE_BACK, WITH "held", HF_OK, true},
    {"release of a lock just released", GIVE_BACK, GIVE_BACK, HF_ESTALE, true},
    {"guard that holds by a release", GIVE_BACK, "hf_lock_guard write.expect=absent name=held",
     HF_OK, true},
    {"guard_held after a release", GIVE_BACK, GUARD_HELD, HF_ESTALE, true},
    {"force of a lock just freed", FORCE, FORCE, HF_OK, true},
    {"check after the owner took it over", TAKE_OVER, CHECK, HF_ESTALE, true},
    {"check after renewing", RENEW, CHECK, HF_OK, true},
    {"guard_held after renewing", RENEW, GUARD_HELD, HF_OK, true},
    {"renew to where it is", RENEW, RENEW, HF_OK, true},
    {"put of what is put", PUT, PUT, HF_OK, true},
    {"list", TAKE_FREE, LIST, HF_OK, true},
    {"stats", GIVE_BACK, "hf_lock_get_stats", HF_OK, true},
    /* The time by which each answer judges may go back again with the set-back. */
    {"get after a set-back", AHEAD, GET "other", HF_OK, true},
    {"check after a set-back", AHEAD, CHECK, HF_OK, true},
    {"guard_held after a set-back", AHEAD, GUARD_HELD, HF_OK, true},
    {"list after a set-back", AHEAD, LIST, HF_OK, true},
    {"callback on a held lock after a set-back", AHEAD, WITH "held", HF_EHELD, true},
    {"acquire of a held lock after a set-back", AHEAD, BY_ANOTHER, HF_EHELD, true},
    {"a second set-back", AHEAD, SET_BACK, HF_OK, true},
    /* Not waited for: what the answer has nothing to do with. */
    {"get beside another lock's change", GIVE_BACK, GET "other", HF_OK, false},
    {"check beside another lock's change", TAKE_FREE, CHECK, HF_OK, false},
    {"guard beside another lock's change", TAKE_FREE, GUARD_HELD, HF_OK, false},
};

static void answers_wait_for_what_they_depend_on(void **unused)
{
	(void)unused;
	depends_check(arrangement, waits, sizeof waits / sizeof *waits);
}

static const struct memory_case cases[] = {
    {"acquire", 2, TAKE_FREE},
    {"acquire by the owner", 0, TAKE_OVER},
    /* The other lock's lease is over. */
    {"acquire what ended", 1, "time 1000 & " ACQUIRE "other owner=another_owner lease_us=1000s"},
    {"release", 0, GIVE_BACK},
    {"renew", 0, RENEW},
    {"force_release", 0, FORCE},
    {"put", 2, PUT},
    {"settle", 0, "time 1000 & settle"},
    {"get", 1, GET "held"},
    {"list", 3, LIST},
    {"guard_held", 3, GUARD_HELD},
    {"callback", 0, WITH "free"},
};

static void any_allocation_may_fail_in_any_operation(void **unused)
{
	(void)unused;
	memory_sweep(arrangement, NULL, cases, sizeof cases / sizeof *cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(answers_wait_for_what_they_depend_on),
	    cmocka_unit_test(any_allocation_may_fail_in_any_operation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
