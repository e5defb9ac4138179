/* tier: fast */
/* What a large use needed is given back: group buffers, the records of a change, maps, and what
 * a feed read. */
#include "base/mem.h"
#include "holdfast/feed.h"
#include "lib/settings.h"
#include "lib/test.h"
#include "lib/used_once.h"

#define LEFT ((size_t)64 << 10)
#define MIB ((size_t)1 << 20)

enum { OBJECTS = 8000, BATCH = 1000 };

static void expect_within(const char *what, size_t before, size_t most)
{
	const size_t now = hf__mem_used();
	if (now > before + most)
		fail_msg("%s: %zu bytes are left", what, now - before);
}

static void put(hf_store *store, hf_txn *txn, unsigned n, struct hf_bytes payload)
{
	char id[16];
	snprintf(id, sizeof id, "d%u", n);
	const struct hf_document_put_args args = {.key = {.collection = hf_str("c"), .id = hf_str(id)},
	                                          .payload = payload};
	assert_int_equal(hf_document_put(store, txn, &args, NULL, NULL), HF_OK);
}

/* 31 MiB: two payloads, on disk from then on. */
static void commit_large(hf_store *store)
{
	const size_t len = 31 * MIB / 2;
	uint8_t *bytes = calloc(1, len);
	hf_txn *txn;
	assert_non_null(bytes);
	assert_int_equal(hf_txn_begin(store, &txn, NULL), HF_OK);
	put(store, txn, 1, hf_bytes_of(bytes, len));
	put(store, txn, 2, hf_bytes_of(bytes, len));
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, NULL), HF_OK);
	free(bytes);
}

static struct stage *open_large(void)
{
	struct stage *stage =
	    stage_open_with(SETTING_LIVE, &(struct hf_options){.segment_size = 64u << 20});
	put(stage->store, NULL, 1, hf_str("a"));
	put(stage->store, NULL, 2, hf_str("a"));
	put(stage->store, NULL, 3, hf_str("a"));
	assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
	return stage;
}

static void a_large_transaction_leaves_nothing(void **state)
{
	(void)state;
	struct stage *stage = open_large();
	const size_t before = hf__mem_used();
	commit_large(stage->store);
	assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
	expect_within("after upkeep", before, LEFT);
	stage_drop(stage);
}

static void a_large_transaction_leaves_nothing_without_upkeep(void **state)
{
	(void)state;
	struct stage *stage = open_large();
	const size_t before = hf__mem_used();
	commit_large(stage->store);
	assert_true(hf__mem_used() > before + 31 * MIB); /* kept, for the next one may be as large */
	for (unsigned i = 0; i < 4; i++)
		put(stage->store, NULL, 3, hf_bytes_of(&"bcde"[i], 1));
	expect_within("after four small ones", before, LEFT);
	stage_drop(stage);
}

static void read_all(hf_feed *feed)
{
	struct hf_event_batch batch = {0};
	do {
		assert_int_equal(hf_feed_next(feed, 0, 0, &batch, NULL), HF_OK);
		hf_release(batch.memory);
	} while (batch.count > 0);
}

static void a_feed_that_read_a_large_group_keeps_little(void **state)
{
	(void)state;
	struct stage *stage = open_large();
	hf_feed *feed;
	assert_int_equal(hf_feed_open(stage->store, 0, &feed, NULL), HF_OK);
	read_all(feed);
	commit_large(stage->store);
	assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
	const size_t before = hf__mem_used();
	read_all(feed);
	expect_within("feed", before, MIB + LEFT);
	hf_feed_close(feed);
	stage_drop(stage);
}

static void run(hf_store *store, int (*what)(hf_store *, hf_txn *, const char *))
{
	for (unsigned at = 0; at < OBJECTS; at += BATCH) {
		hf_txn *txn;
		assert_int_equal(hf_txn_begin(store, &txn, NULL), HF_OK);
		for (unsigned i = at; i < at + BATCH; i++) {
			char name[16];
			snprintf(name, sizeof name, "n%u", i);
			assert_int_equal(what(store, txn, name), HF_OK);
		}
		assert_int_equal(hf_txn_commit(txn, HF_DURABLE, NULL), HF_OK);
	}
}

static void many_objects_that_come_and_go_leave_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < used_once_count; i++) {
		const struct used_once *row = &used_once[i];
		struct stage *stage =
		    stage_open_with(SETTING_LIVE, &(struct hf_options){.segment_size = 1u << 20});
		use_once(stage->store, row, "warm", 20, 20, HF_DURABLE);
		assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
		const size_t before = hf__mem_used();
		run(stage->store, row->fill);
		assert_true(hf__mem_used() > before + MIB);
		run(stage->store, row->empty);
		assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
		expect_within(row->domain, before, LEFT);
		stage_close(stage);
	}
}

/* One entry removes them all. */
static void a_large_clear_leaves_nothing(void **state)
{
	(void)state;
	struct stage *stage = open_large();
	const size_t before = hf__mem_used();
	for (unsigned at = 0; at < OBJECTS; at += BATCH) {
		hf_txn *txn;
		assert_int_equal(hf_txn_begin(stage->store, &txn, NULL), HF_OK);
		for (unsigned i = at; i < at + BATCH; i++)
			put(stage->store, txn, i, hf_str("p"));
		assert_int_equal(hf_txn_commit(txn, HF_DURABLE, NULL), HF_OK);
	}
	const struct hf_document_clear_args all = {.collection = hf_str("c")};
	assert_int_equal(hf_document_clear(stage->store, NULL, &all, NULL, NULL), HF_OK);
	assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
	expect_within("clear", before, LEFT);
	stage_close(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_large_transaction_leaves_nothing),
	    cmocka_unit_test(a_large_transaction_leaves_nothing_without_upkeep),
	    cmocka_unit_test(a_feed_that_read_a_large_group_keeps_little),
	    cmocka_unit_test(many_objects_that_come_and_go_leave_nothing),
	    cmocka_unit_test(a_large_clear_leaves_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
