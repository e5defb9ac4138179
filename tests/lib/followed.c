/* See followed.h. */
#include "lib/followed.h"

#include "lib/test.h"
#include "log/entry.h"

void followed_add(struct followed *f, const struct hf_event_batch *batch)
{
	assert_true(batch->count > 0 && batch->events && batch->memory);
	f->events = realloc(f->events, (f->count + batch->count) * sizeof *f->events);
	f->batches = realloc(f->batches, (f->batch_count + 1) * sizeof(struct hf_memory *));
	assert_true(f->events && f->batches);
	for (size_t i = 0; batch->events && f->events && i < batch->count; i++) {
		assert_true(batch->events[i].lsn > f->last);
		f->last = batch->events[i].lsn;
		f->events[f->count++] = batch->events[i];
	}
	f->batches[f->batch_count++] = batch->memory;
	f->next = batch->next;
}

int followed_feed(struct followed *f, hf_feed *feed, size_t limit, struct hf_error *error)
{
	for (;;) {
		struct hf_event_batch batch = {0};
		const int rc = hf_feed_next(feed, limit, 0, &batch, error);
		assert_true(rc == HF_OK ||
		            (!batch.memory && batch.count == 0 && (!error || error->code == rc)));
		if (rc != HF_OK || batch.count == 0)
			return rc;
		assert_true(limit == 0 || batch.count <= limit);
		assert_int_equal(batch.next, batch.events[batch.count - 1].lsn + 1);
		followed_add(f, &batch);
	}
}

int followed_subscription(struct followed *f, hf_subscription *subscription, size_t limit,
                          struct hf_error *error)
{
	for (;;) {
		struct hf_event_batch batch = {0};
		const int rc = hf_subscription_next(subscription, limit, 0, &batch, error);
		assert_true(rc == HF_OK ||
		            (!batch.memory && batch.count == 0 && (!error || error->code == rc)));
		if (rc != HF_OK || batch.count == 0)
			return rc;
		assert_true(limit == 0 || batch.count <= limit);
		followed_add(f, &batch);
	}
}

struct hf__entry *followed_entries(const struct followed *f)
{
	struct hf__entry *entries = calloc(f->count + 1, sizeof *entries);
	assert_non_null(entries);
	for (size_t i = 0; i < f->count; i++) {
		const struct hf_event *event = &f->events[i];
		entries[i] = (struct hf__entry){.lsn = event->lsn,
		                                .at = event->at,
		                                .domain = event->domain_id,
		                                .kind = event->kind,
		                                .body = event->body};
	}
	return entries;
}

void followed_free(struct followed *f)
{
	for (size_t i = 0; i < f->batch_count; i++)
		hf_release(f->batches[i]);
	free(f->batches);
	free(f->events);
	*f = (struct followed){0};
}
