/* tier: fast */
/* Lists, counts and scopes of idempotency keys: order, pages, tokens, and that what has ended is
 * in none of them, logged or not. */
#include "lib/domains/idem_ops.h"
#include "lib/rng.h"
#include "lib/settings.h"
#include "lib/test.h"

#define SECOND INT64_C(1000000)

static void keys_are_listed_as_bytes_in_pages_of_any_size(void **unused)
{
	(void)unused;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		struct stage *stage = stage_open(setting);
		static const char *const keys[] = {"b", "aa", "a", "~", "B", "a:b", "!", "a!"};
		for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
			(void)id_put(stage->store, "s", keys[i], "r", 0);
		(void)id_put(stage->store, "another", "zzz", "r", 0);
		stage_switch(stage);
		for (size_t limit = 0; limit < 10; limit++)
			assert_string_equal(id_list(stage->store, "s", limit), "! B a a! a:b aa b ~");
		assert_string_equal(id_list(stage->store, "another", 1), "zzz");
		assert_string_equal(id_list(stage->store, "nobody's", 1), "");
		stage_close(stage);
	}
}

/* Ends of all kinds, in a sequence of instants; what is there at each of them, settled before or
 * not. */
static void what_has_ended_is_in_no_list_and_no_count_logged_or_not(void **unused)
{
	(void)unused;
	for (unsigned logged = 0; logged < 2; logged++) {
		for (enum setting setting = 0; setting < SETTINGS; setting++) {
			struct stage *stage = stage_open(setting);
			(void)id_put(stage->store, "one", "a", "r", STAGE_NOW + SECOND);
			(void)id_put(stage->store, "one", "b", "r", HF_UNSET);
			(void)id_put(stage->store, "two", "a", "r", STAGE_NOW + 2 * SECOND);
			(void)id_begin(stage->store, "one", "c", "f", 2 * SECOND);
			(void)id_begin(stage->store, "two", "b", "f", SECOND);
			stage_at(stage, STAGE_NOW + SECOND - 1);
			stage_switch(stage);
			assert_string_equal(id_list(stage->store, "one", 2), "a b c");
			assert_string_equal(id_count(stage->store, "one"), "1 2");
			assert_string_equal(id_scopes(stage->store, 1), "one two");
			stage_at(stage, STAGE_NOW + SECOND);
			if (logged)
				assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
			stage_verify(stage);
			assert_string_equal(id_list(stage->store, "one", 1), "b c");
			assert_string_equal(id_count(stage->store, "one"), "1 1");
			assert_string_equal(id_list(stage->store, "two", 1), "a");
			assert_string_equal(id_count(stage->store, "two"), "0 1");
			assert_string_equal(id_scopes(stage->store, 1), "one two");
			stage_at(stage, STAGE_NOW + 2 * SECOND);
			if (logged)
				assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
			stage_switch(stage);
			assert_string_equal(id_list(stage->store, "one", 0), "b");
			assert_string_equal(id_count(stage->store, "one"), "0 1");
			assert_string_equal(id_list(stage->store, "two", 0), "");
			assert_string_equal(id_count(stage->store, "two"), "0 0");
			assert_string_equal(id_scopes(stage->store, 0), "one");
			stage_close(stage);
		}
	}
}

static void counts_say_as_of_when(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct hf_idempotency_counts counts = {0};
	stage_at(stage, STAGE_NOW + 7);
	assert_int_equal(hf_idempotency_count(stage->store, hf_str("nobody's"), 0, &counts, NULL),
	                 HF_OK);
	assert_true(counts.as_of == STAGE_NOW + 7 && counts.done == 0 && counts.in_progress == 0);
	stage_close(stage);
}

static void a_walk_gives_what_stays_once_while_other_keys_come_end_and_go(void **unused)
{
	(void)unused;
	enum { STAY = 40, LIMIT = 3 };
	struct stage *stage = stage_open(SETTING_LIVE);
	struct hf_rng rng = hf_rng_for("walk");
	struct hf_idempotency_page page = {0};
	unsigned seen[STAY] = {0};
	char name[16];
	for (unsigned i = 0; i < STAY; i++) {
		(void)snprintf(name, sizeof name, "stay%02u", i);
		(void)id_put(stage->store, "s", name, "r", HF_UNSET);
	}
	for (int64_t now = STAGE_NOW;; now += SECOND) {
		struct hf_memory *before = page.memory;
		const struct hf_idempotency_list_args args = {
		    .scope = hf_str("s"), .limit = LIMIT, .page = page.next};
		assert_int_equal(hf_idempotency_list(stage->store, &args, 0, &page, NULL), HF_OK);
		hf_release(before);
		for (size_t i = 0; i < page.count; i++) {
			const char *key = page.items[i].key.key.data;
			if (page.items[i].key.key.len == 6) /* the others have one letter more */
				seen[(key[4] - '0') * 10 + (key[5] - '0')]++;
		}
		if (!page.next)
			break;
		for (unsigned i = 0; i < 4; i++) {
			(void)snprintf(name, sizeof name, "stay%02ux", (unsigned)hf_rng_below(&rng, STAY));
			(void)id_put(stage->store, "s", name, "r",
			             now + (int64_t)(1 + hf_rng_below(&rng, 3)) * SECOND);
		}
		if (hf_rng_chance(&rng, 1, 2)) {
			const struct hf_idempotency_remove_args gone = {.key = id_key("s", name)};
			assert_int_equal(hf_idempotency_remove(stage->store, NULL, &gone, NULL, NULL), HF_OK);
		}
		stage_at(stage, now + SECOND);
		if (hf_rng_chance(&rng, 1, 3))
			assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
	}
	hf_release(page.memory);
	for (unsigned i = 0; i < STAY; i++)
		assert_int_equal(seen[i], 1);
	stage_close(stage);
}

