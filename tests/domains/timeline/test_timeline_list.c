/* tier: fast */
/* What queries of timelines give: each filter in both directions, page by page, against a plain
 * model of sorted events; walks while others append and remove; tokens that belong elsewhere;
 * the names of timelines. */
#include "lib/domains/timeline_ops.h"
#include "lib/rng.h"
#include "lib/settings.h"
#include "lib/test.h"

#define SECOND INT64_C(1000000)

/* --- The model -------------------------------------------------------------------------------- */

enum { EVENTS = 70, ID = 8, COMBINATIONS = 5 * 5 * 2 * 4 };

struct event {
	char id[ID], type[ID], subject[ID];
	hf_time at;
	bool gone;
};

struct model {
	struct event events[EVENTS];
	size_t count;
};

static const char *const subjects[] = {NULL, "", "s0", "s1", "s9"};
static const char *const types[] = {NULL, "t0", "t1", "t2", "t9"};

static int compare_events(const void *left, const void *right)
{
	const struct event *a = left, *b = right;
	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	return strcmp(a->id, b->id);
}

static bool passes(const struct event *e, const char *subject, const char *type)
{
	return !e->gone && (!subject || strcmp(e->subject, subject) == 0) &&
	       (!type || strcmp(e->type, type) == 0);
}

/* What a query must give. The model is sorted. */
static void expected_ids(const struct model *m, const char *subject, const char *type,
                         bool ascending, char out[TL_TEXT])
{
	size_t len = 0;
	out[0] = '\0';
	for (size_t i = 0; i < m->count; i++) {
		const struct event *e = &m->events[ascending ? i : m->count - 1 - i];
		if (passes(e, subject, type))
			len += (size_t)snprintf(out + len, TL_TEXT - len, "%s%s", len ? " " : "", e->id);
	}
}

static void compare_all(hf_store *store, const struct model *m)
{
	static const size_t limits[] = {0, 1, 7, EVENTS};
	static char want[TL_TEXT];
	for (size_t i = 0; i < COMBINATIONS; i++) {
		const char *subject = subjects[i % 5], *type = types[i / 5 % 5];
		const bool ascending = i / 25 % 2;
		const struct hf_timeline_filter filter = tl_filter(subject, type);
		expected_ids(m, subject, type, ascending, want);
		const char *got = tl_ids(store, &filter, ascending, limits[i / 50]);
		if (strcmp(got, want) != 0)
			fail_msg("subject %s type %s %s by %zu: %s, not %s", subject ? subject : "any",
			         type ? type : "any", ascending ? "ascending" : "descending", limits[i / 50],
			         got, want);
	}
}

/* Few times, so that many events have the same one. */
static void append_random(struct stage *stage, struct model *m, struct hf_rng *rng)
{
	struct event *e = &m->events[m->count];
	(void)snprintf(e->id, ID, "%zu", (m->count * 37) % 100);
	(void)snprintf(e->type, ID, "t%u", (unsigned)hf_rng_below(rng, 3));
	(void)snprintf(e->subject, ID, "s%u", (unsigned)hf_rng_below(rng, 3));
	if (strcmp(e->subject, "s2") == 0)
		e->subject[0] = '\0';
	e->at = STAGE_NOW + ((int64_t)hf_rng_below(rng, 12) - 6) * SECOND;
	m->count++;
	(void)tl_append(stage->store, TL_NAME, e->id, e->type, e->subject, e->at, "p");
	(void)tl_append(stage->store, "another", e->id, e->type, e->subject, e->at, "p");
}

/* Removes from the store what the model's first `count` are. */
static void forget(struct stage *stage, struct model *m, size_t count)
{
	struct hf_result result = {0};
	const struct hf_timeline_retain_args args = {.timeline = hf_str(TL_NAME),
	                                             .max_events = m->count - count};
	assert_int_equal(hf_timeline_retain(stage->store, NULL, &args, &result, NULL), HF_OK);
	assert_int_equal(result.count, count);
	for (size_t i = 0; i < count; i++)
		m->events[i].gone = true;
}

