/* Help, made from the table. */
#ifndef TOOLS_HELP_H
#define TOOLS_HELP_H

#include "cli/args.h"

/* --help or --version, wherever it stood. */
void help_asked(struct cli *cli, const struct args *args);

#endif
