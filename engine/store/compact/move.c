/* Payloads move: what an object says of the place of its payload changes, and the object does not.
 * No LSN, no index and no answer depends on a place, so this goes beside every change; it is done
 * in steps under the store's lock.
 *
 * A change that is decided while the walk goes on may copy a place, but only within its object and
 * under one hold of the lock; so an object that the walk has passed has no old place again. The
 * second walk makes sure of it: what is removed after this cannot be had back.
 *
 * I-MOVE-2: no object names a place in a file that a compaction removes. */
#include "store/compact/compact.h"
#include "store/snapshot/walk.h"

struct moving {
	const struct hf__moves *moves;
	uint8_t here; /* in_snapshot of the base to which they move */
	uint32_t below;
	size_t left; /* that lie in what is to go */
};

_Static_assert(sizeof(struct hf__kept) == sizeof(struct hf__blob *),
               "a type's blob is its payload");

static void move_payload(struct moving *m, struct hf__object *object, struct hf__kept *kept)
{
	const struct hf__payload payload = hf__payload_of(kept);
	if (payload.bytes || payload.len == 0 || payload.in_snapshot == m->here)
		return;
	const struct hf__move *move = hf__moves_find(m->moves, &payload);
	if (!move) {
		m->left += payload.in_snapshot != 0 || payload.segment < m->below;
		return;
	}
	struct hf__blob *bytes = NULL;
	const bool to_memory = move->from & HF__MOVE_TO_MEMORY;
	if (to_memory && !hf__blob_new(hf__blob_bytes(move->to.bytes), &bytes)) {
		m->left++;
		return;
	}
	const struct hf__payload moved = {.len = payload.len,
	                                  .segment = (uint32_t)(move->to.place >> 32),
	                                  .offset = (uint32_t)move->to.place,
	                                  .in_snapshot = m->here,
	                                  .content = payload.content};
	if (to_memory) {
		hf__blob_free(kept->bytes);
		kept->bytes = bytes;
	} else {
		hf__payload_moved(kept, &moved);
	}
	hf__object_seal(object);
}

static void move_of(void *ctx, struct hf__object *object)
{
	const struct hf__type *type = hf__type(object);
	for (unsigned i = 0; i < type->payload_count; i++)
		move_payload(ctx, object, (void *)((uint8_t *)object + type->blob_offsets[i]));
}

static int walk(struct hf_store *s, struct moving *m)
{
	struct hf__walk w;
	bool more = true;
	int rc = HF_OK;
	m->left = 0;
	(void)pthread_mutex_lock(&s->lock);
	hf__walk_visit(&w, s->domains, s->world.states, move_of, m, &s->world.change);
	while (more && rc == HF_OK) {
		rc = hf__walk_hold(&w, s->os, &more);
		const uint64_t next_lsn = s->world.next_lsn;
		(void)pthread_mutex_unlock(&s->lock);
		hf__walk_pause(&w, next_lsn);
		(void)pthread_mutex_lock(&s->lock);
	}
	hf__walk_end(&s->world.change);
	(void)pthread_mutex_unlock(&s->lock);
	return rc;
}

int hf__move_payloads(struct hf_store *s, const struct hf__moves *moves, unsigned slot,
                      uint32_t below, struct hf_error *error)
{
	struct moving m = {.moves = moves, .here = (uint8_t)(slot + 1), .below = below};
	int rc = walk(s, &m);
	if (rc == HF_OK)
		rc = walk(s, &m);
	if (rc == HF_OK && m.left == 0)
		return HF_OK;
	return hf__fail(error, HF_EBLOCKED, 0, "%zu payloads did not move: the log stays", m.left);
}
