/* tier: fast */
/* Out of memory, at each allocation that each outbox operation makes: a clean HF_ENOMEM, nothing
 * done, nothing leaked (under the address sanitizer), and the same operation works afterwards. */
#include "base/mem.h"
#include "lib/domains/outbox_ops.h"
#include "lib/settings.h"
#include "lib/test.h"

#define SECOND INT64_C(1000000)

struct scene {
	struct stage *stage;
	hf_token held, noted;
};

/* --- One allocation fails --------------------------------------------------------------------- */

struct veto {
	unsigned at; /* the number of the one that fails */
	unsigned asked;
};

static bool veto_one(void *ctx, size_t size)
{
	struct veto *veto = ctx;
	(void)size;
	return veto->asked++ == veto->at;
}

/* --- Operations ------------------------------------------------------------------------------- */

#define KEY(name) .queue = hf_str(OB_QUEUE), .id = hf_str(name)

static int enqueue(struct scene *s)
{
	return hf_outbox_enqueue(
	    s->stage->store, NULL,
	    &(struct hf_outbox_enqueue_args){KEY("new"), .payload = hf_str("some payload")}, NULL,
	    NULL);
}
static int enqueue_elsewhere(struct scene *s)
{
	const struct hf_outbox_enqueue_args args = {
	    .queue = hf_str("another queue"), .id = hf_str("new"), .payload = hf_str("p")};
	return hf_outbox_enqueue(s->stage->store, NULL, &args, NULL, NULL);
}
static int replace(struct scene *s)
{
	const struct hf_outbox_enqueue_args args = {KEY("queued"), .payload = hf_str("another"),
	                                            .dedup = HF_OUTBOX_REPLACE};
	return hf_outbox_enqueue(s->stage->store, NULL, &args, NULL, NULL);
}
static int put(struct scene *s)
{
	const struct hf_outbox_put_args args = {.queue = hf_str(OB_QUEUE),
	                                        .item = {.id = hf_str("queued"),
	                                                 .payload = hf_str("other"),
	                                                 .last_error = hf_str("error"),
	                                                 .status = HF_OUTBOX_FAILED}};
	return hf_outbox_put(s->stage->store, NULL, &args, NULL, NULL);
}
static int enqueue_grouped(struct scene *s)
{
	const struct hf_outbox_enqueue_args args = {KEY("new"), .payload = hf_str("p"),
	                                            .group = hf_str("a new group")};
	return hf_outbox_enqueue(s->stage->store, NULL, &args, NULL, NULL);
}
static int rerun(struct scene *s)
{
	const struct hf_outbox_enqueue_args args = {KEY("held"), .payload = hf_str("again"),
	                                            .dedup = HF_OUTBOX_RERUN};
	return hf_outbox_enqueue(s->stage->store, NULL, &args, NULL, NULL);
}
static int complete_noted(struct scene *s)
{
	return hf_outbox_complete(s->stage->store, NULL,
	                          &(struct hf_outbox_complete_args){KEY("noted"), .token = s->noted},
	                          NULL, NULL);
}
static int put_elsewhere(struct scene *s)
{
	static const struct hf_outbox_rerun again = {.payload = {"again", 5}};
	const struct hf_outbox_put_args args = {.queue = hf_str(OB_QUEUE),
	                                        .item = {.id = hf_str("noted"),
	                                                 .payload = hf_str("other"),
	                                                 .last_error = hf_str("error"),
	                                                 .group = hf_str("another group"),
	                                                 .rerun = &again}};
	hf_txn *txn;
	int rc = hf_txn_begin(s->stage->store, &txn, NULL);
	if (rc != HF_OK)
		return rc;
	rc = hf_outbox_put(s->stage->store, txn, &args, NULL, NULL);
	if (rc == HF_OK)
		return hf_txn_commit(txn, HF_DURABLE, NULL);
	hf_txn_abandon(txn);
	return rc;
}
static int complete_and_block(struct scene *s)
{
	const struct hf_outbox_configure_args window = {.queue = hf_str(OB_QUEUE),
	                                                .dedup_window_us = SECOND};
	const struct hf_outbox_complete_args args = {KEY("held"), .token = s->held};
	hf_txn *txn;
	int rc = hf_txn_begin(s->stage->store, &txn, NULL);
	if (rc != HF_OK)
		return rc;
	rc = hf_outbox_configure(s->stage->store, txn, &window, NULL, NULL);
	if (rc == HF_OK)
		rc = hf_outbox_complete(s->stage->store, txn, &args, NULL, NULL);
	if (rc == HF_OK)
		return hf_txn_commit(txn, HF_DURABLE, NULL);
	hf_txn_abandon(txn);
	return rc;
}
static int put_completed(struct scene *s)
{
	const struct hf_outbox_put_completed_args args = {KEY("done"), .until = INT64_MAX};
	return hf_outbox_put_completed(s->stage->store, NULL, &args, NULL, NULL);
}
static int list_completed(struct scene *s)
{
	struct hf_outbox_completed_page page;
	const struct hf_outbox_list_completed_args args = {.queue = hf_str("with ids"), .limit = 1};
	const int rc = hf_outbox_list_completed(s->stage->store, &args, 0, &page, NULL);
	assert_true(page.count == (rc == HF_OK) && (rc != HF_OK || page.next));
	hf_release(page.memory);
	return rc;
}
static int pause_it(struct scene *s)
{
	return hf_outbox_pause(s->stage->store, NULL,
	                       &(struct hf_outbox_pause_args){.queue = hf_str("never seen")}, NULL,
	                       NULL);
}
static int redrive(struct scene *s)
{
	return hf_outbox_redrive(s->stage->store, NULL,
	                         &(struct hf_outbox_redrive_args){.queue = hf_str("failed ones")}, NULL,
	                         NULL);
}
static int configure(struct scene *s)
{
	return hf_outbox_configure(
	    s->stage->store, NULL,
	    &(struct hf_outbox_configure_args){.queue = hf_str(OB_QUEUE), .max_attempts = 2}, NULL,
	    NULL);
}
static int clear(struct scene *s)
{
	return hf_outbox_clear(s->stage->store, NULL,
	                       &(struct hf_outbox_clear_args){.queue = hf_str(OB_QUEUE)}, NULL, NULL);
}
static int claim(struct scene *s)
{
	struct hf_outbox_items items;
	const struct hf_outbox_claim_args args = {KEY("queued"), .owner = hf_str("w")};
	const int rc = hf_outbox_claim(s->stage->store, NULL, &args, &items, NULL, NULL);
	assert_int_equal(items.count, rc == HF_OK ? 1 : 0);
	hf_release(items.memory);
	return rc;
}
static int claim_next(struct scene *s)
{
	struct hf_outbox_items items;
	const struct hf_outbox_claim_next_args args = {
	    .queue = hf_str(OB_QUEUE), .max = 2, .owner = hf_str("w")};
	const int rc = hf_outbox_claim_next(s->stage->store, NULL, &args, &items, NULL, NULL);
	assert_int_equal(items.count, rc == HF_OK ? 2 : 0);
	hf_release(items.memory);
	return rc;
}
static int claim_in_a_transaction(struct scene *s)
{
	struct hf_outbox_items items = {0};
	hf_txn *txn;
	const struct hf_outbox_claim_next_args args = {
	    .queue = hf_str(OB_QUEUE), .max = 2, .owner = hf_str("w")};
	int rc = hf_txn_begin(s->stage->store, &txn, NULL);
	if (rc != HF_OK)
		return rc;
	rc = hf_outbox_claim_next(s->stage->store, txn, &args, &items, NULL, NULL);
	if (rc == HF_OK)
		rc = hf_txn_commit(txn, HF_DURABLE, NULL);
	else
		hf_txn_abandon(txn);
	assert_true(rc != HF_OK || items.count == 2);
	hf_release(items.memory);
	return rc;
}
static int extend(struct scene *s)
{
	return hf_outbox_extend(
	    s->stage->store, NULL,
	    &(struct hf_outbox_extend_args){KEY("held"), .token = s->held, .lease_us = 7}, NULL, NULL);
}
static int complete(struct scene *s)
{
	return hf_outbox_complete(s->stage->store, NULL,
	                          &(struct hf_outbox_complete_args){KEY("held"), .token = s->held},
	                          NULL, NULL);
}
static int fail_it(struct scene *s)
{
	const struct hf_outbox_fail_args args = {KEY("held"), .token = s->held,
	                                         .reason = hf_str("a reason")};
	return hf_outbox_fail(s->stage->store, NULL, &args, NULL, NULL);
}
static int release(struct scene *s)
{
	return hf_outbox_release(s->stage->store, NULL,
	                         &(struct hf_outbox_release_args){KEY("held"), .token = s->held}, NULL,
	                         NULL);
}
static int remove_it(struct scene *s)
{
	return hf_outbox_remove(s->stage->store, NULL, &(struct hf_outbox_remove_args){KEY("held")},
	                        NULL, NULL);
}
static int mark_failed(struct scene *s)
{
	return hf_outbox_mark_failed(
	    s->stage->store, NULL,
	    &(struct hf_outbox_mark_failed_args){KEY("held"), .reason = hf_str("no")}, NULL, NULL);
}
static int retry(struct scene *s)
{
	return hf_outbox_retry(s->stage->store, NULL, &(struct hf_outbox_retry_args){KEY("held")}, NULL,
	                       NULL);
}
static int settle(struct scene *s)
{
	return hf_maintain(s->stage->store, 0, NULL);
}

