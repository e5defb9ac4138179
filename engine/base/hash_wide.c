/* Checksums of long bytes by registers of 32 bytes.
 *
 * Job: half the instructions of the same sum. Happy path: this file alone is compiled for AVX2
 * (cmake/engine.cmake), and hash.c calls it where the processor has that. Failure modes: none. A
 * compiler that has no such option says so below. */
#include "base/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#ifdef __AVX2__
const bool hf__checksum_has_wide = true;
#else
const bool hf__checksum_has_wide = false;
#endif

uint64_t hf__checksum_wide(const void *data, size_t len, uint64_t seed)
{
	return XXH3_128bits_withSeed(data, len, seed).low64;
}
