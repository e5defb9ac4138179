/* Operations on timelines: see crash_verbs.h. The type of an event is its id, so that queries of
 * one type have one event each. */
#include "lib/crash/work/crash_verbs.h"

static struct hf_timeline_key timeline_key(const struct call *c, const struct names *n)
{
	return (struct hf_timeline_key){.timeline = hf_str(c->op->place), .id = n->part[0]};
}

static void tell_event(struct tale *told, const struct hf_timeline_event *e)
{
	hf__put_short(&told->bytes, e->key.id);
	hf__put_short(&told->bytes, e->type);
	hf__put_short(&told->bytes, e->subject);
	hf__put_i64(&told->bytes, e->happened_at);
	hf__put_long(&told->bytes, e->payload);
	verb_tell_version(told, e->version);
}

int verb_timeline_change(const struct call *c, const struct names *n)
{
	const struct hf_timeline_key key = timeline_key(c, n);
	const struct hf_timeline_append_args append = {.write = verb_write(c),
	                                               .key = key,
	                                               .type = key.id,
	                                               .subject = hf_str("subject"),
	                                               .happened_at = c->op->number,
	                                               .payload = verb_bytes(n->cstr[0], c->op->size)};
	const struct hf_timeline_retain_args retain = {
	    .write = verb_write(c), .timeline = key.timeline, .max_events = (uint64_t)c->op->number};
	const struct hf_timeline_clear_args clear = {.write = verb_write(c), .timeline = key.timeline};
	const struct hf_timeline_guard_args guard = {.write = verb_write(c), .key = key};
	switch (c->op->verb) {
	case TIMELINE_APPEND:
		return hf_timeline_append(c->store, c->txn, &append, c->result, c->error);
	case TIMELINE_RETAIN:
		return hf_timeline_retain(c->store, c->txn, &retain, c->result, c->error);
	case TIMELINE_CLEAR:
		return hf_timeline_clear(c->store, c->txn, &clear, c->result, c->error);
	default:
		return hf_timeline_guard(c->store, c->txn, &guard, c->result, c->error);
	}
}

int verb_timeline_get(const struct call *c, const struct names *n)
{
	const struct hf_timeline_key key = timeline_key(c, n);
	struct hf_timeline_got got;
	const int rc = hf_timeline_get(c->store, &key, c->flags, &got, c->error);
	if (rc == HF_OK)
		tell_event(c->told, &got.event);
	hf_release(got.memory);
	return rc;
}

int verb_timeline_query(const struct call *c, const struct names *n)
{
	const struct hf_timeline_query_args args = {
	    .filter = {.timeline = hf_str(c->op->place), .subject = hf_str("subject")},
	    .limit = (size_t)c->op->number};
	struct hf_timeline_page page;
	(void)n;
	const int rc = hf_timeline_query(c->store, &args, c->flags, &page, c->error);
	hf__put_u64(&c->told->bytes, page.total);
	hf__put_u8(&c->told->bytes, page.next != NULL);
	for (size_t i = 0; rc == HF_OK && i < page.count; i++)
		tell_event(c->told, &page.items[i]);
	hf_release(page.memory);
	return rc;
}

int verb_timeline_figures(const struct call *c, const struct names *n)
{
	const struct hf_timeline_filter filter = {.timeline = hf_str(c->op->place)};
	uint64_t count = 0;
	hf_time latest = HF_UNSET;
	(void)n;
	const int rc =
	    c->op->verb == TIMELINE_COUNT
	        ? hf_timeline_count(c->store, &filter, c->flags, &count, c->error)
	        : hf_timeline_latest_at(c->store, filter.timeline, c->flags, &latest, c->error);
	hf__put_u64(&c->told->bytes, count);
	hf__put_i64(&c->told->bytes, latest);
	return rc;
}
