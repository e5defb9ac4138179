/* tier: fast */
/* Loads of inboxes against a sorted model: every filter, every page size, in every setting,
 * payloads in memory and on disk; pages while records come and go, leaving tombstones; tokens;
 * trims; and bounds on the steps of pages and counts. */
#include "inbox_model.h"
#include "lib/domains/page_steps.h"

/* --- Loads ------------------------------------------------------------------------------------ */

static void check_dismissed(struct stage *stage, struct model *m, size_t limit)
{
	struct hf_inbox_list_dismissed_args args = {.user = hf_str("u"), .limit = limit};
	struct hf_inbox_key_page keys = {0};
	size_t next = 0;
	do {
		struct hf_memory *before = keys.memory;
		assert_int_equal(hf_inbox_list_dismissed(stage->store, &args, 0, &keys, NULL), HF_OK);
		hf_release(before);
		assert_true(keys.count > 0 || next == 0);
		for (size_t i = 0; i < keys.count; i++, next++) {
			while (next < ALL && !(m->entries[next].there && m->entries[next].dismissed))
				next++;
			assert_true(next < ALL);
			assert_true(same_text(keys.items[i].account, m->entries[next].account));
			assert_true(same_text(keys.items[i].thread, m->entries[next].thread));
		}
		args.page = keys.next;
	} while (keys.next);
	hf_release(keys.memory);
	while (next < ALL && !(m->entries[next].there && m->entries[next].dismissed))
		next++;
	assert_int_equal(next, ALL);
}

static void check_counts(struct stage *stage, const struct model *m)
{
	struct hf_inbox_counts counts = {0};
	uint64_t total = 0, unread = 0, dismissed = 0;
	for (size_t i = 0; i < ALL; i++) {
		const struct entry *e = &m->entries[i];
		total += e->there;
		dismissed += e->there && e->dismissed;
		unread += e->there && e->unread && !e->dismissed;
	}
	assert_int_equal(hf_inbox_count(stage->store, hf_str("u"), 0, &counts, NULL), HF_OK);
	assert_true(counts.total == total && counts.dismissed == dismissed && counts.unread == unread);
	assert_true(counts.unseen == total - dismissed); /* nothing here marks as seen */
}

static void every_filter_and_page_size_gives_the_model_in_order(void **state)
{
	(void)state;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		struct hf_rng rng = hf_rng_for("inbox loads");
		struct stage *stage = stage_open(setting);
		struct model *m = fill(stage, &rng);
		stage_switch(stage);
		check_all_loads(stage, m);
		check_counts(stage, m);
		for (size_t limit = 0; limit < 4; limit++)
			check_dismissed(stage, m, limit);
		/* A bigger change on top of the carried state. */
		save_some(stage, m, &rng, HF_INBOX_REPLACE);
		check_load(stage, m, (struct hf_inbox_load_args){.user = hf_str("u")});
		check_counts(stage, m);
		stage_close(stage);
		free(m);
	}
}

static void an_inbox_nobody_wrote_to_is_empty(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct hf_inbox_page page = {0};
	struct hf_inbox_key_page keys = {0};
	struct hf_inbox_status status = {0};
	struct hf_inbox_counts counts = {.total = 1, .unread = 1, .unseen = 1, .dismissed = 1};
	assert_int_equal(hf_inbox_load(stage->store, &(struct hf_inbox_load_args){.user = hf_str("u")},
	                               0, &page, NULL),
	                 HF_OK);
	assert_true(page.count == 0 && page.generated_at == HF_UNSET && !page.next);
	assert_int_equal(hf_inbox_list_dismissed(
	                     stage->store, &(struct hf_inbox_list_dismissed_args){.user = hf_str("u")},
	                     0, &keys, NULL),
	                 HF_OK);
	assert_true(keys.count == 0 && !keys.next);
	assert_int_equal(hf_inbox_get_status(stage->store, hf_str("u"), 0, &status, NULL), HF_OK);
	assert_true(status.status.len == 0 && status.version == 0);
	assert_int_equal(hf_inbox_count(stage->store, hf_str("u"), 0, &counts, NULL), HF_OK);
	assert_true(counts.total == 0 && counts.unread == 0 && counts.unseen == 0 &&
	            counts.dismissed == 0);
	hf_release(page.memory);
	hf_release(keys.memory);
	hf_release(status.memory);
	/* A user that is no key part is an error for all of them. */
	assert_int_equal(hf_inbox_load(stage->store, &(struct hf_inbox_load_args){.user = hf_str("")},
	                               0, &page, NULL),
	                 HF_EINVAL);
	assert_int_equal(hf_inbox_list_dismissed(stage->store,
	                                         &(struct hf_inbox_list_dismissed_args){.limit = 1}, 0,
	                                         &keys, NULL),
	                 HF_EINVAL);
	assert_int_equal(hf_inbox_get_status(stage->store, hf_bytes_of("a\0b", 3), 0, &status, NULL),
	                 HF_EINVAL);
	assert_int_equal(hf_inbox_count(stage->store, hf_str(NULL), 0, &counts, NULL), HF_EINVAL);
	stage_close(stage);
}

