/* tier: fast */
/* Lists of cursors against a sorted model: every filter, every page size, in three settings;
 * pages while cursors come and go; damaged and foreign tokens; and bounds on the steps of a
 * page, however many cursors there are. */
#include "base/mem.h"
#include "holdfast/cursor.h"
#include "lib/domains/page_steps.h"
#include "lib/rng.h"
#include "lib/settings.h"
#include "lib/test.h"

/* --- The model: all combinations of a few names, some of them there --------------------------- */

static const char *const consumers[] = {"a", "ab", "b", "mailer"};
static const char *const streams[] = {"events", "events2", "z"};
static const char *const subjects[] = {"", "a", "x", "x y"};

enum { CONSUMERS = 4, STREAMS = 3, SUBJECTS = 4, ALL = CONSUMERS * STREAMS * SUBJECTS };

/* In list order: stream, subject, consumer. */
struct entry {
	const char *stream, *subject, *consumer;
	int64_t sequence;
	bool there;
};

struct model {
	struct entry entries[ALL];
};

static void model_init(struct model *m)
{
	size_t n = 0;
	for (size_t stream = 0; stream < STREAMS; stream++)
		for (size_t subject = 0; subject < SUBJECTS; subject++)
			for (size_t consumer = 0; consumer < CONSUMERS; consumer++)
				m->entries[n++] = (struct entry){streams[stream], subjects[subject],
				                                 consumers[consumer], 0, false};
}

static struct hf_cursor_key key_of(const struct entry *e)
{
	return (struct hf_cursor_key){hf_str(e->consumer), hf_str(e->stream), hf_str(e->subject)};
}

static void put(struct stage *stage, struct entry *e, int64_t sequence)
{
	const struct hf_cursor_reset_args args = {
	    .key = key_of(e), .sequence = sequence, .delivered_at = HF_UNSET, .reason = hf_str("test")};
	struct hf_result result = {0};
	assert_int_equal(hf_cursor_reset(stage->store, NULL, &args, &result, NULL), HF_OK);
	assert_true(result.changed || (e->there && e->sequence == sequence));
	e->sequence = sequence;
	e->there = true;
}

static void drop(struct stage *stage, struct entry *e)
{
	const struct hf_cursor_remove_args args = {.key = key_of(e)};
	assert_int_equal(hf_cursor_remove(stage->store, NULL, &args, NULL, NULL),
	                 e->there ? HF_OK : HF_ENOTFOUND);
	e->there = false;
}

/* About two thirds of all cursors, with few different sequences so that ties are common; some
 * removed again. */
static void fill(struct stage *stage, struct model *m, struct hf_rng *rng)
{
	model_init(m);
	for (int i = 0; i < 3 * ALL; i++) {
		struct entry *e = &m->entries[hf_rng_below(rng, ALL)];
		if (hf_rng_chance(rng, 1, 4))
			drop(stage, e);
		else
			put(stage, e, (int64_t)hf_rng_below(rng, 4));
	}
}

static bool selects(const struct hf_cursor_list_args *f, const struct entry *e)
{
	return e->there && (f->consumer.len == 0 || strcmp(f->consumer.data, e->consumer) == 0) &&
	       (f->stream.len == 0 || strcmp(f->stream.data, e->stream) == 0) &&
	       ((f->subject.len == 0 && !f->by_subject) || strcmp(f->subject.data, e->subject) == 0);
}

static bool is_entry(const struct hf_cursor *cursor, const struct entry *e)
{
	const struct hf_bytes *got[] = {&cursor->key.consumer, &cursor->key.stream,
	                                &cursor->key.subject};
	const char *want[] = {e->consumer, e->stream, e->subject};
	for (int i = 0; i < 3; i++)
		if (got[i]->len != strlen(want[i]) || memcmp(got[i]->data, want[i], got[i]->len) != 0)
			return false;
	return cursor->last_sequence == e->sequence;
}

/* --- Lists ------------------------------------------------------------------------------------ */

