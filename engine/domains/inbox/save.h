/* What mutations of many records choose, sorted by key: the records a save names, the records
 * that go. Shared by inbox/save.c, inbox/sweep.c and inbox/choose.c alone. */
#ifndef HF_DOMAINS_INBOX_SAVE_H
#define HF_DOMAINS_INBOX_SAVE_H

#include "domains/inbox/inbox.h"

/* The form of what all of them have in common. */
HF_CHECKED int hf__check_many(const struct hf_write *write, struct hf_bytes user,
                              struct hf__text *why);

/* Of operations that drop records which may have been dismissed. */
HF_CHECKED int hf__check_tombstone_for(int64_t tombstone_for, struct hf__text *why);
/* The item for a record that such an operation drops: a tombstone if it was dismissed and
 * `tombstone_for` (as the caller gave it) is a time. */
void hf__inbox_put_dropped(struct hf__writer *w, const struct hf__record *record,
                           int64_t tombstone_for, int64_t now);

/* The inputs of a save in key order; they stay the caller's. */
struct hf__named {
	const void **items; /* const struct hf_inbox_input * */
	size_t count;
};

/* HF_OK, HF_ENOMEM or HF_ETOOBIG. */
HF_CHECKED int hf__named_init(struct hf__named *named, const struct hf_inbox_save_args *args);
void hf__named_deinit(struct hf__named *named);
int hf__compare_inputs(const void *a, const void *b);

/* Records that go, in key order. */
struct hf__victims {
	const void **items; /* const struct hf__record * */
	size_t count;
};

/* Each returns HF_OK or HF_ENOMEM. */
HF_CHECKED int hf__victims_of_prune(struct hf__victims *victims, const struct hf__inbox *inbox,
                                    const struct hf_inbox_prune_args *args);
/* all but the first `keep` */
HF_CHECKED int hf__victims_of_trim(struct hf__victims *victims, const struct hf__inbox *inbox,
                                   size_t keep);
void hf__victims_deinit(struct hf__victims *victims);

/* How many records at the beginning of load order a trim leaves: O(log n). */
size_t hf__kept_by_trim(const struct hf__inbox *inbox, const struct hf_inbox_trim_args *args,
                        int64_t now);

#endif
