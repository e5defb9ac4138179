/* The inbox domain's insides, shared by the files of inbox/ alone.
 *
 *   entry.c                        entries: bytes <-> meaning (inbox/entry.h)
 *   describe.c, about.c            entries in words, for watchers
 *   form.c                         the form of keys, times and marks
 *   index.c                        objects, their indexes, lookups
 *   order.c                        the orders
 *   inbox.c                        the row: life, snapshot, verify
 *   apply.c                        entries become state
 *   save.c                         saving
 *   sweep.c                        prune, trim, clear
 *   choose.c                       what these concern
 *   mark.c                         the same for marks
 *   all.c                          marks of all records
 *   mutate.c                       mutations of one record
 *   tombstone.c, tombstone_list.c  tombstones
 *   walk.c                         walks in load order
 *   read.c, count.c                reads
 *
 * The container of records and tombstones is their inbox, one per user; an inbox's is the root,
 * on which the list of users depends. An inbox has a value too: the newest generated_at and the
 * status. One that holds nothing and has no value is no state, and it goes
 * (object/removed.h).
 *
 * A key has a record or a tombstone, never both. A tombstone ends at its deadline as a view;
 * settle logs that later. A snooze has nothing to log: the record keeps the time, and every read
 * compares it with the clock. */
#ifndef HF_DOMAINS_INBOX_STATE_H
#define HF_DOMAINS_INBOX_STATE_H

#include "base/heap.h"
#include "base/outer.h"
#include "domains/common/names.h"
#include "domains/inbox/entry.h"
#include "holdfast/inbox.h"
#include "log/entry.h"
#include "object/container.h"
#include "object/range.h"
#include "store/domain.h"

/* The orders of an inbox's records. The first two have one range per class, so that a filter by
 * class leaves out whole ranges and the one weight of a node, the end of the snooze, is left for
 * the filter by time: both together are exact (inbox/walk.c). */
enum hf__inbox_view {
	/* class, then snapshot_at descending, score descending, account, thread; weight:
	 * snoozed_until */
	HF__INBOX_IN_LOAD_ORDER,
	HF__INBOX_BY_ACCOUNT, /* class, account, then load order; weight: snoozed_until */
	/* account, thread: key-byte order too; the place does not depend on the value. Tag: class;
	 * weight: LSN of the last save */
	HF__INBOX_BY_KEY,
	HF__INBOX_VIEWS,
};

/* A record's class is unread | dismissed << 1. */
#define HF__INBOX_CLASSES 4u

/* Classes as tags: bit (class). */
enum hf__inbox_tags {
	HF__INBOX_UNREAD = 1 << 1 | 1 << 3,
	HF__INBOX_NOT_DISMISSED = 1 << 0 | 1 << 1,
	HF__INBOX_DISMISSED = 1 << 2 | 1 << 3,
	HF__INBOX_ANY = HF__INBOX_NOT_DISMISSED | HF__INBOX_DISMISSED,
};

/* Where a record stands in any view; borrowed bytes. */
struct hf__inbox_position {
	bool dismissed, unread; /* the class */
	int64_t snapshot_at;
	double score;
	struct hf_bytes account, thread;
};

/* The view's leading fields that say the class. */
#define HF__INBOX_CLASS_FIELDS 2u

/* What is equal to `at` in the view's first `fields` fields, and has one of the tags (0: any)
 * and, if bounded, a weight of at most `most`. */
struct hf__inbox_bound {
	enum hf__inbox_view view;
	unsigned fields;
	struct hf__inbox_position at;
	uint8_t tags;
	bool bounded;
	int64_t most;
};

struct hf__inbox_state {
	struct hf__containers inboxes; /* by user */
	struct hf__domain_env env;
	struct hf__map records; /* by full key */
	struct hf__map tombs; /* by full key */
	struct hf__heap endings; /* of tombstones */
};

struct hf__inbox_value {
	int64_t generated_at; /* the newest seen; HF_UNSET: none */
	uint64_t version; /* of this value; 0: nothing in it was ever set */
	uint64_t status_version; /* 0: never set */
	struct hf__blob *status;
	struct hf__blob *extra;
};