static void tokens_of_another_list_or_damaged_ones_are_refused(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct hf_idempotency_page page = {0}, other = {0};
	struct hf_name_page names = {0};
	for (unsigned i = 0; i < 3; i++) {
		const char *const key[] = {"a", "b", "c"};
		(void)id_put(stage->store, "s", key[i], "r", 0);
		(void)id_put(stage->store, "t", key[i], "r", 0);
	}
	const struct hf_idempotency_list_args first = {.scope = hf_str("s"), .limit = 1};
	assert_int_equal(hf_idempotency_list(stage->store, &first, 0, &page, NULL), HF_OK);
	const struct hf_idempotency_list_args foreign = {
	    .scope = hf_str("t"), .limit = 1, .page = page.next};
	assert_int_equal(hf_idempotency_list(stage->store, &foreign, 0, &other, NULL), HF_EINVAL);
	assert_null(other.memory);
	const struct hf_names_args scopes = {.page = page.next};
	assert_int_equal(hf_idempotency_names(stage->store, &scopes, 0, &names, NULL), HF_EINVAL);
	char *damaged = strdup(page.next);
	assert_non_null(damaged);
	damaged[strlen(damaged) / 2] ^= 1;
	const struct hf_idempotency_list_args wrong = {
	    .scope = hf_str("s"), .limit = 1, .page = damaged};
	assert_int_equal(hf_idempotency_list(stage->store, &wrong, 0, &other, NULL), HF_EINVAL);
	free(damaged);
	hf_release(page.memory);
	stage_close(stage);
}

static void responses_come_from_memory_and_disk_or_not_at_all(void **unused)
{
	(void)unused;
	static char large[5000];
	memset(large, 'x', sizeof large - 1);
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		struct stage *stage = stage_open(setting);
		(void)id_put(stage->store, "s", "a", "short", 0);
		(void)id_put(stage->store, "s", "b", large, 0);
		(void)id_put(stage->store, "s", "c", "", 0);
		stage_switch(stage);
		for (unsigned without = 0; without < 2; without++) {
			struct hf_idempotency_page page = {0};
			const struct hf_idempotency_list_args args = {.scope = hf_str("s"),
			                                              .without_response = without};
			assert_int_equal(hf_idempotency_list(stage->store, &args, 0, &page, NULL), HF_OK);
			assert_int_equal(page.count, 3);
			assert_int_equal(page.items[0].response.len, without ? 0 : 5);
			assert_int_equal(page.items[1].response.len, without ? 0 : sizeof large - 1);
			assert_true(without ||
			            memcmp(page.items[1].response.data, large, sizeof large - 1) == 0);
			assert_int_equal(page.items[2].response.len, 0);
			hf_release(page.memory);
		}
		const struct hf_idempotency_begin_args args = {.key = id_key("s", "b")};
		struct hf_idempotency_begun begun = {0};
		assert_int_equal(hf_idempotency_begin(stage->store, NULL, &args, &begun, NULL, NULL),
		                 HF_OK);
		assert_int_equal(begun.outcome, HF_IDEMPOTENCY_REPLAY);
		assert_true(hf__bytes_equal(begun.response, hf_str(large)));
		hf_release(begun.memory);
		stage_close(stage);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(keys_are_listed_as_bytes_in_pages_of_any_size),
	    cmocka_unit_test(what_has_ended_is_in_no_list_and_no_count_logged_or_not),
	    cmocka_unit_test(counts_say_as_of_when),
	    cmocka_unit_test(a_walk_gives_what_stays_once_while_other_keys_come_end_and_go),
	    cmocka_unit_test(tokens_of_another_list_or_damaged_ones_are_refused),
	    cmocka_unit_test(responses_come_from_memory_and_disk_or_not_at_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
