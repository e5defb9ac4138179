/* tier: fast */
/* Rules of cursors beside their table: keys, limits, what a refusal says, transactions, guards. */
#include "lib/domains/cursor_cells.h"
#include "lib/test.h"
#include "print/text.h"

/* What every operation is called with. */
struct call {
	hf_store *store;
	hf_txn *txn;
	struct hf_cursor_key key;
	hf_lsn expect;
	struct hf_result *result;
	struct hf_error *error;
};

static int advance(const struct call *c, int64_t sequence, const char *id, hf_time delivered_at,
                   hf_time now)
{
	const struct hf_cursor_advance_args args = {.write.expect = c->expect,
	                                            .key = c->key,
	                                            .sequence = sequence,
	                                            .delivery_id = hf_str(id),
	                                            .delivered_at = delivered_at,
	                                            .now = now};
	return hf_cursor_advance(c->store, c->txn, &args, c->result, c->error);
}

static int record_error(const struct call *c, const char *message)
{
	const struct hf_cursor_record_error_args args = {
	    .write.expect = c->expect, .key = c->key, .message = hf_str(message)};
	return hf_cursor_record_error(c->store, c->txn, &args, c->result, c->error);
}

static int remove_it(const struct call *c)
{
	const struct hf_cursor_remove_args args = {.write.expect = c->expect, .key = c->key};
	return hf_cursor_remove(c->store, c->txn, &args, c->result, c->error);
}

static int advance_9(const struct call *c)
{
	return advance(c, 9, "d9", HF_UNSET, 0);
}

static int advance_4(const struct call *c)
{
	return advance(c, 4, "d4", HF_UNSET, 0);
}

static int advance_5_other(const struct call *c)
{
	return advance(c, 5, "x", HF_UNSET, 0);
}

static int record_boom(const struct call *c)
{
	return record_error(c, "boom");
}

/* --- Keys and limits -------------------------------------------------------------------------- */

static const struct call *call_with(struct call *call, struct stage *stage, const char *consumer,
                                    const char *stream, const char *subject)
{
	*call = (struct call){.store = stage->store,
	                      .key = {hf_str(consumer), hf_str(stream), hf_str(subject)}};
	return call;
}

static void white_space_around_parts_is_ignored(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct call call;
	char text[TABLE_TEXT];
	assert_int_equal(
	    advance_9(call_with(&call, stage, " \xe3\x80\x80\t\n\v\f\rmail er ", "\tevents", "a\n")),
	    HF_OK);
	const struct hf_cursor_key plain = {hf_str("mail er"), hf_str("events"), hf_str("a")};
	assert_true(cursor_look(stage->store, &plain, text) != 0);
	assert_int_equal(advance_4(call_with(&call, stage, "mail er", "events\xc2\xa0", " a")),
	                 HF_ENONMONOTONIC);
	stage_close(stage);
}

static void parts_that_break_the_rules_are_refused(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	static char longest[HF_KEY_MAX + 2];
	memset(longest, 'k', sizeof longest);
	const struct hf_bytes good = hf_str("good"), blank = hf_str(" \t"),
	                      nul = hf_bytes_of("a\0b", 3);
	const struct hf_bytes fits = hf_bytes_of(longest, HF_KEY_MAX),
	                      over = hf_bytes_of(longest, HF_KEY_MAX + 1);
	const struct {
		struct hf_cursor_key key;
		int code;
	} keys[] = {
	    {{good, good, blank}, HF_OK},     {{fits, fits, fits}, HF_OK},
	    {{blank, good, good}, HF_EINVAL}, {{good, blank, good}, HF_EINVAL},
	    {{over, good, good}, HF_EINVAL},  {{good, over, good}, HF_EINVAL},
	    {{good, good, over}, HF_EINVAL},  {{nul, good, good}, HF_EINVAL},
	    {{good, nul, good}, HF_EINVAL},   {{good, good, nul}, HF_EINVAL},
	    {{{0}, good, good}, HF_EINVAL},   {{good, {0}, good}, HF_EINVAL},
	};
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		struct hf_error error = {0};
		struct hf_cursor_got got = {0};
		const struct call call = {.store = stage->store, .key = keys[i].key, .error = &error};
		assert_int_equal(advance_9(&call), keys[i].code);
		assert_int_equal(hf_cursor_get(stage->store, &keys[i].key, 0, &got, &error), keys[i].code);
		hf_release(got.memory);
	}
	stage_close(stage);
}