/* Walks all pages and compares with the entries that the filter selects, in their order. */
static void check_list(struct stage *stage, const struct model *m,
                       struct hf_cursor_list_args filter)
{
	struct hf_cursor_page page = {0};
	size_t next = 0, pages = 0;
	do {
		struct hf_error error = {0};
		struct hf_memory *before = page.memory;
		if (hf_cursor_list(stage->store, &filter, 0, &page, &error) != HF_OK)
			fail_msg("list: %s", error.text);
		hf_release(before);
		assert_true(filter.limit == 0 || page.count <= filter.limit);
		assert_true(page.count > 0 || pages == 0);
		assert_true(!page.next || page.count == filter.limit);
		for (size_t i = 0; i < page.count; i++) {
			while (next < ALL && !selects(&filter, &m->entries[next]))
				next++;
			assert_true(next < ALL);
			assert_true(is_entry(&page.items[i], &m->entries[next]));
			next++;
		}
		filter.page = page.next;
		pages++;
	} while (page.next);
	hf_release(page.memory);
	while (next < ALL && !selects(&filter, &m->entries[next]))
		next++;
	assert_int_equal(next, ALL);
}

static void check_all_lists(struct stage *stage, const struct model *m)
{
	static const size_t limits[] = {0, 1, 2, 3, 7, 100};
	for (int consumer = -1; consumer < CONSUMERS; consumer++)
		for (int stream = -1; stream < STREAMS; stream++)
			for (int subject = -1; subject < SUBJECTS; subject++)
				for (size_t limit = 0; limit < sizeof limits / sizeof limits[0]; limit++)
					check_list(stage, m,
					           (struct hf_cursor_list_args){
					               .consumer = hf_str(consumer < 0 ? NULL : consumers[consumer]),
					               .stream = hf_str(stream < 0 ? NULL : streams[stream]),
					               .subject = hf_str(subject < 0 ? NULL : subjects[subject]),
					               .by_subject = subject == 0,
					               .limit = limits[limit],
					           });
}

static void every_filter_and_page_size_gives_the_model_in_order(void **state)
{
	(void)state;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		struct hf_rng rng = hf_rng_for("cursor lists");
		struct stage *stage = stage_open(setting);
		struct model m;
		fill(stage, &m, &rng);
		stage_switch(stage);
		check_all_lists(stage, &m);
		stage_close(stage);
	}
}

/* --- Lag -------------------------------------------------------------------------------------- */

static int compare_lag(const void *a, const void *b)
{
	const struct entry *x = *(const struct entry *const *)a, *y = *(const struct entry *const *)b;
	if (x->sequence != y->sequence)
		return x->sequence < y->sequence ? -1 : 1;
	const int subject = strcmp(x->subject, y->subject);
	return subject ? subject : strcmp(x->consumer, y->consumer);
}

static void check_lag(struct stage *stage, const struct model *m,
                      struct hf_cursor_list_lag_args args)
{
	const struct hf_cursor_list_args filter = {
	    .stream = args.stream, .subject = args.subject, .by_subject = args.by_subject};
	const struct entry *want[ALL];
	size_t count = 0, next = 0;
	for (size_t i = 0; i < ALL; i++)
		if (selects(&filter, &m->entries[i]))
			want[count++] = &m->entries[i];
	qsort(want, count, sizeof want[0], compare_lag);
	struct hf_cursor_lag_page page = {0};
	do {
		struct hf_memory *before = page.memory;
		assert_int_equal(hf_cursor_list_lag(stage->store, &args, 0, &page, NULL), HF_OK);
		hf_release(before);
		for (size_t i = 0; i < page.count; i++, next++) {
			assert_true(next < count);
			assert_true(is_entry(&page.items[i].cursor, want[next]));
			assert_int_equal(page.items[i].lag, args.head - want[next]->sequence);
		}
		args.page = page.next;
	} while (page.next);
	hf_release(page.memory);
	assert_int_equal(next, count);
}

static void lag_gives_the_slowest_first(void **state)
{
	(void)state;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		struct hf_rng rng = hf_rng_for("cursor lag");
		struct stage *stage = stage_open(setting);
		struct model m;
		fill(stage, &m, &rng);
		stage_switch(stage);
		for (int stream = 0; stream < STREAMS; stream++)
			for (int subject = -1; subject < SUBJECTS; subject++)
				for (size_t limit = 0; limit < 4; limit++)
					check_lag(stage, &m,
					          (struct hf_cursor_list_lag_args){
					              .stream = hf_str(streams[stream]),
					              .subject = hf_str(subject < 0 ? NULL : subjects[subject]),
					              .by_subject = subject == 0,
					              .head = 2,
					              .limit = limit,
					          });
		stage_close(stage);
	}
}

