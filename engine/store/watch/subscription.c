/* See subscription.h. */
#include "store/watch/subscription.h"

#include "store/check/readonly.h"

bool hf__subscription_wants(const struct hf_subscription *s, const struct hf__domains *domains,
                            const struct hf_event *event)
{
	return event->lsn >= s->from && (s->domain == 0 || s->domain == event->domain_id) &&
	       hf__event_concerns(domains, event, s->key, s->parts);
}

void hf__subscription_unlink(struct hf_subscription *s)
{
	struct hf__dispatcher *p = &s->watch->dispatcher;
	if (s->next)
		s->next->previous = s->previous;
	else
		p->last = s->previous;
	if (s->previous)
		s->previous->next = s->next;
	else
		p->first = s->next;
}

void hf__subscription_free(struct hf_subscription *s)
{
	struct hf__watch *w = s->watch;
	if (s->slots)
		hf__ring_drop(s, s->count);
	if (s->event >= 0)
		s->event_free(NULL, s->event);
	hf__free(s->slots);
	hf__free(s->key_text);
	hf__free(s);
	hf__watch_unref(w);
}
