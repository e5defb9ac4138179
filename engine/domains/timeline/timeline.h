/* The timeline domain's insides, shared by the files of timeline/ alone.
 *
 *   entry.c     entries: bytes <-> meaning, form, words
 *   index.c     objects, lookups
 *   timeline.c  the row: apply, snapshot, verify
 *   order.c     the orders, ranges, counts
 *   mutate.c    mutations
 *   read.c      reads
 *
 * An event's container is its timeline; a timeline's is the root, on which the list of timelines
 * depends. An empty timeline is no state: it is not in snapshots, no answer shows it, and it
 * goes (object/removed.h). */
#ifndef HF_DOMAINS_TIMELINE_STATE_H
#define HF_DOMAINS_TIMELINE_STATE_H

#include "base/hash.h"
#include "domains/common/names.h"
#include "holdfast/timeline.h"
#include "log/entry.h"
#include "object/container.h"
#include "object/range.h"
#include "store/domain.h"

/* One order of a timeline's events for each shape of filter, so that what matches is one range
 * of one of them, sorted by time already and counted by its ends' ranks; and one by id, which is
 * key-byte order too and the only way to look an event up. */
enum hf__timeline_view {
	HF__TIMELINE_BY_TIME, /* happened_at, id */
	HF__TIMELINE_BY_SUBJECT, /* subject, happened_at, id */
	HF__TIMELINE_BY_TYPE, /* type, happened_at, id */
	HF__TIMELINE_BY_PAIR, /* subject, type, happened_at, id */
	HF__TIMELINE_BY_ID, /* id */
	HF__TIMELINE_VIEWS,
};

/* Where an event stands in any view; borrowed bytes. */
struct hf__timeline_position {
	int64_t happened_at;
	struct hf_bytes id, type, subject;
};

struct hf__timeline_state {
	struct hf__containers timelines;
	struct hf__domain_env env;
	size_t events; /* in all of them */
};

struct hf__timeline {
	struct hf__container head;
	struct hf__timeline_state *state;
	struct hf__index views[HF__TIMELINE_VIEWS];
	uint8_t name[];
};

/* Its version is the LSN of its append: object.changed. Set at birth and never changed: there is no
 * value-dependent index. It is a value all the same, so that its seal is checked. */
struct hf__timeline_event_value {
	struct hf__kept payload;
	int64_t happened_at;
};

struct hf__timeline_event {
	struct hf__object object; /* container: its timeline */
	struct hf__timeline_event_value value;
	uint16_t lens[3]; /* of id, type, subject */
	uint8_t text[]; /* these, one behind the other */
};

/* --- timeline/entry.c ------------------------------------------------------------------------- */

/* On disk: never renumber. */
enum hf__timeline_kind {
	HF__TIMELINE_EVENT = 1, /* one event comes */
	HF__TIMELINE_CUT = 2, /* the oldest ones go */
};
enum hf__timeline_cause {
	HF__TIMELINE_STATE = 0, /* from a snapshot */
	HF__TIMELINE_APPEND = 1,
	HF__TIMELINE_RETAIN = 2,
	HF__TIMELINE_CLEAR = 3,
};

/* An event as an entry carries it; borrowed bytes. */
struct hf__timeline_event_image {
	enum hf__timeline_cause cause; /* STATE or APPEND */
	struct hf_bytes timeline;
	struct hf__timeline_position at;
	struct hf_bytes payload;
};

/* What goes: every event up to and with this one, `count` of them. */
struct hf__timeline_cut {
	enum hf__timeline_cause cause; /* RETAIN or CLEAR */
	struct hf_bytes timeline;
	uint64_t count;
	int64_t happened_at;
	struct hf_bytes id;
};

/* Is it a part of a key? false: *why says what is wrong. */
bool hf__timeline_part_ok(const char *name, struct hf_bytes part, bool may_be_empty,
                          struct hf__text *why);
/* event "a" of timeline "b" */
void hf__timeline_add_name(struct hf__text *text, struct hf_bytes timeline, struct hf_bytes id);

/* The payload must follow, as hf__put_long puts it. */
void hf__timeline_put_event(struct hf__writer *w, const struct hf__timeline_event_image *image);
/* Each getter answers false for what no mutation wrote. */
bool hf__timeline_get_event(struct hf_bytes body, struct hf__timeline_event_image *image);
void hf__timeline_put_cut(struct hf__writer *w, const struct hf__timeline_cut *cut);
bool hf__timeline_get_cut(struct hf_bytes body, struct hf__timeline_cut *cut);
void hf__timeline_describe(const struct hf__entry *entry, struct hf__text *out);
bool hf__timeline_about(const struct hf__entry *entry, struct hf__about *out);

/* --- timeline/index.c ------------------------------------------------------------------------- */

extern const struct hf__container_type hf__timeline_type;
/* `timeline` may be NULL. */
struct hf__timeline_event *hf__timeline_event_find(const struct hf__timeline *timeline,
                                                   struct hf_bytes id);
/* Not in any index yet; hf__change_add puts it there. NULL: out of memory. */
struct hf__timeline_event *hf__timeline_event_new(struct hf__timeline *timeline,
                                                  const struct hf__timeline_position *at);

/* --- timeline/order.c ------------------------------------------------------------------------- */

extern const struct hf__index_type hf__timeline_views[HF__TIMELINE_VIEWS];

struct hf__timeline *hf__timeline_event_timeline(const struct hf__timeline_event *event);
/* Until when it is listed. */
int64_t hf__timeline_until(const struct hf__timeline *timeline);
size_t hf__timeline_total(const struct hf__timeline *timeline);
struct hf__timeline_position hf__timeline_event_position(const struct hf__timeline_event *event);

/* How its mutations give back an event: read.c. */
extern const struct hf__giving hf__timeline_giving;
extern const struct hf__giving hf__timeline_append_giving;

#endif
