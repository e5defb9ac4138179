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

/* How objects of a struct are put into a store. */
struct load_how {
	const char *of; /* the struct: what `get` gives, and where `put` has its members from */
	const char *get, *put;
	const char *noun, *name; /* what a conflict calls it, and the member that names it */
	const char *apart, *only; /* members that are not compared, or the only ones that are */
	bool twice; /* one that is replaced takes two entries, and so its name twice */
	bool expects; /* `put` looks at the version */
	/* What has to be done or is wrong before it takes the place of one that is there. */
	int (*replace)(struct load *load, const void *there, const void *given);
	/* What `put` takes beside the object's members. */
	void (*fill)(const struct load *load, const void *given, void *args);
};

/* Room, then by those rules: load.h. Counts it in one of the two, or as the same. */
HF_CHECKED int load_object(struct load *load, const struct load_how *how, const void *given,
                           uint64_t *added, uint64_t *replaced);
HF_CHECKED int load_put(struct load *load, const struct load_how *how, const void *given,
                        hf_lsn expect, uint64_t *count);

#endif
