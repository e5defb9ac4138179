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
	if (len == own->memo.len && memcmp(own->memo.data, data, len) == 0)
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
	memcpy(to + 2, first.data, first.len);
	memcpy(to + 2 + first.len, second.data, second.len);
}

uint64_t hf__map_hash_pair(const struct hf__map *map, struct hf_bytes first, struct hf_bytes second)
{
	struct hf__map *own = (struct hf__map *)(uintptr_t)map; /* as above */
	uint8_t *memo = own->memo.data;
	const size_t len = 2 + first.len + second.len;
	if (len > sizeof own->memo.data) {
		uint8_t joined[2 + 2 * HF_KEY_MAX];
		join(joined, first, second);
		return hf__keyed_hash(map->key, joined, len);
	}
	if (len == own->memo.len && hf__load_u16(memo) == first.len &&
	    memcmp(memo + 2 + first.len, second.data, second.len) == 0 &&
	    memcmp(memo + 2, first.data, first.len) == 0)
		return own->memo.hash;
	join(memo, first, second);
	own->memo.len = (uint32_t)len;
	return own->memo.hash = hf__keyed_hash(map->key, memo, len);
}
