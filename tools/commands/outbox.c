/* outbox: filling a queue, reading it, and what needs no token. */
#include "commands/commands.h"
#include "print/out.h"
#include "print/show.h"

#include <stdlib.h>

const struct cli_option outbox_enqueue_options[] = {
    {"payload", CLI_TEXT, "TEXT", "the payload", false},
    {"payload-file", CLI_TEXT, "FILE", "the payload from a file, `-` is stdin", false},
    {"priority", CLI_I32, "NUMBER", "lower comes first (0)", false},
    {"max-attempts", CLI_U32, "COUNT", "attempts until it is given up (the queue's)", false},
    {"enqueued-at", CLI_TIME, "TIME", "kept as given (the clock's)", false},
    {"available-at", CLI_TIME, "TIME", "nothing claims it before, unless by name (now)", false},
    {"dedup", CLI_CHOICE, "keep|replace|rerun",
     "what becomes of a live ID: left as it is; payload and times replaced while queued; run once "
     "more with them",
     false},
    {"group", CLI_TEXT, "GROUP", "of a group one item at a time is claimed, in enqueue order",
     false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

const struct cli_option outbox_put_options[] = {
    {"payload", CLI_TEXT, "TEXT", "the payload", false},
    {"payload-file", CLI_TEXT, "FILE", "the payload from a file, `-` is stdin", false},
    {"priority", CLI_I32, "NUMBER", "lower comes first (0)", false},
    {"max-attempts", CLI_U32, "COUNT", "attempts until it is given up (the queue's)", false},
    {"status", CLI_CHOICE, "queued|sending|failed",
     "`sending` becomes queued: nobody holds it (queued)", false},
    {"attempts", CLI_U32, "COUNT", "made so far (0)", false},
    {"lost", CLI_U32, "COUNT", "claims lost so far (0)", false},
    {"enqueued-at", CLI_TIME, "TIME", "kept as given (the clock's)", false},
    {"available-at", CLI_TIME, "TIME", "kept as given (like --enqueued-at)", false},
    {"last-error", CLI_TEXT, "TEXT", "of the newest attempt", false},
    {"group", CLI_TEXT, "GROUP", "of a group one item at a time is claimed, in enqueue order",
     false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

const struct cli_option outbox_get_options[] = {
    {"raw", CLI_SWITCH, NULL, "the payload alone, byte for byte", false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

const struct cli_option outbox_list_options[] = {
    {"status", CLI_CHOICE, "any|queued|sending|failed", "only these", false},
    {"containing", CLI_TEXT, "TEXT", "only those with TEXT in the payload", false},
    {"without-payload", CLI_SWITCH, NULL, "leave the payloads out: nothing is read from disk",
     false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

const struct cli_option outbox_mark_failed_options[] = {
    {"reason", CLI_TEXT, "TEXT", "becomes the item's last error", false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

const struct cli_option outbox_retry_options[] = {
    {"reset-attempts", CLI_SWITCH, NULL, "attempts begin anew", false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

const struct cli_option outbox_reschedule_options[] = {
    {"available-at", CLI_TIME, "TIME", "nothing claims it before, unless by name", false},
    {"priority", CLI_I32, "NUMBER", "lower comes first", false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

const struct cli_option outbox_configure_options[] = {
    {"max-attempts", CLI_U32, "COUNT", "attempts until an item is given up; 0 for the default of 5",
     false},
    {"max-lost", CLI_TEXT, "COUNT",
     "lost claims until an item is given up; 0 for the default of 10, `never` for no bound", false},
    {"dedup-window", CLI_DURATION, "TIME",
     "how long a completed ID goes on blocking; 0 for not at all", false},
    {"dedup-max", CLI_U32, "COUNT", "at most so many completed IDs; 0 for the default of 1,000,000",
     false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

/* --- Filling ---------------------------------------------------------------------------------- */

static struct hf_outbox_enqueue_args enqueue_args(const struct cli *cli, char **argv,
                                                  struct hf_bytes payload)
{
	struct hf_outbox_enqueue_args args = {
	    .write = cli_write(cli),
	    .queue = hf_str(argv[0]),
	    .id = hf_str(argv[1]),
	    .payload = payload,
	    .enqueued_at = cli_i64(cli, "enqueued-at", HF_UNSET),
	    .available_at = cli_i64(cli, "available-at", HF_UNSET),
	    .priority = (int32_t)cli_i64(cli, "priority", 0),
	    .max_attempts = (uint32_t)cli_u64(cli, "max-attempts", 0),
	    .dedup = (enum hf_outbox_dedup)cli_u64(cli, "dedup", HF_OUTBOX_KEEP),
	    .group = cli_bytes(cli, "group"),
	};
	return args;
}

/* All or none, in the order given. */
static int enqueue_many(struct cli *cli, const struct hf_outbox_enqueue_args *one, size_t count,
                        char **ids)
{
	struct hf_outbox_input *items = calloc(count, sizeof *items);
	struct hf_result result = {0};
	struct hf_error error = {0};
	if (!items)
		return cli_fail_with(cli, HF_ENOMEM, "there is no memory for %zu items", count);
	for (size_t i = 0; i < count; i++) {
		items[i] = (struct hf_outbox_input){hf_str(ids[i]),    one->payload,  one->enqueued_at,
		                                    one->available_at, one->priority, one->max_attempts,
		                                    one->group,        one->extra};
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

int cmd_outbox_enqueue(struct cli *cli, int argc, char **argv)
{
	struct hf_result result = {0};
	struct hf_error error = {0};
	struct hf_bytes payload;
	char *memory = NULL;
	bool given = false;
	int status = cli_content(cli, "payload", HF_PAYLOAD_MAX, &payload, &given, &memory);
	if (status == CLI_OK)
		status = cli_open(cli);
	if (status == CLI_OK) {
		const struct hf_outbox_enqueue_args args = enqueue_args(cli, argv, payload);
		status = argc > 2
		             ? enqueue_many(cli, &args, (size_t)argc - 1, argv + 1)
		             : cli_done(cli, hf_outbox_enqueue(cli->store, NULL, &args, &result, &error),
		                        &result, &error, "enqueued");
	}
	free(memory);
	return status;
}

static struct hf_outbox_item put_item(const struct cli *cli, char **argv, struct hf_bytes payload)
{
	static const enum hf_outbox_status statuses[] = {HF_OUTBOX_QUEUED, HF_OUTBOX_SENDING,
	                                                 HF_OUTBOX_FAILED};
	struct hf_outbox_item item = {
	    .id = hf_str(argv[1]),
	    .payload = payload,
	    .status = statuses[cli_u64(cli, "status", 0)],
	    .attempts = (uint32_t)cli_u64(cli, "attempts", 0),
	    .lost = (uint32_t)cli_u64(cli, "lost", 0),
	    .max_attempts = (uint32_t)cli_u64(cli, "max-attempts", 0),
	    .priority = (int32_t)cli_i64(cli, "priority", 0),
	    .enqueued_at = cli_i64(cli, "enqueued-at", cli_clock(cli)),
	    .last_error = cli_bytes(cli, "last-error"),
	    .group = cli_bytes(cli, "group"),
	    .lease_until = HF_UNSET,
	};
	item.available_at = cli_i64(cli, "available-at", item.enqueued_at);
	return item;
}

int cmd_outbox_put(struct cli *cli, int argc, char **argv)
{
	struct hf_outbox_put_args args = {.write = cli_write(cli), .queue = hf_str(argv[0])};
	struct hf_result result = {0};
	struct hf_error error = {0};
	struct hf_bytes payload;
	char *memory = NULL;
	bool given = false;
	(void)argc;
	int status = cli_content(cli, "payload", HF_PAYLOAD_MAX, &payload, &given, &memory);
	if (status == CLI_OK) {
		args.item = put_item(cli, argv, payload);
		status = cli_open(cli);
	}
	if (status == CLI_OK) {
		status = cli_done(cli, hf_outbox_put(cli->store, NULL, &args, &result, &error), &result,
		                  &error, "put");
	}
	free(memory);
	return status;
}

/* What is not given stays as it is. */
static int given_settings(struct cli *cli, struct hf_outbox_configure_args *args)
{
	const char *lost = cli_text(cli, "max-lost");
	char *end = NULL;
	const unsigned long long most =
	    lost && strcmp(lost, "never") != 0 ? strtoull(lost, &end, 10) : HF_NEVER;
	if (end && (*end || end == lost || lost[0] == '-' || most > HF_NEVER))
		return cli_usage(cli, "--max-lost: '%s' is no count", lost);
	args->max_attempts = (uint32_t)cli_u64(cli, "max-attempts", 0);
	args->max_lost = (uint32_t)most;
	args->dedup_window_us = cli_i64(cli, "dedup-window", 0);
	args->dedup_max = (uint32_t)cli_u64(cli, "dedup-max", 0);
	args->leave = (cli_given(cli, "max-attempts") ? 0u : HF_OUTBOX_LEAVE_MAX_ATTEMPTS) |
	              (lost ? 0u : HF_OUTBOX_LEAVE_MAX_LOST) |
	              (cli_given(cli, "dedup-window") ? 0u : HF_OUTBOX_LEAVE_DEDUP_WINDOW) |
	              (cli_given(cli, "dedup-max") ? 0u : HF_OUTBOX_LEAVE_DEDUP_MAX);
	return CLI_OK;
}

int cmd_outbox_configure(struct cli *cli, int argc, char **argv)
{
	struct hf_outbox_configure_args args = {.write = cli_write(cli), .queue = hf_str(argv[0])};
	struct hf_result result = {0};
	struct hf_error error = {0};
	(void)argc;
	if (!cli_given(cli, "max-attempts") && !cli_given(cli, "max-lost") &&
	    !cli_given(cli, "dedup-window") && !cli_given(cli, "dedup-max")) {
		return cli_usage(cli, "nothing to change: --max-attempts, --max-lost, --dedup-window or "
		                      "--dedup-max is missing");
	}
	int status = given_settings(cli, &args);
	if (status == CLI_OK)
		status = cli_open(cli);
	return status ? status
	              : cli_done(cli, hf_outbox_configure(cli->store, NULL, &args, &result, &error),
	                         &result, &error, "configured");
}

/* --- From outside ----------------------------------------------------------------------------- */

int cmd_outbox_mark_failed(struct cli *cli, int argc, char **argv)
{
	const struct hf_outbox_mark_failed_args args = {.write = cli_write(cli),
	                                                .queue = hf_str(argv[0]),
	                                                .id = hf_str(argv[1]),
	                                                .reason = cli_bytes(cli, "reason")};
	struct hf_result result = {0};
	struct hf_error error = {0};
	(void)argc;
	const int status = cli_open(cli);
	return status ? status
	              : cli_done(cli, hf_outbox_mark_failed(cli->store, NULL, &args, &result, &error),
	                         &result, &error, "failed");
}

int cmd_outbox_retry(struct cli *cli, int argc, char **argv)
{
	const struct hf_outbox_retry_args args = {.write = cli_write(cli),
	                                          .queue = hf_str(argv[0]),
	                                          .id = hf_str(argv[1]),
	                                          .reset_attempts = cli_flag(cli, "reset-attempts")};
	struct hf_result result = {0};
	struct hf_error error = {0};
	(void)argc;
	const int status = cli_open(cli);
	return status ? status
	              : cli_done(cli, hf_outbox_retry(cli->store, NULL, &args, &result, &error),
	                         &result, &error, "queued");
}

int cmd_outbox_reschedule(struct cli *cli, int argc, char **argv)
{
	const struct hf_outbox_reschedule_args args = {
	    .write = cli_write(cli),
	    .queue = hf_str(argv[0]),
	    .id = hf_str(argv[1]),
	    .set_available_at = cli_given(cli, "available-at"),
	    .available_at = cli_i64(cli, "available-at", 0),
	    .set_priority = cli_given(cli, "priority"),
	    .priority = (int32_t)cli_i64(cli, "priority", 0),
	};
	struct hf_result result = {0};
	struct hf_error error = {0};
	(void)argc;
	const int status = cli_open(cli);
	return status ? status
	              : cli_done(cli, hf_outbox_reschedule(cli->store, NULL, &args, &result, &error),
	                         &result, &error, "rescheduled");
}

int cmd_outbox_remove(struct cli *cli, int argc, char **argv)
{
	const struct hf_outbox_remove_args args = {
	    .write = cli_write(cli), .queue = hf_str(argv[0]), .id = hf_str(argv[1])};
	struct hf_result result = {0};
	struct hf_error error = {0};
	(void)argc;
	const int status = cli_open(cli);
	return status ? status
	              : cli_done(cli, hf_outbox_remove(cli->store, NULL, &args, &result, &error),
	                         &result, &error, "removed");
}

static int count_clear(struct cli *cli, struct hf_bytes queue)
{
	struct hf_outbox_stats stats;
	struct hf_error error;
	if (hf_outbox_get_stats(cli->store, queue, 0, &stats, &error) != HF_OK)
		return cli_fail(cli, &error);
	return cli_would_remove(cli, stats.queued.items + stats.sending.items + stats.failed.items);
}

int cmd_outbox_clear(struct cli *cli, int argc, char **argv)
{
	const struct hf_outbox_clear_args args = {.write = cli_write(cli), .queue = hf_str(argv[0])};
	struct hf_result result = {0};
	struct hf_error error = {0};
	(void)argc;
	int status = cli_confirm(cli, "remove every item of %s", argv[0]);
	if (status == CLI_OK)
		status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	if (cli_flag(cli, "dry-run"))
		return count_clear(cli, args.queue);
	return cli_done(cli, hf_outbox_clear(cli->store, NULL, &args, &result, &error), &result, &error,
	                "removed");
}

/* --- Reads ------------------------------------------------------------------------------------ */

int cmd_outbox_get(struct cli *cli, int argc, char **argv)
{
	const struct hf_outbox_key key = {.queue = hf_str(argv[0]), .id = hf_str(argv[1])};
	struct hf_outbox_got got;
	struct hf_error error;
	(void)argc;
	const int status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	if (hf_outbox_get(cli->store, &key, 0, &got, &error) != HF_OK)
		return cli_fail(cli, &error);
	if (cli_flag(cli, "raw"))
		show_raw(cli->out, got.item.payload);
	else
		show_outbox_item(cli->out, key.queue, &got.item, true);
	hf_release(got.memory);
	return CLI_OK;
}

static bool contains(void *ctx, const struct hf_outbox_item *item)
{
	const struct hf_bytes *text = ctx;
	return text->len == 0 || (item->payload.len > 0 && memmem(item->payload.data, item->payload.len,
	                                                          text->data, text->len) != NULL);
}

int cmd_outbox_list(struct cli *cli, int argc, char **argv)
{
	static const enum hf_outbox_status statuses[] = {HF_OUTBOX_ANY, HF_OUTBOX_QUEUED,
	                                                 HF_OUTBOX_SENDING, HF_OUTBOX_FAILED};
	struct hf_bytes text = cli_bytes(cli, "containing");
	const bool bare = cli_flag(cli, "without-payload");
	const struct hf_outbox_list_args args = {
	    .queue = hf_str(argv[0]),
	    .status = statuses[cli_u64(cli, "status", 0)],
	    .match = cli_given(cli, "containing") ? contains : NULL,
	    .match_ctx = &text,
	    .without_payload = bare,
	    .limit = cli_u64(cli, "limit", 0),
	    .page = cli_text(cli, "page"),
	};
	struct hf_outbox_items page;
	struct hf_error error;
	(void)argc;
	if (bare && args.match)
		return cli_usage(cli, "--containing looks into payloads, --without-payload reads none");
	const int status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	if (hf_outbox_list(cli->store, &args, 0, &page, &error) != HF_OK)
		return cli_fail(cli, &error);
	out_list(cli->out, bare ? "id status attempts priority available_at last_error"
	                        : "id status attempts priority available_at last_error payload");
	for (size_t i = 0; i < page.count; i++)
		show_outbox_item(cli->out, args.queue, &page.items[i], !bare);
	show_list_end(cli, page.count, page.next);
	hf_release(page.memory);
	return CLI_OK;
}

int cmd_outbox_stats(struct cli *cli, int argc, char **argv)
{
	struct hf_outbox_stats stats;
	struct hf_error error;
	(void)argc;
	const int status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	if (hf_outbox_get_stats(cli->store, hf_str(argv[0]), 0, &stats, &error) != HF_OK)
		return cli_fail(cli, &error);
	show_outbox_stats(cli->out, hf_str(argv[0]), &stats);
	return CLI_OK;
}
