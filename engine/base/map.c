/* A hash map that never pauses.
 *
 * Job: find an object by its key among millions, for about 12 bytes each and a miss of the cache or
 * two, without the insert that suddenly rehashes them all.
 *
 * Happy path: linear hashing. There are bucket_count buckets, numbered from 0. A hash belongs to
 * the bucket of its low bits; where that bucket does not exist yet, to the one with the top bit
 * cleared. So bucket n takes objects from exactly one other, n without its top bit, and moves
 * nothing else. An insert that finds more than FULL objects a bucket adds one bucket.
 *
 * A bucket is a line of the cache: 8 slots, each a pointer whose spare bits hold a TAG of the hash.
 * What is too much for it goes on in further lines: then the last slot links to the next one. The
 * slots of a bucket are filled from the front without gaps, so how many further lines it has
 * follows from how many objects it has: (n - 2) / 7.
 *
 * A tag holds TAG_BITS bits of the hash, beginning with bit WINDOW * (level / WINDOW), where level
 * is the number of low bits that all hashes of the bucket share. So a split finds its bit in the
 * tag. Only where the level reaches a multiple of WINDOW are the hashes asked for again.
 *
 * Buckets live in segments of SEGMENT_LINES that never move, but for the first, which begins small
 * and doubles; only the directory of segments is reallocated, at powers of two.
 *
 * I-MAP-1: further lines of all buckets and spare ones are never fewer after a removal or a split
 * than before; only trim gives them back. And no set of objects needs more of them in more buckets,
 * since (a - 2) / 7 + (b - 2) / 7 <= (a + b - 2) / 7, rounded down. So what was in the map before
 * some inserts and removals finds room again once they are taken back, with no memory, whatever was
 * split meanwhile. And every object is in its hash's bucket, with the tag of the bucket's level.
 * Failure modes: no memory for a segment or the directory: the bucket is not added, and the next
 * insert tries again: buckets get fuller, answers stay right. None for a line: reserve says so. */
#include "base/map.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "base/steps.h"

#define SLOTS 8u
#define FULL ((size_t)7) /* objects a bucket, on average, before one is added */
#define SPARSE ((size_t)4) /* fewer than FULL / SPARSE: as many go with one that leaves */
#define SEGMENT_LINES ((size_t)512)
#define FIRST_LINES ((size_t)8)
#define SPARES ((size_t)2) /* that stay for what comes and goes */

#define TAG_BITS 18u
#define WINDOW 8u
#define LINK UINT64_C(1) /* the slot says where the next line is */
#define ADDRESS (((UINT64_C(1) << HF__ADDRESS_BITS) - 1) & ~UINT64_C(7))
#define TAG (~(ADDRESS | LINK))

struct hf__map_line {
	uint64_t slots[SLOTS];
};

/* A bucket, and how many low bits its hashes share. */
struct bucket {
	size_t index;
	unsigned level;
};

/* --- Slots ------------------------------------------------------------------------------------ */

static void *object_of(uint64_t slot)
{
	return (void *)(uintptr_t)(slot & ADDRESS);
}

/* The TAG of a slot for a number of TAG_BITS, and back: two of them in bits 1 and 2. */
static uint64_t tag_of(uint64_t bits)
{
	return (bits & 3) << 1 | (bits & ((1u << TAG_BITS) - 1)) >> 2 << HF__ADDRESS_BITS;
}

static uint64_t bits_of(uint64_t slot)
{
	return (slot >> 1 & 3) | slot >> HF__ADDRESS_BITS << 2;
}

static unsigned window_of(unsigned level)
{
	return level / WINDOW * WINDOW;
}

static uint64_t slot_of(const void *object, uint64_t tag)
{
	const uint64_t address = (uintptr_t)object;
	assert((address & ~ADDRESS) == 0 && address != 0);
	return address | tag;
}

static struct hf__map_line *link_of(const struct hf__map_line *line)
{
	const uint64_t last = line->slots[SLOTS - 1];
	return last & LINK ? object_of(last) : NULL;
}

/* --- Buckets ---------------------------------------------------------------------------------- */

static unsigned bits_in(size_t n)
{
	return 63u - (unsigned)__builtin_clzll(n);
}

static struct hf__map_line *segment_lines(void *segment)
{
	return (void *)(((uintptr_t)segment + sizeof(struct hf__map_line) - 1) &
	                ~(uintptr_t)(sizeof(struct hf__map_line) - 1));
}

static struct hf__map_line *line_of(const struct hf__map *map, size_t index)
{
	return &segment_lines(map->segments[index / SEGMENT_LINES])[index % SEGMENT_LINES];
}

