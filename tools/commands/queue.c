/* queue: a queue as a whole. claims: who holds what.
 *
 * When a claim was granted no object says; but its token is made of the LSN of that entry, whose
 * time the log shows. */
#include "commands/commands.h"
#include "print/out.h"
#include "print/show.h"

#include <stdlib.h>

#define LSN_OF_TOKEN(token) ((token) & ((UINT64_C(1) << 48) - 1))
#define STUCK_DEFAULT_US 900000000LL

const struct cli_option queue_redrive_options[] = {
    {"group", CLI_TEXT, "GROUP", "only those of this group", false},
    {"error", CLI_TEXT, "TEXT", "only those with TEXT in their last error", false},
    {"enqueued-before", CLI_TIME, "TIME", "only those", false},
    {"attempts-below", CLI_U32, "COUNT", "only those with fewer attempts", false},
    {"max", CLI_U64, "COUNT", "at most so many, the first in enqueue order", false},
    {"reset-attempts", CLI_SWITCH, NULL, "attempts begin anew", false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

const struct cli_option queue_pause_options[] = {
    {"until-idle", CLI_DURATION, "TIME", "then wait so long until nothing of it is being sent",
     false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

const struct cli_option queue_prune_options[] = {
    {"status", CLI_CHOICE, "failed|queued", "items of this status (failed)", false},
    {"enqueued-before", CLI_TIME, "TIME", "only those", false},
    {"older", CLI_DURATION, "TIME", "only those enqueued so long ago", false},
    {"max", CLI_U64, "COUNT", "at most so many, the first in enqueue order", false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

const struct cli_option claims_options[] = {
    {"stuck", CLI_SWITCH, NULL, "only those held for long: --older says how long", false},
    {"older", CLI_DURATION, "TIME", "with --stuck: held for at least so long (15m)", false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

/* --- Every queue ------------------------------------------------------------------------------ */

typedef int (*queue_fn)(struct cli *cli, struct hf_bytes queue, void *ctx);

/* The one that is named, or all. */
static int each_queue(struct cli *cli, const char *name, queue_fn one, void *ctx)
{
	const struct hf_names_args all = {0};
	struct hf_name_page page;
	struct hf_error error;
	int status = CLI_OK;
	if (name)
		return one(cli, hf_str(name), ctx);
	if (hf_outbox_names(cli->store, &all, 0, &page, &error) != HF_OK)
		return cli_fail(cli, &error);
	for (size_t i = 0; i < page.count && status == CLI_OK; i++)
		status = one(cli, page.items[i], ctx);
	hf_release(page.memory);
	return status;
}

static int stats_of(struct cli *cli, struct hf_bytes queue, void *ctx)
{
	struct hf_outbox_stats stats;
	struct hf_error error;
	(void)ctx;
	if (hf_outbox_get_stats(cli->store, queue, 0, &stats, &error) != HF_OK)
		return cli_fail(cli, &error);
	show_outbox_stats(cli->out, queue, &stats);
	return CLI_OK;
}

int cmd_queue_stats(struct cli *cli, int argc, char **argv)
{
	int status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	if (argc == 0) {
		out_list(
		    cli->out,
		    "queue ready delayed blocked sending.items failed.items oldest_due paused completed");
	}
	status = each_queue(cli, argc > 0 ? argv[0] : NULL, stats_of, NULL);
	if (argc == 0)
		out_list_end(cli->out, NULL);
	return status;
}

/* --- Changes ---------------------------------------------------------------------------------- */

static int set_paused(struct cli *cli, const char *queue, bool paused)
{
	const struct hf_outbox_pause_args args = {.write = cli_write(cli),
	                                          .queue = hf_str(queue),
	                                          .wait_us =
	                                              paused ? cli_i64(cli, "until-idle", 0) : 0};
	struct hf_result result = {0};
	struct hf_error error = {0};
	const int status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	const int rc =
	    (paused ? hf_outbox_pause : hf_outbox_resume)(cli->store, NULL, &args, &result, &error);
	return cli_done(cli, rc, &result, &error, paused ? "paused" : "resumed");
}

int cmd_queue_pause(struct cli *cli, int argc, char **argv)
{
	(void)argc;
	return set_paused(cli, argv[0], true);
}

int cmd_queue_resume(struct cli *cli, int argc, char **argv)
{
	(void)argc;
	return set_paused(cli, argv[0], false);
}

/* What a dry run found. */
static int would(struct cli *cli, uint64_t count, const char *what)
{
	if (cli->json) {
		out_begin(cli->out, "dry-run");
		out_u64(cli->out, "count", count);
		out_end(cli->out);
		return CLI_OK;
	}
	out_line(cli->out, "%llu would be %s", (unsigned long long)count, what);
	return CLI_OK;
}

/* For the library no time is no condition: with `none` all would match. */
static bool before_nothing(struct cli *cli)
{
	if (!cli_given(cli, "enqueued-before") || cli_i64(cli, "enqueued-before", HF_UNSET) != HF_UNSET)
		return false;
	(void)cli_usage(cli, "--enqueued-before: '%s' is no condition",
	                cli_text(cli, "enqueued-before"));
	return true;
}

int cmd_queue_redrive(struct cli *cli, int argc, char **argv)
{
	const struct hf_outbox_redrive_args args = {
	    .write = cli_write(cli),
	    .queue = hf_str(argv[0]),
	    .group = cli_bytes(cli, "group"),
	    .error = cli_bytes(cli, "error"),
	    .enqueued_before = cli_i64(cli, "enqueued-before", HF_UNSET),
	    .attempts_below = (uint32_t)cli_u64(cli, "attempts-below", 0),
	    .limit = cli_u64(cli, "max", 0),
	    .reset_attempts = cli_flag(cli, "reset-attempts"),
	    .dry_run = cli_flag(cli, "dry-run"),
	};
	struct hf_result result = {0};
	struct hf_error error = {0};
	(void)argc;
	/* For the library 0 is no condition at all, and that would be all that failed. */
	if (cli_zero(cli, "attempts-below"))
		return cli_usage(cli, "--attempts-below: no item has fewer than 0 attempts");
	if (before_nothing(cli))
		return CLI_USAGE;
	if (cli_zero(cli, "max"))
		return cli_usage(cli, "--max: 0 is no item at all");
	const int status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	const int rc = hf_outbox_redrive(cli->store, NULL, &args, &result, &error);
	return args.dry_run && rc == HF_OK ? would(cli, result.count, "queued")
	                                   : cli_done(cli, rc, &result, &error, "queued");
}

int cmd_queue_prune(struct cli *cli, int argc, char **argv)
{
	static const enum hf_outbox_status statuses[] = {HF_OUTBOX_FAILED, HF_OUTBOX_QUEUED};
	struct hf_outbox_prune_args args = {
	    .write = cli_write(cli),
	    .queue = hf_str(argv[0]),
	    .status = statuses[cli_u64(cli, "status", 0)],
	    .enqueued_before = cli_i64(cli, "enqueued-before", HF_UNSET),
	    .limit = cli_u64(cli, "max", 0),
	    .dry_run = cli_flag(cli, "dry-run"),
	};
	struct hf_result result = {0};
	struct hf_error error = {0};
	(void)argc;
	if (cli_given(cli, "older") && cli_given(cli, "enqueued-before"))
		return cli_usage(cli, "--older and --enqueued-before say the same");
	if (before_nothing(cli))
		return CLI_USAGE;
	if (cli_zero(cli, "max"))
		return cli_usage(cli, "--max: 0 is no item at all");
	int status = cli_confirm(cli, "remove items of %s", argv[0]);
	if (status == CLI_OK)
		status = cli_open(cli);
	if (status == CLI_OK && cli_given(cli, "older")) {
		struct hf_outbox_stats stats;
		if (hf_outbox_get_stats(cli->store, args.queue, 0, &stats, &error) != HF_OK)
			return cli_fail(cli, &error);
		args.enqueued_before = stats.as_of - cli_i64(cli, "older", 0);
	}
	if (status != CLI_OK)
		return status;
	const int rc = hf_outbox_prune(cli->store, NULL, &args, &result, &error);
	return args.dry_run && rc == HF_OK ? would(cli, result.count, "removed")
	                                   : cli_done(cli, rc, &result, &error, "removed");
}

int cmd_queue_completed(struct cli *cli, int argc, char **argv)
{
	const struct hf_outbox_list_completed_args args = {
	    .queue = hf_str(argv[0]), .limit = cli_u64(cli, "limit", 0), .page = cli_text(cli, "page")};
	struct hf_outbox_completed_page page;
	struct hf_error error;
	(void)argc;
	const int status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	if (hf_outbox_list_completed(cli->store, &args, 0, &page, &error) != HF_OK)
		return cli_fail(cli, &error);
	out_list(cli->out, "id blocks_until");
	for (size_t i = 0; i < page.count; i++) {
		out_begin(cli->out, "outbox-completed");
		out_bytes(cli->out, "queue", args.queue);
		out_bytes(cli->out, "id", page.ids[i].id);
		out_time(cli->out, "blocks_until", page.ids[i].until);
		out_u64(cli->out, "version", page.ids[i].version);
		out_end(cli->out);
	}
	show_list_end(cli, page.count, page.next);
	hf_release(page.memory);
	return CLI_OK;
}

/* --- Claims ----------------------------------------------------------------------------------- */

struct grant {
	hf_lsn lsn;
	hf_time at; /* HF_UNSET: the log does not have it any more */
};

struct claims {
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

static int note_grant(struct cli *cli, struct claims *claims, const struct hf_outbox_item *item)
{
	if (claims->count == claims->cap) {
		const size_t cap = claims->cap ? claims->cap * 2 : 64;
		struct grant *grants = realloc(claims->grants, cap * sizeof *grants);
		if (!grants)
			return cli_fail_with(cli, HF_ENOMEM, "there is no memory for %zu claims", cap);
		claims->grants = grants;
		claims->cap = cap;
	}
	claims->grants[claims->count++] = (struct grant){LSN_OF_TOKEN(item->token), HF_UNSET};
	return CLI_OK;
}

static int show_claim(struct cli *cli, struct claims *claims, struct hf_bytes queue,
                      const struct hf_outbox_item *item)
{
	const struct grant *grant = find_grant(claims, LSN_OF_TOKEN(item->token));
	const hf_time at = grant ? grant->at : HF_UNSET;
	/* What the log does not know any more is old. */
	if (claims->before == HF_UNSET || at == HF_UNSET || at <= claims->before) {
		show_outbox_claim(cli->out, queue, item, at);
		claims->shown++;
	}
	return CLI_OK;
}

typedef int (*claim_fn)(struct cli *cli, struct claims *claims, struct hf_bytes queue,
                        const struct hf_outbox_item *item);

static int each_claim(struct cli *cli, struct hf_bytes queue, struct claims *claims, claim_fn one)
{
	struct hf_outbox_items page = {0};
	int status = CLI_OK;
	do {
		const struct hf_outbox_list_args args = {.queue = queue,
		                                         .status = HF_OUTBOX_SENDING,
		                                         .without_payload = true,
		                                         .limit = 512,
		                                         .page = page.next};
		struct hf_outbox_items next;
		struct hf_error error;
		const int rc = hf_outbox_list(cli->store, &args, 0, &next, &error);
		hf_release(page.memory);
		page = next;
		if (rc != HF_OK)
			return cli_fail(cli, &error);
		for (size_t i = 0; i < page.count && status == CLI_OK; i++)
			status = one(cli, claims, queue, &page.items[i]);
	} while (status == CLI_OK && page.next);
	hf_release(page.memory);
	return status;
}

static int note_grant_of(struct cli *cli, struct claims *claims, struct hf_bytes queue,
                         const struct hf_outbox_item *item)
{
	(void)queue;
	return note_grant(cli, claims, item);
}

static int note_queue(struct cli *cli, struct hf_bytes queue, void *ctx)
{
	return each_claim(cli, queue, ctx, note_grant_of);
}

static int show_queue(struct cli *cli, struct hf_bytes queue, void *ctx)
{
	return each_claim(cli, queue, ctx, show_claim);
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

int cmd_claims(struct cli *cli, int argc, char **argv)
{
	const char *queue = argc > 0 ? argv[0] : NULL;
	struct claims claims = {.before = HF_UNSET};
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
