/* See outbox_model.h. */
#include "lib/domains/outbox_model.h"

#include <stdio.h>
#include <string.h>

enum hf_outbox_status model_view(const struct model *m, const struct item *item)
{
	(void)m;
	return item->status; /* what is over was looked at when time moved */
}

int64_t model_backoff(uint32_t lost)
{
	int64_t seconds = 0;
	for (uint32_t i = 2; i <= lost && seconds < 600; i++)
		seconds = seconds ? 2 * seconds : 1;
	return (seconds < 600 ? seconds : 600) * 1000000;
}

void model_lose(struct model *m, bool reopened)
{
	for (unsigned i = 0; i < ITEMS; i++) {
		struct item *item = &m->items[i];
		const bool unleased = item->lease_until == HF_UNSET;
		if (!item->there || item->status != HF_OUTBOX_SENDING ||
		    (unleased ? !reopened : item->lease_until > m->now))
			continue;
		item->lost++;
		const hf_time until = (unleased ? m->now : item->lease_until) + model_backoff(item->lost);
		const bool failed = m->max_lost != HF_NEVER && item->lost >= m->max_lost;
		if (!failed && item->lost >= 2 && until > item->available_at) {
			item->available_at = until;
			item->ended = unleased;
		}
		model_let_go(item, failed ? HF_OUTBOX_FAILED : HF_OUTBOX_QUEUED);
	}
}

int model_by_seq(const struct item *a, const struct item *b)
{
	return (a->seq > b->seq) - (a->seq < b->seq);
}

int model_by_turn(const struct item *a, const struct item *b)
{
	if (a->priority != b->priority)
		return a->priority < b->priority ? -1 : 1;
	if (a->available_at != b->available_at)
		return a->available_at < b->available_at ? -1 : 1;
	return model_by_seq(a, b);
}

/* The ids of those that pass, sorted, at most `max`. */
size_t model_pick(const struct model *m,
                  bool (*pass)(const struct model *, const struct item *, int), int arg,
                  int (*order)(const struct item *, const struct item *), size_t max,
                  unsigned out[ITEMS])
{
	size_t count = 0;
	for (unsigned i = 0; i < ITEMS; i++) {
		if (!m->items[i].there || !pass(m, &m->items[i], arg))
			continue;
		size_t at = count++;
		for (; at > 0 && order(&m->items[i], &m->items[out[at - 1]]) < 0; at--)
			out[at] = out[at - 1];
		out[at] = i;
	}
	return count < max ? count : max;
}

bool model_passes_status(const struct model *m, const struct item *item, int status)
{
	return status == HF_OUTBOX_ANY || (int)model_view(m, item) == status;
}

static bool model_same_group(const struct model *m, const struct item *a, const struct item *b)
{
	const char *group = m->group[a - m->items];
	return group[0] && strcmp(group, m->group[b - m->items]) == 0;
}

/* Another item of the group is held. */
bool model_blocked(const struct model *m, const struct item *item)
{
	for (unsigned i = 0; i < ITEMS; i++) {
		const struct item *other = &m->items[i];
		if (other != item && other->there && model_same_group(m, item, other) &&
		    model_view(m, other) == HF_OUTBOX_SENDING)
			return true;
	}
	return false;
}

/* Another queued item of the group was enqueued before. */
bool model_behind(const struct model *m, const struct item *item)
{
	for (unsigned i = 0; i < ITEMS; i++) {
		const struct item *other = &m->items[i];
		if (other->there && model_same_group(m, item, other) &&
		    model_view(m, other) == HF_OUTBOX_QUEUED && other->seq < item->seq)
			return true;
	}
	return false;
}

bool model_passes_claim(const struct model *m, const struct item *item, int unused)
{
	(void)unused;
	return model_view(m, item) == HF_OUTBOX_QUEUED && item->available_at <= m->now && !m->paused &&
	       !model_blocked(m, item) && !model_behind(m, item);
}

bool model_blocks(const struct model *m, const struct item *item)
{
	return !item->there && item->done_until != HF_UNSET && item->done_until > m->now;
}

unsigned model_count_done(const struct model *m)
{
	unsigned count = 0;
	for (unsigned i = 0; i < ITEMS; i++)
		count += model_blocks(m, &m->items[i]);
	return count;
}

/* No more than `keep` completed ids: the oldest are dropped. */
void model_cut_done(struct model *m, unsigned keep)
{
	while (model_count_done(m) > keep) {
		struct item *oldest = NULL;
		for (unsigned i = 0; i < ITEMS; i++)
			if (model_blocks(m, &m->items[i]) &&
			    (!oldest || m->items[i].done_seq < oldest->done_seq))
				oldest = &m->items[i];
		oldest->done_until = HF_UNSET;
		m->dropped++;
	}
}

const char *model_join(const struct model *m, const unsigned *which, size_t count,
                       char out[TEXT_MAX])
{
	size_t len = 0;
	out[0] = '\0';
	for (size_t i = 0; i < count; i++)
		len += (size_t)snprintf(out + len, TEXT_MAX - len, "%s%s", len ? " " : "", m->id[which[i]]);
	return out;
}

/* What an enqueue makes of the item, whether it changes anything. */
bool model_enqueue(struct model *m, struct item *item, enum hf_outbox_dedup dedup, unsigned payload,
                   hf_time available_at, int32_t priority)
{
	if (model_blocks(m, item))
		return false;
	if (!item->there) {
		*item = (struct item){.there = true,
		                      .status = HF_OUTBOX_QUEUED,
		                      .enqueued_at = m->now,
		                      .available_at = available_at,
		                      .lease_until = HF_UNSET,
		                      .priority = priority,
		                      .seq = m->next_seq++,
		                      .payload = payload,
		                      .done_until = HF_UNSET};
		return true;
	}
	if (dedup == HF_OUTBOX_RERUN && model_view(m, item) == HF_OUTBOX_SENDING) {
		item->noted = true;
		item->rerun_payload = payload;
		item->rerun_enqueued_at = m->now;
		item->rerun_available_at = available_at;
		return true;
	}
	if (dedup == HF_OUTBOX_KEEP || model_view(m, item) != HF_OUTBOX_QUEUED)
		return false;
	item->status = HF_OUTBOX_QUEUED;
	item->lease_until = HF_UNSET;
	item->noted = false;
	item->attempts = item->lost = 0;
	item->payload = payload;
	item->enqueued_at = m->now;
	item->available_at = available_at;
	return true;
}

void model_let_go(struct item *item, enum hf_outbox_status status)
{
	item->status = status;
	item->lease_until = HF_UNSET;
}

void model_complete(struct model *m, struct item *item)
{
	model_let_go(item, HF_OUTBOX_QUEUED);
	item->there = item->noted;
	if (item->noted) {
		item->attempts = item->lost = 0;
		item->seq = m->next_seq++;
		item->payload = item->rerun_payload;
		item->enqueued_at = item->rerun_enqueued_at;
		item->available_at = item->rerun_available_at;
		item->noted = false;
		return;
	}
	item->done_until = HF_UNSET;
	if (m->window == 0)
		return;
	model_cut_done(m, m->window_max - 1);
	item->done_until = m->now + m->window;
	item->done_seq = m->next_seq++;
}
