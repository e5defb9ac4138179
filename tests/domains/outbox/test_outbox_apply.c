/* tier: fast */
/* Outbox entries that are well formed but could not have been written at the state they meet:
 * apply refuses all of them and is as it was. And verify notices what is wrong with a state,
 * whatever index, count or value it is. */
#include "domains/common/domains.h"
#include "domains/outbox/apply.h"
#include "lib/test.h"
#include "object/change.h"

#define SECOND INT64_C(1000000)
#define AT INT64_C(1795167000000000)
#define LSN 1000u

static struct hf_bytes bytes_of(const struct hf__writer *w)
{
	return hf_bytes_of(w->data, w->len);
}

/* --- State ------------------------------------------------------------------------------------ */

struct bench {
	void *state;
	struct hf__change change;
};

static void bench_init(struct bench *b)
{
	const struct hf__domain_env env = {.inline_max = 256, .epoch = 3, .nodes = &b->change.nodes};
	*b = (struct bench){.state = calloc(1, hf__outbox_domain.state_size)};
	assert_non_null(b->state);
	assert_int_equal(hf__outbox_domain.init(b->state, &env), HF_OK);
	hf__outbox_domain.opened(b->state, 1);
}

static void bench_deinit(struct bench *b)
{
	hf__outbox_domain.deinit(b->state);
	hf__change_deinit(&b->change);
	free(b->state);
}

static int apply(struct bench *b, uint64_t lsn, enum hf__outbox_kind kind,
                 const struct hf__outbox_image *image)
{
	struct hf__writer body = {0};
	hf__outbox_encode(&body, kind, image, false);
	const struct hf__entry entry = {
	    .lsn = lsn, .at = AT, .kind = (uint8_t)kind, .body = bytes_of(&body)};
	hf__change_begin(&b->change, lsn, true);
	const int rc = hf__outbox_domain.apply(b->state, &b->change, &entry);
	if (rc == HF_OK)
		hf__change_keep(&b->change);
	else
		hf__change_undo(&b->change);
	hf__writer_deinit(&body);
	char why[200] = "";
	struct hf__text text = {why, sizeof why, 0};
	if (hf__outbox_domain.verify(b->state, &text) != HF_OK)
		fail_msg("%s", why);
	return rc;
}

static struct hf__outbox_image image_for(const char *id, enum hf__outbox_cause cause,
                                         uint8_t status)
{
	return (struct hf__outbox_image){.queue = hf_str("jobs"),
	                                 .id = hf_str(id),
	                                 .cause = cause,
	                                 .status = status,
	                                 .lease_until = HF_UNSET,
	                                 .run_until = HF_UNSET,
	                                 .until = HF_UNSET};
}

/* "queued" (LSN 1), "held" (LSN 2, claimed at 3), "failed" (LSN 4, failed at 5), "noted" (LSN 6,
 * claimed at 7, a rerun noted at 8), "done" (completed at 9), "free" (LSN 10). "held" and
 * "queued" are of one group. */
static void bench_fill(struct bench *b)
{
	static const char *const ids[] = {"queued", "held", "failed"};
	static const uint64_t lsns[] = {1, 2, 4};
	for (unsigned i = 0; i < 3; i++) {
		struct hf__outbox_image item = image_for(ids[i], HF__OUTBOX_ENQUEUE, HF_OUTBOX_QUEUED);
		item.seq = lsns[i];
		item.group = hf_str(i < 2 ? "g" : "");
		assert_int_equal(apply(b, lsns[i], HF__OUTBOX_ITEM, &item), HF_OK);
		if (i == 1) {
			struct hf__outbox_image claim = image_for("held", HF__OUTBOX_CLAIM, HF_OUTBOX_SENDING);
			claim.token = 3;
			claim.owner = hf_str("w");
			assert_int_equal(apply(b, 3, HF__OUTBOX_CHANGED, &claim), HF_OK);
		}
	}
	struct hf__outbox_image failed = image_for("failed", HF__OUTBOX_MARK_FAILED, HF_OUTBOX_FAILED);
	failed.attempts = 1;
	assert_int_equal(apply(b, 5, HF__OUTBOX_CHANGED, &failed), HF_OK);
	struct hf__outbox_image noted = image_for("noted", HF__OUTBOX_ENQUEUE, HF_OUTBOX_QUEUED);
	noted.seq = 6;
	assert_int_equal(apply(b, 6, HF__OUTBOX_ITEM, &noted), HF_OK);
	noted = image_for("noted", HF__OUTBOX_CLAIM, HF_OUTBOX_SENDING);
	noted.token = 7;
	noted.owner = hf_str("w");
	assert_int_equal(apply(b, 7, HF__OUTBOX_CHANGED, &noted), HF_OK);
	noted = image_for("noted", HF__OUTBOX_STATE, 0);
	noted.payload = hf_str("again");
	assert_int_equal(apply(b, 8, HF__OUTBOX_NOTED, &noted), HF_OK);
	struct hf__outbox_image done = image_for("done", HF__OUTBOX_STATE, 0);
	done.until = AT + SECOND;
	assert_int_equal(apply(b, 9, HF__OUTBOX_DONE, &done), HF_OK);
	struct hf__outbox_image unbound = image_for("free", HF__OUTBOX_ENQUEUE, HF_OUTBOX_QUEUED);
	unbound.seq = 10;
	assert_int_equal(apply(b, 10, HF__OUTBOX_ITEM, &unbound), HF_OK);
}

