/* timeline: append-only histories. */
#include "commands/commands.h"
#include "print/out.h"
#include "print/show.h"

#include <stdlib.h>

const struct cli_option timeline_append_options[] = {
    {"payload", CLI_TEXT, "TEXT", "the payload", false},
    {"payload-file", CLI_TEXT, "FILE", "the payload from a file, `-` is stdin", false},
    {"subject", CLI_TEXT, "SUBJECT", "what it is about (nothing)", false},
    {"happened-at", CLI_TIME, "TIME", "when it happened (now)", false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

const struct cli_option timeline_get_options[] = {
    {"raw", CLI_SWITCH, NULL, "the payload alone, byte for byte", false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

const struct cli_option timeline_query_options[] = {
    {"subject", CLI_TEXT, "SUBJECT", "only this one; '' for events without a subject", false},
    {"type", CLI_TEXT, "TYPE", "only this one", false},
    {"ascending", CLI_SWITCH, NULL, "the oldest first", false},
    {"without-payload", CLI_SWITCH, NULL, "leave the payloads out: nothing is read from disk",
     false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

const struct cli_option timeline_count_options[] = {
    {"subject", CLI_TEXT, "SUBJECT", "only this one; '' for events without a subject", false},
    {"type", CLI_TEXT, "TYPE", "only this one", false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

const struct cli_option timeline_retain_options[] = {
    {"max-events", CLI_U64, "COUNT", "keep at most so many, the newest", false},
    {"max-age", CLI_DURATION, "AGE", "keep none that happened longer ago", false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

/* --- Changes ---------------------------------------------------------------------------------- */

int cmd_timeline_append(struct cli *cli, int argc, char **argv)
{
	struct hf_timeline_append_args args = {
	    .write = cli_write(cli),
	    .key = {hf_str(argv[0]), hf_str(argv[1])},
	    .type = hf_str(argv[2]),
	    .subject = cli_bytes(cli, "subject"),
	    .happened_at = cli_i64(cli, "happened-at", HF_UNSET),
	};
	struct hf_result result = {0};
	struct hf_error error = {0};
	char *memory = NULL;
	bool given = false;
	(void)argc;
	int status = cli_content(cli, "payload", HF_PAYLOAD_MAX, &args.payload, &given, &memory);
	if (status == CLI_OK)
		status = cli_open(cli);
	if (status == CLI_OK) {
		status = cli_done(cli, hf_timeline_append(cli->store, NULL, &args, &result, &error),
		                  &result, &error, "appended");
	}
	free(memory);
	return status;
}

int cmd_timeline_retain(struct cli *cli, int argc, char **argv)
{
	const struct hf_timeline_retain_args args = {
	    .write = cli_write(cli),
	    .timeline = hf_str(argv[0]),
	    .max_events = cli_u64(cli, "max-events", 0),
	    .max_age_us = cli_i64(cli, "max-age", 0),
	    .dry_run = cli_flag(cli, "dry-run"),
	    .now = cli_now(cli),
	};
	struct hf_result result = {0};
	struct hf_error error = {0};
	(void)argc;
	if (!cli_given(cli, "max-events") && !cli_given(cli, "max-age"))
		return cli_usage(cli, "--max-events or --max-age is missing");
	if (cli_zero(cli, "max-events") || cli_zero(cli, "max-age")) {
		return cli_usage(cli, "--%s: 0 would keep nothing; `timeline clear` removes all",
		                 cli_zero(cli, "max-events") ? "max-events" : "max-age");
	}
	int status = cli_confirm(cli, "remove the oldest events of %s beyond that", argv[0]);
	if (status == CLI_OK)
		status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	const int rc = hf_timeline_retain(cli->store, NULL, &args, &result, &error);
	return args.dry_run && rc == HF_OK ? cli_would_remove(cli, result.count)
	                                   : cli_done(cli, rc, &result, &error, "removed");
}

static int count_clear(struct cli *cli, struct hf_bytes timeline)
{
	const struct hf_timeline_filter all = {.timeline = timeline};
	struct hf_error error;
	uint64_t count;
	if (hf_timeline_count(cli->store, &all, 0, &count, &error) != HF_OK)
		return cli_fail(cli, &error);
	return cli_would_remove(cli, count);
}

int cmd_timeline_clear(struct cli *cli, int argc, char **argv)
{
	const struct hf_timeline_clear_args args = {.write = cli_write(cli),
	                                            .timeline = hf_str(argv[0])};
	struct hf_result result = {0};
	struct hf_error error = {0};
	(void)argc;
	int status = cli_confirm(cli, "remove every event of %s", argv[0]);
	if (status == CLI_OK)
		status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	if (cli_flag(cli, "dry-run"))
		return count_clear(cli, args.timeline);
	return cli_done(cli, hf_timeline_clear(cli->store, NULL, &args, &result, &error), &result,
	                &error, "removed");
}

/* --- Events ----------------------------------------------------------------------------------- */

int cmd_timeline_get(struct cli *cli, int argc, char **argv)
{
	const struct hf_timeline_key key = {hf_str(argv[0]), hf_str(argv[1])};
	struct hf_timeline_got got;
	struct hf_error error;
	(void)argc;
	const int status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	if (hf_timeline_get(cli->store, &key, 0, &got, &error) != HF_OK)
		return cli_fail(cli, &error);
	if (cli_flag(cli, "raw"))
		show_raw(cli->out, got.event.payload);
	else
		show_timeline_event(cli->out, &got.event, true);
	hf_release(got.memory);
	return CLI_OK;
}

static struct hf_timeline_filter filter_of(const struct cli *cli, char **argv)
{
	return (struct hf_timeline_filter){
	    .timeline = hf_str(argv[0]),
	    .subject = cli_bytes(cli, "subject"),
	    .by_subject = cli_given(cli, "subject"),
	    .type = cli_bytes(cli, "type"),
	};
}

int cmd_timeline_query(struct cli *cli, int argc, char **argv)
{
	const bool bare = cli_flag(cli, "without-payload");
	const struct hf_timeline_query_args args = {
	    .filter = filter_of(cli, argv),
	    .ascending = cli_flag(cli, "ascending"),
	    .without_payload = bare,
	    .limit = cli_u64(cli, "limit", 0),
	    .page = cli_text(cli, "page"),
	};
	struct hf_timeline_page page;
	struct hf_error error;
	(void)argc;
	const int status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	if (hf_timeline_query(cli->store, &args, 0, &page, &error) != HF_OK)
		return cli_fail(cli, &error);
	out_list(cli->out,
	         bare ? "happened_at id type subject" : "happened_at id type subject payload");
	for (size_t i = 0; i < page.count; i++)
		show_timeline_event(cli->out, &page.items[i], !bare);
	if (page.next && !cli->json)
		cli_note(cli, "%zu of %llu", page.count, (unsigned long long)page.total);
	show_list_end(cli, page.count, page.next);
	hf_release(page.memory);
	return CLI_OK;
}

/* --- Whole timelines -------------------------------------------------------------------------- */

int cmd_timeline_count(struct cli *cli, int argc, char **argv)
{
	const struct hf_timeline_filter filter = filter_of(cli, argv);
	struct hf_error error;
	uint64_t count;
	(void)argc;
	const int status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	if (hf_timeline_count(cli->store, &filter, 0, &count, &error) != HF_OK)
		return cli_fail(cli, &error);
	out_begin(cli->out, "timeline-count");
	out_bytes(cli->out, "timeline", filter.timeline);
	out_u64(cli->out, "events", count);
	out_end(cli->out);
	return CLI_OK;
}

/* Events and the newest time of one. */
int timeline_figures(struct cli *cli, struct hf_bytes timeline)
{
	const struct hf_timeline_filter all = {.timeline = timeline};
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

int cmd_timeline_latest(struct cli *cli, int argc, char **argv)
{
	(void)argc;
	const int status = cli_open(cli);
	return status == CLI_OK ? timeline_figures(cli, hf_str(argv[0])) : status;
}

int cmd_timeline_list(struct cli *cli, int argc, char **argv)
{
	const struct hf_names_args args = {.limit = cli_u64(cli, "limit", 0),
	                                   .page = cli_text(cli, "page")};
	struct hf_name_page page;
	struct hf_error error;
	(void)argc;
	(void)argv;
	int status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	if (hf_timeline_names(cli->store, &args, 0, &page, &error) != HF_OK)
		return cli_fail(cli, &error);
	out_list(cli->out, "timeline events latest_at");
	for (size_t i = 0; i < page.count && status == CLI_OK; i++)
		status = timeline_figures(cli, page.items[i]);
	show_list_end(cli, page.count, page.next);
	hf_release(page.memory);
	return status;
}
