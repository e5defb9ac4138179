/* Options of commands that are members of hf_options. */
#include "cli/cli.h"

uint32_t cli_pad(const struct cli *cli)
{
	static const uint32_t pads[] = {0, 512, 4096}; /* in the order of the choice */
	return pads[cli_u64(cli, "pad", 0)];
}

static uint64_t number(const struct cli *cli, const char *name)
{
	return cli_has(cli, name) ? cli_u64(cli, name, 0) : 0;
}

static int64_t span(const struct cli *cli, const char *name)
{
	return cli_has(cli, name) ? cli_i64(cli, name, 0) : 0;
}

struct hf_options cli_store_options(const struct cli *cli)
{
	return (struct hf_options){
	    .pad = cli_has(cli, "pad") ? cli_pad(cli) : 0,
	    .segment_size = (uint32_t)number(cli, "segment-size"),
	    .inline_max = (uint32_t)number(cli, "inline-max"),
	    .compact_bytes = number(cli, "compact-bytes"),
	    .compact_rate = number(cli, "compact-rate"),
	    .retain_us = span(cli, "retain"),
	    .retain_bytes = number(cli, "retain-bytes"),
	    .scrub_bytes_per_second = number(cli, "scrub-bytes-per-second"),
	    .scrub_interval_us = span(cli, "scrub-interval"),
	};
}
