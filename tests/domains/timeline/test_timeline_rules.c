/* tier: fast */
/* Timelines beyond the table: what counts as the same content, keys and limits, transactions and
 * guards, and what removing costs in the log. */
#include "lib/domains/timeline_ops.h"
#include "lib/settings.h"
#include "lib/test.h"

/* --- Content ---------------------------------------------------------------------------------- */

static int append_bytes(hf_store *store, const char *id, struct hf_bytes payload,
                        struct hf_result *result)
{
	const struct hf_timeline_append_args args = {.key = {hf_str(TL_NAME), hf_str(id)},
	                                             .type = hf_str("t"),
	                                             .happened_at = 1,
	                                             .payload = payload};
	return hf_timeline_append(store, NULL, &args, result, NULL);
}

/* Payloads that are too long to stay in memory are compared all the same, and without their
 * disk. */
static void any_other_byte_is_other_content(void **state)
{
	(void)state;
	static const size_t lengths[] = {0, 1, 16, 17, 240, 241, 256, 257, 5000};
	enum { LENGTHS = sizeof lengths / sizeof lengths[0] };
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		static uint8_t bytes[5001];
		char id[8];
		hf_lsn versions[LENGTHS];
		struct hf_result result = {0};
		struct stage *stage = stage_open(setting);
		for (size_t i = 0; i < sizeof bytes; i++)
			bytes[i] = (uint8_t)(i * 31);
		for (size_t i = 0; i < LENGTHS; i++) {
			(void)snprintf(id, sizeof id, "%zu", i);
			assert_int_equal(
			    append_bytes(stage->store, id, hf_bytes_of(bytes, lengths[i]), &result), HF_OK);
			versions[i] = result.version;
		}
		stage_switch(stage);
		for (size_t i = 0; i < LENGTHS; i++) {
			const size_t len = lengths[i], places[] = {0, len / 2, len - 1};
			(void)snprintf(id, sizeof id, "%zu", i);
			assert_int_equal(append_bytes(stage->store, id, hf_bytes_of(bytes, len), &result),
			                 HF_OK);
			assert_true(!result.changed && result.version == versions[i]);
			assert_int_equal(append_bytes(stage->store, id, hf_bytes_of(bytes, len + 1), &result),
			                 HF_ECONFLICT);
			for (size_t j = 0; len > 0 && j < 3; j++) {
				bytes[places[j]] ^= 0x40;
				assert_int_equal(append_bytes(stage->store, id, hf_bytes_of(bytes, len), &result),
				                 HF_ECONFLICT);
				bytes[places[j]] ^= 0x40;
			}
		}
		stage_close(stage);
	}
}

static void a_conflict_names_what_differs(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	static const struct {
		const char *type, *subject;
		hf_time at;
		const char *payload, *word;
	} cases[] = {{"x", "s", 1, "p", " type: "},
	             {"t", "x", 1, "p", " subject: "},
	             {"t", "s", 2, "p", " happened_at: "},
	             {"t", "s", 0, "x", " payload: "}};
	(void)tl_append(stage->store, TL_NAME, "the id", "t", "s", 1, "p");
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct hf_error error = {0};
		const struct hf_timeline_append_args args = {.key = {hf_str(TL_NAME), hf_str("the id")},
		                                             .type = hf_str(cases[i].type),
		                                             .subject = hf_str(cases[i].subject),
		                                             .happened_at = cases[i].at,
		                                             .payload = hf_str(cases[i].payload)};
		assert_int_equal(hf_timeline_append(stage->store, NULL, &args, NULL, &error), HF_ECONFLICT);
		if (!strstr(error.text, cases[i].word) || !strstr(error.text, "\"the id\"") ||
		    !strstr(error.text, TL_NAME))
			fail_msg("%s", error.text);
	}
	stage_close(stage);
}

/* --- Keys and limits -------------------------------------------------------------------------- */

static int append_with(hf_store *store, struct hf_bytes timeline, struct hf_bytes id,
                       struct hf_bytes type, struct hf_bytes subject)
{
	struct hf_error error = {0};
	const struct hf_timeline_append_args args = {
	    .key = {timeline, id}, .type = type, .subject = subject, .happened_at = 5};
	const int rc = hf_timeline_append(store, NULL, &args, NULL, &error);
	assert_true(rc == HF_OK || (error.code == rc && error.text[0]));
	return rc;
}

