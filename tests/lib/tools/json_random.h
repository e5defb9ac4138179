/* JSON files as other programs might write them, with everything that the grammar allows and few
 * expect: numbers beyond any type, every kind of escape, letters from all over Unicode, white
 * space anywhere, members nobody knows, in any order, some missing. Valid in what import looks
 * at. */
#ifndef TESTS_LIB_JSON_RANDOM_H
#define TESTS_LIB_JSON_RANDOM_H

#include "lib/rng.h"
#include "print/buffer.h"

/* An outbox file of up to `entries`. `expected` is what an export must be equal to: `sending`
 * has become `queued`. */
void json_random_outbox(struct hf_rng *rng, size_t entries, struct buffer *file,
                        struct buffer *expected);
/* A notification file of up to `records`. */
void json_random_inbox(struct hf_rng *rng, size_t records, struct buffer *file);

#endif