static const struct misfit {
	const char *what;
	enum hf__outbox_kind kind;
	const char *id;
	enum hf__outbox_cause cause;
	uint8_t status;
	uint32_t attempts;
	uint64_t seq, token;
	int32_t priority;
	int code;
} misfits[] = {
    {"a change of nothing", HF__OUTBOX_CHANGED, "nothing", HF__OUTBOX_RETRY, HF_OUTBOX_QUEUED, 0, 0,
     0, 0, HF_ECORRUPT},
    {"the end of nothing", HF__OUTBOX_GONE, "nothing", HF__OUTBOX_REMOVE, 0, 0, 0, 0, 0,
     HF_ECORRUPT},
    {"nothing over", HF__OUTBOX_ENDED, "nothing", 0, HF_OUTBOX_QUEUED, 0, 0, 3, 0, HF_ECORRUPT},
    {"enqueued twice", HF__OUTBOX_ITEM, "queued", HF__OUTBOX_ENQUEUE, HF_OUTBOX_QUEUED, 0, LSN, 0,
     0, HF_ECORRUPT},
    {"state over an item", HF__OUTBOX_ITEM, "queued", HF__OUTBOX_STATE, HF_OUTBOX_QUEUED, 0, 1, 0,
     0, HF_ECORRUPT},
    {"replaced, which was not there", HF__OUTBOX_ITEM, "nothing", HF__OUTBOX_REPLACE,
     HF_OUTBOX_QUEUED, 0, LSN, 0, 0, HF_ECORRUPT},
    {"replaced, but failed", HF__OUTBOX_ITEM, "failed", HF__OUTBOX_REPLACE, HF_OUTBOX_QUEUED, 1, 4,
     0, 0, HF_ECORRUPT},
    {"replaced at another place", HF__OUTBOX_ITEM, "queued", HF__OUTBOX_REPLACE, HF_OUTBOX_QUEUED,
     0, 6, 0, 0, HF_ECORRUPT},
    {"put at another place", HF__OUTBOX_ITEM, "queued", HF__OUTBOX_PUT, HF_OUTBOX_QUEUED, 0, 6, 0,
     0, HF_ECORRUPT},
    {"a place that is taken", HF__OUTBOX_ITEM, "new", HF__OUTBOX_STATE, HF_OUTBOX_QUEUED, 0, 2, 0,
     0, HF_ECORRUPT},
    {"a place from the future", HF__OUTBOX_ITEM, "new", HF__OUTBOX_STATE, HF_OUTBOX_QUEUED, 0,
     LSN + 1, 0, 0, HF_ECORRUPT},
    {"a claim by an old token", HF__OUTBOX_CHANGED, "queued", HF__OUTBOX_CLAIM, HF_OUTBOX_SENDING,
     0, 0, 3, 0, HF_ECORRUPT},
    {"extended by another", HF__OUTBOX_CHANGED, "held", HF__OUTBOX_EXTEND, HF_OUTBOX_SENDING, 0, 0,
     2, 0, HF_ECORRUPT},
    {"extended, but queued", HF__OUTBOX_CHANGED, "queued", HF__OUTBOX_EXTEND, HF_OUTBOX_SENDING, 0,
     0, 3, 0, HF_ECORRUPT},
    {"released, but queued", HF__OUTBOX_CHANGED, "queued", HF__OUTBOX_RELEASE, HF_OUTBOX_QUEUED, 0,
     0, 0, 0, HF_ECORRUPT},
    {"released and counted", HF__OUTBOX_CHANGED, "held", HF__OUTBOX_RELEASE, HF_OUTBOX_QUEUED, 1, 0,
     0, 0, HF_ECORRUPT},
    {"failed and not counted", HF__OUTBOX_CHANGED, "held", HF__OUTBOX_FAIL, HF_OUTBOX_QUEUED, 0, 0,
     0, 0, HF_ECORRUPT},
    {"another priority", HF__OUTBOX_CHANGED, "held", HF__OUTBOX_RELEASE, HF_OUTBOX_QUEUED, 0, 0, 0,
     9, HF_ECORRUPT},
    {"retried, but queued", HF__OUTBOX_CHANGED, "queued", HF__OUTBOX_RETRY, HF_OUTBOX_QUEUED, 0, 0,
     0, 0, HF_ECORRUPT},
    {"completed, but failed", HF__OUTBOX_GONE, "failed", HF__OUTBOX_COMPLETE, 0, 0, 0, 0, 0,
     HF_ECORRUPT},
    {"over by another token", HF__OUTBOX_ENDED, "held", 0, HF_OUTBOX_QUEUED, 0, 0, 2, 0,
     HF_ECORRUPT},
    {"over, but queued", HF__OUTBOX_ENDED, "queued", 0, HF_OUTBOX_QUEUED, 0, 0, 3, 0, HF_ECORRUPT},
    {"cleared, but empty", HF__OUTBOX_CLEARED, "", 0, 0, 0, 0, 0, 0, HF_ECORRUPT},
    {"replaced into another group", HF__OUTBOX_ITEM, "held", HF__OUTBOX_REPLACE, HF_OUTBOX_QUEUED,
     0, 2, 0, 0, HF_ECORRUPT},
    {"completed, but to be run again", HF__OUTBOX_GONE, "noted", HF__OUTBOX_COMPLETE, 0, 0, 0, 0, 0,
     HF_ECORRUPT},
    {"run again, but nothing was noted", HF__OUTBOX_CHANGED, "held", HF__OUTBOX_RERUN,
     HF_OUTBOX_QUEUED, 0, 0, 0, 0, HF_ECORRUPT},
    {"run again, but counted", HF__OUTBOX_CHANGED, "noted", HF__OUTBOX_RERUN, HF_OUTBOX_QUEUED, 1,
     0, 0, 0, HF_ECORRUPT},
    {"a note beside the queued", HF__OUTBOX_NOTED, "queued", 0, 0, 0, 0, 0, 0, HF_ECORRUPT},
    {"a note beside nothing", HF__OUTBOX_NOTED, "nothing", 0, 0, 0, 0, 0, 0, HF_ECORRUPT},
    {"completed, but live", HF__OUTBOX_DONE, "queued", 0, 0, 0, 0, 0, 0, HF_ECORRUPT},
    {"completed twice", HF__OUTBOX_DONE, "done", 0, 0, 0, 0, 0, 0, HF_ECORRUPT},
    {"the end of no completed id", HF__OUTBOX_FADED, "queued", 0, 0, 0, 0, 0, 0, HF_ECORRUPT},
    {"more dropped than there are", HF__OUTBOX_DROPPED, "", 0, 0, 2, 0, 0, 0, HF_ECORRUPT},
    {"redriven, but not failed", HF__OUTBOX_REDRIVEN, "queued", 0, 0, 0, 0, 0, 0, HF_ECORRUPT},
    {"redriven, but nothing", HF__OUTBOX_REDRIVEN, "nothing", 0, 0, 0, 0, 0, 0, HF_ECORRUPT},
    {"redriven twice", HF__OUTBOX_REDRIVEN, "failed", 0, 0, 2, 0, 0, 0, HF_ECORRUPT},
    /* What fits, lest the bench refuses everything. */
    {"run again", HF__OUTBOX_CHANGED, "noted", HF__OUTBOX_RERUN, HF_OUTBOX_QUEUED, 0, 0, 0, 0,
     HF_OK},
    {"noted anew", HF__OUTBOX_NOTED, "noted", 0, 0, 0, 0, 0, 0, HF_OK},
    {"completed by hand", HF__OUTBOX_DONE, "new", 0, 0, 0, 0, 0, 0, HF_OK},
    {"over for a completed id", HF__OUTBOX_FADED, "done", 0, 0, 0, 0, 0, 0, HF_OK},
    {"dropped", HF__OUTBOX_DROPPED, "", 0, 0, 1, 0, 0, 0, HF_OK},
    {"redriven", HF__OUTBOX_REDRIVEN, "failed", 0, 0, 0, 0, 0, 0, HF_OK},
    {"put into another group", HF__OUTBOX_ITEM, "held", HF__OUTBOX_PUT, HF_OUTBOX_QUEUED, 0, 2, 0,
     0, HF_OK},
    {"put, though completed", HF__OUTBOX_ITEM, "done", HF__OUTBOX_PUT, HF_OUTBOX_QUEUED, 0, LSN, 0,
     0, HF_OK},
    {"released", HF__OUTBOX_CHANGED, "held", HF__OUTBOX_RELEASE, HF_OUTBOX_QUEUED, 0, 0, 0, 0,
     HF_OK},
    {"extended", HF__OUTBOX_CHANGED, "held", HF__OUTBOX_EXTEND, HF_OUTBOX_SENDING, 0, 0, 3, 0,
     HF_OK},
    {"retried", HF__OUTBOX_CHANGED, "failed", HF__OUTBOX_RETRY, HF_OUTBOX_QUEUED, 1, 0, 0, 0,
     HF_OK},
    {"completed", HF__OUTBOX_GONE, "held", HF__OUTBOX_COMPLETE, 0, 0, 0, 0, 0, HF_OK},
    {"over", HF__OUTBOX_ENDED, "held", 0, HF_OUTBOX_QUEUED, 0, 0, 3, 0, HF_OK},
    {"replaced", HF__OUTBOX_ITEM, "queued", HF__OUTBOX_REPLACE, HF_OUTBOX_QUEUED, 0, 1, 0, 0,
     HF_OK},
    {"a place that is free", HF__OUTBOX_ITEM, "new", HF__OUTBOX_STATE, HF_OUTBOX_QUEUED, 0, 3, 0, 0,
     HF_OK},
};

