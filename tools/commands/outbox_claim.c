/* outbox: claiming, and what is done while an item is held. A claim without a lease would end
 * with this very command, so each has one. */
#include "commands/outbox.h"
#include "print/out.h"
#include "print/show.h"

#include <stdlib.h>
#include <unistd.h>

enum { OWNER_SIZE = 96 };

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

static void show_item(struct cli *cli, const struct hf_outbox_item *item)
{
	show_object(cli->out, rows_struct("hf_outbox_item"), item, hf_str(NULL), false);
}

int outbox_claim(struct cli *cli, int argc, char **argv)
{
	char owner[OWNER_SIZE];
	struct hf_outbox_claim_args args = {0};
	struct hf_outbox_items items = {0};
	struct hf_result result = {0};
	struct hf_error error = {0};
	int status = call_args(cli, argc, argv, &args);
	args.owner = hf_str(owner_of(cli, owner));
	if (status == CLI_OK)
		status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	if (hf_outbox_claim(cli->store, NULL, &args, &items, &result, &error) != HF_OK)
		return claim_failed(cli, &items, &error);
	cli->changed = true;
	show_item(cli, &items.items[0]);
	hf_release(items.memory);
	return CLI_OK;
}

static int claim_next(struct cli *cli, const struct hf_outbox_claim_next_args *args)
{
	struct hf_outbox_items items = {0};
	struct hf_result result = {0};
	struct hf_error error = {0};
	const int status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	if (hf_outbox_claim_next(cli->store, NULL, args, &items, &result, &error) != HF_OK)
		return claim_failed(cli, &items, &error);
	cli->changed = result.changed;
	out_list(cli->out, args->queue_count > 1
	                       ? "queue id token attempts priority lease_until payload"
	                       : "id token attempts priority lease_until payload");
	for (size_t i = 0; i < items.count; i++)
		show_item(cli, &items.items[i]);
	show_list_end(cli, items.count, NULL);
	hf_release(items.memory);
	return CLI_OK;
}

int outbox_claim_next(struct cli *cli, int argc, char **argv)
{
	char owner[OWNER_SIZE];
	struct hf_outbox_claim_next_args args = {0};
	struct hf_bytes *queues = calloc((size_t)argc, sizeof *queues);
	if (!queues)
		return cli_fail_with(cli, HF_ENOMEM, "there is no memory for %d names", argc);
	int status = call_args(cli, argc, argv, &args);
	for (int i = 0; i < argc; i++)
		queues[i] = hf_str(argv[i]);
	args.queue = hf_str(NULL);
	args.queues = queues;
	args.queue_count = (size_t)argc;
	args.owner = hf_str(owner_of(cli, owner));
	if (status == CLI_OK)
		status = claim_next(cli, &args);
	free(queues);
	return status;
}

/* --- While it is held ------------------------------------------------------------------------- */

int outbox_check_backoff(struct cli *cli, void *args)
{
	(void)args;
	return cli_u64(cli, "backoff", 0) == 0 && (cli_given(cli, "delay") || cli_given(cli, "cap"))
	           ? cli_usage(cli, "--delay and --cap need --backoff fixed or exponential")
	           : CLI_OK;
}

int outbox_fail(struct cli *cli, int argc, char **argv)
{
	struct hf_outbox_fail_args args = {0};
	struct hf_result result = {0};
	struct hf_error error = {0};
	int status = call_args(cli, argc, argv, &args);
	if (status == CLI_OK)
		status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	const int rc = hf_outbox_fail(cli->store, NULL, &args, &result, &error);
	return cli_done(cli, rc, &result, &error,
	                result.status == HF_OUTBOX_FAILED ? "failed for good"
	                                                  : "attempt noted, queued again");
}
