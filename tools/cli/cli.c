/* What commands are given: the values of their options, the store, content from arguments and
 * files, and the question whether to go on. */
#include "cli/cli.h"
#include "cli/names.h"
#include "cli/stream.h"
#include "print/meter.h"
#include "print/out.h"
#include "print/text.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* --- Options ---------------------------------------------------------------------------------- */

static const struct cli_value *find_value(const struct cli *cli, const char *name)
{
	for (size_t i = 0; i < cli->values_count; i++)
		if (strcmp(cli->values[i].option->name, name) == 0)
			return &cli->values[i];
	return NULL;
}

bool cli_has(const struct cli *cli, const char *name)
{
	return find_value(cli, name) != NULL;
}

static const struct cli_value *value_of(const struct cli *cli, const char *name)
{
	static const struct cli_value none;
	const struct cli_value *value = find_value(cli, name);
	assert(value && "an option that is not in the command's row");
	return value ? value : &none;
}

bool cli_given(const struct cli *cli, const char *name)
{
	return value_of(cli, name)->given;
}

bool cli_zero(const struct cli *cli, const char *name)
{
	const struct cli_value *value = value_of(cli, name);
	return value->given && (value->type == CLI_DURATION ? value->i64 == 0 : value->u64 == 0);
}

bool cli_flag(const struct cli *cli, const char *name)
{
	return cli_given(cli, name);
}

const char *cli_text(const struct cli *cli, const char *name)
{
	return value_of(cli, name)->text;
}

struct hf_bytes cli_bytes(const struct cli *cli, const char *name)
{
	return hf_str(cli_text(cli, name));
}

uint64_t cli_u64(const struct cli *cli, const char *name, uint64_t otherwise)
{
	const struct cli_value *value = value_of(cli, name);
	return value->given ? value->u64 : otherwise;
}

int64_t cli_i64(const struct cli *cli, const char *name, int64_t otherwise)
{
	const struct cli_value *value = value_of(cli, name);
	if (value->given && value->now)
		return cli_clock(cli);
	return value->given ? value->i64 : otherwise;
}

double cli_real(const struct cli *cli, const char *name, double otherwise)
{
	const struct cli_value *value = value_of(cli, name);
	return value->given ? value->real : otherwise;
}

struct hf_write cli_write(const struct cli *cli)
{
	struct hf_write write = {.literal_times = true}; /* what was typed is meant, @0 too */
	if (cli->command->flags & CLI_EXPECTS)
		write.expect = cli_u64(cli, "expect", 0);
	if (cli->command->flags & CLI_COMMITS)
		write.durability = cli_u64(cli, "durability", 0) == 1 ? HF_OS : HF_DURABLE;
	if (cli->command->flags & CLI_MISSING)
		write.missing_ok = cli_flag(cli, "missing-ok");
	return write;
}

hf_time cli_now(const struct cli *cli)
{
	return cli_i64(cli, "now", HF_UNSET);
}

hf_time cli_clock(const struct cli *cli)
{
	struct hf_info info = {0};
	return cli->store && hf_get_info(cli->store, &info, NULL) == HF_OK ? info.clock : cli_wall();
}

hf_time cli_after(const struct cli *cli, int64_t span)
{
	hf_time sum;
	return __builtin_add_overflow(cli_clock(cli), span, &sum) ? INT64_MAX : sum;
}

int64_t cli_ahead(const struct hf_info *info)
{
	return info->clock_ahead_us / 1000000 * 1000000;
}

