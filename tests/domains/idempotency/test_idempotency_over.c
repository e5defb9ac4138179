/* tier: fast */
/* One scope, scopes with a prefix, and all: lists, counts and clears, compared with a recount, in
 * scopes of strange bytes; what has ended; tokens; and what is refused. */
#include "lib/settings.h"
#include "lib/test.h"

#include "holdfast/holdfast.h"

static const struct hf_bytes scopes[] = {{"a", 1},  {"a:", 2},    {"a:b", 3},
                                         {"a%", 2}, {"a\xff", 2}, {"a\xff\xff", 3},
                                         {"b", 1},  {"\xff", 1},  {"\xff\xff", 2}};
static const char *const keys[] = {"k1", "k:2", "~"};
static const struct hf_bytes prefixes[] = {{"a", 1},    {"a:", 2},       {"a\xff", 2},
                                           {"\xff", 1}, {"\xff\xff", 2}, {"zzz", 3},
                                           {"b", 1},    {"a\xff\xff", 3}};
enum {
	SCOPES = sizeof scopes / sizeof *scopes,
	KEYS = 3,
	PREFIXES = sizeof prefixes / sizeof *prefixes
};

static bool is_over(enum hf_idempotency_over over, struct hf_bytes part, struct hf_bytes scope)
{
	if (over == HF_IDEMPOTENCY_OVER_SCOPE)
		return part.len == scope.len && memcmp(part.data, scope.data, part.len) == 0;
	return part.len <= scope.len && (part.len == 0 || memcmp(part.data, scope.data, part.len) == 0);
}

/* Every scope holds all keys but "b", which holds one; the second key of each ends. */
static void fill(struct stage *stage)
{
	for (size_t i = 0; i < SCOPES; i++)
		for (size_t k = 0; k < KEYS; k++) {
			const struct hf_idempotency_put_args args = {.key = {scopes[i], hf_str(keys[k])},
			                                             .expires_at = k == 1 ? STAGE_NOW + 1000000
			                                                                  : HF_UNSET};
			if (k == 0 || scopes[i].data != scopes[6].data)
				assert_int_equal(hf_idempotency_put(stage->store, NULL, &args, NULL, NULL), HF_OK);
		}
	stage_at(stage, STAGE_NOW + 2000000);
}

/* What must be listed, in order: scopes stand by their bytes above. */
static size_t expected(enum hf_idempotency_over over, struct hf_bytes part,
                       struct hf_idempotency_key out[SCOPES * KEYS])
{
	static const unsigned order[SCOPES] = {0, 3, 1, 2, 4, 5, 6, 7, 8}; /* '%' before ':' */
	size_t count = 0;
	for (size_t i = 0; i < SCOPES; i++)
		for (size_t k = 0; k < KEYS; k += 2)
			if (is_over(over, part, scopes[order[i]]) && (k == 0 || order[i] != 6))
				out[count++] = (struct hf_idempotency_key){scopes[order[i]], hf_str(keys[k])};
	return count;
}

