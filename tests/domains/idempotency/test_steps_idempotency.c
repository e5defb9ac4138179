/* tier: medium, long */
/* Index steps among many idempotency keys: see lib/scene.h. A tenth of them have expired,
 * unlogged, and all of those come first in the order of their scope; a thousand other scopes
 * hold one key each, of which a hundred have expired. */
#include "lib/scene.h"
#include "lib/test.h"

#define SCOPE "scope"

static struct hf_idempotency_key key_of(char out[NAME], const char *prefix, unsigned number)
{
	return (struct hf_idempotency_key){hf_str(SCOPE), numbered(out, prefix, number)};
}

/* The first tenth expires a second from now: "a0", "a1", ...; the others stay: "k0", "k1", ... */
static void put_one(struct scene *scene, hf_txn *txn, unsigned i)
{
	char key[NAME], scope[NAME];
	const unsigned tenth = scene->count / 10;
	const bool expires = i < tenth;
	struct hf_idempotency_put_args args = {.write = write_os,
	                                       .key = key_of(key, expires ? "a" : "k", i),
	                                       .status = 200,
	                                       .response = hf_str("r"),
	                                       .expires_at = expires ? SCENE_NOW + SECOND : HF_UNSET};
	if (i >= scene->count) {
		args.key.scope = numbered(scope, i % 10 ? "t" : "b", i);
		args.expires_at = i % 10 ? HF_UNSET : SCENE_NOW + SECOND;
	}
	assert_int_equal(hf_idempotency_put(scene->store, txn, &args, NULL, NULL), HF_OK);
}

static void fill_keys(struct scene *scene)
{
	for (unsigned i = 0; i < scene->count + 1000;) {
		hf_txn *txn = NULL;
		assert_int_equal(hf_txn_begin(scene->store, &txn, NULL), HF_OK);
		for (unsigned n = 0; n < BATCH && i < scene->count + 1000; n++, i++)
			put_one(scene, txn, i);
		assert_int_equal(hf_txn_commit(txn, HF_OS, NULL), HF_OK);
	}
	sim_set_now(scene->sim, SCENE_NOW + 2 * SECOND);
	struct hf_idempotency_page page = {0};
	const struct hf_idempotency_list_args args = {
	    .scope = hf_str(SCOPE), .limit = scene->count / 2, .without_response = true};
	assert_int_equal(hf_idempotency_list(scene->store, &args, HF_READ_UNDURABLE, &page, NULL),
	                 HF_OK);
	assert_true(page.next && strlen(page.next) < sizeof scene->page);
	memcpy(scene->page, page.next, strlen(page.next) + 1);
	hf_release(page.memory);
}

/* --- Works ------------------------------------------------------------------------------------ */

static struct hf_idempotency_begun begin(struct scene *scene, const char *prefix, unsigned number,
                                         int64_t lease, enum hf_idempotency_outcome outcome)
{
	char key[NAME];
	struct hf_idempotency_begun begun = {0};
	const struct hf_idempotency_begin_args args = {
	    .write = write_os, .key = key_of(key, prefix, number), .lease_us = lease};
	assert_int_equal(hf_idempotency_begin(scene->store, NULL, &args, &begun, NULL, NULL), HF_OK);
	assert_int_equal(begun.outcome, outcome);
	hf_release(begun.memory);
	return begun;
}

static void begin_new(struct scene *scene)
{
	(void)begin(scene, "new", 1, 0, HF_IDEMPOTENCY_NEW);
}

static void begin_in_progress(struct scene *scene)
{
	(void)begin(scene, "new", 1, 0, HF_IDEMPOTENCY_IN_PROGRESS);
}

static void begin_expired(struct scene *scene)
{
	(void)begin(scene, "a", scene->count / 20, 100 * SECOND, HF_IDEMPOTENCY_NEW);
}

static void begin_done(struct scene *scene)
{
	(void)begin(scene, "k", scene->count / 2, 0, HF_IDEMPOTENCY_REPLAY);
}

static void begin_complete(struct scene *scene)
{
	char key[NAME];
	const struct hf_idempotency_begun begun = begin(scene, "new", 2, SECOND, HF_IDEMPOTENCY_NEW);
	const struct hf_idempotency_complete_args args = {
	    .write = write_os, .key = key_of(key, "new", 2), .token = begun.token};
	assert_int_equal(hf_idempotency_complete(scene->store, NULL, &args, NULL, NULL), HF_OK);
}

static void begin_abandon(struct scene *scene)
{
	char key[NAME];
	const struct hf_idempotency_begun begun = begin(scene, "new", 3, SECOND, HF_IDEMPOTENCY_NEW);
	const struct hf_idempotency_abandon_args args = {
	    .write = write_os, .key = key_of(key, "new", 3), .token = begun.token};
	assert_int_equal(hf_idempotency_abandon(scene->store, NULL, &args, NULL, NULL), HF_OK);
}

static void complete_stale(struct scene *scene)
{
	char key[NAME];
	const struct hf_idempotency_complete_args args = {
	    .write = write_os, .key = key_of(key, "k", scene->count / 2), .token = 1};
	assert_int_equal(hf_idempotency_complete(scene->store, NULL, &args, NULL, NULL), HF_ESTALE);
}

