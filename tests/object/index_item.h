/* What the tests of ordered indexes put into them. */
#ifndef TEST_OBJECT_INDEX_ITEM_H
#define TEST_OBJECT_INDEX_ITEM_H

#include "object/index.h"

struct item {
	int64_t key, weight;
	uint8_t tag;
	bool in;
};

static int64_t weigh(const void *object, uint8_t *tag)
{
	const struct item *item = object;
	*tag = item->tag;
	return item->weight;
}

/* A position is the key. */
static const struct hf__index_type by_key = {
    .fields = {1, {{.kind = HF__FIELD_I64, .offset = offsetof(struct item, key)}}},
    .weight = weigh,
};

#endif
