/* Read-only handles: a state that is built from the files of a store, and kept up with them,
 * beside the writer. docs/read-only.md.
 *
 *   open.c      the handle, and its end
 *   load.c      the state from nothing: base, replay; which failures are believed
 *   catch_up.c  what became durable since
 *   place.c     another store in the place of the one that was followed
 *   pins.c      files that stay open
 *   seam.c      the seam to them, through which nothing is written */
#ifndef HF_STORE_FOLLOW_H
#define HF_STORE_FOLLOW_H

#include "store/follow/pins.h"
#include "store/watch/tail.h"

/* Where a directory can be replaced by another one beneath the handle. */
struct hf__follow_place {
	/* 0: it is where it was; ESTALE: another one lies there, open as *out; errno */
	int (*again)(const struct hf__os *os, struct hf__os **out);
	void (*release)(struct hf__os *os);
};

/* A seam that was left, and may still be used by a feed. */
struct hf__follow_left {
	struct hf__os *os;
	struct hf__follow_left *next;
};

struct hf__follow {
	struct hf_store *store;
	/* Catching up is done by one thread at a time; guards all below but `whole`. */
	pthread_mutex_t turn;
	/* Held by reads of the state or a payload; for writing by a load, which takes both away.
	 * Taken under `turn`. */
	pthread_rwlock_t in_use;
	bool whole; /* the store's lock guards it: the state is one of whole groups */
	bool loaded; /* else there is none, and the next call begins with a load */
	bool held; /* a writer had the store open at the newest look */
	bool ended; /* what the last opening held without a lease is shown as ended */
	struct hf__pinned files;
	struct hf__tail tail; /* where the state has got to */
	uint32_t segment; /* that was kept last */
	struct hf__recovery apply; /* for hf__recovery_apply */
	struct hf__witness word; /* the newest that was read */
	uint64_t judged; /* the word that a killed writer left, whose log was loaded as it is */
	uint64_t loads;
	const struct hf__follow_place *place; /* NULL: it stays where it is */
	struct hf__follow_left *left;
	_Atomic uint64_t places; /* how often it was replaced */
};

/* Around each look at the state. HF_OK: the state is as new as the files can prove, and stays
 * until hf__follow_end. On a handle that writes both do nothing. */
HF_CHECKED int hf__follow_begin(struct hf_store *s, struct hf_error *error);
void hf__follow_end(struct hf_store *s);
/* Under the store's lock, between the two: may the state be shown? HF_OK, or why not. */
HF_CHECKED int hf__follow_whole(const struct hf_store *s, struct hf_error *error);

/* How often another store took the place of the one that was followed: what a feed read until
 * then is of no use. */
uint64_t hf__follow_places(const struct hf_store *s);
/* From here on the store looks whether its directory was replaced. */
void hf__follow_at(struct hf_store *s, const struct hf__follow_place *place);

/* `turn` is held for these. */
/* place.c. Goes to the store that took the place of this one, if one did: nothing is loaded
 * then. */
HF_CHECKED int hf__follow_move(struct hf__follow *f, struct hf_error *error);
/* As if nothing had been read. `in_use` is held for writing. */
void hf__follow_drop(struct hf__follow *f);
/* The state from nothing. On failure there is none. */
HF_CHECKED int hf__follow_load(struct hf__follow *f, struct hf_error *error);
HF_CHECKED int hf__follow_catch_up(struct hf__follow *f, struct hf_error *error);
/* Is the store open for writing, as far as can be known? */
bool hf__follow_is_held(const struct hf__follow *f);
/* Puts the state's LSN where readers look. The store's lock is held. */
void hf__follow_reached(struct hf__follow *f);
/* What was held without a lease by openings before the next one has ended. The same. */
void hf__follow_end_opening(struct hf__follow *f);

/* As hf_open_read, over `os` (borrowed until the store is closed) and a table of domains. */
HF_CHECKED int hf__store_open_read(const struct hf__os *os, const struct hf__domains *domains,
                                   const struct hf_options *options, struct hf_store **out,
                                   struct hf_error *error);
/* For hf_close: everything but the store's own memory. */
void hf__follow_close(struct hf_store *s);
/* The same in a forked child. */
void hf__follow_forget(struct hf_store *s);

#endif