static struct bucket bucket_of(const struct hf__map *map, uint64_t hash)
{
	const unsigned bits = bits_in(map->bucket_count);
	const size_t top = (size_t)1 << bits;
	struct bucket b = {(size_t)hash & (2 * top - 1), bits + 1};
	if (b.index < map->bucket_count) { /* of those below the top half, some were not split yet */
		b.level -= b.index < top && b.index + top >= map->bucket_count;
		return b;
	}
	return (struct bucket){b.index - top, bits};
}

/* --- Lines ------------------------------------------------------------------------------------ */

static void spare_put(struct hf__map *map, struct hf__map_line *line)
{
	line->slots[0] = (uintptr_t)map->spare;
	map->spare = line;
	map->spares++;
}

static struct hf__map_line *spare_take(struct hf__map *map)
{
	struct hf__map_line *line = map->spare;
	assert(line); /* I-MAP-1 */
	map->spare = object_of(line->slots[0]);
	map->spares--;
	*line = (struct hf__map_line){{0}};
	return line;
}

static bool spare_make(struct hf__map *map)
{
	struct hf__map_line *line = hf__alloc(sizeof *line);
	if (line)
		spare_put(map, line);
	return line != NULL;
}

/* How many slots of the last line of a bucket are taken. */
static unsigned taken(const struct hf__map_line *line)
{
	unsigned count = 0;
	while (count < SLOTS && line->slots[count])
		count++;
	return count;
}

static void line_add(struct hf__map *map, struct hf__map_line *line, uint64_t slot)
{
	HF__STEP();
	for (struct hf__map_line *next; (next = link_of(line)) != NULL; line = next)
		HF__STEP();
	const unsigned count = taken(line);
	if (count < SLOTS) {
		line->slots[count] = slot;
		return;
	}
	struct hf__map_line *more = spare_take(map);
	more->slots[0] = line->slots[SLOTS - 1];
	more->slots[1] = slot;
	line->slots[SLOTS - 1] = (uintptr_t)more | LINK;
}

/* The last slot of the bucket moves to `hole`. */
static void line_close(struct hf__map *map, struct hf__map_line *line, uint64_t *hole)
{
	struct hf__map_line *before = NULL;
	for (struct hf__map_line *next; (next = link_of(line)) != NULL; line = next) {
		HF__STEP();
		before = line;
	}
	const unsigned last = taken(line) - 1;
	*hole = line->slots[last];
	line->slots[last] = 0;
	if (before && last == 1) { /* the one that is left fits where the link is */
		before->slots[SLOTS - 1] = line->slots[0];
		spare_put(map, line);
	}
}

/* --- Growth ----------------------------------------------------------------------------------- */

static bool directory_reserve(struct hf__map *map)
{
	const size_t count = map->segment_count;
	if (count != 0 && (count & (count - 1)) != 0)
		return true; /* not a power of two: there is room */
	void **segments = hf__realloc(map->segments, (count ? 2 * count : 1) * sizeof *segments);
	if (!segments)
		return false;
	map->segments = segments;
	return true;
}

static void *segment_new(size_t lines)
{
	return hf__alloc((lines + 1) * sizeof(struct hf__map_line));
}

/* The first segment has room for so many buckets from then on. */
static bool first_resize(struct hf__map *map, size_t lines)
{
	void *segment = segment_new(lines);
	if (!segment)
		return false;
	memcpy(segment_lines(segment), line_of(map, 0),
	       map->bucket_count * sizeof(struct hf__map_line));
	hf__free(map->segments[0]);
	map->segments[0] = segment;
	map->first_lines = lines;
	return true;
}

static bool segment_add(struct hf__map *map, size_t lines)
{
	if (!directory_reserve(map))
		return false;
	/* a directory with room to spare is harmless: the next try asks for the same size */
	void *segment = segment_new(lines);
	if (!segment)
		return false;
	map->segments[map->segment_count++] = segment;
	return true;
}

static bool room_for_bucket(struct hf__map *map)
{
	if (map->bucket_count < SEGMENT_LINES)
		return map->bucket_count < map->first_lines || first_resize(map, 2 * map->first_lines);
	return map->bucket_count < map->segment_count * SEGMENT_LINES ||
	       segment_add(map, SEGMENT_LINES);
}

