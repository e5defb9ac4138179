#include "lib/row.h"

#include <string.h>

/* splitmix64 */
uint64_t random_next(uint64_t *state)
{
	uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

void row_make(struct row *row, uint64_t number, size_t len)
{
	uint64_t state = number * UINT64_C(0xd1342543de82ef95) + 1, random;
	for (size_t i = 0; i < ROW_KEY; i += sizeof random) {
		random = random_next(&state);
		memcpy(row->key + i, &random, sizeof random);
	}
	/* a key part holds no NUL */
	for (size_t i = 0; i < ROW_KEY; i++)
		row->key[i] = row->key[i] ? row->key[i] : 1;
	row->len = len;
	for (size_t i = 0; i < len; i += sizeof random) {
		random = random_next(&state);
		memcpy(row->value + i, &random, len - i < sizeof random ? len - i : sizeof random);
	}
}
