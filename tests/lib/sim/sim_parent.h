/* A simulated directory with directories in it: the seam of os/parent.h, each directory a simulated
 * disk of its own (sim_os.h). Names of directories are pending until the directory above them is
 * synced, by themselves: a crash may keep any of their changes and lose any other one.
 *
 * A second name in another directory is a file of its own with the same bytes: of files that are
 * never written again no reader can tell.
 *
 * One thread at a time. */
#ifndef TESTS_LIB_SIM_PARENT_H
#define TESTS_LIB_SIM_PARENT_H

#include "lib/sim/sim_os.h"
#include "os/parent.h"

struct sim_parent;

struct sim_parent *sim_parent_new(struct sim_profile profile, uint64_t seed);
void sim_parent_free(struct sim_parent *parent); /* NULL is fine */
struct hf__parent *sim_parent_seam(struct sim_parent *parent);

struct sim *sim_parent_files(struct sim_parent *parent); /* its own files */
/* The directory of that name, whose opener 0 is the caller's; NULL: there is none. */
struct sim *sim_parent_dir(struct sim_parent *parent, const char *name);
/* An empty directory, durable at once; there is none of that name. */
struct sim *sim_parent_add(struct sim_parent *parent, const char *name);
/* The i-th name of a directory, in no order; NULL behind the last. */
const char *sim_parent_name(struct sim_parent *parent, size_t i);

/* Before every call on any of them. It may make crash images. */
typedef void (*sim_parent_observer)(void *arg, struct sim_parent *parent, uint64_t index,
                                    enum sim_call kind, const char *name);
void sim_parent_observe(struct sim_parent *parent, sim_parent_observer observer, void *arg);
uint64_t sim_parent_calls(struct sim_parent *parent);
/* The nth call from now on fails, whichever it is and wherever; fault.kinds and name choose. One at
 * a time; error 0: none. */
void sim_parent_fail(struct sim_parent *parent, struct sim_fault fault);
bool sim_parent_failed(const struct sim_parent *parent); /* did it? */

/* From now on files can share their blocks: parent->clone works, byte by byte and unsynced. */
void sim_parent_share(struct sim_parent *parent);

enum sim_parent_image {
	SIM_IMAGE_OLD, /* nothing survived that was not synced */
	SIM_IMAGE_NEW, /* everything did */
	SIM_IMAGE_SOME, /* some of it, by the salt */
};
/* The machine after a power loss. */
struct sim_parent *sim_parent_crash(struct sim_parent *parent, enum sim_parent_image image,
                                    uint64_t salt);

#endif
