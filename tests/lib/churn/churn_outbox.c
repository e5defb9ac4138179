/* Random operations on queues as a whole: see churn_ops.h. */
#include "lib/churn/churn_ops.h"

static struct hf_bytes one_of(struct churn *c, const char *const *names, size_t count)
{
	return hf_str(names[churn_below(c, count)]);
}

struct hf_bytes churn_outbox_group(struct churn *c)
{
	static const char *const groups[] = {"", "", "", "g0", "g1", "g2"};
	return one_of(c, groups, 6);
}

/* A window, so that ids go on blocking; few of them, so that some are dropped. */
static int configure(struct churn *c, hf_store *store, hf_txn *txn, struct hf_bytes queue)
{
	const struct hf_outbox_configure_args args = {
	    .queue = queue,
	    .max_attempts = (uint32_t)churn_below(c, 6),
	    .dedup_window_us = churn_percent(c, 20) ? 0 : (int64_t)churn_below(c, 100) * 1000000,
	    .dedup_max = (uint32_t)churn_below(c, 6),
	    .max_lost = churn_percent(c, 20) ? HF_NEVER : (uint32_t)churn_below(c, 4),
	};
	return hf_outbox_configure(store, txn, &args, NULL, NULL);
}

static int redrive(struct churn *c, hf_store *store, hf_txn *txn, struct hf_bytes queue)
{
	const struct hf_outbox_redrive_args args = {
	    .queue = queue,
	    .group = churn_outbox_group(c),
	    .error = churn_percent(c, 50) ? hf_str("re") : hf_str(""),
	    .attempts_below = (uint32_t)churn_below(c, 4),
	    .limit = churn_below(c, 4),
	    .reset_attempts = churn_percent(c, 30),
	    .dry_run = churn_percent(c, 10),
	};
	return hf_outbox_redrive(store, txn, &args, NULL, NULL);
}

static int prune(struct churn *c, hf_store *store, hf_txn *txn, struct hf_bytes queue)
{
	const struct hf_outbox_prune_args args = {.queue = queue,
	                                          .status = churn_percent(c, 30) ? HF_OUTBOX_QUEUED
	                                                                         : HF_OUTBOX_FAILED,
	                                          .limit = 1 + churn_below(c, 2)};
	return hf_outbox_prune(store, txn, &args, NULL, NULL);
}

static int reschedule(struct churn *c, hf_store *store, hf_txn *txn, struct hf_bytes queue,
                      struct hf_bytes id)
{
	const struct hf_outbox_reschedule_args args = {
	    .queue = queue,
	    .id = id,
	    .set_available_at = churn_percent(c, 50),
	    .available_at = INT64_C(1700000000000000) + (int64_t)churn_below(c, 2) * 200000000000000,
	    .set_priority = true,
	    .priority = (int32_t)churn_below(c, 3)};
	return hf_outbox_reschedule(store, txn, &args, NULL, NULL);
}

int churn_outbox_queue(struct churn *c, hf_store *store, hf_txn *txn)
{
	static const char *const queues[] = {"que0", "que1"}, *const ids[] = {"it0", "it1", "it2",
	                                                                      "it30", "it31"};
	const struct hf_bytes queue = one_of(c, queues, 2);
	const struct hf_outbox_pause_args pause = {.queue = queue};
	/* Some are over: churn's own times lie before the store's clock. */
	const struct hf_outbox_put_completed_args completed = {
	    .queue = queue,
	    .id = one_of(c, ids, 5),
	    .until = INT64_C(1700000000000000) + (int64_t)churn_below(c, 2) * 200000000000000};
	switch (churn_below(c, 11)) {
	case 0:
		return hf_outbox_pause(store, txn, &pause, NULL, NULL);
	case 1:
	case 2:
	case 3:
		return hf_outbox_resume(store, txn, &pause, NULL, NULL);
	case 4:
		return configure(c, store, txn, queue);
	case 5:
		return hf_outbox_put_completed(store, txn, &completed, NULL, NULL);
	case 6:
		return prune(c, store, txn, queue);
	case 7:
	case 8:
		return reschedule(c, store, txn, queue, one_of(c, ids, 5));
	default:
		return redrive(c, store, txn, queue);
	}
}
