/* idem: work done once per key. A begin without a lease would end with this very command, so
 * each has one. */
#include "commands/commands.h"
#include "print/out.h"
#include "print/show.h"
#include "print/text.h"

#include <stdlib.h>

#define LEASE_DEFAULT_US 30000000LL

const struct cli_option idem_begin_options[] = {
    {"fingerprint", CLI_TEXT, "TEXT", "what the request amounts to, a hash of it say (empty)",
     false},
    {"lease", CLI_DURATION, "TIME", "how long the work is the caller's (30s)", false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

const struct cli_option idem_complete_options[] = {
    {"status", CLI_I32, "STATUS", "status of the response (0)", false},
    {"response", CLI_TEXT, "TEXT", "the response", false},
    {"response-file", CLI_TEXT, "FILE", "the response from a file, `-` is stdin", false},
    {"ttl", CLI_DURATION, "TIME", "how long it is kept (24h)", false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

const struct cli_option idem_put_options[] = {
    {"fingerprint", CLI_TEXT, "TEXT", "what the request amounts to (empty)", false},
    {"status", CLI_I32, "STATUS", "status of the response (0)", false},
    {"response", CLI_TEXT, "TEXT", "the response", false},
    {"response-file", CLI_TEXT, "FILE", "the response from a file, `-` is stdin", false},
    {"created-at", CLI_TIME, "TIME", "when it was begun (as it was, else now)", false},
    {"expires-at", CLI_TIME, "TIME", "when it goes (in 24h); `none`: never", false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

const struct cli_option idem_get_options[] = {
    {"raw", CLI_SWITCH, NULL, "the response alone, byte for byte", false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

const struct cli_option idem_list_options[] = {
    {"without-response", CLI_SWITCH, NULL, "leave the responses out: nothing is read from disk",
     false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

static struct hf_idempotency_key key_of(char **argv)
{
	return (struct hf_idempotency_key){hf_str(argv[0]), hf_str(argv[1])};
}

/* --- Work ------------------------------------------------------------------------------------- */

static void show_begun(struct cli *cli, const struct hf_idempotency_key *key,
                       const struct hf_idempotency_begun *begun)
{
	out_begin(cli->out, "idempotency-begun");
	out_bytes(cli->out, "scope", key->scope);
	out_bytes(cli->out, "key", key->key);
	out_text(cli->out, "outcome", hf_idempotency_outcome_name(begun->outcome));
	if (begun->outcome == HF_IDEMPOTENCY_NEW) {
		out_u64(cli->out, "token", begun->token);
		out_time(cli->out, "lease_until", begun->lease_until);
	} else {
		out_int(cli->out, "status", begun->status);
		out_bytes(cli->out, "response", begun->response);
	}
	out_time(cli->out, "created_at", begun->created_at);
	out_time(cli->out, "expires_at", begun->expires_at);
	out_u64(cli->out, "version", begun->version);
	out_end(cli->out);
}

/* NEW and REPLAY are what was asked for; the other two are a failure, each under its own code. */
static int tell_begun(struct cli *cli, const struct hf_idempotency_begin_args *args,
                      const struct hf_idempotency_begun *begun)
{
	char until[TEXT_TIME_SIZE];
	if (begun->outcome == HF_IDEMPOTENCY_MISMATCH) {
		return cli_fail_with(cli, HF_ECONFLICT,
		                     "MISMATCH: the key was used with another fingerprint");
	}
	if (begun->outcome == HF_IDEMPOTENCY_IN_PROGRESS) {
		text_time(begun->lease_until, until);
		return cli_fail_with(cli, HF_ECLAIMED, "IN_PROGRESS: somebody is at work until %s", until);
	}
	cli->changed = begun->outcome == HF_IDEMPOTENCY_NEW;
	show_begun(cli, &args->key, begun);
	return CLI_OK;
}

int cmd_idem_begin(struct cli *cli, int argc, char **argv)
{
	const struct hf_idempotency_begin_args args = {
	    .write = cli_write(cli),
	    .key = key_of(argv),
	    .fingerprint = cli_bytes(cli, "fingerprint"),
	    .lease_us = cli_i64(cli, "lease", LEASE_DEFAULT_US),
	};
	struct hf_idempotency_begun begun;
	struct hf_error error = {0};
	(void)argc;
	if (args.lease_us <= 0)
		return cli_usage(cli, "--lease: work without a lease would end with this command");
	int status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	if (hf_idempotency_begin(cli->store, NULL, &args, &begun, NULL, &error) != HF_OK)
		return cli_fail(cli, &error);
	status = tell_begun(cli, &args, &begun);
	hf_release(begun.memory);
	return status;
}

int cmd_idem_complete(struct cli *cli, int argc, char **argv)
{
	struct hf_idempotency_complete_args args = {
	    .write = cli_write(cli),
	    .key = key_of(argv),
	    .status = (int32_t)cli_i64(cli, "status", 0),
	    .ttl_us = cli_i64(cli, "ttl", 0),
	};
	struct hf_result result = {0};
	struct hf_error error = {0};
	char *memory = NULL;
	bool given = false;
	(void)argc;
	if (cli_zero(cli, "ttl"))
		return cli_usage(cli, "--ttl: 0 would not keep it; `idem abandon` forgets it");
	if (!cli_argument_u64(cli, "TOKEN", argv[2], &args.token))
		return CLI_USAGE;
	int status = cli_content(cli, "response", HF_PAYLOAD_MAX, &args.response, &given, &memory);
	if (status == CLI_OK)
		status = cli_open(cli);
	if (status == CLI_OK) {
		status = cli_done(cli, hf_idempotency_complete(cli->store, NULL, &args, &result, &error),
		                  &result, &error, "completed");
	}
	free(memory);
	return status;
}

int cmd_idem_abandon(struct cli *cli, int argc, char **argv)
{
	struct hf_idempotency_abandon_args args = {.write = cli_write(cli), .key = key_of(argv)};
	struct hf_result result = {0};
	struct hf_error error = {0};
	(void)argc;
	if (!cli_argument_u64(cli, "TOKEN", argv[2], &args.token))
		return CLI_USAGE;
	const int status = cli_open(cli);
	return status ? status
	              : cli_done(cli, hf_idempotency_abandon(cli->store, NULL, &args, &result, &error),
	                         &result, &error, "abandoned");
}

/* --- The raw store ---------------------------------------------------------------------------- */

int cmd_idem_put(struct cli *cli, int argc, char **argv)
{
	struct hf_idempotency_put_args args = {
	    .write = cli_write(cli),
	    .key = key_of(argv),
	    .fingerprint = cli_bytes(cli, "fingerprint"),
	    .status = (int32_t)cli_i64(cli, "status", 0),
	    .created_at = cli_i64(cli, "created-at", HF_UNSET),
	    .expires_at = cli_i64(cli, "expires-at", HF_UNSET),
	    .ttl_us = cli_given(cli, "expires-at") ? 0 : HF_IDEMPOTENCY_TTL_US,
	};
	struct hf_result result = {0};
	struct hf_error error = {0};
	char *memory = NULL;
	bool given = false;
	(void)argc;
	int status = cli_content(cli, "response", HF_PAYLOAD_MAX, &args.response, &given, &memory);
	if (status == CLI_OK)
		status = cli_open(cli);
	if (status == CLI_OK) {
		status = cli_done(cli, hf_idempotency_put(cli->store, NULL, &args, &result, &error),
		                  &result, &error, "stored");
	}
	free(memory);
	return status;
}

int cmd_idem_remove(struct cli *cli, int argc, char **argv)
{
	const struct hf_idempotency_remove_args args = {.write = cli_write(cli), .key = key_of(argv)};
	struct hf_result result = {0};
	struct hf_error error = {0};
	(void)argc;
	const int status = cli_open(cli);
	return status ? status
	              : cli_done(cli, hf_idempotency_remove(cli->store, NULL, &args, &result, &error),
	                         &result, &error, "removed");
}

static int count_clear(struct cli *cli, struct hf_bytes scope)
{
	struct hf_idempotency_counts counts;
	struct hf_error error = {0};
	if (hf_idempotency_count(cli->store, scope, 0, &counts, &error) != HF_OK)
		return cli_fail(cli, &error);
	return cli_would_remove(cli, counts.in_progress + counts.done);
}

int cmd_idem_clear(struct cli *cli, int argc, char **argv)
{
	const struct hf_idempotency_clear_args args = {.write = cli_write(cli),
	                                               .scope = hf_str(argv[0])};
	struct hf_result result = {0};
	struct hf_error error = {0};
	(void)argc;
	int status = cli_confirm(cli, "forget every key of %s", argv[0]);
	if (status == CLI_OK)
		status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	if (cli_flag(cli, "dry-run"))
		return count_clear(cli, args.scope);
	return cli_done(cli, hf_idempotency_clear(cli->store, NULL, &args, &result, &error), &result,
	                &error, "removed");
}

/* --- Reads ------------------------------------------------------------------------------------ */

int cmd_idem_get(struct cli *cli, int argc, char **argv)
{
	const struct hf_idempotency_key key = key_of(argv);
	struct hf_idempotency_got got;
	struct hf_error error = {0};
	(void)argc;
	const int status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	if (hf_idempotency_get(cli->store, &key, 0, &got, &error) != HF_OK)
		return cli_fail(cli, &error);
	if (cli_flag(cli, "raw"))
		show_raw(cli->out, got.entry.response);
	else
		show_idempotency_entry(cli->out, &got.entry, true);
	hf_release(got.memory);
	return CLI_OK;
}

int cmd_idem_list(struct cli *cli, int argc, char **argv)
{
	const bool bare = cli_flag(cli, "without-response");
	const struct hf_idempotency_list_args args = {.scope = hf_str(argv[0]),
	                                              .without_response = bare,
	                                              .limit = cli_u64(cli, "limit", 0),
	                                              .page = cli_text(cli, "page")};
	struct hf_idempotency_page page;
	struct hf_error error = {0};
	(void)argc;
	const int status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	if (hf_idempotency_list(cli->store, &args, 0, &page, &error) != HF_OK)
		return cli_fail(cli, &error);
	out_list(cli->out, bare ? "key state status created_at expires_at"
	                        : "key state status created_at expires_at response");
	for (size_t i = 0; i < page.count; i++)
		show_idempotency_entry(cli->out, &page.items[i], !bare);
	show_list_end(cli, page.count, page.next);
	hf_release(page.memory);
	return CLI_OK;
}

int idem_figures(struct cli *cli, struct hf_bytes scope)
{
	struct hf_idempotency_counts counts;
	struct hf_error error = {0};
	if (hf_idempotency_count(cli->store, scope, 0, &counts, &error) != HF_OK)
		return cli_fail(cli, &error);
	out_begin(cli->out, "idempotency-counts");
	out_bytes(cli->out, "scope", scope);
	out_u64(cli->out, "in_progress", counts.in_progress);
	out_u64(cli->out, "done", counts.done);
	out_time(cli->out, "as_of", counts.as_of);
	out_end(cli->out);
	return CLI_OK;
}

int cmd_idem_count(struct cli *cli, int argc, char **argv)
{
	(void)argc;
	const int status = cli_open(cli);
	return status ? status : idem_figures(cli, hf_str(argv[0]));
}
