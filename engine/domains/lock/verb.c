/* What the lock mutations have in common. See lock/verb.h. */
#include "domains/common/verb.h"
#include "domains/lock/verb.h"

/* --- Form ------------------------------------------------------------------------------------- */

/* --- Looking ---------------------------------------------------------------------------------- */

int hf__lock_look(const struct hf__lock_state *state, struct hf__decision *d,
                  const struct hf_write *write, struct hf_bytes name, const struct hf__lock **out)
{
	const struct hf__lock *lock = hf__lock_find(state, name);
	hf__depends(d, hf__lock_depends(state, lock, name));
	*out = hf__lock_held(lock, d->mono) ? lock : NULL;
	const int rc = hf__expect(d, write->expect, *out ? (*out)->value.version : 0);
	if (rc != HF_OK) {
		hf__text_add(&d->why, ": ");
		hf__text_add_quoted(&d->why, name);
	}
	return rc;
}

const char *hf__lock_stale(const struct hf__lock *lock, hf_token token)
{
	if (!lock)
		return "no owner holds the lock any more";
	return lock->value.token == token ? NULL : "another token holds the lock";
}

int hf__lock_require(const struct hf__lock_state *state, struct hf__decision *d,
                     const struct hf_write *write, struct hf_bytes name, hf_token token,
                     const struct hf__lock **out)
{
	const int rc = hf__lock_look(state, d, write, name, out);
	const char *stale = hf__lock_stale(*out, token);
	if (rc != HF_OK || !stale)
		return rc;
	return hf__refuse_named(&d->why, HF_ESTALE, name, "%s", stale);
}

/* --- Turns ------------------------------------------------------------------------------------ */

bool hf__lock_is_my_turn(const struct hf__lock_state *state, const struct hf__decision *d,
                         struct hf_bytes name)
{
	return !hf__lock_running_find(state, name) &&
	       !hf__wait_behind(d, hf__lock_wait_key(state, name));
}

/* of the lock's name and of its owner, so that the time behind them is never cut off */
enum { HALF_SHOWN = 60 };

static void add_holder(struct hf__text *why, const struct hf__lock *lock, int64_t mono)
{
	hf__text_add(why, "held by ");
	hf__text_add_quoted_within(why, hf__blob_bytes(lock->value.owner), HALF_SHOWN);
	if (lock->value.lease_until == HF_UNSET) {
		hf__text_add(why, " without a lease");
		return;
	}
	const uint64_t ms = ((uint64_t)lock->value.lease_until - (uint64_t)mono) / 1000;
	hf__text_add(why, " for another %llu.%03llu s", (unsigned long long)(ms / 1000),
	             (unsigned long long)(ms % 1000));
}

int hf__lock_refuse_held(const struct hf__lock_state *state, struct hf__decision *d,
                         struct hf_bytes name, const struct hf__lock *lock)
{
	hf__text_add_quoted_within(&d->why, name, HALF_SHOWN);
	hf__text_add(&d->why, " is ");
	if (lock)
		add_holder(&d->why, lock, d->mono);
	else
		hf__text_add(&d->why, hf__lock_running_find(state, name) ? "in use in this process"
		                                                         : "waited for by others");
	hf__wait_on(d, hf__lock_wait_key(state, name),
	            lock ? hf__to_shown(hf__lock_ends(lock), d->setback) : INT64_MAX);
	return HF_EHELD;
}

int hf__lock_timed_out(int rc, int64_t wait_us, struct hf_error *error)
{
	if (rc != HF_EHELD || wait_us == 0)
		return rc;
	if (error)
		error->code = HF_ETIMEDOUT;
	return HF_ETIMEDOUT;
}

/* --- Writing ---------------------------------------------------------------------------------- */

int hf__lock_emit(struct hf__decision *d, enum hf__lock_kind kind,
                  const struct hf__lock_image *image, struct hf_result *result)
{
	hf__changed(result, kind == HF__LOCK_FREE ? 0 : hf__next_lsn(d));
	result->token = kind == HF__LOCK_FREE ? 0 : image->token;
	hf__lock_encode(hf__entry_body(d), kind, image);
	return hf__emit(d, (uint8_t)kind);
}
