/* tier: medium, long */
/* Index steps among many locks, also with a tenth whose lease is over: see lib/scene.h. */
#include "lib/scene.h"
#include "lib/test.h"

/* One in ten has a lease that is over by the time of the works: a tenth of all. Their
 * names come first in every list. */
static const char *prefix_of(unsigned i)
{
	return i % 10 == 3 ? "e" : "l";
}

static int acquire(struct scene *scene, hf_txn *txn, unsigned i, struct hf_result *result)
{
	char name[NAME];
	const struct hf_lock_acquire_args args = {.write = write_os,
	                                          .name = numbered(name, prefix_of(i), i),
	                                          .owner = hf_str("w"),
	                                          .lease_us = i % 10 == 3   ? SECOND + i
	                                                      : i % 10 == 4 ? 0
	                                                                    : 1000000 * SECOND + i};
	return hf_lock_acquire(scene->store, txn, &args, result, NULL);
}

static void fill_locks(struct scene *scene)
{
	for (unsigned i = 0; i < scene->count;) {
		hf_txn *txn = NULL;
		assert_int_equal(hf_txn_begin(scene->store, &txn, NULL), HF_OK);
		for (unsigned n = 0; n < BATCH && i < scene->count; n++, i++)
			assert_int_equal(acquire(scene, txn, i, NULL), HF_OK);
		assert_int_equal(hf_txn_commit(txn, HF_OS, NULL), HF_OK);
	}
	sim_advance(scene->sim, 100 * SECOND);
}

static void lock_acquire_new(struct scene *scene)
{
	assert_int_equal(acquire(scene, NULL, scene->count, NULL), HF_OK);
}

static hf_token token_of(struct scene *scene, unsigned i)
{
	struct hf_result result = {0};
	assert_int_equal(acquire(scene, NULL, i, &result), HF_OK); /* the owner takes it over */
	return result.token;
}

static void lock_acquire_ended(struct scene *scene)
{
	char name[NAME];
	const struct hf_lock_acquire_args args = {.write = write_os,
	                                          .name = numbered(name, "e", scene->count / 2 + 3),
	                                          .owner = hf_str("another"),
	                                          .lease_us = SECOND};
	assert_int_equal(hf_lock_acquire(scene->store, NULL, &args, NULL, NULL), HF_OK);
}

static void lock_acquire_held(struct scene *scene)
{
	char name[NAME];
	const struct hf_lock_acquire_args args = {.write = write_os,
	                                          .name = numbered(name, "l", scene->count / 2),
	                                          .owner = hf_str("another")};
	assert_int_equal(hf_lock_acquire(scene->store, NULL, &args, NULL, NULL), HF_EHELD);
}

static void lock_renew(struct scene *scene)
{
	char name[NAME];
	const struct hf_lock_renew_args args = {.write = write_os,
	                                        .name = numbered(name, "l", scene->count / 2),
	                                        .token = token_of(scene, scene->count / 2),
	                                        .lease_us = SECOND};
	assert_int_equal(hf_lock_renew(scene->store, NULL, &args, NULL, NULL), HF_OK);
}

static void lock_release(struct scene *scene)
{
	char name[NAME];
	const struct hf_lock_release_args args = {.write = write_os,
	                                          .name = numbered(name, "l", scene->count / 2 + 1),
	                                          .token = token_of(scene, scene->count / 2 + 1)};
	assert_int_equal(hf_lock_release(scene->store, NULL, &args, NULL, NULL), HF_OK);
}

static void lock_force_release(struct scene *scene)
{
	char name[NAME];
	const struct hf_lock_force_release_args args = {.write = write_os,
	                                                .name =
	                                                    numbered(name, "l", scene->count / 2 + 5),
	                                                .reason = hf_str("it hangs")};
	assert_int_equal(hf_lock_force_release(scene->store, NULL, &args, NULL, NULL), HF_OK);
}

static void nothing(void *ctx)
{
	(void)ctx;
}

static void lock_with(struct scene *scene)
{
	char name[NAME];
	const struct hf_lock_with_args args = {.name = numbered(name, "l", scene->count + 7)};
	assert_int_equal(hf_lock_with(scene->store, &args, nothing, NULL, NULL), HF_OK);
}

static void lock_check(struct scene *scene)
{
	char name[NAME];
	const struct hf_lock_check_args args = {.name = numbered(name, "l", scene->count / 2 + 6),
	                                        .token = 1};
	assert_int_equal(hf_lock_check(scene->store, &args, HF_READ_UNDURABLE, NULL), HF_ESTALE);
}

static void lock_get(struct scene *scene)
{
	char name[NAME];
	struct hf_lock_got got = {0};
	assert_int_equal(hf_lock_get(scene->store, numbered(name, "l", scene->count / 2 + 6),
	                             HF_READ_UNDURABLE, &got, NULL),
	                 HF_OK);
	hf_release(got.memory);
}

static void list_from(struct scene *scene, const char *page, bool keep)
{
	struct hf_lock_page out = {0};
	const struct hf_lock_list_args args = {.limit = PAGE, .page = page};
	assert_int_equal(hf_lock_list(scene->store, &args, HF_READ_UNDURABLE, &out, NULL), HF_OK);
	assert_int_equal(out.count, PAGE);
	assert_true(out.next && strlen(out.next) < sizeof scene->page);
	if (keep)
		memcpy(scene->page, out.next, strlen(out.next) + 1);
	hf_release(out.memory);
}

static void lock_list(struct scene *scene)
{
	list_from(scene, NULL, true);
}

static void lock_list_next(struct scene *scene)
{
	list_from(scene, scene->page, false);
}

static const struct work lock_works[] = {
    WORK("lock acquire, new", 0, lock_acquire_new),
    WORK("lock acquire, lease over", 0, lock_acquire_ended),
    WORK("lock acquire, refused", 0, lock_acquire_held),
    WORK("lock acquire and renew", 1, lock_renew),
    WORK("lock acquire and release", 1, lock_release),
    WORK("lock force_release", 0, lock_force_release),
    WORK("lock with", 0, lock_with),
    WORK("lock check", 0, lock_check),
    WORK("lock get", 0, lock_get),
    WORK("lock list", PAGE, lock_list),
    WORK("lock list, next page", PAGE, lock_list_next),
    STEPS("lock list, behind a name", PAGE,
          "undurable hf_lock_list limit=10 after=$l.2.0 -> count=10"),
    STEPS("lock list, behind what ended", PAGE,
          "undurable hf_lock_list limit=10 after=e -> count=10"),
};

static void many_locks_cost_what_a_thousand_do(void **state)
{
	(void)state;
	compare_steps(fill_locks, lock_works, sizeof lock_works / sizeof lock_works[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(many_locks_cost_what_a_thousand_do),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
