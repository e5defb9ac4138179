/* See whole.h. */
#include "domains/common/whole.h"

#include "base/mem.h"

int hf__whole_take(struct hf__whole *whole, const void *items, size_t count)
{
	while (count > whole->cap - whole->count) {
		uint8_t *more =
		    hf__grown(whole->items, whole->cap, &whole->cap, whole->item, 2 * HF__WHOLE_STEP);
		if (!more)
			return HF_ENOMEM;
		whole->items = more;
	}
	if (count > 0)
		memcpy(whole->items + whole->count * whole->item, items, count * whole->item);
	whole->count += count;
	hf__arena_deinit(&whole->stepping.scratch);
	return HF_OK;
}

int hf__whole_give(struct hf__whole *whole, struct hf__answer *answer, void *out)
{
	void *items = hf__answer_alloc(answer, whole->count * whole->item);
	if (!items)
		return HF_ENOMEM;
	if (whole->count > 0)
		memcpy(items, whole->items, whole->count * whole->item);
	memcpy(out, &items, sizeof items);
	return HF_OK;
}

void hf__whole_reset(struct hf__whole *whole)
{
	hf__arena_deinit(&whole->stepping.scratch);
	hf__free(whole->items);
	*whole = (struct hf__whole){.item = whole->item};
}
