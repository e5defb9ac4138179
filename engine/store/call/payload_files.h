/* Descriptors of segments to read payloads from. */
#ifndef HF_STORE_PAYLOAD_FILES_H
#define HF_STORE_PAYLOAD_FILES_H

#include <pthread.h>

#include "log/format.h"
#include "store/domain.h"

#define HF__PAYLOAD_FILES 32u /* that stay open without a reader */
struct hf__payload_open {
	uint32_t segment;
	uint32_t pins;
	uint64_t used; /* greater: later; 0: closed with its last pin */
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
/* The segment is going to be removed, and no object names a place in it: its descriptor is closed
 * once no reader pins it. */
void hf__payload_forget(struct hf_store *s, uint32_t segment);
/* No reader is left. */
void hf__payload_files_close(struct hf_store *s);
/* What one call needs, each segment once: to `pins` if it is open, else to `missing`. HF_OK,
 * HF_ENOMEM. */
int hf__pins_want(struct hf_store *s, struct hf__pins *pins, struct hf__pins *missing,
                  uint32_t segment);
/* Opens what is missing and empties that list. Not under the lock. 0, or errno about segment
 * *failed. */
int hf__pins_get(struct hf_store *s, struct hf__pins *pins, struct hf__pins *missing,
                 uint32_t *failed);
void hf__pins_drop(struct hf_store *s, struct hf__pins *pins);

/* payload.c. Reads a payload that lies in the log; verified. The lock is not held and the
 * payload is on disk. `file` (zeroed at first; released by hf__payload_file_close) keeps the
 * segment pinned from one payload to the next. On failure its os_errno is of the system, or 0. */
struct hf__payload_file {
	uint32_t segment; /* 0: none */
	int file;
	int os_errno;
	bool locked; /* the caller holds the lock of the store meanwhile */
};
int hf__payload_load(struct hf_store *s, struct hf__payload_file *file,
                     const struct hf__payload *payload, uint8_t *out);
void hf__payload_file_close(struct hf_store *s, struct hf__payload_file *file);
/* Of the file in which a payload lies that is not in memory. */
void hf__payload_file_name(const struct hf_store *s, const struct hf__payload *payload,
                           char out[HF__NAME_MAX]);
/* If it lies in a buffer that may not have been written yet: copies it from there. The lock is
 * held. */
bool hf__payload_from_buffer(const struct hf_store *s, const struct hf__payload *payload,
                             uint8_t *out);

#endif
