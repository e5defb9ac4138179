/* An outbox as an array that is searched and sorted anew each time: what test_outbox_model
 * compares the real one with. It knows the contract and nothing of the engine. */
#ifndef TESTS_LIB_OUTBOX_MODEL_H
#define TESTS_LIB_OUTBOX_MODEL_H

#include "holdfast/outbox.h"
#include "holdfast/outbox_claim.h"
#include "holdfast/outbox_read.h"
#include "lib/rng.h"
#include "lib/settings.h"

enum { ITEMS = 16, TEXT_MAX = 512 };

struct item {
	bool there;
	enum hf_outbox_status status;
	uint32_t attempts, lost;
	hf_time enqueued_at, available_at, lease_until;
	int32_t priority;
	uint64_t seq;
	hf_token token;
	bool ended; /* its available_at is to be found out: model_lose */
	unsigned payload;
	bool noted; /* a rerun */
	unsigned rerun_payload;
	hf_time rerun_enqueued_at, rerun_available_at;
	/* When it was completed last (by next_seq), and how long that blocks; HF_UNSET: it does not. */
	uint64_t done_seq;
	hf_time done_until;
};

struct model {
	struct stage *stage;
	struct hf_rng rng;
	hf_time now;
	uint64_t next_seq;
	bool paused;
	uint32_t max_lost;
	int64_t window;
	uint32_t window_max;
	uint64_t dropped;
	struct item items[ITEMS];
	char id[ITEMS][8];
	unsigned steps;
	char group[ITEMS][8]; /* items 0 to 5 are in none, the others in g0 to g2 */
};

/* Claims that are over are lost: what that makes of their items. After each step of time;
 * `reopened`: those without a lease too, which ended at or before now, by which instant the test
 * has to find out (item->ended is set). */
void model_lose(struct model *m, bool reopened);
/* The backoff after so many losses. */
int64_t model_backoff(uint32_t lost);
enum hf_outbox_status model_view(const struct model *m, const struct item *item);
int model_by_seq(const struct item *a, const struct item *b);
int model_by_turn(const struct item *a, const struct item *b);
/* The numbers of those that pass, sorted, at most `max`. */
size_t model_pick(const struct model *m,
                  bool (*pass)(const struct model *, const struct item *, int), int arg,
                  int (*order)(const struct item *, const struct item *), size_t max,
                  unsigned out[ITEMS]);
bool model_passes_status(const struct model *m, const struct item *item, int status);
/* Is another item of the group held? */
bool model_blocked(const struct model *m, const struct item *item);
/* Was another queued item of the group enqueued before? */
bool model_behind(const struct model *m, const struct item *item);
bool model_passes_claim(const struct model *m, const struct item *item, int unused);
/* Was it completed, and does that block? */
bool model_blocks(const struct model *m, const struct item *item);
unsigned model_count_done(const struct model *m);
/* No more than `keep` completed ids: the oldest are dropped. */
void model_cut_done(struct model *m, unsigned keep);
/* Their ids, "a b c". */
const char *model_join(const struct model *m, const unsigned *which, size_t count,
                       char out[TEXT_MAX]);
/* What an enqueue makes of the item; does it change anything? */
bool model_enqueue(struct model *m, struct item *item, enum hf_outbox_dedup dedup, unsigned payload,
                   hf_time available_at, int32_t priority);
/* Nobody holds it any more. */
void model_let_go(struct item *item, enum hf_outbox_status status);
void model_complete(struct model *m, struct item *item);

#endif