static void long_texts_are_cut_or_refused(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	static char text[HF_CURSOR_ERROR_MAX + 8];
	memset(text, 'e', sizeof text);
	text[HF_CURSOR_ERROR_MAX - 1] = (char)0xC3; /* one letter across the limit */
	text[HF_CURSOR_ERROR_MAX] = (char)0xA4;
	struct call call;
	(void)call_with(&call, stage, "c", "s", "");
	const struct hf_cursor_record_error_args note = {.key = call.key,
	                                                 .message = hf_bytes_of(text, sizeof text)};
	assert_int_equal(hf_cursor_record_error(stage->store, NULL, &note, NULL, NULL), HF_OK);
	struct hf_cursor_got got = {0};
	assert_int_equal(hf_cursor_get(stage->store, &call.key, 0, &got, NULL), HF_OK);
	assert_int_equal(got.cursor.last_error.len, HF_CURSOR_ERROR_MAX - 1);
	hf_release(got.memory);
	struct hf_cursor_reset_args back = {.key = call.key,
	                                    .reason = hf_bytes_of(text, HF_CURSOR_REASON_MAX)};
	assert_int_equal(hf_cursor_reset(stage->store, NULL, &back, NULL, NULL), HF_OK);
	back.reason.len++;
	assert_int_equal(hf_cursor_reset(stage->store, NULL, &back, NULL, NULL), HF_ETOOBIG);
	back.reason = hf_str("why");
	text[7] = '\0'; /* kept as given */
	back.delivery_id = hf_bytes_of(text, HF_CURSOR_DELIVERY_ID_MAX);
	assert_int_equal(hf_cursor_reset(stage->store, NULL, &back, NULL, NULL), HF_OK);
	back.delivery_id.len++;
	assert_int_equal(hf_cursor_reset(stage->store, NULL, &back, NULL, NULL), HF_EINVAL);
	assert_int_equal(hf_cursor_get(stage->store, &call.key, 0, &got, NULL), HF_OK);
	assert_int_equal(got.cursor.last_delivery_id.len, HF_CURSOR_DELIVERY_ID_MAX);
	assert_memory_equal(got.cursor.last_delivery_id.data, text, HF_CURSOR_DELIVERY_ID_MAX);
	hf_release(got.memory);
	stage_close(stage);
}

static void a_put_of_half_a_fact_is_refused(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	static char longest[HF_CURSOR_REASON_MAX + 1];
	memset(longest, 'r', sizeof longest);
	const struct hf_cursor whole = {.key = {hf_str("c"), hf_str("s"), hf_str("")},
	                                .last_delivered_at = HF_UNSET,
	                                .reset_at = HF_UNSET};
	struct hf_cursor_put_args puts[7] = {0};
	for (size_t i = 0; i < sizeof puts / sizeof puts[0]; i++)
		puts[i] = (struct hf_cursor_put_args){.cursor = whole};
	puts[0].cursor.last_sequence = -1;
	puts[1].cursor.error_count = 1;
	puts[2].cursor.last_error = hf_str("bad");
	puts[3].cursor.reset_at = 1;
	puts[4].cursor.reset_reason = hf_str("why");
	puts[5].cursor.reset_at = 1, puts[5].cursor.reset_reason = hf_str(" \t");
	puts[6].cursor.reset_at = 1, puts[6].cursor.reset_reason = hf_bytes_of(longest, sizeof longest);
	static const int codes[] = {HF_EINVAL, HF_EINVAL,  HF_EINVAL, HF_EINVAL,
	                            HF_EINVAL, HF_EREASON, HF_ETOOBIG};
	for (size_t i = 0; i < sizeof puts / sizeof puts[0]; i++)
		assert_int_equal(hf_cursor_put(stage->store, NULL, &puts[i], NULL, NULL), codes[i]);
	const struct hf_cursor_put_args fits = {.cursor = whole};
	struct hf_result result = {0};
	assert_int_equal(hf_cursor_put(stage->store, NULL, &fits, &result, NULL), HF_OK);
	assert_true(result.changed);
	stage_close(stage);
}

static void a_refused_advance_names_both_positions(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct hf_error error = {0};
	struct call call;
	assert_int_equal(advance_9(call_with(&call, stage, "mailer", "events", "orders")), HF_OK);
	call.error = &error;
	assert_int_equal(advance_4(&call), HF_ENONMONOTONIC);
	static const char *const words[] = {"9",          "\"d9\"",     "4",         "\"d4\"",
	                                    "\"mailer\"", "\"events\"", "\"orders\""};
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (!strstr(error.text, words[i]))
			fail_msg("%s is missing in: %s", words[i], error.text);
	stage_close(stage);
}

