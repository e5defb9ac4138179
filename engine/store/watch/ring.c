/* The ring of a subscription.
 *
 * A ring of n changes has n + 1 slots. A change that finds n of them taken is lost: the last
 * slot becomes a gap, which counts what is lost after it, and which is read in its place. So
 * nothing is missing without a mark, and changes behind the gap come after it.
 *
 * I-SUB-1: the events of a subscription and the changes that its gaps count are, together, all
 * that it wants from its first LSN on. */
#include "store/watch/subscription.h"

static struct hf__slot *slot_at(const struct hf_subscription *s, uint32_t index)
{
	return &s->slots[(s->first + index) % (s->size + 1)];
}

/* Key and reason into one block behind each other. */
static bool keep_text(struct hf__slot *slot)
{
	struct hf_event *event = &slot->event;
	struct hf_bytes *parts[] = {&event->key[0], &event->key[1], &event->key[2], &event->reason};
	size_t len = 0;
	for (size_t i = 0; i < 4; i++)
		len += parts[i]->len;
	slot->text = hf__alloc(len);
	if (!slot->text)
		return false;
	uint8_t *at = slot->text;
	for (size_t i = 0; i < 4; i++) {
		if (parts[i]->len > 0)
			memcpy(at, parts[i]->data, parts[i]->len);
		parts[i]->data = at;
		at += parts[i]->len;
	}
	return true;
}

static void lose(struct hf_subscription *s, const struct hf_event *event)
{
	struct hf__slot *last = s->count > 0 ? slot_at(s, s->count - 1) : NULL;
	if (!last || !last->event.lost) {
		last = slot_at(s, s->count++);
		*last = (struct hf__slot){
		    .event = {.lsn = event->lsn, .at = event->at, .domain = "", .operation = "gap"}};
	}
	last->event.lost++;
}

void hf__subscription_push(struct hf_subscription *s, const struct hf_event *event)
{
	if (s->count >= s->size) {
		lose(s, event);
		return;
	}
	struct hf__slot *slot = slot_at(s, s->count);
	*slot = (struct hf__slot){.event = *event};
	slot->event.body = hf_bytes_of(NULL, 0);
	if (keep_text(slot))
		s->count++;
	else
		lose(s, event); /* no memory: as good as no room */
}

int hf__ring_copy(const struct hf_subscription *s, uint32_t count, struct hf__answer *answer,
                  struct hf_event_batch *out)
{
	struct hf_event *events = hf__answer_alloc(answer, count * sizeof *events);
	if (!events)
		return HF_ENOMEM;
	for (uint32_t i = 0; i < count; i++) {
		events[i] = slot_at(s, i)->event;
		for (unsigned part = 0; part < 3; part++)
			if (hf__answer_bytes(answer, events[i].key[part], &events[i].key[part]) != HF_OK)
				return HF_ENOMEM;
		if (hf__answer_bytes(answer, events[i].reason, &events[i].reason) != HF_OK)
			return HF_ENOMEM;
	}
	out->memory = hf__answer_give(answer);
	if (!out->memory)
		return HF_ENOMEM;
	out->events = events;
	out->count = count;
	return HF_OK;
}

void hf__ring_drop(struct hf_subscription *s, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		hf__free(slot_at(s, i)->text);
	s->first = (s->first + count) % (s->size + 1);
	s->count -= count;
}
