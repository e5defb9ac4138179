#include "lib/settings.h"

#include "lib/followed.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"
#include "log/entry.h"
#include "store/store.h"

#define STAGE_SEED 20261120u

const char *setting_name(enum setting setting)
{
	static const char *const names[SETTINGS] = {"live", "after reopening", "loaded from a snapshot",
	                                            "fed by the change feed"};
	return names[setting];
}

static void expect_ok(int rc, const struct hf_error *error, const char *what)
{
	if (rc != HF_OK)
		fail_msg("%s: %s: %s", what, hf_code_name(rc), error->text);
}

static void open_store(struct stage *stage)
{
	struct hf_error error = {0};
	const int rc = hf__store_open(sim_os(stage->sim), hf__all_domains(), &stage->options,
	                              &stage->store, &error);
	expect_ok(rc, &error, "open");
}

struct stage *stage_open_with(enum setting setting, const struct hf_options *options)
{
	struct stage *stage = calloc(1, sizeof *stage);
	assert_non_null(stage);
	stage->setting = setting;
	stage->options = *options;
	stage->options.create = true;
	stage->options.no_background = true;
	stage->sim = sim_new(sim_profile_strict(), STAGE_SEED);
	sim_set_now(stage->sim, STAGE_NOW);
	open_store(stage);
	return stage;
}

struct stage *stage_open(enum setting setting)
{
	return stage_open_with(setting, &(struct hf_options){.segment_size = 64u << 10});
}

void stage_at(struct stage *stage, int64_t now_us)
{
	sim_set_now(stage->sim, now_us);
}

struct hf__writer stage_dump(struct stage *stage)
{
	struct hf_error error = {0};
	struct hf__writer dump = {0};
	expect_ok(hf_sync(stage->store, &error), &error, "sync");
	expect_ok(hf__state_dump(stage->store, &dump, &error), &error, "dump");
	return dump;
}

static void expect_same(struct hf__writer *before, struct hf__writer *after, const char *law)
{
	const bool same = hf__bytes_equal(hf_bytes_of(before->data, before->len),
	                                  hf_bytes_of(after->data, after->len));
	hf__writer_deinit(before);
	hf__writer_deinit(after);
	if (!same)
		fail_msg("broken: %s", law);
}

static void reopen(struct stage *stage)
{
	struct hf_error error = {0};
	struct hf__writer before = stage_dump(stage);
	expect_ok(hf_close(stage->store, &error), &error, "close");
	open_store(stage);
	struct hf__writer after = stage_dump(stage);
	expect_same(&before, &after, "state == replay(log)");
}

static void load(struct stage *stage)
{
	struct hf_error error = {0};
	struct hf__writer before = stage_dump(stage);
	expect_ok(hf__state_load(stage->store, hf_bytes_of(before.data, before.len), &error), &error,
	          "load");
	struct hf__writer after = stage_dump(stage);
	expect_same(&before, &after, "state == load(snapshot(state))");
}

static void feed(struct stage *stage)
{
	struct hf_error error = {0};
	struct followed followed = {0};
	hf_feed *source;
	struct hf__writer before = stage_dump(stage);
	const int rc = hf_feed_open(stage->store, 1, &source, &error);
	if (rc == HF_EGONE) { /* it was compacted: the feed has not all of it */
		hf__writer_deinit(&before);
		return;
	}
	expect_ok(rc, &error, "feed");
	expect_ok(followed_feed(&followed, source, 0, &error), &error, "feed");
	hf_feed_close(source);
	struct hf__entry *entries = followed_entries(&followed);
	expect_ok(hf__state_rebuild(stage->store, entries, followed.count, &error), &error, "apply");
	free(entries);
	followed_free(&followed);
	struct hf__writer after = stage_dump(stage);
	expect_same(&before, &after, "state == apply(feed)");
}

void stage_switch_to(struct stage *stage, enum setting setting)
{
	if (setting == SETTING_REOPENED)
		reopen(stage);
	else if (setting == SETTING_LOADED)
		load(stage);
	else if (setting == SETTING_FED)
		feed(stage);
	stage_verify(stage);
}

void stage_switch(struct stage *stage)
{
	stage_switch_to(stage, stage->setting);
}

void stage_verify(struct stage *stage)
{
	struct hf_error error = {0};
	expect_ok(hf__state_verify(stage->store, &error), &error, "verify");
}

void stage_drop(struct stage *stage)
{
	struct hf_error error = {0};
	expect_ok(hf_close(stage->store, &error), &error, "close");
	sim_free(stage->sim);
	free(stage);
}

void stage_close(struct stage *stage)
{
	stage_verify(stage);
	load(stage);
	stage_verify(stage);
	feed(stage);
	stage_verify(stage);
	reopen(stage);
	stage_verify(stage);
	stage_drop(stage);
}
