/* What table.c binds together: of each command its options and the function that runs it. A command is one row in table.c, one pair of
 * declarations here, and a function in the cmd_*.c file of its noun. */
#ifndef TOOLS_COMMANDS_H
#define TOOLS_COMMANDS_H

#include "cli.h"

extern const struct cli_option init_options[], stats_options[];
int cmd_init(struct cli *cli, int argc, char **argv);
int cmd_info(struct cli *cli, int argc, char **argv);
int cmd_stats(struct cli *cli, int argc, char **argv);
int cmd_help(struct cli *cli, int argc, char **argv);
int cmd_version(struct cli *cli, int argc, char **argv);

extern const struct cli_option import_options[], export_options[], log_options[], fsck_options[];
int cmd_import(struct cli *cli, int argc, char **argv);
int cmd_export(struct cli *cli, int argc, char **argv);
int cmd_log(struct cli *cli, int argc, char **argv);
int cmd_fsck(struct cli *cli, int argc, char **argv);

extern const struct cli_option inbox_save_options[], inbox_load_options[], inbox_get_options[], inbox_key_options[], inbox_trim_options[],
    inbox_raw_options[], inbox_status_options[];
int cmd_inbox_save(struct cli *cli, int argc, char **argv);
int cmd_inbox_load(struct cli *cli, int argc, char **argv);
int cmd_inbox_get(struct cli *cli, int argc, char **argv);
int cmd_inbox_dismiss(struct cli *cli, int argc, char **argv);
int cmd_inbox_undismiss(struct cli *cli, int argc, char **argv);
int cmd_inbox_read(struct cli *cli, int argc, char **argv);
int cmd_inbox_unread(struct cli *cli, int argc, char **argv);
int cmd_inbox_seen(struct cli *cli, int argc, char **argv);
int cmd_inbox_remove(struct cli *cli, int argc, char **argv);
int cmd_inbox_prune(struct cli *cli, int argc, char **argv);
int cmd_inbox_trim(struct cli *cli, int argc, char **argv);
int cmd_inbox_clear(struct cli *cli, int argc, char **argv);
int cmd_inbox_counts(struct cli *cli, int argc, char **argv);
int cmd_inbox_dismissed(struct cli *cli, int argc, char **argv);
int cmd_inbox_status_get(struct cli *cli, int argc, char **argv);
int cmd_inbox_status_set(struct cli *cli, int argc, char **argv);

extern const struct cli_option cursor_advance_options[], cursor_reset_options[], cursor_key_options[], cursor_list_options[],
    cursor_lag_options[];
int cmd_cursor_advance(struct cli *cli, int argc, char **argv);
int cmd_cursor_reset(struct cli *cli, int argc, char **argv);
int cmd_cursor_error(struct cli *cli, int argc, char **argv);
int cmd_cursor_get(struct cli *cli, int argc, char **argv);
int cmd_cursor_list(struct cli *cli, int argc, char **argv);
int cmd_cursor_lag(struct cli *cli, int argc, char **argv);
int cmd_cursor_remove(struct cli *cli, int argc, char **argv);

extern const struct cli_option outbox_enqueue_options[], outbox_put_options[], outbox_get_options[], outbox_list_options[],
    outbox_claim_options[], outbox_claim_next_options[], outbox_extend_options[], outbox_fail_options[], outbox_release_options[],
    outbox_mark_failed_options[], outbox_configure_options[], outbox_drain_options[];
int cmd_outbox_enqueue(struct cli *cli, int argc, char **argv);
int cmd_outbox_put(struct cli *cli, int argc, char **argv);
int cmd_outbox_get(struct cli *cli, int argc, char **argv);
int cmd_outbox_list(struct cli *cli, int argc, char **argv);
int cmd_outbox_claim(struct cli *cli, int argc, char **argv);
int cmd_outbox_claim_next(struct cli *cli, int argc, char **argv);
int cmd_outbox_extend(struct cli *cli, int argc, char **argv);
int cmd_outbox_complete(struct cli *cli, int argc, char **argv);
int cmd_outbox_fail(struct cli *cli, int argc, char **argv);
int cmd_outbox_release(struct cli *cli, int argc, char **argv);
int cmd_outbox_mark_failed(struct cli *cli, int argc, char **argv);
int cmd_outbox_retry(struct cli *cli, int argc, char **argv);
int cmd_outbox_remove(struct cli *cli, int argc, char **argv);
int cmd_outbox_clear(struct cli *cli, int argc, char **argv);
int cmd_outbox_configure(struct cli *cli, int argc, char **argv);
int cmd_outbox_stats(struct cli *cli, int argc, char **argv);
int cmd_outbox_drain(struct cli *cli, int argc, char **argv);

extern const struct cli_option queue_redrive_options[], claims_options[];
int cmd_queue_stats(struct cli *cli, int argc, char **argv);
int cmd_queue_pause(struct cli *cli, int argc, char **argv);
int cmd_queue_resume(struct cli *cli, int argc, char **argv);
int cmd_queue_redrive(struct cli *cli, int argc, char **argv);
int cmd_queue_completed(struct cli *cli, int argc, char **argv);
int cmd_claims(struct cli *cli, int argc, char **argv);

#endif