/* Of one line of a bucket that is split: to where the bit at its level says. */
static void line_split(struct hf__map *map, const struct hf__map_line *line, unsigned level,
                       struct hf__map_line *low, struct hf__map_line *high)
{
	const unsigned bit = level - window_of(level);
	for (unsigned i = 0; window_of(level + 1) != window_of(level) && i < SLOTS; i++)
		__builtin_prefetch(object_of(line->slots[i])); /* their hashes are asked for */
	for (unsigned i = 0; i < SLOTS && line->slots[i] && !(line->slots[i] & LINK); i++) {
		uint64_t slot = line->slots[i];
		struct hf__map_line *to = bits_of(slot) >> bit & 1 ? high : low;
		if (window_of(level + 1) != window_of(level)) {
			void *object = object_of(slot);
			HF__STEP();
			slot = slot_of(object, tag_of(map->hash(map, object) >> window_of(level + 1)));
		}
		line_add(map, to, slot);
	}
}

/* I-MAP-1: each further line is spare before its slots need one. */
static void map_grow(struct hf__map *map)
{
	if (!room_for_bucket(map))
		return;
	const unsigned level = bits_in(map->bucket_count);
	struct hf__map_line *low = line_of(map, map->bucket_count - ((size_t)1 << level)),
	                    *high = line_of(map, map->bucket_count);
	struct hf__map_line line = *low;
	*low = (struct hf__map_line){{0}};
	*high = (struct hf__map_line){{0}};
	for (;;) {
		struct hf__map_line *next = link_of(&line);
		line_split(map, &line, level, low, high);
		if (!next)
			break;
		line = *next;
		spare_put(map, next);
	}
	map->bucket_count++;
}

/* --- Shrinking -------------------------------------------------------------------------------- */

static size_t objects_in(const struct hf__map_line *line)
{
	size_t count = 0;
	for (const struct hf__map_line *next; (next = link_of(line)) != NULL; line = next)
		count += SLOTS - 1;
	return count + taken(line);
}

static size_t further_lines(size_t objects)
{
	return objects > SLOTS ? (objects - 2) / (SLOTS - 1) : 0;
}

/* The tags of a bucket at a level that is a multiple of WINDOW, for the level below: they begin
 * WINDOW bits earlier, with bits that its number has. */
static void tags_lower(struct hf__map_line *line, size_t index, unsigned level)
{
	const uint64_t low = (uint64_t)index >> (level - WINDOW) & ((1u << WINDOW) - 1);
	for (; line; line = link_of(line))
		for (unsigned i = 0; i < SLOTS && line->slots[i] && !(line->slots[i] & LINK); i++)
			line->slots[i] =
			    (line->slots[i] & ADDRESS) | tag_of(bits_of(line->slots[i]) << WINDOW | low);
}

/* Moves all objects of the last bucket to the one that stands in for it from now on. false: there
 * is no room for them. */
static bool bucket_merge(struct hf__map *map)
{
	const size_t last = map->bucket_count - 1, low = last - ((size_t)1 << bits_in(last));
	const unsigned level = bits_in(last) + 1;
	struct hf__map_line *from = line_of(map, last), *to = line_of(map, low);
	const size_t a = objects_in(from), b = objects_in(to);
	const size_t there = further_lines(a) + further_lines(b);
	while (further_lines(a + b) > there + map->spares)
		if (!spare_make(map))
			return false;
	if (level % WINDOW == 0) {
		tags_lower(from, last, level);
		tags_lower(to, low, level);
	}
	struct hf__map_line line = *from;
	for (;;) {
		struct hf__map_line *next = link_of(&line);
		for (unsigned i = 0; i < SLOTS && line.slots[i] && !(line.slots[i] & LINK); i++)
			line_add(map, to, line.slots[i]);
		if (!next)
			break;
		line = *next;
		spare_put(map, next);
	}
	*from = (struct hf__map_line){{0}};
	map->bucket_count--;
	return true;
}

static void segment_drop(struct hf__map *map)
{
	hf__free(map->segments[--map->segment_count]);
	const size_t count = map->segment_count;
	if ((count & (count - 1)) != 0)
		return;
	void **segments = hf__realloc(map->segments, count * sizeof *segments);
	if (segments)
		map->segments = segments;
}

void hf__map_trim(struct hf__map *map)
{
	map->found.known = false;
	for (size_t i = 0; i < SPARSE; i++)
		if (map->bucket_count <= FIRST_LINES || map->count >= map->bucket_count * FULL / SPARSE ||
		    !bucket_merge(map))
			break;
	/* Half a segment stays, for the map that is about to grow again. */
	if (map->segment_count > 1 &&
	    map->bucket_count + SEGMENT_LINES * 3 / 2 <= map->segment_count * SEGMENT_LINES)
		segment_drop(map);
	if (map->segment_count == 1 && map->first_lines > FIRST_LINES &&
	    map->bucket_count <= map->first_lines / 4)
		(void)first_resize(map, map->first_lines / 2); /* without memory for it: next time */
	for (size_t i = 0; i < SPARSE && map->spares > SPARES; i++)
		hf__free(spare_take(map));
}

