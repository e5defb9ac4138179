/* outbox: claiming, and what is done while an item is held. A claim without a lease would end
 * with this very command, so each has one. */
#include "commands/commands.h"
#include "print/out.h"
#include "print/show.h"

#include <stdlib.h>
#include <unistd.h>

enum { OWNER_SIZE = 96 };
#define LEASE_DEFAULT_US 30000000LL

const struct cli_option outbox_claim_options[] = {
    {"lease", CLI_DURATION, "TIME", "how long the claim holds (30s)", false},
    {"owner", CLI_TEXT, "NAME", "who claims, for people to read (cli@HOST)", false},
    {"max-run", CLI_DURATION, "TIME",
     "no extension holds it beyond that long from now (0: no bound)", false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

const struct cli_option outbox_claim_next_options[] = {
    {"lease", CLI_DURATION, "TIME", "how long the claim holds (30s)", false},
    {"owner", CLI_TEXT, "NAME", "who claims, for people to read (cli@HOST)", false},
    {"max-run", CLI_DURATION, "TIME",
     "no extension holds it beyond that long from now (0: no bound)", false},
    {"max", CLI_U32, "COUNT", "at most so many items (1)", false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

const struct cli_option outbox_extend_options[] = {
    {"lease", CLI_DURATION, "TIME", "how long the claim holds (30s)", false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

const struct cli_option outbox_fail_options[] = {
    {"reason", CLI_TEXT, "TEXT", "becomes the item's last error", false},
    {"max-attempts", CLI_U32, "COUNT",
     "attempts until it is given up (the item's, else the queue's)", false},
    {"backoff", CLI_CHOICE, "none|fixed|exponential",
     "how the delay before the next attempt grows (none)", false},
    {"delay", CLI_DURATION, "TIME", "of the backoff", false},
    {"cap", CLI_DURATION, "TIME", "the backoff is never longer (24h if exponential)", false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

const struct cli_option outbox_release_options[] = {
    {"delay", CLI_DURATION, "TIME", "nothing claims it before, unless by name (0: as it was)",
     false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

static const char *owner_of(const struct cli *cli, char buffer[OWNER_SIZE])
{
	char host[65] = "";
	if (cli_given(cli, "owner"))
		return cli_text(cli, "owner");
	if (gethostname(host, sizeof host - 1) != 0 || !host[0])
		return "cli";
	snprintf(buffer, OWNER_SIZE, "cli@%s", host);
	return buffer;
}

static int lease_of(struct cli *cli, int64_t *us)
{
	*us = cli_i64(cli, "lease", LEASE_DEFAULT_US);
	return *us > 0 ? CLI_OK
	               : cli_usage(cli, "--lease: a claim without a lease would end with this command");
}

/* --- Claiming --------------------------------------------------------------------------------- */

/* What was claimed and cannot be shown is given back: no other process would know its token. */
static int claim_failed(struct cli *cli, const struct hf_outbox_items *items,
                        const struct hf_error *error)
{
	for (size_t i = 0; i < items->count; i++) {
		const struct hf_outbox_release_args args = {.queue = items->items[i].queue,
		                                            .id = items->items[i].id,
		                                            .token = items->items[i].token};
		if (hf_outbox_release(cli->store, NULL, &args, NULL, NULL) != HF_OK)
			break; /* the lease ends it */
	}
	hf_release(items->memory);
	return cli_fail(cli, error);
}

int cmd_outbox_claim(struct cli *cli, int argc, char **argv)
{
	char owner[OWNER_SIZE];
	struct hf_outbox_claim_args args = {.write = cli_write(cli),
	                                    .queue = hf_str(argv[0]),
	                                    .id = hf_str(argv[1]),
	                                    .owner = hf_str(owner_of(cli, owner)),
	                                    .max_run_us = cli_i64(cli, "max-run", 0)};
	struct hf_outbox_items items;
	struct hf_result result = {0};
	struct hf_error error = {0};
	(void)argc;
	int status = lease_of(cli, &args.lease_us);
	if (status == CLI_OK)
		status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	if (hf_outbox_claim(cli->store, NULL, &args, &items, &result, &error) != HF_OK)
		return claim_failed(cli, &items, &error);
	cli->changed = true;
	show_outbox_item(cli->out, args.queue, &items.items[0], true);
	hf_release(items.memory);
	return CLI_OK;
}

int cmd_outbox_claim_next(struct cli *cli, int argc, char **argv)
{
	char owner[OWNER_SIZE];
	struct hf_outbox_claim_next_args args = {.write = cli_write(cli),
	                                         .queue_count = (size_t)argc,
	                                         .owner = hf_str(owner_of(cli, owner)),
	                                         .max = (uint32_t)cli_u64(cli, "max", 1),
	                                         .max_run_us = cli_i64(cli, "max-run", 0)};
	struct hf_bytes *queues = calloc((size_t)argc, sizeof *queues);
	struct hf_outbox_items items = {0};
	struct hf_result result = {0};
	struct hf_error error = {0};
	int status = queues ? lease_of(cli, &args.lease_us)
	                    : cli_fail_with(cli, HF_ENOMEM, "there is no memory for %d names", argc);
	for (int i = 0; queues && i < argc; i++)
		queues[i] = hf_str(argv[i]);
	args.queues = queues;
	if (status == CLI_OK && cli_zero(cli, "max"))
		status = cli_usage(cli, "--max: 0 is no item at all");
	if (status == CLI_OK)
		status = cli_open(cli);
	if (status == CLI_OK &&
	    hf_outbox_claim_next(cli->store, NULL, &args, &items, &result, &error) != HF_OK) {
		status = claim_failed(cli, &items, &error);
		items = (struct hf_outbox_items){0};
	} else if (status == CLI_OK) {
		cli->changed = result.changed;
		out_list(cli->out, argc > 1 ? "queue id token attempts priority lease_until payload"
		                            : "id token attempts priority lease_until payload");
		for (size_t i = 0; i < items.count; i++)
			show_outbox_item(cli->out, items.items[i].queue, &items.items[i], true);
		show_list_end(cli, items.count, NULL);
	}
	hf_release(items.memory);
	free(queues);
	return status;
}

/* --- While it is held ------------------------------------------------------------------------- */

int cmd_outbox_extend(struct cli *cli, int argc, char **argv)
{
	struct hf_outbox_extend_args args = {
	    .write = cli_write(cli), .queue = hf_str(argv[0]), .id = hf_str(argv[1])};
	struct hf_result result = {0};
	struct hf_error error = {0};
	(void)argc;
	if (!cli_argument_u64(cli, "TOKEN", argv[2], &args.token))
		return CLI_USAGE;
	int status = lease_of(cli, &args.lease_us);
	if (status == CLI_OK)
		status = cli_open(cli);
	return status ? status
	              : cli_done(cli, hf_outbox_extend(cli->store, NULL, &args, &result, &error),
	                         &result, &error, "extended");
}

int cmd_outbox_complete(struct cli *cli, int argc, char **argv)
{
	struct hf_outbox_complete_args args = {
	    .write = cli_write(cli), .queue = hf_str(argv[0]), .id = hf_str(argv[1])};
	struct hf_result result = {0};
	struct hf_error error = {0};
	(void)argc;
	if (!cli_argument_u64(cli, "TOKEN", argv[2], &args.token))
		return CLI_USAGE;
	const int status = cli_open(cli);
	return status ? status
	              : cli_done(cli, hf_outbox_complete(cli->store, NULL, &args, &result, &error),
	                         &result, &error, "completed");
}

int outbox_backoff(struct cli *cli, struct hf_outbox_backoff *out)
{
	static const enum hf_outbox_backoff_kind kinds[] = {
	    HF_OUTBOX_BACKOFF_NONE, HF_OUTBOX_BACKOFF_FIXED, HF_OUTBOX_BACKOFF_EXPONENTIAL};
	*out = (struct hf_outbox_backoff){.kind = kinds[cli_u64(cli, "backoff", 0)],
	                                  .delay_us = cli_i64(cli, "delay", 0),
	                                  .cap_us = cli_i64(cli, "cap", 0)};
	if (out->kind == HF_OUTBOX_BACKOFF_NONE && (cli_given(cli, "delay") || cli_given(cli, "cap")))
		return cli_usage(cli, "--delay and --cap need --backoff fixed or exponential");
	return cli_zero(cli, "cap") ? cli_usage(cli, "--cap: 0 is no bound; --backoff none is no delay")
	                            : CLI_OK;
}

int cmd_outbox_fail(struct cli *cli, int argc, char **argv)
{
	struct hf_outbox_fail_args args = {
	    .write = cli_write(cli),
	    .queue = hf_str(argv[0]),
	    .id = hf_str(argv[1]),
	    .max_attempts = (uint32_t)cli_u64(cli, "max-attempts", 0),
	    .reason = cli_bytes(cli, "reason"),
	};
	struct hf_result result = {0};
	struct hf_error error = {0};
	(void)argc;
	if (outbox_backoff(cli, &args.backoff) != CLI_OK)
		return CLI_USAGE;
	if (!cli_argument_u64(cli, "TOKEN", argv[2], &args.token))
		return CLI_USAGE;
	const int status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	const int rc = hf_outbox_fail(cli->store, NULL, &args, &result, &error);
	return cli_done(cli, rc, &result, &error,
	                result.status == HF_OUTBOX_FAILED ? "failed for good"
	                                                  : "attempt noted, queued again");
}

int cmd_outbox_release(struct cli *cli, int argc, char **argv)
{
	struct hf_outbox_release_args args = {.write = cli_write(cli),
	                                      .queue = hf_str(argv[0]),
	                                      .id = hf_str(argv[1]),
	                                      .delay_us = cli_i64(cli, "delay", 0)};
	struct hf_result result = {0};
	struct hf_error error = {0};
	(void)argc;
	if (!cli_argument_u64(cli, "TOKEN", argv[2], &args.token))
		return CLI_USAGE;
	const int status = cli_open(cli);
	return status ? status
	              : cli_done(cli, hf_outbox_release(cli->store, NULL, &args, &result, &error),
	                         &result, &error, "released");
}
