/* The store as the public header, tests and tools open it: over any seam, with any table of
 * domains. */
#ifndef HF_STORE_STORE_H
#define HF_STORE_STORE_H

#include "os/os.h"
#include "store/domain.h"

/* As hf_open, over `os` (borrowed until the store is closed) and a table of domains (borrowed). */
HF_CHECKED int hf__store_open(const struct hf__os *os, const struct hf__domains *domains,
                              const struct hf_options *options, struct hf_store **out,
                              struct hf_error *error);

/* From here on hf_close releases the seam too, when everything else is done. */
void hf__store_own_os(struct hf_store *store, struct hf__os *os,
                      void (*release)(struct hf__os *os));

/* Tests and tools. Sequences without waiting: *ticket is to be given to hf__wait. Several may be
 * in one group. */
struct hf__ticket {
	uint64_t changed, due; /* LSNs to be handed to the kernel, and to be durable */
};
HF_CHECKED int hf__submit(struct hf_store *store, struct hf_txn *txn, enum hf_durability durability,
                          struct hf__ticket *ticket, struct hf_error *error);
HF_CHECKED int hf__wait(struct hf_store *store, const struct hf__ticket *ticket,
                        struct hf_error *error);

/* The whole state of all domains as canonical bytes: for each domain in table order u8 id, then
 * for each state entry u64 lsn, u8 kind, u32 length, body, then u64 0. Equal states give equal
 * bytes. Reads payloads from disk. */
HF_CHECKED int hf__state_dump(struct hf_store *store, struct hf__writer *out,
                              struct hf_error *error);
/* Replaces the in-memory state of an open store by one built from such a dump through the same
 * apply; the log stays as it is, so the dump must be of this very state. For tests of `state ==
 * load(snapshot(state))`: what works live must work on a loaded state. */
HF_CHECKED int hf__state_load(struct hf_store *store, struct hf_bytes dump, struct hf_error *error);
/* The same from entries, as a feed gives them, from the first of the log on: what a follower
 * does. Payloads stay in memory. */
HF_CHECKED int hf__state_rebuild(struct hf_store *store, const struct hf__entry *entries,
                                 size_t count, struct hf_error *error);
/* The greatest LSN that will not be issued: it was, or was passed over after an unclean stop. */
uint64_t hf__passed_lsn(struct hf_store *store);
/* Replays nothing, checks every domain's verify, every object's seal. */
HF_CHECKED int hf__state_verify(struct hf_store *store, struct hf_error *error);

/* What exists: engine/table.c. */
const struct hf__domains *hf__all_domains(void);

#endif