struct hf__inbox {
	struct hf__container head;
	struct hf__inbox_state *state;
	struct hf__index views[HF__INBOX_VIEWS];
	struct hf__index tombs; /* by key; weight: until (mono) */
	uint64_t unread, unseen; /* both without dismissed; kept by link and unlink of the records */
	uint64_t dismissed;
	struct hf__inbox_value value;
	uint8_t name[];
};

/* Its version is the LSN of its newest change: object.changed. */
struct hf__record_value {
	struct hf__kept payload;
	double score;
	int64_t updated_at;
	int64_t snapshot_at;
	int64_t seen_at;
	int64_t read_at;
	int64_t dismissed_at;
	int64_t snoozed_until;
	uint64_t saved; /* LSN of the newest save that wrote it */
	bool unread;
	bool dismissed;
};

struct hf__record {
	struct hf__object object; /* container: its inbox */
	struct hf__record_value value;
	uint16_t lens[2]; /* of account, thread */
	uint8_t text[]; /* these, one behind the other */
};

struct hf__tomb {
	struct hf__object object; /* container: its inbox */
	struct hf__heap_node ending;
	struct hf__tomb_value value;
	uint16_t lens[2]; /* of account, thread */
	uint8_t text[]; /* these, one behind the other */
};

HF__DEFINE_OUTER(hf__tomb_of_ending, struct hf__heap_node, struct hf__tomb, ending);

/* --- inbox/describe.c ------------------------------------------------------------------------- */

void hf__inbox_describe(const struct hf__entry *entry, struct hf__text *out);

/* --- inbox/about.c ---------------------------------------------------------------------------- */

bool hf__inbox_about(const struct hf__entry *entry, struct hf__about *out);
bool hf__inbox_concerns(const struct hf__entry *entry, const struct hf_bytes *key, unsigned parts);

/* --- inbox/index.c ---------------------------------------------------------------------------- */

int hf__inbox_state_init(void *state, const struct hf__domain_env *env);
/* inbox may be NULL */
struct hf__record *hf__record_find(const struct hf__inbox *inbox, struct hf_bytes account,
                                   struct hf_bytes thread);
/* Not in any index yet; hf__change_add puts it there. NULL: out of memory. */
extern const struct hf__type hf__record_type;
struct hf__record *hf__record_new(struct hf__inbox *inbox, struct hf_bytes account,
                                  struct hf_bytes thread);
/* The hash of a full key, the same for records and tombstones. */
uint64_t hf__inbox_hash(const struct hf__inbox *inbox, struct hf_bytes account,
                        struct hf_bytes thread);
/* Puts the inbox's place in the list of users right. */
void hf__inbox_tag(struct hf__inbox *inbox);
int64_t hf__inbox_listed_until(const struct hf__inbox *inbox);

/* --- inbox/tombstone.c ------------------------------------------------------------------------ */

extern const struct hf__index_type hf__tombs_by_key;
/* inbox may be NULL */
struct hf__tomb *hf__tomb_find(const struct hf__inbox *inbox, struct hf_bytes account,
                               struct hf_bytes thread);
/* Not in any index yet; hf__change_add puts it there. NULL: out of memory. */
struct hf__tomb *hf__tomb_new(struct hf__inbox *inbox, struct hf_bytes account,
                              struct hf_bytes thread);
/* For state->endings, and for state->tombs. */
int64_t hf__tomb_until(const struct hf__heap_node *node);
uint64_t hf__tomb_hash(const struct hf__map *map, const void *tomb);
struct hf__inbox *hf__tomb_inbox(const struct hf__tomb *tomb);
struct hf_bytes hf__tomb_account(const struct hf__tomb *tomb);
struct hf_bytes hf__tomb_thread(const struct hf__tomb *tomb);
/* Does it still stand? */
bool hf__tomb_stands(const struct hf__tomb *tomb, int64_t mono);
/* Its value as an entry or an answer has it. */
struct hf__tomb_value hf__tomb_shown(const struct hf__tomb *tomb, int64_t setback);
/* Counts and indexes of an inbox's tombstones. */
bool hf__tombs_sane(const struct hf__inbox *inbox);

/* --- inbox/order.c ---------------------------------------------------------------------------- */

