/* tier: fast */
/* No answer of the outbox gives away what a crash could still take back: reads, refusals and
 * "nothing changed" alike wait until the change that they depend on is durable, and for no other
 * one. */
#include "lib/domains/outbox_ops.h"
#include "lib/settings.h"
#include "lib/test.h"
#include "store/store.h"

#define LEASE INT64_C(1000000000)

struct scene {
	struct stage *stage;
	hf_store *store;
	hf_token token; /* of "held" */
	hf_token window_token; /* of "w1" in the queue "window" */
};

static struct hf_bytes queue(void)
{
	return hf_str(OB_QUEUE);
}

/* --- Changes that are left undurable ---------------------------------------------------------- */

static int add(struct scene *s, hf_txn *txn)
{
	return hf_outbox_enqueue(s->store, txn,
	                         &(struct hf_outbox_enqueue_args){.queue = queue(), .id = hf_str("x")},
	                         NULL, NULL);
}
static int add_elsewhere(struct scene *s, hf_txn *txn)
{
	const struct hf_outbox_enqueue_args args = {.queue = hf_str("elsewhere"), .id = hf_str("x")};
	return hf_outbox_enqueue(s->store, txn, &args, NULL, NULL);
}
static int take_queued(struct scene *s, hf_txn *txn)
{
	return hf_outbox_remove(
	    s->store, txn, &(struct hf_outbox_remove_args){.queue = queue(), .id = hf_str("queued")},
	    NULL, NULL);
}
static int clear(struct scene *s, hf_txn *txn)
{
	return hf_outbox_clear(s->store, txn, &(struct hf_outbox_clear_args){.queue = queue()}, NULL,
	                       NULL);
}
static int claim_queued(struct scene *s, hf_txn *txn)
{
	const struct hf_outbox_claim_args args = {
	    .queue = queue(), .id = hf_str("queued"), .owner = hf_str("w"), .lease_us = LEASE};
	return hf_outbox_claim(s->store, txn, &args, NULL, NULL, NULL);
}
static int give_back(struct scene *s, hf_txn *txn)
{
	const struct hf_outbox_release_args args = {
	    .queue = queue(), .id = hf_str("held"), .token = s->token};
	return hf_outbox_release(s->store, txn, &args, NULL, NULL);
}
static int extend_held(struct scene *s, hf_txn *txn)
{
	const struct hf_outbox_extend_args args = {
	    .queue = queue(), .id = hf_str("held"), .token = s->token, .lease_us = 2 * LEASE};
	return hf_outbox_extend(s->store, txn, &args, NULL, NULL);
}
static int configure(struct scene *s, hf_txn *txn)
{
	return hf_outbox_configure(
	    s->store, txn, &(struct hf_outbox_configure_args){.queue = queue(), .max_attempts = 9},
	    NULL, NULL);
}

static int note_rerun(struct scene *s, hf_txn *txn)
{
	const struct hf_outbox_enqueue_args args = {.queue = queue(),
	                                            .id = hf_str("held"),
	                                            .enqueued_at = 1,
	                                            .available_at = 1,
	                                            .dedup = HF_OUTBOX_RERUN};
	return hf_outbox_enqueue(s->store, txn, &args, NULL, NULL);
}
static int claim_of_group(struct scene *s, hf_txn *txn)
{
	const struct hf_outbox_claim_args args = {
	    .queue = queue(), .id = hf_str("g1"), .owner = hf_str("w"), .lease_us = LEASE};
	return hf_outbox_claim(s->store, txn, &args, NULL, NULL, NULL);
}
static int pause_it(struct scene *s, hf_txn *txn)
{
	return hf_outbox_pause(s->store, txn, &(struct hf_outbox_pause_args){.queue = queue()}, NULL,
	                       NULL);
}
static int redrive(struct scene *s, hf_txn *txn)
{
	return hf_outbox_redrive(s->store, txn, &(struct hf_outbox_redrive_args){.queue = queue()},
	                         NULL, NULL);
}
static int complete_g1(struct scene *s, hf_txn *txn)
{
	const struct hf_outbox_complete_args args = {
	    .queue = hf_str("window"), .id = hf_str("w1"), .token = s->window_token};
	return hf_outbox_complete(s->store, txn, &args, NULL, NULL);
}
static int put_completed(struct scene *s, hf_txn *txn)
{
	const struct hf_outbox_put_completed_args args = {
	    .queue = queue(), .id = hf_str("x"), .until = INT64_MAX};
	return hf_outbox_put_completed(s->store, txn, &args, NULL, NULL);
}

