/* What operators are told of queues: store/metrics/figures.h. */
#include "store/metrics/figures.h"
#include "domains/outbox/outbox.h"

/* Claims that are over and not logged of one queue. While there are more, the others count as their
 * values say: one hold of the lock is to be short. */
#define OVER_MOST ((size_t)10000)
/* In units of hf__measured(): of a queue beyond the first, and of so many claims that are over. */
#define QUEUE_WORK 4u
#define OVER_PER_WORK 10u

enum { READY, DELAYED, BLOCKED, SENDING, FAILED, OLDEST_DUE, PAUSED, COLUMNS };

#define ITEMS(word) \
	{ \
		.family = "queue_items", .label = "state", .value = (word), \
		.help = "Items of a queue. ready: due, and next of their group; delayed: not due yet; " \
		        "blocked: kept back by their group; sending: claimed; failed: given up." \
	}

static const struct hf__figure figures[COLUMNS] = {
    [READY] = ITEMS("ready"),
    [DELAYED] = ITEMS("delayed"),
    [BLOCKED] = ITEMS("blocked"),
    [SENDING] = ITEMS("sending"),
    [FAILED] = ITEMS("failed"),
    [OLDEST_DUE] = {.family = "queue_oldest_due_seconds",
                    .help = "For how long the oldest ready item has been due; 0: none is ready.",
                    .unit = HF__MICROSECONDS,
                    .greatest = true},
    [PAUSED] = {.family = "queue_paused", .help = "1: the queue is paused. Of several: how many."},
};

static int64_t due_for(const struct hf_outbox_stats *stats, int64_t now)
{
	int64_t span;
	if (stats->oldest_due == HF_UNSET || stats->oldest_due >= now)
		return 0;
	return __builtin_sub_overflow(now, stats->oldest_due, &span) ? INT64_MAX : span;
}

static bool measure(const struct hf__outbox_queue *queue, struct hf__measure *m)
{
	struct hf_outbox_stats stats = {0};
	const struct hf_bytes name = hf__container_name(queue);
	const size_t over = hf__outbox_count(queue, HF__OUTBOX_TIME(m), OVER_MOST, &stats);
	const int64_t values[COLUMNS] = {
	    [READY] = (int64_t)stats.ready,         [DELAYED] = (int64_t)stats.delayed,
	    [BLOCKED] = (int64_t)stats.blocked,     [SENDING] = (int64_t)stats.sending.items,
	    [FAILED] = (int64_t)stats.failed.items, [OLDEST_DUE] = due_for(&stats, m->now),
	    [PAUSED] = queue->value.paused,
	};
	return hf__measured(m, &name, values, QUEUE_WORK + (unsigned)over / OVER_PER_WORK);
}

/* As hf_outbox_names() lists them. */
static void walk(const void *raw, struct hf__measure *m)
{
	const struct hf__outbox_state *state = raw;
	const struct hf__index *queues = &state->queues.by_name;
	const struct hf__index_filter holding = hf__index_above(m->mono);
	struct hf__index_at at =
	    m->began ? hf__index_after(queues, &m->after[0], 1) : hf__index_first(queues);
	do {
		at = hf__index_pass(queues, at, &holding);
		if (!at.leaf || !measure(hf__index_object(at), m))
			return;
		at = hf__index_next(at);
	} while (at.leaf);
}

const struct hf__figures hf__outbox_figures = {
    .family = "queues",
    .help = "Queues that hold items or completed ids, or were configured.",
    .names = {"queue"},
    .of = figures,
    .count = COLUMNS,
    .walk = walk,
};

const char *hf__outbox_objects(const void *raw, unsigned kind, uint64_t *count)
{
	const struct hf__outbox_state *state = raw;
	static const char *const kinds[] = {"item", "completed_id"};
	if (kind >= sizeof kinds / sizeof *kinds)
		return NULL;
	*count = kind == 0 ? state->items.count : state->done.count;
	return kinds[kind];
}
