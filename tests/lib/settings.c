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

/* --- In memory -------------------------------------------------------------------------------- */

/* Its clocks are those of a simulated machine, found by the seam's context. */
#define DISKS_MOST 16u
static struct {
	const void *ctx;
	struct sim *sim;
} clocks[DISKS_MOST];

static struct hf__os *machine_of(const void *ctx)
{
	for (unsigned i = 0; i < DISKS_MOST; i++)
		if (clocks[i].ctx == ctx)
			return sim_os(clocks[i].sim);
	abort();
}

static int64_t memory_now(void *ctx)
{
	const struct hf__os *os = machine_of(ctx);
	return os->now(os->ctx);
}

static int64_t memory_ticks(void *ctx)
{
	const struct hf__os *os = machine_of(ctx);
	return os->ticks(os->ctx);
}

static int64_t memory_boot_clock(void *ctx)
{
	const struct hf__os *os = machine_of(ctx);
	return os->boot_clock(os->ctx);
}

static struct hf__os *memory_new(struct sim *sim)
{
	unsigned i = 0;
	const char *where = getenv("HF_STAGE");
	if (!where || strcmp(where, "memory") != 0)
		return NULL;
	struct hf__os *os = calloc(1, sizeof *os);
	assert_non_null(os);
	assert_int_equal(hf__os_memory_new(os), 0);
	while (i < DISKS_MOST && clocks[i].ctx)
		i++;
	assert_true(i < DISKS_MOST);
	clocks[i].ctx = os->ctx;
	clocks[i].sim = sim;
	os->now = memory_now;
	os->ticks = memory_ticks;
	os->boot_clock = memory_boot_clock;
	return os;
}

static void memory_free(struct hf__os *os)
{
	for (unsigned i = 0; os && i < DISKS_MOST; i++)
		if (clocks[i].ctx == os->ctx)
			clocks[i].ctx = NULL;
	if (os)
		hf__os_memory_free(os);
	free(os);
}

const struct hf__os *stage_os(const struct stage *stage)
{
	return stage->memory ? stage->memory : sim_os(stage->sim);
}

/* ---------------------------------------------------------------------------------------------- */

static void open_store(struct stage *stage)
{
	struct hf_error error = {0};
	const int rc =
	    hf__store_open(stage_os(stage), hf__all_domains(), &stage->options, &stage->store, &error);
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
	stage->memory = memory_new(stage->sim);
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
	memory_free(stage->memory);
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
