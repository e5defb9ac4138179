/* tier: fast */
/* What a hostile reader of the store tried: answers that a crash could take back, failures that
 * spread further than they have to. */
#include <errno.h>

#include "holdfast/holdfast.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"
#include "store/internal.h"

#define EXPECT_OK(call) expect_ok((call), &error)

static struct hf_error error;

static void expect_ok(int rc, const struct hf_error *why)
{
	if (rc != HF_OK)
		fail_msg("%s: %s", hf_code_name(rc), why->text);
}

static struct sim *new_disk(struct sim_profile profile)
{
	struct sim *sim = sim_new(profile, 20261120u);
	sim_set_now(sim, INT64_C(1795167000000000));
	return sim;
}

static hf_store *open_sized(struct sim *sim, uint32_t segment_size)
{
	const struct hf_options options = {
	    .create = true, .no_background = true, .segment_size = segment_size};
	hf_store *store = NULL;
	EXPECT_OK(hf__store_open(sim_os(sim), hf__all_domains(), &options, &store, &error));
	return store;
}

static void drop(struct sim *sim, hf_store *store)
{
	(void)hf_close(store, NULL);
	sim_free(sim);
}

static struct hf_cursor_advance_args to(int64_t sequence)
{
	return (struct hf_cursor_advance_args){.key = {.consumer = hf_str("c"), .stream = hf_str("s")},
	                                       .sequence = sequence};
}

static void advance(hf_store *store, int64_t sequence)
{
	const struct hf_cursor_advance_args args = to(sequence);
	EXPECT_OK(hf_cursor_advance(store, NULL, &args, NULL, &error));
}

static int position(hf_store *store, unsigned flags, int64_t *out)
{
	const struct hf_cursor_key key = {.consumer = hf_str("c"), .stream = hf_str("s")};
	struct hf_cursor_got got = {0};
	const int rc = hf_cursor_get(store, &key, flags, &got, &error);
	*out = got.cursor.last_sequence;
	hf_release(got.memory);
	return rc;
}

static int enqueue(hf_store *store, const char *id, size_t len)
{
	char *payload = calloc(1, len + 1);
	assert_non_null(payload);
	memset(payload, 'x', len);
	const struct hf_outbox_enqueue_args args = {
	    .queue = hf_str("q"), .id = hf_str(id), .payload = hf_bytes_of(payload, len)};
	const int rc = hf_outbox_enqueue(store, NULL, &args, NULL, &error);
	free(payload);
	return rc;
}

/* --- LSNs ------------------------------------------------------------------------------------- */

static void submit(hf_store *store, int64_t sequence)
{
	struct hf__ticket ticket;
	hf_txn *txn;
	const struct hf_cursor_advance_args args = to(sequence);
	EXPECT_OK(hf_txn_begin(store, &txn, &error));
	EXPECT_OK(hf_cursor_advance(store, txn, &args, NULL, &error));
	EXPECT_OK(hf__submit(store, txn, HF_DURABLE, &ticket, &error));
}

/* A power loss before the first group of an incarnation leaves a log that looks cleanly closed:
 * its LSNs are issued again. So not even a read that does not wait may tell one of them, the
 * second as little as the first. */
static void an_undurable_read_tells_no_lsn_before_the_first_group_is_durable(void **state)
{
	(void)state;
	struct sim *sim = new_disk(sim_profile_strict());
	hf_store *store = open_sized(sim, 0);
	int64_t sequence;
	struct hf_info info = {0};
	submit(store, 1);
	submit(store, 2);
	EXPECT_OK(position(store, HF_READ_UNDURABLE, &sequence));
	assert_int_equal(sequence, 2);
	EXPECT_OK(hf_get_info(store, &info, &error));
	assert_true(info.durable_lsn >= 1);
	drop(sim, store);
}

/* --- A full disk ------------------------------------------------------------------------------ */

static uint64_t bytes_on(struct sim *sim)
{
	char name[SIM_NAME_MAX + 1];
	uint64_t size, sum = 0;
	for (size_t i = 0; sim_list(sim, i, name, &size); i++)
		sum += size;
	return sum;
}