/* --- Map -------------------------------------------------------------------------------------- */

bool hf__map_init(struct hf__map *map, hf__map_hash_of hash, const uint8_t key[16])
{
	*map = (struct hf__map){
	    .hash = hash, .first_lines = FIRST_LINES, .memo.len = UINT32_MAX, .ahead.len = UINT32_MAX};
	memcpy(map->key, key, sizeof map->key);
	if (!segment_add(map, FIRST_LINES)) {
		hf__map_deinit(map);
		return false;
	}
	map->bucket_count = 1;
	return true;
}

void hf__map_deinit(struct hf__map *map)
{
	for (size_t i = 0; i < map->bucket_count; i++)
		for (struct hf__map_line *line = link_of(line_of(map, i)); line;) {
			struct hf__map_line *next = link_of(line);
			hf__free(line);
			line = next;
		}
	while (map->spare)
		hf__free(spare_take(map));
	for (size_t i = 0; i < map->segment_count; i++)
		hf__free(map->segments[i]);
	hf__free(map->segments);
	*map = (struct hf__map){0};
}

void *hf__map_find(const struct hf__map *map, uint64_t hash, hf__map_equal equal, const void *key)
{
	struct hf__map_found *found = &((struct hf__map *)(uintptr_t)map)->found; /* no part of it */
	if (map->count == 0)
		return NULL; /* a zeroed map, too, holds nothing */
	if (found->known && found->hash == hash) {
		HF__STEP();
		if (!found->object || equal(found->object, key))
			return found->object;
	}
	const struct bucket b = bucket_of(map, hash);
	const uint64_t tag = tag_of(hash >> window_of(b.level));
	*found = (struct hf__map_found){hash, NULL, NULL, tag, true};
	for (struct hf__map_line *line = line_of(map, b.index); line; line = link_of(line)) {
		HF__STEP();
		found->last = line;
		for (unsigned i = 0; i < SLOTS; i++) { /* no end on the way: it is unrolled */
			const uint64_t slot = line->slots[i];
			if (((slot ^ tag) & (TAG | LINK)) != 0 || slot == 0)
				continue;
			HF__STEP();
			found->known = equal(object_of(slot), key);
			if (found->known)
				return found->object = object_of(slot);
			/* stays so: another key may have the hash of what was there */
		}
	}
	return NULL;
}

void hf__map_fetch(const struct hf__map *map, uint64_t hash)
{
	__builtin_prefetch(line_of(map, bucket_of(map, hash).index));
}

bool hf__map_reserve(struct hf__map *map)
{
	return map->spares > 0 || spare_make(map);
}

void hf__map_insert(struct hf__map *map, void *object, uint64_t hash)
{
	assert(map->bucket_count > 0);
	struct hf__map_found at = map->found; /* who inserts has mostly asked before */
	map->found.known = false;
	if (map->count >= map->bucket_count * FULL) {
		map_grow(map);
		at.known = false;
	}
	if (!at.known || at.object || at.hash != hash) {
		const struct bucket b = bucket_of(map, hash);
		at.last = line_of(map, b.index);
		at.tag = tag_of(hash >> window_of(b.level));
	}
	line_add(map, at.last, slot_of(object, at.tag));
	map->count++;
}

void hf__map_remove(struct hf__map *map, const void *object)
{
	const struct bucket b = bucket_of(map, map->hash(map, object));
	struct hf__map_line *const first = line_of(map, b.index);
	map->found.known = false;
	for (struct hf__map_line *line = first;; line = link_of(line)) {
		assert(line);
		HF__STEP();
		for (unsigned i = 0; i < SLOTS; i++)
			if (object_of(line->slots[i]) == object && !(line->slots[i] & LINK)) {
				line_close(map, first, &line->slots[i]);
				map->count--;
				return;
			}
	}
}

void *hf__map_next(const struct hf__map *map, struct hf__map_walk *walk)
{
	while (walk->bucket < map->bucket_count) {
		HF__STEP(); /* empty buckets are work too */
		if (!walk->line)
			walk->line = line_of(map, walk->bucket);
		const uint64_t slot = walk->slot < SLOTS ? walk->line->slots[walk->slot] : 0;
		if (slot && !(slot & LINK)) {
			walk->slot++;
			return object_of(slot);
		}
		walk->line = slot ? object_of(slot) : NULL;
		walk->bucket += !walk->line;
		walk->slot = 0;
	}
	return NULL;
}
