/* The row of a domain: what the store asks of it. Part of domain.h, which is to be included. */
#ifndef HF_STORE_ROW_H
#define HF_STORE_ROW_H

#include "api/api.h"
#include "base/bytes.h"
#include "base/text.h"

struct hf__change;
struct hf__decision;
struct hf__domain_env;
struct hf__entry;
struct hf__figures;
struct hf__index;
struct hf__object;
struct hf__payload;
struct hf__removed;

/* --- What an entry is about ------------------------------------------------------------------- */

/* For the change feed, subscriptions and the history of one object. Everything is borrowed from
 * the entry. */
struct hf__about {
	const char *operation; /* the contract's word for what was done: "claim" */
	/* the object's key parts in the contract's order; an entry about a whole container has only
	 * the first ones */
	struct hf_bytes key[3];
	unsigned parts;
	bool removed; /* the object is gone after it */
	bool many; /* it concerns several objects of the container that the key names */
	struct hf_bytes reason; /* of a reset, a forced release, a failure; else empty */
	int64_t set_back_us; /* by so much the store's clock shows less behind it */
};

/* --- The row ---------------------------------------------------------------------------------- */

/* Where a snapshot goes: state entries that rebuild the state when applied to an empty one. */
struct hf__emitter {
	void *ctx;
	const struct hf__domain *row; /* of what is being given; set by the walk */
	int64_t setback; /* sum of the set-backs: deadlines go into a snapshot as they are shown */
	struct hf__writer body; /* the domain fills it, then calls emit */
	/* Takes (and empties) the body. HF_OK or a code. */
	int (*emit)(struct hf__emitter *emitter, uint64_t lsn, uint8_t kind);
	/* Appends a payload, wherever it lies, to the body as hf__put_long would. */
	int (*payload)(struct hf__emitter *emitter, const struct hf__payload *payload);
};

/* Kind of an entry of a snapshot: that a container is there. Its body is the name, its LSN that of
 * the newest change of anything in it. */
#define HF__CONTAINER_ENTRY 0u

/* One kind of entries that this version can read. An entry beyond such a table, whose checksums
 * hold, was written by a newer version and is no damage: the store answers HF_EVERSION, or passes
 * over it where it says that it may be ignored. Decoders then only ever see what they know, and
 * whatever they refuse is damage. An entry that the table does not know is refused when it is to be
 * written. */
struct hf__kind {
	uint8_t kind; /* 0 ends a table */
	uint8_t version; /* newest version of its bodies; the version is their first byte, 1 and up */
	uint8_t causes; /* causes below are known; 0: its bodies have none */
	uint8_t cause_at; /* enum hf__cause_at */
	/* the cause that logs what had ended by itself; 0: none, HF__ENDING_ALWAYS: every entry of
	 * the kind */
	uint8_t ending;
};
#define HF__ENDING_ALWAYS 255u
enum hf__cause_at {
	HF__CAUSE_BEHIND_VERSION = 1, /* the second byte */
	HF__CAUSE_BEHIND_KEY = 2, /* the byte behind the key part that follows the version */
};

