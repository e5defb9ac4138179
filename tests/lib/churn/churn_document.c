/* Random operations on documents: see churn_ops.h. */
#include "lib/churn/churn_ops.h"
#include "lib/test.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

/* --- Draws ------------------------------------------------------------------------------------ */

static struct hf_bytes one_of(struct churn *c, const char *const *names, size_t count)
{
	return hf_str(names[churn_below(c, count)]);
}

/* Few ids in the first collection, so that each lives through much; the second is often empty,
 * so that its orders change. */
static struct hf_document_key key(struct churn *c)
{
	static const char *const ids[] = {"d0", "d1", "d2", "d3", "d4", "d5", "d6", "d7"};
	const bool busy = churn_percent(c, 75);
	return (struct hf_document_key){hf_str(busy ? "col0" : "col1"),
	                                one_of(c, ids, busy ? COUNT_OF(ids) : 2)};
}

static struct hf_bytes group(struct churn *c)
{
	static const char *const groups[] = {"", "open", "shut"};
	return one_of(c, groups, COUNT_OF(groups));
}

static hf_time time_or_none(struct churn *c)
{
	return churn_percent(c, 70)
	           ? 0
	           : INT64_C(1700000000000000) + (int64_t)churn_below(c, 1000) * 1000000;
}

static struct hf_bytes payload(struct churn *c)
{
	const size_t len = churn_percent(c, c->big_percent)
	                       ? 300 + (size_t)churn_below(c, c->big_max - 300 + 1)
	                       : (size_t)churn_below(c, 90);
	uint8_t *at = c->bytes + c->used;
	assert_true(len <= CHURN_BYTES - c->used);
	c->used += len;
	hf_rng_fill(&c->rng, at, len);
	return hf_bytes_of(at, len);
}

static struct hf_write write_of(struct churn *c)
{
	struct hf_write write = {.durability = churn_percent(c, 20) ? HF_OS : HF_DURABLE};
	if (churn_percent(c, 4))
		write.expect = churn_percent(c, 50) ? HF_ABSENT : 1 + churn_below(c, 50);
	return write;
}

/* --- Operations ------------------------------------------------------------------------------- */

static int document_put(struct churn *c, hf_store *store, hf_txn *txn)
{
	const struct hf_document_put_args args = {
	    .write = write_of(c),
	    .key = key(c),
	    .payload = payload(c),
	    .group = group(c),
	    .created_at = time_or_none(c),
	    .ttl_us = churn_percent(c, 50) ? 1 + (int64_t)churn_below(c, 40000000) : 0,
	    .orders = churn_percent(c, 10) ? 1 + (unsigned)churn_below(c, 15) : 0,
	    .now = time_or_none(c),
	};
	return hf_document_put(store, txn, &args, NULL, NULL);
}

static int document_regroup(struct churn *c, hf_store *store, hf_txn *txn)
{
	const struct hf_document_regroup_args args = {
	    .write = write_of(c), .key = key(c), .group = group(c), .now = time_or_none(c)};
	return hf_document_regroup(store, txn, &args, NULL, NULL);
}

static int document_remove(struct churn *c, hf_store *store, hf_txn *txn)
{
	const struct hf_document_remove_args args = {.write = write_of(c), .key = key(c)};
	return hf_document_remove(store, txn, &args, NULL, NULL);
}

static int document_clear(struct churn *c, hf_store *store, hf_txn *txn)
{
	const struct hf_document_clear_args args = {.write.durability = write_of(c).durability,
	                                            .collection = key(c).collection};
	return hf_document_clear(store, txn, &args, NULL, NULL);
}

churn_op churn_document_op(struct churn *c)
{
	/* As often as they stand here. */
	static const churn_op ops[] = {
	    document_put,    document_put,     document_put,     document_put,
	    document_put,    document_regroup, document_regroup, document_regroup,
	    document_remove, document_remove,  document_clear,
	};
	return ops[churn_below(c, COUNT_OF(ops))];
}
