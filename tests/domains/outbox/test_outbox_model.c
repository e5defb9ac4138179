/* tier: fast */
/* An outbox against a model: random operations on a few items, some of them in groups, an array
 * that is searched and sorted anew each time, and after every step the same lists, stats and
 * claims, while clocks move, leases end, endings are logged, queues are paused, completed ids
 * block, and stores are reopened and reloaded. */
#include "base/bytes.h"
#include "lib/domains/outbox_model.h"
#include "lib/domains/outbox_ops.h"
#include "lib/test.h"

enum { STEPS = 3000 };

/* --- Steps ------------------------------------------------------------------------------------ */

static int64_t some_lease(struct model *m)
{
	return hf_rng_chance(&m->rng, 1, 3) ? 0 : hf_rng_range(&m->rng, 1, 50);
}

static void step_enqueue(struct model *m, unsigned i)
{
	struct hf_result result = {0};
	char text[16];
	const hf_time available_at =
	    hf_rng_chance(&m->rng, 1, 2) ? 0 : m->now + hf_rng_range(&m->rng, -20, 60);
	const enum hf_outbox_dedup dedup = (enum hf_outbox_dedup)hf_rng_below(&m->rng, 3);
	const int32_t priority = (int32_t)hf_rng_range(&m->rng, -1, 1);
	const unsigned payload = (unsigned)m->steps; /* never the same again */
	(void)snprintf(text, sizeof text, "%u", payload);
	const struct hf_outbox_enqueue_args args = {.queue = hf_str(OB_QUEUE),
	                                            .id = hf_str(m->id[i]),
	                                            .payload = hf_str(text),
	                                            .enqueued_at = m->now,
	                                            .available_at = available_at,
	                                            .priority = priority,
	                                            .dedup = dedup,
	                                            .group = hf_str(m->group[i])};
	assert_int_equal(hf_outbox_enqueue(m->stage->store, NULL, &args, &result, NULL), HF_OK);
	const bool changed = model_enqueue(m, &m->items[i], dedup, payload,
	                                   available_at ? available_at : m->now, priority);
	assert_int_equal(result.changed, changed);
}

static void hold(struct model *m, struct item *item, int64_t lease)
{
	item->status = HF_OUTBOX_SENDING;
	item->lease_until = lease ? m->now + lease : HF_UNSET;
}

static void step_claim(struct model *m, unsigned i)
{
	struct item *item = &m->items[i];
	const int64_t lease = some_lease(m);
	const struct hf_outbox_claim_args args = {
	    .queue = hf_str(OB_QUEUE), .id = hf_str(m->id[i]), .owner = hf_str("w"), .lease_us = lease};
	struct hf_result result = {0};
	const int rc = hf_outbox_claim(m->stage->store, NULL, &args, NULL, &result, NULL);
	assert_int_equal(rc, !item->there                               ? HF_ENOTFOUND
	                     : model_view(m, item) == HF_OUTBOX_SENDING ? HF_ECLAIMED
	                     : model_blocked(m, item)                   ? HF_EBLOCKED
	                                                                : HF_OK);
	if (rc != HF_OK)
		return;
	hold(m, item, lease);
	item->token = result.token;
}

static void step_claim_next(struct model *m)
{
	unsigned expected[ITEMS];
	char text[TEXT_MAX];
	const uint32_t max = (uint32_t)hf_rng_range(&m->rng, 1, 4);
	const int64_t lease = some_lease(m);
	const size_t count = model_pick(m, model_passes_claim, 0, model_by_turn, max, expected);
	assert_string_equal(ob_claim_next(m->stage->store, max, lease),
	                    model_join(m, expected, count, text));
	for (size_t i = 0; i < count; i++) {
		struct hf_outbox_got got = {0};
		const struct hf_outbox_key key = {hf_str(OB_QUEUE), hf_str(m->id[expected[i]])};
		assert_int_equal(hf_outbox_get(m->stage->store, &key, 0, &got, NULL), HF_OK);
		m->items[expected[i]].token = got.item.token;
		hold(m, &m->items[expected[i]], lease);
		hf_release(got.memory);
	}
}

