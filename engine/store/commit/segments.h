/* The next segment, and what is put in order behind the current one: segments.c, tidy.c. Part of
 * internal.h. */
#ifndef HF_STORE_SEGMENTS_H
#define HF_STORE_SEGMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "log/segment.h"

struct hf__flush_end;
struct hf_error;
struct hf_store;

/* The segment after this one. */
struct hf__segment_next {
	bool ready;
	uint32_t number;
	uint32_t size;
	int file;
	uint32_t spare; /* while it is made: what it leaves of the disk, if it may be smaller */
	uint32_t kept; /* or in any case */
};

/* A segment that has a successor and may be longer than what it holds: see tidy.c. */
struct hf__cut {
	uint32_t number;
	uint32_t end; /* where its successor says that it ends */
	uint64_t lsn; /* first of the successor: once it is durable, so is that header */
};
#define HF__CUTS_SPARE 4u

/* There was no room for a segment of `size` bytes. */
struct hf__refusal {
	uint32_t size; /* 0: no refusal */
	int64_t until; /* ticks: so long it is believed */
	uint64_t lsn; /* next_lsn then: upkeep does not ask again before something was written */
};

/* What comes behind the segment being written. */
struct hf__segments {
	struct hf__segment_next next;
	bool preparing; /* a thread makes it, and owns `making` */
	struct hf__making making; /* half made by upkeep */
	struct hf__refusal refused;
	bool gave_back; /* the old segment's unused room was given back */
	uint32_t newest_number; /* greatest segment number in the directory, used or not */
	/* size of that file if the opening found nothing but zeros in it, else 0 */
	uint32_t zero_leftover;
	/* this opening made that file, with the store: nothing was written to it under its number */
	bool made_first;
};

/* What is to be put in order behind it. */
struct hf__tidying {
	struct hf__cut *cuts;
	size_t cut_count, cut_cap;
	uint32_t *leftovers; /* numbers of segments in the directory that are no part of the log */
	size_t leftover_count;
	bool strays; /* temporary files of earlier openings may be there */
};

/* The last part of a segment of this size, for what makes room: see room.c. */
#define HF__RESERVE_MOST (64u << 10)
static inline uint32_t hf__segment_reserve(uint32_t segment_size)
{
	return segment_size / 8 < HF__RESERVE_MOST ? segment_size / 8 : HF__RESERVE_MOST;
}

struct hf__buffer;

/* room.c. The lock is held for these. */
/* Bytes of the group as it is now, with the padding of its end. */
uint64_t hf__group_room(const struct hf_store *s, const struct hf__buffer *b);
/* May it stay where it begins? The change is under way. */
bool hf__group_fits(const struct hf_store *s, const struct hf__buffer *b);
/* One of `needed` bytes would fit there, but for the last part. */
bool hf__only_reserved(struct hf_store *s, uint64_t needed);
/* What the next segment has to have room for. */
uint32_t hf__room_wanted(const struct hf_store *s, uint64_t needed, bool shrinks);
/* The smallest segment that a group of `need` bytes can open, padding of its end included. */
uint32_t hf__segment_least(const struct hf_store *s, uint32_t need);
/* The next one, not smaller: its number, its size, and what growth leaves of the disk beside it. */
struct hf__segment_next hf__segment_planned(const struct hf_store *s, uint32_t least);

/* segments.c. */
/* Is it there, with room for a group of `need` bytes? */
bool hf__next_segment_ready(const struct hf_store *s, uint32_t need);
/* Makes the next segment ready with at least `need` bytes, or waits for the thread that does: look
 * again afterwards. `grows`: it leaves what growth leaves of the disk. The lock is held, released
 * meanwhile. HF_OK, HF_ENOSPACE, HF_EIO, HF_EFAILED. */
int hf__next_segment(struct hf_store *s, uint32_t need, bool grows, struct hf_error *error);
/* Removes it if it is there and nothing has begun in it: what it takes is needed more. false: it
 * was not. Not under the lock. */
bool hf__next_segment_give_up(struct hf_store *s);
/* Makes it ahead of need, in slices: one at least, more until `until` (ticks; INT64_MAX: all).
 * `paced`: no more than the log's growth asks for. *more: there is more to make at once. Not under
 * the lock. HF_OK, HF_ENOSPACE, HF_EIO, HF_EUNCERTAIN. */
int hf__prepare_ahead(struct hf_store *s, int64_t until, bool paced, bool *more);

/* tidy.c. */
/* Room for so many cuts, and for those of rotations. false: no memory. */
bool hf__cuts_reserve(struct hf_store *s, size_t count);
/* Segment `number` ends at `end`: it is cut once `lsn` is durable. The lock is held. */
void hf__cut_later(struct hf_store *s, uint32_t number, uint32_t end, uint64_t lsn);
/* Puts in order what is to be, as far as is possible now. Failures cost room on the disk and
 * nothing else. Not under the lock. */
void hf__tidy(struct hf_store *s);
/* See hf__progress. */
void hf__tidy_ended(struct hf_store *s, struct hf__flush_end *end);
void hf__tidy_advanced(struct hf_store *s, const struct hf__flush_end *end);

#endif