/* The greatest numbers, the longest ids of all kinds: bytes that need escapes, letters of two
 * bytes, plain ones. */
static void whatever_the_ids_a_refusal_names_both_positions(void **state)
{
	(void)state;
	static const char right_to_left[] = {'\xe2', '\x80', '\xae', '\0'};
	static const char *const units[] = {"\xff", "\xd0\xb7", "k", right_to_left};
	static char parts[2][HF_CURSOR_DELIVERY_ID_MAX];
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		struct stage *stage = stage_open(SETTING_LIVE);
		struct hf_error error = {0};
		const size_t step = strlen(units[i]);
		size_t len = 0;
		for (; len + step < HF_CURSOR_DELIVERY_ID_MAX; len += step) {
			memcpy(parts[0] + len, units[i], step);
			memcpy(parts[1] + len, units[i], step);
		}
		memcpy(parts[0] + len - 1, "!", 1);
		memcpy(parts[1] + len - 1, "?", 1);
		const struct hf_bytes part = hf_bytes_of(parts[0], HF_KEY_MAX / step * step);
		struct hf_cursor_advance_args args = {.key = {part, part, part},
		                                      .sequence = INT64_MAX,
		                                      .delivery_id = hf_bytes_of(parts[0], len)};
		assert_int_equal(hf_cursor_advance(stage->store, NULL, &args, NULL, NULL), HF_OK);
		args.sequence--;
		args.delivery_id = hf_bytes_of(parts[1], len);
		assert_int_equal(hf_cursor_advance(stage->store, NULL, &args, NULL, &error),
		                 HF_ENONMONOTONIC);
		static const char *const words[] = {"at 9223372036854775807, ",
		                                    "refused 9223372036854775806: ", "!\"", "?\"",
		                                    "consumer \""};
		for (size_t k = 0; k < sizeof words / sizeof words[0]; k++)
			if (!strstr(error.text, words[k]))
				fail_msg("%s is missing in: %s", words[k], error.text);
		assert_true(text_is_utf8(error.text, strlen(error.text)));
		assert_null(strstr(error.text, right_to_left));
		stage_close(stage);
	}
}

/* --- Transactions ----------------------------------------------------------------------------- */

static void a_failing_operation_takes_all_of_its_transaction_along(void **state)
{
	(void)state;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		struct stage *stage = stage_open(setting);
		struct call call;
		struct hf_error error = {0};
		struct hf_result results[6] = {0};
		char text[TABLE_TEXT];
		assert_int_equal(advance_9(call_with(&call, stage, "old", "s", "")), HF_OK);
		stage_switch(stage);
		struct hf__writer before = stage_dump(stage);
		hf_txn *txn;
		assert_int_equal(hf_txn_begin(stage->store, &txn, &error), HF_OK);
		(void)call_with(&call, stage, "new", "fresh stream", "x");
		call.txn = txn;
		call.result = &results[0];
		assert_int_equal(advance_4(&call), HF_OK);
		call.result = &results[1];
		assert_int_equal(advance_9(&call), HF_OK); /* sees the 4 */
		(void)call_with(&call, stage, "old", "s", "");
		call.txn = txn;
		call.result = &results[2];
		assert_int_equal(record_boom(&call), HF_OK);
		call.result = &results[3];
		assert_int_equal(remove_it(&call), HF_OK);
		call.result = &results[4];
		assert_int_equal(advance_4(&call), HF_OK); /* born again */
		call.result = &results[5];
		call.error = &error;
		assert_int_equal(advance_4(&call), HF_OK); /* a replay */
		assert_int_equal(advance_5_other(&call), HF_OK);
		assert_int_equal(advance_4(&call), HF_OK); /* form is fine; too low at commit */
		assert_int_equal(hf_txn_commit(txn, HF_DURABLE, &error), HF_ENONMONOTONIC);
		assert_int_equal(error.operation, 7);
		for (size_t i = 0; i < 6; i++)
			assert_true(!results[i].changed && results[i].version == 0 && results[i].count == 0);
		struct hf__writer after = stage_dump(stage);
		assert_true(hf__bytes_equal(hf_bytes_of(before.data, before.len),
		                            hf_bytes_of(after.data, after.len)));
		hf__writer_deinit(&before);
		hf__writer_deinit(&after);
		const struct hf_cursor_key gone = {hf_str("new"), hf_str("fresh stream"), hf_str("x")};
		assert_int_equal(cursor_look(stage->store, &gone, text), 0);
		stage_close(stage);
	}
}

