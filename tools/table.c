/* All commands of `holdfast`, one row each. What is not here does not exist: parsing, help and suggestions read this table. */
#include "commands.h"

enum {
	ONE = CLI_COMMITS | CLI_EXPECTS, /* changes one object */
	ONE_NOW = ONE | CLI_CLOCK,
	MANY = CLI_COMMITS | CLI_CONFIRMS | CLI_DRY_RUN, /* takes many away */
};

/* clang-format off: a row is a line */
const struct cli_command cli_commands[] = {
    {"init", NULL, "[DIR]", "make a store", "Nothing happens when DIR (else -C, else HOLDFAST_DIR) is a store already.", init_options, 0,
     cmd_init},
    {"info", NULL, "", "identity, position in the log and how the last stop was", NULL, NULL, 0, cmd_info},
    {"stats", NULL, "", "what the store holds: every inbox, queue and the cursors", NULL, stats_options, 0, cmd_stats},
    {"import", NULL, "[FILE]", "read JSON Lines, an outbox array or a notification file",
     "Without FILE or with `-` it reads stdin. All of it is checked before anything is changed.", import_options, CLI_COMMITS, cmd_import},
    {"export", NULL, "[FILE]", "write JSON Lines, an outbox array or a notification file", "Without FILE or with `-` it writes to stdout.",
     export_options, 0, cmd_export},
    {"log", NULL, "", "list the entries of the log, one a line",
     "With --follow it goes on, beside a process of this host that writes the store, with entries once they are durable.", log_options, 0,
     cmd_log},
    {"why", NULL, "KIND/KEY", "list the entries that concern one object: how it came to be as it is",
     "The parts of a KEY are separated by slashes, as in outbox/mail/i1, inbox/ann/primary/t1 or cursor/mailer/events; with parts left out\nat the "
     "end it is about all objects that begin so. In a part %2F is a slash, %25 a percent sign, %XX any byte.",
     why_options, 0, cmd_why},
    {"fsck", NULL, "", "check every byte and every rule; changes nothing", NULL, fsck_options, 0, cmd_fsck},

    {"inbox", "save", "USER [THREAD...]", "save a record, or the same for each THREAD",
     "What was dismissed stays dismissed. With --replace the user's other records go.", inbox_save_options,
     CLI_COMMITS | CLI_CLOCK | CLI_CONFIRMS, cmd_inbox_save},
    {"inbox", "load", "USER", "list a user's records, the newest first", NULL, inbox_load_options, CLI_PAGES, cmd_inbox_load},
    {"inbox", "get", "USER THREAD", "show one record", NULL, inbox_get_options, 0, cmd_inbox_get},
    {"inbox", "dismiss", "USER THREAD", "dismiss a record; no later save brings it back", NULL, inbox_key_options, ONE_NOW,
     cmd_inbox_dismiss},
    {"inbox", "undismiss", "USER THREAD", "take a dismissal back", NULL, inbox_key_options, ONE_NOW, cmd_inbox_undismiss},
    {"inbox", "read", "USER THREAD", "mark a record as read", NULL, inbox_key_options, ONE_NOW, cmd_inbox_read},
    {"inbox", "unread", "USER THREAD", "mark a record as unread", NULL, inbox_key_options, ONE_NOW, cmd_inbox_unread},
    {"inbox", "seen", "USER THREAD", "mark a record as seen in a list", NULL, inbox_key_options, ONE_NOW, cmd_inbox_seen},
    {"inbox", "remove", "USER THREAD", "remove a record; a later save brings it back as new", NULL, inbox_key_options, ONE,
     cmd_inbox_remove},
    {"inbox", "prune", "USER [ACCOUNT...]", "remove the records of all accounts that are not named",
     "Without any ACCOUNT nothing is removed.", NULL, MANY, cmd_inbox_prune},
    {"inbox", "trim", "USER", "remove the oldest records beyond a number or an age", NULL, inbox_trim_options, MANY | CLI_CLOCK,
     cmd_inbox_trim},
    {"inbox", "clear", "USER", "remove all records of a user", "The inbox's status and the time of its newest save stay.", NULL, MANY,
     cmd_inbox_clear},
    {"inbox", "counts", "USER", "count a user's records", NULL, NULL, 0, cmd_inbox_counts},
    {"inbox", "dismissed", "USER", "list the keys of the dismissed records", NULL, NULL, CLI_PAGES, cmd_inbox_dismissed},
    {"inbox", "status get", "USER", "show the inbox's status, a poller's own note", NULL, inbox_raw_options, 0, cmd_inbox_status_get},
    {"inbox", "status set", "USER", "set the inbox's status", NULL, inbox_status_options, ONE, cmd_inbox_status_set},

    {"cursor", "advance", "CONSUMER STREAM SEQUENCE", "confirm a delivery: a cursor only goes forward", NULL, cursor_advance_options,
     ONE_NOW, cmd_cursor_advance},
    {"cursor", "reset", "CONSUMER STREAM SEQUENCE", "put a cursor anywhere, for a reason that is kept", NULL, cursor_reset_options, ONE_NOW,
     cmd_cursor_reset},
    {"cursor", "error", "CONSUMER STREAM MESSAGE", "note a failed delivery; the position stays", NULL, cursor_key_options, ONE_NOW,
     cmd_cursor_error},
    {"cursor", "get", "CONSUMER STREAM", "show one cursor", NULL, cursor_key_options, 0, cmd_cursor_get},
    {"cursor", "list", "", "list cursors by stream, subject, consumer", NULL, cursor_list_options, CLI_PAGES, cmd_cursor_list},
    {"cursor", "lag", "STREAM HEAD", "how far consumers are behind HEAD, the slowest first", NULL, cursor_lag_options, CLI_PAGES,
     cmd_cursor_lag},
    {"cursor", "remove", "CONSUMER STREAM", "forget a cursor", NULL, cursor_key_options, ONE, cmd_cursor_remove},

    {"outbox", "enqueue", "QUEUE ID...", "add an item, or the same for each ID",
     "All are added or none. An ID that is live already is left as it is, unless --dedup says otherwise.", outbox_enqueue_options, ONE,
     cmd_outbox_enqueue},
    {"outbox", "put", "QUEUE ID", "store an item as given, in place of one that exists", NULL, outbox_put_options, ONE, cmd_outbox_put},
    {"outbox", "get", "QUEUE ID", "show one item", NULL, outbox_get_options, 0, cmd_outbox_get},
    {"outbox", "list", "QUEUE", "list items in the order they were enqueued", NULL, outbox_list_options, CLI_PAGES, cmd_outbox_list},
    {"outbox", "claim", "QUEUE ID", "claim one item by name, delayed and failed ones too", NULL, outbox_claim_options, ONE,
     cmd_outbox_claim},
    {"outbox", "claim-next", "QUEUE", "claim what is next", "No item is no failure: nothing is printed and the exit status is 0.",
     outbox_claim_next_options, CLI_COMMITS, cmd_outbox_claim_next},
    {"outbox", "extend", "QUEUE ID TOKEN", "heartbeat: the lease now ends --lease from now", NULL, outbox_extend_options, ONE,
     cmd_outbox_extend},
    {"outbox", "complete", "QUEUE ID TOKEN", "delivered: the item goes", NULL, NULL, ONE, cmd_outbox_complete},
    {"outbox", "fail", "QUEUE ID TOKEN", "an attempt failed: queued again, or failed for good", NULL, outbox_fail_options, ONE,
     cmd_outbox_fail},
    {"outbox", "release", "QUEUE ID TOKEN", "give an item back without counting an attempt", NULL, outbox_release_options, ONE,
     cmd_outbox_release},
    {"outbox", "mark-failed", "QUEUE ID", "give an item up, whoever holds it", NULL, outbox_mark_failed_options, ONE,
     cmd_outbox_mark_failed},
    {"outbox", "retry", "QUEUE ID", "queue an item again, whoever holds it", NULL, NULL, ONE, cmd_outbox_retry},
    {"outbox", "remove", "QUEUE ID", "remove an item, whoever holds it", NULL, NULL, ONE, cmd_outbox_remove},
    {"outbox", "clear", "QUEUE", "remove every item of a queue", "The queue's settings stay.", NULL, MANY, cmd_outbox_clear},
    {"outbox", "configure", "QUEUE", "change a queue's settings", NULL, outbox_configure_options, ONE, cmd_outbox_configure},
    {"outbox", "stats", "QUEUE", "count a queue's items by status", NULL, NULL, 0, cmd_outbox_stats},
    {"outbox", "drain", "QUEUE COMMAND...", "run a command for each queued item",
     "COMMAND gets the payload on its stdin and HOLDFAST_QUEUE, HOLDFAST_ID, HOLDFAST_ATTEMPTS in its environment; what\nit prints goes to "
     "stderr. Exit status 0 completes the item, any other fails it. The store stays locked meanwhile.\nPut `--` before a COMMAND with "
     "options of its own.",
     outbox_drain_options, CLI_COMMITS, cmd_outbox_drain},

    {"help", NULL, "[COMMAND...]", "list the commands, or tell all about one", NULL, NULL, CLI_NO_STORE, cmd_help},
    {"version", NULL, "", "the version of holdfast", NULL, NULL, CLI_NO_STORE, cmd_version},
    {NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL},
};
/* clang-format on */
