/* tier: fast */
/* What is hashed while the store's lock is held: a payload once, for what the store knows it by.
 * The sums of its entry and of its group are the leader's, who has released the lock by then. */
#include "base/hash.h"
#include "holdfast/holdfast.h"
#include "lib/settings.h"
#include "lib/test.h"
#include "store/internal.h"

enum { MIB = 1 << 20, SMALL = 100, COUNT = 12 };

static struct {
	pthread_mutex_t *lock;
	pthread_t thread;
	uint64_t under, all;
} seen;

/* No other thread is there: the holder of the lock is the one that hashes. */
static void look(size_t len)
{
	if (!pthread_equal(pthread_self(), seen.thread))
		return;
	seen.all += len;
	if (pthread_mutex_trylock(seen.lock) == 0)
		(void)pthread_mutex_unlock(seen.lock);
	else
		seen.under += len;
}

static void watch(struct stage *stage)
{
	seen.lock = &stage->store->lock;
	seen.thread = pthread_self();
	seen.under = seen.all = 0;
	hf__hash_watch(look);
}

static void enqueue(struct stage *stage, const char *id, size_t len, enum hf_outbox_dedup dedup,
                    int fill)
{
	static char payload[MIB];
	memset(payload, fill, sizeof payload);
	const struct hf_outbox_enqueue_args args = {.queue = hf_str("q"),
	                                            .id = hf_str(id),
	                                            .enqueued_at = STAGE_NOW,
	                                            .dedup = dedup,
	                                            .payload = hf_bytes_of(payload, len)};
	watch(stage);
	assert_int_equal(hf_outbox_enqueue(stage->store, NULL, &args, NULL, NULL), HF_OK);
	hf__hash_watch(NULL);
	print_message("figure: enqueue of %zu: %llu of %llu bytes hashed under the lock\n", len,
	              (unsigned long long)seen.under, (unsigned long long)seen.all);
}

/* Segments with room for several. */
static struct stage *open_large(void)
{
	return stage_open_with(SETTING_LIVE, &(struct hf_options){.segment_size = 32u << 20});
}

/* Once for each attempt: where it does not fit into the segment it is done anew in the next one. */
static void a_payload_is_hashed_once_under_the_lock(void **state)
{
	(void)state;
	struct stage *stage = open_large();
	unsigned once = 0;
	for (unsigned i = 0; i < COUNT; i++) {
		char id[16];
		(void)snprintf(id, sizeof id, "%u", i);
		enqueue(stage, id, MIB, HF_OUTBOX_KEEP, 'a');
		assert_true(seen.all >= 3 * (uint64_t)MIB); /* it does see the leader's */
		assert_in_range(seen.under, MIB, 2 * (uint64_t)MIB);
		once += seen.under == MIB;
	}
	assert_true(once > COUNT / 2);
	stage_close(stage);
}

static void one_that_replaces_another_is_hashed_twice(void **state)
{
	(void)state;
	struct stage *stage = open_large();
	for (unsigned i = 0; i < COUNT / 2; i++)
		enqueue(stage, "i", MIB, HF_OUTBOX_REPLACE, 'a' + (int)i);
	assert_int_equal(seen.under, 2 * (uint64_t)MIB);
	stage_close(stage);
}

static void of_a_small_one_nothing_is_hashed_under_the_lock(void **state)
{
	(void)state;
	struct stage *stage = open_large();
	for (int i = 0; i < 2; i++) {
		enqueue(stage, "i", SMALL, HF_OUTBOX_REPLACE, 'a' + i);
		assert_true(seen.all > SMALL);
		assert_int_equal(seen.under, 0);
	}
	stage_close(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_payload_is_hashed_once_under_the_lock),
	    cmocka_unit_test(one_that_replaces_another_is_hashed_twice),
	    cmocka_unit_test(of_a_small_one_nothing_is_hashed_under_the_lock),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
