/* salvage: a new store of everything that verifies in a damaged one. What is lost goes to stdout,
 * a line for each loss and for each thing that it affects. Exit status 0: nothing is lost; 5:
 * something is, and the new store was made all the same; others: nothing was made. */
#include "commands/commands.h"
#include "print/finding.h"
#include "print/meter.h"
#include "print/show.h"

struct salvaging {
	struct cli *cli;
	struct meter meter; /* of progress */
	uint64_t losses;
};

static void take_loss(void *ctx, const struct hf_fsck_finding *loss)
{
	struct salvaging *salvaging = ctx;
	meter_wipe(&salvaging->meter);
	finding_show(salvaging->cli->out, salvaging->cli->json, &finding_of_salvage,
	             ++salvaging->losses, loss);
}

static void show_progress(void *ctx, uint64_t done, uint64_t total)
{
	struct salvaging *salvaging = ctx;
	meter_show(&salvaging->meter, done, total);
}

static void show_counts(struct out *out, const struct hf_salvage_summary *s)
{
	finding_lsn(out, "snapshot_lsn", s->snapshot_lsn);
	finding_lsn(out, "first_lsn", s->first_lsn);
	finding_lsn(out, "last_lsn", s->last_lsn);
	out_u64(out, "groups", s->groups);
	out_u64(out, "entries", s->entries);
	out_u64(out, "entries_left_out", s->entries_left_out);
	for (size_t i = 0; i < s->domain_count; i++) {
		out_open(out, s->domains[i].name);
		out_u64(out, "entries", s->domains[i].entries);
		out_u64(out, "kept", s->domains[i].kept);
		out_u64(out, "lost", s->domains[i].lost);
		out_close(out);
	}
}

static void show_summary(struct out *out, const char *from, const char *to,
                         const struct hf_salvage_summary *s)
{
	out_begin(out, "salvage");
	out_text(out, "verdict", s->losses ? "something is lost" : "nothing is lost");
	out_bytes(out, "from", hf_str(from));
	out_bytes(out, "to", hf_str(to));
	out_bool(out, "built", s->built);
	out_u64(out, "losses", s->losses);
	out_bool(out, "identity_lost", s->identity_lost);
	out_bool(out, "end_unknown", s->end_unknown);
	show_uuid(out, s->uuid);
	out_int(out, "epoch", s->epoch);
	show_counts(out, s);
	if (s->built) {
		out_open(out, "made");
		show_uuid(out, s->made_uuid);
		out_int(out, "epoch", s->made_epoch);
		out_u64(out, "entries", s->made_entries);
		out_u64(out, "passed_lsn", s->passed_lsn);
		out_close(out);
	}
	out_end(out);
}

/* What is wrong with the place of the new one is said of that. */
static const char *about(int rc, const char *from, const char *to)
{
	return rc == HF_ECONFLICT || rc == HF_EACCESS || rc == HF_ENOSPACE || rc == HF_EUNSAFEFS ? to
	                                                                                         : from;
}

static int salvage(struct cli *cli, int argc, char **argv)
{
	const uint64_t above = cli_u64(cli, "epoch-above", 0);
	struct salvaging salvaging = {.cli = cli, .meter = meter_begin("salvaging")};
	const struct hf_salvage_options options = {
	    .size = sizeof options,
	    .build = cli_flag(cli, "yes"),
	    .allow_unsafe_fs = cli->allow_unsafe_fs,
	    .epoch_above = (uint16_t)above,
	    .max_objects = (size_t)cli_u64(cli, "max-objects", 0),
	    .progress = cli_progress(cli) ? show_progress : NULL,
	    .ctx = &salvaging,
	};
	struct hf_salvage_summary sum = {.size = sizeof sum};
	struct hf_error error = {0};
	(void)argc;
	if (above > UINT16_MAX)
		return cli_usage(cli, "--epoch-above: no epoch is above 65535");
	const int rc = hf_salvage(argv[0], argv[1], &options, take_loss, &sum, &error);
	meter_wipe(&salvaging.meter);
	if (sum.looked)
		show_summary(cli->out, argv[0], argv[1], &sum);
	if (rc != HF_OK)
		return cli_fail_about(cli, &error, about(rc, argv[0], argv[1]), "");
	if (!sum.built)
		cli_note(cli, "nothing was made: --yes makes a store of it in %s", argv[1]);
	return sum.losses ? CLI_DAMAGE : CLI_OK;
}

/* clang-format off */
const struct cli_command salvage_commands[] = {
	{"salvage", NULL, "FROM TO", "make a new store of what verifies in a damaged one",
	 "FROM stays as it is, bit for bit. Without --yes nothing is made: what would be kept and\n"
	 "lost is shown. TO must not exist or be empty. The new store has a uuid of its own and a\n"
	 "greater epoch. Exit status 0: nothing is lost; 5: something is, and TO was made all the\n"
	 "same. Copy a failing disk first.", CLI_NO_STORE, .run = salvage,
	 OPTIONS({"yes", NULL, "make the new store"},
		{"epoch-above", "EPOCH", "the new epoch is above this one, too", CLI_U64},
		{"max-objects", "N",
		 "name at most so many affected things for each loss (100)", CLI_U64})},
	{0},
};