struct hf__domain {
	uint8_t id; /* on disk: never reuse, never renumber */
	const char *name;
	const struct hf__kind *kinds; /* what `apply` and the others below are given; NULL: anything */
	const struct hf_api_part *api; /* its public structs and calls; NULL: none */
	size_t state_size;
	/* `state` is zeroed. HF_OK or HF_ENOMEM (deinit is called all the same). */
	int (*init)(void *state, const struct hf__domain_env *env);
	void (*deinit)(void *state);
	/* The only writer of state; pure: no clock, no I/O, no random. HF_OK, HF_ENOMEM, HF_ECORRUPT
	 * (a body that no decide wrote). */
	int (*apply)(void *state, struct hf__change *change, const struct hf__entry *entry);
	/* An opening will apply this entry soon: fetches what it will look for. Its body
	 * may be anything yet. NULL: nothing to fetch. */
	void (*expect)(const void *state, const struct hf__entry *entry);
	/* What stands in a snapshot: the objects of these indexes of the state; NULL: no more. */
	const struct hf__index *(*shelf)(const void *owner, unsigned i);
	bool in_containers; /* of a container instead: the state lists struct hf__containers */
	/* One of these objects as an entry: fills emitter->body and calls emitter->emit(). Canonical:
	 * values only, nothing that depends on the time or on which incarnation looks. */
	int (*show)(const void *object, struct hf__emitter *emitter);
	/* The same for a container with a value of its own; NULL: they have none. */
	int (*show_container)(const void *container, struct hf__emitter *emitter);
	/* One line about an entry: "claim jobs/42 by w1". Total on any body. */
	void (*describe)(const struct hf__entry *entry, struct hf__text *out);
	/* What the entry is about. false: a body that no decide wrote. Total on any body. */
	bool (*about)(const struct hf__entry *entry, struct hf__about *out);
	/* Does an entry about many objects concern any of those whose key begins with these parts
	 * (more parts than its own key has, which are equal)? Total on any body. NULL: it may
	 * concern all of them. */
	bool (*concerns)(const struct hf__entry *entry, const struct hf_bytes *key, unsigned parts);
	/* Every invariant, indexes and counts recounted. HF_OK or HF_ECORRUPT with `why`. */
	int (*verify)(const void *state, struct hf__text *why);
	/* A new incarnation begins: what was held without a lease by an LSN before `first_lsn` is
	 * free. NULL: nothing to do. */
	void (*opened)(void *state, uint64_t first_lsn);
	/* Logs endings that are due at d->now, at most `budget` of them; answers do not change by
	 * it. *more: some are left. NULL: none here. */
	int (*settle)(void *state, struct hf__decision *d, unsigned budget, bool *more);
	/* The next instant, as the clock shows it after set-backs of `setback` in all, at which
	 * settle has something to do; INT64_MAX: none. NULL: never. */
	int64_t (*next_ending)(const void *state, int64_t setback);
	/* The one domain that keeps set-backs: their sum. NULL: another domain. */
	int64_t (*setback)(const void *state);
	/* Beside it: the object that holds the sum, on which every answer that judges time depends.
	 * NULL: none yet. */
	const struct hf__object *(*setback_object)(const void *state);
	/* What it remembers of names that are gone, and which containers wait to go. NULL: its names
	 * stay. */
	struct hf__removed *(*removed)(void *state);
	/* For operators: figures by name (store/metrics/figures.h), and how many objects of each kind
	 * are in memory, in O(1): the word for the kind of that index, NULL behind the last. NULL: it
	 * has none. */
	const struct hf__figures *figures;
	const char *(*objects)(const void *state, unsigned kind, uint64_t *count);
};

/* The table: engine/table.c. */
struct hf__domains {
	const struct hf__domain *const *rows;
	unsigned count;
};

/* Entries of a snapshot that are of no domain. */
enum hf__store_kind {
	/* an opening: its LSN is the first of it, its body an i64: when it wrote its newest entry */
	HF__STORE_INCARNATION = 1,
};

/* Ids on disk. */
enum hf__domain_id {
	HF__DOMAIN_STORE = 0, /* of the store itself, in snapshots only: enum hf__store_kind */
	HF__DOMAIN_INBOX = 1,
	HF__DOMAIN_CURSOR = 2,
	HF__DOMAIN_OUTBOX = 3,
	HF__DOMAIN_IDEMPOTENCY = 4,
	HF__DOMAIN_DOCUMENT = 5,
	HF__DOMAIN_TIMELINE = 6,
	HF__DOMAIN_LOCK = 7,
	HF__DOMAIN_MIGRATION = 8,
	HF__DOMAIN_SESSION = 9, /* reserved */
	HF__DOMAIN_CLOCK = 10,
};

#endif
