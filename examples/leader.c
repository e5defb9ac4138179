/* A leader by fenced lock: of several workers one leads, the others wait to take over; one thread
 * serves them all. Only the leader may write the plan.
 *
 * A leader can stall (a page fault, a suspended machine, a long pause) and wake up after its
 * lease, sure that it still leads. Looking at the clock before writing does not help, since it
 * can stall after looking. So every write carries the lock's token as a guard in the same
 * transaction: the engine refuses it from the very instant at which the lease is over. */
#include "example.h"

#define LEADER hf_str("planner")

struct worker {
	hf_store *store;
	const char *name;
	hf_token token;
};

/* Waits to become the leader, in the order of arrival. It answers at once; the thread goes on. */
static hf_wait *stand_in_line(const struct worker *worker)
{
	const struct hf_lock_acquire_args acquire = {
	    .name = LEADER, .owner = hf_str(worker->name), .lease_us = SECONDS(3600), .wait_us = -1};
	struct hf_error error;
	hf_wait *wait;

	must(hf_lock_acquire_start(worker->store, &acquire, &wait, &error), &error);
	return wait;
}

/* Leads as soon as it is its turn. (A loop would be told of that: event_loop.c.) */
static void lead(struct worker *worker, hf_wait *wait)
{
	struct hf_result result = {0};
	struct hf_error error;

	must(hf_wait_block(wait, -1, &error), &error);
	must(hf_lock_acquire_take(wait, &result, &error), &error);
	hf_wait_free(wait);
	worker->token = result.token;
	printf("   %s leads\n", worker->name);
}

/* Writes the plan, if this worker still leads. */
static int write_plan(const struct worker *worker, const char *plan, struct hf_error *error)
{
	const struct hf_lock_guard_held_args guard = {.name = LEADER, .token = worker->token};
	const struct hf_document_put_args put = {.key = {hf_str("plans"), hf_str("today")},
	                                         .payload = hf_str(plan)};
	hf_txn *txn;

	must(hf_txn_begin(worker->store, &txn, error), error);
	must(hf_lock_guard_held(worker->store, txn, &guard, NULL, error), error);
	must(hf_document_put(worker->store, txn, &put, NULL, error), error);
	return hf_txn_commit(txn, HF_DURABLE, error);
}

static bool plan_is(hf_store *store, const char *plan)
{
	const struct hf_document_key key = {hf_str("plans"), hf_str("today")};
	struct hf_document_got got = {0};
	struct hf_error error;

	must(hf_document_get(store, &key, 0, &got, &error), &error);
	const bool so = equal(got.document.payload, hf_str(plan));
	hf_release(got.memory);
	return so;
}

/* One after the other in one process; the second leader's lease is longer than the process
 * lives. */
static void first_life(hf_store *store)
{
	struct worker ada = {.store = store, .name = "ada"}, bob = {.store = store, .name = "bob"};
	struct hf_error error;

	lead(&ada, stand_in_line(&ada));
	hf_wait *next = stand_in_line(&bob);
	must(write_plan(&ada, "plan of ada", &error), &error);
	/* Her last heartbeat, for a tenth of a second; then ada stalls, until long after. */
	const struct hf_lock_renew_args heartbeat = {
	    .name = LEADER, .token = ada.token, .lease_us = MILLISECONDS(100)};
	must(hf_lock_renew(store, NULL, &heartbeat, NULL, &error), &error);
	lead(&bob, next);
	must(write_plan(&bob, "plan of bob", &error), &error);
	const int rc = write_plan(&ada, "late plan of ada", &error);
	check(rc == HF_ESTALE && error.operation == 0, "who was fenced off is refused, by the guard");
	check(bob.token > ada.token, "tokens grow from leader to leader");
	check(plan_is(store, "plan of bob"), "and its write left nothing behind");
}

int main(void)
{
	struct hf_error error;

	run_and_kill(first_life);

	hf_store *store = open_store();
	struct worker eve = {.store = store, .name = "eve"};
	const struct hf_lock_acquire_args at_once = {.name = LEADER, .owner = hf_str("eve")};
	const struct hf_lock_force_release_args force = {.name = LEADER,
	                                                 .reason = hf_str("bob's machine burned down")};
	struct hf_lock_got got = {0};

	must(hf_lock_get(store, LEADER, 0, &got, &error), &error);
	check(equal(got.lock.owner, hf_str("bob")),
	      "a lease outlives the process: bob, wherever he is, may still believe in it");
	const struct worker bob = {.store = store, .name = "bob", .token = got.lock.token};
	hf_release(got.memory);
	check(hf_lock_acquire(store, NULL, &at_once, NULL, &error) == HF_EHELD,
	      "so nobody else gets the lock");
	printf("   %s\n", error.text);

	must(hf_lock_force_release(store, NULL, &force, NULL, &error), &error);
	lead(&eve, stand_in_line(&eve));
	must(write_plan(&eve, "plan of eve", &error), &error);
	check(write_plan(&bob, "late plan of bob", &error) == HF_ESTALE,
	      "a person who knows more can end it; then bob is fenced off too");
	check(plan_is(store, "plan of eve"), "the plan is the leader's");

	const struct hf_lock_release_args release = {.name = LEADER, .token = eve.token};
	must(hf_lock_release(store, NULL, &release, NULL, &error), &error);
	close_store(store);
	return 0;
}
