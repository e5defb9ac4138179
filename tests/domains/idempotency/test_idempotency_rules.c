/* tier: fast, threads */
/* Ends, incarnations, tokens, transactions and form of idempotency keys, beyond what the table
 * says. */
#include <time.h>

#include "holdfast/cursor.h"
#include "lib/domains/idem_ops.h"
#include "lib/settings.h"
#include "lib/test.h"
#include "store/store.h"

#define SECOND INT64_C(1000000)

static hf_lsn last_lsn(hf_store *store)
{
	struct hf_info info = {0};
	assert_int_equal(hf_get_info(store, &info, NULL), HF_OK);
	return info.last_lsn;
}

static int complete(hf_store *store, const char *key, hf_token token)
{
	const struct hf_idempotency_complete_args args = {
	    .key = id_key("s", key), .token = token, .response = hf_str("late")};
	return hf_idempotency_complete(store, NULL, &args, NULL, NULL);
}

/* --- Ends ------------------------------------------------------------------------------------- */

static void an_owner_is_fenced_at_the_very_instant_its_lease_is_over(void **unused)
{
	(void)unused;
	for (unsigned logged = 0; logged < 2; logged++) {
		for (enum setting setting = 0; setting < SETTINGS; setting++) {
			struct stage *stage = stage_open(setting);
			const hf_token first = id_begin(stage->store, "s", "k", "f", SECOND).token;
			stage_at(stage, STAGE_NOW + SECOND - 1);
			stage_switch(stage);
			const struct hf_idempotency_begun again = id_begin(stage->store, "s", "k", "f", SECOND);
			assert_int_equal(again.outcome, HF_IDEMPOTENCY_IN_PROGRESS);
			assert_true(again.lease_until == STAGE_NOW + SECOND && again.token == 0);
			stage_at(stage, STAGE_NOW + SECOND);
			if (logged)
				assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
			stage_verify(stage);
			assert_false(id_has(stage->store, "s", "k"));
			assert_int_equal(complete(stage->store, "k", first), HF_ESTALE);
			const struct hf_idempotency_begun second =
			    id_begin(stage->store, "s", "k", "another", SECOND);
			assert_int_equal(second.outcome, HF_IDEMPOTENCY_NEW);
			assert_true(second.token > first);
			assert_int_equal(complete(stage->store, "k", first), HF_ESTALE);
			id_complete(stage->store, "s", "k", second.token, "r", 0);
			assert_int_equal(complete(stage->store, "k", second.token), HF_ESTALE);
			stage_close(stage);
		}
	}
}

static void a_lease_is_never_cut_short_by_a_ttl_and_a_ttl_ends_what_has_none(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct hf_idempotency_begun begun = {0};
	struct hf_idempotency_begin_args args = {.key = id_key("s", "leased"),
	                                         .lease_us = 3 * HF_IDEMPOTENCY_TTL_US};
	assert_int_equal(hf_idempotency_begin(stage->store, NULL, &args, &begun, NULL, NULL), HF_OK);
	assert_true(begun.expires_at == STAGE_NOW + 3 * HF_IDEMPOTENCY_TTL_US);
	args = (struct hf_idempotency_begin_args){.key = id_key("s", "unleased"), .ttl_us = SECOND};
	assert_int_equal(hf_idempotency_begin(stage->store, NULL, &args, &begun, NULL, NULL), HF_OK);
	assert_true(begun.lease_until == HF_UNSET && begun.expires_at == STAGE_NOW + SECOND);
	args = (struct hf_idempotency_begin_args){
	    .key = id_key("s", "ever"), .lease_us = INT64_MAX, .ttl_us = INT64_MAX};
	assert_int_equal(hf_idempotency_begin(stage->store, NULL, &args, &begun, NULL, NULL), HF_OK);
	assert_true(begun.lease_until == INT64_MAX && begun.expires_at == INT64_MAX);
	stage_at(stage, STAGE_NOW + SECOND);
	assert_string_equal(id_list(stage->store, "s", 0), "ever leased");
	stage_at(stage, STAGE_NOW + 3 * HF_IDEMPOTENCY_TTL_US);
	assert_string_equal(id_list(stage->store, "s", 0), "ever");
	stage_close(stage);
}