static void lag_refuses_a_broken_form(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct hf_cursor_lag_page page = {0};
	assert_int_equal(
	    hf_cursor_list_lag(stage->store,
	                       &(struct hf_cursor_list_lag_args){.stream = hf_str(" "), .head = 1}, 0,
	                       &page, NULL),
	    HF_EINVAL);
	assert_int_equal(
	    hf_cursor_list_lag(stage->store,
	                       &(struct hf_cursor_list_lag_args){.stream = hf_str("s"), .head = -1}, 0,
	                       &page, NULL),
	    HF_EINVAL);
	assert_int_equal(hf_cursor_list_lag(stage->store,
	                                    &(struct hf_cursor_list_lag_args){.stream = hf_str("s")}, 0,
	                                    &page, NULL),
	                 HF_OK);
	assert_int_equal(page.count, 0);
	hf_release(page.memory);
	stage_close(stage);
}

/* --- Pages over a changing store -------------------------------------------------------------- */

static void what_stays_through_a_walk_is_given_exactly_once(void **state)
{
	(void)state;
	struct hf_rng rng = hf_rng_for("cursor walk");
	struct stage *stage = stage_open(SETTING_LIVE);
	struct model m;
	bool stays[ALL];
	unsigned given[ALL] = {0};
	fill(stage, &m, &rng);
	for (size_t i = 0; i < ALL; i++)
		stays[i] = m.entries[i].there && i % 2 == 0;
	char *token = NULL;
	do {
		struct hf_cursor_page page = {0};
		assert_int_equal(hf_cursor_list(stage->store,
		                                &(struct hf_cursor_list_args){.limit = 2, .page = token}, 0,
		                                &page, NULL),
		                 HF_OK);
		for (size_t i = 0; i < page.count; i++)
			for (size_t e = 0; e < ALL; e++)
				given[e] += is_entry(&page.items[i], &m.entries[e]) && m.entries[e].there;
		free(token);
		token = page.next ? strdup(page.next) : NULL;
		hf_release(page.memory);
		/* Everything odd comes and goes, the position of the token among it. */
		for (size_t e = 1; e < ALL; e += 2)
			if (hf_rng_chance(&rng, 1, 2))
				drop(stage, &m.entries[e]);
			else
				put(stage, &m.entries[e], 1);
	} while (token);
	for (size_t i = 0; i < ALL; i++)
		assert_true(!stays[i] || given[i] == 1);
	stage_close(stage);
}

static void a_token_is_good_for_its_query_only(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct hf_rng rng = hf_rng_for("cursor tokens");
	struct model m;
	struct hf_cursor_page page = {0}, other = {0};
	struct hf_cursor_lag_page lag = {0};
	struct hf_error error = {0};
	fill(stage, &m, &rng);
	assert_int_equal(
	    hf_cursor_list(stage->store, &(struct hf_cursor_list_args){.limit = 2}, 0, &page, NULL),
	    HF_OK);
	assert_non_null(page.next);
	const struct hf_cursor_list_args wrong[] = {
	    {.consumer = hf_str("a"), .page = page.next},
	    {.stream = hf_str("events"), .page = page.next},
	    {.subject = hf_str("x"), .page = page.next},
	    {.by_subject = true, .page = page.next},
	    {.page = "not a token"},
	    {.page = "AAAA"},
	};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		assert_int_equal(hf_cursor_list(stage->store, &wrong[i], 0, &other, &error), HF_EINVAL);
		assert_true(other.items == NULL && other.memory == NULL && error.text[0]);
	}
	const struct hf_cursor_list_lag_args elsewhere = {.stream = hf_str("events"),
	                                                  .page = page.next};
	assert_int_equal(hf_cursor_list_lag(stage->store, &elsewhere, 0, &lag, &error), HF_EINVAL);
	char *bent = strdup(page.next);
	for (size_t i = 0; bent[i]; i++) {
		const char kept = bent[i];
		bent[i] = kept == 'A' ? 'B' : 'A';
		assert_int_equal(hf_cursor_list(stage->store, &(struct hf_cursor_list_args){.page = bent},
		                                0, &other, NULL),
		                 HF_EINVAL);
		bent[i] = kept;
	}
	free(bent);
	/* Another page size is the same query. */
	assert_int_equal(hf_cursor_list(stage->store,
	                                &(struct hf_cursor_list_args){.limit = 5, .page = page.next}, 0,
	                                &other, NULL),
	                 HF_OK);
	assert_int_equal(other.count, 5);
	hf_release(other.memory);
	hf_release(page.memory);
	stage_close(stage);
}

/* --- Memory ----------------------------------------------------------------------------------- */

