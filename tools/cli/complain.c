/* What goes wrong, said on stderr: one sentence for people, one object with --json, and an exit
 * status that says which kind of thing it was. A sentence is one line whatever the bytes in it:
 * what text_shown() does not show stands as \xNN. */
#include "cli/cli.h"
#include "cli/names.h"
#include "print/buffer.h"
#include "print/out.h"
#include "print/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

/* The table of exit statuses; every code of the library stands in it. */
int cli_exit_of(int code)
{
	switch ((enum hf_code)code) {
	case HF_OK:
		return CLI_OK;
	case HF_ENOTFOUND:
	case HF_EGONE:
		return CLI_NO;
	case HF_EINVAL:
	case HF_EREADONLY:
	case HF_EFORK:
		return CLI_USAGE;
	case HF_ELOCKED:
	case HF_EBLOCKED:
	case HF_ETIMEDOUT:
	case HF_ECANCELED:
	case HF_ELAGGED:
		return CLI_BUSY;
	case HF_ECONFLICT:
	case HF_ECLAIMED:
	case HF_EHELD:
	case HF_ESTALE:
	case HF_ENONMONOTONIC:
	case HF_EREASON:
		return CLI_CONFLICT;
	case HF_ECORRUPT:
		return CLI_DAMAGE;
	case HF_EVERSION:
		return CLI_NEWER;
	case HF_ETOOBIG:
	case HF_ENOMEM:
	case HF_ENOSPACE:
	case HF_EUNCERTAIN:
	case HF_EFAILED:
	case HF_EIO:
	case HF_EUNSAFEFS:
	case HF_EACCESS:
		return CLI_IO;
	}
	return CLI_IO; /* a code of a newer library: the gravest that says nothing about the store */
}

int cli_code_of_errno(int why)
{
	switch (why) {
	case ENOENT:
		return HF_ENOTFOUND;
	case ENOMEM:
		return HF_ENOMEM;
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
	case EMFILE:
	case ENFILE:
		return HF_ENOSPACE;
	case EACCES:
	case EPERM:
	case EROFS:
	case ENOTDIR:
	case EISDIR:
	case EEXIST:
	case ELOOP:
	case ENAMETOOLONG:
	case ENXIO:
	case ETXTBSY:
	case EBADF: /* closed before the tool began */
	case EPIPE:
		return HF_EACCESS;
	default:
		return HF_EIO;
	}
}

/* `text` as one line; the caller frees it. NULL: no memory. */
static char *one_line(const char *text)
{
	struct buffer line = {0};
	const size_t len = strlen(text);
	buffer_text(&line, "");
	for (size_t i = 0; i < len;) {
		const size_t shown = text_shown(text + i, len - i);
		if (shown)
			buffer_add(&line, text + i, shown);
		else
			buffer_format(&line, "\\x%02x", (unsigned char)text[i]);
		i += shown ? shown : 1;
	}
	if (line.failed)
		buffer_free(&line);
	return line.data;
}

static void print_json(const struct hf_error *error, const char *message, int status)
{
	struct out *out = out_new(true, stderr);
	if (!out)
		return;
	out_begin(out, "error");
	out_open(out, "error");
	out_int(out, "code", error->code);
	out_text(out, "name", hf_code_name(error->code));
	out_int(out, "exit", status);
	out_text(out, "message", message);
	if (error->file[0]) {
		out_text(out, "file", error->file);
		out_u64(out, "offset", error->offset);
	}
	if (error->first_lsn) {
		out_u64(out, "first_lsn", error->first_lsn);
		out_u64(out, "last_lsn", error->last_lsn);
	}
	out_close(out);
	out_end(out);
	const int unheard = out_write(out);
	(void)unheard; /* no one reads stderr: there is nowhere left to say so */
	out_free(out);
}

static int tell(struct cli *cli, const struct hf_error *error, const char *message)
{
	cli->last_code = error->code;
	const int status = cli_exit_of(error->code);
	char *line = one_line(message);
	if (cli->json)
		print_json(error, line ? line : hf_code_name(error->code), status);
	else
		fprintf(stderr, "holdfast: %s\n", line ? line : hf_code_name(error->code));
	free(line);
	return status;
}

const char *cli_next_step(const struct cli *cli, const struct hf_error *error)
{
	if (error->code != HF_ECORRUPT || strstr(error->text, "'holdfast fsck'"))
		return ""; /* the library has said it */
	if (cli->command && strcmp(cli->command->noun, "fsck") == 0)
		return "; 'holdfast salvage FROM TO' makes a store of the rest";
	return "; 'holdfast fsck' says what is lost, 'holdfast salvage FROM TO' makes a store of the "
	       "rest";
}

int cli_fail(struct cli *cli, const struct hf_error *error)
{
	return cli_fail_about(cli, error, "", cli_next_step(cli, error));
}

int cli_fail_about(struct cli *cli, const struct hf_error *error, const char *subject,
                   const char *hint)
{
	char message[1024], place[160] = "", why[128] = "";
	if (error->file[0])
		snprintf(place, sizeof place, " (%s, byte %" PRIu64 ")", error->file, error->offset);
	if (error->first_lsn) {
		const size_t len = strlen(place);
		snprintf(place + len, sizeof place - len, " (LSN %" PRIu64 " to %" PRIu64 ")",
		         error->first_lsn, error->last_lsn);
	}
	if (error->os_errno > 0)
		snprintf(why, sizeof why, ": %s", strerror(error->os_errno));
	snprintf(message, sizeof message, "%.400s%s%s%s%s%s", subject, subject[0] ? ": " : "",
	         error->text, why, place, hint);
	return tell(cli, error, message);
}

int cli_fail_with(struct cli *cli, int code, const char *format, ...)
{
	struct hf_error error = {.code = code};
	char message[1024];
	va_list args;
	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	return tell(cli, &error, message);
}

int cli_fail_file(struct cli *cli, const char *what, const char *path, int why)
{
	if (why == ENOENT)
		return cli_fail_with(cli, HF_EACCESS, "%s %s: there is no such file", what, path);
	return cli_fail_with(cli, cli_code_of_errno(why), "%s %s: %s", what, path, strerror(why));
}

int cli_usage(struct cli *cli, const char *format, ...)
{
	struct hf_error error = {.code = HF_EINVAL};
	char text[768], message[1024], name[NAME_SIZE] = "";
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (cli->command)
		command_name(cli->command, name);
	const char *topic = cli->command ? name : cli->noun ? cli->noun : "";
	snprintf(message, sizeof message, "%s%s%s; see 'holdfast help%s%s'", name, name[0] ? ": " : "",
	         text, topic[0] ? " " : "", topic);
	return tell(cli, &error, message);
}

void cli_note(struct cli *cli, const char *format, ...)
{
	char message[1024];
	va_list args;
	if (cli->quiet)
		return;
	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	char *line = one_line(message);
	fprintf(stderr, "holdfast: %s\n", line ? line : "no memory for a note");
	free(line);
}

bool cli_progress(const struct cli *cli)
{
	const char *term = getenv("TERM");
	return !cli->quiet && isatty(STDERR_FILENO) && !(term && strcmp(term, "dumb") == 0);
}
