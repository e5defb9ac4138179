/* A store on a simulated disk, and its figures beside a recount by lists. */
#ifndef TESTS_METRICS_CASE_H
#define TESTS_METRICS_CASE_H

#include "lib/metrics/figures.h"
#include "lib/settings.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"
#include "store/follow/follow.h"

#define SECOND INT64_C(1000000)
static const struct hf_write in_os = {.durability = HF_OS};

static inline void enqueue(hf_store *store, struct hf_bytes queue, const char *id,
                           const char *group, hf_time available_at)
{
	const struct hf_outbox_enqueue_args args = {.write = in_os,
	                                            .queue = queue,
	                                            .id = hf_str(id),
	                                            .payload = hf_str("x"),
	                                            .group = hf_str(group),
	                                            .available_at = available_at};
	assert_int_equal(hf_outbox_enqueue(store, NULL, &args, NULL, NULL), HF_OK);
}

static inline void advance(hf_store *store, struct hf_bytes consumer, struct hf_bytes stream,
                           struct hf_bytes subject, int64_t sequence)
{
	const struct hf_cursor_advance_args args = {.write = in_os,
	                                            .key = {consumer, stream, subject},
	                                            .sequence = sequence,
	                                            .delivery_id = hf_str("d")};
	assert_int_equal(hf_cursor_advance(store, NULL, &args, NULL, NULL), HF_OK);
}

struct counted {
	uint64_t ready, delayed, blocked, sending, failed;
	hf_time oldest_due; /* HF_UNSET: none */
};

/* Is an earlier item of its group queued, or any of it sending? */
static inline bool kept_back(const struct hf_outbox_items *list, size_t i)
{
	const struct hf_outbox_item *item = &list->items[i];
	for (size_t k = 0; item->group.len > 0 && k < list->count; k++) {
		const struct hf_outbox_item *other = &list->items[k];
		const bool same = other->group.len == item->group.len &&
		                  memcmp(other->group.data, item->group.data, item->group.len) == 0;
		if (same &&
		    (other->status == HF_OUTBOX_SENDING || (k < i && other->status == HF_OUTBOX_QUEUED)))
			return true;
	}
	return false;
}

static inline struct counted recount(hf_store *store, struct hf_bytes queue, hf_time now)
{
	const struct hf_outbox_list_args args = {.queue = queue, .without_payload = true};
	struct hf_outbox_items list = {0};
	struct counted c = {.oldest_due = HF_UNSET};
	assert_int_equal(hf_outbox_list(store, &args, HF_READ_UNDURABLE, &list, NULL), HF_OK);
	for (size_t i = 0; i < list.count; i++) {
		const struct hf_outbox_item *item = &list.items[i];
		c.sending += item->status == HF_OUTBOX_SENDING;
		c.failed += item->status == HF_OUTBOX_FAILED;
		if (item->status != HF_OUTBOX_QUEUED)
			continue;
		if (kept_back(&list, i)) {
			c.blocked++;
		} else if (item->available_at > now) {
			c.delayed++;
		} else {
			c.ready++;
			if (c.oldest_due == HF_UNSET || item->available_at < c.oldest_due)
				c.oldest_due = item->available_at;
		}
	}
	hf_release(list.memory);
	return c;
}

static inline double items(const struct figures *f, struct hf_bytes queue, const char *state)
{
	const struct figure *figure = figures_find(f, "queue_items", "queue", queue, "state", state);
	if (figure)
		return figure->value;
	fail_msg("queue %.*s has no figure", (int)queue.len, (const char *)queue.data);
	return 0;
}

/* The figures of the queue are what its list says. */
static inline void expect_queue(const struct figures *f, struct hf_bytes queue,
                                const struct counted *c, hf_time now)
{
	assert_true(items(f, queue, "ready") == (double)c->ready);
	assert_true(items(f, queue, "delayed") == (double)c->delayed);
	assert_true(items(f, queue, "blocked") == (double)c->blocked);
	assert_true(items(f, queue, "sending") == (double)c->sending);
	assert_true(items(f, queue, "failed") == (double)c->failed);
	const double due = c->oldest_due == HF_UNSET ? 0.0 : (double)(now - c->oldest_due) / 1e6;
	const double is =
	    figures_find(f, "queue_oldest_due_seconds", "queue", queue, NULL, NULL)->value;
	assert_true(is - due < 1e-6 && due - is < 1e-6);
}

static inline hf_time now_of(hf_store *store)
{
	struct hf_info info = {0};
	assert_int_equal(hf_get_info(store, &info, NULL), HF_OK);
	return info.clock;
}

#endif