static void entries_that_do_not_fit_the_state_are_refused(void **unused)
{
	(void)unused;
	struct hf__writer ids = {0};
	for (size_t i = 0; i < sizeof misfits / sizeof misfits[0]; i++) {
		const struct misfit *m = &misfits[i];
		struct bench bench;
		struct hf__outbox_image image = image_for(m->id, m->cause, m->status);
		bench_init(&bench);
		bench_fill(&bench);
		image.attempts = m->attempts;
		image.seq = m->seq;
		image.token = m->token;
		image.lost = m->kind == HF__OUTBOX_ENDED; /* one more than before */
		image.priority = m->priority;
		image.owner = hf_str("w");
		/* "replaced" stays where it was: the group too. */
		image.group =
		    hf_str(m->cause == HF__OUTBOX_REPLACE && strcmp(m->id, "queued") == 0 ? "g" : "");
		image.dropped = m->attempts;
		image.until = m->kind == HF__OUTBOX_DONE ? AT + SECOND : HF_UNSET;
		ids.len = 0;
		for (image.count = 0; image.count < (m->attempts ? m->attempts : 1); image.count++)
			hf__put_short(&ids, image.id);
		image.ids = bytes_of(&ids);
		if (m->kind == HF__OUTBOX_CLEARED)
			image.queue = hf_str("empty");
		const int rc = apply(&bench, LSN, m->kind, &image);
		if (rc != m->code)
			fail_msg("%s: %s", m->what, hf_code_name(rc));
		bench_deinit(&bench);
	}
	hf__writer_deinit(&ids);
}

