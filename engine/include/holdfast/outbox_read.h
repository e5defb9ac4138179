/* Reading outboxes: items, figures, completed ids. What is said of all functions in outbox.h
 * holds here too. */
#ifndef HOLDFAST_OUTBOX_READ_H
#define HOLDFAST_OUTBOX_READ_H

#include "holdfast/outbox.h"

#ifdef __cplusplus
extern "C" {
#endif

struct hf_outbox_key {
	struct hf_bytes queue;
	struct hf_bytes id;
};

struct hf_outbox_got {
	size_t size; /* types.h */
	struct hf_outbox_item item;
	struct hf_memory *memory;
	hf_lsn place; /* as in a list */
};

/* One item, or HF_ENOTFOUND. */
HF_API HF_CHECKED int hf_outbox_get(hf_store *store, const struct hf_outbox_key *key,
                                    unsigned flags, struct hf_outbox_got *out,
                                    struct hf_error *error);

/* Says whether an item is wanted. Called with no engine lock held: it may call holdfast. `item`
 * lives until it returns. */
typedef bool (*hf_outbox_match_fn)(void *ctx, const struct hf_outbox_item *item);

/* Which items. Zeroed but for the queue: all of them. */
struct hf_outbox_list_args {
	size_t size; /* types.h */
	struct hf_bytes queue;
	/* HF_OUTBOX_QUEUED gives what is pending, delayed items too; HF_OUTBOX_ANY: all */
	enum hf_outbox_status status;
	hf_outbox_match_fn match; /* NULL: all; not part of the page token */
	void *match_ctx;
	/* payload stays empty: nothing is read from disk. `match` then sees none either */
	bool without_payload;
	size_t limit; /* items of a page; 0: all */
	const char *page; /* `next` of the page before; NULL: the first page */
	hf_lsn after; /* begins behind this place (types.h), if given */
	/* only items whose id begins with this, at most HF_KEY_MAX bytes; empty: all */
	struct hf_bytes id_prefix;
};

/* Items in enqueue order. HF_EINVAL for a damaged `page` or one of another query. With `match` a
 * list is read in steps that may see different states, as pages do, and the last page may be
 * empty. With an id_prefix a page with a limit passes over 4,096 items at most that do not match:
 * it may be short or empty although `next` is given. */
HF_API HF_CHECKED int hf_outbox_list(hf_store *store, const struct hf_outbox_list_args *args,
                                     unsigned flags, struct hf_outbox_items *out,
                                     struct hf_error *error);

struct hf_outbox_status_stats {
	uint64_t items;
	hf_time oldest; /* smallest enqueued_at among them; HF_UNSET: none */
};

struct hf_outbox_stats {
	size_t size; /* types.h */
	struct hf_outbox_status_stats queued;
	struct hf_outbox_status_stats sending;
	struct hf_outbox_status_stats failed;
	/* The queued ones again: due and next (in their group, if they are in one), not due yet, and
	 * kept back by their group, due or not. A pause changes none of them. */
	uint64_t ready;
	uint64_t delayed;
	uint64_t blocked;
	hf_time oldest_due; /* the smallest available_at of those that are ready; HF_UNSET: none */
	/* the store's clock: everything here is as of this very instant, endings that are not logged
	 * yet included */
	hf_time as_of;
	uint32_t max_attempts; /* of the queue */
	uint32_t max_lost; /* of the queue; HF_NEVER: no bound */
	hf_lsn settings_version; /* 0: the settings are the defaults, and no completed id was dropped */
	bool paused;
	/* Groups that have queued or sending items; of those, the ones of which an item is held. */
	uint64_t groups;
	uint64_t busy_groups;
	int64_t dedup_window_us;
	uint32_t dedup_max;
	uint64_t completed; /* ids that still block */
	uint64_t dropped; /* completed ids that dedup_max cut short, ever */
};

/* In O(log n), and as much for each ending that is not logged yet. */
HF_API HF_CHECKED int hf_outbox_get_stats(hf_store *store, struct hf_bytes queue, unsigned flags,
                                          struct hf_outbox_stats *out, struct hf_error *error);

struct hf_outbox_completed_id {
	struct hf_bytes id;
	hf_time until; /* it blocks before this time */
	hf_lsn version;
};

struct hf_outbox_completed_page {
	size_t size; /* types.h */
	const struct hf_outbox_completed_id *ids;
	size_t count;
	const char *next; /* token of the next page, NULL at the end */
	struct hf_memory *memory; /* free with hf_release() */
};

struct hf_outbox_list_completed_args {
	size_t size; /* types.h */
	struct hf_bytes queue;
	struct hf_bytes id; /* only this one, if it blocks; empty: all */
	size_t limit; /* 0: all */
	const char *page; /* `next` of the page before; NULL: the first page */
	hf_lsn after; /* begins behind this `version` (types.h), if given */
};

/* The completed ids that still block, in the order in which they were completed. HF_EINVAL for a
 * damaged `page` or one of another query. */
HF_API HF_CHECKED int hf_outbox_list_completed(hf_store *store,
                                               const struct hf_outbox_list_completed_args *args,
                                               unsigned flags, struct hf_outbox_completed_page *out,
                                               struct hf_error *error);

#ifdef __cplusplus
}
#endif

#endif
