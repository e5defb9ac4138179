/* tier: fast, threads */
/* A process that has few descriptors, or has closed its standard streams. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/real_store.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"
#include "store/store.h"

enum { ITEMS = 24, PAYLOAD = 9000 };

/* Items whose payloads lie in segments of their own, nearly. */
static void fill(struct real_store *real)
{
	const struct hf_options options = {
	    .create = true, .no_background = true, .segment_size = 16384};
	assert_int_equal(real_open_at(real, NULL, options), HF_OK);
	for (unsigned i = 0; i < ITEMS; i++) {
		char id[8];
		(void)snprintf(id, sizeof id, "%u", i);
		assert_int_equal(real_enqueue(real, id, PAYLOAD), HF_OK);
	}
}

/* Takes descriptors until none is left; `spare` of them are given back. Gives how many are held. */
static size_t take_all(int *held, size_t cap, size_t spare)
{
	size_t count = 0;
	for (int fd; count < cap && (fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;)
		held[count++] = fd;
	assert_true(count < cap);
	while (spare-- > 0 && count > 0)
		(void)close(held[--count]);
	return count;
}

static void give_back(const int *held, size_t count)
{
	while (count > 0)
		(void)close(held[--count]);
}

static void limit_descriptors(rlim_t most)
{
	struct rlimit limit;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = most < limit.rlim_max ? most : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static bool whole(struct hf_bytes payload)
{
	return payload.len == PAYLOAD;
}

/* A claim that is granted has all its payloads; one that is not left nothing behind. */
static void a_claim_without_descriptors_has_its_payloads_or_is_refused_whole(void **state)
{
	struct real_store *real = *state;
	int held[512];
	unsigned refused = 0;
	limit_descriptors(400);
	fill(real);
	for (unsigned spare = 0; spare < 3; spare++) {
		for (uint32_t max = 1; max <= 8; max *= 2) {
			struct hf_outbox_items items = {0};
			struct hf_info before = {0}, after = {0};
			const struct hf_outbox_claim_next_args claim = {
			    .queue = hf_str("q"), .max = max, .owner = hf_str("w")};
			assert_int_equal(hf_get_info(real->store, &before, NULL), HF_OK);
			const size_t count = take_all(held, 512, spare);
			const int rc =
			    hf_outbox_claim_next(real->store, NULL, &claim, &items, NULL, &real->error);
			give_back(held, count);
			assert_int_equal(hf_get_info(real->store, &after, NULL), HF_OK);
			if (rc == HF_OK) {
				assert_int_equal(items.count, max);
				for (size_t i = 0; i < items.count; i++) {
					assert_true(whole(items.items[i].payload));
					const struct hf_outbox_release_args release = {.queue = hf_str("q"),
					                                               .id = items.items[i].id,
					                                               .token = items.items[i].token};
					assert_int_equal(
					    hf_outbox_release(real->store, NULL, &release, NULL, &real->error), HF_OK);
				}
				hf_release(items.memory);
				continue;
			}
			refused++;
			assert_int_equal(rc, HF_ENOSPACE);
			assert_non_null(strstr(real->error.text, "descriptor"));
			assert_int_equal(items.count, 0);
			assert_null(items.memory);
			assert_int_equal(after.entries, before.entries);
		}
	}
	print_message("%u claims refused\n", refused);
	assert_true(refused > 0);
	struct hf_outbox_stats stats = {0};
	assert_int_equal(hf_outbox_get_stats(real->store, hf_str("q"), 0, &stats, NULL), HF_OK);
	assert_int_equal(stats.queued.items, ITEMS);
}

static unsigned send_it(void *ctx, const struct hf_outbox_item *item, char *reason, size_t size)
{
	unsigned *sent = ctx;
	(void)reason;
	(void)size;
	*sent += whole(item->payload);
	return HF_OUTBOX_SEND_DONE;
}

static void a_replay_without_descriptors_has_its_response_or_is_refused(void **state)
{
	struct real_store *real = *state;
	static uint8_t response[PAYLOAD];
	int held[512];
	limit_descriptors(400);
	fill(real);
	for (unsigned i = 0; i < 4; i++) {
		char key[8];
		(void)snprintf(key, sizeof key, "k%u", i);
		const struct hf_idempotency_put_args put = {.key = {hf_str("s"), hf_str(key)},
		                                            .status = 7,
		                                            .response =
		                                                hf_bytes_of(response, sizeof response)};
		assert_int_equal(hf_idempotency_put(real->store, NULL, &put, NULL, &real->error), HF_OK);
	}
	unsigned refused = 0, given = 0;
	for (unsigned i = 0; i < 4; i++) {
		char key[8];
		struct hf_idempotency_begun begun = {0};
		(void)snprintf(key, sizeof key, "k%u", i);
		const struct hf_idempotency_begin_args begin = {.key = {hf_str("s"), hf_str(key)},
		                                                .lease_us = 1000000};
		const size_t count = take_all(held, 512, 0);
		const int rc = hf_idempotency_begin(real->store, NULL, &begin, &begun, NULL, &real->error);
		give_back(held, count);
		if (rc == HF_OK) {
			assert_int_equal(begun.response.len, sizeof response);
			hf_release(begun.memory);
			given++;
		} else {
			assert_int_equal(rc, HF_ENOSPACE);
			refused++;
		}
	}
	print_message("given %u, refused %u\n", given, refused);
	assert_true(given >= 1); /* the reserve */
}

static void reading_one_after_the_other_needs_one_descriptor(void **state)
{
	struct real_store *real = *state;
	int held[512];
	limit_descriptors(400);
	fill(real);
	const size_t count = take_all(held, 512, 0);
	for (unsigned i = 0; i < ITEMS; i++) {
		char id[8];
		struct hf_outbox_got got = {0};
		(void)snprintf(id, sizeof id, "%u", i);
		const int rc = hf_outbox_get(real->store, &(struct hf_outbox_key){hf_str("q"), hf_str(id)},
		                             0, &got, &real->error);
		if (rc != HF_OK) {
			give_back(held, count);
			fail_msg("%u: %s", i, real->error.text);
		}
		assert_true(whole(got.item.payload));
		hf_release(got.memory);
	}
	give_back(held, count);
}

/* Half a second without descriptors, then a drain: every item is sent. */
static void a_drain_charges_no_item_for_the_lack_of_descriptors(void **state)
{
	struct real_store *real = *state;
	struct hf_outbox_drained drained = {0};
	unsigned sent = 0;
	int held[512];
	limit_descriptors(400);
	fill(real);
	const struct hf_outbox_drain_args drain = {.queue = hf_str("q"),
	                                           .send = send_it,
	                                           .ctx = &sent,
	                                           .owner = hf_str("w"),
	                                           .max_attempts = 1};
	const size_t count = take_all(held, 512, 0);
	const int first = hf_outbox_drain(real->store, &drain, &drained, &real->error);
	give_back(held, count);
	assert_true(first == HF_OK || first == HF_ENOSPACE);
	assert_int_equal(hf_outbox_drain(real->store, &drain, &drained, &real->error), HF_OK);
	assert_int_equal(sent, ITEMS);
}

/* On the simulated disk, which counts: once the segment is open, a read is one call of the
 * machine's. */
static void a_read_of_a_payload_opens_nothing(void **state)
{
	static uint8_t bytes[PAYLOAD];
	(void)state;
	struct sim *sim = sim_new(sim_profile_strict(), 1);
	const struct hf_options options = {.create = true, .no_background = true};
	const struct hf_outbox_key key = {hf_str("q"), hf_str("a")};
	const struct hf_outbox_enqueue_args enqueue = {
	    .queue = key.queue, .id = key.id, .payload = hf_bytes_of(bytes, sizeof bytes)};
	struct hf_outbox_got got = {0};
	hf_store *store;
	assert_int_equal(hf__store_open(sim_os(sim), hf__all_domains(), &options, &store, NULL), HF_OK);
	assert_int_equal(hf_outbox_enqueue(store, NULL, &enqueue, NULL, NULL), HF_OK);
	for (unsigned i = 0; i < 3; i++) {
		const uint64_t before = sim_calls(sim);
		assert_int_equal(hf_outbox_get(store, &key, 0, &got, NULL), HF_OK);
		assert_true(whole(got.item.payload));
		hf_release(got.memory);
		assert_int_equal(sim_calls(sim) - before, i == 0 ? 2 : 1);
	}
	assert_int_equal(hf_close(store, NULL), HF_OK);
	sim_free(sim);
}

static void few_segments_stay_open(void **state)
{
	struct real_store *real = *state;
	limit_descriptors(400);
	fill(real);
	for (unsigned i = 0; i < 60; i++) {
		char id[8];
		(void)snprintf(id, sizeof id, "n%u", i);
		assert_int_equal(real_enqueue(real, id, PAYLOAD), HF_OK);
	}
	const struct hf_outbox_list_args list = {.queue = hf_str("q"), .limit = 0};
	struct hf_outbox_items page = {0};
	assert_int_equal(hf_outbox_list(real->store, &list, 0, &page, &real->error), HF_OK);
	assert_int_equal(page.count, ITEMS + 60);
	for (size_t i = 0; i < page.count; i++)
		assert_true(whole(page.items[i].payload));
	hf_release(page.memory);
	unsigned open_files = 0;
	for (int fd = 3; fd < 400; fd++)
		open_files += fcntl(fd, F_GETFD) >= 0;
	print_message("%u descriptors\n", open_files);
	assert_true(open_files <= 32 + 10);
}

/* Opening, committing and closing with any number of descriptors either works or says what is
 * missing. */
static int with_descriptors(void *arg)
{
	struct real_store *real = arg;
	const struct hf_options options = {
	    .create = true, .no_background = true, .segment_size = 16384};
	int rc = real_open_at(real, NULL, options);
	if (rc != HF_OK)
		return rc;
	for (unsigned i = 0; i < 6 && rc == HF_OK; i++)
		rc = real_enqueue(real, "x", PAYLOAD);
	const int closed = hf_close(real->store, &real->error);
	return rc != HF_OK ? rc : closed;
}

struct sweep {
	struct real_store *real;
	int most;
};

static int sweep_one(void *arg)
{
	const struct sweep *sweep = arg;
	const struct rlimit limit = {(rlim_t)sweep->most, (rlim_t)sweep->most};
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 100;
	return with_descriptors(sweep->real);
}

static void any_number_of_descriptors_is_enough_or_told(void **state)
{
	struct real_store *real = *state;
	struct sweep sweep = {.real = real};
	bool enough = false;
	for (sweep.most = 3; sweep.most <= 24; sweep.most++) {
		const int rc = real_in_child(sweep_one, &sweep);
		assert_true(rc == HF_OK || (rc == HF_ENOSPACE && !enough));
		if (rc == HF_OK && !enough)
			print_message("%d descriptors are enough\n", sweep.most);
		enough = rc == HF_OK;
	}
	assert_true(enough);
}

/* --- The standard streams --------------------------------------------------------------------- */

static atomic_bool stop;

/* Prints like a program that never asks whether there is a reader. By the bare call: the thread
 * sanitizer takes a write to a number that another thread closes for a race, and here it is
 * meant. */
static void *chatter(void *arg)
{
	static const char words[] = "a line that belongs nowhere near a log\n";
	(void)arg;
	while (!atomic_load(&stop))
		for (int fd = 0; fd <= 2; fd++)
			(void)syscall(SYS_write, fd, words, sizeof words - 1);
	return NULL;
}

static int without_streams(void *arg)
{
	struct real_store *real = arg;
	pthread_t threads[2];
	int rc = HF_OK, event;
	for (int fd = 0; fd <= 2; fd++)
		(void)close(fd);
	for (unsigned i = 0; i < 2; i++)
		if (pthread_create(&threads[i], NULL, chatter, NULL) != 0)
			return 100;
	for (unsigned life = 0; life < 12 && rc == HF_OK; life++) {
		const struct hf_options options = {.create = true, .segment_size = 16384};
		rc = real_open_at(real, NULL, options);
		for (unsigned i = 0; i < 6 && rc == HF_OK; i++)
			rc = real_enqueue(real, "x", PAYLOAD);
		if (rc == HF_OK)
			rc = hf_eventfd(real->store, &event, &real->error);
		if (rc == HF_OK && event <= 2)
			return 101;
		if (rc == HF_OK)
			rc = hf_close(real->store, &real->error);
		if (rc == HF_OK)
			rc = hf_fsck(real->path, NULL, NULL, NULL, NULL, &real->error);
	}
	atomic_store(&stop, true);
	for (unsigned i = 0; i < 2; i++)
		(void)pthread_join(threads[i], NULL);
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			return 102; /* something of ours stayed there */
	return rc;
}

static void output_without_standard_streams_lands_in_no_file_of_the_store(void **state)
{
	struct real_store *real = *state;
	char command[160];
	assert_int_equal(real_in_child(without_streams, real), HF_OK);
	(void)snprintf(command, sizeof command, "grep -rl 'belongs nowhere' '%s'", real->path);
	assert_int_not_equal(system(command), 0);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, real_setup, real_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_STORE(any_number_of_descriptors_is_enough_or_told),
	    WITH_STORE(output_without_standard_streams_lands_in_no_file_of_the_store),
	    WITH_STORE(a_claim_without_descriptors_has_its_payloads_or_is_refused_whole),
	    WITH_STORE(a_replay_without_descriptors_has_its_response_or_is_refused),
	    WITH_STORE(reading_one_after_the_other_needs_one_descriptor),
	    WITH_STORE(a_drain_charges_no_item_for_the_lack_of_descriptors),
	    cmocka_unit_test(a_read_of_a_payload_opens_nothing),
	    WITH_STORE(few_segments_stay_open),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
