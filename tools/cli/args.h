/* The command line, read by the table: first the options that every command has, then the
 * command's words, then options of both kinds. */
#ifndef TOOLS_ARGS_H
#define TOOLS_ARGS_H

#include "cli/cli.h"

struct args {
	int count; /* of what is neither option nor word of the command */
	char **values;
	/* Of SCOPE:KEY in one word, where it was given: `values` points here then. */
	char *split[4];
	char scope[HF_KEY_MAX + 1];
	/* --help stands somewhere: tell about cli->command, about `noun`, or about everything */
	bool help;
	const char *noun;
	bool version; /* --version */
};

/* Options of every command, and those that flags ask for; each list ends with name NULL. */
extern const struct cli_option common_options[];
struct shared_option {
	unsigned flag;
	struct cli_option option;
};
extern const struct shared_option shared_options[];
/* The letter that stands for the option, or 0. */
char option_letter(const char *name);

/* Fills `cli` and `out`. CLI_OK, or CLI_USAGE with the sentence printed. */
HF_CHECKED int args_read(struct cli *cli, int argc, char **argv, struct args *out);

#endif
