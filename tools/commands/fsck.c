/* segments: each file of the log, what lives in it, and what keeps it.
 * fsck: every byte of every file and every rule of every domain. What it finds goes to stdout, a
 * line for each finding and for each thing that it affects; the exit status says what the
 * gravest one is: 0 nothing but harmless leftovers, 5 damage, 7 something could not be read, 8 a
 * newer format. Nothing is ever repaired. */
#include "commands/commands.h"
#include "print/finding.h"
#include "print/out.h"
#include "print/show.h"

#include <inttypes.h>

struct checking {
	struct cli *cli;
	uint64_t findings;
	bool progress_shown;
};

/* --- The check -------------------------------------------------------------------------------- */

static void wipe_progress(struct checking *checking)
{
	if (checking->progress_shown)
		fprintf(stderr, "\r%*s\r", 40, "");
	checking->progress_shown = false;
}

static void take_finding(void *ctx, const struct hf_fsck_finding *finding)
{
	struct checking *checking = ctx;
	checking->findings++;
	finding_show(checking->cli->out, checking->cli->json, &finding_of_fsck, checking->findings,
	             finding);
}

static void show_progress(void *ctx, uint64_t done, uint64_t total)
{
	struct checking *checking = ctx;
	if (total > 0) {
		fprintf(stderr, "\rchecking: %" PRIu64 " of %" PRIu64 " MiB ", done >> 20, total >> 20);
		fflush(stderr);
		checking->progress_shown = true;
	}
}

static const char *verdict_name(int verdict)
{
	switch (verdict) {
	case HF_OK:
		return "sound";
	case HF_ECORRUPT:
		return "damaged";
	case HF_EVERSION:
		return "newer format";
	default:
		return "not all could be read";
	}
}

static void show_counts(struct out *out, const struct hf_fsck_summary *s)
{
	out_u64(out, "files", s->files);
	out_u64(out, "bytes", s->bytes);
	out_u64(out, "segments", s->segments);
	out_u64(out, "groups", s->groups);
	out_u64(out, "transactions", s->transactions);
	out_u64(out, "entries", s->entries);
	if (s->entries_after_damage > 0) {
		out_u64(out, "groups_after_damage", s->groups_after_damage);
		out_u64(out, "entries_after_damage", s->entries_after_damage);
	}
	for (size_t i = 0; i < s->domain_count; i++) {
		out_open(out, s->domains[i].name);
		out_u64(out, "entries", s->domains[i].entries);
		if (s->state_checked)
			out_u64(out, "objects", s->domains[i].objects);
		out_close(out);
	}
}

static void show_summary(struct out *out, const struct hf_fsck_summary *s, uint64_t findings)
{
	out_begin(out, "fsck");
	out_text(out, "verdict", verdict_name(s->verdict));
	out_u64(out, "findings", findings);
	out_u64(out, "harmless", s->findings[HF_FSCK_LEFTOVER] + s->findings[HF_FSCK_TORN]);
	if (s->format > 0)
		out_int(out, "format", (long)s->format);
	show_uuid(out, s->uuid);
	out_int(out, "epoch", s->epoch);
	finding_lsn(out, "first_lsn", s->first_lsn);
	finding_lsn(out, "last_lsn", s->last_lsn);
	out_text(out, "last_stop", hf_fsck_stop_name((int)s->last_stop));
	out_bool(out, "state_checked", s->state_checked);
	if (s->state_checked) {
		out_time(out, "clock", s->clock);
		out_i64(out, "clock_ahead_us", s->clock_ahead_us);
	}
	show_counts(out, s);
	out_end(out);
}

static int fsck(struct cli *cli, int argc, char **argv)
{
	struct checking checking = {.cli = cli};
	struct hf_fsck_options options = {.max_objects = (size_t)cli_u64(cli, "max-objects", 0)};
	struct hf_fsck_summary summary = {0};
	struct hf_error error = {0};
	const char *directory = cli_directory(cli);
	(void)argc;
	(void)argv;
	if (!directory)
		return CLI_USAGE;
	options.progress = cli_progress(cli) ? show_progress : NULL;
	const int rc = hf_fsck(directory, &options, take_finding, &checking, &summary, &error);
	wipe_progress(&checking);
	if (summary.checked) /* else there is no verdict to show, only an error */
		show_summary(cli->out, &summary, checking.findings);
	return rc == HF_OK ? CLI_OK : cli_fail(cli, &error);
}

/* --- Files ------------------------------------------------------------------------------------ */

static void show_segment(void *ctx, const struct hf_segment *is)
{
	struct out *out = ((struct cli *)ctx)->out;
	out_begin(out, "segment");
	out_bytes(out, "file", hf_str(is->file));
	out_bool(out, "snapshot", is->snapshot);
	out_u64(out, "bytes", is->bytes);
	finding_lsn(out, "first_lsn", is->first_lsn);
	finding_lsn(out, "last_lsn", is->last_lsn);
	out_u64(out, "entries", is->entries);
	out_u64(out, "live_entries", is->live_entries);
	out_u64(out, "entry_bytes", is->entry_bytes);
	out_u64(out, "live_bytes", is->live_bytes);
	if (!is->snapshot)
		out_u64(out, "dead_bytes",
		        is->entry_bytes > is->live_bytes ? is->entry_bytes - is->live_bytes : 0);
	out_u64(out, "payload_bytes", is->payload_bytes);
	out_text(out, "keeper", hf_segment_keeper_name((int)is->keeper));
	out_int(out, "open_by", (long)is->open_by);
	out_end(out);
}

static int segments(struct cli *cli, int argc, char **argv)
{
	struct hf_error error = {0};
	const char *directory = cli_directory(cli);
	(void)argc;
	(void)argv;
	if (!directory)
		return CLI_USAGE;
	const int rc = hf_segments_each(directory, show_segment, cli, &error);
	return rc == HF_OK ? CLI_OK : cli_fail(cli, &error);
}

/* clang-format off */
const struct cli_command fsck_commands[] = {
	{"fsck", NULL, "", "check every byte and every rule; changes nothing", .run = fsck,
	 OPTIONS({"max-objects", "N",
		 "name at most so many affected things for each finding (100)", CLI_U64})},
	{"segments", NULL, "", "each file of the log, what lives in it, and what keeps it",
	 "head: the log's end; log: no snapshot covers it; payloads: objects have theirs in it;\n"
	 "base: an opening begins with it; covered: the next compaction may remove it, unless\n"
	 "retention or a subscription of the service keeps it; readers: removed, but still open.\n"
	 "open_by: other processes that have it open, as far as this user may see.",
	 CLI_NO_STORE, .run = segments},
	{0},
};