static void what_stays_through_a_walk_is_given_exactly_once(void **state)
{
	(void)state;
	struct hf_rng rng = hf_rng_for("inbox walk");
	struct stage *stage = stage_open(SETTING_LIVE);
	struct model *m = fill(stage, &rng);
	unsigned given[ALL] = {0};
	bool stays[ALL];
	for (size_t i = 0; i < ALL; i++)
		stays[i] = m->entries[i].there && i % 2 == 0;
	char *token = NULL;
	do {
		struct hf_inbox_page page = {0};
		assert_int_equal(hf_inbox_load(stage->store,
		                               &(struct hf_inbox_load_args){
		                                   .user = hf_str("u"), .limit = 3, .page = token},
		                               0, &page, NULL),
		                 HF_OK);
		for (size_t i = 0; i < page.count; i++)
			for (size_t e = 0; e < ALL; e += 2)
				given[e] += stays[e] &&
				            same_text(page.items[i].key.account, m->entries[e].account) &&
				            same_text(page.items[i].key.thread, m->entries[e].thread);
		free(token);
		token = page.next ? strdup(page.next) : NULL;
		hf_release(page.memory);
		/* Everything odd comes, moves and goes; flags of the others change, which moves nothing. */
		for (size_t e = 0; e < ALL; e++) {
			const struct hf_inbox_mark_args args = {.key = key_of(&m->entries[e])};
			if (stays[e])
				assert_int_equal(hf_inbox_mark_read(stage->store, NULL, &args, NULL, NULL), HF_OK);
			else if (e % 2)
				mark_one(stage, &m->entries[e], &rng);
		}
	} while (token);
	for (size_t i = 0; i < ALL; i++)
		assert_int_equal(given[i], stays[i]);
	stage_close(stage);
	free(m);
}

static void a_token_is_good_for_its_query_only(void **state)
{
	(void)state;
	struct hf_rng rng = hf_rng_for("inbox tokens");
	struct stage *stage = stage_open(SETTING_LIVE);
	struct model *m = fill(stage, &rng);
	struct hf_inbox_page page = {0}, other = {0};
	struct hf_inbox_key_page keys = {0};
	struct hf_error error = {0};
	assert_int_equal(hf_inbox_load(stage->store,
	                               &(struct hf_inbox_load_args){.user = hf_str("u"), .limit = 2}, 0,
	                               &page, NULL),
	                 HF_OK);
	assert_non_null(page.next);
	const struct hf_inbox_load_args wrong[] = {
	    {.user = hf_str("v"), .page = page.next},
	    {.user = hf_str("u"), .account = hf_str("a"), .page = page.next},
	    {.user = hf_str("u"), .unread_only = true, .page = page.next},
	    {.user = hf_str("u"), .without_dismissed = true, .page = page.next},
	    {.user = hf_str("u"), .page = "?"},
	};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		assert_int_equal(hf_inbox_load(stage->store, &wrong[i], 0, &other, &error), HF_EINVAL);
		assert_true(other.items == NULL && other.memory == NULL && error.text[0]);
	}
	const struct hf_inbox_list_dismissed_args dismissed = {.user = hf_str("u"), .page = page.next};
	assert_int_equal(hf_inbox_list_dismissed(stage->store, &dismissed, 0, &keys, NULL), HF_EINVAL);
	hf_release(page.memory);
	stage_close(stage);
	free(m);
}

