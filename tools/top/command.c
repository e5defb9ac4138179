/* top: its row, and its output where there is no terminal. The screen is in screen.c and draw.c,
 * which need ncurses; all else works without. */
#include "commands/commands.h"
#include "print/out.h"
#include "top/top.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define INTERVAL_US 1000000
#define INTERVAL_LEAST_US 100000
#define STUCK_US INT64_C(900000000)

/* --- The order of queues ---------------------------------------------------------------------- */

static int compare_names(const struct look_queue *a, const struct look_queue *b)
{
	const size_t len = a->name.len < b->name.len ? a->name.len : b->name.len;
	const int order = memcmp(a->name.data, b->name.data, len);
	return order ? order : (a->name.len > b->name.len) - (a->name.len < b->name.len);
}

/* What stands first has more of it. */
static uint64_t weight(const struct look_queue *queue, enum top_sort sort)
{
	switch (sort) {
	case TOP_BY_OLDEST:
		return queue->stats.oldest_due == HF_UNSET
		           ? 0
		           : (uint64_t)INT64_MAX - (uint64_t)queue->stats.oldest_due;
	case TOP_BY_READY:
		return queue->stats.ready;
	case TOP_BY_DELAYED:
		return queue->stats.delayed;
	case TOP_BY_BLOCKED:
		return queue->stats.blocked;
	case TOP_BY_SENDING:
		return queue->stats.sending.items;
	case TOP_BY_FAILED:
		return queue->stats.failed.items;
	default:
		return 0;
	}
}

static int compare_queues(const void *a, const void *b, void *ctx)
{
	const struct top *top = ctx;
	const uint64_t left = weight(a, top->sort), right = weight(b, top->sort);
	const int order = left == right ? compare_names(a, b) : left < right ? 1 : -1;
	return top->reverse ? -order : order;
}

void top_sort(struct top *top)
{
	struct look_state *state = &top->look.state;
	if (state->queue_count > 0)
		qsort_r(state->queues, state->queue_count, sizeof *state->queues, compare_queues, top);
}

size_t top_stuck(const struct top *top, bool *more)
{
	const struct look_state *state = &top->look.state;
	size_t stuck = 0, unknown = 0;
	for (size_t i = 0; i < state->claim_count; i++) {
		stuck += look_stuck(state, &state->claims[i], top->stuck_us);
		unknown += state->claims[i].dated == LOOK_NOT_YET;
	}
	*more = state->more_claims || unknown > 0;
	return stuck;
}

/* --- Without a screen ------------------------------------------------------------------------- */

static void show_rate(struct out *out, const char *name, double rate)
{
	char text[FIGURE_SIZE];
	snprintf(text, sizeof text, "%.1f", rate);
	out_text(out, name, rate < 0 ? NULL : text);
}

static void show_store(struct top *top, struct out *out)
{
	const struct look *look = &top->look;
	const struct look_state *state = &look->state;
	bool more;
	const size_t stuck = top_stuck(top, &more);
	out_begin(out, "top");
	out_bytes(out, "directory", hf_str(look->directory));
	out_time(out, "clock", state->clock);
	out_i64(out, "clock_ahead_us", state->info.clock_ahead_us);
	out_bool(out, "writer", state->info.writer);
	out_text(out, "fault", state->info.fault ? hf_code_name(state->info.fault) : NULL);
	out_u64(out, "last_lsn", state->info.last_lsn);
	show_rate(out, "changes_per_second", look->rates.changes);
	show_rate(out, "log_bytes_per_second", look->rates.bytes);
	out_u64(out, "log_bytes", look->disk.log);
	out_u64(out, "snapshot_bytes", look->disk.snapshot);
	out_u64(out, "disk_used", look->disk.used);
	out_u64(out, "disk_free", look->disk.free);
	out_u64(out, "queues", state->queue_count);
	out_bool(out, "more_queues", state->more_queues);
	out_u64(out, "ready", state->totals.ready);
	out_u64(out, "delayed", state->totals.delayed);
	out_u64(out, "blocked", state->totals.blocked);
	out_u64(out, "sending", state->totals.sending);
	out_u64(out, "failed", state->totals.failed);
	out_u64(out, "claims", state->claim_count);
	out_u64(out, "stuck", stuck);
	out_bool(out, "more_claims", more);
	out_u64(out, "locks", state->locks);
	out_end(out);
}

