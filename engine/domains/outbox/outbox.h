/* The outbox domain's insides, shared by the files of outbox/ alone.
 *
 *   outbox.c                the row: life, endings
 *   state.c                 objects, lookups, hooks
 *   place.c                 indexes, and what is found in them
 *   group.c                 groups: who is next
 *   entry.c                 entries: bytes <-> meaning
 *   describe.c, about.c     entries in words; for watchers
 *   apply.c, apply_queue.c  entries -> state: about an item; about several, or a queue
 *   value.c                 values after an entry
 *   snapshot.c, verify.c    snapshot; verify
 *   verb.c                  what mutations have in common
 *   enqueue.c, put.c        filling a queue; items and ids as given
 *   queue.c, redrive.c      settings, pause, clear; redrive, prune
 *   read.c, list.c          get, stats; lists of items
 *   completed.c             lists of completed ids
 *   figures.c               figures for operators
 *   claim/                  claim, claim_next, extend, outcomes, drain, lost claims, completed ids
 *
 * An item's container is its queue: whatever happens to an item is noted on the queue, so that
 * lists, misses and an empty claim_next have something to depend on. A queue that is empty and
 * was never configured is no state, and it goes (object/removed.h). A queue's container
 * is the root, on which the list of queues depends.
 *
 * Endings are views. A claim whose lease is over, or that an earlier incarnation made without a
 * lease, is lost: from that instant the item is queued for everyone, or failed if too many
 * claims of it were lost, although its value says sending until the ending is logged. Indexes
 * follow the value alone; a call that asks about an instant looks at the claims that are over and
 * not logged yet beside them (hf__outbox_view). A mutation that changes such an item logs the
 * ending first, so that no other entry has to know of it.
 *
 * Times: what the store computed (leases, backoffs, windows, `computed` available_at) is kept in
 * the mono scale, what a caller named as it was named: see store/clock.h. */
#ifndef HF_DOMAINS_OUTBOX_STATE_H
#define HF_DOMAINS_OUTBOX_STATE_H

#include "base/heap.h"
#include "base/outer.h"
#include "domains/common/names.h"
#include "holdfast/outbox.h"
#include "holdfast/outbox_claim.h"
#include "holdfast/outbox_read.h"
#include "log/entry.h"
#include "object/container.h"
#include "object/range.h"
#include "store/clock.h"
#include "store/domain.h"

/* Indexed by enum hf_outbox_status; 0 is unused. */
#define HF__OUTBOX_PLACES 4u

struct hf__outbox_item;
struct hf__outbox_queue;

struct hf__outbox_state {
	struct hf__containers queues; /* listed while they are state */
	struct hf__domain_env env;
	struct hf__map items; /* by queue and id */
	struct hf__map done; /* completed ids that block, by queue and id */
	struct hf__map groups; /* by queue and group: those that an item belongs to */
	/* What settle has to log: every item whose value says sending and which has a lease (by its
	 * end) or is an earlier incarnation's (at INT64_MIN). */
	struct hf__heap endings;
	struct hf__heap fading; /* completed ids, by the end of their time: settle logs that too */
	/* first LSN of this opening; UINT64_MAX before it is known: nothing is held without a
	 * lease */
	uint64_t incarnation;
	uint64_t newest_unleased; /* no claim without a lease is newer; only a bound */
};

struct hf__outbox_queue_value {
	uint64_t version; /* 0: the settings are the defaults, and no completed id was dropped */
	uint64_t dropped; /* completed ids that were too many */
	int64_t dedup_window;
	uint32_t dedup_max;
	uint32_t max_attempts;
	uint32_t max_lost; /* HF_NEVER: no bound */
	bool paused;
};

struct hf__outbox_queue {
	struct hf__container head;
	/* items that live: more than the lines hold while one of them is being changed */
	size_t enlisted;
	struct hf__outbox_state *state;
	struct hf__outbox_queue_value value;
	/* What is queued, of a group only the item that is next: by priority, available_at, seq,
	 * with available_at as weight, so that the next one is found in O(log n) however many are
	 * delayed, held or kept back; and by available_at, seq, to count those that are due. Two of
	 * each: where available_at was named, and where it was computed, which set-backs of the
	 * clock move against each other. */
	struct hf__index ready[2], due[2];
	/* By seq, one for each status. The weight is enqueued_at (so the least of all is at the
	 * root) but for sending, where it is the end of the claim: INT64_MAX while the incarnation
	 * that made it without a lease goes on, INT64_MIN afterwards. */
	struct hf__index line[HF__OUTBOX_PLACES];
	struct hf__index done; /* completed ids, in the order of their completion */
	struct hf__heap held; /* what the values say is sending, by enqueued_at: the oldest */
	/* Summed up over its groups: see outbox/group.c. */
	size_t groups, busy_groups, blocked;
	uint64_t newest_seq; /* no item has a greater one; only a bound */
	uint8_t name[];
};

