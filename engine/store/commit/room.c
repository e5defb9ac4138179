/* Room for a group in the segment where it begins, and what is kept of it: see segments.h.
 *
 * Job: a store on a full disk takes no more, and can be emptied. Happy path: while the next segment
 * is there, all of this one is for any call. Otherwise its last part is for changes that take away
 * more objects than they make; who would need it makes the next segment first, with such a part of
 * its own, or is refused. */
#include "store/internal.h"

static uint32_t segment_room(const struct hf_store *s, const struct hf__buffer *b)
{
	return b->opens_segment ? s->segments.next.size : s->writer.segment_size;
}

/* Bytes of the group as it is now, with the padding of its end. */
uint64_t hf__group_room(const struct hf_store *s, const struct hf__buffer *b)
{
	const uint64_t end = (uint64_t)b->start.offset + (b->bytes.len - b->header);
	return ((end + s->align - 1) & ~(uint64_t)(s->align - 1)) - b->start.offset;
}

/* While there is no next segment the last part of this one is for what makes room: on a full disk
 * things can be removed. */
static uint32_t reserve(const struct hf_store *s, const struct hf__buffer *b)
{
	if (b->opens_segment || s->segments.next.ready || hf__change_shrinks(&s->world.change))
		return 0;
	return hf__segment_reserve(s->writer.segment_size);
}

/* What the next segment has to have room for. On a nearly full disk no call begins a segment
 * without such a part, but for what makes room. */
uint32_t hf__room_wanted(const struct hf_store *s, uint64_t needed, bool shrinks)
{
	return (uint32_t)needed + (shrinks ? 0 : 2 * hf__segment_reserve(s->identity.segment_size));
}

bool hf__group_fits(const struct hf_store *s, const struct hf__buffer *b)
{
	const uint32_t room = segment_room(s, b) - b->start.offset;
	const uint64_t len = hf__group_room(s, b);
	return len <= room && (room - len >= HF__RESERVE_MOST || room - len >= reserve(s, b));
}

/* It would fit, but for that part. */
bool hf__only_reserved(struct hf_store *s, uint64_t needed)
{
	const struct hf__buffer *b = hf__filling(s);
	return needed <= segment_room(s, b) - b->start.offset;
}
