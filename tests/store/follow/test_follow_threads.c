/* tier: fast, threads */
/* One read-only handle and many threads, beside a writer that compacts: each read sees whole
 * transactions, whichever thread else brings the handle up to date or loads it anew. */
#include <pthread.h>
#include <stdatomic.h>

#include "lib/real_store.h"
#include "lib/test.h"

enum { READERS = 4, COMMITS = 500, TOGETHER = 8, BIG = 700 };

static atomic_bool over;
static hf_store *reader;
static atomic_uint looks;

/* All documents say the same number: they are written together. */
static int look(void)
{
	const struct hf_document_list_args all = {.collection = hf_str("c")};
	struct hf_document_page page = {0};
	struct hf_error error = {0};
	const int rc = hf_document_list(reader, &all, 0, &page, &error);
	if (rc != HF_OK) {
		fprintf(stderr, "%s\n", error.text);
		return rc;
	}
	bool same = page.count == 0 || page.count == TOGETHER;
	for (size_t i = 1; i < page.count; i++)
		same = same && atoi(page.items[i].payload.data) == atoi(page.items[0].payload.data);
	hf_release(page.memory);
	(void)atomic_fetch_add(&looks, 1);
	return same ? HF_OK : HF_ECORRUPT;
}

static void *read_on(void *arg)
{
	int *rc = arg;
	while (!atomic_load(&over) && *rc == HF_OK)
		*rc = look();
	return NULL;
}

/* What was compacted away is not kept for it: then it begins anew. */
static void *feed_on(void *arg)
{
	int *rc = arg;
	hf_lsn next = 0;
	struct hf_error error = {0};
	while (!atomic_load(&over) && *rc == HF_OK) {
		struct hf_event_batch batch = {0};
		hf_feed *feed;
		*rc = hf_feed_open(reader, next, &feed, &error);
		while (!atomic_load(&over) && *rc == HF_OK) {
			*rc = hf_feed_next(feed, 0, 1000, &batch, &error);
			next = *rc == HF_OK ? batch.next : 0;
			hf_release(batch.memory);
		}
		hf_feed_close(feed);
		*rc = *rc == HF_EGONE ? HF_OK : *rc;
	}
	if (*rc != HF_OK)
		fprintf(stderr, "feed: %s (%s at %llu)\n", error.text, error.file,
		        (unsigned long long)error.offset);
	return NULL;
}

static int put_all(hf_store *store, unsigned number)
{
	hf_txn *txn;
	char bytes[BIG];
	memset(bytes, 'x', sizeof bytes);
	(void)snprintf(bytes, sizeof bytes, "%u", number);
	int rc = hf_txn_begin(store, &txn, NULL);
	for (unsigned i = 0; i < TOGETHER && rc == HF_OK; i++) {
		char id[8];
		(void)snprintf(id, sizeof id, "d%u", i);
		const struct hf_document_put_args args = {
		    .key = {hf_str("c"), hf_str(id)},
		    .payload = hf_bytes_of(bytes, (number + i) % 3 ? sizeof bytes : 20)};
		rc = hf_document_put(store, txn, &args, NULL, NULL);
	}
	return rc == HF_OK ? hf_txn_commit(txn, HF_DURABLE, NULL) : rc;
}

static void run(struct real_store *real, bool no_refresh)
{
	const struct hf_options options = {.no_refresh = no_refresh};
	pthread_t threads[READERS + 1];
	int rc[READERS + 1] = {HF_OK};
	atomic_store(&over, false);
	atomic_store(&looks, 0);
	assert_int_equal(hf_open_read(real->path, &options, &reader, NULL), HF_OK);
	for (unsigned i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_on, &rc[i]), 0);
	assert_int_equal(pthread_create(&threads[READERS], NULL, feed_on, &rc[READERS]), 0);
	for (unsigned i = 0; i < COMMITS; i++) {
		assert_int_equal(put_all(real->store, i), HF_OK);
		if (i % 20 == 19)
			assert_int_equal(hf_compact(real->store, NULL), HF_OK);
		if (no_refresh && i % 3 == 0)
			assert_int_equal(hf_refresh(reader, NULL, NULL), HF_OK);
	}
	atomic_store(&over, true);
	for (unsigned i = 0; i <= READERS; i++) {
		(void)pthread_join(threads[i], NULL);
		assert_int_equal(rc[i], HF_OK);
	}
	assert_int_equal(hf_close(reader, NULL), HF_OK);
	print_message("figure: %u looks of %u threads\n", atomic_load(&looks), READERS);
}

