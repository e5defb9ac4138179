/* See whole.h. */
#include "domains/common/whole.h"

#include <assert.h>

#include "base/mem.h"

#define FIRST ((size_t)64)

void hf__whole_begin(struct hf__whole *whole, const struct hf_api_struct *fills)
{
	*whole = (struct hf__whole){0};
	for (const struct hf_api_member *m = fills->members; m->name; m++) {
		if (m->type == HF_API_STRING)
			whole->next_at = m->offset;
		if (m->type != HF_API_MANY)
			continue;
		assert(whole->count < HF__GATHERED_MAX);
		whole->of[whole->count++] =
		    (struct hf__gathered){.at = m->offset, .count_at = m[1].offset, .item = m->of->size};
	}
}

const char *hf__whole_next(const struct hf__whole *whole, const void *filled)
{
	const char *next;
	memcpy(&next, (const uint8_t *)filled + whole->next_at, sizeof next);
	return next;
}

static int take(struct hf__gathered *g, const uint8_t *filled)
{
	const void *items;
	size_t count;
	memcpy(&items, filled + g->at, sizeof items);
	memcpy(&count, filled + g->count_at, sizeof count);
	while (count > g->cap - g->count) {
		uint8_t *more = hf__grown(g->items, g->cap, &g->cap, g->item, FIRST);
		if (!more)
			return HF_ENOMEM;
		g->items = more;
	}
	if (count > 0)
		memcpy(g->items + g->count * g->item, items, count * g->item);
	g->count += count;
	return HF_OK;
}

int hf__whole_take(struct hf__whole *whole, const void *filled)
{
	int rc = HF_OK;
	for (unsigned i = 0; i < whole->count && rc == HF_OK; i++)
		rc = take(&whole->of[i], filled);
	hf__arena_deinit(&whole->stepping.scratch);
	return rc;
}

static int give(const struct hf__gathered *g, struct hf__answer *answer, uint8_t *out)
{
	void *items = hf__answer_alloc(answer, g->count * g->item);
	if (!items)
		return HF_ENOMEM;
	if (g->count > 0)
		memcpy(items, g->items, g->count * g->item);
	memcpy(out + g->at, &items, sizeof items);
	memcpy(out + g->count_at, &g->count, sizeof g->count);
	return HF_OK;
}

int hf__whole_give(struct hf__whole *whole, struct hf__answer *answer, void *out)
{
	int rc = HF_OK;
	for (unsigned i = 0; i < whole->count && rc == HF_OK; i++)
		rc = give(&whole->of[i], answer, out);
	return rc;
}

void hf__whole_reset(struct hf__whole *whole)
{
	hf__arena_deinit(&whole->stepping.scratch);
	for (unsigned i = 0; i < whole->count; i++)
		hf__free(whole->of[i].items);
}
