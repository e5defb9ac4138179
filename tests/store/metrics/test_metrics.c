/* tier: fast */
/* Figures are what lists say: queues in every state, claims that are over, hostile names, more
 * names than have series of their own, cursors, locks; on a writer and on a reader beside it. */
#include "lib/rng.h"
#include "metrics_case.h"

/* --- Random states ---------------------------------------------------------------------------- */

enum { QUEUES = 6, IDS = 12, STEPS = 400, LOOK = 20 };

struct work {
	struct hf_rng rng;
	struct stage *stage;
	char id[8];
	struct hf_bytes queue;
};

static const char *const queues[QUEUES] = {"a", "b", "c\n", "d\"\\", "e\xff", "\xc3\xa9"};
static const char *const groups[] = {"", "", "g", "h"};

/* Some items are not there. */
static void maybe(int rc)
{
	assert_true(rc == HF_OK || rc == HF_ENOTFOUND);
}

static void claim(struct work *w)
{
	struct hf_outbox_items claims = {0};
	const struct hf_outbox_claim_next_args args = {
	    .write = in_os,
	    .queue = w->queue,
	    .max = (uint32_t)hf_rng_below(&w->rng, 4) + 1,
	    .owner = hf_str("w"),
	    .lease_us = hf_rng_chance(&w->rng, 1, 4) ? 0 : hf_rng_range(&w->rng, 1, 20) * SECOND};
	maybe(hf_outbox_claim_next(w->stage->store, NULL, &args, &claims, NULL, NULL));
	for (size_t i = 0; i < claims.count && hf_rng_chance(&w->rng, 1, 2); i++) {
		const struct hf_outbox_fail_args fail = {.write = in_os,
		                                         .queue = w->queue,
		                                         .id = claims.items[i].id,
		                                         .token = claims.items[i].token,
		                                         .max_attempts = 2,
		                                         .reason = hf_str("no")};
		assert_int_equal(hf_outbox_fail(w->stage->store, NULL, &fail, NULL, NULL), HF_OK);
	}
	hf_release(claims.memory);
}

static void mark(struct work *w)
{
	const struct hf_outbox_mark_failed_args args = {
	    .write = in_os, .queue = w->queue, .id = hf_str(w->id), .reason = hf_str("no")};
	maybe(hf_outbox_mark_failed(w->stage->store, NULL, &args, NULL, NULL));
}

static void step(struct work *w)
{
	hf_store *store = w->stage->store;
	w->queue = hf_str(queues[hf_rng_below(&w->rng, QUEUES)]);
	(void)snprintf(w->id, sizeof w->id, "%u", (unsigned)hf_rng_below(&w->rng, IDS));
	const struct hf_outbox_pause_args pause = {.write = in_os, .queue = w->queue};
	const struct hf_outbox_remove_args remove = {
	    .write = in_os, .queue = w->queue, .id = hf_str(w->id)};
	switch (hf_rng_below(&w->rng, 12)) {
	case 0:
		claim(w);
		break;
	case 1:
		mark(w);
		break;
	case 2:
		maybe(hf_outbox_remove(store, NULL, &remove, NULL, NULL));
		break;
	case 3:
		sim_advance(w->stage->sim, hf_rng_range(&w->rng, 0, 4) * SECOND);
		break;
	case 4:
		maybe(hf_rng_chance(&w->rng, 1, 2) ? hf_outbox_pause(store, NULL, &pause, NULL, NULL)
		                                   : hf_outbox_resume(store, NULL, &pause, NULL, NULL));
		break;
	case 5:
		if (hf_rng_chance(&w->rng, 1, 5))
			stage_switch_to(w->stage, SETTING_REOPENED);
		break;
	default:
		enqueue(store, w->queue, w->id, groups[hf_rng_below(&w->rng, 4)],
		        hf_rng_chance(&w->rng, 1, 3)
		            ? now_of(store) + hf_rng_range(&w->rng, -5, 15) * SECOND
		            : 0);
	}
}