/* Every operation but append on this timeline and id; all must answer the same form error, or
 * none. */
static void expect_everywhere(hf_store *store, struct hf_bytes timeline, struct hf_bytes id,
                              bool refused)
{
	struct hf_timeline_got got = {0};
	struct hf_timeline_page page = {0};
	uint64_t count;
	hf_time latest;
	hf_txn *txn;
	const bool by_name = refused && id.len == 2; /* then the id is a good one */
	const struct hf_timeline_key key = {timeline, id};
	const struct hf_timeline_query_args query = {.filter.timeline = timeline};
	const struct hf_timeline_guard_args guard = {.write.expect = HF_ABSENT, .key = key};
	assert_int_equal(hf_timeline_get(store, &key, 0, &got, NULL),
	                 refused ? HF_EINVAL : HF_ENOTFOUND);
	assert_int_equal(hf_txn_begin(store, &txn, NULL), HF_OK);
	assert_int_equal(hf_timeline_guard(store, txn, &guard, NULL, NULL),
	                 refused ? HF_EINVAL : HF_OK);
	hf_txn_abandon(txn);
	const int code = by_name ? HF_EINVAL : HF_OK;
	assert_int_equal(hf_timeline_query(store, &query, 0, &page, NULL), code);
	hf_release(page.memory);
	const struct hf_timeline_count_args counted = {.filter = query.filter};
	assert_int_equal(hf_timeline_count(store, &counted, 0, &count, NULL), code);
	assert_int_equal(hf_timeline_latest_at(store, timeline, 0, &latest, NULL), code);
	assert_true(count == 0 && latest == HF_UNSET);
	assert_int_equal(hf_timeline_retain(store, NULL,
	                                    &(struct hf_timeline_retain_args){.timeline = timeline},
	                                    NULL, NULL),
	                 code);
	assert_int_equal(hf_timeline_clear(store, NULL,
	                                   &(struct hf_timeline_clear_args){.timeline = timeline}, NULL,
	                                   NULL),
	                 code);
}

static void parts_that_break_the_rules_are_refused(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	static char longest[HF_KEY_MAX + 1];
	memset(longest, 'k', sizeof longest);
	const struct hf_bytes good = hf_str("ok"), empty = {0}, nul = hf_bytes_of("a\0b", 3);
	const struct hf_bytes fits = hf_bytes_of(longest, HF_KEY_MAX),
	                      over = hf_bytes_of(longest, HF_KEY_MAX + 1);
	const struct hf_bytes bad[] = {over, nul, empty};
	assert_int_equal(append_with(stage->store, fits, fits, fits, fits), HF_OK);
	assert_int_equal(append_with(stage->store, fits, good, good, empty), HF_OK);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(append_with(stage->store, bad[i], good, good, good), HF_EINVAL);
		assert_int_equal(append_with(stage->store, good, bad[i], good, good), HF_EINVAL);
		assert_int_equal(append_with(stage->store, good, good, bad[i], good), HF_EINVAL);
		if (bad[i].len > 0)
			assert_int_equal(append_with(stage->store, good, good, good, bad[i]), HF_EINVAL);
		expect_everywhere(stage->store, bad[i], good, true);
		expect_everywhere(stage->store, good, bad[i], true);
	}
	expect_everywhere(stage->store, good, good, false);
	struct hf_timeline_count_args args = {.filter = {.timeline = good, .subject = over}};
	uint64_t count;
	assert_int_equal(hf_timeline_count(stage->store, &args, 0, &count, NULL), HF_EINVAL);
	args.filter = (struct hf_timeline_filter){.timeline = good, .type = nul};
	assert_int_equal(hf_timeline_count(stage->store, &args, 0, &count, NULL), HF_EINVAL);
	stage_close(stage);
}