/* --- An export meanwhile ---------------------------------------------------------------------- */

enum { ITEMS = 3000, CLAIMED = 200, LIVES = 12 };

static void *refresh_on(void *arg)
{
	int *rc = arg;
	while (!atomic_load(&over) && *rc == HF_OK)
		*rc = hf_refresh(reader, NULL, NULL);
	return NULL;
}

/* Each life claims without a lease, and ends: then the items are queued again. */
static void *writers(void *arg)
{
	struct real_store *real = arg;
	struct hf_outbox_items items = {0};
	const struct hf_outbox_claim_next_args claim = {
	    .queue = hf_str("q"), .owner = hf_str("w"), .max = CLAIMED};
	for (unsigned i = 0; i < LIVES; i++) {
		hf_store *store;
		const struct hf_options options = {.no_background = true};
		if (hf_open(real->path, &options, &store, NULL) != HF_OK)
			return real;
		if (hf_outbox_claim_next(store, NULL, &claim, &items, NULL, NULL) == HF_OK)
			hf_release(items.memory);
		real_sleep_ms(20);
		if (hf_close(store, NULL) != HF_OK)
			return real;
		real_sleep_ms(20);
	}
	atomic_store(&over, true);
	return NULL;
}

static void enqueue_all(struct real_store *real)
{
	struct hf_outbox_enqueue_args *args = calloc(ITEMS, sizeof *args);
	hf_txn *txn;
	assert_int_equal(hf_txn_begin(real->store, &txn, NULL), HF_OK);
	for (unsigned i = 0; i < ITEMS; i++) {
		char id[16];
		(void)snprintf(id, sizeof id, "i%u", i);
		args[i] = (struct hf_outbox_enqueue_args){
		    .queue = hf_str("q"), .id = hf_str(id), .payload = hf_str("p")};
		assert_int_equal(hf_outbox_enqueue(real->store, txn, &args[i], NULL, NULL), HF_OK);
	}
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, NULL), HF_OK);
	free(args);
}

static void an_export_is_whole_though_writers_come_and_go(void **state)
{
	struct real_store *real = *state;
	struct hf_export_options replace = {.size = sizeof replace, .replace = true};
	pthread_t threads[2];
	unsigned exports = 0;
	int rc = HF_OK;
	void *failed = NULL;
	enqueue_all(real);
	real_close(real);
	atomic_store(&over, false);
	assert_int_equal(hf_open_read(real->path, NULL, &reader, NULL), HF_OK);
	assert_int_equal(pthread_create(&threads[0], NULL, refresh_on, &rc), 0);
	assert_int_equal(pthread_create(&threads[1], NULL, writers, real), 0);
	const char *file = real_beside(real, "export");
	uint64_t least = UINT64_MAX;
	for (; !atomic_load(&over); exports++) {
		struct hf_snapshot_file is = {.size = sizeof is};
		assert_int_equal(hf_export(reader, file, &replace, &is, NULL), HF_OK);
		least = is.entries < least ? is.entries : least;
	}
	(void)pthread_join(threads[0], NULL);
	(void)pthread_join(threads[1], &failed);
	assert_int_equal(rc, HF_OK);
	assert_null(failed);
	assert_int_equal(hf_close(reader, NULL), HF_OK);
	print_message("figure: %u exports of %llu entries at least\n", exports,
	              (unsigned long long)least);
	assert_true(least > ITEMS && exports > 5);
}

static int setup(void **state)
{
	(void)real_setup(state);
	struct real_store *real = *state;
	return real_open_at(
	    real, NULL,
	    (struct hf_options){.create = true, .no_background = true, .segment_size = 16u << 10});
}

static void threads_that_share_a_handle_see_whole_transactions(void **state)
{
	run(*state, false);
}

static void one_thread_brings_it_up_to_date_while_others_read(void **state)
{
	run(*state, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(threads_that_share_a_handle_see_whole_transactions, setup,
	                                    real_teardown),
	    cmocka_unit_test_setup_teardown(an_export_is_whole_though_writers_come_and_go, setup,
	                                    real_teardown),
	    cmocka_unit_test_setup_teardown(one_thread_brings_it_up_to_date_while_others_read, setup,
	                                    real_teardown),
	};
	return cmocka_run_group_tests_name("following with threads", tests, NULL, NULL);
}
