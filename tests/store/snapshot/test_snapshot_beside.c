/* tier: fast, threads */
/* Snapshots on a real disk while threads write in every mode, and another thread asks for one too:
 * what was acknowledged is there after each opening, whichever snapshot it begins with. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "lib/real_store.h"
#include "lib/test.h"

enum { WRITERS = 4, SNAPSHOTS = 12, LIVES = 3, BIG = 1500 };

static atomic_bool over;

struct writer {
	struct real_store *real;
	unsigned number;
	unsigned done; /* what its document says */
	bool failed;
};

static int put(struct writer *w, unsigned value)
{
	char id[16], bytes[BIG];
	(void)snprintf(id, sizeof id, "w%u", w->number);
	memset(bytes, (int)(value & 0x7f), sizeof bytes);
	(void)snprintf(bytes, sizeof bytes, "%u", value);
	const struct hf_document_put_args args = {
	    .write.durability = value % 3 == 0 ? HF_DURABLE : HF_OS,
	    .key = {hf_str("c"), hf_str(id)},
	    .payload = hf_bytes_of(bytes, value % 2 ? sizeof bytes : 40),
	};
	return hf_document_put(w->real->store, NULL, &args, NULL, NULL);
}

static void *write_on(void *arg)
{
	struct writer *w = arg;
	while (!atomic_load(&over) && !w->failed) {
		w->failed = put(w, w->done + 1) != HF_OK;
		w->done += !w->failed;
	}
	return NULL;
}

static void *snapshots_too(void *arg)
{
	struct real_store *real = arg;
	while (!atomic_load(&over)) {
		const int rc = hf_snapshot(real->store, NULL);
		if (rc != HF_OK && rc != HF_EBLOCKED)
			return real;
	}
	return NULL;
}

static void take_beside(struct real_store *real)
{
	for (unsigned taken = 0; taken < SNAPSHOTS;) {
		const int rc = hf_snapshot(real->store, &real->error);
		if (rc != HF_OK && rc != HF_EBLOCKED)
			fail_msg("snapshot: %s", real->error.text);
		taken += rc == HF_OK;
	}
}

static void one_life(struct real_store *real, struct writer *writers)
{
	pthread_t threads[WRITERS], other;
	void *failed = NULL;
	atomic_store(&over, false);
	for (unsigned i = 0; i < WRITERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, write_on, &writers[i]), 0);
	assert_int_equal(pthread_create(&other, NULL, snapshots_too, real), 0);
	take_beside(real);
	atomic_store(&over, true);
	for (unsigned i = 0; i < WRITERS; i++)
		(void)pthread_join(threads[i], NULL);
	(void)pthread_join(other, &failed);
	assert_null(failed);
}

static void expect_documents(struct real_store *real, const struct writer *writers)
{
	for (unsigned i = 0; i < WRITERS; i++) {
		char id[16], value[16];
		struct hf_document_got got = {0};
		(void)snprintf(id, sizeof id, "w%u", i);
		(void)snprintf(value, sizeof value, "%u", writers[i].done);
		const struct hf_document_key key = {hf_str("c"), hf_str(id)};
		assert_false(writers[i].failed);
		assert_int_equal(hf_document_get(real->store, &key, 0, &got, NULL), HF_OK);
		assert_string_equal(got.document.payload.data, value);
		assert_int_equal(got.document.payload.len, writers[i].done % 2 ? BIG : 40);
		hf_release(got.memory);
	}
}

static void snapshots_beside_writers_lose_nothing(void **state)
{
	struct real_store *real = *state;
	struct writer writers[WRITERS];
	for (unsigned i = 0; i < WRITERS; i++)
		writers[i] = (struct writer){.real = real, .number = i};
	for (unsigned life = 0; life < LIVES; life++) {
		struct hf_info info = {0};
		one_life(real, writers);
		expect_documents(real, writers);
		real_close(real);
		const struct hf_options options = {.inline_max = life == 1 ? 64 : 0};
		assert_int_equal(real_open_at(real, NULL, options), HF_OK);
		assert_int_equal(hf_get_info(real->store, &info, NULL), HF_OK);
		assert_true(info.snapshot_lsn > 0);
		expect_documents(real, writers);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(snapshots_beside_writers_lose_nothing, real_setup_open,
	                                    real_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