static void every_filter_gives_its_events_in_order(void **state)
{
	(void)state;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		static struct model model;
		struct hf_rng rng = hf_rng_for("timeline list");
		struct stage *stage = stage_open(setting);
		model.count = 0;
		memset(model.events, 0, sizeof model.events);
		while (model.count < EVENTS)
			append_random(stage, &model, &rng);
		qsort(model.events, model.count, sizeof model.events[0], compare_events);
		stage_switch(stage);
		compare_all(stage->store, &model);
		forget(stage, &model, 26);
		stage_switch(stage);
		compare_all(stage->store, &model);
		stage_close(stage);
	}
}

static void an_age_cuts_between_two_instants(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	const struct hf_timeline_filter all = tl_filter(NULL, NULL);
	for (char id[2] = "a"; id[0] <= 'f'; id[0]++)
		(void)tl_append(stage->store, TL_NAME, id, "t", "", STAGE_NOW + (id[0] - 'a') / 2 * SECOND,
		                "");
	stage_at(stage, STAGE_NOW + 3 * SECOND);
	struct hf_timeline_retain_args args = {.timeline = all.timeline, .max_age_us = 2 * SECOND};
	assert_int_equal(hf_timeline_retain(stage->store, NULL, &args, NULL, NULL), HF_OK);
	/* the age itself is young enough */
	assert_string_equal(tl_ids(stage->store, &all, true, 0), "c d e f");
	args.max_age_us--;
	assert_int_equal(hf_timeline_retain(stage->store, NULL, &args, NULL, NULL), HF_OK);
	assert_string_equal(tl_ids(stage->store, &all, true, 0), "e f");
	/* long before all of them, and the age goes beyond all times: nothing is old */
	args.now = -1000;
	args.max_age_us = INT64_MAX;
	assert_int_equal(hf_timeline_retain(stage->store, NULL, &args, NULL, NULL), HF_OK);
	assert_int_equal(tl_count(stage->store, &all), 2);
	stage_close(stage);
}

/* --- Walks ------------------------------------------------------------------------------------ */

static void next_page(hf_store *store, struct hf_timeline_query_args *args, char token[512],
                      char *ids)
{
	struct hf_timeline_page page = {0};
	args->page = token[0] ? token : NULL;
	assert_int_equal(hf_timeline_query(store, args, 0, &page, NULL), HF_OK);
	for (size_t i = 0; i < page.count; i++)
		(void)strncat(ids, page.items[i].key.id.data, page.items[i].key.id.len);
	(void)snprintf(token, 512, "%s", page.next ? page.next : "");
	hf_release(page.memory);
}

/* What stays is given once: neither what comes before the position nor what goes moves it,
 * though the position's own event goes. */
static void a_walk_goes_on_while_events_come_and_go(void **state)
{
	(void)state;
	for (unsigned ascending = 0; ascending < 2; ascending++) {
		struct stage *stage = stage_open(SETTING_LIVE);
		struct hf_timeline_query_args args = {
		    .filter = tl_filter(NULL, NULL), .ascending = ascending, .limit = 2};
		char token[512] = "", ids[64] = "";
		for (char id[2] = "b"; id[0] <= 'h'; id[0]++)
			(void)tl_append(stage->store, TL_NAME, id, "t", "", (id[0] - 'a') * SECOND, "");
		next_page(stage->store, &args, token, ids);
		assert_string_equal(ids, ascending ? "bc" : "hg");
		const struct hf_timeline_retain_args oldest = {.timeline = hf_str(TL_NAME),
		                                               .max_events = ascending ? 5 : 6};
		assert_int_equal(hf_timeline_retain(stage->store, NULL, &oldest, NULL, NULL), HF_OK);
		(void)tl_append(stage->store, TL_NAME, "a", "t", "", 1, "");
		(void)tl_append(stage->store, TL_NAME, "z", "t", "", 30 * SECOND, "");
		stage_switch_to(stage, SETTING_REOPENED);
		while (token[0])
			next_page(stage->store, &args, token, ids);
		assert_string_equal(ids, ascending ? "bcdefghz" : "hgfedca");
		stage_close(stage);
	}
}

/* --- Tokens ----------------------------------------------------------------------------------- */

static int query_with(hf_store *store, struct hf_timeline_query_args args, const char *token)
{
	struct hf_timeline_page page = {0};
	args.page = token;
	const int rc = hf_timeline_query(store, &args, 0, &page, NULL);
	assert_true(rc == HF_OK || (!page.memory && page.count == 0 && page.total == 0));
	hf_release(page.memory);
	return rc;
}