/* complete, fail, release: with the newest token of the item. */
static void step_outcome(struct model *m, unsigned i)
{
	struct item *item = &m->items[i];
	hf_store *store = m->stage->store;
	const struct hf_bytes queue = hf_str(OB_QUEUE), id = hf_str(m->id[i]);
	const unsigned what = (unsigned)hf_rng_below(&m->rng, 3);
	const int64_t delay = hf_rng_range(&m->rng, 0, 30);
	int rc;
	if (what == 0)
		rc = hf_outbox_complete(
		    store, NULL,
		    &(struct hf_outbox_complete_args){.queue = queue, .id = id, .token = item->token}, NULL,
		    NULL);
	else if (what == 1)
		rc = hf_outbox_fail(
		    store, NULL,
		    &(struct hf_outbox_fail_args){.queue = queue,
		                                  .id = id,
		                                  .token = item->token,
		                                  .max_attempts = 3,
		                                  .backoff = {HF_OUTBOX_BACKOFF_FIXED, delay, 0}},
		    NULL, NULL);
	else
		rc = hf_outbox_release(
		    store, NULL,
		    &(struct hf_outbox_release_args){
		        .queue = queue, .id = id, .token = item->token, .delay_us = delay},
		    NULL, NULL);
	assert_int_equal(rc, !item->there                               ? HF_ENOTFOUND
	                     : model_view(m, item) != HF_OUTBOX_SENDING ? HF_ESTALE
	                                                                : HF_OK);
	if (rc != HF_OK)
		return;
	if (what == 0) {
		model_complete(m, item);
		return;
	}
	item->attempts += what == 1;
	const bool failed = what == 1 && item->attempts >= 3;
	model_let_go(item, failed ? HF_OUTBOX_FAILED : HF_OUTBOX_QUEUED);
	if ((what == 1 && !failed) || (what == 2 && delay > 0))
		item->available_at = m->now + delay;
}

static void step_from_outside(struct model *m, unsigned i)
{
	struct item *item = &m->items[i];
	hf_store *store = m->stage->store;
	const struct hf_bytes queue = hf_str(OB_QUEUE), id = hf_str(m->id[i]);
	const unsigned what = (unsigned)hf_rng_below(&m->rng, 3);
	int rc;
	if (what == 0)
		rc = hf_outbox_remove(
		    store, NULL, &(struct hf_outbox_remove_args){.queue = queue, .id = id}, NULL, NULL);
	else if (what == 1)
		rc = hf_outbox_mark_failed(store, NULL,
		                           &(struct hf_outbox_mark_failed_args){.queue = queue, .id = id},
		                           NULL, NULL);
	else
		rc = hf_outbox_retry(store, NULL, &(struct hf_outbox_retry_args){.queue = queue, .id = id},
		                     NULL, NULL);
	assert_int_equal(rc, item->there ? HF_OK : HF_ENOTFOUND);
	if (rc != HF_OK || (what == 2 && model_view(m, item) == HF_OUTBOX_QUEUED))
		return;
	item->there = what != 0;
	item->attempts += what == 1;
	if (what == 2)
		item->lost = 0;
	model_let_go(item, what == 1 ? HF_OUTBOX_FAILED : HF_OUTBOX_QUEUED);
	if (what == 2 && item->available_at > m->now)
		item->available_at = m->now;
}

