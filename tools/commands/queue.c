/* queue: a queue as a whole. claims: who holds what.
 *
 * When a claim was granted no object says; but its token is made of the LSN of that entry, whose
 * time the log shows. */
#include "commands/commands.h"
#include "commands/outbox.h"
#include "print/out.h"
#include "print/show.h"

#include <stdlib.h>

#define LSN_OF_TOKEN(token) ((token) & ((UINT64_C(1) << 48) - 1))
#define STUCK_DEFAULT_US 900000000LL

/* --- Every queue ------------------------------------------------------------------------------ */

/* The one that is named, or all. */
static int each_queue(struct cli *cli, const char *name, int (*one)(void *ctx, const void *queue),
                      void *ctx)
{
	const struct hf_bytes queue = hf_str(name);
	struct hf_names_args all = {0};
	return name ? one(ctx, &queue) : call_each(cli, "hf_outbox_names", &all, one, ctx);
}

static int stats_of(void *cli, const void *queue)
{
	return call_about(cli, "hf_outbox_get_stats", *(const struct hf_bytes *)queue);
}

static int queue_stats(struct cli *cli, int argc, char **argv)
{
	int status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	if (argc == 0) {
		out_list(
		    cli->out,
		    "queue ready delayed blocked sending.items failed.items oldest_due paused completed");
	}
	status = each_queue(cli, argc > 0 ? argv[0] : NULL, stats_of, cli);
	if (argc == 0)
		out_list_end(cli->out, NULL);
	return status;
}

/* --- Changes ---------------------------------------------------------------------------------- */

/* For the library no time is no condition: with `none` all would match. */
static int check_before(struct cli *cli, void *args)
{
	(void)args;
	if (!cli_given(cli, "enqueued-before") || cli_i64(cli, "enqueued-before", HF_UNSET) != HF_UNSET)
		return CLI_OK;
	return cli_usage(cli, "--enqueued-before: '%s' is no condition",
	                 cli_text(cli, "enqueued-before"));
}

static int check_prune(struct cli *cli, void *args)
{
	if (cli_given(cli, "older") && cli_given(cli, "enqueued-before"))
		return cli_usage(cli, "--older and --enqueued-before say the same");
	return check_before(cli, args);
}

static int before_older(struct cli *cli, void *ctx)
{
	struct hf_outbox_prune_args *args = ctx;
	struct hf_outbox_stats stats = {0};
	struct hf_error error = {0};
	if (!cli_given(cli, "older"))
		return CLI_OK;
	if (hf_outbox_get_stats(cli->store, args->queue, 0, &stats, &error) != HF_OK)
		return cli_fail(cli, &error);
	args->enqueued_before = stats.as_of - cli_i64(cli, "older", 0);
	return CLI_OK;
}

/* --- Claims ----------------------------------------------------------------------------------- */

struct grant {
	hf_lsn lsn;
	hf_time at; /* HF_UNSET: the log does not have it any more */
};

struct claims {
	struct cli *cli;
	struct grant *grants; /* by LSN, once they are all there */
	size_t count, cap, shown;
	hf_time before; /* only claims granted until then; HF_UNSET: all */
};

static int compare_grants(const void *a, const void *b)
{
	const struct grant *left = a, *right = b;
	return (left->lsn > right->lsn) - (left->lsn < right->lsn);
}

static struct grant *find_grant(const struct claims *claims, hf_lsn lsn)
{
	const struct grant key = {.lsn = lsn};
	return claims->count ? bsearch(&key, claims->grants, claims->count, sizeof key, compare_grants)
	                     : NULL;
}

static int note_grant(void *ctx, const void *item)
{
	struct claims *claims = ctx;
	if (claims->count == claims->cap) {
		const size_t cap = claims->cap ? claims->cap * 2 : 64;
		struct grant *grants = realloc(claims->grants, cap * sizeof *grants);
		if (!grants)
			return cli_fail_with(claims->cli, HF_ENOMEM, "there is no memory for %zu claims", cap);
		claims->grants = grants;
		claims->cap = cap;
	}
	const hf_token token = ((const struct hf_outbox_item *)item)->token;
	claims->grants[claims->count++] = (struct grant){LSN_OF_TOKEN(token), HF_UNSET};
	return CLI_OK;
}

static int show_claim(void *ctx, const void *given)
{
	struct claims *claims = ctx;
	const struct hf_outbox_item *item = given;
	const struct grant *grant = find_grant(claims, LSN_OF_TOKEN(item->token));
	const hf_time at = grant ? grant->at : HF_UNSET;
	/* What the log does not know any more is old. */
	if (claims->before == HF_UNSET || at == HF_UNSET || at <= claims->before) {
		show_outbox_claim(claims->cli->out, item->queue, item, at);
		claims->shown++;
	}
	return CLI_OK;
}

static int each_claim(struct claims *claims, const void *queue, int (*one)(void *, const void *))
{
	struct hf_outbox_list_args args = {.queue = *(const struct hf_bytes *)queue,
	                                   .status = HF_OUTBOX_SENDING,
	                                   .without_payload = true,
	                                   .limit = 512};
	return call_each(claims->cli, "hf_outbox_list", &args, one, claims);
}

static int note_queue(void *ctx, const void *queue)
{
	return each_claim(ctx, queue, note_grant);
}