/* --- Answers ---------------------------------------------------------------------------------- */

static int get(struct scene *s, const char *id, unsigned flags)
{
	struct hf_outbox_got got;
	const struct hf_outbox_key key = {queue(), hf_str(id)};
	const int rc = hf_outbox_get(s->store, &key, flags, &got, NULL);
	hf_release(got.memory);
	return rc;
}
static int get_x(struct scene *s)
{
	return get(s, "x", 0);
}
static int get_x_undurable(struct scene *s)
{
	return get(s, "x", HF_READ_UNDURABLE);
}
static int get_queued(struct scene *s)
{
	return get(s, "queued", 0);
}
static int list_failed(struct scene *s)
{
	(void)ob_list(s->store, HF_OUTBOX_FAILED, 0);
	return HF_OK;
}
static int stats(struct scene *s)
{
	(void)ob_stats(s->store);
	return HF_OK;
}
static int add_again(struct scene *s)
{
	return add(s, NULL);
}
static int claim_again(struct scene *s)
{
	return claim_queued(s, NULL);
}
static int claim_next_nothing(struct scene *s)
{
	assert_string_equal(ob_claim_next(s->store, 5, 0), "");
	return HF_OK;
}
static int remove_again(struct scene *s)
{
	return take_queued(s, NULL);
}
static int clear_again(struct scene *s)
{
	return clear(s, NULL);
}
static int retry_held(struct scene *s)
{
	return hf_outbox_retry(s->store, NULL,
	                       &(struct hf_outbox_retry_args){.queue = queue(), .id = hf_str("held")},
	                       NULL, NULL);
}
static int complete_held(struct scene *s)
{
	const struct hf_outbox_complete_args args = {
	    .queue = queue(), .id = hf_str("held"), .token = s->token};
	return hf_outbox_complete(s->store, NULL, &args, NULL, NULL);
}
static int extend_again(struct scene *s)
{
	return extend_held(s, NULL);
}
static int configure_again(struct scene *s)
{
	return configure(s, NULL);
}
static int expect_absent(struct scene *s)
{
	const struct hf_outbox_enqueue_args args = {
	    .write.expect = HF_ABSENT, .queue = queue(), .id = hf_str("x")};
	return hf_outbox_enqueue(s->store, NULL, &args, NULL, NULL);
}
static int guard(struct scene *s)
{
	hf_txn *txn;
	const struct hf_outbox_guard_args args = {
	    .write.expect = HF_ABSENT, .queue = queue(), .id = hf_str("queued")};
	assert_int_equal(hf_txn_begin(s->store, &txn, NULL), HF_OK);
	assert_int_equal(hf_outbox_guard(s->store, txn, &args, NULL, NULL), HF_OK);
	return hf_txn_commit(txn, HF_DURABLE, NULL);
}
static int guard_claim(struct scene *s)
{
	hf_txn *txn;
	const struct hf_outbox_guard_claim_args args = {
	    .queue = queue(), .id = hf_str("held"), .token = s->token};
	assert_int_equal(hf_txn_begin(s->store, &txn, NULL), HF_OK);
	assert_int_equal(hf_outbox_guard_claim(s->store, txn, &args, NULL, NULL), HF_OK);
	return hf_txn_commit(txn, HF_DURABLE, NULL);
}