static void logging_an_ending_changes_no_answer_and_is_logged_once(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	(void)id_begin(stage->store, "s", "a", "f", SECOND);
	(void)id_put(stage->store, "s", "b", "r", STAGE_NOW + SECOND);
	(void)id_put(stage->store, "s", "c", "r", STAGE_NOW + 2 * SECOND);
	stage_at(stage, STAGE_NOW + SECOND);
	const hf_lsn before = last_lsn(stage->store);
	assert_string_equal(id_list(stage->store, "s", 0), "c");
	assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
	assert_true(last_lsn(stage->store) == before + 2);
	assert_string_equal(id_list(stage->store, "s", 0), "c");
	assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
	assert_true(last_lsn(stage->store) == before + 2);
	stage_close(stage);
}

/* Nobody calls: the thread that every store has logs the ending. */
static void an_ending_is_logged_while_the_store_is_open(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	(void)id_begin(stage->store, "s", "a", "f", SECOND);
	assert_int_equal(hf_close(stage->store, NULL), HF_OK);
	struct hf_options options = stage->options;
	options.no_background = false;
	assert_int_equal(
	    hf__store_open(stage_os(stage), hf__all_domains(), &options, &stage->store, NULL), HF_OK);
	const hf_lsn before = last_lsn(stage->store);
	stage_at(stage, STAGE_NOW + SECOND);
	for (unsigned i = 0; i < 400 && last_lsn(stage->store) == before; i++)
		(void)nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	assert_true(last_lsn(stage->store) == before + 1);
	stage_close(stage);
}

static void reopening_frees_what_was_owned_without_a_lease_and_nothing_else(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	const hf_token bare = id_begin(stage->store, "s", "bare", "f", 0).token;
	const hf_token leased = id_begin(stage->store, "s", "leased", "f", 60 * SECOND).token;
	assert_string_equal(id_count(stage->store, "s"), "2 0");
	stage_switch_to(stage, SETTING_LOADED);
	assert_string_equal(id_list(stage->store, "s", 0), "bare leased");
	stage_switch_to(stage, SETTING_REOPENED);
	assert_string_equal(id_list(stage->store, "s", 0), "leased");
	assert_string_equal(id_count(stage->store, "s"), "1 0");
	assert_int_equal(complete(stage->store, "bare", bare), HF_ESTALE);
	assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
	stage_verify(stage);
	assert_int_equal(complete(stage->store, "leased", leased), HF_OK);
	const struct hf_idempotency_begun again = id_begin(stage->store, "s", "bare", "f", 0);
	assert_int_equal(again.outcome, HF_IDEMPOTENCY_NEW);
	assert_true(again.token > leased);
	stage_switch_to(stage, SETTING_LOADED);
	assert_int_equal(complete(stage->store, "bare", again.token), HF_OK);
	stage_close(stage);
}

static void clear_counts_what_had_not_ended_and_takes_the_rest_along(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	const struct hf_idempotency_clear_args args = {.scope = hf_str("s")};
	struct hf_result result = {0};
	(void)id_begin(stage->store, "s", "a", "f", SECOND);
	(void)id_begin(stage->store, "s", "b", "f", 0);
	(void)id_put(stage->store, "s", "c", "r", 0);
	(void)id_put(stage->store, "s", "d", "r", STAGE_NOW + SECOND);
	(void)id_put(stage->store, "t", "a", "r", 0);
	stage_at(stage, STAGE_NOW + SECOND);
	assert_int_equal(hf_idempotency_clear(stage->store, NULL, &args, &result, NULL), HF_OK);
	assert_true(result.changed && result.count == 2 && result.version == 0);
	const hf_lsn after = last_lsn(stage->store);
	assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
	assert_true(last_lsn(stage->store) == after); /* nothing is left to end */
	assert_int_equal(hf_idempotency_clear(stage->store, NULL, &args, &result, NULL), HF_OK);
	assert_false(result.changed);
	assert_string_equal(id_scopes(stage->store, 0), "t");
	stage_close(stage);
}

