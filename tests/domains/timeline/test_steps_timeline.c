/* tier: medium, long */
/* Steps of the timeline, counted: many events in one timeline cost what a thousand do. See
 * scene.h. Queries of all four shapes, in both directions, from the start and from the middle;
 * counts; and removing from the old end. */
#include "lib/domains/timeline_ops.h"
#include "lib/scene.h"
#include "lib/test.h"

enum { SUBJECTS = 5, TYPES = 5 };

/* --- Filling ---------------------------------------------------------------------------------- */

static int append_one(struct scene *scene, hf_txn *txn, unsigned i, const char *payload,
                      struct hf_result *result)
{
	char id[NAME], type[NAME], subject[NAME];
	const struct hf_timeline_append_args args = {
	    .write = write_os,
	    .key = {hf_str(TL_NAME), numbered(id, "e", i)},
	    .type = numbered(type, "t", i % TYPES),
	    .subject = numbered(subject, "s", i / TYPES % SUBJECTS),
	    /* not in the order of the appends */
	    .happened_at = SCENE_NOW + (int64_t)(i * UINT64_C(7919) % scene->count),
	    .payload = hf_str(payload),
	};
	return hf_timeline_append(scene->store, txn, &args, result, NULL);
}

static void fill_timeline(struct scene *scene)
{
	for (unsigned i = 0; i < scene->count;) {
		hf_txn *txn = NULL;
		assert_int_equal(hf_txn_begin(scene->store, &txn, NULL), HF_OK);
		for (unsigned n = 0; n < BATCH && i < scene->count; n++, i++)
			assert_int_equal(append_one(scene, txn, i, "p", NULL), HF_OK);
		assert_int_equal(hf_txn_commit(txn, HF_OS, NULL), HF_OK);
	}
}

/* --- Changes ---------------------------------------------------------------------------------- */

static void append_new(struct scene *scene)
{
	struct hf_result result = {0};
	assert_int_equal(append_one(scene, NULL, scene->count, "p", &result), HF_OK);
	assert_true(result.changed);
}

static void append_again(struct scene *scene)
{
	struct hf_result result = {0};
	assert_int_equal(append_one(scene, NULL, scene->count / 2, "p", &result), HF_OK);
	assert_false(result.changed);
}

static void append_refused(struct scene *scene)
{
	assert_int_equal(append_one(scene, NULL, scene->count / 3, "q", NULL), HF_ECONFLICT);
}

static void append_elsewhere(struct scene *scene)
{
	const struct hf_timeline_append_args args = {
	    .write = write_os, .key = {hf_str("new"), hf_str("e")}, .type = hf_str("t")};
	assert_int_equal(hf_timeline_append(scene->store, NULL, &args, NULL, NULL), HF_OK);
}

static void retain(struct scene *scene, uint64_t count, bool dry_run)
{
	struct hf_result result = {0};
	const struct hf_timeline_filter all = tl_filter(NULL, NULL);
	const uint64_t total = tl_count(scene->store, &all);
	const struct hf_timeline_retain_args args = {.write = write_os,
	                                             .timeline = all.timeline,
	                                             .max_events = total - count,
	                                             .max_age_us = INT64_C(1) << 60,
	                                             .dry_run = dry_run};
	assert_int_equal(hf_timeline_retain(scene->store, NULL, &args, &result, NULL), HF_OK);
	assert_int_equal(result.count, count);
}

static void retain_dry(struct scene *scene)
{
	retain(scene, scene->count / 2, true);
}

static void retain_nothing(struct scene *scene)
{
	retain(scene, 0, false);
}

static void retain_all_but_one(struct scene *scene)
{
	retain(scene, 1, false);
}

static void retain_all_but_ten(struct scene *scene)
{
	retain(scene, PAGE, false);
}

/* --- Reads ------------------------------------------------------------------------------------ */

static void get(struct scene *scene)
{
	char id[NAME];
	struct hf_timeline_got got = {0};
	const struct hf_timeline_key key = {hf_str(TL_NAME), numbered(id, "e", scene->count / 2 + 1)};
	assert_int_equal(hf_timeline_get(scene->store, &key, HF_READ_UNDURABLE, &got, NULL), HF_OK);
	hf_release(got.memory);
}

