/* A small store on a simulated disk, to be damaged and opened again: for the tests of recovery
 * and of failures.
 *
 * Its only object is a cursor that moves by one with each put: one put is one entry, one group.
 * What a put made and where it lies is remembered, so that a test can reach for the n-th group's
 * bytes. Failures of the test's own machine are cmocka failures. */
#ifndef TESTS_LIB_PATIENT_H
#define TESTS_LIB_PATIENT_H

#include "holdfast/holdfast.h"
#include "lib/sim/sim_os.h"
#include "log/identity.h"
#include "log/segment.h"
#include "log/witness.h"
#include "store/store.h"

enum { PATIENT_PUTS = 400 };

struct patient {
	struct sim *sim;
	hf_store *store; /* NULL: closed */
	struct hf_options options;
	struct hf_error error; /* of the last call that failed */
	struct hf_result result; /* of the last put */
	struct hf__position begin[PATIENT_PUTS], end[PATIENT_PUTS]; /* of each put's group */
	uint64_t lsn[PATIENT_PUTS];
	size_t puts; /* that were acknowledged */
	struct hf__log_id id;
};

/* A new, open store with segments of 16 KiB. */
struct patient *patient_new(struct sim_profile profile, uint32_t pad);
void patient_free(struct patient *p);

int patient_open(struct patient *p); /* gives the code; p->store on HF_OK */
void patient_reopen(struct patient *p); /* must succeed */
void patient_close(struct patient *p); /* must be clean */
void patient_close_failed(struct patient *p); /* must say that the store had failed */
void patient_kill(struct patient *p);
struct hf_info patient_info(struct patient *p);

int patient_put(struct patient *p); /* one more, durable */
void patient_puts(struct patient *p, size_t count); /* must succeed */
void patient_rotate(struct patient *p); /* puts until the log is in the next segment */
/* The cursor's position: how many puts the state has. Waits for nothing. */
uint64_t patient_sequence(struct patient *p);

/* The open store, or after opening the closed one, has exactly `count` puts; verified. */
void patient_has(struct patient *p, uint64_t count);
/* Opening is refused with this code, twice, and no byte of any file is changed. */
void patient_refused(struct patient *p, int code);
/* The store opens, has so many puts and takes another. Leaves it open. */
void patient_recovers(struct patient *p, uint64_t count);

/* Damage. Files are named by what they are. */
/* both words are torn: nothing is known of how far the log was durable */
void patient_no_witness(struct patient *p);
struct hf__segment_header patient_header(struct patient *p, uint32_t segment);
void patient_set_header(struct patient *p, const struct hf__segment_header *header); /* sealed */
void patient_zero(struct patient *p, uint32_t segment, uint64_t at, size_t len);
void patient_flip(struct patient *p, uint32_t segment, uint64_t at); /* one bit of this byte */
void patient_flip_put(struct patient *p, size_t put); /* one bit in the middle of its group */

#endif
