/* idem: work done once per key. A begin without a lease would end with this very command, so
 * each has one. */
#include "commands/commands.h"
#include "print/out.h"
#include "print/text.h"

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
		return cli_fail_with(cli, HF_ECLAIMED, "IN_PROGRESS: another owner is at work until %s",
		                     until);
	}
	cli->changed = begun->outcome == HF_IDEMPOTENCY_NEW;
	show_begun(cli, &args->key, begun);
	return CLI_OK;
}

static int idem_begin(struct cli *cli, int argc, char **argv)
{
	struct hf_idempotency_begin_args args = {0};
	struct hf_idempotency_begun begun = {0};
	struct hf_error error = {0};
	int status = call_args(cli, argc, argv, &args);
	if (status == CLI_OK)
		status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	if (hf_idempotency_begin(cli->store, NULL, &args, &begun, NULL, &error) != HF_OK)
		return cli_fail(cli, &error);
	status = tell_begun(cli, &args, &begun);
	hf_release(begun.memory);
	return status;
}

/* --- The rest --------------------------------------------------------------------------------- */

static int keep_for_a_day(struct cli *cli, void *args)
{
	if (!cli_given(cli, "expires-at"))
		((struct hf_idempotency_put_args *)args)->ttl_us = HF_IDEMPOTENCY_TTL_US;
	return CLI_OK;
}

int idem_figures(struct cli *cli, struct hf_bytes scope)
{
	return call_about(cli, "hf_idempotency_count", scope);
}

/* clang-format off */
#define RESPONSE {"response", "TEXT", "the response"}, \
	{"response-file", "FILE", "the response from a file, `-` is stdin"}
#define OVER {"over", "scope|prefix|all", \
	"SCOPE itself, all scopes that begin with it, or all (scope)"}
#define STATUS {"status", "STATUS", "status of the response (0)"}

const struct cli_command idem_commands[] = {
	{"idem", "begin", "SCOPE KEY",
	 "ask for a piece of work: NEW with a token, or REPLAY with the response",
	 "NEW: do the work, then `complete` or `abandon` with the token. REPLAY: it was done, here is "
	 "the response. An owner that\nis at work, or another fingerprint under the same key, is a "
	 "failure with exit status 4.",
	 CLI_ONE | CLI_SCOPE_KEY, .run = idem_begin, READS(hf_idempotency_begin), .hidden = "ttl_us",
	 OPTIONS({"fingerprint", "TEXT", "what the request amounts to, a hash of it say (empty)"},
		{"lease", "TIME", "how long the work is the caller's (30s)", .otherwise = 30000000,
		 .zero = "--lease: work without a lease would end with this command"})},
	{"idem", "complete", "SCOPE KEY TOKEN", "the work is done: keep its response",
	 .flags = CLI_ONE | CLI_SCOPE_KEY, CALLS(hf_idempotency_complete, "completed"),
	 OPTIONS(STATUS, RESPONSE, {"ttl", "TIME", "how long it is kept (24h)",
		 .zero = "--ttl: 0 would not keep it; `idem abandon` forgets it"})},
	{"idem", "abandon", "SCOPE KEY TOKEN", "the work was not done: the next begin is NEW",
	 .flags = CLI_ONE | CLI_SCOPE_KEY, CALLS(hf_idempotency_abandon, "abandoned")},
	{"idem", "put", "SCOPE KEY", "store a response as given, in place of whatever is there",
	 .flags = CLI_ONE | CLI_SCOPE_KEY, CALLS(hf_idempotency_put, "stored"),
	 .hidden = "ttl_us expires_computed", .check = keep_for_a_day,
	 OPTIONS({"fingerprint", "TEXT", "what the request amounts to (empty)"}, STATUS, RESPONSE,
		{"created-at", "TIME", "when it was begun (as it was, else now)"},
		{"expires-at", "TIME", "when it goes (in 24h); `none`: never"})},
	{"idem", "get", "SCOPE KEY", "show one key", .flags = CLI_SCOPE_KEY, READS(hf_idempotency_get),
	 OPTIONS({"raw", NULL, "the response alone, byte for byte"})},
	{"idem", "list", "[SCOPE]", "list the keys of a scope, or of several", .flags = CLI_PAGES,
	 LISTS(hf_idempotency_list, "scope key state status created_at expires_at response"),
	 OPTIONS(OVER,
		{"without-response", NULL, "leave the responses out: nothing is read from disk"})},
	{"idem", "count", "[SCOPE]", "count the keys of a scope, or of several",
	 READS(hf_idempotency_count_over), OPTIONS(OVER)},
	{"idem", "remove", "SCOPE KEY", "forget a key, owned or not",
	 .flags = CLI_MARK | CLI_SCOPE_KEY, CALLS(hf_idempotency_remove, "removed")},
	{"idem", "clear", "[SCOPE]", "forget every key of a scope, or of several", .flags = CLI_MANY,
	 CALLS(hf_idempotency_clear, "removed"), .confirm = "forget every key of %s",
	 COUNTS(hf_idempotency_count_over, "in_progress done"), OPTIONS(OVER)},
	{0},
};
