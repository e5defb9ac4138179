/* Operations on locks for the crash tests: see crash_script.h. */
#include <stdio.h>

#include "lib/crash/work/crash_verbs.h"

int verb_lock_change(const struct call *c, const struct names *n)
{
	char text[16];
	(void)snprintf(text, sizeof text, "w%u", c->op->size);
	const struct hf_bytes name = n->part[0], owner = hf_str(text);
	const struct hf_lock_acquire_args acquire = {
	    .write = verb_write(c), .name = name, .owner = owner, .lease_us = c->op->number};
	const struct hf_lock_put_args put = {.write = verb_write(c),
	                                     .name = name,
	                                     .owner = owner,
	                                     .acquired_at = 5,
	                                     .lease_until = SCRIPT_NOW + c->op->number};
	const struct hf_lock_renew_args renew = {
	    .write = verb_write(c), .name = name, .token = c->token, .lease_us = c->op->number};
	const struct hf_lock_release_args release = {
	    .write = verb_write(c), .name = name, .token = c->token};
	const struct hf_lock_force_release_args force = {
	    .write = verb_write(c), .name = name, .reason = verb_bytes(n->cstr[0], c->op->size)};
	const struct hf_lock_guard_args guard = {.write = verb_write(c), .name = name};
	const struct hf_lock_guard_held_args held = {
	    .write = verb_write(c), .name = name, .token = c->token};
	switch (c->op->verb) {
	case LOCK_ACQUIRE:
		return hf_lock_acquire(c->store, c->txn, &acquire, c->result, c->error);
	case LOCK_PUT:
		return hf_lock_put(c->store, c->txn, &put, c->result, c->error);
	case LOCK_RENEW:
		return hf_lock_renew(c->store, c->txn, &renew, c->result, c->error);
	case LOCK_RELEASE:
		return hf_lock_release(c->store, c->txn, &release, c->result, c->error);
	case LOCK_FORCE_RELEASE:
		return hf_lock_force_release(c->store, c->txn, &force, c->result, c->error);
	case LOCK_GUARD:
		return hf_lock_guard(c->store, c->txn, &guard, c->result, c->error);
	default:
		return hf_lock_guard_held(c->store, c->txn, &held, c->result, c->error);
	}
}

static void tell_that_it_ran(void *told)
{
	hf__put_u8(&((struct tale *)told)->bytes, 1);
}

int verb_lock_with(const struct call *c, const struct names *n)
{
	const struct hf_lock_with_args args = {.name = n->part[0]};
	return hf_lock_with(c->store, &args, tell_that_it_ran, c->told, c->error);
}

static void tell_lock(struct tale *told, const struct hf_lock *lock)
{
	hf__put_short(&told->bytes, lock->name);
	hf__put_short(&told->bytes, lock->owner);
	hf__put_i64(&told->bytes, lock->acquired_at);
	hf__put_i64(&told->bytes, lock->lease_until);
	verb_tell_token(told, lock->token);
	verb_tell_version(told, lock->version);
}

int verb_lock_get(const struct call *c, const struct names *n)
{
	const struct hf_lock_check_args check = {n->part[0], c->token};
	struct hf_lock_got got;
	if (c->op->verb == LOCK_CHECK)
		return hf_lock_check(c->store, &check, c->flags, c->error);
	const int rc = hf_lock_get(c->store, n->part[0], c->flags, &got, c->error);
	if (rc == HF_OK)
		tell_lock(c->told, &got.lock);
	hf_release(got.memory);
	return rc;
}

int verb_lock_list(const struct call *c, const struct names *n)
{
	struct hf_lock_page page;
	(void)n;
	const int rc = hf_lock_list(c->store, NULL, c->flags, &page, c->error);
	for (size_t i = 0; i < page.count; i++)
		tell_lock(c->told, &page.items[i]);
	hf_release(page.memory);
	return rc;
}
