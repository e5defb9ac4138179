/* Descriptors of segments to read payloads from. */
#ifndef HF_STORE_PAYLOAD_FILES_H
#define HF_STORE_PAYLOAD_FILES_H

#include <pthread.h>

#include "store/domain.h"

#define HF__PAYLOAD_FILES 32u /* that stay open while nobody reads from them */
struct hf__payload_open {
	uint32_t segment;
	uint32_t pins;
	uint64_t used; /* greater: later */
	int file;
};
struct hf__payload_files {
	pthread_mutex_t lock; /* guards all of it; the last to be taken */
	struct hf__payload_open *open;
	size_t count, cap;
	uint64_t turn;
};

/* Pins the segment's descriptor, opening it if need be. Not under the lock. 0 or errno. */
int hf__payload_pin(struct hf_store *s, uint32_t segment, int *file);
/* The same if it is open already; no file is opened. */
bool hf__payload_pin_open(struct hf_store *s, uint32_t segment, int *file);
void hf__payload_unpin(struct hf_store *s, uint32_t segment);
/* Nobody reads any more. */
void hf__payload_files_close(struct hf_store *s);
/* What one call needs, each segment once: to `pins` if it is open, else to `missing`. HF_OK, HF_ENOMEM. */
int hf__pins_want(struct hf_store *s, struct hf__pins *pins, struct hf__pins *missing, uint32_t segment);
/* Opens what is missing and empties that list. Not under the lock. 0, or errno about segment *failed. */
int hf__pins_get(struct hf_store *s, struct hf__pins *pins, struct hf__pins *missing, uint32_t *failed);
void hf__pins_drop(struct hf_store *s, struct hf__pins *pins);

#endif
