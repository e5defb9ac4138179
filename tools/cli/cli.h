/* The frame of every command of `holdfast`: one table of commands, from which parsing, help,
 * usage errors and the suggestion for a typo are made; a store that is opened once and closed by
 * the frame; data on stdout, all else on stderr; one exit code per cause.
 *
 * What a command does. Its row, in the file of its noun in commands/, says what it is called,
 * which arguments and options it takes and of which type, so when its run function is called
 * everything was checked for form and the getters below cannot fail. Most are one call of the
 * library and need no function of their own: call.h. One that has one calls cli_open(), uses the
 * library through cli->store, gives its data through out.h, and returns an exit status: CLI_OK or
 * what cli_fail() or cli_usage() gave, which have printed the one sentence by then. It neither
 * closes the store nor
 * writes to stdout: main does both, in this order, so that a slow reader of a pipe
 * never keeps the store locked. A report that cannot be written then ends with CLI_IO, after the
 * change is safe. */
#ifndef TOOLS_CLI_H
#define TOOLS_CLI_H

#include "holdfast/holdfast.h"
#include "rows/rows.h"

#include <stdio.h>

/* Exit statuses; the ones of hf_code are given by cli_exit_of(). */
enum cli_exit {
	CLI_OK = 0,
	CLI_NO = 1, /* not found; a check says no */
	CLI_USAGE = 2,
	CLI_BUSY = 3, /* locked, busy, out of time */
	CLI_CONFLICT = 4, /* another caller was faster, or a rule forbids it */
	CLI_DAMAGE = 5,
	CLI_IO = 7, /* input, output, space, memory; uncertain */
	CLI_NEWER = 8, /* the store is of a newer format */
};

struct cli;
struct out;

/* --- The table -------------------------------------------------------------------------------- */

enum cli_type {
	/* follows from the member that the option fills; without one, text, a choice where `value` has
	 * a `|`, a switch where it is NULL */
	CLI_BY_MEMBER = 0,
	CLI_SWITCH, /* takes no value */
	CLI_TEXT, /* any bytes */
	CLI_U32,
	CLI_I32,
	CLI_U64,
	CLI_I64,
	CLI_REAL, /* a double; nan is read, for the library to refuse */
	/* 2026-11-20T09:30:00.000001Z or with an offset, @MICROSECONDS since 1970, now, none
	 * (HF_UNSET) */
	CLI_TIME,
	CLI_DURATION, /* 250ms, 30s, 5m, 2h, 7d; a plain number is seconds */
	CLI_VERSION, /* a version, or `absent` */
	/* one of the words in `value`, which stand there as a|b|c; cli_u64() gives its index */
	CLI_CHOICE,
};

struct cli_option {
	const char *name; /* without the dashes; NULL ends a list */
	const char *value; /* what help calls its value; for CLI_CHOICE the words. NULL for a switch */
	const char *summary; /* for help */
	enum cli_type type;
	/* what it fills of the struct that the command's call takes, where that is not called like it
	 * (call.h) */
	const char *member;
	int64_t otherwise; /* what the member gets when the option is not given; 0: nothing */
	const char *zero; /* the complaint when it is given as 0; NULL: 0 is fine */
	bool required;
};

/* Options that many commands share; a row asks for them by bits. */
enum cli_flags {
	CLI_COMMITS = 1, /* --durability: cli_write() */
	CLI_EXPECTS = 2, /* --expect: cli_write() */
	CLI_CLOCK = 4, /* --now: cli_now() */
	CLI_CONFIRMS = 8, /* --yes: cli_confirm() */
	CLI_DRY_RUN = 16, /* --dry-run: cli_flag(cli, "dry-run") */
	CLI_PAGES = 32, /* --limit, --page, --after */
	CLI_NO_STORE = 64, /* never opens a store */
	CLI_SCOPE_KEY = 128, /* SCOPE KEY come first, and SCOPE:KEY in one word does for both */
	CLI_READS = 256, /* changes nothing; so do commands whose `call` is a read */
	CLI_MISSING = 512, /* --missing-ok: cli_write() */
	CLI_ONE = CLI_COMMITS | CLI_EXPECTS, /* changes one object */
	CLI_ONE_NOW = CLI_ONE | CLI_CLOCK,
	CLI_MARK = CLI_ONE | CLI_MISSING, /* marks one object or takes it away */
	CLI_MARK_NOW = CLI_MARK | CLI_CLOCK,
	CLI_MANY = CLI_COMMITS | CLI_CONFIRMS | CLI_DRY_RUN, /* takes many away */
};

struct cli_command {
	const char *noun; /* "inbox"; the only word of commands like `init` */
	const char *verb; /* "save", or two words as in "status get"; NULL: the noun is all */
	/* for example "USER THREAD [ACCOUNT]", "QUEUE [COMMAND...]", "[FILE]"; checked for number.
	 * "" for none */
	const char *arguments;
	const char *summary; /* one line, without a full stop */
	const char *details; /* more lines for its help; may be NULL */
	unsigned flags; /* enum cli_flags */
	const struct cli_option *options; /* its own; NULL: none */
	/* argv[0] is the first argument after the verb; argv[argc] is NULL. NULL: call_run() */
	int (*run)(struct cli *cli, int argc, char **argv);

