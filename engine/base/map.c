/* A hash map that never pauses.
 *
 * Job: find an object by its key among millions, without the insert that suddenly rehashes them
 * all.
 *
 * Happy path: linear hashing. There are bucket_count buckets, numbered from 0. A hash belongs to
 * the bucket of its low bits; where that bucket does not exist yet, to the one with the top bit
 * cleared. Adding bucket n therefore takes nodes from exactly one other, n without its top bit,
 * and moves nothing else. An insert that finds more nodes than buckets adds one bucket. Buckets
 * live in segments of SEGMENT_BUCKETS that never move; only the directory of segments is
 * reallocated, at powers of two.
 *
 * A remove that leaves fewer nodes than a quarter of the buckets takes back the last few of
 * them, each into the one it was split from, and frees the segments behind. Growing begins at
 * one node a bucket and shrinking at a quarter, so a map that stays about as full as it is does
 * neither.
 *
 * Invariants: every node is in bucket_of(its hash); bucket_count is at least SEGMENT_BUCKETS
 * once initialised; the directory has room for segment_count rounded up to a power of two.
 *
 * Failure modes: no memory for a segment or for the directory. Then the bucket is not added,
 * nothing else changes, and the next insert tries again: chains get longer, answers stay right.
 * A directory that cannot be made smaller stays as it is. */
#include "base/map.h"

#include <assert.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/steps.h"

#define SEGMENT_BUCKETS ((size_t)256)

/* Fewer nodes than buckets / SPARSE: the map shrinks, by as many buckets for a node that leaves,
 * so that it keeps up. */
#define SPARSE ((size_t)4)

/* The largest power of two that is at most n. n > 0. */
static size_t top_bit(size_t n)
{
	return (size_t)1 << (63 - __builtin_clzll(n));
}

static struct hf__map_node **bucket_at(const struct hf__map *map, size_t index)
{
	return &map->segments[index / SEGMENT_BUCKETS][index % SEGMENT_BUCKETS];
}

static size_t bucket_of(const struct hf__map *map, uint64_t hash)
{
	size_t top = top_bit(map->bucket_count);
	size_t index = (size_t)hash & (2 * top - 1);
	return index < map->bucket_count ? index : index - top; /* not yet split off */
}

/* --- Growth ----------------------------------------------------------------------------------- */

static bool directory_reserve(struct hf__map *map)
{
	size_t count = map->segment_count;
	if (count != 0 && (count & (count - 1)) != 0)
		return true; /* not a power of two: there is room */
	struct hf__map_node ***segments =
	    hf__realloc(map->segments, (count ? 2 * count : 1) * sizeof *segments);
	if (!segments)
		return false;
	map->segments = segments;
	return true;
}

static bool segment_add(struct hf__map *map)
{
	if (!directory_reserve(map))
		return false;
	struct hf__map_node **segment = hf__alloc(SEGMENT_BUCKETS * sizeof *segment);
	if (!segment) {
		/* a directory with room to spare is harmless: the next try asks for the same size */
		return false;
	}
	map->segments[map->segment_count++] = segment;
	return true;
}

/* Moves to bucket `target` what belongs there from the bucket that stood in for it. */
static void bucket_split(struct hf__map *map, size_t target)
{
	size_t bit = top_bit(target);
	struct hf__map_node **from = bucket_at(map, target - bit);
	struct hf__map_node **to = bucket_at(map, target);
	while (*from) {
		struct hf__map_node *node = *from;
		HF__STEP();
		if (node->hash & bit) {
			*from = node->next;
			node->next = *to;
			*to = node;
		} else {
			from = &node->next;
		}
	}
}

static void map_grow(struct hf__map *map)
{
	bool full = map->bucket_count == map->segment_count * SEGMENT_BUCKETS;
	if (full && !segment_add(map))
		return;
	bucket_split(map, map->bucket_count);
	map->bucket_count++;
}

/* --- Shrinking -------------------------------------------------------------------------------- */

/* Moves all nodes of the last bucket to the one that stands in for it from now on. */
static void bucket_merge(struct hf__map *map, size_t last)
{
	struct hf__map_node **from = bucket_at(map, last);
	struct hf__map_node **to = bucket_at(map, last - top_bit(last));
	while (*from) {
		struct hf__map_node *node = *from;
		HF__STEP();
		*from = node->next;
		node->next = *to;
		*to = node;
	}
}

static void segment_drop(struct hf__map *map)
{
	hf__free(map->segments[--map->segment_count]);
	const size_t count = map->segment_count;
	if ((count & (count - 1)) != 0)
		return;
	struct hf__map_node ***segments = hf__realloc(map->segments, count * sizeof *segments);
	if (segments)
		map->segments = segments;
}

static void map_shrink(struct hf__map *map)
{
	for (size_t i = 0; i < SPARSE; i++) {
		if (map->bucket_count <= SEGMENT_BUCKETS || map->count >= map->bucket_count / SPARSE)
			return;
		bucket_merge(map, --map->bucket_count);
		/* One empty segment stays, for the map that is about to grow again. */
		if (map->bucket_count + 2 * SEGMENT_BUCKETS == map->segment_count * SEGMENT_BUCKETS)
			segment_drop(map);
	}
}

/* --- Map -------------------------------------------------------------------------------------- */

bool hf__map_init(struct hf__map *map, const uint8_t key[16])
{
	*map = (struct hf__map){0};
	memcpy(map->key, key, sizeof map->key);
	if (!segment_add(map)) {
		hf__map_deinit(map);
		return false;
	}
	map->bucket_count = SEGMENT_BUCKETS;
	return true;
}

void hf__map_deinit(struct hf__map *map)
{
	for (size_t i = 0; i < map->segment_count; i++)
		hf__free(map->segments[i]);
	hf__free(map->segments);
	*map = (struct hf__map){0};
}

uint64_t hf__map_hash(const struct hf__map *map, const void *data, size_t len)
{
	return hf__keyed_hash(map->key, data, len);
}

struct hf__map_node *hf__map_find(const struct hf__map *map, uint64_t hash, hf__map_equal equal,
                                  const void *key)
{
	if (map->count == 0)
		return NULL; /* a zeroed map, too, holds nothing */
	struct hf__map_node *node = *bucket_at(map, bucket_of(map, hash));
	for (; node; node = node->next) {
		HF__STEP();
		if (node->hash == hash && equal(node, key))
			return node;
	}
	return NULL;
}

void hf__map_insert(struct hf__map *map, struct hf__map_node *node, uint64_t hash)
{
	assert(map->bucket_count > 0);
	if (map->count >= map->bucket_count)
		map_grow(map);
	struct hf__map_node **bucket = bucket_at(map, bucket_of(map, hash));
	HF__STEP();
	node->hash = hash;
	node->next = *bucket;
	*bucket = node;
	map->count++;
}

void hf__map_remove(struct hf__map *map, struct hf__map_node *node)
{
	struct hf__map_node **link = bucket_at(map, bucket_of(map, node->hash));
	HF__STEP();
	while (*link != node) {
		assert(*link);
		HF__STEP();
		link = &(*link)->next;
	}
	*link = node->next;
	node->next = NULL;
	map->count--;
	map_shrink(map);
}

struct hf__map_node *hf__map_next(const struct hf__map *map, const struct hf__map_node *node)
{
	HF__STEP();
	if (node && node->next)
		return node->next;
	size_t index = node ? bucket_of(map, node->hash) + 1 : 0;
	for (; index < map->bucket_count; index++) {
		HF__STEP(); /* empty buckets are work too */
		if (*bucket_at(map, index))
			return *bucket_at(map, index);
	}
	return NULL;
}
