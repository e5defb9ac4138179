/* See moves.h. */
#include "store/compact/moves.h"

#include <stdlib.h>

#define IN_SNAPSHOT (UINT64_C(1) << 63)

uint64_t hf__move_place(const struct hf__payload *payload)
{
	/* a segment number has 32 bits, as a block has; offsets stay below 2^30 */
	return (payload->in_snapshot ? IN_SNAPSHOT : 0) | (uint64_t)payload->segment << 30 |
	       payload->offset;
}

static int add(struct hf__moves *moves, struct hf__move move)
{
	struct hf__move *more = hf__grown(moves->all, moves->count, &moves->cap, sizeof *more, 256);
	if (!more)
		return HF_ENOMEM;
	moves->all = more;
	moves->all[moves->count++] = move;
	return HF_OK;
}

int hf__moves_add(struct hf__moves *moves, const struct hf__payload *from,
                  const struct hf__snapshot_ref *to)
{
	return add(moves, (struct hf__move){.from = hf__move_place(from),
	                                    .to.place = (uint64_t)to->block << 32 | to->offset});
}

int hf__moves_add_bytes(struct hf__moves *moves, const struct hf__payload *from,
                        struct hf_bytes bytes)
{
	struct hf__move move = {.from = hf__move_place(from) | HF__MOVE_TO_MEMORY};
	if (!hf__blob_new(bytes, &move.to.bytes))
		return HF_ENOMEM;
	const int rc = add(moves, move);
	if (rc != HF_OK)
		hf__blob_free(move.to.bytes);
	return rc;
}

static int compare(const void *a, const void *b)
{
	const uint64_t left = ((const struct hf__move *)a)->from & ~HF__MOVE_TO_MEMORY,
	               right = ((const struct hf__move *)b)->from & ~HF__MOVE_TO_MEMORY;
	return (left > right) - (left < right);
}

void hf__moves_sort(struct hf__moves *moves)
{
	if (moves->count > 1)
		qsort(moves->all, moves->count, sizeof *moves->all, compare);
}

const struct hf__move *hf__moves_find(const struct hf__moves *moves,
                                      const struct hf__payload *payload)
{
	const struct hf__move wanted = {.from = hf__move_place(payload)};
	return moves->count > 0
	           ? bsearch(&wanted, moves->all, moves->count, sizeof *moves->all, compare)
	           : NULL;
}

void hf__moves_deinit(struct hf__moves *moves)
{
	for (size_t i = 0; i < moves->count; i++)
		if (moves->all[i].from & HF__MOVE_TO_MEMORY)
			hf__blob_free(moves->all[i].to.bytes);
	hf__free(moves->all);
	*moves = (struct hf__moves){0};
}
