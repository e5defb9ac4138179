/* What the inbox domain writes into the log, as meaning: see inbox/entry.c for the bytes. */
#ifndef HF_DOMAINS_INBOX_BODY_H
#define HF_DOMAINS_INBOX_BODY_H

#include "base/bytes.h"
#include "base/text.h"
#include "holdfast/inbox.h"

struct hf__inbox_value;

/* What a later save of the key meets. */
struct hf__tomb_value {
	int64_t until;
	int64_t dismissed_at; /* of the record that went; HF_UNSET unless dismissed */
	uint64_t version;
	bool dismissed; /* true: the record comes back dismissed; false: it does not come back */
};

/* On disk: never renumber. */
enum hf__inbox_kind {
	HF__INBOX_CHANGE = 1, /* records put and removed, and the newest generated_at */
	HF__INBOX_MARK = 2, /* flags and times of one record */
	HF__INBOX_STATUS = 3,
	HF__INBOX_STATE = 4, /* an inbox's own value, from a snapshot */
	HF__INBOX_ALL = 5, /* one mark of all records up to an LSN */
};

enum hf__inbox_cause {
	HF__INBOX_CAUSE_STATE = 0, /* from a snapshot */
	HF__INBOX_CAUSE_UPSERT = 1,
	HF__INBOX_CAUSE_REPLACE = 2,
	HF__INBOX_CAUSE_PRUNE = 3,
	HF__INBOX_CAUSE_TRIM = 4,
	HF__INBOX_CAUSE_REMOVE = 5,
	HF__INBOX_CAUSE_CLEAR = 6,
	HF__INBOX_CAUSE_EXPIRE = 7, /* tombstones whose time is over */
	HF__INBOX_CAUSE_TOMBSTONE = 8, /* one put or lifted by itself */
	HF__INBOX_CAUSES,
};

enum hf__inbox_mark {
	HF__INBOX_MARK_DISMISS = 1,
	HF__INBOX_MARK_UNDISMISS = 2,
	HF__INBOX_MARK_READ = 3,
	HF__INBOX_MARK_UNREAD = 4,
	HF__INBOX_MARK_SEEN = 5,
	HF__INBOX_MARK_SNOOZE = 6,
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
	int64_t snoozed_until;
	uint64_t saved; /* 0: the entry is the save */
};

/* The head of a CHANGE; its items follow in `items`, in key order. */
struct hf__inbox_change {
	enum hf__inbox_cause cause;
	struct hf_bytes user;
	int64_t generated_at; /* the newest seen, if it moves by this entry; else HF_UNSET */
	uint32_t count;
	struct hf__reader items;
};

/* On disk: never renumber. */
enum hf__inbox_what {
	HF__INBOX_REMOVED = 0, /* a record goes */
	HF__INBOX_PUT = 1, /* a record as it is afterwards; a tombstone of that key goes */
	HF__INBOX_BURIED = 2, /* a tombstone as it is afterwards; a record of that key goes */
	HF__INBOX_LIFTED = 3, /* a tombstone goes */
	HF__INBOX_WHATS,
};

struct hf__inbox_item {
	enum hf__inbox_what what;
	struct hf_bytes account, thread;
	struct hf__inbox_image image; /* PUT */
	struct hf_bytes payload; /* PUT */
	struct hf__tomb_value tomb; /* BURIED; version is 0 */
};

/* One mark of all records of an inbox, or of one of its accounts, whose last save is not newer
 * than `up_to`. */
struct hf__inbox_all {
	enum hf__inbox_mark mark; /* READ or DISMISS */
	struct hf_bytes user, account; /* empty account: all */
	uint64_t up_to;
	int64_t at; /* the time that is noted */
	uint32_t count; /* records it changes: more than 0 */
};

void hf__inbox_put_change(struct hf__writer *w, const struct hf__inbox_change *head);
/* The same of one that moves no generated_at. */
void hf__inbox_put_head(struct hf__writer *w, enum hf__inbox_cause cause, struct hf_bytes user,
                        size_t count);
void hf__inbox_put_removed(struct hf__writer *w, struct hf_bytes account, struct hf_bytes thread);
void hf__inbox_put_lifted(struct hf__writer *w, struct hf_bytes account, struct hf_bytes thread);
void hf__inbox_put_buried(struct hf__writer *w, struct hf_bytes account, struct hf_bytes thread,
                          const struct hf__tomb_value *tomb);
/* The payload must follow, as hf__put_long puts it. */
void hf__inbox_put_record(struct hf__writer *w, struct hf_bytes account, struct hf_bytes thread,
                          const struct hf__inbox_image *image);
/* Each getter answers false for what no mutation wrote. hf__inbox_get_change has looked at all
 * items. */
bool hf__inbox_get_change(struct hf_bytes body, struct hf__inbox_change *out);
bool hf__inbox_get_item(struct hf__reader *r, struct hf__inbox_item *out);
void hf__inbox_put_mark(struct hf__writer *w, enum hf__inbox_mark mark,
                        const struct hf__inbox_key *key, const struct hf__inbox_image *image);
bool hf__inbox_get_mark(struct hf_bytes body, enum hf__inbox_mark *mark, struct hf__inbox_key *key,
                        struct hf__inbox_image *image);
/* The status of an inbox and what is kept beside it. */
struct hf__inbox_status {
	struct hf_bytes user, status;
	bool sets_extra; /* false: that stays as it is */
	struct hf_bytes extra;
};
void hf__inbox_put_status(struct hf__writer *w, const struct hf__inbox_status *status);
bool hf__inbox_get_status(struct hf_bytes body, struct hf__inbox_status *out);
void hf__inbox_put_state(struct hf__writer *w, struct hf_bytes user,
                         const struct hf__inbox_value *value);
/* The status comes apart; value->status is NULL and value->version 0. */
bool hf__inbox_get_state(struct hf_bytes body, struct hf__inbox_value *value,
                         struct hf__inbox_status *status);

void hf__inbox_put_all(struct hf__writer *w, const struct hf__inbox_all *all);
bool hf__inbox_get_all(struct hf_bytes body, struct hf__inbox_all *out);

/* --- inbox/form.c and inbox/describe.c -------------------------------------------------------- */

/* Puts "primary" for an empty account and checks the form. false: *why says what is wrong. */
bool hf__inbox_key(const struct hf_inbox_key *key, struct hf__inbox_key *out, struct hf__text *why);
struct hf_bytes hf__inbox_account(struct hf_bytes account); /* "primary" for an empty one */
bool hf__inbox_user_ok(struct hf_bytes user, struct hf__text *why);
bool hf__inbox_part_ok(const char *name, struct hf_bytes part, struct hf__text *why);
/* user "a" account "b" thread "c" */
void hf__inbox_add_name(struct hf__text *text, const struct hf__inbox_key *key);
int hf__inbox_compare_keys(struct hf_bytes account_a, struct hf_bytes thread_a,
                           struct hf_bytes account_b, struct hf_bytes thread_b);
uint64_t hf__score_bits(double score); /* distinguishes 0 from -0 */
/* By its bits, as everything about scores: the host's compiler flags and its threads' rounding
 * modes, under which comparisons of doubles may lie, change nothing. */
bool hf__score_nan(double score);
/* Would this mark change a record that is like this? */
bool hf__inbox_mark_changes(enum hf__inbox_mark mark, bool unread, bool dismissed, int64_t seen_at);

#endif
