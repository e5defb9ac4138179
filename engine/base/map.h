/* A hash map of nodes that live inside their objects. Linear hashing: an insert splits at most
 * one bucket, so growth never pauses; inserting needs no memory to succeed (when growing fails,
 * chains get longer until it works again). Removing gives back what a map that was much larger
 * needed, a few buckets at a time. */
#ifndef HF_BASE_MAP_H
#define HF_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hf__map_node {
	struct hf__map_node *next;
	uint64_t hash;
};

struct hf__map {
	struct hf__map_node ***segments; /* a directory of equal arrays of buckets */
	size_t segment_count;
	size_t bucket_count; /* grows one at a time, shrinks a few at a time */
	size_t count;
	uint8_t key[16]; /* of hf__keyed_hash */
};

/* Does this node hold `key`? Asked only when the full hash is equal. */
typedef bool (*hf__map_equal)(const struct hf__map_node *node, const void *key);

/* false: out of memory. */
bool hf__map_init(struct hf__map *map, const uint8_t key[16]);
void hf__map_deinit(struct hf__map *map); /* does not touch the nodes; safe on a zeroed map */
uint64_t hf__map_hash(const struct hf__map *map, const void *data, size_t len);
struct hf__map_node *hf__map_find(const struct hf__map *map, uint64_t hash, hf__map_equal equal,
                                  const void *key);
/* the key must not be there yet */
void hf__map_insert(struct hf__map *map, struct hf__map_node *node, uint64_t hash);
void hf__map_remove(struct hf__map *map, struct hf__map_node *node); /* the node must be there */
/* Walks all nodes in no useful order: NULL gives the first, NULL is the end. The map must not
 * change meanwhile. */
struct hf__map_node *hf__map_next(const struct hf__map *map, const struct hf__map_node *node);

#endif
