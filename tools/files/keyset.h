/* A set of byte strings, to find the one that comes twice. */
#ifndef TOOLS_KEYSET_H
#define TOOLS_KEYSET_H

#include "json/json_write.h"

struct keyset {
	struct buffer bytes; /* of every key: length, then the key */
	uint64_t *slots; /* offset in `bytes` plus one; 0: free */
	size_t count, room;
};

enum keyset_answer { KEYSET_NEW, KEYSET_TWICE, KEYSET_NO_MEMORY };

/* Adds the key made of the parts, which none of them can be mistaken for the end of another. */
enum keyset_answer keyset_add(struct keyset *set, const struct hf_bytes *parts, size_t count);
bool keyset_has(const struct keyset *set, const struct hf_bytes *parts, size_t count);
void keyset_free(struct keyset *set);

#endif
