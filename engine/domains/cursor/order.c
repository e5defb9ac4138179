/* The orders of cursors, and what a cursor says of itself. Four of the orders depend on the key
 * only and are entered at birth; the two for lag depend on last_sequence too and are left and
 * entered around every change. */
#include "domains/cursor/cursor.h"

#define CURSOR struct hf__cursor
#define POSITION struct hf__cursor_position
#define CONSUMER HF__PART(CURSOR, text, lens, 0, POSITION, part[HF__CONSUMER])
#define SUBJECT HF__PART(CURSOR, text, lens, 1, POSITION, part[HF__SUBJECT])
#define STREAM \
	{ \
		.kind = HF__FIELD_OWNER, .offset = offsetof(struct hf__stream, name), \
		.lens = offsetof(struct hf__stream, head.len), .at = offsetof(POSITION, part[HF__STREAM]) \
	}
#define SEQUENCE HF__FIELD(HF__FIELD_I64, CURSOR, value.last_sequence, POSITION, sequence)

/* --- Comparing, written out: six indexes are entered for each cursor -------------------------- */

/* Cursors of one stream share its name. */
static int streams(const CURSOR *a, const CURSOR *b)
{
	const struct hf__stream *x = hf__cursor_stream(a), *y = hf__cursor_stream(b);
	return x == y ? 0 : hf__bytes_compare(hf__container_name(x), hf__container_name(y));
}

static int subjects(const CURSOR *a, const CURSOR *b)
{
	if ((a->lens[1] | b->lens[1]) == 0)
		return 0;
	return hf__bytes_compare(hf_bytes_of(a->text + a->lens[0], a->lens[1]),
	                         hf_bytes_of(b->text + b->lens[0], b->lens[1]));
}

static int consumers(const CURSOR *a, const CURSOR *b)
{
	return hf__bytes_compare(hf_bytes_of(a->text, a->lens[0]), hf_bytes_of(b->text, b->lens[0]));
}

static int sequences(const CURSOR *a, const CURSOR *b)
{
	return (a->value.last_sequence > b->value.last_sequence) -
	       (a->value.last_sequence < b->value.last_sequence);
}

#define COMPARE(function, first, second, third, fourth) \
	static int function(const void *a, const void *b) \
	{ \
		int sign = first(a, b); \
		sign = sign ? sign : second(a, b); \
		sign = sign ? sign : third(a, b); \
		return sign ? sign : fourth(a, b); \
	} \
	_Static_assert(offsetof(CURSOR, object) == 0, "an object is its cursor")

static int equal(const void *a, const void *b)
{
	(void)a, (void)b;
	return 0;
}

COMPARE(by_stream, streams, subjects, consumers, equal);
COMPARE(by_consumer, consumers, streams, subjects, equal);
COMPARE(by_subject, subjects, streams, consumers, equal);
COMPARE(by_consumer_subject, consumers, subjects, streams, equal);
COMPARE(slowest_on_subject, streams, subjects, sequences, consumers);
COMPARE(slowest, streams, sequences, subjects, consumers);

#define VIEW(view, compare_, count, ...) \
	[view] = {.fields = {count, {__VA_ARGS__}}, .compare = (compare_)}

const struct hf__index_type hf__cursor_views[HF__CURSOR_VIEWS] = {
    VIEW(HF__CURSOR_BY_STREAM, by_stream, 3, STREAM, SUBJECT, CONSUMER),
    VIEW(HF__CURSOR_BY_CONSUMER, by_consumer, 3, CONSUMER, STREAM, SUBJECT),
    VIEW(HF__CURSOR_BY_SUBJECT, by_subject, 3, SUBJECT, STREAM, CONSUMER),
    VIEW(HF__CURSOR_BY_CONSUMER_SUBJECT, by_consumer_subject, 3, CONSUMER, SUBJECT, STREAM),
    VIEW(HF__CURSOR_SLOWEST_ON_SUBJECT, slowest_on_subject, 4, STREAM, SUBJECT, SEQUENCE, CONSUMER),
    VIEW(HF__CURSOR_SLOWEST, slowest, 4, STREAM, SEQUENCE, SUBJECT, CONSUMER),
};

/* --- What a cursor says of itself ------------------------------------------------------------- */

struct hf__stream *hf__cursor_stream(const struct hf__cursor *cursor)
{
	return (struct hf__stream *)(void *)cursor->object.container;
}

struct hf__cursor_position hf__cursor_position_of(const struct hf__cursor *cursor)
{
	struct hf__cursor_position at;
	hf__fields_position(&hf__cursor_views[HF__CURSOR_SLOWEST].fields, cursor, &at);
	return at;
}

struct hf__cursor_image hf__cursor_image_of(const struct hf__cursor *cursor)
{
	const struct hf__cursor_value *value = &cursor->value;
	const struct hf__cursor_mishap mishap = hf__cursor_mishap_of(value);
	return (struct hf__cursor_image){
	    .last_sequence = value->last_sequence,
	    .delivery_id = hf__blob_bytes(value->delivery_id),
	    .last_delivered_at = value->last_delivered_at,
	    .last_error = mishap.last_error,
	    .error_count = mishap.error_count,
	    .updated_at = value->updated_at,
	    .reset_reason = mishap.reset_reason,
	    .reset_at = mishap.reset_at,
	};
}
