/* All commands of `holdfast`, in the order of its help. What is not here does not exist: parsing,
 * help and suggestions read these rows. */
#include "commands/commands.h"

const struct cli_command *cli_next(const struct cli_command *command)
{
	static const struct cli_command *const files[] = {
	    init_commands,     info_commands,       import_commands,    export_commands,
	    snapshot_commands, backup_commands,     log_commands,       fsck_commands,
	    salvage_commands,  inbox_commands,      cursor_commands,    outbox_commands,
	    queue_commands,    idem_commands,       doc_commands,       timeline_commands,
	    lock_commands,     run_locked_commands, migration_commands, clock_commands,
	    top_commands,      ui_commands,         serve_commands,     metrics_commands,
	    help_commands};
	const size_t count = sizeof files / sizeof *files;
	if (!command)
		return files[0];
	if (command[1].noun)
		return command + 1;
	for (size_t i = 0; i + 1 < count; i++)
		for (const struct cli_command *row = files[i]; row->noun; row++)
			if (row == command)
				return files[i + 1];
	return NULL;
}