	/* What it calls, "hf_outbox_get". Arguments and options fill the struct that the call takes by
	 * the names of its members; a member that is in neither and not in `hidden` is an option, too.
	 * call.h says how. */
	const char *call;
	const char *also; /* another struct that they fill, which stands behind what the call takes */
	const char *hidden;
	/* The rest is for call_run(). */
	const char *did; /* of a mutation, for people: "removed" */
	const char *confirm; /* what --yes allows; the first argument takes the place of its %s */
	const char *counts, *counted; /* a dry run: the read that counts, the members that it sums up */
	const char *columns; /* of a list, with the content that it may leave out as the last */
	int (*each)(struct cli *cli, struct hf_bytes name); /* shows one of a list of names */
	/* Looks at the arguments before the store is opened, after it is open, and at a page before it
	 * is shown: CLI_OK, or an exit status with the sentence printed. */
	int (*check)(struct cli *cli, void *args);
	int (*opened)(struct cli *cli, void *args);
	int (*page)(struct cli *cli, const void *args, const void *page);
};

/* The rows of a file of commands. */
#define OPTIONS(...) \
	.options = (const struct cli_option[]) \
	{ \
		__VA_ARGS__, \
		{ \
			0 \
		} \
	}
#define CALLS(name, word) .call = #name, .did = (word)
#define READS(name) .call = #name
#define LISTS(name, names_of_members) .call = #name, .columns = (names_of_members)
#define COUNTS(name, members) .counts = #name, .counted = (members)

/* What an opening says of upkeep: cli_store_options(). */
#define OPTIONS_OF_UPKEEP \
	{"retain", "DURATION", "keep entries so old for feeds and states of the past (none)", \
	 CLI_DURATION}, \
	    {"retain-bytes", "BYTES", "keep so many bytes of them at most; alone: so many", CLI_U64}, \
	{ \
		"compact-rate", "BYTES", "a second that a compaction writes at most", CLI_U64 \
	}

/* All commands: the one after `command` (NULL: the first), NULL behind the last. */
const struct cli_command *cli_next(const struct cli_command *command);

/* --- The command that runs -------------------------------------------------------------------- */

enum { CLI_OPTIONS_MAX = 32, CLI_OWN_MAX = 8 };

/* An option for a member that no row of the command names. */
struct cli_own_option {
	struct cli_option option;
	char name[40], value[80], summary[120];
};

struct cli_value {
	const struct cli_option *option;
	enum cli_type type;
	struct row row; /* what it fills; member NULL: nothing */
	bool given;
	const char *text; /* as typed */
	uint64_t u64; /* unsigned numbers, versions, index of a choice */
	int64_t i64; /* signed numbers, times, durations */
	bool now; /* a time that was typed as `now` */
	double real;
};

struct cli {
	const struct cli_command *command;
	/* no command, but the first of its words is right: for "see 'holdfast help inbox'" */
	const char *noun;
	const char *directory; /* -C, else HOLDFAST_DIR, else NULL */
	bool json;
	bool quiet;
	int64_t wait_us; /* for the store's lock; -1: forever */
	hf_lsn at_lsn; /* of commands that read: the state of then; 0: of now */
	hf_time at_time;
	bool allow_unsafe_fs;
	hf_store *store; /* NULL until cli_open() */
	struct out *out; /* see out.h */
	bool changed; /* a mutation was acknowledged: set by cli_done(), said when its report is lost */
	int last_code; /* of the newest complaint */
	struct cli_value values[CLI_OPTIONS_MAX];
	size_t values_count;
	const struct hf_api_call *call; /* what the command calls; NULL: no call by its rows */
	struct rows takes; /* of that call's arguments */
	struct cli_own_option own[CLI_OWN_MAX];
	size_t own_count;
	char *content; /* the bytes of a file that an option named; freed by the frame */
};

/* The directory of the store. NULL, with a usage error printed, when none was named: return
 * CLI_USAGE then. */
const char *cli_directory(struct cli *cli);

/* Opens the store, once. For a command that only reads: beside its writer, without a lock
 * and without a wait. Else for writing, waiting its turn for --wait. CLI_OK, or an exit status with
 * the sentence printed. */
HF_CHECKED int cli_open(struct cli *cli);

/* For writing, with options of the command's own (init: create); wait_us and allow_unsafe_fs are
 * filled in. */
HF_CHECKED int cli_open_with(struct cli *cli, struct hf_options options);

/* What the options of a row say of the store that it opens: those of its row that are members of
 * hf_options (OPTIONS_OF_UPKEEP, init's), by their names. */
struct hf_options cli_store_options(const struct cli *cli);
/* --pad 0|512|4096 as bytes. */
uint32_t cli_pad(const struct cli *cli);

