/* The inbox domain's insides, shared by inbox_*.c and nobody else.
 *
 *   inbox_body.c    entries: bytes <-> meaning, form            inbox_describe.c, inbox_about.c  entries in words, for watchers
 *   inbox_index.c   objects, their indexes, lookups             inbox_order.c     the orders
 *   inbox.c         the row: life, snapshot, verify             inbox_apply.c     entries become state
 *   inbox_save.c    saving           inbox_sweep.c   prune, trim, clear           inbox_choose.c  whom these concern
 *   inbox_change.c  mutations of one record                     inbox_read.c, inbox_count.c       reads
 *
 * A record's container is its inbox, one per user, which stays once made; an inbox's is the root, on which the list of users depends. An
 * inbox has a value too: the newest generated_at and the status. */
#ifndef HF_DOMAINS_INBOX_STATE_H
#define HF_DOMAINS_INBOX_STATE_H

#include "base/map.h"
#include "base/order.h"
#include "holdfast/inbox.h"
#include "log/entry.h"
#include "store/domain.h"
#include "store/names.h"

/* The orders of an inbox's records. All are tagged with the record's class, so that a filter skips what it does not want. */
enum hf__inbox_view {
	HF__INBOX_IN_LOAD_ORDER, /* snapshot_at descending, score descending, account, thread */
	HF__INBOX_BY_ACCOUNT, /* account, then load order */
	HF__INBOX_BY_KEY, /* account, thread: key-byte order too; the only one that does not depend on the value */
	HF__INBOX_VIEWS,
};

/* Classes as tags: bit (unread | dismissed << 1). */
enum hf__inbox_tags {
	HF__INBOX_ANY = 0,
	HF__INBOX_UNREAD = 1 << 1 | 1 << 3,
	HF__INBOX_NOT_DISMISSED = 1 << 0 | 1 << 1,
	HF__INBOX_DISMISSED = 1 << 2 | 1 << 3,
};

/* Where a record stands in any view; borrowed bytes. */
struct hf__inbox_position {
	int64_t snapshot_at;
	double score;
	struct hf_bytes account, thread;
};

/* What is equal to `at` in the view's first `fields` fields, and has one of the tags. */
struct hf__inbox_bound {
	enum hf__inbox_view view;
	unsigned fields;
	struct hf__inbox_position at;
	uint8_t tags;
};

struct hf__inbox_state {
	struct hf__domain_env env;
	struct hf__map users; /* inboxes by user */
	struct hf__map records; /* by full key */
	struct hf__order by_user; /* tagged with enum hf__name_tags: does it hold anything? */
	struct hf__object root; /* the container of inboxes; never changes itself */
};

struct hf__inbox_value {
	int64_t generated_at; /* the newest seen; HF_UNSET: none */
	uint64_t version; /* of this value; 0: nothing in it was ever set */
	uint64_t status_version; /* 0: never set */
	struct hf__blob *status;
};

struct hf__inbox {
	struct hf__object object;
	struct hf__map_node node;
	struct hf__order_node by_user;
	struct hf__inbox_state *state;
	struct hf__order views[HF__INBOX_VIEWS];
	uint64_t unread, unseen; /* both without dismissed; kept by link and unlink of the records */
	uint64_t dismissed;
	struct hf__inbox_value value;
	uint32_t len;
	uint8_t user[];
};

struct hf__record_value {
	struct hf__payload payload;
	double score;
	int64_t updated_at;
	int64_t snapshot_at;
	int64_t seen_at;
	int64_t read_at;
	int64_t dismissed_at;
	uint64_t version;
	bool unread;
	bool dismissed;
};

struct hf__record {
	struct hf__object object; /* container: its inbox */
	struct hf__map_node node;
	struct hf__order_node nodes[HF__INBOX_VIEWS];
	struct hf__record_value value;
	uint16_t account_len, thread_len;
	uint8_t text[]; /* account, thread */
};