/* --- Verify notices --------------------------------------------------------------------------- */

static void verify_notices_what_is_wrong(void **unused)
{
	(void)unused;
	for (unsigned fault = 0; fault < 14; fault++) {
		struct bench bench;
		char why[200] = "";
		struct hf__text text = {why, sizeof why, 0};
		bench_init(&bench);
		bench_fill(&bench);
		struct hf__outbox_state *state = bench.state;
		struct hf__outbox_item *item = hf__outbox_find(state, hf_str("jobs"), hf_str("held"));
		struct hf__outbox_queue *queue = hf__container_find(state, hf_str("jobs"));
		const uint32_t attempts = item->value.attempts;
		assert_int_equal(hf__outbox_domain.verify(state, &text), HF_OK);
		if (fault == 0)
			item->value.attempts++; /* beside the hook */
		else if (fault == 1)
			queue->line[HF_OUTBOX_SENDING].top.least--;
		else if (fault == 2)
			hf__heap_remove(&queue->held, &item->hold->held);
		else if (fault == 3)
			state->incarnation = 100; /* behind everybody's back */
		else if (fault == 4)
			hf__map_remove(&state->items, item);
		else if (fault == 5)
			queue->value.max_attempts = 0;
		else if (fault == 6)
			hf__index_remove(&queue->due[false], hf__index_first_object(&queue->due[false]));
		else if (fault == 7)
			item->value.seq = 100;
		else if (fault == 8)
			queue->blocked++;
		else if (fault == 9)
			item->group->holder = NULL;
		else if (fault == 10)
			queue->busy_groups++;
		else if (fault == 11)
			item->group->members++;
		else if (fault == 12)
			hf__heap_remove(&state->fading, hf__heap_first(&state->fading));
		else
			queue->value.dedup_window = -1;
		assert_int_equal(hf__outbox_domain.verify(state, &text), HF_ECORRUPT);
		assert_true(why[0] != '\0');
		if (fault == 4) /* or it would not be freed */
			hf__map_insert(&state->items, item, state->items.hash(&state->items, item));
		item->value.attempts = attempts;
		if (fault == 11)
			item->group->members--;
		bench_deinit(&bench);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(entries_that_do_not_fit_the_state_are_refused),
	    cmocka_unit_test(verify_notices_what_is_wrong),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
