/* Random operations on timelines: see churn_ops.h. Few timelines, types, subjects and times, so
 * that orders have ties and every filter a range. */
#include "lib/churn/churn_ops.h"
#include "lib/test.h"

enum { ID_SIZE = 8, IDS = 150, SMALL = 60 };

/* Bytes that live until the step ends. */
static uint8_t *room(struct churn *c, size_t len)
{
	assert_true(len <= CHURN_BYTES - c->used);
	uint8_t *at = c->bytes + c->used;
	c->used += len;
	return at;
}

static struct hf_bytes named(struct churn *c, const char *prefix, uint64_t number)
{
	char *text = (char *)room(c, ID_SIZE);
	(void)snprintf(text, ID_SIZE, "%s%u", prefix, (unsigned)number);
	return hf_str(text);
}

static hf_time some_time(struct churn *c)
{
	return INT64_C(1700000000000000) + (int64_t)churn_below(c, 40) * 1000000;
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

/* Half of the payloads are functions of the id, so that an event is appended again as it was,
 * too. */
static struct hf_bytes payload(struct churn *c, uint64_t number)
{
	const bool big = churn_percent(c, c->big_percent), own = churn_percent(c, 50);
	const size_t len = own   ? (size_t)number % SMALL
	                   : big ? 300 + (size_t)churn_below(c, c->big_max - 300 + 1)
	                         : churn_below(c, SMALL);
	uint8_t *at = room(c, len);
	if (own)
		memset(at, (int)number, len);
	else
		hf_rng_fill(&c->rng, at, len);
	return hf_bytes_of(at, len);
}

static int append(struct churn *c, hf_store *store, hf_txn *txn)
{
	const uint64_t number = churn_below(c, IDS);
	const struct hf_timeline_append_args args = {
	    .write = write_one(c),
	    .key = {named(c, "tl", churn_below(c, 2)), named(c, "ev", number)},
	    .type = named(c, "ty", number % 3),
	    .subject = number % 2 ? named(c, "su", number % 5) : hf_str(""),
	    .happened_at = churn_percent(c, 60) ? some_time(c) : 0,
	    .payload = payload(c, number),
	};
	return hf_timeline_append(store, txn, &args, NULL, NULL);
}

static int cut(struct churn *c, hf_store *store, hf_txn *txn)
{
	const struct hf_timeline_retain_args retain = {
	    .write = write_many(c),
	    .timeline = named(c, "tl", churn_below(c, 2)),
	    .max_events = churn_percent(c, 60) ? 5 + churn_below(c, 20) : 0,
	    .max_age_us = churn_percent(c, 60) ? 20000000 : 0,
	    .dry_run = churn_percent(c, 20),
	    .now = churn_percent(c, 50) ? some_time(c) : 0,
	};
	const struct hf_timeline_clear_args clear = {.write = write_many(c),
	                                             .timeline = retain.timeline};
	return churn_percent(c, 15) ? hf_timeline_clear(store, txn, &clear, NULL, NULL)
	                            : hf_timeline_retain(store, txn, &retain, NULL, NULL);
}

int churn_timeline(struct churn *c, hf_store *store, hf_txn *txn)
{
	return churn_percent(c, 80) ? append(c, store, txn) : cut(c, store, txn);
}
