/* metrics: figures for a monitoring system, as text. */
#include "commands/commands.h"
#include "print/buffer.h"
#include "print/out.h"

static bool take_piece(void *ctx, const char *text, size_t len)
{
	buffer_add(ctx, text, len);
	return true;
}

static int show(struct cli *cli, const struct hf_metrics_options *options, struct buffer *text)
{
	struct hf_error error = {0};
	const int rc = hf_metrics(cli->store, take_piece, text, options, &error);
	if (rc != HF_OK)
		return cli_fail(cli, &error);
	if (text->failed)
		return cli_fail_with(cli, HF_ENOMEM, "no memory for the figures");
	if (!cli->json) {
		out_raw(cli->out, text->data, text->len);
		return CLI_OK;
	}
	out_begin(cli->out, "metrics");
	out_text(cli->out, "type",
	         options->format ? HF_METRICS_OPENMETRICS_TYPE : HF_METRICS_PROMETHEUS_TYPE);
	out_text(cli->out, "text", text->data);
	out_end(cli->out);
	return CLI_OK;
}

static int metrics(struct cli *cli, int argc, char **argv)
{
	struct hf_metrics_options options = {.size = sizeof options};
	struct buffer text = {0};
	if (argc > 0)
		cli->directory = argv[0];
	if (cli_flag(cli, "openmetrics"))
		options.format = HF_METRICS_OPENMETRICS;
	int status = cli_open(cli);
	if (status == CLI_OK)
		status = show(cli, &options, &text);
	buffer_free(&text);
	return status;
}

/* clang-format off */
const struct cli_command metrics_commands[] = {
	{"metrics", NULL, "[DIR]", "figures for a monitoring system: Prometheus' text format",
	 "Each figure has a line of help. Beside a service that has the store open it shows what a\n"
	 "reader can know: what the service itself counts (latencies, faults, compactions) it gives\n"
	 "by hf_metrics(). Of names at most 1,000 stand for themselves; the rest are one series with\n"
	 "empty names.",
	 .flags = CLI_READS, .run = metrics,
	 OPTIONS({"openmetrics", NULL, "in the format of OpenMetrics 1.0"})},
	{0},
};
