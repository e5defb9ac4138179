/* A directory that is filled beside its place and put there in one step. */
#ifndef HF_STORE_TRANSFER_BESIDE_H
#define HF_STORE_TRANSFER_BESIDE_H

#include "store/transfer/target.h"

struct hf__beside {
	const struct hf__parent *parent;
	const char *failed; /* the sentence that failures begin with */
	char prefix[HF__PARENT_NAME_MAX], name[HF__PARENT_NAME_MAX];
	bool made; /* the directory of that name is ours */
	struct hf__os *os; /* of it, with its lock held; NULL: none */
};

/* Nothing is made yet. `word`: see hf__beside_prefix. */
void hf__beside_init(struct hf__beside *b, const struct hf__parent *parent, const char *name,
                     const char *word, const char *failed);
/* Makes it, with owner and rights of directory `like`, and takes its lock, so that no call takes it
 * for a leftover. HF_OK, HF_EACCESS, HF_ENOSPACE, HF_EIO, ... */
HF_CHECKED int hf__beside_make(struct hf__beside *b, const char *like, struct hf_error *error);
/* Puts it in the place of the target, whose lock is held if a store lies there (that has b->name
 * then), and makes the names durable. HF_OK, HF_EUNCERTAIN; else the target is as it was. */
HF_CHECKED int hf__beside_publish(struct hf__beside *b, const struct hf__target *target,
                                  struct hf_error *error);
/* What was exchanged goes; leaves the target. */
void hf__beside_remove_old(struct hf__beside *b, struct hf__target *target);
/* Nothing was published: removes it. */
void hf__beside_abandon(struct hf__beside *b);
/* Gives up its lock, if it is there. */
void hf__beside_leave(struct hf__beside *b);

#endif
