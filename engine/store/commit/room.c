/* Room for a group in the segment where it begins, what is kept of it and of the disk, and the size
 * of the next segment: see segments.h.
 *
 * Job: a store on a full disk takes no more, and can be emptied. Happy path: while the next segment
 * is there, all of this one is for any call. Otherwise its last part is for changes that take away
 * more objects than they make; who would need it makes the next segment first, with such a part of
 * its own, or is refused. */
#include "store/internal.h"

/* After this much in a segment its successor grows. */
#define SEGMENT_FLOOR (256u << 10)
#define SEGMENT_OF_LITTLE (4u << 20)

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

/* What a removal by itself takes of the log, with some left for a compaction afterwards, if groups
 * are not padded to more; and as much as is kept for all of them at most. */
#define REMOVAL 256u
#define KEPT_MOST (4u << 20)

/* I-ROOM-1. Of the disk, what growth leaves: as much as removing all that there is would take, one
 * by one, also across openings that a kill ends, of which each begins a segment. A compaction may
 * use it, and then there is less to keep. */
static uint32_t room_kept(const struct hf_store *s)
{
	const uint64_t objects = s->compaction.live_entries + s->compaction.entries; /* at most */
	const uint32_t each = (REMOVAL + s->align - 1) & ~(s->align - 1);
	return objects < KEPT_MOST / each ? (uint32_t)objects * each : KEPT_MOST;
}

/* And as much more of it as the next segment will ask for, once it is full of the same. */
static uint32_t room_spared(const struct hf_store *s, uint32_t size)
{
	const uint64_t bytes = s->compaction.live_bytes + s->compaction.logged + 1;
	const uint64_t kept = room_kept(s), more = kept * size / bytes;
	const uint32_t most = 2 * KEPT_MOST;
	return kept + more < most ? (uint32_t)(kept + more) : most;
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

static uint32_t clamp_size(uint64_t size)
{
	size = size < HF__SEGMENT_SIZE_MAX ? size : HF__SEGMENT_SIZE_MAX;
	return (uint32_t)((size + HF__BLOCK - 1) & ~(uint64_t)(HF__BLOCK - 1));
}

uint32_t hf__segment_least(const struct hf_store *s, uint32_t need)
{
	return clamp_size((uint64_t)need + s->align);
}

/* Where little lives a large segment would be mostly what is to be thrown away, and an opening
 * would read all of its zeros. */
static uint64_t full_size(const struct hf_store *s)
{
	const uint64_t live = s->compaction.live_bytes;
	uint64_t size = SEGMENT_OF_LITTLE;
	if (live == 0)
		return s->identity.segment_size;
	while (size < live && size < s->identity.segment_size)
		size *= 2;
	return size < s->identity.segment_size ? size : s->identity.segment_size;
}

/* The first segment is at most 512 KiB, each next one has room for twice what this one holds. */
static uint32_t wanted_size(const struct hf_store *s, uint32_t least)
{
	const uint64_t full = full_size(s);
	uint64_t size = s->writer.segment_size ? SEGMENT_FLOOR : HF__SEGMENT_FIRST_MAX;
	while (size < (uint64_t)s->writer.end.offset * 2 && size < full)
		size *= 2;
	if (size > full)
		size = full;
	return size > least ? clamp_size(size) : least;
}

struct hf__segment_next hf__segment_planned(const struct hf_store *s, uint32_t least)
{
	const uint32_t size = wanted_size(s, least);
	return (struct hf__segment_next){.number = s->segments.newest_number + 1,
	                                 .size = size,
	                                 .file = -1,
	                                 .spare = room_spared(s, size),
	                                 .kept = room_kept(s)};
}
