/* A hash map of objects, 8 bytes for each and none in the object. Linear hashing: an insert splits
 * at most one bucket, so growth never pauses, and no call moves or clears more than 64 KiB. A
 * removal needs no memory, nor does putting back what was removed: so a change can be undone. */
#ifndef HF_BASE_MAP_H
#define HF_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "holdfast/types.h"

struct hf__map;
struct hf__map_line;

/* The hash of the object's key. Asked when it is removed, and once in 8 doublings. */
typedef uint64_t (*hf__map_hash_of)(const struct hf__map *map, const void *object);
/* Has it this key? Asked when 10 to 18 bits of the hash beyond those of its bucket are equal. */
typedef bool (*hf__map_equal)(const void *object, const void *key);

struct hf__map {
	void **segments; /* of lines, one a bucket; a directory */
	size_t segment_count;
	size_t first_lines; /* that the first segment has room for: it alone is smaller at first */
	size_t bucket_count; /* grows one at a time, shrinks a few at a time */
	size_t count;
	struct hf__map_line *spare; /* lines for buckets with more objects than fit into one */
	size_t spares;
	hf__map_hash_of hash;
	uint8_t key[16]; /* of hf__keyed_hash */
	/* The newest hash and of what: one call asks several times for one name. And what will be asked
	 * for soon. */
	struct hf__map_memo {
		uint64_t hash;
		uint32_t len;
		uint8_t data[52];
	} memo, ahead;
	/* What was found for a hash since objects came or went: an object, or NULL: none has it. Then
	 * `last` is the last line of its bucket, and `tag` what is to stand there beside it. */
	struct hf__map_found {
		uint64_t hash;
		void *object;
		struct hf__map_line *last;
		uint64_t tag;
		bool known;
	} found;
};

/* false: out of memory. */
bool hf__map_init(struct hf__map *map, hf__map_hash_of hash, const uint8_t key[16]);
/* Does not touch the objects; safe on a zeroed map. */
void hf__map_deinit(struct hf__map *map);
/* Remembers the newest one: for one thread at a time, as everything here. */
uint64_t hf__map_hash(const struct hf__map *map, const void *data, size_t len);
/* The same of two names, each of at most HF_KEY_MAX bytes, in one piece: the length of the first
 * keeps ("ab", "c") and ("a", "bc") apart. */
uint64_t hf__map_hash_pair(const struct hf__map *map, struct hf_bytes first,
                           struct hf_bytes second);
/* The map will be asked for these two soon: their hash is remembered, and where they would be is
 * fetched. What was expected before counts no more. */
void hf__map_expect_pair(const struct hf__map *map, struct hf_bytes first, struct hf_bytes second);
/* Fetches where the objects of this hash are. */
void hf__map_fetch(const struct hf__map *map, uint64_t hash);
/* NULL: there is none. */
void *hf__map_find(const struct hf__map *map, uint64_t hash, hf__map_equal equal, const void *key);
/* Makes sure of the memory of the next insert. false: out of memory. */
bool hf__map_reserve(struct hf__map *map);
/* The key must not be there yet, and room for it was reserved, or something was removed since that
 * was there then, and nothing was trimmed. */
void hf__map_insert(struct hf__map *map, void *object, uint64_t hash);
void hf__map_remove(struct hf__map *map, const void *object); /* it must be there */
/* Gives back a little of what the map does not need, if anything. What was removed will not be put
 * back. */
void hf__map_trim(struct hf__map *map);

/* A walk over all objects in no useful order; begins with zeros. The map must not change meanwhile,
 * but an object may end once the walk stands behind it. */
struct hf__map_walk {
	size_t bucket;
	const struct hf__map_line *line;
	unsigned slot;
};
void *hf__map_next(const struct hf__map *map, struct hf__map_walk *walk); /* NULL: the end */

#endif
