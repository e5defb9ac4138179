/* Open addressing over offsets into one run of bytes: 8 bytes and the key itself for each. Keys
 * come from files, so that the slots are found by a hash with a secret of this process: nobody
 * can prepare a file whose keys all meet. */
#include "files/keyset.h"

#include <stdlib.h>
#include <sys/random.h>

static uint64_t hash_secret(void)
{
	static uint64_t secret;
	while (secret == 0)
		if (getrandom(&secret, sizeof secret, 0) != (ssize_t)sizeof secret)
			secret = 0x9E3779B97F4A7C15u;
	return secret;
}

static uint64_t mix(uint64_t hash)
{
	hash ^= hash >> 32;
	hash *= 0xD6E8FEB86659FD93u;
	return hash ^ hash >> 29;
}

static uint64_t hash_bytes(const char *data, size_t len)
{
	uint64_t hash = hash_secret() ^ len;
	for (; len >= 8; len -= 8, data += 8) {
		uint64_t word;
		memcpy(&word, data, 8);
		hash = mix(hash ^ word) + hash_secret();
	}
	for (; len; len--, data++)
		hash = mix(hash ^ (unsigned char)*data);
	return mix(hash);
}

static struct hf_bytes key_at(const struct keyset *set, uint64_t slot)
{
	uint32_t len;
	const char *at = set->bytes.data + (slot - 1);
	memcpy(&len, at, sizeof len);
	return hf_bytes_of(at + sizeof len, len);
}

/* The slot of the key, or the free one where it belongs. There is always a free one. */
static size_t find_slot(const struct keyset *set, struct hf_bytes key)
{
	size_t at = (size_t)hash_bytes(key.data, key.len) & (set->room - 1);
	for (; set->slots[at]; at = (at + 1) & (set->room - 1)) {
		const struct hf_bytes other = key_at(set, set->slots[at]);
		if (other.len == key.len && memcmp(other.data, key.data, key.len) == 0)
			break;
	}
	return at;
}

static bool grow(struct keyset *set)
{
	if (set->room && set->count < set->room / 2)
		return true;
	const struct keyset old = *set;
	set->room = old.room ? old.room * 2 : 64;
	set->slots = calloc(set->room, sizeof *set->slots);
	if (!set->slots) {
		*set = old;
		return false;
	}
	for (size_t i = 0; i < old.room; i++)
		if (old.slots[i])
			set->slots[find_slot(set, key_at(set, old.slots[i]))] = old.slots[i];
	free(old.slots);
	return true;
}

/* Appends length, and each part with its own length before it, behind what there is. */
static uint32_t join(struct buffer *buf, const struct hf_bytes *parts, size_t count)
{
	uint32_t len = 0;
	for (size_t i = 0; i < count; i++)
		len += (uint32_t)(sizeof(uint32_t) + parts[i].len);
	buffer_add(buf, &len, sizeof len);
	for (size_t i = 0; i < count; i++) {
		const uint32_t part = (uint32_t)parts[i].len;
		buffer_add(buf, &part, sizeof part);
		json_put_bytes(buf, parts[i]);
	}
	return len;
}

enum keyset_answer keyset_add(struct keyset *set, const struct hf_bytes *parts, size_t count)
{
	const size_t before = set->bytes.len;
	if (!grow(set))
		return KEYSET_NO_MEMORY;
	const uint32_t len = join(&set->bytes, parts, count);
	if (set->bytes.failed)
		return KEYSET_NO_MEMORY;
	const size_t slot = find_slot(set, hf_bytes_of(set->bytes.data + before + sizeof len, len));
	if (set->slots[slot]) {
		set->bytes.len = before;
		return KEYSET_TWICE;
	}
	set->slots[slot] = before + 1;
	set->count++;
	return KEYSET_NEW;
}

bool keyset_has(const struct keyset *set, const struct hf_bytes *parts, size_t count)
{
	struct buffer key = {0};
	if (!set->room)
		return false;
	const uint32_t len = join(&key, parts, count);
	const bool has =
	    !key.failed && set->slots[find_slot(set, hf_bytes_of(key.data + sizeof len, len))];
	buffer_free(&key);
	return has;
}

void keyset_free(struct keyset *set)
{
	buffer_free(&set->bytes);
	free(set->slots);
	*set = (struct keyset){0};
}
