/* Positions of lists as one word: --after. */
#ifndef TOOLS_CLI_POSITION_H
#define TOOLS_CLI_POSITION_H

#include "cli/cli.h"

/* Its members in the order of the struct, with commas between: 2026-11-20T09:30:00Z,doc-7. In a key
 * %2C is a comma and %25 a percent sign. A time that is empty is not set, a number that is empty 0.
 * Keys in front that the list says itself may be left out with their commas. *out lives until the
 * next one is read. CLI_OK, or CLI_USAGE with the sentence printed. */
int position_read(struct cli *cli, const struct hf_api_struct *of, const char *text,
                  const void **out);

#endif
