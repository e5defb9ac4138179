/* The store's generator: jitter and nonces. */
#include "store/internal.h"

uint64_t hf__random(struct hf_store *s)
{
	/* splitmix64: jitter and nonces have to spread, not to be secret. */
	uint64_t z = (s->random_state += UINT64_C(0x9e3779b97f4a7c15));
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}