extern const struct hf__index_type hf__inbox_views[HF__INBOX_VIEWS];
struct hf__inbox *hf__record_inbox(const struct hf__record *record);
struct hf_bytes hf__record_account(const struct hf__record *record);
struct hf_bytes hf__record_thread(const struct hf__record *record);
struct hf__inbox_image hf__record_image(const struct hf__record *record);
uint8_t hf__record_class(const struct hf__record *record);
uint8_t hf__record_tag(const struct hf__record *record); /* its class as a tag */
size_t hf__inbox_total(const struct hf__inbox *inbox);

/* The first record of the range, or the first of it after `after` (nullable, exact in all
 * fields). Nowhere: none. */
struct hf__index_at hf__records_first(const struct hf__inbox *inbox,
                                      const struct hf__inbox_bound *range,
                                      const struct hf__inbox_position *after);
/* The next one of the range, or nowhere. */
struct hf__index_at hf__records_next(const struct hf__inbox *inbox,
                                     const struct hf__inbox_bound *range, struct hf__index_at at);
/* The first one beyond the range, whatever its tag. */
struct hf__index_at hf__records_beyond(const struct hf__inbox *inbox,
                                       const struct hf__inbox_bound *range);
/* The last one that is not beyond the range, whatever its tag, and the one before another: nowhere
 * when they are before the range. */
struct hf__index_at hf__records_last(const struct hf__inbox *inbox,
                                     const struct hf__inbox_bound *range);
struct hf__index_at hf__records_prev(const struct hf__inbox *inbox,
                                     const struct hf__inbox_bound *range, struct hf__index_at at);
/* How many records stand up to the end of the range, counted from the view's beginning: O(log
 * n). */
size_t hf__records_up_to(const struct hf__inbox *inbox, const struct hf__inbox_bound *range);
/* <0, 0, >0 in load order, whatever the class. */
int hf__record_compare_load(const struct hf__record *a, const struct hf__record *b);

/* --- inbox/walk.c ----------------------------------------------------------------------------- */

/* A walk over the ranges of several classes at once. A plain value: a copy is a second walk from
 * the same place. */
struct hf__inbox_walk {
	unsigned count;
	struct hf__inbox_bound ranges[HF__INBOX_CLASSES];
	struct hf__index_at heads[HF__INBOX_CLASSES]; /* the next of each range */
	const struct hf__inbox *inbox;
};

/* What of a class a position says. */
static inline void hf__inbox_put_class(struct hf__inbox_position *at, unsigned class)
{
	at->unread = class & 1u;
	at->dismissed = class >> 1;
}

/* Which records, in load order. */
struct hf__inbox_filter {
	struct hf_bytes account; /* empty: all */
	uint8_t tags; /* enum hf__inbox_tags, not 0 */
	bool awake; /* only those that are not snoozed at `now` */
	int64_t now;
};

/* Begins at the first record, or behind `after` (nullable). */
void hf__inbox_walk_begin(struct hf__inbox_walk *walk, const struct hf__inbox *inbox,
                          const struct hf__inbox_filter *filter,
                          const struct hf__inbox_position *after);
/* The same over one range of one view. */
void hf__inbox_walk_range(struct hf__inbox_walk *walk, const struct hf__inbox *inbox,
                          const struct hf__inbox_bound *range,
                          const struct hf__inbox_position *after);
/* The record in front, which is passed; NULL: no more. */
struct hf__record *hf__inbox_walk_take(struct hf__inbox_walk *walk);

/* --- inbox/mark.c ----------------------------------------------------------------------------- */

int hf__inbox_apply_mark(struct hf__inbox_state *state, struct hf__change *change,
                         const struct hf__entry *entry);
int hf__inbox_apply_all(struct hf__inbox_state *state, struct hf__change *change,
                        const struct hf__entry *entry);
/* The records that a mark of all changes. */
struct hf__inbox_bound hf__inbox_all_range(const struct hf__inbox_all *all);

/* --- inbox/apply.c ---------------------------------------------------------------------------- */

int hf__inbox_apply(void *state, struct hf__change *change, const struct hf__entry *entry);

/* How its mutations give back a record: read.c. */
extern const struct hf__giving hf__inbox_giving;
extern const struct hf__giving hf__inbox_save_giving;

#endif