/* --- Transactions ----------------------------------------------------------------------------- */

static void advance(hf_store *store, hf_txn *txn, int64_t sequence)
{
	const struct hf_cursor_advance_args args = {.key = {hf_str("c"), hf_str("s"), hf_str("")},
	                                            .sequence = sequence};
	assert_int_equal(hf_cursor_advance(store, txn, &args, NULL, NULL), HF_OK);
}

static void a_completion_and_its_effects_are_one_or_nothing(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	const struct hf_cursor_key cursor = {hf_str("c"), hf_str("s"), hf_str("")};
	const hf_token token = id_begin(stage->store, "s", "k", "f", SECOND).token;
	struct hf_cursor_got got = {0};
	struct hf_error error = {0};
	hf_txn *txn;
	for (unsigned late = 0; late < 2; late++) {
		stage_at(stage, STAGE_NOW + (late ? SECOND : 0));
		assert_int_equal(hf_txn_begin(stage->store, &txn, NULL), HF_OK);
		advance(stage->store, txn, 5 + late);
		const struct hf_idempotency_complete_args args = {.key = id_key("s", "k"),
		                                                  .token = late ? token : token + 1};
		assert_int_equal(hf_idempotency_complete(stage->store, txn, &args, NULL, NULL), HF_OK);
		assert_int_equal(hf_txn_commit(txn, HF_DURABLE, &error), HF_ESTALE);
		assert_int_equal(error.operation, 1);
		assert_int_equal(hf_cursor_get(stage->store, &cursor, 0, &got, NULL), HF_ENOTFOUND);
	}
	const hf_token next = id_begin(stage->store, "s", "k", "f", SECOND).token;
	assert_int_equal(hf_txn_begin(stage->store, &txn, NULL), HF_OK);
	advance(stage->store, txn, 7);
	const struct hf_idempotency_guard_owner_args guard = {.key = id_key("s", "k"), .token = next};
	assert_int_equal(hf_idempotency_guard_owner(stage->store, txn, &guard, NULL, NULL), HF_OK);
	const struct hf_idempotency_complete_args args = {
	    .key = id_key("s", "k"), .token = next, .status = 3};
	assert_int_equal(hf_idempotency_complete(stage->store, txn, &args, NULL, NULL), HF_OK);
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, &error), HF_OK);
	assert_int_equal(hf_cursor_get(stage->store, &cursor, 0, &got, NULL), HF_OK);
	hf_release(got.memory);
	assert_int_equal(id_begin(stage->store, "s", "k", "f", SECOND).status, 3);
	stage_close(stage);
}

static void a_transaction_sees_what_its_earlier_operations_did(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct hf_idempotency_begun begun[3] = {0};
	struct hf_result results[3] = {0};
	hf_txn *txn;
	assert_int_equal(hf_txn_begin(stage->store, &txn, NULL), HF_OK);
	const struct hf_idempotency_begin_args args = {.key = id_key("s", "k"),
	                                               .fingerprint = hf_str("f")};
	const struct hf_idempotency_put_args put = {.key = id_key("s", "k"),
	                                            .fingerprint = hf_str("f"),
	                                            .status = 9,
	                                            .response = hf_str("mine")};
	assert_int_equal(hf_idempotency_begin(stage->store, txn, &args, &begun[0], &results[0], NULL),
	                 HF_OK);
	assert_int_equal(hf_idempotency_begin(stage->store, txn, &args, &begun[1], &results[1], NULL),
	                 HF_OK);
	assert_int_equal(hf_idempotency_put(stage->store, txn, &put, NULL, NULL), HF_OK);
	assert_int_equal(hf_idempotency_begin(stage->store, txn, &args, &begun[2], &results[2], NULL),
	                 HF_OK);
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, NULL), HF_OK);
	assert_int_equal(begun[0].outcome, HF_IDEMPOTENCY_NEW);
	assert_int_equal(begun[1].outcome, HF_IDEMPOTENCY_IN_PROGRESS);
	assert_int_equal(begun[2].outcome, HF_IDEMPOTENCY_REPLAY);
	assert_true(begun[2].status == 9 && hf__bytes_equal(begun[2].response, hf_str("mine")));
	assert_true(results[0].changed && !results[1].changed && !results[2].changed);
	for (size_t i = 0; i < 3; i++)
		hf_release(begun[i].memory);
	assert_int_equal(complete(stage->store, "k", begun[0].token), HF_ESTALE);
	stage_close(stage);
}