static void tokens_of_other_queries_are_refused(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	const struct hf_timeline_query_args args = {.filter = tl_filter("s0", "t0"), .limit = 1};
	struct hf_timeline_page page = {0};
	for (char id[2] = "a"; id[0] <= 'd'; id[0]++)
		(void)tl_append(stage->store, TL_NAME, id, "t0", "s0", SECOND, "");
	assert_int_equal(hf_timeline_query(stage->store, &args, 0, &page, NULL), HF_OK);
	assert_true(page.next && page.total == 4);
	assert_int_equal(query_with(stage->store, args, page.next), HF_OK);
	struct hf_timeline_query_args others[6] = {args, args, args, args, args, args};
	others[0].ascending = true;
	others[1].filter.subject = hf_str("s1");
	others[2].filter.type = hf_str("t1");
	others[3].filter.timeline = hf_str("another");
	others[4].filter = tl_filter(NULL, "t0");
	others[5].filter = tl_filter("s0", NULL);
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(query_with(stage->store, others[i], page.next), HF_EINVAL);
	/* Of no subject, and of any: both name none. */
	struct hf_timeline_page bare = {0};
	struct hf_timeline_query_args any = {.filter = tl_filter("", NULL), .limit = 1};
	(void)tl_append(stage->store, TL_NAME, "e", "t0", "", SECOND, "");
	(void)tl_append(stage->store, TL_NAME, "f", "t0", "", SECOND, "");
	assert_int_equal(hf_timeline_query(stage->store, &any, 0, &bare, NULL), HF_OK);
	assert_true(bare.next && bare.total == 2);
	any.filter.by_subject = false;
	assert_int_equal(query_with(stage->store, any, bare.next), HF_EINVAL);
	hf_release(bare.memory);
	char damaged[512];
	for (size_t i = 0; page.next[i]; i++) {
		(void)snprintf(damaged, sizeof damaged, "%s", page.next);
		damaged[i] = damaged[i] == 'A' ? 'B' : 'A';
		assert_int_equal(query_with(stage->store, args, damaged), HF_EINVAL);
		damaged[i] = '\0';
		/* "" is the start */
		assert_int_equal(query_with(stage->store, args, damaged), i == 0 ? HF_OK : HF_EINVAL);
	}
	hf_release(page.memory);
	stage_close(stage);
}

/* --- Names ------------------------------------------------------------------------------------ */

static void expect_names(hf_store *store, size_t limit, const char *want)
{
	char all[256] = "", token[512] = "";
	size_t len = 0;
	do {
		const struct hf_names_args args = {.limit = limit, .page = token[0] ? token : NULL};
		struct hf_name_page page = {0};
		assert_int_equal(hf_timeline_names(store, &args, 0, &page, NULL), HF_OK);
		for (size_t i = 0; i < page.count; i++)
			len += (size_t)snprintf(all + len, sizeof all - len, "%.*s ", (int)page.items[i].len,
			                        (const char *)page.items[i].data);
		(void)snprintf(token, sizeof token, "%s", page.next ? page.next : "");
		hf_release(page.memory);
	} while (token[0]);
	assert_string_equal(all, want);
}

static void only_timelines_with_events_are_named(void **state)
{
	(void)state;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		struct stage *stage = stage_open(setting);
		expect_names(stage->store, 0, "");
		static const char *const names[] = {"zoo", "b", "ba", "B"};
		for (size_t i = 0; i < 4; i++)
			(void)tl_append(stage->store, names[i], "e", "t", "", 1, "");
		const struct hf_timeline_clear_args clear = {.timeline = hf_str("ba")};
		assert_int_equal(hf_timeline_clear(stage->store, NULL, &clear, NULL, NULL), HF_OK);
		stage_switch(stage);
		for (size_t limit = 0; limit < 4; limit++)
			expect_names(stage->store, limit, "B b zoo ");
		(void)tl_append(stage->store, "ba", "e", "t", "", 1, "");
		expect_names(stage->store, 1, "B b ba zoo ");
		stage_close(stage);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_filter_gives_its_events_in_order),
	    cmocka_unit_test(an_age_cuts_between_two_instants),
	    cmocka_unit_test(a_walk_goes_on_while_events_come_and_go),
	    cmocka_unit_test(tokens_of_other_queries_are_refused),
	    cmocka_unit_test(only_timelines_with_events_are_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
