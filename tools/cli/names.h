/* Names of commands: how they are found, and which is meant by one that does not exist. */
#ifndef TOOLS_NAMES_H
#define TOOLS_NAMES_H

#include "cli/cli.h"

enum { NAME_SIZE = 64 };

/* "inbox status get" */
void command_name(const struct cli_command *command, char out[NAME_SIZE]);

/* The command whose words `argv` begins with, the longest such; *used is how many words. NULL:
 * none. */
const struct cli_command *command_find(int argc, char **argv, int *used);

/* Is there a command with this noun and a verb? */
bool noun_exists(const char *noun);

/* The name of the command that the words come nearest to; false when none is near. */
bool command_suggest(int argc, char **argv, char out[NAME_SIZE]);

/* The word of `count` that `typed` comes nearest to; NULL when none is near. */
const char *nearest_word(const char *typed, const char *const *words, size_t count);

#endif