/* --- Form ------------------------------------------------------------------------------------- */

static char long_scope[HF_KEY_MAX + 2], long_key[HF_IDEMPOTENCY_KEY_MAX + 2];

static void names_that_break_the_rules_are_refused_everywhere(void **unused)
{
	(void)unused;
	memset(long_scope, 's', HF_KEY_MAX + 1);
	memset(long_key, 'k', HF_IDEMPOTENCY_KEY_MAX + 1);
	const struct {
		struct hf_idempotency_key key;
		bool good;
	} names[] = {
	    {{hf_str(""), hf_str("k")}, false},
	    {{hf_str("s"), hf_str("")}, false},
	    {{hf_str("a:b"), hf_str("k")}, true},
	    {{hf_str(":%"), hf_str("k")}, true},
	    {{hf_bytes_of("a\0b", 3), hf_str("k")}, false},
	    {{hf_str("s"), hf_str("a b")}, false},
	    {{hf_str("s"), hf_str("\x7f")}, false},
	    {{hf_str("s"), hf_str("\x1f")}, false},
	    {{hf_str("s"), hf_bytes_of("a\0", 2)}, false},
	    {{hf_str("s"), hf_str("\xc3\xa9")}, false},
	    {{hf_str(long_scope), hf_str("k")}, false},
	    {{hf_str("s"), hf_str(long_key)}, false},
	    {{hf_str(" \xff\n"), hf_str("!~:")}, true},
	    {{hf_str(long_scope + 1), hf_str(long_key + 1)}, true},
	};
	struct stage *stage = stage_open(SETTING_LIVE);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		const struct hf_idempotency_key key = names[i].key, *k = &names[i].key;
		const bool good = names[i].good;
		const int form = good ? HF_OK : HF_EINVAL;
		struct hf_idempotency_begun begun = {0};
		struct hf_idempotency_got got = {0};
		char text[HF_IDEMPOTENCY_TEXT_MAX + 1];
		bool has;
		assert_int_equal(hf_idempotency_begin(stage->store, NULL,
		                                      &(struct hf_idempotency_begin_args){.key = key},
		                                      &begun, NULL, NULL),
		                 form);
		const struct hf_idempotency_complete_args done = {.key = key, .token = begun.token};
		assert_int_equal(hf_idempotency_complete(stage->store, NULL, &done, NULL, NULL), form);
		assert_int_equal(hf_idempotency_put(stage->store, NULL,
		                                    &(struct hf_idempotency_put_args){.key = key}, NULL,
		                                    NULL),
		                 form);
		assert_int_equal(hf_idempotency_get(stage->store, k, 0, &got, NULL), form);
		hf_release(got.memory);
		assert_int_equal(hf_idempotency_has(stage->store, k, 0, &has, NULL), form);
		assert_int_equal(hf_idempotency_remove(stage->store, NULL,
		                                       &(struct hf_idempotency_remove_args){.key = key},
		                                       NULL, NULL),
		                 form);
		const struct hf_idempotency_abandon_args left = {.key = key, .token = 7};
		assert_int_equal(hf_idempotency_abandon(stage->store, NULL, &left, NULL, NULL),
		                 good ? HF_ESTALE : HF_EINVAL);
		assert_int_equal(hf_idempotency_text(k, text, NULL), form);
		assert_true(good ? strlen(text) >= key.scope.len + 1 + key.key.len : text[0] == '\0');
		char scope[HF_KEY_MAX];
		struct hf_idempotency_key parsed;
		assert_int_equal(hf_idempotency_parse(hf_str(text), scope, &parsed, NULL), form);
		if (good)
			assert_true(hf__bytes_equal(parsed.scope, key.scope) &&
			            hf__bytes_equal(parsed.key, key.key));
	}
	stage_close(stage);
}

