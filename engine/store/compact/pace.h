/* How fast a file may be written beside commits. */
#ifndef HF_STORE_PACE_H
#define HF_STORE_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hf_store;

struct hf__pace {
	struct hf_store *store;
	uint64_t rate; /* bytes a second; 0: as fast as it goes */
	int64_t free_at; /* ticks from which on the next bytes may be written */
};
void hf__pace_begin(struct hf__pace *pace, struct hf_store *s, uint64_t rate);
/* Waits until so many bytes more may be written. false: the store is being closed. */
bool hf__pace(struct hf__pace *pace, size_t bytes);

#endif
