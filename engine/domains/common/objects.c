/* See objects.h. */
#include "domains/common/objects.h"

void *hf__look_in(const void *state, struct hf__decision *d, struct hf_bytes name)
{
	void *container = hf__container_find(state, name);
	hf__depends(d, hf__container_depends(state, container, name));
	return container;
}

void *hf__query_in(struct hf__query *q, struct hf_bytes name)
{
	void *container = hf__container_find(q->state, name);
	hf__query_depends(q, hf__container_depends(q->state, container, name));
	return container;
}

void *hf__pair_find(const struct hf__map *map, struct hf_bytes container, struct hf_bytes name,
                    hf__map_equal equal)
{
	const struct hf__pair pair = {container, name};
	return hf__map_find(map, hf__map_hash_pair(map, container, name), equal, &pair);
}

void hf__objects_free(struct hf__map *map)
{
	struct hf__map_walk walk = {0};
	struct hf__object *object;
	while ((object = hf__map_next(map, &walk)) != NULL)
		hf__object_free(object);
	hf__map_deinit(map);
}

void hf__objects_opened(const struct hf__held *held, uint64_t first_lsn)
{
	const uint64_t lower = first_lsn < *held->incarnation ? first_lsn : *held->incarnation;
	if (held->newest_unleased < lower) { /* over before and after */
		*held->incarnation = first_lsn;
		return;
	}
	struct hf__object *object;
	for (struct hf__map_walk walk = {0}; (object = hf__map_next(held->map, &walk)) != NULL;)
		held->out(object);
	*held->incarnation = first_lsn;
	for (struct hf__map_walk walk = {0}; (object = hf__map_next(held->map, &walk)) != NULL;) {
		hf__nodes_ease(held->nodes); /* as in an undo: all were in before */
		held->in(object);
	}
}

static size_t count_over(const struct hf__heap *endings, const struct hf__heap_node *node,
                         int64_t until)
{
	HF__STEP();
	if (!node || endings->deadline(node) > until)
		return 0;
	return 1 + count_over(endings, node->left, until) + count_over(endings, node->right, until);
}

size_t hf__endings_over(const struct hf__heap *endings, int64_t until)
{
	return count_over(endings, endings->root, until);
}

int hf__settle_heap(const struct hf__heap *endings, int64_t until, struct hf__decision *d,
                    unsigned *budget, bool *more,
                    int (*log)(struct hf__decision *d, const struct hf__heap_node *due))
{
	const struct hf__heap_node *due;
	while ((due = hf__heap_first(endings)) && endings->deadline(due) <= until) {
		if (*budget == 0) {
			*more = true;
			return HF_OK;
		}
		--*budget;
		const int rc = log(d, due);
		if (rc != HF_OK)
			return rc;
	}
	return HF_OK;
}

int64_t hf__next_ending(const struct hf__heap endings[2], int64_t setback)
{
	const int64_t named = hf__first_ending(&endings[false]),
	              computed = hf__to_shown(hf__first_ending(&endings[true]), setback);
	return named < computed ? named : computed;
}

int hf__settle_due(const struct hf__heap endings[2], struct hf__decision *d, unsigned budget,
                   bool *more, int (*log)(struct hf__decision *d, const struct hf__heap_node *due))
{
	*more = false;
	const int rc = hf__settle_heap(&endings[false], d->now, d, &budget, more, log);
	return rc == HF_OK ? hf__settle_heap(&endings[true], d->mono, d, &budget, more, log) : rc;
}