static void other_arguments_that_break_the_rules_are_refused(void **unused)
{
	(void)unused;
	static char fingerprint[HF_IDEMPOTENCY_FINGERPRINT_MAX + 1];
	struct stage *stage = stage_open(SETTING_LIVE);
	hf_store *store = stage->store;
	struct hf_idempotency_begun begun = {0};
	struct hf_idempotency_counts counts = {0};
	struct hf_error error = {0};
	const struct hf_idempotency_key key = id_key("s", "k");
	const struct hf_bytes most = hf_bytes_of(fingerprint, HF_IDEMPOTENCY_FINGERPRINT_MAX),
	                      more = hf_bytes_of(fingerprint, sizeof fingerprint);
	/* refused unread */
	const struct hf_bytes huge = hf_bytes_of(fingerprint, (size_t)HF_PAYLOAD_MAX + 1);
	assert_int_equal(
	    hf_idempotency_begin(store, NULL,
	                         &(struct hf_idempotency_begin_args){.key = key, .fingerprint = more},
	                         &begun, NULL, NULL),
	    HF_EINVAL);
	assert_int_equal(
	    hf_idempotency_begin(store, NULL,
	                         &(struct hf_idempotency_begin_args){.key = key, .lease_us = -1},
	                         &begun, NULL, NULL),
	    HF_EINVAL);
	assert_int_equal(hf_idempotency_begin(
	                     store, NULL, &(struct hf_idempotency_begin_args){.key = key, .ttl_us = -1},
	                     &begun, NULL, NULL),
	                 HF_EINVAL);
	assert_int_equal(hf_idempotency_begin(store, NULL,
	                                      &(struct hf_idempotency_begin_args){.key = key}, NULL,
	                                      NULL, NULL),
	                 HF_EINVAL);
	assert_int_equal(
	    hf_idempotency_complete(store, NULL,
	                            &(struct hf_idempotency_complete_args){.key = key, .ttl_us = -1},
	                            NULL, NULL),
	    HF_EINVAL);
	assert_int_equal(hf_idempotency_complete(
	                     store, NULL,
	                     &(struct hf_idempotency_complete_args){.key = key, .response = huge}, NULL,
	                     NULL),
	                 HF_ETOOBIG);
	assert_int_equal(
	    hf_idempotency_put(store, NULL,
	                       &(struct hf_idempotency_put_args){.key = key, .response = huge}, NULL,
	                       NULL),
	    HF_ETOOBIG);
	assert_int_equal(
	    hf_idempotency_put(store, NULL,
	                       &(struct hf_idempotency_put_args){.key = key, .fingerprint = more}, NULL,
	                       NULL),
	    HF_EINVAL);
	assert_int_equal(
	    hf_idempotency_put(store, NULL,
	                       &(struct hf_idempotency_put_args){.key = key, .fingerprint = most}, NULL,
	                       NULL),
	    HF_OK);
	assert_int_equal(
	    hf_idempotency_clear(store, NULL,
	                         &(struct hf_idempotency_clear_args){.scope = hf_bytes_of("a\0b", 3)},
	                         NULL, NULL),
	    HF_EINVAL);
	assert_int_equal(hf_idempotency_count(store, hf_str(""), 0, &counts, NULL), HF_EINVAL);
	/* Guards need a transaction, and one an expectation. */
	const struct hf_idempotency_guard_args guard = {.write.expect = HF_ABSENT, .key = key};
	const struct hf_idempotency_guard_owner_args owner = {.key = key};
	assert_int_equal(hf_idempotency_guard(store, NULL, &guard, NULL, &error), HF_EINVAL);
	assert_int_equal(hf_idempotency_guard_owner(store, NULL, &owner, NULL, &error), HF_EINVAL);
	hf_txn *txn;
	assert_int_equal(hf_txn_begin(store, &txn, NULL), HF_OK);
	assert_int_equal(hf_idempotency_guard(
	                     store, txn, &(struct hf_idempotency_guard_args){.key = key}, NULL, &error),
	                 HF_EINVAL);
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, NULL), HF_EINVAL);
	stage_close(stage);
}

