/* An audited job: a payout goes through several steps. What it is now (a document), how it came
 * to be so (a timeline), and who may work on it (a claim) change in one transaction, so the
 * audit trail is complete and has no line about anything that did not happen.
 *
 * A worker that dies between two steps leaves a job that stands at a step; the next worker goes
 * on from there. A worker that was thought dead and is not finds its claim gone, and can neither
 * move the job nor write into its trail. */
#include "example.h"

#define JOB hf_str("payout-17")
#define TRAIL hf_str("audit:payout-17")

static const char *const steps[] = {"submitted", "checked", "paid", "reported"};
enum { STEPS = sizeof steps / sizeof *steps };

struct work {
	const char *worker;
	hf_token claim;
};

/* The job's status is the group of its document, so all jobs that are "checked" can be listed
 * and counted. */
static const struct hf_document_key job_key = {.collection = {"jobs", 4}, .id = {"payout-17", 9}};

/* A line of the trail. */
static void add_line(hf_store *store, hf_txn *txn, int step, const char *who)
{
	char id[16];
	struct hf_error error;

	snprintf(id, sizeof id, "%04d", step);
	const struct hf_timeline_append_args line = {
	    .key = {TRAIL, hf_str(id)}, .type = hf_str(steps[step]), .subject = hf_str(who)};
	must(hf_timeline_append(store, txn, &line, NULL, &error), &error);
}

static void submit(hf_store *store)
{
	const struct hf_document_put_args job = {.write.expect = HF_ABSENT,
	                                         .key = job_key,
	                                         .group = hf_str(steps[0]),
	                                         .payload = hf_str("{\"to\":\"ada\",\"cents\":1999}")};
	const struct hf_outbox_enqueue_args to_do = {.queue = hf_str("payouts"), .id = JOB};
	struct hf_error error;
	hf_txn *txn;

	must(hf_txn_begin(store, &txn, &error), &error);
	must(hf_document_put(store, txn, &job, NULL, &error), &error);
	must(hf_outbox_enqueue(store, txn, &to_do, NULL, &error), &error);
	add_line(store, txn, 0, "clerk");
	must(hf_txn_commit(txn, HF_DURABLE, &error), &error);
}

/* One step on from where the job stands: status, trail and, with the last one, the end of the
 * work. */
static int advance(void *ctx, hf_store *store, hf_txn *txn, struct hf_error *error)
{
	const struct work *work = ctx;
	const struct hf_outbox_guard_claim_args mine = {
	    .queue = hf_str("payouts"), .id = JOB, .token = work->claim};
	const struct hf_outbox_complete_args done = {
	    .queue = hf_str("payouts"), .id = JOB, .token = work->claim};
	struct hf_document_got job = {0};
	int next = 1;

	must(hf_document_get(store, &job_key, 0, &job, error), error);
	while (!equal(job.document.group, hf_str(steps[next - 1])))
		next++;
	hf_release(job.memory);
	const struct hf_document_regroup_args move = {.key = job_key, .group = hf_str(steps[next])};
	must(hf_outbox_guard_claim(store, txn, &mine, NULL, error), error);
	must(hf_document_regroup(store, txn, &move, NULL, error), error);
	add_line(store, txn, next, work->worker);
	if (next == STEPS - 1)
		must(hf_outbox_complete(store, txn, &done, NULL, error), error);
	return HF_OK;
}

/* Claims the job, wherever it stands. */
static struct work take(hf_store *store, const char *worker)
{
	const struct hf_outbox_claim_next_args next = {
	    .queue = hf_str("payouts"), .owner = hf_str(worker), .lease_us = 0};
	struct work work = {.worker = worker};
	struct hf_outbox_items got = {0};
	struct hf_error error;

	must(hf_outbox_claim_next(store, NULL, &next, &got, NULL, &error), &error);
	check(got.count == 1 && equal(got.items[0].id, JOB), "there is a job to be done");
	work.claim = got.items[0].token;
	hf_release(got.memory);
	printf("   %s takes it\n", worker);
	return work;
}

/* Submits the job, takes it one step and dies. */
static void first_life(hf_store *store)
{
	struct hf_error error;

	submit(store);
	struct work ada = take(store, "ada");
	must(hf_transact(store, advance, &ada, 0, HF_DURABLE, &error), &error);
}

/* The whole trail, oldest first, must be exactly this. */
static void check_trail(hf_store *store, const char *wanted)
{
	const struct hf_timeline_query_args query = {.filter.timeline = TRAIL, .ascending = true};
	struct hf_timeline_page page = {0};
	struct hf_error error;
	char trail[200] = "";
	size_t used = 0;

	must(hf_timeline_query(store, &query, 0, &page, &error), &error);
	for (size_t i = 0; i < page.count; i++)
		used += (size_t)snprintf(trail + used, sizeof trail - used, "%.*s by %.*s; ",
		                         TEXT(page.items[i].type), TEXT(page.items[i].subject));
	hf_release(page.memory);
	check(strcmp(trail, wanted) == 0, trail);
}

int main(void)
{
	const struct hf_outbox_retry_args take_away = {.queue = hf_str("payouts"), .id = JOB};
	const struct hf_document_count_args reported = {.collection = hf_str("jobs"),
	                                                .group = hf_str("reported")};
	struct hf_document_counts counted = {0};
	struct hf_outbox_stats stats = {0};
	struct hf_error error;

	run_and_kill(first_life);
	hf_store *store = open_store();
	struct work bob = take(store, "bob");
	check_trail(store, "submitted by clerk; checked by ada; ");

	/* bob is not heard of; an operator who thinks him dead takes the job away from him. */
	must(hf_outbox_retry(store, NULL, &take_away, NULL, &error), &error);
	struct work eve = take(store, "eve");
	check(hf_transact(store, advance, &bob, 0, HF_DURABLE, &error) == HF_ESTALE,
	      "bob, back from wherever he was, moves nothing");
	must(hf_transact(store, advance, &eve, 0, HF_DURABLE, &error), &error);
	must(hf_transact(store, advance, &eve, 0, HF_DURABLE, &error), &error);
	check_trail(store, "submitted by clerk; checked by ada; paid by eve; reported by eve; ");

	must(hf_document_count(store, &reported, 0, &counted, &error), &error);
	must(hf_outbox_get_stats(store, hf_str("payouts"), 0, &stats, &error), &error);
	check(counted.documents == 1 && stats.queued.items + stats.sending.items == 0,
	      "the job is reported, and nothing is left to be done");
	close_store(store);
	return 0;
}
