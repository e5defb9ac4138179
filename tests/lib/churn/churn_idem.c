/* Random operations on idempotency keys and migrations: see churn_ops.h. Few scopes and keys, so
 * that everything happens to everything. */
#include "lib/churn/churn_ops.h"
#include "lib/test.h"

enum { NAME = 8, SCOPES = 3, KEYS = 12, MIGRATIONS = 30 };

/* Bytes that live until the step ends. */
static uint8_t *room(struct churn *c, size_t len)
{
	assert_true(len <= CHURN_BYTES - c->used);
	uint8_t *at = c->bytes + c->used;
	c->used += len;
	return at;
}

static struct hf_bytes name(struct churn *c, const char *prefix, unsigned count)
{
	char *text = (char *)room(c, NAME);
	(void)snprintf(text, NAME, "%s%u", prefix, (unsigned)churn_below(c, count));
	return hf_str(text);
}

static struct hf_bytes response(struct churn *c)
{
	const size_t len = churn_percent(c, c->big_percent)
	                       ? 300 + (size_t)churn_below(c, c->big_max - 300 + 1)
	                       : (size_t)churn_below(c, 90);
	uint8_t *at = room(c, len);
	hf_rng_fill(&c->rng, at, len);
	return hf_bytes_of(at, len);
}

static struct hf_write write_many(struct churn *c)
{
	return (struct hf_write){.durability = churn_percent(c, 20) ? HF_OS : HF_DURABLE};
}

static struct hf_write write_one(struct churn *c)
{
	struct hf_write write = write_many(c);
	if (churn_percent(c, 4))
		write.expect = churn_percent(c, 50) ? HF_ABSENT : 1 + churn_below(c, 50);
	return write;
}

static struct hf_idempotency_key any_key(struct churn *c)
{
	return (struct hf_idempotency_key){.scope = name(c, "sc", SCOPES), .key = name(c, "k", KEYS)};
}

static struct hf_bytes fingerprint(struct churn *c)
{
	return churn_percent(c, 20) ? hf_str("") : name(c, "f", 2);
}

/* Seconds, up to some minutes; half of the time none. */
static int64_t span(struct churn *c)
{
	return churn_percent(c, 50) ? 0 : 1000000 + (int64_t)churn_below(c, 200) * 1000000;
}

/* --- Work done once --------------------------------------------------------------------------- */

static int begin(struct churn *c, hf_store *store, hf_txn *txn)
{
	struct churn_idem *idem = &c->idem;
	const struct hf_idempotency_begin_args args = {.write = write_one(c),
	                                               .key = any_key(c),
	                                               .fingerprint = fingerprint(c),
	                                               .lease_us = span(c),
	                                               .ttl_us = span(c)};
	assert_true(idem->begun_count < CHURN_BEGUN);
	memcpy(idem->begun[idem->begun_count][0], args.key.scope.data, NAME);
	memcpy(idem->begun[idem->begun_count][1], args.key.key.data, NAME);
	return hf_idempotency_begin(store, txn, &args, &idem->outs[idem->begun_count++], NULL, NULL);
}

void churn_idem_take(struct churn *c, bool committed)
{
	struct churn_idem *idem = &c->idem;
	for (size_t i = 0; i < idem->begun_count; i++) {
		if (committed && idem->outs[i].outcome == HF_IDEMPOTENCY_NEW) {
			const size_t at =
			    idem->count < CHURN_KEYS ? idem->count++ : (size_t)churn_below(c, CHURN_KEYS);
			memcpy(idem->keys[at], idem->begun[i], sizeof idem->keys[at]);
			idem->tokens[at] = idem->outs[i].token;
		}
		hf_release(idem->outs[i].memory);
		idem->outs[i] = (struct hf_idempotency_begun){.memory = NULL};
	}
	idem->begun_count = 0;
}

/* With a token that was granted once, or with none at all. */
static int finish(struct churn *c, hf_store *store, hf_txn *txn)
{
	const struct churn_idem *idem = &c->idem;
	const size_t at = idem->count ? (size_t)churn_below(c, idem->count) : 0;
	const hf_token token = idem->count ? idem->tokens[at] : 1;
	const struct hf_idempotency_key key = {hf_str(idem->count ? idem->keys[at][0] : "sc0"),
	                                       hf_str(idem->count ? idem->keys[at][1] : "k0")};
	const struct hf_idempotency_complete_args complete = {.write = write_one(c),
	                                                      .key = key,
	                                                      .token = token,
	                                                      .status =
	                                                          (int32_t)churn_below(c, 600) - 1,
	                                                      .response = response(c),
	                                                      .ttl_us = span(c)};
	const struct hf_idempotency_abandon_args abandon = {
	    .write = write_one(c), .key = key, .token = token};
	return churn_percent(c, 75) ? hf_idempotency_complete(store, txn, &complete, NULL, NULL)
	                            : hf_idempotency_abandon(store, txn, &abandon, NULL, NULL);
}

/* --- The raw store ---------------------------------------------------------------------------- */

static hf_time any_expiry(struct churn *c)
{
	switch (churn_below(c, 3)) {
	case 0:
		return 0;
	case 1:
		return HF_UNSET;
	default:
		/* before and after the test's now */
		return INT64_C(1795167000000000) + (int64_t)churn_below(c, 800) * 1000000;
	}
}

static int raw(struct churn *c, hf_store *store, hf_txn *txn)
{
	const struct hf_idempotency_put_args put = {
	    .write = write_one(c),
	    .key = any_key(c),
	    .fingerprint = fingerprint(c),
	    .status = (int32_t)churn_below(c, 3),
	    .response = response(c),
	    .created_at = churn_percent(c, 50) ? 0 : INT64_C(1700000000000000),
	    .expires_at = any_expiry(c)};
	const struct hf_idempotency_remove_args gone = {.write = write_one(c), .key = put.key};
	const struct hf_idempotency_clear_args clear = {.write = write_many(c), .scope = put.key.scope};
	switch (churn_below(c, 10)) {
	case 0:
		return hf_idempotency_clear(store, txn, &clear, NULL, NULL);
	case 1:
	case 2:
	case 3:
		return hf_idempotency_remove(store, txn, &gone, NULL, NULL);
	default:
		return hf_idempotency_put(store, txn, &put, NULL, NULL);
	}
}

int churn_idem(struct churn *c, hf_store *store, hf_txn *txn)
{
	const uint64_t which = churn_below(c, 6);
	return which < 3   ? begin(c, store, txn)
	       : which < 5 ? finish(c, store, txn)
	                   : raw(c, store, txn);
}

/* --- Migrations ------------------------------------------------------------------------------- */

int churn_migration(struct churn *c, hf_store *store, hf_txn *txn)
{
	const struct hf_migration_record_args record = {
	    .write = write_one(c),
	    .name = name(c, "mig", MIGRATIONS),
	    .applied_at = churn_percent(c, 50) ? 0 : INT64_C(1700000000000000)};
	const struct hf_migration_forget_args forget = {.write = write_one(c), .name = record.name};
	return churn_percent(c, 70) ? hf_migration_record(store, txn, &record, NULL, NULL)
	                            : hf_migration_forget(store, txn, &forget, NULL, NULL);
}