static void payloads_up_to_the_limit_come_back_as_they_were(void **state)
{
	(void)state;
	struct stage *stage =
	    stage_open_with(SETTING_REOPENED, &(struct hf_options){.segment_size = 64u << 20});
	struct hf_timeline_got got = {0};
	struct hf_timeline_page page = {0};
	uint8_t *bytes = malloc(HF_PAYLOAD_MAX + 1);
	assert_non_null(bytes);
	memset(bytes, 0x5a, HF_PAYLOAD_MAX + 1);
	assert_int_equal(
	    append_bytes(stage->store, "over", hf_bytes_of(bytes, HF_PAYLOAD_MAX + 1), NULL),
	    HF_ETOOBIG);
	assert_int_equal(append_bytes(stage->store, "fits", hf_bytes_of(bytes, HF_PAYLOAD_MAX), NULL),
	                 HF_OK);
	stage_switch(stage);
	const struct hf_timeline_key key = {hf_str(TL_NAME), hf_str("fits")};
	assert_int_equal(hf_timeline_get(stage->store, &key, 0, &got, NULL), HF_OK);
	assert_true(got.event.payload.len == HF_PAYLOAD_MAX &&
	            memcmp(got.event.payload.data, bytes, HF_PAYLOAD_MAX) == 0);
	hf_release(got.memory);
	const struct hf_timeline_query_args bare = {.filter = tl_filter(NULL, NULL),
	                                            .without_payload = true};
	assert_int_equal(hf_timeline_query(stage->store, &bare, 0, &page, NULL), HF_OK);
	assert_true(page.count == 1 && page.items[0].payload.len == 0 &&
	            page.items[0].happened_at == 1);
	hf_release(page.memory);
	free(bytes);
	stage_drop(stage);
}

/* --- Transactions and guards ------------------------------------------------------------------ */

static int add(hf_store *store, hf_txn *txn, const char *id, const char *payload,
               struct hf_result *result)
{
	const struct hf_timeline_append_args args = {.key = {hf_str(TL_NAME), hf_str(id)},
	                                             .type = hf_str("t"),
	                                             .happened_at = 9,
	                                             .payload = hf_str(payload)};
	return hf_timeline_append(store, txn, &args, result, NULL);
}

static int clear(hf_store *store, hf_txn *txn, struct hf_result *result)
{
	return hf_timeline_clear(
	    store, txn, &(struct hf_timeline_clear_args){.timeline = hf_str(TL_NAME)}, result, NULL);
}

/* An id is free again once its event is gone, within a transaction too; and a refusal at its end
 * takes all of that along. */
static void a_transaction_is_all_or_nothing(void **state)
{
	(void)state;
	for (enum setting setting = 0; setting < SETTINGS * 2; setting++) {
		const bool refused = setting >= SETTINGS;
		const struct hf_timeline_filter all = tl_filter(NULL, NULL);
		struct stage *stage = stage_open(refused ? setting - SETTINGS : setting);
		struct hf_result results[4] = {0};
		struct hf_error error = {0};
		hf_txn *txn;
		assert_int_equal(add(stage->store, NULL, "a", "old", NULL), HF_OK);
		assert_int_equal(add(stage->store, NULL, "b", "old", NULL), HF_OK);
		stage_switch(stage);
		struct hf__writer before = stage_dump(stage);
		assert_int_equal(hf_txn_begin(stage->store, &txn, NULL), HF_OK);
		assert_int_equal(clear(stage->store, txn, &results[0]), HF_OK);
		assert_int_equal(add(stage->store, txn, "a", "new", &results[1]), HF_OK);
		assert_int_equal(add(stage->store, txn, "c", "new", &results[2]), HF_OK);
		assert_int_equal(add(stage->store, txn, "a", refused ? "newer" : "new", &results[3]),
		                 HF_OK);
		assert_int_equal(hf_txn_commit(txn, HF_DURABLE, &error), refused ? HF_ECONFLICT : HF_OK);
		if (refused) {
			struct hf__writer after = stage_dump(stage);
			assert_int_equal(error.operation, 3);
			assert_true(hf__bytes_equal(hf_bytes_of(before.data, before.len),
			                            hf_bytes_of(after.data, after.len)));
			assert_true(!results[0].changed && results[0].count == 0 && results[1].version == 0);
			hf__writer_deinit(&after);
		} else {
			assert_true(results[0].count == 2 && results[1].changed && results[2].changed &&
			            !results[3].changed);
			assert_int_equal(results[3].version, results[1].version);
		}
		assert_string_equal(tl_ids(stage->store, &all, true, 0), refused ? "a b" : "a c");
		hf__writer_deinit(&before);
		stage_close(stage);
	}
}

