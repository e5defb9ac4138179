/* outbox: filling a queue, reading it, and what needs no token. */
#include "commands/outbox.h"
#include "commands/commands.h"

#include <stdlib.h>

/* --- Filling ---------------------------------------------------------------------------------- */

/* All or none, in the order given. */
static int enqueue_many(struct cli *cli, const struct hf_outbox_enqueue_args *one, size_t count,
                        char **ids)
{
	const struct hf_api_struct *input = rows_struct("hf_outbox_input");
	struct hf_outbox_input *items = calloc(count, sizeof *items);
	struct hf_result result = {0};
	struct hf_error error = {0};
	if (!items)
		return cli_fail_with(cli, HF_ENOMEM, "there is no memory for %zu items", count);
	for (size_t i = 0; i < count; i++) {
		rows_copy(input, &items[i], cli->call->takes, one);
		items[i].id = hf_str(ids[i]);
	}
	const struct hf_outbox_enqueue_many_args args = {.write = one->write,
	                                                 .queue = one->queue,
	                                                 .items = items,
	                                                 .count = count,
	                                                 .dedup = one->dedup};
	const int rc = hf_outbox_enqueue_many(cli->store, NULL, &args, &result, &error);
	free(items);
	return cli_done(cli, rc, &result, &error, "enqueued");
}

static int outbox_enqueue(struct cli *cli, int argc, char **argv)
{
	struct hf_outbox_enqueue_args args = {0};
	struct hf_result result = {0};
	struct hf_error error = {0};
	int status = call_args(cli, argc, argv, &args);
	if (status == CLI_OK)
		status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	return argc > 2 ? enqueue_many(cli, &args, (size_t)argc - 1, argv + 1)
	                : cli_done(cli, hf_outbox_enqueue(cli->store, NULL, &args, &result, &error),
	                           &result, &error, "enqueued");
}

static int put_times(struct cli *cli, void *ctx)
{
	struct hf_outbox_item *item = &((struct hf_outbox_put_args *)ctx)->item;
	if (!cli_given(cli, "enqueued-at"))
		item->enqueued_at = cli_clock(cli);
	if (!cli_given(cli, "available-at"))
		item->available_at = item->enqueued_at;
	return CLI_OK;
}

/* What is not given stays as it is. */
static int leave_settings(struct cli *cli, void *ctx)
{
	struct hf_outbox_configure_args *args = ctx;
	const struct hf_api_word *words = rows_find(&cli->takes, "leave")->member->words;
	bool any = false;
	for (const struct hf_api_word *word = words; word->word; word++) {
		char name[64];
		row_hyphens(word->word, name, sizeof name);
		any = any || cli_given(cli, name);
		args->leave |= cli_given(cli, name) ? 0u : (unsigned)word->value;
	}
	if (!any)
		return cli_usage(cli, "nothing to change: --max-attempts, --max-lost, --dedup-window or "
		                      "--dedup-max is missing");
	const char *lost = cli_text(cli, "max-lost");
	char *end = NULL;
	const unsigned long long most =
	    lost && strcmp(lost, "never") != 0 ? strtoull(lost, &end, 10) : HF_NEVER;
	if (end && (*end || end == lost || lost[0] == '-' || most > HF_NEVER))
		return cli_usage(cli, "--max-lost: '%s' is no count", lost);
	args->max_lost = (uint32_t)most;
	return CLI_OK;
}

/* --- Reads ------------------------------------------------------------------------------------ */

static bool contains(void *ctx, const struct hf_outbox_item *item)
{
	const struct hf_bytes text = cli_bytes(ctx, "containing");
	return text.len == 0 || (item->payload.len > 0 && memmem(item->payload.data, item->payload.len,
	                                                         text.data, text.len) != NULL);
}

