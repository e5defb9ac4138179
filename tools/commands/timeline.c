/* timeline: append-only histories. */
#include "commands/commands.h"
#include "print/out.h"

static int timeline_count(struct cli *cli, int argc, char **argv)
{
	struct hf_timeline_count_args args = {0};
	struct hf_error error;
	uint64_t count;
	int status = call_args(cli, argc, argv, &args);
	if (status == CLI_OK)
		status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	if (hf_timeline_count(cli->store, &args, 0, &count, &error) != HF_OK)
		return cli_fail(cli, &error);
	out_begin(cli->out, "timeline-count");
	out_bytes(cli->out, "timeline", args.filter.timeline);
	out_u64(cli->out, "events", count);
	out_end(cli->out);
	return CLI_OK;
}

/* Events and the newest time of one. */
int timeline_figures(struct cli *cli, struct hf_bytes timeline)
{
	const struct hf_timeline_count_args all = {.filter.timeline = timeline};
	struct hf_error error;
	uint64_t count;
	hf_time latest;
	if (hf_timeline_count(cli->store, &all, 0, &count, &error) != HF_OK ||
	    hf_timeline_latest_at(cli->store, timeline, 0, &latest, &error) != HF_OK)
		return cli_fail(cli, &error);
	out_begin(cli->out, "timeline");
	out_bytes(cli->out, "timeline", timeline);
	out_u64(cli->out, "events", count);
	out_time(cli->out, "latest_at", latest);
	out_end(cli->out);
	return CLI_OK;
}

static int timeline_latest(struct cli *cli, int argc, char **argv)
{
	(void)argc;
	const int status = cli_open(cli);
	return status == CLI_OK ? timeline_figures(cli, hf_str(argv[0])) : status;
}

static int say_total(struct cli *cli, const void *args, const void *answer)
{
	const struct hf_timeline_page *page = answer;
	(void)args;
	if (page->next && !cli->json)
		cli_note(cli, "%zu of %llu", page->count, (unsigned long long)page->total);
	return CLI_OK;
}

static int need_bound(struct cli *cli, void *args)
{
	(void)args;
	return cli_given(cli, "max-events") || cli_given(cli, "max-age")
	           ? CLI_OK
	           : cli_usage(cli, "--max-events or --max-age is missing");
}

/* clang-format off */
#define SUBJECT {"subject", "SUBJECT", "only this one; '' for events without a subject"}
#define TYPE {"type", "TYPE", "only this one"}

const struct cli_command timeline_commands[] = {
	{"timeline", "append", "TIMELINE ID TYPE", "add an event to a history",
	 "The same event again changes nothing; another one under its ID is refused.", CLI_ONE,
	 CALLS(hf_timeline_append, "appended"),
	 OPTIONS(PAYLOAD, {"subject", "SUBJECT", "what it is about (nothing)"},
		{"happened-at", "TIME", "when it happened (now)"})},
	{"timeline", "get", "TIMELINE ID", "show one event", READS(hf_timeline_get), OPTIONS(RAW)},
	{"timeline", "query", "TIMELINE", "list events, the newest first", .flags = CLI_PAGES,
	 LISTS(hf_timeline_query, "happened_at id type subject payload"), .page = say_total,
	 OPTIONS(SUBJECT, TYPE, {"ascending", NULL, "the oldest first"}, WITHOUT_PAYLOAD)},
	{"timeline", "count", "TIMELINE", "count events", .flags = CLI_READS, .run = timeline_count,
	 READS(hf_timeline_count), OPTIONS(SUBJECT, TYPE)},
	{"timeline", "latest", "TIMELINE", "when the newest event happened", .flags = CLI_READS,
	 .run = timeline_latest},
	{"timeline", "list", "", "list the timelines", .flags = CLI_PAGES,
	 LISTS(hf_timeline_names, "timeline events latest_at"), .each = timeline_figures},
	{"timeline", "retain", "TIMELINE", "remove the oldest events beyond a number or an age",
	 .flags = CLI_MANY | CLI_CLOCK, CALLS(hf_timeline_retain, "removed"), .check = need_bound,
	 .confirm = "remove the oldest events of %s beyond that",
	 OPTIONS({"max-events", "COUNT", "keep at most so many, the newest",
		 .zero = "--max-events: 0 would keep nothing; `timeline clear` removes all"},
		{"max-age", "AGE", "keep none that happened longer ago",
		 .zero = "--max-age: 0 would keep nothing; `timeline clear` removes all"})},
	{"timeline", "clear", "TIMELINE", "remove every event", .flags = CLI_MANY,
	 CALLS(hf_timeline_clear, "removed"), .confirm = "remove every event of %s",
	 COUNTS(hf_timeline_count, NULL)},
	{0},
};
