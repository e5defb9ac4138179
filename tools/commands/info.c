/* info: which store this is and where its log stands. stats: what is in it. */
#include "commands/commands.h"
#include "print/out.h"
#include "print/show.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <unistd.h>

/* Who says that it holds the store; "" if it says nothing. */
static void read_holder(const struct cli *cli, char *out, size_t size)
{
	char path[PATH_MAX];
	out[0] = '\0';
	if (snprintf(path, sizeof path, "%s/LOCK", cli->directory) >= (int)sizeof path)
		return;
	const int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	const ssize_t got = file >= 0 ? read(file, out, size - 1) : 0;
	out[got > 0 ? got : 0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	if (file >= 0)
		close(file);
}

static int store_info(struct cli *cli, int argc, char **argv)
{
	struct hf_info info = {0};
	struct hf_error error;
	char segment[24], holder[128];
	(void)argc;
	(void)argv;
	const int status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	if (hf_get_info(cli->store, &info, &error) != HF_OK)
		return cli_fail(cli, &error);
	snprintf(segment, sizeof segment, "segment-%08" PRIx32, info.segment);
	out_begin(cli->out, "info");
	out_bytes(cli->out, "directory", hf_str(cli->directory));
	show_uuid(cli->out, info.uuid);
	out_int(cli->out, "epoch", info.epoch);
	out_int(cli->out, "format", (long)info.format);
	out_u64(cli->out, "last_lsn", info.last_lsn);
	out_u64(cli->out, "durable_lsn", info.durable_lsn);
	out_text(cli->out, "segment", info.segment ? segment : NULL);
	out_int(cli->out, "segment_offset", (long)info.segment_offset);
	out_text(cli->out, "last_stop",
	         info.writer      ? hf_fsck_stop_name(HF_FSCK_STOP_NONE)
	         : info.recovered ? "unclean"
	                          : "clean");
	if (info.writer) {
		read_holder(cli, holder, sizeof holder);
		out_text(cli->out, "holder", holder);
	}
	out_u64(cli->out, "rewritten_bytes", info.rewritten_bytes);
	out_u64(cli->out, "torn_bytes", info.torn_bytes);
	out_u64(cli->out, "replayed", info.replayed);
	out_u64(cli->out, "snapshot_lsn", info.snapshot_lsn);
	out_u64(cli->out, "snapshot_bytes", info.snapshot_bytes);
	out_u64(cli->out, "log_bytes", info.log_bytes);
	out_bool(cli->out, "volatile", info.volatile_fs);
	out_time(cli->out, "clock", info.clock);
	out_i64(cli->out, "clock_ahead_us", info.clock_ahead_us);
	out_end(cli->out);
	return CLI_OK;
}

/* --- stats ------------------------------------------------------------------------------------ */

struct totals {
	uint64_t inboxes, queues, cursors;
	uint64_t timelines;
	uint64_t locks;
	uint64_t collections;
	uint64_t scopes, migrations;
};

/* What is shown of each of a kind, and how many there are. */
struct kind {
	struct cli *cli;
	int (*figures)(struct cli *cli, struct hf_bytes name);
	uint64_t *count;
};

static int one_of(void *ctx, const void *name)
{
	const struct kind *kind = ctx;
	++*kind->count;
	return kind->figures(kind->cli, *(const struct hf_bytes *)name);
}

static int each_name(struct cli *cli, const char *names,
                     int (*figures)(struct cli *, struct hf_bytes), uint64_t *count)
{
	struct hf_names_args all = {0};
	struct kind kind = {cli, figures, count};
	return call_each(cli, names, &all, one_of, &kind);
}

static int one_inbox(struct cli *cli, struct hf_bytes user)
{
	return call_about(cli, "hf_inbox_count", user);
}

static int one_queue(struct cli *cli, struct hf_bytes queue)
{
	return call_about(cli, "hf_outbox_get_stats", queue);
}

static int inboxes(struct cli *cli, struct totals *totals)
{
	int status;
	out_list(cli->out, "user total unread unseen dismissed");
	if (cli_given(cli, "user"))
		status = one_inbox(cli, cli_bytes(cli, "user"));
	else
		status = each_name(cli, "hf_inbox_names", one_inbox, &totals->inboxes);
	out_list_end(cli->out, NULL);
	return status;
}

static int queues(struct cli *cli, struct totals *totals)
{
	int status;
	out_list(
	    cli->out,
	    "queue queued.items sending.items failed.items blocked queued.oldest paused max_attempts");
	if (cli_given(cli, "queue"))
		status = one_queue(cli, cli_bytes(cli, "queue"));
	else
		status = each_name(cli, "hf_outbox_names", one_queue, &totals->queues);
	out_list_end(cli->out, NULL);
	return status;
}

static int timelines(struct cli *cli, struct totals *totals)
{
	out_line(cli->out, "%s", "");
	out_list(cli->out, "timeline events latest_at");
	const int status = each_name(cli, "hf_timeline_names", timeline_figures, &totals->timelines);
	out_list_end(cli->out, NULL);
	return status;
}

static int collections(struct cli *cli, struct totals *totals)
{
	out_line(cli->out, "%s", "");
	out_list(cli->out, "collection documents orders");
	const int status = each_name(cli, "hf_document_names", doc_figures, &totals->collections);
	out_list_end(cli->out, NULL);
	return status;
}

static int scopes(struct cli *cli, struct totals *totals)
{
	out_line(cli->out, "%s", "");
	out_list(cli->out, "scope in_progress done");
	const int status = each_name(cli, "hf_idempotency_names", idem_figures, &totals->scopes);
	out_list_end(cli->out, NULL);
	return status;
}

static int migrations(struct cli *cli, struct totals *totals)
{
	out_line(cli->out, "%s", "");
	return migration_figures(cli, &totals->migrations);
}

static int locks(struct cli *cli, struct totals *totals)
{
	struct hf_lock_stats stats = {0};
	struct hf_error error;
	if (hf_lock_get_stats(cli->store, 0, &stats, &error) != HF_OK)
		return cli_fail(cli, &error);
	totals->locks = stats.held;
	return CLI_OK;
}

static int summary(struct cli *cli, struct totals *totals)
{
	const struct hf_cursor_list_args all = {0};
	struct hf_cursor_page page = {0};
	struct hf_error error;
	struct hf_info info = {0};
	if (hf_cursor_list(cli->store, &all, 0, &page, &error) != HF_OK ||
	    hf_get_info(cli->store, &info, &error) != HF_OK)
		return cli_fail(cli, &error);
	totals->cursors = page.count;
	hf_release(page.memory);
	out_line(cli->out, "%s", "");
	out_begin(cli->out, "stats");
	out_u64(cli->out, "inboxes", totals->inboxes);
	out_u64(cli->out, "queues", totals->queues);
	out_u64(cli->out, "cursors", totals->cursors);
	out_u64(cli->out, "timelines", totals->timelines);
	out_u64(cli->out, "locks", totals->locks);
	out_u64(cli->out, "collections", totals->collections);
	out_u64(cli->out, "scopes", totals->scopes);
	out_u64(cli->out, "migrations", totals->migrations);
	out_u64(cli->out, "last_lsn", info.last_lsn);
	out_time(cli->out, "clock", info.clock);
	out_i64(cli->out, "clock_ahead_us", info.clock_ahead_us);
	out_end(cli->out);
	return CLI_OK;
}

static int store_stats(struct cli *cli, int argc, char **argv)
{
	struct totals totals = {0};
	const bool user = cli_given(cli, "user"), queue = cli_given(cli, "queue");
	(void)argc;
	(void)argv;
	int status = cli_open(cli);
	if (status == CLI_OK && (user || !queue))
		status = inboxes(cli, &totals);
	if (status == CLI_OK && !user && !queue)
		out_line(cli->out, "%s", "");
	if (status == CLI_OK && (queue || !user))
		status = queues(cli, &totals);
	if (status == CLI_OK && !user && !queue)
		status = timelines(cli, &totals);
	if (status == CLI_OK && !user && !queue)
		status = locks(cli, &totals);
	if (status == CLI_OK && !user && !queue)
		status = collections(cli, &totals);
	if (status == CLI_OK && !user && !queue)
		status = scopes(cli, &totals);
	if (status == CLI_OK && !user && !queue)
		status = migrations(cli, &totals);
	return status == CLI_OK && !user && !queue ? summary(cli, &totals) : status;
}

/* clang-format off */
const struct cli_command info_commands[] = {
	{"info", NULL, "", "identity, position in the log and how the last stop was",
	 .flags = CLI_READS, .run = store_info},
	{"stats", NULL, "", "what the store holds, one kind of state after the other",
	 .flags = CLI_READS, .run = store_stats,
	 OPTIONS({"user", "USER", "only this inbox"}, {"queue", "QUEUE", "only this queue"})},
	{0},
};