static void step_queue(struct model *m)
{
	hf_store *store = m->stage->store;
	const struct hf_bytes queue = hf_str(OB_QUEUE);
	const unsigned what = (unsigned)hf_rng_below(&m->rng, 4);
	struct hf_result result = {0};
	if (what == 0) {
		m->window = hf_rng_chance(&m->rng, 1, 3) ? 0 : hf_rng_range(&m->rng, 1, 200);
		m->window_max = (uint32_t)hf_rng_range(&m->rng, 1, 4);
		m->max_lost =
		    hf_rng_chance(&m->rng, 1, 4) ? HF_NEVER : (uint32_t)hf_rng_range(&m->rng, 1, 4);
		const struct hf_outbox_configure_args args = {.queue = queue,
		                                              .dedup_window_us = m->window,
		                                              .dedup_max = m->window_max,
		                                              .max_lost = m->max_lost};
		assert_int_equal(hf_outbox_configure(store, NULL, &args, &result, NULL), HF_OK);
		model_cut_done(m, m->window_max);
	} else if (what == 1) {
		const struct hf_outbox_redrive_args args = {
		    .queue = queue, .group = hf_str(m->group[hf_rng_below(&m->rng, ITEMS)])};
		unsigned count = 0;
		assert_int_equal(hf_outbox_redrive(store, NULL, &args, &result, NULL), HF_OK);
		for (unsigned i = 0; i < ITEMS; i++) {
			struct item *item = &m->items[i];
			if (!item->there || item->status != HF_OUTBOX_FAILED ||
			    (args.group.len && strcmp(m->group[i], args.group.data) != 0))
				continue;
			count++;
			item->lost = 0;
			model_let_go(item, HF_OUTBOX_QUEUED);
			if (item->available_at > m->now)
				item->available_at = m->now;
		}
		assert_int_equal(result.count, count);
	} else {
		const struct hf_outbox_pause_args args = {.queue = queue};
		const bool pause = what == 2 && hf_rng_chance(&m->rng, 1, 3);
		assert_int_equal(
		    (pause ? hf_outbox_pause : hf_outbox_resume)(store, NULL, &args, &result, NULL), HF_OK);
		assert_int_equal(result.changed, m->paused != pause);
		m->paused = pause;
	}
}

static void step_time(struct model *m)
{
	m->now += hf_rng_chance(&m->rng, 1, 12) ? hf_rng_range(&m->rng, 500000, 4000000)
	                                        : hf_rng_range(&m->rng, 1, 25);
	stage_at(m->stage, m->now);
	model_lose(m, false);
}

static void step_setting(struct model *m)
{
	const enum setting setting = (enum setting)hf_rng_below(&m->rng, SETTINGS);
	stage_switch_to(m->stage, setting);
	/* An opening is never behind what was written: the stamps of operations that were more than
	 * the microseconds they took. */
	m->now = ob_stats(m->stage->store).as_of;
	stage_at(m->stage, m->now);
	model_lose(m, setting == SETTING_REOPENED);
	for (unsigned i = 0; i < ITEMS; i++) {
		struct item *item = &m->items[i];
		const struct hf_outbox_key key = {hf_str(OB_QUEUE), hf_str(m->id[i])};
		struct hf_outbox_got got = {0};
		if (!item->there || !item->ended)
			continue;
		/* From the newest entry of the opening before on: some time after the claim, and not
		 * after now. */
		assert_int_equal(hf_outbox_get(m->stage->store, &key, 0, &got, NULL), HF_OK);
		assert_true(got.item.available_at <= item->available_at &&
		            got.item.available_at > item->available_at - 5000000);
		item->available_at = got.item.available_at;
		item->ended = false;
		hf_release(got.memory);
	}
}

static void step(struct model *m)
{
	const unsigned i = (unsigned)hf_rng_below(&m->rng, ITEMS),
	               what = (unsigned)hf_rng_below(&m->rng, 100);
	if (what < 30)
		step_enqueue(m, i);
	else if (what < 40)
		step_claim(m, i);
	else if (what < 55)
		step_claim_next(m);
	else if (what < 75)
		step_outcome(m, i);
	else if (what < 83)
		step_from_outside(m, i);
	else if (what < 93)
		step_time(m);
	else if (what < 95)
		step_queue(m);
	else if (what < 97)
		assert_int_equal(hf_maintain(m->stage->store, 0, NULL), HF_OK);
	else
		step_setting(m);
}

