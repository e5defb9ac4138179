/* Checksums of what is on disk, and the keyed hash of what is in memory. The two are never
 * mixed: see hash.c. */
#ifndef HF_BASE_HASH_H
#define HF_BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Low 64 bits of XXH3_128 with a seed. The 128-bit variant has no seed-dependent collisions at
 * 17 to 240 bytes. */
uint64_t hf__checksum(const void *data, size_t len, uint64_t seed);

/* The same of lengths that every entry and group has: no length is looked at. */
uint64_t hf__checksum_24(const void *data, uint64_t seed);
uint64_t hf__checksum_32(const void *data, uint64_t seed);
uint64_t hf__checksum_72(const void *data, uint64_t seed);

/* The same by wider registers, for long bytes: where the processor has them. */
extern const bool hf__checksum_has_wide; /* was it compiled for them? */
uint64_t hf__checksum_wide(const void *data, size_t len, uint64_t seed);

#ifdef HF_TESTING
/* Bytes that hf__checksum has read so far, on all threads. */
uint64_t hf__checksum_bytes(void);
/* Called with the length of whatever is summed, or hashed as contents, by the thread that does it;
 * NULL: nothing is called. */
void hf__hash_watch(void (*seen)(size_t len));
#endif

/* What a store's checksums have in common. */
uint64_t hf__seed_base(const uint8_t uuid[16], uint16_t epoch);
/* The seed of what belongs to one LSN (or, for headers, one segment number): base + lsn * C, then
 * the finisher of splitmix64: neighbouring LSNs get seeds that differ in half of their bits. Every
 * step can be undone (C is odd), hence one-to-one. */
static inline uint64_t hf__seed_at(uint64_t base, uint64_t lsn)
{
	uint64_t mixed = base + lsn * UINT64_C(0x9e3779b97f4a7c15);
	mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
	return mixed ^ mixed >> 31;
}

/* SipHash-1-3 under a key chosen at random per opening, so that no caller can choose keys
 * that collide. Never stored. */
uint64_t hf__keyed_hash(const uint8_t key[16], const void *data, size_t len);

/* What stands for contents that are too long to keep: equal hashes of equal lengths count as
 * equal contents. XXH3_128 under a secret made from the store's key (hf__identity.content_key),
 * which no outsider sees, so that no caller can choose contents that collide. The same in every
 * opening of a store: snapshots may keep it, exports must not. */
struct hf__hash128 {
	uint64_t low, high;
};
struct hf__hash128 hf__content_hash(const uint8_t key[16], const void *data, size_t len);

#endif