static void keys_of_scopes_with_colons_do_not_meet(void **unused)
{
	(void)unused;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		struct stage *stage = stage_open(setting);
		static const struct {
			const char *scope, *key;
		} names[] = {{"a:b", "c"}, {"a", "b:c"}, {"a%3Ab", "c"}, {"a:b:c", "c"}};
		for (int i = 0; i < 4; i++) {
			const struct hf_idempotency_put_args put = {.key = id_key(names[i].scope, names[i].key),
			                                            .status = i};
			assert_int_equal(hf_idempotency_put(stage->store, NULL, &put, NULL, NULL), HF_OK);
		}
		stage_switch(stage);
		for (int i = 0; i < 4; i++) {
			const struct hf_idempotency_key key = id_key(names[i].scope, names[i].key);
			struct hf_idempotency_got got = {0};
			struct hf_idempotency_counts counts = {0};
			assert_int_equal(hf_idempotency_get(stage->store, &key, 0, &got, NULL), HF_OK);
			assert_int_equal(got.entry.status, i);
			hf_release(got.memory);
			assert_int_equal(hf_idempotency_count(stage->store, key.scope, 0, &counts, NULL),
			                 HF_OK);
			assert_int_equal(counts.done, 1);
		}
		stage_close(stage);
	}
}

static void text_and_key_are_two_forms_of_one_thing(void **unused)
{
	(void)unused;
	static const struct {
		const char *text, *scope, *key;
	} rows[] = {{"pay:42", "pay", "42"}, {"a b:c:d", "a b", "c:d"}, {"s::", "s", ":"},
	            {"a%3Ab:c", "a:b", "c"}, {"%25:%25", "%", "%25"},   {"%253A:k", "%3A", "k"},
	            {"%3A%3A:k", "::", "k"}};
	/* Every text has one key: other escapes, lower case, and a percent sign that is none are not
	 * taken. */
	static const char *const wrong[] = {"",     ":",    "a",     "a:",    ":a", "a:b c", "a:\t",
	                                    "a%:k", "%2:k", "%3a:k", "%41:k", "%3", "%25"};
	struct hf_idempotency_key key;
	struct hf_error error = {0};
	char text[HF_IDEMPOTENCY_TEXT_MAX + 1], scope[HF_KEY_MAX];
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		assert_int_equal(hf_idempotency_parse(hf_str(rows[i].text), scope, &key, &error), HF_OK);
		assert_true(hf__bytes_equal(key.scope, hf_str(rows[i].scope)) &&
		            hf__bytes_equal(key.key, hf_str(rows[i].key)));
		assert_int_equal(hf_idempotency_text(&key, text, &error), HF_OK);
		assert_string_equal(text, rows[i].text);
	}
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		error.text[0] = '\0';
		assert_int_equal(hf_idempotency_parse(hf_str(wrong[i]), scope, &key, &error), HF_EINVAL);
		assert_true(key.scope.len == 0 && key.key.len == 0 && error.text[0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_owner_is_fenced_at_the_very_instant_its_lease_is_over),
	    cmocka_unit_test(a_lease_is_never_cut_short_by_a_ttl_and_a_ttl_ends_what_has_none),
	    cmocka_unit_test(logging_an_ending_changes_no_answer_and_is_logged_once),
	    cmocka_unit_test(an_ending_is_logged_while_the_store_is_open),
	    cmocka_unit_test(reopening_frees_what_was_owned_without_a_lease_and_nothing_else),
	    cmocka_unit_test(clear_counts_what_had_not_ended_and_takes_the_rest_along),
	    cmocka_unit_test(a_completion_and_its_effects_are_one_or_nothing),
	    cmocka_unit_test(a_transaction_sees_what_its_earlier_operations_did),
	    cmocka_unit_test(names_that_break_the_rules_are_refused_everywhere),
	    cmocka_unit_test(other_arguments_that_break_the_rules_are_refused),
	    cmocka_unit_test(keys_of_scopes_with_colons_do_not_meet),
	    cmocka_unit_test(text_and_key_are_two_forms_of_one_thing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
