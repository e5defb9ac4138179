/* The first 64 bits of what an index sorts by, in one number that sorts alike: with it almost every
 * comparison is one of two numbers that lie side by side.
 *
 * I-INDEX-2: a smaller prefix means a smaller object. Equal ones say nothing: then the fields are
 * compared. So what follows a value that stands here shortened must not stand here at all. */
#ifndef HF_OBJECT_PREFIX_H
#define HF_OBJECT_PREFIX_H

#include "object/field.h"

/* Of an object. */
uint64_t hf__prefix_of(const struct hf__fields *fields, const void *object);
/* Of the first `count` fields, as a key has them. *mask: the bits that these fields decide, of any
 * object's prefix. *whole: they stand there whole, so who is equal there is equal in them. */
uint64_t hf__prefix_of_key(const struct hf__fields *fields, unsigned count,
                           const struct hf__key *key, uint64_t *mask, bool *whole);

#endif