static int guarded(hf_store *store, const char *id, hf_lsn expect)
{
	hf_txn *txn;
	struct hf_error error = {0};
	const struct hf_timeline_guard_args guard = {.write.expect = expect,
	                                             .key = {hf_str(TL_NAME), hf_str(id)}};
	assert_int_equal(hf_txn_begin(store, &txn, NULL), HF_OK);
	assert_int_equal(add(store, txn, "guarded", "p", NULL), HF_OK);
	assert_int_equal(hf_timeline_guard(store, txn, &guard, NULL, NULL), HF_OK);
	const int rc = hf_txn_commit(txn, HF_DURABLE, &error);
	assert_true(rc == HF_OK || error.operation == 1);
	return rc;
}

static void a_guard_holds_or_aborts(void **state)
{
	(void)state;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		struct stage *stage = stage_open(setting);
		const hf_lsn version = tl_append(stage->store, TL_NAME, "a", "t", "", 1, "").version;
		const struct hf_timeline_guard_args alone = {.write.expect = version,
		                                             .key = {hf_str(TL_NAME), hf_str("a")}};
		stage_switch(stage);
		const struct hf_timeline_filter all = tl_filter(NULL, NULL);
		assert_int_equal(guarded(stage->store, "a", version + 1), HF_ECONFLICT);
		assert_int_equal(guarded(stage->store, "a", HF_ABSENT), HF_ECONFLICT);
		assert_int_equal(guarded(stage->store, "b", version), HF_ECONFLICT);
		assert_int_equal(tl_count(stage->store, &all), 1);
		assert_int_equal(guarded(stage->store, "a", version), HF_OK);
		assert_int_equal(guarded(stage->store, "b", HF_ABSENT), HF_OK);
		assert_int_equal(tl_count(stage->store, &all), 2);
		assert_int_equal(hf_timeline_guard(stage->store, NULL, &alone, NULL, NULL), HF_EINVAL);
		stage_close(stage);
	}
}

/* --- The log ---------------------------------------------------------------------------------- */

/* Else the retention of a large timeline would not fit into a transaction. */
static void removing_many_is_one_short_entry(void **state)
{
	(void)state;
	enum { MANY = 3000, SHORT = 512 };
	struct stage *stage =
	    stage_open_with(SETTING_REOPENED, &(struct hf_options){.segment_size = 4u << 20});
	struct hf_info before = {0}, after = {0};
	struct hf_result result = {0};
	hf_txn *txn;
	char id[16];
	assert_int_equal(hf_txn_begin(stage->store, &txn, NULL), HF_OK);
	for (unsigned i = 0; i < MANY; i++) {
		(void)snprintf(id, sizeof id, "event %u", i);
		assert_int_equal(add(stage->store, txn, id, "p", NULL), HF_OK);
	}
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, NULL), HF_OK);
	assert_int_equal(hf_get_info(stage->store, &before, NULL), HF_OK);
	const struct hf_timeline_retain_args half = {.timeline = hf_str(TL_NAME),
	                                             .max_events = MANY / 2};
	assert_int_equal(hf_timeline_retain(stage->store, NULL, &half, &result, NULL), HF_OK);
	assert_int_equal(result.count, MANY / 2);
	assert_int_equal(clear(stage->store, NULL, &result), HF_OK);
	assert_int_equal(result.count, MANY / 2);
	assert_int_equal(hf_get_info(stage->store, &after, NULL), HF_OK);
	assert_int_equal(after.entries, before.entries + 2);
	assert_true(after.segment == before.segment &&
	            after.segment_offset - before.segment_offset <= SHORT);
	stage_close(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(any_other_byte_is_other_content),
	    cmocka_unit_test(a_conflict_names_what_differs),
	    cmocka_unit_test(parts_that_break_the_rules_are_refused),
	    cmocka_unit_test(payloads_up_to_the_limit_come_back_as_they_were),
	    cmocka_unit_test(a_transaction_is_all_or_nothing),
	    cmocka_unit_test(a_guard_holds_or_aborts),
	    cmocka_unit_test(removing_many_is_one_short_entry),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