static bool same_bytes(struct hf_bytes a, struct hf_bytes b)
{
	return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

static void expect_list(hf_store *store, struct hf_idempotency_list_args args,
                        const struct hf_idempotency_key *want, size_t count)
{
	static char token[2048];
	size_t at = 0;
	args.size = sizeof args;
	do {
		struct hf_idempotency_page page = {.size = sizeof page};
		assert_int_equal(hf_idempotency_list(store, &args, 0, &page, NULL), HF_OK);
		for (size_t i = 0; i < page.count; i++, at++)
			assert_true(at < count && same_bytes(page.items[i].key.scope, want[at].scope) &&
			            same_bytes(page.items[i].key.key, want[at].key));
		args.page = page.next ? memcpy(token, page.next, strlen(page.next) + 1) : NULL;
		args.after = NULL;
		hf_release(page.memory);
	} while (args.page);
	assert_int_equal(at, count);
}

static void expect_part(hf_store *store, enum hf_idempotency_over over, struct hf_bytes part)
{
	struct hf_idempotency_key want[SCOPES * KEYS];
	const size_t count = expected(over, part, want);
	struct hf_idempotency_counts counts = {.size = sizeof counts};
	const struct hf_idempotency_count_args counted = {.scope = part, .over = over};
	assert_int_equal(hf_idempotency_count_over(store, &counted, 0, &counts, NULL), HF_OK);
	assert_true(counts.done == count && counts.in_progress == 0 && counts.as_of != 0);
	for (size_t limit = 0; limit < 4; limit++) {
		struct hf_idempotency_list_args args = {.scope = part, .over = over, .limit = limit};
		expect_list(store, args, want, count);
		for (size_t at = 0; at < count; at++) {
			args.after = &want[at];
			expect_list(store, args, want + at + 1, count - at - 1);
		}
	}
}

static void expect_all_parts(hf_store *store)
{
	expect_part(store, HF_IDEMPOTENCY_OVER_ALL, hf_bytes_of(NULL, 0));
	for (size_t i = 0; i < SCOPES; i++)
		expect_part(store, HF_IDEMPOTENCY_OVER_SCOPE, scopes[i]);
	for (size_t i = 0; i < PREFIXES; i++)
		expect_part(store, HF_IDEMPOTENCY_OVER_PREFIX, prefixes[i]);
}

static void a_part_is_the_whole_filtered(void **state)
{
	(void)state;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		struct stage *stage = stage_open(setting);
		fill(stage);
		stage_switch(stage);
		expect_all_parts(stage->store);
		assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK); /* logs what has ended */
		expect_all_parts(stage->store);
		stage_close(stage);
	}
}

/* A position in a scope that is gone, between scopes, in front of a prefix, and behind it. */
static void a_position_need_not_be_in_the_part(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct hf_idempotency_key want[SCOPES * KEYS];
	fill(stage);
	const size_t count = expected(HF_IDEMPOTENCY_OVER_PREFIX, prefixes[0], want);
	static const struct {
		struct hf_idempotency_key after;
		size_t first; /* of the expected */
	} cases[] = {
	    {{{"", 0}, {"", 0}}, 0},     {{{"A", 1}, {"z", 1}}, 0},
	    {{{"a", 1}, {"", 0}}, 0},    {{{"a", 1}, {"k1", 2}}, 1},
	    {{{"a", 1}, {"~~", 2}}, 2},  {{{"a\x01", 2}, {"k", 1}}, 2},
	    {{{"a:", 2}, {"k2", 2}}, 5}, {{{"a\xff\xff\xff", 4}, {"", 0}}, 12},
	    {{{"b", 1}, {"", 0}}, 12},   {{{"zz", 2}, {"", 0}}, 12},
	};
	assert_int_equal(count, 12);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		for (size_t limit = 0; limit < 3; limit++) {
			const struct hf_idempotency_list_args args = {.scope = prefixes[0],
			                                              .over = HF_IDEMPOTENCY_OVER_PREFIX,
			                                              .limit = limit,
			                                              .after = &cases[i].after};
			expect_list(stage->store, args, want + cases[i].first, count - cases[i].first);
		}
	stage_close(stage);
}

static uint64_t clear(struct stage *stage, enum hf_idempotency_over over, struct hf_bytes part)
{
	struct hf_result result = {.size = sizeof result};
	const struct hf_idempotency_clear_args args = {
	    .size = sizeof args, .scope = part, .over = over};
	assert_int_equal(hf_idempotency_clear(stage->store, NULL, &args, &result, NULL), HF_OK);
	assert_true(result.changed == (result.count > 0));
	return result.count;
}

static void expect_left(hf_store *store, uint64_t left)
{
	struct hf_idempotency_counts counts = {.size = sizeof counts};
	const struct hf_idempotency_count_args all = {.over = HF_IDEMPOTENCY_OVER_ALL};
	assert_int_equal(hf_idempotency_count_over(store, &all, 0, &counts, NULL), HF_OK);
	assert_true(counts.done == left);
}