static int64_t read_clock(clockid_t clock)
{
	struct timespec now = {0};
	(void)clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

hf_time cli_wall(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t cli_monotonic(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

bool cli_argument_i64(struct cli *cli, const char *name, const char *text, int64_t *out)
{
	return text_parse_i64(text, strlen(text), out) ||
	       cli_usage(cli, "%s: '%s' is not a whole number of 64 bits", name, text) == CLI_OK;
}

bool cli_argument_u64(struct cli *cli, const char *name, const char *text, uint64_t *out)
{
	return text_parse_u64(text, strlen(text), out) ||
	       cli_usage(cli, "%s: '%s' is not a whole number from 0 on", name, text) == CLI_OK;
}

/* --- The store -------------------------------------------------------------------------------- */

const char *cli_directory(struct cli *cli)
{
	if (!cli->directory || !cli->directory[0]) {
		cli_usage(cli, "no store was named: give -C DIR or set HOLDFAST_DIR");
		return NULL;
	}
	return cli->directory;
}

/* What would help depends on what is there instead. */
static const char *hint_where_no_store_is(const char *directory, bool create)
{
	struct stat there;
	if (create)
		return "; make that first"; /* only the directory above can be missing */
	if (stat(directory, &there) == 0) {
		return S_ISDIR(there.st_mode) ? "; 'holdfast init' makes one"
		                              : "; that is a file: a store is a directory";
	}
	if (errno == ENOTDIR)
		return "; a part of that path is a file";
	char *copy = strdup(directory);
	const bool parent = copy && stat(dirname(copy), &there) == 0;
	free(copy);
	return parent ? "; 'holdfast init' makes one"
	              : "; the directory above it does not exist either: make that first";
}

/* A clock that is ahead by more is reported at every look. */
#define AHEAD_US INT64_C(60000000)

static void warn_of_clock(struct cli *cli)
{
	struct hf_info info = {0};
	if (cli->at_lsn || cli->at_time)
		return; /* its clock stands at another time */
	if (hf_get_info(cli->store, &info, NULL) == HF_OK && info.clock_ahead_us > AHEAD_US)
		cli_note(cli,
		         "the store's clock is %" PRId64
		         " s ahead of the wall clock; see 'holdfast clock show'",
		         info.clock_ahead_us / 1000000);
}

static bool reads(const struct cli *cli)
{
	return (cli->command->flags & CLI_READS) || (cli->call && cli->call->kind == HF_API_READ);
}

static int open_store(struct cli *cli, struct hf_options options, bool reading)
{
	struct hf_error error = {0};
	if (cli->store)
		return CLI_OK;
	const char *directory = cli_directory(cli);
	if (!directory)
		return CLI_USAGE;
	options.wait_us = cli->wait_us;
	options.allow_unsafe_fs = cli->allow_unsafe_fs;
	options.at_lsn = cli->at_lsn;
	options.at_time = cli->at_time;
	if (!reading && (cli->at_lsn || cli->at_time))
		return cli_usage(cli, "--at is for commands that only read");
	struct meter meter = meter_begin("opening");
	options.progress = cli_progress(cli) ? meter_show : NULL;
	options.ctx = &meter;
	options.no_refresh = true; /* a report is about one state, however many reads it takes */
	const int rc = (reading ? hf_open_read : hf_open)(directory, &options, &cli->store, &error);
	meter_wipe(&meter);
	if (rc == HF_OK) {
		warn_of_clock(cli);
		return CLI_OK;
	}
	/* What is no failure of a device has a sentence of its own: the errno would only say the
	 * same again. */
	error.os_errno = error.code == HF_EIO ? error.os_errno : 0;
	const char *hint = error.code == HF_ENOTFOUND
	                       ? hint_where_no_store_is(directory, options.create)
	                   : error.code == HF_EUNSAFEFS ? "; --allow-unsafe-fs overrides that"
	                                                : cli_next_step(cli, &error);
	return cli_fail_about(cli, &error, directory, hint);
}

int cli_open_with(struct cli *cli, struct hf_options options)
{
	return open_store(cli, options, false);
}

int cli_open(struct cli *cli)
{
	/* A short command needs no upkeep in the background, and starts sooner without. */
	const struct hf_options options = {.no_background = true};
	return open_store(cli, options, reads(cli));
}

/* --- Results ---------------------------------------------------------------------------------- */

static const char *const item_statuses[] = {"", "queued", "sending", "failed"};

static void tell_people(struct out *out, const struct hf_result *result, const char *did)
{
	if (!result->changed) {
		out_line(out, result->status == HF_OUTBOX_FAILED
		                  ? "unchanged: the item is failed; `outbox retry` queues it again"
		                  : "unchanged");
	} else if (result->token > 0) {
		out_line(out, "%s, version %" PRIu64 ", token %" PRIu64, did, result->version,
		         result->token);
	} else if (result->version > 0) {
		out_line(out, "%s, version %" PRIu64, did, result->version);
	} else {
		out_line(out, "%" PRIu64 " %s", result->count, did);
	}
	if (result->left_alone > 0)
		out_line(out, "%" PRIu64 " left alone", result->left_alone);
}

int cli_done(struct cli *cli, int rc, const struct hf_result *result, const struct hf_error *error,
             const char *did)
{
	if (rc != HF_OK)
		return cli_fail(cli, error);
	cli->changed = result->changed;
	if (!cli->json) {
		if (!cli->quiet)
			tell_people(cli->out, result, did);
		return CLI_OK;
	}
	out_begin(cli->out, "result");
	out_bool(cli->out, "changed", result->changed);
	out_u64(cli->out, "count", result->count);
	out_u64(cli->out, "version", result->version);
	if (result->left_alone > 0)
		out_u64(cli->out, "left_alone", result->left_alone);
	if (result->token > 0)
		out_u64(cli->out, "token", result->token);
	if (result->status > 0) {
		out_text(cli->out, "status", item_statuses[result->status]);
		out_time(cli->out, "available_at", result->available_at);
	}
	out_end(cli->out);
	return CLI_OK;
}

int cli_would(struct cli *cli, uint64_t count, const char *did)
{
	if (cli->json) {
		out_begin(cli->out, "dry-run");
		out_u64(cli->out, "count", count);
		out_end(cli->out);
	}
	out_line(cli->out, "%" PRIu64 " would be %s", count, did);
	return CLI_OK;
}

/* --- Content ---------------------------------------------------------------------------------- */

static int read_file(struct cli *cli, int file, const char *path, size_t max, char **out,
                     size_t *len)
{
	size_t cap = 1u << 16, used = 0, got = 0;
	char *data = malloc(cap + 1);
	int why = 0;
	while (data) {
		why = stream_read(file, data + used, cap - used, &got);
		used += got;
		if (used > max) {
			free(data);
			return cli_fail_with(cli, HF_ETOOBIG, "%s: more than %zu bytes", path, max);
		}
		if (why || used < cap)
			break;
		char *more = realloc(data, cap * 2 + 1);
		if (!more)
			free(data);
		data = more;
		cap *= 2;
	}
	if (!data)
		return cli_fail_with(cli, HF_ENOMEM, "%s: there is no memory for it", path);
	if (why) {
		free(data);
		return cli_fail_file(cli, "cannot read", path, why);
	}
	data[used] = '\0';
	*out = data;
	*len = used;
	return CLI_OK;
}

int cli_read_file(struct cli *cli, const char *path, size_t max, char **out, size_t *len)
{
	const bool standard = strcmp(path, "-") == 0;
	const int file = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	*out = NULL;
	if (file < 0)
		return cli_fail_file(cli, "cannot read", path, errno);
	const int status = read_file(cli, file, standard ? "standard input" : path, max, out, len);
	if (!standard)
		(void)close(file); /* nothing was written through it */
	return status;
}

int cli_content(struct cli *cli, const char *name, size_t max, struct hf_bytes *out)
{
	char file_option[NAME_SIZE];
	size_t len = 0;
	snprintf(file_option, sizeof file_option, "%s-file", name);
	const char *path = cli_text(cli, file_option);
	*out = cli_bytes(cli, name);
	if (!path)
		return CLI_OK;
	if (cli_given(cli, name))
		return cli_usage(cli, "--%s and --%s exclude each other", name, file_option);
	const int status = cli_read_file(cli, path, max, &cli->content, &len);
	*out = hf_bytes_of(cli->content, status ? 0 : len);
	return status;
}

/* --- The question ----------------------------------------------------------------------------- */

int cli_confirm(struct cli *cli, const char *what, ...)
{
	char text[512], answer[16] = "";
	va_list args;
	if (cli_flag(cli, "yes") || ((cli->command->flags & CLI_DRY_RUN) && cli_flag(cli, "dry-run")))
		return CLI_OK;
	va_start(args, what);
	vsnprintf(text, sizeof text, what, args);
	va_end(args);
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return cli_usage(cli, "it would %s, and there is no terminal to ask on: say --yes", text);
	for (char *c = text; *c; c++)
		*c = (unsigned char)*c < 0x20 || *c == 0x7f ? '?' : *c;
	fprintf(stderr, "This will %s. Go on? [y/N] ", text);
	if (fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y'))
		return CLI_OK;
	cli_note(cli, "nothing was changed");
	return CLI_NO;
}