/* --- Comparing -------------------------------------------------------------------------------- */

static void compare_lists(struct model *m)
{
	for (int status = HF_OUTBOX_ANY; status <= HF_OUTBOX_FAILED; status++) {
		unsigned expected[ITEMS];
		char text[TEXT_MAX];
		const size_t count =
		    model_pick(m, model_passes_status, status, model_by_seq, ITEMS, expected);
		const size_t limit = (size_t)hf_rng_below(&m->rng, 4);
		assert_string_equal(ob_list(m->stage->store, (enum hf_outbox_status)status, limit),
		                    model_join(m, expected, count, text));
	}
}

static void compare_count(const struct model *m, enum hf_outbox_status status,
                          const struct hf_outbox_status_stats *count)
{
	uint64_t items = 0;
	hf_time oldest = HF_UNSET;
	for (unsigned i = 0; i < ITEMS; i++) {
		if (!m->items[i].there || model_view(m, &m->items[i]) != status)
			continue;
		oldest =
		    items++ == 0 || m->items[i].enqueued_at < oldest ? m->items[i].enqueued_at : oldest;
	}
	assert_int_equal(count->items, items);
	assert_true(count->oldest == oldest);
}

static void compare_groups(const struct model *m, const struct hf_outbox_stats *stats)
{
	uint64_t groups = 0, busy_groups = 0, waiting = 0;
	for (unsigned i = 0; i < ITEMS; i++) {
		const struct item *item = &m->items[i];
		if (!item->there || !m->group[i][0] || item->status == HF_OUTBOX_FAILED)
			continue;
		const bool held = model_view(m, item) == HF_OUTBOX_SENDING;
		busy_groups += held;
		groups += held || (!model_blocked(m, item) && !model_behind(m, item));
		waiting += !held && (model_blocked(m, item) || model_behind(m, item));
	}
	assert_int_equal(stats->groups, groups);
	assert_int_equal(stats->busy_groups, busy_groups);
	assert_int_equal(stats->blocked, waiting);
}

/* What is due of the queued, what is not, and since when: of a group only the next one. */
static void compare_due(const struct model *m, const struct hf_outbox_stats *stats)
{
	uint64_t ready = 0, delayed = 0;
	hf_time oldest = HF_UNSET;
	for (unsigned i = 0; i < ITEMS; i++) {
		const struct item *item = &m->items[i];
		if (!item->there || model_view(m, item) != HF_OUTBOX_QUEUED || model_blocked(m, item) ||
		    model_behind(m, item))
			continue;
		if (item->available_at > m->now) {
			delayed++;
			continue;
		}
		oldest = ready++ == 0 || item->available_at < oldest ? item->available_at : oldest;
	}
	assert_int_equal(stats->ready, ready);
	assert_int_equal(stats->delayed, delayed);
	assert_true(stats->oldest_due == oldest);
	assert_int_equal(stats->ready + stats->delayed + stats->blocked, stats->queued.items);
}

/* Counts are exact at any instant, whether or not the endings are logged. */
static void compare_stats(struct model *m)
{
	const struct hf_outbox_stats stats = ob_stats(m->stage->store);
	assert_true(stats.as_of == m->now);
	compare_count(m, HF_OUTBOX_QUEUED, &stats.queued);
	compare_count(m, HF_OUTBOX_SENDING, &stats.sending);
	compare_count(m, HF_OUTBOX_FAILED, &stats.failed);
	assert_true(stats.paused == m->paused && stats.completed == model_count_done(m) &&
	            stats.dropped == m->dropped);
	compare_groups(m, &stats);
	compare_due(m, &stats);
}