static int guarded_advance(struct stage *stage, const struct hf_cursor_key *guarded, hf_lsn expect,
                           struct hf_error *error)
{
	hf_txn *txn;
	assert_int_equal(hf_txn_begin(stage->store, &txn, error), HF_OK);
	const struct call call = {.store = stage->store,
	                          .txn = txn,
	                          .key = {hf_str("other"), hf_str("s"), hf_str("")},
	                          .error = error};
	const struct hf_cursor_guard_args guard = {.write.expect = expect, .key = *guarded};
	assert_int_equal(record_boom(&call), HF_OK);
	const int rc = hf_cursor_guard(stage->store, txn, &guard, NULL, error);
	if (rc == HF_OK)
		return hf_txn_commit(txn, HF_DURABLE, error);
	hf_txn_abandon(txn);
	return rc;
}

static void a_guard_writes_nothing_and_stops_the_transaction(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct hf_error error = {0};
	struct call call;
	char text[TABLE_TEXT];
	const struct hf_cursor_key key = {hf_str("c"), hf_str("s"), hf_str("")};
	assert_int_equal(guarded_advance(stage, &key, 0, &error), HF_EINVAL);
	assert_int_equal(guarded_advance(stage, &key, 1, &error), HF_ECONFLICT);
	assert_int_equal(error.operation, 1);
	assert_int_equal(guarded_advance(stage, &key, HF_ABSENT, &error), HF_OK);
	assert_int_equal(advance_9(call_with(&call, stage, "c", "s", "")), HF_OK);
	const hf_lsn version = cursor_look(stage->store, &key, text);
	assert_int_equal(guarded_advance(stage, &key, HF_ABSENT, &error), HF_ECONFLICT);
	assert_int_equal(guarded_advance(stage, &key, version, &error), HF_OK);
	assert_int_equal(cursor_look(stage->store, &key, text), version);
	(void)cursor_look(stage->store,
	                  &(struct hf_cursor_key){hf_str("other"), hf_str("s"), hf_str("")}, text);
	assert_string_equal(text, "0 - - boom*2 A -");
	const struct hf_cursor_guard_args alone = {.write.expect = version, .key = key};
	assert_int_equal(hf_cursor_guard(stage->store, NULL, &alone, NULL, &error), HF_EINVAL);
	stage_close(stage);
}

/* The greatest count stays: one more would be none at all, with an error beside it. */
static void errors_are_counted_up_to_the_greatest_number(void **state)
{
	(void)state;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		struct stage *stage = stage_open(setting);
		const struct hf_cursor_key key = {hf_str("c"), hf_str("s"), {0}};
		const struct hf_cursor_put_args put = {.cursor = {.key = key,
		                                                  .last_error = hf_str("x"),
		                                                  .error_count = UINT64_MAX - 1,
		                                                  .last_delivered_at = HF_UNSET,
		                                                  .updated_at = 1,
		                                                  .reset_at = HF_UNSET}};
		assert_int_equal(hf_cursor_put(stage->store, NULL, &put, NULL, NULL), HF_OK);
		stage_switch(stage);
		for (int i = 0; i < 2; i++) {
			const struct hf_cursor_record_error_args args = {
			    .key = key, .message = hf_str("again"), .now = 2 + i};
			struct hf_cursor_got got = {0};
			struct hf_error error = {0};
			if (hf_cursor_record_error(stage->store, NULL, &args, NULL, &error) != HF_OK)
				fail_msg("%s", error.text);
			assert_int_equal(hf_cursor_get(stage->store, &key, 0, &got, NULL), HF_OK);
			assert_true(got.cursor.error_count == UINT64_MAX && got.cursor.updated_at == 2 + i);
			hf_release(got.memory);
		}
		stage_close(stage);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(errors_are_counted_up_to_the_greatest_number),
	    cmocka_unit_test(white_space_around_parts_is_ignored),
	    cmocka_unit_test(parts_that_break_the_rules_are_refused),
	    cmocka_unit_test(long_texts_are_cut_or_refused),
	    cmocka_unit_test(a_put_of_half_a_fact_is_refused),
	    cmocka_unit_test(a_refused_advance_names_both_positions),
	    cmocka_unit_test(whatever_the_ids_a_refusal_names_both_positions),
	    cmocka_unit_test(a_failing_operation_takes_all_of_its_transaction_along),
	    cmocka_unit_test(a_guard_writes_nothing_and_stops_the_transaction),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
