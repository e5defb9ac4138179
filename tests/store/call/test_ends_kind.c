/* tier: fast */
/* Ends of documents and answers are of two kinds, computed by the store or named by a caller:
 * the kind is state, which reads show and puts can keep or change. */
#include "holdfast/holdfast.h"
#include "lib/settings.h"
#include "lib/test.h"

#define HOUR INT64_C(3600000000)
#define ENDS (STAGE_NOW + 3 * HOUR)

static struct hf_error error;

#define OK(call) \
	do { \
		if ((call) != HF_OK) \
			fail_msg("%s: %s", #call, error.text); \
	} while (0)

/* --- Documents -------------------------------------------------------------------------------- */

static int put_document(hf_store *s, hf_time expires_at, int64_t ttl, bool computed,
                        struct hf_result *result)
{
	const struct hf_document_put_args args = {.key = {hf_str("c"), hf_str("d")},
	                                          .now = STAGE_NOW,
	                                          .expires_at = expires_at,
	                                          .ttl_us = ttl,
	                                          .expires_computed = computed};
	return hf_document_put(s, NULL, &args, result, &error);
}

static void expect_document(hf_store *s, hf_time expires_at, bool computed)
{
	struct hf_document_got got = {0};
	OK(hf_document_get(s, &(struct hf_document_key){hf_str("c"), hf_str("d")}, 0, &got, &error));
	assert_true(got.document.expires_at == expires_at && got.document.expires_computed == computed);
	hf_release(got.memory);
}

/* --- Answers ---------------------------------------------------------------------------------- */

static int put_answer(hf_store *s, hf_time expires_at, int64_t ttl, bool computed,
                      struct hf_result *result)
{
	const struct hf_idempotency_put_args args = {.key = {hf_str("s"), hf_str("k")},
	                                             .created_at = STAGE_NOW,
	                                             .expires_at = expires_at,
	                                             .ttl_us = ttl,
	                                             .expires_computed = computed};
	return hf_idempotency_put(s, NULL, &args, result, &error);
}

static void expect_answer(hf_store *s, hf_time expires_at, bool computed)
{
	struct hf_idempotency_got got = {0};
	struct hf_idempotency_begun begun = {0};
	const struct hf_idempotency_begin_args begin = {.key = {hf_str("s"), hf_str("k")}};
	OK(hf_idempotency_get(s, &begin.key, 0, &got, &error));
	assert_true(got.entry.expires_at == expires_at && got.entry.expires_computed == computed);
	hf_release(got.memory);
	OK(hf_idempotency_begin(s, NULL, &begin, &begun, NULL, &error));
	assert_true(begun.outcome == HF_IDEMPOTENCY_REPLAY && begun.expires_at == expires_at &&
	            begun.expires_computed == computed);
	hf_release(begun.memory);
}

/* --- Both ------------------------------------------------------------------------------------- */

static const struct kept {
	int (*put)(hf_store *s, hf_time expires_at, int64_t ttl, bool computed,
	           struct hf_result *result);
	void (*expect)(hf_store *s, hf_time expires_at, bool computed);
} kinds[] = {{put_document, expect_document}, {put_answer, expect_answer}};

#define KINDS (sizeof kinds / sizeof kinds[0])

static void put(const struct kept *kind, hf_store *s, hf_time expires_at, int64_t ttl,
                bool computed, bool changes)
{
	struct hf_result result = {0};
	OK(kind->put(s, expires_at, ttl, computed, &result));
	assert_true(result.changed == changes);
	kind->expect(s, ENDS, computed || ttl > 0);
}

static void a_put_that_changes_the_kind_of_an_end_is_a_change(void **state)
{
	(void)state;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		for (size_t i = 0; i < KINDS; i++) {
			struct stage *stage = stage_open(setting);
			put(&kinds[i], stage->store, 0, 3 * HOUR, false, true);
			stage_switch(stage);
			kinds[i].expect(stage->store, ENDS, true);
			/* What was read, put back as it was. */
			put(&kinds[i], stage->store, ENDS, 0, true, false);
			put(&kinds[i], stage->store, 0, 3 * HOUR, false, false);
			/* The same instant by name. */
			put(&kinds[i], stage->store, ENDS, 0, false, true);
			put(&kinds[i], stage->store, ENDS, 0, false, false);
			stage_switch(stage);
			kinds[i].expect(stage->store, ENDS, false);
			put(&kinds[i], stage->store, ENDS, 0, true, true);
			put(&kinds[i], stage->store, ENDS, 0, false, true);
			stage_close(stage);
		}
	}
}

static void what_was_put_back_ends_as_what_was_read(void **state)
{
	(void)state;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		for (size_t i = 0; i < KINDS * 2; i++) {
			const struct kept *kind = &kinds[i / 2];
			const bool computed = i % 2;
			const struct hf_clock_set_back_args back = {.reason = hf_str("it was wrong")};
			struct stage *stage = stage_open(setting);
			struct hf_clock clock = {0};
			stage_at(stage, STAGE_NOW + HOUR);
			OK(kind->put(stage->store, ENDS, 0, computed, NULL));
			OK(hf_clock_get(stage->store, 0, &clock, &error));
			hf_release(clock.memory);
			stage_at(stage, STAGE_NOW);
			OK(hf_clock_set_back(stage->store, NULL, &back, NULL, &error));
			stage_switch(stage);
			kind->expect(stage->store, computed ? ENDS - HOUR : ENDS, computed);
			stage_close(stage);
		}
	}
}

static void an_end_that_is_not_given_is_of_no_kind(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	for (size_t i = 0; i < KINDS; i++) {
		assert_int_equal(kinds[i].put(stage->store, 0, 0, true, NULL), HF_EINVAL);
		assert_int_equal(kinds[i].put(stage->store, HF_UNSET, 0, true, NULL), HF_EINVAL);
		assert_int_equal(kinds[i].put(stage->store, 0, HOUR, true, NULL), HF_EINVAL);
		assert_int_equal(kinds[i].put(stage->store, ENDS, HOUR, false, NULL), HF_EINVAL);
		OK(kinds[i].put(stage->store, HF_UNSET, 0, false, NULL));
		kinds[i].expect(stage->store, HF_UNSET, false);
	}
	stage_close(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_put_that_changes_the_kind_of_an_end_is_a_change),
	    cmocka_unit_test(what_was_put_back_ends_as_what_was_read),
	    cmocka_unit_test(an_end_that_is_not_given_is_of_no_kind),
	};
	return cmocka_run_group_tests_name("kinds of ends", tests, NULL, NULL);
}