static bool veto(void *ctx, size_t size)
{
	size_t *left = ctx;
	(void)size;
	if (*left == 0)
		return true;
	--*left;
	return false;
}

static int list_once(struct stage *stage, struct hf_error *error)
{
	struct hf_cursor_page page = {0};
	const int rc =
	    hf_cursor_list(stage->store, &(struct hf_cursor_list_args){.limit = 3}, 0, &page, error);
	assert_true(rc == HF_OK ? page.count == 3 && page.next : !page.memory && !page.items);
	hf_release(page.memory);
	return rc;
}

static int lag_once(struct stage *stage, struct hf_error *error)
{
	struct hf_cursor_lag_page page = {0};
	const int rc = hf_cursor_list_lag(
	    stage->store, &(struct hf_cursor_list_lag_args){.stream = hf_str("events"), .limit = 2}, 0,
	    &page, error);
	assert_true(rc == HF_OK ? page.count == 2 && page.next : !page.memory && !page.items);
	hf_release(page.memory);
	return rc;
}

/* A transaction of all that allocates: a new stream, texts, a copy of all arguments. */
static int change_once(struct stage *stage, struct hf_error *error)
{
	const struct hf_cursor_key key = {hf_str("late"), hf_str("late stream"), hf_str("x")};
	const struct hf_cursor_advance_args advance = {
	    .key = key, .sequence = 3, .delivery_id = hf_str("d3")};
	const struct hf_cursor_record_error_args note = {.key = key, .message = hf_str("boom")};
	const struct hf_cursor_reset_args reset = {
	    .key = key, .reason = hf_str("why"), .delivered_at = HF_UNSET};
	hf_txn *txn;
	int rc = hf_txn_begin(stage->store, &txn, error);
	if (rc != HF_OK)
		return rc;
	rc = hf_cursor_advance(stage->store, txn, &advance, NULL, error);
	if (rc == HF_OK)
		rc = hf_cursor_record_error(stage->store, txn, &note, NULL, error);
	if (rc == HF_OK)
		rc = hf_cursor_reset(stage->store, txn, &reset, NULL, error);
	if (rc == HF_OK)
		return hf_txn_commit(txn, HF_DURABLE, error);
	hf_txn_abandon(txn);
	return rc;
}

static void running_out_of_memory_anywhere_leaves_no_trace(void **state)
{
	(void)state;
	int (*const operations[])(struct stage *, struct hf_error *) = {list_once, lag_once,
	                                                                change_once};
	for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
		struct hf_rng rng = hf_rng_for("cursor memory");
		struct stage *stage = stage_open(SETTING_LIVE);
		struct model m;
		fill(stage, &m, &rng);
		struct hf__writer before = stage_dump(stage);
		int rc = HF_ENOMEM;
		for (size_t budget = 0; rc != HF_OK; budget++) {
			size_t left = budget;
			struct hf_error error = {0};
			hf__mem_set_veto(veto, &left);
			rc = operations[i](stage, &error);
			hf__mem_set_veto(NULL, NULL);
			assert_true(rc == HF_OK || (rc == HF_ENOMEM && error.code == HF_ENOMEM));
			struct hf__writer after = stage_dump(stage);
			const bool same = hf__bytes_equal(hf_bytes_of(before.data, before.len),
			                                  hf_bytes_of(after.data, after.len));
			assert_true(same == (rc == HF_ENOMEM || operations[i] != change_once));
			hf__writer_deinit(&after);
			assert_true(budget < 500);
		}
		hf__writer_deinit(&before);
		stage_close(stage);
	}
}

/* --- Steps ------------------------------------------------------------------------------------ */

static void a_page_takes_no_more_steps_among_many_cursors(void **state)
{
	(void)state;
	check_cursor_page_steps(1000);
	check_cursor_page_steps(20000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_filter_and_page_size_gives_the_model_in_order),
	    cmocka_unit_test(lag_gives_the_slowest_first),
	    cmocka_unit_test(lag_refuses_a_broken_form),
	    cmocka_unit_test(what_stays_through_a_walk_is_given_exactly_once),
	    cmocka_unit_test(a_token_is_good_for_its_query_only),
	    cmocka_unit_test(running_out_of_memory_anywhere_leaves_no_trace),
	    cmocka_unit_test(a_page_takes_no_more_steps_among_many_cursors),
	};
	return cmocka_run_group_tests_name("cursor lists", tests, NULL, NULL);
}
