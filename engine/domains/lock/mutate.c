/* What can be done to a lock. Each mutation looks at the one lock it names, decides which owner
 * holds it afterwards, and writes that as one entry; what it looked at is what its answer waits
 * for, refusals and "nothing to do" included. */
#include <stddef.h>

#include "domains/common/verb.h"
#include "domains/lock/verb.h"
#include "store/wait/startable.h"

/* When a lease given now ends, saturating; HF_UNSET for none. */
static int64_t lease_end(int64_t now, int64_t lease_us)
{
	if (lease_us == 0)
		return HF_UNSET;
	return hf__time_after(now, lease_us);
}

/* --- Acquire ---------------------------------------------------------------------------------- */

/* Its owner may take a lock over past all waiters; a free one goes to the one that waits
 * longest. */
static bool may_have(const struct hf__lock_state *state, const struct hf__decision *d,
                     struct hf_bytes name, struct hf_bytes owner, const struct hf__lock *lock)
{
	return lock ? hf__bytes_equal(hf__blob_bytes(lock->value.owner), owner)
	            : hf__lock_is_my_turn(state, d, name);
}

static int acquire_decide(void *state, struct hf__decision *d, const void *raw,
                          struct hf_result *result)
{
	const struct hf_lock_acquire_args *args = raw;
	const struct hf__lock *lock;
	const int rc = hf__lock_look(state, d, &args->write, args->name, &lock);
	if (rc != HF_OK)
		return rc;
	if (!may_have(state, d, args->name, args->owner, lock))
		return hf__lock_refuse_held(state, d, args->name, lock);
	const struct hf__lock_image image = {
	    .cause = HF__LOCK_ACQUIRE,
	    .name = args->name,
	    .owner = args->owner,
	    .token = hf__token(d->epoch, hf__next_lsn(d)),
	    .acquired_at = d->stamp,
	    .lease_until = lease_end(d->now, args->lease_us),
	};
	return hf__lock_emit(d, HF__LOCK_HELD, &image, result);
}

static const struct hf__verb acquire = {.name = "lock acquire",
                                        .domain = HF__DOMAIN_LOCK,
                                        .decide = acquire_decide,
                                        .takes = &hf__api_lock_acquire_args,
                                        .grants = true,
                                        .giving = &hf__lock_giving};

int hf_lock_acquire(hf_store *store, hf_txn *txn, const struct hf_lock_acquire_args *args,
                    struct hf_result *result, struct hf_error *error)
{
	HF__CALL;
	HF__TAKE(lock_acquire_args, args);
	if (txn)
		return hf__run_at_once(store, txn, &acquire, args, args->wait_us, result, error);
	const int rc = hf__mutate_wait(store, &acquire, args, args->wait_us, result, NULL, error);
	return hf__lock_timed_out(rc, args->wait_us, error);
}

/* --- Without a thread -------------------------------------------------------------------------
 * Decided by the store for a wait, which keeps the grant until it is taken (store/wait/). */

/* `args` first: the verbs know that alone. */
struct acquire_started {
	struct hf_lock_acquire_args args;
	const struct hf_result *granted;
};

static void *started_copy(struct hf__arena *arena, const void *args, const struct hf_result *result)
{
	struct acquire_started *copy = hf__arena_alloc(arena, sizeof *copy);
	if (!copy)
		return NULL;
	copy->args = *(const struct hf_lock_acquire_args *)args;
	copy->granted = result;
	return hf__copy_borrowed(arena, &copy->args, &hf__api_lock_acquire_args) ? copy : NULL;
}

/* A lock that is not held by this token any more is left alone. */
static int back_decide(void *state, struct hf__decision *d, const void *raw,
                       struct hf_result *result)
{
	const struct acquire_started *started = raw;
	const struct hf__lock *lock = hf__lock_find(state, started->args.name);
	if (!hf__lock_held(lock, d->mono) || lock->value.token != started->granted->token)
		return HF_OK;
	const struct hf__lock_image image = hf__lock_image_of(lock, HF__LOCK_RELEASE, d->setback);
	return hf__lock_emit(d, HF__LOCK_FREE, &image, result);
}

