/* Where payloads go when a snapshot takes the place of the files that they lie in. */
#ifndef HF_STORE_MOVES_H
#define HF_STORE_MOVES_H

#include "log/snapshot.h"
#include "store/domain.h"

/* 16 bytes a payload, until they are made. What is short enough to stand in a snapshot's entries is
 * kept in memory from then on, as after the next opening. */
struct hf__move {
	uint64_t from; /* hf__move_place; what is to be kept in memory, with HF__MOVE_TO_MEMORY */
	union {
		uint64_t place; /* block << 32 | offset */
		struct hf__blob *bytes;
	} to;
};
#define HF__MOVE_TO_MEMORY (UINT64_C(1) << 62)
struct hf__moves {
	struct hf__move *all;
	size_t count, cap;
};

/* A place as one number: in the newest base, or in the log. */
uint64_t hf__move_place(const struct hf__payload *payload);
/* HF_OK, HF_ENOMEM. Each place once. */
HF_CHECKED int hf__moves_add(struct hf__moves *moves, const struct hf__payload *from,
                             const struct hf__snapshot_ref *to);
HF_CHECKED int hf__moves_add_bytes(struct hf__moves *moves, const struct hf__payload *from,
                                   struct hf_bytes bytes);
/* Before the first hf__moves_find. */
void hf__moves_sort(struct hf__moves *moves);
/* NULL: it stays where it is. */
const struct hf__move *hf__moves_find(const struct hf__moves *moves,
                                      const struct hf__payload *payload);
void hf__moves_deinit(struct hf__moves *moves);

#endif