struct hf__outbox_value {
	uint64_t version; /* LSN of the last true change; the logged ending of a claim keeps it */
	uint64_t seq; /* LSN of the entry that queued it first, or once more: enqueue order */
	int64_t enqueued_at;
	int64_t available_at; /* mono if computed */
	struct hf__kept payload, rerun_payload;
	struct hf__blob *more; /* struct hf__outbox_more; NULL: none of it */
	struct hf__blob *claim; /* struct hf__outbox_holder; only while sending, else NULL */
	uint32_t attempts;
	uint32_t lost;
	uint32_t max_attempts; /* 0: the queue's */
	int32_t priority;
	uint8_t status; /* enum hf_outbox_status */
	bool computed; /* available_at is one that the store computed */
	bool rerun_computed;
	bool noted; /* a rerun: what the item is queued again with when it is completed. Else zero */
	uint16_t len; /* of the id: it never changes, and fills a gap here */
};

/* What few items have: what stands in value.more. */
struct hf__outbox_more {
	int64_t rerun_enqueued_at, rerun_available_at; /* of a rerun that is noted; else 0 */
	struct hf_bytes extra, last_error; /* of the value */
};
/* outbox/holder.c */
struct hf__outbox_more hf__outbox_more_in(const struct hf__blob *blob);
/* 0 and nothing where there is none. */
static inline struct hf__outbox_more hf__outbox_more_of(const struct hf__outbox_value *value)
{
	return value->more ? hf__outbox_more_in(value->more) : (struct hf__outbox_more){0};
}

/* Who works on an item: what stands in value.claim. Most items are never claimed while others are
 * looked at, and pay 8 bytes. */
struct hf__outbox_holder {
	uint64_t token;
	int64_t lease_until; /* mono. HF_UNSET: none, held by the incarnation in which `version` lies */
	int64_t run_until; /* mono: no extension goes beyond; HF_UNSET: no bound */
	uint64_t session; /* 0: a claim without a lease is the incarnation's */
	struct hf_bytes owner; /* of the value */
};
/* outbox/holder.c. 0, HF_UNSET and nothing where there is none. */
struct hf__outbox_holder hf__outbox_claim_of(const struct hf__outbox_value *value);

/* What only items need that were claimed: made before their first claim, and then kept. */
struct hf__outbox_hold {
	struct hf__heap_node ending, held;
	struct hf__outbox_item *item;
};

/* A group, made for the first item that belongs to it and gone with the memory of the last. No
 * object of its own: all of it follows from its items. `line` holds those whose value says
 * queued or sending, by seq; one at most is sending. */
struct hf__outbox_group {
	struct hf__outbox_queue *queue;
	struct hf__index line;
	struct hf__outbox_item *holder; /* the one whose value says sending, or NULL */
	/* the one that stands in queue->ready for the group; NULL: none does */
	struct hf__outbox_item *next;
	/* items in memory, those too that were removed by a change that is not final */
	size_t references;
	size_t members; /* items that live */
	uint32_t len;
	uint8_t name[];
};

struct hf__outbox_item {
	struct hf__object object; /* container: its queue */
	struct hf__outbox_hold *hold; /* NULL: it was never claimed */
	struct hf__outbox_group *group; /* NULL: none. It stays the same while the item lives */
	struct hf__outbox_value value;
	uint8_t id[];
};

/* A completed id. It never changes. */
struct hf__outbox_done {
	struct hf__object object; /* container: its queue */
	struct hf__heap_node fading;
	uint64_t lsn; /* of the completion */
	int64_t until; /* mono: it blocks before this instant */
	uint32_t len;
	uint8_t id[];
};

#define ITEM struct hf__outbox_item
#undef ITEM
HF__DEFINE_OUTER(hf__outbox_done_of_fading, struct hf__heap_node, struct hf__outbox_done, fading);

static inline struct hf__outbox_item *hf__outbox_of_ending(const struct hf__heap_node *node)
{
	return HF__OUTER(node, struct hf__outbox_hold, ending)->item;
}

static inline struct hf__outbox_item *hf__outbox_of_held(const struct hf__heap_node *node)
{
	return HF__OUTER(node, struct hf__outbox_hold, held)->item;
}

static inline struct hf__outbox_queue *hf__outbox_queue_of(const struct hf__outbox_item *item)
{
	return (void *)item->object.container;
}

static inline struct hf_bytes hf__outbox_id(const struct hf__outbox_item *item)
{
	return hf_bytes_of(item->id, item->value.len);
}

