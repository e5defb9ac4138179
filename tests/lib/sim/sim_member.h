/* What a directory in a simulated directory does with the files of its own. For sim_parent.c. */
#ifndef TESTS_LIB_SIM_MEMBER_H
#define TESTS_LIB_SIM_MEMBER_H

#include "lib/sim/sim_disk.h"
#include "lib/sim/sim_parent.h"

/* The file's bytes, pending ones too, under the same name in the other one. 0 or an errno value. */
int member_link(struct sim *from, const char *name, struct sim *to);
/* The bytes of one open file into another one. */
int member_clone(const struct hf__os *from, int source, const struct hf__os *to, int file);
/* Does the change of that number outlive a power loss? */
bool member_survives(enum sim_parent_image image, uint64_t salt, uint64_t at);
struct sim *member_crash(struct sim *sim, enum sim_parent_image image, uint64_t salt);

#endif