static void a_clear_takes_the_part_and_no_more(void **state)
{
	(void)state;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		struct stage *stage = stage_open(setting);
		fill(stage);
		stage_switch(stage);
		expect_left(stage->store, 17);
		assert_int_equal(clear(stage, HF_IDEMPOTENCY_OVER_PREFIX, prefixes[5]), 0); /* none */
		assert_int_equal(clear(stage, HF_IDEMPOTENCY_OVER_PREFIX, prefixes[1]), 4); /* a: */
		expect_left(stage->store, 13);
		assert_int_equal(clear(stage, HF_IDEMPOTENCY_OVER_SCOPE, scopes[4]), 2); /* a\xff alone */
		assert_int_equal(clear(stage, HF_IDEMPOTENCY_OVER_PREFIX, prefixes[4]), 2); /* \xff\xff */
		expect_left(stage->store, 9);
		stage_switch(stage);
		expect_left(stage->store, 9);
		assert_int_equal(clear(stage, HF_IDEMPOTENCY_OVER_ALL, hf_bytes_of(NULL, 0)), 9);
		assert_int_equal(clear(stage, HF_IDEMPOTENCY_OVER_ALL, hf_bytes_of(NULL, 0)), 0);
		expect_left(stage->store, 0);
		stage_close(stage);
	}
}

/* In a transaction it sees what the operations before it did, and goes with it. */
static void a_clear_in_a_transaction_is_part_of_it(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	fill(stage);
	for (unsigned refused = 0; refused < 2; refused++) {
		hf_txn *txn;
		struct hf_result result = {.size = sizeof result};
		const struct hf_idempotency_put_args put = {.key = {hf_str("a:new"), hf_str("k")},
		                                            .expires_at = HF_UNSET,
		                                            .write.literal_times = true};
		const struct hf_idempotency_clear_args args = {
		    .size = sizeof args, .scope = hf_str("a:"), .over = HF_IDEMPOTENCY_OVER_PREFIX};
		const struct hf_idempotency_guard_args guard = {
		    .key = put.key, .write.expect = refused ? HF_ABSENT : HF_ABSENT - 1};
		assert_int_equal(hf_txn_begin(stage->store, &txn, NULL), HF_OK);
		assert_int_equal(hf_idempotency_put(stage->store, txn, &put, NULL, NULL), HF_OK);
		assert_int_equal(hf_idempotency_clear(stage->store, txn, &args, &result, NULL), HF_OK);
		assert_int_equal(hf_idempotency_guard(stage->store, txn, &guard, NULL, NULL), HF_OK);
		assert_int_equal(hf_txn_commit(txn, HF_DURABLE, NULL), refused ? HF_OK : HF_ECONFLICT);
		assert_true(!refused || result.count == 5);
		expect_left(stage->store, refused ? 13 : 17);
		stage_verify(stage);
	}
	stage_close(stage);
}

static int list_code(hf_store *store, struct hf_idempotency_list_args args)
{
	struct hf_idempotency_page page = {.size = sizeof page};
	args.size = sizeof args;
	const int rc = hf_idempotency_list(store, &args, 0, &page, NULL);
	hf_release(page.memory);
	return rc;
}

static void a_token_is_of_one_part(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	fill(stage);
	static const struct hf_idempotency_list_args parts[] = {
	    {.scope = {"a", 1}, .limit = 1},
	    {.scope = {"a", 1}, .limit = 1, .over = HF_IDEMPOTENCY_OVER_PREFIX},
	    {.scope = {"a:", 2}, .limit = 1, .over = HF_IDEMPOTENCY_OVER_PREFIX},
	    {.limit = 1, .over = HF_IDEMPOTENCY_OVER_ALL},
	};
	for (size_t i = 0; i < 4; i++) {
		struct hf_idempotency_page page = {.size = sizeof page};
		struct hf_idempotency_list_args args = parts[i];
		args.size = sizeof args;
		assert_int_equal(hf_idempotency_list(stage->store, &args, 0, &page, NULL), HF_OK);
		for (size_t j = 0; j < 4; j++) {
			args = parts[j];
			args.page = page.next;
			assert_int_equal(list_code(stage->store, args), i == j ? HF_OK : HF_EINVAL);
		}
		hf_release(page.memory);
	}
	stage_close(stage);
}

