/* Running another program. */
#ifndef TOOLS_PROGRAM_H
#define TOOLS_PROGRAM_H

#include <stdbool.h>
#include <sys/types.h>

/* Its path, to be freed, found as execvp() would; NULL: there is none that can be run. Asked
 * before anything is done for it, or a misspelt name would cost that. */
char *program_find(const char *name);

/* In a child: it is killed when its parent dies. false: the parent is dead already, or that
 * cannot be had. */
bool program_dies_with(pid_t parent);

/* What the tool ignores, so that a reader that went away and a file that may not grow further are
 * errors with a sentence: SIGPIPE and SIGXFSZ. */
bool signals_ignore(void);
/* In a child: what is ignored stays ignored over exec, and a program expects to die of these like
 * any other. */
bool program_takes_signals(void);

#endif
