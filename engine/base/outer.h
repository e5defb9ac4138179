/* From a part of a struct to the whole. */
#ifndef HF_BASE_OUTER_H
#define HF_BASE_OUTER_H

#include <stddef.h>
#include <stdint.h>

static inline void *hf__outer(const void *part, size_t offset)
{
	return part ? (uint8_t *)(uintptr_t)part - offset : NULL;
}

/* The struct that `part` lies in as its `member`; NULL for NULL. */
#define HF__OUTER(part, type, member) ((type *)hf__outer((part), offsetof(type, member)))

/* Defines a function that does so. */
#define HF__DEFINE_OUTER(function, part_type, type, member) \
	static inline type *function(const part_type *part) \
	{ \
		return HF__OUTER(part, type, member); \
	} \
	_Static_assert(sizeof(type) > 0, "a complete type")

#endif
