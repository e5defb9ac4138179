/* tier: medium, long */
/* What the reads of a transaction cost its commit, in index steps: no more among many objects than
 * among a thousand, though the reads were of whole lists. A tenth has ended without that being
 * logged where things end. See lib/scene.h. */
#include "lib/scene.h"
#include "lib/test.h"

enum {
	GET_DOCUMENT,
	GET_NONE,
	LIST_DOCUMENTS,
	COUNT_DOCUMENTS,
	LIST_EVENTS,
	COUNT_EVENTS,
	LATEST_EVENT,
	LIST_ITEMS,
	COUNT_ITEMS,
	LIST_KEYS,
	COUNT_KEYS,
	LIST_LOCKS,
	ALL,
};

static hf_txn *made[ALL]; /* has read */

static int add(struct scene *scene, hf_txn *txn, unsigned i)
{
	char id[NAME];
	const struct hf_bytes name = numbered(id, "n", i);
	const struct hf_document_put_args document = {.key = {hf_str("c"), name},
	                                              .ttl_us = i % 10 ? 0 : SECOND};
	const struct hf_timeline_append_args event = {
	    .key = {hf_str("t"), name}, .type = hf_str("kind"), .happened_at = SCENE_NOW + i};
	const struct hf_outbox_enqueue_args item = {.queue = hf_str("q"), .id = name};
	const struct hf_idempotency_put_args entry = {.key = {hf_str("s"), name},
	                                              .ttl_us = i % 10 ? 0 : SECOND};
	int rc = hf_document_put(scene->store, txn, &document, NULL, NULL);
	if (rc == HF_OK)
		rc = hf_timeline_append(scene->store, txn, &event, NULL, NULL);
	if (rc == HF_OK)
		rc = hf_outbox_enqueue(scene->store, txn, &item, NULL, NULL);
	return rc == HF_OK ? hf_idempotency_put(scene->store, txn, &entry, NULL, NULL) : rc;
}

/* The whole of it. */
static void read_all(hf_store *s, unsigned which)
{
	const struct hf_document_key key = {hf_str("c"), hf_str(which == GET_NONE ? "none" : "n1")};
	const struct hf_bytes t = hf_str("t");
	struct hf_document_got got = {0};
	struct hf_document_page documents = {0};
	struct hf_document_counts counted = {0};
	struct hf_timeline_page events = {0};
	struct hf_outbox_items items = {0};
	struct hf_outbox_stats stats = {0};
	struct hf_idempotency_page keys = {0};
	struct hf_idempotency_counts entries = {0};
	struct hf_lock_page locks = {0};
	uint64_t count = 0;
	hf_time latest;
	int rc = HF_OK;
	switch (which) {
	case GET_NONE:
		rc = hf_document_get(s, &key, 0, &got, NULL) == HF_ENOTFOUND ? HF_OK : HF_EINVAL;
		break;
	case GET_DOCUMENT:
		rc = hf_document_get(s, &key, 0, &got, NULL);
		break;
	case LIST_DOCUMENTS:
		rc = hf_document_list(s, &(struct hf_document_list_args){.collection = key.collection}, 0,
		                      &documents, NULL);
		break;
	case COUNT_DOCUMENTS:
		rc = hf_document_count(s, &(struct hf_document_count_args){.collection = key.collection}, 0,
		                       &counted, NULL);
		break;
	case LIST_EVENTS:
		rc = hf_timeline_query(s, &(struct hf_timeline_query_args){.filter.timeline = t}, 0,
		                       &events, NULL);
		break;
	case COUNT_EVENTS:
		rc = hf_timeline_count(s, &(struct hf_timeline_count_args){.filter.timeline = t}, 0, &count,
		                       NULL);
		break;
	case LATEST_EVENT:
		rc = hf_timeline_latest_at(s, t, 0, &latest, NULL);
		break;
	case LIST_ITEMS:
		rc =
		    hf_outbox_list(s, &(struct hf_outbox_list_args){.queue = hf_str("q")}, 0, &items, NULL);
		break;
	case COUNT_ITEMS:
		rc = hf_outbox_get_stats(s, hf_str("q"), 0, &stats, NULL);
		break;
	case LIST_KEYS:
		rc = hf_idempotency_list(s, &(struct hf_idempotency_list_args){.scope = hf_str("s")}, 0,
		                         &keys, NULL);
		break;
	case COUNT_KEYS:
		rc = hf_idempotency_count(s, hf_str("s"), 0, &entries, NULL);
		break;
	default:
		rc = hf_lock_list(s, &(struct hf_lock_list_args){0}, 0, &locks, NULL);
	}
	assert_int_equal(rc, HF_OK);
	hf_release(got.memory);
	hf_release(documents.memory);
	hf_release(events.memory);
	hf_release(items.memory);
	hf_release(keys.memory);
	hf_release(locks.memory);
}

static void fill(struct scene *scene)
{
	for (unsigned i = 0; i < scene->count;) {
		hf_txn *txn = NULL;
		assert_int_equal(hf_txn_begin(scene->store, &txn, NULL), HF_OK);
		for (unsigned n = 0; n < BATCH && i < scene->count; n++, i++)
			assert_int_equal(add(scene, txn, i), HF_OK);
		assert_int_equal(hf_txn_commit(txn, HF_OS, NULL), HF_OK);
	}
	const struct hf_lock_acquire_args lock = {.name = hf_str("l"), .owner = hf_str("o")};
	assert_int_equal(hf_lock_acquire(scene->store, NULL, &lock, NULL, NULL), HF_OK);
	sim_advance(scene->sim, 2 * SECOND);
	for (unsigned i = 0; i < ALL; i++) {
		assert_int_equal(hf_txn_begin(scene->store, &made[i], NULL), HF_OK);
		read_all(hf_txn_reads(made[i]), i);
	}
}

static void commit(struct scene *scene)
{
	static unsigned next;
	(void)scene;
	assert_int_equal(hf_txn_commit(made[next], HF_OS, NULL), HF_OK);
	next = (next + 1) % ALL;
}

static void what_was_read_costs_the_commit_no_more_among_many(void **state)
{
	/* in the order of the enumeration */
	static const struct work works[ALL] = {
	    WORK("a document was read", 0, commit),        WORK("a document was not there", 0, commit),
	    WORK("all documents were listed", 0, commit),  WORK("documents were counted", 0, commit),
	    WORK("all events were queried", 0, commit),    WORK("events were counted", 0, commit),
	    WORK("the latest event was asked", 0, commit), WORK("all items were listed", 0, commit),
	    WORK("stats of a queue", 0, commit),           WORK("all keys were listed", 0, commit),
	    WORK("keys were counted", 0, commit),          WORK("locks were listed", 0, commit),
	};
	(void)state;
	compare_steps(fill, works, ALL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_read_costs_the_commit_no_more_among_many),
	};
	return cmocka_run_group_tests_name("transact steps", tests, NULL, NULL);
}
