/* migration: which of the caller's migrations were applied. What they do is the caller's code:
 * only their names and checksums are here. */
#include "commands/commands.h"
#include "print/out.h"
#include "print/show.h"

#define COLUMNS "name applied_at checksum version"

int migration_figures(struct cli *cli, uint64_t *count)
{
	struct hf_migration_page page = {0};
	struct hf_error error = {0};
	if (hf_migration_list(cli->store, NULL, 0, &page, &error) != HF_OK)
		return cli_fail(cli, &error);
	*count = page.count;
	out_list(cli->out, COLUMNS);
	for (size_t i = 0; i < page.count; i++)
		show_object(cli->out, rows_struct("hf_migration_entry"), &page.items[i], hf_str(NULL),
		            false);
	out_list_end(cli->out, NULL); /* that there are none is no news among the others */
	hf_release(page.memory);
	return CLI_OK;
}

/* clang-format off */
const struct cli_command migration_commands[] = {
	{"migration", "list", "", "list the migrations that were applied, in that order",
	 .flags = CLI_PAGES, LISTS(hf_migration_list, COLUMNS)},
	{"migration", "record", "NAME", "record a migration as applied without doing anything",
	 .flags = CLI_ONE, CALLS(hf_migration_record, "recorded"),
	 OPTIONS({"applied-at", "TIME", "when it was applied (now)"},
	         {"checksum", "N", "of what it does, as the program gives it (none)"})},
	{"migration", "forget", "NAME", "forget that a migration was applied; its effects stay",
	 .flags = CLI_MARK, CALLS(hf_migration_forget, "forgotten")},
	{0},
};
