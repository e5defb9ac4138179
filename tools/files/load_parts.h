/* What the files of load_*.c share beside load.h, and no other file. */
#ifndef TOOLS_LOAD_PARTS_H
#define TOOLS_LOAD_PARTS_H

#include "files/load.h"

/* Prints what the library refused. */
int load_refused(struct load *load, const struct hf_error *error);
/* Prints that an object is there and different. */
int load_conflict(struct load *load, const char *what, struct hf_bytes name);
/* Room for an object of so many bytes in the transaction, which is committed and begun anew if
 * need be. CLI_OK, or an exit status. */
int load_make_room(struct load *load, size_t bytes);
/* Did it end before it came? Then nothing comes of it, and it counts as unchanged. */
bool load_is_over(const struct load *load, hf_time until);
/* Counts an object that the library took, else prints why it did not. */
int load_added(struct load *load, int rc, const struct hf_error *error, uint64_t *count);

#endif
