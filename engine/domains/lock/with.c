/* Locks inside one process: a callback that runs alone for a name, without a log write.
 *
 * Happy path: a mutation that emits nothing notes in the state that the name is in use, which no
 * grant and no other such call passes; then the callback runs, under no engine lock; then a read
 * that looks at nothing takes the note away and wakes the first waiter for the name. The note
 * is no part of what the log makes: it lies on the caller's stack, and a process that dies takes
 * it along.
 *
 * Failure modes: a caller that finds the lock held, or the name in use, waits or is refused as in
 * acquire. When the answer turns out uncertain, since a release it rests on could not be made
 * durable, the callback does not run and the note goes all the same: the read works on a store that
 * has failed, too. Closing the store sends the waiters away, and waits for a callback that runs. */
#include "domains/lock/verb.h"

struct with {
	size_t size; /* as all arguments begin */
	struct hf_write write;
	struct hf_lock_with_args args;
	struct hf__lock_running *running;
};

static int with_check(const void *raw, struct hf__text *why)
{
	const struct with *with = raw;
	return hf__check_part("name", with->args.name, false, why);
}

static int with_decide(void *state, struct hf__decision *d, const void *raw,
                       struct hf_result *result)
{
	const struct with *with = raw;
	const struct hf__lock *lock;
	(void)result;
	const int rc = hf__lock_look(state, d, &(struct hf_write){0}, with->args.name, &lock);
	if (rc != HF_OK)
		return rc;
	if (lock || !hf__lock_is_my_turn(state, d, with->args.name))
		return hf__lock_refuse_held(state, d, with->args.name, lock);
	return hf__lock_run_begins(state, with->running) ? HF_OK : HF_ENOMEM;
}

/* It never goes into a transaction. */
static void *with_copy(struct hf__arena *arena, const void *args)
{
	return hf__arena_copy(arena, args, sizeof(struct with));
}

static int end_run(struct hf__query *q, void *args)
{
	struct hf__lock_state *state = q->state;
	struct hf__lock_running *running = args;
	hf__lock_run_ends(state, running);
	hf__query_wake(q, hf__lock_wait_key(state, running->name));
	return HF_OK;
}

int hf_lock_with(hf_store *store, const struct hf_lock_with_args *args, hf_lock_fn fn, void *ctx,
                 struct hf_error *error)
{
	HF__CALL;
	static const struct hf__verb verb = {.name = "lock with",
	                                     .domain = HF__DOMAIN_LOCK,
	                                     .check = with_check,
	                                     .decide = with_decide,
	                                     .copy = with_copy};
	HF__TAKE(lock_with_args, args);
	struct hf__lock_running running = {.name = args->name};
	const struct with with = {.write.cancel = args->cancel, .args = *args, .running = &running};
	static const struct hf__asking ending = {.domain = HF__DOMAIN_LOCK, .read = end_run};
	struct hf__answer nothing;
	int rc = hf__took(&hf__api_lock_with_args, args, error);
	if (rc == HF_OK)
		rc = hf__call_begin(store, error);
	if (rc != HF_OK)
		return rc;
	rc = hf__mutate_wait(store, &verb, &with, args->wait_us, NULL, NULL, error);
	if (rc == HF_OK)
		fn(ctx);
	/* It fails only in a forked child, whose copy of the state is not used. */
	if (running.in &&
	    hf__read(store, &ending, &running, HF_READ_UNDURABLE, &nothing, NULL) == HF_OK)
		hf__answer_reset(&nothing);
	hf__call_end(store);
	return hf__lock_timed_out(rc, args->wait_us, error);
}