/* --- inbox_body.c ----------------------------------------------------------------------------------------------------------- */

/* On disk: never renumber. */
enum hf__inbox_kind {
	HF__INBOX_CHANGE = 1, /* records put and removed, and the newest generated_at */
	HF__INBOX_MARK = 2, /* flags and times of one record */
	HF__INBOX_STATUS = 3,
	HF__INBOX_STATE = 4, /* an inbox's own value, from a snapshot */
};

enum hf__inbox_cause {
	HF__INBOX_CAUSE_STATE = 0, /* from a snapshot */
	HF__INBOX_CAUSE_UPSERT = 1,
	HF__INBOX_CAUSE_REPLACE = 2,
	HF__INBOX_CAUSE_PRUNE = 3,
	HF__INBOX_CAUSE_TRIM = 4,
	HF__INBOX_CAUSE_REMOVE = 5,
	HF__INBOX_CAUSE_CLEAR = 6,
	HF__INBOX_CAUSES,
};

enum hf__inbox_mark {
	HF__INBOX_MARK_DISMISS = 1,
	HF__INBOX_MARK_UNDISMISS = 2,
	HF__INBOX_MARK_READ = 3,
	HF__INBOX_MARK_UNREAD = 4,
	HF__INBOX_MARK_SEEN = 5,
};

struct hf__inbox_key {
	struct hf_bytes user, account, thread;
};

/* A record's value without its payload. */
struct hf__inbox_image {
	bool unread;
	bool dismissed;
	double score;
	int64_t updated_at;
	int64_t snapshot_at;
	int64_t seen_at;
	int64_t read_at;
	int64_t dismissed_at;
};

/* The head of a CHANGE; its items follow in `items`, in key order. */
struct hf__inbox_change {
	enum hf__inbox_cause cause;
	struct hf_bytes user;
	int64_t generated_at; /* the newest seen, if it moves by this entry; else HF_UNSET */
	uint32_t count;
	struct hf__reader items;
};

struct hf__inbox_item {
	bool put; /* else removed */
	struct hf_bytes account, thread;
	struct hf__inbox_image image;
	struct hf_bytes payload;
};

/* Puts "primary" for an empty account and checks the form. false: *why says what is wrong. */
bool hf__inbox_key(const struct hf_inbox_key *key, struct hf__inbox_key *out, struct hf__text *why);
struct hf_bytes hf__inbox_account(struct hf_bytes account); /* "primary" for an empty one */
bool hf__inbox_user_ok(struct hf_bytes user, struct hf__text *why);
bool hf__inbox_part_ok(const char *name, struct hf_bytes part, struct hf__text *why);
void hf__inbox_add_name(struct hf__text *text, const struct hf__inbox_key *key); /* user "a" account "b" thread "c" */
int hf__inbox_compare_keys(struct hf_bytes account_a, struct hf_bytes thread_a, struct hf_bytes account_b, struct hf_bytes thread_b);
uint64_t hf__score_bits(double score); /* tells 0 from -0 */
/* Would this mark change a record that is like this? */
bool hf__inbox_mark_changes(enum hf__inbox_mark mark, bool unread, bool dismissed, int64_t seen_at);

void hf__inbox_put_change(struct hf__writer *w, const struct hf__inbox_change *head);
void hf__inbox_put_removed(struct hf__writer *w, struct hf_bytes account, struct hf_bytes thread);
/* The payload must follow, as hf__put_long puts it. */
void hf__inbox_put_record(struct hf__writer *w, struct hf_bytes account, struct hf_bytes thread, const struct hf__inbox_image *image);
/* Each getter answers false for what no mutation wrote. hf__inbox_get_change has looked at all items. */
bool hf__inbox_get_change(struct hf_bytes body, struct hf__inbox_change *out);
bool hf__inbox_get_item(struct hf__reader *r, struct hf__inbox_item *out);
void hf__inbox_put_mark(struct hf__writer *w, enum hf__inbox_mark mark, const struct hf__inbox_key *key,
                        const struct hf__inbox_image *image);