static void look(struct work *w)
{
	hf_store *store = w->stage->store;
	struct figures f = figures_of(store, HF_METRICS_PROMETHEUS);
	const hf_time now = now_of(store);
	struct hf_name_page names = {0};
	assert_int_equal(hf_outbox_names(store, NULL, HF_READ_UNDURABLE, &names, NULL), HF_OK);
	assert_true(figures_get(&f, "queues", NULL, NULL) == (double)names.count);
	for (size_t i = 0; i < names.count; i++) {
		const struct counted c = recount(store, names.items[i], now);
		expect_queue(&f, names.items[i], &c, now);
		struct hf_outbox_stats stats = {0};
		assert_int_equal(
		    hf_outbox_get_stats(store, names.items[i], HF_READ_UNDURABLE, &stats, NULL), HF_OK);
		assert_true(figures_find(&f, "queue_paused", "queue", names.items[i], NULL, NULL)->value ==
		            stats.paused);
	}
	hf_release(names.memory);
	figures_free(&f);
}

static void figures_of_queues_are_what_their_lists_say(void **state)
{
	struct work w = {.rng = hf_rng_for("metrics"), .stage = stage_open(SETTING_LIVE)};
	(void)state;
	for (unsigned i = 0; i < STEPS; i++) {
		step(&w);
		if (i % LOOK == 0)
			look(&w);
	}
	look(&w);
	stage_close(w.stage);
}

/* --- Names ------------------------------------------------------------------------------------ */

static void names_of_any_bytes_stay_apart(void **state)
{
	struct stage *stage = stage_open(SETTING_LIVE);
	static char longest[HF_KEY_MAX + 1], bytes[256];
	memset(longest, 0xff, HF_KEY_MAX);
	for (unsigned i = 1; i < 256; i++)
		bytes[i - 1] = (char)i;
	const char *const names[] = {
	    "\\xff", "\xff", "\\\\xff", "\\", "\\\\", "\"", "\n", "\\n", "a\"b\\c\nd", longest, bytes,
	    /* overlong, cut off, a surrogate, beyond the last character */
	    "\xc0\x80", "\xe2\x82", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
	    "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\r", "\x01", "{}", "queue=\"a\"", ",", " ", "#", "1"};
	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char id[8];
		for (size_t k = 0; k <= i; k++) {
			(void)snprintf(id, sizeof id, "%zu", k);
			enqueue(stage->store, hf_str(names[i]), id, "", 0);
		}
		char consumer[HF_KEY_MAX + 1]; /* white space at its ends would be trimmed */
		(void)snprintf(consumer, sizeof consumer, "c%.300sc", names[i]);
		advance(stage->store, hf_str(consumer), hf_str("s"), hf_str(consumer), (int64_t)i + 1);
	}
	for (enum hf_metrics_format format = 0; format <= HF_METRICS_OPENMETRICS; format++) {
		struct figures f = figures_of(stage->store, format);
		for (size_t i = 0; i < sizeof names / sizeof *names; i++)
			assert_true(items(&f, hf_str(names[i]), "ready") == (double)i + 1);
		figures_free(&f);
	}
	stage_drop(stage);
}

/* --- More names than series ------------------------------------------------------------------- */

enum { MANY = 1500, OWN = 1000 };

