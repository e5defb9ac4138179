/* Looks at a store from outside, again and again, for people who watch it: `top` and `ui`.
 *
 * One look is one state: the read-only handle is brought up to date, then everything is read from
 * it. Work is bounded whatever the store holds: LOOK_QUEUES_MAX queues, LOOK_CLAIMS_MAX claims, and
 * LOOK_DATING_US for the log, from which it takes when a claim was granted. What lies beyond is
 * counted as far as figures say, and never left out in silence (`more_queues`, `more_claims`).
 *
 * A look that fails keeps the state of the one before, with `code` and `text`; the next tries
 * again, with a handle opened anew if the old one cannot go on. A store that was replaced is
 * noticed by its uuid and epoch. */
#ifndef TOOLS_LOOK_H
#define TOOLS_LOOK_H

#include "holdfast/holdfast.h"

enum {
	LOOK_QUEUES_MAX = 4096,
	LOOK_CLAIMS_MAX = 1024,
	LOOK_DATING_US = 100000, /* of a look, for reading the log */
	LOOK_NOTE = 160,
};

/* Names live as long as the look. */
struct look_queue {
	struct hf_bytes name;
	struct hf_outbox_stats stats;
};

enum look_dated {
	LOOK_NOT_YET = 0, /* the log was not read so far */
	LOOK_DATED = 1,
	LOOK_BEFORE_LOG = 2, /* the log does not have it any more: old */
};

struct look_claim {
	struct hf_bytes queue, id, owner;
	hf_token token;
	hf_time lease_until; /* HF_UNSET: no lease */
	enum look_dated dated;
	hf_time at; /* granted, by the store's clock as it is now; HF_UNSET unless dated */
};

struct look_totals {
	uint64_t ready, delayed, blocked, sending, failed;
	hf_time oldest_due; /* HF_UNSET: nothing is due */
	uint64_t paused; /* queues */
};

/* One state. */
struct look_state {
	struct hf_info info;
	hf_time clock; /* the store's, as of the state's reading */
	hf_time wall; /* the machine's, then */
	struct look_queue *queues; /* by name */
	size_t queue_count;
	bool more_queues; /* there are more than LOOK_QUEUES_MAX */
	struct look_totals totals;
	struct look_claim *claims; /* those held longest first */
	size_t claim_count;
	bool more_claims; /* some are not among `claims` */
	uint64_t locks; /* held */
	struct hf_memory **kept; /* what names live in */
	size_t kept_count;
};

/* Since the look before. A figure below 0 is not known. */
struct look_rates {
	double changes; /* entries of the log a second */
	/* written to the log a second; as before when the log turned to another segment */
	double bytes;
};

struct look_disk {
	bool known;
	uint64_t used; /* by the files in the store's directory, in blocks */
	uint64_t free, size; /* of the file system, for users */
	uint64_t log; /* bytes of the log's segments, up to its end */
	uint64_t snapshot; /* of the newest snapshot; 0: there is none */
	uint64_t snapshot_lsn; /* which it is */
};

struct look_date; /* when a claim was granted */

struct look {
	const char *directory;
	bool allow_unsafe_fs;
	hf_store *store;
	struct look_state state;
	struct look_rates rates;
	struct look_disk disk;
	int code; /* of the newest look; HF_OK: `state` is what it saw */
	char text[HF_ERROR_TEXT];
	hf_time failing_since; /* wall; HF_UNSET: it is not */
	char note[LOOK_NOTE]; /* what happened to the store: replaced, writer gone, ... */
	hf_time noted_at; /* wall; HF_UNSET: nothing did */
	bool noted_grave;
	int64_t looked_at; /* of the newest good look, by a clock that is never set */
	struct look_date *dates; /* of claims, by token */
	size_t date_count;
	hf_lsn set_back; /* the newest one that `dates` know of */
};

/* Looks for the first time, through a handle that was opened with no_refresh and belongs to the
 * look from now on. The code of the look. */
int look_begin(struct look *look, const char *directory, bool allow_unsafe_fs, hf_store *store);
/* Looks again. */
int look_again(struct look *look);
/* Closes the handle and frees everything. */
void look_end(struct look *look);

/* How long the claim is held; below 0: not known. */
int64_t look_held(const struct look_state *state, const struct look_claim *claim);
/* At least so long, as far as is known; what is older than the log is. */
bool look_stuck(const struct look_state *state, const struct look_claim *claim, int64_t after_us);

/* What the look adds to itself, in look_state.c, look_claims.c and look_disk.c. */
int look_collect(hf_store *store, struct look_state *out, struct hf_error *error);
void look_free(struct look_state *state);
void look_date_claims(struct look *look, struct look_state *state);
/* `segment` and `offset`: where the log ends. */
void look_at_disk(const char *directory, uint32_t segment, uint32_t offset, struct look_disk *out);

/* --- Figures for people, in figures.c --------------------------------------------------------- */

enum { FIGURE_SIZE = 32 };
/* 18,442,017 */
void figure_count(uint64_t value, char out[FIGURE_SIZE]);
/* At most 7 columns: 9,999, 123456, 12.3M. */
void figure_short(uint64_t value, char out[FIGURE_SIZE]);
/* 691 MiB */
void figure_bytes(double value, char out[FIGURE_SIZE]);
/* 0.3s, 42s, 3m20s, 2h05m, 3d04h; below 0: "-" */
void figure_age(int64_t us, char out[FIGURE_SIZE]);
/* A rate: 0, 0.3, 41.2, 1,204; below 0: "-" */
void figure_rate(double value, char out[FIGURE_SIZE]);

#endif