static void compare_items(const struct model *m)
{
	for (unsigned i = 0; i < ITEMS; i++) {
		const struct item *item = &m->items[i];
		char payload[16], rerun[16];
		const struct hf_outbox_key key = {hf_str(OB_QUEUE), hf_str(m->id[i])};
		struct hf_outbox_got got = {0};
		const int rc = hf_outbox_get(m->stage->store, &key, 0, &got, NULL);
		assert_int_equal(rc, item->there ? HF_OK : HF_ENOTFOUND);
		if (rc != HF_OK)
			continue;
		const bool held = model_view(m, item) == HF_OUTBOX_SENDING;
		assert_int_equal(got.item.status, model_view(m, item));
		assert_int_equal(got.item.attempts, item->attempts);
		assert_int_equal(got.item.lost, item->lost);
		assert_true(got.item.available_at == item->available_at &&
		            got.item.enqueued_at == item->enqueued_at);
		assert_true(got.item.token == (held ? item->token : 0));
		assert_true(got.item.lease_until == (held ? item->lease_until : HF_UNSET));
		(void)snprintf(payload, sizeof payload, "%u", item->payload);
		(void)snprintf(rerun, sizeof rerun, "%u", item->rerun_payload);
		assert_true(hf__bytes_equal(got.item.payload, hf_str(payload)) &&
		            hf__bytes_equal(got.item.group, hf_str(m->group[i])));
		assert_true((got.item.rerun != NULL) == item->noted);
		if (got.item.rerun)
			assert_true(hf__bytes_equal(got.item.rerun->payload, hf_str(rerun)) &&
			            got.item.rerun->available_at == item->rerun_available_at &&
			            got.item.rerun->enqueued_at == item->rerun_enqueued_at);
		hf_release(got.memory);
	}
}

/* The ids that block, in the order of their completion. */
static void compare_done(struct model *m)
{
	struct hf_outbox_completed_page page = {0};
	uint64_t before = 0;
	unsigned count = 0;
	do {
		const struct hf_outbox_list_completed_args args = {
		    .queue = hf_str(OB_QUEUE), .limit = 2, .page = page.next};
		struct hf_outbox_completed_page next = {0};
		assert_int_equal(hf_outbox_list_completed(m->stage->store, &args, 0, &next, NULL), HF_OK);
		hf_release(page.memory);
		page = next;
		for (size_t k = 0; k < page.count; k++, count++) {
			const struct item *item = NULL;
			for (unsigned i = 0; i < ITEMS && !item; i++)
				item = hf__bytes_equal(page.ids[k].id, hf_str(m->id[i])) ? &m->items[i] : NULL;
			assert_true(item && model_blocks(m, item) && item->done_until == page.ids[k].until &&
			            item->done_seq > before);
			before = item->done_seq;
		}
	} while (page.next);
	hf_release(page.memory);
	assert_int_equal(count, model_count_done(m));
}

static void random_operations_agree_with_a_model(void **unused)
{
	(void)unused;
	struct model m = {.stage = stage_open(SETTING_LIVE),
	                  .rng = hf_rng_for("outbox model"),
	                  .now = STAGE_NOW,
	                  .next_seq = 1,
	                  .max_lost = HF_OUTBOX_LOST_MAX,
	                  .window_max = HF_OUTBOX_DEDUP_MAX};
	for (unsigned i = 0; i < ITEMS; i++) {
		m.items[i].done_until = HF_UNSET;
		(void)snprintf(m.id[i], sizeof m.id[i], "i%u", i);
		if (i >= 6)
			(void)snprintf(m.group[i], sizeof m.group[i], "g%u", i % 3);
	}
	for (unsigned i = 0; i < STEPS; i++) {
		m.steps = i;
		step(&m);
		compare_items(&m);
		compare_lists(&m);
		compare_done(&m);
		if (i % 16 == 0)
			stage_verify(m.stage);
		compare_stats(&m);
	}
	stage_close(m.stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(random_operations_agree_with_a_model),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