static int get_noted(struct scene *s)
{
	struct hf_outbox_got got;
	const struct hf_outbox_key key = {KEY("noted")};
	const int rc = hf_outbox_get(s->stage->store, &key, 0, &got, NULL);
	hf_release(got.memory);
	return rc;
}
static bool only_noted(void *ctx, const struct hf_outbox_item *item)
{
	(void)ctx;
	return item->rerun != NULL;
}
static int list_noted(struct scene *s)
{
	struct hf_outbox_items items;
	const struct hf_outbox_list_args args = {.queue = hf_str(OB_QUEUE), .match = only_noted};
	const int rc = hf_outbox_list(s->stage->store, &args, 0, &items, NULL);
	assert_true(items.count == (rc == HF_OK));
	assert_true(rc != HF_OK || memcmp(items.items[0].rerun->payload.data, "again", 5) == 0);
	hf_release(items.memory);
	return rc;
}
static int get(struct scene *s)
{
	struct hf_outbox_got got;
	const struct hf_outbox_key key = {KEY("held")};
	const int rc = hf_outbox_get(s->stage->store, &key, 0, &got, NULL);
	hf_release(got.memory);
	return rc;
}
static int list_with(struct scene *s, hf_outbox_match_fn match)
{
	struct hf_outbox_items items;
	const struct hf_outbox_list_args args = {.queue = hf_str(OB_QUEUE), .match = match, .limit = 2};
	const int rc = hf_outbox_list(s->stage->store, &args, 0, &items, NULL);
	assert_int_equal(items.count, rc == HF_OK ? 2 : 0);
	assert_true(rc != HF_OK || items.next);
	hf_release(items.memory);
	return rc;
}
static bool any(void *ctx, const struct hf_outbox_item *item)
{
	(void)ctx;
	return item->id.len > 0;
}
static int list(struct scene *s)
{
	return list_with(s, NULL);
}
static int list_matching(struct scene *s)
{
	return list_with(s, any);
}

