/* The outbox domain's insides, shared by outbox*.c and nobody else.
 *
 *   outbox.c          the row: life, endings            outbox_state.c    objects, lookups, hooks
 *   outbox_entry.c    entries: bytes <-> meaning        outbox_place.c    places, views, orders
 *   outbox_apply.c    entries -> state                  outbox_check.c    snapshot and verify
 *   outbox_describe.c entries in words                  outbox_verb.c     what mutations have in common
 *   outbox_enqueue.c  filling a queue                   outbox_queue.c    settings, clear
 *   outbox_claim.c    claims                            outbox_hold.c     extend, guards
 *   outbox_outcome.c  complete, fail, retry, ...        outbox_drain.c    claim, send, complete
 *   outbox_read.c     get, stats                        outbox_list.c     lists
 *
 * An item's container is its queue: whatever happens to an item is noted on the queue, so that lists, misses and an empty claim_next have
 * something to depend on. Queues stay once made; one that is empty and was never configured is no state. A queue's container is the root,
 * on which the list of queues depends.
 *
 * Endings are views. An item whose lease is over, or that an earlier incarnation claimed without a lease, is queued for everyone
 * from that instant, although its value says sending until the ending is logged. Two words for it:
 *   place   where the item stands in the indexes. It does not move with time: an earlier incarnation's claim without a lease stands
 *           with the queued, a lease that is over still stands with the sending.
 *   view    what a caller sees at an instant: the place, except that a lease that is over makes it queued. */
#ifndef HF_DOMAINS_OUTBOX_STATE_H
#define HF_DOMAINS_OUTBOX_STATE_H

#include "base/heap.h"
#include "base/map.h"
#include "base/order.h"
#include "holdfast/outbox.h"
#include "log/entry.h"
#include "store/domain.h"
#include "store/names.h"

/* Indexed by enum hf_outbox_status; 0 is unused. */
#define HF__OUTBOX_PLACES 4u

struct hf__outbox_state {
	struct hf__domain_env env;
	struct hf__map queues; /* by name */
	struct hf__order by_name; /* all queues, tagged with enum hf__name_tags: is it state? */
	struct hf__object root; /* the container of queues; never changes itself */
	struct hf__map items; /* by queue and id */
	/* What settle has to log: every item whose value says sending and which has a lease (by its end) or is an earlier incarnation's
	 * (at INT64_MIN). */
	struct hf__heap endings;
	uint64_t incarnation; /* first LSN of this opening; UINT64_MAX before it is known: nobody holds anything without a lease */
	uint64_t newest_unleased; /* no claim without a lease is newer; only a bound */
};

struct hf__outbox_queue_value {
	uint64_t version; /* 0: never configured */
	uint32_t max_attempts;
};

struct hf__outbox_queue {
	struct hf__object object;
	struct hf__map_node node;
	struct hf__order_node by_name;
	size_t enlisted; /* items that live: more than hf__outbox_queue_count() while one of them is being changed */
	struct hf__outbox_state *state;
	struct hf__outbox_queue_value value;
	/* By priority, available_at, seq: what is queued, and what is sending with a lease. The weight is the instant from which the item
	 * can be claimed, so that the next one is found in O(log n) however many are delayed or held. Failed items are not in it. */
	struct hf__order ready;
	/* By seq, one for each place. The weight is enqueued_at (so the least of all is at the root) but for sending, where it is the end
	 * of the lease, INT64_MAX without one. */
	struct hf__order line[HF__OUTBOX_PLACES];
	struct hf__heap held; /* what stands with the sending, by enqueued_at: the oldest */
	uint64_t newest_seq; /* no item has a greater one; only a bound */
	uint32_t len;
	uint8_t name[];
};

struct hf__outbox_value {
	uint64_t version; /* LSN of the last true change; the logged ending of a claim keeps it */
	int64_t enqueued_at;
	int64_t available_at;
	struct hf__payload payload;
	struct hf__blob *last_error;
	/* Only while sending, else 0, HF_UNSET, NULL. */
	uint64_t token;
	int64_t lease_until; /* HF_UNSET: none, held by the incarnation in which `version` lies */
	struct hf__blob *owner;
	uint32_t attempts;
	uint32_t max_attempts; /* 0: the queue's */
	int32_t priority;
	uint8_t status; /* enum hf_outbox_status */
};

struct hf__outbox_item {
	struct hf__object object; /* container: its queue */
	struct hf__map_node node;
	struct hf__order_node ready, line;
	struct hf__heap_node ending, held;
	uint64_t seq; /* LSN of the entry that created it: enqueue order */
	struct hf__outbox_value value;
	uint32_t len;
	uint8_t id[];
};

/* --- outbox_place.c and outbox_state.c -------------------------------------------------------------------------------------- */

struct hf__outbox_queue *hf__outbox_queue_find(const struct hf__outbox_state *state, struct hf_bytes name);
struct hf__outbox_item *hf__outbox_find(const struct hf__outbox_state *state, struct hf_bytes queue, struct hf_bytes id);
/* Not in any index yet; hf__change_add puts them there. NULL: out of memory. */
struct hf__outbox_queue *hf__outbox_queue_new(struct hf__outbox_state *state, struct hf_bytes name);
struct hf__outbox_item *hf__outbox_item_new(struct hf__outbox_queue *queue, struct hf_bytes id, uint64_t seq);

struct hf__outbox_queue *hf__outbox_queue_of_map(const struct hf__map_node *node);
struct hf__outbox_queue *hf__outbox_queue_of_order(const struct hf__order_node *node);
struct hf__outbox_item *hf__outbox_of_map(const struct hf__map_node *node);
struct hf__outbox_item *hf__outbox_of_line(const struct hf__order_node *node);
struct hf__outbox_item *hf__outbox_of_ready(const struct hf__order_node *node);
struct hf__outbox_item *hf__outbox_of_ending(const struct hf__heap_node *node);
struct hf__outbox_queue *hf__outbox_queue_of(const struct hf__outbox_item *item);
struct hf_bytes hf__outbox_queue_name(const struct hf__outbox_queue *queue);
struct hf_bytes hf__outbox_id(const struct hf__outbox_item *item);

enum hf_outbox_status hf__outbox_place(const struct hf__outbox_item *item);
enum hf_outbox_status hf__outbox_view(const struct hf__outbox_item *item, int64_t now);
/* Is it in queue->ready, and if so since when or from when can it be claimed? */
bool hf__outbox_claimable(const struct hf__outbox_item *item, int64_t *from);
/* Weight in queue->line[place]. */
int64_t hf__outbox_line_weight(const struct hf__outbox_item *item);
/* Does settle have to log its ending, and when? */
bool hf__outbox_ends(const struct hf__outbox_item *item, int64_t *at);

void hf__outbox_orders_init(struct hf__outbox_queue *queue);
bool hf__outbox_indexes_init(struct hf__outbox_state *state, const struct hf__domain_env *env);
/* The first item of the queue, in enqueue order, whose view at `now` is `status` (or any) and whose seq is above `after`. */
struct hf__outbox_item *hf__outbox_walk(const struct hf__outbox_queue *queue, enum hf_outbox_status status, int64_t now, uint64_t after);
/* Is there an item of this seq? */
bool hf__outbox_seq_taken(const struct hf__outbox_queue *queue, uint64_t seq);
size_t hf__outbox_queue_count(const struct hf__outbox_queue *queue);

/* A new incarnation: see struct hf__domain. */
void hf__outbox_opened(struct hf__outbox_state *state, uint64_t first_lsn);

#endif