static void what_does_not_go_together_is_refused(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	static char longest[HF_KEY_MAX + 1];
	memset(longest, '\xff', sizeof longest);
	const struct {
		struct hf_bytes scope;
		enum hf_idempotency_over over;
	} cases[] = {
	    {{NULL, 0}, HF_IDEMPOTENCY_OVER_SCOPE},    {{NULL, 0}, HF_IDEMPOTENCY_OVER_PREFIX},
	    {{"a", 1}, HF_IDEMPOTENCY_OVER_ALL},       {{"a\0", 2}, HF_IDEMPOTENCY_OVER_PREFIX},
	    {{"a", 1}, (enum hf_idempotency_over)3},   {{"a", 1}, (enum hf_idempotency_over) - 1},
	    {{NULL, 3}, HF_IDEMPOTENCY_OVER_PREFIX},   {{longest, 513}, HF_IDEMPOTENCY_OVER_PREFIX},
	    {{longest, 513}, HF_IDEMPOTENCY_OVER_ALL},
	};
	fill(stage);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct hf_idempotency_list_args list = {.scope = cases[i].scope,
		                                              .over = cases[i].over};
		const struct hf_idempotency_count_args count = {.scope = cases[i].scope,
		                                                .over = cases[i].over};
		const struct hf_idempotency_clear_args clearing = {
		    .size = sizeof clearing, .scope = cases[i].scope, .over = cases[i].over};
		struct hf_idempotency_counts counts = {.size = sizeof counts};
		assert_int_equal(list_code(stage->store, list), HF_EINVAL);
		assert_int_equal(hf_idempotency_count_over(stage->store,
		                                           &(struct hf_idempotency_count_args){
		                                               sizeof count, count.scope, count.over},
		                                           0, &counts, NULL),
		                 HF_EINVAL);
		assert_int_equal(hf_idempotency_clear(stage->store, NULL, &clearing, NULL, NULL),
		                 HF_EINVAL);
	}
	expect_left(stage->store, 17);
	/* the longest there is */
	const struct hf_idempotency_list_args all_ff = {.scope = {longest, HF_KEY_MAX},
	                                                .over = HF_IDEMPOTENCY_OVER_PREFIX};
	assert_int_equal(list_code(stage->store, all_ff), HF_OK);
	stage_close(stage);
}

/* Nothing was released without it: a caller that says no size is one of today. */
static void a_part_needs_no_size(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	const struct hf_idempotency_clear_args args = {.scope = hf_str("a"),
	                                               .over = HF_IDEMPOTENCY_OVER_PREFIX};
	struct hf_idempotency_list_args left = {
	    .size = sizeof left, .scope = hf_str("a"), .over = HF_IDEMPOTENCY_OVER_PREFIX};
	struct hf_idempotency_page page = {0};
	struct hf_result result = {0};
	fill(stage);
	assert_int_equal(hf_idempotency_clear(stage->store, NULL, &args, &result, NULL), HF_OK);
	assert_true(result.count > 2); /* not only the scope of that name */
	assert_int_equal(hf_idempotency_list(stage->store, &left, 0, &page, NULL), HF_OK);
	assert_int_equal(page.count, 0);
	hf_release(page.memory);
	stage_close(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_part_is_the_whole_filtered),
	    cmocka_unit_test(a_position_need_not_be_in_the_part),
	    cmocka_unit_test(a_clear_takes_the_part_and_no_more),
	    cmocka_unit_test(a_clear_in_a_transaction_is_part_of_it),
	    cmocka_unit_test(a_token_is_of_one_part),
	    cmocka_unit_test(what_does_not_go_together_is_refused),
	    cmocka_unit_test(a_part_needs_no_size),
	};
	return cmocka_run_group_tests_name("idempotency over scopes", tests, NULL, NULL);
}
