/* Commands that are one call of the library, by the rows of what that takes (rows/rows.h).
 *
 * An argument fills the member of its name: QUEUE fills `queue`. So does an option: --max-attempts
 * fills `max_attempts`. Where the struct has no such member it is one that ends in _us or begins
 * with last_; else the option's row names it. Its type is the member's. A flag by_X, set_X or has_X
 * beside a member X is set when X was given. Times that are not given are unset.
 *
 * Each other member of the struct, but for callbacks, arrays and those that the command's row
 * hides, is an option too, of its name and with a plain word of help. So a new member of a public
 * struct needs no line in its commands. */
#ifndef TOOLS_CALL_H
#define TOOLS_CALL_H

#include "cli/cli.h"

/* Fills cli->values with the options of cli->command. */
void call_options(struct cli *cli);
void call_add_options(struct cli *cli, const struct cli_option *options);

/* Fills what the call of the command takes, which is `args`. CLI_OK, or an exit status with the
 * sentence printed. */
HF_CHECKED int call_args(struct cli *cli, int argc, char **argv, void *args);

/* The whole command. */
HF_CHECKED int call_run(struct cli *cli, int argc, char **argv);

/* call_beside.c. Of a dry run: what the read that counts for the command's mutation says of `name`.
 * What the mutation's arguments say beside the name bounds the read, too. */
HF_CHECKED int call_count(struct cli *cli, struct hf_bytes name, const void *mutation);
/* Opens the store, reads what `read` gives about `name` (the only thing that it takes, or the first
 * of them), and shows it. */
HF_CHECKED int call_about(struct cli *cli, const char *read, struct hf_bytes name);
/* Each item of a list, page after page; `args` is what `list` takes; without a limit pages
 * have 256. Ends with the first status of `one` that is not CLI_OK. */
HF_CHECKED int call_each(struct cli *cli, const char *list, void *args,
                         int (*one)(void *ctx, const void *item), void *ctx);

/* The mutation of the command; shows the object as it is afterwards, or, if that is gone, what was
 * done. An exit status. */
int call_returning(struct cli *cli, void *args);

#endif