static const struct {
	const char *name;
	int (*run)(struct scene *);
	unsigned allocations; /* at least; what only takes away needs none of its own */
} operations[] = {
    {"enqueue", enqueue, 2},
    {"enqueue into a new queue", enqueue_elsewhere, 3},
    {"enqueue REPLACE", replace, 1},
    {"put", put, 2},
    {"enqueue into a new group", enqueue_grouped, 4},
    {"enqueue RERUN", rerun, 1},
    {"complete with a rerun noted", complete_noted, 1},
    {"put into another group with a rerun", put_elsewhere, 9},
    {"complete and block", complete_and_block, 4},
    {"put_completed", put_completed, 1},
    {"completed", list_completed, 3},
    {"pause of a new queue", pause_it, 1},
    {"redrive", redrive, 0},
    {"configure", configure, 0},
    {"clear", clear, 0},
    {"claim", claim, 3},
    {"claim_next", claim_next, 5},
    {"claim_next in a transaction", claim_in_a_transaction, 8},
    {"extend", extend, 0},
    {"complete", complete, 0},
    {"fail", fail_it, 1},
    {"release", release, 0},
    {"remove", remove_it, 0},
    {"mark_failed", mark_failed, 1},
    {"retry", retry, 0},
    {"settle", settle, 0},
    {"get", get, 2},
    {"get of one with a rerun", get_noted, 2},
    {"list matching those with a rerun", list_noted, 6},
    {"list", list, 3},
    {"list matching", list_matching, 5},
};