static void a_transaction_too_large_for_the_disk_leaves_room_for_small_ones(void **state)
{
	(void)state;
	struct sim *sim = new_disk(sim_profile_strict());
	hf_store *store = open_sized(sim, 64u << 10);
	struct hf_info info = {0};
	int64_t sequence = 0;
	while (info.segment_offset < 40u << 10) {
		advance(store, ++sequence);
		EXPECT_OK(hf_get_info(store, &info, &error));
	}
	EXPECT_OK(hf_maintain(store, 0, &error));
	const uint32_t segment = info.segment;
	sim_set_capacity(sim, bytes_on(sim));
	assert_int_equal(enqueue(store, "large", 1u << 20), HF_ENOSPACE);
	/* First in what is left of this segment, then in the one that was ready before. */
	while (info.segment == segment || info.segment_offset < 40u << 10) {
		advance(store, ++sequence);
		EXPECT_OK(hf_get_info(store, &info, &error));
	}
	assert_int_equal(enqueue(store, "large", 1u << 20), HF_ENOSPACE);
	advance(store, ++sequence);
	sim_set_capacity(sim, 0);
	sim_advance(sim, 1000001); /* a refusal is believed for a second */
	assert_int_equal(enqueue(store, "large", 1u << 20), HF_OK);
	advance(store, ++sequence);
	drop(sim, store);
}

/* --- A directory that is no store ------------------------------------------------------------- */

static void a_log_without_identity_is_refused_and_left_as_it_is(void **state)
{
	(void)state;
	struct sim *sim = new_disk(sim_profile_strict());
	hf_store *store = open_sized(sim, 64u << 10);
	advance(store, 1);
	EXPECT_OK(hf_close(store, &error));
	assert_true(sim_remove_file(sim, "IDENTITY"));
	const uint64_t before = sim_hash(sim);
	const struct hf_options options = {.create = true, .no_background = true};
	assert_int_equal(hf__store_open(sim_os(sim), hf__all_domains(), &options, &store, &error),
	                 HF_ECORRUPT);
	assert_true(sim_hash(sim) == before);
	/* The header's sector alone says nothing. */
	const uint8_t zeros[HF__SEGMENT_HEADER_SIZE] = {0};
	sim_write_file(sim, "segment-00000001", 0, zeros, sizeof zeros);
	assert_int_equal(hf__store_open(sim_os(sim), hf__all_domains(), &options, &store, &error),
	                 HF_ECORRUPT);
	sim_free(sim);
}

static void looking_for_a_store_leaves_nothing_behind(void **state)
{
	(void)state;
	struct sim *sim = new_disk(sim_profile_strict());
	const uint64_t before = sim_hash(sim);
	hf_store *store = NULL;
	const struct hf_options options = {.no_background = true};
	assert_int_equal(hf__store_open(sim_os(sim), hf__all_domains(), &options, &store, &error),
	                 HF_ENOTFOUND);
	assert_true(sim_hash(sim) == before);
	sim_free(sim);
}

/* --- After a failed sync ---------------------------------------------------------------------- */

static struct sim_profile old_bytes_after_a_failed_sync(void)
{
	struct sim_profile profile = sim_profile_ordered();
	profile.m6_sync_drops = profile.m6_reads_old = true;
	return profile;
}

static const struct sim_limits few = {.exhaustive = 4, .product = 64, .samples = 16};

static int every_image_says(void *arg, struct sim *image, const struct sim_shape *shape)
{
	(void)shape;
	int64_t sequence = 0;
	hf_store *store = open_sized(image, 64u << 10);
	EXPECT_OK(position(store, 0, &sequence));
	(void)hf_close(store, NULL);
	return sequence == *(const int64_t *)arg ? 0 : 1;
}

/* The sync of a group said that it failed, may have done some of its work all the same, and the
 * page cache went back to the old bytes. Reopened without a power loss, the store says what it
 * sees: that the group does not exist. It must not come back after that. */
static void what_a_reopened_store_did_not_see_never_turns_up(void **state)
{
	(void)state;
	struct sim *sim = new_disk(old_bytes_after_a_failed_sync());
	hf_store *store = open_sized(sim, 64u << 10);
	advance(store, 1);
	const struct hf_cursor_advance_args args = to(2);
	sim_add_fault(
	    sim, (struct sim_fault){.kinds = SIM_SYNC, .name = "segment-", .nth = 1, .error = EIO});
	assert_int_equal(hf_cursor_advance(store, NULL, &args, NULL, &error), HF_EUNCERTAIN);
	(void)hf_close(store, NULL);
	sim_clear_faults(sim);
	store = open_sized(sim, 64u << 10);
	int64_t seen = 0;
	EXPECT_OK(position(store, 0, &seen));
	assert_int_equal(sim_each_crash(sim, &few, every_image_says, &seen, NULL), 0);
	drop(sim, store);
}

