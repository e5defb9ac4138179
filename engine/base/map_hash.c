/* The keyed hash of a name, or of two: what a map is asked with.
 *
 * Job: one call asks several times for one name, so the newest hash is kept in the map, and what it
 * is of. Happy path: a comparison. Failure modes: none; a name that is longer than the
 * room for it is hashed each time. */
#include <string.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/map.h"

uint64_t hf__map_hash(const struct hf__map *map, const void *data, size_t len)
{
	struct hf__map *own = (struct hf__map *)(uintptr_t)map; /* the memo is not what it holds */
	if (len == own->memo.len && hf__same(own->memo.data, data, len))
		return own->memo.hash;
	const uint64_t hash = hf__keyed_hash(map->key, data, len);
	if (len > 0 && len <= sizeof own->memo.data) {
		own->memo.hash = hash;
		own->memo.len = (uint32_t)len;
		memcpy(own->memo.data, data, len);
	}
	return hash;
}

static void join(uint8_t *to, struct hf_bytes first, struct hf_bytes second)
{
	hf__store_u16(to, (uint16_t)first.len);
	hf__copy(to + 2, first.data, first.len);
	hf__copy(to + 2 + first.len, second.data, second.len);
}

static bool is_of(const struct hf__map_memo *memo, struct hf_bytes first, struct hf_bytes second)
{
	return memo->len == 2 + first.len + second.len && hf__load_u16(memo->data) == first.len &&
	       hf__same(memo->data + 2 + first.len, second.data, second.len) &&
	       hf__same(memo->data + 2, first.data, first.len);
}

static void memo_make(struct hf__map_memo *memo, const struct hf__map *map, struct hf_bytes first,
                      struct hf_bytes second)
{
	join(memo->data, first, second);
	memo->len = (uint32_t)(2 + first.len + second.len);
	memo->hash = hf__keyed_hash(map->key, memo->data, memo->len);
}

/* The two below are apart, so that the usual way has no frame and saves no registers. */
static __attribute__((noinline)) uint64_t hash_long(const struct hf__map *map,
                                                    struct hf_bytes first, struct hf_bytes second)
{
	uint8_t joined[2 + 2 * HF_KEY_MAX];
	join(joined, first, second);
	return hf__keyed_hash(map->key, joined, 2 + first.len + second.len);
}

static __attribute__((noinline)) uint64_t hash_new(struct hf__map *own, struct hf_bytes first,
                                                   struct hf_bytes second)
{
	if (2 + first.len + second.len > sizeof own->memo.data)
		return hash_long(own, first, second);
	if (is_of(&own->ahead, first, second))
		own->memo = own->ahead;
	else
		memo_make(&own->memo, own, first, second);
	return own->memo.hash;
}

uint64_t hf__map_hash_pair(const struct hf__map *map, struct hf_bytes first, struct hf_bytes second)
{
	if (is_of(&map->memo, first, second))
		return map->memo.hash;
	return hash_new((struct hf__map *)(uintptr_t)map, first, second); /* as above */
}

void hf__map_expect_pair(const struct hf__map *map, struct hf_bytes first, struct hf_bytes second)
{
	struct hf__map *own = (struct hf__map *)(uintptr_t)map; /* as above */
	if (map->bucket_count == 0 || first.len > sizeof own->ahead.data - 2 ||
	    second.len > sizeof own->ahead.data - 2 - first.len)
		return;
	own->memo = own->ahead; /* what was expected before comes now */
	memo_make(&own->ahead, map, first, second);
	hf__map_fetch(map, own->ahead.hash);
}