/* --- outbox/place.c and outbox/state.c -------------------------------------------------------- */

struct hf__outbox_item *hf__outbox_find(const struct hf__outbox_state *state, struct hf_bytes queue,
                                        struct hf_bytes id);
/* Not in any index yet; hf__change_add puts them there. NULL: out of memory. */
/* Makes what a claim needs, once. false: out of memory. */
bool hf__outbox_may_hold(struct hf__outbox_item *item);
struct hf__outbox_item *hf__outbox_item_new(struct hf__outbox_queue *queue, struct hf_bytes id,
                                            struct hf_bytes group, uint64_t seq);
/* What a call waits for that finds nothing to claim: any change in the queue, which need not
 * exist yet. */
uint64_t hf__outbox_wait_key(const struct hf__outbox_state *state, struct hf_bytes queue);
/* Something that makes the queue state came or went. */
void hf__outbox_queue_tag(struct hf__outbox_queue *queue);
/* Does the value say what that of a queue says which is not there? Then its version is 0: it is
 * no state. */
bool hf__outbox_queue_plain(const struct hf__outbox_queue_value *value);
/* Until when it is listed: INT64_MAX for items or settings, else while a completed id blocks;
 * INT64_MIN: not at all. */
int64_t hf__outbox_queue_until(const struct hf__outbox_queue *queue);

/* The instant of a decision or a query. */
struct hf__outbox_time {
	int64_t now, mono, setback;
};
#define HF__OUTBOX_TIME(x) ((struct hf__outbox_time){(x)->now, (x)->mono, (x)->setback})

/* claim/lost.c. What an item is to everyone at an instant: its value, or what a claim that is
 * over leaves of it. */
struct hf__outbox_view {
	enum hf_outbox_status status;
	uint32_t lost;
	int64_t available_at; /* mono if computed */
	bool computed;
	struct hf_bytes last_error; /* may lie in `text`: the view must not move */
	char text[128];
};
void hf__outbox_view(const struct hf__outbox_item *item, struct hf__outbox_time t,
                     struct hf__outbox_view *out);
enum hf_outbox_status hf__outbox_status(const struct hf__outbox_item *item,
                                        struct hf__outbox_time t);
/* Does its value say sending, of a claim that is over? */
bool hf__outbox_over(const struct hf__outbox_item *item, struct hf__outbox_time t);
/* Is an available_at reached; as the clock shows it. */
bool hf__outbox_reached(int64_t available_at, bool computed, struct hf__outbox_time t);
int64_t hf__outbox_shown(int64_t available_at, bool computed, struct hf__outbox_time t);

/* The end of a claim, INT64_MAX and INT64_MIN as in queue->line. */
int64_t hf__outbox_end_of(const struct hf__outbox_item *item);
/* Weight in the line of its status. */
int64_t hf__outbox_line_weight(const struct hf__outbox_item *item);
/* Does settle have to log its ending, and when? */
bool hf__outbox_ends(const struct hf__outbox_item *item, int64_t *at);

void hf__outbox_orders_init(struct hf__outbox_queue *queue);
bool hf__outbox_indexes_init(struct hf__outbox_state *state, const struct hf__domain_env *env);
/* Where queued items stand. */
void hf__outbox_stand(struct hf__outbox_item *item);
void hf__outbox_stand_down(struct hf__outbox_item *item);
/* Of what stands in the order of this kind: how many are due at the instant, and the first
 * available_at. */
size_t hf__outbox_due(const struct hf__outbox_queue *queue, bool computed,
                      struct hf__outbox_time t);
int64_t hf__outbox_due_first(const struct hf__outbox_queue *queue, bool computed);
/* Of the items that may be claimed at the instant, the next one in turn. */
struct hf__outbox_item *hf__outbox_first_ready(const struct hf__outbox_queue *queue,
                                               struct hf__outbox_time t);
/* The next instant, as the clock shows it, at which something comes up or a claim ends;
 * INT64_MAX: none. */
int64_t hf__outbox_next_instant(const struct hf__outbox_queue *queue, struct hf__outbox_time t);
/* The same of claims alone. */
int64_t hf__outbox_next_end(const struct hf__outbox_queue *queue, struct hf__outbox_time t);
/* Claims that are over and not logged: the first, the next. */
struct hf__outbox_item *hf__outbox_first_over(const struct hf__outbox_queue *queue,
                                              struct hf__outbox_time t);
struct hf__outbox_item *hf__outbox_next_over(const struct hf__outbox_item *item,
                                             struct hf__outbox_time t);

