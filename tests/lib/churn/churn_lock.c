/* Random operations on locks: see churn_ops.h. Few names and owners, so that locks are taken
 * over, taken away, renewed by the wrong one, and expire. */
#include "lib/churn/churn_ops.h"

#include <stdio.h>

enum { NAMES = 4, OWNERS = 3 };

/* Lives in the churn's memory until the step ends. */
static struct hf_bytes numbered(struct churn *c, const char *prefix, unsigned number)
{
	char *text = (char *)c->bytes + c->used;
	c->used += 8;
	(void)snprintf(text, 8, "%s%u", prefix, number);
	return hf_str(text);
}

static struct hf_write write_of(struct churn *c)
{
	struct hf_write write = {.durability = churn_percent(c, 20) ? HF_OS : HF_DURABLE};
	if (churn_percent(c, 4))
		write.expect = churn_percent(c, 50) ? HF_ABSENT : 1 + churn_below(c, 50);
	return write;
}

static int64_t lease(struct churn *c)
{
	return churn_percent(c, 40) ? 0 : 1 + (int64_t)churn_below(c, 20000000);
}

/* Where the token of a grant is to be found when the step is over. */
static struct hf_result *grant_of(struct churn *c, unsigned name)
{
	struct churn_locks *locks = &c->locks;
	if (locks->asked_count == CHURN_ASKED)
		return NULL;
	locks->asked[locks->asked_count] = name;
	return &locks->results[locks->asked_count++];
}

static int acquire(struct churn *c, hf_store *store, hf_txn *txn)
{
	const unsigned name = (unsigned)churn_below(c, NAMES);
	const struct hf_lock_acquire_args args = {
	    .write = write_of(c),
	    .name = numbered(c, "lock", name),
	    .owner = numbered(c, "w", (unsigned)churn_below(c, OWNERS)),
	    .lease_us = lease(c),
	};
	return hf_lock_acquire(store, txn, &args, grant_of(c, name), NULL);
}

static int put(struct churn *c, hf_store *store, hf_txn *txn)
{
	const unsigned name = (unsigned)churn_below(c, NAMES);
	const struct hf_lock_put_args args = {
	    .write = write_of(c),
	    .name = numbered(c, "lock", name),
	    .owner = numbered(c, "w", (unsigned)churn_below(c, OWNERS)),
	    .acquired_at = 5,
	    .lease_until = INT64_C(1795167000000000) + (int64_t)churn_below(c, 1000) * 1000000,
	};
	return hf_lock_put(store, txn, &args, grant_of(c, name), NULL);
}

static int force(struct churn *c, hf_store *store, hf_txn *txn)
{
	const struct hf_lock_force_release_args args = {
	    .write = write_of(c),
	    .name = numbered(c, "lock", (unsigned)churn_below(c, NAMES)),
	    .reason = hf_str("the holder hangs")};
	return hf_lock_force_release(store, txn, &args, NULL, NULL);
}

/* With a token that was granted once, or one that never was. */
static int hold(struct churn *c, hf_store *store, hf_txn *txn)
{
	const struct churn_locks *locks = &c->locks;
	const size_t which = locks->count > 0 ? (size_t)churn_below(c, locks->count) : 0;
	const hf_token token = locks->count > 0 ? locks->tokens[which] : 1;
	const struct hf_bytes name = numbered(c, "lock", locks->names[which]);
	const struct hf_lock_renew_args renew = {
	    .write = write_of(c), .name = name, .token = token, .lease_us = lease(c)};
	const struct hf_lock_release_args release = {
	    .write = write_of(c), .name = name, .token = token};
	return churn_percent(c, 60) ? hf_lock_renew(store, txn, &renew, NULL, NULL)
	                            : hf_lock_release(store, txn, &release, NULL, NULL);
}

int churn_lock(struct churn *c, hf_store *store, hf_txn *txn)
{
	const uint64_t draw = churn_below(c, 100);
	return draw < 45   ? acquire(c, store, txn)
	       : draw < 85 ? hold(c, store, txn)
	       : draw < 93 ? force(c, store, txn)
	                   : put(c, store, txn);
}

void churn_lock_take(struct churn *c, bool committed)
{
	struct churn_locks *locks = &c->locks;
	for (size_t i = 0; i < locks->asked_count; i++) {
		if (committed && locks->results[i].token != 0) {
			const size_t at =
			    locks->count < CHURN_GRANTS ? locks->count++ : (size_t)churn_below(c, CHURN_GRANTS);
			locks->names[at] = locks->asked[i];
			locks->tokens[at] = locks->results[i].token;
		}
		locks->results[i] = (struct hf_result){0};
	}
	locks->asked_count = 0;
}

/* Often by nothing: it is seldom ahead of the wall clock. */
int churn_clock(struct churn *c, hf_store *store, hf_txn *txn)
{
	const struct hf_clock_set_back_args args = {
	    .reason = hf_str("it was wrong"),
	    .by_us = churn_percent(c, 20) ? 0 : 1 + (int64_t)churn_below(c, 10000000)};
	return hf_clock_set_back(store, txn, &args, NULL, NULL);
}
