/* The cursor domain's insides, shared by the files of cursor/ alone.
 *
 *   entry.c   entries: bytes <-> meaning, form, words
 *   index.c   objects, their indexes, lookups
 *   cursor.c  the row: apply, snapshot, verify
 *   order.c   the orders
 *   mutate.c  mutations
 *   read.c    reads
 *   figures.c figures for operators
 *
 * A cursor's container is its stream, a stream's is the root: lists within a stream wait for
 * changes of that stream only, lists over streams for any change. A stream without cursors is no
 * state: it is not in snapshots, no answer shows it, and it goes (object/removed.h). */
#ifndef HF_DOMAINS_CURSOR_STATE_H
#define HF_DOMAINS_CURSOR_STATE_H

#include "base/outer.h"
#include "holdfast/cursor.h"
#include "log/entry.h"
#include "object/container.h"
#include "object/range.h"
#include "store/domain.h"

/* Parts of a key in the order of the full key. */
enum { HF__CONSUMER, HF__STREAM, HF__SUBJECT, HF__CURSOR_PARTS };

/* One order for each set of filters, so that every list is one range of one of them, already in
 * the order of the contract (stream, subject, consumer), and two for lag. */
enum hf__cursor_view {
	HF__CURSOR_BY_STREAM, /* stream, subject, consumer */
	HF__CURSOR_BY_CONSUMER, /* consumer, stream, subject: key-byte order too */
	HF__CURSOR_BY_SUBJECT, /* subject, stream, consumer */
	HF__CURSOR_BY_CONSUMER_SUBJECT, /* consumer, subject, stream */
	HF__CURSOR_SLOWEST_ON_SUBJECT, /* stream, subject, sequence, consumer */
	HF__CURSOR_SLOWEST, /* stream, sequence, subject, consumer */
	HF__CURSOR_VIEWS,
	/* from here on the order depends on the value */
	HF__CURSOR_FIRST_BY_VALUE = HF__CURSOR_SLOWEST_ON_SUBJECT,
};

/* Where a cursor stands in any view; borrowed bytes. */
struct hf__cursor_position {
	struct hf_bytes part[HF__CURSOR_PARTS];
	int64_t sequence;
};

struct hf__cursor_state {
	struct hf__containers streams;
	struct hf__map cursors; /* by full key */
	struct hf__index views[HF__CURSOR_VIEWS];
};

struct hf__stream {
	struct hf__container head;
	struct hf__cursor_state *state;
	size_t cursors; /* that are in it */
	uint8_t name[];
};

/* Its version is the LSN of its newest change: object.changed. */
struct hf__cursor_value {
	int64_t last_sequence;
	int64_t last_delivered_at;
	int64_t updated_at;
	struct hf__blob *delivery_id;
	struct hf__blob *mishap; /* struct hf__cursor_mishap; NULL: nothing of it */
};

struct hf__cursor {
	struct hf__object object; /* container: its stream */
	struct hf__cursor_value value;
	uint16_t lens[2]; /* of consumer, subject */
	uint8_t text[]; /* these, one behind the other */
};

/* --- cursor/entry.c --------------------------------------------------------------------------- */

/* On disk: never renumber. */
enum hf__cursor_kind { HF__CURSOR_SET = 1, HF__CURSOR_REMOVE = 2 };
enum hf__cursor_cause {
	HF__CURSOR_STATE = 0, /* from a snapshot */
	HF__CURSOR_ADVANCE = 1,
	HF__CURSOR_REPLAY = 2,
	HF__CURSOR_RESET = 3,
	HF__CURSOR_RECORD_ERROR = 4,
	HF__CURSOR_PUT = 5,
};

/* A cursor's whole value as an entry carries it; borrowed bytes. */
struct hf__cursor_image {
	int64_t last_sequence;
	struct hf_bytes delivery_id;
	int64_t last_delivered_at;
	struct hf_bytes last_error;
	uint64_t error_count;
	int64_t updated_at;
	struct hf_bytes reset_reason;
	int64_t reset_at;
};

/* Trims the parts and checks their form. false: *why says what is wrong. */
bool hf__cursor_key(const struct hf_cursor_key *key, struct hf__cursor_position *out,
                    struct hf__text *why);
bool hf__cursor_delivery_id_ok(struct hf_bytes id);
/* consumer "a" stream "b" subject "c" */
void hf__cursor_add_name(struct hf__text *text, const struct hf__cursor_position *key);
bool hf__cursor_images_equal(const struct hf__cursor_image *a, const struct hf__cursor_image *b);

void hf__cursor_put_set(struct hf__writer *w, enum hf__cursor_cause cause,
                        const struct hf__cursor_position *key,
                        const struct hf__cursor_image *image);
/* false: no mutation wrote this. key->sequence is the image's. */
bool hf__cursor_get_set(struct hf_bytes body, enum hf__cursor_cause *cause,
                        struct hf__cursor_position *key, struct hf__cursor_image *image);
void hf__cursor_put_remove(struct hf__writer *w, const struct hf__cursor_position *key);
bool hf__cursor_get_remove(struct hf_bytes body, struct hf__cursor_position *key);
void hf__cursor_describe(const struct hf__entry *entry, struct hf__text *out);
bool hf__cursor_about(const struct hf__entry *entry, struct hf__about *out);

/* --- cursor/mishap.c -------------------------------------------------------------------------- */

/* What went wrong with it; 0, HF_UNSET and nothing where nothing did. Borrowed from the value. */
struct hf__cursor_mishap {
	uint64_t error_count;
	int64_t reset_at;
	struct hf_bytes last_error, reset_reason;
};
struct hf__cursor_mishap hf__cursor_mishap_of(const struct hf__cursor_value *value);
/* What the image tells of it; `old`'s if that is the same. false: out of memory. */
bool hf__cursor_keep_mishap(const struct hf__cursor_value *old,
                            const struct hf__cursor_image *image, struct hf__blob **out);

/* --- cursor/index.c --------------------------------------------------------------------------- */

int hf__cursor_state_init(void *state, const struct hf__domain_env *env);
struct hf__cursor *hf__cursor_find(const struct hf__cursor_state *state,
                                   const struct hf__cursor_position *key);
/* Not in any index yet; hf__change_add puts it there. NULL: out of memory. */
struct hf__cursor *hf__cursor_new(struct hf__stream *stream, const struct hf__cursor_position *key);

/* What an answer about this key depends on: the cursor, else the stream, else the number of
 * streams that are gone. */
const struct hf__object *hf__cursor_depends(const struct hf__cursor_state *state,
                                            const struct hf__cursor *cursor,
                                            struct hf_bytes stream);

/* --- cursor/order.c --------------------------------------------------------------------------- */

extern const struct hf__index_type hf__cursor_views[HF__CURSOR_VIEWS];

struct hf__stream *hf__cursor_stream(const struct hf__cursor *cursor);
struct hf__cursor_position hf__cursor_position_of(const struct hf__cursor *cursor);
struct hf__cursor_image hf__cursor_image_of(const struct hf__cursor *cursor);

/* How its mutations give back a cursor: read.c. */
extern const struct hf__giving hf__cursor_giving;
extern const struct hf__giving hf__cursor_put_giving;

/* --- cursor/figures.c ------------------------------------------------------------------------- */

extern const struct hf__figures hf__cursor_figures;
const char *hf__cursor_objects(const void *state, unsigned kind, uint64_t *count);

#endif
