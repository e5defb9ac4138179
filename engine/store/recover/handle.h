/* The handle alone, and the files that a store has from its making on: for those that open a store
 * and for those that only look at one. */
#ifndef HF_STORE_HANDLE_H
#define HF_STORE_HANDLE_H

#include "store/store.h"

/* No lock, no file, nothing read. NULL: out of memory. */
struct hf_store *hf__store_new(const struct hf__os *os, const struct hf__domains *domains);
/* Frees memory; files are closed and the lock is given up before. */
void hf__store_free(struct hf_store *s);
/* The same in a forked child, as far as that is possible there. */
void hf__store_free_copy(struct hf_store *s);
/* Closes the files. 0, or the first errno. */
int hf__store_release_files(struct hf_store *s);

/* HF_ENOTFOUND (without a sentence): there is none. */
int hf__read_identity(struct hf_store *s, struct hf_error *error);
/* The same for those that make none: HF_ECORRUPT where a log, or what speaks of one, lies there
 * without an IDENTITY, which is no directory without a store (R9). */
int hf__find_identity(struct hf_store *s, struct hf_error *error);
/* Does a log lie there, or what speaks of one? As far as that can be read. */
bool hf__log_without_identity(const struct hf__os *os);
/* What follows from the identity: seeds, empty states. */
int hf__prepare_memory(struct hf_store *s, struct hf_error *error);
int hf__open_witness(struct hf_store *s, unsigned flags, struct hf_error *error);

#endif
