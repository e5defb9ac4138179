/* The lock domain's insides, shared by the files of lock/ alone.
 *
 *   lock.c    the row: life, apply, endings
 *   index.c   objects, hooks, views
 *   entry.c   entries: bytes <-> meaning, words
 *   check.c   verify
 *   mutate.c  mutations
 *   with.c    locks inside one process
 *   read.c    reads
 *   figures.c figures for operators
 *   verb.h    what mutations have in common (lock/verb.c)
 *
 * A lock is an object while it is held. Releasing removes it, so memory does not grow
 * with the names that were ever used; tokens need no memory of old ones, since each is the LSN
 * of its grant.
 *
 * A lock has no container of its own name: what finds no lock depends on the number that
 * remembers the newest removal of its names (object/removed.h). A lock's container is the
 * root, on which lists depend.
 *
 * Endings are views: a lock whose lease is over, or which an earlier incarnation took without a
 * lease, is free for everyone from that instant, although the object is there until the ending
 * is logged. hf__lock_held() is the one place that says so. */
#ifndef HF_DOMAINS_LOCK_STATE_H
#define HF_DOMAINS_LOCK_STATE_H

#include "base/heap.h"
#include "base/map.h"
#include "base/outer.h"
#include "holdfast/lock.h"
#include "log/entry.h"
#include "object/index.h"
#include "object/removed.h"
#include "store/domain.h"

struct hf__lock_state {
	struct hf__map locks; /* by name */
	/* the same; the weight is the instant (mono) at which the lock ends: hf__lock_ends() */
	struct hf__index by_name;
	struct hf__heap endings; /* those that end some time, by that instant */
	/* struct hf__lock_running by name: of this process, no part of the state that the log makes */
	struct hf__map running;
	struct hf__object root; /* the container of locks; never changes itself */
	struct hf__removed removed;
	/* first LSN of this opening; UINT64_MAX before it is known: nothing is held without a
	 * lease */
	uint64_t incarnation;
};

struct hf__lock_value {
	uint64_t version; /* LSN of the grant or of the newest renewal */
	uint64_t token;
	int64_t acquired_at;
	/* a mono time (store/clock.h). HF_UNSET: none, held by the incarnation in which `version`
	 * lies */
	int64_t lease_until;
	struct hf__blob *owner;
};

struct hf__lock {
	struct hf__object object; /* container: the root */
	struct hf__heap_node ending;
	struct hf__lock_value value;
	uint16_t len;
	uint8_t name[];
};

static inline struct hf__lock_state *hf__lock_state_of(const struct hf__lock *lock)
{
	return HF__OUTER(lock->object.container, struct hf__lock_state, root);
}

HF__DEFINE_OUTER(hf__lock_of_ending, struct hf__heap_node, struct hf__lock, ending);

/* A callback that runs under hf_lock_with(): on its caller's stack. */
struct hf__lock_running {
	struct hf_bytes name;
	bool in; /* is in the map */
};

/* --- lock/entry.c ----------------------------------------------------------------------------- */

/* On disk: never renumber. */
enum hf__lock_kind {
	HF__LOCK_HELD = 1, /* a lock as it is now */
	HF__LOCK_FREE = 2, /* a lock is held no more */
};
enum hf__lock_cause {
	HF__LOCK_STATE = 0, /* from a snapshot */
	HF__LOCK_ACQUIRE = 1,
	HF__LOCK_RENEW = 2,
	HF__LOCK_PUT = 3,
	HF__LOCK_RELEASE = 4,
	HF__LOCK_FORCE = 5,
	HF__LOCK_ENDED = 6,
	HF__LOCK_CAUSES = 7,
};

/* An entry's meaning; borrowed bytes. Members that a kind does not carry are zero. */
struct hf__lock_image {
	enum hf__lock_cause cause;
	struct hf_bytes name;
	uint64_t token; /* FREE: the one that held it */
	/* HELD only. */
	struct hf_bytes owner;
	int64_t acquired_at;
	int64_t lease_until; /* as it is shown */
	/* FREE, by force. */
	struct hf_bytes reason;
	/* HELD; reserved: 0, the incarnation. */
	uint64_t session;
};

void hf__lock_encode(struct hf__writer *w, enum hf__lock_kind kind,
                     const struct hf__lock_image *image);
/* false: no mutation writes such a body. `lsn` is the entry's. */
bool hf__lock_decode(uint8_t kind, uint64_t lsn, struct hf_bytes body, struct hf__lock_image *out);
void hf__lock_describe(const struct hf__entry *entry, struct hf__text *out);
bool hf__lock_about(const struct hf__entry *entry, struct hf__about *out);

/* --- lock/index.c ----------------------------------------------------------------------------- */

int hf__lock_state_init(void *state, const struct hf__domain_env *env);
struct hf__lock *hf__lock_find(const struct hf__lock_state *state, struct hf_bytes name);
/* Not in any index yet; hf__change_add puts it there. NULL: out of memory. */
struct hf__lock *hf__lock_new(struct hf__lock_state *state, struct hf_bytes name);
/* What an answer about this name depends on: the lock, which may be NULL, or the number of those
 * that are gone. */
const struct hf__object *hf__lock_depends(const struct hf__lock_state *state,
                                          const struct hf__lock *lock, struct hf_bytes name);
/* What waiting calls wait for: see hf__wait_on. */
uint64_t hf__lock_wait_key(const struct hf__lock_state *state, struct hf_bytes name);

struct hf_bytes hf__lock_name(const struct hf__lock *lock);
struct hf__lock_image hf__lock_image_of(const struct hf__lock *lock, enum hf__lock_cause cause,
                                        int64_t setback);

/* The instant (mono) from which it is free without any call: INT64_MAX if there is none,
 * INT64_MIN if its incarnation is over. */
int64_t hf__lock_ends(const struct hf__lock *lock);
/* Is it held at this instant? NULL: no. */
bool hf__lock_held(const struct hf__lock *lock, int64_t mono);
/* A new incarnation: see struct hf__domain. */
void hf__lock_opened(void *state, uint64_t first_lsn);

struct hf__lock_running *hf__lock_running_find(const struct hf__lock_state *state,
                                               struct hf_bytes name);
bool hf__lock_run_begins(struct hf__lock_state *state, struct hf__lock_running *running);
void hf__lock_run_ends(struct hf__lock_state *state, struct hf__lock_running *running);

/* --- lock/check.c ----------------------------------------------------------------------------- */

int hf__lock_verify(const void *state, struct hf__text *why);

/* --- lock/figures.c --------------------------------------------------------------------------- */

extern const struct hf__figures hf__lock_figures;
const char *hf__lock_objects(const void *state, unsigned kind, uint64_t *count);

#endif
