/* Opening crash images, and remembering what they are: for the crash sweep. */
#ifndef TESTS_LIB_CRASH_IMAGE_H
#define TESTS_LIB_CRASH_IMAGE_H

#include "holdfast/store.h"
#include "lib/sim/sim_os.h"

/* What an opening found. */
struct found {
	uint64_t digest; /* of the state */
	struct hf_info info;
	uint64_t passed_lsn; /* what LSN it goes on behind */
};

/* Opens, digests, closes. false: *why tells. */
bool image_open(struct sim *image, const struct hf_options *options, struct found *found, char *why,
                size_t cap);
/* The same, after a look through a read-only handle, which must find the same state and change
 * nothing; and then once more, which must find the same state, have nothing to write again, and
 * change no byte of any segment, as the first must not. */
bool image_open_twice(struct sim *image, const struct hf_options *options, struct found *found,
                      char *why, size_t cap);
/* Does a valid group header stand where the log ends? */
bool image_header_survived(struct sim *image, const struct hf_info *info);

/* What an image turned out to be: its hash, the digest of its state (0: it is wrong), and what
 * LSN it goes on behind. */
struct outcome {
	uint64_t key, digest, passed_lsn;
};

/* Outcomes by hash. Zeroed: empty; free(places) when done. */
struct memo {
	struct outcome *places; /* open addressing; key 0 is an empty place */
	size_t cap, count;
};

/* The place of this key, made when there is none; *found: it was there. Valid until the next
 * call. */
struct outcome *memo_find(struct memo *memo, uint64_t key, bool *found);

#endif
