/* Running somebody else's program. */
#ifndef TOOLS_PROGRAM_H
#define TOOLS_PROGRAM_H

/* Its path, to be freed, found as execvp() would; NULL: there is none that can be run. Asked before anything is done for it, or a misspelt name would cost
 * that. */
char *program_find(const char *name);

#endif