bool hf__inbox_get_mark(struct hf_bytes body, enum hf__inbox_mark *mark, struct hf__inbox_key *key, struct hf__inbox_image *image);
void hf__inbox_put_status(struct hf__writer *w, struct hf_bytes user, struct hf_bytes status);
bool hf__inbox_get_status(struct hf_bytes body, struct hf_bytes *user, struct hf_bytes *status);
void hf__inbox_put_state(struct hf__writer *w, struct hf_bytes user, const struct hf__inbox_value *value);
/* The status comes apart; value->status is NULL and value->version 0. */
bool hf__inbox_get_state(struct hf_bytes body, struct hf_bytes *user, struct hf__inbox_value *value, struct hf_bytes *status);

/* --- inbox_describe.c ----------------------------------------------------------------------------------------------------- */

void hf__inbox_describe(const struct hf__entry *entry, struct hf__text *out);

/* --- inbox_about.c -------------------------------------------------------------------------------------------------------- */

bool hf__inbox_about(const struct hf__entry *entry, struct hf__about *out);
bool hf__inbox_concerns(const struct hf__entry *entry, const struct hf_bytes *key, unsigned parts);

/* --- inbox_index.c ---------------------------------------------------------------------------------------------------------- */

bool hf__inbox_indexes_init(struct hf__inbox_state *state, const struct hf__domain_env *env);
struct hf__inbox *hf__inbox_find(const struct hf__inbox_state *state, struct hf_bytes user);
struct hf__record *hf__record_find(const struct hf__inbox *inbox, struct hf_bytes account, struct hf_bytes thread); /* inbox may be NULL */
/* Not in any index yet; hf__change_add puts them there. NULL: out of memory. */
struct hf__inbox *hf__inbox_new(struct hf__inbox_state *state, struct hf_bytes user);
struct hf__record *hf__record_new(struct hf__inbox *inbox, struct hf_bytes account, struct hf_bytes thread);

/* --- inbox_order.c -------------------------------------------------------------------------------------------------------- */

void hf__inbox_orders_init(struct hf__order orders[HF__INBOX_VIEWS]);
struct hf__inbox *hf__inbox_of_map(const struct hf__map_node *node);
struct hf__record *hf__record_of_map(const struct hf__map_node *node);
struct hf__inbox *hf__inbox_of_order(const struct hf__order_node *node);
struct hf__record *hf__record_of(const struct hf__order_node *node, enum hf__inbox_view view);
struct hf__inbox *hf__record_inbox(const struct hf__record *record);
struct hf_bytes hf__inbox_user(const struct hf__inbox *inbox);
struct hf_bytes hf__record_account(const struct hf__record *record);
struct hf_bytes hf__record_thread(const struct hf__record *record);
struct hf__inbox_position hf__record_position(const struct hf__record *record);
struct hf__inbox_image hf__record_image(const struct hf__record *record);
uint8_t hf__record_tag(const struct hf__record *record);
size_t hf__inbox_total(const struct hf__inbox *inbox);

/* The first record of the range, or the first of it after `after` (nullable, exact in all fields). NULL: none. */
struct hf__record *hf__record_first(const struct hf__inbox *inbox, const struct hf__inbox_bound *range,
                                    const struct hf__inbox_position *after);
/* The next one of the range, or NULL. */
struct hf__record *hf__record_next(const struct hf__record *record, const struct hf__inbox_bound *range);
/* The first one beyond the range, whatever its tag, or NULL. */
struct hf__record *hf__record_beyond(const struct hf__inbox *inbox, const struct hf__inbox_bound *range);

/* --- inbox_apply.c ---------------------------------------------------------------------------------------------------------- */

int hf__inbox_apply(void *state, struct hf__change *change, const struct hf__entry *entry);

#endif