static int show_queue(void *ctx, const void *queue)
{
	return each_claim(ctx, queue, show_claim);
}

/* What was granted before a set-back of the store's clock was granted so much earlier by the
 * clock as it is now: as old as before. */
static void set_grants_back(struct claims *claims, hf_lsn lsn, int64_t difference)
{
	for (size_t i = 0; i < claims->count && claims->grants[i].lsn < lsn; i++)
		if (claims->grants[i].at != HF_UNSET)
			claims->grants[i].at -= difference;
}

static bool take_time(void *ctx, const struct hf_log_entry *entry)
{
	struct grant *grant = find_grant(ctx, entry->lsn);
	if (entry->set_back_us > 0)
		set_grants_back(ctx, entry->lsn, entry->set_back_us);
	if (grant)
		grant->at = entry->at;
	return true;
}

/* Reads the log from the oldest claim on. */
static int date_claims(struct cli *cli, struct claims *claims)
{
	struct hf_error error;
	if (claims->count == 0)
		return CLI_OK;
	qsort(claims->grants, claims->count, sizeof *claims->grants, compare_grants);
	const int rc = hf_log_each(cli->directory, claims->grants[0].lsn, HF_LOG_WITHOUT_TEXT,
	                           take_time, claims, &error);
	return rc == HF_OK || rc == HF_EGONE ? CLI_OK : cli_fail(cli, &error);
}

static int claims_held(struct cli *cli, int argc, char **argv)
{
	const char *queue = argc > 0 ? argv[0] : NULL;
	struct claims claims = {.cli = cli, .before = HF_UNSET};
	if (cli_given(cli, "older") && !cli_flag(cli, "stuck"))
		return cli_usage(cli, "--older goes with --stuck");
	int status = cli_open(cli);
	if (cli_flag(cli, "stuck"))
		claims.before = cli_clock(cli) - cli_i64(cli, "older", STUCK_DEFAULT_US);
	if (status == CLI_OK)
		status = each_queue(cli, queue, note_queue, &claims);
	if (status == CLI_OK)
		status = date_claims(cli, &claims);
	if (status == CLI_OK) {
		out_list(cli->out, "queue id owner claimed_at lease_until attempts token");
		status = each_queue(cli, queue, show_queue, &claims);
		show_list_end(cli, claims.shown, NULL);
	}
	free(claims.grants);
	return status;
}

/* clang-format off */
#define BEFORE {"enqueued-before", "TIME", "only those"}
#define AT_MOST {"max", "COUNT", "at most so many, the first in enqueue order", \
	.member = "limit", .zero = "--max: 0 is no item at all"}

const struct cli_command queue_commands[] = {
	{"queue", "stats", "[QUEUE]",
	 "count a queue's items, groups and completed IDs, or those of every queue",
	 .flags = CLI_READS, .run = queue_stats},
	{"queue", "pause", "QUEUE", "let nothing be claimed from a queue, unless by name",
	 "What is held goes on.", CLI_ONE, CALLS(hf_outbox_pause, "paused"),
	 OPTIONS({"until-idle", "TIME", "then wait so long until nothing of it is being sent",
		 .member = "wait_us"})},
	{"queue", "resume", "QUEUE", "end a pause", .flags = CLI_ONE,
	 CALLS(hf_outbox_resume, "resumed"), .hidden = "wait_us"},
	{"queue", "redrive", "QUEUE", "queue failed items again, attempts kept",
	 "Without options: all that failed.", CLI_COMMITS | CLI_DRY_RUN,
	 CALLS(hf_outbox_redrive, "queued"), .check = check_before,
	 OPTIONS({"group", "GROUP", "only those of this group"},
		{"error", "TEXT", "only those with TEXT in their last error"}, BEFORE,
		{"attempts-below", "COUNT", "only those with fewer attempts",
		 .zero = "--attempts-below: no item has fewer than 0 attempts"},
		AT_MOST, {"reset-attempts", NULL, "attempts begin anew"})},
	{"queue", "prune", "QUEUE", "remove items that no consumer will deliver",
	 "Without options: all that failed.", CLI_MANY, CALLS(hf_outbox_prune, "removed"),
	 .check = check_prune, .confirm = "remove items of %s", .opened = before_older,
	 OPTIONS({"status", "failed|queued", "items of this status (failed)",
		 .otherwise = HF_OUTBOX_FAILED},
		BEFORE, {"older", "TIME", "only those enqueued so long ago", CLI_DURATION}, AT_MOST)},
	{"queue", "drain", "QUEUE COMMAND...", "run a command for each queued item",
	 "The same as `outbox drain`.", DRAINS},
	{"queue", "completed", "QUEUE", "list completed IDs that go on blocking", .flags = CLI_PAGES,
	 LISTS(hf_outbox_list_completed, "id blocks_until"), .hidden = "id"},
	{"claims", NULL, "[QUEUE]", "who holds which item, of a queue or of all",
	 "Opening the store ends claims without a lease, so each that is listed has one. claimed_at is "
	 "by the store's clock as it is now:\na set-back makes no claim younger.",
	 .flags = CLI_READS, .run = claims_held,
	 OPTIONS({"stuck", NULL, "only those held for long: --older says how long"},
		{"older", "TIME", "with --stuck: held for at least so long (15m)", CLI_DURATION})},
	{0},
};