/* A walk over the items of a queue, in enqueue order, whose view has a status (or any). */
struct hf__outbox_walk {
	struct hf__outbox_time t;
	enum hf_outbox_status status;
	struct hf__index_at at[HF__OUTBOX_PLACES]; /* the next of each line */
	const struct hf__outbox_queue *queue;
};
/* From the first whose seq is above `after` on. */
void hf__outbox_walk_begin(struct hf__outbox_walk *walk, const struct hf__outbox_queue *queue,
                           enum hf_outbox_status status, struct hf__outbox_time t, uint64_t after);
/* NULL: the end. */
struct hf__outbox_item *hf__outbox_walk_next(struct hf__outbox_walk *walk);
/* Is there an item of this seq? */
bool hf__outbox_seq_taken(const struct hf__outbox_queue *queue, uint64_t seq);
size_t hf__outbox_queue_count(const struct hf__outbox_queue *queue);

extern const struct hf__type hf__outbox_item_type;

/* --- outbox/group.c --------------------------------------------------------------------------- */

uint64_t hf__outbox_group_hash(const struct hf__map *map, const void *group);
/* Empty: none. */
struct hf_bytes hf__outbox_group_name(const struct hf__outbox_item *item);
/* Makes the item a member, of a new group if need be. false: out of memory. */
bool hf__outbox_group_join(struct hf__outbox_queue *queue, struct hf__outbox_item *item,
                           struct hf_bytes name);
/* The item is about to be freed. */
void hf__outbox_group_leave(struct hf__outbox_item *item);
/* It was born, or is gone; both may be taken back. */
void hf__outbox_group_count(const struct hf__outbox_item *item, bool lives);
/* Enters and leaves queue->ready, for items of a group through it. */
void hf__outbox_ready_link(struct hf__outbox_item *item);
void hf__outbox_ready_unlink(struct hf__outbox_item *item);
/* The item of the item's group whose value says sending; NULL: none, or no group. */
struct hf__outbox_item *hf__outbox_group_holder(const struct hf__outbox_item *item);
/* The same by name. */
struct hf__outbox_item *hf__outbox_holder_of(const struct hf__outbox_queue *queue,
                                             struct hf_bytes group);
/* The first of the group that is queued at the instant. */
struct hf__outbox_item *hf__outbox_group_first(const struct hf__outbox_group *group,
                                               struct hf__outbox_time t);
/* Is it the first of its group that is queued, or in none? */
bool hf__outbox_in_turn(const struct hf__outbox_item *item, struct hf__outbox_time t);
/* What is wrong with the group, or NULL; adds up what the queue keeps. */
const char *hf__outbox_group_fault(const struct hf__outbox_group *group);
/* How many of its items are kept back, as far as values tell. */
size_t hf__outbox_group_blocked(const struct hf__outbox_group *group);

/* --- claim/done.c ----------------------------------------------------------------------------- */

struct hf__outbox_done *hf__outbox_done_find(const struct hf__outbox_state *state,
                                             struct hf_bytes queue, struct hf_bytes id);
/* Not in any index yet. NULL: out of memory. */
struct hf__outbox_done *hf__outbox_done_new(struct hf__outbox_queue *queue, struct hf_bytes id,
                                            uint64_t lsn, int64_t until);
struct hf_bytes hf__outbox_done_id(const struct hf__outbox_done *done);
struct hf__outbox_queue *hf__outbox_done_queue(const struct hf__outbox_done *done);
extern const struct hf__index_type hf__outbox_done_by_lsn;
/* For state->fading, and for state->done. */
int64_t hf__outbox_done_until(const struct hf__heap_node *node);
uint64_t hf__outbox_done_hash(const struct hf__map *map, const void *done);
/* Is there one of this LSN? */
bool hf__outbox_done_taken(const struct hf__outbox_queue *queue, uint64_t lsn);
/* The first completed id after LSN `after` that still blocks at `mono`. */
struct hf__outbox_done *hf__outbox_done_walk(const struct hf__outbox_queue *queue, int64_t mono,
                                             uint64_t after);
/* How many still block. */
size_t hf__outbox_done_count(const struct hf__outbox_queue *queue, int64_t mono);

/* --- outbox/read.c, outbox/figures.c ---------------------------------------------------------- */

/* Items by status, ready, delayed, blocked, groups, and oldest_due, as of `t`. At most so many
 * claims that are over and not logged are looked at: gives how many there were of these. The rest
 * of *out is left alone. */
size_t hf__outbox_count(const struct hf__outbox_queue *queue, struct hf__outbox_time t, size_t most,
                        struct hf_outbox_stats *out);
extern const struct hf__figures hf__outbox_figures;
const char *hf__outbox_objects(const void *state, unsigned kind, uint64_t *count);

/* A new incarnation: see struct hf__domain. */
void hf__outbox_opened(void *state, uint64_t first_lsn);

#endif