static void of_many_names_the_rest_is_one_series(void **state)
{
	struct stage *stage = stage_open(SETTING_LIVE);
	(void)state;
	uint64_t rest = 0;
	for (unsigned i = 0; i < MANY; i++) {
		char name[16];
		(void)snprintf(name, sizeof name, "q%04u", i);
		enqueue(stage->store, hf_str(name), "1", "", 0);
		if (i % 2)
			enqueue(stage->store, hf_str(name), "2", "", 0);
		rest += i < OWN ? 0 : 1 + i % 2;
		advance(stage->store, hf_str(name), hf_str("s"), hf_str(""), MANY - i);
	}
	sim_advance(stage->sim, 7 * SECOND);
	struct figures f = figures_of(stage->store, HF_METRICS_PROMETHEUS);
	assert_true(f.pieces > 1);
	unsigned series = 0;
	double sum = 0, lag = 0;
	for (size_t i = 0; i < f.count; i++) {
		series += strcmp(f.all[i].name, "queue_paused") == 0;
		sum += strcmp(f.all[i].name, "queue_items") == 0 ? f.all[i].value : 0;
		lag += strcmp(f.all[i].name, "cursor_lag") == 0 ? f.all[i].value : 0;
	}
	assert_int_equal(series, OWN + 1);
	assert_true(sum == MANY + MANY / 2.0);
	assert_true(items(&f, hf_str(""), "ready") == (double)rest);
	assert_true(items(&f, hf_str("q0999"), "ready") == 2);
	assert_null(figures_find(&f, "queue_paused", "queue", hf_str("q1000"), NULL, NULL));
	const double oldest =
	    figures_find(&f, "queue_oldest_due_seconds", "queue", hf_str(""), NULL, NULL)->value;
	assert_true(oldest >= 7 && oldest < 8); /* the greatest, not the sum */
	assert_true(figures_get(&f, "queues", NULL, NULL) == MANY);
	assert_true(figures_get(&f, "cursors", NULL, NULL) == MANY);
	assert_true(lag == MANY * (MANY - 1) / 2.0); /* the slowest is behind by all but itself */
	figures_free(&f);
	stage_drop(stage);
}

/* --- Cursors, locks, objects ------------------------------------------------------------------ */

static void cursors_lag_behind_the_same_stream_and_subject(void **state)
{
	struct stage *stage = stage_open(SETTING_LIVE);
	hf_store *store = stage->store;
	(void)state;
	advance(store, hf_str("a"), hf_str("s"), hf_str(""), 7);
	advance(store, hf_str("b"), hf_str("s"), hf_str(""), 10);
	advance(store, hf_str("a"), hf_str("s"), hf_str("t"), 100);
	advance(store, hf_str("b"), hf_str("s"), hf_str("t"), 60);
	advance(store, hf_str("c"), hf_str("s"), hf_str("t"), 61);
	advance(store, hf_str("a"), hf_str("t"), hf_str(""), 1000);
	advance(store, hf_str("a"), hf_str("z"), hf_str("\xff"), INT64_MAX);
	advance(store, hf_str("b"), hf_str("z"), hf_str("\xff"), 1);
	static const struct {
		const char *consumer, *stream, *subject;
		double lag;
	} wanted[] = {{"a", "s", "", 3},     {"b", "s", "", 0},
	              {"a", "s", "t", 0},    {"b", "s", "t", 40},
	              {"c", "s", "t", 39},   {"a", "t", "", 0},
	              {"a", "z", "\xff", 0}, {"b", "z", "\xff", (double)(INT64_MAX - 1)}};
	struct figures f = figures_of(store, HF_METRICS_OPENMETRICS);
	unsigned found = 0;
	for (size_t i = 0; i < f.count; i++)
		for (size_t k = 0; k < sizeof wanted / sizeof *wanted; k++) {
			const struct figure *is = &f.all[i];
			const struct hf_bytes subject = figure_label(is, "subject");
			if (strcmp(is->name, "cursor_lag") != 0 ||
			    strcmp(figure_label(is, "consumer").data, wanted[k].consumer) != 0 ||
			    strcmp(figure_label(is, "stream").data, wanted[k].stream) != 0 ||
			    subject.len != strlen(wanted[k].subject) ||
			    memcmp(subject.data, wanted[k].subject, subject.len) != 0)
				continue;
			assert_true(is->value == wanted[k].lag);
			found++;
		}
	assert_int_equal(found, sizeof wanted / sizeof *wanted);
	figures_free(&f);
	stage_drop(stage);
}