static void query(struct scene *scene, const char *subject, const char *type, bool ascending,
                  bool resumed)
{
	struct hf_timeline_page page = {0};
	const struct hf_timeline_query_args args = {.filter = tl_filter(subject, type),
	                                            .ascending = ascending,
	                                            .limit = PAGE,
	                                            .page = resumed ? scene->page : NULL};
	assert_int_equal(hf_timeline_query(scene->store, &args, HF_READ_UNDURABLE, &page, NULL), HF_OK);
	assert_true(page.count == PAGE && page.next && page.total >= scene->count / (SUBJECTS * TYPES));
	(void)snprintf(scene->page, sizeof scene->page, "%s", page.next);
	hf_release(page.memory);
}

static void query_all(struct scene *scene)
{
	query(scene, NULL, NULL, false, false);
}
static void query_subject(struct scene *scene)
{
	query(scene, "s3", NULL, false, false);
}
static void query_type(struct scene *scene)
{
	query(scene, NULL, "t3", false, false);
}
static void query_pair(struct scene *scene)
{
	query(scene, "s3", "t3", false, false);
}
static void query_all_ascending(struct scene *scene)
{
	query(scene, NULL, NULL, true, false);
}
static void query_subject_ascending(struct scene *scene)
{
	query(scene, "s3", NULL, true, false);
}
static void query_type_ascending(struct scene *scene)
{
	query(scene, NULL, "t3", true, false);
}
static void query_pair_ascending(struct scene *scene)
{
	query(scene, "s3", "t3", true, false);
}
static void query_next_page(struct scene *scene)
{
	query(scene, "s3", "t3", true, true); /* of the one before */
}

static void query_nothing(struct scene *scene)
{
	struct hf_timeline_page page = {0};
	const struct hf_timeline_query_args args = {.filter = tl_filter("s3", "t9")};
	assert_int_equal(hf_timeline_query(scene->store, &args, HF_READ_UNDURABLE, &page, NULL), HF_OK);
	assert_true(page.count == 0 && page.total == 0);
	hf_release(page.memory);
}

static void count_pair(struct scene *scene)
{
	const struct hf_timeline_filter filter = tl_filter("s3", "t3");
	assert_int_equal(tl_count(scene->store, &filter), scene->count / (SUBJECTS * TYPES));
}

static void latest(struct scene *scene)
{
	assert_int_equal(tl_latest(scene->store, TL_NAME), SCENE_NOW + scene->count - 1);
}

#define BEHIND \
	"undurable hf_timeline_query filter.timeline=audit limit=10 after.happened_at=now+500 " \
	"after.id=e"

static const struct work works[] = {
    WORK("timeline query, all", 0, query_all),
    WORK("timeline query, subject", 0, query_subject),
    WORK("timeline query, type", 0, query_type),
    WORK("timeline query, subject and type", 0, query_pair),
    WORK("timeline query, all, ascending", 0, query_all_ascending),
    WORK("timeline query, subject, ascending", 0, query_subject_ascending),
    WORK("timeline query, type, ascending", 0, query_type_ascending),
    WORK("timeline query, pair, ascending", 0, query_pair_ascending),
    WORK("timeline query, its next page", 0, query_next_page),
    WORK("timeline query, no match", 0, query_nothing),
    STEPS("timeline query, behind a position", PAGE, BEHIND),
    STEPS("timeline query, ascending, behind one", PAGE, BEHIND " ascending=1 -> count=10"),
    STEPS("timeline query, subject, behind one", PAGE, BEHIND " filter.subject=s3 -> count=10"),
    STEPS("timeline query, type, behind one", PAGE, BEHIND " filter.type=t3 -> count=10"),
    STEPS("timeline query, pair, behind one", PAGE,
          BEHIND " filter.subject=s3 filter.type=t3 -> count=10"),
    WORK("timeline count", 0, count_pair),
    WORK("timeline latest_at", 0, latest),
    WORK("timeline get", 0, get),
    WORK("timeline append again", 0, append_again),
    WORK("timeline append, refused", 0, append_refused),
    WORK("timeline retain, counted only", 0, retain_dry),
    WORK("timeline retain, nothing to do", 0, retain_nothing),
    WORK("timeline retain, 1 goes", 0, retain_all_but_one),
    WORK("timeline retain, 10 go", 0, retain_all_but_ten),
    WORK("timeline append", 0, append_new),
    WORK("timeline append, new timeline", 0, append_elsewhere),
};

static void many_events_cost_what_a_thousand_do(void **state)
{
	(void)state;
	compare_steps(fill_timeline, works, sizeof works / sizeof works[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(many_events_cost_what_a_thousand_do),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
