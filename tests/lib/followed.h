/* What a feed or a subscription gave, all of it, kept until freed. */
#ifndef TESTS_LIB_FOLLOWED_H
#define TESTS_LIB_FOLLOWED_H

#include "holdfast/feed.h"

struct hf__entry;

struct followed {
	struct hf_event *events; /* in the order in which they came; LSNs ascend, which is checked */
	size_t count;
	struct hf_memory **batches; /* what they lie in */
	size_t batch_count;
	hf_lsn last; /* the newest event */
	hf_lsn next; /* of the newest batch */
};

/* Takes batches of up to `limit` until one is empty. HF_OK, or what ended it. */
int followed_feed(struct followed *followed, hf_feed *feed, size_t limit, struct hf_error *error);
int followed_subscription(struct followed *followed, hf_subscription *subscription, size_t limit,
                          struct hf_error *error);
/* Adds a batch that is given away. */
void followed_add(struct followed *followed, const struct hf_event_batch *batch);
/* The events as entries that can be applied: as many as there are events. free() it; bodies are
 * borrowed. */
struct hf__entry *followed_entries(const struct followed *followed);
void followed_free(struct followed *followed);

#endif