/* --- The sweep -------------------------------------------------------------------------------- */

static void arrange(struct scene *s)
{
	s->stage = stage_open(SETTING_LIVE);
	ob_enqueue(s->stage->store, "queued", "p", 0, 0);
	ob_enqueue(s->stage->store, "queued too", "p", 0, 0);
	ob_enqueue(s->stage->store, "held", "p", 0, 0);
	ob_enqueue(s->stage->store, "over", "p", 9, 0);
	s->held = ob_claim(s->stage->store, "held", 3600 * SECOND);
	(void)ob_claim(s->stage->store, "over", SECOND);
	stage_at(s->stage, STAGE_NOW + 2 * SECOND);
	/* Behind the others: what the lists begin with has no error, group or rerun. */
	const struct hf_outbox_enqueue_args noted = {KEY("noted"), .payload = hf_str("p"),
	                                             .priority = 9, .group = hf_str("g")};
	const struct hf_outbox_enqueue_args again = {KEY("noted"), .payload = hf_str("again"),
	                                             .dedup = HF_OUTBOX_RERUN};
	assert_int_equal(hf_outbox_enqueue(s->stage->store, NULL, &noted, NULL, NULL), HF_OK);
	s->noted = ob_claim(s->stage->store, "noted", 3600 * SECOND);
	assert_int_equal(hf_outbox_enqueue(s->stage->store, NULL, &again, NULL, NULL), HF_OK);
	for (unsigned i = 0; i < 2; i++) {
		const struct hf_outbox_put_completed_args done = {
		    .queue = hf_str("with ids"), .id = hf_str(i ? "b" : "a"), .until = INT64_MAX};
		const struct hf_outbox_put_args failed = {
		    .queue = hf_str("failed ones"),
		    .item = {.id = hf_str(i ? "b" : "a"), .status = HF_OUTBOX_FAILED}};
		assert_int_equal(hf_outbox_put_completed(s->stage->store, NULL, &done, NULL, NULL), HF_OK);
		assert_int_equal(hf_outbox_put(s->stage->store, NULL, &failed, NULL, NULL), HF_OK);
	}
}

/* Runs the operation with allocation number `at` failing. true: it makes no more of them. */
static bool run_with(const char *name, int (*run)(struct scene *), unsigned at, unsigned *refused)
{
	struct scene scene;
	struct veto veto = {.at = at};
	arrange(&scene);
	struct hf__writer before = stage_dump(scene.stage);
	hf__mem_set_veto(veto_one, &veto);
	const int rc = run(&scene);
	hf__mem_set_veto(NULL, NULL);
	if (rc == HF_ENOMEM) {
		struct hf__writer after = stage_dump(scene.stage);
		stage_verify(scene.stage);
		if (!hf__bytes_equal(hf_bytes_of(before.data, before.len),
		                     hf_bytes_of(after.data, after.len)))
			fail_msg("%s, allocation %u: refused, and yet something changed", name, at);
		hf__writer_deinit(&after);
		++*refused;
		if (run(&scene) != HF_OK)
			fail_msg("%s, allocation %u: does not work afterwards", name, at);
	} else if (rc != HF_OK) {
		fail_msg("%s, allocation %u: %s", name, at, hf_code_name(rc));
	}
	hf__writer_deinit(&before);
	stage_close(scene.stage);
	return veto.asked <= at;
}

static void any_allocation_may_fail_in_any_operation(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
		unsigned at = 0, refused = 0;
		while (!run_with(operations[i].name, operations[i].run, at, &refused))
			assert_true(++at < 200);
		if (refused < operations[i].allocations)
			fail_msg("%s: refused %u times, not %u", operations[i].name, refused,
			         operations[i].allocations);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(any_allocation_may_fail_in_any_operation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