static void locks_count_while_they_are_held(void **state)
{
	struct stage *stage = stage_open(SETTING_LIVE);
	(void)state;
	for (unsigned i = 1; i <= 30; i++) {
		char name[8];
		(void)snprintf(name, sizeof name, "%u", i);
		const struct hf_lock_acquire_args args = {.write = in_os,
		                                          .name = hf_str(name),
		                                          .owner = hf_str("w"),
		                                          .lease_us = i <= 10 ? 0 : i * SECOND};
		assert_int_equal(hf_lock_acquire(stage->store, NULL, &args, NULL, NULL), HF_OK);
	}
	for (unsigned i = 0; i < 40; i += 5) {
		struct hf_lock_page page = {0};
		struct figures f = figures_of(stage->store, HF_METRICS_PROMETHEUS);
		assert_int_equal(hf_lock_list(stage->store, NULL, HF_READ_UNDURABLE, &page, NULL), HF_OK);
		assert_true(figures_get(&f, "locks_held", NULL, NULL) == (double)page.count);
		hf_release(page.memory);
		figures_free(&f);
		sim_advance(stage->sim, 5 * SECOND);
	}
	stage_drop(stage);
}

static void a_reader_gives_what_the_writer_gives_or_nothing(void **state)
{
	struct stage *stage = stage_open(SETTING_LIVE);
	hf_store *reader;
	(void)state;
	for (unsigned i = 0; i < 30; i++) {
		char id[8];
		(void)snprintf(id, sizeof id, "%u", i);
		enqueue(stage->store, hf_str(i % 2 ? "a" : "b"), id, i % 3 ? "g" : "", 0);
		advance(stage->store, hf_str(id), hf_str("s"), hf_str(""), i + 1);
	}
	assert_int_equal(hf_snapshot(stage->store, NULL), HF_OK);
	assert_int_equal(hf_sync(stage->store, NULL), HF_OK);
	assert_int_equal(
	    hf__store_open_read(sim_opener(stage->sim, 1), hf__all_domains(), NULL, &reader, NULL),
	    HF_OK);
	struct figures own = figures_of(stage->store, HF_METRICS_PROMETHEUS),
	               seen = figures_of(reader, HF_METRICS_PROMETHEUS);
	static const char *const differ[] = {"read_only",
	                                     "uptime_seconds",
	                                     "open_segments",
	                                     "queue_oldest_due_seconds",
	                                     "snapshot_age_seconds",
	                                     "clock_ahead_seconds"};
	for (size_t i = 0; i < seen.count; i++) {
		const struct figure *is = &seen.all[i];
		const struct figure *of =
		    figures_find(&own, is->name, is->count ? is->labels[0].name : NULL,
		                 is->count ? is->labels[0].value : hf_str(""),
		                 is->count > 1 ? is->labels[is->count - 1].name : NULL,
		                 is->count > 1 ? is->labels[is->count - 1].value.data : NULL);
		assert_non_null(of);
		bool may_differ = false;
		for (size_t k = 0; k < sizeof differ / sizeof *differ; k++)
			may_differ = may_differ || strcmp(differ[k], is->name) == 0;
		if (!may_differ && of->value != is->value)
			fail_msg("%s: %f beside %f", is->name, is->value, of->value);
	}
	static const char *const writers[] = {
	    "fault",        "commit_seconds_count", "flush_seconds_count", "compactions_total",
	    "replay_bytes", "syncs_total"};
	for (size_t k = 0; k < sizeof writers / sizeof *writers; k++)
		assert_true(figures_has(&own, writers[k]) && !figures_has(&seen, writers[k]));
	assert_true(figures_has(&seen, "snapshot_lsn"));
	figures_free(&own);
	figures_free(&seen);
	assert_int_equal(hf_close(reader, NULL), HF_OK);
	stage_drop(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(figures_of_queues_are_what_their_lists_say),
	    cmocka_unit_test(names_of_any_bytes_stay_apart),
	    cmocka_unit_test(of_many_names_the_rest_is_one_series),
	    cmocka_unit_test(cursors_lag_behind_the_same_stream_and_subject),
	    cmocka_unit_test(locks_count_while_they_are_held),
	    cmocka_unit_test(a_reader_gives_what_the_writer_gives_or_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