/* Getters of options, by name; the option must be in the command's row. The last argument is the
 * answer when it was not given. */
bool cli_given(const struct cli *cli, const char *name);
bool cli_has(const struct cli *cli, const char *name); /* is there such an option at all? */
/* Given as 0 (CLI_U32, CLI_U64, CLI_DURATION). Where that is "not given" for the library, which
 * would be the opposite of what was typed, an option's `zero` refuses it. */
bool cli_zero(const struct cli *cli, const char *name);
bool cli_flag(const struct cli *cli, const char *name);
const char *cli_text(const struct cli *cli, const char *name); /* NULL: not given */
struct hf_bytes cli_bytes(const struct cli *cli, const char *name); /* empty: not given */
/* CLI_U32, CLI_U64, CLI_VERSION, CLI_CHOICE */
uint64_t cli_u64(const struct cli *cli, const char *name, uint64_t otherwise);
/* CLI_I32, CLI_I64, CLI_TIME, CLI_DURATION */
int64_t cli_i64(const struct cli *cli, const char *name, int64_t otherwise);
double cli_real(const struct cli *cli, const char *name, double otherwise);

/* --expect and --durability. */
struct hf_write cli_write(const struct cli *cli);
/* --now; 0 when not given. */
hf_time cli_now(const struct cli *cli);
/* The store's clock, by which it judges everything; the machine's while no store is open. */
hf_time cli_clock(const struct cli *cli);
/* So much later, at most INT64_MAX. */
hf_time cli_after(const struct cli *cli, int64_t span);
/* How far it is ahead of the machine's, in whole seconds, so that it stays the same while the
 * store does. */
int64_t cli_ahead(const struct hf_info *info);
/* The machine's clock. */
hf_time cli_wall(void);
/* Microseconds that no setting of the clock changes: for what is shown or awaited meanwhile. */
int64_t cli_monotonic(void);

/* Ends a mutation: reports what cli_fail() would, or the result. `did` is the word for people:
 * "removed". */
HF_CHECKED int cli_done(struct cli *cli, int rc, const struct hf_result *result,
                        const struct hf_error *error, const char *did);

/* Ends a dry run: "3 would be removed". */
int cli_would(struct cli *cli, uint64_t count, const char *did);

/* Reads an argument that is a number; false with a usage error printed (return CLI_USAGE).
 * `name` is what help calls it. */
HF_CHECKED bool cli_argument_i64(struct cli *cli, const char *name, const char *text, int64_t *out);
HF_CHECKED bool cli_argument_u64(struct cli *cli, const char *name, const char *text,
                                 uint64_t *out);

/* Bytes from option `name` (--payload TEXT) or the file of --NAME-file (`-` is stdin), at most
 * `max`. */
HF_CHECKED int cli_content(struct cli *cli, const char *name, size_t max, struct hf_bytes *out);

/* Reads the whole of a file (`-`: stdin), at most `max` bytes, with a NUL after it. free(*out)
 * when it returned CLI_OK. */
HF_CHECKED int cli_read_file(struct cli *cli, const char *path, size_t max, char **out,
                             size_t *len);

/* Asks on the terminal whether to do `what` ("remove all records of ann"), unless --yes. CLI_OK:
 * go on. Without a terminal and --yes it is a usage error. Called before cli_open(), so that
 * no process waits for a lock while a person thinks. */
HF_CHECKED int cli_confirm(struct cli *cli, const char *what, ...)
    __attribute__((format(printf, 2, 3)));

/* --- Complaints: each prints one sentence and gives the exit status --------------------------- */

int cli_exit_of(int code); /* enum hf_code to enum cli_exit; prints nothing */

/* A failure the library reported. */
int cli_fail(struct cli *cli, const struct hf_error *error);
/* What damage of the store calls for next: a hint; empty for all else. */
const char *cli_next_step(const struct cli *cli, const struct hf_error *error);
/* The same, with the store or file that it is about in front, and what may help behind; both may
 * be "". */
int cli_fail_about(struct cli *cli, const struct hf_error *error, const char *subject,
                   const char *hint);
/* The library's code for a failed system call of the tool's own: HF_EIO is left to devices that
 * fail. */
int cli_code_of_errno(int why);
/* A failure of the tool's own, under a code of the library (HF_EINVAL, HF_EIO, HF_ENOMEM,
 * HF_ECORRUPT, ...). */
int cli_fail_with(struct cli *cli, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A file that was named could not be opened, read or written: "WHAT PATH: why". One that is not
 * there is an odd path (HF_EACCESS), not an object that was asked for. */
int cli_fail_file(struct cli *cli, const char *what, const char *path, int why);
/* A wrong call: HF_EINVAL, and where to look. */
int cli_usage(struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A note for people on stderr, not with -q. */
void cli_note(struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Should progress be shown: stderr is a terminal and neither -q nor TERM=dumb? Such lines end
 * with \r and are wiped by their writer. */
bool cli_progress(const struct cli *cli);

#endif