/* --- Trims ------------------------------------------------------------------------------------ */

/* Removes from the model what a trim must drop; gives the count. */
static uint64_t trim_model(struct model *m, uint64_t max_records, hf_time oldest)
{
	struct entry *loaded[ALL];
	size_t count = 0;
	uint64_t dropped = 0;
	for (size_t i = 0; i < ALL; i++)
		if (m->entries[i].there)
			loaded[count++] = &m->entries[i];
	qsort(loaded, count, sizeof loaded[0], compare_loaded);
	for (size_t i = 0; i < count; i++) {
		if ((max_records == 0 || i < max_records) && loaded[i]->snapshot_at >= oldest)
			continue;
		loaded[i]->there = false;
		dropped++;
	}
	return dropped;
}

static void a_trim_drops_what_lies_beyond_either_bound(void **state)
{
	(void)state;
	struct hf_rng rng = hf_rng_for("inbox trim");
	struct stage *stage = stage_open(SETTING_LIVE);
	for (int round = 0; round < 40; round++) {
		struct model *m = fill(stage, &rng);
		const struct hf_inbox_clear_args clear = {.user = hf_str("u")};
		struct hf_inbox_trim_args args = {.user = hf_str("u"), .now = 10, .dry_run = true};
		struct hf_result dry = {0}, done = {0};
		args.max_records = hf_rng_chance(&rng, 1, 4) ? 0 : hf_rng_below(&rng, ALL);
		/* snapshots are at 0 to 5, or unset */
		args.max_age_us = hf_rng_chance(&rng, 1, 4) ? 0 : hf_rng_range(&rng, 4, 12);
		if (hf_rng_chance(&rng, 1, 8))
			args.max_age_us = INT64_MAX;
		assert_int_equal(hf_inbox_trim(stage->store, NULL, &args, &dry, NULL), HF_OK);
		args.dry_run = false;
		assert_int_equal(hf_inbox_trim(stage->store, NULL, &args, &done, NULL), HF_OK);
		const hf_time oldest = args.max_age_us == 0 ? HF_UNSET : args.now - args.max_age_us;
		const uint64_t want = trim_model(m, args.max_records, oldest);
		assert_true(dry.count == want && !dry.changed && done.count == want &&
		            done.changed == (want > 0));
		struct hf_inbox_page page = {0};
		assert_int_equal(
		    hf_inbox_load(stage->store,
		                  &(struct hf_inbox_load_args){.user = hf_str("u"), .limit = 1}, 0, &page,
		                  NULL),
		    HF_OK);
		m->newest = page.generated_at; /* of some round before */
		hf_release(page.memory);
		check_load(stage, m, (struct hf_inbox_load_args){.user = hf_str("u")});
		check_counts(stage, m);
		assert_int_equal(hf_inbox_clear(stage->store, NULL, &clear, NULL, NULL), HF_OK);
		free(m);
	}
	stage_close(stage);
}

static void a_page_takes_no_more_steps_in_a_large_inbox(void **state)
{
	(void)state;
	check_inbox_page_steps(1000);
	check_inbox_page_steps(20000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_filter_and_page_size_gives_the_model_in_order),
	    cmocka_unit_test(an_inbox_nobody_wrote_to_is_empty),
	    cmocka_unit_test(what_stays_through_a_walk_is_given_exactly_once),
	    cmocka_unit_test(a_token_is_good_for_its_query_only),
	    cmocka_unit_test(a_trim_drops_what_lies_beyond_either_bound),
	    cmocka_unit_test(a_page_takes_no_more_steps_in_a_large_inbox),
	};
	return cmocka_run_group_tests_name("inbox lists", tests, NULL, NULL);
}
