/* tier: fast, threads */
/* A read that has the place of a payload, and has not opened its file yet: a compaction that moves
 * the payload waits for it before the file goes. */
#include <pthread.h>
#include <stdatomic.h>

#include "lib/real_store.h"
#include "lib/test.h"
#include "log/segment.h"
#include "os/os.h"
#include "store/store.h"

enum { SIZE = 3000, SEGMENT = 16 << 10 };

/* The real disk, but for the opening of one segment by a reader, which waits at the gate. */
static struct hf__os real_os, os;
static atomic_bool gate_closed, at_gate;
static _Thread_local bool reads; /* this thread is the reader: the compaction reads too */

static int open_at_gate(void *ctx, const char *name, unsigned flags, int *out)
{
	if (reads && atomic_load(&gate_closed) && strcmp(name, "segment-00000001") == 0 &&
	    !(flags & HF__OS_WRITE)) {
		atomic_store(&at_gate, true);
		while (atomic_load(&gate_closed))
			real_sleep_ms(1);
	}
	return real_os.open(ctx, name, flags, out);
}

static void put(hf_store *store, unsigned number)
{
	char id[16], bytes[SIZE] = "";
	(void)snprintf(id, sizeof id, "d%u", number);
	memset(bytes, (int)number, sizeof bytes);
	const struct hf_document_put_args args = {.key = {hf_str("c"), hf_str(id)},
	                                          .payload = hf_bytes_of(bytes, sizeof bytes)};
	assert_int_equal(hf_document_put(store, NULL, &args, NULL, NULL), HF_OK);
}

static void *read_first(void *arg)
{
	struct hf_document_got got = {0};
	reads = true;
	const struct hf_document_key key = {hf_str("c"), hf_str("d0")};
	int rc = hf_document_get(arg, &key, 0, &got, NULL);
	if (rc == HF_OK && (got.document.payload.len != SIZE ||
	                    ((const uint8_t *)got.document.payload.data)[SIZE - 1] != 0))
		rc = HF_ECORRUPT;
	if (rc == HF_OK)
		hf_release(got.memory);
	return rc == HF_OK ? NULL : arg;
}

static atomic_int compacted = -1;

static void *compact(void *arg)
{
	atomic_store(&compacted, hf_compact(arg, NULL));
	return NULL;
}

static bool first_segment_is_there(void)
{
	int file = -1;
	if (real_os.open(real_os.ctx, "segment-00000001", 0, &file) != 0)
		return false;
	assert_int_equal(real_os.close(real_os.ctx, file), 0);
	return true;
}

static void files_stay_until_reads_have_ended(void **state)
{
	struct real_store *real = *state;
	const struct hf_options options = {
	    .create = true, .no_background = true, .segment_size = SEGMENT};
	hf_store *store = NULL;
	pthread_t reader, compactor;
	void *failed = NULL;
	assert_int_equal(hf__os_posix_new(real->path, true, &real_os), 0);
	os = real_os;
	os.open = open_at_gate;
	assert_int_equal(hf__store_open(&os, hf__all_domains(), &options, &store, NULL), HF_OK);
	for (unsigned i = 0; i < 30; i++)
		put(store, i);
	atomic_store(&gate_closed, true);
	assert_int_equal(pthread_create(&reader, NULL, read_first, store), 0);
	while (!atomic_load(&at_gate))
		real_sleep_ms(1);
	assert_int_equal(pthread_create(&compactor, NULL, compact, store), 0);
	/* It has time to get as far as it can. */
	for (unsigned i = 0; i < 100 && atomic_load(&compacted) < 0; i++)
		real_sleep_ms(2);
	assert_int_equal(atomic_load(&compacted), -1);
	assert_true(first_segment_is_there());
	put(store, 31); /* no other thread waits */
	atomic_store(&gate_closed, false);
	(void)pthread_join(reader, &failed);
	(void)pthread_join(compactor, NULL);
	assert_null(failed);
	assert_int_equal(atomic_load(&compacted), HF_OK);
	assert_false(first_segment_is_there());
	assert_null(read_first(store));
	assert_int_equal(hf_close(store, NULL), HF_OK);
	hf__os_posix_free(&real_os);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(files_stay_until_reads_have_ended, real_setup,
	                                    real_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
