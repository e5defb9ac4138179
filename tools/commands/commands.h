/* What table.c binds together: of each command its options and the function that runs it. A
 * command is one row in table.c, one pair of declarations here, and a function in the cmd_*.c
 * file of its noun. */
#ifndef TOOLS_COMMANDS_H
#define TOOLS_COMMANDS_H

#include "cli/cli.h"

extern const struct cli_option init_options[], stats_options[];
int cmd_init(struct cli *cli, int argc, char **argv);
int cmd_info(struct cli *cli, int argc, char **argv);
int cmd_stats(struct cli *cli, int argc, char **argv);
int cmd_help(struct cli *cli, int argc, char **argv);
int cmd_version(struct cli *cli, int argc, char **argv);

extern const struct cli_option import_options[], export_options[], log_options[], why_options[],
    fsck_options[];
int cmd_import(struct cli *cli, int argc, char **argv);
int cmd_export(struct cli *cli, int argc, char **argv);
int cmd_log(struct cli *cli, int argc, char **argv);
int cmd_why(struct cli *cli, int argc, char **argv);
int cmd_fsck(struct cli *cli, int argc, char **argv);

extern const struct cli_option inbox_save_options[], inbox_load_options[], inbox_get_options[],
    inbox_key_options[], inbox_prune_options[], inbox_trim_options[], inbox_raw_options[],
    inbox_status_options[];
extern const struct cli_option inbox_snooze_options[], inbox_remove_options[], inbox_all_options[];
int cmd_inbox_snooze(struct cli *cli, int argc, char **argv);
int cmd_inbox_wake(struct cli *cli, int argc, char **argv);
int cmd_inbox_read_all(struct cli *cli, int argc, char **argv);
int cmd_inbox_dismiss_all(struct cli *cli, int argc, char **argv);
int cmd_inbox_tombstones(struct cli *cli, int argc, char **argv);
int cmd_inbox_lift(struct cli *cli, int argc, char **argv);
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

extern const struct cli_option cursor_advance_options[], cursor_reset_options[],
    cursor_key_options[], cursor_list_options[], cursor_lag_options[];
extern const struct cli_option cursor_put_options[];
int cmd_cursor_put(struct cli *cli, int argc, char **argv);
int cmd_cursor_advance(struct cli *cli, int argc, char **argv);
int cmd_cursor_reset(struct cli *cli, int argc, char **argv);
int cmd_cursor_error(struct cli *cli, int argc, char **argv);
int cmd_cursor_get(struct cli *cli, int argc, char **argv);
int cmd_cursor_list(struct cli *cli, int argc, char **argv);
int cmd_cursor_lag(struct cli *cli, int argc, char **argv);
int cmd_cursor_remove(struct cli *cli, int argc, char **argv);

extern const struct cli_option outbox_enqueue_options[], outbox_put_options[], outbox_get_options[],
    outbox_list_options[], outbox_claim_options[], outbox_claim_next_options[],
    outbox_extend_options[], outbox_fail_options[], outbox_release_options[],
    outbox_mark_failed_options[], outbox_configure_options[], outbox_drain_options[],
    outbox_retry_options[], outbox_reschedule_options[];
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
int cmd_outbox_reschedule(struct cli *cli, int argc, char **argv);
int cmd_outbox_remove(struct cli *cli, int argc, char **argv);
int cmd_outbox_clear(struct cli *cli, int argc, char **argv);
int cmd_outbox_configure(struct cli *cli, int argc, char **argv);
int cmd_outbox_stats(struct cli *cli, int argc, char **argv);
int cmd_outbox_drain(struct cli *cli, int argc, char **argv);

extern const struct cli_option timeline_append_options[], timeline_get_options[],
    timeline_query_options[], timeline_count_options[], timeline_retain_options[];