static void put_over(struct scene *scene)
{
	char key[NAME];
	const struct hf_idempotency_put_args args = {
	    .write = write_os, .key = key_of(key, "k", scene->count / 2 + 1), .status = 201};
	assert_int_equal(hf_idempotency_put(scene->store, NULL, &args, NULL, NULL), HF_OK);
}

static void remove_there(struct scene *scene)
{
	char key[NAME];
	const struct hf_idempotency_remove_args args = {.write = write_os,
	                                                .key = key_of(key, "k", scene->count / 2 + 2)};
	assert_int_equal(hf_idempotency_remove(scene->store, NULL, &args, NULL, NULL), HF_OK);
}

static void get_there(struct scene *scene)
{
	char text[NAME];
	struct hf_idempotency_got got = {0};
	const struct hf_idempotency_key key = key_of(text, "k", scene->count / 2);
	assert_int_equal(hf_idempotency_get(scene->store, &key, HF_READ_UNDURABLE, &got, NULL), HF_OK);
	hf_release(got.memory);
}

static void has_expired(struct scene *scene)
{
	char text[NAME];
	bool has;
	const struct hf_idempotency_key key = key_of(text, "a", 1);
	assert_int_equal(hf_idempotency_has(scene->store, &key, HF_READ_UNDURABLE, &has, NULL), HF_OK);
	assert_false(has);
}

static void list_page(struct scene *scene, const char *page)
{
	struct hf_idempotency_page got = {0};
	const struct hf_idempotency_list_args args = {
	    .scope = hf_str(SCOPE), .limit = PAGE, .page = page};
	assert_int_equal(hf_idempotency_list(scene->store, &args, HF_READ_UNDURABLE, &got, NULL),
	                 HF_OK);
	assert_int_equal(got.count, PAGE);
	hf_release(got.memory);
}

static void list_first(struct scene *scene)
{
	list_page(scene, NULL);
}

static void list_middle(struct scene *scene)
{
	list_page(scene, scene->page);
}

static void count_scope(struct scene *scene)
{
	struct hf_idempotency_counts counts = {0};
	assert_int_equal(
	    hf_idempotency_count(scene->store, hf_str(SCOPE), HF_READ_UNDURABLE, &counts, NULL), HF_OK);
	/* one more and one less by the works before */
	assert_int_equal(counts.done, scene->count - scene->count / 10);
	assert_int_equal(counts.in_progress, 2);
}

/* A hundred scopes in which everything has expired come first. */
static void list_scopes(struct scene *scene)
{
	struct hf_name_page page = {0};
	const struct hf_names_args args = {.limit = PAGE};
	assert_int_equal(hf_idempotency_names(scene->store, &args, HF_READ_UNDURABLE, &page, NULL),
	                 HF_OK);
	assert_int_equal(page.count, PAGE);
	assert_memory_equal(page.items[0].data, SCOPE, strlen(SCOPE));
	hf_release(page.memory);
}

static void settle_all(struct scene *scene)
{
	assert_int_equal(hf_maintain(scene->store, 0, NULL), HF_OK);
}

static const struct work works[] = {
    WORK("idempotency begin, new", 0, begin_new),
    WORK("idempotency begin, in progress", 0, begin_in_progress),
    WORK("idempotency begin, expired", 0, begin_expired),
    WORK("idempotency begin, done", 0, begin_done),
    WORK("idempotency begin, complete", 0, begin_complete),
    WORK("idempotency begin, abandon", 0, begin_abandon),
    WORK("idempotency complete, stale", 0, complete_stale),
    WORK("idempotency put", 0, put_over),
    WORK("idempotency remove", 0, remove_there),
    WORK("idempotency get", 0, get_there),
    WORK("idempotency has, expired", 0, has_expired),
    WORK("idempotency list, first page", PAGE, list_first),
    WORK("idempotency list, middle page", PAGE, list_middle),
    STEPS("idempotency list, behind a key", PAGE,
          "undurable hf_idempotency_list scope=scope limit=10 after.key=$k.2.0 -> count=10"),
    STEPS("idempotency list, behind what expired", PAGE,
          "undurable hf_idempotency_list scope=scope limit=10 after.key=a -> count=10"),
    STEPS("idempotency list, all scopes", PAGE,
          "undurable hf_idempotency_list over=all limit=10 -> count=10"),
    STEPS("idempotency list, behind one of a scope", PAGE,
          "undurable hf_idempotency_list over=all limit=10 after.scope=scope after.key=$k.2.0 "
          "-> count=10"),
    STEPS("idempotency list, scopes with a prefix", PAGE,
          "undurable hf_idempotency_list scope=t over=prefix limit=10 -> count=10"),
    STEPS("idempotency count, scopes with a prefix", 1000,
          "undurable hf_idempotency_count_over scope=t over=prefix -> done=900"),
    STEPS("idempotency scopes, behind one", PAGE,
          "undurable hf_idempotency_names limit=10 after=a -> count=10"),
    WORK("idempotency count", 0, count_scope),
    WORK("idempotency scopes", PAGE, list_scopes),
    /* A tenth of all: two jumps for each, so that it is no more than a logarithm. */
    WORK("idempotency settle, all expired", PER_TEN(2), settle_all),
    WORK("idempotency list, once settled", PAGE, list_first),
};

static void many_keys_cost_what_a_thousand_do(void **state)
{
	(void)state;
	compare_steps(fill_keys, works, sizeof works / sizeof works[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(many_keys_cost_what_a_thousand_do),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