static int started_late(const void *args, int rc, struct hf_error *error)
{
	const struct acquire_started *started = args;
	return hf__lock_timed_out(rc, started->args.wait_us, error);
}

static const struct hf__verb back = {
    .name = "lock acquire back", .domain = HF__DOMAIN_LOCK, .decide = back_decide};
static const struct hf__startable startable = {&acquire, &back, started_copy, NULL,
                                               NULL,     NULL,  started_late};

int hf_lock_acquire_start(hf_store *store, const struct hf_lock_acquire_args *args, hf_wait **out,
                          struct hf_error *error)
{
	HF__CALL;
	HF__TAKE(lock_acquire_args, args);
	return hf__wait_start(store, &startable, args, args->wait_us, out, error);
}

int hf_lock_acquire_take(hf_wait *wait, struct hf_result *result, struct hf_error *error)
{
	HF__CALL;
	void *args = NULL;
	struct hf_result mine = {0};
	bool taken = false;
	int rc = hf__can_give(&hf__api_result, result, error);
	if (rc != HF_OK)
		return rc;
	rc = hf__wait_take(wait, &startable, &args, &mine, &taken, error);
	hf__give_result(result, &mine);
	return rc;
}

/* --- Renew and release ------------------------------------------------------------------------ */

static int renew_decide(void *state, struct hf__decision *d, const void *raw,
                        struct hf_result *result)
{
	const struct hf_lock_renew_args *args = raw;
	const struct hf__lock *lock;
	const int rc = hf__lock_require(state, d, &args->write, args->name, args->token, &lock);
	if (rc != HF_OK)
		return rc;
	struct hf__lock_image image = hf__lock_image_of(lock, HF__LOCK_RENEW, d->setback);
	const int64_t before = image.lease_until;
	image.lease_until = lease_end(d->now, args->lease_us);
	result->token = args->token;
	result->version = lock->value.version;
	return image.lease_until == before ? HF_OK : hf__lock_emit(d, HF__LOCK_HELD, &image, result);
}

HF__MUTATION(hf_lock_renew, lock_renew_args, hf__run, "lock renew", HF__DOMAIN_LOCK,
             .decide = renew_decide, .token_at = offsetof(struct hf_lock_renew_args, token),
             .giving = &hf__lock_giving);

static int release_decide(void *state, struct hf__decision *d, const void *raw,
                          struct hf_result *result)
{
	const struct hf_lock_release_args *args = raw;
	const struct hf__lock *lock;
	const int rc = hf__lock_require(state, d, &args->write, args->name, args->token, &lock);
	if (rc != HF_OK)
		return rc;
	const struct hf__lock_image image = hf__lock_image_of(lock, HF__LOCK_RELEASE, d->setback);
	return hf__lock_emit(d, HF__LOCK_FREE, &image, result);
}

HF__MUTATION(hf_lock_release, lock_release_args, hf__run, "lock release", HF__DOMAIN_LOCK,
             .decide = release_decide, .token_at = offsetof(struct hf_lock_release_args, token),
             .giving = &hf__lock_giving);

/* --- From outside ----------------------------------------------------------------------------- */

static int force_check(const void *raw, struct hf__text *why)
{
	const struct hf_lock_force_release_args *args = raw;
	const int rc = hf__check_part("name", args->name, false, why);
	if (rc != HF_OK)
		return rc;
	if (hf__blank(args->reason))
		return hf__refuse(why, HF_EREASON, "a forced release needs a reason");
	return hf__check_bytes("reason", args->reason, HF_LOCK_REASON_MAX, why);
}

