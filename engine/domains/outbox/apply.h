/* Entries -> state, and back. */
#ifndef HF_DOMAINS_OUTBOX_APPLY_H
#define HF_DOMAINS_OUTBOX_APPLY_H

#include "domains/outbox/entry.h"
#include "domains/outbox/outbox.h"

/* The domain's apply(). */
int hf__outbox_apply(void *state, struct hf__change *change, const struct hf__entry *entry);
void hf__outbox_expect(const void *state, const struct hf__entry *entry);
/* An item as an entry would hold it now, without its payload; borrowed from the item. */
struct hf__outbox_image hf__outbox_image_of(const struct hf__outbox_item *item,
                                            enum hf__outbox_cause cause, int64_t setback);

/* --- outbox/value.c: the value after an entry; `out` holds nothing new on failure ------------- */

/* A time of an entry as a value keeps it. */
int64_t hf__outbox_kept(int64_t time, bool computed, int64_t setback);
/* outbox/holder.c. The claim that the image tells of, NULL for none; `old` if that says the same.
 * false: out of memory. */
bool hf__outbox_keep_claim(const struct hf__outbox_value *old, const struct hf__outbox_image *image,
                           int64_t setback, struct hf__blob **out);
/* outbox/holder.c. The same for what few items have. */
bool hf__outbox_keep_more(const struct hf__outbox_value *old, const struct hf__outbox_more *more,
                          struct hf__blob **out);
/* The payload, the extra and what is noted stay. */
int hf__outbox_make_value(const struct hf__outbox_value *old, const struct hf__outbox_image *image,
                          const struct hf__entry *entry, struct hf__outbox_value *out);
/* All of it is the entry's. */
int hf__outbox_make_whole_value(const struct hf__outbox_state *state, const struct hf__entry *entry,
                                const struct hf__outbox_value *old,
                                const struct hf__outbox_image *image, struct hf__outbox_value *out);
/* What was noted takes the place of what was completed, at the end of the enqueue order. */
int hf__outbox_make_rerun_value(const struct hf__outbox_value *old,
                                const struct hf__outbox_image *image, const struct hf__entry *entry,
                                struct hf__outbox_value *out);
/* It is held no longer. */
void hf__outbox_free_claim(struct hf__outbox_image *image);
/* --- Pieces of apply -------------------------------------------------------------------------- */

/* outbox/apply_queue.c: entries about a queue or several items; and a completed id. */
int hf__outbox_apply_queue(struct hf__outbox_state *state, struct hf__change *change,
                           const struct hf__entry *entry, const struct hf__outbox_image *image);
int hf__outbox_add_done(struct hf__outbox_state *state, struct hf__change *change,
                        const struct hf__entry *entry, const struct hf__outbox_image *image);

/* --- Snapshot and verify: outbox/snapshot.c, outbox/verify.c -------------------------------- */

const struct hf__index *hf__outbox_shelf(const void *owner, unsigned i);
int hf__outbox_show(const void *object, struct hf__emitter *emitter);
int hf__outbox_show_queue(const void *container, struct hf__emitter *emitter);
int hf__outbox_verify(const void *state, struct hf__text *why);

#endif
