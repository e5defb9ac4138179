/* What operators are told of cursors: store/metrics/figures.h. */
#include "store/metrics/figures.h"
#include "domains/cursor/cursor.h"

static const struct hf__figure figures[] = {
    {.family = "cursor_lag",
     .help = "How far a cursor is behind the highest confirmed position of the same stream and "
             "subject. The store does not know how far the stream is."},
};

/* The highest position of that stream and subject, of which there is a cursor. */
static int64_t head_of(const struct hf__cursor_state *state, const struct hf__cursor_position *at)
{
	const struct hf__index *order = &state->views[HF__CURSOR_SLOWEST_ON_SUBJECT];
	const struct hf__index_at behind = hf__index_after(order, at, 2);
	const struct hf__index_at last = behind.leaf ? hf__index_prev(behind) : hf__index_last(order);
	return ((const struct hf__cursor *)hf__index_object(last))->value.last_sequence;
}

/* By stream, subject, consumer: those that are compared stand behind each other. */
static void walk(const void *raw, struct hf__measure *m)
{
	const struct hf__cursor_state *state = raw;
	const struct hf__index *order = &state->views[HF__CURSOR_BY_STREAM];
	struct hf__cursor_position at = {.part = {m->after[0], m->after[1], m->after[2]}}, before = {0};
	struct hf__index_at place =
	    m->began ? hf__index_after(order, &at, HF__CURSOR_PARTS) : hf__index_first(order);
	int64_t head = 0;
	for (; place.leaf; place = hf__index_next(place)) {
		const struct hf__cursor *cursor = hf__index_object(place);
		at = hf__cursor_position_of(cursor);
		if (!hf__bytes_equal(at.part[HF__STREAM], before.part[HF__STREAM]) ||
		    !hf__bytes_equal(at.part[HF__SUBJECT], before.part[HF__SUBJECT]))
			head = head_of(state, &at);
		before = at;
		const int64_t lag = head - cursor->value.last_sequence; /* both are >= 0 */
		if (!hf__measured(m, at.part, &lag, 0))
			return;
	}
}

const struct hf__figures hf__cursor_figures = {
    .family = "cursors",
    .help = "Cursors.",
    .names = {"consumer", "stream", "subject"},
    .of = figures,
    .count = 1,
    .walk = walk,
};

const char *hf__cursor_objects(const void *raw, unsigned kind, uint64_t *count)
{
	*count = ((const struct hf__cursor_state *)raw)->cursors.count;
	return kind == 0 ? "cursor" : NULL;
}
