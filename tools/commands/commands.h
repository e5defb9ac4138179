/* The commands of each noun, one row each in the file of the noun, with what many of them share.
 * table.c puts them in order. */
#ifndef TOOLS_COMMANDS_H
#define TOOLS_COMMANDS_H

#include "cli/call.h"

extern const struct cli_command init_commands[], info_commands[], import_commands[],
    export_commands[], snapshot_commands[], backup_commands[], log_commands[], fsck_commands[],
    salvage_commands[], inbox_commands[], cursor_commands[], outbox_commands[], queue_commands[],
    idem_commands[], doc_commands[], timeline_commands[], lock_commands[], run_locked_commands[],
    migration_commands[], clock_commands[], top_commands[], ui_commands[], serve_commands[],
    metrics_commands[], help_commands[];

/* --- Options that several commands have ------------------------------------------------------- */

/* clang-format off */
#define PAYLOAD {"payload", "TEXT", "the payload"}, \
	{"payload-file", "FILE", "the payload from a file, `-` is stdin"}
#define RAW {"raw", NULL, "the payload alone, byte for byte"}
#define WITHOUT_PAYLOAD {"without-payload", NULL, \
	"leave the payloads out: nothing is read from disk"}
/* clang-format on */

/* --- For stats: a row about one --------------------------------------------------------------- */

int timeline_figures(struct cli *cli, struct hf_bytes timeline);
int idem_figures(struct cli *cli, struct hf_bytes scope);
int doc_figures(struct cli *cli, struct hf_bytes collection);
int migration_figures(struct cli *cli, uint64_t *count); /* all of them, as a list */

#endif