int cmd_timeline_append(struct cli *cli, int argc, char **argv);
int cmd_timeline_get(struct cli *cli, int argc, char **argv);
int cmd_timeline_query(struct cli *cli, int argc, char **argv);
int cmd_timeline_count(struct cli *cli, int argc, char **argv);
int cmd_timeline_latest(struct cli *cli, int argc, char **argv);
int cmd_timeline_list(struct cli *cli, int argc, char **argv);
int cmd_timeline_retain(struct cli *cli, int argc, char **argv);
int cmd_timeline_clear(struct cli *cli, int argc, char **argv);
int timeline_figures(struct cli *cli, struct hf_bytes timeline); /* one row, for `stats` too */
extern const struct cli_option idem_begin_options[], idem_complete_options[], idem_put_options[],
    idem_get_options[], idem_list_options[];
int cmd_idem_begin(struct cli *cli, int argc, char **argv);
int cmd_idem_complete(struct cli *cli, int argc, char **argv);
int cmd_idem_abandon(struct cli *cli, int argc, char **argv);
int cmd_idem_put(struct cli *cli, int argc, char **argv);
int cmd_idem_get(struct cli *cli, int argc, char **argv);
int cmd_idem_list(struct cli *cli, int argc, char **argv);
int cmd_idem_count(struct cli *cli, int argc, char **argv);
int cmd_idem_remove(struct cli *cli, int argc, char **argv);
int cmd_idem_clear(struct cli *cli, int argc, char **argv);
/* For stats: one row about a scope. */
int idem_figures(struct cli *cli, struct hf_bytes scope);

extern const struct cli_option clock_set_back_options[];
int cmd_clock_show(struct cli *cli, int argc, char **argv);
int cmd_clock_set_back(struct cli *cli, int argc, char **argv);

extern const struct cli_option migration_record_options[];
int cmd_migration_list(struct cli *cli, int argc, char **argv);
int cmd_migration_record(struct cli *cli, int argc, char **argv);
int cmd_migration_forget(struct cli *cli, int argc, char **argv);
/* For stats: all of them as a list. */
int migration_figures(struct cli *cli, uint64_t *count);
extern const struct cli_option doc_put_options[], doc_get_options[], doc_list_options[],
    doc_count_options[];
int cmd_doc_put(struct cli *cli, int argc, char **argv);
int cmd_doc_get(struct cli *cli, int argc, char **argv);
int cmd_doc_list(struct cli *cli, int argc, char **argv);
int cmd_doc_count(struct cli *cli, int argc, char **argv);
int cmd_doc_collections(struct cli *cli, int argc, char **argv);
int cmd_doc_regroup(struct cli *cli, int argc, char **argv);
int cmd_doc_remove(struct cli *cli, int argc, char **argv);
int cmd_doc_clear(struct cli *cli, int argc, char **argv);
/* A line of `stats` about one collection. */
int doc_figures(struct cli *cli, struct hf_bytes collection);
extern const struct cli_option lock_acquire_options[], lock_renew_options[], lock_force_options[],
    run_locked_options[];
int cmd_lock_acquire(struct cli *cli, int argc, char **argv);
int cmd_lock_renew(struct cli *cli, int argc, char **argv);
int cmd_lock_release(struct cli *cli, int argc, char **argv);
int cmd_lock_force_release(struct cli *cli, int argc, char **argv);
int cmd_lock_check(struct cli *cli, int argc, char **argv);
int cmd_lock_get(struct cli *cli, int argc, char **argv);
int cmd_lock_list(struct cli *cli, int argc, char **argv);
int cmd_run_locked(struct cli *cli, int argc, char **argv);
/* --backoff, --delay and --cap, of what fails an item; any status but CLI_OK: refused. */
HF_CHECKED int outbox_backoff(struct cli *cli, struct hf_outbox_backoff *out);
extern const struct cli_option queue_redrive_options[], queue_pause_options[],
    queue_prune_options[], claims_options[];
int cmd_queue_stats(struct cli *cli, int argc, char **argv);
int cmd_queue_pause(struct cli *cli, int argc, char **argv);
int cmd_queue_resume(struct cli *cli, int argc, char **argv);
int cmd_queue_redrive(struct cli *cli, int argc, char **argv);
int cmd_queue_prune(struct cli *cli, int argc, char **argv);
int cmd_queue_completed(struct cli *cli, int argc, char **argv);
int cmd_claims(struct cli *cli, int argc, char **argv);

#endif
