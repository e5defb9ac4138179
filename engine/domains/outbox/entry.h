/* What the outbox domain writes into the log: see outbox/entry.c for the bytes. */
#ifndef HF_DOMAINS_OUTBOX_ENTRY_H
#define HF_DOMAINS_OUTBOX_ENTRY_H

#include "holdfast/outbox.h"
#include "holdfast/outbox_claim.h"
#include "store/domain.h"

/* On disk: never renumber. */
enum hf__outbox_kind {
	HF__OUTBOX_ITEM = 1, /* an item with everything it has: new, replaced or from a snapshot */
	HF__OUTBOX_CHANGED = 2, /* an item as it is now; the payload stays */
	HF__OUTBOX_GONE = 3, /* an item is no more */
	/* a claim that was over is logged as such; the version stays, since no answer changes */
	HF__OUTBOX_ENDED = 4,
	HF__OUTBOX_SETTINGS = 5, /* of a queue */
	HF__OUTBOX_CLEARED = 6, /* all items and completed ids of a queue are no more */
	HF__OUTBOX_NOTED = 7, /* a rerun is noted beside an item */
	HF__OUTBOX_REDRIVEN = 8, /* failed items are queued again */
	HF__OUTBOX_DONE = 9, /* an id was completed: imported or from a snapshot (GONE says it live) */
	HF__OUTBOX_FADED = 10, /* the time of a completed id was over; no answer changes */
	HF__OUTBOX_DROPPED = 11, /* the oldest completed ids were too many */
	HF__OUTBOX_PRUNED = 12, /* items that will not be delivered are no more */
};

/* Why. On disk: never renumber. */
enum hf__outbox_cause {
	HF__OUTBOX_STATE = 0, /* from a snapshot */
	HF__OUTBOX_ENQUEUE = 1,
	HF__OUTBOX_REPLACE = 2,
	HF__OUTBOX_PUT = 3,
	HF__OUTBOX_CLAIM = 4,
	HF__OUTBOX_EXTEND = 5,
	HF__OUTBOX_RELEASE = 6,
	HF__OUTBOX_FAIL = 7,
	HF__OUTBOX_MARK_FAILED = 8,
	HF__OUTBOX_RETRY = 9,
	HF__OUTBOX_COMPLETE = 10,
	HF__OUTBOX_REMOVE = 11,
	HF__OUTBOX_RERUN = 12, /* completed, and queued again */
	HF__OUTBOX_CONFIGURE = 13,
	HF__OUTBOX_PAUSE = 14,
	HF__OUTBOX_RESUME = 15,
	HF__OUTBOX_RESCHEDULE = 16,
	HF__OUTBOX_CAUSES = 17,
};

/* What each cause may write: in which kind of entry, and with which statuses (bit n: status n). And
 * what it is called: in a description, and as an operation of the contract (NULL: the same). */
struct hf__outbox_cause_row {
	uint8_t kind, statuses;
	const char *word, *operation;
};
extern const struct hf__outbox_cause_row hf__outbox_causes[HF__OUTBOX_CAUSES];

/* An entry's meaning; borrowed bytes. Members that a kind does not carry are zero. */
struct hf__outbox_image {
	enum hf__outbox_cause cause;
	struct hf_bytes queue, id;
	uint8_t status; /* enum hf_outbox_status */
	uint32_t attempts;
	uint32_t lost;
	uint32_t max_attempts; /* SETTINGS: the queue's */
	int32_t priority;
	int64_t enqueued_at;
	int64_t available_at;
	bool computed; /* available_at is one that the store computed; else a caller named it */
	struct hf_bytes last_error;
	/* Only while sending; lease_until and run_until are HF_UNSET otherwise. ENDED: the token
	 * whose claim is over. */
	uint64_t token;
	int64_t lease_until;
	int64_t run_until; /* no extension goes beyond; HF_UNSET: no bound */
	uint64_t session; /* a claim without a lease belongs to it; 0: to the incarnation */
	struct hf_bytes owner;
	/* ITEM only, but for the payload. */
	uint64_t seq;
	struct hf_bytes group;
	struct hf_bytes extra;
	struct hf_bytes payload; /* NOTED: the rerun's */
	/* A rerun. ITEM: if one is noted; NOTED: its times are in enqueued_at and available_at. */
	bool noted;
	struct hf_bytes rerun_payload;
	int64_t rerun_enqueued_at, rerun_available_at;
	bool rerun_computed;
	/* GONE: how long the id blocks, HF_UNSET for not at all; DONE. */
	int64_t until;
	/* SETTINGS. */
	int64_t dedup_window;
	uint32_t dedup_max;
	uint32_t max_lost; /* HF_NEVER: no bound */
	bool paused;
	uint64_t dropped; /* DROPPED: how many */
	/* REDRIVEN: available_at is the latest that is left to them, attempts begin anew if `reset`.
	 * PRUNED. The ids, one behind the other as hf__get_short reads them. */
	bool reset;
	uint32_t count;
	struct hf_bytes ids;
};

/* `without_payload` leaves what comes last to the caller: the payload of a rerun if one is
 * noted, then the item's. */
void hf__outbox_encode(struct hf__writer *w, enum hf__outbox_kind kind,
                       const struct hf__outbox_image *image, bool without_payload);
/* HF_OK; HF_EVERSION: of a newer version; HF_ECORRUPT: no mutation writes such a body. `lsn` is
 * the entry's. */
HF_CHECKED int hf__outbox_decode(uint8_t kind, uint64_t lsn, struct hf_bytes body,
                                 struct hf__outbox_image *out);

/* One line about an entry. Total on any body. */
void hf__outbox_describe(const struct hf__entry *entry, struct hf__text *out);

/* What an entry is about; and whether one about a queue concerns the item of
 * this key. */
bool hf__outbox_about(const struct hf__entry *entry, struct hf__about *out);
bool hf__outbox_concerns(const struct hf__entry *entry, const struct hf_bytes *key, unsigned parts);

#endif