static void show_queues(const struct look_state *state, struct out *out)
{
	out_line(out, "%s", "");
	out_list(out, "queue ready delayed blocked sending failed oldest_due paused");
	for (size_t i = 0; i < state->queue_count; i++) {
		const struct look_queue *queue = &state->queues[i];
		out_begin(out, "top-queue");
		out_bytes(out, "queue", queue->name);
		out_u64(out, "ready", queue->stats.ready);
		out_u64(out, "delayed", queue->stats.delayed);
		out_u64(out, "blocked", queue->stats.blocked);
		out_u64(out, "sending", queue->stats.sending.items);
		out_u64(out, "failed", queue->stats.failed.items);
		out_time(out, "oldest_due", queue->stats.oldest_due);
		out_bool(out, "paused", queue->stats.paused);
		out_end(out);
	}
	out_list_end(out, NULL);
}

static void show_claims(const struct top *top, struct out *out)
{
	const struct look_state *state = &top->look.state;
	out_line(out, "%s", "");
	out_list(out, "claimed owner in_queue claimed_at lease_until stuck");
	for (size_t i = 0; i < state->claim_count; i++) {
		const struct look_claim *claim = &state->claims[i];
		out_begin(out, "top-claim");
		out_bytes(out, "claimed", claim->id);
		out_bytes(out, "in_queue", claim->queue);
		out_bytes(out, "owner", claim->owner);
		out_time(out, "claimed_at", claim->at);
		out_time(out, "lease_until", claim->lease_until);
		out_bool(out, "stuck", look_stuck(state, claim, top->stuck_us));
		out_end(out);
	}
	out_list_end(out, NULL);
}

static int failed(const struct top *top)
{
	const struct hf_error error = {.code = top->look.code};
	struct hf_error told = error;
	snprintf(told.text, sizeof told.text, "%s", top->look.text);
	return cli_fail_about(top->cli, &told, top->look.directory, cli_next_step(top->cli, &told));
}

int top_once(struct top *top, bool rates)
{
	if (rates) {
		const struct timespec interval = {.tv_sec = top->interval_us / 1000000,
		                                  .tv_nsec = top->interval_us % 1000000 * 1000};
		(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &interval, NULL); /* cut short: a shorter look */
		if (look_again(&top->look) != HF_OK)
			return failed(top);
	}
	top_sort(top);
	show_store(top, top->cli->out);
	show_queues(&top->look.state, top->cli->out);
	show_claims(top, top->cli->out);
	return CLI_OK;
}

#ifndef HOLDFAST_TOP
int top_screen(struct top *top)
{
	return cli_fail_with(top->cli, HF_EACCESS,
	                     "this holdfast was built without ncurses and has no screen: "
	                     "'holdfast top --once' gives one look as text");
}
#endif

/* --- The command ------------------------------------------------------------------------------ */

static int watch(struct cli *cli, bool once)
{
	struct top top = {.cli = cli,
	                  .interval_us = cli_i64(cli, "interval", INTERVAL_US),
	                  .stuck_us = cli_i64(cli, "older", STUCK_US)};
	if (top.interval_us < INTERVAL_LEAST_US)
		top.interval_us = INTERVAL_LEAST_US;
	hf_store *store = cli->store;
	cli->store = NULL; /* closed by the look */
	int status = CLI_OK;
	if (look_begin(&top.look, cli->directory, cli->allow_unsafe_fs, store) != HF_OK)
		status = failed(&top);
	else
		status = once ? top_once(&top, cli_given(cli, "interval")) : top_screen(&top);
	look_end(&top.look);
	return status;
}

static int top_run(struct cli *cli, int argc, char **argv)
{
	if (argc > 0)
		cli->directory = argv[0];
	if (cli->at_lsn || cli->at_time)
		return cli_usage(cli, "--at: top shows the state as it is");
	const bool once =
	    cli_flag(cli, "once") || cli->json || !isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO);
	const int status = cli_open(cli);
	return status == CLI_OK ? watch(cli, once) : status;
}

/* clang-format off */
const struct cli_command top_commands[] = {
	{"top", NULL, "[DIR]", "watch a store: queues, claims held longest, log, disk, clock",
	 "It reads beside a writer, after one, or on a read-only medium. Keys: q ends, p pauses, s and "
	 "S choose the column to sort by,\nr reverses, + and - change the interval, arrows and page "
	 "keys scroll. Without a terminal or with --json it gives one\nlook as text, as --once does.",
	 .flags = CLI_READS, .run = top_run,
	 OPTIONS({"once", NULL, "one look as text; with --interval two, which gives rates"},
		{"interval", "TIME", "between looks (1s; 100ms at the least)", CLI_DURATION,
		 .zero = "--interval must not be 0"},
		{"older", "TIME", "a claim held for at least so long is stuck (15m)", CLI_DURATION})},
	{0},
};