static int note_again(struct scene *s)
{
	return note_rerun(s, NULL);
}
static int claim_blocked(struct scene *s)
{
	const struct hf_outbox_claim_args args = {
	    .queue = queue(), .id = hf_str("g2"), .owner = hf_str("w"), .lease_us = LEASE};
	return hf_outbox_claim(s->store, NULL, &args, NULL, NULL, NULL);
}
static int pause_again(struct scene *s)
{
	return pause_it(s, NULL);
}
static int redrive_again(struct scene *s)
{
	return redrive(s, NULL);
}
static int enqueue_completed(struct scene *s)
{
	const struct hf_outbox_enqueue_args args = {.queue = hf_str("window"), .id = hf_str("w1")};
	return hf_outbox_enqueue(s->store, NULL, &args, NULL, NULL);
}
static int enqueue_put_completed(struct scene *s)
{
	return add(s, NULL);
}
static int put_completed_again(struct scene *s)
{
	return put_completed(s, NULL);
}
static int list_completed(struct scene *s)
{
	struct hf_outbox_completed_page page;
	assert_int_equal(
	    hf_outbox_list_completed(
	        s->store, &(struct hf_outbox_list_completed_args){.queue = queue()}, 0, &page, NULL),
	    HF_OK);
	hf_release(page.memory);
	return HF_OK;
}

/* --- The table -------------------------------------------------------------------------------- */

static const struct row {
	const char *name;
	int (*change)(struct scene *, hf_txn *);
	int (*answer)(struct scene *);
	int code;
	bool waits;
} rows[] = {
    {"get of an item just added", add, get_x, HF_OK, true},
    {"the same, undurable asked for", add, get_x_undurable, HF_OK, false},
    {"list in which nothing new is", add, list_failed, HF_OK, true},
    {"stats", add, stats, HF_OK, true},
    {"enqueue of a live id", add, add_again, HF_OK, true},
    {"a version that differs", add, expect_absent, HF_ECONFLICT, true},
    {"get of an item just claimed", claim_queued, get_queued, HF_OK, true},
    {"claim of an item just claimed", claim_queued, claim_again, HF_ECLAIMED, true},
    {"claim_next where all is claimed", claim_queued, claim_next_nothing, HF_OK, true},
    {"get of an item just removed", take_queued, get_queued, HF_ENOTFOUND, true},
    {"claim of an item just removed", take_queued, claim_again, HF_ENOTFOUND, true},
    {"claim_next where all is removed", take_queued, claim_next_nothing, HF_OK, true},
    {"remove of an item just removed", take_queued, remove_again, HF_ENOTFOUND, true},
    {"guard that holds by a removal", take_queued, guard, HF_OK, true},
    {"clear of a queue just cleared", clear, clear_again, HF_OK, true},
    {"retry of an item just given back", give_back, retry_held, HF_OK, true},
    {"complete of an item just given back", give_back, complete_held, HF_ESTALE, true},
    {"guard_claim on an item just given back", give_back, guard_claim, HF_ESTALE, true},
    {"guard_claim on an item just extended", extend_held, guard_claim, HF_OK, true},
    {"extend to where it is", extend_held, extend_again, HF_OK, true},
    {"configure to what it is", configure, configure_again, HF_OK, true},
    {"enqueue RERUN of what is noted just so", note_rerun, note_again, HF_OK, true},
    {"claim beside another of the group", claim_of_group, claim_blocked, HF_EBLOCKED, true},
    {"pause of a queue just paused", pause_it, pause_again, HF_OK, true},
    {"claim_next of a queue just paused", pause_it, claim_next_nothing, HF_OK, true},
    {"redrive of what was just redriven", redrive, redrive_again, HF_OK, true},
    {"enqueue of an id just completed", complete_g1, enqueue_completed, HF_OK, true},
    {"enqueue of an id just put as completed", put_completed, enqueue_put_completed, HF_OK, true},
    {"put_completed once more", put_completed, put_completed_again, HF_OK, true},
    {"completed", put_completed, list_completed, HF_OK, true},
    {"completed beside another queue's change", add_elsewhere, list_completed, HF_OK, false},
    /* Not waited for: what the answer has nothing to do with. */
    {"get beside another queue's change", add_elsewhere, get_queued, HF_OK, false},
    {"a miss beside another queue's change", add_elsewhere, get_x, HF_ENOTFOUND, false},
    {"stats beside another queue's change", add_elsewhere, stats, HF_OK, false},
    {"get of another item of the queue", add, get_queued, HF_OK, false},
};