/* The same for the group that opens a segment: there the header's sector is what comes back. */
static void a_segment_that_a_reopened_store_did_not_see_never_turns_up(void **state)
{
	(void)state;
	struct sim *sim = new_disk(old_bytes_after_a_failed_sync());
	hf_store *store = open_sized(sim, 16u << 10);
	struct hf_info info = {0};
	char next[HF__NAME_MAX];
	int64_t sequence = 1, seen = 0;
	advance(store, sequence);
	EXPECT_OK(hf_get_info(store, &info, &error));
	hf__segment_name(info.segment + 1, next);
	/* Its first sync is that of the zeros. */
	sim_add_fault(sim, (struct sim_fault){.kinds = SIM_SYNC, .name = next, .nth = 2, .error = EIO});
	int rc = HF_OK;
	while (rc == HF_OK && sequence < 1000) {
		const struct hf_cursor_advance_args args = to(++sequence);
		rc = hf_cursor_advance(store, NULL, &args, NULL, &error);
	}
	assert_int_equal(rc, HF_EUNCERTAIN);
	(void)hf_close(store, NULL);
	sim_clear_faults(sim);
	store = open_sized(sim, 16u << 10);
	EXPECT_OK(position(store, 0, &seen));
	assert_int_equal(sim_each_crash(sim, &few, every_image_says, &seen, NULL), 0);
	drop(sim, store);
}

/* --- The witness ------------------------------------------------------------------------------ */

static void a_witness_whose_sync_failed_is_never_written_again(void **state)
{
	(void)state;
	struct sim *sim = new_disk(sim_profile_ordered());
	hf_store *store = open_sized(sim, 64u << 10);
	advance(store, 1);
	advance(store, 2);
	sim_add_fault(sim,
	              (struct sim_fault){.kinds = SIM_SYNC, .name = "WITNESS", .nth = 1, .error = EIO});
	assert_int_equal(hf_maintain(store, 0, &error), HF_EUNCERTAIN);
	/* A flush that was under way meanwhile has its word to say. */
	hf__witness_tell(store, store->writer.end, store->writer.previous_lsn, store->writer.chain,
	                 false);
	assert_int_equal(sim_broken(sim).written_again, 0);
	assert_int_equal(sim_broken(sim).synced_again, 0);
	drop(sim, store);
}

/* --- Upkeep ----------------------------------------------------------------------------------- */

static void a_budget_may_be_any_number(void **state)
{
	(void)state;
	struct sim *sim = new_disk(sim_profile_strict());
	hf_store *store = open_sized(sim, 64u << 10);
	advance(store, 1);
	EXPECT_OK(hf_maintain(store, INT64_MAX, &error));
	EXPECT_OK(hf_maintain(store, INT64_MAX / 1000, &error));
	assert_int_equal(hf_maintain(store, INT64_MIN, &error), HF_EINVAL);
	drop(sim, store);
}

/* Who overlooks that an operation was refused when it was added must not commit the others
 * without it. */
static void a_transaction_with_a_refused_operation_is_not_committed(void **state)
{
	(void)state;
	struct sim *sim = new_disk(sim_profile_weak());
	hf_store *store = open_sized(sim, 65536);
	const struct hf_cursor_advance_args good = to(7), bad = to(0);
	hf_txn *txn = NULL;
	int64_t at = 0;
	EXPECT_OK(hf_txn_begin(store, &txn, &error));
	EXPECT_OK(hf_cursor_advance(store, txn, &good, NULL, &error));
	assert_int_equal(hf_cursor_advance(store, txn, &bad, NULL, &error), HF_EINVAL);
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, &error), HF_EINVAL);
	assert_int_equal(error.operation, 1);
	assert_int_equal(position(store, 0, &at), HF_ENOTFOUND);
	drop(sim, store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_undurable_read_tells_no_lsn_before_the_first_group_is_durable),
	    cmocka_unit_test(a_transaction_too_large_for_the_disk_leaves_room_for_small_ones),
	    cmocka_unit_test(a_log_without_identity_is_refused_and_left_as_it_is),
	    cmocka_unit_test(looking_for_a_store_leaves_nothing_behind),
	    cmocka_unit_test(what_a_reopened_store_did_not_see_never_turns_up),
	    cmocka_unit_test(a_segment_that_a_reopened_store_did_not_see_never_turns_up),
	    cmocka_unit_test(a_witness_whose_sync_failed_is_never_written_again),
	    cmocka_unit_test(a_budget_may_be_any_number),
	    cmocka_unit_test(a_transaction_with_a_refused_operation_is_not_committed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
