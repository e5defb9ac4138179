/* The first 64 bits of what an index sorts by, in one number that sorts alike: with it almost every
 * comparison is one of two numbers that lie side by side.
 *
 * I-INDEX-2: a smaller prefix means a smaller object. Equal ones say nothing: then the fields are
 * compared. So what follows a value that stands here shortened must not stand here at all. */
#ifndef HF_OBJECT_PREFIX_H
#define HF_OBJECT_PREFIX_H

#include "object/field.h"

/* Of an object. A long number that comes first is all of it: times and LSNs, which most orders sort
 * by. */
uint64_t hf__prefix_of_others(const struct hf__fields *fields, const void *object);
static inline uint64_t hf__prefix_of(const struct hf__fields *fields, const void *object)
{
	return fields->of[0].kind <= HF__FIELD_U64
	           ? hf__field_number(fields->of, (const uint8_t *)object + fields->of[0].offset)
	           : hf__prefix_of_others(fields, object);
}
/* For a type that writes it out: that of 8 bits and a time, an I64, which make it all. false: the
 * time is no usual one, and hf__prefix_of() knows. */
static inline bool hf__prefix_of_time(uint8_t first, int64_t time, uint64_t *out)
{
	const uint64_t above = (uint64_t)time + (UINT64_C(1) << 55);
	*out = (uint64_t)first << 56 | UINT64_C(1) << 54 | above >> 2;
	return above - 1 < (UINT64_C(1) << 56) - 2;
}
/* Of the first `count` fields, as a key has them. *mask: the bits that these fields decide, of any
 * object's prefix. *whole: they stand there whole, so who is equal there is equal in them. */
uint64_t hf__prefix_of_key(const struct hf__fields *fields, unsigned count,
                           const struct hf__key *key, uint64_t *mask, bool *whole);

#endif