static hf_lsn durable_lsn(hf_store *store)
{
	struct hf_info info;
	assert_int_equal(hf_get_info(store, &info, NULL), HF_OK);
	return info.durable_lsn;
}

/* Two of a group, which are delayed; one that failed; and one held in a queue with a window. */
static void arrange_rest(struct scene *s)
{
	static const struct hf_outbox_input items[] = {
	    {.id = {"g1", 2}, .group = {"g", 1}, .available_at = INT64_MAX},
	    {.id = {"g2", 2}, .group = {"g", 1}, .available_at = INT64_MAX},
	    {.id = {"failed", 6}, .available_at = INT64_MAX}};
	const struct hf_outbox_enqueue_many_args many = {.queue = queue(), .items = items, .count = 3};
	const struct hf_outbox_configure_args window = {.queue = hf_str("window"),
	                                                .dedup_window_us = LEASE};
	const struct hf_outbox_enqueue_args held = {.queue = hf_str("window"), .id = hf_str("w1")};
	const struct hf_outbox_claim_args claim = {
	    .queue = hf_str("window"), .id = hf_str("w1"), .owner = hf_str("w")};
	struct hf_result result;
	assert_int_equal(hf_outbox_enqueue_many(s->store, NULL, &many, NULL, NULL), HF_OK);
	ob_mark_failed(s->store, "failed");
	assert_int_equal(hf_outbox_configure(s->store, NULL, &window, NULL, NULL), HF_OK);
	assert_int_equal(hf_outbox_enqueue(s->store, NULL, &held, NULL, NULL), HF_OK);
	assert_int_equal(hf_outbox_claim(s->store, NULL, &claim, NULL, &result, NULL), HF_OK);
	s->window_token = result.token;
}

static void run_row(const struct row *row)
{
	struct scene scene = {.stage = stage_open(SETTING_LIVE)};
	struct hf__ticket ticket;
	hf_txn *txn;
	scene.store = scene.stage->store;
	ob_enqueue(scene.store, "held", "p", 0, 0);
	scene.token = ob_claim(scene.store, "held", LEASE);
	ob_enqueue(scene.store, "queued", "p", 0, 0);
	arrange_rest(&scene);
	assert_int_equal(hf_txn_begin(scene.store, &txn, NULL), HF_OK);
	assert_int_equal(row->change(&scene, txn), HF_OK);
	assert_int_equal(hf__submit(scene.store, txn, HF_DURABLE, &ticket, NULL), HF_OK);
	assert_true(ticket.due > 0 && durable_lsn(scene.store) < ticket.due);
	const int rc = row->answer(&scene);
	if (rc != row->code)
		fail_msg("%s: %s", row->name, hf_code_name(rc));
	if ((durable_lsn(scene.store) >= ticket.due) != row->waits)
		fail_msg("%s: %s", row->name, row->waits ? "did not wait" : "waited");
	/* It would have been waited for in any case had the answer written anything. */
	assert_int_equal(hf_sync(scene.store, NULL), HF_OK);
	if (durable_lsn(scene.store) != ticket.due)
		fail_msg("%s: it wrote something", row->name);
	stage_close(scene.stage);
}

static void answers_wait_for_what_they_depend_on(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		run_row(&rows[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(answers_wait_for_what_they_depend_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