static int force_decide(void *state, struct hf__decision *d, const void *raw,
                        struct hf_result *result)
{
	const struct hf_lock_force_release_args *args = raw;
	const struct hf__lock *lock;
	const int rc = hf__lock_look(state, d, &args->write, args->name, &lock);
	if (rc != HF_OK || !lock)
		return rc;
	struct hf__lock_image image = hf__lock_image_of(lock, HF__LOCK_FORCE, d->setback);
	image.reason = args->reason;
	return hf__lock_emit(d, HF__LOCK_FREE, &image, result);
}

HF__MUTATION(hf_lock_force_release, lock_force_release_args, hf__run, "lock force_release",
             HF__DOMAIN_LOCK, .check = force_check, .decide = force_decide,
             .giving = &hf__lock_giving);

static int put_check(const void *raw, struct hf__text *why)
{
	const struct hf_lock_put_args *args = raw;
	const int rc = hf__check_part("name", args->name, false, why);
	if (rc != HF_OK)
		return rc;
	if (hf__given(&args->write, args->acquired_at) != HF_UNSET &&
	    hf__given(&args->write, args->lease_until) != HF_UNSET)
		return hf__check_part("owner", args->owner, false, why);
	return hf__refuse(why, HF_EINVAL, "acquired_at and lease_until must be times");
}

static bool is_like_that(const struct hf__lock *lock, const struct hf_lock_put_args *args,
                         int64_t setback)
{
	return lock && lock->value.acquired_at == args->acquired_at &&
	       hf__to_shown(lock->value.lease_until, setback) == args->lease_until;
}

static int put_decide(void *state, struct hf__decision *d, const void *raw,
                      struct hf_result *result)
{
	const struct hf_lock_put_args *args = raw;
	const struct hf__lock *lock;
	const int rc = hf__lock_look(state, d, &args->write, args->name, &lock);
	if (rc != HF_OK)
		return rc;
	result->version = lock ? lock->value.version : 0;
	if (args->lease_until <= d->now)
		return HF_OK;
	if (!may_have(state, d, args->name, args->owner, lock))
		return hf__lock_refuse_held(state, d, args->name, lock);
	if (is_like_that(lock, args, d->setback))
		return HF_OK;
	const struct hf__lock_image image = {
	    .cause = HF__LOCK_PUT,
	    .name = args->name,
	    .owner = args->owner,
	    .token = hf__token(d->epoch, hf__next_lsn(d)),
	    .acquired_at = args->acquired_at,
	    .lease_until = args->lease_until,
	};
	return hf__lock_emit(d, HF__LOCK_HELD, &image, result);
}

HF__MUTATION(hf_lock_put, lock_put_args, hf__run, "lock put", HF__DOMAIN_LOCK, .check = put_check,
             .decide = put_decide, .grants = true, .giving = &hf__lock_giving);

/* --- Guards ----------------------------------------------------------------------------------- */

static int guard_decide(void *state, struct hf__decision *d, const void *raw,
                        struct hf_result *result)
{
	const struct hf_lock_guard_args *args = raw;
	const struct hf__lock *lock;
	const int rc = hf__lock_look(state, d, &args->write, args->name, &lock);
	result->version = lock ? lock->value.version : 0;
	return rc;
}

HF__MUTATION(hf_lock_guard, lock_guard_args, hf__guard_version, "lock guard", HF__DOMAIN_LOCK,
             .decide = guard_decide, .giving = &hf__lock_giving);

static int guard_held_decide(void *state, struct hf__decision *d, const void *raw,
                             struct hf_result *result)
{
	const struct hf_lock_guard_held_args *args = raw;
	const struct hf__lock *lock;
	const int rc = hf__lock_require(state, d, &args->write, args->name, args->token, &lock);
	if (rc != HF_OK)
		return rc;
	result->version = lock->value.version;
	result->token = args->token;
	return HF_OK;
}

HF__MUTATION(hf_lock_guard_held, lock_guard_held_args, hf__guard_token, "lock guard_held",
             HF__DOMAIN_LOCK, .decide = guard_held_decide,
             .token_at = offsetof(struct hf_lock_guard_held_args, token),
             .giving = &hf__lock_giving);