static int match_text(struct cli *cli, void *ctx)
{
	struct hf_outbox_list_args *args = ctx;
	args->match = cli_given(cli, "containing") ? contains : NULL;
	args->match_ctx = cli;
	return args->match && args->without_payload
	           ? cli_usage(cli, "--containing looks into payloads, --without-payload reads none")
	           : CLI_OK;
}

/* clang-format off */
#define PRIORITY {"priority", "NUMBER", "lower comes first (0)"}
#define ATTEMPTS {"max-attempts", "COUNT", "attempts until it is given up (the queue's)"}
#define GROUP {"group", "GROUP", \
	"of a group one item at a time is claimed, in enqueue order"}
#define LEASE {"lease", "TIME", "how long the claim holds (30s)", .otherwise = 30000000, \
	.zero = "--lease: a claim without a lease would end with this command"}
#define CLAIM LEASE, {"owner", "NAME", "who claims, for people to read (cli@HOST)"}, \
	{"max-run", "TIME", "no extension holds it beyond that long from now (0: no bound)"}

const struct cli_command outbox_commands[] = {
	{"outbox", "enqueue", "QUEUE ID...", "add an item, or the same for each ID",
	 "All are added or none. An ID that is live already, or was completed not long ago, is left as "
	 "it is, unless --dedup says\notherwise.",
	 CLI_ONE, .run = outbox_enqueue, READS(hf_outbox_enqueue), .hidden = "extra",
	 OPTIONS(PAYLOAD, PRIORITY, ATTEMPTS, {"enqueued-at", "TIME", "kept as given (the clock's)"},
		{"available-at", "TIME", "nothing claims it before, unless by name (now)"},
		{"dedup", "keep|replace|rerun", "what becomes of a live ID: left as it is; payload and "
		 "times replaced while queued; run once more with them"},
		GROUP)},
	{"outbox", "put", "QUEUE ID", "store an item as given, in place of one that exists",
	 .flags = CLI_ONE, CALLS(hf_outbox_put, "put"), .check = put_times,
	 .hidden = "extra available_computed token owner lease_until run_until version",
	 OPTIONS(PAYLOAD, PRIORITY, ATTEMPTS,
		{"status", "queued|sending|failed", "`sending` becomes queued: no owner holds it (queued)",
		 .otherwise = HF_OUTBOX_QUEUED},
		{"attempts", "COUNT", "made so far (0)"}, {"lost", "COUNT", "claims lost so far (0)"},
		{"enqueued-at", "TIME", "kept as given (the clock's)"},
		{"available-at", "TIME", "kept as given (like --enqueued-at)"},
		{"last-error", "TEXT", "of the newest attempt"}, GROUP)},
	{"outbox", "get", "QUEUE ID", "show one item", READS(hf_outbox_get), OPTIONS(RAW)},
	{"outbox", "list", "QUEUE", "list items in the order they were enqueued", .flags = CLI_PAGES,
	 LISTS(hf_outbox_list, "id status attempts priority available_at last_error payload"),
	 .check = match_text,
	 OPTIONS({"status", "any|queued|sending|failed", "only these"},
		{"containing", "TEXT", "only those with TEXT in the payload"},
		{"id-prefix", "PREFIX", "only IDs that begin with it"}, WITHOUT_PAYLOAD)},
	{"outbox", "claim", "QUEUE ID", "claim one item by name, delayed and failed ones too",
	 .flags = CLI_ONE, .run = outbox_claim, READS(hf_outbox_claim), OPTIONS(CLAIM)},
	{"outbox", "claim-next", "QUEUE...", "claim what is next",
	 "Of several queues the first goes before the second, and so on. No item is no failure: "
	 "nothing is printed and the\nexit status is 0.",
	 CLI_COMMITS, .run = outbox_claim_next, READS(hf_outbox_claim_next),
	 .hidden = "queue_count wait_us",
	 OPTIONS(CLAIM, {"max", "COUNT", "at most so many items (1)", .otherwise = 1,
		 .zero = "--max: 0 is no item at all"})},
	{"outbox", "extend", "QUEUE ID TOKEN", "heartbeat: the lease now ends --lease from now",
	 .flags = CLI_ONE, CALLS(hf_outbox_extend, "extended"), OPTIONS(LEASE)},
	{"outbox", "complete", "QUEUE ID TOKEN", "delivered: the item goes", .flags = CLI_MARK,
	 CALLS(hf_outbox_complete, "completed")},
	{"outbox", "fail", "QUEUE ID TOKEN", "an attempt failed: queued again, or failed for good",
	 .flags = CLI_MARK, .run = outbox_fail, READS(hf_outbox_fail), .check = outbox_check_backoff,
	 OPTIONS({"reason", "TEXT", "becomes the item's last error"},
		{"max-attempts", "COUNT", "attempts until it is given up (the item's, else the queue's)"},
		BACKOFF)},
	{"outbox", "release", "QUEUE ID TOKEN", "give an item back without counting an attempt",
	 .flags = CLI_MARK, CALLS(hf_outbox_release, "released"),
	 OPTIONS({"delay", "TIME", "nothing claims it before, unless by name (0: as it was)"})},
	{"outbox", "mark-failed", "QUEUE ID", "give an item up, held or not", .flags = CLI_MARK,
	 CALLS(hf_outbox_mark_failed, "failed"),
	 OPTIONS({"reason", "TEXT", "becomes the item's last error"})},
	{"outbox", "retry", "QUEUE ID", "queue an item again, held or not", .flags = CLI_MARK,
	 CALLS(hf_outbox_retry, "queued"), OPTIONS({"reset-attempts", NULL, "attempts begin anew"})},
	{"outbox", "reschedule", "QUEUE ID", "move a queued item in time or priority",
	 .flags = CLI_MARK, CALLS(hf_outbox_reschedule, "rescheduled"),
	 OPTIONS({"available-at", "TIME", "nothing claims it before, unless by name"},
		{"priority", "NUMBER", "lower comes first"})},
	{"outbox", "remove", "QUEUE ID", "remove an item, held or not", .flags = CLI_MARK,
	 CALLS(hf_outbox_remove, "removed")},
	{"outbox", "clear", "QUEUE", "remove every item of a queue", "The queue's settings stay.",
	 CLI_MANY, CALLS(hf_outbox_clear, "removed"), .confirm = "remove every item of %s",
	 COUNTS(hf_outbox_get_stats, "items")},
	{"outbox", "configure", "QUEUE", "change a queue's settings", .flags = CLI_ONE,
	 CALLS(hf_outbox_configure, "configured"), .check = leave_settings, .hidden = "leave",
	 OPTIONS({"max-attempts", "COUNT",
		 "attempts until an item is given up; 0 for the default of 5"},
		{"max-lost", "COUNT", "lost claims until an item is given up; 0 for the default of 10, "
		 "`never` for no bound", CLI_TEXT},
		{"dedup-window", "TIME", "how long a completed ID goes on blocking; 0 for not at all"},
		{"dedup-max", "COUNT",
		 "at most so many completed IDs; 0 for the default of 1,000,000"})},
	{"outbox", "stats", "QUEUE", "count a queue's items by status", READS(hf_outbox_get_stats)},
	{"outbox", "drain", "QUEUE COMMAND...", "run a command for each queued item",
	 "COMMAND gets the payload on its stdin and HOLDFAST_QUEUE, HOLDFAST_ID, HOLDFAST_ATTEMPTS in "
	 "its environment; what\nit prints goes to stderr. Exit status 0 completes the item, any other "
	 "fails it. Exit status 1: a send failed. A\nsignal is passed on to COMMAND, the item given "
	 "back, and the pass ends. The store stays locked meanwhile.\nPut `--` before a COMMAND with "
	 "options of its own.",
	 DRAINS},
	{0},
};
