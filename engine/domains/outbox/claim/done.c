/* Completed ids of an outbox: what goes on blocking for a queue's dedup_window after an item was
 * delivered.
 *
 * Each is an object without a value: born when its item is completed, gone when its time is over
 * and that is logged, when it is too many, when its id is put again, or when its queue is
 * cleared. Before its end is logged it is gone as a view: a caller that asks compares `until` with
 * the store's clock.
 *
 * I-OUTBOX-4: a completed id is in the map, in its queue's line by the LSN of its completion,
 * and in state->fading; it is never live at the same time, and once a transaction is decided no
 * queue holds more than its dedup_max. */
#include <stddef.h>

#include "domains/common/objects.h"
#include "domains/outbox/outbox.h"

struct hf_bytes hf__outbox_done_id(const struct hf__outbox_done *done)
{
	return hf_bytes_of(done->id, done->len);
}

struct hf__outbox_queue *hf__outbox_done_queue(const struct hf__outbox_done *done)
{
	return (void *)done->object.container;
}

/* --- Lookup ----------------------------------------------------------------------------------- */

static bool done_equal(const void *object, const void *raw)
{
	const struct hf__outbox_done *done = object;
	return hf__pair_is(raw, hf__container_name(hf__outbox_done_queue(done)),
	                   hf__outbox_done_id(done));
}

struct hf__outbox_done *hf__outbox_done_find(const struct hf__outbox_state *state,
                                             struct hf_bytes queue, struct hf_bytes id)
{
	if (state->done.count == 0) /* the usual case: no queue remembers anything */
		return NULL;
	return hf__pair_find(&state->done, queue, id, done_equal);
}

int64_t hf__outbox_done_until(const struct hf__heap_node *node)
{
	return hf__outbox_done_of_fading(node)->until;
}

uint64_t hf__outbox_done_hash(const struct hf__map *map, const void *object)
{
	const struct hf__outbox_done *done = object;
	return hf__pair_hash(map, hf__container_name(hf__outbox_done_queue(done)),
	                     hf__outbox_done_id(done));
}

static struct hf__map *done_map(const struct hf__object *object)
{
	return &hf__outbox_done_queue((const void *)object)->state->done;
}

static int64_t weigh(const void *done, uint8_t *tag)
{
	(void)tag;
	return ((const struct hf__outbox_done *)done)->until;
}

/* A position is the LSN. */
const struct hf__index_type hf__outbox_done_by_lsn = {
    .weight = weigh,
    .fields = {1, {{.kind = HF__FIELD_U64, .offset = offsetof(struct hf__outbox_done, lsn)}}},
};

struct hf__outbox_done *hf__outbox_done_walk(const struct hf__outbox_queue *queue, int64_t mono,
                                             uint64_t after)
{
	const struct hf__index_filter blocks = hf__index_above(mono);
	return hf__index_object(
	    hf__index_pass(&queue->done, hf__index_after(&queue->done, &after, 1), &blocks));
}

size_t hf__outbox_done_count(const struct hf__outbox_queue *queue, int64_t mono)
{
	const struct hf__index_filter over = {.low = INT64_MIN, .high = mono};
	size_t count = hf__index_count(&queue->done);
	for (struct hf__index_at at = hf__index_first_pass(&queue->done, &over); at.leaf;
	     at = hf__index_pass(&queue->done, hf__index_next(at), &over))
		count--;
	return count;
}

bool hf__outbox_done_taken(const struct hf__outbox_queue *queue, uint64_t lsn)
{
	const struct hf__outbox_done *done = hf__index_object(hf__index_seek(&queue->done, &lsn, 1));
	return done && done->lsn == lsn;
}

/* --- Hooks ------------------------------------------------------------------------------------ */

static void done_enlist(struct hf__object *object)
{
	struct hf__outbox_done *done = (void *)object;
	struct hf__outbox_queue *queue = hf__outbox_done_queue(done);
	struct hf__outbox_state *state = queue->state;
	hf__map_insert(&state->done, done, hf__outbox_done_hash(&state->done, done));
	hf__index_insert(&queue->done, done);
	hf__heap_insert(&state->fading, &done->fading);
	hf__outbox_queue_tag(queue);
}

static void done_delist(struct hf__object *object)
{
	struct hf__outbox_done *done = (void *)object;
	struct hf__outbox_queue *queue = hf__outbox_done_queue(done);
	hf__map_remove(&queue->state->done, done);
	hf__index_remove(&queue->done, done);
	hf__heap_remove(&queue->state->fading, &done->fading);
	hf__outbox_queue_tag(queue);
}

/* --- Birth ------------------------------------------------------------------------------------ */

struct hf__outbox_done *hf__outbox_done_new(struct hf__outbox_queue *queue, struct hf_bytes id,
                                            uint64_t lsn, int64_t until)
{
	static const struct hf__type done_type = {
	    .name = "outbox completed id",
	    .value_offset = sizeof(struct hf__object),
	    .enlist = done_enlist,
	    .delist = done_delist,
	    .map = done_map,
	};
	struct hf__outbox_done *done = hf__small_alloc(sizeof *done + id.len);
	if (!done)
		return NULL;
	hf__object_is(&done->object, &done_type);
	done->object.container = &queue->head.object;
	done->lsn = lsn;
	done->until = until;
	done->len = (uint32_t)id.len;
	memcpy(done->id, id.data, id.len);
	return done;
}
