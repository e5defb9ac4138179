/* `holdfast import`: which kind of file it is, and the passes over it. Nothing is opened, let
 * alone written, before the whole file was read once and found right. */
#include "commands/commands.h"
#include "files/format.h"
#include "print/out.h"

#include <stdlib.h>

#define ONE_TRANSACTION (30u << 20) /* bytes, guessed from above; the library's limit is 32 MiB */

/* --- What kind of file ------------------------------------------------------------------------ */

/* The first line says it of JSON Lines, the first character of the others. */
static enum format detect(const struct input *input)
{
	const char *at = input->chunk, *end = at + input->len;
	while (at < end && (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n'))
		at++;
	if (at == end)
		return FORMAT_UNKNOWN;
	const char *stop = memchr(at, '\n', (size_t)(end - at));
	struct json_object object;
	struct json_fault fault;
	const struct json_member *kind = NULL;
	const bool header =
	    json_object_read(&object, hf_bytes_of(at, (size_t)((stop ? stop : end) - at)), &fault) &&
	    json_find(&object, "kind", &kind, &fault) && kind && kind->value.len == 8 &&
	    memcmp(kind->value.data, "\"header\"", 8) == 0;
	json_object_free(&object);
	return header       ? FORMAT_JSONL
	       : *at == '[' ? FORMAT_OUTBOX
	       : *at == '{' ? FORMAT_INBOX
	                    : FORMAT_UNKNOWN;
}

/* Reads the first piece and puts it back: the passes begin at the start. */
static int find_format(struct import *import, enum format *out)
{
	const enum format told = cli_flag(import->cli, "jsonl")    ? FORMAT_JSONL
	                         : cli_given(import->cli, "user")  ? FORMAT_INBOX
	                         : cli_given(import->cli, "queue") ? FORMAT_OUTBOX
	                                                           : FORMAT_UNKNOWN;
	int rc = input_peek(&import->input, import->cli);
	if (rc != CLI_OK)
		return rc;
	*out = told;
	if (told != FORMAT_UNKNOWN)
		return CLI_OK;
	*out = detect(&import->input);
	if (*out == FORMAT_JSONL)
		return CLI_OK;
	if (*out == FORMAT_OUTBOX)
		return cli_usage(import->cli,
		                 "%s looks like an outbox array: say into which queue, with --queue QUEUE",
		                 import->input.name);
	if (*out == FORMAT_INBOX)
		return cli_usage(import->cli,
		                 "%s looks like a notification file: say whose, with --user USER",
		                 import->input.name);
	return cli_fail_with(
	    import->cli, HF_EINVAL,
	    "%s is neither JSON Lines with a header line, nor an outbox array, nor a notification file",
	    import->input.name);
}

/* --- The passes ------------------------------------------------------------------------------- */

bool import_once(struct import *import, const struct hf_bytes *parts, size_t count,
                 const char *what, struct json_fault *fault)
{
	if (import->load.pass != LOAD_CHECK)
		return true; /* the file is the same as in the first pass */
	switch (keyset_add(&import->keys, parts, count)) {
	case KEYSET_NEW:
		return true;
	case KEYSET_NO_MEMORY:
		return json_refuse(fault, HF_ENOMEM, 0, "is too much for the memory there is");
	case KEYSET_TWICE:
		break;
	}
	struct buffer shown = {0};
	for (size_t i = 0; i < count; i++) {
		buffer_text(&shown, " \"");
		(void)buffer_shown(&shown, parts[i].data, parts[i].len, 40);
		buffer_text(&shown, "\"");
	}
	(void)json_refuse(fault, HF_EINVAL, 0, "%s%s", what, shown.failed ? "" : shown.data);
	buffer_free(&shown);
	return false;
}

/* The place of the number among those that are left out. */
static size_t place_of(const struct import *import, uint64_t number)
{
	size_t low = 0, high = import->skipped_count;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		if (import->skipped[middle] < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool import_skips(const struct import *import, const struct piece *piece)
{
	const size_t at = place_of(import, piece->number);
	return at < import->skipped_count && import->skipped[at] == piece->number;
}

static int leave_out(struct import *import, uint64_t number)
{
	const size_t at = place_of(import, number);
	if (import->skipped_count == import->skipped_cap) {
		const size_t cap = import->skipped_cap ? import->skipped_cap * 2 : 64;
		uint64_t *grown = reallocarray(import->skipped, cap, sizeof *grown);
		if (!grown)
			return cli_fail_with(import->cli, HF_ENOMEM, "out of memory");
		import->skipped = grown;
		import->skipped_cap = cap;
	}
	memmove(import->skipped + at + 1, import->skipped + at,
	        (import->skipped_count - at) * sizeof *import->skipped);
	import->skipped[at] = number;
	import->skipped_count++;
	return CLI_OK;
}

/* When all are judged one by one, each has a transaction of its own, so that the refusal of one
 * concerns no other. */
int import_judged(struct import *import, const struct piece *piece, int rc)
{
	const int code = import->cli->last_code;
	if (!import->skip_invalid)
		return rc;
	if (import->load.pass == LOAD_JUDGE)
		load_abandon(&import->load);
	const bool invalid = code == HF_EINVAL || code == HF_ETOOBIG || code == HF_EREASON;
	return rc == CLI_OK || !invalid || import->load.pass == LOAD_WRITE
	           ? rc
	           : leave_out(import, piece->number);
}

static int run_pass(struct import *import, enum format format, enum load_pass pass)
{
	int rc = pass == LOAD_CHECK ? CLI_OK : input_again(&import->input, import->cli);
	if (rc == CLI_OK)
		rc = load_begin(&import->load, pass);
	if (rc == CLI_OK)
		rc = format == FORMAT_JSONL    ? import_jsonl(import)
		     : format == FORMAT_OUTBOX ? import_outbox(import)
		                               : import_inbox(import);
	if (rc == CLI_OK)
		rc = load_end(&import->load);
	load_abandon(&import->load);
	return rc;
}

/* What some batches have done stays done; the same command does the rest. */
static void note_rest(struct import *import)
{
	if (import->load.batches)
		cli_note(import->cli,
		         "%llu transactions of %s are in the store; the same import again adds the rest",
		         (unsigned long long)import->load.batches, import->input.name);
}

static int run(struct import *import)
{
	const bool dry = cli_flag(import->cli, "dry-run");
	enum format format = FORMAT_UNKNOWN;
	int rc = find_format(import, &format);
	if (rc == CLI_OK)
		rc = run_pass(import, format, LOAD_CHECK);
	if (rc == CLI_OK)
		rc = cli_open(import->cli);
	import->load.batched = import->load.total > ONE_TRANSACTION;
	if (rc == CLI_OK && (import->load.batched || dry || import->skip_invalid))
		rc = run_pass(import, format, LOAD_JUDGE);
	if (rc != CLI_OK || dry)
		return rc;
	rc = run_pass(import, format, LOAD_WRITE);
	if (rc != CLI_OK)
		note_rest(import);
	return rc;
}

/* --- The command ------------------------------------------------------------------------------ */

static int check_options(struct cli *cli)
{
	const int kinds = cli_given(cli, "user") + cli_given(cli, "queue") + cli_flag(cli, "jsonl");
	const struct hf_bytes user = cli_bytes(cli, "user"), queue = cli_bytes(cli, "queue");
	if (kinds > 1)
		return cli_usage(cli,
		                 "--user, --queue and --jsonl each say another kind of file: give one");
	if (cli_flag(cli, "force") && (cli_given(cli, "user") || cli_given(cli, "queue")))
		return cli_usage(cli, "--force is for JSON Lines: other files have no checksum");
	if (cli_given(cli, "user") && cli_flag(cli, "replace"))
		return cli_usage(
		    cli, "--replace is not for notification files: saving them is never a conflict");
	if (cli_given(cli, "user") && (user.len == 0 || user.len > HF_KEY_MAX))
		return cli_usage(cli, "--user must have 1 to %u bytes", HF_KEY_MAX);
	if (cli_given(cli, "queue") && (queue.len == 0 || queue.len > HF_KEY_MAX))
		return cli_usage(cli, "--queue must have 1 to %u bytes", HF_KEY_MAX);
	return CLI_OK;
}

static void report(const struct import *import)
{
	struct out *out = import->cli->out;
	const bool dry = cli_flag(import->cli, "dry-run");
	out_begin(out, "import");
	out_u64(out, "added", import->load.added);
	out_u64(out, "replaced", import->load.replaced);
	out_u64(out, "unchanged", import->load.same);
	out_u64(out, "transactions", import->load.batches);
	if (import->skip_invalid)
		out_u64(out, "skipped", import->skipped_count);
	if (import->unverified)
		out_bool(out, "verified", false);
	if (dry)
		out_bool(out, "dry_run", true);
	out_end(out);
}

static int import_file(struct cli *cli, int argc, char **argv)
{
	struct import *import;
	int rc = check_options(cli);
	if (rc != CLI_OK)
		return rc;
	import = calloc(1, sizeof *import);
	if (!import)
		return cli_fail_with(cli, HF_ENOMEM, "out of memory");
	import->cli = cli;
	import->user = cli_bytes(cli, "user");
	import->queue = cli_bytes(cli, "queue");
	import->now = cli_wall(); /* of a file: no store wrote it */
	import->force = cli_flag(cli, "force");
	import->skip_invalid = import->force || cli_flag(cli, "skip-invalid");
	import->load =
	    (struct load){.cli = cli, .input = &import->input, .replace = cli_flag(cli, "replace")};
	rc = input_open(&import->input, cli, argc > 0 ? argv[0] : NULL);
	if (rc == CLI_OK)
		rc = run(import);
	if (rc == CLI_OK)
		report(import);
	cli->changed = import->load.batches > 0 && import->load.added + import->load.replaced > 0;
	input_close(&import->input);
	keyset_free(&import->keys);
	buffer_free(&import->frame);
	buffer_free(&import->previous);
	buffer_free(&import->order);
	line_sum_free(&import->sum);
	free(import->skipped);
	free(import->inbox.status);
	free(import);
	return rc;
}

/* clang-format off */
const struct cli_command import_commands[] = {
	{"import", NULL, "[FILE]", "read JSON Lines, an outbox array or a notification file",
	 "Without FILE or with `-` it reads stdin. All of it is checked before anything is changed.",
	 CLI_COMMITS, .run = import_file,
	 OPTIONS({"user", "USER", "FILE is a notification file: save it into this inbox"},
		{"queue", "QUEUE", "FILE is an outbox array: put its items into this queue"},
		{"jsonl", NULL, "FILE is JSON Lines, as export writes them"},
		{"replace", NULL,
		 "take the file's where the store has other content; else that is a conflict"},
		{"skip-invalid", NULL,
		 "take what can be taken; each object that cannot is listed with its place and reason"},
		{"force", NULL, "take the lines of JSON Lines one by one where the file was changed or "
		 "cut; includes --skip-invalid"},
		{"dry-run", NULL, "only say what would be done"})},
	{0},
};
